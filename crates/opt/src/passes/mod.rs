//! The passes of the mid-end, and what they share.
//!
//! **In:** a function whose pure operations float. **Out:** one whose code is placed and in order. The table in
//! [`crate::pipeline`] says in which order they run, and what each one needs and gives.
//!
//! Passes: [`params`], [`cfg`](mod@cfg), [`memory`], [`place`], [`layout`]. Shared: [`graph`] (ways into blocks), [`tree`]
//! (of dominators), [`loops`], [`heat`] (which code is seldom run), [`rewrite`] (values that became others).
//!
//! **Invariants.** A pass gets a function that the verifier accepts and leaves one. Its time is near-linear in the
//! function's size, or a named constant limits it; its stack does not depend on the function.

pub mod cfg;
pub mod graph;
pub mod heat;
pub mod layout;
pub mod loops;
pub mod memory;
pub mod params;
pub mod place;
pub mod rewrite;
pub mod tree;

use windlass_ir::{Function, Value};

/// No block, edge or value.
const NONE: u32 = u32::MAX;

/// All values that an instruction uses, those of its edges too.
fn uses(function: &Function, value: Value) -> impl Iterator<Item = Value> + '_ {
    function.operands(value).chain(function.edges(value).flat_map(|edge| function.args(edge)))
}

/// Whether an instruction has no block now, and needs none.
fn floats(function: &Function, value: Value) -> bool {
    function.block_of(value).is_none()
}
