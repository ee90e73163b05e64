//! Lanes: moving, testing, shifting, loading and storing them; and what else depends on more of the operands than recipes see.

use super::context::{A as Given, Condition, Context};
use super::recipe::{A, B, C, Ingredient, ONES, S0, S1, S2, S3, Step, ZERO, each8, each64, i, steps};
use super::shuffle::{ZERO_BYTE, shuffle_one, shuffle_two};
use super::vector::is_mask;
use crate::machine::code::{Class, VReg};
use windlass_abi::num::V128;
use windlass_asm::x64::inst::*;
use windlass_asm::x64::{Cond, Inst};
use windlass_ir::{Op, Value};

/// Tests a vector, if an instruction does: sets the flags, and says what they mean.
pub(super) fn flags(cx: &mut Context<'_>, value: Value) -> Option<Condition> {
    let inst = cx.function.inst(value);
    let a = Value(inst.fields[0]);
    let equal = match inst.op {
        Op::v128_any_true => {
            let (a, b) = match cx.matched(a, Op::v128_and) {
                Some(and) => (Value(and.fields[0]), Value(and.fields[1])),
                None => (a, a),
            };
            let b = if a == b { cx.use_of(a).into() } else { cx.memory_or_register(b, 128) };
            let a = cx.use_of(a);
            cx.emit(VPTEST, &[a.into(), b]);
            return Some(Condition::Is(Cond::NE));
        }
        Op::i8x16_all_true => VPCMPEQB,
        Op::i16x8_all_true => VPCMPEQW,
        Op::i32x4_all_true => VPCMPEQD,
        Op::i64x2_all_true => VPCMPEQQ,
        _ => return None,
    };
    let zeros = cx.temp(Class::Vector);
    cx.put_steps(zeros, &[Ingredient::Value(a)], steps![equal(ZERO, A)]);
    cx.emit(VPTEST, &[zeros.into(), zeros.into()]);
    Some(Condition::Is(Cond::E))
}

impl Context<'_> {
    /// Selects an instruction if it is one of these.
    pub(super) fn select_lanes(&mut self, value: Value, op: Op) -> bool {
        if let Some(condition) = flags(self, value) {
            let result = self.def_of(value);
            self.set(condition, result);
            return true;
        }
        self.select_shift(value, op)
            || self.select_lane(value, op)
            || self.select_vector_load(value, op)
            || self.select_three(value, op)
    }

    /// Puts down steps that give the value of an instruction with two operands, or with one.
    fn put_binary(&mut self, value: Value, steps: &[Step<'_>]) {
        let [a, b, _] = self.function.inst(value).fields.map(|field| Ingredient::Value(Value(field)));
        let result = self.def_of(value);
        self.put_steps(result, &[a, b], steps);
    }
}

/// Shifts.
impl Context<'_> {
    fn select_shift(&mut self, value: Value, op: Op) -> bool {
        let (by_constant, by_variable, bits) = match op {
            Op::i8x16_shl => (VPSLLW_I, VPSLLW, 8),
            Op::i8x16_shr_s => (VPSRAW_I, VPSRAW, 8),
            Op::i8x16_shr_u => (VPSRLW_I, VPSRLW, 8),
            Op::i16x8_shl => (VPSLLW_I, VPSLLW, 16),
            Op::i16x8_shr_s => (VPSRAW_I, VPSRAW, 16),
            Op::i16x8_shr_u => (VPSRLW_I, VPSRLW, 16),
            Op::i32x4_shl => (VPSLLD_I, VPSLLD, 32),
            Op::i32x4_shr_s => (VPSRAD_I, VPSRAD, 32),
            Op::i32x4_shr_u => (VPSRLD_I, VPSRLD, 32),
            Op::i64x2_shl => (VPSLLQ_I, VPSLLQ, 64),
            Op::i64x2_shr_u | Op::i64x2_shr_s => (VPSRLQ_I, VPSRLQ, 64),
            _ => return false,
        };
        let [a, count, _] = self.function.inst(value).fields.map(Value);
        if let Some(count) = self.constant(count) {
            self.shift_by_constant(value, op, by_constant, count as u8 & (bits - 1));
            return true;
        }
        let (a, count, result) =
            (Ingredient::Value(a), self.vector_count(op, count, bits), self.def_of(value));
        let steps: &[Step<'_>] = match op {
            // The mask: ones, shifted likewise.
            Op::i8x16_shl => {
                const { steps![VPSLLW(A, B), VPSLLW(ONES, B), VPBROADCASTB(S1), VPAND(S0, S2),] }
            }
            Op::i8x16_shr_u => {
                const {
                    steps![VPSRLW(A, B), VPSRLW(ONES, B), VPSRLW_I(S1, i(8)), VPBROADCASTB(S2), VPAND(S0, S3),]
                }
            }
            // Each byte is the upper half of a word.
            Op::i8x16_shr_s => {
                const {
                    steps![
                        VPUNPCKLBW(A, A),
                        VPUNPCKHBW(A, A),
                        VPSRAW(S0, B),
                        VPSRAW(S1, B),
                        VPACKSSWB(S2, S3),
                    ]
                }
            }
            // Without sign; then the sign is extended from where it came to be.
            Op::i64x2_shr_s => {
                const { steps![VPSRLQ(each64(1 << 63), B), VPSRLQ(A, B), VPXOR(S1, S0), VPSUBQ(S2, S0),] }
            }
            _ => steps![by_variable(A, B)],
        };
        self.put_steps(result, &[a, Ingredient::Reg(count)], steps);
        true
    }

    /// The count of a shift in a vector: of what counts of it, and 8 more for bytes that are the upper halves of words.
    fn vector_count(&mut self, op: Op, count: Value, bits: u8) -> VReg {
        let (mut masked, count) = (self.temp(Class::Int), self.use_of(count));
        self.emit(AND32_RM_I, &[Given::Mod(masked, count), Given::Imm((bits - 1).into())]);
        if op == Op::i8x16_shr_s {
            let more = self.temp(Class::Int);
            self.emit(ADD32_RM_I, &[Given::Mod(more, masked), Given::Imm(8)]);
            masked = more;
        }
        let vector = self.temp(Class::Vector);
        self.emit(VMOVD_X_RM, &[vector.into(), masked.into()]);
        vector
    }

    fn shift_by_constant(&mut self, value: Value, op: Op, inst: Inst, count: u8) {
        match op {
            // Words; what came from the neighbour goes.
            Op::i8x16_shl => {
                self.put_binary(value, steps![inst(A, i(count)), VPAND(S0, each8(0xff << count))]);
            }
            Op::i8x16_shr_u => {
                self.put_binary(value, steps![inst(A, i(count)), VPAND(S0, each8(0xff >> count))]);
            }
            Op::i8x16_shr_s if count == 7 => self.put_binary(value, steps![VPCMPGTB(ZERO, A)]),
            // Without sign; then the sign is extended from where it came to be.
            Op::i8x16_shr_s => {
                let sign = each8(0x80 >> count);
                self.put_binary(
                    value,
                    steps![
                        VPSRLW_I(A, i(count)),
                        VPAND(S0, each8(0xff >> count)),
                        VPXOR(S1, sign),
                        VPSUBB(S2, sign),
                    ],
                );
            }
            Op::i64x2_shr_s if count == 63 => self.put_binary(value, steps![VPCMPGTQ(ZERO, A)]),
            Op::i64x2_shr_s => {
                let sign = each64(1 << (63 - count));
                self.put_binary(value, steps![inst(A, i(count)), VPXOR(S0, sign), VPSUBQ(S1, sign)]);
            }
            _ => self.put_binary(value, steps![inst(A, i(count))]),
        }
    }
}

/// Splats, lanes and shuffles.
impl Context<'_> {
    fn select_lane(&mut self, value: Value, op: Op) -> bool {
        let lane = self.function.inst(value).lane();
        match op {
            Op::i8x16_splat => self.splat(value, VMOVD_X_RM, VPBROADCASTB, 8),
            Op::i16x8_splat => self.splat(value, VMOVD_X_RM, VPBROADCASTW, 16),
            Op::i32x4_splat => self.splat(value, VMOVD_X_RM, VPBROADCASTD, 32),
            Op::i64x2_splat => self.splat(value, VMOVQ_X_RM, VPBROADCASTQ, 64),
            Op::i8x16_extract_lane_u => self.put_binary(value, steps![VPEXTRB(A, i(lane))]),
            Op::i16x8_extract_lane_u => self.put_binary(value, steps![VPEXTRW_RR(A, i(lane))]),
            Op::i8x16_extract_lane_s => {
                self.put_binary(value, steps![VPEXTRB(A, i(lane)), MOVSX32_R_RM8(S0)]);
            }
            Op::i16x8_extract_lane_s => {
                self.put_binary(value, steps![VPEXTRW_RR(A, i(lane)), MOVSX32_R_RM16(S0)]);
            }
            Op::i32x4_extract_lane if lane == 0 => self.put_binary(value, steps![VMOVD_RM_X(A)]),
            Op::i32x4_extract_lane => self.put_binary(value, steps![VPEXTRD(A, i(lane))]),
            Op::i64x2_extract_lane if lane == 0 => self.put_binary(value, steps![VMOVQ_RM_X(A)]),
            Op::i64x2_extract_lane => self.put_binary(value, steps![VPEXTRQ(A, i(lane))]),
            Op::f32x4_extract_lane | Op::f64x2_extract_lane if lane == 0 => self.copy_first(value),
            Op::f32x4_extract_lane if lane == 1 => self.put_binary(value, steps![VMOVSHDUP(A)]),
            Op::f32x4_extract_lane => self.put_binary(value, steps![VPERMILPS_I(A, i(lane))]),
            Op::f64x2_extract_lane => self.put_binary(value, steps![VPERMILPD_I(A, i(lane))]),
            Op::i8x16_replace_lane => self.put_binary(value, steps![VPINSRB(A, B, i(lane))]),
            Op::i16x8_replace_lane => self.put_binary(value, steps![VPINSRW(A, B, i(lane))]),
            Op::i32x4_replace_lane => self.put_binary(value, steps![VPINSRD(A, B, i(lane))]),
            Op::i64x2_replace_lane => self.put_binary(value, steps![VPINSRQ(A, B, i(lane))]),
            Op::f32x4_replace_lane => self.replace_single(value, lane),
            Op::f64x2_replace_lane => self.replace_double(value, lane),
            Op::i8x16_shuffle => self.shuffle(value),
            Op::i8x16_swizzle | Op::i8x16_relaxed_swizzle => self.swizzle(value),
            _ => return false,
        }
        true
    }

    /// An integer in each lane; from memory, if it is loaded with no more bits.
    fn splat(&mut self, value: Value, to_vector: Inst, broadcast: Inst, bits: u16) {
        let from = Value(self.function.inst(value).fields[0]);
        if let Some(memory) = self.memory(from, bits) {
            let result = self.def_of(value);
            self.emit(broadcast, &[result.into(), memory]);
        } else {
            self.put_binary(value, steps![to_vector(A), broadcast(S0)]);
        }
    }

    /// The first operand is the result, too.
    fn copy_first(&mut self, value: Value) {
        let from = self.use_of(Value(self.function.inst(value).fields[0]));
        let result = self.def_of(value);
        self.copy(result, from);
    }

    fn replace_single(&mut self, value: Value, lane: u8) {
        let [a, b, _] = self.function.inst(value).fields.map(Value);
        let (result, memory) = (self.def_of(value), self.memory(b, 32));
        let in_register = memory.is_none();
        let b = memory.unwrap_or_else(|| self.use_of(b).into());
        let a = self.use_of(a).into();
        match lane {
            0 if in_register => self.emit(VBLENDPS, &[result.into(), a, b, Given::Imm(1)]),
            _ => self.emit(VINSERTPS, &[result.into(), a, b, Given::Imm((lane << 4).into())]),
        }
    }

    fn replace_double(&mut self, value: Value, lane: u8) {
        let [a, b, _] = self.function.inst(value).fields.map(Value);
        match self.memory(b, 64) {
            Some(memory) => {
                let inst = if lane == 0 { VMOVLPD_LOAD } else { VMOVHPD_LOAD };
                let (result, a) = (self.def_of(value), self.use_of(a));
                self.emit(inst, &[result.into(), a.into(), memory]);
            }
            // The lowest quadword of the second.
            None if lane == 0 => self.put_binary(value, steps![VMOVSD_RRR(A, B)]),
            None => self.put_binary(value, steps![VMOVLHPS(A, B)]),
        }
    }

    fn shuffle(&mut self, value: Value) {
        let inst = self.function.inst(value);
        let (a, b) = (Value(inst.fields[0]), Value(inst.fields[1]));
        let V128(bytes) = self.function.vector_at(inst.vector());
        let (a_is_zero, b_is_zero) = (self.is_zero(a), self.is_zero(b));
        let bytes = bytes
            .map(|byte| if [a_is_zero, b_is_zero][usize::from(byte >> 4 & 1)] { ZERO_BYTE } else { byte });
        let bytes = if a == b { bytes.map(|byte| byte & !16) } else { bytes };
        if bytes.iter().all(|byte| *byte < 16 || *byte == ZERO_BYTE) {
            self.shuffle_of(value, a, bytes);
        } else if bytes.iter().all(|byte| *byte >= 16) {
            self.shuffle_of(value, b, bytes.map(|byte| byte & !16));
        } else {
            shuffle_two(bytes, |steps| self.put_binary(value, steps));
        }
    }

    /// Shuffles one operand.
    fn shuffle_of(&mut self, value: Value, from: Value, bytes: [u8; 16]) {
        let result = self.def_of(value);
        shuffle_one(bytes, |steps| match steps {
            [] => {
                let from = self.use_of(from);
                self.copy(result, from);
            }
            steps => self.put_steps(result, &[Ingredient::Value(from)], steps),
        });
    }

    fn is_zero(&self, value: Value) -> bool {
        let inst = self.function.inst(value);
        inst.op == Op::v128_const && self.function.vector_at(inst.vector()).0 == [0; 16]
    }

    fn swizzle(&mut self, value: Value) {
        let [a, indices, _] = self.function.inst(value).fields.map(Value);
        let inst = self.function.inst(indices);
        if inst.op == Op::v128_const {
            let V128(bytes) = self.function.vector_at(inst.vector());
            let bytes = bytes.map(|byte| if byte < 16 { byte } else { ZERO_BYTE });
            self.shuffle_of(value, a, bytes);
        } else {
            // Indices above 15 get their highest bit set.
            self.put_binary(value, steps![VPADDUSB(B, each8(0x70)), VPSHUFB(A, S0)]);
        }
    }
}

/// Loads and stores of lanes, and of vectors that are something else in memory.
impl Context<'_> {
    fn select_vector_load(&mut self, value: Value, op: Op) -> bool {
        let inst = self.function.inst(value);
        let lane = inst.lane();
        let load = match op {
            Op::v128_load8x8_s => VPMOVSXBW,
            Op::v128_load8x8_u => VPMOVZXBW,
            Op::v128_load16x4_s => VPMOVSXWD,
            Op::v128_load16x4_u => VPMOVZXWD,
            Op::v128_load32x2_s => VPMOVSXDQ,
            Op::v128_load32x2_u => VPMOVZXDQ,
            Op::v128_load8_splat => VPBROADCASTB,
            Op::v128_load16_splat => VPBROADCASTW,
            Op::v128_load32_splat => VBROADCASTSS,
            Op::v128_load64_splat => VMOVDDUP,
            Op::v128_load32_zero => VMOVSS_LOAD,
            Op::v128_load64_zero => VMOVSD_LOAD,
            Op::v128_load8_lane => return self.load_lane(value, VPINSRB, Some(lane)),
            Op::v128_load16_lane => return self.load_lane(value, VPINSRW, Some(lane)),
            Op::v128_load32_lane => return self.load_lane(value, VPINSRD, Some(lane)),
            Op::v128_load64_lane if lane == 0 => return self.load_lane(value, VMOVLPS_LOAD, None),
            Op::v128_load64_lane => return self.load_lane(value, VMOVHPS_LOAD, None),
            Op::v128_store8_lane => return self.store_lane(value, VPEXTRB, Some(lane)),
            Op::v128_store16_lane => return self.store_lane(value, VPEXTRW, Some(lane)),
            Op::v128_store32_lane if lane == 0 => return self.store_lane(value, VMOVSS_STORE, None),
            Op::v128_store32_lane => return self.store_lane(value, VPEXTRD, Some(lane)),
            Op::v128_store64_lane if lane == 0 => return self.store_lane(value, VMOVLPS_STORE, None),
            Op::v128_store64_lane => return self.store_lane(value, VMOVHPS_STORE, None),
            _ => return false,
        };
        let (result, at) = (self.def_of(value), self.address_of(value));
        self.emit(load, &[result.into(), at.into()]);
        true
    }

    fn load_lane(&mut self, value: Value, inst: Inst, lane: Option<u8>) -> bool {
        let vector = self.use_of(Value(self.function.inst(value).fields[1]));
        let (result, at) = (self.def_of(value), self.address_of(value));
        let args = [result.into(), vector.into(), at.into(), Given::Imm(lane.unwrap_or_default().into())];
        self.emit(inst, &args[..3 + usize::from(lane.is_some())]);
        true
    }

    fn store_lane(&mut self, value: Value, inst: Inst, lane: Option<u8>) -> bool {
        let vector = self.use_of(Value(self.function.inst(value).fields[1]));
        let at = self.address_of(value);
        let args = [at.into(), vector.into(), Given::Imm(lane.unwrap_or_default().into())];
        self.emit(inst, &args[..2 + usize::from(lane.is_some())]);
        true
    }
}

/// Three operands.
impl Context<'_> {
    fn select_three(&mut self, value: Value, op: Op) -> bool {
        let [a, b, c] = self.function.inst(value).fields.map(Value);
        let (to_factor, to_summand) = match op {
            Op::v128_bitselect
            | Op::i8x16_relaxed_laneselect
            | Op::i16x8_relaxed_laneselect
            | Op::i32x4_relaxed_laneselect
            | Op::i64x2_relaxed_laneselect => {
                let steps: &[Step<'_>] = match is_mask(self.function.op(c)) {
                    true => steps![VPBLENDVB(B, A, C)],
                    false => steps![VPAND(A, C), VPANDN(C, B), VPOR(S0, S1)],
                };
                let result = self.def_of(value);
                self.put_steps(result, &[a, b, c].map(Ingredient::Value), steps);
                return true;
            }
            Op::f32x4_relaxed_madd => (VFMADD213PS, VFMADD231PS),
            Op::f32x4_relaxed_nmadd => (VFNMADD213PS, VFNMADD231PS),
            Op::f64x2_relaxed_madd => (VFMADD213PD, VFMADD231PD),
            Op::f64x2_relaxed_nmadd => (VFNMADD213PD, VFNMADD231PD),
            _ => return false,
        };
        // The result comes in the place of the summand, or of a factor: of what is likely to end here.
        let steps: &[Step<'_>] = match self.is_used_once(c) || !self.is_used_once(a) {
            true => steps![to_summand(C, A, B)],
            false => steps![to_factor(A, B, C)],
        };
        let result = self.def_of(value);
        self.put_steps(result, &[a, b, c].map(Ingredient::Value), steps);
        true
    }
}
