//! Blocks, branches, returns, and handlers of exceptions.
//!
//! Where control flow meets, a single value that crosses is in the register of a first result
//! (of a loop, and several values: in home slots). Entries below a block are constants or at home.

use crate::compiler::{Compiler, UNDISTURBED};
use crate::masm::{Address, Cond, Label, Masm, Width};
use crate::outofline::OutOfLine;
use crate::reg::{Class, Reg};
use crate::stack::{Entry, NONE, Place};
use alloc::vec::Vec;
use core::mem::offset_of;
use windlass_abi::code::{CatchRow, HandlerRow};
use windlass_abi::native::{Location, NativeStubs};
use windlass_abi::trap::TrapCode;
use windlass_abi::types::ValKind;
use windlass_wasm::fuel;
use windlass_wasm::wasmparser::{BlockType, BrTable, Catch, TryTable};
use windlass_wasm::{BlockValues, SinkError};

type Done = Result<(), SinkError>;

/// What a control frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ControlKind {
    /// The function, `block`, or the second arm of an `if`.
    Block,
    /// `loop`.
    Loop,
    /// The first arm of an `if`: where the branch around it goes.
    If { otherwise: Label },
    /// `try_table`: where its code starts, and its catch clauses.
    Try { start: u32, catches: u32, catches_end: u32 },
}

/// A block that is open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    kind: ControlKind,
    params: BlockValues,
    results: BlockValues,
    /// Entries below the block's parameters.
    base: usize,
    /// Slots of those.
    base_height: u32,
    /// Whether the block cannot be reached.
    dead: bool,
    /// Where a loop starts, or the end of another block.
    label: Label,
    /// Whether something goes to the label of the end.
    joined: bool,
    /// Of a branch table: the piece of code that moves values to the label.
    mover: Option<Label>,
}

impl<'m, M: Masm> Compiler<'m, M> {
    fn push_homes(&mut self, types: BlockValues) -> Done {
        types.kinds(self.facts()).try_for_each(|kind| self.push(Place::Home, kind))
    }

    /// The register in which a single value crosses.
    pub(crate) fn join_reg(kind: ValKind) -> Reg {
        match Class::of(kind) {
            Class::Int => M::REGISTERS.int_result,
            Class::Vector => M::REGISTERS.vector_result,
        }
    }

    /// What a branch to a label carries.
    fn carried(&self, control: &Control) -> BlockValues {
        if control.kind == ControlKind::Loop { control.params } else { control.results }
    }

    fn depth(&self, depth: u32) -> usize {
        self.f.control.len() - 1 - depth as usize
    }

    /// Starts the function's outermost block. `enter_at` is what the prologue's code gave.
    pub(crate) fn enter_body(&mut self, enter_at: u32) {
        self.f.enter_at = enter_at;
        let ty = self.facts().functions[self.f.index as usize];
        let label = self.m.new_label();
        self.f.control.push(Control {
            kind: ControlKind::Block,
            params: BlockValues::None,
            results: BlockValues::Results(ty),
            base: 0,
            base_height: 0,
            dead: false,
            label,
            joined: false,
            mover: None,
        });
    }

    /// Charges an operator, before it is compiled.
    #[inline]
    pub(crate) fn charge(&mut self, op: fuel::Op) {
        if self.settings.fuel && !self.f.dead {
            self.charge_fuel(op);
        }
    }

    fn charge_fuel(&mut self, op: fuel::Op) {
        if op.cost > 0 {
            match &mut self.f.charge {
                Some((_, sum)) => *sum = sum.saturating_add(op.cost),
                None => {
                    self.home_references();
                    let exhausted = self.m.new_label();
                    let at = self.m.charge(exhausted);
                    let back = self.m.new_label();
                    self.m.bind(back);
                    let stub = offset_of!(NativeStubs, fuel_exhausted) as u32;
                    self.out_of_line_stub(exhausted, back, stub);
                    self.f.charge = Some((at, op.cost));
                }
            }
        }
        if op.ends_block {
            self.end_charge();
        }
    }

    fn end_charge(&mut self) {
        if let Some((at, sum)) = self.f.charge.take() {
            self.m.set_charge(at, sum);
        }
    }

    /// Brings heap references home from temporaries, for a safepoint that keeps registers as they are.
    fn home_references(&mut self) {
        if self.f.gc_entries.is_empty() {
            return;
        }
        for reg in self.f.held.of_class(Class::Int) {
            let i = self.f.owners.get(reg) as usize;
            if self.f.stack[i].kind == ValKind::Gc {
                self.spill(i);
            }
        }
    }

    /// A call of a stub that keeps every register, out of line. The collector may run.
    fn out_of_line_stub(&mut self, at: Label, back: Label, stub: u32) {
        let slots = self.reference_slots();
        let offset = self.f.offset as u32;
        self.f.outofline.push(OutOfLine::stub(at, back, stub, offset, slots));
    }

    /// Looks at the interrupt word, if the settings want it.
    fn check_interrupt(&mut self) {
        if !self.settings.interruption {
            return;
        }
        if self.settings.polls() && (self.f.memory_base.is_none() || !self.memory_moves()) {
            self.mark(Some(TrapCode::Interrupt));
            self.m.poll();
            self.mark_call();
            return;
        }
        let context = M::REGISTERS.context;
        self.m.compare_memory64(context, Address::new(context, UNDISTURBED));
        let interrupted = self.m.new_label();
        self.m.branch(Cond::Ne, interrupted);
        let back = self.m.new_label();
        self.m.bind(back);
        let stub = offset_of!(NativeStubs, interrupt) as u32;
        self.out_of_line_stub(interrupted, back, stub);
    }

    /// Marks what follows as unreachable.
    pub(crate) fn die(&mut self) {
        let base = self.f.control.last().expect("a block is open").base;
        self.truncate(base);
        self.f.dead = true;
        self.end_charge();
    }

    fn open(&mut self, kind: ControlKind, ty: BlockType, label: Label) {
        let (params, results) = BlockValues::of(ty, &self.kinds);
        let dead = self.f.dead;
        let (base, base_height) = if dead {
            (self.f.stack.len(), self.f.height)
        } else {
            (self.f.stack.len() - params.count(self.facts()), self.f.height - params.slots(self.facts()))
        };
        self.f.control.push(Control {
            kind,
            params,
            results,
            base,
            base_height,
            dead,
            label,
            joined: false,
            mover: None,
        });
    }

    /// Before a block: everything on the stack is where it stays.
    fn before_block(&mut self, ty: BlockType) {
        self.settle();
        if let BlockType::FuncType(i) = ty {
            let count = BlockValues::Params(i).count(self.facts());
            self.bring_top_home(count);
        }
    }

    /// `block`.
    pub(crate) fn block(&mut self, ty: BlockType) -> Done {
        if !self.f.dead {
            self.before_block(ty);
        }
        let label = self.m.new_label();
        self.open(ControlKind::Block, ty, label);
        Ok(())
    }

    /// `loop`.
    pub(crate) fn loop_(&mut self, ty: BlockType) -> Done {
        let label = self.m.new_label();
        if !self.f.dead {
            self.before_block(ty);
            self.m.align_loop();
            self.m.bind(label);
        }
        self.open(ControlKind::Loop, ty, label);
        let silent = self.scan.silent_loops.get(self.f.loops).is_none_or(|silent| *silent);
        self.f.loops += 1;
        if !self.f.dead && silent {
            self.check_interrupt();
        }
        Ok(())
    }

    /// `if`.
    pub(crate) fn if_(&mut self, ty: BlockType) -> Done {
        let otherwise = self.m.new_label();
        if !self.f.dead {
            // The condition stays in the flags while the rest goes home: that only stores.
            let condition = self.pop();
            self.before_block(ty);
            let cond = self.condition(condition);
            self.m.branch(cond.inverse(), otherwise);
        }
        let label = self.m.new_label();
        self.open(ControlKind::If { otherwise }, ty, label);
        Ok(())
    }

    /// `else`.
    pub(crate) fn else_(&mut self) -> Done {
        let at = self.f.control.len() - 1;
        let control = self.f.control[at];
        let ControlKind::If { otherwise } = control.kind else {
            unreachable!("validated: `else` follows `if`")
        };
        self.f.control[at].kind = ControlKind::Block;
        if control.dead {
            return Ok(());
        }
        if !self.f.dead {
            self.carry(at);
            self.m.jump(control.label);
            self.f.control[at].joined = true;
        }
        self.truncate(control.base);
        self.f.dead = false;
        self.m.bind(otherwise);
        self.push_homes(control.params)
    }

    /// `end`.
    pub(crate) fn end(&mut self) -> Done {
        let at = self.f.control.len() - 1;
        let control = self.f.control[at];
        if control.dead {
            self.f.control.pop();
            return Ok(());
        }
        if let ControlKind::Try { start, catches, catches_end } = control.kind {
            let end = self.m.offset();
            self.out.handlers.push(HandlerRow { start, end, catches, catches_end });
        }
        let mut joined = control.joined;
        if let ControlKind::If { otherwise } = control.kind {
            // Without `else`, what skips the arm goes to the end with the parameters, which are the results.
            match control.results.single(self.facts()) {
                Some(kind) => {
                    if !self.f.dead {
                        self.carry(at);
                        self.m.jump(control.label);
                    }
                    self.m.bind(otherwise);
                    let slot = self.f.local_slots + control.base_height;
                    let from = self.slot_at(slot, kind);
                    self.m.load_frame(kind, Self::join_reg(kind), from);
                }
                None => {
                    if !self.f.dead {
                        self.carry(at);
                    }
                    self.m.bind(otherwise);
                }
            }
            joined = true;
        } else if joined && !self.f.dead && control.kind != ControlKind::Loop {
            self.carry(at);
        }
        if at == 0 {
            return self.end_function(joined);
        }
        if joined && control.kind != ControlKind::Loop {
            self.truncate(control.base);
            self.f.dead = false;
            self.m.bind(control.label);
            self.push_joined(control.results)?;
        } else if self.f.dead {
            self.truncate(control.base);
        }
        self.f.control.pop();
        Ok(())
    }

    /// Pushes what has come to a label.
    fn push_joined(&mut self, types: BlockValues) -> Done {
        match types.single(self.facts()) {
            Some(kind) => {
                let reg = Self::join_reg(kind);
                self.f.free.remove(reg);
                self.push_reg(kind, reg)
            }
            None => self.push_homes(types),
        }
    }

    /// The end of the function: brings results to where the caller wants them.
    fn end_function(&mut self, joined: bool) -> Done {
        let control = self.f.control[0];
        if joined {
            self.m.bind(control.label);
        } else if !self.f.dead {
            self.carry(0);
        } else {
            self.f.control.pop();
            return Ok(());
        }
        self.truncate(0);
        self.f.dead = false;
        self.push_joined(control.results)?;
        if control.results.count(self.facts()) > 1 {
            self.place_results();
        }
        // The epilogue follows.
        self.truncate(0);
        self.f.dead = true;
        self.f.control.pop();
        Ok(())
    }

    /// Brings results from home slots to registers and the result area.
    fn place_results(&mut self) {
        let results = self.f.results.take().expect("the prologue made them");
        let area = M::REGISTERS.scratch;
        if let Some(at) = self.f.result_area {
            let spare = M::REGISTERS.int_result;
            self.m.load_frame(ValKind::I64, area, at);
            for (i, location) in results.values.iter().enumerate() {
                let Location::Memory(offset) = *location else { continue };
                let e = self.f.stack[i];
                let (from, to) = (self.home(&e), Address::new(area, offset as i32));
                if e.kind == ValKind::V128 {
                    self.m.load_frame(e.kind, M::VECTOR_SCRATCH, from);
                    self.m.store(crate::masm::Store::V128, to, M::VECTOR_SCRATCH);
                } else {
                    self.m.load_frame(ValKind::I64, spare, from);
                    self.m.store(crate::masm::Store::Store64, to, spare);
                }
            }
        }
        for (i, location) in results.values.iter().enumerate() {
            let e = self.f.stack[i];
            let from = self.home(&e);
            match *location {
                Location::Int(n) => self.m.load_frame(e.kind, Reg::int(n), from),
                Location::Vector(n) => self.m.load_frame(e.kind, Reg::vector(n), from),
                Location::Memory(_) => {}
            }
        }
        self.f.results = Some(results);
    }

    /// Brings the topmost entries to where a label wants what it carries. The stack stays as it is; on the way on, entries
    /// are still where they were, or at home. Never changes flags.
    fn carry(&mut self, at: usize) {
        let control = self.f.control[at];
        let types = self.carried(&control);
        let count = types.count(self.facts());
        match (count, types.single(self.facts())) {
            (0, _) => {}
            (1, Some(kind)) if control.kind != ControlKind::Loop => {
                let e = *self.f.stack.last().expect("validated");
                let reg = Self::join_reg(kind);
                if e.place == Place::Reg(reg) {
                    return;
                }
                if !self.f.free.contains(reg) {
                    self.take(reg);
                    self.release(reg);
                }
                self.load_to(&e, reg);
            }
            _ => {
                let first = self.f.stack.len() - count;
                let mut slot = self.f.local_slots + control.base_height;
                // Ascending: each destination is at or below the home of its own entry.
                for i in first..self.f.stack.len() {
                    let e = self.f.stack[i];
                    let to = self.slot_at(slot, e.kind);
                    if slot == e.slot {
                        self.spill(i);
                    } else {
                        match e.place {
                            Place::Const(bits) => self.m.store_frame_constant(e.kind, to, bits),
                            Place::Home => {
                                let from = self.home(&e);
                                self.copy_slot(e.kind, to, from);
                            }
                            Place::Reg(reg) => self.m.store_frame(e.kind, to, reg),
                            _ => {
                                self.spill(i);
                                let e = self.f.stack[i];
                                let from = self.home(&e);
                                self.copy_slot(e.kind, to, from);
                            }
                        }
                    }
                    slot += e.kind.slots() as u32;
                }
            }
        }
    }

    /// Whether going to a label with what it carries takes more than a branch, once the entries are at home or in the join register.
    fn is_level(&self, at: usize) -> bool {
        let control = &self.f.control[at];
        let types = self.carried(control);
        match types.count(self.facts()) {
            0 => true,
            1 if control.kind != ControlKind::Loop => false,
            _ => self.f.height - types.slots(self.facts()) == control.base_height,
        }
    }

    /// `br`.
    pub(crate) fn br(&mut self, depth: u32) -> Done {
        let at = self.depth(depth);
        self.carry(at);
        self.jump(at);
        self.die();
        Ok(())
    }

    fn jump(&mut self, at: usize) {
        self.f.control[at].joined = true;
        let label = self.f.control[at].label;
        self.m.jump(label);
    }

    /// `return`.
    pub(crate) fn return_(&mut self) -> Done {
        self.carry(0);
        self.jump(0);
        self.die();
        Ok(())
    }

    /// A popped condition as one that a branch can ask for.
    pub(crate) fn condition(&mut self, e: Entry) -> Cond {
        if let Place::Flags(cond) = e.place {
            return cond;
        }
        let reg = self.reg(&e);
        self.m.test(Width::W32, reg);
        self.release(reg);
        Cond::Ne
    }

    /// `br_if`.
    pub(crate) fn br_if(&mut self, depth: u32) -> Done {
        let at = self.depth(depth);
        let e = self.pop();
        let cond = self.condition(e);
        self.branch_with_values(at, cond)
    }

    /// Branches to a label with what it carries, if a condition holds that is in the flags.
    pub(crate) fn branch_with_values(&mut self, at: usize, cond: Cond) -> Done {
        let control = self.f.control[at];
        let types = self.carried(&control);
        let count = types.count(self.facts());
        self.f.control[at].joined = true;
        if count == 0 {
            self.m.branch(cond, control.label);
            return Ok(());
        }
        if count == 1 && control.kind != ControlKind::Loop {
            // The value goes along in its register, whether the branch is taken or not.
            self.carry(at);
            self.m.branch(cond, control.label);
            return Ok(());
        }
        self.bring_top_home(count);
        if self.is_level(at) {
            self.m.branch(cond, control.label);
        } else {
            let skip = self.m.new_label();
            self.m.branch(cond.inverse(), skip);
            self.carry(at);
            self.m.jump(control.label);
            self.m.bind(skip);
        }
        Ok(())
    }

    /// `br_table`.
    pub(crate) fn br_table(&mut self, targets: &BrTable<'_>) -> Done {
        let e = self.pop();
        let index = self.own_reg(&e);
        let default = self.depth(targets.default());
        let default_control = self.f.control[default];
        let count = self.carried(&default_control).count(self.facts());
        let mut ats = Vec::with_capacity(targets.len() as usize + 1);
        for depth in targets.targets() {
            let depth = depth.map_err(|e| SinkError::limit(alloc::string::ToString::to_string(&e)))?;
            ats.push(self.depth(depth));
        }
        ats.push(default);
        if count > 0 {
            self.bring_top_home(count);
        }
        // Where values have to move, the target is a piece of code that moves them: one for each label.
        let mut movers: Vec<usize> = Vec::new();
        let mut labels = Vec::with_capacity(ats.len());
        for &at in &ats {
            self.f.control[at].joined = true;
            if count == 0 || self.is_level(at) {
                labels.push(self.f.control[at].label);
                continue;
            }
            let mover = match self.f.control[at].mover {
                Some(label) => label,
                None => {
                    let label = self.m.new_label();
                    self.f.control[at].mover = Some(label);
                    movers.push(at);
                    label
                }
            };
            labels.push(mover);
        }
        self.m.branch_table(index, &labels);
        self.release(index);
        for at in movers {
            let label = self.f.control[at].mover.take().expect("it was put there");
            self.m.bind(label);
            self.carry(at);
            let target = self.f.control[at].label;
            self.m.jump(target);
        }
        self.die();
        Ok(())
    }

    /// `unreachable`.
    pub(crate) fn unreachable(&mut self) -> Done {
        self.trap_here(TrapCode::Unreachable);
        self.die();
        Ok(())
    }

    /// `select`.
    pub(crate) fn select(&mut self) -> Done {
        let condition = self.pop();
        let (b, a) = (self.pop(), self.pop());
        let kind = a.kind;
        // Whatever is loaded before the flags are set, or without changing them.
        let (x, y);
        let cond;
        if let Place::Flags(c) = condition.place {
            (x, y) = (self.own_reg(&a), self.reg(&b));
            cond = c;
        } else {
            let c = self.reg(&condition);
            (x, y) = (self.own_reg(&a), self.reg(&b));
            self.m.test(Width::W32, c);
            self.release(c);
            cond = Cond::Ne;
        }
        self.m.select(kind, cond, x, y);
        self.release_but(y, x);
        self.push_reg(kind, x)
    }

    /// `br_on_null`, or with `on_null` false `br_on_non_null`.
    pub(crate) fn br_on_null(&mut self, depth: u32, on_null: bool) -> Done {
        let at = self.depth(depth);
        let e = self.pop();
        let reg = self.own_reg(&e);
        let kind = e.kind;
        if on_null {
            // On the way on, the reference stays.
            let count = self.carried(&self.f.control[at]).count(self.facts());
            if count > 0 {
                // The join register is in the way if it holds the reference.
                self.push_reg(kind, reg)?;
                let n = self.f.stack.len() - 1;
                self.spill(n);
                self.pop();
                let entry = Entry { place: Place::Home, kind, slot: self.next_slot(), below: NONE };
                let reg = self.reg(&entry);
                self.m.test(Width::W64, reg);
                self.release(reg);
                self.branch_with_values(at, Cond::Eq)?;
                return self.push(Place::Home, kind);
            }
            self.m.test(Width::W64, reg);
            self.branch_with_values(at, Cond::Eq)?;
            self.push_reg(kind, reg)
        } else {
            // The branch carries the reference.
            self.m.test(Width::W64, reg);
            self.push_reg(kind, reg)?;
            self.branch_with_values(at, Cond::Ne)?;
            let e = self.pop();
            self.drop_entry(&e);
            Ok(())
        }
    }

    /// Branches with the topmost entries to a label, if the i32 in a register (in hand, then free) is not zero (`taken`), or if it is.
    pub(crate) fn branch_if_reg(&mut self, depth: u32, condition: Reg, taken: bool) -> Done {
        let at = self.depth(depth);
        self.m.test(Width::W32, condition);
        self.release(condition);
        self.branch_with_values(at, if taken { Cond::Ne } else { Cond::Eq })
    }

    /// `try_table`.
    pub(crate) fn try_table(&mut self, table: TryTable) -> Done {
        if !self.f.dead {
            self.before_block(table.ty);
        }
        let catches = self.out.catches.len() as u32;
        if !self.f.dead {
            for clause in &table.catches {
                let (tag, with_reference, depth) = match *clause {
                    Catch::One { tag, label } => (Some(tag), false, label),
                    Catch::OneRef { tag, label } => (Some(tag), true, label),
                    Catch::All { label } => (None, false, label),
                    Catch::AllRef { label } => (None, true, label),
                };
                let at = self.depth(depth);
                let control = self.f.control[at];
                let types = self.carried(&control);
                // Landing needs room even where the label's own height is lower than the stack is now.
                let slots = types.slots(self.facts());
                self.reserve_slots(slots)?;
                self.f.control[at].joined = true;
                let landing = self.m.new_label();
                let slot = self.f.local_slots + control.base_height;
                let join = match types.single(self.facts()) {
                    Some(kind) if control.kind != ControlKind::Loop => Some((kind, self.slot_at(slot, kind))),
                    _ => None,
                };
                let row = self.out.catches.len();
                self.f.outofline.push(OutOfLine::landing(landing, row, control.label, join));
                self.out.catches.push(CatchRow {
                    tag: tag.map_or(CatchRow::ANY, |t| self.plans.tag(t)),
                    with_reference: with_reference as u32,
                    slot,
                    target: 0,
                });
            }
        }
        let (start, catches_end) = (self.m.offset(), self.out.catches.len() as u32);
        let label = self.m.new_label();
        self.open(ControlKind::Try { start, catches, catches_end }, table.ty, label);
        Ok(())
    }
}
