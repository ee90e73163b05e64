//! Engines: settings, types, and the tier that runs code; shared by all modules and stores.

use crate::config::Config;
use crate::error::Result;
use crate::store::Deadline;
use crate::tier::Tier;
use crate::types::registry::TypeRegistry;
use parking_lot::Mutex;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Weak};
use windlass_runtime::{MemoryConfig, StoreConfig};

/// Settings, types and code generator, shared by modules and stores. A handle: clones are the same engine.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::new(Config::new().consume_fuel(true))?;
/// assert!(Engine::same(&engine, &engine.clone()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine {
    inner: Arc<EngineInner>,
}

struct EngineInner {
    config: Config,
    tier: Tier,
    types: Arc<TypeRegistry>,
    #[cfg(feature = "async")]
    fiber_stacks: Arc<windlass_runtime::fiber::FiberStacks>,
    epoch: AtomicU64,
    /// Deadlines of living stores, and of some that are gone.
    deadlines: Mutex<Vec<Weak<Deadline>>>,
}

/// An engine that may be gone.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let weak = engine.weak();
/// assert!(Engine::same(&weak.upgrade().unwrap(), &engine));
/// drop(engine);
/// assert!(weak.upgrade().is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct EngineWeak {
    inner: Weak<EngineInner>,
}

impl Engine {
    /// Makes an engine with these settings.
    ///
    /// # Errors
    /// If a setting cannot be met, e.g. names a tier that is not built.
    pub fn new(config: &Config) -> Result<Engine> {
        config.validate()?;
        let inner = EngineInner {
            config: config.clone(),
            tier: Tier::new(config)?,
            types: Arc::default(),
            #[cfg(feature = "async")]
            fiber_stacks: Arc::new(windlass_runtime::fiber::FiberStacks::new(
                config.async_stack_size,
                config.async_stack_zeroing,
            )),
            epoch: AtomicU64::new(0),
            deadlines: Mutex::default(),
        };
        Ok(Engine { inner: Arc::new(inner) })
    }

    /// The settings.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// assert!(engine.config().get_consume_fuel());
    /// # Ok(())
    /// # }
    /// ```
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Whether both are the same engine.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.inner, &b.inner)
    }

    /// A handle that does not keep the engine alive.
    pub fn weak(&self) -> EngineWeak {
        EngineWeak { inner: Arc::downgrade(&self.inner) }
    }

    /// Starts the next epoch. Guests of stores whose deadline has come are interrupted at their next check.
    /// May be called from any thread; takes a lock for a short time, so not from a signal handler.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "spin") (loop (br 0))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
    /// store.set_epoch_deadline(2);
    /// // A program has one such thread, which does this at its pace.
    /// let ticker = std::thread::spawn(move || (0..2).for_each(|_| engine.increment_epoch()));
    /// let error = spin.call(&mut store, ()).unwrap_err();
    /// assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    /// # ticker.join().unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub fn increment_epoch(&self) {
        let epoch = self.inner.epoch.fetch_add(1, SeqCst) + 1;
        self.deadlines(|deadlines| {
            deadlines.retain(|deadline| match deadline.upgrade() {
                Some(deadline) => {
                    deadline.check(epoch);
                    true
                }
                None => false,
            });
        });
    }

    /// The current epoch.
    pub(crate) fn epoch(&self) -> u64 {
        self.inner.epoch.load(SeqCst)
    }

    /// Tells a deadline about coming epochs.
    pub(crate) fn watch(&self, deadline: &Arc<Deadline>) {
        self.deadlines(|deadlines| {
            // Those of dropped stores go when the list would grow, so that it stays in proportion.
            if deadlines.len() == deadlines.capacity() {
                deadlines.retain(|deadline| deadline.strong_count() > 0);
            }
            deadlines.push(Arc::downgrade(deadline));
        });
    }

    fn deadlines(&self, f: impl FnOnce(&mut Vec<Weak<Deadline>>)) {
        f(&mut self.inner.deadlines.lock());
    }

    pub(crate) fn types(&self) -> &Arc<TypeRegistry> {
        &self.inner.types
    }

    /// Stacks for asynchronous calls.
    #[cfg(feature = "async")]
    pub(crate) fn fiber_stacks(&self) -> &Arc<windlass_runtime::fiber::FiberStacks> {
        &self.inner.fiber_stacks
    }

    pub(crate) fn tier(&self) -> &Tier {
        &self.inner.tier
    }

    /// What stores of this engine are made with.
    pub(crate) fn store_config(&self) -> StoreConfig {
        let config = self.config();
        StoreConfig {
            max_wasm_stack: config.max_wasm_stack,
            max_host_stack: config.max_host_stack,
            gc_stress: config.gc_stress,
            max_backtrace: config.wasm_backtrace_max_frames,
            core_dumps: config.coredump_on_trap,
            memory: MemoryConfig {
                reservation: config.memory_reservation,
                guard: config.memory_guard_size,
                images: config.memory_init_cow,
                required: self.inner.tier.needs_reservations(),
                ..MemoryConfig::default()
            },
            fuel_in_register: self.inner.tier.keeps_fuel_in_register(),
            polls: self.inner.tier.polls(),
            ..StoreConfig::new(self.inner.tier.processor(), self.inner.types.clone())
        }
    }
}

// What is behind the locks of an engine is whole between any two steps, and a lock that a panic left is taken all the same.
impl UnwindSafe for Engine {}
impl RefUnwindSafe for Engine {}

impl Default for Engine {
    /// An engine with the default settings.
    fn default() -> Engine {
        Engine::new(&Config::default()).expect("the default settings can be met")
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("config", self.config()).finish_non_exhaustive()
    }
}

impl EngineWeak {
    /// The engine, if it is still there.
    pub fn upgrade(&self) -> Option<Engine> {
        Some(Engine { inner: self.inner.upgrade()? })
    }
}

impl std::fmt::Debug for EngineWeak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineWeak").finish_non_exhaustive()
    }
}
