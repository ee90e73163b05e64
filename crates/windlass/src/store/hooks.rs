//! What the runtime asks of the embedder while a guest runs.

#[cfg(feature = "async")]
use super::EpochCallback;
use super::{Limiter, StoreContextMut, StoreCore, StoreInner, UpdateDeadline};
use crate::error::{Error, Result};
#[cfg(feature = "async")]
use crate::fiber::Waiting;
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
        let limits = self.ask_limiter(|limiter| {
            (limiter.instances(), limiter.tables(), limiter.memories(), limiter.heap_size())
        });
        if let Some((instances, tables, memories, heap_size)) = limits {
            self.core.runtime.set_max_heap(heap_size);
            self.core.counts.instances.set_limit(instances);
            self.core.counts.tables.set_limit(tables);
            self.core.counts.memories.set_limit(memories);
        }
    }

    /// Asks the limiter, if there is one. An asynchronous one is waited for; nobody else uses the store meanwhile.
    fn ask_limiter<R>(&mut self, ask: impl FnOnce(&mut dyn ResourceLimiter) -> R) -> Option<R> {
        Some(match self.limiter.as_mut()? {
            Limiter::Sync(limiter) => ask(limiter(&mut self.data)),
            #[cfg(feature = "async")]
            Limiter::Async(limiter) => {
                let runtime = self.core.runtime.as_ptr();
                ask(&mut Waiting { limiter: limiter(&mut self.data), runtime })
            }
        })
    }

    #[cfg(feature = "async")]
    pub(crate) fn set_epoch_callback(&mut self, callback: EpochCallback<T>) {
        self.epoch_callback = Some(callback);
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
        inner.ask_limiter(ask).unwrap_or(Ok(default)).map_err(host_error)
    }

    fn core(&mut self) -> &mut StoreCore {
        // SAFETY: the runtime asks while nothing borrows the store; the borrow is short.
        unsafe { &mut (*self.0.as_ptr()).core }
    }

    /// By how many ticks a decision extends the deadline, after it has been carried out.
    fn extension(&mut self, decision: UpdateDeadline) -> Result<Option<u64>> {
        match decision {
            UpdateDeadline::Interrupt => Ok(None),
            UpdateDeadline::Continue(ticks) => Ok(Some(ticks)),
            #[cfg(feature = "async")]
            UpdateDeadline::Yield(ticks) => self.give_way(crate::fiber::next_turn()).map(|()| Some(ticks)),
            #[cfg(feature = "async")]
            UpdateDeadline::YieldCustom(ticks, future) => self.give_way(future).map(|()| Some(ticks)),
        }
    }

    /// Runs code of the host that may use the store. A guest that it calls cannot wait.
    fn as_host<R>(&mut self, code: impl FnOnce() -> R) -> R {
        #[cfg(feature = "async")]
        {
            let runtime = self.core().runtime.as_ptr();
            // SAFETY: the runtime asks while nothing borrows the store.
            unsafe { runtime.without_waiting(code) }
        }
        #[cfg(not(feature = "async"))]
        code()
    }

    #[cfg(feature = "async")]
    fn give_way(&mut self, future: impl Future<Output = ()> + Send) -> Result<()> {
        let runtime = self.core().runtime.as_ptr();
        // SAFETY: the runtime asks while nothing borrows the store.
        unsafe { crate::fiber::give_way(runtime, future) }
    }

    fn epoch_deadline(&mut self) -> Result<UpdateDeadline> {
        // SAFETY: as above. The callback is taken out while it runs, because it may use the whole store.
        let Some(mut callback) = (unsafe { (*self.0.as_ptr()).epoch_callback.take() }) else {
            return Ok(UpdateDeadline::Interrupt);
        };
        let inner = self.0;
        // SAFETY: nothing borrows the store.
        let decision = self.as_host(|| callback(unsafe { StoreContextMut::from_inner(inner) }));
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
        match self.epoch_deadline().and_then(|decision| self.extension(decision)) {
            Ok(Some(ticks)) => {
                self.core().set_epoch_deadline(ticks);
                Ok(())
            }
            Ok(None) => {
                self.core().recheck_deadline();
                Err(Raise::Trap(TrapCode::Interrupt))
            }
            Err(error) => {
                self.core().recheck_deadline();
                Err(Raise::Error(host_error(error)))
            }
        }
    }

    fn fuel_exhausted(&mut self) -> Result<(), Raise> {
        if !self.core().refill_fuel() {
            return Err(Raise::Trap(TrapCode::OutOfFuel));
        }
        #[cfg(feature = "async")]
        if self.core().has_fuel_interval() {
            self.give_way(crate::fiber::next_turn()).map_err(|error| Raise::Error(host_error(error)))?;
        }
        Ok(())
    }
}
