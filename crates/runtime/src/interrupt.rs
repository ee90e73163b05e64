//! Interrupting a store from other threads.
//!
//! The [`VMStore`] lies in an allocation of its own that handles share with the store, so that a
//! handle never touches freed memory, however long it outlives the store.

use crate::memory::parking::Parker;
use std::cell::UnsafeCell;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use windlass_abi::vm::{VMContext, VMStore};

/// What a store shares with other threads. Of `vm` they touch the atomic fields only.
pub(crate) struct StoreShared {
    vm: UnsafeCell<VMStore>,
    /// Who else wants to know when the interrupt word is set.
    listeners: Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>,
    /// The contexts of the store's instances, which are told of the interrupt word. Whoever changes it holds the lock.
    contexts: Mutex<Vec<*const VMContext>>,
    pub(crate) parker: Arc<Parker>,
}

// SAFETY: other threads reach `vm` only through `InterruptHandle`, which touches atomic fields.
unsafe impl Send for StoreShared {}
// SAFETY: as above.
unsafe impl Sync for StoreShared {}

impl StoreShared {
    pub(crate) fn new(vm: VMStore) -> StoreShared {
        StoreShared {
            vm: UnsafeCell::new(vm),
            listeners: Mutex::default(),
            contexts: Mutex::default(),
            parker: Arc::default(),
        }
    }

    pub(crate) fn vmstore(&self) -> *mut VMStore {
        self.vm.get()
    }

    /// Sets the interrupt word, and raises the stack limit after that, for code that only looks there.
    fn interrupt(&self) {
        // SAFETY: the fields are atomic and live as long as `self`; nobody writes them otherwise.
        let (word, limit) = unsafe { (&(*self.vm.get()).interrupt, &(*self.vm.get()).stack_limit) };
        let contexts = self.contexts();
        word.store(1, SeqCst);
        limit.store(usize::MAX, SeqCst);
        tell(&contexts, true);
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Arc<dyn Fn() + Send + Sync>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contexts(&self) -> MutexGuard<'_, Vec<*const VMContext>> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a new context of the interrupt word, now and when it changes.
    ///
    /// # Safety
    /// The context stays live until [`StoreShared::forget_contexts`].
    pub(crate) unsafe fn watch(&self, context: *const VMContext) {
        let mut contexts = self.contexts();
        tell(&[context], self.is_interrupted());
        contexts.push(context);
    }

    /// Before the contexts go.
    pub(crate) fn forget_contexts(&self) {
        self.contexts().clear();
    }

    /// Whether the interrupt word is set.
    pub(crate) fn is_interrupted(&self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.vm.get()).interrupt.load(SeqCst) != 0 }
    }

    /// Clears the interrupt word. Called by the store's user.
    pub(crate) fn clear(&self) {
        let contexts = self.contexts();
        // SAFETY: as above.
        unsafe {
            (*self.vm.get()).interrupt.store(0, SeqCst);
            refresh_stack_limit(self.vm.get());
        }
        tell(&contexts, false);
    }
}

/// Tells contexts whether the interrupt word is set, with the lock held.
fn tell(contexts: &[*const VMContext], interrupted: bool) {
    for context in contexts {
        let word = if interrupted { 0 } else { context.addr() };
        // SAFETY: contexts in the list are live; the field is atomic, and nobody writes it otherwise.
        let undisturbed = unsafe { &(**context).undisturbed };
        undisturbed.store(word, SeqCst);
    }
}

/// Makes the stack limit what the floor and the interrupt word say: whoever sets the word raises the limit
/// after that, and whoever lowers the limit looks at the word after that, so that the last one leaves it
/// right.
///
/// # Safety
/// The store is live and used by this thread.
pub(crate) unsafe fn refresh_stack_limit(store: *mut VMStore) {
    // SAFETY: the caller's promise; other threads touch atomic fields only.
    unsafe {
        (*store).stack_limit.store((*store).stack_floor, SeqCst);
        if (*store).interrupt.load(SeqCst) != 0 {
            (*store).stack_limit.store(usize::MAX, SeqCst);
        }
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
        self.0.interrupt();
        self.0.parker.wake();
        self.0.listeners().iter().for_each(|wake| wake());
    }

    /// Whether the interrupt word is set.
    pub fn is_interrupted(&self) -> bool {
        self.0.is_interrupted()
    }

    /// Calls `wake` whenever the interrupt word is set, on the thread that sets it, until the listener is dropped;
    /// at once if the word is set already. `wake` is not running any more when the drop returns.
    ///
    /// `wake` must be short. It must not drop the listener, and not interrupt the store.
    pub fn listen(&self, wake: Arc<dyn Fn() + Send + Sync>) -> Listener {
        self.0.listeners().push(wake.clone());
        // Whoever sets the word looks for listeners after that: one of the two sees the other.
        if self.is_interrupted() {
            wake();
        }
        Listener { shared: self.0.clone(), wake }
    }
}

/// What [`InterruptHandle::listen`] gives: hears of interruptions until it is dropped.
pub struct Listener {
    shared: Arc<StoreShared>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = self.shared.listeners();
        if let Some(at) = listeners.iter().position(|wake| Arc::ptr_eq(wake, &self.wake)) {
            listeners.swap_remove(at);
        }
    }
}
