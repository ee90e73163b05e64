//! `windlass run`: every option, exit codes, messages.

mod common;

use common::{Files, HELLO, run, run_wat, run_with_input, windlass};
use std::time::{Duration, Instant};

const MATH: &str = r#"
(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "id64") (param i64) (result i64) (local.get 0))
  (func (export "idf32") (param f32) (result f32) (local.get 0))
  (func (export "idf64") (param f64) (result f64) (local.get 0))
  (func (export "idv") (param v128) (result v128) (local.get 0))
  (func (export "ids") (param funcref externref) (result funcref externref) (local.get 0) (local.get 1))
  (func $f (export "f") (result i32 funcref) (i32.const -1) (ref.func $f)))
"#;

#[test]
fn a_program_prints() {
    run_wat(&[], HELLO, &[]).prints("hello\n");
    run_wat(&["--compiler", "interp"], HELLO, &[]).prints("hello\n");
}

#[test]
fn functions_compiled_when_called() {
    run_wat(&["--lazy"], HELLO, &[]).prints("hello\n");
    // What is not called is validated, too.
    let invalid = HELLO.replacen("(memory", "(func $uncalled (result i32) (i64.const 0)) (memory", 1);
    run_wat(&["--lazy"], &invalid, &[]).fails(1, &["type mismatch"]);
}

#[test]
fn binaries_and_standard_input() {
    let binary = wat::parse_str(HELLO).unwrap();
    let files = Files::new();
    run(&mut windlass(["run".into(), files.write("hello.wasm", &binary)])).prints("hello\n");
    run_with_input(&mut windlass(["run", "-"]), &binary).prints("hello\n");
    run_with_input(&mut windlass(["run", "-"]), HELLO.as_bytes()).prints("hello\n");
}

/// Prints its arguments or its environment, each ended by a zero byte.
fn printer(count: &str, get: &str) -> String {
    format!(
        r#"
(module
  (import "wasi_snapshot_preview1" "{count}" (func $count (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "{get}" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $count (i32.const 0) (i32.const 4)))
    (drop (call $get (i32.const 100) (i32.const 1000)))
    (i32.store (i32.const 0) (i32.const 1000))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))))
"#
    )
}

#[test]
fn arguments_and_names() {
    let args = printer("args_sizes_get", "args_get");
    run_wat(&[], &args, &[]).prints("test.wat\0");
    run_wat(&[], &args, &["a", "--fuel", "-x", "--", ""]).prints("test.wat\0a\0--fuel\0-x\0--\0\0");
    run_wat(&["--argv0", "me"], &args, &["a"]).prints("me\0a\0");
}

#[test]
fn environment() {
    let env = printer("environ_sizes_get", "environ_get");
    run_wat(&[], &env, &[]).prints("");
    run_wat(&["--env", "A=b=c", "--env", "D="], &env, &[]).prints("A=b=c\0D=\0");
    let files = Files::new();
    let mut command = windlass(["run", "--env", "TAKEN", "--env", "UNSET_HERE"]);
    run(command.arg(files.write("env.wat", &env)).env("TAKEN", "over").env_remove("UNSET_HERE"))
        .prints("TAKEN=over\0");
    run_wat(&["--env", "=x"], &env, &[]).fails(2, &["'=x'", "`NAME=VALUE`"]);
}

/// Prints the contents of a file in the first preopened directory.
const CAT: &str = r#"
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "file.txt")
  (func (export "_start") (local $e i32)
    (local.set $e (call $name (i32.const 3) (i32.const 300) (i32.const 5)))
    (if (local.get $e) (then (call $exit (local.get $e))))
    (local.set $e (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 8) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 50)))
    (if (local.get $e) (then (call $exit (local.get $e))))
    (i32.store (i32.const 0) (i32.const 200))
    (i32.store (i32.const 4) (i32.const 90))
    (local.set $e (call $read (i32.load (i32.const 50)) (i32.const 0) (i32.const 1) (i32.const 4)))
    (if (local.get $e) (then (call $exit (local.get $e))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 60)))
    (i32.store (i32.const 0) (i32.const 300))
    (i32.store (i32.const 4) (i32.const 5))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 60)))))
"#;

#[test]
fn directories() {
    let files = Files::new();
    files.write("data/file.txt", "contents\n");
    let host = files.path().join("data");
    let dir = format!("{}::/here", host.display());
    run_wat(&["--dir", &dir], CAT, &[]).prints("contents\n/here");
    // Without a directory, the guest has none.
    assert_eq!(run_wat(&[], CAT, &[]).code, Some(8), "EBADF");
    let gone = format!("{}/gone::/here", files.path().display());
    run_wat(&["--dir", &gone], CAT, &[]).fails(1, &["--dir", "gone"]);
    run_wat(&["--dir", "::x"], CAT, &[]).fails(2, &["HOST"]);
}

#[test]
fn exit_codes() {
    let exit = |code: i32| {
        let program = format!(
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const {code})) unreachable))"#
        );
        run_wat(&[], &program, &[])
    };
    for code in [0, 1, 7, 125] {
        let ended = exit(code);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), ""));
    }
}

#[test]
fn traps_show_where() {
    let trap = r#"(module
      (func $inner (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
      (func (export "_start") (drop (call $inner (i32.const 0)))))"#;
    let ended = run_wat(&[], trap, &[]);
    ended.fails(134, &["test.wat trapped: integer divide by zero", "inner"]);
    assert!(
        ended.stderr.find("inner") < ended.stderr.find("_start").or(Some(usize::MAX)),
        "{}",
        ended.stderr
    );
    let start = r#"(module (func $go unreachable) (start $go))"#;
    run_wat(&[], start, &[]).fails(134, &["trapped: unreachable", "go"]);
    run_wat(&[], r#"(module (tag $t) (func (export "_start") (throw $t)))"#, &[])
        .fails(134, &["threw an exception that nothing catches"]);
}

#[test]
fn invoking_functions() {
    let invoke = |name: &str, args: &[&str]| run_wat(&["--invoke", name], MATH, args);
    invoke("add", &["1", "-3"]).prints("-2\n");
    invoke("add", &["0x7fffffff", "1"]).prints("-2147483648\n");
    invoke("id64", &["-9223372036854775808"]).prints("-9223372036854775808\n");
    invoke("idf32", &["0x1p-3"]).prints("0.125\n");
    invoke("idf32", &["nan:0x200001"]).prints("nan:0x200001\n");
    invoke("idf64", &["-inf"]).prints("-inf\n");
    invoke("idf64", &["-nan"]).prints("-nan\n");
    invoke("idv", &["i32x4 1 2 3 4"]).prints("0x00000004000000030000000200000001\n");
    invoke("idv", &["0x00000004000000030000000200000001"]).prints("0x00000004000000030000000200000001\n");
    invoke("ids", &["null", "null"]).prints("null\nnull\n");
    invoke("f", &[]).prints("-1\nfuncref\n");
}

#[test]
fn invoking_wrongly() {
    let invoke = |name: &str, args: &[&str]| run_wat(&["--invoke", name], MATH, args);
    invoke("sub", &[]).fails(1, &["no function \"sub\"", "add, id64"]);
    invoke("add", &["1"]).fails(1, &["takes 2 arguments", "1 are given"]);
    invoke("add", &["1", "x"]).fails(1, &["argument 2: `x` is not a 32-bit integer"]);
    invoke("add", &["1", "4294967296"]).fails(1, &["argument 2"]);
    invoke("ids", &["null", "5"]).fails(1, &["argument 2", "`null`"]);
    run_wat(&[], MATH, &[]).fails(1, &["exports no `_start`", "--invoke", "add"]);
}

#[test]
fn reactors_are_initialized_before_a_call() {
    let reactor = r#"(module (global $g (mut i32) (i32.const 0))
      (func (export "_initialize") (global.set $g (i32.add (global.get $g) (i32.const 5))))
      (func (export "get") (result i32) (global.get $g)))"#;
    run_wat(&["--invoke", "get"], reactor, &[]).prints("5\n");
    run_wat(&["--invoke", "_initialize"], reactor, &[]).prints("");
}

#[test]
fn preloaded_modules_are_linked_in_order() {
    let files = Files::new();
    let base = files.write("base.wat", r#"(module (func (export "two") (result i32) (i32.const 2)))"#);
    let helper = files.write(
        "helper.wat",
        r#"(module (import "base" "two" (func $two (result i32)))
          (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
          (memory (export "memory") 1)
          (global $ready (mut i32) (i32.const 0))
          (func (export "_initialize") (global.set $ready (i32.const 40)))
          (func (export "answer") (result i32) (i32.add (call $two) (global.get $ready))))"#,
    );
    let base = format!("base={}", base.display());
    let helper = format!("env={}", helper.display());
    let program = r#"(module (import "env" "answer" (func $answer (result i32)))
      (func (export "get") (result i32) (call $answer)))"#;
    run_wat(&["--preload", &base, "--preload", &helper, "--invoke", "get"], program, &[]).prints("42\n");
    run_wat(&["--preload", &helper, "--invoke", "get"], program, &[])
        .fails(1, &["cannot preload env=", "base"]);
    run_wat(&["--invoke", "get"], program, &[])
        .fails(1, &["cannot run", "unknown import: `env::answer`", "`--preload env=FILE`"]);
    run_wat(&[], r#"(module (import "wasi_unstable" "fd_write" (func)))"#, &[])
        .fails(1, &["unknown import: `wasi_unstable::fd_write`", "preview 1"]);
    run_wat(&["--preload", "env=/nowhere.wasm"], program, &[]).fails(1, &["cannot read /nowhere.wasm"]);
    run_wat(&["--preload", "env"], program, &[]).fails(2, &["NAME=FILE"]);
}

const SPIN: &str = r#"(module (func (export "_start") (loop (br 0))))"#;

#[test]
fn fuel_runs_out() {
    run_wat(&["--fuel", "10000"], SPIN, &[]).fails(134, &["all fuel consumed", "--fuel 10000"]);
    run_wat(&["--fuel", "10000"], HELLO, &[]).prints("hello\n");
    run_wat(&["--fuel", "many"], SPIN, &[]).fails(2, &["--fuel"]);
}

#[test]
fn time_runs_out() {
    let before = Instant::now();
    run_wat(&["--timeout", "100ms"], SPIN, &[]).fails(134, &["interrupt", "--timeout"]);
    assert!(before.elapsed() >= Duration::from_millis(100));
    run_wat(&["--timeout", "60s"], HELLO, &[]).prints("hello\n");
    run_wat(&["--timeout", "5 parsecs"], SPIN, &[]).fails(2, &["unknown unit"]);
}

#[test]
fn time_runs_out_in_the_host_too() {
    let sleep = r#"(module
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (i64.const 3600000000000))
        (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))))"#;
    let before = Instant::now();
    run_wat(&["--timeout", "50ms"], sleep, &[]).fails(134, &["interrupt", "--timeout 50ms"]);
    // It is not only at the end of its patience that the process ends.
    assert!(before.elapsed() < Duration::from_millis(500), "{:?}", before.elapsed());
}

#[test]
fn memory_and_table_limits() {
    let grow = r#"(module (memory 1) (table 1 funcref)
      (func (export "memory") (result i32) (memory.grow (i32.const 3)))
      (func (export "table") (result i32) (table.grow (ref.null func) (i32.const 3))))"#;
    run_wat(&["--invoke", "memory"], grow, &[]).prints("1\n");
    run_wat(&["--max-memory", "256KiB", "--invoke", "memory"], grow, &[]).prints("1\n");
    run_wat(&["--max-memory", "255KiB", "--invoke", "memory"], grow, &[]).prints("-1\n");
    run_wat(&["--max-memory", "1KiB", "--invoke", "memory"], grow, &[]).fails(1, &["cannot run", "memory"]);
    run_wat(&["--max-table-elements", "4", "--invoke", "table"], grow, &[]).prints("1\n");
    run_wat(&["--max-table-elements", "3", "--invoke", "table"], grow, &[]).prints("-1\n");
    run_wat(&["--max-memory", "lots"], grow, &[]).fails(2, &["--max-memory"]);
}

#[test]
fn stack_limit() {
    let deep = r#"(module (func $down (export "down") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 0)))))"#;
    run_wat(&["--invoke", "down"], deep, &["10000"]).prints("10000\n");
    run_wat(&["--max-stack", "64KiB", "--invoke", "down"], deep, &["10000"])
        .fails(134, &["call stack exhausted", "--max-stack"]);
    run_wat(&["--max-stack", "1B"], deep, &[]).fails(1, &["--max-stack 1\n", "too small"]);
    run_wat(&["--max-stack", "16777215TiB"], deep, &[]).fails(1, &["--max-stack 18446742974197923840\n"]);
    run_wat(&["--max-stack", "64MiB", "--invoke", "down"], deep, &["500000"]).prints("500000\n");
}

#[test]
fn feature_switches() {
    let simd =
        r#"(module (func (export "f") (result i32) (i32x4.extract_lane 0 (v128.const i32x4 7 0 0 0))))"#;
    run_wat(&["--invoke", "f"], simd, &[]).prints("7\n");
    run_wat(&["-W", "simd=off", "--invoke", "f"], simd, &[])
        .fails(1, &["cannot compile", "`simd`", "switched off"]);
    run_wat(&["-Wsimd=off", "-Wrelaxed-simd", "--invoke", "f"], simd, &[]).prints("7\n");
    run_wat(&["-W", "smid"], simd, &[]).fails(2, &["`smid`", "-W help"]);
    run_wat(&["-W", "stack-switching"], simd, &[]).fails(2, &["not built"]);
}

#[test]
fn bad_modules() {
    run(&mut windlass(["run", "/nowhere/a.wasm"])).fails(1, &["cannot read /nowhere/a.wasm", "No such file"]);
    run_wat(&[], "", &[]).fails(1, &["test.wat is empty"]);
    run_wat(&[], "(module (func $f\n  (i32.nonsense)))", &[]).fails(1, &["test.wat:2:4: unknown operator"]);
    run_wat(&[], "(module (func $f (result i32)))", &[])
        .fails(1, &["cannot compile", "test.wat", "invalid module", "offset 0x", "function 0 \"f\""]);
    run_wat(&[], "\0asm\x01\0\0\0\x01", &[]).fails(1, &["malformed module", "offset"]);
    run_wat(&[], "\0asm\x0d\0\x01\0", &[]).fails(1, &["component"]);
    let gc = r#"(module (type $s (struct)) (func (export "_start") (drop (struct.new $s))))"#;
    run_wat(&[], gc, &[]).fails(1, &["gc objects", "does not have yet"]);
}

/// Reads the standard input, writes to the standard output, and exits with the error number of whichever fails.
const COPY: &str = r#"
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\04\00\00\00")
  (func (export "_start")
    (call $exit (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "seven") (result i32) (i32.const 7))
  (func (export "write") (result i32)
    (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func (export "exit")
    (call $exit (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
"#;

#[test]
fn a_program_that_waits_for_input_is_stopped_when_its_time_is_up() {
    let files = Files::new();
    let copy = files.write("copy.wat", COPY);
    for compiler in ["interp", "auto"] {
        let mut command = windlass(["run", "--compiler", compiler, "--timeout", "50ms"]);
        command.arg(&copy).stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _open = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(134));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("interrupt") && said.contains("--timeout 50ms"), "{said}");
        assert!(!said.contains("host call"), "it was stopped in its wait: {said}");
    }
}

#[test]
fn output_that_does_not_go_out_is_an_error() {
    let files = Files::new();
    let copy = files.write("copy.wat", COPY);
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let invoke = |name: &str, stdout: std::process::Stdio| {
        let mut command = windlass(["run", "--invoke", name]);
        command.arg(&copy).stdout(stdout).stderr(std::process::Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // What a program writes goes out at once, so it is the program that is told: no space is left, the pipe is broken.
    assert_eq!(invoke("exit", full().into()), (Some(51), String::new()));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(invoke("exit", writer.into()), (Some(64), String::new()));
    // What we print is our own failure.
    let (code, said) = invoke("seven", full().into());
    assert_eq!(code, Some(1));
    assert!(said.contains("cannot write to the standard output"), "{said}");
}
