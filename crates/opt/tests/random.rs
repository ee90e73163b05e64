//! Functions by chance and functions of modules: each pass leaves what they do as it was, and the verifier has nothing
//! to say.

mod common;

use common::difference;
use windlass_ir::function::SignatureData;
use windlass_ir::verify::verify;
use windlass_ir::{Block, Builder, Function, Op, Type, Value};
use windlass_opt::pipeline::{self, PASSES};
use windlass_opt::simplify::Simplifier;
use windlass_opt::translate::{Settings, Translator};
use windlass_wasm::{Features, decode};

/// Runs all passes on a function, and looks behind each whether it is still right.
fn check(function: &Function, simplifier: &mut Simplifier, runs: u64) -> Result<Function, String> {
    verify(function).map_err(|e| format!("{e}\n{function}"))?;
    let mut after = function.clone();
    for pass in PASSES {
        let before = after.clone();
        (pass.run)(&mut after, simplifier);
        let wrong = |why: String| format!("`{}`: {why}\n{before}\n{after}", pass.name);
        pass.verify(&after).map_err(|e| wrong(e.to_string()))?;
        if let Some(why) = difference(function, &after, runs) {
            return Err(wrong(why));
        }
    }
    Ok(after)
}

#[test]
fn functions_by_chance() {
    let mut blocks = [0, 0];
    for seed in 0..600 {
        let function = common::random::function(seed);
        let after =
            check(&function, &mut Simplifier::default(), 6).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        blocks[0] += function.order.len();
        blocks[1] += after.order.len();
    }
    // They are not so simple that nothing is left of them, nor so that nothing happens.
    assert!(blocks[1] > 3_000 && blocks[1] < blocks[0], "{blocks:?}");
}

/// Whether a change of functions by chance is seen when they run, or by the verifier.
fn is_seen(change: fn(&mut Function, Value) -> bool) -> bool {
    let (mut made, mut seen) = (0, 0);
    for seed in 0..100 {
        let function = common::random::function(seed);
        let mut changed = function.clone();
        for pass in PASSES {
            (pass.run)(&mut changed, &mut Simplifier::default());
        }
        let values = (0..changed.values() as u32).map(Value).filter(|v| changed.block_of(*v).is_some());
        let values: Vec<Value> = values.collect();
        let placed = PASSES.last().unwrap();
        if values.iter().any(|value| change(&mut changed, *value)) {
            made += 1;
            let wrong = placed.verify(&changed).is_err() || difference(&function, &changed, 6).is_some();
            seen += usize::from(wrong);
        }
    }
    // Not all changes matter: some are where control does not get, or of what nobody looks at.
    assert!(made >= 10, "{made}");
    seen * 5 >= made
}

#[test]
fn what_a_pass_breaks_is_seen() {
    // A store is lost.
    assert!(is_seen(|function, value| {
        let is_store = function.op(value).name().ends_with("store");
        if is_store {
            function.remove(value);
        }
        is_store
    }));
    // Two branches are mixed up.
    assert!(is_seen(|function, value| {
        let edges: Vec<_> = function.edges(value).collect();
        let [a, b] = edges[..] else { return false };
        let (x, y) = (function.edge_data(a), function.edge_data(b));
        let is_branch = function.op(value) == Op::branch && x.block != y.block;
        if is_branch {
            *function.edge_data_mut(a) = y;
            *function.edge_data_mut(b) = x;
        }
        is_branch
    }));
    // A value is made behind its first use.
    assert!(is_seen(|function, value| {
        let Some(next) = function.next(value) else { return false };
        let is_used = function.operands(next).any(|operand| operand == value);
        if is_used {
            function.remove(next);
            function.insert_before(value, next);
        }
        is_used
    }));
    // An edge brings another value.
    assert!(is_seen(|function, value| {
        let edges: Vec<_> = function.edges(value).collect();
        let Some(edge) = edges.into_iter().find(|edge| function.args(*edge).len() > 1) else { return false };
        let (a, b) = (function.arg(edge, 0), function.arg(edge, 1));
        let differ = a != b && function.ty(a) == function.ty(b);
        if differ {
            function.set_arg(edge, 0, b);
        }
        differ
    }));
}

/// Modules whose functions are translated.
const MODULES: [&str; 4] = [
    // Loops: with the test at the top, in each other, over memory.
    r#"(module (memory 1) (func (param i32 i32) (result i32) (local i32 i32)
        (local.set 0 (i32.and (local.get 0) (i32.const 15)))
        (block $out (loop $top
            (br_if $out (i32.ge_u (local.get 2) (local.get 0)))
            (local.set 3 (i32.const 0))
            (loop $inner
                (i32.store offset=16
                    (i32.add (local.get 2) (i32.shl (local.get 3) (i32.const 2)))
                    (i32.add (i32.load offset=16 (local.get 2)) (i32.mul (local.get 1) (local.get 1))))
                (local.set 3 (i32.add (local.get 3) (i32.const 1)))
                (br_if $inner (i32.lt_u (local.get 3) (i32.const 3))))
            (local.set 2 (i32.add (local.get 2) (i32.const 1)))
            (br $top)))
        (i32.load offset=16 (local.get 2))))"#,
    // Arms, tables, what traps.
    r#"(module (global $g (mut i32) (i32.const 1)) (func $f (param i32 i64) (result i64) (local i64)
        (block $c (block $b (block $a
            (br_table $a $b $c (i32.and (local.get 0) (i32.const 3))))
            (local.set 2 (i64.add (local.get 1) (i64.const 1))) (br $c))
            (local.set 2 (i64.mul (local.get 1) (local.get 1))))
        (if (global.get $g)
            (then (global.set $g (i32.sub (global.get $g) (i32.const 1))))
            (else (unreachable)))
        (if (result i64) (local.get 0)
            (then (i64.div_s (local.get 2) (i64.extend_i32_u (local.get 0))))
            (else (local.get 2)))))"#,
    // Calls of all kinds, tables, growing.
    r#"(module (type $t (func (param i32) (result i32))) (import "" "f" (func $import (type $t)))
        (table 4 funcref) (memory 1)
        (func $a (param i32 i32) (result i32) (local i32)
            (loop $l
                (local.set 2 (i32.add (local.get 2)
                    (call_indirect (type $t) (local.get 1) (i32.and (local.get 0) (i32.const 3)))))
                (i32.store (i32.const 8) (i32.load (i32.const 8)))
                (drop (memory.grow (i32.const 0)))
                (local.set 0 (i32.shr_u (local.get 0) (i32.const 1)))
                (br_if $l (local.get 0)))
            (call $import (i32.add (local.get 2) (memory.size)))
            (call $b (local.get 1)))
        (func $b (param i32 i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
            (return_call $a (local.get 1) (local.get 0))))"#,
    // Exceptions and references.
    r#"(module (type $t (func (param i32) (result i32))) (tag $e (param i32))
        (func $f (param i32 (ref null $t)) (result i32) (local i32)
            (block $h (result i32)
                (try_table (result i32) (catch $e $h)
                    (if (local.get 0) (then (throw $e (local.get 0))))
                    (local.set 2 (call_ref $t (local.get 0) (local.get 1)))
                    (i32.add (local.get 2) (call_ref $t (local.get 2) (local.get 1)))))
            (i32.add (local.get 2))))"#,
];

#[test]
fn functions_of_modules() {
    let plain = Settings {
        fuel: false,
        interruption: false,
        memory_reach: (4 << 30) + (32 << 20),
        memory_fixed: true,
    };
    let careful = Settings { fuel: true, interruption: true, memory_reach: 0, memory_fixed: false };
    for wat in MODULES {
        let binary = windlass_wasm::text::parse(wat.as_bytes()).unwrap();
        let decoded = decode(&binary, &Features::default()).unwrap();
        for settings in [plain, careful] {
            let mut translator = Translator::new(&decoded.facts, settings);
            for body in &decoded.bodies {
                translator.translate(body.clone()).unwrap();
                let (function, simplifier) = translator.parts();
                if let Err(why) = check(function, simplifier, 30) {
                    panic!("{why}\n{wat}");
                }
            }
        }
    }
}

/// Loops in each other, a long way in each, and a deep tree of operations.
#[test]
fn deep_functions_need_no_deep_stack() {
    const DEPTH: usize = 2_000;
    let mut function = Function::new(SignatureData { params: vec![Type::I32], results: vec![Type::I32] });
    let mut b = Builder::at(&mut function, Block(0));
    b.start_block([Type::I32]);
    let headers: Vec<Block> = (0..DEPTH).map(|_| b.block()).collect();
    let latches: Vec<Block> = (0..=DEPTH).map(|_| b.block()).collect();
    b.jump(headers[0], &[]);
    let mut sum = Value(0);
    for (i, header) in headers.iter().enumerate() {
        b.order.push(*header);
        b.go_to(*header);
        for _ in 0..50 {
            sum = b.op(Op::i32_mul, &[sum, sum]);
            sum = b.op(Op::i32_add, &[sum, Value(0)]);
        }
        b.op(Op::poll, &[]);
        let next = headers.get(i + 1).unwrap_or(&latches[DEPTH]);
        b.jump(*next, &[]);
    }
    for i in (0..=DEPTH).rev() {
        b.order.push(latches[i]);
        b.go_to(latches[i]);
        match i.checked_sub(1) {
            Some(outer) => b.branch(Value(0), (headers[outer], &[]), (latches[outer], &[])),
            None => b.return_(&[sum]),
        };
    }
    pipeline::run(&mut function, &mut Simplifier::default());
    assert!(function.order.len() > DEPTH);
}
