//! Guests that call WASI through a real linker and engine.

use windlass::{Engine, Error, Linker, Module, Store, Trap};
use windlass_wasi::{DirPerms, Exit, FilePerms, OutputBuffer, WasiCtx, WasiCtxBuilder, add_to_linker};

/// What a store holds besides the context, so that `get` has something to find.
struct Host {
    wasi: WasiCtx,
}

/// Links a module in text form with WASI, and runs its `_start`.
fn run(text: &str, wasi: WasiCtx) -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, text)?;
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    let mut store = Store::new(&engine, Host { wasi });
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
}

#[test]
fn every_function_is_offered_with_its_type() {
    run(include_str!("guests/every-import.wat"), WasiCtxBuilder::new().build()).unwrap();
}

#[test]
fn a_program_prints() {
    let output = OutputBuffer::new();
    let wasi = WasiCtxBuilder::new().stdout(output.clone()).build();
    run(include_str!("guests/hello.wat"), wasi).unwrap();
    assert_eq!(output.contents(), b"hello, world\n");
}

#[test]
fn output_is_there_in_order_when_a_program_traps() {
    let output = OutputBuffer::new();
    let wasi = WasiCtxBuilder::new().stdout(output.clone()).stderr(output.clone()).build();
    let error = run(include_str!("guests/trap.wat"), wasi).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached), "{error:?}");
    assert_eq!(output.contents(), b"abc");
}

#[test]
fn exit_leaves_the_program_with_its_code() {
    for count in [0, 1, 200] {
        let wasi = WasiCtxBuilder::new().args(vec!["x"; count]).build();
        let error = run(include_str!("guests/exit.wat"), wasi).unwrap_err();
        assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(count as i32)), "{error:?}");
        assert!(error.downcast_ref::<Trap>().is_none());
    }
}

#[test]
fn files_are_written_and_read_with_any_kind_of_memory() {
    for memory in [
        r#"(memory (export "memory") 1)"#,
        r#"(memory (export "memory") 1 1 shared)"#,
        r#"(memory (export "memory") 1) (memory (export "other") 0)"#,
    ] {
        let text = include_str!("guests/cat.wat").replace("MEMORY", memory);
        let dir = tempfile::tempdir().unwrap();
        let output = OutputBuffer::new();
        let input = b"some text of no great length";
        let wasi = WasiCtxBuilder::new()
            .stdin(&input[..])
            .stdout(output.clone())
            .preopened_dir(dir.path(), "/", DirPerms::all(), FilePerms::all())
            .unwrap()
            .build();
        run(&text, wasi).unwrap();
        assert_eq!(output.contents(), input, "{memory}");
        assert_eq!(std::fs::read(dir.path().join("copy")).unwrap(), input, "{memory}");
    }
}

#[test]
fn a_program_without_memory_is_told_what_it_lacks() {
    let text = include_str!("guests/hello.wat").replace(r#"(export "memory")"#, "");
    let error = run(&text, WasiCtxBuilder::new().build()).unwrap_err();
    assert!(format!("{error:#}").contains("export its memory"), "{error:#}");

    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "_start") (call $exit (i32.const 3))))"#;
    let error = run(text, WasiCtxBuilder::new().build()).unwrap_err();
    assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(3)), "leaving needs no memory");
}

#[test]
fn older_wasi_is_not_offered_and_says_why() {
    let text = include_str!("guests/hello.wat").replace("wasi_snapshot_preview1", "wasi_unstable");
    let error = run(&text, WasiCtxBuilder::new().build()).unwrap_err();
    assert!(format!("{error:#}").contains("wasi_unstable"), "{error:#}");
    let why = windlass_wasi::why_missing("wasi_unstable", "fd_write").unwrap();
    assert!(why.contains("wasi_snapshot_preview1"), "{why}");
}
