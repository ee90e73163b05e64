//! Linkers, imports, and what is said when they don't agree.

mod common;
use common::*;
use windlass::*;

#[test]
fn compatible_versions_stand_for_one_another() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    for (version, number) in [
        ("0.0.1", 1),
        ("0.2.9", 209),
        ("0.2.10", 210),
        ("0.2.1", 201),
        ("0.3.0", 300),
        ("1.0.0", 1_000),
        ("1.4.0", 1_400),
        ("1.4.0-rc1", 1_399),
        ("2.0.0-rc1", 1_999),
    ] {
        linker.func_wrap(&format!("a:b/c@{version}"), "f", move || number)?;
    }
    // Only a newer version has this one.
    linker.func_wrap("a:b/c@1.5.0", "g", || 1_500)?;
    linker.func_wrap("env@1.0.0", "f", || 0)?;
    let found = |module: &str, name: &str| -> Result<Option<i32>> {
        let module = Module::new(
            &engine,
            format!(r#"(module (func (export "f") (import "{module}" "{name}") (result i32)))"#),
        )?;
        let mut store = Store::new(&engine, ());
        match linker.instantiate(&mut store, &module) {
            Ok(instance) => {
                let f = instance.get_typed_func::<(), i32>(&mut store, "f")?;
                Ok(Some(f.call(&mut store, ())?))
            }
            Err(error) => {
                assert!(error.is::<UnknownImportError>(), "{error:?}");
                assert!(linker.instantiate_pre(&module).is_err());
                Ok(None)
            }
        }
    };
    // The exact version goes first, else the newest compatible one, older or newer than what is wanted.
    assert_eq!(found("a:b/c@0.2.1", "f")?, Some(201));
    assert_eq!(found("a:b/c@0.2.0", "f")?, Some(210));
    assert_eq!(found("a:b/c@0.2.99", "f")?, Some(210));
    assert_eq!(found("a:b/c@0.3.1", "f")?, Some(300));
    assert_eq!(found("a:b/c@1.0.0", "f")?, Some(1_000));
    assert_eq!(found("a:b/c@1.1.0+build", "f")?, Some(1_400));
    assert_eq!(found("a:b/c@1.0.0", "g")?, Some(1_500));
    assert_eq!(found("a:b/c@2.0.0-rc1", "f")?, Some(1_999));
    for none in
        ["a:b/c@0.1.0", "a:b/c@0.0.2", "a:b/c@2.0.0", "a:b/c@1.0.0-rc2", "a:b/c@1", "a:b/c", "env@1.0.1"]
    {
        assert_eq!(found(none, "f")?, None, "{none}");
    }
    // All ways to look something up agree.
    let mut store = Store::new(&engine, ());
    assert!(linker.get(&mut store, "a:b/c@1.3.0", "f").is_ok());
    let module = Module::new(&engine, r#"(module (import "a:b/c@1.3.0" "f" (func)))"#)?;
    assert!(linker.get_by_import(&mut store, &module.imports().next().unwrap()).is_some());
    // Shadowing replaces what compatible versions find, too.
    let mut linker = linker.clone();
    linker.allow_shadowing(true).func_wrap("a:b/c@1.4.0", "f", || 7)?;
    let f = linker.get(&mut store, "a:b/c@1.3.0", "f")?.into_func().unwrap();
    assert_eq!(f.typed::<(), i32>(&store)?.call(&mut store, ())?, 7);
    Ok(())
}

#[test]
fn unknown_imports_are_named() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, r#"(module (import "env" "f" (func (param i32))))"#)?;
    let linker = Linker::<()>::new(&engine);
    let error = linker.instantiate(Store::new(&engine, ()), &module).unwrap_err();
    let unknown = error.downcast_ref::<UnknownImportError>().unwrap();
    assert_eq!((unknown.module(), unknown.name()), ("env", "f"));
    assert_eq!(
        error.to_string(),
        "unknown import: `env::f` has not been defined; the module expects (func (param i32))"
    );
    assert!(linker.instantiate_pre(&module).unwrap_err().is::<UnknownImportError>());
    Ok(())
}

#[test]
fn mismatches_say_expected_and_found() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let items: Vec<Extern> = vec![
        Func::wrap(&mut store, |_: i64| ()).into(),
        Memory::new(&mut store, MemoryType::new(1, Some(2)))?.into(),
        Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, None), Ref::Func(None))?.into(),
        Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Var), Val::I32(0))?.into(),
        Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [ValType::I32], [])))?.into(),
        SharedMemory::new(&engine, MemoryType::shared(1, 2))?.into(),
    ];
    let cases = [
        (0, "(func (param i32))", "expected (func (param i32)), found (func (param i64))"),
        (
            0,
            "(func (param i64) (result i32))",
            "expected (func (param i64) (result i32)), found (func (param i64))",
        ),
        (0, "(memory 1)", "a different kind"),
        (1, "(memory 2)", "expected (memory 2), found (memory 1 2)"),
        (1, "(memory 1 1)", "expected (memory 1 1), found (memory 1 2)"),
        (1, "(memory i64 1)", "expected (memory i64 1), found (memory 1 2)"),
        (1, "(memory 1 2 shared)", "expected (memory 1 2 shared), found (memory 1 2)"),
        (1, "(memory 1 2 (pagesize 1))", "expected (memory 1 2 (pagesize 1)), found (memory 1 2)"),
        (2, "(table 1 externref)", "expected (table 1 externref), found (table 1 funcref)"),
        (2, "(table 1 9 funcref)", "expected (table 1 9 funcref), found (table 1 funcref)"),
        (2, "(table i64 1 funcref)", "expected (table i64 1 funcref), found (table 1 funcref)"),
        (3, "(global i32)", "expected (global i32), found (global (mut i32))"),
        (3, "(global (mut i64))", "expected (global (mut i64)), found (global (mut i32))"),
        (4, "(tag)", "expected (tag), found (tag (param i32))"),
        (5, "(memory 1 2)", "expected (memory 1 2), found (memory 1 2 shared)"),
    ];
    for (item, import, expected) in cases {
        let module = Module::new(&engine, format!(r#"(module (import "m" "n" {import}))"#))?;
        let error = Instance::new(&mut store, &module, &[items[item].clone()]).unwrap_err();
        let typed = error.downcast_ref::<IncompatibleImportError>().unwrap();
        assert_eq!((typed.module(), typed.name()), ("m", "n"));
        assert_eq!(typed.expected(), &module.imports().next().unwrap().ty());
        let error = error.to_string();
        assert!(error.contains("`m::n`") && error.contains(expected), "{import}: {error}");
    }
    let good = [
        (0, "(func (param i64))"),
        (1, "(memory 1 2)"),
        (1, "(memory 0)"),
        (2, "(table 0 funcref)"),
        (3, "(global (mut i32))"),
        (4, "(tag (param i32))"),
        (5, "(memory 1 3 shared)"),
    ];
    for (item, import) in good {
        let module = Module::new(&engine, format!(r#"(module (import "m" "n" {import}))"#))?;
        Instance::new(&mut store, &module, &[items[item].clone()])?;
    }
    let module = Module::new(&engine, "(module)")?;
    let error = Instance::new(&mut store, &module, &items[..1]).unwrap_err().to_string();
    assert_eq!(error, "expected 0 imports, found 1");
    Ok(())
}

#[test]
fn the_size_now_counts_not_the_declared_one() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(9)))?;
    let module = Module::new(&engine, r#"(module (import "" "" (memory 3)))"#)?;
    assert!(Instance::new(&mut store, &module, &[memory.into()]).is_err());
    memory.grow(&mut store, 2)?;
    Instance::new(&mut store, &module, &[memory.into()])?;
    Ok(())
}

#[test]
fn prepared_instances_are_checked_too() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
    let func = Func::wrap(&mut store, |_: i64| ());
    let mut linker = Linker::new(&engine);
    linker.define(&store, "s", "m", memory)?.define(&store, "s", "f", func)?.func_wrap(
        "h",
        "f",
        |_: i32| (),
    )?;
    let pre =
        |import: &str| linker.instantiate_pre(&Module::new(&engine, format!("(module (import {import}))"))?);
    let text = |error: Error| error.to_string();
    // Host functions when it is made, what belongs to a store when it is instantiated.
    assert!(text(pre(r#""h" "f" (func)"#).unwrap_err()).contains("incompatible import type"));
    for import in [r#""s" "f" (func (param i32))"#, r#""s" "m" (func)"#, r#""s" "m" (memory 2)"#] {
        assert!(text(pre(import)?.instantiate(&mut store).unwrap_err()).contains("incompatible import type"));
    }
    let grown = pre(r#""s" "m" (memory 2)"#)?;
    memory.grow(&mut store, 1)?;
    grown.instantiate(&mut store)?;
    pre(r#""s" "f" (func (param i64))"#)?.instantiate(&mut store)?;
    Ok(())
}

#[test]
fn functions_match_by_declared_subtype() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let library = Module::new(
        &engine,
        r#"(module
            (type $base (sub (func (result funcref))))
            (type $sub (sub $base (func (result (ref null $base)))))
            (func (export "sub") (type $sub) (ref.null $base))
            (func (export "base") (type $base) (ref.null func)))"#,
    )?;
    linker.module(&mut store, "lib", &library)?;
    let importer = |name: &str, ty: &str| {
        Module::new(
            &engine,
            format!(
                r#"(module
                    (type $base (sub (func (result funcref))))
                    (type $sub (sub $base (func (result (ref null $base)))))
                    (import "lib" "{name}" (func (type {ty}))))"#
            ),
        )
    };
    for (name, ty, fits) in
        [("sub", "$sub", true), ("sub", "$base", true), ("base", "$base", true), ("base", "$sub", false)]
    {
        assert_eq!(linker.instantiate(&mut store, &importer(name, ty)?).is_ok(), fits, "{name} as {ty}");
    }
    Ok(())
}

#[test]
fn names_are_defined_once_unless_shadowing_is_allowed() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("a", "f", || 1)?;
    let error = linker.func_wrap("a", "f", || 2).unwrap_err().to_string();
    assert_eq!(error, "import of `a::f` defined twice");
    linker.allow_shadowing(true).func_wrap("a", "f", || 3)?;
    linker.alias("a", "f", "b", "g")?;
    linker.alias_module("a", "c")?;
    assert!(linker.alias("a", "nothing", "b", "h").is_err());
    let mut store = Store::new(&engine, ());
    for (module, name) in [("a", "f"), ("b", "g"), ("c", "f")] {
        let f = linker.get(&mut store, module, name)?.into_func().unwrap();
        assert_eq!(f.typed::<(), i32>(&store)?.call(&mut store, ())?, 3);
    }
    assert!(linker.get(&mut store, "a", "g").is_err());
    let names: Vec<_> = linker.iter(&mut store).map(|(module, name, _)| format!("{module}.{name}")).collect();
    assert_eq!(names, ["a.f", "b.g", "c.f"]);
    Ok(())
}

#[test]
fn commands_are_fresh_at_each_call_and_reactors_live_on() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let command = Module::new(
        &engine,
        r#"(module
            (global $n (mut i32) (i32.const 0))
            (memory (export "memory") 1)
            (func $start (export "_start"))
            (func (export "count") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"#,
    )?;
    let reactor = Module::new(
        &engine,
        r#"(module
            (global $n (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set $n (i32.const 10)))
            (func (export "count") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"#,
    )?;
    linker.module(&mut store, "command", &command)?;
    linker.module(&mut store, "reactor", &reactor)?;
    let mut count = |module: &str| -> Result<i32> {
        let f = linker.get(&mut store, module, "count")?.into_func().unwrap();
        f.typed::<(), i32>(&store)?.call(&mut store, ())
    };
    assert_eq!((count("command")?, count("command")?), (1, 1));
    assert_eq!((count("reactor")?, count("reactor")?), (11, 12));
    linker.get_default(&mut store, "command")?.call(&mut store, &[], &mut [])?;
    linker.get_default(&mut store, "absent")?.call(&mut store, &[], &mut [])?;

    let odd =
        Module::new(&engine, r#"(module (global (export "g") i32 (i32.const 0)) (func (export "_start")))"#)?;
    let error = linker.module(&mut store, "odd", &odd).unwrap_err().to_string();
    assert!(error.contains("command exported `g`"), "{error}");
    linker.allow_unknown_exports(true).module(&mut store, "odd2", &odd)?;
    Ok(())
}

#[test]
fn unknown_imports_can_be_filled_in() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "x" "f" (func $f (result i32)))
            (import "x" "g" (global i32))
            (import "x" "m" (memory 1))
            (import "x" "t" (table 2 externref))
            (import "x" "e" (tag))
            (func (export "run") (result i32) (call $f)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_default_values(&mut store, &module)?;
    let instance = linker.instantiate(&mut store, &module)?;
    assert_eq!(instance.get_typed_func::<(), i32>(&mut store, "run")?.call(&mut store, ())?, 0);

    let module = Module::new(
        &engine,
        r#"(module (import "x" "f" (func $f (result i32))) (func (export "run") (result i32) (call $f)))"#,
    )?;
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&module)?;
    let instance = linker.instantiate(&mut store, &module)?;
    let error = instance.get_typed_func::<(), i32>(&mut store, "run")?.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref::<UnknownImportError>().unwrap().name(), "f");
    Ok(())
}

#[test]
fn what_is_imported_is_shared() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let owner = Module::new(
        &engine,
        r#"(module
            (memory (export "m") 1)
            (table (export "t") 1 funcref)
            (global (export "g") (mut i32) (i32.const 1))
            (func (export "grown") (result i32) (memory.size))
            (func (export "read") (result i32) (i32.load (i32.const 65536)))
            (func (export "get") (result i32) (global.get 0))
            (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0))))"#,
    )?;
    let user = Module::new(
        &engine,
        r#"(module
            (import "o" "m" (memory 1)) (import "o" "t" (table 1 funcref)) (import "o" "g" (global $g (mut i32)))
            (elem declare func $nine)
            (func $nine (result i32) (i32.const 9))
            (func (export "run")
                (drop (memory.grow (i32.const 1)))
                (i32.store (i32.const 65536) (i32.const 77))
                (global.set $g (i32.const 5))
                (table.set (i32.const 0) (ref.func $nine))))"#,
    )?;
    linker.module(&mut store, "o", &owner)?;
    let instance = linker.instantiate(&mut store, &user)?;
    instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
    for (name, expected) in [("grown", 2), ("read", 77), ("get", 5), ("call", 9)] {
        let f = linker.get(&mut store, "o", name)?.into_func().unwrap();
        assert_eq!(f.typed::<(), i32>(&store)?.call(&mut store, ())?, expected, "{name}");
    }
    Ok(())
}

#[test]
fn tail_calls_across_instances_take_no_space() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let even = Module::new(
        &engine,
        r#"(module $even
            (type $f (func (param i32) (result i32)))
            (table (export "t") 2 funcref)
            (elem (i32.const 0) func $even)
            (func $even (export "even") (type $f)
                (if (result i32) (i32.eqz (local.get 0))
                    (then (i32.const 1))
                    (else (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1))))))"#,
    )?;
    let odd = Module::new(
        &engine,
        r#"(module $odd
            (type $f (func (param i32) (result i32)))
            (import "even" "even" (func $even (type $f)))
            (import "even" "t" (table 2 funcref))
            (elem (i32.const 1) func $odd)
            (func $odd (type $f)
                (if (result i32) (i32.eqz (local.get 0))
                    (then (i32.const 0))
                    (else (return_call $even (i32.sub (local.get 0) (i32.const 1)))))))"#,
    )?;
    linker.module(&mut store, "even", &even)?;
    linker.instantiate(&mut store, &odd)?;
    let even = linker.get(&mut store, "even", "even")?.into_func().unwrap().typed::<i32, i32>(&store)?;
    assert_eq!(even.call(&mut store, 10_000_000)?, 1);
    assert_eq!(even.call(&mut store, 9_999_999)?, 0);
    Ok(())
}

#[test]
fn a_tail_call_to_the_host_is_a_call_and_a_return() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "h" (func $h (param i32) (result i32)))
            (func $via (param i32) (result i32) (return_call $h (local.get 0)))
            (func (export "run") (param i32) (result i32) (i32.add (call $via (local.get 0)) (i32.const 1))))"#,
    )?;
    let h = Func::wrap(&mut store, |x: i32| x * 10);
    let instance = Instance::new(&mut store, &module, &[h.into()])?;
    assert_eq!(instance.get_typed_func::<i32, i32>(&mut store, "run")?.call(&mut store, 4)?, 41);
    Ok(())
}

#[test]
#[should_panic(expected = "another store")]
fn definitions_of_another_store_panic() {
    let engine = Engine::default();
    let module = Module::new(&engine, r#"(module (import "" "f" (func)))"#).unwrap();
    let mut store = Store::new(&engine, ());
    let f = Func::wrap(&mut store, || ());
    let _ = Instance::new(Store::new(&engine, ()), &module, &[f.into()]);
}

/// Whatever they import: types of one engine say nothing to another.
#[test]
fn modules_of_another_engine_panic() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let (engine, other) = (Engine::default(), Engine::default());
    let module =
        Module::new(&other, r#"(module (import "" "f" (func (param i32 i64) (result i64))))"#).unwrap();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.func_wrap("", "f", |_: i32, y: i64| y).unwrap();
    let f = linker.get(&mut store, "", "f").unwrap();
    let mut panics = |call: &mut dyn FnMut(&mut Store<()>) -> Result<Instance>| {
        let payload = catch_unwind(AssertUnwindSafe(|| call(&mut store))).unwrap_err();
        assert!(payload.downcast_ref::<&str>().unwrap().contains("another engine"));
    };
    panics(&mut |store| linker.instantiate(store, &module));
    panics(&mut |store| Linker::new(&engine).instantiate(store, &module));
    panics(&mut |store| Instance::new(store, &module, &[]));
    panics(&mut |store| Instance::new(store, &module, std::slice::from_ref(&f)));
    let mut others = Linker::new(&other);
    others.func_wrap("", "f", |_: i32, y: i64| y).unwrap();
    let prepared = others.instantiate_pre(&module).unwrap();
    panics(&mut |store| prepared.instantiate(store));
}

#[test]
fn modules_that_are_none_are_refused_with_a_typed_error() {
    let engine = Engine::default();
    let cases: [(&[u8], &str); 5] = [
        (b"", "malformed"),
        (b"\0asm\x01\0\0", "malformed"),
        (b"(module (func (result i32)))", "invalid"),
        (b"(module (func i32.lod))", "unknown operator"),
        (b"\0asm\x0d\0\x01\0", "component"),
    ];
    for (bytes, expected) in cases {
        let error = format!("{:#}", Module::new(&engine, bytes).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
    let error = Module::new(&engine, "(module (func $bad (drop)))").unwrap_err();
    let error = error.downcast_ref::<DecodeError>().unwrap();
    assert_eq!((error.kind(), error.function()), (&DecodeErrorKind::Invalid, Some(0)));
    let error = format!("{:#}", Module::from_file(&engine, "/nowhere/x.wasm").unwrap_err());
    assert!(error.contains("cannot read /nowhere/x.wasm"), "{error}");
}

#[test]
fn features_can_be_switched_off() -> Result<()> {
    let wat = r#"(module (memory 1) (memory 1))"#;
    Module::new(&Engine::default(), wat)?;
    let engine = Engine::new(Config::new().wasm_multi_memory(false))?;
    let error = Module::new(&engine, wat).unwrap_err();
    assert_eq!(
        error.downcast_ref::<DecodeError>().unwrap().kind(),
        &DecodeErrorKind::FeatureDisabled(Feature::MultiMemory)
    );
    Ok(())
}

#[test]
fn what_is_not_built_is_named() {
    let error = Engine::new(Config::new().strategy(Strategy::Optimizing)).unwrap_err().to_string();
    assert!(error.contains("Strategy::Optimizing"), "{error}");
    let error =
        Engine::new(Config::new().wasm_feature(Feature::StackSwitching, true)).unwrap_err().to_string();
    assert!(error.contains("stack-switching"), "{error}");
}

#[test]
fn large_modules_compile_in_parallel_to_the_same() -> Result<()> {
    // Enough functions for several tasks; each calls the one before it.
    let n = 20_000;
    let mut wat = String::from("(module (func $f0 (param i32) (result i32) (local.get 0))\n");
    for i in 1..n {
        wat += &format!(
            "(func $f{i} (param i32) (result i32) (i32.add (i32.const 1) (i32.mul (i32.const 1) \
             (i32.sub (i32.add (local.get 0) (i32.const {i})) (i32.const {i})))))\n"
        );
    }
    wat += &format!("(func (export \"last\") (param i32) (result i32) (call $f{} (local.get 0))))", n - 1);
    for parallel in [false, true] {
        let engine = Engine::new(Config::new().parallel_compilation(parallel))?;
        let (mut store, instance) = instance_on(&engine, &wat);
        assert_eq!(instance.get_typed_func::<i32, i32>(&mut store, "last")?.call(&mut store, 6)?, 7);
    }
    // The first of several errors is given, however the work is split.
    let broken = wat
        .replace("(func $f9000 (param i32)", "(func $f9000 (param i64)")
        .replace("(func $f19000 (param i32)", "(func $f19000 (param i64)");
    for parallel in [false, true] {
        let engine = Engine::new(Config::new().parallel_compilation(parallel))?;
        let error = Module::new(&engine, &broken).unwrap_err();
        assert_eq!(error.downcast_ref::<DecodeError>().unwrap().function(), Some(9000));
    }
    Ok(())
}
