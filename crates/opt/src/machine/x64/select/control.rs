//! Ends of blocks that are no calls; edges; traps, fuel, interruption.
//!
//! An edge goes to the block of its own, if it has one ([`super::layout`]), and that one carries its values; else it carries them
//! itself.

use super::call::kind_of;
use super::context::{Base, Condition, Context, defined_early, used, used_in};
use crate::machine::code::{Arg, Class, Operand, Successor};
use crate::machine::x64::sequence::Sequence;
use windlass_abi::native::{Location, X86_64};
use windlass_abi::trap::TrapCode;
use windlass_asm::x64::{Cond, inst::*};
use windlass_ir::{Edge, Op, Value};

impl Context<'_> {
    /// Selects an instruction if it is one of these.
    pub(super) fn select_control(&mut self, value: Value, op: Op) -> bool {
        let inst = self.function.inst(value);
        match op {
            Op::jump => {
                let to = self.successor(Edge(inst.fields[0]));
                self.jump(to);
            }
            Op::branch => self.branch(Value(inst.fields[0]), Edge(inst.fields[1])),
            Op::branch_table => self.branch_table(value, Value(inst.fields[0])),
            Op::return_ => self.return_(value),
            Op::trap => self.emit_sequence(Sequence::Trap, &[Arg::Number(inst.trap_code() as u32)], &[]),
            Op::unreachable => self.emit_sequence(Sequence::Unreachable, &[], &[]),
            Op::trap_if => {
                let condition = self.condition(Value(inst.fields[0]));
                self.trap_on(condition, inst.trap_code());
            }
            Op::trap_unless => {
                let condition = self.condition(Value(inst.fields[0])).invert();
                self.trap_on(condition, inst.trap_code());
            }
            Op::charge => self.emit_sequence(Sequence::Charge, &[Arg::Number(inst.number())], &[]),
            Op::poll => self.emit_sequence(Sequence::Poll, &[], &[]),
            _ => return false,
        }
        true
    }

    /// A successor of the block at hand, along an edge.
    pub(super) fn successor(&mut self, edge: Edge) -> u32 {
        let data = self.function.edge_data(edge);
        let (block, carries) = match self.state.layout.edge_number(edge) {
            Some(number) => (number, false),
            None => (self.state.layout.number(data.block), true),
        };
        let from = self.code.registers.len() as u32;
        if carries {
            self.carry(edge);
        }
        self.code.successors.push(Successor { block, args: from..self.code.registers.len() as u32 });
        block
    }

    /// The registers of an edge's values, behind those that are in the list already.
    pub(super) fn carry(&mut self, edge: Edge) {
        let function = self.function;
        for arg in function.args(edge) {
            let reg = self.use_of(arg);
            self.code.registers.push(reg);
        }
    }

    /// A jump to the block of an edge, with registers from a place in the list of them on, and then the edge's values.
    pub(super) fn jump_along(&mut self, edge: Edge, from: u32) {
        self.carry(edge);
        let block = self.state.layout.number(self.function.edge_data(edge).block);
        self.code.successors.push(Successor { block, args: from..self.code.registers.len() as u32 });
        self.jump(block);
    }

    fn branch(&mut self, condition: Value, first: Edge) {
        let then = self.successor(first);
        let otherwise = self.successor(Edge(first.0 + 1));
        let (sequence, cond) = match self.condition(condition) {
            Condition::Is(cond) => (Sequence::Branch, Some(cond)),
            Condition::Equal => (Sequence::BranchEqual, None),
            Condition::NotEqual => (Sequence::BranchNotEqual, None),
        };
        let number = [Arg::Number(cond.map_or(0, |cond| cond as u32))];
        let blocks = [Arg::Block(then), Arg::Block(otherwise)];
        match cond {
            Some(_) => self.emit_sequence(sequence, &[number[0], blocks[0], blocks[1]], &[]),
            None => self.emit_sequence(sequence, &blocks, &[]),
        }
    }

    fn branch_table(&mut self, value: Value, index: Value) {
        let mut blocks = core::mem::take(&mut self.state.blocks);
        blocks.clear();
        for edge in self.function.edges(value) {
            blocks.push(Arg::Block(self.successor(edge)));
        }
        match blocks[..] {
            [only] => self.emit_sequence(Sequence::Jump, &[only], &[]),
            _ => {
                let (index, address) = (self.use_of(index), self.temp(Class::Int));
                self.emit_sequence(Sequence::Table, &blocks, &[used(index), defined_early(address)]);
            }
        }
        self.state.blocks = blocks;
    }

    fn return_(&mut self, value: Value) {
        let function = self.function;
        let mut places = X86_64.place_results();
        let mut operands = self.take_operands();
        for result in function.operands(value) {
            match places.place(kind_of(function.ty(result))) {
                Location::Int(number) | Location::Vector(number) => {
                    let reg = self.use_of(result);
                    operands.push(used_in(reg, number));
                }
                Location::Memory(offset) => {
                    let area = self.result_area.expect("results in memory have an area");
                    let to = self.at(Base::Reg(area), offset.cast_signed());
                    self.store_whole(to, result);
                }
            }
        }
        self.emit_sequence(Sequence::Return, &[], &operands);
        self.state.operands = operands;
    }

    fn trap_on(&mut self, condition: Condition, trap: TrapCode) {
        match condition {
            Condition::Is(cond) => self.trap_if(cond, trap),
            Condition::NotEqual => {
                self.trap_if(Cond::NE, trap);
                self.trap_if(Cond::P, trap);
            }
            Condition::Equal => {
                let reg = self.temp(Class::Int);
                self.set(condition, reg);
                self.emit(TEST32_RM_R, &[reg.into(), reg.into()]);
                self.trap_if(Cond::NE, trap);
            }
        }
    }

    /// Takes an empty list of operands to fill.
    pub(super) fn take_operands(&mut self) -> Vec<Operand> {
        let mut operands = core::mem::take(&mut self.state.operands);
        operands.clear();
        operands
    }
}
