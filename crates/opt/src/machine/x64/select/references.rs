//! References across safepoints.

use super::context::Context;
use super::Error;
use windlass_ir::Value;

impl Context<'_> {
    /// Finds which references are live across which safepoints.
    pub(super) fn find_references(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Stores a reference where safepoints find it.
    pub(super) fn keep_reference(&mut self, _value: Value) {}

    /// Gives safepoints the numbers of their instructions.
    pub(super) fn finish_safepoints(&mut self) {}
}
