//! The store: owner of everything that is made while Wasm runs, and the way into Wasm.
//!
//! **Invariants.** Everything that code or frames point to (contexts, function references, tags, host
//! globals and tables) has its own place that never moves, and is freed only with the store. Objects
//! that code does not point to lie in vectors and are named by their number.
//!
//! **Borrowing.** A [`StorePtr`] is the root from which all access comes. `inner()` gives a borrow that
//! must end before anything runs that may come back: guest code, host functions, hooks. What can run
//! them is therefore offered on `StorePtr` and holds no borrow while it does.

use crate::arena::Arena;
use crate::backtrace;
use crate::context::PolledContexts;
use crate::failure::{Backtrace, Error, Failure, HostError, Raise};
use crate::global::Global;
use crate::heap::Heap;
use crate::hooks::Hooks;
use crate::host::{HostFunc, HostStack};
use crate::ids::{FuncPtr, GcRef};
use crate::instance::Instance;
use crate::interrupt::{InterruptHandle, StoreShared};
use crate::memory::{Memory, MemoryConfig};
use crate::roots::Roots;
use crate::sys::{self, Reservation};
use crate::table::Table;
use crate::tag::Tag;
use std::any::Any;
use std::collections::HashMap;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use windlass_abi::builtins::Status;
use windlass_abi::processor::{HostEntry, Processor};
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::{FrameStack, VMContext, VMFuncRef, VMGlobal, VMStore, VMTable, VMTag, ValRaw};

/// What a store is made with.
#[derive(Clone)]
pub struct StoreConfig {
    /// What runs the engine's code.
    pub processor: Arc<dyn Processor>,
    /// The engine's types.
    pub types: Arc<dyn TypeOracle>,
    /// Bytes of stack for Wasm frames: of a stack of their own, or of the host's below the outermost entry.
    pub max_wasm_stack: usize,
    /// Bytes of host stack that one thread may use, from its outermost entry into Wasm on, before
    /// nested entries trap with `StackOverflow`. Not for code that runs on the host's stack.
    pub max_host_stack: usize,
    /// Largest size of the heap in bytes.
    pub max_heap: usize,
    /// Whether every allocation on the heap collects and moves every object.
    pub gc_stress: bool,
    /// Largest number of frames in a backtrace; 0 records none.
    pub max_backtrace: usize,
    /// Whether backtraces have all frames, however many, and what their home slots hold.
    pub core_dumps: bool,
    /// How memories take address space.
    pub memory: MemoryConfig,
    /// Whether the code keeps the fuel in a register: see [`VMStore::fuel_in_register`].
    pub fuel_in_register: bool,
    /// Whether the code polls for interruption: see [`POLL_DISTANCE`](windlass_abi::native::POLL_DISTANCE).
    pub polls: bool,
}

impl StoreConfig {
    /// The defaults: 512 KiB of Wasm stack and of host stack (which suits threads of 2 MiB), 1 GiB of
    /// heap, 64 frames of backtrace.
    pub fn new(processor: Arc<dyn Processor>, types: Arc<dyn TypeOracle>) -> StoreConfig {
        StoreConfig {
            processor,
            types,
            max_wasm_stack: 512 << 10,
            max_host_stack: 512 << 10,
            max_heap: 1 << 30,
            gc_stress: false,
            max_backtrace: 64,
            core_dumps: false,
            memory: MemoryConfig::default(),
            fuel_in_register: false,
            polls: false,
        }
    }
}

/// What the runtime asks about the engine's types.
pub trait TypeOracle: Send + Sync {
    /// Whether the engine-wide type `sub` is `sup` or declared below it.
    fn is_subtype(&self, sub: u32, sup: u32) -> bool;
}

/// What goes with a status other than `OK` on its way to the entry.
pub(crate) enum Parked {
    Trap { code: TrapCode, backtrace: Backtrace },
    Host { error: HostError, backtrace: Backtrace },
    Panic(Box<dyn Any + Send>),
}

/// All that a store owns. Fields are dropped in order: what may run the embedder's code first, while
/// everything is still there; what others point into last.
pub(crate) struct StoreInner {
    pub(crate) parked: Option<Parked>,
    pub(crate) heap: Heap,
    pub(crate) roots: Roots,
    pub(crate) host_funcs: Vec<HostFunc>,
    pub(crate) instances: Vec<Instance>,
    /// Of the instances, if their code polls.
    pub(crate) polled_contexts: PolledContexts,
    pub(crate) tables: Vec<Table>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) globals: Vec<Global>,
    pub(crate) tags: Vec<Tag>,

    /// Entry code of host functions by engine-wide type id.
    pub(crate) host_entries: HashMap<u32, Arc<dyn HostEntry>>,
    pub(crate) func_refs: Arena<VMFuncRef>,
    pub(crate) vm_tags: Arena<VMTag>,
    pub(crate) host_globals: Arena<VMGlobal>,
    pub(crate) host_tables: Arena<VMTable>,

    pub(crate) hooks: Option<NonNull<dyn Hooks>>,
    /// The fiber that the current call is on.
    #[cfg(feature = "async")]
    pub(crate) fiber: crate::fiber::CurrentFiber,
    user: *mut (),
    pub(crate) config: StoreConfig,
    /// The stack of frames that `VMStore::frames` describes.
    _frame_stack: Option<Reservation>,
    pub(crate) shared: Arc<StoreShared>,
    /// The store's own `Store`, for [`StorePtr::borrow`]. Points back here, never dropped as a `Store`.
    handle: *mut StorePtr,
}

impl Drop for StoreInner {
    fn drop(&mut self) {
        // Handles live on; contexts do not.
        self.shared.forget_contexts();
        // SAFETY: made by `Store::new` from a box; who borrowed it has borrowed the store.
        drop(unsafe { Box::from_raw(self.handle) });
    }
}

/// A store. It owns everything made in it; dropping it frees all.
///
/// Ids and references must come from the same store: a wrong id panics or names something else.
/// A wrong [`FuncPtr`] is worse, so what takes one is `unsafe`.
#[repr(transparent)]
pub struct Store(StorePtr);

// SAFETY: all parts may be used from any thread, by one at a time: processor, types, host functions,
// host values are `Send + Sync`, parked errors `Send`, and the pointers lead to what the store owns.
// Who sets hooks promises the same for them.
unsafe impl Send for Store {}
// SAFETY: what `&Store` offers only reads, and gives references only to what is `Sync`.
unsafe impl Sync for Store {}

/// A store, not borrowed: for what runs guest code, host functions or hooks.
///
/// # Safety
/// All its methods need: the store is live; this thread alone uses it; ids, functions and references
/// are its own; and no reference obtained from a `Store` of it is used across the call.
#[derive(Clone, Copy)]
pub struct StorePtr(NonNull<StoreInner>);

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: made by `Store::new` from a box. A store is not dropped while it is entered: an entry
        // needs it to be live.
        drop(unsafe { Box::from_raw(self.0.0.as_ptr()) });
    }
}

impl StorePtr {
    /// The store's insides, for as long as nothing else uses them.
    ///
    /// # Safety
    /// As for all methods here. The borrow ends before the next one starts and before anything runs
    /// that may come back to the store.
    pub(crate) unsafe fn inner<'a>(self) -> &'a mut StoreInner {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.0.as_ptr() }
    }

    /// The store of a `VMStore`.
    ///
    /// # Safety
    /// `vmstore` belongs to a live store.
    pub unsafe fn from_vmstore(vmstore: *mut VMStore) -> StorePtr {
        // SAFETY: `Store::new` set the owner before anybody could see the pointer.
        unsafe { StorePtr(NonNull::new_unchecked((*vmstore).owner.cast())) }
    }

    /// The store of a context, of an instance or of a host function.
    ///
    /// # Safety
    /// `cx` belongs to a live store.
    pub unsafe fn from_context(cx: *mut VMContext) -> StorePtr {
        // SAFETY: every context points to its store.
        unsafe { StorePtr::from_vmstore((*cx).store) }
    }

    /// The embedder's pointer, as [`Store::set_hooks`] got it; null before that.
    ///
    /// # Safety
    /// As for all methods here.
    pub unsafe fn user(self) -> *mut () {
        // SAFETY: the caller's promise.
        unsafe { self.inner().user }
    }

    /// The store, borrowed for as long as the caller takes care that nothing else uses it.
    ///
    /// # Safety
    /// As for all methods here.
    pub unsafe fn borrow<'a>(self) -> &'a mut Store {
        // SAFETY: `Store` is a transparent wrapper, and the handle lives as long as the store.
        unsafe { &mut *self.inner().handle.cast::<Store>() }
    }

    /// The part of the store that code sees.
    ///
    /// # Safety
    /// As for all methods here.
    pub unsafe fn vmstore(self) -> *mut VMStore {
        // SAFETY: the caller's promise.
        unsafe { self.inner().shared.vmstore() }
    }

    /// Calls a function of the store. `args` holds the parameters, has room for the longer of
    /// parameters and results, and takes the results. A panic of a host function is a [`Failure`].
    ///
    /// # Safety
    /// As for all methods here; `args` holds values of the function's parameter types.
    pub unsafe fn call(self, func: FuncPtr, args: &mut [ValRaw]) -> Result<(), Failure> {
        // SAFETY: the caller's promise. No borrow of the store is live while code runs: the processor
        // is reached through a pointer into its own allocation, which the store keeps alive.
        unsafe {
            debug_assert!({
                let signature = &*(*func.as_ptr()).signature;
                args.len() >= signature.params.len().max(signature.results.len())
            });
            let (processor, vmstore, host_stack) = {
                let inner = self.inner();
                let processor: *const dyn Processor = Arc::as_ptr(&inner.config.processor);
                (processor, inner.shared.vmstore(), inner.config.max_host_stack)
            };
            // Code that runs on the host's stack looks after that itself.
            let _host_stack = if (*processor).uses_frame_stack() {
                let Some(entered) = HostStack::enter(host_stack) else {
                    let backtrace = backtrace::capture(self.inner());
                    return Err(Failure::Trap { code: TrapCode::StackOverflow, backtrace });
                };
                Some(entered)
            } else {
                None
            };
            match (*processor).enter(vmstore, func.as_ptr(), args.as_mut_ptr()) {
                Status::OK => Ok(()),
                status => Err(self.failure(status)),
            }
        }
    }

    /// Keeps what goes with a failure until the entry ends, and gives the status for the code.
    ///
    /// # Safety
    /// As for all methods here; the activation's position is written.
    pub(crate) unsafe fn raise(self, raise: Raise) -> Status {
        // SAFETY: the caller's promise.
        let inner = unsafe { self.inner() };
        match raise {
            // The code reports the trap itself when it sees the status; the backtrace is taken then.
            Raise::Trap(code) => Status::trap(code),
            Raise::Exception(exception) => {
                inner.set_pending_exception(exception.to_bits() as u32);
                Status::EXCEPTION
            }
            Raise::Error(error) => {
                let backtrace = backtrace::capture(inner);
                inner.parked = Some(Parked::Host { error, backtrace });
                Status::HOST_ERROR
            }
        }
    }

    /// Keeps a panic until the entry ends.
    ///
    /// # Safety
    /// As for all methods here.
    pub(crate) unsafe fn raise_panic(self, panic: Box<dyn Any + Send>) -> Status {
        // SAFETY: the caller's promise.
        unsafe { self.inner().parked = Some(Parked::Panic(panic)) };
        Status::HOST_ERROR
    }

    /// What a status other than `OK` stands for, with what was kept for it.
    ///
    /// # Safety
    /// As for all methods here.
    #[cold]
    pub(crate) unsafe fn failure(self, status: Status) -> Failure {
        // SAFETY: the caller's promise.
        let inner = unsafe { self.inner() };
        let parked = inner.parked.take();
        if status == Status::EXCEPTION {
            let bits = inner.set_pending_exception(0);
            let exception = GcRef::from_bits(bits as u64).expect("an exception is pending");
            return Failure::Exception(inner.roots.add_owned(exception));
        }
        if let Some(code) = status.trap_code() {
            return match parked {
                Some(Parked::Trap { code: reported, backtrace }) if reported == code => {
                    Failure::Trap { code, backtrace }
                }
                // A host function called by the host trapped: there are no frames of its own.
                _ => Failure::Trap { code, backtrace: backtrace::capture(inner) },
            };
        }
        match parked {
            Some(Parked::Host { error, backtrace }) => Failure::Host { error, backtrace },
            Some(Parked::Panic(panic)) => Failure::Panic(panic),
            _ => unreachable!("status {status:?} without what goes with it"),
        }
    }
}

impl StoreInner {
    /// Sets the pending exception and gives the one before it.
    pub(crate) fn set_pending_exception(&mut self, bits: u32) -> u32 {
        // SAFETY: the `VMStore` lives; only this thread uses the field.
        unsafe { ptr::replace(&raw mut (*self.shared.vmstore()).pending_exception, bits) }
    }
}

/// Memory for the frame stack of a processor that needs one.
fn frame_stack(bytes: usize) -> Result<(Option<Reservation>, FrameStack), Error> {
    let error = |why: &dyn std::fmt::Display| Error::host_memory("the Wasm stack", bytes, why);
    let len = sys::round_up_to_page(bytes.max(1)).ok_or_else(|| error(&"too large"))?;
    let reservation = Reservation::new(len).map_err(|e| error(&e))?;
    // SAFETY: all of the reservation, which is whole pages.
    unsafe { reservation.commit(0, len) }.map_err(|e| error(&e))?;
    let base = reservation.base().as_ptr().cast::<u64>();
    // SAFETY: one past the end of the same allocation.
    let limit = unsafe { base.add(bytes / size_of::<u64>()) };
    Ok((Some(reservation), FrameStack { base, limit, top: base }))
}

impl Store {
    /// Makes an empty store.
    pub fn new(config: StoreConfig) -> Result<Store, Error> {
        let (stack, frames) = if config.processor.uses_frame_stack() {
            frame_stack(config.max_wasm_stack)?
        } else {
            (None, FrameStack { base: ptr::null_mut(), limit: ptr::null_mut(), top: ptr::null_mut() })
        };
        let shared = Arc::new(StoreShared::new(VMStore {
            builtins: &crate::builtins::BUILTINS,
            owner: ptr::null_mut(),
            activation: ptr::null_mut(),
            fuel: 0,
            fuel_in_register: config.fuel_in_register,
            interrupt: AtomicU32::new(0),
            pending_exception: 0,
            stack_limit: AtomicUsize::new(0),
            stack_floor: 0,
            stubs: config.processor.stubs(),
            frames,
        }));
        let vmstore = shared.vmstore();
        let inner = Box::into_raw(Box::new(StoreInner {
            parked: None,
            heap: Heap::new(config.max_heap, config.gc_stress),
            roots: Roots::default(),
            host_funcs: Vec::new(),
            instances: Vec::new(),
            polled_contexts: PolledContexts::default(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            host_entries: HashMap::new(),
            func_refs: Arena::new(),
            vm_tags: Arena::new(),
            host_globals: Arena::new(),
            host_tables: Arena::new(),
            hooks: None,
            #[cfg(feature = "async")]
            fiber: Default::default(),
            user: ptr::null_mut(),
            config,
            _frame_stack: stack,
            shared,
            handle: ptr::null_mut(),
        }));
        // SAFETY: both are live and used by nobody else yet.
        unsafe {
            let this = StorePtr(NonNull::new_unchecked(inner));
            (*inner).handle = Box::into_raw(Box::new(this));
            (*vmstore).owner = inner.cast();
            Ok(Store(this))
        }
    }

    /// The store, not borrowed.
    pub fn as_ptr(&self) -> StorePtr {
        self.0
    }

    pub(crate) fn inner(&self) -> &StoreInner {
        // SAFETY: whoever has the store borrowed is its only user, or shares it for reading.
        unsafe { self.0.0.as_ref() }
    }

    pub(crate) fn inner_mut(&mut self) -> &mut StoreInner {
        // SAFETY: whoever has the store borrowed mutably is its only user.
        unsafe { self.0.0.as_mut() }
    }

    /// Sets what answers the runtime's questions, and a pointer that [`StorePtr::user`] gives back.
    ///
    /// # Safety
    /// Both stay valid as long as the store is used, and may be used by whichever thread uses it.
    pub unsafe fn set_hooks(&mut self, hooks: *mut dyn Hooks, user: *mut ()) {
        let inner = self.inner_mut();
        inner.hooks = NonNull::new(hooks);
        inner.user = user;
    }

    /// The part of the store that code sees.
    pub fn vmstore(&self) -> *mut VMStore {
        self.inner().shared.vmstore()
    }

    /// What the store was made with.
    pub fn config(&self) -> &StoreConfig {
        &self.inner().config
    }

    /// Fuel left; negative after it ran out.
    pub fn fuel(&self) -> i64 {
        // SAFETY: the `VMStore` lives, and only this store's user writes the field.
        unsafe { (*self.vmstore()).fuel }
    }

    /// Sets the fuel.
    pub fn set_fuel(&mut self, fuel: i64) {
        // SAFETY: as above.
        unsafe { (*self.vmstore()).fuel = fuel }
    }

    /// A handle for other threads.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(self.inner().shared.clone())
    }

    /// Clears the interrupt word.
    pub fn clear_interrupt(&mut self) {
        self.inner().shared.clear();
    }

    /// Frames of the Wasm code that is calling the host now.
    pub fn backtrace(&self) -> Backtrace {
        backtrace::capture(self.inner())
    }
}
