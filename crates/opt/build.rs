//! Makes matching code of the rules: one function for each opcode at the root of a pattern, which tries its rules in the
//! order of the files.

#[path = "src/rules/parse.rs"]
#[allow(dead_code)]
mod parse;

use parse::{COMMUTATIVE, Expr, Rule, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=rules");
    println!("cargo:rerun-if-changed=src/rules/parse.rs");
    let mut files: Vec<_> = fs::read_dir("rules")
        .expect("the crate has a folder of rules")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "rules"))
        .collect();
    files.sort();
    // By opcode: for each, the code of its rules.
    let mut functions: BTreeMap<String, String> = BTreeMap::new();
    for path in &files {
        let text = fs::read_to_string(path).expect("a file of rules can be read");
        let rules = parse::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for rule in &rules {
            for width in rule.widths() {
                add(rule, *width, &mut functions);
            }
        }
    }
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("rules.rs"), text_of(&functions)).expect("the output can be written");
}

fn text_of(functions: &BTreeMap<String, String>) -> String {
    let mut text = String::from("/// What the rules say of an operation; nothing, if they say nothing.\n");
    text += "pub(crate) fn rewrite(cx: &mut Context<'_>, op: Op, v: &[Value]) -> Option<Value> {\n    match op {\n";
    for op in functions.keys() {
        writeln!(text, "        Op::{op} => {op}(cx, v),").unwrap();
    }
    text += "        _ => None,\n    }\n}\n";
    for (op, code) in functions {
        write!(
            text,
            "\nfn {op}(cx: &mut Context<'_>, v: &[Value]) -> Option<Value> {{\n{code}    None\n}}\n"
        )
        .unwrap();
    }
    text
}

/// Adds the code of a rule for a width, once for each order of the operands of commutative operations.
fn add(rule: &Rule, width: u32, functions: &mut BTreeMap<String, String>) {
    let Term::Op(root, _) = &rule.pattern else { unreachable!("the parser checks it") };
    let root = Rule::operation(root, width);
    let code = functions.entry(root.clone()).or_default();
    let mut orders = orders(&rule.pattern);
    orders.dedup();
    for pattern in &orders {
        let mut matcher = Matcher { width, bound: BTreeSet::new(), code: String::new(), next: 0 };
        let Term::Op(_, args) = pattern else { unreachable!("the parser checks it") };
        for (i, arg) in args.iter().enumerate() {
            matcher.part(arg, &format!("v[{i}]"));
        }
        if let Some(condition) = &rule.condition {
            let condition = expr(condition, width);
            writeln!(matcher.code, "        if {condition} == 0 {{ break 'rule; }}").unwrap();
        }
        let result = result(&rule.result, width, &root);
        let result = if rule.keeps { format!("cx.keep(Op::{root}, v, |cx| {result})") } else { result };
        write!(
            code,
            "    // {}, line {}\n    'rule: {{\n{}        return Some({result});\n    }}\n",
            rule.name, rule.line, matcher.code
        )
        .unwrap();
    }
}

/// A pattern with the operands of its commutative operations in all orders that differ.
fn orders(term: &Term) -> Vec<Term> {
    let Term::Op(op, args) = term else { return vec![term.clone()] };
    let mut all: Vec<Vec<Term>> = vec![Vec::new()];
    for arg in args {
        let choices = orders(arg);
        all = all
            .iter()
            .flat_map(|done| choices.iter().map(|c| [&done[..], std::slice::from_ref(c)].concat()))
            .collect();
    }
    let constant = matches!(args.last(), Some(Term::Constant(_) | Term::Literal(_)));
    if COMMUTATIVE.contains(&op.as_str()) && !constant {
        let swapped: Vec<_> = all.iter().map(|args| vec![args[1].clone(), args[0].clone()]).collect();
        all.extend(swapped);
    }
    let mut terms: Vec<Term> = Vec::new();
    for args in all {
        let term = Term::Op(op.clone(), args);
        // Names stand for anything: `(and x x)` swapped is itself.
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    terms
}

struct Matcher {
    width: u32,
    bound: BTreeSet<String>,
    code: String,
    next: u32,
}

impl Matcher {
    /// Code that leaves the rule unless `value` matches.
    fn part(&mut self, term: &Term, value: &str) {
        let line = match term {
            Term::Value(name) if self.bound.insert(name.clone()) => format!("let {name} = {value};"),
            Term::Value(name) => format!("if {name} != {value} {{ break 'rule; }}"),
            Term::Constant(name) if self.bound.insert(name.clone()) => {
                format!("let Some({name}) = cx.constant({value}) else {{ break 'rule }};")
            }
            Term::Constant(name) => format!("if cx.constant({value}) != Some({name}) {{ break 'rule; }}"),
            Term::Literal(number) => format!("if !cx.is_literal({value}, {number}) {{ break 'rule; }}"),
            Term::Op(op, args) => {
                let op = Rule::operation(op, self.width);
                let parts: Vec<String> = args.iter().map(|_| self.fresh()).collect();
                let list = parts.join(", ");
                writeln!(
                    self.code,
                    "        let Some([{list}]) = cx.operands_of({value}, Op::{op}) else {{ break 'rule }};"
                )
                .unwrap();
                for (arg, part) in args.iter().zip(&parts) {
                    self.part(arg, part);
                }
                return;
            }
            Term::Computed(_) => panic!("a pattern computes nothing"),
        };
        writeln!(self.code, "        {line}").unwrap();
    }

    fn fresh(&mut self) -> String {
        self.next += 1;
        format!("p{}", self.next)
    }
}

/// Code that makes the result of a rule, in the place of an operation `root`.
fn result(term: &Term, width: u32, root: &str) -> String {
    match term {
        Term::Value(name) => name.clone(),
        Term::Op(op, args) => {
            let op = Rule::operation(op, width);
            let mut code = String::from("{ ");
            for (i, arg) in args.iter().enumerate() {
                let place = format!("Place::Operand(Op::{op}, {i})");
                write!(code, "let r{i} = {}; ", argument(arg, width, &place)).unwrap();
            }
            let list: Vec<String> = (0..args.len()).map(|i| format!("r{i}")).collect();
            write!(code, "cx.make(Op::{op}, &[{}]) }}", list.join(", ")).unwrap();
            code
        }
        constant => argument(constant, width, &format!("Place::Result(Op::{root})")),
    }
}

/// Code for a part of a result; a constant is made for this place.
fn argument(term: &Term, width: u32, place: &str) -> String {
    match term {
        Term::Value(_) | Term::Op(..) => result(term, width, ""),
        Term::Constant(name) => format!("cx.constant_for({place}, {name})"),
        Term::Literal(number) => format!("cx.constant_for({place}, {number}_i64 as u64)"),
        Term::Computed(computed) => {
            let code = expr(computed, width);
            format!("{{ let bits = {code}; cx.constant_for({place}, bits) }}")
        }
    }
}

/// Code that computes an expression, as [`parse::evaluate`] does.
fn expr(term: &Expr, width: u32) -> String {
    let code = match term {
        Expr::Constant(name) => name.clone(),
        Expr::Number(number) => format!("({number}_i64 as u64)"),
        Expr::Width => format!("{width}_u64"),
        Expr::Unary("-", a) => format!("{}.wrapping_neg()", expr(a, width)),
        Expr::Unary(_, a) => format!("(({} == 0) as u64)", expr(a, width)),
        Expr::Binary(op, a, b) => {
            let (a, b) = (expr(a, width), expr(b, width));
            match *op {
                "+" => format!("{a}.wrapping_add({b})"),
                "-" => format!("{a}.wrapping_sub({b})"),
                "*" => format!("{a}.wrapping_mul({b})"),
                "<<" => format!("{a}.unbounded_shl({b} as u32)"),
                ">>" => format!("{a}.unbounded_shr({b} as u32)"),
                "&&" | "||" => format!("(({a} != 0 {op} {b} != 0) as u64)"),
                "&" | "|" | "^" => format!("({a} {op} {b})"),
                _ => format!("(({a} {op} {b}) as u64)"),
            }
        }
        Expr::Call(name, args) => {
            let args: Vec<String> = args.iter().map(|a| expr(a, width)).collect();
            match (*name, &args[..]) {
                ("power_of_two", [a]) => format!("({a}.is_power_of_two() as u64)"),
                ("log2", [a]) => format!("({a}.checked_ilog2().unwrap_or(0) as u64)"),
                ("min", [a, b]) => format!("{a}.min({b})"),
                (name, _) => panic!("there is no code for `{name}`"),
            }
        }
    };
    format!("mask({code}, {width})")
}
