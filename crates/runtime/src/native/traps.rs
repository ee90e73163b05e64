//! Faults of code that are traps.
//!
//! The signal handler only asks whether the instruction lies in code ([`memory::contains`], two compares),
//! and goes on at the stub [`fault`](stubs::fault): all else happens outside the handler, on the stack that
//! faulted. So it is with an instruction that polls for interruption, too: it goes on when the host has said so.

use super::{code::NativeCode, memory, stubs};
use crate::sys;
use windlass_abi::builtins::Status;
use windlass_abi::native::POLL_LENGTH;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMContext;

/// Lets faults of code be traps, for the whole process.
pub(super) fn install() {
    sys::signals::install(|pc| memory::contains(pc).then_some(stubs::fault as unsafe extern "C" fn()));
}

/// For the stub `fault`, which has written down where the code is: what to raise for the fault of the instruction at `pc`. `OK`:
/// it polled, and goes on.
pub(super) unsafe extern "C" fn faulted(cx: *mut VMContext, pc: *const u8, address: usize) -> Status {
    // SAFETY: the frame that faulted is one of code: its context is live, and an instance's.
    unsafe {
        let place = NativeCode::of(cx).place(pc, false);
        let Some(code) = place.and_then(|place| place.trap()) else {
            // No table knows this instruction: the compiler has made something wrong, and nothing can be
            // trusted.
            eprintln!(
                "windlass: native code faulted at {pc:p} (address {address:#x}), where it never should"
            );
            std::process::abort();
        };
        if code != TrapCode::Interrupt {
            return Status::trap(code);
        }
        // From here on it is a call, which a collector finds the stack map of.
        let store = (*cx).store;
        let activation = (*store).activation;
        (*activation).pc = pc.add(POLL_LENGTH);
        (*activation).pc_is_return = true;
        ((*(*store).builtins).interrupt)(store)
    }
}
