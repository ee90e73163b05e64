//! The standard streams of the host as guests see them, and a buffer to collect a guest's output in.

use crate::types::{FileType, Rights};
use rustix::fd::BorrowedFd;
use std::io::{self, IoSlice, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// A standard stream of the host process, lent to the guest.
///
/// The guest reads and writes it without a buffer in between, so its output stays in order across streams. If it is a
/// file, the guest can also seek in it and learn its size; it cannot resize it or set its times.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HostStream {
    Stdin,
    Stdout,
    Stderr,
}

impl HostStream {
    pub(crate) fn fd(self) -> BorrowedFd<'static> {
        match self {
            HostStream::Stdin => rustix::stdio::stdin(),
            HostStream::Stdout => rustix::stdio::stdout(),
            HostStream::Stderr => rustix::stdio::stderr(),
        }
    }

    /// The type of the host's file.
    pub(crate) fn file_type(self) -> FileType {
        use rustix::fs::FileType as Host;
        match rustix::fs::fstat(self.fd()).map(|stat| Host::from_raw_mode(stat.st_mode)) {
            Ok(Host::RegularFile) => FileType::RegularFile,
            Ok(Host::CharacterDevice) => FileType::CharacterDevice,
            Ok(Host::BlockDevice) => FileType::BlockDevice,
            Ok(Host::Socket) => FileType::SocketStream,
            _ => FileType::Unknown,
        }
    }

    /// What a guest may do with it. Guests take a character device without a position for a terminal.
    pub(crate) fn rights(self) -> Rights {
        let mut rights = match self {
            HostStream::Stdin => Rights::STREAM - Rights::FD_WRITE,
            HostStream::Stdout | HostStream::Stderr => Rights::STREAM - Rights::FD_READ,
        };
        let positioned = match self.file_type() {
            FileType::RegularFile | FileType::BlockDevice => true,
            FileType::CharacterDevice => !rustix::termios::isatty(self.fd()),
            _ => false,
        };
        if positioned {
            rights |= Rights::FD_SEEK | Rights::FD_TELL | Rights::FD_ADVISE;
        }
        rights
    }
}

/// Collects a guest's output in memory: give a clone to
/// [`WasiCtxBuilder::stdout`](crate::WasiCtxBuilder::stdout), and read what came in.
#[derive(Clone, Debug, Default)]
pub struct OutputBuffer(Arc<Mutex<Vec<u8>>>);

impl OutputBuffer {
    /// An empty buffer.
    pub fn new() -> OutputBuffer {
        OutputBuffer::default()
    }

    /// What has been written so far.
    pub fn contents(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for OutputBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut contents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = contents.len();
        for buffer in buffers {
            contents.extend_from_slice(buffer);
        }
        Ok(contents.len() - before)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
