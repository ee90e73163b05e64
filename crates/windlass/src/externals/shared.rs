//! Memories that threads and stores share.

use crate::error::{Result, ensure};
use crate::store::StoreCore;
use crate::types::MemoryType;
use crate::{Engine, MemoryAccessError, Trap};
use std::time::Duration;
use windlass_runtime::MemoryId;

/// How an atomic wait ended.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// # use std::time::Duration;
/// let memory = SharedMemory::new(&Engine::default(), MemoryType::shared(1, 1))?;
/// assert_eq!(memory.atomic_wait32(0, 1, None)?, WaitResult::Mismatch);
/// assert_eq!(memory.atomic_wait64(8, 0, Some(Duration::from_millis(1)))?, WaitResult::TimedOut);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitResult {
    /// A notify woke it.
    Ok = 0,
    /// The memory did not hold the expected value.
    Mismatch = 1,
    /// The time was up.
    TimedOut = 2,
}

/// A memory that any number of stores of an engine, and threads, share. A handle: clones are the same memory.
///
/// Other threads write to it at any time, so there is no slice of it: bytes are copied out and
/// in, each atomically.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let memory = SharedMemory::new(&Engine::default(), MemoryType::shared(1, 2))?;
/// memory.write(10, b"hello")?;
/// let mut back = [0; 5];
/// memory.read(10, &mut back)?;
/// assert_eq!(&back, b"hello");
/// assert_eq!(memory.grow(1)?, 1);
/// assert_eq!((memory.size(), memory.data_size(), memory.page_size()), (2, 2 << 16, 1 << 16));
/// assert!(memory.ty().is_shared() && SharedMemory::same(&memory, &memory.clone()));
///
/// // Hosts can wait and wake, as guests do.
/// let waiter = std::thread::spawn({
///     let memory = memory.clone();
///     move || memory.atomic_wait32(0, 0, None)
/// });
/// while memory.atomic_notify(0, 1)? == 0 {}
/// assert_eq!(waiter.join().unwrap()?, WaitResult::Ok);
///
/// // A linker gives it to the modules that import it, in any number of stores of its engine.
/// let mut linker = Linker::<()>::new(memory.engine());
/// linker.define(Store::new(memory.engine(), ()), "env", "memory", memory.clone())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedMemory {
    engine: Engine,
    memory: windlass_runtime::SharedMemory,
}

impl SharedMemory {
    /// Makes a shared memory filled with zeros.
    ///
    /// # Errors
    /// If the type is not shared, or the host has no memory for it.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<SharedMemory> {
        ensure!(ty.is_shared(), "{ty} is not shared");
        let memory = windlass_runtime::SharedMemory::new(&ty.to_abi(), &engine.store_config().memory)?;
        Ok(SharedMemory { engine: engine.clone(), memory })
    }

    /// Its type as it was declared.
    pub fn ty(&self) -> MemoryType {
        MemoryType::from_abi(&self.memory.ty())
    }

    /// The size in pages now.
    pub fn size(&self) -> u64 {
        self.memory.size()
    }

    /// The page size in bytes.
    pub fn page_size(&self) -> u64 {
        self.ty().page_size()
    }

    /// The size in bytes now.
    pub fn data_size(&self) -> usize {
        self.memory.byte_size()
    }

    /// Copies bytes out of the memory, from byte `offset` on; each is read atomically.
    ///
    /// # Errors
    /// If not all bytes are within the memory; nothing is copied then.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        if self.memory.read(offset as u64, buffer) { Ok(()) } else { Err(MemoryAccessError::new()) }
    }

    /// Copies bytes into the memory, from byte `offset` on; each is written atomically.
    ///
    /// # Errors
    /// If not all bytes are within the memory; nothing is copied then.
    pub fn write(&self, offset: usize, buffer: &[u8]) -> Result<(), MemoryAccessError> {
        if self.memory.write(offset as u64, buffer) { Ok(()) } else { Err(MemoryAccessError::new()) }
    }

    /// Grows by `delta` pages and gives the old size in pages. No store's limiter is asked.
    ///
    /// # Errors
    /// If that exceeds its maximum, or the host has no memory for it.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        Ok(self.memory.grow(delta)?)
    }

    /// Wakes at most `count` of those that wait at byte `address`, and gives how many it woke.
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`], or [`Trap::HeapMisaligned`] if `address` is not a multiple of 4.
    pub fn atomic_notify(&self, address: u64, count: u32) -> Result<u32, Trap> {
        Ok(self.memory.atomic_notify(address, count)?)
    }

    /// Waits while the four bytes at `address` hold `expected`, until a notify or for at most `timeout`.
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`], or [`Trap::HeapMisaligned`] if `address` is not a multiple of 4.
    pub fn atomic_wait32(
        &self,
        address: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        Ok(self.memory.atomic_wait32(address, expected, timeout)?.into())
    }

    /// Waits while the eight bytes at `address` hold `expected`, until a notify or for at most `timeout`.
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`], or [`Trap::HeapMisaligned`] if `address` is not a multiple of 8.
    pub fn atomic_wait64(
        &self,
        address: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        Ok(self.memory.atomic_wait64(address, expected, timeout)?.into())
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether both are the same memory.
    pub fn same(a: &SharedMemory, b: &SharedMemory) -> bool {
        a.memory.same(&b.memory)
    }

    pub(crate) fn from_runtime(engine: &Engine, memory: windlass_runtime::SharedMemory) -> SharedMemory {
        SharedMemory { engine: engine.clone(), memory }
    }

    pub(crate) fn id(&self, core: &mut StoreCore) -> MemoryId {
        assert!(Engine::same(&self.engine, core.engine()), "the shared memory belongs to another engine");
        core.runtime.import_shared(&self.memory)
    }
}

impl From<windlass_runtime::WaitResult> for WaitResult {
    fn from(result: windlass_runtime::WaitResult) -> WaitResult {
        match result {
            windlass_runtime::WaitResult::Ok => WaitResult::Ok,
            windlass_runtime::WaitResult::Mismatch => WaitResult::Mismatch,
            windlass_runtime::WaitResult::TimedOut => WaitResult::TimedOut,
        }
    }
}

impl std::fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedMemory").field("ty", &self.ty()).finish_non_exhaustive()
    }
}
