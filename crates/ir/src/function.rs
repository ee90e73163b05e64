//! A function: instructions, blocks and edges, and what they refer to.
//!
//! **Instructions and values** are the same thing and share one number. An instruction has 16 bytes: its opcode, and fields
//! that the opcode's [`Shape`] explains; its type, block, neighbours and position lie in arrays beside it. What has no
//! effects **floats**: it is in no block until code is placed, and may be used wherever its own operands are there.
//!
//! **Blocks** list their instructions; the last one ends the block and holds its edges. Every edge names a block and
//! the values of its parameters. The first block of the order is the entry, whose parameters are the function's.
//!
//! Lists of values lie in one pool. Nothing is allocated for an instruction by itself.

use crate::entity::{Block, Callee, Edge, Memory, Signature, Slot, Value};
use crate::op::{Op, Shape};
use crate::types::Type;
use alloc::vec::Vec;
use core::mem::size_of;
use windlass_abi::num::V128;
use windlass_abi::trap::TrapCode;

/// An instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Inst {
    /// What it is.
    pub op: Op,
    /// Memory (low byte) and lane (high byte), region, or trap code.
    pub aux: u16,
    /// What the shape says: values first.
    pub fields: [u32; 3],
}

const _: () = assert!(size_of::<Inst>() == 16);

/// What nothing is.
const NONE: u32 = u32::MAX;

/// A list of numbers in the pool.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct List {
    pub(crate) start: u32,
    len: u32,
}

impl List {
    /// So many numbers from a place in the pool.
    pub(crate) const fn new(start: u32, len: u32) -> List {
        List { start, len }
    }

    /// How many there are.
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// What raw accesses go to. Accesses to different regions never meet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u16)]
pub enum Region {
    /// What never changes while the function runs.
    Constant,
    /// What the runtime changes when memories and tables grow.
    Sizes,
    /// Globals.
    Globals,
    /// Elements of tables.
    Tables,
    /// The store's own state.
    Store,
    /// The frame of the function: slots whose address is taken.
    Frame,
}

impl Region {
    /// All of them, in the order of their numbers.
    pub const ALL: [Region; 6] =
        [Region::Constant, Region::Sizes, Region::Globals, Region::Tables, Region::Store, Region::Frame];

    /// Its name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Region::Constant => "constant",
            Region::Sizes => "sizes",
            Region::Globals => "globals",
            Region::Tables => "tables",
            Region::Store => "store",
            Region::Frame => "frame",
        }
    }
}

/// Types of parameters and results.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct SignatureData {
    /// Of the parameters.
    pub params: Vec<Type>,
    /// Of the results.
    pub results: Vec<Type>,
}

/// What a callee is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// A function of the module, by its number among the module's own.
    Own(u32),
    /// A function of the runtime, by its number in the table of builtins. Its first parameter is what it is given.
    Builtin(u32),
    /// Throws a new exception; never returns. Parameters: the pointer to the tag, and that to the values, in slots of 8 bytes.
    Throw,
    /// Throws an exception again; never returns. Parameter: the reference to it, not null.
    ThrowRef,
}

/// A function that can be called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CalleeData {
    /// What it is.
    pub target: Target,
    /// Its signature.
    pub signature: Signature,
}

/// A memory, and how its bounds are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryData {
    /// The type of its indices: `i32` or `i64`.
    pub index: Type,
    /// Offset in the context of the pointer to its first byte.
    pub base_at: u32,
    /// Whether the first byte stays where it is.
    pub base_fixed: bool,
    /// Offset in the context of its size in bytes, or of the pointer to that.
    pub len_at: u32,
    /// Whether there is a pointer to the size.
    pub len_behind_pointer: bool,
    /// Accesses that end so many bytes behind the base, at most, fault if they are out of bounds. 0: none does.
    pub reach: u64,
    /// Its size is never less, in bytes.
    pub min_len: u64,
}

/// A slot of the frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SlotData {
    /// Its size in bytes.
    pub size: u32,
}

/// What an exception handler catches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Catch {
    /// Offset in the context of the pointer to the tag; all exceptions, without.
    pub tag: Option<u32>,
    /// Types of what the block gets, before the values of the edge: the exception's values, and the reference to it.
    pub values: Vec<Type>,
}

/// A way to another block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EdgeData {
    /// Where it goes.
    pub block: Block,
    /// Values of the block's parameters; the last ones, behind what a call returns or throws.
    pub args: List,
    /// Of an edge on which something is caught: the number of its catch.
    pub catch: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct BlockData {
    params: List,
    first: u32,
    last: u32,
    cold: bool,
}

/// Where an instruction is.
#[derive(Clone, Copy, Debug)]
struct Place {
    block: u32,
    next: u32,
    previous: u32,
}

const FLOATING: Place = Place { block: NONE, next: NONE, previous: NONE };

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its signature.
    pub signature: Signature,
    /// Signatures of itself and of what it calls.
    pub signatures: Vec<SignatureData>,
    /// What it calls.
    pub callees: Vec<CalleeData>,
    /// The memories that it accesses.
    pub memories: Vec<MemoryData>,
    /// Slots of its frame.
    pub slots: Vec<SlotData>,
    /// What its handlers catch.
    pub catches: Vec<Catch>,
    /// Its blocks in the order of the code. The first one is the entry.
    pub order: Vec<Block>,
    insts: Vec<Inst>,
    types: Vec<Type>,
    places: Vec<Place>,
    positions: Vec<u32>,
    blocks: Vec<BlockData>,
    edges: Vec<EdgeData>,
    vectors: Vec<V128>,
    pool: Vec<u32>,
    /// The position of instructions that are made.
    position: u32,
}

impl Function {
    /// A function of this signature without blocks.
    pub fn new(signature: SignatureData) -> Function {
        Function {
            signature: Signature(0),
            signatures: alloc::vec![signature],
            callees: Vec::new(),
            memories: Vec::new(),
            slots: Vec::new(),
            catches: Vec::new(),
            order: Vec::new(),
            insts: Vec::new(),
            types: Vec::new(),
            places: Vec::new(),
            positions: Vec::new(),
            blocks: Vec::new(),
            edges: Vec::new(),
            vectors: Vec::new(),
            pool: Vec::new(),
            position: 0,
        }
    }

    /// Forgets everything but its allocations.
    pub fn clear(&mut self, signature: SignatureData) {
        self.signature = Signature(0);
        self.signatures.clear();
        self.signatures.push(signature);
        self.callees.clear();
        self.memories.clear();
        self.slots.clear();
        self.catches.clear();
        self.order.clear();
        self.insts.clear();
        self.types.clear();
        self.places.clear();
        self.positions.clear();
        self.blocks.clear();
        self.edges.clear();
        self.vectors.clear();
        self.pool.clear();
        self.position = 0;
    }

    // Making instructions.

    /// Sets the position of the instructions that are made from now on: an offset in what the function comes from.
    pub fn set_position(&mut self, position: u32) {
        self.position = position;
    }

    /// Makes an instruction that floats.
    #[inline]
    pub fn make(&mut self, inst: Inst, ty: Type) -> Value {
        let value = Value(self.insts.len() as u32);
        self.insts.push(inst);
        self.types.push(ty);
        self.places.push(FLOATING);
        self.positions.push(self.position);
        value
    }

    /// Puts an instruction that is in no block at the end of a block.
    #[inline]
    pub fn append(&mut self, block: Block, value: Value) {
        let last = self.blocks[block.index()].last;
        debug_assert_eq!(self.places[value.index()].block, NONE, "{value} is in a block");
        self.places[value.index()] = Place { block: block.0, next: NONE, previous: last };
        match last {
            NONE => self.blocks[block.index()].first = value.0,
            last => self.places[last as usize].next = value.0,
        }
        self.blocks[block.index()].last = value.0;
    }

    /// Puts an instruction that is in no block before one that is in a block.
    pub fn insert_before(&mut self, next: Value, value: Value) {
        let Place { block, previous, .. } = self.places[next.index()];
        debug_assert!(block != NONE && self.places[value.index()].block == NONE);
        self.places[value.index()] = Place { block, next: next.0, previous };
        self.places[next.index()].previous = value.0;
        match previous {
            NONE => self.blocks[block as usize].first = value.0,
            previous => self.places[previous as usize].next = value.0,
        }
    }

    /// Takes an instruction out of its block.
    pub fn remove(&mut self, value: Value) {
        let Place { block, next, previous } = self.places[value.index()];
        debug_assert_ne!(block, NONE, "{value} is in no block");
        match previous {
            NONE => self.blocks[block as usize].first = next,
            previous => self.places[previous as usize].next = next,
        }
        match next {
            NONE => self.blocks[block as usize].last = previous,
            next => self.places[next as usize].previous = previous,
        }
        self.places[value.index()] = FLOATING;
    }

    // Instructions.

    /// How many instructions were made.
    pub fn values(&self) -> usize {
        self.insts.len()
    }

    /// An instruction.
    #[inline]
    pub fn inst(&self, value: Value) -> Inst {
        self.insts[value.index()]
    }

    /// An instruction, to change it.
    #[inline]
    pub fn inst_mut(&mut self, value: Value) -> &mut Inst {
        &mut self.insts[value.index()]
    }

    /// Its opcode.
    #[inline]
    pub fn op(&self, value: Value) -> Op {
        self.insts[value.index()].op
    }

    /// Its type.
    #[inline]
    pub fn ty(&self, value: Value) -> Type {
        self.types[value.index()]
    }

    /// Sets its type.
    pub fn set_ty(&mut self, value: Value, ty: Type) {
        self.types[value.index()] = ty;
    }

    /// The block that it is in.
    #[inline]
    pub fn block_of(&self, value: Value) -> Option<Block> {
        let block = self.places[value.index()].block;
        (block != NONE).then_some(Block(block))
    }

    /// Its position: an offset in what the function comes from.
    pub fn position(&self, value: Value) -> u32 {
        self.positions[value.index()]
    }

    /// Its operands, without those of its edges.
    #[inline]
    pub fn operands(&self, value: Value) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator + '_ {
        let inst = &self.insts[value.index()];
        let slice = match operand_fields(inst) {
            Fields::Inline(count) => &inst.fields[..count],
            Fields::Pool(start, len) => &self.pool[start as usize..][..len as usize],
        };
        slice.iter().map(|v| Value(*v))
    }

    /// Changes each of its operands, without those of its edges.
    pub fn map_operands(&mut self, value: Value, mut f: impl FnMut(Value) -> Value) {
        let inst = &mut self.insts[value.index()];
        let slice = match operand_fields(inst) {
            Fields::Inline(count) => &mut inst.fields[..count],
            Fields::Pool(start, len) => &mut self.pool[start as usize..][..len as usize],
        };
        for v in slice {
            *v = f(Value(*v)).0;
        }
    }

    /// How many operands it has.
    #[inline]
    pub fn operand_count(&self, value: Value) -> usize {
        match operand_fields(&self.insts[value.index()]) {
            Fields::Inline(count) => count,
            Fields::Pool(_, len) => len as usize,
        }
    }

    /// One of its operands.
    #[inline]
    pub fn operand(&self, value: Value, number: usize) -> Value {
        let inst = &self.insts[value.index()];
        match operand_fields(inst) {
            Fields::Inline(count) => Value(inst.fields[..count][number]),
            Fields::Pool(start, len) => Value(self.pool[start as usize..][..len as usize][number]),
        }
    }

    /// Sets one of its operands.
    pub fn set_operand(&mut self, value: Value, number: usize, operand: Value) {
        let inst = &mut self.insts[value.index()];
        match operand_fields(inst) {
            Fields::Inline(count) => inst.fields[..count][number] = operand.0,
            Fields::Pool(start, len) => self.pool[start as usize..][..len as usize][number] = operand.0,
        }
    }

    /// The edges of the last instruction of a block.
    pub fn edges(&self, value: Value) -> impl DoubleEndedIterator<Item = Edge> + ExactSizeIterator + use<> {
        let inst = &self.insts[value.index()];
        let (first, count) = match inst.op.shape() {
            Shape::Jump => (inst.fields[0], 1),
            Shape::Branch => (inst.fields[1], 2),
            Shape::Table => (inst.fields[1], inst.fields[2]),
            Shape::TryCall | Shape::TryCallPointer => {
                let at = inst.fields[1] as usize;
                (self.pool[at], self.pool[at + 1])
            }
            _ => (0, 0),
        };
        (first..first + count).map(Edge)
    }

    /// The constant that an instruction is: its bits.
    #[inline]
    pub fn constant(&self, value: Value) -> Option<u64> {
        let inst = &self.insts[value.index()];
        (inst.op.shape() == Shape::Const).then_some(inst.bits())
    }

    /// Whether there is what the fields of an instruction point to: its operands, edges and vector in the pools of the
    /// function, its region and trap. Who asks for them panics otherwise.
    pub fn is_whole(&self, value: Value) -> bool {
        let Some(inst) = self.insts.get(value.index()) else { return false };
        let holds = |total: usize, start: u32, len: u32| u64::from(start) + u64::from(len) <= total as u64;
        let pool = |start, len| holds(self.pool.len(), start, len);
        let edges = |first: u32, count: u32| {
            holds(self.edges.len(), first, count)
                && self.edges[first as usize..][..count as usize]
                    .iter()
                    .all(|e| pool(e.args.start, e.args.len))
        };
        let [a, b, c] = inst.fields;
        let operands = match operand_fields(inst) {
            Fields::Inline(_) => true,
            Fields::Pool(start, len) => pool(start, len),
        };
        operands
            && match inst.op.shape() {
                Shape::VectorConst | Shape::Shuffle => holds(self.vectors.len(), inst.vector(), 1),
                Shape::RawLoad | Shape::RawStore => usize::from(inst.aux) < Region::ALL.len(),
                Shape::Trap | Shape::TrapIf => TrapCode::from_code(inst.aux as u8).is_some(),
                Shape::Jump => edges(a, 1),
                Shape::Branch => edges(b, 2),
                Shape::Table => edges(b, c),
                Shape::TryCall | Shape::TryCallPointer => {
                    pool(b, 2) && edges(self.pool[b as usize], self.pool[b as usize + 1])
                }
                _ => true,
            }
    }

    // Pools.

    /// A list of these values.
    pub fn list(&mut self, values: impl IntoIterator<Item = Value>) -> List {
        let start = self.pool.len();
        self.pool.extend(values.into_iter().map(|v| v.0));
        List { start: start as u32, len: (self.pool.len() - start) as u32 }
    }

    /// The values of a list.
    #[inline]
    pub fn values_of(&self, list: List) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator + '_ {
        self.pool[list.start as usize..][..list.len()].iter().map(|v| Value(*v))
    }

    /// How many numbers are in the pool of lists.
    pub(crate) fn pool_len(&self) -> usize {
        self.pool.len()
    }

    /// How many vectors are in their pool.
    pub(crate) fn vector_count(&self) -> usize {
        self.vectors.len()
    }

    /// The number of a vector in the pool, for constants and lanes.
    pub fn vector(&mut self, vector: V128) -> u32 {
        self.vectors.push(vector);
        self.vectors.len() as u32 - 1
    }

    /// A vector of the pool.
    pub fn vector_at(&self, number: u32) -> V128 {
        self.vectors[number as usize]
    }

    /// The number of this signature.
    pub fn signature_of(&mut self, data: SignatureData) -> Signature {
        let at = self.signatures.iter().position(|s| *s == data).unwrap_or_else(|| {
            self.signatures.push(data);
            self.signatures.len() - 1
        });
        Signature(at as u32)
    }

    /// The signature of a call.
    ///
    /// # Panics
    /// If the instruction is none.
    pub fn call_signature(&self, value: Value) -> &SignatureData {
        let inst = &self.insts[value.index()];
        let signature = match inst.op.shape() {
            Shape::Call | Shape::TryCall => self.callees[inst.fields[0] as usize].signature,
            Shape::CallPointer | Shape::TryCallPointer => Signature(inst.fields[0]),
            shape => panic!("{value} is no call but {shape:?}"),
        };
        &self.signatures[signature.index()]
    }

    // Blocks and edges.

    /// Makes a block without parameters, which is not in the order yet.
    pub fn block(&mut self) -> Block {
        self.blocks.push(BlockData { params: List::default(), first: NONE, last: NONE, cold: false });
        Block(self.blocks.len() as u32 - 1)
    }

    /// Says that a block is seldom run.
    pub fn set_cold(&mut self, block: Block) {
        self.blocks[block.index()].cold = true;
    }

    /// Whether a block is seldom run.
    pub fn is_cold(&self, block: Block) -> bool {
        self.blocks[block.index()].cold
    }

    /// How many blocks were made.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Makes the parameters of a block that has none.
    pub fn make_params(&mut self, block: Block, types: impl IntoIterator<Item = Type>) -> List {
        debug_assert!(self.blocks[block.index()].params.is_empty());
        let mut params = Vec::new();
        for (i, ty) in types.into_iter().enumerate() {
            let inst = Inst { op: Op::param, aux: 0, fields: [block.0, i as u32, 0] };
            params.push(self.make(inst, ty));
        }
        for param in &params {
            self.places[param.index()].block = block.0;
        }
        let list = self.list(params);
        self.blocks[block.index()].params = list;
        list
    }

    /// Keeps those parameters of a block for which `keep` holds, by their number. The edges are not changed.
    pub fn retain_params(&mut self, block: Block, mut keep: impl FnMut(usize) -> bool) {
        let List { start, len } = self.blocks[block.index()].params;
        let mut kept = 0;
        for i in 0..len {
            let param = self.pool[(start + i) as usize];
            if keep(i as usize) {
                self.pool[(start + kept) as usize] = param;
                self.insts[param as usize].fields[1] = kept;
                kept += 1;
            } else {
                self.places[param as usize] = FLOATING;
            }
        }
        self.blocks[block.index()].params.len = kept;
    }

    /// The parameters of a block.
    pub fn params(&self, block: Block) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator + '_ {
        self.values_of(self.blocks[block.index()].params)
    }

    /// One of the parameters of a block.
    #[inline]
    pub fn param(&self, block: Block, number: usize) -> Value {
        let List { start, len } = self.blocks[block.index()].params;
        debug_assert!(number < len as usize);
        Value(self.pool[start as usize + number])
    }

    /// The instructions of a block, from the first to the last; without its parameters.
    pub fn insts(&self, block: Block) -> impl Iterator<Item = Value> + '_ {
        let first = self.blocks[block.index()].first;
        core::iter::successors((first != NONE).then_some(Value(first)), |v| self.next(*v))
    }

    /// The instruction behind one in its block.
    #[inline]
    pub fn next(&self, value: Value) -> Option<Value> {
        let next = self.places[value.index()].next;
        (next != NONE).then_some(Value(next))
    }

    /// The instruction before one in its block.
    #[inline]
    pub fn previous(&self, value: Value) -> Option<Value> {
        let previous = self.places[value.index()].previous;
        (previous != NONE).then_some(Value(previous))
    }

    /// The first instruction of a block.
    pub fn first(&self, block: Block) -> Option<Value> {
        let first = self.blocks[block.index()].first;
        (first != NONE).then_some(Value(first))
    }

    /// The last instruction of a block.
    pub fn last(&self, block: Block) -> Option<Value> {
        let last = self.blocks[block.index()].last;
        (last != NONE).then_some(Value(last))
    }

    /// Makes an edge.
    pub fn edge(&mut self, block: Block, args: List) -> Edge {
        self.edges.push(EdgeData { block, args, catch: None });
        Edge(self.edges.len() as u32 - 1)
    }

    /// How many edges were made.
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// An edge.
    #[inline]
    pub fn edge_data(&self, edge: Edge) -> EdgeData {
        self.edges[edge.index()]
    }

    /// An edge, to change it.
    pub fn edge_data_mut(&mut self, edge: Edge) -> &mut EdgeData {
        &mut self.edges[edge.index()]
    }

    /// The values that an edge carries.
    #[inline]
    pub fn args(&self, edge: Edge) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator + '_ {
        self.values_of(self.edges[edge.index()].args)
    }

    /// One of the values that an edge carries.
    #[inline]
    pub fn arg(&self, edge: Edge, number: usize) -> Value {
        let List { start, len } = self.edges[edge.index()].args;
        debug_assert!(number < len as usize);
        Value(self.pool[start as usize + number])
    }

    /// Sets one of the values that an edge carries.
    pub fn set_arg(&mut self, edge: Edge, number: usize, value: Value) {
        let List { start, len } = self.edges[edge.index()].args;
        debug_assert!(number < len as usize);
        self.pool[start as usize + number] = value.0;
    }

    /// Keeps those values of an edge for which `keep` holds, by their number. The block's parameters are not changed.
    pub fn retain_args(&mut self, edge: Edge, mut keep: impl FnMut(usize) -> bool) {
        let List { start, len } = self.edges[edge.index()].args;
        let mut kept = 0;
        for i in 0..len {
            if keep(i as usize) {
                self.pool[(start + kept) as usize] = self.pool[(start + i) as usize];
                kept += 1;
            }
        }
        self.edges[edge.index()].args.len = kept;
    }

    /// Changes each value that an edge carries.
    pub fn map_args(&mut self, edge: Edge, mut f: impl FnMut(Value) -> Value) {
        let List { start, len } = self.edges[edge.index()].args;
        for v in &mut self.pool[start as usize..][..len as usize] {
            *v = f(Value(*v)).0;
        }
    }

    /// Where a block goes.
    pub fn successors(&self, block: Block) -> impl Iterator<Item = Block> + '_ {
        let last = self.last(block);
        last.into_iter().flat_map(|last| self.edges(last)).map(|edge| self.edge_data(edge).block)
    }
}

/// Where operands are.
enum Fields {
    /// So many of the fields.
    Inline(usize),
    /// In the pool: start and length.
    Pool(u32, u32),
}

#[inline]
fn operand_fields(inst: &Inst) -> Fields {
    let [_, b, c] = inst.fields;
    match inst.op.shape() {
        Shape::Plain
        | Shape::Const
        | Shape::VectorConst
        | Shape::Param
        | Shape::Slot
        | Shape::Number
        | Shape::Trap
        | Shape::Jump => Fields::Inline(0),
        Shape::Unary
        | Shape::UnaryLane
        | Shape::Result
        | Shape::Load
        | Shape::RawLoad
        | Shape::SlotStore
        | Shape::TrapIf
        | Shape::Branch
        | Shape::Table => Fields::Inline(1),
        Shape::Binary
        | Shape::BinaryLane
        | Shape::Shuffle
        | Shape::LoadLane
        | Shape::Store
        | Shape::StoreLane
        | Shape::RawStore => Fields::Inline(2),
        Shape::Ternary => Fields::Inline(3),
        Shape::Exchange => Fields::Pool(inst.fields[0], 3),
        Shape::Values => Fields::Pool(inst.fields[0], b),
        Shape::Call | Shape::CallPointer => Fields::Pool(b, c),
        // The edges are before them: the first one, and how many.
        Shape::TryCall | Shape::TryCallPointer => Fields::Pool(b.saturating_add(2), c),
    }
}

/// What the fields of an instruction are. Each is meant for the shapes that it names.
impl Inst {
    /// `Const`: the bits, which are zero-extended.
    #[inline]
    pub const fn bits(&self) -> u64 {
        self.fields[0] as u64 | (self.fields[1] as u64) << 32
    }

    /// `VectorConst`, `Shuffle`: the number of the vector in the pool.
    #[inline]
    pub const fn vector(&self) -> u32 {
        match self.op.shape() {
            Shape::Shuffle => self.fields[2],
            _ => self.fields[0],
        }
    }

    /// Accesses to memories and behind pointers: the offset, of pointers a signed one.
    #[inline]
    pub const fn offset(&self) -> u32 {
        match self.op.shape() {
            Shape::Load | Shape::RawLoad | Shape::Exchange => self.fields[1],
            _ => self.fields[2],
        }
    }

    /// Accesses to memories: the memory.
    #[inline]
    pub const fn memory(&self) -> Memory {
        Memory(self.aux as u32 & 0xff)
    }

    /// Whatever has a lane: the lane.
    #[inline]
    pub const fn lane(&self) -> u8 {
        (self.aux >> 8) as u8
    }

    /// Accesses behind pointers: the region.
    ///
    /// # Panics
    /// If the instruction is none.
    #[inline]
    pub const fn region(&self) -> Region {
        Region::ALL[self.aux as usize]
    }

    /// `Trap`, `TrapIf`: why.
    ///
    /// # Panics
    /// If the instruction is none.
    pub fn trap_code(&self) -> TrapCode {
        TrapCode::from_code(self.aux as u8).expect("it has the code of a trap")
    }

    /// `Slot`, `SlotStore`: the slot.
    #[inline]
    pub const fn slot(&self) -> Slot {
        match self.op.shape() {
            Shape::SlotStore => Slot(self.fields[1]),
            _ => Slot(self.fields[0]),
        }
    }

    /// `Number`, and of `Param` and `Result` which one.
    #[inline]
    pub const fn number(&self) -> u32 {
        match self.op.shape() {
            Shape::Number => self.fields[0],
            _ => self.fields[1],
        }
    }

    /// `Call`, `TryCall`: what is called.
    #[inline]
    pub const fn callee(&self) -> Callee {
        Callee(self.fields[0])
    }

    /// `CallPointer`, `TryCallPointer`: the signature of what is called.
    #[inline]
    pub const fn signature(&self) -> Signature {
        Signature(self.fields[0])
    }
}
