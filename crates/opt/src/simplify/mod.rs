//! Making pure operations: folded, rewritten by the rules, and each one only once.
//!
//! **In:** an opcode and its operands. **Out:** a value that means the same: a constant, an operand, an instruction
//! that was there already, or a new one, which floats.
//!
//! What floats has no place, so an instruction that is there can stand for every later one that is equal, wherever that
//! is wanted: its operands are there wherever both are. Placing code decides later what is computed where.
//!
//! A rule's result is made in the same way, up to a depth of `DEPTH`: below that, rules rest.

#[cfg(test)]
mod tests;

use crate::names::is_same;
use crate::rules::parse::{COMMUTATIVE, mask};
use crate::rules::rewrite;
use windlass_abi::num::V128;
use windlass_ir::constant::Constant;
use windlass_ir::eval::{Immediate, fold};
use windlass_ir::op::{Class, Shape};
use windlass_ir::{Function, Inst, Op, Type, Value};

/// How deep results of rules are made by rules.
const DEPTH: u32 = 8;

/// Instructions of a function by what they are.
#[derive(Debug, Default)]
pub struct Simplifier {
    /// Open addressing: numbers of values plus one, 0 where nothing is.
    table: Vec<u32>,
    used: usize,
    depth: u32,
}

/// A simplifier at work on a function. What the code of the rules calls.
pub struct Context<'a> {
    simplifier: &'a mut Simplifier,
    function: &'a mut Function,
}

/// Where a constant is wanted, which says its type.
#[derive(Clone, Copy)]
pub enum Place {
    /// As this operand of an operation.
    Operand(Op, usize),
    /// In place of an operation.
    Result(Op),
}

impl Simplifier {
    /// Forgets the instructions of the last function.
    pub fn clear(&mut self) {
        self.table.fill(0);
        self.used = 0;
    }

    /// Makes a pure operation whose row has nothing but operands.
    pub fn make(&mut self, function: &mut Function, op: Op, operands: &[Value]) -> Value {
        Context { simplifier: self, function }.make(op, operands)
    }

    /// What an operation that may trap is without it: a constant, an operand, or a pure operation. Nothing, if there is no such thing.
    pub fn reduce(&mut self, function: &mut Function, op: Op, operands: &[Value]) -> Option<Value> {
        let mut values = [Value(0); 3];
        let values = &mut values[..operands.len()];
        values.copy_from_slice(operands);
        Context { simplifier: self, function }.reduce(op, values)
    }

    /// Makes the constant of this type with these bits.
    pub fn constant(&mut self, function: &mut Function, ty: Type, bits: u64) -> Value {
        Context { simplifier: self, function }.intern(Inst::constant_of(ty, bits), ty)
    }

    /// Makes a constant vector.
    pub fn vector(&mut self, function: &mut Function, vector: V128) -> Value {
        Context { simplifier: self, function }.constant_value(Constant::V128(vector))
    }

    /// Makes an instruction that floats and has more than operands: lanes, offsets. It is folded where it can be.
    pub fn make_inst(&mut self, function: &mut Function, inst: Inst, ty: Type) -> Value {
        Context { simplifier: self, function }.make_inst(inst, ty)
    }
}

impl Context<'_> {
    /// Makes a pure operation whose row has nothing but operands.
    pub(crate) fn make(&mut self, op: Op, operands: &[Value]) -> Value {
        let mut values = [Value(0); 3];
        let values = &mut values[..operands.len()];
        values.copy_from_slice(operands);
        if let Some(value) = self.reduce(op, values) {
            return value;
        }
        let inst = Inst::plain(op, values);
        let ty = match op.row().result {
            Class::Is(ty) => ty,
            _ => self.function.ty(values[0]),
        };
        self.intern(inst, ty)
    }

    /// Folds or rewrites an operation, whose operands it may swap.
    fn reduce(&mut self, op: Op, values: &mut [Value]) -> Option<Value> {
        if let [a, b] = values
            && COMMUTES[op as usize]
        {
            // Constants last; otherwise the older one first.
            let constant = |v: Value| self.constant(v).is_some();
            if (constant(*a), a.0) > (constant(*b), b.0) {
                core::mem::swap(a, b);
            }
        }
        if let Some(folded) = self.fold(op, values, Immediate::None) {
            return Some(folded);
        }
        if self.simplifier.depth == DEPTH {
            return None;
        }
        self.simplifier.depth += 1;
        let rewritten = rewrite(self, op, values);
        self.simplifier.depth -= 1;
        rewritten
    }

    fn make_inst(&mut self, inst: Inst, ty: Type) -> Value {
        debug_assert!(inst.op.effects().floats(), "{:?} has a place", inst.op);
        let immediate = match inst.op.shape() {
            Shape::UnaryLane | Shape::BinaryLane => Some(Immediate::Lane(inst.lane())),
            Shape::Shuffle => Some(Immediate::Lanes(self.function.vector_at(inst.vector()).0)),
            _ => None,
        };
        if let Some(immediate) = immediate {
            let count = inst.op.row().operands.len();
            let operands = inst.fields.map(Value);
            if let Some(folded) = self.fold(inst.op, &operands[..count], immediate) {
                return folded;
            }
        }
        self.intern(inst, ty)
    }

    /// The value of an operation on constants, unless it traps or is a NaN, whose bits are the machine's choice.
    fn fold(&mut self, op: Op, operands: &[Value], immediate: Immediate) -> Option<Value> {
        let mut constants = [Constant::I32(0); 3];
        let constants = &mut constants[..operands.len()];
        for (constant, operand) in constants.iter_mut().zip(operands) {
            *constant = self.constant_of(*operand)?;
        }
        let result = fold(op, constants, immediate)?.ok()?;
        if is_nan(result) { None } else { Some(self.constant_value(result)) }
    }

    fn constant_of(&self, value: Value) -> Option<Constant> {
        let inst = self.function.inst(value);
        Some(match inst.op {
            Op::i32_const => Constant::I32(inst.fields[0]),
            Op::i64_const => Constant::I64(inst.bits()),
            Op::f32_const => Constant::F32(inst.fields[0]),
            Op::f64_const => Constant::F64(inst.bits()),
            Op::ref_const => Constant::Ref(inst.fields[0]),
            Op::v128_const => Constant::V128(self.function.vector_at(inst.vector())),
            _ => return None,
        })
    }

    fn constant_value(&mut self, constant: Constant) -> Value {
        let (ty, bits) = match constant {
            Constant::I32(bits) => (Type::I32, bits.into()),
            Constant::I64(bits) => (Type::I64, bits),
            Constant::F32(bits) => (Type::F32, bits.into()),
            Constant::F64(bits) => (Type::F64, bits),
            Constant::Ref(bits) => (Type::Ref, bits.into()),
            Constant::V128(vector) => {
                let number = self.function.vector(vector);
                return self.intern(Inst { op: Op::v128_const, aux: 0, fields: [number, 0, 0] }, Type::V128);
            }
        };
        self.intern(Inst::constant_of(ty, bits), ty)
    }

    /// The instruction that is equal to this one, which is made if there is none yet.
    fn intern(&mut self, inst: Inst, ty: Type) -> Value {
        if self.simplifier.used * 2 >= self.simplifier.table.len() {
            self.grow();
        }
        let table = &mut self.simplifier.table;
        let last = table.len() - 1;
        let mut at = hash(self.function, inst, ty) as usize & last;
        loop {
            match table[at] {
                0 => break,
                found => {
                    let found = Value(found - 1);
                    if self.function.ty(found) == ty
                        && is_equal(self.function, self.function.inst(found), inst)
                    {
                        return found;
                    }
                }
            }
            at = (at + 1) & last;
        }
        let value = self.function.make(inst, ty);
        table[at] = value.0 + 1;
        self.simplifier.used += 1;
        value
    }

    fn grow(&mut self) {
        let size = (self.simplifier.table.len() * 2).max(256);
        let old = core::mem::replace(&mut self.simplifier.table, vec![0; size]);
        for found in old.into_iter().filter(|found| *found != 0) {
            let value = Value(found - 1);
            let mut at =
                hash(self.function, self.function.inst(value), self.function.ty(value)) as usize & (size - 1);
            while self.simplifier.table[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.simplifier.table[at] = found;
        }
    }

    // What the code of the rules calls.

    /// The bits of a constant that is no vector.
    #[inline]
    pub(crate) fn constant(&self, value: Value) -> Option<u64> {
        self.function.constant(value)
    }

    /// Whether a value is this constant: the number's low bits, as many as its type has.
    pub(crate) fn is_literal(&self, value: Value, number: i64) -> bool {
        let width = self.function.ty(value).size() * 8;
        self.constant(value).is_some_and(|bits| bits == mask(number.cast_unsigned(), width))
    }

    /// The operands of a value that is such an operation.
    #[inline]
    pub(crate) fn operands_of<const N: usize>(&self, value: Value, op: Op) -> Option<[Value; N]> {
        let inst = self.function.inst(value);
        if inst.op != op {
            return None;
        }
        Some(core::array::from_fn(|i| Value(inst.fields[i])))
    }

    /// The constant for this place with the low ones of these bits.
    pub(crate) fn constant_for(&mut self, place: Place, bits: u64) -> Value {
        let class = match place {
            Place::Operand(op, i) => op.row().operands[i],
            Place::Result(op) => op.row().result,
        };
        let Class::Is(ty) = class else { panic!("a rule makes a constant where any type may be") };
        self.intern(Inst::constant_of(ty, mask(bits, ty.size() * 8)), ty)
    }

    /// An operation as it is, and another way to the same value: whoever places code chooses.
    #[allow(dead_code, reason = "as long as no rule keeps both")]
    pub(crate) fn keep(
        &mut self,
        op: Op,
        operands: &[Value],
        other: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let Class::Is(ty) = op.row().result else { panic!("a rule keeps both where any type may be") };
        let first = self.intern(Inst::plain(op, operands), ty);
        let second = other(self);
        if first == second { first } else { self.intern(Inst::plain(Op::either, &[first, second]), ty) }
    }
}

fn is_nan(constant: Constant) -> bool {
    match constant {
        Constant::F32(bits) => f32::from_bits(bits).is_nan(),
        Constant::F64(bits) => f64::from_bits(bits).is_nan(),
        // Of lanes it is not known whether they are floats.
        _ => false,
    }
}

fn is_equal(function: &Function, a: Inst, b: Inst) -> bool {
    if a.op != b.op || a.aux != b.aux {
        return false;
    }
    match a.op.shape() {
        Shape::VectorConst => function.vector_at(a.vector()) == function.vector_at(b.vector()),
        Shape::Shuffle => {
            a.fields[..2] == b.fields[..2] && function.vector_at(a.vector()) == function.vector_at(b.vector())
        }
        _ => a.fields == b.fields,
    }
}

fn hash(function: &Function, inst: Inst, ty: Type) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    let mut hash = mix(ty as u64, (inst.op as u64) << 16 | inst.aux as u64);
    let [a, b, c] = inst.fields.map(u64::from);
    let vector = match inst.op.shape() {
        Shape::VectorConst => Some(([0, 0], inst.vector())),
        Shape::Shuffle => Some(([a, b], inst.vector())),
        _ => None,
    };
    hash = match vector {
        Some(([a, b], number)) => {
            let bits = u128::from_le_bytes(function.vector_at(number).0);
            mix(mix(mix(hash, a | b << 32), bits as u64), (bits >> 64) as u64)
        }
        None => mix(mix(hash, a | b << 32), c),
    };
    hash ^ hash >> 32
}

/// By opcode: whether the operands may be swapped.
const COMMUTES: [bool; Op::ALL.len()] = {
    let mut table = [false; Op::ALL.len()];
    let mut i = 0;
    while i < table.len() {
        let mut j = 0;
        while j < COMMUTATIVE.len() {
            if is_same(Op::ALL[i].name(), COMMUTATIVE[j]) {
                table[i] = true;
            }
            j += 1;
        }
        i += 1;
    }
    table
};
