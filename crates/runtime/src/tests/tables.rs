//! Tables through builtins and from the host: lazy elements, growth, bulk operations.

// One comment stands for all of a table of closures.
#![allow(clippy::undocumented_unsafe_blocks)]

use super::*;

const GROW: u32 = 0;
const COPY: u32 = 1;
const FILL: u32 = 2;
const INIT: u32 = 3;
const DROP: u32 = 4;
/// Calls the element's function, whose result is its index; 999 for null.
const CALL: u32 = 5;
const SET: u32 = 6;
/// The first of five functions that give their own index.
const FIRST: u32 = 7;

/// Functions 0 to 6: table builtins on arguments; 7 to 11: give their own index.
fn operations(m: &mut Builder) {
    let ty = m.ty(func_type(&[ValType::I64; 5], &[ValType::I64]));
    // A function to be given by number, or none.
    fn choose(f: &FakeFrame, number: u64) -> *const VMFuncRef {
        match number {
            999 => ptr::null(),
            // SAFETY: the tests name functions that exist.
            n => unsafe { (f.builtins().ref_func)(f.cx, n as u32) },
        }
    }
    // SAFETY (all): the tests name tables and segments that exist.
    m.func(ty, |f| {
        let init = choose(f, f.arg(2));
        let grown = unsafe { (f.builtins().table_grow_func)(f.cx, f.arg(0) as u32, f.arg(1), init) };
        f.ret(0, num(grown)?);
        Ok(())
    });
    m.func(ty, |f| {
        let (d, s) = (f.arg(0) as u32, f.arg(1) as u32);
        ok(unsafe { (f.builtins().table_copy)(f.cx, d, s, f.arg(2), f.arg(3), f.arg(4)) })
    });
    m.func(ty, |f| {
        let value = choose(f, f.arg(2));
        ok(unsafe { (f.builtins().table_fill_func)(f.cx, f.arg(0) as u32, f.arg(1), value, f.arg(3)) })
    });
    m.func(ty, |f| {
        let (table, segment) = (f.arg(0) as u32, f.arg(1) as u32);
        ok(unsafe { (f.builtins().table_init)(f.cx, table, segment, f.arg(2), f.arg(3), f.arg(4)) })
    });
    m.func(ty, |f| {
        unsafe { (f.builtins().elem_drop)(f.cx, f.arg(0) as u32) };
        Ok(())
    });
    m.func(ty, |f| {
        let element = unsafe { (f.builtins().table_get_func)(f.cx, f.arg(0) as u32, f.arg(1)) };
        ok(element.status)?;
        let mut args = i64s(&[999; 5]);
        if !element.func.is_null() {
            ok(unsafe { run(element.func, f.cx, args.as_mut_ptr()) })?;
        }
        f.ret(0, unsafe { args[0].i64 });
        Ok(())
    });
    m.func(ty, |f| {
        let value = choose(f, f.arg(2));
        ok(unsafe { (f.builtins().table_set_func)(f.cx, f.arg(0) as u32, f.arg(1), value) })
    });
    for i in FIRST..FIRST + 5 {
        m.func(ty, move |f| {
            f.ret(0, i as u64);
            Ok(())
        });
    }
}

fn op(store: &mut Store, instance: InstanceId, op: u32, args: &[u64]) -> Result<u64, TrapCode> {
    let f = func(store, instance, op);
    let mut padded = args.to_vec();
    padded.resize(5, 0);
    match call(store, f, &padded) {
        Ok(values) => Ok(values[0]),
        Err(Failure::Trap { code, .. }) => Err(code),
        Err(other) => panic!("{other:?}"),
    }
}

/// What each element of a table gives when called.
fn contents(store: &mut Store, instance: InstanceId, index: u32) -> Vec<u64> {
    let id = table(store, instance, index);
    let len = store.table_size(id);
    (0..len).map(|i| op(store, instance, CALL, &[index as u64, i]).unwrap()).collect()
}

const OUT: Result<u64, TrapCode> = Err(TrapCode::TableOutOfBounds);

#[test]
fn elements_are_made_when_asked_for() {
    let mut store = store();
    let mut m = Builder::new();
    operations(&mut m);
    m.facts.tables.push(table_type(FUNCREF, 6, None));
    m.facts.table_inits.push(None);
    m.active_elements(0, 1, &[7, 8]);
    m.active_elements(0, 3, &[9, 10]);
    let a = m.instantiate(&store, &[]);
    let id = table(&mut store, a, 0);
    let states = |store: &Store| {
        let vm = store.inner().table(id).place;
        // SAFETY: the table lives and has six elements.
        unsafe {
            let t = vm.as_ref();
            (0..t.len).map(|i| (*t.base.cast::<VMTableFunc>().add(i)).state).collect::<Vec<_>>()
        }
    };
    assert_eq!(states(&store), [TableFuncState::Unmade; 6]);
    assert_eq!(op(&mut store, a, CALL, &[0, 2]), Ok(8));
    assert_eq!(states(&store)[2], TableFuncState::Made);
    assert_eq!(op(&mut store, a, CALL, &[0, 0]), Ok(999));
    assert_eq!(states(&store)[0], TableFuncState::Null);
    assert_eq!(states(&store)[3], TableFuncState::Unmade);
    assert_eq!(contents(&mut store, a, 0), [999, 7, 8, 9, 10, 999]);
    assert_eq!(op(&mut store, a, CALL, &[0, 6]), OUT);
    let element = store.table_get(id, 3).unwrap();
    // SAFETY: an element of a table of functions.
    assert_eq!(FuncPtr::new(unsafe { element.func }), Some(func(&mut store, a, 9)));
    assert!(store.table_get(id, 6).is_none());
}

#[test]
fn later_segments_win() {
    let mut store = store();
    let mut m = Builder::new();
    operations(&mut m);
    m.facts.tables.push(table_type(FUNCREF, 5, None));
    m.facts.table_inits.push(Some(constant(ConstOp::RefFunc(11))));
    m.active_elements(0, 2, &[7, 8]);
    m.active_elements(0, 0, &[9, 9, 9]);
    m.active_elements(0, 1, &[10]);
    let a = m.instantiate(&store, &[]);
    assert_eq!(contents(&mut store, a, 0), [9, 10, 9, 8, 11]);
}

#[test]
fn imported_tables_are_written_at_once() {
    let mut store = store();
    let mut m = Builder::new();
    operations(&mut m);
    m.facts.tables.push(table_type(FUNCREF, 4, None));
    m.facts.table_inits.push(None);
    m.active_elements(0, 0, &[7, 7, 7, 7]);
    let a = m.instantiate(&store, &[]);
    let shared = table(&mut store, a, 0);
    let mut m = Builder::new();
    operations(&mut m);
    m.facts.tables.extend([table_type(FUNCREF, 0, None), table_type(FUNCREF, 2, None)]);
    m.facts.table_inits.push(None);
    m.facts.imported.tables = 1;
    m.import(EntityIndex::Table(0));
    m.active_elements(0, 1, &[8, 9]);
    m.active_elements(1, 0, &[10]);
    m.active_elements(0, 3, &[10, 10]);
    let module = m.build();
    // SAFETY: the import is as declared.
    let made = unsafe { store.as_ptr().instantiate(&module, &[ExternId::Table(shared)]) };
    assert!(matches!(made, Err(InstantiateError::Trap(TrapCode::TableOutOfBounds))));
    assert_eq!(contents(&mut store, a, 0), [7, 8, 9, 7], "what came before stays");
    // SAFETY: as above; now it fits.
    unsafe {
        assert_eq!(store.as_ptr().table_grow(shared, 1, ValRaw { func: ptr::null() }).unwrap(), 4);
        let b = store.as_ptr().instantiate(&module, &[ExternId::Table(shared)]).unwrap();
        assert_eq!(contents(&mut store, a, 0), [7, 8, 9, 10, 10]);
        assert_eq!(contents(&mut store, b, 0), [7, 8, 9, 10, 10]);
        assert_eq!(contents(&mut store, b, 1), [10, 999]);
        assert_eq!(op(&mut store, b, GROW, &[0, 1, 7]), Ok(5));
    }
    assert_eq!(contents(&mut store, a, 0), [7, 8, 9, 10, 10, 7]);
}

#[test]
fn bulk_operations() {
    let mut store = store();
    let mut m = Builder::new();
    operations(&mut m);
    m.facts.tables.extend([table_type(FUNCREF, 6, Some(9)), table_type(FUNCREF, 3, None)]);
    m.facts.table_inits.extend([None, None]);
    m.active_elements(0, 0, &[7, 8, 9]);
    m.elements(SegmentKind::Passive, &[10, 11]);
    m.elements(SegmentKind::Declared, &[10, 11]);
    let a = m.instantiate(&store, &[]);
    op(&mut store, a, COPY, &[0, 0, 1, 0, 3]).unwrap();
    assert_eq!(contents(&mut store, a, 0), [7, 7, 8, 9, 999, 999]);
    op(&mut store, a, COPY, &[0, 0, 0, 1, 4]).unwrap();
    assert_eq!(contents(&mut store, a, 0), [7, 8, 9, 999, 999, 999]);
    op(&mut store, a, COPY, &[1, 0, 0, 1, 3]).unwrap();
    assert_eq!(contents(&mut store, a, 1), [8, 9, 999]);
    assert_eq!(op(&mut store, a, COPY, &[1, 0, 1, 1, 3]), OUT);
    assert_eq!(op(&mut store, a, COPY, &[0, 1, 0, 1, 3]), OUT);
    op(&mut store, a, INIT, &[0, 1, 4, 0, 2]).unwrap();
    assert_eq!(contents(&mut store, a, 0), [7, 8, 9, 999, 10, 11]);
    assert_eq!(op(&mut store, a, INIT, &[0, 1, 0, 1, 2]), OUT);
    assert_eq!(op(&mut store, a, INIT, &[0, 1, 5, 0, 2]), OUT);
    assert_eq!(op(&mut store, a, INIT, &[0, 0, 0, 0, 1]), OUT, "active segments are dropped");
    assert_eq!(op(&mut store, a, INIT, &[0, 2, 0, 0, 1]), OUT, "declared ones, too");
    op(&mut store, a, DROP, &[1]).unwrap();
    assert_eq!(op(&mut store, a, INIT, &[0, 1, 0, 0, 1]), OUT);
    assert_eq!(op(&mut store, a, INIT, &[0, 1, 6, 0, 0]), Ok(0));
    assert_eq!(op(&mut store, a, FILL, &[0, 5, 8, 2]), OUT);
    op(&mut store, a, FILL, &[0, 1, 8, 2]).unwrap();
    op(&mut store, a, SET, &[0, 5, 999]).unwrap();
    assert_eq!(op(&mut store, a, SET, &[0, 6, 8]), OUT);
    assert_eq!(op(&mut store, a, GROW, &[0, 4, 8]), Ok(u64::MAX));
    assert_eq!(op(&mut store, a, GROW, &[0, 2, 9]), Ok(6));
    assert_eq!(op(&mut store, a, GROW, &[0, 1, 999]), Ok(8));
    assert_eq!(contents(&mut store, a, 0), [7, 8, 8, 999, 10, 999, 9, 9, 999]);
}

#[test]
fn growth_is_bounded() {
    let mut store = store();
    let mut m = Builder::new();
    operations(&mut m);
    m.facts.tables.push(table_type(FUNCREF, 0, None));
    m.facts.table_inits.push(None);
    let a = m.instantiate(&store, &[]);
    for huge in [10_000_001, u32::MAX as u64, u64::MAX] {
        assert_eq!(op(&mut store, a, GROW, &[0, huge, 999]), Ok(u64::MAX));
    }
    let mut hooks = Hooked::new(&mut store, TestHooks { max_elements: Some(100), ..TestHooks::default() });
    assert_eq!(op(&mut store, a, GROW, &[0, 101, 999]), Ok(u64::MAX));
    for i in 0..100 {
        assert_eq!(op(&mut store, a, GROW, &[0, 1, FIRST as u64 + i % 5]), Ok(i));
    }
    let expected: Vec<u64> = (0..100).map(|i| FIRST as u64 + i % 5).collect();
    assert_eq!(contents(&mut store, a, 0), expected);
    hooks.get().error = Some("limiter");
    let f = func(&mut store, a, GROW);
    assert!(matches!(call(&mut store, f, &[0, 1, 999, 0, 0]), Err(Failure::Host { .. })));
    let mut m = Builder::new();
    m.facts.tables.push(table_type(FUNCREF, 10_000_001, None));
    m.facts.table_inits.push(None);
    // SAFETY: there are no imports.
    let made = unsafe { store.as_ptr().instantiate(&m.build(), &[]) };
    assert!(matches!(made, Err(InstantiateError::Resource(Error::Maximum { .. }))));
    drop(store);
}

#[test]
fn host_tables() {
    let mut store = store();
    let ty = table_type(EXTERNREF, 3, Some(5));
    let a = store.alloc_extern(Box::new("a")).unwrap();
    // SAFETY: values have the element type; no borrow of the store is live.
    unsafe {
        let t = store.as_ptr().new_table(&ty, ValRaw { gc: a.to_bits() }).unwrap();
        let b = store.alloc_extern(Box::new("b")).unwrap();
        assert!(store.table_set(t, 1, ValRaw { gc: b.to_bits() }));
        assert!(!store.table_set(t, 3, ValRaw { gc: 0 }));
        assert_eq!(store.as_ptr().table_grow(t, 2, ValRaw { gc: 0 }).unwrap(), 3);
        assert!(matches!(
            store.as_ptr().table_grow(t, 1, ValRaw { gc: 0 }),
            Err(GrowError::Refused(Error::Maximum { .. }))
        ));
        assert!(store.table_copy(t, 2, t, 0, 3));
        assert!(!store.table_copy(t, 3, t, 0, 3));
        assert!(store.table_fill(t, 0, ValRaw { gc: 0 }, 1));
        assert!(!store.table_fill(t, 5, ValRaw { gc: 0 }, 1));
        store.gc();
        let names: Vec<_> = (0..5)
            .map(|i| {
                let bits = store.table_get(t, i).unwrap().gc;
                GcRef::from_bits(bits).map(|r| *store.extern_data(r).unwrap().downcast_ref::<&str>().unwrap())
            })
            .collect();
        assert_eq!(names, [None, Some("b"), Some("a"), Some("b"), Some("a")]);
        assert_eq!(store.table_type(t), ty);
    }
}
