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
