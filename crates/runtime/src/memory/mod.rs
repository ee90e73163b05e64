//! Linear memories.

mod shared;

pub use shared::{SharedMemory, WaitResult};

/// How memories take address space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryConfig {
    /// Address space that a 32-bit memory reserves, in bytes: at most this, at most what its type can
    /// reach, at least its initial size. A memory that grows beyond its reservation moves.
    pub reservation: u64,
    /// Address space that a 64-bit memory reserves, in the same way.
    pub reservation64: u64,
    /// Inaccessible bytes kept behind each reservation.
    pub guard: u64,
    /// Whether initial contents are mapped copy-on-write where that pays.
    pub images: bool,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        MemoryConfig { reservation: 4 << 30, reservation64: 1 << 30, guard: 32 << 20, images: true }
    }
}
