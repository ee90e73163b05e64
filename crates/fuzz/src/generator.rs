//! A generator of programs for comparing tiers: structured, full of what compilers keep state of, and bounded.
//!
//! wasm-smith makes modules that are valid and odd; this makes what code looks like: many locals that live across
//! blocks and calls, loops, compares that feed branches, address arithmetic, calls with many arguments and
//! results. A program is text, so that a finding can be read.
//!
//! Every function that is exported sets a budget and calls one that is not; loops and calls draw on it,
//! and a call that finds it used up returns at once. So every program ends without fuel.
//!
//! A NaN's bits are the machine's choice. Programs with `exact` floats make each NaN canonical where
//! an operator makes it, so that its bits may go everywhere; in the others, nothing looks at them.

use arbitrary::{Result, Unstructured};
use std::fmt::Write;
use windlass_abi::num::table::{self, Operator};

/// Types of values in programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    I32,
    I64,
    F32,
    F64,
    V128,
    Func,
    Extern,
}

use Type::{Extern, F32, F64, Func, I32, I64, V128};

impl Type {
    const ALL: [Type; 7] = [I32, I64, F32, F64, V128, Func, Extern];

    fn text(self) -> &'static str {
        match self {
            I32 => "i32",
            I64 => "i64",
            F32 => "f32",
            F64 => "f64",
            V128 => "v128",
            Func => "funcref",
            Extern => "externref",
        }
    }

    fn of(text: &str) -> Option<Type> {
        Type::ALL.into_iter().find(|ty| ty.text() == text)
    }

    fn zero(self) -> &'static str {
        match self {
            I32 => "(i32.const 0)",
            I64 => "(i64.const 0)",
            F32 => "(f32.const 0)",
            F64 => "(f64.const 0)",
            V128 => "(v128.const i64x2 0 0)",
            Func => "(ref.null func)",
            Extern => "(ref.null extern)",
        }
    }
}

/// A signature.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Signature {
    params: Vec<Type>,
    results: Vec<Type>,
}

impl Signature {
    fn text(&self) -> String {
        let list = |word: &str, types: &[Type]| {
            let all: String = types.iter().map(|ty| format!(" {}", ty.text())).collect();
            if types.is_empty() { String::new() } else { format!(" ({word}{all})") }
        };
        list("param", &self.params) + &list("result", &self.results)
    }
}

/// A memory of a program.
struct Memory {
    address: Type,
    shared: bool,
}

/// What a program has besides code, by index. The first signatures are those of the functions.
struct Program {
    exact: bool,
    subset: Subset,
    signatures: Vec<Signature>,
    /// Functions; each calls only later ones, or itself.
    functions: Vec<usize>,
    /// Functions of the host.
    imports: Vec<usize>,
    globals: Vec<Type>,
    memories: Vec<Memory>,
    /// Types of the payloads of tags.
    tags: Vec<Vec<Type>>,
    /// The numeric operators that may be used.
    operators: Vec<Operator>,
}

/// What programs may use besides what every tier has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subset {
    /// SIMD.
    pub vectors: bool,
    /// Shared memories and atomic accesses.
    pub atomics: bool,
}

impl Subset {
    /// Everything.
    pub const ALL: Subset = Subset { vectors: true, atomics: true };
}

/// Elements of the table of functions.
const TABLE: usize = 12;
/// Bytes of the passive data segment.
const DATA: usize = 24;
/// Calls and turns of loops that an exported function may take.
const BUDGET: usize = 150;
/// How deep expressions and statements nest.
const DEPTH: u32 = 5;
/// About how much text a function may have.
const LENGTH: usize = 6_000;

/// Makes a module in binary form, and says whether its floats are exact.
pub fn generate(input: &mut Unstructured<'_>, subset: Subset) -> Result<(Vec<u8>, bool)> {
    let (text, exact) = program(input, subset)?;
    let wasm = wat::parse_str(&text);
    Ok((wasm.unwrap_or_else(|error| panic!("the generator made bad text: {error}\n{text}")), exact))
}

/// Makes a module in text form, and says whether its floats are exact.
pub fn program(input: &mut Unstructured<'_>, subset: Subset) -> Result<(String, bool)> {
    let exact = input.ratio(3, 4)?;
    let vectors = input.ratio(1, 2)? && subset.vectors;
    let mut program = Program {
        exact,
        subset,
        signatures: Vec::new(),
        functions: Vec::new(),
        imports: Vec::new(),
        globals: Vec::new(),
        memories: Vec::new(),
        tags: Vec::new(),
        operators: operators(exact, vectors),
    };
    let types = program.types();
    for _ in 0..input.int_in_range(2..=4)? {
        program.signatures.push(signature(input, types)?);
    }
    let any = |input: &mut Unstructured<'_>, program: &Program| input.choose_index(program.signatures.len());
    for _ in 0..input.int_in_range(2..=6)? {
        let signature = any(input, &program)?;
        program.functions.push(signature);
    }
    for _ in 0..input.int_in_range(0..=2)? {
        let signature = any(input, &program)?;
        program.imports.push(signature);
    }
    for _ in 0..input.int_in_range(1..=6)? {
        let mut ty = *input.choose(types)?;
        // A global shows its bits.
        if !exact && matches!(ty, F32 | F64) {
            ty = I64;
        }
        program.globals.push(ty);
    }
    for _ in 0..input.int_in_range(1..=3)? {
        let address = if input.ratio(1, 4)? { I64 } else { I32 };
        let shared = input.ratio(1, 8)? && subset.atomics;
        program.memories.push(Memory { address, shared });
    }
    for _ in 0..2 {
        program.tags.push(signature(input, types)?.params);
    }
    Ok((program.text(input)?, exact))
}

fn signature(input: &mut Unstructured<'_>, types: &[Type]) -> Result<Signature> {
    let mut some = |most: usize| -> Result<Vec<Type>> {
        // Seldom more than what registers hold.
        let most = if input.ratio(1, 6)? { 4 * most } else { most };
        (0..input.int_in_range(0..=most)?).map(|_| input.choose(types).copied()).collect()
    };
    Ok(Signature { params: some(4)?, results: some(2)? })
}

/// The operators of the table that fit expressions: operands and one result, no immediates.
fn operators(exact: bool, vectors: bool) -> Vec<Operator> {
    let mut all = Vec::new();
    table::for_each(|op| {
        let plain = op.immediate.is_none()
            && op.results.len() == 1
            && op.operands.iter().chain(op.results).all(|ty| Type::of(ty).is_some());
        let vector = op.operands.contains(&"v128") || op.results.contains(&"v128");
        // Where nothing may look at a NaN's bits.
        let looks = op.function.contains("reinterpret")
            || op.function.contains("copysign")
            || vector && (makes_nan(&op) || op.function.starts_with('f'));
        // Loads and stores of lanes have no text as they stand.
        let memory = op.group.contains("load") || op.group.contains("store");
        if plain && !memory && (vectors || !vector) && (exact || !looks) {
            all.push(op);
        }
    });
    all
}

/// Whether an operator's result may be a NaN that it makes.
fn makes_nan(op: &Operator) -> bool {
    let float = op.results[0].starts_with('f')
        || op.function.starts_with("f32x4")
        || op.function.starts_with("f64x2");
    // These move bits, or look at them.
    let bits = ["abs", "neg", "copysign", "splat", "eq", "ne", "lt", "gt", "le", "ge", "pmin", "pmax"];
    let last = op.function.rsplit('_').next().unwrap_or_default();
    let converts = op.function.contains("convert") || op.function.contains("reinterpret");
    float && !converts && !bits.contains(&last)
}

/// An operator's name in text form.
fn name(op: &Operator) -> String {
    op.function.replacen('_', ".", 1)
}

impl Program {
    /// The types of locals.
    fn types(&self) -> &'static [Type] {
        if self.subset.vectors { &Type::ALL } else { &[I32, I64, F32, F64, I32, Func, Extern] }
    }

    fn text(&self, input: &mut Unstructured<'_>) -> Result<String> {
        let mut out = String::from("(module\n");
        for (i, signature) in self.signatures.iter().enumerate() {
            line(&mut out, &format!("(type $s{i} (func{}))", signature.text()));
        }
        for (i, signature) in self.imports.iter().enumerate() {
            line(&mut out, &format!("(import \"host\" \"h{i}\" (func $h{i} (type $s{signature})))"));
        }
        for (i, Memory { address, shared }) in self.memories.iter().enumerate() {
            let shared = if *shared { " shared" } else { "" };
            line(&mut out, &format!("(memory $m{i} (export \"m{i}\") {} 1 3{shared})", address.text()));
        }
        for (i, ty) in self.globals.iter().enumerate() {
            let ty = ty.text();
            let zero = self.globals[i].zero();
            line(&mut out, &format!("(global $g{i} (export \"g{i}\") (mut {ty}) {zero})"));
        }
        line(&mut out, "(global $budget (mut i32) (i32.const 0))");
        line(&mut out, &format!("(table $t (export \"t\") {TABLE} {} funcref)", TABLE + 4));
        let elements: Vec<String> =
            (0..TABLE - 2).map(|i| format!("$f{}", i % self.functions.len())).collect();
        line(&mut out, &format!("(elem (table $t) (i32.const 0) func {})", elements.join(" ")));
        line(&mut out, &format!("(elem $e func {})", elements[..4].join(" ")));
        for (i, payload) in self.tags.iter().enumerate() {
            let signature = Signature { params: payload.clone(), results: Vec::new() };
            line(&mut out, &format!("(tag $x{i}{})", signature.text()));
        }
        let address = self.memories[0].address.text();
        line(
            &mut out,
            &format!("(data (memory $m0) ({address}.const 16) \"{}\")", "\\ff\\80\\7f\\01".repeat(8)),
        );
        line(&mut out, &format!("(data $d \"{}\")", "\\a5".repeat(DATA)));
        for (i, signature) in self.functions.iter().enumerate() {
            let signature = &self.signatures[*signature];
            let arguments: String =
                (0..signature.params.len()).map(|p| format!(" (local.get {p})")).collect();
            line(
                &mut out,
                &format!(
                    "(func (export \"f{i}\"){} (global.set $budget (i32.const {BUDGET})) (call $f{i}{arguments}))",
                    signature.text()
                ),
            );
            let body = Body::new(self, i, input)?.text(input)?;
            line(&mut out, &body);
        }
        out.push(')');
        Ok(out)
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "  {text}");
}

/// A function in the making.
struct Body<'p> {
    program: &'p Program,
    index: usize,
    signature: &'p Signature,
    /// Types of parameters and locals.
    locals: Vec<Type>,
    /// Labels around the place, innermost last, with the types that a branch to them takes; nothing for one
    /// that is not branched to.
    labels: Vec<Option<Vec<Type>>>,
    /// Counters of loops, and temporaries to make NaNs canonical, are locals by name.
    counters: usize,
    /// How much text there is.
    length: usize,
}

impl<'p> Body<'p> {
    fn new(program: &'p Program, index: usize, input: &mut Unstructured<'_>) -> Result<Body<'p>> {
        let signature = &program.signatures[program.functions[index]];
        let mut locals = signature.params.clone();
        let scalars = [I32, I64, F32, F64, I32, I64];
        let all = if input.ratio(1, 3)? { program.types() } else { &scalars[..] };
        for _ in 0..input.int_in_range(0..=10)? {
            locals.push(*input.choose(all)?);
        }
        Ok(Body { program, index, signature, locals, labels: Vec::new(), counters: 0, length: 0 })
    }

    fn text(mut self, input: &mut Unstructured<'_>) -> Result<String> {
        self.labels.push(Some(self.signature.results.clone()));
        let zeros: String = self.signature.results.iter().map(|ty| format!(" {}", ty.zero())).collect();
        let mut body = format!(
            "(if (i32.le_s (global.get $budget) (i32.const 0)) (then (return{zeros})))\n    \
             (global.set $budget (i32.sub (global.get $budget) (i32.const 1)))\n"
        );
        for _ in 0..input.int_in_range(1..=8)? {
            let statement = self.statement(input, DEPTH)?;
            let _ = writeln!(body, "    {statement}");
        }
        let end = match input.int_in_range(0..=7)? {
            0 => self.tail_call(input)?,
            _ => None,
        };
        match end {
            Some(call) => body += &call,
            None => {
                for ty in self.signature.results.clone() {
                    let value = self.expression(input, ty, DEPTH)?;
                    let _ = writeln!(body, "    {value}");
                }
            }
        }
        let mut locals = String::new();
        for ty in &self.locals[self.signature.params.len()..] {
            let _ = write!(locals, " (local {})", ty.text());
        }
        for i in 0..self.counters {
            let _ = write!(locals, " (local $c{i} i32)");
        }
        let vector = if self.program.subset.vectors { "(local $nanv v128)" } else { "" };
        let temporaries = format!("(local $nan32 f32) (local $nan64 f64) {vector}");
        Ok(format!("(func $f{}{}{locals} {temporaries}\n{body})", self.index, self.signature.text()))
    }

    /// Whether there is enough text already.
    fn full(&self) -> bool {
        self.length > LENGTH
    }

    /// Several statements.
    fn statements(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let mut text = String::new();
        for _ in 0..input.int_in_range(1..=3)? {
            text += &self.statement(input, depth)?;
            text.push(' ');
        }
        Ok(text)
    }

    /// A statement: leaves nothing.
    fn statement(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let depth = if self.full() { 0 } else { depth };
        if depth == 0 {
            return self.assignment(input, 0);
        }
        let d = depth - 1;
        let text = match input.int_in_range(0..=23)? {
            0..=4 => self.assignment(input, d)?,
            5 | 6 => {
                let condition = self.expression(input, I32, d)?;
                self.labels.push(Some(Vec::new()));
                let then = self.statements(input, d)?;
                let otherwise = if input.arbitrary()? { self.statements(input, d)? } else { String::new() };
                self.labels.pop();
                format!("(if {condition} (then {then}) (else {otherwise}))")
            }
            7 | 8 => self.counted_loop(input, d)?,
            9 => {
                self.labels.push(Some(Vec::new()));
                let first = self.statements(input, d)?;
                let branch = self.branch(input, d)?;
                let second = self.statements(input, d)?;
                self.labels.pop();
                format!("(block {first} {branch} {second})")
            }
            10 => self.branch(input, d)?,
            11 => self.switch(input, d)?,
            12 | 13 => self.store(input, d)?,
            14 | 15 => self.call(input, d)?,
            16 => {
                let global = input.choose_index(self.program.globals.len())?;
                let value = self.expression(input, self.program.globals[global], d)?;
                format!("(global.set $g{global} {value})")
            }
            17 => self.bulk(input, d)?,
            18 => self.table(input, d)?,
            19 => self.try_table(input, d)?,
            20 => {
                let condition = self.unlikely(input, d)?;
                self.labels.push(Some(Vec::new()));
                let throw = self.throw(input, d)?;
                self.labels.pop();
                format!("(if {condition} (then {throw}))")
            }
            21 if self.program.subset.atomics => self.atomic_statement(input, d)?,
            22 => {
                let condition = self.unlikely(input, d)?;
                self.labels.push(Some(Vec::new()));
                let values = self.expressions(input, &self.signature.results, d)?;
                self.labels.pop();
                format!("(if {condition} (then (return {values})))")
            }
            _ => self.wide(input, d)?,
        };
        self.length += text.len();
        Ok(text)
    }

    /// A condition that seldom holds.
    fn unlikely(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let value = self.expression(input, I32, depth)?;
        Ok(format!("(i32.eq (i32.and {value} (i32.const 7)) (i32.const 5))"))
    }

    /// A value for a local, or for nothing.
    fn assignment(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        if self.locals.is_empty() {
            let value = self.expression(input, I32, depth)?;
            return Ok(format!("(drop {value})"));
        }
        let local = input.choose_index(self.locals.len())?;
        let value = self.expression(input, self.locals[local], depth)?;
        Ok(format!("(local.set {local} {value})"))
    }

    /// A loop of a few turns.
    fn counted_loop(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let counter = self.counters;
        self.counters += 1;
        let turns = input.int_in_range(1..=6)?;
        // What is in the loop may leave its turn, and may not begin another: turns are counted.
        self.labels.push(None);
        self.labels.push(Some(Vec::new()));
        let body = self.statements(input, depth)?;
        self.labels.pop();
        self.labels.pop();
        let spend = "(global.set $budget (i32.sub (global.get $budget) (i32.const 1)))";
        let go_on = format!(
            "(br_if 0 (i32.and (i32.gt_s (local.tee $c{counter} (i32.sub (local.get $c{counter}) (i32.const 1))) \
             (i32.const 0)) (i32.gt_s (global.get $budget) (i32.const 0))))"
        );
        Ok(format!("(local.set $c{counter} (i32.const {turns})) (loop (block {body}) {spend} {go_on})"))
    }

    /// A branch to a label around the place.
    fn branch(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let labels = self.labels.iter().rev().enumerate();
        let open: Vec<(usize, Vec<Type>)> =
            labels.filter_map(|(label, types)| Some((label, types.clone()?))).collect();
        let (label, types) = input.choose(&open)?;
        let values = self.expressions(input, types, depth)?;
        let drops = "(drop)".repeat(types.len());
        let condition = self.condition(input, depth)?;
        Ok(format!("{values} (br_if {label} {condition}) {drops}"))
    }

    /// Something to branch on.
    fn condition(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let d = depth.saturating_sub(1);
        let compares: Vec<Operator> = (self.program.operators.iter())
            .filter(|op| matches!(op.group, "int_compare" | "float_compare" | "int_test"))
            .copied()
            .collect();
        if input.ratio(2, 3)? {
            let op = *input.choose(&compares)?;
            self.operator(input, &op, d)
        } else {
            self.expression(input, I32, d)
        }
    }

    /// A branch table out of nested blocks.
    fn switch(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let cases = input.int_in_range(1..=4)?;
        let inside = self.labels.len();
        self.labels.resize(inside + cases, Some(Vec::new()));
        let index = self.expression(input, I32, depth)?;
        self.labels.truncate(inside);
        let mask = if input.arbitrary()? { format!("(i32.and {index} (i32.const 3))") } else { index };
        let targets: Vec<String> = (0..cases).map(|i| i.to_string()).collect();
        let mut text = format!("(block (br_table {} {} {mask}))", targets.join(" "), cases - 1);
        for case in 0..cases {
            // Around it are the blocks of the cases after it.
            self.labels.resize(inside + cases - case - 1, Some(Vec::new()));
            let body = self.statements(input, depth)?;
            self.labels.truncate(inside);
            text = format!("{text} {body}");
            if case + 1 < cases {
                text = format!("(block {text})");
            }
        }
        Ok(text)
    }

    /// A memory, an address in it, and immediates: mostly within bounds.
    fn address(
        &mut self,
        input: &mut Unstructured<'_>,
        depth: u32,
        align: usize,
    ) -> Result<(usize, String, String)> {
        let index = input.choose_index(self.program.memories.len())?;
        let ty = self.program.memories[index].address;
        let value = self.expression(input, ty, depth)?;
        let t = ty.text();
        let value = match input.int_in_range(0..=15)? {
            0 if input.ratio(1, 6)? => value,
            n => {
                let mask = if n < 8 { 0xff } else { 0xffff } & !(align - 1);
                format!("({t}.and {value} ({t}.const {mask}))")
            }
        };
        let offset = match input.int_in_range(0..=63)? {
            0..=31 => 0,
            32..=59 => input.int_in_range(0..=40usize)? * align,
            60..=62 => input.int_in_range(0..=65_000)? / align * align,
            _ => 0xffff_0000,
        };
        Ok((index, format!("$m{index} offset={offset}"), value))
    }

    fn store(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        const STORES: [(&str, Type); 10] = [
            ("i32.store", I32),
            ("i32.store8", I32),
            ("i32.store16", I32),
            ("i64.store", I64),
            ("i64.store8", I64),
            ("i64.store16", I64),
            ("i64.store32", I64),
            ("v128.store", V128),
            ("f32.store", F32),
            ("f64.store", F64),
        ];
        let (mut op, mut ty) = *input.choose(&STORES)?;
        // A store shows the bits of a float.
        if matches!(ty, F32 | F64) && !self.program.exact || ty == V128 && !self.program.subset.vectors {
            (op, ty) = STORES[0];
        }
        let (_, memory, address) = self.address(input, depth, 1)?;
        let value = self.expression(input, ty, depth)?;
        Ok(format!("({op} {memory} {address} {value})"))
    }

    fn load(&mut self, input: &mut Unstructured<'_>, ty: Type, depth: u32) -> Result<String> {
        const I32_LOADS: &[&str] =
            &["i32.load", "i32.load8_s", "i32.load8_u", "i32.load16_s", "i32.load16_u"];
        const I64_LOADS: &[&str] = &[
            "i64.load",
            "i64.load8_s",
            "i64.load8_u",
            "i64.load16_s",
            "i64.load16_u",
            "i64.load32_s",
            "i64.load32_u",
        ];
        const V128_LOADS: &[&str] = &[
            "v128.load",
            "v128.load8x8_s",
            "v128.load16x4_u",
            "v128.load32x2_s",
            "v128.load8_splat",
            "v128.load16_splat",
            "v128.load32_splat",
            "v128.load64_splat",
            "v128.load32_zero",
            "v128.load64_zero",
        ];
        let loads = match ty {
            I32 => I32_LOADS,
            I64 => I64_LOADS,
            F32 => &["f32.load"],
            F64 => &["f64.load"],
            V128 => V128_LOADS,
            Func | Extern => return Ok(ty.zero().to_owned()),
        };
        let op = *input.choose(loads)?;
        let (_, memory, address) = self.address(input, depth, 1)?;
        Ok(format!("({op} {memory} {address})"))
    }

    /// A call of a later function, of the host, or through table or reference, its results to locals.
    fn call(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let Some((call, signature)) = self.callee(input, depth, false)? else {
            return self.assignment(input, depth);
        };
        let mut text = call;
        for ty in signature.results.iter().rev() {
            let places: Vec<usize> = (0..self.locals.len()).filter(|i| self.locals[*i] == *ty).collect();
            match places.is_empty() {
                true => text += " (drop)",
                false => text += &format!(" (local.set {})", input.choose(&places)?),
            }
        }
        Ok(text)
    }

    /// A call with its arguments.
    fn callee(
        &mut self,
        input: &mut Unstructured<'_>,
        depth: u32,
        tail: bool,
    ) -> Result<Option<(String, Signature)>> {
        let program = self.program;
        let word = if tail { "return_call" } else { "call" };
        let functions = self.index + 1..program.functions.len();
        Ok(Some(match input.int_in_range(0..=5)? {
            0..=2 if !functions.is_empty() => {
                let index = input.int_in_range(functions.start..=functions.end - 1)?;
                let signature = &program.signatures[program.functions[index]];
                let arguments = self.expressions(input, &signature.params, depth)?;
                (format!("({word} $f{index} {arguments})"), signature.clone())
            }
            3 if !program.imports.is_empty() => {
                let index = input.choose_index(program.imports.len())?;
                let signature = &program.signatures[program.imports[index]];
                let arguments = self.expressions(input, &signature.params, depth)?;
                (format!("({word} $h{index} {arguments})"), signature.clone())
            }
            // Any function of the table, so also an earlier one: the budget bounds it.
            4 => {
                let ty = input.choose_index(program.signatures.len())?;
                let signature = &program.signatures[ty];
                let arguments = self.expressions(input, &signature.params, depth)?;
                let index = self.element(input, ty, depth)?;
                (format!("({word}_indirect $t (type $s{ty}) {arguments} {index})"), signature.clone())
            }
            5 => {
                let ty = input.choose_index(program.signatures.len())?;
                let signature = &program.signatures[ty];
                let arguments = self.expressions(input, &signature.params, depth)?;
                // Some function of the type: nothing casts a reference.
                match program.functions.iter().position(|s| *s == ty) {
                    Some(f) => {
                        (format!("({word}_ref $s{ty} {arguments} (ref.func $f{f}))"), signature.clone())
                    }
                    None => return Ok(None),
                }
            }
            _ => return Ok(None),
        }))
    }

    /// An index into the table: mostly of a function of the signature.
    fn element(&mut self, input: &mut Unstructured<'_>, ty: usize, depth: u32) -> Result<String> {
        let count = self.program.functions.len();
        let fits: Vec<usize> = (0..TABLE - 2).filter(|i| self.program.functions[i % count] == ty).collect();
        if fits.is_empty() || input.ratio(1, 12)? {
            return self.expression(input, I32, depth);
        }
        let (a, b) = (*input.choose(&fits)?, *input.choose(&fits)?);
        let condition = self.condition(input, depth)?;
        Ok(format!("(select (i32.const {a}) (i32.const {b}) {condition})"))
    }

    /// A tail call whose results are this function's.
    fn tail_call(&mut self, input: &mut Unstructured<'_>) -> Result<Option<String>> {
        let Some((call, signature)) = self.callee(input, 2, true)? else { return Ok(None) };
        Ok((signature.results == self.signature.results).then_some(call))
    }

    fn throw(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let tag = input.choose_index(self.program.tags.len())?;
        let payload = self.expressions(input, &self.program.tags[tag], depth)?;
        Ok(format!("(throw $x{tag} {payload})"))
    }

    fn try_table(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let tag = input.choose_index(self.program.tags.len())?;
        let payload = &self.program.tags[tag];
        let rethrow = input.ratio(1, 8)?;
        // The blocks around it, and its own.
        self.labels.push(Some(Vec::new()));
        let inside = self.labels.len() - 1;
        if rethrow {
            self.labels.push(None);
        }
        self.labels.push(Some(payload.clone()));
        self.labels.push(Some(Vec::new()));
        let mut body = self.statements(input, depth)?;
        if input.arbitrary()? {
            body += &self.throw(input, depth)?;
        }
        self.labels.truncate(inside);
        let results: String = payload.iter().map(|ty| format!(" {}", ty.text())).collect();
        let mut takes = String::new();
        for ty in payload.iter().rev() {
            let places: Vec<usize> = (0..self.locals.len()).filter(|i| self.locals[*i] == *ty).collect();
            match places.is_empty() {
                true => takes += "(drop) ",
                false => takes += &format!("(local.set {}) ", input.choose(&places)?),
            }
        }
        let results = if payload.is_empty() { String::new() } else { format!("(result{results})") };
        Ok(if rethrow {
            // Catches everything else with its reference, and throws it again.
            format!(
                "(block (throw_ref (block (result exnref) (block {results} \
                 (try_table (catch $x{tag} 0) (catch_all_ref 1) {body}) (br 2)) {takes} (br 1))))"
            )
        } else {
            format!(
                "(block (block {results} (try_table (catch $x{tag} 0) (catch_all 1) {body}) (br 1)) {takes})"
            )
        })
    }

    /// Operators on whole memories.
    fn bulk(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let memories = &self.program.memories;
        let a = input.choose_index(memories.len())?;
        let b = input.choose_index(memories.len())?;
        let (at, bt) = (memories[a].address, memories[b].address);
        let masked =
            |text: String, ty: Type, mask: usize| format!("({0}.and {text} ({0}.const {mask}))", ty.text());
        let len = if at == I64 && bt == I64 { I64 } else { I32 };
        Ok(match input.int_in_range(0..=4)? {
            0 => {
                let to = masked(self.expression(input, at, depth)?, at, 0x7fff);
                let value = self.expression(input, I32, depth)?;
                let len = masked(self.expression(input, at, depth)?, at, 0xff);
                format!("(memory.fill $m{a} {to} {value} {len})")
            }
            1 => {
                let to = masked(self.expression(input, at, depth)?, at, 0x7fff);
                let from = masked(self.expression(input, bt, depth)?, bt, 0x7fff);
                let len = masked(self.expression(input, len, depth)?, len, 0x1ff);
                format!("(memory.copy $m{a} $m{b} {to} {from} {len})")
            }
            2 => {
                let to = masked(self.expression(input, at, depth)?, at, 0x7fff);
                let from = masked(self.expression(input, I32, depth)?, I32, 15);
                let len = masked(self.expression(input, I32, depth)?, I32, 7);
                format!("(memory.init $m{a} $d {to} {from} {len})")
            }
            3 if input.ratio(1, 8)? => "(data.drop $d)".to_owned(),
            _ => {
                let pages = masked(self.expression(input, at, depth)?, at, 1);
                format!("(drop (memory.grow $m{a} {pages}))")
            }
        })
    }

    fn table(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let value = self.expression(input, Func, depth)?;
        let index = self.expression(input, I32, depth)?;
        let index = format!("(i32.and {index} (i32.const 15))");
        let small = |text: String| format!("(i32.and {text} (i32.const 3))");
        Ok(match input.int_in_range(0..=5)? {
            0 => format!("(table.set $t (i32.const {}) {value})", TABLE - 1),
            1 => format!("(table.set $t {index} (table.get $t {index}))"),
            2 => format!("(drop (table.grow $t {value} (i32.const 1)))"),
            3 => {
                let (from, len) = (self.expression(input, I32, depth)?, self.expression(input, I32, depth)?);
                format!("(table.copy $t $t (i32.const 6) {} {})", small(from), small(len))
            }
            4 => {
                let (from, len) = (self.expression(input, I32, depth)?, self.expression(input, I32, depth)?);
                format!("(table.init $t $e (i32.const 5) {} {})", small(from), small(len))
            }
            _ => {
                let len = self.expression(input, I32, depth)?;
                format!("(table.fill $t (i32.const 8) {value} {})", small(len))
            }
        })
    }

    /// Widths of atomic accesses: type, suffix of the name, bytes.
    const ATOMICS: [(Type, &'static str, usize); 7] = [
        (I32, "", 4),
        (I32, "8", 1),
        (I32, "16", 2),
        (I64, "", 8),
        (I64, "8", 1),
        (I64, "16", 2),
        (I64, "32", 4),
    ];

    fn atomic_statement(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        if input.ratio(1, 6)? {
            return Ok("(atomic.fence)".to_owned());
        }
        let (ty, bits, bytes) = *input.choose(&Self::ATOMICS)?;
        let (_, memory, address) = self.address(input, depth, bytes)?;
        let value = self.expression(input, ty, depth)?;
        Ok(format!("({}.atomic.store{bits} {memory} {address} {value})", ty.text()))
    }

    fn atomic(&mut self, input: &mut Unstructured<'_>, ty: Type, depth: u32) -> Result<String> {
        let widths: Vec<_> = Self::ATOMICS.into_iter().filter(|row| row.0 == ty).collect();
        let (_, bits, bytes) = *input.choose(&widths)?;
        let (_, memory, address) = self.address(input, depth, bytes)?;
        let t = ty.text();
        let u = if bits.is_empty() { "" } else { "_u" };
        Ok(match input.int_in_range(0..=7)? {
            0 => format!("({t}.atomic.load{bits}{u} {memory} {address})"),
            1 => {
                let (a, b) = (self.expression(input, ty, depth)?, self.expression(input, ty, depth)?);
                format!("({t}.atomic.rmw{bits}.cmpxchg{u} {memory} {address} {a} {b})")
            }
            n => {
                let op = ["add", "sub", "and", "or", "xor", "xchg"][n as usize - 2];
                let value = self.expression(input, ty, depth)?;
                format!("({t}.atomic.rmw{bits}.{op}{u} {memory} {address} {value})")
            }
        })
    }

    /// Arithmetic with two results.
    fn wide(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let op = *input.choose(&["add128", "sub128", "mul_wide_s", "mul_wide_u"])?;
        let operands =
            self.expressions(input, &[I64; 4][..if op.ends_with("128") { 4 } else { 2 }], depth)?;
        let places: Vec<usize> = (0..self.locals.len()).filter(|i| self.locals[*i] == I64).collect();
        let take = match places.is_empty() {
            true => "(drop)".to_owned(),
            false => format!("(local.set {})", input.choose(&places)?),
        };
        Ok(format!("(i64.{op} {operands}) {take} (drop)"))
    }

    fn expressions(&mut self, input: &mut Unstructured<'_>, types: &[Type], depth: u32) -> Result<String> {
        let mut text = String::new();
        for ty in types {
            text += &self.expression(input, *ty, depth)?;
            text.push(' ');
        }
        Ok(text)
    }

    /// An expression: leaves a value of the type.
    fn expression(&mut self, input: &mut Unstructured<'_>, ty: Type, depth: u32) -> Result<String> {
        let depth = if self.full() { 0 } else { depth };
        if depth == 0 {
            return self.leaf(input, ty);
        }
        let d = depth - 1;
        let text = match input.int_in_range(0..=19)? {
            0..=3 => self.leaf(input, ty)?,
            4..=10 => {
                let fits: Vec<Operator> = (self.program.operators.iter())
                    .filter(|op| op.results[0] == ty.text())
                    .copied()
                    .collect();
                if fits.is_empty() {
                    self.leaf(input, ty)?
                } else {
                    let op = *input.choose(&fits)?;
                    self.operator(input, &op, d)?
                }
            }
            11 => {
                let (a, b) = (self.expression(input, ty, d)?, self.expression(input, ty, d)?);
                let condition = self.condition(input, d)?;
                let result = if matches!(ty, Func | Extern) {
                    format!("(result {})", ty.text())
                } else {
                    String::new()
                };
                format!("(select {result} {a} {b} {condition})")
            }
            12 => {
                let condition = self.condition(input, d)?;
                self.labels.push(Some(vec![ty]));
                let (a, b) = (self.expression(input, ty, d)?, self.expression(input, ty, d)?);
                self.labels.pop();
                format!("(if (result {}) {condition} (then {a}) (else {b}))", ty.text())
            }
            13 => {
                self.labels.push(Some(vec![ty]));
                let statement = self.statement(input, d)?;
                let early = self.expression(input, ty, d)?;
                let condition = self.condition(input, d)?;
                let late = self.expression(input, ty, d)?;
                self.labels.pop();
                format!(
                    "(block (result {}) {statement} (br_if 0 {early} {condition}) (drop) {late})",
                    ty.text()
                )
            }
            14 | 15 => self.load(input, ty, d)?,
            16 => {
                let places: Vec<usize> = (0..self.locals.len()).filter(|i| self.locals[*i] == ty).collect();
                let value = self.expression(input, ty, d)?;
                match places.is_empty() {
                    true => value,
                    false => format!("(local.tee {} {value})", input.choose(&places)?),
                }
            }
            17 => match ty {
                I32 | I64 if self.program.subset.atomics => self.atomic(input, ty, d)?,
                V128 => self.lanes(input, d)?,
                _ => self.leaf(input, ty)?,
            },
            18 => match ty {
                I32 => {
                    let reference = if input.arbitrary()? { Func } else { Extern };
                    let value = self.expression(input, reference, d)?;
                    format!("(ref.is_null {value})")
                }
                I64 => "(i64.extend_i32_u (table.size $t))".to_owned(),
                Func => {
                    let index = self.expression(input, I32, d)?;
                    format!("(table.get $t (i32.and {index} (i32.const 7)))")
                }
                V128 => {
                    let (a, b) = (self.expression(input, V128, d)?, self.expression(input, V128, d)?);
                    let lanes: Vec<String> = (0..16)
                        .map(|_| Ok(input.int_in_range(0..=31)?.to_string()))
                        .collect::<Result<_>>()?;
                    format!("(i8x16.shuffle {} {a} {b})", lanes.join(" "))
                }
                _ => self.leaf(input, ty)?,
            },
            _ => match ty {
                I32 | I64 => {
                    let memory = input.choose_index(self.program.memories.len())?;
                    match (ty, self.program.memories[memory].address) {
                        (I32, I64) => format!("(i32.wrap_i64 (memory.size $m{memory}))"),
                        (I64, I32) => format!("(i64.extend_i32_s (memory.size $m{memory}))"),
                        _ => format!("(memory.size $m{memory})"),
                    }
                }
                _ => self.leaf(input, ty)?,
            },
        };
        self.length += text.len();
        Ok(text)
    }

    /// Puts a scalar into a vector's lane. Floats only if their bits are known.
    fn lanes(&mut self, input: &mut Unstructured<'_>, depth: u32) -> Result<String> {
        let rows: &[(&str, Type, u8)] = &[
            ("i8x16", I32, 16),
            ("i16x8", I32, 8),
            ("i32x4", I32, 4),
            ("i64x2", I64, 2),
            ("f32x4", F32, 4),
            ("f64x2", F64, 2),
        ];
        let (shape, ty, lanes) = rows[input.choose_index(if self.program.exact { 6 } else { 4 })?];
        let lane = input.int_in_range(0..=lanes - 1)?;
        let vector = self.expression(input, V128, depth)?;
        let value = self.expression(input, ty, depth)?;
        Ok(format!("({shape}.replace_lane {lane} {vector} {value})"))
    }

    /// An operator of the table with its operands; a NaN that it makes gets canonical.
    fn operator(&mut self, input: &mut Unstructured<'_>, op: &Operator, depth: u32) -> Result<String> {
        let mut operands = String::new();
        for ty in op.operands {
            let ty = Type::of(ty).expect("the operators were chosen by that");
            operands += &self.expression(input, ty, depth)?;
            operands.push(' ');
        }
        // Divisors are seldom zero, and what is truncated seldom out of range.
        if op.traps && input.ratio(7, 8)? {
            operands.clear();
            for (i, ty) in op.operands.iter().enumerate() {
                let ty = Type::of(ty).expect("the operators were chosen by that");
                let value = self.expression(input, ty, depth)?;
                operands += &match ty {
                    I32 | I64 if i == 1 => format!("({0}.or {value} ({0}.const 2))", ty.text()),
                    F32 | F64 => format!(
                        "({0}.min ({0}.max ({0}.abs {value}) ({0}.const 0)) ({0}.const 100))",
                        ty.text()
                    ),
                    _ => value,
                };
                operands.push(' ');
            }
            // The least of NaN and a number is NaN, so this still traps at times.
        }
        let text = format!("({} {operands})", name(op));
        if !self.program.exact || !makes_nan(op) {
            return Ok(text);
        }
        Ok(match Type::of(op.results[0]) {
            Some(F32) => format!(
                "(select (local.tee $nan32 {text}) (f32.const nan) (f32.eq (local.get $nan32) (local.get $nan32)))"
            ),
            Some(F64) => format!(
                "(select (local.tee $nan64 {text}) (f64.const nan) (f64.eq (local.get $nan64) (local.get $nan64)))"
            ),
            _ => {
                let (shape, nan) = match op.function.starts_with("f32x4") {
                    true => ("f32x4", "nan nan nan nan"),
                    false => ("f64x2", "nan nan"),
                };
                format!(
                    "(v128.bitselect (local.tee $nanv {text}) (v128.const {shape} {nan}) \
                     ({shape}.eq (local.get $nanv) (local.get $nanv)))"
                )
            }
        })
    }

    /// A constant, a local or a global.
    fn leaf(&mut self, input: &mut Unstructured<'_>, ty: Type) -> Result<String> {
        let locals: Vec<usize> = (0..self.locals.len()).filter(|i| self.locals[*i] == ty).collect();
        let globals: Vec<usize> =
            (0..self.program.globals.len()).filter(|i| self.program.globals[*i] == ty).collect();
        Ok(match input.int_in_range(0..=9)? {
            0..=5 if !locals.is_empty() => format!("(local.get {})", input.choose(&locals)?),
            6 if !globals.is_empty() => format!("(global.get $g{})", input.choose(&globals)?),
            _ => self.constant(input, ty)?,
        })
    }

    fn constant(&mut self, input: &mut Unstructured<'_>, ty: Type) -> Result<String> {
        const INTEGERS: [i64; 16] = [
            0,
            1,
            -1,
            2,
            3,
            7,
            8,
            127,
            -128,
            255,
            65_535,
            i32::MAX as i64,
            i32::MIN as i64,
            u32::MAX as i64,
            i64::MAX,
            i64::MIN,
        ];
        const FLOATS: [&str; 12] =
            ["0", "-0", "1", "-1", "0.5", "1e10", "-2147483649", "inf", "-inf", "nan", "0x1p-126", "3.25"];
        let integer = |input: &mut Unstructured<'_>| -> Result<i64> {
            if input.ratio(3, 4)? { input.choose(&INTEGERS).copied() } else { input.arbitrary() }
        };
        Ok(match ty {
            I32 => format!("(i32.const {})", integer(input)? as i32),
            I64 => format!("(i64.const {})", integer(input)?),
            F32 | F64 => format!("({}.const {})", ty.text(), input.choose(&FLOATS)?),
            V128 => format!("(v128.const i64x2 {} {})", integer(input)?, integer(input)?),
            Func if input.arbitrary()? => {
                format!("(ref.func $f{})", input.choose_index(self.program.functions.len())?)
            }
            Func | Extern => ty.zero().to_owned(),
        })
    }
}
