//! Branches, traps, fuel and interruption.

use super::instr::instrs;
use super::source::Source;
use crate::machine::{Instr, Next, OPCODE, Operand, Regs, units};
use core::marker::PhantomData;
use core::sync::atomic::Ordering::Relaxed;
use windlass_abi::builtins::Status;
use windlass_abi::trap::TrapCode;

instrs! {
    /// What unused opcodes are: the translator emits none.
    Illegal "illegal" [] |r| {
        unreachable!("no opcode at {:p}", r.ip)
    }
    /// Traps.
    Unreachable "unreachable" [] |r| { r.trap(TrapCode::Unreachable) }
    /// Branches.
    Br "br" [Target] |r| { r.branch(1) }
    /// Takes fuel, and stops when there is not enough.
    Fuel "fuel" [U32] |r| {
        let store = r.store();
        let left = (*store).fuel.wrapping_sub(r.u32(1) as i64);
        (*store).fuel = left;
        if left < 0 {
            return r.jump::<OutOfFuel>();
        }
        r.next(units(Self::OPERANDS))
    }
    /// Stops if the guest was interrupted. The operand is the size of the frame.
    Check "check" [U16] |r| {
        if (*r.store()).interrupt.load(Relaxed) != 0 {
            return r.jump::<Interrupted>();
        }
        r.next(units(Self::OPERANDS))
    }
}

/// Branches to the target of a number, to the last one if there is none of that number.
/// The targets follow, each relative to `OPCODE` units before it, as the target of a branch is.
pub(crate) struct BrTable<N>(PhantomData<N>);
impl<N: Source<u32>> Instr for BrTable<N> {
    const NAME: &'static str = "br_table";
    const OPERANDS: &'static [Operand] = &[N::OPERAND, Operand::Targets];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says, and so many targets follow.
        unsafe {
            let last = r.u32(1 + N::OPERAND.units());
            let number = N::get(&r, 1).min(last);
            r.ip = r.ip.add(units(Self::OPERANDS) - OPCODE + 2 * number as usize);
            r.branch(1)
        }
    }
}

/// Goes on after [`Fuel`] found too little. Not in the table.
pub(crate) struct OutOfFuel;
impl Instr for OutOfFuel {
    const NAME: &'static str = Fuel::NAME;
    const OPERANDS: &'static [Operand] = Fuel::OPERANDS;
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the position is saved; the instruction is `Fuel`.
        unsafe {
            r.save();
            match (r.builtins().fuel_exhausted)(r.store()) {
                Status::OK => r.next(units(Self::OPERANDS)),
                status => r.fail(status),
            }
        }
    }
}

/// Goes on after [`Check`] saw the interrupt word. Not in the table.
pub(crate) struct Interrupted;
impl Instr for Interrupted {
    const NAME: &'static str = Check::NAME;
    const OPERANDS: &'static [Operand] = Check::OPERANDS;
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the position is saved; the instruction is `Check`; what host code may run starts its frames above this one.
        unsafe {
            r.save();
            (*r.store()).frames.top = r.fp.add(r.unit(1) as usize);
            match (r.builtins().interrupt)(r.store()) {
                Status::OK => {
                    r.reload_memory();
                    r.next(units(Self::OPERANDS))
                }
                status => r.fail(status),
            }
        }
    }
}

/// Branches if an i32 is not zero (`TAKEN`), or if it is.
pub(crate) struct BranchIf<C, const TAKEN: bool>(PhantomData<C>);
impl<C: Source<u32>, const TAKEN: bool> Instr for BranchIf<C, TAKEN> {
    const NAME: &'static str = if TAKEN { "br_if" } else { "br_unless" };
    const OPERANDS: &'static [Operand] = &[Operand::Target, C::OPERAND];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe { if (C::get(&r, 3) != 0) == TAKEN { r.branch(1) } else { r.next(units(Self::OPERANDS)) } }
    }
}
