//! Floats and conversions.

use super::*;
use windlass_asm::x64::Inst;

#[inline]
fn by(ty: Float, f32: Inst, f64: Inst) -> Inst {
    match ty {
        Float::F32 => f32,
        Float::F64 => f64,
    }
}

/// Rounding modes of `vroundss`, without an exception for inexact results.
const NEAREST: i32 = 8;
const FLOOR: i32 = 9;
const CEIL: i32 = 10;
const TRUNC: i32 = 11;

impl X64 {
    pub(super) fn ucomis(&mut self, ty: Float, a: Xmm, b: Xmm) {
        self.asm.rr(by(ty, VUCOMISS, VUCOMISD), a, b);
    }

    /// A constant with the same bits in each lane, in memory.
    fn lanes(&mut self, ty: Float, f32: u32, f64: u64) -> Mem {
        let mut bytes = [0; 16];
        match ty {
            Float::F32 => bytes.chunks_exact_mut(4).for_each(|c| c.copy_from_slice(&f32.to_le_bytes())),
            Float::F64 => bytes.chunks_exact_mut(8).for_each(|c| c.copy_from_slice(&f64.to_le_bytes())),
        }
        Mem::rip(self.asm.constant(&bytes))
    }

    fn sign(&mut self, ty: Float) -> Mem {
        self.lanes(ty, 1 << 31, 1 << 63)
    }

    fn all_but_sign(&mut self, ty: Float) -> Mem {
        self.lanes(ty, !(1 << 31), !(1 << 63))
    }

    /// A float in memory.
    fn float(&mut self, ty: Float, value: f64) -> Mem {
        let label = match ty {
            Float::F32 => self.asm.constant(&(value as f32).to_le_bytes()),
            Float::F64 => self.asm.constant(&value.to_le_bytes()),
        };
        Mem::rip(label)
    }

    pub(super) fn binary_float(&mut self, op: FloatBinary, ty: Float, dst: Reg, a: Reg, b: Operand) {
        let inst = match op {
            FloatBinary::Add => by(ty, VADDSS, VADDSD),
            FloatBinary::Sub => by(ty, VSUBSS, VSUBSD),
            FloatBinary::Mul => by(ty, VMULSS, VMULSD),
            FloatBinary::Div => by(ty, VDIVSS, VDIVSD),
            FloatBinary::Min | FloatBinary::Max | FloatBinary::Copysign => {
                let Operand::Reg(b) = b else { unreachable!("the operand is in a register") };
                return match op {
                    FloatBinary::Copysign => self.copysign(ty, x(dst), x(a), x(b)),
                    _ => self.min_max(op == FloatBinary::Min, ty, x(dst), x(a), x(b)),
                };
            }
        };
        match b {
            Operand::Reg(b) => self.asm.rrr(inst, x(dst), x(a), x(b)),
            Operand::Frame(at) => self.asm.rrm(inst, x(dst), x(a), frame(at)),
            Operand::Imm(_) => unreachable!("no float is an immediate"),
        }
    }

    /// The processor's own instruction neither keeps NaNs nor orders zeros.
    fn min_max(&mut self, min: bool, ty: Float, dst: Xmm, a: Xmm, b: Xmm) {
        let (differ, nan, done) = (self.asm.new_label(), self.asm.new_label(), self.asm.new_label());
        self.ucomis(ty, a, b);
        self.asm.jcc_short(asm::Cond::NE, differ);
        self.asm.jcc_short(asm::Cond::P, nan);
        // Equal: they differ at most in the sign of zero.
        self.asm.rrr(if min { VORPS } else { VANDPS }, dst, a, b);
        self.asm.jmp_short(done);
        self.asm.bind(nan);
        self.asm.rrr(by(ty, VADDSS, VADDSD), dst, a, b);
        self.asm.jmp_short(done);
        self.asm.bind(differ);
        let inst = if min { by(ty, VMINSS, VMINSD) } else { by(ty, VMAXSS, VMAXSD) };
        self.asm.rrr(inst, dst, a, b);
        self.asm.bind(done);
    }

    fn copysign(&mut self, ty: Float, dst: Xmm, a: Xmm, b: Xmm) {
        let (sign, rest) = (self.sign(ty), self.all_but_sign(ty));
        self.asm.rrm(VANDPS, x(XMM15), b, sign);
        self.asm.rrm(VANDPS, dst, a, rest);
        self.asm.rrr(VORPS, dst, dst, x(XMM15));
    }

    pub(super) fn unary_float(&mut self, op: FloatUnary, ty: Float, dst: Xmm, src: Xmm) {
        let round = by(ty, VROUNDSS, VROUNDSD);
        match op {
            FloatUnary::Abs => {
                let mask = self.all_but_sign(ty);
                self.asm.rrm(VANDPS, dst, src, mask);
            }
            FloatUnary::Neg => {
                let mask = self.sign(ty);
                self.asm.rrm(VXORPS, dst, src, mask);
            }
            FloatUnary::Ceil => self.asm.rrri(round, dst, src, src, CEIL),
            FloatUnary::Floor => self.asm.rrri(round, dst, src, src, FLOOR),
            FloatUnary::Trunc => self.asm.rrri(round, dst, src, src, TRUNC),
            FloatUnary::Nearest => self.asm.rrri(round, dst, src, src, NEAREST),
            FloatUnary::Sqrt => self.asm.rrr(by(ty, VSQRTSS, VSQRTSD), dst, src, src),
        }
    }

    pub(super) fn convert_scalar(&mut self, op: Conversion, dst: Reg, src: Reg) {
        match op {
            Conversion::Wrap => self.asm.rr(MOV32_R_RM, g(dst), g(src)),
            Conversion::ExtendS => self.asm.rr(MOVSXD64_R_RM32, g(dst), g(src)),
            Conversion::FromInt(width, signed, ty) => self.int_to_float(width, signed, ty, x(dst), g(src)),
            Conversion::Demote => self.asm.rrr(VCVTSD2SS, x(dst), x(src), x(src)),
            Conversion::Promote => self.asm.rrr(VCVTSS2SD, x(dst), x(src), x(src)),
            Conversion::FromBits(Float::F32) => self.asm.rr(VMOVD_X_RM, x(dst), g(src)),
            Conversion::FromBits(Float::F64) => self.asm.rr(VMOVQ_X_RM, x(dst), g(src)),
            Conversion::ToBits(Float::F32) => self.asm.rr(VMOVD_RM_X, g(dst), x(src)),
            Conversion::ToBits(Float::F64) => self.asm.rr(VMOVQ_RM_X, g(dst), x(src)),
        }
    }

    fn int_to_float(&mut self, width: Width, signed: bool, ty: Float, dst: Xmm, src: Gpr) {
        let (cvt32, cvt64) = (by(ty, VCVTSI2SS32, VCVTSI2SD32), by(ty, VCVTSI2SS64, VCVTSI2SD64));
        // The instruction keeps the upper lanes of its first source: cleared, so that it waits for nothing.
        self.asm.rrr(VXORPS, dst, dst, dst);
        match (width, signed) {
            (Width::W32, true) => self.asm.rrr(cvt32, dst, dst, src),
            // Zero-extended: a small positive number of 64 bits.
            (Width::W32, false) | (Width::W64, true) => self.asm.rrr(cvt64, dst, dst, src),
            (Width::W64, false) => {
                let (large, even, done) = (self.asm.new_label(), self.asm.new_label(), self.asm.new_label());
                self.asm.rr(TEST64_RM_R, src, src);
                self.asm.jcc_short(asm::Cond::S, large);
                self.asm.rrr(cvt64, dst, dst, src);
                self.asm.jmp_short(done);
                self.asm.bind(large);
                // Half of it, the last bit sticky so that rounding comes out right; then twice that.
                self.asm.rr(MOV64_R_RM, Gpr::R11, src);
                self.asm.ri(SHR64_RM_I, Gpr::R11, 1);
                self.asm.jcc_short(asm::Cond::AE, even);
                self.asm.ri(OR64_RM_I, Gpr::R11, 1);
                self.asm.bind(even);
                self.asm.rrr(cvt64, dst, dst, Gpr::R11);
                self.asm.rrr(by(ty, VADDSS, VADDSD), dst, dst, dst);
                self.asm.bind(done);
            }
        }
    }

    /// Truncates to a signed integer; the smallest one for what is out of range and NaN.
    fn cvtt(&mut self, ty: Float, width: Width, dst: Gpr, src: Xmm) {
        let inst = match width {
            Width::W32 => by(ty, VCVTTSS2SI32, VCVTTSD2SI32),
            Width::W64 => by(ty, VCVTTSS2SI64, VCVTTSD2SI64),
        };
        self.asm.rr(inst, dst, src);
    }

    /// Compares `dst` with the smallest integer: the overflow flag is set if it is that.
    fn is_smallest(&mut self, width: Width, dst: Gpr) {
        match width {
            Width::W32 => self.asm.ri(CMP32_RM_I, dst, 1),
            Width::W64 => self.asm.ri(CMP64_RM_I, dst, 1),
        }
    }

    pub(super) fn truncate_or_trap(
        &mut self,
        op: Truncation,
        dst: Gpr,
        src: Xmm,
        temp: Xmm,
        invalid: asm::Label,
        overflow: asm::Label,
    ) {
        let Truncation { from, to, signed } = op;
        let done = self.asm.new_label();
        match (to, signed) {
            (_, true) => {
                self.cvtt(from, to, dst, src);
                self.is_smallest(to, dst);
                self.asm.jcc(asm::Cond::NO, done);
                self.ucomis(from, src, src);
                self.asm.jcc(asm::Cond::P, invalid);
                // What is truncated to the smallest integer is above this.
                let (low, inclusive) = match (from, to) {
                    (Float::F64, Width::W32) => (-2147483649.0, true),
                    (Float::F32, Width::W32) => (-2147483648.0, false),
                    (_, Width::W64) => (-9223372036854775808.0, false),
                };
                let low = self.float(from, low);
                self.asm.rm(by(from, VUCOMISS, VUCOMISD), src, low);
                self.asm.jcc(if inclusive { asm::Cond::BE } else { asm::Cond::B }, overflow);
                self.asm.rrr(VXORPS, temp, temp, temp);
                self.ucomis(from, src, temp);
                self.asm.jcc(asm::Cond::A, overflow);
            }
            (Width::W32, false) => {
                self.cvtt(from, Width::W64, dst, src);
                self.asm.rr(MOV32_R_RM, Gpr::R11, dst);
                self.asm.rr(CMP64_R_RM, Gpr::R11, dst);
                self.asm.jcc(asm::Cond::E, done);
                self.ucomis(from, src, src);
                self.asm.jcc(asm::Cond::P, invalid);
                self.asm.jmp(overflow);
            }
            (Width::W64, false) => {
                let large = self.asm.new_label();
                let limit = self.float(from, 9223372036854775808.0);
                self.asm.rm(by(from, VUCOMISS, VUCOMISD), src, limit);
                self.asm.jcc(asm::Cond::AE, large);
                self.cvtt(from, Width::W64, dst, src);
                self.asm.rr(TEST64_RM_R, dst, dst);
                self.asm.jcc(asm::Cond::NS, done);
                self.ucomis(from, src, src);
                self.asm.jcc(asm::Cond::P, invalid);
                self.asm.jmp(overflow);
                self.asm.bind(large);
                self.subtract_limit(from, dst, src, temp, limit);
                self.asm.jcc(asm::Cond::S, overflow);
                self.set_top(dst);
            }
        }
        self.asm.bind(done);
    }

    /// Truncates what is at least 2^63 less that; the sign flag is set if it is too large.
    fn subtract_limit(&mut self, from: Float, dst: Gpr, src: Xmm, temp: Xmm, limit: Mem) {
        self.asm.rrm(by(from, VSUBSS, VSUBSD), temp, src, limit);
        self.cvtt(from, Width::W64, dst, temp);
        self.asm.rr(TEST64_RM_R, dst, dst);
    }

    fn set_top(&mut self, dst: Gpr) {
        self.asm.mov_ri64(Gpr::R11, 1 << 63);
        self.asm.rr(OR64_R_RM, dst, Gpr::R11);
    }

    pub(super) fn saturate(&mut self, op: Truncation, dst: Gpr, src: Xmm, temp: Xmm) {
        let Truncation { from, to, signed } = op;
        let done = self.asm.new_label();
        match (to, signed) {
            (_, true) => {
                let number = self.asm.new_label();
                self.cvtt(from, to, dst, src);
                self.is_smallest(to, dst);
                self.asm.jcc_short(asm::Cond::NO, done);
                self.ucomis(from, src, src);
                self.asm.jcc_short(asm::Cond::NP, number);
                self.asm.mov_ri64(dst, 0);
                self.asm.jmp_short(done);
                self.asm.bind(number);
                self.asm.rrr(VXORPS, temp, temp, temp);
                self.ucomis(from, src, temp);
                self.asm.jcc_short(asm::Cond::B, done);
                let largest = if to == Width::W32 { i32::MAX as u64 } else { i64::MAX as u64 };
                self.asm.mov_ri64(dst, largest);
            }
            (Width::W32, false) => {
                self.cvtt(from, Width::W64, dst, src);
                self.asm.rr(MOV32_R_RM, Gpr::R11, dst);
                self.asm.rr(CMP64_R_RM, Gpr::R11, dst);
                self.asm.jcc_short(asm::Cond::E, done);
                self.asm.rrr(VXORPS, temp, temp, temp);
                self.ucomis(from, src, temp);
                self.asm.mov_ri64(dst, 0);
                self.asm.jcc_short(asm::Cond::BE, done);
                self.asm.mov_ri64(dst, u32::MAX as u64);
            }
            (Width::W64, false) => {
                let (large, fits) = (self.asm.new_label(), self.asm.new_label());
                let limit = self.float(from, 9223372036854775808.0);
                self.asm.rm(by(from, VUCOMISS, VUCOMISD), src, limit);
                self.asm.jcc_short(asm::Cond::AE, large);
                self.cvtt(from, Width::W64, dst, src);
                self.asm.rr(TEST64_RM_R, dst, dst);
                self.asm.jcc_short(asm::Cond::NS, done);
                self.asm.mov_ri64(dst, 0);
                self.asm.jmp_short(done);
                self.asm.bind(large);
                self.subtract_limit(from, dst, src, temp, limit);
                self.asm.jcc_short(asm::Cond::NS, fits);
                self.asm.mov_ri64(dst, u64::MAX);
                self.asm.jmp_short(done);
                self.asm.bind(fits);
                self.set_top(dst);
            }
        }
        self.asm.bind(done);
    }
}
