//! Rust types that stand for one Wasm value.

use crate::Func;
use crate::V128;
use crate::error::{Result, bail};
use crate::gc::{AnyRef, ExnRef, ExternRef, OwnedRooted, Rooted};
use crate::store::StoreCore;
use crate::types::{HeapType, RefType, ValType};
use crate::values::{Ref, Val};
use windlass_abi::types as abi;
use windlass_abi::vm::ValRaw;
use windlass_runtime::{FuncPtr, GcRef};

/// A Rust type that stands for one Wasm value: `i32`, `u32`, `i64`, `u64`, `f32`, `f64`, [`V128`], [`Func`],
/// [`Rooted`] and [`OwnedRooted`] references, and `Option`s of references.
///
/// # Safety
/// For types of this crate only: values must be stored and loaded in the form of their type.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let f = Func::wrap(
///     &mut store,
///     |_: u32, _: f64, _: V128, _: Option<Func>, _: Option<Rooted<ExternRef>>| 0_u64,
/// );
/// assert_eq!(f.ty(&store).to_string(), "(func (param i32 f64 v128 funcref externref) (result i64))");
/// # Ok(())
/// # }
/// ```
pub unsafe trait WasmTy: Send {
    /// The Wasm type.
    #[doc(hidden)]
    fn valtype() -> ValType;

    /// Whether a value that is stored need not be checked against its type again.
    #[doc(hidden)]
    const IS_NUMBER: bool;

    /// Stores the value. A heap reference stays good until the next allocation.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn store(self, core: &StoreCore, to: &mut ValRaw) -> Result<()>;

    /// Loads a value.
    ///
    /// # Safety
    /// It is of the type, and of this store.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    unsafe fn load(core: &mut StoreCore, from: &ValRaw) -> Self;
}

macro_rules! numbers {
    ($( $ty:ty: $variant:ident, $field:ident, |$v:ident| $to:expr, $from:expr; )*) => { $(
        // SAFETY: the form is that of the type.
        unsafe impl WasmTy for $ty {
            const IS_NUMBER: bool = true;

            #[inline]
            fn valtype() -> ValType {
                ValType::$variant
            }

            #[inline]
            #[allow(private_interfaces)]
            fn store(self, _: &StoreCore, to: &mut ValRaw) -> Result<()> {
                let $v = self;
                *to = ValRaw { $field: $to };
                Ok(())
            }

            #[inline]
            #[allow(private_interfaces)]
            unsafe fn load(_: &mut StoreCore, from: &ValRaw) -> $ty {
                // SAFETY: the caller says that it is of the type.
                let $v = unsafe { from.$field };
                $from
            }
        }
    )* };
}

numbers! {
    i32: I32, i32, |v| v as u32 as u64, v as i32;
    u32: I32, i32, |v| v as u64, v as u32;
    i64: I64, i64, |v| v as u64, v as i64;
    u64: I64, i64, |v| v, v;
    f32: F32, f32, |v| v.to_bits() as u64, f32::from_bits(v as u32);
    f64: F64, f64, |v| v.to_bits(), f64::from_bits(v);
    V128: V128, v128, |v| v.to_le_bytes(), V128::from_le_bytes(v);
}

/// Writes the two forms of a reference: as it is, and as an `Option` that may be null.
macro_rules! references {
    ($( $ty:ty: $heap:ident, |$v:ident, $core:ident| $to:expr, $load_core:ident, $raw:ident => $from:expr; )*) => { $(
        // SAFETY: the form is that of the type.
        unsafe impl WasmTy for $ty {
            const IS_NUMBER: bool = false;

            fn valtype() -> ValType {
                ValType::Ref(RefType::new(false, HeapType::$heap))
            }

            #[allow(private_interfaces)]
            fn store(self, $core: &StoreCore, to: &mut ValRaw) -> Result<()> {
                let $v = self;
                *to = $to;
                Ok(())
            }

            #[allow(private_interfaces)]
            unsafe fn load(core: &mut StoreCore, from: &ValRaw) -> $ty {
                // SAFETY: the caller says that it is of the type.
                unsafe { <Option<$ty>>::load(core, from) }.expect("the type excludes null")
            }
        }

        // SAFETY: the form is that of the type.
        unsafe impl WasmTy for Option<$ty> {
            const IS_NUMBER: bool = false;

            fn valtype() -> ValType {
                ValType::Ref(RefType::new(true, HeapType::$heap))
            }

            #[allow(private_interfaces)]
            fn store(self, core: &StoreCore, to: &mut ValRaw) -> Result<()> {
                match self {
                    Some(reference) => reference.store(core, to),
                    None => {
                        // All bits of every form of null are zero.
                        *to = ValRaw { v128: [0; 16] };
                        Ok(())
                    }
                }
            }

            #[allow(private_interfaces)]
            unsafe fn load($load_core: &mut StoreCore, $raw: &ValRaw) -> Option<$ty> {
                // SAFETY: the caller says that it is of the type.
                unsafe { $from }
            }
        }
    )* };
}

references! {
    Func: Func, |v, core| ValRaw { func: v.ptr(core).as_ptr() },
        core, raw => Func::from_ptr(core, FuncPtr::new(raw.func));
    Rooted<ExternRef>: Extern, |v, core| ValRaw { gc: v.get(core)?.to_bits() },
        core, raw => Rooted::new(core, GcRef::from_bits(raw.gc));
    Rooted<ExnRef>: Exn, |v, core| ValRaw { gc: v.get(core)?.to_bits() },
        core, raw => Rooted::new(core, GcRef::from_bits(raw.gc));
    Rooted<AnyRef>: Any, |v, core| ValRaw { gc: v.get(core)?.to_bits() },
        core, raw => Rooted::new(core, GcRef::from_bits(raw.gc));
    OwnedRooted<ExternRef>: Extern, |v, core| ValRaw { gc: v.get(core).to_bits() },
        core, raw => OwnedRooted::new(core, GcRef::from_bits(raw.gc));
    OwnedRooted<ExnRef>: Exn, |v, core| ValRaw { gc: v.get(core).to_bits() },
        core, raw => OwnedRooted::new(core, GcRef::from_bits(raw.gc));
    OwnedRooted<AnyRef>: Any, |v, core| ValRaw { gc: v.get(core).to_bits() },
        core, raw => OwnedRooted::new(core, GcRef::from_bits(raw.gc));
}

/// No function: `Option<NoFunc>` stands for a reference that can only be null (`nullfuncref`).
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (func (export "is_null") (param nullfuncref) (result i32) (ref.is_null (local.get 0))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let is_null = instance.get_typed_func::<Option<NoFunc>, i32>(&mut store, "is_null")?;
/// assert_eq!(is_null.call(&mut store, NoFunc::null())?, 1);
/// assert!(NoFunc::null_ref().is_null() && NoFunc::null_val().unwrap_funcref().is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoFunc {}

impl NoFunc {
    /// Null.
    pub fn null() -> Option<NoFunc> {
        None
    }

    /// Null, as a [`Ref`].
    pub fn null_ref() -> Ref {
        Ref::Func(None)
    }

    /// Null, as a [`Val`].
    pub fn null_val() -> Val {
        Val::FuncRef(None)
    }
}

// SAFETY: null is zero in every form.
unsafe impl WasmTy for Option<NoFunc> {
    const IS_NUMBER: bool = false;

    fn valtype() -> ValType {
        ValType::NULLFUNCREF
    }

    #[allow(private_interfaces)]
    fn store(self, _: &StoreCore, to: &mut ValRaw) -> Result<()> {
        *to = ValRaw { v128: [0; 16] };
        Ok(())
    }

    #[allow(private_interfaces)]
    unsafe fn load(_: &mut StoreCore, _: &ValRaw) -> Option<NoFunc> {
        None
    }
}

/// Which way a value goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// From the host.
    Param,
    /// To the host.
    Result,
}

/// Checks that `Self` can stand for `actual` in calls of the host.
///
/// For a parameter of a type of its own, e.g. a function type, any reference of the same hierarchy is
/// accepted here, and each value is checked when it is passed ([`needs_check`]).
pub(crate) fn typecheck<W: WasmTy>(core: &StoreCore, actual: abi::ValType, position: Position) -> Result<()> {
    let types = core.engine().types();
    let expected = W::valtype().to_abi();
    let agree = match (position, expected, actual) {
        (Position::Param, abi::ValType::Ref(given), abi::ValType::Ref(wanted))
            if wanted.heap.concrete().is_some() =>
        {
            given.heap.top() == wanted.heap.top() && (wanted.nullable || !given.nullable)
        }
        (Position::Param, given, wanted) => types.val_matches(given, wanted),
        (Position::Result, wanted, given) => types.val_matches(given, wanted),
    };
    if !agree {
        let actual = ValType::from_abi(core.engine(), actual);
        bail!("expected {}, found {actual}", W::valtype());
    }
    Ok(())
}

/// Whether values for a parameter of this type must be checked when they are passed.
pub(crate) fn needs_check(ty: abi::ValType) -> bool {
    matches!(ty, abi::ValType::Ref(ty) if ty.heap.concrete().is_some())
}
