//! The tiers: what compiles and runs an engine's code. The only place that knows them by name.

use crate::config::{Config, Strategy};
use crate::error::{Result, bail};
use rayon::prelude::*;
use std::sync::Arc;
use windlass_abi::code::CodeChunk;
use windlass_abi::facts::ModuleFacts;
use windlass_abi::processor::{ModuleCode, Processor};
use windlass_interp::{Chunk, Code, Interpreter, Settings, Translator};
use windlass_wasm::{Body, DecodeError};

/// The tier of an engine, set up.
pub(crate) struct Tier {
    processor: Arc<dyn Processor>,
    settings: Settings,
    parallel: bool,
}

/// Bytes of bodies that are worth a task of their own.
const LEAST_TASK: usize = 128 << 10;
/// Tasks for each thread, so that all threads end at about the same time.
const TASKS_A_THREAD: usize = 8;

impl Tier {
    /// The tier that the settings ask for.
    pub fn new(config: &Config) -> Result<Tier> {
        match config.strategy {
            Strategy::Auto | Strategy::Interpreter => Ok(Tier {
                processor: Arc::new(Interpreter::new()),
                settings: Settings { fuel: config.consume_fuel, interruption: config.epoch_interruption },
                parallel: config.parallel_compilation,
            }),
            Strategy::Baseline => {
                bail!(
                    "the single-pass compiler (Strategy::Baseline) is not built yet: use Strategy::Interpreter"
                )
            }
            Strategy::Optimizing => {
                bail!(
                    "the optimizing compiler (Strategy::Optimizing) is not built yet: use Strategy::Interpreter"
                )
            }
        }
    }

    /// What runs the code.
    pub fn processor(&self) -> Arc<dyn Processor> {
        self.processor.clone()
    }

    /// Validates and compiles the bodies of a module. Of several errors it gives the first in the module.
    pub fn compile(
        &self,
        facts: &ModuleFacts,
        bodies: Vec<Body<'_>>,
    ) -> Result<Box<dyn ModuleCode>, DecodeError> {
        let translate = |bodies: Vec<Body<'_>>| -> Result<Chunk, DecodeError> {
            let mut translator = Translator::new(facts, self.settings);
            translator.reserve(bodies.iter().map(Body::size).sum());
            bodies.into_iter().try_for_each(|body| translator.translate(body))?;
            Ok(translator.finish())
        };
        let size = bodies.iter().map(Body::size).sum::<usize>();
        let chunks = if self.parallel && size >= 2 * LEAST_TASK {
            let task_size = LEAST_TASK.max(size / (TASKS_A_THREAD * rayon::current_num_threads()));
            let results: Vec<_> = tasks(bodies, task_size).into_par_iter().map(translate).collect();
            results.into_iter().collect::<Result<_, _>>()?
        } else {
            vec![translate(bodies)?]
        };
        Ok(Box::new(Code::new(chunks)))
    }

    /// Validates the bodies of a module and compiles them to machine code that can be saved: on the threads
    /// of the current pool, or on this one.
    pub fn compile_chunks(
        &self,
        _facts: &ModuleFacts,
        _bodies: Vec<Body<'_>>,
        _parallel: bool,
    ) -> Result<Vec<CodeChunk>> {
        bail!(
            "the interpreter makes its code when a module is loaded, and none that can be saved: use a compiler"
        )
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
