//! Signals that are not ours: each scenario runs in a process of its own.

use super::*;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// The exit code of a scenario that went well.
const FINE: i32 = 42;
const SCENARIO: &str = "WINDLASS_SIGNAL_SCENARIO";

/// How a scenario ends.
#[derive(PartialEq, Eq, Debug)]
enum End {
    Exit(i32),
    Signal(i32),
}

/// The scenarios, run in the child, and how they end.
const SCENARIOS: [(&str, fn(), End); 11] = [
    ("handler before ours", handler_before, End::Exit(FINE)),
    ("simple handler before ours", simple_handler_before, End::Exit(FINE)),
    ("handler after ours", handler_after, End::Exit(FINE)),
    ("no handler", no_handler, End::Signal(libc::SIGSEGV)),
    ("ignored fault", ignored_fault, End::Signal(libc::SIGSEGV)),
    ("signal that is sent, no handler", sent_without_handler, End::Signal(libc::SIGSEGV)),
    ("signal that is sent, ignored", sent_and_ignored, End::Exit(FINE)),
    ("stack overflow of the host", host_overflow, End::Signal(libc::SIGABRT)),
    ("fault of a host function", fault_of_host_function, End::Exit(FINE)),
    ("fault that no table knows", unknown_fault, End::Signal(libc::SIGABRT)),
    ("storm", storm, End::Exit(FINE)),
];

#[test]
fn signals_of_others() {
    if let Ok(name) = std::env::var(SCENARIO) {
        let (_, scenario, _) = SCENARIOS.iter().find(|s| s.0 == name).expect("a scenario");
        scenario();
        std::process::exit(FINE);
    }
    for (name, _, end) in SCENARIOS {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "--nocapture", "tests::native::signals::signals_of_others"])
            .env(SCENARIO, name);
        let output = child.output().unwrap();
        let ended = match output.status.code() {
            Some(code) => End::Exit(code),
            None => End::Signal(output.status.signal().unwrap()),
        };
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(ended, end, "{name}: {text}");
        let said = match name {
            "stack overflow of the host" => "has overflowed its stack",
            "fault that no table knows" => "native code faulted at 0x",
            _ => "",
        };
        assert!(text.contains(said), "{name}: {text}");
    }
}

/// The address that the host reads where it must not.
const BAD: usize = 0x1230;

fn fault() {
    // SAFETY: nothing is there: that is the point.
    unsafe { ptr::without_provenance::<u64>(BAD).read_volatile() };
}

unsafe fn set_action(signal: i32, action: usize, flags: i32) -> libc::sigaction {
    // SAFETY: plain data of the system's.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        let mut old: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = action;
        new.sa_flags = flags;
        // One at a time: signal stacks are small.
        libc::sigfillset(&mut new.sa_mask);
        assert_eq!(libc::sigaction(signal, &new, &mut old), 0);
        old
    }
}

unsafe extern "C" fn own_handler(signal: i32, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: the system gives valid pointers.
    unsafe {
        let right = signal == libc::SIGSEGV && (*info).si_addr().addr() == BAD;
        libc::_exit(if right { FINE } else { 1 });
    }
}

extern "C" fn simple_handler(signal: i32) {
    // SAFETY: ends the process.
    unsafe { libc::_exit(if signal == libc::SIGSEGV { FINE } else { 1 }) };
}

/// A guest that traps, by each of the signals that processors raise.
fn guests_trap() {
    let mut store = native_store();
    let mut p = Program::new();
    p.module.facts.memories.push(memory_type(1, None));
    let mut f = Function::new(0, 0);
    f.unreachable(1);
    p.func(&i64_type(0, 0), f);
    let mut f = Function::new(0, 0);
    asm!(f, mov(rcx, qword_ptr(r15 + offset_of!(VMContext, memory0) as i32)););
    f.traps(1001, TrapCode::MemoryOutOfBounds);
    asm!(f, mov(rax, qword_ptr(rcx + 0x10000)););
    p.func(&i64_type(0, 0), f);
    let mut f = Function::new(0, 0);
    asm!(f, xor(eax, eax); xor(edx, edx); xor(ecx, ecx););
    f.traps(2001, TrapCode::IntegerDivisionByZero);
    asm!(f, div(rcx););
    p.func(&i64_type(0, 0), f);
    let instance = p.instantiate(&store, &[]);
    let codes = [TrapCode::Unreachable, TrapCode::MemoryOutOfBounds, TrapCode::IntegerDivisionByZero];
    for (i, code) in codes.into_iter().enumerate() {
        let f = func(&mut store, instance, i as u32);
        assert_eq!(trapped(call(&mut store, f, &[])), (code, vec![(i as u32, 1000 * i as u32 + 1)]));
    }
}

fn handler_before() {
    // SAFETY: a handler that ends the process.
    unsafe { set_action(libc::SIGSEGV, own_handler as *const () as usize, libc::SA_SIGINFO) };
    guests_trap();
    fault();
    panic!("the handler was not called");
}

fn simple_handler_before() {
    // SAFETY: a handler that ends the process.
    unsafe { set_action(libc::SIGSEGV, simple_handler as *const () as usize, 0) };
    guests_trap();
    fault();
    panic!("the handler was not called");
}

/// The action that a handler passes signals on to.
static BEHIND: OnceLock<libc::sigaction> = OnceLock::new();

unsafe extern "C" fn handler_that_passes_on(signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the system gives valid pointers; what is behind was written before this handler was in place.
    unsafe {
        if (*info).si_addr().addr() == BAD {
            libc::_exit(FINE);
        }
        let behind = BEHIND.get().unwrap();
        type Action = unsafe extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void);
        std::mem::transmute::<usize, Action>(behind.sa_sigaction)(signal, info, context);
    }
}

fn handler_after() {
    guests_trap();
    // SAFETY: only this thread is there.
    unsafe {
        let mut known: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGSEGV, ptr::null(), &mut known);
        BEHIND.set(known).ok().unwrap();
        let action = handler_that_passes_on as *const () as usize;
        set_action(libc::SIGSEGV, action, libc::SA_SIGINFO | libc::SA_ONSTACK);
    }
    guests_trap();
    fault();
    panic!("the handler was not called");
}

fn no_handler() {
    // SAFETY: the default action.
    unsafe { set_action(libc::SIGSEGV, libc::SIG_DFL, 0) };
    guests_trap();
    fault();
}

fn ignored_fault() {
    // SAFETY: nobody can ignore a fault.
    unsafe { set_action(libc::SIGSEGV, libc::SIG_IGN, 0) };
    guests_trap();
    fault();
}

fn sent_without_handler() {
    // SAFETY: the default action; a signal to ourselves.
    unsafe {
        set_action(libc::SIGSEGV, libc::SIG_DFL, 0);
        guests_trap();
        libc::kill(libc::getpid(), libc::SIGSEGV);
    }
    std::thread::sleep(std::time::Duration::from_secs(5));
}

fn sent_and_ignored() {
    // SAFETY: as above.
    unsafe {
        set_action(libc::SIGSEGV, libc::SIG_IGN, 0);
        guests_trap();
        for _ in 0..3 {
            libc::raise(libc::SIGSEGV);
        }
    }
    guests_trap();
}

#[allow(unconditional_recursion)]
#[inline(never)]
fn recurse(n: u64) -> u64 {
    std::hint::black_box(recurse(std::hint::black_box(n + 1))) + 1
}

fn host_overflow() {
    guests_trap();
    println!("{}", recurse(0));
}

fn fault_of_host_function() {
    // SAFETY: a handler that ends the process.
    unsafe {
        set_action(libc::SIGSEGV, own_handler as *const () as usize, libc::SA_SIGINFO | libc::SA_ONSTACK)
    };
    let mut store = native_store();
    let host = host_func(&mut store, |_, _, _| {
        fault();
        Ok(())
    });
    let ty = i64_type(2, 1);
    let mut p = Program::new();
    let import = p.import(&ty);
    let at = p.layout().imported_function(import) as i32;
    let mut f = Function::new(0, 0);
    f.call_import(at, 1);
    f.ret();
    let index = p.func(&ty, f);
    let instance = p.instantiate(&store, &[ExternId::Func(host)]);
    let f = func(&mut store, instance, index);
    let result = call(&mut store, f, &[0, 0]);
    panic!("the handler was not called: {result:?}");
}

/// A compiler's mistake: nothing can be trusted any more.
fn unknown_fault() {
    let mut store = native_store();
    let mut p = Program::new();
    let mut f = Function::new(0, 0);
    asm!(f, ud2(););
    p.func(&i64_type(0, 0), f);
    let instance = p.instantiate(&store, &[]);
    let f = func(&mut store, instance, 0);
    let _ = call(&mut store, f, &[]);
}

static SIGNALS_SEEN: AtomicU64 = AtomicU64::new(0);

extern "C" fn count_signal(_: i32) {
    SIGNALS_SEEN.fetch_add(1, SeqCst);
    // Some work, and some stack.
    std::hint::black_box([0u8; 2000]);
}

/// Threads run guests that count, trap, and recurse to the end of the stack, while signals come as fast as
/// they can: for some on the signal stack, for others on the guest's.
fn storm() {
    // SAFETY: a handler that may run anywhere.
    unsafe {
        let action = count_signal as *const () as usize;
        set_action(libc::SIGUSR1, action, libc::SA_RESTART | libc::SA_ONSTACK);
        set_action(libc::SIGUSR2, action, libc::SA_RESTART);
        set_action(libc::SIGPROF, action, libc::SA_RESTART);
        let often = libc::timeval { tv_sec: 0, tv_usec: 1000 };
        let timer = libc::itimerval { it_interval: often, it_value: often };
        assert_eq!(libc::setitimer(libc::ITIMER_PROF, &timer, ptr::null_mut()), 0);
    }
    let stop = AtomicBool::new(false);
    let start = std::time::Instant::now();
    std::thread::scope(|s| {
        let (sender, threads) = std::sync::mpsc::channel();
        let guests: Vec<_> = (0..2)
            .map(|_| {
                let sender = sender.clone();
                s.spawn(move || {
                    // SAFETY: this thread.
                    sender.send(unsafe { libc::pthread_self() }).unwrap();
                    drop(sender);
                    while SIGNALS_SEEN.load(SeqCst) < 10_000 && start.elapsed().as_secs() < 3 {
                        guests_trap();
                        guests_count();
                    }
                })
            })
            .collect();
        drop(sender);
        let threads: Vec<_> = threads.iter().collect();
        assert_eq!(threads.len(), 2);
        let stop = &stop;
        let storm = s.spawn(move || {
            while !stop.load(SeqCst) {
                for thread in &threads {
                    // SAFETY: they are joined after this one.
                    unsafe {
                        libc::pthread_kill(*thread, libc::SIGUSR1);
                        libc::pthread_kill(*thread, libc::SIGUSR2);
                    }
                }
                std::thread::yield_now();
            }
        });
        // Who has ended, but was not joined, may still get signals.
        while !guests.iter().all(|g| g.is_finished()) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        stop.store(true, SeqCst);
        storm.join().unwrap();
        guests.into_iter().for_each(|g| g.join().unwrap());
        assert!(SIGNALS_SEEN.load(SeqCst) > 100, "{SIGNALS_SEEN:?}");
    });
}

/// A loop whose sum is known, and a recursion to the end of the stack.
fn guests_count() {
    let mut store = native_store();
    let mut p = Program::new();
    let mut f = Function::new(0, 0);
    let mut again = f.label();
    asm!(f, xor(eax, eax););
    f.bind(&mut again);
    asm!(f, add(rax, rdi); dec(rdi); jne(again););
    f.ret();
    p.func(&i64_type(1, 1), f);
    let mut f = Function::new(1, 0);
    f.check_stack(0, 1001);
    f.call_own(1, 1002);
    f.ret();
    p.func(&i64_type(0, 0), f);
    let instance = p.instantiate(&store, &[]);
    let f = func(&mut store, instance, 0);
    assert_eq!(call(&mut store, f, &[10_000]).unwrap()[0], 50_005_000);
    let f = func(&mut store, instance, 1);
    assert_eq!(trapped(call(&mut store, f, &[])).0, TrapCode::StackOverflow);
}
