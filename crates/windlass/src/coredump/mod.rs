//! Core dumps: what a store held when a guest trapped, for tools that look at it afterwards.
//!
//! ```text
//! trap ──► frames and their home slots, written down by the runtime ──► WasmCoreDump
//!                                                                          │ serialize, write_to
//!                                 memories and globals, as they are then ──┴──► format ──► bytes
//! ```

mod format;

use crate::backtrace::{FrameInfo, WasmBacktrace};
use crate::error::Error;
use crate::externals::{Extern, Global, Memory, SharedMemory};
use crate::instance::Instance;
use crate::module::Module;
use crate::store::{AsContextMut, StoreCore, StoreId};
use std::collections::HashMap;
use std::fmt;
use std::io;
use windlass_abi::facts::EntityIndex;
use windlass_abi::types::ValKind;
use windlass_runtime::{Backtrace, BacktraceFrame, ExternId, InstanceId};

/// What a store held when a guest trapped: a core dump.
///
/// With [`Config::coredump_on_trap`](crate::Config::coredump_on_trap) it is part of the [`Error`](crate::Error) of a trap, and found
/// there with `downcast_ref`. It has all frames that were active, with their locals, whatever
/// [`Config::wasm_backtrace_max_frames`](crate::Config::wasm_backtrace_max_frames) says; memories and globals it only names, so what
/// is serialized of them is what they hold then.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::new(Config::new().coredump_on_trap(true))?;
/// let module = Module::new(&engine, r#"(module $m
///     (memory 1)
///     (func (export "run") (param i32)
///         (i32.store (i32.const 16) (local.get 0))
///         (unreachable)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let run = Instance::new(&mut store, &module, &[])?.get_typed_func::<i32, ()>(&mut store, "run")?;
/// let error = run.call(&mut store, 42).unwrap_err();
/// let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
/// assert_eq!(dump.frames().len(), 1);
/// assert_eq!((dump.modules().len(), dump.instances().len()), (1, 1));
/// assert_eq!(dump.memories()[0].data(&store)[16], 42);
/// assert!(dump.globals().is_empty());
/// let bytes = dump.serialize(&mut store, "example");
/// // A module in form: tools such as `wasm-tools print` show it.
/// assert!(bytes.starts_with(b"\0asm"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WasmCoreDump {
    store: StoreId,
    backtrace: WasmBacktrace,
    frames: Vec<FrameState>,
    modules: Vec<Module>,
    instances: Vec<Instance>,
    spaces: Vec<Spaces>,
    /// Shared ones too; each once.
    all_memories: Vec<Extern>,
    memories: Vec<Memory>,
    globals: Vec<Global>,
}

/// What a frame held.
#[derive(Clone)]
struct FrameState {
    /// Its instance's position in the dump.
    instance: u32,
    locals: Vec<Value>,
}

/// A value, as far as a dump can hold it.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Value {
    /// It is not known, or a vector or reference.
    Missing,
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
}

/// What belongs to an instance: positions in the dump.
#[derive(Clone)]
struct Spaces {
    module: u32,
    memories: Vec<u32>,
    globals: Vec<u32>,
}

impl WasmCoreDump {
    fn new(core: &mut StoreCore, backtrace: &Backtrace) -> WasmCoreDump {
        let mut dump = WasmCoreDump {
            store: core.id(),
            backtrace: WasmBacktrace::of(core, &backtrace.frames),
            frames: backtrace.frames.iter().map(|frame| FrameState::new(core, frame)).collect(),
            modules: Vec::new(),
            instances: Vec::new(),
            spaces: Vec::new(),
            all_memories: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
        };
        let (mut memories, mut globals) = (HashMap::new(), HashMap::new());
        for instance in (0..core.instance_count()).map(InstanceId::from_index) {
            let module = core.module(instance).clone();
            let facts = module.facts();
            let mut item = |item| core.runtime.instance_item(instance, item);
            let memory_ids: Vec<_> =
                (0..facts.memories.len()).map(|i| item(EntityIndex::Memory(i as u32))).collect();
            let global_ids: Vec<_> =
                (0..facts.globals.len()).map(|i| item(EntityIndex::Global(i as u32))).collect();
            let mut memory_positions = Vec::new();
            for id in memory_ids {
                let ExternId::Memory(key) = id else { unreachable!("it was asked for a memory") };
                memory_positions.push(*memories.entry(key).or_insert_with(|| {
                    let memory = Extern::from_id(core, id);
                    dump.memories.extend(memory.clone().into_memory());
                    dump.all_memories.push(memory);
                    dump.all_memories.len() as u32 - 1
                }));
            }
            let mut global_positions = Vec::new();
            for id in global_ids {
                let ExternId::Global(key) = id else { unreachable!("it was asked for a global") };
                global_positions.push(*globals.entry(key).or_insert_with(|| {
                    dump.globals.push(Global::from_id(core, key));
                    dump.globals.len() as u32 - 1
                }));
            }
            let position = dump.modules.iter().position(|known| Module::same(known, &module));
            let position = position.unwrap_or_else(|| {
                dump.modules.push(module.clone());
                dump.modules.len() - 1
            });
            dump.instances.push(Instance::from_id(core, instance));
            dump.spaces.push(Spaces {
                module: position as u32,
                memories: memory_positions,
                globals: global_positions,
            });
        }
        dump
    }

    /// The error with a core dump as context, if it is a trap, the settings say so, and it has none yet.
    pub(crate) fn attach(core: &mut StoreCore, backtrace: &Backtrace, error: Error) -> Error {
        let wanted = core.engine().config().coredump_on_trap
            && error.is::<crate::Trap>()
            && !error.is::<WasmCoreDump>();
        if !wanted {
            return error;
        }
        let dump = WasmCoreDump::new(core, backtrace);
        error.context(dump)
    }

    /// The frames that were active, innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        self.backtrace.frames()
    }

    /// The modules of the store's instances, each once.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The store's instances, in the order in which they were made.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The globals of all instances, imported ones too, each once.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// The memories of all instances, imported ones too, each once; without those that are shared.
    pub fn memories(&self) -> &[Memory] {
        &self.memories
    }

    /// The dump in the [format that tools read](https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md); `name`
    /// says what was run. Pages of memories that are zero take no room; where there are more than 4 GiB of others, the last
    /// of them are left out, because the format can hold no more.
    ///
    /// # Panics
    /// If it was taken of another store.
    pub fn serialize(&self, store: impl AsContextMut, name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(store, name, &mut bytes).expect("vectors take whatever is written");
        bytes
    }

    /// Writes what [`serialize`](WasmCoreDump::serialize) gives, and needs little memory for that.
    ///
    /// ```
    /// # use windlass::*;
    /// fn save(dump: &WasmCoreDump, store: &mut Store<()>) -> Result<()> {
    ///     let mut file = std::fs::File::create("program.coredump")?;
    ///     dump.write_to(store, "program.wasm", &mut file)?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of the writer.
    ///
    /// # Panics
    /// If it was taken of another store.
    pub fn write_to(
        &self,
        mut store: impl AsContextMut,
        name: &str,
        out: &mut (impl io::Write + ?Sized),
    ) -> io::Result<()> {
        let mut store = store.as_context_mut();
        store.core().assert_owns(self.store);
        format::write(self, &mut store, name, out)
    }

    fn shared_memory(&self, memory: usize) -> Option<SharedMemory> {
        self.all_memories[memory].clone().into_shared_memory()
    }
}

impl FrameState {
    fn new(core: &StoreCore, frame: &BacktraceFrame) -> FrameState {
        let module = core.module(frame.instance);
        let known = core.engine().tier().keeps_locals_home();
        let mut slots = frame.slots.iter().copied();
        let facts = module.facts();
        let params = facts.type_of_func(frame.function).params.iter().map(|ty| (1, ty.kind()));
        let own = facts.defined_func(frame.function).expect("frames are those of a module's own functions");
        let kinds = params.chain(module.locals(own).iter().copied());
        let kinds = kinds.flat_map(|(count, kind)| std::iter::repeat_n(kind, count as usize));
        let locals = kinds.map(|kind| {
            let slot = slots.next();
            // A vector's second slot.
            (1..kind.slots()).for_each(|_| _ = slots.next());
            match slot {
                Some(bits) if known => Value::new(kind, bits),
                _ => Value::Missing,
            }
        });
        FrameState { instance: frame.instance.index(), locals: locals.collect() }
    }
}

impl Value {
    fn new(kind: ValKind, bits: u64) -> Value {
        match kind {
            ValKind::I32 => Value::I32(bits as i32),
            ValKind::I64 => Value::I64(bits as i64),
            ValKind::F32 => Value::F32(bits as u32),
            ValKind::F64 => Value::F64(bits),
            ValKind::V128 | ValKind::Func | ValKind::Gc => Value::Missing,
        }
    }
}

/// One line: how much is in it.
impl fmt::Display for WasmCoreDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (frames, instances) = (self.frames.len(), self.instances.len());
        write!(f, "a core dump was taken, of {frames} frames and {instances} instances")
    }
}

impl fmt::Debug for WasmCoreDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmCoreDump")
            .field("frames", &self.frames())
            .field("modules", &self.modules)
            .field("instances", &self.instances)
            .field("globals", &self.globals)
            .field("memories", &self.memories)
            .finish_non_exhaustive()
    }
}
