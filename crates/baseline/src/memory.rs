//! Memories: loads, stores, size and growth, and what moves many bytes.

use crate::calls::Argument;
use crate::compiler::Compiler;
use crate::masm::{Address, Cond, IntBinary, Load, Masm, Operand, Store, Width};
use crate::reg::{Class, Reg};
use crate::stack::{Entry, Place};
use core::mem::offset_of;
use windlass_abi::builtins::VMBuiltins;
use windlass_abi::trap::TrapCode;
use windlass_abi::types::ValKind;
use windlass_wasm::SinkError;
use windlass_wasm::plans::{BoundsCheck, Length, MemoryPlan};
use windlass_wasm::wasmparser::MemArg;

type Done = Result<(), SinkError>;

/// An address that has been worked out: where to access, and the registers in hand for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub at: Address,
    /// Registers to release afterwards.
    held: [Option<Reg>; 2],
    /// Whether the access itself may fault.
    pub faults: bool,
}

impl<M: Masm> Compiler<'_, M> {
    /// Bytes of a `memarg` at the current operator's offset plus `from`: for looking at what follows it.
    pub(crate) fn memarg_length(&self, from: usize) -> usize {
        let bytes = self.f.bytes;
        let mut at = self.f.offset - self.f.bytes_at + from;
        let start = at;
        let mut skip = || {
            let first = bytes.get(at).copied().unwrap_or(0);
            while bytes.get(at).is_some_and(|b| b & 0x80 != 0) {
                at += 1;
            }
            at += 1;
            first
        };
        // Bit 6 of the alignment says that a memory's index follows.
        if skip() & 0x40 != 0 {
            skip();
        }
        skip();
        at - start
    }

    /// Bytes of the opcode of the current operator, which has a prefix.
    pub(crate) fn op_length(&self) -> usize {
        let mut length = 1;
        while self.next_byte(length).is_some_and(|byte| byte & 0x80 != 0) {
            length += 1;
        }
        length + 1
    }

    /// A load of a scalar.
    pub(crate) fn load_op(&mut self, op: Load, kind: ValKind, arg: &MemArg) -> Done {
        let length = 1 + self.memarg_length(1);
        self.load_of_length(op, kind, arg, length)
    }

    /// A load by an operator of this length.
    pub(crate) fn load_of_length(&mut self, op: Load, kind: ValKind, arg: &MemArg, length: usize) -> Done {
        let e = self.pop();
        let access = self.access(&e, arg, op.size());
        let class = Class::of(kind);
        // The result may take the place of the address.
        let held = access.held[0].filter(|r| r.class() == class && self.f.temporaries.contains(*r));
        let dst = match (self.wanted(class, length), held) {
            (Some(reg), _) | (None, Some(reg)) => reg,
            (None, None) => self.alloc(class),
        };
        self.mark_access(&access);
        self.m.load(op, dst, access.at);
        self.end_access(&access, Some(dst));
        self.push_reg(kind, dst)
    }

    /// A store of a scalar of a kind.
    pub(crate) fn store_op(&mut self, op: Store, arg: &MemArg) -> Done {
        let v = self.pop();
        let e = self.pop();
        if let Place::Const(bits) = v.place
            && Class::of(v.kind) == Class::Int
            && (op != Store::Store64 || i32::try_from(bits as i64).is_ok())
        {
            let access = self.access(&e, arg, op.size());
            self.mark_access(&access);
            self.m.store_constant(op, access.at, bits as i32);
            self.end_access(&access, None);
            return Ok(());
        }
        let value = self.reg(&v);
        let access = self.access(&e, arg, op.size());
        self.mark_access(&access);
        self.m.store(op, access.at, value);
        self.end_access(&access, None);
        self.release(value);
        Ok(())
    }

    /// Before the instruction that accesses: if it faults, the access is out of bounds.
    pub(crate) fn mark_access(&mut self, access: &Access) {
        if access.faults {
            self.mark(Some(TrapCode::MemoryOutOfBounds));
        }
    }

    /// Frees the registers of an address, but for that of the result.
    pub(crate) fn end_access(&mut self, access: &Access, result: Option<Reg>) {
        for reg in access.held.into_iter().flatten() {
            if Some(reg) != result {
                self.release(reg);
            }
        }
    }

    /// The first byte of a memory, in its own register or in the scratch register.
    fn base_of(&mut self, plan: &MemoryPlan) -> Reg {
        match self.f.memory_base {
            Some(reg) if plan.index == 0 => reg,
            _ => {
                let reg = M::REGISTERS.scratch;
                self.m.load(Load::I64, reg, Address::new(M::REGISTERS.context, plan.base_at as i32));
                reg
            }
        }
    }

    /// Whether accesses that end at most `reach` bytes behind the largest address are caught by inaccessible pages.
    fn is_guarded(&self, plan: &MemoryPlan, offset: u64, size: u32) -> bool {
        plan.check == BoundsCheck::GuardOrCompare
            && self.settings.signals
            && offset.saturating_add(size as u64).saturating_add(u32::MAX as u64)
                <= self.settings.memory_reach
            && offset <= i32::MAX as u64
    }

    /// Works out where to access `size` bytes at a popped address plus the offset, in bounds or where it faults.
    /// The entry's register is in hand, until [`Compiler::end_access`].
    pub(crate) fn access(&mut self, e: &Entry, arg: &MemArg, size: u32) -> Access {
        let plan = self.plans.memory(arg.memory);
        if let Place::Const(address) = e.place {
            // A constant is checked now where it can be.
            let end = address.checked_add(arg.offset).and_then(|a| Some((a, a.checked_add(size as u64)?)));
            if let Some((at, end)) = end
                && end <= plan.min_bytes
                && at <= i32::MAX as u64
            {
                let base = self.base_of(&plan);
                return Access { at: Address::new(base, at as i32), held: [None; 2], faults: false };
            }
        }
        if self.is_guarded(&plan, arg.offset, size) {
            let index = self.reg(e);
            let base = self.base_of(&plan);
            let at = Address { base, index: Some(index), offset: arg.offset as i32 };
            return Access { at, held: [Some(index), None], faults: true };
        }
        self.checked_access(e, &plan, arg.offset, size)
    }

    /// An access with a comparison: `address + offset + size <= length`.
    fn checked_access(&mut self, e: &Entry, plan: &MemoryPlan, offset: u64, size: u32) -> Access {
        let index = self.reg(e);
        let end = self.alloc(Class::Int);
        let width = offset.saturating_add(size as u64);
        // The end of the access, without overflow.
        match i32::try_from(width) {
            Ok(width) if !plan.memory64 => {
                self.m.address(Width::W64, end, Address::new(index, width));
            }
            Ok(width) => {
                self.m.add_carry(end, index, Operand::Imm(width));
                self.trap_if(Cond::LtU, TrapCode::MemoryOutOfBounds);
            }
            Err(_) => {
                self.m.constant(ValKind::I64, end, width);
                let reg = Operand::Reg(index);
                self.m.add_carry(end, end, reg);
                self.trap_if(Cond::LtU, TrapCode::MemoryOutOfBounds);
                if offset.checked_add(size as u64).is_none() {
                    let never = self.trap_label(TrapCode::MemoryOutOfBounds);
                    self.m.jump(never);
                }
            }
        }
        match plan.len {
            Length::Inline(at) => {
                self.m.compare_memory64(end, Address::new(M::REGISTERS.context, at as i32));
            }
            Length::Shared(at) => {
                let scratch = M::REGISTERS.scratch;
                self.m.load(Load::I64, scratch, Address::new(M::REGISTERS.context, at as i32));
                self.m.compare_memory64(end, Address::new(scratch, 0));
            }
        }
        self.trap_if(Cond::GtU, TrapCode::MemoryOutOfBounds);
        let base = self.base_of(plan);
        // The address again from its end.
        self.m.int_binary(IntBinary::Add, Width::W64, end, end, Operand::Reg(base));
        Access { at: Address::new(end, -(size as i32)), held: [Some(end), Some(index)], faults: false }
    }

    /// `memory.size`.
    pub(crate) fn memory_size(&mut self, memory: u32) -> Done {
        let plan = self.plans.memory(memory);
        let dst = self.alloc(Class::Int);
        let context = M::REGISTERS.context;
        match plan.len {
            Length::Inline(at) => self.m.load(Load::I64, dst, Address::new(context, at as i32)),
            Length::Shared(at) => {
                self.m.load(Load::I64, dst, Address::new(context, at as i32));
                self.m.load(Load::I64, dst, Address::new(dst, 0));
            }
        }
        if plan.page_size_log2 > 0 {
            let shift = Operand::Imm(plan.page_size_log2 as i32);
            self.m.int_binary(IntBinary::ShrU, Width::W64, dst, dst, shift);
        }
        self.push_reg(address_kind(&plan), dst)
    }

    /// `memory.grow`.
    pub(crate) fn memory_grow(&mut self, memory: u32) -> Done {
        let plan = self.plans.memory(memory);
        let delta = self.pop();
        self.call_builtin_value(
            offset_of!(VMBuiltins, memory_grow),
            &[Argument::Context, Argument::Constant(memory as u64), Argument::Entry(&delta)],
            address_kind(&plan),
        )
    }

    /// `memory.copy`.
    pub(crate) fn memory_copy(&mut self, dst_memory: u32, src_memory: u32) -> Done {
        let (len, src, dst) = (self.pop(), self.pop(), self.pop());
        self.call_builtin_status(
            offset_of!(VMBuiltins, memory_copy),
            &[
                Argument::Context,
                Argument::Constant(dst_memory as u64),
                Argument::Constant(src_memory as u64),
                Argument::Entry(&dst),
                Argument::Entry(&src),
                Argument::Entry(&len),
            ],
        );
        Ok(())
    }

    /// `memory.fill`.
    pub(crate) fn memory_fill(&mut self, memory: u32) -> Done {
        let (len, value, dst) = (self.pop(), self.pop(), self.pop());
        self.call_builtin_status(
            offset_of!(VMBuiltins, memory_fill),
            &[
                Argument::Context,
                Argument::Constant(memory as u64),
                Argument::Entry(&dst),
                Argument::Entry(&value),
                Argument::Entry(&len),
            ],
        );
        Ok(())
    }

    /// `memory.init`.
    pub(crate) fn memory_init(&mut self, segment: u32, memory: u32) -> Done {
        let (len, src, dst) = (self.pop(), self.pop(), self.pop());
        self.call_builtin_status(
            offset_of!(VMBuiltins, memory_init),
            &[
                Argument::Context,
                Argument::Constant(memory as u64),
                Argument::Constant(segment as u64),
                Argument::Entry(&dst),
                Argument::Entry(&src),
                Argument::Entry(&len),
            ],
        );
        Ok(())
    }

    /// `data.drop`.
    pub(crate) fn data_drop(&mut self, segment: u32) -> Done {
        let arguments = [Argument::Context, Argument::Constant(segment as u64)];
        self.call_builtin(offset_of!(VMBuiltins, data_drop), &arguments);
        self.restore_clobbered();
        Ok(())
    }
}

/// The kind of a memory's addresses.
pub(crate) fn address_kind(plan: &MemoryPlan) -> ValKind {
    if plan.memory64 { ValKind::I64 } else { ValKind::I32 }
}
