//! Frames, tail calls, moves between registers and memory.

use super::*;
use crate::compiler::STORE;

impl X64 {
    /// What every frame starts with.
    pub(super) fn push_frame(&mut self) {
        self.asm.r(PUSH64_R, Gpr::RBP);
        self.asm.rr(MOV64_R_RM, Gpr::RBP, Gpr::RSP);
        self.asm.r(PUSH64_R, Gpr::R15);
    }

    /// The store into the scratch register.
    pub(super) fn load_store(&mut self) {
        self.asm.rm(MOV64_R_RM, Gpr::R11, Mem::base(Gpr::R15, STORE));
    }

    pub(super) fn load_mem(&mut self, kind: ValKind, dst: Reg, from: Mem) {
        match kind {
            ValKind::I32 | ValKind::Gc => self.asm.rm(MOV32_R_RM, g(dst), from),
            ValKind::I64 | ValKind::Func => self.asm.rm(MOV64_R_RM, g(dst), from),
            ValKind::F32 => self.asm.rm(VMOVSS_LOAD, x(dst), from),
            ValKind::F64 => self.asm.rm(VMOVSD_LOAD, x(dst), from),
            ValKind::V128 => self.asm.rm(VMOVUPS_LOAD, x(dst), from),
        }
    }

    pub(super) fn store_mem(&mut self, kind: ValKind, to: Mem, src: Reg) {
        match kind {
            // All of the slot: 32-bit values are zero-extended.
            ValKind::I32 | ValKind::Gc | ValKind::I64 | ValKind::Func => self.asm.mr(MOV64_RM_R, to, g(src)),
            ValKind::F32 => self.asm.mr(VMOVSS_STORE, to, x(src)),
            ValKind::F64 => self.asm.mr(VMOVSD_STORE, to, x(src)),
            ValKind::V128 => self.asm.mr(VMOVUPS_STORE, to, x(src)),
        }
    }

    /// Takes the frame down and goes to `target`. Callee-saved registers are the caller's again; parameters are in place, those on the
    /// stack at the bottom of the frame.
    pub(super) fn tail_call(&mut self, target: TailTarget, own_bytes: u32, callee_bytes: u32) {
        if own_bytes == 0 && callee_bytes == 0 {
            self.asm.op(LEAVE);
        } else {
            let (own, callee) = (own_bytes as i32, callee_bytes as i32);
            // The new parameters end where the old ones did. They may come to lie over the return
            // address and the caller's frame pointer, and, from the top down, over themselves.
            let to = 16 + own - callee;
            self.asm.rm(MOV64_R_RM, Gpr::R11, frame(8));
            self.asm.rm(VMOVSD_LOAD, Xmm::new(14), frame(0));
            for at in (0..callee).step_by(16).rev() {
                self.asm.rm(VMOVUPS_LOAD, x(XMM15), Mem::base(Gpr::RSP, at));
                self.asm.mr(VMOVUPS_STORE, frame(to + at), x(XMM15));
            }
            self.asm.rm(LEA64, Gpr::RSP, frame(to));
            self.asm.rr(VMOVQ_RM_X, Gpr::RBP, Xmm::new(14));
            self.asm.r(PUSH64_R, Gpr::R11);
        }
        match target {
            TailTarget::Function(RelocTarget::Entry(own) | RelocTarget::Slot(own)) => self.asm.jmp_reloc(own),
            TailTarget::Pair(pair) => {
                self.asm.rm(MOV64_R_RM, Gpr::R15, Mem::base(g(pair), 8));
                self.asm.m(JMP_RM, Mem::base(g(pair), 0));
            }
        }
    }
}
