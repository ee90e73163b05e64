//! The operations on vectors: what the generic part asks of a target's vector instructions.
//!
//! The table names each operation once, with the visitor's methods that mean it: relaxed operators mean
//! what [`windlass_abi::num::simd`] says, so most of them are another operator. Enums and visitor methods come from it.

use crate::masm::{Address, Cond, Operand};
use crate::reg::Reg;

/// Calls a macro with the table of operations, by the number of their operands.
macro_rules! for_each_vector_op {
    ($with:ident) => {
        $with! { Unary vector_unary:
            I8x16Abs: visit_i8x16_abs;
            I8x16Neg: visit_i8x16_neg;
            I16x8Abs: visit_i16x8_abs;
            I16x8Neg: visit_i16x8_neg;
            I32x4Abs: visit_i32x4_abs;
            I32x4Neg: visit_i32x4_neg;
            I64x2Abs: visit_i64x2_abs;
            I64x2Neg: visit_i64x2_neg;
            I8x16Popcnt: visit_i8x16_popcnt;
            I16x8ExtendLowI8x16S: visit_i16x8_extend_low_i8x16_s;
            I16x8ExtendHighI8x16S: visit_i16x8_extend_high_i8x16_s;
            I16x8ExtaddPairwiseI8x16S: visit_i16x8_extadd_pairwise_i8x16_s;
            I16x8ExtendLowI8x16U: visit_i16x8_extend_low_i8x16_u;
            I16x8ExtendHighI8x16U: visit_i16x8_extend_high_i8x16_u;
            I16x8ExtaddPairwiseI8x16U: visit_i16x8_extadd_pairwise_i8x16_u;
            I32x4ExtendLowI16x8S: visit_i32x4_extend_low_i16x8_s;
            I32x4ExtendHighI16x8S: visit_i32x4_extend_high_i16x8_s;
            I32x4ExtaddPairwiseI16x8S: visit_i32x4_extadd_pairwise_i16x8_s;
            I32x4ExtendLowI16x8U: visit_i32x4_extend_low_i16x8_u;
            I32x4ExtendHighI16x8U: visit_i32x4_extend_high_i16x8_u;
            I32x4ExtaddPairwiseI16x8U: visit_i32x4_extadd_pairwise_i16x8_u;
            I64x2ExtendLowI32x4S: visit_i64x2_extend_low_i32x4_s;
            I64x2ExtendHighI32x4S: visit_i64x2_extend_high_i32x4_s;
            I64x2ExtendLowI32x4U: visit_i64x2_extend_low_i32x4_u;
            I64x2ExtendHighI32x4U: visit_i64x2_extend_high_i32x4_u;
            F32x4Abs: visit_f32x4_abs;
            F32x4Neg: visit_f32x4_neg;
            F32x4Sqrt: visit_f32x4_sqrt;
            F32x4Ceil: visit_f32x4_ceil;
            F32x4Floor: visit_f32x4_floor;
            F32x4Trunc: visit_f32x4_trunc;
            F32x4Nearest: visit_f32x4_nearest;
            F64x2Abs: visit_f64x2_abs;
            F64x2Neg: visit_f64x2_neg;
            F64x2Sqrt: visit_f64x2_sqrt;
            F64x2Ceil: visit_f64x2_ceil;
            F64x2Floor: visit_f64x2_floor;
            F64x2Trunc: visit_f64x2_trunc;
            F64x2Nearest: visit_f64x2_nearest;
            V128Not: visit_v128_not;
            I32x4TruncSatF32x4S: visit_i32x4_trunc_sat_f32x4_s visit_i32x4_relaxed_trunc_f32x4_s;
            I32x4TruncSatF32x4U: visit_i32x4_trunc_sat_f32x4_u visit_i32x4_relaxed_trunc_f32x4_u;
            I32x4TruncSatF64x2SZero: visit_i32x4_trunc_sat_f64x2_s_zero visit_i32x4_relaxed_trunc_f64x2_s_zero;
            I32x4TruncSatF64x2UZero: visit_i32x4_trunc_sat_f64x2_u_zero visit_i32x4_relaxed_trunc_f64x2_u_zero;
            F32x4ConvertI32x4S: visit_f32x4_convert_i32x4_s;
            F32x4ConvertI32x4U: visit_f32x4_convert_i32x4_u;
            F64x2ConvertLowI32x4S: visit_f64x2_convert_low_i32x4_s;
            F64x2ConvertLowI32x4U: visit_f64x2_convert_low_i32x4_u;
            F32x4DemoteF64x2Zero: visit_f32x4_demote_f64x2_zero;
            F64x2PromoteLowF32x4: visit_f64x2_promote_low_f32x4;
        }
        $with! { Binary vector_binary:
            I8x16Add: visit_i8x16_add;
            I8x16Sub: visit_i8x16_sub;
            I16x8Add: visit_i16x8_add;
            I16x8Sub: visit_i16x8_sub;
            I32x4Add: visit_i32x4_add;
            I32x4Sub: visit_i32x4_sub;
            I64x2Add: visit_i64x2_add;
            I64x2Sub: visit_i64x2_sub;
            I16x8Mul: visit_i16x8_mul;
            I32x4Mul: visit_i32x4_mul;
            I64x2Mul: visit_i64x2_mul;
            I8x16AddSatS: visit_i8x16_add_sat_s;
            I8x16AddSatU: visit_i8x16_add_sat_u;
            I8x16SubSatS: visit_i8x16_sub_sat_s;
            I8x16SubSatU: visit_i8x16_sub_sat_u;
            I8x16AvgrU: visit_i8x16_avgr_u;
            I16x8AddSatS: visit_i16x8_add_sat_s;
            I16x8AddSatU: visit_i16x8_add_sat_u;
            I16x8SubSatS: visit_i16x8_sub_sat_s;
            I16x8SubSatU: visit_i16x8_sub_sat_u;
            I16x8AvgrU: visit_i16x8_avgr_u;
            I8x16MinS: visit_i8x16_min_s;
            I8x16MinU: visit_i8x16_min_u;
            I8x16MaxS: visit_i8x16_max_s;
            I8x16MaxU: visit_i8x16_max_u;
            I16x8MinS: visit_i16x8_min_s;
            I16x8MinU: visit_i16x8_min_u;
            I16x8MaxS: visit_i16x8_max_s;
            I16x8MaxU: visit_i16x8_max_u;
            I32x4MinS: visit_i32x4_min_s;
            I32x4MinU: visit_i32x4_min_u;
            I32x4MaxS: visit_i32x4_max_s;
            I32x4MaxU: visit_i32x4_max_u;
            V128And: visit_v128_and;
            V128Andnot: visit_v128_andnot;
            V128Or: visit_v128_or;
            V128Xor: visit_v128_xor;
            I8x16Eq: visit_i8x16_eq;
            I8x16Ne: visit_i8x16_ne;
            I8x16LtS: visit_i8x16_lt_s;
            I8x16LtU: visit_i8x16_lt_u;
            I8x16GtS: visit_i8x16_gt_s;
            I8x16GtU: visit_i8x16_gt_u;
            I8x16LeS: visit_i8x16_le_s;
            I8x16LeU: visit_i8x16_le_u;
            I8x16GeS: visit_i8x16_ge_s;
            I8x16GeU: visit_i8x16_ge_u;
            I16x8Eq: visit_i16x8_eq;
            I16x8Ne: visit_i16x8_ne;
            I16x8LtS: visit_i16x8_lt_s;
            I16x8LtU: visit_i16x8_lt_u;
            I16x8GtS: visit_i16x8_gt_s;
            I16x8GtU: visit_i16x8_gt_u;
            I16x8LeS: visit_i16x8_le_s;
            I16x8LeU: visit_i16x8_le_u;
            I16x8GeS: visit_i16x8_ge_s;
            I16x8GeU: visit_i16x8_ge_u;
            I32x4Eq: visit_i32x4_eq;
            I32x4Ne: visit_i32x4_ne;
            I32x4LtS: visit_i32x4_lt_s;
            I32x4LtU: visit_i32x4_lt_u;
            I32x4GtS: visit_i32x4_gt_s;
            I32x4GtU: visit_i32x4_gt_u;
            I32x4LeS: visit_i32x4_le_s;
            I32x4LeU: visit_i32x4_le_u;
            I32x4GeS: visit_i32x4_ge_s;
            I32x4GeU: visit_i32x4_ge_u;
            I64x2Eq: visit_i64x2_eq;
            I64x2Ne: visit_i64x2_ne;
            I64x2LtS: visit_i64x2_lt_s;
            I64x2GtS: visit_i64x2_gt_s;
            I64x2LeS: visit_i64x2_le_s;
            I64x2GeS: visit_i64x2_ge_s;
            F32x4Eq: visit_f32x4_eq;
            F32x4Ne: visit_f32x4_ne;
            F32x4Lt: visit_f32x4_lt;
            F32x4Gt: visit_f32x4_gt;
            F32x4Le: visit_f32x4_le;
            F32x4Ge: visit_f32x4_ge;
            F64x2Eq: visit_f64x2_eq;
            F64x2Ne: visit_f64x2_ne;
            F64x2Lt: visit_f64x2_lt;
            F64x2Gt: visit_f64x2_gt;
            F64x2Le: visit_f64x2_le;
            F64x2Ge: visit_f64x2_ge;
            F32x4Add: visit_f32x4_add;
            F32x4Sub: visit_f32x4_sub;
            F32x4Mul: visit_f32x4_mul;
            F32x4Div: visit_f32x4_div;
            F32x4Min: visit_f32x4_min visit_f32x4_relaxed_min;
            F32x4Max: visit_f32x4_max visit_f32x4_relaxed_max;
            F32x4Pmin: visit_f32x4_pmin;
            F32x4Pmax: visit_f32x4_pmax;
            F64x2Add: visit_f64x2_add;
            F64x2Sub: visit_f64x2_sub;
            F64x2Mul: visit_f64x2_mul;
            F64x2Div: visit_f64x2_div;
            F64x2Min: visit_f64x2_min visit_f64x2_relaxed_min;
            F64x2Max: visit_f64x2_max visit_f64x2_relaxed_max;
            F64x2Pmin: visit_f64x2_pmin;
            F64x2Pmax: visit_f64x2_pmax;
            I8x16NarrowI16x8S: visit_i8x16_narrow_i16x8_s;
            I8x16NarrowI16x8U: visit_i8x16_narrow_i16x8_u;
            I16x8NarrowI32x4S: visit_i16x8_narrow_i32x4_s;
            I16x8NarrowI32x4U: visit_i16x8_narrow_i32x4_u;
            I16x8ExtmulLowI8x16S: visit_i16x8_extmul_low_i8x16_s;
            I16x8ExtmulHighI8x16S: visit_i16x8_extmul_high_i8x16_s;
            I16x8ExtmulLowI8x16U: visit_i16x8_extmul_low_i8x16_u;
            I16x8ExtmulHighI8x16U: visit_i16x8_extmul_high_i8x16_u;
            I32x4ExtmulLowI16x8S: visit_i32x4_extmul_low_i16x8_s;
            I32x4ExtmulHighI16x8S: visit_i32x4_extmul_high_i16x8_s;
            I32x4ExtmulLowI16x8U: visit_i32x4_extmul_low_i16x8_u;
            I32x4ExtmulHighI16x8U: visit_i32x4_extmul_high_i16x8_u;
            I64x2ExtmulLowI32x4S: visit_i64x2_extmul_low_i32x4_s;
            I64x2ExtmulHighI32x4S: visit_i64x2_extmul_high_i32x4_s;
            I64x2ExtmulLowI32x4U: visit_i64x2_extmul_low_i32x4_u;
            I64x2ExtmulHighI32x4U: visit_i64x2_extmul_high_i32x4_u;
            I16x8Q15mulrSatS: visit_i16x8_q15mulr_sat_s visit_i16x8_relaxed_q15mulr_s;
            I32x4DotI16x8S: visit_i32x4_dot_i16x8_s;
            I16x8RelaxedDotI8x16I7x16S: visit_i16x8_relaxed_dot_i8x16_i7x16_s;
            I8x16Swizzle: visit_i8x16_swizzle visit_i8x16_relaxed_swizzle;
        }
        $with! { Ternary vector_ternary:
            V128Bitselect: visit_v128_bitselect visit_i8x16_relaxed_laneselect visit_i16x8_relaxed_laneselect visit_i32x4_relaxed_laneselect visit_i64x2_relaxed_laneselect;
            F32x4RelaxedMadd: visit_f32x4_relaxed_madd;
            F32x4RelaxedNmadd: visit_f32x4_relaxed_nmadd;
            F64x2RelaxedMadd: visit_f64x2_relaxed_madd;
            F64x2RelaxedNmadd: visit_f64x2_relaxed_nmadd;
            I32x4RelaxedDotI8x16I7x16AddS: visit_i32x4_relaxed_dot_i8x16_i7x16_add_s;
        }
        $with! { Shift vector_shift:
            I8x16Shl: visit_i8x16_shl;
            I8x16ShrS: visit_i8x16_shr_s;
            I8x16ShrU: visit_i8x16_shr_u;
            I16x8Shl: visit_i16x8_shl;
            I16x8ShrS: visit_i16x8_shr_s;
            I16x8ShrU: visit_i16x8_shr_u;
            I32x4Shl: visit_i32x4_shl;
            I32x4ShrS: visit_i32x4_shr_s;
            I32x4ShrU: visit_i32x4_shr_u;
            I64x2Shl: visit_i64x2_shl;
            I64x2ShrS: visit_i64x2_shr_s;
            I64x2ShrU: visit_i64x2_shr_u;
        }
    };
}
pub(crate) use for_each_vector_op;

macro_rules! enums {
    ($name:ident $method:ident: $($op:ident: $($visit:ident)+;)*) => {
        /// Operations of so many operands, named as the operators.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs)]
        pub enum $name { $($op,)* }
    };
}
for_each_vector_op!(enums);

/// How a vector is divided into lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Lanes {
    I8x16,
    I16x8,
    I32x4,
    I64x2,
    F32x4,
    F64x2,
}

impl Lanes {
    /// Bytes of a lane.
    pub const fn size(self) -> u32 {
        match self {
            Lanes::I8x16 => 1,
            Lanes::I16x8 => 2,
            Lanes::I32x4 | Lanes::F32x4 => 4,
            Lanes::I64x2 | Lanes::F64x2 => 8,
        }
    }
}

/// What a load makes of the bytes that it reads; a plain one is [`Load::V128`](crate::masm::Load::V128).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum VectorLoad {
    Extend8x8S,
    Extend8x8U,
    Extend16x4S,
    Extend16x4U,
    Extend32x2S,
    Extend32x2U,
    Splat8,
    Splat16,
    Splat32,
    Splat64,
    Zero32,
    Zero64,
}

impl VectorLoad {
    /// Bytes that are read.
    pub const fn size(self) -> u32 {
        use VectorLoad::*;
        match self {
            Splat8 => 1,
            Splat16 => 2,
            Splat32 | Zero32 => 4,
            Extend8x8S | Extend8x8U | Extend16x4S | Extend16x4U | Extend32x2S | Extend32x2U | Splat64
            | Zero64 => 8,
        }
    }
}

/// An operation of any number of operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum VectorOp {
    Unary(Unary),
    Binary(Binary),
    Ternary(Ternary),
    /// By a variable.
    Shift(Shift),
    /// By a constant.
    ShiftConstant(Shift),
}

/// What a target asks for before it does an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Needs {
    /// A free vector register, besides the result's.
    pub temporary: bool,
    /// The second operand in a register: not in the frame.
    pub register: bool,
    /// A register for the result that is no operand's: looked at only of operations on three operands.
    pub fresh: bool,
}

/// The part of a target's macro assembler for vectors. The result's register may be that of any operand; `temp` is a
/// free register if [`VectorMasm::vector_needs`] asks for one, and meaningless else.
#[allow(missing_docs)]
pub trait VectorMasm {
    fn vector_needs(op: VectorOp) -> Needs;
    fn vector_unary(&mut self, op: Unary, dst: Reg, a: Reg, temp: Reg);
    fn vector_binary(&mut self, op: Binary, dst: Reg, a: Reg, b: Operand, temp: Reg);
    fn vector_ternary(&mut self, op: Ternary, dst: Reg, a: Reg, b: Reg, c: Reg, temp: Reg);
    /// Shifts by a register or a constant, which is taken modulo the width of a lane.
    fn vector_shift(&mut self, op: Shift, dst: Reg, a: Reg, count: Operand, temp: Reg);
    /// Tests whether any bit is set, and gives what to ask for.
    fn vector_any_true(&mut self, a: Reg) -> Cond;
    /// Tests whether no lane is zero, and gives what to ask for.
    fn vector_all_true(&mut self, lanes: Lanes, a: Reg) -> Cond;
    /// The sign bits of the lanes.
    fn vector_bitmask(&mut self, lanes: Lanes, dst: Reg, a: Reg);
    fn vector_constant(&mut self, dst: Reg, bytes: [u8; 16]);
    fn vector_splat(&mut self, lanes: Lanes, dst: Reg, src: Reg);
    /// A lane, zero-extended, or sign-extended to 32 bits if `signed`.
    fn vector_extract(&mut self, lanes: Lanes, signed: bool, dst: Reg, a: Reg, lane: u8);
    fn vector_replace(&mut self, lanes: Lanes, dst: Reg, a: Reg, value: Reg, lane: u8);
    /// The bytes with these numbers, of `a` from 0 and of `b` from 16; [`ZERO_BYTE`] is zero. All are of `a` or zero
    /// if `a` and `b` are the same register.
    fn vector_shuffle(&mut self, dst: Reg, a: Reg, b: Reg, bytes: [u8; 16]);
    /// The first instruction reads memory, and no other.
    fn vector_load(&mut self, op: VectorLoad, dst: Reg, from: Address);
    /// Likewise.
    fn vector_load_lane(&mut self, lanes: Lanes, dst: Reg, a: Reg, lane: u8, from: Address);
    /// One instruction.
    fn vector_store_lane(&mut self, lanes: Lanes, to: Address, src: Reg, lane: u8);
}

/// In place of a number of a byte: zero.
pub const ZERO_BYTE: u8 = 0x80;
