//! What is emitted for x86-64, run by the processor: a program of these functions that reads arguments and writes results, in an
//! executable file of its own. So no function of a test runs in this process.
//!
//! Every operation on numbers that has no effects means what the evaluator says; calls of every kind between own functions do what
//! the convention wants.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

#[path = "x64_opcodes/cases.rs"]
#[allow(dead_code)]
mod cases;

use cases::{Source, cases};
use std::fs;
use std::mem::offset_of;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use windlass_abi::code::CodeImage;
use windlass_abi::vm::{VMContext, VMStore};
use windlass_asm::x64::{Assembler, Cond, Gpr, Mem, Xmm, inst::*};
use windlass_ir::eval::{Immediate, fold};
use windlass_ir::op::{Class, Shape};
use windlass_ir::text::parse;
use windlass_ir::verify::verify_placed;
use windlass_ir::{Constant, Function, Op, Type};
use windlass_opt::machine::allocate::{Mode, Request, Scratch, allocate};
use windlass_opt::machine::code::Code;
use windlass_opt::machine::x64::emit::{self, Emitter};
use windlass_opt::machine::x64::select::{Selector, Settings};
use windlass_opt::machine::x64::target;

/// Where the text and the data of the program lie. The context is the second page of the data.
const TEXT: u64 = 0x1000_0000;
const DATA: u64 = 0x4000_0000;
const PAGE: u64 = 4096;
const CONTEXT: u64 = DATA + PAGE;
const STORE: u64 = CONTEXT + PAGE;
const CALLS: u64 = STORE + PAGE;

/// A call of a function, with arguments for the first three registers of each class.
#[derive(Clone, Copy, Default)]
struct Call {
    function: usize,
    ints: [u64; 3],
    vectors: [u128; 3],
}

/// Bytes of a call and of its results in the data.
const CALL: usize = 8 * 4 + 16 * 3;
const RESULT: usize = 16 * 2;

/// The text of functions, and where each starts.
fn text(functions: &[Function], mode: Mode) -> (Vec<u8>, Vec<u32>) {
    let machine = target::machine(false);
    let mut emitter = Emitter::new(emit::Settings { fuel: false, signals: true, replaceable: false });
    let (mut code, mut selector, mut scratch) = (Code::default(), Selector::default(), Scratch::default());
    for (index, function) in functions.iter().enumerate() {
        verify_placed(function).unwrap();
        selector.select(function, Settings::default(), &mut code).unwrap();
        let allocation = allocate(mode, Request::new(&code, &machine), &mut scratch).unwrap();
        emitter.emit(&emit::Function { index: index as u32, offset: 0, code: &code, allocation }).unwrap();
    }
    let code = CodeImage::join(vec![emitter.finish()], 0).unwrap().code;
    (code.text, code.functions.iter().map(|row| row.entry).collect())
}

/// The code that makes all calls, writes their results and ends. It keeps its own values where callees save them.
fn start(calls: usize, results: u64) -> Vec<u8> {
    let (call, result, left) = (Gpr::RBX, Gpr::R12, Gpr::R13);
    let mut asm = Assembler::new();
    asm.mov_ri64(Gpr::R15, CONTEXT);
    asm.mov_ri64(call, CALLS);
    asm.mov_ri64(result, results);
    asm.mov_ri64(left, calls as u64);
    let again = asm.new_label();
    asm.bind(again);
    for (i, reg) in [Gpr::RDI, Gpr::RSI, Gpr::RDX].into_iter().enumerate() {
        asm.rm(MOV64_R_RM, reg, Mem::base(call, 8 + 8 * i as i32));
    }
    for i in 0..3 {
        asm.rm(VMOVUPS_LOAD, Xmm::new(i), Mem::base(call, 32 + 16 * i32::from(i)));
    }
    asm.m(CALL_RM, Mem::base(call, 0));
    asm.mr(MOV64_RM_R, Mem::base(result, 0), Gpr::RAX);
    asm.mr(VMOVUPS_STORE, Mem::base(result, 16), Xmm::new(0));
    asm.ri(ADD64_RM_I, call, CALL as i32);
    asm.ri(ADD64_RM_I, result, RESULT as i32);
    asm.ri(SUB64_RM_I, left, 1);
    asm.jcc(Cond::NE, again);
    // write(1, results), exit(0)
    const SYSCALL: &[u8] = &[0x0f, 0x05];
    asm.mov_ri64(Gpr::RAX, 1);
    asm.mov_ri64(Gpr::RDI, 1);
    asm.mov_ri64(Gpr::RSI, results);
    asm.mov_ri64(Gpr::RDX, (calls * RESULT) as u64);
    asm.put(SYSCALL);
    asm.mov_ri64(Gpr::RAX, 60);
    asm.mov_ri64(Gpr::RDI, 0);
    asm.put(SYSCALL);
    asm.finish_function(64).unwrap();
    asm.bytes().to_vec()
}

/// An executable file with this text and data, and so many bytes of zeros behind the data.
fn executable(text: &[u8], data: &[u8], zeros: u64) -> Vec<u8> {
    let data_at = PAGE + (text.len() as u64).next_multiple_of(PAGE);
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut put = |bytes: &[u8]| file.extend_from_slice(bytes);
    // An executable for x86-64 of version 1, with two segments of 56 bytes behind a header of 64.
    for half in [2u16, 62, 1, 0] {
        put(&half.to_le_bytes());
    }
    for word in [TEXT, 64, 0] {
        put(&word.to_le_bytes());
    }
    put(&0u32.to_le_bytes());
    for half in [64u16, 56, 2, 64, 0, 0] {
        put(&half.to_le_bytes());
    }
    let lens = [text.len() as u64, data.len() as u64];
    for (flags, at, address, len, more) in
        [(5u32, PAGE, TEXT, lens[0], 0), (6, data_at, DATA, lens[1], zeros)]
    {
        put(&1u32.to_le_bytes());
        put(&flags.to_le_bytes());
        for word in [at, address, address, len, len + more, PAGE] {
            put(&word.to_le_bytes());
        }
    }
    file.resize(PAGE as usize, 0);
    file.extend_from_slice(text);
    file.resize(data_at as usize, 0);
    file.extend_from_slice(data);
    file
}

/// Calls functions: what is in `rax` and `xmm0` after each call.
fn run(name: &str, functions: &[Function], mode: Mode, calls: &[Call]) -> Vec<(u64, u128)> {
    let (code, entries) = text(functions, mode);
    let results = CALLS + (calls.len() * CALL) as u64;
    let mut text = start(calls.len(), results);
    let code_at = TEXT + text.len() as u64;
    text.extend_from_slice(&code);
    let mut data = vec![0; (CALLS - DATA) as usize];
    let store_at = (CONTEXT - DATA) as usize + offset_of!(VMContext, store);
    data[store_at..store_at + 8].copy_from_slice(&STORE.to_le_bytes());
    // The stack may reach any address.
    let limit_at = (STORE - DATA) as usize + offset_of!(VMStore, stack_limit);
    data[limit_at..limit_at + 8].copy_from_slice(&0u64.to_le_bytes());
    for call in calls {
        data.extend_from_slice(&(code_at + u64::from(entries[call.function])).to_le_bytes());
        call.ints.iter().for_each(|int| data.extend_from_slice(&int.to_le_bytes()));
        call.vectors.iter().for_each(|vector| data.extend_from_slice(&vector.to_le_bytes()));
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("x64_run_{name}_{mode:?}"));
    fs::write(&path, executable(&text, &data, (calls.len() * RESULT) as u64)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new(&path).output().unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), output.status);
    assert_eq!(output.stdout.len(), calls.len() * RESULT);
    let result = |bytes: &[u8]| {
        let (int, vector) = bytes.split_at(16);
        (u64::from_le_bytes(int[..8].try_into().unwrap()), u128::from_le_bytes(vector.try_into().unwrap()))
    };
    output.stdout.chunks_exact(RESULT).map(result).collect()
}

/// Operands and results of what has no effects, or only traps, and only numbers.
fn types(op: Op) -> Option<(Vec<Type>, Type)> {
    let fixed = |class: &Class| match class {
        Class::Is(ty) => Some(*ty),
        _ => None,
    };
    let row = op.row();
    let arithmetic = matches!(
        row.shape,
        Shape::Unary | Shape::Binary | Shape::Ternary | Shape::UnaryLane | Shape::BinaryLane | Shape::Shuffle
    );
    let operands: Vec<Type> = row.operands.iter().map(fixed).collect::<Option<_>>()?;
    let result = fixed(&row.result)?;
    (arithmetic && result != Type::Void).then_some((operands, result))
}

/// Bits of values that are at the border of something, and some others.
fn values(ty: Type) -> Vec<u128> {
    let ints = [0, 1, 2, 7, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
    let wide = [1 << 32, 1 << 63, (1 << 63) - 1, u64::MAX, 0xdead_beef_0123_4567, 1 << 53, (1 << 63) + 1025];
    let floats = [
        0.0,
        -0.0,
        0.5,
        -0.9,
        1.0,
        -1.5,
        2147483647.0,
        -2147483648.9,
        -2147483649.0,
        4294967295.9,
        4294967296.0,
        9223372036854774784.0,
        9223372036854775808.0,
        -9223372036854775808.0,
        18446744073709549568.0,
        18446744073709551616.0,
        1e300,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::MIN_POSITIVE,
        5e-324,
    ];
    let singles = floats.iter().map(|x| u128::from((*x as f32).to_bits()));
    match ty {
        Type::I64 => ints.into_iter().chain(wide).map(u128::from).collect(),
        Type::F32 => singles.collect(),
        Type::F64 => floats.iter().map(|x| u128::from(x.to_bits())).collect(),
        Type::V128 => {
            let doubles =
                floats.windows(2).map(|w| u128::from(w[0].to_bits()) << 64 | u128::from(w[1].to_bits()));
            let singles: Vec<u128> = singles.collect();
            let quads = singles.windows(4).map(|w| w[0] | w[1] << 32 | w[2] << 64 | w[3] << 96);
            let bytes =
                (0..12u128).map(|n| 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835u128.wrapping_mul(n * n + n));
            doubles
                .chain(quads)
                .chain(bytes)
                .chain([u128::MAX, 0x7fff_8000_0001_ffff_8080_7f7f_00ff_8000])
                .collect()
        }
        _ => ints.map(u128::from).to_vec(),
    }
}

/// Whether a result is what it should be. Which NaN it is, is the processor's choice; upper lanes of scalars are undefined.
fn same(op: Op, expected: Constant, (int, vector): (u64, u128)) -> bool {
    let wanted = u128::from_le_bytes(expected.to_le_bytes());
    let lanes = |bits: u32, count: u32| {
        (0..count).all(|i| {
            let [a, b] = [wanted, vector].map(|x| x >> (i * bits) & ((1 << bits) - 1));
            let nan = |x: u128| match bits {
                32 => f32::from_bits(x as u32).is_nan(),
                _ => f64::from_bits(x as u64).is_nan(),
            };
            a == b || nan(a) && nan(b)
        })
    };
    match expected.ty() {
        Type::F32 => lanes(32, 1),
        Type::F64 => lanes(64, 1),
        Type::V128 if op.name().starts_with("f32x4") => lanes(32, 4),
        Type::V128 if op.name().starts_with("f64x2") => lanes(64, 2),
        Type::V128 => wanted == vector,
        _ => wanted == u128::from(int),
    }
}

/// Runs all operations; the functions that two allocators make.
fn operations(mode: Mode) {
    let (mut functions, mut calls, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for op in Op::ALL.iter().copied().filter(|op| *op != Op::either) {
        let Some((operands, _)) = types(op) else { continue };
        for case in cases(op).into_iter().filter(|case| case.wanted && case.source == Source::Params) {
            let number = functions.len();
            functions.push(case.function());
            let immediate = match op.shape() {
                Shape::UnaryLane | Shape::BinaryLane => Immediate::Lane(case.lane),
                Shape::Shuffle => Immediate::Lanes(case.lanes()),
                _ => Immediate::None,
            };
            let lists: Vec<Vec<u128>> = operands.iter().map(|ty| values(*ty)).collect();
            for n in 0..lists.iter().map(Vec::len).product::<usize>().min(500) {
                let mut call = Call { function: number, ..Call::default() };
                let (mut ints, mut vectors) = (0, 0);
                let mut given = Vec::new();
                for (i, (ty, list)) in operands.iter().zip(&lists).enumerate() {
                    let bits = list[(n + n / list.len() * i) % list.len()];
                    given.push(Constant::from_le_bytes(*ty, bits.to_le_bytes()).unwrap());
                    if ty.is_vector() {
                        call.vectors[vectors] = bits;
                        vectors += 1;
                    } else {
                        call.ints[ints] = bits as u64;
                        ints += 1;
                    }
                }
                // What traps ends the program.
                if let Ok(result) = fold(op, &given, immediate).expect("it has a meaning") {
                    calls.push(call);
                    expected.push((case, given, result));
                }
            }
        }
    }
    let results = run("operations", &functions, mode, &calls);
    let mut wrong: Vec<String> = Vec::new();
    for (result, (case, given, expected)) in results.into_iter().zip(&expected) {
        if !same(case.op, *expected, result) {
            wrong.push(format!("{case:?} of {given:x?}: {result:x?} is not {expected}"));
        }
    }
    wrong.dedup_by(|a, b| a.split(' ').nth(3) == b.split(' ').nth(3));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), calls.len(), wrong.join("\n"));
    assert!(calls.len() > 50_000, "{}", calls.len());
}

#[test]
fn operations_mean_what_they_should() {
    operations(Mode::Backtracking);
}

#[test]
fn operations_mean_what_they_should_with_fast_allocation() {
    operations(Mode::Fast);
}

/// Functions that call each other: on the stack beyond the registers, with results in memory, in place of each other with more and
/// with less on the stack, without a frame; and a loop of jumps by a table.
const CALLING: &str = "
function (i64) -> (i64) {
  callee f0: own 0, (i64) -> (i64)

b0(v0: i64):
  v1 = i64_const 2
  v2 = i64_lt_u v0, v1
  branch v2, b1, b2
b1:
  return v0
b2:
  v5 = i64_const 1
  v6 = i64_sub v0, v5
  v7 = call f0(v6)
  v8 = i64_sub v0, v1
  v9 = call f0(v8)
  v10 = i64_add v7, v9
  return v10
}

function (i64, i64, i64, i64, i64, i64, i64, i64, f64) -> (i64) {
b0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: f64):
  v9 = i64_const 10
  v10 = i64_mul v7, v9
  v11 = i64_add v10, v6
  v12 = i64_mul v11, v9
  v13 = i64_add v12, v5
  v14 = i64_mul v13, v9
  v15 = i64_add v14, v0
  v16 = i64_trunc_f64_s v8
  v17 = i64_add v15, v16
  return v17
}

function (i64, i64, f64) -> (i64) {
  callee f0: own 1, (i64, i64, i64, i64, i64, i64, i64, i64, f64) -> (i64)

b0(v0: i64, v1: i64, v2: f64):
  tail_call f0(v0, v1, v1, v1, v1, v1, v1, v0, v2)
}

function (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> (i64) {
  callee f0: own 2, (i64, i64, f64) -> (i64)
  callee f1: own 0, (i64) -> (i64)

b0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: i64):
  v10 = f64_convert_i64_s v9
  v11 = call f1(v8)
  tail_call f0(v11, v7, v10)
}

function (i64) -> (i64) {
  callee f0: own 3, (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> (i64)
  callee f1: own 5, (i64) -> (i64, i64, i64, i64, i64, i64, i64, i64)

b0(v0: i64):
  v1 = i64_const 3
  v2 = i64_const 7
  v3 = call f0(v0, v0, v0, v0, v0, v0, v0, v1, v2, v0)
  v4, v5, v6, v7, v8, v9, v10, v11 = call f1(v0)
  v12 = i64_mul v10, v11
  v13 = i64_add v12, v3
  return v13
}

function (i64) -> (i64, i64, i64, i64, i64, i64, i64, i64) {
b0(v0: i64):
  v1 = i64_const 1
  v2 = i64_add v0, v1
  return v0, v0, v0, v0, v0, v0, v0, v2
}

function (i64, i64) -> (i64) {
  callee f0: own 6, (i64, i64) -> (i64)

b0(v0: i64, v1: i64):
  v2 = i64_eqz v0
  branch v2, b1, b2
b1:
  return v1
b2:
  v5 = i64_const 1
  v6 = i64_sub v0, v5
  v7 = i64_add v1, v0
  tail_call f0(v6, v7)
}

function (i32, i64) -> (i64) {
b0(v0: i32, v1: i64):
  jump b1(v0, v1)
b1(v3: i32, v4: i64):
  branch_table v3, b2, b3, b4, b3, b5
b2:
  return v4
b3:
  v7 = i64_const 3
  v8 = i64_mul v4, v7
  v9 = i32_const 1
  v10 = i32_sub v3, v9
  jump b1(v10, v8)
b4:
  v12 = i32_const 0
  v13 = i64_const 1000
  v14 = i64_add v4, v13
  jump b1(v12, v14)
b5:
  v16 = i32_const 3
  jump b1(v16, v4)
}

function (i64) -> (i64) {
  callee f0: own 2, (i64, i64, f64) -> (i64)
  callee f1: own 0, (i64) -> (i64)

b0(v0: i64):
  v1 = i64_mul v0, v0
  v2 = i64_mul v1, v0
  v3 = i64_mul v2, v0
  v4 = i64_mul v3, v0
  v5 = i64_mul v4, v0
  v6 = i64_mul v5, v0
  v7 = f64_const 5.5
  v8 = i64_const 10
  v9 = call f0(v0, v0, v7)
  v10 = call f1(v8)
  v11 = i64_add v1, v2
  v12 = i64_add v11, v3
  v13 = i64_add v12, v4
  v14 = i64_add v13, v5
  v15 = i64_add v14, v6
  v16 = i64_add v15, v9
  v17 = i64_add v16, v10
  return v17
}
";

#[test]
fn calls_do_what_the_convention_wants() {
    let functions = parse(CALLING).unwrap();
    let call = |function, ints| Call { function, ints, vectors: [u128::from(5.5f64.to_bits()), 0, 0] };
    let calls = [
        (call(0, [20, 0, 0]), 6765),
        // Digits: the last parameter, the seventh, the sixth, the first, and the float.
        (call(2, [2, 4, 0]), 2442 + 5),
        // f(7) = 13 as first and eighth parameter.
        (call(4, [9, 0, 0]), 13_000 + 330 + 13 + 9 + 9 * 10),
        // So deep that only a frame that goes makes it possible.
        (call(6, [3_000_000, 0, 0]), 3_000_000 * 3_000_001 / 2),
        // What a callee leaves on the stack that is not its own would lie over what the caller keeps.
        (call(8, [2, 0, 0]), 4 + 8 + 16 + 32 + 64 + 128 + 2227 + 55),
        (call(7, [0, 5, 0]), 5),
        (call(7, [1, 5, 0]), 15),
        (call(7, [2, 5, 0]), 1005),
        (call(7, [3, 5, 0]), 1015),
        (call(7, [u64::from(u32::MAX), 5, 0]), 1015),
    ];
    for mode in [Mode::Backtracking, Mode::Fast] {
        let results = run("calls", &functions, mode, &calls.map(|(call, _)| call));
        for (number, (result, (_, expected))) in results.iter().zip(calls).enumerate() {
            assert_eq!(result.0, expected, "{mode:?}: call {number}");
        }
    }
}
