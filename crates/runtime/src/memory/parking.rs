//! Threads that wait on addresses of a shared memory, and who wakes them.
//!
//! A [`ParkingLot`] belongs to a shared memory and lists waiters by address, oldest first. A waiter
//! sleeps in the [`Parker`] of its store, so that whoever interrupts the store can wake it, too.
//!
//! Locks are taken in the order lot, parker, and never both at once. Between the check of the
//! expected value and joining the list the lot is locked, and so it is by `notify`: a notify that
//! follows a store to the address finds whoever saw the old value.

use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

/// Where the threads of one store sleep.
#[derive(Debug, Default)]
pub(crate) struct Parker {
    lock: Mutex<()>,
    wake: Condvar,
}

impl Parker {
    /// Wakes whoever sleeps here, to look again at what it waits for.
    pub(crate) fn wake(&self) {
        drop(self.lock.lock());
        self.wake.notify_all();
    }
}

/// Someone who waits.
#[derive(Debug)]
struct Waiter {
    parker: Arc<Parker>,
    /// Taken from the list by a notify. Written before the parker is woken.
    notified: AtomicBool,
}

/// How a sleep ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    Notified,
    TimedOut,
    Interrupted,
}

/// Waiters of one memory by address.
#[derive(Debug, Default)]
pub(crate) struct ParkingLot {
    waiters: Mutex<HashMap<u64, VecDeque<Arc<Waiter>>>>,
}

/// A place in the list, until it is dropped.
pub(crate) struct Parked<'a> {
    lot: &'a ParkingLot,
    address: u64,
    waiter: Arc<Waiter>,
}

impl ParkingLot {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, VecDeque<Arc<Waiter>>>> {
        self.waiters.lock()
    }

    /// Joins the list for `address`, unless `expected` says that the memory holds something else.
    pub(crate) fn park(
        &self,
        address: u64,
        parker: &Arc<Parker>,
        expected: impl FnOnce() -> bool,
    ) -> Option<Parked<'_>> {
        let mut waiters = self.lock();
        if !expected() {
            return None;
        }
        let waiter = Arc::new(Waiter { parker: parker.clone(), notified: AtomicBool::new(false) });
        waiters.entry(address).or_default().push_back(waiter.clone());
        Some(Parked { lot: self, address, waiter })
    }

    /// Wakes the oldest waiters on `address`, at most `count`, and gives their number.
    pub(crate) fn notify(&self, address: u64, count: u32) -> u32 {
        let mut woken = Vec::new();
        {
            let mut waiters = self.lock();
            let Some(queue) = waiters.get_mut(&address) else { return 0 };
            let count = queue.len().min(count as usize);
            woken.extend(queue.drain(..count));
            if queue.is_empty() {
                waiters.remove(&address);
            }
        }
        for waiter in &woken {
            waiter.notified.store(true, Relaxed);
            // Passing through the parker's lock orders the flag before the waiter's next look.
            waiter.parker.wake();
        }
        woken.len() as u32
    }
}

impl Parked<'_> {
    /// Sleeps until notified, until `deadline`, or until `interrupted` says so (asked now and whenever
    /// the parker is woken). The place in the list is kept.
    pub(crate) fn sleep(&self, deadline: Option<Instant>, interrupted: impl Fn() -> bool) -> Wake {
        let parker = &self.waiter.parker;
        let mut guard = parker.lock.lock();
        loop {
            if self.waiter.notified.load(Relaxed) {
                return Wake::Notified;
            }
            if interrupted() {
                return Wake::Interrupted;
            }
            match deadline {
                None => parker.wake.wait(&mut guard),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    parker.wake.wait_for(&mut guard, left);
                }
            }
        }
        drop(guard);
        // A notify may have counted this waiter meanwhile; then it was woken, however late.
        if self.leave() { Wake::TimedOut } else { Wake::Notified }
    }

    /// Leaves the list; false if a notify had taken it out.
    fn leave(&self) -> bool {
        let mut waiters = self.lot.lock();
        let Some(queue) = waiters.get_mut(&self.address) else { return false };
        let before = queue.len();
        queue.retain(|w| !Arc::ptr_eq(w, &self.waiter));
        let left = queue.len() < before;
        if queue.is_empty() {
            waiters.remove(&self.address);
        }
        left
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        if !self.waiter.notified.load(Relaxed) {
            self.leave();
        }
    }
}
