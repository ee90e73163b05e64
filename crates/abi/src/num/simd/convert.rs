//! Between shapes: extending, narrowing, products of extended lanes, and integers to floats and back.

use super::*;

/// Defines what extends lanes to twice their width, for one shape and sign.
macro_rules! extensions {
    ($(
        $wide:ident $count:literal from $lanes:ident:
        $extend_low:ident $extend_high:ident $extmul_low:ident $extmul_high:ident $($extadd_pairwise:ident)?;
    )*) => {
        $(
            /// The low half's lanes, extended.
            #[inline(always)]
            pub fn $extend_low(a: V128) -> V128 {
                let a = $lanes::unpack(a);
                build::<$wide, $count>(|i| a[i].into())
            }

            /// The high half's lanes, extended.
            #[inline(always)]
            pub fn $extend_high(a: V128) -> V128 {
                let a = $lanes::unpack(a);
                build::<$wide, $count>(|i| a[i + $count].into())
            }

            /// Whole products of the low halves' lanes.
            #[inline(always)]
            pub fn $extmul_low(a: V128, b: V128) -> V128 {
                let (a, b) = ($lanes::unpack(a), $lanes::unpack(b));
                build::<$wide, $count>(|i| $wide::from(a[i]) * $wide::from(b[i]))
            }

            /// Whole products of the high halves' lanes.
            #[inline(always)]
            pub fn $extmul_high(a: V128, b: V128) -> V128 {
                let (a, b) = ($lanes::unpack(a), $lanes::unpack(b));
                build::<$wide, $count>(|i| $wide::from(a[i + $count]) * $wide::from(b[i + $count]))
            }

            $(
                /// Whole sums of neighbouring lanes.
                #[inline(always)]
                pub fn $extadd_pairwise(a: V128) -> V128 {
                    let a = $lanes::unpack(a);
                    build::<$wide, $count>(|i| $wide::from(a[2 * i]) + $wide::from(a[2 * i + 1]))
                }
            )?
        )*
    };
}

extensions! {
    i16 8 from I8x16:
        i16x8_extend_low_i8x16_s i16x8_extend_high_i8x16_s
        i16x8_extmul_low_i8x16_s i16x8_extmul_high_i8x16_s i16x8_extadd_pairwise_i8x16_s;
    u16 8 from U8x16:
        i16x8_extend_low_i8x16_u i16x8_extend_high_i8x16_u
        i16x8_extmul_low_i8x16_u i16x8_extmul_high_i8x16_u i16x8_extadd_pairwise_i8x16_u;
    i32 4 from I16x8:
        i32x4_extend_low_i16x8_s i32x4_extend_high_i16x8_s
        i32x4_extmul_low_i16x8_s i32x4_extmul_high_i16x8_s i32x4_extadd_pairwise_i16x8_s;
    u32 4 from U16x8:
        i32x4_extend_low_i16x8_u i32x4_extend_high_i16x8_u
        i32x4_extmul_low_i16x8_u i32x4_extmul_high_i16x8_u i32x4_extadd_pairwise_i16x8_u;
    i64 2 from I32x4:
        i64x2_extend_low_i32x4_s i64x2_extend_high_i32x4_s
        i64x2_extmul_low_i32x4_s i64x2_extmul_high_i32x4_s;
    u64 2 from U32x4:
        i64x2_extend_low_i32x4_u i64x2_extend_high_i32x4_u
        i64x2_extmul_low_i32x4_u i64x2_extmul_high_i32x4_u;
}

/// Defines narrowing: the lanes of both operands, which are signed, clamped to half their width.
macro_rules! narrowings {
    ($( $name:ident: $wide:ident $half:literal -> $narrow:ident $count:literal; )*) => {
        $(
            /// The first's lanes, then the second's, each a signed number clamped to half its width.
            #[inline(always)]
            pub fn $name(a: V128, b: V128) -> V128 {
                let (a, b) = ($wide::unpack(a), $wide::unpack(b));
                build::<$narrow, $count>(|i| {
                    let lane = if i < $half { a[i] } else { b[i - $half] };
                    lane.clamp($narrow::MIN.into(), $narrow::MAX.into()) as $narrow
                })
            }
        )*
    };
}

narrowings! {
    i8x16_narrow_i16x8_s: I16x8 8 -> i8 16;
    i8x16_narrow_i16x8_u: I16x8 8 -> u8 16;
    i16x8_narrow_i32x4_s: I32x4 4 -> i16 8;
    i16x8_narrow_i32x4_u: I32x4 4 -> u16 8;
}

/// Defines conversions that take the lanes of one shape, lowest first, to those of another.
/// Lanes that the operand has too many are ignored; those that it has too few are zero.
macro_rules! conversions {
    ($( $doc:literal $name:ident: $from:ident -> $to:ident; )*) => {
        $(
            #[doc = $doc]
            #[inline(always)]
            pub fn $name(a: V128) -> V128 {
                let mut result = $to::default();
                for (result, lane) in result.iter_mut().zip($from::unpack(a)) {
                    *result = lane as _;
                }
                result.pack()
            }
        )*
    };
}

// As between scalars, a cast of Rust clamps and gives 0 for a NaN, and rounds to the nearest float.
conversions! {
    "Integral parts, clamped; 0 for a NaN." i32x4_trunc_sat_f32x4_s: F32x4 -> I32x4;
    "Integral parts, clamped; 0 for a NaN." i32x4_trunc_sat_f32x4_u: F32x4 -> U32x4;
    "Integral parts, clamped; 0 for a NaN; the high half is zero." i32x4_trunc_sat_f64x2_s_zero: F64x2 -> I32x4;
    "Integral parts, clamped; 0 for a NaN; the high half is zero." i32x4_trunc_sat_f64x2_u_zero: F64x2 -> U32x4;
    "The nearest floats." f32x4_convert_i32x4_s: I32x4 -> F32x4;
    "The nearest floats." f32x4_convert_i32x4_u: U32x4 -> F32x4;
    "The low half's numbers as floats." f64x2_convert_low_i32x4_s: I32x4 -> F64x2;
    "The low half's numbers as floats." f64x2_convert_low_i32x4_u: U32x4 -> F64x2;
    "The nearest floats; the high half is zero." f32x4_demote_f64x2_zero: F64x2 -> F32x4;
    "The low half's numbers." f64x2_promote_low_f32x4: F32x4 -> F64x2;
}
