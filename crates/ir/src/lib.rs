//! The intermediate representation of the optimizing compiler: functions in SSA form.
//!
//! **In:** what a front end builds ([`builder`]) or a text says. **Out:** the same functions, changed by passes, read
//! by selection. The crate knows neither Wasm's binary format nor any machine; arithmetic means what
//! [`windlass_abi::num`] says.
//!
//! - [`op`]: the table of opcodes, from which all else is derived;
//! - [`function`]: functions, their instructions, blocks and edges; [`entity`]: their names; [`types`];
//! - [`builder`]: making instructions; [`text`]: reading and writing functions as text;
//! - [`verify`](mod@verify): checking that a function is one; [`dominance`];
//! - [`eval`]: folding constants and running functions; [`constant`].
//!
//! **Invariants.** Every value is an instruction's. An instruction without effects floats until code is placed: it
//! has no block, and its operands do not depend on it. What has effects is in a block, and every value that it uses
//! dominates it. Edges carry a value for each parameter.

#![no_std]

extern crate alloc;

pub mod builder;
pub mod constant;
pub mod dominance;
pub mod entity;
pub mod eval;
pub mod function;
pub mod op;
pub mod text;
pub mod types;
pub mod verify;

pub use builder::Builder;
pub use constant::Constant;
pub use entity::{Block, Callee, Edge, Memory, Signature, Slot, Value};
pub use function::{Function, Inst};
pub use op::Op;
pub use types::Type;
pub use verify::verify;
