//! Machine code in memory: pages that can be executed, and how their bytes get there.
//!
//! The bytes are shared memory without a name that is mapped twice: once to be written, once to be executed; so no
//! page is ever writable and executable at an address, and pages that run are never touched. (Not a file in memory: `perf`
//! looks into its map of JIT-compiled functions only for what it takes to be anonymous.)

use rustix::mm::{
    MapFlags, MprotectFlags, MremapFlags, ProtFlags, mmap, mmap_anonymous, mprotect, mremap_fixed, munmap,
};
use std::fs::File;
use std::io;
use std::ptr::{self, NonNull};

/// The bytes of code, writable. What [`TextView::map`] has mapped stays when this goes.
#[derive(Debug)]
pub(crate) struct TextView {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the value owns the mapping.
unsafe impl Send for TextView {}

impl TextView {
    /// `len` zeroes, whole pages, which take no memory until they are written.
    pub(crate) fn new(len: usize) -> io::Result<TextView> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a mapping at an address of the kernel's choice, which nobody uses.
        let base = unsafe { mmap_anonymous(ptr::null_mut(), len, protection, MapFlags::SHARED)? };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(TextView { base, len })
    }

    /// Writes bytes.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        assert!(at.checked_add(bytes.len()).is_some_and(|end| end <= self.len), "within the text");
        // SAFETY: within the mapping, which is ours; who executes the bytes has been told of none of them yet.
        unsafe { self.base.as_ptr().add(at).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// Maps all of it for execution.
    ///
    /// # Safety
    /// `at` is page-aligned, and the caller owns the addresses, which nothing uses.
    pub(crate) unsafe fn map(&self, at: *mut u8) -> io::Result<()> {
        // SAFETY: an old size of zero maps shared pages once more; the caller gives up what was there.
        // Nobody knows the new mapping before it is for execution only.
        unsafe {
            mremap_fixed(self.base.as_ptr().cast(), 0, self.len, MremapFlags::MAYMOVE, at.cast())?;
            Ok(mprotect(at.cast(), self.len, MprotectFlags::READ | MprotectFlags::EXEC)?)
        }
    }
}

impl Drop for TextView {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nobody has a pointer into it. An error would leak it.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
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
/// As for [`TextView::map`].
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
/// As for [`TextView::map`].
pub(crate) unsafe fn unmap(at: *mut u8, len: usize) -> io::Result<()> {
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: the caller gives up what was there.
    unsafe { mmap_anonymous(at.cast(), len, ProtFlags::empty(), flags)? };
    Ok(())
}
