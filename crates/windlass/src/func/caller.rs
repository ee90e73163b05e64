//! What a host function learns of its caller.

use crate::error::Result;
use crate::externals::Extern;
use crate::gc::GcHeapOutOfMemory;
use crate::module::ModuleExport;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::{Engine, Instance, Interruption};
use windlass_runtime::InstanceId;

/// The first parameter of a host function that asks for it: the store, and the instance that calls.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (import "host" "log" (func $log (param i32 i32)))
///     (memory (export "memory") 1)
///     (data (i32.const 8) "hello")
///     (func (export "run") (call $log (i32.const 8) (i32.const 5))))"#)?;
/// let mut store = Store::new(&engine, String::new());
/// let log = Func::wrap(&mut store, |mut caller: Caller<'_, String>, ptr: u32, len: u32| -> Result<()> {
///     let memory = caller.get_export("memory").and_then(Extern::into_memory).context("no memory")?;
///     let (bytes, text) = memory.data_and_store_mut(&mut caller);
///     let bytes = bytes.get(ptr as usize..).and_then(|rest| rest.get(..len as usize));
///     text.push_str(std::str::from_utf8(bytes.context("out of bounds")?)?);
///     Ok(())
/// });
/// let instance = Instance::new(&mut store, &module, &[log.into()])?;
/// instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
/// assert_eq!(store.data(), "hello");
/// # Ok(())
/// # }
/// ```
pub struct Caller<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    instance: Option<InstanceId>,
}

impl<'a, T> Caller<'a, T> {
    pub(crate) fn new(store: StoreContextMut<'a, T>, instance: Option<InstanceId>) -> Caller<'a, T> {
        Caller { store, instance }
    }

    /// An export of the calling instance. `None` too if the host calls the function itself.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        self.instance()?.get_export(&mut self.store, name)
    }

    /// An export of the calling instance, if it is one of that module.
    pub fn get_module_export(&mut self, export: &ModuleExport) -> Option<Extern> {
        self.instance()?.get_module_export(&mut self.store, export)
    }

    /// The calling instance; `None` if the host calls the function itself.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module $guest
    ///     (import "env" "f" (func $f)) (export "f" (func $f)) (func (export "run") (call $f)))"#)?;
    /// let run = module.get_export_index("run").unwrap();
    /// let mut store = Store::new(&engine, None);
    /// let f = Func::wrap(&mut store, move |mut caller: Caller<'_, Option<String>>| {
    ///     let name = caller.instance().and_then(|instance| instance.module(&caller).name().map(str::to_owned));
    ///     assert_eq!(caller.get_module_export(&run).is_some(), name.is_some());
    ///     *caller.data_mut() = name;
    /// });
    /// let instance = Instance::new(&mut store, &module, &[f.into()])?;
    /// instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
    /// assert_eq!(store.data().as_deref(), Some("guest"));
    /// // Called by the host itself.
    /// f.typed::<(), ()>(&store)?.call(&mut store, ())?;
    /// assert_eq!(*store.data(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn instance(&self) -> Option<Instance> {
        Some(Instance::from_id(self.store.core(), self.instance?))
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.store.engine()
    }

    /// As [`Store::interruption`](crate::Store::interruption).
    pub fn interruption(&self) -> Interruption {
        self.store.interruption()
    }

    /// As [`StoreContextMut::check_interruption`].
    ///
    /// # Errors
    /// As there: return the error, and the guest ends.
    pub fn check_interruption(&mut self) -> Result<()> {
        self.store.check_interruption()
    }

    /// As [`Store::gc`](crate::Store::gc).
    ///
    /// # Errors
    /// As there.
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.store.gc(why)
    }

    /// As [`Store::get_fuel`](crate::Store::get_fuel).
    pub fn get_fuel(&self) -> Result<u64> {
        self.store.get_fuel()
    }

    /// As [`Store::set_fuel`](crate::Store::set_fuel).
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.store.set_fuel(fuel)
    }
}

impl<T> AsContext for Caller<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<'a, T> From<Caller<'a, T>> for StoreContextMut<'a, T> {
    fn from(caller: Caller<'a, T>) -> StoreContextMut<'a, T> {
        caller.store
    }
}

impl<T> AsContextMut for Caller<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}
