//! Errors: their kind, their place, their text.

use windlass_wasm::{DecodeError, ErrorKind, Features, WalkScratch, decode};

fn load(bytes: &[u8]) -> Result<(), DecodeError> {
    let decoded = decode(bytes, &Features::default())?;
    let mut scratch = WalkScratch::default();
    decoded.bodies.into_iter().try_for_each(|body| body.validate(&mut scratch))
}

fn refuse(text: &str) -> DecodeError {
    load(&wat::parse_str(text).unwrap()).expect_err(text)
}

#[test]
fn errors_are_one_word() {
    assert_eq!(size_of::<Result<(), DecodeError>>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), windlass_wasm::SinkError>>(), size_of::<usize>());
}

#[test]
fn an_error_in_a_body_says_where() {
    let text = r#"(module (import "" "" (func)) (func $fine) (func $broken (result i32) (i64.const 1)))"#;
    let error = refuse(text);
    assert_eq!(*error.kind(), ErrorKind::Invalid);
    assert_eq!((error.function(), error.function_name()), (Some(2), Some("broken")));
    let offset = error.offset().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "invalid module: type mismatch: expected i32, found i64 (at offset {offset:#x} in function 2 \"broken\")"
        )
    );
    let error = refuse("(module (func (result i32)))");
    assert_eq!((error.function(), error.function_name()), (Some(0), None));
    assert!(error.to_string().ends_with(" in function 0)"), "{error}");
}

#[test]
fn an_error_outside_bodies_says_where() {
    let error = refuse("(module (start 3))");
    assert_eq!((error.kind(), error.function()), (&ErrorKind::Invalid, None));
    let text = error.to_string();
    assert!(text.starts_with("invalid module: unknown function 3"), "{text}");
    assert!(text.ends_with(&format!("(at offset {:#x})", error.offset().unwrap())), "{text}");
}

#[test]
fn malformed_is_not_invalid() {
    let kind = |bytes: &[u8]| load(bytes).unwrap_err().kind().clone();
    let module = |sections: &[u8]| [b"\0asm\x01\0\0\0", sections].concat();
    let malformed: &[&[u8]] = &[
        b"",
        b"\0as",
        b"\0asm\x02\0\0\0",
        b"(module)",
        &module(&[99, 0]),                           // unknown section
        &module(&[1, 4, 1, 0x60, 0]),                // cut short
        &module(&[1, 4, 1, 0x60, 0, 9]),             // count of results without results
        &module(&[1, 5, 1, 0x60, 0, 0, 0]),          // bytes left over
        &module(&[3, 1, 0, 1, 1, 0]),                // out of order
        &module(&[1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0]), // function without body
        &module(&[5, 3, 1, 0xff, 1]),                // flags of a memory
        &module(&[6, 4, 1, 0x7f, 0, 0xff]),          // unknown operator in a constant expression
        &module(&[0, 2, 5, b'x']),                   // name of a custom section cut short
    ];
    for bytes in malformed {
        assert_eq!(kind(bytes), ErrorKind::Malformed, "{bytes:x?}: {}", load(bytes).unwrap_err());
    }
    let body = |code: &[u8]| {
        let mut sections = vec![1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 3 + code.len() as u8, 1];
        sections.extend([code.len() as u8 + 1, 0]);
        sections.extend(code);
        module(&sections)
    };
    assert_eq!(load(&body(&[0x0b])).map_err(|e| e.to_string()), Ok(()));
    assert_eq!(kind(&body(&[0xff, 0x0b])), ErrorKind::Malformed, "unknown operator");
    assert_eq!(kind(&body(&[0x01])), ErrorKind::Malformed, "no end");
    assert_eq!(kind(&body(&[0x0b, 0x0b])), ErrorKind::Malformed, "operators after the end");
    assert_eq!(kind(&body(&[0x1a, 0x0b])), ErrorKind::Invalid, "nothing to drop");
    assert_eq!(kind(&module(&[5, 5, 2, 1, 2, 1, 0])), ErrorKind::Malformed, "cut short behind an error");
    assert_eq!(kind(&module(&[5, 4, 1, 1, 2, 1])), ErrorKind::Invalid, "minimum above maximum");
}

#[test]
fn limits_are_named() {
    let many = format!("(module (func (local {})))", "i32 ".repeat(50_001));
    let error = refuse(&many);
    assert_eq!(*error.kind(), ErrorKind::Limit);
    assert!(
        error.to_string().starts_with("the module exceeds a limit of this engine: too many locals"),
        "{error}"
    );

    let memories = format!("(module {})", "(memory 0)".repeat(101));
    let error = refuse(&memories);
    let expected = ErrorKind::ModuleLimit { limit: "memories", value: 101, maximum: 100 };
    assert_eq!(*error.kind(), expected, "{error}");

    let name = "x".repeat(100_001);
    assert_eq!(*refuse(&format!(r#"(module (func (export "{name}")))"#)).kind(), ErrorKind::Limit);
    let params = format!("(module (type (func (param {}))))", "i32 ".repeat(1001));
    assert_eq!(*refuse(&params).kind(), ErrorKind::Limit);
}

#[test]
fn counts_without_items_allocate_nothing() {
    // Each section claims a million items and holds none.
    for section in [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13] {
        let bytes = [b"\0asm\x01\0\0\0".as_slice(), &[section, 3, 0xc0, 0x84, 0x3d]].concat();
        assert!(load(&bytes).is_err(), "section {section}");
    }
}
