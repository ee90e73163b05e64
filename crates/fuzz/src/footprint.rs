//! What a case leaves behind: bytes of the heap, address space, descriptors.
//!
//! The heap is counted by an allocator that a program installs:
//!
//! ```
//! #[global_allocator]
//! static HEAP: windlass_fuzz::footprint::Counting = windlass_fuzz::footprint::Counting;
//! ```
//!
//! What is left behind is counted for the process, because threads free what others have allocated; what is taken at once, for
//! each thread, so that several can be measured.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

/// The system's allocator, counted.
pub struct Counting;

/// Bytes of the process.
static ALL: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    /// Bytes of this thread, and the most that it had.
    static HEAP: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    ALL.fetch_add(bytes, Relaxed);
    // A thread that ends frees what is left when its counters are gone.
    let _ = HEAP.try_with(|heap| {
        heap.set(heap.get() + bytes);
        PEAK.with(|peak| peak.set(peak.get().max(heap.get())));
    });
}

// SAFETY: all is left to the system's allocator, with the arguments as they came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of the same function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// The largest number of bytes of the heap that this thread had while `f` ran, beyond those before; 0 if nobody counts.
pub fn peak_of<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = HEAP.get();
    PEAK.set(before);
    let result = f();
    (result, PEAK.get().saturating_sub(before).max(0) as usize)
}

/// What this process holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes of the heap.
    pub heap: isize,
    /// Bytes of address space.
    pub space: u64,
    /// Open descriptors.
    pub descriptors: usize,
}

impl Footprint {
    /// Now.
    pub fn now() -> Footprint {
        let space = fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages: u64 = space.split(' ').next().and_then(|pages| pages.parse().ok()).unwrap_or(0);
        let descriptors = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        Footprint { heap: ALL.load(Relaxed), space: pages * 4096, descriptors }
    }
}

/// How often a case is repeated to see what it leaves behind.
const REPEATS: usize = 4;

/// Repeats a case; says in what it grew every time, if it did. What is cached is cached the first time.
pub fn growth(mut case: impl FnMut()) -> Option<String> {
    case();
    let mut all = [Footprint::default(); REPEATS + 1];
    all[0] = Footprint::now();
    for after in &mut all[1..] {
        case();
        *after = Footprint::now();
    }
    let heap = all.windows(2).all(|pair| pair[1].heap > pair[0].heap);
    let space = all.windows(2).all(|pair| pair[1].space > pair[0].space);
    let descriptors = all.windows(2).all(|pair| pair[1].descriptors > pair[0].descriptors);
    (heap || space || descriptors).then(|| format!("each run leaves something behind: {all:x?}"))
}
