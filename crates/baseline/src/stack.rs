//! The operand stack at compile time, locals, and the registers that hold them.
//!
//! An entry of the stack is a constant, a local that nothing has been done with yet, a value in a temporary
//! register, a comparison's outcome in the flags (only the topmost, and only until the next operator), or a value in its
//! home slot, which its height alone determines.
//!
//! **Registers.** A temporary is free, or held by one entry, or *in hand*: taken from an entry that was popped, or
//! allocated, and not yet pushed or released. A local has a register of its own for the whole function,
//! which is then no temporary, or lives in its home slot.

use crate::compiler::Compiler;
use crate::masm::{Cond, Masm, Operand};
use crate::reg::{Class, Reg, RegSet};
use windlass_abi::types::ValKind;
use windlass_wasm::SinkError;

/// Where the value of an entry is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Place {
    /// In the entry's home slot.
    Home,
    /// In a local.
    Local(u32),
    /// In the code: the bits of a scalar (of an i32 or f32: zero-extended), or 0 for a null reference or a zero vector.
    Const(u64),
    /// In a temporary.
    Reg(Reg),
    /// A 32-bit value shifted left by 1 to 3: in a temporary, to be shifted yet.
    Shifted(Reg, u8),
    /// In the flags: 1 if the condition holds, else 0.
    Flags(Cond),
}

/// An entry of the operand stack.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub place: Place,
    pub kind: ValKind,
    /// The first of its home slots.
    pub slot: u32,
    /// If it is a local: the next entry down that is the same one, or [`NONE`].
    pub below: u32,
}

/// No entry.
pub const NONE: u32 = u32::MAX;

/// A local.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    pub kind: ValKind,
    /// The first of its home slots.
    pub slot: u32,
    /// The register that holds it, if any.
    pub reg: Option<Reg>,
    /// The topmost entry of the stack that is this local, or [`NONE`].
    pub top: u32,
}

impl<M: Masm> Compiler<'_, M> {
    /// Offset from the frame pointer of a value whose first home slot this is.
    pub fn slot_at(&self, slot: u32, kind: ValKind) -> i32 {
        -((self.f.slots_at + 8 * (slot + kind.slots() as u32)) as i32)
    }

    /// Offset of an entry's home slot.
    pub fn home(&self, e: &Entry) -> i32 {
        self.slot_at(e.slot, e.kind)
    }

    /// The home slot of the next entry.
    pub fn next_slot(&self) -> u32 {
        self.f.local_slots + self.f.height
    }

    /// Makes sure that the frame has room for `slots` more than the stack takes now.
    pub fn reserve_slots(&mut self, slots: u32) -> Result<(), SinkError> {
        let f = &mut self.f;
        f.max_height = f.max_height.max(f.height + slots);
        if f.local_slots + f.max_height > crate::compiler::MAX_SLOTS {
            return Err(crate::compiler::too_many_slots());
        }
        Ok(())
    }

    /// Pushes an entry.
    #[inline]
    pub fn push(&mut self, place: Place, kind: ValKind) -> Result<(), SinkError> {
        let slot = self.next_slot();
        self.reserve_slots(kind.slots() as u32)?;
        self.f.height += kind.slots() as u32;
        if let Place::Reg(reg) | Place::Shifted(reg, _) = place {
            self.hold(self.f.stack.len(), reg);
        }
        if kind == ValKind::Gc {
            self.f.gc_entries.push(self.f.stack.len() as u32);
        }
        self.f.stack.push(Entry { place, kind, slot, below: NONE });
        Ok(())
    }

    /// Pushes a value that is in a register: a temporary in hand, or the register of a local that the next operator sets.
    #[inline]
    pub fn push_reg(&mut self, kind: ValKind, reg: Reg) -> Result<(), SinkError> {
        self.push(Place::Reg(reg), kind)
    }

    /// Pushes a constant.
    #[inline]
    pub fn push_const(&mut self, kind: ValKind, bits: u64) -> Result<(), SinkError> {
        self.push(Place::Const(bits), kind)
    }

    /// Pushes a local.
    #[inline]
    pub fn push_local(&mut self, local: u32) -> Result<(), SinkError> {
        let at = self.f.stack.len();
        let l = &mut self.f.locals[local as usize];
        let (kind, below) = (l.kind, l.top);
        l.top = at as u32;
        self.push(Place::Local(local), kind)?;
        self.f.stack[at].below = below;
        Ok(())
    }

    /// Notes that an entry holds a register, if that is a temporary.
    #[inline]
    fn hold(&mut self, entry: usize, reg: Reg) {
        if self.f.temporaries.contains(reg) {
            self.f.held.insert(reg);
            self.f.owners.set(reg, entry as u32);
        }
    }

    /// Takes an entry that is a local out of the chain of those.
    fn unlink(&mut self, i: usize, local: u32) {
        let below = self.f.stack[i].below;
        let mut at = self.f.locals[local as usize].top;
        if at == i as u32 {
            self.f.locals[local as usize].top = below;
            return;
        }
        while self.f.stack[at as usize].below != i as u32 {
            at = self.f.stack[at as usize].below;
        }
        self.f.stack[at as usize].below = below;
    }

    /// Pops an entry; a temporary that it holds is in hand.
    #[inline]
    pub fn pop(&mut self) -> Entry {
        let e = self.f.stack.pop().expect("validation keeps the stack from running empty");
        self.f.height -= e.kind.slots() as u32;
        self.f.settled = self.f.settled.min(self.f.stack.len());
        if e.kind == ValKind::Gc {
            self.f.gc_entries.pop();
        }
        match e.place {
            Place::Local(local) => self.f.locals[local as usize].top = e.below,
            Place::Reg(reg) | Place::Shifted(reg, _) => self.f.held.remove(reg),
            _ => {}
        }
        e
    }

    /// Pops entries until there are `count`, and frees their registers.
    pub fn truncate(&mut self, count: usize) {
        while self.f.stack.len() > count {
            let e = self.pop();
            self.drop_entry(&e);
        }
    }

    /// Frees the register of an entry that was popped.
    pub fn drop_entry(&mut self, e: &Entry) {
        if let Place::Reg(reg) | Place::Shifted(reg, _) = e.place {
            self.release(reg);
        }
    }

    /// Frees a register in hand; nothing happens to one that is no temporary.
    #[inline]
    pub fn release(&mut self, reg: Reg) {
        if self.f.temporaries.contains(reg) {
            self.f.free.insert(reg);
        }
    }

    /// A free temporary, in hand. Spills the lowest entry that holds one if there is none.
    #[inline]
    pub fn alloc(&mut self, class: Class) -> Reg {
        match self.f.free.of_class(class).first() {
            Some(reg) => {
                self.f.free.remove(reg);
                reg
            }
            None => self.alloc_by_spilling(class),
        }
    }

    #[cold]
    fn alloc_by_spilling(&mut self, class: Class) -> Reg {
        let reg = self.f.held.of_class(class).min_by_key(|reg| self.f.owners.get(*reg));
        let reg = reg.expect("fewer registers are in hand than there are temporaries");
        self.spill(self.f.owners.get(reg) as usize);
        self.f.free.remove(reg);
        reg
    }

    /// Brings entry `i` to its home slot.
    pub fn spill(&mut self, i: usize) {
        let e = self.f.stack[i];
        let at = self.home(&e);
        match e.place {
            Place::Home => return,
            Place::Const(bits) => self.m.store_frame_constant(e.kind, at, bits),
            Place::Reg(reg) => {
                self.m.store_frame(e.kind, at, reg);
                self.f.held.remove(reg);
                self.release(reg);
            }
            Place::Shifted(reg, _) => {
                self.load_to(&e, M::REGISTERS.scratch);
                self.m.store_frame(e.kind, at, M::REGISTERS.scratch);
                self.f.held.remove(reg);
                self.release(reg);
            }
            Place::Local(local) => {
                self.unlink(i, local);
                let l = self.f.locals[local as usize];
                match l.reg {
                    Some(reg) => self.m.store_frame(e.kind, at, reg),
                    None => {
                        let from = self.slot_at(l.slot, l.kind);
                        self.copy_slot(e.kind, at, from);
                    }
                }
            }
            Place::Flags(_) => unreachable!("flags are settled before anything is spilled"),
        }
        self.f.stack[i].place = Place::Home;
    }

    /// Copies a value from one place of the frame to another.
    pub fn copy_slot(&mut self, kind: ValKind, to: i32, from: i32) {
        let scratch = match kind {
            ValKind::V128 => M::VECTOR_SCRATCH,
            _ => M::REGISTERS.scratch,
        };
        let kind = if kind == ValKind::V128 { kind } else { ValKind::I64 };
        self.m.load_frame(kind, scratch, from);
        self.m.store_frame(kind, to, scratch);
    }

    /// Brings the topmost `count` entries to their home slots.
    pub fn bring_top_home(&mut self, count: usize) {
        // From the top, where chains of locals start.
        for i in (self.f.stack.len() - count..self.f.stack.len()).rev() {
            self.spill(i);
        }
    }

    /// Before a block: brings every entry home that is not a constant, so that whatever happens in the block, it
    /// is there behind it.
    pub fn settle(&mut self) {
        for i in (self.f.settled..self.f.stack.len()).rev() {
            if !matches!(self.f.stack[i].place, Place::Const(_) | Place::Home) {
                self.spill(i);
            }
        }
        self.f.settled = self.f.stack.len();
    }

    /// Before a call: brings home what is in temporaries, of the entries below the topmost `count`.
    pub fn spill_temporaries(&mut self, count: usize) {
        let end = (self.f.stack.len() - count) as u32;
        for reg in self.f.held {
            let owner = self.f.owners.get(reg);
            if owner < end {
                self.spill(owner as usize);
            }
        }
    }

    /// Takes a particular temporary into hand: what it holds goes elsewhere. It must not be in hand.
    pub fn take(&mut self, reg: Reg) {
        debug_assert!(self.f.temporaries.contains(reg));
        if self.f.free.contains(reg) {
            return self.f.free.remove(reg);
        }
        debug_assert!(self.f.held.contains(reg), "the register is not in hand");
        let i = self.f.owners.get(reg) as usize;
        let Some(other) = self.f.free.of_class(reg.class()).first() else {
            self.spill(i);
            return self.f.free.remove(reg);
        };
        let e = self.f.stack[i];
        self.f.free.remove(other);
        self.f.held.remove(reg);
        self.m.mov(e.kind, other, reg);
        self.f.stack[i].place = match e.place {
            Place::Shifted(_, shift) => Place::Shifted(other, shift),
            _ => Place::Reg(other),
        };
        self.hold(i, other);
    }

    /// Frees some temporaries of what entries hold in them; those in hand stay so.
    pub fn evict(&mut self, regs: RegSet) {
        // What is evicted from one must not go to another.
        let mut freed = self.f.free.and(regs);
        self.f.free = self.f.free.without(regs);
        for reg in self.f.held.and(regs) {
            self.take(reg);
            freed.insert(reg);
        }
        self.f.free = self.f.free.union(freed);
    }

    /// The value of a popped entry in a register: its own, the local's, or a temporary in hand.
    #[inline]
    pub fn reg(&mut self, e: &Entry) -> Reg {
        match e.place {
            Place::Reg(reg) => reg,
            Place::Local(local) => match self.f.locals[local as usize].reg {
                Some(reg) => reg,
                None => self.load(e),
            },
            _ => self.load(e),
        }
    }

    /// The value of a popped entry in a temporary in hand, which may be changed.
    pub fn own_reg(&mut self, e: &Entry) -> Reg {
        match e.place {
            Place::Reg(reg) if self.f.temporaries.contains(reg) => reg,
            _ => self.load(e),
        }
    }

    fn load(&mut self, e: &Entry) -> Reg {
        if let Place::Shifted(reg, _) = e.place
            && self.f.temporaries.contains(reg)
        {
            self.load_to(e, reg);
            return reg;
        }
        let reg = self.alloc(Class::of(e.kind));
        self.load_to(e, reg);
        reg
    }

    /// Puts the value of an entry into a register. The entry's own register stays as it is.
    pub fn load_to(&mut self, e: &Entry, dst: Reg) {
        match e.place {
            Place::Home => {
                let at = self.home(e);
                self.m.load_frame(e.kind, dst, at);
            }
            Place::Const(bits) => self.m.constant(e.kind, dst, bits),
            Place::Reg(reg) if reg != dst => self.m.mov(e.kind, dst, reg),
            Place::Reg(_) => {}
            Place::Shifted(reg, shift) => self.m.int_binary(
                crate::masm::IntBinary::Shl,
                crate::masm::Width::W32,
                dst,
                reg,
                Operand::Imm(shift as i32),
            ),
            Place::Local(local) => {
                let l = self.f.locals[local as usize];
                match l.reg {
                    Some(reg) if reg != dst => self.m.mov(e.kind, dst, reg),
                    Some(_) => {}
                    None => {
                        let at = self.slot_at(l.slot, l.kind);
                        self.m.load_frame(e.kind, dst, at);
                    }
                }
            }
            Place::Flags(cond) => self.m.set(cond, dst),
        }
    }

    /// A popped entry as an operand: a constant if it fits, a register, or a place in the frame.
    #[inline]
    pub fn operand(&mut self, e: &Entry) -> Operand {
        match e.place {
            Place::Reg(reg) => Operand::Reg(reg),
            Place::Home => Operand::Frame(self.home(e)),
            Place::Local(local) => {
                let l = self.f.locals[local as usize];
                match l.reg {
                    Some(reg) => Operand::Reg(reg),
                    None => Operand::Frame(self.slot_at(l.slot, l.kind)),
                }
            }
            Place::Const(bits) => match imm(e.kind, bits) {
                Some(imm) => Operand::Imm(imm),
                None => Operand::Reg(self.load(e)),
            },
            Place::Shifted(..) | Place::Flags(_) => Operand::Reg(self.load(e)),
        }
    }

    /// Frees the register of an operand, unless it is the result's.
    #[inline]
    pub fn release_operand(&mut self, operand: Operand, result: Reg) {
        if let Operand::Reg(reg) = operand
            && reg != result
        {
            self.release(reg);
        }
    }

    /// Frees an operand's register, unless it is the result's.
    #[inline]
    pub fn release_but(&mut self, reg: Reg, result: Reg) {
        if reg != result {
            self.release(reg);
        }
    }

    /// Makes a value of what a comparison left in the flags.
    #[inline]
    pub fn settle_flags(&mut self) {
        if let Some(Entry { place: Place::Flags(cond), .. }) = self.f.stack.last() {
            let cond = *cond;
            // Allocating stores at most, which changes no flags.
            let reg = self.alloc(Class::Int);
            self.m.set(cond, reg);
            self.f.stack.last_mut().expect("it is there").place = Place::Reg(reg);
            self.hold(self.f.stack.len() - 1, reg);
        }
    }

    /// Before a local changes: entries that are it become values of their own.
    #[inline]
    pub fn detach(&mut self, local: u32) {
        if self.f.locals[local as usize].top != NONE {
            self.detach_uses(local);
        }
    }

    fn detach_uses(&mut self, local: u32) {
        let mut at = core::mem::replace(&mut self.f.locals[local as usize].top, NONE);
        while at != NONE {
            let i = at as usize;
            let e = self.f.stack[i];
            at = e.below;
            if self.f.free.of_class(Class::of(e.kind)).is_empty() {
                let to = self.home(&e);
                self.store_entry(&e, to);
                self.f.stack[i].place = Place::Home;
            } else {
                let reg = self.alloc(Class::of(e.kind));
                self.load_to(&e, reg);
                self.f.stack[i].place = Place::Reg(reg);
                self.hold(i, reg);
            }
        }
    }

    /// The register in which the result of this operator, of `length` bytes, is wanted, because the
    /// next operator sets a local to it.
    #[inline]
    pub fn wanted(&mut self, class: Class, length: usize) -> Option<Reg> {
        let at = self.f.offset + length - self.f.bytes_at;
        let bytes = &self.f.bytes;
        // `local.set` and `local.tee`, of the first 128 locals.
        let (0x21 | 0x22, index @ 0..0x80) = (*bytes.get(at)?, *bytes.get(at + 1)?) else { return None };
        let l = self.f.locals.get(index as usize)?;
        let reg = l.reg?;
        (reg.class() == class && l.top == NONE).then_some(reg)
    }

    /// The register for the result of an operator whose operands are popped: one that is wanted, one of the
    /// operands', or a new one.
    #[inline]
    pub fn result(&mut self, class: Class, length: usize, operands: &[Reg]) -> Reg {
        if let Some(reg) = self.wanted(class, length) {
            return reg;
        }
        for reg in operands {
            if reg.class() == class && self.f.temporaries.contains(*reg) {
                return *reg;
            }
        }
        self.alloc(class)
    }

    /// `local.set`.
    pub fn local_set(&mut self, local: u32) {
        let e = self.pop();
        if e.place == Place::Local(local) {
            return;
        }
        let l = self.f.locals[local as usize];
        self.detach(local);
        let at = self.slot_at(l.slot, l.kind);
        match l.reg {
            Some(reg) => {
                match e.place {
                    Place::Const(0) => self.m.zero(reg),
                    _ => self.load_to(&e, reg),
                }
                self.drop_entry(&e);
                if self.f.write_through {
                    self.m.store_frame(l.kind, at, reg);
                }
            }
            None => self.store_entry(&e, at),
        }
    }

    /// Stores a popped entry to the frame, and frees its register.
    pub fn store_entry(&mut self, e: &Entry, at: i32) {
        match e.place {
            Place::Const(bits) => self.m.store_frame_constant(e.kind, at, bits),
            Place::Home => {
                let from = self.home(e);
                if from != at {
                    self.copy_slot(e.kind, at, from);
                }
            }
            Place::Local(local) if self.f.locals[local as usize].reg.is_none() => {
                let l = self.f.locals[local as usize];
                let from = self.slot_at(l.slot, l.kind);
                self.copy_slot(e.kind, at, from);
            }
            _ => {
                let reg = self.reg(e);
                self.m.store_frame(e.kind, at, reg);
                self.release(reg);
            }
        }
    }

    /// `local.tee`.
    pub fn local_tee(&mut self, local: u32) -> Result<(), SinkError> {
        let e = *self.f.stack.last().expect("validated");
        if e.place == Place::Local(local) {
            return Ok(());
        }
        let l = self.f.locals[local as usize];
        match (l.reg, e.place) {
            (Some(_), _) | (None, Place::Const(_)) => {
                self.local_set(local);
                match e.place {
                    Place::Const(bits) => self.push_const(e.kind, bits),
                    _ => self.push_local(local),
                }
            }
            (None, _) => {
                // The value stays in its register.
                self.pop();
                self.detach(local);
                let reg = self.reg(&e);
                let at = self.slot_at(l.slot, l.kind);
                self.m.store_frame(l.kind, at, reg);
                if self.f.temporaries.contains(reg) {
                    self.push_reg(e.kind, reg)
                } else {
                    self.push_local(local)
                }
            }
        }
    }
}

/// A constant as a sign-extended immediate of an operation of its width.
pub fn imm(kind: ValKind, bits: u64) -> Option<i32> {
    match kind {
        ValKind::I32 | ValKind::Gc => Some(bits as u32 as i32),
        ValKind::I64 | ValKind::Func => i32::try_from(bits as i64).ok(),
        ValKind::F32 | ValKind::F64 | ValKind::V128 => None,
    }
}
