//! Calls from the host into Wasm, typed and untyped.

mod common;
use common::*;
use windlass::*;

#[test]
fn every_number_goes_in_and_out() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module
            (func (export "i32") (param i32) (result i32) local.get 0)
            (func (export "i64") (param i64) (result i64) local.get 0)
            (func (export "f32") (param f32) (result f32) local.get 0)
            (func (export "f64") (param f64) (result f64) local.get 0))"#,
    );
    for x in [0, 1, -1, i32::MIN, i32::MAX] {
        assert_eq!(instance.get_typed_func::<i32, i32>(&mut store, "i32")?.call(&mut store, x)?, x);
        assert_eq!(
            instance.get_typed_func::<u32, u32>(&mut store, "i32")?.call(&mut store, x as u32)?,
            x as u32
        );
    }
    for x in [0, 1, -1, i64::MIN, i64::MAX] {
        assert_eq!(instance.get_typed_func::<i64, i64>(&mut store, "i64")?.call(&mut store, x)?, x);
        assert_eq!(instance.get_typed_func::<u64, i64>(&mut store, "i64")?.call(&mut store, x as u64)?, x);
    }
    // NaNs keep their payload and sign.
    for bits in [0, 0x8000_0000, 0x7fc0_0001, 0xffa0_1234, f32::INFINITY.to_bits()] {
        let f32 = instance.get_typed_func::<f32, f32>(&mut store, "f32")?;
        assert_eq!(f32.call(&mut store, f32::from_bits(bits))?.to_bits(), bits);
    }
    for bits in [0, 1 << 63, 0x7ff8_0000_0000_0001, 0xfff4_0000_1234_0000] {
        let f64 = instance.get_typed_func::<f64, f64>(&mut store, "f64")?;
        assert_eq!(f64.call(&mut store, f64::from_bits(bits))?.to_bits(), bits);
    }
    Ok(())
}

#[test]
fn untyped_calls_check_number_and_types() -> Result<()> {
    let (mut store, instance) =
        instance(r#"(module (func (export "f") (param i32 i64) (result i64 i32) local.get 1 local.get 0))"#);
    let f = instance.get_func(&mut store, "f").unwrap();
    let mut results = [Val::I32(9), Val::I32(9)];
    f.call(&mut store, &[Val::I32(-3), Val::I64(4)], &mut results)?;
    assert_eq!((results[0].i64(), results[1].i32()), (Some(4), Some(-3)));

    let error = f.call(&mut store, &[Val::I32(1)], &mut results).unwrap_err().to_string();
    assert!(error.contains("expected 2 arguments, got 1"), "{error}");
    let error = f.call(&mut store, &[Val::I32(1), Val::I64(1)], &mut results[..1]).unwrap_err().to_string();
    assert!(error.contains("room for 2 results, got 1"), "{error}");
    let error = f.call(&mut store, &[Val::I64(1), Val::I64(1)], &mut results).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("argument 0") && error.contains("expected i32, found i64"), "{error}");
    Ok(())
}

#[test]
fn many_parameters_and_results() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module
            (func (export "rotate")
                (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
                (result f64 i32 i64 f32)
                local.get 15 local.get 0 local.get 1 local.get 2))"#,
    );
    type Four = (i32, i64, f32, f64);
    let rotate = instance.get_func(&mut store, "rotate").unwrap();
    let rotate = rotate.typed::<
        (i32, i64, f32, f64, i32, i64, f32, f64, i32, i64, f32, f64, i32, i64, f32, f64),
        (f64, i32, i64, f32),
    >(&store)?;
    let (a, b, c, d): Four = (1, 2, 3.0, 4.0);
    let results = rotate.call(&mut store, (a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, 5.0))?;
    assert_eq!(results, (5.0, 1, 2, 3.0));
    Ok(())
}

#[test]
fn a_hundred_results_to_an_untyped_call() -> Result<()> {
    let n = 100;
    let wat = format!(
        "(module (func (export \"f\") (result {}) {}))",
        "i32 ".repeat(n),
        (0..n).map(|i| format!("i32.const {i} ")).collect::<String>()
    );
    let (mut store, instance) = instance(&wat);
    let mut results = vec![Val::I32(-1); n];
    instance.get_func(&mut store, "f").unwrap().call(&mut store, &[], &mut results)?;
    assert!(results.iter().enumerate().all(|(i, v)| v.i32() == Some(i as i32)));
    Ok(())
}

#[test]
fn wrong_types_of_a_typed_function_are_explained() {
    let (mut store, instance) = instance(
        r#"(module
            (func (export "f") (param i32) (result i32) local.get 0)
            (memory (export "m") 1))"#,
    );
    let message = |error: Error| format!("{error:#}");
    let e = message(instance.get_typed_func::<i64, i32>(&mut store, "f").unwrap_err());
    assert!(e.contains("(func (param i32) (result i32))") && e.contains("expected i64, found i32"), "{e}");
    let e = message(instance.get_typed_func::<(i32, i32), i32>(&mut store, "f").unwrap_err());
    assert!(e.contains("type mismatch with parameters: expected 2, found 1"), "{e}");
    let e = message(instance.get_typed_func::<i32, ()>(&mut store, "f").unwrap_err());
    assert!(e.contains("type mismatch with results: expected 0, found 1"), "{e}");
    let e = message(instance.get_typed_func::<(), ()>(&mut store, "g").unwrap_err());
    assert!(e.contains("failed to find function export `g`"), "{e}");
    let e = message(instance.get_typed_func::<(), ()>(&mut store, "m").unwrap_err());
    assert!(e.contains("export `m` is not a function"), "{e}");
}

#[test]
fn functions_as_values() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module
            (type $unary (func (param i32) (result i32)))
            (func $inc (export "inc") (type $unary) (i32.add (local.get 0) (i32.const 1)))
            (func (export "get") (result funcref) (ref.func $inc))
            (func (export "null") (result funcref) (ref.null func))
            (func (export "apply") (param (ref null $unary) i32) (result i32)
                (call_ref $unary (local.get 1) (local.get 0))))"#,
    );
    let inc = instance.get_typed_func::<(), Option<Func>>(&mut store, "get")?.call(&mut store, ())?.unwrap();
    assert_eq!(inc.typed::<i32, i32>(&store)?.call(&mut store, 41)?, 42);
    let null = instance.get_typed_func::<(), Option<Func>>(&mut store, "null")?.call(&mut store, ())?;
    assert!(null.is_none());

    // Any function may be passed where one type is wanted; each is checked.
    let apply = instance.get_typed_func::<(Option<Func>, i32), i32>(&mut store, "apply")?;
    assert_eq!(apply.call(&mut store, (Some(inc), 1))?, 2);
    let double = Func::wrap(&mut store, |x: i32| x * 2);
    assert_eq!(apply.call(&mut store, (Some(double), 4))?, 8);
    assert_eq!(trap(&apply.call(&mut store, (None, 1)).unwrap_err()), Trap::NullFunctionReference);
    let other = Func::wrap(&mut store, || ());
    let error = format!("{:#}", apply.call(&mut store, (Some(other), 1)).unwrap_err());
    assert!(error.contains("argument 0: type mismatch"), "{error}");
    Ok(())
}

#[test]
fn deep_recursion_takes_no_host_stack_and_ends_in_a_trap() -> Result<()> {
    let wat = r#"(module
        (func $count (export "count") (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0))
                (then (i32.const 0))
                (else (i32.add (i32.const 1) (call $count (i32.sub (local.get 0) (i32.const 1)))))))
        (func $forever (export "forever") (call $forever)))"#;
    let (mut store, instance) = instance(wat);
    let count = instance.get_typed_func::<i32, i32>(&mut store, "count")?;
    assert_eq!(count.call(&mut store, 10_000)?, 10_000);
    let forever = instance.get_typed_func::<(), ()>(&mut store, "forever")?;
    let error = forever.call(&mut store, ()).unwrap_err();
    assert_eq!(trap(&error), Trap::StackOverflow);
    assert_eq!(frames(&error).len(), 20, "backtraces are cut");
    // The store is as good as new.
    assert_eq!(count.call(&mut store, 10_000)?, 10_000);

    let small = Engine::new(Config::new().max_wasm_stack(64 << 10))?;
    let (mut store, instance) = instance_on(&small, wat);
    let count = instance.get_typed_func::<i32, i32>(&mut store, "count")?;
    assert_eq!(count.call(&mut store, 100)?, 100);
    assert_eq!(trap(&count.call(&mut store, 10_000).unwrap_err()), Trap::StackOverflow);
    Ok(())
}

#[test]
#[should_panic(expected = "store that it does not belong to")]
fn a_function_of_another_store_panics() {
    let engine = Engine::default();
    let f = Func::wrap(&mut Store::new(&engine, ()), || ());
    let _ = f.call(&mut Store::new(&engine, ()), &[], &mut []);
}
