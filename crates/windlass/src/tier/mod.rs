//! The tiers: what compiles and runs an engine's code. The only place that knows them by name.

pub(crate) mod cpu;
#[cfg(native)]
mod native;

use crate::config::{Config, Strategy};
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
        let strategy = match config.strategy {
            Strategy::Auto => best()?,
            chosen => chosen,
        };
        let (processor, producer): (Arc<dyn Processor>, _) = match strategy {
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

    /// Whether locals can be found in the frames' home slots.
    pub fn keeps_locals_home(&self) -> bool {
        match &self.producer {
            Producer::Interpreter(_) => true,
            #[cfg(native)]
            Producer::Baseline(baseline) => baseline.settings.locals_at_home,
        }
    }

    /// Whether the code keeps the fuel in a register.
    pub fn keeps_fuel_in_register(&self) -> bool {
        match &self.producer {
            Producer::Interpreter(_) => false,
            #[cfg(native)]
            Producer::Baseline(baseline) => baseline.settings.fuel,
        }
    }

    /// Whether the code polls for interruption.
    pub fn polls(&self) -> bool {
        match &self.producer {
            Producer::Interpreter(_) => false,
            #[cfg(native)]
            Producer::Baseline(baseline) => baseline.settings.polls(),
        }
    }

    /// Validates and compiles the bodies of the module with these bytes. Of several errors it gives the first in the module.
    pub fn compile(
        &self,
        facts: &Arc<ModuleFacts>,
        binary: &[u8],
        bodies: Vec<Body<'_>>,
    ) -> Result<Box<dyn ModuleCode>> {
        match &self.producer {
            Producer::Interpreter(settings) => {
                let _ = binary;
                let translate = |bodies: Vec<Body<'_>>| -> Result<Chunk, DecodeError> {
                    let mut translator = Translator::new(facts, *settings);
                    translator.reserve(bodies.iter().map(Body::size).sum());
                    bodies.into_iter().try_for_each(|body| translator.translate(body))?;
                    Ok(translator.finish())
                };
                Ok(Box::new(Code::new(in_tasks(bodies, self.parallel, translate)?)))
            }
            #[cfg(native)]
            Producer::Baseline(baseline) => baseline.compile(facts, binary, bodies, self.parallel),
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

/// What [`Strategy::Auto`] stands for: what `WINDLASS_TIER` in the environment names, else the best tier for this machine.
fn best() -> Result<Strategy> {
    match std::env::var_os("WINDLASS_TIER") {
        Some(name) if name == "interp" => return Ok(Strategy::Interpreter),
        Some(name) if name == "baseline" => return Ok(Strategy::Baseline),
        Some(name) if !name.is_empty() => {
            bail!("the environment's WINDLASS_TIER is {name:?}, and may be `interp` or `baseline`")
        }
        _ => {}
    }
    #[cfg(native)]
    if cpu::missing_feature().is_none() {
        return Ok(Strategy::Baseline);
    }
    Ok(Strategy::Interpreter)
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
