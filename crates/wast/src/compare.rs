//! Comparing what two engines, tiers or settings made of the same call.
//!
//! [`call`] says how a call ended on this engine; whoever compares with another one describes the
//! other's outcome in the same words. The bits of a NaN that an operator makes are the machine's
//! choice, so a comparison says how far [NaNs](NanRule) may differ.

use crate::value::{self, Value};
use std::fmt;
use windlass::{AsContextMut, Error, Func, Result, RootScope, ThrownException, Trap, Val};

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It returned.
    Returned(Vec<Value>),
    /// It trapped.
    Trapped(Trap),
    /// It threw an exception that nothing caught.
    Threw,
}

impl Outcome {
    /// Whether a limit of the engine stopped it: stack, fuel, time, memory. Engines differ in these.
    pub fn is_limit(&self) -> bool {
        use Trap::*;
        matches!(
            self,
            Outcome::Trapped(StackOverflow | OutOfFuel | Interrupt | OutOfMemory | AllocationTooLarge)
        )
    }

    /// What an error of a call or instantiation tells about the guest; the error if it is of another kind.
    pub fn of_error(mut store: impl AsContextMut, error: Error) -> Result<Outcome> {
        if let Some(trap) = error.downcast_ref::<Trap>() {
            Ok(Outcome::Trapped(*trap))
        } else if error.is::<ThrownException>() {
            store.as_context_mut().take_pending_exception();
            Ok(Outcome::Threw)
        } else {
            Err(error)
        }
    }
}

/// Calls a function.
///
/// # Errors
/// If the call could not be made: the arguments don't fit, or a host function failed.
pub fn call(mut store: impl AsContextMut, func: &Func, args: &[Value]) -> Result<Outcome> {
    let mut scope = RootScope::new(&mut store);
    let args = args.iter().map(|arg| arg.to_val(&mut scope)).collect::<Result<Vec<_>>>()?;
    let mut results = vec![Val::I32(0); func.ty(&scope).results().len()];
    match func.call(&mut scope, &args, &mut results) {
        Ok(()) => {
            let values = results.iter().map(|val| Value::from_val(&scope, val));
            values.collect::<Result<Vec<_>>>().map(Outcome::Returned)
        }
        Err(error) => Outcome::of_error(&mut scope, error),
    }
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
            Outcome::Returned(values) => write!(f, "it returned {}", value::list(values)),
            Outcome::Trapped(trap) => write!(f, "it trapped: {}", trap.text()),
            Outcome::Threw => f.write_str("it threw an exception"),
        }
    }
}

/// Whether two outcomes agree; the first difference otherwise. An outcome that a limit made agrees
/// with every other.
pub fn outcomes(first: &Outcome, second: &Outcome, nans: NanRule) -> Result<(), Difference> {
    let differ = || Difference { result: None, first: first.to_string(), second: second.to_string() };
    match (first, second) {
        (a, b) if a.is_limit() || b.is_limit() => Ok(()),
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
        let trapped = Outcome::Trapped;
        let (a, b) = (Trap::IntegerOverflow, Trap::IntegerDivisionByZero);
        let (null, func) = (Value::Null(Hierarchy::Func), Value::Func);
        assert_eq!(outcomes(&returned(null), &returned(null), NanRule::Exact), Ok(()));
        let difference = outcomes(&returned(null), &returned(func), NanRule::Any).unwrap_err();
        assert_eq!(difference.result, Some(1));
        assert_eq!(difference.to_string(), "result 1: ref.null func on one side, ref.func on the other");
        assert!(outcomes(&trapped(a), &trapped(a), NanRule::Any).is_ok());
        assert!(outcomes(&trapped(a), &trapped(b), NanRule::Any).is_err());
        assert!(outcomes(&trapped(a), &returned(func), NanRule::Any).is_err());
        assert!(outcomes(&trapped(Trap::OutOfFuel), &returned(func), NanRule::Any).is_ok());
        assert!(outcomes(&Outcome::Threw, &Outcome::Threw, NanRule::Any).is_ok());
    }

    #[test]
    fn calls_end_in_every_way() {
        let wat = r#"(module
            (tag $t)
            (func (export "echo") (param externref) (result externref i32) (local.get 0) (i32.const 1))
            (func (export "trap") unreachable)
            (func (export "throw") (throw $t)))"#;
        let engine = windlass::Engine::default();
        let module = windlass::Module::new(&engine, wat).unwrap();
        let mut store = windlass::Store::new(&engine, ());
        let instance = windlass::Instance::new(&mut store, &module, &[]).unwrap();
        let mut run = |name: &str, args: &[Value]| {
            let func = instance.get_func(&mut store, name).unwrap();
            let outcome = call(&mut store, &func, args);
            assert!(!store.has_pending_exception());
            outcome
        };
        let returned = Outcome::Returned(vec![Value::Extern(Some(7)), Value::I32(1)]);
        assert_eq!(run("echo", &[Value::Extern(Some(7))]).unwrap(), returned);
        assert_eq!(run("trap", &[]).unwrap(), Outcome::Trapped(Trap::UnreachableCodeReached));
        assert_eq!(run("throw", &[]).unwrap(), Outcome::Threw);
        assert!(run("echo", &[]).is_err() && run("echo", &[Value::I32(1)]).is_err());
    }
}
