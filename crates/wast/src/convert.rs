//! Between the engine's values, which live in a store, values on their own, and texts.

use crate::expect;
use crate::value::{self, Hierarchy, Value};
use wast::WastArg;
use wast::core::WastArgCore;
use wast::parser::ParseBuffer;
use windlass::{AsContext, AsContextMut, ExternRef, HeapType, Result, Val, ValType, bail};

impl Value {
    /// A value of the engine on its own. Of references only their kind is kept, and the number of
    /// a host value that holds a `u32`.
    pub fn from_val(store: impl AsContext, val: &Val) -> Result<Value> {
        Ok(match val {
            Val::I32(v) => Value::I32(*v),
            Val::I64(v) => Value::I64(*v),
            Val::F32(bits) => Value::F32(*bits),
            Val::F64(bits) => Value::F64(*bits),
            Val::V128(v) => Value::V128(v.as_u128()),
            Val::FuncRef(None) => Value::Null(Hierarchy::Func),
            Val::ExternRef(None) => Value::Null(Hierarchy::Extern),
            Val::AnyRef(None) => Value::Null(Hierarchy::Any),
            Val::ExnRef(None) => Value::Null(Hierarchy::Exn),
            Val::FuncRef(Some(_)) => Value::Func,
            Val::ExternRef(Some(host)) => {
                Value::Extern(host.data(&store)?.and_then(|data| data.downcast_ref::<u32>()).copied())
            }
            Val::AnyRef(Some(_)) => Value::Any,
            Val::ExnRef(Some(_)) => Value::Exn,
        })
    }

    /// The engine's value in a store. Host values are made of their number; other references
    /// than null are not to be made of nothing.
    pub fn to_val(self, store: impl AsContextMut) -> Result<Val> {
        Ok(match self {
            Value::I32(v) => Val::I32(v),
            Value::I64(v) => Val::I64(v),
            Value::F32(bits) => Val::F32(bits),
            Value::F64(bits) => Val::F64(bits),
            Value::V128(v) => Val::V128(v.into()),
            Value::Null(Hierarchy::Func) => Val::null_ref(&HeapType::Func),
            Value::Null(Hierarchy::Extern) => Val::null_ref(&HeapType::Extern),
            Value::Null(Hierarchy::Any) => Val::null_ref(&HeapType::Any),
            Value::Null(Hierarchy::Exn) => Val::null_ref(&HeapType::Exn),
            Value::Extern(Some(n)) => Val::ExternRef(Some(ExternRef::new(store, n)?)),
            Value::Func | Value::Extern(None) | Value::Exn | Value::Any => {
                bail!("`{self}` is no value that can be passed in")
            }
        })
    }
}

/// The value of a script's argument; what it needs that is not built otherwise.
pub fn argument(argument: &WastArg<'_>) -> Result<Value, &'static str> {
    let WastArg::Core(argument) = argument else { return Err("components") };
    Ok(match argument {
        WastArgCore::I32(v) => Value::I32(*v),
        WastArgCore::I64(v) => Value::I64(*v),
        WastArgCore::F32(v) => Value::F32(v.bits),
        WastArgCore::F64(v) => Value::F64(v.bits),
        WastArgCore::V128(v) => Value::V128(u128::from_le_bytes(v.to_le_bytes())),
        WastArgCore::RefNull(heap) => {
            Value::Null(expect::hierarchy(heap).ok_or("this kind of null reference")?)
        }
        WastArgCore::RefExtern(n) => Value::Extern(Some(*n)),
        WastArgCore::RefHost(_) => return Err("gc objects"),
    })
}

/// Reads a value of a type, as people write it on a command line: numbers as in the text format; a
/// vector as a shape and its lanes (`i32x4 1 2 3 4`) or as `0x` and 32 digits; `null`.
pub fn parse(text: &str, ty: &ValType) -> Result<Value, String> {
    let (operator, what) = match ty {
        ValType::I32 => ("i32.const", "a 32-bit integer, such as -1 or 0xff"),
        ValType::I64 => ("i64.const", "a 64-bit integer, such as -1 or 0xff"),
        ValType::F32 => ("f32.const", "a float, such as 1.5, 0x1p-3, inf or nan:0x200000"),
        ValType::F64 => ("f64.const", "a float, such as 1.5, 0x1p-3, inf or nan:0x8000000000000"),
        ValType::V128 => {
            return parse_v128(text).ok_or_else(|| {
                format!("`{text}` is not a vector, such as `i32x4 1 2 3 4` or 0x and 32 digits")
            });
        }
        ValType::Ref(ty) => {
            let null = text == "null" && ty.is_nullable();
            let null = null.then(|| Value::Null(hierarchy_of(ty.heap_type())));
            return null
                .ok_or_else(|| format!("`{text}` is not a value of type {ty}; only `null` can be passed"));
        }
    };
    constant(&format!("{operator} {text}")).ok_or_else(|| format!("`{text}` is not {what}"))
}

fn parse_v128(text: &str) -> Option<Value> {
    match text.strip_prefix("0x") {
        Some(digits) if digits.len() == 32 => u128::from_str_radix(digits, 16).ok().map(Value::V128),
        Some(_) => None,
        None => constant(&format!("v128.const {text}")),
    }
}

/// The value of a constant of the text format, if the text is one and nothing else.
fn constant(text: &str) -> Option<Value> {
    let buffer = ParseBuffer::new(text).ok()?;
    let constant = wast::parser::parse::<WastArgCore<'_>>(&buffer).ok()?;
    argument(&WastArg::Core(constant)).ok()
}

/// Prints a value as [`parse`] reads it; references other than null as their kind.
pub fn print(value: Value) -> String {
    match value {
        Value::I32(v) => v.to_string(),
        Value::I64(v) => v.to_string(),
        Value::F32(bits) if value::is_canonical_nan32(bits) => format!("{}nan", minus(bits >> 31 == 1)),
        Value::F32(bits) if f32::from_bits(bits).is_nan() => {
            format!("{}nan:{:#x}", minus(bits >> 31 == 1), bits & 0x7f_ffff)
        }
        Value::F32(bits) => f32::from_bits(bits).to_string(),
        Value::F64(bits) if value::is_canonical_nan64(bits) => format!("{}nan", minus(bits >> 63 == 1)),
        Value::F64(bits) if f64::from_bits(bits).is_nan() => {
            format!("{}nan:{:#x}", minus(bits >> 63 == 1), bits & 0xf_ffff_ffff_ffff)
        }
        Value::F64(bits) => f64::from_bits(bits).to_string(),
        Value::V128(v) => format!("{v:#034x}"),
        Value::Null(_) => "null".to_string(),
        Value::Func => "funcref".to_string(),
        Value::Extern(_) => "externref".to_string(),
        Value::Exn => "exnref".to_string(),
        Value::Any => "anyref".to_string(),
    }
}

fn minus(negative: bool) -> &'static str {
    if negative { "-" } else { "" }
}

/// The hierarchy of a heap type of the engine.
fn hierarchy_of(heap: &HeapType) -> Hierarchy {
    match heap {
        HeapType::Func | HeapType::NoFunc | HeapType::ConcreteFunc(_) => Hierarchy::Func,
        HeapType::Extern | HeapType::NoExtern => Hierarchy::Extern,
        HeapType::Exn | HeapType::NoExn => Hierarchy::Exn,
        _ => Hierarchy::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass::RefType;

    #[test]
    fn numbers_read_back() {
        for (ty, text, value) in [
            (ValType::I32, "-1", Value::I32(-1)),
            (ValType::I32, "2147483648", Value::I32(i32::MIN)),
            (ValType::I64, "-9223372036854775808", Value::I64(i64::MIN)),
            (ValType::F32, "1.5", Value::F32(0x3fc0_0000)),
            (ValType::F32, "nan", Value::F32(0x7fc0_0000)),
            (ValType::F32, "-nan:0x200001", Value::F32(0xffa0_0001)),
            (ValType::F64, "-0", Value::F64(1 << 63)),
            (ValType::F64, "-inf", Value::F64(0xfff0 << 48)),
            (ValType::F64, "nan:0x1", Value::F64(0x7ff0_0000_0000_0001)),
            (ValType::V128, "0x00000000000000020000000000000001", Value::V128(1 | 2 << 64)),
        ] {
            assert_eq!(parse(text, &ty), Ok(value), "{text}");
            assert_eq!(parse(&print(value), &ty), Ok(value), "{}", print(value));
        }
        assert_eq!(parse("0x80000000", &ValType::I32), Ok(Value::I32(i32::MIN)));
        assert_eq!(parse("1_000", &ValType::I64), Ok(Value::I64(1000)));
        assert_eq!(parse("0x1p-3", &ValType::F32), Ok(Value::F32(0.125f32.to_bits())));
        assert_eq!(parse("i64x2 1 2", &ValType::V128), Ok(Value::V128(1 | 2 << 64)));
        assert_eq!(parse("null", &RefType::EXTERNREF.into()), Ok(Value::Null(Hierarchy::Extern)));
    }

    #[test]
    fn other_texts_are_refused() {
        for (ty, text) in [
            (ValType::I32, "4294967296"),
            (ValType::I32, "1.5"),
            (ValType::I32, ""),
            (ValType::I32, "1) (i32.const 2"),
            (ValType::I32, "1 2"),
            (ValType::F32, "x"),
            (ValType::V128, "i32x4 1 2 3"),
            (ValType::V128, "0x1"),
            (RefType::FUNCREF.into(), "0"),
        ] {
            let error = parse(text, &ty).unwrap_err();
            assert!(error.contains(&format!("`{text}` is not")), "{error}");
        }
    }
}
