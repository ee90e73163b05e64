//! Sequences that compute something: what selection has no single instruction for.

use super::Error;
use super::writer::{What, Writer, gpr, xmm};
use crate::machine::allocate::Place;
use crate::machine::code::{Arg, Class};
use crate::machine::x64::SCRATCH;
use crate::machine::x64::sequence::Sequence;
use windlass_abi::trap::TrapCode;
use windlass_asm::x64::{Cond, Gpr, Inst, Mem, Operand, Xmm, inst::*};

/// 2^63.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// A conversion of a float to an integer.
#[derive(Clone, Copy)]
struct Truncation {
    /// Whether the float has 64 bits.
    double: bool,
    /// Whether the integer has 64 bits.
    wide: bool,
    signed: bool,
    to: Gpr,
    from: Xmm,
    /// For the conversion.
    spare: Xmm,
    position: u32,
    /// Whether it gives the nearest integer for what is out of range, and traps otherwise.
    saturates: bool,
}

impl Truncation {
    fn by(&self, single: Inst, double: Inst) -> Inst {
        if self.double { double } else { single }
    }

    fn convert(&self, wide: bool) -> Inst {
        match wide {
            true => self.by(VCVTTSS2SI64, VCVTTSD2SI64),
            false => self.by(VCVTTSS2SI32, VCVTTSD2SI32),
        }
    }
}

impl Writer<'_> {
    /// Writes a sequence that computes something.
    pub(super) fn value(&mut self, sequence: Sequence, number: u32) -> Result<(), Error> {
        use Sequence::*;
        match sequence {
            Move => {
                let class = self.class(number, 0)?;
                let (to, from) = (self.place(number, 0)?, self.place(number, 1)?);
                self.transfer(class, from, to);
            }
            Zero => match self.place(number, 0)? {
                Place::Register(to) if to.class == Class::Int => self.asm.rr(XOR32_R_RM, gpr(to), gpr(to)),
                Place::Register(to) => self.asm.rrr(VXORPS, xmm(to), xmm(to), xmm(to)),
                Place::Spill(_) => return Err(Error::Arguments(number)),
            },
            Ones => {
                let to = self.vector(number, 0)?;
                self.asm.rrr(VPCMPEQD, to, to, to);
            }
            Set => {
                let (to, cond) = (self.int(number, 0)?, self.condition(number, 0)?);
                self.asm.setcc(cond, to);
                self.asm.rr(MOVZX32_R_RM8, to, to);
            }
            SetEqual => self.set_float(number, Cond::E, Cond::NP, AND32_R_RM)?,
            SetNotEqual => self.set_float(number, Cond::NE, Cond::P, OR32_R_RM)?,
            SelectVector => {
                let (cond, done) = (self.condition(number, 0)?, self.asm.new_label());
                self.asm.jcc_short(cond, done);
                self.select(number)?;
                self.asm.bind(done);
            }
            SelectVectorEqual => {
                let (copy, done) = (self.asm.new_label(), self.asm.new_label());
                self.asm.jcc_short(Cond::NE, copy);
                self.asm.jcc_short(Cond::NP, done);
                self.asm.bind(copy);
                self.select(number)?;
                self.asm.bind(done);
            }
            SelectVectorNotEqual => {
                let done = self.asm.new_label();
                self.asm.jcc_short(Cond::NE, done);
                self.asm.jcc_short(Cond::P, done);
                self.select(number)?;
                self.asm.bind(done);
            }
            FloatMin => self.float_extreme(number, true)?,
            FloatMax => self.float_extreme(number, false)?,
            Truncate => self.truncate(number, false)?,
            TruncateSaturating => self.truncate(number, true)?,
            ConvertUnsigned => self.convert_unsigned(number)?,
            AtomicUpdate => self.atomic_update(number)?,
            // The others end blocks, or call.
            _ => return Err(Error::Arguments(number)),
        }
        Ok(())
    }

    fn class(&self, number: u32, operand: usize) -> Result<Class, Error> {
        let operand = self.function.code.operands_of(number).get(operand);
        operand.map(|operand| operand.reg.class()).ok_or(Error::Arguments(number))
    }

    /// One of two flags, or both.
    fn set_float(&mut self, number: u32, zero: Cond, parity: Cond, joined: Inst) -> Result<(), Error> {
        let (to, scratch) = (self.int(number, 0)?, gpr(SCRATCH));
        self.asm.setcc(parity, scratch);
        self.asm.setcc(zero, to);
        self.asm.rr(joined, to, scratch);
        self.asm.rr(MOVZX32_R_RM8, to, to);
        Ok(())
    }

    /// Copies the other vector.
    fn select(&mut self, number: u32) -> Result<(), Error> {
        let (to, other) = (self.vector(number, 1)?, self.vector(number, 2)?);
        self.asm.rr(VMOVAPS, to, other);
        Ok(())
    }

    /// The processor's own instruction neither keeps NaNs nor orders zeros.
    fn float_extreme(&mut self, number: u32, least: bool) -> Result<(), Error> {
        let double = self.number(number, 0)? == 64;
        let by = |single, other| if double { other } else { single };
        let (to, a, b) = (self.vector(number, 0)?, self.vector(number, 1)?, self.vector(number, 2)?);
        let (differ, nan, done) = (self.asm.new_label(), self.asm.new_label(), self.asm.new_label());
        self.asm.rr(by(VUCOMISS, VUCOMISD), a, b);
        self.asm.jcc_short(Cond::NE, differ);
        self.asm.jcc_short(Cond::P, nan);
        // Equal: they differ at most in the sign of zero.
        self.asm.rrr(if least { VORPS } else { VANDPS }, to, a, b);
        self.asm.jmp_short(done);
        self.asm.bind(nan);
        self.asm.rrr(by(VADDSS, VADDSD), to, a, b);
        self.asm.jmp_short(done);
        self.asm.bind(differ);
        let inst = if least { by(VMINSS, VMINSD) } else { by(VMAXSS, VMAXSD) };
        self.asm.rrr(inst, to, a, b);
        self.asm.bind(done);
        Ok(())
    }

    fn convert_unsigned(&mut self, number: u32) -> Result<(), Error> {
        let double = self.number(number, 0)? == 64;
        let by = |single, other| if double { other } else { single };
        let (to, from, half) = (self.vector(number, 0)?, self.int(number, 1)?, self.int(number, 2)?);
        let convert = by(VCVTSI2SS64, VCVTSI2SD64);
        let (large, even, done) = (self.asm.new_label(), self.asm.new_label(), self.asm.new_label());
        // The conversion keeps the upper lanes of its first source: cleared, so that it waits for nothing.
        self.asm.rrr(VXORPS, to, to, to);
        self.asm.rr(TEST64_RM_R, from, from);
        self.asm.jcc_short(Cond::S, large);
        self.asm.rrr(convert, to, to, from);
        self.asm.jmp_short(done);
        self.asm.bind(large);
        // Half of it, the last bit sticky so that rounding comes out right; then twice that.
        self.asm.rr(MOV64_R_RM, half, from);
        self.asm.ri(SHR64_RM_I, half, 1);
        self.asm.jcc_short(Cond::AE, even);
        self.asm.ri(OR64_RM_I, half, 1);
        self.asm.bind(even);
        self.asm.rrr(convert, to, to, half);
        self.asm.rrr(by(VADDSS, VADDSD), to, to, to);
        self.asm.bind(done);
        Ok(())
    }

    fn atomic_update(&mut self, number: u32) -> Result<(), Error> {
        let row = |which| -> Result<Inst, Error> {
            let row = u16::try_from(self.number(number, which)?).ok().and_then(Inst::from_number);
            row.ok_or(Error::Arguments(number))
        };
        let (operation, exchange) = (row(0)?, row(1)?);
        let Some(Arg::Memory(memory)) = self.function.code.args_of(number).get(2).copied() else {
            return Err(Error::Arguments(number));
        };
        let (at, other, new) = (self.memory(number, memory)?, self.int(number, 2)?, self.int(number, 3)?);
        let again = self.asm.new_label();
        self.asm.bind(again);
        self.asm.rr(MOV64_R_RM, new, Gpr::RAX);
        let refused = |error| Error::Encode(number, error);
        self.asm.emit(operation, &[Operand::from(new), other.into()]).map_err(refused)?;
        let inst = self.inst(number);
        if inst.trap.is_some() {
            self.mark(inst.position, inst.trap);
        }
        self.asm.emit(exchange, &[Operand::from(at), new.into()]).map_err(refused)?;
        self.asm.jcc(Cond::NE, again);
        Ok(())
    }

    // Floats to integers.

    fn truncate(&mut self, number: u32, saturates: bool) -> Result<(), Error> {
        let op = Truncation {
            double: self.number(number, 0)? == 64,
            wide: self.number(number, 1)? == 64,
            signed: self.number(number, 2)? != 0,
            to: self.int(number, 0)?,
            from: self.vector(number, 1)?,
            spare: self.vector(number, 2)?,
            position: self.inst(number).position,
            saturates,
        };
        match (op.signed, op.wide) {
            (true, _) => self.truncate_signed(op),
            (false, false) => self.truncate_half(op),
            (false, true) => self.truncate_whole(op),
        }
        Ok(())
    }

    /// A float in memory.
    fn float(&mut self, op: Truncation, value: f64) -> Mem {
        let label = match op.double {
            true => self.asm.constant(&value.to_le_bytes()),
            false => self.asm.constant(&(value as f32).to_le_bytes()),
        };
        Mem::rip(label)
    }

    /// Traps if the float is no number.
    fn trap_nan(&mut self, op: Truncation) {
        self.asm.rr(op.by(VUCOMISS, VUCOMISD), op.from, op.from);
        self.trap_if(op.position, Cond::P, TrapCode::BadConversionToInteger);
    }

    /// Traps: the float is no number, or out of range.
    fn trap_truncation(&mut self, op: Truncation) {
        self.trap_nan(op);
        let overflow = self.out_of_line(op.position, What::Trap(TrapCode::IntegerOverflow));
        self.jump(None, overflow);
    }

    /// Compares the float with zero.
    fn compare_zero(&mut self, op: Truncation) {
        self.asm.rrr(VXORPS, op.spare, op.spare, op.spare);
        self.asm.rr(op.by(VUCOMISS, VUCOMISD), op.from, op.spare);
    }

    fn truncate_signed(&mut self, op: Truncation) {
        let (compare, done) = (op.by(VUCOMISS, VUCOMISD), self.asm.new_label());
        self.asm.rr(op.convert(op.wide), op.to, op.from);
        // The least integer stands for what is out of range and NaN, too: less one, it overflows.
        self.asm.ri(if op.wide { CMP64_RM_I } else { CMP32_RM_I }, op.to, 1);
        self.jump(Some(Cond::NO), done);
        if op.saturates {
            let ordered = self.asm.new_label();
            self.asm.rr(compare, op.from, op.from);
            self.asm.jcc_short(Cond::NP, ordered);
            self.asm.mov_ri64(op.to, 0);
            self.asm.jmp_short(done);
            self.asm.bind(ordered);
            self.compare_zero(op);
            self.asm.jcc_short(Cond::B, done);
            self.asm.mov_ri64(op.to, if op.wide { i64::MAX as u64 } else { i32::MAX as u64 });
        } else {
            self.trap_nan(op);
            // What is truncated to the least integer is above this, or equal to it.
            let (low, inclusive) = match (op.double, op.wide) {
                (true, false) => (-2_147_483_649.0, true),
                (false, false) => (-2_147_483_648.0, false),
                (_, true) => (-LIMIT, false),
            };
            let low = self.float(op, low);
            self.asm.rm(compare, op.from, low);
            let below = if inclusive { Cond::BE } else { Cond::B };
            self.trap_if(op.position, below, TrapCode::IntegerOverflow);
            self.compare_zero(op);
            self.trap_if(op.position, Cond::A, TrapCode::IntegerOverflow);
        }
        self.asm.bind(done);
    }

    /// To an unsigned integer of 32 bits: to a signed one of 64, which must be the same.
    fn truncate_half(&mut self, op: Truncation) {
        let (done, scratch) = (self.asm.new_label(), gpr(SCRATCH));
        self.asm.rr(op.convert(true), op.to, op.from);
        self.asm.rr(MOV32_R_RM, scratch, op.to);
        self.asm.rr(CMP64_R_RM, scratch, op.to);
        self.jump(Some(Cond::E), done);
        if op.saturates {
            self.compare_zero(op);
            self.asm.mov_ri64(op.to, 0);
            self.asm.jcc_short(Cond::BE, done);
            self.asm.mov_ri64(op.to, u32::MAX.into());
        } else {
            self.trap_truncation(op);
        }
        self.asm.bind(done);
    }

    /// To an unsigned integer of 64 bits: of what is at least 2^63, that is taken away first.
    fn truncate_whole(&mut self, op: Truncation) {
        let (large, fits, done) = (self.asm.new_label(), self.asm.new_label(), self.asm.new_label());
        let limit = self.float(op, LIMIT);
        self.asm.rm(op.by(VUCOMISS, VUCOMISD), op.from, limit);
        self.jump(Some(Cond::AE), large);
        self.asm.rr(op.convert(true), op.to, op.from);
        self.asm.rr(TEST64_RM_R, op.to, op.to);
        self.jump(Some(Cond::NS), done);
        if op.saturates {
            self.asm.mov_ri64(op.to, 0);
            self.asm.jmp_short(done);
        } else {
            self.trap_truncation(op);
        }
        self.asm.bind(large);
        self.asm.rrm(op.by(VSUBSS, VSUBSD), op.spare, op.from, limit);
        self.asm.rr(op.convert(true), op.to, op.spare);
        self.asm.rr(TEST64_RM_R, op.to, op.to);
        if op.saturates {
            self.asm.jcc_short(Cond::NS, fits);
            self.asm.mov_ri64(op.to, u64::MAX);
            self.asm.jmp_short(done);
        } else {
            self.trap_if(op.position, Cond::S, TrapCode::IntegerOverflow);
        }
        self.asm.bind(fits);
        self.asm.mov_ri64(gpr(SCRATCH), 1 << 63);
        self.asm.rr(OR64_R_RM, op.to, gpr(SCRATCH));
        self.asm.bind(done);
    }
}
