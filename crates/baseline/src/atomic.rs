//! Atomics: checked for alignment before they are checked for bounds, and sequentially consistent.
//!
//! The visitor's methods are here under their own names, for `visit` to call. Narrow accesses give
//! zero-extended numbers, so that those of an i64 are those of an i32 of the same size.

use crate::calls::Argument;
use crate::compiler::Compiler;
use crate::masm::{Address, Cond, Load, Masm, Operand, Width};
use crate::memory::Access;
use crate::reg::{Class, Reg};
use crate::stack::{Entry, Place};
use core::mem::offset_of;
use windlass_abi::builtins::VMBuiltins;
use windlass_abi::trap::TrapCode;
use windlass_abi::types::ValKind;
use windlass_wasm::SinkError;
use windlass_wasm::wasmparser::MemArg;

type Done = Result<(), SinkError>;

/// What an access does, for each size in bytes and kind of value.
macro_rules! accesses {
    ($($method:ident($($op:expr)?): $i32:ident $i32_8:ident $i32_16:ident $i64:ident $i64_8:ident $i64_16:ident $i64_32:ident;)*) => {
        impl<M: Masm> Compiler<'_, M> { $(
            accesses!(@ $i32 $method 4, I32 $(, $op)?);
            accesses!(@ $i32_8 $method 1, I32 $(, $op)?);
            accesses!(@ $i32_16 $method 2, I32 $(, $op)?);
            accesses!(@ $i64 $method 8, I64 $(, $op)?);
            accesses!(@ $i64_8 $method 1, I64 $(, $op)?);
            accesses!(@ $i64_16 $method 2, I64 $(, $op)?);
            accesses!(@ $i64_32 $method 4, I64 $(, $op)?);
        )* }
    };
    (@ $visit:ident $method:ident $size:literal, $kind:ident $(, $op:expr)?) => {
        pub(crate) fn $visit(&mut self, arg: MemArg) -> Done {
            self.$method($size, ValKind::$kind, &arg $(, $op)?)
        }
    };
}

accesses! {
    atomic_load(): visit_i32_atomic_load visit_i32_atomic_load8_u visit_i32_atomic_load16_u
        visit_i64_atomic_load visit_i64_atomic_load8_u visit_i64_atomic_load16_u visit_i64_atomic_load32_u;
    atomic_store(): visit_i32_atomic_store visit_i32_atomic_store8 visit_i32_atomic_store16
        visit_i64_atomic_store visit_i64_atomic_store8 visit_i64_atomic_store16 visit_i64_atomic_store32;
    atomic_cmpxchg(): visit_i32_atomic_rmw_cmpxchg visit_i32_atomic_rmw8_cmpxchg_u visit_i32_atomic_rmw16_cmpxchg_u
        visit_i64_atomic_rmw_cmpxchg visit_i64_atomic_rmw8_cmpxchg_u visit_i64_atomic_rmw16_cmpxchg_u visit_i64_atomic_rmw32_cmpxchg_u;
    atomic_rmw(AtomicRmw::Add): visit_i32_atomic_rmw_add visit_i32_atomic_rmw8_add_u visit_i32_atomic_rmw16_add_u
        visit_i64_atomic_rmw_add visit_i64_atomic_rmw8_add_u visit_i64_atomic_rmw16_add_u visit_i64_atomic_rmw32_add_u;
    atomic_rmw(AtomicRmw::Sub): visit_i32_atomic_rmw_sub visit_i32_atomic_rmw8_sub_u visit_i32_atomic_rmw16_sub_u
        visit_i64_atomic_rmw_sub visit_i64_atomic_rmw8_sub_u visit_i64_atomic_rmw16_sub_u visit_i64_atomic_rmw32_sub_u;
    atomic_rmw(AtomicRmw::And): visit_i32_atomic_rmw_and visit_i32_atomic_rmw8_and_u visit_i32_atomic_rmw16_and_u
        visit_i64_atomic_rmw_and visit_i64_atomic_rmw8_and_u visit_i64_atomic_rmw16_and_u visit_i64_atomic_rmw32_and_u;
    atomic_rmw(AtomicRmw::Or): visit_i32_atomic_rmw_or visit_i32_atomic_rmw8_or_u visit_i32_atomic_rmw16_or_u
        visit_i64_atomic_rmw_or visit_i64_atomic_rmw8_or_u visit_i64_atomic_rmw16_or_u visit_i64_atomic_rmw32_or_u;
    atomic_rmw(AtomicRmw::Xor): visit_i32_atomic_rmw_xor visit_i32_atomic_rmw8_xor_u visit_i32_atomic_rmw16_xor_u
        visit_i64_atomic_rmw_xor visit_i64_atomic_rmw8_xor_u visit_i64_atomic_rmw16_xor_u visit_i64_atomic_rmw32_xor_u;
    atomic_rmw(AtomicRmw::Xchg): visit_i32_atomic_rmw_xchg visit_i32_atomic_rmw8_xchg_u visit_i32_atomic_rmw16_xchg_u
        visit_i64_atomic_rmw_xchg visit_i64_atomic_rmw8_xchg_u visit_i64_atomic_rmw16_xchg_u visit_i64_atomic_rmw32_xchg_u;
}

impl<M: Masm> Compiler<'_, M> {
    /// `atomic.fence`.
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn visit_atomic_fence(&mut self) -> Done {
        self.m.atomic_fence();
        Ok(())
    }

    /// `memory.atomic.wait32`.
    pub(crate) fn visit_memory_atomic_wait32(&mut self, arg: MemArg) -> Done {
        self.atomic_wait(offset_of!(VMBuiltins, atomic_wait32), &arg)
    }

    /// `memory.atomic.wait64`.
    pub(crate) fn visit_memory_atomic_wait64(&mut self, arg: MemArg) -> Done {
        self.atomic_wait(offset_of!(VMBuiltins, atomic_wait64), &arg)
    }

    fn atomic_wait(&mut self, builtin: usize, arg: &MemArg) -> Done {
        let (timeout, expected, address) = (self.pop(), self.pop(), self.pop());
        let address = self.effective_address(&address, arg);
        let arguments = [
            Argument::Context,
            Argument::Constant(arg.memory as u64),
            Argument::Entry(&address),
            Argument::Entry(&expected),
            Argument::Entry(&timeout),
        ];
        self.call_builtin_value(builtin, &arguments, ValKind::I32)
    }

    /// `memory.atomic.notify`.
    pub(crate) fn visit_memory_atomic_notify(&mut self, arg: MemArg) -> Done {
        let (count, address) = (self.pop(), self.pop());
        let address = self.effective_address(&address, &arg);
        let arguments = [
            Argument::Context,
            Argument::Constant(arg.memory as u64),
            Argument::Entry(&address),
            Argument::Entry(&count),
        ];
        self.call_builtin_value(offset_of!(VMBuiltins, atomic_notify), &arguments, ValKind::I32)
    }

    /// A popped address plus the offset, in 64 bits, as an entry in hand.
    fn effective_address(&mut self, e: &Entry, arg: &MemArg) -> Entry {
        if arg.offset == 0 {
            return *e;
        }
        let reg = self.own_reg(e);
        self.add_offset(reg, arg);
        Entry { place: Place::Reg(reg), kind: ValKind::I64, ..*e }
    }

    /// Adds the offset to an address of which the register may be changed; traps if 64 bits do not hold the sum.
    fn add_offset(&mut self, reg: Reg, arg: &MemArg) {
        match i32::try_from(arg.offset) {
            Ok(offset) => self.m.add_carry(reg, reg, Operand::Imm(offset)),
            Err(_) => {
                let scratch = M::REGISTERS.scratch;
                self.m.constant(ValKind::I64, scratch, arg.offset);
                self.m.add_carry(reg, reg, Operand::Reg(scratch));
            }
        }
        if self.plans.memory(arg.memory).memory64 {
            self.trap_if(Cond::LtU, TrapCode::MemoryOutOfBounds);
        }
    }

    /// Works out where to access `size` bytes, like [`Compiler::access`]; traps if that is no multiple of `size`.
    fn atomic_access(&mut self, e: &Entry, arg: &MemArg, size: u32) -> Access {
        let mask = size as i32 - 1;
        let aligned = match e.place {
            Place::Const(address) => address.wrapping_add(arg.offset) & mask as u64 == 0,
            _ => size == 1,
        };
        if aligned {
            return self.access(e, arg, size);
        }
        let index = self.reg(e);
        if arg.offset & mask as u64 == 0 && !self.plans.memory(arg.memory).memory64 {
            self.m.test_bits(index, mask);
        } else {
            // An address that no 64 bits hold is out of bounds, not unaligned.
            let sum = self.alloc(Class::Int);
            self.m.mov(ValKind::I64, sum, index);
            self.add_offset(sum, arg);
            self.m.test_bits(sum, mask);
            self.release(sum);
        }
        self.trap_if(Cond::Ne, TrapCode::UnalignedAtomic);
        self.access(&Entry { place: Place::Reg(index), ..*e }, arg, size)
    }

    fn atomic_load(&mut self, size: u32, kind: ValKind, arg: &MemArg) -> Done {
        let e = self.pop();
        let access = self.atomic_access(&e, arg, size);
        let length = self.op_length() + self.memarg_length(self.op_length());
        // The result may take the place of the address.
        let dst = self.result(Class::Int, length, &[access.at.index.unwrap_or(access.at.base)]);
        let op = match size {
            1 => Load::Load8U,
            2 => Load::Load16U,
            4 => Load::I32,
            _ => Load::I64,
        };
        self.mark_access(&access);
        self.m.atomic_load(op, dst, access.at);
        self.end_access(&access, Some(dst));
        self.push_reg(kind, dst)
    }

    fn atomic_store(&mut self, size: u32, _: ValKind, arg: &MemArg) -> Done {
        let (v, e) = (self.pop(), self.pop());
        let value = self.own_reg(&v);
        let access = self.atomic_access(&e, arg, size);
        self.mark_access(&access);
        // What was there before is nobody's concern.
        self.m.atomic_exchange(size, access.at, value);
        self.end_access(&access, None);
        self.release(value);
        Ok(())
    }

    fn atomic_rmw(&mut self, size: u32, kind: ValKind, arg: &MemArg, op: AtomicRmw) -> Done {
        if matches!(op, AtomicRmw::And | AtomicRmw::Or | AtomicRmw::Xor) {
            return self.atomic_logic(size, kind, arg, op);
        }
        let (v, e) = (self.pop(), self.pop());
        let value = self.own_reg(&v);
        if op == AtomicRmw::Sub {
            self.m.negate(if size == 8 { Width::W64 } else { Width::W32 }, value);
        }
        let access = self.atomic_access(&e, arg, size);
        self.mark_access(&access);
        match op {
            AtomicRmw::Xchg => self.m.atomic_exchange(size, access.at, value),
            _ => self.m.atomic_add(size, access.at, value),
        }
        self.end_access(&access, None);
        self.push_reg(kind, value)
    }

    /// What has no instruction that gives the number before: compares and exchanges until nothing came between.
    fn atomic_logic(&mut self, size: u32, kind: ValKind, arg: &MemArg, op: AtomicRmw) -> Done {
        self.take(M::ATOMIC_OLD);
        let (v, e) = (self.pop(), self.pop());
        let value = self.reg(&v);
        let access = self.atomic_access(&e, arg, size);
        // Temporaries are few, and an address that was compared with the bounds has no part in the scratch register.
        let scratch = M::REGISTERS.scratch;
        let temp = if access.at.base == scratch { self.alloc(Class::Int) } else { scratch };
        self.mark_access(&access);
        self.m.atomic_logic(op, size, access.at, value, temp);
        self.end_access(&access, None);
        self.release(temp);
        self.release(value);
        self.push_reg(kind, M::ATOMIC_OLD)
    }

    fn atomic_cmpxchg(&mut self, size: u32, kind: ValKind, arg: &MemArg) -> Done {
        self.take(M::ATOMIC_OLD);
        let (v, expected, e) = (self.pop(), self.pop(), self.pop());
        self.load_to(&expected, M::ATOMIC_OLD);
        self.drop_entry(&expected);
        let value = self.reg(&v);
        let access = self.atomic_access(&e, arg, size);
        self.mark_access(&access);
        self.m.atomic_cmpxchg(size, access.at, value);
        self.end_access(&access, None);
        self.release(value);
        self.push_reg(kind, M::ATOMIC_OLD)
    }
}

/// Operations that read and then write memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum AtomicRmw {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Xchg,
}

/// The part of a target's macro assembler for atomics. Addresses are multiples of the size, in bytes. The first instruction is the
/// only one that can fault. Numbers that were in memory are zero-extended.
#[allow(missing_docs)]
pub trait AtomicMasm {
    /// Where [`AtomicMasm::atomic_logic`] and [`AtomicMasm::atomic_cmpxchg`] leave what was in memory: a temporary that is no operand's.
    const ATOMIC_OLD: Reg;

    fn atomic_fence(&mut self);
    fn atomic_load(&mut self, op: Load, dst: Reg, from: Address);
    /// Exchanges a register and memory.
    fn atomic_exchange(&mut self, size: u32, at: Address, value: Reg);
    /// Adds a register to memory; it gets what was there.
    fn atomic_add(&mut self, size: u32, at: Address, value: Reg);
    /// `and`, `or` or `xor` of a register and memory.
    fn atomic_logic(&mut self, op: AtomicRmw, size: u32, at: Address, value: Reg, temp: Reg);
    /// Puts `value` where [`AtomicMasm::ATOMIC_OLD`] is.
    fn atomic_cmpxchg(&mut self, size: u32, at: Address, value: Reg);
    /// Negates in place.
    fn negate(&mut self, width: Width, reg: Reg);
    /// Whether a bit of a mask is set ([`Cond::Ne`]).
    fn test_bits(&mut self, a: Reg, mask: i32);
}
