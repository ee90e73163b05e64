//! `path_*`: what is done with a name under an open directory.
//!
//! `cap-std` resolves the names, and keeps them within the directory.

use super::Outcome;
use super::fd::times;
use crate::descriptors::{Descriptor, Directory, Kind};
use crate::errno::Stop;
use crate::memory::GuestMemory;
use crate::types::{FdFlags, FileStat, LookupFlags, OFlags, Rights, flags};
use crate::wait::Waiter;
use crate::{Errno, FilePerms, WasiCtx};
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, FileTypeExt as _, OpenOptions, OpenOptionsExt as _};
use rustix::fs::{AtFlags, OFlags as HostFlags};
use rustix::io::Errno as Host;

impl WasiCtx {
    /// Creates a directory.
    pub(crate) fn path_create_directory(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Outcome {
        let directory = self.descriptors.directory(fd, Rights::PATH_CREATE_DIRECTORY)?;
        directory.dir.create_dir(memory.path(path, path_len)?)?;
        Ok(())
    }

    /// Writes the attributes of a file.
    pub(crate) fn path_filestat_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        stat: u32,
    ) -> Outcome {
        let directory = self.descriptors.directory(fd, Rights::PATH_FILESTAT_GET)?;
        let path = memory.path(path, path_len)?;
        let metadata = match follows(lookup)? {
            true => directory.dir.metadata(path)?,
            false => directory.dir.symlink_metadata(path)?,
        };
        memory.write(stat, &FileStat::from(&metadata).encode())?;
        Ok(())
    }

    /// Sets the times of a file.
    pub(crate) fn path_filestat_set_times(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        atim: u64,
        mtim: u64,
        fst_flags: u32,
    ) -> Outcome {
        let directory = self.descriptors.directory(fd, Rights::PATH_FILESTAT_SET_TIMES)?;
        let path = memory.path(path, path_len)?;
        let times = times(atim, mtim, fst_flags)?;
        // Opened only for its name, so that neither a FIFO makes it wait nor a device notices.
        let file = directory.dir.open_with(path, options(follows(lookup)?, HostFlags::PATH).read(true))?;
        rustix::fs::utimensat(file, "", &times, AtFlags::EMPTY_PATH)?;
        Ok(())
    }

    /// Gives a file a further name. Symbolic links are never followed: hosts differ too much in it.
    pub(crate) fn path_link(
        &mut self,
        memory: &mut GuestMemory<'_>,
        old_fd: u32,
        old_flags: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Outcome {
        let old = self.descriptors.directory(old_fd, Rights::PATH_LINK_SOURCE)?;
        let new = self.descriptors.directory(new_fd, Rights::PATH_LINK_TARGET)?;
        let (from, to) = (memory.path(old_path, old_path_len)?, memory.path(new_path, new_path_len)?);
        if follows(old_flags)? {
            return Err(Errno::Inval.into());
        }
        old.may_give_to(new)?;
        old.dir.hard_link(from, &new.dir, to)?;
        Ok(())
    }

    /// Opens a file or directory, and writes its descriptor.
    ///
    /// Of the rights that the guest asks for, those to read and to write decide how the host opens the file; it must
    /// have them to inherit. All others it gets as far as it can inherit them, whether it asks or not: libraries ask
    /// for too few of them and then do more.
    pub(crate) fn path_open(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        dirflags: u32,
        path: u32,
        path_len: u32,
        oflags: u32,
        base: u64,
        _inheriting: u64,
        fdflags: u32,
        opened_fd: u32,
    ) -> Outcome {
        let oflags: OFlags = flags(oflags)?;
        let fdflags: FdFlags = flags(fdflags)?;
        let follow = follows(dirflags)?;
        let mut needed = Rights::PATH_OPEN;
        needed.set(Rights::PATH_CREATE_FILE, oflags.contains(OFlags::CREAT));
        needed.set(Rights::PATH_FILESTAT_SET_SIZE, oflags.contains(OFlags::TRUNC));
        self.descriptors.directory(fd, Rights::PATH_OPEN)?;
        let parent = self.descriptors.directory(fd, needed)?;
        let inherited = self.descriptors.get(fd)?.inheriting;
        let path = memory.path(path, path_len)?;
        memory.check(opened_fd, 4)?;

        if oflags.contains(OFlags::DIRECTORY)
            && oflags.intersects(OFlags::CREAT | OFlags::EXCL | OFlags::TRUNC)
        {
            return Err(Errno::Inval.into());
        }
        let access = Rights::from_bits_truncate(base) & (Rights::FD_READ | Rights::FD_WRITE);
        if !inherited.contains(access) {
            return Err(Errno::NotCapable.into());
        }
        parent.opens(access, oflags)?;
        self.descriptors.check_room()?;
        let kind = parent.open(&path, follow, access, oflags, fdflags, &mut self.waiter)?;

        let mut descriptor = Descriptor::new(kind);
        if let Kind::File(_) | Kind::Special(_) = descriptor.kind {
            descriptor.base -= (Rights::FD_READ | Rights::FD_WRITE) - access;
            // The host would set the times even of a file that is open for reading only.
            descriptor.base.set(Rights::FD_FILESTAT_SET_TIMES, parent.file_perms.contains(FilePerms::WRITE));
            descriptor.flags = fdflags;
        }
        descriptor.base &= inherited;
        descriptor.inheriting &= inherited;
        let number = self.descriptors.insert(descriptor)?;
        memory.write_u32(opened_fd, number)?;
        Ok(())
    }

    /// Writes what a symbolic link says, as much of it as there is room for.
    pub(crate) fn path_readlink(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
        buf: u32,
        buf_len: u32,
        bufused: u32,
    ) -> Outcome {
        let directory = self.descriptors.directory(fd, Rights::PATH_READLINK)?;
        let path = memory.path(path, path_len)?;
        memory.check(buf, buf_len as usize)?;
        memory.check(bufused, 4)?;
        let target =
            directory.dir.read_link(path)?.into_os_string().into_string().map_err(|_| Errno::Ilseq)?;
        let fitting = &target.as_bytes()[..target.len().min(buf_len as usize)];
        memory.write(buf, fitting)?;
        memory.write_u32(bufused, fitting.len() as u32)?;
        Ok(())
    }

    /// Removes an empty directory.
    pub(crate) fn path_remove_directory(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Outcome {
        let directory = self.descriptors.directory(fd, Rights::PATH_REMOVE_DIRECTORY)?;
        let path = memory.path(path, path_len)?;
        // With a slash at its end, `cap-std` takes a name for that of the directory's own entry, `name/.`, which the
        // host does not remove.
        directory.dir.remove_dir(without_slashes(&path))?;
        Ok(())
    }

    /// Renames a file or directory.
    pub(crate) fn path_rename(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Outcome {
        let old = self.descriptors.directory(fd, Rights::PATH_RENAME_SOURCE)?;
        let new = self.descriptors.directory(new_fd, Rights::PATH_RENAME_TARGET)?;
        let (from, to) = (memory.path(old_path, old_path_len)?, memory.path(new_path, new_path_len)?);
        old.may_give_to(new)?;
        // Only a directory can get a name with a slash behind it; `cap-std` does not mind.
        if to.ends_with('/') && old.dir.symlink_metadata(&from).is_ok_and(|old| !old.is_dir()) {
            return match new.dir.symlink_metadata(without_slashes(&to)).map_err(Errno::from) {
                Ok(_) | Err(Errno::NoEnt) => Err(Errno::NotDir.into()),
                Err(error) => Err(error.into()),
            };
        }
        old.dir.rename(from, &new.dir, to)?;
        Ok(())
    }

    /// Creates a symbolic link at `new_path` that says `old_path`, which must be relative.
    pub(crate) fn path_symlink(
        &mut self,
        memory: &mut GuestMemory<'_>,
        old_path: u32,
        old_path_len: u32,
        fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Outcome {
        let directory = self.descriptors.directory(fd, Rights::PATH_SYMLINK)?;
        let (target, link) = (memory.path(old_path, old_path_len)?, memory.path(new_path, new_path_len)?);
        Dir::symlink(&directory.dir, target, link)?;
        Ok(())
    }

    /// Removes a name that is not a directory's.
    pub(crate) fn path_unlink_file(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Outcome {
        let directory = self.descriptors.directory(fd, Rights::PATH_UNLINK_FILE)?;
        directory.dir.remove_file(memory.path(path, path_len)?)?;
        Ok(())
    }
}

impl Directory {
    /// Whether the embedder lets the guest open a file here so.
    fn opens(&self, access: Rights, oflags: OFlags) -> Result<(), Errno> {
        let mut needed = FilePerms::empty();
        needed.set(FilePerms::READ, access.contains(Rights::FD_READ));
        needed.set(FilePerms::WRITE, access.contains(Rights::FD_WRITE) || oflags.contains(OFlags::TRUNC));
        if self.file_perms.contains(needed) { Ok(()) } else { Err(Errno::Perm) }
    }

    /// Opens `path`, which becomes a directory like this one if it is one.
    ///
    /// The host never waits: for the other end of a FIFO the guest waits here if it writes, and with its first read if it
    /// reads.
    fn open(
        &self,
        path: &str,
        follow: bool,
        access: Rights,
        oflags: OFlags,
        fdflags: FdFlags,
        waiter: &mut Waiter,
    ) -> Result<Kind, Stop> {
        let write = access.contains(Rights::FD_WRITE);
        // A terminal that the guest opens must not become the host's.
        let never = HostFlags::NONBLOCK | HostFlags::NOCTTY;
        let mut options = options(follow, oflags.host() | fdflags.host() | never);
        // The host knows no files that can be neither read nor written: those it opens for reading.
        options.read(access.contains(Rights::FD_READ) || !write).write(write);
        let file = loop {
            match self.dir.open_with(path, &options) {
                Err(error)
                    if !fdflags.contains(FdFlags::NONBLOCK) && self.opens_later(&error, path, follow) =>
                {
                    waiter.pause()?;
                }
                // To hosts a link is no directory; to guests it is a link that is not followed.
                Err(error)
                    if Host::from_io_error(&error) == Some(Host::NOTDIR)
                        && oflags.contains(OFlags::DIRECTORY)
                        && !follow
                        && !path.ends_with('/')
                        && !path.ends_with("/.")
                        && self.dir.symlink_metadata(path).is_ok_and(|it| it.is_symlink()) =>
                {
                    return Err(Errno::Loop.into());
                }
                done => break done?,
            }
        };
        let file_type = file.metadata()?.file_type();
        if !oflags.contains(OFlags::DIRECTORY) && !file_type.is_dir() {
            let waits = !file_type.is_file() && !file_type.is_block_device();
            return Ok(if waits { Kind::Special(file) } else { Kind::File(file) });
        }
        Ok(Kind::Directory(Directory {
            dir: Dir::from_std_file(file.into_std()),
            dir_perms: self.dir_perms,
            file_perms: self.file_perms,
            preopened_as: None,
            listing: None,
        }))
    }

    /// Whether the error is that somebody else does not have the file open yet, or still has.
    fn opens_later(&self, error: &std::io::Error, path: &str, follow: bool) -> bool {
        let metadata =
            |follow| if follow { self.dir.metadata(path) } else { self.dir.symlink_metadata(path) };
        match Host::from_io_error(error) {
            // Nobody reads the FIFO. Whatever else lacks something will not have it later.
            Some(Host::NXIO) => metadata(follow).is_ok_and(|it| it.file_type().is_fifo()),
            // Somebody holds a lease.
            Some(Host::AGAIN) => true,
            _ => false,
        }
    }
}

/// How to open a file; whether it is read or written is to be said.
fn options(follow: bool, flags: HostFlags) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.follow(if follow { FollowSymlinks::Yes } else { FollowSymlinks::No });
    options.custom_flags(flags.bits() as i32);
    options
}

/// A path without the slashes at its end; of nothing but slashes, itself.
fn without_slashes(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => path,
        name => name,
    }
}

/// Whether a symbolic link at the end of a path is followed.
fn follows(lookup: u32) -> Result<bool, Errno> {
    Ok(flags::<LookupFlags>(lookup)?.contains(LookupFlags::SYMLINK_FOLLOW))
}
