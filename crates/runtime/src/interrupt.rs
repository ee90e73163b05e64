//! Interrupting a store from other threads.
//!
//! The [`VMStore`] lies in an allocation of its own that handles share with the store, so that a
//! handle never touches freed memory, however long it outlives the store.

use crate::context::PollPage;
use crate::memory::parking::Parker;
use parking_lot::{Mutex, MutexGuard};
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use windlass_abi::vm::{VMContext, VMStore};

/// What a store shares with other threads. Of `vm` they touch the atomic fields only.
pub(crate) struct StoreShared {
    vm: UnsafeCell<VMStore>,
    /// Who else wants to know when the interrupt word is set.
    listeners: Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>,
    /// What is told of the interrupt word. Whoever changes it holds the lock.
    watchers: Mutex<Watchers>,
    pub(crate) parker: Arc<Parker>,
}

/// What is told of the interrupt word: as long as it is set, [`VMContext::undisturbed`] is 0, and poll pages cannot be read.
#[derive(Default)]
struct Watchers {
    /// The contexts of the store's instances.
    contexts: Vec<*const VMContext>,
    /// The pages that code polls.
    pages: Vec<PollPage>,
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
            watchers: Mutex::default(),
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
        let watchers = self.watchers();
        word.store(1, SeqCst);
        limit.store(usize::MAX, SeqCst);
        watchers.tell(true);
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Arc<dyn Fn() + Send + Sync>>> {
        self.listeners.lock()
    }

    fn watchers(&self) -> MutexGuard<'_, Watchers> {
        self.watchers.lock()
    }

    /// Tells a new context of the interrupt word, now and when it changes.
    ///
    /// # Safety
    /// The context stays live until [`StoreShared::forget_contexts`].
    pub(crate) unsafe fn watch(&self, context: *const VMContext) {
        let mut watchers = self.watchers();
        watchers.contexts.push(context);
        if self.is_interrupted() {
            watchers.tell(true);
        } else {
            tell(context, false);
        }
    }

    /// Tells a poll page of the interrupt word when it changes next, or with the next context.
    ///
    /// # Safety
    /// The page stays a poll page until [`StoreShared::forget_contexts`].
    pub(crate) unsafe fn watch_page(&self, page: PollPage) {
        self.watchers().pages.push(page);
    }

    /// Before the contexts go.
    pub(crate) fn forget_contexts(&self) {
        *self.watchers() = Watchers::default();
    }

    /// Whether the interrupt word is set.
    pub(crate) fn is_interrupted(&self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.vm.get()).interrupt.load(SeqCst) != 0 }
    }

    /// Clears the interrupt word. Called by the store's user.
    pub(crate) fn clear(&self) {
        let watchers = self.watchers();
        // SAFETY: as above.
        let was = unsafe {
            let was = (*self.vm.get()).interrupt.swap(0, SeqCst);
            refresh_stack_limit(self.vm.get());
            was
        };
        if was != 0 {
            watchers.tell(false);
        }
    }
}

impl Watchers {
    /// Tells all of them whether the interrupt word is set.
    fn tell(&self, interrupted: bool) {
        self.contexts.iter().for_each(|context| tell(*context, interrupted));
        self.pages.iter().for_each(|page| page.set_readable(!interrupted));
    }
}

/// Tells a context whether the interrupt word is set, with the lock held.
fn tell(context: *const VMContext, interrupted: bool) {
    let word = if interrupted { 0 } else { context.addr() };
    // SAFETY: contexts that watch are live; the field is atomic, and nobody writes it otherwise.
    let undisturbed = unsafe { &(*context).undisturbed };
    undisturbed.store(word, SeqCst);
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
