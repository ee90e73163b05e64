//! Engines for the command line's settings.

use crate::args::{EngineArgs, LimitArgs, Profile, Tier};
use crate::features;
use windlass::{Config, Context, Engine, Features, ProfilingStrategy, Result, Strategy};

/// An engine with default limits.
pub fn bare(tier: Tier, features: Features) -> Result<Engine> {
    Engine::new(&config(tier, features))
}

/// An engine with the settings and limits of a run.
pub fn limited(args: &EngineArgs, limits: &LimitArgs, profile: Option<Profile>) -> Result<Engine> {
    threads(args)?;
    let mut config = config(args.compiler, features::apply(&args.features.switches));
    config.consume_fuel(limits.fuel.is_some()).epoch_interruption(limits.timeout.is_some());
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
