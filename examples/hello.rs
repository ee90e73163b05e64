//! A module, a store, an instance, a call.
//!
//! ```sh
//! cargo run --example hello
//! ```
//!
//! Prints:
//!
//! ```text
//! gcd(1071, 462) = 21
//! ```

use windlass::*;

fn main() -> Result<()> {
    // An engine holds settings and compiles modules; a program needs one.
    let engine = Engine::default();

    // A module is compiled once. This one is text; files in text or binary form are read by `Module::from_file`.
    let module = Module::new(
        &engine,
        r#"(module
            (func $gcd (export "gcd") (param $a i32) (param $b i32) (result i32)
                (if (i32.eqz (local.get $b)) (then (return (local.get $a))))
                (return_call $gcd (local.get $b) (i32.rem_u (local.get $a) (local.get $b)))))"#,
    )?;

    // A store owns what lives while guests run: here one instance, and no data of the host.
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;

    // The function's type is checked once, here; a call then costs little.
    let gcd = instance.get_typed_func::<(u32, u32), u32>(&mut store, "gcd")?;
    println!("gcd(1071, 462) = {}", gcd.call(&mut store, (1071, 462))?);
    Ok(())
}
