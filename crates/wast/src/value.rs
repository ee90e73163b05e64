//! A value as scripts and comparisons see it: on its own, without the store it came from.

use std::fmt;

/// A WebAssembly value. Floats are bits, so that equality is exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// Bits of a 32-bit float.
    F32(u32),
    /// Bits of a 64-bit float.
    F64(u64),
    /// 128-bit vector, lane 0 in the low bits.
    V128(u128),
    /// The null reference of a hierarchy.
    Null(Hierarchy),
    /// A reference to a function.
    Func,
    /// A reference to a host value: the number that a script gave it, if one did.
    Extern(Option<u32>),
    /// A reference to an exception.
    Exn,
    /// A reference to an internal value (struct, array, i31, converted host value).
    Any,
}

/// The hierarchy that a reference belongs to. Null is one value in each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hierarchy {
    /// Functions.
    Func,
    /// Host values.
    Extern,
    /// Exceptions.
    Exn,
    /// Internal values.
    Any,
}

impl fmt::Display for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hierarchy::Func => "func",
            Hierarchy::Extern => "extern",
            Hierarchy::Exn => "exn",
            Hierarchy::Any => "any",
        })
    }
}

impl fmt::Display for Value {
    /// As scripts write constants; the bits follow where the float alone would not show them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::I32(v) => write!(f, "i32:{v}"),
            Value::I64(v) => write!(f, "i64:{v}"),
            Value::F32(v) => write!(f, "f32:{:?} ({v:#010x})", f32::from_bits(v)),
            Value::F64(v) => write!(f, "f64:{:?} ({v:#018x})", f64::from_bits(v)),
            Value::V128(v) => write!(f, "v128:{v:#034x}"),
            Value::Null(h) => write!(f, "ref.null {h}"),
            Value::Func => f.write_str("ref.func"),
            Value::Extern(Some(n)) => write!(f, "ref.extern {n}"),
            Value::Extern(None) => f.write_str("ref.extern"),
            Value::Exn => f.write_str("ref.exn"),
            Value::Any => f.write_str("ref.any"),
        }
    }
}

/// Values in parentheses, for messages.
pub fn list(values: &[Value]) -> String {
    let texts: Vec<String> = values.iter().map(Value::to_string).collect();
    format!("({})", texts.join(", "))
}

/// Whether the bits are a NaN whose payload is the quiet bit alone, of either sign.
pub fn is_canonical_nan32(bits: u32) -> bool {
    bits & 0x7fff_ffff == 0x7fc0_0000
}

/// Whether the bits are a quiet NaN, of any payload and either sign.
pub fn is_arithmetic_nan32(bits: u32) -> bool {
    bits & 0x7fc0_0000 == 0x7fc0_0000
}

/// As [`is_canonical_nan32`], of 64 bits.
pub fn is_canonical_nan64(bits: u64) -> bool {
    bits & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000
}

/// As [`is_arithmetic_nan32`], of 64 bits.
pub fn is_arithmetic_nan64(bits: u64) -> bool {
    bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000
}

/// Lane `i` of a vector of 32-bit lanes.
pub fn lane32(v: u128, i: usize) -> u32 {
    (v >> (32 * i)) as u32
}

/// Lane `i` of a vector of 64-bit lanes.
pub fn lane64(v: u128, i: usize) -> u64 {
    (v >> (64 * i)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_classes() {
        let canonical = [0x7fc0_0000u32, 0xffc0_0000];
        let quiet = [0x7fc0_0001u32, 0xffff_ffff];
        let others = [0x7f80_0001u32, 0x7f80_0000, 0xff80_0000, 0, 0x3f80_0000, 0x7fbf_ffff];
        for v in canonical {
            assert!(is_canonical_nan32(v) && is_arithmetic_nan32(v), "{v:#x}");
        }
        for v in quiet {
            assert!(!is_canonical_nan32(v) && is_arithmetic_nan32(v), "{v:#x}");
        }
        for v in others {
            assert!(!is_canonical_nan32(v) && !is_arithmetic_nan32(v), "{v:#x}");
        }
        assert!(is_canonical_nan64(0xfff8 << 48) && is_arithmetic_nan64(0x7ff8_0000_0000_0001));
        assert!(!is_canonical_nan64(0x7ff8_0000_0000_0001) && !is_arithmetic_nan64(0x7ff0_0000_0000_0001));
    }

    #[test]
    fn lanes_count_from_the_low_bits() {
        let v = 0x0003_0003_0002_0002_0001_0001_0000_0000u128;
        assert_eq!([lane32(v, 0), lane32(v, 1), lane32(v, 3)], [0, 0x0001_0001, 0x0003_0003]);
        assert_eq!([lane64(v, 0), lane64(v, 1)], [0x0001_0001_0000_0000, 0x0003_0003_0002_0002]);
    }

    #[test]
    fn texts() {
        let values =
            [Value::I32(-1), Value::Null(Hierarchy::Exn), Value::Extern(Some(7)), Value::F32(1 << 31)];
        assert_eq!(list(&values), "(i32:-1, ref.null exn, ref.extern 7, f32:-0.0 (0x80000000))");
    }
}
