//! The numeric operators in rows: a name for the opcode, the method of the visitor, the function that says
//! what it means, the name in listings, and the types. Opcodes, handlers and translation are
//! derived from these rows.

use crate::handlers::numeric::{Binary, Unary, WideBinary, WideMul};
use windlass_abi::num;
use windlass_abi::trap::TrapCode;

/// Calls `$callback` with the rows of all binary operators: comparisons of integers, comparisons of floats, and
/// the rest, each `Name visit_method function "name" operand => result`.
/// A comparison's row also names its inverse or, for floats, whose inverse is no comparison,
/// nothing; and the comparison with swapped operands.
macro_rules! binary_ops {
    ($callback:ident) => {
        $callback! {
            int_compares {
                I32Eq visit_i32_eq i32_eq "i32.eq" u32 inverse I32Ne swapped I32Eq;
                I32Ne visit_i32_ne i32_ne "i32.ne" u32 inverse I32Eq swapped I32Ne;
                I32LtS visit_i32_lt_s i32_lt_s "i32.lt_s" u32 inverse I32GeS swapped I32GtS;
                I32LtU visit_i32_lt_u i32_lt_u "i32.lt_u" u32 inverse I32GeU swapped I32GtU;
                I32GtS visit_i32_gt_s i32_gt_s "i32.gt_s" u32 inverse I32LeS swapped I32LtS;
                I32GtU visit_i32_gt_u i32_gt_u "i32.gt_u" u32 inverse I32LeU swapped I32LtU;
                I32LeS visit_i32_le_s i32_le_s "i32.le_s" u32 inverse I32GtS swapped I32GeS;
                I32LeU visit_i32_le_u i32_le_u "i32.le_u" u32 inverse I32GtU swapped I32GeU;
                I32GeS visit_i32_ge_s i32_ge_s "i32.ge_s" u32 inverse I32LtS swapped I32LeS;
                I32GeU visit_i32_ge_u i32_ge_u "i32.ge_u" u32 inverse I32LtU swapped I32LeU;
                I64Eq visit_i64_eq i64_eq "i64.eq" u64 inverse I64Ne swapped I64Eq;
                I64Ne visit_i64_ne i64_ne "i64.ne" u64 inverse I64Eq swapped I64Ne;
                I64LtS visit_i64_lt_s i64_lt_s "i64.lt_s" u64 inverse I64GeS swapped I64GtS;
                I64LtU visit_i64_lt_u i64_lt_u "i64.lt_u" u64 inverse I64GeU swapped I64GtU;
                I64GtS visit_i64_gt_s i64_gt_s "i64.gt_s" u64 inverse I64LeS swapped I64LtS;
                I64GtU visit_i64_gt_u i64_gt_u "i64.gt_u" u64 inverse I64LeU swapped I64LtU;
                I64LeS visit_i64_le_s i64_le_s "i64.le_s" u64 inverse I64GtS swapped I64GeS;
                I64LeU visit_i64_le_u i64_le_u "i64.le_u" u64 inverse I64GtU swapped I64GeU;
                I64GeS visit_i64_ge_s i64_ge_s "i64.ge_s" u64 inverse I64LtS swapped I64LeS;
                I64GeU visit_i64_ge_u i64_ge_u "i64.ge_u" u64 inverse I64LtU swapped I64LeU;
            }
            float_compares {
                F32Eq visit_f32_eq f32_eq "f32.eq" f32 swapped F32Eq;
                F32Ne visit_f32_ne f32_ne "f32.ne" f32 swapped F32Ne;
                F32Lt visit_f32_lt f32_lt "f32.lt" f32 swapped F32Gt;
                F32Gt visit_f32_gt f32_gt "f32.gt" f32 swapped F32Lt;
                F32Le visit_f32_le f32_le "f32.le" f32 swapped F32Ge;
                F32Ge visit_f32_ge f32_ge "f32.ge" f32 swapped F32Le;
                F64Eq visit_f64_eq f64_eq "f64.eq" f64 swapped F64Eq;
                F64Ne visit_f64_ne f64_ne "f64.ne" f64 swapped F64Ne;
                F64Lt visit_f64_lt f64_lt "f64.lt" f64 swapped F64Gt;
                F64Gt visit_f64_gt f64_gt "f64.gt" f64 swapped F64Lt;
                F64Le visit_f64_le f64_le "f64.le" f64 swapped F64Ge;
                F64Ge visit_f64_ge f64_ge "f64.ge" f64 swapped F64Le;
            }
            arithmetic {
                I32Add visit_i32_add i32_add "i32.add" u32 commutes;
                I32Sub visit_i32_sub i32_sub "i32.sub" u32;
                I32Mul visit_i32_mul i32_mul "i32.mul" u32 commutes;
                I32DivS visit_i32_div_s i32_div_s "i32.div_s" u32 traps;
                I32DivU visit_i32_div_u i32_div_u "i32.div_u" u32 traps;
                I32RemS visit_i32_rem_s i32_rem_s "i32.rem_s" u32 traps;
                I32RemU visit_i32_rem_u i32_rem_u "i32.rem_u" u32 traps;
                I32And visit_i32_and i32_and "i32.and" u32 commutes;
                I32Or visit_i32_or i32_or "i32.or" u32 commutes;
                I32Xor visit_i32_xor i32_xor "i32.xor" u32 commutes;
                I32Shl visit_i32_shl i32_shl "i32.shl" u32;
                I32ShrS visit_i32_shr_s i32_shr_s "i32.shr_s" u32;
                I32ShrU visit_i32_shr_u i32_shr_u "i32.shr_u" u32;
                I32Rotl visit_i32_rotl i32_rotl "i32.rotl" u32;
                I32Rotr visit_i32_rotr i32_rotr "i32.rotr" u32;
                I64Add visit_i64_add i64_add "i64.add" u64 commutes;
                I64Sub visit_i64_sub i64_sub "i64.sub" u64;
                I64Mul visit_i64_mul i64_mul "i64.mul" u64 commutes;
                I64DivS visit_i64_div_s i64_div_s "i64.div_s" u64 traps;
                I64DivU visit_i64_div_u i64_div_u "i64.div_u" u64 traps;
                I64RemS visit_i64_rem_s i64_rem_s "i64.rem_s" u64 traps;
                I64RemU visit_i64_rem_u i64_rem_u "i64.rem_u" u64 traps;
                I64And visit_i64_and i64_and "i64.and" u64 commutes;
                I64Or visit_i64_or i64_or "i64.or" u64 commutes;
                I64Xor visit_i64_xor i64_xor "i64.xor" u64 commutes;
                I64Shl visit_i64_shl i64_shl "i64.shl" u64;
                I64ShrS visit_i64_shr_s i64_shr_s "i64.shr_s" u64;
                I64ShrU visit_i64_shr_u i64_shr_u "i64.shr_u" u64;
                I64Rotl visit_i64_rotl i64_rotl "i64.rotl" u64;
                I64Rotr visit_i64_rotr i64_rotr "i64.rotr" u64;
                F32Add visit_f32_add f32_add "f32.add" f32;
                F32Sub visit_f32_sub f32_sub "f32.sub" f32;
                F32Mul visit_f32_mul f32_mul "f32.mul" f32;
                F32Div visit_f32_div f32_div "f32.div" f32;
                F32Min visit_f32_min f32_min "f32.min" f32;
                F32Max visit_f32_max f32_max "f32.max" f32;
                F32Copysign visit_f32_copysign f32_copysign "f32.copysign" f32;
                F64Add visit_f64_add f64_add "f64.add" f64;
                F64Sub visit_f64_sub f64_sub "f64.sub" f64;
                F64Mul visit_f64_mul f64_mul "f64.mul" f64;
                F64Div visit_f64_div f64_div "f64.div" f64;
                F64Min visit_f64_min f64_min "f64.min" f64;
                F64Max visit_f64_max f64_max "f64.max" f64;
                F64Copysign visit_f64_copysign f64_copysign "f64.copysign" f64;
            }
        }
    };
}
pub(crate) use binary_ops;

/// Calls `$callback` with the rows of all unary operators:
/// `Name visit_method function "name" operand => result`. `i32.eqz` and `i64.eqz` are comparisons with zero;
/// `i32.wrap_i64` takes the low half of a slot and needs no instruction.
macro_rules! unary_ops {
    ($callback:ident) => {
        $callback! {
            I32Clz visit_i32_clz i32_clz "i32.clz" u32 => u32;
            I32Ctz visit_i32_ctz i32_ctz "i32.ctz" u32 => u32;
            I32Popcnt visit_i32_popcnt i32_popcnt "i32.popcnt" u32 => u32;
            I32Extend8S visit_i32_extend8_s i32_extend8_s "i32.extend8_s" u32 => u32;
            I32Extend16S visit_i32_extend16_s i32_extend16_s "i32.extend16_s" u32 => u32;
            I64Clz visit_i64_clz i64_clz "i64.clz" u64 => u64;
            I64Ctz visit_i64_ctz i64_ctz "i64.ctz" u64 => u64;
            I64Popcnt visit_i64_popcnt i64_popcnt "i64.popcnt" u64 => u64;
            I64Extend8S visit_i64_extend8_s i64_extend8_s "i64.extend8_s" u64 => u64;
            I64Extend16S visit_i64_extend16_s i64_extend16_s "i64.extend16_s" u64 => u64;
            I64Extend32S visit_i64_extend32_s i64_extend32_s "i64.extend32_s" u64 => u64;
            I64ExtendI32S visit_i64_extend_i32_s i64_extend_i32_s "i64.extend_i32_s" u32 => u64;
            I64ExtendI32U visit_i64_extend_i32_u i64_extend_i32_u "i64.extend_i32_u" u32 => u64;
            F32Abs visit_f32_abs f32_abs "f32.abs" f32 => f32;
            F32Neg visit_f32_neg f32_neg "f32.neg" f32 => f32;
            F32Ceil visit_f32_ceil f32_ceil "f32.ceil" f32 => f32;
            F32Floor visit_f32_floor f32_floor "f32.floor" f32 => f32;
            F32Trunc visit_f32_trunc f32_trunc "f32.trunc" f32 => f32;
            F32Nearest visit_f32_nearest f32_nearest "f32.nearest" f32 => f32;
            F32Sqrt visit_f32_sqrt f32_sqrt "f32.sqrt" f32 => f32;
            F64Abs visit_f64_abs f64_abs "f64.abs" f64 => f64;
            F64Neg visit_f64_neg f64_neg "f64.neg" f64 => f64;
            F64Ceil visit_f64_ceil f64_ceil "f64.ceil" f64 => f64;
            F64Floor visit_f64_floor f64_floor "f64.floor" f64 => f64;
            F64Trunc visit_f64_trunc f64_trunc "f64.trunc" f64 => f64;
            F64Nearest visit_f64_nearest f64_nearest "f64.nearest" f64 => f64;
            F64Sqrt visit_f64_sqrt f64_sqrt "f64.sqrt" f64 => f64;
            I32TruncF32S visit_i32_trunc_f32_s i32_trunc_f32_s "i32.trunc_f32_s" f32 => u32 traps;
            I32TruncF32U visit_i32_trunc_f32_u i32_trunc_f32_u "i32.trunc_f32_u" f32 => u32 traps;
            I32TruncF64S visit_i32_trunc_f64_s i32_trunc_f64_s "i32.trunc_f64_s" f64 => u32 traps;
            I32TruncF64U visit_i32_trunc_f64_u i32_trunc_f64_u "i32.trunc_f64_u" f64 => u32 traps;
            I64TruncF32S visit_i64_trunc_f32_s i64_trunc_f32_s "i64.trunc_f32_s" f32 => u64 traps;
            I64TruncF32U visit_i64_trunc_f32_u i64_trunc_f32_u "i64.trunc_f32_u" f32 => u64 traps;
            I64TruncF64S visit_i64_trunc_f64_s i64_trunc_f64_s "i64.trunc_f64_s" f64 => u64 traps;
            I64TruncF64U visit_i64_trunc_f64_u i64_trunc_f64_u "i64.trunc_f64_u" f64 => u64 traps;
            I32TruncSatF32S visit_i32_trunc_sat_f32_s i32_trunc_sat_f32_s "i32.trunc_sat_f32_s" f32 => u32;
            I32TruncSatF32U visit_i32_trunc_sat_f32_u i32_trunc_sat_f32_u "i32.trunc_sat_f32_u" f32 => u32;
            I32TruncSatF64S visit_i32_trunc_sat_f64_s i32_trunc_sat_f64_s "i32.trunc_sat_f64_s" f64 => u32;
            I32TruncSatF64U visit_i32_trunc_sat_f64_u i32_trunc_sat_f64_u "i32.trunc_sat_f64_u" f64 => u32;
            I64TruncSatF32S visit_i64_trunc_sat_f32_s i64_trunc_sat_f32_s "i64.trunc_sat_f32_s" f32 => u64;
            I64TruncSatF32U visit_i64_trunc_sat_f32_u i64_trunc_sat_f32_u "i64.trunc_sat_f32_u" f32 => u64;
            I64TruncSatF64S visit_i64_trunc_sat_f64_s i64_trunc_sat_f64_s "i64.trunc_sat_f64_s" f64 => u64;
            I64TruncSatF64U visit_i64_trunc_sat_f64_u i64_trunc_sat_f64_u "i64.trunc_sat_f64_u" f64 => u64;
            F32ConvertI32S visit_f32_convert_i32_s f32_convert_i32_s "f32.convert_i32_s" u32 => f32;
            F32ConvertI32U visit_f32_convert_i32_u f32_convert_i32_u "f32.convert_i32_u" u32 => f32;
            F32ConvertI64S visit_f32_convert_i64_s f32_convert_i64_s "f32.convert_i64_s" u64 => f32;
            F32ConvertI64U visit_f32_convert_i64_u f32_convert_i64_u "f32.convert_i64_u" u64 => f32;
            F32DemoteF64 visit_f32_demote_f64 f32_demote_f64 "f32.demote_f64" f64 => f32;
            F64ConvertI32S visit_f64_convert_i32_s f64_convert_i32_s "f64.convert_i32_s" u32 => f64;
            F64ConvertI32U visit_f64_convert_i32_u f64_convert_i32_u "f64.convert_i32_u" u32 => f64;
            F64ConvertI64S visit_f64_convert_i64_s f64_convert_i64_s "f64.convert_i64_s" u64 => f64;
            F64ConvertI64U visit_f64_convert_i64_u f64_convert_i64_u "f64.convert_i64_u" u64 => f64;
            F64PromoteF32 visit_f64_promote_f32 f64_promote_f32 "f64.promote_f32" f32 => f64;
            I32ReinterpretF32 visit_i32_reinterpret_f32 i32_reinterpret_f32 "i32.reinterpret_f32" f32 => u32;
            I64ReinterpretF64 visit_i64_reinterpret_f64 i64_reinterpret_f64 "i64.reinterpret_f64" f64 => u64;
            F32ReinterpretI32 visit_f32_reinterpret_i32 f32_reinterpret_i32 "f32.reinterpret_i32" u32 => f32;
            F64ReinterpretI64 visit_f64_reinterpret_i64 f64_reinterpret_i64 "f64.reinterpret_i64" u64 => f64;
        }
    };
}
pub(crate) use unary_ops;

/// The result of an operator's function as the instructions want it.
macro_rules! outcome {
    ($value:expr) => {
        Ok($value)
    };
    ($value:expr, traps) => {
        $value
    };
}

macro_rules! define_binary {
    (
        int_compares { $($ic:ident $ic_visit:ident $ic_fn:ident $ic_name:literal $ic_ty:ident inverse $ic_inv:ident swapped $ic_swap:ident;)* }
        float_compares { $($fc:ident $fc_visit:ident $fc_fn:ident $fc_name:literal $fc_ty:ident swapped $fc_swap:ident;)* }
        arithmetic { $($ar:ident $ar_visit:ident $ar_fn:ident $ar_name:literal $ar_ty:ident $($ar_flag:ident)?;)* }
    ) => {
        /// The binary operators; the comparisons come first, those of integers before those of floats.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum BinaryOp { $($ic,)* $($fc,)* $($ar,)* }

        /// The number of comparisons of integers.
        pub(crate) const INT_COMPARES: usize = [$(BinaryOp::$ic),*].len();

        impl BinaryOp {
            /// Whether the operator is a comparison.
            pub const fn is_compare(self) -> bool {
                match self { $(BinaryOp::$ic => true,)* $(BinaryOp::$fc => true,)* _ => false }
            }

            /// The comparison that is true where this one is false; `None` for comparisons of floats.
            pub const fn inverse(self) -> Option<BinaryOp> {
                match self { $(BinaryOp::$ic => Some(BinaryOp::$ic_inv),)* _ => None }
            }

            /// The operator with which `b op a` is this one's `a op b`.
            pub const fn swapped(self) -> Option<BinaryOp> {
                match self {
                    $(BinaryOp::$ic => Some(BinaryOp::$ic_swap),)*
                    $(BinaryOp::$fc => Some(BinaryOp::$fc_swap),)*
                    $($(BinaryOp::$ar => define_binary!(@swapped $ar $ar_flag),)?)*
                    _ => None,
                }
            }
        }

        /// A type for each operator, to instantiate instructions with.
        pub(crate) mod binary {
            use super::*;
            $(pub(crate) struct $ic;
            impl Binary for $ic {
                type In = $ic_ty;
                type Out = bool;
                const NAME: &'static str = $ic_name;
                #[inline(always)]
                fn eval(a: $ic_ty, b: $ic_ty) -> Result<bool, TrapCode> { Ok(num::$ic_fn(a, b)) }
            })*
            $(pub(crate) struct $fc;
            impl Binary for $fc {
                type In = $fc_ty;
                type Out = bool;
                const NAME: &'static str = $fc_name;
                #[inline(always)]
                fn eval(a: $fc_ty, b: $fc_ty) -> Result<bool, TrapCode> { Ok(num::$fc_fn(a, b)) }
            })*
            $(pub(crate) struct $ar;
            impl Binary for $ar {
                type In = $ar_ty;
                type Out = $ar_ty;
                const NAME: &'static str = $ar_name;
                #[inline(always)]
                fn eval(a: $ar_ty, b: $ar_ty) -> Result<$ar_ty, TrapCode> {
                    define_binary!(@outcome num::$ar_fn(a, b) $(, $ar_flag)?)
                }
            })*
        }
    };
    (@swapped $op:ident commutes) => { Some(BinaryOp::$op) };
    (@swapped $op:ident traps) => { None };
    (@outcome $value:expr) => { Ok($value) };
    (@outcome $value:expr, commutes) => { Ok($value) };
    (@outcome $value:expr, traps) => { $value };
}
binary_ops!(define_binary);

macro_rules! define_unary {
    ($($op:ident $visit:ident $fn:ident $name:literal $in:ident => $out:ident $($flag:ident)?;)*) => {
        /// The unary operators.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum UnaryOp { $($op,)* }

        /// A type for each operator, to instantiate instructions with.
        pub(crate) mod unary {
            use super::*;
            $(pub(crate) struct $op;
            impl Unary for $op {
                type In = $in;
                type Out = $out;
                const NAME: &'static str = $name;
                #[inline(always)]
                fn eval(a: $in) -> Result<$out, TrapCode> { outcome!(num::$fn(a) $(, $flag)?) }
            })*
        }
    };
}
unary_ops!(define_unary);

/// `i64.add128`.
pub(crate) struct Add128;
impl WideBinary for Add128 {
    const NAME: &'static str = "i64.add128";
    #[inline(always)]
    fn eval(a_lo: u64, a_hi: u64, b_lo: u64, b_hi: u64) -> (u64, u64) {
        num::i64_add128(a_lo, a_hi, b_lo, b_hi)
    }
}

/// `i64.sub128`.
pub(crate) struct Sub128;
impl WideBinary for Sub128 {
    const NAME: &'static str = "i64.sub128";
    #[inline(always)]
    fn eval(a_lo: u64, a_hi: u64, b_lo: u64, b_hi: u64) -> (u64, u64) {
        num::i64_sub128(a_lo, a_hi, b_lo, b_hi)
    }
}

/// `i64.mul_wide_s`.
pub(crate) struct MulWideS;
impl WideMul for MulWideS {
    const NAME: &'static str = "i64.mul_wide_s";
    #[inline(always)]
    fn eval(a: u64, b: u64) -> (u64, u64) {
        num::i64_mul_wide_s(a, b)
    }
}

/// `i64.mul_wide_u`.
pub(crate) struct MulWideU;
impl WideMul for MulWideU {
    const NAME: &'static str = "i64.mul_wide_u";
    #[inline(always)]
    fn eval(a: u64, b: u64) -> (u64, u64) {
        num::i64_mul_wide_u(a, b)
    }
}
