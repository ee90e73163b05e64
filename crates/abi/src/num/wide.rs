//! Wide arithmetic: 128 bits as two `i64`s, the low half first.

#[inline(always)]
fn join(lo: u64, hi: u64) -> u128 {
    u128::from(lo) | u128::from(hi) << 64
}

#[inline(always)]
fn split(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

/// Sum of two 128-bit numbers, modulo 2^128.
#[inline(always)]
pub fn i64_add128(a_lo: u64, a_hi: u64, b_lo: u64, b_hi: u64) -> (u64, u64) {
    split(join(a_lo, a_hi).wrapping_add(join(b_lo, b_hi)))
}

/// Difference of two 128-bit numbers, modulo 2^128.
#[inline(always)]
pub fn i64_sub128(a_lo: u64, a_hi: u64, b_lo: u64, b_hi: u64) -> (u64, u64) {
    split(join(a_lo, a_hi).wrapping_sub(join(b_lo, b_hi)))
}

/// The whole signed product.
#[inline(always)]
pub fn i64_mul_wide_s(a: u64, b: u64) -> (u64, u64) {
    split((i128::from(a.cast_signed()) * i128::from(b.cast_signed())).cast_unsigned())
}

/// The whole unsigned product.
#[inline(always)]
pub fn i64_mul_wide_u(a: u64, b: u64) -> (u64, u64) {
    split(u128::from(a) * u128::from(b))
}
