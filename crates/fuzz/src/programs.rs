//! Generated modules run within their limits, and only in ways that are allowed.
//!
//! A module is generated from the input, instantiated with imports that do nothing, and each function that
//! it exports is called with some fuel. Calls may return, trap, throw or run dry; whatever else happens is
//! a finding. All of it is done a second time with a collector that moves every object at every
//! allocation, and must give the same results, use the same fuel and leave the same memory.

use arbitrary::Unstructured;
use std::ops::AddAssign;
use std::sync::LazyLock;
use wasm_smith::Module as Generated;
use windlass::{
    Config, DecodeError, DecodeErrorKind, Engine, Error, Extern, Instance, Module, Result, Store,
    StoreLimits, StoreLimitsBuilder, ThrownException, Trap, Val,
};

/// What each call may use.
const FUEL: u64 = 20_000;
/// What a memory may hold. Generated ones ask for less at first.
const MEMORY: usize = 4 << 20;
/// What a table may hold. Generated ones ask for less at first.
const TABLE: usize = 4_000;

/// What became of modules and calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Modules that ran.
    pub modules: usize,
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
    /// All calls.
    pub fn calls(&self) -> usize {
        self.returned + self.trapped + self.threw + self.ran_dry
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.modules += other.modules;
        self.rejected += other.rejected;
        self.stillborn += other.stillborn;
        self.returned += other.returned;
        self.trapped += other.trapped;
        self.threw += other.threw;
        self.ran_dry += other.ran_dry;
    }
}

/// How a call or an instantiation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Returned,
    Trapped(Trap),
    Threw,
    RanDry,
}

/// What can be seen from outside: the same in both runs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Trace {
    instantiation: Option<End>,
    calls: Vec<(String, End, Vec<Seen>, u64)>,
    left: Vec<(String, Seen)>,
}

/// What can be seen of a value.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Number(u128),
    Null,
    Reference,
    Memory { size: u64, sum: u64 },
    Table { size: u64 },
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
    let [plain, stressed] = ENGINES.each_ref().map(|engine| execute(engine, &wasm, seed));
    assert_eq!(plain, stressed, "a moving collector makes a difference");
    let Some(trace) = plain else { return rejected };

    let mut tally = Tally { modules: 1, ..Tally::default() };
    tally.stillborn = usize::from(trace.instantiation.is_some());
    for (_, end, ..) in &trace.calls {
        match end {
            End::Returned => tally.returned += 1,
            End::Trapped(_) => tally.trapped += 1,
            End::Threw => tally.threw += 1,
            End::RanDry => tally.ran_dry += 1,
        }
    }
    tally
}

/// A module with all features that are built, small, and with everything exported.
pub fn generate(input: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let config = wasm_smith::Config {
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
    };
    let wasm = Generated::new(config, input)?.to_bytes();
    // A wait on a shared memory may last for ever.
    if waits_for_ever(&wasm) { Err(arbitrary::Error::IncorrectFormat) } else { Ok(wasm) }
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

/// Runs a module; `None` if it is refused for a permitted reason.
fn execute(engine: &Engine, wasm: &[u8], seed: u64) -> Option<Trace> {
    let module = match Module::from_binary(engine, wasm) {
        Ok(module) => module,
        Err(error) => {
            let refused: Option<&DecodeErrorKind> = error.downcast_ref().map(DecodeError::kind);
            assert!(
                matches!(refused, Some(DecodeErrorKind::Unbuilt { .. } | DecodeErrorKind::Limit)),
                "a valid module is refused: {error:?}"
            );
            return None;
        }
    };
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY).table_elements(TABLE).build();
    let mut store = Store::new(engine, limits);
    store.limiter(|limits: &mut StoreLimits| limits);
    store.set_fuel(FUEL).expect("fuel is on");
    let imports: Vec<Extern> = module
        .imports()
        .map(|import| import.ty().default_value(&mut store))
        .collect::<Result<_>>()
        .expect("every type without garbage-collected objects has a default value");

    let mut trace = Trace::default();
    let instance = match Instance::new(&mut store, &module, &imports) {
        Ok(instance) => instance,
        Err(error) => {
            trace.instantiation = Some(judge(&error));
            return Some(trace);
        }
    };
    let exports: Vec<(String, Extern)> =
        instance.exports(&mut store).map(|export| (export.name().to_owned(), export.into_extern())).collect();
    let mut random = crate::Random::new(seed);
    for (name, export) in &exports {
        if let Extern::Func(func) = export {
            let ty = func.ty(&store);
            let arguments: Vec<Val> = ty.params().map(|ty| argument(&ty, &mut random)).collect();
            let mut results = vec![Val::I32(0); ty.results().len()];
            store.set_fuel(FUEL).expect("fuel is on");
            let end = match func.call(&mut store, &arguments, &mut results) {
                Ok(()) => End::Returned,
                Err(error) => judge(&error),
            };
            let seen = match end {
                End::Returned => results.iter().map(seen).collect(),
                _ => Vec::new(),
            };
            let fuel = store.get_fuel().expect("fuel is on");
            trace.calls.push((name.clone(), end, seen, fuel));
        }
    }
    for (name, export) in exports {
        let left = match export {
            Extern::Global(global) => seen(&global.get(&mut store)),
            Extern::Table(table) => Seen::Table { size: table.size(&store) },
            Extern::Memory(memory) => {
                let sum = |sum: u64, byte: &u8| sum.wrapping_mul(31).wrapping_add(u64::from(*byte));
                Seen::Memory { size: memory.size(&store), sum: memory.data(&store).iter().fold(0, sum) }
            }
            _ => continue,
        };
        trace.left.push((name, left));
    }
    Some(trace)
}

/// How it ended, if it ended in a way that a guest may choose.
fn judge(error: &Error) -> End {
    if error.is::<ThrownException>() {
        return End::Threw;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => End::RanDry,
        Some(trap) => End::Trapped(*trap),
        None => panic!("neither a trap nor an exception: {error:?}"),
    }
}

fn argument(ty: &windlass::ValType, random: &mut crate::Random) -> Val {
    let bits = match random.below(4) {
        0 => random.below(16) as u64,
        1 => u64::MAX,
        _ => random.number(),
    };
    match ty {
        windlass::ValType::I32 => Val::I32(bits as i32),
        windlass::ValType::I64 => Val::I64(bits as i64),
        windlass::ValType::F32 => Val::F32(bits as u32),
        windlass::ValType::F64 => Val::F64(bits),
        windlass::ValType::V128 => Val::V128(u128::from(bits).into()),
        windlass::ValType::Ref(_) => {
            ty.default_value().expect("every type without garbage-collected objects has a default value")
        }
    }
}

fn seen(value: &Val) -> Seen {
    match value {
        Val::I32(value) => Seen::Number(*value as u32 as u128),
        Val::I64(value) => Seen::Number(*value as u64 as u128),
        Val::F32(bits) => Seen::Number((*bits).into()),
        Val::F64(bits) => Seen::Number((*bits).into()),
        Val::V128(value) => Seen::Number(value.as_u128()),
        reference if reference.ref_().is_some_and(|r| r.is_null()) => Seen::Null,
        _ => Seen::Reference,
    }
}
