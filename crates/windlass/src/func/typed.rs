//! Functions whose types were checked once: calls move plain values through an array on the stack.

use super::wasm_ty::{Position, needs_check, typecheck};
use super::{Func, WasmTy};
use crate::error::{Context, Result, ensure};
use crate::store::{AsContextMut, StoreCore};
use crate::values::Val;
use std::marker::PhantomData;
use windlass_abi::types::FuncType;
use windlass_abi::vm::ValRaw;

/// A function whose parameters and results are known at compile time. Made by [`Func::typed`] or
/// [`Instance::get_typed_func`](crate::Instance::get_typed_func).
///
/// A single parameter or result stands for itself; several are a tuple, none is `()`.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let divide = Func::wrap(&mut store, |a: i32, b: i32| -> Result<(i32, i32)> {
///     ensure!(b != 0, "division by zero");
///     Ok((a / b, a % b))
/// });
/// let divide: TypedFunc<(i32, i32), (i32, i32)> = divide.typed(&store)?;
/// assert_eq!(divide.call(&mut store, (17, 5))?, (3, 2));
/// assert!(divide.call(&mut store, (1, 0)).is_err());
/// // The types are checked once.
/// let error = divide.func().typed::<i32, i32>(&store).unwrap_err();
/// assert!(error.to_string().contains("(func (param i32 i32) (result i32 i32))"));
/// # Ok(())
/// # }
/// ```
pub struct TypedFunc<Params, Results> {
    func: Func,
    /// Whether parameters must be checked at each call.
    checks: bool,
    types: PhantomData<fn(Params) -> Results>,
}

impl<Params, Results> Clone for TypedFunc<Params, Results> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Params, Results> Copy for TypedFunc<Params, Results> {}

impl<Params, Results> std::fmt::Debug for TypedFunc<Params, Results> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    pub(super) fn new(core: &StoreCore, func: Func) -> Result<TypedFunc<Params, Results>> {
        let ty = func.ty_in(core);
        let check = || {
            Params::typecheck(core, &ty.abi().params, Position::Param)
                .context("type mismatch with parameters")?;
            Results::typecheck(core, &ty.abi().results, Position::Result)
                .context("type mismatch with results")
        };
        check().with_context(|| format!("the function is of type {ty}"))?;
        let checks = ty.abi().params.iter().any(|ty| needs_check(*ty));
        Ok(TypedFunc { func, checks, types: PhantomData })
    }

    /// The function.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls it.
    ///
    /// # Errors
    /// What the call ended with: a [`Trap`](crate::Trap), the error of a host function, or
    /// [`ThrownException`](crate::ThrownException), with a [`WasmBacktrace`](crate::WasmBacktrace).
    ///
    /// # Panics
    /// If it or a parameter belongs to another store, or if a host function panics.
    pub fn call(&self, mut store: impl AsContextMut, params: Params) -> Result<Results> {
        let mut store = store.as_context_mut();
        let mut space = Space::<Params::Array, Results::Array>::new();
        let values = space.values();
        params.store(store.core(), values)?;
        if self.checks {
            self.check_params(store.core_mut(), values)?;
        }
        // SAFETY: the types were checked when `self` was made, and the space is as long as the longer of both.
        unsafe {
            self.func.call_raw(&mut store, values)?;
            Ok(Results::load(store.core_mut(), values))
        }
    }

    #[cold]
    fn check_params(&self, core: &mut StoreCore, values: &[ValRaw]) -> Result<()> {
        let ty: FuncType = self.func.ty_in(core).abi().clone();
        for (i, (raw, ty)) in values.iter().zip(&ty.params).enumerate() {
            if needs_check(*ty) {
                // SAFETY: the hierarchy was checked when `self` was made. Rooting allocates nothing.
                unsafe { Val::from_raw(core, raw, *ty) }
                    .check(core, *ty)
                    .with_context(|| format!("argument {i}"))?;
            }
        }
        Ok(())
    }
}

/// Room for parameters and results in one place.
union Space<P: Copy, R: Copy> {
    _params: P,
    _results: R,
}

impl<P: Copy, R: Copy> Space<P, R> {
    fn new() -> Space<P, R> {
        // SAFETY: both are arrays of `ValRaw`, which may be zero.
        unsafe { std::mem::zeroed() }
    }

    fn values(&mut self) -> &mut [ValRaw] {
        let len = size_of::<Space<P, R>>() / size_of::<ValRaw>();
        // SAFETY: both are arrays of `ValRaw`, so the union is as many of them as the longer array, all initialized.
        unsafe { std::slice::from_raw_parts_mut((&raw mut *self).cast(), len) }
    }
}

/// Types of a function's parameters: a [`WasmTy`], or a tuple of up to 16.
///
/// # Safety
/// For types of this crate only.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// /// Calls an export with any parameters.
/// fn call<P: WasmParams, R: WasmResults>(store: &mut Store<()>, f: Func, params: P) -> Result<R> {
///     f.typed::<P, R>(&store)?.call(store, params)
/// }
///
/// let mut store = Store::new(&Engine::default(), ());
/// let add = Func::wrap(&mut store, |a: i64, b: i64| a + b);
/// let same = Func::wrap(&mut store, |a: f32| a);
/// assert_eq!(call::<_, i64>(&mut store, add, (1_i64, 2_i64))?, 3);
/// assert_eq!(call::<_, f32>(&mut store, same, 1.5_f32)?, 1.5);
/// # Ok(())
/// # }
/// ```
pub unsafe trait WasmParams: Send {
    /// `[ValRaw; N]`.
    #[doc(hidden)]
    type Array: Copy;

    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn typecheck(core: &StoreCore, types: &[windlass_abi::types::ValType], position: Position) -> Result<()>;

    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn store(self, core: &StoreCore, values: &mut [ValRaw]) -> Result<()>;
}

/// Types of a function's results: a [`WasmTy`], or a tuple of up to 16.
///
/// # Safety
/// For types of this crate only.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let f = Func::wrap(&mut store, || (1_i32, 2_i64));
/// // One result stands for itself, several are a tuple, none is `()`.
/// assert_eq!(f.typed::<(), (i32, i64)>(&store)?.call(&mut store, ())?, (1, 2));
/// assert!(f.typed::<(), i32>(&store).is_err());
/// # Ok(())
/// # }
/// ```
pub unsafe trait WasmResults: WasmParams {
    /// # Safety
    /// `values` holds values of these types of this store.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    unsafe fn load(core: &mut StoreCore, values: &[ValRaw]) -> Self;
}

// SAFETY: one value in an array of one.
unsafe impl<W: WasmTy> WasmParams for W {
    type Array = [ValRaw; 1];

    #[allow(private_interfaces)]
    fn typecheck(core: &StoreCore, types: &[windlass_abi::types::ValType], position: Position) -> Result<()> {
        <(W,)>::typecheck(core, types, position)
    }

    #[inline]
    #[allow(private_interfaces)]
    fn store(self, core: &StoreCore, values: &mut [ValRaw]) -> Result<()> {
        WasmTy::store(self, core, &mut values[0])
    }
}

// SAFETY: as above.
unsafe impl<W: WasmTy> WasmResults for W {
    #[inline]
    #[allow(private_interfaces)]
    unsafe fn load(core: &mut StoreCore, values: &[ValRaw]) -> W {
        // SAFETY: the caller says so.
        unsafe { <W as WasmTy>::load(core, &values[0]) }
    }
}

macro_rules! tuples {
    ($n:literal $($i:tt $name:ident)*) => {
        // SAFETY: as many values as there are members, in order.
        #[allow(non_snake_case, unused_variables)]
        unsafe impl<$($name: WasmTy),*> WasmParams for ($($name,)*) {
            type Array = [ValRaw; $n];

            #[allow(private_interfaces)]
            fn typecheck(core: &StoreCore, types: &[windlass_abi::types::ValType], position: Position) -> Result<()> {
                ensure!(types.len() == $n, "expected {}, found {}", $n, types.len());
                $( typecheck::<$name>(core, types[$i], position).context(concat!("at position ", $i))?; )*
                Ok(())
            }

            #[inline]
            #[allow(private_interfaces)]
            fn store(self, core: &StoreCore, values: &mut [ValRaw]) -> Result<()> {
                let ($($name,)*) = self;
                $( $name.store(core, &mut values[$i])?; )*
                Ok(())
            }
        }

        // SAFETY: as above.
        #[allow(clippy::unused_unit)]
        unsafe impl<$($name: WasmTy),*> WasmResults for ($($name,)*) {
            #[inline]
            #[allow(private_interfaces, unused_variables, unused_unsafe)]
            unsafe fn load(core: &mut StoreCore, values: &[ValRaw]) -> Self {
                // SAFETY: the caller says so.
                unsafe { ($(<$name as WasmTy>::load(core, &values[$i]),)*) }
            }
        }
    };
}

super::into_func::for_each_arity!(tuples);
