//! Limits that hold against guests: sizes, counts, fuel, time.

mod common;
use common::*;
use std::time::Duration;
use windlass::*;

const GROWER: &str = r#"(module
    (memory (export "m") 1) (table (export "t") 1 funcref)
    (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#;

fn limited(limits: StoreLimits) -> (Store<StoreLimits>, Module) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    let module = Module::new(&engine, GROWER).unwrap();
    (store, module)
}

#[test]
fn guests_cannot_grow_beyond_the_limit() -> Result<()> {
    let limits = StoreLimitsBuilder::new().memory_size(3 << 16).table_elements(5).build();
    let (mut store, module) = limited(limits);
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance.get_typed_func::<i32, i32>(&mut store, "memory")?;
    assert_eq!(memory.call(&mut store, 2)?, 1);
    assert_eq!(memory.call(&mut store, 1)?, -1);
    let table = instance.get_typed_func::<i32, i32>(&mut store, "table")?;
    assert_eq!(table.call(&mut store, 4)?, 1);
    assert_eq!(table.call(&mut store, 1)?, -1);
    // The host is bound too.
    assert!(instance.get_memory(&mut store, "m").unwrap().grow(&mut store, 1).is_err());
    assert!(instance.get_table(&mut store, "t").unwrap().grow(&mut store, 1, Ref::Func(None)).is_err());
    Ok(())
}

#[test]
fn growing_can_be_made_an_error() -> Result<()> {
    let limits = StoreLimitsBuilder::new().memory_size(1 << 16).trap_on_grow_failure(true).build();
    let (mut store, module) = limited(limits);
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance.get_typed_func::<i32, i32>(&mut store, "memory")?;
    let error = format!("{:#}", memory.call(&mut store, 1).unwrap_err());
    assert!(error.contains("forcing trap when growing memory to 131072 bytes"), "{error}");
    Ok(())
}

#[test]
fn counts_are_limited() -> Result<()> {
    let (mut store, module) = limited(StoreLimitsBuilder::new().instances(2).build());
    Instance::new(&mut store, &module, &[])?;
    Instance::new(&mut store, &module, &[])?;
    let error = Instance::new(&mut store, &module, &[]).unwrap_err().to_string();
    assert!(error.contains("resource limit exceeded: instance count would be 3"), "{error}");

    let (mut store, module) = limited(StoreLimitsBuilder::new().memories(1).tables(2).build());
    Instance::new(&mut store, &module, &[])?;
    let error = Instance::new(&mut store, &module, &[]).unwrap_err().to_string();
    assert!(error.contains("memory count would be 2"), "{error}");
    assert!(Memory::new(&mut store, MemoryType::new(0, None)).is_err());
    let ty = TableType::new(RefType::FUNCREF, 0, None);
    Table::new(&mut store, ty.clone(), Ref::Func(None))?;
    assert!(Table::new(&mut store, ty, Ref::Func(None)).is_err());
    Ok(())
}

#[test]
fn limiters_may_panic_and_fail() -> Result<()> {
    struct Odd(u32);
    impl ResourceLimiter for Odd {
        fn memory_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
            self.0 += 1;
            match self.0 {
                1 => Ok(true),
                2 => bail!("refused in words"),
                _ => panic!("limiter panics"),
            }
        }
        fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
            Ok(true)
        }
    }
    let engine = Engine::default();
    let mut store = Store::new(&engine, Odd(0));
    store.limiter(|odd| odd);
    let instance = Instance::new(&mut store, &Module::new(&engine, GROWER)?, &[])?;
    let memory = instance.get_typed_func::<i32, i32>(&mut store, "memory")?;
    let error = memory.call(&mut store, 1).unwrap_err();
    assert_eq!(error.root_cause().to_string(), "refused in words");
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| memory.call(&mut store, 1))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>().copied(), Some("limiter panics"));
    Ok(())
}

const SPIN: &str = r#"(module
    (func (export "spin") (loop (br 0)))
    (func $tail (export "tail") (return_call $tail))
    (func (export "count") (param i32) (result i32)
        (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0)))"#;

#[test]
fn fuel_runs_out_and_is_charged_alike_each_time() -> Result<()> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let (mut store, instance) = instance_on(&engine, SPIN);
    assert_eq!(store.get_fuel()?, 0);
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    assert_eq!(trap(&spin.call(&mut store, ()).unwrap_err()), Trap::OutOfFuel);
    store.set_fuel(10_000)?;
    assert_eq!(trap(&spin.call(&mut store, ()).unwrap_err()), Trap::OutOfFuel);
    assert_eq!(store.get_fuel()?, 0);

    let count = instance.get_typed_func::<i32, i32>(&mut store, "count")?;
    let mut used = Vec::new();
    for n in [100, 100, 200] {
        store.set_fuel(10_000)?;
        count.call(&mut store, n)?;
        used.push(10_000 - store.get_fuel()?);
    }
    assert_eq!(used[0], used[1]);
    assert!(used[2] > used[0] + 100, "{used:?}");
    // More than the counter holds at once.
    store.set_fuel(u64::MAX)?;
    assert_eq!(store.get_fuel()?, u64::MAX);
    count.call(&mut store, 100)?;
    assert_eq!(store.get_fuel()?, u64::MAX - used[0]);

    let (mut store, _) = common::instance(SPIN);
    assert!(store.set_fuel(1).unwrap_err().to_string().contains("Config::consume_fuel"));
    assert!(store.get_fuel().is_err());
    Ok(())
}

#[test]
fn fuel_beyond_the_counter_is_used_too() -> Result<()> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let module = Module::new(
        &engine,
        r#"(module (import "" "burn" (func $burn)) (func (export "run") (call $burn) (nop) (call $burn)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let burn = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| -> Result<()> {
        let fuel = caller.get_fuel()?;
        caller.set_fuel(fuel / 2)
    });
    let instance = Instance::new(&mut store, &module, &[burn.into()])?;
    store.set_fuel(u64::MAX)?;
    instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
    let left = store.get_fuel()?;
    assert!(left.abs_diff(u64::MAX / 4) < 100, "{left}");
    Ok(())
}

#[test]
fn epochs_interrupt_at_the_deadline() -> Result<()> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let (mut store, instance) = instance_on(&engine, SPIN);
    let count = instance.get_typed_func::<i32, i32>(&mut store, "count")?;
    // Without a deadline it has come already.
    assert_eq!(trap(&count.call(&mut store, 1).unwrap_err()), Trap::Interrupt);
    store.set_epoch_deadline(2);
    count.call(&mut store, 1)?;
    engine.increment_epoch();
    count.call(&mut store, 1)?;
    engine.increment_epoch();
    for _ in 0..2 {
        assert_eq!(trap(&count.call(&mut store, 1).unwrap_err()), Trap::Interrupt);
    }
    store.set_epoch_deadline(1);
    count.call(&mut store, 1)?;

    // Running guests are stopped from another thread: in a loop, and in an endless tail call.
    for name in ["spin", "tail"] {
        store.set_epoch_deadline(1);
        let f = instance.get_typed_func::<(), ()>(&mut store, name)?;
        let ticker = {
            let engine = engine.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                engine.increment_epoch();
            })
        };
        assert_eq!(trap(&f.call(&mut store, ()).unwrap_err()), Trap::Interrupt, "{name}");
        ticker.join().unwrap();
    }
    Ok(())
}

#[test]
fn a_callback_may_extend_the_deadline() -> Result<()> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let module = Module::new(&engine, SPIN)?;
    let mut store = Store::new(&engine, 0);
    let instance = Instance::new(&mut store, &module, &[])?;
    let count = instance.get_typed_func::<i32, i32>(&mut store, "count")?;
    store.epoch_deadline_callback(|mut store| {
        *store.data_mut() += 1;
        match *store.data() {
            1 => Ok(UpdateDeadline::Continue(1)),
            2 => Ok(UpdateDeadline::Interrupt),
            _ => bail!("time is up"),
        }
    });
    count.call(&mut store, 10)?;
    assert_eq!(*store.data(), 1);
    engine.increment_epoch();
    assert_eq!(trap(&count.call(&mut store, 10).unwrap_err()), Trap::Interrupt);
    let error = count.call(&mut store, 10).unwrap_err();
    assert_eq!(error.root_cause().to_string(), "time is up");
    store.epoch_deadline_trap();
    assert_eq!(trap(&count.call(&mut store, 10).unwrap_err()), Trap::Interrupt);
    Ok(())
}

#[test]
fn a_handle_interrupts_once() -> Result<()> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let (mut store, instance) = instance_on(&engine, SPIN);
    store.set_epoch_deadline(u64::MAX);
    let handle = store.interrupt_handle()?;
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    let count = instance.get_typed_func::<i32, i32>(&mut store, "count")?;
    for _ in 0..3 {
        let thread = {
            let handle = handle.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(10));
                handle.interrupt();
            })
        };
        let error = spin.call(&mut store, ()).unwrap_err();
        assert_eq!(trap(&error), Trap::Interrupt);
        assert_eq!(frames(&error), ["#0"]);
        thread.join().unwrap();
        count.call(&mut store, 5)?;
    }
    drop(store);
    handle.interrupt();

    let (store, _) = common::instance(SPIN);
    assert!(store.interrupt_handle().unwrap_err().to_string().contains("Config::epoch_interruption"));
    Ok(())
}

#[test]
fn an_atomic_wait_can_be_interrupted() -> Result<()> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let (mut store, instance) = instance_on(
        &engine,
        r#"(module (memory 1 1 shared)
            (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"#,
    );
    store.set_epoch_deadline(u64::MAX);
    let handle = store.interrupt_handle()?;
    let wait = instance.get_typed_func::<(), i32>(&mut store, "wait")?;
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        handle.interrupt();
    });
    assert_eq!(trap(&wait.call(&mut store, ()).unwrap_err()), Trap::Interrupt);
    thread.join().unwrap();
    Ok(())
}

#[test]
fn engines_forget_stores_that_are_gone() -> Result<()> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    for _ in 0..1000 {
        drop(Store::new(&engine, ()));
    }
    engine.increment_epoch();
    let weak = engine.weak();
    assert!(weak.upgrade().is_some());
    drop(engine);
    assert!(weak.upgrade().is_none(), "nothing keeps the engine");
    Ok(())
}

/// The heap of references is limited: a guest that keeps exceptions, and a host that keeps values, run out of room, and
/// go on when there is garbage.
#[test]
fn heaps_are_limited() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (tag $e (param i64)) (table $t 100_000 exnref)
            (func (export "make") (param $n i32) (param $keep i32) (local $x exnref)
                (loop $l
                    (block $h (result exnref) (try_table (catch_all_ref $h) (throw $e (i64.const 1))) unreachable)
                    (local.set $x)
                    (if (local.get $keep) (then (table.set $t (local.get $n) (local.get $x))))
                    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#,
    )?;
    let limits = StoreLimitsBuilder::new().heap_size(1 << 20).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    let instance = Instance::new(&mut store, &module, &[])?;
    let make = instance.get_typed_func::<(i32, i32), ()>(&mut store, "make")?;
    // Garbage needs no room.
    make.call(&mut store, (90_000, 0))?;
    assert_eq!(trap(&make.call(&mut store, (90_000, 1)).unwrap_err()), Trap::OutOfMemory);
    // The host finds no room either, and one that is given some finds it.
    assert!(ExternRef::new(&mut store, 5).is_err());
    *store.data_mut() = StoreLimitsBuilder::new().heap_size(64 << 20).build();
    store.limiter(|limits| limits);
    make.call(&mut store, (90_000, 1))?;
    assert!(ExternRef::new(&mut store, 5).is_ok());
    Ok(())
}

/// What a callback throws at the deadline is no exception that the guest could catch: it ends the guest on every tier.
#[test]
fn errors_of_callbacks_cannot_be_caught() -> Result<()> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let (mut store, instance) = instance_on(
        &engine,
        r#"(module (tag $e (export "e"))
            (func (export "run") (result i32)
                (block $h
                    (try_table (catch_all $h) (loop (br 0))))
                (i32.const 1)))"#,
    );
    store.set_epoch_deadline(1);
    let tag = instance.get_tag(&mut store, "e").unwrap();
    store.epoch_deadline_callback(move |mut store| {
        let ty = ExnType::from_tag_type(&tag.ty(&store))?;
        let pre = ExnRefPre::new(&mut store, ty);
        let exception = ExnRef::new(&mut store, &pre, &tag, &[])?;
        store.throw(exception)
    });
    engine.increment_epoch();
    let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    let error = run.call(&mut store, ()).unwrap_err();
    assert!(error.is::<ThrownException>(), "{error:?}");
    assert!(store.take_pending_exception().is_some());
    Ok(())
}
