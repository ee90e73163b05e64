//! What `windlass run` says of a guest that trapped.

mod common;

use common::{run, windlass};

/// See `crates/windlass/tests/dwarf/README.md`.
const AVERAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../windlass/tests/dwarf/average-5.wasm");

#[test]
fn traps_show_files_and_lines() {
    let run_average = |details: Option<&str>| {
        let mut command = windlass(["run", "--invoke", "run", AVERAGE, "0"]);
        match details {
            Some(value) => command.env("WASM_BACKTRACE_DETAILS", value),
            None => command.env_remove("WASM_BACKTRACE_DETAILS"),
        };
        run(&mut command)
    };
    for details in [None, Some("1")] {
        let lines = ["average-5.wasm!divided\n", "at /src/average.c:10:14\n", "- mean\n", "average.c:28:14"];
        run_average(details).fails(134, &lines);
    }
    let without = run_average(Some("0"));
    without.fails(
        134,
        &["integer divide by zero", "average-5.wasm!average", "note: with WASM_BACKTRACE_DETAILS=1"],
    );
    assert!(!without.stderr.contains("/src/average.c"), "{}", without.stderr);
}
