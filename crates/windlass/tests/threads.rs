//! Shared memories used by several stores on several host threads.
//!
//! Every guest here runs in a store of its own, on a thread of its own; they share one memory and nothing else. What
//! they do is checked to be atomic by counting. (Under a sanitizer these tests show that the runtime's own accesses
//! are no races.)

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};
use windlass::*;

const THREADS: u32 = 4;
const ROUNDS: i32 = 2_000;

fn memory(engine: &Engine, min: u32, max: u32) -> SharedMemory {
    SharedMemory::new(engine, MemoryType::shared(min, max)).unwrap()
}

/// An instance in a store of its own that imports the memory.
fn guest(module: &Module, memory: &SharedMemory) -> (Store<()>, Instance) {
    let engine = module.engine();
    let mut store = Store::new(engine, ());
    if engine.config().get_epoch_interruption() {
        store.set_epoch_deadline(u64::MAX / 2);
    }
    let instance = Instance::new(&mut store, module, &[memory.clone().into()]).unwrap();
    (store, instance)
}

fn interruptible() -> Engine {
    Engine::new(Config::new().epoch_interruption(true)).unwrap()
}

/// Runs `run` in as many guests of the module, all at the same time, each with its number.
fn together(
    module: &Module,
    memory: &SharedMemory,
    run: impl Fn(u32, &mut Store<()>, Instance) + Send + Sync,
) {
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        let guests: Vec<_> = (0..THREADS)
            .map(|number| {
                let (barrier, run) = (&barrier, &run);
                scope.spawn(move || {
                    let (mut store, instance) = guest(module, memory);
                    barrier.wait();
                    run(number, &mut store, instance);
                })
            })
            .collect();
        // A sanitizer understands this, and not the end of the scope.
        guests.into_iter().for_each(|guest| guest.join().unwrap());
    });
}

fn read_u32(memory: &SharedMemory, at: usize) -> u32 {
    let mut bytes = [0; 4];
    memory.read(at, &mut bytes).unwrap();
    u32::from_le_bytes(bytes)
}

fn read_u64(memory: &SharedMemory, at: usize) -> u64 {
    let mut bytes = [0; 8];
    memory.read(at, &mut bytes).unwrap();
    u64::from_le_bytes(bytes)
}

/// Each read-modify-write operation of each width, on addresses that all threads use.
#[test]
fn read_modify_write_is_atomic() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (import "" "m" (memory 1 1 shared))
            (func (export "run") (param $n i32) (param $rounds i32) (local $old i32) (local $bit i64)
                (local.set $bit (i64.shl (i64.const 1) (i64.extend_i32_u (local.get $n))))
                (loop $l
                    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 3)))
                    (drop (i32.atomic.rmw.sub (i32.const 4) (i32.const 1)))
                    (drop (i64.atomic.rmw.add (i32.const 8) (i64.const 0x1_0000_0001)))
                    (drop (i32.atomic.rmw8.add_u (i32.const 17) (i32.const 1)))
                    (drop (i32.atomic.rmw16.add_u (i32.const 22) (i32.const 1)))
                    (drop (i64.atomic.rmw32.add_u (i32.const 28) (i64.const 1)))
                    ;; Each thread flips its own bit an even number of times, and sets one for ever.
                    (drop (i64.atomic.rmw.xor (i32.const 32) (local.get $bit)))
                    (drop (i64.atomic.rmw.xor (i32.const 32) (local.get $bit)))
                    (drop (i64.atomic.rmw.or (i32.const 40) (local.get $bit)))
                    ;; By hand.
                    (loop $again
                        (local.set $old (i32.atomic.load (i32.const 48)))
                        (br_if $again (i32.ne
                            (local.get $old)
                            (i32.atomic.rmw.cmpxchg (i32.const 48) (local.get $old)
                                (i32.add (local.get $old) (i32.const 1))))))
                    ;; A lock, and a count behind it that is not atomic.
                    (loop $taken (br_if $taken (i32.atomic.rmw.xchg (i32.const 52) (i32.const 1))))
                    (i64.store (i32.const 56) (i64.add (i64.load (i32.const 56)) (i64.const 1)))
                    (i32.atomic.store (i32.const 52) (i32.const 0))
                    (br_if $l (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))))"#,
    )?;
    let memory = memory(&engine, 1, 1);
    together(&module, &memory, |number, store, instance| {
        let run = instance.get_typed_func::<(i32, i32), ()>(&mut *store, "run").unwrap();
        run.call(store, (number as i32, ROUNDS)).unwrap();
    });
    let all = THREADS * ROUNDS as u32;
    assert_eq!(read_u32(&memory, 0), all * 3);
    assert_eq!(read_u32(&memory, 4), 0_u32.wrapping_sub(all));
    assert_eq!(read_u64(&memory, 8), u64::from(all) * 0x1_0000_0001);
    // Narrow ones wrap, and leave their neighbours alone.
    assert_eq!(read_u32(&memory, 16), (all & 0xff) << 8);
    assert_eq!(read_u32(&memory, 20), (all & 0xffff) << 16);
    assert_eq!(read_u32(&memory, 28), all);
    assert_eq!(read_u64(&memory, 32), 0);
    assert_eq!(read_u64(&memory, 40), (1 << THREADS) - 1);
    assert_eq!(read_u32(&memory, 48), all);
    assert_eq!(read_u64(&memory, 56), all.into());
    Ok(())
}

/// The host's own accesses, plain loads and stores of guests, and bulk operations, all at once on the same bytes.
#[test]
fn the_host_and_guests_use_the_same_bytes() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (import "" "m" (memory 1 1 shared)) (data $d "0123456789abcdef")
            (func (export "run") (param $n i32) (param $rounds i32) (local $at i32)
                (loop $l
                    (local.set $at (i32.and (i32.mul (local.get $rounds) (i32.const 7)) (i32.const 0xff)))
                    (i64.store (local.get $at) (i64.load offset=3 (local.get $at)))
                    (v128.store (local.get $at) (v128.load offset=5 align=1 (local.get $at)))
                    (i32.store16 offset=1 (local.get $at) (i32.load8_s offset=9 (local.get $at)))
                    (memory.copy (i32.const 64) (i32.const 67) (i32.const 100))
                    (memory.copy (i32.const 72) (i32.const 64) (i32.const 100))
                    (memory.fill (i32.const 130) (local.get $n) (i32.const 50))
                    (memory.init $d (local.get $at) (i32.const 0) (i32.const 16))
                    (br_if $l (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))))"#,
    )?;
    let memory = memory(&engine, 1, 1);
    together(&module, &memory, |number, store, instance| {
        let run = instance.get_typed_func::<(i32, i32), ()>(&mut *store, "run").unwrap();
        let mut bytes = [number as u8; 200];
        for _ in 0..10 {
            run.call(&mut *store, (number as i32, ROUNDS / 20)).unwrap();
            memory.write(100, &bytes).unwrap();
            memory.read(33, &mut bytes).unwrap();
        }
    });
    // Whatever lies there now, beyond it nothing was written.
    let mut rest = vec![0; 65536 - 600];
    memory.read(600, &mut rest).unwrap();
    assert!(rest.iter().all(|b| *b == 0));
    Ok(())
}

/// A memory grows while others use it: nobody sees less than there was, and what is there is usable at once.
#[test]
fn memories_grow_while_others_use_them() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (import "" "m" (memory 1 1024 shared))
            (func (export "grow") (result i32) (memory.grow (i32.const 1)))
            ;; Adds one to the last word there is. Gives the size.
            (func (export "touch") (result i32) (local $size i32)
                (local.set $size (memory.size))
                (drop (i32.atomic.rmw.add
                    (i32.sub (i32.mul (local.get $size) (i32.const 65536)) (i32.const 4))
                    (i32.const 1)))
                (local.get $size)))"#,
    )?;
    let memory = memory(&engine, 1, 1024);
    let touched = AtomicU32::new(0);
    together(&module, &memory, |number, store, instance| {
        let grow = instance.get_typed_func::<(), i32>(&mut *store, "grow").unwrap();
        let touch = instance.get_typed_func::<(), i32>(&mut *store, "touch").unwrap();
        let mut before = 0;
        for round in 0..150 {
            match number % 3 {
                0 => assert!(grow.call(&mut *store, ()).unwrap() > 0),
                1 => assert!(memory.grow(1).is_ok()),
                _ => {}
            }
            let size = touch.call(&mut *store, ()).unwrap();
            assert!(size >= before && memory.size() >= size as u64, "round {round}");
            before = size;
            touched.fetch_add(1, SeqCst);
        }
    });
    let growing = (0..THREADS).filter(|n| n % 3 < 2).count() as u64;
    assert_eq!(memory.size(), 1 + growing * 150);
    let ends = (1..=memory.size() as usize).map(|page| read_u32(&memory, page * 65536 - 4));
    assert_eq!(ends.sum::<u32>(), touched.load(SeqCst));
    Ok(())
}

/// Guests hand a number around in a ring, each waiting for its turn.
#[test]
fn waiting_and_notifying_across_threads() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (import "" "m" (memory 1 1 shared))
            (func (export "run") (param $n i32) (param $of i32) (param $rounds i32) (local $turn i32)
                (loop $l
                    (block $mine (loop $wait
                        (local.set $turn (i32.atomic.load (i32.const 0)))
                        (br_if $mine (i32.eq (i32.rem_u (local.get $turn) (local.get $of)) (local.get $n)))
                        (drop (memory.atomic.wait32 (i32.const 0) (local.get $turn) (i64.const -1)))
                        (br $wait)))
                    (i32.atomic.store (i32.const 0) (i32.add (local.get $turn) (i32.const 1)))
                    (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))
                    (br_if $l (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))))"#,
    )?;
    let memory = memory(&engine, 1, 1);
    together(&module, &memory, |number, store, instance| {
        let run = instance.get_typed_func::<(i32, i32, i32), ()>(&mut *store, "run").unwrap();
        run.call(store, (number as i32, THREADS as i32, ROUNDS / 10)).unwrap();
    });
    assert_eq!(read_u32(&memory, 0), THREADS * ROUNDS as u32 / 10);
    assert_eq!(memory.atomic_notify(0, u32::MAX)?, 0, "nobody waits any more");
    Ok(())
}

/// Each notify wakes exactly one waiter, and counts it, while others time out.
#[test]
fn notifies_are_counted_exactly() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (import "" "m" (memory 1 1 shared))
            (func (export "wait") (param i64) (result i32)
                (memory.atomic.wait32 (i32.const 64) (i32.const 0) (local.get 0))))"#,
    )?;
    let memory = memory(&engine, 1, 1);
    let (woken, left) = (AtomicU32::new(0), AtomicU32::new(THREADS - 1));
    let notified = AtomicU32::new(0);
    together(&module, &memory, |number, store, instance| {
        if number == 0 {
            while left.load(SeqCst) > 0 {
                notified.fetch_add(memory.atomic_notify(64, 1).unwrap(), SeqCst);
                thread::yield_now();
            }
            return;
        }
        let wait = instance.get_typed_func::<i64, i32>(&mut *store, "wait").unwrap();
        for round in 0..100 {
            match wait.call(&mut *store, round * 1_700 % 90_000).unwrap() {
                0 => assert!(woken.fetch_add(1, SeqCst) < u32::MAX),
                other => assert_eq!(other, 2, "timed out"),
            }
        }
        left.fetch_sub(1, SeqCst);
    });
    assert_eq!(woken.load(SeqCst), notified.load(SeqCst));
    Ok(())
}

/// Stores come and go while others wait on the same memory, and whoever waits is woken by a store that is new.
#[test]
fn stores_are_dropped_while_others_wait() -> Result<()> {
    let engine = interruptible();
    let module = Module::new(
        &engine,
        r#"(module (import "" "m" (memory 1 1 shared))
            (func (export "wait") (param i64) (result i32)
                (memory.atomic.wait32 (i32.const 0) (i32.const 0) (local.get 0)))
            (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const 1))))"#,
    )?;
    let memory = memory(&engine, 1, 1);
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut store, instance) = guest(&module, &memory);
                    let wait = instance.get_typed_func::<i64, i32>(&mut store, "wait").unwrap();
                    wait.call(&mut store, -1).unwrap()
                })
            })
            .collect();
        for round in 0..50 {
            let (mut store, instance) = guest(&module, &memory);
            let wait = instance.get_typed_func::<i64, i32>(&mut store, "wait").unwrap();
            // Ends by a timeout, or by an interruption: the store is dropped right after it.
            if round % 2 == 0 {
                assert_eq!(wait.call(&mut store, 50_000).unwrap(), 2);
            } else {
                store.interrupt_handle().unwrap().interrupt();
                let error = wait.call(&mut store, -1).unwrap_err();
                assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
            }
        }
        let mut woken = 0;
        while woken < 2 {
            let (mut store, instance) = guest(&module, &memory);
            woken += instance
                .get_typed_func::<(), i32>(&mut store, "notify")
                .unwrap()
                .call(&mut store, ())
                .unwrap();
        }
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), 0);
        }
    });
    assert_eq!(memory.atomic_notify(0, u32::MAX)?, 0);
    Ok(())
}

/// One guest that waits is interrupted; the others wait on.
#[test]
fn an_interruption_wakes_one_store_only() -> Result<()> {
    let engine = interruptible();
    let module = Module::new(
        &engine,
        r#"(module (import "" "m" (memory 1 1 shared))
            (func (export "wait") (result i32)
                (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))
                ;; Who is interrupted and notified at the same time hears of the interruption here.
                (loop $next (br_if $next (i32.const 0)))))"#,
    )?;
    let memory = memory(&engine, 1, 1);
    let wait = |handle: std::sync::mpsc::Sender<InterruptHandle>| {
        let (mut store, instance) = guest(&module, &memory);
        let wait = instance.get_typed_func::<(), i32>(&mut store, "wait").unwrap();
        handle.send(store.interrupt_handle().unwrap()).unwrap();
        wait.call(&mut store, ())
    };
    let wait = &wait;
    thread::scope(|scope| {
        let mut waiters: Vec<_> = (0..3)
            .map(|_| {
                let (send, handle) = std::sync::mpsc::channel();
                (scope.spawn(move || wait(send)), handle)
            })
            .collect();
        let (first, handle) = waiters.remove(0);
        handle.recv().unwrap().interrupt();
        // Before anybody is notified: that would end its wait, too.
        let error = first.join().unwrap().unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
        let mut woken = 0;
        while woken < 2 {
            woken += memory.atomic_notify(0, u32::MAX).unwrap();
            thread::yield_now();
        }
        for (waiter, _) in waiters {
            assert_eq!(waiter.join().unwrap().unwrap(), 0);
        }
    });
    Ok(())
}

/// Modules, linkers and engines are used by many threads at once: compiled, instantiated, called and dropped.
#[test]
fn engines_are_shared() -> Result<()> {
    let engine = interruptible();
    let mut linker: Linker<u64> = Linker::new(&engine);
    linker.func_wrap("host", "add", |mut caller: Caller<'_, u64>, n: u64| {
        *caller.data_mut() += n;
        *caller.data()
    })?;
    let shared = Module::new(
        &engine,
        r#"(module (import "host" "add" (func $add (param i64) (result i64)))
            (func (export "run") (param i64) (result i64) (call $add (local.get 0))))"#,
    )?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        // Epochs go on all the time.
        scope.spawn(|| {
            while !done.load(SeqCst) {
                engine.increment_epoch();
                thread::yield_now();
            }
        });
        let workers: Vec<_> = (0..THREADS)
            .map(|number| {
                let (engine, linker, shared) = (&engine, &linker, &shared);
                scope.spawn(move || {
                    for round in 0..30_u64 {
                        let mut store = Store::new(engine, 0);
                        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
                        let own;
                        let module = match round % 3 {
                            0 => {
                                // Types of its own, which come and go.
                                let text = format!(
                                    r#"(module (type (func (param i64 {})))
                                        (import "host" "add" (func $add (param i64) (result i64)))
                                        (func (export "run") (param i64) (result i64) (call $add (local.get 0))))"#,
                                    "i32 ".repeat((number as usize + round as usize) % 7)
                                );
                                own = Module::new(engine, text).unwrap();
                                &own
                            }
                            _ => shared,
                        };
                        let instance = linker.instantiate(&mut store, module).unwrap();
                        let run = instance.get_typed_func::<u64, u64>(&mut store, "run").unwrap();
                        for n in 1..=10 {
                            assert_eq!(run.call(&mut store, n).unwrap(), n * (n + 1) / 2);
                        }
                    }
                })
            })
            .collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        done.store(true, SeqCst);
    });
    Ok(())
}

/// Handles of stores that are gone are harmless, also while stores go.
#[test]
fn handles_outlive_their_stores() -> Result<()> {
    let engine = interruptible();
    let module = Module::new(&engine, r#"(module (func (export "spin") (loop (br 0))))"#)?;
    let (send, handles) = std::sync::mpsc::sync_channel::<(InterruptHandle, Interruption)>(4);
    let interrupter = thread::spawn(move || {
        let mut old = Vec::new();
        for (handle, interruption) in handles {
            handle.interrupt();
            old.push((handle, interruption));
            old.iter().for_each(|(handle, _)| handle.interrupt());
        }
        old.iter().filter(|(_, interruption)| interruption.is_pending()).count()
    });
    for _ in 0..50 {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let heard = Arc::new(AtomicU32::new(0));
        let listener = store.interruption().listen({
            let heard = heard.clone();
            Arc::new(move || {
                heard.fetch_add(1, SeqCst);
            })
        });
        let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
        send.send((store.interrupt_handle()?, store.interruption()))?;
        let error = spin.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
        let patience = Instant::now() + Duration::from_secs(10);
        while heard.load(SeqCst) == 0 {
            assert!(Instant::now() < patience, "the listener hears of it");
            thread::yield_now();
        }
        drop(listener);
    }
    drop(send);
    assert!(interrupter.join().unwrap() <= 50);
    Ok(())
}
