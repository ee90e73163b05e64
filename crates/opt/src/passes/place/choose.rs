//! Which of two ways to a value is taken.
//!
//! First all is marked that is needed whatever is chosen. Then each `either` that is needed takes the way on which less
//! is to be made beyond that: each instruction once, however often it is used; and what it takes is needed from then on.
//! Of each way `LOOKED_AT` instructions count at most.

use super::super::{NONE, floats, uses};
use windlass_ir::op::Shape;
use windlass_ir::{Function, Op, Value};

/// So many instructions of a way are looked at.
const LOOKED_AT: usize = 64;

/// What instructions cost, in simple instructions, if that is more than one: by a part of the name.
const COSTS: &[(&str, u32)] = &[("_mul", 3), ("_div", 15), ("_sqrt", 15), ("raw_const", 4), ("_popcnt", 2)];

/// The ways that were taken.
#[derive(Debug)]
pub struct Ways {
    /// By value; empty, if there was nothing to choose.
    taken: Vec<u32>,
}

impl Ways {
    /// What a value is, if it is one of two ways: the one that was taken.
    pub fn of(&self, mut value: Value) -> Value {
        while let Some(taken) = self.taken.get(value.index()).filter(|taken| **taken != NONE) {
            value = Value(*taken);
        }
        value
    }
}

/// Chooses for all that is needed.
pub fn choose(function: &Function) -> Ways {
    let mut chooser = Chooser {
        function,
        needed: vec![false; function.values()],
        open: Vec::new(),
        stack: Vec::new(),
        seen: Vec::new(),
        look: 0,
        ways: Ways { taken: Vec::new() },
    };
    for block in &function.order {
        for listed in function.insts(*block) {
            for used in uses(function, listed) {
                chooser.need(used);
            }
        }
    }
    if !chooser.open.is_empty() {
        chooser.seen = vec![0; function.values()];
        chooser.ways.taken = vec![NONE; function.values()];
    }
    while let Some(value) = chooser.open.pop() {
        chooser.take(value);
    }
    chooser.ways
}

struct Chooser<'f> {
    function: &'f Function,
    needed: Vec<bool>,
    /// What is needed and was not chosen yet.
    open: Vec<Value>,
    stack: Vec<Value>,
    /// In which look a value was seen last.
    seen: Vec<u32>,
    look: u32,
    ways: Ways,
}

impl Chooser<'_> {
    /// Marks what a value needs.
    fn need(&mut self, value: Value) {
        self.stack.push(value);
        while let Some(value) = self.stack.pop() {
            if !floats(self.function, value) || std::mem::replace(&mut self.needed[value.index()], true) {
                continue;
            }
            if self.function.op(value) == Op::either {
                self.open.push(value);
            } else {
                self.stack.extend(self.function.operands(value));
            }
        }
    }

    fn take(&mut self, value: Value) {
        let (a, b) = (self.function.operand(value, 0), self.function.operand(value, 1));
        let taken = if self.cost(b) < self.cost(a) { b } else { a };
        self.ways.taken[value.index()] = taken.0;
        self.need(taken);
    }

    /// What is to be made for a value beyond what is needed already.
    fn cost(&mut self, value: Value) -> u32 {
        self.look += 1;
        self.stack.push(value);
        let (mut cost, mut count) = (0, 0);
        while let Some(value) = self.stack.pop() {
            let seen = std::mem::replace(&mut self.seen[value.index()], self.look) == self.look;
            if seen || self.needed[value.index()] || !floats(self.function, value) {
                continue;
            }
            if count == LOOKED_AT {
                self.stack.clear();
                break;
            }
            count += 1;
            if self.function.op(value) == Op::either {
                self.stack.push(self.function.operand(value, 0));
            } else {
                cost += cost_of(self.function.op(value));
                self.stack.extend(self.function.operands(value));
            }
        }
        cost
    }
}

fn cost_of(op: Op) -> u32 {
    if matches!(op.shape(), Shape::Const | Shape::Plain) {
        return 0;
    }
    COSTS.iter().find(|(part, _)| op.name().contains(part)).map_or(1, |(_, cost)| *cost)
}
