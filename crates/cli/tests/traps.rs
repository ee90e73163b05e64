//! What `windlass run` says of a guest that trapped.

mod common;

use common::{Files, run, windlass};
use std::ffi::OsStr;
use std::path::Path;

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

/// A program that traps two calls deep.
const DEEP: &str = r#"(module $deep
    (memory 300)
    (global (mut i32) (i32.const 7))
    (func $main (export "_start") (local i32)
        (local.set 0 (i32.const 5))
        (i32.store (i32.const 0x120000c) (i32.const 0x64616564))
        (call $divide (local.get 0)))
    (func $divide (param i32)
        (drop (i32.div_u (local.get 0) (i32.sub (local.get 0) (i32.const 5))))))"#;

#[test]
fn a_core_dump_is_written_on_request() {
    let files = Files::new();
    let program = files.write("deep.wat", DEEP);
    let dump = files.path().join("dump");
    let run_deep = |file: &Path| {
        let args = [OsStr::new("run"), "--coredump-on-trap".as_ref(), file.as_ref(), program.as_ref()];
        run(&mut windlass(args))
    };
    let trapped = run_deep(&dump);
    trapped.fails(134, &["integer divide by zero", "deep!divide\n", "deep!main\n"]);
    let told = format!("windlass: the core dump is in {}\n", dump.display());
    assert!(trapped.stderr.ends_with(&told), "{}", trapped.stderr);
    let bytes = std::fs::read(&dump).unwrap();
    // The memory is 19 MiB, and one page of it not zero.
    assert!(bytes.starts_with(b"\0asm\x01\0\0\0") && bytes.len() < 8 << 10, "{} bytes", bytes.len());
    assert!(bytes.windows(4).any(|text| text == b"dead"));
    for text in ["core", "corestack", "coreinstances", "coremodules", "deep", "deep.wat"] {
        assert!(bytes.windows(text.len()).any(|found| found == text.as_bytes()), "{text}");
    }

    // The trap is told all the same if there is no room, or no place.
    let full = run_deep(Path::new("/dev/full"));
    full.fails(
        134,
        &["integer divide by zero", "there is no core dump\n", "cannot write /dev/full\n", "No space left"],
    );
    let nowhere = files.path().join("none/dump");
    run_deep(&nowhere).fails(134, &["integer divide by zero", "cannot write", "none/dump\n", "No such file"]);
    assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 2);
}

#[test]
fn a_program_that_ends_by_itself_leaves_no_core_dump() {
    let files = Files::new();
    let dump = files.path().join("dump");
    let exits = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start") (call $exit (i32.const 3))))"#;
    let program = files.write("exits.wat", exits);
    let args = [OsStr::new("run"), "--coredump-on-trap".as_ref(), dump.as_ref(), program.as_ref()];
    let run = run(&mut windlass(args));
    assert_eq!((run.code, run.stderr.as_str()), (Some(3), ""));
    assert!(!dump.exists());
}
