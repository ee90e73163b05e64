//! Atomics: aligned loads are; what writes is locked, and so a fence.

use super::*;
use crate::atomic::{AtomicMasm, AtomicRmw};

/// One of four instructions, by the size in bytes.
fn by_size(size: u32, insts: [asm::Inst; 4]) -> asm::Inst {
    insts[size.trailing_zeros() as usize]
}

impl AtomicMasm for X64 {
    const ATOMIC_OLD: Reg = RAX;

    fn atomic_fence(&mut self) {
        self.asm.op(MFENCE);
    }

    fn atomic_load(&mut self, op: Load, dst: Reg, from: Address) {
        self.load(op, dst, from);
    }

    fn atomic_exchange(&mut self, size: u32, at: Address, value: Reg) {
        let inst = by_size(size, [XCHG8_RM_R, XCHG16_RM_R, XCHG32_RM_R, XCHG64_RM_R]);
        self.asm.mr(inst, mem(at), g(value));
        self.zero_extend(size, value);
    }

    fn atomic_add(&mut self, size: u32, at: Address, value: Reg) {
        let inst = by_size(size, [LOCK_XADD8_RM_R, LOCK_XADD16_RM_R, LOCK_XADD32_RM_R, LOCK_XADD64_RM_R]);
        self.asm.mr(inst, mem(at), g(value));
        self.zero_extend(size, value);
    }

    fn atomic_logic(&mut self, op: AtomicRmw, size: u32, at: Address, value: Reg, temp: Reg) {
        let op = match op {
            AtomicRmw::And => IntBinary::And,
            AtomicRmw::Or => IntBinary::Or,
            AtomicRmw::Xor => IntBinary::Xor,
            AtomicRmw::Add | AtomicRmw::Sub | AtomicRmw::Xchg => unreachable!("they have instructions"),
        };
        let load = by_size(size, [MOVZX32_R_RM8, MOVZX32_R_RM16, MOV32_R_RM, MOV64_R_RM]);
        self.asm.rm(load, Gpr::RAX, mem(at));
        let again = self.asm.new_label();
        self.asm.bind(again);
        self.int_binary(op, Width::W64, temp, RAX, Operand::Reg(value));
        self.exchange_if_old(size, at, temp);
        self.asm.jcc_short(asm::Cond::NE, again);
        self.zero_extend(size, RAX);
    }

    fn atomic_cmpxchg(&mut self, size: u32, at: Address, value: Reg) {
        self.exchange_if_old(size, at, value);
        self.zero_extend(size, RAX);
        if size == 4 {
            // If they are equal, the upper half may be the expected number's.
            self.asm.rr(MOV32_R_RM, Gpr::RAX, Gpr::RAX);
        }
    }

    fn negate(&mut self, width: Width, reg: Reg) {
        match width {
            Width::W32 => self.asm.r(NEG32_RM, g(reg)),
            Width::W64 => self.asm.r(NEG64_RM, g(reg)),
        }
    }

    fn test_bits(&mut self, a: Reg, mask: i32) {
        self.asm.ri(TEST8_RM_I, g(a), mask);
    }
}

impl X64 {
    fn exchange_if_old(&mut self, size: u32, at: Address, value: Reg) {
        let inst = by_size(
            size,
            [LOCK_CMPXCHG8_RM_R, LOCK_CMPXCHG16_RM_R, LOCK_CMPXCHG32_RM_R, LOCK_CMPXCHG64_RM_R],
        );
        self.asm.mr(inst, mem(at), g(value));
    }

    /// What an instruction of this size has left in a register; 32 bits are zero-extended already.
    fn zero_extend(&mut self, size: u32, reg: Reg) {
        match size {
            1 => self.asm.rr(MOVZX32_R_RM8, g(reg), g(reg)),
            2 => self.asm.rr(MOVZX32_R_RM16, g(reg), g(reg)),
            _ => {}
        }
    }
}
