//! Accesses to memories, behind pointers and to slots: those of integers, and the plain ones of floats and vectors.
//!
//! A store of a constant holds it as an immediate. A store of what was loaded from the same place, changed by one operation, becomes one
//! instruction, where nothing else wants what was loaded.

use super::context::{A, Context, Mem};
use super::integer::Binary;
use windlass_asm::x64::{Inst, inst::*};
use windlass_ir::op::Shape;
use windlass_ir::{Op, Type, Value};

/// The row of a load.
fn load_row(op: Op) -> Option<Inst> {
    Some(match op {
        Op::i32_load | Op::i64_load32_u => MOV32_R_RM,
        Op::i64_load => MOV64_R_RM,
        Op::f32_load => VMOVSS_LOAD,
        Op::f64_load => VMOVSD_LOAD,
        Op::v128_load => VMOVUPS_LOAD,
        Op::i32_load8_s => MOVSX32_R_RM8,
        Op::i64_load8_s => MOVSX64_R_RM8,
        Op::i32_load8_u | Op::i64_load8_u | Op::raw_load8_u => MOVZX32_R_RM8,
        Op::i32_load16_s => MOVSX32_R_RM16,
        Op::i64_load16_s => MOVSX64_R_RM16,
        Op::i32_load16_u | Op::i64_load16_u | Op::raw_load16_u => MOVZX32_R_RM16,
        Op::i64_load32_s => MOVSXD64_R_RM32,
        _ => return None,
    })
}

/// The load of a whole value of a type.
pub(super) fn plain_load(ty: Type) -> Inst {
    match ty {
        Type::I32 | Type::Ref => MOV32_R_RM,
        Type::I64 => MOV64_R_RM,
        Type::F32 => VMOVSS_LOAD,
        Type::F64 => VMOVSD_LOAD,
        Type::V128 | Type::Void => VMOVUPS_LOAD,
    }
}

/// How many bytes a store writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Width {
    W8,
    W16,
    W32,
    W64,
}

impl Width {
    /// The stores of a register, and of an immediate.
    fn rows(self) -> (Inst, Inst) {
        match self {
            Width::W8 => (MOV8_RM_R, MOV8_RM_I),
            Width::W16 => (MOV16_RM_R, MOV16_RM_I),
            Width::W32 => (MOV32_RM_R, MOV32_RM_I),
            Width::W64 => (MOV64_RM_R, MOV64_RM_I),
        }
    }

    /// A constant as an immediate of this width.
    fn immediate(self, bits: u64) -> Option<i64> {
        match self {
            Width::W8 => Some(i64::from(bits as i8)),
            Width::W16 => Some(i64::from(bits as i16)),
            Width::W32 => Some(i64::from(bits as i32)),
            Width::W64 => i32::try_from(bits.cast_signed()).ok().map(i64::from),
        }
    }
}

/// What a store writes.
enum Stored {
    /// The low bytes of an integer.
    Int(Width),
    /// A float or a vector.
    Vector(Inst),
}

fn stored(op: Op, ty: Type) -> Option<Stored> {
    Some(match op {
        Op::i32_store8 | Op::i64_store8 | Op::raw_store8 => Stored::Int(Width::W8),
        Op::i32_store16 | Op::i64_store16 | Op::raw_store16 => Stored::Int(Width::W16),
        Op::i64_store32 => Stored::Int(Width::W32),
        Op::i32_store | Op::i64_store | Op::f32_store | Op::f64_store | Op::v128_store => plain_store(ty),
        Op::raw_store | Op::slot_store => plain_store(ty),
        _ => return None,
    })
}

fn plain_store(ty: Type) -> Stored {
    match ty {
        Type::I32 | Type::Ref => Stored::Int(Width::W32),
        Type::I64 => Stored::Int(Width::W64),
        Type::F32 => Stored::Vector(VMOVSS_STORE),
        Type::F64 => Stored::Vector(VMOVSD_STORE),
        Type::V128 | Type::Void => Stored::Vector(VMOVUPS_STORE),
    }
}

impl Context<'_> {
    /// Selects an instruction if it is one of these.
    pub(super) fn select_memory(&mut self, value: Value, op: Op) -> bool {
        let load = match op {
            Op::raw_load | Op::raw_const | Op::slot_load => Some(plain_load(self.function.ty(value))),
            _ => load_row(op),
        };
        if let Some(inst) = load {
            let mem = self.address_of(value);
            let to = self.def_of(value);
            self.emit(inst, &[to.into(), mem.into()]);
            return true;
        }
        let inst = self.function.inst(value);
        let data = match op.shape() {
            Shape::SlotStore => Value(inst.fields[0]),
            Shape::Store | Shape::RawStore => Value(inst.fields[1]),
            _ => return false,
        };
        match stored(op, self.function.ty(data)) {
            None => return false,
            Some(Stored::Vector(row)) => {
                let mem = self.address_of(value);
                let from = self.use_of(data);
                self.emit(row, &[mem.into(), from.into()]);
            }
            Some(Stored::Int(width)) => self.store_int(value, data, width),
        }
        true
    }

    fn store_int(&mut self, value: Value, data: Value, width: Width) {
        if matches!(width, Width::W32 | Width::W64) && self.change_in_place(value, data, width) {
            return;
        }
        let mem = self.address_of(value);
        let (by_register, by_constant) = width.rows();
        if let Some(bits) = self.constant(data).and_then(|bits| width.immediate(bits)) {
            self.emit(by_constant, &[mem.into(), A::Imm(bits)]);
            return;
        }
        let data = self.narrowed(data, width);
        let from = self.use_of(data);
        self.emit(by_register, &[mem.into(), from.into()]);
    }

    /// What has the same low bytes and needs no instruction of its own.
    fn narrowed(&self, data: Value, width: Width) -> Value {
        if width == Width::W64 {
            return data;
        }
        match self.matched(data, Op::i32_wrap_i64) {
            Some(inst) => Value(inst.fields[0]),
            None => data,
        }
    }

    /// A store of what was loaded from the same place and changed: `add [mem], x`.
    fn change_in_place(&mut self, value: Value, data: Value, width: Width) -> bool {
        let store = self.function.inst(value);
        let change = self.function.inst(data);
        let Some(binary) = Binary::of(change.op) else { return false };
        let wanted = if width == Width::W64 { Type::I64 } else { Type::I32 };
        if self.matched(data, change.op).is_none() || self.function.ty(data) != wanted {
            return false;
        }
        let [a, b, _] = change.fields.map(Value);
        let both = [(a, b), (b, a)];
        let ways = if binary.commutes() { &both[..] } else { &both[..1] };
        for (loaded, other) in ways.iter().copied() {
            if other == loaded || !self.is_same_place(&store, loaded) {
                continue;
            }
            let Some(mem) = self.fold_load(loaded) else { continue };
            self.change(binary, width == Width::W64, mem, other);
            return true;
        }
        false
    }

    /// Whether a load is from just where a store goes.
    fn is_same_place(&self, store: &windlass_ir::Inst, loaded: Value) -> bool {
        let load = self.function.inst(loaded);
        let kinds = matches!(
            (store.op, load.op),
            (Op::i32_store, Op::i32_load)
                | (Op::i64_store, Op::i64_load)
                | (Op::raw_store, Op::raw_load)
                | (Op::slot_store, Op::slot_load)
        );
        kinds
            && match store.op {
                Op::slot_store => store.slot() == load.slot(),
                _ => {
                    store.fields[0] == load.fields[0]
                        && store.offset() == load.offset()
                        && store.aux == load.aux
                }
            }
    }

    fn change(&mut self, binary: Binary, wide: bool, mem: Mem, other: Value) {
        let (by_register, by_constant) = binary.in_memory(wide);
        match self.immediate(other) {
            Some(imm) => self.emit(by_constant, &[mem.into(), A::Imm(imm.into())]),
            None => {
                let other = self.use_of(other);
                self.emit(by_register, &[mem.into(), other.into()]);
            }
        }
    }
}
