//! The guest's stack, on every tier: exhausted by frames of any size, on any thread; throws and traps that leave through tail
//! calls into other instances.

use std::thread;
use windlass::*;

const TIERS: [Strategy; 2] = [Strategy::Interpreter, Strategy::Auto];

/// Configurations of each tier; with checks instead of faults, too.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for strategy in TIERS {
        for (signals, interruption) in [(true, false), (false, false), (true, true)] {
            let mut config = Config::new();
            config.strategy(strategy).signals_based_traps(signals).epoch_interruption(interruption);
            engines.push(Engine::new(&config).unwrap());
        }
    }
    engines
}

fn store(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    if format!("{:?}", engine.config()).contains("epoch_interruption: true") {
        store.set_epoch_deadline(1_000_000);
    }
    store
}

/// A function that calls itself without end, with so many locals; at each depth it calls a leaf with as many.
fn endless(locals: usize) -> String {
    let declared = "i64 ".repeat(locals);
    // Locals that are used lie in the frame or in registers; all others in the frame.
    format!(
        r#"(module
            (func $leaf (param i64) (result i64) (local {declared})
                (local.set 1 (i64.add (local.get 0) (local.get {last}))) (local.get 1))
            (func $f (export "f") (param i64) (result i64) (local {declared})
                (local.set {last} (call $leaf (local.get 0)))
                (i64.add (local.get {last}) (call $f (i64.add (local.get 0) (i64.const 1))))))"#,
        last = locals,
    )
}

fn exhaust(engine: &Engine, module: &Module) {
    let mut store = store(engine);
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    let f = instance.get_typed_func::<i64, i64>(&mut store, "f").unwrap();
    // Twice: the first time leaves nothing behind.
    for _ in 0..2 {
        let error = f.call(&mut store, 1).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{error:?}");
    }
}

#[test]
fn frames_of_any_size_exhaust_the_stack() {
    for engine in engines() {
        for locals in [1, 2, 7, 100, 509, 510, 511, 512, 513, 4_000, 30_000, 45_000] {
            let module = Module::new(&engine, endless(locals)).unwrap();
            exhaust(&engine, &module);
        }
    }
}

#[test]
fn threads_with_stacks_of_any_size() {
    for engine in engines() {
        for locals in [1, 600, 20_000] {
            let module = Module::new(&engine, endless(locals)).unwrap();
            for kib in [256, 512, 2048, 16_384] {
                let (engine, module) = (engine.clone(), module.clone());
                let body = move || exhaust(&engine, &module);
                thread::Builder::new().stack_size(kib << 10).spawn(body).unwrap().join().unwrap();
            }
        }
    }
}

#[test]
fn the_host_has_room_where_the_guest_has_none() -> Result<()> {
    for engine in engines() {
        let module = Module::new(
            &engine,
            r#"(module (import "" "deep" (func $deep (param i32)))
                (func $f (export "f") (param i32)
                    (call $deep (local.get 0)) (call $f (i32.add (local.get 0) (i32.const 1)))))"#,
        )?;
        let mut store = store(&engine);
        let deep = Func::wrap(&mut store, |n: i32| {
            // A host function uses some stack of its own.
            let mut bytes = [n as u8; 16 << 10];
            std::hint::black_box(&mut bytes);
        });
        let instance = Instance::new(&mut store, &module, &[deep.into()])?;
        let f = instance.get_typed_func::<i32, ()>(&mut store, "f")?;
        let error = f.call(&mut store, 0).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{error:?}");
    }
    Ok(())
}

/// Two instances whose functions tail-call each other through imports, with stack parameters or without; the last one does `end`.
fn chain(store: &mut Store<()>, params: usize, end: &str) -> Result<Instance> {
    let engine = store.engine().clone();
    let list = "i64 ".repeat(params);
    let gets: String = (1..=params).map(|i| format!("(local.get {i})")).collect();
    let tag = Tag::new(&mut *store, &TagType::new(FuncType::new(&engine, [ValType::I32], [])))?;
    let last = Module::new(
        &engine,
        format!(
            r#"(module (import "" "tag" (tag $t (param i32))) (memory 1)
                (func (export "last") (param i32) (result i32) {end}))"#
        ),
    )?;
    let middle = Module::new(
        &engine,
        format!(
            r#"(module (import "" "last" (func $last (param i32) (result i32)))
                (func (export "middle") (param i32 {list}) (result i32) (return_call $last (local.get 0))))"#
        ),
    )?;
    let first = Module::new(
        &engine,
        format!(
            r#"(module (import "" "middle" (func $middle (param i32 {list}) (result i32)))
                (import "" "tag" (tag $t (param i32)))
                (memory (export "memory") 1)
                (func $hop (param i32 {list}) (result i32) (return_call $middle (local.get 0) {gets}))
                (func (export "run") (param i32) (result i32) (local {list})
                    (i32.store (i32.const 8) (i32.const 42))
                    (block $caught (result i32)
                        (try_table (result i32) (catch $t $caught)
                            (i32.add (call $hop (local.get 0) {gets}) (i32.const 1000)))
                        return)
                    ;; The context is this instance's again.
                    (i32.add (i32.load (i32.const 8)))))"#
        ),
    )?;
    let last = Instance::new(&mut *store, &last, &[tag.into()])?;
    let last = last.get_func(&mut *store, "last").unwrap();
    let middle = Instance::new(&mut *store, &middle, &[last.into()])?;
    let middle = middle.get_func(&mut *store, "middle").unwrap();
    Instance::new(&mut *store, &first, &[middle.into(), tag.into()])
}

#[test]
fn throws_and_traps_through_tail_calls_across_instances() -> Result<()> {
    for engine in engines() {
        for params in [0, 3, 5, 6, 12, 40] {
            let mut store = store(&engine);
            let run = |store: &mut Store<()>, end: &str| -> Result<i32> {
                let instance = chain(store, params, end)?;
                instance.get_typed_func::<i32, i32>(&mut *store, "run")?.call(&mut *store, 7)
            };
            assert_eq!(run(&mut store, "(i32.add (local.get 0) (i32.const 1))")?, 1008);
            assert_eq!(run(&mut store, "(throw $t (local.get 0))")?, 49);
            for (end, trap) in [
                ("unreachable", Trap::UnreachableCodeReached),
                ("(i32.div_u (local.get 0) (i32.const 0))", Trap::IntegerDivisionByZero),
                ("(i32.load (i32.const -8))", Trap::MemoryOutOfBounds),
            ] {
                let error = run(&mut store, end).unwrap_err();
                assert_eq!(error.downcast_ref::<Trap>(), Some(&trap), "{error:?}");
                // Whoever tail-called has left: the last function, and `run`.
                let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames().len();
                assert_eq!(frames, 2, "{error:?}");
            }
        }
    }
    Ok(())
}
