//! Generated modules under all limits at once end in ways that are allowed, the same on every tier, and leave nothing behind.
//!
//! All of fuel, memory, tables, instances, stack, sizes of modules, compile time and interruption from another thread are
//! limited; which of them are tight is drawn from the case. Calls may return, trap, throw, run dry, be interrupted or be
//! refused something; whatever else happens is a finding. A case runs once on every tier, each with other settings of
//! those that must not make a difference: a collector that moves every object, memories that move, explicit
//! checks, lazy compilation. Unless it is interrupted, which happens when it happens, results, traps, fuel and what is left must
//! be the same.

use crate::differential::same_traces;
use crate::execution::{End, Interruption, Plan, Trace, execute};
use crate::generator::{self, Subset};
use crate::smith;
use crate::target::{Finding, Fuzz, Settings, Tally};
use arbitrary::Unstructured;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;
use windlass::{Config, Engine, ModuleLimits, Result, StoreLimits, StoreLimitsBuilder};

/// What a call may use.
const FUEL: u64 = 20_000;
/// What a call may use that is interrupted: it lasts for longer than that.
const MUCH_FUEL: u64 = 1 << 40;
/// The time between epochs.
const EPOCH: Duration = Duration::from_millis(1);

/// Settings that make no difference to guests.
const VARIANTS: [fn(&mut Config); 4] = [
    |_| {},
    |config| {
        config.gc_stress(true).memory_init_cow(false);
    },
    |config| {
        config.memory_reservation(0).lazy_compilation(true);
    },
    |config| {
        config.signals_based_traps(false);
    },
];

/// The target.
pub struct ProgramsLimited {
    /// For each tier, an engine of each variant.
    engines: Vec<Vec<Engine>>,
    subset: Subset,
    /// Begins epochs until this is dropped.
    clock: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Makes the target ready.
///
/// # Errors
/// If a tier is not built.
pub fn start(settings: &Settings) -> Result<ProgramsLimited> {
    let engine = |tier, variant: &fn(&mut Config)| {
        let mut config = Config::new();
        let limits = ModuleLimits::strict().function_bytes(20_000).locals(200).functions(15);
        config.strategy(tier).consume_fuel(true).epoch_interruption(true).max_wasm_stack(192 << 10);
        config.module_limits(limits).compile_timeout(Some(Duration::from_secs(10)));
        variant(config.parallel_compilation(false).relaxed_simd_deterministic(true));
        Engine::new(&config)
    };
    let engines: Vec<Vec<Engine>> = settings
        .tiers
        .iter()
        .map(|tier| VARIANTS.iter().map(|variant| engine(*tier, variant)).collect())
        .collect::<Result<_>>()?;
    let all: Vec<Engine> = engines.iter().flatten().cloned().collect();
    let (stop, stopped) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        while stopped.recv_timeout(EPOCH) == Err(RecvTimeoutError::Timeout) {
            all.iter().for_each(Engine::increment_epoch);
        }
    });
    Ok(ProgramsLimited { engines, subset: settings.subset, clock: Some((stop, thread)) })
}

impl Drop for ProgramsLimited {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.clock.take() {
            drop(stop);
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// A module and how it is run.
struct Case {
    wasm: Vec<u8>,
    exact: bool,
    plan: Plan,
    /// The variant of each tier.
    variants: [usize; 2],
}

impl Case {
    fn new(input: &mut Unstructured<'_>, subset: Subset) -> arbitrary::Result<Case> {
        let interruption = match input.int_in_range(0..=7)? {
            0 => Interruption::Epoch(input.int_in_range(1..=3)?),
            1 => Interruption::Handle(input.int_in_range(0..=3_000)?),
            _ => Interruption::Never,
        };
        let plan = Plan {
            fuel: if interruption.ends() { MUCH_FUEL } else { FUEL },
            calls: input.int_in_range(1..=2)?,
            seed: input.arbitrary()?,
            limits: limits(input)?,
            refusals: true,
            interruption,
        };
        let variants = [input.choose_index(VARIANTS.len())?, input.choose_index(VARIANTS.len())?];
        let (wasm, exact) = match input.int_in_range(0..=2)? {
            0 => generator::generate(input, subset)?,
            _ if interruption.ends() => (smith::generate(input, true)?, false),
            _ => (smith::generate_exact(input, false, subset)?, true),
        };
        Ok(Case { wasm, exact, plan, variants })
    }
}

/// Limits of a store; each is now and then less than many modules need.
fn limits(input: &mut Unstructured<'_>) -> arbitrary::Result<StoreLimits> {
    let mut one = |tight: usize, wide: usize| -> arbitrary::Result<usize> {
        Ok(if input.ratio(1, 12)? { input.int_in_range(0..=tight)? } else { wide })
    };
    let limits = StoreLimitsBuilder::new()
        .memory_size(one(1 << 20, 4 << 20)?)
        .table_elements(one(100, 4_000)?)
        .instances(one(2, 10)?)
        .tables(one(4, 20)?)
        .memories(one(4, 20)?);
    Ok(limits.trap_on_grow_failure(input.ratio(1, 4)?).build())
}

impl Fuzz for ProgramsLimited {
    fn run(&self, data: &[u8]) -> Result<Tally, Box<Finding>> {
        let Ok(case) = Case::new(&mut Unstructured::new(data), self.subset) else {
            return Ok(Tally::rejected());
        };
        let traces: Vec<Option<Trace>> = self
            .engines
            .iter()
            .zip(case.variants)
            .map(|(engines, variant)| execute(&engines[variant], &case.wasm, &case.plan))
            .collect();
        let mut exhausted = false;
        if !case.plan.interruption.ends() {
            let finding =
                |what| Finding::new(format!("with variants {:?}: {what}", case.variants), case.wasm.clone());
            for pair in traces.windows(2) {
                exhausted |= same_traces(pair[0].as_ref(), pair[1].as_ref(), case.exact).map_err(finding)?;
            }
        }
        let mut tally = traces[0].as_ref().map_or_else(Tally::rejected, Tally::of);
        tally.exhausted = u64::from(exhausted);
        Ok(tally)
    }

    fn settle(&self) {
        // Forgets the deadlines of stores that are gone.
        self.engines.iter().flatten().for_each(Engine::increment_epoch);
    }
}

impl Tally {
    /// What became of one module.
    pub fn of(trace: &Trace) -> Tally {
        let mut tally = Tally { cases: 1, modules: 1, ..Tally::default() };
        tally.stillborn = u64::from(trace.stillborn.is_some());
        for call in &trace.calls {
            *match call.end {
                End::Returned => &mut tally.returned,
                End::Trapped(_) => &mut tally.trapped,
                End::Threw => &mut tally.threw,
                End::RanDry => &mut tally.ran_dry,
                End::Interrupted => &mut tally.interrupted,
                End::Refused => &mut tally.refused,
            } += 1;
        }
        tally.fruitful = u64::from(tally.returned > 0);
        tally
    }
}
