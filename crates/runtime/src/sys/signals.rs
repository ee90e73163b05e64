//! Signals that the processor raises on behalf of a program: who gets them.
//!
//! One handler for the whole process, put in place once. It asks whether the instruction that faulted is one
//! of ours; if so it goes on elsewhere. All other signals go where they went before, as if it were not there.

use libc::{c_int, c_void, siginfo_t, ucontext_t};
use once_cell::sync::OnceCell;
use std::cell::UnsafeCell;
use std::mem::{self, MaybeUninit};
use std::ptr;

/// The signals of faults.
const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

/// Says where a thread goes on whose instruction at `pc` faulted; `None`: it is not ours.
pub(crate) type Redirect = fn(pc: usize) -> Option<unsafe extern "C" fn()>;

/// What handled the signals before.
struct Previous([UnsafeCell<MaybeUninit<libc::sigaction>>; SIGNALS.len()]);

// SAFETY: each is written before the handler that reads it is in place.
unsafe impl Sync for Previous {}

static PREVIOUS: Previous = Previous([const { UnsafeCell::new(MaybeUninit::uninit()) }; SIGNALS.len()]);
static REDIRECT: OnceCell<Redirect> = OnceCell::new();

/// Puts the handler in place. Later calls do nothing.
///
/// Faults for which `redirect` gives an address go on there, with the registers of the fault. On the stack, which
/// is aligned to 16 bytes before, is put: 8 bytes of nothing, the address that the instruction wanted to access,
/// its own address.
pub(crate) fn install(redirect: Redirect) {
    REDIRECT.get_or_init(|| {
        for (signal, previous) in SIGNALS.iter().zip(&PREVIOUS.0) {
            // SAFETY: plain data of the system's; `previous` is complete before the handler can run.
            unsafe {
                let known = libc::sigaction(*signal, ptr::null(), previous.get().cast());
                let mut action: libc::sigaction = mem::zeroed();
                action.sa_sigaction = handler as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                // A signal stack is small: no others on top of this one.
                libc::sigfillset(&mut action.sa_mask);
                let installed = libc::sigaction(*signal, &action, ptr::null_mut());
                assert!(known == 0 && installed == 0, "the signals exist");
            }
        }
        redirect
    });
}

/// Runs where the fault happened or on the signal stack; calls only what may be called there.
unsafe extern "C" fn handler(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system gives valid pointers.
    unsafe {
        let registers = &mut (*context.cast::<ucontext_t>()).uc_mcontext.gregs;
        let pc = registers[libc::REG_RIP as usize];
        // Positive: raised by the processor, not by somebody.
        if (*info).si_code > 0
            && let Some(target) = REDIRECT.get().and_then(|redirect| redirect(pc as usize))
        {
            // Code keeps nothing below its stack pointer, and free space there.
            let stack = (registers[libc::REG_RSP as usize] & !15) as *mut u64;
            stack.sub(2).write((*info).si_addr() as u64);
            stack.sub(3).write(pc as u64);
            registers[libc::REG_RSP as usize] = stack.sub(3) as i64;
            registers[libc::REG_RIP as usize] = target as *const () as i64;
            return;
        }
        if let Some(i) = SIGNALS.iter().position(|s| *s == signal) {
            chain((*PREVIOUS.0[i].get()).assume_init_ref(), signal, info, context);
        }
    }
}

/// Does what the system would have done without our handler.
unsafe fn chain(previous: &libc::sigaction, signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: all of these may be called in handlers; the action is one that the system has accepted.
    unsafe {
        let fault = (*info).si_code > 0;
        match previous.sa_sigaction {
            // The system lets nobody ignore a fault.
            libc::SIG_IGN if !fault => {}
            libc::SIG_DFL | libc::SIG_IGN => {
                reset(signal);
                if !fault {
                    // Arrives as soon as this handler has returned; a fault comes again by itself.
                    libc::raise(signal);
                }
            }
            action => {
                if previous.sa_flags & libc::SA_RESETHAND != 0 {
                    reset(signal);
                }
                // The mask that the system would have set; what was interrupted gets its own back when this
                // handler returns.
                let mut mask = (*context.cast::<ucontext_t>()).uc_sigmask;
                for other in 1..=libc::SIGRTMAX() {
                    if libc::sigismember(&previous.sa_mask, other) == 1 {
                        libc::sigaddset(&mut mask, other);
                    }
                }
                if previous.sa_flags & libc::SA_NODEFER == 0 {
                    libc::sigaddset(&mut mask, signal);
                }
                libc::pthread_sigmask(libc::SIG_SETMASK, &mask, ptr::null_mut());
                if previous.sa_flags & libc::SA_SIGINFO != 0 {
                    type Action = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
                    mem::transmute::<usize, Action>(action)(signal, info, context);
                } else {
                    mem::transmute::<usize, extern "C" fn(c_int)>(action)(signal);
                }
            }
        }
    }
}

/// Gives a signal its default action.
unsafe fn reset(signal: c_int) {
    // SAFETY: plain data of the system's.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}
