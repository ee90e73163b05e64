//! Limiters that wait.

use super::wait_failed;
use crate::error::{Error, Result};
use crate::limits::{DEFAULT_COUNT, DEFAULT_HEAP, ResourceLimiter};
use crate::store::{Limiter, Store};
use windlass_runtime::StorePtr;

/// A [`ResourceLimiter`] that may take its time: the guest waits for it, the thread does not.
///
/// Set it with [`Store::limiter_async`]. The methods are those of [`ResourceLimiter`]; implement it with the
/// attribute `async_trait` of the crate of that name.
///
/// ```
/// # use windlass::*;
/// /// Asks for leave before a memory grows beyond one page.
/// struct Warden {
///     leave: tokio::sync::mpsc::Receiver<bool>,
/// }
///
/// #[async_trait::async_trait]
/// impl ResourceLimiterAsync for Warden {
///     async fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
///         Ok(desired <= 65536 || self.leave.recv().await.unwrap_or(false))
///     }
///
///     async fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
///         Ok(true)
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let (sender, leave) = tokio::sync::mpsc::channel(1);
/// let mut store = Store::new(&Engine::default(), Warden { leave });
/// store.limiter_async(|warden| warden);
/// let memory = Memory::new_async(&mut store, MemoryType::new(1, None)).await?;
/// let (grown, _) = tokio::join!(memory.grow_async(&mut store, 1), sender.send(true));
/// assert_eq!(grown?, 1);
/// # Ok(())
/// # }
/// ```
#[async_trait::async_trait]
pub trait ResourceLimiterAsync: Send {
    /// As [`ResourceLimiter::memory_growing`].
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// As [`ResourceLimiter::memory_grow_failed`].
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        let _ = error;
        Ok(())
    }

    /// As [`ResourceLimiter::table_growing`].
    async fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>)
    -> Result<bool>;

    /// As [`ResourceLimiter::table_grow_failed`].
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        let _ = error;
        Ok(())
    }

    /// As [`ResourceLimiter::instances`].
    fn instances(&self) -> usize {
        DEFAULT_COUNT
    }

    /// As [`ResourceLimiter::tables`].
    fn tables(&self) -> usize {
        DEFAULT_COUNT
    }

    /// As [`ResourceLimiter::memories`].
    fn memories(&self) -> usize {
        DEFAULT_COUNT
    }

    /// As [`ResourceLimiter::heap_size`].
    fn heap_size(&self) -> usize {
        DEFAULT_HEAP
    }
}

/// Finds the limiter in a store's data.
pub(crate) type AsyncLimiter<T> = Box<dyn FnMut(&mut T) -> &mut (dyn ResourceLimiterAsync) + Send + Sync>;

/// A limiter that is waited for.
pub(crate) struct Waiting<'a> {
    pub limiter: &'a mut dyn ResourceLimiterAsync,
    pub runtime: StorePtr,
}

// SAFETY: the store is used by whoever uses this value, on whichever thread.
unsafe impl Send for Waiting<'_> {}

impl Waiting<'_> {
    fn wait(runtime: StorePtr, answer: impl Future<Output = Result<bool>> + Send) -> Result<bool> {
        // SAFETY: who made the value is asked by the runtime while nothing borrows the store. While the fiber is
        // suspended nobody uses it.
        unsafe { runtime.block_on(answer) }.map_err(wait_failed)?
    }
}

impl ResourceLimiter for Waiting<'_> {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Self::wait(self.runtime, self.limiter.memory_growing(current, desired, maximum))
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.limiter.memory_grow_failed(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Self::wait(self.runtime, self.limiter.table_growing(current, desired, maximum))
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.limiter.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.limiter.instances()
    }

    fn tables(&self) -> usize {
        self.limiter.tables()
    }

    fn memories(&self) -> usize {
        self.limiter.memories()
    }

    fn heap_size(&self) -> usize {
        self.limiter.heap_size()
    }
}

impl<T> Store<T> {
    /// Sets what decides how much memories and tables may grow, as [`Store::limiter`] does: here the guest waits for
    /// the answer. `limiter` finds it in the store's data.
    ///
    /// From then on a memory or table is made or grown only in asynchronous calls, of the guest or of
    /// [`Memory::grow_async`](crate::Memory::grow_async) and the like; otherwise that fails with
    /// [`AsyncRequired`](crate::AsyncRequired).
    ///
    /// See [`ResourceLimiterAsync`] for an example.
    pub fn limiter_async(
        &mut self,
        limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiterAsync) + Send + Sync + 'static,
    ) {
        self.set_limiter(Limiter::Async(Box::new(limiter)));
    }
}
