//! The data of WASI preview 1 as it lies in guest memory: flags, and records with their encodings.
//!
//! Numbers are little-endian, at the offsets that the specification gives.

use crate::Errno;
use bitflags::bitflags;
use cap_std::fs::{FileTypeExt as _, Metadata, MetadataExt as _};
use rustix::fs::{OFlags as HostFlags, Timespec};

bitflags! {
    /// What may be done with a descriptor, or (as inheriting rights) with descriptors opened through it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Rights: u64 {
        const FD_DATASYNC = 1 << 0;
        const FD_READ = 1 << 1;
        const FD_SEEK = 1 << 2;
        const FD_FDSTAT_SET_FLAGS = 1 << 3;
        const FD_SYNC = 1 << 4;
        const FD_TELL = 1 << 5;
        const FD_WRITE = 1 << 6;
        const FD_ADVISE = 1 << 7;
        const FD_ALLOCATE = 1 << 8;
        const PATH_CREATE_DIRECTORY = 1 << 9;
        const PATH_CREATE_FILE = 1 << 10;
        const PATH_LINK_SOURCE = 1 << 11;
        const PATH_LINK_TARGET = 1 << 12;
        const PATH_OPEN = 1 << 13;
        const FD_READDIR = 1 << 14;
        const PATH_READLINK = 1 << 15;
        const PATH_RENAME_SOURCE = 1 << 16;
        const PATH_RENAME_TARGET = 1 << 17;
        const PATH_FILESTAT_GET = 1 << 18;
        const PATH_FILESTAT_SET_SIZE = 1 << 19;
        const PATH_FILESTAT_SET_TIMES = 1 << 20;
        const FD_FILESTAT_GET = 1 << 21;
        const FD_FILESTAT_SET_SIZE = 1 << 22;
        const FD_FILESTAT_SET_TIMES = 1 << 23;
        const PATH_SYMLINK = 1 << 24;
        const PATH_REMOVE_DIRECTORY = 1 << 25;
        const PATH_UNLINK_FILE = 1 << 26;
        const POLL_FD_READWRITE = 1 << 27;
        const SOCK_SHUTDOWN = 1 << 28;
        const SOCK_ACCEPT = 1 << 29;

        /// All that has a meaning for a directory.
        const DIRECTORY = Self::PATH_CREATE_DIRECTORY.bits()
            | Self::PATH_CREATE_FILE.bits()
            | Self::PATH_LINK_SOURCE.bits()
            | Self::PATH_LINK_TARGET.bits()
            | Self::PATH_OPEN.bits()
            | Self::FD_READDIR.bits()
            | Self::PATH_READLINK.bits()
            | Self::PATH_RENAME_SOURCE.bits()
            | Self::PATH_RENAME_TARGET.bits()
            | Self::PATH_FILESTAT_GET.bits()
            | Self::PATH_FILESTAT_SET_SIZE.bits()
            | Self::PATH_FILESTAT_SET_TIMES.bits()
            | Self::PATH_SYMLINK.bits()
            | Self::PATH_REMOVE_DIRECTORY.bits()
            | Self::PATH_UNLINK_FILE.bits()
            | Self::FD_FILESTAT_GET.bits()
            | Self::FD_FILESTAT_SET_TIMES.bits()
            | Self::FD_FDSTAT_SET_FLAGS.bits()
            | Self::FD_DATASYNC.bits()
            | Self::FD_SYNC.bits();

        /// All that has a meaning for a stream without a position.
        const STREAM = Self::FD_READ.bits()
            | Self::FD_WRITE.bits()
            | Self::FD_FDSTAT_SET_FLAGS.bits()
            | Self::FD_DATASYNC.bits()
            | Self::FD_SYNC.bits()
            | Self::FD_FILESTAT_GET.bits()
            | Self::POLL_FD_READWRITE.bits();

        /// All that has a meaning for a file.
        const FILE = Self::STREAM.bits()
            | Self::FD_SEEK.bits()
            | Self::FD_TELL.bits()
            | Self::FD_ADVISE.bits()
            | Self::FD_ALLOCATE.bits()
            | Self::FD_FILESTAT_SET_SIZE.bits()
            | Self::FD_FILESTAT_SET_TIMES.bits();

        /// What changes a directory or what lies in it.
        const MUTATING = Self::PATH_CREATE_DIRECTORY.bits()
            | Self::PATH_CREATE_FILE.bits()
            | Self::PATH_LINK_SOURCE.bits()
            | Self::PATH_LINK_TARGET.bits()
            | Self::PATH_RENAME_SOURCE.bits()
            | Self::PATH_RENAME_TARGET.bits()
            | Self::PATH_FILESTAT_SET_SIZE.bits()
            | Self::PATH_FILESTAT_SET_TIMES.bits()
            | Self::PATH_SYMLINK.bits()
            | Self::PATH_REMOVE_DIRECTORY.bits()
            | Self::PATH_UNLINK_FILE.bits();
    }

    /// Flags of an open descriptor.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct FdFlags: u16 {
        const APPEND = 1 << 0;
        const DSYNC = 1 << 1;
        const NONBLOCK = 1 << 2;
        const RSYNC = 1 << 3;
        const SYNC = 1 << 4;
    }

    /// How `path_open` opens.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OFlags: u16 {
        const CREAT = 1 << 0;
        const DIRECTORY = 1 << 1;
        const EXCL = 1 << 2;
        const TRUNC = 1 << 3;
    }

    /// How the last component of a path is treated.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct LookupFlags: u32 {
        const SYMLINK_FOLLOW = 1 << 0;
    }

    /// Which times are set, and to what.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct FstFlags: u16 {
        const ATIM = 1 << 0;
        const ATIM_NOW = 1 << 1;
        const MTIM = 1 << 2;
        const MTIM_NOW = 1 << 3;
    }
}

/// Reads flags of `bits` wide that the guest passes as a 32-bit parameter; unknown bits are [`Errno::Inval`].
pub(crate) fn flags<F: bitflags::Flags>(value: u32) -> Result<F, Errno>
where
    F::Bits: TryFrom<u32>,
{
    F::Bits::try_from(value).ok().and_then(F::from_bits).ok_or(Errno::Inval)
}

impl FdFlags {
    /// The flags that the host keeps. `APPEND` is not among them: see [`crate::functions`] on positioned writes. Nor is
    /// `NONBLOCK`: the host never waits.
    pub(crate) fn host(self) -> HostFlags {
        let mut host = HostFlags::empty();
        host.set(HostFlags::DSYNC, self.contains(FdFlags::DSYNC));
        if self.intersects(FdFlags::SYNC | FdFlags::RSYNC) {
            // On Linux RSYNC is SYNC, which includes DSYNC.
            host |= HostFlags::SYNC;
        }
        host
    }
}

impl OFlags {
    /// The host's flags of the same meaning.
    pub(crate) fn host(self) -> HostFlags {
        let mut host = HostFlags::empty();
        host.set(HostFlags::CREATE, self.contains(OFlags::CREAT));
        host.set(HostFlags::DIRECTORY, self.contains(OFlags::DIRECTORY));
        host.set(HostFlags::EXCL, self.contains(OFlags::EXCL));
        host.set(HostFlags::TRUNC, self.contains(OFlags::TRUNC));
        host
    }
}

/// The type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FileType {
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SocketStream = 6,
    SymbolicLink = 7,
}

impl From<cap_std::fs::FileType> for FileType {
    fn from(host: cap_std::fs::FileType) -> FileType {
        match host {
            t if t.is_dir() => FileType::Directory,
            t if t.is_file() => FileType::RegularFile,
            t if t.is_symlink() => FileType::SymbolicLink,
            t if t.is_char_device() => FileType::CharacterDevice,
            t if t.is_block_device() => FileType::BlockDevice,
            t if t.is_socket() => FileType::SocketStream,
            _ => FileType::Unknown,
        }
    }
}

/// What is told of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FdStat {
    pub file_type: FileType,
    pub flags: FdFlags,
    pub base: Rights,
    pub inheriting: Rights,
}

impl FdStat {
    pub(crate) fn encode(&self) -> [u8; 24] {
        let mut out = [0; 24];
        out[0] = self.file_type as u8;
        out[2..4].copy_from_slice(&self.flags.bits().to_le_bytes());
        out[8..16].copy_from_slice(&self.base.bits().to_le_bytes());
        out[16..24].copy_from_slice(&self.inheriting.bits().to_le_bytes());
        out
    }
}

/// What is told of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStat {
    pub dev: u64,
    pub ino: u64,
    pub file_type: FileType,
    pub nlink: u64,
    pub size: u64,
    /// Times of access, modification and change of status, in nanoseconds since 1970.
    pub times: [u64; 3],
}

impl FileStat {
    /// Of a stream that is no file of the host.
    pub(crate) const STREAM: FileStat =
        FileStat { dev: 0, ino: 0, file_type: FileType::Unknown, nlink: 1, size: 0, times: [0; 3] };

    pub(crate) fn encode(&self) -> [u8; 64] {
        let mut out = [0; 64];
        let [atim, mtim, ctim] = self.times;
        let words = [self.dev, self.ino, self.file_type as u64, self.nlink, self.size, atim, mtim, ctim];
        for (place, word) in out.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        out
    }
}

impl From<&Metadata> for FileStat {
    fn from(host: &Metadata) -> FileStat {
        FileStat {
            dev: cap_fs_ext::MetadataExt::dev(host),
            ino: cap_fs_ext::MetadataExt::ino(host),
            file_type: host.file_type().into(),
            nlink: cap_fs_ext::MetadataExt::nlink(host),
            size: host.len(),
            times: [
                nanoseconds(host.atime(), host.atime_nsec()),
                nanoseconds(host.mtime(), host.mtime_nsec()),
                nanoseconds(host.ctime(), host.ctime_nsec()),
            ],
        }
    }
}

/// A time of the host as a timestamp. Times that it cannot express (before 1970, after 2554) become the nearest.
fn nanoseconds(seconds: i64, nanoseconds: i64) -> u64 {
    let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    total.clamp(0, i128::from(u64::MAX)) as u64
}

/// A timestamp as a time of the host.
pub(crate) fn timespec(nanoseconds: u64) -> Timespec {
    Timespec { tv_sec: (nanoseconds / 1_000_000_000) as i64, tv_nsec: (nanoseconds % 1_000_000_000) as _ }
}

/// A directory entry's fixed part; its name follows.
pub(crate) fn encode_dirent(next: u64, ino: u64, name_len: usize, file_type: FileType) -> [u8; 24] {
    let mut out = [0; 24];
    out[0..8].copy_from_slice(&next.to_le_bytes());
    out[8..16].copy_from_slice(&ino.to_le_bytes());
    out[16..20].copy_from_slice(&(name_len as u32).to_le_bytes());
    out[20] = file_type as u8;
    out
}
