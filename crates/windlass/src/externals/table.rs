//! Tables.

use super::grown;
use crate::Trap;
use crate::error::{Context, Result, ensure};
use crate::store::{AsContext, AsContextMut, StoreCore, StoreId};
use crate::types::TableType;
use crate::values::Ref;
use windlass_abi::facts as abi;
use windlass_abi::vm::ValRaw;
use windlass_runtime::TableId;

/// A table of a store.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), Ref::Func(None))?;
/// let func = Func::wrap(&mut store, || 1_i32);
/// table.set(&mut store, 0, func.into())?;
/// assert!(table.get(&mut store, 0).unwrap().is_non_null());
/// assert!(table.get(&mut store, 2).is_none());
/// assert_eq!(table.grow(&mut store, 3, Ref::Func(None))?, 2);
/// table.fill(&mut store, 2, func.into(), 2)?;
/// Table::copy(&mut store, &table, 4, &table, 0, 1)?;
/// assert_eq!((table.size(&store), table.ty(&store).minimum()), (5, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Table {
    store: StoreId,
    id: TableId,
}

impl Table {
    /// Makes a table filled with `init`.
    ///
    /// # Errors
    /// If `init` is not of the element type, the store's limiter refuses the table, or the host has no memory for it.
    ///
    /// # Panics
    /// If `init` or the type belongs to another store or engine.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Table> {
        let mut store = store.as_context_mut();
        store.inner().update_counts();
        let core = store.core_mut();
        assert!(ty.element().comes_from(core.engine()), "the element type belongs to another engine");
        ensure!(
            ty.maximum().is_none_or(|max| ty.minimum() <= max),
            "the minimum of {ty} exceeds its maximum"
        );
        let abi = ty.to_abi();
        let init = element(core, &abi, init)?;
        core.counts.tables.check(1, "table")?;
        core.pin_heap_type(ty.element().heap_type());
        let runtime = store.runtime();
        // SAFETY: the store is borrowed exclusively, no reference into it is in use while hooks run, and `init`
        // is of the element type.
        let id = grown(unsafe { runtime.new_table(&abi, init) })?;
        let core = store.core_mut();
        core.counts.tables.add(1);
        Ok(Table::from_id(core, id))
    }

    /// Its type as it was declared: growing does not change it.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        let core = store.as_context().core();
        TableType::from_abi(core.engine(), &core.runtime.table_type(self.id(core)))
    }

    /// An element; `None` outside the table.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Option<Ref> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let id = self.id(core);
        let heap = core.runtime.table_type(id).element.heap;
        let raw = core.runtime.table_get(id, index)?;
        // SAFETY: elements are of the element type.
        Some(unsafe { Ref::from_raw(core, &raw, heap) })
    }

    /// Sets an element.
    ///
    /// # Errors
    /// If `index` is outside the table, or `val` is not of the element type.
    ///
    /// # Panics
    /// If the table or `val` belongs to another store.
    pub fn set(&self, mut store: impl AsContextMut, index: u64, val: Ref) -> Result<()> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let id = self.id(core);
        let raw = element(core, &core.runtime.table_type(id), val)?;
        // SAFETY: the value is of the element type.
        in_bounds(unsafe { core.runtime.table_set(id, index, raw) })
    }

    /// The number of elements.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn size(&self, store: impl AsContext) -> u64 {
        let core = store.as_context().core();
        core.runtime.table_size(self.id(core))
    }

    /// Grows by `delta` elements, which are `init`, and gives the old size.
    ///
    /// # Errors
    /// If that exceeds its maximum, the store's limiter refuses it, the host has no memory for it, or
    /// `init` is not of the element type.
    ///
    /// # Panics
    /// If the table or `init` belongs to another store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        let mut store = store.as_context_mut();
        let core = store.core();
        let id = self.id(core);
        let init = element(core, &core.runtime.table_type(id), init)?;
        let runtime = store.runtime();
        // SAFETY: the store is borrowed exclusively, no reference into it is in use while hooks run, and `init`
        // is of the element type.
        grown(unsafe { runtime.table_grow(id, delta, init) })
    }

    /// Copies `len` elements between tables, or within one.
    ///
    /// # Errors
    /// If not all are within the tables (nothing is copied then), or the element types don't agree.
    ///
    /// # Panics
    /// If a table belongs to another store.
    pub fn copy(
        mut store: impl AsContextMut,
        dst_table: &Table,
        dst_index: u64,
        src_table: &Table,
        src_index: u64,
        len: u64,
    ) -> Result<()> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let (dst, src) = (dst_table.id(core), src_table.id(core));
        let (to, from) = (core.runtime.table_type(dst), core.runtime.table_type(src));
        ensure!(
            core.engine().types().ref_matches(from.element, to.element),
            "type mismatch: cannot copy from {} to {}",
            TableType::from_abi(core.engine(), &from),
            TableType::from_abi(core.engine(), &to)
        );
        // SAFETY: the element types agree.
        in_bounds(unsafe { core.runtime.table_copy(dst, dst_index, src, src_index, len) })
    }

    /// Sets `len` elements from `dst` on to `val`.
    ///
    /// # Errors
    /// If not all are within the table (nothing is written then), or `val` is not of the element type.
    ///
    /// # Panics
    /// If the table or `val` belongs to another store.
    pub fn fill(&self, mut store: impl AsContextMut, dst: u64, val: Ref, len: u64) -> Result<()> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let id = self.id(core);
        let raw = element(core, &core.runtime.table_type(id), val)?;
        // SAFETY: the value is of the element type.
        in_bounds(unsafe { core.runtime.table_fill(id, dst, raw, len) })
    }

    pub(crate) fn from_id(core: &StoreCore, id: TableId) -> Table {
        Table { store: core.id(), id }
    }

    pub(crate) fn id(&self, core: &StoreCore) -> TableId {
        core.assert_owns(self.store);
        self.id
    }

    pub(crate) fn store(&self) -> StoreId {
        self.store
    }
}

/// A value as an element of a table, checked.
fn element(core: &StoreCore, ty: &abi::TableType, value: Ref) -> Result<ValRaw> {
    value.check(core, ty.element).context("cannot be an element of the table")?;
    value.to_raw(core)
}

fn in_bounds(ok: bool) -> Result<()> {
    if ok { Ok(()) } else { Err(Trap::TableOutOfBounds.into()) }
}
