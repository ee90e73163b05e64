//! Calls: parameters and results, entries of functions, tail calls, calls that may throw.
//!
//! Parameters and results are in registers as far as those go, as constraints of the call's operands; the others lie at the bottom of the
//! frame, parameters first, the area for results above them. A function that gets such an area keeps its address.
//!
//! A call that may throw ends its block. The blocks of its edges hand on to where the edges go: the first one the results, the others
//! what is caught, which they load from a slot.

use super::Error;
use super::context::{A, Base, Context, Mem, class_of, defined_in, used, used_in};
use super::memory::plain_load;
use crate::machine::code::{Arg, Caught, Class, Constraint, Operand, PRegSet, Part, VReg};
use crate::machine::x64::FRAME;
use crate::machine::x64::sequence::Sequence;
use core::mem::offset_of;
use windlass_abi::native::{Location, NativeStubs, X86_64};
use windlass_abi::types::ValKind;
use windlass_asm::x64::inst::*;
use windlass_ir::function::Target;
use windlass_ir::op::Shape;
use windlass_ir::{Block, Edge, Op, Type, Value};

/// The kind of values of a type, as the calling convention has it.
pub(super) fn kind_of(ty: Type) -> ValKind {
    match ty {
        Type::I32 => ValKind::I32,
        Type::I64 | Type::Void => ValKind::I64,
        Type::F32 => ValKind::F32,
        Type::F64 => ValKind::F64,
        Type::V128 => ValKind::V128,
        Type::Ref => ValKind::Gc,
    }
}

/// Bytes of a value where each takes 8, or 16.
fn bytes_of(ty: Type) -> u32 {
    8 * kind_of(ty).slots() as u32
}

/// Where the return address and the caller's frame pointer are, below a function's stack parameters.
const ABOVE_FRAME: u32 = 16;

/// The register of the code that a call through a pointer goes to.
const CODE: u8 = 0;
/// The registers of its context, where it is a tail call: without a result area, and with one. No parameters are there.
const TAIL_CONTEXT: [u8; 2] = [X86_64.result_area, 3];

/// Registers that a call leaves undefined.
const CALL_CLOBBERS: PRegSet = PRegSet {
    // rax, rcx, rdx, rsi, rdi, r8, r9, r10; r11 is nobody's.
    ints: 0b0111_1100_0111,
    // All but the last one, which is scratch.
    vectors: 0x7fff,
};

/// Registers beside these of which nothing is left where an exception is caught: rbx, r12, r13, r14.
const THROW_CLOBBERS: u32 = 1 << 3 | 1 << 12 | 1 << 13 | 1 << 14;

/// What is called.
#[derive(Clone, Copy)]
enum Goal {
    /// An own function.
    Own(u32),
    /// A pointer.
    Pointer,
    /// A stub, by its offset.
    Stub(u32),
}

impl Goal {
    fn sequence(self, tries: bool) -> Sequence {
        match (self, tries) {
            (Goal::Own(_), false) => Sequence::CallOwn,
            (Goal::Own(_), true) => Sequence::TryOwn,
            (Goal::Pointer, false) => Sequence::CallPointer,
            (Goal::Pointer, true) => Sequence::TryPointer,
            (Goal::Stub(_), false) => Sequence::CallStub,
            (Goal::Stub(_), true) => Sequence::TryStub,
        }
    }
}

impl Context<'_> {
    /// Selects an instruction if it is one of these.
    pub(super) fn select_call(&mut self, value: Value, op: Op) -> bool {
        match op {
            Op::call | Op::call_pointer => self.call(value),
            Op::try_call | Op::try_call_pointer => {
                let mut edges = self.function.edges(value);
                match (edges.len(), edges.next()) {
                    // Nobody catches what it throws.
                    (1, Some(edge)) => self.call_and_jump(value, edge),
                    _ => self.try_call(value),
                }
            }
            Op::tail_call | Op::tail_call_pointer => self.tail_call(value),
            Op::raise_if => {
                let status = self.use_of(Value(self.function.inst(value).fields[0]));
                self.emit_sequence(Sequence::RaiseIf, &[], &[used(status)]);
            }
            // It stands at its call.
            Op::result => {}
            _ => return false,
        }
        true
    }

    fn goal(&self, value: Value) -> Goal {
        let inst = self.function.inst(value);
        if matches!(inst.op.shape(), Shape::CallPointer | Shape::TryCallPointer) {
            return Goal::Pointer;
        }
        match self.function.callees[inst.callee().index()].target {
            Target::Own(number) => Goal::Own(number),
            Target::Builtin(number) => Goal::Stub(offset_of!(NativeStubs, builtins) as u32 + 8 * number),
            Target::Throw => Goal::Stub(offset_of!(NativeStubs, throw) as u32),
            Target::ThrowRef => Goal::Stub(offset_of!(NativeStubs, throw_ref) as u32),
        }
    }

    // The function's own parameters and results.

    /// Whether results go to an area of the caller's: then its address is a parameter.
    pub(super) fn find_result_area(&mut self) {
        let signature = &self.function.signatures[self.function.signature.index()];
        if memory_of(&signature.results, true) > 0 {
            self.result_area = Some(self.temp(Class::Int));
        }
        self.code.stack_params = memory_of(&signature.params, false);
    }

    /// Where the function starts.
    pub(super) fn entry(&mut self, block: Block) {
        let function = self.function;
        let mut places = X86_64.place_params();
        let mut operands = self.take_operands();
        for param in function.params(block) {
            let place = places.place(kind_of(function.ty(param)));
            if !self.has_register(param) {
                continue;
            }
            let reg = self.def_of(param);
            match place {
                Location::Int(number) | Location::Vector(number) => operands.push(defined_in(reg, number)),
                Location::Memory(offset) => {
                    let at = (offset + ABOVE_FRAME).cast_signed();
                    let from = self.at(Base::Part(Part::Fixed(FRAME)), at);
                    self.emit(plain_load(function.ty(param)), &[reg.into(), from.into()]);
                }
            }
        }
        self.keep_params(block);
        self.flush();
        self.empty_references();
        // All that comes behind.
        self.flush();
        operands.extend(self.result_area.map(|area| defined_in(area, X86_64.result_area)));
        self.emit_sequence(Sequence::Entry, &[], &operands);
        self.state.operands = operands;
    }

    // Calls.

    /// Puts parameters where the callee wants them: stores those in memory, and gives the uses of the others. The values are the
    /// pointers of a call through a pointer, too. Returns the bytes of stack parameters.
    fn place_params(&mut self, value: Value, goal: Goal, tail: bool, operands: &mut Vec<Operand>) -> u32 {
        let function = self.function;
        let signature = function.call_signature(value);
        let area = memory_of(&signature.results, true);
        let mut args = function.operands(value);
        if let Goal::Pointer = goal
            && let (Some(code), Some(context)) = (args.next(), args.next())
        {
            let (code, context) = (self.use_of(code), self.use_of(context));
            operands.push(used_in(code, CODE));
            operands.push(match tail {
                true => used_in(context, TAIL_CONTEXT[usize::from(area > 0)]),
                false => used(context),
            });
        }
        let mut places = X86_64.place_params();
        for (arg, ty) in args.zip(&signature.params) {
            match places.place(kind_of(*ty)) {
                Location::Int(number) | Location::Vector(number) => {
                    let reg = self.use_of(arg);
                    operands.push(used_in(reg, number));
                }
                Location::Memory(offset) => {
                    let to = self.outgoing(offset);
                    self.store_whole(to, arg);
                }
            }
        }
        let memory = places.memory();
        let below = if tail { 0 } else { area };
        self.code.outgoing = self.code.outgoing.max(memory.saturating_add(below));
        if area > 0 {
            let address = match self.result_area {
                Some(area) if tail => area,
                _ => {
                    let (reg, at) = (self.temp(Class::Int), self.outgoing(memory));
                    self.emit(LEA64, &[reg.into(), at.into()]);
                    reg
                }
            };
            operands.push(used_in(address, X86_64.result_area));
        }
        memory
    }

    /// The arguments of the sequence that calls.
    fn call_args(&self, goal: Goal, memory: u32, args: &mut Vec<Arg>) {
        args.clear();
        match goal {
            Goal::Own(number) => {
                let reload = u32::from(self.settings.reload_context);
                args.extend([Arg::Number(number), Arg::Number(memory), Arg::Number(reload)]);
            }
            Goal::Pointer => args.push(Arg::Number(memory)),
            Goal::Stub(offset) => args.push(Arg::Number(offset)),
        }
    }

    fn call(&mut self, value: Value) {
        let function = self.function;
        let goal = self.goal(value);
        let mut operands = self.take_operands();
        let memory = self.place_params(value, goal, false, &mut operands);
        let signature = function.call_signature(value);
        let from = operands.len();
        let mut places = X86_64.place_results();
        // What is to be done behind the call: results in memory, and those that are wanted twice or have more to be done.
        let behind = self.state.pending.len();
        for (number, ty) in signature.results.iter().enumerate() {
            let place = places.place(kind_of(*ty));
            let first = (number == 0 && self.has_register(value)).then_some(value);
            let at = self.state.results.partition_point(|r| (r.0, r.1) < (value, number as u32));
            let mut reg = None;
            for further in 0.. {
                let wanted = match first {
                    Some(first) if further == 0 => first,
                    _ => match self.state.results.get(at + further - usize::from(first.is_some())) {
                        Some(r) if (r.0, r.1) == (value, number as u32) => r.2,
                        _ => break,
                    },
                };
                if !self.has_register(wanted) {
                    continue;
                }
                let to = self.def_of(wanted);
                match reg {
                    None => {
                        reg = Some(to);
                        self.receive(goal, place, memory, *ty, to, &mut operands);
                    }
                    Some(same) => self.copy(to, same),
                }
            }
        }
        let mut args = core::mem::take(&mut self.state.blocks);
        self.call_args(goal, memory, &mut args);
        let clobbers = without(CALL_CLOBBERS, &operands[from..]);
        self.emit_clobbering(goal.sequence(false), &args, &operands, clobbers);
        // The call comes before what is done behind it.
        self.state.pending[behind..].rotate_right(1);
        self.state.operands = operands;
        self.state.blocks = args;
    }

    /// Receives a result in a register: as a definition of the call, with what is put down behind it.
    fn receive(
        &mut self,
        goal: Goal,
        place: Location,
        memory: u32,
        ty: Type,
        to: VReg,
        operands: &mut Vec<Operand>,
    ) {
        match place {
            // The host's functions do not extend what they return.
            Location::Int(number) if matches!(goal, Goal::Stub(_)) && ty.size() == 4 => {
                let half = self.temp(Class::Int);
                operands.push(defined_in(half, number));
                self.zero_extend(to, half);
            }
            Location::Int(number) | Location::Vector(number) => operands.push(defined_in(to, number)),
            Location::Memory(offset) => {
                let from = self.outgoing(memory + offset);
                self.emit(plain_load(ty), &[to.into(), from.into()]);
            }
        }
    }

    /// A call that may throw where nobody catches it: what comes behind it is put down first.
    fn call_and_jump(&mut self, value: Value, edge: Edge) {
        self.returned(value, edge);
        self.flush();
        let goal = self.goal(value);
        let mut operands = self.take_operands();
        let memory = self.place_params(value, goal, false, &mut operands);
        let mut args = core::mem::take(&mut self.state.blocks);
        self.call_args(goal, memory, &mut args);
        let from = operands.len();
        operands.append(&mut self.state.returned);
        let clobbers = without(CALL_CLOBBERS, &operands[from..]);
        self.emit_clobbering(goal.sequence(false), &args, &operands, clobbers);
        self.state.operands = operands;
        self.state.blocks = args;
    }

    /// Receives all results of a call in registers, which go to the list of registers.
    fn receive_all(&mut self, goal: Goal, memory: u32, results: &[Type], operands: &mut Vec<Operand>) {
        let mut places = X86_64.place_results();
        for ty in results {
            let to = self.temp(class_of(*ty));
            let place = places.place(kind_of(*ty));
            self.receive(goal, place, memory, *ty, to, operands);
            self.code.registers.push(to);
        }
    }

    fn try_call(&mut self, value: Value) {
        let goal = self.goal(value);
        let mut operands = self.take_operands();
        let memory = self.place_params(value, goal, false, &mut operands);
        let mut args = core::mem::take(&mut self.state.blocks);
        self.call_args(goal, memory, &mut args);
        for edge in self.function.edges(value) {
            args.push(Arg::Block(self.successor(edge)));
        }
        let mut clobbers = CALL_CLOBBERS;
        clobbers.ints |= THROW_CLOBBERS;
        if self.settings.fuel {
            clobbers.ints &= !(1 << windlass_abi::native::FUEL_REGISTER);
        }
        let from = operands.len();
        operands.append(&mut self.state.returned);
        let clobbers = without(clobbers, &operands[from..]);
        self.emit_clobbering(goal.sequence(true), &args, &operands, clobbers);
        self.state.operands = operands;
        self.state.blocks = args;
    }

    fn tail_call(&mut self, value: Value) {
        let goal = self.goal(value);
        let mut operands = self.take_operands();
        let memory = self.place_params(value, goal, true, &mut operands);
        match goal {
            Goal::Own(number) => {
                self.emit_sequence(Sequence::TailOwn, &[Arg::Number(number), Arg::Number(memory)], &operands);
            }
            Goal::Pointer => self.emit_sequence(Sequence::TailPointer, &[Arg::Number(memory)], &operands),
            Goal::Stub(_) => self.error = Some(Error::Unselected(self.function.op(value))),
        }
        self.state.operands = operands;
    }

    // The blocks of edges.

    /// The block of an edge of the last instruction of the block at hand.
    pub(super) fn edge_block(&mut self, last: Value, edge: Edge) {
        let tries = matches!(self.function.op(last).shape(), Shape::TryCall | Shape::TryCallPointer);
        match self.function.edge_data(edge).catch {
            Some(catch) => self.landing(edge, catch),
            None if tries => self.returned(last, edge),
            None => self.jump_along(edge, self.code.registers.len() as u32),
        }
    }

    /// Where a call that may throw returns: its definitions are known now, and it comes later.
    fn returned(&mut self, value: Value, edge: Edge) {
        let function = self.function;
        let goal = self.goal(value);
        let signature = function.call_signature(value);
        let memory = memory_of(&signature.params, false);
        let mut defined = core::mem::take(&mut self.state.returned);
        defined.clear();
        let regs = self.code.registers.len() as u32;
        self.receive_all(goal, memory, &signature.results, &mut defined);
        self.state.returned = defined;
        self.jump_along(edge, regs);
    }

    fn landing(&mut self, edge: Edge, catch: u32) {
        let function = self.function;
        let slot = function.slots.len() + catch as usize;
        let regs = self.code.registers.len() as u32;
        let mut end = self.code.slots[slot].end;
        for ty in &function.catches[catch as usize].values {
            end -= bytes_of(*ty);
            let to = self.temp(class_of(*ty));
            let from = self.at(Base::Part(Part::Slots), end.cast_signed());
            self.emit(plain_load(*ty), &[to.into(), from.into()]);
            self.code.registers.push(to);
        }
        self.jump_along(edge, regs);
        // It comes before all else, what the jump carries too.
        self.flush();
        self.emit_sequence(Sequence::Landing, &[Arg::Number(catch), Arg::Number(slot as u32)], &[]);
    }

    /// Bytes that the payload of each catch takes.
    pub(super) fn payloads(&self) -> impl Iterator<Item = u32> + use<'_> {
        self.function.catches.iter().map(|catch| catch.values.iter().map(|ty| bytes_of(*ty)).sum())
    }

    /// Says what is caught.
    pub(super) fn declare_catches(&mut self) {
        self.code.caught.extend(
            self.function.catches.iter().map(|catch| Caught {
                tag: catch.tag,
                with_reference: catch.values.last() == Some(&Type::Ref),
            }),
        );
    }

    // Values in memory, each in 8 or 16 bytes.

    /// Stores a value; the upper half of 8 bytes is zero.
    pub(super) fn store_whole(&mut self, to: Mem, value: Value) {
        if let Some(bits) = self.constant(value)
            && !self.function.ty(value).is_vector()
            && let Ok(imm) = i32::try_from(bits.cast_signed())
        {
            return self.emit(MOV64_RM_I, &[to.into(), A::Imm(imm.into())]);
        }
        let row = match self.function.ty(value) {
            Type::F32 => VMOVSS_STORE,
            Type::F64 => VMOVSD_STORE,
            Type::V128 => VMOVUPS_STORE,
            Type::I32 | Type::I64 | Type::Ref | Type::Void => MOV64_RM_R,
        };
        let from = self.use_of(value);
        self.emit(row, &[to.into(), from.into()]);
    }
}

/// Bytes of parameters or results that are in memory.
fn memory_of(types: &[Type], results: bool) -> u32 {
    let mut places = if results { X86_64.place_results() } else { X86_64.place_params() };
    for ty in types {
        places.place(kind_of(*ty));
    }
    places.memory()
}

/// A set of registers without those that operands are fixed to.
fn without(mut set: PRegSet, operands: &[Operand]) -> PRegSet {
    for operand in operands {
        if let Constraint::Fixed(number) = operand.constraint {
            match operand.reg.class() {
                Class::Int => set.ints &= !(1 << number),
                Class::Vector => set.vectors &= !(1 << number),
            }
        }
    }
    set
}

const _: () = assert!(CALL_CLOBBERS.ints & THROW_CLOBBERS == 0);
