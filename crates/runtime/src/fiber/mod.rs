//! Fibers: calls into Wasm on stacks of their own, which can wait for futures.
//!
//! **In:** a closure that calls into a store, a stack of the engine's. **Out:** a [`Fiber`], which is a future.
//!
//! ```text
//!  who polls ──► Fiber::poll ──switch──► closure ──► Wasm ──► host function ──► Suspender::block_on(future)
//!      ▲                                                                             │ pending
//!      └──────────── Poll::Pending ◄──────────────────switch─────────────────────────┘
//! ```
//!
//! Each poll may come from another thread. So whatever belongs to the stack that runs is swapped with it, by
//! `Side::swap`: in the store its current entry, where its frames go and how deep the stack may get; of the
//! thread, which stack it is on.
//!
//! **Who may wait.** A fiber may only be suspended where nothing lies on its stack that must stay on a thread. Wasm,
//! this crate and its callers keep nothing of that kind; code of the embedder may. So the [`Suspender`] lies in the
//! store while Wasm runs, and is taken out while code of the embedder does, which calls Wasm again without it. A
//! host function that waits gets it, and lends it to one future at a time. (Hooks are called with it in place:
//! [`StorePtr::without_waiting`] is for those that let the embedder use the store.)
//!
//! **Cancelling.** Nothing can unwind through frames of Wasm. A fiber that is dropped before its end is resumed with the
//! news that nobody polls it any more: the wait fails, Wasm is left as after an error of a host function, and the closure
//! returns. Then the stack is free. A fiber that is leaked is never resumed, and its stack never used again; what
//! the store had of it was swapped out.

mod stack;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"),
    not(miri)
))]
mod switch;
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"),
    not(miri)
)))]
#[path = "unsupported.rs"]
mod switch;

pub use stack::FiberStacks;

use crate::failure::Error;
use crate::host::ThreadSide;
use crate::interrupt::refresh_stack_limit;
use crate::store::StorePtr;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use switch::{Parent, Switch};
use windlass_abi::vm::Activation;

/// Who polls a fiber; `None`: nobody any more. Good until the fiber is suspended.
type Poller = Option<NonNull<Context<'static>>>;

/// What a store knows of the fiber that it runs on.
#[derive(Clone, Copy, Default)]
pub(crate) struct CurrentFiber {
    /// With what it can be suspended now.
    suspender: Option<NonNull<Suspender>>,
    /// How many fibers are nested; 0: the call is on none.
    depth: u32,
}

/// The largest number of fibers that are nested in a store: a guest that calls itself through host functions that wait
/// must not take stacks without end.
const MAX_DEPTH: u32 = 128;

/// Why a future cannot be waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WaitError {
    /// The call into Wasm is not on a fiber.
    #[error("the call is not asynchronous")]
    Synchronous,
    /// Code of the embedder lies between the fiber's start and the call.
    #[error("a synchronous call lies in between")]
    Blocked,
    /// The fiber was dropped: whoever waits has to return.
    #[error("the call was cancelled")]
    Cancelled,
}

/// What belongs to a stack: in place while it is used, kept here while it is not.
struct Side {
    activation: *mut Activation,
    stack_floor: usize,
    frames_top: *mut u64,
    fiber: CurrentFiber,
    thread: ThreadSide,
}

impl Side {
    /// Puts this side in place, and keeps the one that was.
    ///
    /// # Safety
    /// As for [`StorePtr`]'s methods; no code of the store runs. The stack is switched next.
    unsafe fn swap(&mut self, store: StorePtr) {
        // SAFETY: the caller's promise.
        unsafe {
            let vmstore = store.vmstore();
            mem::swap(&mut (*vmstore).activation, &mut self.activation);
            mem::swap(&mut (*vmstore).stack_floor, &mut self.stack_floor);
            mem::swap(&mut (*vmstore).frames.top, &mut self.frames_top);
            refresh_stack_limit(vmstore);
            mem::swap(&mut store.inner().fiber, &mut self.fiber);
        }
        self.thread.swap();
    }
}

/// A call into a store on a stack of its own. It starts when it is first polled, and is cancelled when it is dropped.
///
/// A panic of the closure goes on where the fiber is polled, or dropped.
pub struct Fiber<F, R> {
    /// None after it has ended.
    switch: Option<Switch<thread::Result<R>>>,
    /// The side that does not run: the fiber's while it is suspended, else that of who polls.
    side: Side,
    store: StorePtr,
    stacks: Arc<FiberStacks>,
    closure: PhantomData<F>,
}

// SAFETY: what lies on the stack of a suspended fiber is the closure, frames that may go on on any thread, and futures
// that are `Send`: see the module's header. The result comes from there.
unsafe impl<F: Send, R: Send> Send for Fiber<F, R> {}

// SAFETY: nothing can be done with a shared reference.
unsafe impl<F, R> Sync for Fiber<F, R> {}

impl<F: FnOnce() -> R, R> Fiber<F, R> {
    /// A fiber that calls `closure`.
    ///
    /// # Safety
    /// As for [`StorePtr`]'s methods, all of them together, from here until the fiber has ended or was dropped; or,
    /// if it is leaked, as long as it is polled. What `closure` borrows lives as long.
    ///
    /// # Errors
    /// If the system gives no stack, fibers are nested too deeply in the store, or there are none on this system.
    pub unsafe fn new(store: StorePtr, stacks: &Arc<FiberStacks>, closure: F) -> Result<Fiber<F, R>, Error> {
        if !switch::BUILT {
            return Err(Error::NoFibers);
        }
        // SAFETY: the caller's promise.
        let depth = unsafe { store.inner().fiber.depth } + 1;
        if depth > MAX_DEPTH {
            return Err(Error::TooManyFibers);
        }
        let stack = stacks.take()?;
        // SAFETY: as above.
        let side = unsafe {
            let vmstore = store.vmstore();
            Side {
                activation: (*vmstore).activation,
                stack_floor: (*vmstore).stack_floor,
                frames_top: (*vmstore).frames.top,
                fiber: CurrentFiber { suspender: None, depth },
                thread: ThreadSide::of_stack(stack.range()),
            }
        };
        let body = move |parent: Parent, poller: Poller| {
            let mut suspender = Suspender { parent, poller };
            // SAFETY: the caller's promise. Whoever polls takes the pointer away again, with the side.
            unsafe { store.inner().fiber.suspender = Some(NonNull::from(&mut suspender)) };
            catch_unwind(AssertUnwindSafe(closure))
        };
        // SAFETY: what the closure borrows lives long enough, says the caller; unwinding ends in the body.
        let switch = unsafe { Switch::new(stack, body) };
        Ok(Fiber { switch: Some(switch), side, store, stacks: stacks.clone(), closure: PhantomData })
    }
}

impl<F, R> Fiber<F, R> {
    /// Lets it run until it waits (`None`) or ends.
    fn resume(&mut self, poller: Poller) -> Option<thread::Result<R>> {
        let switch = self.switch.as_mut().expect("a fiber that has ended is not polled");
        // SAFETY: who made the fiber promised that the store is there for it alone.
        unsafe { self.side.swap(self.store) };
        let result = switch.resume(poller);
        // SAFETY: as above.
        unsafe { self.side.swap(self.store) };
        if result.is_some() {
            self.give_stack_back();
        }
        result
    }

    fn give_stack_back(&mut self) {
        if let Some(switch) = self.switch.take() {
            self.stacks.put(switch.into_stack());
        }
    }
}

// Nothing of it is pinned: its frames lie elsewhere.
impl<F, R> Unpin for Fiber<F, R> {}

impl<F, R> Future for Fiber<F, R> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        match self.get_mut().resume(Some(NonNull::from(cx).cast())) {
            None => Poll::Pending,
            Some(Ok(result)) => Poll::Ready(result),
            Some(Err(panic)) => resume_unwind(panic),
        }
    }
}

impl<F, R> Drop for Fiber<F, R> {
    fn drop(&mut self) {
        match &self.switch {
            None => {}
            Some(switch) if !switch.is_started() => self.give_stack_back(),
            Some(_) => {
                let result = self.resume(None).expect("a fiber that is cancelled does not wait");
                if let Err(panic) = result
                    && !thread::panicking()
                {
                    resume_unwind(panic);
                }
            }
        }
    }
}

/// With what a fiber is suspended: for whoever waits on its stack.
pub struct Suspender {
    parent: Parent,
    poller: Poller,
}

impl Suspender {
    /// Polls the future until it is ready, and suspends the fiber while it is not.
    ///
    /// # Errors
    /// [`WaitError::Cancelled`].
    pub fn block_on<F: Future + Send>(&mut self, future: F) -> Result<F::Output, WaitError> {
        let mut future = pin!(future);
        loop {
            let Some(mut poller) = self.poller else { return Err(WaitError::Cancelled) };
            // SAFETY: who polls the fiber does so until it is suspended, which this code does below. The lifetime
            // is that of the reference, which ends before that.
            let cx: &mut Context<'_> = unsafe { poller.as_mut() };
            if let Poll::Ready(result) = future.as_mut().poll(cx) {
                return Ok(result);
            }
            // SAFETY: this is the fiber: the suspender lies on its stack and is not given to other threads.
            self.poller = unsafe { self.parent.suspend() };
        }
    }
}

/// Puts the suspender back.
struct Taken {
    store: StorePtr,
    suspender: Option<NonNull<Suspender>>,
}

impl Taken {
    /// # Safety
    /// As for [`StorePtr`]'s methods, until the value is dropped.
    unsafe fn from(store: StorePtr) -> Taken {
        // SAFETY: the caller's promise.
        Taken { store, suspender: unsafe { store.inner().fiber.suspender.take() } }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // SAFETY: promised when it was made.
        unsafe { self.store.inner().fiber.suspender = self.suspender };
    }
}

impl StorePtr {
    /// Runs code of the embedder that may use the store: Wasm that it calls cannot wait. The code itself can, if
    /// it gets the suspender and waits for what does not borrow the thread.
    ///
    /// # Safety
    /// As for all methods here.
    pub(crate) unsafe fn with_suspender<R>(
        self,
        code: impl FnOnce(Result<&mut Suspender, WaitError>) -> R,
    ) -> R {
        // SAFETY: the caller's promise. A suspender lives as long as its fiber is in place, and nobody else has
        // it while it is not in the store.
        unsafe {
            let taken = Taken::from(self);
            let suspender = match taken.suspender {
                Some(mut suspender) => Ok(suspender.as_mut()),
                None if self.inner().fiber.depth > 0 => Err(WaitError::Blocked),
                None => Err(WaitError::Synchronous),
            };
            code(suspender)
        }
    }

    /// Runs code of the embedder that may use the store, for a hook: Wasm that it calls cannot wait.
    ///
    /// # Safety
    /// As for all methods here.
    pub unsafe fn without_waiting<R>(self, code: impl FnOnce() -> R) -> R {
        // SAFETY: the caller's promise.
        unsafe { self.with_suspender(|_| code()) }
    }

    /// Waits for a future, for a hook.
    ///
    /// # Safety
    /// As for all methods here, also while it waits.
    ///
    /// # Errors
    /// If the call is not on a fiber, must not be suspended here, or was cancelled.
    pub unsafe fn block_on<F: Future + Send>(self, future: F) -> Result<F::Output, WaitError> {
        // SAFETY: the caller's promise.
        unsafe { self.with_suspender(|suspender| suspender?.block_on(future)) }
    }
}
