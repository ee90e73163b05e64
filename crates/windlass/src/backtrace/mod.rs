//! Backtraces: where the guest was when something happened, in terms of the module and of its source.
//!
//! ```text
//! frames of the runtime ──► WasmBacktrace ──► FrameInfo: module, function, offset
//!                                                 │ asked for symbols, or printed
//!                                                 ▼
//!                           dwarf: sections kept by the module ──► FrameSymbol: function, file, line
//! ```
//!
//! Invariants: nothing is read of debug information before somebody asks; whatever it says, asking does not fail,
//! and the work that it takes is bounded.

mod budget;
mod dwarf;
mod names;

pub(crate) use dwarf::{DebugInfo, VARIABLE};

use crate::error::Error;
use crate::module::Module;
use crate::store::{AsContext, StoreCore};
use names::Demangled;
use once_cell::sync::OnceCell;
use std::fmt;
use windlass_runtime::{Backtrace, BacktraceFrame};

/// The frames of Wasm code that were active when an error happened, innermost first.
///
/// It is part of the [`Error`](crate::Error) of a call, and found there with `downcast_ref`. Printed, each frame has a
/// line with its offset in the module, its module and its function; and below it, if the module has debug information and
/// [`Config::wasm_backtrace_details`](crate::Config::wasm_backtrace_details) says so, the place in the source:
///
/// ```text
/// error while executing at wasm backtrace:
///     0:    0x8d - demo!checked_div
///                     at src/div.c:5:9
///               - average
///                     at src/div.c:12:5
///     1:    0xa7 - demo!main
///                     at src/div.c:20:12
/// ```
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, "(module $m
///     (func $run (export \"run\") (call $fail))
///     (func $fail (unreachable)))")?;
/// let mut store = Store::new(&engine, ());
/// let run = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "run")?;
/// let error = run.call(&mut store, ()).unwrap_err();
/// let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
/// let names: Vec<_> = backtrace.frames().iter().map(|frame| frame.func_name()).collect();
/// assert_eq!(names, [Some("fail"), Some("run")]);
/// assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WasmBacktrace {
    frames: Vec<FrameInfo>,
    truncated: bool,
}

/// A frame of a [`WasmBacktrace`].
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module $m (func $fail (export "fail") (nop) (unreachable)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let fail = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "fail")?;
/// let error = fail.call(&mut store, ()).unwrap_err();
/// let frame = &error.downcast_ref::<WasmBacktrace>().unwrap().frames()[0];
/// assert_eq!((frame.func_index(), frame.func_name()), (0, Some("fail")));
/// assert_eq!(frame.module().name(), Some("m"));
/// // The body starts with the number of its locals, and `nop`: one byte each.
/// assert_eq!(frame.func_offset(), Some(2));
/// assert!(frame.module_offset() > frame.func_offset());
/// assert!(frame.symbols().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FrameInfo {
    module: Module,
    func_index: u32,
    module_offset: u32,
    symbols: OnceCell<Vec<FrameSymbol>>,
}

/// A place in the source of a frame: see [`FrameInfo::symbols`].
///
/// ```
/// # use windlass::*;
/// /// `function at file:line:column` of the source, as far as debug information has it.
/// fn place(symbol: &FrameSymbol) -> String {
///     let number = |n: Option<u32>| n.map_or("?".to_string(), |n| n.to_string());
///     let (line, column) = (number(symbol.line()), number(symbol.column()));
///     format!("{} at {}:{line}:{column}", symbol.name().unwrap_or("?"), symbol.file().unwrap_or("?"))
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameSymbol {
    name: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

impl WasmBacktrace {
    /// The frames of Wasm code that is calling the host now, in this store. At most as many as
    /// [`Config::wasm_backtrace_max_frames`](crate::Config::wasm_backtrace_max_frames) says.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///     (import "host" "who" (func $who)) (func $run (export "run") (call $who)))"#)?;
    /// let mut linker = Linker::new(&engine);
    /// linker.func_wrap("host", "who", |mut caller: Caller<'_, String>| {
    ///     let backtrace = WasmBacktrace::capture(&caller);
    ///     *caller.data_mut() = backtrace.frames()[0].func_name().unwrap().to_owned();
    /// })?;
    /// let mut store = Store::new(&engine, String::new());
    /// let run = linker.instantiate(&mut store, &module)?.get_typed_func::<(), ()>(&mut store, "run")?;
    /// run.call(&mut store, ())?;
    /// assert_eq!(store.data(), "run");
    /// # Ok(())
    /// # }
    /// ```
    pub fn capture(store: impl AsContext) -> WasmBacktrace {
        let core = store.as_context().core();
        WasmBacktrace::new(core, &core.runtime.backtrace())
    }

    /// The frames, innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }

    /// At most as many frames as the settings say.
    fn new(core: &StoreCore, backtrace: &Backtrace) -> WasmBacktrace {
        let frames = core.engine().config().wasm_backtrace_max_frames.min(backtrace.frames.len());
        let truncated = backtrace.truncated || frames < backtrace.frames.len();
        WasmBacktrace { truncated, ..WasmBacktrace::of(core, &backtrace.frames[..frames]) }
    }

    /// All of these frames.
    pub(crate) fn of(core: &StoreCore, frames: &[BacktraceFrame]) -> WasmBacktrace {
        let frames = frames.iter().map(|frame| FrameInfo {
            module: core.module(frame.instance).clone(),
            func_index: frame.function,
            module_offset: frame.offset,
            symbols: OnceCell::new(),
        });
        WasmBacktrace { frames: frames.collect(), truncated: false }
    }

    /// The error with a backtrace as context, unless there are no frames or it has one already.
    pub(crate) fn attach(core: &StoreCore, backtrace: &Backtrace, error: Error) -> Error {
        let trace = WasmBacktrace::new(core, backtrace);
        if trace.frames.is_empty() || error.is::<WasmBacktrace>() {
            return error;
        }
        error.context(trace)
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error while executing at wasm backtrace:")?;
        for (i, frame) in self.frames.iter().enumerate() {
            write!(f, "\n{i:>5}: {frame}")?;
        }
        if self.truncated {
            f.write_str("\n       … and more frames")?;
        }
        if self.frames.iter().any(|frame| frame.module.debug_info().is_unread()) {
            write!(f, "\nnote: with {}=1 in the environment this shows files and lines", VARIABLE)?;
        }
        Ok(())
    }
}

impl FrameInfo {
    /// The function's index in the module's function index space.
    pub fn func_index(&self) -> u32 {
        self.func_index
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The function's name, if the name section has one, as it stands there: names of Rust and C++ functions are mangled.
    pub fn func_name(&self) -> Option<&str> {
        self.module.facts().names.function(self.func_index)
    }

    /// Byte offset in the module of the operator that the frame is at.
    pub fn module_offset(&self) -> Option<usize> {
        Some(self.module_offset as usize)
    }

    /// Byte offset in the function's body of the operator that the frame is at.
    pub fn func_offset(&self) -> Option<usize> {
        let start = self.module.function_start(self.func_index)?;
        Some(self.module_offset.checked_sub(start)? as usize)
    }

    /// The place in the source that the frame is at, from the DWARF sections of the module: first that of the operator; if it
    /// is in inlined functions, then for each of these where it was inlined, the innermost first.
    ///
    /// Empty if the module has no debug information, it says nothing about this place, it is broken or out of all
    /// proportion, or it was neither kept ([`Config::wasm_backtrace_details`](crate::Config::wasm_backtrace_details)) nor attached
    /// ([`Module::attach_debug_info`]). Debug information is read when this is first called.
    pub fn symbols(&self) -> &[FrameSymbol] {
        self.symbols.get_or_init(|| self.module.debug_info().symbols(self.module_offset))
    }

    /// The function's own name, or its number.
    fn write_func_name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.func_name() {
            Some(name) => write!(f, "{}", Demangled(name)),
            None => write!(f, "<wasm function {}>", self.func_index),
        }
    }
}

/// Offset, module and function, then lines for the places in the source.
impl fmt::Display for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let module = self.module.name().unwrap_or("<unknown>");
        write!(f, "{:>#6x} - {module}!", self.module_offset)?;
        let symbols = self.symbols();
        if symbols.is_empty() {
            return self.write_func_name(f);
        }
        for (i, symbol) in symbols.iter().enumerate() {
            if i > 0 {
                f.write_str("\n              - ")?;
            }
            match symbol.name() {
                // The outermost is the function itself, whose name the name section has in full.
                _ if i + 1 == symbols.len() && self.func_name().is_some() => self.write_func_name(f)?,
                Some(name) => write!(f, "{}", Demangled(name))?,
                None if i + 1 == symbols.len() => self.write_func_name(f)?,
                None => f.write_str("<inlined function>")?,
            }
            if let Some(file) = symbol.file() {
                write!(f, "\n                    at {file}")?;
                if let Some(line) = symbol.line() {
                    write!(f, ":{line}")?;
                    if let Some(column) = symbol.column() {
                        write!(f, ":{column}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameInfo")
            .field("module", &self.module.name())
            .field("func_index", &self.func_index)
            .field("func_name", &self.func_name())
            .field("module_offset", &self.module_offset())
            .finish()
    }
}

impl FrameSymbol {
    /// The function's name as debug information has it: names of Rust and C++ functions may be mangled.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The source file: its path, if relative then to where the compiler ran, as far as that is known.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line, counted from 1.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// The column, counted from 1.
    pub fn column(&self) -> Option<u32> {
        self.column
    }
}
