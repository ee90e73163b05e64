//! For what the text form can say, `tests/ir/verify` has the smallest functions in which it is wrong. Here is what only
//! code can build.

use super::*;
use crate::builder::Builder;
use crate::entity::Edge;
use crate::function::{CalleeData, Inst, List, MemoryData, Region, SignatureData, SlotData, Target};
use alloc::string::{String, ToString};
use windlass_abi::num::V128;
use windlass_abi::trap::TrapCode;

/// A function that takes an `i32` and a vector and whose only block returns.
fn function() -> Function {
    let mut function = Function::new(SignatureData { params: vec![Type::I32, Type::V128], results: vec![] });
    let mut b = Builder::at(&mut function, Block(0));
    b.start_block([Type::I32, Type::V128]);
    b.return_(&[]);
    function
}

/// The errors of that function after a change.
fn errors(change: impl FnOnce(&mut Function)) -> Vec<String> {
    let mut function = function();
    change(&mut function);
    verify_all(&function).iter().map(|error| error.to_string()).collect()
}

/// The errors with another instruction before the return.
fn errors_with(op: Op, aux: u16, fields: [u32; 3], ty: Type) -> Vec<String> {
    errors(|f| {
        f.memories.push(MemoryData {
            index: Type::I32,
            base_at: 0,
            base_fixed: true,
            len_at: 0,
            len_behind_pointer: false,
            reach: 0,
            min_len: 0,
        });
        f.slots.push(SlotData { size: 4 });
        f.callees.push(CalleeData { target: Target::Own(0), signature: Signature(0) });
        f.vector(V128([32; 16]));
        let value = f.make(Inst { op, aux, fields }, ty);
        f.insert_before(Value(2), value);
    })
}

/// The errors with another end.
fn errors_of_end(op: Op, fields: [u32; 3]) -> Vec<String> {
    errors(|f| {
        f.remove(Value(2));
        let target = f.block();
        f.order.push(target);
        let mut b = Builder::at(f, target);
        b.return_(&[]);
        let none = f.list([]);
        f.edge(target, none);
        f.edge(target, none);
        let value = f.make(Inst { op, aux: 0, fields }, Type::Void);
        f.append(Block(0), value);
    })
}

#[test]
fn the_function_itself_is_right() {
    assert_eq!(verify(&function()), Ok(()));
    assert_eq!(verify_placed(&function()), Ok(()));
    assert_eq!(errors_with(Op::fence, 0, [0; 3], Type::Void), [""; 0]);
    assert_eq!(errors_of_end(Op::branch, [0, 0, 0]), [""; 0]);
}

#[test]
fn numbers_of_tables() {
    assert_eq!(errors(|f| f.signature = Signature(3)), ["there is no sig3"]);
    let callee = CalleeData { target: Target::Own(0), signature: Signature(7) };
    assert_eq!(errors(|f| f.callees.push(callee)), ["there is no sig7"]);
    assert_eq!(errors(|f| f.order.push(Block(9))), ["there is no b9"]);
    assert_eq!(errors(|f| f.order.push(Block(0))), ["b0: it is in the order twice"]);
    assert_eq!(errors(|f| f.order.clear()), ["there is no entry"]);
    assert_eq!(verify_all(&Function::new(SignatureData::default())).len(), 1);
}

#[test]
fn numbers_of_instructions() {
    let i32 = Type::I32;
    let missing = [
        (Op::i32_clz, 0, [99, 0, 0], i32, "v99"),
        (Op::v128_const, 0, [1, 0, 0], Type::V128, "vector 1"),
        (Op::i8x16_shuffle, 0, [1, 1, 4], Type::V128, "vector 4"),
        (Op::i32_load, 1, [0, 0, 0], i32, "m1"),
        (Op::i32_atomic_rmw_cmpxchg, 2, [0, 0, 0], i32, "m2"),
        (Op::slot_load, 0, [5, 0, 0], i32, "s5"),
        (Op::slot_store, 0, [0, u32::MAX, 0], Type::Void, "s4294967295"),
        (Op::raw_load8_u, Region::ALL.len() as u16, [0, 0, 0], i32, "region 6"),
        (Op::raw_store, 0x100, [0, 0, 0], Type::Void, "region 256"),
        (Op::trap_if, 99, [0, 0, 0], Type::Void, "trap code 99"),
        (Op::trap_if, 0x100 + TrapCode::Unreachable as u16, [0, 0, 0], Type::Void, "trap code 257"),
        (Op::call, 0, [1, 0, 2], i32, "f1"),
        (Op::call_pointer, 0, [1, 0, 2], i32, "sig1"),
    ];
    for (op, aux, fields, ty, name) in missing {
        let message = alloc::format!("b0: v3 {}: there is no {name}", op.name());
        assert_eq!(errors_with(op, aux, fields, ty), [message]);
    }
}

#[test]
fn lists_outside_the_pool() {
    let list = "its list of values is not in the pool";
    let calls = [
        (Op::call, [0, 0, 99]),
        (Op::call, [0, u32::MAX, u32::MAX]),
        (Op::i32_atomic_rmw_cmpxchg, [99, 0, 0]),
    ];
    for (op, fields) in calls {
        let message = alloc::format!("b0: v3 {}: {list}", op.name());
        assert_eq!(errors_with(op, 0, fields, Type::I32), [message]);
    }
    assert_eq!(errors_of_end(Op::return_, [3, u32::MAX, 0]), ["b0: v4 return_: ".to_string() + list]);
    assert_eq!(
        errors_of_end(Op::try_call_pointer, [0, u32::MAX, 0]),
        ["b0: v4 try_call_pointer: ".to_string() + list]
    );
    // The list of another function.
    let foreign = errors(|f| {
        let block = f.block();
        f.order.push(block);
        let mut b = Builder::at(f, block);
        b.return_(&[]);
        f.remove(Value(2));
        Builder::at(f, Block(0)).jump(block, &[]);
        f.edge_data_mut(Edge(0)).args = List::new(7, 1);
    });
    assert_eq!(foreign, ["b0: v4 jump: ".to_string() + list]);
}

#[test]
fn lanes_and_bits() {
    assert_eq!(
        errors_with(Op::i8x16_shuffle, 0, [1, 1, 0], Type::V128),
        ["b0: v3 i8x16_shuffle: there is no lane 32 of 32"]
    );
    assert_eq!(
        errors_with(Op::v128_load64_lane, 0x200, [0, 1, 0], Type::V128),
        ["b0: v3 v128_load64_lane: there is no lane 2 of 2"]
    );
    for (op, ty) in [(Op::i32_const, Type::I32), (Op::f32_const, Type::F32), (Op::ref_const, Type::Ref)] {
        let message = alloc::format!("b0: v3 {}: its constant has more bits than its type", op.name());
        assert_eq!(errors_with(op, 0, [0, 1, 0], ty), [message]);
        assert_eq!(errors_with(op, 0, [u32::MAX, 0, 0], ty), [""; 0]);
    }
    assert_eq!(errors_with(Op::f64_const, 0, [0, u32::MAX, 0], Type::F64), [""; 0]);
}

#[test]
fn numbers_of_edges() {
    assert_eq!(errors_of_end(Op::jump, [2, 0, 0]), ["b0: v4 jump: there is no e2"]);
    assert_eq!(errors_of_end(Op::branch, [0, 1, 0]), ["b0: v4 branch: there is no e2"]);
    assert_eq!(
        errors_of_end(Op::branch_table, [0, u32::MAX, u32::MAX]),
        ["b0: v4 branch_table: there is no e4294967295"]
    );
    assert_eq!(errors_of_end(Op::branch_table, [0, 0, 0]), ["b0: v4 branch_table: it has no edges"]);
    let shared = errors(|f| {
        f.remove(Value(2));
        let mut b = Builder::at(f, Block(0));
        b.jump(Block(1), &[]);
        b.start_block([]);
        b.push(Inst { op: Op::jump, aux: 0, fields: [0; 3] }, Type::Void);
    });
    assert_eq!(shared, ["b1: v4 jump: e0 is an edge of v3, too"]);
    let catch = errors(|f| {
        f.remove(Value(2));
        Builder::at(f, Block(0)).jump(Block(0), &[]);
        f.edge_data_mut(Edge(0)).catch = Some(3);
    });
    assert_eq!(catch, ["b0: v3 jump: there is no catch 3"]);
}

#[test]
fn links() {
    // Before a parameter, what is in no list says that it is.
    let before = errors(|f| {
        let constant = f.make(Inst::constant(Op::i32_const, 0), Type::I32);
        f.insert_before(Value(0), constant);
    });
    assert_eq!(before[0], "b0: its list of instructions is broken at v0");
    let params = errors(|f| f.inst_mut(Value(1)).fields = [0, 5, 0]);
    assert_eq!(params, ["b0: v1 is not made as its parameter 1"]);
    let removed = errors(|f| f.remove(Value(0)));
    assert_eq!(removed, ["b0: v0 is not made as its parameter 0", "b0: it has no instructions"]);
    let instead = errors(|f| f.inst_mut(Value(1)).op = Op::result);
    assert_eq!(instead[0], "b0: v1 is not made as its parameter 1");
    let among = errors(|f| f.inst_mut(Value(2)).op = Op::param);
    assert_eq!(among[0], "b0: its list of instructions is broken at v2");
}

#[test]
fn blocks_that_are_not_in_the_order() {
    let uses = errors(|f| {
        f.signatures[0].results.push(Type::I32);
        f.remove(Value(2));
        let out = f.block();
        let constant = f.make(Inst::constant(Op::i32_const, 0), Type::I32);
        f.append(out, constant);
        Builder::at(f, Block(0)).return_(&[constant]);
    });
    assert_eq!(uses, ["b0: v4 return_: it uses v3 of b1, which is not in the order"]);
    let goes = errors(|f| {
        f.remove(Value(2));
        let out = f.block();
        Builder::at(f, Block(0)).jump(out, &[]);
    });
    assert_eq!(goes, ["b0: v3 jump: e0 goes to b1, which is not in the order"]);
}

#[test]
fn parameters_that_were_taken_away() {
    let unused = errors(|f| {
        f.signatures[0].params.pop();
        f.retain_params(Block(0), |i| i == 0);
    });
    assert_eq!(unused, [""; 0]);
    let used = errors(|f| {
        f.signatures[0] = SignatureData { params: vec![Type::V128], results: vec![Type::I32] };
        f.remove(Value(2));
        Builder::at(f, Block(0)).return_(&[Value(0)]);
        f.retain_params(Block(0), |i| i == 1);
    });
    assert_eq!(used, ["v0 param: it is used, but has no place"]);
}

#[test]
fn what_floats_and_is_not_used_may_be_anything() {
    let unused = errors(|f| {
        f.make(Inst { op: Op::i8x16_shuffle, aux: 0, fields: [99; 3] }, Type::I32);
        let last = f.make(Inst { op: Op::i32_clz, aux: 0, fields: [99, 0, 0] }, Type::I32);
        f.inst_mut(last).fields[0] = last.0;
    });
    assert_eq!(unused, [""; 0]);
}

#[test]
fn deep_trees_need_no_deep_stack() {
    let mut function = Function::new(SignatureData { params: vec![Type::I32], results: vec![Type::I32] });
    let mut b = Builder::at(&mut function, Block(0));
    b.start_block([Type::I32]);
    let mut sum = Value(0);
    for _ in 0..200_000 {
        // Both operands are the same: a walk over all ways would not come to an end.
        sum = b.op(Op::i32_add, &[sum, sum]);
    }
    b.return_(&[sum]);
    assert_eq!(verify(&function), Ok(()));
    function.inst_mut(Value(1)).fields[0] = sum.0;
    assert_eq!(
        verify_all(&function).iter().map(|e| e.to_string()).collect::<Vec<_>>(),
        ["v1 i32_add: it depends on itself"]
    );
}

/// Instructions with fields by chance are refused or not, but always looked at.
#[test]
fn nothing_makes_the_verifier_panic() {
    let mut state = 7u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    for _ in 0..200 {
        for op in Op::ALL.iter().copied() {
            let mut number = || if next(4) == 0 { u32::MAX - next(3) } else { next(6) };
            let (aux, fields) = (number() as u16, [number(), number(), number()]);
            let ty = Type::VALUES[number() as usize % 6];
            errors_with(op, aux, fields, ty);
            errors_of_end(op, fields);
        }
    }
}
