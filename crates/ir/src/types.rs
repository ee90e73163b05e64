//! Types of values.

use core::fmt;

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(u8)]
pub enum Type {
    /// No value: what stores, branches and the like have.
    #[default]
    Void,
    /// 32 bits.
    I32,
    /// 64 bits; also the addresses of the host.
    I64,
    /// A float of 32 bits.
    F32,
    /// A float of 64 bits.
    F64,
    /// A vector of 128 bits.
    V128,
    /// A reference that the collector knows: 32 bits, on which the operations of `i32` work, too.
    Ref,
}

impl Type {
    /// All types of values, in the order of their numbers.
    pub const VALUES: [Type; 6] = [Type::I32, Type::I64, Type::F32, Type::F64, Type::V128, Type::Ref];

    /// Its name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Void => "void",
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::V128 => "v128",
            Type::Ref => "ref",
        }
    }

    /// The type of this name, if it is one of values.
    pub fn parse(name: &str) -> Option<Type> {
        Type::VALUES.into_iter().find(|ty| ty.name() == name)
    }

    /// Size in bytes.
    pub const fn size(self) -> u32 {
        match self {
            Type::Void => 0,
            Type::I32 | Type::F32 | Type::Ref => 4,
            Type::I64 | Type::F64 => 8,
            Type::V128 => 16,
        }
    }

    /// Whether a value of this type can stand where one of type `wanted` is expected: itself, and references for
    /// integers of 32 bits.
    pub const fn fits(self, wanted: Type) -> bool {
        self as u8 == wanted as u8 || matches!((self, wanted), (Type::Ref, Type::I32))
    }

    /// Whether values of this type are in vector registers.
    pub const fn is_vector(self) -> bool {
        matches!(self, Type::F32 | Type::F64 | Type::V128)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
