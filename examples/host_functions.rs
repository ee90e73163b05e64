//! Functions of the host that guests call: typed and untyped, with several results, with the host's data, and failing.
//!
//! ```sh
//! cargo run --example host_functions
//! ```
//!
//! Prints:
//!
//! ```text
//! 17 / 5 = 3 rest 2
//! the guest reports 3
//! the guest reports 2
//! sum of 3 values: 60
//! calls: 4
//! the guest failed: cannot divide 1 by zero
//!   in $run, called by the host
//! ```

use windlass::*;

/// The host's data: each store has its own.
#[derive(Default)]
struct State {
    calls: u32,
}

/// An error of the host. It goes through the guest to the host that called it.
#[derive(Debug)]
struct DivisionError(i32);

impl std::fmt::Display for DivisionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot divide {} by zero", self.0)
    }
}

impl std::error::Error for DivisionError {}

/// Parameters and results are Rust's numbers; several results are a tuple. With a `Caller` in front the function reaches
/// the store and its data, and the exports of the instance that calls.
fn divide(mut caller: Caller<'_, State>, a: i32, b: i32) -> Result<(i32, i32)> {
    caller.data_mut().calls += 1;
    if b == 0 {
        return Err(DivisionError(a).into());
    }
    Ok((a / b, a % b))
}

fn main() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::<State>::new(&engine);
    linker.func_wrap("host", "divide", divide)?;

    // Closures do as well. What they capture lives as long as the linker and the stores that use it.
    let prefix = "the guest reports";
    linker.func_wrap("host", "report", move |mut caller: Caller<'_, State>, value: i32| {
        caller.data_mut().calls += 1;
        println!("{prefix} {value}");
    })?;

    // A function whose type is only known when the program runs: values are checked at every call.
    let ty = FuncType::new(&engine, vec![ValType::I64; 3], [ValType::I64]);
    linker.func_new("host", "sum", ty, |mut caller, params, results| {
        caller.data_mut().calls += 1;
        let sum = params.iter().map(Val::unwrap_i64).sum();
        println!("sum of {} values: {sum}", params.len());
        results[0] = Val::I64(sum);
        Ok(())
    })?;

    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "divide" (func $divide (param i32 i32) (result i32 i32)))
            (import "host" "report" (func $report (param i32)))
            (import "host" "sum" (func $sum (param i64 i64 i64) (result i64)))
            (func $run (export "run") (param i32 i32) (result i32 i32)
                (call $divide (local.get 0) (local.get 1)))
            (func (export "report") (param i32 i32)
                (call $report (local.get 0))
                (call $report (local.get 1))
                (drop (call $sum (i64.const 10) (i64.const 20) (i64.const 30)))))"#,
    )?;
    let mut store = Store::new(&engine, State::default());
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<(i32, i32), (i32, i32)>(&mut store, "run")?;
    let report = instance.get_typed_func::<(i32, i32), ()>(&mut store, "report")?;

    let (quotient, rest) = run.call(&mut store, (17, 5))?;
    println!("17 / 5 = {quotient} rest {rest}");
    report.call(&mut store, (quotient, rest))?;
    println!("calls: {}", store.data().calls);

    // The error comes back as it was, with a backtrace of the guest.
    let error = run.call(&mut store, (1, 0)).unwrap_err();
    let division: &DivisionError = error.downcast_ref().expect("the host's own error");
    println!("the guest failed: {division}");
    let backtrace: &WasmBacktrace = error.downcast_ref().expect("a backtrace");
    for frame in backtrace.frames() {
        println!("  in ${}, called by the host", frame.func_name().unwrap_or("?"));
    }
    Ok(())
}
