//! Roots: how the host holds references while collections move what they refer to.

use crate::error::{Context, Result};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut, StoreCore, StoreId};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use windlass_runtime::{self as runtime, ScopeMark};

mod private {
    pub trait Sealed {}
}

/// A type of what a reference into the heap can refer to.
///
/// Implemented by [`ExternRef`](crate::ExternRef), [`ExnRef`](crate::ExnRef) and [`AnyRef`](crate::AnyRef).
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// /// Keeps any references beyond their scope.
/// fn keep<T: GcRef>(store: &mut Store<()>, all: &[Rooted<T>]) -> Result<Vec<OwnedRooted<T>>> {
///     all.iter().map(|reference| reference.to_owned_rooted(&mut *store)).collect()
/// }
///
/// let mut store = Store::new(&Engine::default(), ());
/// let values = [ExternRef::new(&mut store, 1)?, ExternRef::new(&mut store, 2)?];
/// assert_eq!(keep(&mut store, &values)?.len(), 2);
/// # Ok(())
/// # }
/// ```
pub trait GcRef: private::Sealed + 'static {}

impl private::Sealed for crate::ExternRef {}
impl GcRef for crate::ExternRef {}
impl private::Sealed for crate::AnyRef {}
impl GcRef for crate::AnyRef {}
impl private::Sealed for crate::ExnRef {}
impl GcRef for crate::ExnRef {}

/// Either form of root: [`Rooted`] or [`OwnedRooted`].
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let rooted = ExternRef::new(&mut store, 1)?;
/// let owned = rooted.to_owned_rooted(&mut store)?;
/// // Takes either form.
/// fn same(store: &Store<()>, a: &impl RootedGcRef<ExternRef>, b: &impl RootedGcRef<ExternRef>) -> Result<bool> {
///     Rooted::ref_eq(store, a, b)
/// }
/// assert!(same(&store, &rooted, &owned)?);
/// # Ok(())
/// # }
/// ```
pub trait RootedGcRef<T: GcRef>: Root {}

pub(super) use rooted::Root;

mod rooted {
    use crate::error::Result;
    use crate::store::StoreCore;

    /// What both forms of root can do, unnamed outside of this crate.
    pub trait Root {
        #[allow(private_interfaces)]
        fn reference(&self, core: &StoreCore) -> Result<windlass_runtime::GcRef>;
    }
}

/// A reference that is kept alive until the [`RootScope`] ends in which it was made; outside of any, until
/// the host function returns that got or made it, or, in no host function, until the store is dropped.
///
/// Small and `Copy`. Using it after its scope gives an error. What it can do depends on what it refers to:
/// see [`ExternRef`](crate::ExternRef) and [`ExnRef`](crate::ExnRef).
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let a = ExternRef::new(&mut store, 1)?;
/// let b = ExternRef::new(&mut store, 1)?;
/// assert!(Rooted::ref_eq(&store, &a, &a)?);
/// assert!(!Rooted::ref_eq(&store, &a, &b)?);
/// let kept: OwnedRooted<ExternRef> = a.to_owned_rooted(&mut store)?;
/// assert!(Rooted::ref_eq(&store, &a, &kept)?);
///
/// // Another root of the same; for maps, roots and what they refer to can be hashed.
/// let again = kept.to_rooted(&mut store);
/// assert!(!Rooted::rooted_eq(a, again));
/// let mut hasher = std::hash::DefaultHasher::new();
/// a.rooted_hash(&mut hasher);
/// a.ref_hash(&store, &mut hasher)?;
/// # Ok(())
/// # }
/// ```
pub struct Rooted<T: GcRef> {
    store: StoreId,
    root: runtime::Rooted,
    refers_to: PhantomData<fn() -> T>,
}

/// A reference that is kept alive until the last clone of this value is dropped.
///
/// It has all methods of a [`Rooted`] reference, and stays good beyond every scope.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let kept: OwnedRooted<ExternRef> = {
///     let mut scope = RootScope::new(&mut store);
///     ExternRef::new(&mut scope, "kept")?.to_owned_rooted(&mut scope)?
/// };
/// store.gc(None)?;
/// assert_eq!(kept.data(&store)?.unwrap().downcast_ref(), Some(&"kept"));
/// let again = kept.to_rooted(&mut store);
/// assert!(OwnedRooted::ref_eq(&store, &kept, &again)?);
/// kept.ref_hash(&store, &mut std::hash::DefaultHasher::new());
/// kept.into_rooted(&mut store);
/// # Ok(())
/// # }
/// ```
pub struct OwnedRooted<T: GcRef> {
    store: StoreId,
    root: runtime::OwnedRoot,
    refers_to: PhantomData<fn() -> T>,
}

impl<T: GcRef> Rooted<T> {
    /// Roots a reference in the innermost scope.
    pub(crate) fn new(core: &mut StoreCore, reference: Option<runtime::GcRef>) -> Option<Rooted<T>> {
        Some(Rooted { store: core.id(), root: core.runtime.root(reference?), refers_to: PhantomData })
    }

    /// The reference, which holds until the next allocation.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub(crate) fn get(&self, core: &StoreCore) -> Result<runtime::GcRef> {
        core.assert_owns(self.store);
        core.runtime.rooted(self.root).context("the scope has ended in which the reference was rooted")
    }

    /// Keeps the reference alive beyond its scope.
    ///
    /// # Errors
    /// If its scope has ended.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let reference = self.get(core)?;
        let root = core.runtime.root_owned(reference);
        Ok(OwnedRooted { store: self.store, root, refers_to: PhantomData })
    }

    /// Whether both are the same root. Different roots may hold the same reference: see [`Rooted::ref_eq`].
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        a.store == b.store && a.root == b.root
    }

    /// Whether both refer to the same.
    ///
    /// # Errors
    /// If the scope of either has ended.
    ///
    /// # Panics
    /// If either belongs to another store.
    pub fn ref_eq(store: impl AsContext, a: &impl RootedGcRef<T>, b: &impl RootedGcRef<T>) -> Result<bool> {
        let core = store.as_context().core();
        Ok(a.reference(core)? == b.reference(core)?)
    }

    /// Hashes the root, in agreement with [`Rooted::rooted_eq`].
    pub fn rooted_hash(&self, state: &mut impl Hasher) {
        (self.store, self.root).hash(state);
    }

    /// Hashes what it refers to, in agreement with [`Rooted::ref_eq`], until the next collection: that may move it.
    ///
    /// # Errors
    /// If its scope has ended.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ref_hash(&self, store: impl AsContext, state: &mut impl Hasher) -> Result<()> {
        self.get(store.as_context().core())?.to_bits().hash(state);
        Ok(())
    }
}

impl<T: GcRef> OwnedRooted<T> {
    /// Roots a reference until the last clone of the result is dropped.
    pub(crate) fn new(core: &mut StoreCore, reference: Option<runtime::GcRef>) -> Option<OwnedRooted<T>> {
        let root = core.runtime.root_owned(reference?);
        Some(OwnedRooted { store: core.id(), root, refers_to: PhantomData })
    }

    /// Roots the reference in the innermost scope as well.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Rooted<T> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let reference = self.get(core);
        Rooted { store: self.store, root: core.runtime.root(reference), refers_to: PhantomData }
    }

    /// As [`OwnedRooted::to_rooted`], and lets go of this root.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn into_rooted(self, store: impl AsContextMut) -> Rooted<T> {
        self.to_rooted(store)
    }

    /// Whether both refer to the same.
    ///
    /// # Errors
    /// If `a` or `b` is a [`Rooted`] whose scope has ended.
    ///
    /// # Panics
    /// If either belongs to another store.
    pub fn ref_eq(store: impl AsContext, a: &impl RootedGcRef<T>, b: &impl RootedGcRef<T>) -> Result<bool> {
        Rooted::ref_eq(store, a, b)
    }

    /// Hashes what it refers to, in agreement with [`OwnedRooted::ref_eq`], until the next collection: that may move it.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ref_hash(&self, store: impl AsContext, state: &mut impl Hasher) {
        self.get(store.as_context().core()).to_bits().hash(state);
    }

    pub(crate) fn get(&self, core: &StoreCore) -> runtime::GcRef {
        core.assert_owns(self.store);
        core.runtime.owned(&self.root)
    }
}

impl<T: GcRef> Root for Rooted<T> {
    #[allow(private_interfaces)]
    fn reference(&self, core: &StoreCore) -> Result<runtime::GcRef> {
        self.get(core)
    }
}

impl<T: GcRef> RootedGcRef<T> for Rooted<T> {}

impl<T: GcRef> Root for OwnedRooted<T> {
    #[allow(private_interfaces)]
    fn reference(&self, core: &StoreCore) -> Result<runtime::GcRef> {
        Ok(self.get(core))
    }
}

impl<T: GcRef> RootedGcRef<T> for OwnedRooted<T> {}

impl<T: GcRef> Clone for Rooted<T> {
    fn clone(&self) -> Rooted<T> {
        *self
    }
}

impl<T: GcRef> Copy for Rooted<T> {}

impl<T: GcRef> Clone for OwnedRooted<T> {
    fn clone(&self) -> OwnedRooted<T> {
        OwnedRooted { store: self.store, root: self.root.clone(), refers_to: PhantomData }
    }
}

impl<T: GcRef> std::fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Rooted").field(&self.root).finish()
    }
}

impl<T: GcRef> std::fmt::Debug for OwnedRooted<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OwnedRooted").field(&self.root).finish()
    }
}

/// A scope of [`Rooted`] references: they end when it is dropped.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let outer = ExternRef::new(&mut store, "outer")?;
/// let inner;
/// {
///     let mut scope = RootScope::new(&mut store);
///     inner = ExternRef::new(&mut scope, "inner")?;
///     assert!(inner.data(&scope)?.is_some());
/// }
/// assert!(inner.data(&store).is_err());
/// assert!(outer.data(&store).is_ok());
/// # Ok(())
/// # }
/// ```
pub struct RootScope<C: AsContextMut> {
    store: C,
    mark: Option<ScopeMark>,
}

impl<C: AsContextMut> RootScope<C> {
    /// Starts a scope.
    pub fn new(mut store: C) -> RootScope<C> {
        let mark = store.as_context_mut().core_mut().runtime.enter_scope();
        RootScope { store, mark: Some(mark) }
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        if let Some(mark) = self.mark.take() {
            self.store.as_context_mut().core_mut().runtime.exit_scope(mark);
        }
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}
