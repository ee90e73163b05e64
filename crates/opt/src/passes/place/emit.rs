//! Where in its block a value is made: right before its first use there, or at the end if only other blocks use it.
//!
//! The operands of an instruction are made before it in their order, so that a condition, which is the last one, is the
//! last thing that is made. What is made for other blocks comes before the condition of the end.

use super::super::NONE;
use super::plan::{Plan, Spot};
use windlass_ir::dominance::Dominators;
use windlass_ir::{Block, Function, Value};

/// Puts everything in its block.
pub fn emit(function: &mut Function, dominators: &Dominators, plan: Plan) {
    let count = plan.spots.len();
    let mut emitter = Emitter {
        function,
        dominators,
        plan,
        block: Block(NONE),
        free: vec![(Block(NONE), Value(NONE)); count],
        stack: Vec::new(),
    };
    for i in 0..emitter.function.order.len() {
        emitter.block(emitter.function.order[i]);
    }
}

struct Emitter<'a> {
    function: &'a mut Function,
    dominators: &'a Dominators,
    plan: Plan,
    /// The block at hand.
    block: Block,
    /// Of what is made in each block: in which one last, and what it is there.
    free: Vec<(Block, Value)>,
    stack: Vec<Value>,
}

impl Emitter<'_> {
    fn block(&mut self, block: Block) {
        self.block = block;
        let mut next = self.function.first(block);
        while let Some(user) = next {
            next = self.function.next(user);
            if next.is_none() {
                self.end(user);
            }
            for number in 0..self.function.operand_count(user) {
                let value = self.function.operand(user, number);
                let made = self.make(user, value);
                self.function.set_operand(user, number, made);
            }
        }
    }

    /// What comes before the condition at the end of a block.
    fn end(&mut self, user: Value) {
        for edge in self.function.edges(user) {
            for number in 0..self.function.edge_data(edge).args.len() {
                let value = self.function.arg(edge, number);
                let made = self.make(user, value);
                self.function.set_arg(edge, number, made);
            }
        }
        let condition = self.function.operands(user).next().map(|value| self.plan.ways.of(value));
        let mut next = self.plan.first_made[self.block.index()];
        while next != NONE {
            let (value, following) = self.plan.made[next as usize];
            if Some(value) != condition {
                self.put(user, value);
            }
            next = following;
        }
        // The condition may be used in other blocks only by a copy.
        next = self.plan.first_made[self.block.index()];
        while next != NONE {
            let (value, following) = self.plan.made[next as usize];
            self.put(user, value);
            next = following;
        }
    }

    /// What a value is in the block at hand, made before `user` if it was not yet.
    fn make(&mut self, user: Value, value: Value) -> Value {
        let (value, missing) = self.find(user, value);
        if missing {
            self.put(user, value);
        }
        value
    }

    /// Makes a value before `user`, and what it needs before it.
    fn put(&mut self, user: Value, value: Value) {
        self.stack.push(value);
        while let Some(top) = self.stack.last().copied() {
            if self.function.block_of(top).is_some() {
                self.stack.pop();
                continue;
            }
            let function = &self.function;
            let operands: [Option<Value>; 3] =
                std::array::from_fn(|number| function.operands(top).nth(number));
            let made = operands.map(|operand| operand.map(|operand| self.find(user, operand)));
            if let Some((open, _)) = made.into_iter().flatten().find(|(_, missing)| *missing) {
                self.stack.push(open);
                continue;
            }
            for (number, (now, _)) in made.into_iter().flatten().enumerate() {
                self.function.set_operand(top, number, now);
            }
            self.function.insert_before(user, top);
            self.stack.pop();
        }
    }

    /// What a value is in the block at hand, and whether it is to be made now.
    fn find(&mut self, user: Value, value: Value) -> (Value, bool) {
        let value = self.plan.ways.of(value);
        match self.plan.spots.get(value.index()).copied() {
            None | Some(Spot::None) => (value, false),
            Some(Spot::One(block)) => (value, block == self.block && self.function.block_of(value).is_none()),
            Some(Spot::Each) => (self.free(user, value), false),
            Some(Spot::Copies { first, count }) => {
                let copies = &self.plan.copies[first as usize..][..count as usize];
                let copy = copies.iter().find(|copy| self.dominators.dominates(copy.block, self.block));
                let copy = copy.expect("each use has its copy");
                (copy.value, copy.block == self.block && self.function.block_of(copy.value).is_none())
            }
        }
    }

    /// What is made in each block that uses it, in the block at hand.
    fn free(&mut self, user: Value, value: Value) -> Value {
        let (block, made) = self.free[value.index()];
        if block == self.block {
            return made;
        }
        let made = match self.function.block_of(value) {
            None => value,
            Some(_) => {
                self.function.set_position(self.function.position(value));
                self.function.make(self.function.inst(value), self.function.ty(value))
            }
        };
        self.function.insert_before(user, made);
        self.free[value.index()] = (self.block, made);
        made
    }
}
