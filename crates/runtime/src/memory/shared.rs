//! Memories shared between threads, with `wait` and `notify`.
//!
//! The reservation covers the maximum, so the base never changes; the size only grows and is atomic.
//! All accesses to the bytes are atomic, the runtime's own included.

use super::parking::{Parker, ParkingLot, Wake};
use super::{MemoryConfig, bytes, linear};
use crate::failure::Error;
use crate::sys::{self, Reservation};
use parking_lot::Mutex;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use windlass_abi::facts::MemoryType;
use windlass_abi::trap::TrapCode;

/// A shared memory: a handle that any number of stores and threads may hold.
#[derive(Clone, Debug)]
pub struct SharedMemory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ty: MemoryType,
    /// `None` if the maximum is zero.
    reservation: Option<Reservation>,
    /// Size in bytes. Written under the lock of `committed`, after the bytes have become accessible.
    len: AtomicUsize,
    /// Accessible bytes.
    committed: Mutex<usize>,
    lot: ParkingLot,
}

/// How a wait ended; the numbers are those of `memory.atomic.wait`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum WaitResult {
    /// A notify woke it.
    Ok = 0,
    /// The memory did not hold the expected value.
    Mismatch = 1,
    /// The time was up.
    TimedOut = 2,
}

/// What a wait expects to find.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    I32(u32),
    I64(u64),
}

/// Who waits: where it sleeps, and what else may wake it.
pub(crate) struct Sleeper<'a> {
    pub(crate) parker: &'a Arc<Parker>,
    /// Whether to stop sleeping for something else than a notify.
    pub(crate) interrupted: &'a dyn Fn() -> bool,
}

/// How a wait with a [`Sleeper`] ends, if not by an error of the interruption.
pub(crate) type Waited<E> = Result<Result<WaitResult, TrapCode>, E>;

impl SharedMemory {
    /// Makes a shared memory of a shared type, which has a maximum.
    pub fn new(ty: &MemoryType, config: &MemoryConfig) -> Result<SharedMemory, Error> {
        let maximum = linear::max_bytes(ty);
        let error = |why: &dyn std::fmt::Display| {
            Error::host_memory("a shared memory", usize::try_from(maximum).unwrap_or(usize::MAX), why)
        };
        let len = linear::byte_size(ty, ty.min)
            .filter(|len| *len as u64 <= maximum)
            .ok_or_else(|| error(&"too large"))?;
        // A reservation as large as any 32-bit index lets native code leave out bounds checks.
        let wanted = if ty.memory64 { maximum } else { maximum.max(config.reservation) };
        let mut result = Err(error(&"too large"));
        let attempts: &[u64] = match sys::RESERVES {
            true if config.required && !ty.memory64 => &[wanted],
            true => &[wanted, maximum],
            false => &[maximum],
        };
        for attempt in attempts {
            let guard = if sys::RESERVES { config.guard } else { 0 };
            let total = attempt.checked_add(guard).and_then(|b| usize::try_from(b).ok());
            let Some(total) = total.and_then(sys::round_up_to_page) else { continue };
            result = match total {
                0 => Ok(None),
                _ => Reservation::new(total).map(Some).map_err(|e| error(&e)),
            };
            if result.is_ok() {
                break;
            }
        }
        let shared = Shared {
            ty: *ty,
            reservation: result?,
            len: AtomicUsize::new(0),
            committed: Mutex::new(0),
            lot: ParkingLot::default(),
        };
        shared.extend(&mut shared.committed.lock(), len)?;
        Ok(SharedMemory(Arc::new(shared)))
    }

    /// Its declared type.
    pub fn ty(&self) -> MemoryType {
        self.0.ty
    }

    /// Its size in pages now.
    pub fn size(&self) -> u64 {
        self.byte_size() as u64 >> self.0.ty.page_size_log2
    }

    /// Its size in bytes now.
    pub fn byte_size(&self) -> usize {
        self.0.len.load(SeqCst)
    }

    /// Where the size in bytes lies.
    pub(crate) fn len_ptr(&self) -> *const AtomicUsize {
        &raw const self.0.len
    }

    /// Grows by `delta` pages and gives the old size. No hook is asked.
    pub fn grow(&self, delta: u64) -> Result<u64, Error> {
        let ty = &self.0.ty;
        let mut committed = self.0.committed.lock();
        let old = self.size();
        let desired = old.saturating_add(delta);
        let len = linear::byte_size(ty, desired).filter(|len| *len as u64 <= linear::max_bytes(ty));
        let Some(len) = len else {
            return Err(Error::memory_maximum(ty, desired));
        };
        self.0.extend(&mut committed, len)?;
        Ok(old)
    }

    /// The first byte. Accesses through it must be atomic.
    pub fn base(&self) -> *mut u8 {
        self.0.reservation.as_ref().map_or(NonNull::dangling(), Reservation::base).as_ptr()
    }

    /// The address of `len` bytes at `offset`, if they lie within the size.
    fn range(&self, offset: u64, len: usize) -> Option<*mut u8> {
        let offset = usize::try_from(offset).ok()?;
        let end = offset.checked_add(len)?;
        // SAFETY: within the memory.
        (end <= self.byte_size()).then(|| unsafe { self.base().add(offset) })
    }

    /// Copies bytes out, each as a relaxed atomic load; false (and nothing copied) if out of bounds.
    pub fn read(&self, offset: u64, to: &mut [u8]) -> bool {
        let Some(from) = self.range(offset, to.len()) else { return false };
        // SAFETY: the range lies within the memory, whose bytes are accessed atomically only.
        unsafe { bytes::copy(to.as_mut_ptr(), from, to.len()) };
        true
    }

    /// Copies bytes in, each as a relaxed atomic store; false (and nothing copied) if out of bounds.
    pub fn write(&self, offset: u64, from: &[u8]) -> bool {
        let Some(to) = self.range(offset, from.len()) else { return false };
        // SAFETY: the range lies within the memory, whose bytes are accessed atomically only.
        unsafe { bytes::copy(to, from.as_ptr(), from.len()) };
        true
    }

    /// The address of an atomic access.
    fn atomic(&self, address: u64, width: usize) -> Result<*mut u8, TrapCode> {
        if !address.is_multiple_of(width as u64) {
            return Err(TrapCode::UnalignedAtomic);
        }
        self.range(address, width).ok_or(TrapCode::MemoryOutOfBounds)
    }

    /// `memory.atomic.notify`: wakes at most `count` waiters, gives how many.
    pub fn atomic_notify(&self, address: u64, count: u32) -> Result<u32, TrapCode> {
        self.atomic(address, 4)?;
        Ok(self.0.lot.notify(address, count))
    }

    /// `memory.atomic.wait32`; `None`: for ever.
    pub fn atomic_wait32(
        &self,
        address: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, TrapCode> {
        self.wait_alone(address, Expected::I32(expected), timeout)
    }

    /// `memory.atomic.wait64`; `None`: for ever.
    pub fn atomic_wait64(
        &self,
        address: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, TrapCode> {
        self.wait_alone(address, Expected::I64(expected), timeout)
    }

    fn wait_alone(
        &self,
        address: u64,
        expected: Expected,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, TrapCode> {
        let sleeper = Sleeper { parker: &Arc::default(), interrupted: &|| false };
        let Ok(result) =
            self.wait(address, expected, timeout, sleeper, || Ok::<(), std::convert::Infallible>(()));
        result
    }

    /// Waits; when `sleeper` is interrupted, `on_interrupt` decides whether to go on.
    pub(crate) fn wait<E>(
        &self,
        address: u64,
        expected: Expected,
        timeout: Option<Duration>,
        sleeper: Sleeper<'_>,
        mut on_interrupt: impl FnMut() -> Result<(), E>,
    ) -> Waited<E> {
        let width = match expected {
            Expected::I32(_) => 4,
            Expected::I64(_) => 8,
        };
        let place = match self.atomic(address, width) {
            Ok(place) => place,
            Err(trap) => return Ok(Err(trap)),
        };
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        // SAFETY: aligned and within the memory, whose bytes are accessed atomically only. The bytes
        // of a number in a memory are little-endian.
        let found = || unsafe {
            match expected {
                Expected::I32(value) => u32::from_le(AtomicU32::from_ptr(place.cast()).load(SeqCst)) == value,
                Expected::I64(value) => u64::from_le(AtomicU64::from_ptr(place.cast()).load(SeqCst)) == value,
            }
        };
        let Some(parked) = self.0.lot.park(address, sleeper.parker, found) else {
            return Ok(Ok(WaitResult::Mismatch));
        };
        loop {
            match parked.sleep(deadline, sleeper.interrupted) {
                Wake::Notified => return Ok(Ok(WaitResult::Ok)),
                Wake::TimedOut => return Ok(Ok(WaitResult::TimedOut)),
                Wake::Interrupted => on_interrupt()?,
            }
        }
    }

    /// Whether both are the same memory.
    pub fn same(&self, other: &SharedMemory) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Shared {
    /// Makes the memory `len` bytes long; `committed` is locked.
    fn extend(&self, committed: &mut usize, len: usize) -> Result<(), Error> {
        let error = |why: &dyn std::fmt::Display| Error::host_memory("a shared memory", len, why);
        let pages = sys::round_up_to_page(len).ok_or_else(|| error(&"too large"))?;
        if pages > *committed {
            let reservation = self.reservation.as_ref().expect("a memory with bytes has a reservation");
            assert!(pages <= reservation.len(), "within the reservation");
            // SAFETY: whole pages, within the reservation.
            unsafe { reservation.commit(*committed, pages - *committed) }.map_err(|e| error(&e))?;
            *committed = pages;
        }
        self.len.store(len, SeqCst);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn memory(min: u64, max: u64) -> SharedMemory {
        let ty = MemoryType { min, max: Some(max), shared: true, memory64: false, page_size_log2: 16 };
        SharedMemory::new(&ty, &MemoryConfig::default()).unwrap()
    }

    #[test]
    fn grows_within_its_maximum() {
        let m = memory(1, 3);
        let base = m.base();
        assert_eq!(m.grow(1), Ok(1));
        assert!(matches!(m.grow(2), Err(Error::Maximum { .. })));
        assert_eq!(m.grow(1), Ok(2));
        assert_eq!((m.size(), m.byte_size(), m.base()), (3, 3 << 16, base));
        assert!(m.write((3 << 16) - 2, &[1, 2]));
        assert!(!m.write((3 << 16) - 1, &[1, 2]));
        let mut two = [0; 2];
        assert!(m.read((3 << 16) - 2, &mut two));
        assert_eq!(two, [1, 2]);
        assert!(!m.read(u64::MAX, &mut two));
    }

    #[test]
    fn grows_on_many_threads() {
        let m = memory(0, 400);
        thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for _ in 0..100 {
                        let old = m.grow(1).unwrap();
                        assert!(m.write((old << 16) + 5, &[1]));
                    }
                });
            }
        });
        assert_eq!(m.size(), 400);
        let mut byte = [0];
        assert!((0..400).all(|p| m.read((p << 16) + 5, &mut byte) && byte == [1]));
    }

    #[test]
    fn waits_and_notifies() {
        let m = memory(1, 1);
        assert_eq!(m.atomic_wait32(8, 1, None), Ok(WaitResult::Mismatch));
        assert_eq!(m.atomic_wait64(8, 0, Some(Duration::from_millis(1))), Ok(WaitResult::TimedOut));
        assert_eq!(m.atomic_wait32(2, 0, None), Err(TrapCode::UnalignedAtomic));
        assert_eq!(m.atomic_wait64(65536, 0, None), Err(TrapCode::MemoryOutOfBounds));
        assert_eq!(m.atomic_notify(65534, 1), Err(TrapCode::UnalignedAtomic));
        assert_eq!(m.atomic_notify(0, 5), Ok(0));
        thread::scope(|s| {
            let waiters: Vec<_> = (0..3).map(|_| s.spawn(|| m.atomic_wait32(16, 0, None))).collect();
            let mut woken = 0;
            while woken < 3 {
                let n = m.atomic_notify(16, 2).unwrap();
                assert!(n <= 2);
                woken += n;
                thread::yield_now();
            }
            for w in waiters {
                assert_eq!(w.join().unwrap(), Ok(WaitResult::Ok));
            }
        });
    }

    /// Many threads time out while others are notified: each notify that is counted wakes one waiter.
    #[test]
    fn counts_are_exact() {
        let m = memory(1, 1);
        let ok = AtomicU32::new(0);
        let left = AtomicU32::new(4);
        let mut counted = 0;
        thread::scope(|s| {
            for t in 0..4u64 {
                let (m, ok, left) = (&m, &ok, &left);
                s.spawn(move || {
                    for i in 0..200 {
                        let timeout = Duration::from_micros((i * 7 + t * 13) % 90);
                        if m.atomic_wait32(0, 0, Some(timeout)) == Ok(WaitResult::Ok) {
                            ok.fetch_add(1, SeqCst);
                        }
                    }
                    left.fetch_sub(1, SeqCst);
                });
            }
            while left.load(SeqCst) > 0 {
                counted += m.atomic_notify(0, 1).unwrap();
                thread::yield_now();
            }
        });
        assert_eq!(ok.load(SeqCst), counted);
    }

    #[test]
    fn interruption_wakes() {
        let m = memory(1, 1);
        let parker: Arc<Parker> = Arc::default();
        let flag = AtomicU32::new(0);
        thread::scope(|s| {
            s.spawn(|| {
                thread::sleep(Duration::from_millis(10));
                flag.store(1, SeqCst);
                parker.wake();
            });
            let sleeper = Sleeper { parker: &parker, interrupted: &|| flag.load(SeqCst) != 0 };
            let result = m.wait(0, Expected::I32(0), None, sleeper, || Err("stop"));
            assert_eq!(result, Err("stop"));
        });
        assert_eq!(m.atomic_notify(0, 1), Ok(0), "whoever was interrupted has left the list");
    }
}
