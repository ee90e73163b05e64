//! `windlass run`: runs a program, or calls a function.

use crate::args::{EnvVar, Preload, Run};
use crate::input::Input;
use crate::{atomic_file, engine, output};
use std::process::ExitCode;
use std::time::Duration;
use windlass::{
    Context, Engine, Error, Extern, Instance, InterruptHandle, Linker, Module, Result, Store, StoreLimits,
    StoreLimitsBuilder, ThrownException, Trap, UnknownImportError, Val, WasmBacktrace, WasmCoreDump, bail,
    ensure, format_err,
};
use windlass_wasi::{DirPerms, Exit, FilePerms, WasiCtx, WasiCtxBuilder};
use windlass_wast::convert;
use windlass_wast::value::Value;

/// The exit code after a trap: as of a process that aborted.
const TRAPPED: u8 = 134;

/// How long a guest may stay within one host call after its time is up, before the process ends.
const GRACE: Duration = Duration::from_millis(500);

/// What host functions see.
struct Host {
    wasi: WasiCtx,
    limits: StoreLimits,
}

/// Runs the command.
pub fn main(args: &Run) -> Result<ExitCode> {
    engine::on_stack(&args.limits, || run(args))
}

fn run(args: &Run) -> Result<ExitCode> {
    let input = Input::read_within(args.file(), args.modules.max_module_size)?;
    let engine = engine::limited(args)?;
    let module = compile(&engine, &input)?;
    let mut store = store(args, &engine, &input)?;
    let mut linker = Linker::new(&engine);
    windlass_wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    let mut preloaded = Vec::new();
    let ended = preload(&mut linker, &mut store, &args.preload, &mut preloaded).and_then(|()| {
        let instance = linker.instantiate(&mut store, &module)?;
        match &args.invoke {
            Some(name) => invoke(&mut store, instance, name, &guest_args(args)?),
            None => start(&mut store, instance),
        }
    });
    match ended {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if error.is::<output::ClosedPipe>() => Err(error),
        Err(error) => {
            if error.is::<WasmBacktrace>() && !error.is::<Exit>() {
                attach_debug_info(&module, &input);
                preloaded.iter().for_each(|(module, input)| attach_debug_info(module, input));
            }
            not_ended(error, args, &input, &mut store)
        }
    }
}

/// What to do about a guest that did not come to its end.
fn not_ended(error: Error, args: &Run, input: &Input, store: &mut Store<Host>) -> Result<ExitCode> {
    match stopped(&error, args) {
        Some(code) => {
            dump(&error, args, store);
            Ok(code)
        }
        None => Err(explained(error).context(format!("cannot run {}", input.path.display()))),
    }
}

/// Gives a module its debug information, now that it may be printed: a program that ends well need not keep it.
fn attach_debug_info(module: &Module, input: &Input) {
    let unwanted = std::env::var_os("WASM_BACKTRACE_DETAILS").is_some_and(|value| value == "0");
    if module.has_unread_debug_info() && !unwanted {
        // It has been decoded before.
        let _ = input.wasm().and_then(|wasm| module.attach_debug_info(&wasm));
    }
}

/// Writes the core dump that was asked for, if the error has one. That the program trapped has been told, so that this is no
/// error of its own.
fn dump(error: &Error, args: &Run, store: &mut Store<Host>) {
    let (Some(file), Some(dump)) = (&args.coredump_on_trap, error.downcast_ref::<WasmCoreDump>()) else {
        return;
    };
    let name = args.file().to_string_lossy();
    match atomic_file::write_with(file, |out| dump.write_to(&mut *store, &name, out)) {
        Ok(()) => output::complain(&format!("windlass: the core dump is in {}\n", file.display())),
        Err(error) => output::error(&error.context("there is no core dump")),
    }
}

/// Adds to an error what to do about it.
fn explained(error: Error) -> Error {
    let Some(missing) = error.downcast_ref::<UnknownImportError>() else { return error };
    let (module, name) = (missing.module(), missing.name());
    let advice = windlass_wasi::why_missing(module, name)
        .unwrap_or_else(|| format!("`--preload {module}=FILE` takes it from another module"));
    format_err!(advice).context(format!("{error:#}"))
}

/// The arguments for the guest, to which all text is UTF-8.
fn guest_args(args: &Run) -> Result<Vec<&str>> {
    let texts = args.args().iter().enumerate().map(|(i, arg)| {
        arg.to_str().with_context(|| format!("argument {} is not UTF-8: {}", i + 1, arg.display()))
    });
    texts.collect()
}

fn compile(engine: &Engine, input: &Input) -> Result<Module> {
    let wasm = input.wasm()?;
    Module::from_binary(engine, &wasm).with_context(|| format!("cannot compile {}", input.path.display()))
}

/// The store, with what the guest may use and reach.
fn store(args: &Run, engine: &Engine, input: &Input) -> Result<Store<Host>> {
    let host = Host { wasi: wasi(args, input)?, limits: limits(args) };
    let mut store = Store::try_new(engine, host).with_context(|| engine::stack_option(&args.limits))?;
    store.limiter(|host| &mut host.limits);
    if let Some(fuel) = args.limits.fuel {
        store.set_fuel(fuel)?;
    }
    if let Some(time) = args.limits.timeout {
        // Only the handle interrupts; epochs are not used.
        store.set_epoch_deadline(u64::MAX);
        watch(store.interrupt_handle()?, time.0);
    }
    Ok(store)
}

fn limits(args: &Run) -> StoreLimits {
    let mut limits = StoreLimitsBuilder::new();
    if let Some(size) = args.limits.max_memory {
        limits = limits.memory_size(usize::try_from(size.0).unwrap_or(usize::MAX));
    }
    if let Some(elements) = args.limits.max_table_elements {
        limits = limits.table_elements(elements);
    }
    if let Some(count) = args.limits.max_instances {
        limits = limits.instances(count);
    }
    limits.build()
}

/// Interrupts the guest when its time is up. One that does not come back from the host is not waited for.
fn watch(handle: InterruptHandle, time: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(time);
        handle.interrupt();
        std::thread::sleep(GRACE);
        output::error(&format_err!(
            "the time of --timeout ({time:?}) is up, and the program waits in a host call"
        ));
        std::process::exit(i32::from(TRAPPED));
    });
}

/// What the program is given of the host.
fn wasi(args: &Run, input: &Input) -> Result<WasiCtx> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_stdio();
    wasi.arg(args.argv0.clone().unwrap_or_else(|| input.file_name()));
    if args.invoke.is_none() {
        wasi.args(guest_args(args)?);
    }
    for EnvVar { name, value } in &args.env {
        // A variable that is not set here is not set there.
        if let Some(value) = value.clone().or_else(|| std::env::var(name).ok()) {
            wasi.env(name, value);
        }
    }
    for dir in &args.dirs {
        wasi.preopened_dir(&dir.host, &dir.guest, DirPerms::all(), FilePerms::all())
            .with_context(|| format!("--dir {}::{}", dir.host.display(), dir.guest))?;
    }
    Ok(wasi.build())
}

/// Instantiates the modules of `--preload`, in order, under their names. Each may import those before it.
fn preload(
    linker: &mut Linker<Host>,
    store: &mut Store<Host>,
    modules: &[Preload],
    preloaded: &mut Vec<(Module, Input)>,
) -> Result<()> {
    for Preload { name, file } in modules {
        let input = Input::read(file)?;
        let module = compile(&store.engine().clone(), &input)?;
        preloaded.push((module.clone(), input));
        let cannot = || format!("cannot preload {name}={}", file.display());
        let instance = linker.instantiate(&mut *store, &module).with_context(cannot)?;
        initialize(store, instance).with_context(cannot)?;
        linker.instance(&mut *store, name, instance).with_context(cannot)?;
    }
    Ok(())
}

/// Runs a program.
fn start(store: &mut Store<Host>, instance: Instance) -> Result<()> {
    match instance.get_export(&mut *store, "_start") {
        Some(Extern::Func(_)) => {
            instance.get_typed_func::<(), ()>(&mut *store, "_start")?.call(&mut *store, ())
        }
        _ => {
            initialize(store, instance)?;
            let functions = exported_functions(store, instance);
            ensure!(
                functions.is_empty(),
                "it exports no `_start`, so it is no program; `--invoke NAME` calls one of its functions: {}",
                functions.join(", ")
            );
            Ok(())
        }
    }
}

/// Runs `_initialize`, if the module is a reactor.
fn initialize(store: &mut Store<Host>, instance: Instance) -> Result<()> {
    match instance.get_export(&mut *store, "_initialize") {
        Some(Extern::Func(_)) => {
            instance.get_typed_func::<(), ()>(&mut *store, "_initialize")?.call(&mut *store, ())
        }
        _ => Ok(()),
    }
}

fn exported_functions(store: &mut Store<Host>, instance: Instance) -> Vec<String> {
    let exports = instance.exports(store);
    let functions = exports.filter_map(|export| {
        let name = export.name().to_string();
        export.into_func().map(|_| name)
    });
    functions.filter(|name| name != "_initialize").collect()
}

/// Calls a function with arguments in text form and prints its results, one a line.
fn invoke(store: &mut Store<Host>, instance: Instance, name: &str, args: &[&str]) -> Result<()> {
    let Some(Extern::Func(func)) = instance.get_export(&mut *store, name) else {
        let functions = exported_functions(store, instance);
        bail!("it exports no function {name:?}; those that it exports: {}", functions.join(", "));
    };
    let ty = func.ty(&*store);
    ensure!(
        ty.params().len() == args.len(),
        "{name:?} takes {} arguments ({ty}), and {} are given",
        ty.params().len(),
        args.len()
    );
    let mut values = Vec::new();
    for (i, (param, text)) in ty.params().zip(args).enumerate() {
        let value = convert::parse(text, &param).map_err(|why| format_err!("argument {}: {why}", i + 1))?;
        values.push(value.to_val(&mut *store)?);
    }
    if name != "_initialize" {
        initialize(store, instance)?;
    }
    let mut results = vec![Val::I32(0); ty.results().len()];
    func.call(&mut *store, &values, &mut results)?;
    let mut text = String::new();
    for result in &results {
        text += &convert::print(Value::from_val(&*store, result)?);
        text.push('\n');
    }
    output::print(text)
}

/// The exit code of a guest that ended itself or was stopped, after telling why; `None` if something else failed.
fn stopped(error: &Error, args: &Run) -> Option<ExitCode> {
    if let Some(Exit(code)) = error.downcast_ref() {
        // As the system does it: the low eight bits count.
        return Some(ExitCode::from(*code as u8));
    }
    let why = match error.downcast_ref::<Trap>() {
        Some(trap) => format!("{} trapped: {}{}", args.file().display(), trap.text(), advice(*trap, args)),
        None if error.is::<ThrownException>() => {
            format!("{} threw an exception that nothing catches", args.file().display())
        }
        None => return None,
    };
    let mut report = format_err!("{why}");
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        report = format_err!("{}", backtrace.to_string().trim_end()).context(why);
    }
    output::error(&report);
    Some(ExitCode::from(TRAPPED))
}

/// What to do about a trap, if it is a limit that was set.
fn advice(trap: Trap, args: &Run) -> String {
    match trap {
        Trap::OutOfFuel => format!(" (--fuel {})", args.limits.fuel.unwrap_or_default()),
        Trap::Interrupt => match args.limits.timeout {
            Some(time) => format!(" (--timeout {:?})", time.0),
            None => String::new(),
        },
        Trap::StackOverflow => " (--max-stack sets the limit)".to_string(),
        _ => String::new(),
    }
}
