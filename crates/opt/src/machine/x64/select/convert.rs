//! Conversions from and to floats.

use super::context::{Context, defined_early, used};
use super::recipe::{A, ZERO, recipes};
use crate::machine::code::{Arg, Class};
use crate::machine::x64::sequence::Sequence;
use windlass_asm::x64::inst::*;
use windlass_ir::{Op, Value};

recipes! {
    commutative {}
    others {
        // What converts keeps the upper lanes of its first source: cleared, so that it waits for nothing.
        f32_convert_i32_s: VCVTSI2SS32(ZERO, A);
        f64_convert_i32_s: VCVTSI2SD32(ZERO, A);
        // Zero-extended: a small positive number of 64 bits.
        f32_convert_i32_u: VCVTSI2SS64(ZERO, A);
        f64_convert_i32_u: VCVTSI2SD64(ZERO, A);
        f32_convert_i64_s: VCVTSI2SS64(ZERO, A);
        f64_convert_i64_s: VCVTSI2SD64(ZERO, A);
        f32_demote_f64: VCVTSD2SS(A, A);
        f64_promote_f32: VCVTSS2SD(A, A);
        i32_reinterpret_f32: VMOVD_RM_X(A);
        i64_reinterpret_f64: VMOVQ_RM_X(A);
        f32_reinterpret_i32: VMOVD_X_RM(A);
        f64_reinterpret_i64: VMOVQ_X_RM(A);
    }
}

impl Context<'_> {
    /// Selects an instruction if it converts from or to floats.
    pub(super) fn select_convert(&mut self, value: Value, op: Op) -> bool {
        if let Some(recipe) = recipe(op) {
            self.cook(value, recipe);
            return true;
        }
        let (sequence, signed) = match op {
            Op::f32_convert_i64_u | Op::f64_convert_i64_u => (Sequence::ConvertUnsigned, None),
            Op::i32_trunc_f32_s | Op::i32_trunc_f64_s | Op::i64_trunc_f32_s | Op::i64_trunc_f64_s => {
                (Sequence::Truncate, Some(true))
            }
            Op::i32_trunc_f32_u | Op::i32_trunc_f64_u | Op::i64_trunc_f32_u | Op::i64_trunc_f64_u => {
                (Sequence::Truncate, Some(false))
            }
            Op::i32_trunc_sat_f32_s
            | Op::i32_trunc_sat_f64_s
            | Op::i64_trunc_sat_f32_s
            | Op::i64_trunc_sat_f64_s => (Sequence::TruncateSaturating, Some(true)),
            Op::i32_trunc_sat_f32_u
            | Op::i32_trunc_sat_f64_u
            | Op::i64_trunc_sat_f32_u
            | Op::i64_trunc_sat_f64_u => (Sequence::TruncateSaturating, Some(false)),
            _ => return false,
        };
        let from = Value(self.function.inst(value).fields[0]);
        let bits = |value| Arg::Number(8 * self.function.ty(value).size());
        let args = [bits(from), bits(value), Arg::Number(signed.unwrap_or_default().into())];
        // The sequence needs a register beside the result's.
        let (args, class) = match signed {
            None => (&args[1..2], Class::Int),
            Some(_) => (&args[..], Class::Vector),
        };
        let temp = self.temp(class);
        let operands = [defined_early(self.def_of(value)), used(self.use_of(from)), defined_early(temp)];
        self.emit_sequence(sequence, args, &operands);
        true
    }
}
