//! Faults that are traps, and how failures leave through any mix of entries.

use super::*;

/// The first function calls the second and so on; the last one does as told.
fn chain(store: &mut Store, depth: u32, last: impl FnOnce(&mut Function)) -> FuncPtr {
    let mut p = Program::new();
    p.module.facts.memories.push(memory_type(1, Some(1)));
    let ty = i64_type(2, 1);
    for i in 0..depth {
        // Frames of different sizes.
        let mut f = Function::new(0, 40 * i as i32);
        f.call_own(i + 1, 1000 * i + 7);
        f.ret();
        p.func(&ty, f);
    }
    let mut f = Function::new(0, 0);
    last(&mut f);
    f.ret();
    p.func(&ty, f);
    let instance = p.instantiate(store, &[]);
    func(store, instance, 0)
}

fn expected(depth: u32, offset: u32) -> Vec<(u32, u32)> {
    let mut frames = vec![(depth, offset)];
    frames.extend((0..depth).rev().map(|i| (i, 1000 * i + 7)));
    frames
}

#[test]
fn faults_are_traps_at_every_depth() {
    for depth in [0, 1, 2, 7, 40] {
        let mut store = native_store();
        let f = chain(&mut store, depth, |f| f.unreachable(3));
        for _ in 0..3 {
            assert_eq!(trapped(call(&mut store, f, &[1, 1])), (TrapCode::Unreachable, expected(depth, 3)));
        }
    }
}

#[test]
fn divisions_trap_as_their_row_says() {
    let mut store = native_store();
    let f = chain(&mut store, 2, |f| {
        asm!(f, mov(rax, rdi); cqo(););
        f.traps(5, TrapCode::IntegerDivisionByZero);
        asm!(f, idiv(rsi););
    });
    assert_eq!(call(&mut store, f, &[14, 2]).unwrap()[0], 7);
    let trap = trapped(call(&mut store, f, &[14, 0]));
    assert_eq!(trap, (TrapCode::IntegerDivisionByZero, expected(2, 5)));
    let mut store = native_store();
    let f = chain(&mut store, 0, |f| {
        asm!(f, mov(rax, rdi); cqo(););
        f.traps(6, TrapCode::IntegerOverflow);
        asm!(f, idiv(rsi););
    });
    let trap = trapped(call(&mut store, f, &[1 << 63, u64::MAX]));
    assert_eq!(trap, (TrapCode::IntegerOverflow, expected(0, 6)));
}

#[test]
fn guard_pages_trap() {
    let mut store = native_store();
    let f = chain(&mut store, 1, |f| {
        asm!(f, mov(rcx, qword_ptr(r15 + offset_of!(VMContext, memory0) as i32)););
        f.traps(9, TrapCode::MemoryOutOfBounds);
        asm!(f, mov(rax, qword_ptr(rcx + rdi)););
    });
    assert_eq!(call(&mut store, f, &[65528, 0]).unwrap()[0], 0);
    for address in [65529, 65536, 1 << 31, u32::MAX as u64, (4 << 30) + (31 << 20)] {
        let trap = trapped(call(&mut store, f, &[address, 0]));
        assert_eq!(trap, (TrapCode::MemoryOutOfBounds, expected(1, 9)), "{address}");
    }
}

#[test]
fn status_of_builtins_is_raised() {
    let mut store = native_store();
    let f = chain(&mut store, 1, |f| {
        // memory_fill(cx, memory 0, dst, value, len)
        asm!(f, mov(rdx, rdi); mov(r8, rsi); xor(esi, esi); mov(ecx, 7u32););
        f.call_builtin("memory_fill", 11);
        let mut ok = f.label();
        asm!(f, test(rax, rax); je(ok););
        f.call_stub(offset_of!(NativeStubs, raise), 12);
        f.bind(&mut ok);
        asm!(f, mov(rax, qword_ptr(r15 + offset_of!(VMContext, memory0) as i32)); movzx(eax, byte_ptr(rax + 5)););
    });
    assert_eq!(call(&mut store, f, &[5, 1]).unwrap()[0], 7);
    let trap = trapped(call(&mut store, f, &[65536, 1]));
    assert_eq!(trap, (TrapCode::MemoryOutOfBounds, expected(1, 12)));
}

/// A function that passes its parameters to the import and adds 1 to the result; traps if the first one is 7.
fn through_host(store: &mut Store, host: FuncPtr) -> FuncPtr {
    let ty = i64_type(2, 1);
    let mut p = Program::new();
    let import = p.import(&ty);
    let at = p.layout().imported_function(import) as i32;
    let mut f = Function::new(0, 0);
    let mut go_on = f.label();
    asm!(f, cmp(rdi, 7); jne(go_on););
    f.unreachable(77);
    f.bind(&mut go_on);
    f.call_import(at, 10);
    asm!(f, inc(rax););
    f.ret();
    let index = p.func(&ty, f);
    let instance = p.instantiate(store, &[ExternId::Func(host)]);
    func(store, instance, index)
}

/// Host and Wasm call each other down to a trap, which the outermost entry gets, or one in between contains.
#[test]
fn traps_pass_the_host() {
    let mut store = native_store();
    let target = Arc::new(std::sync::OnceLock::<FuncPtr>::new());
    let host = host_func(&mut store, {
        let target = target.clone();
        move |store, _, args| {
            // SAFETY: the function belongs to this store; hosts hold no borrow here. Numbers all.
            unsafe {
                let (n, stop) = (args[0].i64, args[1].i64);
                let mut values = i64s(&[n + 1, stop]);
                match store.call(*target.get().unwrap(), &mut values) {
                    Ok(()) => args[0] = values[0],
                    Err(_) if n == stop => args[0] = ValRaw { i64: 1000 },
                    Err(Failure::Trap { code, backtrace }) => {
                        assert_eq!(backtrace.frames.len() as u64, n + 2);
                        return Err(Raise::Trap(code));
                    }
                    Err(other) => panic!("{other:?}"),
                }
            }
            Ok(())
        }
    });
    let f = through_host(&mut store, host);
    target.set(f).unwrap();
    // Contained at 3: three entries return.
    assert_eq!(call(&mut store, f, &[0, 3]).unwrap()[0], 1004);
    let (code, frames) = trapped(call(&mut store, f, &[0, 99]));
    assert_eq!(code, TrapCode::Unreachable);
    // Reported again by each host function as it comes through; the last one sees the outermost frame.
    assert_eq!(frames, [(1, 10)]);
    let (code, frames) = trapped(call(&mut store, f, &[7, 99]));
    assert_eq!((code, frames), (TrapCode::Unreachable, vec![(1, 77)]));
}

#[test]
fn host_failures_leave() {
    let mut store = native_store();
    let host = host_func(&mut store, |_, _, args| {
        // SAFETY: a number.
        match unsafe { args[0].i64 } {
            0 => Err(Raise::Error(Box::new("no"))),
            1 => std::panic::panic_any(17u32),
            _ => Err(Raise::Trap(TrapCode::CastFailure)),
        }
    });
    let f = through_host(&mut store, host);
    let Err(Failure::Host { error, backtrace }) = call(&mut store, f, &[0, 0]) else { panic!() };
    assert_eq!((error.downcast_ref(), backtrace.frames.len()), (Some(&"no"), 1));
    let Err(Failure::Panic(payload)) = call(&mut store, f, &[1, 0]) else { panic!() };
    assert_eq!(payload.downcast_ref(), Some(&17u32));
    assert_eq!(trapped(call(&mut store, f, &[2, 0])), (TrapCode::CastFailure, vec![(1, 10)]));
}

/// Modules come and go on several threads, whose places are used again, while others trap.
#[test]
fn modules_come_and_go() {
    std::thread::scope(|s| {
        for t in 0..4 {
            s.spawn(move || {
                for i in 0..100 {
                    let mut store = native_store();
                    let depth = (i * 7 + t) % 30;
                    let f = chain(&mut store, depth, |f| f.unreachable(3));
                    assert_eq!(
                        trapped(call(&mut store, f, &[1, 1])),
                        (TrapCode::Unreachable, expected(depth, 3))
                    );
                }
            });
        }
    });
}
