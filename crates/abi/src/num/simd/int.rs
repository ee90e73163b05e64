//! Integer lanes, and vectors as plain bits.

use super::*;

lanewise! {
    "All bits flipped." [v128_not: U64x2](a) -> lanes = !a;
    "Bitwise and." [v128_and: U64x2](a, b) -> lanes = a & b;
    "Bitwise and with the second's complement." [v128_andnot: U64x2](a, b) -> lanes = a & !b;
    "Bitwise or." [v128_or: U64x2](a, b) -> lanes = a | b;
    "Bitwise exclusive or." [v128_xor: U64x2](a, b) -> lanes = a ^ b;
    "The first's bits where the mask has ones, else the second's."
    [v128_bitselect: U64x2](a, b, mask) -> lanes = (a & mask) | (b & !mask);

    "Sums, modulo 2^N."
    [i8x16_add: U8x16, i16x8_add: U16x8, i32x4_add: U32x4, i64x2_add: U64x2](a, b) -> lanes = a.wrapping_add(b);
    "Differences, modulo 2^N."
    [i8x16_sub: U8x16, i16x8_sub: U16x8, i32x4_sub: U32x4, i64x2_sub: U64x2](a, b) -> lanes = a.wrapping_sub(b);
    "Products, modulo 2^N."
    [i16x8_mul: U16x8, i32x4_mul: U32x4, i64x2_mul: U64x2](a, b) -> lanes = a.wrapping_mul(b);
    "Negations, modulo 2^N."
    [i8x16_neg: U8x16, i16x8_neg: U16x8, i32x4_neg: U32x4, i64x2_neg: U64x2](a) -> lanes = a.wrapping_neg();
    "Absolute values, modulo 2^N: the least number stays."
    [i8x16_abs: I8x16, i16x8_abs: I16x8, i32x4_abs: I32x4, i64x2_abs: I64x2](a) -> lanes = a.wrapping_abs();
    "Numbers of ones." [i8x16_popcnt: U8x16](a) -> lanes = a.count_ones() as u8;

    "Sums, clamped."
    [i8x16_add_sat_s: I8x16, i8x16_add_sat_u: U8x16, i16x8_add_sat_s: I16x8, i16x8_add_sat_u: U16x8](a, b) -> lanes =
        a.saturating_add(b);
    "Differences, clamped."
    [i8x16_sub_sat_s: I8x16, i8x16_sub_sat_u: U8x16, i16x8_sub_sat_s: I16x8, i16x8_sub_sat_u: U16x8](a, b) -> lanes =
        a.saturating_sub(b);
    "Lesser numbers."
    [
        i8x16_min_s: I8x16, i8x16_min_u: U8x16, i16x8_min_s: I16x8,
        i16x8_min_u: U16x8, i32x4_min_s: I32x4, i32x4_min_u: U32x4
    ](a, b) -> lanes = a.min(b);
    "Greater numbers."
    [
        i8x16_max_s: I8x16, i8x16_max_u: U8x16, i16x8_max_s: I16x8,
        i16x8_max_u: U16x8, i32x4_max_s: I32x4, i32x4_max_u: U32x4
    ](a, b) -> lanes = a.max(b);
    "Averages, rounded up." [i8x16_avgr_u: U8x16](a, b) -> lanes = ((u16::from(a) + u16::from(b) + 1) >> 1) as u8;
    "Averages, rounded up." [i16x8_avgr_u: U16x8](a, b) -> lanes = ((u32::from(a) + u32::from(b) + 1) >> 1) as u16;
    "Products as fixed-point numbers with 15 bits of fraction, rounded and clamped."
    [i16x8_q15mulr_sat_s: I16x8](a, b) -> lanes =
        match ((i32::from(a) * i32::from(b) + 0x4000) >> 15) as i16 {
            // No product but -1 by -1 comes here, by overflow.
            i16::MIN => i16::MAX,
            product => product,
        };

    "Equal."
    [i8x16_eq: U8x16, i16x8_eq: U16x8, i32x4_eq: U32x4, i64x2_eq: U64x2](a, b) -> mask = a == b;
    "Not equal."
    [i8x16_ne: U8x16, i16x8_ne: U16x8, i32x4_ne: U32x4, i64x2_ne: U64x2](a, b) -> mask = a != b;
    "Less."
    [
        i8x16_lt_s: I8x16, i8x16_lt_u: U8x16, i16x8_lt_s: I16x8, i16x8_lt_u: U16x8,
        i32x4_lt_s: I32x4, i32x4_lt_u: U32x4, i64x2_lt_s: I64x2
    ](a, b) -> mask = a < b;
    "Greater."
    [
        i8x16_gt_s: I8x16, i8x16_gt_u: U8x16, i16x8_gt_s: I16x8, i16x8_gt_u: U16x8,
        i32x4_gt_s: I32x4, i32x4_gt_u: U32x4, i64x2_gt_s: I64x2
    ](a, b) -> mask = a > b;
    "Less or equal."
    [
        i8x16_le_s: I8x16, i8x16_le_u: U8x16, i16x8_le_s: I16x8, i16x8_le_u: U16x8,
        i32x4_le_s: I32x4, i32x4_le_u: U32x4, i64x2_le_s: I64x2
    ](a, b) -> mask = a <= b;
    "Greater or equal."
    [
        i8x16_ge_s: I8x16, i8x16_ge_u: U8x16, i16x8_ge_s: I16x8, i16x8_ge_u: U16x8,
        i32x4_ge_s: I32x4, i32x4_ge_u: U32x4, i64x2_ge_s: I64x2
    ](a, b) -> mask = a >= b;
}

/// Defines shifts of every lane by one count, which is taken modulo the lane's width.
macro_rules! shifts {
    ($( $name:ident: $lanes:ident $shift:ident; )*) => {
        $(
            /// Every lane shifted by the count modulo its width.
            #[inline(always)]
            pub fn $name(a: V128, count: u32) -> V128 {
                let mut lanes = $lanes::unpack(a);
                for lane in &mut lanes {
                    *lane = lane.$shift(count);
                }
                lanes.pack()
            }
        )*
    };
}

shifts! {
    i8x16_shl: U8x16 wrapping_shl;
    i8x16_shr_s: I8x16 wrapping_shr;
    i8x16_shr_u: U8x16 wrapping_shr;
    i16x8_shl: U16x8 wrapping_shl;
    i16x8_shr_s: I16x8 wrapping_shr;
    i16x8_shr_u: U16x8 wrapping_shr;
    i32x4_shl: U32x4 wrapping_shl;
    i32x4_shr_s: I32x4 wrapping_shr;
    i32x4_shr_u: U32x4 wrapping_shr;
    i64x2_shl: U64x2 wrapping_shl;
    i64x2_shr_s: I64x2 wrapping_shr;
    i64x2_shr_u: U64x2 wrapping_shr;
}

/// Has it a bit that is one?
#[inline(always)]
pub fn v128_any_true(a: V128) -> bool {
    u128::from_ne_bytes(a.0) != 0
}

/// Defines the tests and masks of each shape.
macro_rules! reductions {
    ($( $lanes:ident $width:literal $all_true:ident $bitmask:ident; )*) => {
        $(
            /// Is no lane zero?
            #[inline(always)]
            pub fn $all_true(a: V128) -> bool {
                $lanes::unpack(a).iter().fold(true, |all, &lane| all & (lane != 0))
            }

            /// The sign bit of each lane, lane 0 in bit 0.
            #[inline(always)]
            pub fn $bitmask(a: V128) -> u32 {
                let [low, high] = a.to_u64x2();
                signs::<$width>(low) | signs::<$width>(high) << (64 / $width)
            }
        )*
    };
}

reductions! {
    U8x16 8 i8x16_all_true i8x16_bitmask;
    U16x8 16 i16x8_all_true i16x8_bitmask;
    U32x4 32 i32x4_all_true i32x4_bitmask;
    U64x2 64 i64x2_all_true i64x2_bitmask;
}

/// The sign bits of the lanes of half a vector, lane 0 in bit 0.
///
/// A product with powers of two sums shifted copies of the sign bits. These powers bring the sign of
/// lane i, from bit `WIDTH * i + WIDTH - 1`, to the i-th of the top bits, and let no two bits meet.
#[inline(always)]
fn signs<const WIDTH: u32>(half: u64) -> u32 {
    let (sign_bits, powers) = const {
        let lanes = 64 / WIDTH;
        let (mut sign_bits, mut powers) = (0, 0);
        let mut lane = 0;
        while lane < lanes {
            let sign = WIDTH * lane + WIDTH - 1;
            sign_bits |= 1 << sign;
            powers |= 1 << (64 - lanes + lane - sign);
            lane += 1;
        }
        (sign_bits, powers)
    };
    ((half & sign_bits).wrapping_mul(powers) >> (64 - 64 / WIDTH)) as u32
}

/// The signed dot product of each pair of lanes, modulo 2^32.
#[inline(always)]
pub fn i32x4_dot_i16x8_s(a: V128, b: V128) -> V128 {
    // Pairs as one lane vectorize better than lanes taken alternately.
    let (a, b) = (a.to_i32x4(), b.to_i32x4());
    let low = |pair: i32| i32::from(pair as i16);
    let high = |pair: i32| pair >> 16;
    build::<i32, 4>(|i| (low(a[i]) * low(b[i])).wrapping_add(high(a[i]) * high(b[i])))
}
