//! Instructions of a target over virtual registers: flat arrays, the same for every target.
//!
//! An instruction is an opcode (a row of the target's table, or one of its sequences) and arguments: registers, memory,
//! immediates, blocks. Which registers an instruction reads and writes is written down beside it, as [`Operand`]s, in the order in
//! which emission wants them back: allocation sees only those.
//!
//! **Blocks** are numbered in the order of the code. The last instruction of a block has its successors. Each edge carries values for
//! the parameters of its block; a block whose parameters get values is entered only from blocks with one successor, or has one
//! predecessor. Indeed there are no critical edges at all: who allocates may put moves on every edge.
//!
//! **Invariants.** Virtual registers are in SSA form: each has one definition, which dominates its uses. A fixed register is
//! only in constraints, never an operand by itself, but for those that are never allocated (context, stack, frame, scratch).

use core::fmt;
use core::ops::Range;
use windlass_abi::trap::TrapCode;

/// A virtual register. Its class is part of its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VReg(u32);

/// What a register holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Class {
    /// Integers, pointers and references.
    Int,
    /// Floats and vectors.
    Vector,
}

impl VReg {
    /// The virtual register of this number and class.
    pub const fn new(number: u32, class: Class) -> VReg {
        VReg(number << 1 | class as u32)
    }

    /// Its number, among those of both classes.
    #[inline]
    pub const fn index(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Its class.
    #[inline]
    pub const fn class(self) -> Class {
        if self.0 & 1 == 0 { Class::Int } else { Class::Vector }
    }
}

impl fmt::Debug for VReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}{}", self.index(), if self.class() == Class::Int { "" } else { "x" })
    }
}

/// A register of the machine, by its number in its class.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PReg {
    /// Its class.
    pub class: Class,
    /// Its number, below 32.
    pub number: u8,
}

/// A set of registers of the machine: a bit for each number, by class.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PRegSet {
    /// Those of integers.
    pub ints: u32,
    /// Those of vectors.
    pub vectors: u32,
}

impl PRegSet {
    /// Whether a register is among them.
    pub const fn contains(self, reg: PReg) -> bool {
        let bits = match reg.class {
            Class::Int => self.ints,
            Class::Vector => self.vectors,
        };
        bits >> reg.number & 1 != 0
    }

    /// All of both sets.
    pub const fn union(self, other: PRegSet) -> PRegSet {
        PRegSet { ints: self.ints | other.ints, vectors: self.vectors | other.vectors }
    }

    /// Each register, those of integers first.
    pub fn iter(self) -> impl Iterator<Item = PReg> {
        let of = |class, bits: u32| {
            (0..32).filter(move |n| bits >> n & 1 != 0).map(move |number| PReg { class, number })
        };
        of(Class::Int, self.ints).chain(of(Class::Vector, self.vectors))
    }
}

/// When an instruction looks at a register, and what for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Reads it before it writes anything: a result may get the same register.
    Use,
    /// Reads it when it may have written results already.
    LateUse,
    /// Writes it after it has read everything.
    Def,
    /// Writes it when it may still read something.
    EarlyDef,
}

impl Access {
    /// Whether it writes.
    pub const fn is_def(self) -> bool {
        matches!(self, Access::Def | Access::EarlyDef)
    }
}

/// Where an instruction wants a register to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constraint {
    /// In any register of its class.
    Register,
    /// In a register, or in its slot of the frame.
    Anywhere,
    /// In this register, by its number in the class.
    Fixed(u8),
    /// In the register of this use, by its number among the operands of the instruction. Of definitions.
    Same(u8),
}

/// A register that an instruction reads or writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// Which one.
    pub reg: VReg,
    /// When, and what for.
    pub access: Access,
    /// Where it is to be.
    pub constraint: Constraint,
}

/// What stands in an instruction beside its opcode, in the order of the target's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arg {
    /// The register that allocation gives to the operand of this number in the instruction.
    Operand(u8),
    /// A register that is never allocated.
    Fixed(PReg),
    /// Memory: its number in [`Code::memories`].
    Memory(u32),
    /// An immediate.
    Immediate(i64),
    /// A block.
    Block(u32),
    /// A constant of 16 bytes: its number in [`Code::constants`].
    Constant(u32),
    /// Whatever the target's sequence means by it.
    Number(u32),
}

/// An address: `base + index << shift + offset`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// The base, if there is one.
    pub base: Option<Part>,
    /// The index, if there is one.
    pub index: Option<Part>,
    /// What the index is shifted by.
    pub shift: u8,
    /// What is added.
    pub offset: i32,
}

/// A register in an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The register of the operand of this number in the instruction.
    Operand(u8),
    /// A register that is never allocated.
    Fixed(PReg),
    /// The frame: the offset is that of a slot of the function, from the first one's lowest byte.
    Slots,
    /// The bottom of the frame, where arguments of calls lie.
    Outgoing,
}

/// A row of the target's table, or one of its sequences.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Opcode(pub u16);

/// An instruction.
#[derive(Clone, Debug)]
pub struct MInst {
    /// What it is.
    pub opcode: Opcode,
    /// Its arguments, in [`Code::args`].
    pub args: Range<u32>,
    /// Its registers, in [`Code::operands`].
    pub operands: Range<u32>,
    /// Registers that it writes beside its operands: its number in [`Code::clobbers`].
    pub clobbers: u32,
    /// Where it comes from: an offset in the module.
    pub position: u32,
    /// How it traps if it faults.
    pub trap: Option<TrapCode>,
}

/// An edge to a block.
#[derive(Clone, Debug)]
pub struct Successor {
    /// The block.
    pub block: u32,
    /// Values of its parameters, in [`Code::registers`].
    pub args: Range<u32>,
}

/// A block.
#[derive(Clone, Debug)]
pub struct MBlock {
    /// Its instructions.
    pub insts: Range<u32>,
    /// Its parameters, in [`Code::registers`].
    pub params: Range<u32>,
    /// Where it goes, in [`Code::successors`].
    pub successors: Range<u32>,
    /// Where it comes from, in [`Code::predecessors`].
    pub predecessors: Range<u32>,
    /// Loops around it.
    pub loop_depth: u32,
    /// Whether it is seldom run.
    pub cold: bool,
}

/// A safepoint: an instruction at which the collector may run, and the references that are live across it. They are in slots of
/// the function's own there, which selection has made: allocation has nothing to do with them.
#[derive(Clone, Debug)]
pub struct Safepoint {
    /// The instruction.
    pub inst: u32,
    /// Where references are, in [`Code::numbers`]: offsets from the lowest byte of the slots, of 8 bytes each.
    pub slots: Range<u32>,
}

/// What is caught in a block that an exception goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caught {
    /// Offset in the context of the pointer to the tag; all exceptions, without.
    pub tag: Option<u32>,
    /// Whether the exception's reference follows its values.
    pub with_reference: bool,
}

/// A function in machine instructions.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// In the order of the code. The first one is the entry.
    pub blocks: Vec<MBlock>,
    /// All instructions, block by block.
    pub insts: Vec<MInst>,
    /// Arguments of all instructions.
    pub args: Vec<Arg>,
    /// Registers of all instructions.
    pub operands: Vec<Operand>,
    /// Addresses.
    pub memories: Vec<Address>,
    /// Constants that lie behind the function.
    pub constants: Vec<[u8; 16]>,
    /// Sets of registers that instructions write; the first one is empty.
    pub clobbers: Vec<PRegSet>,
    /// Lists of registers: parameters, and what edges carry.
    pub registers: Vec<VReg>,
    /// Edges.
    pub successors: Vec<Successor>,
    /// Blocks, as predecessors.
    pub predecessors: Vec<u32>,
    /// Safepoints, by instruction.
    pub safepoints: Vec<Safepoint>,
    /// Lists of numbers.
    pub numbers: Vec<u32>,
    /// How many virtual registers there are.
    pub vregs: u32,
    /// Slots of the function: which bytes of their part of the frame, from the lowest one on ([`Code::place_slots`]).
    pub slots: Vec<Range<u32>>,
    /// Bytes of all slots, a multiple of 16.
    pub slots_size: u32,
    /// Bytes at the bottom of the frame: the most that a call has there of stack parameters and result area together.
    pub outgoing: u32,
    /// Bytes of the function's own stack parameters, which it pops: a multiple of 16.
    pub stack_params: u32,
    /// What is caught, by number.
    pub caught: Vec<Caught>,
}

impl Code {
    /// Forgets everything but its allocations.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.insts.clear();
        self.args.clear();
        self.operands.clear();
        self.memories.clear();
        self.constants.clear();
        self.clobbers.clear();
        self.clobbers.push(PRegSet::default());
        self.registers.clear();
        self.successors.clear();
        self.predecessors.clear();
        self.safepoints.clear();
        self.numbers.clear();
        self.vregs = 0;
        self.slots.clear();
        self.slots_size = 0;
        self.outgoing = 0;
        self.stack_params = 0;
        self.caught.clear();
    }

    /// Gives the function slots of these sizes, behind those that it has. Each starts and ends at a multiple of 8 bytes, one of 16 bytes or more starts at one
    /// of 16.
    pub fn place_slots(&mut self, sizes: impl IntoIterator<Item = u32>) {
        let mut at = self.slots_size;
        for size in sizes {
            let start = if size >= 16 { at.next_multiple_of(16) } else { at };
            at = start + size.next_multiple_of(8);
            self.slots.push(start..at);
        }
        self.slots_size = at.next_multiple_of(16);
    }

    /// A new virtual register.
    pub fn vreg(&mut self, class: Class) -> VReg {
        self.vregs += 1;
        VReg::new(self.vregs - 1, class)
    }

    /// The registers of an instruction.
    #[inline]
    pub fn operands_of(&self, inst: u32) -> &[Operand] {
        let range = &self.insts[inst as usize].operands;
        &self.operands[range.start as usize..range.end as usize]
    }

    /// The arguments of an instruction.
    #[inline]
    pub fn args_of(&self, inst: u32) -> &[Arg] {
        let range = &self.insts[inst as usize].args;
        &self.args[range.start as usize..range.end as usize]
    }

    /// The registers that an instruction writes beside its operands.
    #[inline]
    pub fn clobbers_of(&self, inst: u32) -> PRegSet {
        self.clobbers[self.insts[inst as usize].clobbers as usize]
    }

    /// The parameters of a block.
    pub fn params_of(&self, block: u32) -> &[VReg] {
        let range = &self.blocks[block as usize].params;
        &self.registers[range.start as usize..range.end as usize]
    }

    /// The edges of a block.
    pub fn successors_of(&self, block: u32) -> &[Successor] {
        let range = &self.blocks[block as usize].successors;
        &self.successors[range.start as usize..range.end as usize]
    }

    /// The blocks before a block.
    pub fn predecessors_of(&self, block: u32) -> &[u32] {
        let range = &self.blocks[block as usize].predecessors;
        &self.predecessors[range.start as usize..range.end as usize]
    }

    /// What an edge carries.
    pub fn args_on(&self, successor: &Successor) -> &[VReg] {
        &self.registers[successor.args.start as usize..successor.args.end as usize]
    }
}
