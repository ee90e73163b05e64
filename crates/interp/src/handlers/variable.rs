//! Constants, copies, selections and globals.

use super::instr::instrs;
use super::source::Source;
use crate::machine::{Any, Instr, Next, Operand, Regs, Value, units};
use core::marker::PhantomData;
use windlass_abi::num::V128;
use windlass_abi::vm::VMGlobal;

instrs! {
    /// `dst = constant`, of the low 32 bits of a slot.
    Const32 "const32" [Dst, I32] |r| {
        r.set(1, r.u32(2));
        r.next(units(Self::OPERANDS))
    }
    /// `dst = constant`, sign-extended to 64 bits.
    Const64S "const64" [Dst, I32] |r| {
        r.set(1, r.u32(2) as i32 as u64);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = constant`.
    Const64 "const64" [Dst, U64] |r| {
        r.set(1, r.u64(2));
        r.next(units(Self::OPERANDS))
    }
    /// `dst = constant`.
    ConstF32 "constf32" [Dst, U32] |r| {
        r.set(1, f32::from_bits(r.u32(2)));
        r.next(units(Self::OPERANDS))
    }
    /// `dst = constant`.
    ConstF64 "constf64" [Dst, U64] |r| {
        r.set(1, f64::from_bits(r.u64(2)));
        r.next(units(Self::OPERANDS))
    }
    /// `dst = constant`.
    ConstV128 "constv128" [Dst, V128] |r| {
        let v = r.operand::<V128>(2).read_unaligned();
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = null`, of any kind of reference.
    Null "null" [Dst] |r| {
        // A whole pointer, so that a function reference read from here has a defined representation.
        r.set(1, core::ptr::null::<windlass_abi::vm::VMFuncRef>());
        r.next(units(Self::OPERANDS))
    }
    /// `dst = src`, 8 bytes of anything.
    Copy "copy" [Dst, Src] |r| {
        let v: Any = r.get(2);
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = src`, an integer: into the accumulator, too.
    CopyInt "copy" [Dst, Src] |r| {
        let v: u64 = r.get(2);
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// Moves slots down: first destination, first source, how many.
    CopyRange "copy" [Dst, Src, U16] |r| {
        let (to, from) = (r.slot(1), r.slot(2));
        for i in 0..r.unit(3) as usize {
            Any::read(from.add(i)).write(to.add(i));
        }
        r.next(units(Self::OPERANDS))
    }
    /// `dst = src`, a vector.
    CopyV128 "copyv128" [Dst, Src] |r| {
        let v: V128 = r.get(2);
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = if condition { a } else { b }`, 8 bytes of anything. Operands: a, b, condition.
    SelectV128 "selectv128" [Dst, Src, Src, Src] |r| {
        let (a, b): (V128, V128) = (r.get(2), r.get(3));
        let v = if r.get::<u32>(4) != 0 { a } else { b };
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = global`, an integer in the context.
    GlobalGetInt "global.get" [Dst, U32] |r| {
        let v = (*r.in_context::<VMGlobal>(r.u32(2))).bits;
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = global`, 8 bytes of anything in the context.
    GlobalGet "global.get" [Dst, U32] |r| {
        let v = Any::read(r.in_context::<u64>(r.u32(2)));
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = global`, a vector in the context.
    GlobalGetV128 "global.get" [Dst, U32] |r| {
        let v = V128::read(r.in_context::<u64>(r.u32(2)));
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = global`, 8 bytes of anything behind a pointer in the context.
    GlobalGetImported "global.get" [Dst, U32] |r| {
        let v = Any::read(*r.in_context::<*const u64>(r.u32(2)));
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = global`, a vector behind a pointer in the context.
    GlobalGetImportedV128 "global.get" [Dst, U32] |r| {
        let v = V128::read(*r.in_context::<*const u64>(r.u32(2)));
        r.set(1, v);
        r.next(units(Self::OPERANDS))
    }
    /// `global = src`, 8 bytes of anything in the context.
    GlobalSet "global.set" [U32, Src] |r| {
        let v: Any = r.get(3);
        v.write(r.in_context::<u64>(r.u32(1)));
        r.next(units(Self::OPERANDS))
    }
    /// `global = accumulator`, an integer in the context.
    GlobalSetAcc "global.set" [U32, Acc] |r| {
        r.acc.write(r.in_context::<u64>(r.u32(1)));
        r.next(units(Self::OPERANDS))
    }
    /// `global = src`, a vector in the context.
    GlobalSetV128 "global.set" [U32, Src] |r| {
        let v: V128 = r.get(3);
        v.write(r.in_context::<u64>(r.u32(1)));
        r.next(units(Self::OPERANDS))
    }
    /// `global = src`, 8 bytes of anything behind a pointer in the context.
    GlobalSetImported "global.set" [U32, Src] |r| {
        let v: Any = r.get(3);
        v.write(*r.in_context::<*mut u64>(r.u32(1)));
        r.next(units(Self::OPERANDS))
    }
    /// `global = src`, a vector behind a pointer in the context.
    GlobalSetImportedV128 "global.set" [U32, Src] |r| {
        let v: V128 = r.get(3);
        v.write(*r.in_context::<*mut u64>(r.u32(1)));
        r.next(units(Self::OPERANDS))
    }
}

/// `dst = if condition { a } else { b }`, 8 bytes of anything.
pub(crate) struct Select<C>(PhantomData<C>);
impl<C: Source<u32>> Instr for Select<C> {
    const NAME: &'static str = "select";
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::Src, C::OPERAND];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let (a, b): (Any, Any) = (r.get(2), r.get(3));
            let v = if C::get(&r, 4) != 0 { a } else { b };
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}
