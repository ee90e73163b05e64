//! Reading the rules: what `rules/*.rules` say, as data.
//!
//! The build script makes matching code of it, and the tests check each rule by itself. The language is explained at the top of
//! `rules/integer.rules`.

use std::fmt;

/// A rule, for one choice among its alternatives.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, with the number of the alternative if there are several.
    pub name: String,
    /// The line of its file.
    pub line: usize,
    /// What it matches.
    pub pattern: Term,
    /// When.
    pub condition: Option<Expr>,
    /// What it says instead.
    pub result: Term,
    /// Whether what was matched is kept, too.
    pub keeps: bool,
    /// Whether it stands for one rule of 32 and one of 64 bits.
    pub generic: bool,
}

/// A part of a pattern or of a result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Term {
    /// An operation.
    Op(String, Vec<Term>),
    /// Any value; the same name stands for the same one.
    Value(String),
    /// A constant of this name.
    Constant(String),
    /// This constant.
    Literal(i64),
    /// A constant that is computed.
    Computed(Expr),
}

/// An expression over constants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expr {
    /// A constant of the pattern.
    Constant(String),
    /// A number.
    Number(i64),
    /// The width of the rule.
    Width,
    /// An operator of one operand: `-`, `!`.
    Unary(&'static str, Box<Expr>),
    /// An operator of two operands.
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// A function: one of [`FUNCTIONS`].
    Call(&'static str, Vec<Expr>),
}

/// The functions of expressions, with the number of their arguments.
pub const FUNCTIONS: &[(&str, usize)] = &[("power_of_two", 1), ("log2", 1), ("min", 2)];

/// Operators of two operands, those that bind weakest first.
const OPERATORS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["==", "!=", "<=", ">=", "<", ">"],
    &["|"],
    &["^"],
    &["&"],
    &["<<", ">>"],
    &["+", "-"],
    &["*"],
];

/// Operations that exist for 32 and for 64 bits under names that differ in `i32_` and `i64_` only, and that rules name without it.
pub const GENERIC: &[&str] = &[
    "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl", "shr_s", "shr_u",
    "rotl", "rotr", "clz", "ctz", "popcnt", "eqz", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s",
    "le_u", "ge_s", "ge_u",
];

/// Operations whose operands may be swapped.
pub const COMMUTATIVE: &[&str] = &[
    "add", "mul", "and", "or", "xor", "eq", "ne", "i32_add", "i32_mul", "i32_and", "i32_or", "i32_xor",
    "i32_eq", "i32_ne", "i64_add", "i64_mul", "i64_and", "i64_or", "i64_xor", "i64_eq", "i64_ne", "v128_and",
    "v128_or", "v128_xor",
];

/// What is wrong with a rule.
#[derive(Debug)]
pub struct Error {
    line: usize,
    what: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// Reads a file of rules. Rules with alternatives come out as one rule for each.
pub fn parse(text: &str) -> Result<Vec<Rule>, Error> {
    let mut rules = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let content = line.split(';').next().unwrap_or_default().trim();
        if content.is_empty() {
            continue;
        }
        let error = |what| Error { line: i + 1, what };
        let (name, rest) =
            content.split_once(':').ok_or_else(|| error("a rule starts with its name and `:`".into()))?;
        let count = alternatives(rest).map_err(error)?;
        for which in 0..count {
            let text = choose(rest, which);
            let name = if count == 1 { name.trim().to_string() } else { format!("{}.{which}", name.trim()) };
            rules.push(rule(name, i + 1, &text).map_err(error)?);
        }
    }
    Ok(rules)
}

/// How many alternatives the groups in braces have.
fn alternatives(text: &str) -> Result<usize, String> {
    let mut count = None;
    for group in text.split('{').skip(1) {
        let (group, _) = group.split_once('}').ok_or("`{` without `}`")?;
        let n = group.split_whitespace().count();
        if *count.get_or_insert(n) != n {
            return Err(format!("`{{{group}}}` has {n} alternatives, another one {}", count.unwrap_or(0)));
        }
    }
    Ok(count.unwrap_or(1))
}

/// The text with one of the alternatives of each group.
fn choose(text: &str, which: usize) -> String {
    let mut parts = text.split('{');
    let mut chosen = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (group, rest) = part.split_once('}').unwrap_or((part, ""));
        chosen += group.split_whitespace().nth(which).unwrap_or_default();
        chosen += rest;
    }
    chosen
}

fn rule(name: String, line: usize, text: &str) -> Result<Rule, String> {
    let (left, right, keeps) = match (text.split_once("=>"), text.split_once("~>")) {
        (Some((left, right)), None) => (left, right, false),
        (None, Some((left, right))) => (left, right, true),
        _ => return Err("a rule has `=>` or `~>`, once".into()),
    };
    let (pattern, condition) = match left.split_once(" if ") {
        Some((pattern, condition)) => (pattern, Some(condition)),
        None => (left, None),
    };
    let pattern = whole(pattern, |tokens| tokens.term())?;
    let condition = condition.map(|text| whole(text, |tokens| tokens.expr(0))).transpose()?;
    let result = whole(right, |tokens| tokens.term())?;
    let Term::Op(..) = pattern else { return Err("a pattern is an operation".into()) };
    let generic = pattern.any(&|op| GENERIC.contains(&op)) || result.any(&|op| GENERIC.contains(&op));
    Ok(Rule { name, line, pattern, condition, result, keeps, generic })
}

impl Term {
    /// Whether any operation's name in it is such.
    fn any(&self, is: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Term::Op(name, args) => is(name) || args.iter().any(|arg| arg.any(is)),
            _ => false,
        }
    }
}

impl Rule {
    /// The name of an operation in this rule for a width of 32 or 64 bits.
    pub fn operation(name: &str, width: u32) -> String {
        if GENERIC.contains(&name) { format!("i{width}_{name}") } else { name.to_string() }
    }

    /// The widths that the rule stands for.
    pub fn widths(&self) -> &'static [u32] {
        // One without generic operations computes with what its constants have: 64 bits hold them all.
        if self.generic { &[32, 64] } else { &[64] }
    }
}

fn whole<T>(text: &str, parse: impl FnOnce(&mut Tokens<'_>) -> Result<T, String>) -> Result<T, String> {
    let mut tokens = Tokens { rest: text.trim() };
    let parsed = parse(&mut tokens)?;
    if tokens.rest.is_empty() { Ok(parsed) } else { Err(format!("`{}` is too much", tokens.rest)) }
}

struct Tokens<'t> {
    rest: &'t str,
}

impl Tokens<'_> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(format!("`{token}` is missing before `{}`", self.rest)) }
    }

    fn word(&mut self) -> Result<String, String> {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        if end == 0 {
            return Err(format!("a name or a number is missing before `{}`", self.rest));
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        Ok(word.to_string())
    }

    fn term(&mut self) -> Result<Term, String> {
        if self.eat("(") {
            let name = self.word()?;
            let mut args = Vec::new();
            while !self.eat(")") {
                args.push(self.term()?);
            }
            return Ok(Term::Op(name, args));
        }
        if self.eat("[") {
            let expr = self.expr(0)?;
            self.expect("]")?;
            return Ok(Term::Computed(expr));
        }
        let negative = self.eat("-");
        let word = self.word()?;
        if let Some(number) = number(&word)? {
            return Ok(Term::Literal(if negative { number.wrapping_neg() } else { number }));
        }
        if negative {
            return Err(format!("`-{word}` is no number"));
        }
        let constant = word.starts_with(|c: char| c.is_ascii_uppercase());
        Ok(if constant { Term::Constant(word) } else { Term::Value(word) })
    }

    /// An expression of operators that bind at least so strongly.
    fn expr(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = OPERATORS.get(level) else { return self.operand() };
        let mut left = self.expr(level + 1)?;
        loop {
            let found = operators.iter().find(|op| {
                // `&` is not the first half of `&&`, nor `<` that of `<<`.
                let twice = op.len() == 1 && self.rest[1.min(self.rest.len())..].starts_with(**op);
                self.rest.starts_with(**op) && !twice
            });
            let Some(op) = found else { return Ok(left) };
            self.eat(op);
            let right = self.expr(level + 1)?;
            left = Expr::Binary(op, Box::new(left), Box::new(right));
        }
    }

    fn operand(&mut self) -> Result<Expr, String> {
        if self.eat("(") {
            let expr = self.expr(0)?;
            self.expect(")")?;
            return Ok(expr);
        }
        for op in ["-", "!"] {
            if self.eat(op) {
                return Ok(Expr::Unary(op, Box::new(self.operand()?)));
            }
        }
        let word = self.word()?;
        if let Some(number) = number(&word)? {
            return Ok(Expr::Number(number));
        }
        if word == "W" {
            return Ok(Expr::Width);
        }
        if !self.eat("(") {
            return Ok(Expr::Constant(word));
        }
        let (name, count) = *FUNCTIONS
            .iter()
            .find(|(name, _)| *name == word)
            .ok_or_else(|| format!("there is no function `{word}`"))?;
        let mut args = vec![self.expr(0)?];
        while self.eat(",") {
            args.push(self.expr(0)?);
        }
        self.expect(")")?;
        if args.len() != count {
            return Err(format!("`{name}` takes {count} arguments"));
        }
        Ok(Expr::Call(name, args))
    }
}

/// The number that a word is, if it starts like one.
fn number(word: &str) -> Result<Option<i64>, String> {
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    let parsed = match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => word.parse(),
    };
    parsed.map(|n| Some(n.cast_signed())).map_err(|_| format!("`{word}` is no number"))
}

/// What an expression is, in arithmetic modulo 2 to the power of `width`. Truth is 1.
pub fn evaluate(expr: &Expr, width: u32, constant: &dyn Fn(&str) -> u64) -> u64 {
    let of = |expr: &Expr| evaluate(expr, width, constant);
    let value = match expr {
        Expr::Constant(name) => constant(name),
        Expr::Number(number) => number.cast_unsigned(),
        Expr::Width => width.into(),
        Expr::Unary(op, a) => match *op {
            "-" => of(a).wrapping_neg(),
            _ => (of(a) == 0).into(),
        },
        Expr::Binary(op, a, b) => {
            let (a, b) = (of(a), of(b));
            match *op {
                "+" => a.wrapping_add(b),
                "-" => a.wrapping_sub(b),
                "*" => a.wrapping_mul(b),
                "&" => a & b,
                "|" => a | b,
                "^" => a ^ b,
                "<<" => a.unbounded_shl(b as u32),
                ">>" => a.unbounded_shr(b as u32),
                "==" => (a == b).into(),
                "!=" => (a != b).into(),
                "<" => (a < b).into(),
                "<=" => (a <= b).into(),
                ">" => (a > b).into(),
                ">=" => (a >= b).into(),
                "&&" => (a != 0 && b != 0).into(),
                "||" => (a != 0 || b != 0).into(),
                op => unreachable!("the parser knows no `{op}`"),
            }
        }
        Expr::Call(name, args) => match (*name, &args[..]) {
            ("power_of_two", [a]) => of(a).is_power_of_two().into(),
            ("log2", [a]) => of(a).checked_ilog2().unwrap_or(0).into(),
            ("min", [a, b]) => of(a).min(of(b)),
            (name, _) => unreachable!("the parser knows no `{name}`"),
        },
    };
    mask(value, width)
}

/// The low bits.
pub fn mask(value: u64, width: u32) -> u64 {
    value & (u64::MAX >> (64 - width))
}
