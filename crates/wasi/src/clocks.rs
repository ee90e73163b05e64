//! The four clocks of WASI, each of which an embedder can replace.

use crate::Errno;
use rustix::time::ClockId;
use std::time::Duration;

/// A clock that guests can read.
///
/// A closure that returns the time is a clock too.
///
/// ```
/// use std::time::Duration;
/// use windlass_wasi::{Clock, WasiCtxBuilder};
///
/// /// Goes on by a second each time that it is read.
/// struct Ticks(u64);
///
/// impl Clock for Ticks {
///     fn now(&mut self) -> Duration {
///         self.0 += 1;
///         Duration::from_secs(self.0)
///     }
///
///     fn resolution(&self) -> Duration {
///         Duration::from_secs(1)
///     }
/// }
///
/// let wasi = WasiCtxBuilder::new().monotonic_clock(Ticks(0)).build();
/// ```
pub trait Clock: Send {
    /// The time: since 1970 for the wall clock, since any fixed moment for the others.
    fn now(&mut self) -> Duration;

    /// The smallest step that [`Clock::now`] makes; never zero.
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }
}

impl<F: FnMut() -> Duration + Send> Clock for F {
    fn now(&mut self) -> Duration {
        self()
    }
}

/// A clock of the host, counted from `start`.
struct HostClock {
    id: ClockId,
    start: Duration,
}

impl HostClock {
    /// A clock that began before the guest, and says so.
    fn absolute(id: ClockId) -> Box<dyn Clock> {
        Box::new(HostClock { id, start: Duration::ZERO })
    }

    /// A clock that begins now: a guest learns nothing of how long the host has run.
    fn starting(id: ClockId) -> Box<dyn Clock> {
        Box::new(HostClock { id, start: duration(rustix::time::clock_gettime(id)) })
    }
}

impl Clock for HostClock {
    fn now(&mut self) -> Duration {
        // The CPU time of a thread is less than at the start if the guest has moved to another one.
        duration(rustix::time::clock_gettime(self.id)).saturating_sub(self.start)
    }

    fn resolution(&self) -> Duration {
        duration(rustix::time::clock_getres(self.id)).max(Duration::from_nanos(1))
    }
}

/// A time of the host; one before the clock's beginning is its beginning.
fn duration(time: rustix::time::Timespec) -> Duration {
    u64::try_from(time.tv_sec).map_or(Duration::ZERO, |seconds| Duration::new(seconds, time.tv_nsec as u32))
}

/// The clocks of a context, indexed by WASI's numbers.
pub(crate) struct Clocks([Box<dyn Clock>; 4]);

/// WASI's numbers of the clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Wall = 0,
    Monotonic = 1,
    ProcessCpu = 2,
    ThreadCpu = 3,
}

impl Default for Clocks {
    fn default() -> Clocks {
        Clocks([
            HostClock::absolute(ClockId::Realtime),
            HostClock::starting(ClockId::Monotonic),
            HostClock::starting(ClockId::ProcessCPUTime),
            HostClock::starting(ClockId::ThreadCPUTime),
        ])
    }
}

impl Clocks {
    pub(crate) fn replace(&mut self, which: Which, clock: impl Clock + 'static) {
        self.0[which as usize] = Box::new(clock);
    }

    fn get(&mut self, id: u32) -> Result<&mut dyn Clock, Errno> {
        match self.0.get_mut(id as usize) {
            Some(clock) => Ok(&mut **clock),
            None => Err(Errno::Inval),
        }
    }

    /// The time of clock `id`, in nanoseconds.
    pub(crate) fn now(&mut self, id: u32) -> Result<u64, Errno> {
        nanoseconds(self.get(id)?.now())
    }

    /// The resolution of clock `id`, in nanoseconds.
    pub(crate) fn resolution(&mut self, id: u32) -> Result<u64, Errno> {
        nanoseconds(self.get(id)?.resolution())
    }
}

fn nanoseconds(time: Duration) -> Result<u64, Errno> {
    u64::try_from(time.as_nanos()).map_err(|_| Errno::Overflow)
}
