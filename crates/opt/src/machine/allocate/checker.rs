//! The checker of allocations: shows that at each use, on each way to it, the place holds the register.
//!
//! **In:** a function, its target, and an allocation, whoever made it. **Out:** nothing, or a [`CheckError`] with the instruction,
//! the operand, and what is there in place of what was expected. It shares nothing with the allocators but the interface.
//!
//! **How.** A use *demands* that a place hold a register. Demands go backwards through the code: a move turns a demand on what it
//! writes into one on what it reads; a definition of the register in that place fulfils it; whatever else writes there breaks
//! it. At the beginning of a block, a demand for a parameter becomes one for what each edge carries, and all demands go on to the
//! ends of the predecessors; one that arrives at the beginning of the function is broken. That is the dual of following sets of
//! registers in places forwards. It says the same, but knows only what somebody needs: there are no stale copies to forget, and
//! the demands on a block are what is live there. A demand is handled once in a block, so each block's set only grows, and the
//! order is from the last block to the first one, so a block is walked some times its loop depth. That, and how many registers
//! one place holds at a time (all of one value), is what the time depends on beside the size of the function.
//!
//! Apart from that, each instruction and each move is looked at once by itself: are the places of the right kind, do two things of
//! one instruction collide, is every callee-saved register reported that is written. Places that never are allocated are never
//! written, and what spill slots overlap is a matter of their units: a vector takes two.
//!
//! **Requires** that virtual registers are in SSA form.

use super::super::code::{Access, Class, Code, Constraint, PReg, PRegSet, VReg};
use super::{Allocation, Machine, Move, Place, Point};
use core::fmt;
use core::mem;
use std::collections::{BinaryHeap, HashSet};

/// What is wrong with an allocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckError {
    /// The instruction.
    pub inst: u32,
    /// Its operand, if it is about one.
    pub operand: Option<u32>,
    /// What it is.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The operand's register is not where it is used.
    Lost {
        /// The register.
        reg: VReg,
        /// The place from which it is lost: the operand's, or one from which it would be moved there.
        place: Place,
        /// The instruction at which it is lost.
        at: u32,
        /// How.
        loss: Loss,
    },
    /// The operand wants to be elsewhere.
    Constraint(Constraint, Place),
    /// Two things of the instruction collide in this place: what it defines, clobbers or still reads.
    Collision(Place),
    /// The place is none that can be allocated.
    NoPlace(Place),
    /// A move from memory to memory.
    MemoryToMemory(Move),
    /// A move between registers of two classes, or not of its class.
    MoveClass(Move),
    /// A move that is not in order, or comes after the last instruction of a block.
    MoveOrder(Move),
    /// A callee-saved register is written, and not reported.
    Unsaved(PReg),
    /// There is not one place for each operand.
    Places(u32),
}

/// How a place does not hold what it should.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// This register is defined in it.
    Defined(VReg),
    /// The register is defined elsewhere, and has not been moved here.
    Elsewhere(Place),
    /// It is clobbered, or is scratch that instructions may use.
    Clobbered,
    /// A move writes a part of it, or more.
    Overlapped(Place),
    /// Nothing has been written to it when the function begins.
    Nothing,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {}", self.inst)?;
        if let Some(operand) = self.operand {
            write!(f, ", operand {operand}")?;
        }
        write!(f, ": ")?;
        let moved = |f: &mut fmt::Formatter<'_>, m: Move, what| {
            write!(f, "the move from {} to {} {what}", m.from, m.to)
        };
        match self.fault {
            Fault::Lost { reg, place, at, loss } => {
                write!(f, "{reg:?} should be in {place}, but at instruction {at} ")?;
                match loss {
                    Loss::Defined(other) => write!(f, "{other:?} is defined there"),
                    Loss::Elsewhere(place) => write!(f, "it is defined in {place}"),
                    Loss::Clobbered => write!(f, "that is clobbered"),
                    Loss::Overlapped(place) => write!(f, "a move writes to {place}"),
                    Loss::Nothing => write!(f, "the function begins, and nothing is there"),
                }
            }
            Fault::Constraint(wanted, place) => write!(f, "it is in {place}, and wants {wanted:?}"),
            Fault::Collision(place) => write!(f, "two things of the instruction are in {place}"),
            Fault::NoPlace(place) => write!(f, "{place} cannot be allocated"),
            Fault::MemoryToMemory(m) => moved(f, m, "is one of memory to memory"),
            Fault::MoveClass(m) => moved(f, m, "is not of its registers' class"),
            Fault::MoveOrder(m) => moved(f, m, "is out of order, or comes after a block's last instruction"),
            Fault::Unsaved(reg) => write!(f, "{reg} is written, and not among those to be saved"),
            Fault::Places(there) => write!(f, "there are {there} places"),
        }
    }
}

impl std::error::Error for CheckError {}

/// Checks an allocation.
pub fn check(code: &Code, machine: &Machine, allocation: &Allocation) -> Result<(), CheckError> {
    if allocation.registers.len() != code.operands.len() {
        let fault = Fault::Places(allocation.registers.len() as u32);
        return Err(CheckError { inst: 0, operand: None, fault });
    }
    let mut local = Local::new(code, machine, allocation);
    local.check_insts()?;
    local.check_moves()?;
    Demands::new(code, machine, allocation).check()
}

/// Units of registers: 32 of each class come before those of spill slots.
const REGISTERS: u32 = 64;

/// The units of a place that holds something of a class.
fn units(place: Place, class: Class) -> core::ops::Range<u32> {
    match place {
        Place::Register(reg) => {
            let unit = u32::from(reg.number) + if reg.class == Class::Int { 0 } else { REGISTERS / 2 };
            unit..unit + 1
        }
        Place::Spill(slot) => {
            let first = REGISTERS + slot;
            first..first + if class == Class::Int { 1 } else { 2 }
        }
    }
}

/// The check of each instruction and each move by itself.
struct Local<'a> {
    code: &'a Code,
    machine: &'a Machine,
    allocation: &'a Allocation,
    allocatable: PRegSet,
    /// Of each unit, the last instruction, and one, that defines it; that reads it early; that reads it late.
    defined: Vec<u32>,
    early: Vec<u32>,
    late: Vec<u32>,
}

impl<'a> Local<'a> {
    fn new(code: &'a Code, machine: &'a Machine, allocation: &'a Allocation) -> Local<'a> {
        let none = vec![0; (REGISTERS + allocation.spill_slots) as usize];
        let allocatable = machine.allocatable_set();
        let (defined, early, late) = (none.clone(), none.clone(), none);
        Local { code, machine, allocation, allocatable, defined, early, late }
    }

    /// Whether something of a class can be in a place.
    fn is_place(&self, place: Place, class: Class) -> bool {
        match place {
            Place::Register(reg) => reg.class == class && self.allocatable.contains(reg),
            Place::Spill(slot) => {
                let size = if class == Class::Int { 1 } else { 2 };
                slot % size == 0
                    && slot < self.allocation.spill_slots
                    && self.allocation.spill_slots - slot >= size
            }
        }
    }

    fn check_insts(&mut self) -> Result<(), CheckError> {
        for inst in 0..self.code.insts.len() as u32 {
            self.check_operands(inst)?;
            self.check_collisions(inst)?;
        }
        Ok(())
    }

    /// Whether each operand is where it wants to be.
    fn check_operands(&self, inst: u32) -> Result<(), CheckError> {
        let places = self.allocation.places_of(self.code, inst);
        for (number, (operand, &place)) in self.code.operands_of(inst).iter().zip(places).enumerate() {
            let fail = |fault| Err(CheckError { inst, operand: Some(number as u32), fault });
            let class = operand.reg.class();
            if !self.is_place(place, class) {
                return fail(Fault::NoPlace(place));
            }
            let holds = match operand.constraint {
                Constraint::Register => matches!(place, Place::Register(_)),
                Constraint::Anywhere => true,
                Constraint::Fixed(number) => place == Place::Register(PReg { class, number }),
                Constraint::Same(other) => places.get(other as usize) == Some(&place),
            };
            if !holds {
                return fail(Fault::Constraint(operand.constraint, place));
            }
            if let Place::Register(reg) = place
                && operand.access.is_def()
            {
                self.check_saved(inst, Some(number as u32), reg)?;
            }
        }
        self.code.clobbers_of(inst).iter().try_for_each(|reg| self.check_saved(inst, None, reg))
    }

    fn check_saved(&self, inst: u32, operand: Option<u32>, reg: PReg) -> Result<(), CheckError> {
        if self.machine.callee_saved.contains(reg) && !self.allocation.callee_saved.contains(reg) {
            return Err(CheckError { inst, operand, fault: Fault::Unsaved(reg) });
        }
        Ok(())
    }

    /// Whether definitions, clobbers and what is read meanwhile are apart.
    fn check_collisions(&mut self, inst: u32) -> Result<(), CheckError> {
        let (stamp, code, allocation) = (inst + 1, self.code, self.allocation);
        let operands = || code.operands_of(inst).iter().zip(allocation.places_of(code, inst)).enumerate();
        for (_, (operand, &place)) in operands() {
            let read = match operand.access {
                Access::Use => &mut self.early,
                Access::LateUse => &mut self.late,
                Access::Def | Access::EarlyDef => continue,
            };
            units(place, operand.reg.class()).for_each(|unit| read[unit as usize] = stamp);
        }
        for (number, (operand, &place)) in operands().filter(|(_, (operand, _))| operand.access.is_def()) {
            for unit in units(place, operand.reg.class()) {
                let unit = unit as usize;
                let read = self.late[unit] == stamp
                    || operand.access == Access::EarlyDef && self.early[unit] == stamp;
                if read || mem::replace(&mut self.defined[unit], stamp) == stamp {
                    let fault = Fault::Collision(place);
                    return Err(CheckError { inst, operand: Some(number as u32), fault });
                }
            }
        }
        for reg in code.clobbers_of(inst).iter() {
            let place = Place::Register(reg);
            let unit = units(place, reg.class).start as usize;
            if self.defined[unit] == stamp || self.late[unit] == stamp {
                return Err(CheckError { inst, operand: None, fault: Fault::Collision(place) });
            }
        }
        Ok(())
    }

    fn check_moves(&self) -> Result<(), CheckError> {
        let mut last = (0, Point::Before);
        let mut ends = self.code.blocks.iter().map(|block| block.insts.end).peekable();
        for &m in &self.allocation.moves {
            let fail = |fault| Err(CheckError { inst: m.inst, operand: None, fault });
            while ends.next_if(|&end| end <= m.inst).is_some() {}
            let at_end = m.point == Point::After && ends.peek() == Some(&(m.inst + 1));
            if at_end || ends.peek().is_none() || (m.inst, m.point) < last {
                return fail(Fault::MoveOrder(m));
            }
            last = (m.inst, m.point);
            if let (Place::Spill(_), Place::Spill(_)) = (m.from, m.to) {
                return fail(Fault::MemoryToMemory(m));
            }
            for place in [m.from, m.to] {
                match place {
                    Place::Register(reg) if reg.class != m.class => return fail(Fault::MoveClass(m)),
                    Place::Register(reg) if self.machine.scratch[reg.class as usize] == Some(reg) => {}
                    _ if !self.is_place(place, m.class) => return fail(Fault::NoPlace(place)),
                    _ => {}
                }
            }
            if let Place::Register(reg) = m.to {
                self.check_saved(m.inst, None, reg)?;
            }
        }
        Ok(())
    }
}

/// A demand: a place is to hold a register, for an operand of an instruction.
#[derive(Clone, Copy)]
struct Demand {
    place: Place,
    reg: VReg,
    inst: u32,
    operand: u32,
}

impl Demand {
    fn lost(self, at: u32, loss: Loss) -> CheckError {
        let fault = Fault::Lost { reg: self.reg, place: self.place, at, loss };
        CheckError { inst: self.inst, operand: Some(self.operand), fault }
    }
}

/// The end of a list, and what stands for no block.
const NONE: u32 = u32::MAX;

/// The demands during a walk over a block, in a list for each unit. A demand on two units is in the list of the first one.
struct Walk {
    /// The newest of each unit.
    heads: Vec<u32>,
    /// All of the walk, each with the next one in its list. One that is fulfilled has no place.
    demands: Vec<(Option<Demand>, u32)>,
    /// How many there are of each register.
    counts: Vec<u32>,
}

impl Walk {
    fn add(&mut self, demand: Demand) {
        let head = &mut self.heads[units(demand.place, demand.reg.class()).start as usize];
        let mut next = *head;
        while next != NONE {
            let (other, after) = self.demands[next as usize];
            if other.is_some_and(|other| other.reg == demand.reg) {
                return;
            }
            next = after;
        }
        self.demands.push((Some(demand), *head));
        *head = self.demands.len() as u32 - 1;
        self.counts[demand.reg.index()] += 1;
    }

    /// Takes the demands on what something of a class in a place touches, into `out`.
    fn take(&mut self, place: Place, class: Class, out: &mut Vec<Demand>) {
        let units = units(place, class);
        // A vector in memory may begin one unit before.
        let before = u32::from(matches!(place, Place::Spill(slot) if slot % 2 == 1));
        for unit in units.start - before..units.end {
            let mut next = mem::replace(&mut self.heads[unit as usize], NONE);
            while next != NONE {
                let (demand, after) = &mut self.demands[next as usize];
                let (demand, after) = (demand.take(), *after);
                if let Some(demand) = demand {
                    if unit < units.start && demand.reg.class() == Class::Int {
                        // It ends before: back into the list.
                        self.demands[next as usize] = (Some(demand), self.heads[unit as usize]);
                        self.heads[unit as usize] = next;
                    } else {
                        self.counts[demand.reg.index()] -= 1;
                        out.push(demand);
                    }
                }
                next = after;
            }
        }
    }

    /// Takes all demands that are left.
    fn finish(&mut self, out: &mut Vec<Demand>) {
        for demand in self.demands.drain(..).filter_map(|(demand, _)| demand) {
            self.heads[units(demand.place, demand.reg.class()).start as usize] = NONE;
            self.counts[demand.reg.index()] = 0;
            out.push(demand);
        }
    }
}

/// The check that every demand is fulfilled.
struct Demands<'a> {
    code: &'a Code,
    machine: &'a Machine,
    allocation: &'a Allocation,
    /// Of each register, the block of which it is a parameter, and which one.
    params: Vec<(u32, u32)>,
    /// Demands at ends of blocks that have been made.
    known: HashSet<(u32, Place, VReg)>,
    /// Of each block, demands at its end that it has not been walked with.
    pending: Vec<Vec<Demand>>,
    /// Blocks to be walked, once each, the last ones first.
    queue: BinaryHeap<u32>,
    queued: Vec<bool>,
    /// Which blocks have been walked, and have made the demands of their own operands.
    walked: Vec<bool>,
    walk: Walk,
    /// Of one moment.
    taken: Vec<Demand>,
}

impl<'a> Demands<'a> {
    fn new(code: &'a Code, machine: &'a Machine, allocation: &'a Allocation) -> Demands<'a> {
        let blocks = code.blocks.len();
        let mut params = vec![(NONE, 0); code.vregs as usize];
        for block in 0..blocks as u32 {
            for (number, param) in code.params_of(block).iter().enumerate() {
                params[param.index()] = (block, number as u32);
            }
        }
        Demands {
            code,
            machine,
            allocation,
            params,
            known: HashSet::new(),
            pending: vec![Vec::new(); blocks],
            queue: (0..blocks as u32).collect(),
            queued: vec![true; blocks],
            walked: vec![false; blocks],
            walk: Walk {
                heads: vec![NONE; (REGISTERS + allocation.spill_slots) as usize],
                demands: Vec::new(),
                counts: vec![0; code.vregs as usize],
            },
            taken: Vec::new(),
        }
    }

    fn check(mut self) -> Result<(), CheckError> {
        while let Some(block) = self.queue.pop() {
            self.queued[block as usize] = false;
            for demand in mem::take(&mut self.pending[block as usize]) {
                self.walk.add(demand);
            }
            self.walk_block(block)?;
            self.leave(block)?;
        }
        Ok(())
    }

    fn walk_block(&mut self, block: u32) -> Result<(), CheckError> {
        let own = !mem::replace(&mut self.walked[block as usize], true);
        let allocation = self.allocation;
        let range = self.code.blocks[block as usize].insts.clone();
        let mut moves = &allocation.moves[..allocation.moves.partition_point(|m| m.inst < range.end)];
        for inst in range.rev() {
            self.walk_moves(&mut moves, inst, Point::After)?;
            self.walk_inst(inst, own)?;
            self.walk_moves(&mut moves, inst, Point::Before)?;
        }
        Ok(())
    }

    /// Goes backwards over the moves of a point, which are the last ones of a list.
    fn walk_moves(&mut self, moves: &mut &'a [Move], inst: u32, point: Point) -> Result<(), CheckError> {
        while let Some((&m, rest)) = moves.split_last()
            && (m.inst, m.point) == (inst, point)
        {
            *moves = rest;
            let mut taken = mem::take(&mut self.taken);
            self.walk.take(m.to, m.class, &mut taken);
            for demand in taken.drain(..) {
                if demand.place != m.to || demand.reg.class() != m.class {
                    return Err(demand.lost(inst, Loss::Overlapped(m.to)));
                }
                self.walk.add(Demand { place: m.from, ..demand });
            }
            self.taken = taken;
        }
        Ok(())
    }

    fn walk_inst(&mut self, inst: u32, own: bool) -> Result<(), CheckError> {
        let (code, allocation) = (self.code, self.allocation);
        let operands = || code.operands_of(inst).iter().zip(allocation.places_of(code, inst)).enumerate();
        for (_, (operand, &place)) in operands().filter(|(_, (operand, _))| operand.access.is_def()) {
            self.walk.take(place, operand.reg.class(), &mut self.taken);
            for demand in self.taken.drain(..) {
                if demand.reg != operand.reg {
                    return Err(demand.lost(inst, Loss::Defined(operand.reg)));
                }
                if demand.place != place {
                    return Err(demand.lost(inst, Loss::Elsewhere(place)));
                }
            }
        }
        for (_, (operand, &place)) in operands().filter(|(_, (operand, _))| operand.access.is_def()) {
            if self.walk.counts[operand.reg.index()] != 0 {
                let mut all = self.walk.demands.iter().filter_map(|(demand, _)| *demand);
                let demand = all.find(|demand| demand.reg == operand.reg).expect("it is counted");
                return Err(demand.lost(inst, Loss::Elsewhere(place)));
            }
        }
        for reg in code.clobbers_of(inst).iter().chain(self.machine.scratch.into_iter().flatten()) {
            self.walk.take(Place::Register(reg), reg.class, &mut self.taken);
            if let Some(demand) = self.taken.first() {
                return Err(demand.lost(inst, Loss::Clobbered));
            }
        }
        if own {
            for (number, (operand, &place)) in operands().filter(|(_, (operand, _))| !operand.access.is_def())
            {
                self.walk.add(Demand { place, reg: operand.reg, inst, operand: number as u32 });
            }
        }
        Ok(())
    }

    /// Hands what is demanded at the beginning of a block to those before it.
    fn leave(&mut self, block: u32) -> Result<(), CheckError> {
        let code = self.code;
        let mut left = mem::take(&mut self.taken);
        self.walk.finish(&mut left);
        if block == 0
            && let Some(demand) = left.first()
        {
            return Err(demand.lost(code.blocks[0].insts.start, Loss::Nothing));
        }
        for &before in code.predecessors_of(block) {
            for edge in code.successors_of(before).iter().filter(|edge| edge.block == block) {
                let args = code.args_on(edge);
                for &demand in &left {
                    let (of, number) = self.params[demand.reg.index()];
                    let reg = if of == block { args[number as usize] } else { demand.reg };
                    if self.known.insert((before, demand.place, reg)) {
                        self.pending[before as usize].push(Demand { reg, ..demand });
                        if !mem::replace(&mut self.queued[before as usize], true) {
                            self.queue.push(before);
                        }
                    }
                }
            }
        }
        left.clear();
        self.taken = left;
        Ok(())
    }
}
