//! Two modules linked by name: a library with a memory of its own, and a program that uses both.
//!
//! ```sh
//! cargo run --example linking
//! ```
//!
//! Prints:
//!
//! ```text
//! unknown import: `log::write` has not been defined; the module expects (func (param i32))
//! log: hello from the program
//! log: and again
//! log: hello from the program
//! log: and again
//! ```

use windlass::*;

/// A library: counts and prints the texts that it is given, which lie in its memory.
const LOG: &str = r#"(module
    (import "host" "print" (func $print (param i32 i32)))
    (memory (export "memory") 1)
    ;; Prints the text at an address, which ends with a zero.
    (func (export "write") (param $at i32)
        (local $end i32)
        (local.set $end (local.get $at))
        (block $found
            (loop $next
                (br_if $found (i32.eqz (i32.load8_u (local.get $end))))
                (local.set $end (i32.add (local.get $end) (i32.const 1)))
                (br $next)))
        (call $print (local.get $at) (i32.sub (local.get $end) (local.get $at)))))"#;

/// A program: writes its texts into the library's memory.
const PROGRAM: &str = r#"(module
    (import "log" "write" (func $write (param i32)))
    (import "log" "memory" (memory 1))
    (data (i32.const 0) "hello from the program\00and again\00")
    (func (export "run")
        (call $write (i32.const 0))
        (call $write (i32.const 23))))"#;

/// Prints a text in the memory of the instance that calls.
fn print(mut caller: Caller<'_, ()>, at: u32, length: u32) -> Result<()> {
    let memory =
        caller.get_export("memory").and_then(Extern::into_memory).context("the caller has no memory")?;
    let text = memory.data(&caller).get(at as usize..).and_then(|rest| rest.get(..length as usize));
    println!("log: {}", std::str::from_utf8(text.context("outside the memory")?)?);
    Ok(())
}

fn main() -> Result<()> {
    let engine = Engine::default();
    let log = Module::new(&engine, LOG)?;
    let program = Module::new(&engine, PROGRAM)?;

    // A linker knows things by name. One that holds only host functions serves any number of stores.
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "print", print)?;
    if let Err(error) = linker.instantiate(Store::new(&engine, ()), &program) {
        println!("{error}");
    }

    // What an instance exports gets a name too; the linker then belongs to that store.
    let mut store = Store::new(&engine, ());
    let mut for_store = linker.clone();
    let library = for_store.instantiate(&mut store, &log)?;
    for_store.instance(&mut store, "log", library)?;
    let instance = for_store.instantiate(&mut store, &program)?;
    instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;

    // `Linker::module` does both steps at once.
    let mut store = Store::new(&engine, ());
    linker.module(&mut store, "log", &log)?;
    let instance = linker.instantiate(&mut store, &program)?;
    instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
    Ok(())
}
