//! The single-pass compiler: Wasm to machine code while the validator walks the body.
//!
//! **In:** a module's facts and bodies, [`Settings`]. **Out:** [`CodeChunk`]s: machine code with its tables.
//! There is no intermediate form: each operator is compiled as it is validated.
//!
//! - `compiler`: a function from its prologue to its epilogue, and which locals live in registers: the most used
//!   ones, for the whole function, by a pre-scan of the body;
//! - `stack`: the operand stack at compile time: constants, locals, temporaries, home slots;
//! - `control`, `calls`, `memory`, `numeric`, `reference`, `vector`, `atomic`, `visit`: the operators;
//! - `outofline`: what happens seldom, behind the function's code;
//! - `masm`: what all of these ask of a target; `x64`: the target.
//!
//! **Invariants.** Every local and every stack height has a home slot, the same as in the interpreter but for
//! its frame header. Where control flow meets, locals are where they always are, and the stack is as `control` says. At a
//! call no temporary is live. A function with a handler keeps the home slots of all locals current.

#![no_std]

extern crate alloc;

mod atomic;
mod calls;
mod compiler;
mod control;
mod masm;
mod memory;
mod numeric;
mod outofline;
mod reference;
mod reg;
mod settings;
mod stack;
mod vector;
mod vector_ops;
mod visit;
mod x64;

pub use settings::Settings;
pub use windlass_abi::code::CodeChunk;

/// The compiler for x86-64, from version 3 of its instruction set on.
pub type X64<'m> = compiler::Compiler<'m, x64::X64>;
