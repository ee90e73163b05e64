//! Functions of either side, and calls from the host.
//!
//! Values cross in arrays of [`ValRaw`], one each. A heap reference in such an array is good only until
//! the next allocation, so arrays are filled last and read first, with no allocation between that and the call.

mod caller;
mod host;
mod into_func;
mod typed;
mod wasm_ty;

pub use caller::Caller;
pub(crate) use host::HostFunc;
#[cfg(feature = "async")]
pub(crate) use host::{raise, store_of, with_values};
#[cfg(feature = "async")]
pub(crate) use into_func::store_results;
pub use into_func::{IntoFunc, WasmRet, WasmTyList};
pub use typed::{TypedFunc, WasmParams, WasmResults};
pub use wasm_ty::{NoFunc, WasmTy};

use crate::error::{Context, Result, ensure};
use crate::gc::ThrownException;
use crate::store::{AsContext, AsContextMut, StoreContextMut, StoreCore, StoreId, from_host_error};
use crate::types::FuncType;
use crate::values::Val;
use crate::{Trap, WasmBacktrace, WasmCoreDump};
use windlass_abi::vm::ValRaw;
use windlass_runtime::{Backtrace, Failure, FuncPtr};

/// A function of a store: of a module, or of the host.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let add = Func::wrap(&mut store, |a: i32, b: i32| a.wrapping_add(b));
/// // Checked at run time …
/// let mut results = [Val::I32(0)];
/// add.call(&mut store, &[1.into(), 2.into()], &mut results)?;
/// assert_eq!(results[0].i32(), Some(3));
/// // … or once, and then typed.
/// let add = add.typed::<(i32, i32), i32>(&store)?;
/// assert_eq!(add.call(&mut store, (3, 4))?, 7);
/// assert!(add.func().matches_ty(&store, &add.func().ty(&store)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Func {
    store: StoreId,
    ptr: FuncPtr,
}

impl Func {
    /// Makes a host function of any type. Parameters and results are checked against `ty` at every call.
    /// On entry the results hold zeros and nulls, or nulls for references that cannot be null.
    ///
    /// # Panics
    /// If the type belongs to another engine.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let ty = FuncType::new(&engine, [ValType::I32], [ValType::I32, ValType::I32]);
    /// let twice = Func::new(&mut store, ty, |_caller, params, results| {
    ///     results.fill(params[0]);
    ///     Ok(())
    /// });
    /// let twice = twice.typed::<i32, (i32, i32)>(&store)?;
    /// assert_eq!(twice.call(&mut store, 5)?, (5, 5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Func {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let ptr = HostFunc::new(core.engine(), ty, func).make(core);
        Func { store: core.id(), ptr }
    }

    /// Makes a host function of a closure whose type says that of the function; see [`IntoFunc`].
    pub fn wrap<T: 'static, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Func {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let ptr = HostFunc::wrap(core.engine(), func).make(core);
        Func { store: core.id(), ptr }
    }

    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let core = store.as_context().core();
        FuncType::from_id(core.engine(), self.type_id(core))
    }

    /// Whether it can be used as a function of type `ty`.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn matches_ty(&self, store: impl AsContext, ty: &FuncType) -> bool {
        self.ty(store).matches(ty)
    }

    /// Calls it. `results` is overwritten.
    ///
    /// # Errors
    /// If number or types of parameters, or the number of results, are not those of its type; else what the call
    /// ended with: a [`Trap`], the error of a host function, or [`ThrownException`], with a [`WasmBacktrace`].
    ///
    /// # Panics
    /// If it or a parameter belongs to another store, or if a host function panics.
    pub fn call(&self, mut store: impl AsContextMut, params: &[Val], results: &mut [Val]) -> Result<()> {
        let mut store = store.as_context_mut();
        let core = store.core();
        let ty = self.ty_in(core);
        let abi = ty.abi();
        ensure!(
            params.len() == abi.params.len(),
            "expected {} arguments, got {}: the function is of type {ty}",
            abi.params.len(),
            params.len()
        );
        ensure!(
            results.len() == abi.results.len(),
            "expected room for {} results, got {}: the function is of type {ty}",
            abi.results.len(),
            results.len()
        );
        let mut values = vec![ValRaw { v128: [0; 16] }; params.len().max(results.len())];
        for (i, (param, ty)) in params.iter().zip(&abi.params).enumerate() {
            param.check(core, *ty).with_context(|| format!("argument {i}"))?;
            values[i] = param.to_raw(core)?;
        }
        // SAFETY: the values were checked against the function's type.
        unsafe { self.call_raw(&mut store, &mut values) }?;
        let core = store.core_mut();
        for ((result, raw), ty) in results.iter_mut().zip(&values).zip(&abi.results) {
            // SAFETY: results are of the function's type.
            *result = unsafe { Val::from_raw(core, raw, *ty) };
        }
        Ok(())
    }

    /// The function, its type checked once.
    ///
    /// # Errors
    /// If its type is not that of `Params` and `Results`.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn typed<Params: WasmParams, Results: WasmResults>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<Params, Results>> {
        TypedFunc::new(store.as_context().core(), *self)
    }

    /// Calls it with the parameters in `values`, which takes the results.
    ///
    /// # Safety
    /// `values` holds parameters of its type and has room for the longer of parameters and results.
    pub(crate) unsafe fn call_raw<T>(
        &self,
        store: &mut StoreContextMut<'_, T>,
        values: &mut [ValRaw],
    ) -> Result<()> {
        let func = self.ptr(store.core());
        let runtime = store.runtime();
        // SAFETY: the function is of this store, which is borrowed exclusively and not used while it runs, and
        // the caller says that the values are right.
        match unsafe { runtime.call(func, values) } {
            Ok(()) => Ok(()),
            Err(failure) => Err(call_failed(store.core_mut(), failure)),
        }
    }

    /// The function of this store behind a reference.
    pub(crate) fn from_ptr(core: &StoreCore, ptr: Option<FuncPtr>) -> Option<Func> {
        Some(Func { store: core.id(), ptr: ptr? })
    }

    pub(crate) fn ptr(&self, core: &StoreCore) -> FuncPtr {
        core.assert_owns(self.store);
        self.ptr
    }

    pub(crate) fn store(&self) -> StoreId {
        self.store
    }

    /// The engine-wide id of its type.
    pub(crate) fn type_id(&self, core: &StoreCore) -> u32 {
        // SAFETY: the function is of this store.
        unsafe { core.runtime.func_type_id(self.ptr(core)) }
    }

    fn ty_in(&self, core: &StoreCore) -> FuncType {
        FuncType::from_id(core.engine(), self.type_id(core))
    }
}

/// How a call failed, as the host sees it.
#[cold]
fn call_failed(core: &mut StoreCore, failure: Failure) -> crate::Error {
    match failure {
        Failure::Trap { code, backtrace } => explained(core, &backtrace, Trap::from(code).into()),
        Failure::Host { error, backtrace } => explained(core, &backtrace, from_host_error(error)),
        Failure::Exception(exception) => {
            core.pending_exception = Some(exception);
            ThrownException.into()
        }
        Failure::Panic(payload) => std::panic::resume_unwind(payload),
    }
}

/// An error with what is known of where it happened.
fn explained(core: &mut StoreCore, backtrace: &Backtrace, error: crate::Error) -> crate::Error {
    let error = WasmCoreDump::attach(core, backtrace, error);
    WasmBacktrace::attach(core, backtrace, error)
}
