//! What a guest keeps when it is interrupted and goes on: everything.

use windlass::*;

/// Settings under which code looks for interruptions in different ways.
fn engines() -> Vec<(String, Engine)> {
    let mut engines = Vec::new();
    for strategy in [Strategy::Interpreter, Strategy::Auto] {
        for (signals, fuel, lazy) in
            [(true, false, false), (true, false, true), (false, false, false), (true, true, false)]
        {
            let mut config = Config::new();
            config.strategy(strategy).epoch_interruption(true).gc_stress(true);
            config.signals_based_traps(signals).consume_fuel(fuel).lazy_compilation(lazy);
            let name = format!("{strategy:?}, signals {signals}, fuel {fuel}, lazy {lazy}");
            engines.push((name, Engine::new(&config).unwrap()));
        }
    }
    engines
}

/// A store whose guests are interrupted at every look, until the host has been asked `times` times.
fn store(engine: &Engine, times: u32) -> Store<u32> {
    let mut store = Store::new(engine, 0);
    if engine.config().get_consume_fuel() {
        store.set_fuel(u64::MAX).unwrap();
    }
    store.epoch_deadline_callback(move |mut store| {
        store.gc(None)?;
        *store.data_mut() += 1;
        Ok(UpdateDeadline::Continue(if *store.data() < times { 0 } else { u64::MAX / 2 }))
    });
    store.set_epoch_deadline(0);
    store
}

/// More locals than there are registers, of all kinds, and more on the stack.
#[test]
fn every_register_is_as_it_was() -> Result<()> {
    let count = 24;
    let each = |f: &dyn Fn(usize) -> String| (0..count).map(f).collect::<String>();
    let wat = format!(
        r#"(module (memory 1)
            (func (export "run") (param $n i32) (result i64 f64 i32)
                (local $i i32) (local $v v128) {locals}
                {set}
                (i32.const 77)
                (loop $next (param i32) (result i32)
                    {step}
                    (local.set $v (i32x4.add (local.get $v) (v128.const i32x4 1 2 3 4)))
                    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
                (local.set $n)
                (i64.const 0) {sum}
                (f64.const 0) {float_sum}
                (i32.add (local.get $n)
                    (i32.add (i32x4.extract_lane 3 (local.get $v)) (i32.load (i32.const 8))))))"#,
        locals = each(&|i| format!("(local $i{i} i64) (local $f{i} f64) ")),
        set = each(&|i| format!("(local.set $i{i} (i64.const {i})) (local.set $f{i} (f64.const {i}.5)) ")),
        step = each(&|i| format!(
            "(local.set $i{i} (i64.add (local.get $i{i}) (i64.const {i})))
             (local.set $f{i} (f64.add (local.get $f{i}) (f64.const 0.25))) "
        )),
        sum = each(&|i| format!("(local.get $i{i}) (i64.add) ")),
        float_sum = each(&|i| format!("(local.get $f{i}) (f64.add) ")),
    );
    for (name, engine) in engines() {
        let module = Module::new(&engine, &wat)?;
        let mut store = store(&engine, 100);
        let run = Instance::new(&mut store, &module, &[])?;
        let run = run.get_typed_func::<i32, (i64, f64, i32)>(&mut store, "run")?;
        let n = 150;
        let sum: i64 = (0..24).map(|i| i * (1 + n as i64)).sum();
        let float_sum: f64 = (0..24).map(|i| i as f64 + 0.5 + 0.25 * n as f64).sum();
        assert_eq!(run.call(&mut store, n)?, (sum, float_sum, 77 + 4 * n + n), "{name}");
        assert_eq!(*store.data(), 100, "{name}");
    }
    Ok(())
}

/// The collector moves what only the guest's frame refers to, at every turn.
#[test]
fn references_are_found_in_loops() -> Result<()> {
    let wat = r#"(module
        (import "" "make" (func $make (result externref)))
        (import "" "value" (func $value (param externref) (result i32)))
        (func (export "run") (param $n i32) (result i32)
            (local $a externref) (local $i i32)
            (local.set $a (call $make))
            (call $make)
            (loop $next (param externref) (result externref)
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
            (i32.add (call $value) (i32.mul (i32.const 1000) (call $value (local.get $a))))))"#;
    for (name, engine) in engines() {
        let mut linker = Linker::new(&engine);
        linker.func_wrap("", "make", |mut caller: Caller<'_, u32>| {
            let number = if *caller.data() == 0 { 7_u32 } else { 8 };
            *caller.data_mut() += 1;
            ExternRef::new(&mut caller, number).map(Some)
        })?;
        linker.func_wrap("", "value", |caller: Caller<'_, u32>, value: Option<Rooted<ExternRef>>| {
            let value = value.expect("it is not null").data(&caller)?.expect("the host made it");
            Ok(*value.downcast_ref::<u32>().expect("a number") as i32)
        })?;
        let module = Module::new(&engine, wat)?;
        let mut store = store(&engine, 200);
        let run = linker.instantiate(&mut store, &module)?.get_typed_func::<i32, i32>(&mut store, "run")?;
        let value = run.call(&mut store, 250)?;
        assert!(matches!(value, 7_008 | 8_008), "{name}: {value}");
        assert_eq!(*store.data(), 200, "{name}");
    }
    Ok(())
}

/// The backtrace of a guest that is stopped says where, and the store can be used again.
#[test]
fn a_loop_is_where_it_was_stopped() -> Result<()> {
    let wat = r#"(module
        (func $inner (loop $next (br $next)))
        (func (export "run") (call $inner)))"#;
    for (name, engine) in engines() {
        let module = Module::new(&engine, wat)?;
        let mut store = Store::new(&engine, ());
        if engine.config().get_consume_fuel() {
            store.set_fuel(u64::MAX)?;
        }
        store.set_epoch_deadline(1);
        let run = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "run")?;
        for _ in 0..3 {
            store.set_epoch_deadline(1);
            let ticker = engine.clone();
            let thread = std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(5));
                ticker.increment_epoch();
            });
            let error = run.call(&mut store, ()).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt), "{name}");
            let backtrace = error.downcast_ref::<WasmBacktrace>().expect("there are frames");
            let offsets: Vec<_> = backtrace.frames().iter().map(|frame| frame.func_offset()).collect();
            // The `loop`, behind the count of locals; the `call`.
            assert_eq!(offsets, [Some(1), Some(1)], "{name}");
            thread.join().unwrap();
        }
    }
    Ok(())
}

/// Loops that may or may not call their own function before they go round.
#[test]
fn no_loop_escapes() -> Result<()> {
    const LOOPS: &[&str] = &[
        "(loop $next (if (local.get 0) (then (call $run (i32.const 0)))) (br $next))",
        "(loop $next (if (local.get 0) (then) (else (call $run (i32.const 1)))) (br $next))",
        "(loop $next (if (local.get 0) (then (call $run (i32.const 0))) (else (br $next))) (br $next))",
        "(loop $next (block $skip (br_if $skip (i32.const 1)) (call $run (i32.const 0))) (br $next))",
        "(loop $next (br_table $next $next (local.get 0)) (call $run (i32.const 0)))",
        "(loop $next (br_if $next (i32.const 1)) (call $run (i32.const 0)))",
        "(call $run (i32.const 1)) (loop $next (br $next))",
        "(loop $outer (call $run (i32.const 1)) (loop $inner (br_if $inner (local.get 0))) (br $outer))",
        "(loop $next (call $run (i32.const 1)) (br $next))",
        "(loop $next (if (i32.const 1) (then (call $run (i32.const 1)) (br $next))))",
        "(loop $next (call $nothing) (br $next))",
        "(loop $next (block $caught (try_table (catch_all $next) (throw $tag))) (br $next))",
        "(loop $next (drop (br_on_null $next (ref.null func))))",
        "(return_call $again (i32.const 0))",
        "(call $again (i32.const 0))",
    ];
    for (i, text) in LOOPS.iter().enumerate() {
        // Calls of itself end at once: only the outermost goes round.
        let wat = format!(
            r#"(module
                (tag $tag)
                (global $depth (mut i32) (i32.const 0))
                (func $nothing)
                (func $again (param i32) (return_call $again (local.get 0)))
                (func $run (export "run") (param i32)
                    (if (global.get $depth) (then (return)))
                    (global.set $depth (i32.const 1))
                    {text}))"#
        );
        for (name, engine) in engines() {
            let module = Module::new(&engine, &wat)?;
            let mut store = Store::new(&engine, ());
            if engine.config().get_consume_fuel() {
                store.set_fuel(u64::MAX)?;
            }
            store.set_epoch_deadline(1);
            let run =
                Instance::new(&mut store, &module, &[])?.get_typed_func::<i32, ()>(&mut store, "run")?;
            let ticker = engine.clone();
            let thread = std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(2));
                ticker.increment_epoch();
            });
            // Taken by whoever goes round while the argument is 1.
            let error = run.call(&mut store, i32::from(i == 7)).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt), "{name}: {text}");
            thread.join().unwrap();
        }
    }
    Ok(())
}
