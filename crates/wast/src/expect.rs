//! What a script expects: matching results against patterns, and the texts of traps.

use crate::value::{self, Hierarchy, Value};
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastRetCore};
use wast::token::{F32, F64};

/// Whether `actual` is what the script expects; what is wrong otherwise.
pub fn results(actual: &[Value], expected: &[WastRetCore<'_>]) -> Result<(), String> {
    if actual.len() != expected.len() {
        return Err(format!("{} results {}, expected {}", actual.len(), value::list(actual), expected.len()));
    }
    match actual.iter().zip(expected).position(|(a, e)| !matches(*a, e)) {
        None => Ok(()),
        Some(i) => Err(format!("result {i} is {}, expected {}", actual[i], pattern(&expected[i]))),
    }
}

/// Whether one value matches one pattern.
fn matches(actual: Value, expected: &WastRetCore<'_>) -> bool {
    match (expected, actual) {
        (WastRetCore::Either(cases), _) => cases.iter().any(|case| matches(actual, case)),
        (WastRetCore::I32(e), Value::I32(a)) => *e == a,
        (WastRetCore::I64(e), Value::I64(a)) => *e == a,
        (WastRetCore::F32(e), Value::F32(a)) => matches_f32(a, e),
        (WastRetCore::F64(e), Value::F64(a)) => matches_f64(a, e),
        (WastRetCore::V128(e), Value::V128(a)) => matches_v128(a, e),
        (WastRetCore::RefNull(None), Value::Null(_)) => true,
        (WastRetCore::RefNull(Some(heap)), Value::Null(h)) => hierarchy(heap).is_none_or(|e| e == h),
        (WastRetCore::RefExtern(None), Value::Extern(_)) => true,
        (WastRetCore::RefExtern(Some(e)), Value::Extern(a)) => a == Some(*e),
        // A script cannot name a function of an instance, so any function will do.
        (WastRetCore::RefFunc(_), Value::Func) => true,
        (WastRetCore::RefAny, Value::Any) => true,
        // Structs, arrays, i31 and converted host values are not built: nothing can match their patterns.
        _ => false,
    }
}

fn matches_f32(actual: u32, expected: &NanPattern<F32>) -> bool {
    match expected {
        NanPattern::CanonicalNan => value::is_canonical_nan32(actual),
        NanPattern::ArithmeticNan => value::is_arithmetic_nan32(actual),
        NanPattern::Value(e) => e.bits == actual,
    }
}

fn matches_f64(actual: u64, expected: &NanPattern<F64>) -> bool {
    match expected {
        NanPattern::CanonicalNan => value::is_canonical_nan64(actual),
        NanPattern::ArithmeticNan => value::is_arithmetic_nan64(actual),
        NanPattern::Value(e) => e.bits == actual,
    }
}

fn matches_v128(actual: u128, expected: &V128Pattern) -> bool {
    let bytes = actual.to_le_bytes();
    match expected {
        V128Pattern::I8x16(e) => e.iter().zip(bytes).all(|(e, a)| *e as u8 == a),
        V128Pattern::I16x8(e) => e.iter().zip(bytes.as_chunks().0).all(|(e, a)| e.to_le_bytes() == *a),
        V128Pattern::I32x4(e) => e.iter().zip(bytes.as_chunks().0).all(|(e, a)| e.to_le_bytes() == *a),
        V128Pattern::I64x2(e) => e.iter().zip(bytes.as_chunks().0).all(|(e, a)| e.to_le_bytes() == *a),
        V128Pattern::F32x4(e) => (0..4).all(|i| matches_f32(value::lane32(actual, i), &e[i])),
        V128Pattern::F64x2(e) => (0..2).all(|i| matches_f64(value::lane64(actual, i), &e[i])),
    }
}

/// The hierarchy of a heap type that a script can name; `None` if only a module could tell.
pub fn hierarchy(heap: &HeapType<'_>) -> Option<Hierarchy> {
    use AbstractHeapType as Heap;
    let HeapType::Abstract { ty, shared: _ } = heap else { return None };
    match ty {
        Heap::Func | Heap::NoFunc => Some(Hierarchy::Func),
        Heap::Extern | Heap::NoExtern => Some(Hierarchy::Extern),
        Heap::Exn | Heap::NoExn => Some(Hierarchy::Exn),
        Heap::Any | Heap::Eq | Heap::Struct | Heap::Array | Heap::I31 | Heap::None => Some(Hierarchy::Any),
        Heap::Cont | Heap::NoCont => None,
    }
}

/// A pattern, for messages.
fn pattern(expected: &WastRetCore<'_>) -> String {
    let nan = |p: &str, value: Option<Value>| value.map_or(p.to_string(), |v| v.to_string());
    let nan32 = |p: &NanPattern<F32>| match p {
        NanPattern::CanonicalNan => nan("f32:nan:canonical", None),
        NanPattern::ArithmeticNan => nan("f32:nan:arithmetic", None),
        NanPattern::Value(v) => nan("", Some(Value::F32(v.bits))),
    };
    let nan64 = |p: &NanPattern<F64>| match p {
        NanPattern::CanonicalNan => nan("f64:nan:canonical", None),
        NanPattern::ArithmeticNan => nan("f64:nan:arithmetic", None),
        NanPattern::Value(v) => nan("", Some(Value::F64(v.bits))),
    };
    let joined = |texts: Vec<String>| texts.join(" ");
    match expected {
        WastRetCore::I32(v) => Value::I32(*v).to_string(),
        WastRetCore::I64(v) => Value::I64(*v).to_string(),
        WastRetCore::F32(p) => nan32(p),
        WastRetCore::F64(p) => nan64(p),
        WastRetCore::V128(V128Pattern::F32x4(lanes)) => joined(lanes.iter().map(nan32).collect()),
        WastRetCore::V128(V128Pattern::F64x2(lanes)) => joined(lanes.iter().map(nan64).collect()),
        WastRetCore::V128(other) => format!("v128:{other:x?}"),
        WastRetCore::Either(cases) => cases.iter().map(pattern).collect::<Vec<_>>().join(" or "),
        other => format!("{other:?}"),
    }
}

/// Whether a trap's text is what a script expects: the expectation begins with the text of the
/// trap, and may add only the operand that was at fault ("uninitialized element 2"); or the text
/// begins with the expectation, as in the specification's own runner.
pub fn trap_text(actual: &str, expected: &str) -> bool {
    let operand = |rest: &str| rest.strip_prefix(' ').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    // A script must name something: the empty text would match every trap.
    !expected.is_empty()
        && (actual.starts_with(expected) || expected.strip_prefix(actual).is_some_and(operand))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(actual: Value, text: &str) -> bool {
        let buffer = wast::parser::ParseBuffer::new(text).unwrap();
        let expected = wast::parser::parse::<WastRetCore<'_>>(&buffer).unwrap();
        results(&[actual], &[expected]).is_ok()
    }

    #[test]
    fn scalars_and_nans() {
        assert!(holds(Value::I32(-1), "i32.const 0xffffffff"));
        assert!(!holds(Value::I64(-1), "i32.const 0xffffffff"));
        assert!(holds(Value::F32(0x7fc0_0000), "f32.const nan:canonical"));
        assert!(holds(Value::F32(0xffc0_0000), "f32.const nan:canonical"));
        assert!(!holds(Value::F32(0x7fc0_0001), "f32.const nan:canonical"));
        assert!(holds(Value::F32(0x7fc0_0001), "f32.const nan:arithmetic"));
        assert!(!holds(Value::F32(0x7fa0_0000), "f32.const nan:arithmetic"));
        assert!(holds(Value::F32(0x7fa0_0000), "f32.const nan:0x200000"));
        assert!(!holds(Value::F64(0), "f64.const -0.0"), "zeros are told apart");
    }

    #[test]
    fn vectors_lane_by_lane() {
        let v = u128::from_le_bytes([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0xc0, 0x7f]);
        assert!(holds(Value::V128(v), "v128.const i32x4 1 2 3 0x7fc00000"));
        assert!(holds(Value::V128(v), "v128.const i16x8 1 0 2 0 3 0 0 0x7fc0"));
        assert!(holds(Value::V128(v), "v128.const f32x4 0x1p-149 0x1p-148 0x3p-149 nan:canonical"));
        assert!(!holds(Value::V128(v), "v128.const f32x4 0x1p-149 0x1p-148 nan:canonical 0"));
    }

    #[test]
    fn references() {
        assert!(holds(Value::Null(Hierarchy::Func), "ref.null"));
        assert!(holds(Value::Null(Hierarchy::Func), "ref.null nofunc"));
        assert!(!holds(Value::Null(Hierarchy::Func), "ref.null extern"));
        assert!(!holds(Value::Func, "ref.null"));
        assert!(holds(Value::Extern(Some(3)), "ref.extern 3"));
        assert!(!holds(Value::Extern(Some(3)), "ref.extern 4"));
        assert!(holds(Value::Extern(None), "ref.extern"));
        assert!(holds(Value::Func, "ref.func"));
        assert!(!holds(Value::Func, "ref.any"));
    }

    #[test]
    fn either_and_counts() {
        assert!(holds(Value::I32(2), "either (i32.const 1) (i32.const 2)"));
        assert!(!holds(Value::I32(3), "either (i32.const 1) (i32.const 2)"));
        assert!(results(&[], &[WastRetCore::I32(1)]).unwrap_err().contains("0 results"));
    }

    #[test]
    fn trap_texts() {
        assert!(trap_text("unreachable", "unreachable"));
        assert!(trap_text("uninitialized element", "uninitialized element 2"));
        assert!(trap_text("out of bounds memory access", "out of bounds"));
        assert!(!trap_text("undefined element", "uninitialized element"));
        assert!(!trap_text("integer divide by zero", "integer divide by zero or so"));
        assert!(!trap_text("unreachable", ""));
    }
}
