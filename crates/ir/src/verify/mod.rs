//! Checking that a function is one.
//!
//! **In:** any function that safe code can build. **Out:** nothing, or what is wrong with it. Between passes, debug
//! builds run it; its time is near-linear in the function's size, and its stack does not depend on it.
//!
//! The checks come in three steps, and each relies on the ones before it, so that errors hide those of later steps:
//!
//! 1. *Tables and blocks* (here): numbers are within their tables, blocks list their instructions and parameters.
//! 2. *Instructions* (`inst`): each one alone: its fields, the types of its operands and its own, its edges.
//! 3. *Order* (`order`): whatever a value needs is there where it is used.
//!
//! What floats and is not used is not looked at: passes leave such behind. Code that cannot be reached is checked but
//! for the order of its values, where any is right.

mod error;
mod inst;
mod order;
#[cfg(test)]
mod tests;

pub use error::{Error, Name, Problem};

use crate::entity::{Block, Memory, Signature, Value};
use crate::function::{Function, Target};
use crate::op::Op;
use crate::types::Type;
use alloc::vec;
use alloc::vec::Vec;
use windlass_abi::builtins::VMBuiltins;

/// Checks a function.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(function: &Function) -> Result<(), Error> {
    first(check(function, false))
}

/// Checks a function of which the code is placed: nothing that is used floats.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_placed(function: &Function) -> Result<(), Error> {
    first(check(function, true))
}

/// All that is wrong with a function, but for what only shows when that is mended.
pub fn verify_all(function: &Function) -> Vec<Error> {
    check(function, false)
}

fn first(errors: Vec<Error>) -> Result<(), Error> {
    errors.first().map_or(Ok(()), |error| Err(*error))
}

fn check(function: &Function, placed: bool) -> Vec<Error> {
    let mut verifier = Verifier {
        function,
        placed,
        in_order: vec![false; function.blocks()],
        ranks: vec![NOWHERE; function.values()],
        errors: Vec::new(),
    };
    verifier.tables();
    verifier.blocks();
    for step in [Verifier::instructions, Verifier::order] {
        if verifier.errors.is_empty() {
            step(&mut verifier);
        }
    }
    verifier.errors
}

/// The rank of what is in no block of the order.
const NOWHERE: u32 = u32::MAX;

struct Verifier<'f> {
    function: &'f Function,
    /// Whether nothing may float.
    placed: bool,
    /// Whether a block is in the order.
    in_order: Vec<bool>,
    /// Of each value its rank in its block: parameters have 0, instructions count from 1.
    ranks: Vec<u32>,
    errors: Vec<Error>,
}

impl Verifier<'_> {
    fn error(&mut self, block: Option<Block>, value: Option<Value>, problem: Problem) {
        let inst = value.map(|value| (value, self.function.op(value)));
        self.errors.push(Error { block, inst, problem });
    }

    /// An error of an instruction.
    fn error_at(&mut self, value: Value, problem: Problem) {
        self.error(self.function.block_of(value), Some(value), problem);
    }

    fn is_value(&self, value: Value) -> bool {
        value.index() < self.function.values()
    }

    fn is_in_order(&self, block: Block) -> bool {
        self.in_order.get(block.index()) == Some(&true)
    }

    /// Signatures, callees, memories and catches.
    fn tables(&mut self) {
        let function = self.function;
        let void = |types: &[Type]| types.contains(&Type::Void);
        for (i, signature) in function.signatures.iter().enumerate() {
            if void(&signature.params) || void(&signature.results) {
                self.error(None, None, Problem::VoidSignature(Signature(i as u32)));
            }
        }
        for signature in function.callees.iter().map(|callee| callee.signature).chain([function.signature]) {
            if signature.index() >= function.signatures.len() {
                self.error(None, None, Problem::Missing(Name::Signature(signature)));
            }
        }
        for callee in &function.callees {
            match callee.target {
                Target::Builtin(number) if number as usize >= VMBuiltins::NAMES.len() => {
                    self.error(None, None, Problem::Missing(Name::Builtin(number)));
                }
                _ => {}
            }
        }
        for (i, memory) in function.memories.iter().enumerate() {
            if !matches!(memory.index, Type::I32 | Type::I64) {
                self.error(None, None, Problem::MemoryIndex(Memory(i as u32), memory.index));
            }
        }
        for (i, catch) in function.catches.iter().enumerate() {
            if void(&catch.values) {
                self.error(None, None, Problem::VoidCatch(i as u32));
            }
        }
    }

    /// The order, and what blocks list.
    fn blocks(&mut self) {
        let function = self.function;
        for block in function.order.iter().copied() {
            match self.in_order.get_mut(block.index()) {
                None => self.error(None, None, Problem::Missing(Name::Block(block))),
                Some(true) => self.error(Some(block), None, Problem::TwiceInOrder),
                Some(seen) => *seen = true,
            }
        }
        if !self.errors.is_empty() {
            return;
        }
        for block in function.order.iter().copied() {
            self.params(block);
            self.list(block);
        }
        match function.order.first() {
            None => self.error(None, None, Problem::NoEntry),
            Some(entry) => self.entry(*entry),
        }
        // A list that is broken would make errors of what is behind.
        if !self.errors.is_empty() {
            return;
        }
        for value in (0..function.values() as u32).map(Value) {
            let listed = self.ranks[value.index()] != NOWHERE;
            if !listed && function.block_of(value).is_some_and(|block| self.is_in_order(block)) {
                self.error_at(value, Problem::NotInList);
            }
        }
    }

    fn params(&mut self, block: Block) {
        for (i, param) in self.function.params(block).enumerate() {
            let made = self.is_value(param) && {
                let inst = self.function.inst(param);
                inst.op == Op::param
                    && inst.fields[..2] == [block.0, i as u32]
                    && self.function.block_of(param) == Some(block)
            };
            if !made {
                self.error(Some(block), None, Problem::Param(i, param));
                continue;
            }
            if self.function.ty(param) == Type::Void {
                self.error_at(param, Problem::Void);
            }
            self.ranks[param.index()] = 0;
        }
    }

    fn entry(&mut self, entry: Block) {
        let function = self.function;
        let Some(signature) = function.signatures.get(function.signature.index()) else { return };
        let (is, wanted) = (function.params(entry).len(), signature.params.len());
        if is != wanted {
            self.error(Some(entry), None, Problem::EntryCount { is, wanted });
        }
        for (param, (value, wanted)) in function.params(entry).zip(&signature.params).enumerate() {
            let is = if self.is_value(value) { function.ty(value) } else { Type::Void };
            if is != *wanted {
                self.error(Some(entry), None, Problem::EntryType { param, is, wanted: *wanted });
            }
        }
    }

    /// The instructions of a block. Links back that fit the links forth show that the walk comes to an end.
    fn list(&mut self, block: Block) {
        let function = self.function;
        let (mut previous, mut next, mut rank) = (None, function.first(block), 0);
        while let Some(value) = next {
            let linked = self.is_value(value)
                && function.block_of(value) == Some(block)
                && function.previous(value) == previous
                && function.op(value) != Op::param;
            if !linked {
                return self.error(Some(block), None, Problem::Links(value));
            }
            if let Some(end) = previous.filter(|previous| function.op(*previous).ends()) {
                self.error_at(end, Problem::BehindEnd(value));
            }
            rank += 1;
            self.ranks[value.index()] = rank;
            (previous, next) = (Some(value), function.next(value));
        }
        match function.last(block) {
            last if last != previous => {
                let at = last.or(previous).expect("one of two different ones is there");
                self.error(Some(block), None, Problem::Links(at));
            }
            None => self.error(Some(block), None, Problem::Empty),
            Some(last) if !function.op(last).ends() => {
                self.error(Some(block), None, Problem::NoEnd(last));
            }
            Some(_) => {}
        }
    }
}
