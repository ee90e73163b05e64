//! From Wasm to the intermediate representation, while the validator walks the body.
//!
//! **In:** a module's facts and a body, [`Settings`]. **Out:** a [`Function`] in which pure operations float and
//! everything else is in its block.
//!
//! Structured control gives SSA form at once (`control`): a block has a parameter for what its label carries, and for each
//! local that came to it with different values, or that is written in the loop that it starts. What the locals were is not
//! copied at each block but kept as a log of changes (`locals`).
//!
//! - `visit`: the operators; those that are arithmetic or accesses go by the table of opcodes;
//! - `calls`, `memory`, `reference`: operators that take more than one instruction.
//!
//! **Invariants.** In code that cannot be reached nothing is made, and the stack is not touched. Blocks come in the order of the
//! code, but for those that are seldom run. A function whose merges would take more than `MAX_MERGED` values is translated
//! again with its locals in slots of the frame.

mod calls;
mod control;
mod locals;
mod memory;
mod reference;
mod scan;
#[cfg(test)]
mod tests;
mod visit;

use crate::simplify::Simplifier;
use control::{Control, Incoming};
use locals::Locals;
use scan::Loops;
use std::collections::HashMap;
use windlass_abi::facts::{FuncIndex, ModuleFacts};
use windlass_abi::trap::TrapCode;
use windlass_abi::types::{FuncType, TypeIndex, ValKind, ValType};
use windlass_ir::builder::fixed_type;
use windlass_ir::entity::{Callee, Signature};
use windlass_ir::function::{Region, SignatureData, Target};
use windlass_ir::{Block, Function, Inst, Memory, Op, Type, Value};
use windlass_wasm::plans::Plans;
use windlass_wasm::types::TypeKinds;
use windlass_wasm::{Body, DecodeError, Sink, SinkError, WalkScratch};

type Done = Result<(), SinkError>;

/// What code must do beyond what the module says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Charge fuel.
    pub fuel: bool,
    /// Look whether someone wants the guest's attention.
    pub interruption: bool,
    /// Accesses to 32-bit memories that end so many bytes behind the base, at most, fault if they are out of bounds. 0: none does.
    pub memory_reach: u64,
    /// Whether the first byte of a 32-bit memory stays where it is.
    pub memory_fixed: bool,
}

/// Values that the merges of a function may take before its locals are kept in slots.
const MAX_MERGED: usize = 1 << 22;

/// Translates functions of a module, one after another.
pub struct Translator<'m> {
    plans: Plans<'m>,
    kinds: TypeKinds,
    settings: Settings,
    function: Function,
    simplifier: Simplifier,
    loops: Loops,
    scratch: WalkScratch,
    /// The block at hand.
    block: Block,
    /// Whether the operator at hand cannot be reached.
    dead: bool,
    stack: Vec<Value>,
    locals: Locals,
    control: Vec<Control>,
    incoming: Vec<Incoming>,
    /// Values that branches carry, and the locals that they change, of all of `incoming`.
    carried: Vec<Value>,
    changes: Vec<(u32, Value)>,
    /// Loops that have started so far.
    started_loops: usize,
    /// The charge of the fuel block at hand.
    charge: Option<Value>,
    /// The pointer to the context.
    context: Value,
    /// The function's index.
    index: FuncIndex,
    /// Callees of the function, and the numbers of its function types.
    callees: HashMap<Target, Callee>,
    signatures: HashMap<TypeIndex, Signature>,
    /// Which memory of the function is which of the module.
    memories: Vec<u32>,
    /// Whether locals are in slots.
    in_slots: bool,
    /// What the merges of the function have taken so far.
    merged: usize,
}

/// The type of values of a kind.
fn type_of(kind: ValKind) -> Type {
    match kind {
        ValKind::I32 => Type::I32,
        ValKind::I64 | ValKind::Func => Type::I64,
        ValKind::F32 => Type::F32,
        ValKind::F64 => Type::F64,
        ValKind::V128 => Type::V128,
        ValKind::Gc => Type::Ref,
    }
}

/// The signature of a function type.
fn signature_of(ty: &FuncType) -> SignatureData {
    let types = |types: &[ValType]| types.iter().map(|ty| type_of(ty.kind())).collect();
    SignatureData { params: types(&ty.params), results: types(&ty.results) }
}

impl<'m> Translator<'m> {
    /// A translator for functions of the module with these facts.
    pub fn new(facts: &'m ModuleFacts, settings: Settings) -> Translator<'m> {
        Translator {
            plans: Plans::new(facts),
            kinds: TypeKinds::new(&facts.types),
            settings,
            function: Function::new(SignatureData::default()),
            simplifier: Simplifier::default(),
            loops: Loops::default(),
            scratch: WalkScratch::default(),
            block: Block(0),
            dead: false,
            stack: Vec::new(),
            locals: Locals::default(),
            control: Vec::new(),
            incoming: Vec::new(),
            carried: Vec::new(),
            changes: Vec::new(),
            started_loops: 0,
            charge: None,
            context: Value(0),
            index: 0,
            callees: HashMap::new(),
            signatures: HashMap::new(),
            memories: Vec::new(),
            in_slots: false,
            merged: 0,
        }
    }

    /// Validates and translates a body. The function is good until the next one is translated.
    ///
    /// # Errors
    /// If the body is invalid.
    pub fn translate(&mut self, body: Body<'m>) -> Result<&mut Function, DecodeError> {
        self.loops.scan(&body);
        let again = body.clone();
        self.in_slots = false;
        let mut scratch = core::mem::take(&mut self.scratch);
        let mut result = body.walk(&mut scratch, self);
        if result.is_err() && self.merged > MAX_MERGED {
            self.in_slots = true;
            result = again.walk(&mut scratch, self);
        }
        self.scratch = scratch;
        result.map(|()| &mut self.function)
    }

    /// The function that was translated last, and the simplifier that made it: what passes work with.
    pub fn parts(&mut self) -> (&mut Function, &mut Simplifier) {
        (&mut self.function, &mut self.simplifier)
    }

    fn facts(&self) -> &'m ModuleFacts {
        self.plans.facts()
    }

    fn begin_function(&mut self, index: FuncIndex, locals: &[(u32, ValType)]) -> Done {
        let ty = self.facts().type_of_func(index);
        let signature = signature_of(ty);
        let types: Vec<Type> = signature.params.clone();
        self.function.clear(signature);
        self.simplifier.clear();
        self.stack.clear();
        self.control.clear();
        self.incoming.clear();
        self.carried.clear();
        self.changes.clear();
        self.memories.clear();
        self.callees.clear();
        self.signatures.clear();
        self.index = index;
        self.dead = false;
        self.charge = None;
        (self.started_loops, self.merged) = (0, 0);
        self.function.set_position(0);
        let entry = self.function.block();
        self.function.make_params(entry, types);
        self.start(entry);
        self.context =
            self.simplifier.make_inst(&mut self.function, Inst::plain(Op::context, &[]), Type::I64);
        self.begin_locals(entry, locals);
        self.enter_body();
        Ok(())
    }

    /// Goes on in a block, which comes next in the code.
    fn start(&mut self, block: Block) {
        self.function.order.push(block);
        self.block = block;
    }

    // Making instructions.

    /// Puts an instruction with effects in the block at hand.
    fn place(&mut self, inst: Inst, ty: Type) -> Value {
        let value = self.function.make(inst, ty);
        self.function.append(self.block, value);
        value
    }

    /// A pure operation.
    fn pure(&mut self, op: Op, operands: &[Value]) -> Value {
        self.simplifier.make(&mut self.function, op, operands)
    }

    fn constant(&mut self, ty: Type, bits: u64) -> Value {
        self.simplifier.constant(&mut self.function, ty, bits)
    }

    /// Arithmetic that may trap.
    fn trapping(&mut self, op: Op, operands: &[Value]) -> Value {
        match self.simplifier.reduce(&mut self.function, op, operands) {
            Some(value) => value,
            None => self.place(Inst::plain(op, operands), fixed_type(op)),
        }
    }

    /// What lies behind a pointer and may change.
    fn load(&mut self, ty: Type, pointer: Value, offset: u32, region: Region) -> Value {
        self.place(Inst::raw(Op::raw_load, &[pointer], offset.cast_signed(), region), ty)
    }

    /// What lies behind a pointer and never changes.
    fn load_constant(&mut self, ty: Type, pointer: Value, offset: u32) -> Value {
        let inst = Inst::raw(Op::raw_const, &[pointer], offset.cast_signed(), Region::Constant);
        self.simplifier.make_inst(&mut self.function, inst, ty)
    }

    fn store(&mut self, pointer: Value, value: Value, offset: u32, region: Region) {
        self.place(Inst::raw(Op::raw_store, &[pointer, value], offset.cast_signed(), region), Type::Void);
    }

    /// Traps if a value is not zero.
    fn trap_if(&mut self, condition: Value, code: TrapCode) {
        self.trap(Op::trap_if, condition, code);
    }

    /// Traps if a value is zero.
    fn trap_unless(&mut self, condition: Value, code: TrapCode) {
        self.trap(Op::trap_unless, condition, code);
    }

    fn trap(&mut self, op: Op, condition: Value, code: TrapCode) {
        let never = match self.function.constant(condition) {
            Some(bits) => (bits == 0) == (op == Op::trap_if),
            None => false,
        };
        if !never {
            self.place(Inst { op, aux: code as u16, fields: [condition.0, 0, 0] }, Type::Void);
        }
    }

    /// An index of 32 or 64 bits as one of 64.
    fn widened(&mut self, index: Value) -> Value {
        match self.function.ty(index) {
            Type::I64 => index,
            _ => self.pure(Op::i64_extend_i32_u, &[index]),
        }
    }

    /// The number of a memory of the module in the function.
    fn memory_number(&mut self, memory: u32) -> Memory {
        let at = self.memories.iter().position(|m| *m == memory).unwrap_or_else(|| {
            self.memories.push(memory);
            let data = self.memory_data(memory);
            self.function.memories.push(data);
            self.memories.len() - 1
        });
        Memory(at as u32)
    }

    // The stack.

    fn push(&mut self, value: Value) -> Done {
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().expect("validated")
    }

    /// The topmost values, the first one lowest.
    fn pop_many(&mut self, count: usize) -> Vec<Value> {
        self.stack.split_off(self.stack.len() - count)
    }
}

impl<'m> Sink<'m> for Translator<'m> {
    fn begin(&mut self, index: FuncIndex, locals: &[(u32, ValType)]) -> Done {
        self.begin_function(index, locals)
    }

    #[inline]
    fn at(&mut self, offset: usize) {
        self.function.set_position(offset as u32);
    }

    fn finish(&mut self) -> Done {
        Ok(())
    }
}
