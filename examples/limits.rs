//! What a guest may take: fuel, memory, stack. Whatever it does beyond that ends in a trap, and the host goes on.
//!
//! ```sh
//! cargo run --example limits
//! ```
//!
//! Prints:
//!
//! ```text
//! fib(10) = 55, for 2117 units of fuel
//! fib(30): all fuel consumed by WebAssembly
//! the guest asked for memory until it had 16 pages
//! the host still has its guest: fib(10) = 55
//! a module with too much memory: a memory of 6553600 bytes exceeds the store's limit
//! dive(1000000000): call stack exhausted
//! ```

use windlass::*;

const GUEST: &str = r#"(module
    (memory (export "memory") 1)
    (func $fib (export "fib") (param i32) (result i32)
        (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
            (then (local.get 0))
            (else (i32.add
                (call $fib (i32.sub (local.get 0) (i32.const 1)))
                (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    ;; Asks for memory as long as it gets some, and says how much it has then.
    (func (export "gorge") (result i32)
        (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (memory.size))
    (func $dive (export "dive") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $dive (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))"#;

/// The store's data holds its limits, so that they can be changed while the guest lives.
struct State {
    limits: StoreLimits,
}

/// What a trap says.
fn trap(error: &Error) -> String {
    error.downcast_ref::<Trap>().map_or_else(|| error.to_string(), |trap| trap.text().to_owned())
}

fn main() -> Result<()> {
    // Fuel is charged for what a guest does, in the same way on every machine and tier. The stack of a guest has a limit of
    // its own.
    let mut config = Config::new();
    config.consume_fuel(true).max_wasm_stack(256 << 10);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, GUEST)?;

    // Memory is limited by the store, in bytes of each memory; so are tables, and the number of things.
    let limits = StoreLimitsBuilder::new().memory_size(16 << 16).table_elements(1_000).instances(10).build();
    let mut store = Store::new(&engine, State { limits });
    store.limiter(|state| &mut state.limits);
    let instance = Instance::new(&mut store, &module, &[])?;
    let fib = instance.get_typed_func::<u32, u32>(&mut store, "fib")?;

    store.set_fuel(10_000)?;
    let result = fib.call(&mut store, 10)?;
    println!("fib(10) = {result}, for {} units of fuel", 10_000 - store.get_fuel()?);
    let error = fib.call(&mut store, 30).unwrap_err();
    println!("fib(30): {}", trap(&error));

    // Growing beyond the limit fails for the guest, as it would on a machine without memory.
    store.set_fuel(u64::MAX)?;
    let pages = instance.get_typed_func::<(), u32>(&mut store, "gorge")?.call(&mut store, ())?;
    println!("the guest asked for memory until it had {pages} pages");
    println!("the host still has its guest: fib(10) = {}", fib.call(&mut store, 10)?);

    // A memory that is too large from the beginning is refused.
    let glutton = Module::new(&engine, "(module (memory 100))")?;
    let error = Instance::new(&mut store, &glutton, &[]).unwrap_err();
    println!("a module with too much memory: {error}");

    let dive = instance.get_typed_func::<u32, u32>(&mut store, "dive")?;
    let error = dive.call(&mut store, 1_000_000_000).unwrap_err();
    println!("dive(1000000000): {}", trap(&error));
    Ok(())
}
