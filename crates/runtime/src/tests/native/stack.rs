//! The stack's limit, on any thread, with frames of any size; interruption and fuel, which use the same
//! stubs.

use super::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use windlass_abi::native::SMALL_FRAME;

/// `f(n)` with a frame of about `frame` bytes calls itself until n is 0, and gives the number of calls. At
/// the deepest it calls a leaf that has no check and traps if `leaf` says so.
fn recursive(store: &Store, frame: i32, leaf: bool) -> InstanceId {
    let mut p = Program::new();
    let mut f = Function::leaf();
    f.slots = FIXED;
    f.frame = (FIXED + frame + 15) / 16 * 16;
    let whole = f.frame;
    // Small frames compare the stack pointer itself.
    let compared = if whole <= SMALL_FRAME as i32 { 0 } else { whole };
    asm!(f, push(rbp); mov(rbp, rsp); push(r15););
    // The stub wants an aligned stack.
    asm!(f, sub(rsp, 8););
    f.check_stack(compared, 1);
    asm!(f, sub(rsp, whole - FIXED - 8););
    let mut done = f.label();
    asm!(f, xor(eax, eax); mov(qword_ptr(rsp), rax); test(rdi, rdi); je(done); dec(rdi););
    f.call_own(0, 2);
    asm!(f, inc(rax););
    let mut out = f.label();
    asm!(f, jmp(out););
    f.bind(&mut done);
    if leaf {
        f.call_own(1, 3);
    }
    f.bind(&mut out);
    f.ret();
    p.func(&i64_type(1, 1), f);
    let mut f = Function::new(0, 2048);
    f.unreachable(1001);
    p.func(&i64_type(0, 0), f);
    p.instantiate(store, &[])
}

fn on_thread<R: Send>(stack: usize, f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|s| {
        std::thread::Builder::new().stack_size(stack).spawn_scoped(s, f).unwrap().join().unwrap()
    })
}

#[test]
fn overflow_is_a_trap_at_every_frame_size() {
    for stack in [192 << 10, 300 << 10, 1 << 20, 8 << 20] {
        on_thread(stack, || {
            for frame in [8, 16, 40, 100, 1000, 4000, 4090, 4096, 5000, 20_000, 100_000, 1 << 20] {
                let config = StoreConfig { max_wasm_stack: 4 << 20, ..native_config() };
                let mut store = Store::new(config).unwrap();
                let instance = recursive(&store, frame, false);
                let f = func(&mut store, instance, 0);
                for _ in 0..2 {
                    let (code, frames) = trapped(call(&mut store, f, &[u64::MAX]));
                    assert_eq!(code, TrapCode::StackOverflow, "{frame}");
                    assert_eq!(frames[0], (0, 1), "the function that wanted more");
                }
                // Just so deep that it does not overflow: the leaf traps without a check, within the reserve.
                let room = (stack - (160 << 10)).min(4 << 20) as u64;
                let fits = room / (frame as u64 + 64) * 9 / 10;
                if fits != 0 {
                    assert_eq!(call(&mut store, f, &[fits]).unwrap()[0], fits, "{frame} in {stack}");
                }
            }
        });
    }
}

#[test]
fn the_deepest_leaf_traps_within_the_reserve() {
    on_thread(512 << 10, || {
        let mut store = native_store();
        let instance = recursive(&store, 8, true);
        let f = func(&mut store, instance, 0);
        // The largest depth that does not overflow.
        let (mut fits, mut overflows) = (0, 1 << 20);
        while overflows - fits > 1 {
            let middle = (fits + overflows) / 2;
            match trapped(call(&mut store, f, &[middle])).0 {
                TrapCode::Unreachable => fits = middle,
                TrapCode::StackOverflow => overflows = middle,
                other => panic!("{other}"),
            }
        }
        assert!(fits > 1000);
        assert_eq!(trapped(call(&mut store, f, &[fits])).1[0], (1, 1001));
    });
}

#[test]
fn the_limit_is_the_stores() {
    on_thread(16 << 20, || {
        let depth = |max_wasm_stack| {
            let mut store = Store::new(StoreConfig { max_wasm_stack, ..native_config() }).unwrap();
            let instance = recursive(&store, 1000, false);
            let f = func(&mut store, instance, 0);
            (1..).find(|n| call(&mut store, f, &[n * 10]).is_err()).unwrap() * 10
        };
        let (one, two) = (depth(1 << 20), depth(2 << 20));
        assert!((900..1100).contains(&one), "{one}");
        assert!((1900..2200).contains(&two), "{two}");
    });
}

extern "C" fn on_foreign_thread(_: *mut std::ffi::c_void) -> *mut std::ffi::c_void {
    let mut store = native_store();
    let instance = recursive(&store, 100, true);
    let f = func(&mut store, instance, 0);
    let overflow = trapped(call(&mut store, f, &[u64::MAX])).0;
    let fault = trapped(call(&mut store, f, &[10])).0;
    let right = overflow == TrapCode::StackOverflow && fault == TrapCode::Unreachable;
    ptr::without_provenance_mut(right as usize)
}

/// Threads that were not made by Rust have no stack for signals, and are as good.
#[test]
fn threads_of_others() {
    for stack in [192 << 10, 2 << 20] {
        // SAFETY: a thread that is waited for.
        let result = unsafe {
            let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
            assert_eq!(libc::pthread_attr_init(&mut attributes), 0);
            assert_eq!(libc::pthread_attr_setstacksize(&mut attributes, stack), 0);
            let mut thread: libc::pthread_t = 0;
            let made = libc::pthread_create(&mut thread, &attributes, on_foreign_thread, ptr::null_mut());
            assert_eq!(made, 0);
            libc::pthread_attr_destroy(&mut attributes);
            let mut result = ptr::null_mut();
            assert_eq!(libc::pthread_join(thread, &mut result), 0);
            result
        };
        assert_eq!(result.addr(), 1);
    }
}

/// Wasm and host call each other without end.
#[test]
fn recursion_through_the_host_overflows() {
    for stack in [256 << 10, 2 << 20] {
        on_thread(stack, || {
            let mut store = native_store();
            let target = Arc::new(Mutex::new(None::<FuncPtr>));
            let depth = Arc::new(AtomicU32::new(0));
            let host = host_func(&mut store, {
                let (target, depth) = (target.clone(), depth.clone());
                move |store, _, _| {
                    depth.fetch_add(1, SeqCst);
                    let target = target.lock().unwrap().unwrap();
                    // SAFETY: the function belongs to this store; hosts hold no borrow here.
                    match unsafe { store.call(target, &mut i64s(&[0, 0])) } {
                        Err(Failure::Trap { code, .. }) => Err(Raise::Trap(code)),
                        other => panic!("{other:?}"),
                    }
                }
            });
            let mut p = Program::new();
            let ty = i64_type(2, 1);
            let import = p.import(&ty);
            let at = p.layout().imported_function(import) as i32;
            let mut f = Function::new(0, 0);
            f.call_import(at, 9);
            f.ret();
            let index = p.func(&ty, f);
            let instance = p.instantiate(&store, &[ExternId::Func(host)]);
            let f = func(&mut store, instance, index);
            for target_now in [f, host] {
                *target.lock().unwrap() = Some(target_now);
                assert_eq!(trapped(call(&mut store, target_now, &[0, 0])).0, TrapCode::StackOverflow);
                assert!(depth.swap(0, SeqCst) > 10);
            }
        });
    }
}

/// A loop with a check at its head: counts `rdi` down.
fn looping(store: &Store) -> InstanceId {
    let mut p = Program::new();
    let mut f = Function::new(0, 0);
    let mut again = f.label();
    let mut done = f.label();
    f.bind(&mut again);
    f.check_interrupt(30);
    asm!(f, test(rdi, rdi); je(done); dec(rdi); jmp(again););
    f.bind(&mut done);
    asm!(f, mov(eax, 5u32););
    f.ret();
    p.func(&i64_type(1, 1), f);
    p.instantiate(store, &[])
}

#[test]
fn loops_and_prologues_are_interrupted() {
    // A loop without calls; a function without a loop that calls itself twice, without end for all we live to
    // see.
    let doubling = |store: &Store| {
        let mut p = Program::new();
        let mut f = Function::new(2, 0);
        f.check_stack(0, 1);
        let mut done = f.label();
        let slot = f.slot(0);
        asm!(f, test(rdi, rdi); je(done); dec(rdi); mov(slot, rdi););
        f.call_own(0, 2);
        asm!(f, mov(rdi, slot););
        f.call_own(0, 3);
        f.bind(&mut done);
        f.ret();
        p.func(&i64_type(1, 1), f);
        p.instantiate(store, &[])
    };
    type Make<'a> = (&'a dyn Fn(&Store) -> InstanceId, u64, u32);
    let cases: [Make<'_>; 2] = [(&looping, u64::MAX, 30), (&doubling, 200, 1)];
    for (make, argument, offset) in cases {
        let mut store = native_store();
        let instance = make(&store);
        let f = func(&mut store, instance, 0);
        for _ in 0..20 {
            let handle = store.interrupt_handle();
            let thread = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(3));
                handle.interrupt();
            });
            let (code, frames) = trapped(call(&mut store, f, &[argument]));
            assert_eq!((code, frames[0]), (TrapCode::Interrupt, (0, offset)));
            // The word stays set until it is cleared.
            assert_eq!(trapped(call(&mut store, f, &[3])).0, TrapCode::Interrupt);
            thread.join().unwrap();
            store.clear_interrupt();
            assert!(call(&mut store, f, &[3]).is_ok());
        }
    }
}

/// Interrupting again and again, with hooks that let the guest go on, loses no interruption and stops
/// nothing.
#[test]
fn races_of_interruption() {
    let mut store = native_store();
    let instance = recursive(&store, 8, false);
    let f = func(&mut store, instance, 0);
    let clear = Some(store.as_ptr());
    let mut hooks = Hooked::new(&mut store, TestHooks { clear, ..TestHooks::default() });
    let handle = store.interrupt_handle();
    let stop = AtomicU32::new(0);
    std::thread::scope(|s| {
        s.spawn(|| {
            while stop.load(SeqCst) == 0 {
                handle.interrupt();
                std::thread::yield_now();
            }
        });
        while hooks.get().interrupts < 500 {
            assert_eq!(call(&mut store, f, &[100]).unwrap()[0], 100);
        }
        stop.store(1, SeqCst);
    });
    // Whoever comes last leaves the limit right.
    let before = hooks.get().interrupts;
    store.clear_interrupt();
    assert!(call(&mut store, f, &[100]).is_ok());
    assert_eq!(hooks.get().interrupts, before);
    handle.interrupt();
    assert!(call(&mut store, f, &[100]).is_ok());
    assert_eq!(hooks.get().interrupts, before + 1);
}

#[test]
fn fuel_runs_out_where_it_is_charged() {
    let mut store = native_store();
    let mut p = Program::new();
    let mut f = Function::new(0, 0);
    let (mut again, mut go_on) = (f.label(), f.label());
    f.bind(&mut again);
    asm!(f, mov(rax, qword_ptr(r15 + offset_of!(VMContext, store) as i32));
        sub(qword_ptr(rax + offset_of!(VMStore, fuel) as i32), 10); jns(go_on););
    f.call_stub(offset_of!(NativeStubs, fuel_exhausted), 17);
    f.bind(&mut go_on);
    asm!(f, dec(rdi); jne(again););
    f.ret();
    let index = p.func(&i64_type(1, 1), f);
    let instance = p.instantiate(&store, &[]);
    let f = func(&mut store, instance, index);
    store.set_fuel(1000);
    assert!(call(&mut store, f, &[60]).is_ok());
    assert_eq!(store.fuel(), 400);
    assert_eq!(trapped(call(&mut store, f, &[60])), (TrapCode::OutOfFuel, vec![(0, 17)]));
    assert_eq!(store.fuel(), -10);
}

/// Calls a stub with a number in each register, and gives how many are the same after that.
fn registers_kept(stub: usize, prepare: impl FnOnce(&mut Store)) -> u64 {
    let mut store = native_store();
    let mut p = Program::new();
    let mut f = Function::new(4, 256);
    let callee_saved = [rbx, r12, r13, r14];
    let caller_saved = [rcx, rdx, rsi, rdi, r8, r9, r10];
    let vectors = [
        xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15,
    ];
    let number = |i: usize| 0x1234_5678_9abc_0000 + i as u64;
    for (i, r) in callee_saved.into_iter().enumerate() {
        let slot = f.slot(i as i32);
        asm!(f, mov(slot, r););
    }
    for (i, x) in vectors.into_iter().enumerate() {
        asm!(f, mov(rax, number(i)); mov(qword_ptr(rsp), rax); mov(qword_ptr(rsp + 8), rax); inc(qword_ptr(rsp + 8));
            movups(x, xmmword_ptr(rsp)););
    }
    for (i, r) in callee_saved.into_iter().chain(caller_saved).enumerate() {
        asm!(f, mov(r, number(100 + i)););
    }
    // For `stack_check`: a depth that is fine.
    asm!(f, mov(rax, rsp););
    f.call_stub(stub, 3);
    asm!(f, xor(eax, eax););
    let count = |f: &mut Function| {
        let mut no = f.label();
        asm!(f, jne(no); inc(rax););
        f.bind(&mut no);
    };
    for (i, r) in callee_saved.into_iter().chain(caller_saved).enumerate() {
        asm!(f, mov(r11, number(100 + i)); cmp(r11, r););
        count(&mut f);
    }
    for (i, x) in vectors.into_iter().enumerate() {
        asm!(f, mov(r11, number(i)); movups(xmmword_ptr(rsp), x); cmp(r11, qword_ptr(rsp)););
        count(&mut f);
        asm!(f, inc(r11); cmp(r11, qword_ptr(rsp + 8)););
        count(&mut f);
    }
    for (i, r) in callee_saved.into_iter().enumerate() {
        let slot = f.slot(i as i32);
        asm!(f, mov(r, slot););
    }
    f.ret();
    let index = p.func(&i64_type(0, 1), f);
    let instance = p.instantiate(&store, &[]);
    let f = func(&mut store, instance, index);
    let clear = Some(store.as_ptr());
    let _hooks = Hooked::new(&mut store, TestHooks { clear, refuel: true, ..TestHooks::default() });
    prepare(&mut store);
    call(&mut store, f, &[]).unwrap()[0]
}

#[test]
fn checks_keep_registers() {
    let all = 11 + 32;
    let interrupt = |store: &mut Store| store.interrupt_handle().interrupt();
    assert_eq!(registers_kept(offset_of!(NativeStubs, interrupt), interrupt), all);
    assert_eq!(registers_kept(offset_of!(NativeStubs, fuel_exhausted), |_| ()), all);
    assert_eq!(registers_kept(offset_of!(NativeStubs, stack_check), interrupt), all);
    assert_eq!(registers_kept(offset_of!(NativeStubs, stack_check), |_| ()), all);
}

/// A store is entered on one thread and, from a host function, on another one: each has its own limit.
#[test]
fn nested_entries_on_another_stack() {
    let mut store = native_store();
    let instance = recursive(&store, 100, false);
    let deep = func(&mut store, instance, 0);
    let seen = Arc::new(AtomicU64::new(0));
    let host = host_func(&mut store, {
        let seen = seen.clone();
        move |store, _, args| {
            struct Sent(StorePtr, FuncPtr);
            // SAFETY: the other thread is waited for, and this one does nothing meanwhile.
            unsafe impl Send for Sent {}
            let sent = Sent(store, deep);
            let seen = seen.clone();
            on_thread(400 << 10, move || {
                let Sent(store, deep) = { sent };
                let mut args = i64s(&[u64::MAX, 0]);
                // SAFETY: as above.
                let result = unsafe { store.call(deep, &mut args) };
                assert!(matches!(result, Err(Failure::Trap { code: TrapCode::StackOverflow, .. })));
                seen.fetch_add(1, SeqCst);
            });
            let mut values = i64s(&[50, 0]);
            // SAFETY: hosts hold no borrow here.
            let result = unsafe { store.call(deep, &mut values) };
            result.map_err(|_| Raise::Trap(TrapCode::CastFailure))?;
            args[0] = values[0];
            Ok(())
        }
    });
    let mut p = Program::new();
    let ty = i64_type(2, 1);
    let import = p.import(&ty);
    let at = p.layout().imported_function(import) as i32;
    let mut f = Function::new(0, 0);
    f.check_stack(0, 1);
    f.call_import(at, 9);
    f.ret();
    let index = p.func(&ty, f);
    let instance = p.instantiate(&store, &[ExternId::Func(host)]);
    let f = func(&mut store, instance, index);
    for _ in 0..3 {
        assert_eq!(call(&mut store, f, &[0, 0]).unwrap()[0], 50);
    }
    assert_eq!(seen.load(SeqCst), 3);
}
