//! Moving lanes: splat, extract, replace, shuffle, swizzle, and the pure parts of loads and stores.
//!
//! Validation keeps the number of a lane below their count. Greater ones are taken modulo it here, so
//! that no function can panic.

use super::*;

/// Defines splat and replacing for one shape: the operand's type and the lane's.
macro_rules! set_lanes {
    ($( $splat:ident $replace:ident($scalar:ident) $lanes:ident of $lane:ident; )*) => {
        $(
            /// The scalar, cut to a lane, in every lane.
            #[inline(always)]
            pub fn $splat(x: $scalar) -> V128 {
                let mut lanes = $lanes::default();
                lanes.fill(x as $lane);
                lanes.pack()
            }

            /// The vector with one lane replaced by the scalar, cut to a lane.
            #[inline(always)]
            pub fn $replace(a: V128, x: $scalar, lane: u8) -> V128 {
                let mut lanes = $lanes::unpack(a);
                lanes[usize::from(lane) % lanes.len()] = x as $lane;
                lanes.pack()
            }
        )*
    };
}

set_lanes! {
    i8x16_splat i8x16_replace_lane(u32) U8x16 of u8;
    i16x8_splat i16x8_replace_lane(u32) U16x8 of u16;
    i32x4_splat i32x4_replace_lane(u32) U32x4 of u32;
    i64x2_splat i64x2_replace_lane(u64) U64x2 of u64;
    f32x4_splat f32x4_replace_lane(f32) F32x4 of f32;
    f64x2_splat f64x2_replace_lane(f64) F64x2 of f64;
}

/// Defines reading one lane: the lane's type and the result's.
macro_rules! get_lanes {
    ($( $extract:ident $lanes:ident -> $result:ident; )*) => {
        $(
            /// One lane, extended to the result's type by the operator's sign.
            #[inline(always)]
            pub fn $extract(a: V128, lane: u8) -> $result {
                let lanes = $lanes::unpack(a);
                lanes[usize::from(lane) % lanes.len()] as $result
            }
        )*
    };
}

get_lanes! {
    i8x16_extract_lane_s I8x16 -> u32;
    i8x16_extract_lane_u U8x16 -> u32;
    i16x8_extract_lane_s I16x8 -> u32;
    i16x8_extract_lane_u U16x8 -> u32;
    i32x4_extract_lane U32x4 -> u32;
    i64x2_extract_lane U64x2 -> u64;
    f32x4_extract_lane F32x4 -> f32;
    f64x2_extract_lane F64x2 -> f64;
    v128_store8_lane U8x16 -> u8;
    v128_store16_lane U16x8 -> u16;
    v128_store32_lane U32x4 -> u32;
    v128_store64_lane U64x2 -> u64;
}

/// Lanes of both vectors: indices 0 to 15 are the first's, 16 to 31 the second's.
#[inline(always)]
pub fn i8x16_shuffle(a: V128, b: V128, lanes: [u8; 16]) -> V128 {
    let mut both = [0; 32];
    both[..16].copy_from_slice(&a.0);
    both[16..].copy_from_slice(&b.0);
    build::<u8, 16>(|i| both[usize::from(lanes[i] & 31)])
}

/// Lanes of the first that the second names; 0 for an index above 15.
#[inline(always)]
pub fn i8x16_swizzle(a: V128, indices: V128) -> V128 {
    // As many lanes as a byte can name: no index needs a check.
    let mut lanes = [0; 256];
    lanes[..16].copy_from_slice(&a.0);
    build::<u8, 16>(|i| lanes[usize::from(indices.0[i])])
}

/// Defines the vectors that loads make of what was read: an integer in little-endian order.
macro_rules! loads {
    ($( $doc:literal $name:ident($read:ident: $t:ty) = $vector:expr; )*) => {
        $(
            #[doc = $doc]
            #[inline(always)]
            pub fn $name($read: $t) -> V128 { $vector }
        )*
    };
}

loads! {
    "Eight bytes, sign-extended." v128_load8x8_s(read: u64) = extend(spread_bytes(read), 0x0080_0080_0080_0080, i16x8_sub);
    "Eight bytes, zero-extended." v128_load8x8_u(read: u64) = spread_bytes(read);
    "Four lanes of 16 bits, sign-extended." v128_load16x4_s(read: u64) =
        extend(spread_halves(read), 0x0000_8000_0000_8000, i32x4_sub);
    "Four lanes of 16 bits, zero-extended." v128_load16x4_u(read: u64) = spread_halves(read);
    "Two lanes of 32 bits, sign-extended." v128_load32x2_s(read: u64) =
        i64x2_extend_low_i32x4_s(v128_load64_zero(read));
    "Two lanes of 32 bits, zero-extended." v128_load32x2_u(read: u64) =
        i64x2_extend_low_i32x4_u(v128_load64_zero(read));
    "A byte in every lane." v128_load8_splat(read: u8) = V128([read; 16]);
    "16 bits in every lane." v128_load16_splat(read: u16) = V128::from_u16x8([read; 8]);
    "32 bits in every lane." v128_load32_splat(read: u32) = V128::from_u32x4([read; 4]);
    "64 bits in every lane." v128_load64_splat(read: u64) = V128::from_u64x2([read; 2]);
    "32 bits in lane 0, and zeros." v128_load32_zero(read: u32) = V128::from_u32x4([read, 0, 0, 0]);
    "64 bits in lane 0, and zeros." v128_load64_zero(read: u64) = V128::from_u64x2([read, 0]);
}

// What was read is in a general register. Extending the lanes of a vector that has it as its low half would
// take it apart there, lane by lane; a few shifts of both halves at once stay in vector registers.

/// The 16-bit parts of a number as lanes of 32 bits.
#[inline(always)]
fn spread_halves(x: u64) -> V128 {
    V128::from_u64x2([x & 0xffff_ffff, x >> 32].map(|x| (x | x << 16) & 0x0000_ffff_0000_ffff))
}

/// The bytes of a number as lanes of 16 bits.
#[inline(always)]
fn spread_bytes(x: u64) -> V128 {
    V128::from_u64x2(spread_halves(x).to_u64x2().map(|x| (x | x << 8) & 0x00ff_00ff_00ff_00ff))
}

/// Extends the sign of the numbers in the low halves of the lanes: `signs` has the bit of their sign
/// in each lane, which is flipped and taken away.
#[inline(always)]
fn extend(lanes: V128, signs: u64, subtract: fn(V128, V128) -> V128) -> V128 {
    let signs = V128::from_u64x2([signs; 2]);
    subtract(v128_xor(lanes, signs), signs)
}

/// Defines loads of one lane.
macro_rules! load_lanes {
    ($( $name:ident($t:ty) $lanes:ident; )*) => {
        $(
            /// The vector with one lane replaced by what was read.
            #[inline(always)]
            pub fn $name(a: V128, read: $t, lane: u8) -> V128 {
                let mut lanes = $lanes::unpack(a);
                lanes[usize::from(lane) % lanes.len()] = read;
                lanes.pack()
            }
        )*
    };
}

load_lanes! {
    v128_load8_lane(u8) U8x16;
    v128_load16_lane(u16) U16x8;
    v128_load32_lane(u32) U32x4;
    v128_load64_lane(u64) U64x2;
}
