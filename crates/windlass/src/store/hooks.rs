//! What the runtime asks of the embedder while a guest runs.

use super::{StoreContextMut, StoreCore, StoreInner, UpdateDeadline};
use crate::error::{Error, Result};
use crate::limits::ResourceLimiter;
use std::any::Any;
use std::ptr::NonNull;
use windlass_abi::trap::TrapCode;
use windlass_runtime::{Hooks, HostError, Raise};

/// An error of this crate in the form in which the runtime carries it.
pub(crate) fn host_error(error: Error) -> HostError {
    Box::new(error)
}

/// The error of this crate that the runtime carried, or one of the runtime's own.
pub(crate) fn from_host_error(error: HostError) -> Error {
    let error: Box<dyn Any + Send> = error;
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => match error.downcast::<windlass_runtime::Error>() {
            Ok(error) => Error::new(*error),
            Err(_) => unreachable!("host errors are made by `host_error`, or by the runtime"),
        },
    }
}

/// What the runtime asks: a pointer to the store, apart from it, so that asking borrows nothing of the store.
pub(super) struct StoreHooks<T: 'static>(pub NonNull<StoreInner<T>>);

impl<T> StoreInner<T> {
    /// Asks the limiter how many things the store may hold.
    pub(crate) fn update_counts(&mut self) {
        if let Some(limiter) = &mut self.limiter {
            let limiter = limiter(&mut self.data);
            self.core.counts.instances.set_limit(limiter.instances());
            self.core.counts.tables.set_limit(limiter.tables());
            self.core.counts.memories.set_limit(limiter.memories());
        }
    }
}

impl<T> StoreHooks<T> {
    /// Asks the limiter; `default` is the answer of a store without one.
    fn limiter<R>(
        &mut self,
        default: R,
        ask: impl FnOnce(&mut dyn ResourceLimiter) -> Result<R>,
    ) -> Result<R, HostError> {
        // SAFETY: the runtime asks while nothing borrows the store, and a limiter reaches only its data.
        let inner = unsafe { self.0.as_mut() };
        match &mut inner.limiter {
            Some(limiter) => ask(limiter(&mut inner.data)).map_err(host_error),
            None => Ok(default),
        }
    }

    fn core(&mut self) -> &mut StoreCore {
        // SAFETY: the runtime asks while nothing borrows the store; the borrow is short.
        unsafe { &mut (*self.0.as_ptr()).core }
    }

    fn epoch_deadline(&mut self) -> Result<UpdateDeadline> {
        // SAFETY: as above. The callback is taken out while it runs, because it may use the whole store.
        let Some(mut callback) = (unsafe { (*self.0.as_ptr()).epoch_callback.take() }) else {
            return Ok(UpdateDeadline::Interrupt);
        };
        // SAFETY: nothing borrows the store.
        let decision = callback(unsafe { StoreContextMut::from_inner(self.0) });
        // SAFETY: as above. The callback may have been replaced by itself.
        unsafe { (*self.0.as_ptr()).epoch_callback.get_or_insert(callback) };
        decision
    }
}

impl<T> Hooks for StoreHooks<T> {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError> {
        self.limiter(true, |limiter| limiter.memory_growing(current, desired, maximum))
    }

    fn memory_grow_failed(&mut self, why: &windlass_runtime::Error) -> Result<(), HostError> {
        self.limiter((), |limiter| limiter.memory_grow_failed(why.clone().into()))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError> {
        self.limiter(true, |limiter| limiter.table_growing(current, desired, maximum))
    }

    fn table_grow_failed(&mut self, why: &windlass_runtime::Error) -> Result<(), HostError> {
        self.limiter((), |limiter| limiter.table_grow_failed(why.clone().into()))
    }

    fn interrupt(&mut self) -> Result<(), Raise> {
        if self.core().take_interrupt_request() {
            return Err(Raise::Trap(TrapCode::Interrupt));
        }
        if !self.core().is_deadline_due() {
            return Ok(());
        }
        let decision = self.epoch_deadline();
        if let Ok(UpdateDeadline::Continue(ticks)) = decision {
            self.core().set_epoch_deadline(ticks);
            return Ok(());
        }
        self.core().recheck_deadline();
        Err(match decision {
            Ok(_) => Raise::Trap(TrapCode::Interrupt),
            Err(error) => Raise::Error(host_error(error)),
        })
    }

    fn fuel_exhausted(&mut self) -> Result<(), Raise> {
        if self.core().refill_fuel() { Ok(()) } else { Err(Raise::Trap(TrapCode::OutOfFuel)) }
    }
}
