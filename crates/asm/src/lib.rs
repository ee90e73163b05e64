//! Machine instructions: how they are written, printed, and what they do to their operands.
//!
//! Each target has one table of instructions, one row an instruction; the encoder, the printer and the
//! roles of operands are derived from it. To add an instruction is to add a row.
//!
//! What is here:
//! - [`buffer`]: what no target changes: code bytes, labels and the fields that refer to them, veneers,
//!   constants, relocations;
//! - [`table`]: the macros of tables;
//! - [`x64`] is x86-64;
//! - [`fields`]: what processors share whose instructions are made of fields;
//! - [`a64`] and [`s390x`]: two of them, for now with a row of each form.
//!
//! In flows: instructions with their operands, in the order of the code. Out flows: bytes, and the
//! relocations for what is not known here (other functions). The crate knows neither Wasm nor the
//! intermediate code of any compiler.

#![no_std]

extern crate alloc;

pub mod a64;
pub mod buffer;
pub mod fields;
pub mod s390x;
pub mod table;
mod text;
pub mod x64;
