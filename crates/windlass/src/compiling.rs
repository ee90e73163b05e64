//! Compiling within bounds: limits on modules, a time limit, and cancellation from other threads.

use crate::Engine;
use crate::error::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use windlass_wasm::{Decode, DecodeError, Decoded, ErrorKind};

/// Stops compilations from other threads: see [`Module::new_cancellable`](crate::Module::new_cancellable).
///
/// A handle: clones stop the same compilations. It stays cancelled.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let cancellation = Cancellation::new();
/// let thread = std::thread::spawn({
///     let cancellation = cancellation.clone();
///     move || cancellation.cancel()
/// });
/// thread.join().unwrap();
/// assert!(cancellation.is_cancelled());
/// let error = Module::new_cancellable(&engine, "(module (func))", &cancellation).unwrap_err();
/// assert_eq!(error.downcast_ref(), Some(&CompileStopped::Cancelled));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Not cancelled.
    pub fn new() -> Cancellation {
        Cancellation::default()
    }

    /// Stops the compilations that were given this handle, and all that will be.
    pub fn cancel(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Why a module was not compiled though nothing is wrong with it. Found in an [`Error`](crate::Error) with `downcast_ref`.
///
/// ```
/// # use windlass::*;
/// # use std::time::Duration;
/// # fn main() -> Result<()> {
/// let engine = Engine::new(Config::new().compile_timeout(Some(Duration::ZERO)))?;
/// let error = Module::new(&engine, "(module (func))").unwrap_err();
/// assert_eq!(error.downcast_ref(), Some(&CompileStopped::TimedOut(Duration::ZERO)));
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CompileStopped {
    /// It took longer than [`Config::compile_timeout`](crate::Config::compile_timeout) allows: this long.
    #[error("compiling the module took longer than {0:?}, which is the limit")]
    TimedOut(Duration),
    /// By [`Cancellation::cancel`].
    #[error("compiling the module was cancelled")]
    Cancelled,
}

/// A compilation that is going on: when it has to stop.
pub(crate) struct Compiling<'a> {
    engine: &'a Engine,
    start: Instant,
    cancellation: Option<&'a Cancellation>,
}

impl<'a> Compiling<'a> {
    /// Starts now.
    pub fn start(engine: &'a Engine, cancellation: Option<&'a Cancellation>) -> Compiling<'a> {
        Compiling { engine, start: Instant::now(), cancellation }
    }

    fn stopped(&self) -> Option<CompileStopped> {
        if self.cancellation.is_some_and(Cancellation::is_cancelled) {
            return Some(CompileStopped::Cancelled);
        }
        let limit = self.engine.config().compile_timeout?;
        (self.start.elapsed() >= limit).then_some(CompileStopped::TimedOut(limit))
    }

    /// Whether to stop, for those who look now and then.
    pub fn watch(&self) -> impl Fn() -> bool + Sync + use<'_, 'a> {
        || self.stopped().is_some()
    }

    /// An error if it has to stop.
    pub fn check(&self) -> Result<()> {
        self.stopped().map_or(Ok(()), |stopped| Err(stopped.into()))
    }

    /// Decodes within the engine's limits. What is decoded, and its bodies, are watched.
    pub fn decode<'b>(&self, binary: &'b [u8], watch: &'b (dyn Fn() -> bool + Sync)) -> Result<Decoded<'b>> {
        let config = self.engine.config();
        // Nothing to look at costs nothing.
        let watched = self.cancellation.is_some() || config.compile_timeout.is_some();
        let (features, limits) = (&config.features, &config.module_limits);
        let decode = Decode { features, limits, watch: watched.then_some(watch) };
        decode.decode(binary).map_err(|error| self.explain(error.into()))
    }

    /// Says why, where an error only says that it was stopped.
    pub fn explain(&self, error: Error) -> Error {
        let stopped = error.downcast_ref().is_some_and(|e: &DecodeError| *e.kind() == ErrorKind::Stopped);
        match self.stopped() {
            Some(why) if stopped => why.into(),
            _ => error,
        }
    }
}
