//! The third step: whatever a value needs is there where it is used.
//!
//! An instruction in a block needs its operands: those that are in a block are before it, in its own block or in one
//! that dominates that. An operand that floats needs in turn what its own operands need. All that must dominate one use
//! lies on one path of the dominator tree, so of what a floating instruction needs, the deepest stands for the rest: it
//! is found once for each, from those of its operands. If two lie on no path, no use can be right, and one of the two
//! is the reason.

use super::inst::uses;
use super::{Problem, Verifier};
use crate::dominance::Dominators;
use crate::entity::Value;
use alloc::vec;
use alloc::vec::Vec;

/// What must be there for a value to be there, of what is in blocks.
#[derive(Clone, Copy)]
enum Need {
    /// Not asked yet.
    Unknown,
    /// Asked, and on the way to an answer.
    Asked,
    /// Nothing.
    Nothing,
    /// This one, and what dominates it.
    One(Value),
    /// Two of which none dominates the other.
    Two(Value, Value),
}

impl Verifier<'_> {
    pub(super) fn order(&mut self) {
        let function = self.function;
        let dominators = Dominators::new(function);
        let mut needs = vec![Need::Unknown; function.values()];
        let mut stack = Vec::new();
        for block in function.order.iter().copied() {
            let reachable = dominators.is_reachable(block);
            for value in function.insts(block) {
                for used in uses(function, value) {
                    self.find_need(&dominators, &mut needs, &mut stack, used);
                    let missing = match self.need(&needs, used) {
                        _ if !reachable => None,
                        Need::One(a) => Some(a).filter(|a| !self.before(&dominators, *a, value)),
                        Need::Two(a, b) => [a, b].into_iter().find(|a| !self.before(&dominators, *a, value)),
                        _ => None,
                    };
                    match missing {
                        None => {}
                        Some(needed) if needed == used => self.error_at(value, Problem::NotYet(used)),
                        Some(needed) => self.error_at(value, Problem::NeedsNotYet { used, needed }),
                    }
                }
            }
        }
    }

    /// Finds what a value needs, if it floats. The stack is empty before and after.
    fn find_need(
        &mut self,
        dominators: &Dominators,
        needs: &mut [Need],
        stack: &mut Vec<Value>,
        root: Value,
    ) {
        stack.push(root);
        while let Some(value) = stack.last().copied() {
            match self.need(needs, value) {
                Need::Unknown => {
                    needs[value.index()] = Need::Asked;
                    let unknown = |used: &Value| matches!(self.need(needs, *used), Need::Unknown);
                    stack.extend(self.function.operands(value).filter(unknown));
                }
                Need::Asked => {
                    // What is still asked for waits for this one.
                    let mut all = Need::Nothing;
                    let mut cyclic = false;
                    for used in self.function.operands(value) {
                        let need = self.need(needs, used);
                        cyclic |= matches!(need, Need::Asked);
                        all = self.both(dominators, all, need);
                    }
                    if cyclic {
                        self.error_at(value, Problem::Cycle);
                    }
                    needs[value.index()] = all;
                    stack.pop();
                }
                _ => {
                    stack.pop();
                }
            }
        }
    }

    fn need(&self, needs: &[Need], value: Value) -> Need {
        match self.function.block_of(value) {
            Some(_) => Need::One(value),
            None => needs[value.index()],
        }
    }

    fn both(&self, dominators: &Dominators, a: Need, b: Need) -> Need {
        match (a, b) {
            (Need::Two(..), _) => a,
            (_, Need::Two(..)) => b,
            (Need::One(v), Need::One(w)) if v == w || self.before(dominators, v, w) => b,
            (Need::One(v), Need::One(w)) if self.before(dominators, w, v) => a,
            (Need::One(v), Need::One(w)) => Need::Two(v, w),
            (Need::One(_), _) => a,
            (_, Need::One(_)) => b,
            _ => Need::Nothing,
        }
    }

    /// Whether `a` is there before `b` is; both are in blocks. Parameters of one block are there at once.
    fn before(&self, dominators: &Dominators, a: Value, b: Value) -> bool {
        let (rank_a, rank_b) = (self.ranks[a.index()], self.ranks[b.index()]);
        match (self.function.block_of(a), self.function.block_of(b)) {
            (Some(x), Some(y)) if x == y => rank_a == 0 || rank_a < rank_b,
            (Some(x), Some(y)) => dominators.dominates(x, y),
            _ => false,
        }
    }
}
