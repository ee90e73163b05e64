//! What decoding tells of a module, section by section.

use windlass_abi::facts::{
    ConstExpr, ConstOp, ElementItems, EntityIndex, GlobalType, ImportCounts, MemoryType, ModuleFacts, Names,
    SegmentKind, TableType,
};
use windlass_abi::types::{
    CompositeType, FieldType, FuncType, HeapType, RefType, StorageType, SubType, ValType,
};
use windlass_wasm::{Decoded, Features, decode};

fn facts(text: &str) -> ModuleFacts {
    decode(&wat::parse_str(text).unwrap(), &Features::default()).unwrap().facts
}

fn expr(ops: &[ConstOp]) -> ConstExpr {
    ConstExpr(ops.into())
}

const FUNCREF: RefType = RefType::FUNCREF;

fn func(params: &[ValType], results: &[ValType]) -> CompositeType {
    CompositeType::Func(FuncType { params: params.into(), results: results.into() })
}

#[test]
fn an_empty_module_has_no_facts() {
    let facts = facts("(module)");
    assert!(facts.types.is_empty() && facts.functions.is_empty() && facts.exports.is_empty());
    assert_eq!((facts.start, facts.imported, facts.names), (None, ImportCounts::default(), Names::default()));
}

#[test]
fn types_are_flattened_and_refer_to_the_type_section() {
    let facts = facts(
        r#"(module
            (type (func (param i32 f64 v128) (result i64 f32)))
            (rec (type $a (sub (struct (field (mut i8)) (field i16) (field (ref $b)))))
                 (type $b (array (mut (ref null $f))))
                 (type $f (func (param (ref null $a) (ref any)) (result exnref nullexternref))))
            (type $c (sub final $a (struct (field (mut i8)) (field i16) (field (ref $b)) (field (ref eq))))))"#,
    );
    let plain = |composite| SubType { is_final: true, supertype: None, composite };
    let field = |storage, mutable| FieldType { storage, mutable };
    let reference = |nullable, heap| ValType::Ref(RefType { nullable, heap });
    let fields = [
        field(StorageType::I8, true),
        field(StorageType::I16, false),
        field(StorageType::Val(reference(false, HeapType::ConcreteArray(2))), false),
    ];
    let mut more = fields.to_vec();
    more.push(field(StorageType::Val(reference(false, HeapType::Eq)), false));
    let expected = [
        plain(func(&[ValType::I32, ValType::F64, ValType::V128], &[ValType::I64, ValType::F32])),
        SubType { is_final: false, supertype: None, composite: CompositeType::Struct(fields.into()) },
        plain(CompositeType::Array(field(
            StorageType::Val(reference(true, HeapType::ConcreteFunc(3))),
            true,
        ))),
        plain(func(
            &[reference(true, HeapType::ConcreteStruct(1)), reference(false, HeapType::Any)],
            &[ValType::EXNREF, reference(true, HeapType::NoExtern)],
        )),
        SubType { is_final: true, supertype: Some(1), composite: CompositeType::Struct(more.into()) },
    ];
    assert_eq!(facts.types, expected);
    assert_eq!(facts.rec_groups, [0..1, 1..4, 4..5]);
}

#[test]
fn equal_types_keep_their_own_indices() {
    // The validator gives both one canonical id.
    let facts = facts(
        "(module (type $a (func)) (type $b (func)) (type $c (func (param (ref $b)))) (type $d (func (param (ref $a))))
            (func (type $b)))",
    );
    let param =
        |index| func(&[ValType::Ref(RefType { nullable: false, heap: HeapType::ConcreteFunc(index) })], &[]);
    assert_eq!((&facts.types[2].composite, &facts.types[3].composite), (&param(1), &param(0)));
    assert_eq!(facts.functions, [1]);
}

#[test]
fn imports_come_first_in_their_spaces() {
    let facts = facts(
        r#"(module
            (type $t (func (param i32)))
            (import "m" "mem" (memory 1 2))
            (import "m" "f" (func (type $t)))
            (import "" "g" (global (mut i64)))
            (import "n" "t" (table i64 3 funcref))
            (import "n" "e" (tag (type $t)))
            (import "m" "g" (func))
            (func (type $t)) (memory i64 1 7 shared) (memory 5 (pagesize 1))
            (table 1 (ref null $t)) (global f32 (f32.const nan:0x200000)) (tag))"#,
    );
    assert_eq!(facts.imported, ImportCounts { functions: 2, tables: 1, memories: 1, globals: 1, tags: 1 });
    let items: Vec<_> = facts.imports.iter().map(|i| (&*i.module, &*i.name, i.item)).collect();
    assert_eq!(
        items,
        [
            ("m", "mem", EntityIndex::Memory(0)),
            ("m", "f", EntityIndex::Function(0)),
            ("", "g", EntityIndex::Global(0)),
            ("n", "t", EntityIndex::Table(0)),
            ("n", "e", EntityIndex::Tag(0)),
            ("m", "g", EntityIndex::Function(1)),
        ]
    );
    assert_eq!(facts.functions, [0, 1, 0]);
    assert_eq!(facts.tags, [0, 1]);
    let memory = MemoryType { min: 1, max: Some(2), shared: false, memory64: false, page_size_log2: 16 };
    assert_eq!(
        facts.memories,
        [
            memory,
            MemoryType { max: Some(7), shared: true, memory64: true, ..memory },
            MemoryType { min: 5, max: None, page_size_log2: 0, ..memory },
        ]
    );
    let element = RefType { nullable: true, heap: HeapType::ConcreteFunc(0) };
    assert_eq!(
        facts.tables,
        [
            TableType { element: FUNCREF, min: 3, max: None, table64: true },
            TableType { element, min: 1, max: None, table64: false },
        ]
    );
    assert_eq!(
        facts.globals,
        [
            GlobalType { value: ValType::I64, mutable: true },
            GlobalType { value: ValType::F32, mutable: false }
        ]
    );
    // Only what the module defines itself has an initial value; a NaN keeps its bits.
    assert_eq!(facts.global_inits, [expr(&[ConstOp::F32(0x7fa0_0000)])]);
    assert_eq!(facts.table_inits, [None]);
}

#[test]
fn constant_expressions_of_every_operator() {
    use ConstOp::*;
    let facts = facts(
        r#"(module
            (import "" "" (global $g i64))
            (func $f)
            (global i32 (i32.sub (i32.mul (i32.const -3) (i32.const 5)) (i32.add (i32.const 7) (i32.const 1))))
            (global i64 (i64.add (i64.sub (global.get $g) (i64.const -1)) (i64.mul (i64.const 2) (i64.const 3))))
            (global f64 (f64.const -0))
            (global v128 (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
            (global funcref (ref.func $f)) (global externref (ref.null extern)) (global anyref (ref.null none))
            (table 2 funcref (ref.func $f))
            (export "f" (func $f)))"#,
    );
    let expected = [
        expr(&[I32(-3), I32(5), I32Mul, I32(7), I32(1), I32Add, I32Sub]),
        expr(&[GlobalGet(0), I64(-1), I64Sub, I64(2), I64(3), I64Mul, I64Add]),
        expr(&[F64(0x8000_0000_0000_0000)]),
        expr(&[V128([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])]),
        expr(&[RefFunc(0)]),
        expr(&[RefNull(HeapType::Extern)]),
        expr(&[RefNull(HeapType::None)]),
    ];
    assert_eq!(facts.global_inits, expected);
    assert_eq!(facts.table_inits, [Some(expr(&[RefFunc(0)]))]);
}

#[test]
fn exports_and_start() {
    let facts = facts(
        r#"(module (func $s) (memory 1) (table 1 funcref) (tag) (global i32 (i32.const 0))
            (export "a" (table 0)) (export "b" (memory 0)) (export "" (func 0)) (export "c" (global 0))
            (export "d" (tag 0)) (export "again" (func 0)) (start $s))"#,
    );
    assert_eq!(facts.start, Some(0));
    let exports: Vec<_> = facts.exports.iter().map(|e| (&*e.name, e.item)).collect();
    assert_eq!(
        exports,
        [
            ("a", EntityIndex::Table(0)),
            ("b", EntityIndex::Memory(0)),
            ("", EntityIndex::Function(0)),
            ("c", EntityIndex::Global(0)),
            ("d", EntityIndex::Tag(0)),
            ("again", EntityIndex::Function(0)),
        ]
    );
}

#[test]
fn element_segments() {
    let facts = facts(
        r#"(module (import "" "" (global $at i32))
            (table 4 funcref) (table $t 4 externref)
            (func $f) (func $g)
            (elem (offset (i32.add (global.get $at) (i32.const 1))) $f $g)
            (elem func $g)
            (elem declare func $f)
            (elem funcref (ref.func $g) (ref.func $f))
            (elem funcref (ref.func $g) (ref.null func))
            (elem (table $t) (i32.const 2) externref (ref.null extern)))"#,
    );
    let kinds: Vec<_> = facts.elements.iter().map(|e| e.kind.clone()).collect();
    let active = |target, ops: &[ConstOp]| SegmentKind::Active { target, offset: expr(ops) };
    assert_eq!(
        kinds,
        [
            active(0, &[ConstOp::GlobalGet(0), ConstOp::I32(1), ConstOp::I32Add]),
            SegmentKind::Passive,
            SegmentKind::Declared,
            SegmentKind::Passive,
            SegmentKind::Passive,
            active(1, &[ConstOp::I32(2)]),
        ]
    );
    let function = RefType { nullable: false, heap: HeapType::Func };
    let types: Vec<_> = facts.elements.iter().map(|e| e.element).collect();
    assert_eq!(types, [function, function, function, FUNCREF, FUNCREF, RefType::EXTERNREF]);
    let items = |index: usize| match &facts.elements[index].items {
        ElementItems::Functions(functions) => Ok(functions.to_vec()),
        ElementItems::Expressions(expressions) => Err(expressions.to_vec()),
    };
    assert_eq!(items(0), Ok(vec![0, 1]));
    assert_eq!(items(3), Ok(vec![1, 0]), "expressions that are all functions are kept as indices");
    assert_eq!(items(4), Err(vec![expr(&[ConstOp::RefFunc(1)]), expr(&[ConstOp::RefNull(HeapType::Func)])]));
    assert_eq!(items(5), Err(vec![expr(&[ConstOp::RefNull(HeapType::Extern)])]));
}

#[test]
fn data_segments_are_ranges_of_the_data_section() {
    let bytes = wat::parse_str(
        r#"(module (memory 1) (memory 1)
            (data (i32.const 8) "first") (data "") (data (memory 1) (i32.const 0) "sec" "ond") (data "third"))"#,
    )
    .unwrap();
    let Decoded { facts, data, .. } = decode(&bytes, &Features::default()).unwrap();
    let segments: Vec<_> = facts
        .data
        .iter()
        .map(|s| (s.kind.clone(), core::str::from_utf8(&data[s.bytes.clone()]).unwrap()))
        .collect();
    let active = |target, at| SegmentKind::Active { target, offset: expr(&[ConstOp::I32(at)]) };
    assert_eq!(
        segments,
        [
            (active(0, 8), "first"),
            (SegmentKind::Passive, ""),
            (active(1, 0), "second"),
            (SegmentKind::Passive, "third"),
        ]
    );
}

#[test]
fn functions_that_escape() {
    let facts = facts(
        r#"(module
            (import "" "" (func $imported))
            (func $called) (func $exported (export "e") call $called) (func $in_element) (func $in_global)
            (func $in_table) (func $declared) (func $started)
            (elem declare func $declared) (elem func $in_element) (start $started)
            (global funcref (ref.func $in_global)) (table 1 funcref (ref.func $in_table)))"#,
    );
    assert_eq!(facts.escaped_functions, [false, false, true, true, true, true, true, false]);
}

#[test]
fn names() {
    let facts = facts(
        r#"(module $m (import "" "" (func $i)) (func $f (param $x i32) (local $y i64)) (func) (func $h (param $z i32))
            (table $t 1 funcref) (memory $mem 1) (global $g i32 (i32.const 0)))"#,
    );
    let pairs = |names: &[(u32, &str)]| names.iter().map(|(i, n)| (*i, n.to_string())).collect::<Vec<_>>();
    assert_eq!(
        facts.names,
        Names {
            module: Some("m".to_string()),
            functions: pairs(&[(0, "i"), (1, "f"), (3, "h")]),
            locals: vec![(1, pairs(&[(0, "x"), (1, "y")])), (3, pairs(&[(0, "z")]))],
            globals: pairs(&[(0, "g")]),
            memories: pairs(&[(0, "mem")]),
            tables: pairs(&[(0, "t")]),
        }
    );
    assert_eq!((facts.names.function(3), facts.names.function(2)), (Some("h"), None));
}

/// A custom section in binary form.
fn custom(name: &str, contents: &[u8]) -> Vec<u8> {
    let mut section = vec![0, (1 + name.len() + contents.len()) as u8, name.len() as u8];
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(contents);
    section
}

#[test]
fn a_bad_name_section_is_read_as_far_as_it_goes() {
    // Function names 5 and 0, unsorted, 5 twice; then one cut short; then a subsection that is too long.
    let functions = [5, 1, b'x', 0, 1, b'a', 5, 1, b'y', 9, 200];
    let mut contents = vec![1, functions.len() as u8 + 1, 5];
    contents.extend_from_slice(&functions);
    contents.extend_from_slice(&[7, 100, 1]);
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    bytes.extend(custom("name", &contents));
    bytes.extend(custom("name", &[0, 2, 1, b'z']));
    let names = decode(&bytes, &Features::default()).unwrap().facts.names;
    assert_eq!(names.functions, [(0, "a".to_string()), (5, "x".to_string())]);
    assert_eq!(names.module, None, "of several sections the first counts");
}

#[test]
fn custom_sections_are_kept_by_place() {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    bytes.extend(custom("producers", b"abc"));
    bytes.extend([1, 1, 0]);
    bytes.extend(custom("", b""));
    bytes.extend(custom(".debug_info", b"\xff\xff"));
    let decoded = decode(&bytes, &Features::default()).unwrap();
    let sections: Vec<_> = decoded.custom_sections.iter().map(|s| (s.name, s.data)).collect();
    assert_eq!(sections, [("producers", &b"abc"[..]), ("", b""), (".debug_info", b"\xff\xff")]);
    assert!(decoded.custom_sections.iter().all(|s| &bytes[s.range.clone()] == s.data));
}

#[test]
fn bodies_lie_where_they_say() {
    let bytes =
        wat::parse_str(r#"(module (import "" "" (func)) (func) (func (drop (i32.const 42))))"#).unwrap();
    let decoded = decode(&bytes, &Features::default()).unwrap();
    let bodies: Vec<_> = decoded.bodies.iter().map(|b| (b.index, b.size(), &bytes[b.range()])).collect();
    assert_eq!(bodies, [(1, 2, &[0, 0x0b][..]), (2, 5, &[0, 0x41, 42, 0x1a, 0x0b])]);
}

#[test]
fn bodies_can_be_validated_on_other_threads() {
    let bytes =
        wat::parse_str("(module (func) (func (result i32) i32.const 1) (func (result i32)))").unwrap();
    let mut bodies = decode(&bytes, &Features::default()).unwrap().bodies;
    bodies.reverse();
    let results: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = bodies
            .into_iter()
            .map(|body| scope.spawn(|| body.validate(&mut Default::default()).is_ok()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results, [false, true, true]);
}
