//! The instructions, by subject. Each is a type that implements [`Instr`](crate::machine::Instr);
//! [`crate::table`] lists them all.
//!
//! Conventions that hold for all: the opcode is unit 0; a result's slot is unit 1; operands follow in
//! the order of `OPERANDS`. An instruction that can trap reads all its operands first and writes nothing before.

pub(crate) mod atomic;
pub(crate) mod bulk;
pub(crate) mod call;
pub(crate) mod control;
pub(crate) mod exception;
pub(crate) mod instr;
pub(crate) mod memory;
pub(crate) mod numeric;
pub(crate) mod reference;
pub(crate) mod simd;
pub(crate) mod simd_memory;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod variable;
