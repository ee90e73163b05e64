//! Bytes become a module or a typed error that says where, whatever is switched on, in time and memory in proportion.
//!
//! The bytes are the module (or, if they don't begin as one, its text): so files are cases. Each case is compiled by
//! every tier with the default settings and with another set of settings that its bytes choose; the tiers must agree on
//! whether it is a module, and on what is wrong with it.

use crate::footprint::peak_of;
use crate::generator::{self, Subset};
use crate::target::{Finding, Fuzz, Settings, Tally};
use crate::{Random, seeds, smith};
use arbitrary::Unstructured;
use std::sync::LazyLock;
use windlass::{
    Config, DecodeError, DecodeErrorKind, Engine, Error, Feature, Features, Module, ModuleLimits, Result,
    Strategy, TextError, WasmBacktraceDetails,
};

/// What compiling may have on the heap at once: this much,
const HEAP: usize = 24 << 20;
/// and for each byte of the module this much more.
const HEAP_A_BYTE: usize = 1_000;
/// The processor time that compiling may take, in seconds: enough for checked builds on busy machines.
const SECONDS: i64 = 20;

/// How many arbitrary sets of features are used, besides those that lack one.
const FEATURE_SETS: u64 = 8;

/// What is set, by name.
type Setting = (String, Box<dyn Fn(&mut Config)>);

/// Everything that decoding and compiling depend on.
fn settings() -> Vec<Setting> {
    let mut all: Vec<Setting> = Vec::new();
    let mut add = |name: &str, set: fn(&mut Config)| all.push((name.to_owned(), Box::new(set)));
    add("no features", |config| {
        config.wasm_features(Features::NONE);
    });
    add("strict limits", |config| {
        config.module_limits(ModuleLimits::strict());
    });
    add("tiny limits", |config| {
        let limits = ModuleLimits::strict().functions(3).locals(4).nesting(3).types(4).imports(2).exports(2);
        config.module_limits(limits.globals(2).tables(1).memories(1).tags(1).elements(2).function_bytes(200));
    });
    add("fuel and interruption", |config| {
        config.consume_fuel(true).epoch_interruption(true);
    });
    add("lazy compilation", |config| {
        config.lazy_compilation(true);
    });
    add("no signals, memories that move", |config| {
        config.signals_based_traps(false).memory_reservation(0);
    });
    add("core dumps and debug information", |config| {
        config.coredump_on_trap(true).wasm_backtrace_details(WasmBacktraceDetails::Enable);
    });
    for feature in Feature::ALL.iter().copied().filter(|feature| feature.is_built()) {
        let set = move |config: &mut Config| {
            config.wasm_feature(feature, false);
        };
        all.push((format!("without {feature}"), Box::new(set)));
    }
    for choice in 0..FEATURE_SETS {
        let set = move |config: &mut Config| {
            let mut random = Random::new(choice);
            for feature in Feature::ALL.iter().copied().filter(|feature| feature.is_built()) {
                config.wasm_feature(feature, random.below(2) == 0);
            }
        };
        all.push((format!("set {choice} of features"), Box::new(set)));
    }
    all
}

/// Engines of every tier.
struct Tiers {
    setting: String,
    engines: Vec<Engine>,
}

impl Tiers {
    fn new(setting: &str, tiers: &[Strategy], set: &dyn Fn(&mut Config)) -> Result<Tiers> {
        let engine = |tier: &Strategy| {
            let mut config = Config::new();
            set(config.strategy(*tier).parallel_compilation(false));
            Engine::new(&config)
        };
        Ok(Tiers { setting: setting.to_owned(), engines: tiers.iter().map(engine).collect::<Result<_>>()? })
    }

    /// Compiles the case. Whether it is a module.
    fn compile(&self, case: &[u8]) -> Result<bool, String> {
        let outcomes: Vec<Outcome> =
            self.engines.iter().map(|engine| compile(engine, case)).collect::<Result<_, _>>()?;
        let same = outcomes.windows(2).all(|pair| pair[0].agrees(&pair[1]));
        if !same {
            return Err(format!("with {}, tiers don't agree: {outcomes:?}", self.setting));
        }
        Ok(outcomes.contains(&Outcome::Module))
    }
}

/// What became of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Outcome {
    Module,
    Refused(DecodeErrorKind, Option<usize>),
    Text,
}

impl Outcome {
    /// A function may be too much for one tier alone.
    fn agrees(&self, other: &Outcome) -> bool {
        let limit = |outcome: &Outcome| {
            matches!(outcome, Outcome::Refused(DecodeErrorKind::Limit | DecodeErrorKind::Unbuilt { .. }, _))
        };
        self == other || limit(self) || limit(other)
    }
}

/// The target.
pub struct ModuleBytes {
    default: Tiers,
    others: Vec<Tiers>,
}

/// Makes the target ready.
///
/// # Errors
/// If a tier is not built.
pub fn start(settings: &Settings) -> Result<ModuleBytes> {
    let others = self::settings();
    let others = others.iter().map(|(name, set)| Tiers::new(name, &settings.tiers, set));
    Ok(ModuleBytes {
        default: Tiers::new("default settings", &settings.tiers, &|_| {})?,
        others: others.collect::<Result<_>>()?,
    })
}

impl Fuzz for ModuleBytes {
    fn run(&self, data: &[u8]) -> Result<Tally, Box<Finding>> {
        let finding = |what: String| Finding::new(what, data);
        let taken = self.default.compile(data).map_err(finding)?;
        let choice =
            data.iter().fold(7_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(*byte as usize));
        self.others[choice % self.others.len()].compile(data).map_err(finding)?;
        Ok(if taken { Tally { cases: 1, modules: 1, ..Tally::default() } } else { Tally::rejected() })
    }
}

/// Compiles a case on one engine, and says what is wrong with how that went.
fn compile(engine: &Engine, case: &[u8]) -> Result<Outcome, String> {
    let before = cpu_seconds();
    let (module, peak) = peak_of(|| Module::new(engine, case));
    let seconds = cpu_seconds() - before;
    let allowed = HEAP + HEAP_A_BYTE * case.len();
    if peak > allowed {
        return Err(format!("{} bytes take {peak} bytes of the heap: {:?}", case.len(), engine.config()));
    }
    if seconds > SECONDS {
        return Err(format!("{} bytes take {seconds} s: {:?}", case.len(), engine.config()));
    }
    let binary = case.starts_with(b"\0asm").then_some(case);
    let valid = binary.map(|binary| Module::validate(engine, binary));
    match module {
        Ok(module) => {
            if let Some(Err(error)) = valid {
                return Err(format!("it is compiled, but not valid: {error:?}"));
            }
            // All that can be asked of a module has an answer.
            let asked =
                module.imports().map(|import| import.ty()).chain(module.exports().map(|export| export.ty()));
            let types = asked.count() + module.functions().count();
            let required = module.resources_required();
            assert!(types > 0 || required.num_memories < u32::MAX);
            Ok(Outcome::Module)
        }
        Err(error) => {
            let outcome = judge(&error, case.len())?;
            let code = matches!(
                outcome,
                Outcome::Refused(DecodeErrorKind::Limit | DecodeErrorKind::Unbuilt { .. }, _) | Outcome::Text
            );
            match valid {
                Some(Ok(())) if !code => Err(format!("it is valid, but not compiled: {error:?}")),
                Some(Err(other)) if !code && judge(&other, case.len())? != outcome => {
                    Err(format!("compiling says {error:?}, validating says {other:?}"))
                }
                _ => Ok(outcome),
            }
        }
    }
}

/// What kind of error it is, if it is a good one.
fn judge(error: &Error, len: usize) -> Result<Outcome, String> {
    if error.is::<TextError>() {
        return Ok(Outcome::Text);
    }
    let Some(decode) = error.downcast_ref::<DecodeError>() else {
        return Err(format!("not an error of decoding: {error:?}"));
    };
    // The text of a module may be shorter than the module.
    let within = decode.offset().is_some_and(|offset| offset <= len.max(1 << 20));
    if !within || decode.message().is_empty() {
        return Err(format!("an error without its place, or without words: {error:?}"));
    }
    Ok(Outcome::Refused(decode.kind().clone(), decode.offset()))
}

fn cpu_seconds() -> i64 {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).tv_sec
}

/// A case: nonsense, or a module that something was done to.
pub fn case(random: &mut Random) -> Vec<u8> {
    static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(seeds::modules);
    let seed = |random: &mut Random| SEEDS[random.below(SEEDS.len())].clone();
    let mut bytes = match random.below(8) {
        0 => nonsense(random),
        1 | 2 => {
            let len = 100 + random.below(2_000);
            let input = random.bytes(len);
            smith::generate(&mut Unstructured::new(&input), true).unwrap_or_else(|_| nonsense(random))
        }
        3 => {
            let input = random.bytes(1_000);
            let made = generator::generate(&mut Unstructured::new(&input), Subset::ALL);
            made.map_or_else(|_| nonsense(random), |(wasm, _)| wasm)
        }
        4 => {
            // The head of one, the tail of another.
            let (mut head, tail) = (seed(random), seed(random));
            head.truncate(random.below(head.len()));
            head.extend_from_slice(&tail[random.below(tail.len())..]);
            head
        }
        _ => seed(random),
    };
    for _ in 0..random.below(4) {
        mutate(&mut bytes, random);
    }
    bytes
}

/// Something with the parts that modules have, in no particular order.
fn nonsense(random: &mut Random) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for _ in 0..random.below(8) {
        let contents = random.below(60);
        bytes.extend([random.below(14) as u8, contents as u8]);
        bytes.extend(random.bytes(contents));
    }
    bytes
}

/// Does something to bytes.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    // Numbers at whose size something changes, as they stand in modules.
    const NUMBERS: [&[u8]; 6] = [
        &[0],
        &[0x7f],
        &[0x80, 0x01],
        &[0xd0, 0x86, 0x03],
        &[0xff, 0xff, 0xff, 0xff, 0x07],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
    ];
    let at = random.below(bytes.len().max(1)).min(bytes.len());
    let upto = (at + 1 + random.below(12)).min(bytes.len());
    match random.below(6) {
        0 | 1 if at < bytes.len() => bytes[at] = random.number() as u8,
        2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        3 => drop(bytes.splice(at..upto.min(at + 1), NUMBERS[random.below(NUMBERS.len())].iter().copied())),
        4 => drop(bytes.drain(at..upto)),
        _ => {
            let copy = bytes[at..upto].to_vec();
            let place = random.below(bytes.len() + 1);
            drop(bytes.splice(place..place, copy));
        }
    }
}
