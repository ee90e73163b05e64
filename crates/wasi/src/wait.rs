//! The only place where a guest's call makes its thread wait.
//!
//! What can take any time (a sleep, a terminal that nobody types at, a full pipe) comes through [`Waiter::wait`], which
//! polls the host's files together with an eventfd, the *alarm*. Two ring it: whoever interrupts the store, and the
//! wakers of custom streams. A wait that an interruption ends is [`Stop::Interrupted`]: the caller lets go of the
//! context, asks the store what to do, and calls the function again if the guest may go on. So a function that waits
//! has had no effect yet, or says by how much it got further ([`Paused`]).
//!
//! Work that takes long without waiting (large reads and writes, large listings, much randomness) goes in pieces, and
//! looks between them whether the guest was interrupted.

use crate::Errno;
use crate::errno::Stop;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno as Host;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use windlass::Interruption;

/// What the calls of a context wait with.
#[derive(Default)]
pub(crate) struct Waiter {
    /// Of the store that calls; none in tests that call without one.
    interruption: Option<Interruption>,
    /// Made when it is first needed.
    alarm: Option<Arc<Alarm>>,
}

/// How far a call had come when it was interrupted.
#[derive(Default)]
pub(crate) enum Paused {
    /// It had not begun.
    #[default]
    Nowhere,
    /// `poll_oneoff`: what it waits for was decided at the first time, and counts from then.
    Waiting(Instant, Vec<crate::functions::Time>),
    /// `random_get`: so many bytes are filled.
    Filled(usize),
    /// `fd_readdir`: the directory keeps the entries read so far.
    Listing,
}

/// Ends a wait.
struct Alarm {
    fd: OwnedFd,
}

impl Alarm {
    fn ring(&self) {
        // It fails if it rings already.
        let _ = rustix::io::write(&self.fd, &1_u64.to_ne_bytes());
    }

    fn silence(&self) {
        // It fails if it does not ring.
        let _ = rustix::io::read(&self.fd, &mut [0; 8]);
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

impl Waiter {
    /// Says which store's interruptions end waits from now on.
    pub(crate) fn listen_to(&mut self, interruption: Interruption) {
        self.interruption = Some(interruption);
    }

    /// Whether the guest was interrupted.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interruption.as_ref().is_some_and(Interruption::is_pending)
    }

    /// Ends work that takes long, if the guest was interrupted.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        if self.is_interrupted() { Err(Stop::Interrupted) } else { Ok(()) }
    }

    /// What custom streams wake a wait with. A wait after a stream was asked sees it if the stream woke it meanwhile.
    pub(crate) fn waker(&mut self) -> Result<Waker, Stop> {
        Ok(self.alarm()?.into())
    }

    fn alarm(&mut self) -> Result<Arc<Alarm>, Stop> {
        if let Some(alarm) = &self.alarm {
            return Ok(alarm.clone());
        }
        let fd = rustix::event::eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(self.alarm.insert(Arc::new(Alarm { fd })).clone())
    }

    /// Waits until one of `fds` is ready, a custom stream wakes it, or `deadline` has come (`None` is never); gives what
    /// is ready of each of `fds`. It may wake for nothing.
    pub(crate) fn wait(
        &mut self,
        fds: &[(BorrowedFd<'_>, PollFlags)],
        deadline: Option<Instant>,
    ) -> Result<Vec<PollFlags>, Stop> {
        let alarm = self.alarm()?;
        let bell = alarm.clone();
        let _listener = self.interruption.as_ref().map(|it| it.listen(Arc::new(move || bell.ring())));
        let mut polled: Vec<PollFd<'_>> =
            fds.iter().map(|&(fd, flags)| PollFd::from_borrowed_fd(fd, flags)).collect();
        polled.push(PollFd::new(&alarm.fd, PollFlags::IN));
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            // A time beyond what the host can express is as good as never.
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            match rustix::event::poll(&mut polled, left.as_ref()) {
                Ok(_) => break,
                Err(Host::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // The alarm is silent before anything is looked at, so what rings it after that is not missed.
        if polled.pop().is_some_and(|alarm| !alarm.revents().is_empty()) {
            alarm.silence();
        }
        self.check()?;
        Ok(polled.iter().map(PollFd::revents).collect())
    }

    /// Waits until `fd` is ready.
    pub(crate) fn until(&mut self, fd: BorrowedFd<'_>, flags: PollFlags) -> Result<(), Stop> {
        self.check()?;
        while !ready(fd, flags)? {
            self.wait(&[(fd, flags)], None)?;
        }
        Ok(())
    }

    /// Waits until the embedder's `poll` is ready; who is not `patient` is told [`Errno::Again`] instead.
    pub(crate) fn until_ready<R>(
        &mut self,
        patient: bool,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>,
    ) -> Result<R, Stop> {
        let waker = self.waker()?;
        loop {
            match poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(result) => return Ok(result),
                Poll::Pending if patient => self.wait(&[], None)?,
                Poll::Pending => return Err(Errno::Again.into()),
            };
        }
    }

    /// Lets a moment pass.
    pub(crate) fn pause(&mut self) -> Result<(), Stop> {
        const MOMENT: Duration = Duration::from_millis(5);
        self.wait(&[], Some(Instant::now() + MOMENT))?;
        Ok(())
    }
}

/// Whether a read or a write would not wait.
pub(crate) fn ready(fd: impl AsFd, flags: PollFlags) -> Result<bool, Stop> {
    let mut fds = [PollFd::new(&fd, flags)];
    loop {
        match rustix::event::poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            Ok(ready) => return Ok(ready > 0),
            Err(Host::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
