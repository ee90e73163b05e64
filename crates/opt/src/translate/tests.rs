//! Modules translated: every function is one that the verifier accepts, and does what it says.

use super::*;
use windlass_ir::constant::Constant;
use windlass_ir::eval::{Outcome, TestEnvironment, run};
use windlass_ir::verify;
use windlass_wasm::{Features, decode};

const SETTINGS: [Settings; 2] = [
    Settings { fuel: false, interruption: false, memory_reach: (4 << 30) + (32 << 20), memory_fixed: true },
    Settings { fuel: true, interruption: true, memory_reach: 0, memory_fixed: false },
];

/// Translates all functions of a module, with several settings, and gives those with the first ones.
fn functions(wat: &str) -> Vec<Function> {
    let binary = windlass_wasm::text::parse(wat.as_bytes()).unwrap();
    let decoded = decode(&binary, &Features::default()).unwrap();
    let mut all = Vec::new();
    for settings in SETTINGS {
        let mut translator = Translator::new(&decoded.facts, settings);
        for body in &decoded.bodies {
            let function = translator.translate(body.clone()).unwrap();
            verify(function).unwrap_or_else(|error| panic!("{error}\n{function}"));
            if settings == SETTINGS[0] {
                all.push(function.clone());
            }
        }
    }
    all
}

/// Runs a function with a memory of a page.
fn run_with(function: &Function, args: &[Constant]) -> Outcome {
    run(function, &mut TestEnvironment::new(vec![vec![0; 1 << 16]]), args, 1_000_000)
}

/// Runs the only function of a module on integers of 32 bits.
#[track_caller]
fn gives(wat: &str, args: &[u32], results: &[u32]) {
    let functions = functions(wat);
    let args: Vec<Constant> = args.iter().map(|a| Constant::I32(*a)).collect();
    let results: Vec<Constant> = results.iter().map(|r| Constant::I32(*r)).collect();
    match run_with(&functions[0], &args) {
        Outcome::Return(values) => assert_eq!(values, results, "{}", functions[0]),
        other => panic!("{other:?}\n{}", functions[0]),
    }
}

#[test]
fn loops_and_locals() {
    let sum = r#"(module (func (param i32) (result i32) (local i32)
        (block (loop
            (br_if 1 (i32.eqz (local.get 0)))
            (local.set 1 (i32.add (local.get 1) (local.get 0)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br 0)))
        (local.get 1)))"#;
    gives(sum, &[10], &[55]);
    gives(sum, &[0], &[0]);
    // A loop with a parameter and a result.
    let doubled = r#"(module (func (param i32) (result i32)
        (i32.const 1)
        (loop (param i32) (result i32)
            (i32.add (i32.const 1)) (i32.mul (i32.const 2))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if 0 (local.get 0)))))"#;
    gives(doubled, &[3], &[22]);
    // Loops in loops: each writes locals that the other one reads.
    let nested = r#"(module (func (param i32) (result i32) (local i32 i32)
        (loop
            (local.set 2 (i32.const 3))
            (loop
                (local.set 1 (i32.add (local.get 1) (local.get 2)))
                (local.set 2 (i32.sub (local.get 2) (i32.const 1)))
                (br_if 0 (local.get 2)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if 0 (local.get 0)))
        (i32.add (local.get 1) (local.get 2))))"#;
    gives(nested, &[4], &[24]);
}

#[test]
fn arms_and_merges() {
    let chosen = r#"(module (func (param i32) (result i32) (local i32 i32)
        (local.set 1 (i32.const 5))
        (if (local.get 0)
            (then (local.set 1 (i32.const 7)) (local.set 2 (i32.const 1)))
            (else (local.set 2 (i32.const 1))))
        (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2))))"#;
    gives(chosen, &[1], &[71]);
    gives(chosen, &[0], &[51]);
    // Without `else`, with values that go around the arm.
    let around = r#"(module (func (param i32) (result i32)
        (i32.const 3)
        (if (param i32) (result i32) (i32.eqz (local.get 0)) (then (i32.add (i32.const 4))))))"#;
    gives(around, &[0], &[7]);
    gives(around, &[9], &[3]);
    // One arm does not come to the end.
    let left = r#"(module (func (param i32) (result i32) (local i32)
        (if (local.get 0) (then (local.set 1 (i32.const 2))) (else (return (i32.const 8))))
        (local.get 1)))"#;
    gives(left, &[1], &[2]);
    gives(left, &[0], &[8]);
    // Branches out of blocks in blocks with values, and code that cannot be reached.
    let out = r#"(module (func (param i32) (result i32) (local i32)
        (block (result i32)
            (block
                (block (br_table 0 1 2 (i32.const 40) (local.get 0)) (drop))
                (local.set 1 (i32.const 10)))
            (br 0 (i32.add (local.get 1) (i32.const 1)))
            (local.set 1 (i32.const 99)) (unreachable))
        (i32.add (local.get 1))))"#;
    let out =
        out.replace("(br_table 0 1 2 (i32.const 40) (local.get 0)) (drop)", "(br_table 0 1 (local.get 0))");
    gives(&out, &[0], &[21]);
    gives(&out, &[1], &[1]);
    gives(&out, &[7], &[1]);
}

#[test]
fn every_operator_of_wide_arithmetic() {
    let wat = r#"(module (func (param i64 i64 i64 i64) (result i64 i64)
        (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
      (func (param i64 i64 i64 i64) (result i64 i64)
        (i64.sub128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
      (func (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1)))
      (func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))"#;
    let functions = functions(wat);
    let values = [0, 1, 5, u64::MAX, u64::MAX - 1, 1 << 63, 0x0123_4567_89ab_cdef];
    let results = |function: &Function, args: &[u64]| {
        let args: Vec<Constant> = args.iter().map(|a| Constant::I64(*a)).collect();
        match run_with(function, &args) {
            Outcome::Return(values) => values,
            other => panic!("{other:?}"),
        }
    };
    use windlass_abi::num;
    for a in values {
        for b in values {
            let pair = |(low, high)| vec![Constant::I64(low), Constant::I64(high)];
            assert_eq!(results(&functions[0], &[a, b, b, a]), pair(num::i64_add128(a, b, b, a)));
            assert_eq!(results(&functions[1], &[a, b, b, a]), pair(num::i64_sub128(a, b, b, a)));
            assert_eq!(results(&functions[2], &[a, b]), pair(num::i64_mul_wide_s(a, b)));
            assert_eq!(results(&functions[3], &[a, b]), pair(num::i64_mul_wide_u(a, b)));
        }
    }
}

#[test]
fn accesses_to_memory() {
    let wat = r#"(module (memory 1) (func (param i32 i32) (result i32)
        (i32.store offset=4 (local.get 0) (local.get 1))
        (i32.add (i32.load8_s offset=7 (local.get 0)) (i32.load16_u offset=4 (local.get 0)))))"#;
    gives(wat, &[16, 0x8000_1234], &[0x1234 - 128]);
    let functions = functions(wat);
    let outcome = run_with(&functions[0], &[Constant::I32(65_529), Constant::I32(0)]);
    assert!(matches!(outcome, Outcome::Trap(TrapCode::MemoryOutOfBounds)), "{outcome:?}");
}

#[test]
fn handlers_get_what_is_thrown_and_what_the_locals_were() {
    // The first call is under two handlers, the second one under none.
    let wat = r#"(module (tag $t (param i32 i64)) (tag $u)
      (func $f (param i32) (result i32 i64) (local i64)
        (block $h (result i32 i64)
          (block $all
            (local.set 1 (i64.const 9))
            (try_table (result i32 i64) (catch $t $h) (catch_all $all)
              (call $f (i32.const 1)) (local.set 1) (i64.const 2))
            (br $h))
          (i32.const 3) (local.get 1))
        (call $f) (drop (i64.const 0)))
      (func $throws (param i32) (throw $t (local.get 0) (i64.const 3)))
      (func $again (param exnref) (throw_ref (local.get 0)))
      (func $caught (block $h (result exnref) (try_table (catch_all_ref $h) (throw $u)) (return)) (throw_ref)))"#;
    let wat = wat.replace("(call $f) (drop (i64.const 0))", "");
    let functions = functions(&wat);
    let text = functions[0].to_string();
    assert!(text.contains("try_call"), "{text}");
    assert!(functions[3].to_string().contains("catch"), "{}", functions[3]);
}

#[test]
fn calls_of_every_kind() {
    let wat = r#"(module
      (type $t (func (param i32) (result i32)))
      (import "" "f" (func $import (type $t)))
      (table 4 funcref) (table $refs 2 externref) (memory 1) (elem declare func $own)
      (global $g (mut i32) (i32.const 1)) (global $r (mut externref) (ref.null extern))
      (func $own (type $t) (return_call $import (local.get 0)))
      (func (param i32 (ref null $t)) (result i32)
        (call $own (local.get 0)) (call $import) (call_indirect (type $t) (local.get 0))
        (call_ref $t (local.get 1)))
      (func (param i32 (ref null $t)) (result i32) (return_call_ref $t (local.get 0) (local.get 1)))
      (func (param i32) (result i32) (return_call_indirect (type $t) (local.get 0) (local.get 0)))
      (func (param i32 externref) (result i32)
        (table.set $refs (local.get 0) (local.get 1))
        (global.set $r (table.get $refs (i32.const 1)))
        (global.set $g (i32.add (global.get $g) (table.size $refs)))
        (drop (table.grow $refs (global.get $r) (i32.const 1)))
        (table.fill $refs (i32.const 0) (ref.null extern) (i32.const 1))
        (table.set 0 (i32.const 0) (ref.func $own))
        (memory.fill (i32.const 0) (i32.const 1) (memory.size))
        (memory.copy (i32.const 0) (i32.const 8) (memory.grow (i32.const 0)))
        (ref.is_null (global.get $r)))
      (func (param funcref) (result i32)
        (block $l (result (ref func)) (br_on_non_null $l (local.get 0)) (return (i32.const 0)))
        (ref.test (ref $t)) (drop (ref.cast (ref null $t) (local.get 0)))
        (block $k (br_on_null $k (local.get 0)) (drop))))"#;
    let functions = functions(wat);
    let has = |number: usize, what: &str| {
        let text = functions[number].to_string();
        assert!(text.contains(what), "no {what} in\n{text}");
    };
    has(0, "tail_call_pointer");
    has(1, "call f0");
    has(1, "UndefinedElement");
    has(1, "BadSignature");
    has(1, "NullFunctionReference");
    has(4, "raise_if");
    has(5, "CastFailure");
}

#[test]
fn a_function_with_huge_merges_keeps_its_locals_in_slots() {
    // Each of many branches to one label brings many locals.
    let locals = 3_000;
    let mut body = String::from("(block $end ");
    for i in 0..locals {
        body += &format!("(local.set {i} (i32.const {i}))");
        body += "(br_if $end (local.get 0))";
    }
    let list = "i32 ".repeat(locals);
    let wat = format!("(module (func (param i32) (result i32) (local {list}) {body}) (local.get 7)))");
    let functions = functions(&wat);
    assert!(functions[0].to_string().contains("slot_load"));
    gives(&wat, &[0], &[7]);
}
