//! Windlass's runtime: everything that exists while Wasm runs.
//!
//! A [`Store`] owns instances, memories, tables, globals, tags, host functions and a heap of
//! references. Code is reached only through [`Processor`](windlass_abi::processor::Processor) and
//! [`ModuleCode`](windlass_abi::processor::ModuleCode): this crate knows no decoder and no compiler.
//!
//! **In:** a [`Module`] (facts, code, data), imports as [`ExternId`]s, host functions, hooks.
//! **Out:** results in arrays of [`ValRaw`](windlass_abi::vm::ValRaw), or a [`Failure`].
//!
//! **Borrowing.** Guest code, host functions and [`Hooks`] run while the store is in use, and reach it
//! again through raw pointers. So what can run them is offered on [`StorePtr`], which borrows nothing;
//! [`Store`] wraps the same for callers to whom no hook or host function can come back.

mod failure;
mod ids;
mod memory;
mod module;
mod roots;
mod store;

pub use failure::{
    Backtrace, BacktraceFrame, Error, Failure, GrowError, HeapFull, HostError, InstantiateError, Raise,
};
pub use ids::{ExternId, FuncPtr, GcRef, GlobalId, InstanceId, MemoryId, RefKind, TableId, TagId};
pub use memory::{MemoryConfig, SharedMemory, WaitResult};
pub use module::{Module, ModuleParts};
pub use roots::{OwnedRoot, Rooted, ScopeMark};
pub use store::{
    Hooks, InterruptHandle, Store, StoreConfig, StorePtr, TypeOracle, caller_instance, host_call_guard,
    host_data,
};
