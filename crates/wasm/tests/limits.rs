//! Limits that a host sets, and stopping.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use windlass_wasm::{Decode, DecodeError, ErrorKind, Features, ModuleLimits, WalkScratch, decode};

fn check(text: &str, limits: &ModuleLimits) -> Result<(), DecodeError> {
    let bytes = wat::parse_str(text).unwrap();
    let decoded = Decode { features: &Features::default(), limits, watch: None }.decode(&bytes)?;
    decoded.bodies.into_iter().try_for_each(|body| body.validate(&mut WalkScratch::default()))
}

/// A module with two of everything, and the limits as setters.
type Setter = fn(ModuleLimits, usize) -> ModuleLimits;

#[test]
fn each_limit_holds_to_the_unit() {
    let cases: &[(&str, Setter, usize, &str)] = &[
        ("types", ModuleLimits::types, 2, "(module (type (func)) (type (func (param i32))))"),
        ("types", ModuleLimits::types, 2, "(module (rec (type (func)) (type (func))))"),
        ("params", ModuleLimits::params, 2, "(module (type (func (param i32 i64))))"),
        ("results", ModuleLimits::results, 2, "(module (type (func (result i32 i64))))"),
        ("imports", ModuleLimits::imports, 2, r#"(module (import "" "" (func)) (import "" "" (memory 1)))"#),
        ("exports", ModuleLimits::exports, 2, r#"(module (func (export "a") (export "b")))"#),
        ("functions", ModuleLimits::functions, 2, r#"(module (import "" "" (func)) (func))"#),
        ("functions", ModuleLimits::functions, 2, r#"(module (import "" "" (func)) (import "" "" (func)))"#),
        ("function_bytes", ModuleLimits::function_bytes, 3, "(module (func nop))"),
        ("locals", ModuleLimits::locals, 2, "(module (func (param i32) (local i32 i64)))"),
        ("nesting", ModuleLimits::nesting, 2, "(module (func (block (loop)) (block)))"),
        ("tables", ModuleLimits::tables, 2, r#"(module (import "" "" (table 1 funcref)) (table 1 funcref))"#),
        ("memories", ModuleLimits::memories, 2, r#"(module (import "" "" (memory 1)) (memory 1))"#),
        (
            "globals",
            ModuleLimits::globals,
            2,
            "(module (global i32 (i32.const 0)) (global i32 (i32.const 0)))",
        ),
        ("tags", ModuleLimits::tags, 2, "(module (tag) (tag))"),
        (
            "element_segments",
            ModuleLimits::element_segments,
            2,
            "(module (func) (elem func 0) (elem func 0))",
        ),
        (
            "elements",
            ModuleLimits::elements,
            3,
            "(module (func) (elem func 0 0) (elem funcref (ref.func 0)))",
        ),
        ("data_segments", ModuleLimits::data_segments, 2, r#"(module (data "a") (data "b"))"#),
        ("module_bytes", ModuleLimits::module_bytes, 8, "(module)"),
    ];
    for (name, set, has, text) in cases {
        let limits = |n| set(ModuleLimits::new(), n);
        check(text, &limits(*has)).unwrap_or_else(|error| panic!("{name} within its limit: {error}"));
        let error = check(text, &limits(has - 1)).unwrap_err();
        let ErrorKind::ModuleLimit { limit, value, maximum } = *error.kind() else {
            panic!("{name}: {error}")
        };
        assert_eq!((limit, value, maximum), (*name, *has as u64, *has as u64 - 1), "{error}");
        assert!(error.offset().is_some(), "{name}: {error}");
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
    let tested: Vec<_> = cases.iter().map(|case| case.0).collect();
    for (name, default, strict) in ModuleLimits::TABLE {
        assert!(tested.contains(name), "{name} has a case");
        assert!(strict <= default, "{name}");
    }
}

#[test]
fn errors_of_bodies_name_their_function() {
    let limits = ModuleLimits::new().nesting(1);
    let error = check("(module (func) (func $deep (block (block))))", &limits).unwrap_err();
    assert_eq!((error.function(), error.function_name()), (Some(1), Some("deep")), "{error}");
    assert_eq!(
        error.to_string(),
        "the module exceeds the limit `nesting` of its host: it has 2 nested blocks, and 1 are allowed \
         (at offset 0x1d in function 1 \"deep\")"
    );
}

#[test]
fn a_watch_stops_decoding_and_walking() {
    let mut text = String::from("(module (func");
    text.push_str(&"(drop (i32.const 1))".repeat(50_000));
    text.push_str(") (func))");
    let bytes = wat::parse_str(text).unwrap();
    // How often it is asked in all.
    let asked = AtomicU32::new(0);
    let stop_at = AtomicU32::new(u32::MAX);
    let watch = || asked.fetch_add(1, Relaxed) + 1 >= stop_at.load(Relaxed);
    let run = || {
        asked.store(0, Relaxed);
        let decode =
            Decode { features: &Features::default(), limits: &ModuleLimits::new(), watch: Some(&watch) };
        let mut bodies = decode.decode(&bytes)?.bodies.into_iter();
        bodies.try_for_each(|body| body.validate(&mut WalkScratch::default()))
    };
    run().unwrap();
    let all = asked.load(Relaxed);
    assert!(all > 20, "asked {all} times");
    for at in [1, 2, 5, all / 2, all] {
        stop_at.store(at, Relaxed);
        let error = run().unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Stopped);
        assert_eq!(asked.load(Relaxed), at, "nothing goes on after the stop");
    }
}

/// Room is made for what a section says it holds: a few bytes must not ask for much.
#[test]
fn a_section_cannot_say_that_it_holds_more_than_it_has_bytes() {
    for section in [1_u8, 2, 3, 4, 5, 6, 7, 9, 11, 13] {
        // 800,000 items; no section before it.
        let bytes = [b"\0asm\x01\0\0\0".as_slice(), &[section, 4, 0x80, 0xea, 0x30, 0]].concat();
        let error = decode(&bytes, &Features::default()).err().expect("it is malformed");
        let limited = [4, 5, 9, 11].contains(&section);
        match error.kind() {
            ErrorKind::ModuleLimit { value: 800_000, .. } => assert!(limited, "{section}: {error}"),
            ErrorKind::Malformed => assert!(!limited, "{section}: {error}"),
            _ => panic!("{section}: {error}"),
        }
        assert!(error.offset().is_some_and(|offset| (8..=14).contains(&offset)), "{error:?}");
    }
}
