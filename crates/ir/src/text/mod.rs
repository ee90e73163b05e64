//! The text form of functions: [`parse`] reads it, [`Display`](core::fmt::Display) of a
//! [`Function`](crate::Function) writes it.
//!
//! **In:** a text with any number of functions, or a function. **Out:** functions in which everything is numbered
//! densely in the order of the text, or a text.
//!
//! ```text
//! function (i32, i64) -> (i32) {
//!   signature sig1: (i64, i64) -> ()
//!   callee f0: own 5, (i32) -> (i32, i64)
//!   callee f1: builtin data_drop, (i64, i32) -> ()
//!   memory m0: i32, base 64 fixed, length 72, reach 0x102000000, at least 65536
//!   memory m1: i64, base 80, length 88 indirect, reach 0, at least 0
//!   slot s0: 16
//!   catch c0: tag 96, (i32, ref)
//!   catch c1: all, (ref)
//!
//! floating:
//!   v2 = i32_add v0, v3
//!
//! b0(v0: i32, v1: i64):
//!   v3 = i32_const 5
//!   v4 = i32_load v3 + 16, m0 @120           ; a position, until there is another one
//!   v5 = raw_load.i64 v1 - 8, constant       ; a type, where neither the opcode nor the callee says it
//!   v6, v7 = call f0(v2)                     ; `v7 = result.i64 v6, 1` comes right behind the call
//!   branch v4, b1(v6), b2
//! b1(v8: i32):
//!   return v8
//! b2 cold:                                    ; seldom run
//!   trap Unreachable
//! }
//! ```
//!
//! - An instruction is a line: values, `=`, an opcode, and what its shape asks for, which a table in `form.rs` says.
//!   The opcode is named as in the table of opcodes; a `_` at the end of a name is left off.
//! - A section `floating:` before the blocks holds what is in no block; what stands in a block is in it, whatever
//!   effects it has. Of what floats, only that is written which something written uses.
//! - Numbers of names are free, and may have gaps; values and blocks may be used before they are there.
//! - Any opcode takes a type behind a `.`, which wins, and any instruction may be named. So there is a text even for
//!   what the verifier refuses. Only what does not exist at all has none: a name that is nowhere defined is written as
//!   it is, and `<broken>` where an instruction's fields point to nothing. The parser refuses both.
//! - Integers are decimal or hexadecimal. Floats are decimal, `inf`, or their bits in hexadecimal. Vectors are
//!   sixteen bytes in the order of memory.
//!
//! **Invariants.** The text of a function, parsed and written again, may have other numbers, and from then on stays
//! the same. Neither direction panics: not on any text, and not on a function that is wrong.

mod cursor;
mod form;
mod instruction;
mod lex;
mod names;
mod parse;
mod print;

pub use parse::parse;

use alloc::string::String;

/// Why a text is not one of functions, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{line}:{column}: expected {expected}, found {found}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// The character of the line, from 1.
    pub column: u32,
    /// What could stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}
