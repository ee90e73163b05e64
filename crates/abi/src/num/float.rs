//! Operators on `f32` and `f64`, except conversions between types.

/// Defines each operator for both widths. `float` in a row's result is the type of the operands.
macro_rules! float_operators {
    ($( $doc:literal $f32:ident $f64:ident ($($x:ident),+) -> $result:ident = $meaning:expr; )*) => {
        $(
            #[doc = $doc]
            #[inline(always)]
            pub fn $f32($($x: f32),+) -> float_operators!(@ $result f32) { $meaning }

            #[doc = $doc]
            #[inline(always)]
            pub fn $f64($($x: f64),+) -> float_operators!(@ $result f64) { $meaning }
        )*
    };
    (@ float $t:ty) => { $t };
    (@ bool $t:ty) => { bool };
}

float_operators! {
    "Sum." f32_add f64_add(a, b) -> float = a + b;
    "Difference." f32_sub f64_sub(a, b) -> float = a - b;
    "Product." f32_mul f64_mul(a, b) -> float = a * b;
    "Quotient." f32_div f64_div(a, b) -> float = a / b;
    "The lesser; -0 is less than +0; a NaN wins." f32_min f64_min(a, b) -> float = a.minimum_of(b);
    "The greater; +0 is greater than -0; a NaN wins." f32_max f64_max(a, b) -> float = a.maximum_of(b);
    "The first with the second's sign: bits only." f32_copysign f64_copysign(a, b) -> float = a.copysign(b);

    "Absolute value: clears the sign bit." f32_abs f64_abs(a) -> float = a.abs();
    "Negation: flips the sign bit." f32_neg f64_neg(a) -> float = -a;
    "Rounds up." f32_ceil f64_ceil(a) -> float = a.ceiling();
    "Rounds down." f32_floor f64_floor(a) -> float = a.flooring();
    "Rounds towards zero." f32_trunc f64_trunc(a) -> float = a.truncation();
    "Rounds to the nearest, ties to even." f32_nearest f64_nearest(a) -> float = a.nearest();
    "Square root, correctly rounded." f32_sqrt f64_sqrt(a) -> float = a.square_root();

    "Equal; false with a NaN." f32_eq f64_eq(a, b) -> bool = a == b;
    "Not equal; true with a NaN." f32_ne f64_ne(a, b) -> bool = a != b;
    "Less; false with a NaN." f32_lt f64_lt(a, b) -> bool = a < b;
    "Greater; false with a NaN." f32_gt f64_gt(a, b) -> bool = a > b;
    "Less or equal; false with a NaN." f32_le f64_le(a, b) -> bool = a <= b;
    "Greater or equal; false with a NaN." f32_ge f64_ge(a, b) -> bool = a >= b;
}

/// What `core` lacks, for both widths. Vector operators use it lane by lane.
pub(super) trait FloatMath: Copy {
    fn minimum_of(self, other: Self) -> Self;
    fn maximum_of(self, other: Self) -> Self;
    fn nearest(self) -> Self;
    fn ceiling(self) -> Self;
    fn flooring(self) -> Self;
    fn truncation(self) -> Self;
    fn square_root(self) -> Self;
    /// `self * b + c`, rounded once.
    fn fused_multiply_add(self, b: Self, c: Self) -> Self;
}

/// Chooses an expression by whether rounding to an integer is one instruction that `std` can reach.
/// Each of these instructions makes a signalling NaN quiet; a C library's function need not, and it is
/// what one gets on s390x before z196.
macro_rules! if_rounding_instruction {
    ($instruction:expr, else $otherwise:block) => {
        cfg_select! {
            all(
                feature = "std",
                any(target_feature = "sse4.1", target_arch = "aarch64")
            ) => { $instruction }
            _ => $otherwise
        }
    };
}

macro_rules! float_math {
    ($float:ident, $sqrt:ident, $fma:ident) => {
        impl FloatMath for $float {
            #[inline(always)]
            fn minimum_of(self, other: Self) -> Self {
                // Equal numbers differ at most in the sign of zero: the minimum has either's sign.
                let equal = Self::from_bits(self.to_bits() | other.to_bits());
                let ordered = if self < other { self } else { other };
                let number = if self == other { equal } else { ordered };
                // A sum is the quiet NaN that is wanted.
                if self.is_nan() | other.is_nan() { self + other } else { number }
            }

            #[inline(always)]
            fn maximum_of(self, other: Self) -> Self {
                let equal = Self::from_bits(self.to_bits() & other.to_bits());
                let ordered = if self > other { self } else { other };
                let number = if self == other { equal } else { ordered };
                if self.is_nan() | other.is_nan() { self + other } else { number }
            }

            #[inline(always)]
            fn nearest(self) -> Self {
                if_rounding_instruction!(self.round_ties_even(), else {
                    /// From here on every float is an integer, and the sum below has no fraction bits.
                    const INTEGERS: $float = (1_u64 << ($float::MANTISSA_DIGITS - 1)) as $float;
                    let magnitude = self.abs();
                    let rounded = (magnitude + INTEGERS) - INTEGERS;
                    // A NaN takes the way of the sum, which makes it quiet.
                    let result = if magnitude >= INTEGERS { magnitude } else { rounded };
                    result.copysign(self)
                })
            }

            #[inline(always)]
            fn ceiling(self) -> Self {
                if_rounding_instruction!(self.ceil(), else {
                    let nearest = self.nearest();
                    let below = if nearest < self { 1.0 } else { 0.0 };
                    // A zero keeps the operand's sign.
                    (nearest + below).copysign(self)
                })
            }

            #[inline(always)]
            fn flooring(self) -> Self {
                if_rounding_instruction!(self.floor(), else {
                    let nearest = self.nearest();
                    let above = if nearest > self { 1.0 } else { 0.0 };
                    (nearest - above).copysign(self)
                })
            }

            #[inline(always)]
            fn truncation(self) -> Self {
                if_rounding_instruction!(self.trunc(), else {
                    let magnitude = self.abs();
                    let nearest = magnitude.nearest();
                    let above = if nearest > magnitude { 1.0 } else { 0.0 };
                    (nearest - above).copysign(self)
                })
            }

            #[inline(always)]
            fn square_root(self) -> Self {
                cfg_select! {
                    feature = "std" => { self.sqrt() }
                    _ => { libm::$sqrt(self) }
                }
            }

            #[inline(always)]
            fn fused_multiply_add(self, b: Self, c: Self) -> Self {
                cfg_select! {
                    feature = "std" => { self.mul_add(b, c) }
                    _ => { libm::$fma(self, b, c) }
                }
            }
        }
    };
}

float_math!(f32, sqrtf, fmaf);
float_math!(f64, sqrt, fma);
