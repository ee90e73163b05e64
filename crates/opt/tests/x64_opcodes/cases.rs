//! Functions with one opcode each: with every type that its row leaves open, and operands of every kind.

use windlass_abi::num::V128;
use windlass_abi::trap::TrapCode;
use windlass_ir::function::{CalleeData, Catch, MemoryData, Region, SignatureData, SlotData, Target};
use windlass_ir::op::{Class, Effects, Shape};
use windlass_ir::{
    Block, Builder, Callee, Edge, Function, Inst as IrInst, Memory, Op, Signature, Slot, Type, Value,
};

/// What operands are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Params,
    Constants,
    Zeros,
    Loads,
}

/// How an opcode is tried.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub op: Op,
    /// The type that the row leaves open.
    pub own: Type,
    pub index: Type,
    pub offset: u32,
    pub lane: u8,
    pub source: Source,
    /// Whether anybody wants the result.
    pub wanted: bool,
}

/// A memory: its accesses fault, or are checked.
fn memory(index: Type) -> MemoryData {
    MemoryData {
        index,
        base_at: 64,
        base_fixed: index == Type::I32,
        len_at: 72,
        len_behind_pointer: false,
        reach: if index == Type::I32 { 8 << 30 } else { 0 },
        min_len: 1 << 16,
    }
}

impl Case {
    fn type_of(&self, class: Class) -> Type {
        match class {
            Class::Is(ty) => ty,
            Class::Own | Class::Any => self.own,
            Class::Address => self.index,
        }
    }

    /// A function with the opcode.
    pub fn function(&self) -> Function {
        let row = self.op.row();
        let operand_types: Vec<Type> = row.operands.iter().map(|class| self.type_of(*class)).collect();
        let own_result = self.type_of(row.result);
        let mut results = match row.shape {
            _ if !self.wanted => vec![],
            Shape::Call | Shape::CallPointer if !row.effects.any(Effects::END) => vec![Type::I64],
            Shape::TryCall | Shape::TryCallPointer => vec![Type::I64],
            Shape::Param | Shape::Result => vec![self.own],
            _ => vec![own_result],
        };
        results.retain(|ty| *ty != Type::Void);
        let pointers = [Type::I64, Type::I64];
        let calls_pointer = matches!(row.shape, Shape::CallPointer | Shape::TryCallPointer);
        let mut params = operand_types.clone();
        // What is called has the same signature: what returns its results fits.
        if calls_pointer {
            params.extend(pointers);
        }
        let mut f = Function::new(SignatureData { params, results: results.clone() });
        f.memories.push(memory(self.index));
        f.slots.push(SlotData { size: 16 });
        let called = SignatureData { params: vec![], results: if self.wanted { results } else { vec![] } };
        let called = match row.shape {
            Shape::Result => SignatureData { params: vec![], results: vec![Type::I32, self.own] },
            _ => called,
        };
        let signature = f.signature_of(called);
        f.callees.push(CalleeData { target: Target::Own(7), signature });
        let block = f.block();
        let types = f.signatures[0].params.clone();
        f.make_params(block, types);
        f.order.push(block);
        let operands: Vec<Value> =
            operand_types.iter().enumerate().map(|(n, ty)| self.operand(&mut f, block, *ty, n)).collect();
        let pointers: Vec<Value> = f.params(block).skip(operand_types.len()).collect();
        self.place(&mut f, block, &operands, &pointers, signature);
        f
    }

    /// The lanes of a shuffle, which `lane` chooses: kinds that are one instruction, and any.
    pub fn lanes(&self) -> [u8; 16] {
        let seed = usize::from(self.lane);
        let n = seed / 6;
        let byte = |i: usize| match seed % 6 {
            0 => i * 7 + n,
            1 => i + 5 * n,
            2 => i ^ (n * 7),
            3 => {
                (i >> (n & 3)) % 2 * 16
                    + (((i >> (n & 3)) / 2) << (n & 3))
                    + (i & ((1 << (n & 3)) - 1))
                    + n / 4 * 8
            }
            4 => i + 16 * (0x5a3c >> (i / (1 + n % 2 * 3)) & 1),
            _ => (i / 4 * (4 + 8 * n) + i % 4) ^ (16 * (i / 8)),
        };
        std::array::from_fn(|i| (byte(i) % 32) as u8)
    }

    fn operand(&self, f: &mut Function, block: Block, ty: Type, number: usize) -> Value {
        let inst = match (self.source, ty) {
            // The address of an access is something else.
            _ if number == 0 && self.op.row().operands[0] == Class::Address => None,
            (Source::Params, _) => None,
            (Source::Constants | Source::Zeros, Type::V128) => {
                let byte = |n: usize| if self.source == Source::Zeros { 0 } else { (n * 37) as u8 };
                let vector = f.vector(V128(std::array::from_fn(byte)));
                Some(IrInst { op: Op::v128_const, aux: 0, fields: [vector, 0, 0] })
            }
            (Source::Zeros, _) => Some(IrInst::constant_of(ty, 0)),
            (Source::Constants, Type::I64 | Type::F64) => {
                Some(IrInst::constant_of(ty, 0x4012_3456_789a_bcde))
            }
            (Source::Constants, _) => Some(IrInst::constant_of(ty, 0x4012_3456)),
            (Source::Loads, _) => {
                let op = match ty {
                    Type::I32 => Op::i32_load,
                    Type::I64 => Op::i64_load,
                    Type::F32 => Op::f32_load,
                    Type::F64 => Op::f64_load,
                    Type::V128 => Op::v128_load,
                    Type::Ref | Type::Void => Op::raw_load,
                };
                let context = f.make(IrInst::plain(Op::context, &[]), Type::I64);
                f.append(block, context);
                Some(match op {
                    Op::raw_load => IrInst::raw(op, &[context], 8, Region::Globals),
                    _ => {
                        let address = f.make(IrInst::constant_of(self.index, 32), self.index);
                        f.append(block, address);
                        IrInst::access(op, &[address], 16, Memory(0), 0)
                    }
                })
            }
        };
        match inst {
            Some(inst) => {
                let value = f.make(inst, ty);
                f.append(block, value);
                value
            }
            None => f.params(block).nth(number).expect("there is a parameter for each operand"),
        }
    }

    fn place(
        &self,
        f: &mut Function,
        block: Block,
        operands: &[Value],
        pointers: &[Value],
        called: Signature,
    ) {
        let op = self.op;
        let (code, lanes) = (TrapCode::IntegerOverflow, V128(self.lanes()));
        let edges = |f: &mut Function, count: usize| -> Vec<Edge> {
            let to = self.end_block(f);
            (0..count)
                .map(|_| {
                    let none = f.list([]);
                    f.edge(to, none)
                })
                .collect()
        };
        let inst = match op.shape() {
            Shape::Plain | Shape::Unary | Shape::Binary | Shape::Ternary => IrInst::plain(op, operands),
            Shape::UnaryLane | Shape::BinaryLane => IrInst::lane_of(op, operands, self.lane),
            Shape::Shuffle => {
                let vector = f.vector(lanes);
                IrInst { fields: [operands[0].0, operands[1].0, vector], op, aux: 0 }
            }
            Shape::Const => IrInst::constant(op, 5),
            Shape::VectorConst => IrInst { op, aux: 0, fields: [f.vector(lanes), 0, 0] },
            Shape::Load | Shape::LoadLane | Shape::Store | Shape::StoreLane => {
                IrInst::access(op, operands, self.offset, Memory(0), self.lane)
            }
            Shape::Exchange => {
                let list = f.list(operands.iter().copied());
                IrInst { fields: [list.start(), self.offset, 0], ..IrInst::access(op, &[], 0, Memory(0), 0) }
            }
            Shape::RawLoad | Shape::RawStore => {
                let region = if op == Op::raw_const { Region::Constant } else { Region::Globals };
                IrInst::raw(op, operands, -8, region)
            }
            Shape::Slot | Shape::SlotStore => IrInst::slot_of(op, operands, Slot(0)),
            Shape::Number => IrInst { op, aux: 0, fields: [12, 0, 0] },
            Shape::TrapIf => IrInst { op, aux: code as u16, fields: [operands[0].0, 0, 0] },
            Shape::Trap => IrInst { op, aux: code as u16, fields: [0; 3] },
            Shape::Param => return self.param(f, block),
            Shape::Result => {
                let call = Builder::at(f, block).call(Op::call, Callee(0), &[]);
                let result = Builder::at(f, block).result(call, 1);
                return self.end(f, block, &[result]);
            }
            Shape::Values => return self.end(f, block, operands),
            Shape::Jump => {
                let edge = edges(f, 1)[0];
                IrInst { op, aux: 0, fields: [edge.0, 0, 0] }
            }
            Shape::Branch => {
                let edge = edges(f, 2)[0];
                IrInst { op, aux: 0, fields: [operands[0].0, edge.0, 0] }
            }
            Shape::Table => {
                let edge = edges(f, 3)[0];
                IrInst { op, aux: 0, fields: [operands[0].0, edge.0, 3] }
            }
            Shape::Call => {
                let value = Builder::at(f, block).call(op, Callee(0), &[]);
                return self.end(f, block, &[value]);
            }
            Shape::CallPointer => {
                let value = Builder::at(f, block).call_pointer(op, called, pointers);
                return self.end(f, block, &[value]);
            }
            Shape::TryCall | Shape::TryCallPointer => {
                f.catches.push(Catch { tag: None, values: vec![] });
                let (returns, throws) = (f.block(), f.block());
                let types = f.signatures[called.index()].results.clone();
                f.make_params(returns, types);
                let none = f.list([]);
                let edges = [f.edge(returns, none), f.edge(throws, none)];
                f.edge_data_mut(edges[1]).catch = Some(0);
                let first = if op.shape() == Shape::TryCall { 0 } else { called.0 };
                Builder::at(f, block).try_call(op, first, &edges, pointers);
                f.order.extend([returns, throws]);
                Builder::at(f, throws).trap(code);
                let results: Vec<Value> = f.params(returns).collect();
                Builder::at(f, returns).return_(&results);
                return;
            }
        };
        let value = f.make(inst, self.type_of(op.row().result));
        f.append(block, value);
        self.end(f, block, &[value]);
    }

    /// A parameter of a block that is not the first.
    fn param(&self, f: &mut Function, block: Block) {
        let constant = f.make(IrInst::constant_of(Type::I64, 3), Type::I64);
        f.append(block, constant);
        let next = f.block();
        f.make_params(next, [Type::I64]);
        f.order.push(next);
        Builder::at(f, block).jump(next, &[constant]);
        let params: Vec<Value> = f.params(next).collect();
        self.end(f, next, &params);
    }

    /// A block that ends the function.
    fn end_block(&self, f: &mut Function) -> Block {
        let end = f.block();
        f.order.push(end);
        Builder::at(f, end).trap(TrapCode::IntegerOverflow);
        end
    }

    /// Returns what the signature says, unless the block has its end.
    fn end(&self, f: &mut Function, block: Block, values: &[Value]) {
        let ends = f.last(block).is_some_and(|last| f.op(last).ends());
        if !ends {
            let results = f.signatures[0].results.len();
            Builder::at(f, block).return_(&values[..results.min(values.len())]);
        }
    }
}

/// All ways in which an opcode is tried.
pub fn cases(op: Op) -> Vec<Case> {
    let row = op.row();
    let open = row.operands.iter().chain([&row.result]).any(|class| matches!(class, Class::Own | Class::Any));
    let is_call = op.is_call();
    let own: &[Type] = match op {
        Op::param => &[Type::I64],
        _ if open && !is_call => &Type::VALUES,
        _ => &[Type::I64],
    };
    let has_address = row.operands.first() == Some(&Class::Address);
    let indices: &[Type] = if has_address { &[Type::I32, Type::I64] } else { &[Type::I32] };
    let offsets: &[u32] = if has_address { &[0, 16, 5, u32::MAX - 16] } else { &[0] };
    let sources: &[Source] = match row.operands {
        [] => &[Source::Params],
        _ => &[Source::Params, Source::Constants, Source::Zeros, Source::Loads],
    };
    let lanes = if op.shape() == Shape::Shuffle { 48 } else { op.lanes().max(1) };
    let mut cases = Vec::new();
    for own in own {
        for index in indices {
            for offset in offsets {
                for lane in 0..lanes {
                    for source in sources {
                        for wanted in [true, false] {
                            let (own, index, offset, source) = (*own, *index, *offset, *source);
                            cases.push(Case { op, own, index, offset, lane, source, wanted });
                        }
                    }
                }
            }
        }
    }
    cases
}
