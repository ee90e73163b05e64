//! The optimizing compiler.
//!
//! **In:** the bodies of a module. **Out:** machine code with its tables. No tier uses it yet: what joins the parts below, for
//! a whole module, is not there.
//!
//! - [`translate`]: bodies of Wasm as functions of the intermediate representation;
//! - [`simplify`]: pure operations are folded, rewritten by rules and made only once;
//! - [`pipeline`]: the passes, in order; [`passes`]: each one;
//! - [`rules`]: the rules, which lie in `rules/*.rules`, one line each;
//! - [`machine`]: selection, register allocation and its checker, frames and emission, for x86-64.
//!
//! **Invariants.** Every rule is true for all values, bit for bit; the tests check each one by itself.

pub mod machine;
mod names;
pub mod passes;
pub mod pipeline;
pub mod rules;
pub mod simplify;
pub mod translate;
