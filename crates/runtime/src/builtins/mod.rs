//! The builtin functions through which code asks the runtime for work.
//!
//! Each finds the store through the context that it gets. The code has written its position to the
//! activation before the call, so a builtin may walk the stack, collect, and run hooks; it holds no
//! borrow of the store while a hook runs.
//!
//! Long bulk operations look at the interrupt word now and then ([`in_chunks`]). They check bounds once,
//! before the first write; memories and tables only grow meanwhile.

mod atomics;
mod control;
mod memory;
mod reference;
mod table;

pub(crate) use control::interrupted;

use crate::failure::Failure;
use crate::ids::InstanceId;
use crate::store::StorePtr;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use windlass_abi::builtins::{Status, VMBuiltins, VMResult};
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMContext;

/// The table of builtins for every store.
pub(crate) static BUILTINS: VMBuiltins = VMBuiltins {
    memory_grow: memory::memory_grow,
    memory_copy: memory::memory_copy,
    memory_fill: memory::memory_fill,
    memory_init: memory::memory_init,
    data_drop: memory::data_drop,
    table_get_func: table::table_get_func,
    table_set_func: table::table_set_func,
    table_grow_func: table::table_grow_func,
    table_grow_gc: table::table_grow_gc,
    table_fill_func: table::table_fill_func,
    table_fill_gc: table::table_fill_gc,
    table_copy: table::table_copy,
    table_init: table::table_init,
    elem_drop: table::elem_drop,
    ref_func: reference::ref_func,
    is_subtype: reference::is_subtype,
    exception_new: reference::exception_new,
    exception_tag: reference::exception_tag,
    exception_payload: reference::exception_payload,
    atomic_wait32: atomics::atomic_wait32,
    atomic_wait64: atomics::atomic_wait64,
    atomic_notify: atomics::atomic_notify,
    interrupt: control::interrupt,
    fuel_exhausted: control::fuel_exhausted,
    trap: control::trap,
};

impl StorePtr {
    /// Whether a guest is running, or has called the host function that is, and is to be stopped. What the host
    /// does on its own account is not interrupted.
    ///
    /// # Safety
    /// As for all methods here.
    pub(crate) unsafe fn guest_is_interrupted(self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.is_interrupted() && !(*self.vmstore()).activation.is_null() }
    }

    /// # Safety
    /// As for all methods here.
    pub(crate) unsafe fn is_interrupted(self) -> bool {
        // SAFETY: the caller's promise; the field is atomic.
        unsafe { (*self.vmstore()).interrupt.load(Relaxed) != 0 }
    }

    /// What code does when it sees the interrupt word, for host code: asks the hook whether to go on, if the word is set.
    ///
    /// # Safety
    /// As for all methods here.
    pub unsafe fn check_interrupt(self) -> Result<(), Failure> {
        // SAFETY: the caller's promise.
        unsafe {
            if !self.is_interrupted() {
                return Ok(());
            }
            interrupted(self).map_err(|status| self.failure(status))
        }
    }
}

/// The store and the instance of a context.
///
/// # Safety
/// `cx` is the context of an instance, entered on this thread.
unsafe fn find(cx: *mut VMContext) -> (StorePtr, InstanceId) {
    // SAFETY: the caller's promise.
    unsafe { (StorePtr::from_context(cx), InstanceId((*cx).id)) }
}

/// A result with a value.
fn value(value: u64) -> VMResult {
    VMResult { value, status: Status::OK }
}

/// A result without one.
fn failed(status: Status) -> VMResult {
    VMResult { value: 0, status }
}

/// A result that is a trap.
fn trapped(code: TrapCode) -> VMResult {
    failed(Status::trap(code))
}

/// The result of a builtin that gives a number.
fn result(result: Result<u64, Status>) -> VMResult {
    match result {
        Ok(v) => value(v),
        Err(status) => failed(status),
    }
}

/// The result of a builtin that gives nothing.
fn status(result: Result<(), Status>) -> Status {
    match result {
        Ok(()) => Status::OK,
        Err(status) => status,
    }
}

/// Does `step` for `0..len` piece by piece, from the end if `backwards`, and looks at the interrupt word
/// between the pieces.
///
/// # Safety
/// As for [`StorePtr`]'s methods.
pub(crate) unsafe fn in_chunks(
    store: StorePtr,
    len: usize,
    chunk: usize,
    backwards: bool,
    mut step: impl FnMut(Range<usize>),
) -> Result<(), Status> {
    let mut done = 0;
    loop {
        let size = chunk.min(len - done);
        let start = if backwards { len - done - size } else { done };
        step(start..start + size);
        done += size;
        if done == len {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        unsafe {
            if store.guest_is_interrupted() {
                interrupted(store)?;
            }
        }
    }
}
