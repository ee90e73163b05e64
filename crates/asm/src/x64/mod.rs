//! x86-64: registers, operands, the table of instructions, assembler and printer.
//!
//! The processor that the compilers count on has AVX2, BMI1, BMI2, LZCNT, POPCNT, FMA and MOVBE
//! (x86-64-v3); each row of the table says which feature it needs.

mod assembler;
mod code;
mod operand;
mod printer;
mod table;

pub use crate::buffer::{Label, LinkError};
pub use assembler::{Assembler, EncodeError, Reloc, RelocKind};
pub use operand::{Cond, Gpr, Mem, Operand, Reg, Scale, Xmm};
pub use printer::format;
pub use table::{Bank, Feature, Flags, Inst, Kind, OperandSpec, Place, Role, inst};
