//! The only place where a guest's call makes its thread wait.
//!
//! What can take any time (a sleep, a terminal that nobody types at, a full pipe) comes through here, so that an
//! interruption of the guest has one place to reach. Two waits are elsewhere: a custom stream waits in the embedder's
//! own code, and opening a FIFO waits in the host until somebody opens its other end.

use crate::Errno;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::BorrowedFd;
use rustix::io::Errno as Host;
use std::io::{IoSlice, IoSliceMut};
use std::time::{Duration, Instant};

/// Waits until one of `fds` is ready, or `timeout` has passed (`None` is never).
pub(crate) fn poll(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> Result<(), Errno> {
    let start = Instant::now();
    loop {
        let left = timeout.map(|timeout| timeout.saturating_sub(start.elapsed()));
        // A time beyond what the host can express is as good as never.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match rustix::event::poll(fds, left.as_ref()) {
            Ok(_) => return Ok(()),
            Err(Host::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether a read or a write would not wait.
pub(crate) fn ready(fd: BorrowedFd<'_>, flags: PollFlags) -> Result<bool, Errno> {
    let mut fds = [PollFd::from_borrowed_fd(fd, flags)];
    poll(&mut fds, Some(Duration::ZERO))?;
    Ok(!fds[0].revents().is_empty())
}

/// Reads from a file or stream of the host; may wait for data.
pub(crate) fn read(fd: BorrowedFd<'_>, buffers: &mut [IoSliceMut<'_>]) -> Result<usize, Errno> {
    Ok(rustix::io::retry_on_intr(|| rustix::io::readv(fd, buffers))?)
}

/// Writes to a file or stream of the host; may wait for room.
pub(crate) fn write(fd: BorrowedFd<'_>, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
    Ok(rustix::io::retry_on_intr(|| rustix::io::writev(fd, buffers))?)
}
