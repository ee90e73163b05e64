//! Host functions: how they are made, called by Wasm, and how their failures travel.

use crate::failure::Raise;
#[cfg(feature = "async")]
use crate::fiber::{Suspender, WaitError};
use crate::ids::{FuncPtr, InstanceId};
use crate::store::{Store, StoreInner, StorePtr};
use crate::sys;
use std::any::Any;
use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use windlass_abi::builtins::Status;
use windlass_abi::processor::HostEntry;
use windlass_abi::types::Signature;
use windlass_abi::vm::{ContextKind, HostCall, VMContext, VMFuncRef, VMHostContext, VMMemory};

/// A host function of a store.
pub(crate) struct HostFunc {
    /// Made from a box; code sees its thin part as `header.owner`.
    data: *mut (dyn Any + Send + Sync),
    /// Made from a box, so that its address stays.
    context: *mut VMHostContext,
    pub(crate) signature: Arc<Signature>,
    /// Keeps the code alive that `VMFuncRef::code` points to.
    _entry: Arc<dyn HostEntry>,
}

impl Drop for HostFunc {
    fn drop(&mut self) {
        // SAFETY: both were made from boxes by `new_host_func`; the store that could call is going.
        unsafe {
            drop(Box::from_raw(self.context));
            drop(Box::from_raw(self.data));
        }
    }
}

impl StoreInner {
    /// Code through which Wasm calls host functions of this signature.
    fn host_entry(&mut self, signature: &Signature) -> Arc<dyn HostEntry> {
        let processor = &self.config.processor;
        let make = || Arc::from(processor.host_entry(signature));
        self.host_entries.entry(signature.type_id).or_insert_with(make).clone()
    }
}

impl Store {
    /// Makes a host function. The call finds `data` (the value itself, not the box) behind
    /// `host.header.owner`; see [`host_data`].
    pub fn new_host_func(
        &mut self,
        signature: Arc<Signature>,
        call: HostCall,
        data: Box<dyn Any + Send + Sync>,
    ) -> FuncPtr {
        let vmstore = self.vmstore();
        let inner = self.inner_mut();
        let entry = inner.host_entry(&signature);
        let data = Box::into_raw(data);
        let header = VMContext {
            kind: ContextKind::Host,
            id: inner.host_funcs.len() as u32,
            store: vmstore,
            owner: data.cast(),
            code_words: ptr::null(),
            code_info: ptr::null(),
            type_ids: ptr::null(),
            undisturbed: AtomicUsize::new(0),
            stubs: ptr::null(),
            memory0: NO_MEMORY,
        };
        let signature_ptr = Arc::as_ptr(&signature);
        let context = Box::into_raw(Box::new(VMHostContext { header, call, signature: signature_ptr }));
        let func = inner.func_refs.alloc(VMFuncRef {
            code: entry.entry(),
            context: context.cast(),
            type_id: signature.type_id,
            index: 0,
            signature: signature_ptr,
        });
        inner.host_funcs.push(HostFunc { data, context, signature, _entry: entry });
        FuncPtr::from(func)
    }

    /// Engine-wide type id of a function.
    ///
    /// # Safety
    /// The function belongs to this store.
    pub unsafe fn func_type_id(&self, func: FuncPtr) -> u32 {
        // SAFETY: references live as long as their store.
        unsafe { (*func.as_ptr()).type_id }
    }

    /// The signature of a function.
    ///
    /// # Safety
    /// The function belongs to this store.
    pub unsafe fn func_signature(&self, func: FuncPtr) -> Arc<Signature> {
        // SAFETY: references and contexts live as long as their store.
        let (kind, id, index) = unsafe {
            let func = &*func.as_ptr();
            ((*func.context).kind, (*func.context).id as usize, func.index)
        };
        match kind {
            ContextKind::Host => self.inner().host_funcs[id].signature.clone(),
            ContextKind::Instance => {
                let module = &self.inner().instances[id].module;
                module.signature(module.facts().functions[index as usize]).clone()
            }
        }
    }

    /// The instance and the index in it of a Wasm function; `None` for host functions.
    ///
    /// # Safety
    /// The function belongs to this store.
    pub unsafe fn func_origin(&self, func: FuncPtr) -> Option<(InstanceId, u32)> {
        // SAFETY: references live as long as their store.
        let func = unsafe { &*func.as_ptr() };
        // SAFETY: so do their contexts.
        unsafe { caller_instance(func.context) }.map(|instance| (instance, func.index))
    }
}

/// What a context shows that has no memory: one of no bytes.
pub(crate) const NO_MEMORY: VMMemory = VMMemory {
    base: NonNull::<u64>::dangling().as_ptr().cast(),
    len: 0,
    shared_len: ptr::null(),
    owner: ptr::null_mut(),
};

/// Runs the body of a host function: catches its panic, keeps its error in the store, and says how it
/// ended. A scope of roots lasts as long as the body.
///
/// # Safety
/// `host` is the live context that the call got, entered on this thread.
pub unsafe fn host_call_guard(
    host: *mut VMHostContext,
    body: impl FnOnce(StorePtr) -> Result<(), Raise>,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        let store = StorePtr::from_context(host.cast());
        #[cfg(feature = "async")]
        let body = |store: StorePtr| store.without_waiting(|| body(store));
        guard(store, body)
    }
}

/// As [`host_call_guard`], of a host function that waits for futures: with what it waits, or why it cannot.
///
/// # Safety
/// As for [`host_call_guard`]. Nothing that must stay on this thread lies on the stack while it waits.
#[cfg(feature = "async")]
pub unsafe fn host_call_guard_async(
    host: *mut VMHostContext,
    body: impl FnOnce(StorePtr, Result<&mut Suspender, WaitError>) -> Result<(), Raise>,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        let store = StorePtr::from_context(host.cast());
        guard(store, |store| store.with_suspender(|suspender| body(store, suspender)))
    }
}

/// # Safety
/// As for [`StorePtr`]'s methods.
unsafe fn guard(store: StorePtr, body: impl FnOnce(StorePtr) -> Result<(), Raise>) -> Status {
    // SAFETY: the caller's promise; borrows of the store end before the body runs.
    unsafe {
        let scope = store.inner().roots.enter();
        let result = catch_unwind(AssertUnwindSafe(|| body(store)));
        store.inner().roots.exit(scope);
        match result {
            Ok(Ok(())) => Status::OK,
            Ok(Err(raise)) => store.raise(raise),
            Err(panic) => store.raise_panic(panic),
        }
    }
}

/// The data that a host function was made with.
///
/// # Safety
/// `host` is live and was made with data of type `T`.
pub unsafe fn host_data<'a, T>(host: *mut VMHostContext) -> &'a T {
    // SAFETY: the owner is the thin part of a box of `T`; the function lives as long as its store.
    unsafe { &*(*host).header.owner.cast::<T>() }
}

/// The instance of the code that calls a host function; `None` if the host calls it.
///
/// # Safety
/// `caller` is null or live.
pub unsafe fn caller_instance(caller: *mut VMContext) -> Option<InstanceId> {
    // SAFETY: the caller's promise.
    let cx = unsafe { caller.as_ref() }?;
    (cx.kind == ContextKind::Instance).then_some(InstanceId(cx.id))
}

thread_local! {
    /// The lowest address that the stack which this thread runs on may have at an entry into Wasm; 0 outside Wasm.
    static LIMIT: Cell<usize> = const { Cell::new(0) };
}

// Neither is inlined, for the reason that the header of `sys::stack` gives.

/// The limit for an entry at about `here`, and whether it is the outermost one, which sets the limit.
#[inline(never)]
fn limit_at(here: usize, budget: usize) -> (usize, bool) {
    let limit = LIMIT.get();
    if limit != 0 {
        return (limit, false);
    }
    let lowest = lowest_address(&sys::current_stack(), here).unwrap_or(1);
    let limit = here.saturating_sub(budget).max(lowest);
    LIMIT.set(limit);
    (limit, true)
}

/// Sets the limit and gives the one before it.
#[inline(never)]
fn replace_limit(limit: usize) -> usize {
    LIMIT.replace(limit)
}

/// What a thread knows of the stack that it runs on.
#[cfg(feature = "async")]
pub(crate) struct ThreadSide {
    limit: usize,
    stack: Range<usize>,
}

#[cfg(feature = "async")]
impl ThreadSide {
    /// On a stack that was not entered yet.
    pub(crate) fn of_stack(stack: Range<usize>) -> ThreadSide {
        ThreadSide { limit: 0, stack }
    }

    /// Puts this in place for this thread, and keeps what was.
    pub(crate) fn swap(&mut self) {
        self.limit = replace_limit(self.limit);
        self.stack = sys::replace_stack(self.stack.clone());
    }
}

/// Bytes of stack that host code which Wasm has called has at least, but on stacks that are smaller than
/// twice this.
pub(crate) const HOST_RESERVE: usize = 128 << 10;

/// The lowest address that Wasm, and entries into it, may leave the current stack at; `None` if that is another one than
/// `here` is on: whoever runs here may have made it himself, for a coroutine.
pub(crate) fn lowest_address(stack: &Range<usize>, here: usize) -> Option<usize> {
    stack.contains(&here).then(|| stack.start + HOST_RESERVE.min(stack.len() / 2))
}

/// An entry into Wasm, as the stack sees it. Wasm code itself may use none of the host's
/// stack, so what counts is how deep host functions have called back, in whichever stores.
pub(crate) struct HostStack {
    outermost: bool,
}

impl HostStack {
    /// Enters; `None` if that is deeper than `budget` bytes below the outermost entry on this stack.
    pub(crate) fn enter(budget: usize) -> Option<HostStack> {
        let here = sys::stack_pointer();
        let (limit, outermost) = limit_at(here, budget);
        (here >= limit).then_some(HostStack { outermost })
    }
}

impl Drop for HostStack {
    fn drop(&mut self) {
        if self.outermost {
            replace_limit(0);
        }
    }
}
