//! Comparisons: as truth values, and as conditions of branches, selects and traps.
//!
//! A condition that only one instruction uses is taken in: the flags say what it is, and what tests whether it is zero turns them
//! around. Other conditions are tested in their registers.
//!
//! | Condition | Flags |
//! |---|---|
//! | comparison of integers | `cmp`, or `test` with itself against zero |
//! | `a & b` (not) zero | `test`; `bt` for one bit of 64 |
//! | comparison of floats | `ucomis` |
//! | any other | `test` with itself |

use super::context::{A, Condition, Context};
use super::integer::Binary;
use super::{float, lanes};
use windlass_asm::x64::{Cond, inst::*};
use windlass_ir::{Op, Type, Value};

/// A comparison of integers: the condition, and whether they have 64 bits.
fn comparison(op: Op) -> Option<Cond> {
    Some(match op {
        Op::i32_eq | Op::i64_eq => Cond::E,
        Op::i32_ne | Op::i64_ne => Cond::NE,
        Op::i32_lt_s | Op::i64_lt_s => Cond::L,
        Op::i32_lt_u | Op::i64_lt_u => Cond::B,
        Op::i32_gt_s | Op::i64_gt_s => Cond::G,
        Op::i32_gt_u | Op::i64_gt_u => Cond::A,
        Op::i32_le_s | Op::i64_le_s => Cond::LE,
        Op::i32_le_u | Op::i64_le_u => Cond::BE,
        Op::i32_ge_s | Op::i64_ge_s => Cond::GE,
        Op::i32_ge_u | Op::i64_ge_u => Cond::AE,
        _ => return None,
    })
}

/// The condition with the operands in the other order.
fn swapped(cond: Cond) -> Cond {
    match cond {
        Cond::L => Cond::G,
        Cond::G => Cond::L,
        Cond::LE => Cond::GE,
        Cond::GE => Cond::LE,
        Cond::B => Cond::A,
        Cond::A => Cond::B,
        Cond::BE => Cond::AE,
        Cond::AE => Cond::BE,
        same => same,
    }
}

/// Instructions between a value and the test of it that are looked at.
const MAX_BETWEEN: usize = 8;

/// Tests whether a test is zero that are seen through at once.
const MAX_TESTS: usize = 4;

impl Context<'_> {
    /// Selects an instruction if it is one of these.
    pub(super) fn select_compare(&mut self, value: Value, op: Op) -> bool {
        if comparison(op).is_none() && !matches!(op, Op::i32_eqz | Op::i64_eqz) {
            return false;
        }
        let Some(condition) = self.flags_of(value) else { return false };
        let to = self.def_of(value);
        self.set(condition, to);
        true
    }

    /// Sets the flags by whether a value is not zero.
    pub(super) fn condition(&mut self, mut value: Value) -> Condition {
        let mut inverted = false;
        for _ in 0..MAX_TESTS {
            let Some(inst) = self.matched(value, Op::i32_eqz) else { break };
            inverted = !inverted;
            value = Value(inst.fields[0]);
        }
        let op = self.function.op(value);
        let matched = op != Op::i32_eqz && self.matched(value, op).is_some();
        let condition = match matched.then(|| self.flags_of(value)).flatten() {
            Some(condition) => condition,
            None => self.compare_with_zero(value).invert(),
        };
        if inverted { condition.invert() } else { condition }
    }

    /// Sets the flags by a comparison, of integers or of whatever else knows how to.
    fn flags_of(&mut self, value: Value) -> Option<Condition> {
        let inst = self.function.inst(value);
        let [a, b, _] = inst.fields.map(Value);
        if let Some(cond) = comparison(inst.op) {
            return Some(self.compare(cond, a, b));
        }
        match inst.op {
            // What is tested may be a test itself.
            Op::i32_eqz => Some(self.condition(a).invert()),
            Op::i64_eqz => Some(self.compare_with_zero(a)),
            _ => float::flags(self, value).or_else(|| lanes::flags(self, value)),
        }
    }

    fn is_wide(&self, value: Value) -> bool {
        self.function.ty(value) == Type::I64
    }

    /// Sets the flags by `a` against `b`.
    fn compare(&mut self, cond: Cond, a: Value, b: Value) -> Condition {
        if self.immediate(a).is_some() && self.immediate(b).is_none() {
            return self.compare(swapped(cond), b, a);
        }
        let wide = self.is_wide(a);
        if let Some(imm) = self.immediate(b) {
            match (cond, imm) {
                (Cond::E | Cond::NE, 0) => {
                    let zero = self.compare_with_zero(a);
                    return if cond == Cond::E { zero } else { zero.invert() };
                }
                // By the sign: the same flags as a comparison with zero.
                (Cond::L | Cond::GE | Cond::G | Cond::LE, 0) => {
                    let a = self.use_of(a);
                    self.emit(if wide { TEST64_RM_R } else { TEST32_RM_R }, &[a.into(), a.into()]);
                    return Condition::Is(cond);
                }
                _ => {}
            }
            let a = self.operand(a);
            self.emit(if wide { CMP64_RM_I } else { CMP32_RM_I }, &[a, A::Imm(imm.into())]);
            return Condition::Is(cond);
        }
        // One of them may be in memory.
        if let Some(mem) = self.fold_load(b) {
            let a = self.use_of(a);
            self.emit(if wide { CMP64_R_RM } else { CMP32_R_RM }, &[a.into(), mem.into()]);
            return Condition::Is(cond);
        }
        let a = self.operand(a);
        let b = self.use_of(b);
        self.emit(if wide { CMP64_RM_R } else { CMP32_RM_R }, &[a, b.into()]);
        Condition::Is(cond)
    }

    /// Sets the flags: equal, if a value is zero.
    fn compare_with_zero(&mut self, value: Value) -> Condition {
        let wide = self.is_wide(value);
        let and = if wide { Op::i64_and } else { Op::i32_and };
        if let Some(inst) = self.matched(value, and) {
            let [a, b, _] = inst.fields.map(Value);
            return self.test(wide, a, b);
        }
        if let Some(mem) = self.fold_load(value) {
            self.emit(if wide { CMP64_RM_I } else { CMP32_RM_I }, &[mem.into(), A::Imm(0)]);
            return Condition::Is(Cond::E);
        }
        if self.is_sunk(value) {
            return Condition::Is(Cond::E);
        }
        let reg = self.use_of(value);
        self.emit(if wide { TEST64_RM_R } else { TEST32_RM_R }, &[reg.into(), reg.into()]);
        Condition::Is(Cond::E)
    }

    /// Puts down here what makes a value, if that sets the flags by it and stands so near that nothing between looks at the value:
    /// the counter of a loop before its branch.
    fn is_sunk(&mut self, value: Value) -> bool {
        let inst = self.function.inst(value);
        if Binary::of(inst.op).is_none() || self.function.block_of(value) != Some(self.block) {
            return false;
        }
        // What only this instruction uses has been looked at; what has been selected is behind.
        let mut between = self.function.previous(self.current);
        for _ in 0..MAX_BETWEEN {
            let Some(other) = between else { return false };
            if other == value {
                return self.sink(value, inst);
            }
            if self.function.operands(other).any(|used| used == value) {
                return false;
            }
            between = self.function.previous(other);
        }
        false
    }

    fn sink(&mut self, value: Value, inst: windlass_ir::Inst) -> bool {
        let [a, b, _] = inst.fields.map(Value);
        let Some(binary) = Binary::of(inst.op) else { return false };
        let wide = self.is_wide(value);
        let to = self.def_of(value);
        self.set_by(binary, wide, to, a, b);
        self.take_in(value);
        true
    }

    /// Sets the flags: equal, if two integers have no bit in common.
    fn test(&mut self, wide: bool, a: Value, b: Value) -> Condition {
        let (a, b) = if self.constant(a).is_some() { (b, a) } else { (a, b) };
        if let Some(bits) = self.constant(b) {
            if let Ok(imm) = i32::try_from(bits)
                && wide
            {
                // The upper half of the mask is zero: the lower half is enough.
                let a = self.use_of(a);
                self.emit(TEST32_RM_I, &[a.into(), A::Imm(imm.into())]);
                return Condition::Is(Cond::E);
            }
            if let Some(imm) = self.immediate(b) {
                let a = self.use_of(a);
                self.emit(if wide { TEST64_RM_I } else { TEST32_RM_I }, &[a.into(), A::Imm(imm.into())]);
                return Condition::Is(Cond::E);
            }
            if bits.is_power_of_two() {
                let a = self.use_of(a);
                self.emit(BT64_RM_I, &[a.into(), A::Imm(bits.trailing_zeros().into())]);
                return Condition::Is(Cond::AE);
            }
        }
        let b = self.operand(b);
        let a = self.use_of(a);
        self.emit(if wide { TEST64_RM_R } else { TEST32_RM_R }, &[b, a.into()]);
        Condition::Is(Cond::E)
    }
}
