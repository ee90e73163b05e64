//! Blocks and branches: structured control as a graph of blocks in SSA form.
//!
//! **Labels at the end of a block.** Each branch to one is remembered with what it carries and what the locals changed since the
//! block was opened. When the block ends, all of its branches are known, and a local needs a parameter only if they
//! bring different values of it.
//!
//! **Labels at the start of a loop.** The branches come later: so each local that is written in the loop has a parameter.
//!
//! The parameters of a block are first what its label carries, then locals.

use super::{Done, MAX_MERGED, Translator};
use std::ops::Range;
use windlass_abi::trap::TrapCode;
use windlass_ir::{Block, Edge, Inst, Op, Type, Value};
use windlass_wasm::wasmparser::{BlockType, BrTable, Catch, TryTable};
use windlass_wasm::{BlockValues, SinkError};

/// What a control frame is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// The function, `block`, or the second arm of an `if`.
    Block,
    /// `loop`: its block, and its number.
    Loop { header: Block, number: usize },
    /// The first arm of an `if`: the edge around it, and the values that the block takes.
    If { otherwise: Edge, params: Vec<Value> },
    /// `try_table`.
    Try { handlers: Vec<Handler> },
}

/// A catch clause of an open `try_table`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handler {
    /// Its number in the function.
    pub catch: u32,
    /// How many blocks were open around the `try_table`, and which of them, from the outermost, it goes to.
    pub target: usize,
}

/// A block that is open.
#[derive(Clone, Debug)]
pub(super) struct Control {
    pub kind: Kind,
    params: BlockValues,
    results: BlockValues,
    /// Values below the block's parameters.
    base: usize,
    /// Whether the block cannot be reached.
    dead: bool,
    /// Where the log of locals was.
    pub log: usize,
    /// The block of its end, if something goes there.
    target: Option<Block>,
    /// The latest branch to its end, plus one.
    incoming: usize,
}

/// A branch to the end of a block that is open.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    edge: Edge,
    /// The one before it, plus one.
    previous: usize,
    /// What it carries, in [`Translator::carried`]; nothing if that comes from a call or a handler.
    carried: Range<usize>,
    /// What it changes, in [`Translator::changes`].
    changes: Range<usize>,
}

impl Translator<'_> {
    fn open(&mut self, kind: Kind, ty: BlockType) {
        let (params, results) = BlockValues::of(ty, &self.kinds);
        let below = if self.dead { 0 } else { params.count(self.facts()) };
        self.control.push(Control {
            kind,
            params,
            results,
            base: self.stack.len() - below,
            dead: self.dead,
            log: self.locals.mark(),
            target: None,
            incoming: 0,
        });
    }

    /// Opens the function's outermost block, whose end returns.
    pub(super) fn enter_body(&mut self) {
        self.open(Kind::Block, BlockType::Empty);
        let index = self.control.len() - 1;
        self.control[index].results = BlockValues::Results(self.facts().functions[self.index as usize]);
    }

    /// Makes what follows unreachable.
    pub(super) fn die(&mut self) {
        let base = self.control.last().expect("a block is open").base;
        self.stack.truncate(base);
        self.dead = true;
        self.charge = None;
    }

    /// The open block that a label stands for, from the outermost.
    fn depth(&self, depth: u32) -> usize {
        self.control.len() - 1 - depth as usize
    }

    /// What a branch to a label carries.
    fn label_values(&self, at: usize) -> BlockValues {
        let control = &self.control[at];
        if matches!(control.kind, Kind::Loop { .. }) { control.params } else { control.results }
    }

    fn types_of(&self, values: BlockValues) -> Vec<Type> {
        values.kinds(self.facts()).map(super::type_of).collect()
    }

    // Edges.

    /// Makes an edge to a label. It carries the topmost values, but for the first `given` ones, which whatever ends the block gives.
    fn edge_to(&mut self, at: usize, given: usize) -> Result<Edge, SinkError> {
        let count = self.label_values(at).count(self.facts()) - given;
        let from = self.stack.len() - count;
        if let Kind::Loop { header, number } = self.control[at].kind {
            let mut args = self.stack[from..].to_vec();
            if !self.in_slots {
                args.extend(self.loops.written(number).iter().map(|local| self.locals.get(*local)));
            }
            self.count_merged(args.len())?;
            let args = self.function.list(args);
            return Ok(self.function.edge(header, args));
        }
        let target = match self.control[at].target {
            Some(target) => target,
            None => {
                let target = self.function.block();
                self.control[at].target = Some(target);
                target
            }
        };
        let edge = self.function.edge(target, Default::default());
        let carried = self.carried.len();
        self.carried.extend_from_slice(&self.stack[from..]);
        let changes = self.changes.len();
        if !self.in_slots {
            let log = self.control[at].log;
            self.locals.changed_since(log, &mut self.changes);
        }
        self.remember(at, edge, carried, changes)?;
        Ok(edge)
    }

    fn remember(&mut self, at: usize, edge: Edge, carried: usize, changes: usize) -> Done {
        let (carried, changes) = (carried..self.carried.len(), changes..self.changes.len());
        self.count_merged(carried.len() + changes.len())?;
        self.incoming.push(Incoming { edge, previous: self.control[at].incoming, carried, changes });
        self.control[at].incoming = self.incoming.len();
        Ok(())
    }

    /// Bounds what merges take: whoever exceeds it is translated again, with locals in slots.
    fn count_merged(&mut self, more: usize) -> Done {
        self.merged += more + 1;
        if self.merged > MAX_MERGED && !self.in_slots {
            return Err(SinkError::limit("the function's merges are too large"));
        }
        Ok(())
    }

    fn jump(&mut self, edge: Edge) {
        self.place(Inst { op: Op::jump, aux: 0, fields: [edge.0, 0, 0] }, Type::Void);
    }

    /// Ends the block at hand with a branch, and goes on in a new one where the condition is zero, or with `taken` false
    /// where it is not.
    pub(super) fn branch_off(
        &mut self,
        condition: Value,
        taken: bool,
        edge: impl FnOnce(&mut Self) -> Result<Edge, SinkError>,
    ) -> Done {
        let next = self.function.block();
        // The edges of a branch are consecutive: first where the condition is not zero.
        let first = if taken {
            let first = edge(self)?;
            self.function.edge(next, Default::default());
            first
        } else {
            let first = self.function.edge(next, Default::default());
            edge(self)?;
            first
        };
        self.place(Inst { op: Op::branch, aux: 0, fields: [condition.0, first.0, 0] }, Type::Void);
        self.start(next);
        Ok(())
    }

    /// A condition without a comparison with zero around it, and whether it is the other way round.
    fn condition(&self, condition: Value) -> (Value, bool) {
        let inst = self.function.inst(condition);
        match inst.op {
            Op::i32_eq if self.function.constant(Value(inst.fields[1])) == Some(0) => {
                (Value(inst.fields[0]), false)
            }
            Op::i32_ne if self.function.constant(Value(inst.fields[1])) == Some(0) => {
                (Value(inst.fields[0]), true)
            }
            _ => (condition, true),
        }
    }

    // Operators.

    /// `block`.
    pub(super) fn block(&mut self, ty: BlockType) -> Done {
        self.open(Kind::Block, ty);
        Ok(())
    }

    /// `loop`.
    pub(super) fn loop_(&mut self, ty: BlockType) -> Done {
        let number = self.started_loops;
        self.started_loops += 1;
        let header = self.function.block();
        self.open(Kind::Loop { header, number }, ty);
        if self.dead {
            return Ok(());
        }
        let at = self.control.len() - 1;
        let edge = self.edge_to(at, 0)?;
        self.jump(edge);
        self.start(header);
        let mut types = self.types_of(self.control[at].params);
        let carried = types.len();
        if !self.in_slots {
            types.extend(self.loops.written(number).iter().map(|local| self.locals.ty(*local)));
        }
        self.function.make_params(header, types);
        let base = self.control[at].base;
        self.stack.truncate(base);
        self.stack.extend(self.function.params(header).take(carried));
        if !self.in_slots {
            let depth = self.control.len() as u32;
            for (local, value) in
                self.loops.written(number).iter().zip(self.function.params(header).skip(carried))
            {
                self.locals.set(*local, value, depth);
            }
        }
        if self.settings.interruption && self.loops.is_silent(number) {
            self.place(Inst::plain(Op::poll, &[]), Type::Void);
        }
        Ok(())
    }

    /// `if`.
    pub(super) fn if_(&mut self, ty: BlockType) -> Done {
        if self.dead {
            self.open(Kind::Block, ty);
            return Ok(());
        }
        let condition = self.pop();
        let (condition, taken) = self.condition(condition);
        let then = self.function.block();
        let (a, b) = if taken { (then, Block(0)) } else { (Block(0), then) };
        let first = self.function.edge(a, Default::default());
        let second = self.function.edge(b, Default::default());
        self.place(Inst { op: Op::branch, aux: 0, fields: [condition.0, first.0, 0] }, Type::Void);
        let otherwise = if taken { second } else { first };
        self.open(Kind::Block, ty);
        let at = self.control.len() - 1;
        let params = self.stack[self.control[at].base..].to_vec();
        self.control[at].kind = Kind::If { otherwise, params };
        self.start(then);
        Ok(())
    }

    /// `else`.
    pub(super) fn else_(&mut self) -> Done {
        let at = self.control.len() - 1;
        if self.control[at].dead {
            return Ok(());
        }
        if !self.dead {
            let edge = self.edge_to(at, 0)?;
            self.jump(edge);
        }
        let Kind::If { otherwise, params } = std::mem::replace(&mut self.control[at].kind, Kind::Block)
        else {
            unreachable!("validated: `else` follows `if`")
        };
        let block = self.function.block();
        self.function.edge_data_mut(otherwise).block = block;
        self.start(block);
        self.dead = false;
        self.stack.truncate(self.control[at].base);
        self.stack.extend(params);
        let control = self.control[at].clone();
        self.restore_locals(&control);
        Ok(())
    }

    /// `end`.
    pub(super) fn end(&mut self) -> Done {
        let at = self.control.len() - 1;
        if self.control[at].dead {
            self.control.pop();
            return Ok(());
        }
        if let Kind::If { otherwise, params } = self.control[at].kind.clone() {
            // Without `else`, what goes around the arm goes to the end with the parameters, which are the results.
            let target = *self.control[at].target.get_or_insert_with(|| self.function.block());
            self.function.edge_data_mut(otherwise).block = target;
            let carried = self.carried.len();
            self.carried.extend(params);
            let changes = self.changes.len();
            self.remember(at, otherwise, carried, changes)?;
        }
        if self.control[at].incoming == 0 {
            // Nothing else comes to the end: it is a place like any other.
            let control = self.control.pop().expect("it is open");
            let depth = self.control.len() as u32;
            self.locals.leave(control.log, depth);
            if self.dead {
                self.stack.truncate(control.base);
            } else if depth == 0 {
                self.return_values(control.base);
            }
            return Ok(());
        }
        if !self.dead {
            let edge = self.edge_to(at, 0)?;
            self.jump(edge);
        }
        self.merge()?;
        if self.control.is_empty() {
            self.return_values(0);
        }
        Ok(())
    }

    /// The end of the innermost block, where several ways meet.
    fn merge(&mut self) -> Done {
        let control = self.control.pop().expect("it is open");
        let depth = self.control.len() as u32;
        let target = control.target.expect("something comes to it");
        self.restore_locals(&control);
        let mut ways = Vec::new();
        let mut next = control.incoming;
        while next != 0 {
            ways.push(next - 1);
            next = self.incoming[next - 1].previous;
        }
        ways.reverse();
        // The locals that any way changes, and where each is among them.
        let mut locals: Vec<u32> = Vec::new();
        for way in &ways {
            let changes = self.incoming[*way].changes.clone();
            locals.extend(self.changes[changes].iter().map(|(local, _)| *local));
        }
        locals.sort_unstable();
        locals.dedup();
        self.count_merged(locals.len() * ways.len())?;
        // A row for each way: what the locals are there.
        let before: Vec<Value> = locals.iter().map(|local| self.locals.get(*local)).collect();
        let mut rows: Vec<Vec<Value>> = Vec::with_capacity(ways.len());
        for way in &ways {
            let mut row = before.clone();
            for (local, value) in &self.changes[self.incoming[*way].changes.clone()] {
                row[locals.binary_search(local).expect("it is among them")] = *value;
            }
            rows.push(row);
        }
        let differs = |i: usize| rows.iter().any(|row| row[i] != rows[0][i]);
        let merged: Vec<usize> = (0..locals.len()).filter(|i| differs(*i)).collect();
        // Parameters: what the label carries, then those locals.
        let mut types = self.types_of(control.results);
        let carried = types.len();
        types.extend(merged.iter().map(|i| self.locals.ty(locals[*i])));
        self.function.make_params(target, types);
        for (way, row) in ways.iter().zip(&rows) {
            let Incoming { edge, carried, .. } = self.incoming[*way].clone();
            let args = self.carried[carried].iter().copied().chain(merged.iter().map(|i| row[*i]));
            let args: Vec<Value> = args.collect();
            let args = self.function.list(args);
            self.function.edge_data_mut(edge).args = args;
        }
        // What was remembered of this block is of no use any more; inner blocks have ended before.
        let first = ways[0];
        if ways.len() == self.incoming.len() - first {
            self.carried.truncate(self.incoming[first].carried.start);
            self.changes.truncate(self.incoming[first].changes.start);
            self.incoming.truncate(first);
        }
        self.start(target);
        self.dead = false;
        self.stack.truncate(control.base);
        self.stack.extend(self.function.params(target).take(carried));
        let mut params = self.function.params(target).skip(carried);
        for (i, local) in locals.iter().enumerate() {
            let value = if differs(i) { params.next().expect("it has a parameter") } else { rows[0][i] };
            self.locals.set(*local, value, depth);
        }
        Ok(())
    }

    /// Returns what is on the stack above a height.
    fn return_values(&mut self, base: usize) {
        let list = self.function.list(self.stack[base..].iter().copied());
        let fields = [list.start(), list.len() as u32, 0];
        self.place(Inst { op: Op::return_, aux: 0, fields }, Type::Void);
        self.stack.truncate(base);
        self.dead = true;
    }

    /// `br`.
    pub(super) fn br(&mut self, depth: u32) -> Done {
        let at = self.depth(depth);
        let edge = self.edge_to(at, 0)?;
        self.jump(edge);
        self.die();
        Ok(())
    }

    /// `return`.
    pub(super) fn return_(&mut self) -> Done {
        let count = self.control[0].results.count(self.facts());
        self.return_values(self.stack.len() - count);
        self.die();
        Ok(())
    }

    /// `br_if`.
    pub(super) fn br_if(&mut self, depth: u32) -> Done {
        let condition = self.pop();
        self.branch_if(depth, condition, true)
    }

    /// Branches to a label if a condition is not zero, or with `taken` false if it is.
    pub(super) fn branch_if(&mut self, depth: u32, condition: Value, taken: bool) -> Done {
        let (condition, straight) = self.condition(condition);
        let at = self.depth(depth);
        self.branch_off(condition, taken == straight, |this| this.edge_to(at, 0))
    }

    /// `br_table`.
    pub(super) fn br_table(&mut self, targets: &BrTable<'_>) -> Done {
        let index = self.pop();
        let mut first = None;
        let mut count = 0_u32;
        for depth in targets.targets() {
            let depth = depth.map_err(|e| SinkError::limit(e.to_string()))?;
            let at = self.depth(depth);
            let edge = self.edge_to(at, 0)?;
            first.get_or_insert(edge);
            count += 1;
        }
        let at = self.depth(targets.default());
        let default = self.edge_to(at, 0)?;
        let first = first.unwrap_or(default);
        let fields = [index.0, first.0, count + 1];
        self.place(Inst { op: Op::branch_table, aux: 0, fields }, Type::Void);
        self.die();
        Ok(())
    }

    /// `unreachable`.
    pub(super) fn unreachable(&mut self) -> Done {
        self.end_with_trap(TrapCode::Unreachable);
        Ok(())
    }

    /// Ends the block at hand with a trap.
    pub(super) fn end_with_trap(&mut self, code: TrapCode) {
        self.place(Inst { op: Op::trap, aux: code as u16, fields: [0; 3] }, Type::Void);
        self.die();
    }

    /// `select`.
    pub(super) fn select(&mut self) -> Done {
        let condition = self.pop();
        let (b, a) = (self.pop(), self.pop());
        let value = self.pure(Op::select, &[a, b, condition]);
        self.push(value)
    }

    /// `br_on_null`, or with `on_null` false `br_on_non_null`.
    pub(super) fn br_on_null(&mut self, depth: u32, on_null: bool) -> Done {
        let reference = self.pop();
        let is_null = self.is_null(reference);
        if on_null {
            self.branch_if(depth, is_null, true)?;
            return self.push(reference);
        }
        // The branch carries the reference.
        self.push(reference)?;
        self.branch_if(depth, is_null, false)?;
        self.pop();
        Ok(())
    }

    /// `try_table`.
    pub(super) fn try_table(&mut self, table: TryTable) -> Done {
        let mut handlers = Vec::new();
        if !self.dead {
            for clause in &table.catches {
                let (tag, with_reference, depth) = match *clause {
                    Catch::One { tag, label } => (Some(tag), false, label),
                    Catch::OneRef { tag, label } => (Some(tag), true, label),
                    Catch::All { label } => (None, false, label),
                    Catch::AllRef { label } => (None, true, label),
                };
                let catch = self.catch(tag, with_reference);
                handlers.push(Handler { catch, target: self.depth(depth) });
            }
        }
        self.open(Kind::Try { handlers }, table.ty);
        Ok(())
    }

    /// The handlers of all open `try_table`s, the innermost first, up to the first one that catches everything.
    pub(super) fn handlers(&self) -> Vec<Handler> {
        let mut all = Vec::new();
        for control in self.control.iter().rev() {
            let Kind::Try { handlers } = &control.kind else { continue };
            for handler in handlers {
                all.push(*handler);
                if self.function.catches[handler.catch as usize].tag.is_none() {
                    return all;
                }
            }
        }
        all
    }

    /// An edge to a handler's label, which gets what is thrown.
    pub(super) fn handler_edge(&mut self, handler: Handler) -> Result<Edge, SinkError> {
        let given = self.function.catches[handler.catch as usize].values.len();
        let edge = self.edge_to(handler.target, given)?;
        self.function.edge_data_mut(edge).catch = Some(handler.catch);
        Ok(edge)
    }
}
