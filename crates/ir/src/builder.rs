//! Making instructions by their shapes: one method for each way to put one together.
//!
//! All of them make instructions that float; what has effects goes into a block with [`Function::append`], or is made
//! there at once by a [`Builder`].

use crate::entity::{Block, Callee, Edge, Memory, Signature, Slot, Value};
use crate::function::{Function, Inst, List, Region};
use crate::op::{Class, Op, Shape};
use crate::types::Type;
use core::ops::{Deref, DerefMut};
use windlass_abi::num::V128;
use windlass_abi::trap::TrapCode;

/// The result's type of an opcode whose row says it.
///
/// # Panics
/// If the row leaves it to the instruction.
pub const fn fixed_type(op: Op) -> Type {
    match op.row().result {
        Class::Is(ty) => ty,
        _ => panic!("the instruction says what type it has"),
    }
}

impl Inst {
    /// An instruction whose fields are values only: arithmetic without immediates, `select`, `context` and the like.
    #[inline]
    pub fn plain(op: Op, operands: &[Value]) -> Inst {
        let mut fields = [0; 3];
        for (field, value) in fields.iter_mut().zip(operands) {
            *field = value.0;
        }
        Inst { op, aux: 0, fields }
    }

    /// A constant with these bits.
    #[inline]
    pub fn constant(op: Op, bits: u64) -> Inst {
        Inst { op, aux: 0, fields: [bits as u32, (bits >> 32) as u32, 0] }
    }

    /// The constant of this type with these bits.
    ///
    /// # Panics
    /// If the type is a vector's.
    pub fn constant_of(ty: Type, bits: u64) -> Inst {
        let op = match ty {
            Type::I32 => Op::i32_const,
            Type::I64 => Op::i64_const,
            Type::F32 => Op::f32_const,
            Type::F64 => Op::f64_const,
            Type::Ref => Op::ref_const,
            Type::V128 | Type::Void => panic!("constants of {ty} have no bits"),
        };
        Inst::constant(op, bits)
    }

    /// `UnaryLane`, `BinaryLane`.
    pub fn lane_of(op: Op, operands: &[Value], lane: u8) -> Inst {
        Inst { aux: (lane as u16) << 8, ..Inst::plain(op, operands) }
    }

    /// `Load`, `LoadLane`, `Store`, `StoreLane`: an access to a memory.
    ///
    /// # Panics
    /// If there are more than 256 memories.
    pub fn access(op: Op, operands: &[Value], offset: u32, memory: Memory, lane: u8) -> Inst {
        let memory = u8::try_from(memory.0).expect("a function accesses at most 256 memories");
        let mut inst = Inst { aux: memory as u16 | (lane as u16) << 8, ..Inst::plain(op, operands) };
        inst.fields[operands.len()] = offset;
        inst
    }

    /// `RawLoad`, `RawStore`: an access behind a pointer.
    pub fn raw(op: Op, operands: &[Value], offset: i32, region: Region) -> Inst {
        let mut inst = Inst { aux: region as u16, ..Inst::plain(op, operands) };
        inst.fields[operands.len()] = offset.cast_unsigned();
        inst
    }

    /// `Slot`, `SlotStore`: an access to a slot of the frame.
    pub fn slot_of(op: Op, operands: &[Value], slot: Slot) -> Inst {
        let mut inst = Inst::plain(op, operands);
        inst.fields[operands.len()] = slot.0;
        inst
    }
}

/// Appends instructions to a block.
pub struct Builder<'f> {
    function: &'f mut Function,
    block: Block,
}

impl Deref for Builder<'_> {
    type Target = Function;

    fn deref(&self) -> &Function {
        self.function
    }
}

impl DerefMut for Builder<'_> {
    fn deref_mut(&mut self) -> &mut Function {
        self.function
    }
}

impl<'f> Builder<'f> {
    /// Appends to a block that is already in the order.
    pub fn at(function: &'f mut Function, block: Block) -> Builder<'f> {
        Builder { function, block }
    }

    /// Makes a block with parameters of these types, last in the order, and appends to it from now on.
    pub fn start_block(&mut self, types: impl IntoIterator<Item = Type>) -> Block {
        let block = self.function.block();
        self.function.make_params(block, types);
        self.function.order.push(block);
        self.block = block;
        block
    }

    /// Appends to this block from now on.
    pub fn go_to(&mut self, block: Block) {
        self.block = block;
    }

    /// The block at hand.
    pub fn current(&self) -> Block {
        self.block
    }

    /// Makes an instruction; in the block at hand, unless it floats.
    #[inline]
    pub fn push(&mut self, inst: Inst, ty: Type) -> Value {
        let value = self.function.make(inst, ty);
        if !inst.op.effects().floats() {
            self.function.append(self.block, value);
        }
        value
    }

    /// Arithmetic without immediates, and whatever else has values only and a type that its row says.
    #[inline]
    pub fn op(&mut self, op: Op, operands: &[Value]) -> Value {
        self.push(Inst::plain(op, operands), fixed_type(op))
    }

    /// A constant of this type with these bits.
    pub fn constant(&mut self, ty: Type, bits: u64) -> Value {
        self.push(Inst::constant_of(ty, bits), ty)
    }

    /// A constant vector.
    pub fn vector_constant(&mut self, vector: V128) -> Value {
        let number = self.function.vector(vector);
        self.push(Inst { op: Op::v128_const, aux: 0, fields: [number, 0, 0] }, Type::V128)
    }

    /// The first value if the condition is not zero, else the second.
    pub fn select(&mut self, a: Value, b: Value, condition: Value) -> Value {
        let ty = self.function.ty(a);
        self.push(Inst::plain(Op::select, &[a, b, condition]), ty)
    }

    /// An access to a memory.
    pub fn access(&mut self, op: Op, operands: &[Value], offset: u32, memory: Memory) -> Value {
        if op.shape() == Shape::Exchange {
            let list = self.function.list(operands.iter().copied());
            let inst = Inst::access(op, &[], 0, memory, 0);
            return self.push(Inst { fields: [list.start(), offset, 0], ..inst }, fixed_type(op));
        }
        self.push(Inst::access(op, operands, offset, memory, 0), fixed_type(op))
    }

    /// A load behind a pointer.
    pub fn raw_load(&mut self, op: Op, ty: Type, pointer: Value, offset: i32, region: Region) -> Value {
        self.push(Inst::raw(op, &[pointer], offset, region), ty)
    }

    /// A store behind a pointer.
    pub fn raw_store(&mut self, op: Op, pointer: Value, value: Value, offset: i32, region: Region) -> Value {
        self.push(Inst::raw(op, &[pointer, value], offset, region), Type::Void)
    }

    /// A call: its value is the first result.
    pub fn call(&mut self, op: Op, callee: Callee, args: &[Value]) -> Value {
        let list = self.function.list(args.iter().copied());
        self.push_call(Inst { op, aux: 0, fields: [callee.0, list.start(), list.len() as u32] })
    }

    /// A call of the code behind a pointer: the first of the values; the second one points to the code's context.
    pub fn call_pointer(&mut self, op: Op, signature: Signature, args: &[Value]) -> Value {
        let list = self.function.list(args.iter().copied());
        self.push_call(Inst { op, aux: 0, fields: [signature.0, list.start(), list.len() as u32] })
    }

    fn push_call(&mut self, inst: Inst) -> Value {
        let value = self.function.make(inst, Type::Void);
        if !inst.op.ends() {
            let ty = self.function.call_signature(value).results.first().copied().unwrap_or_default();
            self.function.set_ty(value, ty);
        }
        self.function.append(self.block, value);
        value
    }

    /// A call that ends its block: `edges` are consecutive, first where it returns, then where it throws.
    /// `first` is the callee's or the signature's number.
    pub fn try_call(&mut self, op: Op, first: u32, edges: &[Edge], args: &[Value]) -> Value {
        debug_assert!(edges.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
        let head = [Value(edges[0].0), Value(edges.len() as u32)];
        let list = self.function.list(head.into_iter().chain(args.iter().copied()));
        self.push_call(Inst { op, aux: 0, fields: [first, list.start(), args.len() as u32] })
    }

    /// A further result of a call, from 1.
    pub fn result(&mut self, call: Value, number: u32) -> Value {
        let ty = self.function.call_signature(call).results[number as usize];
        self.push(Inst { op: Op::result, aux: 0, fields: [call.0, number, 0] }, ty)
    }

    /// Goes to a block.
    pub fn jump(&mut self, block: Block, args: &[Value]) -> Value {
        let args = self.function.list(args.iter().copied());
        let edge = self.function.edge(block, args);
        self.push(Inst { op: Op::jump, aux: 0, fields: [edge.0, 0, 0] }, Type::Void)
    }

    /// Goes to the first block if the condition is not zero, else to the second.
    pub fn branch(
        &mut self,
        condition: Value,
        then: (Block, &[Value]),
        otherwise: (Block, &[Value]),
    ) -> Value {
        let args = self.function.list(then.1.iter().copied());
        let first = self.function.edge(then.0, args);
        let args = self.function.list(otherwise.1.iter().copied());
        self.function.edge(otherwise.0, args);
        self.push(Inst { op: Op::branch, aux: 0, fields: [condition.0, first.0, 0] }, Type::Void)
    }

    /// Goes along one of the edges, which are consecutive: by the index, or the last one for all that are beyond.
    pub fn branch_table(&mut self, index: Value, edges: &[Edge]) -> Value {
        debug_assert!(edges.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
        let fields = [index.0, edges[0].0, edges.len() as u32];
        self.push(Inst { op: Op::branch_table, aux: 0, fields }, Type::Void)
    }

    /// Returns these values.
    pub fn return_(&mut self, values: &[Value]) -> Value {
        let list = self.function.list(values.iter().copied());
        self.push(Inst { op: Op::return_, aux: 0, fields: [list.start(), list.len() as u32, 0] }, Type::Void)
    }

    /// Traps.
    pub fn trap(&mut self, code: TrapCode) -> Value {
        self.push(Inst { op: Op::trap, aux: code as u16, fields: [0; 3] }, Type::Void)
    }

    /// `trap_if` or `trap_unless`.
    pub fn trap_if(&mut self, op: Op, condition: Value, code: TrapCode) -> Value {
        self.push(Inst { op, aux: code as u16, fields: [condition.0, 0, 0] }, Type::Void)
    }

    /// Charges fuel.
    pub fn charge(&mut self, fuel: u32) -> Value {
        self.push(Inst { op: Op::charge, aux: 0, fields: [fuel, 0, 0] }, Type::Void)
    }
}

impl List {
    /// Where it starts in the pool.
    pub const fn start(self) -> u32 {
        self.start
    }
}
