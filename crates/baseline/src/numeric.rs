//! Numeric operators on scalars.

use crate::compiler::Compiler;
use crate::masm::{
    Cond, Conversion, Division, Float, FloatBinary, FloatCompare, FloatUnary, IntBinary, IntUnary, Masm,
    Operand, Truncation, Width,
};
use crate::reg::{Class, Reg};
use crate::stack::{Entry, Place};
use windlass_abi::trap::TrapCode;
use windlass_abi::types::ValKind;
use windlass_wasm::SinkError;

type Done = Result<(), SinkError>;

pub(crate) const fn int_kind(width: Width) -> ValKind {
    match width {
        Width::W32 => ValKind::I32,
        Width::W64 => ValKind::I64,
    }
}

pub(crate) const fn float_kind(ty: Float) -> ValKind {
    match ty {
        Float::F32 => ValKind::F32,
        Float::F64 => ValKind::F64,
    }
}

impl<M: Masm> Compiler<'_, M> {
    /// An integer operation on two operands.
    pub(crate) fn int_binary(&mut self, op: IntBinary, width: Width) -> Done {
        let kind = int_kind(width);
        let (mut b, mut a) = (self.pop(), self.pop());
        if op.is_commutative() && matches!(a.place, Place::Const(_)) {
            (a, b) = (b, a);
        }
        match op {
            IntBinary::Shl if width == Width::W32 && self.next_byte(1) == Some(I32_ADD) => {
                if let Place::Const(shift @ 1..=3) = b.place {
                    let reg = self.reg(&a);
                    return self.push(Place::Shifted(reg, shift as u8), kind);
                }
            }
            IntBinary::Add => {
                if let (Place::Shifted(..), _) = (a.place, b.place) {
                    (a, b) = (b, a);
                }
                if let Place::Shifted(shifted, shift) = b.place
                    && !matches!(a.place, Place::Shifted(..) | Place::Const(_))
                {
                    let x = self.reg(&a);
                    let dst = self.result(Class::Int, 1, &[x, shifted]);
                    self.m.add_shifted(width, dst, x, shifted, shift);
                    self.release_but(x, dst);
                    self.release_but(shifted, dst);
                    return self.push_reg(kind, dst);
                }
            }
            IntBinary::Rotl | IntBinary::Rotr if !matches!(b.place, Place::Const(_)) => {
                self.evict(M::ROTATION_CLOBBERS);
                return self.rotate(op, width, &a, &b);
            }
            _ => {}
        }
        let y = match op {
            // Counts are registers or constants.
            IntBinary::Shl | IntBinary::ShrS | IntBinary::ShrU | IntBinary::Rotl | IntBinary::Rotr => {
                match b.place {
                    Place::Const(bits) => Operand::Imm(bits as i32),
                    _ => Operand::Reg(self.reg(&b)),
                }
            }
            _ => self.operand(&b),
        };
        let x = self.reg(&a);
        let y_reg = match y {
            Operand::Reg(reg) => reg,
            _ => x,
        };
        let dst = self.result(Class::Int, 1, &[x, y_reg]);
        self.m.int_binary(op, width, dst, x, y);
        self.release_but(x, dst);
        self.release_operand(y, dst);
        self.push_reg(kind, dst)
    }

    fn rotate(&mut self, op: IntBinary, width: Width, a: &Entry, b: &Entry) -> Done {
        let y = self.reg(b);
        let x = self.reg(a);
        let dst = self.result(Class::Int, 1, &[x, y]);
        // The target may use these registers: none of them is taken but by an operand.
        self.m.int_binary(op, width, dst, x, Operand::Reg(y));
        self.release_but(x, dst);
        self.release_but(y, dst);
        self.push_reg(int_kind(width), dst)
    }

    /// The byte at a distance from the current operator's start.
    #[inline]
    pub(crate) fn next_byte(&self, distance: usize) -> Option<u8> {
        self.f.bytes.get(self.f.offset - self.f.bytes_at + distance).copied()
    }

    /// A division.
    pub(crate) fn divide(&mut self, op: Division, width: Width) -> Done {
        let (b, a) = (self.pop(), self.pop());
        self.evict(M::DIVISION_CLOBBERS);
        let y = self.reg(&b);
        let x = self.reg(&a);
        let dst = self.result(Class::Int, 1, &[x, y]);
        let zero = self.trap_label(TrapCode::IntegerDivisionByZero);
        let overflow = (op == Division::DivS && !self.settings.signals)
            .then(|| self.trap_label(TrapCode::IntegerOverflow));
        // A signed division that overflows faults.
        let last = self.m.divide_prepare(op, width, x, y, zero, overflow);
        if op == Division::DivS && self.settings.signals {
            self.mark(Some(TrapCode::IntegerOverflow));
        }
        self.m.divide_finish(op, width, dst, last);
        self.release_but(x, dst);
        self.release_but(y, dst);
        self.push_reg(int_kind(width), dst)
    }

    /// An integer operation on one operand.
    pub(crate) fn int_unary(&mut self, op: IntUnary, width: Width) -> Done {
        let e = self.pop();
        let x = match e.place {
            Place::Const(_) => Operand::Reg(self.reg(&e)),
            _ => self.operand(&e),
        };
        let dst = self.result(Class::Int, 1, &operand_reg(x));
        self.m.int_unary(op, width, dst, x);
        self.release_operand(x, dst);
        self.push_reg(int_kind(width), dst)
    }

    /// A comparison of integers.
    pub(crate) fn int_compare(&mut self, mut cond: Cond, width: Width) -> Done {
        let (mut b, mut a) = (self.pop(), self.pop());
        if matches!(a.place, Place::Const(_)) {
            (a, b) = (b, a);
            cond = cond.swapped();
        }
        if b.place == Place::Const(0) && matches!(cond, Cond::Eq | Cond::Ne | Cond::LtS | Cond::GeS) {
            let x = self.reg(&a);
            self.m.test(width, x);
            self.release(x);
        } else {
            let y = self.operand(&b);
            let x = match (a.place, y) {
                (Place::Const(_), _) | (_, Operand::Frame(_)) => Operand::Reg(self.reg(&a)),
                _ => self.operand(&a),
            };
            self.m.compare(width, x, y);
            if let Operand::Reg(reg) = x {
                self.release(reg);
            }
            if let Operand::Reg(reg) = y {
                self.release(reg);
            }
        }
        self.push(Place::Flags(cond), ValKind::I32)
    }

    /// `eqz`.
    pub(crate) fn eqz(&mut self, width: Width) -> Done {
        let e = self.pop();
        if let Place::Flags(cond) = e.place {
            return self.push(Place::Flags(cond.inverse()), ValKind::I32);
        }
        let x = self.reg(&e);
        self.m.test(width, x);
        self.release(x);
        self.push(Place::Flags(Cond::Eq), ValKind::I32)
    }

    /// A float operation on two operands.
    pub(crate) fn float_binary(&mut self, op: FloatBinary, ty: Float) -> Done {
        let (b, a) = (self.pop(), self.pop());
        let y = match op {
            FloatBinary::Add | FloatBinary::Sub | FloatBinary::Mul | FloatBinary::Div => self.operand(&b),
            _ => Operand::Reg(self.reg(&b)),
        };
        let x = self.reg(&a);
        let y_reg = match y {
            Operand::Reg(reg) => reg,
            _ => x,
        };
        let dst = self.result(Class::Vector, 1, &[x, y_reg]);
        self.m.float_binary(op, ty, dst, x, y);
        self.release_but(x, dst);
        self.release_operand(y, dst);
        self.push_reg(float_kind(ty), dst)
    }

    /// A float operation on one operand.
    pub(crate) fn float_unary(&mut self, op: FloatUnary, ty: Float) -> Done {
        let e = self.pop();
        let x = self.reg(&e);
        let dst = self.result(Class::Vector, 1, &[x]);
        self.m.float_unary(op, ty, dst, x);
        self.release_but(x, dst);
        self.push_reg(float_kind(ty), dst)
    }

    /// A comparison of floats.
    pub(crate) fn float_compare(&mut self, op: FloatCompare, ty: Float) -> Done {
        let (b, a) = (self.pop(), self.pop());
        let y = self.reg(&b);
        let x = self.reg(&a);
        let cond = self.m.float_compare(op, ty, x, y);
        self.release(x);
        self.release(y);
        self.push(Place::Flags(cond), ValKind::I32)
    }

    /// A conversion that always succeeds.
    pub(crate) fn convert(&mut self, op: Conversion, to: ValKind) -> Done {
        let e = self.pop();
        let x = self.reg(&e);
        let dst = self.result(Class::of(to), 1, &[x]);
        self.m.convert(op, dst, x);
        self.release_but(x, dst);
        self.push_reg(to, dst)
    }

    /// `i64.extend_i32_u`: nothing to do.
    pub(crate) fn extend_u(&mut self) -> Done {
        let e = self.pop();
        let reg = match e.place {
            Place::Const(bits) => return self.push_const(ValKind::I64, bits),
            // A local of 32 bits is no local of 64.
            _ => self.own_reg(&e),
        };
        self.push_reg(ValKind::I64, reg)
    }

    /// A truncation that saturates.
    pub(crate) fn truncate_saturating(&mut self, op: Truncation) -> Done {
        let e = self.pop();
        let x = self.reg(&e);
        let temp = self.alloc(Class::Vector);
        let dst = self.result(Class::Int, 2, &[]);
        self.m.truncate_saturating(op, dst, x, temp);
        self.release(x);
        self.release(temp);
        self.push_reg(int_kind(op.to), dst)
    }

    /// A truncation that traps.
    pub(crate) fn truncate_trapping(&mut self, op: Truncation) -> Done {
        let e = self.pop();
        let x = self.reg(&e);
        let temp = self.alloc(Class::Vector);
        let dst = self.alloc(Class::Int);
        let invalid = self.trap_label(TrapCode::BadConversionToInteger);
        let overflow = self.trap_label(TrapCode::IntegerOverflow);
        self.m.truncate(op, dst, x, temp, invalid, overflow);
        self.release(x);
        self.release(temp);
        self.push_reg(int_kind(op.to), dst)
    }

    /// `i64.add128`, or `i64.sub128`.
    pub(crate) fn add_wide(&mut self, subtract: bool) -> Done {
        let (b_high, b_low, a_high, a_low) = (self.pop(), self.pop(), self.pop(), self.pop());
        let (low, high) = (self.own_reg(&a_low), self.own_reg(&a_high));
        let (y_low, y_high) = (self.reg(&b_low), self.reg(&b_high));
        self.m.add_wide(subtract, low, high, y_low, y_high);
        self.release(y_low);
        self.release(y_high);
        self.push_reg(ValKind::I64, low)?;
        self.push_reg(ValKind::I64, high)
    }

    /// `i64.mul_wide_s`, or `i64.mul_wide_u`.
    pub(crate) fn multiply_wide(&mut self, signed: bool) -> Done {
        let (b, a) = (self.pop(), self.pop());
        self.evict(M::DIVISION_CLOBBERS);
        let (x, y) = (self.reg(&a), self.reg(&b));
        let (low, high) = M::WIDE_PRODUCT;
        self.m.multiply_wide(signed, x, y);
        self.release(x);
        self.release(y);
        self.f.free.remove(low);
        self.f.free.remove(high);
        self.push_reg(ValKind::I64, low)?;
        self.push_reg(ValKind::I64, high)
    }
}

fn operand_reg(operand: Operand) -> [Reg; 1] {
    match operand {
        Operand::Reg(reg) => [reg],
        // No temporary.
        _ => [Reg::int(31)],
    }
}

const I32_ADD: u8 = 0x6a;
