//! Asynchronous calls, and all that runs a guest on the way.

use super::on_fiber;
use crate::error::{Context, Result};
use crate::store::AsContextMut;
use crate::{
    Caller, Extern, Func, Instance, InstancePre, Linker, Memory, MemoryType, Module, Ref, Table, TableType,
    TypedFunc, Val, WasmParams, WasmResults,
};

impl Func {
    /// Calls it, as [`Func::call`] does, and lets it wait: for host functions made by [`Func::wrap_async`] and the
    /// like, for an [asynchronous limiter](crate::Store::limiter_async), or for
    /// [its](crate::Store::fuel_async_yield_interval) [turn](crate::Store::epoch_deadline_async_yield_and_update).
    ///
    /// The guest runs on the thread that polls, in `poll`, and on a stack of its own, of
    /// [`Config::async_stack_size`](crate::Config::async_stack_size). The future is `Send` if the store's data is.
    ///
    /// Dropping the future before it is ready cancels the call: what the guest waits for is dropped, the guest ends where
    /// it is, no destructor or handler of its own runs, and neither does the rest of it. The store, its memories and
    /// globals stay as the guest has left them, and can be used on.
    ///
    /// What waits without a future blocks the thread, as in any call: `memory.atomic.wait`, synchronous host
    /// functions, and so all of WASI preview 1.
    ///
    /// A host function may make asynchronous calls in turn, if it is asynchronous itself; of those that nest in one
    /// store the 129th traps with [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    ///
    /// # Errors
    /// As for [`Func::call`]; also if the system gives no stack, or has none of these stacks (they are built for
    /// x86-64, aarch64 and riscv64 Linux).
    ///
    /// # Panics
    /// As for [`Func::call`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), ());
    /// let double = Func::wrap_async(&mut store, |_: Caller<'_, ()>, (x,): (i32,)| {
    ///     Box::new(async move {
    ///         tokio::task::yield_now().await;
    ///         x * 2
    ///     })
    /// });
    /// let mut results = [Val::I32(0)];
    /// double.call_async(&mut store, &[21.into()], &mut results).await?;
    /// assert_eq!(results[0].i32(), Some(42));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        on_fiber(&mut store.as_context_mut(), |store| self.call(store, params, results)).await
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// Calls it, and lets it wait: see [`Func::call_async`].
    ///
    /// # Errors
    /// As for [`TypedFunc::call`] and [`Func::call_async`].
    ///
    /// # Panics
    /// As for [`TypedFunc::call`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///     (import "host" "sleep" (func $sleep (param i64)))
    ///     (func (export "run") (result i32) (call $sleep (i64.const 5)) (i32.const 42)))"#)?;
    /// let mut linker = Linker::<()>::new(&engine);
    /// linker.func_wrap_async("host", "sleep", |_caller, (ms,): (u64,)| {
    ///     Box::new(tokio::time::sleep(std::time::Duration::from_millis(ms)))
    /// })?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = linker.instantiate_async(&mut store, &module).await?;
    /// let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    /// assert_eq!(run.call_async(&mut store, ()).await?, 42);
    /// // Dropped before its end: the guest is stopped.
    /// let second = std::time::Duration::from_millis(1);
    /// assert!(tokio::time::timeout(second, run.call_async(&mut store, ())).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        params: Params,
    ) -> Result<Results> {
        let func = *self;
        on_fiber(&mut store.as_context_mut(), move |store| func.call(store, params)).await
    }
}

impl Instance {
    /// Makes an instance, as [`Instance::new`] does, and lets its start function wait.
    ///
    /// # Errors
    /// As for [`Instance::new`] and [`Func::call_async`].
    ///
    /// # Panics
    /// As for [`Instance::new`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module (import "" "f" (func)) (start 0))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let f = Func::wrap_async(&mut store, |_: Caller<'_, ()>, (): ()| Box::new(tokio::task::yield_now()));
    /// Instance::new_async(&mut store, &module, &[f.into()]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// As of all futures here, the future is `Send` only if the store's data is:
    ///
    /// ```compile_fail
    /// # use windlass::*;
    /// # let engine = Engine::default();
    /// # let module = Module::new(&engine, "(module)").unwrap();
    /// fn assert_send<T: Send>(_: T) {}
    /// let mut store = Store::new(&engine, std::rc::Rc::new(()));
    /// assert_send(Instance::new_async(&mut store, &module, &[]));
    /// ```
    pub async fn new_async(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        on_fiber(&mut store.as_context_mut(), |store| Instance::new(store, module, imports)).await
    }
}

impl<T: 'static> InstancePre<T> {
    /// Makes an instance, as [`InstancePre::instantiate`] does, and lets its start function wait.
    ///
    /// # Errors
    /// As for [`InstancePre::instantiate`] and [`Func::call_async`].
    ///
    /// # Panics
    /// As for [`InstancePre::instantiate`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// # let engine = Engine::default();
    /// # let module = Module::new(&engine, r#"(module (import "host" "f" (func)) (start 0))"#)?;
    /// let mut linker = Linker::<u32>::new(&engine);
    /// linker.func_wrap_async("host", "f", |mut caller, (): ()| {
    ///     Box::new(async move {
    ///         tokio::task::yield_now().await;
    ///         *caller.data_mut() += 1;
    ///     })
    /// })?;
    /// let pre = linker.instantiate_pre(&module)?;
    /// let mut store = Store::new(&engine, 0);
    /// pre.instantiate_async(&mut store).await?;
    /// assert_eq!(*store.data(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn instantiate_async(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        on_fiber(&mut store.as_context_mut(), |store| self.instantiate(store)).await
    }
}

impl<T: 'static> Linker<T> {
    /// Makes an instance, as [`Linker::instantiate`] does, and lets its start function wait.
    ///
    /// # Errors
    /// As for [`Linker::instantiate`] and [`Func::call_async`].
    ///
    /// # Panics
    /// As for [`Linker::instantiate`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module (import "host" "f" (func)) (start 0))"#)?;
    /// let mut linker = Linker::<()>::new(&engine);
    /// linker.func_wrap_async("host", "f", |_, (): ()| Box::new(tokio::task::yield_now()))?;
    /// let mut store = Store::new(&engine, ());
    /// linker.instantiate_async(&mut store, &module).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn instantiate_async(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance> {
        on_fiber(&mut store.as_context_mut(), |store| self.instantiate(store, module)).await
    }

    /// Defines the exports of a module, as [`Linker::module`] does, and lets it wait: a reactor's start function and
    /// `_initialize` here, a command whenever it is called, which has to be from asynchronous calls.
    ///
    /// # Errors
    /// As for [`Linker::module`] and [`Func::call_async`].
    ///
    /// # Panics
    /// As for [`Linker::module`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///     (import "host" "f" (func $f))
    ///     (func (export "_start") (call $f)))"#)?;
    /// let mut linker = Linker::<()>::new(&engine);
    /// linker.func_wrap_async("host", "f", |_, (): ()| Box::new(tokio::task::yield_now()))?;
    /// let mut store = Store::new(&engine, ());
    /// linker.module_async(&mut store, "", &module).await?;
    /// let start = linker.get_default(&mut store, "")?.typed::<(), ()>(&store)?;
    /// start.call_async(&mut store, ()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn module_async(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        module: &Module,
    ) -> Result<&mut Linker<T>>
    where
        T: Send,
    {
        if crate::linker::is_command(module) {
            return self.command(store, module_name, module, |engine, pre, name, ty| {
                super::host::new_async(engine, ty, move |mut caller: Caller<'_, T>, params, results| {
                    let (pre, name) = (pre.clone(), name.clone());
                    Box::new(async move {
                        let instance = pre.instantiate_async(&mut caller).await?;
                        let func =
                            instance.get_func(&mut caller, &name).context("the export is a function")?;
                        func.call_async(&mut caller, params, results).await
                    })
                })
            });
        }
        let mut store = store.as_context_mut();
        let instance =
            on_fiber(&mut store, |store| self.instantiate_reactor(store.as_context_mut(), module)).await?;
        self.instance(store, module_name, instance)
    }
}

impl Memory {
    /// Makes a memory, as [`Memory::new`] does, and waits for an [asynchronous limiter](crate::Store::limiter_async).
    ///
    /// # Errors
    /// As for [`Memory::new`] and [`Func::call_async`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), ());
    /// let memory = Memory::new_async(&mut store, MemoryType::new(1, None)).await?;
    /// assert_eq!(memory.grow_async(&mut store, 2).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn new_async(mut store: impl AsContextMut, ty: MemoryType) -> Result<Memory> {
        on_fiber(&mut store.as_context_mut(), |store| Memory::new(store, ty)).await
    }

    /// Grows, as [`Memory::grow`] does, and waits for an [asynchronous limiter](crate::Store::limiter_async).
    ///
    /// # Errors
    /// As for [`Memory::grow`] and [`Func::call_async`].
    ///
    /// # Panics
    /// As for [`Memory::grow`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), ());
    /// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
    /// memory.grow_async(&mut store, 1).await?;
    /// assert!(memory.grow_async(&mut store, 1).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn grow_async(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        on_fiber(&mut store.as_context_mut(), |store| self.grow(store, delta)).await
    }
}

impl Table {
    /// Makes a table, as [`Table::new`] does, and waits for an [asynchronous limiter](crate::Store::limiter_async).
    ///
    /// # Errors
    /// As for [`Table::new`] and [`Func::call_async`].
    ///
    /// # Panics
    /// As for [`Table::new`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), ());
    /// let ty = TableType::new(RefType::FUNCREF, 1, None);
    /// let table = Table::new_async(&mut store, ty, Ref::Func(None)).await?;
    /// assert_eq!(table.size(&store), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn new_async(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Table> {
        on_fiber(&mut store.as_context_mut(), |store| Table::new(store, ty, init)).await
    }

    /// Grows, as [`Table::grow`] does, and waits for an [asynchronous limiter](crate::Store::limiter_async).
    ///
    /// # Errors
    /// As for [`Table::grow`] and [`Func::call_async`].
    ///
    /// # Panics
    /// As for [`Table::grow`].
    ///
    /// ```
    /// # use windlass::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), ());
    /// let ty = TableType::new(RefType::FUNCREF, 1, None);
    /// let table = Table::new(&mut store, ty, Ref::Func(None))?;
    /// assert_eq!(table.grow_async(&mut store, 2, Ref::Func(None)).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn grow_async(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        on_fiber(&mut store.as_context_mut(), |store| self.grow(store, delta, init)).await
    }
}
