//! Tests of the runtime without any compiler: "Wasm" functions are Rust closures that a fake processor
//! runs in frames of its own. They call builtins, imports and host functions as real code would.

mod calls;
mod heap;
mod instances;
mod memories;
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
mod native;
mod tables;

use crate::*;
use std::any::Any;
use std::cell::Cell;
use std::ffi::c_void;
use std::ops::ControlFlow;
use std::ptr;
use std::sync::Arc;
use windlass_abi::builtins::{Status, VMBuiltins};
use windlass_abi::facts::*;
use windlass_abi::processor::{Frame, HomeSlots, HostEntry, ModuleCode, Processor};
use windlass_abi::trap::TrapCode;
use windlass_abi::types::*;
use windlass_abi::vm::*;

/// A frame of the fake processor; `Activation::fp` points to the innermost.
pub(super) struct FakeFrame {
    prev: *mut FakeFrame,
    pub cx: *mut VMContext,
    function: u32,
    offset: Cell<u32>,
    /// Slots of references.
    slots: Cell<[u64; 4]>,
    /// Parameters and results.
    pub args: *mut ValRaw,
}

type Body = dyn Fn(&FakeFrame) -> Result<(), Status> + Send + Sync;

/// What the code of a fake function points to.
struct FakeFunction {
    index: u32,
    body: Box<Body>,
}

struct FakeCode(Vec<FakeFunction>);

// SAFETY: the functions stay where they are while the value lives.
unsafe impl ModuleCode for FakeCode {
    fn code_words(&self) -> Box<[*const u8]> {
        self.0.iter().map(|f| ptr::from_ref(f).cast()).collect()
    }
    fn info(&self) -> *const c_void {
        ptr::null()
    }
    fn size(&self) -> usize {
        0
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct FakeProcessor;

struct FakeEntry;

impl HostEntry for FakeEntry {
    fn entry(&self) -> *const u8 {
        ptr::null()
    }
}

/// Runs a function within the store's current activation.
unsafe fn run(callee: *const VMFuncRef, caller: *mut VMContext, args: *mut ValRaw) -> Status {
    // SAFETY: the test gives live functions and room for their values.
    unsafe {
        let cx = (*callee).context;
        if (*cx).kind == ContextKind::Host {
            let host: *mut VMHostContext = cx.cast();
            return ((*host).call)(host, caller, args);
        }
        let activation = (*(*cx).store).activation;
        let function = &*(*callee).code.cast::<FakeFunction>();
        let frame = FakeFrame {
            prev: (*activation).fp.cast(),
            cx,
            function: function.index,
            offset: Cell::new(1000 * function.index),
            slots: Cell::new([0; 4]),
            args,
        };
        (*activation).fp = (&raw const frame).cast_mut().cast();
        let status = match (function.body)(&frame) {
            Ok(()) => Status::OK,
            Err(status) => status,
        };
        if let Some(code) = status.trap_code()
            && !(*activation).pc_is_return
        {
            // Reported once, where it happened.
            (*activation).pc_is_return = true;
            (frame.builtins().trap)((*cx).store, code as u64);
        }
        (*activation).fp = frame.prev.cast();
        status
    }
}

// SAFETY: frames and their slots are those of the closures that run.
unsafe impl Processor for FakeProcessor {
    unsafe fn enter(&self, store: *mut VMStore, callee: *const VMFuncRef, args: *mut ValRaw) -> Status {
        // SAFETY: as the contract says.
        unsafe {
            let mut activation = Activation {
                prev: (*store).activation,
                pc: ptr::null(),
                fp: ptr::null_mut(),
                context: ptr::null_mut(),
                pc_is_return: false,
                entry_sp: ptr::null_mut(),
            };
            (*store).activation = &raw mut activation;
            let status = run(callee, ptr::null_mut(), args);
            (*store).activation = activation.prev;
            status
        }
    }

    unsafe fn frames(&self, activation: *const Activation, visit: &mut dyn FnMut(Frame) -> ControlFlow<()>) {
        // SAFETY: as the contract says.
        unsafe {
            let mut frame: *const FakeFrame = (*activation).fp.cast();
            while !frame.is_null() {
                let f = &*frame;
                if visit(Frame {
                    context: f.cx,
                    function: f.function,
                    offset: f.offset.get(),
                    slots: HomeSlots::NONE,
                })
                .is_break()
                {
                    return;
                }
                frame = f.prev;
            }
        }
    }

    unsafe fn roots(&self, activation: *const Activation, visit: &mut dyn FnMut(*mut u64)) {
        // SAFETY: as the contract says.
        unsafe {
            let mut frame: *const FakeFrame = (*activation).fp.cast();
            while !frame.is_null() {
                let slots = (*frame).slots.as_ptr().cast::<u64>();
                (0..4).for_each(|i| visit(slots.add(i)));
                frame = (*frame).prev;
            }
        }
    }

    fn host_entry(&self, _: &Signature) -> Box<dyn HostEntry> {
        Box::new(FakeEntry)
    }

    fn uses_frame_stack(&self) -> bool {
        true
    }
}

impl FakeFrame {
    fn builtins(&self) -> &'static VMBuiltins {
        &crate::builtins::BUILTINS
    }

    fn arg(&self, i: usize) -> u64 {
        // SAFETY: the test's signature has it.
        unsafe { (*self.args.add(i)).i64 }
    }

    fn ret(&self, i: usize, value: u64) {
        // SAFETY: the test's signature has it.
        unsafe { *self.args.add(i) = ValRaw { i64: value } }
    }

    fn slot(&self, i: usize) -> u64 {
        self.slots.get()[i]
    }

    fn set_slot(&self, i: usize, value: u64) {
        let mut slots = self.slots.get();
        slots[i] = value;
        self.slots.set(slots);
    }

    /// Calls a function of the instance's index space.
    fn call(&self, function: u32, args: &mut [ValRaw]) -> Result<(), Status> {
        // SAFETY: the test's functions have such parameters.
        unsafe {
            let func = (self.builtins().ref_func)(self.cx, function);
            ok(run(func, self.cx, args.as_mut_ptr()))
        }
    }
}

fn ok(status: Status) -> Result<(), Status> {
    if status == Status::OK { Ok(()) } else { Err(status) }
}

fn num(result: windlass_abi::builtins::VMResult) -> Result<u64, Status> {
    ok(result.status).map(|()| result.value)
}

struct SameType;

impl TypeOracle for SameType {
    fn is_subtype(&self, sub: u32, sup: u32) -> bool {
        sub == sup
    }
}

fn config() -> StoreConfig {
    StoreConfig::new(Arc::new(FakeProcessor), Arc::new(SameType))
}

fn store() -> Store {
    Store::new(config()).unwrap()
}

fn i64s(values: &[u64]) -> Vec<ValRaw> {
    values.iter().map(|v| ValRaw { i64: *v }).collect()
}

fn constant(op: ConstOp) -> ConstExpr {
    ConstExpr(Box::new([op]))
}

fn memory_type(min: u64, max: Option<u64>) -> MemoryType {
    MemoryType { min, max, shared: false, memory64: false, page_size_log2: 16 }
}

fn table_type(element: RefType, min: u64, max: Option<u64>) -> TableType {
    TableType { element, min, max, table64: false }
}

const FUNCREF: RefType = RefType::FUNCREF;
const EXTERNREF: RefType = RefType::EXTERNREF;

/// A function type by its parameters and results.
fn func_type(params: &[ValType], results: &[ValType]) -> FuncType {
    FuncType { params: params.into(), results: results.into() }
}

/// A module in the making. Type `i` has the engine-wide id `100 + i` in every module.
#[derive(Default)]
pub(super) struct Builder {
    facts: ModuleFacts,
    functions: Vec<FakeFunction>,
    data: Vec<u8>,
}

impl Builder {
    fn new() -> Builder {
        Builder::default()
    }

    fn ty(&mut self, ty: FuncType) -> u32 {
        let index = self.facts.types.len() as u32;
        self.facts.types.push(SubType {
            is_final: true,
            supertype: None,
            composite: CompositeType::Func(ty),
        });
        index
    }

    fn import(&mut self, item: EntityIndex) {
        self.facts.imports.push(Import { module: "m".into(), name: "n".into(), item });
    }

    fn import_func(&mut self, ty: u32) -> u32 {
        let index = self.facts.functions.len() as u32;
        self.facts.functions.push(ty);
        self.facts.imported.functions += 1;
        self.import(EntityIndex::Function(index));
        index
    }

    fn func(
        &mut self,
        ty: u32,
        body: impl Fn(&FakeFrame) -> Result<(), Status> + Send + Sync + 'static,
    ) -> u32 {
        let index = self.facts.functions.len() as u32;
        self.facts.functions.push(ty);
        self.functions.push(FakeFunction { index, body: Box::new(body) });
        index
    }

    fn bytes(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.data.len();
        self.data.extend_from_slice(bytes);
        start..self.data.len()
    }

    fn active_data(&mut self, target: u32, offset: ConstOp, bytes: &[u8]) {
        let bytes = self.bytes(bytes);
        let kind = SegmentKind::Active { target, offset: constant(offset) };
        self.facts.data.push(DataSegment { kind, bytes });
    }

    fn elements(&mut self, kind: SegmentKind<u32>, functions: &[u32]) {
        let items = ElementItems::Functions(functions.into());
        self.facts.elements.push(ElementSegment { kind, element: FUNCREF, items });
    }

    fn active_elements(&mut self, target: u32, offset: i32, functions: &[u32]) {
        let offset = constant(ConstOp::I32(offset));
        self.elements(SegmentKind::Active { target, offset }, functions);
    }

    fn build(mut self) -> Arc<Module> {
        let code = Box::new(FakeCode(std::mem::take(&mut self.functions)));
        self.build_with(code)
    }

    fn build_with(self, code: Box<dyn ModuleCode>) -> Arc<Module> {
        let signature = |(i, ty): (usize, &SubType)| match &ty.composite {
            CompositeType::Func(ty) => Some(Arc::new(Signature::new(100 + i as u32, ty))),
            _ => None,
        };
        Module::new(ModuleParts {
            type_ids: (0..self.facts.types.len() as u32).map(|i| 100 + i).collect(),
            signatures: self.facts.types.iter().enumerate().map(signature).collect(),
            facts: Arc::new(self.facts),
            code,
            data: Arc::new(self.data),
        })
    }

    fn instantiate(self, store: &Store, imports: &[ExternId]) -> InstanceId {
        // SAFETY: the test gives what it declares.
        unsafe { store.as_ptr().instantiate(&self.build(), imports) }.unwrap()
    }
}

impl StorePtr {
    /// A new instance, filled.
    ///
    /// # Safety
    /// As for [`StorePtr::new_instance`].
    unsafe fn instantiate(
        self,
        module: &Arc<Module>,
        imports: &[ExternId],
    ) -> Result<InstanceId, InstantiateError> {
        // SAFETY: the caller's promise.
        unsafe {
            let instance = self.new_instance(module, imports)?;
            self.fill_instance(instance).map(|()| instance)
        }
    }
}

fn func(store: &mut Store, instance: InstanceId, index: u32) -> FuncPtr {
    match store.instance_item(instance, EntityIndex::Function(index)) {
        ExternId::Func(f) => f,
        other => panic!("{other:?} is not a function"),
    }
}

fn table(store: &mut Store, instance: InstanceId, index: u32) -> TableId {
    match store.instance_item(instance, EntityIndex::Table(index)) {
        ExternId::Table(t) => t,
        other => panic!("{other:?} is not a table"),
    }
}

fn memory(store: &mut Store, instance: InstanceId, index: u32) -> MemoryId {
    match store.instance_item(instance, EntityIndex::Memory(index)) {
        ExternId::Memory(m) => m,
        other => panic!("{other:?} is not a memory"),
    }
}

/// Calls a function with i64 or reference bits.
fn call(store: &mut Store, func: FuncPtr, args: &[u64]) -> Result<Vec<u64>, Failure> {
    let mut values = i64s(args);
    values.resize(args.len().max(4), ValRaw { i64: 0 });
    // SAFETY: the test gives what the function takes.
    unsafe {
        store.as_ptr().call(func, &mut values)?;
        Ok(values.iter().map(|v| v.i64).collect())
    }
}

/// A host function of type `[i64 i64] -> [i64]` that runs a closure under the guard.
type HostBody = Box<dyn Fn(StorePtr, Option<InstanceId>, &mut [ValRaw]) -> Result<(), Raise> + Send + Sync>;

unsafe extern "C" fn host_trampoline(
    host: *mut VMHostContext,
    caller: *mut VMContext,
    args: *mut ValRaw,
) -> Status {
    // SAFETY: made by `host_func` below.
    unsafe {
        let body = host_data::<HostBody>(host);
        let args = std::slice::from_raw_parts_mut(args, 2);
        host_call_guard(host, |store| body(store, caller_instance(caller), args))
    }
}

fn host_type() -> FuncType {
    func_type(&[ValType::I64, ValType::I64], &[ValType::I64])
}

fn host_func(
    store: &mut Store,
    body: impl Fn(StorePtr, Option<InstanceId>, &mut [ValRaw]) -> Result<(), Raise> + Send + Sync + 'static,
) -> FuncPtr {
    let body: HostBody = Box::new(body);
    let signature = Arc::new(Signature::new(100, &host_type()));
    store.new_host_func(signature, host_trampoline, Box::new(body))
}

/// Hooks that answer as told.
#[derive(Default)]
pub(super) struct TestHooks {
    pub max_bytes: Option<usize>,
    pub max_elements: Option<usize>,
    pub refused: u32,
    pub error: Option<&'static str>,
    pub panic: bool,
    /// Clears the interrupt word of this store and goes on.
    pub clear: Option<StorePtr>,
    /// Fills the fuel up and goes on.
    pub refuel: bool,
    /// Collects in this store whenever asked.
    pub collect: Option<StorePtr>,
    pub interrupts: u32,
}

impl TestHooks {
    fn asked(&mut self) -> Result<(), HostError> {
        if let Some(store) = self.collect {
            // SAFETY: hooks run with no borrow of the store live.
            unsafe { store.borrow().gc() };
        }
        assert!(!self.panic, "a panic of a hook");
        match self.error {
            Some(error) => Err(Box::new(error)),
            None => Ok(()),
        }
    }
}

impl Hooks for TestHooks {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool, HostError> {
        self.asked()?;
        Ok(self.max_bytes.is_none_or(|max| desired <= max))
    }
    fn memory_grow_failed(&mut self, _: &Error) -> Result<(), HostError> {
        self.refused += 1;
        Ok(())
    }
    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool, HostError> {
        self.asked()?;
        Ok(self.max_elements.is_none_or(|max| desired <= max))
    }
    fn table_grow_failed(&mut self, _: &Error) -> Result<(), HostError> {
        self.refused += 1;
        Ok(())
    }
    fn interrupt(&mut self) -> Result<(), Raise> {
        self.interrupts += 1;
        self.asked()?;
        match self.clear {
            Some(store) => {
                // SAFETY: hooks run with no borrow of the store live.
                unsafe { store.borrow().clear_interrupt() };
                Ok(())
            }
            None => Err(Raise::Trap(TrapCode::Interrupt)),
        }
    }
    fn fuel_exhausted(&mut self) -> Result<(), Raise> {
        self.asked()?;
        if self.refuel {
            return Ok(());
        }
        Err(Raise::Trap(TrapCode::OutOfFuel))
    }
}

/// Hooks for a store, kept until dropped, and changed through the pointer.
struct Hooked(*mut TestHooks);

impl Hooked {
    fn new(store: &mut Store, hooks: TestHooks) -> Hooked {
        let hooks = Box::into_raw(Box::new(hooks));
        // SAFETY: freed by `drop`, and the test does not use the store after that.
        unsafe { store.set_hooks(hooks, ptr::null_mut()) };
        Hooked(hooks)
    }

    fn get(&mut self) -> &mut TestHooks {
        // SAFETY: used for a moment only, while no hook runs.
        unsafe { &mut *self.0 }
    }
}

impl Drop for Hooked {
    fn drop(&mut self) {
        // SAFETY: made from a box.
        drop(unsafe { Box::from_raw(self.0) });
    }
}
