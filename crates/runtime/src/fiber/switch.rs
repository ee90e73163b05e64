//! Switching stacks, by the crate `corosensei`.

use super::Poller;
use super::stack::FiberStack;
use corosensei::stack::{Stack, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};

/// Whether stacks can be switched.
pub(super) const BUILT: bool = true;

// SAFETY: the range is ours alone, with a guard below it, and is larger than the smallest that is allowed, a page.
unsafe impl Stack for FiberStack {
    fn base(&self) -> StackPointer {
        StackPointer::new(self.range().end).expect("a stack is not at the end of the address space")
    }

    fn limit(&self) -> StackPointer {
        // The guard belongs to it.
        self.memory.base().addr()
    }
}

/// A computation on a stack of its own. It never unwinds out of there.
pub(super) struct Switch<R>(Coroutine<Poller, (), R, FiberStack>);

/// Who has resumed a computation: for the computation itself.
pub(super) struct Parent(*const Yielder<Poller, ()>);

impl<R> Switch<R> {
    /// A computation that starts when it is first resumed.
    ///
    /// # Safety
    /// What `body` borrows outlives the computation, or the value is leaked. `body` does not unwind.
    pub(super) unsafe fn new(stack: FiberStack, body: impl FnOnce(Parent, Poller) -> R) -> Switch<R> {
        let body = |parent: &Yielder<Poller, ()>, poller| body(Parent(parent), poller);
        // SAFETY: the caller's promise.
        Switch(unsafe { Coroutine::with_stack_unchecked(stack, body) })
    }

    /// Goes on until it suspends itself (`None`) or ends.
    pub(super) fn resume(&mut self, poller: Poller) -> Option<R> {
        match self.0.resume(poller) {
            CoroutineResult::Yield(()) => None,
            CoroutineResult::Return(result) => Some(result),
        }
    }

    /// Whether it has been resumed.
    pub(super) fn is_started(&self) -> bool {
        self.0.started()
    }

    /// The stack of a computation that has ended, or never started.
    pub(super) fn into_stack(mut self) -> FiberStack {
        if !self.is_started() {
            // Drops the body, nothing else.
            self.0.force_unwind();
        }
        self.0.into_stack()
    }
}

impl Parent {
    /// Goes back to who has resumed the computation, until it is resumed again.
    ///
    /// # Safety
    /// Called by the computation whose parent this is, on its stack.
    pub(super) unsafe fn suspend(&self) -> Poller {
        // SAFETY: lives on the stack of the computation, below all that it calls.
        unsafe { (*self.0).suspend(()) }
    }
}
