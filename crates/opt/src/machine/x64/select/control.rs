//! (In work.)

use super::context::Context;
use windlass_ir::{Op, Value};

impl Context<'_> {
    /// Selects an instruction if it is one of these.
    pub(super) fn select_control(&mut self, _value: Value, _op: Op) -> bool {
        false
    }
}
