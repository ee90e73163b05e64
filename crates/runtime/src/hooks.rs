//! Questions to the embedder.

use crate::failure::{Error, HostError, Raise};
use crate::store::StorePtr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use windlass_abi::builtins::Status;

/// What the runtime asks of the embedder. Called with no borrow of the store live, so that the
/// implementation may use it; a panic is carried beyond the entry like a host function's.
///
/// No answer is an exception ([`Raise::Exception`]): what ends a guest from outside cannot be caught in it.
pub trait Hooks {
    /// Whether a memory may be made (`current` 0) or grown; sizes in bytes.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError>;
    /// A memory was not grown, though it was allowed to.
    fn memory_grow_failed(&mut self, why: &Error) -> Result<(), HostError>;
    /// Whether a table may be made (`current` 0) or grown; sizes in elements.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError>;
    /// A table was not grown, though it was allowed to.
    fn table_grow_failed(&mut self, why: &Error) -> Result<(), HostError>;
    /// The interrupt word was seen to be set. `Ok`: go on; the hook has cleared it.
    fn interrupt(&mut self) -> Result<(), Raise>;
    /// A charge left the fuel below zero. `Ok`: go on; the hook has refilled it.
    fn fuel_exhausted(&mut self) -> Result<(), Raise>;
}

impl From<HostError> for Raise {
    fn from(error: HostError) -> Raise {
        Raise::Error(error)
    }
}

impl StorePtr {
    /// Asks the hooks; `default` answers if there are none. What goes wrong is parked.
    ///
    /// # Safety
    /// As for all methods here.
    pub(crate) unsafe fn ask<R>(
        self,
        default: R,
        question: impl FnOnce(&mut dyn Hooks) -> Result<R, Raise>,
    ) -> Result<R, Status> {
        // SAFETY: the borrow of the store ends here.
        let Some(mut hooks) = (unsafe { self.inner().hooks }) else { return Ok(default) };
        // SAFETY: `set_hooks` was promised that they stay valid and are used by the store's thread.
        let answer = catch_unwind(AssertUnwindSafe(|| question(unsafe { hooks.as_mut() })));
        // SAFETY: the caller's promise.
        unsafe {
            match answer {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(Raise::Exception(_))) => unreachable!("hooks do not throw"),
                Ok(Err(raise)) => Err(self.raise(raise)),
                Err(panic) => Err(self.raise_panic(panic)),
            }
        }
    }
}
