//! The locals that a body declares.

use crate::walk::Body;
use alloc::vec::Vec;
use windlass_abi::types::ValType;

impl Body<'_> {
    /// Its declared locals in order, as runs of (count, type), without the parameters; `None` if they cannot be read, in
    /// which case the body is invalid.
    pub fn locals(&self) -> Option<Vec<(u32, ValType)>> {
        let runs = self.code.get_locals_reader().ok()?;
        runs.into_iter().map(|run| run.ok().map(|(count, ty)| (count, self.shared.kinds.val(ty)))).collect()
    }
}
