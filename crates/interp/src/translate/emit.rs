//! Writing instructions, and taking back the latest one.
//!
//! The latest instruction is remembered as long as nothing can branch to what follows it. It can be taken back when
//! an instruction that covers both is emitted (a comparison before a branch), and told to put its result elsewhere.

use super::Translator;
use super::stack::{Entry, Operand};
use crate::frame::HEADER;
use crate::handlers::source::{Acc, Slot};
use crate::handlers::variable::*;
use crate::machine::{OPCODE, Unit, encode};
use crate::ops::{BinaryOp, UnaryOp, binary_ops, unary_ops};
use crate::table::{self, Opcode, Operands, Single, opcode};
use windlass_abi::types::ValKind;
use windlass_wasm::SinkError;

/// The slots whose values the accumulators hold.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Accs {
    /// Integers.
    pub int: Option<u16>,
    /// f32.
    pub f32: Option<u16>,
    /// f64.
    pub f64: Option<u16>,
}

/// The latest instruction.
#[derive(Clone, Copy, Default, Debug)]
pub(super) enum Last {
    /// There is none, or something can branch to what follows it.
    #[default]
    None,
    /// One whose result is in the slot that its first operand names.
    Result {
        /// Where it starts.
        start: usize,
        /// The instruction that does the same, but leaves the result in the accumulator only.
        accumulating: Option<Opcode>,
    },
    /// A comparison or a 32-bit addition, with what it takes to make it part of another instruction.
    Binary {
        /// Where it starts.
        start: usize,
        op: BinaryOp,
        a: u16,
        b: Operand,
        /// The accumulators before it.
        before: Accs,
        /// As in `Result`.
        accumulating: Opcode,
        /// The instruction before it, if nothing but this one needs its result, which it takes from the accumulator.
        spare: Option<Spare>,
        /// The instruction before it, if that is a step of one of the operands.
        step: Option<Step>,
    },
    /// One that adds a constant to a local.
    Step(Step),
}

/// An instruction that adds a constant to a local.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Where it starts.
    start: usize,
    /// The local's slot.
    slot: u16,
    by: u32,
    kind: ValKind,
    /// The accumulators before it.
    before: Accs,
}

/// An instruction that need not put its result into a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spare {
    start: usize,
    accumulating: Opcode,
}

/// A binary operation that was taken back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub op: BinaryOp,
    pub a: u16,
    pub b: Operand,
}

/// The kind of values of a type in the tables of operators.
macro_rules! kind {
    (u32) => {
        ValKind::I32
    };
    (u64) => {
        ValKind::I64
    };
    (f32) => {
        ValKind::F32
    };
    (f64) => {
        ValKind::F64
    };
}

macro_rules! binary_kinds {
    (
        int_compares { $($ic:ident $ic_visit:ident $ic_fn:ident $ic_name:literal $ic_ty:ident inverse $ic_inv:ident swapped $ic_swap:ident;)* }
        float_compares { $($fc:ident $fc_visit:ident $fc_fn:ident $fc_name:literal $fc_ty:ident swapped $fc_swap:ident;)* }
        arithmetic { $($ar:ident $ar_visit:ident $ar_fn:ident $ar_name:literal $ar_ty:ident $($ar_flag:ident)?;)* }
    ) => {
        impl BinaryOp {
            /// The kind of the operands.
            pub(super) const fn operand_kind(self) -> ValKind {
                match self {
                    $(BinaryOp::$ic => kind!($ic_ty),)*
                    $(BinaryOp::$fc => kind!($fc_ty),)*
                    $(BinaryOp::$ar => kind!($ar_ty),)*
                }
            }

            /// Whether it can trap.
            pub(super) const fn traps(self) -> bool {
                match self { $($(BinaryOp::$ar => binary_kinds!(@traps $ar_flag),)?)* _ => false }
            }
        }
    };
    (@traps traps) => { true };
    (@traps commutes) => { false };
}
binary_ops!(binary_kinds);

macro_rules! unary_kinds {
    ($($op:ident $visit:ident $fn:ident $name:literal $in:ident => $out:ident $($flag:ident)?;)*) => {
        impl UnaryOp {
            /// The kinds of the operand and of the result.
            pub(super) const fn kinds(self) -> (ValKind, ValKind) {
                match self { $(UnaryOp::$op => (kind!($in), kind!($out)),)* }
            }

            /// Whether it can trap.
            pub(super) const fn traps(self) -> bool {
                match self { $($(UnaryOp::$op => { stringify!($flag); true })?)* _ => false }
            }
        }
    };
}
unary_ops!(unary_kinds);

impl Translator<'_> {
    /// The position of the next unit.
    pub(super) fn here(&self) -> usize {
        self.chunk.units.len()
    }

    pub(super) fn unit(&mut self, unit: Unit) {
        self.chunk.units.push(unit);
    }

    pub(super) fn unit32(&mut self, n: u32) {
        let b = n.to_ne_bytes();
        self.chunk
            .units
            .extend_from_slice(&[Unit::from_ne_bytes([b[0], b[1]]), Unit::from_ne_bytes([b[2], b[3]])]);
    }

    pub(super) fn unit64(&mut self, n: u64) {
        let b = n.to_ne_bytes();
        let unit = |i: usize| Unit::from_ne_bytes([b[i], b[i + 1]]);
        self.chunk.units.extend_from_slice(&[unit(0), unit(2), unit(4), unit(6)]);
    }

    /// Starts an instruction without a result. Its operands follow.
    pub(super) fn start(&mut self, opcode: Opcode) {
        self.barrier();
        self.chunk.units.extend_from_slice(&encode(opcode));
    }

    /// Starts an instruction whose result goes to `dst`. Its other operands follow.
    pub(super) fn start_to(&mut self, opcode: Opcode, dst: u16, kind: ValKind) {
        self.barrier();
        self.func.last = Last::Result { start: self.here(), accumulating: None };
        self.chunk.units.extend_from_slice(&encode(opcode));
        self.unit(dst);
        self.wrote(dst, kind);
    }

    /// Forgets the latest instruction: it will not be taken back.
    pub(super) fn barrier(&mut self) {
        if let Last::Binary { spare: Some(spare), .. } = self.func.last {
            self.keep_in_acc(spare);
        }
        self.func.last = Last::None;
    }

    /// Makes an instruction leave its result in the accumulator only.
    fn keep_in_acc(&mut self, spare: Spare) {
        self.chunk.units[spare.start..spare.start + OPCODE].copy_from_slice(&encode(spare.accumulating));
    }

    /// The latest instruction, if its result is in `slot`, and no one but the next instruction, which takes it from the
    /// accumulator and whose own result goes to `dst`, needs it.
    fn spare(&self, slot: u16, dst: Option<u16>) -> Option<Spare> {
        let (start, accumulating) = match self.func.last {
            Last::Result { start, accumulating: Some(op) } => (start, op),
            Last::Binary { start, accumulating, .. } => (start, accumulating),
            Last::None | Last::Step(_) | Last::Result { .. } => return None,
        };
        // Home slots above the stack are those of entries that were popped.
        let is_dead = slot >= self.next_slot() || Some(slot) == dst;
        let is_home = slot as u32 >= self.func.header + HEADER as u32;
        (is_home && is_dead && self.chunk.units[start + OPCODE] == slot)
            .then_some(Spare { start, accumulating })
    }

    /// The next instruction takes the value of `slot` from the accumulator; its own result goes to `dst`.
    pub(super) fn take_acc(&mut self, slot: u16, dst: Option<u16>) {
        if let Some(spare) = self.spare(slot, dst) {
            self.keep_in_acc(spare);
        }
    }

    /// Forgets what the accumulators hold.
    pub(super) fn clear_accs(&mut self) {
        self.func.accs = Accs::default();
    }

    /// An instruction writes a slot, and the accumulator of its result's class.
    pub(super) fn wrote(&mut self, slot: u16, kind: ValKind) {
        self.overwrote(slot);
        match kind {
            ValKind::I32 | ValKind::I64 => self.func.accs.int = Some(slot),
            ValKind::F32 => self.func.accs.f32 = Some(slot),
            ValKind::F64 => self.func.accs.f64 = Some(slot),
            ValKind::V128 => self.overwrote(slot + 1),
            ValKind::Func | ValKind::Gc => {}
        }
    }

    /// An instruction writes a slot, and no accumulator.
    pub(super) fn overwrote(&mut self, slot: u16) {
        let accs = &mut self.func.accs;
        for acc in [&mut accs.int, &mut accs.f32, &mut accs.f64] {
            if *acc == Some(slot) {
                *acc = None;
            }
        }
    }

    /// Whether the accumulator for values of a kind holds a slot's value.
    pub(super) fn in_acc(&self, slot: u16, kind: ValKind) -> bool {
        let acc = match kind {
            ValKind::I32 | ValKind::I64 => self.func.accs.int,
            ValKind::F32 => self.func.accs.f32,
            ValKind::F64 => self.func.accs.f64,
            ValKind::V128 | ValKind::Func | ValKind::Gc => None,
        };
        acc == Some(slot)
    }

    /// Where the latest instruction starts, if it is one whose result is in `slot`.
    fn latest_to(&self, slot: u16) -> Option<usize> {
        let start = match self.func.last {
            Last::None => return None,
            Last::Result { start, .. } | Last::Binary { start, .. } | Last::Step(Step { start, .. }) => start,
        };
        (self.chunk.units[start + OPCODE] == slot).then_some(start)
    }

    /// Makes the latest instruction put its result into `to` instead of `from`, a home slot that is not needed
    /// any more. Says whether it could.
    pub(super) fn redirect(&mut self, from: u16, to: u16) -> bool {
        let Some(start) = self.latest_to(from) else { return false };
        self.chunk.units[start + OPCODE] = to;
        // What was in `to` is gone from the accumulators; what was in `from` is in `to`.
        let accs = &mut self.func.accs;
        for acc in [&mut accs.int, &mut accs.f32, &mut accs.f64] {
            if *acc == Some(to) {
                *acc = None;
            } else if *acc == Some(from) {
                *acc = Some(to);
            }
        }
        let last = self.func.last;
        self.barrier();
        self.func.last = match last {
            Last::Binary {
                op: op @ (BinaryOp::I32Add | BinaryOp::I64Add),
                a,
                b: Operand::Const(by),
                before,
                spare: None,
                ..
            } if a == to => {
                Last::Step(Step { start, slot: to, by: by as u32, kind: op.operand_kind(), before })
            }
            _ => Last::Result { start, accumulating: None },
        };
        true
    }

    /// Takes back the latest instruction if it is a binary operation that `wanted` and whose result is this entry, which was popped.
    pub(super) fn take_binary(&mut self, e: &Entry, wanted: impl FnOnce(BinaryOp) -> bool) -> Option<Taken> {
        let Last::Binary { start, op, a, b, before, spare, step, .. } = self.func.last else { return None };
        if !e.is_home() || self.chunk.units[start + OPCODE] != e.slot || !wanted(op) {
            return None;
        }
        self.chunk.units.truncate(start);
        self.func.accs = before;
        self.func.last = match (spare, step) {
            (Some(Spare { start, accumulating }), _) => {
                Last::Result { start, accumulating: Some(accumulating) }
            }
            (None, Some(step)) => Last::Step(step),
            (None, None) => Last::None,
        };
        Some(Taken { op, a, b })
    }

    /// Whether the bits of a constant can stand in an instruction.
    pub(super) fn is_imm(bits: u64, kind: ValKind) -> bool {
        match kind {
            ValKind::I64 => bits as i64 == bits as i32 as i64,
            ValKind::I32 | ValKind::F32 | ValKind::F64 => true,
            ValKind::V128 | ValKind::Func | ValKind::Gc => false,
        }
    }

    /// Writes a constant operand.
    pub(super) fn imm(&mut self, bits: u64, kind: ValKind) {
        if kind == ValKind::F64 { self.unit64(bits) } else { self.unit32(bits as u32) }
    }

    /// Emits an instruction that puts a constant into a slot.
    pub(super) fn emit_const(&mut self, dst: u16, bits: u64, kind: ValKind) {
        match kind {
            ValKind::I32 => {
                self.start_to(opcode::<Const32>(), dst, kind);
                self.unit32(bits as u32);
            }
            ValKind::I64 if Self::is_imm(bits, kind) => {
                self.start_to(opcode::<Const64S>(), dst, kind);
                self.unit32(bits as u32);
            }
            ValKind::I64 => {
                self.start_to(opcode::<Const64>(), dst, kind);
                self.unit64(bits);
            }
            ValKind::F32 => {
                self.start_to(opcode::<ConstF32>(), dst, kind);
                self.unit32(bits as u32);
            }
            ValKind::F64 => {
                self.start_to(opcode::<ConstF64>(), dst, kind);
                self.unit64(bits);
            }
            // The only constant of these kinds is null: vectors are put into slots at once.
            ValKind::Func | ValKind::Gc => self.start_to(opcode::<Null>(), dst, kind),
            ValKind::V128 => unreachable!("constant vectors don't stay on the stack"),
        }
    }

    /// Emits a copy from slot to slot.
    pub(super) fn emit_copy(&mut self, dst: u16, src: u16, kind: ValKind) {
        match kind {
            ValKind::V128 => {
                self.start_to(opcode::<CopyV128>(), dst, kind);
                self.unit(src);
            }
            ValKind::I32 | ValKind::I64 => {
                self.start_to(opcode::<CopyInt>(), dst, kind);
                self.unit(src);
            }
            ValKind::F32 | ValKind::F64 | ValKind::Func | ValKind::Gc => {
                // Instructions of this kind write no accumulator.
                self.start_to(opcode::<Copy>(), dst, ValKind::Gc);
                self.unit(src);
            }
        }
    }

    /// Moves `slots` slots down to `to`.
    pub(super) fn emit_move(&mut self, to: u16, from: u16, slots: u32) {
        if to == from || slots == 0 {
            return;
        }
        self.start(opcode::<CopyRange>());
        self.unit(to);
        self.unit(from);
        self.unit(slots as u16);
        for i in 0..slots as u16 {
            self.overwrote(to + i);
        }
    }

    /// A binary operator on the two topmost entries.
    pub(super) fn binary(&mut self, op: BinaryOp) -> Result<(), SinkError> {
        let (b, a) = (self.pop(), self.pop());
        let kind = op.operand_kind();
        let result = if op.is_compare() { ValKind::I32 } else { kind };
        if op == BinaryOp::I32Add && self.shift_add(&a, &b)? {
            return Ok(());
        }
        let (mut op, mut a, mut b) = (op, a, b);
        if matches!(self.operand(&a), Operand::Const(_))
            && !matches!(self.operand(&b), Operand::Const(_))
            && let Some(swapped) = op.swapped()
        {
            (op, a, b) = (swapped, b, a);
        }
        let dst = a.slot.min(b.slot);
        let x = self.in_slot(&a);
        let y = match self.operand(&b) {
            Operand::Const(bits) if !Self::is_imm(bits, kind) => Operand::Slot(self.in_slot(&b)),
            operand => operand,
        };
        self.push_home(result)?;
        if op.traps() {
            self.mark();
        }
        self.emit_binary(dst, op, x, y);
        Ok(())
    }

    /// Adds two entries, which were popped, if the latest instruction made one of them by a shift: both in one.
    /// Says whether it did.
    fn shift_add(&mut self, a: &Entry, b: &Entry) -> Result<bool, SinkError> {
        let (shifted, other) = match self.latest_to(b.slot) {
            Some(_) => (b, a),
            None => (a, b),
        };
        let Operand::Slot(y) = self.operand(other) else { return Ok(false) };
        if !matches!(self.func.last, Last::Binary { b: Operand::Const(_), .. }) {
            return Ok(false);
        }
        let Some(Taken { a: x, b: Operand::Const(by), .. }) =
            self.take_binary(shifted, |op| op == BinaryOp::I32Shl)
        else {
            return Ok(false);
        };
        let dst = self.push_home(ValKind::I32)?;
        let (a_in_acc, b_in_acc) = (self.in_acc(x, ValKind::I32), self.in_acc(y, ValKind::I32));
        if a_in_acc {
            self.take_acc(x, Some(dst));
        } else if b_in_acc {
            self.take_acc(y, Some(dst));
        }
        let opcode = table::shift_add(a_in_acc, b_in_acc);
        self.start_to(opcode, dst, ValKind::I32);
        if !a_in_acc {
            self.unit(x);
        }
        self.unit(by as u16 & 31);
        if a_in_acc || !b_in_acc {
            self.unit(y);
        }
        self.may_accumulate(table::accumulating(opcode, table::SHIFT_ADD_WAYS));
        Ok(true)
    }

    /// Emits `dst = a op b`.
    pub(super) fn emit_binary(&mut self, dst: u16, op: BinaryOp, a: u16, b: Operand) {
        let (before, start) = (self.func.accs, self.here());
        let kind = op.operand_kind();
        let result = if op.is_compare() { ValKind::I32 } else { kind };
        let (x, y, way) = match (b, op.swapped()) {
            (Operand::Slot(y), Some(_)) if !self.in_acc(a, kind) && self.in_acc(y, kind) => {
                (y, Operand::Slot(a), Operands::AccSlot)
            }
            (Operand::Slot(y), None) if !self.in_acc(a, kind) && self.in_acc(y, kind) => {
                (a, b, Operands::SlotAcc)
            }
            _ => (a, b, self.way(a, b, kind)),
        };
        let swapped = x != a;
        let encoded = if swapped { op.swapped().expect("only these are swapped") } else { op };
        let spare = match (way, y) {
            (Operands::AccSlot | Operands::AccImm, _) => self.spare(x, Some(dst)),
            (Operands::SlotAcc, Operand::Slot(y)) => self.spare(y, Some(dst)),
            _ => None,
        };
        let opcode = table::binary(encoded, way);
        let accumulating = table::accumulating(opcode, table::BINARY_WAYS);
        let may_be_taken =
            op.is_compare() || matches!(op, BinaryOp::I32Add | BinaryOp::I64Add | BinaryOp::I32Shl);
        let step = match self.func.last {
            Last::Step(step) if op.is_compare() => Some(step),
            _ => None,
        };
        self.start_to(opcode, dst, result);
        match way {
            Operands::SlotAcc => self.unit(x),
            _ => self.binary_operands(x, y, way, kind),
        }
        if may_be_taken {
            self.func.last = Last::Binary { start, op, a, b, before, accumulating, spare, step };
        } else {
            spare.into_iter().for_each(|spare| self.keep_in_acc(spare));
            self.func.last = Last::Result { start, accumulating: Some(accumulating) };
        }
    }

    /// How an instruction takes the operands `a` and `b`.
    fn way(&self, a: u16, b: Operand, kind: ValKind) -> Operands {
        match (self.in_acc(a, kind), b) {
            (true, Operand::Slot(_)) => Operands::AccSlot,
            (true, Operand::Const(_)) => Operands::AccImm,
            (false, Operand::Slot(_)) => Operands::SlotSlot,
            (false, Operand::Const(_)) => Operands::SlotImm,
        }
    }

    /// Writes the operands of a binary instruction.
    fn binary_operands(&mut self, a: u16, b: Operand, way: Operands, kind: ValKind) {
        if matches!(way, Operands::SlotSlot | Operands::SlotImm) {
            self.unit(a);
        }
        match b {
            Operand::Slot(b) => self.unit(b),
            Operand::Const(bits) => self.imm(bits, kind),
        }
    }

    /// A comparison that was taken back, in the form that uses an accumulator if it can: operator, first and
    /// second operand, and how an instruction takes them.
    fn compare_form(&self, c: Taken) -> (BinaryOp, u16, Operand, Operands) {
        let kind = c.op.operand_kind();
        match (c.b, c.op.swapped()) {
            (Operand::Slot(y), Some(swapped)) if !self.in_acc(c.a, kind) && self.in_acc(y, kind) => {
                (swapped, y, Operand::Slot(c.a), Operands::AccSlot)
            }
            _ => (c.op, c.a, c.b, self.way(c.a, c.b, kind)),
        }
    }

    /// Emits a branch that is taken if the comparison is `taken`; returns where it starts. The target follows the opcode.
    pub(super) fn emit_compare_branch(&mut self, c: Taken, taken: bool) -> usize {
        if let Some(start) = self.emit_step_branch(c, taken) {
            return start;
        }
        // Comparisons of an i32 with zero are what the plain branches do.
        if let (BinaryOp::I32Eq | BinaryOp::I32Ne, Operand::Const(0)) = (c.op, c.b) {
            return self.emit_branch_if(c.a, (c.op == BinaryOp::I32Ne) == taken);
        }
        let (op, a, b, way) = self.compare_form(c);
        let code = match (taken, op.inverse()) {
            (true, _) => table::branch_if(op, way),
            (false, Some(inverse)) => table::branch_if(inverse, way),
            (false, None) => table::branch_unless(op, way),
        };
        if matches!(way, Operands::AccSlot | Operands::AccImm) {
            self.take_acc(a, None);
        }
        let start = self.here();
        self.start(code);
        self.unit32(0);
        self.binary_operands(a, b, way, op.operand_kind());
        start
    }

    /// Emits a branch on a comparison of a local that the latest instruction has stepped, and takes that instruction back.
    fn emit_step_branch(&mut self, c: Taken, taken: bool) -> Option<usize> {
        let Last::Step(step) = self.func.last else { return None };
        let (op, other) = match c.b {
            _ if c.a == step.slot => (c.op, c.b),
            Operand::Slot(b) if b == step.slot => (c.op.swapped()?, Operand::Slot(c.a)),
            _ => return None,
        };
        let inverse = op.inverse()?;
        if op.operand_kind() != step.kind {
            return None;
        }
        self.chunk.units.truncate(step.start);
        self.func.accs = step.before;
        self.func.last = Last::None;
        let op = if taken { op } else { inverse };
        self.start(table::step_branch(op, matches!(other, Operand::Const(_))));
        self.unit32(0);
        self.unit(step.slot);
        self.unit32(step.by);
        match other {
            Operand::Slot(b) => self.unit(b),
            Operand::Const(bits) => self.imm(bits, step.kind),
        }
        self.wrote(step.slot, step.kind);
        Some(step.start)
    }

    /// Emits a branch that is taken if an i32 is not zero (`taken`), or if it is; returns where it starts.
    pub(super) fn emit_branch_if(&mut self, condition: u16, taken: bool) -> usize {
        use crate::handlers::control::BranchIf;
        let not_zero = Taken { op: BinaryOp::I32Ne, a: condition, b: Operand::Const(0) };
        if let Some(start) = self.emit_step_branch(not_zero, taken) {
            return start;
        }
        let acc = self.in_acc(condition, ValKind::I32);
        if acc {
            self.take_acc(condition, None);
        }
        let start = self.here();
        self.start(match (acc, taken) {
            (true, true) => opcode::<BranchIf<Acc, true>>(),
            (true, false) => opcode::<BranchIf<Acc, false>>(),
            (false, true) => opcode::<BranchIf<Slot, true>>(),
            (false, false) => opcode::<BranchIf<Slot, false>>(),
        });
        self.unit32(0);
        if !acc {
            self.unit(condition);
        }
        start
    }

    /// Emits `dst = if comparison { x } else { y }` for values of 8 bytes.
    pub(super) fn emit_compare_select(&mut self, dst: u16, x: u16, y: u16, c: Taken) {
        let (op, a, b, way) = self.compare_form(c);
        // Selections write no accumulator.
        self.start_to(table::select_if(op, way), dst, ValKind::Gc);
        self.unit(x);
        self.unit(y);
        self.binary_operands(a, b, way, op.operand_kind());
    }

    /// A unary operator on the topmost entry.
    pub(super) fn unary(&mut self, op: UnaryOp) -> Result<(), SinkError> {
        let (from, to) = op.kinds();
        let src = self.pop_slot();
        let dst = self.push_home(to)?;
        if op.traps() {
            self.mark();
        }
        let acc = self.in_acc(src, from);
        if acc {
            self.take_acc(src, Some(dst));
        }
        let opcode = table::unary(op, acc);
        self.start_to(opcode, dst, to);
        if !acc {
            self.unit(src);
        }
        self.may_accumulate(table::accumulating(opcode, table::UNARY_WAYS));
        Ok(())
    }

    /// Says which instruction does the same as the latest, but leaves its result in the accumulator only.
    pub(super) fn may_accumulate(&mut self, opcode: Opcode) {
        if let Last::Result { accumulating, .. } = &mut self.func.last {
            *accumulating = Some(opcode);
        }
    }

    /// Starts an instruction that is listed on its own and has a result.
    pub(super) fn single_to<I: Single>(&mut self, dst: u16, kind: ValKind) {
        self.start_to(I::OPCODE, dst, kind);
    }
}
