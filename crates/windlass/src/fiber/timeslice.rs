//! Guests that give their thread back now and then.

use super::wait_failed;
use crate::error::Result;
use crate::store::{Store, StoreContextMut, UpdateDeadline};
use std::future::poll_fn;
use std::task::Poll;
use windlass_runtime::StorePtr;
use windlass_runtime::fiber::WaitError;

/// Suspends the fiber until the future is ready. Where the fiber cannot be suspended, because a synchronous host
/// function is in between, the guest goes on at once: it gives way another time.
///
/// # Safety
/// For hooks: the runtime asks while nothing borrows the store.
pub(crate) unsafe fn give_way(runtime: StorePtr, future: impl Future<Output = ()> + Send) -> Result<()> {
    // SAFETY: the caller's promise. While the fiber is suspended nobody uses the store.
    match unsafe { runtime.block_on(future) } {
        Ok(()) | Err(WaitError::Blocked) => Ok(()),
        Err(why) => Err(wait_failed(why)),
    }
}

/// Is ready when it is polled for the second time, which it asks for at once.
pub(crate) fn next_turn() -> impl Future<Output = ()> + Send {
    let mut waited = false;
    poll_fn(move |cx| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

impl<T> Store<T> {
    /// Makes guests of this store give their thread back each time they have used so much fuel: the future of the call is
    /// pending, and asks to be polled again at once, so that others get their turn and a time limit is noticed.
    /// `None`: they do not, which is the default.
    ///
    /// With an interval, a guest that uses more fuel than that must be called asynchronously, or it fails with
    /// [`AsyncRequired`](crate::AsyncRequired).
    ///
    /// # Errors
    /// If fuel is not switched on ([`Config::consume_fuel`](crate::Config::consume_fuel)), or the interval is 0.
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "spin") (loop (br 0))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// store.set_fuel(u64::MAX)?;
    /// store.fuel_async_yield_interval(Some(100_000))?;
    /// let instance = Instance::new_async(&mut store, &module, &[]).await?;
    /// let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    /// let limit = std::time::Duration::from_millis(10);
    /// assert!(tokio::time::timeout(limit, spin.call_async(&mut store, ())).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn fuel_async_yield_interval(&mut self, interval: Option<u64>) -> Result<()> {
        crate::AsContextMut::as_context_mut(self).fuel_async_yield_interval(interval)
    }

    /// At the deadline a guest gives its thread back: the future of the call is pending, and asks to be polled again at
    /// once. When it goes on, the next deadline is `delta` ticks after the epoch at that time.
    ///
    /// A guest that reaches a deadline must then be called asynchronously, or it fails with
    /// [`AsyncRequired`](crate::AsyncRequired). Somebody has to call
    /// [`Engine::increment_epoch`](crate::Engine::increment_epoch) in time, on a thread of its own.
    ///
    /// ```
    /// # use windlass::*;
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
    /// let ticker = engine.weak();
    /// std::thread::spawn(move || {
    ///     while let Some(engine) = ticker.upgrade() {
    ///         engine.increment_epoch();
    ///         drop(engine);
    ///         std::thread::sleep(Duration::from_millis(1));
    ///     }
    /// });
    /// let module = Module::new(&engine, r#"(module (func (export "spin") (loop (br 0))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// store.set_epoch_deadline(1);
    /// store.epoch_deadline_async_yield_and_update(1);
    /// let instance = Instance::new_async(&mut store, &module, &[]).await?;
    /// let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    /// let limit = Duration::from_millis(10);
    /// assert!(tokio::time::timeout(limit, spin.call_async(&mut store, ())).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn epoch_deadline_async_yield_and_update(&mut self, delta: u64) {
        self.epoch_deadline_callback(move |_| Ok(UpdateDeadline::Yield(delta)));
    }
}

impl<T> StoreContextMut<'_, T> {
    /// As [`Store::fuel_async_yield_interval`].
    ///
    /// # Errors
    /// As there.
    pub fn fuel_async_yield_interval(&mut self, interval: Option<u64>) -> Result<()> {
        self.core_mut().set_fuel_interval(interval)
    }

    /// As [`Store::epoch_deadline_async_yield_and_update`].
    pub fn epoch_deadline_async_yield_and_update(&mut self, delta: u64) {
        self.inner().set_epoch_callback(Box::new(move |_| Ok(UpdateDeadline::Yield(delta))));
    }
}

impl<T> crate::Caller<'_, T> {
    /// As [`Store::fuel_async_yield_interval`].
    ///
    /// # Errors
    /// As there.
    pub fn fuel_async_yield_interval(&mut self, interval: Option<u64>) -> Result<()> {
        crate::AsContextMut::as_context_mut(self).fuel_async_yield_interval(interval)
    }
}
