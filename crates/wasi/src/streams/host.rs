//! The standard streams of the host process.

use crate::types::{FileType, Rights};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};

/// So much a pipe on Linux takes at once if it takes anything.
const PIPE_BUF: usize = 4096;

/// Which of the standard streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Stdin,
    Stdout,
    Stderr,
}

/// A standard stream of the host process, lent to the guest.
///
/// The guest reads and writes it without a buffer in between, so its output stays in order across streams. If it is a
/// file, the guest can also seek in it and learn its size; it cannot resize it or set its times.
pub(crate) struct HostStream {
    which: Which,
    file_type: FileType,
    terminal: bool,
    /// The same pipe or terminal, opened once more so that it never waits. Whether the process's own one waits is
    /// not ours to change: other processes share it.
    own: Option<OwnedFd>,
}

impl HostStream {
    pub(crate) fn new(which: Which) -> HostStream {
        let mut stream = HostStream { which, file_type: FileType::Unknown, terminal: false, own: None };
        use rustix::fs::FileType as Host;
        let host = rustix::fs::fstat(stream.fd()).map(|stat| Host::from_raw_mode(stat.st_mode));
        stream.file_type = match host {
            Ok(Host::RegularFile) => FileType::RegularFile,
            Ok(Host::CharacterDevice) => FileType::CharacterDevice,
            Ok(Host::BlockDevice) => FileType::BlockDevice,
            Ok(Host::Socket) => FileType::SocketStream,
            _ => FileType::Unknown,
        };
        stream.terminal = rustix::termios::isatty(stream.fd());
        if stream.terminal || host == Ok(Host::Fifo) {
            stream.own = stream.reopen();
        }
        stream
    }

    /// Where that is not possible (nobody reads the pipe any more, the terminal is another user's, `/proc` is not
    /// mounted), the process's own is used with more care: see [`HostStream::piece`].
    fn reopen(&self) -> Option<OwnedFd> {
        let path = format!("/proc/self/fd/{}", self.fd().as_raw_fd());
        let access = if self.which == Which::Stdin { OFlags::RDONLY } else { OFlags::WRONLY };
        let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty()).ok()
    }

    /// The process's own.
    pub(crate) fn fd(&self) -> BorrowedFd<'static> {
        match self.which {
            Which::Stdin => rustix::stdio::stdin(),
            Which::Stdout => rustix::stdio::stdout(),
            Which::Stderr => rustix::stdio::stderr(),
        }
    }

    /// What to read and write.
    pub(crate) fn io(&self) -> BorrowedFd<'_> {
        self.own.as_ref().map_or(self.fd(), AsFd::as_fd)
    }

    /// Whether a read may wait for data.
    pub(crate) fn waits(&self) -> bool {
        !matches!(self.file_type, FileType::RegularFile | FileType::BlockDevice)
    }

    /// Whether reads and writes say so instead of waiting.
    pub(crate) fn is_nonblocking(&self) -> bool {
        self.own.is_some()
    }

    /// How many bytes at most can be written at once without waiting, when the stream has room; `None` is any number.
    pub(crate) fn piece(&self) -> Option<usize> {
        let has_room_for_all = self.file_type == FileType::CharacterDevice && !self.terminal;
        (self.waits() && self.own.is_none() && !has_room_for_all).then_some(PIPE_BUF)
    }

    /// The type of the host's file.
    pub(crate) fn file_type(&self) -> FileType {
        self.file_type
    }

    /// What a guest may do with it. Guests take a character device without a position for a terminal.
    pub(crate) fn rights(&self) -> Rights {
        let mut rights = match self.which {
            Which::Stdin => Rights::STREAM - Rights::FD_WRITE,
            Which::Stdout | Which::Stderr => Rights::STREAM - Rights::FD_READ,
        };
        let positioned = match self.file_type {
            FileType::RegularFile | FileType::BlockDevice => true,
            FileType::CharacterDevice => !self.terminal,
            _ => false,
        };
        if positioned {
            rights |= Rights::FD_SEEK | Rights::FD_TELL | Rights::FD_ADVISE;
        }
        rights
    }
}
