//! How the runtime enters code and walks its frames, whoever made the code.
//!
//! The runtime sees the engine's code through these two traits and knows no producer by name.

// Declares unsafe traits and methods, and holds no unsafe block.
#![allow(unsafe_code)]

use crate::builtins::Status;
use crate::facts::FuncIndex;
use crate::native::NativeStubs;
use crate::types::Signature;
use crate::vm::{Activation, VMContext, VMFuncRef, VMStore, ValRaw};
use alloc::boxed::Box;
use core::any::Any;
use core::ops::ControlFlow;

/// A frame of Wasm code.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// The context of its instance.
    pub context: *mut VMContext,
    /// Its function, in the module's function index space.
    pub function: FuncIndex,
    /// Byte offset in the module of the operator it is at: the call, or what trapped.
    pub offset: u32,
    /// Its home slots.
    pub slots: HomeSlots,
}

/// The home slots of a frame, of 8 bytes each: those of its locals in order, a vector taking two, then others.
///
/// The interpreter's locals are always there. Those of compiled code are where the compiler's settings say so, and may else
/// be in registers, and what is here out of date.
#[derive(Clone, Copy, Debug)]
pub struct HomeSlots {
    /// The first slot.
    pub first: *const u64,
    /// Whether each further one lies below the one before it in memory, not above it.
    pub descending: bool,
    /// How many may be read: all of the locals', or none if the frame is only being made.
    pub count: u32,
}

impl HomeSlots {
    /// No slots.
    pub const NONE: HomeSlots = HomeSlots { first: core::ptr::null(), descending: false, count: 0 };

    /// What the slots hold.
    ///
    /// # Safety
    /// The frame is still there.
    pub unsafe fn read(&self) -> impl ExactSizeIterator<Item = u64> {
        let HomeSlots { first, descending, count } = *self;
        (0..count as usize).map(move |i| {
            // SAFETY: whoever describes a frame gives slots that can be read; the caller has not left it.
            unsafe { if descending { first.sub(i).read() } else { first.add(i).read() } }
        })
    }
}

/// What executes an engine's code.
///
/// # Safety
/// An implementation never lets a guest touch memory that its contexts don't give it, keeps
/// [`VMStore::activation`] linked exactly while an entry is going on, and reports every frame and
/// every root.
pub unsafe trait Processor: Send + Sync {
    /// Calls `callee` with the parameters in `args`, which has room for the longer of parameters
    /// and results, and leaves the results there. `caller` is the context to show to a host function
    /// as its caller: null.
    ///
    /// A trap has been reported through the builtin `trap` before the activation is unlinked.
    ///
    /// # Safety
    /// `store` and `callee` are live, belong together and are entered by this thread alone; `args`
    /// holds values of the callee's signature.
    unsafe fn enter(&self, store: *mut VMStore, callee: *const VMFuncRef, args: *mut ValRaw) -> Status;

    /// Visits the frames of Wasm code of one activation, innermost first. Host functions have no frame.
    ///
    /// # Safety
    /// The activation is linked in a store that is entered by this thread, and has left its code.
    unsafe fn frames(&self, activation: *const Activation, visit: &mut dyn FnMut(Frame) -> ControlFlow<()>);

    /// Visits the address of each slot of one activation that holds a heap reference (as a `u64`,
    /// zero-extended; null included), so that a collector can read and update it.
    ///
    /// # Safety
    /// As for [`Processor::frames`].
    unsafe fn roots(&self, activation: *const Activation, visit: &mut dyn FnMut(*mut u64));

    /// Makes the code through which Wasm code calls a host function of this signature. Its
    /// [`entry`](HostEntry::entry) goes into [`VMFuncRef::code`], beside a `VMHostContext`.
    fn host_entry(&self, signature: &Signature) -> Box<dyn HostEntry>;

    /// Whether the code needs [`FrameStack`](crate::vm::FrameStack) to be allocated. Code that does not runs on
    /// the host's stack, and its entries look after that themselves.
    fn uses_frame_stack(&self) -> bool;

    /// What goes into [`VMStore::stubs`]: alive as long as the processor. Null if the code needs none.
    fn stubs(&self) -> *const NativeStubs {
        core::ptr::null()
    }
}

/// Code through which Wasm code calls a host function; alive as long as the host function.
pub trait HostEntry: Send + Sync {
    /// The code's address.
    fn entry(&self) -> *const u8;
}

/// The code of a module, made by one of the producers.
///
/// # Safety
/// Code words and info are right for the contexts of the module's instances, and stay at their
/// addresses while the value lives.
pub unsafe trait ModuleCode: Send + Sync + Any {
    /// What goes into the code words: one address for each of the module's own functions.
    fn code_words(&self) -> Box<[*const u8]>;

    /// What goes into [`VMContext::code_info`].
    fn info(&self) -> *const core::ffi::c_void;

    /// Bytes of memory that the code and its tables take.
    fn size(&self) -> usize;

    /// The value for downcasts by whoever knows its producer.
    fn as_any(&self) -> &dyn Any;
}
