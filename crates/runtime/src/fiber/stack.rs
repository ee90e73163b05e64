//! Stacks of fibers, kept for reuse.

use crate::failure::Error;
use crate::sys::{self, Reservation};
use parking_lot::Mutex;
use std::fmt;
use std::ops::Range;

/// Bytes below a stack that nobody can access: who runs into them is stopped by the system. Larger than a
/// page, because code in C may leap over one.
const GUARD: usize = 64 << 10;

/// Bytes at the top of a free stack that keep their memory: what short calls use.
const WARM: usize = 32 << 10;

/// The largest number of free stacks that are kept.
const KEPT: usize = 128;

/// Memory for a stack, with a guard below it.
pub(super) struct FiberStack {
    pub(super) memory: Reservation,
    guard: usize,
}

impl FiberStack {
    fn new(size: usize) -> Result<FiberStack, Error> {
        let error = |why: &dyn fmt::Display| Error::host_memory("a fiber's stack", size, why);
        let guard = sys::round_up_to_page(GUARD).ok_or_else(|| error(&"too large"))?;
        let len = sys::round_up_to_page(size)
            .and_then(|size| size.checked_add(guard))
            .ok_or_else(|| error(&"too large"))?;
        let memory = Reservation::new(len).map_err(|e| error(&e))?;
        // SAFETY: the rest of the reservation, which is whole pages.
        unsafe { memory.commit(guard, len - guard) }.map_err(|e| error(&e))?;
        Ok(FiberStack { memory, guard })
    }

    /// The addresses that may be used.
    pub(super) fn range(&self) -> Range<usize> {
        let start = self.memory.base().addr().get();
        start + self.guard..start + self.memory.len()
    }

    /// Gives the memory back to the system, except for `kept` bytes at the top.
    fn discard(&self, kept: usize) {
        let len = (self.memory.len() - self.guard).saturating_sub(kept);
        // SAFETY: within the reservation, and nobody uses the stack.
        unsafe { sys::discard(self.memory.base().add(self.guard), len) };
    }
}

/// Stacks for the fibers of an engine. A stack that is not needed any more is kept for the next fiber, its memory
/// given back to the system but for a small part.
pub struct FiberStacks {
    size: usize,
    zeroed: bool,
    free: Mutex<Vec<FiberStack>>,
}

impl FiberStacks {
    /// Stacks of `size` bytes. If `zeroed`, no fiber finds on its stack what another one has left there.
    pub fn new(size: usize, zeroed: bool) -> FiberStacks {
        FiberStacks { size, zeroed, free: Mutex::default() }
    }

    /// A stack: one that is free, or a new one.
    pub(super) fn take(&self) -> Result<FiberStack, Error> {
        let free = self.free.lock().pop();
        free.map_or_else(|| FiberStack::new(self.size), Ok)
    }

    /// Takes a stack back.
    pub(super) fn put(&self, stack: FiberStack) {
        stack.discard(if self.zeroed { 0 } else { WARM });
        let mut free = self.free.lock();
        if free.len() < KEPT {
            free.push(stack);
        }
    }
}

impl fmt::Debug for FiberStacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiberStacks").field("size", &self.size).finish_non_exhaustive()
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    fn write_and_read(stack: &FiberStack, below_top: usize) -> u64 {
        let at = stack.range().end - below_top - stack.memory.base().addr().get();
        // SAFETY: within the stack, which nobody runs on.
        unsafe {
            let place = stack.memory.base().add(at).cast::<u64>();
            let old = place.read();
            place.write(7);
            old
        }
    }

    #[test]
    fn stacks_are_reused_and_give_memory_back() {
        let stacks = FiberStacks::new(256 << 10, false);
        let stack = stacks.take().unwrap();
        let range = stack.range();
        assert_eq!(range.len(), 256 << 10);
        assert_eq!((write_and_read(&stack, 8), write_and_read(&stack, 200 << 10)), (0, 0));
        stacks.put(stack);
        let stack = stacks.take().unwrap();
        assert_eq!(stack.range(), range);
        assert_eq!((write_and_read(&stack, 8), write_and_read(&stack, 200 << 10)), (7, 0));
    }

    #[test]
    fn zeroed_stacks_keep_nothing() {
        let stacks = FiberStacks::new(128 << 10, true);
        let stack = stacks.take().unwrap();
        assert_eq!(write_and_read(&stack, 8), 0);
        stacks.put(stack);
        assert_eq!(write_and_read(&stacks.take().unwrap(), 8), 0);
    }

    #[test]
    fn few_are_kept() {
        let stacks = FiberStacks::new(4 << 10, false);
        let taken: Vec<FiberStack> = (0..KEPT + 10).map(|_| stacks.take().unwrap()).collect();
        taken.into_iter().for_each(|stack| stacks.put(stack));
        assert_eq!(stacks.free.lock().len(), KEPT);
    }

    #[test]
    fn absurd_sizes_are_errors() {
        assert!(FiberStacks::new(usize::MAX, false).take().is_err());
        assert!(FiberStacks::new(usize::MAX / 2, false).take().is_err());
    }
}
