//! Limits on modules and guests, on the command line: what holds, and what the errors advise.

mod common;
use common::{Files, run, run_wat, run_with_input, windlass};

#[test]
fn sizes_of_modules() {
    let wat = r#"(module (func (export "f") (result i32) (i32.const 7)))"#;
    let size = format!("{}", wat.len());
    run_wat(&["--max-module-size", &size, "--invoke", "f"], wat, &[]).prints("7\n");
    // The binary form is shorter: it is the text that is too long.
    run_wat(&["--max-module-size", "20B", "--invoke", "f"], wat, &[])
        .fails(1, &["module_bytes", "20 are allowed", "`--max-module-size SIZE` sets the limit"]);
    run_with_input(&mut windlass(["validate", "--max-module-size", "1KiB", "-"]), &[b' '; 5000])
        .fails(1, &["<stdin>", "module_bytes"]);
    // Nothing is read for ever.
    run(&mut windlass(["run", "--max-module-size", "1MiB", "/dev/zero"])).fails(1, &["module_bytes"]);
    let files = Files::new();
    let (file, out) = (files.write("a.wat", wat), files.path().join("a.cwasm"));
    run(windlass(["compile", "--max-module-size", "5", "-o"]).arg(&out).arg(&file))
        .fails(1, &["module_bytes", "--max-module-size"]);
    assert!(!out.exists());
}

#[test]
fn strict_limits() {
    let deep = format!("(module (func {} {}))", "(block ".repeat(1001), ")".repeat(1001));
    let files = Files::new();
    let file = files.write("deep.wat", &deep);
    run(windlass(["validate"]).arg(&file)).prints("");
    run(windlass(["validate", "--strict-limits"]).arg(&file)).fails(
        1,
        &[
            "the limit `nesting`",
            "1001 nested blocks, and 1000 are allowed",
            "offset 0x",
            "`--strict-limits`",
        ],
    );
    run(windlass(["run", "--strict-limits"]).arg(&file)).fails(1, &["cannot compile", "nesting"]);
    // What is refused in any case is not blamed on the option.
    let memories = format!("(module {})", "(memory 0)".repeat(101));
    let refused = run_wat(&[], &memories, &[]);
    refused.fails(1, &["`memories`", "100 are allowed"]);
    assert!(!refused.stderr.contains("--strict-limits"), "{}", refused.stderr);
}

#[test]
fn time_for_compiling() {
    let long = format!("(module (func {}))", "(drop (i32.const 1))".repeat(20_000));
    let files = Files::new();
    let file = files.write("long.wat", &long);
    for command in ["run", "validate"] {
        run(windlass([command, "--compile-timeout", "0ms"]).arg(&file))
            .fails(1, &["longer than 0ns", "`--compile-timeout DURATION` sets the limit"]);
    }
    run(windlass(["validate", "--compile-timeout", "60s"]).arg(&file)).prints("");
}

#[test]
fn what_is_instantiated() {
    let wat = r#"(module (memory 3) (table 30 funcref) (func (export "_start")))"#;
    run_wat(&["--max-memory", "192KiB", "--max-table-elements", "30", "--max-instances", "1"], wat, &[])
        .prints("");
    run_wat(&["--max-memory", "191KiB"], wat, &[])
        .fails(1, &["cannot run", "a memory of 196608 bytes", "`--max-memory SIZE` sets the limit"]);
    run_wat(&["--max-table-elements", "29"], wat, &[])
        .fails(1, &["a table of 30 elements", "`--max-table-elements N` sets the limit"]);
    run_wat(&["--max-instances", "0"], wat, &[])
        .fails(1, &["instance count would be 1, and 0 is the limit", "`--max-instances N` sets the limit"]);
    let files = Files::new();
    let other = files.write("other.wat", "(module)");
    let main = files.write("main.wat", wat);
    let preload = format!("a={}", other.display());
    let with =
        |count: &str| run(windlass(["run", "--preload", &preload, "--max-instances", count]).arg(&main));
    with("2").prints("");
    with("1").fails(1, &["--max-instances"]);
}

#[test]
fn features_that_are_off_are_named_with_their_switch() {
    let wat =
        r#"(module (func (export "f") (result i32) (i32x4.extract_lane 0 (v128.const i32x4 7 0 0 0))))"#;
    for command in ["run", "validate"] {
        let files = Files::new();
        let file = files.write("simd.wat", wat);
        run(windlass([command, "-W", "simd=off"]).arg(&file))
            .fails(1, &["`simd`", "`-W simd=on` switches it on"]);
        run(windlass([command, "-W", "wasm1"]).arg(&file)).fails(1, &["`-W simd=on`"]);
    }
    let multi = "(module (memory 1) (memory 1))";
    run_wat(&["-W", "multi-memory=off"], multi, &[]).fails(1, &["`-W multi-memory=on`"]);
}
