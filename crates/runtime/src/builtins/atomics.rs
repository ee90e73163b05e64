//! Builtins for waiting and notifying.

use super::{control, failed, find, trapped, value};
use crate::memory::{Expected, MemoryBytes, Sleeper};
use std::time::Duration;
use windlass_abi::builtins::VMResult;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMContext;

pub(super) unsafe extern "C" fn atomic_wait32(
    cx: *mut VMContext,
    memory: u32,
    address: u64,
    expected: u32,
    timeout: i64,
) -> VMResult {
    // SAFETY: as the table of builtins says.
    unsafe { wait(cx, memory, address, Expected::I32(expected), timeout) }
}

pub(super) unsafe extern "C" fn atomic_wait64(
    cx: *mut VMContext,
    memory: u32,
    address: u64,
    expected: u64,
    timeout: i64,
) -> VMResult {
    // SAFETY: as the table of builtins says.
    unsafe { wait(cx, memory, address, Expected::I64(expected), timeout) }
}

/// # Safety
/// As the builtins.
unsafe fn wait(cx: *mut VMContext, memory: u32, address: u64, expected: Expected, timeout: i64) -> VMResult {
    // SAFETY: the caller's promise. The memory and what the store shares with other threads are held by
    // handles of our own, so no borrow of the store is live when the hook runs.
    unsafe {
        let (store, instance) = find(cx);
        let (memory, shared) = {
            let inner = store.inner();
            let id = inner.instance(instance).memories[memory as usize];
            match &inner.memories[id.0 as usize].bytes {
                MemoryBytes::Shared(m) => (m.clone(), inner.shared.clone()),
                MemoryBytes::Own(_) => return trapped(TrapCode::ExpectedShared),
            }
        };
        let timeout = u64::try_from(timeout).ok().map(Duration::from_nanos);
        let sleeper = Sleeper { parker: &shared.parker, interrupted: &|| shared.is_interrupted() };
        match memory.wait(address, expected, timeout, sleeper, || control::interrupted(store)) {
            Ok(Ok(result)) => value(result as u64),
            Ok(Err(trap)) => trapped(trap),
            Err(status) => failed(status),
        }
    }
}

pub(super) unsafe extern "C" fn atomic_notify(
    cx: *mut VMContext,
    memory: u32,
    address: u64,
    count: u32,
) -> VMResult {
    // SAFETY: as the table of builtins says.
    unsafe {
        let (store, instance) = find(cx);
        let inner = store.inner();
        let id = inner.instance(instance).memories[memory as usize];
        let memory = &inner.memories[id.0 as usize];
        if let MemoryBytes::Shared(m) = &memory.bytes {
            return match m.atomic_notify(address, count) {
                Ok(woken) => value(woken as u64),
                Err(trap) => trapped(trap),
            };
        }
        // Nobody can wait on a memory that is not shared.
        if !address.is_multiple_of(4) {
            return trapped(TrapCode::UnalignedAtomic);
        }
        let in_bounds = address.checked_add(4).is_some_and(|end| end <= memory.raw().1 as u64);
        if in_bounds { value(0) } else { trapped(TrapCode::MemoryOutOfBounds) }
    }
}
