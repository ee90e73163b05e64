//! Functions by chance: structured control, and in it all that passes move, join or remove.
//!
//! What is made is right by construction: a value is picked from those that are there, which are forgotten where a block
//! ends that made them. Loops have counters, so all functions end.

use super::Random;
use windlass_abi::trap::TrapCode;
use windlass_ir::entity::{Callee, Slot};
use windlass_ir::function::{CalleeData, Catch, MemoryData, Region, SignatureData, SlotData, Target};
use windlass_ir::{Block, Builder, Function, Inst, Memory, Op, Type, Value};

const I32: Type = Type::I32;
const I64: Type = Type::I64;

const BINARY: [Op; 9] = [
    Op::i32_add,
    Op::i32_sub,
    Op::i32_mul,
    Op::i32_and,
    Op::i32_or,
    Op::i32_xor,
    Op::i32_shl,
    Op::i32_lt_u,
    Op::i32_eq,
];
const WIDE: [Op; 4] = [Op::i64_add, Op::i64_sub, Op::i64_mul, Op::i64_xor];
const LOADS: [Op; 5] = [Op::i32_load, Op::i64_load, Op::i32_load8_u, Op::i32_load16_s, Op::i64_load32_u];
const STORES: [Op; 4] = [Op::i32_store, Op::i64_store, Op::i32_store8, Op::i64_store16];
const REGIONS: [Region; 3] = [Region::Globals, Region::Tables, Region::Sizes];

/// A loop or block that can be left by a branch.
struct Exit {
    block: Block,
    params: usize,
}

struct Maker<'f> {
    b: Builder<'f>,
    random: Random,
    /// What is there.
    values: Vec<Value>,
    exits: Vec<Exit>,
    /// Addresses of accesses.
    addresses: Vec<Value>,
    /// Statements that may still be made.
    left: usize,
}

/// The function of a seed.
pub fn function(seed: u64) -> Function {
    let results = vec![I32, I64];
    let mut function = Function::new(SignatureData { params: vec![I32, I32, I64], results });
    let first = MemoryData {
        index: I32,
        base_at: 64,
        base_fixed: true,
        len_at: 72,
        len_behind_pointer: false,
        reach: 0,
        min_len: 4096,
    };
    function.memories = vec![first, MemoryData { index: I64, base_at: 80, len_at: 88, ..first }];
    function.slots = vec![SlotData { size: 8 }, SlotData { size: 8 }, SlotData { size: 16 }];
    let mut callee = |target, params: &[Type], results: &[Type]| {
        let signature =
            function.signature_of(SignatureData { params: params.to_vec(), results: results.to_vec() });
        function.callees.push(CalleeData { target, signature });
    };
    callee(Target::Own(0), &[I32], &[I32]);
    callee(Target::Own(1), &[I64, I32], &[I32, I64]);
    callee(Target::Own(2), &[I64], &[]);
    function.catches.push(Catch { tag: None, values: vec![Type::Ref] });
    let mut random = Random::new(seed);
    let left = 8 + random.below(60);
    let mut b = Builder::at(&mut function, Block(0));
    let entry = b.start_block([I32, I32, I64]);
    let values = b.params(entry).collect();
    let mut maker = Maker { b, random, values, exits: Vec::new(), addresses: Vec::new(), left };
    if maker.statements(4) {
        maker.return_();
    }
    function
}

impl Maker<'_> {
    fn pick(&mut self, ty: Type) -> Value {
        let found = self.values.iter().filter(|v| self.b.ty(**v) == ty).count();
        if found == 0 || self.random.chance(8) {
            let bits = if self.random.chance(2) { self.random.below(4) } else { self.random.below(5000) };
            return self.b.constant(ty, bits as u64);
        }
        // Later ones more often.
        let at = found - 1 - self.random.below(found).min(self.random.below(found));
        self.values.iter().copied().filter(|v| self.b.ty(*v) == ty).nth(at).unwrap()
    }

    fn keep(&mut self, value: Value) {
        self.values.push(value);
    }

    fn picks(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.pick(I32)).collect()
    }

    fn return_(&mut self) {
        let values = [self.pick(I32), self.pick(I64)];
        self.b.return_(&values);
    }

    /// Makes a block that is not in the order yet, with so many parameters.
    fn block(&mut self, params: usize) -> Block {
        let block = self.b.block();
        self.b.make_params(block, vec![I32; params]);
        if self.random.chance(6) {
            self.b.set_cold(block);
        }
        block
    }

    fn start(&mut self, block: Block) {
        self.b.order.push(block);
        self.b.go_to(block);
        let params: Vec<Value> = self.b.params(block).collect();
        self.values.extend(params);
    }

    /// Makes statements; says whether control gets to the end.
    fn statements(&mut self, depth: usize) -> bool {
        for _ in 0..1 + self.random.below(8) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let open = match self.random.below(if depth == 0 { 12 } else { 20 }) {
                0..=2 => self.pure(),
                3 => self.wide(),
                4 | 5 => self.access(),
                6 | 7 => self.raw(),
                8 => self.slot(),
                9 => self.call(),
                10 => self.other(),
                11 => self.leave(),
                12..=14 => self.arms(depth - 1),
                15 => self.table(depth - 1),
                16 => self.handler(depth - 1),
                17 => self.chain(),
                _ => self.loop_(depth - 1),
            };
            if !open {
                return false;
            }
        }
        true
    }

    /// Statements in a block of their own, whose values are forgotten.
    fn nested(&mut self, depth: usize) -> (bool, Vec<Value>) {
        let open = self.statements(depth);
        let values = self.picks(2);
        (open, values)
    }

    fn pure(&mut self) -> bool {
        let op = BINARY[self.random.below(BINARY.len())];
        let (x, y) = (self.pick(I32), self.pick(I32));
        let value = match self.random.below(6) {
            0 => {
                let condition = self.pick(I32);
                self.b.select(x, y, condition)
            }
            1 => {
                // Two ways to the difference.
                let minus = self.b.constant(I32, u32::MAX.into());
                let negated = self.b.op(Op::i32_mul, &[y, minus]);
                let ways = [self.b.op(Op::i32_add, &[x, negated]), self.b.op(Op::i32_sub, &[x, y])];
                self.b.push(Inst::plain(Op::either, &ways), I32)
            }
            2 => self.b.op(Op::i32_eqz, &[x]),
            _ => self.b.op(op, &[x, y]),
        };
        self.keep(value);
        true
    }

    fn wide(&mut self) -> bool {
        let op = WIDE[self.random.below(WIDE.len())];
        let value = match self.random.below(4) {
            0 => {
                let x = self.pick(I32);
                self.b.op(Op::i64_extend_i32_u, &[x])
            }
            1 => {
                let x = self.pick(I64);
                self.b.op(Op::i32_wrap_i64, &[x])
            }
            2 => {
                let context = self.b.op(Op::context, &[]);
                let at = 8 * self.random.below(3) as i32;
                self.b.raw_load(Op::raw_const, I64, context, at, Region::Constant)
            }
            _ => {
                let (x, y) = (self.pick(I64), self.pick(I64));
                self.b.op(op, &[x, y])
            }
        };
        self.keep(value);
        true
    }

    fn address(&mut self, ty: Type) -> Value {
        let address = self.pick(ty);
        if self.random.chance(12) {
            return address;
        }
        let mask = self.b.constant(ty, 0xf8);
        self.b.op(if ty == I32 { Op::i32_and } else { Op::i64_and }, &[address, mask])
    }

    /// An address at which something was loaded or stored before, if there is one of the same type.
    fn address_again(&mut self, address: Value) -> Value {
        let ty = self.b.ty(address);
        let again = self.addresses.iter().rev().copied().find(|v| self.b.ty(*v) == ty);
        let again = again.filter(|v| self.values.contains(v)).unwrap_or(address);
        self.addresses.push(again);
        self.keep(again);
        again
    }

    fn access(&mut self) -> bool {
        let memory = Memory(self.random.below(4) as u32 / 3);
        let address = self.address(if memory.0 == 0 { I32 } else { I64 });
        // Addresses are often the same, offsets such that accesses meet or do not.
        let address = if self.random.chance(3) { address } else { self.address_again(address) };
        let offset = self.random.below(6) as u32 * 2;
        if self.random.chance(2) {
            let op = LOADS[self.random.below(LOADS.len())];
            let value = self.b.access(op, &[address], offset, memory);
            self.keep(value);
            return true;
        }
        let op = STORES[self.random.below(STORES.len())];
        let stored = self.pick(if op.name().starts_with("i32") { I32 } else { I64 });
        self.b.access(op, &[address, stored], offset, memory);
        if self.random.chance(2) {
            let op = LOADS[self.random.below(LOADS.len())];
            let value = self.b.access(op, &[address], offset, memory);
            self.keep(value);
        }
        true
    }

    fn raw(&mut self) -> bool {
        let mut pointer = self.b.op(Op::context, &[]);
        if self.random.chance(3) {
            pointer = self.b.raw_load(Op::raw_const, I64, pointer, 16, Region::Constant);
        }
        let region = REGIONS[self.random.below(REGIONS.len())];
        let offset = 8 * self.random.below(2) as i32;
        let ty = [I32, I64][self.random.below(2)];
        if self.random.chance(2) {
            let value = self.b.raw_load(Op::raw_load, ty, pointer, offset, region);
            self.keep(value);
        } else {
            let value = self.pick(ty);
            self.b.raw_store(Op::raw_store, pointer, value, offset, region);
        }
        true
    }

    fn slot(&mut self) -> bool {
        let slot = Slot(self.random.below(3) as u32);
        match self.random.below(5) {
            0 | 1 => {
                let value = self.pick(I64);
                self.b.push(Inst::slot_of(Op::slot_store, &[value], slot), Type::Void);
            }
            2 => {
                let address = self.b.push(Inst::slot_of(Op::slot_address, &[], Slot(2)), I64);
                let value = self.pick(I64);
                self.b.raw_store(Op::raw_store, address, value, 0, Region::Frame);
            }
            3 => {
                let address = self.b.push(Inst::slot_of(Op::slot_address, &[], Slot(2)), I64);
                self.b.call(Op::call, Callee(2), &[address]);
            }
            _ => {}
        }
        let value = self.b.push(Inst::slot_of(Op::slot_load, &[], slot), I64);
        self.keep(value);
        true
    }

    fn call(&mut self) -> bool {
        if self.random.chance(2) {
            let arg = self.pick(I32);
            let value = self.b.call(Op::call, Callee(0), &[arg]);
            self.keep(value);
        } else {
            let args = [self.pick(I64), self.pick(I32)];
            let value = self.b.call(Op::call, Callee(1), &args);
            self.keep(value);
            let further = self.b.result(value, 1);
            self.keep(further);
        }
        true
    }

    fn other(&mut self) -> bool {
        match self.random.below(4) {
            0 => {
                self.b.charge(7);
            }
            1 => {
                self.b.op(Op::poll, &[]);
            }
            2 => {
                let values = [self.pick(I32), self.pick(I32)];
                let condition = self.b.op(Op::i32_eq, &values);
                self.b.trap_if(Op::trap_if, condition, TrapCode::BadSignature);
            }
            _ => {
                let (x, y) = (self.pick(I32), self.pick(I32));
                let one = self.b.constant(I32, 1);
                let y = self.b.op(Op::i32_or, &[y, one]);
                let value = self.b.op(Op::i32_div_u, &[x, y]);
                self.keep(value);
            }
        }
        true
    }

    /// Ends the block at hand, or branches out of a loop.
    fn leave(&mut self) -> bool {
        match self.random.below(8) {
            0 => {
                self.return_();
                false
            }
            1 => {
                self.b.trap(TrapCode::Unreachable);
                false
            }
            _ if self.exits.is_empty() => true,
            _ => {
                let at = self.random.below(self.exits.len());
                let Exit { block, params } = self.exits[at];
                let args = self.picks(params);
                let next = self.block(0);
                let condition = self.pick(I32);
                if self.random.chance(2) {
                    self.b.branch(condition, (block, &args), (next, &[]));
                } else {
                    self.b.branch(condition, (next, &[]), (block, &args));
                }
                self.start(next);
                true
            }
        }
    }

    fn condition(&mut self) -> Value {
        match self.random.below(6) {
            0 => self.b.constant(I32, self.values.len() as u64 & 1),
            1 | 2 => {
                let values = [self.pick(I32), self.pick(I32)];
                self.b.op(Op::i32_lt_s, &values)
            }
            _ => self.pick(I32),
        }
    }

    fn arms(&mut self, depth: usize) -> bool {
        let params = self.random.below(3);
        let (then, end) = (self.block(0), self.block(params));
        let condition = self.condition();
        let around = self.random.chance(3);
        let otherwise = if around { end } else { self.block(0) };
        let args = if around { self.picks(params) } else { Vec::new() };
        self.b.branch(condition, (then, &[]), (otherwise, &args));
        let mut reached = around;
        for arm in [then, otherwise].into_iter().take(if around { 1 } else { 2 }) {
            let there = self.values.len();
            self.start(arm);
            if self.statements(depth) {
                // Often the same on both.
                let args = if self.random.chance(2) { self.values[..params].to_vec() } else { Vec::new() };
                let same = !args.is_empty() && args.iter().all(|v| self.b.ty(*v) == I32);
                let args = if same { args } else { self.picks(params) };
                self.b.jump(end, &args);
                reached = true;
            }
            self.values.truncate(there);
        }
        self.go_on(reached, end)
    }

    fn go_on(&mut self, reached: bool, end: Block) -> bool {
        if reached {
            self.start(end);
        }
        reached
    }

    fn table(&mut self, depth: usize) -> bool {
        let end = self.block(1);
        let index = self.pick(I32);
        let arms: Vec<Block> = (0..1 + self.random.below(3)).map(|_| self.block(0)).collect();
        let mut targets = arms.clone();
        targets.push(arms[0]);
        let edges: Vec<_> = targets
            .iter()
            .map(|block| {
                let none = self.b.list([]);
                self.b.edge(*block, none)
            })
            .collect();
        self.b.branch_table(index, &edges);
        let mut reached = false;
        for arm in arms {
            let there = self.values.len();
            self.start(arm);
            let (open, values) = self.nested(depth);
            if open {
                self.b.jump(end, &values[..1]);
                reached = true;
            }
            self.values.truncate(there);
        }
        self.go_on(reached, end)
    }

    /// Blocks that only jump on.
    fn chain(&mut self) -> bool {
        let blocks = [self.block(1), self.block(1), self.block(0)];
        let args = self.picks(1);
        let condition = self.condition();
        self.b.branch(condition, (blocks[0], &args), (blocks[2], &[]));
        let there = self.values.len();
        self.start(blocks[0]);
        let arg = *self.values.last().unwrap();
        self.b.jump(blocks[1], &[arg]);
        self.values.truncate(there);
        self.start(blocks[2]);
        let args = self.picks(1);
        self.b.jump(blocks[1], &args);
        self.values.truncate(there);
        self.start(blocks[1]);
        true
    }

    fn handler(&mut self, depth: usize) -> bool {
        let (next, handler, end) = (self.block(1), self.b.block(), self.block(1));
        self.b.make_params(handler, [Type::Ref]);
        let none = self.b.list([]);
        let edges = [self.b.edge(next, none), self.b.edge(handler, none)];
        self.b.edge_data_mut(edges[1]).catch = Some(0);
        let arg = self.pick(I32);
        self.b.try_call(Op::try_call, 0, &edges, &[arg]);
        let mut reached = false;
        for block in [next, handler] {
            let there = self.values.len();
            self.start(block);
            let (open, values) = self.nested(depth);
            if open {
                self.b.jump(end, &values[..1]);
                reached = true;
            }
            self.values.truncate(there);
        }
        self.go_on(reached, end)
    }

    /// A loop that tests its counter at the top or at the bottom, and carries two values.
    fn loop_(&mut self, depth: usize) -> bool {
        let (header, exit) = (self.block(3), self.block(1));
        let count = self.b.constant(I32, 1 + self.random.below(3) as u64);
        let mut args = self.picks(2);
        let before = args.clone();
        args.insert(0, count);
        if self.random.chance(3) {
            // The loop is entered from a branch.
            let (condition, outside) = (self.condition(), self.picks(1));
            self.b.branch(condition, (header, &args), (exit, &outside));
        } else {
            self.b.jump(header, &args);
        }
        let there = self.values.len();
        self.start(header);
        let params: Vec<Value> = self.b.params(header).collect();
        let one = self.b.constant(I32, 1);
        let less = self.b.op(Op::i32_sub, &[params[0], one]);
        let top = self.random.chance(2);
        if top {
            let body = self.block(0);
            let out = self.picks(1);
            self.b.branch(params[0], (body, &[]), (exit, &out));
            self.start(body);
        }
        self.exits.push(Exit { block: exit, params: 1 });
        let (open, mut values) = self.nested(depth);
        self.exits.pop();
        if open {
            // What does not change in the loop, though it is carried.
            if self.random.chance(2) {
                values[1] = params[2];
            }
            if self.random.chance(4) {
                values[0] = before[0];
            }
            let args = [less, values[0], values[1]];
            if top {
                self.b.jump(header, &args);
            } else {
                let out = self.picks(1);
                self.b.branch(less, (header, &args), (exit, &out));
            }
        }
        self.values.truncate(there);
        let reached = self.b.order.iter().any(|block| self.b.successors(*block).any(|next| next == exit));
        self.go_on(reached, exit)
    }
}
