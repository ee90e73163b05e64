//! The text form: that each opcode has one, what the parser takes that the printer never writes, and what the printer
//! does with functions that are wrong.

mod isomorphic;

use windlass_abi::num::V128;
use windlass_abi::trap::TrapCode;
use windlass_ir::function::{
    CalleeData, Catch, Function, Inst, MemoryData, Region, SignatureData, SlotData, Target,
};
use windlass_ir::op::{Class, Op, Row, Shape};
use windlass_ir::text::parse;
use windlass_ir::{Block, Builder, Callee, Edge, Memory, Signature, Slot, Type, Value};

/// A function with something in every table, and a block with a parameter of each type.
fn base() -> (Function, Block) {
    let mut function =
        Function::new(SignatureData { params: Type::VALUES.to_vec(), results: vec![Type::I32] });
    let pair = SignatureData { params: vec![Type::I32], results: vec![Type::I64, Type::F32] };
    let signature = function.signature_of(pair);
    function.callees.push(CalleeData { target: Target::Own(7), signature });
    let memory = MemoryData {
        index: Type::I64,
        base_at: 8,
        base_fixed: true,
        len_at: 16,
        len_behind_pointer: false,
        reach: 1 << 33,
        min_len: 65536,
    };
    function.memories.extend([MemoryData { index: Type::I32, ..memory }, memory]);
    function.slots.extend([SlotData { size: 8 }, SlotData { size: 16 }]);
    function.catches.push(Catch { tag: None, values: vec![Type::Ref] });
    let block = function.block();
    function.make_params(block, Type::VALUES);
    function.order.push(block);
    (function, block)
}

/// Two edges to the block, the second one with a catch.
fn edges(function: &mut Function, block: Block) -> [Edge; 2] {
    let params: Vec<Value> = function.params(block).collect();
    let args = function.list(params);
    let edges = [function.edge(block, args), function.edge(block, args)];
    function.edge_data_mut(edges[1]).catch = Some(0);
    edges
}

/// Makes an instruction of this opcode and of this type, if that is free.
fn make(function: &mut Function, block: Block, op: Op, own: Type) -> Value {
    let row = op.row();
    let param = |function: &Function, ty| function.params(block).find(|v| function.ty(*v) == ty).unwrap();
    let of = |class: &Class| match class {
        Class::Is(ty) => *ty,
        Class::Own => own,
        Class::Address => Type::I64,
        Class::Any => Type::F64,
    };
    let types: Vec<Type> = row.operands.iter().map(of).collect();
    let v: Vec<Value> = types.iter().map(|ty| param(function, *ty)).collect();
    let ty = of(&row.result);
    let vector = V128(core::array::from_fn(|i| 31 - i as u8));
    let memory = Memory(1);
    let inst = match op.shape() {
        Shape::Plain | Shape::Unary | Shape::Binary | Shape::Ternary => Inst::plain(op, &v),
        Shape::UnaryLane | Shape::BinaryLane => Inst::lane_of(op, &v, 1),
        Shape::Shuffle => {
            let number = function.vector(vector);
            Inst { op, aux: 0, fields: [v[0].0, v[1].0, number] }
        }
        Shape::Const => Inst::constant(op, 0x7fc0_0001),
        Shape::VectorConst => Inst { op, aux: 0, fields: [function.vector(vector), 0, 0] },
        Shape::Param => Inst { op, aux: 0, fields: [block.0, 3, 0] },
        Shape::Result => {
            let first = param(function, Type::I32);
            let call = Builder::at(function, block).call(Op::call, Callee(0), &[first]);
            Inst { op, aux: 0, fields: [call.0, 1, 0] }
        }
        Shape::Load | Shape::Store => Inst::access(op, &v, 0xffff_fff0, memory, 0),
        Shape::LoadLane | Shape::StoreLane => Inst::access(op, &v, 0, memory, 1),
        Shape::Exchange => return Builder::at(function, block).access(op, &v, 4, memory),
        Shape::RawLoad => Inst::raw(op, &v, -8, Region::Sizes),
        Shape::RawStore => Inst::raw(op, &v, 8, Region::Frame),
        Shape::Slot | Shape::SlotStore => Inst::slot_of(op, &v, Slot(1)),
        Shape::Number => Inst { op, aux: 0, fields: [99, 0, 0] },
        Shape::TrapIf | Shape::Trap => Inst { aux: TrapCode::OutOfFuel as u16, ..Inst::plain(op, &v) },
        Shape::Values => return Builder::at(function, block).return_(&[Value(1), Value(0)]),
        Shape::Jump => Inst { op, aux: 0, fields: [edges(function, block)[0].0, 0, 0] },
        Shape::Branch => Inst { op, aux: 0, fields: [v[0].0, edges(function, block)[0].0, 0] },
        Shape::Table => Inst { op, aux: 0, fields: [v[0].0, edges(function, block)[0].0, 2] },
        Shape::Call => return Builder::at(function, block).call(op, Callee(0), &[Value(0)]),
        Shape::CallPointer => {
            let args = [Value(1), Value(1), Value(0)];
            return Builder::at(function, block).call_pointer(op, Signature(1), &args);
        }
        Shape::TryCall | Shape::TryCallPointer => {
            let edges = edges(function, block);
            return Builder::at(function, block).try_call(
                op,
                u32::from(op == Op::try_call_pointer),
                &edges,
                &[Value(1), Value(1), Value(0)],
            );
        }
    };
    Builder::at(function, block).push(inst, ty)
}

#[test]
fn every_opcode_is_printed_and_parsed() {
    for op in Op::ALL {
        let owns = |row: &Row| row.result == Class::Own || row.operands.contains(&Class::Own);
        let types = if owns(op.row()) { &Type::VALUES[..] } else { &[Type::I64] };
        for ty in types {
            let (mut function, block) = base();
            function.set_position(5);
            let value = make(&mut function, block, *op, *ty);
            if function.block_of(value).is_none() {
                Builder::at(&mut function, block).return_(&[value]);
            }
            let text = function.to_string();
            let again = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            isomorphic::compare(&function, &again[0]).unwrap_or_else(|e| panic!("{e}\n{text}"));
            let text = again[0].to_string();
            assert_eq!(parse(&text).unwrap()[0].to_string(), text);
        }
    }
}

/// What is printed of the one function of a text.
fn printed(text: &str) -> String {
    let functions = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(functions.len(), 1);
    functions[0].to_string()
}

#[test]
fn numbers_become_dense_and_forms_the_usual_ones() {
    let text = "
        ; Numbers with gaps, uses before definitions, and forms that the printer does not choose.
        function (i32)->(i32) { ; comment
          signature sig3: (i32) -> (i32, i64)
          callee f9: own 0x10, sig3
          callee f7: builtin 0, () -> ()
          memory m4: i32, base 0x10, length 24, reach 0x10, at least 0

        floating:
          v400 = i32_add.i32 v1, v90
        b7(v1: i32):

          v90 = i32_load v400 + 0x10, m4 @ 7
          v5 = call f9(v90)
          v6 = result.i64 v5, 1
          jump b3(v5)
        b3(v2: i32) @0:
          v3 = trap_if.void v2, Unreachable
          f64_const 0x3ff0000000000000
          f32_const 2
          return v2
        }";
    // The signature stands at the callee, so that it needs no line.
    let expected = "\
function (i32) -> (i32) {
  callee f0: own 16, (i32) -> (i32, i64)
  callee f1: builtin memory_grow, () -> ()
  memory m0: i32, base 16, length 24, reach 16, at least 0

floating:
  v0 = i32_add v1, v2

b0(v1: i32):
  v2 = i32_load v0 + 16, m0 @7
  v3, v4 = call f0(v2)
  jump b1(v3)
b1(v6: i32) @0:
  trap_if v6, Unreachable
  v8 = f64_const 1.0
  v9 = f32_const 2.0
  return v6
}";
    assert_eq!(printed(text), expected);
    assert_eq!(printed(expected), expected);
}

/// The text in the documentation of the form is one.
#[test]
fn the_example_is_parsed() {
    let docs = include_str!("../src/text/mod.rs").lines().filter_map(|line| line.strip_prefix("//!"));
    let example = docs.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");
    let text = example.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let functions = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(functions.len(), 1);
    windlass_ir::verify(&functions[0]).unwrap_or_else(|e| panic!("{e}\n{text}"));
}

#[test]
fn instructions_name_256_memories() {
    let text = |number: u32| {
        let line = |n| format!("memory m{n}: i32, base 0, length 8, reach 0, at least 0\n");
        let memories: String = (0..300).map(line).collect();
        format!("function (i32) -> () {{\n{memories}b0(v0: i32):\ni32_store v0, v0, m{number}\nreturn\n}}")
    };
    assert_eq!(parse(&text(255)).unwrap()[0].inst(Value(1)).memory(), Memory(255));
    let error = parse(&text(256)).unwrap_err();
    assert_eq!(error.to_string(), "303:19: expected one of the first 256 memories, found `m256`");
}

#[test]
fn what_nothing_uses_floats_unseen() {
    let (mut function, block) = base();
    let mut builder = Builder::at(&mut function, block);
    let unused = builder.constant(Type::I32, 1);
    builder.op(Op::i32_add, &[unused, unused]);
    builder.return_(&[]);
    assert!(!function.to_string().contains("floating"), "{function}");
}

#[test]
fn wrong_functions_are_printed() {
    let broken = |change: fn(&mut Function, Value)| {
        let (mut function, block) = base();
        let value = Builder::at(&mut function, block).return_(&[Value(0)]);
        change(&mut function, value);
        function.to_string()
    };
    let end = |text: &str| text.rsplit('\n').nth(1).unwrap().to_owned();
    let plain = |op, fields| Inst { op, aux: 999, fields };

    let dangling = broken(|f, _| {
        f.map_operands(Value(6), |_| Value(77));
        f.order.push(Block(9));
        f.signature = Signature(8);
        f.callees[0] = CalleeData { target: Target::Builtin(1000), signature: Signature(9) };
    });
    assert!(dangling.starts_with("function sig8 {\n"), "{dangling}");
    assert!(dangling.contains("  callee f0: builtin 1000, sig9\n"), "{dangling}");
    assert_eq!(end(&dangling), "  return v77");
    assert_eq!(parse(&dangling.replace("sig8", "() -> ()")).unwrap_err().found, "`sig9`");

    // Fields that point to nothing, by the shapes that have such fields.
    for op in Op::ALL {
        let (mut function, block) = base();
        let value = Builder::at(&mut function, block).return_(&[Value(0)]);
        for fields in [[0, u32::MAX, 1], [u32::MAX; 3], [u32::MAX - 1, 5, u32::MAX], [3, 3, 3]] {
            *function.inst_mut(value) = plain(*op, fields);
            let line = end(&function.to_string());
            assert_eq!(line.contains("<broken>"), !function.is_whole(value), "{line}");
        }
    }
    assert_eq!(end(&broken(|f, v| *f.inst_mut(v) = plain_jump(u32::MAX))), "  jump <broken>");

    // A cycle of what floats, of a type that it cannot have, and a constant with too many bits.
    let cycle = broken(|f, _| {
        let value = f.make(Inst::constant(Op::i32_const, u64::MAX), Type::F32);
        let other = f.make(Inst::plain(Op::i32_add, &[value, value]), Type::Void);
        f.map_operands(Value(6), |_| other);
        f.map_operands(other, |v| if v == value { other } else { v });
    });
    assert_eq!(end(&cycle), "  return v8");
    assert!(cycle.contains("floating:\n  v8 = i32_add.void v8, v8\n"), "{cycle}");
}

fn plain_jump(edge: u32) -> Inst {
    Inst { op: Op::jump, aux: 0, fields: [edge, 0, 0] }
}
