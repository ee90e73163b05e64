//! Functions of the host: their types, their caller, their failures, their panics.

mod common;
use common::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use windlass::*;

#[test]
fn sixteen_parameters_and_several_results() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "sum" (func $sum
                (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
                (result i32 i64 f32 f64)))
            (func (export "run") (result i32 i64 f32 f64)
                (call $sum
                    (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4)
                    (i32.const 10) (i64.const 20) (f32.const 30) (f64.const 40)
                    (i32.const 100) (i64.const 200) (f32.const 300) (f64.const 400)
                    (i32.const 1000) (i64.const 2000) (f32.const 3000) (f64.const 4000))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    #[allow(clippy::too_many_arguments)]
    fn sum(
        (a0, b0, c0, d0): (i32, i64, f32, f64),
        (a1, b1, c1, d1): (i32, i64, f32, f64),
    ) -> (i32, i64, f32, f64) {
        (a0 + a1, b0 + b1, c0 + c1, d0 + d1)
    }
    let func = Func::wrap(
        &mut store,
        |a: i32,
         b: i64,
         c: f32,
         d: f64,
         e: i32,
         f: i64,
         g: f32,
         h: f64,
         i: i32,
         j: i64,
         k: f32,
         l: f64,
         m: i32,
         n: i64,
         o: f32,
         p: f64| { sum(sum((a, b, c, d), (e, f, g, h)), sum((i, j, k, l), (m, n, o, p))) },
    );
    let instance = Instance::new(&mut store, &module, &[func.into()])?;
    let run = instance.get_typed_func::<(), (i32, i64, f32, f64)>(&mut store, "run")?;
    assert_eq!(run.call(&mut store, ())?, (1111, 2222, 3333.0, 4444.0));
    Ok(())
}

#[test]
fn untyped_functions_are_checked() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "f" (func $f (param i32) (result i32 f64)))
            (func (export "run") (param i32) (result i32 f64) (call $f (local.get 0))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new(&engine, [ValType::I32], [ValType::I32, ValType::F64]);
    let f = Func::new(&mut store, ty, |_, params, results| {
        // On entry results are zero.
        assert_eq!(results[1].f64(), Some(0.0));
        results[0] = params[0];
        results[1] = match params[0].unwrap_i32() {
            0 => Val::I64(0),
            x => Val::from(f64::from(x) / 2.0),
        };
        Ok(())
    });
    let instance = Instance::new(&mut store, &module, &[f.into()])?;
    let run = instance.get_typed_func::<i32, (i32, f64)>(&mut store, "run")?;
    assert_eq!(run.call(&mut store, 5)?, (5, 2.5));
    let error = format!("{:#}", run.call(&mut store, 0).unwrap_err());
    assert!(error.contains("result 1 of a host function: type mismatch: expected f64, found i64"), "{error}");
    Ok(())
}

#[test]
fn errors_come_back_as_they_are_with_a_backtrace() -> Result<()> {
    #[derive(Debug, PartialEq)]
    struct Mine(u32);
    impl std::fmt::Display for Mine {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "mine {}", self.0)
        }
    }
    impl std::error::Error for Mine {}

    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module $m
            (import "" "fail" (func $fail))
            (func $inner (call $fail))
            (func $outer (export "run") (call $inner)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let fail = Func::wrap(&mut store, || -> Result<()> { Err(Error::new(Mine(7)).context("on the way")) });
    let instance = Instance::new(&mut store, &module, &[fail.into()])?;
    let error = instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Mine(7)));
    assert_eq!(frames(&error), ["inner", "outer"]);
    let text = format!("{error:?}");
    let parts = [
        "error while executing at wasm backtrace:\n    0:",
        "- m!inner\n    1:",
        "Caused by",
        "on the way",
        "mine 7",
    ];
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    assert_eq!(error.root_cause().to_string(), "mine 7");
    Ok(())
}

#[test]
fn host_functions_may_return_traps() -> Result<()> {
    let mut store = Store::new(&Engine::default(), ());
    let f = Func::wrap(&mut store, || -> Result<i32> { Err(Trap::BadSignature.into()) });
    assert_eq!(trap(&f.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err()), Trap::BadSignature);
    Ok(())
}

#[test]
fn panics_go_through_wasm_and_leave_the_store_usable() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "f" (func $f (param i32)))
            (func (export "run") (param i32) (call $f (local.get 0))))"#,
    )?;
    let mut store = Store::new(&engine, 0);
    let f = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, x: i32| {
        *caller.data_mut() += 1;
        assert!(x != 0, "zero came");
    });
    let instance = Instance::new(&mut store, &module, &[f.into()])?;
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run")?;
    for _ in 0..3 {
        let panic = catch_unwind(AssertUnwindSafe(|| run.call(&mut store, 0))).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>().copied(), Some("zero came"));
        run.call(&mut store, 1)?;
    }
    assert_eq!(*store.data(), 6);
    Ok(())
}

#[test]
fn a_caller_sees_its_instance_and_the_data() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "f" (func $f (result i32)))
            (global (export "g") i32 (i32.const 7))
            (func (export "run") (result i32) (call $f)))"#,
    )?;
    let mut store = Store::new(&engine, 35);
    let f = Func::wrap(&mut store, |mut caller: Caller<'_, i32>| -> Result<i32> {
        assert!(caller.get_export("nothing").is_none());
        let instance = caller.instance();
        let Some(global) = caller.get_export("g").and_then(Extern::into_global) else { return Ok(-1) };
        assert_eq!(instance.unwrap().get_global(&mut caller, "g").unwrap().ty(&caller), global.ty(&caller));
        Ok(global.get(&mut caller).unwrap_i32() + caller.data())
    });
    let instance = Instance::new(&mut store, &module, &[f.into()])?;
    let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    assert_eq!(run.call(&mut store, ())?, 42);
    // Called by the host there is no instance.
    assert_eq!(f.typed::<(), i32>(&store)?.call(&mut store, ())?, -1);
    Ok(())
}

#[test]
fn hosts_call_back_and_read_the_stack() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "back" (func $back (param i32) (result i32)))
            (func $down (export "down") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0))
                    (then (call $back (i32.const -1)))
                    (else (i32.add (i32.const 1) (call $back (i32.sub (local.get 0) (i32.const 1))))))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let back = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, x: i32| -> Result<i32> {
        if x < 0 {
            let frames = WasmBacktrace::capture(&caller).frames().len();
            return Ok(100 * frames as i32);
        }
        let down = caller.get_export("down").and_then(Extern::into_func).unwrap();
        down.typed::<i32, i32>(&caller)?.call(&mut caller, x)
    });
    let instance = Instance::new(&mut store, &module, &[back.into()])?;
    let down = instance.get_typed_func::<i32, i32>(&mut store, "down")?;
    assert_eq!(down.call(&mut store, 4)?, 504);
    Ok(())
}

#[test]
fn reentrancy_ends_in_a_trap_not_in_a_crash() -> Result<()> {
    let engine = Engine::default();
    let module =
        Module::new(&engine, r#"(module (import "" "f" (func $f)) (func $run (export "run") (call $f)))"#)?;
    let mut store = Store::new(&engine, 0_u64);
    let f = Func::wrap(&mut store, |mut caller: Caller<'_, u64>| -> Result<()> {
        *caller.data_mut() += 1;
        let run = caller.get_export("run").and_then(Extern::into_func).unwrap();
        run.call(&mut caller, &[], &mut [])
    });
    let instance = Instance::new(&mut store, &module, &[f.into()])?;
    let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    for _ in 0..2 {
        *store.data_mut() = 0;
        assert_eq!(trap(&run.call(&mut store, ()).unwrap_err()), Trap::StackOverflow);
        assert!(*store.data() > 50, "only {} entries", store.data());
    }
    Ok(())
}

#[test]
fn the_host_s_stack_has_a_limit_of_its_own() -> Result<()> {
    // Of the interpreter: compiled guests run on the host's stack, within `max_wasm_stack`.
    let depth = |bytes: usize| -> Result<u64> {
        let engine = Engine::new(Config::new().strategy(Strategy::Interpreter).max_host_stack(bytes))?;
        let wat = r#"(module (import "" "f" (func $f)) (func $run (export "run") (call $f)))"#;
        let mut store = Store::new(&engine, 0_u64);
        let f = Func::wrap(&mut store, |mut caller: Caller<'_, u64>| -> Result<()> {
            *caller.data_mut() += 1;
            let run = caller.get_export("run").and_then(Extern::into_func).unwrap();
            run.call(&mut caller, &[], &mut [])
        });
        let instance = Instance::new(&mut store, &Module::new(&engine, wat)?, &[f.into()])?;
        let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
        assert_eq!(trap(&run.call(&mut store, ()).unwrap_err()), Trap::StackOverflow);
        Ok(*store.data())
    };
    let (small, large) = (depth(64 << 10)?, depth(512 << 10)?);
    assert!(small > 5 && large > 4 * small, "{small} and {large} calls");
    let error = Engine::new(Config::new().max_host_stack(1_000)).unwrap_err().to_string();
    assert!(error.contains("max_host_stack") && error.contains("65536"), "{error}");
    Ok(())
}

#[test]
fn data_of_functions_is_dropped_with_store_and_linker() -> Result<()> {
    use std::sync::Arc;
    let token = Arc::new(());
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let held = token.clone();
    let f = Func::wrap(&mut store, move || Arc::strong_count(&held) as i32);
    assert_eq!(f.typed::<(), i32>(&store)?.call(&mut store, ())?, 2);
    drop(store);
    assert_eq!(Arc::strong_count(&token), 1);

    let mut linker = Linker::<()>::new(&engine);
    let held = token.clone();
    linker.func_wrap("", "f", move || Arc::strong_count(&held) as i32)?;
    let module =
        Module::new(&engine, r#"(module (import "" "f" (func (result i32))) (export "f" (func 0)))"#)?;
    let mut store = Store::new(&engine, ());
    for _ in 0..3 {
        let instance = linker.instantiate(&mut store, &module)?;
        assert_eq!(instance.get_typed_func::<(), i32>(&mut store, "f")?.call(&mut store, ())?, 2);
    }
    drop((store, linker));
    assert_eq!(Arc::strong_count(&token), 1);
    Ok(())
}

#[test]
fn no_reference_where_null_is_excluded() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new(&engine, [], [RefType::new(false, HeapType::Func).into()]);
    // It leaves the null in its result that it found there.
    let f = Func::new(&mut store, ty, |_, _, _| Ok(()));
    let error = format!("{:#}", f.call(&mut store, &[], &mut [Val::null_func_ref()]).unwrap_err());
    assert!(error.contains("expected (ref func), found (ref null nofunc)"), "{error}");
    Ok(())
}
