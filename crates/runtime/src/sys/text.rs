//! Machine code in memory: pages that can be executed, and how their bytes get there.
//!
//! The bytes are those of an anonymous file. They are mapped for execution only, and written through
//! the file, so that no page is ever writable and executable, and pages that run are never touched.

use super::linux::write_all;
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::ptr;

/// The bytes of code.
#[derive(Debug)]
pub(crate) struct TextFile(OwnedFd);

impl TextFile {
    /// A file of `len` zeroes, which take no memory until they are written.
    pub(crate) fn new(len: usize) -> io::Result<TextFile> {
        let file = memfd_create("windlass-code", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, len as u64)?;
        Ok(TextFile(file))
    }

    /// Writes bytes.
    pub(crate) fn write(&self, at: usize, bytes: &[u8]) -> io::Result<()> {
        write_all(&self.0, at as u64, bytes)
    }

    /// Maps the first `len` bytes for execution.
    ///
    /// # Safety
    /// `at` is page-aligned, and the caller owns the addresses, which nothing uses.
    pub(crate) unsafe fn map(&self, at: *mut u8, len: usize) -> io::Result<()> {
        let protection = ProtFlags::READ | ProtFlags::EXEC;
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: the caller gives up what was there.
        unsafe { mmap(at.cast(), len, protection, flags, &self.0, 0)? };
        Ok(())
    }
}

/// Maps the start of a file as if it were code, for good.
pub(crate) fn map_marker(file: &File) -> io::Result<()> {
    let protection = ProtFlags::READ | ProtFlags::EXEC;
    // SAFETY: a mapping at an address of the kernel's choice, which nobody uses.
    unsafe { mmap(ptr::null_mut(), super::page_size(), protection, MapFlags::PRIVATE, file, 0)? };
    Ok(())
}

/// Maps private zeroes that can be written.
///
/// # Safety
/// As for [`TextFile::map`].
pub(crate) unsafe fn map_words(at: *mut u8, len: usize) -> io::Result<()> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: the caller gives up what was there.
    unsafe { mmap_anonymous(at.cast(), len, protection, flags)? };
    Ok(())
}

/// Makes pages inaccessible again and gives their memory back.
///
/// # Safety
/// As for [`TextFile::map`].
pub(crate) unsafe fn unmap(at: *mut u8, len: usize) -> io::Result<()> {
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: the caller gives up what was there.
    unsafe { mmap_anonymous(at.cast(), len, ProtFlags::empty(), flags)? };
    Ok(())
}
