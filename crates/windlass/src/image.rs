//! Compiling a module to machine code that can be saved.

use crate::Engine;
use crate::compiling::Compiling;
use crate::config::Config;
use crate::error::{Context, Result};
use std::time::{Duration, Instant};
use windlass_abi::artifact::{self, Parts, Target};
use windlass_abi::code::CodeImage;
use windlass_abi::facts::ModuleFacts;
use windlass_wasm::Decoded;

/// A module's machine code, not loaded: what an artifact is made of.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let binary = b"\0asm\x01\0\0\0";
/// match engine.compile_image(binary, 1) {
///     Ok(image) => {
///         for stage in image.stages() {
///             println!("{}: {:?}, {:?} of processor time", stage.name, stage.wall, stage.cpu);
///         }
///         assert_eq!((image.functions(), image.text_size()), (0, 0));
///         assert_eq!(image.to_artifact(), engine.precompile_module(binary)?);
///     }
///     // The interpreter makes no code that can be saved.
///     Err(error) => println!("{error}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CompiledImage {
    /// What decoding learned.
    #[doc(hidden)]
    pub facts: ModuleFacts,
    /// What the facts' data segments refer to.
    #[doc(hidden)]
    pub data: Vec<u8>,
    /// The code and its tables.
    #[doc(hidden)]
    pub code: CodeImage,
    stages: Vec<Stage>,
    settings: Vec<(String, String)>,
}

/// A stage of compiling, and what it took.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// What was done.
    pub name: &'static str,
    /// The time that passed.
    pub wall: Duration,
    /// The processor time that the process used, all threads.
    pub cpu: Duration,
}

impl Stage {
    /// Does something and measures it.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let (stage, sum) = Stage::measure("add", || (1..=100_u64).sum::<u64>());
    /// assert_eq!((stage.name, sum), ("add", 5050));
    /// # Ok(())
    /// # }
    /// ```
    pub fn measure<T>(name: &'static str, work: impl FnOnce() -> T) -> (Stage, T) {
        let cpu = || {
            let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
            Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
        };
        let (wall_before, cpu_before) = (Instant::now(), cpu());
        let result = work();
        (Stage { name, wall: wall_before.elapsed(), cpu: cpu().saturating_sub(cpu_before) }, result)
    }
}

impl Engine {
    /// Compiles a module in binary form ahead of time, on this many threads (0: one for each processor).
    ///
    /// # Errors
    /// As [`Module::new`](crate::Module::new); and if the engine's tier makes no code that can be saved.
    pub fn compile_image(&self, binary: &[u8], threads: usize) -> Result<CompiledImage> {
        let compiling = Compiling::start(self, None);
        let watch = compiling.watch();
        let (decode, decoded) = Stage::measure("decode", || compiling.decode(binary, &watch));
        let Decoded { facts, data, bodies, .. } = decoded?;
        let compile = |parallel| {
            self.tier().compile_chunks(&facts, bodies, parallel).map_err(|error| compiling.explain(error))
        };
        let (compile, chunks) = Stage::measure("validate and compile", || -> Result<_> {
            if threads == 1 {
                return compile(false);
            }
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.context("cannot start threads to compile on")?.install(|| compile(true))
        });
        let chunks = chunks?;
        let (join, code) = Stage::measure("join", || CodeImage::join(chunks, 0));
        Ok(CompiledImage {
            code: code?,
            data: data.to_vec(),
            facts,
            stages: vec![decode, compile, join],
            settings: settings(self.config()),
        })
    }

    /// Compiles a module in binary form ahead of time, to the bytes of an artifact.
    ///
    /// # Errors
    /// As [`Engine::compile_image`].
    pub fn precompile_module(&self, binary: &[u8]) -> Result<Vec<u8>> {
        let threads = if self.config().parallel_compilation { 0 } else { 1 };
        Ok(self.compile_image(binary, threads)?.to_artifact())
    }
}

impl CompiledImage {
    /// What was done so far, in order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The number of functions with code.
    pub fn functions(&self) -> usize {
        self.code.code.functions.len()
    }

    /// Bytes of machine code.
    pub fn text_size(&self) -> usize {
        self.code.code.text.len()
    }

    /// The artifact: an ELF file.
    pub fn to_artifact(&self) -> Vec<u8> {
        artifact::write(&Parts {
            facts: &self.facts,
            data: &self.data,
            code: &self.code,
            target: Target::X86_64,
            version: env!("CARGO_PKG_VERSION"),
            cpu_features: crate::tier::cpu::FEATURES,
            settings: &self.settings,
        })
    }
}

/// The settings that code depends on.
fn settings(config: &Config) -> Vec<(String, String)> {
    let rows: [(&str, &dyn std::fmt::Display); 7] = [
        ("consume_fuel", &config.consume_fuel),
        ("coredump_on_trap", &config.coredump_on_trap),
        ("epoch_interruption", &config.epoch_interruption),
        ("memory_guard_size", &config.memory_guard_size),
        ("memory_reservation", &config.memory_reservation),
        ("relaxed_simd_deterministic", &config.relaxed_simd_deterministic),
        ("signals_based_traps", &config.signals_based_traps),
    ];
    rows.map(|(name, value)| (name.to_owned(), value.to_string())).to_vec()
}
