//! What the locals are at the operator at hand.
//!
//! **The log.** Each open block remembers where in the log it began. When a local is written for the first time since then, the log
//! gets what it was before. So what changed in a block is the log from its beginning on, and going back to what was before it is
//! undoing that.

use super::control::Control;
use super::{Translator, type_of};
use windlass_abi::types::ValType;
use windlass_ir::entity::Slot;
use windlass_ir::function::SlotData;
use windlass_ir::{Block, Inst, Op, Type, Value};

/// The locals of a function.
#[derive(Default)]
pub(super) struct Locals {
    /// What they are now. If they are in slots, nothing.
    values: Vec<Value>,
    types: Vec<Type>,
    /// What changed, and what it was before.
    log: Vec<(u32, Value)>,
    /// For each local: the number of open blocks when it was written to the log last.
    logged: Vec<u32>,
    /// For each local: the last search that has met it.
    met: Vec<u32>,
    searches: u32,
}

impl Locals {
    /// Its type.
    pub(super) fn ty(&self, local: u32) -> Type {
        self.types[local as usize]
    }

    /// What a local is now.
    pub(super) fn get(&self, local: u32) -> Value {
        self.values[local as usize]
    }

    /// Where the log ends.
    pub(super) fn mark(&self) -> usize {
        self.log.len()
    }

    /// Writes a local, within so many open blocks.
    pub(super) fn set(&mut self, local: u32, value: Value, depth: u32) {
        let at = local as usize;
        if self.values[at] == value {
            return;
        }
        if self.logged[at] != depth {
            self.log.push((local, self.values[at]));
            self.logged[at] = depth;
        }
        self.values[at] = value;
    }

    /// Undoes the log back to a mark, within so many open blocks: locals are what they were.
    pub(super) fn undo(&mut self, mark: usize) {
        for (local, value) in self.log.drain(mark..).rev() {
            self.values[local as usize] = value;
            // Whether an outer block has logged it is not known: logging twice does no harm.
            self.logged[local as usize] = 0;
        }
    }

    /// A block ends: what it logged counts for the one around it.
    pub(super) fn leave(&mut self, mark: usize, depth: u32) {
        for (local, _) in &self.log[mark..] {
            self.logged[*local as usize] = depth;
        }
    }

    /// Appends the locals that changed since a mark with what they are now, each once.
    pub(super) fn changed_since(&mut self, mark: usize, to: &mut Vec<(u32, Value)>) {
        self.searches += 1;
        for (local, _) in &self.log[mark..] {
            let at = *local as usize;
            if self.met[at] != self.searches {
                self.met[at] = self.searches;
                to.push((*local, self.values[at]));
            }
        }
    }
}

impl Translator<'_> {
    /// Makes the function's locals: its parameters, and those that are declared.
    pub(super) fn begin_locals(&mut self, entry: Block, declared: &[(u32, ValType)]) {
        let locals = &mut self.locals;
        locals.values.clear();
        locals.types.clear();
        locals.log.clear();
        locals.values.extend(self.function.params(entry));
        locals.types.extend(self.function.params(entry).map(|v| self.function.ty(v)));
        for (count, ty) in declared {
            let ty = type_of(ty.kind());
            let zero = match ty {
                Type::V128 => self.simplifier.vector(&mut self.function, Default::default()),
                ty => self.simplifier.constant(&mut self.function, ty, 0),
            };
            let locals = &mut self.locals;
            locals.values.resize(locals.values.len() + *count as usize, zero);
            locals.types.resize(locals.types.len() + *count as usize, ty);
        }
        let locals = &mut self.locals;
        locals.logged.clear();
        locals.logged.resize(locals.values.len(), 0);
        locals.met.clear();
        locals.met.resize(locals.values.len(), 0);
        locals.searches = 0;
        if self.in_slots {
            for i in 0..self.locals.values.len() {
                self.function.slots.push(SlotData { size: self.locals.types[i].size().max(8) });
                let inst = Inst::slot_of(Op::slot_store, &[self.locals.values[i]], Slot(i as u32));
                self.place(inst, Type::Void);
            }
        }
    }

    /// What a local is.
    pub(super) fn local(&mut self, local: u32) -> Value {
        if self.in_slots {
            let ty = self.locals.ty(local);
            return self.place(Inst::slot_of(Op::slot_load, &[], Slot(local)), ty);
        }
        self.locals.get(local)
    }

    /// Writes a local.
    pub(super) fn set_local(&mut self, local: u32, value: Value) {
        if self.in_slots {
            self.place(Inst::slot_of(Op::slot_store, &[value], Slot(local)), Type::Void);
            return;
        }
        self.locals.set(local, value, self.control.len() as u32);
    }

    /// Makes the locals what they were when a block was opened.
    pub(super) fn restore_locals(&mut self, control: &Control) {
        self.locals.undo(control.log);
    }
}
