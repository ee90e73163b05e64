//! Plans: where code finds what it accesses.

use windlass_abi::layout::{ContextLayout, Place};
use windlass_abi::types::ValKind;
use windlass_abi::vm::VMMemory;
use windlass_wasm::plans::{BoundsCheck, CallTarget, Length, Plans};
use windlass_wasm::{Features, decode};

#[test]
fn plans_follow_facts_and_layout() {
    let bytes = wat::parse_str(
        r#"(module
            (type $t (func))
            (import "" "f" (func)) (import "" "g" (func (param i32)))
            (import "" "t" (table 1 funcref)) (import "" "v" (global v128)) (import "" "e" (tag))
            (func (type $t)) (func (param i64))
            (memory 2 3) (memory i64 1) (memory 1 1 shared) (memory 65536 (pagesize 1))
            (table i64 7 7 externref) (global (mut f64) (f64.const 0)) (tag))"#,
    )
    .unwrap();
    let facts = decode(&bytes, &Features::default()).unwrap().facts;
    let plans = Plans::new(&facts);
    let layout = ContextLayout::new(&facts);
    assert_eq!(plans.layout(), &layout);

    let memory = plans.memory(0);
    assert_eq!((memory.at, memory.base_at), (layout.memory(0), layout.memory(0)));
    assert_eq!(memory.len, Length::Inline(memory.at + core::mem::offset_of!(VMMemory, len) as u32));
    assert_eq!((memory.check, memory.min_bytes), (BoundsCheck::GuardOrCompare, 2 << 16));
    assert!(!memory.memory64 && !memory.shared);
    let memory = plans.memory(1);
    assert_eq!((memory.at, memory.check), (layout.memory(1), BoundsCheck::Compare));
    assert!(memory.memory64);
    let memory = plans.memory(2);
    assert_eq!(memory.len, Length::Shared(memory.at + core::mem::offset_of!(VMMemory, shared_len) as u32));
    assert!(memory.shared);
    let memory = plans.memory(3);
    assert_eq!((memory.page_size_log2, memory.min_bytes), (0, 65536));
    assert_eq!(memory.check, BoundsCheck::Compare);

    let table = plans.table(0);
    assert!(matches!(table.place, Place::Indirect(_)));
    assert_eq!((table.kind, table.fixed_len, table.table64), (ValKind::Func, None, false));
    let table = plans.table(1);
    assert!(matches!(table.place, Place::Inline(_)));
    assert_eq!((table.kind, table.fixed_len, table.table64), (ValKind::Gc, Some(7), true));

    let global = plans.global(0);
    assert_eq!((global.place, global.kind, global.mutable), (layout.global(0), ValKind::V128, false));
    let global = plans.global(1);
    assert_eq!((global.place, global.kind, global.mutable), (layout.global(1), ValKind::F64, true));

    assert_eq!(plans.call(1).target, CallTarget::Import { at: layout.imported_function(1) });
    assert_eq!(plans.call(2).target, CallTarget::Own { code_word: 0 });
    assert_eq!(plans.call(3).target, CallTarget::Own { code_word: 1 });
    assert_eq!(plans.call(2).ty, 0);
    assert_eq!(plans.tag(1), layout.tag(1));
    assert_eq!(plans.type_id(2), 8);
}
