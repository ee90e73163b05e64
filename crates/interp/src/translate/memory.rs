//! Memories: loads, stores, size and growth, and what moves many bytes.

use super::Translator;
use super::emit::Taken;
use super::stack::{Entry, Operand};
use crate::handlers::bulk::*;
use crate::handlers::memory::{Load, MemoryGrow, MemorySize, Store};
use crate::ops::BinaryOp;
use crate::table::{self, AddressWay, ValueWay, opcode};
use windlass_abi::types::ValKind;
use windlass_wasm::SinkError;
use windlass_wasm::plans::MemoryPlan;
use windlass_wasm::wasmparser::MemArg;

/// An address for the fast family, taken from the stack.
pub(super) enum Address {
    /// In a slot.
    Slot(u16),
    /// The sum of two slots.
    Sum(u16, u16),
    /// The sum of a slot and a constant.
    Displaced(u16, u32),
    /// A constant, to which the offset can be added.
    Absolute(u32),
}

/// What is added to the first operand of an address.
#[derive(Clone, Copy)]
pub(super) enum Second {
    /// A slot.
    Slot(u16),
    /// A constant.
    Imm(u32),
}

impl Translator<'_> {
    /// Whether the fast family serves a memory.
    pub(super) fn is_fast(plan: &MemoryPlan) -> bool {
        plan.index == 0 && !plan.memory64 && !plan.shared
    }

    /// A load of a scalar.
    pub(super) fn load(&mut self, op: Load, kind: ValKind, arg: &MemArg) -> Result<(), SinkError> {
        let plan = self.plans.memory(arg.memory);
        if Self::is_fast(&plan) {
            return self.fast_load(op, kind, arg.offset as u32);
        }
        let address = self.pop_slot();
        let dst = self.push_home(kind)?;
        self.mark();
        self.start_to(table::any_load(op, plan.memory64), dst, kind);
        self.unit(address);
        self.unit(arg.memory as u16);
        self.unit64(arg.offset);
        Ok(())
    }

    fn fast_load(&mut self, op: Load, kind: ValKind, offset: u32) -> Result<(), SinkError> {
        let e = self.pop();
        let address = self.address(&e, offset);
        let dst = self.push_home(kind)?;
        self.mark();
        let (way, a, b) = self.address_way(&address, Some(dst));
        let opcode = table::fast_load(op, way);
        self.start_to(opcode, dst, kind);
        self.address_operands(a, b);
        self.unit32(offset_of(&address, offset));
        self.may_accumulate(table::accumulating(opcode, table::ADDRESS_WAYS));
        Ok(())
    }

    /// A store of a scalar of a kind.
    pub(super) fn store(&mut self, op: Store, kind: ValKind, arg: &MemArg) -> Result<(), SinkError> {
        let plan = self.plans.memory(arg.memory);
        if Self::is_fast(&plan) {
            return self.fast_store(op, kind, arg.offset as u32);
        }
        let value = self.pop_slot();
        let address = self.pop_slot();
        self.mark();
        self.start(table::any_store(op, plan.memory64));
        self.unit(address);
        self.unit(value);
        self.unit(arg.memory as u16);
        self.unit64(arg.offset);
        Ok(())
    }

    fn fast_store(&mut self, op: Store, kind: ValKind, offset: u32) -> Result<(), SinkError> {
        let (v, e) = (self.pop(), self.pop());
        // A narrow store of an i64 is the one of an i32, and takes a constant as that does.
        let imm_kind = if kind == ValKind::I64 && op != Store::I64Store { ValKind::I32 } else { kind };
        let value = match self.operand(&v) {
            Operand::Const(bits) if !Self::is_imm(bits, imm_kind) => Operand::Slot(self.in_slot(&v)),
            operand => operand,
        };
        let address = self.address(&e, offset);
        self.mark();
        let (way, a, b) = self.address_way(&address, None);
        let value_way = match value {
            Operand::Const(_) => ValueWay::Imm,
            Operand::Slot(slot) if self.in_acc(slot, kind) => {
                self.take_acc(slot, None);
                ValueWay::Acc
            }
            Operand::Slot(_) => ValueWay::Slot,
        };
        self.start(table::fast_store(op, way, value_way));
        self.unit32(offset_of(&address, offset));
        self.address_operands(a, b);
        match (value, value_way) {
            (Operand::Const(bits), _) => self.imm(bits, imm_kind),
            (Operand::Slot(slot), ValueWay::Slot) => self.unit(slot),
            (Operand::Slot(_), _) => {}
        }
        Ok(())
    }

    /// The address that an entry is, which was popped.
    pub(super) fn address(&mut self, e: &Entry, offset: u32) -> Address {
        if let Operand::Const(bits) = self.operand(e)
            && (bits as u32).checked_add(offset).is_some()
        {
            return Address::Absolute(bits as u32);
        }
        match self.take_binary(e, |op| op == BinaryOp::I32Add) {
            Some(Taken { a, b: Operand::Slot(b), .. }) => Address::Sum(a, b),
            Some(Taken { a, b: Operand::Const(bits), .. }) => Address::Displaced(a, bits as u32),
            None => Address::Slot(self.in_slot(e)),
        }
    }

    /// How an access whose result, if it has one, goes to `dst` takes its address, and the slots that are operands.
    pub(super) fn address_way(
        &mut self,
        address: &Address,
        dst: Option<u16>,
    ) -> (AddressWay, Option<u16>, Option<Second>) {
        let (acc, way, a, b) = match *address {
            Address::Slot(a) if self.in_acc(a, ValKind::I32) => (Some(a), AddressWay::Acc, None, None),
            Address::Slot(a) => (None, AddressWay::Slot, Some(a), None),
            Address::Sum(a, b) if self.in_acc(a, ValKind::I32) => {
                (Some(a), AddressWay::AccSlot, None, Some(Second::Slot(b)))
            }
            Address::Sum(a, b) if self.in_acc(b, ValKind::I32) => {
                (Some(b), AddressWay::AccSlot, None, Some(Second::Slot(a)))
            }
            Address::Sum(a, b) => (None, AddressWay::SlotSlot, Some(a), Some(Second::Slot(b))),
            Address::Displaced(a, by) if self.in_acc(a, ValKind::I32) => {
                (Some(a), AddressWay::AccImm, None, Some(Second::Imm(by)))
            }
            Address::Displaced(a, by) => (None, AddressWay::SlotImm, Some(a), Some(Second::Imm(by))),
            Address::Absolute(_) => (None, AddressWay::Absolute, None, None),
        };
        if let Some(slot) = acc {
            self.take_acc(slot, dst);
        }
        (way, a, b)
    }

    pub(super) fn address_operands(&mut self, a: Option<u16>, b: Option<Second>) {
        if let Some(slot) = a {
            self.unit(slot);
        }
        match b {
            Some(Second::Slot(slot)) => self.unit(slot),
            Some(Second::Imm(bits)) => self.unit32(bits),
            None => {}
        }
    }

    /// `memory.size`.
    pub(super) fn memory_size(&mut self, memory: u32) -> Result<(), SinkError> {
        let plan = self.plans.memory(memory);
        let kind = index_kind(plan.memory64);
        let dst = self.push_home(kind)?;
        self.single_to::<MemorySize>(dst, kind);
        self.unit(memory as u16);
        self.unit(plan.page_size_log2.into());
        Ok(())
    }

    /// `memory.grow`.
    pub(super) fn memory_grow(&mut self, memory: u32) -> Result<(), SinkError> {
        let plan = self.plans.memory(memory);
        let kind = index_kind(plan.memory64);
        let by = self.pop_slot();
        let dst = self.push_home(kind)?;
        self.mark();
        match plan.memory64 {
            false => self.single_to::<MemoryGrow<u32>>(dst, kind),
            true => self.single_to::<MemoryGrow<u64>>(dst, kind),
        }
        self.unit(by);
        self.unit(memory as u16);
        Ok(())
    }

    /// Pops the three operands of a bulk operator, in the order in which they were pushed.
    pub(super) fn pop_three(&mut self) -> [u16; 3] {
        let (c, b, a) = (self.pop(), self.pop(), self.pop());
        [self.in_slot(&a), self.in_slot(&b), self.in_slot(&c)]
    }

    /// Writes the operands of a bulk operator: slots, and which of them are 64-bit.
    pub(super) fn bulk_operands(&mut self, slots: [u16; 3], wide: [bool; 3]) {
        for slot in slots {
            self.unit(slot);
        }
        self.unit(wide[0] as u16 | (wide[1] as u16) << 1 | (wide[2] as u16) << 2);
    }

    /// `memory.copy`.
    pub(super) fn memory_copy(&mut self, dst: u32, src: u32) -> Result<(), SinkError> {
        let slots = self.pop_three();
        let (to, from) = (self.plans.memory(dst), self.plans.memory(src));
        self.mark();
        if Self::is_fast(&to) && Self::is_fast(&from) {
            self.start(opcode::<FirstCopy>());
            slots.into_iter().for_each(|slot| self.unit(slot));
            return Ok(());
        }
        self.start(opcode::<MemoryCopy>());
        self.bulk_operands(slots, [to.memory64, from.memory64, to.memory64 && from.memory64]);
        self.unit(dst as u16);
        self.unit(src as u16);
        Ok(())
    }

    /// `memory.fill`.
    pub(super) fn memory_fill(&mut self, memory: u32) -> Result<(), SinkError> {
        let slots = self.pop_three();
        let plan = self.plans.memory(memory);
        self.mark();
        if Self::is_fast(&plan) {
            self.start(opcode::<FirstFill>());
            slots.into_iter().for_each(|slot| self.unit(slot));
            return Ok(());
        }
        self.start(opcode::<MemoryFill>());
        self.bulk_operands(slots, [plan.memory64, false, plan.memory64]);
        self.unit(memory as u16);
        Ok(())
    }

    /// `memory.init`.
    pub(super) fn memory_init(&mut self, segment: u32, memory: u32) -> Result<(), SinkError> {
        let slots = self.pop_three();
        let plan = self.plans.memory(memory);
        self.mark();
        self.start(opcode::<MemoryInit>());
        self.bulk_operands(slots, [plan.memory64, false, false]);
        self.unit(memory as u16);
        self.unit32(segment);
        Ok(())
    }

    /// `data.drop`.
    pub(super) fn data_drop(&mut self, segment: u32) -> Result<(), SinkError> {
        self.start(opcode::<DataDrop>());
        self.unit32(segment);
        Ok(())
    }
}

/// The kind of addresses and indices.
pub(super) fn index_kind(wide: bool) -> ValKind {
    if wide { ValKind::I64 } else { ValKind::I32 }
}

pub(super) fn offset_of(address: &Address, offset: u32) -> u32 {
    match address {
        Address::Absolute(base) => base + offset,
        Address::Slot(_) | Address::Sum(..) | Address::Displaced(..) => offset,
    }
}
