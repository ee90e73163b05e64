//! Sequences of API calls do what a model of them says, misuse included.
//!
//! The bytes choose calls of a table (`calls`) and their arguments. Each call is made on a store and on a model (`world`) of what
//! is in it: bytes of memories, elements of tables, values of globals, which references are alive. Its result must be that of the
//! model; misuse must give the error or the panic that is documented. The same calls are made on every tier, and must
//! come to the same, down to the fuel. When a store is gone, so must be everything that it held.

mod calls;
mod world;

use crate::target::{Finding, Fuzz, Settings, Tally};
use arbitrary::Unstructured;
use calls::CALLS;
use std::cell::Cell;
use std::fmt::Write;
use std::panic::{self, AssertUnwindSafe};
use windlass::{Config, Engine, Result, Strategy};
use world::World;

/// The largest number of calls in a sequence.
const LENGTH: usize = 120;

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    /// As it should: with a result.
    Returned,
    /// With a trap.
    Trapped,
    /// With an exception.
    Threw,
    /// Without fuel.
    RanDry,
    /// Interrupted.
    Interrupted,
    /// With an error that is none of these.
    Refused,
    /// With a documented panic.
    Panicked,
}

/// What a call must come to, and came to; or a difference.
type Outcome = Result<Step, String>;

/// The target.
pub struct ApiCalls {
    engines: Vec<[Engine; 2]>,
}

/// Makes the target ready.
///
/// # Errors
/// If a tier is not built.
pub fn start(settings: &Settings) -> Result<ApiCalls> {
    silence_expected_panics();
    let engine = |tier: Strategy, stress| {
        let mut config = Config::new();
        config.strategy(tier).consume_fuel(true).epoch_interruption(true).max_wasm_stack(256 << 10);
        Engine::new(config.gc_stress(stress).parallel_compilation(false))
    };
    let pair = |tier: &Strategy| Ok([engine(*tier, false)?, engine(*tier, true)?]);
    Ok(ApiCalls { engines: settings.tiers.iter().map(pair).collect::<Result<_>>()? })
}

impl Fuzz for ApiCalls {
    fn run(&self, data: &[u8]) -> Result<Tally, Box<Finding>> {
        let stress = data.first().is_some_and(|byte| byte % 4 == 0);
        let mut logs = Vec::new();
        let mut tally = Tally { cases: 1, modules: 1, ..Tally::default() };
        for (i, engines) in self.engines.iter().enumerate() {
            let (mut log, mut steps) = (String::new(), Tally::default());
            let outcome = sequence(
                &engines[usize::from(stress)],
                &engines[usize::from(!stress)],
                data,
                &mut log,
                &mut steps,
            );
            if let Err(difference) = outcome {
                return Err(Finding::new(format!("tier {i}: {difference}\nafter\n{log}"), data));
            }
            logs.push(log);
            if i == 0 {
                tally += steps;
            }
        }
        if let Some(pair) = logs.windows(2).find(|pair| pair[0] != pair[1]) {
            let first = pair[0].lines().zip(pair[1].lines()).find(|(a, b)| a != b);
            return Err(Finding::new(format!("tiers don't agree: {first:?} in\n{}", pair[0]), data));
        }
        tally.fruitful = u64::from(tally.returned > 0);
        Ok(tally)
    }

    fn settle(&self) {
        // Forgets the deadlines of stores that are gone.
        self.engines.iter().flatten().for_each(Engine::increment_epoch);
    }
}

/// Makes the calls that the bytes say.
fn sequence(
    engine: &Engine,
    other: &Engine,
    data: &[u8],
    log: &mut String,
    steps: &mut Tally,
) -> Result<(), String> {
    let mut input = Unstructured::new(data);
    let mut world = World::new(engine, other);
    let tokens = world.tokens();
    for _ in 0..LENGTH {
        if input.is_empty() {
            break;
        }
        let Ok(choice) = input.choose_index(CALLS.len()) else { break };
        let call = &CALLS[choice];
        let step = match panic::catch_unwind(AssertUnwindSafe(|| (call.make)(&mut world, &mut input))) {
            Ok(Some(outcome)) => outcome.map_err(|difference| format!("{}: {difference}", call.name))?,
            // Not enough bytes, or nothing to do it with.
            Ok(None) => continue,
            Err(payload) => return Err(format!("{}: it panics: {}", call.name, panic_text(&*payload))),
        };
        *match step {
            Step::Returned => &mut steps.returned,
            Step::Trapped => &mut steps.trapped,
            Step::Threw => &mut steps.threw,
            Step::RanDry => &mut steps.ran_dry,
            Step::Interrupted => &mut steps.interrupted,
            Step::Refused => &mut steps.refused,
            Step::Panicked => &mut steps.panicked,
        } += 1;
        // Written into a string.
        let _ = writeln!(log, "{} {step:?} {}", call.name, world.summary());
    }
    world.check().map_err(|difference| format!("in the end: {difference}"))?;
    drop(world);
    let left = std::sync::Arc::strong_count(&tokens) - 1;
    if left > 0 { Err(format!("{left} values of the host outlive their store")) } else { Ok(()) }
}

thread_local! {
    static EXPECTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs something that may panic; the panic's words.
fn catch<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    let before = EXPECTING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    EXPECTING.set(before);
    result.map_err(|payload| panic_text(&*payload))
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "something".to_owned())
}

/// The process's panic hook (which prints, or, under libFuzzer, ends the process) is not for panics that are caught.
fn silence_expected_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !EXPECTING.try_with(Cell::get).unwrap_or(false) {
                hook(info);
            }
        }));
    });
}
