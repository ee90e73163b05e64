//! The bytes of one unshared memory: a reservation of which a part is in use.
//!
//! Invariants: `len` bytes from `base` are accessible; what lies between `len` and the end of its
//! system page is zero and never written (code checks `len` to the byte), so growing finds zeroes.
//!
//! Growing beyond the reservation moves the bytes. There may be gigabytes of them, so moving them, and giving
//! back the place where they were, goes piece by piece and can be stopped: then nothing has changed for the guest.

use super::{MemoryConfig, MemoryImage};
use crate::failure::Error;
use crate::sys::{self, Reservation};
use std::ptr::NonNull;
use windlass_abi::facts::MemoryType;

/// The bytes of an unshared memory.
#[derive(Debug)]
pub(crate) struct LinearMemory {
    /// `None` while the memory has no bytes and reserves none.
    reservation: Option<Reservation>,
    /// Bytes at the start of the reservation that may be used; the rest is guard.
    usable: usize,
    /// Bytes at the start of the reservation that are accessible: whole system pages.
    committed: usize,
    /// Size of the memory.
    len: usize,
    /// Guard bytes behind a reservation.
    guard: usize,
    /// The largest size, for choosing how much to reserve when moving.
    reach: u64,
    /// A place that is not used any more, and not given back in full yet: this takes its time.
    left: Option<Reservation>,
}

/// Bytes that are moved between two looks whether to stop: well below a millisecond's worth.
const MOVE: usize = 1 << 20;
/// Bytes that are given back at once.
const GIVE_BACK: usize = 16 << 20;

/// The largest size in bytes that a memory of the type can have on this host.
pub(crate) fn max_bytes(ty: &MemoryType) -> u64 {
    let pages = ty.max.unwrap_or(u64::MAX).min(ty.max_pages_of_address_type());
    let host = isize::MAX as u64;
    pages.checked_mul(ty.page_size()).map_or(host, |b| b.min(host))
}

/// The size in bytes of `pages` pages, if the host can count so far.
pub(crate) fn byte_size(ty: &MemoryType, pages: u64) -> Option<usize> {
    let bytes = pages.checked_mul(ty.page_size())?;
    usize::try_from(bytes).ok().filter(|b| *b <= isize::MAX as usize)
}

impl LinearMemory {
    /// A zeroed memory of `len` bytes, reserved as the configuration says for its type.
    pub(crate) fn new(ty: &MemoryType, len: usize, config: &MemoryConfig) -> Result<LinearMemory, Error> {
        let reach = max_bytes(ty);
        let wanted = if ty.memory64 { config.reservation64.min(reach) } else { config.reservation };
        let guard = usize::try_from(config.guard).ok().and_then(sys::round_up_to_page).unwrap_or(0);
        let mut memory =
            LinearMemory { reservation: None, usable: 0, committed: 0, len: 0, guard, reach, left: None };
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX).max(len);
        let attempts: &[usize] = match sys::RESERVES {
            true if config.required && !ty.memory64 => &[wanted],
            true => &[wanted, len.saturating_mul(2), len],
            false => &[len],
        };
        let mut result = Ok(());
        for attempt in attempts {
            result = memory.reserve(*attempt);
            if result.is_ok() {
                break;
            }
        }
        result?;
        memory.extend(len)?;
        Ok(memory)
    }

    /// Replaces the reservation, which holds nothing of value, by one of `usable` bytes and the guard.
    fn reserve(&mut self, usable: usize) -> Result<(), Error> {
        debug_assert_eq!(self.len, 0);
        let error = |why: &dyn std::fmt::Display| Error::host_memory("a memory", usable, why);
        let usable_pages = sys::round_up_to_page(usable).ok_or_else(|| error(&"too large"))?;
        let guard = if sys::RESERVES { self.guard } else { 0 };
        let total = usable_pages.checked_add(guard).ok_or_else(|| error(&"too large"))?;
        self.reservation = match total {
            0 => None,
            _ => Some(Reservation::new(total).map_err(|e| error(&e))?),
        };
        (self.usable, self.committed) = (usable_pages, 0);
        Ok(())
    }

    /// Makes the memory `len` bytes long, not shorter than it is, within the reservation.
    fn extend(&mut self, len: usize) -> Result<(), Error> {
        let error = |why: &dyn std::fmt::Display| Error::host_memory("a memory", len, why);
        let committed = sys::round_up_to_page(len).ok_or_else(|| error(&"too large"))?;
        if committed > self.committed {
            let reservation = self.reservation.as_ref().expect("a memory with bytes has a reservation");
            assert!(committed <= self.usable, "within the reservation");
            // SAFETY: whole pages, within the reservation.
            unsafe { reservation.commit(self.committed, committed - self.committed) }
                .map_err(|e| error(&e))?;
            self.committed = committed;
        }
        self.len = len;
        Ok(())
    }

    /// Grows to `len` bytes, not fewer than it has; moves only if the reservation is too small.
    /// False if `stop` has said so in the middle of that, and the memory is as it was.
    pub(crate) fn grow(&mut self, len: usize, stop: &dyn Fn() -> bool) -> Result<bool, Error> {
        debug_assert!(len >= self.len);
        if len <= self.usable {
            return self.extend(len).map(|()| true);
        }
        if !self.give_back(stop) {
            return Ok(false);
        }
        // Half as much again, so that growing step by step copies each byte a bounded number of times.
        let reach = usize::try_from(self.reach).unwrap_or(usize::MAX);
        let ahead = len.saturating_add(len / 2).min(reach).max(len);
        let mut moved =
            LinearMemory { reservation: None, usable: 0, committed: 0, len: 0, left: None, ..*self };
        if !sys::RESERVES || moved.reserve(ahead).is_err() {
            moved.reserve(len)?;
        }
        moved.extend(len)?;
        for start in (0..self.len).step_by(MOVE) {
            if start != 0 && stop() {
                self.left = moved.reservation;
                return Ok(false);
            }
            let piece = MOVE.min(self.len - start);
            // SAFETY: both have `self.len` bytes, in different reservations.
            unsafe { self.base().add(start).copy_to_nonoverlapping(moved.base().add(start), piece) };
        }
        moved.left = self.reservation.take();
        *self = moved;
        // What is not given back now goes when the memory grows again, or with it.
        self.give_back(stop);
        Ok(true)
    }

    /// Gives back the place that is not used any more; false if `stop` has said so before it was done.
    fn give_back(&mut self, stop: &dyn Fn() -> bool) -> bool {
        while let Some(left) = &mut self.left {
            if left.len() <= GIVE_BACK || !left.shrink(left.len() - GIVE_BACK) {
                self.left = None;
            } else if stop() {
                return false;
            }
        }
        true
    }

    /// Maps the module's image over the initial contents; false if the system refuses, and nothing is mapped.
    pub(crate) fn map_image(&mut self, image: &MemoryImage) -> bool {
        let Some(reservation) = &self.reservation else { return false };
        assert!(image.at + image.len <= self.committed, "the image lies in the initial size");
        // SAFETY: the image starts at a page, lies in the committed part, and nobody uses the memory yet.
        unsafe { reservation.map_image(image.at, &image.image) }.is_ok()
    }

    /// The first byte; dangling if there are none.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.reservation.as_ref().map_or(NonNull::dangling(), Reservation::base)
    }

    /// The size in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(min: u64, max: Option<u64>) -> MemoryType {
        MemoryType { min, max, shared: false, memory64: false, page_size_log2: 16 }
    }

    fn bytes(m: &mut LinearMemory) -> &mut [u8] {
        // SAFETY: the memory is borrowed as long as the slice.
        unsafe { std::slice::from_raw_parts_mut(m.base().as_ptr(), m.len()) }
    }

    #[test]
    fn grows_in_place() {
        let config = MemoryConfig::default();
        let mut m = LinearMemory::new(&ty(1, None), 65536, &config).unwrap();
        bytes(&mut m)[65535] = 9;
        let base = m.base();
        assert!(m.grow(10 * 65536, &|| false).unwrap());
        assert!(!sys::RESERVES || base == m.base());
        assert_eq!(m.len(), 655360);
        assert_eq!(bytes(&mut m)[65535..65538], [9, 0, 0]);
        assert_eq!(bytes(&mut m)[655359], 0);
    }

    #[test]
    fn grows_by_moving() {
        let config = MemoryConfig { reservation: 0, reservation64: 0, ..MemoryConfig::default() };
        let mut m = LinearMemory::new(&ty(1, None), 65536, &config).unwrap();
        bytes(&mut m).fill(3);
        assert!(m.grow(5 * 65536, &|| false).unwrap());
        assert!(bytes(&mut m)[..65536].iter().all(|b| *b == 3));
        assert!(bytes(&mut m)[65536..].iter().all(|b| *b == 0));
    }

    #[test]
    fn a_move_can_be_stopped() {
        use std::cell::Cell;
        let config = MemoryConfig { reservation: 0, reservation64: 0, ..MemoryConfig::default() };
        let len = 4 * MOVE;
        let mut m = LinearMemory::new(&ty(1, None), len, &config).unwrap();
        bytes(&mut m).iter_mut().enumerate().for_each(|(i, b)| *b = (i >> 16) as u8);
        for looks in [0_u32, 2] {
            let left = Cell::new(looks);
            let stop = || left.replace(left.get().saturating_sub(1)) == 0;
            assert!(!m.grow(2 * len, &stop).unwrap());
            assert_eq!(m.len(), len);
        }
        assert!(m.left.is_some() || !sys::RESERVES);
        assert!(m.grow(2 * len, &|| false).unwrap());
        assert!(m.left.is_none());
        assert!(bytes(&mut m)[..len].iter().enumerate().all(|(i, b)| *b == (i >> 16) as u8));
        assert!(bytes(&mut m)[len..].iter().all(|b| *b == 0));
    }

    #[test]
    fn sizes_to_the_byte() {
        let ty = MemoryType { page_size_log2: 0, ..ty(0, Some(100)) };
        let config = MemoryConfig { reservation: 0, ..MemoryConfig::default() };
        let mut m = LinearMemory::new(&ty, 0, &config).unwrap();
        assert_eq!(m.len(), 0);
        assert!(m.grow(7, &|| false).unwrap());
        bytes(&mut m).fill(1);
        assert!(m.grow(9, &|| false).unwrap());
        assert_eq!(bytes(&mut m), [1, 1, 1, 1, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn refuses_what_the_host_has_not() {
        let ty = MemoryType { memory64: true, ..ty(1 << 47, None) };
        let len = byte_size(&ty, 1 << 46).unwrap();
        assert!(matches!(
            LinearMemory::new(&ty, len, &MemoryConfig::default()),
            Err(Error::HostMemory { .. })
        ));
        assert_eq!(byte_size(&ty, 1 << 48), None);
        let mut m = LinearMemory::new(&ty, 65536, &MemoryConfig::default()).unwrap();
        assert!(m.grow(len, &|| false).is_err());
        assert_eq!(m.len(), 65536);
    }
}
