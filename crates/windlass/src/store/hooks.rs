//! What the runtime asks of the embedder while a guest runs.

use super::{StoreContextMut, StoreInner, UpdateDeadline};
use crate::error::{Error, Result};
use std::any::Any;
use std::ptr::NonNull;
use windlass_abi::trap::TrapCode;
use windlass_runtime::{Hooks, HostError, Raise};

/// An error of this crate in the form in which the runtime carries it.
pub(crate) fn host_error(error: Error) -> HostError {
    Box::new(error)
}

/// The error of this crate that the runtime carried.
pub(crate) fn from_host_error(error: HostError) -> Error {
    let error: Box<dyn Any + Send> = error;
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(_) => unreachable!("host errors are made by `host_error`"),
    }
}

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

    fn epoch_deadline(&mut self) -> Result<UpdateDeadline> {
        let Some(mut callback) = self.epoch_callback.take() else { return Ok(UpdateDeadline::Interrupt) };
        // SAFETY: the runtime calls hooks with no reference to the store in use, and `self` is not
        // used while the callback runs.
        let decision = callback(unsafe { StoreContextMut::from_inner(NonNull::from(&mut *self)) });
        self.epoch_callback.get_or_insert(callback);
        decision
    }
}

impl<T> Hooks for StoreInner<T> {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError> {
        match &mut self.limiter {
            Some(limiter) => {
                limiter(&mut self.data).memory_growing(current, desired, maximum).map_err(host_error)
            }
            None => Ok(true),
        }
    }

    fn memory_grow_failed(&mut self, why: &windlass_runtime::Error) -> Result<(), HostError> {
        match &mut self.limiter {
            Some(limiter) => {
                limiter(&mut self.data).memory_grow_failed(why.clone().into()).map_err(host_error)
            }
            None => Ok(()),
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError> {
        match &mut self.limiter {
            Some(limiter) => {
                limiter(&mut self.data).table_growing(current, desired, maximum).map_err(host_error)
            }
            None => Ok(true),
        }
    }

    fn table_grow_failed(&mut self, why: &windlass_runtime::Error) -> Result<(), HostError> {
        match &mut self.limiter {
            Some(limiter) => {
                limiter(&mut self.data).table_grow_failed(why.clone().into()).map_err(host_error)
            }
            None => Ok(()),
        }
    }

    fn interrupt(&mut self) -> Result<(), Raise> {
        if self.core.take_interrupt_request() {
            return Err(Raise::Trap(TrapCode::Interrupt));
        }
        if !self.core.is_deadline_due() {
            return Ok(());
        }
        let decision = self.epoch_deadline();
        if let Ok(UpdateDeadline::Continue(ticks)) = decision {
            self.core.set_epoch_deadline(ticks);
            return Ok(());
        }
        self.core.recheck_deadline();
        Err(match decision {
            Ok(_) => Raise::Trap(TrapCode::Interrupt),
            Err(error) => Raise::Error(host_error(error)),
        })
    }

    fn fuel_exhausted(&mut self) -> Result<(), Raise> {
        if self.core.refill_fuel() { Ok(()) } else { Err(Raise::Trap(TrapCode::OutOfFuel)) }
    }
}
