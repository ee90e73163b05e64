//! Instances: modules with their imports, in a store.

use crate::error::{Context, Result};
use crate::externals::{Export, Extern, Global, Memory, SharedMemory, Table, Tag, hook_failed};
use crate::linker::Definition;
use crate::matching;
use crate::module::{Module, ModuleExport};
use crate::store::{AsContextMut, StoreContext, StoreContextMut, StoreCore, StoreId};
use crate::{Func, Trap, TypedFunc, WasmParams, WasmResults};
use std::sync::Arc;
use windlass_abi::facts::EntityIndex;
use windlass_runtime::{ExternId, InstanceId, InstantiateError};

/// Why an instance was not made, as the host sees it.
fn not_made<N>(error: InstantiateError) -> Result<N> {
    match error {
        InstantiateError::Trap(code) => Err(Trap::from(code).into()),
        InstantiateError::Resource(error) => Err(error.into()),
        InstantiateError::Hook(failure) => hook_failed(failure),
    }
}

/// An instance of a module in a store.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (func (export "add") (param i32 i32) (result i32)
///         (i32.add (local.get 0) (local.get 1))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
/// assert_eq!(add.call(&mut store, (1, 2))?, 3);
///
/// // What else it may export.
/// let module = Module::new(&engine, r#"(module
///     (func (export "f")) (memory (export "m") 1) (table (export "t") 1 funcref)
///     (memory (export "s") 1 1 shared) (global (export "g") i32 (i32.const 1)) (tag (export "e")))"#)?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// assert!(Module::same(instance.module(&store), &module));
/// assert_eq!(instance.exports(&mut store).len(), 6);
/// assert!(instance.get_func(&mut store, "f").is_some());
/// assert!(instance.get_memory(&mut store, "m").is_some());
/// assert!(instance.get_shared_memory(&mut store, "s").is_some());
/// assert!(instance.get_table(&mut store, "t").is_some());
/// assert!(instance.get_global(&mut store, "g").is_some());
/// assert!(instance.get_tag(&mut store, "e").is_some());
/// assert!(instance.get_export(&mut store, "nothing").is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instance {
    store: StoreId,
    id: InstanceId,
}

impl Instance {
    /// Makes an instance with these imports, which stand in the order of [`Module::imports`], and runs the
    /// start function. To give imports by name there is [`Linker`](crate::Linker).
    ///
    /// # Errors
    /// [`IncompatibleImportError`](crate::IncompatibleImportError) if an import is not of the type that the module wants; if
    /// the number of imports is wrong, a memory or table cannot be made, a segment does not fit ([`Trap`]), or the start
    /// function fails.
    ///
    /// # Panics
    /// If the module, or an import, belongs to another engine or store.
    pub fn new(mut store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        matching::check_engine(core, module);
        for import in imports {
            assert!(import.comes_from(core), "an import belongs to another store");
        }
        matching::check_count(module, imports.len())?;
        let ids: Vec<ExternId> = imports.iter().map(|import| import.to_id(core)).collect();
        matching::check(core, module, &ids)?;
        Instance::instantiate(&mut store, module, &ids)
    }

    /// Makes an instance of a module of the store's engine with imports that have been checked.
    pub(crate) fn instantiate<T>(
        store: &mut StoreContextMut<'_, T>,
        module: &Module,
        imports: &[ExternId],
    ) -> Result<Instance> {
        store.inner().update_counts();
        let facts = module.facts();
        store.core().counts.check(facts)?;
        let runtime = store.runtime();
        // SAFETY: the store is borrowed exclusively, no reference into it is in use while hooks run, and the
        // imports are of the store and were checked.
        let id = unsafe { runtime.new_instance(module.runtime(), imports) }.or_else(not_made)?;
        // What its segments write may refer to the instance, so it stays, whether or not all of them fit.
        store.core_mut().add_instance(module.clone());
        // SAFETY: as above.
        unsafe { runtime.fill_instance(id) }.or_else(not_made)?;
        let core = store.core_mut();
        let instance = Instance::from_id(core, id);
        if let Some(start) = facts.start {
            let start = instance.item(core, EntityIndex::Function(start)).into_func();
            let start = start.expect("a start function is a function");
            // SAFETY: a start function has no parameters and no results.
            unsafe { start.call_raw(store, &mut []) }?;
        }
        Ok(instance)
    }

    /// The module.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn module<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        let core = store.into().core();
        core.module(self.id(core))
    }

    /// Its exports, in order of declaration.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn exports<'a, T: 'static>(
        &'a self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'a>> + 'a {
        let (_, core) = store.into().split();
        let items: Vec<EntityIndex> =
            core.module(self.id(core)).facts().exports.iter().map(|export| export.item).collect();
        let items: Vec<Extern> = items.into_iter().map(|item| self.item(core, item)).collect();
        let core: &'a StoreCore = core;
        let names = core.module(self.id).facts().exports.iter().map(|export| export.name.as_str());
        names.zip(items).map(|(name, item)| Export::new(name, item))
    }

    /// An export.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get_export(&self, mut store: impl AsContextMut, name: &str) -> Option<Extern> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let item = core.module(self.id(core)).export(name)?;
        Some(self.item(core, item))
    }

    /// An export that was looked up in the module; `None` if the instance is of another module.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get_module_export(&self, mut store: impl AsContextMut, export: &ModuleExport) -> Option<Extern> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        Module::same(core.module(self.id(core)), &export.module).then(|| self.item(core, export.item))
    }

    /// An exported function; `None` if there is no such export, or it is something else.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get_func(&self, store: impl AsContextMut, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// An exported function, its type checked once.
    ///
    /// # Errors
    /// If there is no such function, or its type is not that of `Params` and `Results`.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get_typed_func<Params: WasmParams, Results: WasmResults>(
        &self,
        mut store: impl AsContextMut,
        name: &str,
    ) -> Result<TypedFunc<Params, Results>> {
        let export = self
            .get_export(&mut store, name)
            .with_context(|| format!("failed to find function export `{name}`"))?;
        let func = export.into_func().with_context(|| format!("export `{name}` is not a function"))?;
        func.typed(&store).with_context(|| format!("failed to convert function `{name}` to given type"))
    }

    /// An exported table.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get_table(&self, store: impl AsContextMut, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// An exported unshared memory.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get_memory(&self, store: impl AsContextMut, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// An exported shared memory.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get_shared_memory(&self, store: impl AsContextMut, name: &str) -> Option<SharedMemory> {
        self.get_export(store, name)?.into_shared_memory()
    }

    /// An exported global.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get_global(&self, store: impl AsContextMut, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// An exported tag.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get_tag(&self, store: impl AsContextMut, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }

    pub(crate) fn from_id(core: &StoreCore, id: InstanceId) -> Instance {
        Instance { store: core.id(), id }
    }

    fn id(&self, core: &StoreCore) -> InstanceId {
        core.assert_owns(self.store);
        self.id
    }

    /// A member of its index spaces.
    fn item(&self, core: &mut StoreCore, item: EntityIndex) -> Extern {
        let id = core.runtime.instance_item(self.id(core), item);
        Extern::from_id(core, id)
    }
}

/// A module whose imports have been found in a [`Linker`](crate::Linker), to be instantiated often. Host
/// functions are checked once, when it is made.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (import "host" "f" (func)) (start 0))"#)?;
/// let mut linker = Linker::<u32>::new(&engine);
/// linker.func_wrap("host", "f", |mut caller: Caller<'_, u32>| *caller.data_mut() += 1)?;
/// let pre = linker.instantiate_pre(&module)?;
/// assert!(Module::same(pre.module(), &module));
/// for _ in 0..3 {
///     let mut store = Store::new(&engine, 0);
///     pre.instantiate(&mut store)?;
///     assert_eq!(*store.data(), 1);
/// }
/// # Ok(())
/// # }
/// ```
pub struct InstancePre<T: 'static> {
    module: Module,
    imports: Arc<[Definition]>,
    data: std::marker::PhantomData<fn() -> T>,
}

impl<T> InstancePre<T> {
    /// Imports have been found, and host functions among them checked, by the linker.
    pub(crate) fn new(module: Module, imports: Vec<Definition>) -> InstancePre<T> {
        InstancePre { module, imports: imports.into(), data: std::marker::PhantomData }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Whether no import belongs to another store.
    pub(crate) fn comes_from(&self, core: &StoreCore) -> bool {
        self.imports.iter().all(|import| match import {
            Definition::Extern(item) => item.comes_from(core),
            Definition::HostFunc(_) => true,
        })
    }

    /// Makes an instance, and runs the start function.
    ///
    /// # Errors
    /// If an import that belongs to a store is of the wrong type, a memory or table cannot be made, a segment does not fit ([`Trap`]), or the start function fails.
    ///
    /// # Panics
    /// If the module belongs to another engine than the store, or the linker held something of another store.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        matching::check_engine(core, &self.module);
        let ids: Vec<ExternId> = self.imports.iter().map(|import| import.to_id(core)).collect();
        // Host functions have been checked. What belongs to a store may have grown or have never been.
        if self.imports.iter().any(|import| matches!(import, Definition::Extern(_))) {
            matching::check(core, &self.module, &ids)?;
        }
        Instance::instantiate(&mut store, &self.module, &ids)
    }
}

impl<T> Clone for InstancePre<T> {
    fn clone(&self) -> InstancePre<T> {
        InstancePre {
            module: self.module.clone(),
            imports: self.imports.clone(),
            data: std::marker::PhantomData,
        }
    }
}

impl<T> std::fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstancePre").field("module", &self.module).finish_non_exhaustive()
    }
}
