//! What functions do: folding constants, and running whole functions.
//!
//! - [`fold()`]: what arithmetic gives for constants, or how it traps;
//! - [`run()`]: runs a function in an [`Environment`], which has what is not the function's own: memories, what
//!   pointers point to, and what is called;
//! - [`TestEnvironment`]: one that is ready: two functions that do the same leave the same in it.
//!
//! This is the meaning of the representation. It is written to be evidently right, not to be fast; passes, rules and
//! code generators are compared with it.

mod access;
mod environment;
mod fold;
mod run;
mod testing;
#[cfg(test)]
mod tests;

pub use environment::{Called, Environment, Thrown};
pub use fold::{Immediate, fold};
pub use run::{Outcome, run};
pub use testing::{Event, Observed, TestEnvironment};
