//! Register allocation: a place for every operand, and moves between instructions, behind one small interface.
//!
//! **In:** a function over virtual registers ([`Code`]) and the registers of the target ([`Machine`]). **Out:** an
//! [`Allocation`]. Allocation sees operands, clobbers, edges and nothing else of an instruction; it changes none, and adds
//! none but moves.
//!
//! - `regalloc2`: the allocators of the crate of that name, one for good code and one for little compile time;
//! - [`checker`]: proves an allocation, whoever made it.
//!
//! # What emission may rely on
//!
//! | of | what holds |
//! |---|---|
//! | operand with `Register` | a register that can be allocated, of the operand's class |
//! | operand with `Fixed(n)` | the register `n` of its class |
//! | operand with `Same(n)` | the very place of operand `n` of the instruction |
//! | operand with `Anywhere` | such a register, or a spill slot; it is for the instruction to read or write memory then |
//! | two definitions of an instruction | never in one place, and never in a clobbered register |
//! | `Def` and `Use` | may be in one place |
//! | `Def` and `LateUse`; `EarlyDef` and any use | never in one place |
//! | a use whose register is clobbered | may be: the instruction reads it before |
//! | definition that nothing uses | has a place all the same, which it may write |
//! | spill slot | `Spill(n)`: 8 bytes at `8 * n`; of class `Vector` 16 bytes, and `n` is even: all sixteen are moved, whatever the value has |
//! | move | in the order of the list, one after the other; never from memory to memory; never from a place to itself |
//! | moves before an instruction | run when it is entered: after a branch to it, if it is the first one of its block |
//! | moves after an instruction | run before those that are before the next one; there are none after the last one of a block |
//! | flags | live across moves only if the target's moves leave them alone: moves may be between any two instructions |
//! | scratch register | written by moves, and holds nothing across an instruction: within one it is emission's |
//! | callee-saved registers | all that an operand, a move or a clobber writes are in [`Allocation::callee_saved`] |
//! | parameters of the function | are definitions of the first instruction, `Fixed` or `Anywhere`: nothing special |
//!
//! # What selection has to keep
//!
//! Beside what [`Code`] says:
//!
//! - each block but the entry comes behind one of its predecessors, or behind one of a predecessor that defines nothing for other
//!   blocks, as that of an edge. So definitions come before all places where they are live (the crate loses its way otherwise);
//!   cold blocks and those of edges may still be the last ones;
//! - no block with several successors goes to one with several predecessors, values or not (a block with a jump between them
//!   vanishes in emission if no move comes into it); the entry counts as having one predecessor more;
//! - the last instruction of a block that goes to one with several predecessors has no operands;
//! - an instruction has one `Same` at most, of a `Def`; it names a `Use` with `Register` among its first 32 operands; beside it,
//!   uses of other registers count as `LateUse`;
//! - a fixed register can be allocated, and is wanted once at a time.
//!
//! All of it is checked, and an error otherwise.

pub mod checker;
#[cfg(test)]
mod evaluate;
#[cfg(test)]
mod generate;
mod regalloc2;
#[cfg(test)]
mod tests;

pub use self::regalloc2::Regalloc2;

use super::code::{Class, Code, PReg, PRegSet, VReg};
use core::fmt;

/// The registers of a target, as allocation sees them.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Those that can be allocated, by class, the preferred ones first: those that a callee need not save. (What
    /// [`Regalloc2`] takes from the order is only which ones are callee-saved.)
    pub allocatable: [&'static [PReg]; 2],
    /// A register of each class that is never allocated, for moves from memory to memory and for cycles of moves. None is
    /// needed: without one, a free register is taken, and if there is none, one is spilled around the moves.
    pub scratch: [Option<PReg>; 2],
    /// Those that a callee saves before it writes them.
    pub callee_saved: PRegSet,
}

impl Machine {
    /// All that can be allocated.
    pub fn allocatable_set(&self) -> PRegSet {
        self.allocatable
            .iter()
            .flat_map(|regs| regs.iter())
            .fold(PRegSet::default(), |set, &reg| with(set, reg))
    }
}

/// A set, with a register more.
pub(crate) fn with(set: PRegSet, reg: PReg) -> PRegSet {
    let bit = 1 << reg.number;
    set.union(match reg.class {
        Class::Int => PRegSet { ints: bit, vectors: 0 },
        Class::Vector => PRegSet { ints: 0, vectors: bit },
    })
}

/// What is in both sets.
pub(crate) fn intersection(a: PRegSet, b: PRegSet) -> PRegSet {
    PRegSet { ints: a.ints & b.ints, vectors: a.vectors & b.vectors }
}

/// Which allocator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Good code.
    Backtracking,
    /// Little compile time, in one pass. What the last instruction of a block with successors defines has to be `Fixed` or
    /// `Anywhere`, and no way may lead from a successor back to between that block and the successor. Where that is not so,
    /// `Backtracking` does it.
    Fast,
}

/// Where something is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// In a register.
    Register(PReg),
    /// In memory: the number of the slot's first unit of 8 bytes. A vector has two, and the number is even.
    Spill(u32),
}

impl fmt::Display for PReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.class == Class::Int { "r" } else { "x" }, self.number)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Register(reg) => reg.fmt(f),
            Place::Spill(unit) => write!(f, "slot {unit}"),
        }
    }
}

/// On which side of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Point {
    /// When it is entered.
    Before,
    /// When it is done.
    After,
}

/// A move between instructions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move {
    /// The instruction beside which it is.
    pub inst: u32,
    /// On which side.
    pub point: Point,
    /// What is read.
    pub from: Place,
    /// What is written.
    pub to: Place,
    /// What is moved: 8 bytes, or a vector of 16.
    pub class: Class,
}

/// Where everything is.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Allocation {
    /// The place of each operand: one for each of [`Code::operands`].
    pub registers: Vec<Place>,
    /// Moves, by instruction and point, in the order in which they run.
    pub moves: Vec<Move>,
    /// Units of 8 bytes of all spill slots.
    pub spill_slots: u32,
    /// Callee-saved registers that the function writes.
    pub callee_saved: PRegSet,
}

impl Allocation {
    /// The places of an instruction's operands.
    pub fn places_of(&self, code: &Code, inst: u32) -> &[Place] {
        let range = &code.insts[inst as usize].operands;
        &self.registers[range.start as usize..range.end as usize]
    }

    /// Forgets everything but its memory.
    pub fn clear(&mut self) {
        self.registers.clear();
        self.moves.clear();
        self.spill_slots = 0;
        self.callee_saved = PRegSet::default();
    }

    /// Every register that the allocation or the function's clobbers write.
    pub fn written(&self, code: &Code) -> PRegSet {
        let operands =
            code.operands.iter().zip(&self.registers).filter(|(operand, _)| operand.access.is_def());
        let places = operands.map(|(_, &place)| place).chain(self.moves.iter().map(|m| m.to));
        let clobbers = code
            .insts
            .iter()
            .fold(PRegSet::default(), |set, inst| set.union(code.clobbers[inst.clobbers as usize]));
        places.fold(clobbers, |set, place| match place {
            Place::Register(reg) => with(set, reg),
            Place::Spill(_) => set,
        })
    }
}

/// What an allocator gets.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The function.
    pub code: &'a Code,
    /// The target.
    pub machine: &'a Machine,
    /// Registers in which virtual registers would best be. [`Regalloc2`] cannot use them: it takes its hints from fixed
    /// operands and from what edges carry.
    pub hints: &'a [(VReg, PReg)],
    /// Virtual registers whose defining instruction, with these numbers, may be done again in place of a reload: it reads no
    /// registers that are allocated, and no memory. [`Regalloc2`] cannot use them.
    pub remat: &'a [(VReg, u32)],
}

impl<'a> Request<'a> {
    /// A function for a target, with no hints.
    pub fn new(code: &'a Code, machine: &'a Machine) -> Request<'a> {
        Request { code, machine, hints: &[], remat: &[] }
    }
}

/// An allocator. It may keep memory from one function to the next, and nothing else.
pub trait Allocator {
    /// Allocates a function. What is in `out` after an error is of no use.
    fn allocate(&mut self, request: Request<'_>, out: &mut Allocation) -> Result<(), AllocationError>;
}

/// Memory of the allocators, and of the last allocation. It stays in its thread.
#[derive(Default)]
pub struct Scratch {
    regalloc2: Regalloc2,
    allocation: Allocation,
}

/// Allocates a function.
pub fn allocate<'s>(
    mode: Mode,
    request: Request<'_>,
    scratch: &'s mut Scratch,
) -> Result<&'s Allocation, AllocationError> {
    let Scratch { regalloc2, allocation } = scratch;
    regalloc2.mode = mode;
    regalloc2.allocate(request, allocation)?;
    Ok(allocation)
}

/// Why a function cannot be allocated. Each is a mistake of selection, or of a target's table: no module of a user is at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AllocationError {
    /// The instruction; of a block its last one.
    pub inst: Option<u32>,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with an instruction or its block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// A fixed register cannot be allocated.
    NotAllocatable(PReg),
    /// A fixed register is wanted twice at one time, or is clobbered when it should hold something.
    Conflict(PReg),
    /// The operand of this number has a `Same` that cannot be.
    BadSame(u32),
    /// More registers of a class are wanted at one time than there are.
    TooManyRegisters(Class),
    /// There are more operands than the allocator can number.
    TooManyOperands,
    /// No allocation was found, though no instruction by itself makes it impossible.
    NotFound,
    /// A register is used that is not always defined.
    Undefined,
    /// A register is defined twice.
    DefinedTwice(VReg),
    /// A block has no instructions.
    EmptyBlock(u32),
    /// This block comes before all of its predecessors, and before those of its predecessors that define nothing for others.
    Order(u32),
    /// The entry has parameters.
    EntryParameters,
    /// An edge does not carry one value for each parameter of this block.
    Arguments(u32),
    /// A block with several successors goes to this one, which has several predecessors.
    CriticalEdge(u32),
    /// The instruction has operands, and goes to this block, which has several predecessors.
    BranchOperands(u32),
}

impl AllocationError {
    /// An error of an instruction.
    pub(crate) fn at(inst: u32, problem: Problem) -> AllocationError {
        AllocationError { inst: Some(inst), problem }
    }
}

impl fmt::Display for AllocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(inst) = self.inst {
            write!(f, "instruction {inst}: ")?;
        }
        match self.problem {
            Problem::NotAllocatable(reg) => write!(f, "{reg} is wanted, which is never allocated"),
            Problem::Conflict(reg) => write!(f, "{reg} is wanted twice at one time, or is clobbered"),
            Problem::BadSame(operand) => write!(f, "operand {operand} cannot be in the place that it names"),
            Problem::TooManyRegisters(class) => {
                write!(f, "too many registers of class {class:?} at one time")
            }
            Problem::TooManyOperands => write!(f, "too many operands"),
            Problem::NotFound => write!(f, "no allocation was found"),
            Problem::Undefined => write!(f, "a register is used that is not always defined"),
            Problem::DefinedTwice(reg) => write!(f, "{reg:?} is defined twice"),
            Problem::EmptyBlock(block) => write!(f, "block {block} has no instructions"),
            Problem::Order(block) => write!(f, "block {block} comes before all of its predecessors"),
            Problem::EntryParameters => write!(f, "the entry has parameters"),
            Problem::Arguments(block) => write!(f, "not one value for each parameter of block {block}"),
            Problem::CriticalEdge(block) => {
                write!(f, "the edge to block {block} has to have a block of its own")
            }
            Problem::BranchOperands(block) => {
                write!(f, "it has operands and goes to block {block}, which has several predecessors")
            }
        }
    }
}

impl std::error::Error for AllocationError {}
