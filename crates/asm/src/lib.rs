//! Machine instructions: how they are written, printed, and what they do to their operands.
//!
//! Each target has one table of instructions, one row an instruction; the encoder, the printer and the
//! roles of operands are derived from it. To add an instruction is to add a row.
//!
//! - [`buffer`]: what no target changes: code bytes, labels, fields that refer to labels, veneers,
//!   constants, relocations;
//! - [`table`]: the macros of tables;
//! - [`x64`]: x86-64;
//! - [`fields`]: what processors with instructions of fixed fields share.
//!
//! In flows: instructions with their operands, in the order of the code. Out flows: bytes, and the
//! relocations for what is not known here (other functions). The crate knows neither Wasm nor the
//! intermediate code of any compiler.

#![no_std]

extern crate alloc;

pub mod buffer;
pub mod fields;
pub mod table;
mod text;
pub mod x64;
