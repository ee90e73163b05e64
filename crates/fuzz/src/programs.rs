//! Generated modules run within their limits, and only in ways that are allowed.
//!
//! A module is generated from the input, instantiated with imports that do nothing, and each function that
//! it exports is called with some fuel. Calls may return, trap, throw or run dry; whatever else happens is
//! a finding. All of it is done a second time with a collector that moves every object at every
//! allocation, and must give the same results, use the same fuel and leave the same memory.

use crate::execution::{End, Plan, Trace, execute};
use crate::generator::Subset;
use arbitrary::Unstructured;
use std::ops::AddAssign;
use std::sync::LazyLock;
use wasm_smith::Module as Generated;
use windlass::{Config, Engine};

/// What each call may use.
const FUEL: u64 = 20_000;
/// How many calls and turns of loops a module has that is to end by itself.
const TURNS: u32 = 1_000;

/// What became of modules and calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Modules that ran.
    pub modules: usize,
    /// Those of them in which a call returned.
    pub fruitful: usize,
    /// Inputs that are too short for a module, or modules that were refused for what is not built or
    /// for a limit.
    pub rejected: usize,
    /// Instantiations that trapped or ran dry.
    pub stillborn: usize,
    /// Calls that returned.
    pub returned: usize,
    /// Calls that trapped.
    pub trapped: usize,
    /// Calls that threw.
    pub threw: usize,
    /// Calls that used up their fuel.
    pub ran_dry: usize,
}

impl Tally {
    /// What became of one module.
    pub fn of(trace: &Trace) -> Tally {
        let mut tally = Tally { modules: 1, ..Tally::default() };
        tally.stillborn = usize::from(trace.stillborn.is_some());
        for call in &trace.calls {
            match call.end {
                End::Returned => tally.returned += 1,
                End::Trapped(_) => tally.trapped += 1,
                End::Threw => tally.threw += 1,
                End::RanDry => tally.ran_dry += 1,
            }
        }
        tally.fruitful = usize::from(tally.returned > 0);
        tally
    }

    /// All calls.
    pub fn calls(&self) -> usize {
        self.returned + self.trapped + self.threw + self.ran_dry
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.modules += other.modules;
        self.fruitful += other.fruitful;
        self.rejected += other.rejected;
        self.stillborn += other.stillborn;
        self.returned += other.returned;
        self.trapped += other.trapped;
        self.threw += other.threw;
        self.ran_dry += other.ran_dry;
    }
}

static ENGINES: LazyLock<[Engine; 2]> = LazyLock::new(|| {
    [false, true].map(|gc_stress| {
        let mut config = Config::new();
        config.consume_fuel(true).max_wasm_stack(256 << 10).gc_stress(gc_stress);
        Engine::new(&config).expect("these settings are allowed")
    })
});

/// Generates a module from `data` and runs it.
///
/// # Panics
/// On a finding.
pub fn run(data: &[u8]) -> Tally {
    let rejected = Tally { rejected: 1, ..Tally::default() };
    let mut input = Unstructured::new(data);
    let Ok(wasm) = generate(&mut input) else { return rejected };
    let seed = input.arbitrary().unwrap_or_default();
    let plan = Plan { fuel: FUEL, calls: 1, seed };
    let [plain, stressed] = ENGINES.each_ref().map(|engine| execute(engine, &wasm, plan));
    assert_eq!(plain, stressed, "a moving collector makes a difference");
    plain.map_or(rejected, |trace| Tally::of(&trace))
}

/// A module with all features that are built, small, and with everything exported.
pub fn generate(input: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let config = config(input)?;
    checked(Generated::new(config, input)?.to_bytes())
}

/// As [`generate`], with all NaNs canonical; if `ends` is set, one whose calls end by themselves.
pub fn generate_exact(
    input: &mut Unstructured<'_>,
    ends: bool,
    subset: Subset,
) -> arbitrary::Result<Vec<u8>> {
    let config = config(input)?;
    let config = wasm_smith::Config {
        simd_enabled: config.simd_enabled && subset.vectors,
        threads_enabled: config.threads_enabled && subset.atomics,
        canonicalize_nans: true,
        // Those NaNs are not made canonical.
        relaxed_simd_enabled: false,
        ..config
    };
    let mut module = Generated::new(config, input)?;
    if ends {
        module.ensure_termination(TURNS).map_err(|_| arbitrary::Error::IncorrectFormat)?;
    }
    checked(module.to_bytes())
}

/// A wait on a shared memory may last for ever.
fn checked(wasm: Vec<u8>) -> arbitrary::Result<Vec<u8>> {
    if waits_for_ever(&wasm) { Err(arbitrary::Error::IncorrectFormat) } else { Ok(wasm) }
}

fn config(input: &mut Unstructured<'_>) -> arbitrary::Result<wasm_smith::Config> {
    Ok(wasm_smith::Config {
        gc_enabled: false,
        custom_page_sizes_enabled: true,
        wide_arithmetic_enabled: true,
        // Not everywhere, because some of them end most calls or rule out others.
        bulk_memory_enabled: input.ratio(7, 8)?,
        exceptions_enabled: input.ratio(3, 4)?,
        memory64_enabled: input.arbitrary()?,
        simd_enabled: input.ratio(3, 4)?,
        relaxed_simd_enabled: input.arbitrary()?,
        tail_call_enabled: input.arbitrary()?,
        threads_enabled: input.ratio(1, 4)?,
        disallow_traps: input.ratio(3, 4)?,
        export_everything: true,
        min_funcs: 3,
        max_funcs: 12,
        max_instructions: 60,
        // Little of the input goes into what is not code.
        min_types: 2,
        max_types: 8,
        max_imports: 6,
        max_globals: 8,
        max_tags: 3,
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 8,
        max_memories: 3,
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        max_tables: 3,
        max_table_elements: 1_000,
        ..wasm_smith::Config::default()
    })
}

/// Whether a module has a shared memory and an operator that waits on one.
fn waits_for_ever(wasm: &[u8]) -> bool {
    use wasmparser::{Operator, Parser, Payload, TypeRef};
    let (mut shared, mut waits) = (false, false);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("generated modules are well-formed") {
            Payload::ImportSection(imports) => {
                shared |=
                    imports.into_imports().flatten().any(|i| matches!(i.ty, TypeRef::Memory(m) if m.shared));
            }
            Payload::MemorySection(memories) => shared |= memories.into_iter().flatten().any(|m| m.shared),
            Payload::CodeSectionEntry(body) => {
                waits |= body.get_operators_reader().into_iter().flatten().flatten().any(|op| {
                    matches!(op, Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. })
                });
            }
            _ => {}
        }
    }
    shared && waits
}
