//! Floats: arithmetic and comparisons.

use super::context::{Condition, Context, defined_early, used};
use super::recipe::{A, B, S0, S1, each32, each64, i, recipes};
use crate::machine::code::Arg;
use crate::machine::x64::sequence::Sequence;
use windlass_asm::x64::Cond;
use windlass_asm::x64::inst::*;
use windlass_ir::{Op, Type, Value};

/// Rounding modes of `vround…`, without an exception for inexact results.
pub(super) const NEAREST: u8 = 8;
pub(super) const FLOOR: u8 = 9;
pub(super) const CEIL: u8 = 10;
pub(super) const TRUNC: u8 = 11;

/// The sign, and all but the sign.
const SIGN32: u32 = 1 << 31;
const SIGN64: u64 = 1 << 63;

recipes! {
    commutative {
        f32_add: VADDSS(A, B);
        f64_add: VADDSD(A, B);
        f32_mul: VMULSS(A, B);
        f64_mul: VMULSD(A, B);
    }
    others {
        f32_sub: VSUBSS(A, B);
        f64_sub: VSUBSD(A, B);
        f32_div: VDIVSS(A, B);
        f64_div: VDIVSD(A, B);
        f32_copysign: VANDPS(B, each32(SIGN32)), VANDPS(A, each32(!SIGN32)), VORPS(S0, S1);
        f64_copysign: VANDPD(B, each64(SIGN64)), VANDPD(A, each64(!SIGN64)), VORPD(S0, S1);
        f32_abs: VANDPS(A, each32(!SIGN32));
        f64_abs: VANDPD(A, each64(!SIGN64));
        f32_neg: VXORPS(A, each32(SIGN32));
        f64_neg: VXORPD(A, each64(SIGN64));
        f32_ceil: VROUNDSS(A, A, i(CEIL));
        f64_ceil: VROUNDSD(A, A, i(CEIL));
        f32_floor: VROUNDSS(A, A, i(FLOOR));
        f64_floor: VROUNDSD(A, A, i(FLOOR));
        f32_trunc: VROUNDSS(A, A, i(TRUNC));
        f64_trunc: VROUNDSD(A, A, i(TRUNC));
        f32_nearest: VROUNDSS(A, A, i(NEAREST));
        f64_nearest: VROUNDSD(A, A, i(NEAREST));
        f32_sqrt: VSQRTSS(A, A);
        f64_sqrt: VSQRTSD(A, A);
    }
}

impl Context<'_> {
    /// Selects an instruction if it is one of floats.
    pub(super) fn select_float(&mut self, value: Value, op: Op) -> bool {
        if let Some(recipe) = recipe(op) {
            self.cook(value, recipe);
            return true;
        }
        let sequence = match op {
            Op::f32_min | Op::f64_min => Sequence::FloatMin,
            Op::f32_max | Op::f64_max => Sequence::FloatMax,
            _ => {
                let Some(condition) = flags(self, value) else { return false };
                let result = self.def_of(value);
                self.set(condition, result);
                return true;
            }
        };
        let [a, b, _] = self.function.inst(value).fields.map(Value);
        let bits = 8 * self.function.ty(value).size();
        let operands = [defined_early(self.def_of(value)), used(self.use_of(a)), used(self.use_of(b))];
        self.emit_sequence(sequence, &[Arg::Number(bits)], &operands);
        true
    }
}

/// Compares floats, if an instruction does: sets the flags, and says what they mean.
pub(super) fn flags(cx: &mut Context<'_>, value: Value) -> Option<Condition> {
    // Floats that are not ordered set the flags as if the first one were less, or equal: so it is to be the greater one.
    let (swapped, condition) = match cx.function.op(value) {
        Op::f32_eq | Op::f64_eq => (false, Condition::Equal),
        Op::f32_ne | Op::f64_ne => (false, Condition::NotEqual),
        Op::f32_gt | Op::f64_gt => (false, Condition::Is(Cond::A)),
        Op::f32_ge | Op::f64_ge => (false, Condition::Is(Cond::AE)),
        Op::f32_lt | Op::f64_lt => (true, Condition::Is(Cond::A)),
        Op::f32_le | Op::f64_le => (true, Condition::Is(Cond::AE)),
        _ => return None,
    };
    let [mut a, mut b, _] = cx.function.inst(value).fields.map(Value);
    if swapped {
        core::mem::swap(&mut a, &mut b);
    }
    let (inst, bits) = match cx.function.ty(a) {
        Type::F32 => (VUCOMISS, 32),
        _ => (VUCOMISD, 64),
    };
    let b = cx.memory_or_register(b, bits);
    let a = cx.use_of(a).into();
    cx.emit(inst, &[a, b]);
    Some(condition)
}
