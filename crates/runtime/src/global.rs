//! Globals: those of instances lie in their contexts, those of the host in the store.

use crate::ids::GlobalId;
use crate::store::{Store, StoreInner};
use std::ptr::NonNull;
use windlass_abi::facts::GlobalType;
use windlass_abi::types::ValKind;
use windlass_abi::vm::{VMGlobal, ValRaw};

/// A global of a store.
#[derive(Debug)]
pub(crate) struct Global {
    /// With engine-wide type ids.
    pub(crate) ty: GlobalType,
    /// Its place, which lives as long as the store.
    pub(crate) place: NonNull<VMGlobal>,
}

impl Global {
    pub(crate) fn get(&self) -> ValRaw {
        // SAFETY: the place is live, and both are 16 bytes with the same meaning.
        unsafe { self.place.cast::<ValRaw>().read() }
    }

    pub(crate) fn set(&self, value: ValRaw) {
        // SAFETY: as above.
        unsafe { self.place.cast::<ValRaw>().write(value) }
    }

    /// Visits the heap reference in it, if it is of such a type.
    pub(crate) fn visit_reference(&self, visit: &mut dyn FnMut(&mut u32)) {
        if self.ty.value.kind() == ValKind::Gc {
            // SAFETY: a global of this type holds a reference's bits.
            let mut bits = unsafe { self.get().gc } as u32;
            visit(&mut bits);
            self.set(ValRaw { gc: bits as u64 });
        }
    }
}

impl StoreInner {
    pub(crate) fn add_global(&mut self, global: Global) -> GlobalId {
        self.globals.push(global);
        GlobalId(self.globals.len() as u32 - 1)
    }
}

impl Store {
    fn global(&self, global: GlobalId) -> &Global {
        &self.inner().globals[global.0 as usize]
    }

    /// Makes a global. The type holds engine-wide ids.
    ///
    /// # Safety
    /// The value is of the type, and of this store if it is a reference.
    pub unsafe fn new_global(&mut self, ty: &GlobalType, value: ValRaw) -> GlobalId {
        let inner = self.inner_mut();
        let place = inner.host_globals.alloc(VMGlobal { v128: [0; 16] });
        let global = Global { ty: *ty, place };
        global.set(value);
        inner.add_global(global)
    }

    /// The type of a global, with engine-wide ids.
    pub fn global_type(&self, global: GlobalId) -> GlobalType {
        self.global(global).ty
    }

    /// The value of a global; a reference into the heap is not rooted.
    pub fn global_get(&self, global: GlobalId) -> ValRaw {
        self.global(global).get()
    }

    /// Sets a global, mutable or not: checking is the caller's.
    ///
    /// # Safety
    /// The value is of the global's type, and of this store if it is a reference.
    pub unsafe fn global_set(&mut self, global: GlobalId, value: ValRaw) {
        self.global(global).set(value);
    }
}
