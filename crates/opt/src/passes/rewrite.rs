//! Values that became others, and what that makes of the rest.
//!
//! A pass says which value another one stands for. Whatever uses it is then asked for by its new name: an instruction
//! in a block gets other operands; one that floats is made again by the simplifier, and so may become one that was
//! there already, or something simpler.
//!
//! **Invariants.** Each value is made again once at most. What an instruction uses is asked for when all that it
//! needs in blocks has been replaced, if it ever is: passes that go by the order of dominance do that.

use super::{NONE, floats};
use crate::simplify::Simplifier;
use windlass_ir::op::{Class, Shape};
use windlass_ir::{Edge, Function, Value};

/// What values became.
#[derive(Debug)]
pub struct Rewriter {
    /// What stands for a value, step by step; itself at the end.
    to: Vec<u32>,
    /// Whether what floats is as it should be.
    done: Vec<bool>,
    stack: Vec<Value>,
}

impl Rewriter {
    /// Nothing is replaced yet.
    pub fn new(function: &Function) -> Rewriter {
        let count = function.values();
        Rewriter { to: vec![NONE; count], done: vec![false; count], stack: Vec::new() }
    }

    /// Says that another value stands for this one.
    pub fn replace(&mut self, value: Value, by: Value) {
        let by = self.find(by);
        debug_assert_ne!(value, by);
        self.to[value.index()] = by.0;
    }

    /// Whether another value stands for this one.
    pub fn is_replaced(&self, value: Value) -> bool {
        self.to.get(value.index()).is_some_and(|to| *to != NONE)
    }

    /// What stands for a value.
    pub fn find(&mut self, mut value: Value) -> Value {
        // Each step is made shorter by half.
        while let Some(next) = self.step(value) {
            match self.step(next) {
                None => return next,
                Some(far) => {
                    self.to[value.index()] = far.0;
                    value = far;
                }
            }
        }
        value
    }

    fn step(&self, value: Value) -> Option<Value> {
        // What was made since is as it should be.
        let to = self.to.get(value.index()).copied().unwrap_or(NONE);
        (to != NONE).then_some(Value(to))
    }

    fn is_done(&self, function: &Function, value: Value) -> bool {
        !floats(function, value) || self.done.get(value.index()).copied().unwrap_or(true)
    }

    /// What a value is now. What floats is made again, if anything that it needs became another value.
    pub fn value(&mut self, function: &mut Function, simplifier: &mut Simplifier, value: Value) -> Value {
        let value = self.find(value);
        self.stack.push(value);
        while let Some(top) = self.stack.last().copied() {
            if self.is_done(function, top) {
                self.stack.pop();
                continue;
            }
            let mut open = None;
            let mut changed = false;
            for operand in function.operands(top) {
                let now = self.find(operand);
                changed |= now != operand;
                if !self.is_done(function, now) {
                    open = Some(now);
                }
            }
            if let Some(open) = open {
                self.stack.push(open);
                continue;
            }
            self.stack.pop();
            self.done[top.index()] = true;
            if changed {
                let made = self.make(function, simplifier, top);
                if made != top {
                    self.to[top.index()] = made.0;
                }
            }
        }
        self.find(value)
    }

    /// Makes something that floats again.
    fn make(&mut self, function: &mut Function, simplifier: &mut Simplifier, value: Value) -> Value {
        let mut inst = function.inst(value);
        let count = function.operands(value).len();
        for field in &mut inst.fields[..count] {
            *field = self.find(Value(*field)).0;
        }
        let ty = function.ty(value);
        function.set_position(function.position(value));
        let operands = inst.fields.map(Value);
        let operands = &operands[..count];
        let same_type = inst.op.row().result != Class::Own || function.ty(operands[0]) == ty;
        let made = match inst.op.shape() {
            Shape::Unary | Shape::Binary | Shape::Ternary if same_type => {
                simplifier.make(function, inst.op, operands)
            }
            _ => simplifier.make_inst(function, inst, ty),
        };
        // An integer must not become a reference, which the collector changes.
        if function.ty(made) == ty { made } else { simplifier.make_inst(function, inst, ty) }
    }

    /// Rewrites what an instruction in a block uses.
    pub fn inst(&mut self, function: &mut Function, simplifier: &mut Simplifier, value: Value) {
        for i in 0..function.operand_count(value) {
            let operand = function.operand(value, i);
            let now = self.value(function, simplifier, operand);
            if now != operand {
                function.set_operand(value, i, now);
            }
        }
        for edge in function.edges(value) {
            self.edge(function, simplifier, edge);
        }
    }

    fn edge(&mut self, function: &mut Function, simplifier: &mut Simplifier, edge: Edge) {
        for i in 0..function.edge_data(edge).args.len() {
            let arg = function.arg(edge, i);
            let now = self.value(function, simplifier, arg);
            if now != arg {
                function.set_arg(edge, i, now);
            }
        }
    }

    /// Rewrites what all instructions in blocks use.
    pub fn all(&mut self, function: &mut Function, simplifier: &mut Simplifier) {
        for i in 0..function.order.len() {
            let mut next = function.first(function.order[i]);
            while let Some(value) = next {
                self.inst(function, simplifier, value);
                next = function.next(value);
            }
        }
    }
}
