//! Many guests on a few threads: host functions that wait give the thread to other guests, endless loops share it, and dropping
//! the future of a call ends its guest.
//!
//! ```sh
//! cargo run --example async_tokio
//! ```
//!
//! Prints:
//!
//! ```text
//! 100 guests slept for 50 ms each, at the same time
//! the answer that the guest waited for: 42
//! two guests shared one thread
//! after 30 ms the endless guests were dropped
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use windlass::*;

const GUEST: &str = r#"(module
    (import "host" "sleep" (func $sleep (param i64)))
    (import "host" "fetch" (func $fetch (param i32) (result i32)))
    (import "host" "step" (func $step))
    (func (export "nap") (call $sleep (i64.const 50)))
    (func (export "ask") (result i32) (i32.mul (i32.const 2) (call $fetch (i32.const 3))))
    ;; Counts as long as its host lets it.
    (func (export "count") (loop $again (call $step) (br $again))))"#;

/// What all guests share.
#[derive(Clone)]
struct Host {
    engine: Engine,
    guest: InstancePre<Arc<AtomicU32>>,
}

impl Host {
    fn new() -> Result<Host> {
        let engine = Engine::new(Config::new().consume_fuel(true))?;
        let mut linker = Linker::<Arc<AtomicU32>>::new(&engine);
        // A host function that waits: its parameters are a tuple, and it gives a future.
        linker.func_wrap_async("host", "sleep", |_caller, (ms,): (u64,)| {
            Box::new(async move { tokio::time::sleep(Duration::from_millis(ms)).await })
        })?;
        linker.func_wrap_async("host", "fetch", |_caller, (key,): (u32,)| {
            Box::new(async move {
                // Whatever a program waits for: a data base, another server.
                tokio::time::sleep(Duration::from_millis(1)).await;
                ensure!(key == 3, "there is nothing under {key}");
                Ok(21_u32)
            })
        })?;
        // Others can be as they always are.
        linker.func_wrap("host", "step", |caller: Caller<'_, Arc<AtomicU32>>| {
            caller.data().fetch_add(1, Ordering::Relaxed);
        })?;
        let guest = linker.instantiate_pre(&Module::new(&engine, GUEST)?)?;
        Ok(Host { engine, guest })
    }

    /// A guest in a store of its own, that counts its steps.
    async fn guest(&self, steps: Arc<AtomicU32>) -> Result<(Store<Arc<AtomicU32>>, Instance)> {
        let mut store = Store::new(&self.engine, steps);
        store.set_fuel(u64::MAX)?;
        // After so much fuel a guest lets others have the thread.
        store.fuel_async_yield_interval(Some(10_000))?;
        let instance = self.guest.instantiate_async(&mut store).await?;
        Ok((store, instance))
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let host = Host::new()?;

    // A hundred guests on two threads: while one sleeps, its thread runs others.
    let start = Instant::now();
    let mut naps = JoinSet::new();
    for _ in 0..100 {
        let host = host.clone();
        naps.spawn(async move {
            let (mut store, instance) = host.guest(Arc::default()).await?;
            let nap = instance.get_typed_func::<(), ()>(&mut store, "nap")?;
            nap.call_async(&mut store, ()).await
        });
    }
    while let Some(nap) = naps.join_next().await {
        nap??;
    }
    ensure!(start.elapsed() < Duration::from_secs(4), "they slept one after another");
    println!("100 guests slept for 50 ms each, at the same time");

    let (mut store, instance) = host.guest(Arc::default()).await?;
    let ask = instance.get_typed_func::<(), u32>(&mut store, "ask")?;
    println!("the answer that the guest waited for: {}", ask.call_async(&mut store, ()).await?);

    // Two guests that never end, in one task, and so on one thread: both get on. A timeout drops their futures, which ends them.
    let (a, b) = (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
    let both = async {
        let (mut first, one) = host.guest(a.clone()).await?;
        let (mut second, two) = host.guest(b.clone()).await?;
        let one = one.get_typed_func::<(), ()>(&mut first, "count")?;
        let two = two.get_typed_func::<(), ()>(&mut second, "count")?;
        tokio::try_join!(one.call_async(&mut first, ()), two.call_async(&mut second, ()))
    };
    let ended = tokio::time::timeout(Duration::from_millis(30), both).await;
    ensure!(
        a.load(Ordering::Relaxed) > 0 && b.load(Ordering::Relaxed) > 0,
        "one guest kept the thread for itself"
    );
    println!("two guests shared one thread");
    match ended {
        Err(_) => println!("after 30 ms the endless guests were dropped"),
        Ok(result) => bail!("endless guests ended: {result:?}"),
    }
    Ok(())
}
