//! References: functions made into values, tests for null and for types.

use super::instr::instrs;
use crate::machine::{Instr, Next, Operand, Regs, Value, units};
use core::marker::PhantomData;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMFuncRef;

/// A kind of references: functions are pointers, all others 32-bit.
pub(crate) trait Reference: Value {
    /// Whether it is null.
    fn is_null(self) -> bool;
    /// The engine-wide id of its type.
    unsafe fn type_id(self) -> u32;
}

/// A function reference.
pub(crate) type Func = *const VMFuncRef;

impl Reference for Func {
    #[inline(always)]
    fn is_null(self) -> bool {
        <*const VMFuncRef>::is_null(self)
    }
    #[inline(always)]
    unsafe fn type_id(self) -> u32 {
        // SAFETY: the caller has excluded null; function references live as long as the store.
        unsafe { (*self).type_id }
    }
}

/// A heap reference.
pub(crate) type Gc = u32;

impl Reference for Gc {
    #[inline(always)]
    fn is_null(self) -> bool {
        self == 0
    }
    unsafe fn type_id(self) -> u32 {
        unreachable!("concrete types of heap references are not built")
    }
}

/// What [`RefTest`] accepts: bits of its last operand.
pub(crate) mod accept {
    /// Null.
    pub(crate) const NULL: u16 = 1;
    /// Everything that is not null.
    pub(crate) const ALL: u16 = 2;
    /// What has the type.
    pub(crate) const TYPE: u16 = 4;
}

instrs! {
    /// `dst = ref.func`: the function's index.
    RefFunc "ref.func" [Dst, U32] |r| {
        r.save();
        let func = (r.builtins().ref_func)(r.cx, r.u32(2));
        r.set(1, func);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = ref.is_null`.
    IsNull<R: Reference> "ref.is_null" [Dst, Src] |r| {
        let v: R = r.get(2);
        r.set(1, v.is_null());
        r.next(units(Self::OPERANDS))
    }
    /// Traps if the reference is null.
    AsNonNull<R: Reference> "ref.as_non_null" [Src] |r| {
        if r.get::<R>(1).is_null() {
            return r.trap(TrapCode::NullReference);
        }
        r.next(units(Self::OPERANDS))
    }
    /// `dst = ref.test`: reference, index of the type, what is accepted.
    RefTest<R: Reference> "ref.test" [Dst, Src, U32, U16] |r| {
        let (v, accepts): (R, u16) = (r.get(2), r.unit(5));
        let matches = if v.is_null() {
            accepts & accept::NULL != 0
        } else if accepts & accept::TYPE != 0 {
            let wanted = *(*r.cx).type_ids.add(r.u32(3) as usize);
            let actual = v.type_id();
            actual == wanted || (r.builtins().is_subtype)(r.cx, actual, wanted) != 0
        } else {
            accepts & accept::ALL != 0
        };
        r.set(1, matches);
        r.next(units(Self::OPERANDS))
    }
    /// Traps unless a cast's test succeeded.
    CastCheck "ref.cast" [Src] |r| {
        if r.get::<u32>(1) == 0 {
            return r.trap(TrapCode::CastFailure);
        }
        r.next(units(Self::OPERANDS))
    }
}

/// Branches if a reference is null (`NULL`), or if it is not.
pub(crate) struct BranchNull<R, const NULL: bool>(PhantomData<R>);
impl<R: Reference, const NULL: bool> Instr for BranchNull<R, NULL> {
    const NAME: &'static str = if NULL { "br_on_null" } else { "br_on_non_null" };
    const OPERANDS: &'static [Operand] = &[Operand::Target, Operand::Src];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe { if r.get::<R>(3).is_null() == NULL { r.branch(1) } else { r.next(units(Self::OPERANDS)) } }
    }
}
