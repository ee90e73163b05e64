//! Asynchronous calls: guests that wait, on every tier of this machine.
#![cfg(feature = "async")]

mod common;

use common::{frames, trap};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::task::{self, Poll, Waker};
use std::time::{Duration, Instant};
use windlass::*;

/// An engine of each tier, with more settings.
fn engines(settings: impl Fn(&mut Config)) -> Vec<Engine> {
    let tiers = [Strategy::Interpreter, Strategy::Baseline];
    let built = if cfg!(all(target_arch = "x86_64", target_os = "linux")) { &tiers[..] } else { &tiers[..1] };
    let engine = |tier: &Strategy| {
        let mut config = Config::new();
        settings(config.strategy(*tier));
        Engine::new(&config).unwrap()
    };
    built.iter().map(engine).collect()
}

/// Polls once, with a waker that does nothing.
fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut task::Context::from_waker(Waker::noop()))
}

/// Polls until it is ready, and says how often.
fn poll_all<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    for polls in 1.. {
        if let Poll::Ready(result) = poll_once(future.as_mut()) {
            return (result, polls);
        }
    }
    unreachable!()
}

/// Polls until it is ready, each time on a new thread.
fn poll_on_threads<F: Future<Output: Send> + Send>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let polled = std::thread::scope(|scope| scope.spawn(|| poll_once(future.as_mut())).join().unwrap());
        if let Poll::Ready(result) = polled {
            return result;
        }
    }
}

/// Is pending so often, and is not woken.
fn pending(times: usize) -> impl Future<Output = ()> + Send {
    let mut left = times;
    poll_fn(move |_| {
        left = left.wrapping_sub(1);
        if left == usize::MAX { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// Counts when it is dropped.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn assert_send<T: Send>(value: T) -> T {
    value
}

fn instance<T: 'static>(engine: &Engine, data: T, linker: &Linker<T>, wat: &str) -> (Store<T>, Instance) {
    let module = Module::new(engine, wat).unwrap();
    let mut store = Store::new(engine, data);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

/// `host.wait`: is pending as often as its parameter says, which it gives.
fn waiting_linker(engine: &Engine) -> Linker<()> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap_async("host", "wait", |_, (times,): (u32,)| {
            Box::new(async move {
                pending(times as usize).await;
                times
            })
        })
        .unwrap();
    linker
}

const WAITS: &str = r#"(module
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $count (export "count") (mut i32) (i32.const 0))
    (func (export "wait") (param i32) (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (i32.add (call $wait (local.get 0)) (i32.const 1000)))
    (func (export "wait_then_load") (param i32 i32) (result i32)
        (drop (call $wait (local.get 0)))
        (i32.load (local.get 1)))
    (func (export "wait_then_divide") (param i32 i32) (result i32)
        (i32.div_u (call $wait (local.get 0)) (local.get 1)))
    (func $deep (param i32) (result i32)
        (i32.add (call $deep (local.get 0)) (i32.const 1)))
    (func (export "wait_then_recurse") (param i32) (result i32)
        (drop (call $wait (local.get 0)))
        (call $deep (i32.const 0)))
    (func $nest (param i32 i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add
                (call $nest (i32.sub (local.get 0) (i32.const 1)) (local.get 1))
                (i32.const 1)))
            (else (call $wait (local.get 1)))))
    (func (export "nest") (param i32 i32) (result i32) (call $nest (local.get 0) (local.get 1))))"#;

#[test]
fn a_guest_waits_as_long_as_its_host() {
    for engine in engines(|_| ()) {
        let (mut store, instance) = instance(&engine, (), &waiting_linker(&engine), WAITS);
        let wait = instance.get_typed_func::<u32, u32>(&mut store, "wait").unwrap();
        for times in [0, 1, 5, 100] {
            let (result, polls) = poll_all(assert_send(wait.call_async(&mut store, times)));
            assert_eq!((result.unwrap(), polls), (times + 1000, times as usize + 1));
        }
        let func = *wait.func();
        let mut results = [Val::I32(0)];
        let (result, polls) =
            poll_all(assert_send(func.call_async(&mut store, &[Val::I32(3)], &mut results)));
        result.unwrap();
        assert_eq!((results[0].unwrap_i32(), polls), (1003, 4));
        assert_eq!(poll_on_threads(wait.call_async(&mut store, 20)).unwrap(), 1020);
    }
}

#[test]
fn all_forms_of_host_functions() {
    for engine in engines(|_| ()) {
        let mut linker = Linker::<i32>::new(&engine);
        let ty = FuncType::new(&engine, [ValType::I32, ValType::F64], [ValType::F64, ValType::I32]);
        linker
            .func_new_async("", "swap", ty, |mut caller, params, results| {
                Box::new(async move {
                    pending(1).await;
                    *caller.data_mut() += 1;
                    results[0] = params[1];
                    results[1] = params[0];
                    Ok(())
                })
            })
            .unwrap();
        linker
            .func_wrap_async("", "many", |mut caller: Caller<'_, i32>, p: (i32, i64, f32, f64, u32, u64)| {
                Box::new(async move {
                    pending(2).await;
                    *caller.data_mut() += 10;
                    let sum = p.0 as f64 + p.1 as f64 + p.2 as f64 + p.3 + p.4 as f64 + p.5 as f64;
                    Result::<_>::Ok((sum, p.0, p.1))
                })
            })
            .unwrap();
        linker
            .func_wrap_async("", "nothing", |mut caller: Caller<'_, i32>, (): ()| {
                Box::new(async move { *caller.data_mut() += 100 })
            })
            .unwrap();
        let wat = r#"(module
            (import "" "swap" (func $swap (param i32 f64) (result f64 i32)))
            (import "" "many" (func $many (param i32 i64 f32 f64 i32 i64) (result f64 i32 i64)))
            (import "" "nothing" (func $nothing))
            (func (export "swap") (param i32 f64) (result f64 i32)
                (call $nothing)
                (call $swap (local.get 0) (local.get 1)))
            (func (export "many") (result f64 i32 i64)
                (call $many (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (i32.const 5) (i64.const 6))))"#;
        let (mut store, instance) = instance(&engine, 0, &linker, wat);
        let swap = instance.get_typed_func::<(i32, f64), (f64, i32)>(&mut store, "swap").unwrap();
        assert_eq!(poll_on_threads(swap.call_async(&mut store, (7, 2.5))).unwrap(), (2.5, 7));
        let many = instance.get_typed_func::<(), (f64, i32, i64)>(&mut store, "many").unwrap();
        assert_eq!(poll_on_threads(many.call_async(&mut store, ())).unwrap(), (21.0, 1, 2));
        assert_eq!(*store.data(), 111);

        // Called by the host itself.
        let many = linker.get(&mut store, "", "many").unwrap().into_func().unwrap();
        let many = many.typed::<(i32, i64, f32, f64, u32, u64), (f64, i32, i64)>(&store).unwrap();
        let result = poll_all(many.call_async(&mut store, (1, 1, 1.0, 1.0, 1, 1))).0;
        assert_eq!(result.unwrap(), (6.0, 1, 1));

        // A result of the wrong type.
        let ty = FuncType::new(&engine, [], [ValType::I32]);
        let wrong = Func::new_async(&mut store, ty, |_, _, results| {
            Box::new(async move {
                results[0] = Val::I64(0);
                Ok(())
            })
        });
        let error = poll_all(wrong.call_async(&mut store, &[], &mut [Val::I32(0)])).0.unwrap_err();
        assert!(format!("{error:?}").contains("result 0"), "{error:?}");
    }
}

#[test]
fn traps_and_errors_after_a_wait_on_another_thread() {
    for engine in engines(|_| ()) {
        let (mut store, instance) = instance(&engine, (), &waiting_linker(&engine), WAITS);
        let load = instance.get_typed_func::<(u32, u32), u32>(&mut store, "wait_then_load").unwrap();
        let divide = instance.get_typed_func::<(u32, u32), u32>(&mut store, "wait_then_divide").unwrap();
        let recurse = instance.get_typed_func::<u32, u32>(&mut store, "wait_then_recurse").unwrap();
        for times in [0, 1, 3] {
            let error = poll_on_threads(load.call_async(&mut store, (times, 65536))).unwrap_err();
            assert_eq!(trap(&error), Trap::MemoryOutOfBounds);
            let error = poll_on_threads(divide.call_async(&mut store, (times, 0))).unwrap_err();
            assert_eq!(trap(&error), Trap::IntegerDivisionByZero);
            let error = poll_on_threads(recurse.call_async(&mut store, times)).unwrap_err();
            assert_eq!(trap(&error), Trap::StackOverflow);
            assert_eq!(poll_on_threads(divide.call_async(&mut store, (times, 1))).unwrap(), times);
        }
    }
}

#[test]
fn errors_and_panics_of_futures() {
    #[derive(Debug, thiserror::Error)]
    #[error("number {0}")]
    struct Numbered(u32);

    for engine in engines(|_| ()) {
        let mut linker = Linker::<()>::new(&engine);
        linker
            .func_wrap_async("", "fail", |_, (n,): (u32,)| {
                Box::new(async move {
                    pending(1).await;
                    if n == 0 {
                        panic!("at zero");
                    }
                    Result::<u32>::Err(Numbered(n).into())
                })
            })
            .unwrap();
        let wat = r#"(module
            (import "" "fail" (func $fail (param i32) (result i32)))
            (func $inner (param i32) (result i32) (call $fail (local.get 0)))
            (func $outer (export "run") (param i32) (result i32) (call $inner (local.get 0))))"#;
        let (mut store, instance) = instance(&engine, (), &linker, wat);
        let run = instance.get_typed_func::<u32, u32>(&mut store, "run").unwrap();
        for _ in 0..3 {
            let error = poll_on_threads(run.call_async(&mut store, 5)).unwrap_err();
            assert_eq!(error.downcast_ref::<Numbered>().unwrap().0, 5);
            assert_eq!(frames(&error), ["inner", "outer"]);
            let panic = catch_unwind(AssertUnwindSafe(|| poll_all(run.call_async(&mut store, 0))));
            assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"at zero"));
        }
    }
}

#[test]
fn a_dropped_call_is_cancelled() {
    for engine in engines(|_| ()) {
        let (dropped, reached) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut linker = Linker::<()>::new(&engine);
        let (d, r) = (dropped.clone(), reached.clone());
        linker
            .func_wrap_async("host", "wait", move |_, (times,): (u32,)| {
                let (guard, r) = (Counts(d.clone()), r.clone());
                Box::new(async move {
                    let _guard = guard;
                    pending(times as usize).await;
                    r.fetch_add(1, SeqCst);
                    times
                })
            })
            .unwrap();
        let (mut store, instance) = instance(&engine, (), &linker, WAITS);
        let wait = instance.get_typed_func::<u32, u32>(&mut store, "wait").unwrap();
        let count = instance.get_global(&mut store, "count").unwrap();

        // Never polled: nothing happens.
        drop(wait.call_async(&mut store, 10));
        assert_eq!((dropped.load(SeqCst), count.get(&mut store).unwrap_i32()), (0, 0));
        for round in 1..=20 {
            {
                let mut call = pin!(wait.call_async(&mut store, 10));
                for _ in 0..round % 5 + 1 {
                    assert!(poll_once(call.as_mut()).is_pending());
                }
                assert_eq!(dropped.load(SeqCst), 2 * round - 2);
            }
            assert_eq!(dropped.load(SeqCst), 2 * round - 1);
            // What the guest did stays, and it can be called again.
            assert_eq!(poll_all(wait.call_async(&mut store, 2)).0.unwrap(), 1002);
            assert_eq!(count.get(&mut store).unwrap_i32() as usize, 2 * round);
        }
        assert_eq!(reached.load(SeqCst), 20);

        // Cancelled on another thread than the one where it started, and with the store.
        let mut call = Box::pin(wait.call_async(&mut store, 10));
        assert!(poll_once(call.as_mut()).is_pending());
        let before = dropped.load(SeqCst);
        std::thread::scope(|scope| scope.spawn(|| drop(call)).join().unwrap());
        assert_eq!(dropped.load(SeqCst), before + 1);
        let mut owned = Box::pin(async move { wait.call_async(&mut store, 10).await });
        assert!(poll_once(owned.as_mut()).is_pending());
        drop(owned);
        assert_eq!(dropped.load(SeqCst), before + 2);
    }
}

#[test]
fn a_panic_of_a_destructor_goes_to_who_cancels() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    for engine in engines(|_| ()) {
        let mut store = Store::new(&engine, ());
        let bomb = Func::wrap_async(&mut store, |_: Caller<'_, ()>, (): ()| {
            Box::new(async {
                let _bomb = Bomb;
                pending(1).await;
            })
        });
        let bomb = bomb.typed::<(), ()>(&store).unwrap();
        let mut call = Box::pin(bomb.call_async(&mut store, ()));
        assert!(poll_once(call.as_mut()).is_pending());
        let panic = catch_unwind(AssertUnwindSafe(|| drop(call))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"dropped"));
        let ok = Func::wrap_async(&mut store, |_: Caller<'_, ()>, (): ()| Box::new(pending(1)));
        poll_all(ok.call_async(&mut store, &[], &mut [])).0.unwrap();
    }
}

/// A guest whose export `run(n)` calls the host's `back(n)`, which calls `run(n - 1)` if `n` is not 0.
const PING_PONG: &str = r#"(module
    (import "host" "back" (func $back (param i32) (result i32)))
    (func $run (export "run") (param i32) (result i32)
        (i32.add (call $back (local.get 0)) (i32.const 1))))"#;

fn ping_pong(engine: &Engine, pauses: usize) -> (Store<u32>, TypedFunc<u32, u32>) {
    let mut linker = Linker::<u32>::new(engine);
    linker
        .func_wrap_async("host", "back", move |mut caller: Caller<'_, u32>, (n,): (u32,)| {
            Box::new(async move {
                pending(pauses).await;
                let deepest = n == 0;
                let result = if deepest {
                    1000
                } else {
                    let run = caller.get_export("run").and_then(Extern::into_func).context("run")?;
                    let run = run.typed::<u32, u32>(&caller)?;
                    run.call_async(&mut caller, n - 1).await?
                };
                pending(pauses).await;
                *caller.data_mut() += 1;
                Result::<u32>::Ok(result)
            })
        })
        .unwrap();
    let (mut store, instance) = instance(engine, 0, &linker, PING_PONG);
    let run = instance.get_typed_func(&mut store, "run").unwrap();
    (store, run)
}

#[test]
fn calls_nest() {
    for engine in engines(|_| ()) {
        let (mut store, run) = ping_pong(&engine, 1);
        for depth in [0, 1, 2, 10, 60] {
            let before = *store.data();
            assert_eq!(
                poll_on_threads(assert_send(run.call_async(&mut store, depth))).unwrap(),
                depth + 1001
            );
            assert_eq!(*store.data() - before, depth + 1);
        }
        // A guest cannot take stacks without end.
        let error = poll_all(run.call_async(&mut store, u32::MAX)).0.unwrap_err();
        assert_eq!(trap(&error), Trap::StackOverflow);
        assert_eq!(poll_all(run.call_async(&mut store, 3)).0.unwrap(), 1004);
    }
}

#[test]
fn nested_calls_are_cancelled_from_any_depth() {
    for engine in engines(|_| ()) {
        let (mut store, run) = ping_pong(&engine, 3);
        // Each poll reaches another place: all of them are left once.
        let polls = poll_all(run.call_async(&mut store, 5)).1;
        for stop in 1..polls {
            let mut call = Box::pin(run.call_async(&mut store, 5));
            for _ in 0..stop {
                assert!(poll_once(call.as_mut()).is_pending());
            }
            std::thread::scope(|scope| scope.spawn(|| drop(call)).join().unwrap());
        }
        assert_eq!(poll_on_threads(run.call_async(&mut store, 5)).unwrap(), 1006);
    }
}

#[test]
fn a_host_cancels_a_nested_call_and_goes_on() {
    for engine in engines(|_| ()) {
        let mut linker = Linker::<Vec<&str>>::new(&engine);
        linker
            .func_wrap_async("", "outer", |mut caller: Caller<'_, Vec<&str>>, (): ()| {
                Box::new(async move {
                    let mut get = |name| {
                        let func = caller.get_export(name).and_then(Extern::into_func).unwrap();
                        func.typed::<(), ()>(&caller).unwrap()
                    };
                    let (waits, returns, traps) = (get("waits"), get("returns"), get("traps"));
                    {
                        let mut call = Box::pin(waits.call_async(&mut caller, ()));
                        poll_fn(|cx| {
                            assert!(call.as_mut().poll(cx).is_pending());
                            Poll::Ready(())
                        })
                        .await;
                    }
                    pending(1).await;
                    returns.call_async(&mut caller, ()).await?;
                    returns.call(&mut caller, ())?;
                    let error = traps.call_async(&mut caller, ()).await.unwrap_err();
                    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
                    caller.data_mut().push("outer");
                    Result::<()>::Ok(())
                })
            })
            .unwrap();
        linker
            .func_wrap_async("", "inner", |mut caller: Caller<'_, Vec<&str>>, (): ()| {
                Box::new(async move {
                    pending(5).await;
                    caller.data_mut().push("inner");
                })
            })
            .unwrap();
        let wat = r#"(module
            (import "" "outer" (func $outer))
            (import "" "inner" (func $inner))
            (func $deep (param i32)
                (if (local.get 0)
                    (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
                    (else (call $inner))))
            (func (export "waits") (call $deep (i32.const 10)))
            (func (export "returns"))
            (func (export "traps") (unreachable))
            (func (export "run") (call $outer)))"#;
        let (mut store, instance) = instance(&engine, Vec::new(), &linker, wat);
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        for _ in 0..3 {
            poll_on_threads(run.call_async(&mut store, ())).unwrap();
            assert_eq!(std::mem::take(store.data_mut()), ["outer"]);
        }
    }
}

#[test]
fn a_synchronous_call_cannot_wait() {
    for engine in engines(|_| ()) {
        let mut linker = waiting_linker(&engine);
        // A synchronous host function that calls the guest again.
        linker
            .func_wrap("host", "again", |mut caller: Caller<'_, ()>, times: u32| -> Result<u32> {
                let wait = caller.get_export("wait").and_then(Extern::into_func).context("wait")?;
                wait.typed::<u32, u32>(&caller)?.call(&mut caller, times)
            })
            .unwrap();
        let wat = r#"(module
            (import "host" "wait" (func $wait (param i32) (result i32)))
            (import "host" "again" (func $again (param i32) (result i32)))
            (func (export "wait") (param i32) (result i32)
                (if (result i32) (local.get 0) (then (call $wait (local.get 0))) (else (i32.const 7))))
            (func (export "again") (param i32) (result i32) (call $again (local.get 0)))
            (func (export "again_then_wait") (param i32) (result i32)
                (i32.add (call $again (i32.const 0)) (call $wait (local.get 0)))))"#;
        let (mut store, instance) = instance(&engine, (), &linker, wat);
        let func = |store: &mut Store<()>, name| instance.get_typed_func::<u32, u32>(store, name).unwrap();
        let (wait, again) = (func(&mut store, "wait"), func(&mut store, "again"));
        let again_then_wait = func(&mut store, "again_then_wait");
        let message = |error: Error| {
            assert!(error.is::<AsyncRequired>(), "{error:?}");
            error.downcast_ref::<AsyncRequired>().unwrap().to_string()
        };
        assert!(message(wait.call(&mut store, 1).unwrap_err()).contains("call_async"));
        assert_eq!(wait.call(&mut store, 0).unwrap(), 7);
        assert!(message(again.call(&mut store, 1).unwrap_err()).contains("call_async"));
        let error = poll_all(again.call_async(&mut store, 1)).0.unwrap_err();
        assert!(message(error).contains("synchronous host function"));
        assert_eq!(poll_all(again.call_async(&mut store, 0)).0.unwrap(), 7);
        assert_eq!(poll_on_threads(again_then_wait.call_async(&mut store, 4)).unwrap(), 11);

        // Within a future, a synchronous call is one all the same.
        let within = Func::wrap_async(&mut store, move |mut caller: Caller<'_, ()>, (times,): (u32,)| {
            Box::new(async move {
                pending(1).await;
                wait.call(&mut caller, times)
            })
        });
        let within = within.typed::<u32, u32>(&store).unwrap();
        assert_eq!(poll_on_threads(within.call_async(&mut store, 0)).unwrap(), 7);
        let error = poll_on_threads(within.call_async(&mut store, 1)).unwrap_err();
        assert!(message(error).contains("synchronous host function"));
    }
}

#[test]
fn instances_wait_for_their_start() {
    for engine in engines(|_| ()) {
        let linker = waiting_linker(&engine);
        let wat = r#"(module
            (import "host" "wait" (func $wait (param i32) (result i32)))
            (global (export "waited") (mut i32) (i32.const 0))
            (func $start (global.set 0 (call $wait (i32.const 3))))
            (start $start))"#;
        let module = Module::new(&engine, wat).unwrap();
        let mut store = Store::new(&engine, ());
        assert!(linker.instantiate(&mut store, &module).unwrap_err().is::<AsyncRequired>());
        let check = |store: &mut Store<()>, instance: Result<Instance>| {
            let global = instance.unwrap().get_global(&mut *store, "waited").unwrap();
            assert_eq!(global.get(store).unwrap_i32(), 3);
        };
        let made = poll_on_threads(assert_send(linker.instantiate_async(&mut store, &module)));
        check(&mut store, made);
        let pre = linker.instantiate_pre(&module).unwrap();
        let made = poll_on_threads(assert_send(pre.instantiate_async(&mut store)));
        check(&mut store, made);
        let wait = linker.get(&mut store, "host", "wait").unwrap();
        let made = poll_on_threads(assert_send(Instance::new_async(&mut store, &module, &[wait])));
        check(&mut store, made);
        let mut dropped = Box::pin(linker.instantiate_async(&mut store, &module));
        assert!(poll_once(dropped.as_mut()).is_pending());
        drop(dropped);
        let made = poll_all(linker.instantiate_async(&mut store, &module)).0;
        check(&mut store, made);
    }
}

#[test]
fn modules_as_commands_and_reactors() {
    for engine in engines(|_| ()) {
        let mut linker = waiting_linker(&engine);
        let mut store = Store::new(&engine, ());
        let reactor = r#"(module
            (import "host" "wait" (func $wait (param i32) (result i32)))
            (global $initialized (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set 0 (call $wait (i32.const 2))))
            (func (export "get") (result i32) (global.get 0)))"#;
        let reactor = Module::new(&engine, reactor).unwrap();
        poll_on_threads(async { linker.module_async(&mut store, "reactor", &reactor).await.map(|_| ()) })
            .unwrap();
        let command = r#"(module
            (import "host" "wait" (func $wait (param i32) (result i32)))
            (global $calls (mut i32) (i32.const 0))
            (func (export "_start") (drop (call $wait (i32.const 1))))
            (func (export "next") (result i32)
                (drop (call $wait (i32.const 1)))
                (global.set 0 (i32.add (global.get 0) (i32.const 1)))
                (global.get 0)))"#;
        let command = Module::new(&engine, command).unwrap();
        poll_all(linker.module_async(&mut store, "command", &command)).0.unwrap();
        let get = |store: &mut Store<()>, module, name| {
            let func = linker.get(&mut *store, module, name).unwrap().into_func().unwrap();
            func.typed::<(), u32>(&*store).unwrap()
        };
        assert_eq!(get(&mut store, "reactor", "get").call(&mut store, ()).unwrap(), 2);
        let next = get(&mut store, "command", "next");
        for _ in 0..3 {
            assert_eq!(poll_on_threads(next.call_async(&mut store, ())).unwrap(), 1);
        }
        let start = linker.get_default(&mut store, "command").unwrap();
        poll_all(start.call_async(&mut store, &[], &mut [])).0.unwrap();
    }
}

const WORKS: &str = r#"(module
    (func (export "work") (param i32) (result i32)
        (local i32)
        (loop $again
            (local.set 1 (i32.add (local.get 1) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get 1) (local.get 0))))
        (local.get 1))
    (func (export "spin") (loop (br 0))))"#;

#[test]
fn fuel_is_used_in_slices() {
    for engine in engines(|c| {
        c.consume_fuel(true);
    }) {
        let (mut store, instance) = instance(&engine, (), &Linker::new(&engine), WORKS);
        let work = instance.get_typed_func::<u32, u32>(&mut store, "work").unwrap();
        store.set_fuel(1_000_000).unwrap();
        assert_eq!(work.call(&mut store, 10_000).unwrap(), 10_000);
        let used = 1_000_000 - store.get_fuel().unwrap();

        store.fuel_async_yield_interval(Some(1000)).unwrap();
        store.set_fuel(1_000_000).unwrap();
        let (result, polls) = poll_all(work.call_async(&mut store, 10_000));
        assert_eq!(result.unwrap(), 10_000);
        assert_eq!(store.get_fuel().unwrap(), 1_000_000 - used);
        let expected = used as usize / 1000;
        assert!(polls.abs_diff(expected) <= expected / 50 + 2, "{polls} polls, {used} units");

        // Exactly enough, and one less.
        store.set_fuel(used).unwrap();
        assert_eq!(poll_on_threads(work.call_async(&mut store, 10_000)).unwrap(), 10_000);
        assert_eq!(store.get_fuel().unwrap(), 0);
        store.set_fuel(used - 1).unwrap();
        let error = poll_all(work.call_async(&mut store, 10_000)).0.unwrap_err();
        assert_eq!(trap(&error), Trap::OutOfFuel);

        // Not in synchronous calls; changed and switched off at any time.
        store.set_fuel(u64::MAX).unwrap();
        assert!(work.call(&mut store, 10_000).unwrap_err().is::<AsyncRequired>());
        let left = store.get_fuel().unwrap();
        store.fuel_async_yield_interval(Some(10)).unwrap();
        store.fuel_async_yield_interval(None).unwrap();
        assert_eq!(store.get_fuel().unwrap(), left);
        assert_eq!(work.call(&mut store, 10_000).unwrap(), 10_000);
        assert_eq!(poll_all(work.call_async(&mut store, 10_000)).1, 1);
        assert!(store.fuel_async_yield_interval(Some(0)).is_err());
        // An interval that is smaller than what one block costs.
        store.fuel_async_yield_interval(Some(1)).unwrap();
        assert_eq!(poll_all(work.call_async(&mut store, 100)).0.unwrap(), 100);
    }
    let mut store = Store::new(&Engine::default(), ());
    assert!(store.fuel_async_yield_interval(Some(10)).is_err());
}

#[test]
fn deadlines_give_the_thread_back() {
    for engine in engines(|c| {
        c.epoch_interruption(true);
    }) {
        let (mut store, instance) = instance(&engine, (), &Linker::new(&engine), WORKS);
        let spin = instance.get_typed_func::<(), ()>(&mut store, "spin").unwrap();
        // The deadline has come, and has come again at once.
        store.set_epoch_deadline(0);
        store.epoch_deadline_async_yield_and_update(0);
        {
            let mut call = pin!(spin.call_async(&mut store, ()));
            for _ in 0..10 {
                assert!(poll_once(call.as_mut()).is_pending());
            }
        }
        assert!(spin.call(&mut store, ()).unwrap_err().is::<AsyncRequired>());

        // The callback decides each time.
        let calls = Arc::new(AtomicU32::new(0));
        let (c, polled) = (calls.clone(), Arc::new(AtomicU32::new(0)));
        let p = polled.clone();
        store.set_epoch_deadline(0);
        store.epoch_deadline_callback(move |_| {
            let p = p.clone();
            Ok(match c.fetch_add(1, SeqCst) {
                0 => UpdateDeadline::Continue(0),
                1 => UpdateDeadline::Yield(0),
                2 => UpdateDeadline::YieldCustom(
                    0,
                    Box::pin(async move {
                        pending(3).await;
                        p.fetch_add(1, SeqCst);
                    }),
                ),
                3 => bail!("enough"),
                _ => UpdateDeadline::Interrupt,
            })
        });
        let (result, polls) = poll_all(spin.call_async(&mut store, ()));
        assert_eq!(result.unwrap_err().root_cause().to_string(), "enough");
        assert_eq!((polls, calls.load(SeqCst), polled.load(SeqCst)), (5, 4, 1));
        let error = poll_all(spin.call_async(&mut store, ())).0.unwrap_err();
        assert_eq!(trap(&error), Trap::Interrupt);
    }
}

/// Ticks while it lives.
struct Ticker(Option<std::thread::JoinHandle<()>>, Arc<AtomicU32>);

impl Ticker {
    fn new(engine: &Engine, every: Duration) -> Ticker {
        let (engine, stop) = (engine.clone(), Arc::new(AtomicU32::new(0)));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            while stopped.load(SeqCst) == 0 {
                std::thread::sleep(every);
                engine.increment_epoch();
            }
        });
        Ticker(Some(thread), stop)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.1.store(1, SeqCst);
        self.0.take().unwrap().join().unwrap();
    }
}

#[test]
fn two_guests_share_a_thread() {
    for engine in engines(|c| {
        c.epoch_interruption(true).consume_fuel(true);
    }) {
        let _ticker = Ticker::new(&engine, Duration::from_millis(1));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for by_fuel in [true, false] {
            let spin = async |engine: &Engine| {
                let (mut store, instance) = instance(engine, (), &Linker::new(engine), WORKS);
                store.set_fuel(u64::MAX).unwrap();
                store.set_epoch_deadline(if by_fuel { u64::MAX } else { 1 });
                if by_fuel {
                    store.fuel_async_yield_interval(Some(20_000)).unwrap();
                } else {
                    store.epoch_deadline_async_yield_and_update(1);
                }
                let spin = instance.get_typed_func::<(), ()>(&mut store, "spin").unwrap();
                let limit = Duration::from_millis(150);
                assert!(tokio::time::timeout(limit, spin.call_async(&mut store, ())).await.is_err());
                u64::MAX - store.get_fuel().unwrap()
            };
            let start = Instant::now();
            let (a, b) = runtime.block_on(async { tokio::join!(spin(&engine), spin(&engine)) });
            // Both were stopped, and got about as much done.
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
            assert!(a.min(b) > 0 && a.max(b) < 4 * a.min(b), "{a} and {b}, by fuel: {by_fuel}");
        }
    }
}

/// Waits before it answers; memories of at most 10 pages.
struct Slow {
    asked: usize,
    pauses: usize,
}

#[async_trait::async_trait]
impl ResourceLimiterAsync for Slow {
    async fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.asked += 1;
        pending(self.pauses).await;
        ensure!(desired <= 20 << 16, "far too large");
        Ok(desired <= 10 << 16)
    }

    async fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.asked += 1;
        pending(self.pauses).await;
        Ok(desired <= 10)
    }

    fn instances(&self) -> usize {
        2
    }
}

#[test]
fn limiters_take_their_time() {
    for engine in engines(|_| ()) {
        let wat = r#"(module
            (memory 1)
            (table 1 externref)
            (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "table") (param i32) (result i32)
                (table.grow (ref.null extern) (local.get 0))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let mut store = Store::new(&engine, Slow { asked: 0, pauses: 2 });
        store.limiter_async(|limiter| limiter);
        let error = Instance::new(&mut store, &module, &[]).unwrap_err();
        assert!(error.is::<AsyncRequired>(), "{error:?}");
        let instance = poll_on_threads(Instance::new_async(&mut store, &module, &[])).unwrap();
        let func = |store: &mut Store<Slow>, name| instance.get_typed_func::<i32, i32>(store, name).unwrap();
        let (memory, table) = (func(&mut store, "memory"), func(&mut store, "table"));
        store.data_mut().asked = 0;
        let (result, polls) = poll_all(memory.call_async(&mut store, 4));
        assert_eq!((result.unwrap(), polls), (1, 3));
        assert_eq!(poll_on_threads(memory.call_async(&mut store, 6)).unwrap(), -1);
        assert_eq!(poll_on_threads(table.call_async(&mut store, 5)).unwrap(), 1);
        assert_eq!(poll_on_threads(table.call_async(&mut store, 5)).unwrap(), -1);
        assert_eq!(store.data().asked, 4);
        let error = poll_on_threads(memory.call_async(&mut store, 40)).unwrap_err();
        assert_eq!(error.root_cause().to_string(), "far too large");
        assert!(memory.call(&mut store, 1).unwrap_err().is::<AsyncRequired>());
        // Cancelled while the limiter thinks.
        let mut call = Box::pin(memory.call_async(&mut store, 1));
        assert!(poll_once(call.as_mut()).is_pending());
        drop(call);
        assert_eq!(poll_all(memory.call_async(&mut store, 0)).0.unwrap(), 5);

        // Of the host's own.
        let ty = MemoryType::new(2, None);
        assert!(Memory::new(&mut store, ty).unwrap_err().is::<AsyncRequired>());
        let memory = poll_on_threads(assert_send(Memory::new_async(&mut store, ty))).unwrap();
        assert_eq!(poll_on_threads(assert_send(memory.grow_async(&mut store, 3))).unwrap(), 2);
        assert!(poll_all(memory.grow_async(&mut store, 6)).0.is_err());
        assert!(memory.grow(&mut store, 1).unwrap_err().is::<AsyncRequired>());
        let ty = TableType::new(RefType::EXTERNREF, 2, None);
        let null = Ref::Extern(None);
        let table = poll_on_threads(assert_send(Table::new_async(&mut store, ty, null))).unwrap();
        assert_eq!(poll_on_threads(assert_send(table.grow_async(&mut store, 3, null))).unwrap(), 2);
        assert_eq!(table.size(&store), 5);
        // At most two instances.
        poll_all(Instance::new_async(&mut store, &module, &[])).0.unwrap();
        let error = poll_all(Instance::new_async(&mut store, &module, &[])).0.unwrap_err();
        assert!(error.to_string().contains("instance"), "{error}");
    }
}

/// Uses about so much stack.
#[inline(never)]
fn use_stack(bytes: usize) -> u8 {
    let block = std::hint::black_box([bytes as u8; 1024]);
    let rest = if bytes > 2048 { use_stack(bytes - 2048) } else { 0 };
    block[bytes % 1024].wrapping_add(rest)
}

#[test]
fn stacks_end_in_traps() {
    for stack in [256 << 10, 1 << 20, 2 << 20, 16 << 20] {
        for engine in engines(|c| {
            c.async_stack_size(stack).max_wasm_stack(1 << 20);
        }) {
            let mut linker = Linker::<usize>::new(&engine);
            linker
                .func_wrap("", "host", |mut caller: Caller<'_, usize>| {
                    std::hint::black_box(use_stack(48 << 10));
                    *caller.data_mut() += 1;
                })
                .unwrap();
            linker
                .func_wrap_async("", "wait", |_, (): ()| {
                    std::hint::black_box(use_stack(48 << 10));
                    Box::new(async {
                        std::hint::black_box(use_stack(48 << 10));
                        pending(1).await;
                    })
                })
                .unwrap();
            let wat = r#"(module
                (import "" "host" (func $host))
                (import "" "wait" (func $wait))
                (func $deep (param i32) (result i32) (local i64 i64 i64 i64 f64 f64)
                    (if (i32.and (local.get 0) (i32.const 1023)) (then) (else (call $wait)))
                    (call $host)
                    (local.set 1 (i64.extend_i32_u (call $deep (i32.add (local.get 0) (i32.const 1)))))
                    (i32.wrap_i64 (local.get 1)))
                (func (export "run") (result i32) (call $deep (i32.const 0))))"#;
            let (mut store, instance) = instance(&engine, 0, &linker, wat);
            let run = instance.get_typed_func::<(), u32>(&mut store, "run").unwrap();
            for _ in 0..3 {
                let error = poll_on_threads(run.call_async(&mut store, ())).unwrap_err();
                assert_eq!(trap(&error), Trap::StackOverflow);
                assert!(std::mem::take(store.data_mut()) > 100);
            }
        }
    }
    for stack in [0, 4096, 255 << 10] {
        assert!(Engine::new(Config::new().async_stack_size(stack)).is_err());
    }
    // One that no system gives.
    for engine in engines(|c| {
        c.async_stack_size(usize::MAX / 2);
    }) {
        let mut store = Store::new(&engine, ());
        let func = Func::wrap(&mut store, || ());
        assert!(poll_all(func.call_async(&mut store, &[], &mut [])).0.is_err());
        func.call(&mut store, &[], &mut []).unwrap();
    }
}

#[test]
fn references_survive_a_wait() {
    for engine in engines(|c| {
        c.gc_stress(true);
    }) {
        let mut linker = Linker::<()>::new(&engine);
        linker
            .func_wrap_async("", "wait", |mut caller: Caller<'_, ()>, (depth,): (u32,)| {
                Box::new(async move {
                    pending(1).await;
                    caller.gc(None).unwrap();
                    if depth > 0 {
                        let run = caller.get_export("run").and_then(Extern::into_func).unwrap();
                        let run = run.typed::<(u32, Option<Rooted<ExternRef>>), u32>(&caller).unwrap();
                        caller.gc_async(None).await.unwrap();
                        let value = ExternRef::new_async(&mut caller, depth - 1).await.unwrap();
                        let sum = run.call_async(&mut caller, (depth - 1, Some(value))).await.unwrap();
                        caller.gc(None).unwrap();
                        assert_eq!(
                            *value.data(&caller).unwrap().unwrap().downcast_ref::<u32>().unwrap(),
                            depth - 1
                        );
                        return sum;
                    }
                    0
                })
            })
            .unwrap();
        linker
            .func_wrap("", "number", |caller: Caller<'_, ()>, value: Option<Rooted<ExternRef>>| {
                *value.unwrap().data(&caller).unwrap().unwrap().downcast_ref::<u32>().unwrap()
            })
            .unwrap();
        let wat = r#"(module
            (import "" "wait" (func $wait (param i32) (result i32)))
            (import "" "number" (func $number (param externref) (result i32)))
            (func (export "run") (param i32 externref) (result i32)
                (local $kept externref)
                (local.set $kept (local.get 1))
                (i32.add (call $wait (local.get 0)) (call $number (local.get $kept)))))"#;
        let (mut store, instance) = instance(&engine, (), &linker, wat);
        type Run = TypedFunc<(u32, Option<Rooted<ExternRef>>), u32>;
        let run: Run = instance.get_typed_func(&mut store, "run").unwrap();
        for depth in [0, 1, 8] {
            let value = ExternRef::new(&mut store, depth).unwrap();
            let call = run.call_async(&mut store, (depth, Some(value)));
            assert_eq!(poll_on_threads(call).unwrap(), depth * (depth + 1) / 2);
        }
    }
}

#[test]
fn exceptions_pass_waiting_functions() {
    for engine in engines(|_| ()) {
        let mut store = Store::new(&engine, ());
        let ty = FuncType::new(&engine, [ValType::I32], []);
        let tag = Tag::new(&mut store, &TagType::new(ty.clone())).unwrap();
        let exn_ty = ExnType::from_tag_type(&tag.ty(&store)).unwrap();
        let throw = Func::wrap_async(&mut store, move |mut caller: Caller<'_, ()>, (n,): (i32,)| {
            let exn_ty = exn_ty.clone();
            Box::new(async move {
                pending(1).await;
                let pre = ExnRefPre::new(&mut caller, exn_ty);
                let exn = ExnRef::new_async(&mut caller, &pre, &tag, &[n.into()]).await?;
                caller.as_context_mut().throw::<()>(exn)
            })
        });
        let wat = r#"(module
            (import "" "tag" (tag $tag (param i32)))
            (import "" "throw" (func $throw (param i32)))
            (func (export "catch") (param i32) (result i32)
                (block $caught (result i32)
                    (try_table (catch $tag $caught) (call $throw (local.get 0)))
                    (i32.const -1)))
            (func (export "pass") (param i32) (call $throw (local.get 0))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let instance = Instance::new(&mut store, &module, &[tag.into(), throw.into()]).unwrap();
        let catch = instance.get_typed_func::<i32, i32>(&mut store, "catch").unwrap();
        assert_eq!(poll_on_threads(catch.call_async(&mut store, 17)).unwrap(), 17);
        let pass = instance.get_typed_func::<i32, ()>(&mut store, "pass").unwrap();
        let error = poll_on_threads(pass.call_async(&mut store, 18)).unwrap_err();
        assert!(error.is::<ThrownException>());
        let exn = store.take_pending_exception().unwrap();
        assert_eq!(exn.field(&mut store, 0).unwrap().unwrap_i32(), 18);
    }
}

#[test]
fn thousands_wait_at_once() {
    for engine in engines(|_| ()) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
        let mut linker = Linker::<u32>::new(&engine);
        let (waiting, all) = (Arc::new(AtomicU32::new(0)), 3000);
        let open = Arc::new(tokio::sync::Semaphore::new(0));
        let (w, o) = (waiting.clone(), open.clone());
        linker
            .func_wrap_async("host", "wait", move |_: Caller<'_, u32>, (n,): (u32,)| {
                let (waiting, open) = (w.clone(), o.clone());
                Box::new(async move {
                    if waiting.fetch_add(1, SeqCst) + 1 == all {
                        open.add_permits(all as usize);
                    }
                    open.acquire().await.unwrap().forget();
                    n + 1
                })
            })
            .unwrap();
        let module = Module::new(&engine, WAITS).unwrap();
        let pre = linker.instantiate_pre(&module).unwrap();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..all)
                .map(|i| {
                    let (pre, engine) = (pre.clone(), engine.clone());
                    tokio::spawn(async move {
                        let mut store = Store::new(&engine, i);
                        let instance = pre.instantiate_async(&mut store).await.unwrap();
                        let nest = instance.get_typed_func::<(u32, u32), u32>(&mut store, "nest").unwrap();
                        nest.call_async(&mut store, (i % 50, i)).await.unwrap()
                    })
                })
                .collect();
            for (i, task) in (0..all).zip(tasks) {
                assert_eq!(task.await.unwrap(), i + 1 + i % 50);
            }
        });
    }
}

/// Many tasks on several threads that do everything at once, and are cancelled anywhere.
#[test]
fn storm() {
    const WAT: &str = r#"(module
        (import "host" "wait" (func $wait (param i32) (result i32)))
        (import "host" "call" (func $call (param i32 i32) (result i32)))
        (import "host" "sync" (func $sync (param i32) (result i32)))
        (memory (export "memory") 1 64)
        (table 1 100 externref)
        (func $step (export "step") (param $depth i32) (param $seed i32) (result i32)
            (local $kind i32)
            (local.set $kind (i32.rem_u (local.get $seed) (i32.const 10)))
            (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
            (if (i32.eqz (local.get $depth)) (then (return (local.get $seed))))
            (block $done
                (block $sync (block $spin (block $trap (block $divide (block $grow (block $table (block $call (block $wait
                    (br_table $wait $wait $wait $call $call $grow $table $divide $spin $sync $trap (local.get $kind)))
                    (drop (call $wait (i32.and (local.get $seed) (i32.const 3)))) (br $done))
                    (drop (call $call (i32.sub (local.get $depth) (i32.const 1)) (local.get $seed))) (br $done))
                    (drop (table.grow (ref.null extern) (i32.const 1))) (br $done))
                    (drop (memory.grow (i32.const 1)))
                    (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (local.get $seed)) (br $done))
                    (drop (i32.div_u (i32.const 1) (i32.and (local.get $seed) (i32.const 15)))) (br $done))
                    (drop (i32.load (i32.shl (local.get $seed) (i32.const 12)))) (br $done))
                    (local.set $kind (i32.const 1000))
                    (loop $more (br_if $more (local.tee $kind (i32.sub (local.get $kind) (i32.const 1))))) (br $done))
                    (drop (call $sync (local.get $seed))))
            (i32.add (call $step (i32.sub (local.get $depth) (i32.const 1)) (local.get $seed)) (i32.const 1))))"#;

    /// What a store holds: something of each task.
    struct Data {
        limits: StoreLimits,
        _alive: Counts,
        made: Arc<AtomicUsize>,
        dropped: Arc<AtomicUsize>,
    }

    for engine in engines(|c| {
        c.consume_fuel(true).epoch_interruption(true).async_stack_size(512 << 10);
    }) {
        let _ticker = Ticker::new(&engine, Duration::from_millis(2));
        let mut linker = Linker::<Data>::new(&engine);
        linker
            .func_wrap_async("host", "wait", |mut caller: Caller<'_, Data>, (n,): (u32,)| {
                caller.data_mut().made.fetch_add(1, SeqCst);
                let guard = Counts(caller.data().dropped.clone());
                Box::new(async move {
                    let _guard = guard;
                    for _ in 0..n {
                        tokio::task::yield_now().await;
                    }
                    if n == 3 {
                        tokio::time::sleep(Duration::from_micros(300)).await;
                    }
                    n
                })
            })
            .unwrap();
        linker
            .func_wrap_async("host", "call", |mut caller: Caller<'_, Data>, (depth, seed): (u32, u32)| {
                caller.data_mut().made.fetch_add(1, SeqCst);
                let guard = Counts(caller.data().dropped.clone());
                Box::new(async move {
                    let _guard = guard;
                    let step = caller.get_export("step").and_then(Extern::into_func).unwrap();
                    let step = step.typed::<(u32, u32), u32>(&caller).unwrap();
                    let call = step.call_async(&mut caller, (depth / 2, seed));
                    let limit = Duration::from_micros((seed >> 20) as u64);
                    match tokio::time::timeout(limit, call).await {
                        // Traps of nested calls are taken; a panic is not.
                        Ok(Ok(n)) => n,
                        Ok(Err(_)) | Err(_) => 0,
                    }
                })
            })
            .unwrap();
        linker
            .func_wrap("host", "sync", |mut caller: Caller<'_, Data>, seed: u32| -> Result<u32> {
                match seed % 7 {
                    0 => bail!("the host failed"),
                    1 if seed.is_multiple_of(3) => panic!("the host panicked"),
                    2 => caller.gc(None)?,
                    _ => {}
                }
                Ok(seed)
            })
            .unwrap();
        let module = Module::new(&engine, WAT).unwrap();
        let pre = linker.instantiate_pre(&module).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
        let (stores, made, dropped) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), Arc::default());
        let outcomes: Arc<[AtomicUsize; 4]> = Arc::default();
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        runtime.block_on(async {
            let tasks: Vec<_> = (0..300u32)
                .map(|task| {
                    let (pre, engine, outcomes) = (pre.clone(), engine.clone(), outcomes.clone());
                    let (stores, made, dropped) = (stores.clone(), made.clone(), Arc::clone(&dropped));
                    tokio::spawn(async move {
                        let limits = StoreLimitsBuilder::new().memory_size(40 << 16).build();
                        let data = Data { limits, _alive: Counts(stores), made, dropped };
                        let mut store = Store::new(&engine, data);
                        store.limiter(|data| &mut data.limits);
                        store.set_fuel(u64::MAX).unwrap();
                        store.fuel_async_yield_interval((task % 3 == 0).then_some(5000)).unwrap();
                        store.set_epoch_deadline(1);
                        store.epoch_deadline_async_yield_and_update(1);
                        let instance = pre.instantiate_async(&mut store).await.unwrap();
                        let step = instance.get_typed_func::<(u32, u32), u32>(&mut store, "step").unwrap();
                        for round in 0..12u32 {
                            let seed = (task * 100 + round).wrapping_mul(0x9e37_79b9);
                            let call = AssertUnwindSafe(step.call_async(&mut store, (20, seed)));
                            let limit = Duration::from_micros((seed >> 16) as u64);
                            let outcome = match tokio::time::timeout(limit, catch(call)).await {
                                Ok(Ok(Ok(_))) => 0,
                                Ok(Ok(Err(_))) => 1,
                                Ok(Err(_)) => 2,
                                Err(_) => 3,
                            };
                            outcomes[outcome].fetch_add(1, SeqCst);
                        }
                        drop(store);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        std::panic::set_hook(hook);
        let outcomes: Vec<usize> = outcomes.iter().map(|n| n.load(SeqCst)).collect();
        assert_eq!(outcomes.iter().sum::<usize>(), 3600);
        assert!(outcomes.iter().all(|n| *n > 0), "{outcomes:?}");
        assert_eq!(stores.load(SeqCst), 300);
        let dropped: Arc<AtomicUsize> = dropped;
        assert_eq!(made.load(SeqCst), dropped.load(SeqCst));
    }
}

/// As `catch_unwind`, of each poll.
async fn catch<F: Future>(future: AssertUnwindSafe<F>) -> std::thread::Result<F::Output> {
    let mut future = pin!(future.0);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}
