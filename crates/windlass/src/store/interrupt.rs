//! Interrupting a guest: epochs of the engine, and handles to single stores.
//!
//! Code looks at one word of its store now and then. Whoever wants attention first writes down
//! why (the epoch, a request) and then sets the word; the store clears the word first and then reads the
//! reasons. So no request is lost.

use crate::engine::Engine;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// What a callback of [`Store::epoch_deadline_callback`](crate::Store::epoch_deadline_callback) decides.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpdateDeadline {
    /// The guest traps with [`Trap::Interrupt`](crate::Trap::Interrupt).
    Interrupt,
    /// The guest goes on; the deadline is this many ticks after the current epoch.
    Continue(u64),
}

/// Interrupts the guest of one store, from any thread and at any time.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::new(Config::new().epoch_interruption(true))?;
/// let module = Module::new(&engine, r#"(module (func (export "spin") (loop (br 0))))"#)?;
/// let mut store = Store::new(&engine, ());
/// store.set_epoch_deadline(u64::MAX);
/// let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
/// let handle = store.interrupt_handle()?;
/// let thread = std::thread::spawn(move || handle.interrupt());
/// let error = spin.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
/// # thread.join().unwrap();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InterruptHandle {
    pub(super) requested: Arc<AtomicBool>,
    pub(super) word: windlass_runtime::InterruptHandle,
}

impl InterruptHandle {
    /// Makes the guest trap with [`Trap::Interrupt`](crate::Trap::Interrupt) at its next check: soon if
    /// it runs, else when it next runs. One request stops the guest once. Does nothing after the store is gone.
    pub fn interrupt(&self) {
        self.requested.store(true, SeqCst);
        self.word.interrupt();
    }
}

impl std::fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterruptHandle").finish_non_exhaustive()
    }
}

/// A store's deadline, known to its engine.
pub(crate) struct Deadline {
    at: AtomicU64,
    word: windlass_runtime::InterruptHandle,
}

impl Deadline {
    /// Makes a deadline that is the current epoch, and tells the engine.
    pub fn new(engine: &Engine, word: windlass_runtime::InterruptHandle) -> Arc<Deadline> {
        let deadline = Arc::new(Deadline { at: AtomicU64::new(engine.epoch()), word });
        engine.watch(&deadline);
        deadline.check(engine.epoch());
        deadline
    }

    /// Sets the deadline to `ticks` after the current epoch.
    pub fn set(&self, engine: &Engine, ticks: u64) {
        self.at.store(engine.epoch().saturating_add(ticks), SeqCst);
        self.check(engine.epoch());
    }

    /// Whether the deadline has come.
    pub fn is_due(&self, epoch: u64) -> bool {
        epoch >= self.at.load(SeqCst)
    }

    /// Sets the store's word if the deadline has come.
    pub fn check(&self, epoch: u64) {
        if self.is_due(epoch) {
            self.word.interrupt();
        }
    }
}
