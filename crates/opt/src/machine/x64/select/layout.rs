//! Which blocks there will be, in which order they come, and in which order they are selected.
//!
//! **Selection** sees blocks in postorder, so that it sees a value's uses before the value: what dominates comes later. **The code** has them
//! in the order of the function, those that cannot be reached left out. Beside them there is a block for each edge from
//! a block with several successors to one with several predecessors, behind the former, or at the end if it is seldom gone; and one for
//! each edge of a call that may throw. A block that would come before all of its predecessors (the body of a loop whose condition stands at its
//! end) comes behind the first of these: allocation wants definitions before what they dominate.
//!
//! Depths of loops come from the graph: from inner loops to outer ones, each loop that is found is from then on seen as its head.

use windlass_ir::op::Shape;
use windlass_ir::{Block, Edge, Function};

const NONE: u32 = u32::MAX;

/// A block of the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// A block of the function.
    Block(Block),
    /// An edge of a block.
    Edge(Block, Edge),
}

/// The blocks of a function.
#[derive(Default)]
pub(super) struct Layout {
    /// Those that can be reached, each behind those that it goes to but for loops.
    postorder: Vec<Block>,
    /// By block: its place in the reversed postorder.
    rank: Vec<u32>,
    /// By block: loops around it.
    depth: Vec<u32>,
    /// By block: where its predecessors start.
    starts: Vec<u32>,
    predecessors: Vec<Block>,
    /// The code, in order.
    pub origins: Vec<Origin>,
    /// By block, and by edge: its number in the code.
    numbers: Vec<u32>,
    edge_numbers: Vec<u32>,
    /// By block: the loop that it was found in, and what stands for it while loops are searched.
    parents: Vec<u32>,
    stands_for: Vec<u32>,
    work: Vec<Block>,
    /// By block: whether its turn has come, but none of its predecessors'.
    waits: Vec<bool>,
    late: Vec<Origin>,
}

/// The edges of a block: the first one and how many.
fn edges(function: &Function, block: Block) -> (u32, u32) {
    let Some(last) = function.last(block) else { return (0, 0) };
    let mut edges = function.edges(last);
    let count = edges.len() as u32;
    (edges.next().map_or(0, |edge| edge.0), count)
}

/// Whether a block ends with a call that may throw, and somebody catches that.
fn tries(function: &Function, block: Block) -> bool {
    let shape = function.last(block).map(|last| function.op(last).shape());
    matches!(shape, Some(Shape::TryCall | Shape::TryCallPointer)) && edges(function, block).1 > 1
}

impl Layout {
    /// Finds out everything about a function.
    pub(super) fn make(&mut self, function: &Function) {
        self.sort(function);
        self.find_predecessors(function);
        self.find_loops();
        self.place(function);
    }

    /// The blocks that can be reached, before what they dominate.
    pub(super) fn reachable(&self) -> impl Iterator<Item = Block> + '_ {
        self.postorder.iter().rev().copied()
    }

    /// The block at a place of the postorder.
    pub(super) fn nth(&self, at: usize) -> Option<Block> {
        self.postorder.get(at).copied()
    }

    /// The number of a block in the code.
    pub(super) fn number(&self, block: Block) -> u32 {
        self.numbers[block.index()]
    }

    /// The number of the block of an edge, if it has one.
    pub(super) fn edge_number(&self, edge: Edge) -> Option<u32> {
        Some(self.edge_numbers[edge.index()]).filter(|number| *number != NONE)
    }

    /// How many loops there are around a block.
    pub(super) fn depth(&self, block: Block) -> u32 {
        self.depth[block.index()]
    }

    fn sort(&mut self, function: &Function) {
        self.postorder.clear();
        self.rank.clear();
        self.rank.resize(function.blocks(), NONE);
        let Some(entry) = function.order.first().copied() else { return };
        // Blocks on the way, and how many of their edges are left.
        let mut way = vec![(entry, edges(function, entry))];
        self.rank[entry.index()] = 0;
        while let Some((block, (first, count))) = way.last_mut() {
            if *count == 0 {
                self.postorder.push(*block);
                way.pop();
                continue;
            }
            // From the last edge to the first, so that the first one is next in the reversed order.
            *count -= 1;
            let next = function.edge_data(Edge(*first + *count)).block;
            if self.rank[next.index()] == NONE {
                self.rank[next.index()] = 0;
                way.push((next, edges(function, next)));
            }
        }
        for (rank, block) in self.postorder.iter().rev().enumerate() {
            self.rank[block.index()] = rank as u32;
        }
    }

    fn find_predecessors(&mut self, function: &Function) {
        let successors = |block: Block| {
            let (first, count) = edges(function, block);
            (first..first + count).map(|edge| function.edge_data(Edge(edge)).block)
        };
        self.starts.clear();
        self.starts.resize(function.blocks() + 1, 0);
        for block in &self.postorder {
            successors(*block).for_each(|next| self.starts[next.index()] += 1);
        }
        let mut end = 0;
        for start in &mut self.starts {
            end += *start;
            *start = end;
        }
        self.predecessors.clear();
        self.predecessors.resize(end as usize, Block(0));
        for block in &self.postorder {
            for next in successors(*block) {
                let start = &mut self.starts[next.index()];
                *start -= 1;
                self.predecessors[*start as usize] = *block;
            }
        }
    }

    fn predecessors(&self, block: Block) -> core::ops::Range<usize> {
        self.starts[block.index()] as usize..self.starts[block.index() + 1] as usize
    }

    /// The blocks before a block, one for each edge.
    pub(super) fn predecessors_of(&self, block: Block) -> &[Block] {
        &self.predecessors[self.predecessors(block)]
    }

    /// The head of the loop that stands for a block by now.
    fn standing(&mut self, block: Block) -> Block {
        let mut at = block.0;
        while self.stands_for[at as usize] != at {
            // Each step halves the way for those that come later.
            let next = self.stands_for[self.stands_for[at as usize] as usize];
            self.stands_for[at as usize] = next;
            at = next;
        }
        Block(at)
    }

    fn find_loops(&mut self) {
        let blocks = self.rank.len();
        self.depth.clear();
        self.depth.resize(blocks, 0);
        self.parents.clear();
        self.parents.resize(blocks, NONE);
        self.stands_for.clear();
        self.stands_for.extend(0..blocks as u32);
        for at in 0..self.postorder.len() {
            let head = self.postorder[at];
            let rank = self.rank[head.index()];
            self.work.clear();
            for p in self.predecessors(head) {
                let from = self.predecessors[p];
                if self.rank[from.index()] >= rank {
                    self.depth[head.index()] = 1;
                    let from = self.standing(from);
                    self.work.push(from);
                }
            }
            while let Some(block) = self.work.pop() {
                if block == head || self.stands_for[block.index()] != block.0 {
                    continue;
                }
                self.parents[block.index()] = head.0;
                self.stands_for[block.index()] = head.0;
                for p in self.predecessors(block) {
                    let from = self.standing(self.predecessors[p]);
                    // What comes before the head is an entry of a loop with several: no structured control makes that.
                    if from != head && self.rank[from.index()] > rank {
                        self.work.push(from);
                    }
                }
            }
        }
        // So far, a depth says whether a loop starts there.
        for at in (0..self.postorder.len()).rev() {
            let block = self.postorder[at].index();
            if let Some(outer) = self.depth.get(self.parents[block] as usize) {
                self.depth[block] += *outer;
            }
        }
    }

    /// Gives the blocks of the code their numbers. A block that comes before all of its predecessors waits for one.
    fn place(&mut self, function: &Function) {
        self.numbers.clear();
        self.numbers.resize(function.blocks(), NONE);
        self.edge_numbers.clear();
        self.edge_numbers.resize(function.edge_count(), NONE);
        self.origins.clear();
        self.late.clear();
        self.waits.clear();
        self.waits.resize(function.blocks(), false);
        for block in function.order.iter().copied() {
            if self.rank[block.index()] == NONE || self.numbers[block.index()] != NONE {
                continue;
            }
            let behind_one = self.predecessors_of(block).iter().any(|b| self.numbers[b.index()] != NONE);
            if !behind_one && self.rank[block.index()] != 0 {
                self.waits[block.index()] = true;
                continue;
            }
            self.work.clear();
            self.work.push(block);
            while let Some(block) = self.work.pop() {
                if self.numbers[block.index()] == NONE {
                    self.place_block(function, block);
                }
            }
        }
        self.origins.append(&mut self.late);
        for (number, origin) in self.origins.iter().enumerate() {
            match origin {
                Origin::Block(block) => self.numbers[block.index()] = number as u32,
                Origin::Edge(_, edge) => self.edge_numbers[edge.index()] = number as u32,
            }
        }
    }

    /// Gives a block and the blocks of its edges the next numbers. What waits for it is next.
    fn place_block(&mut self, function: &Function, block: Block) {
        self.numbers[block.index()] = self.origins.len() as u32;
        self.origins.push(Origin::Block(block));
        let (first, count) = edges(function, block);
        let tries = tries(function, block);
        for edge in (first..first + count).map(Edge) {
            let data = function.edge_data(edge);
            if core::mem::take(&mut self.waits[data.block.index()]) {
                self.work.push(data.block);
            }
            let critical = count > 1 && self.predecessors(data.block).len() > 1;
            if !critical && !tries {
                continue;
            }
            let seldom = data.catch.is_some() || function.is_cold(data.block) && !function.is_cold(block);
            let list = if seldom { &mut self.late } else { &mut self.origins };
            list.push(Origin::Edge(block, edge));
        }
    }
}
