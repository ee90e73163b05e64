//! A module as the runtime holds it: facts, code, data, shared by all its instances.

use std::sync::Arc;
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
}

impl Module {
    /// Puts a module together.
    pub fn new(parts: ModuleParts) -> Arc<Module> {
        let layout = ContextLayout::new(&parts.facts);
        Arc::new(Module { parts, layout })
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
}
