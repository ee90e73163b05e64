//! Parameters of blocks that nobody needs.
//!
//! **Requires** nothing. **Guarantees**: blocks that control cannot get to are gone. A parameter whose edges all bring the
//! same value, or itself, is gone, and that value stands for it; so is one on which no effect depends. So are
//! instructions that only read and are not used.
//!
//! ```text
//! b0: jump b1(v0, v1)                            b0: jump b1
//! b1(v2, v3): v4 = i32_add v3, 1      becomes    b1: store v0
//!             store v2; jump b1(v2, v4)              jump b1
//! ```
//!
//! *Same values* are found in rounds over the parameters that are left, forwards and backwards by turns. Each one
//! remembers up to which edge all bring the same: what is the same stays so, so no edge is looked at twice for that. A
//! round costs one look at each parameter; there are `ROUNDS` at most, one for each two loops that are in each other.
//! *What is needed* is marked from the effects: an argument, when its parameter is.

use super::graph::Graph;
use super::rewrite::Rewriter;
use crate::simplify::Simplifier;
use windlass_ir::op::Effects;
use windlass_ir::{Edge, Function, Op, Value};

/// Rounds in which parameters that are the same on all edges are found. What is left then, stays.
const ROUNDS: usize = 32;

/// Effects for the sake of which an instruction stays.
const EFFECTS: Effects = Effects::WRITE.and(Effects::TRAP).and(Effects::CALL).and(Effects::END);

/// A parameter that may be the same as another value.
struct Open {
    param: Value,
    number: u32,
    /// What all edges before this one bring, but those that bring the parameter itself.
    same: Option<Value>,
    edge: Edge,
}

/// Removes parameters.
pub fn run(function: &mut Function, simplifier: &mut Simplifier) {
    let graph = Graph::without_unreachable(function);
    let mut rewriter = Rewriter::new(function);
    if find_same(function, &graph, &mut rewriter) {
        rewriter.all(function, simplifier);
    }
    let needed = needed(function, &graph, &mut rewriter);
    remove(function, &graph, &needed);
}

/// How many of a block's parameters an edge into it does not bring: a call or a handler gives them.
fn given(function: &Function, edge: Edge) -> usize {
    function.params(function.edge_data(edge).block).len() - function.args(edge).len()
}

/// What an edge brings for a parameter, by its number.
fn brought(function: &Function, edge: Edge, number: usize) -> Option<Value> {
    Some(function.arg(edge, number.checked_sub(given(function, edge))?))
}

fn find_same(function: &Function, graph: &Graph, rewriter: &mut Rewriter) -> bool {
    let mut open = Vec::new();
    for block in &graph.reverse_postorder()[1..] {
        let Some(edge) = graph.first_incoming(*block) else { continue };
        for (number, param) in function.params(*block).enumerate() {
            open.push(Open { param, number: number as u32, same: None, edge });
        }
    }
    let mut any = false;
    for round in 0..ROUNDS {
        let mut changed = false;
        let mut visit = |this: &mut Open| changed |= advance(function, graph, rewriter, this);
        if round % 2 == 0 {
            open.iter_mut().for_each(&mut visit);
        } else {
            open.iter_mut().rev().for_each(&mut visit);
        }
        if !changed {
            break;
        }
        any = true;
        open.retain(|this| !rewriter.is_replaced(this.param));
    }
    any
}

/// Goes on to the first edge that brings another value; replaces the parameter, if there is none.
fn advance(function: &Function, graph: &Graph, rewriter: &mut Rewriter, this: &mut Open) -> bool {
    loop {
        let Some(value) = brought(function, this.edge, this.number as usize) else { return false };
        let value = rewriter.find(value);
        let same = this.same.map(|same| rewriter.find(same)).filter(|same| *same != this.param);
        match same {
            _ if value == this.param => {}
            Some(same) if same != value => return false,
            // An integer must not become a reference, which the collector changes.
            None if function.ty(value) != function.ty(this.param) => return false,
            _ => this.same = Some(value),
        }
        match graph.next_incoming(this.edge) {
            Some(edge) => this.edge = edge,
            None => break,
        }
    }
    let same = this.same.map(|same| rewriter.find(same)).filter(|same| *same != this.param);
    // A loop that nothing enters has parameters that are only themselves.
    let Some(same) = same else { return false };
    rewriter.replace(this.param, same);
    true
}

/// By value: whether an effect depends on it.
fn needed(function: &Function, graph: &Graph, rewriter: &mut Rewriter) -> Vec<bool> {
    let mut needed = vec![false; function.values()];
    let mut stack = Vec::new();
    for (i, block) in function.order.iter().enumerate() {
        for value in function.insts(*block) {
            if function.op(value).effects().any(EFFECTS) {
                stack.push(value);
            }
        }
        // The entry's parameters stay, and those that a call or a handler gives.
        let kept = match i {
            0 => function.params(*block).len(),
            _ => graph.incoming(*block).map(|edge| given(function, edge)).max().unwrap_or(0),
        };
        stack.extend(function.params(*block).take(kept));
    }
    while let Some(value) = stack.pop() {
        if std::mem::replace(&mut needed[value.index()], true) || rewriter.is_replaced(value) {
            continue;
        }
        stack.extend(function.operands(value));
        let inst = function.inst(value);
        if inst.op == Op::param
            && let Some(block) = function.block_of(value)
        {
            let number = inst.number() as usize;
            stack.extend(graph.incoming(block).filter_map(|edge| brought(function, edge, number)));
        }
    }
    needed
}

fn remove(function: &mut Function, graph: &Graph, needed: &[bool]) {
    let mut keep: Vec<bool> = Vec::new();
    for i in 0..function.order.len() {
        let block = function.order[i];
        keep.clear();
        keep.extend(function.params(block).map(|param| needed[param.index()]));
        if i != 0 && keep.contains(&false) {
            for edge in graph.incoming(block) {
                let given = given(function, edge);
                function.retain_args(edge, |number| keep[given + number]);
            }
            function.retain_params(block, |number| keep[number]);
        }
        let mut next = function.first(block);
        while let Some(value) = next {
            next = function.next(value);
            if !needed[value.index()] {
                function.remove(value);
            }
        }
    }
}
