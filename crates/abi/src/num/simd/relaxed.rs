//! Relaxed operators, with the deterministic meaning that [`simd`](super) states.

use super::*;
use crate::num::float::FloatMath;

lanewise! {
    "Products plus the third, rounded once."
    [f32x4_relaxed_madd: F32x4, f64x2_relaxed_madd: F64x2](a, b, c) -> lanes = a.fused_multiply_add(b, c);
    "The third minus products, rounded once."
    [f32x4_relaxed_nmadd: F32x4, f64x2_relaxed_nmadd: F64x2](a, b, c) -> lanes = (-a).fused_multiply_add(b, c);
}

/// Defines relaxed operators that are another operator.
macro_rules! same {
    ($( $name:ident($($x:ident),+) = $strict:ident; )*) => {
        $(
            #[doc = concat!("[`", stringify!($strict), "`].")]
            #[inline(always)]
            pub fn $name($($x: V128),+) -> V128 { $strict($($x),+) }
        )*
    };
}

same! {
    i8x16_relaxed_swizzle(a, indices) = i8x16_swizzle;
    i32x4_relaxed_trunc_f32x4_s(a) = i32x4_trunc_sat_f32x4_s;
    i32x4_relaxed_trunc_f32x4_u(a) = i32x4_trunc_sat_f32x4_u;
    i32x4_relaxed_trunc_f64x2_s_zero(a) = i32x4_trunc_sat_f64x2_s_zero;
    i32x4_relaxed_trunc_f64x2_u_zero(a) = i32x4_trunc_sat_f64x2_u_zero;
    i8x16_relaxed_laneselect(a, b, mask) = v128_bitselect;
    i16x8_relaxed_laneselect(a, b, mask) = v128_bitselect;
    i32x4_relaxed_laneselect(a, b, mask) = v128_bitselect;
    i64x2_relaxed_laneselect(a, b, mask) = v128_bitselect;
    f32x4_relaxed_min(a, b) = f32x4_min;
    f32x4_relaxed_max(a, b) = f32x4_max;
    f64x2_relaxed_min(a, b) = f64x2_min;
    f64x2_relaxed_max(a, b) = f64x2_max;
    i16x8_relaxed_q15mulr_s(a, b) = i16x8_q15mulr_sat_s;
}

/// The dot product of each pair of signed lanes, modulo 2^16.
#[inline(always)]
pub fn i16x8_relaxed_dot_i8x16_i7x16_s(a: V128, b: V128) -> V128 {
    // Pairs as one lane vectorize better than lanes taken alternately.
    let (a, b) = (a.to_i16x8(), b.to_i16x8());
    let low = |pair: i16| i16::from(pair as i8);
    let high = |pair: i16| pair >> 8;
    build::<i16, 8>(|i| (low(a[i]) * low(b[i])).wrapping_add(high(a[i]) * high(b[i])))
}

/// The dot product of each four signed lanes plus a lane of the third, where the products of each
/// pair are summed modulo 2^16, and those sums and the third modulo 2^32.
#[inline(always)]
pub fn i32x4_relaxed_dot_i8x16_i7x16_add_s(a: V128, b: V128, c: V128) -> V128 {
    let pairs = i16x8_relaxed_dot_i8x16_i7x16_s(a, b);
    i32x4_add(i32x4_extadd_pairwise_i16x8_s(pairs), c)
}
