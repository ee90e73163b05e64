//! Runs WebAssembly test scripts (`.wast`) on Windlass, and compares the results of two engines.
//!
//! ```text
//! .wast ─► Runner ─► FileReport ─► LeftOut::apply ─► Summary
//!            │ one engine per set of features; one store per thread of a script
//! ```
//!
//! - [`Runner`] runs a file and reports how each directive ended;
//! - [`LeftOut`] is the list of directives that are known to fail, with reasons; a listed directive
//!   that passes is a failure;
//! - [`report`] has the outcome of each directive and the counts of a run;
//! - [`value`] has values on their own, without a store, and [`compare`] compares outcomes of two
//!   engines by them.
//!
//! Invariants: every directive of a file is run and reported exactly once, also after failures; a
//! directive passes only if what it says happened, and never because something is not built.

pub mod compare;
pub mod convert;
mod custom;
mod expect;
mod left_out;
mod lines;
pub mod report;
mod runner;
mod script;
mod spectest;
pub mod value;

pub use left_out::{LeftOut, ListError};
pub use runner::{Runner, features_of, suite_name};
