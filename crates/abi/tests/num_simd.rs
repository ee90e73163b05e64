//! Vector operators: every lane against wide integers or the scalar operators, with lanes taken from the
//! vector by shifting a 128-bit number; and hand-picked values where rules are subtle.

use windlass_abi::num::*;

/// A lane's width and whether it is signed.
#[derive(Clone, Copy)]
struct Shape(u32, bool);

const I8: Shape = Shape(8, true);
const U8: Shape = Shape(8, false);
const I16: Shape = Shape(16, true);
const U16: Shape = Shape(16, false);
const I32: Shape = Shape(32, true);
const U32: Shape = Shape(32, false);
const I64: Shape = Shape(64, true);
const U64: Shape = Shape(64, false);

impl Shape {
    fn read(self, v: V128) -> Vec<i128> {
        let all = u128::from_le_bytes(v.0);
        (0..128 / self.0)
            .map(|i| {
                let lane = (all >> (i * self.0) & ((1 << self.0) - 1)) as i128;
                if self.1 && lane >> (self.0 - 1) == 1 { lane - (1 << self.0) } else { lane }
            })
            .collect()
    }

    fn write(self, lanes: &[i128]) -> V128 {
        assert_eq!(lanes.len() as u32, 128 / self.0);
        let lane = |(i, x): (usize, &i128)| (*x as u128 & ((1 << self.0) - 1)) << (i as u32 * self.0);
        V128(lanes.iter().enumerate().map(lane).sum::<u128>().to_le_bytes())
    }

    fn limits(self) -> (i128, i128) {
        if self.1 { (-1 << (self.0 - 1), (1 << (self.0 - 1)) - 1) } else { (0, (1 << self.0) - 1) }
    }

    fn clamp(self, x: i128) -> i128 {
        x.clamp(self.limits().0, self.limits().1)
    }
}

/// Vectors whose lanes of every width are boundary values, shifted against one another so that pairs of
/// vectors pair many values.
fn vectors() -> Vec<V128> {
    let bytes = [0, 1, 2, 0x3f, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x55, 0xaa, 0x40, 0xc0, 0x10, 0x0f];
    let mut all: Vec<V128> =
        (0..16).map(|by| V128(std::array::from_fn(|i| bytes[(i * 7 + by) % 16]))).collect();
    all.extend([V128([0; 16]), V128([0xff; 16]), V128([0x80; 16]), V128([0x7f; 16]), V128([1; 16])]);
    for shape in [I16, I32, I64] {
        let (low, high) = shape.limits();
        let values = [low, low + 1, -1, 0, 1, high - 1, high, high / 2, low / 2, 0x7f, 0x80, -0x80, 0xff];
        for by in 0..values.len() {
            let lanes: Vec<i128> =
                (0..128 / shape.0).map(|i| values[(i as usize + by) % values.len()]).collect();
            all.push(shape.write(&lanes));
        }
    }
    all
}

fn unary(name: &str, f: fn(V128) -> V128, meaning: impl Fn(V128) -> V128) {
    for a in vectors() {
        assert_eq!(f(a), meaning(a), "{name} {a:02x?}");
    }
}

fn binary(name: &str, f: fn(V128, V128) -> V128, meaning: impl Fn(V128, V128) -> V128) {
    for a in vectors() {
        for b in vectors() {
            assert_eq!(f(a, b), meaning(a, b), "{name} {a:02x?} {b:02x?}");
        }
    }
}

/// The rows `operator shape: meaning of one lane` as checks.
macro_rules! lanewise {
    ($($name:ident $shape:ident: |$a:ident, $b:ident| $meaning:expr;)*) => {
        $( binary(stringify!($name), $name, |a, b| {
            let lanes = $shape.read(a).into_iter().zip($shape.read(b));
            $shape.write(&lanes.map(|($a, $b)| $meaning).collect::<Vec<i128>>())
        }); )*
    };
    ($($name:ident $shape:ident: |$a:ident| $meaning:expr;)*) => {
        $( unary(stringify!($name), $name, |a| {
            $shape.write(&$shape.read(a).into_iter().map(|$a| $meaning).collect::<Vec<i128>>())
        }); )*
    };
}

#[test]
fn integer_arithmetic_lane_by_lane() {
    lanewise! {
        i8x16_add U8: |a, b| a + b; i16x8_add U16: |a, b| a + b; i32x4_add U32: |a, b| a + b; i64x2_add U64: |a, b| a + b;
        i8x16_sub U8: |a, b| a - b; i16x8_sub U16: |a, b| a - b; i32x4_sub U32: |a, b| a - b; i64x2_sub U64: |a, b| a - b;
        i16x8_mul I16: |a, b| a * b; i32x4_mul I32: |a, b| a * b; i64x2_mul I64: |a, b| a * b;
        i8x16_add_sat_s I8: |a, b| I8.clamp(a + b); i8x16_add_sat_u U8: |a, b| U8.clamp(a + b);
        i16x8_add_sat_s I16: |a, b| I16.clamp(a + b); i16x8_add_sat_u U16: |a, b| U16.clamp(a + b);
        i8x16_sub_sat_s I8: |a, b| I8.clamp(a - b); i8x16_sub_sat_u U8: |a, b| U8.clamp(a - b);
        i16x8_sub_sat_s I16: |a, b| I16.clamp(a - b); i16x8_sub_sat_u U16: |a, b| U16.clamp(a - b);
        i8x16_min_s I8: |a, b| a.min(b); i8x16_min_u U8: |a, b| a.min(b);
        i8x16_max_s I8: |a, b| a.max(b); i8x16_max_u U8: |a, b| a.max(b);
        i16x8_min_s I16: |a, b| a.min(b); i16x8_min_u U16: |a, b| a.min(b);
        i16x8_max_s I16: |a, b| a.max(b); i16x8_max_u U16: |a, b| a.max(b);
        i32x4_min_s I32: |a, b| a.min(b); i32x4_min_u U32: |a, b| a.min(b);
        i32x4_max_s I32: |a, b| a.max(b); i32x4_max_u U32: |a, b| a.max(b);
        i8x16_avgr_u U8: |a, b| (a + b + 1) / 2; i16x8_avgr_u U16: |a, b| (a + b + 1) / 2;
        i16x8_q15mulr_sat_s I16: |a, b| I16.clamp((a * b + 0x4000).div_euclid(0x8000));
        i16x8_relaxed_q15mulr_s I16: |a, b| I16.clamp((a * b + 0x4000).div_euclid(0x8000));
        v128_and U64: |a, b| a & b; v128_or U64: |a, b| a | b; v128_xor U64: |a, b| a ^ b;
        v128_andnot U64: |a, b| a & (u64::MAX as i128 - b);
    }
    lanewise! {
        i8x16_neg I8: |a| -a; i16x8_neg I16: |a| -a; i32x4_neg I32: |a| -a; i64x2_neg I64: |a| -a;
        i8x16_abs I8: |a| a.abs(); i16x8_abs I16: |a| a.abs(); i32x4_abs I32: |a| a.abs(); i64x2_abs I64: |a| a.abs();
        i8x16_popcnt U8: |a| a.count_ones().into(); v128_not U64: |a| u64::MAX as i128 - a;
    }
}

#[test]
fn comparisons_lane_by_lane() {
    macro_rules! compare {
        ($($shape:ident: $eq:ident $ne:ident $lt:ident $gt:ident $le:ident $ge:ident;)*) => {
            lanewise! { $(
                $eq $shape: |a, b| -i128::from(a == b); $ne $shape: |a, b| -i128::from(a != b);
                $lt $shape: |a, b| -i128::from(a < b); $gt $shape: |a, b| -i128::from(a > b);
                $le $shape: |a, b| -i128::from(a <= b); $ge $shape: |a, b| -i128::from(a >= b);
            )* }
        };
    }
    compare! {
        I8: i8x16_eq i8x16_ne i8x16_lt_s i8x16_gt_s i8x16_le_s i8x16_ge_s;
        U8: i8x16_eq i8x16_ne i8x16_lt_u i8x16_gt_u i8x16_le_u i8x16_ge_u;
        I16: i16x8_eq i16x8_ne i16x8_lt_s i16x8_gt_s i16x8_le_s i16x8_ge_s;
        U16: i16x8_eq i16x8_ne i16x8_lt_u i16x8_gt_u i16x8_le_u i16x8_ge_u;
        I32: i32x4_eq i32x4_ne i32x4_lt_s i32x4_gt_s i32x4_le_s i32x4_ge_s;
        U32: i32x4_eq i32x4_ne i32x4_lt_u i32x4_gt_u i32x4_le_u i32x4_ge_u;
        I64: i64x2_eq i64x2_ne i64x2_lt_s i64x2_gt_s i64x2_le_s i64x2_ge_s;
    }
}

#[test]
fn shifts_take_their_count_modulo_the_lane() {
    type Row = (fn(V128, u32) -> V128, Shape, bool);
    let shifts: [Row; 12] = [
        (i8x16_shl, U8, true),
        (i8x16_shr_s, I8, false),
        (i8x16_shr_u, U8, false),
        (i16x8_shl, U16, true),
        (i16x8_shr_s, I16, false),
        (i16x8_shr_u, U16, false),
        (i32x4_shl, U32, true),
        (i32x4_shr_s, I32, false),
        (i32x4_shr_u, U32, false),
        (i64x2_shl, U64, true),
        (i64x2_shr_s, I64, false),
        (i64x2_shr_u, U64, false),
    ];
    for (shift, shape, left) in shifts {
        for count in [0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128, 0x8000_0001, !0] {
            let by = count % shape.0;
            for a in vectors() {
                let lanes = shape.read(a).into_iter().map(|x| if left { x << by } else { x >> by });
                assert_eq!(shift(a, count), shape.write(&lanes.collect::<Vec<_>>()), "{count} {a:02x?}");
            }
        }
    }
}

#[test]
fn tests_and_masks() {
    type Row = (Shape, fn(V128) -> bool, fn(V128) -> u32);
    let rows: [Row; 4] = [
        (I8, i8x16_all_true, i8x16_bitmask),
        (I16, i16x8_all_true, i16x8_bitmask),
        (I32, i32x4_all_true, i32x4_bitmask),
        (I64, i64x2_all_true, i64x2_bitmask),
    ];
    let single_bits = (0..128).map(|i| V128((1_u128 << i).to_le_bytes()));
    for v in vectors().into_iter().chain(single_bits.clone()).chain(single_bits.map(v128_not)) {
        for (shape, all_true, bitmask) in rows {
            let lanes = shape.read(v);
            assert_eq!(all_true(v), !lanes.contains(&0), "{v:02x?}");
            let signs: String = lanes.iter().rev().map(|&x| if x < 0 { '1' } else { '0' }).collect();
            assert_eq!(bitmask(v), u32::from_str_radix(&signs, 2).unwrap(), "{v:02x?}");
        }
        assert_eq!(v128_any_true(v), v.0.iter().any(|&byte| byte > 0));
    }
}

#[test]
fn extending_and_narrowing() {
    macro_rules! extensions {
        ($($from:ident $to:ident: $low:ident $high:ident $mul_low:ident $mul_high:ident $($pairwise:ident)?;)*) => { $(
            let half = (64 / $from.0) as usize;
            unary(stringify!($low), $low, |a| $to.write(&$from.read(a)[..half]));
            unary(stringify!($high), $high, |a| $to.write(&$from.read(a)[half..]));
            let products = |a, b| -> Vec<i128> { $from.read(a).iter().zip($from.read(b)).map(|(a, b)| a * b).collect() };
            binary(stringify!($mul_low), $mul_low, |a, b| $to.write(&products(a, b)[..half]));
            binary(stringify!($mul_high), $mul_high, |a, b| $to.write(&products(a, b)[half..]));
            $( unary(stringify!($pairwise), $pairwise, |a| {
                $to.write(&$from.read(a).chunks(2).map(|pair| pair.iter().sum()).collect::<Vec<i128>>())
            }); )?
        )* };
    }
    extensions! {
        I8 I16: i16x8_extend_low_i8x16_s i16x8_extend_high_i8x16_s i16x8_extmul_low_i8x16_s i16x8_extmul_high_i8x16_s
            i16x8_extadd_pairwise_i8x16_s;
        U8 U16: i16x8_extend_low_i8x16_u i16x8_extend_high_i8x16_u i16x8_extmul_low_i8x16_u i16x8_extmul_high_i8x16_u
            i16x8_extadd_pairwise_i8x16_u;
        I16 I32: i32x4_extend_low_i16x8_s i32x4_extend_high_i16x8_s i32x4_extmul_low_i16x8_s i32x4_extmul_high_i16x8_s
            i32x4_extadd_pairwise_i16x8_s;
        U16 U32: i32x4_extend_low_i16x8_u i32x4_extend_high_i16x8_u i32x4_extmul_low_i16x8_u i32x4_extmul_high_i16x8_u
            i32x4_extadd_pairwise_i16x8_u;
        I32 I64: i64x2_extend_low_i32x4_s i64x2_extend_high_i32x4_s i64x2_extmul_low_i32x4_s i64x2_extmul_high_i32x4_s;
        U32 U64: i64x2_extend_low_i32x4_u i64x2_extend_high_i32x4_u i64x2_extmul_low_i32x4_u i64x2_extmul_high_i32x4_u;
    }
    macro_rules! narrowings {
        ($($name:ident $from:ident $to:ident;)*) => { $(
            binary(stringify!($name), $name, |a, b| {
                let both = $from.read(a).into_iter().chain($from.read(b));
                $to.write(&both.map(|x| $to.clamp(x)).collect::<Vec<i128>>())
            });
        )* };
    }
    narrowings! {
        i8x16_narrow_i16x8_s I16 I8; i8x16_narrow_i16x8_u I16 U8;
        i16x8_narrow_i32x4_s I32 I16; i16x8_narrow_i32x4_u I32 U16;
    }
    let limits = V128::from_i16x8([-32768, -129, -128, -1, 127, 128, 255, 256]);
    assert_eq!(
        i8x16_narrow_i16x8_s(limits, limits).to_i8x16()[..8],
        [-128, -128, -128, -1, 127, 127, 127, 127]
    );
    assert_eq!(i8x16_narrow_i16x8_u(limits, limits).to_u8x16()[8..], [0, 0, 0, 0, 127, 128, 255, 255]);
}

#[test]
fn dot_products() {
    fn sums(products: Vec<i128>, of: usize) -> Vec<i128> {
        products.chunks(of).map(|chunk| chunk.iter().sum()).collect()
    }
    let products = |shape: Shape, a, b| shape.read(a).iter().zip(shape.read(b)).map(|(a, b)| a * b).collect();
    binary("dot", i32x4_dot_i16x8_s, |a, b| I32.write(&sums(products(I16, a, b), 2)));
    binary("relaxed dot", i16x8_relaxed_dot_i8x16_i7x16_s, |a, b| I16.write(&sums(products(I8, a, b), 2)));
    for c in vectors() {
        for (a, b) in vectors().into_iter().zip(vectors().into_iter().rev()) {
            let pairs = I16.read(I16.write(&sums(products(I8, a, b), 2)));
            let expected: Vec<i128> =
                sums(pairs, 2).into_iter().zip(I32.read(c)).map(|(a, c)| a + c).collect();
            assert_eq!(i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, c), I32.write(&expected));
        }
    }
    let least = V128::from_i16x8([i16::MIN; 8]);
    assert_eq!(i32x4_dot_i16x8_s(least, least), V128::from_i32x4([i32::MIN; 4]));
    assert_eq!(i16x8_q15mulr_sat_s(least, least), V128::from_i16x8([i16::MAX; 8]));
    let signed = i16x8_relaxed_dot_i8x16_i7x16_s(V128::from_i8x16([-128; 16]), V128::from_i8x16([-127; 16]));
    assert_eq!(signed, V128::from_i16x8([32512; 8]));
}

#[test]
fn bits_are_selected_one_by_one() {
    for (name, select) in [
        ("bitselect", v128_bitselect as fn(V128, V128, V128) -> V128),
        ("i8x16", i8x16_relaxed_laneselect),
        ("i16x8", i16x8_relaxed_laneselect),
        ("i32x4", i32x4_relaxed_laneselect),
        ("i64x2", i64x2_relaxed_laneselect),
    ] {
        for mask in vectors() {
            let (a, b) = (V128([0b1100_0101; 16]), V128([0b1010_1001; 16]));
            let bit = |byte: u8, i: u32| byte >> i & 1;
            let expected =
                |m: u8| (0..8).map(|i| bit(if bit(m, i) == 1 { a.0[0] } else { b.0[0] }, i) << i).sum();
            assert_eq!(select(a, b, mask).0, mask.0.map(expected), "{name}");
        }
    }
}

#[test]
fn lanes_move() {
    let a = V128(std::array::from_fn(|i| 0x80 + i as u8));
    let b = V128(std::array::from_fn(|i| 0x40 + i as u8));
    assert_eq!(i8x16_shuffle(a, b, std::array::from_fn(|i| i as u8)), a);
    assert_eq!(i8x16_shuffle(a, b, std::array::from_fn(|i| 31 - i as u8)).0[..3], [0x4f, 0x4e, 0x4d]);
    assert_eq!(
        i8x16_shuffle(a, b, [0, 16, 1, 17, 15, 31, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).0[..6],
        [0x80, 0x40, 0x81, 0x41, 0x8f, 0x4f]
    );
    for swizzle in [i8x16_swizzle, i8x16_relaxed_swizzle] {
        for start in (0..=255).step_by(16) {
            let indices = V128(std::array::from_fn(|i| start + i as u8));
            assert_eq!(swizzle(a, indices), if start == 0 { a } else { V128::default() });
        }
        assert_eq!(swizzle(a, V128([15; 16])), V128([0x8f; 16]));
    }
    assert_eq!(i8x16_extract_lane_s(a, 15), 0xffff_ff8f);
    assert_eq!(i8x16_extract_lane_u(a, 15), 0x8f);
    assert_eq!(i16x8_extract_lane_s(a, 1), 0xffff_8382);
    assert_eq!(i16x8_extract_lane_u(a, 7), 0x8f8e);
    assert_eq!(i32x4_extract_lane(a, 1), 0x8786_8584);
    assert_eq!(i64x2_extract_lane(a, 1), 0x8f8e_8d8c_8b8a_8988);
    assert_eq!(
        f32x4_extract_lane(f32x4_replace_lane(a, f32::from_bits(0x7f80_0001), 2), 2).to_bits(),
        0x7f80_0001
    );
    assert_eq!(f64x2_extract_lane(f64x2_splat(-0.5), 1), -0.5);
    assert_eq!(i8x16_splat(0x1234_5678), V128([0x78; 16]));
    assert_eq!(i16x8_splat(0x1234_5678), V128::from_u16x8([0x5678; 8]));
    assert_eq!(i32x4_splat(0x1234_5678), V128::from_u32x4([0x1234_5678; 4]));
    assert_eq!(i64x2_splat(!1), V128::from_u64x2([!1; 2]));
    assert_eq!(f32x4_splat(1.5), V128::from_f32x4([1.5; 4]));
    let mut expected = a;
    expected.0[3] = 0x78;
    assert_eq!(i8x16_replace_lane(a, 0x1234_5678, 3), expected);
    assert_eq!(v128_load8_lane(a, 0x78, 3), expected);
    expected.0[2..4].copy_from_slice(&[0x78, 0x56]);
    assert_eq!(i16x8_replace_lane(a, 0x1234_5678, 1), expected);
    assert_eq!(v128_load16_lane(a, 0x5678, 1), expected);
    expected.0[0..4].copy_from_slice(&[0x78, 0x56, 0x34, 0x12]);
    assert_eq!(i32x4_replace_lane(a, 0x1234_5678, 0), expected);
    assert_eq!(v128_load32_lane(a, 0x1234_5678, 0), expected);
    expected.0[..8].copy_from_slice(&[8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(i64x2_replace_lane(a, 0x0102_0304_0506_0708, 0), expected);
    assert_eq!(v128_load64_lane(a, 0x0102_0304_0506_0708, 0), expected);
    assert_eq!(f64x2_replace_lane(a, f64::from_bits(0x0102_0304_0506_0708), 0), expected);
    assert_eq!((v128_store8_lane(a, 1), v128_store16_lane(a, 1)), (0x81, 0x8382));
    assert_eq!((v128_store32_lane(a, 3), v128_store64_lane(a, 0)), (0x8f8e_8d8c, 0x8786_8584_8382_8180));
}

#[test]
fn loads_fill_vectors() {
    let read = 0xf807_f605_8403_0201;
    assert_eq!(v128_load8x8_s(read), V128::from_i16x8([1, 2, 3, -124, 5, -10, 7, -8]));
    assert_eq!(v128_load8x8_u(read), V128::from_u16x8([1, 2, 3, 0x84, 5, 0xf6, 7, 0xf8]));
    assert_eq!(v128_load16x4_s(read), V128::from_i32x4([0x0201, -0x7bfd, -0x09fb, -0x07f9]));
    assert_eq!(v128_load16x4_u(read), V128::from_u32x4([0x0201, 0x8403, 0xf605, 0xf807]));
    assert_eq!(v128_load32x2_s(read), V128::from_i64x2([-0x7bfc_fdff, -0x07f8_09fb]));
    assert_eq!(v128_load32x2_u(read), V128::from_u64x2([0x8403_0201, 0xf807_f605]));
    assert_eq!(v128_load8_splat(7), V128([7; 16]));
    assert_eq!(v128_load16_splat(0x0102), V128([2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]));
    assert_eq!(v128_load32_splat(9), V128::from_u32x4([9; 4]));
    assert_eq!(v128_load64_splat(read), V128::from_u64x2([read; 2]));
    assert_eq!(v128_load32_zero(9).0, [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(v128_load64_zero(1 << 56).0, [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
}

/// Floats that meet every rule: zeros, ties, limits, infinities, NaNs.
const FLOATS: [f64; 24] = [
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.5,
    -2.5,
    1.0,
    -1.0,
    0.1,
    1e10,
    -1e10,
    2147483647.0,
    2147483648.0,
    -2147483648.0,
    -2147483649.0,
    4294967295.0,
    4294967296.0,
    16777217.0,
    1e-40,
    1e39,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    -f64::NAN,
];

fn quiet32(x: f32) -> u32 {
    if x.is_nan() && x.to_bits() & 1 << 22 != 0 { f32::NAN.to_bits() } else { x.to_bits() }
}

fn quiet64(x: f64) -> u64 {
    if x.is_nan() && x.to_bits() & 1 << 51 != 0 { f64::NAN.to_bits() } else { x.to_bits() }
}

/// Each vector operator does in each lane what the scalar operator does.
#[test]
fn float_lanes_are_the_scalar_operators() {
    let singles: Vec<f32> = FLOATS.iter().map(|&x| x as f32).chain([f32::from_bits(0x7f80_0001)]).collect();
    let doubles: Vec<f64> = FLOATS.into_iter().chain([f64::from_bits(0x7ff0_0000_0000_0001)]).collect();
    let f32x4 =
        |i: usize| V128::from_f32x4(std::array::from_fn(|lane| singles[(i + 3 * lane) % singles.len()]));
    let f64x2 =
        |i: usize| V128::from_f64x2(std::array::from_fn(|lane| doubles[(i + 3 * lane) % doubles.len()]));
    macro_rules! same {
        (binary $($v32:ident $v64:ident $s32:expr, $s64:expr;)*) => { $(
            for (i, j) in (0..625).map(|i| (i / 25, i % 25)) {
                let (a, b) = (f32x4(i), f32x4(j));
                let ours = $v32(a, b).to_f32x4().map(quiet32);
                let theirs: [u32; 4] = std::array::from_fn(|l| quiet32($s32(a.to_f32x4()[l], b.to_f32x4()[l])));
                assert_eq!(ours, theirs, "{} {:?} {:?}", stringify!($v32), a.to_f32x4(), b.to_f32x4());
                let (a, b) = (f64x2(i), f64x2(j));
                let ours = $v64(a, b).to_f64x2().map(quiet64);
                let theirs: [u64; 2] = std::array::from_fn(|l| quiet64($s64(a.to_f64x2()[l], b.to_f64x2()[l])));
                assert_eq!(ours, theirs, "{} {:?} {:?}", stringify!($v64), a.to_f64x2(), b.to_f64x2());
            }
        )* };
        (unary $($v32:ident $v64:ident $s32:expr, $s64:expr;)*) => { $(
            for i in 0..25 {
                let (a, b) = (f32x4(i), f64x2(i));
                let (ours, theirs) = ($v32(a).to_f32x4().map(quiet32), a.to_f32x4().map(|x| quiet32($s32(x))));
                assert_eq!(ours, theirs, "{} {:?}", stringify!($v32), a.to_f32x4());
                let (ours, theirs) = ($v64(b).to_f64x2().map(quiet64), b.to_f64x2().map(|x| quiet64($s64(x))));
                assert_eq!(ours, theirs, "{} {:?}", stringify!($v64), b.to_f64x2());
            }
        )* };
    }
    // Pseudo-minimum and -maximum as the specification words them.
    fn pmin<T: PartialOrd>(a: T, b: T) -> T {
        if b < a { b } else { a }
    }
    fn pmax<T: PartialOrd>(a: T, b: T) -> T {
        if a < b { b } else { a }
    }
    let mask32 = |on: bool| f32::from_bits(if on { !0 } else { 0 });
    let mask64 = |on: bool| f64::from_bits(if on { !0 } else { 0 });
    same! { binary
        f32x4_add f64x2_add f32_add, f64_add; f32x4_sub f64x2_sub f32_sub, f64_sub;
        f32x4_mul f64x2_mul f32_mul, f64_mul; f32x4_div f64x2_div f32_div, f64_div;
        f32x4_min f64x2_min f32_min, f64_min; f32x4_max f64x2_max f32_max, f64_max;
        f32x4_relaxed_min f64x2_relaxed_min f32_min, f64_min; f32x4_relaxed_max f64x2_relaxed_max f32_max, f64_max;
        f32x4_pmin f64x2_pmin pmin, pmin; f32x4_pmax f64x2_pmax pmax, pmax;
        f32x4_eq f64x2_eq |a, b| mask32(f32_eq(a, b)), |a, b| mask64(f64_eq(a, b));
        f32x4_ne f64x2_ne |a, b| mask32(f32_ne(a, b)), |a, b| mask64(f64_ne(a, b));
        f32x4_lt f64x2_lt |a, b| mask32(f32_lt(a, b)), |a, b| mask64(f64_lt(a, b));
        f32x4_gt f64x2_gt |a, b| mask32(f32_gt(a, b)), |a, b| mask64(f64_gt(a, b));
        f32x4_le f64x2_le |a, b| mask32(f32_le(a, b)), |a, b| mask64(f64_le(a, b));
        f32x4_ge f64x2_ge |a, b| mask32(f32_ge(a, b)), |a, b| mask64(f64_ge(a, b));
    }
    same! { unary
        f32x4_abs f64x2_abs f32_abs, f64_abs; f32x4_neg f64x2_neg f32_neg, f64_neg;
        f32x4_ceil f64x2_ceil f32_ceil, f64_ceil; f32x4_floor f64x2_floor f32_floor, f64_floor;
        f32x4_trunc f64x2_trunc f32_trunc, f64_trunc; f32x4_nearest f64x2_nearest f32_nearest, f64_nearest;
        f32x4_sqrt f64x2_sqrt f32_sqrt, f64_sqrt;
    }
    for i in 0..25 {
        let (a, b) = (f32x4(i), f64x2(i));
        let (singles, doubles) = (a.to_f32x4(), b.to_f64x2());
        for f in [i32x4_trunc_sat_f32x4_s, i32x4_relaxed_trunc_f32x4_s] {
            assert_eq!(f(a).to_u32x4(), singles.map(i32_trunc_sat_f32_s));
        }
        for f in [i32x4_trunc_sat_f32x4_u, i32x4_relaxed_trunc_f32x4_u] {
            assert_eq!(f(a).to_u32x4(), singles.map(i32_trunc_sat_f32_u));
        }
        for f in [i32x4_trunc_sat_f64x2_s_zero, i32x4_relaxed_trunc_f64x2_s_zero] {
            let [x, y] = doubles.map(i32_trunc_sat_f64_s);
            assert_eq!(f(b).to_u32x4(), [x, y, 0, 0]);
        }
        for f in [i32x4_trunc_sat_f64x2_u_zero, i32x4_relaxed_trunc_f64x2_u_zero] {
            let [x, y] = doubles.map(i32_trunc_sat_f64_u);
            assert_eq!(f(b).to_u32x4(), [x, y, 0, 0]);
        }
        let [x, y] = doubles.map(|x| quiet32(f32_demote_f64(x)));
        assert_eq!(f32x4_demote_f64x2_zero(b).to_f32x4().map(quiet32), [x, y, 0, 0]);
        let promoted = [singles[0], singles[1]].map(|x| quiet64(f64_promote_f32(x)));
        assert_eq!(f64x2_promote_low_f32x4(a).to_f64x2().map(quiet64), promoted);
    }
    for v in vectors() {
        let lanes = v.to_u32x4();
        assert_eq!(f32x4_convert_i32x4_s(v).to_f32x4(), lanes.map(f32_convert_i32_s));
        assert_eq!(f32x4_convert_i32x4_u(v).to_f32x4(), lanes.map(f32_convert_i32_u));
        assert_eq!(f64x2_convert_low_i32x4_s(v).to_f64x2(), [lanes[0], lanes[1]].map(f64_convert_i32_s));
        assert_eq!(f64x2_convert_low_i32x4_u(v).to_f64x2(), [lanes[0], lanes[1]].map(f64_convert_i32_u));
    }
}

#[test]
fn multiply_add_rounds_once() {
    // FLT_MAX * 2 - FLT_MAX overflows if the product is rounded.
    let (max, two) = (V128::from_f32x4([f32::MAX; 4]), V128::from_f32x4([2.0; 4]));
    assert_eq!(f32x4_relaxed_madd(max, two, f32x4_neg(max)), max);
    assert_eq!(f32x4_relaxed_nmadd(max, two, max), f32x4_neg(max));
    let (max, two) = (f64x2_splat(f64::MAX), f64x2_splat(2.0));
    assert_eq!(f64x2_relaxed_madd(max, two, f64x2_neg(max)), max);
    assert_eq!(f64x2_relaxed_nmadd(max, two, max), f64x2_neg(max));

    // The product of singles is exact in a double; its sum with the third, rounded to odd, rounds to
    // a single as the exact sum does.
    let singles =
        [1.0, -1.0, 1.0 + f32::EPSILON, 3.0, 0.1, 1e-20, -1e20, f32::MIN_POSITIVE, 1e-45, 16777215.0, 1e38];
    for a in singles {
        for b in singles {
            for c in singles.into_iter().chain([0.0, -0.0]) {
                let product = f64::from(a) * f64::from(b);
                let sum = product + f64::from(c);
                let part = sum - product;
                let error = (product - (sum - part)) + (f64::from(c) - part);
                let odd = match error {
                    0.0 => sum,
                    _ if sum.to_bits() & 1 == 1 => sum,
                    _ if error > 0.0 => sum.next_up(),
                    _ => sum.next_down(),
                };
                let ours = f32x4_relaxed_madd(f32x4_splat(a), f32x4_splat(b), f32x4_splat(c)).to_f32x4()[3];
                assert_eq!(ours.to_bits(), (odd as f32).to_bits(), "{a} * {b} + {c}");
            }
        }
    }
    let doubles = [
        1.0,
        -1.0 - f64::EPSILON,
        0.1,
        3.0,
        1e-200,
        -1e200,
        f64::MIN_POSITIVE,
        5e-324,
        1e16,
        9007199254740991.0,
    ];
    for a in doubles {
        for b in doubles {
            for c in doubles {
                let [x, y, z] = [a, b, c].map(f64x2_splat);
                assert_eq!(f64x2_relaxed_madd(x, y, z), f64x2_splat(libm::fma(a, b, c)), "{a} * {b} + {c}");
                assert_eq!(
                    f64x2_relaxed_nmadd(x, y, z),
                    f64x2_splat(libm::fma(-a, b, c)),
                    "-{a} * {b} + {c}"
                );
            }
        }
    }
}
