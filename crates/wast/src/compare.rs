//! Comparing what two engines, tiers or settings made of the same call.
//!
//! Nothing here knows an engine: whoever runs the call says how it [ended](Outcome). The bits of a
//! NaN that an operator makes are the machine's choice, so a comparison says how far
//! [NaNs](NanRule) may differ.

use crate::value::{self, Value};
use std::fmt;

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It returned.
    Returned(Vec<Value>),
    /// It trapped, for this reason: a text that is the same in both engines.
    Trapped(String),
    /// It threw an exception that nothing caught.
    Threw,
    /// A limit of the engine stopped it (stack, fuel, time, memory). Engines differ in their
    /// limits, so this agrees with every outcome.
    Stopped,
}

/// How far NaNs may differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NanRule {
    /// Not at all: both sides make NaNs in the same way.
    Exact,
    /// Any NaN is as good as any other of the same width. Vectors have no lanes of their own, so
    /// they agree if they do so as lanes of 32 bits or as lanes of 64.
    Any,
}

/// In what two outcomes differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The index of the result, if both returned.
    pub result: Option<usize>,
    /// What the first made of it.
    pub first: String,
    /// What the second made of it.
    pub second: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(i) = self.result {
            write!(f, "result {i}: ")?;
        }
        write!(f, "{} on one side, {} on the other", self.first, self.second)
    }
}

impl std::error::Error for Difference {}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Returned(values) => write!(f, "returned {}", value::list(values)),
            Outcome::Trapped(why) => write!(f, "trapped: {why}"),
            Outcome::Threw => f.write_str("threw an exception"),
            Outcome::Stopped => f.write_str("stopped by a limit"),
        }
    }
}

/// Whether two outcomes agree; the first difference otherwise.
pub fn outcomes(first: &Outcome, second: &Outcome, nans: NanRule) -> Result<(), Difference> {
    let differ = || Difference { result: None, first: first.to_string(), second: second.to_string() };
    match (first, second) {
        (Outcome::Stopped, _) | (_, Outcome::Stopped) => Ok(()),
        (Outcome::Returned(a), Outcome::Returned(b)) if a.len() == b.len() => values(a, b, nans),
        (a, b) if a == b => Ok(()),
        _ => Err(differ()),
    }
}

/// Whether values agree one by one; the first difference otherwise. Both have the same number.
pub fn values(first: &[Value], second: &[Value], nans: NanRule) -> Result<(), Difference> {
    assert_eq!(first.len(), second.len(), "results of one call have one length");
    match first.iter().zip(second).position(|(a, b)| !same(*a, *b, nans)) {
        None => Ok(()),
        Some(i) => {
            Err(Difference { result: Some(i), first: first[i].to_string(), second: second[i].to_string() })
        }
    }
}

/// Whether two values agree.
pub fn same(a: Value, b: Value, nans: NanRule) -> bool {
    if a == b {
        return true;
    }
    if nans == NanRule::Exact {
        return false;
    }
    let nan32 = |a: u32, b: u32| f32::from_bits(a).is_nan() && f32::from_bits(b).is_nan();
    let nan64 = |a: u64, b: u64| f64::from_bits(a).is_nan() && f64::from_bits(b).is_nan();
    match (a, b) {
        (Value::F32(a), Value::F32(b)) => nan32(a, b),
        (Value::F64(a), Value::F64(b)) => nan64(a, b),
        (Value::V128(a), Value::V128(b)) => {
            let as32 = |i| {
                let (a, b) = (value::lane32(a, i), value::lane32(b, i));
                a == b || nan32(a, b)
            };
            let as64 = |i| {
                let (a, b) = (value::lane64(a, i), value::lane64(b, i));
                a == b || nan64(a, b)
            };
            (0..4).all(as32) || (0..2).all(as64)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Hierarchy;

    #[test]
    fn nans_by_rule() {
        let (a, b) = (Value::F64(0x7ff8 << 48), Value::F64(0xfff8 << 48 | 1));
        assert!(same(a, b, NanRule::Any));
        assert!(!same(a, b, NanRule::Exact));
        assert!(!same(Value::F64(0), Value::F64(1 << 63), NanRule::Any), "zeros are told apart");
        let (low, high) = (0x7fc0_0000u128, 0xffc0_0001u128);
        assert!(same(Value::V128(low | 5 << 64), Value::V128(high | 5 << 64), NanRule::Any));
        assert!(!same(Value::V128(low | 5 << 64), Value::V128(high | 6 << 64), NanRule::Any));
    }

    #[test]
    fn outcomes_by_kind() {
        let returned = |v| Outcome::Returned(vec![Value::I32(1), v]);
        let trapped = |t: &str| Outcome::Trapped(t.to_string());
        let (null, func) = (Value::Null(Hierarchy::Func), Value::Func);
        assert_eq!(outcomes(&returned(null), &returned(null), NanRule::Exact), Ok(()));
        let difference = outcomes(&returned(null), &returned(func), NanRule::Any).unwrap_err();
        assert_eq!(difference.result, Some(1));
        assert_eq!(difference.to_string(), "result 1: ref.null func on one side, ref.func on the other");
        assert!(outcomes(&trapped("a"), &trapped("a"), NanRule::Any).is_ok());
        assert!(outcomes(&trapped("a"), &trapped("b"), NanRule::Any).is_err());
        assert!(outcomes(&trapped("a"), &returned(func), NanRule::Any).is_err());
        assert!(outcomes(&Outcome::Stopped, &returned(func), NanRule::Any).is_ok());
        assert!(outcomes(&Outcome::Threw, &Outcome::Threw, NanRule::Any).is_ok());
    }
}
