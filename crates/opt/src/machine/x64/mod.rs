//! x86-64.
//!
//! - [`sequence`]: what takes more than one row of the instruction table, or what the table has not;
//! - `select`: from the intermediate representation to rows and sequences;
//! - [`listing`]: functions in machine instructions as text;
//! - [`target`]: the registers that allocation may use;
//! - [`emit`]: from these, with registers allocated, to bytes and tables; [`frame`]: what a frame looks like.
//!
//! **Registers.** `r15` is the context, `rbp` the frame, `rsp` the stack; `r11` and `xmm15` are scratch, for moves that allocation
//! makes and within sequences; `r14` is the fuel where fuel is charged. None of these is ever allocated.
//!
//! **Flags.** What reads the flags comes right behind what sets them: allocation puts nothing but moves between, which keep
//! them.

pub mod emit;
pub mod frame;
pub mod listing;
pub mod select;
pub mod sequence;
pub mod target;

use super::code::{Class, Opcode, PReg};
use windlass_asm::x64::Inst;

/// The opcode of a row of the instruction table.
pub fn row(inst: Inst) -> Opcode {
    Opcode(inst.number())
}

/// A register of integers.
pub const fn int(number: u8) -> PReg {
    PReg { class: Class::Int, number }
}

/// A register of vectors.
pub const fn vector(number: u8) -> PReg {
    PReg { class: Class::Vector, number }
}

/// The context of the running code.
pub const CONTEXT: PReg = int(15);
/// The frame.
pub const FRAME: PReg = int(5);
/// The stack.
pub const STACK: PReg = int(4);
/// The fuel, where fuel is charged.
pub const FUEL: PReg = int(windlass_abi::native::FUEL_REGISTER);
/// Scratch for integers.
pub const SCRATCH: PReg = int(11);
/// Scratch for vectors.
pub const VECTOR_SCRATCH: PReg = vector(15);
