//! Values of any type: what calls that are not typed at compile time pass.

use crate::error::{Result, bail, ensure};
use crate::gc::{AnyRef, ExnRef, ExternRef, Rooted};
use crate::store::{AsContext, StoreCore};
use crate::types::{HeapType, RefType, ValType};
use crate::{Func, V128};
use windlass_abi::types as abi;
use windlass_abi::vm::ValRaw;
use windlass_runtime::{FuncPtr, GcRef};

/// A value. Floats are given as bits, so that NaNs stay as they are.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let sum = Func::wrap(&mut store, |a: i32, b: f64| f64::from(a) + b);
/// let mut results = [Val::F64(0)];
/// sum.call(&mut store, &[1.into(), 0.5.into()], &mut results)?;
/// assert_eq!((results[0].f64(), results[0].i32()), (Some(1.5), None));
/// assert_eq!(results[0].unwrap_f64(), 1.5);
///
/// let func = Val::from(sum);
/// assert!(func.funcref().unwrap().is_some());
/// assert!(func.matches_ty(&store, &ValType::FUNCREF)? && !func.matches_ty(&store, &ValType::I32)?);
/// assert_eq!(Val::I32(7).ty(&store)?, ValType::I32);
/// assert!(func.ref_().unwrap().is_non_null());
///
/// assert_eq!(Val::default_for_ty(&ValType::I64).and_then(|zero| zero.i64()), Some(0));
/// assert!(Val::null_ref(&HeapType::Extern).unwrap_externref().is_none());
/// assert!(Val::null_func_ref().unwrap_funcref().is_none());
/// assert!(Val::null_extern_ref().ref_().unwrap().is_null());
/// assert!(Val::null_any_ref().ref_().unwrap().is_any());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// A 128-bit vector.
    V128(V128),
    /// A reference to a function, or null.
    FuncRef(Option<Func>),
    /// A reference to a host value, or null.
    ExternRef(Option<Rooted<ExternRef>>),
    /// A reference to an internal value, or null. Only null can be made so far.
    AnyRef(Option<Rooted<AnyRef>>),
    /// A reference to an exception, or null.
    ExnRef(Option<Rooted<ExnRef>>),
}

/// A reference: what tables hold.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let func = Ref::from(Func::wrap(&mut store, || ()));
/// assert!(func.is_func() && func.is_non_null());
/// assert!(func.as_func().unwrap().is_some() && func.unwrap_func().is_some());
/// assert!(func.as_extern().is_none() && func.as_any().is_none() && func.as_exn().is_none());
/// assert!(func.matches_ty(&store, &RefType::FUNCREF)?);
/// assert_eq!(func.ty(&store)?.heap_type().top(), HeapType::Func);
///
/// let value = Ref::from(ExternRef::new(&mut store, 5)?);
/// assert!(value.is_extern() && value.unwrap_extern().is_some());
/// let nothing = Ref::null(&HeapType::Exn);
/// assert!(nothing.is_null() && nothing.is_exn() && nothing.unwrap_exn().is_none());
/// assert!(Ref::null(&HeapType::Struct).is_any() && Ref::Any(None).unwrap_any().is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Ref {
    /// A reference to a function, or null.
    Func(Option<Func>),
    /// A reference to a host value, or null.
    Extern(Option<Rooted<ExternRef>>),
    /// A reference to an internal value, or null.
    Any(Option<Rooted<AnyRef>>),
    /// A reference to an exception, or null.
    Exn(Option<Rooted<ExnRef>>),
}

macro_rules! val_accessors {
    ($( $bind:ident $variant:ident $ty:ty, $get:ident $unwrap:ident => $conversion:expr )*) => { $(
        #[doc = concat!("The value, if it is of kind `", stringify!($variant), "`.")]
        pub fn $get(&self) -> Option<$ty> {
            match self {
                Val::$variant($bind) => Some($conversion),
                _ => None,
            }
        }

        #[doc = concat!("The value, which is of kind `", stringify!($variant), "`.\n\n# Panics\nIf it is not.")]
        pub fn $unwrap(&self) -> $ty {
            self.$get().expect(concat!("not a ", stringify!($variant)))
        }
    )* };
}

impl Val {
    val_accessors! {
        v I32 i32, i32 unwrap_i32 => *v
        v I64 i64, i64 unwrap_i64 => *v
        v F32 f32, f32 unwrap_f32 => f32::from_bits(*v)
        v F64 f64, f64 unwrap_f64 => f64::from_bits(*v)
        v V128 V128, v128 unwrap_v128 => *v
        v FuncRef Option<&Func>, funcref unwrap_funcref => v.as_ref()
        v ExternRef Option<&Rooted<ExternRef>>, externref unwrap_externref => v.as_ref()
        v AnyRef Option<&Rooted<AnyRef>>, anyref unwrap_anyref => v.as_ref()
        v ExnRef Option<&Rooted<ExnRef>>, exnref unwrap_exnref => v.as_ref()
    }

    /// Null in the hierarchy of a heap type.
    pub fn null_ref(heap_type: &HeapType) -> Val {
        Ref::null(heap_type).into()
    }

    /// Null as a reference to a function.
    pub const fn null_func_ref() -> Val {
        Val::FuncRef(None)
    }

    /// Null as a reference to a host value.
    pub const fn null_extern_ref() -> Val {
        Val::ExternRef(None)
    }

    /// Null as a reference to an internal value.
    pub const fn null_any_ref() -> Val {
        Val::AnyRef(None)
    }

    /// Zero, or null; `None` for references that cannot be null.
    pub fn default_for_ty(ty: &ValType) -> Option<Val> {
        Some(match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(0.into()),
            ValType::Ref(ty) if ty.is_nullable() => Val::null_ref(ty.heap_type()),
            ValType::Ref(_) => return None,
        })
    }

    /// The reference, if it is one.
    pub fn ref_(self) -> Option<Ref> {
        match self {
            Val::FuncRef(v) => Some(Ref::Func(v)),
            Val::ExternRef(v) => Some(Ref::Extern(v)),
            Val::AnyRef(v) => Some(Ref::Any(v)),
            Val::ExnRef(v) => Some(Ref::Exn(v)),
            _ => None,
        }
    }

    /// The most precise type of the value.
    ///
    /// # Errors
    /// If it is a reference whose scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<ValType> {
        Ok(match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            reference => ValType::Ref(reference.ref_().expect("all else is a reference").ty(store)?),
        })
    }

    /// Whether the value is of type `ty`.
    ///
    /// # Errors
    /// If it is a reference whose scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &ValType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    /// Checks that the value is of type `ty` and comes from the store.
    pub(crate) fn check(&self, core: &StoreCore, ty: abi::ValType) -> Result<()> {
        let agrees = match (self, ty) {
            (Val::I32(_), abi::ValType::I32)
            | (Val::I64(_), abi::ValType::I64)
            | (Val::F32(_), abi::ValType::F32)
            | (Val::F64(_), abi::ValType::F64)
            | (Val::V128(_), abi::ValType::V128) => true,
            (_, abi::ValType::Ref(ty)) => match self.ref_() {
                Some(reference) => core.engine().types().ref_matches(reference.abi_ty(core)?, ty),
                None => false,
            },
            _ => false,
        };
        if !agrees {
            let expected = ValType::from_abi(core.engine(), ty);
            bail!("type mismatch: expected {expected}, found {}", self.describe(core));
        }
        Ok(())
    }

    /// The value's type in text, for errors.
    pub(crate) fn describe(&self, core: &StoreCore) -> String {
        match self {
            Val::I32(_) => "i32".into(),
            Val::I64(_) => "i64".into(),
            Val::F32(_) => "f32".into(),
            Val::F64(_) => "f64".into(),
            Val::V128(_) => "v128".into(),
            reference => match reference.ref_().expect("all else is a reference").abi_ty(core) {
                Ok(ty) => RefType::from_abi(core.engine(), ty).to_string(),
                Err(error) => error.to_string(),
            },
        }
    }

    /// The value as it stands in arrays for calls. A heap reference in it holds until the next allocation.
    pub(crate) fn to_raw(self, core: &StoreCore) -> Result<ValRaw> {
        Ok(match self {
            Val::I32(v) => ValRaw { i32: v as u32 as u64 },
            Val::I64(v) => ValRaw { i64: v as u64 },
            Val::F32(v) => ValRaw { f32: v as u64 },
            Val::F64(v) => ValRaw { f64: v },
            Val::V128(v) => ValRaw { v128: v.to_le_bytes() },
            reference => reference.ref_().expect("all else is a reference").to_raw(core)?,
        })
    }

    /// The value in an array for calls, its reference rooted.
    ///
    /// # Safety
    /// `raw` holds a value of type `ty` of this store.
    pub(crate) unsafe fn from_raw(core: &mut StoreCore, raw: &ValRaw, ty: abi::ValType) -> Val {
        // SAFETY: the caller says which member of the union it is.
        unsafe {
            match ty {
                abi::ValType::I32 => Val::I32(raw.i32 as i32),
                abi::ValType::I64 => Val::I64(raw.i64 as i64),
                abi::ValType::F32 => Val::F32(raw.f32 as u32),
                abi::ValType::F64 => Val::F64(raw.f64),
                abi::ValType::V128 => Val::V128(V128::from_le_bytes(raw.v128)),
                abi::ValType::Ref(ty) => Ref::from_raw(core, raw, ty.heap).into(),
            }
        }
    }
}

impl Ref {
    /// Null in the hierarchy of a heap type.
    pub fn null(heap_type: &HeapType) -> Ref {
        match heap_type.top() {
            HeapType::Func => Ref::Func(None),
            HeapType::Extern => Ref::Extern(None),
            HeapType::Exn => Ref::Exn(None),
            _ => Ref::Any(None),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Extern(None) | Ref::Any(None) | Ref::Exn(None))
    }

    /// Whether it is not null.
    pub fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    /// Whether it is a reference to a host value, or null as one.
    pub fn is_extern(&self) -> bool {
        matches!(self, Ref::Extern(_))
    }

    /// Whether it is a reference to a function, or null as one.
    pub fn is_func(&self) -> bool {
        matches!(self, Ref::Func(_))
    }

    /// Whether it is a reference to an internal value, or null as one.
    pub fn is_any(&self) -> bool {
        matches!(self, Ref::Any(_))
    }

    /// Whether it is a reference to an exception, or null as one.
    pub fn is_exn(&self) -> bool {
        matches!(self, Ref::Exn(_))
    }

    /// The reference to a function or null, if it is one.
    pub fn as_func(&self) -> Option<Option<&Func>> {
        match self {
            Ref::Func(f) => Some(f.as_ref()),
            _ => None,
        }
    }

    /// The reference to a function or null.
    ///
    /// # Panics
    /// If it is neither.
    pub fn unwrap_func(&self) -> Option<&Func> {
        self.as_func().expect("not a reference to a function")
    }

    /// The reference to a host value or null, if it is one.
    pub fn as_extern(&self) -> Option<Option<&Rooted<ExternRef>>> {
        match self {
            Ref::Extern(e) => Some(e.as_ref()),
            _ => None,
        }
    }

    /// The reference to a host value or null.
    ///
    /// # Panics
    /// If it is neither.
    pub fn unwrap_extern(&self) -> Option<&Rooted<ExternRef>> {
        self.as_extern().expect("not a reference to a host value")
    }

    /// The reference to an internal value or null, if it is one.
    pub fn as_any(&self) -> Option<Option<&Rooted<AnyRef>>> {
        match self {
            Ref::Any(a) => Some(a.as_ref()),
            _ => None,
        }
    }

    /// The reference to an internal value or null.
    ///
    /// # Panics
    /// If it is neither.
    pub fn unwrap_any(&self) -> Option<&Rooted<AnyRef>> {
        self.as_any().expect("not a reference to an internal value")
    }

    /// The reference to an exception or null, if it is one.
    pub fn as_exn(&self) -> Option<Option<&Rooted<ExnRef>>> {
        match self {
            Ref::Exn(e) => Some(e.as_ref()),
            _ => None,
        }
    }

    /// The reference to an exception or null.
    ///
    /// # Panics
    /// If it is neither.
    pub fn unwrap_exn(&self) -> Option<&Rooted<ExnRef>> {
        self.as_exn().expect("not a reference to an exception")
    }

    /// The most precise type of the reference.
    ///
    /// # Errors
    /// If its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<RefType> {
        let store = store.as_context();
        Ok(RefType::from_abi(store.core().engine(), self.abi_ty(store.core())?))
    }

    /// Whether the reference is of type `ty`.
    ///
    /// # Errors
    /// If its scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &RefType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    /// The most precise type, with engine-wide ids; checks the store.
    pub(crate) fn abi_ty(&self, core: &StoreCore) -> Result<abi::RefType> {
        use abi::HeapType;
        let heap = match self {
            Ref::Func(None) => HeapType::NoFunc,
            Ref::Func(Some(func)) => HeapType::ConcreteFunc(func.type_id(core)),
            Ref::Extern(None) => HeapType::NoExtern,
            Ref::Extern(Some(root)) => {
                root.get(core)?;
                HeapType::Extern
            }
            Ref::Any(None) => HeapType::None,
            Ref::Any(Some(root)) => {
                root.get(core)?;
                HeapType::Any
            }
            Ref::Exn(None) => HeapType::NoExn,
            Ref::Exn(Some(root)) => {
                root.get(core)?;
                HeapType::Exn
            }
        };
        Ok(abi::RefType { nullable: self.is_null(), heap })
    }

    /// As [`Val::to_raw`].
    pub(crate) fn to_raw(self, core: &StoreCore) -> Result<ValRaw> {
        let gc = |reference: Result<GcRef>| Ok(ValRaw { gc: reference?.to_bits() });
        match self {
            Ref::Func(None) => Ok(ValRaw { func: std::ptr::null() }),
            Ref::Func(Some(func)) => Ok(ValRaw { func: func.ptr(core).as_ptr() }),
            Ref::Extern(Some(root)) => gc(root.get(core)),
            Ref::Any(Some(root)) => gc(root.get(core)),
            Ref::Exn(Some(root)) => gc(root.get(core)),
            Ref::Extern(None) | Ref::Any(None) | Ref::Exn(None) => Ok(ValRaw { gc: 0 }),
        }
    }

    /// As [`Val::from_raw`].
    ///
    /// # Safety
    /// `raw` holds a reference of a type below `heap` of this store.
    pub(crate) unsafe fn from_raw(core: &mut StoreCore, raw: &ValRaw, heap: abi::HeapType) -> Ref {
        // SAFETY: the caller says which member of the union it is.
        unsafe {
            match heap.top() {
                abi::HeapType::Func => Ref::Func(Func::from_ptr(core, FuncPtr::new(raw.func))),
                abi::HeapType::Extern => Ref::Extern(Rooted::new(core, GcRef::from_bits(raw.gc))),
                abi::HeapType::Exn => Ref::Exn(Rooted::new(core, GcRef::from_bits(raw.gc))),
                _ => Ref::Any(Rooted::new(core, GcRef::from_bits(raw.gc))),
            }
        }
    }

    /// Checks that the reference is of type `ty` and comes from the store.
    pub(crate) fn check(&self, core: &StoreCore, ty: abi::RefType) -> Result<()> {
        let found = self.abi_ty(core)?;
        ensure!(
            core.engine().types().ref_matches(found, ty),
            "type mismatch: expected {}, found {}",
            RefType::from_abi(core.engine(), ty),
            RefType::from_abi(core.engine(), found)
        );
        Ok(())
    }
}

macro_rules! val_from {
    ($( $ty:ty => |$v:ident| $val:expr; )*) => { $(
        impl From<$ty> for Val {
            fn from($v: $ty) -> Val {
                $val
            }
        }
    )* };
}

val_from! {
    i32 => |v| Val::I32(v);
    u32 => |v| Val::I32(v as i32);
    i64 => |v| Val::I64(v);
    u64 => |v| Val::I64(v as i64);
    f32 => |v| Val::F32(v.to_bits());
    f64 => |v| Val::F64(v.to_bits());
    u128 => |v| Val::V128(v.into());
    V128 => |v| Val::V128(v);
    Func => |v| Val::FuncRef(Some(v));
    Option<Func> => |v| Val::FuncRef(v);
    Rooted<ExternRef> => |v| Val::ExternRef(Some(v));
    Option<Rooted<ExternRef>> => |v| Val::ExternRef(v);
    Rooted<AnyRef> => |v| Val::AnyRef(Some(v));
    Option<Rooted<AnyRef>> => |v| Val::AnyRef(v);
    Rooted<ExnRef> => |v| Val::ExnRef(Some(v));
    Option<Rooted<ExnRef>> => |v| Val::ExnRef(v);
    Ref => |v| match v {
        Ref::Func(v) => Val::FuncRef(v),
        Ref::Extern(v) => Val::ExternRef(v),
        Ref::Any(v) => Val::AnyRef(v),
        Ref::Exn(v) => Val::ExnRef(v),
    };
}

macro_rules! ref_from {
    ($( $ty:ty => $variant:ident )*) => { $(
        impl From<$ty> for Ref {
            fn from(v: $ty) -> Ref {
                Ref::$variant(Some(v))
            }
        }

        impl From<Option<$ty>> for Ref {
            fn from(v: Option<$ty>) -> Ref {
                Ref::$variant(v)
            }
        }
    )* };
}

ref_from! {
    Func => Func
    Rooted<ExternRef> => Extern
    Rooted<AnyRef> => Any
    Rooted<ExnRef> => Exn
}
