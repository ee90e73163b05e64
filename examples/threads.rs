//! One memory, shared by guests on several threads: each has a store of its own, and all see the same bytes.
//!
//! ```sh
//! cargo run --example threads
//! ```
//!
//! Prints:
//!
//! ```text
//! 4 guests counted to 40000
//! the guest was woken by the host, and read 42
//! ```

use std::thread;
use windlass::*;

const GUEST: &str = r#"(module
    (import "env" "memory" (memory 1 1 shared))
    ;; Adds 1 to the word at 0, so often.
    (func (export "count") (param $times i32)
        (loop $again
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
    ;; Waits until the word at 8 is not 0, and gives it.
    (func (export "await") (result i32)
        (loop $again
            (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
            (br_if $again (i32.eqz (i32.atomic.load (i32.const 8)))))
        (i32.atomic.load (i32.const 8))))"#;

fn main() -> Result<()> {
    // Engines, modules, linkers and shared memories can be used by any thread. A linker that holds no more of stores than shared
    // memories serves all of them.
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST)?;
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 1))?;
    let mut linker = Linker::<()>::new(&engine);
    linker.define(Store::new(&engine, ()), "env", "memory", memory.clone())?;

    let count = |times: u32| -> Result<()> {
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module)?;
        instance.get_typed_func::<u32, ()>(&mut store, "count")?.call(&mut store, times)
    };
    thread::scope(|scope| {
        let guests: Vec<_> = (0..4).map(|_| scope.spawn(|| count(10_000))).collect();
        guests.into_iter().try_for_each(|guest| guest.join().expect("no guest panics its host"))
    })?;
    // There is no slice of a shared memory: others write to it. Bytes are copied.
    let mut word = [0; 4];
    memory.read(0, &mut word)?;
    println!("4 guests counted to {}", u32::from_le_bytes(word));

    // Guests and hosts wake each other.
    let read = thread::scope(|scope| {
        let guest = scope.spawn(|| -> Result<u32> {
            let mut store = Store::new(&engine, ());
            let instance = linker.instantiate(&mut store, &module)?;
            instance.get_typed_func::<(), u32>(&mut store, "await")?.call(&mut store, ())
        });
        memory.write(8, &42_u32.to_le_bytes())?;
        while !guest.is_finished() {
            memory.atomic_notify(8, 1)?;
            thread::yield_now();
        }
        guest.join().expect("no guest panics its host")
    })?;
    println!("the guest was woken by the host, and read {read}");
    Ok(())
}
