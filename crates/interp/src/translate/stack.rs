//! The operand stack at translation time.

use super::Translator;
use super::{MAX_SLOTS, too_many_slots};
use crate::frame::HEADER;
use windlass_abi::types::ValKind;
use windlass_wasm::SinkError;

/// Where the value of an entry is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Place {
    /// In the entry's home slot.
    Home,
    /// In a local. `below` is the next entry down that is in the same local, or `NONE`.
    Local { local: u32, below: u32 },
    /// In the code: the bits of a scalar (of an i32 or f32: zero-extended), or 0 for a null reference.
    Const(u64),
}

/// No entry.
pub(super) const NONE: u32 = u32::MAX;

/// An entry of the operand stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub place: Place,
    pub kind: ValKind,
    /// The home slot.
    pub slot: u16,
}

impl Entry {
    /// Whether the value is in the entry's home slot.
    pub fn is_home(&self) -> bool {
        self.place == Place::Home
    }
}

/// A local.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    pub slot: u16,
    pub kind: ValKind,
    /// The topmost entry of the stack that is in this local, or `NONE`.
    top: u32,
}

impl Local {
    pub fn new(slot: u16, kind: ValKind) -> Local {
        Local { slot, kind, top: NONE }
    }
}

/// An operand of an instruction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Operand {
    /// In a slot; maybe in an accumulator, too.
    Slot(u16),
    /// A constant's bits.
    Const(u64),
}

impl Translator<'_> {
    /// The home slot of the next entry.
    pub(super) fn next_slot(&self) -> u16 {
        (self.func.header + HEADER as u32 + self.func.height) as u16
    }

    /// Makes sure that the frame has room for `slots` more than the stack takes now.
    pub(super) fn reserve_slots(&mut self, slots: u32) -> Result<(), SinkError> {
        let f = &mut self.func;
        f.max_height = f.max_height.max(f.height + slots);
        if f.header + HEADER as u32 + f.max_height > MAX_SLOTS {
            return Err(too_many_slots());
        }
        Ok(())
    }

    fn push(&mut self, place: Place, kind: ValKind) -> Result<u16, SinkError> {
        let slot = self.next_slot();
        self.reserve_slots(kind.slots() as u32)?;
        let f = &mut self.func;
        f.height += kind.slots() as u32;
        f.gc_entries += (kind == ValKind::Gc) as u32;
        f.stack.push(Entry { place, kind, slot });
        Ok(slot)
    }

    /// Pushes a value that the next instruction puts into its home slot, which is returned.
    pub(super) fn push_home(&mut self, kind: ValKind) -> Result<u16, SinkError> {
        self.push(Place::Home, kind)
    }

    /// Pushes a constant.
    pub(super) fn push_const(&mut self, kind: ValKind, bits: u64) -> Result<(), SinkError> {
        self.push(Place::Const(bits), kind).map(drop)
    }

    /// Pushes a local.
    pub(super) fn push_local(&mut self, local: u32) -> Result<(), SinkError> {
        let at = self.func.stack.len() as u32;
        let l = &mut self.func.locals[local as usize];
        let (below, kind) = (l.top, l.kind);
        l.top = at;
        self.push(Place::Local { local, below }, kind).map(drop)
    }

    /// Pops an entry.
    pub(super) fn pop(&mut self) -> Entry {
        let f = &mut self.func;
        let e = f.stack.pop().expect("validation keeps the stack from running empty");
        f.height -= e.kind.slots() as u32;
        f.gc_entries -= (e.kind == ValKind::Gc) as u32;
        f.settled = f.settled.min(f.stack.len());
        if let Place::Local { local, below } = e.place {
            f.locals[local as usize].top = below;
        }
        e
    }

    /// Changes the type of the topmost entry to one whose values are the low bits of its own.
    pub(super) fn retype_top(&mut self, kind: ValKind) {
        let e = self.func.stack.last_mut().expect("validation keeps the stack from running empty");
        debug_assert_eq!(e.kind.slots(), kind.slots());
        e.kind = kind;
    }

    /// Pops entries until `len` are left. They are not needed any more.
    pub(super) fn truncate(&mut self, len: usize) {
        while self.func.stack.len() > len {
            self.pop();
        }
    }

    /// Where an instruction finds the value of an entry that was popped. A constant stays one.
    pub(super) fn operand(&self, e: &Entry) -> Operand {
        match e.place {
            Place::Home => Operand::Slot(e.slot),
            Place::Local { local, .. } => Operand::Slot(self.func.locals[local as usize].slot),
            Place::Const(bits) => Operand::Const(bits),
        }
    }

    /// The slot of an entry that was popped; a constant is put into its home slot first.
    pub(super) fn in_slot(&mut self, e: &Entry) -> u16 {
        match self.operand(e) {
            Operand::Slot(slot) => slot,
            Operand::Const(bits) => {
                self.emit_const(e.slot, bits, e.kind);
                e.slot
            }
        }
    }

    /// Pops an entry and gives its slot.
    pub(super) fn pop_slot(&mut self) -> u16 {
        let e = self.pop();
        self.in_slot(&e)
    }

    /// Brings the entry at `at` home. The entry must not be in a local, or be the topmost in it.
    fn bring_home(&mut self, at: usize) {
        let e = self.func.stack[at];
        match e.place {
            Place::Home => return,
            Place::Local { local, below } => {
                let l = &mut self.func.locals[local as usize];
                debug_assert_eq!(l.top as usize, at);
                l.top = below;
                let from = l.slot;
                self.emit_copy(e.slot, from, e.kind);
            }
            Place::Const(bits) => self.emit_const(e.slot, bits, e.kind),
        }
        self.func.stack[at].place = Place::Home;
    }

    /// Brings the topmost `count` entries home.
    pub(super) fn bring_top_home(&mut self, count: usize) {
        let len = self.func.stack.len();
        // Entries in the same local are linked from the top down. Going up would have to search the links, so the links
        // of these entries are cut first.
        for at in (len - count..len).rev() {
            if let Place::Local { local, below } = self.func.stack[at].place {
                self.func.locals[local as usize].top = below;
            }
        }
        for at in len - count..len {
            let e = self.func.stack[at];
            match e.place {
                Place::Home => continue,
                Place::Local { local, .. } => {
                    let from = self.func.locals[local as usize].slot;
                    self.emit_copy(e.slot, from, e.kind);
                }
                Place::Const(bits) => self.emit_const(e.slot, bits, e.kind),
            }
            self.func.stack[at].place = Place::Home;
        }
    }

    /// Brings every entry that is in `local` home, because the local is about to change.
    fn leave_local(&mut self, local: u32) {
        loop {
            let top = self.func.locals[local as usize].top;
            if top == NONE {
                return;
            }
            self.bring_home(top as usize);
        }
    }

    /// Brings every entry that is in a local home: before a block, whose paths might change locals differently.
    pub(super) fn settle(&mut self) {
        for at in (self.func.settled..self.func.stack.len()).rev() {
            if let Place::Local { .. } = self.func.stack[at].place {
                self.bring_home(at);
            }
        }
        self.func.settled = self.func.stack.len();
    }

    /// Puts the value of an entry that was popped into `to`: if the latest instruction made it, that instruction puts
    /// it there at once. `to` is a local's slot, or the home slot of an entry not above it.
    pub(super) fn put(&mut self, e: &Entry, to: u16) {
        match self.operand(e) {
            Operand::Const(bits) => self.emit_const(to, bits, e.kind),
            Operand::Slot(from) if from == to => {}
            Operand::Slot(from) => {
                if !(e.is_home() && self.redirect(from, to)) {
                    self.emit_copy(to, from, e.kind);
                }
            }
        }
    }

    /// `local.set`.
    pub(super) fn local_set(&mut self, local: u32) {
        // The value itself may be in the local: it leaves the stack first.
        let e = self.pop();
        // Copies that are made here come after the instruction that made the value, which then is the latest no more.
        self.leave_local(local);
        let slot = self.func.locals[local as usize].slot;
        self.put(&e, slot);
    }
}
