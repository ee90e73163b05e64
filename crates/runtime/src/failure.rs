//! How things end that do not return: traps, host errors, exceptions, panics, refused resources.

use crate::ids::{GcRef, InstanceId};
use crate::module::Module;
use crate::roots::OwnedRoot;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use windlass_abi::facts::MemoryType;
use windlass_abi::trap::TrapCode;

/// An error of the embedder, carried through guest code unseen.
pub type HostError = Box<dyn Any + Send>;

/// How a call into Wasm ended that did not return.
pub enum Failure {
    /// It trapped.
    Trap {
        /// Why.
        code: TrapCode,
        /// Where, innermost frame first.
        backtrace: Backtrace,
    },
    /// A host function or a hook failed.
    Host {
        /// Its error.
        error: HostError,
        /// The Wasm frames that called it, innermost first.
        backtrace: Backtrace,
    },
    /// An exception left the outermost function.
    Exception(OwnedRoot),
    /// A host function or a hook panicked: resume it with [`std::panic::resume_unwind`].
    Panic(Box<dyn Any + Send>),
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Trap { code, backtrace } => {
                f.debug_struct("Trap").field("code", code).field("backtrace", backtrace).finish()
            }
            Failure::Host { backtrace, .. } => {
                f.debug_struct("Host").field("backtrace", backtrace).finish_non_exhaustive()
            }
            Failure::Exception(_) => f.write_str("Exception"),
            Failure::Panic(_) => f.write_str("Panic"),
        }
    }
}

/// How a host function ends that does not return: what the closure of
/// [`host_call_guard`](crate::host_call_guard) and hooks give.
pub enum Raise {
    /// An error of the embedder.
    Error(HostError),
    /// A trap.
    Trap(TrapCode),
    /// An exception, which Wasm code may catch.
    Exception(GcRef),
}

impl fmt::Debug for Raise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raise::Error(_) => f.write_str("Error"),
            Raise::Trap(code) => f.debug_tuple("Trap").field(code).finish(),
            Raise::Exception(exn) => f.debug_tuple("Exception").field(exn).finish(),
        }
    }
}

/// Frames of Wasm code, innermost first, through all entries that are going on in the store.
#[derive(Clone, Default, Debug)]
pub struct Backtrace {
    /// The frames.
    pub frames: Vec<BacktraceFrame>,
    /// Whether there are more than [`StoreConfig::max_backtrace`](crate::StoreConfig) allows to record.
    pub truncated: bool,
}

/// A frame of a [`Backtrace`].
#[derive(Clone)]
pub struct BacktraceFrame {
    /// The instance.
    pub instance: InstanceId,
    /// Its module.
    pub module: Arc<Module>,
    /// The function, in the module's function index space.
    pub function: u32,
    /// Byte offset in the module of the operator that it is at.
    pub offset: u32,
    /// What its home slots held, with [`StoreConfig::core_dumps`](crate::StoreConfig::core_dumps).
    pub slots: Box<[u64]>,
}

impl fmt::Debug for BacktraceFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instance {} function {} at {:#x}", self.instance.0, self.function, self.offset)
    }
}

/// A resource that the store could not give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The host has no more memory or address space.
    #[error("the host cannot give {bytes} bytes for {what}: {why}")]
    HostMemory {
        /// What it was for.
        what: &'static str,
        /// How much was asked for.
        bytes: u64,
        /// What the host said.
        why: String,
    },
    /// The limit hook refused the size.
    #[error("{what} of {desired} {unit} exceeds the store's limit")]
    Limit {
        /// What was to be made or grown.
        what: &'static str,
        /// The size asked for.
        desired: u64,
        /// Unit of the size.
        unit: &'static str,
    },
    /// The store may not hold so many.
    #[error("resource limit exceeded: {what} count would be {desired}, and {limit} is the limit")]
    Count {
        /// What was to be made.
        what: &'static str,
        /// How many there would be.
        desired: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The size is beyond the declared maximum, the address type, or what this engine can hold.
    #[error("{what} of {desired} {unit} exceeds its maximum of {maximum}")]
    Maximum {
        /// What was to be made or grown.
        what: &'static str,
        /// The size asked for.
        desired: u64,
        /// The largest size.
        maximum: u64,
        /// Unit of the sizes.
        unit: &'static str,
    },
    /// As many fibers as there may be are nested in the store.
    #[error("asynchronous calls are nested too deeply")]
    TooManyFibers,
    /// Stacks are not switched on this system.
    #[error("asynchronous calls are not built for this operating system and processor")]
    NoFibers,
    /// A function whose code is made when it is first called has none.
    #[error("function {function} was not compiled: {why}")]
    Compile {
        /// The function, in the module's function index space.
        function: u32,
        /// What the compiler said.
        why: String,
    },
}

impl Error {
    pub(crate) fn host_memory(what: &'static str, bytes: usize, why: &dyn fmt::Display) -> Error {
        Error::HostMemory { what, bytes: bytes as u64, why: why.to_string() }
    }

    pub(crate) fn memory_maximum(ty: &MemoryType, desired: u64) -> Error {
        let maximum = ty.max.unwrap_or(u64::MAX).min(ty.max_pages_of_address_type());
        Error::Maximum { what: "a memory", desired, maximum, unit: "pages" }
    }
}

/// Why a memory or table did not grow, as host code sees it.
#[derive(Debug)]
pub enum GrowError {
    /// It cannot: guest code sees -1.
    Refused(Error),
    /// A hook failed: guest code ends.
    Hook(Failure),
}

/// Why a module was not instantiated.
#[derive(Debug)]
pub enum InstantiateError {
    /// A segment does not fit, or a heap is exhausted. What was written before stays written.
    Trap(TrapCode),
    /// A memory, a table or the instance itself could not be made.
    Resource(Error),
    /// A hook failed.
    Hook(Failure),
}

/// The store's heap is at its limit, or the host has no memory for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store's heap is full")]
pub struct HeapFull;
