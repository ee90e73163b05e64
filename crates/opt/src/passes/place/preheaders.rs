//! Blocks before loops.
//!
//! A preheader goes to the header only, and is all that goes there from outside: what it holds is made once whenever
//! the loop is entered. Where a loop has none, an empty block is put on the edges into it.

use super::super::graph::Graph;
use super::super::loops::Loops;
use super::super::tree::Tree;
use windlass_ir::builder::Builder;
use windlass_ir::dominance::Dominators;
use windlass_ir::{Block, Edge, Function, Op, Type, Value};

/// What is known of a function's blocks.
pub struct Shape {
    /// The ways into blocks.
    pub graph: Graph,
    /// Which blocks dominate which.
    pub dominators: Dominators,
    /// The same as a tree.
    pub tree: Tree,
    /// The loops.
    pub loops: Loops,
    /// By loop: the block before it, if there is one.
    pub preheaders: Vec<Option<Block>>,
}

/// Makes preheaders where there are none.
pub fn make(function: &mut Function) -> Shape {
    let shape = shape(function);
    if shape.preheaders.iter().all(|preheader| preheader.is_some()) {
        return shape;
    }
    // By block: what comes before it in the order.
    let mut before: Vec<Option<Block>> = vec![None; function.blocks()];
    for (inner, preheader) in shape.loops.all().iter().zip(&shape.preheaders) {
        if preheader.is_none() {
            before[inner.header.index()] = Some(insert(function, &shape, inner.header));
        }
    }
    let order = std::mem::take(&mut function.order);
    function.order =
        order.into_iter().flat_map(|block| before[block.index()].into_iter().chain([block])).collect();
    self::shape(function)
}

fn shape(function: &Function) -> Shape {
    let graph = Graph::new(function);
    let dominators = Dominators::new(function);
    let tree = Tree::new(&dominators, function.blocks());
    let loops = Loops::new(function, &graph, &dominators);
    let mut shape = Shape { graph, dominators, tree, loops, preheaders: Vec::new() };
    shape.preheaders =
        shape.loops.all().iter().map(|inner| shape.preheader(function, inner.header)).collect();
    shape
}

impl Shape {
    /// The edges into a loop.
    fn entering(&self, header: Block) -> impl Iterator<Item = Edge> + '_ {
        self.graph
            .incoming(header)
            .filter(move |edge| !self.dominators.dominates(header, self.graph.from(*edge)))
    }

    fn preheader(&self, function: &Function, header: Block) -> Option<Block> {
        let mut edges = self.entering(header);
        let block = self.graph.from(edges.next()?);
        let jumps = function.last(block).is_some_and(|last| function.op(last) == Op::jump);
        (jumps && edges.next().is_none()).then_some(block)
    }
}

/// Puts a block on the edges into a loop, with parameters for what they bring.
fn insert(function: &mut Function, shape: &Shape, header: Block) -> Block {
    let block = function.block();
    let types: Vec<Type> = function.params(header).map(|param| function.ty(param)).collect();
    function.make_params(block, types);
    for edge in shape.entering(header) {
        function.edge_data_mut(edge).block = block;
    }
    let params: Vec<Value> = function.params(block).collect();
    Builder::at(function, block).jump(header, &params);
    if function.is_cold(header) {
        function.set_cold(block);
    }
    block
}
