//! The table of numeric operators: every operator with the types of its operands and results.
//!
//! Whoever has something for each operator (handlers, folding, tests, listings) derives it from here.
//! The table is in groups. The operators of a group have functions of one shape, so one pattern of a
//! callback fits them all. Each group is a macro at the root of this crate that hands its rows to a
//! callback:
//!
//! ```
//! macro_rules! count {
//!     ($($name:ident: (v128, v128) -> v128;)*) => { [$(stringify!($name)),*].len() };
//! }
//! assert!(windlass_abi::simd_binary!(count) > 100);
//! ```
//!
//! What follows the callback and a comma is put before the rows. [`for_each_numeric!`](crate::for_each_numeric)
//! calls one callback with every group, `GROUP: ROWS…`.
//!
//! **A row** is `NAME: (OPERANDS) -> RESULT;`, and `traps;` at its end if the function gives a
//! `Result`. `NAME` is the function in [`num`](super). Types are those of Wasm; how they appear in
//! Rust, [`num`](super) says. `; lane` after the operands is an immediate, one `u8` below the number of
//! lanes, and `; lanes` sixteen of them below 32 as a `[u8; 16]`: the function's last argument.
//! `u8` to `u64` are what a vector operator reads from memory or writes to it.

/// A row of the table as a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operator {
    /// The group: the name of its macro.
    pub group: &'static str,
    /// The name of the function.
    pub function: &'static str,
    /// Types of the operands.
    pub operands: &'static [&'static str],
    /// `lane`, `lanes`, or nothing.
    pub immediate: Option<&'static str>,
    /// Types of the results.
    pub results: &'static [&'static str],
    /// Can it trap?
    pub traps: bool,
}

/// Calls `visit` with each row of the table.
pub fn for_each(mut visit: impl FnMut(Operator)) {
    macro_rules! rows {
        ($group:ident: $( $name:ident: ($($operand:ident),* $(; $immediate:ident)?) -> $result:tt $($traps:ident)?; )*) => {
            $( visit(Operator {
                group: stringify!($group),
                function: stringify!($name),
                operands: &[$(stringify!($operand)),*],
                immediate: <[&str]>::first(&[$(stringify!($immediate))?]).copied(),
                results: rows!(@ $result),
                traps: !<[&str]>::is_empty(&[$(stringify!($traps))?]),
            }); )*
        };
        (@ ($($result:ident),*)) => { &[$(stringify!($result)),*] };
        (@ $result:ident) => { &[stringify!($result)] };
    }
    crate::for_each_numeric! { rows }
}

/// Calls the macro `$callback` with each group of the table: `GROUP: ROWS…`.
#[macro_export]
macro_rules! for_each_numeric {
    ($($callback:ident)::+) => {
        $crate::int_binary! { $($callback)::+, int_binary: }
        $crate::int_division! { $($callback)::+, int_division: }
        $crate::int_unary! { $($callback)::+, int_unary: }
        $crate::int_test! { $($callback)::+, int_test: }
        $crate::int_compare! { $($callback)::+, int_compare: }
        $crate::float_binary! { $($callback)::+, float_binary: }
        $crate::float_unary! { $($callback)::+, float_unary: }
        $crate::float_compare! { $($callback)::+, float_compare: }
        $crate::conversion! { $($callback)::+, conversion: }
        $crate::truncation! { $($callback)::+, truncation: }
        $crate::wide_binary! { $($callback)::+, wide_binary: }
        $crate::wide_multiply! { $($callback)::+, wide_multiply: }
        $crate::simd_unary! { $($callback)::+, simd_unary: }
        $crate::simd_binary! { $($callback)::+, simd_binary: }
        $crate::simd_ternary! { $($callback)::+, simd_ternary: }
        $crate::simd_shift! { $($callback)::+, simd_shift: }
        $crate::simd_test! { $($callback)::+, simd_test: }
        $crate::simd_bitmask! { $($callback)::+, simd_bitmask: }
        $crate::simd_splat! { $($callback)::+, simd_splat: }
        $crate::simd_extract_lane! { $($callback)::+, simd_extract_lane: }
        $crate::simd_replace_lane! { $($callback)::+, simd_replace_lane: }
        $crate::simd_shuffle! { $($callback)::+, simd_shuffle: }
        $crate::simd_load! { $($callback)::+, simd_load: }
        $crate::simd_load_lane! { $($callback)::+, simd_load_lane: }
        $crate::simd_store_lane! { $($callback)::+, simd_store_lane: }
    };
}

/// Integers: two operands.
#[macro_export]
macro_rules! int_binary {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i32_add: (i32, i32) -> i32;
            i32_sub: (i32, i32) -> i32;
            i32_mul: (i32, i32) -> i32;
            i32_and: (i32, i32) -> i32;
            i32_or: (i32, i32) -> i32;
            i32_xor: (i32, i32) -> i32;
            i32_shl: (i32, i32) -> i32;
            i32_shr_s: (i32, i32) -> i32;
            i32_shr_u: (i32, i32) -> i32;
            i32_rotl: (i32, i32) -> i32;
            i32_rotr: (i32, i32) -> i32;
            i64_add: (i64, i64) -> i64;
            i64_sub: (i64, i64) -> i64;
            i64_mul: (i64, i64) -> i64;
            i64_and: (i64, i64) -> i64;
            i64_or: (i64, i64) -> i64;
            i64_xor: (i64, i64) -> i64;
            i64_shl: (i64, i64) -> i64;
            i64_shr_s: (i64, i64) -> i64;
            i64_shr_u: (i64, i64) -> i64;
            i64_rotl: (i64, i64) -> i64;
            i64_rotr: (i64, i64) -> i64;
        }
    };
}

/// Integers: division, which traps.
#[macro_export]
macro_rules! int_division {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i32_div_s: (i32, i32) -> i32 traps;
            i32_div_u: (i32, i32) -> i32 traps;
            i32_rem_s: (i32, i32) -> i32 traps;
            i32_rem_u: (i32, i32) -> i32 traps;
            i64_div_s: (i64, i64) -> i64 traps;
            i64_div_u: (i64, i64) -> i64 traps;
            i64_rem_s: (i64, i64) -> i64 traps;
            i64_rem_u: (i64, i64) -> i64 traps;
        }
    };
}

/// Integers: one operand.
#[macro_export]
macro_rules! int_unary {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i32_clz: (i32) -> i32;
            i32_ctz: (i32) -> i32;
            i32_popcnt: (i32) -> i32;
            i32_extend8_s: (i32) -> i32;
            i32_extend16_s: (i32) -> i32;
            i64_clz: (i64) -> i64;
            i64_ctz: (i64) -> i64;
            i64_popcnt: (i64) -> i64;
            i64_extend8_s: (i64) -> i64;
            i64_extend16_s: (i64) -> i64;
            i64_extend32_s: (i64) -> i64;
        }
    };
}

/// Integers: tests. The function gives a `bool`.
#[macro_export]
macro_rules! int_test {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i32_eqz: (i32) -> i32;
            i64_eqz: (i64) -> i32;
        }
    };
}

/// Integers: comparisons. The function gives a `bool`.
#[macro_export]
macro_rules! int_compare {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i32_eq: (i32, i32) -> i32;
            i32_ne: (i32, i32) -> i32;
            i32_lt_s: (i32, i32) -> i32;
            i32_lt_u: (i32, i32) -> i32;
            i32_gt_s: (i32, i32) -> i32;
            i32_gt_u: (i32, i32) -> i32;
            i32_le_s: (i32, i32) -> i32;
            i32_le_u: (i32, i32) -> i32;
            i32_ge_s: (i32, i32) -> i32;
            i32_ge_u: (i32, i32) -> i32;
            i64_eq: (i64, i64) -> i32;
            i64_ne: (i64, i64) -> i32;
            i64_lt_s: (i64, i64) -> i32;
            i64_lt_u: (i64, i64) -> i32;
            i64_gt_s: (i64, i64) -> i32;
            i64_gt_u: (i64, i64) -> i32;
            i64_le_s: (i64, i64) -> i32;
            i64_le_u: (i64, i64) -> i32;
            i64_ge_s: (i64, i64) -> i32;
            i64_ge_u: (i64, i64) -> i32;
        }
    };
}

/// Floats: two operands.
#[macro_export]
macro_rules! float_binary {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            f32_add: (f32, f32) -> f32;
            f32_sub: (f32, f32) -> f32;
            f32_mul: (f32, f32) -> f32;
            f32_div: (f32, f32) -> f32;
            f32_min: (f32, f32) -> f32;
            f32_max: (f32, f32) -> f32;
            f32_copysign: (f32, f32) -> f32;
            f64_add: (f64, f64) -> f64;
            f64_sub: (f64, f64) -> f64;
            f64_mul: (f64, f64) -> f64;
            f64_div: (f64, f64) -> f64;
            f64_min: (f64, f64) -> f64;
            f64_max: (f64, f64) -> f64;
            f64_copysign: (f64, f64) -> f64;
        }
    };
}

/// Floats: one operand.
#[macro_export]
macro_rules! float_unary {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            f32_abs: (f32) -> f32;
            f32_neg: (f32) -> f32;
            f32_ceil: (f32) -> f32;
            f32_floor: (f32) -> f32;
            f32_trunc: (f32) -> f32;
            f32_nearest: (f32) -> f32;
            f32_sqrt: (f32) -> f32;
            f64_abs: (f64) -> f64;
            f64_neg: (f64) -> f64;
            f64_ceil: (f64) -> f64;
            f64_floor: (f64) -> f64;
            f64_trunc: (f64) -> f64;
            f64_nearest: (f64) -> f64;
            f64_sqrt: (f64) -> f64;
        }
    };
}

/// Floats: comparisons. The function gives a `bool`.
#[macro_export]
macro_rules! float_compare {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            f32_eq: (f32, f32) -> i32;
            f32_ne: (f32, f32) -> i32;
            f32_lt: (f32, f32) -> i32;
            f32_gt: (f32, f32) -> i32;
            f32_le: (f32, f32) -> i32;
            f32_ge: (f32, f32) -> i32;
            f64_eq: (f64, f64) -> i32;
            f64_ne: (f64, f64) -> i32;
            f64_lt: (f64, f64) -> i32;
            f64_gt: (f64, f64) -> i32;
            f64_le: (f64, f64) -> i32;
            f64_ge: (f64, f64) -> i32;
        }
    };
}

/// Conversions between scalars that always succeed.
#[macro_export]
macro_rules! conversion {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i32_wrap_i64: (i64) -> i32;
            i64_extend_i32_s: (i32) -> i64;
            i64_extend_i32_u: (i32) -> i64;
            f32_convert_i32_s: (i32) -> f32;
            f32_convert_i32_u: (i32) -> f32;
            f32_convert_i64_s: (i64) -> f32;
            f32_convert_i64_u: (i64) -> f32;
            f64_convert_i32_s: (i32) -> f64;
            f64_convert_i32_u: (i32) -> f64;
            f64_convert_i64_s: (i64) -> f64;
            f64_convert_i64_u: (i64) -> f64;
            f32_demote_f64: (f64) -> f32;
            f64_promote_f32: (f32) -> f64;
            i32_reinterpret_f32: (f32) -> i32;
            i64_reinterpret_f64: (f64) -> i64;
            f32_reinterpret_i32: (i32) -> f32;
            f64_reinterpret_i64: (i64) -> f64;
            i32_trunc_sat_f32_s: (f32) -> i32;
            i32_trunc_sat_f32_u: (f32) -> i32;
            i32_trunc_sat_f64_s: (f64) -> i32;
            i32_trunc_sat_f64_u: (f64) -> i32;
            i64_trunc_sat_f32_s: (f32) -> i64;
            i64_trunc_sat_f32_u: (f32) -> i64;
            i64_trunc_sat_f64_s: (f64) -> i64;
            i64_trunc_sat_f64_u: (f64) -> i64;
        }
    };
}

/// Conversions of floats to integers that trap.
#[macro_export]
macro_rules! truncation {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i32_trunc_f32_s: (f32) -> i32 traps;
            i32_trunc_f32_u: (f32) -> i32 traps;
            i32_trunc_f64_s: (f64) -> i32 traps;
            i32_trunc_f64_u: (f64) -> i32 traps;
            i64_trunc_f32_s: (f32) -> i64 traps;
            i64_trunc_f32_u: (f32) -> i64 traps;
            i64_trunc_f64_s: (f64) -> i64 traps;
            i64_trunc_f64_u: (f64) -> i64 traps;
        }
    };
}

/// Wide arithmetic on two pairs, low half first.
#[macro_export]
macro_rules! wide_binary {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i64_add128: (i64, i64, i64, i64) -> (i64, i64);
            i64_sub128: (i64, i64, i64, i64) -> (i64, i64);
        }
    };
}

/// Wide products, low half first.
#[macro_export]
macro_rules! wide_multiply {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i64_mul_wide_s: (i64, i64) -> (i64, i64);
            i64_mul_wide_u: (i64, i64) -> (i64, i64);
        }
    };
}

/// Vectors: one operand.
#[macro_export]
macro_rules! simd_unary {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            v128_not: (v128) -> v128;
            i8x16_abs: (v128) -> v128;
            i8x16_neg: (v128) -> v128;
            i8x16_popcnt: (v128) -> v128;
            i16x8_abs: (v128) -> v128;
            i16x8_neg: (v128) -> v128;
            i32x4_abs: (v128) -> v128;
            i32x4_neg: (v128) -> v128;
            i64x2_abs: (v128) -> v128;
            i64x2_neg: (v128) -> v128;
            i16x8_extadd_pairwise_i8x16_s: (v128) -> v128;
            i16x8_extadd_pairwise_i8x16_u: (v128) -> v128;
            i16x8_extend_low_i8x16_s: (v128) -> v128;
            i16x8_extend_low_i8x16_u: (v128) -> v128;
            i16x8_extend_high_i8x16_s: (v128) -> v128;
            i16x8_extend_high_i8x16_u: (v128) -> v128;
            i32x4_extadd_pairwise_i16x8_s: (v128) -> v128;
            i32x4_extadd_pairwise_i16x8_u: (v128) -> v128;
            i32x4_extend_low_i16x8_s: (v128) -> v128;
            i32x4_extend_low_i16x8_u: (v128) -> v128;
            i32x4_extend_high_i16x8_s: (v128) -> v128;
            i32x4_extend_high_i16x8_u: (v128) -> v128;
            i64x2_extend_low_i32x4_s: (v128) -> v128;
            i64x2_extend_low_i32x4_u: (v128) -> v128;
            i64x2_extend_high_i32x4_s: (v128) -> v128;
            i64x2_extend_high_i32x4_u: (v128) -> v128;
            f32x4_abs: (v128) -> v128;
            f32x4_neg: (v128) -> v128;
            f32x4_ceil: (v128) -> v128;
            f32x4_floor: (v128) -> v128;
            f32x4_trunc: (v128) -> v128;
            f32x4_nearest: (v128) -> v128;
            f32x4_sqrt: (v128) -> v128;
            f64x2_abs: (v128) -> v128;
            f64x2_neg: (v128) -> v128;
            f64x2_ceil: (v128) -> v128;
            f64x2_floor: (v128) -> v128;
            f64x2_trunc: (v128) -> v128;
            f64x2_nearest: (v128) -> v128;
            f64x2_sqrt: (v128) -> v128;
            i32x4_trunc_sat_f32x4_s: (v128) -> v128;
            i32x4_trunc_sat_f32x4_u: (v128) -> v128;
            i32x4_trunc_sat_f64x2_s_zero: (v128) -> v128;
            i32x4_trunc_sat_f64x2_u_zero: (v128) -> v128;
            f32x4_convert_i32x4_s: (v128) -> v128;
            f32x4_convert_i32x4_u: (v128) -> v128;
            f64x2_convert_low_i32x4_s: (v128) -> v128;
            f64x2_convert_low_i32x4_u: (v128) -> v128;
            f32x4_demote_f64x2_zero: (v128) -> v128;
            f64x2_promote_low_f32x4: (v128) -> v128;
            i32x4_relaxed_trunc_f32x4_s: (v128) -> v128;
            i32x4_relaxed_trunc_f32x4_u: (v128) -> v128;
            i32x4_relaxed_trunc_f64x2_s_zero: (v128) -> v128;
            i32x4_relaxed_trunc_f64x2_u_zero: (v128) -> v128;
        }
    };
}

/// Vectors: two operands. A comparison gives lanes of ones or zeros.
#[macro_export]
macro_rules! simd_binary {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            v128_and: (v128, v128) -> v128;
            v128_andnot: (v128, v128) -> v128;
            v128_or: (v128, v128) -> v128;
            v128_xor: (v128, v128) -> v128;
            i8x16_swizzle: (v128, v128) -> v128;
            i8x16_eq: (v128, v128) -> v128;
            i8x16_ne: (v128, v128) -> v128;
            i8x16_lt_s: (v128, v128) -> v128;
            i8x16_lt_u: (v128, v128) -> v128;
            i8x16_gt_s: (v128, v128) -> v128;
            i8x16_gt_u: (v128, v128) -> v128;
            i8x16_le_s: (v128, v128) -> v128;
            i8x16_le_u: (v128, v128) -> v128;
            i8x16_ge_s: (v128, v128) -> v128;
            i8x16_ge_u: (v128, v128) -> v128;
            i16x8_eq: (v128, v128) -> v128;
            i16x8_ne: (v128, v128) -> v128;
            i16x8_lt_s: (v128, v128) -> v128;
            i16x8_lt_u: (v128, v128) -> v128;
            i16x8_gt_s: (v128, v128) -> v128;
            i16x8_gt_u: (v128, v128) -> v128;
            i16x8_le_s: (v128, v128) -> v128;
            i16x8_le_u: (v128, v128) -> v128;
            i16x8_ge_s: (v128, v128) -> v128;
            i16x8_ge_u: (v128, v128) -> v128;
            i32x4_eq: (v128, v128) -> v128;
            i32x4_ne: (v128, v128) -> v128;
            i32x4_lt_s: (v128, v128) -> v128;
            i32x4_lt_u: (v128, v128) -> v128;
            i32x4_gt_s: (v128, v128) -> v128;
            i32x4_gt_u: (v128, v128) -> v128;
            i32x4_le_s: (v128, v128) -> v128;
            i32x4_le_u: (v128, v128) -> v128;
            i32x4_ge_s: (v128, v128) -> v128;
            i32x4_ge_u: (v128, v128) -> v128;
            i64x2_eq: (v128, v128) -> v128;
            i64x2_ne: (v128, v128) -> v128;
            i64x2_lt_s: (v128, v128) -> v128;
            i64x2_gt_s: (v128, v128) -> v128;
            i64x2_le_s: (v128, v128) -> v128;
            i64x2_ge_s: (v128, v128) -> v128;
            f32x4_eq: (v128, v128) -> v128;
            f32x4_ne: (v128, v128) -> v128;
            f32x4_lt: (v128, v128) -> v128;
            f32x4_gt: (v128, v128) -> v128;
            f32x4_le: (v128, v128) -> v128;
            f32x4_ge: (v128, v128) -> v128;
            f64x2_eq: (v128, v128) -> v128;
            f64x2_ne: (v128, v128) -> v128;
            f64x2_lt: (v128, v128) -> v128;
            f64x2_gt: (v128, v128) -> v128;
            f64x2_le: (v128, v128) -> v128;
            f64x2_ge: (v128, v128) -> v128;
            i8x16_add: (v128, v128) -> v128;
            i8x16_sub: (v128, v128) -> v128;
            i8x16_add_sat_s: (v128, v128) -> v128;
            i8x16_add_sat_u: (v128, v128) -> v128;
            i8x16_sub_sat_s: (v128, v128) -> v128;
            i8x16_sub_sat_u: (v128, v128) -> v128;
            i8x16_avgr_u: (v128, v128) -> v128;
            i8x16_min_s: (v128, v128) -> v128;
            i8x16_min_u: (v128, v128) -> v128;
            i8x16_max_s: (v128, v128) -> v128;
            i8x16_max_u: (v128, v128) -> v128;
            i16x8_add: (v128, v128) -> v128;
            i16x8_sub: (v128, v128) -> v128;
            i16x8_mul: (v128, v128) -> v128;
            i16x8_add_sat_s: (v128, v128) -> v128;
            i16x8_add_sat_u: (v128, v128) -> v128;
            i16x8_sub_sat_s: (v128, v128) -> v128;
            i16x8_sub_sat_u: (v128, v128) -> v128;
            i16x8_avgr_u: (v128, v128) -> v128;
            i16x8_min_s: (v128, v128) -> v128;
            i16x8_min_u: (v128, v128) -> v128;
            i16x8_max_s: (v128, v128) -> v128;
            i16x8_max_u: (v128, v128) -> v128;
            i32x4_add: (v128, v128) -> v128;
            i32x4_sub: (v128, v128) -> v128;
            i32x4_mul: (v128, v128) -> v128;
            i32x4_min_s: (v128, v128) -> v128;
            i32x4_min_u: (v128, v128) -> v128;
            i32x4_max_s: (v128, v128) -> v128;
            i32x4_max_u: (v128, v128) -> v128;
            i64x2_add: (v128, v128) -> v128;
            i64x2_sub: (v128, v128) -> v128;
            i64x2_mul: (v128, v128) -> v128;
            i8x16_narrow_i16x8_s: (v128, v128) -> v128;
            i8x16_narrow_i16x8_u: (v128, v128) -> v128;
            i16x8_narrow_i32x4_s: (v128, v128) -> v128;
            i16x8_narrow_i32x4_u: (v128, v128) -> v128;
            i16x8_extmul_low_i8x16_s: (v128, v128) -> v128;
            i16x8_extmul_low_i8x16_u: (v128, v128) -> v128;
            i16x8_extmul_high_i8x16_s: (v128, v128) -> v128;
            i16x8_extmul_high_i8x16_u: (v128, v128) -> v128;
            i32x4_extmul_low_i16x8_s: (v128, v128) -> v128;
            i32x4_extmul_low_i16x8_u: (v128, v128) -> v128;
            i32x4_extmul_high_i16x8_s: (v128, v128) -> v128;
            i32x4_extmul_high_i16x8_u: (v128, v128) -> v128;
            i64x2_extmul_low_i32x4_s: (v128, v128) -> v128;
            i64x2_extmul_low_i32x4_u: (v128, v128) -> v128;
            i64x2_extmul_high_i32x4_s: (v128, v128) -> v128;
            i64x2_extmul_high_i32x4_u: (v128, v128) -> v128;
            i16x8_q15mulr_sat_s: (v128, v128) -> v128;
            i32x4_dot_i16x8_s: (v128, v128) -> v128;
            f32x4_add: (v128, v128) -> v128;
            f32x4_sub: (v128, v128) -> v128;
            f32x4_mul: (v128, v128) -> v128;
            f32x4_div: (v128, v128) -> v128;
            f32x4_min: (v128, v128) -> v128;
            f32x4_max: (v128, v128) -> v128;
            f32x4_pmin: (v128, v128) -> v128;
            f32x4_pmax: (v128, v128) -> v128;
            f64x2_add: (v128, v128) -> v128;
            f64x2_sub: (v128, v128) -> v128;
            f64x2_mul: (v128, v128) -> v128;
            f64x2_div: (v128, v128) -> v128;
            f64x2_min: (v128, v128) -> v128;
            f64x2_max: (v128, v128) -> v128;
            f64x2_pmin: (v128, v128) -> v128;
            f64x2_pmax: (v128, v128) -> v128;
            i8x16_relaxed_swizzle: (v128, v128) -> v128;
            f32x4_relaxed_min: (v128, v128) -> v128;
            f32x4_relaxed_max: (v128, v128) -> v128;
            f64x2_relaxed_min: (v128, v128) -> v128;
            f64x2_relaxed_max: (v128, v128) -> v128;
            i16x8_relaxed_q15mulr_s: (v128, v128) -> v128;
            i16x8_relaxed_dot_i8x16_i7x16_s: (v128, v128) -> v128;
        }
    };
}

/// Vectors: three operands.
#[macro_export]
macro_rules! simd_ternary {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            v128_bitselect: (v128, v128, v128) -> v128;
            f32x4_relaxed_madd: (v128, v128, v128) -> v128;
            f32x4_relaxed_nmadd: (v128, v128, v128) -> v128;
            f64x2_relaxed_madd: (v128, v128, v128) -> v128;
            f64x2_relaxed_nmadd: (v128, v128, v128) -> v128;
            i8x16_relaxed_laneselect: (v128, v128, v128) -> v128;
            i16x8_relaxed_laneselect: (v128, v128, v128) -> v128;
            i32x4_relaxed_laneselect: (v128, v128, v128) -> v128;
            i64x2_relaxed_laneselect: (v128, v128, v128) -> v128;
            i32x4_relaxed_dot_i8x16_i7x16_add_s: (v128, v128, v128) -> v128;
        }
    };
}

/// Vectors: shifts by a count that is taken modulo the lane's width.
#[macro_export]
macro_rules! simd_shift {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i8x16_shl: (v128, i32) -> v128;
            i8x16_shr_s: (v128, i32) -> v128;
            i8x16_shr_u: (v128, i32) -> v128;
            i16x8_shl: (v128, i32) -> v128;
            i16x8_shr_s: (v128, i32) -> v128;
            i16x8_shr_u: (v128, i32) -> v128;
            i32x4_shl: (v128, i32) -> v128;
            i32x4_shr_s: (v128, i32) -> v128;
            i32x4_shr_u: (v128, i32) -> v128;
            i64x2_shl: (v128, i32) -> v128;
            i64x2_shr_s: (v128, i32) -> v128;
            i64x2_shr_u: (v128, i32) -> v128;
        }
    };
}

/// Vectors: tests. The function gives a `bool`.
#[macro_export]
macro_rules! simd_test {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            v128_any_true: (v128) -> i32;
            i8x16_all_true: (v128) -> i32;
            i16x8_all_true: (v128) -> i32;
            i32x4_all_true: (v128) -> i32;
            i64x2_all_true: (v128) -> i32;
        }
    };
}

/// Vectors: the sign bits of the lanes.
#[macro_export]
macro_rules! simd_bitmask {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i8x16_bitmask: (v128) -> i32;
            i16x8_bitmask: (v128) -> i32;
            i32x4_bitmask: (v128) -> i32;
            i64x2_bitmask: (v128) -> i32;
        }
    };
}

/// Vectors: a scalar in every lane.
#[macro_export]
macro_rules! simd_splat {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i8x16_splat: (i32) -> v128;
            i16x8_splat: (i32) -> v128;
            i32x4_splat: (i32) -> v128;
            i64x2_splat: (i64) -> v128;
            f32x4_splat: (f32) -> v128;
            f64x2_splat: (f64) -> v128;
        }
    };
}

/// Vectors: one lane, named by an immediate.
#[macro_export]
macro_rules! simd_extract_lane {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i8x16_extract_lane_s: (v128; lane) -> i32;
            i8x16_extract_lane_u: (v128; lane) -> i32;
            i16x8_extract_lane_s: (v128; lane) -> i32;
            i16x8_extract_lane_u: (v128; lane) -> i32;
            i32x4_extract_lane: (v128; lane) -> i32;
            i64x2_extract_lane: (v128; lane) -> i64;
            f32x4_extract_lane: (v128; lane) -> f32;
            f64x2_extract_lane: (v128; lane) -> f64;
        }
    };
}

/// Vectors: one lane replaced, named by an immediate.
#[macro_export]
macro_rules! simd_replace_lane {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i8x16_replace_lane: (v128, i32; lane) -> v128;
            i16x8_replace_lane: (v128, i32; lane) -> v128;
            i32x4_replace_lane: (v128, i32; lane) -> v128;
            i64x2_replace_lane: (v128, i64; lane) -> v128;
            f32x4_replace_lane: (v128, f32; lane) -> v128;
            f64x2_replace_lane: (v128, f64; lane) -> v128;
        }
    };
}

/// Vectors: sixteen lanes of two operands, named by immediates.
#[macro_export]
macro_rules! simd_shuffle {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            i8x16_shuffle: (v128, v128; lanes) -> v128;
        }
    };
}

/// Vectors: loads. The function makes the vector of what was read from memory; its operand's
/// type tells how many bytes that is.
#[macro_export]
macro_rules! simd_load {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            v128_load8x8_s: (u64) -> v128;
            v128_load8x8_u: (u64) -> v128;
            v128_load16x4_s: (u64) -> v128;
            v128_load16x4_u: (u64) -> v128;
            v128_load32x2_s: (u64) -> v128;
            v128_load32x2_u: (u64) -> v128;
            v128_load8_splat: (u8) -> v128;
            v128_load16_splat: (u16) -> v128;
            v128_load32_splat: (u32) -> v128;
            v128_load64_splat: (u64) -> v128;
            v128_load32_zero: (u32) -> v128;
            v128_load64_zero: (u64) -> v128;
        }
    };
}

/// Vectors: loads of one lane. The function takes the vector and what was read from memory.
#[macro_export]
macro_rules! simd_load_lane {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            v128_load8_lane: (v128, u8; lane) -> v128;
            v128_load16_lane: (v128, u16; lane) -> v128;
            v128_load32_lane: (v128, u32; lane) -> v128;
            v128_load64_lane: (v128, u64; lane) -> v128;
        }
    };
}

/// Vectors: stores of one lane. The function gives what is to be written to memory.
#[macro_export]
macro_rules! simd_store_lane {
    ($($callback:ident)::+ $(, $($before:tt)*)?) => {
        $($callback)::+! {
            $($($before)*)?
            v128_store8_lane: (v128; lane) -> u8;
            v128_store16_lane: (v128; lane) -> u16;
            v128_store32_lane: (v128; lane) -> u32;
            v128_store64_lane: (v128; lane) -> u64;
        }
    };
}
