//! Names of what a store owns: small, `Copy`, and valid only for the store that gave them.

use std::num::NonZeroU32;
use std::ptr::NonNull;
use windlass_abi::vm::VMFuncRef;

macro_rules! ids {
    ($( $(#[$doc:meta])* $name:ident )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// Its number in the store.
            pub fn index(self) -> u32 {
                self.0
            }

            /// The id of a number that [`index`](Self::index) gave.
            pub fn from_index(index: u32) -> Self {
                Self(index)
            }
        }
    )* };
}

ids! {
    /// An instance of a store.
    InstanceId
    /// A table of a store.
    TableId
    /// A memory of a store.
    MemoryId
    /// A global of a store.
    GlobalId
    /// A tag of a store.
    TagId
}

/// A function of a store: its reference, which never moves while the store lives.
///
/// The pointer may be sent anywhere; what reads through it is `unsafe` or takes the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FuncPtr(NonNull<VMFuncRef>);

// SAFETY: the value is an address only. Everything that follows it asks for the store it belongs to.
unsafe impl Send for FuncPtr {}
// SAFETY: as above.
unsafe impl Sync for FuncPtr {}

impl From<NonNull<VMFuncRef>> for FuncPtr {
    fn from(func: NonNull<VMFuncRef>) -> FuncPtr {
        FuncPtr(func)
    }
}

impl FuncPtr {
    /// The function behind a raw reference; `None` for null.
    pub fn new(func: *const VMFuncRef) -> Option<FuncPtr> {
        NonNull::new(func.cast_mut()).map(FuncPtr)
    }

    /// The raw reference, as it stands in a [`ValRaw`](windlass_abi::vm::ValRaw).
    pub fn as_ptr(self) -> *const VMFuncRef {
        self.0.as_ptr()
    }
}

/// A reference into a store's heap, not null. Any collection may move what it refers to, so it holds
/// only until the next allocation, collection or call: root it to keep it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GcRef(pub(crate) NonZeroU32);

impl GcRef {
    /// The reference behind the bits of a slot or a `ValRaw`; `None` for null.
    pub fn from_bits(bits: u64) -> Option<GcRef> {
        NonZeroU32::new(bits as u32).map(GcRef)
    }

    /// The bits as they stand in a slot or a `ValRaw`.
    pub fn to_bits(self) -> u64 {
        self.0.get() as u64
    }
}

/// What a [`GcRef`] refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefKind {
    /// A host value.
    Extern,
    /// An exception.
    Exception,
}

/// Anything that can be imported or exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExternId {
    /// A function.
    Func(FuncPtr),
    /// A table.
    Table(TableId),
    /// A memory.
    Memory(MemoryId),
    /// A global.
    Global(GlobalId),
    /// A tag.
    Tag(TagId),
}
