//! From the walk's operators to the compiler's methods.
//!
//! The visitor's methods are derived from the list of all operators: each settles what a comparison left in the flags,
//! unless it can use it; charges fuel; leaves out what cannot be reached; and calls the compiler's own
//! method of the same name, which is here.

use crate::compiler::Compiler;
use crate::masm::{
    Cond, Conversion, Division, Float, FloatBinary, FloatCompare, FloatUnary, IntBinary, IntUnary, Load,
    Masm, Store, Truncation, Width,
};
use alloc::vec::Vec;
use windlass_abi::types::ValKind;
use windlass_wasm::wasmparser::{MemArg, VisitOperator, VisitSimdOperator, for_each_visit_operator};
use windlass_wasm::{SinkError, fuel, sorted_operators};

type Done = Result<(), SinkError>;

macro_rules! operator {
    (always $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline]
        fn $visit(&mut self $(, $arg: $ty)*) -> Done {
            if const { !uses_flags(stringify!($visit)) } {
                self.settle_flags();
            }
            self.charge(fuel::op::$visit);
            Compiler::$visit(self $(, $arg)*)
        }
    };
    (reached $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline]
        fn $visit(&mut self $(, $arg: $ty)*) -> Done {
            if self.f.dead {
                return Ok(());
            }
            if const { !uses_flags(stringify!($visit)) } {
                self.settle_flags();
            }
            self.charge(fuel::op::$visit);
            Compiler::$visit(self $(, $arg)*)
        }
    };
    (refused $visit:ident ($($arg:ident: $ty:ty),*)) => {
        fn $visit(&mut self $(, _: $ty)*) -> Done {
            unreachable!(concat!("the walk refuses ", stringify!($visit)))
        }
    };
}

/// Whether an operator can use what a comparison left in the flags.
const fn uses_flags(visit: &str) -> bool {
    const USERS: [&str; 6] =
        ["visit_br_if", "visit_if", "visit_select", "visit_typed_select", "visit_i32_eqz", "visit_drop"];
    let mut i = 0;
    while i < USERS.len() {
        if is_same(visit.as_bytes(), USERS[i].as_bytes()) {
            return true;
        }
        i += 1;
    }
    false
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

impl<'a, M: Masm> VisitOperator<'a> for Compiler<'_, M> {
    type Output = Done;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Done>> {
        Some(self)
    }

    for_each_visit_operator!(sorted_operators);
}

/// Methods that call another with what stands in their row.
macro_rules! rows {
    ($method:ident: $($visit:ident $arg:expr $(, $more:expr)*;)*) => {
        impl<M: Masm> Compiler<'_, M> {
            $(fn $visit(&mut self) -> Done { self.$method($arg $(, $more)*) })*
        }
    };
}

use Float::{F32, F64};
use Width::{W32, W64};

rows! { int_binary:
    visit_i32_add IntBinary::Add, W32;
    visit_i32_sub IntBinary::Sub, W32;
    visit_i32_mul IntBinary::Mul, W32;
    visit_i32_and IntBinary::And, W32;
    visit_i32_or IntBinary::Or, W32;
    visit_i32_xor IntBinary::Xor, W32;
    visit_i32_shl IntBinary::Shl, W32;
    visit_i32_shr_s IntBinary::ShrS, W32;
    visit_i32_shr_u IntBinary::ShrU, W32;
    visit_i32_rotl IntBinary::Rotl, W32;
    visit_i32_rotr IntBinary::Rotr, W32;
    visit_i64_add IntBinary::Add, W64;
    visit_i64_sub IntBinary::Sub, W64;
    visit_i64_mul IntBinary::Mul, W64;
    visit_i64_and IntBinary::And, W64;
    visit_i64_or IntBinary::Or, W64;
    visit_i64_xor IntBinary::Xor, W64;
    visit_i64_shl IntBinary::Shl, W64;
    visit_i64_shr_s IntBinary::ShrS, W64;
    visit_i64_shr_u IntBinary::ShrU, W64;
    visit_i64_rotl IntBinary::Rotl, W64;
    visit_i64_rotr IntBinary::Rotr, W64;
}

rows! { divide:
    visit_i32_div_s Division::DivS, W32;
    visit_i32_div_u Division::DivU, W32;
    visit_i32_rem_s Division::RemS, W32;
    visit_i32_rem_u Division::RemU, W32;
    visit_i64_div_s Division::DivS, W64;
    visit_i64_div_u Division::DivU, W64;
    visit_i64_rem_s Division::RemS, W64;
    visit_i64_rem_u Division::RemU, W64;
}

rows! { int_unary:
    visit_i32_clz IntUnary::Clz, W32;
    visit_i32_ctz IntUnary::Ctz, W32;
    visit_i32_popcnt IntUnary::Popcnt, W32;
    visit_i32_extend8_s IntUnary::Extend8S, W32;
    visit_i32_extend16_s IntUnary::Extend16S, W32;
    visit_i64_clz IntUnary::Clz, W64;
    visit_i64_ctz IntUnary::Ctz, W64;
    visit_i64_popcnt IntUnary::Popcnt, W64;
    visit_i64_extend8_s IntUnary::Extend8S, W64;
    visit_i64_extend16_s IntUnary::Extend16S, W64;
    visit_i64_extend32_s IntUnary::Extend32S, W64;
}

rows! { int_compare:
    visit_i32_eq Cond::Eq, W32;
    visit_i32_ne Cond::Ne, W32;
    visit_i32_lt_s Cond::LtS, W32;
    visit_i32_lt_u Cond::LtU, W32;
    visit_i32_gt_s Cond::GtS, W32;
    visit_i32_gt_u Cond::GtU, W32;
    visit_i32_le_s Cond::LeS, W32;
    visit_i32_le_u Cond::LeU, W32;
    visit_i32_ge_s Cond::GeS, W32;
    visit_i32_ge_u Cond::GeU, W32;
    visit_i64_eq Cond::Eq, W64;
    visit_i64_ne Cond::Ne, W64;
    visit_i64_lt_s Cond::LtS, W64;
    visit_i64_lt_u Cond::LtU, W64;
    visit_i64_gt_s Cond::GtS, W64;
    visit_i64_gt_u Cond::GtU, W64;
    visit_i64_le_s Cond::LeS, W64;
    visit_i64_le_u Cond::LeU, W64;
    visit_i64_ge_s Cond::GeS, W64;
    visit_i64_ge_u Cond::GeU, W64;
}

rows! { eqz:
    visit_i32_eqz W32;
    visit_i64_eqz W64;
}

rows! { float_binary:
    visit_f32_add FloatBinary::Add, F32;
    visit_f32_sub FloatBinary::Sub, F32;
    visit_f32_mul FloatBinary::Mul, F32;
    visit_f32_div FloatBinary::Div, F32;
    visit_f32_min FloatBinary::Min, F32;
    visit_f32_max FloatBinary::Max, F32;
    visit_f32_copysign FloatBinary::Copysign, F32;
    visit_f64_add FloatBinary::Add, F64;
    visit_f64_sub FloatBinary::Sub, F64;
    visit_f64_mul FloatBinary::Mul, F64;
    visit_f64_div FloatBinary::Div, F64;
    visit_f64_min FloatBinary::Min, F64;
    visit_f64_max FloatBinary::Max, F64;
    visit_f64_copysign FloatBinary::Copysign, F64;
}

rows! { float_unary:
    visit_f32_abs FloatUnary::Abs, F32;
    visit_f32_neg FloatUnary::Neg, F32;
    visit_f32_ceil FloatUnary::Ceil, F32;
    visit_f32_floor FloatUnary::Floor, F32;
    visit_f32_trunc FloatUnary::Trunc, F32;
    visit_f32_nearest FloatUnary::Nearest, F32;
    visit_f32_sqrt FloatUnary::Sqrt, F32;
    visit_f64_abs FloatUnary::Abs, F64;
    visit_f64_neg FloatUnary::Neg, F64;
    visit_f64_ceil FloatUnary::Ceil, F64;
    visit_f64_floor FloatUnary::Floor, F64;
    visit_f64_trunc FloatUnary::Trunc, F64;
    visit_f64_nearest FloatUnary::Nearest, F64;
    visit_f64_sqrt FloatUnary::Sqrt, F64;
}

rows! { float_compare:
    visit_f32_eq FloatCompare::Eq, F32;
    visit_f32_ne FloatCompare::Ne, F32;
    visit_f32_lt FloatCompare::Lt, F32;
    visit_f32_gt FloatCompare::Gt, F32;
    visit_f32_le FloatCompare::Le, F32;
    visit_f32_ge FloatCompare::Ge, F32;
    visit_f64_eq FloatCompare::Eq, F64;
    visit_f64_ne FloatCompare::Ne, F64;
    visit_f64_lt FloatCompare::Lt, F64;
    visit_f64_gt FloatCompare::Gt, F64;
    visit_f64_le FloatCompare::Le, F64;
    visit_f64_ge FloatCompare::Ge, F64;
}

rows! { convert:
    visit_i32_wrap_i64 Conversion::Wrap, ValKind::I32;
    visit_i64_extend_i32_s Conversion::ExtendS, ValKind::I64;
    visit_f32_convert_i32_s Conversion::FromInt(W32, true, F32), ValKind::F32;
    visit_f32_convert_i32_u Conversion::FromInt(W32, false, F32), ValKind::F32;
    visit_f32_convert_i64_s Conversion::FromInt(W64, true, F32), ValKind::F32;
    visit_f32_convert_i64_u Conversion::FromInt(W64, false, F32), ValKind::F32;
    visit_f64_convert_i32_s Conversion::FromInt(W32, true, F64), ValKind::F64;
    visit_f64_convert_i32_u Conversion::FromInt(W32, false, F64), ValKind::F64;
    visit_f64_convert_i64_s Conversion::FromInt(W64, true, F64), ValKind::F64;
    visit_f64_convert_i64_u Conversion::FromInt(W64, false, F64), ValKind::F64;
    visit_f32_demote_f64 Conversion::Demote, ValKind::F32;
    visit_f64_promote_f32 Conversion::Promote, ValKind::F64;
    visit_i32_reinterpret_f32 Conversion::ToBits(F32), ValKind::I32;
    visit_i64_reinterpret_f64 Conversion::ToBits(F64), ValKind::I64;
    visit_f32_reinterpret_i32 Conversion::FromBits(F32), ValKind::F32;
    visit_f64_reinterpret_i64 Conversion::FromBits(F64), ValKind::F64;
}

rows! { truncate_saturating:
    visit_i32_trunc_sat_f32_s Truncation { from: F32, to: W32, signed: true };
    visit_i32_trunc_sat_f32_u Truncation { from: F32, to: W32, signed: false };
    visit_i32_trunc_sat_f64_s Truncation { from: F64, to: W32, signed: true };
    visit_i32_trunc_sat_f64_u Truncation { from: F64, to: W32, signed: false };
    visit_i64_trunc_sat_f32_s Truncation { from: F32, to: W64, signed: true };
    visit_i64_trunc_sat_f32_u Truncation { from: F32, to: W64, signed: false };
    visit_i64_trunc_sat_f64_s Truncation { from: F64, to: W64, signed: true };
    visit_i64_trunc_sat_f64_u Truncation { from: F64, to: W64, signed: false };
}

rows! { truncate_trapping:
    visit_i32_trunc_f32_s Truncation { from: F32, to: W32, signed: true };
    visit_i32_trunc_f32_u Truncation { from: F32, to: W32, signed: false };
    visit_i32_trunc_f64_s Truncation { from: F64, to: W32, signed: true };
    visit_i32_trunc_f64_u Truncation { from: F64, to: W32, signed: false };
    visit_i64_trunc_f32_s Truncation { from: F32, to: W64, signed: true };
    visit_i64_trunc_f32_u Truncation { from: F32, to: W64, signed: false };
    visit_i64_trunc_f64_s Truncation { from: F64, to: W64, signed: true };
    visit_i64_trunc_f64_u Truncation { from: F64, to: W64, signed: false };
}

rows! { add_wide:
    visit_i64_add128 false;
    visit_i64_sub128 true;
}

rows! { multiply_wide:
    visit_i64_mul_wide_s true;
    visit_i64_mul_wide_u false;
}

/// Loads and stores of scalars.
macro_rules! accesses {
    ($($visit:ident $method:ident $op:expr $(, $kind:ident)?;)*) => {
        impl<M: Masm> Compiler<'_, M> {
            $(fn $visit(&mut self, arg: MemArg) -> Done { self.$method($op, $(ValKind::$kind,)? &arg) })*
        }
    };
}
accesses! {
    visit_i32_load load_op Load::I32, I32;
    visit_i64_load load_op Load::I64, I64;
    visit_f32_load load_op Load::F32, F32;
    visit_f64_load load_op Load::F64, F64;
    visit_i32_load8_s load_op Load::I32Load8S, I32;
    visit_i32_load8_u load_op Load::Load8U, I32;
    visit_i32_load16_s load_op Load::I32Load16S, I32;
    visit_i32_load16_u load_op Load::Load16U, I32;
    visit_i64_load8_s load_op Load::I64Load8S, I64;
    visit_i64_load8_u load_op Load::Load8U, I64;
    visit_i64_load16_s load_op Load::I64Load16S, I64;
    visit_i64_load16_u load_op Load::Load16U, I64;
    visit_i64_load32_s load_op Load::I64Load32S, I64;
    visit_i64_load32_u load_op Load::I32, I64;
    visit_i32_store store_op Store::Store32;
    visit_i64_store store_op Store::Store64;
    visit_f32_store store_op Store::F32;
    visit_f64_store store_op Store::F64;
    visit_i32_store8 store_op Store::Store8;
    visit_i32_store16 store_op Store::Store16;
    visit_i64_store8 store_op Store::Store8;
    visit_i64_store16 store_op Store::Store16;
    visit_i64_store32 store_op Store::Store32;
}

windlass_wasm::operator_methods! { impl<M: Masm> Compiler<'_, M> }

#[allow(clippy::unnecessary_wraps)]
impl<M: Masm> Compiler<'_, M> {
    fn visit_drop(&mut self) -> Done {
        let e = self.pop();
        self.drop_entry(&e);
        Ok(())
    }
    fn visit_i64_extend_i32_u(&mut self) -> Done {
        self.extend_u()
    }
}
