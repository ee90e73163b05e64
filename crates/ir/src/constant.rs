//! Constants: the values of types, by their bits.
//!
//! Floats are kept as bits, so that two constants are equal where no program can tell them apart, NaNs included.
//! Conversions go from and to what the functions of [`windlass_abi::num`] take and give.

use crate::types::Type;
use core::fmt;
use windlass_abi::num::V128;

/// A value of a type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Constant {
    /// Of `i32`.
    I32(u32),
    /// Of `i64`.
    I64(u64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// Of `v128`.
    V128(V128),
    /// The bits of a reference.
    Ref(u32),
}

impl Constant {
    /// Its type.
    pub const fn ty(self) -> Type {
        match self {
            Constant::I32(_) => Type::I32,
            Constant::I64(_) => Type::I64,
            Constant::F32(_) => Type::F32,
            Constant::F64(_) => Type::F64,
            Constant::V128(_) => Type::V128,
            Constant::Ref(_) => Type::Ref,
        }
    }

    /// The constant of a type with these bytes, the lowest first; as many as the type has count. None of `void`.
    pub fn from_le_bytes(ty: Type, bytes: [u8; 16]) -> Option<Constant> {
        let low = u128::from_le_bytes(bytes) as u64;
        Some(match ty {
            Type::Void => return None,
            Type::I32 => Constant::I32(low as u32),
            Type::I64 => Constant::I64(low),
            Type::F32 => Constant::F32(low as u32),
            Type::F64 => Constant::F64(low),
            Type::V128 => Constant::V128(V128(bytes)),
            Type::Ref => Constant::Ref(low as u32),
        })
    }

    /// Its bytes, the lowest first, then zeros.
    pub fn to_le_bytes(self) -> [u8; 16] {
        match self {
            Constant::V128(vector) => vector.0,
            Constant::I32(bits) | Constant::F32(bits) | Constant::Ref(bits) => u128::from(bits).to_le_bytes(),
            Constant::I64(bits) | Constant::F64(bits) => u128::from(bits).to_le_bytes(),
        }
    }

    /// The constant of a type with these bits, as an opcode for constants has them. None of vectors and `void`.
    pub fn from_bits(ty: Type, bits: u64) -> Option<Constant> {
        match ty {
            Type::V128 => None,
            _ => Constant::from_le_bytes(ty, u128::from(bits).to_le_bytes()),
        }
    }

    /// Its bits, zero-extended. None of a vector.
    pub const fn bits(self) -> Option<u64> {
        match self {
            Constant::V128(_) => None,
            Constant::I32(bits) | Constant::F32(bits) | Constant::Ref(bits) => Some(bits as u64),
            Constant::I64(bits) | Constant::F64(bits) => Some(bits),
        }
    }

    /// The same as a value of a type that it [fits](Type::fits): a reference becomes an integer where one is wanted.
    pub fn as_type(self, wanted: Type) -> Option<Constant> {
        match (self, wanted) {
            (Constant::Ref(bits), Type::I32) => Some(Constant::I32(bits)),
            _ => (self.ty() == wanted).then_some(self),
        }
    }
}

/// A constant is of another type than is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the constant is of another type")]
pub struct OtherType;

macro_rules! conversions {
    ($( $rust:ty: $from:expr, $($to:pat => $meaning:expr),+; )*) => { $(
        impl From<$rust> for Constant {
            fn from(value: $rust) -> Constant {
                $from(value)
            }
        }

        impl TryFrom<Constant> for $rust {
            type Error = OtherType;

            fn try_from(constant: Constant) -> Result<$rust, OtherType> {
                match constant {
                    $( $to => Ok($meaning), )+
                    _ => Err(OtherType),
                }
            }
        }
    )* };
}
conversions! {
    u32: Constant::I32, Constant::I32(x) | Constant::Ref(x) => x;
    u64: Constant::I64, Constant::I64(x) => x;
    f32: |x: f32| Constant::F32(x.to_bits()), Constant::F32(x) => f32::from_bits(x);
    f64: |x: f64| Constant::F64(x.to_bits()), Constant::F64(x) => f64::from_bits(x);
    V128: Constant::V128, Constant::V128(x) => x;
}

impl From<bool> for Constant {
    fn from(value: bool) -> Constant {
        Constant::I32(value.into())
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Constant::V128(vector) => write!(f, "v128 {:#034x}", u128::from_le_bytes(vector.0)),
            _ => write!(f, "{} {:#x}", self.ty(), self.bits().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_bits_come_back() {
        let bytes = core::array::from_fn(|i| i as u8 + 1);
        for ty in Type::VALUES {
            let constant = Constant::from_le_bytes(ty, bytes).unwrap();
            assert_eq!(constant.ty(), ty);
            let size = ty.size() as usize;
            assert_eq!(constant.to_le_bytes()[..size], bytes[..size]);
            assert_eq!(constant.to_le_bytes()[size..], [0; 16][size..]);
            if let Some(bits) = constant.bits() {
                assert_eq!(Constant::from_bits(ty, bits), Some(constant));
            }
        }
        assert_eq!(Constant::from_bits(Type::V128, 0), None);
        assert_eq!(Constant::from_bits(Type::Void, 0), None);
    }

    #[test]
    fn floats_are_equal_by_their_bits() {
        let nan = Constant::F32(0x7fa0_0001);
        assert_eq!(nan, nan);
        assert_ne!(Constant::from(0.0f64), Constant::from(-0.0f64));
    }

    #[test]
    fn a_reference_stands_for_an_integer() {
        assert_eq!(u32::try_from(Constant::Ref(7)), Ok(7));
        assert_eq!(Constant::Ref(7).as_type(Type::I32), Some(Constant::I32(7)));
        assert_eq!(Constant::I32(7).as_type(Type::Ref), None);
        assert_eq!(u64::try_from(Constant::I32(7)), Err(OtherType));
    }

    #[test]
    fn texts() {
        assert_eq!(alloc::format!("{}", Constant::from(-1.0f32)), "f32 0xbf800000");
        assert_eq!(
            alloc::format!("{}", Constant::V128(V128::from_u64x2([1, 2]))),
            "v128 0x00000000000000020000000000000001"
        );
    }
}
