//! Which blocks dominate which: all ways from the entry to a block lead through its dominators.
//!
//! The method is that of Cooper, Harvey and Kennedy ("A Simple, Fast Dominance Algorithm"): immediate dominators are
//! narrowed in reverse postorder until nothing changes, which is one round and one more to see it where control flow
//! is reducible, as Wasm's is. The tree is then numbered by intervals: a block's interval lies in those of all its
//! dominators, and a question is two comparisons.
//!
//! Only blocks of the order count, and edges between them; the rest of a broken function is not looked at.

use crate::entity::Block;
use crate::function::Function;
use alloc::vec;
use alloc::vec::Vec;

/// No place in reverse postorder: of blocks that cannot be reached.
const NONE: u32 = u32::MAX;

/// The dominator tree of the blocks that can be reached from the entry.
#[derive(Clone, Debug)]
pub struct Dominators {
    /// The blocks in reverse postorder.
    order: Vec<Block>,
    /// For each block its place in `order`.
    places: Vec<u32>,
    /// By place in `order`: the place of the immediate dominator, which is a lower one; the entry's own is 0.
    immediate: Vec<u32>,
    /// By place in `order`: where the block is in a preorder of the tree, and where the last block is that it dominates.
    intervals: Vec<(u32, u32)>,
}

impl Dominators {
    /// The dominators of a function's blocks.
    pub fn new(function: &Function) -> Dominators {
        let order = reverse_postorder(function);
        let mut places = vec![NONE; function.blocks()];
        for (place, block) in order.iter().enumerate() {
            places[block.index()] = place as u32;
        }
        let immediate = immediate_dominators(&predecessors(function, &order, &places));
        let intervals = intervals(&immediate);
        Dominators { order, places, immediate, intervals }
    }

    /// The blocks that can be reached, in reverse postorder: each one behind its dominators.
    pub fn reverse_postorder(&self) -> &[Block] {
        &self.order
    }

    /// Whether control can get there.
    pub fn is_reachable(&self, block: Block) -> bool {
        self.place(block).is_some()
    }

    /// The dominator that all others of this block dominate. None of the entry, and where control cannot get.
    pub fn immediate(&self, block: Block) -> Option<Block> {
        let place = self.place(block)?;
        (place != 0).then(|| self.order[self.immediate[place] as usize])
    }

    /// Whether all ways from the entry to `b` lead through `a`, which may be `b` itself. Both can be reached, or the
    /// answer is no.
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        let (Some(a), Some(b)) = (self.place(a), self.place(b)) else { return false };
        let (first, last) = self.intervals[a];
        (first..=last).contains(&self.intervals[b].0)
    }

    fn place(&self, block: Block) -> Option<usize> {
        self.places.get(block.index()).filter(|place| **place != NONE).map(|place| *place as usize)
    }
}

/// The blocks of the order that can be reached, each one before its successors but for those on ways back.
fn reverse_postorder(function: &Function) -> Vec<Block> {
    // Whether a block is still to be visited.
    let mut open = vec![false; function.blocks()];
    for block in &function.order {
        if let Some(open) = open.get_mut(block.index()) {
            *open = true;
        }
    }
    let mut postorder = Vec::with_capacity(function.order.len());
    let mut stack = Vec::new();
    if let Some(entry) = function.order.first().filter(|entry| entry.index() < open.len()) {
        open[entry.index()] = false;
        stack.push((*entry, edges(function, *entry)));
    }
    while let Some((block, rest)) = stack.last_mut() {
        // From the last one: blocks that come first are then first in the reverse order, too.
        match rest.next_back() {
            None => {
                postorder.push(*block);
                stack.pop();
            }
            Some(edge) => {
                let next = function.edge_data(edge).block;
                if open.get(next.index()) == Some(&true) {
                    open[next.index()] = false;
                    stack.push((next, edges(function, next)));
                }
            }
        }
    }
    postorder.reverse();
    postorder
}

fn edges(function: &Function, block: Block) -> impl DoubleEndedIterator<Item = crate::entity::Edge> + use<> {
    function.last(block).map(|last| function.edges(last)).into_iter().flatten()
}

/// The places of predecessors by the places of blocks.
struct Predecessors {
    /// Where the predecessors of each block start in `list`, and where those of the last one end.
    starts: Vec<u32>,
    list: Vec<u32>,
}

fn predecessors(function: &Function, order: &[Block], places: &[u32]) -> Predecessors {
    let ways = |visit: &mut dyn FnMut(usize, usize)| {
        for (from, block) in order.iter().enumerate() {
            for to in function.successors(*block) {
                match places.get(to.index()) {
                    None | Some(&NONE) => {}
                    Some(to) => visit(from, *to as usize),
                }
            }
        }
    };
    let mut starts = vec![0; order.len() + 1];
    ways(&mut |_, to| starts[to] += 1);
    // From the counts to the ends; filling the lists from behind makes starts of them.
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut list = vec![0; sum as usize];
    ways(&mut |from, to| {
        starts[to] -= 1;
        list[starts[to] as usize] = from as u32;
    });
    Predecessors { starts, list }
}

impl Predecessors {
    fn of(&self, place: usize) -> &[u32] {
        &self.list[self.starts[place] as usize..self.starts[place + 1] as usize]
    }
}

/// The place of each block's immediate dominator.
fn immediate_dominators(predecessors: &Predecessors) -> Vec<u32> {
    let mut immediate = vec![NONE; predecessors.starts.len() - 1];
    if let Some(entry) = immediate.first_mut() {
        *entry = 0;
    }
    let mut changed = true;
    while changed {
        changed = false;
        for place in 1..immediate.len() {
            let known = predecessors.of(place).iter().copied().filter(|p| immediate[*p as usize] != NONE);
            // The predecessor from which the walk came is before it, so that one at least is known.
            let nearest = known.reduce(|a, b| meet(&immediate, a, b)).unwrap_or(0);
            if immediate[place] != nearest {
                immediate[place] = nearest;
                changed = true;
            }
        }
    }
    immediate
}

/// The nearest block that dominates both: dominators have lower places.
fn meet(immediate: &[u32], mut a: u32, mut b: u32) -> u32 {
    while a != b {
        if a > b {
            a = immediate[a as usize];
        } else {
            b = immediate[b as usize];
        }
    }
    a
}

/// Numbers the tree: for each block its place in a preorder, and the last place of what it dominates.
fn intervals(immediate: &[u32]) -> Vec<(u32, u32)> {
    // Blocks in the tree under each one, itself counted: children have higher places.
    let mut sizes = vec![1; immediate.len()];
    for place in (1..immediate.len()).rev() {
        sizes[immediate[place] as usize] += sizes[place];
    }
    let mut intervals = vec![(0, 0); immediate.len()];
    // Where the next child of each block goes.
    let mut free = vec![1; immediate.len()];
    for place in 0..immediate.len() {
        let parent = immediate[place] as usize;
        let first = if place == 0 { 0 } else { free[parent] };
        if place != 0 {
            free[parent] += sizes[place];
        }
        free[place] = first + 1;
        intervals[place] = (first, first + sizes[place] - 1);
    }
    intervals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::function::SignatureData;
    use crate::types::Type;

    /// A function whose block `i` goes to the blocks `ways[i]`, or returns.
    fn graph(ways: &[&[u32]]) -> Function {
        let mut function = Function::new(SignatureData::default());
        for _ in ways {
            let block = function.block();
            function.order.push(block);
        }
        for (from, to) in ways.iter().enumerate() {
            let none = function.list([]);
            let edges: Vec<_> = to.iter().map(|to| function.edge(Block(*to), none)).collect();
            let mut b = Builder::at(&mut function, Block(from as u32));
            if edges.is_empty() {
                b.return_(&[]);
            } else {
                let index = b.constant(Type::I32, 0);
                b.branch_table(index, &edges);
            }
        }
        function
    }

    /// Whether all ways from the entry to `b` lead through `a`, found by walking around `a`.
    fn walk(ways: &[&[u32]], a: u32, b: u32) -> bool {
        let reach = |without: Option<u32>| {
            let mut seen = vec![false; ways.len()];
            let mut stack = vec![0];
            while let Some(block) = stack.pop() {
                if Some(block) != without && !core::mem::replace(&mut seen[block as usize], true) {
                    stack.extend(ways[block as usize]);
                }
            }
            seen
        };
        let all = reach(None);
        all[a as usize] && all[b as usize] && !reach(Some(a))[b as usize]
    }

    fn check(ways: &[&[u32]]) {
        let dominators = Dominators::new(&graph(ways));
        for a in 0..ways.len() as u32 {
            for b in 0..ways.len() as u32 {
                assert_eq!(dominators.dominates(Block(a), Block(b)), walk(ways, a, b), "{a} {b} of {ways:?}");
            }
        }
        for (place, block) in dominators.reverse_postorder().iter().enumerate() {
            assert!(dominators.is_reachable(*block));
            if let Some(immediate) = dominators.immediate(*block) {
                assert!(dominators.reverse_postorder()[..place].contains(&immediate));
                assert!(dominators.dominates(immediate, *block));
            }
        }
    }

    #[test]
    fn small_graphs() {
        check(&[&[]]);
        check(&[&[1, 2], &[3], &[3], &[]]);
        // A loop with two ways out.
        check(&[&[1], &[2, 4], &[1, 3], &[4], &[]]);
        // Not reducible.
        check(&[&[1, 2], &[2], &[1, 3], &[]]);
        check(&[&[5, 4], &[2], &[1, 3], &[2], &[2, 3], &[1]]);
        // Blocks that cannot be reached, one of which goes to one that can.
        check(&[&[2], &[2, 3], &[], &[1]]);
    }

    #[test]
    fn graphs_by_chance() {
        let mut state = 1u32;
        for _ in 0..300 {
            let mut next = |below: u32| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) % below
            };
            let blocks = 2 + next(8);
            // The entry has no predecessors.
            let ways: Vec<Vec<u32>> =
                (0..blocks).map(|_| (0..next(4)).map(|_| 1 + next(blocks - 1)).collect()).collect();
            check(&ways.iter().map(|to| &to[..]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn edges_to_nowhere_do_not_count() {
        let mut function = graph(&[&[1], &[7, 2], &[]]);
        function.order.pop();
        let dominators = Dominators::new(&function);
        assert!(dominators.dominates(Block(0), Block(1)));
        assert!(!dominators.is_reachable(Block(2)));
        assert!(!dominators.is_reachable(Block(7)));
        assert_eq!(dominators.immediate(Block(1)), Some(Block(0)));
        assert!(Dominators::new(&Function::new(SignatureData::default())).reverse_postorder().is_empty());
    }

    #[test]
    fn deep_graphs_need_no_deep_stack() {
        let chain: Vec<[u32; 1]> = (1..=100_000).map(|next| [next]).collect();
        let ways: Vec<&[u32]> = chain.iter().map(|way| &way[..]).chain([&[][..]]).collect();
        let dominators = Dominators::new(&graph(&ways));
        assert!(dominators.dominates(Block(7), Block(100_000)));
        assert!(!dominators.dominates(Block(100_000), Block(7)));
    }
}
