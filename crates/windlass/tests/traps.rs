//! Traps: which, where, and what is left.

mod common;
use common::*;
use windlass::*;

#[test]
fn each_cause_has_its_trap() {
    let cases = [
        ("unreachable", Trap::UnreachableCodeReached),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", Trap::IntegerDivisionByZero),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", Trap::IntegerOverflow),
        ("(drop (i64.rem_s (i64.const 1) (i64.const 0)))", Trap::IntegerDivisionByZero),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", Trap::BadConversionToInteger),
        ("(drop (i32.trunc_f64_u (f64.const 1e20)))", Trap::IntegerOverflow),
        ("(drop (i32.load (i32.const 65533)))", Trap::MemoryOutOfBounds),
        ("(i64.store offset=0xffffffff (i32.const -1) (i64.const 0))", Trap::MemoryOutOfBounds),
        ("(memory.fill (i32.const 65536) (i32.const 0) (i32.const 1))", Trap::MemoryOutOfBounds),
        ("(drop (table.get $t (i32.const 3)))", Trap::TableOutOfBounds),
        ("(call_indirect $t (type $void) (i32.const 3))", Trap::UndefinedElement),
        ("(call_indirect $t (type $void) (i32.const 0))", Trap::IndirectCallToNull),
        ("(call_indirect $t (type $void) (i32.const 1))", Trap::BadSignature),
        ("(call_ref $void (ref.null $void))", Trap::NullFunctionReference),
        ("(drop (ref.as_non_null (ref.null $void)))", Trap::NullReference),
        ("(throw_ref (ref.null exn))", Trap::NullExceptionReference),
        ("(drop (ref.cast (ref $void) (table.get $t (i32.const 1))))", Trap::CastFailure),
        ("(drop (i32.atomic.load (i32.const 2)))", Trap::HeapMisaligned),
    ];
    for (body, expected) in cases {
        let wat = format!(
            r#"(module $m (type $void (func)) (memory 1) (table $t 3 funcref)
                (elem (i32.const 1) $one) (func $one (result i32) (i32.const 1))
                (func $fail {body})
                (func $run (export "run") (call $fail)))"#
        );
        let (mut store, instance) = instance(&wat);
        let error = instance.get_func(&mut store, "run").unwrap().call(&mut store, &[], &mut []).unwrap_err();
        assert_eq!(trap(&error), expected, "{body}");
        assert_eq!(frames(&error), ["fail", "run"], "{body}");
        assert!(format!("{error:#}").ends_with(&format!("wasm trap: {}", expected.text())), "{error:#}");
    }
}

#[test]
fn backtraces_name_functions_and_offsets() -> Result<()> {
    // A binary whose offsets are known: (module (func (export "f") nop unreachable)).
    let binary: &[u8] = b"\0asm\x01\0\0\0\
        \x01\x04\x01\x60\0\0\
        \x03\x02\x01\0\
        \x07\x05\x01\x01f\0\0\
        \x0a\x06\x01\x04\0\x01\0\x0b";
    let engine = Engine::default();
    let module = Module::from_binary(&engine, binary)?;
    let body = binary.len() - 4;
    assert_eq!(
        module.functions().map(|f| (f.index, f.name, f.offset, f.len)).collect::<Vec<_>>(),
        [(0, None, body, 4)]
    );
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let error = instance.get_func(&mut store, "f").unwrap().call(&mut store, &[], &mut []).unwrap_err();
    let frame = &error.downcast_ref::<WasmBacktrace>().unwrap().frames()[0];
    assert_eq!(frame.func_index(), 0);
    assert_eq!(frame.func_name(), None);
    assert_eq!(frame.module_offset(), Some(body + 2));
    assert_eq!(frame.func_offset(), Some(2));
    assert!(Module::same(frame.module(), &module));
    let expected = format!("    0: {:>#6x} - <unknown>!<wasm function 0>", body + 2);
    assert!(error.to_string().ends_with(&expected), "{error}");
    Ok(())
}

#[test]
fn backtraces_cross_instances() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let mut store = Store::new(&engine, ());
    let a = Module::new(&engine, r#"(module $a (func $boom (export "boom") (unreachable)))"#)?;
    let b = Module::new(
        &engine,
        r#"(module $b (import "a" "boom" (func $boom)) (func $mid (export "run") (call $boom)))"#,
    )?;
    linker.module(&mut store, "a", &a)?;
    let instance = linker.instantiate(&mut store, &b)?;
    let error = instance.get_func(&mut store, "run").unwrap().call(&mut store, &[], &mut []).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("a!boom\n") && text.contains("b!mid"), "{text}");
    Ok(())
}

#[test]
fn backtraces_can_be_short_or_off() -> Result<()> {
    let wat = r#"(module
        (func $f (export "f") (param i32)
            (if (i32.eqz (local.get 0)) (then (unreachable)))
            (call $f (i32.sub (local.get 0) (i32.const 1)))))"#;
    for (max, expected) in [(3, Some(3)), (100, Some(51)), (0, None)] {
        let engine = Engine::new(Config::new().wasm_backtrace_max_frames(max))?;
        let (mut store, instance) = instance_on(&engine, wat);
        let error = instance.get_typed_func::<i32, ()>(&mut store, "f")?.call(&mut store, 50).unwrap_err();
        assert_eq!(trap(&error), Trap::UnreachableCodeReached);
        assert_eq!(error.downcast_ref::<WasmBacktrace>().map(|b| b.frames().len()), expected);
        assert_eq!(error.to_string().contains("more frames"), max == 3);
    }
    Ok(())
}

#[test]
fn a_start_function_that_traps_gives_the_trap() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, "(module (func $start (unreachable)) (start $start))")?;
    let mut store = Store::new(&engine, ());
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(trap(&error), Trap::UnreachableCodeReached);
    assert_eq!(frames(&error), ["start"]);
    Ok(())
}

#[test]
fn segments_that_do_not_fit_trap_and_what_was_written_stays() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 4, None), Ref::Func(None))?;
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "m" (memory 1))
            (import "" "t" (table 4 funcref))
            (func $seven (result i32) (i32.const 7))
            (elem (i32.const 0) func $seven)
            (data (i32.const 0) "here")
            (data (i32.const 65535) "no"))"#,
    )?;
    let error = Instance::new(&mut store, &module, &[memory.into(), table.into()]).unwrap_err();
    assert_eq!(trap(&error), Trap::MemoryOutOfBounds);
    assert_eq!(&memory.data(&store)[..4], b"here");
    // The instance was not given out, but its function is in the table and works.
    drop(module);
    let seven = *table.get(&mut store, 0).unwrap().unwrap_func().unwrap();
    assert_eq!(seven.typed::<(), i32>(&store)?.call(&mut store, ())?, 7);
    // The store numbers later instances rightly.
    let (m, wat) = (Module::new(&engine, r#"(module $late (func $x (export "x") unreachable))"#)?, "x");
    let late = Instance::new(&mut store, &m, &[])?;
    let error = late.get_func(&mut store, wat).unwrap().call(&mut store, &[], &mut []).unwrap_err();
    assert!(error.to_string().contains("late!x"), "{error}");
    Ok(())
}
