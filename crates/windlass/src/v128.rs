//! 128-bit vectors as values of the host.

use std::fmt;

/// A 128-bit vector: lane 0 is in its low bits.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let lanes = V128::from_le_bytes([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
/// assert_eq!(lanes.as_u128() as u32, 1);
/// assert_eq!(lanes, V128::from(0x4_00000003_00000002_00000001_u128));
/// assert_eq!(lanes.to_le_bytes()[4], 2);
/// assert_eq!(Val::from(lanes).v128(), Some(lanes));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct V128(u128);

impl V128 {
    /// The bits as a number; lane 0 is lowest.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// The 16 bytes, those of lane 0 first, on every host.
    pub const fn to_le_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// The vector of 16 bytes, those of lane 0 first.
    pub const fn from_le_bytes(bytes: [u8; 16]) -> V128 {
        V128(u128::from_le_bytes(bytes))
    }
}

impl From<u128> for V128 {
    fn from(bits: u128) -> V128 {
        V128(bits)
    }
}

impl From<V128> for u128 {
    fn from(v: V128) -> u128 {
        v.0
    }
}

impl fmt::Debug for V128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V128({:#034x})", self.0)
    }
}
