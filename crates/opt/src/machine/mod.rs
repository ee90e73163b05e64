//! Functions in machine instructions: what selection makes, allocation completes and emission writes.
//!
//! - [`code`]: instructions over virtual registers;
//! - [`allocate`]: where virtual registers are; behind one interface, with a checker;
//! - [`x64`]: a target.

pub mod allocate;
pub mod code;
pub mod x64;
