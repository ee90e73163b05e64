//! Panics of host functions go through guests to whoever called them, on every tier, and leave the store usable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use windlass::*;

/// An engine of each tier of this machine.
fn engines() -> impl Iterator<Item = Engine> {
    let strategies = [Strategy::Interpreter, Strategy::Baseline];
    strategies.into_iter().filter_map(|strategy| Engine::new(Config::new().strategy(strategy)).ok())
}

/// What a call panics with.
#[track_caller]
fn panic_of<R: std::fmt::Debug>(call: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("a panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast_ref::<&str>().expect("a text")).to_owned(),
    }
}

const GUEST: &str = r#"(module
    (import "host" "typed" (func $typed (param i32) (result i32)))
    (import "host" "untyped" (func $untyped (param i32) (result i32)))
    (import "host" "back" (func $back (param i32) (result i32)))
    (tag $t)
    (table funcref (elem $typed))
    (memory 1)
    (func (export "typed") (param i32) (result i32)
        (i32.store (i32.const 0) (i32.const 7))
        (i32.add (call $typed (local.get 0)) (i32.const 1)))
    (func (export "untyped") (param i32) (result i32) (call $untyped (local.get 0)))
    (func (export "tail") (param i32) (result i32) (return_call $typed (local.get 0)))
    (func (export "indirect") (param i32) (result i32)
        (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)))
    ;; No handler of the guest catches a panic.
    (func (export "try") (param i32) (result i32)
        (block $caught (try_table (catch_all $caught) (return (call $typed (local.get 0)))))
        (i32.const -1))
    (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (i32.gt_s (local.get 0) (i32.const 1))
            (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
            (else (call $typed (i32.const 0)))))
    ;; Through the host and back, so often, and then a panic.
    (func (export "back") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (call $back (i32.sub (local.get 0) (i32.const 1))))
            (else (call $typed (i32.const 0)))))
    (func (export "stored") (result i32) (i32.load (i32.const 0))))"#;

/// Things that tell how often they were dropped.
struct Dropped<'a>(&'a std::cell::Cell<u32>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

thread_local! {
    static DROPPED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

fn work(x: i32) -> i32 {
    DROPPED.with(|dropped| {
        let _unwound = Dropped(dropped);
        assert!(x != 0, "zero came");
        x * 2
    })
}

#[test]
fn on_every_way_into_the_host() -> Result<()> {
    for engine in engines() {
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("host", "typed", work)?;
        let ty = FuncType::new(&engine, [ValType::I32], [ValType::I32]);
        linker.func_new("host", "untyped", ty, |_, params, results| {
            results[0] = work(params[0].unwrap_i32()).into();
            Ok(())
        })?;
        linker.func_wrap("host", "back", |mut caller: Caller<'_, ()>, depth: i32| -> Result<i32> {
            let back = caller.get_export("back").and_then(Extern::into_func).context("no export")?;
            back.typed::<i32, i32>(&caller)?.call(&mut caller, depth)
        })?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &Module::new(&engine, GUEST)?)?;
        let functions = ["typed", "untyped", "tail", "indirect", "try", "deep", "back"];
        for name in functions {
            let f = instance.get_typed_func::<i32, i32>(&mut store, name)?;
            for _ in 0..3 {
                let before = DROPPED.get();
                let depth = if ["deep", "back"].contains(&name) { 5 } else { 0 };
                assert_eq!(panic_of(|| f.call(&mut store, depth)), "zero came", "{name}");
                assert_eq!(DROPPED.get(), before + 1, "{name}");
            }
        }
        // What the guest did before is there, and it can be called again.
        let stored = instance.get_typed_func::<(), i32>(&mut store, "stored")?;
        assert_eq!(stored.call(&mut store, ())?, 7);
        let typed = instance.get_typed_func::<i32, i32>(&mut store, "typed")?;
        assert_eq!(typed.call(&mut store, 20)?, 41);
        // A panic in between was no obstacle to traps, either.
        let error = instance.get_func(&mut store, "deep").context("deep")?.call(&mut store, &[], &mut []);
        assert!(error.is_err());
    }
    Ok(())
}

fn start() {
    panic!("at the start")
}

fn fail() {
    panic!("far away")
}

#[test]
fn while_an_instance_is_made_and_in_hooks() -> Result<()> {
    struct Limiter;
    impl ResourceLimiter for Limiter {
        fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
            assert!(desired < 3 << 16, "too much");
            Ok(true)
        }

        fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
            Ok(true)
        }
    }

    for engine in engines() {
        let mut store = Store::new(&engine, Limiter);
        store.limiter(|limiter| limiter);
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "start", start)?;
        let starts = Module::new(&engine, r#"(module (import "host" "start" (func $f)) (start $f))"#)?;
        assert_eq!(panic_of(|| linker.instantiate(&mut store, &starts)), "at the start");

        let large = Module::new(&engine, "(module (memory 3))")?;
        assert_eq!(panic_of(|| Instance::new(&mut store, &large, &[])), "too much");
        let grows = r#"(module (memory (export "m") 1)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
        let instance = Instance::new(&mut store, &Module::new(&engine, grows)?, &[])?;
        let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
        assert_eq!(panic_of(|| grow.call(&mut store, 2)), "too much");
        let memory = instance.get_memory(&mut store, "m").context("m")?;
        assert_eq!(panic_of(|| memory.grow(&mut store, 2)), "too much");
        assert_eq!((grow.call(&mut store, 1)?, memory.size(&store)), (1, 2));
    }
    Ok(())
}

#[test]
fn through_modules_and_linkers() -> Result<()> {
    for engine in engines() {
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("host", "fail", fail)?;
        let mut store = Store::new(&engine, ());
        let command = Module::new(
            &engine,
            r#"(module (import "host" "fail" (func $f)) (func (export "_start") (call $f)))"#,
        )?;
        linker.module(&mut store, "command", &command)?;
        let program = Module::new(
            &engine,
            r#"(module (import "command" "_start" (func $f)) (func (export "run") (call $f)))"#,
        )?;
        let run = linker.instantiate(&mut store, &program)?.get_typed_func::<(), ()>(&mut store, "run")?;
        assert_eq!(panic_of(|| run.call(&mut store, ())), "far away");
        assert_eq!(panic_of(|| run.call(&mut store, ())), "far away");
        // The store is dropped while nothing is wrong with it.
        drop(store);
    }
    Ok(())
}
