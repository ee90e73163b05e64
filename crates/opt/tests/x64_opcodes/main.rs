//! Selection for x86-64 knows every opcode: each one by itself, with operands that are parameters, constants and loads, and with every
//! lane that it may name. What floats and vectors become means what the opcode does.

mod cases;
mod check;
mod machine;

use cases::{Case, Source, cases};
use std::collections::BTreeSet;
use windlass_ir::eval::{Immediate, fold};
use windlass_ir::op::Shape;
use windlass_ir::verify::verify_placed;
use windlass_ir::{Constant, Op, Type};
use windlass_opt::machine::code::Code;
use windlass_opt::machine::x64::listing::listing;
use windlass_opt::machine::x64::select::{Selector, Settings};

/// Selects the function of a case.
fn select(case: &Case, code: &mut Code) -> Result<(), String> {
    let function = case.function();
    verify_placed(&function).map_err(|error| format!("{case:?}: {error}"))?;
    Selector::default()
        .select(&function, Settings::default(), code)
        .map_err(|error| format!("{case:?}: {error}"))
}

/// `either` is gone when code is placed.
fn opcodes() -> impl Iterator<Item = Op> {
    Op::ALL.iter().copied().filter(|op| *op != Op::either)
}

#[test]
fn every_opcode_is_selected() {
    let mut code = Code::default();
    let mut errors = Vec::new();
    for op in opcodes() {
        for case in cases(op) {
            let checked = select(&case, &mut code).and_then(|()| {
                std::panic::catch_unwind(|| check::check(&code))
                    .map_err(|_| format!("{case:?}: wrong:\n{}", listing(&code)))
            });
            if let Err(error) = checked {
                errors.push(error);
                break;
            }
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// Values that parameters take.
fn values(ty: Type) -> Vec<Constant> {
    const F32: [u32; 12] = [
        0,
        0x8000_0000,
        0x3f80_0000,
        0xbfc0_0000,
        0x7f80_0000,
        0xff80_0000,
        0x7fc0_0000,
        0xffc0_1234,
        0x4f00_0000,
        0xcf00_0000,
        0x4f7f_ffff,
        0x0000_0001,
    ];
    const F64: [u64; 10] = [
        0,
        1 << 63,
        0x3ff0_0000_0000_0000,
        0xbff8_0000_0000_0001,
        0x7ff0_0000_0000_0000,
        0xfff0_0000_0000_0000,
        0x7ff8_0000_0000_0000,
        0x41e0_0000_0000_0000,
        0xc1e0_0000_0020_0000,
        0x41ef_ffff_ffff_ffff,
    ];
    const INTS: [u64; 9] =
        [0, 1, 7, 37, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x8000_0000_0000_0000, 0xdead_beef_0123_4567];
    let pattern = |n: usize| -> u128 {
        match n {
            // Lanes of floats, beside each other and then moved.
            0..12 => (0..4).map(|i| u128::from(F32[(n + i * 5) % 12]) << (32 * i)).sum(),
            12..22 => (0..2).map(|i| u128::from(F64[(n + i * 3) % 10]) << (64 * i)).sum(),
            // Bytes that are extreme, and any.
            22 => 0x807f_01ff_8000_7fff_0180_ff7f_ffff_8000,
            23 => 0x7fff_8000_0001_ffff_8080_7f7f_00ff_8000,
            24 => 0x0f0e_0d0c_1b0a_0908_8706_0504_0302_0110,
            _ => 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834u128.wrapping_mul(2 * n as u128 + 1),
        }
    };
    let bits: Vec<u128> = match ty {
        Type::F32 => F32.map(u128::from).to_vec(),
        Type::F64 => F64.map(u128::from).to_vec(),
        Type::V128 => (0..28).map(pattern).collect(),
        _ => INTS.map(u128::from).to_vec(),
    };
    bits.iter().filter_map(|bits| Constant::from_le_bytes(ty, bits.to_le_bytes())).collect()
}

/// What an operand of a case is, which parameter it may be.
fn operand(case: &Case, ty: Type, param: Constant) -> Constant {
    let bytes = match (case.source, ty) {
        (Source::Params, _) => return param,
        (Source::Zeros, _) => [0; 16],
        (Source::Constants, Type::V128) => std::array::from_fn(|i| (i * 37) as u8),
        (Source::Constants, Type::I64 | Type::F64) => 0x4012_3456_789a_bcdeu128.to_le_bytes(),
        (Source::Constants, _) => 0x4012_3456u128.to_le_bytes(),
        (Source::Loads, _) => machine::MEMORY,
    };
    Constant::from_le_bytes(ty, bytes).expect("operands have types")
}

fn number(constant: Constant) -> u128 {
    u128::from_le_bytes(constant.to_le_bytes())
}

/// Whether a result is what it should be. Which NaN it is, is the processor's choice.
fn same(op: Op, expected: Constant, got: u128) -> bool {
    let name = op.name();
    let nan32 = |x: u128| f32::from_bits(x as u32).is_nan();
    let nan64 = |x: u128| f64::from_bits(x as u64).is_nan();
    let wanted = number(expected);
    let lanes = |size: u32, nan: &dyn Fn(u128) -> bool| {
        (0..128 / size).all(|i| {
            let [a, b] = [wanted, got].map(|x| x >> (i * size) & ((1 << size) - 1));
            a == b || nan(a) && nan(b)
        })
    };
    match expected.ty() {
        Type::F32 => wanted == got & 0xffff_ffff || nan32(wanted) && nan32(got),
        Type::F64 => wanted == got & 0xffff_ffff_ffff_ffff || nan64(wanted) && nan64(got),
        Type::V128 if name.starts_with("f32x4") => lanes(32, &nan32),
        Type::V128 if name.starts_with("f64x2") => lanes(64, &nan64),
        _ => wanted == got,
    }
}

/// Operands and results of pure arithmetic that has to do with floats or vectors.
fn types(op: Op) -> Option<(Vec<Type>, Type)> {
    let fixed = |class: &windlass_ir::op::Class| match class {
        windlass_ir::op::Class::Is(ty) => Some(*ty),
        _ => None,
    };
    let row = op.row();
    let arithmetic = matches!(
        row.shape,
        Shape::Unary | Shape::Binary | Shape::Ternary | Shape::UnaryLane | Shape::BinaryLane | Shape::Shuffle
    );
    let operands: Vec<Type> = row.operands.iter().map(fixed).collect::<Option<_>>()?;
    let result = fixed(&row.result)?;
    let vectors = operands.iter().chain([&result]).any(|ty| ty.is_vector());
    (arithmetic && vectors && row.effects.floats()).then_some((operands, result))
}

#[test]
fn floats_and_vectors_mean_what_they_should() {
    let mut code = Code::default();
    let mut unknown = BTreeSet::new();
    let mut errors = Vec::new();
    for op in opcodes() {
        let Some((operands, _)) = types(op) else { continue };
        'op: for case in cases(op).into_iter().filter(|case| case.wanted) {
            select(&case, &mut code).unwrap_or_else(|error| panic!("{error}"));
            let lists: Vec<Vec<Constant>> = operands.iter().map(|ty| values(*ty)).collect();
            let tries = lists.iter().map(Vec::len).product::<usize>().min(400);
            for n in 0..tries {
                let params: Vec<Constant> = lists
                    .iter()
                    .enumerate()
                    .map(|(i, list)| list[(n + n / list.len() * i) % list.len()])
                    .collect();
                let of = |vectors: bool| -> Vec<u128> {
                    params.iter().filter(|p| p.ty().is_vector() == vectors).map(|p| number(*p)).collect()
                };
                let Some(got) = machine::run(&code, &of(false), &of(true)) else {
                    unknown.insert(op.name());
                    break 'op;
                };
                let given: Vec<Constant> =
                    params.iter().map(|param| operand(&case, param.ty(), *param)).collect();
                let immediate = match op.shape() {
                    Shape::UnaryLane | Shape::BinaryLane => Immediate::Lane(case.lane),
                    Shape::Shuffle => Immediate::Lanes(case.lanes()),
                    _ => Immediate::None,
                };
                let expected = fold(op, &given, immediate).and_then(Result::ok).expect("it has a meaning");
                if !same(op, expected, got) {
                    errors.push(format!(
                        "{case:?} of {given:x?}: {got:#x} is not {expected}\n{}",
                        listing(&code)
                    ));
                    break 'op;
                }
            }
        }
    }
    assert!(errors.is_empty(), "{} opcodes:\n{}", errors.len(), errors.join("\n"));
    // What these become is one sequence, and emission's.
    let sequences: BTreeSet<&str> = opcodes()
        .map(Op::name)
        .filter(|name| {
            name.contains("_trunc_sat_f") && !name.contains('x') || name.ends_with("_convert_i64_u")
        })
        .collect();
    assert_eq!(unknown, sequences);
}
