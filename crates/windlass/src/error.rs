//! The error of this crate: one word, with context, source and downcasts.
//!
//! It is [`anyhow::Error`], so that it goes through `?` in programs that use that crate already.
//! What can be told apart is typed and found with [`Error::downcast_ref`]: [`Trap`](crate::Trap),
//! [`WasmBacktrace`](crate::WasmBacktrace), [`ThrownException`](crate::ThrownException),
//! [`DecodeError`](crate::DecodeError), [`UnknownImportError`](crate::UnknownImportError),
//! [`IncompatibleImportError`](crate::IncompatibleImportError), [`GcHeapOutOfMemory`](crate::GcHeapOutOfMemory),
//! [`MemoryAccessError`](crate::MemoryAccessError), and whatever a host function returned.

/// Makes an [`Error`] of a message, like [`format!`].
pub use anyhow::anyhow as format_err;
pub use anyhow::{Context, Error, bail, ensure};

/// A result whose error is [`Error`] unless said otherwise.
pub type Result<T, E = Error> = core::result::Result<T, E>;
