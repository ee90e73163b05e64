//! Calls.

use super::context::Context;
use windlass_ir::{Block, Edge, Op, Value};

impl Context<'_> {
    /// Selects an instruction if it is one of these.
    pub(super) fn select_call(&mut self, _value: Value, _op: Op) -> bool {
        false
    }
    pub(super) fn payloads(&self) -> impl Iterator<Item = u32> + '_ {
        core::iter::empty()
    }
    pub(super) fn declare_catches(&mut self) {}
    pub(super) fn find_result_area(&mut self) {}
    pub(super) fn entry(&mut self, _block: Block) {}
    pub(super) fn edge_block(&mut self, _last: Value, _edge: Edge, _number: u32) {}
}
