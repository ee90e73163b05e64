//! A module as the runtime holds it: facts, code, data, shared by all its instances.

use crate::memory::DataPlan;
use once_cell::sync::OnceCell;
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;
use windlass_abi::facts::ModuleFacts;
use windlass_abi::layout::ContextLayout;
use windlass_abi::processor::ModuleCode;
use windlass_abi::types::Signature;

/// What a [`Module`] is made of.
pub struct ModuleParts {
    /// What decoding learned.
    pub facts: Arc<ModuleFacts>,
    /// Its code.
    pub code: Box<dyn ModuleCode>,
    /// The bytes that `DataSegment::bytes` index.
    pub data: Arc<dyn AsRef<[u8]> + Send + Sync>,
    /// Engine-wide id of each type of the type section.
    pub type_ids: Box<[u32]>,
    /// By index in the type section; `None` where it is no function type.
    pub signatures: Box<[Option<Arc<Signature>>]>,
}

/// A module, ready to be instantiated. It lives as long as any instance or backtrace of it.
pub struct Module {
    parts: ModuleParts,
    layout: ContextLayout,
    /// What direct calls jump to: one word for each own function.
    code_words: Box<[AtomicPtr<u8>]>,
    /// Made when first instantiated.
    data_plan: OnceCell<DataPlan>,
}

impl Module {
    /// Puts a module together.
    ///
    /// # Panics
    /// If the parts are not of one module: lengths that differ, data segments outside the data.
    pub fn new(parts: ModuleParts) -> Arc<Module> {
        let layout = ContextLayout::new(&parts.facts);
        let words = parts.code.code_words();
        let code_words: Box<[_]> = words.iter().map(|w| AtomicPtr::new(w.cast_mut())).collect();
        assert_eq!(
            code_words.len(),
            parts.facts.defined_functions() as usize,
            "a code word for each function"
        );
        assert_eq!(parts.type_ids.len(), parts.facts.types.len(), "an id for each type");
        assert_eq!(parts.signatures.len(), parts.facts.types.len(), "a place for each signature");
        let data = (*parts.data).as_ref().len();
        assert!(
            parts.facts.data.iter().all(|s| s.bytes.start <= s.bytes.end && s.bytes.end <= data),
            "data segments lie in the data"
        );
        Arc::new(Module { parts, layout, code_words, data_plan: OnceCell::new() })
    }

    /// What decoding learned.
    pub fn facts(&self) -> &Arc<ModuleFacts> {
        &self.parts.facts
    }

    /// Its code.
    pub fn code(&self) -> &dyn ModuleCode {
        &*self.parts.code
    }

    /// The bytes that `DataSegment::bytes` index.
    pub fn data(&self) -> &[u8] {
        (*self.parts.data).as_ref()
    }

    /// Engine-wide id of each type of the type section.
    pub fn type_ids(&self) -> &[u32] {
        &self.parts.type_ids
    }

    /// The signature of a function type of the type section.
    ///
    /// # Panics
    /// If it is not a function type.
    pub fn signature(&self, type_index: u32) -> &Arc<Signature> {
        self.parts.signatures[type_index as usize].as_ref().expect("a function type")
    }

    /// Where the parts of an instance lie in its context.
    pub fn layout(&self) -> &ContextLayout {
        &self.layout
    }

    /// What direct calls jump to.
    pub(crate) fn code_words(&self) -> &[AtomicPtr<u8>] {
        &self.code_words
    }

    /// Makes the plan how initial contents of memories are made; false if `stop` has said so before it was done.
    pub(crate) fn plan_data(&self, stop: &dyn Fn() -> bool) -> bool {
        if self.data_plan.get().is_none() {
            let Some(plan) = DataPlan::new(self.facts(), self.data(), stop) else { return false };
            // Another thread may have been faster.
            let _ = self.data_plan.set(plan);
        }
        true
    }

    /// The plan, which was made.
    pub(crate) fn data_plan(&self) -> &DataPlan {
        self.data_plan.get().expect("made before the first use")
    }
}
