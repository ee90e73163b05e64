//! The ways into blocks: what a function does not say by itself.
//!
//! Only blocks that control can get to count, and the edges between them. The edges into a block are a list through
//! the edges, so that one that goes elsewhere now is moved without a search.

use super::NONE;
use windlass_ir::{Block, Edge, Function};

/// The blocks that control can get to, and the edges into each.
#[derive(Debug)]
pub struct Graph {
    order: Vec<Block>,
    reached: Vec<bool>,
    /// Of each edge: the block that it leaves.
    from: Vec<Block>,
    /// Of each block the first edge into it, and of each edge the next one into the same block.
    first: Vec<u32>,
    next: Vec<u32>,
}

impl Graph {
    /// The graph of a function.
    pub fn new(function: &Function) -> Graph {
        let (order, reached) = reverse_postorder(function);
        let mut graph = Graph {
            order,
            reached,
            from: vec![Block(NONE); function.edge_count()],
            first: vec![NONE; function.blocks()],
            next: vec![NONE; function.edge_count()],
        };
        // From behind, so that each list has the order of the code.
        for i in (0..graph.order.len()).rev() {
            let block = graph.order[i];
            for edge in edges(function, block).rev() {
                graph.from[edge.index()] = block;
                graph.enter(edge, function.edge_data(edge).block);
            }
        }
        graph
    }

    /// The graph of a function, which loses the blocks that control cannot get to.
    pub fn without_unreachable(function: &mut Function) -> Graph {
        let graph = Graph::new(function);
        function.order.retain(|block| graph.reached[block.index()]);
        graph
    }

    /// The blocks that control can get to, each before its successors but for those on ways back.
    pub fn reverse_postorder(&self) -> &[Block] {
        &self.order
    }

    /// Whether control can get to a block.
    pub fn is_reached(&self, block: Block) -> bool {
        self.reached[block.index()]
    }

    /// The block that an edge leaves.
    pub fn from(&self, edge: Edge) -> Block {
        self.from[edge.index()]
    }

    /// The edges into a block.
    pub fn incoming(&self, block: Block) -> impl Iterator<Item = Edge> + '_ {
        self.list_from(self.first[block.index()])
    }

    /// An edge into a block and those behind it in the list.
    pub fn list_from(&self, first: u32) -> impl Iterator<Item = Edge> + '_ {
        let edge = |number: u32| (number != NONE).then_some(Edge(number));
        std::iter::successors(edge(first), move |last| edge(self.next[last.index()]))
    }

    /// The first edge into a block, if there is one.
    pub fn first_incoming(&self, block: Block) -> Option<Edge> {
        self.incoming(block).next()
    }

    /// The edge behind one in the list of those into the same block.
    pub fn next_incoming(&self, edge: Edge) -> Option<Edge> {
        self.list_from(self.next[edge.index()]).next()
    }

    /// Forgets the edges into a block.
    pub fn forget_incoming(&mut self, block: Block) {
        self.first[block.index()] = NONE;
    }

    /// Says that an edge goes to a block. It is in no list.
    pub fn enter(&mut self, edge: Edge, block: Block) {
        self.next[edge.index()] = self.first[block.index()];
        self.first[block.index()] = edge.0;
    }
}

/// The edges that leave a block.
pub fn edges(function: &Function, block: Block) -> impl DoubleEndedIterator<Item = Edge> + use<> {
    function.last(block).map(|last| function.edges(last)).into_iter().flatten()
}

fn reverse_postorder(function: &Function) -> (Vec<Block>, Vec<bool>) {
    let mut reached = vec![false; function.blocks()];
    let mut order = Vec::with_capacity(function.order.len());
    let mut stack = Vec::new();
    if let Some(entry) = function.order.first() {
        reached[entry.index()] = true;
        stack.push((*entry, edges(function, *entry)));
    }
    while let Some((block, rest)) = stack.last_mut() {
        // From the last one: what comes first is then first in the reverse order, too.
        match rest.next_back() {
            None => {
                order.push(*block);
                stack.pop();
            }
            Some(edge) => {
                let next = function.edge_data(edge).block;
                if !std::mem::replace(&mut reached[next.index()], true) {
                    stack.push((next, edges(function, next)));
                }
            }
        }
    }
    order.reverse();
    (order, reached)
}
