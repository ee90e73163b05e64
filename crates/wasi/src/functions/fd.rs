//! What is told and changed of an open descriptor as a whole: status, flags, rights, size, times, sync, closing.

use super::Outcome;
use crate::descriptors::Kind;
use crate::errno::Stop;
use crate::memory::GuestMemory;
use crate::types::{FdFlags, FdStat, FstFlags, Rights, flags, timespec};
use crate::{Errno, WasiCtx};
use rustix::fd::BorrowedFd;
use rustix::fs::{Advice, FallocateFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use std::num::NonZeroU64;

impl WasiCtx {
    /// Tells the host how a part of a file will be used.
    pub(crate) fn fd_advise(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        offset: u64,
        len: u64,
        advice: u32,
    ) -> Outcome {
        let advice = match advice {
            0 => Advice::Normal,
            1 => Advice::Sequential,
            2 => Advice::Random,
            3 => Advice::WillNeed,
            4 => Advice::DontNeed,
            5 => Advice::NoReuse,
            _ => return Err(Errno::Inval.into()),
        };
        let file = self.host(fd, Rights::FD_ADVISE)?;
        if i64::try_from(offset).is_err() {
            return Err(Errno::Inval.into());
        }
        rustix::fs::fadvise(file, offset, NonZeroU64::new(len), advice)?;
        Ok(())
    }

    /// Makes sure that the host has space for a part of a file, and lengthens the file to include it.
    pub(crate) fn fd_allocate(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        offset: u64,
        len: u64,
    ) -> Outcome {
        let file = self.host(fd, Rights::FD_ALLOCATE)?;
        let end = offset.checked_add(len).ok_or(Errno::Fbig)?;
        if i64::try_from(end).is_err() {
            return Err(Errno::Fbig.into());
        }
        rustix::io::retry_on_intr(|| rustix::fs::fallocate(file, FallocateFlags::empty(), offset, len))?;
        Ok(())
    }

    /// Closes a descriptor.
    pub(crate) fn fd_close(&mut self, _memory: &mut GuestMemory<'_>, fd: u32) -> Outcome {
        let flushed = self.flush(fd);
        if flushed != Err(Stop::Interrupted) {
            self.descriptors.remove(fd)?;
        }
        flushed
    }

    /// Waits until a file's data is on the disk.
    pub(crate) fn fd_datasync(&mut self, _memory: &mut GuestMemory<'_>, fd: u32) -> Outcome {
        self.sync(fd, Rights::FD_DATASYNC, |file| rustix::fs::fdatasync(file))
    }

    /// Waits until a file's data and attributes are on the disk.
    pub(crate) fn fd_sync(&mut self, _memory: &mut GuestMemory<'_>, fd: u32) -> Outcome {
        self.sync(fd, Rights::FD_SYNC, |file| rustix::fs::fsync(file))
    }

    /// Writes a descriptor's type, flags and rights.
    pub(crate) fn fd_fdstat_get(&mut self, memory: &mut GuestMemory<'_>, fd: u32, stat: u32) -> Outcome {
        let descriptor = self.descriptors.get(fd)?;
        let status = FdStat {
            file_type: descriptor.file_type()?,
            flags: descriptor.flags,
            base: descriptor.base,
            inheriting: descriptor.inheriting,
        };
        memory.write(stat, &status.encode())?;
        Ok(())
    }

    /// Changes a descriptor's flags. Those of synchronized writing are fixed when it is opened; the others are kept here,
    /// and obeyed here.
    pub(crate) fn fd_fdstat_set_flags(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        flags_: u32,
    ) -> Outcome {
        let flags: FdFlags = flags(flags_)?;
        let descriptor = self.descriptors.with_mut(fd, Rights::FD_FDSTAT_SET_FLAGS)?;
        let changed = flags ^ descriptor.flags;
        if changed.intersects(FdFlags::DSYNC | FdFlags::RSYNC | FdFlags::SYNC) {
            return Err(Errno::Inval.into());
        }
        descriptor.flags = flags;
        Ok(())
    }

    /// Gives up rights.
    pub(crate) fn fd_fdstat_set_rights(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        base: u64,
        inheriting: u64,
    ) -> Outcome {
        let descriptor = self.descriptors.get_mut(fd)?;
        let base = Rights::from_bits(base).ok_or(Errno::NotCapable)?;
        let inheriting = Rights::from_bits(inheriting).ok_or(Errno::NotCapable)?;
        if !descriptor.base.contains(base) || !descriptor.inheriting.contains(inheriting) {
            return Err(Errno::NotCapable.into());
        }
        (descriptor.base, descriptor.inheriting) = (base, inheriting);
        Ok(())
    }

    /// Writes the attributes of the file behind a descriptor.
    pub(crate) fn fd_filestat_get(&mut self, memory: &mut GuestMemory<'_>, fd: u32, stat: u32) -> Outcome {
        let attributes = self.descriptors.with(fd, Rights::FD_FILESTAT_GET)?.file_stat()?;
        memory.write(stat, &attributes.encode())?;
        Ok(())
    }

    /// Cuts a file, or lengthens it with zeros.
    pub(crate) fn fd_filestat_set_size(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        size: u64,
    ) -> Outcome {
        let file = self.host(fd, Rights::FD_FILESTAT_SET_SIZE)?;
        rustix::io::retry_on_intr(|| rustix::fs::ftruncate(file, size))?;
        Ok(())
    }

    /// Sets a file's times.
    pub(crate) fn fd_filestat_set_times(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        atim: u64,
        mtim: u64,
        flags: u32,
    ) -> Outcome {
        let times = times(atim, mtim, flags)?;
        let descriptor = self.descriptors.with(fd, Rights::FD_FILESTAT_SET_TIMES)?;
        if let Kind::Directory(directory) = &descriptor.kind {
            directory.allows(Rights::PATH_FILESTAT_SET_TIMES)?;
        }
        let file = descriptor.host().ok_or(Errno::Badf)?;
        rustix::fs::futimens(file, &times)?;
        Ok(())
    }

    /// Moves a descriptor to the number of another one, which is closed.
    pub(crate) fn fd_renumber(&mut self, _memory: &mut GuestMemory<'_>, fd: u32, to: u32) -> Outcome {
        self.descriptors.get(fd)?;
        let flushed = if fd == to { Ok(()) } else { self.flush(to) };
        if flushed != Err(Stop::Interrupted) {
            self.descriptors.renumber(fd, to)?;
        }
        flushed
    }

    /// Brings what a custom stream keeps to where it is to go.
    fn flush(&mut self, fd: u32) -> Outcome {
        if let Kind::Output(stream) = &mut self.descriptors.get_mut(fd)?.kind {
            self.waiter.until_ready(true, |context| stream.poll_flush(context))??;
        }
        Ok(())
    }

    /// The host's file behind `fd`, which must have `rights`.
    fn host(&self, fd: u32, rights: Rights) -> Result<BorrowedFd<'_>, Errno> {
        self.descriptors.with(fd, rights)?.host().ok_or(Errno::Badf)
    }

    fn sync(
        &mut self,
        fd: u32,
        right: Rights,
        sync: impl Fn(BorrowedFd<'_>) -> rustix::io::Result<()>,
    ) -> Outcome {
        use rustix::io::Errno as Host;
        self.descriptors.with(fd, right)?;
        self.flush(fd)?;
        match self.descriptors.get(fd)?.host().map(|file| rustix::io::retry_on_intr(|| sync(file))) {
            // A pipe or a terminal has nothing to bring to a disk.
            Some(Err(Host::INVAL | Host::ROFS | Host::OPNOTSUPP)) | Some(Ok(())) | None => Ok(()),
            Some(Err(error)) => Err(Stop::from(error)),
        }
    }
}

/// What flags say of the times of access and modification; saying two things of one is [`Errno::Inval`].
pub(super) fn times(atim: u64, mtim: u64, fst_flags: u32) -> Result<Timestamps, Errno> {
    let flags: FstFlags = flags(fst_flags)?;
    let time = |at: FstFlags, now: FstFlags, value| match (flags.contains(at), flags.contains(now)) {
        (true, true) => Err(Errno::Inval),
        (true, false) => Ok(timespec(value)),
        (false, true) => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_NOW }),
        (false, false) => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }),
    };
    Ok(Timestamps {
        last_access: time(FstFlags::ATIM, FstFlags::ATIM_NOW, atim)?,
        last_modification: time(FstFlags::MTIM, FstFlags::MTIM_NOW, mtim)?,
    })
}
