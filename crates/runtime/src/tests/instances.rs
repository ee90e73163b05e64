//! Instantiation: constant expressions, segments, images, imports, failures on the way.

use super::*;

fn global_type(value: ValType) -> GlobalType {
    GlobalType { value, mutable: false }
}

fn globals(store: &mut Store, instance: InstanceId, count: u32) -> Vec<ValRaw> {
    (0..count)
        .map(|i| match store.instance_item(instance, EntityIndex::Global(i)) {
            ExternId::Global(g) => store.global_get(g),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn constant_expressions() {
    let mut store = store();
    let host = store.alloc_extern(Box::new("x")).unwrap();
    let ty = global_type(ValType::EXTERNREF);
    // SAFETY: the values have the types.
    let (a, b) = unsafe {
        let a = store.new_global(&ty, ValRaw { gc: host.to_bits() });
        (a, store.new_global(&global_type(ValType::I32), ValRaw { i32: 5 }))
    };
    let mut m = Builder::new();
    let ty = m.ty(func_type(&[], &[]));
    m.func(ty, |_| Ok(()));
    m.import(EntityIndex::Global(0));
    m.import(EntityIndex::Global(1));
    m.facts.imported.globals = 2;
    let concrete = RefType { nullable: true, heap: HeapType::ConcreteFunc(ty) };
    m.facts.globals.extend([
        global_type(ValType::EXTERNREF),
        global_type(ValType::I32),
        global_type(ValType::EXTERNREF),
        global_type(ValType::I32),
        global_type(ValType::I64),
        global_type(ValType::V128),
        global_type(ValType::Ref(concrete)),
        global_type(ValType::FUNCREF),
        global_type(ValType::F32),
    ]);
    use ConstOp::*;
    m.facts.global_inits.extend([
        constant(GlobalGet(0)),
        ConstExpr(Box::new([GlobalGet(1), I32(-7), I32Add, I32(3), I32Mul, I32(1), I32Sub])),
        ConstExpr(Box::new([I64(1), I64(-2), I64Sub, I64(i64::MAX), I64Mul, I64(2), I64Add])),
        constant(V128(*b"0123456789abcdef")),
        constant(RefFunc(0)),
        constant(RefNull(HeapType::NoFunc)),
        constant(F32(0x7fa0_0000)),
    ]);
    let i = m.instantiate(&store, &[ExternId::Global(a), ExternId::Global(b)]);
    let g = globals(&mut store, i, 9);
    let f = func(&mut store, i, 0);
    // SAFETY: the globals' types.
    unsafe {
        assert_eq!(g[2].gc, host.to_bits());
        assert_eq!(g[3].i32, ((5 - 7) * 3 - 1) as u32 as u64, "zero-extended");
        assert_eq!(g[4].i64, 3u64.wrapping_mul(i64::MAX as u64).wrapping_add(2));
        assert_eq!(g[5].v128, *b"0123456789abcdef");
        assert_eq!(g[6].func, f.as_ptr());
        assert!(g[7].func.is_null());
        assert_eq!(g[8].f32, 0x7fa0_0000);
        let ExternId::Global(id) = store.instance_item(i, EntityIndex::Global(6)) else { panic!() };
        let engine = RefType { nullable: true, heap: HeapType::ConcreteFunc(100 + ty) };
        assert_eq!(store.global_type(id).value, ValType::Ref(engine));
        let module = store.instance_module(i).clone();
        let layout = module.layout();
        assert!(matches!(layout.global(0), windlass_abi::layout::Place::Indirect(_)));
    }
}

fn data_of(store: &mut Store, instance: InstanceId) -> Vec<u8> {
    let id = memory(store, instance, 0);
    store.memory_data(id).unwrap().to_vec()
}

/// A module whose data is large enough for an image, with a few overlaps.
fn with_data() -> Builder {
    let mut m = Builder::new();
    m.facts.memories.push(memory_type(4, Some(5)));
    let big: Vec<u8> = (0..100_000u32).map(|i| (i % 255) as u8 + 1).collect();
    m.active_data(0, ConstOp::I32(70_001), &big);
    m.active_data(0, ConstOp::I32(70_000), b"abc");
    m.active_data(0, ConstOp::I32(200_000), b"");
    m
}

#[test]
fn images_and_copies_agree() {
    let mut contents = Vec::new();
    for images in [true, false] {
        let memory = MemoryConfig { images, ..MemoryConfig::default() };
        let mut store = Store::new(StoreConfig { memory, ..config() }).unwrap();
        let module = with_data().build();
        // SAFETY: there are no imports.
        let one = unsafe { store.as_ptr().instantiate(&module, &[]) }.unwrap();
        let before = data_of(&mut store, one);
        let id = super::memory(&mut store, one, 0);
        store.memory_data_mut(id).unwrap().fill(0xee);
        // SAFETY: as above.
        let two = unsafe { store.as_ptr().instantiate(&module, &[]) }.unwrap();
        assert!(data_of(&mut store, two) == before, "instances have their own bytes");
        contents.push(before);
    }
    assert!(contents[0] == contents[1]);
    assert_eq!(&contents[0][69_999..70_005], b"\0abc\x03\x04"[..].iter().as_slice());
    assert_eq!(contents[0][170_001..170_003], [0, 0]);
}

#[test]
fn segments_that_do_not_fit_trap_in_order() {
    let store = store();
    // SAFETY: no borrow of the store is live.
    let shared = unsafe { store.as_ptr().new_memory(&memory_type(1, None)) }.unwrap();
    let mut m = Builder::new();
    m.import(EntityIndex::Memory(0));
    m.facts.imported.memories = 1;
    m.facts.memories.push(memory_type(1, None));
    m.active_data(0, ConstOp::I32(0), b"first");
    m.active_data(0, ConstOp::I32(65534), b"out");
    m.active_data(0, ConstOp::I32(0), b"never");
    // SAFETY: the import is as declared.
    let made = unsafe { store.as_ptr().instantiate(&m.build(), &[ExternId::Memory(shared)]) };
    assert!(matches!(made, Err(InstantiateError::Trap(TrapCode::MemoryOutOfBounds))));
    let data = store.memory_data(shared).unwrap();
    assert_eq!((&data[..6], data[65535]), (&b"first\0"[..], 0));
}

#[test]
fn an_image_ends_before_what_may_trap() {
    let mut store = store();
    let mut m = with_data();
    let ty = m.ty(func_type(&[], &[]));
    let f = m.func(ty, |_| Ok(()));
    m.active_data(0, ConstOp::I32(4 << 16), b"x");
    m.active_data(0, ConstOp::I32(0), b"never");
    // A table of the host that a function of the instance reaches, so that its memory can be seen.
    // SAFETY: no borrow of the store is live.
    let table =
        unsafe { store.as_ptr().new_table(&table_type(FUNCREF, 1, None), ValRaw { func: ptr::null() }) };
    let table = table.unwrap();
    m.import(EntityIndex::Table(0));
    m.facts.imported.tables = 1;
    m.facts.tables.push(table_type(FUNCREF, 1, None));
    m.active_elements(0, 0, &[f]);
    // SAFETY: the import is as declared.
    let made = unsafe { store.as_ptr().instantiate(&m.build(), &[ExternId::Table(table)]) };
    assert!(matches!(made, Err(InstantiateError::Trap(TrapCode::MemoryOutOfBounds))));
    // SAFETY: a table of functions; the reference is of this store.
    let (instance, index) = unsafe {
        let func = FuncPtr::new(store.table_get(table, 0).unwrap().func).unwrap();
        store.func_origin(func).unwrap()
    };
    assert_eq!(index, f);
    let data = data_of(&mut store, instance);
    assert_eq!((data[0], &data[70_000..70_003]), (0, &b"abc"[..]));
}

#[test]
fn refusals_leave_no_trace() {
    let mut store = store();
    let mut hooks = Hooked::new(&mut store, TestHooks { max_bytes: Some(1 << 16), ..TestHooks::default() });
    let module = |second: u64| {
        let mut m = Builder::new();
        m.facts.memories.extend([memory_type(1, None), memory_type(second, None)]);
        m.build()
    };
    for (pages, expected) in [(2, "limit"), (70_000, "maximum")] {
        // SAFETY: there are no imports.
        let made = unsafe { store.as_ptr().instantiate(&module(pages), &[]) };
        match made {
            Err(InstantiateError::Resource(e)) => assert!(e.to_string().contains(expected), "{e}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((store.inner().memories.len(), store.inner().instances.len()), (0, 0));
    hooks.get().error = Some("limiter");
    // SAFETY: there are no imports.
    let made = unsafe { store.as_ptr().instantiate(&module(1), &[]) };
    assert!(matches!(made, Err(InstantiateError::Hook(Failure::Host { .. }))));
    hooks.get().error = None;
    // SAFETY: there are no imports.
    unsafe { store.as_ptr().instantiate(&module(1), &[]) }.unwrap();
    drop(store);
}

#[test]
fn tags_are_shared_by_import() {
    let mut store = store();
    let mut m = Builder::new();
    let ty = m.ty(func_type(&[ValType::I32], &[]));
    m.facts.tags.push(ty);
    let a = m.instantiate(&store, &[]);
    let tag = store.instance_item(a, EntityIndex::Tag(0));
    let mut m = Builder::new();
    let ty = m.ty(func_type(&[ValType::I32], &[]));
    m.import(EntityIndex::Tag(0));
    m.facts.imported.tags = 1;
    m.facts.tags.extend([ty, ty]);
    let b = m.instantiate(&store, &[tag]);
    assert_eq!(store.instance_item(b, EntityIndex::Tag(0)), tag);
    assert_ne!(store.instance_item(b, EntityIndex::Tag(1)), tag);
    let ExternId::Tag(tag) = tag else { panic!() };
    assert_eq!(store.tag_signature(tag).type_id, 100);
}
