//! Borrowed stores, and the traits by which functions take any form of store.

use super::{Interruption, Store, StoreCore, StoreInner};
use crate::Engine;
use crate::error::Result;
use crate::externals::hook_failed;
use crate::gc::{ExnRef, GcHeapOutOfMemory, Rooted};
use std::marker::PhantomData;
use std::ptr::NonNull;
use windlass_runtime::StorePtr;

/// A store, borrowed.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// fn describe(store: StoreContext<'_, String>) -> String {
///     format!("{}, fuel {:?}", store.data(), store.get_fuel().ok())
/// }
///
/// let engine = Engine::new(Config::new().consume_fuel(true))?;
/// let store = Store::new(&engine, "a store".to_owned());
/// assert_eq!(describe(store.as_context()), "a store, fuel Some(0)");
/// assert!(Engine::same(store.as_context().engine(), &engine));
/// assert!(!store.as_context().has_pending_exception());
/// # Ok(())
/// # }
/// ```
pub struct StoreContext<'a, T: 'static> {
    inner: NonNull<StoreInner<T>>,
    borrow: PhantomData<&'a StoreInner<T>>,
}

/// A store, borrowed exclusively.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// fn refuel(mut store: StoreContextMut<'_, u32>) -> Result<()> {
///     ensure!(store.engine().config().get_consume_fuel(), "no fuel here");
///     *store.data_mut() += 1;
///     store.set_fuel(store.get_fuel()? + 1_000)
/// }
///
/// let engine = Engine::new(Config::new().consume_fuel(true))?;
/// let mut store = Store::new(&engine, 0);
/// refuel(store.as_context_mut())?;
/// assert_eq!((store.get_fuel()?, *store.data()), (1_000, 1));
/// # Ok(())
/// # }
/// ```
pub struct StoreContextMut<'a, T: 'static> {
    inner: NonNull<StoreInner<T>>,
    borrow: PhantomData<&'a mut StoreInner<T>>,
}

// SAFETY: it stands for a shared reference to a store.
unsafe impl<T: Sync> Send for StoreContext<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for StoreContext<'_, T> {}
// SAFETY: it stands for an exclusive reference to a store.
unsafe impl<T: Send> Send for StoreContextMut<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for StoreContextMut<'_, T> {}

/// What can be used as a store to read from.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// /// Takes a store, a `Caller` in a host function, or either of them borrowed.
/// fn pages(store: impl AsContext, memory: Memory) -> u64 {
///     memory.size(&store)
/// }
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(3, None))?;
/// let f = Func::wrap(&mut store, move |caller: Caller<'_, ()>| pages(&caller, memory));
/// assert_eq!(pages(&store, memory), f.typed::<(), u64>(&store)?.call(&mut store, ())?);
/// # Ok(())
/// # }
/// ```
pub trait AsContext {
    /// The host's data in the store.
    type Data: 'static;

    /// The store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// What can be used as a store to change.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// /// Takes any form of store whose data is a number.
/// fn count(mut store: impl AsContextMut<Data = u32>) {
///     *store.as_context_mut().data_mut() += 1;
/// }
///
/// let mut store = Store::new(&Engine::default(), 0);
/// count(&mut store);
/// let f = Func::wrap(&mut store, |mut caller: Caller<'_, u32>| count(&mut caller));
/// f.typed::<(), ()>(&store)?.call(&mut store, ())?;
/// assert_eq!(store.into_data(), 2);
/// # Ok(())
/// # }
/// ```
pub trait AsContextMut: AsContext {
    /// The store.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<'a, T> StoreContext<'a, T> {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.core().engine()
    }

    /// The host's data.
    pub fn data(&self) -> &'a T {
        // SAFETY: the store is borrowed for `'a`.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// As [`Store::get_fuel`].
    pub fn get_fuel(&self) -> Result<u64> {
        self.core().get_fuel()
    }

    /// As [`Store::has_pending_exception`].
    pub fn has_pending_exception(&self) -> bool {
        self.core().pending_exception.is_some()
    }

    pub(crate) fn core(&self) -> &'a StoreCore {
        // SAFETY: the store is borrowed for `'a`.
        unsafe { &(*self.inner.as_ptr()).core }
    }
}

impl<T> Clone for StoreContext<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoreContext<'_, T> {}

impl<'a, T> StoreContextMut<'a, T> {
    /// The store behind a pointer.
    ///
    /// # Safety
    /// The store is live and nothing else uses it during `'a`, except through what is made from the result.
    pub(crate) unsafe fn from_inner(inner: NonNull<StoreInner<T>>) -> StoreContextMut<'a, T> {
        StoreContextMut { inner, borrow: PhantomData }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        // SAFETY: the store is borrowed.
        unsafe { (*self.inner.as_ptr()).core.engine() }
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        // SAFETY: the store is borrowed.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: the store is borrowed exclusively.
        unsafe { &mut (*self.inner.as_ptr()).data }
    }

    /// As [`Store::get_fuel`].
    pub fn get_fuel(&self) -> Result<u64> {
        self.as_context().get_fuel()
    }

    /// As [`Store::set_fuel`].
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.core_mut().set_fuel(fuel)
    }

    /// As [`Store::set_epoch_deadline`].
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        self.core_mut().set_epoch_deadline(ticks_beyond_current);
    }

    /// As [`Store::interruption`].
    pub fn interruption(&self) -> Interruption {
        self.core().interruption()
    }

    /// Does what the guest does when it looks whether it was interrupted: at the deadline the callback of
    /// [`Store::epoch_deadline_callback`] decides. `Ok(())`: there was no interruption, or the callback says to go on.
    ///
    /// # Errors
    /// [`Trap::Interrupt`](crate::Trap::Interrupt), or the callback's error. A host function returns it, and the
    /// guest ends as if it had seen the interruption itself.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
    /// let mut store = Store::new(&engine, ());
    /// // A host function that has much to do.
    /// let work = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| -> Result<()> {
    ///     loop {
    ///         // … some of it, and then:
    ///         let mut store: StoreContextMut<'_, ()> = caller.as_context_mut();
    ///         store.check_interruption()?;
    ///     }
    /// });
    /// store.set_epoch_deadline(1);
    /// engine.increment_epoch();
    /// let error = work.typed::<(), ()>(&store)?.call(&mut store, ()).unwrap_err();
    /// assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_interruption(&mut self) -> Result<()> {
        let runtime = self.runtime();
        // SAFETY: the store is borrowed exclusively, and no reference into it is in use while hooks run.
        unsafe { runtime.check_interrupt() }.or_else(hook_failed)
    }

    /// As [`Store::epoch_deadline_trap`].
    pub fn epoch_deadline_trap(&mut self) {
        // SAFETY: the store is borrowed exclusively.
        unsafe { (*self.inner.as_ptr()).epoch_callback = None };
    }

    /// As [`Store::gc`].
    ///
    /// # Errors
    /// As there.
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        // A collection makes all the room that there can be.
        let _ = why;
        self.core_mut().runtime.gc();
        Ok(())
    }

    /// As [`Store::throw`].
    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        self.core_mut().throw(exception)
    }

    /// As [`Store::take_pending_exception`].
    pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        self.core_mut().take_pending_exception()
    }

    /// As [`Store::has_pending_exception`].
    pub fn has_pending_exception(&self) -> bool {
        self.as_context().has_pending_exception()
    }

    pub(crate) fn core(&self) -> &StoreCore {
        // SAFETY: the store is borrowed.
        unsafe { &(*self.inner.as_ptr()).core }
    }

    pub(crate) fn core_mut(&mut self) -> &mut StoreCore {
        // SAFETY: the store is borrowed exclusively.
        unsafe { &mut (*self.inner.as_ptr()).core }
    }

    /// The host's data and the rest of the store, for as long as the store is borrowed.
    pub(crate) fn split(self) -> (&'a mut T, &'a mut StoreCore) {
        // SAFETY: the store is borrowed exclusively for `'a`; the fields are apart.
        unsafe { (&mut (*self.inner.as_ptr()).data, &mut (*self.inner.as_ptr()).core) }
    }

    /// The runtime's store, for what runs guest code or hooks: no reference to the store may be in use then.
    pub(crate) fn runtime(&mut self) -> StorePtr {
        self.core().runtime.as_ptr()
    }

    pub(crate) fn inner(&mut self) -> &mut StoreInner<T> {
        // SAFETY: the store is borrowed exclusively.
        unsafe { self.inner.as_mut() }
    }
}

impl<T> AsContext for Store<T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { inner: Store::inner(self), borrow: PhantomData }
    }
}

impl<T> AsContextMut for Store<T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { inner: Store::inner(self), borrow: PhantomData }
    }
}

impl<T> AsContext for StoreContext<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        *self
    }
}

impl<T> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { inner: self.inner, borrow: PhantomData }
    }
}

impl<T> AsContextMut for StoreContextMut<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { inner: self.inner, borrow: PhantomData }
    }
}

impl<C: AsContext> AsContext for &'_ C {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(*self)
    }
}

impl<C: AsContext> AsContext for &'_ mut C {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(*self)
    }
}

impl<C: AsContextMut> AsContextMut for &'_ mut C {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        C::as_context_mut(*self)
    }
}

impl<'a, T> From<StoreContextMut<'a, T>> for StoreContext<'a, T> {
    fn from(store: StoreContextMut<'a, T>) -> StoreContext<'a, T> {
        StoreContext { inner: store.inner, borrow: PhantomData }
    }
}

impl<'a, C: AsContext> From<&'a C> for StoreContext<'a, C::Data> {
    fn from(store: &'a C) -> StoreContext<'a, C::Data> {
        store.as_context()
    }
}

impl<'a, C: AsContext> From<&'a mut C> for StoreContext<'a, C::Data> {
    fn from(store: &'a mut C) -> StoreContext<'a, C::Data> {
        C::as_context(store)
    }
}

impl<'a, C: AsContextMut> From<&'a mut C> for StoreContextMut<'a, C::Data> {
    fn from(store: &'a mut C) -> StoreContextMut<'a, C::Data> {
        store.as_context_mut()
    }
}
