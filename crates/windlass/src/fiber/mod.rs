//! Asynchronous calls: a guest that waits for the host gives its thread back meanwhile.
//!
//! A call of `call_async`, `instantiate_async` and their like is a future. Polling it runs the guest on a stack of
//! its own, a fiber ([`windlass_runtime::fiber`]). When the guest calls a host function made by `func_wrap_async`, that function's
//! future is polled; while it is pending, so is the outer one. A guest can also give its thread back every so much
//! fuel, or at deadlines.
//!
//! Everything else (traps, errors, panics, limits, backtraces) is as in synchronous calls: what an asynchronous
//! call runs on its fiber is the synchronous call. Only the code that waits looks whether there is a fiber, and says
//! [`AsyncRequired`] if not.
//!
//! The rooms: `call` (calls), `host` (host functions), `limits` (limiters that wait), `timeslice` (guests that give
//! their thread back), `gc` (names only).

mod call;
mod gc;
mod host;
mod limits;
mod timeslice;

pub use limits::ResourceLimiterAsync;
pub(crate) use limits::{AsyncLimiter, Waiting};
pub(crate) use timeslice::{give_way, next_turn};

use crate::error::Result;
use crate::func::store_of;
use crate::store::StoreContextMut;
use crate::{Error, Trap};
use windlass_runtime::fiber::{Fiber, WaitError};

/// The guest had to wait for something, e.g. for an asynchronous host function, but was called in a way that
/// cannot wait.
///
/// There are two causes: the call was synchronous ([`Func::call`](crate::Func::call) and the like, instead of
/// [`Func::call_async`](crate::Func::call_async)); or it was asynchronous, but a synchronous host function
/// called the guest again. The guest ends with this error; the store can be used on.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let sleep = Func::wrap_async(&mut store, |_: Caller<'_, ()>, (): ()| Box::new(async {}));
/// let error = sleep.call(&mut store, &[], &mut []).unwrap_err();
/// assert!(error.is::<AsyncRequired>());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the guest has to wait for the host, but {0}")]
pub struct AsyncRequired(Why);

#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
enum Why {
    #[error("was called synchronously: use `call_async`, `instantiate_async` or their like instead")]
    Synchronous,
    #[error(
        "a synchronous host function has called it: make that one asynchronous (`func_wrap_async`) and let it use `call_async`"
    )]
    Blocked,
}

/// The future of the call was dropped. Nobody sees this error but the code that it stops.
#[derive(Debug, thiserror::Error)]
#[error("the asynchronous call was dropped")]
struct Cancelled;

/// Why something could not be waited for.
#[cold]
fn wait_failed(why: WaitError) -> Error {
    match why {
        WaitError::Synchronous => AsyncRequired(Why::Synchronous).into(),
        WaitError::Blocked => AsyncRequired(Why::Blocked).into(),
        WaitError::Cancelled => Cancelled.into(),
    }
}

/// Runs `body` on a fiber: what the guest waits for there suspends the future.
async fn on_fiber<T: 'static, R>(
    store: &mut StoreContextMut<'_, T>,
    body: impl FnOnce(&mut StoreContextMut<'_, T>) -> Result<R>,
) -> Result<R> {
    let stacks = store.engine().fiber_stacks().clone();
    let runtime = store.runtime();
    // SAFETY: the store is borrowed exclusively as long as the future lives, and is used by the fiber alone.
    let mut inner = unsafe { store_of::<T>(runtime) };
    // SAFETY: as above. What `body` borrows outlives the future, which has the fiber.
    let fiber = unsafe { Fiber::new(runtime, &stacks, move || body(&mut inner)) };
    match fiber {
        Ok(fiber) => fiber.await,
        // As if all of them were on one stack.
        Err(windlass_runtime::Error::TooManyFibers) => Err(Trap::StackOverflow.into()),
        Err(error) => Err(error.into()),
    }
}
