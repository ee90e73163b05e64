//! Calls from code to host functions.

use super::registers::Registers;
use super::stack;
use std::mem::MaybeUninit;
use windlass_abi::builtins::Status;
use windlass_abi::native::{FRAME_CONTEXT, X86_64};
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::{VMContext, VMHostContext, ValRaw};

/// What the stub gets back.
#[repr(C)]
pub(super) struct Called {
    status: Status,
    /// Bytes of parameters on the stack.
    popped: usize,
}

/// Values that need no allocation.
const SMALL: usize = 16;

/// Calls a host function for the stub `host_call`: `registers` are those of the call, `top` is where the
/// return address lies, `fp` is the caller's frame. Results that belong into registers are left there.
pub(super) unsafe extern "C" fn call(
    host: *mut VMHostContext,
    registers: *mut Registers,
    top: *mut u8,
    fp: *mut u8,
) -> Called {
    // SAFETY: the stub gives the registers and the stack of a call by the convention, to a live host
    // function.
    unsafe {
        let caller: *mut VMContext = fp.offset(FRAME_CONTEXT as isize).cast::<*mut VMContext>().read();
        let store = (*host).header.store;
        let activation = (*store).activation;
        (*activation).pc = top.cast::<*const u8>().read();
        (*activation).fp = fp;
        (*activation).context = caller;
        (*activation).pc_is_return = true;
        if !stack::has_room_for_host(store, top) {
            return Called { status: Status::trap(TrapCode::StackOverflow), popped: 0 };
        }

        let signature = &*(*host).signature;
        let count = signature.params.len().max(signature.results.len());
        let mut small = [const { MaybeUninit::<ValRaw>::uninit() }; SMALL];
        let mut large = Vec::<ValRaw>::new();
        let values: *mut ValRaw = if count <= SMALL {
            small.as_mut_ptr().cast()
        } else {
            large.reserve_exact(count);
            large.as_mut_ptr()
        };
        let memory = top.add(size_of::<*const u8>());
        let mut places = X86_64.place_params();
        for (i, kind) in signature.params.iter().enumerate() {
            values.add(i).write(Registers::read(registers, memory, places.place(*kind), *kind));
        }
        let popped = places.memory() as usize;
        let area = (*registers).ints[X86_64.result_area as usize] as usize;

        let status = ((*host).call)(host, caller, values);
        if status == Status::OK {
            let area = std::ptr::with_exposed_provenance_mut(area);
            let mut places = X86_64.place_results();
            for (i, kind) in signature.results.iter().enumerate() {
                Registers::write(registers, area, places.place(*kind), *kind, *values.add(i));
            }
        }
        Called { status, popped }
    }
}
