//! Where the values of a call are: in a block of registers that a stub has saved or will load, or in memory.

use windlass_abi::native::Location;
use windlass_abi::types::ValKind;
use windlass_abi::vm::{VMFuncRef, ValRaw};

/// The registers of the calling convention, by number.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub(super) struct Registers {
    pub(super) ints: [u64; 16],
    pub(super) vectors: [[u8; 16]; 8],
}

impl Registers {
    pub(super) const fn new() -> Registers {
        Registers { ints: [0; 16], vectors: [[0; 16]; 8] }
    }

    /// The address of a value. `memory` is where values are that are in no register.
    ///
    /// # Safety
    /// The location is one of the convention's, and lies in the memory if it is there.
    #[inline(always)]
    unsafe fn at(this: *mut Registers, memory: *mut u8, location: Location) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            match location {
                Location::Int(r) => (&raw mut (*this).ints).cast::<u64>().add(r as usize).cast(),
                Location::Vector(r) => (&raw mut (*this).vectors).cast::<[u8; 16]>().add(r as usize).cast(),
                Location::Memory(offset) => memory.add(offset as usize),
            }
        }
    }

    /// Reads a value of this kind, whose unused bits may be anything.
    ///
    /// # Safety
    /// The location is one of the convention's, and lies in the memory if it is there; it holds such a value.
    #[inline(always)]
    pub(super) unsafe fn read(
        this: *const Registers,
        memory: *const u8,
        location: Location,
        kind: ValKind,
    ) -> ValRaw {
        // SAFETY: the caller's promise. Registers hold numbers, and pointers as code writes them.
        unsafe {
            let at = Registers::at(this.cast_mut(), memory.cast_mut(), location);
            match kind {
                ValKind::I32 | ValKind::F32 | ValKind::Gc => {
                    ValRaw { i64: at.cast::<u32>().read_unaligned() as u64 }
                }
                ValKind::I64 | ValKind::F64 => ValRaw { i64: at.cast::<u64>().read_unaligned() },
                ValKind::Func => ValRaw { func: at.cast::<*const VMFuncRef>().read_unaligned() },
                ValKind::V128 => ValRaw { v128: at.cast::<[u8; 16]>().read_unaligned() },
            }
        }
    }

    /// Writes a value of this kind, zero-extended to a slot.
    ///
    /// # Safety
    /// The location is one of the convention's, and lies in the memory if it is there; the value is of the
    /// kind.
    #[inline(always)]
    pub(super) unsafe fn write(
        this: *mut Registers,
        memory: *mut u8,
        location: Location,
        kind: ValKind,
        value: ValRaw,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let at = Registers::at(this, memory, location);
            match kind {
                ValKind::I32 | ValKind::F32 | ValKind::Gc => {
                    at.cast::<u64>().write_unaligned(value.i64 as u32 as u64)
                }
                ValKind::I64 | ValKind::F64 => at.cast::<u64>().write_unaligned(value.i64),
                ValKind::Func => at.cast::<*const VMFuncRef>().write_unaligned(value.func),
                ValKind::V128 => at.cast::<[u8; 16]>().write_unaligned(value.v128),
            }
        }
    }
}
