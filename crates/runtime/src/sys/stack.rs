//! Where the stack is that a thread runs on: its own, or a fiber's.
//!
//! What is kept for each thread is read and written by functions that are not inlined: a fiber may go on on another
//! thread, and a compiler that sees two accesses in one function may take the address from the first for the second.

use std::cell::Cell;
use std::ops::Range;

/// The stack pointer, more or less. Comparing two of one thread tells how much stack lies between.
///
/// The address of a local is not good enough where it can be had better: sanitizers put locals elsewhere.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    #[cfg(not(miri))]
    {
        macro_rules! read {
            ($($arch:literal: $instruction:literal),*) => { $(
                #[cfg(target_arch = $arch)]
                {
                    let sp: usize;
                    // SAFETY: copies a register.
                    unsafe { core::arch::asm!($instruction, out(reg) sp, options(nomem, nostack, preserves_flags)) };
                    return sp;
                }
            )* };
        }
        read!("x86_64": "mov {}, rsp", "aarch64": "mov {}, sp", "riscv64": "mv {}, sp", "s390x": "lgr {}, %r15");
    }
    #[allow(unreachable_code)]
    {
        let here = 0u8;
        (&raw const here).addr()
    }
}

/// The addresses of the stack that this thread runs on: a fiber's if [`replace_stack`] said so, else the thread's
/// own, however the thread was made. Asks the system once a thread.
///
/// If the system doesn't say, this is an empty range at the top of the address space, so that nothing fits.
/// Systems without a port are not asked: there it is everything.
#[inline(never)]
pub(crate) fn current_stack() -> Range<usize> {
    let (low, high) = STACK.get();
    if high != 0 {
        return low..high;
    }
    let (low, high) = ask_thread_stack().unwrap_or((usize::MAX, usize::MAX));
    STACK.set((low, high));
    low..high
}

/// Says on which stack this thread runs from now on (an empty range at 0: its own), and gives what was said before.
#[cfg(feature = "async")]
#[inline(never)]
pub(crate) fn replace_stack(stack: Range<usize>) -> Range<usize> {
    let (low, high) = STACK.replace((stack.start, stack.end));
    low..high
}

thread_local! {
    /// Its first and its last address; zeros while it is not known.
    static STACK: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Systems without a port: everything.
#[cfg(not(all(target_os = "linux", not(miri))))]
fn ask_thread_stack() -> Option<(usize, usize)> {
    Some((1, usize::MAX))
}

#[cfg(all(target_os = "linux", not(miri)))]
#[cold]
fn ask_thread_stack() -> Option<(usize, usize)> {
    use std::{mem, ptr};
    // SAFETY: the attributes are initialized by the first call, read by the others, and given back.
    unsafe {
        let mut attributes: libc::pthread_attr_t = mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) != 0 {
            return None;
        }
        let (mut low, mut size, mut guard) = (ptr::null_mut(), 0, 0);
        let known = libc::pthread_attr_getstack(&attributes, &mut low, &mut size) == 0
            && libc::pthread_attr_getguardsize(&attributes, &mut guard) == 0;
        libc::pthread_attr_destroy(&mut attributes);
        // Whether the guard lies within the stack or below it depends on the C library.
        known.then(|| (low.addr() + guard, low.addr() + size))
    }
}

/// Gives the memory of whole pages back to the system: they read as zeroes then.
///
/// # Safety
/// The pages belong to a [`Reservation`](super::Reservation), are committed, and nobody uses them.
#[cfg(all(feature = "async", target_os = "linux", not(miri)))]
pub(crate) unsafe fn discard(at: std::ptr::NonNull<u8>, len: usize) {
    use rustix::mm::{Advice, madvise};
    // SAFETY: the caller's promise. If the system does not take them, they keep what they hold.
    let _ = unsafe { madvise(at.as_ptr().cast(), len, Advice::LinuxDontNeed) };
}

/// See above: here the memory is kept.
///
/// # Safety
/// As above.
#[cfg(all(feature = "async", not(all(target_os = "linux", not(miri)))))]
pub(crate) unsafe fn discard(at: std::ptr::NonNull<u8>, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { at.as_ptr().write_bytes(0, len) };
}
