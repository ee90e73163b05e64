//! Vectors: arithmetic, comparisons, conversions, in recipes; what depends on more than the opcode is in [`lanes`](super::lanes).
//!
//! Relaxed operators mean what [`windlass_abi::num::simd`] says: most of them are another operator.

use super::context::Context;
use super::float::{CEIL, FLOOR, NEAREST, TRUNC};
use super::recipe::{
    A, B, C, Input, ONES, S0, S1, S2, S3, S4, S5, S6, S7, Step, ZERO, each8, each16, each32, each64, i,
    recipes,
};
use windlass_asm::x64::inst::*;
use windlass_ir::{Op, Value};

/// Predicates of `vcmpps` and `vcmppd`.
const EQ: Input = i(0);
const LT: Input = i(1);
const LE: Input = i(2);
const UNORDERED: Input = i(3);
const NE: Input = i(4);
const ORDERED: Input = i(7);
const GE: Input = i(13);

/// 2^31 as a float, from which on no signed integer of 32 bits is large enough.
const LIMIT: Input = each32(2147483648f32.to_bits());
/// 2^52: added to a smaller integer, that is in the low bits.
const MAGIC: Input = each64(4503599627370496f64.to_bits());
/// How many bits are set, for each number of four bits.
const COUNTS: Input = Input::Bytes([0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]);

recipes! {
    commutative {
        i8x16_add: VPADDB(A, B);
        i16x8_add: VPADDW(A, B);
        i32x4_add: VPADDD(A, B);
        i64x2_add: VPADDQ(A, B);
        i16x8_mul: VPMULLW(A, B);
        i32x4_mul: VPMULLD(A, B);
        i8x16_add_sat_s: VPADDSB(A, B);
        i8x16_add_sat_u: VPADDUSB(A, B);
        i16x8_add_sat_s: VPADDSW(A, B);
        i16x8_add_sat_u: VPADDUSW(A, B);
        i8x16_avgr_u: VPAVGB(A, B);
        i16x8_avgr_u: VPAVGW(A, B);
        i8x16_min_s: VPMINSB(A, B);
        i8x16_min_u: VPMINUB(A, B);
        i8x16_max_s: VPMAXSB(A, B);
        i8x16_max_u: VPMAXUB(A, B);
        i16x8_min_s: VPMINSW(A, B);
        i16x8_min_u: VPMINUW(A, B);
        i16x8_max_s: VPMAXSW(A, B);
        i16x8_max_u: VPMAXUW(A, B);
        i32x4_min_s: VPMINSD(A, B);
        i32x4_min_u: VPMINUD(A, B);
        i32x4_max_s: VPMAXSD(A, B);
        i32x4_max_u: VPMAXUD(A, B);
        v128_and: VPAND(A, B);
        v128_or: VPOR(A, B);
        v128_xor: VPXOR(A, B);
        i8x16_eq: VPCMPEQB(A, B);
        i16x8_eq: VPCMPEQW(A, B);
        i32x4_eq: VPCMPEQD(A, B);
        i64x2_eq: VPCMPEQQ(A, B);
        f32x4_eq: VCMPPS(A, B, EQ);
        f64x2_eq: VCMPPD(A, B, EQ);
        f32x4_ne: VCMPPS(A, B, NE);
        f64x2_ne: VCMPPD(A, B, NE);
        i32x4_dot_i16x8_s: VPMADDWD(A, B);
        i8x16_ne: VPCMPEQB(A, B), VPXOR(S0, ONES);
        i16x8_ne: VPCMPEQW(A, B), VPXOR(S0, ONES);
        i32x4_ne: VPCMPEQD(A, B), VPXOR(S0, ONES);
        i64x2_ne: VPCMPEQQ(A, B), VPXOR(S0, ONES);
        f32x4_add: VADDPS(A, B);
        f64x2_add: VADDPD(A, B);
        f32x4_mul: VMULPS(A, B);
        f64x2_mul: VMULPD(A, B);
        // Only the product of the two least numbers overflows, to the least number.
        i16x8_q15mulr_sat_s i16x8_relaxed_q15mulr_s:
            VPMULHRSW(A, B), VPCMPEQW(S0, each16(0x8000)), VPXOR(S0, S1);
    }
    others {
        i8x16_sub: VPSUBB(A, B);
        i16x8_sub: VPSUBW(A, B);
        i32x4_sub: VPSUBD(A, B);
        i64x2_sub: VPSUBQ(A, B);
        i8x16_sub_sat_s: VPSUBSB(A, B);
        i8x16_sub_sat_u: VPSUBUSB(A, B);
        i16x8_sub_sat_s: VPSUBSW(A, B);
        i16x8_sub_sat_u: VPSUBUSW(A, B);
        f32x4_sub: VSUBPS(A, B);
        f64x2_sub: VSUBPD(A, B);
        f32x4_div: VDIVPS(A, B);
        f64x2_div: VDIVPD(A, B);
        v128_andnot: VPANDN(B, A);
        v128_not: VPXOR(A, ONES);

        // Comparisons. Less or equal is to be the least of both.
        i8x16_gt_s: VPCMPGTB(A, B);
        i16x8_gt_s: VPCMPGTW(A, B);
        i32x4_gt_s: VPCMPGTD(A, B);
        i64x2_gt_s: VPCMPGTQ(A, B);
        i8x16_lt_s: VPCMPGTB(B, A);
        i16x8_lt_s: VPCMPGTW(B, A);
        i32x4_lt_s: VPCMPGTD(B, A);
        i64x2_lt_s: VPCMPGTQ(B, A);
        i8x16_le_s: VPMINSB(A, B), VPCMPEQB(A, S0);
        i16x8_le_s: VPMINSW(A, B), VPCMPEQW(A, S0);
        i32x4_le_s: VPMINSD(A, B), VPCMPEQD(A, S0);
        i8x16_le_u: VPMINUB(A, B), VPCMPEQB(A, S0);
        i16x8_le_u: VPMINUW(A, B), VPCMPEQW(A, S0);
        i32x4_le_u: VPMINUD(A, B), VPCMPEQD(A, S0);
        i8x16_ge_s: VPMAXSB(A, B), VPCMPEQB(A, S0);
        i16x8_ge_s: VPMAXSW(A, B), VPCMPEQW(A, S0);
        i32x4_ge_s: VPMAXSD(A, B), VPCMPEQD(A, S0);
        i8x16_ge_u: VPMAXUB(A, B), VPCMPEQB(A, S0);
        i16x8_ge_u: VPMAXUW(A, B), VPCMPEQW(A, S0);
        i32x4_ge_u: VPMAXUD(A, B), VPCMPEQD(A, S0);
        i8x16_lt_u: VPMAXUB(A, B), VPCMPEQB(A, S0), VPXOR(S1, ONES);
        i16x8_lt_u: VPMAXUW(A, B), VPCMPEQW(A, S0), VPXOR(S1, ONES);
        i32x4_lt_u: VPMAXUD(A, B), VPCMPEQD(A, S0), VPXOR(S1, ONES);
        i8x16_gt_u: VPMINUB(A, B), VPCMPEQB(A, S0), VPXOR(S1, ONES);
        i16x8_gt_u: VPMINUW(A, B), VPCMPEQW(A, S0), VPXOR(S1, ONES);
        i32x4_gt_u: VPMINUD(A, B), VPCMPEQD(A, S0), VPXOR(S1, ONES);
        i64x2_le_s: VPCMPGTQ(A, B), VPXOR(S0, ONES);
        i64x2_ge_s: VPCMPGTQ(B, A), VPXOR(S0, ONES);
        f32x4_lt: VCMPPS(A, B, LT);
        f64x2_lt: VCMPPD(A, B, LT);
        f32x4_le: VCMPPS(A, B, LE);
        f64x2_le: VCMPPD(A, B, LE);
        f32x4_gt: VCMPPS(B, A, LT);
        f64x2_gt: VCMPPD(B, A, LT);
        f32x4_ge: VCMPPS(B, A, LE);
        f64x2_ge: VCMPPD(B, A, LE);

        // Integers.
        i8x16_abs: VPABSB(A);
        i16x8_abs: VPABSW(A);
        i32x4_abs: VPABSD(A);
        i64x2_abs: VPCMPGTQ(ZERO, A), VPXOR(A, S0), VPSUBQ(S1, S0);
        i8x16_neg: VPSUBB(ZERO, A);
        i16x8_neg: VPSUBW(ZERO, A);
        i32x4_neg: VPSUBD(ZERO, A);
        i64x2_neg: VPSUBQ(ZERO, A);
        // Of both halves of each byte, from a table.
        i8x16_popcnt: VPSRLW_I(A, i(4)), VPAND(S0, each8(0x0f)), VPAND(A, each8(0x0f)),
            VPSHUFB(COUNTS, S1), VPSHUFB(COUNTS, S2), VPADDB(S4, S3);
        // Both cross products, in the high half; the low product.
        i64x2_mul: VPSRLQ_I(A, i(32)), VPMULUDQ(S0, B), VPSRLQ_I(B, i(32)), VPMULUDQ(S2, A),
            VPADDQ(S1, S3), VPSLLQ_I(S4, i(32)), VPMULUDQ(A, B), VPADDQ(S6, S5);
        i8x16_narrow_i16x8_s: VPACKSSWB(A, B);
        i8x16_narrow_i16x8_u: VPACKUSWB(A, B);
        i16x8_narrow_i32x4_s: VPACKSSDW(A, B);
        i16x8_narrow_i32x4_u: VPACKUSDW(A, B);
        i16x8_extend_low_i8x16_s: VPMOVSXBW(A);
        i16x8_extend_low_i8x16_u: VPMOVZXBW(A);
        i32x4_extend_low_i16x8_s: VPMOVSXWD(A);
        i32x4_extend_low_i16x8_u: VPMOVZXWD(A);
        i64x2_extend_low_i32x4_s: VPMOVSXDQ(A);
        i64x2_extend_low_i32x4_u: VPMOVZXDQ(A);
        i16x8_extend_high_i8x16_s: VPSHUFD(A, i(0xee)), VPMOVSXBW(S0);
        i32x4_extend_high_i16x8_s: VPSHUFD(A, i(0xee)), VPMOVSXWD(S0);
        i64x2_extend_high_i32x4_s: VPSHUFD(A, i(0xee)), VPMOVSXDQ(S0);
        i16x8_extend_high_i8x16_u: VPUNPCKHBW(A, ZERO);
        i32x4_extend_high_i16x8_u: VPUNPCKHWD(A, ZERO);
        i64x2_extend_high_i32x4_u: VPUNPCKHDQ(A, ZERO);
        // The first operand's bytes are unsigned, the second's signed.
        i16x8_extadd_pairwise_i8x16_s: VPMADDUBSW(each8(1), A);
        i16x8_extadd_pairwise_i8x16_u: VPMADDUBSW(A, each8(1));
        i32x4_extadd_pairwise_i16x8_s: VPMADDWD(A, each16(1));
        i32x4_extadd_pairwise_i16x8_u: VPSRLD_I(A, i(16)), VPBLENDW(A, ZERO, i(0xaa)), VPADDD(S1, S0);
        i16x8_extmul_low_i8x16_s: VPMOVSXBW(A), VPMOVSXBW(B), VPMULLW(S0, S1);
        i16x8_extmul_low_i8x16_u: VPMOVZXBW(A), VPMOVZXBW(B), VPMULLW(S0, S1);
        i16x8_extmul_high_i8x16_s: VPSHUFD(A, i(0xee)), VPMOVSXBW(S0), VPSHUFD(B, i(0xee)), VPMOVSXBW(S2),
            VPMULLW(S1, S3);
        i16x8_extmul_high_i8x16_u: VPUNPCKHBW(A, ZERO), VPUNPCKHBW(B, ZERO), VPMULLW(S0, S1);
        i32x4_extmul_low_i16x8_s: VPMULHW(A, B), VPMULLW(A, B), VPUNPCKLWD(S1, S0);
        i32x4_extmul_low_i16x8_u: VPMULHUW(A, B), VPMULLW(A, B), VPUNPCKLWD(S1, S0);
        i32x4_extmul_high_i16x8_s: VPMULHW(A, B), VPMULLW(A, B), VPUNPCKHWD(S1, S0);
        i32x4_extmul_high_i16x8_u: VPMULHUW(A, B), VPMULLW(A, B), VPUNPCKHWD(S1, S0);
        // The even lanes are multiplied.
        i64x2_extmul_low_i32x4_s: VPSHUFD(A, i(0x50)), VPSHUFD(B, i(0x50)), VPMULDQ(S0, S1);
        i64x2_extmul_low_i32x4_u: VPSHUFD(A, i(0x50)), VPSHUFD(B, i(0x50)), VPMULUDQ(S0, S1);
        i64x2_extmul_high_i32x4_s: VPSHUFD(A, i(0xfa)), VPSHUFD(B, i(0xfa)), VPMULDQ(S0, S1);
        i64x2_extmul_high_i32x4_u: VPSHUFD(A, i(0xfa)), VPSHUFD(B, i(0xfa)), VPMULUDQ(S0, S1);
        // Factors times 2^8 give a product times 2^16.
        i16x8_relaxed_dot_i8x16_i7x16_s: VPSLLW_I(A, i(8)), VPSLLW_I(B, i(8)), VPMULHW(S0, S1),
            VPSRAW_I(A, i(8)), VPSRAW_I(B, i(8)), VPMULLW(S3, S4), VPADDW(S5, S2);
        i32x4_relaxed_dot_i8x16_i7x16_add_s: VPSLLW_I(A, i(8)), VPSLLW_I(B, i(8)), VPMULHW(S0, S1),
            VPSRAW_I(A, i(8)), VPSRAW_I(B, i(8)), VPMULLW(S3, S4), VPADDW(S5, S2),
            VPMADDWD(S6, each16(1)), VPADDD(S7, C);

        // Floats.
        f32x4_abs: VANDPS(A, each32(!(1 << 31)));
        f64x2_abs: VANDPD(A, each64(!(1 << 63)));
        f32x4_neg: VXORPS(A, each32(1 << 31));
        f64x2_neg: VXORPD(A, each64(1 << 63));
        f32x4_sqrt: VSQRTPS(A);
        f64x2_sqrt: VSQRTPD(A);
        f32x4_ceil: VROUNDPS(A, i(CEIL));
        f64x2_ceil: VROUNDPD(A, i(CEIL));
        f32x4_floor: VROUNDPS(A, i(FLOOR));
        f64x2_floor: VROUNDPD(A, i(FLOOR));
        f32x4_trunc: VROUNDPS(A, i(TRUNC));
        f64x2_trunc: VROUNDPD(A, i(TRUNC));
        f32x4_nearest: VROUNDPS(A, i(NEAREST));
        f64x2_nearest: VROUNDPD(A, i(NEAREST));
        // The second operand where neither is less: so with the operands swapped, Wasm's first.
        f32x4_pmin: VMINPS(B, A);
        f64x2_pmin: VMINPD(B, A);
        f32x4_pmax: VMAXPS(B, A);
        f64x2_pmax: VMAXPD(B, A);
        // Each order of the operands gives its second one if they are not ordered or both zero. Together they are
        // negative zero if one is, and NaN if one is; then the payload of NaNs goes.
        f32x4_min f32x4_relaxed_min: VMINPS(A, B), VMINPS(B, A), VORPS(S0, S1),
            VCMPPS(S2, S2, UNORDERED), VORPS(S2, S3), VPSRLD_I(S3, i(10)), VANDNPS(S5, S4);
        f64x2_min f64x2_relaxed_min: VMINPD(A, B), VMINPD(B, A), VORPD(S0, S1),
            VCMPPD(S2, S2, UNORDERED), VORPD(S2, S3), VPSRLQ_I(S3, i(13)), VANDNPD(S5, S4);
        // Likewise; where both orders differ, their difference sets the sign to zero.
        f32x4_max f32x4_relaxed_max: VMAXPS(A, B), VMAXPS(B, A), VXORPS(S1, S0), VORPS(S0, S2),
            VSUBPS(S3, S2), VCMPPS(S4, S4, UNORDERED), VPSRLD_I(S5, i(10)), VANDNPS(S6, S4);
        f64x2_max f64x2_relaxed_max: VMAXPD(A, B), VMAXPD(B, A), VXORPD(S1, S0), VORPD(S0, S2),
            VSUBPD(S3, S2), VCMPPD(S4, S4, UNORDERED), VPSRLQ_I(S5, i(13)), VANDNPD(S6, S4);

        // Conversions.
        // NaN to zero; then what is too large is the least integer, and inverted.
        i32x4_trunc_sat_f32x4_s i32x4_relaxed_trunc_f32x4_s: VCMPPS(A, A, ORDERED), VANDPS(A, S0),
            VCMPPS(S1, LIMIT, GE), VCVTTPS2DQ(S1), VPXOR(S3, S2);
        // NaN and what is negative to zero. Then the part above 2^31, if any, clamped, plus the part below.
        i32x4_trunc_sat_f32x4_u i32x4_relaxed_trunc_f32x4_u: VMAXPS(A, ZERO), VSUBPS(S0, LIMIT),
            VCMPPS(S1, LIMIT, GE), VCVTTPS2DQ(S1), VPXOR(S3, S2), VPMAXSD(S4, ZERO), VCVTTPS2DQ(S0),
            VPADDD(S6, S5);
        // The least of the operand and the greatest integer: 0 in its place for NaN, where the instruction gives its
        // second operand.
        i32x4_trunc_sat_f64x2_s_zero i32x4_relaxed_trunc_f64x2_s_zero: VCMPPD(A, A, EQ),
            VANDPD(S0, each64(2147483647f64.to_bits())), VMINPD(A, S1), VCVTTPD2DQ(S2);
        i32x4_trunc_sat_f64x2_u_zero i32x4_relaxed_trunc_f64x2_u_zero: VMAXPD(A, ZERO),
            VMINPD(S0, each64(4294967295f64.to_bits())), VROUNDPD(S1, i(TRUNC)), VADDPD(S2, MAGIC),
            VSHUFPS(S3, ZERO, i(0x88));
        f32x4_convert_i32x4_s: VCVTDQ2PS(A);
        // Both halves are exact, so that only their sum is rounded.
        f32x4_convert_i32x4_u: VPBLENDW(A, ZERO, i(0xaa)), VPSRLD_I(A, i(16)), VCVTDQ2PS(S0), VCVTDQ2PS(S1),
            VFMADD132PS(S3, S2, each32(65536f32.to_bits()));
        f64x2_convert_low_i32x4_s: VCVTDQ2PD(A);
        // The low bits of 2^52 plus the integer.
        f64x2_convert_low_i32x4_u: VUNPCKLPS(A, each32(0x4330_0000)), VSUBPD(S0, MAGIC);
        f32x4_demote_f64x2_zero: VCVTPD2PS(A);
        f64x2_promote_low_f32x4: VCVTPS2PD(A);

        // Signs.
        i8x16_bitmask: VPMOVMSKB(A);
        i16x8_bitmask: VPACKSSWB(A, ZERO), VPMOVMSKB(S0);
        i32x4_bitmask: VMOVMSKPS(A);
        i64x2_bitmask: VMOVMSKPD(A);

        f32x4_splat: VBROADCASTSS(A);
        f64x2_splat: VMOVDDUP(A);
    }
}

/// Whether each lane of what an opcode gives has only ones or only zeros, because it compares.
pub(super) fn is_mask(op: Op) -> bool {
    let compares = |step: &Step<'_>| {
        matches!(
            step.inst,
            VPCMPEQB
                | VPCMPEQW
                | VPCMPEQD
                | VPCMPEQQ
                | VPCMPGTB
                | VPCMPGTW
                | VPCMPGTD
                | VPCMPGTQ
                | VCMPPS
                | VCMPPD
        )
    };
    match recipe(op).map(|recipe| recipe.steps) {
        Some([.., last]) if compares(last) => true,
        // Inverted.
        Some([.., last, Step { inst: VPXOR, inputs: [_, ONES] }]) => compares(last),
        _ => false,
    }
}

impl Context<'_> {
    /// Selects an instruction if a recipe says how.
    pub(super) fn select_vector(&mut self, value: Value, op: Op) -> bool {
        let Some(recipe) = recipe(op) else { return false };
        self.cook(value, recipe);
        true
    }
}
