//! Memory operands: where accesses go, with what they must check before.
//!
//! | Access | What is put down before it | Memory operand |
//! |---|---|---|
//! | at a constant below the least size | | `base + constant` |
//! | that faults out of bounds | | `base + index + offset`, traps |
//! | else, of one byte | `cmp address, size`; trap | `base + index` |
//! | else, if it is never longer than the memory | `size - length`; `cmp address, that`; trap | `base + index + offset` |
//! | else | `address + length`, a trap if that overflows; `cmp that, size`; trap | `base + that - bytes` |
//!
//! The base is loaded from the context: once for the function if it stays where it is and is used more than once, and else once for all
//! accesses between two calls.

use super::context::{A, Base, Context, Mem};
use crate::machine::code::{Class, Part, VReg};
use crate::machine::x64::CONTEXT;
use windlass_abi::trap::TrapCode;
use windlass_asm::x64::{Cond, inst::*};
use windlass_ir::entity::Slot;
use windlass_ir::function::MemoryData;
use windlass_ir::op::Shape;
use windlass_ir::{Memory, Op, Type, Value};

impl Context<'_> {
    /// A base and an offset.
    pub(super) fn at(&self, base: Base, offset: i32) -> Mem {
        Mem { base: Some(base), index: None, shift: 0, offset, trap: None, position: self.position }
    }

    /// A place in the context.
    pub(super) fn context(&self, offset: u32) -> Mem {
        self.at(Base::Part(Part::Fixed(CONTEXT)), offset.cast_signed())
    }

    /// A slot of the frame.
    pub(super) fn slot(&self, slot: Slot) -> Mem {
        self.slot_numbered(slot.index())
    }

    /// A slot of the frame, by its number among all of them.
    pub(super) fn slot_numbered(&self, number: usize) -> Mem {
        self.at(Base::Part(Part::Slots), self.code.slots[number].start.cast_signed())
    }

    /// A place at the bottom of the frame.
    pub(super) fn outgoing(&self, offset: u32) -> Mem {
        self.at(Base::Part(Part::Outgoing), offset.cast_signed())
    }

    /// Where an access goes, of whatever kind: to a memory, behind a pointer or to a slot. What it must check is put down now. The position
    /// is that of the access.
    pub(super) fn address_of(&mut self, value: Value) -> Mem {
        let inst = self.function.inst(value);
        match inst.op.shape() {
            Shape::RawLoad | Shape::RawStore => {
                self.pointer(Value(inst.fields[0]), inst.offset().cast_signed())
            }
            Shape::Slot | Shape::SlotStore => self.slot(inst.slot()),
            _ => {
                let address = self.function.operands(value).next().expect("an access has an address");
                let bytes = inst.op.row().bytes.into();
                self.memory_operand(inst.memory(), address, inst.offset(), bytes)
            }
        }
    }

    /// A pointer and an offset.
    pub(super) fn pointer(&mut self, pointer: Value, offset: i32) -> Mem {
        let (mut pointer, mut offset) = (pointer, offset);
        // Two additions of constants are as many as are left by the simplifier.
        for _ in 0..2 {
            let inst = self.function.inst(pointer);
            let [a, b, _] = inst.fields;
            let sum = match inst.op {
                Op::i64_add => self.immediate(Value(b)).and_then(|b| offset.checked_add(b)),
                _ => None,
            };
            match sum {
                Some(sum) => (pointer, offset) = (Value(a), sum),
                None => break,
            }
        }
        let inst = self.function.inst(pointer);
        match inst.op {
            Op::context => return self.at(Base::Part(Part::Fixed(CONTEXT)), offset),
            Op::slot_address => {
                let slot = self.slot(inst.slot());
                if let Some(offset) = slot.offset.checked_add(offset) {
                    return Mem { offset, ..slot };
                }
            }
            Op::i64_add if self.matched(pointer, Op::i64_add).is_some() => {
                let [a, b, _] = inst.fields;
                return self.sum(Value(a), Value(b), offset, Op::i64_shl);
            }
            _ => {}
        }
        let base = self.use_of(pointer);
        self.at(Base::Reg(base), offset)
    }

    /// The sum of two integers and an offset; one of them may be shifted.
    pub(super) fn sum(&mut self, a: Value, b: Value, offset: i32, shift: Op) -> Mem {
        for (base, index) in [(a, b), (b, a)] {
            let shifted =
                self.matched(index, shift).map(|inst| (Value(inst.fields[0]), Value(inst.fields[1])));
            if let Some((index, by)) = shifted
                && let Some(by @ 0..=3) = self.constant(by)
            {
                let (base, index) = (self.use_of(base), self.use_of(index));
                return Mem { index: Some(index), shift: by as u8, ..self.at(Base::Reg(base), offset) };
            }
        }
        let (base, index) = (self.use_of(a), self.use_of(b));
        Mem { index: Some(index), ..self.at(Base::Reg(base), offset) }
    }

    /// The register with the pointer to the first byte of a memory.
    pub(super) fn base_of(&mut self, memory: Memory) -> Base {
        let state = &mut self.state.memories[memory.index()];
        let reg = match state.base {
            Some(reg) => reg,
            None => {
                let reg = self.code.vreg(Class::Int);
                self.state.memories[memory.index()].base = Some(reg);
                reg
            }
        };
        Base::Reg(reg)
    }

    /// Whether the base of a memory is loaded where the function starts.
    fn is_loaded_once(&self, memory: usize) -> bool {
        self.function.memories[memory].base_fixed && self.state.memories[memory].accesses > 1
    }

    /// Loads the bases that accesses behind this place have asked for: of all memories, those too that are loaded only where the function
    /// starts, or of the others.
    pub(super) fn load_bases(&mut self, all: bool) {
        for memory in 0..self.state.memories.len() {
            if !all && self.is_loaded_once(memory) {
                continue;
            }
            if let Some(reg) = self.state.memories[memory].base.take() {
                let from = self.context(self.function.memories[memory].base_at);
                self.emit(MOV64_R_RM, &[reg.into(), from.into()]);
            }
        }
    }

    /// Where an access of so many bytes to a memory goes.
    pub(super) fn memory_operand(&mut self, memory: Memory, address: Value, offset: u32, bytes: u32) -> Mem {
        let data = self.function.memories[memory.index()];
        if let Some(address) = self.constant(address)
            && let Some(start) = address.checked_add(offset.into())
            && start.checked_add(bytes.into()).is_some_and(|end| end <= data.min_len)
            && let Ok(start) = i32::try_from(start)
        {
            let base = self.base_of(memory);
            return self.at(base, start);
        }
        let end = u64::from(offset) + u64::from(bytes);
        let index = self.use_of(address);
        if data.index == Type::I32
            && end.saturating_add(u32::MAX.into()) <= data.reach
            && let Ok(offset) = i32::try_from(offset)
        {
            let base = self.base_of(memory);
            let trap = Some(TrapCode::MemoryOutOfBounds);
            return Mem { index: Some(index), trap, ..self.at(base, offset) };
        }
        self.checked(memory, &data, index, offset, bytes)
    }

    /// Where an access goes, behind a check.
    fn checked(&mut self, memory: Memory, data: &MemoryData, index: VReg, offset: u32, bytes: u32) -> Mem {
        let out = TrapCode::MemoryOutOfBounds;
        let end = u64::from(offset) + u64::from(bytes);
        let size = self.size_of(data);
        let base = self.base_of(memory);
        if end == 1 {
            self.emit(CMP64_R_RM, &[index.into(), size.into()]);
            self.trap_if(Cond::AE, out);
            return Mem { index: Some(index), ..self.at(base, 0) };
        }
        // `end` as an offset, which is negative or not.
        let small = i32::try_from(end).ok();
        if let Some(end) = small
            && data.min_len >= end as u64
        {
            let len = self.temp(Class::Int);
            self.emit(MOV64_R_RM, &[len.into(), size.into()]);
            let last = self.temp(Class::Int);
            let before = self.at(Base::Reg(len), -end);
            self.emit(LEA64, &[last.into(), before.into()]);
            self.emit(CMP64_R_RM, &[index.into(), last.into()]);
            self.trap_if(Cond::A, out);
            return Mem { index: Some(index), ..self.at(base, offset.cast_signed()) };
        }
        let reg = self.temp(Class::Int);
        match small {
            Some(end) if data.index == Type::I32 => {
                let behind = self.at(Base::Reg(index), end);
                self.emit(LEA64, &[reg.into(), behind.into()]);
            }
            Some(end) => {
                self.emit(ADD64_RM_I, &[A::Mod(reg, index), A::Imm(end.into())]);
                self.trap_if(Cond::B, out);
            }
            None => {
                let end = self.int_constant(end);
                self.emit(ADD64_R_RM, &[A::Mod(reg, end), index.into()]);
                if data.index == Type::I64 {
                    self.trap_if(Cond::B, out);
                }
            }
        }
        self.emit(CMP64_R_RM, &[reg.into(), size.into()]);
        self.trap_if(Cond::A, out);
        Mem { index: Some(reg), ..self.at(base, -(bytes.cast_signed())) }
    }

    /// The size of a memory in bytes.
    fn size_of(&mut self, data: &MemoryData) -> Mem {
        let at = self.context(data.len_at);
        if !data.len_behind_pointer {
            return at;
        }
        let pointer = self.temp(Class::Int);
        self.emit(MOV64_R_RM, &[pointer.into(), at.into()]);
        self.at(Base::Reg(pointer), 0)
    }
}
