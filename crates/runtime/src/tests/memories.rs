//! Memories through builtins: growth, hooks, copies in contexts, bulk operations, waiting.

// One comment stands for all of a table of closures.
#![allow(clippy::undocumented_unsafe_blocks)]

use super::*;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

/// An instance with the given memories (imports first); its functions are the memory builtins on
/// arguments: 0 grow, 1 copy, 2 fill, 3 init, 4 drop, 5 wait32, 6 notify, 7 read byte.
fn operations(m: &mut Builder) {
    let ty = m.ty(func_type(&[ValType::I64; 6], &[ValType::I64]));
    // SAFETY (all): the tests name memories and segments that exist.
    m.func(ty, |f| {
        let grown = unsafe { (f.builtins().memory_grow)(f.cx, f.arg(0) as u32, f.arg(1)) };
        f.ret(0, num(grown)?);
        Ok(())
    });
    m.func(ty, |f| {
        let (d, s) = (f.arg(0) as u32, f.arg(1) as u32);
        ok(unsafe { (f.builtins().memory_copy)(f.cx, d, s, f.arg(2), f.arg(3), f.arg(4)) })
    });
    m.func(ty, |f| {
        let (memory, value) = (f.arg(0) as u32, f.arg(2) as u32);
        ok(unsafe { (f.builtins().memory_fill)(f.cx, memory, f.arg(1), value, f.arg(3)) })
    });
    m.func(ty, |f| {
        let (memory, segment) = (f.arg(0) as u32, f.arg(1) as u32);
        ok(unsafe { (f.builtins().memory_init)(f.cx, memory, segment, f.arg(2), f.arg(3), f.arg(4)) })
    });
    m.func(ty, |f| {
        unsafe { (f.builtins().data_drop)(f.cx, f.arg(0) as u32) };
        Ok(())
    });
    m.func(ty, |f| {
        let (memory, expected) = (f.arg(0) as u32, f.arg(2) as u32);
        let timeout = f.arg(3) as i64;
        let woken = unsafe { (f.builtins().atomic_wait32)(f.cx, memory, f.arg(1), expected, timeout) };
        f.ret(0, num(woken)?);
        Ok(())
    });
    m.func(ty, |f| {
        let (memory, count) = (f.arg(0) as u32, f.arg(2) as u32);
        let woken = unsafe { (f.builtins().atomic_notify)(f.cx, memory, f.arg(1), count) };
        f.ret(0, num(woken)?);
        Ok(())
    });
    m.func(ty, |f| {
        let at = f.arg(1) as usize;
        let byte = unsafe {
            let memory = (&raw const (*f.cx).memory0).add(f.arg(0) as usize);
            if at < (*memory).len { *(*memory).base.add(at) as u64 } else { 999 }
        };
        f.ret(0, byte);
        Ok(())
    });
}

const GROW: u32 = 0;
const COPY: u32 = 1;
const FILL: u32 = 2;
const INIT: u32 = 3;
const DROP: u32 = 4;
const WAIT: u32 = 5;
const NOTIFY: u32 = 6;
const READ: u32 = 7;

fn op(store: &mut Store, instance: InstanceId, op: u32, args: &[u64]) -> Result<u64, TrapCode> {
    let f = func(store, instance, op);
    let mut padded = args.to_vec();
    padded.resize(6, 0);
    match call(store, f, &padded) {
        Ok(values) => Ok(values[0]),
        Err(Failure::Trap { code, .. }) => Err(code),
        Err(other) => panic!("{other:?}"),
    }
}

fn with_memories(store: &Store, types: &[MemoryType]) -> InstanceId {
    let mut m = Builder::new();
    m.facts.memories.extend(types);
    operations(&mut m);
    m.instantiate(store, &[])
}

const MINUS_ONE: u64 = u64::MAX;

#[test]
fn grows_to_its_limits() {
    let mut store = store();
    let a = with_memories(&store, &[memory_type(1, Some(3)), memory_type(0, None)]);
    assert_eq!(op(&mut store, a, GROW, &[0, 0]), Ok(1));
    assert_eq!(op(&mut store, a, GROW, &[0, 3]), Ok(MINUS_ONE));
    assert_eq!(op(&mut store, a, READ, &[0, 65536]), Ok(999));
    assert_eq!(op(&mut store, a, GROW, &[0, 2]), Ok(1));
    assert_eq!(op(&mut store, a, READ, &[0, 196607]), Ok(0));
    assert_eq!(op(&mut store, a, GROW, &[0, 1]), Ok(MINUS_ONE));
    for huge in [65537, u32::MAX as u64, u64::MAX, 1 << 48] {
        assert_eq!(op(&mut store, a, GROW, &[1, huge]), Ok(MINUS_ONE));
    }
    assert_eq!(op(&mut store, a, GROW, &[1, 1]), Ok(0));
    assert_eq!(op(&mut store, a, GROW, &[0, 0]), Ok(3));
    let id = memory(&mut store, a, 0);
    assert_eq!((store.memory_size(id), store.memory_type(id).min), (3, 1));
}

#[test]
fn every_importer_sees_growth() {
    // Without reservations growing moves.
    let memory = MemoryConfig { reservation: 0, reservation64: 0, ..MemoryConfig::default() };
    let mut store = Store::new(StoreConfig { memory, ..config() }).unwrap();
    let a = with_memories(&store, &[memory_type(1, None)]);
    let shared = super::memory(&mut store, a, 0);
    let mut m = Builder::new();
    m.facts.memories.extend([memory_type(0, None), memory_type(1, None), memory_type(0, None)]);
    m.facts.imported.memories = 1;
    m.import(EntityIndex::Memory(0));
    operations(&mut m);
    let b = m.instantiate(&store, &[ExternId::Memory(shared)]);
    op(&mut store, a, FILL, &[0, 0, 7, 65536]).unwrap();
    assert_eq!(op(&mut store, b, GROW, &[0, 40]), Ok(1));
    op(&mut store, b, FILL, &[0, 40 * 65536, 8, 65536]).unwrap();
    assert_eq!(op(&mut store, a, READ, &[0, 65535]), Ok(7));
    assert_eq!(op(&mut store, a, READ, &[0, 65536]), Ok(0));
    assert_eq!(op(&mut store, a, READ, &[0, 41 * 65536 - 1]), Ok(8));
    assert_eq!(op(&mut store, b, READ, &[2, 0]), Ok(999));
    assert_eq!(op(&mut store, b, READ, &[1, 0]), Ok(0));
    store.memory_data_mut(shared).unwrap()[3] = 9;
    assert_eq!(op(&mut store, b, READ, &[0, 3]), Ok(9));
    // SAFETY: no borrow of the store is live.
    let grown = unsafe { store.as_ptr().memory_grow(shared, 1) };
    assert_eq!(grown.unwrap(), 41);
    assert_eq!(op(&mut store, b, READ, &[0, 42 * 65536 - 1]), Ok(0));
}

#[test]
fn hooks_decide_growth() {
    let mut store = store();
    let mut hooks = Hooked::new(&mut store, TestHooks { max_bytes: Some(3 << 16), ..TestHooks::default() });
    let a = with_memories(&store, &[memory_type(1, Some(10))]);
    assert_eq!(op(&mut store, a, GROW, &[0, 2]), Ok(1));
    assert_eq!(op(&mut store, a, GROW, &[0, 1]), Ok(MINUS_ONE));
    assert_eq!(hooks.get().refused, 0, "the hook refused, nothing failed");
    hooks.get().max_bytes = None;
    assert_eq!(op(&mut store, a, GROW, &[0, 8]), Ok(MINUS_ONE));
    assert_eq!(hooks.get().refused, 1, "beyond the declared maximum");
    hooks.get().max_bytes = Some(0);
    // SAFETY: no borrow of the store is live.
    let made = unsafe { store.as_ptr().new_memory(&memory_type(1, None)) };
    assert!(matches!(made, Err(GrowError::Refused(Error::Limit { .. }))));
    hooks.get().error = Some("limiter");
    let f = func(&mut store, a, GROW);
    let Err(Failure::Host { error, .. }) = call(&mut store, f, &[0, 1, 0, 0, 0, 0]) else { panic!() };
    assert_eq!(error.downcast_ref(), Some(&"limiter"));
    hooks.get().panic = true;
    assert!(matches!(call(&mut store, f, &[0, 1, 0, 0, 0, 0]), Err(Failure::Panic(_))));
    drop(store);
}

#[test]
fn bulk_operations_check_bounds_first() {
    let mut store = store();
    let mut m = Builder::new();
    m.facts.memories.extend([memory_type(1, None), memory_type(1, None)]);
    let bytes = m.bytes(b"hello");
    m.facts.data.push(DataSegment { kind: SegmentKind::Passive, bytes });
    operations(&mut m);
    let a = m.instantiate(&store, &[]);
    let out = Err(TrapCode::MemoryOutOfBounds);
    op(&mut store, a, INIT, &[0, 0, 10, 1, 4]).unwrap();
    let first = memory(&mut store, a, 0);
    assert_eq!(&store.memory_data(first).unwrap()[9..15], b"\0ello\0");
    assert_eq!(op(&mut store, a, INIT, &[0, 0, 0, 2, 4]), out);
    assert_eq!(op(&mut store, a, INIT, &[0, 0, 65533, 0, 4]), out);
    op(&mut store, a, COPY, &[0, 0, 11, 10, 4]).unwrap();
    assert_eq!(&store.memory_data(first).unwrap()[9..16], b"\0eello\0");
    op(&mut store, a, COPY, &[0, 0, 10, 11, 4]).unwrap();
    assert_eq!(&store.memory_data(first).unwrap()[9..16], b"\0elloo\0");
    op(&mut store, a, COPY, &[1, 0, 65531, 10, 5]).unwrap();
    let second = memory(&mut store, a, 1);
    assert_eq!(&store.memory_data(second).unwrap()[65530..], b"\0elloo");
    assert_eq!(op(&mut store, a, COPY, &[1, 0, 65532, 10, 5]), out);
    assert_eq!(op(&mut store, a, COPY, &[1, 0, 0, 65532, 5]), out);
    assert_eq!(op(&mut store, a, COPY, &[1, 0, 65536, 65536, 0]), Ok(1));
    assert_eq!(op(&mut store, a, COPY, &[1, 0, 65537, 0, 0]), out);
    assert_eq!(op(&mut store, a, FILL, &[0, u64::MAX, 1, 2]), out);
    assert_eq!(op(&mut store, a, FILL, &[0, 65535, 1, 2]), out);
    op(&mut store, a, DROP, &[0]).unwrap();
    assert_eq!(op(&mut store, a, INIT, &[0, 0, 0, 0, 1]), out);
    assert_eq!(op(&mut store, a, INIT, &[0, 0, 65536, 0, 0]), Ok(0));
}

#[test]
fn long_operations_are_interruptible() {
    let mut store = store();
    let pages = 300; // some 20 MB: several pieces
    let a = with_memories(&store, &[memory_type(pages, None)]);
    let len = pages << 16;
    let handle = store.interrupt_handle();
    handle.interrupt();
    assert_eq!(op(&mut store, a, FILL, &[0, 0, 1, len]), Err(TrapCode::Interrupt));
    assert_eq!(op(&mut store, a, FILL, &[0, 0, 2, 100]), Ok(0), "short ones need not look");
    let clear = Some(store.as_ptr());
    let mut hooks = Hooked::new(&mut store, TestHooks { clear, ..TestHooks::default() });
    handle.interrupt();
    assert_eq!(op(&mut store, a, FILL, &[0, 0, 3, len]), Ok(0));
    assert_eq!(hooks.get().interrupts, 1);
    let id = memory(&mut store, a, 0);
    assert!(store.memory_data(id).unwrap().iter().all(|b| *b == 3));
    // Overlapping copies in pieces, in both directions.
    let data = store.memory_data_mut(id).unwrap();
    data.iter_mut().enumerate().for_each(|(i, b)| *b = (i % 251) as u8);
    let mut expected = data.to_vec();
    op(&mut store, a, COPY, &[0, 0, 5, 0, len - 5]).unwrap();
    expected.copy_within(..len as usize - 5, 5);
    assert!(store.memory_data(id).unwrap() == expected);
    op(&mut store, a, COPY, &[0, 0, 0, 1000, len - 1000]).unwrap();
    expected.copy_within(1000.., 0);
    assert!(store.memory_data(id).unwrap() == expected);
    drop(store);
}

fn shared_type() -> MemoryType {
    MemoryType { shared: true, ..memory_type(1, Some(4)) }
}

#[test]
fn shared_memories_span_stores() {
    let mut one = store();
    let a = with_memories(&one, &[shared_type(), memory_type(1, None)]);
    let id = memory(&mut one, a, 0);
    let handle = one.shared_memory(id).unwrap();
    assert!(one.memory_data(id).is_none());
    let mut two = store();
    let imported = two.import_shared(&handle);
    let mut m = Builder::new();
    m.facts.memories.push(shared_type());
    m.facts.imported.memories = 1;
    m.import(EntityIndex::Memory(0));
    operations(&mut m);
    let b = m.instantiate(&two, &[ExternId::Memory(imported)]);
    assert_eq!(op(&mut two, b, GROW, &[0, 2]), Ok(1));
    assert_eq!(op(&mut one, a, FILL, &[0, 3 << 16, 1, 1]), Err(TrapCode::MemoryOutOfBounds));
    assert_eq!(op(&mut one, a, FILL, &[0, (3 << 16) - 9, 0x55, 9]), Ok(0));
    assert_eq!(op(&mut one, a, COPY, &[1, 0, 0, (3 << 16) - 9, 9]), Ok(1));
    assert_eq!(op(&mut one, a, READ, &[1, 8]), Ok(0x55));
    assert_eq!(op(&mut one, a, GROW, &[0, 2]), Ok(MINUS_ONE));
    let mut byte = [0];
    assert!(handle.read((3 << 16) - 1, &mut byte));
    assert_eq!(byte, [0x55]);
}

#[test]
fn waits_across_stores() {
    let mut one = store();
    let a = with_memories(&one, &[shared_type(), memory_type(1, None)]);
    let id = memory(&mut one, a, 0);
    let handle = one.shared_memory(id).unwrap();
    assert_eq!(op(&mut one, a, WAIT, &[1, 0, 0, 0]), Err(TrapCode::ExpectedShared));
    assert_eq!(op(&mut one, a, NOTIFY, &[1, 0, 1]), Ok(0));
    assert_eq!(op(&mut one, a, NOTIFY, &[1, 2, 1]), Err(TrapCode::UnalignedAtomic));
    assert_eq!(op(&mut one, a, NOTIFY, &[1, 65536, 1]), Err(TrapCode::MemoryOutOfBounds));
    assert_eq!(op(&mut one, a, WAIT, &[0, 0, 5, MINUS_ONE]), Ok(1));
    assert_eq!(op(&mut one, a, WAIT, &[0, 0, 0, 1000]), Ok(2));
    assert_eq!(op(&mut one, a, WAIT, &[0, 1, 0, 1000]), Err(TrapCode::UnalignedAtomic));
    assert_eq!(op(&mut one, a, WAIT, &[0, 65536, 0, 1000]), Err(TrapCode::MemoryOutOfBounds));
    std::thread::scope(|s| {
        let waiter = s.spawn(move || op(&mut one, a, WAIT, &[0, 64, 0, MINUS_ONE]));
        while handle.atomic_notify(64, 1) == Ok(0) {
            std::thread::yield_now();
        }
        assert_eq!(waiter.join().unwrap(), Ok(0));
    });
}

#[test]
fn waiting_ends_by_interruption() {
    let mut one = store();
    let a = with_memories(&one, &[shared_type()]);
    let handle = one.interrupt_handle();
    std::thread::scope(|s| {
        s.spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            handle.interrupt();
        });
        let start = Instant::now();
        let minute = Duration::from_secs(60).as_nanos() as u64;
        assert_eq!(op(&mut one, a, WAIT, &[0, 0, 0, minute]), Err(TrapCode::Interrupt));
        assert!(start.elapsed() < Duration::from_secs(30));
    });
    let clear = Some(one.as_ptr());
    let mut hooks = Hooked::new(&mut one, TestHooks { clear, ..TestHooks::default() });
    // The hook clears the word, and waiting goes on until the time is up.
    assert_eq!(op(&mut one, a, WAIT, &[0, 0, 0, 5_000_000]), Ok(2));
    assert_eq!(hooks.get().interrupts, 1);
    // SAFETY: the store lives.
    assert_eq!(unsafe { (*one.vmstore()).interrupt.load(SeqCst) }, 0);
    drop(one);
}

#[test]
fn custom_pages_and_64_bits() {
    let mut store = store();
    let bytes = MemoryType { page_size_log2: 0, ..memory_type(3, Some(10)) };
    let wide = MemoryType { memory64: true, ..memory_type(1, None) };
    let a = with_memories(&store, &[bytes, wide]);
    assert_eq!(op(&mut store, a, FILL, &[0, 0, 1, 4]), Err(TrapCode::MemoryOutOfBounds));
    assert_eq!(op(&mut store, a, FILL, &[0, 0, 1, 3]), Ok(0));
    assert_eq!(op(&mut store, a, GROW, &[0, 7]), Ok(3));
    assert_eq!(op(&mut store, a, GROW, &[0, 1]), Ok(MINUS_ONE));
    assert_eq!(op(&mut store, a, READ, &[0, 9]), Ok(0));
    assert_eq!(op(&mut store, a, READ, &[0, 10]), Ok(999));
    assert_eq!(op(&mut store, a, GROW, &[1, 1 << 32]), Ok(MINUS_ONE), "256 TiB");
    assert_eq!(op(&mut store, a, GROW, &[1, u64::MAX - 1]), Ok(MINUS_ONE));
    assert_eq!(op(&mut store, a, GROW, &[1, 1]), Ok(1));
}
