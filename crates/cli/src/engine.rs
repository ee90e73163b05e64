//! Engines for the command line's settings.

use crate::args::{EngineArgs, LimitArgs, ModuleArgs, Profile, Run, Tier};
use crate::features;
use windlass::{
    Config, Context, Engine, Features, ModuleLimits, ProfilingStrategy, Result, Strategy,
    WasmBacktraceDetails, format_err,
};

/// An engine with default limits.
pub fn bare(tier: Tier, features: Features) -> Result<Engine> {
    Engine::new(&config(tier, features))
}

/// An engine with the settings and limits of a run.
pub fn limited(run: &Run) -> Result<Engine> {
    let Run { engine: args, limits, modules, profile, lazy, coredump_on_trap, .. } = run;
    threads(args)?;
    let mut config = config(args.compiler, features::apply(&args.features.switches));
    config.consume_fuel(limits.fuel.is_some()).epoch_interruption(limits.timeout.is_some());
    limit_modules(&mut config, modules);
    config.lazy_compilation(*lazy).coredump_on_trap(coredump_on_trap.is_some());
    // Attached when the guest has trapped.
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config.profiler(match profile {
        None => ProfilingStrategy::None,
        Some(Profile::Perfmap) => ProfilingStrategy::PerfMap,
        Some(Profile::Jitdump) => ProfilingStrategy::JitDump,
    });
    if let Some(stack) = limits.max_stack {
        config.max_wasm_stack(usize::try_from(stack.0).unwrap_or(usize::MAX));
    }
    Engine::new(&config).with_context(|| stack_option(limits))
}

/// Sets what the options say of modules.
pub fn limit_modules(config: &mut Config, args: &ModuleArgs) {
    let mut limits = if args.strict_limits { ModuleLimits::strict() } else { ModuleLimits::new() };
    if let Some(size) = args.max_module_size {
        limits = limits.module_bytes(usize::try_from(size.0).unwrap_or(usize::MAX));
    }
    config.module_limits(limits).compile_timeout(args.compile_timeout.map(|time| time.0));
}

/// Sets the number of threads to compile on, for the whole process.
pub fn threads(args: &EngineArgs) -> Result<()> {
    match args.jobs {
        None => Ok(()),
        Some(jobs) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.get());
            pool.build_global().with_context(|| format!("--jobs {jobs}"))
        }
    }
}

/// What the host's own frames take of a thread's stack.
const HOST_STACK: u64 = 2 << 20;

/// Does something on a stack on which a guest can have the one that `--max-stack` asks for: native code's
/// frames are on the host's.
pub fn on_stack<T: Send>(limits: &LimitArgs, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let Some(stack) = limits.max_stack else { return work() };
    let size = stack.0.checked_add(HOST_STACK).and_then(|size| isize::try_from(size).ok());
    let size = size.ok_or_else(|| format_err!("no stack can be so large").context(stack_option(limits)))?;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(size as usize).spawn_scoped(scope, work);
        let thread = thread.with_context(|| stack_option(limits))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The option that may be to blame if a stack cannot be had.
pub fn stack_option(limits: &LimitArgs) -> String {
    match limits.max_stack {
        Some(stack) => format!("--max-stack {}", stack.0),
        None => "cannot set up the engine".to_string(),
    }
}

/// Settings for a tier and features.
pub fn config(tier: Tier, features: Features) -> Config {
    let mut config = Config::new();
    config.strategy(match tier {
        Tier::Auto => Strategy::Auto,
        Tier::Interp => Strategy::Interpreter,
        Tier::Baseline => Strategy::Baseline,
        Tier::Opt => Strategy::Optimizing,
    });
    config.wasm_features(features);
    config
}
