//! Host functions: what a linker holds, and the code through which the guest calls them.

use super::{Caller, IntoFunc};
use crate::Engine;
use crate::error::{Context, Error, Result};
use crate::gc::ThrownException;
use crate::store::{StoreContextMut, StoreCore, StoreInner, host_error};
use crate::types::FuncType;
use crate::values::Val;
use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;
use windlass_abi::builtins::Status;
use windlass_abi::vm::{HostCall, VMContext, VMHostContext, ValRaw};
use windlass_runtime::{FuncPtr, Raise, StorePtr, caller_instance, host_call_guard, host_data};

/// A host function, not in a store yet.
pub(crate) struct HostFunc {
    ty: FuncType,
    call: HostCall,
    /// Makes the data that `call` finds: a share of the closure.
    data: Box<dyn Fn() -> Box<dyn Any + Send + Sync> + Send + Sync>,
}

/// A function with values that are checked at run time.
struct Dynamic<F> {
    ty: FuncType,
    func: F,
}

impl HostFunc {
    /// A function of type `ty`, checked against it at each call.
    pub fn new<T: 'static, F>(engine: &Engine, ty: FuncType, func: F) -> HostFunc
    where
        F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    {
        assert!(Engine::same(engine, ty.engine()), "the function type belongs to another engine");
        let func = Dynamic { ty: ty.clone(), func };
        HostFunc::of_call(ty, call_dynamic::<T, F>, func)
    }

    /// A closure whose type says that of the function.
    pub fn wrap<T: 'static, F, Params, Results>(engine: &Engine, func: F) -> HostFunc
    where
        F: IntoFunc<T, Params, Results>,
    {
        HostFunc::of_call(F::func_type(engine), call_typed::<T, F, Params, Results>, func)
    }

    /// What the guest calls is `call`, which finds `func` in an `Arc`.
    pub fn of_call(ty: FuncType, call: HostCall, func: impl Send + Sync + 'static) -> HostFunc {
        let func = Arc::new(func);
        HostFunc { ty, call, data: Box::new(move || Box::new(func.clone())) }
    }

    /// The function's type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }

    /// Makes the function in a store with data of the type that the function was made for.
    pub fn make(&self, core: &mut StoreCore) -> FuncPtr {
        core.pin_type(self.ty.registered());
        core.runtime.new_host_func(self.ty.registered().signature().clone(), self.call, (self.data)())
    }
}

/// What the guest calls for a function made by [`HostFunc::wrap`].
///
/// # Safety
/// As for [`HostCall`]; the function was made with this `F`, in a store with data of type `T`.
unsafe extern "C" fn call_typed<T: 'static, F, Params, Results>(
    host: *mut VMHostContext,
    caller: *mut VMContext,
    args: *mut ValRaw,
) -> Status
where
    F: IntoFunc<T, Params, Results>,
{
    // SAFETY: the caller keeps what this function asks for.
    unsafe {
        host_call_guard(host, |runtime| {
            let func = host_data::<Arc<F>>(host);
            let result = func.invoke(store_of::<T>(runtime), caller_instance(caller), args);
            result.map_err(|error| raise::<T>(runtime, error))
        })
    }
}

/// What the guest calls for a function made by [`HostFunc::new`].
///
/// # Safety
/// As for [`call_typed`].
unsafe extern "C" fn call_dynamic<T: 'static, F>(
    host: *mut VMHostContext,
    caller: *mut VMContext,
    args: *mut ValRaw,
) -> Status
where
    F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
{
    // SAFETY: the caller keeps what this function asks for.
    unsafe {
        host_call_guard(host, |runtime| {
            let Dynamic { ty, func } = &**host_data::<Arc<Dynamic<F>>>(host);
            let result = with_values(ty, store_of::<T>(runtime), caller, args, func);
            result.map_err(|error| raise::<T>(runtime, error))
        })
    }
}

/// Calls a function with values that are checked at run time.
///
/// # Safety
/// `caller` is that of a host call that is going on. `args` points to parameters of `ty`, of this store, and has room
/// for the longer of parameters and results.
pub(crate) unsafe fn with_values<T>(
    ty: &FuncType,
    mut store: StoreContextMut<'_, T>,
    caller: *mut VMContext,
    args: *mut ValRaw,
    func: impl FnOnce(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()>,
) -> Result<()> {
    let abi = ty.abi();
    let core = store.core_mut();
    // SAFETY: the caller says so.
    let load = |(i, ty): (usize, &_)| unsafe { Val::from_raw(core, &*args.add(i), *ty) };
    let params: Vec<Val> = abi.params.iter().enumerate().map(load).collect();
    let mut results: Vec<Val> = ty
        .results()
        .map(|ty| Val::default_for_ty(&ty).unwrap_or_else(|| Val::null_ref(ty.unwrap_ref().heap_type())))
        .collect();
    // SAFETY: the caller says so.
    let instance = unsafe { caller_instance(caller) };
    let context = crate::AsContextMut::as_context_mut(&mut store);
    func(Caller::new(context, instance), &params, &mut results)?;
    let core = store.core();
    for (i, (result, ty)) in results.iter().zip(&abi.results).enumerate() {
        result.check(core, *ty).with_context(|| format!("result {i} of a host function"))?;
        // SAFETY: the caller says that there is room.
        unsafe { *args.add(i) = result.to_raw(core)? };
    }
    Ok(())
}

/// The store that is calling the host.
///
/// # Safety
/// Its data is of type `T`, and nothing else uses it during `'a`.
pub(crate) unsafe fn store_of<'a, T: 'static>(runtime: StorePtr) -> StoreContextMut<'a, T> {
    // SAFETY: the caller keeps it; the pointer was set when the store was made.
    unsafe { StoreContextMut::from_inner(NonNull::new_unchecked(runtime.user().cast::<StoreInner<T>>())) }
}

/// How an error of a host function goes through the guest.
///
/// # Safety
/// As for [`store_of`].
#[cold]
pub(crate) unsafe fn raise<T: 'static>(runtime: StorePtr, error: Error) -> Raise {
    if error.is::<ThrownException>() {
        // SAFETY: the caller keeps it.
        let mut store = unsafe { store_of::<T>(runtime) };
        let core = store.core_mut();
        if let Some(exception) = core.pending_exception.take() {
            return Raise::Exception(core.runtime.owned(&exception));
        }
    }
    Raise::Error(host_error(error))
}
