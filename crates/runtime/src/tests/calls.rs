//! Calls: host functions, failures, backtraces, nesting, interruption, dropping.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

fn sum(_: StorePtr, _: Option<InstanceId>, args: &mut [ValRaw]) -> Result<(), Raise> {
    // SAFETY: two i64.
    unsafe { args[0] = ValRaw { i64: args[0].i64 + args[1].i64 } };
    Ok(())
}

/// An instance that imports `host` as function 0, calls it from function 1, and that from function 2.
fn chain(store: &mut Store, host: FuncPtr) -> (InstanceId, FuncPtr) {
    let mut m = Builder::new();
    let ty = m.ty(host_type());
    m.import_func(ty);
    for callee in 0..2 {
        m.func(ty, move |f| {
            let mut args = i64s(&[f.arg(0), f.arg(1)]);
            f.offset.set(f.offset.get() + 7);
            f.call(callee, &mut args)?;
            // SAFETY: an i64.
            f.ret(0, unsafe { args[0].i64 });
            Ok(())
        });
    }
    let instance = m.instantiate(store, &[ExternId::Func(host)]);
    (instance, func(store, instance, 2))
}

#[test]
fn calls_host_functions() {
    let mut store = store();
    let host = host_func(&mut store, sum);
    assert_eq!(call(&mut store, host, &[2, 3]).unwrap()[0], 5);
    let (instance, f) = chain(&mut store, host);
    assert_eq!(call(&mut store, f, &[20, 3]).unwrap()[0], 23);
    // SAFETY: functions of this store.
    unsafe {
        assert_eq!(store.func_type_id(f), 100);
        assert_eq!(store.func_origin(f), Some((instance, 2)));
        assert_eq!(store.func_origin(host), None);
        assert_eq!(store.func_signature(host).params.len(), 2);
        assert_eq!(store.func_signature(f).results.len(), 1);
    }
    assert_eq!(func(&mut store, instance, 2), f, "references are stable");
    assert_eq!(func(&mut store, instance, 0), host, "an import is what was imported");
}

#[test]
fn host_functions_know_their_caller() {
    let mut store = store();
    let host = host_func(&mut store, |_, caller, args| {
        args[0] = ValRaw { i64: caller.map_or(99, |c| c.index() as u64) };
        Ok(())
    });
    assert_eq!(call(&mut store, host, &[0, 0]).unwrap()[0], 99);
    let (_, f) = chain(&mut store, host);
    assert_eq!(call(&mut store, f, &[0, 0]).unwrap()[0], 0);
}

fn shape(backtrace: &Backtrace) -> Vec<(u32, u32)> {
    backtrace.frames.iter().map(|f| (f.function, f.offset)).collect()
}

#[test]
fn errors_carry_backtraces() {
    let mut store = store();
    let host = host_func(&mut store, |_, _, _| Err(Raise::Error(Box::new("no"))));
    let (_, f) = chain(&mut store, host);
    for _ in 0..2 {
        let Err(Failure::Host { error, backtrace }) = call(&mut store, f, &[0, 0]) else { panic!() };
        assert_eq!(error.downcast_ref(), Some(&"no"));
        assert_eq!(shape(&backtrace), [(1, 1007), (2, 2007)]);
    }
    let Err(Failure::Host { backtrace, .. }) = call(&mut store, host, &[0, 0]) else { panic!() };
    assert_eq!(shape(&backtrace), []);
}

#[test]
fn traps_carry_backtraces() {
    let mut store = store();
    let host = host_func(&mut store, |_, _, _| Err(Raise::Trap(TrapCode::Unreachable)));
    let (_, f) = chain(&mut store, host);
    let Err(Failure::Trap { code, backtrace }) = call(&mut store, f, &[0, 0]) else { panic!() };
    assert_eq!((code, shape(&backtrace)), (TrapCode::Unreachable, vec![(1, 1007), (2, 2007)]));
    let Err(Failure::Trap { code, backtrace }) = call(&mut store, host, &[0, 0]) else { panic!() };
    assert_eq!((code, shape(&backtrace)), (TrapCode::Unreachable, vec![]));
    assert!(!backtrace.truncated);
}

#[test]
fn backtraces_are_bounded() {
    let mut store = Store::new(StoreConfig { max_backtrace: 1, ..config() }).unwrap();
    let host = host_func(&mut store, |_, _, _| Err(Raise::Trap(TrapCode::Unreachable)));
    let (_, f) = chain(&mut store, host);
    let Err(Failure::Trap { backtrace, .. }) = call(&mut store, f, &[0, 0]) else { panic!() };
    assert_eq!((shape(&backtrace), backtrace.truncated), (vec![(1, 1007)], true));
}

#[test]
fn panics_are_carried_over() {
    let mut store = store();
    let host = host_func(&mut store, |_, _, _| std::panic::panic_any(17u32));
    let (_, f) = chain(&mut store, host);
    let Err(Failure::Panic(payload)) = call(&mut store, f, &[0, 0]) else { panic!() };
    assert_eq!(payload.downcast_ref(), Some(&17u32));
    let good = host_func(&mut store, sum);
    assert_eq!(call(&mut store, good, &[1, 1]).unwrap()[0], 2, "the store goes on");
}

#[test]
fn entries_nest() {
    let mut store = store();
    // The host function calls the instance again until the first argument is 0.
    let target = Arc::new(std::sync::OnceLock::<FuncPtr>::new());
    let host = host_func(&mut store, {
        let target = target.clone();
        move |store, _, args| {
            // SAFETY: the function belongs to this store; hosts hold no borrow here.
            unsafe {
                let n = args[0].i64;
                if n == 0 {
                    args[0] = ValRaw { i64: store.borrow().backtrace().frames.len() as u64 };
                    return Ok(());
                }
                let mut inner = i64s(&[n - 1, 0]);
                match store.call(*target.get().unwrap(), &mut inner) {
                    Ok(()) => args[0] = inner[0],
                    Err(Failure::Trap { code, .. }) => return Err(Raise::Trap(code)),
                    Err(other) => panic!("{other:?}"),
                }
                Ok(())
            }
        }
    });
    let (_, f) = chain(&mut store, host);
    target.set(f).unwrap();
    assert_eq!(call(&mut store, f, &[4, 0]).unwrap()[0], 10, "two frames for each of five entries");
    let Err(Failure::Trap { code, backtrace }) = call(&mut store, f, &[u64::MAX, 0]) else { panic!() };
    assert_eq!((code, backtrace.truncated), (TrapCode::StackOverflow, false));
    assert_eq!(shape(&backtrace), [(1, 1007), (2, 2007)], "of the outermost entry, the last to trap");
    assert_eq!(call(&mut store, f, &[1, 0]).unwrap()[0], 4, "and it works again");
}

#[test]
fn exceptions_reach_the_host() {
    let mut store = store();
    let signature = Arc::new(Signature::new(7, &func_type(&[ValType::I64, ValType::V128], &[])));
    let tag = store.new_tag(signature);
    let host = host_func(&mut store, move |store, _, _| {
        let payload = [ValRaw { i64: 5 }, ValRaw { v128: [3; 16] }];
        // SAFETY: hosts hold no borrow here; the values have the tag's types.
        Err(Raise::Exception(unsafe { store.borrow().new_exception(tag, &payload) }.unwrap()))
    });
    let (_, f) = chain(&mut store, host);
    let Err(Failure::Exception(root)) = call(&mut store, f, &[0, 0]) else { panic!() };
    store.gc();
    let exception = store.owned(&root);
    assert_eq!(store.exception_tag(exception), Some(tag));
    assert_eq!(store.ref_kind(exception), RefKind::Exception);
    assert!(store.extern_data(exception).is_none());
    let payload = store.exception_payload(exception).unwrap();
    // SAFETY: the payload's types.
    unsafe {
        assert_eq!((payload[0].i64, payload[1].v128), (5, [3; 16]));
        assert_eq!((*store.vmstore()).pending_exception, 0);
    }
}

#[test]
fn interruption_is_decided_by_the_hook() {
    let mut store = store();
    let handle = store.interrupt_handle();
    let mut m = Builder::new();
    let ty = m.ty(func_type(&[], &[]));
    let check = m.func(ty, |f| {
        // SAFETY: the store is entered.
        unsafe {
            let store = (*f.cx).store;
            match (*store).interrupt.load(SeqCst) {
                0 => Ok(()),
                _ => ok((f.builtins().interrupt)(store)),
            }
        }
    });
    let instance = m.instantiate(&store, &[]);
    let check = func(&mut store, instance, check);
    call(&mut store, check, &[]).unwrap();
    handle.interrupt();
    let trapped = |r| matches!(r, Err(Failure::Trap { code: TrapCode::Interrupt, .. }));
    assert!(trapped(call(&mut store, check, &[])), "without hooks it traps");
    let clear = Some(store.as_ptr());
    let mut hooks = Hooked::new(&mut store, TestHooks { clear, ..TestHooks::default() });
    call(&mut store, check, &[]).unwrap();
    call(&mut store, check, &[]).unwrap();
    assert_eq!(hooks.get().interrupts, 1);
    hooks.get().clear = None;
    handle.interrupt();
    assert!(trapped(call(&mut store, check, &[])));
    hooks.get().panic = true;
    assert!(matches!(call(&mut store, check, &[]), Err(Failure::Panic(_))));
    drop(store);
    handle.interrupt();
}

#[test]
fn fuel_is_asked_for() {
    let mut store = store();
    store.set_fuel(10);
    let mut m = Builder::new();
    let ty = m.ty(func_type(&[], &[]));
    let burn = m.func(ty, |f| {
        // SAFETY: the store is entered.
        unsafe {
            let store = (*f.cx).store;
            (*store).fuel -= 11;
            ok((f.builtins().fuel_exhausted)(store))
        }
    });
    let instance = m.instantiate(&store, &[]);
    let burn = func(&mut store, instance, burn);
    let result = call(&mut store, burn, &[]);
    assert!(matches!(result, Err(Failure::Trap { code: TrapCode::OutOfFuel, .. })));
    assert_eq!(store.fuel(), -1);
    let _hooks = Hooked::new(&mut store, TestHooks { error: Some("dry"), ..TestHooks::default() });
    let Err(Failure::Host { error, backtrace }) = call(&mut store, burn, &[]) else { panic!() };
    assert_eq!((error.downcast_ref(), backtrace.frames.len()), (Some(&"dry"), 1));
    drop(store);
}

/// Counts drops.
struct Counted(Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn dropping_frees_everything() {
    let drops = Arc::new(AtomicU32::new(0));
    let mut store = store();
    let counted = Counted(drops.clone());
    let host = host_func(&mut store, move |_, _, _| {
        let _ = &counted;
        Ok(())
    });
    let mut m = Builder::new();
    let ty = m.ty(host_type());
    m.import_func(ty);
    m.facts.memories.push(memory_type(1, None));
    m.facts.tables.push(table_type(FUNCREF, 3, None));
    let counted = Counted(drops.clone());
    m.func(ty, move |_| {
        let _ = &counted;
        Ok(())
    });
    let module = m.build();
    // SAFETY: the import is as declared.
    unsafe { store.as_ptr().instantiate(&module, &[ExternId::Func(host)]) }.unwrap();
    store.alloc_extern(Box::new(Counted(drops.clone()))).unwrap();
    let kept = store.alloc_extern(Box::new(Counted(drops.clone()))).unwrap();
    let root = store.root_owned(kept);
    drop(module);
    assert_eq!(drops.load(SeqCst), 0);
    drop(store);
    assert_eq!(drops.load(SeqCst), 4);
    drop(root);
}

#[test]
fn stores_move_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Store>();
    check::<InterruptHandle>();
    check::<SharedMemory>();
    check::<Arc<Module>>();
    check::<Backtrace>();
    let mut store = store();
    let host = host_func(&mut store, sum);
    let result = std::thread::spawn(move || call(&mut store, host, &[4, 5]).unwrap()[0]).join();
    assert_eq!(result.unwrap(), 9);
}
