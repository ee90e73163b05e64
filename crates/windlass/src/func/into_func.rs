//! Closures that can be host functions.

use super::{Caller, WasmTy};
use crate::Engine;
use crate::error::Result;
use crate::store::{StoreContextMut, StoreCore};
use crate::types::{FuncType, ValType};
use windlass_abi::vm::ValRaw;
use windlass_runtime::InstanceId;

/// Calls a macro with the number and the names of 0 to 16 type parameters.
macro_rules! for_each_arity {
    ($mac:ident) => {
        $mac!(0);
        $mac!(1 0 A0);
        $mac!(2 0 A0 1 A1);
        $mac!(3 0 A0 1 A1 2 A2);
        $mac!(4 0 A0 1 A1 2 A2 3 A3);
        $mac!(5 0 A0 1 A1 2 A2 3 A3 4 A4);
        $mac!(6 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5);
        $mac!(7 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6);
        $mac!(8 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6 7 A7);
        $mac!(9 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6 7 A7 8 A8);
        $mac!(10 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6 7 A7 8 A8 9 A9);
        $mac!(11 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6 7 A7 8 A8 9 A9 10 A10);
        $mac!(12 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6 7 A7 8 A8 9 A9 10 A10 11 A11);
        $mac!(13 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6 7 A7 8 A8 9 A9 10 A10 11 A11 12 A12);
        $mac!(14 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6 7 A7 8 A8 9 A9 10 A10 11 A11 12 A12 13 A13);
        $mac!(15 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6 7 A7 8 A8 9 A9 10 A10 11 A11 12 A12 13 A13 14 A14);
        $mac!(16 0 A0 1 A1 2 A2 3 A3 4 A4 5 A5 6 A6 7 A7 8 A8 9 A9 10 A10 11 A11 12 A12 13 A13 14 A14 15 A15);
    };
}
pub(super) use for_each_arity;

/// What a host function may return: a [`WasmTy`], a tuple of up to 16, `()`, or a [`Result`](crate::Result) of these.
///
/// # Safety
/// For types of this crate only.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// Func::wrap(&mut store, || ());
/// Func::wrap(&mut store, || 1_i32);
/// Func::wrap(&mut store, || (1_i32, 2.0_f64));
/// Func::wrap(&mut store, || -> Result<(i32, f64)> { bail!("never") });
/// # Ok(())
/// # }
/// ```
pub unsafe trait WasmRet {
    /// The number of results.
    #[doc(hidden)]
    const COUNT: usize;

    /// The types of the results.
    #[doc(hidden)]
    fn types() -> Vec<ValType>;

    /// Stores the results.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn store(self, core: &StoreCore, values: &mut [ValRaw]) -> Result<()>;
}

// SAFETY: one value.
unsafe impl<W: WasmTy> WasmRet for W {
    const COUNT: usize = 1;

    fn types() -> Vec<ValType> {
        vec![W::valtype()]
    }

    #[inline]
    #[allow(private_interfaces)]
    fn store(self, core: &StoreCore, values: &mut [ValRaw]) -> Result<()> {
        WasmTy::store(self, core, &mut values[0])
    }
}

// SAFETY: as the value within.
unsafe impl<R: WasmRet> WasmRet for Result<R> {
    const COUNT: usize = R::COUNT;

    fn types() -> Vec<ValType> {
        R::types()
    }

    #[inline]
    #[allow(private_interfaces)]
    fn store(self, core: &StoreCore, values: &mut [ValRaw]) -> Result<()> {
        self?.store(core, values)
    }
}

/// Types of a host function's parameters, as a tuple of up to 16 [`WasmTy`].
///
/// # Safety
/// For types of this crate only.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// // The parameters of this closure are the list `(i32, i64)`.
/// let f = Func::wrap(&mut store, |_: i32, _: i64| ());
/// assert_eq!(f.ty(&store).params().len(), 2);
/// # Ok(())
/// # }
/// ```
pub unsafe trait WasmTyList {
    /// The types.
    #[doc(hidden)]
    fn types() -> Vec<ValType>;

    /// Loads the parameters.
    ///
    /// # Safety
    /// `values` points to values of these types of this store.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    unsafe fn load(core: &mut StoreCore, values: *const ValRaw) -> Self;
}

/// Closures that can be host functions: `Fn(A…) -> R` and `Fn(Caller<'_, T>, A…) -> R`, with up to 16
/// parameters that are [`WasmTy`] and a result that is [`WasmRet`]. An `Err` ends the guest with that error.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// /// Defines a function under two names.
/// fn both<P, R>(linker: &mut Linker<u32>, func: impl IntoFunc<u32, P, R> + Clone) -> Result<()> {
///     linker.func_wrap("env", "a", func.clone())?.func_wrap("env", "b", func)?;
///     Ok(())
/// }
///
/// let mut linker = Linker::new(&Engine::default());
/// both(&mut linker, |mut caller: Caller<'_, u32>, by: u32| *caller.data_mut() += by)?;
/// # Ok(())
/// # }
/// ```
pub trait IntoFunc<T, Params, Results>: Send + Sync + 'static {
    /// The function's type.
    #[doc(hidden)]
    fn func_type(engine: &Engine) -> FuncType;

    /// Calls it.
    ///
    /// # Safety
    /// `values` points to its parameters, of this store, and has room for the longer of parameters and results.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    unsafe fn invoke(
        &self,
        store: StoreContextMut<'_, T>,
        caller: Option<InstanceId>,
        values: *mut ValRaw,
    ) -> Result<()>;
}

/// Stores the results of a host function.
///
/// # Safety
/// `values` has room for them.
#[inline]
pub(crate) unsafe fn store_results<R: WasmRet>(
    core: &StoreCore,
    results: R,
    values: *mut ValRaw,
) -> Result<()> {
    // SAFETY: the caller says that there is room; values are plain bits.
    results.store(core, unsafe { std::slice::from_raw_parts_mut(values, R::COUNT) })
}

macro_rules! functions {
    ($n:literal $($i:tt $name:ident)*) => {
        // SAFETY: the members in order.
        unsafe impl<$($name: WasmTy),*> WasmTyList for ($($name,)*) {
            fn types() -> Vec<ValType> {
                vec![$($name::valtype()),*]
            }

            #[inline]
            #[allow(private_interfaces, unused_variables, unused_unsafe, clippy::unused_unit)]
            unsafe fn load(core: &mut StoreCore, values: *const ValRaw) -> Self {
                // SAFETY: the caller says so.
                unsafe { ($(<$name as WasmTy>::load(core, &*values.add($i)),)*) }
            }
        }

        // SAFETY: the members in order.
        unsafe impl<$($name: WasmTy),*> WasmRet for ($($name,)*) {
            const COUNT: usize = $n;

            fn types() -> Vec<ValType> {
                vec![$($name::valtype()),*]
            }

            #[inline]
            #[allow(private_interfaces, non_snake_case, unused_variables)]
            fn store(self, core: &StoreCore, values: &mut [ValRaw]) -> Result<()> {
                let ($($name,)*) = self;
                $( WasmTy::store($name, core, &mut values[$i])?; )*
                Ok(())
            }
        }

        impl<T: 'static, F, $($name,)* R> IntoFunc<T, ($($name,)*), R> for F
        where
            F: Fn($($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy,)*
            R: WasmRet,
        {
            fn func_type(engine: &Engine) -> FuncType {
                FuncType::new(engine, <($($name,)*) as WasmTyList>::types(), R::types())
            }

            #[inline]
            #[allow(private_interfaces, non_snake_case)]
            unsafe fn invoke(
                &self,
                mut store: StoreContextMut<'_, T>,
                _: Option<InstanceId>,
                values: *mut ValRaw,
            ) -> Result<()> {
                // SAFETY: the caller says so.
                let ($($name,)*) = unsafe { <($($name,)*) as WasmTyList>::load(store.core_mut(), values) };
                let results = self($($name),*);
                // SAFETY: as above.
                unsafe { store_results(store.core(), results, values) }
            }
        }

        impl<T: 'static, F, $($name,)* R> IntoFunc<T, (Caller<'_, T>, $($name,)*), R> for F
        where
            F: Fn(Caller<'_, T>, $($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy,)*
            R: WasmRet,
        {
            fn func_type(engine: &Engine) -> FuncType {
                FuncType::new(engine, <($($name,)*) as WasmTyList>::types(), R::types())
            }

            #[inline]
            #[allow(private_interfaces, non_snake_case)]
            unsafe fn invoke(
                &self,
                mut store: StoreContextMut<'_, T>,
                caller: Option<InstanceId>,
                values: *mut ValRaw,
            ) -> Result<()> {
                // SAFETY: the caller says so.
                let ($($name,)*) = unsafe { <($($name,)*) as WasmTyList>::load(store.core_mut(), values) };
                let results = self(Caller::new(crate::AsContextMut::as_context_mut(&mut store), caller), $($name),*);
                // SAFETY: as above.
                unsafe { store_results(store.core(), results, values) }
            }
        }
    };
}

for_each_arity!(functions);
