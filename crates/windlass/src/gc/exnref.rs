//! Exceptions, and how they cross the host.

use super::rooting::Root;
use super::{GcHeapOutOfMemory, OwnedRooted, Rooted};
use crate::Engine;
use crate::error::{Context, Result, ensure};
use crate::externals::Tag;
use crate::store::{AsContext, AsContextMut, StoreCore};
use crate::types::{FieldType, FuncType, HeapType, Mutability, StorageType, TagType, ValType};
use crate::values::Val;
use windlass_abi::vm::ValRaw;
use windlass_runtime::GcRef;

/// The error of a call that an exception left: the exception is pending in the store, to be taken with
/// [`Store::take_pending_exception`](crate::Store::take_pending_exception). A host function that returns this
/// error throws the pending exception into its caller; see [`Store::throw`](crate::Store::throw).
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (tag $t (export "t") (param i32))
///     (func (export "fail") (throw $t (i32.const 7))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let fail = instance.get_typed_func::<(), ()>(&mut store, "fail")?;
/// let error = fail.call(&mut store, ()).unwrap_err();
/// assert!(error.is::<ThrownException>() && store.has_pending_exception());
/// let exception = store.take_pending_exception().unwrap();
/// assert_eq!(exception.field(&mut store, 0)?.i32(), Some(7));
/// let tag = instance.get_tag(&mut store, "t").unwrap();
/// assert!(Tag::eq(&exception.tag(&mut store)?, &tag, &store));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("thrown Wasm exception")]
pub struct ThrownException;

/// The type of exceptions of a tag type.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let ty = ExnType::new(&engine, [ValType::I32, ValType::F64])?;
/// assert_eq!(ty.fields().len(), 2);
/// assert_eq!(ty.field(0).unwrap().element_type().unwrap_val_type(), &ValType::I32);
/// assert!(ExnType::from_tag_type(&ty.tag_type())?.matches(&ty));
/// assert!(Engine::same(ty.engine(), &engine));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ExnType {
    ty: TagType,
}

impl ExnType {
    /// The type of exceptions with these fields.
    ///
    /// # Errors
    /// None at present.
    ///
    /// # Panics
    /// If a field names a type of another engine.
    pub fn new(engine: &Engine, fields: impl IntoIterator<Item = ValType>) -> Result<ExnType> {
        Ok(ExnType { ty: TagType::new(FuncType::new(engine, fields, [])) })
    }

    /// The type of exceptions of a tag type.
    ///
    /// # Errors
    /// If the tag's function type has results.
    pub fn from_tag_type(tag: &TagType) -> Result<ExnType> {
        ensure!(tag.ty().results().len() == 0, "a tag has no results: {}", tag.ty());
        Ok(ExnType { ty: tag.clone() })
    }

    /// The type of their tag.
    pub fn tag_type(&self) -> TagType {
        self.ty.clone()
    }

    /// The engine that the type belongs to.
    pub fn engine(&self) -> &Engine {
        self.ty.ty().engine()
    }

    /// The type of field `i`.
    pub fn field(&self, i: usize) -> Option<FieldType> {
        self.ty.ty().param(i).map(field)
    }

    /// Whether an exception of this type is one of `other`: if they are the same type.
    pub fn matches(&self, other: &ExnType) -> bool {
        self == other
    }

    /// The types of the fields.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        self.ty.ty().params().map(field)
    }
}

impl std::fmt::Display for ExnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.ty.fmt(f)
    }
}

fn field(ty: ValType) -> FieldType {
    FieldType::new(Mutability::Const, StorageType::ValType(ty))
}

/// What making exceptions of a type takes, prepared once.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = ExnType::new(&engine, [ValType::I32])?;
/// let tag = Tag::new(&mut store, &ty.tag_type())?;
/// let pre = ExnRefPre::new(&mut store, ty);
/// let (a, b) = (
///     ExnRef::new(&mut store, &pre, &tag, &[Val::I32(1)])?,
///     ExnRef::new(&mut store, &pre, &tag, &[Val::I32(2)])?,
/// );
/// assert!(!Rooted::ref_eq(&store, &a, &b)?);
/// assert_eq!(b.fields(&mut store)?.next().unwrap().i32(), Some(2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ExnRefPre {
    ty: ExnType,
}

impl ExnRefPre {
    /// Prepares to make exceptions of type `ty` in a store.
    ///
    /// # Panics
    /// If the type belongs to another engine than the store.
    pub fn new(store: impl AsContextMut, ty: ExnType) -> ExnRefPre {
        assert!(Engine::same(store.as_context().engine(), ty.engine()), "the type belongs to another engine");
        ExnRefPre { ty }
    }
}

/// What a reference to an exception (`exnref`) refers to.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (import "host" "oops" (tag $oops (param i32)))
///     (import "host" "fail" (func $fail))
///     (func (export "catch") (result i32)
///         (block $caught (result i32)
///             (try_table (catch $oops $caught) (call $fail))
///             (i32.const 0))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let payload = FuncType::new(&engine, [ValType::I32], []);
/// let oops = Tag::new(&mut store, &TagType::new(payload))?;
/// let fail = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
///     let ty = ExnType::from_tag_type(&oops.ty(&caller))?;
///     let pre = ExnRefPre::new(&mut caller, ty);
///     let exception = ExnRef::new(&mut caller, &pre, &oops, &[Val::I32(42)])?;
///     caller.as_context_mut().throw(exception)
/// });
/// let instance = Instance::new(&mut store, &module, &[oops.into(), fail.into()])?;
/// let catch = instance.get_typed_func::<(), i32>(&mut store, "catch")?;
/// assert_eq!(catch.call(&mut store, ())?, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ExnRef {
    _rooted: (),
}

impl ExnRef {
    /// Makes an exception of `tag` with these fields.
    ///
    /// # Errors
    /// If number or types of the fields are not those of the tag; [`GcHeapOutOfMemory`] if the heap is full.
    ///
    /// # Panics
    /// If the tag or a field belongs to another store.
    pub fn new(
        mut store: impl AsContextMut,
        allocator: &ExnRefPre,
        tag: &Tag,
        fields: &[Val],
    ) -> Result<Rooted<ExnRef>> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let ty = allocator.ty.ty.ty();
        ensure!(
            tag.type_id(core) == ty.registered().id(),
            "the tag is of type {}, the exception's type is {ty}",
            tag.ty_in(core).ty()
        );
        let params = &ty.abi().params;
        ensure!(params.len() == fields.len(), "expected {} fields, found {}", params.len(), fields.len());
        let mut payload = Vec::<ValRaw>::with_capacity(fields.len());
        for (i, (field, ty)) in fields.iter().zip(params).enumerate() {
            field.check(core, *ty).with_context(|| format!("field {i} of the exception"))?;
            payload.push(field.to_raw(core)?);
        }
        // SAFETY: the values were checked against the tag's signature, and nothing was allocated since.
        let exception = unsafe { core.runtime.new_exception(tag.id(core), &payload) };
        let exception = exception.map_err(|full| GcHeapOutOfMemory::new(full, ()))?;
        Ok(Rooted::new(core, Some(exception)).expect("it is not null"))
    }
}

macro_rules! roots {
    ($($root:ident)*) => { $(
        impl $root<ExnRef> {
            /// The exception's tag.
            ///
            /// # Errors
            /// If it is a [`Rooted`] whose scope has ended.
            ///
            /// # Panics
            /// If it belongs to another store.
            pub fn tag(&self, mut store: impl AsContextMut) -> Result<Tag> {
                let store = store.as_context_mut();
                tag(store.core(), self.reference(store.core())?)
            }

            /// The exception's type.
            ///
            /// # Errors
            /// If it is a [`Rooted`] whose scope has ended.
            ///
            /// # Panics
            /// If it belongs to another store.
            pub fn ty(&self, store: impl AsContext) -> Result<ExnType> {
                let core = store.as_context().core();
                ExnType::from_tag_type(&tag(core, self.reference(core)?)?.ty_in(core))
            }

            /// Whether references to `ty` may be references to this exception.
            ///
            /// # Errors
            /// If it is a [`Rooted`] whose scope has ended.
            ///
            /// # Panics
            /// If it belongs to another store.
            pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
                self.reference(store.as_context().core())?;
                Ok(HeapType::Exn.matches(ty))
            }

            /// The fields: the payload that it was thrown with.
            ///
            /// # Errors
            /// If it is a [`Rooted`] whose scope has ended.
            ///
            /// # Panics
            /// If it belongs to another store.
            pub fn fields<C: AsContextMut>(
                &self,
                mut store: C,
            ) -> Result<impl ExactSizeIterator<Item = Val> + use<C>> {
                let mut store = store.as_context_mut();
                let core = store.core_mut();
                Ok(fields(core, self.reference(core)?)?.into_iter())
            }

            /// Field `index`.
            ///
            /// # Errors
            /// If there is no such field, or it is a [`Rooted`] whose scope has ended.
            ///
            /// # Panics
            /// If it belongs to another store.
            pub fn field(&self, store: impl AsContextMut, index: usize) -> Result<Val> {
                self.fields(store)?.nth(index).with_context(|| format!("the exception has no field {index}"))
            }
        }
    )* };
}

roots! { Rooted OwnedRooted }

/// The tag of an exception.
fn tag(core: &StoreCore, exception: GcRef) -> Result<Tag> {
    let tag = core.runtime.exception_tag(exception).context("it is no exception")?;
    Ok(Tag::from_id(core, tag))
}

/// The fields of an exception.
fn fields(core: &mut StoreCore, exception: GcRef) -> Result<Vec<Val>> {
    let ty = tag(core, exception)?.ty_in(core);
    let payload = core.runtime.exception_payload(exception).context("it is no exception")?;
    // SAFETY: the payload is of the tag's type, and rooting allocates nothing.
    let value = |(raw, ty): (&ValRaw, &_)| unsafe { Val::from_raw(core, raw, *ty) };
    Ok(payload.iter().zip(&ty.ty().abi().params).map(value).collect())
}
