//! The part of a store that does not depend on the host's data.

use super::interrupt::{Deadline, InterruptHandle, Interruption};
#[cfg(feature = "async")]
use crate::error::Context;
use crate::error::{Result, bail, ensure};
use crate::func::HostFunc;
use crate::gc::{ExnRef, Rooted, ThrownException};
use crate::module::Module;
use crate::types::HeapType;
use crate::types::registry::RegisteredType;
use crate::{Engine, Error, ResourceError};
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use windlass_abi::facts::ModuleFacts;
use windlass_runtime::{FuncPtr, InstanceId, OwnedRoot};

/// Which store something belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct StoreId(NonZeroU64);

impl StoreId {
    fn next() -> StoreId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        StoreId(NonZeroU64::new(NEXT.fetch_add(1, Relaxed)).expect("there are not 2^64 stores"))
    }
}

/// How many of each kind of thing a store holds, and may hold.
#[derive(Default)]
pub(crate) struct Counts {
    pub instances: Count,
    pub tables: Count,
    pub memories: Count,
}

/// A number of things, and its limit.
pub(crate) struct Count {
    now: usize,
    limit: usize,
}

impl Default for Count {
    fn default() -> Count {
        Count { now: 0, limit: usize::MAX }
    }
}

impl Counts {
    /// Checks that there may be another instance of a module.
    pub fn check(&self, facts: &ModuleFacts) -> Result<()> {
        self.instances.check(1, "instance")?;
        self.memories.check(facts.memories.len() - facts.imported.memories as usize, "memory")?;
        self.tables.check(facts.tables.len() - facts.imported.tables as usize, "table")
    }

    /// Counts an instance of a module.
    pub fn add(&mut self, facts: &ModuleFacts) {
        self.instances.add(1);
        self.memories.add(facts.memories.len() - facts.imported.memories as usize);
        self.tables.add(facts.tables.len() - facts.imported.tables as usize);
    }
}

impl Count {
    /// Checks that there may be `n` more.
    pub fn check(&self, n: usize, what: &'static str) -> Result<()> {
        let (desired, limit) = (self.now.saturating_add(n) as u64, self.limit as u64);
        if desired > limit {
            return Err(ResourceError::Count { what, desired, limit }.into());
        }
        Ok(())
    }

    /// Counts `n` more.
    pub fn add(&mut self, n: usize) {
        self.now += n;
    }

    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }
}

/// The part of a store that does not depend on the host's data.
pub(crate) struct StoreCore {
    /// Dropped first: it refers to what the other fields keep alive.
    pub runtime: windlass_runtime::Store,
    engine: Engine,
    id: StoreId,
    /// The modules of instances, by the number of the instance.
    instances: Vec<Module>,
    /// Types that host-made functions, tables, globals and tags are of.
    types: HashMap<u32, RegisteredType>,
    /// Host functions of linkers that have been made in this store already, by their address.
    host_funcs: HashMap<usize, (FuncPtr, Arc<HostFunc>)>,
    pub counts: Counts,
    /// Fuel beyond what the runtime's counter holds.
    fuel_reserve: u64,
    /// The largest part of the fuel that the runtime's counter gets at once.
    fuel_interval: Option<NonZeroU64>,
    interrupt_requested: Arc<AtomicBool>,
    deadline: Option<Arc<Deadline>>,
    pub pending_exception: Option<OwnedRoot>,
}

impl StoreCore {
    pub fn new(engine: &Engine) -> Result<StoreCore> {
        let runtime = windlass_runtime::Store::new(engine.store_config())?;
        let deadline = engine
            .config()
            .get_epoch_interruption()
            .then(|| Deadline::new(engine, runtime.interrupt_handle()));
        Ok(StoreCore {
            runtime,
            engine: engine.clone(),
            id: StoreId::next(),
            instances: Vec::new(),
            types: HashMap::new(),
            host_funcs: HashMap::new(),
            counts: Counts::default(),
            fuel_reserve: 0,
            fuel_interval: None,
            interrupt_requested: Arc::default(),
            deadline,
            pending_exception: None,
        })
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub fn id(&self) -> StoreId {
        self.id
    }

    /// Checks that something belongs to this store.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn assert_owns(&self, id: StoreId) {
        assert!(id == self.id, "an item was used with a store that it does not belong to");
    }

    /// Remembers the module of the instance that the runtime just made: it numbers them in order.
    pub fn add_instance(&mut self, module: Module) {
        self.counts.add(module.facts());
        self.instances.push(module);
    }

    /// How many instances there are.
    pub fn instance_count(&self) -> u32 {
        self.instances.len() as u32
    }

    pub fn module(&self, instance: InstanceId) -> &Module {
        &self.instances[instance.index() as usize]
    }

    /// Keeps a type alive as long as the store.
    pub fn pin_type(&mut self, ty: &RegisteredType) {
        self.types.entry(ty.id()).or_insert_with(|| ty.clone());
    }

    /// Keeps alive, as long as the store, the type that a heap type names, if any.
    pub fn pin_heap_type(&mut self, ty: &HeapType) {
        if let Some(ty) = ty.registered() {
            self.pin_type(ty);
        }
    }

    /// The function of this store for a host function of a linker.
    pub fn host_func(&mut self, func: &Arc<HostFunc>) -> FuncPtr {
        let key = Arc::as_ptr(func).addr();
        if let Some((ptr, _)) = self.host_funcs.get(&key) {
            return *ptr;
        }
        let ptr = func.make(self);
        self.host_funcs.insert(key, (ptr, func.clone()));
        ptr
    }

    fn ensure_fuel(&self) -> Result<()> {
        ensure!(
            self.engine.config().get_consume_fuel(),
            "fuel is not configured in this store: Config::consume_fuel"
        );
        Ok(())
    }

    pub fn get_fuel(&self) -> Result<u64> {
        self.ensure_fuel()?;
        Ok(self.fuel_reserve.saturating_add_signed(self.runtime.fuel()))
    }

    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.ensure_fuel()?;
        self.distribute_fuel(fuel);
        Ok(())
    }

    fn distribute_fuel(&mut self, fuel: u64) {
        let largest = self.fuel_interval.map_or(u64::MAX, NonZeroU64::get).min(i64::MAX as u64);
        let now = fuel.min(largest);
        self.fuel_reserve = fuel - now;
        self.runtime.set_fuel(now as i64);
    }

    /// Sets after how much fuel the guest gives way.
    #[cfg(feature = "async")]
    pub fn set_fuel_interval(&mut self, interval: Option<u64>) -> Result<()> {
        let fuel = self.get_fuel()?;
        self.fuel_interval = match interval {
            Some(interval) => {
                Some(NonZeroU64::new(interval).context("an interval of fuel must be greater than 0")?)
            }
            None => None,
        };
        self.distribute_fuel(fuel);
        Ok(())
    }

    #[cfg(feature = "async")]
    pub fn has_fuel_interval(&self) -> bool {
        self.fuel_interval.is_some()
    }

    /// After a charge left the fuel below zero: refills it from the reserve, if that covers the charge.
    pub fn refill_fuel(&mut self) -> bool {
        match self.fuel_reserve.checked_add_signed(self.runtime.fuel()) {
            Some(left) => {
                self.distribute_fuel(left);
                true
            }
            None => false,
        }
    }

    pub fn interrupt_handle(&self) -> Result<InterruptHandle> {
        if self.deadline.is_none() {
            bail!("code does not check for interruption: Config::epoch_interruption");
        }
        Ok(InterruptHandle {
            requested: self.interrupt_requested.clone(),
            word: self.runtime.interrupt_handle(),
        })
    }

    pub fn interruption(&self) -> Interruption {
        Interruption { word: self.runtime.interrupt_handle() }
    }

    pub fn set_epoch_deadline(&mut self, ticks: u64) {
        if let Some(deadline) = &self.deadline {
            deadline.set(&self.engine, ticks);
        }
    }

    /// Clears the interrupt word, takes a request of a handle if there is one, and says whether there was.
    pub fn take_interrupt_request(&mut self) -> bool {
        self.runtime.clear_interrupt();
        let requested = self.interrupt_requested.swap(false, SeqCst);
        if requested {
            self.recheck_deadline();
        }
        requested
    }

    /// Whether the epoch's deadline has come.
    pub fn is_deadline_due(&self) -> bool {
        self.deadline.as_ref().is_some_and(|deadline| deadline.is_due(self.engine.epoch()))
    }

    /// Sets the interrupt word again if the deadline has come: every entry into the guest is then stopped
    /// until a new deadline is set.
    pub fn recheck_deadline(&self) {
        if let Some(deadline) = &self.deadline {
            deadline.check(self.engine.epoch());
        }
    }

    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        let exception = exception.get(self)?;
        self.pending_exception = Some(self.runtime.root_owned(exception));
        Err(Error::new(ThrownException))
    }

    pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        let exception = self.pending_exception.take()?;
        let exception = self.runtime.owned(&exception);
        Rooted::new(self, Some(exception))
    }
}
