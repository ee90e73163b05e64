//! Runs a module on an engine and writes down all that can be seen of it.

use crate::Random;
use windlass::{
    CompileStopped, DecodeError, DecodeErrorKind, Engine, Error, Extern, ExternType, FuncType, Instance,
    Module, Result, Store, StoreLimits, StoreLimitsBuilder, ThrownException, Trap, UpdateDeadline, Val,
    ValType, WasmBacktrace,
};

/// What a memory may hold. Generated ones ask for less at first.
const MEMORY: usize = 4 << 20;
/// What a table may hold. Generated ones ask for less at first.
const TABLE: usize = 4_000;

/// How often a guest is interrupted, where it can be.
const INTERRUPTIONS: u32 = 40;

/// How a module is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What each call may use, on engines that count it.
    pub fuel: u64,
    /// How often each function is called, with other arguments each time.
    pub calls: usize,
    /// Determines the arguments.
    pub seed: u64,
    /// What the store may hold.
    pub limits: StoreLimits,
    /// Whether calls and instantiations may fail because of that.
    pub refusals: bool,
    /// On engines whose guests can be interrupted.
    pub interruption: Interruption,
}

impl Plan {
    /// With limits that a guest notices only when it grows something.
    pub fn new(fuel: u64, calls: usize, seed: u64) -> Plan {
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY).table_elements(TABLE).build();
        Plan { fuel, calls, seed, limits, refusals: false, interruption: Interruption::Passing }
    }
}

/// How guests are interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interruption {
    /// The first looks find that someone wants the guest's attention, and it goes on each time.
    Passing,
    /// Not at all.
    Never,
    /// By an epoch: each call ends when so many more have begun, which another thread sees to.
    Epoch(u64),
    /// By a thread that interrupts the store after so many microseconds.
    Handle(u64),
}

impl Interruption {
    /// Whether calls end by it.
    pub fn ends(self) -> bool {
        matches!(self, Interruption::Epoch(_) | Interruption::Handle(_))
    }
}

/// How a call or an instantiation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned.
    Returned,
    /// It trapped.
    Trapped(Trap),
    /// It threw an exception that nothing caught.
    Threw,
    /// It used up its fuel.
    RanDry,
    /// It was interrupted.
    Interrupted,
    /// A limit of the store ended it.
    Refused,
}

/// A call, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The export's name.
    pub name: String,
    /// How it ended.
    pub end: End,
    /// Its results.
    pub results: Vec<Seen>,
    /// Where it was when it trapped: functions, and offsets in the module.
    pub frames: Vec<(u32, Option<usize>)>,
    /// The fuel that is left.
    pub fuel: u64,
}

/// All that can be seen from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// How instantiation ended, if not well.
    pub stillborn: Option<End>,
    /// The calls.
    pub calls: Vec<Call>,
    /// What is left in exports that are no functions.
    pub left: Vec<(String, Seen)>,
}

/// What can be seen of a value, a memory or a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// An integer.
    Int(u64),
    /// A float of 32 bits.
    F32(u32),
    /// A float of 64 bits.
    F64(u64),
    /// A vector.
    V128(u128),
    /// A null reference.
    Null,
    /// Another reference.
    Reference,
    /// A memory: its size in pages, and a hash of its contents.
    Memory {
        /// In pages.
        size: u64,
        /// Of all bytes.
        hash: u64,
    },
    /// A table: for each element, whether it is null.
    Table(Vec<bool>),
}

/// Runs a module; `None` if it is refused for a permitted reason.
///
/// # Panics
/// If something happens that no guest may bring about.
pub fn execute(engine: &Engine, wasm: &[u8], plan: &Plan) -> Option<Trace> {
    let module = match Module::from_binary(engine, wasm) {
        Ok(module) => module,
        Err(error) => {
            let refused: Option<&DecodeErrorKind> = error.downcast_ref().map(DecodeError::kind);
            let permitted = match refused {
                Some(DecodeErrorKind::Unbuilt { .. } | DecodeErrorKind::Limit) => true,
                Some(DecodeErrorKind::ModuleLimit { .. }) => plan.refusals,
                _ => plan.refusals && error.is::<CompileStopped>(),
            };
            assert!(permitted, "a valid module is refused: {error:?}");
            return None;
        }
    };
    let mut store = Store::new(engine, plan.limits.clone());
    store.limiter(|limits: &mut StoreLimits| limits);
    if engine.config().get_epoch_interruption() && plan.interruption == Interruption::Passing {
        let mut left = INTERRUPTIONS;
        store.epoch_deadline_callback(move |mut store| {
            store.gc(None)?;
            left = left.saturating_sub(1);
            Ok(UpdateDeadline::Continue(if left > 0 { 0 } else { u64::MAX / 2 }))
        });
    }
    match plan.interruption {
        Interruption::Handle(delay) => std::thread::scope(|scope| {
            let handle = store.interrupt_handle().expect("guests can be interrupted");
            let (ended, end) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || {
                // Often, because a request ends only one call; until the channel is closed.
                let delay = std::time::Duration::from_micros(delay);
                while end.recv_timeout(delay) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    handle.interrupt();
                }
            });
            let trace = run(&mut store, &module, plan);
            drop(ended);
            Some(trace)
        }),
        _ => Some(run(&mut store, &module, plan)),
    }
}

/// Instantiates a module and calls its functions.
fn run(store: &mut Store<StoreLimits>, module: &Module, plan: &Plan) -> Trace {
    let mut trace = Trace::default();
    prepare(store, plan);
    // The second instance calls functions of the first where they fit: over a border that tiers are careful at.
    let mut exports: Vec<(String, Extern)> = Vec::new();
    for _ in 0..2 {
        let imports: Result<Vec<Extern>> = module
            .imports()
            .map(|import| match fitting(store, &import.ty(), &exports) {
                Some(function) => Ok(function),
                None => import.ty().default_value(&mut *store),
            })
            .collect();
        let imports = match imports {
            Ok(imports) => imports,
            Err(error) => {
                assert!(
                    plan.refusals,
                    "every type but of garbage-collected objects has a default value: {error:?}"
                );
                trace.stillborn = Some(judge(&error, plan));
                return trace;
            }
        };
        let linked = imports.iter().any(|import| matches!(import, Extern::Func(_)));
        let instance = match Instance::new(&mut *store, module, &imports) {
            Ok(instance) => instance,
            Err(error) => {
                trace.stillborn = Some(judge(&error, plan));
                return trace;
            }
        };
        let named = instance.exports(&mut *store).map(|e| (e.name().to_owned(), e.into_extern()));
        exports = named.collect();
        if !linked {
            break;
        }
    }
    let mut random = Random::new(plan.seed);
    for _ in 0..plan.calls {
        for (name, export) in &exports {
            let Extern::Func(func) = export else { continue };
            let ty = func.ty(&*store);
            let arguments: Vec<Val> = ty.params().map(|ty| argument(&ty, &mut random)).collect();
            let mut results = vec![Val::I32(0); ty.results().len()];
            prepare(store, plan);
            let called = func.call(&mut *store, &arguments, &mut results);
            let end = called.as_ref().map_or_else(|error| judge(error, plan), |()| End::Returned);
            let backtrace = called.as_ref().err().and_then(|error| error.downcast_ref::<WasmBacktrace>());
            let frames = backtrace.map(WasmBacktrace::frames).unwrap_or_default();
            trace.calls.push(Call {
                name: name.clone(),
                end,
                results: if end == End::Returned { results.iter().map(seen).collect() } else { Vec::new() },
                frames: frames.iter().map(|frame| (frame.func_index(), frame.module_offset())).collect(),
                fuel: store.get_fuel().unwrap_or_default(),
            });
            if end == End::Threw {
                store.take_pending_exception();
            }
        }
    }
    trace.left =
        exports.into_iter().filter_map(|(name, export)| Some((name, left(store, export)?))).collect();
    trace
}

/// A function among the exports that an import can be given.
fn fitting(store: &Store<StoreLimits>, ty: &ExternType, exports: &[(String, Extern)]) -> Option<Extern> {
    let ExternType::Func(ty) = ty else { return None };
    exports.iter().map(|(_, export)| export).find_map(|export| match export {
        Extern::Func(func) if FuncType::eq(&func.ty(store), ty) => Some(Extern::Func(*func)),
        _ => None,
    })
}

/// What is left in an export that is no function.
fn left(store: &mut Store<StoreLimits>, export: Extern) -> Option<Seen> {
    Some(match export {
        Extern::Global(global) => seen(&global.get(store)),
        Extern::Table(table) => {
            let size = table.size(&*store);
            let null = |i| table.get(&mut *store, i).is_none_or(|element| element.is_null());
            Seen::Table((0..size).map(null).collect())
        }
        Extern::Memory(memory) => {
            Seen::Memory { size: memory.size(&*store), hash: hash(memory.data(&*store)) }
        }
        Extern::SharedMemory(memory) => {
            let mut bytes = vec![0; memory.data_size()];
            memory.read(0, &mut bytes).expect("the memory has that size");
            Seen::Memory { size: memory.size(), hash: hash(&bytes) }
        }
        _ => return None,
    })
}

/// Of a memory's contents, whose size is a multiple of eight or compared itself.
fn hash(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let (words, rest) = bytes.as_chunks();
    let hash = words.iter().fold(0, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
}

/// Before a call.
fn prepare(store: &mut Store<StoreLimits>, plan: &Plan) {
    if store.engine().config().get_consume_fuel() {
        store.set_fuel(plan.fuel).expect("fuel is on");
    }
    store.set_epoch_deadline(match plan.interruption {
        Interruption::Passing => 0,
        Interruption::Epoch(epochs) => epochs,
        Interruption::Never | Interruption::Handle(_) => u64::MAX / 2,
    });
}

/// How it ended, if it ended in a way that a guest may choose.
fn judge(error: &Error, plan: &Plan) -> End {
    if error.is::<ThrownException>() {
        return End::Threw;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => End::RanDry,
        Some(Trap::Interrupt) if plan.interruption.ends() => End::Interrupted,
        Some(trap) => End::Trapped(*trap),
        None if plan.refusals && is_refusal(error) => End::Refused,
        None => panic!("neither a trap nor an exception: {error:?}"),
    }
}

/// Whether the store's limits say this.
fn is_refusal(error: &Error) -> bool {
    const WORDS: [&str; 4] =
        ["resource limit exceeded", "exceeds the store's limit", "forcing trap when growing", "forcing a "];
    error.chain().map(ToString::to_string).any(|cause| WORDS.iter().any(|words| cause.contains(words)))
}

/// An argument: often at a boundary.
fn argument(ty: &ValType, random: &mut Random) -> Val {
    const FLOATS: [f64; 8] = [0.0, -0.0, 1.0, -1.5, f64::INFINITY, f64::NAN, 2147483648.0, 1e-40];
    let bits = match random.below(6) {
        0 | 1 => random.below(16) as u64,
        2 => u64::MAX - random.below(3) as u64,
        3 => 1 << random.below(64),
        4 => (1u64 << random.below(64)).wrapping_sub(1),
        _ => random.number(),
    };
    let float = FLOATS[random.below(FLOATS.len())];
    let any = random.below(3) == 0;
    match ty {
        ValType::I32 => Val::I32(bits as i32),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 => Val::F32(if any { bits as u32 } else { (float as f32).to_bits() }),
        ValType::F64 => Val::F64(if any { bits } else { float.to_bits() }),
        ValType::V128 => Val::V128((u128::from(bits) << 64 | u128::from(float.to_bits())).into()),
        ValType::Ref(_) => {
            ty.default_value().expect("every type without garbage-collected objects has a default value")
        }
    }
}

fn seen(value: &Val) -> Seen {
    match value {
        Val::I32(value) => Seen::Int(u64::from(*value as u32)),
        Val::I64(value) => Seen::Int(*value as u64),
        Val::F32(bits) => Seen::F32(*bits),
        Val::F64(bits) => Seen::F64(*bits),
        Val::V128(value) => Seen::V128(value.as_u128()),
        reference if reference.ref_().is_some_and(|r| r.is_null()) => Seen::Null,
        _ => Seen::Reference,
    }
}
