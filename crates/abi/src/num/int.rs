//! Operators on `i32` and `i64`, except conversions between types.

use crate::trap::TrapCode;

/// Defines each operator for both widths. `int` in a row's result is the type of the operands.
macro_rules! int_operators {
    ($( $doc:literal $i32:ident $i64:ident ($($x:ident),+) -> $result:ident = $meaning:expr; )*) => {
        $(
            #[doc = $doc]
            #[inline(always)]
            pub fn $i32($($x: u32),+) -> int_operators!(@ $result u32) { $meaning }

            #[doc = $doc]
            #[inline(always)]
            pub fn $i64($($x: u64),+) -> int_operators!(@ $result u64) { $meaning }
        )*

        /// The same operators at 8 bits, where everything can be tried: no guest ever computes with them. They have the
        /// names of those at 32 bits.
        pub mod byte {
            use crate::trap::TrapCode;

            $(
                #[doc = $doc]
                #[inline(always)]
                pub fn $i32($($x: u8),+) -> int_operators!(@ $result u8) { $meaning }
            )*

            /// An operator by its name, in which `i32_` stands for no type.
            #[derive(Clone, Copy, Debug)]
            pub enum ByteOperator {
                /// Of one operand.
                Unary(&'static str, fn(u8) -> u8),
                /// Of two operands.
                Binary(&'static str, fn(u8, u8) -> u8),
                /// Of two operands, and it traps.
                Division(&'static str, fn(u8, u8) -> Result<u8, TrapCode>),
            }

            impl ByteOperator {
                /// Its name without a type.
                pub fn name(&self) -> &'static str {
                    let (ByteOperator::Unary(name, _)
                    | ByteOperator::Binary(name, _)
                    | ByteOperator::Division(name, _)) = self;
                    &name["i32_".len()..]
                }
            }

            /// All of them. A truth value is 0 or 1.
            pub const OPERATORS: &[ByteOperator] =
                &[ $( int_operators!(@row $result $i32 ($($x),+)) ),* ];
        }
    };
    (@row int $f:ident ($a:ident)) => { ByteOperator::Unary(stringify!($f), $f) };
    (@row int $f:ident ($a:ident, $b:ident)) => { ByteOperator::Binary(stringify!($f), $f) };
    (@row bool $f:ident ($a:ident)) => { ByteOperator::Unary(stringify!($f), |a| $f(a).into()) };
    (@row bool $f:ident ($a:ident, $b:ident)) => { ByteOperator::Binary(stringify!($f), |a, b| $f(a, b).into()) };
    (@row fallible $f:ident ($a:ident, $b:ident)) => { ByteOperator::Division(stringify!($f), $f) };
    (@ int $t:ty) => { $t };
    (@ bool $t:ty) => { bool };
    (@ fallible $t:ty) => { Result<$t, TrapCode> };
}

int_operators! {
    "Sum, modulo 2^N." i32_add i64_add(a, b) -> int = a.wrapping_add(b);
    "Difference, modulo 2^N." i32_sub i64_sub(a, b) -> int = a.wrapping_sub(b);
    "Product, modulo 2^N." i32_mul i64_mul(a, b) -> int = a.wrapping_mul(b);

    "Signed quotient, rounded towards zero. Traps on zero, and on overflow (the least number by -1)."
    i32_div_s i64_div_s(a, b) -> fallible =
        match a.cast_signed().checked_div(b.cast_signed()) {
            Some(quotient) => Ok(quotient.cast_unsigned()),
            None if b == 0 => Err(TrapCode::IntegerDivisionByZero),
            None => Err(TrapCode::IntegerOverflow),
        };
    "Unsigned quotient, rounded towards zero. Traps on zero."
    i32_div_u i64_div_u(a, b) -> fallible = a.checked_div(b).ok_or(TrapCode::IntegerDivisionByZero);
    "Signed remainder, with the dividend's sign. Traps on zero; the least number by -1 gives 0."
    i32_rem_s i64_rem_s(a, b) -> fallible =
        if b == 0 {
            Err(TrapCode::IntegerDivisionByZero)
        } else {
            Ok(a.cast_signed().wrapping_rem(b.cast_signed()).cast_unsigned())
        };
    "Unsigned remainder. Traps on zero."
    i32_rem_u i64_rem_u(a, b) -> fallible = a.checked_rem(b).ok_or(TrapCode::IntegerDivisionByZero);

    "Bitwise and." i32_and i64_and(a, b) -> int = a & b;
    "Bitwise or." i32_or i64_or(a, b) -> int = a | b;
    "Bitwise exclusive or." i32_xor i64_xor(a, b) -> int = a ^ b;
    "Shift left by the count modulo N." i32_shl i64_shl(a, count) -> int = a.wrapping_shl(count as u32);
    "Shift right by the count modulo N, copying the sign." i32_shr_s i64_shr_s(a, count) -> int =
        a.cast_signed().wrapping_shr(count as u32).cast_unsigned();
    "Shift right by the count modulo N, filling with zeros." i32_shr_u i64_shr_u(a, count) -> int =
        a.wrapping_shr(count as u32);
    "Rotate left by the count modulo N." i32_rotl i64_rotl(a, count) -> int = a.rotate_left(count as u32);
    "Rotate right by the count modulo N." i32_rotr i64_rotr(a, count) -> int = a.rotate_right(count as u32);

    "Number of leading zeros; N for zero." i32_clz i64_clz(a) -> int = a.leading_zeros() as _;
    "Number of trailing zeros; N for zero." i32_ctz i64_ctz(a) -> int = a.trailing_zeros() as _;
    "Number of ones." i32_popcnt i64_popcnt(a) -> int = a.count_ones() as _;
    "Sign-extends the low 8 bits." i32_extend8_s i64_extend8_s(a) -> int = a as i8 as _;
    "Sign-extends the low 16 bits." i32_extend16_s i64_extend16_s(a) -> int = a as i16 as _;

    "Is it zero?" i32_eqz i64_eqz(a) -> bool = a == 0;
    "Equal." i32_eq i64_eq(a, b) -> bool = a == b;
    "Not equal." i32_ne i64_ne(a, b) -> bool = a != b;
    "Less, signed." i32_lt_s i64_lt_s(a, b) -> bool = a.cast_signed() < b.cast_signed();
    "Less, unsigned." i32_lt_u i64_lt_u(a, b) -> bool = a < b;
    "Greater, signed." i32_gt_s i64_gt_s(a, b) -> bool = a.cast_signed() > b.cast_signed();
    "Greater, unsigned." i32_gt_u i64_gt_u(a, b) -> bool = a > b;
    "Less or equal, signed." i32_le_s i64_le_s(a, b) -> bool = a.cast_signed() <= b.cast_signed();
    "Less or equal, unsigned." i32_le_u i64_le_u(a, b) -> bool = a <= b;
    "Greater or equal, signed." i32_ge_s i64_ge_s(a, b) -> bool = a.cast_signed() >= b.cast_signed();
    "Greater or equal, unsigned." i32_ge_u i64_ge_u(a, b) -> bool = a >= b;
}

/// Sign-extends the low 32 bits.
#[inline(always)]
pub fn i64_extend32_s(a: u64) -> u64 {
    a as i32 as u64
}
