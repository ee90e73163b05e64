//! Runs every example on every tier, and compares what it prints with what its header says.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the header of an example says that it prints: the text block after the line `Prints:`.
fn expected(source: &str) -> String {
    let header = source.lines().map_while(|line| line.strip_prefix("//!"));
    let mut lines =
        header.map(|line| line.strip_prefix(' ').unwrap_or(line)).skip_while(|line| *line != "Prints:");
    let block = lines.by_ref().skip_while(|line| *line != "```text").skip(1);
    block.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect()
}

/// The folder of built examples, beside that of this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("the test's file");
    test.ancestors().nth(2).expect("the folder of the build").join("examples")
}

/// The tiers of this machine.
const TIERS: &[&str] = if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
    &["interp", "baseline"]
} else {
    &["interp"]
};

#[test]
fn examples_print_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut ran = 0;
    for entry in folder.read_dir().expect("the folder of the examples") {
        let source = entry.expect("an entry").path();
        let name = source.file_stem().expect("a name").to_string_lossy().into_owned();
        if source.extension().is_none_or(|extension| extension != "rs") || name == "lib" {
            continue;
        }
        let text = std::fs::read_to_string(&source).expect("an example's source");
        let expected = expected(&text);
        assert!(!expected.is_empty(), "{name}: the header does not say what it prints");
        for tier in TIERS {
            // From a folder of no meaning: an example finds its files by itself.
            let output = Command::new(built().join(&name))
                .env("WINDLASS_TIER", tier)
                .current_dir(std::env::temp_dir())
                .output()
                .unwrap_or_else(|error| {
                    panic!("{name}: {error}: is it in Cargo.toml? Built by `cargo test`")
                });
            let (out, err) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{name} on {tier}: {}\n{out}{err}", output.status);
            assert_eq!(out, expected, "{name} on {tier}");
            assert_eq!(err, "", "{name} on {tier}");
            ran += 1;
        }
    }
    assert_eq!(ran, 12 * TIERS.len());
}
