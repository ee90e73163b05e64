//! Arithmetic, comparisons, conversions, and branches on comparisons.

use super::source::Source;
use crate::machine::{AccValue, Any, Instr, Next, Operand, Regs, Value, units};
use core::marker::PhantomData;
use windlass_abi::num;
use windlass_abi::trap::TrapCode;

/// What a binary operator means.
pub(crate) trait Binary {
    /// Type of both operands.
    type In: AccValue;
    /// Type of the result.
    type Out: Value;
    /// The operator's name.
    const NAME: &'static str;
    /// The result.
    fn eval(a: Self::In, b: Self::In) -> Result<Self::Out, TrapCode>;
}

/// What a unary operator means.
pub(crate) trait Unary {
    /// Type of the operand.
    type In: AccValue;
    /// Type of the result.
    type Out: Value;
    /// The operator's name.
    const NAME: &'static str;
    /// The result.
    fn eval(a: Self::In) -> Result<Self::Out, TrapCode>;
}

/// A comparison, which a branch can decide on.
pub(crate) trait Compare: Binary<Out = bool> {}
impl<O: Binary<Out = bool>> Compare for O {}

/// `dst = a op b`; without `KEEP` into the accumulator only.
pub(crate) struct BinaryInstr<O, A, B, const KEEP: bool>(PhantomData<(O, A, B)>);

impl<O: Binary, A: Source<O::In>, B: Source<O::In>, const KEEP: bool> Instr for BinaryInstr<O, A, B, KEEP> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::result(KEEP), A::OPERAND, B::OPERAND];

    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let (a, b) = (A::get(&r, 2), B::get(&r, 2 + A::OPERAND.units()));
            match O::eval(a, b) {
                Ok(v) => {
                    r.give::<_, KEEP>(1, v);
                    r.next(units(Self::OPERANDS))
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

/// `dst = op a`; without `KEEP` into the accumulator only.
pub(crate) struct UnaryInstr<O, A, const KEEP: bool>(PhantomData<(O, A)>);

impl<O: Unary, A: Source<O::In>, const KEEP: bool> Instr for UnaryInstr<O, A, KEEP> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::result(KEEP), A::OPERAND];

    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            match O::eval(A::get(&r, 2)) {
                Ok(v) => {
                    r.give::<_, KEEP>(1, v);
                    r.next(units(Self::OPERANDS))
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

/// Branches if `a op b` is `TAKEN`.
pub(crate) struct CompareBranch<O, A, B, const TAKEN: bool>(PhantomData<(O, A, B)>);

impl<O: Compare, A: Source<O::In>, B: Source<O::In>, const TAKEN: bool> Instr
    for CompareBranch<O, A, B, TAKEN>
{
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Target, A::OPERAND, B::OPERAND];

    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let (a, b) = (A::get(&r, 3), B::get(&r, 3 + A::OPERAND.units()));
            // Comparisons don't trap.
            if matches!(O::eval(a, b), Ok(v) if v == TAKEN) {
                r.branch(1)
            } else {
                r.next(units(Self::OPERANDS))
            }
        }
    }
}

/// Integers that loops count with.
pub(crate) trait Countable: AccValue {
    /// The sum with a sign-extended number, wrapping.
    fn step(self, by: i32) -> Self;
}

impl Countable for u32 {
    #[inline(always)]
    fn step(self, by: i32) -> u32 {
        self.wrapping_add_signed(by)
    }
}

impl Countable for u64 {
    #[inline(always)]
    fn step(self, by: i32) -> u64 {
        self.wrapping_add_signed(by.into())
    }
}

/// `dst = dst + constant`, and branches if then `dst op b`: the end of most loops.
pub(crate) struct StepBranch<O, B>(PhantomData<(O, B)>);

impl<O: Compare<In: Countable>, B: Source<O::In>> Instr for StepBranch<O, B> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Target, Operand::Src, Operand::I32, B::OPERAND];

    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let a = r.get::<O::In>(3).step(r.u32(4) as i32);
            r.set(3, a);
            // Comparisons don't trap.
            if matches!(O::eval(a, B::get(&r, 6)), Ok(true)) {
                r.branch(1)
            } else {
                r.next(units(Self::OPERANDS))
            }
        }
    }
}

/// `dst = (a << constant) + b`, 32-bit: the address of an element; without `KEEP` into the accumulator only.
pub(crate) struct ShiftAdd<A, B, const KEEP: bool>(PhantomData<(A, B)>);

impl<A: Source<u32>, B: Source<u32>, const KEEP: bool> Instr for ShiftAdd<A, B, KEEP> {
    const NAME: &'static str = "i32.shl+add";
    const OPERANDS: &'static [Operand] = &[Operand::result(KEEP), A::OPERAND, Operand::U16, B::OPERAND];

    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let at = 2 + A::OPERAND.units();
            let (a, by, b) = (A::get(&r, 2), r.unit(at), B::get(&r, at + 1));
            r.give::<_, KEEP>(1, num::i32_add(num::i32_shl(a, by.into()), b));
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `dst = if a op b { x } else { y }` for values of 8 bytes.
pub(crate) struct CompareSelect<O, A, B>(PhantomData<(O, A, B)>);

impl<O: Compare, A: Source<O::In>, B: Source<O::In>> Instr for CompareSelect<O, A, B> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::Src, A::OPERAND, B::OPERAND];

    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let (a, b) = (A::get(&r, 4), B::get(&r, 4 + A::OPERAND.units()));
            // The slot is chosen, not the value: that takes fewer registers.
            let (x, y) = (r.slot(2), r.slot(3));
            let v = Any::read(if matches!(O::eval(a, b), Ok(true)) { x } else { y });
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `(lo, hi) = (a_lo, a_hi) op (b_lo, b_hi)`: the wide arithmetic of two-word operands.
pub(crate) struct Wide<O>(PhantomData<O>);

/// What an operator of [`Wide`] means.
pub(crate) trait WideBinary {
    /// The operator's name.
    const NAME: &'static str;
    /// The low and the high half.
    fn eval(a_lo: u64, a_hi: u64, b_lo: u64, b_hi: u64) -> (u64, u64);
}

impl<O: WideBinary> Instr for Wide<O> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] =
        &[Operand::Dst, Operand::Dst, Operand::Src, Operand::Src, Operand::Src, Operand::Src];

    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let (lo, hi) = O::eval(r.get(3), r.get(4), r.get(5), r.get(6));
            r.set(1, lo);
            r.set(2, hi);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `(lo, hi) = a * b`.
pub(crate) struct MulWide<O>(PhantomData<O>);

/// What an operator of [`MulWide`] means.
pub(crate) trait WideMul {
    /// The operator's name.
    const NAME: &'static str;
    /// The low and the high half.
    fn eval(a: u64, b: u64) -> (u64, u64);
}

impl<O: WideMul> Instr for MulWide<O> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Dst, Operand::Src, Operand::Src];

    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let (lo, hi) = O::eval(r.get(3), r.get(4));
            r.set(1, lo);
            r.set(2, hi);
            r.next(units(Self::OPERANDS))
        }
    }
}
