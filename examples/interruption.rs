//! Stopping a guest from another thread: one of them at once, or all whose time is over.
//!
//! ```sh
//! cargo run --example interruption
//! ```
//!
//! Prints:
//!
//! ```text
//! by a handle: interrupt
//! by its deadline: interrupt
//! extended 3 times, then: the user has gone
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use windlass::*;

/// What ended a guest, without where.
fn why(error: &Error) -> String {
    error.downcast_ref::<Trap>().map_or_else(|| error.root_cause().to_string(), |trap| trap.text().to_owned())
}

fn main() -> Result<()> {
    // Code only looks for interruptions if it was compiled to.
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let module = Module::new(&engine, r#"(module (func (export "spin") (loop $again (br $again))))"#)?;

    // A handle stops one store's guest, from any thread.
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(u64::MAX);
    let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
    let handle = store.interrupt_handle()?;
    let stopper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        handle.interrupt();
    });
    let error = spin.call(&mut store, ()).unwrap_err();
    println!("by a handle: {}", why(&error));
    stopper.join().expect("the other thread ends well");

    // Deadlines are counted in epochs, which one thread of the program starts at its pace, for all stores at once.
    let done = Arc::new(AtomicBool::new(false));
    let ticker = thread::spawn({
        let (engine, done) = (engine.clone(), done.clone());
        move || {
            while !done.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(5));
                engine.increment_epoch();
            }
        }
    });
    store.set_epoch_deadline(2);
    let error = spin.call(&mut store, ()).unwrap_err();
    println!("by its deadline: {}", why(&error));

    // A callback decides what happens at the deadline: here it grants more time, but not for ever.
    let mut store = Store::new(&engine, 0);
    let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
    store.epoch_deadline_callback(|mut store| {
        if *store.data() == 3 {
            bail!("the user has gone");
        }
        *store.data_mut() += 1;
        Ok(UpdateDeadline::Continue(1))
    });
    store.set_epoch_deadline(1);
    let error = spin.call(&mut store, ()).unwrap_err();
    println!("extended {} times, then: {}", store.data(), why(&error));

    done.store(true, Ordering::Relaxed);
    ticker.join().expect("the ticker ends well");
    Ok(())
}
