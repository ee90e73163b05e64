//! Traps, and where the guest was when one happened.

use crate::error::Error;
use crate::module::Module;
use crate::store::{AsContext, StoreCore};
use std::fmt;
use windlass_abi::trap::TrapCode;
use windlass_runtime::Backtrace;

macro_rules! traps {
    ($( $name:ident = $code:ident $doc:literal; )*) => {
        /// Why a guest was stopped. Found in an [`Error`](crate::Error) with `downcast_ref`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Trap { $( #[doc = $doc] $name, )* }

        impl Trap {
            /// Every trap.
            pub const ALL: &'static [Trap] = &[ $( Trap::$name ),* ];

            /// The trap's code in the contract with compiled code.
            pub const fn code(self) -> TrapCode {
                match self { $( Trap::$name => TrapCode::$code, )* }
            }

            const fn from_known(code: TrapCode) -> Option<Trap> {
                match code { $( TrapCode::$code => Some(Trap::$name), )* _ => None }
            }
        }
    };
}

traps! {
    UnreachableCodeReached = Unreachable "An `unreachable` instruction was executed.";
    MemoryOutOfBounds = MemoryOutOfBounds "A memory was accessed outside its size.";
    TableOutOfBounds = TableOutOfBounds "A table was accessed outside its size.";
    UndefinedElement = UndefinedElement "An indirect call named an element outside the table.";
    IndirectCallToNull = UninitializedElement "An indirect call named a null element.";
    BadSignature = BadSignature "An indirect call found a function of another type.";
    IntegerOverflow = IntegerOverflow "A division or conversion has a result outside its type.";
    IntegerDivisionByZero = IntegerDivisionByZero "An integer was divided by zero.";
    BadConversionToInteger = BadConversionToInteger "A NaN was converted to an integer.";
    NullReference = NullReference "A null reference was used where an object is needed.";
    NullFunctionReference = NullFunctionReference "A null function reference was called.";
    NullExceptionReference = NullExceptionReference "A null exception reference was thrown.";
    CastFailure = CastFailure "A reference is not of the type it was cast to.";
    StackOverflow = StackOverflow "The stack's limit was reached.";
    HeapMisaligned = UnalignedAtomic "An atomic access is not aligned to its width.";
    AtomicWaitNonSharedMemory = ExpectedShared "An atomic wait on a memory that is not shared.";
    OutOfFuel = OutOfFuel "The store's fuel ran out.";
    Interrupt = Interrupt "The store was interrupted from outside.";
    OutOfMemory = OutOfMemory "The store's heap or the host's memory is exhausted.";
    AllocationTooLarge = AllocationTooLarge "An allocation exceeds what the store can ever hold.";
}

// Every code has its trap.
const _: () = {
    let mut i = 0;
    while i < TrapCode::ALL.len() {
        assert!(Trap::from_known(TrapCode::ALL[i]).is_some());
        i += 1;
    }
};

impl Trap {
    /// What happened, in the words of the official test suite: "out of bounds memory access".
    pub const fn text(self) -> &'static str {
        self.code().text()
    }
}

impl From<TrapCode> for Trap {
    fn from(code: TrapCode) -> Trap {
        Trap::from_known(code).expect("checked above at compile time")
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wasm trap: {}", self.text())
    }
}

impl std::error::Error for Trap {}

/// The frames of Wasm code that were active when an error happened, innermost first.
///
/// It is part of the [`Error`](crate::Error) of a call, and found there with `downcast_ref`.
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
#[derive(Clone)]
pub struct FrameInfo {
    module: Module,
    func_index: u32,
    module_offset: u32,
    symbols: Vec<FrameSymbol>,
}

/// A place in the source of a frame. Debug information is not read yet, so frames have none.
#[derive(Clone, Debug)]
pub struct FrameSymbol {
    name: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

impl WasmBacktrace {
    /// The frames of Wasm code that is calling the host now, in this store. At most as many as
    /// [`Config::wasm_backtrace_max_frames`](crate::Config::wasm_backtrace_max_frames) says.
    pub fn capture(store: impl AsContext) -> WasmBacktrace {
        let core = store.as_context().core();
        WasmBacktrace::new(core, &core.runtime.backtrace())
    }

    /// The frames, innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }

    pub(crate) fn new(core: &StoreCore, backtrace: &Backtrace) -> WasmBacktrace {
        let frames = backtrace.frames.iter().map(|frame| FrameInfo {
            module: core.module(frame.instance).clone(),
            func_index: frame.function,
            module_offset: frame.offset,
            symbols: Vec::new(),
        });
        WasmBacktrace { frames: frames.collect(), truncated: backtrace.truncated }
    }

    /// The error with a backtrace as context, unless there are no frames or it has one already.
    pub(crate) fn attach(core: &StoreCore, backtrace: &Backtrace, error: Error) -> Error {
        if backtrace.frames.is_empty() || error.downcast_ref::<WasmBacktrace>().is_some() {
            return error;
        }
        error.context(WasmBacktrace::new(core, backtrace))
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error while executing at wasm backtrace:")?;
        for (i, frame) in self.frames.iter().enumerate() {
            let module = frame.module.name().unwrap_or("<unknown>");
            write!(f, "\n{i:>5}: {:>#6x} - {module}!", frame.module_offset)?;
            match frame.func_name() {
                Some(name) => f.write_str(name)?,
                None => write!(f, "<wasm function {}>", frame.func_index)?,
            }
        }
        if self.truncated {
            f.write_str("\n       … and more frames")?;
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

    /// The function's name, if the name section has one.
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

    /// Places in the source: of the operator's function and of those inlined into it.
    pub fn symbols(&self) -> &[FrameSymbol] {
        &self.symbols
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
    /// The function's name in the source.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The source file.
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
