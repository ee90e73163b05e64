//! Blocks, branches, returns, and handlers of exceptions.
//!
//! The values that a branch carries are put into the home slots that the entries of its label have.
//! Branches to a label that is not bound yet are linked through their target operands.

use super::Translator;
use super::emit::Taken;
use super::stack::{Entry, Operand};
use crate::code::{Catch, Handler};
use crate::frame::HEADER;
use crate::handlers::call::{Return, ReturnAny, ReturnValue};
use crate::handlers::control::{Br, BrTable, Check, Fuel, Unreachable};
use crate::handlers::reference::{BranchNull, Func, Gc};
use crate::handlers::source::{Acc, Imm, Slot};
use crate::machine::OPCODE;
use crate::ops::BinaryOp;
use crate::table::opcode;
use alloc::vec::Vec;
use windlass_abi::types::ValKind;
use windlass_wasm::wasmparser::{BlockType, BrTable as BrTableTargets, TryTable};
use windlass_wasm::{BlockValues, SinkError};

/// What a control frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ControlKind {
    /// The function, `block`, or the second arm of an `if`.
    Block,
    /// `loop`.
    Loop,
    /// The first arm of an `if`: the branch around it.
    If { skip: usize },
    /// `try_table`: where its code starts, and its catch clauses.
    Try { code: u32, catches: u32, catches_end: u32 },
}

/// A block that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Control {
    kind: ControlKind,
    params: BlockValues,
    results: BlockValues,
    /// Entries below the block's parameters.
    base: usize,
    /// Slots of those.
    base_height: u32,
    /// Whether the block cannot be reached.
    dead: bool,
    /// Where a loop starts.
    target: usize,
    /// The latest target operand of a branch to the end, or 0.
    links: usize,
    /// Whether a catch clause goes to the end.
    caught: bool,
}

impl Control {
    /// Whether something goes to the end of the block other than what falls through.
    fn is_joined(&self) -> bool {
        self.links != 0 || self.caught
    }
}

impl Translator<'_> {
    fn push_homes(&mut self, types: BlockValues) -> Result<(), SinkError> {
        for kind in types.kinds(self.facts()) {
            self.push_home(kind)?;
        }
        Ok(())
    }

    /// What a branch to this label carries.
    fn carried(&self, label: &Control) -> BlockValues {
        if label.kind == ControlKind::Loop { label.params } else { label.results }
    }

    /// The home slot of the first entry above a block's base.
    fn base_slot(&self, label: &Control) -> u16 {
        (self.func.header + HEADER as u32 + label.base_height) as u16
    }

    fn label(&mut self, depth: u32) -> usize {
        self.func.control.len() - 1 - depth as usize
    }

    /// Starts the function's outermost block.
    pub(super) fn enter_function(&mut self) {
        let ty = self.facts().functions[self.func.index as usize];
        self.func.control.push(Control {
            kind: ControlKind::Block,
            params: BlockValues::None,
            results: BlockValues::Results(ty),
            base: 0,
            base_height: 0,
            dead: false,
            target: 0,
            links: 0,
            caught: false,
        });
        self.check_interrupt();
    }

    /// Emits a look at the interrupt word, if the settings want it.
    fn check_interrupt(&mut self) {
        if self.settings.interruption {
            self.mark();
            let at = self.here();
            self.start(opcode::<Check>());
            self.unit(0);
            self.func.frame_size_at.push(at + OPCODE);
            self.safepoint(at);
        }
    }

    /// Charges an operator, before it is translated.
    #[inline]
    pub(super) fn charge(&mut self, op: windlass_wasm::fuel::Op) {
        if self.settings.fuel && !self.func.dead {
            self.charge_fuel(op);
        }
    }

    fn charge_fuel(&mut self, op: windlass_wasm::fuel::Op) {
        if op.cost > 0 {
            let at = match self.func.fuel_at {
                Some(at) => at,
                None => {
                    self.mark();
                    let at = self.here();
                    self.start(opcode::<Fuel>());
                    self.unit32(0);
                    self.safepoint(at);
                    self.func.fuel_at = Some(at + OPCODE);
                    at + OPCODE
                }
            };
            let units = &mut self.chunk.units[at..at + 2];
            let sum = read32(units).saturating_add(op.cost);
            write32(units, sum);
        }
        if op.ends_block {
            self.func.fuel_at = None;
        }
    }

    /// Marks what follows as unreachable.
    fn die(&mut self) {
        let base = self.func.control.last().expect("a block is open").base;
        self.truncate(base);
        self.func.dead = true;
        self.func.fuel_at = None;
        self.barrier();
    }

    fn open(&mut self, kind: ControlKind, ty: BlockType) {
        let (params, results) = BlockValues::of(ty, &self.kinds);
        let dead = self.func.dead;
        let (base, base_height) = if dead {
            (self.func.stack.len(), self.func.height)
        } else {
            (
                self.func.stack.len() - params.count(self.facts()),
                self.func.height - params.slots(self.facts()),
            )
        };
        self.func.control.push(Control {
            kind,
            params,
            results,
            base,
            base_height,
            dead,
            target: self.here(),
            links: 0,
            caught: false,
        });
    }

    /// `block`.
    pub(super) fn block(&mut self, ty: BlockType) -> Result<(), SinkError> {
        if !self.func.dead {
            self.settle();
        }
        self.open(ControlKind::Block, ty);
        Ok(())
    }

    /// `loop`.
    pub(super) fn loop_(&mut self, ty: BlockType) -> Result<(), SinkError> {
        if !self.func.dead {
            self.settle();
            if let BlockType::FuncType(i) = ty {
                self.bring_top_home(BlockValues::Params(i).count(self.facts()));
            }
            self.barrier();
            self.clear_accs();
        }
        self.open(ControlKind::Loop, ty);
        if !self.func.dead {
            self.check_interrupt();
        }
        Ok(())
    }

    /// `if`.
    pub(super) fn if_(&mut self, ty: BlockType) -> Result<(), SinkError> {
        let mut skip = 0;
        if !self.func.dead {
            let condition = self.pop_condition();
            self.settle();
            if let BlockType::FuncType(i) = ty {
                self.bring_top_home(BlockValues::Params(i).count(self.facts()));
            }
            skip = self.branch_on(&condition, false);
        }
        self.open(ControlKind::If { skip }, ty);
        Ok(())
    }

    /// `else`.
    pub(super) fn else_(&mut self) -> Result<(), SinkError> {
        let label = self.func.control.len() - 1;
        let control = self.func.control[label];
        let ControlKind::If { skip } = control.kind else { unreachable!("validated: `else` follows `if`") };
        if control.dead {
            self.func.control[label].kind = ControlKind::Block;
            return Ok(());
        }
        if !self.func.dead {
            self.bring_top_home(control.results.count(self.facts()));
            self.jump(label);
        }
        self.truncate(control.base);
        self.func.dead = false;
        self.func.control[label].kind = ControlKind::Block;
        self.bind_branch(skip);
        self.push_homes(control.params)?;
        self.func.settled = self.func.settled.max(control.base);
        Ok(())
    }

    /// `end`.
    pub(super) fn end(&mut self) -> Result<(), SinkError> {
        let label = self.func.control.len() - 1;
        let mut control = self.func.control[label];
        if control.dead {
            self.func.control.pop();
            return Ok(());
        }
        if let ControlKind::Try { code, catches, catches_end } = control.kind {
            let end = self.here() as u32;
            self.chunk.handlers.push(Handler { start: code, end, catches, catches_end });
        }
        let outermost = label == 0;
        if outermost && !self.func.dead {
            self.emit_return()?;
            self.func.dead = true;
        }
        if let ControlKind::If { skip } = control.kind {
            // Without `else`, what skips the arm goes to the end with the parameters, which are the results.
            if !self.func.dead {
                self.bring_top_home(control.results.count(self.facts()));
            }
            self.link(label, skip + OPCODE);
            control = self.func.control[label];
        }
        if control.is_joined() {
            if !self.func.dead {
                self.bring_top_home(control.results.count(self.facts()));
            }
            self.truncate(control.base);
            self.func.dead = false;
            self.bind(label);
            self.push_homes(control.results)?;
            if outermost {
                self.emit_return()?;
                self.func.dead = true;
            }
        } else if self.func.dead {
            self.truncate(control.base);
        }
        self.func.control.pop();
        Ok(())
    }

    /// Binds a label's end to the next instruction.
    fn bind(&mut self, label: usize) {
        let here = self.here();
        let mut at = self.func.control[label].links;
        while at != 0 {
            let units = &mut self.chunk.units[at..at + 2];
            let next = read32(units) as usize;
            write32(units, (here as i64 - (at as i64 - OPCODE as i64)) as u32);
            at = next;
        }
        let catches = &mut self.chunk.catches;
        self.func.pending_catches.retain(|&(to, clause)| {
            if to == label {
                catches[clause].target = here as u32;
            }
            to != label
        });
        self.barrier();
        self.clear_accs();
    }

    /// Binds the target of the branch that starts at `start` to the next instruction.
    fn bind_branch(&mut self, start: usize) {
        let distance = (self.here() - start) as u32;
        write32(&mut self.chunk.units[start + OPCODE..start + OPCODE + 2], distance);
        self.barrier();
        self.clear_accs();
    }

    /// Makes the target operand at `at` one that goes to a label.
    fn link(&mut self, label: usize, at: usize) {
        let control = &mut self.func.control[label];
        let value = if control.kind == ControlKind::Loop {
            (control.target as i64 - (at as i64 - OPCODE as i64)) as u32
        } else {
            core::mem::replace(&mut control.links, at) as u32
        };
        write32(&mut self.chunk.units[at..at + 2], value);
    }

    /// Emits a branch to a label; what it carries is in place.
    fn jump(&mut self, label: usize) {
        let start = self.here();
        self.start(opcode::<Br>());
        self.unit32(0);
        self.link(label, start + OPCODE);
    }

    /// Moves the topmost entries to where a label wants what it carries. On the way on, they are where they were.
    fn carry(&mut self, label: usize) {
        let control = self.func.control[label];
        let types = self.carried(&control);
        let to = self.base_slot(&control);
        match types.count(self.facts()) {
            0 => {}
            1 => {
                let e = *self.func.stack.last().expect("validated");
                self.put(&e, to);
            }
            count => {
                self.bring_top_home(count);
                let slots = types.slots(self.facts());
                let from = self.next_slot() - slots as u16;
                self.emit_move(to, from, slots);
            }
        }
    }

    /// Whether the topmost entries are at the heights where a label wants what it carries.
    fn is_level(&self, label: usize) -> bool {
        let control = &self.func.control[label];
        self.func.height - self.carried(control).slots(self.facts()) == control.base_height
    }

    /// `br`.
    pub(super) fn br(&mut self, depth: u32) -> Result<(), SinkError> {
        let label = self.label(depth);
        if label == 0 {
            return self.return_();
        }
        self.carry(label);
        self.jump(label);
        self.die();
        Ok(())
    }

    /// `br_if`.
    pub(super) fn br_if(&mut self, depth: u32) -> Result<(), SinkError> {
        let label = self.label(depth);
        let condition = self.pop_condition();
        self.branch_with_values(label, |t, taken| t.branch_on(&condition, taken))
    }

    /// Branches to a label with what it carries, if the branch that `emit` emits for `true` is taken.
    fn branch_with_values(
        &mut self,
        label: usize,
        emit: impl FnOnce(&mut Self, bool) -> usize,
    ) -> Result<(), SinkError> {
        let control = self.func.control[label];
        let count = self.carried(&control).count(self.facts());
        if count > 0 {
            // Both ways find the values at home.
            self.bring_top_home(count);
        }
        if count == 0 || self.is_level(label) {
            let start = emit(self, true);
            self.link(label, start + OPCODE);
        } else {
            let skip = emit(self, false);
            self.carry(label);
            self.jump(label);
            self.bind_branch(skip);
        }
        Ok(())
    }

    /// `br_table`.
    pub(super) fn br_table(&mut self, targets: &BrTableTargets<'_>) -> Result<(), SinkError> {
        let index = self.pop_slot();
        let default = self.label(targets.default());
        let count = self.carried(&self.func.control[default]).count(self.facts());
        self.bring_top_home(count);
        let mut labels = Vec::with_capacity(targets.len() as usize + 1);
        for depth in targets.targets() {
            let depth = depth.map_err(|e| SinkError::limit(alloc::string::ToString::to_string(&e)))?;
            labels.push(self.label(depth));
        }
        labels.push(default);
        if self.in_acc(index, ValKind::I32) {
            self.take_acc(index, None);
            self.start(opcode::<BrTable<Acc>>());
        } else {
            self.start(opcode::<BrTable<Slot>>());
            self.unit(index);
        }
        self.unit32(labels.len() as u32 - 1);
        let first = self.here();
        self.chunk.units.resize(first + 2 * labels.len(), 0);
        // Where values have to move, the target is a piece of code that moves them: one for each label.
        let mut movers: Vec<(usize, usize)> = Vec::new();
        let mut order: Vec<(usize, usize)> =
            labels.iter().enumerate().map(|(i, l)| (*l, first + 2 * i)).collect();
        order.sort_unstable();
        for (label, at) in order {
            if count == 0 || self.is_level(label) {
                self.link(label, at);
                continue;
            }
            if movers.last().is_none_or(|(l, _)| *l != label) {
                self.barrier();
                self.clear_accs();
                movers.push((label, self.here()));
                self.carry(label);
                self.jump(label);
            }
            let (_, mover) = *movers.last().expect("just pushed");
            write32(&mut self.chunk.units[at..at + 2], (mover + OPCODE - at) as u32);
        }
        self.die();
        Ok(())
    }

    /// `return`.
    pub(super) fn return_(&mut self) -> Result<(), SinkError> {
        self.emit_return()?;
        self.die();
        Ok(())
    }

    /// Emits a return of the topmost entries.
    pub(super) fn emit_return(&mut self) -> Result<(), SinkError> {
        let results = self.func.control[0].results;
        let header = self.func.header as u16;
        match results.count(self.facts()) {
            0 => {
                self.start(opcode::<Return>());
                self.unit(header);
            }
            1 => {
                let e = self.pop();
                self.emit_return_value(&e, header);
            }
            count => {
                self.bring_top_home(count);
                let slots = results.slots(self.facts());
                let from = self.next_slot() - slots as u16;
                self.emit_move(0, from, slots);
                self.start(opcode::<Return>());
                self.unit(header);
            }
        }
        Ok(())
    }

    fn emit_return_value(&mut self, e: &Entry, header: u16) {
        if let (ValKind::I32 | ValKind::I64, Operand::Const(bits)) = (e.kind, self.operand(e))
            && Self::is_imm(bits, e.kind)
        {
            self.start(opcode::<ReturnValue<u64, Imm>>());
            self.unit(header);
            return self.unit32(bits as u32);
        }
        if e.kind == ValKind::V128 {
            self.put(e, 0);
            self.start(opcode::<Return>());
            return self.unit(header);
        }
        let slot = self.in_slot(e);
        let acc = self.in_acc(slot, e.kind);
        if acc {
            self.take_acc(slot, None);
        }
        self.start(match (e.kind, acc) {
            (ValKind::I32 | ValKind::I64, true) => opcode::<ReturnValue<u64, Acc>>(),
            (ValKind::I32 | ValKind::I64, false) => opcode::<ReturnValue<u64, Slot>>(),
            (ValKind::F32, true) => opcode::<ReturnValue<f32, Acc>>(),
            (ValKind::F32, false) => opcode::<ReturnValue<f32, Slot>>(),
            (ValKind::F64, true) => opcode::<ReturnValue<f64, Acc>>(),
            (ValKind::F64, false) => opcode::<ReturnValue<f64, Slot>>(),
            (ValKind::Func | ValKind::Gc | ValKind::V128, _) => opcode::<ReturnAny>(),
        });
        self.unit(header);
        if !acc {
            self.unit(slot);
        }
    }

    /// `unreachable`.
    pub(super) fn unreachable(&mut self) -> Result<(), SinkError> {
        self.mark();
        self.start(opcode::<Unreachable>());
        self.die();
        Ok(())
    }

    /// A throw, a tail call or another instruction that never goes on was emitted.
    pub(super) fn ends_here(&mut self) {
        self.die();
    }

    /// Pops a condition: the comparison that made it, if it can be part of what follows.
    fn pop_condition(&mut self) -> Condition {
        let e = self.pop();
        match self.take_binary(&e, BinaryOp::is_compare) {
            Some(taken) => Condition::Compare(taken),
            None => Condition::Value(e),
        }
    }

    /// Emits a branch that is taken if the condition is `taken`; returns where it starts.
    fn branch_on(&mut self, condition: &Condition, taken: bool) -> usize {
        match condition {
            Condition::Compare(c) => self.emit_compare_branch(*c, taken),
            Condition::Value(e) => {
                let slot = self.in_slot(e);
                self.emit_branch_if(slot, taken)
            }
        }
    }

    /// `select`.
    pub(super) fn select(&mut self) -> Result<(), SinkError> {
        use crate::handlers::variable::{Select, SelectV128};
        let condition = self.pop_condition();
        let (b, a) = (self.pop(), self.pop());
        let kind = a.kind;
        let (x, y) = (self.in_slot(&a), self.in_slot(&b));
        let dst = self.push_home(kind)?;
        match condition {
            Condition::Compare(c) if kind != ValKind::V128 => self.emit_compare_select(dst, x, y, c),
            Condition::Compare(c) => {
                // Above the operands there is room for the condition.
                let slot = b.slot + 2;
                self.emit_binary(slot, c.op, c.a, c.b);
                self.single_to::<SelectV128>(dst, kind);
                self.unit(x);
                self.unit(y);
                self.unit(slot);
            }
            Condition::Value(e) => {
                let slot = self.in_slot(&e);
                let acc = self.in_acc(slot, ValKind::I32);
                match (kind, acc) {
                    (ValKind::V128, _) => self.single_to::<SelectV128>(dst, kind),
                    // Selections write no accumulator.
                    (_, true) => self.single_to::<Select<Acc>>(dst, ValKind::Gc),
                    (_, false) => self.single_to::<Select<Slot>>(dst, ValKind::Gc),
                }
                self.unit(x);
                self.unit(y);
                if !acc || kind == ValKind::V128 {
                    self.unit(slot);
                }
            }
        }
        Ok(())
    }

    /// `br_on_null`, or with `on_null` false `br_on_non_null`.
    pub(super) fn br_on_null(&mut self, depth: u32, on_null: bool) -> Result<(), SinkError> {
        let label = self.label(depth);
        let e = self.pop();
        let (slot, kind) = (self.in_slot(&e), e.kind);
        if on_null {
            // The reference stays where it is on the way on.
            self.branch_with_values(label, |t, taken| t.emit_branch_null(slot, kind, taken))?;
            let home = self.push_home(kind)?;
            if home != slot {
                self.emit_copy(home, slot, kind);
            }
        } else {
            // The branch carries the reference.
            let home = self.push_home(kind)?;
            if home != slot {
                self.emit_copy(home, slot, kind);
            }
            self.branch_with_values(label, |t, taken| t.emit_branch_null(home, kind, !taken))?;
            self.pop();
        }
        Ok(())
    }

    /// Emits a branch that is taken if a reference is null (`null`), or if it is not; returns where it starts.
    fn emit_branch_null(&mut self, slot: u16, kind: ValKind, null: bool) -> usize {
        let start = self.here();
        self.start(match (kind, null) {
            (ValKind::Func, true) => opcode::<BranchNull<Func, true>>(),
            (ValKind::Func, false) => opcode::<BranchNull<Func, false>>(),
            (_, true) => opcode::<BranchNull<Gc, true>>(),
            (_, false) => opcode::<BranchNull<Gc, false>>(),
        });
        self.unit32(0);
        self.unit(slot);
        start
    }

    /// Branches with the topmost entries to a label, if the i32 in a slot is not zero (`taken`), or if it is.
    pub(super) fn branch_if_slot(
        &mut self,
        depth: u32,
        condition: u16,
        taken: bool,
    ) -> Result<(), SinkError> {
        let label = self.label(depth);
        self.branch_with_values(label, |t, yes| t.emit_branch_if(condition, yes == taken))
    }

    /// `try_table`.
    pub(super) fn try_table(&mut self, table: TryTable) -> Result<(), SinkError> {
        use windlass_wasm::wasmparser::Catch as Clause;
        if !self.func.dead {
            self.settle();
        }
        let catches = self.chunk.catches.len() as u32;
        if !self.func.dead {
            for clause in table.catches {
                let (tag, with_reference, depth) = match clause {
                    Clause::One { tag, label } => (Some(tag), false, label),
                    Clause::OneRef { tag, label } => (Some(tag), true, label),
                    Clause::All { label } => (None, false, label),
                    Clause::AllRef { label } => (None, true, label),
                };
                let label = self.label(depth);
                let control = self.func.control[label];
                let slots = self.carried(&control).slots(self.facts());
                // Landing needs room even where the label's own height is lower than the stack is now.
                self.reserve_slots(slots)?;
                let is_loop = control.kind == ControlKind::Loop;
                if !is_loop {
                    self.func.control[label].caught = true;
                    self.func.pending_catches.push((label, self.chunk.catches.len()));
                }
                self.chunk.catches.push(Catch {
                    tag: tag.map_or(Catch::ANY, |t| self.plans.tag(t)),
                    with_reference,
                    slot: self.base_slot(&control),
                    target: if is_loop { control.target as u32 } else { 0 },
                });
            }
        }
        // Nothing from before may be taken back: the handler covers what follows from here.
        self.barrier();
        let (code, catches_end) = (self.here() as u32, self.chunk.catches.len() as u32);
        self.open(ControlKind::Try { code, catches, catches_end }, table.ty);
        Ok(())
    }
}

/// What a branch or a selection depends on.
enum Condition {
    /// A comparison, which was taken back.
    Compare(Taken),
    /// A value, which was popped.
    Value(Entry),
}

fn read32(units: &[u16]) -> u32 {
    let (a, b) = (units[0].to_ne_bytes(), units[1].to_ne_bytes());
    u32::from_ne_bytes([a[0], a[1], b[0], b[1]])
}

fn write32(units: &mut [u16], n: u32) {
    let b = n.to_ne_bytes();
    units[0] = u16::from_ne_bytes([b[0], b[1]]);
    units[1] = u16::from_ne_bytes([b[2], b[3]]);
}
