//! Integers and conditions.

use super::*;
use windlass_asm::x64::Inst;

/// The instruction of a pair that serves a width.
#[inline]
fn by(width: Width, w32: Inst, w64: Inst) -> Inst {
    match width {
        Width::W32 => w32,
        Width::W64 => w64,
    }
}

impl X64 {
    fn mov_int(&mut self, width: Width, dst: Reg, src: Reg) {
        self.asm.rr(by(width, MOV32_R_RM, MOV64_R_RM), g(dst), g(src));
    }

    pub(super) fn binary(&mut self, op: IntBinary, width: Width, dst: Reg, a: Reg, b: Operand) {
        let (r_rm, rm_i) = match op {
            IntBinary::Add => (by(width, ADD32_R_RM, ADD64_R_RM), by(width, ADD32_RM_I, ADD64_RM_I)),
            IntBinary::Sub => (by(width, SUB32_R_RM, SUB64_R_RM), by(width, SUB32_RM_I, SUB64_RM_I)),
            IntBinary::And => (by(width, AND32_R_RM, AND64_R_RM), by(width, AND32_RM_I, AND64_RM_I)),
            IntBinary::Or => (by(width, OR32_R_RM, OR64_R_RM), by(width, OR32_RM_I, OR64_RM_I)),
            IntBinary::Xor => (by(width, XOR32_R_RM, XOR64_R_RM), by(width, XOR32_RM_I, XOR64_RM_I)),
            IntBinary::Mul => return self.multiply(width, dst, a, b),
            IntBinary::Shl | IntBinary::ShrS | IntBinary::ShrU => return self.shift(op, width, dst, a, b),
            IntBinary::Rotl | IntBinary::Rotr => return self.rotate(op, width, dst, a, b),
        };
        let lea = by(width, LEA32, LEA64);
        match (op, b) {
            (IntBinary::Add, Operand::Reg(b)) if dst != a && dst != b => {
                return self.asm.rm(lea, g(dst), Mem::indexed(g(a), g(b), Scale::One, 0));
            }
            (IntBinary::Add, Operand::Imm(imm)) if dst != a => {
                return self.asm.rm(lea, g(dst), Mem::base(g(a), imm));
            }
            (IntBinary::Sub, Operand::Imm(imm)) if dst != a && imm != i32::MIN => {
                return self.asm.rm(lea, g(dst), Mem::base(g(a), -imm));
            }
            (IntBinary::Sub, Operand::Reg(b)) if dst == b && dst != a => {
                self.asm.r(by(width, NEG32_RM, NEG64_RM), g(dst));
                return self.asm.rr(by(width, ADD32_R_RM, ADD64_R_RM), g(dst), g(a));
            }
            (_, Operand::Reg(b)) if dst == b && dst != a => {
                return self.asm.rr(r_rm, g(dst), g(a));
            }
            _ => {}
        }
        if dst != a {
            self.mov_int(width, dst, a);
        }
        match b {
            Operand::Reg(b) => self.asm.rr(r_rm, g(dst), g(b)),
            Operand::Imm(imm) => self.asm.ri(rm_i, g(dst), imm),
            Operand::Frame(at) => self.asm.rm(r_rm, g(dst), frame(at)),
        }
    }

    fn multiply(&mut self, width: Width, dst: Reg, a: Reg, b: Operand) {
        let inst = by(width, IMUL32_R_RM, IMUL64_R_RM);
        match b {
            Operand::Imm(imm) => self.asm.rri(by(width, IMUL32_R_RM_I, IMUL64_R_RM_I), g(dst), g(a), imm),
            Operand::Reg(b) if dst == b => self.asm.rr(inst, g(dst), g(a)),
            Operand::Reg(b) => {
                if dst != a {
                    self.mov_int(width, dst, a);
                }
                self.asm.rr(inst, g(dst), g(b));
            }
            Operand::Frame(at) => {
                if dst != a {
                    self.mov_int(width, dst, a);
                }
                self.asm.rm(inst, g(dst), frame(at));
            }
        }
    }

    fn shift(&mut self, op: IntBinary, width: Width, dst: Reg, a: Reg, b: Operand) {
        let (by_register, by_constant) = match op {
            IntBinary::Shl => (by(width, SHLX32, SHLX64), by(width, SHL32_RM_I, SHL64_RM_I)),
            IntBinary::ShrS => (by(width, SARX32, SARX64), by(width, SAR32_RM_I, SAR64_RM_I)),
            _ => (by(width, SHRX32, SHRX64), by(width, SHR32_RM_I, SHR64_RM_I)),
        };
        match b {
            Operand::Imm(count) => {
                let count = count & by_width(width, 31, 63);
                if dst != a {
                    self.mov_int(width, dst, a);
                }
                if count != 0 {
                    self.asm.ri(by_constant, g(dst), count);
                }
            }
            Operand::Reg(count) => self.asm.rrr(by_register, g(dst), g(a), g(count)),
            Operand::Frame(_) => unreachable!("counts are in registers"),
        }
    }

    fn rotate(&mut self, op: IntBinary, width: Width, dst: Reg, a: Reg, b: Operand) {
        match b {
            Operand::Imm(count) => {
                let mask = by_width(width, 31, 63);
                let right = if op == IntBinary::Rotr { count } else { count.wrapping_neg() } & mask;
                if right != 0 {
                    self.asm.rri(by(width, RORX32, RORX64), g(dst), g(a), right);
                } else if dst != a {
                    self.mov_int(width, dst, a);
                }
            }
            Operand::Reg(count) => {
                self.asm.rr(MOV64_R_RM, Gpr::R11, g(a));
                if count != RCX {
                    self.asm.rr(MOV32_R_RM, Gpr::RCX, g(count));
                }
                let inst = match op {
                    IntBinary::Rotl => by(width, ROL32_RM_CL, ROL64_RM_CL),
                    _ => by(width, ROR32_RM_CL, ROR64_RM_CL),
                };
                self.asm.r(inst, Gpr::R11);
                self.mov_int(width, dst, R11);
            }
            Operand::Frame(_) => unreachable!("counts are in registers"),
        }
    }

    pub(super) fn unary(&mut self, op: IntUnary, width: Width, dst: Reg, src: Operand) {
        let inst = match op {
            IntUnary::Clz => by(width, LZCNT32, LZCNT64),
            IntUnary::Ctz => by(width, TZCNT32, TZCNT64),
            IntUnary::Popcnt => by(width, POPCNT32, POPCNT64),
            IntUnary::Extend8S => by(width, MOVSX32_R_RM8, MOVSX64_R_RM8),
            IntUnary::Extend16S => by(width, MOVSX32_R_RM16, MOVSX64_R_RM16),
            IntUnary::Extend32S => MOVSXD64_R_RM32,
        };
        match src {
            Operand::Reg(src) => self.asm.rr(inst, g(dst), g(src)),
            Operand::Frame(at) => self.asm.rm(inst, g(dst), frame(at)),
            Operand::Imm(_) => unreachable!("operands are in registers or in the frame"),
        }
    }

    pub(super) fn cmp(&mut self, width: Width, a: Operand, b: Operand) {
        let (r_rm, rm_r, rm_i) = (
            by(width, CMP32_R_RM, CMP64_R_RM),
            by(width, CMP32_RM_R, CMP64_RM_R),
            by(width, CMP32_RM_I, CMP64_RM_I),
        );
        match (a, b) {
            (Operand::Reg(a), Operand::Reg(b)) => self.asm.rr(r_rm, g(a), g(b)),
            (Operand::Reg(a), Operand::Imm(imm)) => self.asm.ri(rm_i, g(a), imm),
            (Operand::Reg(a), Operand::Frame(at)) => self.asm.rm(r_rm, g(a), frame(at)),
            (Operand::Frame(at), Operand::Reg(b)) => self.asm.mr(rm_r, frame(at), g(b)),
            (Operand::Frame(at), Operand::Imm(imm)) => self.asm.mi(rm_i, frame(at), imm),
            (Operand::Imm(_), _) | (Operand::Frame(_), Operand::Frame(_)) => {
                unreachable!("the first operand is no constant, and one of them in a register")
            }
        }
    }

    pub(super) fn set_condition(&mut self, cond: Cond, dst: Reg) {
        match cond {
            Cond::FloatEq => {
                self.asm.setcc(asm::Cond::E, g(dst));
                self.asm.setcc(asm::Cond::NP, Gpr::R11);
                self.asm.rr(AND32_R_RM, g(dst), Gpr::R11);
            }
            Cond::FloatNe => {
                self.asm.setcc(asm::Cond::NE, g(dst));
                self.asm.setcc(asm::Cond::P, Gpr::R11);
                self.asm.rr(OR32_R_RM, g(dst), Gpr::R11);
            }
            _ => self.asm.setcc(cc(cond), g(dst)),
        }
        self.asm.rr(MOVZX32_R_RM8, g(dst), g(dst));
    }

    pub(super) fn select_int(&mut self, cond: Cond, dst: Reg, b: Reg) {
        match cond {
            Cond::FloatEq => {
                self.asm.cmov64(asm::Cond::NE, g(dst), g(b));
                self.asm.cmov64(asm::Cond::P, g(dst), g(b));
            }
            Cond::FloatNe => {
                self.asm.rr(MOV64_R_RM, Gpr::R11, g(b));
                self.asm.cmov64(asm::Cond::NE, Gpr::R11, g(dst));
                self.asm.cmov64(asm::Cond::P, Gpr::R11, g(dst));
                self.asm.rr(MOV64_R_RM, g(dst), Gpr::R11);
            }
            _ => self.asm.cmov64(cc(cond).invert(), g(dst), g(b)),
        }
    }

    pub(super) fn select_vector(&mut self, cond: Cond, dst: Reg, b: Reg) {
        let done = self.asm.new_label();
        match cond {
            Cond::FloatEq => {
                let other = self.asm.new_label();
                self.asm.jcc_short(asm::Cond::P, other);
                self.asm.jcc_short(asm::Cond::E, done);
                self.asm.bind(other);
            }
            Cond::FloatNe => {
                self.asm.jcc_short(asm::Cond::P, done);
                self.asm.jcc_short(asm::Cond::NE, done);
            }
            _ => self.asm.jcc_short(cc(cond), done),
        }
        self.asm.rr(VMOVAPS, x(dst), x(b));
        self.asm.bind(done);
    }

    pub(super) fn prepare_division(
        &mut self,
        op: Division,
        width: Width,
        a: Reg,
        mut b: Reg,
        zero: Label,
        overflow: Option<Label>,
    ) -> Reg {
        self.test(width, b);
        self.branch(Cond::Eq, zero);
        if b == RAX || b == RDX {
            self.asm.rr(MOV64_R_RM, Gpr::R11, g(b));
            b = R11;
        }
        if a != RAX {
            self.asm.rr(MOV64_R_RM, Gpr::RAX, g(a));
        }
        if let (Division::DivS, Some(overflow)) = (op, overflow) {
            let fine = self.asm.new_label();
            self.asm.ri(by(width, CMP32_RM_I, CMP64_RM_I), g(b), -1);
            self.asm.jcc_short(asm::Cond::NE, fine);
            // Overflows for the smallest number only.
            self.asm.ri(by(width, CMP32_RM_I, CMP64_RM_I), Gpr::RAX, 1);
            let overflow = self.label(overflow);
            self.asm.jcc(asm::Cond::O, overflow);
            self.asm.bind(fine);
        }
        if op == Division::DivS {
            self.asm.op(by(width, CDQ, CQO));
        }
        b
    }

    pub(super) fn finish_division(&mut self, op: Division, width: Width, dst: Reg, b: Reg) {
        match op {
            Division::DivS => self.asm.r(by(width, IDIV32_RM, IDIV64_RM), g(b)),
            Division::RemS => {
                // The remainder of a division by -1 is 0; the instruction could fault.
                let (divide, done) = (self.asm.new_label(), self.asm.new_label());
                self.asm.ri(by(width, CMP32_RM_I, CMP64_RM_I), g(b), -1);
                self.asm.jcc_short(asm::Cond::NE, divide);
                self.asm.rr(XOR32_R_RM, Gpr::RDX, Gpr::RDX);
                self.asm.jmp_short(done);
                self.asm.bind(divide);
                self.asm.op(by(width, CDQ, CQO));
                self.asm.r(by(width, IDIV32_RM, IDIV64_RM), g(b));
                self.asm.bind(done);
            }
            Division::DivU | Division::RemU => {
                self.asm.rr(XOR32_R_RM, Gpr::RDX, Gpr::RDX);
                self.asm.r(by(width, DIV32_RM, DIV64_RM), g(b));
            }
        }
        let result = match op {
            Division::DivS | Division::DivU => RAX,
            Division::RemS | Division::RemU => RDX,
        };
        if dst != result {
            self.mov_int(width, dst, result);
        }
    }
}

fn by_width(width: Width, w32: i32, w64: i32) -> i32 {
    match width {
        Width::W32 => w32,
        Width::W64 => w64,
    }
}
