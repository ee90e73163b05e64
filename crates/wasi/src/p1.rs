//! The names under which users of other engines know WASI preview 1: `p1::WasiP1Ctx`,
//! [`WasiCtxBuilder::build_p1`], `p1::add_to_linker_sync`, `p1::add_to_linker_async`.
//!
//! There is only one WASI here, so all of it stands for what the crate's root has.
//!
//! ```
//! use windlass::{Engine, Linker, Module, Store};
//! use windlass_wasi::p1::{self, WasiP1Ctx};
//! use windlass_wasi::{OutputBuffer, WasiCtx};
//!
//! # fn main() -> windlass::Result<()> {
//! let engine = Engine::default();
//! let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
//! p1::add_to_linker_sync(&mut linker, |wasi| wasi)?;
//! let program = Module::new(&engine, r#"(module
//!     (import "wasi_snapshot_preview1" "fd_write"
//!         (func $fd_write (param i32 i32 i32 i32) (result i32)))
//!     (memory (export "memory") 1)
//!     (data (i32.const 0) "\08\00\00\00\03\00\00\00hi\n")
//!     (func (export "_start")
//!         (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))))"#)?;
//!
//! let output = OutputBuffer::new();
//! let mut store = Store::new(&engine, WasiCtx::builder().stdout(output.clone()).build_p1());
//! let instance = linker.instantiate(&mut store, &program)?;
//! instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
//! assert_eq!(output.contents(), b"hi\n");
//! # Ok(())
//! # }
//! ```

use crate::{WasiCtx, WasiCtxBuilder};
use windlass::{Linker, Result};

pub use crate::linker::add_to_linker as add_to_linker_sync;

/// As [`add_to_linker_sync`], for guests that are called asynchronously (`call_async`).
///
/// The functions are the same. A guest that waits in one of them (it sleeps, or reads a terminal at which nobody types) keeps
/// the thread that polls its future meanwhile: give guests that do so to an executor with threads to spare. Everything else of
/// an asynchronous call, such as fuel by the slice and deadlines, is as without WASI.
///
/// # Errors
///
/// If the linker has one of the functions already and may not replace it.
pub fn add_to_linker_async<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiP1Ctx + Send + Sync + Copy + 'static,
) -> Result<()> {
    add_to_linker_sync(linker, get)
}

/// The context of a guest: [`WasiCtx`].
pub type WasiP1Ctx = WasiCtx;

impl WasiCtxBuilder {
    /// As [`WasiCtxBuilder::build`].
    pub fn build_p1(&mut self) -> WasiP1Ctx {
        self.build()
    }
}
