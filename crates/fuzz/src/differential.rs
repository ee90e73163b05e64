//! Generated modules do the same on two tiers: results, traps and where they happened, exceptions, memories,
//! globals, tables, and the fuel that is left.
//!
//! The depth at which a stack is exhausted is the only permitted difference: what comes after it in the same
//! store is not compared. Half of the modules are wasm-smith's, half are of [`generator`].

use crate::execution::{Call, End, Plan, Seen, Trace, execute};
use crate::generator::{self, Subset};
use crate::smith;
use crate::target::{Finding, Fuzz, Settings as Choice, Tally};
use arbitrary::Unstructured;
use windlass::{Config, Engine, Result, Trap};

/// What a call may use where fuel is on.
const FUEL: u64 = 20_000;
/// Calls of each function, each with other arguments.
const CALLS: usize = 3;

/// Settings that code depends on.
struct Setting {
    name: &'static str,
    configure: fn(&mut Config),
    /// Whether calls end by running dry: modules need not end by themselves.
    fuel: bool,
}

macro_rules! settings {
    ($( $name:literal $fuel:ident $( .$setter:ident($value:expr) )*; )*) => {
        const SETTINGS: &[Setting] = &[ $( Setting {
            name: $name,
            configure: |config| {
                config.consume_fuel(settings!(@ $fuel)) $( .$setter($value) )*;
            },
            fuel: settings!(@ $fuel),
        } ),* ];
    };
    (@ fuel) => { true };
    (@ plain) => { false };
}

settings! {
    "fuel" fuel;
    "no settings" plain;
    "interruption" plain .epoch_interruption(true);
    "fuel and interruption" fuel .epoch_interruption(true);
    "explicit checks" plain .signals_based_traps(false);
    "memories that move, fuel" fuel .memory_reservation(0);
    "interruption, every object moved" plain .epoch_interruption(true).gc_stress(true);
    "every object moved" plain .gc_stress(true);
    "lazy compilation" plain .lazy_compilation(true);
    "lazy compilation, fuel, every object moved" fuel .lazy_compilation(true).gc_stress(true);
}

/// Two tiers, with each of the settings.
pub struct Differ {
    engines: Vec<[Engine; 2]>,
    subset: Subset,
}

/// A module to compare, and how.
#[derive(Clone, Debug)]
pub struct Case {
    /// The module.
    pub wasm: Vec<u8>,
    /// Whether NaNs are canonical.
    pub exact: bool,
    setting: usize,
    seed: u64,
}

/// Makes a case of arbitrary bytes; nothing if there are too few.
pub fn case(data: &[u8], subset: Subset) -> Option<Case> {
    let mut input = Unstructured::new(data);
    let mut make = || -> arbitrary::Result<Case> {
        let seed = input.arbitrary()?;
        let setting = input.choose_index(SETTINGS.len())?;
        if input.arbitrary()? {
            let (wasm, exact) = generator::generate(&mut input, subset)?;
            return Ok(Case { wasm, exact, setting, seed });
        }
        let wasm = smith::generate_exact(&mut input, !SETTINGS[setting].fuel, subset)?;
        Ok(Case { wasm, exact: true, setting, seed })
    };
    make().ok()
}

/// Makes the target ready.
///
/// # Errors
/// If a tier is not built, or not for this machine.
pub fn start(choice: &Choice) -> Result<Differ> {
    let pair = |setting: &Setting| -> Result<[Engine; 2]> {
        let engine = |tier| {
            let mut config = Config::new();
            config.strategy(tier).max_wasm_stack(256 << 10).relaxed_simd_deterministic(true);
            (setting.configure)(config.parallel_compilation(false));
            Engine::new(&config)
        };
        Ok([engine(choice.tiers[0])?, engine(choice.tiers[1])?])
    };
    Ok(Differ { engines: SETTINGS.iter().map(pair).collect::<Result<_>>()?, subset: choice.subset })
}

impl Fuzz for Differ {
    fn run(&self, data: &[u8]) -> Result<Tally, Box<Finding>> {
        let Some(case) = case(data, self.subset) else { return Ok(Tally::rejected()) };
        let plan = Plan::new(FUEL, CALLS, case.seed);
        let [first, second] =
            self.engines[case.setting].each_ref().map(|engine| execute(engine, &case.wasm, &plan));
        match same_traces(first.as_ref(), second.as_ref(), case.exact) {
            Ok(exhausted) => {
                let tally = first.map_or_else(Tally::rejected, |trace| Tally::of(&trace));
                Ok(Tally { exhausted: u64::from(exhausted), ..tally })
            }
            Err(difference) => {
                let setting = SETTINGS[case.setting].name;
                Err(Finding::new(format!("with {setting}: {difference}"), case.wasm))
            }
        }
    }

    fn settle(&self) {
        // Forgets the deadlines of stores that are gone.
        self.engines.iter().flatten().for_each(Engine::increment_epoch);
    }
}

/// Whether a stack was exhausted, if two tiers agree; the first difference otherwise.
pub(crate) fn same_traces(
    first: Option<&Trace>,
    second: Option<&Trace>,
    exact: bool,
) -> Result<bool, String> {
    match (first, second) {
        (Some(first), Some(second)) => traces(first, second, exact),
        (None, None) => Ok(false),
        _ => Err("one refuses the module, and the other takes it".to_owned()),
    }
}

/// Whether a stack was exhausted, if two traces agree; the first difference otherwise.
fn traces(first: &Trace, second: &Trace, exact: bool) -> Result<bool, String> {
    const EXHAUSTED: End = End::Trapped(Trap::StackOverflow);
    if [first.stillborn, second.stillborn].contains(&Some(EXHAUSTED)) {
        return Ok(true);
    }
    if first.stillborn != second.stillborn {
        return Err(format!("instantiation: {:?} and {:?}", first.stillborn, second.stillborn));
    }
    for (i, (a, b)) in first.calls.iter().zip(&second.calls).enumerate() {
        if a.end == EXHAUSTED || b.end == EXHAUSTED {
            return Ok(true);
        }
        if !same_call(a, b, exact) {
            return Err(format!("call {i}:\n  {a:x?}\n  {b:x?}"));
        }
    }
    if first.calls.len() != second.calls.len() {
        return Err(format!("{} and {} calls", first.calls.len(), second.calls.len()));
    }
    for (a, b) in first.left.iter().zip(&second.left) {
        if !same(&a.1, &b.1, exact) {
            return Err(format!("what is left: {a:x?} and {b:x?}"));
        }
    }
    Ok(false)
}

fn same_call(a: &Call, b: &Call, exact: bool) -> bool {
    a.results.len() == b.results.len()
        && a.results.iter().zip(&b.results).all(|(a, b)| same(a, b, exact))
        && (&a.name, a.end, &a.frames, a.fuel) == (&b.name, b.end, &b.frames, b.fuel)
}

/// Whether two values agree. Where NaNs are not canonical, one is as good as another.
fn same(a: &Seen, b: &Seen, exact: bool) -> bool {
    match (a, b) {
        (Seen::F32(a), Seen::F32(b)) if !exact => {
            a == b || f32::from_bits(*a).is_nan() && f32::from_bits(*b).is_nan()
        }
        (Seen::F64(a), Seen::F64(b)) if !exact => {
            a == b || f64::from_bits(*a).is_nan() && f64::from_bits(*b).is_nan()
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(end: End, fuel: u64, result: Seen) -> Trace {
        let call = |end, fuel| Call {
            name: "f".into(),
            end,
            results: vec![result.clone()],
            frames: vec![(0, Some(7))],
            fuel,
        };
        Trace { stillborn: None, calls: vec![call(end, fuel), call(End::Returned, 9)], left: Vec::new() }
    }

    #[test]
    fn differences_are_seen() {
        let base = trace(End::Returned, 5, Seen::Int(1));
        let differs = |other: &Trace| traces(&base, other, true).is_err();
        assert_eq!(traces(&base, &base, true), Ok(false));
        assert!(differs(&trace(End::Returned, 6, Seen::Int(1))));
        assert!(differs(&trace(End::Returned, 5, Seen::Int(2))));
        assert!(differs(&trace(End::Trapped(Trap::IntegerOverflow), 5, Seen::Int(1))));
        let mut elsewhere = base.clone();
        elsewhere.calls[1].frames = vec![(0, Some(8))];
        assert!(differs(&elsewhere));
        let mut left = base.clone();
        left.left.push(("m".into(), Seen::Memory { size: 1, hash: 2 }));
        let mut other = left.clone();
        other.left[0].1 = Seen::Memory { size: 1, hash: 3 };
        assert!(traces(&left, &other, true).is_err());
    }

    #[test]
    fn an_exhausted_stack_ends_the_comparison() {
        let deep = trace(End::Trapped(Trap::StackOverflow), 5, Seen::Int(1));
        assert_eq!(traces(&deep, &trace(End::RanDry, 0, Seen::Int(2)), true), Ok(true));
    }

    #[test]
    fn nans_by_rule() {
        let (a, b) = (Seen::F64(0x7ff8 << 48), Seen::F64(0xfff8 << 48 | 1));
        assert!(same(&a, &b, false) && !same(&a, &b, true));
        assert!(!same(&Seen::F32(0), &Seen::F32(1 << 31), false));
    }
}
