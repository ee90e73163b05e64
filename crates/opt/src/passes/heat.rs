//! Which blocks are seldom run.
//!
//! Those that are said to be cold; those that end with a trap, or by what does not return; and those that only such
//! blocks lead to, or that lead only to such blocks.

use super::graph::Graph;
use windlass_ir::dominance::Dominators;
use windlass_ir::{Function, Op};

/// By block: whether it is seldom run. The entry never is.
pub fn cold_blocks(function: &Function, graph: &Graph, dominators: &Dominators) -> Vec<bool> {
    let mut cold = vec![false; function.blocks()];
    let order = graph.reverse_postorder();
    for block in order.iter().skip(1).rev() {
        let ends = function.last(*block).map(|last| function.op(last));
        let mut successors = function.successors(*block).peekable();
        cold[block.index()] = function.is_cold(*block)
            || matches!(ends, Some(Op::trap | Op::unreachable))
            || successors.peek().is_some() && successors.all(|next| cold[next.index()]);
    }
    for block in order.iter().skip(1) {
        // Dominators come first.
        if dominators.immediate(*block).is_some_and(|above| cold[above.index()]) {
            cold[block.index()] = true;
        }
    }
    cold
}
