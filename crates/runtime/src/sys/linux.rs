//! Linux: `mmap`, `mprotect`, `madvise`, `memfd_create`.

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io::pwrite;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect, munmap};
use std::io;
use std::os::fd::OwnedFd;
use std::ptr::{self, NonNull};

/// Whether a reservation costs address space only.
pub(crate) const RESERVES: bool = true;

/// The size of a page.
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}

/// A range of address space, inaccessible until committed; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the value owns the range, and gives out raw pointers only.
unsafe impl Send for Reservation {}
// SAFETY: as above; methods that change the mapping are unsafe.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `len` bytes, not zero, a multiple of the page size.
    pub(crate) fn new(len: usize) -> io::Result<Reservation> {
        // Inaccessible private pages are not charged to anybody. Committed ones are, so that the kernel
        // can refuse what it never could give: hence no `NORESERVE`.
        // SAFETY: a fresh mapping at an address of the kernel's choice disturbs nothing.
        let base = unsafe { mmap_anonymous(ptr::null_mut(), len, ProtFlags::empty(), MapFlags::PRIVATE)? };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Reservation { base, len })
    }

    /// The first byte.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Makes bytes accessible, zeroed if they were not accessible before.
    ///
    /// # Safety
    /// Page-aligned, within the reservation.
    pub(crate) unsafe fn commit(&self, at: usize, len: usize) -> io::Result<()> {
        debug_assert!(at + len <= self.len);
        if len == 0 {
            return Ok(());
        }
        // SAFETY: the range is ours, and becomes more accessible only.
        unsafe {
            let flags = MprotectFlags::READ | MprotectFlags::WRITE;
            Ok(mprotect(self.base.as_ptr().add(at).cast(), len, flags)?)
        }
    }

    /// Maps an image copy-on-write over what lies at `at`.
    ///
    /// # Safety
    /// `at` is page-aligned, the image fits, and nothing else uses these bytes.
    pub(crate) unsafe fn map_image(&self, at: usize, image: &Image) -> io::Result<()> {
        assert!(at.checked_add(image.len).is_some_and(|end| end <= self.len), "the image fits");
        // SAFETY: the range is ours, and the caller gives up what was there.
        unsafe {
            mmap(
                self.base.as_ptr().add(at).cast(),
                image.len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::FIXED,
                &image.file,
                0,
            )?;
        }
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the range is ours, and whoever got pointers into it has given them up.
        // An error would leak the range; there is nothing else to do.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
    }
}

/// Bytes to map copy-on-write, any number of times.
#[derive(Debug)]
pub(crate) struct Image {
    file: OwnedFd,
    len: usize,
}

impl Image {
    /// An image of `len` bytes (whole pages), zero but for `parts` (later ones win). `None` if the
    /// system does not give one.
    pub(crate) fn new(len: usize, parts: &[(usize, &[u8])]) -> Option<Image> {
        let file = memfd_create("windlass-image", MemfdFlags::CLOEXEC).ok()?;
        ftruncate(&file, len as u64).ok()?;
        for &(at, bytes) in parts {
            write_all(&file, at as u64, bytes).ok()?;
        }
        Some(Image { file, len })
    }
}

/// Writes all bytes at a place of a file.
pub(super) fn write_all(file: &OwnedFd, mut at: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match pwrite(file, bytes, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                bytes = &bytes[n..];
                at += n as u64;
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
