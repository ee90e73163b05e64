//! Arithmetic on vectors. `xmm15` is scratch; where a result is worked out in several steps, its register is not written
//! before the last read of an operand, because it may be the operand's.

use super::*;
use crate::vector_ops::{Binary, Needs, Shift, Ternary, Unary, VectorOp};
use windlass_asm::x64::Inst;

/// Predicates of `vcmpps`.
const EQ: i32 = 0;
const LT: i32 = 1;
const LE: i32 = 2;
const UNORDERED: i32 = 3;
const NE: i32 = 4;
const ORDERED: i32 = 7;
const GE: i32 = 13;
/// Rounding modes of `vroundps`, without an exception for inexact results.
const NEAREST: i32 = 8;
const FLOOR: i32 = 9;
const CEIL: i32 = 10;
const TRUNC: i32 = 11;
/// The scratch register.
const T: Reg = XMM15;

/// Single instructions, by their operands: `v` is a register, `m` memory, `i` an immediate.
impl X64 {
    pub(super) fn vv(&mut self, inst: Inst, dst: Reg, a: Reg) {
        self.asm.rr(inst, x(dst), x(a));
    }

    pub(super) fn vvi(&mut self, inst: Inst, dst: Reg, a: Reg, imm: i32) {
        self.asm.rri(inst, x(dst), x(a), imm);
    }

    pub(super) fn vvv(&mut self, inst: Inst, dst: Reg, a: Reg, b: Reg) {
        self.asm.rrr(inst, x(dst), x(a), x(b));
    }

    pub(super) fn vvvi(&mut self, inst: Inst, dst: Reg, a: Reg, b: Reg, imm: i32) {
        self.asm.rrri(inst, x(dst), x(a), x(b), imm);
    }

    pub(super) fn vvm(&mut self, inst: Inst, dst: Reg, a: Reg, b: Mem) {
        self.asm.rrm(inst, x(dst), x(a), b);
    }

    pub(super) fn vm(&mut self, inst: Inst, dst: Reg, a: Mem) {
        self.asm.rm(inst, x(dst), a);
    }

    /// With an operand in a register or in the frame.
    fn vvo(&mut self, inst: Inst, dst: Reg, a: Reg, b: Operand) {
        match b {
            Operand::Reg(b) => self.vvv(inst, dst, a, b),
            Operand::Frame(at) => self.vvm(inst, dst, a, frame(at)),
            Operand::Imm(_) => unreachable!("no vector is an immediate"),
        }
    }

    pub(super) fn zero(&mut self, dst: Reg) {
        self.vvv(VPXOR, dst, dst, dst);
    }

    fn ones(&mut self, dst: Reg) {
        self.vvv(VPCMPEQD, dst, dst, dst);
    }

    /// A constant in memory.
    pub(super) fn bytes(&mut self, bytes: [u8; 16]) -> Mem {
        Mem::rip(self.asm.constant(&bytes))
    }

    fn each8(&mut self, lane: u8) -> Mem {
        self.bytes([lane; 16])
    }

    fn each16(&mut self, lane: u16) -> Mem {
        self.each64(u64::from(lane) * 0x0001_0001_0001_0001)
    }

    fn each32(&mut self, lane: u32) -> Mem {
        self.each64(u64::from(lane) << 32 | u64::from(lane))
    }

    fn each64(&mut self, lane: u64) -> Mem {
        self.bytes((u128::from(lane) << 64 | u128::from(lane)).to_le_bytes())
    }
}

/// An operation on two operands that is one instruction.
enum Plain {
    Straight(Inst),
    Swapped(Inst),
    Compare(Inst, i32),
    SwappedCompare(Inst, i32),
}

fn plain(op: Binary) -> Option<Plain> {
    use Binary::*;
    use Plain::*;
    Some(match op {
        I8x16Add => Straight(VPADDB),
        I8x16Sub => Straight(VPSUBB),
        I16x8Add => Straight(VPADDW),
        I16x8Sub => Straight(VPSUBW),
        I32x4Add => Straight(VPADDD),
        I32x4Sub => Straight(VPSUBD),
        I64x2Add => Straight(VPADDQ),
        I64x2Sub => Straight(VPSUBQ),
        I16x8Mul => Straight(VPMULLW),
        I32x4Mul => Straight(VPMULLD),
        I8x16AddSatS => Straight(VPADDSB),
        I8x16AddSatU => Straight(VPADDUSB),
        I8x16SubSatS => Straight(VPSUBSB),
        I8x16SubSatU => Straight(VPSUBUSB),
        I8x16AvgrU => Straight(VPAVGB),
        I16x8AddSatS => Straight(VPADDSW),
        I16x8AddSatU => Straight(VPADDUSW),
        I16x8SubSatS => Straight(VPSUBSW),
        I16x8SubSatU => Straight(VPSUBUSW),
        I16x8AvgrU => Straight(VPAVGW),
        I8x16MinS => Straight(VPMINSB),
        I8x16MinU => Straight(VPMINUB),
        I8x16MaxS => Straight(VPMAXSB),
        I8x16MaxU => Straight(VPMAXUB),
        I16x8MinS => Straight(VPMINSW),
        I16x8MinU => Straight(VPMINUW),
        I16x8MaxS => Straight(VPMAXSW),
        I16x8MaxU => Straight(VPMAXUW),
        I32x4MinS => Straight(VPMINSD),
        I32x4MinU => Straight(VPMINUD),
        I32x4MaxS => Straight(VPMAXSD),
        I32x4MaxU => Straight(VPMAXUD),
        V128And => Straight(VPAND),
        V128Andnot => Swapped(VPANDN),
        V128Or => Straight(VPOR),
        V128Xor => Straight(VPXOR),
        I8x16Eq => Straight(VPCMPEQB),
        I8x16GtS => Straight(VPCMPGTB),
        I8x16LtS => Swapped(VPCMPGTB),
        I16x8Eq => Straight(VPCMPEQW),
        I16x8GtS => Straight(VPCMPGTW),
        I16x8LtS => Swapped(VPCMPGTW),
        I32x4Eq => Straight(VPCMPEQD),
        I32x4GtS => Straight(VPCMPGTD),
        I32x4LtS => Swapped(VPCMPGTD),
        I64x2Eq => Straight(VPCMPEQQ),
        I64x2GtS => Straight(VPCMPGTQ),
        I64x2LtS => Swapped(VPCMPGTQ),
        F32x4Eq => Compare(VCMPPS, EQ),
        F32x4Ne => Compare(VCMPPS, NE),
        F32x4Lt => Compare(VCMPPS, LT),
        F32x4Le => Compare(VCMPPS, LE),
        F32x4Gt => SwappedCompare(VCMPPS, LT),
        F32x4Ge => SwappedCompare(VCMPPS, LE),
        F64x2Eq => Compare(VCMPPD, EQ),
        F64x2Ne => Compare(VCMPPD, NE),
        F64x2Lt => Compare(VCMPPD, LT),
        F64x2Le => Compare(VCMPPD, LE),
        F64x2Gt => SwappedCompare(VCMPPD, LT),
        F64x2Ge => SwappedCompare(VCMPPD, LE),
        F32x4Add => Straight(VADDPS),
        F32x4Sub => Straight(VSUBPS),
        F32x4Mul => Straight(VMULPS),
        F32x4Div => Straight(VDIVPS),
        F64x2Add => Straight(VADDPD),
        F64x2Sub => Straight(VSUBPD),
        F64x2Mul => Straight(VMULPD),
        F64x2Div => Straight(VDIVPD),
        // The second operand where neither is less: so with the operands swapped, Wasm's first.
        F32x4Pmin => Swapped(VMINPS),
        F32x4Pmax => Swapped(VMAXPS),
        F64x2Pmin => Swapped(VMINPD),
        F64x2Pmax => Swapped(VMAXPD),
        I8x16NarrowI16x8S => Straight(VPACKSSWB),
        I8x16NarrowI16x8U => Straight(VPACKUSWB),
        I16x8NarrowI32x4S => Straight(VPACKSSDW),
        I16x8NarrowI32x4U => Straight(VPACKUSDW),
        I32x4DotI16x8S => Straight(VPMADDWD),
        _ => return None,
    })
}

pub(super) fn needs(op: VectorOp) -> Needs {
    let temporary = match op {
        VectorOp::Unary(op) => matches!(op, Unary::I8x16Popcnt | Unary::I32x4TruncSatF32x4U),
        VectorOp::Binary(op) => matches!(op, Binary::I64x2Mul | Binary::I16x8RelaxedDotI8x16I7x16S),
        VectorOp::Ternary(op) => matches!(op, Ternary::I32x4RelaxedDotI8x16I7x16AddS),
        VectorOp::Shift(op) => {
            matches!(op, Shift::I8x16Shl | Shift::I8x16ShrS | Shift::I8x16ShrU | Shift::I64x2ShrS)
        }
        VectorOp::ShiftConstant(_) => false,
    };
    let register = match op {
        VectorOp::Binary(op) => !matches!(plain(op), Some(Plain::Straight(_) | Plain::Compare(..))),
        _ => true,
    };
    let fresh = matches!(op, VectorOp::Ternary(Ternary::I32x4RelaxedDotI8x16I7x16AddS));
    Needs { temporary, register, fresh }
}

impl X64 {
    pub(super) fn unary_vector(&mut self, op: Unary, dst: Reg, a: Reg, temp: Reg) {
        use Unary::*;
        match op {
            I8x16Abs => self.vv(VPABSB, dst, a),
            I16x8Abs => self.vv(VPABSW, dst, a),
            I32x4Abs => self.vv(VPABSD, dst, a),
            I64x2Abs => {
                self.zero(T);
                self.vvv(VPCMPGTQ, T, T, a);
                self.vvv(VPXOR, dst, a, T);
                self.vvv(VPSUBQ, dst, dst, T);
            }
            I8x16Neg => self.negate(VPSUBB, dst, a),
            I16x8Neg => self.negate(VPSUBW, dst, a),
            I32x4Neg => self.negate(VPSUBD, dst, a),
            I64x2Neg => self.negate(VPSUBQ, dst, a),
            I8x16Popcnt => self.popcnt(dst, a, temp),
            I16x8ExtendLowI8x16S => self.vv(VPMOVSXBW, dst, a),
            I16x8ExtendLowI8x16U => self.vv(VPMOVZXBW, dst, a),
            I32x4ExtendLowI16x8S => self.vv(VPMOVSXWD, dst, a),
            I32x4ExtendLowI16x8U => self.vv(VPMOVZXWD, dst, a),
            I64x2ExtendLowI32x4S => self.vv(VPMOVSXDQ, dst, a),
            I64x2ExtendLowI32x4U => self.vv(VPMOVZXDQ, dst, a),
            I16x8ExtendHighI8x16S => self.extend_high(VPMOVSXBW, dst, a),
            I16x8ExtendHighI8x16U => self.extend_high(VPMOVZXBW, dst, a),
            I32x4ExtendHighI16x8S => self.extend_high(VPMOVSXWD, dst, a),
            I32x4ExtendHighI16x8U => self.extend_high(VPMOVZXWD, dst, a),
            I64x2ExtendHighI32x4S => self.extend_high(VPMOVSXDQ, dst, a),
            I64x2ExtendHighI32x4U => self.extend_high(VPMOVZXDQ, dst, a),
            I16x8ExtaddPairwiseI8x16S => {
                // The first operand's bytes are unsigned, the second's signed.
                let one = self.each8(1);
                self.vm(VMOVDQU_LOAD, T, one);
                self.vvv(VPMADDUBSW, dst, T, a);
            }
            I16x8ExtaddPairwiseI8x16U => {
                let one = self.each8(1);
                self.vvm(VPMADDUBSW, dst, a, one);
            }
            I32x4ExtaddPairwiseI16x8S => {
                let one = self.each16(1);
                self.vvm(VPMADDWD, dst, a, one);
            }
            I32x4ExtaddPairwiseI16x8U => {
                self.vvi(VPSRLD_I, T, a, 16);
                let low = self.each32(0xffff);
                self.vvm(VPAND, dst, a, low);
                self.vvv(VPADDD, dst, dst, T);
            }
            F32x4Abs => {
                let mask = self.each32(!(1 << 31));
                self.vvm(VANDPS, dst, a, mask);
            }
            F32x4Neg => {
                let sign = self.each32(1 << 31);
                self.vvm(VXORPS, dst, a, sign);
            }
            F64x2Abs => {
                let mask = self.each64(!(1 << 63));
                self.vvm(VANDPD, dst, a, mask);
            }
            F64x2Neg => {
                let sign = self.each64(1 << 63);
                self.vvm(VXORPD, dst, a, sign);
            }
            F32x4Sqrt => self.vv(VSQRTPS, dst, a),
            F64x2Sqrt => self.vv(VSQRTPD, dst, a),
            F32x4Ceil => self.vvi(VROUNDPS, dst, a, CEIL),
            F32x4Floor => self.vvi(VROUNDPS, dst, a, FLOOR),
            F32x4Trunc => self.vvi(VROUNDPS, dst, a, TRUNC),
            F32x4Nearest => self.vvi(VROUNDPS, dst, a, NEAREST),
            F64x2Ceil => self.vvi(VROUNDPD, dst, a, CEIL),
            F64x2Floor => self.vvi(VROUNDPD, dst, a, FLOOR),
            F64x2Trunc => self.vvi(VROUNDPD, dst, a, TRUNC),
            F64x2Nearest => self.vvi(VROUNDPD, dst, a, NEAREST),
            V128Not => {
                self.ones(T);
                self.vvv(VPXOR, dst, a, T);
            }
            I32x4TruncSatF32x4S => {
                // NaN to zero; then what is too large is the least integer, and inverted.
                self.vvvi(VCMPPS, T, a, a, ORDERED);
                self.vvv(VANDPS, dst, a, T);
                let limit = self.each32(2147483648f32.to_bits());
                self.asm.rrmi(VCMPPS, x(T), x(dst), limit, GE);
                self.vv(VCVTTPS2DQ, dst, dst);
                self.vvv(VPXOR, dst, dst, T);
            }
            I32x4TruncSatF32x4U => self.truncate_unsigned(dst, a, temp),
            I32x4TruncSatF64x2SZero => {
                // The least of the operand and the greatest integer: 0 in its place for NaN, where the
                // instruction gives its second operand.
                self.vvvi(VCMPPD, T, a, a, EQ);
                let limit = self.each64(2147483647f64.to_bits());
                self.vvm(VANDPD, T, T, limit);
                self.vvv(VMINPD, dst, a, T);
                self.vv(VCVTTPD2DQ, dst, dst);
            }
            I32x4TruncSatF64x2UZero => {
                self.zero(T);
                self.vvv(VMAXPD, dst, a, T);
                let limit = self.each64(4294967295f64.to_bits());
                self.vvm(VMINPD, dst, dst, limit);
                self.vvi(VROUNDPD, dst, dst, TRUNC);
                // With 2^52 added, the integer is in the low bits.
                let magic = self.each64(4503599627370496f64.to_bits());
                self.vvm(VADDPD, dst, dst, magic);
                self.vvvi(VSHUFPS, dst, dst, T, 0x88);
            }
            F32x4ConvertI32x4S => self.vv(VCVTDQ2PS, dst, a),
            F32x4ConvertI32x4U => {
                // Both halves are exact, so that only their sum is rounded.
                let low = self.each32(0xffff);
                self.vvm(VPAND, T, a, low);
                self.vvi(VPSRLD_I, dst, a, 16);
                self.vv(VCVTDQ2PS, T, T);
                self.vv(VCVTDQ2PS, dst, dst);
                let scale = self.each32(65536f32.to_bits());
                self.vvm(VFMADD132PS, dst, T, scale);
            }
            F64x2ConvertLowI32x4S => self.vv(VCVTDQ2PD, dst, a),
            F64x2ConvertLowI32x4U => {
                // The low bits of 2^52 plus the integer.
                let exponent = self.each32(0x4330_0000);
                self.vvm(VUNPCKLPS, dst, a, exponent);
                let magic = self.each64(4503599627370496f64.to_bits());
                self.vvm(VSUBPD, dst, dst, magic);
            }
            F32x4DemoteF64x2Zero => self.vv(VCVTPD2PS, dst, a),
            F64x2PromoteLowF32x4 => self.vv(VCVTPS2PD, dst, a),
        }
    }

    fn negate(&mut self, subtract: Inst, dst: Reg, a: Reg) {
        self.zero(T);
        self.vvv(subtract, dst, T, a);
    }

    fn extend_high(&mut self, extend: Inst, dst: Reg, a: Reg) {
        self.vvi(VPSHUFD, dst, a, 0xee);
        self.vv(extend, dst, dst);
    }

    /// The counts of both halves of each byte, from a table.
    fn popcnt(&mut self, dst: Reg, a: Reg, table: Reg) {
        let counts = self.bytes([0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]);
        self.vm(VMOVDQU_LOAD, table, counts);
        let low = self.each8(0x0f);
        self.vvi(VPSRLW_I, T, a, 4);
        self.vvm(VPAND, T, T, low);
        self.vvm(VPAND, dst, a, low);
        self.vvv(VPSHUFB, T, table, T);
        self.vvv(VPSHUFB, dst, table, dst);
        self.vvv(VPADDB, dst, dst, T);
    }

    fn truncate_unsigned(&mut self, dst: Reg, a: Reg, temp: Reg) {
        // NaN and what is negative to zero. Then the part above 2^31, if any, clamped, plus the part below.
        self.zero(T);
        self.vvv(VMAXPS, dst, a, T);
        let limit = self.each32(2147483648f32.to_bits());
        self.vvm(VSUBPS, T, dst, limit);
        self.asm.rrmi(VCMPPS, x(temp), x(T), limit, GE);
        self.vv(VCVTTPS2DQ, T, T);
        self.vvv(VPXOR, T, T, temp);
        self.zero(temp);
        self.vvv(VPMAXSD, T, T, temp);
        self.vv(VCVTTPS2DQ, dst, dst);
        self.vvv(VPADDD, dst, dst, T);
    }

    pub(super) fn binary_vector(&mut self, op: Binary, dst: Reg, a: Reg, b: Operand, temp: Reg) {
        match (plain(op), b) {
            (Some(Plain::Straight(inst)), b) => self.vvo(inst, dst, a, b),
            (Some(Plain::Compare(inst, predicate)), Operand::Frame(at)) => {
                self.asm.rrmi(inst, x(dst), x(a), frame(at), predicate);
            }
            (Some(Plain::Compare(inst, predicate)), Operand::Reg(b)) => self.vvvi(inst, dst, a, b, predicate),
            (Some(Plain::Swapped(inst)), Operand::Reg(b)) => self.vvv(inst, dst, b, a),
            (Some(Plain::SwappedCompare(inst, predicate)), Operand::Reg(b)) => {
                self.vvvi(inst, dst, b, a, predicate);
            }
            (None, Operand::Reg(b)) => self.sequence(op, dst, a, b, temp),
            _ => unreachable!("the target has asked for a register"),
        }
    }

    /// An operation on two operands that takes several instructions.
    fn sequence(&mut self, op: Binary, dst: Reg, a: Reg, b: Reg, temp: Reg) {
        use Binary::*;
        match op {
            I8x16Ne => self.inverse(VPCMPEQB, dst, a, b),
            I16x8Ne => self.inverse(VPCMPEQW, dst, a, b),
            I32x4Ne => self.inverse(VPCMPEQD, dst, a, b),
            I64x2Ne => self.inverse(VPCMPEQQ, dst, a, b),
            I64x2LeS => self.inverse(VPCMPGTQ, dst, a, b),
            I64x2GeS => self.inverse(VPCMPGTQ, dst, b, a),
            // Less or equal is to be the least of both.
            I8x16LeS => self.is_extreme(VPMINSB, VPCMPEQB, dst, a, b),
            I8x16LeU => self.is_extreme(VPMINUB, VPCMPEQB, dst, a, b),
            I8x16GeS => self.is_extreme(VPMAXSB, VPCMPEQB, dst, a, b),
            I8x16GeU => self.is_extreme(VPMAXUB, VPCMPEQB, dst, a, b),
            I16x8LeS => self.is_extreme(VPMINSW, VPCMPEQW, dst, a, b),
            I16x8LeU => self.is_extreme(VPMINUW, VPCMPEQW, dst, a, b),
            I16x8GeS => self.is_extreme(VPMAXSW, VPCMPEQW, dst, a, b),
            I16x8GeU => self.is_extreme(VPMAXUW, VPCMPEQW, dst, a, b),
            I32x4LeS => self.is_extreme(VPMINSD, VPCMPEQD, dst, a, b),
            I32x4LeU => self.is_extreme(VPMINUD, VPCMPEQD, dst, a, b),
            I32x4GeS => self.is_extreme(VPMAXSD, VPCMPEQD, dst, a, b),
            I32x4GeU => self.is_extreme(VPMAXUD, VPCMPEQD, dst, a, b),
            I8x16LtU => self.is_not_extreme(VPMAXUB, VPCMPEQB, dst, a, b),
            I8x16GtU => self.is_not_extreme(VPMINUB, VPCMPEQB, dst, a, b),
            I16x8LtU => self.is_not_extreme(VPMAXUW, VPCMPEQW, dst, a, b),
            I16x8GtU => self.is_not_extreme(VPMINUW, VPCMPEQW, dst, a, b),
            I32x4LtU => self.is_not_extreme(VPMAXUD, VPCMPEQD, dst, a, b),
            I32x4GtU => self.is_not_extreme(VPMINUD, VPCMPEQD, dst, a, b),
            I64x2Mul => {
                // Both cross products, in the high half; the low product.
                self.vvi(VPSRLQ_I, T, a, 32);
                self.vvv(VPMULUDQ, T, T, b);
                self.vvi(VPSRLQ_I, temp, b, 32);
                self.vvv(VPMULUDQ, temp, temp, a);
                self.vvv(VPADDQ, T, T, temp);
                self.vvi(VPSLLQ_I, T, T, 32);
                self.vvv(VPMULUDQ, dst, a, b);
                self.vvv(VPADDQ, dst, dst, T);
            }
            F32x4Min => self.min_vector(F32, dst, a, b),
            F64x2Min => self.min_vector(F64, dst, a, b),
            F32x4Max => self.max_vector(F32, dst, a, b),
            F64x2Max => self.max_vector(F64, dst, a, b),
            I16x8ExtmulLowI8x16S => self.extend_and_multiply(VPMOVSXBW, false, dst, a, b),
            I16x8ExtmulLowI8x16U => self.extend_and_multiply(VPMOVZXBW, false, dst, a, b),
            I16x8ExtmulHighI8x16S => self.extend_and_multiply(VPMOVSXBW, true, dst, a, b),
            I16x8ExtmulHighI8x16U => self.extend_and_multiply(VPMOVZXBW, true, dst, a, b),
            I32x4ExtmulLowI16x8S => self.join_products(VPMULHW, VPUNPCKLWD, dst, a, b),
            I32x4ExtmulLowI16x8U => self.join_products(VPMULHUW, VPUNPCKLWD, dst, a, b),
            I32x4ExtmulHighI16x8S => self.join_products(VPMULHW, VPUNPCKHWD, dst, a, b),
            I32x4ExtmulHighI16x8U => self.join_products(VPMULHUW, VPUNPCKHWD, dst, a, b),
            I64x2ExtmulLowI32x4S => self.spread_and_multiply(VPMULDQ, 0x50, dst, a, b),
            I64x2ExtmulLowI32x4U => self.spread_and_multiply(VPMULUDQ, 0x50, dst, a, b),
            I64x2ExtmulHighI32x4S => self.spread_and_multiply(VPMULDQ, 0xfa, dst, a, b),
            I64x2ExtmulHighI32x4U => self.spread_and_multiply(VPMULUDQ, 0xfa, dst, a, b),
            I16x8Q15mulrSatS => {
                // Only the product of the two least numbers overflows, to the least number.
                self.vvv(VPMULHRSW, dst, a, b);
                let least = self.each16(0x8000);
                self.vvm(VPCMPEQW, T, dst, least);
                self.vvv(VPXOR, dst, dst, T);
            }
            I16x8RelaxedDotI8x16I7x16S => self.dot_bytes(dst, a, b, temp),
            I8x16Swizzle => {
                // Indices above 15 get their highest bit set.
                let above = self.each8(0x70);
                self.vvm(VPADDUSB, T, b, above);
                self.vvv(VPSHUFB, dst, a, T);
            }
            _ => unreachable!("it is one instruction"),
        }
    }

    fn inverse(&mut self, compare: Inst, dst: Reg, a: Reg, b: Reg) {
        self.vvv(compare, dst, a, b);
        self.ones(T);
        self.vvv(VPXOR, dst, dst, T);
    }

    fn is_extreme(&mut self, extreme: Inst, equal: Inst, dst: Reg, a: Reg, b: Reg) {
        self.vvv(extreme, T, a, b);
        self.vvv(equal, dst, a, T);
    }

    fn is_not_extreme(&mut self, extreme: Inst, equal: Inst, dst: Reg, a: Reg, b: Reg) {
        self.is_extreme(extreme, equal, dst, a, b);
        self.ones(T);
        self.vvv(VPXOR, dst, dst, T);
    }

    /// Each order of the operands gives its second one if they are not ordered or both zero. Together they are
    /// negative zero if one is, and NaN if one is.
    fn min_vector(&mut self, ty: Shape, dst: Reg, a: Reg, b: Reg) {
        self.vvv(ty.min, T, a, b);
        self.vvv(ty.min, dst, b, a);
        self.vvv(VORPS, T, T, dst);
        self.vvvi(ty.compare, dst, T, T, UNORDERED);
        self.vvv(VORPS, T, T, dst);
        self.canonical_nan(ty, dst);
    }

    /// Likewise; where both orders differ, their difference sets the sign to zero.
    fn max_vector(&mut self, ty: Shape, dst: Reg, a: Reg, b: Reg) {
        self.vvv(ty.max, T, a, b);
        self.vvv(ty.max, dst, b, a);
        self.vvv(VXORPS, dst, dst, T);
        self.vvv(VORPS, T, T, dst);
        self.vvv(ty.sub, T, T, dst);
        self.vvvi(ty.compare, dst, T, T, UNORDERED);
        self.canonical_nan(ty, dst);
    }

    /// The scratch register without the payload of NaNs, of which `dst` says where they are.
    fn canonical_nan(&mut self, ty: Shape, dst: Reg) {
        self.vvi(ty.shift, dst, dst, ty.exponent);
        self.vvv(VANDNPS, dst, dst, T);
    }

    fn extend_and_multiply(&mut self, extend: Inst, high: bool, dst: Reg, a: Reg, b: Reg) {
        if high {
            self.vvi(VPSHUFD, T, a, 0xee);
            self.vv(extend, T, T);
            self.vvi(VPSHUFD, dst, b, 0xee);
            self.vv(extend, dst, dst);
        } else {
            self.vv(extend, T, a);
            self.vv(extend, dst, b);
        }
        self.vvv(VPMULLW, dst, dst, T);
    }

    /// Joins low and high halves of products.
    fn join_products(&mut self, multiply_high: Inst, unpack: Inst, dst: Reg, a: Reg, b: Reg) {
        self.vvv(multiply_high, T, a, b);
        self.vvv(VPMULLW, dst, a, b);
        self.vvv(unpack, dst, dst, T);
    }

    /// Multiplies the even lanes of the operands, shuffled.
    fn spread_and_multiply(&mut self, multiply: Inst, order: i32, dst: Reg, a: Reg, b: Reg) {
        self.vvi(VPSHUFD, T, a, order);
        self.vvi(VPSHUFD, dst, b, order);
        self.vvv(multiply, dst, dst, T);
    }

    /// Sums of the products of pairs of signed bytes.
    fn dot_bytes(&mut self, dst: Reg, a: Reg, b: Reg, temp: Reg) {
        // Factors times 2^8 give a product times 2^16.
        self.vvi(VPSLLW_I, T, a, 8);
        self.vvi(VPSLLW_I, temp, b, 8);
        self.vvv(VPMULHW, T, T, temp);
        self.vvi(VPSRAW_I, temp, a, 8);
        self.vvi(VPSRAW_I, dst, b, 8);
        self.vvv(VPMULLW, dst, dst, temp);
        self.vvv(VPADDW, dst, dst, T);
    }

    pub(super) fn ternary_vector(&mut self, op: Ternary, dst: Reg, a: Reg, b: Reg, c: Reg, temp: Reg) {
        use Ternary::*;
        match op {
            V128Bitselect => {
                self.vvv(VPAND, T, a, c);
                self.vvv(VPANDN, dst, c, b);
                self.vvv(VPOR, dst, dst, T);
            }
            F32x4RelaxedMadd => self.fused(VFMADD213PS, VFMADD231PS, dst, a, b, c),
            F32x4RelaxedNmadd => self.fused(VFNMADD213PS, VFNMADD231PS, dst, a, b, c),
            F64x2RelaxedMadd => self.fused(VFMADD213PD, VFMADD231PD, dst, a, b, c),
            F64x2RelaxedNmadd => self.fused(VFNMADD213PD, VFNMADD231PD, dst, a, b, c),
            I32x4RelaxedDotI8x16I7x16AddS => {
                self.dot_bytes(dst, a, b, temp);
                let one = self.each16(1);
                self.vvm(VPMADDWD, dst, dst, one);
                self.vvv(VPADDD, dst, dst, c);
            }
        }
    }

    /// A product plus a summand: in place of a factor, or of the summand.
    fn fused(&mut self, to_factor: Inst, to_summand: Inst, dst: Reg, a: Reg, b: Reg, c: Reg) {
        if dst == a {
            self.vvv(to_factor, dst, b, c);
        } else if dst == b {
            self.vvv(to_factor, dst, a, c);
        } else {
            if dst != c {
                self.vv(VMOVAPS, dst, c);
            }
            self.vvv(to_summand, dst, a, b);
        }
    }

    pub(super) fn shift_vector(&mut self, op: Shift, dst: Reg, a: Reg, count: Operand, temp: Reg) {
        use Shift::*;
        let (by_constant, by_variable, width) = match op {
            I8x16Shl | I8x16ShrS | I8x16ShrU => return self.shift_bytes(op, dst, a, count, temp),
            I16x8Shl => (VPSLLW_I, VPSLLW, 16),
            I16x8ShrS => (VPSRAW_I, VPSRAW, 16),
            I16x8ShrU => (VPSRLW_I, VPSRLW, 16),
            I32x4Shl => (VPSLLD_I, VPSLLD, 32),
            I32x4ShrS => (VPSRAD_I, VPSRAD, 32),
            I32x4ShrU => (VPSRLD_I, VPSRLD, 32),
            I64x2Shl => (VPSLLQ_I, VPSLLQ, 64),
            I64x2ShrU => (VPSRLQ_I, VPSRLQ, 64),
            I64x2ShrS => return self.shift_signed64(dst, a, count, temp),
        };
        match count {
            Operand::Imm(count) => self.vvi(by_constant, dst, a, count & (width - 1)),
            Operand::Reg(count) => {
                self.load_count(count, width - 1);
                self.vvv(by_variable, dst, a, T);
            }
            Operand::Frame(_) => unreachable!("counts are registers or constants"),
        }
    }

    /// Brings a count to the scratch register.
    fn load_count(&mut self, count: Reg, mask: i32) {
        self.asm.rr(MOV32_R_RM, Gpr::R11, g(count));
        self.asm.ri(AND32_RM_I, Gpr::R11, mask);
        self.asm.rr(VMOVD_X_RM, x(T), Gpr::R11);
    }

    /// Shifts words, and clears what came from the neighbour; or with sign, extends and narrows again.
    fn shift_bytes(&mut self, op: Shift, dst: Reg, a: Reg, count: Operand, temp: Reg) {
        match (op, count) {
            (Shift::I8x16ShrS, Operand::Imm(count)) => {
                let count = (count & 7) + 8;
                self.vvv(VPUNPCKHBW, T, a, a);
                self.vvv(VPUNPCKLBW, dst, a, a);
                self.vvi(VPSRAW_I, T, T, count);
                self.vvi(VPSRAW_I, dst, dst, count);
                self.vvv(VPACKSSWB, dst, dst, T);
            }
            (Shift::I8x16ShrS, Operand::Reg(count)) => {
                self.asm.rr(MOV32_R_RM, Gpr::R11, g(count));
                self.asm.ri(AND32_RM_I, Gpr::R11, 7);
                self.asm.ri(ADD32_RM_I, Gpr::R11, 8);
                self.asm.rr(VMOVD_X_RM, x(T), Gpr::R11);
                self.vvv(VPUNPCKHBW, temp, a, a);
                self.vvv(VPUNPCKLBW, dst, a, a);
                self.vvv(VPSRAW, temp, temp, T);
                self.vvv(VPSRAW, dst, dst, T);
                self.vvv(VPACKSSWB, dst, dst, temp);
            }
            (_, Operand::Imm(count)) => {
                let count = count & 7;
                let (shift, mask) = match op {
                    Shift::I8x16Shl => (VPSLLW_I, 0xff << count),
                    _ => (VPSRLW_I, 0xff >> count),
                };
                self.vvi(shift, dst, a, count);
                let mask = self.each8(mask as u8);
                self.vvm(VPAND, dst, dst, mask);
            }
            (_, Operand::Reg(count)) => {
                // The mask: ones, shifted likewise.
                self.load_count(count, 7);
                self.ones(temp);
                if op == Shift::I8x16Shl {
                    self.vvv(VPSLLW, dst, a, T);
                    self.vvv(VPSLLW, temp, temp, T);
                } else {
                    self.vvv(VPSRLW, dst, a, T);
                    self.vvv(VPSRLW, temp, temp, T);
                    self.vvi(VPSRLW_I, temp, temp, 8);
                }
                self.vv(VPBROADCASTB, temp, temp);
                self.vvv(VPAND, dst, dst, temp);
            }
            (_, Operand::Frame(_)) => unreachable!("counts are registers or constants"),
        }
    }

    /// Shifts without sign, and extends the sign where it came to be.
    fn shift_signed64(&mut self, dst: Reg, a: Reg, count: Operand, temp: Reg) {
        match count {
            Operand::Imm(count) if count & 63 == 63 => {
                self.zero(T);
                self.vvv(VPCMPGTQ, dst, T, a);
            }
            Operand::Imm(count) => {
                let count = count & 63;
                let sign = self.each64(1 << (63 - count));
                self.vvi(VPSRLQ_I, dst, a, count);
                self.vvm(VPXOR, dst, dst, sign);
                self.vvm(VPSUBQ, dst, dst, sign);
            }
            Operand::Reg(count) => {
                self.load_count(count, 63);
                let sign = self.each64(1 << 63);
                self.vm(VMOVDQU_LOAD, temp, sign);
                self.vvv(VPSRLQ, temp, temp, T);
                self.vvv(VPSRLQ, dst, a, T);
                self.vvv(VPXOR, dst, dst, temp);
                self.vvv(VPSUBQ, dst, dst, temp);
            }
            Operand::Frame(_) => unreachable!("counts are registers or constants"),
        }
    }
}

/// Instructions and numbers for one shape of floats.
#[derive(Clone, Copy)]
struct Shape {
    min: Inst,
    max: Inst,
    sub: Inst,
    compare: Inst,
    shift: Inst,
    /// Bits of sign and exponent and the first one of the fraction.
    exponent: i32,
}

const F32: Shape =
    Shape { min: VMINPS, max: VMAXPS, sub: VSUBPS, compare: VCMPPS, shift: VPSRLD_I, exponent: 10 };
const F64: Shape =
    Shape { min: VMINPD, max: VMAXPD, sub: VSUBPD, compare: VCMPPD, shift: VPSRLQ_I, exponent: 13 };
