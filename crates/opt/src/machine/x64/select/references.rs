//! References across safepoints: instructions at which the collector may run, and move what they refer to.
//!
//! A reference that is live across a safepoint has a slot of the frame: it is stored there where it is made, and loaded from there wherever
//! it is used; at each safepoint the slots of those that are live are listed. All other references are in registers only.
//!
//! What is live is found from uses backwards: a use makes a value live from there to where it is made, through all blocks between. Where an
//! instruction stands is said by the number of effects before it ([`Context::count`]): every safepoint is one. Functions in which that
//! finds more than [`MAX_LIVE`] have a slot for each reference, empty at first, and list all of them everywhere.

use super::context::{Context, State, ValueState};
use crate::machine::code::{Class, Safepoint};
use crate::machine::x64::sequence::Sequence;
use windlass_asm::x64::inst::*;
use windlass_ir::op::{Effects, Shape};
use windlass_ir::{Block, Op, Type, Value};

/// References that are live at safepoints and blocks together, at most.
const MAX_LIVE: usize = 1 << 20;

/// A use of a reference: what is before it in its block, of that which counts.
#[derive(Clone, Copy)]
struct Use {
    value: Value,
    block: Block,
    effects: u32,
}

/// What is known of references. Empty in functions without.
#[derive(Default)]
pub(super) struct References {
    /// References that have a slot, in the order of their slots.
    kept: Vec<Value>,
    /// Safepoints: effects before them, and which instructions they are; in that order.
    safepoints: Vec<(u32, Value)>,
    /// By block: the effects where it starts and where it ends.
    bounds: Vec<(u32, u32)>,
    uses: Vec<Use>,
    /// Safepoints and the references that are live there, by their places in these lists; sorted.
    live: Vec<(u32, u32)>,
    /// By block: the last value that was found to be live where it ends, and one.
    seen: Vec<u32>,
    work: Vec<Block>,
    /// Whether all references are listed at all safepoints.
    all: bool,
    /// Safepoints with references that have been selected: the place of their instruction in the reversed list, and their own.
    selected: Vec<(u32, u32)>,
}

/// Whether the collector may run at an instruction, and what comes behind it may still happen.
fn is_safepoint(op: Op) -> bool {
    let ends = op.ends() && !matches!(op.shape(), Shape::TryCall | Shape::TryCallPointer);
    op.effects().any(Effects::CALL) && !ends && op != Op::raise_if
}

impl References {
    /// How many slots they need.
    pub(super) fn slots(&self) -> usize {
        self.kept.len()
    }
}

impl Context<'_> {
    /// Finds the references that are live across safepoints, and where.
    pub(super) fn find_references(&mut self) {
        let function = self.function;
        let State { layout, values, references, .. } = &mut *self.state;
        let References { kept, safepoints, bounds, uses, live, selected, all, .. } = references;
        kept.clear();
        safepoints.clear();
        bounds.clear();
        uses.clear();
        live.clear();
        selected.clear();
        *all = false;
        let is_reference =
            |value: Value| function.ty(value) == Type::Ref && function.constant(value).is_none();
        bounds.resize(function.blocks(), (0, 0));
        for block in layout.reachable() {
            let Some(first) = function.first(block) else { continue };
            let start = values[first.index()].effects;
            let mut effects = start;
            for value in function.insts(block) {
                effects = values[value.index()].effects;
                let operands = function.operands(value).filter(|v| is_reference(*v));
                uses.extend(operands.map(|value| Use { value, block, effects }));
                let op = function.op(value);
                if is_safepoint(op) {
                    safepoints.push((effects, value));
                }
                effects += u32::from(op.effects().any(super::context::ORDERED));
                for edge in function.edges(value) {
                    let carried = function.args(edge).filter(|v| is_reference(*v));
                    uses.extend(carried.map(|value| Use { value, block, effects }));
                }
            }
            bounds[block.index()] = (start, effects);
        }
        if uses.is_empty() || safepoints.is_empty() {
            return;
        }
        uses.sort_unstable_by_key(|u| u.value);
        if self.find_live().is_none() {
            self.keep_all();
        }
        let kept = core::mem::take(&mut self.state.references.kept);
        for (number, value) in kept.iter().enumerate() {
            // What is kept is wanted.
            self.def_of(*value);
            self.state.values[value.index()].slot = number as u32 + 1;
        }
        self.state.references.kept = kept;
    }

    /// Finds what is live where, unless that is too much.
    fn find_live(&mut self) -> Option<()> {
        let function = self.function;
        let State { layout, values, references, .. } = &mut *self.state;
        let References { kept, safepoints, bounds, uses, live, seen, work, .. } = references;
        seen.clear();
        seen.resize(function.blocks(), 0);
        let mut steps = 0;
        for list in uses.chunk_by(|a, b| a.value == b.value) {
            let value = list[0].value;
            let number = kept.len() as u32;
            let home = function.block_of(value)?;
            let made = match function.op(value) {
                Op::param => bounds[home.index()].0,
                _ => values[value.index()].effects,
            };
            let before = live.len();
            // Marks it live in a block, up to a place there; its own instruction is a place where it is not live yet.
            let mut mark = |block: Block, end: u32| {
                let start = if block == home { made } else { bounds[block.index()].0 };
                let from = safepoints.partition_point(|s| s.0 < start);
                let inside = safepoints[from..].iter().take_while(|s| s.0 < end).enumerate();
                let across = inside.filter(|(_, s)| s.1 != value);
                live.extend(across.map(|(at, _)| ((from + at) as u32, number)));
                block != home
            };
            work.clear();
            for u in list {
                if mark(u.block, u.effects) {
                    work.extend(layout.predecessors_of(u.block));
                }
            }
            while let Some(block) = work.pop() {
                if core::mem::replace(&mut seen[block.index()], value.0 + 1) == value.0 + 1 {
                    continue;
                }
                steps += 1;
                if mark(block, bounds[block.index()].1) {
                    work.extend(layout.predecessors_of(block));
                }
            }
            if live.len() + steps > MAX_LIVE {
                return None;
            }
            if live.len() > before {
                kept.push(value);
            }
        }
        live.sort_unstable();
        live.dedup();
        Some(())
    }

    fn keep_all(&mut self) {
        let References { kept, uses, live, all, .. } = &mut self.state.references;
        live.clear();
        kept.clear();
        kept.extend(uses.iter().map(|u| u.value));
        kept.dedup();
        *all = true;
    }

    /// The slot of a reference, if it has one: its number among the function's.
    fn reference_slot(&self, value: Value) -> Option<usize> {
        let number = self.state.values[value.index()].slot.checked_sub(1)?;
        Some(self.function.slots.len() + self.function.catches.len() + number as usize)
    }

    /// A reference that has a slot, loaded from there.
    pub(super) fn load_reference(&mut self, value: Value) -> Option<crate::machine::code::VReg> {
        let slot = self.reference_slot(value)?;
        let from = self.slot_numbered(slot);
        Some(self.early(|cx, reg| cx.emit(MOV32_R_RM, &[reg.into(), from.into()]), Class::Int))
    }

    /// Stores a reference that has a slot there: behind what makes it.
    pub(super) fn keep_reference(&mut self, value: Value) {
        let Some(slot) = self.reference_slot(value) else { return };
        let (to, from) = (self.slot_numbered(slot), self.def_of(value));
        self.emit(MOV64_RM_R, &[to.into(), from.into()]);
    }

    /// Stores parameters of a block, where it starts.
    pub(super) fn keep_params(&mut self, block: Block) {
        let function = self.function;
        for param in function.params(block) {
            self.keep_reference(param);
        }
    }

    /// Empties all slots of references, where the function starts, if they are listed before they are written.
    pub(super) fn empty_references(&mut self) {
        if !self.state.references.all {
            return;
        }
        let first = self.function.slots.len() + self.function.catches.len();
        for number in 0..self.state.references.kept.len() {
            let to = self.slot_numbered(first + number);
            self.emit(MOV64_RM_I, &[to.into(), super::context::A::Imm(0)]);
        }
    }

    /// Remembers where the call of a safepoint is among what was put down for it.
    pub(super) fn mark_safepoint(&mut self, value: Value) {
        let references = &self.state.references;
        if references.kept.is_empty() || !is_safepoint(self.function.op(value)) {
            return;
        }
        let ValueState { effects, .. } = self.state.values[value.index()];
        let at = references.safepoints.partition_point(|s| s.0 < effects) as u32;
        let pending = &self.state.pending;
        let is_call = |sequence: Sequence| {
            use Sequence::{CallOwn, CallPointer, CallStub, Charge, Poll, TryOwn, TryPointer, TryStub};
            matches!(
                sequence,
                CallOwn | CallPointer | CallStub | TryOwn | TryPointer | TryStub | Poll | Charge
            )
        };
        let call = pending.iter().position(|inst| Sequence::of(inst.opcode).is_some_and(is_call));
        if let Some(call) = call {
            let place = self.state.backwards.len() + pending.len() - 1 - call;
            self.state.references.selected.push((place as u32, at));
        }
    }

    /// Lists the references of the safepoints that are in a part of the reversed list, of which the first instruction in the order
    /// of the code has this number.
    pub(super) fn finish_safepoints(&mut self, part: core::ops::Range<u32>, first: u32) {
        let References { selected, live, kept, all, .. } = &self.state.references;
        let from = selected.partition_point(|s| s.0 < part.start);
        let end = selected.partition_point(|s| s.0 < part.end);
        let slots = self.function.slots.len() + self.function.catches.len();
        for (place, safepoint) in selected[from..end].iter().rev() {
            let start = self.code.numbers.len() as u32;
            let mut list = |number: usize| self.code.numbers.push(self.code.slots[slots + number].start);
            let range = match *all {
                // They share one list.
                true if start > 0 => 0..start,
                true => {
                    (0..kept.len()).for_each(&mut list);
                    0..self.code.numbers.len() as u32
                }
                false => {
                    let from = live.partition_point(|l| l.0 < *safepoint);
                    let here = live[from..].iter().take_while(|l| l.0 == *safepoint);
                    here.for_each(|l| list(l.1 as usize));
                    start..self.code.numbers.len() as u32
                }
            };
            if !range.is_empty() {
                self.code.safepoints.push(Safepoint { inst: first + (part.end - 1 - place), slots: range });
            }
        }
    }
}
