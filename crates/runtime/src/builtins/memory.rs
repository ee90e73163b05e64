//! Builtins on memories and data segments.

use super::{find, in_chunks, result, status};
use crate::memory::{self, copy_atomically, fill_atomically};
use crate::store::StorePtr;
use std::sync::atomic::Ordering::Relaxed;
use windlass_abi::builtins::{Status, VMResult};
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::{VMContext, VMMemory};

/// Bytes of a bulk operation between two looks at the interrupt word: less than a millisecond's worth.
const CHUNK: usize = 1 << 20;

/// A memory as its context shows it now.
struct View {
    base: *mut u8,
    len: usize,
    shared: bool,
}

/// # Safety
/// The instance of `cx` has the memory.
unsafe fn view(cx: *mut VMContext, memory: u32) -> View {
    // SAFETY: memory `i` lies `i` entries behind the first, in the same allocation. The length behind a
    // shared memory's pointer lives as long as the memory, which the store holds.
    unsafe {
        let entry = (&raw const (*cx).memory0).add(memory as usize);
        let VMMemory { base, len, shared_len, .. } = *entry;
        match shared_len.as_ref() {
            None => View { base, len, shared: false },
            Some(len) => View { base, len: len.load(Relaxed), shared: true },
        }
    }
}

impl View {
    /// `at` and `len` as numbers of the host, if the range lies within the memory.
    fn range(&self, at: u64, len: u64) -> Result<(usize, usize), Status> {
        let end = at.checked_add(len).filter(|end| *end <= self.len as u64);
        end.map(|_| (at as usize, len as usize)).ok_or(Status::trap(TrapCode::MemoryOutOfBounds))
    }
}

/// Copies bytes; the ranges may overlap.
///
/// # Safety
/// Both ranges are in bounds; those of shared memories are accessed atomically.
unsafe fn copy(dst: *mut u8, src: *const u8, len: usize, shared: bool) {
    // SAFETY: the caller's promise.
    unsafe {
        match shared {
            false => dst.copy_from(src, len),
            true => copy_atomically(dst, src, len),
        }
    }
}

pub(super) unsafe extern "C" fn memory_grow(cx: *mut VMContext, memory: u32, delta: u64) -> VMResult {
    // SAFETY: as the table of builtins says.
    unsafe {
        let (store, instance) = find(cx);
        let id = store.inner().instance(instance).memories[memory as usize];
        result(memory::grow(store, id, delta).map(|grown| grown.unwrap_or(u64::MAX)))
    }
}

pub(super) unsafe extern "C" fn memory_copy(
    cx: *mut VMContext,
    dst_memory: u32,
    src_memory: u32,
    dst: u64,
    src: u64,
    len: u64,
) -> Status {
    // SAFETY: as the table of builtins says. Bounds are checked; bases are read again for each piece,
    // since a hook may have grown a memory.
    unsafe {
        let (to, from) = (view(cx, dst_memory), view(cx, src_memory));
        let (Ok((dst, len)), Ok((src, _))) = (to.range(dst, len), from.range(src, len)) else {
            return Status::trap(TrapCode::MemoryOutOfBounds);
        };
        if len <= CHUNK && !to.shared && !from.shared {
            copy(to.base.add(dst), from.base.add(src), len, false);
            return Status::OK;
        }
        // Two indices may name one memory; for two memories the direction does not matter.
        let backwards = dst > src;
        let store = StorePtr::from_context(cx);
        status(in_chunks(store, len, CHUNK, backwards, |part| {
            let (to, from) = (view(cx, dst_memory), view(cx, src_memory));
            let shared = to.shared || from.shared;
            copy(to.base.add(dst + part.start), from.base.add(src + part.start), part.len(), shared);
        }))
    }
}

pub(super) unsafe extern "C" fn memory_fill(
    cx: *mut VMContext,
    memory: u32,
    dst: u64,
    value: u32,
    len: u64,
) -> Status {
    // SAFETY: as the table of builtins says. Bounds are checked, the base is read for each piece.
    unsafe {
        let to = view(cx, memory);
        let (dst, len) = match to.range(dst, len) {
            Ok(range) => range,
            Err(status) => return status,
        };
        if len <= CHUNK && !to.shared {
            to.base.add(dst).write_bytes(value as u8, len);
            return Status::OK;
        }
        let store = StorePtr::from_context(cx);
        status(in_chunks(store, len, CHUNK, false, |part| {
            let to = view(cx, memory);
            let place = to.base.add(dst + part.start);
            match to.shared {
                false => place.write_bytes(value as u8, part.len()),
                true => fill_atomically(place, value as u8, part.len()),
            }
        }))
    }
}

pub(super) unsafe extern "C" fn memory_init(
    cx: *mut VMContext,
    memory: u32,
    segment: u32,
    dst: u64,
    src: u64,
    len: u64,
) -> Status {
    // SAFETY: as the table of builtins says. Bounds are checked, the base is read for each piece.
    unsafe {
        let (store, instance) = find(cx);
        let (module, dropped) = {
            let instance = store.inner().instance(instance);
            (instance.module.clone(), instance.dropped_data.contains(segment))
        };
        let bytes = match dropped {
            true => &[],
            false => &module.data()[module.facts().data[segment as usize].bytes.clone()],
        };
        let trap = Status::trap(TrapCode::MemoryOutOfBounds);
        let Some(end) = src.checked_add(len).filter(|end| *end <= bytes.len() as u64) else { return trap };
        let bytes = &bytes[src as usize..end as usize];
        let (dst, len) = match view(cx, memory).range(dst, len) {
            Ok(range) => range,
            Err(status) => return status,
        };
        status(in_chunks(store, len, CHUNK, false, |part| {
            let to = view(cx, memory);
            let from = bytes[part.clone()].as_ptr();
            copy(to.base.add(dst + part.start), from, part.len(), to.shared);
        }))
    }
}

pub(super) unsafe extern "C" fn data_drop(cx: *mut VMContext, segment: u32) {
    // SAFETY: as the table of builtins says.
    unsafe {
        let (store, instance) = find(cx);
        store.inner().instances[instance.0 as usize].dropped_data.insert(segment);
    }
}
