//! Settings of an engine.

use crate::error::Result;
use std::time::Duration;
use windlass_wasm::{Feature, Features, ModuleLimits};

/// Which tier runs the code.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let interpreter = Engine::new(Config::new().strategy(Strategy::Interpreter))?;
/// // The program goes on where there is no compiler, e.g. on another processor.
/// let compiler = Engine::new(Config::new().strategy(Strategy::Baseline)).unwrap_or(interpreter);
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Strategy {
    /// The best tier for this machine. The environment variable `WINDLASS_TIER` (`interp`, `baseline`) names another one:
    /// so the same tests run on every tier.
    #[default]
    Auto,
    /// The portable interpreter.
    Interpreter,
    /// The single-pass compiler, on x86-64 Linux.
    Baseline,
    /// The optimizing compiler. Not built yet.
    Optimizing,
}

/// How profilers learn the names of compiled functions.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::new(Config::new().profiler(ProfilingStrategy::PerfMap))?;
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProfilingStrategy {
    /// Not at all.
    #[default]
    None,
    /// By a file `/tmp/perf-PID.map`, which `perf report` reads while the machine runs on.
    PerfMap,
    /// By a file `jit-PID.dump` in the working directory, which also has the code: for `perf inject --jit`.
    JitDump,
}

/// Whether backtraces say where in the source they are.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum WasmBacktraceDetails {
    /// Yes: modules keep their debug information.
    Enable,
    /// No.
    Disable,
    /// Yes if the environment variable `WASM_BACKTRACE_DETAILS` is `1` when a module is made.
    #[default]
    Environment,
}

/// Settings of an [`Engine`](crate::Engine).
///
/// Setters return the configuration, so that they can be chained. What is not set has the default
/// that its setter names. Mistakes are found by [`Engine::new`](crate::Engine::new).
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut config = Config::new();
/// config
///     // What a guest may do, and for how long.
///     .wasm_threads(false)
///     .consume_fuel(true)
///     .epoch_interruption(true)
///     .max_wasm_stack(1 << 20)
///     .max_host_stack(256 << 10)
///     // How it is compiled.
///     .strategy(Strategy::Auto)
///     .parallel_compilation(true)
///     .lazy_compilation(false)
///     .signals_based_traps(true)
///     .relaxed_simd_deterministic(true)
///     // How memories take address space.
///     .memory_reservation(4 << 30)
///     .memory_guard_size(32 << 20)
///     .memory_init_cow(true)
///     // What errors tell.
///     .wasm_backtrace(true)
///     .wasm_backtrace_max_frames(50)
///     // To find mistakes in how the host keeps references.
///     .gc_stress(false);
/// assert!(config.get_consume_fuel() && config.get_epoch_interruption());
/// let engine = Engine::new(&config)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) strategy: Strategy,
    pub(crate) features: Features,
    pub(crate) consume_fuel: bool,
    pub(crate) epoch_interruption: bool,
    pub(crate) max_wasm_stack: usize,
    pub(crate) max_host_stack: usize,
    pub(crate) memory_reservation: u64,
    pub(crate) memory_guard_size: u64,
    pub(crate) memory_init_cow: bool,
    pub(crate) relaxed_simd_deterministic: bool,
    pub(crate) gc_stress: bool,
    pub(crate) parallel_compilation: bool,
    pub(crate) wasm_backtrace_max_frames: usize,
    pub(crate) wasm_backtrace_details: WasmBacktraceDetails,
    pub(crate) coredump_on_trap: bool,
    pub(crate) profiler: ProfilingStrategy,
    pub(crate) operator_positions: bool,
    pub(crate) signals_based_traps: bool,
    pub(crate) lazy_compilation: bool,
    pub(crate) module_limits: ModuleLimits,
    pub(crate) compile_timeout: Option<Duration>,
    #[cfg(feature = "async")]
    pub(crate) async_stack_size: usize,
    #[cfg(feature = "async")]
    pub(crate) async_stack_zeroing: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

macro_rules! feature_setters {
    ($( $name:ident $feature:ident )*) => { $(
        #[doc = concat!("Switches the feature [`", stringify!($feature), "`](Feature::", stringify!($feature), ") on or off, as [`Config::wasm_feature`] does.")]
        pub fn $name(&mut self, enable: bool) -> &mut Config {
            self.wasm_feature(Feature::$feature, enable)
        }
    )* };
}

impl Config {
    /// The defaults: every feature that is built is on; no fuel, no interruption.
    pub fn new() -> Config {
        let memory = windlass_runtime::MemoryConfig::default();
        Config {
            strategy: Strategy::Auto,
            features: Features::default(),
            consume_fuel: false,
            epoch_interruption: false,
            max_wasm_stack: 4 << 20,
            max_host_stack: 512 << 10,
            memory_reservation: memory.reservation,
            memory_guard_size: memory.guard,
            memory_init_cow: memory.images,
            relaxed_simd_deterministic: false,
            gc_stress: false,
            parallel_compilation: true,
            wasm_backtrace_max_frames: 20,
            wasm_backtrace_details: WasmBacktraceDetails::Environment,
            coredump_on_trap: false,
            profiler: ProfilingStrategy::None,
            operator_positions: false,
            signals_based_traps: true,
            lazy_compilation: false,
            module_limits: ModuleLimits::new(),
            compile_timeout: None,
            #[cfg(feature = "async")]
            async_stack_size: 2 << 20,
            #[cfg(feature = "async")]
            async_stack_zeroing: false,
        }
    }

    /// How much a module may hold; one that holds more is refused with
    /// [`DecodeErrorKind::ModuleLimit`](crate::DecodeErrorKind::ModuleLimit). Default: [`ModuleLimits::new`], the limits
    /// that engines have agreed on for the web.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().module_limits(ModuleLimits::strict().functions(2)))?;
    /// let error = Module::new(&engine, "(module (func) (func) (func))").unwrap_err();
    /// let error: &DecodeError = error.downcast_ref().unwrap();
    /// let expected = DecodeErrorKind::ModuleLimit { limit: "functions", value: 3, maximum: 2 };
    /// assert_eq!(*error.kind(), expected);
    /// # Ok(())
    /// # }
    /// ```
    pub fn module_limits(&mut self, limits: ModuleLimits) -> &mut Config {
        self.module_limits = limits;
        self
    }

    /// The longest time that compiling a module may take; then it ends with
    /// [`CompileStopped::TimedOut`](crate::CompileStopped::TimedOut). `None`, the default: as long as it takes.
    ///
    /// Functions that are compiled when they are first called
    /// ([`Config::lazy_compilation`]) are not counted: they take time of their caller.
    pub fn compile_timeout(&mut self, limit: Option<Duration>) -> &mut Config {
        self.compile_timeout = limit;
        self
    }

    /// Which tier runs the code. Default: [`Strategy::Auto`].
    pub fn strategy(&mut self, strategy: Strategy) -> &mut Config {
        self.strategy = strategy;
        self
    }

    /// Switches a feature on or off. Switching one on switches on what it needs;
    /// switching one off switches off what needs it. Default: all that are built are on.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let mut config = Config::new();
    /// config.wasm_feature(Feature::Threads, false).wasm_simd(false);
    /// assert!(!config.get_wasm_features().contains(Feature::Threads));
    /// let engine = Engine::new(&config)?;
    /// assert!(Module::new(&engine, "(module (memory 1 1 shared))").is_err());
    ///
    /// let mut all = Config::new();
    /// all.wasm_features(Features::default());
    /// assert_eq!(all.get_wasm_features(), Features::default());
    /// # Ok(())
    /// # }
    /// ```
    pub fn wasm_feature(&mut self, feature: Feature, enable: bool) -> &mut Config {
        self.features.set(feature, enable);
        self
    }

    /// Sets all features at once.
    pub fn wasm_features(&mut self, features: Features) -> &mut Config {
        self.features = features;
        self
    }

    /// The features that are on.
    pub fn get_wasm_features(&self) -> Features {
        self.features
    }

    feature_setters! {
        wasm_simd Simd
        wasm_relaxed_simd RelaxedSimd
        wasm_tail_call TailCall
        wasm_extended_const ExtendedConst
        wasm_multi_memory MultiMemory
        wasm_multi_value MultiValue
        wasm_memory64 Memory64
        wasm_bulk_memory BulkMemory
        wasm_reference_types ReferenceTypes
        wasm_function_references FunctionReferences
        wasm_gc Gc
        wasm_exceptions Exceptions
        wasm_threads Threads
        wasm_wide_arithmetic WideArithmetic
        wasm_custom_page_sizes CustomPageSizes
    }

    /// Whether code charges fuel, and traps with [`Trap::OutOfFuel`](crate::Trap::OutOfFuel) when a
    /// store has none left. Default: off.
    pub fn consume_fuel(&mut self, enable: bool) -> &mut Config {
        self.consume_fuel = enable;
        self
    }

    /// Whether fuel is on.
    pub fn get_consume_fuel(&self) -> bool {
        self.consume_fuel
    }

    /// Whether code checks for interruption: by epochs ([`Engine::increment_epoch`](crate::Engine::increment_epoch))
    /// and by [`Store::interrupt_handle`](crate::Store::interrupt_handle). Default: off.
    pub fn epoch_interruption(&mut self, enable: bool) -> &mut Config {
        self.epoch_interruption = enable;
        self
    }

    /// Whether code checks for interruption.
    pub fn get_epoch_interruption(&self) -> bool {
        self.epoch_interruption
    }

    /// Bytes of stack that Wasm frames of a store may take, before the guest traps with
    /// [`Trap::StackOverflow`](crate::Trap::StackOverflow). The interpreter's stack is not the host's. Default: 4 MiB.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Config {
        self.max_wasm_stack = bytes;
        self
    }

    /// Bytes of the host's stack that calls may take which nest through host functions (guest, host function, guest again,
    /// and so on), from the outermost call on. A call beyond that traps with
    /// [`Trap::StackOverflow`](crate::Trap::StackOverflow). Threads that run guests need that much stack, and some more for
    /// the host functions themselves. For the interpreter; compiled code runs on the host's stack, and
    /// [`Config::max_wasm_stack`] covers both. Default: 512 KiB.
    pub fn max_host_stack(&mut self, bytes: usize) -> &mut Config {
        self.max_host_stack = bytes;
        self
    }

    /// Bytes of address space that a 32-bit memory reserves, so that it need not move when it grows. Default: 4 GiB.
    pub fn memory_reservation(&mut self, bytes: u64) -> &mut Config {
        self.memory_reservation = bytes;
        self
    }

    /// Bytes behind a memory's reservation that are kept inaccessible. Default: 32 MiB.
    pub fn memory_guard_size(&mut self, bytes: u64) -> &mut Config {
        self.memory_guard_size = bytes;
        self
    }

    /// Whether initial contents of memories are mapped copy-on-write where that pays. Default: on.
    pub fn memory_init_cow(&mut self, enable: bool) -> &mut Config {
        self.memory_init_cow = enable;
        self
    }

    /// Whether relaxed SIMD operators have the same results on every machine. Default: off.
    pub fn relaxed_simd_deterministic(&mut self, enable: bool) -> &mut Config {
        self.relaxed_simd_deterministic = enable;
        self
    }

    /// Whether every allocation of a heap reference collects garbage and moves every object: a
    /// setting to find mistakes. Default: off.
    pub fn gc_stress(&mut self, enable: bool) -> &mut Config {
        self.gc_stress = enable;
        self
    }

    /// Whether modules are compiled on several threads. Default: on.
    pub fn parallel_compilation(&mut self, enable: bool) -> &mut Config {
        self.parallel_compilation = enable;
        self
    }

    /// Whether functions are compiled when they are first called; the module is validated at once all the same.
    /// Only compilers do so: the interpreter translates everything at once. Default: off.
    pub fn lazy_compilation(&mut self, enable: bool) -> &mut Config {
        self.lazy_compilation = enable;
        self
    }

    /// Whether errors carry a [`WasmBacktrace`](crate::WasmBacktrace). Default: on.
    pub fn wasm_backtrace(&mut self, enable: bool) -> &mut Config {
        self.wasm_backtrace_max_frames = if enable { 20 } else { 0 };
        self
    }

    /// The largest number of frames in a [`WasmBacktrace`](crate::WasmBacktrace); 0 switches backtraces off. Default: 20.
    pub fn wasm_backtrace_max_frames(&mut self, frames: usize) -> &mut Config {
        self.wasm_backtrace_max_frames = frames;
        self
    }

    /// Whether backtraces say where in the source they are, if the module has DWARF sections:
    /// [`FrameInfo::symbols`](crate::FrameInfo::symbols). Modules then keep these sections in memory; they are read only when a
    /// backtrace is printed or asked. Default: [`WasmBacktraceDetails::Environment`].
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().wasm_backtrace_details(WasmBacktraceDetails::Enable))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wasm_backtrace_details(&mut self, details: WasmBacktraceDetails) -> &mut Config {
        self.wasm_backtrace_details = details;
        self
    }

    /// Whether the error of a trap carries a [`WasmCoreDump`](crate::WasmCoreDump), with all frames and their locals. Compiled code
    /// then writes locals to memory whenever they change, and modules keep the types of their locals. Default: off.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().coredump_on_trap(true))?;
    /// assert!(engine.config().get_coredump_on_trap());
    /// # Ok(())
    /// # }
    /// ```
    pub fn coredump_on_trap(&mut self, enable: bool) -> &mut Config {
        self.coredump_on_trap = enable;
        self
    }

    /// Whether traps carry a core dump.
    pub fn get_coredump_on_trap(&self) -> bool {
        self.coredump_on_trap
    }

    /// Whether modules keep their debug information.
    pub(crate) fn reads_debug_info(&self) -> bool {
        match self.wasm_backtrace_details {
            WasmBacktraceDetails::Enable => true,
            WasmBacktraceDetails::Disable => false,
            WasmBacktraceDetails::Environment => {
                std::env::var_os(crate::backtrace::VARIABLE).is_some_and(|value| value == "1")
            }
        }
    }

    /// Whether faults of the processor become traps: of inaccessible pages behind memories, of divisions. Otherwise compiled code
    /// checks everything itself, and no signal handler is needed. The interpreter always checks. Default: on.
    pub fn signals_based_traps(&mut self, enable: bool) -> &mut Config {
        self.signals_based_traps = enable;
        self
    }

    /// Bytes of stack for each asynchronous call that is going on ([`Func::call_async`](crate::Func::call_async)): for the guest, if it is
    /// compiled, and for host functions that it calls. They are taken from the system as they are used.
    ///
    /// The guest gets at most [`Config::max_wasm_stack`] of it, and at most all but 128 KiB, which are left for host
    /// functions. Those must do with what the guest leaves: as on a thread's stack, the process ends if they overflow it.
    /// Default: 2 MiB, at least 256 KiB.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// // At least half a MiB for host functions.
    /// let engine = Engine::new(Config::new().max_wasm_stack(512 << 10).async_stack_size(1 << 20))?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "async")]
    pub fn async_stack_size(&mut self, bytes: usize) -> &mut Config {
        self.async_stack_size = bytes;
        self
    }

    /// Whether stacks of asynchronous calls are zeroed before they are used again. Guests never read what they have not written, so
    /// this is a second line of defence; it makes short calls slower. Default: off.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().async_stack_zeroing(true))?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "async")]
    pub fn async_stack_zeroing(&mut self, enable: bool) -> &mut Config {
        self.async_stack_zeroing = enable;
        self
    }

    /// Does nothing: every store can be called synchronously and asynchronously.
    ///
    /// ```
    /// # #![allow(deprecated)]
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().async_support(true))?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "async")]
    #[deprecated(note = "has no effect: every store can be called asynchronously")]
    pub fn async_support(&mut self, _enable: bool) -> &mut Config {
        self
    }

    /// How profilers learn the names of compiled functions. The interpreter has none to tell. Default: not at all.
    pub fn profiler(&mut self, strategy: ProfilingStrategy) -> &mut Config {
        self.profiler = strategy;
        self
    }

    /// Whether compiled code has a position for every operator, not only for those that call or trap: for listings.
    #[doc(hidden)]
    pub fn operator_positions(&mut self, enable: bool) -> &mut Config {
        self.operator_positions = enable;
        self
    }

    pub(crate) fn validate(&self) -> Result<()> {
        for feature in self.features.iter() {
            crate::ensure!(
                feature.is_built(),
                "the WebAssembly feature `{feature}` is not built yet: switch it off"
            );
        }
        crate::ensure!(
            self.max_wasm_stack >= MIN_WASM_STACK,
            "max_wasm_stack of {} bytes is too small: at least {MIN_WASM_STACK} bytes",
            self.max_wasm_stack
        );
        crate::ensure!(
            self.max_host_stack >= MIN_HOST_STACK,
            "max_host_stack of {} bytes is too small: at least {MIN_HOST_STACK} bytes",
            self.max_host_stack
        );
        #[cfg(feature = "async")]
        crate::ensure!(
            self.async_stack_size >= MIN_ASYNC_STACK,
            "async_stack_size of {} bytes is too small: at least {MIN_ASYNC_STACK} bytes",
            self.async_stack_size
        );
        Ok(())
    }
}

/// Smaller stacks could not hold the frames of ordinary functions.
const MIN_WASM_STACK: usize = 16 << 10;
/// Less could not hold a host function that calls back.
const MIN_HOST_STACK: usize = 64 << 10;

/// Half of a smaller one would be kept for host functions, and less than those may need.
#[cfg(feature = "async")]
const MIN_ASYNC_STACK: usize = 256 << 10;
