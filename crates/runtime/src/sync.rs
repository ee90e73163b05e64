//! Mutexes that know no poison, and values that are written once, both such that the thread sanitizer understands them.
//!
//! The standard library is not instrumented. When a thread has to wait for a mutex, the sanitizer does not see that it
//! got it from another thread, and takes what both do under it for races. With the feature `thread-sanitizer` each lock
//! has a word that is written before it is given up, and read after it was taken; otherwise that word is not there.

use std::ops::{Deref, DerefMut};
#[cfg(feature = "thread-sanitizer")]
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// A mutex. Whoever panics with it leaves what it guards as it is.
#[derive(Debug, Default)]
pub(crate) struct Lock<T> {
    mutex: Mutex<T>,
    order: Order,
}

/// The word for the sanitizer.
#[derive(Debug, Default)]
struct Order {
    #[cfg(feature = "thread-sanitizer")]
    word: AtomicU32,
}

impl Order {
    fn taken(&self) {
        #[cfg(feature = "thread-sanitizer")]
        self.word.load(Ordering::Acquire);
    }

    fn given_up(&self) {
        #[cfg(feature = "thread-sanitizer")]
        self.word.fetch_add(1, Ordering::Release);
    }
}

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock { mutex: Mutex::new(value), order: Order::default() }
    }

    /// Waits for the lock, and has it as long as the result lives.
    pub(crate) fn lock(&self) -> Locked<'_, T> {
        let guard = self.mutex.lock().unwrap_or_else(PoisonError::into_inner);
        self.order.taken();
        Locked { guard: Some(guard), order: &self.order }
    }
}

/// A lock that is held.
pub(crate) struct Locked<'a, T> {
    /// `None` in [`Locked::wait`] only.
    guard: Option<MutexGuard<'a, T>>,
    order: &'a Order,
}

impl<T> Locked<'_, T> {
    /// Gives the lock up, sleeps until `condition` is notified or so much time has passed, and takes the lock again.
    pub(crate) fn wait(mut self, condition: &Condvar, time: Option<Duration>) -> Self {
        self.order.given_up();
        self.guard = self.guard.take().map(|guard| match time {
            None => condition.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(time) => condition.wait_timeout(guard, time).unwrap_or_else(PoisonError::into_inner).0,
        });
        self.order.taken();
        self
    }
}

impl<T> Deref for Locked<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_ref().expect("it is held")
    }
}

impl<T> DerefMut for Locked<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().expect("it is held")
    }
}

impl<T> Drop for Locked<'_, T> {
    fn drop(&mut self) {
        // The guard goes after this.
        self.order.given_up();
    }
}

/// A value that is written once.
#[derive(Debug)]
pub(crate) struct Once<T> {
    cell: OnceLock<T>,
    order: Order,
}

impl<T> Default for Once<T> {
    fn default() -> Once<T> {
        Once { cell: OnceLock::new(), order: Order::default() }
    }
}

impl<T> Once<T> {
    /// The value, if it was written.
    pub(crate) fn get(&self) -> Option<&T> {
        let value = self.cell.get();
        self.order.taken();
        value
    }

    /// Writes the value, unless it was written.
    pub(crate) fn set(&self, value: T) {
        self.order.given_up();
        // Another thread may have been faster.
        let _ = self.cell.set(value);
    }
}
