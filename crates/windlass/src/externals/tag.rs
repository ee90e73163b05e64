//! Tags: what tells exceptions apart.

use crate::error::{Result, ensure};
use crate::store::{AsContext, AsContextMut, StoreCore, StoreId};
use crate::types::{FuncType, TagType};
use windlass_runtime::TagId;

/// A tag of a store. Each new one is different from all others.
///
/// See [`ExnRef`](crate::ExnRef) for what exceptions do with it.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = TagType::new(FuncType::new(&engine, [ValType::I32], []));
/// let (a, b) = (Tag::new(&mut store, &ty)?, Tag::new(&mut store, &ty)?);
/// assert_eq!(a.ty(&store), b.ty(&store));
/// assert!(Tag::eq(&a, &a, &store) && !Tag::eq(&a, &b, &store));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    store: StoreId,
    id: TagId,
}

impl Tag {
    /// Makes a tag.
    ///
    /// # Errors
    /// If its function type has results.
    ///
    /// # Panics
    /// If the type belongs to another engine.
    pub fn new(mut store: impl AsContextMut, ty: &TagType) -> Result<Tag> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let func = ty.ty();
        assert!(crate::Engine::same(func.engine(), core.engine()), "the type belongs to another engine");
        ensure!(func.results().len() == 0, "a tag has no results: {func}");
        core.pin_type(func.registered());
        let id = core.runtime.new_tag(func.registered().signature().clone());
        Ok(Tag::from_id(core, id))
    }

    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TagType {
        self.ty_in(store.as_context().core())
    }

    /// Whether both are the same tag.
    ///
    /// # Panics
    /// If either belongs to another store.
    pub fn eq(a: &Tag, b: &Tag, store: impl AsContext) -> bool {
        let core = store.as_context().core();
        a.id(core) == b.id(core)
    }

    pub(crate) fn ty_in(&self, core: &StoreCore) -> TagType {
        TagType::new(FuncType::from_id(core.engine(), self.type_id(core)))
    }

    pub(crate) fn type_id(&self, core: &StoreCore) -> u32 {
        core.runtime.tag_signature(self.id(core)).type_id
    }

    pub(crate) fn from_id(core: &StoreCore, id: TagId) -> Tag {
        Tag { store: core.id(), id }
    }

    pub(crate) fn id(&self, core: &StoreCore) -> TagId {
        core.assert_owns(self.store);
        self.id
    }

    pub(crate) fn store(&self) -> StoreId {
        self.store
    }
}
