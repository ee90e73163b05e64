//! The tiers: what compiles and runs an engine's code. The only place that knows them by name.

use crate::config::{Config, ProfilingStrategy, Strategy};
use crate::error::{Result, bail};
use rayon::prelude::*;
use std::sync::Arc;
use windlass_abi::code::CodeChunk;
use windlass_abi::facts::ModuleFacts;
use windlass_abi::processor::{ModuleCode, Processor};
use windlass_interp::{Chunk, Code, Interpreter, Translator};
use windlass_wasm::{Body, DecodeError};

/// The tier of an engine, set up.
pub(crate) struct Tier {
    processor: Arc<dyn Processor>,
    producer: Producer,
    parallel: bool,
}

/// What makes code, with its settings.
enum Producer {
    Interpreter(windlass_interp::Settings),
    #[cfg(native)]
    Baseline(native::Baseline),
}

/// Bytes of bodies that are worth a task of their own.
const LEAST_TASK: usize = 128 << 10;
/// Tasks for each thread, so that all threads end at about the same time.
const TASKS_A_THREAD: usize = 8;

impl Tier {
    /// The tier that the settings ask for.
    pub fn new(config: &Config) -> Result<Tier> {
        let (processor, producer): (Arc<dyn Processor>, _) = match config.strategy {
            Strategy::Auto | Strategy::Interpreter => {
                let settings = windlass_interp::Settings {
                    fuel: config.consume_fuel,
                    interruption: config.epoch_interruption,
                };
                (Arc::new(Interpreter::new()), Producer::Interpreter(settings))
            }
            #[cfg(native)]
            Strategy::Baseline => native::baseline(config)?,
            #[cfg(not(native))]
            Strategy::Baseline => {
                bail!(
                    "the single-pass compiler (Strategy::Baseline) is not built for this machine: use Strategy::Interpreter"
                )
            }
            Strategy::Optimizing => {
                bail!(
                    "the optimizing compiler (Strategy::Optimizing) is not built yet: use Strategy::Baseline"
                )
            }
        };
        Ok(Tier { processor, producer, parallel: config.parallel_compilation })
    }

    /// What runs the code.
    pub fn processor(&self) -> Arc<dyn Processor> {
        self.processor.clone()
    }

    /// Whether the code counts on the whole reservation of each 32-bit memory.
    pub fn needs_reservations(&self) -> bool {
        match &self.producer {
            Producer::Interpreter(_) => false,
            #[cfg(native)]
            Producer::Baseline(baseline) => baseline.settings.memory_fixed,
        }
    }

    /// Validates and compiles the bodies of a module. Of several errors it gives the first in the module.
    pub fn compile(&self, facts: &ModuleFacts, bodies: Vec<Body<'_>>) -> Result<Box<dyn ModuleCode>> {
        match &self.producer {
            Producer::Interpreter(settings) => {
                let translate = |bodies: Vec<Body<'_>>| -> Result<Chunk, DecodeError> {
                    let mut translator = Translator::new(facts, *settings);
                    translator.reserve(bodies.iter().map(Body::size).sum());
                    bodies.into_iter().try_for_each(|body| translator.translate(body))?;
                    Ok(translator.finish())
                };
                Ok(Box::new(Code::new(in_tasks(bodies, self.parallel, translate)?)))
            }
            #[cfg(native)]
            Producer::Baseline(baseline) => baseline.compile(facts, bodies, self.parallel),
        }
    }

    /// Validates the bodies of a module and compiles them to machine code that can be saved: on the threads
    /// of the current pool, or on this one.
    pub fn compile_chunks(
        &self,
        facts: &ModuleFacts,
        bodies: Vec<Body<'_>>,
        parallel: bool,
    ) -> Result<Vec<CodeChunk>> {
        match &self.producer {
            Producer::Interpreter(_) => bail!(
                "the interpreter makes its code when a module is loaded, and none that can be saved: use a compiler"
            ),
            #[cfg(native)]
            Producer::Baseline(baseline) => baseline.compile_chunks(facts, bodies, parallel),
        }
    }
}

/// Compiles bodies, in tasks on several threads if that pays. The results are in the order of the bodies; of several errors
/// it gives the first.
fn in_tasks<'a, T: Send>(
    bodies: Vec<Body<'a>>,
    parallel: bool,
    compile: impl Fn(Vec<Body<'a>>) -> Result<T, DecodeError> + Send + Sync,
) -> Result<Vec<T>, DecodeError> {
    let size = bodies.iter().map(Body::size).sum::<usize>();
    if !parallel || size < 2 * LEAST_TASK {
        return Ok(vec![compile(bodies)?]);
    }
    let task_size = LEAST_TASK.max(size / (TASKS_A_THREAD * rayon::current_num_threads()));
    let results: Vec<_> = tasks(bodies, task_size).into_par_iter().map(compile).collect();
    results.into_iter().collect()
}

/// Machine code.
#[cfg(native)]
mod native {
    use super::*;
    use crate::error::Context;
    use windlass_abi::code::CodeImage;
    use windlass_baseline::{Settings, X64};
    use windlass_runtime::native::{NativeCode, NativeProcessor, ProfileKind};

    /// The single-pass compiler, set up.
    pub struct Baseline {
        pub settings: Settings,
        profiler: ProfilingStrategy,
    }

    /// What the compilers count on and this processor does not have.
    pub fn missing_feature() -> Option<&'static str> {
        macro_rules! missing {
            ($($feature:tt)*) => { $( if !std::is_x86_feature_detected!($feature) { return Some($feature); } )* };
        }
        missing!("avx2" "bmi1" "bmi2" "lzcnt" "popcnt" "fma" "movbe");
        None
    }

    pub fn baseline(config: &Config) -> Result<(Arc<dyn Processor>, Producer)> {
        if let Some(feature) = missing_feature() {
            bail!("the single-pass compiler needs a processor with {feature}: use Strategy::Interpreter");
        }
        // With the whole range of 32-bit addresses reserved, memories stay where they are, and inaccessible pages catch
        // what is out of bounds.
        let whole = config.memory_reservation >= 4 << 30;
        let settings = Settings {
            fuel: config.consume_fuel,
            interruption: config.epoch_interruption,
            signals: config.signals_based_traps,
            memory_reach: if whole { config.memory_reservation + config.memory_guard_size } else { 0 },
            memory_fixed: whole,
            all_positions: config.operator_positions,
            ..Settings::default()
        };
        let baseline = Baseline { settings, profiler: config.profiler };
        Ok((Arc::new(NativeProcessor::new()), Producer::Baseline(baseline)))
    }

    impl Baseline {
        pub fn compile(
            &self,
            facts: &ModuleFacts,
            bodies: Vec<Body<'_>>,
            parallel: bool,
        ) -> Result<Box<dyn ModuleCode>> {
            let chunks = self.compile_chunks(facts, bodies, parallel)?;
            let code = NativeCode::new(CodeImage::join(chunks, 0)?)?;
            self.tell_profiler(&code, facts)?;
            Ok(Box::new(code))
        }

        /// Makes a module's functions known to the profiler that the settings name.
        fn tell_profiler(&self, code: &NativeCode, facts: &ModuleFacts) -> Result<()> {
            let (kind, file) = match self.profiler {
                ProfilingStrategy::None => return Ok(()),
                ProfilingStrategy::PerfMap => (ProfileKind::PerfMap, "/tmp/perf-PID.map"),
                ProfilingStrategy::JitDump => (ProfileKind::JitDump, "jit-PID.dump"),
            };
            let names = facts.names.functions.clone();
            let name = move |index| match names.binary_search_by_key(&index, |(i, _)| *i) {
                Ok(at) => names[at].1.clone(),
                Err(_) => format!("wasm[{index}]"),
            };
            code.profile(kind, Box::new(name))
                .with_context(|| format!("cannot write {file} for the profiler"))
        }

        pub fn compile_chunks(
            &self,
            facts: &ModuleFacts,
            bodies: Vec<Body<'_>>,
            parallel: bool,
        ) -> Result<Vec<CodeChunk>> {
            let compile = |settings: Settings| {
                move |bodies: Vec<Body<'_>>| -> Result<CodeChunk, DecodeError> {
                    let mut compiler = X64::new(facts, settings);
                    bodies.into_iter().try_for_each(|body| compiler.compile(body))?;
                    Ok(compiler.finish())
                }
            };
            let again = bodies.clone();
            let chunks = in_tasks(bodies, parallel, compile(self.settings))?;
            if !chunks.iter().any(|chunk| chunk.must_reload) || self.settings.reload_context {
                return Ok(chunks);
            }
            // Seldom: only now it is known what direct calls must count on.
            Ok(in_tasks(again, parallel, compile(Settings { reload_context: true, ..self.settings }))?)
        }
    }
}

/// Bodies in their order, in tasks of about `task_size` bytes.
fn tasks(bodies: Vec<Body<'_>>, task_size: usize) -> Vec<Vec<Body<'_>>> {
    let mut tasks = vec![Vec::new()];
    let mut size = 0;
    for body in bodies {
        if size >= task_size {
            tasks.push(Vec::new());
            size = 0;
        }
        size += body.size();
        tasks.last_mut().expect("it is never empty").push(body);
    }
    tasks
}
