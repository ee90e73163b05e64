//! WASI preview 1 for Windlass: what a guest may reach of the host, and how it asks for it.
//!
//! An embedder describes with a [`WasiCtxBuilder`] what a guest is given (arguments, environment, streams,
//! directories, clocks, randomness), keeps the [`WasiCtx`] in its store's data, and offers the 46 functions of
//! `wasi_snapshot_preview1` with [`add_to_linker`]. A guest that calls `proc_exit` is left with the error [`Exit`].
//!
//! A guest that waits, for a time or for a stream, is interrupted as one that runs
//! ([`windlass::Config::epoch_interruption`]); [`InputStream`] and [`OutputStream`] say how streams of the embedder's own are
//! waited for. On an asynchronous store, a call of WASI holds its thread.
//!
//! Inside, guest memory comes in as a `GuestMemory`, the one way to the guest's bytes; the functions work on it and on
//! the context; the `errno` module turns the host's errors into WASI's; `wait` has the one wait. No function trusts a number of the guest, and
//! none panics. Files are reached through `cap-std`, which keeps every path within its directory. This crate has no
//! unsafe code.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod clocks;
mod ctx;
mod descriptors;
mod errno;
mod functions;
mod linker;
mod memory;
pub mod p1;
mod streams;
mod types;
mod wait;

pub use clocks::Clock;
pub use ctx::{WasiCtx, WasiCtxBuilder};
pub use descriptors::{DirPerms, FilePerms};
pub use errno::{Errno, Exit};
pub use linker::{add_to_linker, why_missing};
pub use streams::{InputBuffer, InputStream, OutputBuffer, OutputStream};

#[cfg(test)]
mod tests;
