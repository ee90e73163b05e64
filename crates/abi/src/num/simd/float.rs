//! Float lanes.

use super::*;
use crate::num::float::FloatMath;

lanewise! {
    "Sums." [f32x4_add: F32x4, f64x2_add: F64x2](a, b) -> lanes = a + b;
    "Differences." [f32x4_sub: F32x4, f64x2_sub: F64x2](a, b) -> lanes = a - b;
    "Products." [f32x4_mul: F32x4, f64x2_mul: F64x2](a, b) -> lanes = a * b;
    "Quotients." [f32x4_div: F32x4, f64x2_div: F64x2](a, b) -> lanes = a / b;
    "The lesser numbers; -0 is less than +0; a NaN wins."
    [f32x4_min: F32x4, f64x2_min: F64x2](a, b) -> lanes = a.minimum_of(b);
    "The greater numbers; +0 is greater than -0; a NaN wins."
    [f32x4_max: F32x4, f64x2_max: F64x2](a, b) -> lanes = a.maximum_of(b);
    "The second if it is less than the first, else the first: bits only."
    [f32x4_pmin: F32x4, f64x2_pmin: F64x2](a, b) -> lanes = if b < a { b } else { a };
    "The second if the first is less than it, else the first: bits only."
    [f32x4_pmax: F32x4, f64x2_pmax: F64x2](a, b) -> lanes = if a < b { b } else { a };

    "Absolute values: sign bits cleared." [f32x4_abs: F32x4, f64x2_abs: F64x2](a) -> lanes = a.abs();
    "Negations: sign bits flipped." [f32x4_neg: F32x4, f64x2_neg: F64x2](a) -> lanes = -a;
    "Rounds up." [f32x4_ceil: F32x4, f64x2_ceil: F64x2](a) -> lanes = a.ceiling();
    "Rounds down." [f32x4_floor: F32x4, f64x2_floor: F64x2](a) -> lanes = a.flooring();
    "Rounds towards zero." [f32x4_trunc: F32x4, f64x2_trunc: F64x2](a) -> lanes = a.truncation();
    "Rounds to the nearest, ties to even." [f32x4_nearest: F32x4, f64x2_nearest: F64x2](a) -> lanes = a.nearest();
    "Square roots, correctly rounded." [f32x4_sqrt: F32x4, f64x2_sqrt: F64x2](a) -> lanes = a.square_root();

    "Equal; false with a NaN." [f32x4_eq: F32x4, f64x2_eq: F64x2](a, b) -> mask = a == b;
    "Not equal; true with a NaN." [f32x4_ne: F32x4, f64x2_ne: F64x2](a, b) -> mask = a != b;
    "Less; false with a NaN." [f32x4_lt: F32x4, f64x2_lt: F64x2](a, b) -> mask = a < b;
    "Greater; false with a NaN." [f32x4_gt: F32x4, f64x2_gt: F64x2](a, b) -> mask = a > b;
    "Less or equal; false with a NaN." [f32x4_le: F32x4, f64x2_le: F64x2](a, b) -> mask = a <= b;
    "Greater or equal; false with a NaN." [f32x4_ge: F32x4, f64x2_ge: F64x2](a, b) -> mask = a >= b;
}
