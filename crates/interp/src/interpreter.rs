//! The interpreter as the runtime sees it: how it is entered, and how its frames are walked.

use crate::frame::{self, Header, Prologue};
use crate::handlers::call::{Exit, Host, from_values, to_values};
#[cfg(windlass_tail_dispatch)]
use crate::machine::{Handler, run};
use crate::machine::{OPCODE, Regs, Unit, encode, execute};
use crate::table::opcode;
use crate::unwind;
use alloc::boxed::Box;
use core::ops::ControlFlow;
use core::ptr;
use windlass_abi::builtins::Status;
use windlass_abi::processor::{Frame, HostEntry, Processor};
use windlass_abi::trap::TrapCode;
use windlass_abi::types::Signature;
use windlass_abi::vm::{Activation, ContextKind, VMFuncRef, VMHostContext, VMStore, ValRaw};

/// The code that the first frame of an activation returns to.
#[repr(C, packed(2))]
struct ExitCode {
    /// The last operand of the call there was not: the distance of the frames.
    distance: Unit,
    #[cfg(windlass_tail_dispatch)]
    exit: Handler,
    #[cfg(not(windlass_tail_dispatch))]
    exit: Unit,
}

static EXIT: ExitCode = ExitCode {
    distance: 0,
    #[cfg(windlass_tail_dispatch)]
    exit: run::<Exit>,
    #[cfg(not(windlass_tail_dispatch))]
    exit: opcode::<Exit>(),
};

/// What the first frame of an activation returns to.
pub(crate) fn exit_code() -> *const Unit {
    // The whole structure is accessible through the pointer: the distance is read, too.
    (&raw const EXIT).cast::<Unit>().wrapping_add(1)
}

/// The interpreter: a [`Processor`] in software.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interpreter;

impl Interpreter {
    /// The interpreter.
    pub const fn new() -> Interpreter {
        Interpreter
    }
}

/// Unlinks an activation when its entry ends, however it ends.
struct Linked {
    store: *mut VMStore,
    prev: *mut Activation,
    top: *mut u64,
}

impl Drop for Linked {
    fn drop(&mut self) {
        // SAFETY: the store outlives the entry.
        unsafe {
            (*self.store).activation = self.prev;
            (*self.store).frames.top = self.top;
        }
    }
}

// SAFETY: the activation is linked exactly while `enter` runs code; positions and safepoints are
// recorded by the translator for every operator that can leave the code.
unsafe impl Processor for Interpreter {
    unsafe fn enter(&self, store: *mut VMStore, callee: *const VMFuncRef, args: *mut ValRaw) -> Status {
        // SAFETY: the caller's promises; the frame is written only when it fits the stack.
        unsafe {
            let cx = (*callee).context;
            let mut activation = Activation {
                prev: (*store).activation,
                pc: ptr::null(),
                fp: ptr::null_mut(),
                context: cx,
                pc_is_return: false,
                entry_sp: ptr::null_mut(),
            };
            let fp = (*store).frames.top;
            let _linked = Linked { store, prev: activation.prev, top: fp };
            (*store).activation = &raw mut activation;
            if (*cx).kind == ContextKind::Host {
                let host: *mut VMHostContext = cx.cast();
                return ((*host).call)(host, ptr::null_mut(), args);
            }
            let signature = &*(*callee).signature;
            let code: *const Unit = (*callee).code.cast();
            let mut r = Regs {
                ip: ptr::null(),
                fp,
                mem: (*cx).memory0.base,
                len: (*cx).memory0.len,
                acc: 0,
                cx,
                acc32: 0.0,
                acc64: 0.0,
            };
            let prologue = Prologue::at(code);
            if !frame::fits(&r, fp, prologue.size) {
                ((*(*store).builtins).trap)(store, TrapCode::StackOverflow as u64);
                return Status::trap(TrapCode::StackOverflow);
            }
            to_slots(signature, args, fp, prologue);
            Header { return_to: exit_code(), caller: cx }.write(fp, prologue.header);
            r.ip = code.add(frame::PROLOGUE);
            let status = execute(r);
            if status == Status::OK {
                to_values(&signature.results, fp, args);
            }
            status
        }
    }

    unsafe fn frames(&self, activation: *const Activation, visit: &mut dyn FnMut(Frame) -> ControlFlow<()>) {
        // SAFETY: the caller's promise.
        unsafe { unwind::frames(activation, visit) }
    }

    unsafe fn roots(&self, activation: *const Activation, visit: &mut dyn FnMut(*mut u64)) {
        // SAFETY: the caller's promise.
        unsafe { unwind::roots(activation, visit) }
    }

    fn host_entry(&self, signature: &Signature) -> Box<dyn HostEntry> {
        // Parameters and results of a signature are at most 1,000 values each, of two slots at most: validation's limit.
        let slots = signature.param_slots.max(signature.result_slots);
        let size = slots + frame::HEADER as u32;
        let header = u16::try_from(slots).expect("a signature's values fit a frame");
        let mut code = [0; HOST_UNITS];
        code[..frame::PROLOGUE].copy_from_slice(&Prologue { header, zeroed: 0, size }.to_units());
        let operands = frame::PROLOGUE + OPCODE;
        code[frame::PROLOGUE..operands].copy_from_slice(&encode(opcode::<Host>()));
        code[operands..].copy_from_slice(&[header, size as u16]);
        Box::new(HostCode(code))
    }

    fn uses_frame_stack(&self) -> bool {
        true
    }
}

/// Puts arguments into a frame's first slots, and clears the locals after them.
unsafe fn to_slots(signature: &Signature, args: *const ValRaw, fp: *mut u64, prologue: Prologue) {
    // SAFETY: the frame fits the stack, and starts with the parameters.
    unsafe {
        from_values(&signature.params, args, fp);
        let zeroed = prologue.zeroed as usize;
        ptr::write_bytes(fp.add(prologue.header as usize - zeroed), 0, zeroed);
    }
}

/// Units of the code of a host function: the prologue, and one instruction.
const HOST_UNITS: usize = frame::PROLOGUE + OPCODE + 2;

/// The code of a host function.
struct HostCode([Unit; HOST_UNITS]);

impl HostEntry for HostCode {
    fn entry(&self) -> *const u8 {
        self.0.as_ptr().cast()
    }
}
