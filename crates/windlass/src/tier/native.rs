//! Machine code: what the native tiers need to be set up, and how they compile.

use super::cpu::missing_feature;
use super::{Producer, in_tasks};
use crate::config::{Config, ProfilingStrategy};
use crate::error::{Context, Result, bail};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use windlass_abi::code::CodeChunk;
use windlass_abi::code::CodeImage;
use windlass_abi::facts::ModuleFacts;
use windlass_abi::processor::{ModuleCode, Processor};
use windlass_baseline::{Settings, X64};
use windlass_runtime::native::{LazyCompiler, NativeCode, NativeProcessor, ProfileKind};
use windlass_wasm::{Body, DecodeError, KeptBodies, Scan, WalkScratch};

/// The single-pass compiler, set up.
pub struct Baseline {
    pub settings: Settings,
    profiler: ProfilingStrategy,
    lazy: bool,
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
        locals_at_home: config.coredump_on_trap,
        ..Settings::default()
    };
    let baseline = Baseline { settings, profiler: config.profiler, lazy: config.lazy_compilation };
    let processor = match config.signals_based_traps {
        true => NativeProcessor::new(),
        false => NativeProcessor::without_signals(),
    };
    Ok((Arc::new(processor), Producer::Baseline(baseline)))
}

impl Baseline {
    pub fn compile(
        &self,
        facts: &Arc<ModuleFacts>,
        binary: &[u8],
        bodies: Vec<Body<'_>>,
        parallel: bool,
    ) -> Result<Box<dyn ModuleCode>> {
        let code = match self.lazy {
            true => self.lazy(facts, binary, bodies, parallel)?,
            false => NativeCode::new(CodeImage::join(self.compile_chunks(facts, bodies, parallel)?, 0)?)?,
        };
        self.tell_profiler(&code, facts)?;
        Ok(Box::new(code))
    }

    /// Validates the bodies, and compiles each when it is first called.
    fn lazy(
        &self,
        facts: &Arc<ModuleFacts>,
        binary: &[u8],
        bodies: Vec<Body<'_>>,
        parallel: bool,
    ) -> Result<NativeCode> {
        let leaves = AtomicBool::new(false);
        in_tasks(bodies.clone(), parallel, |bodies| {
            let (mut scratch, mut scan) = (WalkScratch::default(), Scan::default());
            bodies.into_iter().try_for_each(|body| {
                scan.scan(&body, facts.imported.functions);
                leaves.fetch_or(scan.leaves_by_tail_call, Relaxed);
                body.validate(&mut scratch)
            })
        })?;
        let settings = Settings { replaceable: true, reload_context: leaves.into_inner(), ..self.settings };
        let count = bodies.len() as u32;
        let bodies = KeptBodies::new(binary, bodies);
        // Address space only: machine code seldom takes more than three times the bytes.
        let text = bodies.size().saturating_mul(16).saturating_add(1 << 20).min(1 << 30);
        let compiler = Lazy { facts: facts.clone(), bodies, settings };
        Ok(NativeCode::lazy(count, facts.imported.functions, text, Box::new(compiler))?)
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
        code.profile(kind, Box::new(name)).with_context(|| format!("cannot write {file} for the profiler"))
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

/// Compiles functions of a module one by one.
struct Lazy {
    facts: Arc<ModuleFacts>,
    bodies: KeptBodies,
    settings: Settings,
}

impl LazyCompiler for Lazy {
    fn compile(&self, own: u32) -> Result<CodeChunk, String> {
        let mut compiler = X64::new(&self.facts, self.settings);
        compiler.compile(self.bodies.get(own)).map_err(|error| error.to_string())?;
        Ok(compiler.finish())
    }
}
