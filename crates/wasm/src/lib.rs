//! Reading modules: decoding, validation, and what every producer of code needs to know.
//!
//! Bytes come in; out go a module's [facts](windlass_abi::facts::ModuleFacts), the bytes of its
//! data segments, and its [bodies](walk::Body), ready to be walked in any order on any thread.
//!
//! - [`decode()`]: everything but the bodies, decoded and validated;
//! - [`walk`]: the one pass over a body that validates each operator and hands it to a [`Sink`];
//! - [`scan`]: the pre-scan of a body, for compilers that want to know what is coming;
//! - [`features`]: the table of Wasm features, and sets of them;
//! - [`error`]: why a module is refused, and where;
//! - [`types`]: from the validator's types to those of the contract;
//! - [`limits`]: how much a module may hold, and how to stop its decoding;
//! - [`names`]: the name section;
//! - [`fuel`]: the cost of each operator, and where it is charged;
//! - [`operator_methods!`], [`sorted_operators!`]: the part of a producer that all of them write alike;
//! - [`plans`]: how code reaches memories, tables, globals and functions;
//! - `text` (with the cargo feature `wat`): text wherever a binary is accepted.
//!
//! Invariants: what a sink sees is valid, and needs no feature that is switched off or not built.
//! What is kept of a module is at most a small multiple of its size. Custom sections
//! are never a reason to refuse a module.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod blocks;
mod constant;
mod decode;
pub mod error;
pub mod features;
pub mod fuel;
pub mod limits;
mod locals;
pub mod names;
mod operators;
pub mod plans;
pub mod scan;
#[cfg(feature = "wat")]
pub mod text;
pub mod types;
pub mod walk;

pub use blocks::BlockValues;
pub use decode::{CustomSection, Decode, Decoded, decode};
pub use error::{DecodeError, ErrorKind, SinkError};
pub use features::{Feature, Features};
pub use limits::{ModuleLimits, Watch};
pub use scan::Scan;
pub use walk::{Body, KeptBodies, Sink, WalkScratch};
pub use wasmparser;
