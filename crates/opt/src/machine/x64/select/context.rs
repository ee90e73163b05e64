//! What all parts of selection work with: the function at hand, registers of its values, and how instructions are put down.
//!
//! The instructions that one instruction of the intermediate representation becomes are put down in the order of the code, with
//! [`Context::emit`] and [`Context::emit_sequence`]; the walk takes them over backwards. **A register that is used is asked for before the
//! instruction that sets the flags is put down**, if something reads those: what a use takes along may write them. Constants
//! are an exception: they come before everything else.
//!
//! **Registers.** Integers of 32 bits and references are zero-extended in their registers. Floats are in the low lanes of theirs, whose
//! upper lanes are undefined.
//!
//! **Operands of instructions** are in the order of the row: of what is read and written (`rw`), the use and then the definition. Registers in
//! memory operands stand where the memory does. Registers that are not written out (`<rax>`) are operands, too, but no arguments.

use super::layout::Layout;
use super::references::References;
use super::{Error, Settings};
use crate::machine::code::{
    Access, Address, Arg, Class, Code, Constraint, MInst, Opcode, Operand, PReg, PRegSet, Part, VReg,
};
use crate::machine::x64::sequence::Sequence;
use crate::machine::x64::{CONTEXT, row};
use windlass_abi::trap::TrapCode;
use windlass_asm::x64::{Bank, Cond};
use windlass_asm::x64::{Inst, Kind, Place, Role, inst as x64};
use windlass_ir::op::{Effects, Shape};
use windlass_ir::{Block, Function, Op, Type, Value};

/// A base of a memory operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Base {
    /// A register of a value.
    Reg(VReg),
    /// Whatever else may stand in an address.
    Part(Part),
}

/// A memory operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mem {
    /// The base, if there is one.
    pub base: Option<Base>,
    /// The index, if there is one.
    pub index: Option<VReg>,
    /// What the index is shifted by.
    pub shift: u8,
    /// What is added.
    pub offset: i32,
    /// How the instruction that accesses it traps if it faults.
    pub trap: Option<TrapCode>,
    /// The position of that instruction.
    pub position: u32,
}

/// What is given to an instruction for an operand of its row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum A {
    /// A register that is read, or one that is written: the row says which.
    Reg(VReg),
    /// Of an operand that is read and written: what is written, and what is read.
    Mod(VReg, VReg),
    /// A register that is never allocated.
    Fixed(PReg),
    /// Memory.
    Mem(Mem),
    /// A constant of [`Code::constants`], as memory.
    Constant(u32),
    /// An immediate.
    Imm(i64),
}

impl From<VReg> for A {
    fn from(reg: VReg) -> A {
        A::Reg(reg)
    }
}

impl From<Mem> for A {
    fn from(mem: Mem) -> A {
        A::Mem(mem)
    }
}

/// What reads the flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    /// One condition.
    Is(Cond),
    /// Floats are equal, and ordered.
    Equal,
    /// Floats are not equal, or not ordered.
    NotEqual,
}

impl Condition {
    /// What holds if this one does not.
    pub(super) fn invert(self) -> Condition {
        match self {
            Condition::Is(cond) => Condition::Is(cond.invert()),
            Condition::Equal => Condition::NotEqual,
            Condition::NotEqual => Condition::Equal,
        }
    }
}

/// A use in any register.
pub(super) fn used(reg: VReg) -> Operand {
    Operand { reg, access: Access::Use, constraint: Constraint::Register }
}

/// A use in this register.
pub(super) fn used_in(reg: VReg, number: u8) -> Operand {
    Operand { reg, access: Access::Use, constraint: Constraint::Fixed(number) }
}

/// A definition in any register.
pub(super) fn defined(reg: VReg) -> Operand {
    Operand { reg, access: Access::Def, constraint: Constraint::Register }
}

/// A definition in this register.
pub(super) fn defined_in(reg: VReg, number: u8) -> Operand {
    Operand { reg, access: Access::Def, constraint: Constraint::Fixed(number) }
}

/// A definition in any register that no use has.
pub(super) fn defined_early(reg: VReg) -> Operand {
    Operand { reg, access: Access::EarlyDef, constraint: Constraint::Register }
}

/// The class of the registers of a type.
pub(super) fn class_of(ty: Type) -> Class {
    if ty.is_vector() { Class::Vector } else { Class::Int }
}

/// What a value is to selection.
#[derive(Clone, Copy, Default)]
pub(super) struct ValueState {
    /// Its register and one, or 0 as long as none was asked for.
    vreg: u32,
    /// Effects in blocks before it, as far as the order of the code goes.
    pub effects: u32,
    /// How often it is used: 0, 1, or 2 for more.
    uses: u8,
    /// Whether an instruction that uses it has taken it in.
    folded: bool,
    /// Of a reference that is live across a safepoint: the number of its slot and one.
    pub slot: u32,
}

/// The pointer to the first byte of a memory, which several accesses share.
#[derive(Clone, Copy, Default)]
pub(super) struct MemoryState {
    /// How many accesses there are, those with constant addresses too.
    pub accesses: u32,
    /// Its register, once one access has asked: of the whole function, or up to the next call.
    pub base: Option<VReg>,
}

/// What selection allocates, kept from function to function.
#[derive(Default)]
pub(super) struct State {
    pub values: Vec<ValueState>,
    pub memories: Vec<MemoryState>,
    pub layout: Layout,
    pub references: References,
    /// Further results of calls: call, number, value; sorted.
    pub results: Vec<(Value, u32, Value)>,
    /// What the instruction at hand becomes: constants first, then all else.
    pub constants: Vec<MInst>,
    pub pending: Vec<MInst>,
    /// All instructions so far, the last one first.
    pub backwards: Vec<MInst>,
    /// Operands and blocks of a sequence that has many.
    pub operands: Vec<Operand>,
    pub blocks: Vec<Arg>,
    /// Definitions of a call that may throw, which comes before the block where it returns.
    pub returned: Vec<Operand>,
    /// Predecessors, while they are counted.
    pub counts: Vec<u32>,
}

/// A function being selected.
pub(super) struct Context<'a> {
    /// The function.
    pub function: &'a Function,
    /// What it becomes.
    pub code: &'a mut Code,
    /// What the code must do beside.
    pub settings: Settings,
    pub state: &'a mut State,
    /// The block at hand.
    pub block: Block,
    /// The instruction at hand.
    pub current: Value,
    /// Its position.
    pub position: u32,
    /// The pointer to the area for results that no register holds.
    pub result_area: Option<VReg>,
    /// What has gone wrong.
    pub error: Option<Error>,
}

/// Values and their registers.
impl Context<'_> {
    /// A new register.
    pub(super) fn temp(&mut self, class: Class) -> VReg {
        self.code.vreg(class)
    }

    /// The constant that a value is.
    pub(super) fn constant(&self, value: Value) -> Option<u64> {
        self.function.constant(value)
    }

    /// The integer constant that a value is, as an immediate of 32 bits that is sign-extended to its type.
    pub(super) fn immediate(&self, value: Value) -> Option<i32> {
        let bits = self.constant(value)?;
        match self.function.ty(value) {
            Type::I32 | Type::Ref => Some(bits as i32),
            Type::I64 => i32::try_from(bits.cast_signed()).ok(),
            _ => None,
        }
    }

    /// Whether one instruction uses a value, once.
    pub(super) fn is_used_once(&self, value: Value) -> bool {
        self.state.values[value.index()].uses == 1
    }

    /// The instruction of a value with this opcode if the instruction at hand may take it in: what has no effects, and no other use.
    pub(super) fn matched(&self, value: Value, op: Op) -> Option<windlass_ir::Inst> {
        let inst = self.function.inst(value);
        (inst.op == op && self.is_used_once(value) && !self.has_register(value)).then_some(inst)
    }

    /// Whether a register was asked for.
    pub(super) fn has_register(&self, value: Value) -> bool {
        self.state.values[value.index()].vreg != 0
    }

    /// Whether nobody wants a value: its instruction has no use, or another one has taken it in.
    pub(super) fn is_unwanted(&self, value: Value) -> bool {
        let state = &self.state.values[value.index()];
        state.folded || state.vreg == 0 && self.function.op(value).effects().floats()
    }

    /// What a value is in its register: extending an integer to 64 bits does nothing there.
    fn resolved(&self, mut value: Value) -> Value {
        // A chain of more is no program's.
        for _ in 0..4 {
            match self.function.op(value) {
                _ if self.state.values[value.index()].slot != 0 => break,
                Op::i64_extend_i32_u | Op::ref_from_i32 => value = Value(self.function.inst(value).fields[0]),
                _ => break,
            }
        }
        value
    }

    /// The register in which a value is read. Constants, the context and addresses of slots are made anew for each use.
    pub(super) fn use_of(&mut self, value: Value) -> VReg {
        let value = self.resolved(value);
        if let Some(reg) = self.load_reference(value) {
            return reg;
        }
        let inst = self.function.inst(value);
        match inst.op {
            Op::v128_const => {
                let bytes = self.function.vector_at(inst.vector()).0;
                self.vector_constant(bytes)
            }
            Op::f32_const => self.float_constant(inst.bits(), x64::VMOVSS_LOAD),
            Op::f64_const => self.float_constant(inst.bits(), x64::VMOVSD_LOAD),
            op if op.shape() == Shape::Const => self.int_constant(inst.bits()),
            Op::context => {
                self.early(|cx, reg| cx.emit(x64::MOV64_R_RM, &[reg.into(), A::Fixed(CONTEXT)]), Class::Int)
            }
            Op::slot_address => {
                let mem = self.slot(inst.slot());
                self.early(|cx, reg| cx.emit(x64::LEA64, &[reg.into(), mem.into()]), Class::Int)
            }
            _ => self.def_of(value),
        }
    }

    /// The register that the instruction of a value writes. Nobody else does.
    pub(super) fn def_of(&mut self, value: Value) -> VReg {
        let class = class_of(self.function.ty(value));
        let state = &mut self.state.values[value.index()];
        match state.vreg.checked_sub(1) {
            Some(number) => VReg::new(number, class),
            None => {
                let reg = self.code.vreg(class);
                state.vreg = reg.index() as u32 + 1;
                reg
            }
        }
    }

    /// Puts down what makes a constant, before all else that the instruction at hand becomes.
    pub(super) fn early(&mut self, make: impl FnOnce(&mut Self, VReg), class: Class) -> VReg {
        let reg = self.temp(class);
        let before = self.state.pending.len();
        make(self, reg);
        let State { constants, pending, .. } = &mut *self.state;
        constants.extend(pending.drain(before..));
        reg
    }

    /// A register with these bits.
    pub(super) fn int_constant(&mut self, bits: u64) -> VReg {
        self.early(
            |cx, reg| match bits {
                0 => cx.emit_sequence(Sequence::Zero, &[], &[defined(reg)]),
                _ if bits <= u64::from(u32::MAX) => {
                    cx.emit(x64::MOV32_RI, &[reg.into(), A::Imm((bits as u32).cast_signed().into())]);
                }
                _ => match i32::try_from(bits.cast_signed()) {
                    Ok(bits) => cx.emit(x64::MOV64_RI32, &[reg.into(), A::Imm(bits.into())]),
                    Err(_) => cx.emit(x64::MOV64_RI, &[reg.into(), A::Imm(bits.cast_signed())]),
                },
            },
            Class::Int,
        )
    }

    /// A register of vectors with these bits in its lowest lane, which this instruction loads.
    pub(super) fn float_constant(&mut self, bits: u64, load: Inst) -> VReg {
        self.early(
            |cx, reg| match bits {
                0 => cx.emit_sequence(Sequence::Zero, &[], &[defined(reg)]),
                _ => {
                    let number = cx.pooled(u128::from(bits).to_le_bytes());
                    cx.emit(load, &[reg.into(), A::Constant(number)]);
                }
            },
            Class::Vector,
        )
    }

    /// A register with this vector.
    pub(super) fn vector_constant(&mut self, bytes: [u8; 16]) -> VReg {
        self.early(
            |cx, reg| match u128::from_le_bytes(bytes) {
                0 => cx.emit_sequence(Sequence::Zero, &[], &[defined(reg)]),
                u128::MAX => cx.emit_sequence(Sequence::Ones, &[], &[defined(reg)]),
                _ => {
                    let number = cx.pooled(bytes);
                    cx.emit(x64::VMOVAPS, &[reg.into(), A::Constant(number)]);
                }
            },
            Class::Vector,
        )
    }

    /// The number of a constant that lies behind the function.
    pub(super) fn pooled(&mut self, bytes: [u8; 16]) -> u32 {
        let constants = &mut self.code.constants;
        // Equal ones are mostly near each other.
        let near = constants.len().saturating_sub(16);
        let at = constants[near..].iter().position(|c| *c == bytes).map(|at| at + near);
        at.unwrap_or_else(|| {
            constants.push(bytes);
            constants.len() - 1
        }) as u32
    }

    /// An operand that may be memory: a constant of floats and vectors, a load of just its type that only this use has, or a register.
    pub(super) fn operand(&mut self, value: Value) -> A {
        let inst = self.function.inst(value);
        match inst.op {
            Op::v128_const => {
                let bytes = self.function.vector_at(inst.vector()).0;
                if !matches!(u128::from_le_bytes(bytes), 0 | u128::MAX) {
                    return A::Constant(self.pooled(bytes));
                }
            }
            Op::f32_const | Op::f64_const if inst.bits() != 0 => {
                return A::Constant(self.pooled(u128::from(inst.bits()).to_le_bytes()));
            }
            _ => {}
        }
        match self.fold_load(value) {
            Some(mem) => mem.into(),
            None => self.use_of(value).into(),
        }
    }

    /// Takes in a load of just its type, if only the instruction at hand uses it, in the same block, and nothing between them writes,
    /// traps or calls.
    pub(super) fn fold_load(&mut self, value: Value) -> Option<Mem> {
        match self.function.op(value) {
            Op::i32_load | Op::i64_load | Op::f32_load | Op::f64_load | Op::v128_load => {}
            Op::raw_load | Op::raw_const | Op::slot_load => {}
            _ => return None,
        }
        self.fold_access(value)
    }

    /// Likewise a load of any kind, of which the instruction at hand knows what it reads.
    pub(super) fn fold_access(&mut self, value: Value) -> Option<Mem> {
        let op = self.function.op(value);
        let state = self.state.values[value.index()];
        let here = self.state.values[self.current.index()].effects;
        let own = u32::from(op.effects().any(ORDERED));
        let moves = op == Op::raw_const || state.effects + own == here;
        if state.uses != 1 || state.vreg != 0 || !moves || self.function.block_of(value) != Some(self.block) {
            return None;
        }
        self.state.values[value.index()].folded = true;
        let position = core::mem::replace(&mut self.position, self.function.position(value));
        let mem = self.address_of(value);
        self.position = position;
        Some(mem)
    }

    /// Says that the instruction at hand has put down what makes a value.
    pub(super) fn take_in(&mut self, value: Value) {
        self.state.values[value.index()].folded = true;
    }

    /// Counts uses, and effects in the order of the code.
    pub(super) fn count(&mut self) {
        let function = self.function;
        let State { values, memories, layout, results, .. } = &mut *self.state;
        values.clear();
        values.resize(function.values(), ValueState::default());
        memories.clear();
        memories.resize(function.memories.len(), MemoryState::default());
        results.clear();
        let mut effects = 0;
        for block in layout.reachable() {
            for value in function.insts(block) {
                let op = function.op(value);
                values[value.index()].effects = effects;
                effects += u32::from(op.effects().any(ORDERED));
                let mut count = |used: Value| {
                    let uses = &mut values[used.index()].uses;
                    *uses = (*uses + 1).min(2);
                };
                match op.shape() {
                    Shape::Result => {
                        let inst = function.inst(value);
                        results.push((Value(inst.fields[0]), inst.number(), value));
                        continue;
                    }
                    Shape::Load | Shape::LoadLane | Shape::Store | Shape::StoreLane | Shape::Exchange => {
                        memories[function.inst(value).memory().index()].accesses += 1;
                    }
                    _ => {}
                }
                function.operands(value).for_each(&mut count);
                for edge in function.edges(value) {
                    function.args(edge).for_each(&mut count);
                }
            }
        }
        results.sort_unstable();
    }
}

/// What cannot be moved over each other.
pub(super) const ORDERED: Effects = Effects::WRITE.and(Effects::TRAP).and(Effects::CALL);

/// Putting down instructions.
impl Context<'_> {
    /// Puts down an instruction of the table, with what its row has: one argument for each operand, those that are not written out
    /// too.
    pub(super) fn emit(&mut self, inst: Inst, args: &[A]) {
        debug_assert_eq!(inst.operands().len(), args.len(), "{} has other operands", inst.name());
        let (args_from, operands_from) = (self.code.args.len() as u32, self.code.operands.len() as u32);
        let (mut position, mut trap) = (self.position, None);
        for (spec, arg) in inst.operands().iter().zip(args) {
            let next = (self.code.operands.len() as u32 - operands_from) as u8;
            let constraint = match spec.place {
                Place::Fixed(number) | Place::Implicit(number) => Constraint::Fixed(number),
                _ => Constraint::Register,
            };
            let written = match *arg {
                A::Reg(reg) => {
                    debug_assert!(
                        matches!(spec.kind, Kind::Reg | Kind::RegMem) && spec.role != Role::Mod,
                        "{}",
                        inst.name()
                    );
                    debug_assert_eq!(reg.class() == Class::Int, spec.bank == Bank::Gpr, "{}", inst.name());
                    let access = if spec.role == Role::Def { Access::Def } else { Access::Use };
                    self.code.operands.push(Operand { reg, access, constraint });
                    Arg::Operand(next)
                }
                A::Mod(def, reg) => {
                    debug_assert!(spec.role == Role::Mod, "{}", inst.name());
                    self.code.operands.push(Operand { reg, access: Access::Use, constraint });
                    let constraint = match constraint {
                        Constraint::Register => Constraint::Same(next),
                        fixed => fixed,
                    };
                    self.code.operands.push(Operand { reg: def, access: Access::Def, constraint });
                    Arg::Operand(next + 1)
                }
                A::Fixed(reg) => Arg::Fixed(reg),
                A::Mem(mem) => {
                    debug_assert!(matches!(spec.kind, Kind::Mem | Kind::RegMem), "{}", inst.name());
                    (position, trap) = (mem.position, mem.trap);
                    let address = self.address(mem, operands_from);
                    self.code.memories.push(address);
                    Arg::Memory(self.code.memories.len() as u32 - 1)
                }
                A::Constant(number) => {
                    debug_assert!(spec.kind == Kind::RegMem || spec.kind == Kind::Mem, "{}", inst.name());
                    Arg::Constant(number)
                }
                A::Imm(value) => Arg::Immediate(value),
            };
            if !matches!(spec.place, Place::Implicit(_)) {
                self.code.args.push(written);
            }
        }
        self.put(row(inst), args_from, operands_from, 0, position, trap);
    }

    /// The registers of a memory operand as operands of the instruction that starts there.
    fn address(&mut self, mem: Mem, operands_from: u32) -> Address {
        let mut part = |reg: VReg| {
            let number = self.code.operands.len() as u32 - operands_from;
            self.code.operands.push(used(reg));
            Part::Operand(number as u8)
        };
        let base = mem.base.map(|base| match base {
            Base::Reg(reg) => part(reg),
            Base::Part(part) => part,
        });
        let index = mem.index.map(&mut part);
        Address { base, index, shift: mem.shift, offset: mem.offset }
    }

    /// Puts down a sequence with its arguments and operands, as its row says.
    pub(super) fn emit_sequence(&mut self, sequence: Sequence, args: &[Arg], operands: &[Operand]) {
        self.emit_clobbering(sequence, args, operands, PRegSet::default());
    }

    /// Likewise one that writes these registers beside its operands.
    pub(super) fn emit_clobbering(
        &mut self,
        sequence: Sequence,
        args: &[Arg],
        operands: &[Operand],
        clobbers: PRegSet,
    ) {
        let (args_from, operands_from) = (self.code.args.len() as u32, self.code.operands.len() as u32);
        self.code.args.extend_from_slice(args);
        self.code.operands.extend_from_slice(operands);
        let sets = &mut self.code.clobbers;
        // There are few different ones; the first is empty.
        let near = sets.len().saturating_sub(16).max(1);
        let at = match clobbers == PRegSet::default() {
            true => Some(0),
            false => sets[near.min(sets.len())..].iter().position(|set| *set == clobbers).map(|at| at + near),
        };
        let at = at.unwrap_or_else(|| {
            sets.push(clobbers);
            sets.len() - 1
        });
        let position = self.position;
        self.put(sequence.opcode(), args_from, operands_from, at as u32, position, None);
    }

    fn put(
        &mut self,
        opcode: Opcode,
        args: u32,
        operands: u32,
        clobbers: u32,
        position: u32,
        trap: Option<TrapCode>,
    ) {
        debug_assert!(self.code.operands.len() as u32 - operands <= 255);
        self.state.pending.push(MInst {
            opcode,
            args: args..self.code.args.len() as u32,
            operands: operands..self.code.operands.len() as u32,
            clobbers,
            position,
            trap,
        });
    }

    /// Traps if a condition holds.
    pub(super) fn trap_if(&mut self, cond: Cond, trap: TrapCode) {
        let args = [Arg::Number(cond as u32), Arg::Number(trap as u32)];
        self.emit_sequence(Sequence::TrapIf, &args, &[]);
    }

    /// A truth value from the flags, in a register.
    pub(super) fn set(&mut self, condition: Condition, reg: VReg) {
        let (sequence, args): (_, &[Arg]) = match condition {
            Condition::Is(cond) => (Sequence::Set, &[Arg::Number(cond as u32)]),
            Condition::Equal => (Sequence::SetEqual, &[]),
            Condition::NotEqual => (Sequence::SetNotEqual, &[]),
        };
        self.emit_sequence(sequence, args, &[defined(reg)]);
    }

    /// Copies a register.
    pub(super) fn copy(&mut self, to: VReg, from: VReg) {
        self.emit_sequence(Sequence::Move, &[], &[defined(to), used(from)]);
    }

    /// Takes over what was put down: the last instruction first.
    pub(super) fn flush(&mut self) {
        let State { constants, pending, backwards, .. } = &mut *self.state;
        backwards.extend(pending.drain(..).rev());
        backwards.extend(constants.drain(..).rev());
    }
}
