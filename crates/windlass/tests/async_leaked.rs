//! Asynchronous calls that are leaked instead of dropped: they stay what they are, and the store can be used on.
#![cfg(feature = "async")]

use std::pin::pin;
use std::task::{self, Poll, Waker};
use tokio::task::yield_now;
use windlass::*;

/// What is leaked here is meant to be: for the address sanitizer, which asks programs for their options.
#[allow(unsafe_code)]
// SAFETY: no other function of the program has this name.
#[unsafe(no_mangle)]
extern "C" fn __lsan_default_options() -> *const std::ffi::c_char {
    c"detect_leaks=0".as_ptr()
}

fn poll<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = task::Context::from_waker(Waker::noop());
    (0..polls).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    })
}

/// Polls once, and leaks.
fn poll_and_leak(future: impl Future<Output: std::fmt::Debug>) {
    let mut future = Box::pin(future);
    let mut cx = task::Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    std::mem::forget(future);
}

const GUEST: &str = r#"(module
    (import "host" "wait" (func $wait (param i32)))
    (func $deep (param i32 i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))
            (else (call $wait (local.get 1)) (i32.const 0))))
    (func (export "deep") (param i32 i32) (result i32) (call $deep (local.get 0) (local.get 1)))
    (func (export "trap") (unreachable)))"#;

fn tiers() -> Vec<Engine> {
    let tiers = [Strategy::Interpreter, Strategy::Baseline];
    let built = if cfg!(all(target_arch = "x86_64", target_os = "linux")) { &tiers[..] } else { &tiers[..1] };
    built.iter().map(|tier| Engine::new(Config::new().strategy(*tier)).unwrap()).collect()
}

#[test]
fn the_store_can_be_used_on() {
    for engine in tiers() {
        let mut linker = Linker::<u32>::new(&engine);
        // Leaks a call that waits, so many times; then waits itself.
        linker
            .func_wrap_async("host", "wait", |mut caller: Caller<'_, u32>, (leaks,): (u32,)| {
                Box::new(async move {
                    let get = |caller: &mut Caller<'_, u32>, name| {
                        caller.get_export(name).and_then(Extern::into_func).unwrap()
                    };
                    let deep = get(&mut caller, "deep").typed::<(u32, u32), u32>(&caller).unwrap();
                    let trap = get(&mut caller, "trap").typed::<(), ()>(&caller).unwrap();
                    for _ in 0..leaks {
                        poll_and_leak(deep.call_async(&mut caller, (20, 0)));
                        let error = trap.call(&mut caller, ()).unwrap_err();
                        assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
                    }
                    yield_now().await;
                    *caller.data_mut() += 1;
                })
            })
            .unwrap();
        let module = Module::new(&engine, GUEST).unwrap();
        let mut store = Store::new(&engine, 0);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let deep = instance.get_typed_func::<(u32, u32), u32>(&mut store, "deep").unwrap();
        for leaks in [0, 1, 3] {
            poll_and_leak(deep.call_async(&mut store, (50, leaks)));
            // The same frames are used again, now for synchronous calls.
            let error = deep.call(&mut store, (100, 0)).unwrap_err();
            assert!(error.is::<AsyncRequired>());
            assert_eq!(poll(deep.call_async(&mut store, (100, leaks)), 2).unwrap().unwrap(), 100);
            store.gc(None).unwrap();
        }
        assert_eq!(*store.data(), 3);
    }
}
