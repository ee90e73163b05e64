//! The table of builtin functions: through them code asks the runtime for what it cannot do alone.
//!
//! A builtin gets the context of the code that calls it. Before the call that code has written its
//! position to the current [`Activation`](crate::vm::Activation), because a builtin may walk the
//! stack (a trap's backtrace, the collector's roots) or run host code (limits, interruption).
//!
//! Failure is a [`Status`] other than [`Status::OK`]; the code then stops, or, for
//! [`Status::EXCEPTION`], unwinds to a handler. The runtime keeps what goes with it
//! (backtrace, host error, exception) in the store.

use crate::trap::TrapCode;
use crate::vm::{VMContext, VMFuncRef, VMStore, VMTag};

/// How a builtin, a host function or a whole activation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Status(pub u64);

impl Status {
    /// It returned.
    pub const OK: Status = Status(0);
    /// A host function failed, or panicked; the store holds its error.
    pub const HOST_ERROR: Status = Status(0x100);
    /// An exception is on its way; [`VMStore::pending_exception`] holds it.
    pub const EXCEPTION: Status = Status(0x101);

    /// It trapped.
    pub const fn trap(code: TrapCode) -> Status {
        Status(code as u64)
    }

    /// The trap code, if it trapped.
    pub fn trap_code(self) -> Option<TrapCode> {
        u8::try_from(self.0).ok().and_then(TrapCode::from_code)
    }
}

/// What a builtin that gives a number returns; `value` is meaningless unless `status` is `OK`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct VMResult {
    /// The number.
    pub value: u64,
    /// How the builtin ended.
    pub status: Status,
}

/// What a builtin that gives a function reference returns.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct VMFuncResult {
    /// The reference, null for a null element.
    pub func: *const VMFuncRef,
    /// How the builtin ended.
    pub status: Status,
}

/// Writes the table once and derives the structure of function pointers.
macro_rules! builtins {
    ($( $(#[doc = $doc:literal])+ fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?; )*) => {
        /// Pointers to the runtime's builtin functions, in the order of the table.
        ///
        /// # Safety
        /// Every function: the context or store is live and entered on this thread, and the
        /// position of the caller has been written to the current activation.
        #[repr(C)]
        pub struct VMBuiltins {
            $( $(#[doc = $doc])+ pub $name: unsafe extern "C" fn($($arg: $ty),*) $(-> $ret)?, )*
        }

        impl VMBuiltins {
            /// The names of the builtins in the order of the table.
            pub const NAMES: &'static [&'static str] = &[ $( stringify!($name) ),* ];
        }
    };
}

builtins! {
    /// `memory.grow`: the old size in pages, or `u64::MAX` (-1) if it cannot grow.
    fn memory_grow(cx: *mut VMContext, memory: u32, delta: u64) -> VMResult;
    /// `memory.copy`, between any two memories.
    fn memory_copy(cx: *mut VMContext, dst_memory: u32, src_memory: u32, dst: u64, src: u64, len: u64) -> Status;
    /// `memory.fill` with the low byte of `value`.
    fn memory_fill(cx: *mut VMContext, memory: u32, dst: u64, value: u32, len: u64) -> Status;
    /// `memory.init` from a data segment.
    fn memory_init(cx: *mut VMContext, memory: u32, segment: u32, dst: u64, src: u64, len: u64) -> Status;
    /// `data.drop`.
    fn data_drop(cx: *mut VMContext, segment: u32);
    /// An element of a table of functions, made if it was not yet; traps with `TableOutOfBounds`.
    fn table_get_func(cx: *mut VMContext, table: u32, index: u64) -> VMFuncResult;
    /// Writes an element of a table of functions (`func` may be null); traps with `TableOutOfBounds`.
    fn table_set_func(cx: *mut VMContext, table: u32, index: u64, func: *const VMFuncRef) -> Status;
    /// `table.grow` of a table of functions: the old size, or `u64::MAX` (-1).
    fn table_grow_func(cx: *mut VMContext, table: u32, delta: u64, init: *const VMFuncRef) -> VMResult;
    /// `table.grow` of a table of heap references.
    fn table_grow_gc(cx: *mut VMContext, table: u32, delta: u64, init: u32) -> VMResult;
    /// `table.fill` of a table of functions.
    fn table_fill_func(cx: *mut VMContext, table: u32, index: u64, func: *const VMFuncRef, len: u64) -> Status;
    /// `table.fill` of a table of heap references.
    fn table_fill_gc(cx: *mut VMContext, table: u32, index: u64, value: u32, len: u64) -> Status;
    /// `table.copy`.
    fn table_copy(cx: *mut VMContext, dst_table: u32, src_table: u32, dst: u64, src: u64, len: u64) -> Status;
    /// `table.init` from an element segment.
    fn table_init(cx: *mut VMContext, table: u32, segment: u32, dst: u64, src: u64, len: u64) -> Status;
    /// `elem.drop`.
    fn elem_drop(cx: *mut VMContext, segment: u32);
    /// `ref.func`: the instance's reference to a function of its index space.
    fn ref_func(cx: *mut VMContext, function: u32) -> *const VMFuncRef;
    /// Whether the engine-wide type `sub` is `sup` or declared below it: 1 or 0.
    fn is_subtype(cx: *mut VMContext, sub: u32, sup: u32) -> u32;
    /// Makes an exception of a tag with its payload (as slots of 8 bytes, `param_slots` of the
    /// tag's signature) and gives the reference. May collect: references among the payload are
    /// read before that.
    fn exception_new(cx: *mut VMContext, tag: *const VMTag, payload: *const u64) -> VMResult;
    /// The tag of an exception (not null).
    fn exception_tag(cx: *mut VMContext, exception: u32) -> *const VMTag;
    /// Copies the payload of an exception (not null) to `param_slots` slots at `payload`.
    fn exception_payload(cx: *mut VMContext, exception: u32, payload: *mut u64);
    /// `memory.atomic.wait32` at a byte address, in nanoseconds; checks bounds and alignment itself.
    fn atomic_wait32(cx: *mut VMContext, memory: u32, address: u64, expected: u32, timeout: i64) -> VMResult;
    /// `memory.atomic.wait64`.
    fn atomic_wait64(cx: *mut VMContext, memory: u32, address: u64, expected: u64, timeout: i64) -> VMResult;
    /// `memory.atomic.notify`.
    fn atomic_notify(cx: *mut VMContext, memory: u32, address: u64, count: u32) -> VMResult;
    /// The interrupt word was seen to be set: decides whether the guest goes on.
    fn interrupt(store: *mut VMStore) -> Status;
    /// A charge left the fuel below zero: decides whether the guest goes on.
    fn fuel_exhausted(store: *mut VMStore) -> Status;
    /// The code is about to end with this trap: the runtime records the backtrace.
    fn trap(store: *mut VMStore, code: u64);
}
