//! Native code: what runs, describes and keeps machine code that some compiler has made.
//!
//! **In:** a [`CodeImage`](windlass_abi::code::CodeImage), or a [`LazyCompiler`] that makes code when it is
//! first called. **Out:** [`NativeCode`], a module's code, and [`NativeProcessor`], which enters it. The
//! convention that both sides keep is [`windlass_abi::native`].
//!
//! Only on x86-64 Linux: elsewhere this room does not exist.
//!
//! The rooms: `stubs` (assembly: the ways in and out), `entry` and `host` (calls from and to the host),
//! `registers` (where values are at a call), `stack` (its limits), `traps` (faults that are traps), `walk`
//! (frames), `unwind` (failures and exceptions on their way to who takes them), `code` (a module's code and
//! tables), `memory` (where code lies), `lazy` (code that is made when it is first called), `profile`
//! (telling profilers).
//!
//! **Invariants.** All code lies in one range of addresses, so that a signal handler knows it by two
//! compares. Code leaves only through a stub, which writes to the current activation where it was; so whoever
//! runs can walk the frames. Nothing unwinds through a frame of code: failures travel as a
//! [`Status`](windlass_abi::builtins::Status), and an entry that fails is left by setting the stack pointer.

mod code;
mod entry;
mod host;
mod lazy;
mod memory;
mod profile;
mod registers;
mod stack;
mod stubs;
mod traps;
mod unwind;
mod walk;

pub use code::NativeCode;
pub use entry::NativeProcessor;
pub use lazy::LazyCompiler;
pub use profile::{FunctionNames, ProfileKind};
