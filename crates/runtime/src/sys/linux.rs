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

    /// Gives the end of the range back, so that `len` bytes stay, whole pages. False if the system refuses.
    pub(crate) fn shrink(&mut self, len: usize) -> bool {
        assert!(len <= self.len && len != 0 && len.is_multiple_of(page_size()));
        // SAFETY: the range is ours, and whoever got pointers into it has given them up, as for a drop.
        let done = unsafe { munmap(self.base.as_ptr().add(len).cast(), self.len - len) }.is_ok();
        if done {
            self.len = len;
        }
        done
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

    /// Makes bytes readable, or inaccessible.
    ///
    /// # Safety
    /// Page-aligned, within the reservation; nobody writes them, and who reads them knows that this may fault.
    pub(crate) unsafe fn protect(&self, at: usize, len: usize, readable: bool) -> io::Result<()> {
        debug_assert!(at + len <= self.len);
        // SAFETY: the range is ours; else the caller's promise.
        unsafe { protect(self.base.as_ptr().add(at), len, readable) }
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

/// As [`Reservation::protect`], by address.
///
/// # Safety
/// As there; the range lies in a live reservation.
pub(crate) unsafe fn protect(at: *mut u8, len: usize, readable: bool) -> io::Result<()> {
    let flags = if readable { MprotectFlags::READ } else { MprotectFlags::empty() };
    // SAFETY: the caller's promise.
    unsafe { mprotect(at.cast(), len, flags) }.map_err(io::Error::from)
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
    /// A zeroed image of `len` bytes, whole pages. `None` if the system does not give one.
    pub(crate) fn new(len: usize) -> Option<Image> {
        let file = memfd_create("windlass-image", MemfdFlags::CLOEXEC).ok()?;
        ftruncate(&file, len as u64).ok()?;
        Some(Image { file, len })
    }

    /// Writes bytes to an image that is not mapped yet.
    pub(crate) fn write(&self, at: usize, bytes: &[u8]) -> io::Result<()> {
        write_all(&self.file, at as u64, bytes)
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
