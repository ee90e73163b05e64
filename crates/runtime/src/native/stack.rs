//! How deep the stack of native code may get, and how an interrupter makes itself heard there.
//!
//! `VMStore::stack_floor` is the lowest address that the stack may reach, for the thread that runs; it is set
//! by entries. Code compares with `VMStore::stack_limit`, which is the floor, or more than any address while
//! the interrupt word is set.

use crate::host::{HOST_RESERVE, lowest_address};
use crate::interrupt::refresh_stack_limit;
use crate::store::StorePtr;
use crate::sys;
use std::sync::atomic::Ordering::SeqCst;
use windlass_abi::builtins::Status;
use windlass_abi::native::STACK_RESERVE;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMStore;

// What code takes below the floor is taken from there.
const _: () = assert!(HOST_RESERVE > 2 * STACK_RESERVE);

/// The stack that an entry may use.
pub(super) struct StackRange {
    store: *mut VMStore,
    /// The floor of the entry before it, if that is on another stack.
    outer_floor: Option<usize>,
}

impl StackRange {
    /// Sets the floor for an entry at about this depth; `None` if that is too deep already. An entry within
    /// another one on the same stack keeps that one's floor. A stack that is neither the thread's own nor a fiber's counts as
    /// used up: nobody knows where it ends. So does one that is too small to keep the reserve free.
    ///
    /// # Safety
    /// The store is live and used by this thread.
    pub(super) unsafe fn enter(store: *mut VMStore, nested: bool) -> Option<StackRange> {
        let here = sys::stack_pointer();
        let stack = sys::current_stack();
        let lowest = lowest_address(&stack, here).filter(|lowest| lowest - stack.start >= STACK_RESERVE)?;
        // SAFETY: the caller's promise.
        unsafe {
            let outer = nested.then_some((*store).stack_floor);
            let kept = outer.is_some_and(|floor| lowest_address(&stack, floor) == Some(lowest));
            if !kept {
                let wasm = StorePtr::from_vmstore(store).inner().config.max_wasm_stack;
                (*store).stack_floor = here.saturating_sub(wasm).max(lowest);
                refresh_stack_limit(store);
            }
            let range = StackRange { store, outer_floor: outer.filter(|_| !kept) };
            (here >= (*store).stack_floor).then_some(range)
        }
    }
}

impl Drop for StackRange {
    fn drop(&mut self) {
        if let Some(floor) = self.outer_floor {
            // SAFETY: the store outlives the entry.
            unsafe {
                (*self.store).stack_floor = floor;
                refresh_stack_limit(self.store);
            }
        }
    }
}

/// Whether a host function may be called with the stack at `sp`.
///
/// # Safety
/// The store is live and used by this thread.
pub(super) unsafe fn has_room_for_host(store: *mut VMStore, sp: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    sp.addr() >= unsafe { (*store).stack_floor }
}

/// For the stub `stack_check`: code found the limit exceeded that wants the stack down to `lowest`.
pub(super) unsafe extern "C" fn check(store: *mut VMStore, lowest: usize) -> Status {
    // SAFETY: the stub gives the live store, with the position written down.
    unsafe {
        // What an absurdly large frame asks for may have wrapped around.
        if lowest < (*store).stack_floor || lowest > sys::stack_pointer() + STACK_RESERVE {
            return Status::trap(TrapCode::StackOverflow);
        }
        if (*store).interrupt.load(SeqCst) != 0 {
            return ((*(*store).builtins).interrupt)(store);
        }
        refresh_stack_limit(store);
        Status::OK
    }
}
