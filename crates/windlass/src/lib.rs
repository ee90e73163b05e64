//! Windlass: a WebAssembly engine to embed.
//!
//! ```text
//! Config ─► Engine ─► Module ─┐
//!                │            ├─► Instance ─► TypedFunc / Func ─► results or an Error
//!                └► Store<T> ─┤        ▲
//!                  Linker<T> ─┘   Memory, Table, Global, Tag
//! ```
//!
//! - An [`Engine`] holds settings and types; [`Module`]s are compiled for it once and run anywhere.
//! - A [`Store`] owns everything that lives while Wasm runs, and the host's own data `T`.
//! - A [`Linker`] names what modules import: host functions, and exports of other modules.
//! - An [`Instance`] is a module with its imports, in a store; its exports are called and read.
//!
//! ```
//! use windlass::*;
//!
//! fn main() -> Result<()> {
//!     let engine = Engine::default();
//!     let module = Module::new(&engine, r#"
//!         (module
//!             (import "host" "print" (func $print (param i32)))
//!             (func (export "run") (param i32)
//!                 (call $print (i32.mul (local.get 0) (i32.const 2)))))
//!     "#)?;
//!     let mut linker = Linker::new(&engine);
//!     linker.func_wrap("host", "print", |mut caller: Caller<'_, Vec<i32>>, x: i32| {
//!         caller.data_mut().push(x);
//!     })?;
//!     let mut store = Store::new(&engine, Vec::new());
//!     let instance = linker.instantiate(&mut store, &module)?;
//!     let run = instance.get_typed_func::<i32, ()>(&mut store, "run")?;
//!     run.call(&mut store, 21)?;
//!     assert_eq!(store.data(), &[42]);
//!     Ok(())
//! }
//! ```
//!
//! Handles such as [`Func`] and [`Memory`] are small and `Copy`: they name something in one store, and every
//! use takes that store. Using one with another store panics.
//!
//! Unsafe code of this crate does two things: it reaches the store behind the pointers that the runtime and
//! [`StoreContextMut`] hold, and it tells the runtime that values are of the types that were checked. The modules
//! that do so say it below; the others have none.

#![deny(missing_docs)]

pub mod error;

mod backtrace;
mod compiling;
mod config;
mod coredump;
mod engine;
#[allow(unsafe_code)]
mod externals;
#[cfg(feature = "async")]
#[allow(unsafe_code)]
mod fiber;
#[allow(unsafe_code)]
mod func;
#[allow(unsafe_code)]
mod gc;
mod image;
#[allow(unsafe_code)]
mod instance;
mod limits;
mod linker;
#[allow(unsafe_code)]
mod matching;
mod module;
mod resources;
mod semver;
#[allow(unsafe_code)]
mod store;
mod tier;
mod trap;
mod types;
mod v128;
#[allow(unsafe_code)]
mod values;

pub use backtrace::{FrameInfo, FrameSymbol, WasmBacktrace};
pub use compiling::{Cancellation, CompileStopped};
pub use config::{Config, ProfilingStrategy, Strategy, WasmBacktraceDetails};
pub use coredump::WasmCoreDump;
pub use engine::{Engine, EngineWeak};
pub use error::{Context, Error, Result, bail, ensure, format_err};
pub use externals::{
    Export, Extern, Global, Memory, MemoryAccessError, SharedMemory, Table, Tag, WaitResult,
};
#[cfg(feature = "async")]
pub use fiber::{AsyncRequired, ResourceLimiterAsync};
pub use func::{
    Caller, Func, IntoFunc, NoFunc, TypedFunc, WasmParams, WasmResults, WasmRet, WasmTy, WasmTyList,
};
pub use gc::{
    AnyRef, ExnRef, ExnRefPre, ExnType, ExternRef, GcHeapOutOfMemory, GcRef, OwnedRooted, RootScope, Rooted,
    RootedGcRef, ThrownException,
};
pub use image::{CompiledImage, Stage};
pub use instance::{Instance, InstancePre};
pub use limits::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};
pub use linker::{Linker, UnknownImportError};
pub use matching::IncompatibleImportError;
pub use module::{Module, ModuleExport, ModuleFunction};
pub use resources::ResourcesRequired;
pub use store::{
    AsContext, AsContextMut, InterruptHandle, InterruptListener, Interruption, Store, StoreContext,
    StoreContextMut, UpdateDeadline,
};
pub use trap::Trap;
pub use types::{
    ArrayType, ExportType, ExternType, FieldType, Finality, FuncType, GlobalType, HeapType, ImportType,
    MemoryType, MemoryTypeBuilder, Mutability, RefType, StorageType, StructType, TableType, TagType, ValType,
};
pub use v128::V128;
pub use values::{Ref, Val};
/// A memory, a table or something else that the store could not have, because the host has no memory for it or a limit forbids
/// it. Found in an [`Error`] with `downcast_ref`.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let limits = StoreLimitsBuilder::new().memory_size(1 << 16).build();
/// let mut store = Store::new(&Engine::default(), limits);
/// store.limiter(|limits| limits);
/// let error = Memory::new(&mut store, MemoryType::new(2, None)).unwrap_err();
/// let error: &ResourceError = error.downcast_ref().unwrap();
/// assert!(matches!(error, ResourceError::Limit { what: "a memory", desired: 131072, .. }));
/// # Ok(())
/// # }
/// ```
pub use windlass_runtime::Error as ResourceError;
#[cfg(feature = "wat")]
pub use windlass_wasm::text::TextError;
pub use windlass_wasm::{DecodeError, ErrorKind as DecodeErrorKind, Feature, Features, ModuleLimits};

use std::panic::{RefUnwindSafe, UnwindSafe};

const fn send_sync_clone<X: Send + Sync + Clone>() {}
const fn send_sync<X: Send + Sync>() {}
const fn send<X: Send>() {}
const fn unwind_safe<X: UnwindSafe + RefUnwindSafe>() {}
const _: () = {
    unwind_safe::<Engine>();
    unwind_safe::<Module>();
    send_sync_clone::<Engine>();
    send_sync_clone::<Module>();
    send_sync_clone::<Linker<*mut u8>>();
    send_sync_clone::<InstancePre<*mut u8>>();
    send_sync_clone::<InterruptHandle>();
    send_sync_clone::<Interruption>();
    send_sync_clone::<Cancellation>();
    send_sync_clone::<SharedMemory>();
    send_sync_clone::<FuncType>();
    send_sync_clone::<Val>();
    send_sync::<OwnedRooted<ExternRef>>();
    send_sync::<Store<()>>();
    send::<Store<std::cell::Cell<u8>>>();
    send::<StoreContextMut<'_, ()>>();
    send_sync::<Caller<'_, ()>>();
    send_sync::<Error>();
};

/// README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
