//! Features: every switch, by name and by effect; everything unbuilt, by name and place.

use windlass_wasm::features::{Edition, Status};
use windlass_wasm::{DecodeError, ErrorKind, Feature, Features, WalkScratch, decode};

fn load(bytes: &[u8], features: &Features) -> Result<(), DecodeError> {
    let decoded = decode(bytes, features)?;
    let mut scratch = WalkScratch::default();
    decoded.bodies.into_iter().try_for_each(|body| body.validate(&mut scratch))
}

/// A module for each built feature that needs it, and besides only what the feature itself needs.
const NEEDS: &[(Feature, &str)] = &[
    (Feature::MutableGlobal, r#"(module (global (export "g") (mut i32) (i32.const 0)))"#),
    (Feature::SignExtension, "(module (func (param i32) (result i32) (i32.extend8_s (local.get 0))))"),
    (
        Feature::SaturatingFloatToInt,
        "(module (func (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0))))",
    ),
    (Feature::MultiValue, "(module (func (result i32 i32) i32.const 1 i32.const 2))"),
    (
        Feature::BulkMemory,
        "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
    ),
    (Feature::ReferenceTypes, "(module (func (param externref)))"),
    (Feature::ReferenceTypes, "(module (table 1 funcref) (table 1 funcref))"),
    (Feature::Simd, "(module (func (param v128)))"),
    (Feature::Simd, "(module (func (result i32) (i8x16.extract_lane_s 0 (v128.const i64x2 0 0))))"),
    (
        Feature::RelaxedSimd,
        "(module (func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
    ),
    (Feature::TailCall, "(module (func $f (return_call $f)))"),
    (Feature::ExtendedConst, "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))"),
    (Feature::MultiMemory, "(module (memory 1) (memory 1))"),
    (Feature::Memory64, "(module (memory i64 1))"),
    (Feature::Memory64, "(module (table i64 1 funcref))"),
    (Feature::FunctionReferences, "(module (type $t (func)) (func (param (ref $t))))"),
    (
        Feature::FunctionReferences,
        "(module (type $t (func)) (func (param (ref null $t)) (call_ref $t (local.get 0))))",
    ),
    (Feature::Gc, "(module (rec (type (func)) (type (struct))))"),
    (Feature::Gc, "(module (func (param anyref)))"),
    (Feature::Exceptions, "(module (tag))"),
    (Feature::Exceptions, "(module (func (block $h (try_table (catch_all $h)))))"),
    (Feature::Threads, "(module (memory 1 1 shared))"),
    (Feature::Threads, "(module (memory 1) (func (result i32) (i32.atomic.load (i32.const 0))))"),
    (
        Feature::WideArithmetic,
        "(module (func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0))))",
    ),
    (Feature::CustomPageSizes, "(module (memory 1 (pagesize 1)))"),
];

#[test]
fn every_built_feature_can_be_switched_off() {
    for feature in Feature::ALL.iter().filter(|f| f.is_built()) {
        assert!(NEEDS.iter().any(|(f, _)| f == feature), "no module that needs {feature}");
    }
    for (feature, text) in NEEDS {
        let bytes = wat::parse_str(text).unwrap();
        load(&bytes, &Features::default()).unwrap_or_else(|e| panic!("{text}: {e}"));

        let mut alone = Features::NONE;
        alone.enable(*feature);
        load(&bytes, &alone).unwrap_or_else(|e| panic!("{text} with {alone:?}: {e}"));

        let mut without = Features::default();
        without.disable(*feature);
        let error = load(&bytes, &without).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::FeatureDisabled(*feature), "{text}: {error}");
        let message = error.to_string();
        assert!(message.contains(&format!("`{feature}`, which is switched off")), "{message}");
        assert!(error.offset().is_some(), "{message}");
    }
}

#[test]
fn sets_are_closed() {
    let mut set = Features::NONE;
    set.enable(Feature::RelaxedSimd).enable(Feature::Gc);
    let names: Vec<_> = set.iter().map(Feature::name).collect();
    assert_eq!(names, ["reference-types", "simd", "relaxed-simd", "function-references", "gc"]);
    set.disable(Feature::ReferenceTypes);
    assert_eq!(set, Features::from_names(["relaxed-simd"]).unwrap());
    set.set(Feature::Simd, false);
    assert_eq!(set, Features::NONE);
}

#[test]
fn names_and_rows() {
    for feature in Feature::ALL {
        assert_eq!(feature.name().parse::<Feature>().unwrap(), *feature);
        assert!(feature.info().doc.ends_with('.'));
        // The built ones are on by default, and what they need is built too.
        assert_eq!(Features::default().contains(*feature), feature.info().status == Status::Built);
    }
    let error = "sidm".parse::<Feature>().unwrap_err().to_string();
    assert!(
        error.starts_with("unknown WebAssembly feature `sidm`; the features are: mutable-global"),
        "{error}"
    );
    assert!(Features::edition(Edition::Wasm3).contains(Feature::Exceptions));
    assert!(!Features::edition(Edition::Wasm3).contains(Feature::Threads));
    assert!(!Features::edition(Edition::Wasm2).contains(Feature::RelaxedSimd));
}

#[test]
fn folders_of_conformance_tests() {
    let threads = Features::for_proposal_folder("threads").unwrap();
    assert!(threads.contains(Feature::Threads) && !threads.contains(Feature::MultiMemory));
    assert!(!threads.contains(Feature::ReferenceTypes));
    assert_eq!(Features::for_proposal_folder("wide-arithmetic"), Some(Features::default()));
    assert_eq!(Features::for_proposal_folder("no-such-thing"), None);
    assert!(Features::proposal_folders().contains(&"custom-descriptors"));
}

fn assert_unbuilt(text: &str, feature: &str, operator: Option<&str>) {
    let bytes = wat::parse_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let error = load(&bytes, &Features::default()).expect_err(text);
    match error.kind() {
        ErrorKind::Unbuilt { feature: f, operator: o } => {
            assert_eq!((*f, o.as_deref()), (feature, operator), "{text}: {error}");
        }
        _ => panic!("{text}: {error}"),
    }
    let message = error.to_string();
    assert!(message.contains(&format!("needs {feature}, which this engine does not have yet")), "{message}");
    assert!(error.offset().is_some(), "{message}");
}

#[test]
fn operators_on_objects_are_named() {
    let in_body = [
        ("struct.new", "(drop (struct.new $s (i32.const 1)))"),
        ("struct.new_default", "(drop (struct.new_default $s))"),
        ("struct.get", "(drop (struct.get $s 0 (ref.null $s)))"),
        ("struct.get_s", "(drop (struct.get_s $p 0 (ref.null $p)))"),
        ("struct.get_u", "(drop (struct.get_u $p 0 (ref.null $p)))"),
        ("struct.set", "(struct.set $s 0 (ref.null $s) (i32.const 1))"),
        ("array.new", "(drop (array.new $a (i32.const 1) (i32.const 2)))"),
        ("array.new_default", "(drop (array.new_default $a (i32.const 2)))"),
        ("array.new_fixed", "(drop (array.new_fixed $a 1 (i32.const 2)))"),
        ("array.new_data", "(drop (array.new_data $a $d (i32.const 0) (i32.const 0)))"),
        ("array.new_elem", "(drop (array.new_elem $f $e (i32.const 0) (i32.const 0)))"),
        ("array.get", "(drop (array.get $a (ref.null $a) (i32.const 0)))"),
        ("array.get_s", "(drop (array.get_s $b (ref.null $b) (i32.const 0)))"),
        ("array.get_u", "(drop (array.get_u $b (ref.null $b) (i32.const 0)))"),
        ("array.set", "(array.set $a (ref.null $a) (i32.const 0) (i32.const 0))"),
        ("array.len", "(drop (array.len (ref.null $a)))"),
        ("array.fill", "(array.fill $a (ref.null $a) (i32.const 0) (i32.const 0) (i32.const 0))"),
        (
            "array.copy",
            "(array.copy $a $a (ref.null $a) (i32.const 0) (ref.null $a) (i32.const 0) (i32.const 0))",
        ),
        (
            "array.init_data",
            "(array.init_data $a $d (ref.null $a) (i32.const 0) (i32.const 0) (i32.const 0))",
        ),
        (
            "array.init_elem",
            "(array.init_elem $f $e (ref.null $f) (i32.const 0) (i32.const 0) (i32.const 0))",
        ),
        ("ref.i31", "(drop (ref.i31 (i32.const 1)))"),
        ("i31.get_s", "(drop (i31.get_s (ref.null i31)))"),
        ("i31.get_u", "(drop (i31.get_u (ref.null i31)))"),
        ("ref.eq", "(drop (ref.eq (ref.null eq) (ref.null eq)))"),
        ("any.convert_extern", "(drop (any.convert_extern (ref.null extern)))"),
        ("extern.convert_any", "(drop (extern.convert_any (ref.null any)))"),
        ("ref.test", "(drop (ref.test (ref null $s) (ref.null any)))"),
        ("ref.test", "(drop (ref.test (ref i31) (ref.null any)))"),
        ("ref.cast", "(drop (ref.cast (ref $a) (ref.null any)))"),
        ("ref.cast", "(drop (ref.cast (ref null none) (ref.null any)))"),
        ("br_on_cast", "(drop (block (result anyref) (br_on_cast 0 anyref (ref eq) (ref.null any))))"),
        (
            "br_on_cast_fail",
            "(drop (block (result anyref) (br_on_cast_fail 0 anyref (ref $s) (ref.null any))))",
        ),
    ];
    for (operator, code) in in_body {
        let text = format!(
            r#"(module
                (type $s (struct (field (mut i32)))) (type $p (struct (field i8)))
                (type $a (array (mut i32))) (type $b (array (mut i8))) (type $f (array (mut funcref)))
                (memory 1) (data $d "x") (elem $e func)
                (func {code}))"#
        );
        assert_unbuilt(&text, "gc objects", Some(operator));
    }
}

#[test]
fn operators_on_objects_are_named_in_constant_expressions() {
    let cases = [
        ("struct.new", "(global (ref $s) (struct.new $s (i32.const 1)))"),
        ("struct.new_default", "(global (ref $s) (struct.new_default $s))"),
        ("array.new", "(global (ref $a) (array.new $a (i32.const 1) (i32.const 2)))"),
        ("array.new_fixed", "(table 1 (ref $a) (array.new_fixed $a 0))"),
        ("ref.i31", "(elem (ref i31) (ref.i31 (i32.const 1)))"),
        ("any.convert_extern", "(global anyref (any.convert_extern (ref.null extern)))"),
        ("extern.convert_any", "(global externref (extern.convert_any (ref.null any)))"),
    ];
    for (operator, field) in cases {
        let text = format!("(module (type $s (struct (field i32))) (type $a (array i32)) {field})");
        assert_unbuilt(&text, "gc objects", Some(operator));
    }
}

#[test]
fn the_offset_is_that_of_the_operator() {
    let bytes = wat::parse_str("(module (func (drop (ref.i31 (i32.const 5)))))").unwrap();
    let at = bytes.windows(4).position(|w| w == [0x41, 5, 0xfb, 0x1c]).unwrap() + 2;
    assert_eq!(load(&bytes, &Features::default()).unwrap_err().offset(), Some(at));
}

#[test]
fn types_and_nulls_of_objects_are_accepted() {
    let text = r#"(module
        (rec (type $s (sub (struct (field (ref null $a)) (field i8)))) (type $a (array (mut (ref null $s)))))
        (type $t (sub final $s (struct (field (ref null $a)) (field i8) (field f64))))
        (global anyref (ref.null none))
        (table 1 (ref null $t))
        (func (param eqref i31ref) (result structref) (local arrayref (ref null $a))
            (local.set 2 (ref.null $a))
            (drop (ref.is_null (local.get 0)))
            (drop (ref.as_non_null (local.get 1)))
            (ref.null $t)))"#;
    load(&wat::parse_str(text).unwrap(), &Features::default()).unwrap();
}

#[test]
fn casts_of_functions_and_host_values_are_built() {
    let text = r#"(module
        (type $f (sub (func))) (type $g (sub $f (func)))
        (func (param funcref externref exnref)
            (drop (ref.test (ref $f) (local.get 0)))
            (drop (ref.cast (ref null $g) (local.get 0)))
            (drop (ref.cast (ref extern) (local.get 1)))
            (drop (ref.test (ref null noextern) (local.get 1)))
            (drop (ref.test (ref exn) (local.get 2)))
            (drop (block (result funcref) (br_on_cast 0 funcref (ref $g) (local.get 0))))
            (drop (block (result funcref) (br_on_cast_fail 0 funcref (ref null $f) (local.get 0))))))"#;
    load(&wat::parse_str(text).unwrap(), &Features::default()).unwrap();
}

#[test]
fn unbuilt_features_are_named() {
    let cast =
        "(module (type $f (func)) (func (param funcref) (drop (ref.test (ref (exact $f)) (local.get 0)))))";
    assert_unbuilt(cast, "custom-descriptors", Some("ref.test"));
    let cast = "(module (func (drop (ref.test (ref (shared func)) (unreachable)))))";
    assert_unbuilt(cast, "shared-everything-threads", Some("ref.test"));
    let branch = "(module (type $f (func)) (func (param (ref $f)) (drop (block (result funcref) \
        (br_on_cast 0 (ref $f) (ref (exact $f)) (local.get 0))))))";
    assert_unbuilt(branch, "custom-descriptors", Some("br_on_cast"));

    let cases = [
        ("stack-switching", "(module (type $f (func)) (type (cont $f)))"),
        ("shared-everything-threads", "(module (global (shared i32) (i32.const 0)))"),
        ("shared-everything-threads", "(module (table shared 1 (ref null (shared func))))"),
        ("custom-descriptors", "(module (type $s (struct)) (func (param (ref (exact $s)))))"),
        ("custom-descriptors", "(module (type $f (func)) (func (drop (ref.null (exact $f)))))"),
        ("custom-descriptors", "(module (type $f (func)) (import \"\" \"\" (func (exact (type $f)))))"),
        ("custom-descriptors", "(module (type $f (func)) (func (local (ref null (exact $f)))))"),
        (
            "custom-descriptors",
            "(module (type $f (func)) (func (drop (block (result (ref null (exact $f))) unreachable))))",
        ),
        ("custom-descriptors", "(module (type $f (func)) (global funcref (ref.null (exact $f))))"),
        (
            "custom-descriptors",
            "(module (type $f (func)) (func (drop (select (result (ref null (exact $f))) unreachable))))",
        ),
        ("shared-everything-threads", "(module (func (drop (ref.null (shared extern)))))"),
        ("shared-everything-threads", "(module (global externref (ref.null (shared extern))))"),
        ("legacy-exceptions", "(module (func try catch_all end))"),
        ("memory-control", "(module (memory 1) (func (memory.discard (i32.const 0) (i32.const 0))))"),
        ("component-model", "(component)"),
    ];
    for (feature, text) in cases {
        assert_unbuilt(text, feature, None);
    }
}
