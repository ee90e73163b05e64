//! Where contexts lie.
//!
//! Code that polls for interruption reads a page at a fixed distance below its context. So contexts of
//! stores whose code does so lie in chunks of pages:
//!
//! ```text
//! inaccessible │ poll page │ contexts, each of which starts in this page │ the rest of the last one
//! ```
//!
//! Other contexts are allocations of their own. All are reached through raw pointers only.

use crate::failure::Error;
use crate::interrupt::StoreShared;
use crate::sys::{self, Reservation};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::io;
use std::ptr::NonNull;
use windlass_abi::native::POLL_DISTANCE;
use windlass_abi::vm::VMContext;

/// A context's memory.
#[derive(Debug)]
pub(crate) struct Context {
    place: NonNull<VMContext>,
    layout: Layout,
    /// Whether it lies in a chunk, which frees it.
    polled: bool,
}

impl Context {
    /// A zeroed context of this size, which has room for the fixed part.
    ///
    /// # Errors
    /// If the host has no memory.
    pub(crate) fn new(size: usize) -> Result<Context, Error> {
        let layout = layout(size)?;
        // SAFETY: the size is not zero: a context has a fixed part.
        let place =
            NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(|| no_memory(size, &"out of memory"))?;
        Ok(Context { place: place.cast(), layout, polled: false })
    }

    pub(crate) fn as_ptr(&self) -> *mut VMContext {
        self.place.as_ptr()
    }

    /// What lies at an offset that the module's layout gave.
    pub(crate) fn at<T>(&self, offset: u32) -> NonNull<T> {
        debug_assert!(offset as usize + size_of::<T>() <= self.layout.size());
        // SAFETY: offsets of the layout lie within its size.
        unsafe { self.place.cast::<u8>().add(offset as usize).cast() }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if !self.polled {
            // SAFETY: allocated with this layout; dropped with the store, or before code has seen it.
            unsafe { dealloc(self.place.as_ptr().cast(), self.layout) };
        }
    }
}

fn layout(size: usize) -> Result<Layout, Error> {
    Layout::from_size_align(size, align_of::<VMContext>()).map_err(|error| no_memory(size, &error))
}

fn no_memory(size: usize, why: &dyn std::fmt::Display) -> Error {
    Error::host_memory("an instance", size, why)
}

/// The contexts of a store whose code polls. They are freed together.
#[derive(Default)]
pub(crate) struct PolledContexts {
    chunks: Vec<Chunk>,
}

struct Chunk {
    memory: Reservation,
    /// Bytes behind the poll page that are taken.
    used: usize,
}

/// A page that code polls.
#[derive(Clone, Copy)]
pub(crate) struct PollPage(*const u8);

impl PolledContexts {
    /// As [`Context::new`]; new poll pages are told of interruptions of the store.
    ///
    /// # Errors
    /// If the host has no memory.
    pub(crate) fn alloc(&mut self, size: usize, shared: &StoreShared) -> Result<Context, Error> {
        let layout = layout(size)?;
        let fits = |chunk: &&mut Chunk| {
            chunk.used < POLL_DISTANCE && size <= chunk.memory.len() - 2 * POLL_DISTANCE - chunk.used
        };
        let chunk = match self.chunks.last_mut().filter(fits) {
            Some(chunk) => chunk,
            None => {
                let chunk = Chunk::new(size).map_err(|error| no_memory(size, &error))?;
                // SAFETY: chunks are freed with the store, which has them forgotten before.
                unsafe { shared.watch_page(chunk.poll_page()) };
                self.chunks.push(chunk);
                self.chunks.last_mut().expect("just pushed")
            }
        };
        // SAFETY: that much is committed, and nobody else's.
        let place = unsafe { chunk.memory.base().add(2 * POLL_DISTANCE + chunk.used) };
        chunk.used = (chunk.used + size).next_multiple_of(align_of::<VMContext>());
        Ok(Context { place: place.cast(), layout, polled: true })
    }
}

impl Chunk {
    /// A chunk with room for a context of this size.
    fn new(size: usize) -> io::Result<Chunk> {
        // Code has this size built in.
        assert_eq!(sys::page_size(), POLL_DISTANCE, "a poll page is a page of the system");
        let pages = size.div_ceil(POLL_DISTANCE);
        let memory = Reservation::new((2 + pages) * POLL_DISTANCE)?;
        // The page before the poll page stays inaccessible. So the poll page never is one range of the same kind with what
        // lies around it, and to make it inaccessible, too, takes the system no memory.
        // SAFETY: both are within the reservation, and nobody knows it yet.
        unsafe {
            memory.protect(POLL_DISTANCE, POLL_DISTANCE, true)?;
            memory.commit(2 * POLL_DISTANCE, pages * POLL_DISTANCE)?;
        }
        Ok(Chunk { memory, used: 0 })
    }

    fn poll_page(&self) -> PollPage {
        // SAFETY: within the reservation.
        PollPage(unsafe { self.memory.base().add(POLL_DISTANCE) }.as_ptr())
    }
}

impl PollPage {
    /// Whether code that polls goes on, or faults.
    ///
    /// If the page stays inaccessible for want of memory, code is slow, but not wrong.
    pub(crate) fn set_readable(self, readable: bool) {
        // SAFETY: it is a poll page as long as it is watched; code only reads it, and may fault.
        let done = unsafe { sys::protect(self.0.cast_mut(), POLL_DISTANCE, readable) };
        debug_assert!(done.is_ok() || readable, "{done:?}");
    }
}
