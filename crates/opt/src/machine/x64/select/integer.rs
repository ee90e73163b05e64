//! Integers: arithmetic, shifts, bits, conversions between widths, selects.
//!
//! - Additions of two registers or of a constant are `lea`, which keeps both operands; the second one may be shifted.
//! - Shifts are those of BMI2, which take their count from any register; constants are immediates.
//! - Divisions check for what they trap on; what a constant divisor excludes is not checked.
//! - One operand of commutative operations may be a load.

use super::context::{A, Base, Condition, Context, Mem, defined, used};
use crate::machine::code::{Access, Arg, Class, Constraint, Operand, VReg};
use crate::machine::x64::sequence::Sequence;
use windlass_abi::trap::TrapCode;
use windlass_asm::x64::{Cond, Inst, inst::*};
use windlass_ir::{Op, Type, Value};

/// An operation of two integers that has rows of all forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Binary {
    Add,
    Sub,
    And,
    Or,
    Xor,
}

impl Binary {
    /// The operation of an opcode, of either width.
    pub(super) fn of(op: Op) -> Option<Binary> {
        Some(match op {
            Op::i32_add | Op::i64_add => Binary::Add,
            Op::i32_sub | Op::i64_sub => Binary::Sub,
            Op::i32_and | Op::i64_and => Binary::And,
            Op::i32_or | Op::i64_or => Binary::Or,
            Op::i32_xor | Op::i64_xor => Binary::Xor,
            _ => return None,
        })
    }

    pub(super) fn commutes(self) -> bool {
        self != Binary::Sub
    }

    /// The rows: of a register or memory, and of an immediate.
    fn rows(self, wide: bool) -> (Inst, Inst) {
        match (self, wide) {
            (Binary::Add, false) => (ADD32_R_RM, ADD32_RM_I),
            (Binary::Add, true) => (ADD64_R_RM, ADD64_RM_I),
            (Binary::Sub, false) => (SUB32_R_RM, SUB32_RM_I),
            (Binary::Sub, true) => (SUB64_R_RM, SUB64_RM_I),
            (Binary::And, false) => (AND32_R_RM, AND32_RM_I),
            (Binary::And, true) => (AND64_R_RM, AND64_RM_I),
            (Binary::Or, false) => (OR32_R_RM, OR32_RM_I),
            (Binary::Or, true) => (OR64_R_RM, OR64_RM_I),
            (Binary::Xor, false) => (XOR32_R_RM, XOR32_RM_I),
            (Binary::Xor, true) => (XOR64_R_RM, XOR64_RM_I),
        }
    }

    /// The rows that change memory: by a register, and by an immediate.
    pub(super) fn in_memory(self, wide: bool) -> (Inst, Inst) {
        let by_register = match (self, wide) {
            (Binary::Add, false) => ADD32_RM_R,
            (Binary::Add, true) => ADD64_RM_R,
            (Binary::Sub, false) => SUB32_RM_R,
            (Binary::Sub, true) => SUB64_RM_R,
            (Binary::And, false) => AND32_RM_R,
            (Binary::And, true) => AND64_RM_R,
            (Binary::Or, false) => OR32_RM_R,
            (Binary::Or, true) => OR64_RM_R,
            (Binary::Xor, false) => XOR32_RM_R,
            (Binary::Xor, true) => XOR64_RM_R,
        };
        (by_register, self.rows(wide).1)
    }
}

/// A shift: by a register, and by an immediate.
fn shift_rows(op: Op) -> Option<(Inst, Inst)> {
    Some(match op {
        Op::i32_shl => (SHLX32, SHL32_RM_I),
        Op::i64_shl => (SHLX64, SHL64_RM_I),
        Op::i32_shr_s => (SARX32, SAR32_RM_I),
        Op::i64_shr_s => (SARX64, SAR64_RM_I),
        Op::i32_shr_u => (SHRX32, SHR32_RM_I),
        Op::i64_shr_u => (SHRX64, SHR64_RM_I),
        _ => return None,
    })
}

/// What reads one register or memory and writes another one; whether it reads memory of just its operand's type.
fn unary_row(op: Op) -> Option<(Inst, bool)> {
    Some(match op {
        Op::i32_clz => (LZCNT32, true),
        Op::i64_clz => (LZCNT64, true),
        Op::i32_ctz => (TZCNT32, true),
        Op::i64_ctz => (TZCNT64, true),
        Op::i32_popcnt => (POPCNT32, true),
        Op::i64_popcnt => (POPCNT64, true),
        Op::i32_extend8_s => (MOVSX32_R_RM8, false),
        Op::i64_extend8_s => (MOVSX64_R_RM8, false),
        Op::i32_extend16_s => (MOVSX32_R_RM16, false),
        Op::i64_extend16_s => (MOVSX64_R_RM16, false),
        Op::i64_extend32_s => (MOVSXD64_R_RM32, false),
        Op::i64_extend_i32_s => (MOVSXD64_R_RM32, true),
        // A load of 64 bits reads all of them, if only to trap.
        Op::i32_wrap_i64 => (MOV32_R_RM, false),
        // Only where a chain of them was too long.
        Op::i64_extend_i32_u | Op::ref_from_i32 => (MOV32_R_RM, true),
        _ => return None,
    })
}

/// A division.
#[derive(Clone, Copy)]
struct Division {
    wide: bool,
    signed: bool,
    remainder: bool,
}

impl Division {
    fn of(op: Op) -> Option<Division> {
        let (wide, signed, remainder) = match op {
            Op::i32_div_s => (false, true, false),
            Op::i32_div_u => (false, false, false),
            Op::i32_rem_s => (false, true, true),
            Op::i32_rem_u => (false, false, true),
            Op::i64_div_s => (true, true, false),
            Op::i64_div_u => (true, false, false),
            Op::i64_rem_s => (true, true, true),
            Op::i64_rem_u => (true, false, true),
            _ => return None,
        };
        Some(Division { wide, signed, remainder })
    }
}

fn by(wide: bool, w32: Inst, w64: Inst) -> Inst {
    if wide { w64 } else { w32 }
}

impl Context<'_> {
    /// Selects an instruction if it is one of these.
    pub(super) fn select_integer(&mut self, value: Value, op: Op) -> bool {
        let [a, b, c] = self.function.inst(value).fields.map(Value);
        let wide = self.function.ty(value) == Type::I64;
        if let Some(binary) = Binary::of(op) {
            self.binary(value, binary, wide, a, b);
        } else if let Some(rows) = shift_rows(op) {
            self.shift(value, rows, wide, a, b);
        } else if let Some((inst, reads_all)) = unary_row(op) {
            let from = if reads_all { self.operand(a) } else { self.use_of(a).into() };
            let to = self.def_of(value);
            self.emit(inst, &[to.into(), from]);
        } else if let Some(division) = Division::of(op) {
            self.divide(value, division, a, b);
        } else {
            match op {
                Op::i32_mul | Op::i64_mul => self.multiply(value, wide, a, b),
                Op::i32_rotl | Op::i64_rotl => self.rotate(value, wide, true, a, b),
                Op::i32_rotr | Op::i64_rotr => self.rotate(value, wide, false, a, b),
                Op::i64_mul_high_s | Op::i64_mul_high_u => self.multiply_high(value, op, a, b),
                Op::select => self.select_one(value, a, b, c),
                _ => return false,
            }
        }
        true
    }

    fn binary(&mut self, value: Value, binary: Binary, wide: bool, mut a: Value, mut b: Value) {
        if binary.commutes() && self.constant(a).is_some() {
            (a, b) = (b, a);
        }
        let to = self.def_of(value);
        let (by_operand, by_constant) = binary.rows(wide);
        if let Some(imm) = self.immediate(b) {
            let sum = match binary {
                Binary::Add => Some(imm),
                Binary::Sub => imm.checked_neg(),
                _ => None,
            };
            if let Some(sum) = sum {
                return self.add_constant(to, wide, a, sum);
            }
            if binary == Binary::And
                && let Some(inst) = zero_extension(imm)
            {
                let a = self.use_of(a);
                return self.emit(inst, &[to.into(), a.into()]);
            }
            if binary == Binary::Xor && imm == -1 {
                let a = self.use_of(a);
                return self.emit(by(wide, NOT32_RM, NOT64_RM), &[A::Mod(to, a)]);
            }
            let a = self.use_of(a);
            return self.emit(by_constant, &[A::Mod(to, a), A::Imm(imm.into())]);
        }
        match binary {
            Binary::Sub if self.constant(a) == Some(0) => {
                let b = self.use_of(b);
                return self.emit(by(wide, NEG32_RM, NEG64_RM), &[A::Mod(to, b)]);
            }
            Binary::And if self.mask(to, wide, a, b) => return,
            Binary::And if self.without(to, wide, a, b) || self.without(to, wide, b, a) => return,
            Binary::And if self.constant(b) == Some(u32::MAX.into()) => {
                let a = self.use_of(a);
                return self.zero_extend(to, a);
            }
            _ => {}
        }
        if let Some(mem) = self.fold_load(b) {
            let a = self.use_of(a);
            return self.emit(by_operand, &[A::Mod(to, a), mem.into()]);
        }
        if binary.commutes()
            && let Some(mem) = self.fold_load(a)
        {
            let b = self.use_of(b);
            return self.emit(by_operand, &[A::Mod(to, b), mem.into()]);
        }
        let keeps = !self.is_used_once(a) && !self.is_used_once(b);
        if binary == Binary::Add && (keeps || self.is_shifted(wide, a) || self.is_shifted(wide, b)) {
            let shl = if wide { Op::i64_shl } else { Op::i32_shl };
            let sum = self.sum(a, b, 0, shl);
            return self.emit(by(wide, LEA32, LEA64), &[to.into(), sum.into()]);
        }
        // What is used nowhere else is changed.
        if binary.commutes() && self.is_used_once(b) && !self.is_used_once(a) {
            (a, b) = (b, a);
        }
        let (a, b) = (self.use_of(a), self.use_of(b));
        self.emit(by_operand, &[A::Mod(to, a), b.into()]);
    }

    /// Whether a value is shifted by so little that an address can do it.
    fn is_shifted(&self, wide: bool, value: Value) -> bool {
        let inst = self.matched(value, if wide { Op::i64_shl } else { Op::i32_shl });
        inst.is_some_and(|inst| self.constant(Value(inst.fields[1])).is_some_and(|by| by <= 3))
    }

    /// An operation as the row that sets the flags by what it gives.
    pub(super) fn set_by(&mut self, binary: Binary, wide: bool, to: VReg, mut a: Value, mut b: Value) {
        let dies = self.is_used_once(b) && !self.is_used_once(a) && self.constant(b).is_none();
        if binary.commutes() && (self.constant(a).is_some() || dies) {
            (a, b) = (b, a);
        }
        let (by_operand, by_constant) = binary.rows(wide);
        let constant = self.immediate(b);
        let a = self.use_of(a);
        match constant {
            Some(imm) => self.emit(by_constant, &[A::Mod(to, a), A::Imm(imm.into())]),
            None => {
                let b = self.use_of(b);
                self.emit(by_operand, &[A::Mod(to, a), b.into()]);
            }
        }
    }

    /// `a + constant`; `a` may be a sum, too.
    fn add_constant(&mut self, to: VReg, wide: bool, a: Value, constant: i32) {
        let (add, shl) = if wide { (Op::i64_add, Op::i64_shl) } else { (Op::i32_add, Op::i32_shl) };
        let lea = by(wide, LEA32, LEA64);
        if let Some(inst) = self.matched(a, add) {
            let [x, y, _] = inst.fields.map(Value);
            if self.constant(y).is_none() {
                let sum = self.sum(x, y, constant, shl);
                return self.emit(lea, &[to.into(), sum.into()]);
            }
        }
        let dies = self.is_used_once(a);
        let a = self.use_of(a);
        if dies {
            let add = by(wide, ADD32_RM_I, ADD64_RM_I);
            return self.emit(add, &[A::Mod(to, a), A::Imm(constant.into())]);
        }
        let sum = self.at(Base::Reg(a), constant);
        self.emit(lea, &[to.into(), sum.into()]);
    }

    /// `a & (1 << b) - 1`, `a & a - 1`, `a & -a`.
    fn mask(&mut self, to: VReg, wide: bool, a: Value, b: Value) -> bool {
        let (add, sub) = if wide { (Op::i64_add, Op::i64_sub) } else { (Op::i32_add, Op::i32_sub) };
        let all_ones = if wide { u64::MAX } else { u32::MAX.into() };
        for (a, b) in [(a, b), (b, a)] {
            let inst = self.function.inst(b);
            let [x, y, _] = inst.fields.map(Value);
            let less_one = inst.op == add && self.constant(y) == Some(all_ones)
                || inst.op == sub && self.constant(y) == Some(1);
            let row = match () {
                () if less_one && x == a => by(wide, BLSR32, BLSR64),
                () if inst.op == sub && self.constant(x) == Some(0) && y == a => by(wide, BLSI32, BLSI64),
                () => continue,
            };
            if self.matched(b, inst.op).is_none() {
                continue;
            }
            let a = self.use_of(a);
            self.emit(row, &[to.into(), a.into()]);
            return true;
        }
        false
    }

    /// `a & !b`.
    fn without(&mut self, to: VReg, wide: bool, a: Value, b: Value) -> bool {
        let (xor, all_ones) = if wide { (Op::i64_xor, u64::MAX) } else { (Op::i32_xor, u32::MAX.into()) };
        let Some(inst) = self.matched(b, xor) else { return false };
        let [x, y, _] = inst.fields.map(Value);
        if self.constant(y) != Some(all_ones) {
            return false;
        }
        let a = self.operand(a);
        let x = self.use_of(x);
        self.emit(by(wide, ANDN32, ANDN64), &[to.into(), x.into(), a]);
        true
    }

    fn multiply(&mut self, value: Value, wide: bool, mut a: Value, mut b: Value) {
        if self.constant(a).is_some() {
            (a, b) = (b, a);
        }
        let to = self.def_of(value);
        if let Some(imm) = self.immediate(b) {
            // Three, five and nine times are an address.
            if let 3 | 5 | 9 = imm {
                let a = self.use_of(a);
                let shift = (imm - 1).trailing_zeros() as u8;
                let base = self.at(Base::Reg(a), 0);
                let mem = Mem { index: Some(a), shift, ..base };
                return self.emit(by(wide, LEA32, LEA64), &[to.into(), mem.into()]);
            }
            let a = self.operand(a);
            return self.emit(by(wide, IMUL32_R_RM_I, IMUL64_R_RM_I), &[to.into(), a, A::Imm(imm.into())]);
        }
        let inst = by(wide, IMUL32_R_RM, IMUL64_R_RM);
        if let Some(mem) = self.fold_load(a) {
            let b = self.use_of(b);
            return self.emit(inst, &[A::Mod(to, b), mem.into()]);
        }
        let b = self.operand(b);
        let a = self.use_of(a);
        self.emit(inst, &[A::Mod(to, a), b]);
    }

    /// The upper half of a product.
    fn multiply_high(&mut self, value: Value, op: Op, a: Value, b: Value) {
        let b = self.operand(b);
        let a = self.use_of(a);
        let (to, low) = (self.def_of(value), self.temp(Class::Int));
        match op {
            Op::i64_mul_high_s => self.emit(IMUL1_64_RM, &[b, A::Mod(low, a), to.into()]),
            // The first one that is written is the upper half.
            _ => self.emit(MULX64, &[to.into(), low.into(), b, a.into()]),
        }
    }

    fn shift(
        &mut self,
        value: Value,
        (by_register, by_constant): (Inst, Inst),
        wide: bool,
        a: Value,
        b: Value,
    ) {
        let to = self.def_of(value);
        let mask = if wide { 63 } else { 31 };
        if let Some(count) = self.constant(b) {
            let a = self.use_of(a);
            return self.emit(by_constant, &[A::Mod(to, a), A::Imm((count & mask).cast_signed())]);
        }
        let b = self.shift_count(b, mask);
        let a = self.operand(a);
        let b = self.use_of(b);
        self.emit(by_register, &[to.into(), a, b.into()]);
    }

    /// A count without what shifting does anyway.
    fn shift_count(&self, count: Value, mask: u64) -> Value {
        let and = if mask == 63 { Op::i64_and } else { Op::i32_and };
        match self.matched(count, and) {
            Some(inst) if self.constant(Value(inst.fields[1])).is_some_and(|bits| bits & mask == mask) => {
                Value(inst.fields[0])
            }
            _ => count,
        }
    }

    fn rotate(&mut self, value: Value, wide: bool, left: bool, a: Value, b: Value) {
        let to = self.def_of(value);
        let mask = if wide { 63 } else { 31 };
        if let Some(count) = self.constant(b) {
            let right = if left { count.wrapping_neg() } else { count } & mask;
            let a = self.operand(a);
            return self.emit(by(wide, RORX32, RORX64), &[to.into(), a, A::Imm(right.cast_signed())]);
        }
        let b = self.shift_count(b, mask);
        let (a, b) = (self.use_of(a), self.use_of(b));
        let inst = match left {
            true => by(wide, ROL32_RM_CL, ROL64_RM_CL),
            false => by(wide, ROR32_RM_CL, ROR64_RM_CL),
        };
        self.emit(inst, &[A::Mod(to, a), b.into()]);
    }

    fn divide(&mut self, value: Value, division: Division, a: Value, b: Value) {
        let Division { wide, signed, remainder } = division;
        let divisor = self.constant(b);
        let all_ones = if wide { u64::MAX } else { u32::MAX.into() };
        let (a, b) = (self.use_of(a), self.use_of(b));
        let to = self.def_of(value);
        if divisor.is_none_or(|bits| bits == 0) {
            self.emit(by(wide, TEST32_RM_R, TEST64_RM_R), &[b.into(), b.into()]);
            self.trap_if(Cond::E, TrapCode::IntegerDivisionByZero);
        }
        if signed && divisor.is_none_or(|bits| bits == all_ones) {
            // Only -1 makes the instruction fault, with the smallest number: `a - 1` overflows for no other.
            return self.divide_checked(to, division, a, b);
        }
        let upper = self.temp(Class::Int);
        match signed {
            true => self.emit(by(wide, CDQ, CQO), &[a.into(), upper.into()]),
            false => self.emit_sequence(Sequence::Zero, &[], &[defined(upper)]),
        }
        let other = self.temp(Class::Int);
        let (quotient, rest) = if remainder { (other, to) } else { (to, other) };
        let inst = if signed { by(wide, IDIV32_RM, IDIV64_RM) } else { by(wide, DIV32_RM, DIV64_RM) };
        self.emit(inst, &[b.into(), A::Mod(quotient, a), A::Mod(rest, upper)]);
    }

    /// A signed division whose divisor may be -1.
    fn divide_checked(&mut self, to: VReg, division: Division, a: VReg, b: VReg) {
        let Division { wide, remainder, .. } = division;
        let upper = self.temp(Class::Int);
        let other = self.temp(Class::Int);
        let inst = by(wide, IDIV32_RM, IDIV64_RM);
        if remainder {
            // Any number's remainder by -1 is that by 1: 0.
            let one = self.int_constant(1);
            let divisor = self.temp(Class::Int);
            self.emit(by(wide, CMP32_RM_I, CMP64_RM_I), &[b.into(), A::Imm(-1)]);
            self.emit(CMOVE64, &[A::Mod(divisor, b), one.into()]);
            self.emit(by(wide, CDQ, CQO), &[a.into(), upper.into()]);
            return self.emit(inst, &[divisor.into(), A::Mod(other, a), A::Mod(to, upper)]);
        }
        // `a` is the smallest and `b` -1 only if `a ^ smallest | ~b` is zero.
        let (flipped, not) = (self.temp(Class::Int), self.temp(Class::Int));
        let both = self.temp(Class::Int);
        let smallest = if wide { 1 << 63 } else { 1 << 31 };
        let smallest = self.int_constant(smallest);
        self.emit(by(wide, XOR32_R_RM, XOR64_R_RM), &[A::Mod(flipped, smallest), a.into()]);
        self.emit(by(wide, NOT32_RM, NOT64_RM), &[A::Mod(not, b)]);
        self.emit(by(wide, OR32_R_RM, OR64_R_RM), &[A::Mod(both, flipped), not.into()]);
        self.trap_if(Cond::E, TrapCode::IntegerOverflow);
        self.emit(by(wide, CDQ, CQO), &[a.into(), upper.into()]);
        self.emit(inst, &[b.into(), A::Mod(to, a), A::Mod(other, upper)]);
    }

    /// The first value if the condition is not zero, else the second.
    fn select_one(&mut self, value: Value, a: Value, b: Value, condition: Value) {
        let to = self.def_of(value);
        let (a, b) = (self.use_of(a), self.use_of(b));
        let condition = self.condition(condition);
        if to.class() == Class::Vector {
            let (sequence, cond) = match condition {
                Condition::Is(cond) => (Sequence::SelectVector, Some(cond)),
                Condition::Equal => (Sequence::SelectVectorEqual, None),
                Condition::NotEqual => (Sequence::SelectVectorNotEqual, None),
            };
            let args = cond.map(|cond| Arg::Number(cond as u32));
            let operands = [used(a), same_as_first(to), used(b)];
            return self.emit_sequence(sequence, args.as_slice(), &operands);
        }
        match condition {
            Condition::Is(cond) => self.emit(move_if(cond.invert()), &[A::Mod(to, a), b.into()]),
            Condition::Equal => {
                let first = self.temp(Class::Int);
                self.emit(move_if(Cond::NE), &[A::Mod(first, a), b.into()]);
                self.emit(move_if(Cond::P), &[A::Mod(to, first), b.into()]);
            }
            Condition::NotEqual => {
                let first = self.temp(Class::Int);
                self.emit(move_if(Cond::NE), &[A::Mod(first, b), a.into()]);
                self.emit(move_if(Cond::P), &[A::Mod(to, first), a.into()]);
            }
        }
    }
}

fn same_as_first(reg: VReg) -> Operand {
    Operand { reg, access: Access::Def, constraint: Constraint::Same(0) }
}

/// What keeps only the lowest bits of a register.
fn zero_extension(mask: i32) -> Option<Inst> {
    match mask {
        0xff => Some(MOVZX32_R_RM8),
        0xffff => Some(MOVZX32_R_RM16),
        _ => None,
    }
}

/// The move of 64 bits by a condition.
fn move_if(cond: Cond) -> Inst {
    let row = CMOVO64.number() + cond as u16;
    Inst::from_number(row).expect("conditions are in the order of their numbers")
}
