//! What functions return is in the files of `tests/ir/run`. Here are calls, environments, and that no opcode is left out.

use super::*;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::entity::{Block, Callee, Memory, Slot, Value};
use crate::function::{CalleeData, Function, Inst, MemoryData, Region, SignatureData, SlotData, Target};
use crate::op::{Class, Effects, Op, Shape};
use crate::text::parse;
use crate::types::Type;
use crate::verify::verify_all;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use windlass_abi::num::V128;
use windlass_abi::trap::TrapCode;

fn environment() -> TestEnvironment {
    TestEnvironment::new(vec![(0x80..0xc0).collect(); 2])
}

fn text(outcome: &Outcome) -> String {
    let list = |values: &[Constant]| values.iter().map(|v| v.to_string()).collect::<Vec<_>>().join(", ");
    match outcome {
        Outcome::Return(values) => format!("return {}", list(values)).trim_end().to_string(),
        Outcome::Trap(code) => format!("trap {code}"),
        Outcome::Throw(thrown) => format!("throw {:#x}: {}", thrown.tag, list(&thrown.values)),
        Outcome::OutOfFuel => "out of fuel".to_string(),
        Outcome::Broken(why) => format!("broken: {why}"),
    }
}

/// Where every call gives what is next, and pointers point to nothing.
struct Script {
    calls: Vec<Called>,
    seen: Vec<Vec<Constant>>,
}

impl Environment for Script {
    fn context(&self) -> u64 {
        1000
    }

    fn memory(&mut self, _: Memory) -> &mut [u8] {
        &mut []
    }

    fn slot(&mut self, _: u32) -> u64 {
        0
    }

    /// At an offset from the context there is the pointer that is that offset.
    fn raw_load(&mut self, region: Region, address: u64, bytes: &mut [u8]) -> bool {
        if region == Region::Constant && bytes.len() == 8 {
            bytes.copy_from_slice(&(address - 1000).to_le_bytes());
            return true;
        }
        false
    }

    fn raw_store(&mut self, _: Region, _: u64, _: &[u8]) -> bool {
        false
    }

    fn call(&mut self, _: Target, _: &SignatureData, args: &[Constant]) -> Called {
        self.seen.push(args.to_vec());
        self.calls.remove(0)
    }

    fn call_pointer(&mut self, code: u64, _: u64, _: &SignatureData, args: &[Constant]) -> Called {
        self.seen.push([&[Constant::I64(code)], args].concat());
        self.calls.remove(0)
    }

    fn charge(&mut self, _: u32) -> Result<(), TrapCode> {
        Err(TrapCode::OutOfFuel)
    }

    fn poll(&mut self) -> Result<(), TrapCode> {
        Err(TrapCode::Interrupt)
    }
}

fn scripted(function: &str, args: &[Constant], calls: &[Called]) -> (String, Vec<Vec<Constant>>) {
    let function = parse(function).unwrap().remove(0);
    assert_eq!(verify_all(&function), []);
    let mut script = Script { calls: calls.to_vec(), seen: Vec::new() };
    let outcome = run(&function, &mut script, args, 100);
    assert!(script.calls.is_empty());
    (text(&outcome), script.seen)
}

#[test]
fn try_calls() {
    let function = "
        function (i64, i32) -> (i32) {
          callee f0: own 1, (i32) -> (i32)
          catch c0: tag 96, (i32, ref)
          catch c1: tag 104, (i32)
          catch c2: all, (ref)
        b0(v0: i64, v1: i32):
          try_call f0(v1), b1(v1), b2(v0) catch c0, b3 catch c1, b4 catch c2
        b1(v3: i32, v4: i32):
          v5 = i32_sub v3, v4
          return v5
        b2(v7: i32, v8: ref, v9: i64):
          v10 = i32_wrap_i64 v9
          v11 = i32_add v10, v8
          v12 = i32_add v7, v11
          return v12
        b3(v14: i32):
          return v14
        b4(v16: ref):
          return v16
        }";
    let args = [Constant::I64(100), Constant::I32(20)];
    let ends = |called: Called| {
        let (end, seen) = scripted(function, &args, &[called]);
        assert_eq!(seen, [[Constant::I32(20)]]);
        end
    };
    let thrown = |tag| Called::Throw(Thrown { tag, values: vec![Constant::I32(3)], reference: 7 });
    assert_eq!(ends(Called::Return(vec![Constant::I32(25)])), "return i32 0x5");
    assert_eq!(ends(Called::Trap(TrapCode::CastFailure)), "trap cast failure");
    assert_eq!(ends(thrown(96)), "return i32 0x6e");
    assert_eq!(ends(thrown(104)), "return i32 0x3");
    assert_eq!(ends(thrown(112)), "return i32 0x7");
    assert!(ends(Called::Return(vec![])).starts_with("broken: "));
}

#[test]
fn calls() {
    let function = "
        function (i64) -> (i32, i32) {
          signature sig1: (i64) -> (i32, i32)
          callee f0: own 1, (i32) -> (i32, i32)
        b0(v0: i64):
          v1, v2 = call_pointer sig1(v0, v0, v0)
          v3 = i32_sub v1, v2
          tail_call f0(v3)
        }";
    let returned = |a, b| Called::Return(vec![Constant::I32(a), Constant::Ref(b)]);
    let (end, seen) = scripted(function, &[Constant::I64(5)], &[returned(7, 3), returned(1, 2)]);
    assert_eq!(end, "return i32 0x1, i32 0x2");
    assert_eq!(seen, [vec![Constant::I64(5); 2], vec![Constant::I32(4)]]);
    let thrown = Called::Throw(Thrown { tag: 9, values: vec![], reference: 0 });
    for calls in [vec![thrown.clone()], vec![returned(7, 3), thrown]] {
        assert_eq!(scripted(function, &[Constant::I64(5)], &calls).0, "throw 0x9: ");
    }
}

#[test]
fn charges_and_polls_may_trap() {
    let charge = "function () -> () {\nb0:\ncharge 5\nreturn\n}";
    assert_eq!(scripted(charge, &[], &[]).0, "trap all fuel consumed by WebAssembly");
    let poll = "function () -> () {\nb0:\npoll\nreturn\n}";
    assert_eq!(scripted(poll, &[], &[]).0, "trap interrupt");
    let nowhere = "function (i64) -> () {\nb0(v0: i64):\nraw_store v0 - 8, v0, globals\nreturn\n}";
    assert_eq!(scripted(nowhere, &[Constant::I64(24)], &[]).0, "broken: v1 raw_store: nothing is at 0x10");
}

/// What the verifier would refuse, and the evaluator tells.
#[test]
fn broken_functions() {
    let broken = |text: &str| {
        let function = parse(text).unwrap().remove(0);
        match run(&function, &mut environment(), &[], 100) {
            Outcome::Broken(why) => why,
            outcome => panic!("{outcome:?}"),
        }
    };
    assert_eq!(broken("function () -> () {\n}"), "there is no entry");
    assert_eq!(broken("function () -> () {\nb0(v0: i32):\nreturn\n}"), "b0 gets 0 values");
    assert_eq!(broken("function () -> () {\nb0:\n}"), "b0 is empty");
    assert_eq!(
        broken("function () -> (i32) {\nfloating:\nv0 = i32_clz v1\nv1 = i32_clz v0\nb0:\nreturn v1\n}"),
        "v1 i32_clz: it depends on itself"
    );
    assert_eq!(
        broken("function () -> (i32) {\nb0:\nreturn v1\nb1:\nv1 = i32_const 0\nreturn v1\n}"),
        "v1 i32_const: it is used before it is evaluated"
    );
    assert_eq!(
        broken("function () -> () {\nb0:\nv0 = i64_const 0\nv1 = i32_clz v0\nreturn\n}"),
        "v1 i32_clz: it has no value for [I64(0)]"
    );
}

/// A function that runs one opcode: it takes what the row says, of its own and any type an `i64`.
fn function_of(op: Op) -> Function {
    let row = op.row();
    let types = row.operands.iter().map(|class| match class {
        Class::Is(ty) => *ty,
        Class::Address => Type::I32,
        Class::Own | Class::Any => Type::I64,
    });
    let types: Vec<Type> = types.collect();
    let own = match row.result {
        Class::Is(ty) => ty,
        _ => Type::I64,
    };
    let none = SignatureData::default();
    let mut f = Function::new(SignatureData { params: types.clone(), results: vec![] });
    f.memories.push(MemoryData {
        index: Type::I32,
        base_at: 0,
        base_fixed: true,
        len_at: 0,
        len_behind_pointer: false,
        reach: 0,
        min_len: 0,
    });
    f.slots.push(SlotData { size: 16 });
    let void = f.signature_of(none.clone());
    let pair = f.signature_of(SignatureData { params: vec![], results: vec![Type::I64; 2] });
    f.callees.push(CalleeData { target: Target::Own(3), signature: pair });
    f.callees.push(CalleeData { target: Target::Builtin(3), signature: void });
    let mut b = Builder::at(&mut f, Block(0));
    b.start_block(types.iter().copied());
    let params: Vec<Value> = b.params(Block(0)).collect();
    let pointer = b.constant(Type::I64, 0x5000);
    let next = b.block();
    b.order.push(next);
    let list = b.list([]);
    let edge = b.edge(next, list);
    match row.shape {
        Shape::Call if op.ends() => {
            b.call(op, Callee(1), &[]);
        }
        Shape::Call => {
            b.call(op, Callee(0), &[]);
        }
        Shape::CallPointer if op.ends() => {
            b.call_pointer(op, void, &[pointer, pointer]);
        }
        Shape::CallPointer => {
            b.call_pointer(op, pair, &[pointer, pointer]);
        }
        Shape::TryCall => {
            b.try_call(op, 1, &[edge], &[]);
        }
        Shape::TryCallPointer => {
            b.try_call(op, void.0, &[edge], &[pointer, pointer]);
        }
        Shape::Result => {
            let call = b.call(Op::call, Callee(0), &[]);
            b.result(call, 1);
        }
        Shape::Exchange | Shape::Load | Shape::Store => {
            b.access(op, &params, 0, Memory(0));
        }
        Shape::LoadLane | Shape::StoreLane => {
            let inst = Inst::access(op, &params, 0, Memory(0), op.lanes() - 1);
            b.push(inst, own);
        }
        Shape::RawLoad => {
            b.raw_load(op, own, params[0], -8, Region::Constant);
        }
        Shape::RawStore => {
            b.raw_store(op, params[0], params[1], -8, Region::Globals);
        }
        Shape::Slot | Shape::SlotStore => {
            let value = b.push(Inst::slot_of(op, &params, Slot(0)), own);
            if op.effects().floats() {
                b.append(Block(0), value);
            }
        }
        Shape::Jump => {
            b.jump(next, &[]);
        }
        Shape::Branch => {
            b.branch(params[0], (next, &[]), (next, &[]));
        }
        Shape::Table => {
            b.branch_table(params[0], &[edge]);
        }
        Shape::Values => {
            b.return_(&[]);
        }
        Shape::Trap => {
            b.trap(TrapCode::Unreachable);
        }
        Shape::TrapIf => {
            b.trap_if(op, params[0], TrapCode::NullReference);
        }
        Shape::Number => {
            b.charge(5);
        }
        Shape::Param => {}
        Shape::Plain
        | Shape::Unary
        | Shape::Binary
        | Shape::Ternary
        | Shape::UnaryLane
        | Shape::BinaryLane
        | Shape::Shuffle
        | Shape::Const
        | Shape::VectorConst => {
            let vector = b.vector(V128([7; 16]));
            let mut inst = Inst::lane_of(op, &params, op.lanes().saturating_sub(1));
            match row.shape {
                Shape::Shuffle => inst.fields[2] = vector,
                Shape::VectorConst => inst.fields[0] = vector,
                _ => {}
            }
            let value = b.push(inst, own);
            // In the block, or nobody would ask for it.
            if op.effects().floats() {
                b.append(Block(0), value);
            }
        }
    }
    if !op.ends() {
        b.return_(&[]);
    }
    Builder::at(&mut f, next).return_(&[]);
    f
}

#[test]
fn no_opcode_is_left_out() {
    for op in Op::ALL.iter().copied() {
        let function = function_of(op);
        assert_eq!(verify_all(&function), [], "{}", op.name());
        let types = &function.signatures[0].params;
        let args: Vec<_> = types.iter().map(|ty| Constant::from_bits(*ty, 8)).collect();
        let args: Vec<_> = args.into_iter().map(|arg| arg.unwrap_or(Constant::V128(V128([8; 16])))).collect();
        let outcome = run(&function, &mut environment(), &args, 100);
        let expected = match op {
            Op::trap => Outcome::Trap(TrapCode::Unreachable),
            Op::trap_if => Outcome::Trap(TrapCode::NullReference),
            Op::unreachable => Outcome::Broken("v1 unreachable: control got there".to_string()),
            // It ends the function with the status 8.
            _ if op.shape() == Shape::Unary && op.effects().any(Effects::CALL) => {
                Outcome::Trap(TrapCode::IntegerDivisionByZero)
            }
            _ => Outcome::Return(vec![]),
        };
        assert_eq!(outcome, expected, "{}", op.name());
    }
}

#[test]
fn fuel_ends_what_would_not_end() {
    let function = parse("function () -> () {\nb0:\njump b1\nb1:\njump b1\n}").unwrap().remove(0);
    assert_eq!(run(&function, &mut environment(), &[], 10), Outcome::OutOfFuel);
}

/// What a function leaves in an environment in which calls may do anything.
fn observed(function: &str, arg: u32) -> (Outcome, Observed) {
    let function = parse(function).unwrap().remove(0);
    assert_eq!(verify_all(&function), []);
    let mut env = environment();
    env.traps = true;
    env.tags = vec![(0x777, vec![Type::I64])];
    let outcome = run(&function, &mut env, &[Constant::I32(arg)], 1000);
    (outcome, env.observed())
}

const PREFIX: &str = "function (i32) -> (i32) {
    memory m0: i32, base 0, length 0, reach 0, at least 64
    slot s0: 8
    callee f0: own 1, (i32) -> (i32)
    callee f1: own 2, (i64) -> ()
    b0(v0: i32):
    v1 = context
    ";

#[test]
fn what_is_the_same_is_observed_as_the_same() {
    let same = [
        // Work that is done twice, and stores that nobody sees.
        (
            "v2 = i32_load v0, m0\n v3 = call f0(v2)\n return v3",
            "v2 = i32_load v0, m0\n v3 = i32_load v0, m0\n i32_store v0, v3, m0\n v5 = call f0(v3)\n return v5",
        ),
        ("slot_store v0, s0\n v3 = slot_load.i32 s0\n v4 = call f0(v3)\n return v4", "tail_call f0(v0)"),
        (
            "v2 = raw_load.i32 v1, globals\n v3 = call f0(v0)\n return v2",
            "v2 = raw_load.i32 v1, globals\n raw_store v1, v2, globals\n v4 = call f0(v0)\n return v2",
        ),
    ];
    for (a, b) in same {
        let [a, b] = [a, b].map(|body| format!("{PREFIX}{body}\n}}"));
        for arg in 0..50 {
            assert_eq!(observed(&a, arg), observed(&b, arg), "{a}\n{b}");
        }
    }
}

#[test]
fn what_differs_is_observed_to_differ() {
    let different = [
        // Across calls, nothing may move that reads or writes what calls change.
        (
            "i32_store v0, v0, m0\n v3 = call f0(v0)\n return v0",
            "v2 = call f0(v0)\n i32_store v0, v0, m0\n return v0",
        ),
        (
            "v2 = raw_load.i32 v1, globals\n v3 = call f0(v0)\n return v2",
            "v2 = call f0(v0)\n v3 = raw_load.i32 v1, globals\n return v3",
        ),
        ("charge 1\n v3 = call f0(v0)\n return v3", "v2 = call f0(v0)\n charge 1\n return v2"),
        (
            "v2 = call f0(v0)\n v3 = call f0(v2)\n return v0",
            "v2 = call f0(v0)\n v3 = call f0(v0)\n return v0",
        ),
        // Calls read and write slots to which they get pointers.
        (
            "v2 = slot_address s0\n slot_store v0, s0\n call f1(v2)\n return v0",
            "v2 = slot_address s0\n slot_store v1, s0\n call f1(v2)\n return v0",
        ),
        (
            "v2 = slot_address s0\n slot_store v0, s0\n call f1(v2)\n v5 = slot_load.i32 s0\n return v5",
            "v2 = slot_address s0\n slot_store v0, s0\n call f1(v2)\n return v0",
        ),
    ];
    for (a, b) in different {
        let [a, b] = [a, b].map(|body| format!("{PREFIX}{body}\n}}"));
        let differ = (0..50).filter(|arg| observed(&a, *arg) != observed(&b, *arg)).count();
        assert!(differ > 25, "{differ} of 50: {a}\n{b}");
    }
}

#[test]
fn calls_do_all_that_they_may() {
    let mut ends = [0; 4];
    for arg in 0..200 {
        let (outcome, observed) = observed(&format!("{PREFIX}v2 = call f0(v0)\nreturn v2\n}}"), arg);
        match outcome {
            Outcome::Return(_) => ends[0] += 1,
            Outcome::Trap(_) => ends[1] += 1,
            Outcome::Throw(_) => ends[2] += 1,
            outcome => panic!("{outcome:?}"),
        }
        ends[3] += usize::from(observed.memories[0].len() > 64);
    }
    assert!(ends.iter().all(|count| *count > 5), "{ends:?}");
}

#[test]
fn what_is_thrown_is_caught_and_thrown_again() {
    let function = "
        function (i32, i64) -> () {
          slot s0: 16
          callee f0: throw, (i64, i64) -> ()
          callee f1: throw_ref, (ref) -> ()
          catch c0: all, (ref)
        b0(v0: i32, v1: i64):
          v2 = slot_address s0
          slot_store v0, s0
          raw_store v2 + 8, v1, frame
          v5 = i64_const 0x777
          try_call f0(v5, v2), b1, b2 catch c0
        b1:
          unreachable
        b2(v8: ref):
          tail_call f1(v8)
        }";
    let function = parse(function).unwrap().remove(0);
    assert_eq!(verify_all(&function), []);
    let mut env = environment();
    env.tags = vec![(0x777, vec![Type::I32, Type::I64])];
    let values = vec![Constant::I32(5), Constant::I64(6)];
    let outcome = run(&function, &mut env, &values, 100);
    let Outcome::Throw(thrown) = outcome else { panic!("{outcome:?}") };
    assert_eq!((thrown.tag, thrown.values), (0x777, values));
    assert_eq!(env.trace().len(), 2);
}

#[test]
fn a_status_ends_the_function() {
    let function = parse("function (i64) -> () {\nb0(v0: i64):\nraise_if v0\nreturn\n}").unwrap().remove(0);
    let end = |status| text(&run(&function, &mut environment(), &[Constant::I64(status)], 100));
    assert_eq!(end(0), "return");
    assert_eq!(end(TrapCode::TableOutOfBounds as u64), "trap out of bounds table access");
    assert_eq!(end(0x100), "throw 0x100: ");
}
