//! Memories of one store.

use super::grown;
use crate::error::{Result, ensure};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut, StoreCore, StoreId};
use crate::types::MemoryType;
use windlass_runtime::MemoryId;

/// A memory of a store, unshared. For shared ones there is [`SharedMemory`](crate::SharedMemory).
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
/// memory.write(&mut store, 10, b"hello")?;
/// assert_eq!(&memory.data(&store)[10..15], b"hello");
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert!(memory.grow(&mut store, 1).is_err());
/// assert_eq!((memory.size(&store), memory.data_size(&store)), (2, 2 << 16));
/// assert_eq!((memory.page_size(&store), memory.page_size_log2(&store)), (65536, 16));
/// assert_eq!(memory.ty(&store).maximum(), Some(2));
///
/// // The bytes themselves, alone or with the host's data.
/// let mut back = [0; 5];
/// memory.read(&store, 10, &mut back)?;
/// memory.data_mut(&mut store)[10] = b'j';
/// let (bytes, _data) = memory.data_and_store_mut(&mut store);
/// assert_eq!(&bytes[10..15], b"jello");
/// assert!(!memory.data_ptr(&store).is_null());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    store: StoreId,
    id: MemoryId,
}

/// An access outside a memory's size.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// let error: MemoryAccessError = memory.write(&mut store, 65535, &[1, 2]).unwrap_err();
/// assert_eq!(error.to_string(), "out of bounds memory access");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("out of bounds memory access")]
pub struct MemoryAccessError {
    _private: (),
}

impl MemoryAccessError {
    pub(crate) fn new() -> MemoryAccessError {
        MemoryAccessError { _private: () }
    }
}

impl Memory {
    /// Makes a memory filled with zeros.
    ///
    /// # Errors
    /// If the type is shared, the store's limiter refuses the memory, or the host has no memory for it.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Memory> {
        ensure!(!ty.is_shared(), "{ty} is shared: use SharedMemory");
        let mut store = store.as_context_mut();
        store.inner().update_counts();
        store.core().counts.memories.check(1, "memory")?;
        let runtime = store.runtime();
        // SAFETY: the store is borrowed exclusively, and no reference into it is in use while hooks run.
        let id = grown(unsafe { runtime.new_memory(&ty.to_abi()) })?;
        let core = store.core_mut();
        core.counts.memories.add(1);
        Ok(Memory::from_id(core, id))
    }

    /// Its type as it was declared: growing does not change it.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        let core = store.as_context().core();
        MemoryType::from_abi(&core.runtime.memory_type(self.id(core)))
    }

    /// Copies bytes out of the memory, from byte `offset` on.
    ///
    /// # Errors
    /// If not all bytes are within the memory; nothing is copied then.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let store = store.as_context();
        let bytes = self.data(store).get(offset..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(MemoryAccessError::new())?);
        Ok(())
    }

    /// Copies bytes into the memory, from byte `offset` on.
    ///
    /// # Errors
    /// If not all bytes are within the memory; nothing is copied then.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let store = store.as_context_mut();
        let bytes = self.data_mut(store).get_mut(offset..).and_then(|rest| rest.get_mut(..buffer.len()));
        bytes.ok_or(MemoryAccessError::new())?.copy_from_slice(buffer);
        Ok(())
    }

    /// The bytes.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        let core = store.into().core();
        core.runtime.memory_data(self.id(core)).expect("the memory is not shared")
    }

    /// The bytes, to change.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn data_mut<'a, T: 'static>(&self, store: impl Into<StoreContextMut<'a, T>>) -> &'a mut [u8] {
        self.data_and_store_mut(store).0
    }

    /// The bytes and the host's data, to change both.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let (data, core) = store.into().split();
        let id = self.id(core);
        (core.runtime.memory_data_mut(id).expect("the memory is not shared"), data)
    }

    /// The first byte. The pointer is good until the memory grows or the store is dropped.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn data_ptr(&self, store: impl AsContext) -> *mut u8 {
        let core = store.as_context().core();
        core.runtime.memory_raw(self.id(core)).0
    }

    /// The size in bytes.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        let core = store.as_context().core();
        core.runtime.memory_raw(self.id(core)).1
    }

    /// The size in pages.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn size(&self, store: impl AsContext) -> u64 {
        let core = store.as_context().core();
        core.runtime.memory_size(self.id(core))
    }

    /// The page size in bytes.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        self.ty(store).page_size()
    }

    /// The binary logarithm of the page size in bytes.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn page_size_log2(&self, store: impl AsContext) -> u8 {
        self.ty(store).page_size_log2()
    }

    /// Grows by `delta` pages and gives the old size in pages.
    ///
    /// # Errors
    /// If that exceeds its maximum, the store's limiter refuses it, or the host has no memory for it.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let mut store = store.as_context_mut();
        let id = self.id(store.core());
        let runtime = store.runtime();
        // SAFETY: the store is borrowed exclusively, and no reference into it is in use while hooks run.
        grown(unsafe { runtime.memory_grow(id, delta) })
    }

    pub(crate) fn from_id(core: &StoreCore, id: MemoryId) -> Memory {
        Memory { store: core.id(), id }
    }

    pub(crate) fn id(&self, core: &StoreCore) -> MemoryId {
        core.assert_owns(self.store);
        self.id
    }

    pub(crate) fn store(&self) -> StoreId {
        self.store
    }
}
