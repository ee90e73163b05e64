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
//! [`Store`] offers the rest.
//!
//! The rooms: `store` (owner, entry), `instance`, `instantiate`, `memory`, `table`, `global`, `tag`, `heap`
//! and `roots` (references), `host` (host functions), `builtins` (what code calls), `interrupt`, `backtrace`,
//! `fiber` (calls on stacks of their own, with the feature `async`),
//! [`native`] (machine code; only where there is a port: x86-64 Linux), and `sys`, the only one that knows
//! the operating system.

mod arena;
mod backtrace;
mod builtins;
mod constant;
mod context;
mod failure;
#[cfg(feature = "async")]
pub mod fiber;
mod global;
mod heap;
mod hooks;
mod host;
mod ids;
mod instance;
mod instantiate;
mod interrupt;
mod memory;
mod module;
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
pub mod native;
mod roots;
mod store;
mod sys;
mod table;
mod tag;
#[cfg(test)]
mod tests;

pub use failure::{
    Backtrace, BacktraceFrame, Error, Failure, GrowError, HeapFull, HostError, InstantiateError, Raise,
};
pub use hooks::Hooks;
#[cfg(feature = "async")]
pub use host::host_call_guard_async;
pub use host::{caller_instance, host_call_guard, host_data};
pub use ids::{ExternId, FuncPtr, GcRef, GlobalId, InstanceId, MemoryId, RefKind, TableId, TagId};
pub use interrupt::{InterruptHandle, Listener};
pub use memory::{MemoryConfig, SharedMemory, WaitResult};
pub use module::{Module, ModuleParts};
pub use roots::{OwnedRoot, Rooted, ScopeMark};
pub use store::{Store, StoreConfig, StorePtr, TypeOracle};
