//! Vectors: instructions of one shape each, for the operators that [`crate::vectors`] lists.
//!
//! Operands are in slots. A scalar result goes to its accumulator, too.

use crate::machine::{Instr, Next, Operand, Regs, Value, units};
use core::marker::PhantomData;
use windlass_abi::num::{self, V128};

/// A vector operator's name.
pub(crate) trait Named {
    /// As in Wasm's text form.
    const NAME: &'static str;
}

/// What an operator of one operand means.
pub(crate) trait Unary: Named {
    /// Type of the operand.
    type In: Value;
    /// Type of the result.
    type Out: Value;
    /// The result.
    fn eval(a: Self::In) -> Self::Out;
}

/// What an operator of a vector and another operand means.
pub(crate) trait Binary: Named {
    /// Type of the second operand.
    type In: Value;
    /// The result.
    fn eval(a: V128, b: Self::In) -> V128;
}

/// What an operator of three vectors means.
pub(crate) trait Ternary: Named {
    /// The result.
    fn eval(a: V128, b: V128, c: V128) -> V128;
}

/// What it means to take a lane out of a vector.
pub(crate) trait Extract: Named {
    /// Type of the result.
    type Out: Value;
    /// The result.
    fn eval(a: V128, lane: u8) -> Self::Out;
}

/// What it means to replace a lane of a vector.
pub(crate) trait Replace: Named {
    /// Type of the lane's value.
    type In: Value;
    /// The result.
    fn eval(a: V128, b: Self::In, lane: u8) -> V128;
}

/// `dst = op a`.
pub(crate) struct VectorUnary<O>(PhantomData<O>);
impl<O: Unary> Instr for VectorUnary<O> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let v = O::eval(r.get(2));
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `dst = a op b`.
pub(crate) struct VectorBinary<O>(PhantomData<O>);
impl<O: Binary> Instr for VectorBinary<O> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::Src];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let v = O::eval(r.get(2), r.get(3));
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `dst = op a, b, c`.
pub(crate) struct VectorTernary<O>(PhantomData<O>);
impl<O: Ternary> Instr for VectorTernary<O> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::Src, Operand::Src];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let v = O::eval(r.get(2), r.get(3), r.get(4));
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `dst = a[lane]`.
pub(crate) struct ExtractLane<O>(PhantomData<O>);
impl<O: Extract> Instr for ExtractLane<O> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::U16];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let v = O::eval(r.get(2), r.unit(3) as u8);
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `dst = a with [lane] = b`.
pub(crate) struct ReplaceLane<O>(PhantomData<O>);
impl<O: Replace> Instr for ReplaceLane<O> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::Src, Operand::U16];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let v = O::eval(r.get(2), r.get(3), r.unit(4) as u8);
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `dst = lanes of a and b`.
pub(crate) struct Shuffle;
impl Instr for Shuffle {
    const NAME: &'static str = "i8x16.shuffle";
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::Src, Operand::V128];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let lanes = r.operand::<[u8; 16]>(4).read_unaligned();
            let v = num::i8x16_shuffle(r.get(2), r.get(3), lanes);
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}
