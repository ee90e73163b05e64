//! Linkers: what modules import, by name.
//!
//! A definition is something in a store, or a host function that belongs to none: it is made
//! in each store where it is needed, once. So a linker without definitions of a store serves many.

use crate::Engine;
use crate::error::{Context, Error, Result, bail, ensure};
use crate::externals::Extern;
use crate::func::{Caller, Func, HostFunc, IntoFunc};
use crate::instance::{Instance, InstancePre};
use crate::matching;
use crate::module::Module;
use crate::semver::{self, Version};
use crate::store::{AsContext, AsContextMut, StoreContextMut, StoreCore};
use crate::types::{ExternType, FuncType, ImportType};
use crate::values::Val;
use std::collections::HashMap;
use std::sync::Arc;
use windlass_runtime::ExternId;

/// Names for what modules import: host functions, exports of instances, anything of a store.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut linker = Linker::<()>::new(&engine);
/// linker.func_wrap("host", "double", |x: i32| x * 2)?;
/// let library = Module::new(&engine, r#"(module
///     (import "host" "double" (func $double (param i32) (result i32)))
///     (func (export "quadruple") (param i32) (result i32)
///         (call $double (call $double (local.get 0)))))"#)?;
/// let program = Module::new(&engine, r#"(module
///     (import "library" "quadruple" (func $quadruple (param i32) (result i32)))
///     (func (export "run") (result i32) (call $quadruple (i32.const 10))))"#)?;
/// let mut store = Store::new(&engine, ());
/// linker.module(&mut store, "library", &library)?;
/// let instance = linker.instantiate(&mut store, &program)?;
/// let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
/// assert_eq!(run.call(&mut store, ())?, 40);
/// assert!(Engine::same(linker.engine(), &engine));
/// assert_eq!(linker.iter(&mut store).count(), 2);
/// # Ok(())
/// # }
/// ```
///
/// # Versions
///
/// Modules may import from versioned interfaces, whose names are of the form `namespace:package/interface@1.2.3`. If the exact
/// version is not defined, the newest one is taken that is compatible with it: one with the same major number, or, if
/// that is 0, the same major and minor number. Versions `0.0.x` and pre-releases are compatible only with themselves.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut linker = Linker::<()>::new(&engine);
/// linker.func_wrap("acme:clock/time@0.2.1", "now", || 1_u64)?;
/// linker.func_wrap("acme:clock/time@0.3.0", "now", || 2_u64)?;
/// let module = Module::new(&engine, r#"(module
///     (import "acme:clock/time@0.2.0" "now" (func (result i64)))
///     (export "now" (func 0)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let now = linker.instantiate(&mut store, &module)?.get_typed_func::<(), u64>(&mut store, "now")?;
/// assert_eq!(now.call(&mut store, ())?, 1);
/// # Ok(())
/// # }
/// ```
pub struct Linker<T: 'static> {
    engine: Engine,
    definitions: HashMap<Key, Definition>,
    /// Names are numbered: definitions are looked up by two numbers.
    numbers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
    /// Of compatible versions of an interface (by the number of what their names have in common, and of the item) the newest.
    newest: HashMap<Key, (Version, Key)>,
    allow_shadowing: bool,
    allow_unknown_exports: bool,
    data: std::marker::PhantomData<fn() -> T>,
}

/// Numbers of the two parts of a name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    module: u32,
    name: u32,
}

/// What a linker knows under a name.
#[derive(Clone)]
pub(crate) enum Definition {
    /// Something in a store, or a shared memory.
    Extern(Extern),
    /// A function that is made in each store.
    HostFunc(Arc<HostFunc>),
}

impl Definition {
    /// The runtime's name for it in a store.
    pub fn to_id(&self, core: &mut StoreCore) -> ExternId {
        match self {
            Definition::Extern(item) => item.to_id(core),
            Definition::HostFunc(func) => ExternId::Func(core.host_func(func)),
        }
    }
}

/// A module wants something that its linker does not know.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (import "env" "f" (func (param i32))))"#)?;
/// let error = Linker::<()>::new(&engine).instantiate_pre(&module).unwrap_err();
/// let error: &UnknownImportError = error.downcast_ref().unwrap();
/// assert_eq!((error.module(), error.name()), ("env", "f"));
/// assert_eq!(error.ty().unwrap_func().params().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("unknown import: `{module}::{name}` has not been defined; the module expects {ty}")]
pub struct UnknownImportError {
    module: String,
    name: String,
    ty: ExternType,
}

impl UnknownImportError {
    /// The first part of the name.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The second part of the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type that the module expects.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }

    fn new(import: &ImportType<'_>) -> UnknownImportError {
        UnknownImportError { module: import.module().into(), name: import.name().into(), ty: import.ty() }
    }
}

impl<T: 'static> Linker<T> {
    /// Makes a linker without definitions.
    pub fn new(engine: &Engine) -> Linker<T> {
        Linker {
            engine: engine.clone(),
            definitions: HashMap::new(),
            numbers: HashMap::new(),
            names: Vec::new(),
            newest: HashMap::new(),
            allow_shadowing: false,
            allow_unknown_exports: false,
            data: std::marker::PhantomData,
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a later definition replaces an earlier one of the same name. Default: it is an error.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let mut linker = Linker::<()>::new(&Engine::default());
    /// linker.func_wrap("env", "f", || 1)?;
    /// assert!(linker.func_wrap("env", "f", || 2).is_err());
    /// linker.allow_shadowing(true).func_wrap("env", "f", || 2)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Linker<T> {
        self.allow_shadowing = allow;
        self
    }

    /// Whether [`Linker::module`] accepts commands that export more than a command should. Default: it is an error.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut linker = Linker::new(&engine);
    /// let mut store = Store::new(&engine, ());
    /// let command = Module::new(&engine, r#"(module
    ///     (func (export "_start")) (global (export "g") i32 (i32.const 1)))"#)?;
    /// assert!(linker.module(&mut store, "command", &command).is_err());
    /// linker.allow_unknown_exports(true).allow_shadowing(true).module(&mut store, "command", &command)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_unknown_exports(&mut self, allow: bool) -> &mut Linker<T> {
        self.allow_unknown_exports = allow;
        self
    }

    /// Defines each function that `module` imports and that is not defined yet: calling it gives [`UnknownImportError`].
    ///
    /// # Errors
    /// None at present.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///     (import "env" "f" (func $f)) (func (export "run") (call $f)))"#)?;
    /// let mut linker = Linker::new(&engine);
    /// linker.define_unknown_imports_as_traps(&module)?;
    /// let mut store = Store::new(&engine, ());
    /// let run = linker.instantiate(&mut store, &module)?.get_typed_func::<(), ()>(&mut store, "run")?;
    /// assert!(run.call(&mut store, ()).unwrap_err().is::<UnknownImportError>());
    /// # Ok(())
    /// # }
    /// ```
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        for import in module.imports() {
            if let ExternType::Func(ty) = import.ty()
                && self.find(import.module(), import.name()).is_none()
            {
                let error = UnknownImportError::new(&import);
                self.func_new(import.module(), import.name(), ty, move |_, _, _| {
                    Err(Error::new(error.clone()))
                })?;
            }
        }
        Ok(())
    }

    /// Defines everything that `module` imports and that is not defined yet as [`ExternType::default_value`] says.
    ///
    /// # Errors
    /// If a type has no default value, or the store cannot make it.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///     (import "env" "f" (func $f (result i32))) (export "f" (func $f))
    ///     (import "env" "memory" (memory 1)))"#)?;
    /// let mut linker = Linker::new(&engine);
    /// let mut store = Store::new(&engine, ());
    /// linker.define_unknown_imports_as_default_values(&mut store, &module)?;
    /// let f = linker.instantiate(&mut store, &module)?.get_typed_func::<(), i32>(&mut store, "f")?;
    /// assert_eq!(f.call(&mut store, ())?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn define_unknown_imports_as_default_values(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<()> {
        for import in module.imports() {
            if self.find(import.module(), import.name()).is_none() {
                let value = import.ty().default_value(&mut store).with_context(|| {
                    format!("no default value for import `{}::{}`", import.module(), import.name())
                })?;
                self.insert(import.module(), import.name(), Definition::Extern(value))?;
            }
        }
        Ok(())
    }

    /// Defines a name as something in a store. The linker then serves only that store, unless `item` is a shared memory.
    ///
    /// # Errors
    /// If the name is defined already and shadowing is not allowed.
    ///
    /// # Panics
    /// If `item` belongs to another store.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
    /// let mut linker = Linker::new(&engine);
    /// linker.define(&store, "env", "memory", memory)?.define_name(&store, "memory", memory)?;
    /// assert!(linker.get(&mut store, "", "memory")?.into_memory().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Linker<T>> {
        let item = item.into();
        assert!(
            item.comes_from(store.as_context().core()),
            "an item was used with a store that it does not belong to"
        );
        self.insert(module, name, Definition::Extern(item))
    }

    /// As [`Linker::define`], for the module name "".
    ///
    /// # Errors
    /// As for [`Linker::define`].
    ///
    /// # Panics
    /// As for [`Linker::define`].
    pub fn define_name(
        &mut self,
        store: impl AsContext<Data = T>,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Linker<T>> {
        self.define(store, "", name, item)
    }

    /// Defines a host function of type `ty`; see [`Func::new`].
    ///
    /// # Errors
    /// If the name is defined already and shadowing is not allowed.
    ///
    /// # Panics
    /// If `ty` belongs to another engine.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut linker = Linker::<()>::new(&engine);
    /// let ty = FuncType::new(&engine, [], [ValType::I32]);
    /// linker.func_new("env", "one", ty, |_caller, _params, results| {
    ///     results[0] = Val::I32(1);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Linker<T>> {
        let func = HostFunc::new(&self.engine, ty, func);
        self.insert(module, name, Definition::HostFunc(Arc::new(func)))
    }

    /// Defines a host function by a closure; see [`Func::wrap`].
    ///
    /// # Errors
    /// If the name is defined already and shadowing is not allowed.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Linker<T>> {
        let func = HostFunc::wrap(&self.engine, func);
        self.insert(module, name, Definition::HostFunc(Arc::new(func)))
    }

    /// Defines all exports of an instance under the module name `module_name`.
    ///
    /// # Errors
    /// If a name is defined already and shadowing is not allowed.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let module = Module::new(&engine, r#"(module (func (export "f")) (memory (export "m") 1))"#)?;
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let mut linker = Linker::new(&engine);
    /// linker.instance(&mut store, "library", instance)?;
    /// assert!(linker.get(&mut store, "library", "f").is_ok() && linker.get(&mut store, "library", "m").is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn instance(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        instance: Instance,
    ) -> Result<&mut Linker<T>> {
        let exports: Vec<(String, Extern)> = instance
            .exports(store.as_context_mut())
            .map(|export| (export.name().to_owned(), export.into_extern()))
            .collect();
        for (name, item) in exports {
            self.insert(module_name, &name, Definition::Extern(item))?;
        }
        Ok(self)
    }

    /// Defines the exports of a module, as commands and reactors of WASI are used.
    ///
    /// A command (a module that exports a function `_start`, without parameters and results) is instantiated anew for
    /// each call of one of its exported functions, so that no call sees another's state; `_start` is then also
    /// known under the name "". Any other module, a reactor, is instantiated once, and its `_initialize`, if it
    /// exports one, is called.
    ///
    /// # Errors
    /// If the module cannot be instantiated, `_initialize` fails, a name is defined already and shadowing is not
    /// allowed, or a command exports what is not a function (see [`Linker::allow_unknown_exports`]).
    ///
    /// # Panics
    /// If the module belongs to another engine, or the linker holds something of another store.
    pub fn module(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        module: &Module,
    ) -> Result<&mut Linker<T>> {
        if is_command(module) {
            return self.command(store, module_name, module, |engine, pre, name, ty| {
                HostFunc::new(engine, ty, move |mut caller: Caller<'_, T>, params, results| {
                    let instance = pre.instantiate(&mut caller)?;
                    let func = instance.get_func(&mut caller, &name).context("the export is a function")?;
                    func.call(&mut caller, params, results)
                })
            });
        }
        let instance = self.instantiate_reactor(store.as_context_mut(), module)?;
        self.instance(store, module_name, instance)
    }

    /// Makes an instance and calls its `_initialize`, if it exports one.
    pub(crate) fn instantiate_reactor(
        &self,
        mut store: StoreContextMut<'_, T>,
        module: &Module,
    ) -> Result<Instance> {
        let instance = self.instantiate(&mut store, module)?;
        if exports_plain_func(module, "_initialize") {
            instance.get_typed_func::<(), ()>(&mut store, "_initialize")?.call(&mut store, ())?;
        }
        Ok(instance)
    }

    /// Defines the exported functions of a command; `make` makes one that instantiates it and calls the export.
    pub(crate) fn command(
        &mut self,
        store: impl AsContextMut<Data = T>,
        module_name: &str,
        module: &Module,
        make: impl Fn(&Engine, InstancePre<T>, String, FuncType) -> HostFunc,
    ) -> Result<&mut Linker<T>> {
        // What C toolchains export for programs that only they know, and no other module may rely on.
        const IGNORED: &[&str] =
            &["memory", "__indirect_function_table", "__data_end", "__heap_base", "__dso_handle"];
        let pre = self.instantiate_pre(module)?;
        // Checks once that definitions of stores are of this one.
        ensure!(pre.comes_from(store.as_context().core()), "the linker holds something of another store");
        for export in module.exports() {
            match export.ty() {
                ExternType::Func(ty) => {
                    let func = make(&self.engine, pre.clone(), export.name().to_owned(), ty);
                    let func = Definition::HostFunc(Arc::new(func));
                    self.insert(module_name, export.name(), func.clone())?;
                    if export.name() == "_start" {
                        self.insert(module_name, "", func)?;
                    }
                }
                _ if IGNORED.contains(&export.name()) || self.allow_unknown_exports => {}
                ty => bail!("command exported `{}` of type {ty}, which is not a function", export.name()),
            }
        }
        Ok(self)
    }

    /// Defines `as_module::as_name` as what `module::name` is.
    ///
    /// # Errors
    /// If `module::name` is not defined, or the new name is and shadowing is not allowed.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut linker = Linker::<()>::new(&engine);
    /// linker.func_wrap("env", "f", || 1)?;
    /// linker.alias("env", "f", "other", "g")?;
    /// linker.alias_module("env", "environment")?;
    /// let mut store = Store::new(&engine, ());
    /// assert!(linker.get(&mut store, "other", "g").is_ok() && linker.get(&mut store, "environment", "f").is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn alias(
        &mut self,
        module: &str,
        name: &str,
        as_module: &str,
        as_name: &str,
    ) -> Result<&mut Linker<T>> {
        let item = self.find(module, name).with_context(|| undefined(module, name))?;
        let item = item.clone();
        self.insert(as_module, as_name, item)
    }

    /// Defines everything of module name `module` under `as_module` as well.
    ///
    /// # Errors
    /// If a new name is defined already and shadowing is not allowed.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<()> {
        let items: Vec<(Arc<str>, Definition)> = self
            .sorted()
            .filter(|(m, _, _)| *m == module)
            .map(|(_, name, item)| (Arc::from(name), item.clone()))
            .collect();
        for (name, item) in items {
            self.insert(as_module, &name, item)?;
        }
        Ok(())
    }

    /// Makes an instance with imports found by name, and runs the start function.
    ///
    /// # Errors
    /// [`UnknownImportError`] for an import that is not defined, [`IncompatibleImportError`](crate::IncompatibleImportError)
    /// for one that is of another type; else as for [`Instance::new`].
    ///
    /// # Panics
    /// If the module belongs to another engine, or the linker holds something of another store.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>, module: &Module) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        matching::check_engine(core, module);
        let imports = self.imports(module)?;
        let ids: Vec<ExternId> = imports.iter().map(|import| import.to_id(core)).collect();
        matching::check(core, module, &ids)?;
        Instance::instantiate(&mut store, module, &ids)
    }

    /// Finds imports by name, and checks host functions among them, once for many instances.
    ///
    /// # Errors
    /// [`UnknownImportError`] for an import that is not defined;
    /// [`IncompatibleImportError`](crate::IncompatibleImportError) for a host function of the wrong type.
    ///
    /// # Panics
    /// If the module belongs to another engine.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        assert!(
            Engine::same(&self.engine, module.engine()),
            "the module belongs to another engine than the linker"
        );
        let imports = self.imports(module)?;
        for (i, import) in imports.iter().enumerate() {
            if let Definition::HostFunc(func) = import {
                matching::check_func(module, i, func.ty())?;
            }
        }
        Ok(InstancePre::new(module.clone(), imports))
    }

    fn imports(&self, module: &Module) -> Result<Vec<Definition>> {
        let facts = module.facts();
        let mut imports = Vec::with_capacity(facts.imports.len());
        for (i, import) in facts.imports.iter().enumerate() {
            match self.find(&import.module, &import.name) {
                Some(item) => imports.push(item.clone()),
                None => {
                    let import = module.imports().nth(i).expect("it is one of the imports");
                    return Err(Error::new(UnknownImportError::new(&import)));
                }
            }
        }
        Ok(imports)
    }

    /// All definitions, by name.
    pub fn iter<'a: 'p, 'p>(
        &'a self,
        mut store: impl AsContextMut<Data = T> + 'p,
    ) -> impl Iterator<Item = (&'a str, &'a str, Extern)> + 'p {
        self.sorted().map(move |(module, name, item)| {
            (module, name, to_extern(item, store.as_context_mut().core_mut()))
        })
    }

    /// What is defined as `module::name`.
    ///
    /// # Errors
    /// If nothing is.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn get(&self, mut store: impl AsContextMut<Data = T>, module: &str, name: &str) -> Result<Extern> {
        let item = self.find(module, name).with_context(|| undefined(module, name))?;
        Ok(to_extern(item, store.as_context_mut().core_mut()))
    }

    /// What is defined for an import; `None` if nothing is.
    ///
    /// # Panics
    /// If it belongs to another store.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut linker = Linker::<()>::new(&engine);
    /// linker.func_wrap("env", "f", || ())?;
    /// let module = Module::new(&engine, r#"(module (import "env" "f" (func)) (import "env" "g" (func)))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let known: Vec<bool> =
    ///     module.imports().map(|import| linker.get_by_import(&mut store, &import).is_some()).collect();
    /// assert_eq!(known, [true, false]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_by_import(
        &self,
        mut store: impl AsContextMut<Data = T>,
        import: &ImportType<'_>,
    ) -> Option<Extern> {
        let item = self.find(import.module(), import.name())?;
        Some(to_extern(item, store.as_context_mut().core_mut()))
    }

    /// What running the module `module` means: the function defined under the name "", else `_start`, else one
    /// that does nothing.
    ///
    /// # Errors
    /// If one of the two is defined and is not a function.
    ///
    /// # Panics
    /// If it belongs to another store.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut linker = Linker::<u32>::new(&engine);
    /// linker.func_wrap("env", "count", |mut caller: Caller<'_, u32>| *caller.data_mut() += 1)?;
    /// let program = Module::new(&engine, r#"(module
    ///     (import "env" "count" (func $count)) (func (export "_start") (call $count)))"#)?;
    /// let mut store = Store::new(&engine, 0);
    /// linker.module(&mut store, "", &program)?;
    /// linker.get_default(&mut store, "")?.typed::<(), ()>(&store)?.call(&mut store, ())?;
    /// assert_eq!(*store.data(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_default(&self, mut store: impl AsContextMut<Data = T>, module: &str) -> Result<Func> {
        for name in ["", "_start"] {
            if self.find(module, name).is_some() {
                return self
                    .get(&mut store, module, name)?
                    .into_func()
                    .with_context(|| format!("default export `{module}::{name}` is not a function"));
            }
        }
        Ok(Func::wrap(store, || ()))
    }

    /// The definition of a name, or else that of the newest compatible version.
    fn find(&self, module: &str, name: &str) -> Option<&Definition> {
        let name = *self.numbers.get(name)?;
        let key = |module: &str| Some(Key { module: *self.numbers.get(module)?, name });
        let exact = key(module).and_then(|key| self.definitions.get(&key));
        exact.or_else(|| {
            let (track, _) = semver::track(module)?;
            let (_, newest) = self.newest.get(&key(track)?)?;
            self.definitions.get(newest)
        })
    }

    pub(crate) fn insert(&mut self, module: &str, name: &str, item: Definition) -> Result<&mut Linker<T>> {
        let key = Key { module: self.number(module), name: self.number(name) };
        ensure!(
            self.allow_shadowing || !self.definitions.contains_key(&key),
            "import of `{module}::{name}` defined twice"
        );
        self.definitions.insert(key, item);
        if let Some((track, version)) = semver::track(module) {
            let track = Key { module: self.number(track), name: key.name };
            let newest = self.newest.entry(track).or_insert((version, key));
            if newest.0 <= version {
                *newest = (version, key);
            }
        }
        Ok(self)
    }

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let (number, name) = (self.names.len() as u32, Arc::<str>::from(name));
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    fn sorted(&self) -> impl Iterator<Item = (&str, &str, &Definition)> {
        let mut items: Vec<_> = self
            .definitions
            .iter()
            .map(|(key, item)| (&*self.names[key.module as usize], &*self.names[key.name as usize], item))
            .collect();
        items.sort_by_key(|(module, name, _)| (*module, *name));
        items.into_iter()
    }
}

/// Whether a module is a command of WASI.
pub(crate) fn is_command(module: &Module) -> bool {
    exports_plain_func(module, "_start")
}

/// Whether a module exports a function without parameters and results under this name.
fn exports_plain_func(module: &Module, name: &str) -> bool {
    let ty = module.get_export(name);
    ty.as_ref().and_then(ExternType::func).is_some_and(|ty| ty.params().len() == 0 && ty.results().len() == 0)
}

fn undefined(module: &str, name: &str) -> String {
    format!("no item named `{module}::{name}` is defined")
}

fn to_extern(item: &Definition, core: &mut StoreCore) -> Extern {
    let id = item.to_id(core);
    Extern::from_id(core, id)
}

impl<T> Default for Linker<T> {
    /// A linker of an engine of its own with the default settings; [`Linker::engine`] is that engine.
    fn default() -> Linker<T> {
        Linker::new(&Engine::default())
    }
}

impl<T> Clone for Linker<T> {
    fn clone(&self) -> Linker<T> {
        Linker {
            engine: self.engine.clone(),
            definitions: self.definitions.clone(),
            numbers: self.numbers.clone(),
            names: self.names.clone(),
            newest: self.newest.clone(),
            allow_shadowing: self.allow_shadowing,
            allow_unknown_exports: self.allow_unknown_exports,
            data: std::marker::PhantomData,
        }
    }
}

impl<T> std::fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Linker").field("names", &self.names).finish_non_exhaustive()
    }
}
