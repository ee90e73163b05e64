//! The simplifier on operations of all kinds, against their meaning.

use super::*;
use windlass_ir::op::Effects;

/// What the values of a function are that need nothing but its parameters, for some arguments.
struct Meanings<'a> {
    function: &'a Function,
    arguments: &'a [Constant],
    known: Vec<Option<Constant>>,
}

impl<'a> Meanings<'a> {
    fn new(function: &'a Function, arguments: &'a [Constant]) -> Meanings<'a> {
        Meanings { function, arguments, known: vec![None; function.values()] }
    }

    fn of(&mut self, value: Value) -> Constant {
        if let Some(known) = self.known[value.index()] {
            return known;
        }
        let meaning = self.work_out(value);
        self.known[value.index()] = Some(meaning);
        meaning
    }

    fn work_out(&mut self, value: Value) -> Constant {
        let function = self.function;
        let inst = function.inst(value);
        let immediate = match inst.op.shape() {
            Shape::Param => return self.arguments[inst.number() as usize],
            Shape::Const => return Constant::from_bits(function.ty(value), inst.bits()).unwrap(),
            Shape::VectorConst => return Constant::V128(function.vector_at(inst.vector())),
            Shape::UnaryLane | Shape::BinaryLane => Immediate::Lane(inst.lane()),
            Shape::Shuffle => Immediate::Lanes(function.vector_at(inst.vector()).0),
            _ => Immediate::None,
        };
        let operands: Vec<Constant> = function.operands(value).map(|v| self.of(v)).collect();
        let meaning =
            fold(inst.op, &operands, immediate).unwrap_or_else(|| panic!("{:?} has no meaning", inst.op));
        meaning.expect("what floats does not trap")
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 16) as usize % n
    }

    /// Small ones, powers of two and their neighbours, and any.
    fn bits(&mut self) -> u64 {
        let power = 1 << self.below(64);
        [self.next() % 4, power, power - 1, power.wrapping_neg(), self.next() >> self.below(64)]
            [self.below(5)]
    }

    fn constant(&mut self, ty: Type) -> Constant {
        match ty {
            Type::V128 => {
                let lanes = u128::from(self.bits()) << 64 | u128::from(self.bits());
                Constant::V128(V128(lanes.to_le_bytes()))
            }
            ty => Constant::from_bits(ty, mask(self.bits(), ty.size() * 8)).unwrap(),
        }
    }
}

const PARAMS: [Type; 10] = [
    Type::I32,
    Type::I32,
    Type::I64,
    Type::I64,
    Type::F32,
    Type::F32,
    Type::F64,
    Type::F64,
    Type::V128,
    Type::V128,
];

/// Operations that float and have operands of fixed types.
fn operations() -> Vec<Op> {
    let pure = |op: &Op| {
        let row = op.row();
        let shape = matches!(
            row.shape,
            Shape::Unary | Shape::Binary | Shape::Ternary | Shape::UnaryLane | Shape::BinaryLane
        );
        let typed = row.operands.iter().all(|class| matches!(class, Class::Is(ty) if *ty != Type::Ref));
        shape && typed && row.effects == Effects::NONE && row.result != Class::Is(Type::Ref)
    };
    let ops: Vec<Op> = Op::ALL.iter().copied().filter(pure).collect();
    assert!(ops.len() > 300, "only {}", ops.len());
    ops
}

/// Makes the same operations plainly in one function and by the simplifier in another one, and compares what they give.
fn compare(seed: u64) -> (usize, usize) {
    let mut random = Random(seed);
    let signature = || windlass_ir::function::SignatureData { params: PARAMS.to_vec(), results: vec![] };
    let (mut plain, mut simple) = (Function::new(signature()), Function::new(signature()));
    let mut simplifier = Simplifier::default();
    // Pairs of values that are meant to be the same.
    let mut values: Vec<(Value, Value)> = Vec::new();
    for function in [&mut plain, &mut simple] {
        let entry = function.block();
        function.make_params(entry, PARAMS);
        function.order.push(entry);
    }
    values.extend(plain.params(plain.order[0]).zip(simple.params(simple.order[0])));
    let ops = operations();
    for _ in 0..60 {
        // Integers most often: they have most rules.
        let op = loop {
            let op = ops[random.below(ops.len())];
            if op.row().operands[0] != Class::Is(Type::V128) || random.below(8) == 0 {
                break op;
            }
        };
        let mut operands = Vec::new();
        for class in op.row().operands {
            let Class::Is(ty) = *class else { unreachable!("of fixed types") };
            let known: Vec<_> = values.iter().filter(|(v, _)| plain.ty(*v) == ty).copied().collect();
            if random.below(3) > 0 {
                // The newest ones often: rules match what lies above one another.
                let back = random.below(known.len()).min(random.below(known.len()));
                operands.push(known[known.len() - 1 - back]);
                continue;
            }
            let constant = random.constant(ty);
            operands.push(match constant {
                Constant::V128(vector) => {
                    let number = plain.vector(vector);
                    let inst = Inst { op: Op::v128_const, aux: 0, fields: [number, 0, 0] };
                    (plain.make(inst, ty), simplifier.vector(&mut simple, vector))
                }
                constant => {
                    let bits = u128::from_le_bytes(constant.to_le_bytes()) as u64;
                    (plain.make(Inst::constant_of(ty, bits), ty), simplifier.constant(&mut simple, ty, bits))
                }
            });
        }
        let Class::Is(ty) = op.row().result else { unreachable!("of a fixed type") };
        let (a, b): (Vec<Value>, Vec<Value>) = operands.into_iter().unzip();
        values.push(match op.shape() {
            Shape::UnaryLane | Shape::BinaryLane => {
                let lanes = match op.name().split_once('x') {
                    Some((_, rest)) => rest.split('_').next().unwrap().parse().unwrap(),
                    None => unreachable!("vectors have lanes"),
                };
                let lane = random.below(lanes) as u8;
                let made = simplifier.make_inst(&mut simple, Inst::lane_of(op, &b, lane), ty);
                (plain.make(Inst::lane_of(op, &a, lane), ty), made)
            }
            _ => (plain.make(Inst::plain(op, &a), ty), simplifier.make(&mut simple, op, &b)),
        });
    }
    for _ in 0..4 {
        let arguments = PARAMS.map(|ty| random.constant(ty));
        let (mut expected, mut found) =
            (Meanings::new(&plain, &arguments), Meanings::new(&simple, &arguments));
        for (a, b) in &values {
            let (expected, found) = (expected.of(*a), found.of(*b));
            assert!(expected == found, "seed {seed}: {a} is {expected:?}, {b} {found:?}, for {arguments:?}");
        }
    }
    (plain.values(), simple.values())
}

#[test]
fn simplified_operations_mean_the_same() {
    let (mut plain, mut simple) = (0, 0);
    for seed in 1..300_u64 {
        let (a, b) = compare(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (plain, simple) = (plain + a, simple + b);
    }
    println!("{plain} operations, {simple} after they were simplified");
    assert!(simple < plain);
}

fn function() -> (Function, Simplifier, Value, Value) {
    let params = vec![Type::I32, Type::I32];
    let mut function =
        Function::new(windlass_ir::function::SignatureData { params: params.clone(), results: vec![] });
    let entry = function.block();
    function.make_params(entry, params);
    function.order.push(entry);
    let [x, y] = core::array::from_fn(|i| function.params(entry).nth(i).unwrap());
    (function, Simplifier::default(), x, y)
}

#[test]
fn equal_operations_are_made_once() {
    let (mut f, mut s, x, y) = function();
    let sum = s.make(&mut f, Op::i32_add, &[x, y]);
    assert_eq!(s.make(&mut f, Op::i32_add, &[y, x]), sum);
    assert_ne!(s.make(&mut f, Op::i32_sub, &[x, y]), s.make(&mut f, Op::i32_sub, &[y, x]));
    let five = s.constant(&mut f, Type::I32, 5);
    assert_eq!(s.constant(&mut f, Type::I32, 5), five);
    assert_ne!(s.constant(&mut f, Type::I64, 5), five);
    let lanes = V128([3; 16]);
    assert_eq!(s.vector(&mut f, lanes), s.vector(&mut f, lanes));
}

#[test]
fn many_operations_are_found_again() {
    let (mut f, mut s, x, _) = function();
    let made: Vec<Value> = (1..5_000)
        .map(|n| {
            let n = s.constant(&mut f, Type::I32, n);
            s.make(&mut f, Op::i32_mul, &[x, n])
        })
        .collect();
    let before = f.values();
    for (n, value) in (1..5_000).zip(made) {
        let n = s.constant(&mut f, Type::I32, n);
        assert_eq!(s.make(&mut f, Op::i32_mul, &[x, n]), value);
    }
    assert_eq!(f.values(), before);
    s.clear();
    let other = s.constant(&mut f, Type::I32, 7);
    assert_eq!(other.index(), before);
}

#[test]
fn rules_apply_to_what_rules_made() {
    let (mut f, mut s, x, _) = function();
    let constant =
        |s: &mut Simplifier, f: &mut Function, n: i32| s.constant(f, Type::I32, n.cast_unsigned().into());
    // ((x - 3) + 5) - 2 is x.
    let (three, five, two) =
        (constant(&mut s, &mut f, 3), constant(&mut s, &mut f, 5), constant(&mut s, &mut f, 2));
    let a = s.make(&mut f, Op::i32_sub, &[x, three]);
    let b = s.make(&mut f, Op::i32_add, &[five, a]);
    assert_eq!(s.make(&mut f, Op::i32_sub, &[b, two]), x);
}
