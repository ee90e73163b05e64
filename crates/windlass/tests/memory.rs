//! Memories, as both sides see them.

mod common;
use common::*;
use windlass::*;

#[test]
fn host_and_guest_share_bytes() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module
            (memory (export "m") 1 3)
            (data (i32.const 16) "abc")
            (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
            (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "size") (result i32) (memory.size)))"#,
    );
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let load = instance.get_typed_func::<i32, i32>(&mut store, "load")?;
    let put = instance.get_typed_func::<(i32, i32), ()>(&mut store, "store")?;
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
    let size = instance.get_typed_func::<(), i32>(&mut store, "size")?;

    assert_eq!(&memory.data(&store)[16..20], b"abc\0");
    memory.write(&mut store, 17, b"X")?;
    assert_eq!(load.call(&mut store, 17)?, i32::from(b'X'));
    put.call(&mut store, (18, 0x1ff))?;
    let mut three = [0; 3];
    memory.read(&store, 16, &mut three)?;
    assert_eq!(&three, b"aX\xff");
    memory.data_mut(&mut store)[0] = 9;
    assert_eq!(load.call(&mut store, 0)?, 9);

    assert_eq!((memory.size(&store), memory.data_size(&store), memory.page_size(&store)), (1, 65536, 65536));
    assert_eq!(memory.grow(&mut store, 1)?, 1);
    assert_eq!(size.call(&mut store, ())?, 2);
    assert_eq!(load.call(&mut store, 131_071)?, 0);
    assert_eq!(grow.call(&mut store, 1)?, 2);
    assert_eq!(memory.data(&store).len(), 3 * 65536);
    assert_eq!(grow.call(&mut store, 1)?, -1);
    let error = memory.grow(&mut store, 1).unwrap_err().to_string();
    assert!(error.contains("4 pages exceeds its maximum of 3"), "{error}");
    assert_eq!(memory.data(&store)[0], 9, "contents survive growth");
    assert_eq!(memory.ty(&store).to_string(), "(memory 1 3)");
    Ok(())
}

#[test]
fn accesses_of_the_host_are_checked() -> Result<()> {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
    let mut buffer = [1; 4];
    for offset in [65533, 65536, usize::MAX] {
        assert!(memory.read(&store, offset, &mut buffer).is_err());
        let error: Error = memory.write(&mut store, offset, &buffer).unwrap_err().into();
        assert!(error.is::<MemoryAccessError>());
    }
    assert_eq!(buffer, [1; 4]);
    memory.read(&store, 65532, &mut buffer)?;
    assert_eq!(buffer, [0; 4]);
    memory.read(&store, 65536, &mut [])?;
    Ok(())
}

#[test]
fn kinds_of_memories() -> Result<()> {
    let (mut store, instance) = instance(
        r#"(module
            (memory (export "wide") i64 1 2)
            (memory (export "bytes") 10 20 (pagesize 1))
            (memory (export "shared") 1 2 shared)
            (func (export "peek") (param i64) (result i32) (i32.load8_u 0 (local.get 0)))
            (func (export "tiny") (param i32) (result i32) (i32.load8_u 1 (local.get 0))))"#,
    );
    let wide = instance.get_memory(&mut store, "wide").unwrap();
    assert!(wide.ty(&store).is_64());
    let peek = instance.get_typed_func::<u64, i32>(&mut store, "peek")?;
    assert_eq!(peek.call(&mut store, 65535)?, 0);
    assert_eq!(trap(&peek.call(&mut store, 1 << 40).unwrap_err()), Trap::MemoryOutOfBounds);

    let bytes = instance.get_memory(&mut store, "bytes").unwrap();
    assert_eq!((bytes.page_size(&store), bytes.size(&store), bytes.data_size(&store)), (1, 10, 10));
    assert_eq!(bytes.grow(&mut store, 3)?, 10);
    let tiny = instance.get_typed_func::<i32, i32>(&mut store, "tiny")?;
    assert_eq!(tiny.call(&mut store, 12)?, 0);
    assert_eq!(trap(&tiny.call(&mut store, 13).unwrap_err()), Trap::MemoryOutOfBounds);

    assert!(instance.get_memory(&mut store, "shared").is_none(), "it is shared");
    let shared = instance.get_shared_memory(&mut store, "shared").unwrap();
    assert_eq!(shared.ty().to_string(), "(memory 1 2 shared)");
    Ok(())
}

#[test]
fn shared_memories_join_stores_and_threads() -> Result<()> {
    let engine = Engine::default();
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 4))?;
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "m" (memory 1 4 shared))
            (func (export "add") (param i32)
                (loop $more
                    (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
                    (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
            (func (export "wait") (result i32)
                (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
            (func (export "size") (result i32) (memory.size)))"#,
    )?;
    let mut linker = Linker::<()>::new(&engine);
    linker.define(Store::new(&engine, ()), "", "m", memory.clone())?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut store = Store::new(&engine, ());
                    let instance = linker.instantiate(&mut store, &module).unwrap();
                    let add = instance.get_typed_func::<i32, ()>(&mut store, "add").unwrap();
                    add.call(&mut store, 10_000).unwrap();
                    let wait = instance.get_typed_func::<(), i32>(&mut store, "wait").unwrap();
                    assert_eq!(wait.call(&mut store, ()).unwrap(), 0);
                })
            })
            .collect();
        let mut woken = 0;
        while woken < 4 {
            woken += memory.atomic_notify(0, u32::MAX).unwrap();
            std::thread::yield_now();
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    let mut sum = [0; 4];
    memory.read(8, &mut sum)?;
    assert_eq!(u32::from_le_bytes(sum), 40_000);

    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    assert_eq!(memory.grow(2)?, 1);
    assert_eq!(instance.get_typed_func::<(), i32>(&mut store, "size")?.call(&mut store, ())?, 3);
    assert!(memory.grow(2).is_err());
    assert_eq!(memory.atomic_wait32(0, 1, None)?, WaitResult::Mismatch);
    let soon = Some(std::time::Duration::from_millis(1));
    assert_eq!(memory.atomic_wait64(0, 0, soon)?, WaitResult::TimedOut);
    assert_eq!(memory.atomic_notify(2, 1).unwrap_err(), Trap::HeapMisaligned);
    assert_eq!(memory.atomic_notify(1 << 20, 1).unwrap_err(), Trap::MemoryOutOfBounds);
    Ok(())
}

#[test]
fn types_that_cannot_be_are_refused() {
    let message = |builder: &MemoryTypeBuilder| builder.build().unwrap_err().to_string();
    assert!(message(MemoryType::builder().min(65_537)).contains("address space of 65536 pages"));
    assert!(message(MemoryType::builder().min(2).max(Some(1))).contains("exceeds the maximum"));
    assert!(message(MemoryType::builder().shared(true)).contains("needs a maximum"));
    assert!(message(MemoryType::builder().page_size_log2(3)).contains("1 or 65536 bytes"));
    let engine = Engine::default();
    assert!(SharedMemory::new(&engine, MemoryType::new(1, None)).is_err());
    assert!(Memory::new(Store::new(&engine, ()), MemoryType::shared(1, 1)).is_err());
}

#[test]
fn a_memory_moves_while_the_guest_is_interrupted() -> Result<()> {
    for strategy in [Strategy::Interpreter, Strategy::Auto] {
        for ty in ["", "i64 "] {
            let mut config = Config::new();
            config.strategy(strategy).epoch_interruption(true).memory_reservation(0);
            let engine = Engine::new(&config)?;
            let index = if ty.is_empty() { "i32" } else { "i64" };
            // Counts each address of a page up once a round.
            let module = Module::new(
                &engine,
                format!(
                    r#"(module (memory (export "m") {ty}1)
                        (func (export "run") (param $rounds i32) (local $a {index})
                            (loop $round
                                (local.set $a ({index}.const 0))
                                (loop $next
                                    (i32.store8 (local.get $a) (i32.add (i32.load8_u (local.get $a)) (i32.const 1)))
                                    (local.set $a ({index}.add (local.get $a) ({index}.const 1)))
                                    (br_if $next ({index}.lt_u (local.get $a) ({index}.const 1000))))
                                (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
                                (br_if $round (local.get $rounds)))))"#
                ),
            )?;
            let mut store = Store::new(&engine, None::<Memory>);
            let instance = Instance::new(&mut store, &module, &[])?;
            let memory = instance.get_memory(&mut store, "m").expect("it is exported");
            *store.data_mut() = Some(memory);
            store.epoch_deadline_callback(|mut store| {
                let memory = store.data().expect("it was put there");
                if memory.size(&store) < 200 {
                    memory.grow(&mut store, 1)?;
                }
                // Due again at once: every look finds it so.
                Ok(UpdateDeadline::Continue(0))
            });
            store.set_epoch_deadline(0);
            instance.get_typed_func::<i32, ()>(&mut store, "run")?.call(&mut store, 50)?;
            assert_eq!(memory.size(&store), 200, "{strategy:?} {ty}");
            assert!(memory.data(&store)[..1000].iter().all(|byte| *byte == 50), "{strategy:?} {ty}");
        }
    }
    Ok(())
}
