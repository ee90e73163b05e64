//! The order of blocks in the code.
//!
//! **Requires** that control can get to every block. **Guarantees**: the entry is first; what is seldom run is behind
//! everything else; the blocks of a loop stand together. It is an order of the code only: a block may stand before
//! one that dominates it.
//!
//! Blocks come in reverse postorder, in which a block stands before its successors; but a loop is one thing in the order of
//! what is around it, so nothing comes between its blocks. A loop whose first block may leave it and whose last one
//! jumps back is turned round: the test goes to the end, and falls out of the loop.
//!
//! ```text
//! b0: jump b1                         b0: jump b1
//! b1: branch v0, b2, b3               b2: jump b1
//! b2: jump b1              becomes    b1: branch v0, b2, b3
//! b3: return                          b3: return
//! ```

use super::graph::Graph;
use super::heat::cold_blocks;
use super::loops::Loops;
use crate::simplify::Simplifier;
use windlass_ir::dominance::Dominators;
use windlass_ir::{Block, Function, Op};

/// What stands in the list of a loop, or in the outermost one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Block(Block),
    Loop(u32),
}

/// Puts the blocks in order.
pub fn run(function: &mut Function, _: &mut Simplifier) {
    let graph = Graph::without_unreachable(function);
    let dominators = Dominators::new(function);
    let loops = Loops::new(function, &graph, &dominators);
    let cold = cold_blocks(function, &graph, &dominators);
    let layout = Layout { function, graph: &graph, loops: &loops };
    let mut order = Vec::with_capacity(function.order.len());
    for wanted in [false, true] {
        layout.append(&mut order, |block| cold[block.index()] == wanted);
    }
    function.order = order;
}

struct Layout<'a> {
    function: &'a Function,
    graph: &'a Graph,
    loops: &'a Loops,
}

impl Layout<'_> {
    /// Appends those blocks for which `wanted` holds.
    fn append(&self, order: &mut Vec<Block>, wanted: impl Fn(Block) -> bool) {
        // The last list is the outermost one.
        let mut lists: Vec<Vec<Item>> = vec![Vec::new(); self.loops.len() + 1];
        let outermost = self.loops.len() as u32;
        let mut listed = vec![false; self.loops.len()];
        for block in self.graph.reverse_postorder().iter().copied().filter(|block| wanted(*block)) {
            let mut inner = self.loops.of(block);
            lists[inner.unwrap_or(outermost) as usize].push(Item::Block(block));
            // A loop stands where its first block does.
            while let Some(number) = inner.filter(|number| !listed[*number as usize]) {
                listed[number as usize] = true;
                inner = self.loops.get(number).parent;
                lists[inner.unwrap_or(outermost) as usize].push(Item::Loop(number));
            }
        }
        for (number, list) in lists.iter_mut().enumerate().take(self.loops.len()) {
            self.rotate(self.loops.get(number as u32).header, list);
        }
        let mut stack = vec![(outermost, 0)];
        while let Some((number, at)) = stack.last_mut() {
            let item = lists[*number as usize].get(*at).copied();
            *at += 1;
            match item {
                None => {
                    stack.pop();
                }
                Some(Item::Block(block)) => order.push(block),
                Some(Item::Loop(inner)) => stack.push((inner, 0)),
            }
        }
    }

    /// Turns a loop round, if that saves a jump.
    fn rotate(&self, header: Block, list: &mut [Item]) {
        let [Item::Block(first), .., Item::Block(last)] = *list else { return };
        let after = |block| self.function.last(block).map(|last| self.function.op(last));
        let leaves = after(first) == Some(Op::branch)
            && self.function.successors(first).any(|next| self.is_outside(header, next));
        // The block that comes first then is one to which the test goes.
        let follows = match list[1] {
            Item::Block(next) => self.function.successors(first).any(|successor| successor == next),
            Item::Loop(inner) => {
                let next = self.loops.get(inner).header;
                self.function.successors(first).any(|successor| successor == next)
            }
        };
        let back = after(last) == Some(Op::jump) && self.function.successors(last).any(|next| next == header);
        if first == header && leaves && follows && back {
            list.rotate_left(1);
        }
    }

    /// Whether a block is not in the loop of this header.
    fn is_outside(&self, header: Block, block: Block) -> bool {
        let this = self.loops.of(header);
        let depth = self.loops.depth(header);
        let mut inner = self.loops.of(block);
        while let Some(number) = inner {
            let around = self.loops.get(number);
            if around.depth <= depth {
                break;
            }
            inner = around.parent;
        }
        inner != this
    }
}
