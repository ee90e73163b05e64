//! Passing text through a guest's memory: the guest allocates, the host writes, calls, and reads the answer.
//!
//! ```sh
//! cargo run --example memory
//! ```
//!
//! Prints:
//!
//! ```text
//! 1 page, 65536 bytes
//! HELLO, WASM!
//! grown from 1 to 3 pages
//! no fourth page: the maximum is 3
//! byte 196608 is outside: out of bounds memory access
//! ```

use windlass::*;

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (memory (export "memory") 1 3)
            (global $next (mut i32) (i32.const 1024))

            ;; Gives the address of `length` bytes that nobody else uses.
            (func (export "allocate") (param $length i32) (result i32)
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get $length))))

            ;; Makes capitals of the letters in a piece of memory.
            (func (export "capitals") (param $at i32) (param $length i32)
                (local $end i32)
                (local.set $end (i32.add (local.get $at) (local.get $length)))
                (block $done
                    (loop $next_byte
                        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
                        (if (i32.lt_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 97)) (i32.const 26))
                            (then (i32.store8 (local.get $at)
                                (i32.sub (i32.load8_u (local.get $at)) (i32.const 32)))))
                        (local.set $at (i32.add (local.get $at) (i32.const 1)))
                        (br $next_byte)))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance.get_memory(&mut store, "memory").context("the guest exports its memory")?;
    let allocate = instance.get_typed_func::<u32, u32>(&mut store, "allocate")?;
    let capitals = instance.get_typed_func::<(u32, u32), ()>(&mut store, "capitals")?;
    println!("{} page, {} bytes", memory.size(&store), memory.data_size(&store));

    // `read` and `write` copy, and check what the guest says: an address of a guest is never to be trusted.
    let text = "Hello, Wasm!";
    let at = allocate.call(&mut store, text.len() as u32)?;
    memory.write(&mut store, at as usize, text.as_bytes())?;
    capitals.call(&mut store, (at, text.len() as u32))?;
    // `data` lends the bytes themselves, for as long as nothing else uses the store.
    let bytes = memory.data(&store).get(at as usize..).and_then(|rest| rest.get(..text.len()));
    println!("{}", std::str::from_utf8(bytes.context("outside the memory")?)?);

    // Memories grow by pages of 64 KiB, up to the maximum that the module declares.
    let before = memory.grow(&mut store, 2)?;
    println!("grown from {before} to {} pages", memory.size(&store));
    if memory.grow(&mut store, 1).is_err() {
        println!("no fourth page: the maximum is {}", memory.ty(&store).maximum().unwrap_or(u64::MAX));
    }
    let end = memory.data_size(&store);
    if let Err(error) = memory.read(&store, end, &mut [0]) {
        println!("byte {end} is outside: {error}");
    }
    Ok(())
}
