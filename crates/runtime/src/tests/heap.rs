//! The heap: roots of every kind, collections, limits, host values that are dropped.

use super::*;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

fn stressed() -> Store {
    Store::new(StoreConfig { gc_stress: true, ..config() }).unwrap()
}

/// A host value that counts how many are alive.
struct Counted(u64, Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(1, SeqCst);
    }
}

fn counted(store: &mut Store, number: u64, alive: &Arc<AtomicU64>) -> GcRef {
    alive.fetch_add(1, SeqCst);
    store.alloc_extern(Box::new(Counted(number, alive.clone()))).unwrap()
}

fn number(store: &Store, bits: u64) -> u64 {
    let reference = GcRef::from_bits(bits).unwrap();
    store.extern_data(reference).unwrap().downcast_ref::<Counted>().unwrap().0
}

#[test]
fn every_kind_of_root_keeps() {
    let mut store = stressed();
    let alive = Arc::new(AtomicU64::new(0));
    let scoped = counted(&mut store, 1, &alive);
    let scoped = store.root(scoped);
    let owned = counted(&mut store, 2, &alive);
    let owned = store.root_owned(owned);
    let value = counted(&mut store, 3, &alive);
    let ty = GlobalType { value: ValType::EXTERNREF, mutable: true };
    // SAFETY: values have the types; no borrow of the store is live.
    let (global, table) = unsafe {
        let global = store.new_global(&ty, ValRaw { gc: value.to_bits() });
        let value = counted(&mut store, 4, &alive);
        let ty = table_type(EXTERNREF, 2, None);
        (global, store.as_ptr().new_table(&ty, ValRaw { gc: value.to_bits() }).unwrap())
    };
    let mark = store.enter_scope();
    let inner = counted(&mut store, 5, &alive);
    let inner = store.root(inner);
    counted(&mut store, 6, &alive);
    store.gc();
    assert_eq!(alive.load(SeqCst), 5);
    assert_eq!(number(&store, store.rooted(scoped).unwrap().to_bits()), 1);
    assert_eq!(number(&store, store.owned(&owned).to_bits()), 2);
    // SAFETY: references.
    unsafe {
        assert_eq!(number(&store, store.global_get(global).gc), 3);
        let elements = [store.table_get(table, 0).unwrap().gc, store.table_get(table, 1).unwrap().gc];
        assert_eq!(elements[0], elements[1], "one object stays one object");
        assert_eq!(number(&store, elements[0]), 4);
        let clone = owned.clone();
        store.exit_scope(mark);
        assert_eq!(store.rooted(inner), None);
        drop(owned);
        store.global_set(global, ValRaw { gc: 0 });
        store.gc();
        assert_eq!(alive.load(SeqCst), 3);
        drop(clone);
        assert!(store.table_fill(table, 0, ValRaw { gc: 0 }, 2));
        store.gc();
        assert_eq!(alive.load(SeqCst), 1);
    }
    drop(store);
    assert_eq!(alive.load(SeqCst), 0);
}

#[test]
fn stress_moves_every_object() {
    let mut store = stressed();
    let first = store.alloc_extern(Box::new(1u8)).unwrap();
    let root = store.root(first);
    let mut seen = vec![first];
    for _ in 0..50 {
        store.alloc_extern(Box::new(2u8)).unwrap();
        let now = store.rooted(root).unwrap();
        assert_ne!(now, *seen.last().unwrap());
        assert_eq!(store.extern_data(now).unwrap().downcast_ref(), Some(&1u8));
        *store.extern_data_mut(now).unwrap().downcast_mut::<u8>().unwrap() = 1;
        seen.push(now);
    }
}

/// Exceptions with two references and a number between them.
fn pair_type() -> Arc<Signature> {
    let params = [ValType::EXNREF, ValType::V128, ValType::EXTERNREF];
    Arc::new(Signature::new(9, &func_type(&params, &[])))
}

#[test]
fn payloads_survive_the_collection_they_cause() {
    let mut store = stressed();
    let alive = Arc::new(AtomicU64::new(0));
    let tag = store.new_tag(pair_type());
    let mut last = 0;
    for i in 0..20 {
        // Nothing roots `last` and the new host value but the payload itself.
        let root = GcRef::from_bits(last).map(|l| store.root_owned(l));
        let value = counted(&mut store, i, &alive);
        let last_now = root.as_ref().map_or(0, |r| store.owned(r).to_bits());
        drop(root);
        let payload =
            [ValRaw { gc: last_now }, ValRaw { v128: [i as u8; 16] }, ValRaw { gc: value.to_bits() }];
        // SAFETY: the values have the tag's types.
        last = unsafe { store.new_exception(tag, &payload) }.unwrap().to_bits();
    }
    let root = store.root(GcRef::from_bits(last).unwrap());
    store.gc();
    assert_eq!(alive.load(SeqCst), 20);
    let mut at = store.rooted(root).unwrap().to_bits();
    for i in (0..20).rev() {
        let payload = store.exception_payload(GcRef::from_bits(at).unwrap()).unwrap();
        // SAFETY: the tag's types.
        unsafe {
            assert_eq!((payload[1].v128, number(&store, payload[2].gc)), ([i as u8; 16], i));
            at = payload[0].gc;
        }
    }
    assert_eq!(at, 0);
}

#[test]
fn deep_structures_need_no_stack() {
    let mut store = store();
    let tag = store.new_tag(Arc::new(Signature::new(9, &func_type(&[ValType::EXNREF], &[]))));
    let mut last = 0;
    for _ in 0..1_000_000 {
        // SAFETY: the value has the tag's type.
        last = unsafe { store.new_exception(tag, &[ValRaw { gc: last }]) }.unwrap().to_bits();
    }
    let root = store.root_owned(GcRef::from_bits(last).unwrap());
    store.gc();
    let mut at = store.owned(&root).to_bits();
    let mut depth = 0;
    while let Some(exception) = GcRef::from_bits(at) {
        // SAFETY: the tag's type.
        at = unsafe { store.exception_payload(exception).unwrap()[0].gc };
        depth += 1;
    }
    assert_eq!(depth, 1_000_000);
    drop(root);
    store.gc();
    assert!(store.heap_size() < 100, "{}", store.heap_size());
}

#[test]
fn short_lived_objects_take_bounded_memory() {
    let mut store = store();
    let alive = Arc::new(AtomicU64::new(0));
    let kept = counted(&mut store, 42, &alive);
    let kept = store.root(kept);
    let (mut most, mut largest) = (0, 0);
    for i in 0..1_000_000 {
        counted(&mut store, i, &alive);
        most = most.max(alive.load(SeqCst));
        largest = largest.max(store.heap_size());
    }
    assert!(most < 20_000, "{most}");
    assert!(largest <= 1 << 20, "{largest}");
    assert_eq!(number(&store, store.rooted(kept).unwrap().to_bits()), 42);
}

#[test]
fn large_tables_are_not_looked_through_all_the_time() {
    let mut store = store();
    // SAFETY: null is of the element type; no borrow of the store is live.
    unsafe { store.as_ptr().new_table(&table_type(EXTERNREF, 4_000_000, None), ValRaw { gc: 0 }) }.unwrap();
    for i in 0..1_000_000u64 {
        store.alloc_extern(Box::new(i)).unwrap();
    }
    // Without regard to the table it would be more than ninety.
    let collections = store.inner().heap.collections();
    assert!((2..10).contains(&collections), "{collections}");
}

#[test]
fn the_limit_is_an_error() {
    let mut store = Store::new(StoreConfig { max_heap: 1 << 20, ..config() }).unwrap();
    let alive = Arc::new(AtomicU64::new(0));
    let mark = store.enter_scope();
    let full = loop {
        alive.fetch_add(1, SeqCst);
        match store.alloc_extern(Box::new(Counted(0, alive.clone()))) {
            Ok(r) => _ = store.root(r),
            Err((HeapFull, value)) => break value,
        }
    };
    assert!(store.heap_size() <= 1 << 20);
    drop(full);
    let before = alive.load(SeqCst);
    assert!(before > 10_000, "{before}");
    let tag = store.new_tag(Arc::new(Signature::new(9, &func_type(&[], &[]))));
    let mut m = Builder::new();
    let ty = m.ty(func_type(&[], &[]));
    m.facts.tags.push(ty);
    let throw = m.func(ty, |f| {
        // SAFETY: the instance has the tag, which has no parameters.
        unsafe {
            let inner = StorePtr::from_context(f.cx).inner();
            let tag = inner.tags[inner.instances[0].tags[0].0 as usize].place.as_ptr();
            num((f.builtins().exception_new)(f.cx, tag, ptr::null())).map(drop)
        }
    });
    let instance = m.instantiate(&store, &[]);
    let throw = func(&mut store, instance, throw);
    // A few words may be left; then it is a trap.
    let result = (0..100).find_map(|_| {
        // SAFETY: there is no payload.
        if let Ok(exception) = unsafe { store.new_exception(tag, &[]) } {
            store.root(exception);
        }
        call(&mut store, throw, &[]).err()
    });
    assert!(matches!(result, Some(Failure::Trap { code: TrapCode::OutOfMemory, .. })), "{result:?}");
    store.exit_scope(mark);
    counted(&mut store, 0, &alive);
    assert_eq!(alive.load(SeqCst), 1, "and it goes on when something was let go");
    call(&mut store, throw, &[]).unwrap();
}

struct PanicsOnDrop(Arc<AtomicU32>);

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        std::panic::panic_any("a panic of a host value");
    }
}

#[test]
fn panics_of_dropped_values_are_contained() {
    let mut store = store();
    let drops = Arc::new(AtomicU32::new(0));
    for _ in 0..3 {
        store.alloc_extern(Box::new(PanicsOnDrop(drops.clone()))).unwrap();
    }
    store.gc();
    assert_eq!(drops.load(SeqCst), 3);
    let r = store.alloc_extern(Box::new(5)).unwrap();
    assert_eq!(store.extern_data(r).unwrap().downcast_ref(), Some(&5));
}

#[test]
fn frames_and_builtins_keep_references() {
    let mut store = stressed();
    let mut hooks = Hooked::new(&mut store, TestHooks::default());
    hooks.get().collect = Some(store.as_ptr());
    let alive = Arc::new(AtomicU64::new(0));
    let mut m = Builder::new();
    let ty = m.ty(func_type(&[ValType::EXTERNREF], &[ValType::EXTERNREF]));
    let none = m.ty(func_type(&[ValType::EXTERNREF], &[]));
    m.facts.tags.push(none);
    m.facts.tables.push(table_type(EXTERNREF, 1, None));
    m.facts.table_inits.push(None);
    let values = alive.clone();
    let round = m.func(ty, move |f| {
        // SAFETY: the instance has the table and the tag; references are in slots while others are made.
        unsafe {
            let ptr = StorePtr::from_context(f.cx);
            f.set_slot(0, f.arg(0));
            let fresh = counted(ptr.borrow(), 77, &values);
            f.set_slot(1, fresh.to_bits());
            // The hook collects: the initial value must follow.
            num((f.builtins().table_grow_gc)(f.cx, 0, 3, fresh.to_bits() as u32))?;
            let inner = ptr.inner();
            let tag = inner.tags[inner.instances[0].tags[0].0 as usize].place.as_ptr();
            let payload = f.slot(1);
            let exception = num((f.builtins().exception_new)(f.cx, tag, &payload))?;
            f.set_slot(1, 0);
            f.set_slot(2, exception);
            ok((f.builtins().table_fill_gc)(f.cx, 0, 0, f.slot(0) as u32, 2))?;
            counted(ptr.borrow(), 78, &values);
            assert_eq!((f.builtins().exception_tag)(f.cx, f.slot(2) as u32), tag);
            let mut read = 0;
            (f.builtins().exception_payload)(f.cx, f.slot(2) as u32, &mut read);
            assert_eq!(number(ptr.borrow(), read), 77);
            f.ret(0, f.slot(0));
        }
        Ok(())
    });
    let instance = m.instantiate(&store, &[]);
    let round = func(&mut store, instance, round);
    let table = table(&mut store, instance, 0);
    let argument = counted(&mut store, 5, &alive);
    let result = call(&mut store, round, &[argument.to_bits()]).unwrap()[0];
    assert_eq!(number(&store, result), 5);
    let mut element = |i| {
        // SAFETY: a table of references.
        let bits = unsafe { store.table_get(table, i).unwrap().gc };
        number(&store, bits)
    };
    let elements = [element(0), element(1), element(2), element(3)];
    assert_eq!(elements, [5, 5, 77, 77]);
    drop(store);
}
