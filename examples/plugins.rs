//! A small program: filters a text through plug-ins from a folder, each in a store of its own, with limits of its own. A plug-in
//! that fails is reported and left out; the text goes on to the next.
//!
//! ```sh
//! cargo run --example plugins -- examples/plugins "some text"
//! ```
//!
//! A plug-in is a module that exports `memory`, `allocate(length) -> address` and `filter(address, length) -> (address, length)`. It
//! may import `host.log(address, length)`.
//!
//! Prints:
//!
//! ```text
//! 1-capitals: "HELLO, PLUG-INS"
//! 2-reverse says: turning it round
//! 2-reverse: "SNI-GULP ,OLLEH"
//! 3-endless failed: all fuel consumed by WebAssembly, in filter
//! 4-greedy failed: unreachable, in allocate
//! 5-liar failed: its result lies outside its memory
//! 6-stranger failed: unknown import: `host::open_socket` has not been defined; the module expects (func (param i32) (result i32))
//! 7-quotes: "\"SNI-GULP ,OLLEH\""
//! 8-garbage failed: it is no module
//! result: "SNI-GULP ,OLLEH"
//! ```

use std::path::{Path, PathBuf};
use windlass::*;

/// What a plug-in may do for one text, about a tenth of a second on a slow machine.
const FUEL: u64 = 10_000_000;
/// The largest memory that a plug-in may have, in bytes.
const MEMORY: usize = 4 << 20;
/// The longest text that a plug-in may give back, in bytes.
const RESULT: usize = 1 << 20;

/// The host: settings, and what plug-ins may import.
struct Host {
    engine: Engine,
    linker: Linker<State>,
}

/// The data of a plug-in's store.
struct State {
    name: String,
    limits: StoreLimits,
}

/// A plug-in, loaded once, to be run any number of times.
struct PlugIn {
    name: String,
    pre: InstancePre<State>,
}

impl Host {
    fn new() -> Result<Host> {
        let engine = Engine::new(Config::new().consume_fuel(true))?;
        let mut linker = Linker::new(&engine);
        linker.func_wrap(
            "host",
            "log",
            |mut caller: Caller<'_, State>, at: u32, length: u32| -> Result<()> {
                let memory =
                    caller.get_export("memory").and_then(Extern::into_memory).context("no memory")?;
                let text = text(memory.data(&caller), at, length)?;
                println!("{} says: {text}", caller.data().name);
                Ok(())
            },
        )?;
        Ok(Host { engine, linker })
    }

    /// Compiles a plug-in and finds its imports.
    fn load(&self, file: &Path) -> Result<PlugIn> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let module = Module::from_file(&self.engine, file)?;
        Ok(PlugIn { name, pre: self.linker.instantiate_pre(&module)? })
    }

    /// Runs a text through a plug-in, in a new store: a plug-in keeps nothing from text to text.
    fn run(&self, plug_in: &PlugIn, input: &str) -> Result<String> {
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY).memories(1).instances(1).build();
        let mut store = Store::new(&self.engine, State { name: plug_in.name.clone(), limits });
        store.limiter(|state| &mut state.limits);
        store.set_fuel(FUEL)?;
        let instance = plug_in.pre.instantiate(&mut store)?;
        let memory = instance.get_memory(&mut store, "memory").context("it exports no memory")?;
        let allocate = instance.get_typed_func::<u32, u32>(&mut store, "allocate")?;
        let filter = instance.get_typed_func::<(u32, u32), (u32, u32)>(&mut store, "filter")?;

        let length = u32::try_from(input.len()).context("the text is too long for a plug-in")?;
        let at = allocate.call(&mut store, length)?;
        memory.write(&mut store, at as usize, input.as_bytes()).context("its `allocate` gave no room")?;
        let (at, length) = filter.call(&mut store, (at, length))?;
        text(memory.data(&store), at, length).map(str::to_owned)
    }
}

/// A text in the memory of a plug-in, if what the plug-in says of it is true.
fn text(memory: &[u8], at: u32, length: u32) -> Result<&str> {
    let bytes = memory.get(at as usize..).and_then(|rest| rest.get(..length as usize));
    let bytes = bytes.context("its result lies outside its memory")?;
    ensure!(bytes.len() <= RESULT, "its result is too long: {} bytes", bytes.len());
    std::str::from_utf8(bytes).context("its result is no text")
}

/// What went wrong with a plug-in, in one line.
fn reason(error: &Error) -> String {
    if error.is::<TextError>() || error.is::<DecodeError>() {
        return "it is no module".to_owned();
    }
    let Some(trap) = error.downcast_ref::<Trap>() else { return error.root_cause().to_string() };
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let function = backtrace.and_then(|backtrace| backtrace.frames().first()?.func_name());
    format!("{}, in {}", trap.text(), function.unwrap_or("a function without a name"))
}

/// The plug-ins of a folder, in the order of their names.
fn plug_ins(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wat" || extension == "wasm"));
    files.sort();
    Ok(files)
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().map_or(Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins"), PathBuf::from);
    let mut text = args.next().unwrap_or_else(|| "hello, plug-ins".to_owned());

    let host = Host::new()?;
    for file in plug_ins(&folder)? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match host.load(&file).and_then(|plug_in| host.run(&plug_in, &text)) {
            Ok(filtered) => {
                println!("{name}: {filtered:?}");
                text = filtered;
            }
            Err(error) => println!("{name} failed: {}", reason(&error)),
        }
    }
    println!("result: {text}");
    Ok(())
}
