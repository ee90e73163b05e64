//! The store: owner of everything that is made while Wasm runs.

use crate::failure::*;
use crate::ids::*;
use crate::memory::{MemoryConfig, SharedMemory};
use crate::module::Module;
use crate::roots::{OwnedRoot, Rooted, ScopeMark};
use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;
use windlass_abi::builtins::Status;
use windlass_abi::facts::{EntityIndex, GlobalType, MemoryType, TableType};
use windlass_abi::processor::Processor;
use windlass_abi::types::Signature;
use windlass_abi::vm::*;

/// What a store is made with.
#[derive(Clone)]
pub struct StoreConfig {
    /// What runs the engine's code.
    pub processor: Arc<dyn Processor>,
    /// The engine's types.
    pub types: Arc<dyn TypeOracle>,
    /// Bytes of stack for Wasm frames.
    pub max_wasm_stack: usize,
    /// Bytes of host stack that one outermost entry may use before nested entries trap with
    /// `StackOverflow`. The default of [`StoreConfig::new`] suits threads of 2 MiB.
    pub max_host_stack: usize,
    /// Largest size of the heap in bytes.
    pub max_heap: usize,
    /// Whether every allocation on the heap collects and moves every object.
    pub gc_stress: bool,
    /// Largest number of frames in a backtrace; 0 records none.
    pub max_backtrace: usize,
    /// How memories take address space.
    pub memory: MemoryConfig,
}

/// What the runtime asks about the engine's types.
pub trait TypeOracle: Send + Sync {
    /// Whether the engine-wide type `sub` is `sup` or declared below it.
    fn is_subtype(&self, sub: u32, sup: u32) -> bool;
}

/// What the runtime asks of the embedder. Called with no borrow of the store live, so that the
/// implementation may use it; a panic is carried beyond the entry like a host function's.
pub trait Hooks {
    /// Whether a memory may be made (`current` 0) or grown; sizes in bytes.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError>;
    /// A memory was not grown.
    fn memory_grow_failed(&mut self, why: &Error) -> Result<(), HostError>;
    /// Whether a table may be made (`current` 0) or grown; sizes in elements.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError>;
    /// A table was not grown.
    fn table_grow_failed(&mut self, why: &Error) -> Result<(), HostError>;
    /// The interrupt word was seen to be set. `Ok`: go on; the hook has cleared it.
    fn interrupt(&mut self) -> Result<(), Raise>;
    /// A charge left the fuel below zero. `Ok`: go on; the hook has refilled it.
    fn fuel_exhausted(&mut self) -> Result<(), Raise>;
}

#[allow(dead_code)]
struct StoreInner {}

/// A store. It owns everything made in it; dropping it frees all.
///
/// Ids and references must come from the same store: a wrong id panics or names something else.
/// A wrong [`FuncPtr`] or [`GcRef`] is worse, so what takes a `FuncPtr` is `unsafe`.
pub struct Store(NonNull<StoreInner>);

// SAFETY: (see the final version)
unsafe impl Send for Store {}
// SAFETY: (see the final version)
unsafe impl Sync for Store {}

/// A store, not borrowed: for what runs guest code, host functions or hooks.
#[derive(Clone, Copy)]
pub struct StorePtr(NonNull<StoreInner>);

/// Interrupts a store from any thread, at any time, even after the store is gone.
#[derive(Clone)]
pub struct InterruptHandle(());

impl InterruptHandle {
    /// Sets the interrupt word and wakes the store if it waits.
    pub fn interrupt(&self) {
        unimplemented!()
    }
}

#[allow(unused_variables)]
impl StoreConfig {
    /// The defaults: 512 KiB of Wasm stack and of host stack, 1 GiB of heap, 64 frames of backtrace.
    pub fn new(processor: Arc<dyn Processor>, types: Arc<dyn TypeOracle>) -> StoreConfig {
        unimplemented!()
    }
}

/// Everything here needs the store to be live, used by this thread alone, and its ids, functions and
/// references to be its own; no `&mut Store` may be in use meanwhile.
#[allow(unused_variables, clippy::missing_safety_doc)]
impl StorePtr {
    /// The store of a `VMStore`.
    pub unsafe fn from_vmstore(vmstore: *mut VMStore) -> StorePtr {
        unimplemented!()
    }
    /// The store of a context, of an instance or of a host function.
    pub unsafe fn from_context(cx: *mut VMContext) -> StorePtr {
        unimplemented!()
    }
    /// The embedder's pointer, as [`Store::set_hooks`] got it.
    pub unsafe fn user(self) -> *mut () {
        unimplemented!()
    }
    /// The store, borrowed for as long as the caller takes care that nothing else uses it.
    pub unsafe fn borrow<'a>(self) -> &'a mut Store {
        unimplemented!()
    }
    /// Calls a function of the store. `args` holds the parameters, has room for the longer of
    /// parameters and results, and takes the results. A panic of a host function is a [`Failure`].
    pub unsafe fn call(self, func: FuncPtr, args: &mut [ValRaw]) -> Result<(), Failure> {
        unimplemented!()
    }
    /// Makes a memory (a shared one if the type says so), asking the hook.
    pub unsafe fn new_memory(self, ty: &MemoryType) -> Result<MemoryId, GrowError> {
        unimplemented!()
    }
    /// Grows a memory by `delta` pages, asking the hook; gives the old size in pages.
    pub unsafe fn memory_grow(self, memory: MemoryId, delta: u64) -> Result<u64, GrowError> {
        unimplemented!()
    }
    /// Makes a table filled with `init`, asking the hook. The element type holds engine-wide ids.
    pub unsafe fn new_table(self, ty: &TableType, init: ValRaw) -> Result<TableId, GrowError> {
        unimplemented!()
    }
    /// Grows a table by `delta` elements, asking the hook; gives the old size.
    pub unsafe fn table_grow(self, table: TableId, delta: u64, init: ValRaw) -> Result<u64, GrowError> {
        unimplemented!()
    }
    /// Makes an instance: context, memories, tables, globals; then active element segments, then active
    /// data segments, each in order. `imports` stand in the order of the module's imports and have been
    /// type-checked. The start function is not run.
    pub unsafe fn instantiate(
        self,
        module: &Arc<Module>,
        imports: &[ExternId],
    ) -> Result<InstanceId, InstantiateError> {
        unimplemented!()
    }
}

#[allow(unused_variables, clippy::missing_safety_doc)]
impl Store {
    /// Makes an empty store.
    pub fn new(config: StoreConfig) -> Result<Store, Error> {
        unimplemented!()
    }
    /// The store, not borrowed.
    pub fn as_ptr(&self) -> StorePtr {
        unimplemented!()
    }
    /// Sets what answers the runtime's questions, and a pointer that [`StorePtr::user`] gives back.
    ///
    /// # Safety
    /// Both stay valid as long as the store is used, and may be used by whichever thread uses it.
    pub unsafe fn set_hooks(&mut self, hooks: *mut dyn Hooks, user: *mut ()) {
        unimplemented!()
    }
    /// The part of the store that code sees.
    pub fn vmstore(&self) -> *mut VMStore {
        unimplemented!()
    }
    /// What the store was made with.
    pub fn config(&self) -> &StoreConfig {
        unimplemented!()
    }

    /// Fuel left; negative after it ran out.
    pub fn fuel(&self) -> i64 {
        unimplemented!()
    }
    /// Sets the fuel.
    pub fn set_fuel(&mut self, fuel: i64) {
        unimplemented!()
    }
    /// A handle for other threads.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        unimplemented!()
    }
    /// Clears the interrupt word.
    pub fn clear_interrupt(&mut self) {
        unimplemented!()
    }
    /// Frames of the Wasm code that is calling the host now.
    pub fn backtrace(&self) -> Backtrace {
        unimplemented!()
    }

    // Functions.

    /// Makes a host function. The call finds `data` (the value itself, not the box) behind
    /// `host.header.owner`; see [`host_data`].
    pub fn new_host_func(
        &mut self,
        signature: Arc<Signature>,
        call: HostCall,
        data: Box<dyn Any + Send + Sync>,
    ) -> FuncPtr {
        unimplemented!()
    }
    /// Engine-wide type id of a function.
    pub unsafe fn func_type_id(&self, func: FuncPtr) -> u32 {
        unimplemented!()
    }
    /// The signature of a function.
    pub unsafe fn func_signature(&self, func: FuncPtr) -> Arc<Signature> {
        unimplemented!()
    }
    /// The instance and the index in it of a Wasm function; `None` for host functions.
    pub unsafe fn func_origin(&self, func: FuncPtr) -> Option<(InstanceId, u32)> {
        unimplemented!()
    }

    // Instances.

    /// The module of an instance.
    pub fn instance_module(&self, instance: InstanceId) -> &Arc<Module> {
        unimplemented!()
    }
    /// A member of an instance's index spaces, exported or not.
    pub fn instance_item(&mut self, instance: InstanceId, item: EntityIndex) -> ExternId {
        unimplemented!()
    }

    // Memories.

    /// Makes a shared memory known to the store.
    pub fn import_shared(&mut self, memory: &SharedMemory) -> MemoryId {
        unimplemented!()
    }
    /// The handle of a shared memory; `None` for an unshared one.
    pub fn shared_memory(&self, memory: MemoryId) -> Option<SharedMemory> {
        unimplemented!()
    }
    /// The declared type of a memory.
    pub fn memory_type(&self, memory: MemoryId) -> MemoryType {
        unimplemented!()
    }
    /// Size in pages.
    pub fn memory_size(&self, memory: MemoryId) -> u64 {
        unimplemented!()
    }
    /// First byte and size in bytes. Of a shared memory, accesses must be atomic.
    pub fn memory_raw(&self, memory: MemoryId) -> (*mut u8, usize) {
        unimplemented!()
    }
    /// The bytes of an unshared memory; `None` of a shared one.
    pub fn memory_data(&self, memory: MemoryId) -> Option<&[u8]> {
        unimplemented!()
    }
    /// The bytes of an unshared memory; `None` of a shared one.
    pub fn memory_data_mut(&mut self, memory: MemoryId) -> Option<&mut [u8]> {
        unimplemented!()
    }

    // Tables. Indices out of bounds are an `Err` with `TableOutOfBounds`.

    /// The declared type of a table, with engine-wide ids.
    pub fn table_type(&self, table: TableId) -> TableType {
        unimplemented!()
    }
    /// Number of elements.
    pub fn table_size(&self, table: TableId) -> u64 {
        unimplemented!()
    }
    /// An element: `func` or `gc` of the value by the kind of the table. `None` if out of bounds.
    pub fn table_get(&mut self, table: TableId, index: u64) -> Option<ValRaw> {
        unimplemented!()
    }
    /// Sets an element; false if out of bounds.
    pub unsafe fn table_set(&mut self, table: TableId, index: u64, value: ValRaw) -> bool {
        unimplemented!()
    }
    /// Fills elements; false (and nothing written) if out of bounds.
    pub unsafe fn table_fill(&mut self, table: TableId, index: u64, value: ValRaw, len: u64) -> bool {
        unimplemented!()
    }
    /// Copies elements; false (and nothing written) if out of bounds.
    pub unsafe fn table_copy(
        &mut self,
        dst: TableId,
        dst_index: u64,
        src: TableId,
        src_index: u64,
        len: u64,
    ) -> bool {
        unimplemented!()
    }

    // Globals.

    /// Makes a global. The type holds engine-wide ids.
    pub unsafe fn new_global(&mut self, ty: &GlobalType, value: ValRaw) -> GlobalId {
        unimplemented!()
    }
    /// The type of a global, with engine-wide ids.
    pub fn global_type(&self, global: GlobalId) -> GlobalType {
        unimplemented!()
    }
    /// The value of a global; a reference into the heap is not rooted.
    pub fn global_get(&self, global: GlobalId) -> ValRaw {
        unimplemented!()
    }
    /// Sets a global, mutable or not: checking is the caller's.
    pub unsafe fn global_set(&mut self, global: GlobalId, value: ValRaw) {
        unimplemented!()
    }

    // Tags.

    /// Makes a tag.
    pub fn new_tag(&mut self, signature: Arc<Signature>) -> TagId {
        unimplemented!()
    }
    /// The signature of a tag, which holds its type id.
    pub fn tag_signature(&self, tag: TagId) -> Arc<Signature> {
        unimplemented!()
    }

    // The heap. What allocates may collect, and moves everything that is not rooted out of sight.

    /// Puts a host value on the heap. Gives it back when the heap is full.
    pub fn alloc_extern(
        &mut self,
        value: Box<dyn Any + Send + Sync>,
    ) -> Result<GcRef, (HeapFull, Box<dyn Any + Send + Sync>)> {
        unimplemented!()
    }
    /// What a reference refers to.
    pub fn ref_kind(&self, reference: GcRef) -> RefKind {
        unimplemented!()
    }
    /// The host value behind a reference; `None` if it refers to something else.
    pub fn extern_data(&self, reference: GcRef) -> Option<&(dyn Any + Send + Sync)> {
        unimplemented!()
    }
    /// The host value behind a reference; `None` if it refers to something else.
    pub fn extern_data_mut(&mut self, reference: GcRef) -> Option<&mut (dyn Any + Send + Sync)> {
        unimplemented!()
    }
    /// Makes an exception with one value for each parameter of the tag's signature. References
    /// among them need no root.
    pub unsafe fn new_exception(&mut self, tag: TagId, payload: &[ValRaw]) -> Result<GcRef, HeapFull> {
        unimplemented!()
    }
    /// The tag of an exception; `None` if the reference refers to something else.
    pub fn exception_tag(&self, exception: GcRef) -> Option<TagId> {
        unimplemented!()
    }
    /// The payload of an exception, one value for each parameter of its tag's signature.
    pub fn exception_payload(&self, exception: GcRef) -> Option<Vec<ValRaw>> {
        unimplemented!()
    }
    /// Collects now.
    pub fn gc(&mut self) {
        unimplemented!()
    }
    /// Bytes of the heap in use, garbage included.
    pub fn heap_size(&self) -> usize {
        unimplemented!()
    }

    // Roots.

    /// Roots a reference in the innermost scope.
    pub fn root(&mut self, reference: GcRef) -> Rooted {
        unimplemented!()
    }
    /// The reference behind a root; `None` once its scope has ended.
    pub fn rooted(&self, root: Rooted) -> Option<GcRef> {
        unimplemented!()
    }
    /// Starts a scope. [`host_call_guard`] makes one around each host function.
    pub fn enter_scope(&mut self) -> ScopeMark {
        unimplemented!()
    }
    /// Ends the scope that started at `mark`, and all within it.
    pub fn exit_scope(&mut self, mark: ScopeMark) {
        unimplemented!()
    }
    /// Roots a reference until the value is dropped.
    pub fn root_owned(&mut self, reference: GcRef) -> OwnedRoot {
        unimplemented!()
    }
    /// The reference behind an owned root.
    pub fn owned(&self, root: &OwnedRoot) -> GcRef {
        unimplemented!()
    }
}

/// Runs the body of a host function: catches its panic, keeps its error in the store, and says how it
/// ended. A scope of roots lasts as long as the body.
///
/// # Safety
/// `host` is the live context that the call got, entered on this thread.
#[allow(unused_variables)]
pub unsafe fn host_call_guard(
    host: *mut VMHostContext,
    body: impl FnOnce(StorePtr) -> Result<(), Raise>,
) -> Status {
    unimplemented!()
}

/// The data that a host function was made with.
///
/// # Safety
/// `host` is live and was made with data of type `T`.
#[allow(unused_variables)]
pub unsafe fn host_data<'a, T>(host: *mut VMHostContext) -> &'a T {
    unimplemented!()
}

/// The instance of the code that calls a host function; `None` if the host calls it.
///
/// # Safety
/// `caller` is null or live.
#[allow(unused_variables)]
pub unsafe fn caller_instance(caller: *mut VMContext) -> Option<InstanceId> {
    unimplemented!()
}
