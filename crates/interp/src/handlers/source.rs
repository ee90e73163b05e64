//! Where instructions take their operands from: a slot, the accumulator, or the code itself.

use crate::machine::{AccValue, Operand, Regs, Value};

/// A way to give an instruction a value of type `T`.
pub(crate) trait Source<T> {
    /// What the operand is in the code.
    const OPERAND: Operand;

    /// Reads the value; the operand, if it takes units, is at `at`.
    unsafe fn get(r: &Regs, at: usize) -> T;
}

/// A slot of the frame.
pub(crate) struct Slot;

impl<T: Value> Source<T> for Slot {
    const OPERAND: Operand = Operand::Src;
    #[inline(always)]
    unsafe fn get(r: &Regs, at: usize) -> T {
        // SAFETY: the caller is an instruction with this operand.
        unsafe { r.get(at) }
    }
}

/// The accumulator of the type's class.
pub(crate) struct Acc;

impl<T: AccValue> Source<T> for Acc {
    const OPERAND: Operand = Operand::Acc;
    #[inline(always)]
    unsafe fn get(r: &Regs, _: usize) -> T {
        T::from_acc(r)
    }
}

/// A constant in the code. An i64 is a sign-extended 32-bit number.
pub(crate) struct Imm;

impl Source<u32> for Imm {
    const OPERAND: Operand = Operand::I32;
    #[inline(always)]
    unsafe fn get(r: &Regs, at: usize) -> u32 {
        // SAFETY: the caller is an instruction with this operand.
        unsafe { r.u32(at) }
    }
}

impl Source<u64> for Imm {
    const OPERAND: Operand = Operand::I32;
    #[inline(always)]
    unsafe fn get(r: &Regs, at: usize) -> u64 {
        // SAFETY: the caller is an instruction with this operand.
        unsafe { r.u32(at) as i32 as i64 as u64 }
    }
}

impl Source<f32> for Imm {
    const OPERAND: Operand = Operand::U32;
    #[inline(always)]
    unsafe fn get(r: &Regs, at: usize) -> f32 {
        // SAFETY: the caller is an instruction with this operand.
        f32::from_bits(unsafe { r.u32(at) })
    }
}

impl Source<f64> for Imm {
    const OPERAND: Operand = Operand::U64;
    #[inline(always)]
    unsafe fn get(r: &Regs, at: usize) -> f64 {
        // SAFETY: the caller is an instruction with this operand.
        f64::from_bits(unsafe { r.u64(at) })
    }
}
