//! Whatever a guest does, an interruption from another thread stops it soon: within 10 ms, on a machine that is not busy.
//!
//! Each case is tried several times, and half of the stops must be in time. A machine that is busy may give a thread its turn
//! late, so the tests allow more by themselves; `WINDLASS_STOP_MS=10` has them hold what is promised.

mod common;
use common::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};
use windlass::*;

/// Tries for each case.
const TRIES: u32 = 7;

fn engine(change: impl FnOnce(&mut Config)) -> Engine {
    let mut config = Config::new();
    config.epoch_interruption(true);
    change(&mut config);
    Engine::new(&config).unwrap()
}

fn store<T>(engine: &Engine, data: T) -> Store<T> {
    let mut store = Store::new(engine, data);
    store.set_epoch_deadline(1);
    store
}

/// Interrupts what `run` does after `after`: with a handle, or with an epoch. Gives how long it took to stop, or `None` if
/// it ended before that.
fn stop<T>(
    store: &mut Store<T>,
    by_epoch: bool,
    after: Duration,
    run: impl FnOnce(&mut Store<T>) -> Result<()>,
) -> Option<Duration> {
    let handle = store.interrupt_handle().unwrap();
    let engine = store.engine().clone();
    let ended = Arc::new(AtomicBool::new(false));
    let interrupter = thread::spawn({
        let ended = ended.clone();
        move || {
            thread::sleep(after);
            let now = Instant::now();
            if ended.load(SeqCst) {
                return None;
            }
            match by_epoch {
                true => engine.increment_epoch(),
                false => handle.interrupt(),
            }
            Some(now)
        }
    });
    let result = run(store);
    let end = Instant::now();
    ended.store(true, SeqCst);
    let start = interrupter.join().unwrap();
    match result {
        Err(error) => assert_eq!(trap(&error), Trap::Interrupt, "{error:?}"),
        // It came too late.
        Ok(()) => return None,
    }
    Some(end.saturating_duration_since(start?))
}

/// Checks that attempts to stop something are in time; each is told how, and after which time to interrupt.
#[track_caller]
fn stops_in_time(what: &str, mut attempt: impl FnMut(bool, Duration) -> Option<Duration>) {
    let after = |i| Duration::from_millis(3 + 4 * u64::from(i));
    let mut took: Vec<Duration> = (0..TRIES).filter_map(|i| attempt(i % 2 == 1, after(i))).collect();
    took.sort();
    println!("{what}: {took:?}");
    assert!(!took.is_empty(), "{what} always ended before it was interrupted");
    let median = took[took.len() / 2];
    assert!(median <= stop_bound(), "{what} took {median:?} to stop");
}

/// A guest function without parameters that runs for ever, or long.
fn guest(what: &str, change: impl Fn(&mut Config), wat: &str) {
    let engine = engine(change);
    let module = Module::new(&engine, wat).unwrap();
    stops_in_time(what, |by_epoch, after| {
        let mut store = store(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        stop(&mut store, by_epoch, after, |store| run.call(store, ()))
    });
}

#[test]
fn loops_and_recursion() {
    guest("a loop", |_| (), r#"(module (func (export "run") (loop (br 0))))"#);
    guest(
        "a loop of branches of a table",
        |_| (),
        r#"(module (func (export "run") (loop $l (block (br_table 0 $l $l (i32.const 5))))))"#,
    );
    guest("tail calls", |_| (), r#"(module (func $f (export "run") (return_call $f)))"#);
    guest(
        "indirect tail calls",
        |_| (),
        r#"(module (table funcref (elem $f)) (func $f (export "run") (return_call_indirect (i32.const 0))))"#,
    );
    guest(
        "recursion that comes back",
        |_| (),
        r#"(module
            (func $f (param i32)
                (if (local.get 0) (then
                    (call $f (i32.sub (local.get 0) (i32.const 1)))
                    (call $f (i32.sub (local.get 0) (i32.const 1))))))
            (func (export "run") (call $f (i32.const 60))))"#,
    );
    guest(
        "exceptions",
        |_| (),
        r#"(module (tag $e) (func $throw (throw $e))
            (func (export "run")
                (loop $l (block $h (try_table (catch $e $h) (call $throw))) (br $l))))"#,
    );
}

#[test]
fn bulk_operations_on_memories() {
    let body = |memory: &str, body: &str| {
        format!(
            r#"(module (memory {memory}) (data $d "{}")
                (func (export "run") {body}))"#,
            "x".repeat(1 << 16)
        )
    };
    guest(
        "memory.fill",
        |_| (),
        &body("0x4000", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3fff_ffff))"),
    );
    guest(
        "memory.copy",
        |_| (),
        &body("0x4000", "(memory.copy (i32.const 0x1000_0000) (i32.const 1) (i32.const 0x2000_0000))"),
    );
    guest(
        "memory.copy upwards",
        |_| (),
        &body("0x4000", "(memory.copy (i32.const 1) (i32.const 0x1000_0000) (i32.const 0x2000_0000))"),
    );
    guest(
        "memory.fill of a shared memory",
        |_| (),
        &body("0x4000 0x4000 shared", "(memory.fill (i32.const 1) (i32.const 1) (i32.const 0x3fff_fff0))"),
    );
    guest(
        "memory.copy in a shared memory",
        |_| (),
        &body(
            "0x4000 0x4000 shared",
            "(memory.copy (i32.const 0x1000_0000) (i32.const 1) (i32.const 0x2000_0000))",
        ),
    );
    guest(
        "memory.init in a loop",
        |_| (),
        &body("2", "(loop (memory.init $d (i32.const 9) (i32.const 0) (i32.const 0x10000)) (br 0))"),
    );
    guest(
        "memory.fill with 64-bit addresses",
        |_| (),
        &body("i64 0x4000", "(memory.fill (i64.const 0) (i32.const 1) (i64.const 0x3fff_ffff))"),
    );
}

#[test]
fn memories_that_move() {
    let wat = r#"(module (memory i64 0x2000)
        (func (export "fill") (memory.fill (i64.const 0) (i32.const 7) (i64.const 0x2000_0000)))
        (func (export "grow") (drop (memory.grow (i64.const 0x4000)))))"#;
    let engine = engine(|_| ());
    let module = Module::new(&engine, wat).unwrap();
    stops_in_time("memory.grow", |by_epoch, after| {
        let mut store = store(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        instance.get_typed_func::<(), ()>(&mut store, "fill").unwrap().call(&mut store, ()).unwrap();
        // Beyond what 64-bit memories reserve.
        let grow = instance.get_typed_func::<(), ()>(&mut store, "grow").unwrap();
        stop(&mut store, by_epoch, after, |store| grow.call(store, ()))
    });
}

#[test]
fn operations_on_tables() {
    let table = |body: &str| {
        format!(
            r#"(module (table $t 8_000_000 10_000_000 funcref) (table $x 8_000_000 10_000_000 externref)
                (table $none 0 9_000_000 funcref) (elem declare func $f) (func $f)
                (func (export "run") {body}))"#
        )
    };
    for (what, body) in [
        ("table.fill", "(loop (table.fill $t (i32.const 0) (ref.func $f) (i32.const 8_000_000)) (br 0))"),
        (
            "table.fill of references",
            "(loop (table.fill $x (i32.const 0) (ref.null extern) (i32.const 8_000_000)) (br 0))",
        ),
        ("table.copy", "(loop (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 7_999_999)) (br 0))"),
        ("table.grow", "(drop (table.grow $none (ref.func $f) (i32.const 9_000_000)))"),
    ] {
        guest(what, |_| (), &table(body));
    }
}

#[test]
fn waits() {
    let wat = |body: &str| format!(r#"(module (memory 1 1 shared) (func (export "run") (drop {body})))"#);
    guest("wait32", |_| (), &wat("(memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))"));
    guest(
        "wait64",
        |_| (),
        &wat("(memory.atomic.wait64 (i32.const 8) (i64.const 0) (i64.const 60_000_000_000))"),
    );
}

#[test]
fn instantiation() {
    let engine = engine(|_| ());
    // Many segments that cannot be an image, since one may trap.
    let mut data = String::from(r#"(module (import "" "at" (global $at i32)) (memory 0x1000)"#);
    let piece = "y".repeat(1 << 20);
    for _ in 0..64 {
        data.push_str(&format!(r#"(data (global.get $at) "{piece}")"#));
    }
    data.push(')');
    let mut elements =
        String::from("(module (import \"\" \"at\" (global $at i32)) (table 100_000 externref)");
    for _ in 0..100 {
        elements.push_str("(elem (table 0) (offset (global.get $at)) externref");
        elements.push_str(&" (ref.null extern)".repeat(20_000));
        elements.push(')');
    }
    elements.push(')');
    for (what, wat) in [("data segments", data), ("element segments", elements)] {
        let module = Module::new(&engine, wat).unwrap();
        stops_in_time(what, |by_epoch, after| {
            let mut store = store(&engine, ());
            let ty = GlobalType::new(ValType::I32, Mutability::Const);
            let at = Global::new(&mut store, ty, Val::I32(5)).unwrap();
            // Again and again: the interruption comes in the middle of one of them.
            stop(&mut store, by_epoch, after, |store| {
                (0..1000).try_for_each(|_| Instance::new(&mut *store, &module, &[at.into()]).map(drop))
            })
        });
    }
}

/// What a callback allows goes on from where it was, and ends as if nothing had happened.
#[test]
fn long_operations_go_on() -> Result<()> {
    let engine = engine(|config| {
        config.memory_reservation(0);
    });
    let (mut store, instance) = instance_on(
        &engine,
        r#"(module (memory (export "m") i64 0x100) (table $t (export "t") 10 10_000_000 funcref) (func $f (export "f"))
            (func (export "fill") (memory.fill (i64.const 1) (i32.const 7) (i64.const 0x7f_fffe)))
            (func (export "copy") (memory.copy (i64.const 0x40_0001) (i64.const 1) (i64.const 0x3f_fffd)))
            (func (export "grow") (result i64) (memory.grow (i64.const 0x8000)))
            (func (export "table") (result i32) (table.grow $t (ref.func $f) (i32.const 1_000_000))))"#,
    );
    let asked = Arc::new(AtomicBool::new(false));
    store.epoch_deadline_callback({
        let asked = asked.clone();
        move |_| {
            asked.store(true, SeqCst);
            // At once again.
            Ok(UpdateDeadline::Continue(0))
        }
    });
    store.set_epoch_deadline(0);
    for name in ["fill", "copy"] {
        instance.get_typed_func::<(), ()>(&mut store, name)?.call(&mut store, ())?;
        assert!(asked.swap(false, SeqCst), "{name} asked");
    }
    assert_eq!(instance.get_typed_func::<(), i64>(&mut store, "grow")?.call(&mut store, ())?, 0x100);
    assert_eq!(instance.get_typed_func::<(), i32>(&mut store, "table")?.call(&mut store, ())?, 10);
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let bytes = memory.data(&store);
    assert_eq!(bytes.len(), 0x8100 << 16);
    assert_eq!((bytes[0], bytes[0x7f_ffff]), (0, 0));
    assert!(bytes[1..0x7f_fffe].iter().all(|b| *b == 7));
    let table = instance.get_table(&mut store, "t").unwrap();
    assert_eq!(table.size(&store), 1_000_010);
    for index in [10, 500_000, 1_000_009] {
        assert!(table.get(&mut store, index).unwrap().as_func().unwrap().is_some());
    }
    assert!(table.get(&mut store, 9).unwrap().as_func().unwrap().is_none());
    Ok(())
}

/// An operation that was stopped has done part of its work; a table does not get longer by a part.
#[test]
fn what_was_stopped_can_be_done_again() -> Result<()> {
    let engine = engine(|_| ());
    let (mut store, instance) = instance_on(
        &engine,
        r#"(module (table $t (export "t") 10 10_000_000 funcref) (elem declare func $f) (func $f)
            (func (export "full") (result i32) (table.grow $t (ref.func $f) (i32.const 1_000_000)))
            (func (export "null") (result i32) (table.grow $t (ref.null func) (i32.const 1_000_000))))"#,
    );
    let full = instance.get_typed_func::<(), i32>(&mut store, "full")?;
    store.set_epoch_deadline(u64::MAX / 2);
    let table = instance.get_table(&mut store, "t").unwrap();
    let mut stopped = 0;
    for _ in 0..200 {
        let handle = store.interrupt_handle()?;
        let thread = thread::spawn(move || handle.interrupt());
        match full.call(&mut store, ()) {
            Ok(_) => break,
            Err(error) => assert_eq!(trap(&error), Trap::Interrupt),
        }
        assert_eq!(table.size(&store), 10);
        stopped += 1;
        thread.join().unwrap();
    }
    assert!(stopped > 0);
    store.set_epoch_deadline(u64::MAX / 2);
    let null = instance.get_typed_func::<(), i32>(&mut store, "null")?;
    let before = table.size(&store) as i32;
    // A last interruption may still be on its way.
    let grown = null.call(&mut store, ()).or_else(|_| null.call(&mut store, ()))?;
    assert_eq!(grown, before);
    for index in (before as u64..table.size(&store)).step_by(1009) {
        assert!(table.get(&mut store, index).unwrap().as_func().unwrap().is_none(), "{index}");
    }
    Ok(())
}
