//! What the runner makes of scripts of our own: every directive, and every way to fail.

use windlass::{Config, Engine};
use windlass_wast::Runner;
use windlass_wast::report::{Directive, Failure, Kind, Outcome};

fn run(text: &str) -> Vec<Directive> {
    run_as("test.wast", text)
}

fn run_as(name: &str, text: &str) -> Vec<Directive> {
    let runner = Runner::new(|features| Engine::new(Config::new().wasm_features(features)));
    runner.run(name, text).directives
}

/// The script passes; these are the kinds of its directives, in order.
fn passes(text: &str, kinds: &[Kind]) {
    let directives = run(text);
    for directive in &directives {
        assert_eq!(directive.outcome, Outcome::Passed, "{} at {}", directive.kind.name(), directive.place);
    }
    assert_eq!(directives.iter().map(|d| d.kind).collect::<Vec<_>>(), kinds);
}

/// The last directive fails, for a reason that contains this.
fn fails(text: &str, reason: &str) -> Failure {
    let directives = run(text);
    let Outcome::Failed(failure) = &directives.last().unwrap().outcome else { panic!("it passed: {text}") };
    assert!(failure.reason.contains(reason), "{}", failure.reason);
    failure.clone()
}

#[test]
fn modules_and_instances() {
    use Kind::*;
    passes(
        r#"
        (module definition $M (global (export "g") (mut i32) (i32.const 0))
          (func (export "up") (result i32)
            (global.set 0 (i32.add (global.get 0) (i32.const 1))) (global.get 0)))
        (module instance $A $M)
        (module instance $B $M)
        (invoke $A "up")
        (assert_return (invoke $A "up") (i32.const 2))
        (assert_return (invoke "up") (i32.const 1))
        (assert_return (get $A "g") (i32.const 2))
        (register "a" $A)
        (module (import "a" "up" (func $up (result i32))) (func (export "again") (result i32) (call $up)))
        (assert_return (invoke "again") (i32.const 3))
        (module binary "\00asm" "\01\00\00\00")
        (module quote "(func (export \"f\"))")
        (assert_return (invoke "f"))
        "#,
        &[
            Definition,
            Instance,
            Instance,
            Invoke,
            AssertReturn,
            AssertReturn,
            AssertReturn,
            Register,
            Module,
            AssertReturn,
            Module,
            Module,
            AssertReturn,
        ],
    );
}

#[test]
fn assertions() {
    use Kind::*;
    passes(
        r#"
        (module
          (tag $t)
          (func (export "unreachable") unreachable)
          (func $deep (export "deep") (call $deep))
          (func (export "throw") (throw $t))
          (func (export "echo") (param externref) (result externref) (local.get 0))
          (func $f (export "ref") (result funcref) (ref.func $f))
          (func (export "nan") (result f32) (f32.div (f32.const 0) (f32.const 0))))
        (assert_trap (invoke "unreachable") "unreachable")
        (assert_trap (module (func unreachable) (start 0)) "unreachable")
        (assert_exhaustion (invoke "deep") "call stack exhausted")
        (assert_exception (invoke "throw"))
        (assert_return (invoke "echo" (ref.extern 7)) (ref.extern 7))
        (assert_return (invoke "echo" (ref.null extern)) (ref.null extern))
        (assert_return (invoke "ref") (ref.func))
        (assert_return (invoke "nan") (either (f32.const 0) (f32.const nan:canonical)))
        (assert_invalid (module (func (result i32))) "type mismatch")
        (assert_malformed (module quote "(func i32.nonsense)") "unknown operator")
        (assert_malformed (module binary "\00asm") "unexpected end")
        (assert_malformed_custom (module quote "(@custom)") "missing section name")
        (assert_invalid_custom
          (module (func (@metadata.code.branch_hint "\01") nop)) "invalid target")
        (assert_unlinkable (module (import "spectest" "nothing" (func))) "unknown import")
        (assert_unlinkable (module (import "spectest" "memory" (func))) "incompatible import type")
        "#,
        &[
            Module,
            AssertTrap,
            AssertTrap,
            AssertExhaustion,
            AssertException,
            AssertReturn,
            AssertReturn,
            AssertReturn,
            AssertReturn,
            AssertInvalid,
            AssertMalformed,
            AssertMalformed,
            AssertMalformedCustom,
            AssertInvalidCustom,
            AssertUnlinkable,
            AssertUnlinkable,
        ],
    );
}

#[test]
fn the_host_module() {
    passes(
        r#"
        (module
          (import "spectest" "print" (func $p))
          (import "spectest" "print_i32" (func $i (param i32)))
          (import "spectest" "print_i64" (func (param i64)))
          (import "spectest" "print_f32" (func (param f32)))
          (import "spectest" "print_f64" (func (param f64)))
          (import "spectest" "print_i32_f32" (func (param i32 f32)))
          (import "spectest" "print_f64_f64" (func (param f64 f64)))
          (import "spectest" "global_i32" (global $i32 i32))
          (import "spectest" "global_i64" (global $i64 i64))
          (import "spectest" "global_f32" (global $f32 f32))
          (import "spectest" "global_f64" (global $f64 f64))
          (import "spectest" "table" (table $t 10 20 funcref))
          (import "spectest" "table64" (table $t64 i64 10 20 funcref))
          (import "spectest" "memory" (memory $m 1 2))
          (import "spectest" "shared_memory" (memory $s 1 2 shared))
          (func (export "globals") (result i32 i64 f32 f64)
            (call $p) (call $i (i32.const 1))
            (global.get $i32) (global.get $i64) (global.get $f32) (global.get $f64))
          (func (export "sizes") (result i32 i64 i32 i32)
            (table.size $t) (table.size $t64) (memory.size $m) (memory.size $s)))
        (assert_return (invoke "globals")
          (i32.const 666) (i64.const 666) (f32.const 666.6) (f64.const 666.6))
        (assert_return (invoke "sizes") (i32.const 10) (i64.const 10) (i32.const 1) (i32.const 1))
        "#,
        &[Kind::Module, Kind::AssertReturn, Kind::AssertReturn],
    );
}

#[test]
fn threads_have_stores_of_their_own_and_share_memory() {
    let directives = run(r#"
        (module $Mem (memory (export "m") 1 1 shared) (global (export "g") i32 (i32.const 1)))
        (thread $T (shared (module $Mem))
          (register "mem" $Mem)
          (module (import "mem" "m" (memory 1 1 shared))
            (func (export "write") (i32.atomic.store (i32.const 8) (i32.const 42)))
            (func (export "park") (result i32)
              (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
          (invoke "write")
          (assert_return (invoke "park") (either (i32.const 0) (i32.const 1)))
          (assert_unlinkable (module (import "mem" "g" (global i32))) "unknown import"))
        (register "mem" $Mem)
        (module (import "mem" "m" (memory 1 1 shared))
          (func (export "wake")
            (i32.atomic.store (i32.const 0) (i32.const 1))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
          (func (export "read") (result i32) (i32.atomic.load (i32.const 8))))
        (invoke "wake")
        (wait $T)
        (assert_return (invoke "read") (i32.const 42))
        "#);
    for directive in &directives {
        assert_eq!(directive.outcome, Outcome::Passed, "{} at {}", directive.kind.name(), directive.place);
    }
    let of = |kind| directives.iter().filter(|d| d.kind == kind).count();
    assert_eq!((of(Kind::Thread), of(Kind::Wait), of(Kind::AssertReturn)), (1, 1, 2));
    assert_eq!(directives.len(), 12);
}

#[test]
fn wrong_results_fail() {
    let module = r#"(module (func (export "f") (result i32) (i32.const 1)) (func (export "g") unreachable))"#;
    let fails = |directive: &str, reason: &str| fails(&format!("{module} {directive}"), reason);
    fails(r#"(assert_return (invoke "f") (i32.const 2))"#, "result 0 is i32:1, expected i32:2");
    fails(r#"(assert_return (invoke "f"))"#, "1 results (i32:1), expected 0");
    fails(r#"(assert_return (invoke "g"))"#, "it trapped: unreachable, but it should return");
    fails(r#"(invoke "g")"#, "it trapped: unreachable, but it should return");
    fails(
        r#"(assert_trap (invoke "f") "unreachable")"#,
        "it returned (i32:1), but it should trap: unreachable",
    );
    fails(r#"(assert_trap (invoke "g") "integer overflow")"#, "it trapped: unreachable, but it should trap");
    fails(r#"(assert_exhaustion (invoke "f") "call stack exhausted")"#, "it returned (i32:1)");
    fails(r#"(assert_exception (invoke "f"))"#, "it returned (i32:1), but it should throw");
    fails(r#"(assert_return (invoke "h"))"#, "nothing is exported as \"h\"");
    fails(r#"(assert_return (invoke $n "f"))"#, "no such instance");
    fails(r#"(register "r" $n)"#, "no such instance");
    fails(r#"(wait $t)"#, "no thread is called $t");
    fails(r#"(assert_invalid (module) "why")"#, "the module is accepted, but it should be refused: why");
    fails(r#"(assert_malformed (module quote "(func)") "why")"#, "the module is accepted");
    fails(r#"(assert_unlinkable (module) "why")"#, "the module is linked");
    fails(r#"(assert_unlinkable (module (func unreachable) (start 0)) "why")"#, "it trapped: unreachable");
    fails(r#"(assert_invalid_custom (module) "why")"#, "nothing is wrong with the custom sections");
    fails(r#"(module (import "x" "y" (func)))"#, "unknown import \"x\" \"y\"");
}

#[test]
fn what_depends_on_a_refused_module_fails_for_its_reason() {
    let gc = r#"(module $ok (func (export "f")))
        (module $gc (type $s (struct)) (func (export "f") (drop (struct.new $s))))"#;
    for directive in [
        r#"(invoke "f")"#,
        r#"(assert_return (invoke $gc "f"))"#,
        r#"(register "r" $gc)"#,
        r#"(register "r") (module (import "r" "f" (func)))"#,
        r#"(register "r") (assert_unlinkable (module (import "r" "f" (global i32))) "incompatible")"#,
    ] {
        let failure = fails(&format!("{gc} {directive}"), "it depends on a module that failed");
        assert_eq!(failure.unbuilt.as_deref(), Some("gc objects"), "{directive}");
    }
    let passed = run(&format!(r#"{gc} (assert_return (invoke $ok "f"))"#));
    assert_eq!(passed.last().unwrap().outcome, Outcome::Passed);
}

#[test]
fn being_refused_for_what_is_not_built_proves_nothing() {
    let failure = fails(
        r#"(assert_invalid (module (type $s (struct)) (func (drop (struct.new $s)))) "why")"#,
        "gc objects",
    );
    assert_eq!(failure.unbuilt.as_deref(), Some("gc objects"));
    // But a feature that the script does not expect may as well be missing as switched off.
    let text = r#"(assert_malformed (module quote "(func (try (do) (catch_all)))") "unexpected token")"#;
    assert_eq!(run(text)[0].outcome, Outcome::Passed);
    let text = r#"(assert_invalid
        (module (rec (type (descriptor 1) (struct)) (type (describes 0) (struct)))) "why")"#;
    assert_eq!(run(text)[0].outcome, Outcome::Passed);
    let expected = run_as("proposals/custom-descriptors/a.wast", text);
    assert!(matches!(&expected[0].outcome, Outcome::Failed(Failure { unbuilt: Some(_), .. })));
}

#[test]
fn a_script_that_is_no_script_fails() {
    let directives = run("(module)\n(assert_nonsense)");
    assert_eq!(directives.len(), 1);
    assert_eq!((directives[0].kind, directives[0].place.to_string().as_str()), (Kind::Script, "2:2"));
    assert!(matches!(directives[0].outcome, Outcome::Failed(_)));
}

#[test]
fn folders_have_features_of_their_own() {
    let text = r#"(assert_invalid (module (memory 1) (memory 1)) "multiple memories")"#;
    assert_eq!(run_as("proposals/threads/a.wast", text)[0].outcome, Outcome::Passed);
    assert!(matches!(run_as("a.wast", text)[0].outcome, Outcome::Failed(_)));
}
