//! Any system, by the allocator: no reservations, no images.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::io;
use std::ptr::NonNull;

/// Whether a reservation costs address space only.
pub(crate) const RESERVES: bool = false;

/// The size of a page.
pub(crate) fn page_size() -> usize {
    4096
}

/// A zeroed allocation; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the value owns the bytes, and gives out raw pointers only.
unsafe impl Send for Reservation {}
// SAFETY: as above.
unsafe impl Sync for Reservation {}

impl Reservation {
    fn layout(len: usize) -> io::Result<Layout> {
        Layout::from_size_align(len, page_size()).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    /// Allocates `len` bytes, not zero, a multiple of the page size.
    pub(crate) fn new(len: usize) -> io::Result<Reservation> {
        // SAFETY: the size is not zero.
        let base = unsafe { alloc_zeroed(Self::layout(len)?) };
        let base = NonNull::new(base).ok_or(io::ErrorKind::OutOfMemory)?;
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

    /// An allocation is given back at once.
    pub(crate) fn shrink(&mut self, _len: usize) -> bool {
        false
    }

    /// All bytes are accessible already.
    ///
    /// # Safety
    /// None; as on other systems.
    pub(crate) unsafe fn commit(&self, at: usize, len: usize) -> io::Result<()> {
        debug_assert!(at + len <= self.len);
        Ok(())
    }

    /// All bytes stay accessible.
    ///
    /// # Safety
    /// None; as on other systems.
    pub(crate) unsafe fn protect(&self, at: usize, len: usize, _readable: bool) -> io::Result<()> {
        debug_assert!(at + len <= self.len);
        Ok(())
    }

    /// There are no images.
    ///
    /// # Safety
    /// None; as on other systems.
    pub(crate) unsafe fn map_image(&self, _at: usize, image: &Image) -> io::Result<()> {
        match *image {}
    }
}

/// All bytes stay accessible.
///
/// # Safety
/// None; as on other systems.
pub(crate) unsafe fn protect(_at: *mut u8, _len: usize, _readable: bool) -> io::Result<()> {
    Ok(())
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let layout = Self::layout(self.len).expect("the layout it was allocated with");
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.base.as_ptr(), layout) };
    }
}

/// There is none.
#[derive(Debug)]
pub(crate) enum Image {}

impl Image {
    /// Gives none: contents are copied.
    pub(crate) fn new(_len: usize) -> Option<Image> {
        None
    }

    /// There are no images.
    pub(crate) fn write(&self, _at: usize, _bytes: &[u8]) -> io::Result<()> {
        match *self {}
    }
}
