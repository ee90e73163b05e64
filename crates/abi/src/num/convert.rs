//! Conversions between `i32`, `i64`, `f32` and `f64`.

use crate::trap::TrapCode;

/// Defines conversions that always succeed.
macro_rules! conversions {
    ($( $doc:literal $name:ident($x:ident: $from:ty) -> $to:ty = $meaning:expr; )*) => {
        $(
            #[doc = $doc]
            #[inline(always)]
            pub fn $name($x: $from) -> $to { $meaning }
        )*
    };
}

conversions! {
    "The low 32 bits." i32_wrap_i64(x: u64) -> u32 = x as u32;
    "Sign extension." i64_extend_i32_s(x: u32) -> u64 = x.cast_signed() as u64;
    "Zero extension." i64_extend_i32_u(x: u32) -> u64 = x.into();

    "The nearest float, ties to even." f32_convert_i32_s(x: u32) -> f32 = x.cast_signed() as f32;
    "The nearest float, ties to even." f32_convert_i32_u(x: u32) -> f32 = x as f32;
    "The nearest float, ties to even." f32_convert_i64_s(x: u64) -> f32 = x.cast_signed() as f32;
    "The nearest float, ties to even." f32_convert_i64_u(x: u64) -> f32 = x as f32;
    "The same number." f64_convert_i32_s(x: u32) -> f64 = x.cast_signed().into();
    "The same number." f64_convert_i32_u(x: u32) -> f64 = x.into();
    "The nearest float, ties to even." f64_convert_i64_s(x: u64) -> f64 = x.cast_signed() as f64;
    "The nearest float, ties to even." f64_convert_i64_u(x: u64) -> f64 = x as f64;

    "The nearest float, ties to even; a NaN becomes quiet." f32_demote_f64(x: f64) -> f32 = x as f32;
    "The same number; a NaN becomes quiet." f64_promote_f32(x: f32) -> f64 = x.into();

    "The same bits." i32_reinterpret_f32(x: f32) -> u32 = x.to_bits();
    "The same bits." i64_reinterpret_f64(x: f64) -> u64 = x.to_bits();
    "The same bits." f32_reinterpret_i32(x: u32) -> f32 = f32::from_bits(x);
    "The same bits." f64_reinterpret_i64(x: u64) -> f64 = f64::from_bits(x);

    // A cast of Rust rounds towards zero, clamps to the type's limits, and gives 0 for a NaN.
    "The integral part, clamped; 0 for a NaN." i32_trunc_sat_f32_s(x: f32) -> u32 = (x as i32).cast_unsigned();
    "The integral part, clamped; 0 for a NaN." i32_trunc_sat_f32_u(x: f32) -> u32 = x as u32;
    "The integral part, clamped; 0 for a NaN." i32_trunc_sat_f64_s(x: f64) -> u32 = (x as i32).cast_unsigned();
    "The integral part, clamped; 0 for a NaN." i32_trunc_sat_f64_u(x: f64) -> u32 = x as u32;
    "The integral part, clamped; 0 for a NaN." i64_trunc_sat_f32_s(x: f32) -> u64 = (x as i64).cast_unsigned();
    "The integral part, clamped; 0 for a NaN." i64_trunc_sat_f32_u(x: f32) -> u64 = x as u64;
    "The integral part, clamped; 0 for a NaN." i64_trunc_sat_f64_s(x: f64) -> u64 = (x as i64).cast_unsigned();
    "The integral part, clamped; 0 for a NaN." i64_trunc_sat_f64_u(x: f64) -> u64 = x as u64;
}

/// Defines conversions that trap, each with the interval of floats whose integral part fits.
///
/// The first integer that does not fit is a float of both widths at every upper end and, for unsigned
/// integers, at the lower one: the interval is open there. Below a signed type it is a float for `i32`
/// from `f64` only; elsewhere no float lies between it and the least integer, which closes the interval.
macro_rules! truncations {
    ($( $name:ident = $saturating:ident($from:ident) -> $to:ident, if x $above:tt $low:expr, x < $high:expr; )*) => {
        $(
            /// The integral part. Traps if it does not fit, or on a NaN.
            #[inline(always)]
            pub fn $name(x: $from) -> Result<$to, TrapCode> {
                const LOW: $from = $low as $from;
                const HIGH: $from = $high as $from;
                let above = x $above LOW;
                if above && x < HIGH {
                    Ok($saturating(x))
                } else if x.is_nan() {
                    Err(TrapCode::BadConversionToInteger)
                } else {
                    Err(TrapCode::IntegerOverflow)
                }
            }
        )*
    };
}

const TWO_31: f64 = 2147483648.0;
const TWO_32: f64 = 4294967296.0;
const TWO_63: f64 = 9223372036854775808.0;
const TWO_64: f64 = 18446744073709551616.0;

truncations! {
    i32_trunc_f32_s = i32_trunc_sat_f32_s(f32) -> u32, if x >= -TWO_31, x < TWO_31;
    i32_trunc_f32_u = i32_trunc_sat_f32_u(f32) -> u32, if x > -1.0, x < TWO_32;
    i32_trunc_f64_s = i32_trunc_sat_f64_s(f64) -> u32, if x > -TWO_31 - 1.0, x < TWO_31;
    i32_trunc_f64_u = i32_trunc_sat_f64_u(f64) -> u32, if x > -1.0, x < TWO_32;
    i64_trunc_f32_s = i64_trunc_sat_f32_s(f32) -> u64, if x >= -TWO_63, x < TWO_63;
    i64_trunc_f32_u = i64_trunc_sat_f32_u(f32) -> u64, if x > -1.0, x < TWO_64;
    i64_trunc_f64_s = i64_trunc_sat_f64_s(f64) -> u64, if x >= -TWO_63, x < TWO_63;
    i64_trunc_f64_u = i64_trunc_sat_f64_u(f64) -> u64, if x > -1.0, x < TWO_64;
}
