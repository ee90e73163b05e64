//! Calls from the host into code.

use super::registers::Registers;
use super::stack::StackRange;
use super::{stubs, walk};
use std::ops::ControlFlow;
use std::ptr;
use windlass_abi::builtins::Status;
use windlass_abi::native::{NativeStubs, Placer, X86_64};
use windlass_abi::processor::{Frame, HostEntry, Processor};
use windlass_abi::trap::TrapCode;
use windlass_abi::types::{Signature, ValKind};
use windlass_abi::vm::{Activation, ContextKind, VMContext, VMFuncRef, VMHostContext, VMStore, ValRaw};

/// What the stub [`enter`](stubs::enter) loads and keeps.
#[repr(C)]
pub(super) struct Entry {
    /// Parameters, then results.
    pub(super) registers: Registers,
    pub(super) activation: *mut Activation,
    /// Parameters on the stack.
    pub(super) stack: *const u64,
    /// Their bytes, a multiple of 16.
    pub(super) stack_len: usize,
    pub(super) context: *mut VMContext,
    pub(super) code: *const u8,
}

/// What runs native code: a [`Processor`] in hardware.
#[derive(Clone, Copy, Debug)]
pub struct NativeProcessor(());

impl NativeProcessor {
    /// The processor. The first one makes faults of code into traps, for the whole process: it puts handlers
    /// in place for `SIGSEGV`, `SIGBUS`, `SIGILL`, `SIGFPE`, which pass on what is not theirs.
    #[allow(clippy::new_without_default, reason = "it changes the process")]
    pub fn new() -> NativeProcessor {
        super::traps::install();
        NativeProcessor(())
    }

    /// A processor for code that never faults, because it checks everything itself. Puts no handlers in
    /// place.
    pub fn without_signals() -> NativeProcessor {
        NativeProcessor(())
    }
}

/// Unlinks an activation when its entry ends.
struct Linked {
    store: *mut VMStore,
    prev: *mut Activation,
}

impl Drop for Linked {
    fn drop(&mut self) {
        // SAFETY: the store outlives the entry.
        unsafe { (*self.store).activation = self.prev };
    }
}

/// 8-byte units of memory for parameters and for results that need no allocation.
const SMALL: usize = 16;

/// Memory for values that are in no register.
struct Area {
    small: [u64; SMALL],
    large: Vec<u64>,
}

impl Area {
    fn new(bytes: u32) -> Area {
        let units = bytes as usize / 8;
        let large = if units > SMALL { vec![0; units] } else { Vec::new() };
        Area { small: [0; SMALL], large }
    }

    fn as_mut_ptr(&mut self) -> *mut u64 {
        if self.large.is_empty() { self.small.as_mut_ptr() } else { self.large.as_mut_ptr() }
    }
}

// SAFETY: the activation is linked exactly while `enter` runs; stubs write positions to it whenever code
// leaves, and compilers describe every call that can leave and every reference.
unsafe impl Processor for NativeProcessor {
    unsafe fn enter(&self, store: *mut VMStore, callee: *const VMFuncRef, args: *mut ValRaw) -> Status {
        // SAFETY: the caller's promises.
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
            let _linked = Linked { store, prev: activation.prev };
            (*store).activation = &raw mut activation;
            let Some(_stack) = StackRange::enter(store, !activation.prev.is_null()) else {
                ((*(*store).builtins).trap)(store, TrapCode::StackOverflow as u64);
                return Status::trap(TrapCode::StackOverflow);
            };
            if (*cx).kind == ContextKind::Host {
                let host: *mut VMHostContext = cx.cast();
                return ((*host).call)(host, ptr::null_mut(), args);
            }
            call(callee, args, &raw mut activation)
        }
    }

    unsafe fn frames(&self, activation: *const Activation, visit: &mut dyn FnMut(Frame) -> ControlFlow<()>) {
        // SAFETY: the caller's promise.
        unsafe {
            walk::walk(activation, |cursor, place| {
                visit(Frame {
                    context: cursor.context,
                    function: place.function().index,
                    offset: place.offset(),
                    slots: place.home_slots(cursor.fp),
                })
            });
        }
    }

    unsafe fn roots(&self, activation: *const Activation, visit: &mut dyn FnMut(*mut u64)) {
        // SAFETY: the caller's promise; the slots of a safepoint lie in its frame.
        unsafe {
            walk::walk(activation, |cursor, place| {
                for &slot in place.reference_slots() {
                    visit(place.home_slot(cursor.fp, slot));
                }
                ControlFlow::Continue(())
            });
        }
    }

    fn host_entry(&self, _: &Signature) -> Box<dyn HostEntry> {
        Box::new(HostStub)
    }

    fn uses_frame_stack(&self) -> bool {
        false
    }

    fn stubs(&self) -> *const NativeStubs {
        &stubs::STUBS
    }
}

/// Bytes that values take which are in no register.
fn memory(mut places: Placer, kinds: &[ValKind]) -> u32 {
    for kind in kinds {
        places.place(*kind);
    }
    places.memory()
}

/// Puts parameters where they belong, calls, and collects results.
///
/// # Safety
/// As for [`Processor::enter`]; the activation is linked, and the callee is a function of an instance.
unsafe fn call(callee: *const VMFuncRef, args: *mut ValRaw, activation: *mut Activation) -> Status {
    // SAFETY: the caller's promise; locations come from the convention.
    unsafe {
        let signature = &*(*callee).signature;
        let mut entry = Entry {
            registers: Registers::new(),
            activation,
            stack: ptr::null(),
            stack_len: 0,
            context: (*callee).context,
            code: (*callee).code,
        };
        let registers = &raw mut entry.registers;

        let stack_len = memory(X86_64.place_params(), &signature.params);
        let mut stack = Area::new(stack_len);
        let mut results = Area::new(memory(X86_64.place_results(), &signature.results));
        entry.stack = stack.as_mut_ptr();
        entry.stack_len = stack_len as usize;
        let result_area = results.as_mut_ptr();

        let mut params = X86_64.place_params();
        for (i, kind) in signature.params.iter().enumerate() {
            let value = *args.add(i);
            Registers::write(registers, entry.stack.cast_mut().cast(), params.place(*kind), *kind, value);
        }
        (*registers).ints[X86_64.result_area as usize] = result_area.expose_provenance() as u64;

        let status = stubs::enter(&raw mut entry);
        if status == Status::OK {
            let mut places = X86_64.place_results();
            for (i, kind) in signature.results.iter().enumerate() {
                *args.add(i) = Registers::read(registers, result_area.cast(), places.place(*kind), *kind);
            }
        }
        status
    }
}

/// Code through which Wasm calls host functions: one stub for all.
struct HostStub;

impl HostEntry for HostStub {
    fn entry(&self) -> *const u8 {
        stubs::host_call as *const u8
    }
}
