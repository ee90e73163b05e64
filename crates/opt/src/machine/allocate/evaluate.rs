//! Runs a function twice at once, over virtual registers and over places, and compares what every instruction reads.
//!
//! What an instruction defines is a new value each time it runs; what it clobbers is garbage. Which way a branch goes is chosen
//! at random. So a place that does not hold what it should is found the first time somebody reads it on some run: that is what
//! an allocation that the checker lets pass must never do.

use super::super::code::{Access, Class, Code, PReg, VReg};
use super::generate::Random;
use super::{Allocation, Machine, Place, Point};
use std::collections::HashMap;

/// What is in a unit of 8 bytes: a value, or the upper half of one.
type Unit = (u64, bool);

/// A run.
pub struct Run<'a> {
    code: &'a Code,
    machine: &'a Machine,
    allocation: &'a Allocation,
    registers: HashMap<PReg, u64>,
    memory: Vec<Unit>,
    values: HashMap<VReg, u64>,
    /// The number of the last value.
    newest: u64,
}

impl<'a> Run<'a> {
    /// A run over an allocation that has a place of the right kind for each operand.
    pub fn new(code: &'a Code, machine: &'a Machine, allocation: &'a Allocation) -> Run<'a> {
        let memory = vec![(0, false); allocation.spill_slots as usize];
        let (registers, values) = (HashMap::new(), HashMap::new());
        Run { code, machine, allocation, registers, memory, values, newest: 0 }
    }

    fn fresh(&mut self) -> u64 {
        self.newest += 1;
        self.newest
    }

    fn read(&self, place: Place, class: Class) -> Option<u64> {
        match place {
            Place::Register(reg) => self.registers.get(&reg).copied(),
            Place::Spill(slot) => {
                let (value, upper) = *self.memory.get(slot as usize)?;
                let whole = class == Class::Int || self.memory.get(slot as usize + 1) == Some(&(value, true));
                (whole && !upper).then_some(value)
            }
        }
    }

    fn write(&mut self, place: Place, class: Class, value: u64) {
        match place {
            Place::Register(reg) => {
                self.registers.insert(reg, value);
            }
            Place::Spill(slot) => {
                for half in 0..if class == Class::Int { 1 } else { 2 } {
                    if let Some(unit) = self.memory.get_mut(slot as usize + half) {
                        *unit = (value, half == 1);
                    }
                }
            }
        }
    }

    fn moves(&mut self, inst: u32, point: Point) {
        let moves = &self.allocation.moves;
        let first = moves.partition_point(|m| (m.inst, m.point) < (inst, point));
        for m in moves[first..].iter().take_while(|m| (m.inst, m.point) == (inst, point)) {
            match self.read(m.from, m.class) {
                Some(value) => self.write(m.to, m.class, value),
                None => {
                    let garbage = self.fresh();
                    self.write(m.to, m.class, garbage);
                }
            }
        }
    }

    /// Runs an instruction; says the number of an operand that is not where it should be.
    fn inst(&mut self, inst: u32) -> Result<(), u32> {
        let (code, allocation) = (self.code, self.allocation);
        let operands = || code.operands_of(inst).iter().zip(allocation.places_of(code, inst)).enumerate();
        let results: Vec<u64> = operands().map(|_| self.fresh()).collect();
        let define = |run: &mut Self, access| {
            for (number, (operand, &place)) in operands().filter(|(_, (operand, _))| operand.access == access)
            {
                run.write(place, operand.reg.class(), results[number]);
            }
        };
        let uses = |run: &Self, access| {
            operands().filter(|(_, (operand, _))| operand.access == access).try_for_each(
                |(number, (operand, &place))| {
                    let there = run.read(place, operand.reg.class());
                    let wanted = run.values.get(&operand.reg).copied();
                    if there.is_none() || there != wanted { Err(number as u32) } else { Ok(()) }
                },
            )
        };
        let scratch = self.machine.scratch.into_iter().flatten();
        for reg in scratch.clone() {
            let garbage = self.fresh();
            self.write(Place::Register(reg), reg.class, garbage);
        }
        define(self, Access::EarlyDef);
        uses(self, Access::Use)?;
        define(self, Access::Def);
        for reg in code.clobbers_of(inst).iter() {
            let garbage = self.fresh();
            self.write(Place::Register(reg), reg.class, garbage);
        }
        uses(self, Access::LateUse)?;
        for (number, (operand, &place)) in operands().filter(|(_, (operand, _))| operand.access.is_def()) {
            if self.read(place, operand.reg.class()) != Some(results[number]) {
                return Err(number as u32);
            }
            self.values.insert(operand.reg, results[number]);
        }
        Ok(())
    }

    /// Runs some instructions from the entry; says the first instruction and operand that are not what they should be.
    pub fn run(&mut self, random: &mut Random, steps: u32) -> Result<(), (u32, u32)> {
        let (mut block, mut left) = (0, steps);
        loop {
            for inst in self.code.blocks[block as usize].insts.clone() {
                self.moves(inst, Point::Before);
                self.inst(inst).map_err(|operand| (inst, operand))?;
                self.moves(inst, Point::After);
                left = left.saturating_sub(1);
            }
            let edges = self.code.successors_of(block);
            if edges.is_empty() || left == 0 {
                return Ok(());
            }
            let edge = &edges[random.below(edges.len() as u32) as usize];
            let carried: Vec<_> =
                self.code.args_on(edge).iter().map(|arg| self.values.get(arg).copied()).collect();
            for (&param, value) in self.code.params_of(edge.block).iter().zip(carried) {
                self.values.extend(value.map(|value| (param, value)));
            }
            block = edge.block;
        }
    }
}
