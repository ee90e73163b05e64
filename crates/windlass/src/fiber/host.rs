//! Host functions that wait.

use super::wait_failed;
use crate::error::Result;
use crate::func::{HostFunc, raise, store_of, store_results, with_values};
use crate::linker::Definition;
use crate::store::AsContextMut;
use crate::{Caller, Engine, Func, FuncType, Linker, Val, WasmRet, WasmTyList};
use std::sync::Arc;
use windlass_abi::builtins::Status;
use windlass_abi::vm::{VMContext, VMHostContext, ValRaw};
use windlass_runtime::{caller_instance, host_call_guard_async, host_data};

/// A function with values that are checked at run time.
struct Dynamic<F> {
    ty: FuncType,
    func: F,
}

/// A function of type `ty`, checked against it at each call.
pub(super) fn new_async<T, F>(engine: &Engine, ty: FuncType, func: F) -> HostFunc
where
    F: for<'a> Fn(
            Caller<'a, T>,
            &'a [Val],
            &'a mut [Val],
        ) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + Send
        + Sync
        + 'static,
    T: Send + 'static,
{
    assert!(Engine::same(engine, ty.engine()), "the function type belongs to another engine");
    let dynamic = Dynamic { ty: ty.clone(), func };
    HostFunc::of_call(ty, call_dynamic::<T, F>, dynamic)
}

/// A closure whose type says that of the function.
fn wrap_async<T, F, Params, Results>(engine: &Engine, func: F) -> HostFunc
where
    F: for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Results> + Send + 'a>
        + Send
        + Sync
        + 'static,
    Params: WasmTyList,
    Results: WasmRet,
    T: Send + 'static,
{
    let ty = FuncType::new(engine, Params::types(), Results::types());
    HostFunc::of_call(ty, call_typed::<T, F, Params, Results>, func)
}

/// What the guest calls for a function made by [`wrap_async`].
///
/// # Safety
/// As for [`windlass_abi::vm::HostCall`]; the function was made with this `F`, in a store with data of type `T`.
unsafe extern "C" fn call_typed<T, F, Params, Results>(
    host: *mut VMHostContext,
    caller: *mut VMContext,
    args: *mut ValRaw,
) -> Status
where
    F: for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Results> + Send + 'a>,
    Params: WasmTyList,
    Results: WasmRet,
    T: Send + 'static,
{
    // SAFETY: the caller keeps what this function asks for. While it waits there are plain pointers and the
    // future, which is `Send`, in its frame.
    unsafe {
        host_call_guard_async(host, |runtime, suspender| {
            let call = || -> Result<()> {
                let suspender = suspender.map_err(wait_failed)?;
                let mut store = store_of::<T>(runtime);
                let params = Params::load(store.core_mut(), args);
                let func = host_data::<Arc<F>>(host);
                let future = func(Caller::new(store, caller_instance(caller)), params);
                let results = suspender.block_on(Box::into_pin(future)).map_err(wait_failed)?;
                store_results(store_of::<T>(runtime).core(), results, args)
            };
            call().map_err(|error| raise::<T>(runtime, error))
        })
    }
}

/// What the guest calls for a function made by [`new_async`].
///
/// # Safety
/// As for [`call_typed`].
unsafe extern "C" fn call_dynamic<T, F>(
    host: *mut VMHostContext,
    caller: *mut VMContext,
    args: *mut ValRaw,
) -> Status
where
    F: for<'a> Fn(
            Caller<'a, T>,
            &'a [Val],
            &'a mut [Val],
        ) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + 'static,
    T: Send + 'static,
{
    // SAFETY: as in `call_typed`; values are `Send`.
    unsafe {
        host_call_guard_async(host, |runtime, suspender| {
            let call = || -> Result<()> {
                let suspender = suspender.map_err(wait_failed)?;
                let Dynamic { ty, func } = &**host_data::<Arc<Dynamic<F>>>(host);
                with_values(ty, store_of::<T>(runtime), caller, args, |caller, params, results| {
                    let future = Box::into_pin(func(caller, params, results));
                    suspender.block_on(future).map_err(wait_failed)?
                })
            };
            call().map_err(|error| raise::<T>(runtime, error))
        })
    }
}

impl Func {
    /// Makes a host function of any type that waits: as [`Func::new`], but the closure gives a future.
    /// The guest that calls it must be called asynchronously ([`Func::call_async`]).
    ///
    /// # Panics
    /// If the type belongs to another engine.
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, 40);
    /// let ty = FuncType::new(&engine, [ValType::I32], [ValType::I32]);
    /// let add = Func::new_async(&mut store, ty, |caller: Caller<'_, i32>, params, results| {
    ///     Box::new(async move {
    ///         tokio::task::yield_now().await;
    ///         results[0] = (params[0].unwrap_i32() + caller.data()).into();
    ///         Ok(())
    ///     })
    /// });
    /// let add = add.typed::<i32, i32>(&store)?;
    /// assert_eq!(add.call_async(&mut store, 2).await?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new_async<T, F>(mut store: impl AsContextMut<Data = T>, ty: FuncType, func: F) -> Func
    where
        F: for<'a> Fn(
                Caller<'a, T>,
                &'a [Val],
                &'a mut [Val],
            ) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
            + Send
            + Sync
            + 'static,
        T: Send + 'static,
    {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let ptr = new_async(core.engine(), ty, func).make(core);
        Func::from_ptr(core, Some(ptr)).expect("it was made")
    }

    /// Makes a host function that waits, of a closure whose type says that of the function: as [`Func::wrap`], but
    /// parameters come as a tuple, and the closure gives a future.
    /// The guest that calls it must be called asynchronously ([`Func::call_async`]).
    ///
    /// The future has the [`Caller`] for as long as it runs, and may call the guest in turn with
    /// [`TypedFunc::call_async`](crate::TypedFunc::call_async).
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), 40);
    /// let add = Func::wrap_async(&mut store, |caller: Caller<'_, i32>, (x,): (i32,)| {
    ///     Box::new(async move {
    ///         tokio::task::yield_now().await;
    ///         x + caller.data()
    ///     })
    /// });
    /// let add = add.typed::<i32, i32>(&store)?;
    /// assert_eq!(add.call_async(&mut store, 2).await?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wrap_async<T, F, Params, Results>(mut store: impl AsContextMut<Data = T>, func: F) -> Func
    where
        F: for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Results> + Send + 'a>
            + Send
            + Sync
            + 'static,
        Params: WasmTyList,
        Results: WasmRet,
        T: Send + 'static,
    {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let ptr = wrap_async(core.engine(), func).make(core);
        Func::from_ptr(core, Some(ptr)).expect("it was made")
    }
}

impl<T: 'static> Linker<T> {
    /// Defines a host function of type `ty` that waits; see [`Func::new_async`].
    ///
    /// # Errors
    /// If the name is defined already and shadowing is not allowed.
    ///
    /// # Panics
    /// If `ty` belongs to another engine.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut linker = Linker::<()>::new(&engine);
    /// linker.func_new_async("host", "pause", FuncType::new(&engine, [], []), |_caller, _params, _results| {
    ///     Box::new(async {
    ///         tokio::task::yield_now().await;
    ///         Ok(())
    ///     })
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn func_new_async<F>(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: F,
    ) -> Result<&mut Linker<T>>
    where
        F: for<'a> Fn(
                Caller<'a, T>,
                &'a [Val],
                &'a mut [Val],
            ) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
            + Send
            + Sync
            + 'static,
        T: Send,
    {
        let func = new_async(self.engine(), ty, func);
        self.insert(module, name, Definition::HostFunc(Arc::new(func)))
    }

    /// Defines a host function that waits by a closure; see [`Func::wrap_async`].
    ///
    /// # Errors
    /// If the name is defined already and shadowing is not allowed.
    ///
    /// ```
    /// # use windlass::*;
    /// # use std::time::Duration;
    /// # fn main() -> Result<()> {
    /// let mut linker = Linker::<()>::new(&Engine::default());
    /// linker.func_wrap_async("host", "sleep", |_caller, (ms,): (u64,)| {
    ///     Box::new(tokio::time::sleep(Duration::from_millis(ms)))
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn func_wrap_async<F, Params: WasmTyList, Results: WasmRet>(
        &mut self,
        module: &str,
        name: &str,
        func: F,
    ) -> Result<&mut Linker<T>>
    where
        F: for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Results> + Send + 'a>
            + Send
            + Sync
            + 'static,
        T: Send,
    {
        let func = wrap_async(self.engine(), func);
        self.insert(module, name, Definition::HostFunc(Arc::new(func)))
    }
}
