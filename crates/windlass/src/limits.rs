//! Limits on what a store may take: asked for by the store, decided by the embedder.

use crate::error::{Result, bail};

/// Decides whether memories and tables may grow, and how many things a store may hold.
///
/// Set it with [`Store::limiter`](crate::Store::limiter). An `Err` of a method ends the guest with that error.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// /// Lets all memories together have so many bytes.
/// struct Total { left: usize }
///
/// impl ResourceLimiter for Total {
///     fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
///         let Some(left) = self.left.checked_sub(desired - current) else { return Ok(false) };
///         self.left = left;
///         Ok(true)
///     }
///
///     fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
///         Ok(desired <= 1_000)
///     }
///
///     fn memories(&self) -> usize {
///         2
///     }
/// }
///
/// let mut store = Store::new(&Engine::default(), Total { left: 3 << 16 });
/// store.limiter(|total| total);
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// let other = Memory::new(&mut store, MemoryType::new(1, None))?;
/// memory.grow(&mut store, 1)?;
/// assert!(other.grow(&mut store, 1).is_err());
/// # Ok(())
/// # }
/// ```
pub trait ResourceLimiter: Send {
    /// Whether a memory may be made (`current` is 0) or grown; sizes are in bytes. `maximum` is
    /// what its type declares. `Ok(false)`: the guest sees that it did not grow.
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// Told when a memory was not grown though [`memory_growing`](Self::memory_growing) allowed it: it is at its
    /// maximum, or the host had no memory.
    fn memory_grow_failed(&mut self, error: crate::Error) -> Result<()> {
        let _ = error;
        Ok(())
    }

    /// Whether a table may be made (`current` is 0) or grown; sizes are in elements.
    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// Told when a table was not grown though [`table_growing`](Self::table_growing) allowed it.
    fn table_grow_failed(&mut self, error: crate::Error) -> Result<()> {
        let _ = error;
        Ok(())
    }

    /// The largest number of instances.
    fn instances(&self) -> usize {
        DEFAULT_COUNT
    }

    /// The largest number of tables.
    fn tables(&self) -> usize {
        DEFAULT_COUNT
    }

    /// The largest number of memories.
    fn memories(&self) -> usize {
        DEFAULT_COUNT
    }

    /// The largest size of the store's heap in bytes: of exceptions, and of host values behind references, without what
    /// these own. A heap without room is [`Trap::OutOfMemory`](crate::Trap::OutOfMemory) for the guest. Like the numbers
    /// of things it is asked for when the limiter is set, and when things are made.
    fn heap_size(&self) -> usize {
        DEFAULT_HEAP
    }
}

/// Of the heap, unless set.
pub(crate) const DEFAULT_HEAP: usize = 1 << 30;

/// Of instances, tables and memories, unless set.
pub(crate) const DEFAULT_COUNT: usize = 10_000;

/// A [`ResourceLimiter`] with fixed limits, made by [`StoreLimitsBuilder`].
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// struct State { limits: StoreLimits }
/// let engine = Engine::default();
/// let limits = StoreLimitsBuilder::new()
///     .memory_size(1 << 20)
///     .memories(1)
///     .table_elements(1_000)
///     .tables(2)
///     .instances(2)
///     .trap_on_grow_failure(false)
///     .build();
/// let mut store = Store::new(&engine, State { limits });
/// store.limiter(|state| &mut state.limits);
/// // One page more than the limit of one MiB.
/// let error = Memory::new(&mut store, MemoryType::new(17, None)).unwrap_err();
/// assert!(error.to_string().contains("limit"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StoreLimits {
    memory_size: Option<usize>,
    table_elements: Option<usize>,
    instances: usize,
    tables: usize,
    memories: usize,
    heap_size: usize,
    trap_on_grow_failure: bool,
}

impl Default for StoreLimits {
    fn default() -> StoreLimits {
        StoreLimits {
            memory_size: None,
            table_elements: None,
            instances: DEFAULT_COUNT,
            tables: DEFAULT_COUNT,
            memories: DEFAULT_COUNT,
            heap_size: DEFAULT_HEAP,
            trap_on_grow_failure: false,
        }
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(&mut self, _current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let limit = self.memory_size.unwrap_or(usize::MAX).min(maximum.unwrap_or(usize::MAX));
        if desired > limit && self.trap_on_grow_failure {
            bail!("forcing trap when growing memory to {desired} bytes");
        }
        Ok(desired <= limit)
    }

    fn memory_grow_failed(&mut self, error: crate::Error) -> Result<()> {
        if self.trap_on_grow_failure {
            return Err(error.context("forcing a memory growth failure to be a trap"));
        }
        Ok(())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let limit = self.table_elements.unwrap_or(usize::MAX).min(maximum.unwrap_or(usize::MAX));
        if desired > limit && self.trap_on_grow_failure {
            bail!("forcing trap when growing table to {desired} elements");
        }
        Ok(desired <= limit)
    }

    fn table_grow_failed(&mut self, error: crate::Error) -> Result<()> {
        if self.trap_on_grow_failure {
            return Err(error.context("forcing a table growth failure to be a trap"));
        }
        Ok(())
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }

    fn heap_size(&self) -> usize {
        self.heap_size
    }
}

/// Builds [`StoreLimits`]; what is not set is not limited beyond the defaults of [`ResourceLimiter`].
#[derive(Clone, Debug, Default)]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// No limit set.
    pub fn new() -> StoreLimitsBuilder {
        StoreLimitsBuilder::default()
    }

    /// The largest size of each memory, in bytes.
    pub fn memory_size(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.memory_size = Some(limit);
        self
    }

    /// The largest size of each table, in elements.
    pub fn table_elements(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.table_elements = Some(limit);
        self
    }

    /// The largest number of instances.
    pub fn instances(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.instances = limit;
        self
    }

    /// The largest number of tables.
    pub fn tables(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.tables = limit;
        self
    }

    /// The largest number of memories.
    pub fn memories(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.memories = limit;
        self
    }

    /// The largest size of the store's heap of references, in bytes: see [`ResourceLimiter::heap_size`].
    ///
    /// ```
    /// # use windlass::*;
    /// let limits = StoreLimitsBuilder::new().heap_size(1 << 20).build();
    /// let mut store = Store::new(&Engine::default(), limits);
    /// store.limiter(|limits| limits);
    /// // Kept as long as the scope, which is the whole program's.
    /// let made = (0..1_000_000).take_while(|n| ExternRef::new(&mut store, *n).is_ok()).count();
    /// assert!((10_000..100_000).contains(&made));
    /// ```
    pub fn heap_size(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.heap_size = limit;
        self
    }

    /// Whether growing beyond a limit ends the guest with an error, instead of telling it -1.
    pub fn trap_on_grow_failure(mut self, trap: bool) -> StoreLimitsBuilder {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        self.0
    }
}
