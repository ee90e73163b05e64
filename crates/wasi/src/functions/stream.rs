//! Reading, writing and the position: `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`, `fd_seek`, `fd_tell`.
//!
//! A read gives what is there, and waits only if there is nothing. A write writes everything, unless the guest asked not
//! to wait, is interrupted, or an error comes after a part: then it says how much it wrote.

use super::Outcome;
use crate::descriptors::{Descriptor, Descriptors, Kind};
use crate::errno::Stop;
use crate::memory::{Buffers, GuestMemory, PIECE};
use crate::types::{FdFlags, Rights};
use crate::wait::{Waiter, ready};
use crate::{Errno, WasiCtx};
use rustix::event::PollFlags;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::SeekFrom;
use rustix::io::{Errno as Host, ReadWriteFlags};
use std::io::{IoSlice, IoSliceMut};

/// The offset that means «the current position» to the host's positioned calls.
const CURRENT: u64 = u64::MAX;

impl WasiCtx {
    /// Reads at the current position.
    pub(crate) fn fd_read(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nread: u32,
    ) -> Outcome {
        let descriptor = self.descriptors.with_mut(fd, Rights::FD_READ)?;
        memory.check(nread, 4)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        let read = in_pieces(buffers, PIECE, descriptor.reads(), &mut self.waiter, |piece, _, waiter| {
            memory.scatter(piece, |slices| descriptor.read(slices, waiter))
        })?;
        memory.write_u32(nread, read as u32)?;
        Ok(())
    }

    /// Writes at the current position, or at the end of a file opened to append.
    pub(crate) fn fd_write(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nwritten: u32,
    ) -> Outcome {
        let descriptor = self.descriptors.with_mut(fd, Rights::FD_WRITE)?;
        memory.check(nwritten, 4)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        let most = match &descriptor.kind {
            Kind::Host(stream) => stream.piece().unwrap_or(PIECE),
            _ => PIECE,
        };
        let written = in_pieces(buffers, most, Amount::All, &mut self.waiter, |piece, _, waiter| {
            memory.gather(piece, |slices| descriptor.write(slices, waiter))
        })?;
        memory.write_u32(nwritten, written as u32)?;
        Ok(())
    }

    /// Reads at `offset`, and leaves the position.
    pub(crate) fn fd_pread(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nread: u32,
    ) -> Outcome {
        let file = positioned(&self.descriptors, fd, Rights::FD_READ, offset)?;
        memory.check(nread, 4)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        let read = in_pieces(buffers, PIECE, Amount::ToTheEnd, &mut self.waiter, |piece, done, _| {
            memory.scatter(piece, |slices| {
                let at = offset + done as u64;
                Ok(rustix::io::retry_on_intr(|| rustix::io::preadv(file, slices, at))?)
            })
        })?;
        memory.write_u32(nread, read as u32)?;
        Ok(())
    }

    /// Writes at `offset`, and leaves the position.
    pub(crate) fn fd_pwrite(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nwritten: u32,
    ) -> Outcome {
        let file = positioned(&self.descriptors, fd, Rights::FD_WRITE, offset)?;
        memory.check(nwritten, 4)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        let written = in_pieces(buffers, PIECE, Amount::All, &mut self.waiter, |piece, done, _| {
            memory.gather(piece, |slices| {
                let at = offset + done as u64;
                Ok(rustix::io::retry_on_intr(|| rustix::io::pwritev(file, slices, at))?)
            })
        })?;
        memory.write_u32(nwritten, written as u32)?;
        Ok(())
    }

    /// Moves the position, and writes the new one.
    pub(crate) fn fd_seek(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        offset: i64,
        whence: u32,
        newoffset: u32,
    ) -> Outcome {
        let to = match whence {
            0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
            1 => SeekFrom::Current(offset),
            2 => SeekFrom::End(offset),
            _ => return Err(Errno::Inval.into()),
        };
        let right = if to == SeekFrom::Current(0) { Rights::FD_TELL } else { Rights::FD_SEEK };
        self.seek(memory, fd, right, to, newoffset)
    }

    /// Writes the position.
    pub(crate) fn fd_tell(&mut self, memory: &mut GuestMemory<'_>, fd: u32, offset: u32) -> Outcome {
        self.seek(memory, fd, Rights::FD_TELL, SeekFrom::Current(0), offset)
    }

    fn seek(
        &self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        right: Rights,
        to: SeekFrom,
        newoffset: u32,
    ) -> Outcome {
        let file = self.descriptors.with(fd, right)?.host().ok_or(Errno::Spipe)?;
        memory.check(newoffset, 8)?;
        let position = rustix::fs::seek(file, to)?;
        memory.write_u64(newoffset, position)?;
        Ok(())
    }
}

/// The host's file behind `fd`, for a positioned access.
fn positioned(
    descriptors: &Descriptors,
    fd: u32,
    right: Rights,
    offset: u64,
) -> Result<BorrowedFd<'_>, Errno> {
    let file = descriptors.with(fd, right | Rights::FD_SEEK)?.host().ok_or(Errno::Spipe)?;
    if i64::try_from(offset).is_err() { Err(Errno::Inval) } else { Ok(file) }
}

/// How much one call reads or writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Amount {
    /// What is there at the first attempt.
    Some,
    /// Until less comes than asked for.
    ToTheEnd,
    /// As much as goes.
    All,
}

/// Reads or writes `buffers`, `most` bytes at once, and gives how many bytes it were. `step` is told how many are done.
fn in_pieces(
    mut buffers: Buffers,
    most: usize,
    amount: Amount,
    waiter: &mut Waiter,
    mut step: impl FnMut(&Buffers, usize, &mut Waiter) -> Result<usize, Stop>,
) -> Result<usize, Stop> {
    let mut done = 0;
    loop {
        let piece = buffers.head(most);
        let asked = piece.len();
        let moved = match step(&piece, done, waiter) {
            Ok(moved) => moved.min(asked),
            // The guest hears of it when it tries the rest.
            Err(_) if done > 0 => return Ok(done),
            Err(error) => return Err(error),
        };
        done += moved;
        buffers.advance(moved);
        let goes_on = match amount {
            Amount::Some => false,
            Amount::ToTheEnd => moved == asked,
            Amount::All => moved > 0,
        };
        if !goes_on || buffers.is_empty() || waiter.is_interrupted() {
            return Ok(done);
        }
    }
}

impl Descriptor {
    /// How much a read gives.
    fn reads(&self) -> Amount {
        if let Kind::File(_) = self.kind { Amount::ToTheEnd } else { Amount::Some }
    }

    fn read(&mut self, buffers: &mut [IoSliceMut<'_>], waiter: &mut Waiter) -> Result<usize, Stop> {
        let patient = !self.flags.contains(FdFlags::NONBLOCK);
        let Some(first) = buffers.first_mut() else { return Ok(0) };
        match &mut self.kind {
            Kind::Input(stream) => {
                Ok(waiter.until_ready(patient, |context| stream.poll_read(context, first))??)
            }
            Kind::Host(stream) if stream.waits() => {
                read(stream.io(), stream.is_nonblocking(), patient, buffers, waiter)
            }
            Kind::Special(file) => read(file.as_fd(), true, patient, buffers, waiter),
            _ => {
                let file = self.host().ok_or(Errno::Badf)?;
                Ok(rustix::io::retry_on_intr(|| rustix::io::readv(file, buffers))?)
            }
        }
    }

    fn write(&mut self, buffers: &[IoSlice<'_>], waiter: &mut Waiter) -> Result<usize, Stop> {
        let patient = !self.flags.contains(FdFlags::NONBLOCK);
        let Some(first) = buffers.first() else { return Ok(0) };
        match &mut self.kind {
            Kind::Output(stream) => {
                Ok(waiter.until_ready(patient, |context| stream.poll_write(context, first))??)
            }
            Kind::Host(stream) if stream.waits() => {
                write(stream.io(), stream.is_nonblocking(), patient, buffers, waiter)
            }
            Kind::Special(file) => write(file.as_fd(), true, patient, buffers, waiter),
            _ => {
                let file = self.host().ok_or(Errno::Badf)?;
                if self.flags.contains(FdFlags::APPEND) {
                    return Ok(append(file, buffers)?);
                }
                Ok(rustix::io::retry_on_intr(|| rustix::io::writev(file, buffers))?)
            }
        }
    }
}

/// Reads from what the guest may have to wait for, if it is `patient`.
///
/// A patient guest waits before it reads: a FIFO that nobody has opened for writing yet would be at its end.
fn read(
    file: BorrowedFd<'_>,
    nonblocking: bool,
    patient: bool,
    buffers: &mut [IoSliceMut<'_>],
    waiter: &mut Waiter,
) -> Result<usize, Stop> {
    loop {
        if patient {
            waiter.until(file, PollFlags::IN)?;
        } else if !nonblocking && !ready(file, PollFlags::IN)? {
            return Err(Errno::Again.into());
        }
        match rustix::io::retry_on_intr(|| rustix::io::readv(file, buffers)) {
            Err(Host::AGAIN) if patient => {}
            done => return Ok(done?),
        }
    }
}

/// Writes to what the guest may have to wait for, if it is `patient`.
fn write(
    file: BorrowedFd<'_>,
    nonblocking: bool,
    patient: bool,
    buffers: &[IoSlice<'_>],
    waiter: &mut Waiter,
) -> Result<usize, Stop> {
    let mut waits = !nonblocking;
    loop {
        if waits && patient {
            waiter.until(file, PollFlags::OUT)?;
        } else if waits && !ready(file, PollFlags::OUT)? {
            return Err(Errno::Again.into());
        }
        match rustix::io::retry_on_intr(|| rustix::io::writev(file, buffers)) {
            Err(Host::AGAIN) if patient => waits = true,
            done => return Ok(done?),
        }
    }
}

/// Writes at the end of the file, wherever the position is, and leaves the position behind what it wrote.
fn append(file: BorrowedFd<'_>, buffers: &[IoSlice<'_>]) -> rustix::io::Result<usize> {
    let at_once = || rustix::io::pwritev2(file, buffers, CURRENT, ReadWriteFlags::APPEND);
    match rustix::io::retry_on_intr(at_once) {
        // Old hosts and some file systems cannot do it at once.
        Err(Host::OPNOTSUPP | Host::NOSYS | Host::INVAL) => {
            rustix::fs::seek(file, SeekFrom::End(0))?;
            rustix::io::retry_on_intr(|| rustix::io::writev(file, buffers))
        }
        done => done,
    }
}
