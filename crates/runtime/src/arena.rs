//! Objects that never move: what code and frames point to while a store lives.

use std::mem::{MaybeUninit, needs_drop};
use std::ptr::NonNull;

/// Objects of one type, each at an address that stays until the arena is dropped.
///
/// Gives out raw pointers: each chunk is one allocation that the arena never borrows again.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    chunks: Vec<NonNull<[MaybeUninit<T>]>>,
    /// Objects in the last chunk.
    used: usize,
}

impl<T> Arena<T> {
    /// Objects in the first chunk; each further one is twice as long, up to [`Self::LONGEST`].
    const FIRST: usize = 16;
    const LONGEST: usize = 1024;

    pub(crate) fn new() -> Arena<T> {
        const { assert!(!needs_drop::<T>(), "an arena drops nothing") };
        Arena { chunks: Vec::new(), used: 0 }
    }

    /// Puts a value in its place for good.
    pub(crate) fn alloc(&mut self, value: T) -> NonNull<T> {
        if self.chunks.last().is_none_or(|c| c.len() == self.used) {
            let len = self.chunks.last().map_or(Self::FIRST, |c| (c.len() * 2).min(Self::LONGEST));
            let chunk = Box::leak(Box::new_uninit_slice(len));
            self.chunks.push(NonNull::from(chunk));
            self.used = 0;
        }
        let chunk = self.chunks[self.chunks.len() - 1];
        // SAFETY: `used` is below the chunk's length, and the place is not used yet.
        let place = unsafe { chunk.cast::<T>().add(self.used) };
        self.used += 1;
        // SAFETY: as above.
        unsafe { place.write(value) };
        place
    }
}

impl<T> Drop for Arena<T> {
    fn drop(&mut self) {
        for chunk in &self.chunks {
            // SAFETY: leaked by `alloc` from such a box; the owner of the arena drops it after
            // everything that points into it.
            drop(unsafe { Box::from_raw(chunk.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_in_place() {
        let mut arena = Arena::new();
        let places: Vec<_> = (0..5000u32).map(|i| (i, arena.alloc(i))).collect();
        // SAFETY: the arena lives.
        assert!(places.iter().all(|(i, p)| unsafe { p.read() } == *i));
    }
}
