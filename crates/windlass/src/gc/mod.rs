//! References into a store's heap: host values, exceptions, and how the host keeps them alive.

mod anyref;
mod exnref;
mod externref;
mod oom;
mod rooting;

pub use anyref::AnyRef;
pub use exnref::{ExnRef, ExnRefPre, ExnType, ThrownException};
pub use externref::ExternRef;
pub use oom::GcHeapOutOfMemory;
pub use rooting::{GcRef, OwnedRooted, RootScope, Rooted, RootedGcRef};
