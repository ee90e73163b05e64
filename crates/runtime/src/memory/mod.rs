//! Linear memories: those of one store, and those shared between threads.
//!
//! A memory belongs to the store. Code sees a copy of its base and length in each context that can
//! reach it; the store's [`Memory`] lists these copies and keeps them true.

mod bytes;
mod image;
mod linear;
pub(crate) mod parking;
mod shared;

pub(crate) use bytes::{copy as copy_atomically, fill as fill_atomically};
pub(crate) use image::{DataPlan, MemoryImage};
pub(crate) use linear::LinearMemory;
pub(crate) use shared::{Expected, Sleeper};
pub use shared::{SharedMemory, WaitResult};

use crate::builtins;
use crate::failure::{Error, GrowError};
use crate::ids::MemoryId;
use crate::store::{Store, StoreInner, StorePtr};
use std::ptr;
use windlass_abi::builtins::Status;
use windlass_abi::facts::MemoryType;
use windlass_abi::vm::VMMemory;

/// How memories take address space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryConfig {
    /// Address space that a 32-bit memory reserves, in bytes; it always reserves at least its initial
    /// size. A memory that grows beyond its reservation moves. Where the system refuses, less is reserved.
    pub reservation: u64,
    /// Address space that a 64-bit memory reserves, but not more than its declared maximum.
    pub reservation64: u64,
    /// Inaccessible bytes kept behind each reservation.
    pub guard: u64,
    /// Whether initial contents are mapped copy-on-write where that pays.
    pub images: bool,
    /// Whether reservation and guard of a memory with 32-bit addresses must be had in full, because code
    /// relies on them instead of checking bounds. Where the system refuses, that is an error.
    pub required: bool,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        MemoryConfig {
            reservation: 4 << 30,
            reservation64: 1 << 30,
            guard: 32 << 20,
            images: true,
            required: false,
        }
    }
}

/// A memory of a store.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) ty: MemoryType,
    pub(crate) bytes: MemoryBytes,
    /// Every [`VMMemory`] that shows an unshared memory to code. Contexts live as long as the store.
    copies: Vec<*mut VMMemory>,
}

/// Where the bytes of a memory are.
#[derive(Debug)]
pub(crate) enum MemoryBytes {
    Own(LinearMemory),
    Shared(SharedMemory),
}

impl Memory {
    pub(crate) fn new(ty: MemoryType, bytes: MemoryBytes) -> Memory {
        Memory { ty, bytes, copies: Vec::new() }
    }

    /// First byte and size in bytes.
    pub(crate) fn raw(&self) -> (*mut u8, usize) {
        match &self.bytes {
            MemoryBytes::Own(m) => (m.base().as_ptr(), m.len()),
            MemoryBytes::Shared(m) => (m.base(), m.byte_size()),
        }
    }

    /// Size in pages.
    fn size(&self) -> u64 {
        self.raw().1 as u64 >> self.ty.page_size_log2
    }

    /// Shows the memory to code at `place`, now and after it has grown.
    ///
    /// # Safety
    /// `place` is writable, and stays so as long as the memory can grow.
    pub(crate) unsafe fn show(&mut self, id: MemoryId, place: *mut VMMemory) {
        let (base, len) = self.raw();
        let shared_len = match &self.bytes {
            MemoryBytes::Own(_) => ptr::null(),
            MemoryBytes::Shared(m) => m.len_ptr(),
        };
        // The owner is found by number: no pointer to a `Memory` has to stay valid.
        let owner = ptr::without_provenance_mut(id.0 as usize);
        // SAFETY: the caller's promise.
        unsafe { place.write(VMMemory { base, len, shared_len, owner }) };
        if matches!(self.bytes, MemoryBytes::Own(_)) {
            self.copies.push(place);
        }
    }

    /// Grows by `delta` pages and gives the old size in pages; `None` if `stop` has said so in the middle of it.
    fn grow(&mut self, delta: u64, stop: &dyn Fn() -> bool) -> Result<Option<u64>, Error> {
        let old = self.size();
        let m = match &mut self.bytes {
            MemoryBytes::Shared(m) => return m.grow(delta).map(Some),
            MemoryBytes::Own(m) => m,
        };
        let desired = old.saturating_add(delta);
        let len = linear::byte_size(&self.ty, desired)
            .filter(|len| *len as u64 <= linear::max_bytes(&self.ty))
            .ok_or_else(|| Error::memory_maximum(&self.ty, desired))?;
        if !m.grow(len, stop)? {
            return Ok(None);
        }
        for place in &self.copies {
            // SAFETY: `show` was promised that the place stays writable.
            unsafe {
                (**place).base = m.base().as_ptr();
                (**place).len = m.len();
            }
        }
        Ok(Some(old))
    }
}

/// The bytes of a new memory of the type, with its hook asked; nothing is in the store yet.
///
/// # Safety
/// As for [`StorePtr`]'s methods.
pub(crate) unsafe fn make(store: StorePtr, ty: &MemoryType) -> Result<Result<MemoryBytes, Error>, Status> {
    let maximum = linear::max_bytes(ty);
    let len = match linear::byte_size(ty, ty.min) {
        Some(len) if len as u64 <= maximum => len,
        _ => return Ok(Err(Error::memory_maximum(ty, ty.min))),
    };
    // SAFETY: the caller's promise.
    let allowed = unsafe { store.memory_growing(ty, 0, len) }?;
    if !allowed {
        return Ok(Err(Error::Limit { what: "a memory", desired: len as u64, unit: "bytes" }));
    }
    // SAFETY: the caller's promise; the borrow ends here.
    let config = unsafe { &store.inner().config.memory };
    Ok(if ty.shared {
        SharedMemory::new(ty, config).map(MemoryBytes::Shared)
    } else {
        LinearMemory::new(ty, len, config).map(MemoryBytes::Own)
    })
}

/// `memory.grow`: the old size in pages, or why it did not grow. An error of a hook is parked.
///
/// Bytes that have to be moved can be gigabytes. An interruption of the guest stops that; if the hook says that
/// the guest goes on, growing starts anew, and is not stopped again: so it ends, however often the hook is asked.
///
/// # Safety
/// As for [`StorePtr`]'s methods.
pub(crate) unsafe fn grow(
    store: StorePtr,
    memory: MemoryId,
    delta: u64,
) -> Result<Result<u64, Error>, Status> {
    // The size that the hook has allowed.
    let mut allowed = None;
    loop {
        // SAFETY: the caller's promise; borrows of the store end before hooks run.
        unsafe {
            let (ty, old, current) = {
                let m = &store.inner().memories[memory.0 as usize];
                (m.ty, m.size(), m.raw().1)
            };
            if delta == 0 {
                return Ok(Ok(old));
            }
            let desired = old.saturating_add(delta);
            let Some(len) = linear::byte_size(&ty, desired) else {
                return grow_failed(store, Error::memory_maximum(&ty, desired));
            };
            let anew = allowed.is_some();
            if allowed != Some(len) && !store.memory_growing(&ty, current, len)? {
                return Ok(Err(Error::Limit { what: "a memory", desired: len as u64, unit: "bytes" }));
            }
            allowed = Some(len);
            let stop = || !anew && store.guest_is_interrupted();
            match store.inner().memories[memory.0 as usize].grow(delta, &stop) {
                Ok(Some(old)) => return Ok(Ok(old)),
                Ok(None) => builtins::interrupted(store)?,
                Err(why) => return grow_failed(store, why),
            }
        }
    }
}

/// Tells the hook that a memory did not grow, and why.
///
/// # Safety
/// As for [`StorePtr`]'s methods.
unsafe fn grow_failed(store: StorePtr, why: Error) -> Result<Result<u64, Error>, Status> {
    // SAFETY: the caller's promise.
    unsafe { store.ask((), |hooks| hooks.memory_grow_failed(&why).map_err(Into::into))? };
    Ok(Err(why))
}

impl StorePtr {
    /// Asks the hook whether a memory may have `desired` bytes.
    unsafe fn memory_growing(self, ty: &MemoryType, current: usize, desired: usize) -> Result<bool, Status> {
        let maximum = ty.max.and_then(|max| linear::byte_size(ty, max));
        // SAFETY: the caller's promise.
        unsafe { self.ask(true, |hooks| hooks.memory_growing(current, desired, maximum).map_err(Into::into)) }
    }

    /// Makes a memory (a shared one if the type says so), asking the hook.
    ///
    /// # Safety
    /// As for all methods here.
    pub unsafe fn new_memory(self, ty: &MemoryType) -> Result<MemoryId, GrowError> {
        // SAFETY: the caller's promise.
        unsafe {
            let bytes = make(self, ty)
                .map_err(|status| GrowError::Hook(self.failure(status)))?
                .map_err(GrowError::Refused)?;
            Ok(self.inner().add_memory(Memory::new(*ty, bytes)))
        }
    }

    /// Grows a memory by `delta` pages, asking the hook; gives the old size in pages.
    ///
    /// # Safety
    /// As for all methods here.
    pub unsafe fn memory_grow(self, memory: MemoryId, delta: u64) -> Result<u64, GrowError> {
        // SAFETY: the caller's promise.
        unsafe {
            grow(self, memory, delta)
                .map_err(|status| GrowError::Hook(self.failure(status)))?
                .map_err(GrowError::Refused)
        }
    }
}

impl StoreInner {
    pub(crate) fn add_memory(&mut self, memory: Memory) -> MemoryId {
        self.memories.push(memory);
        MemoryId(self.memories.len() as u32 - 1)
    }
}

impl Store {
    fn memory(&self, memory: MemoryId) -> &Memory {
        &self.inner().memories[memory.0 as usize]
    }

    /// Makes a shared memory known to the store, once.
    pub fn import_shared(&mut self, memory: &SharedMemory) -> MemoryId {
        let known = |m: &Memory| matches!(&m.bytes, MemoryBytes::Shared(shared) if shared.same(memory));
        if let Some(index) = self.inner_mut().memories.iter().position(known) {
            return MemoryId(index as u32);
        }
        let memory = Memory::new(memory.ty(), MemoryBytes::Shared(memory.clone()));
        self.inner_mut().add_memory(memory)
    }

    /// The handle of a shared memory; `None` for an unshared one.
    pub fn shared_memory(&self, memory: MemoryId) -> Option<SharedMemory> {
        match &self.memory(memory).bytes {
            MemoryBytes::Shared(m) => Some(m.clone()),
            MemoryBytes::Own(_) => None,
        }
    }

    /// The declared type of a memory.
    pub fn memory_type(&self, memory: MemoryId) -> MemoryType {
        self.memory(memory).ty
    }

    /// Size in pages.
    pub fn memory_size(&self, memory: MemoryId) -> u64 {
        self.memory(memory).size()
    }

    /// First byte and size in bytes. Of a shared memory, accesses must be atomic.
    pub fn memory_raw(&self, memory: MemoryId) -> (*mut u8, usize) {
        self.memory(memory).raw()
    }

    /// The bytes of an unshared memory; `None` of a shared one.
    pub fn memory_data(&self, memory: MemoryId) -> Option<&[u8]> {
        match &self.memory(memory).bytes {
            // SAFETY: the bytes are accessible; only who has the store mutably writes them.
            MemoryBytes::Own(m) => Some(unsafe { std::slice::from_raw_parts(m.base().as_ptr(), m.len()) }),
            MemoryBytes::Shared(_) => None,
        }
    }

    /// The bytes of an unshared memory; `None` of a shared one.
    pub fn memory_data_mut(&mut self, memory: MemoryId) -> Option<&mut [u8]> {
        let MemoryBytes::Own(m) = &self.memory(memory).bytes else { return None };
        // SAFETY: the bytes are accessible; the store is borrowed mutably as long as the slice.
        Some(unsafe { std::slice::from_raw_parts_mut(m.base().as_ptr(), m.len()) })
    }
}
