//! Where this thread's stack is.

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

/// The addresses of this thread's stack, however the thread was made. Asks the system once a thread.
///
/// If the system doesn't say, this is an empty range at the top of the address space, so that nothing fits.
/// Systems without a port are not asked: there it is everything.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn thread_stack() -> std::ops::Range<usize> {
    use std::cell::Cell;
    thread_local! {
        static STACK: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    }
    let (low, high) = STACK.get();
    if high != 0 {
        return low..high;
    }
    let (low, high) = ask_thread_stack().unwrap_or((usize::MAX, usize::MAX));
    STACK.set((low, high));
    low..high
}

/// See above.
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(crate) fn thread_stack() -> std::ops::Range<usize> {
    1..usize::MAX
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
