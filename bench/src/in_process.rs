//! Engines as libraries.

use anyhow::{Context, Result};

/// What is measured in process.
pub struct InProcess {
    /// Validates and translates a module, all of it, at once.
    pub translate: fn(&[u8]) -> Result<()>,
    /// Instantiates a module and calls its exported function of this name, which takes and gives an i64.
    pub call: fn(&[u8], &str, i64) -> Result<i64>,
}

pub const WINDLASS: InProcess = windlass(
    |bytes| windlass_translate(windlass::Strategy::Auto, bytes),
    |bytes, name, n| windlass_call(windlass::Strategy::Auto, bytes, name, n),
);
pub const INTERP: InProcess = windlass(
    |bytes| windlass_translate(windlass::Strategy::Interpreter, bytes),
    |bytes, name, n| windlass_call(windlass::Strategy::Interpreter, bytes, name, n),
);
pub const BASELINE: InProcess = windlass(
    |bytes| windlass_translate(windlass::Strategy::Baseline, bytes),
    |bytes, name, n| windlass_call(windlass::Strategy::Baseline, bytes, name, n),
);
pub const WASMI: InProcess = InProcess { translate: wasmi_translate, call: wasmi_call };
pub const WINCH: InProcess = InProcess { translate: winch_translate, call: winch_call };

const fn windlass(
    translate: fn(&[u8]) -> Result<()>,
    call: fn(&[u8], &str, i64) -> Result<i64>,
) -> InProcess {
    InProcess { translate, call }
}

fn windlass_engine(tier: windlass::Strategy) -> windlass::Result<windlass::Engine> {
    let mut config = windlass::Config::new();
    // One thread, as the others have.
    windlass::Engine::new(config.strategy(tier).parallel_compilation(false))
}

fn windlass_translate(tier: windlass::Strategy, bytes: &[u8]) -> Result<()> {
    let go = || windlass::Module::new(&windlass_engine(tier)?, bytes);
    std::hint::black_box(go().map_err(|e| anyhow::anyhow!("{e:?}"))?);
    Ok(())
}

fn windlass_call(tier: windlass::Strategy, bytes: &[u8], name: &str, n: i64) -> Result<i64> {
    use windlass::{Caller, ExternRef, Linker, Module, Rooted, Store};
    let go = || -> windlass::Result<i64> {
        let engine = windlass_engine(tier)?;
        let module = Module::new(&engine, bytes)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "make", |mut caller: Caller<'_, ()>, n: i64| {
            ExternRef::new(&mut caller, n).map(Some)
        })?;
        linker.func_wrap("host", "value", |caller: Caller<'_, ()>, value: Option<Rooted<ExternRef>>| {
            let value = value.expect("the kernel passes no null").data(&caller)?;
            Ok(*value.and_then(|v| v.downcast_ref::<i64>()).expect("the value is what `make` put in"))
        })?;
        let instance = linker.instantiate(&mut store, &module)?;
        instance.get_typed_func::<i64, i64>(&mut store, name)?.call(&mut store, n)
    };
    go().map_err(|e| anyhow::anyhow!("{e:?}"))
}

fn wasmi_engine() -> wasmi::Engine {
    let mut config = wasmi::Config::default();
    config.compilation_mode(wasmi::CompilationMode::Eager);
    config.wasm_multi_memory(true).wasm_memory64(true).wasm_wide_arithmetic(true);
    wasmi::Engine::new(&config)
}

fn wasmi_translate(bytes: &[u8]) -> Result<()> {
    let module = wasmi::Module::new(&wasmi_engine(), bytes)?;
    std::hint::black_box(&module);
    Ok(())
}

fn wasmi_call(bytes: &[u8], name: &str, n: i64) -> Result<i64> {
    use wasmi::{Caller, ExternRef, Linker, Module, Nullable, Store};
    let engine = wasmi_engine();
    let module = Module::new(&engine, bytes)?;
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "make", |mut caller: Caller<'_, ()>, n: i64| {
        Nullable::from(ExternRef::new(&mut caller, n))
    })?;
    linker.func_wrap("host", "value", |caller: Caller<'_, ()>, value: Nullable<ExternRef>| -> i64 {
        match value {
            Nullable::Val(value) => *value.data(&caller).downcast_ref().expect("what `make` put in"),
            Nullable::Null => unreachable!("the kernel passes no null"),
        }
    })?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let function = instance.get_typed_func::<i64, i64>(&store, name).context("no such function")?;
    Ok(function.call(&mut store, n)?)
}

fn winch_engine() -> Result<wasmtime::Engine> {
    let mut config = wasmtime::Config::new();
    config.strategy(wasmtime::Strategy::Winch);
    wasmtime::Engine::new(&config).map_err(|e| anyhow::anyhow!("{e:?}"))
}

fn winch_translate(bytes: &[u8]) -> Result<()> {
    let module = wasmtime::Module::new(&winch_engine()?, bytes);
    std::hint::black_box(module.map_err(|e| anyhow::anyhow!("{e:?}"))?);
    Ok(())
}

fn winch_call(bytes: &[u8], name: &str, n: i64) -> Result<i64> {
    let engine = winch_engine()?;
    let go = || -> wasmtime::Result<i64> {
        let module = wasmtime::Module::new(&engine, bytes)?;
        let mut store = wasmtime::Store::new(&engine, ());
        let instance = wasmtime::Linker::new(&engine).instantiate(&mut store, &module)?;
        instance.get_typed_func::<i64, i64>(&mut store, name)?.call(&mut store, n)
    };
    go().map_err(|e| anyhow::anyhow!("{e:?}"))
}
