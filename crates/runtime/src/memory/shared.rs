//! Memories shared between threads, with `wait` and `notify`.

use crate::failure::Error;
use std::sync::Arc;
use std::time::Duration;
use windlass_abi::facts::MemoryType;
use windlass_abi::trap::TrapCode;

/// A shared memory: a handle that any number of stores and threads may hold.
#[derive(Clone, Debug)]
pub struct SharedMemory(Arc<()>);

/// How a wait ended; the numbers are those of `memory.atomic.wait`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum WaitResult {
    /// A notify woke it.
    Ok = 0,
    /// The memory did not hold the expected value.
    Mismatch = 1,
    /// The time was up.
    TimedOut = 2,
}

#[allow(unused_variables)]
impl SharedMemory {
    /// Makes a shared memory of a shared type with a maximum.
    pub fn new(ty: &MemoryType, config: &super::MemoryConfig) -> Result<SharedMemory, Error> {
        unimplemented!()
    }
    /// Its type.
    pub fn ty(&self) -> MemoryType {
        unimplemented!()
    }
    /// Its size in pages now.
    pub fn size(&self) -> u64 {
        unimplemented!()
    }
    /// Its size in bytes now.
    pub fn byte_size(&self) -> usize {
        unimplemented!()
    }
    /// Grows by `delta` pages and gives the old size. No hook is asked.
    pub fn grow(&self, delta: u64) -> Result<u64, Error> {
        unimplemented!()
    }
    /// The first byte. Accesses through it must be atomic.
    pub fn base(&self) -> *mut u8 {
        unimplemented!()
    }
    /// Copies bytes out, each as a relaxed atomic load; false (and nothing copied) if out of bounds.
    pub fn read(&self, offset: u64, to: &mut [u8]) -> bool {
        unimplemented!()
    }
    /// Copies bytes in, each as a relaxed atomic store; false (and nothing copied) if out of bounds.
    pub fn write(&self, offset: u64, from: &[u8]) -> bool {
        unimplemented!()
    }
    /// `memory.atomic.notify`: wakes at most `count` waiters, gives how many.
    pub fn atomic_notify(&self, address: u64, count: u32) -> Result<u32, TrapCode> {
        unimplemented!()
    }
    /// `memory.atomic.wait32`; `None`: for ever.
    pub fn atomic_wait32(
        &self,
        address: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, TrapCode> {
        unimplemented!()
    }
    /// `memory.atomic.wait64`; `None`: for ever.
    pub fn atomic_wait64(
        &self,
        address: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, TrapCode> {
        unimplemented!()
    }
    /// Whether both are the same memory.
    pub fn same(&self, other: &SharedMemory) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
