//! The memory that code and runtime share. Every structure is `repr(C)`; every field says who
//! writes it and when.
//!
//! **Ownership.** The runtime owns all of it. Code reads it, and writes only what is said to be
//! written by code: elements of tables of heap references, globals, fuel, positions in the
//! activation. Nothing here is reached by two threads at once, except fields that are atomic.
//!
//! **Stability.** A `VMContext`, its tables and globals, `VMFuncRef`s, `VMTag`s and the `VMStore`
//! never move while their store lives.

use crate::builtins::{Status, VMBuiltins};
use crate::native::NativeStubs;
use crate::types::Signature;
use core::ffi::c_void;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize};

/// What a context belongs to: its first word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum ContextKind {
    /// A module's instance.
    Instance = 0x7473_6e69,
    /// A host function.
    Host = 0x7473_6f68,
}

/// The context of an instance, pinned in a register while its code runs.
///
/// This fixed part is followed by arrays whose offsets [`crate::layout::ContextLayout`] computes.
/// The first memory's entry is the last field, so that memory `i` lies at `memory0 + i * 32`.
#[repr(C, align(16))]
pub struct VMContext {
    /// What the context belongs to.
    pub kind: ContextKind,
    /// Number of the instance in its store (of the host function, for a host context).
    pub id: u32,
    /// The store: constant.
    pub store: *mut VMStore,
    /// The runtime's own object behind the context: constant, not for code.
    pub owner: *mut c_void,
    /// Code words of the module's own functions: what a direct call jumps to. Replacing one is an atomic store.
    pub code_words: *const AtomicPtr<u8>,
    /// The code producer's description of the module's code: constant.
    pub code_info: *const c_void,
    /// Engine-wide id of each type of the module's type section: constant.
    pub type_ids: *const u32,
    /// The context's own address, or 0 while [`VMStore::interrupt`] is set: native code compares it with the register that it has
    /// anyway. Written by any thread.
    pub undisturbed: AtomicUsize,
    /// A copy of [`VMStore::stubs`]: constant.
    pub stubs: *const NativeStubs,
    /// The first memory; a module without one has a memory of no bytes here.
    pub memory0: VMMemory,
}

/// A memory as code sees it: a copy in each context that can reach it.
/// The runtime updates every copy when an unshared memory grows.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct VMMemory {
    /// First byte. Never null: dangling when the memory has no bytes. Constant for reserved and shared memories.
    pub base: *mut u8,
    /// Size in bytes. Of a shared memory: its size at some time in the past.
    pub len: usize,
    /// Of a shared memory: its size in bytes now. Null for an unshared one.
    pub shared_len: *const AtomicUsize,
    /// The runtime's own object behind the memory: constant, not for code.
    pub owner: *mut c_void,
}

/// A table.
#[derive(Debug)]
#[repr(C)]
pub struct VMTable {
    /// First element: [`VMTableFunc`] for tables of functions, `u32` for tables of heap references.
    pub base: *mut u8,
    /// Number of elements.
    pub len: usize,
    /// The runtime's own object behind the table: not for code.
    pub owner: *mut c_void,
}

/// An element of a table of functions.
///
/// An indirect call compares `type_id` and on equality jumps to `code` with `context`; everything
/// else (unmade, null, a subtype) is the cold path, a builtin. Written by the runtime only.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct VMTableFunc {
    /// As [`VMFuncRef::code`].
    pub code: *const u8,
    /// As [`VMFuncRef::context`].
    pub context: *mut VMContext,
    /// Engine-wide id of the function's type; [`VMTableFunc::NO_TYPE`] unless the element is made and not null.
    pub type_id: u32,
    /// What the element holds.
    pub state: TableFuncState,
    /// The reference; null unless made.
    pub func: *const VMFuncRef,
}

impl VMTableFunc {
    /// No function has this type id: zeroed memory has it.
    pub const NO_TYPE: u32 = 0;
}

/// The state of an element of a table of functions. The order is such that zeroed memory is unmade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum TableFuncState {
    /// Not looked at yet: the runtime knows from the module what it will be.
    Unmade = 0,
    /// Null.
    Null = 1,
    /// A reference.
    Made = 2,
}

/// A global: 16 bytes. Scalars and references lie at its start in native order, as in a slot.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub union VMGlobal {
    /// A scalar as in a frame slot (32-bit ones zero-extended), or a heap reference.
    pub bits: u64,
    /// A vector, lane 0 first.
    pub v128: [u8; 16],
    /// A function reference.
    pub func: *const VMFuncRef,
}

/// A function reference: immutable, stable for the store's life.
#[derive(Debug)]
#[repr(C)]
pub struct VMFuncRef {
    /// Where Wasm code enters the function: its permanent entry. The producer of the engine's code
    /// gives its meaning (bytecode for the interpreter, machine code for compilers).
    pub code: *const u8,
    /// The context to enter it with.
    pub context: *mut VMContext,
    /// Engine-wide id of its type.
    pub type_id: u32,
    /// Its index in its instance's function index space; 0 for host functions.
    pub index: u32,
    /// How its values lie in slots and arrays.
    pub signature: *const Signature,
}

/// An imported function, in the importer's context: a copy of what calling it takes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct VMImportedFunc {
    /// As [`VMFuncRef::code`].
    pub code: *const u8,
    /// As [`VMFuncRef::context`].
    pub context: *mut VMContext,
    /// The reference itself.
    pub func: *const VMFuncRef,
}

/// A tag: its address is its identity.
#[derive(Debug)]
#[repr(C)]
pub struct VMTag {
    /// Its number in the store.
    pub id: u32,
    /// Engine-wide id of its function type.
    pub type_id: u32,
    /// Its payload: the signature's parameters.
    pub signature: *const Signature,
}

/// A host function as code calls it: `args` holds the parameters and takes the results, and has
/// room for the longer of both. `caller` is the context of the calling instance, or null when the
/// host calls its own function.
pub type HostCall =
    unsafe extern "C" fn(host: *mut VMHostContext, caller: *mut VMContext, args: *mut ValRaw) -> Status;

/// The context of a host function.
#[repr(C)]
pub struct VMHostContext {
    /// With `kind` = [`ContextKind::Host`] and a memory of no bytes.
    pub header: VMContext,
    /// What to call.
    pub call: HostCall,
    /// How its values lie in slots and arrays.
    pub signature: *const Signature,
}

/// A value in the arrays through which host and Wasm exchange them: 16 bytes; scalars in native order at the start.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub union ValRaw {
    /// A 32-bit integer, zero-extended.
    pub i32: u64,
    /// A 64-bit integer.
    pub i64: u64,
    /// Bits of a 32-bit float, zero-extended.
    pub f32: u64,
    /// Bits of a 64-bit float.
    pub f64: u64,
    /// A vector, lane 0 first.
    pub v128: [u8; 16],
    /// A function reference, or null.
    pub func: *const VMFuncRef,
    /// A heap reference, 0 for null, zero-extended.
    pub gc: u64,
}

/// What changes while code runs: once per store, reached from each context.
#[repr(C)]
pub struct VMStore {
    /// The runtime's builtin functions: constant.
    pub builtins: *const VMBuiltins,
    /// The runtime's own store: constant, not for code.
    pub owner: *mut c_void,
    /// The latest entry from host into Wasm that is still going on; null outside Wasm.
    /// Linked by entries, unlinked when they end.
    pub activation: *mut Activation,
    /// Fuel left. Code subtracts and calls `fuel_exhausted` when it falls below zero.
    pub fuel: i64,
    /// Whether native code keeps the fuel in a register while it runs ([`crate::native::FUEL_REGISTER`]): constant.
    pub fuel_in_register: bool,
    /// Not zero: someone wants the guest's attention. Code reads it (relaxed) where its settings say so
    /// and calls `interrupt`. Written by any thread.
    pub interrupt: AtomicU32,
    /// The exception that goes with [`Status::EXCEPTION`], 0 if none; a root for the collector.
    pub pending_exception: u32,
    /// Native code: the lowest address that the stack may reach, or more when someone wants the guest's
    /// attention. Written by any thread.
    pub stack_limit: AtomicUsize,
    /// Native code: the lowest address that the stack may really reach. Set by entries.
    pub stack_floor: usize,
    /// Native code: entry points of the runtime. Constant; null for other processors.
    pub stubs: *const NativeStubs,
    /// Interpreter: the stack of frames. The runtime allocates it; the interpreter grows it upwards.
    pub frames: FrameStack,
}

/// The interpreter's stack.
#[derive(Debug)]
#[repr(C)]
pub struct FrameStack {
    /// The first slot.
    pub base: *mut u64,
    /// One past the last slot.
    pub limit: *mut u64,
    /// The first free slot: where the next activation starts. Written whenever host code may run.
    pub top: *mut u64,
}

/// One entry from host into Wasm, linked from the store so that its frames can be walked.
/// It lies on the stack of the entry, and holds where Wasm last left its code.
#[derive(Debug)]
#[repr(C)]
pub struct Activation {
    /// The entry before it.
    pub prev: *mut Activation,
    /// Position in the code: the return address of the call that leaves, or the instruction that traps.
    pub pc: *const u8,
    /// Frame of the function that left.
    pub fp: *mut u8,
    /// Context of the function that left.
    pub context: *mut VMContext,
    /// Whether `pc` is a return address (to be looked up as the call before it).
    pub pc_is_return: bool,
    /// Native code: the stack pointer with which the entry is left; not for code.
    pub entry_sp: *mut u8,
}
