//! Interrupting a store from other threads.
//!
//! The [`VMStore`] lies in an allocation of its own that handles share with the store, so that a
//! handle never touches freed memory, however long it outlives the store.

use crate::memory::parking::Parker;
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use windlass_abi::vm::VMStore;

/// What a store shares with other threads. Of `vm` they touch the atomic fields only.
pub(crate) struct StoreShared {
    vm: UnsafeCell<VMStore>,
    pub(crate) parker: Arc<Parker>,
}

// SAFETY: other threads reach `vm` only through `InterruptHandle`, which touches an atomic field.
unsafe impl Send for StoreShared {}
// SAFETY: as above.
unsafe impl Sync for StoreShared {}

impl StoreShared {
    pub(crate) fn new(vm: VMStore) -> StoreShared {
        StoreShared { vm: UnsafeCell::new(vm), parker: Arc::default() }
    }

    pub(crate) fn vmstore(&self) -> *mut VMStore {
        self.vm.get()
    }

    /// The interrupt word.
    pub(crate) fn word(&self) -> &AtomicU32 {
        // SAFETY: the field is atomic and lives as long as `self`; nobody writes it otherwise.
        unsafe { &(*self.vm.get()).interrupt }
    }
}

/// Interrupts a store from any thread, at any time, even after the store is gone.
#[derive(Clone)]
pub struct InterruptHandle(pub(crate) Arc<StoreShared>);

impl InterruptHandle {
    /// Sets the interrupt word and wakes the store if it waits on a shared memory. The guest notices at
    /// its next check, and the hook decides whether it goes on. The word stays set until
    /// [`Store::clear_interrupt`](crate::Store::clear_interrupt).
    pub fn interrupt(&self) {
        self.0.word().store(1, Relaxed);
        self.0.parker.wake();
    }
}
