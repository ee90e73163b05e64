//! The native side of the contract: registers, the calling convention of Wasm code, frames, stubs.
//!
//! **Registers** (x86-64). `r15` is the [`VMContext`](crate::vm::VMContext) of the running code.
//! `rbx`, `r12`, `r13`, `r14` and `rbp` are callee-saved; all others are clobbered by a call. `r15` comes
//! back as it was only from a direct call within the instance (and in a module that has a tail call
//! that may leave the instance, from none): otherwise the caller reloads it from its frame.
//! The direction flag is clear.
//!
//! **Fuel.** Where [`VMStore::fuel_in_register`](crate::vm::VMStore::fuel_in_register) is set, all code of the store keeps the fuel in
//! [`FUEL_REGISTER`], which then is neither callee-saved nor anybody's local. Code writes it to the store before it calls a
//! stub, and reads it again after that; entries, host functions and faults do the same for code.
//!
//! **Values.** Integers of 32 bits and heap references are zero-extended in 64-bit registers and slots;
//! function references are pointers; floats are in the low lanes of vector registers, whose upper
//! lanes are undefined.
//!
//! **Calls.** [`Convention::params`] and [`Convention::results`] say where values go. Stack
//! parameters lie above the return address, the first lowest, in units of 8 bytes (vectors 16); their size
//! is rounded up to 16 bytes, and **the callee pops them**. At a call `rsp` is a multiple of 16.
//! Results that do not fit registers go to an area of the caller's, whose address is passed in
//! [`X86_64::result_area`](X86_64); a tail call passes on the area it got: the callee has the same results.
//!
//! **Frames.** Each function that can call, or can be seen on the stack when something traps, starts with
//! `push rbp; mov rbp, rsp; push r15`, so that the frames are a chain through `rbp`, and a frame's context
//! lies at `rbp - 8`. `rsp` is `rbp - frame_size` at each call and each trap, less the stack parameters
//! that a call has popped.
//!
//! **Leaving.** Code reaches the runtime through [`NativeStubs`], which record in the current
//! [`Activation`](crate::vm::Activation) where it left. Host functions are called like Wasm functions:
//! the callee is a stub.
//!
//! **Tail calls to host functions** are a call and a return: code that makes a tail call that may leave
//! the instance looks at the kind of the context it is about to give away.

use crate::types::ValKind;
use alloc::vec::Vec;

/// Where a value is at a call or a return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Location {
    /// In this integer register.
    Int(u8),
    /// In this vector register.
    Vector(u8),
    /// In memory, at this byte offset: of the stack parameters, or of the result area.
    Memory(u32),
}

/// Where all parameters, or all results, of a signature are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Locations {
    /// For each value.
    pub values: Vec<Location>,
    /// Bytes in memory, a multiple of 16.
    pub memory: u32,
}

/// The registers of a target's calling convention, by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Convention {
    /// Integer registers for parameters, in order.
    pub int_params: &'static [u8],
    /// Vector registers for parameters, in order.
    pub vector_params: &'static [u8],
    /// Integer registers for results, in order.
    pub int_results: &'static [u8],
    /// Vector registers for results, in order.
    pub vector_results: &'static [u8],
    /// The integer register for the address of the result area.
    pub result_area: u8,
    /// The register that holds the context.
    pub context: u8,
    /// Integer registers that a callee leaves as they were, without frame pointer and context.
    pub callee_saved: &'static [u8],
}

/// The convention on x86-64; numbers are those of the encoding (`rax` 0, `rcx` 1, `rdx` 2, `rbx` 3, `rsp` 4, …).
pub const X86_64: Convention = Convention {
    int_params: &[7, 6, 2, 1, 8, 9],
    vector_params: &[0, 1, 2, 3, 4, 5, 6, 7],
    int_results: &[0, 2, 1, 6, 7, 8],
    vector_results: &[0, 1, 2, 3, 4, 5, 6, 7],
    result_area: 10,
    context: 15,
    callee_saved: &[3, 12, 13, 14],
};

/// Gives the places of values one after the other.
#[derive(Clone, Debug)]
pub struct Placer {
    ints: core::slice::Iter<'static, u8>,
    vectors: core::slice::Iter<'static, u8>,
    memory: u32,
}

impl Placer {
    fn new(ints: &'static [u8], vectors: &'static [u8]) -> Placer {
        Placer { ints: ints.iter(), vectors: vectors.iter(), memory: 0 }
    }

    /// Where the next value is, which is of this kind.
    #[inline]
    pub fn place(&mut self, kind: ValKind) -> Location {
        let register = match kind {
            ValKind::F32 | ValKind::F64 | ValKind::V128 => self.vectors.next().map(|r| Location::Vector(*r)),
            ValKind::I32 | ValKind::I64 | ValKind::Func | ValKind::Gc => {
                self.ints.next().map(|r| Location::Int(*r))
            }
        };
        register.unwrap_or_else(|| {
            let at = self.memory;
            self.memory += 8 * kind.slots() as u32;
            Location::Memory(at)
        })
    }

    /// Bytes in memory that the values so far take, a multiple of 16.
    #[inline]
    pub fn memory(&self) -> u32 {
        self.memory.next_multiple_of(16)
    }
}

impl Convention {
    fn locations(mut placer: Placer, kinds: impl Iterator<Item = ValKind>) -> Locations {
        let values = kinds.map(|kind| placer.place(kind)).collect();
        Locations { values, memory: placer.memory() }
    }

    /// Where parameters are, one after the other.
    pub fn place_params(&self) -> Placer {
        Placer::new(self.int_params, self.vector_params)
    }

    /// Where results are, one after the other.
    pub fn place_results(&self) -> Placer {
        Placer::new(self.int_results, self.vector_results)
    }

    /// Where parameters of these kinds are; memory is the stack above the return address.
    pub fn params(&self, kinds: impl Iterator<Item = ValKind>) -> Locations {
        Convention::locations(self.place_params(), kinds)
    }

    /// Where results of these kinds are; memory is the result area.
    pub fn results(&self, kinds: impl Iterator<Item = ValKind>) -> Locations {
        Convention::locations(self.place_results(), kinds)
    }
}

/// The register (`r14`) that holds the fuel, if one does.
pub const FUEL_REGISTER: u8 = 14;

/// Code that polls for interruption reads so many bytes below its context: a page that can be read unless someone wants the
/// guest's attention. The instruction has a position with [`TrapCode::Interrupt`](crate::trap::TrapCode::Interrupt). If it faults the
/// runtime asks `VMBuiltins::interrupt`, and code goes on behind it with every register as it was: so what is true
/// at a call is true there, its stack map included, and the address of a memory that moves is in no register.
pub const POLL_DISTANCE: usize = 4096;

/// Length of an instruction that polls.
pub const POLL_LENGTH: usize = 7;

/// Offset of the context from a frame's `rbp`.
pub const FRAME_CONTEXT: i32 = -8;

/// The largest frame whose function compares `rsp` itself with the stack limit: the reserve below the
/// limit covers it. Larger ones compare `rsp` less their size.
pub const SMALL_FRAME: u32 = 4 << 10;

/// Bytes kept free below the stack limit: for small frames of functions that don't check, for stubs, for
/// builtins that run no host code, and for signal handlers.
pub const STACK_RESERVE: usize = 48 << 10;

/// Entry points of the runtime for native code. Each is called (`call`) with the context in `r15`, `rbp`
/// the frame, and `rsp` a multiple of 16.
#[repr(C)]
pub struct NativeStubs {
    /// Never returns. `rax`: a [`Status`](crate::builtins::Status) other than `OK`. A trap code is reported with the
    /// backtrace, an exception goes to its handler. The return address is the position.
    pub raise: *const u8,
    /// Never returns. Throws a new exception: `rdi` = tag (`*const VMTag`), `rsi` = its payload, in slots of 8
    /// bytes in ascending order. The return address is the position.
    pub throw: *const u8,
    /// Never returns. Throws the exception in `rdi` (not null). The return address is the position.
    pub throw_ref: *const u8,
    /// `VMBuiltins::interrupt` of this context's store; comes back with every register as it was, or raises.
    pub interrupt: *const u8,
    /// `VMBuiltins::fuel_exhausted` of this context's store; comes back with every register as it was, or raises.
    pub fuel_exhausted: *const u8,
    /// The stack limit was found exceeded in a function's prologue, `rax` being the lowest address that it
    /// needs. Traps with `StackOverflow` if the real limit is exceeded; else looks at the interrupt word and asks
    /// `VMBuiltins::interrupt`; comes back with every register but `rax` and `r11` as it was.
    pub stack_check: *const u8,
    /// Jumped to, not called, from a function's lazy stub: `rax` = number among the module's own functions. Compiles
    /// it and jumps to it with every other register as it was.
    pub compile: *const u8,
    /// One stub for each builtin, in the order of [`VMBuiltins`](crate::builtins::VMBuiltins): arguments and results as in
    /// the C convention of the host; records the position, which is the return address, and goes to the builtin.
    pub builtins: [*const u8; BUILTINS],
}

/// The number of builtins.
pub const BUILTINS: usize = crate::builtins::VMBuiltins::NAMES.len();

// SAFETY: the pointers lead to code, which is constant.
#[allow(unsafe_code)]
unsafe impl Sync for NativeStubs {}
#[allow(unsafe_code)]
// SAFETY: as above.
unsafe impl Send for NativeStubs {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_then_memory() {
        use ValKind::{F64, I32, V128};
        let kinds = [[I32; 7].as_slice(), &[F64; 8], &[V128, I32]].concat();
        let l = X86_64.params(kinds.into_iter());
        assert_eq!(l.values[5], Location::Int(9));
        assert_eq!(l.values[6], Location::Memory(0));
        assert_eq!(l.values[14], Location::Vector(7));
        assert_eq!(l.values[15], Location::Memory(8));
        assert_eq!(l.values[16], Location::Memory(24));
        assert_eq!(l.memory, 32);
    }
}
