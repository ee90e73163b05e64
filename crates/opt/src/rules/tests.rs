//! Every rule by itself, against the meaning of its operations: exhaustively where its values have 8 bits, with boundary
//! and random values where they have more.

use super::parse::{COMMUTATIVE, Expr, GENERIC, Rule, Term, evaluate, mask, parse};
use super::*;
use windlass_abi::num::V128;
use windlass_abi::num::byte::{self, ByteOperator};
use windlass_abi::trap::TrapCode;
use windlass_ir::Type;
use windlass_ir::constant::Constant;
use windlass_ir::eval::{Immediate, fold};
use windlass_ir::op::Class;

type Meaning = Result<Constant, TrapCode>;

/// How wide the operations of a rule are that have no type: 8 bits, in a check only, 32 or 64.
#[derive(Clone, Copy, PartialEq)]
struct Width(u32);

impl Width {
    /// The type that holds values of this width: 8 bits are in an `i32`.
    fn ty(self) -> Type {
        if self.0 == 64 { Type::I64 } else { Type::I32 }
    }

    /// The opcode of an operation.
    fn op(self, name: &str) -> Op {
        let name = Rule::operation(name, self.ty().size() * 8);
        Op::parse(&name).unwrap_or_else(|| panic!("there is no operation `{name}`"))
    }
}

fn bits(constant: Constant) -> u64 {
    u128::from_le_bytes(constant.to_le_bytes()) as u64
}

fn constant(ty: Type, value: u64) -> Constant {
    Constant::from_bits(ty, mask(value, ty.size() * 8)).expect("no vector")
}

/// A term whose operations and names have been looked up.
enum Node<'r> {
    /// An operation, and what it is at 8 bits.
    Op(Op, Option<ByteOperator>, Vec<Node<'r>>),
    /// The value of this number.
    Value(usize),
    /// A constant of this type: that of this number.
    Constant(Type, usize),
    /// This constant.
    Literal(Constant),
    /// A constant of this type that is computed.
    Computed(Type, &'r Expr),
}

/// A rule at a width.
struct Case<'r> {
    rule: &'r Rule,
    width: Width,
    /// The names, and their types.
    names: Vec<(String, Type)>,
    pattern: Node<'r>,
    result: Node<'r>,
}

impl<'r> Case<'r> {
    fn new(rule: &'r Rule, width: Width) -> Case<'r> {
        let mut names = Vec::new();
        types(&rule.pattern, width, &mut names);
        let Term::Op(root, _) = &rule.pattern else { unreachable!("the parser checks it") };
        let ty = place(width.op(root).row().result);
        let node = |term: &'r Term| node(term, width, &names, ty);
        let (pattern, result) = (node(&rule.pattern), node(&rule.result));
        Case { rule, width, pattern, result, names }
    }

    /// Checks the rule for some values; says whether its condition held.
    fn check(&self, values: &[Constant]) -> bool {
        if let Some(condition) = &self.rule.condition
            && self.computed(condition, values) == 0
        {
            return false;
        }
        let (left, right) = (self.meaning(&self.pattern, values), self.meaning(&self.result, values));
        let (name, width) = (&self.rule.name, self.width.0);
        assert!(
            left == right,
            "{name} at {width} bits: {left:?} is not {right:?} for {:?} as {values:?}",
            self.names
        );
        true
    }

    fn computed(&self, expr: &Expr, values: &[Constant]) -> u64 {
        let named = |name: &str| {
            let at = self.names.iter().position(|(n, _)| n == name).expect("the pattern has it");
            bits(values[at])
        };
        evaluate(expr, self.width.0, &named)
    }

    fn meaning(&self, node: &Node<'_>, values: &[Constant]) -> Meaning {
        Ok(match node {
            Node::Value(number) => values[*number],
            // It may go where its type is another one.
            Node::Constant(ty, number) => constant(*ty, bits(values[*number])),
            Node::Literal(constant) => *constant,
            Node::Computed(ty, expr) => constant(*ty, self.computed(expr, values)),
            Node::Op(op, byte, args) => {
                let mut operands = [Constant::I32(0); 3];
                for (operand, arg) in operands.iter_mut().zip(args) {
                    *operand = self.meaning(arg, values)?;
                }
                let byte_of = |i: usize| bits(operands[i]) as u8;
                return match byte {
                    None => fold(*op, &operands[..args.len()], Immediate::None).expect("it has a meaning"),
                    Some(ByteOperator::Unary(_, f)) => Ok(Constant::I32(f(byte_of(0)).into())),
                    Some(ByteOperator::Binary(_, f)) => Ok(Constant::I32(f(byte_of(0), byte_of(1)).into())),
                    Some(ByteOperator::Division(_, f)) => {
                        f(byte_of(0), byte_of(1)).map(|r| Constant::I32(r.into()))
                    }
                };
            }
        })
    }
}

/// The type of what is tried where any type may be: one of integers.
fn place(class: Class) -> Type {
    if let Class::Is(ty) = class { ty } else { Type::I64 }
}

/// The types of all names of a term, found from the rows of the operations that they stand in.
fn types(term: &Term, width: Width, names: &mut Vec<(String, Type)>) {
    let Term::Op(name, args) = term else { return };
    let row = width.op(name).row();
    assert_eq!(row.operands.len(), args.len(), "operands of `{name}`");
    for (arg, class) in args.iter().zip(row.operands) {
        match arg {
            Term::Value(name) | Term::Constant(name) => match names.iter().find(|(n, _)| n == name) {
                Some((_, known)) => assert_eq!(*known, place(*class), "`{name}` has one type"),
                None => names.push((name.clone(), place(*class))),
            },
            term => types(term, width, names),
        }
    }
}

/// Looks a term up; `ty` is the type of the constants that it may be.
fn node<'r>(term: &'r Term, width: Width, names: &[(String, Type)], ty: Type) -> Node<'r> {
    let number = |name: &str| names.iter().position(|(n, _)| n == name).expect("the pattern has it");
    match term {
        Term::Value(name) => Node::Value(number(name)),
        Term::Constant(name) => Node::Constant(ty, number(name)),
        Term::Literal(value) if width.0 == 8 => Node::Literal(constant(ty, mask(value.cast_unsigned(), 8))),
        Term::Literal(value) => Node::Literal(constant(ty, value.cast_unsigned())),
        Term::Computed(expr) => Node::Computed(ty, expr),
        Term::Op(name, args) => {
            let op = width.op(name);
            let byte =
                || *byte::OPERATORS.iter().find(|o| o.name() == name).expect("an operator of integers");
            let byte = (width.0 == 8 && GENERIC.contains(&name.as_str())).then(byte);
            let classes = op.row().operands;
            let args = args.iter().zip(classes).map(|(arg, class)| node(arg, width, names, place(*class)));
            Node::Op(op, byte, args.collect())
        }
    }
}

/// Numbers that are different from one another in many ways, of all widths.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // Any number of bits.
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> (self.0 % 64)
    }
}

/// Values at which something changes.
fn boundaries(ty: Type) -> Vec<Constant> {
    let width = ty.size() * 8;
    match ty {
        Type::F32 => [
            0,
            0x8000_0000,
            0x3f80_0000,
            0xbf80_0000,
            0x7f80_0000,
            0xff80_0000,
            0x7fc0_0000,
            0x7fa0_0000,
            0xffc0_1234,
            1,
        ]
        .map(Constant::F32)
        .to_vec(),
        Type::F64 => [
            0,
            1 << 63,
            0x3ff0 << 48,
            0xbff0 << 48,
            0x7ff0 << 48,
            0xfff0 << 48,
            0x7ff8 << 48,
            0x7ff4 << 48,
            1,
        ]
        .map(Constant::F64)
        .to_vec(),
        Type::V128 => {
            let lanes =
                [[0; 16], [0xff; 16], [0x80; 16], [0x7f; 16], core::array::from_fn(|i| (i * 37) as u8)];
            lanes.map(|lanes| Constant::V128(V128(lanes))).to_vec()
        }
        _ => {
            let mut values =
                vec![0_u64, 1, 2, 3, 7, 8, 15, 16, 24, 31, 32, 33, 48, 56, 63, 64, 0xff, 0xffff, 0xffff_ffff];
            values.extend([7, 8, 15, 16, 31, 32, 63].map(|n| 1 << n));
            values.extend(values.clone().iter().map(|v| v.wrapping_neg()));
            values.extend(values.clone().iter().map(|v| v.wrapping_sub(1)));
            let mut values: Vec<u64> = values.iter().map(|v| mask(*v, width)).collect();
            values.sort_unstable();
            values.dedup();
            values.iter().map(|v| constant(ty, *v)).collect()
        }
    }
}

fn random_of(ty: Type, random: &mut Random) -> Constant {
    match ty {
        Type::V128 => Constant::V128(V128(core::array::from_fn(|_| random.next() as u8))),
        ty => constant(ty, random.next()),
    }
}

/// Checks a rule at a width; gives how many times its condition held.
fn check_at(rule: &Rule, width: Width) -> u64 {
    let case = Case::new(rule, width);
    let names = &case.names;
    let mut held = 0;
    let mut try_values = |values: &[Constant]| held += u64::from(case.check(values));
    if width.0 == 8 && names.len() <= 2 {
        for n in 0..1_u64 << (8 * names.len()) {
            let values: Vec<_> =
                (0..names.len()).map(|i| Constant::I32(n as u32 >> (8 * i) & 0xff)).collect();
            try_values(&values);
        }
        return held;
    }
    let values_of = |ty| match width.0 {
        // All pairs of the first two, with these for the others.
        8 => [0, 1, 2, 3, 5, 7, 8, 0x0f, 0x55, 0x7f, 0x80, 0x81, 0xaa, 0xf0, 0xfe, 0xff]
            .map(Constant::I32)
            .to_vec(),
        _ => boundaries(ty),
    };
    let mut lists: Vec<Vec<Constant>> = names.iter().map(|(_, ty)| values_of(*ty)).collect();
    if width.0 == 8 {
        lists[..2].fill((0..=0xff).map(Constant::I32).collect());
    }
    let mut at = vec![0; lists.len()];
    'all: loop {
        let values: Vec<_> = lists.iter().zip(&at).map(|(list, i)| list[*i]).collect();
        try_values(&values);
        for (i, list) in at.iter_mut().zip(&lists) {
            *i += 1;
            if *i < list.len() {
                continue 'all;
            }
            *i = 0;
        }
        break;
    }
    if width.0 != 8 {
        let mut random = Random(0x1234_5678_9abc_def1);
        for _ in 0..2_000 {
            let values: Vec<_> = names.iter().map(|(_, ty)| random_of(*ty, &mut random)).collect();
            try_values(&values);
        }
    }
    held
}

fn all() -> Vec<(&'static str, Rule)> {
    let rules = FILES.iter().flat_map(|(file, text)| {
        let rules = parse(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        rules.into_iter().map(|rule| (*file, rule))
    });
    rules.collect()
}

/// Checks a rule at all of its widths; it must hold for something at each.
fn check_rule(file: &str, rule: &Rule) {
    let mut widths: Vec<u32> = rule.widths().to_vec();
    if rule.generic && only_generic(&rule.pattern) && only_generic(&rule.result) {
        widths.push(8);
    }
    for width in widths {
        let held = check_at(rule, Width(width));
        assert!(held > 0, "{file}: {} at {width} bits was never tried", rule.name);
    }
}

/// Whether all operations stand for those of any width.
fn only_generic(term: &Term) -> bool {
    match term {
        Term::Op(name, args) => GENERIC.contains(&name.as_str()) && args.iter().all(only_generic),
        _ => true,
    }
}

#[test]
fn every_rule_is_true() {
    let rules = all();
    for (file, rule) in &rules {
        check_rule(file, rule);
    }
    let exhaustive = rules
        .iter()
        .filter(|(_, r)| r.generic && only_generic(&r.pattern) && only_generic(&r.result))
        .count();
    println!("{} rules checked, {exhaustive} of them at all values of 8 bits", rules.len());
}

#[test]
fn names_of_rules_are_different() {
    let rules = all();
    let mut names: Vec<&str> = rules.iter().map(|(_, rule)| &*rule.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
#[should_panic(expected = "wrong at 32 bits")]
fn a_wrong_rule_is_caught() {
    let rules = parse("wrong: (shr_u (shl x A) A) => x").unwrap();
    check_rule("here", &rules[0]);
}

#[test]
#[should_panic(expected = "subtle at 8 bits")]
fn a_rule_that_is_wrong_for_one_byte_is_caught() {
    // True but for the least number.
    let rules = parse("subtle: (lt_s (sub 0 x) 0) => (gt_s x 0)").unwrap();
    assert!(Case::new(&rules[0], Width(32)).check(&[Constant::I32(5)]));
    check_at(&rules[0], Width(8));
}

#[test]
#[should_panic(expected = "never tried")]
fn a_rule_that_never_applies_is_caught() {
    let rules = parse("never: (add x A) if A == 1 && A == 2 => x").unwrap();
    check_rule("here", &rules[0]);
}

#[test]
fn what_is_called_commutative_is() {
    for name in COMMUTATIVE {
        for width in [32, 64].map(Width) {
            let row = width.op(name).row();
            let Class::Is(ty) = row.operands[0] else { panic!("of one type") };
            for a in boundaries(ty) {
                for b in boundaries(ty) {
                    let meaning = |a, b| fold(width.op(name), &[a, b], Immediate::None);
                    let same = meaning(a, b) == meaning(b, a);
                    assert!(same, "{name} of {a:?} and {b:?}");
                }
            }
        }
    }
}

#[test]
fn errors_say_where_and_what() {
    let error = |text: &str| parse(text).unwrap_err().to_string();
    assert_eq!(error("\nadd x"), "line 2: a rule starts with its name and `:`");
    assert_eq!(error("a: (add x 0) x"), "line 1: a rule has `=>` or `~>`, once");
    assert_eq!(error("a: (add x 0 => x"), "line 1: a name or a number is missing before ``");
    assert_eq!(
        error("a: ({add sub} x 0) => ({add} x 0)"),
        "line 1: `{add}` has 1 alternatives, another one 2"
    );
    assert_eq!(error("a: (add x A) if half(A) => x"), "line 1: there is no function `half`");
    assert_eq!(error("a: x => y"), "line 1: a pattern is an operation");
}
