//! Atomic accesses: checked for alignment before they are checked for bounds, and sequentially consistent.
//!
//! An aligned load is atomic by itself; what writes is locked or an exchange, and so a fence. What an update does is told by its
//! name, as in `i32_atomic_rmw8_add_u`.

use super::context::{A as Given, Base, Context, Mem, defined_early, defined_in, used, used_in};
use crate::machine::code::{Address, Arg, Class, Part, VReg};
use crate::machine::x64::sequence::Sequence;
use windlass_abi::trap::TrapCode;
use windlass_asm::x64::inst::*;
use windlass_asm::x64::{Cond, Inst};
use windlass_ir::op::Shape;
use windlass_ir::{Op, Type, Value};

/// Rows by the size of the access: 1, 2, 4, 8 bytes.
type BySize = [Inst; 4];

const LOAD: BySize = [MOVZX32_R_RM8, MOVZX32_R_RM16, MOV32_R_RM, MOV64_R_RM];
const EXCHANGE: BySize = [XCHG8_RM_R, XCHG16_RM_R, XCHG32_RM_R, XCHG64_RM_R];
const COMPARE_EXCHANGE: BySize =
    [LOCK_CMPXCHG8_RM_R, LOCK_CMPXCHG16_RM_R, LOCK_CMPXCHG32_RM_R, LOCK_CMPXCHG64_RM_R];
const EXCHANGE_ADD: BySize = [LOCK_XADD8_RM_R, LOCK_XADD16_RM_R, LOCK_XADD32_RM_R, LOCK_XADD64_RM_R];
const ADD: BySize = [LOCK_ADD8_RM_R, LOCK_ADD16_RM_R, LOCK_ADD32_RM_R, LOCK_ADD64_RM_R];
const SUB: BySize = [LOCK_SUB8_RM_R, LOCK_SUB16_RM_R, LOCK_SUB32_RM_R, LOCK_SUB64_RM_R];
const AND: BySize = [LOCK_AND8_RM_R, LOCK_AND16_RM_R, LOCK_AND32_RM_R, LOCK_AND64_RM_R];
const OR: BySize = [LOCK_OR8_RM_R, LOCK_OR16_RM_R, LOCK_OR32_RM_R, LOCK_OR64_RM_R];
const XOR: BySize = [LOCK_XOR8_RM_R, LOCK_XOR16_RM_R, LOCK_XOR32_RM_R, LOCK_XOR64_RM_R];

/// The register of what a comparison and exchange expects.
const RAX: u8 = 0;

fn by_size(rows: BySize, bytes: u8) -> Inst {
    rows[bytes.trailing_zeros() as usize]
}

impl Context<'_> {
    /// Selects an instruction if it is one of these.
    pub(super) fn select_atomic(&mut self, value: Value, op: Op) -> bool {
        if op == Op::fence {
            self.emit(MFENCE, &[]);
            return true;
        }
        let Some((_, what)) = op.name().split_once("_atomic_") else { return false };
        let bytes = op.row().bytes;
        let function = self.function;
        let mut operands = function.operands(value);
        let (address, first, second) = (operands.next(), operands.next(), operands.next());
        let Some(address) = address else { return false };
        match (op.shape(), first, second) {
            (Shape::Load, ..) => {
                let at = self.aligned(value, address);
                let result = self.def_of(value);
                self.emit(by_size(LOAD, bytes), &[result.into(), at.into()]);
            }
            (Shape::Exchange, Some(expected), Some(new)) => {
                self.compare_exchange(value, address, expected, new)
            }
            (Shape::Store, Some(operand), _) => match what.split('_').nth(1) {
                Some("add") => self.atomic_add(value, address, operand),
                Some("sub") => self.atomic_sub(value, address, operand),
                Some("and") => self.atomic_logic(value, address, operand, AND, AND64_R_RM),
                Some("or") => self.atomic_logic(value, address, operand, OR, OR64_R_RM),
                Some("xor") => self.atomic_logic(value, address, operand, XOR, XOR64_R_RM),
                Some("xchg") => self.exchange(EXCHANGE, value, address, operand),
                // What a store exchanges is nobody's concern.
                None => self.exchange(EXCHANGE, value, address, operand),
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    /// Where an atomic access goes, behind the checks of alignment and bounds.
    fn aligned(&mut self, value: Value, address: Value) -> Mem {
        let inst = self.function.inst(value);
        let (offset, mask) = (inst.offset(), inst.op.row().bytes - 1);
        let known = self.constant(address).and_then(|address| address.checked_add(offset.into()));
        let is_aligned = mask == 0 || known.is_some_and(|at| at & u64::from(mask) == 0);
        if !is_aligned {
            let index = self.use_of(address);
            let is_32 = self.function.memories[inst.memory().index()].index == Type::I32;
            // An address that no 64 bits hold is out of bounds, not unaligned.
            let sum = match i32::try_from(offset) {
                Ok(offset) if offset & i32::from(mask) == 0 && is_32 || offset == 0 => index,
                Ok(offset) if is_32 => {
                    let sum = self.temp(Class::Int);
                    let at = self.at(Base::Reg(index), offset);
                    self.emit(LEA64, &[sum.into(), at.into()]);
                    sum
                }
                _ => self.sum_with(index, offset, !is_32),
            };
            self.emit(TEST8_RM_I, &[sum.into(), Given::Imm(mask.into())]);
            self.trap_if(Cond::NE, TrapCode::UnalignedAtomic);
        }
        self.address_of(value)
    }

    fn sum_with(&mut self, index: VReg, offset: u32, may_overflow: bool) -> VReg {
        let (sum, offset) = (self.temp(Class::Int), self.int_constant(offset.into()));
        self.emit(ADD64_R_RM, &[Given::Mod(sum, offset), index.into()]);
        if may_overflow {
            self.trap_if(Cond::B, TrapCode::MemoryOutOfBounds);
        }
        sum
    }

    /// An instruction that exchanges a register and memory, adding them or not.
    fn exchange(&mut self, rows: BySize, value: Value, address: Value, operand: Value) {
        let operand = self.use_of(operand);
        self.exchange_with(rows, value, address, operand);
    }

    fn exchange_with(&mut self, rows: BySize, value: Value, address: Value, operand: VReg) {
        let bytes = self.function.op(value).row().bytes;
        let at = self.aligned(value, address);
        let old = self.temp(Class::Int);
        self.emit(by_size(rows, bytes), &[at.into(), Given::Mod(old, operand)]);
        self.give(value, old, bytes);
    }

    /// What was in memory becomes the value, if anybody wants it: of 8 and 16 bits only these.
    fn give(&mut self, value: Value, old: VReg, bytes: u8) {
        if !self.has_register(value) {
            return;
        }
        let result = self.def_of(value);
        match bytes {
            1 | 2 => self.emit(by_size(LOAD, bytes), &[result.into(), old.into()]),
            _ => self.copy(result, old),
        }
    }

    /// Updates memory and forgets what was there.
    fn update(&mut self, rows: BySize, value: Value, address: Value, operand: Value) {
        let operand = self.use_of(operand);
        let at = self.aligned(value, address);
        let bytes = self.function.op(value).row().bytes;
        self.emit(by_size(rows, bytes), &[at.into(), operand.into()]);
    }

    fn atomic_add(&mut self, value: Value, address: Value, operand: Value) {
        match self.has_register(value) {
            true => self.exchange(EXCHANGE_ADD, value, address, operand),
            false => self.update(ADD, value, address, operand),
        }
    }

    fn atomic_sub(&mut self, value: Value, address: Value, operand: Value) {
        if !self.has_register(value) {
            return self.update(SUB, value, address, operand);
        }
        let negated = match self.constant(operand) {
            Some(bits) if self.function.ty(operand) == Type::I64 => self.int_constant(bits.wrapping_neg()),
            Some(bits) => self.int_constant((bits as u32).wrapping_neg().into()),
            None => {
                let (negated, operand_reg) = (self.temp(Class::Int), self.use_of(operand));
                let inst = if self.function.ty(operand) == Type::I64 { NEG64_RM } else { NEG32_RM };
                self.emit(inst, &[Given::Mod(negated, operand_reg)]);
                negated
            }
        };
        self.exchange_with(EXCHANGE_ADD, value, address, negated);
    }

    /// What has no instruction that gives the number before.
    fn atomic_logic(&mut self, value: Value, address: Value, operand: Value, rows: BySize, logic: Inst) {
        if !self.has_register(value) {
            return self.update(rows, value, address, operand);
        }
        let operand = self.use_of(operand);
        let at = self.aligned(value, address);
        let bytes = self.function.op(value).row().bytes;
        let [first, old, new] = core::array::from_fn(|_| self.temp(Class::Int));
        // Only this can fault.
        self.emit(by_size(LOAD, bytes), &[first.into(), at.into()]);
        let mut operands = vec![used_in(first, RAX), defined_in(old, RAX), used(operand), defined_early(new)];
        let mut part = |reg: VReg| {
            operands.push(used(reg));
            Part::Operand(operands.len() as u8 - 1)
        };
        let base = at.base.map(|base| match base {
            Base::Reg(reg) => part(reg),
            Base::Part(part) => part,
        });
        let index = at.index.map(&mut part);
        self.code.memories.push(Address { base, index, shift: at.shift, offset: at.offset });
        let number = |inst: Inst| Arg::Number(inst.number().into());
        let memory = Arg::Memory(self.code.memories.len() as u32 - 1);
        let args = [number(logic), number(by_size(COMPARE_EXCHANGE, bytes)), memory];
        self.emit_sequence(Sequence::AtomicUpdate, &args, &operands);
        self.give(value, old, bytes);
    }

    fn compare_exchange(&mut self, value: Value, address: Value, expected: Value, new: Value) {
        let (expected, new) = (self.use_of(expected), self.use_of(new));
        let bytes = self.function.op(value).row().bytes;
        let at = self.aligned(value, address);
        let old = self.temp(Class::Int);
        self.emit(by_size(COMPARE_EXCHANGE, bytes), &[at.into(), new.into(), Given::Mod(old, expected)]);
        if bytes == 4 && self.has_register(value) && self.function.ty(value) == Type::I64 {
            // If they are equal, the upper half is what was expected.
            let result = self.def_of(value);
            self.emit(MOV32_R_RM, &[result.into(), old.into()]);
        } else {
            self.give(value, old, bytes);
        }
    }
}
