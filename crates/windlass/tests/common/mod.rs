//! What the tests of this crate share.

#![allow(dead_code)]

use windlass::*;

/// How long it may take to stop something from another thread: `WINDLASS_STOP_MS`, else what even a busy machine keeps.
pub fn stop_bound() -> std::time::Duration {
    let given = std::env::var("WINDLASS_STOP_MS").ok();
    std::time::Duration::from_millis(given.map_or(250, |ms| ms.parse().expect("a number of milliseconds")))
}

/// A store and an instance of a module without imports.
pub fn instance(wat: &str) -> (Store<()>, Instance) {
    instance_on(&Engine::default(), wat)
}

/// A store and an instance of a module without imports, on this engine.
pub fn instance_on(engine: &Engine, wat: &str) -> (Store<()>, Instance) {
    let module = Module::new(engine, wat).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    (store, instance)
}

/// The trap that an error is.
#[track_caller]
pub fn trap(error: &Error) -> Trap {
    *error.downcast_ref::<Trap>().unwrap_or_else(|| panic!("not a trap: {error:?}"))
}

/// The names of the frames of an error's backtrace.
#[track_caller]
pub fn frames(error: &Error) -> Vec<String> {
    let backtrace =
        error.downcast_ref::<WasmBacktrace>().unwrap_or_else(|| panic!("no backtrace: {error:?}"));
    let name = |f: &FrameInfo| f.func_name().map_or_else(|| format!("#{}", f.func_index()), str::to_owned);
    backtrace.frames().iter().map(name).collect()
}
