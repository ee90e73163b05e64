//! The tiers: what compiles and runs an engine's code. The only place that knows them by name.

use crate::config::{Config, Strategy};
use crate::error::{Result, bail};
use rayon::prelude::*;
use std::sync::Arc;
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
const TASK_SIZE: usize = 128 << 10;

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
        let chunks = if self.parallel && bodies.iter().map(Body::size).sum::<usize>() >= 2 * TASK_SIZE {
            let results: Vec<_> = tasks(bodies).into_par_iter().map(translate).collect();
            results.into_iter().collect::<Result<_, _>>()?
        } else {
            vec![translate(bodies)?]
        };
        Ok(Box::new(Code::new(chunks)))
    }
}

/// Bodies in their order, in tasks of about the same size.
fn tasks(bodies: Vec<Body<'_>>) -> Vec<Vec<Body<'_>>> {
    let mut tasks = vec![Vec::new()];
    let mut size = 0;
    for body in bodies {
        if size >= TASK_SIZE {
            tasks.push(Vec::new());
            size = 0;
        }
        size += body.size();
        tasks.last_mut().expect("it is never empty").push(body);
    }
    tasks
}
