//! Instances: a context for code, and what the runtime keeps beside it.

use crate::context::Context;
use crate::ids::{ExternId, FuncPtr, GlobalId, InstanceId, MemoryId, TableId, TagId};
use crate::module::Module;
use crate::store::{Store, StoreInner};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use windlass_abi::facts::EntityIndex;
use windlass_abi::layout::Place;
use windlass_abi::vm::{VMFuncRef, VMImportedFunc};

/// Offset of an own definition in the context.
pub(crate) fn inline(place: Place) -> u32 {
    match place {
        Place::Inline(offset) => offset,
        Place::Indirect(_) => unreachable!("the layout puts own definitions inline"),
    }
}

/// A set of segments, empty at first.
#[derive(Debug)]
pub(crate) struct Segments(Box<[u64]>);

impl Segments {
    pub(crate) fn new(count: usize) -> Segments {
        Segments(vec![0; count.div_ceil(64)].into())
    }

    pub(crate) fn contains(&self, index: u32) -> bool {
        self.0[index as usize / 64] >> (index % 64) & 1 != 0
    }

    pub(crate) fn insert(&mut self, index: u32) {
        self.0[index as usize / 64] |= 1 << (index % 64);
    }
}

/// An instance of a store.
pub(crate) struct Instance {
    pub(crate) context: Context,
    pub(crate) module: Arc<Module>,
    /// References to the module's own functions, null until made. Empty until the first is made.
    pub(crate) func_refs: Vec<*const VMFuncRef>,
    /// The index spaces, imports first.
    pub(crate) tables: Box<[TableId]>,
    pub(crate) memories: Box<[MemoryId]>,
    pub(crate) globals: Box<[GlobalId]>,
    pub(crate) tags: Box<[TagId]>,
    /// Segments that have been dropped, and count as empty.
    pub(crate) dropped_data: Segments,
    pub(crate) dropped_elements: Segments,
}

impl StoreInner {
    pub(crate) fn instance(&self, instance: InstanceId) -> &Instance {
        &self.instances[instance.0 as usize]
    }

    /// The reference to a function of an instance's index space, made on first use.
    pub(crate) fn func_ref(&mut self, instance: InstanceId, function: u32) -> *const VMFuncRef {
        let this = &mut self.instances[instance.0 as usize];
        let facts = this.module.facts();
        let Some(own) = facts.defined_func(function) else {
            let offset = this.module.layout().imported_function(function);
            // SAFETY: imports are written before the instance is in the store.
            return unsafe { (*this.context.at::<VMImportedFunc>(offset).as_ptr()).func };
        };
        if this.func_refs.is_empty() {
            this.func_refs = vec![ptr::null(); facts.defined_functions() as usize];
        }
        let made = this.func_refs[own as usize];
        if !made.is_null() {
            return made;
        }
        let type_index = facts.functions[function as usize];
        let func = self.func_refs.alloc(VMFuncRef {
            code: this.module.code_words()[own as usize].load(Acquire),
            context: this.context.as_ptr(),
            type_id: this.module.type_ids()[type_index as usize],
            index: function,
            signature: Arc::as_ptr(this.module.signature(type_index)),
        });
        this.func_refs[own as usize] = func.as_ptr();
        func.as_ptr()
    }
}

impl Store {
    /// The module of an instance.
    pub fn instance_module(&self, instance: InstanceId) -> &Arc<Module> {
        &self.inner().instance(instance).module
    }

    /// A member of an instance's index spaces, exported or not.
    pub fn instance_item(&mut self, instance: InstanceId, item: EntityIndex) -> ExternId {
        let inner = self.inner_mut();
        let this = inner.instance(instance);
        match item {
            EntityIndex::Function(i) => {
                let func = FuncPtr::new(inner.func_ref(instance, i));
                ExternId::Func(func.expect("references to functions are made, never null"))
            }
            EntityIndex::Table(i) => ExternId::Table(this.tables[i as usize]),
            EntityIndex::Memory(i) => ExternId::Memory(this.memories[i as usize]),
            EntityIndex::Global(i) => ExternId::Global(this.globals[i as usize]),
            EntityIndex::Tag(i) => ExternId::Tag(this.tags[i as usize]),
        }
    }
}
