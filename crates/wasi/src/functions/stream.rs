//! Reading, writing and the position: `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`, `fd_seek`, `fd_tell`.

use super::Outcome;
use crate::descriptors::{Descriptor, Kind};
use crate::memory::GuestMemory;
use crate::types::{FdFlags, Rights};
use crate::{Errno, WasiCtx, wait};
use rustix::event::PollFlags;
use rustix::fd::BorrowedFd;
use rustix::fs::SeekFrom;
use rustix::io::{Errno as Host, ReadWriteFlags};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};

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
        let read = memory.scatter(&buffers, |slices| descriptor.read(slices))?;
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
        let written = memory.gather(&buffers, |slices| descriptor.write(slices))?;
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
        let file = self.positioned(fd, Rights::FD_READ, offset)?;
        memory.check(nread, 4)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        let read = memory.scatter(&buffers, |slices| {
            rustix::io::retry_on_intr(|| rustix::io::preadv(file, slices, offset))
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
        let file = self.positioned(fd, Rights::FD_WRITE, offset)?;
        memory.check(nwritten, 4)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        let written = memory.gather(&buffers, |slices| {
            rustix::io::retry_on_intr(|| rustix::io::pwritev(file, slices, offset))
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

    /// The host's file behind `fd`, for a positioned access.
    fn positioned(&self, fd: u32, right: Rights, offset: u64) -> Result<BorrowedFd<'_>, Errno> {
        let file = self.descriptors.with(fd, right | Rights::FD_SEEK)?.host().ok_or(Errno::Spipe)?;
        if i64::try_from(offset).is_err() { Err(Errno::Inval) } else { Ok(file) }
    }
}

impl Descriptor {
    fn read(&mut self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize, Errno> {
        match &mut self.kind {
            Kind::Input(stream) => Ok(retry(|| stream.read_vectored(buffers))?),
            Kind::Host(stream) => {
                let nonblock = self.flags.contains(FdFlags::NONBLOCK);
                if nonblock && !wait::ready(stream.fd(), PollFlags::IN)? {
                    return Err(Errno::Again);
                }
                wait::read(stream.fd(), buffers)
            }
            _ => wait::read(self.host().ok_or(Errno::Badf)?, buffers),
        }
    }

    fn write(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        match &mut self.kind {
            Kind::Output(stream) => Ok(retry(|| stream.write_vectored(buffers))?),
            Kind::File(_) if self.flags.contains(FdFlags::APPEND) => {
                append(self.host().ok_or(Errno::Badf)?, buffers)
            }
            _ => wait::write(self.host().ok_or(Errno::Badf)?, buffers),
        }
    }
}

/// Writes at the end of the file, wherever the position is, and leaves the position behind what it wrote.
fn append(file: BorrowedFd<'_>, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
    let at_once = || rustix::io::pwritev2(file, buffers, CURRENT, ReadWriteFlags::APPEND);
    match rustix::io::retry_on_intr(at_once) {
        // Old hosts and some file systems cannot do it at once.
        Err(Host::OPNOTSUPP | Host::NOSYS | Host::INVAL | Host::SPIPE) => {
            match rustix::fs::seek(file, SeekFrom::End(0)) {
                Ok(_) | Err(Host::SPIPE) => wait::write(file, buffers),
                Err(error) => Err(error.into()),
            }
        }
        done => Ok(done?),
    }
}

/// Repeats a call of a custom stream that was interrupted.
fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            done => return done,
        }
    }
}
