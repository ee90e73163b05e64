//! Globals.

use crate::error::{Context, Result, ensure};
use crate::store::{AsContext, AsContextMut, StoreCore, StoreId};
use crate::types::{GlobalType, ValType};
use crate::values::Val;
use windlass_runtime::GlobalId;

/// A global of a store.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let global = Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Var), Val::I32(1))?;
/// global.set(&mut store, Val::I32(2))?;
/// assert_eq!(global.get(&mut store).i32(), Some(2));
/// assert!(global.ty(&store).mutability().is_var());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Global {
    store: StoreId,
    id: GlobalId,
}

impl Global {
    /// Makes a global that holds `val`.
    ///
    /// # Errors
    /// If `val` is not of the type.
    ///
    /// # Panics
    /// If `val` or the type belongs to another store or engine.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, val: Val) -> Result<Global> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        assert!(ty.content().comes_from(core.engine()), "the type belongs to another engine");
        let abi = ty.to_abi();
        val.check(core, abi.value).context("cannot be the value of the global")?;
        if let ValType::Ref(ty) = ty.content() {
            core.pin_heap_type(ty.heap_type());
        }
        let raw = val.to_raw(core)?;
        // SAFETY: the value is of the type.
        let id = unsafe { core.runtime.new_global(&abi, raw) };
        Ok(Global::from_id(core, id))
    }

    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        let core = store.as_context().core();
        GlobalType::from_abi(core.engine(), &core.runtime.global_type(self.id(core)))
    }

    /// Its value.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get(&self, mut store: impl AsContextMut) -> Val {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let id = self.id(core);
        let (ty, raw) = (core.runtime.global_type(id), core.runtime.global_get(id));
        // SAFETY: a global's value is of its type.
        unsafe { Val::from_raw(core, &raw, ty.value) }
    }

    /// Sets its value.
    ///
    /// # Errors
    /// If the global is constant, or `val` is not of its type.
    ///
    /// # Panics
    /// If the global or `val` belongs to another store.
    pub fn set(&self, mut store: impl AsContextMut, val: Val) -> Result<()> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let id = self.id(core);
        let ty = core.runtime.global_type(id);
        ensure!(ty.mutable, "a constant global cannot be set");
        val.check(core, ty.value).context("cannot be the value of the global")?;
        let raw = val.to_raw(core)?;
        // SAFETY: the value is of the type.
        unsafe { core.runtime.global_set(id, raw) };
        Ok(())
    }

    pub(crate) fn from_id(core: &StoreCore, id: GlobalId) -> Global {
        Global { store: core.id(), id }
    }

    pub(crate) fn id(&self, core: &StoreCore) -> GlobalId {
        core.assert_owns(self.store);
        self.id
    }

    pub(crate) fn store(&self) -> StoreId {
        self.store
    }
}
