//! Core dumps: what they hold, read by a parser that is not ours.

mod common;
use common::*;
use wasmparser::{CoreDumpValue, Parser, Payload};
use windlass::*;

/// What a reader finds in a dump.
#[derive(Default, Debug)]
struct Read {
    name: String,
    modules: Vec<String>,
    /// Module, memories, globals.
    instances: Vec<(u32, Vec<u32>, Vec<u32>)>,
    /// Instance, function, offset, locals.
    frames: Vec<(u32, u32, u32, Vec<String>)>,
    memories: Vec<wasmparser::MemoryType>,
    globals: Vec<String>,
    /// Memory, offset, bytes.
    data: Vec<(u32, u64, Vec<u8>)>,
}

fn constant(expr: &wasmparser::ConstExpr<'_>) -> String {
    let operator = expr.get_operators_reader().read().unwrap();
    format!("{operator:?}")
}

fn read(dump: &[u8]) -> Read {
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(dump)
        .expect("it is a valid module");
    let mut read = Read::default();
    for payload in Parser::new(0).parse_all(dump) {
        match payload.unwrap() {
            Payload::MemorySection(section) => {
                read.memories = section.into_iter().map(Result::unwrap).collect()
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global.unwrap();
                    assert!(!global.ty.mutable);
                    read.globals.push(constant(&global.init_expr));
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data.unwrap();
                    let wasmparser::DataKind::Active { memory_index, offset_expr } = data.kind else {
                        panic!("only active segments");
                    };
                    let offset = match offset_expr.get_operators_reader().read().unwrap() {
                        wasmparser::Operator::I32Const { value } => value as u32 as u64,
                        wasmparser::Operator::I64Const { value } => value as u64,
                        other => panic!("{other:?}"),
                    };
                    read.data.push((memory_index, offset, data.data.to_vec()));
                }
            }
            Payload::CustomSection(section) => match section.as_known() {
                wasmparser::KnownCustom::CoreDump(core) => read.name = core.name.to_string(),
                wasmparser::KnownCustom::CoreDumpModules(section) => {
                    read.modules = section.modules.iter().map(|name| name.to_string()).collect();
                }
                wasmparser::KnownCustom::CoreDumpInstances(section) => {
                    let instance = |i: wasmparser::CoreDumpInstance| (i.module_index, i.memories, i.globals);
                    read.instances = section.instances.into_iter().map(instance).collect();
                }
                wasmparser::KnownCustom::CoreDumpStack(stack) => {
                    for frame in stack.frames {
                        let local = |value: &CoreDumpValue| match value {
                            CoreDumpValue::Missing => "missing".to_string(),
                            CoreDumpValue::I32(n) => format!("i32 {n}"),
                            CoreDumpValue::I64(n) => format!("i64 {n}"),
                            CoreDumpValue::F32(n) => format!("f32 {}", f32::from_bits(n.bits())),
                            CoreDumpValue::F64(n) => format!("f64 {}", f64::from_bits(n.bits())),
                        };
                        let locals = frame.locals.iter().map(local).collect();
                        read.frames.push((frame.instanceidx, frame.funcidx, frame.codeoffset, locals));
                    }
                }
                _ => panic!("{}", section.name()),
            },
            _ => {}
        }
    }
    read
}

fn dumping() -> Engine {
    Engine::new(Config::new().coredump_on_trap(true)).unwrap()
}

/// The error of a call, and its core dump.
fn dump_of(store: &mut Store<()>, instance: Instance, function: &str, args: &[Val]) -> (Error, Vec<u8>) {
    let func = instance.get_func(&mut *store, function).unwrap();
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    let error = func.call(&mut *store, args, &mut results).unwrap_err();
    let bytes = error.downcast_ref::<WasmCoreDump>().expect("a core dump").serialize(store, "test");
    (error, bytes)
}

#[test]
fn frames_have_their_locals() -> Result<()> {
    let (mut store, instance) = instance_on(
        &dumping(),
        r#"(module $m
            (func $outer (export "run") (param i32 i64) (result i32)
                (local f32 v128 f64 externref i32)
                (local.set 2 (f32.const 1.5))
                (local.set 4 (f64.const -2.25))
                (local.set 6 (i32.const 7))
                (call $inner (i32.add (local.get 0) (i32.const 1)))
                (i32.add (local.get 6)))
            (func $inner (param i32) (result i32)
                (local i32 i64)
                (loop $again
                    (local.set 1 (i32.add (local.get 1) (local.get 0)))
                    (local.set 2 (i64.add (local.get 2) (i64.const 3)))
                    (br_if $again (i32.lt_u (local.get 1) (i32.const 100))))
                (i32.div_u (local.get 1) (i32.sub (local.get 1) (local.get 1)))))"#,
    );
    let (error, bytes) = dump_of(&mut store, instance, "run", &[Val::I32(29), Val::I64(-1)]);
    assert_eq!(trap(&error), Trap::IntegerDivisionByZero);
    let read = read(&bytes);
    assert_eq!((read.name.as_str(), &*read.modules), ("test", &["m".to_string()][..]));
    assert_eq!(read.instances, [(0, vec![], vec![])]);
    let frames: Vec<_> = read.frames.iter().map(|frame| (frame.0, frame.1)).collect();
    assert_eq!(frames, [(0, 1), (0, 0)]);
    assert_eq!(read.frames[0].3, ["i32 30", "i32 120", "i64 12"]);
    let outer = ["i32 29", "i64 -1", "f32 1.5", "missing", "f64 -2.25", "missing", "i32 7"];
    assert_eq!(read.frames[1].3, outer);
    // Offsets count from the start of the body.
    let infos = error.downcast_ref::<WasmCoreDump>().unwrap().frames();
    for (frame, info) in read.frames.iter().zip(infos) {
        assert_eq!(Some(frame.2 as usize), info.func_offset());
    }
    Ok(())
}

#[test]
fn the_error_says_the_same_as_without() -> Result<()> {
    let wat = r#"(module $m (func $f (export "f") (unreachable)))"#;
    let text = |engine: &Engine| {
        let (mut store, instance) = instance_on(engine, wat);
        let error = instance.get_func(&mut store, "f").unwrap().call(&mut store, &[], &mut []).unwrap_err();
        assert_eq!(trap(&error), Trap::UnreachableCodeReached);
        assert_eq!(frames(&error), ["f"]);
        assert_eq!(error.is::<WasmCoreDump>(), engine.config().get_coredump_on_trap());
        error.to_string()
    };
    assert_eq!(text(&dumping()), text(&Engine::default()));
    Ok(())
}

#[test]
fn instances_share_what_they_import() -> Result<()> {
    let engine = dumping();
    let mut store = Store::new(&engine, ());
    let a = Module::new(
        &engine,
        r#"(module $a (memory (export "m") 1 5) (memory (export "n") i64 2)
            (global (export "g") (mut i32) (i32.const 5)) (global i64 (i64.const -6))
            (data (memory 1) (i64.const 70000) "second"))"#,
    )?;
    let b = Module::new(
        &engine,
        r#"(module
            (import "a" "n" (memory i64 2)) (import "a" "m" (memory 1)) (import "a" "g" (global (mut i32)))
            (memory 1 1 shared)
            (global funcref (ref.func $f)) (global v128 (v128.const i32x4 1 0 0 0)) (global (mut f64) (f64.const 0.5))
            (global f32 (f32.const -0)) (global externref (ref.null extern)) (global exnref (ref.null exn))
            (func $f (export "f")
                (i32.store8 1 (i32.const 4095) (i32.const 9))
                (i32.store8 2 (i32.const 65535) (i32.const 8))
                (global.set 0 (i32.const 77))
                (drop (memory.grow 1 (i32.const 1)))
                (unreachable)))"#,
    )?;
    let mut linker = Linker::<()>::new(&engine);
    let instance = linker.instantiate(&mut store, &a)?;
    linker.instance(&mut store, "a", instance)?;
    linker.instantiate(&mut store, &b)?;
    let instance = linker.instantiate(&mut store, &b)?;
    let (error, bytes) = dump_of(&mut store, instance, "f", &[]);
    let read = read(&bytes);
    assert_eq!(read.modules, ["a", "<module 1>"]);
    let globals = |from: u32| [vec![0], (from..from + 6).collect()].concat();
    assert_eq!(
        read.instances,
        [(0, vec![0, 1], vec![0, 1]), (1, vec![1, 0, 2], globals(2)), (1, vec![1, 0, 3], globals(8)),]
    );
    assert_eq!(read.frames, [(2, 0, read.frames[0].2, vec![])]);
    let sizes: Vec<_> = read.memories.iter().map(|m| (m.initial, m.maximum, m.memory64, m.shared)).collect();
    assert_eq!(
        sizes,
        [
            (2, Some(5), false, false),
            (2, None, true, false),
            (1, Some(1), false, true),
            (1, Some(1), false, true)
        ]
    );
    // Whole pages: of memory 0 the byte before 4096, of memory 1 the text, of memory 3 its last byte.
    let data: Vec<_> = read.data.iter().map(|(m, at, bytes)| (*m, *at, bytes.len())).collect();
    assert_eq!(data, [(0, 0, 4096), (1, 69632, 4096), (3, 61440, 4096)]);
    assert_eq!(read.data[0].2[4095], 9);
    assert_eq!(&read.data[1].2[70000 - 69632..][..6], b"second");
    assert_eq!(read.data[2].2[4095], 8);
    let expected = ["I32Const { value: 77 }", "I64Const { value: -6 }"];
    assert_eq!(read.globals[..2], expected);
    let kinds = ["RefNull", "V128Const", "F64Const", "F32Const", "RefNull", "RefNull"];
    for (global, kind) in read.globals[2..].iter().zip(kinds.iter().cycle()) {
        assert!(global.starts_with(kind), "{global} is no {kind}");
    }
    assert!(read.globals[4].contains(&0.5_f64.to_bits().to_string()), "{}", read.globals[4]);
    let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
    assert_eq!((dump.modules().len(), dump.instances().len()), (2, 3));
    assert_eq!((dump.memories().len(), dump.globals().len()), (2, 14));
    assert_eq!(dump.instances()[2], instance);
    assert_eq!(dump.globals()[0].get(&mut store).i32(), Some(77));
    Ok(())
}

#[test]
fn a_sparse_memory_takes_little_room() -> Result<()> {
    let (mut store, instance) = instance_on(
        &dumping(),
        r#"(module (memory 16384)
            (func (export "f")
                (i32.store (i32.const 0) (i32.const 1))
                (i32.store (i32.const 0x3ffffffc) (i32.const 1))
                (unreachable)))"#,
    );
    let (_, bytes) = dump_of(&mut store, instance, "f", &[]);
    assert!(bytes.len() < 3 * 4096, "{}", bytes.len());
    let data: Vec<_> = read(&bytes).data.iter().map(|(_, at, bytes)| (*at, bytes.len())).collect();
    assert_eq!(data, [(0, 4096), (0x3ffff000, 4096)]);
    Ok(())
}

#[test]
fn a_scattered_memory_stays_within_the_limits_of_readers() -> Result<()> {
    // 128 MiB, a byte in every third page.
    let (mut store, instance) = instance_on(
        &dumping(),
        r#"(module (memory 8192) (func (export "f") (local i32)
            (loop $l
                (i32.store8 (local.get 0) (i32.const 1))
                (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 12288))) (i32.const 0x20000000))))
            (unreachable)))"#,
    );
    let func = instance.get_func(&mut store, "f").unwrap();
    let error = func.call(&mut store, &[], &mut []).unwrap_err();
    let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
    let bytes = dump.serialize(&mut store, "");
    assert!(read(&bytes).data.len() <= 100_000);
    Ok(())
}

#[test]
fn deep_stacks_are_dumped_whole() -> Result<()> {
    let (mut store, instance) = instance_on(
        &dumping(),
        r#"(module (func $f (export "f") (param i32) (local i64)
            (call $f (i32.add (local.get 0) (i32.const 1)))))"#,
    );
    let (error, bytes) = dump_of(&mut store, instance, "f", &[Val::I32(0)]);
    assert_eq!(trap(&error), Trap::StackOverflow);
    assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 20);
    assert!(error.to_string().ends_with("… and more frames"));
    let frames = read(&bytes).frames;
    assert!(frames.len() > 1000, "{}", frames.len());
    let outermost = frames.len() - 1;
    for (i, frame) in frames.iter().enumerate().skip(1) {
        assert_eq!(frame.3, [format!("i32 {}", outermost - i), "i64 0".to_string()]);
    }
    Ok(())
}

#[test]
fn errors_that_are_no_traps_have_none() -> Result<()> {
    let engine = dumping();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("h", "fail", || -> Result<()> { bail!("no") })?;
    linker.func_wrap("h", "trap", || -> Result<()> { Err(Trap::Interrupt.into()) })?;
    let module = Module::new(
        &engine,
        r#"(module (import "h" "fail" (func $fail)) (import "h" "trap" (func $trap))
            (func (export "fail") (call $fail)) (func (export "trap") (call $trap)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    for (name, expected) in [("fail", false), ("trap", true)] {
        let error = instance.get_func(&mut store, name).unwrap().call(&mut store, &[], &mut []).unwrap_err();
        assert_eq!(error.is::<WasmCoreDump>(), expected, "{error:?}");
    }
    Ok(())
}

#[test]
#[should_panic(expected = "a store that it does not belong to")]
fn a_dump_belongs_to_its_store() {
    let (mut store, instance) = instance_on(&dumping(), r#"(module (func (export "f") (unreachable)))"#);
    let error = instance.get_func(&mut store, "f").unwrap().call(&mut store, &[], &mut []).unwrap_err();
    let mut other = Store::new(store.engine(), ());
    error.downcast_ref::<WasmCoreDump>().unwrap().serialize(&mut other, "");
}
