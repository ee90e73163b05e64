//! Scalar operators: hand-picked values where rules are subtle, and every pair of boundary values against
//! a formulation of its own (128-bit integers, exact `f64`s for `f32`s, integer arithmetic on bits).

use windlass_abi::num::*;
use windlass_abi::trap::TrapCode::{BadConversionToInteger, IntegerDivisionByZero, IntegerOverflow};

const MIN32: u32 = 1 << 31;
const MIN64: u64 = 1 << 63;

/// Integers around every power of two and its negation.
fn integers() -> Vec<u64> {
    let mut all: Vec<u64> = (0..64)
        .flat_map(|i| [1_u64 << i, (1_u64 << i).wrapping_neg()])
        .flat_map(|x| [x.wrapping_sub(1), x, x.wrapping_add(1)])
        .chain([0, 0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, 0x5555_5555_5555_5555])
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn integers32() -> Vec<u32> {
    let mut all: Vec<u32> = integers().into_iter().map(|x| x as u32).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Floats around every boundary: zeros, subnormals, halves, limits of integers, infinities, NaNs.
fn doubles() -> Vec<f64> {
    let mut magnitudes = vec![0.0, f64::from_bits(1), f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, 0.1, 1e300];
    for power in [0, 1, 2, 7, 8, 15, 16, 23, 24, 31, 32, 51, 52, 53, 62, 63, 64, 100, 127, 128] {
        magnitudes.push(2_f64.powi(power));
        magnitudes.push(2_f64.powi(-power));
    }
    for half in 0..12 {
        magnitudes.push(f64::from(half) * 0.5);
    }
    for x in magnitudes.clone() {
        magnitudes.extend([x.next_up(), x.next_down()]);
    }
    let nans = [0x7ff8 << 48, 0x7ff8_dead_0000_beef, 0x7ff0_0000_0000_0001, 0x7ff4 << 48].map(f64::from_bits);
    magnitudes.into_iter().chain(nans).flat_map(|x| [x, -x]).collect()
}

fn singles() -> Vec<f32> {
    let mut magnitudes = vec![f32::from_bits(1), f32::MIN_POSITIVE, f32::MAX];
    magnitudes.extend(doubles().into_iter().filter(|x| !x.is_nan()).map(|x| x as f32));
    for x in magnitudes.clone() {
        magnitudes.extend([x.next_up(), x.next_down()]);
    }
    magnitudes.extend([0x7fc0_0000, 0x7fc0_beef, 0x7f80_0001, 0x7fa0_0000, 0xff80_0001].map(f32::from_bits));
    magnitudes.sort_unstable_by_key(|x| x.to_bits());
    magnitudes.dedup_by_key(|x| x.to_bits());
    magnitudes
}

/// Bits of what may be compared: every NaN that is quiet is the same, a signalling one is itself.
fn quiet32(x: f32) -> u32 {
    if x.is_nan() && x.to_bits() & 1 << 22 != 0 { f32::NAN.to_bits() } else { x.to_bits() }
}

fn quiet64(x: f64) -> u64 {
    if x.is_nan() && x.to_bits() & 1 << 51 != 0 { f64::NAN.to_bits() } else { x.to_bits() }
}

#[test]
fn division_traps() {
    for b in [i32_div_s, i32_div_u, i32_rem_s, i32_rem_u] {
        assert_eq!(b(7, 0), Err(IntegerDivisionByZero));
        assert_eq!(b(MIN32, 0), Err(IntegerDivisionByZero));
    }
    for b in [i64_div_s, i64_div_u, i64_rem_s, i64_rem_u] {
        assert_eq!(b(7, 0), Err(IntegerDivisionByZero));
        assert_eq!(b(MIN64, 0), Err(IntegerDivisionByZero));
    }
    assert_eq!(i32_div_s(MIN32, !0), Err(IntegerOverflow));
    assert_eq!(i64_div_s(MIN64, !0), Err(IntegerOverflow));
    assert_eq!(i32_rem_s(MIN32, !0), Ok(0));
    assert_eq!(i64_rem_s(MIN64, !0), Ok(0));
    assert_eq!(i32_div_u(MIN32, !0), Ok(0));
    assert_eq!(i32_rem_u(MIN32, !0), Ok(MIN32));
    assert_eq!(i32_div_s(-7_i32 as u32, 2), Ok(-3_i32 as u32));
    assert_eq!(i32_rem_s(-7_i32 as u32, 2), Ok(-1_i32 as u32));
    assert_eq!(i32_rem_s(7, -2_i32 as u32), Ok(1));
}

#[test]
fn shifts_take_their_count_modulo_the_width() {
    for (count, effective) in [(0, 0), (1, 1), (31, 31), (32, 0), (33, 1), (0x8000_0021, 1), (!0, 31)] {
        assert_eq!(i32_shl(0x8000_0001, count), 0x8000_0001 << effective);
        assert_eq!(i32_shr_u(0x8000_0001, count), 0x8000_0001 >> effective);
        assert_eq!(i32_shr_s(0x8000_0001, count), (0x8000_0001_u32 as i32 >> effective) as u32);
        assert_eq!(i32_rotl(0x8000_0001, count), 0x8000_0001_u32.rotate_left(effective));
        assert_eq!(i32_rotr(0x8000_0001, count), 0x8000_0001_u32.rotate_right(effective));
    }
    let x = 0x8000_0000_0000_0001_u64;
    for (count, effective) in [(0, 0), (31, 31), (32, 32), (63, 63), (64, 0), (65, 1), (1 << 32, 0), (!0, 63)]
    {
        assert_eq!(i64_shl(x, count), x << effective);
        assert_eq!(i64_shr_u(x, count), x >> effective);
        assert_eq!(i64_shr_s(x, count), (x as i64 >> effective) as u64);
        assert_eq!(i64_rotl(x, count), x.rotate_left(effective));
        assert_eq!(i64_rotr(x, count), x.rotate_right(effective));
    }
}

/// Every binary operator of one width against 128-bit integers.
macro_rules! integer_property {
    ($test:ident, $values:ident, $u:ty, $s:ty, $add:ident $sub:ident $mul:ident $div_s:ident $div_u:ident
     $rem_s:ident $rem_u:ident $and:ident $or:ident $xor:ident $shl:ident $shr_s:ident $shr_u:ident $rotl:ident
     $rotr:ident $eq:ident $ne:ident $lt_s:ident $lt_u:ident $gt_s:ident $gt_u:ident $le_s:ident $le_u:ident
     $ge_s:ident $ge_u:ident $clz:ident $ctz:ident $popcnt:ident $extend8:ident $extend16:ident $eqz:ident) => {
        #[test]
        fn $test() {
            let values = $values();
            let bits = <$u>::BITS;
            for &a in &values {
                let (ua, sa) = (u128::from(a), i128::from(a as $s));
                for &b in &values {
                    let (ub, sb) = (u128::from(b), i128::from(b as $s));
                    let cut = |x: i128| x as $u;
                    assert_eq!($add(a, b), cut(sa + sb));
                    assert_eq!($sub(a, b), cut(sa - sb));
                    assert_eq!($mul(a, b), cut(sa * sb));
                    let signed = |f: fn(i128, i128) -> i128| match sb {
                        0 => Err(IntegerDivisionByZero),
                        _ => Ok(f(sa, sb)),
                    };
                    let quotient = signed(|a, b| a / b).and_then(|q| match <$s>::try_from(q) {
                        Ok(q) => Ok(q as $u),
                        Err(_) => Err(IntegerOverflow),
                    });
                    assert_eq!($div_s(a, b), quotient, "{sa} / {sb}");
                    assert_eq!($rem_s(a, b), signed(|a, b| a % b).map(cut), "{sa} % {sb}");
                    assert_eq!(
                        $div_u(a, b),
                        ua.checked_div(ub).map(|q| q as $u).ok_or(IntegerDivisionByZero)
                    );
                    assert_eq!(
                        $rem_u(a, b),
                        ua.checked_rem(ub).map(|r| r as $u).ok_or(IntegerDivisionByZero)
                    );
                    // Bit by bit.
                    let bitwise = |f: fn(bool, bool) -> bool| {
                        (0..bits).map(|i| (f(ua >> i & 1 == 1, ub >> i & 1 == 1) as $u) << i).sum::<$u>()
                    };
                    assert_eq!($and(a, b), bitwise(|x, y| x && y));
                    assert_eq!($or(a, b), bitwise(|x, y| x || y));
                    assert_eq!($xor(a, b), bitwise(|x, y| x != y));
                    let count = (ub % u128::from(bits)) as u32;
                    assert_eq!($shl(a, b), (ua << count) as $u);
                    assert_eq!($shr_u(a, b), (ua >> count) as $u);
                    assert_eq!($shr_s(a, b), cut(sa >> count));
                    let twice = ua << bits | ua;
                    assert_eq!($rotl(a, b), ((twice << count) >> bits) as $u);
                    assert_eq!($rotr(a, b), (twice >> count) as $u);
                    let compared = [
                        ($eq(a, b), ua == ub),
                        ($ne(a, b), ua != ub),
                        ($lt_s(a, b), sa < sb),
                        ($lt_u(a, b), ua < ub),
                        ($gt_s(a, b), sa > sb),
                        ($gt_u(a, b), ua > ub),
                        ($le_s(a, b), sa <= sb),
                        ($le_u(a, b), ua <= ub),
                        ($ge_s(a, b), sa >= sb),
                        ($ge_u(a, b), ua >= ub),
                    ];
                    assert!(
                        compared.iter().all(|(ours, theirs)| ours == theirs),
                        "{a:#x} {b:#x} {compared:?}"
                    );
                }
                let binary = format!("{ua:0width$b}", width = bits as usize);
                assert_eq!($clz(a) as usize, binary.find('1').unwrap_or(bits as usize));
                assert_eq!(
                    $ctz(a) as usize,
                    binary.chars().rev().position(|c| c == '1').unwrap_or(bits as usize)
                );
                assert_eq!($popcnt(a) as usize, binary.matches('1').count());
                let sign_extended = |from: u32| {
                    let low = sa & ((1 << from) - 1);
                    (if low >> (from - 1) == 1 { low - (1 << from) } else { low }) as $u
                };
                assert_eq!($extend8(a), sign_extended(8));
                assert_eq!($extend16(a), sign_extended(16));
                assert_eq!($eqz(a), ua == 0);
            }
        }
    };
}

integer_property!(
    i32_operators_agree_with_wide_arithmetic, integers32, u32, i32, i32_add i32_sub i32_mul i32_div_s i32_div_u
    i32_rem_s i32_rem_u i32_and i32_or i32_xor i32_shl i32_shr_s i32_shr_u i32_rotl i32_rotr i32_eq i32_ne i32_lt_s
    i32_lt_u i32_gt_s i32_gt_u i32_le_s i32_le_u i32_ge_s i32_ge_u i32_clz i32_ctz i32_popcnt i32_extend8_s
    i32_extend16_s i32_eqz
);
integer_property!(
    i64_operators_agree_with_wide_arithmetic, integers, u64, i64, i64_add i64_sub i64_mul i64_div_s i64_div_u
    i64_rem_s i64_rem_u i64_and i64_or i64_xor i64_shl i64_shr_s i64_shr_u i64_rotl i64_rotr i64_eq i64_ne i64_lt_s
    i64_lt_u i64_gt_s i64_gt_u i64_le_s i64_le_u i64_ge_s i64_ge_u i64_clz i64_ctz i64_popcnt i64_extend8_s
    i64_extend16_s i64_eqz
);

#[test]
fn wide_arithmetic_agrees_with_long_hand() {
    // Schoolbook arithmetic on halves of 32 bits.
    fn product(a: u64, b: u64) -> (u64, u64) {
        let (a0, a1, b0, b1) = (a & 0xffff_ffff, a >> 32, b & 0xffff_ffff, b >> 32);
        let middle = ((a0 * b0) >> 32) + ((a1 * b0) & 0xffff_ffff) + a0 * b1;
        let low = ((a0 * b0) & 0xffff_ffff) | (middle << 32);
        (low, a1 * b1 + ((a1 * b0) >> 32) + (middle >> 32))
    }
    let values = integers();
    for &a in &values {
        for &b in &values {
            let (low, high) = product(a, b);
            assert_eq!(i64_mul_wide_u(a, b), (low, high));
            // A negative factor counts 2^64 too much.
            let mut signed = high;
            for (x, y) in [(a, b), (b, a)] {
                signed = signed.wrapping_sub(if (x as i64) < 0 { y } else { 0 });
            }
            assert_eq!(i64_mul_wide_s(a, b), (low, signed));
            for (a_hi, b_hi) in [(0, 0), (!0, 0), (MIN64, !0), (5, 3), (a, b)] {
                let (sum, carry) = a.overflowing_add(b);
                assert_eq!(
                    i64_add128(a, a_hi, b, b_hi),
                    (sum, a_hi.wrapping_add(b_hi).wrapping_add(carry.into()))
                );
                let (difference, borrow) = a.overflowing_sub(b);
                let high = a_hi.wrapping_sub(b_hi).wrapping_sub(borrow.into());
                assert_eq!(i64_sub128(a, a_hi, b, b_hi), (difference, high));
            }
        }
    }
}

#[test]
fn truncation_at_exact_limits() {
    // The last float inside and the first outside, at both ends.
    assert_eq!(i32_trunc_f32_s(2147483520.0), Ok(2147483520));
    assert_eq!(i32_trunc_f32_s(2147483648.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f32_s(-2147483648.0), Ok(MIN32));
    assert_eq!(i32_trunc_f32_s(-2147483904.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f64_s(2147483647.9999998), Ok(i32::MAX as u32));
    assert_eq!(i32_trunc_f64_s(2147483648.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f64_s(-2147483648.9999995), Ok(MIN32));
    assert_eq!(i32_trunc_f64_s(-2147483649.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f32_u(4294967040.0), Ok(4294967040));
    assert_eq!(i32_trunc_f32_u(4294967296.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f32_u(-1.0_f32.next_down()), Ok(0));
    assert_eq!(i32_trunc_f32_u(-1.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f64_u(4294967295.9999995), Ok(u32::MAX));
    assert_eq!(i32_trunc_f64_u(4294967296.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f64_u(-1.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f32_s(9223371487098961920.0), Ok(9223371487098961920));
    assert_eq!(i64_trunc_f32_s(9223372036854775808.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f32_s(-9223372036854775808.0), Ok(MIN64));
    assert_eq!(i64_trunc_f32_s(-9223373136366403584.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_s(9223372036854774784.0), Ok(9223372036854774784));
    assert_eq!(i64_trunc_f64_s(9223372036854775808.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_s(-9223372036854775808.0), Ok(MIN64));
    assert_eq!(i64_trunc_f64_s(-9223372036854777856.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f32_u(18446742974197923840.0), Ok(18446742974197923840));
    assert_eq!(i64_trunc_f32_u(18446744073709551616.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_u(18446744073709549568.0), Ok(18446744073709549568));
    assert_eq!(i64_trunc_f64_u(18446744073709551616.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_u(-0.9999999999999999), Ok(0));
    assert_eq!(i64_trunc_f64_u(-1.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f32_s(f32::NAN), Err(BadConversionToInteger));
    assert_eq!(i64_trunc_f64_u(-f64::NAN), Err(BadConversionToInteger));
    assert_eq!(i32_trunc_f32_s(f32::INFINITY), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_u(f64::NEG_INFINITY), Err(IntegerOverflow));
}

/// The integral part of a float that is no NaN, clamped far outside of every integer type: from its bits.
fn integral_part(x: f64) -> i128 {
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1075;
    let mantissa = i128::from(x.to_bits() & ((1 << 52) - 1) | 1 << 52);
    let magnitude = match exponent {
        ..-60 => 0,
        -60..0 => mantissa >> -exponent,
        0..60 => mantissa << exponent,
        _ => i128::MAX,
    };
    if x.is_sign_negative() { -magnitude } else { magnitude }
}

macro_rules! truncation_property {
    ($values:ident: $($trunc:ident $trunc_sat:ident $int:ty as $u:ty;)*) => {
        for x in $values() {
            $(
                if x.is_nan() {
                    assert_eq!($trunc(x), Err(BadConversionToInteger));
                    assert_eq!($trunc_sat(x), 0);
                } else {
                    let wide = integral_part(f64::from(x));
                    let ours = <$int>::try_from(wide).map(|i| i as $u).map_err(|_| IntegerOverflow);
                    assert_eq!($trunc(x), ours, "{x}");
                    assert_eq!($trunc_sat(x), wide.clamp(<$int>::MIN.into(), <$int>::MAX.into()) as $u, "{x}");
                }
            )*
        }
    };
}

#[test]
fn truncations_agree_with_integral_parts_from_bits() {
    truncation_property! { singles:
        i32_trunc_f32_s i32_trunc_sat_f32_s i32 as u32;
        i32_trunc_f32_u i32_trunc_sat_f32_u u32 as u32;
        i64_trunc_f32_s i64_trunc_sat_f32_s i64 as u64;
        i64_trunc_f32_u i64_trunc_sat_f32_u u64 as u64;
    }
    truncation_property! { doubles:
        i32_trunc_f64_s i32_trunc_sat_f64_s i32 as u32;
        i32_trunc_f64_u i32_trunc_sat_f64_u u32 as u32;
        i64_trunc_f64_s i64_trunc_sat_f64_s i64 as u64;
        i64_trunc_f64_u i64_trunc_sat_f64_u u64 as u64;
    }
}

/// The float with this many mantissa bits that is nearest to an integer, ties to even, as an `f64`.
fn nearest_float(x: i128, mantissa_bits: u32) -> f64 {
    let magnitude = x.unsigned_abs();
    let excess = (128 - magnitude.leading_zeros()).saturating_sub(mantissa_bits);
    let kept = magnitude >> excess;
    let rest = magnitude - (kept << excess);
    let half = (1_u128 << excess) >> 1;
    let up = excess > 0 && (rest > half || rest == half && kept & 1 == 1);
    let rounded = (kept + u128::from(up)) as f64 * 2_f64.powi(excess as i32);
    if x < 0 { -rounded } else { rounded }
}

#[test]
fn conversions_agree_with_rounding_by_hand() {
    for x in integers() {
        let (s, u) = (i128::from(x as i64), i128::from(x));
        assert_eq!(f64::from(f32_convert_i64_s(x)), nearest_float(s, 24), "{s}");
        assert_eq!(f64::from(f32_convert_i64_u(x)), nearest_float(u, 24), "{u}");
        assert_eq!(f64_convert_i64_s(x), nearest_float(s, 53), "{s}");
        assert_eq!(f64_convert_i64_u(x), nearest_float(u, 53), "{u}");
        assert_eq!(i32_wrap_i64(x), (u % (1 << 32)) as u32);
        assert_eq!(i64_extend32_s(x), i64_extend_i32_s(x as u32));
    }
    for x in integers32() {
        let (s, u) = (i128::from(x as i32), i128::from(x));
        assert_eq!(f64::from(f32_convert_i32_s(x)), nearest_float(s, 24), "{s}");
        assert_eq!(f64::from(f32_convert_i32_u(x)), nearest_float(u, 24), "{u}");
        assert_eq!(f64_convert_i32_s(x), nearest_float(s, 53), "{s}");
        assert_eq!(f64_convert_i32_u(x), nearest_float(u, 53), "{u}");
        assert_eq!(i64_extend_i32_s(x) as i64, s as i64);
        assert_eq!(i64_extend_i32_u(x), u as u64);
    }
    for x in singles() {
        assert_eq!(f32_reinterpret_i32(i32_reinterpret_f32(x)).to_bits(), x.to_bits());
        if !x.is_nan() {
            assert_eq!(f32_demote_f64(f64_promote_f32(x)).to_bits(), x.to_bits());
        }
    }
    for x in doubles() {
        assert_eq!(f64_reinterpret_i64(i64_reinterpret_f64(x)).to_bits(), x.to_bits());
        if x.is_finite() {
            // None of the neighbours is nearer, and a tie is even.
            let (demoted, distance) = (f32_demote_f64(x), |y: f32| (f64::from(y) - x).abs());
            assert_eq!(demoted.is_sign_negative(), x.is_sign_negative());
            if demoted.is_finite() {
                for neighbour in [demoted.next_up(), demoted.next_down()] {
                    let even = demoted.to_bits() & 1 == 0;
                    assert!(
                        distance(demoted) < distance(neighbour)
                            || distance(demoted) == distance(neighbour) && even
                    );
                }
            } else {
                assert!(x.abs() >= 2_f64.powi(128) - 2_f64.powi(103));
            }
        }
    }
    assert!(f32_demote_f64(f64::NAN).is_nan() && f64_promote_f32(-f32::NAN).is_nan());
    assert!(f32_demote_f64(f64::from_bits(0x7ff0_0000_0000_0001)).to_bits() & 1 << 22 != 0);
    assert!(f64_promote_f32(f32::from_bits(0x7f80_0001)).to_bits() & 1 << 51 != 0);
}

#[test]
fn arithmetic_of_singles_agrees_with_doubles() {
    // An `f64` holds sums' and products' rounding well enough that rounding again changes nothing.
    let values = singles();
    for &a in values.iter().step_by(3) {
        for &b in &values {
            let (x, y) = (f64::from(a), f64::from(b));
            assert_eq!(quiet32(f32_add(a, b)), quiet32((x + y) as f32), "{a} + {b}");
            assert_eq!(quiet32(f32_sub(a, b)), quiet32((x - y) as f32), "{a} - {b}");
            assert_eq!(quiet32(f32_mul(a, b)), quiet32((x * y) as f32), "{a} * {b}");
            assert_eq!(quiet32(f32_div(a, b)), quiet32((x / y) as f32), "{a} / {b}");
        }
    }
    for a in values {
        assert_eq!(quiet32(f32_sqrt(a)), quiet32(f64::from(a).sqrt() as f32), "sqrt {a}");
    }
}

#[test]
fn square_roots_of_doubles_are_correctly_rounded() {
    for x in doubles().into_iter().filter(|x| x.is_finite() && *x > 1e-290 && *x < 1e290) {
        let root = f64_sqrt(x);
        // x lies between the squares of the midpoints to both neighbours: exact differences by fused operations.
        let step_up = root.next_up() - root;
        let step_down = root - root.next_down();
        let residue = -f64::mul_add(root, root, -x); // x - root^2, exact
        assert!(residue <= root * step_up + step_up * step_up / 4.0, "{x}");
        assert!(residue >= -(root * step_down) + step_down * step_down / 4.0, "{x}");
    }
    assert!(f64_sqrt(-1.0).is_nan() && f64_sqrt(f64::NAN).is_nan());
    assert_eq!(f64_sqrt(-0.0).to_bits(), (-0.0_f64).to_bits());
    assert_eq!(f64_sqrt(f64::INFINITY), f64::INFINITY);
    assert_ne!(f64_sqrt(f64::from_bits(0x7ff0_0000_0000_0001)).to_bits() & 1 << 51, 0);
}

macro_rules! min_max_property {
    ($values:ident, $float:ty, $int:ty, $quiet:ident, $min:ident, $max:ident, $copysign:ident, $neg:ident, $abs:ident,
     $eq:ident, $ne:ident, $lt:ident, $gt:ident, $le:ident, $ge:ident) => {
        // Bits ordered as numbers: sign and magnitude become two's complement, -0 just below +0.
        let order = |x: $float| {
            let bits = x.to_bits() as $int;
            if bits < 0 { <$int>::MIN.wrapping_sub(bits).wrapping_sub(1) } else { bits }
        };
        let sign = 1 << (<$int>::BITS - 1);
        let values = $values();
        for &a in &values {
            for &b in &values {
                let (lesser, greater) = if order(a) <= order(b) { (a, b) } else { (b, a) };
                if a.is_nan() || b.is_nan() {
                    assert_eq!($quiet($min(a, b)), <$float>::NAN.to_bits());
                    assert_eq!($quiet($max(a, b)), <$float>::NAN.to_bits());
                    let compared = [$eq(a, b), $lt(a, b), $gt(a, b), $le(a, b), $ge(a, b)];
                    assert_eq!((compared, $ne(a, b)), ([false; 5], true));
                } else {
                    assert_eq!($min(a, b).to_bits(), lesser.to_bits(), "min {a} {b}");
                    assert_eq!($max(a, b).to_bits(), greater.to_bits(), "max {a} {b}");
                    let equal = order(a) == order(b) || a.to_bits() & !sign == 0 && b.to_bits() & !sign == 0;
                    let less = !equal && order(a) < order(b);
                    let greater = !equal && order(a) > order(b);
                    let compared = [$eq(a, b), $ne(a, b), $lt(a, b), $gt(a, b), $le(a, b), $ge(a, b)];
                    assert_eq!(
                        compared,
                        [equal, !equal, less, greater, less || equal, greater || equal],
                        "{a} {b}"
                    );
                }
                assert_eq!($copysign(a, b).to_bits(), a.to_bits() & !sign | b.to_bits() & sign);
            }
            assert_eq!($neg(a).to_bits(), a.to_bits() ^ sign);
            assert_eq!($abs(a).to_bits(), a.to_bits() & !sign);
        }
    };
}

#[test]
fn min_max_and_comparisons_agree_with_the_order_of_bits() {
    min_max_property!(
        singles,
        f32,
        i32,
        quiet32,
        f32_min,
        f32_max,
        f32_copysign,
        f32_neg,
        f32_abs,
        f32_eq,
        f32_ne,
        f32_lt,
        f32_gt,
        f32_le,
        f32_ge
    );
    min_max_property!(
        doubles,
        f64,
        i64,
        quiet64,
        f64_min,
        f64_max,
        f64_copysign,
        f64_neg,
        f64_abs,
        f64_eq,
        f64_ne,
        f64_lt,
        f64_gt,
        f64_le,
        f64_ge
    );
    assert_eq!(f32_min(0.0, -0.0).to_bits(), (-0.0_f32).to_bits());
    assert_eq!(f32_max(-0.0, 0.0).to_bits(), 0);
}

#[test]
fn rounding_ties_and_signs() {
    let cases = [
        (0.5, 0.0),
        (1.5, 2.0),
        (2.5, 2.0),
        (3.5, 4.0),
        (0.4999999999999999, 0.0),
        (4503599627370495.5, 4503599627370496.0),
    ];
    for (x, nearest) in cases {
        assert_eq!(f64_nearest(x).to_bits(), f64::to_bits(nearest), "{x}");
        assert_eq!(f64_nearest(-x).to_bits(), f64::to_bits(-nearest), "{x}");
    }
    assert_eq!(f32_nearest(8388607.5), 8388608.0);
    assert_eq!(f32_nearest(8388609.0), 8388609.0);
    assert_eq!(f32_ceil(-0.7).to_bits(), (-0.0_f32).to_bits());
    assert_eq!(f32_trunc(-0.7).to_bits(), (-0.0_f32).to_bits());
    assert_eq!(f32_floor(0.7).to_bits(), 0);
}

#[test]
fn roundings_agree_with_the_standard_library() {
    for x in singles() {
        let pairs = [
            (f32_ceil(x), x.ceil()),
            (f32_floor(x), x.floor()),
            (f32_trunc(x), x.trunc()),
            (f32_nearest(x), x.round_ties_even()),
        ];
        for (ours, theirs) in pairs {
            assert_eq!(
                quiet32(ours),
                if x.is_nan() { f32::NAN.to_bits() } else { theirs.to_bits() },
                "{x:?}"
            );
        }
    }
    for x in doubles() {
        let pairs = [
            (f64_ceil(x), x.ceil()),
            (f64_floor(x), x.floor()),
            (f64_trunc(x), x.trunc()),
            (f64_nearest(x), x.round_ties_even()),
        ];
        for (ours, theirs) in pairs {
            assert_eq!(
                quiet64(ours),
                if x.is_nan() { f64::NAN.to_bits() } else { theirs.to_bits() },
                "{x:?}"
            );
        }
    }
}

#[test]
fn double_arithmetic_keeps_the_sign_of_zero_and_makes_nans_quiet() {
    // The compiler may take a product with a constant 1 for the operand itself: it must not see constants.
    let signalling = std::hint::black_box(f64::from_bits(0x7ff0_0000_0000_0001));
    let one = std::hint::black_box(1.0);
    for operator in [f64_add, f64_sub, f64_mul, f64_div, f64_min, f64_max] {
        assert_eq!(quiet64(operator(signalling, one)), f64::NAN.to_bits());
        assert_eq!(quiet64(operator(one, -signalling)), f64::NAN.to_bits());
    }
    assert_eq!(f64_add(-0.0, -0.0).to_bits(), MIN64);
    assert_eq!(f64_add(0.0, -0.0).to_bits(), 0);
    assert_eq!(f64_sub(1.0, 1.0).to_bits(), 0);
    assert_eq!(f64_mul(-0.0, 3.0).to_bits(), MIN64);
    assert_eq!(f64_div(1.0, -0.0), f64::NEG_INFINITY);
    assert!(f64_div(0.0, 0.0).is_nan() && f64_sub(f64::INFINITY, f64::INFINITY).is_nan());
}
