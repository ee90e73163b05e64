//! Operators on `v128`.
//!
//! **Lanes.** An operator unpacks its operands into arrays of lanes, computes lane by lane, and packs
//! the result. Lane 0 comes first, and each lane is little-endian whatever the host is. A lane whose
//! sign does not matter is unsigned.
//!
//! **Relaxed operators** have one deterministic meaning, the same on every host, and it is the only one
//! that Windlass has. The engine's compilers must produce it too.
//!
//! | operator | means |
//! |---|---|
//! | `relaxed_swizzle` | `i8x16.swizzle`: 0 for every index above 15 |
//! | `relaxed_trunc_*` | `trunc_sat_*`: clamped; 0 for a NaN |
//! | `relaxed_madd`, `relaxed_nmadd` | fused: rounded once |
//! | `relaxed_laneselect` | `v128.bitselect`: bit by bit |
//! | `relaxed_min`, `relaxed_max` | `min`, `max`: a NaN wins; -0 is less than +0 |
//! | `relaxed_q15mulr_s` | `i16x8.q15mulr_sat_s`: saturates |
//! | `relaxed_dot_*` | both operands are signed; sums of products wrap |

mod convert;
mod float;
mod int;
mod lanes;
mod relaxed;

pub use convert::*;
pub use float::*;
pub use int::*;
pub use lanes::*;
pub use relaxed::*;

/// A vector of 128 bits: its bytes as they lie in Wasm's memory, lane 0 first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(transparent)]
pub struct V128(pub [u8; 16]);

/// A number that can be a lane.
trait Lane: Copy + Default {
    /// A lane of ones if `on`, else of zeros.
    fn mask(on: bool) -> Self;
}

/// An array of lanes as big as a vector.
trait Lanes: Sized {
    fn unpack(vector: V128) -> Self;
    fn pack(self) -> V128;
}

/// Makes a type of number a lane, and its array the lanes of a vector.
macro_rules! lanes {
    ($( $array:ident = [$lane:ident; $count:literal], $ones:expr, $unpack:ident $pack:ident; )*) => {
        $(
            type $array = [$lane; $count];

            impl Lane for $lane {
                #[inline(always)]
                fn mask(on: bool) -> Self {
                    if on { $ones } else { Self::default() }
                }
            }

            impl Lanes for $array {
                #[inline(always)]
                fn unpack(vector: V128) -> Self {
                    let bytes = vector.0.as_chunks().0;
                    let mut lanes = Self::default();
                    for i in 0..$count {
                        lanes[i] = $lane::from_le_bytes(bytes[i]);
                    }
                    lanes
                }

                #[inline(always)]
                fn pack(self) -> V128 {
                    let mut vector = V128::default();
                    let bytes = vector.0.as_chunks_mut().0;
                    for i in 0..$count {
                        bytes[i] = self[i].to_le_bytes();
                    }
                    vector
                }
            }

            impl V128 {
                #[doc = concat!("The lanes as `", stringify!($lane), "`.")]
                #[inline(always)]
                pub fn $unpack(self) -> [$lane; $count] {
                    Lanes::unpack(self)
                }

                #[doc = concat!("The vector of lanes of `", stringify!($lane), "`.")]
                #[inline(always)]
                pub fn $pack(lanes: [$lane; $count]) -> V128 {
                    lanes.pack()
                }
            }
        )*
    };
}

lanes! {
    I8x16 = [i8; 16], -1, to_i8x16 from_i8x16;
    U8x16 = [u8; 16], !0, to_u8x16 from_u8x16;
    I16x8 = [i16; 8], -1, to_i16x8 from_i16x8;
    U16x8 = [u16; 8], !0, to_u16x8 from_u16x8;
    I32x4 = [i32; 4], -1, to_i32x4 from_i32x4;
    U32x4 = [u32; 4], !0, to_u32x4 from_u32x4;
    I64x2 = [i64; 2], -1, to_i64x2 from_i64x2;
    U64x2 = [u64; 2], !0, to_u64x2 from_u64x2;
    F32x4 = [f32; 4], f32::from_bits(!0), to_f32x4 from_f32x4;
    F64x2 = [f64; 2], f64::from_bits(!0), to_f64x2 from_f64x2;
}

/// The vector whose lane `i` is `lane(i)`.
#[inline(always)]
fn build<T: Lane, const N: usize>(lane: impl Fn(usize) -> T) -> V128
where
    [T; N]: Lanes,
{
    let mut lanes = [T::default(); N];
    for (i, slot) in lanes.iter_mut().enumerate() {
        *slot = lane(i);
    }
    lanes.pack()
}

/// Defines operators that compute each lane of the result from the same lane of each operand.
///
/// A row gives each operator with the lanes in which it sees its operands, then the meaning for one
/// lane. Of an operator `-> mask`, a comparison, the result is lanes of ones or zeros.
macro_rules! lanewise {
    ($( $doc:literal [$($name:ident: $lanes:ident),+] $operands:tt -> $result:ident = $meaning:expr; )*) => {
        $($(
            $crate::num::simd::lanewise!(@ $doc $name $lanes $operands $result $meaning);
        )+)*
    };
    (@ $doc:literal $name:ident $lanes:ident ($($x:ident),+) lanes $meaning:expr) => {
        #[doc = $doc]
        #[inline(always)]
        pub fn $name($($x: V128),+) -> V128 {
            $( let $x = $lanes::unpack($x); )+
            let mut result = $lanes::default();
            for (i, result) in result.iter_mut().enumerate() {
                $( let $x = $x[i]; )+
                *result = $meaning;
            }
            result.pack()
        }
    };
    (@ $doc:literal $name:ident $lanes:ident $operands:tt mask $meaning:expr) => {
        $crate::num::simd::lanewise!(@ $doc $name $lanes $operands lanes $crate::num::simd::Lane::mask($meaning));
    };
}
use lanewise;
