//! Windlass's portable interpreter.
//!
//! In: the validated operators of function bodies, as [`windlass_wasm`] walks them. Out: [`Code`], a module's bytecode, and
//! [`Interpreter`], the processor in software that runs it over the same contexts as machine code does.
//!
//! - `machine`: registers and dispatch; `table`: all instructions; `handlers`: what they do; `ops`: the numeric
//!   operators in rows; `vectors`: those on vectors; `frame`: how frames are laid out.
//! - `translate`: Wasm to bytecode in one pass.
//! - `code`: a module's bytecode with its tables; `unwind`: walking frames; `listing`: bytecode as text.
//!
//! Invariants: bytecode comes from the translator alone and is right by construction; slots that operands name lie in the
//! frame; pointers stay pointers wherever they lie (function references in slots are copied as bytes of any content, so
//! their provenance holds); no call of a Wasm function takes any of the host's stack; every access to a memory is checked.
//!
//! Nearly all of the crate is the contract of `machine::Instr::exec`, so unsafe code is allowed throughout; the translator
//! and the tables use none.

#![no_std]
#![recursion_limit = "1024"]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod code;
#[cfg(test)]
mod dispatch_tests;
mod frame;
mod handlers;
mod interpreter;
mod listing;
mod machine;
mod ops;
mod table;
mod translate;
mod unwind;
mod vectors;

pub use code::{Chunk, Code};
pub use interpreter::Interpreter;
pub use listing::Listing;
pub use machine::{DISPATCH, Dispatch};
pub use translate::{Settings, Translator, compile};
