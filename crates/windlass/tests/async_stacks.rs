//! Stacks of asynchronous calls are reused and given back: alone in its process, because it looks at all its address space.
#![cfg(all(feature = "async", target_os = "linux"))]

use std::pin::pin;
use std::task::{self, Poll, Waker};
use tokio::task::yield_now;
use windlass::*;

const STACK: usize = 1 << 20;

/// Bytes of address space of this process.
fn address_space() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').next().unwrap().parse::<usize>().unwrap() * 4096
}

/// Polls so often, and says what came of it.
fn poll<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = task::Context::from_waker(Waker::noop());
    (0..polls).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    })
}

/// A guest that calls itself through its host, so deep, and waits there; or traps.
fn guest(engine: &Engine) -> (Store<()>, TypedFunc<u32, ()>) {
    let mut linker = Linker::<()>::new(engine);
    linker
        .func_wrap_async("host", "call", |mut caller: Caller<'_, ()>, (depth,): (u32,)| {
            Box::new(async move {
                if depth > 0 {
                    let run = caller.get_export("run").and_then(Extern::into_func).unwrap();
                    let run = run.typed::<u32, ()>(&caller)?;
                    run.call_async(&mut caller, depth - 1).await?;
                }
                yield_now().await;
                Result::<()>::Ok(())
            })
        })
        .unwrap();
    let wat = r#"(module
        (import "host" "call" (func $call (param i32)))
        (func (export "run") (param i32)
            (call $call (local.get 0))
            (if (i32.eq (local.get 0) (i32.const 1)) (then unreachable))))"#;
    let module = Module::new(engine, wat).unwrap();
    let mut store = Store::new(engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func(&mut store, "run").unwrap();
    (store, run)
}

#[test]
fn stacks_are_reused_and_given_back() {
    // Whatever is made once.
    drop(guest(&Engine::default()));
    for zeroing in [false, true] {
        let start = address_space();
        let mut config = Config::new();
        let engine = Engine::new(config.async_stack_size(STACK).async_stack_zeroing(zeroing)).unwrap();
        let (mut store, run) = guest(&engine);
        let before = address_space();
        for _ in 0..3000 {
            poll(run.call_async(&mut store, 0), 2).unwrap().unwrap();
            poll(run.call_async(&mut store, 1), 9).unwrap().unwrap_err();
            // Cancelled while two of them wait.
            assert!(poll(run.call_async(&mut store, 1), 1).is_none());
        }
        let used = address_space() - before;
        assert!(used < 4 * STACK, "{used} bytes for two stacks");

        // Many at once: some are kept, till the engine goes.
        let polled = poll(run.call_async(&mut store, 100), 1);
        assert!(polled.is_none());
        let used = address_space() - before;
        assert!(used > 90 * STACK && used < 120 * STACK, "{used} bytes for a hundred stacks");
        drop((store, engine));
        let left = address_space().saturating_sub(start);
        assert!(left < 4 * STACK, "{left} bytes are left");
    }
}
