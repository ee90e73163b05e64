//! Which blocks of a function are written, and what a jump to one of the others means.
//!
//! A block that does nothing but jump on is left out; what goes there goes where it jumps to. Of a cycle of such blocks one stays: it is a
//! loop that does nothing.

use crate::machine::allocate::Allocation;
use crate::machine::code::Code;
use crate::machine::x64::sequence::Sequence;

/// No block.
const NONE: u32 = u32::MAX;

/// Kept from function to function for its memory.
#[derive(Default)]
pub(super) struct Layout {
    /// Where a jump to a block goes.
    goals: Vec<u32>,
    /// Of a block where a loop starts that has none in it, and runs often: the last block of the loop that is written.
    latches: Vec<u32>,
    /// Blocks that lead to the one at hand.
    path: Vec<u32>,
}

impl Layout {
    pub(super) fn set(&mut self, code: &Code, allocation: &Allocation) {
        self.find_goals(code, allocation);
        self.find_heads(code);
    }

    /// Where a jump to a block goes.
    pub(super) fn goal(&self, block: u32) -> u32 {
        self.goals[block as usize]
    }

    /// Whether a block is written.
    pub(super) fn is_written(&self, block: u32) -> bool {
        self.goal(block) == block
    }

    /// The last block of the loop that starts at a block, if it is one for which the head is aligned: none is in it, and it runs often.
    pub(super) fn latch(&self, block: u32) -> Option<u32> {
        Some(self.latches[block as usize]).filter(|latch| *latch != NONE)
    }

    /// The block that a block jumps to, if it does nothing else.
    fn leads_to(code: &Code, allocation: &Allocation, block: u32) -> Option<u32> {
        let insts = &code.blocks[block as usize].insts;
        let inst = insts.start;
        if block == 0
            || insts.len() != 1
            || Sequence::of(code.insts[inst as usize].opcode) != Some(Sequence::Jump)
        {
            return None;
        }
        let at = allocation.moves.partition_point(|m| m.inst < inst);
        if allocation.moves.get(at).is_some_and(|m| m.inst == inst) {
            return None;
        }
        code.successors_of(block).first().map(|edge| edge.block)
    }

    fn find_goals(&mut self, code: &Code, allocation: &Allocation) {
        self.goals.clear();
        self.goals.resize(code.blocks.len(), NONE);
        for first in 0..code.blocks.len() as u32 {
            let mut block = first;
            self.path.clear();
            // Until a block is met that stays, or whose goal is known. One that is on the path stays.
            let goal = loop {
                match self.goals[block as usize] {
                    NONE => {}
                    goal => break goal,
                }
                match Self::leads_to(code, allocation, block) {
                    Some(next) => {
                        self.goals[block as usize] = block;
                        self.path.push(block);
                        block = next;
                    }
                    None => {
                        self.goals[block as usize] = block;
                        break block;
                    }
                }
            };
            for block in self.path.drain(..) {
                self.goals[block as usize] = goal;
            }
        }
    }

    fn find_heads(&mut self, code: &Code) {
        self.latches.clear();
        self.latches.resize(code.blocks.len(), NONE);
        // The first head behind the block at hand.
        let mut next = NONE;
        for block in (0..code.blocks.len() as u32).rev() {
            let head = &code.blocks[block as usize];
            // What comes back from cold code is no loop.
            let back = code.predecessors_of(block).iter().copied();
            let back = back.filter(|from| *from >= block && !code.blocks[*from as usize].cold).max();
            let Some(last) = back else { continue };
            let runs_often = head.loop_depth > 0 && !head.cold;
            if next > last && runs_often && self.is_written(block) {
                // Such loops do not overlap, so all of these are few.
                let written = (block..=last).rev().find(|block| self.is_written(*block));
                self.latches[block as usize] = written.unwrap_or(block);
            }
            next = block;
        }
    }
}
