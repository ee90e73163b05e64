//! What the verifier finds.

use crate::entity::{Block, Callee, Edge, Memory, Signature, Slot, Value};
use crate::op::Op;
use crate::types::Type;
use core::fmt;

/// What is wrong with a function, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error {
    /// The block, if it is about one or about an instruction that is in one.
    pub block: Option<Block>,
    /// The instruction, if it is about one.
    pub inst: Option<(Value, Op)>,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(block) = self.block {
            write!(f, "{block}: ")?;
        }
        if let Some((value, op)) = self.inst {
            write!(f, "{value} {}: ", op.name())?;
        }
        write!(f, "{}", self.problem)
    }
}

impl core::error::Error for Error {}

/// What a number is to name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Name {
    #[error("{0}")]
    Value(Value),
    #[error("{0}")]
    Block(Block),
    #[error("{0}")]
    Edge(Edge),
    #[error("{0}")]
    Signature(Signature),
    #[error("{0}")]
    Callee(Callee),
    #[error("{0}")]
    Memory(Memory),
    #[error("{0}")]
    Slot(Slot),
    #[error("builtin {0}")]
    Builtin(u32),
    #[error("catch {0}")]
    Catch(u32),
    #[error("vector {0}")]
    Vector(u32),
    #[error("trap code {0}")]
    TrapCode(u16),
    #[error("region {0}")]
    Region(u16),
}

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum Problem {
    // Of the tables.
    /// A number is not within its table.
    #[error("there is no {0}")]
    Missing(Name),
    /// A list is not within the pool.
    #[error("its list of values is not in the pool")]
    List,
    #[error("{0} has a value of type void")]
    VoidSignature(Signature),
    #[error("catch {0} has a value of type void")]
    VoidCatch(u32),
    #[error("{0} has indices of type {1}")]
    MemoryIndex(Memory, Type),

    // Of blocks.
    #[error("there is no entry")]
    NoEntry,
    #[error("it is in the order twice")]
    TwiceInOrder,
    #[error("its list of instructions is broken at {0}")]
    Links(Value),
    #[error("it is not in the list of its block")]
    NotInList,
    #[error("it has no instructions")]
    Empty,
    #[error("its last instruction is {0}, which does not end it")]
    NoEnd(Value),
    #[error("it ends the block, but {0} stands behind it")]
    BehindEnd(Value),
    #[error("{1} is not made as its parameter {0}")]
    Param(usize, Value),
    #[error("the entry has {is} parameters, the signature {wanted}")]
    EntryCount { is: usize, wanted: usize },
    #[error("parameter {param} is of type {is}, of {wanted} in the signature")]
    EntryType { param: usize, is: Type, wanted: Type },

    // Of instructions.
    #[error("it has {is} operands, {wanted} are wanted")]
    OperandCount { is: usize, wanted: usize },
    #[error("operand {operand} is {value} of type {is}, {wanted} is wanted")]
    OperandType { operand: usize, value: Value, is: Type, wanted: Type },
    #[error("operand {operand} is {value}, which is no value")]
    OperandVoid { operand: usize, value: Value },
    #[error("its type is {is}, {wanted} is wanted")]
    Type { is: Type, wanted: Type },
    #[error("its type is void, but it is a value")]
    Void,
    #[error("there is no lane {lane} of {lanes}")]
    Lane { lane: u8, lanes: u8 },
    #[error("its constant has more bits than its type")]
    Bits,
    #[error("{slot} has {is} bytes, {wanted} are wanted")]
    SlotSize { slot: Slot, is: u32, wanted: u32 },
    #[error("it writes what is constant")]
    ConstantWritten,
    #[error("it reads what is not constant")]
    NotConstant,
    #[error("{0} is no call that gives results here")]
    NoCall(Value),
    #[error("there is no further result {number} of {call}, which has {results}")]
    ResultNumber { call: Value, number: u32, results: usize },
    #[error("the callee's results are not those of the function")]
    TailResults,

    // Of edges.
    #[error("it has no edges")]
    NoEdges,
    #[error("{edge} is an edge of {other}, too")]
    SharedEdge { edge: Edge, other: Value },
    #[error("{edge} goes to {block}, which is not in the order")]
    EdgeOut { edge: Edge, block: Block },
    #[error("{0} goes to the entry")]
    EdgeToEntry(Edge),
    #[error("{0} has no catch")]
    NoCatch(Edge),
    #[error("{0} has a catch, where nothing is thrown")]
    Catch(Edge),
    #[error("{edge} carries {is} values, {block} has {wanted} parameters")]
    EdgeCount { edge: Edge, block: Block, is: usize, wanted: usize },
    #[error("{edge} carries {is} for {param} of type {wanted}")]
    EdgeType { edge: Edge, param: Value, is: Type, wanted: Type },

    // Of where values are.
    /// It floats though it has effects, or is a parameter that its block does not have any more.
    #[error("it is used, but has no place")]
    NoPlace,
    #[error("it uses {value} of {block}, which is not in the order")]
    BlockOut { value: Value, block: Block },
    #[error("it depends on itself")]
    Cycle,
    #[error("it uses {0}, which is not there yet")]
    NotYet(Value),
    #[error("it uses {used}, and so {needed}, which is not there yet")]
    NeedsNotYet { used: Value, needed: Value },
    /// After placement.
    #[error("it is used, but was not placed")]
    NotPlaced,
    /// After placement.
    #[error("none of its two values was chosen")]
    NotChosen,
}
