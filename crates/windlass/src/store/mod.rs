//! Stores: the owners of everything that lives while Wasm runs.
//!
//! A store is made of [`StoreInner<T>`], which never moves, and in it [`StoreCore`], the part that does not
//! depend on `T`. The runtime comes back to the embedder (host functions, hooks) through a pointer
//! to the `StoreInner<T>`. So no Rust reference to it is ever held while guest code or a hook runs:
//! [`StoreContextMut`] holds a pointer, and borrows from it for single steps.

mod base;
mod context;
mod hooks;
mod interrupt;

pub(crate) use base::{StoreCore, StoreId};
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub(crate) use hooks::{from_host_error, host_error};
pub(crate) use interrupt::Deadline;
pub use interrupt::{InterruptHandle, InterruptListener, Interruption, UpdateDeadline};

use crate::Engine;
use crate::error::Result;
use crate::gc::{ExnRef, GcHeapOutOfMemory, Rooted};
use crate::limits::ResourceLimiter;
use hooks::StoreHooks;
use std::ptr::NonNull;

/// Owner of instances, functions, memories, tables, globals, tags and heap references, and of the host's data `T`.
///
/// Compiled guests run on the stack of the thread that calls them, and may take up to
/// [`Config::max_wasm_stack`](crate::Config::max_wasm_stack) of it; less where the thread has less. The interpreter has a stack of
/// its own: however deep a guest recurses, a call takes little of the thread's, and only calls that nest through host
/// functions may take up to [`Config::max_host_stack`](crate::Config::max_host_stack).
///
/// All that is made in a store lives until the store is dropped. A store is used by one thread at a time; it
/// is `Send` if `T` is.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, 0_u32);
/// let count = Func::wrap(&mut store, |mut caller: Caller<'_, u32>| *caller.data_mut() += 1);
/// count.typed::<(), ()>(&store)?.call(&mut store, ())?;
/// assert_eq!(*store.data(), 1);
/// assert!(Engine::same(store.engine(), &engine));
/// *store.data_mut() += 1;
/// assert_eq!(store.into_data(), 2);
/// # Ok(())
/// # }
/// ```
pub struct Store<T: 'static> {
    inner: NonNull<StoreInner<T>>,
    /// What the runtime's store asks; used by nobody else while that lives.
    hooks: NonNull<StoreHooks<T>>,
}

/// What a store is made of. It never moves.
pub(crate) struct StoreInner<T: 'static> {
    /// Dropped first: nothing of the runtime may outlive what it points to in the rest.
    pub(crate) core: StoreCore,
    limiter: Option<Limiter<T>>,
    epoch_callback: Option<EpochCallback<T>>,
    pub(crate) data: T,
}

/// Finds what limits a store in its data.
pub(crate) enum Limiter<T: 'static> {
    Sync(Box<dyn FnMut(&mut T) -> &mut (dyn ResourceLimiter) + Send + Sync>),
    #[cfg(feature = "async")]
    Async(crate::fiber::AsyncLimiter<T>),
}

pub(crate) type EpochCallback<T> =
    Box<dyn FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync>;

// SAFETY: the store owns what it points to, and everything in it but `T` may be used by one thread after another.
unsafe impl<T: Send> Send for Store<T> {}
// SAFETY: shared references to a store only read, and everything in it but `T` may be read by several threads.
unsafe impl<T: Sync> Sync for Store<T> {}

impl<T> Store<T> {
    /// Makes an empty store for modules of `engine`.
    ///
    /// # Panics
    /// If the host cannot give the store its stack; see [`Store::try_new`].
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        Store::try_new(engine, data).expect("the host has memory for a store's stack")
    }

    /// Makes an empty store for modules of `engine`.
    ///
    /// # Errors
    /// If the host cannot give the store its stack.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let store = Store::try_new(&Engine::default(), ())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_new(engine: &Engine, data: T) -> Result<Store<T>> {
        let core = StoreCore::new(engine)?;
        let inner = Box::new(StoreInner { core, limiter: None, epoch_callback: None, data });
        let inner = NonNull::from(Box::leak(inner));
        let hooks = NonNull::from(Box::leak(Box::new(StoreHooks(inner))));
        // SAFETY: both are freed after the runtime's store is, and only the thread that uses the store uses them.
        unsafe { (*inner.as_ptr()).core.runtime.set_hooks(hooks.as_ptr(), inner.as_ptr().cast()) };
        Ok(Store { inner, hooks })
    }

    pub(crate) fn inner(&self) -> NonNull<StoreInner<T>> {
        self.inner
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        // SAFETY: the store is borrowed for as long as the result.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: as in `data`, exclusively.
        unsafe { &mut (*self.inner.as_ptr()).data }
    }

    /// Drops the store and gives its data back.
    pub fn into_data(self) -> T {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not used again.
        unsafe { free(this.inner, this.hooks) }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        // SAFETY: as in `data`.
        unsafe { (*self.inner.as_ptr()).core.engine() }
    }

    /// Sets what decides how much memories and tables may grow and how many things the store may hold:
    /// `limiter` finds it in the store's data.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let limits = StoreLimitsBuilder::new().memory_size(10 << 16).build();
    /// let mut store = Store::new(&Engine::default(), limits);
    /// store.limiter(|limits| limits);
    /// assert!(Memory::new(&mut store, MemoryType::new(11, None)).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn limiter(
        &mut self,
        limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static,
    ) {
        self.set_limiter(Limiter::Sync(Box::new(limiter)));
    }

    pub(crate) fn set_limiter(&mut self, limiter: Limiter<T>) {
        // SAFETY: as in `data_mut`.
        let inner = unsafe { &mut *self.inner.as_ptr() };
        inner.limiter = Some(limiter);
        inner.update_counts();
    }

    /// Fuel left.
    ///
    /// # Errors
    /// If fuel is not switched on ([`Config::consume_fuel`](crate::Config::consume_fuel)).
    pub fn get_fuel(&self) -> Result<u64> {
        self.as_context().get_fuel()
    }

    /// Sets the fuel. A store starts with none.
    ///
    /// # Errors
    /// If fuel is not switched on ([`Config::consume_fuel`](crate::Config::consume_fuel)).
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "spin") (loop (br 0))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// // Instances need none, unless they have a start function.
    /// let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
    /// store.set_fuel(1_000)?;
    /// let error = spin.call(&mut store, ()).unwrap_err();
    /// assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
    /// assert_eq!(store.get_fuel()?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.as_context_mut().set_fuel(fuel)
    }

    /// Sets the epoch at which the guest is interrupted: `ticks_beyond_current` after the engine's
    /// current one. Until it is set the deadline is the epoch at which the store was made.
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        self.as_context_mut().set_epoch_deadline(ticks_beyond_current);
    }

    /// At the deadline the guest traps with [`Trap::Interrupt`](crate::Trap::Interrupt): the default.
    pub fn epoch_deadline_trap(&mut self) {
        self.as_context_mut().epoch_deadline_trap();
    }

    /// At the deadline `callback` decides what happens. Its error ends the guest.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "spin") (loop (br 0))))"#)?;
    /// let mut store = Store::new(&engine, 0);
    /// let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
    /// store.epoch_deadline_callback(|mut store| {
    ///     *store.data_mut() += 1;
    ///     // Ten more times, each at once.
    ///     Ok(if *store.data() <= 10 { UpdateDeadline::Continue(0) } else { UpdateDeadline::Interrupt })
    /// });
    /// assert!(spin.call(&mut store, ()).is_err());
    /// assert_eq!(*store.data(), 11);
    /// // Back to the default.
    /// store.epoch_deadline_trap();
    /// assert!(spin.call(&mut store, ()).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn epoch_deadline_callback(
        &mut self,
        callback: impl FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync + 'static,
    ) {
        // SAFETY: as in `data_mut`.
        unsafe { (*self.inner.as_ptr()).epoch_callback = Some(Box::new(callback)) };
    }

    /// A handle through which any thread can interrupt the guest.
    ///
    /// # Errors
    /// If code does not check for interruption ([`Config::epoch_interruption`](crate::Config::epoch_interruption)).
    pub fn interrupt_handle(&self) -> Result<InterruptHandle> {
        // SAFETY: as in `data`.
        unsafe { (*self.inner.as_ptr()).core.interrupt_handle() }
    }

    /// What a host function that waits needs in order to be interrupted as the guest would be.
    pub fn interruption(&self) -> Interruption {
        // SAFETY: as in `data`.
        unsafe { (*self.inner.as_ptr()).core.interruption() }
    }

    /// Collects the garbage among heap references now. There is no need to call it: allocations collect when that pays.
    ///
    /// After an allocation that found no room, `why` may be its error.
    ///
    /// # Errors
    /// None at present.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), ());
    /// {
    ///     let mut scope = RootScope::new(&mut store);
    ///     for i in 0..100 {
    ///         ExternRef::new(&mut scope, i)?;
    ///     }
    /// }
    /// let before = store.gc_heap_capacity();
    /// store.gc(None)?;
    /// assert!(store.gc_heap_capacity() < before);
    /// # Ok(())
    /// # }
    /// ```
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.as_context_mut().gc(why)
    }

    /// Bytes of the heap of references in use, garbage included.
    pub fn gc_heap_capacity(&self) -> usize {
        self.as_context().core().runtime.heap_size()
    }

    /// Sets `exception` as pending and gives the error [`ThrownException`](crate::ThrownException).
    /// A host function that returns this error throws the exception into its caller.
    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        self.as_context_mut().throw(exception)
    }

    /// Takes the pending exception: that of the last [`ThrownException`](crate::ThrownException).
    pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        self.as_context_mut().take_pending_exception()
    }

    /// Whether an exception is pending.
    pub fn has_pending_exception(&self) -> bool {
        self.as_context().has_pending_exception()
    }
}

impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: the store is not used again.
        drop(unsafe { free(self.inner, self.hooks) });
    }
}

/// Frees what a store is made of, but for its data.
///
/// # Safety
/// Both came from boxes of a store that is not used again.
unsafe fn free<T>(inner: NonNull<StoreInner<T>>, hooks: NonNull<StoreHooks<T>>) -> T {
    // SAFETY: the caller's promise. The runtime's store goes first, then what it refers to.
    unsafe {
        let StoreInner { core, limiter, epoch_callback, data } = *Box::from_raw(inner.as_ptr());
        drop(core);
        drop(Box::from_raw(hooks.as_ptr()));
        drop((limiter, epoch_callback));
        data
    }
}

impl<T: Default> Default for Store<T> {
    /// A store of an engine of its own with the default settings; [`Store::engine`] is that engine.
    fn default() -> Store<T> {
        Store::new(&Engine::default(), T::default())
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("data", self.data()).finish_non_exhaustive()
    }
}
