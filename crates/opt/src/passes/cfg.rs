//! Fewer blocks: what control cannot get to, what only goes on, and what always follows.
//!
//! **Requires** nothing; the code may be placed. **Guarantees**: control can get to every block. No branch has a
//! constant condition, or edges that are all the same. A block to which only one jump goes is part of the block that jumps.
//! A block that does nothing but jump on is gone, if all edges into it could go on themselves: where it has
//! parameters, only its jump uses them, and it brings no more values than it gets.
//!
//! ```text
//! b0: branch v0, b1, b2                          b0: branch v0, b2, b2    and then    b0: (what is in b2)
//! b1: jump b2                       becomes      b2: …
//! b2: …
//! ```
//!
//! Blocks are threaded from the last to the first, so that an edge goes at once to where it will stay; they are joined
//! from the first to the last, so that an instruction is moved once.

use super::graph::{Graph, edges};
use super::rewrite::Rewriter;
use super::uses;
use crate::simplify::Simplifier;
use windlass_ir::op::Shape;
use windlass_ir::{Block, Edge, Function, Inst, Op, Value};

/// Makes the blocks of a function fewer.
pub fn run(function: &mut Function, simplifier: &mut Simplifier) {
    for i in 0..function.order.len() {
        fold_end(function, function.order[i]);
    }
    let graph = Graph::without_unreachable(function);
    let mut pass = Pass {
        uses: count_uses(function),
        gone: vec![false; function.blocks()],
        dropped: vec![false; function.edge_count()],
        rewriter: Rewriter::new(function),
        joined: false,
        function,
        graph,
    };
    let order = pass.graph.reverse_postorder().to_vec();
    for block in order.iter().skip(1).rev() {
        pass.fold_equal_edges(*block);
        pass.thread(*block);
    }
    pass.fold_equal_edges(order[0]);
    for block in order {
        pass.join(block);
    }
    let Pass { function, gone, mut rewriter, joined, .. } = pass;
    function.order.retain(|block| !gone[block.index()]);
    if joined {
        rewriter.all(function, simplifier);
    }
}

/// Makes a jump of the end of a block whose condition is constant.
fn fold_end(function: &mut Function, block: Block) {
    let Some(last) = function.last(block) else { return };
    let Some(condition) = function.operands(last).next().and_then(|v| function.constant(v)) else { return };
    let number = match function.op(last).shape() {
        Shape::Branch => usize::from(condition == 0),
        Shape::Table => (function.edges(last).len() - 1).min(condition as usize),
        _ => return,
    };
    let edge = function.edges(last).nth(number).expect("it has this edge");
    become_jump(function, last, edge);
}

fn become_jump(function: &mut Function, last: Value, edge: Edge) {
    *function.inst_mut(last) = Inst { op: Op::jump, aux: 0, fields: [edge.0, 0, 0] };
}

/// How often each value is used.
fn count_uses(function: &Function) -> Vec<u32> {
    let mut counts = vec![0; function.values()];
    let mut stack = Vec::new();
    for block in &function.order {
        for listed in function.insts(*block) {
            stack.push(listed);
            while let Some(value) = stack.pop() {
                for used in uses(function, value) {
                    if counts[used.index()] == 0 && super::floats(function, used) {
                        stack.push(used);
                    }
                    counts[used.index()] += 1;
                }
            }
        }
    }
    counts
}

struct Pass<'f> {
    function: &'f mut Function,
    graph: Graph,
    /// How often each value is used.
    uses: Vec<u32>,
    /// Blocks that are no more.
    gone: Vec<bool>,
    /// Edges that are no more.
    dropped: Vec<bool>,
    rewriter: Rewriter,
    joined: bool,
}

impl Pass<'_> {
    fn incoming(&self, block: Block) -> impl Iterator<Item = Edge> + '_ {
        self.graph.incoming(block).filter(|edge| !self.dropped[edge.index()])
    }

    /// Makes a jump of the end of a block whose edges are all the same.
    fn fold_equal_edges(&mut self, block: Block) {
        let function = &*self.function;
        let Some(last) = function.last(block) else { return };
        if !matches!(function.op(last).shape(), Shape::Branch | Shape::Table) {
            return;
        }
        let mut rest = function.edges(last);
        let first = rest.next().expect("it has edges");
        let target = function.edge_data(first).block;
        let equal = |edge: Edge| {
            function.edge_data(edge).block == target && function.args(edge).eq(function.args(first))
        };
        if !rest.all(equal) {
            return;
        }
        for edge in function.edges(last).skip(1) {
            self.drop_edge(edge);
        }
        become_jump(self.function, last, first);
    }

    fn drop_edge(&mut self, edge: Edge) {
        self.dropped[edge.index()] = true;
        for arg in self.function.args(edge) {
            self.uses[arg.index()] -= 1;
        }
    }

    /// Lets the edges into a block that only jumps go to where it jumps.
    fn thread(&mut self, block: Block) {
        let function = &*self.function;
        let Some(last) = function.first(block).filter(|first| function.op(*first) == Op::jump) else {
            return;
        };
        let Some(out) = function.edges(last).next() else { return };
        let target = function.edge_data(out).block;
        let (params, args) = (function.params(block).len(), function.args(out).len());
        // Each edge brings all parameters itself: none is given by a call or a handler.
        let brings_all = |edge| function.args(edge).len() == params;
        if target == block || args > params || !self.incoming(block).all(brings_all) {
            return;
        }
        // Nobody else uses the parameters.
        let used: usize = function.params(block).map(|param| self.uses[param.index()] as usize).sum();
        let own = |value: &Value| function.block_of(*value) == Some(block);
        if used != function.args(out).filter(own).count() {
            return;
        }
        let template: Vec<Value> = function.args(out).collect();
        let mut next = self.graph.first_incoming(block);
        self.graph.forget_incoming(block);
        while let Some(edge) = next {
            next = self.graph.next_incoming(edge);
            if !self.dropped[edge.index()] {
                self.redirect(edge, block, target, &template);
            }
        }
        self.drop_edge(out);
        self.gone[block.index()] = true;
    }

    /// Lets an edge go to another block, with these values: parameters of the block before stand for what it brings.
    fn redirect(&mut self, edge: Edge, before: Block, target: Block, template: &[Value]) {
        let function = &mut *self.function;
        let args: Vec<Value> = template
            .iter()
            .map(|value| match function.block_of(*value) {
                Some(block) if block == before => function.arg(edge, function.inst(*value).number() as usize),
                _ => *value,
            })
            .collect();
        for arg in function.args(edge) {
            self.uses[arg.index()] -= 1;
        }
        for arg in &args {
            self.uses[arg.index()] += 1;
        }
        let args = function.list(args);
        let data = function.edge_data_mut(edge);
        data.block = target;
        data.args = args;
        self.graph.enter(edge, target);
    }

    /// Takes the blocks into a block that follow it whenever it is run, and are run only then.
    fn join(&mut self, block: Block) {
        if self.gone[block.index()] {
            return;
        }
        while let Some((last, next)) = self.follower(block) {
            let edge = edges(self.function, block).next().expect("it jumps");
            let function = &mut *self.function;
            for i in 0..function.args(edge).len() {
                let param = function.param(next, i);
                self.rewriter.replace(param, function.arg(edge, i));
                self.joined = true;
            }
            function.retain_params(next, |_| false);
            function.remove(last);
            while let Some(value) = function.first(next) {
                function.remove(value);
                function.append(block, value);
            }
            if function.is_cold(next) {
                function.set_cold(block);
            }
            self.gone[next.index()] = true;
        }
    }

    /// The jump at the end of a block, and the block to which nothing else goes.
    fn follower(&self, block: Block) -> Option<(Value, Block)> {
        let function = &*self.function;
        let last = function.last(block).filter(|last| function.op(*last) == Op::jump)?;
        let edge = function.edges(last).next()?;
        let next = function.edge_data(edge).block;
        // An integer must not become a reference, which the collector changes.
        let same_types = || {
            function.params(next).zip(function.args(edge)).all(|(p, arg)| function.ty(p) == function.ty(arg))
        };
        let only = next != block && self.incoming(next).take(2).count() == 1 && same_types();
        only.then_some((last, next))
    }
}
