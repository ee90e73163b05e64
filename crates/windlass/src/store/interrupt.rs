//! Interrupting a guest: epochs of the engine, and handles to single stores.
//!
//! Code looks at one word of its store now and then. Whoever wants attention first writes down
//! why (the epoch, a request) and then sets the word; the store clears the word first and then reads the
//! reasons. So no request is lost.

use crate::engine::Engine;
#[cfg(feature = "async")]
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// What a callback of [`Store::epoch_deadline_callback`](crate::Store::epoch_deadline_callback) decides.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::new(Config::new().epoch_interruption(true))?;
/// let module = Module::new(&engine, r#"(module (func (export "spin") (loop (br 0))))"#)?;
/// let mut store = Store::new(&engine, 3_u32);
/// store.epoch_deadline_callback(|mut store| {
///     *store.data_mut() -= 1;
///     Ok(if *store.data() > 0 { UpdateDeadline::Continue(0) } else { UpdateDeadline::Interrupt })
/// });
/// let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
/// assert!(spin.call(&mut store, ()).is_err());
/// assert_eq!(*store.data(), 0);
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
pub enum UpdateDeadline {
    /// The guest traps with [`Trap::Interrupt`](crate::Trap::Interrupt).
    Interrupt,
    /// The guest goes on; the deadline is this many ticks after the current epoch.
    Continue(u64),
    /// The guest gives its thread back, as with
    /// [`Store::epoch_deadline_async_yield_and_update`](crate::Store::epoch_deadline_async_yield_and_update). When it goes on, the
    /// deadline is this many ticks after the epoch at that time. In a synchronous call the guest ends with
    /// [`AsyncRequired`](crate::AsyncRequired).
    #[cfg(feature = "async")]
    Yield(u64),
    /// As [`Yield`](UpdateDeadline::Yield), but the guest goes on when the future is ready.
    ///
    /// ```
    /// # use windlass::*;
    /// # let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    /// # let mut store = Store::new(&engine, ());
    /// store.epoch_deadline_callback(|_| {
    ///     Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    /// });
    /// ```
    #[cfg(feature = "async")]
    YieldCustom(u64, Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl std::fmt::Debug for UpdateDeadline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UpdateDeadline::Interrupt => f.write_str("Interrupt"),
            UpdateDeadline::Continue(ticks) => f.debug_tuple("Continue").field(ticks).finish(),
            #[cfg(feature = "async")]
            UpdateDeadline::Yield(ticks) => f.debug_tuple("Yield").field(ticks).finish(),
            #[cfg(feature = "async")]
            UpdateDeadline::YieldCustom(ticks, _) => {
                f.debug_tuple("YieldCustom").field(ticks).finish_non_exhaustive()
            }
        }
    }
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

/// What a host function that waits needs in order to be interrupted as the guest would be.
///
/// The thread that interrupts the store calls a function that ends the wait; the host function then asks
/// [`Caller::check_interruption`](crate::Caller::check_interruption) what to do. If code does not check for interruption
/// ([`Config::epoch_interruption`](crate::Config::epoch_interruption)) then nothing is ever pending.
///
/// ```
/// # use windlass::*;
/// # use std::sync::{Arc, mpsc};
/// # fn main() -> Result<()> {
/// let engine = Engine::new(Config::new().epoch_interruption(true))?;
/// let mut store = Store::new(&engine, ());
/// store.set_epoch_deadline(u64::MAX);
/// let handle = store.interrupt_handle()?;
/// let wait = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
///     let (wake, woken) = mpsc::channel();
///     let interruption: Interruption = caller.interruption();
///     let _listener: InterruptListener = interruption.listen(Arc::new(move || wake.send(()).unwrap()));
///     let handle = handle.clone();
///     std::thread::spawn(move || handle.interrupt());
///     loop {
///         woken.recv()?;
///         assert!(interruption.is_pending());
///         caller.check_interruption()?;
///     }
/// });
/// let error = wait.typed::<(), ()>(&store)?.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Interruption {
    pub(super) word: windlass_runtime::InterruptHandle,
}

impl Interruption {
    /// Whether somebody has interrupted the store, and
    /// [`check_interruption`](crate::Caller::check_interruption) was not asked since. May be asked on any thread.
    pub fn is_pending(&self) -> bool {
        self.word.is_interrupted()
    }

    /// Calls `wake` whenever the store is interrupted, on the thread that does so, until the listener is dropped;
    /// at once if an interruption is pending. When the drop returns, `wake` is not running any more.
    ///
    /// `wake` must be short, and must neither drop the listener nor interrupt the store. It cannot tell why it was
    /// called: the store's thread asks [`check_interruption`](crate::Caller::check_interruption).
    pub fn listen(&self, wake: Arc<dyn Fn() + Send + Sync>) -> InterruptListener {
        InterruptListener { _listener: self.word.listen(wake) }
    }
}

impl std::fmt::Debug for Interruption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interruption").field("pending", &self.is_pending()).finish_non_exhaustive()
    }
}

/// Hears of interruptions until it is dropped: see [`Interruption::listen`].
#[must_use = "it hears nothing when it is dropped"]
pub struct InterruptListener {
    _listener: windlass_runtime::Listener,
}

impl std::fmt::Debug for InterruptListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterruptListener").finish_non_exhaustive()
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
