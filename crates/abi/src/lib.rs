//! The contract between code producers and the runtime: the only thing that both sides know.
//!
//! What is here:
//! - [`types`]: value, reference, heap and function types as a module declares them;
//! - [`facts`]: what decoding learns of a module ([`facts::ModuleFacts`]), serializable;
//! - [`vm`]: the memory layout that code and runtime share (`VMContext`, `VMStore`, …);
//! - [`layout`]: where in a `VMContext` each memory, table, global, import and tag of a module lies;
//! - [`trap`]: the table of trap codes;
//! - [`builtins`]: the table of functions through which code asks the runtime for work;
//! - [`native`]: registers, calls and frames of machine code;
//! - [`code`]: machine code of a module and the tables that describe it;
//! - [`artifact`]: compiled modules as files;
//! - [`processor`]: how the runtime enters code and walks its frames, whoever made the code;
//! - [`num`]: what Wasm's numeric operators mean, as pure functions.
//!
//! This crate knows how neither side works inside, allocates little, and is `no_std`; its feature
//! `std`, on by default, only lets [`num`] use the standard library's float functions.

#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod artifact;
pub mod builtins;
pub mod code;
pub mod facts;
pub mod layout;
pub mod native;
pub mod num;
pub mod processor;
pub mod trap;
pub mod types;
pub mod vm;
