//! Moving bytes that other threads may access at the same time: by relaxed atomic operations.
//!
//! Bytes are moved one by one where source and destination are not aligned alike, else in words.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

const WORD: usize = size_of::<usize>();

/// Copies `len` bytes; the ranges may overlap.
///
/// # Safety
/// `src` is readable and `dst` writable for `len` bytes; accesses by other threads are atomic.
pub(crate) unsafe fn copy(dst: *mut u8, src: *const u8, len: usize) {
    // A copy to a lower address goes upwards, another downwards, so that overlaps come out right.
    let upwards = dst.addr() <= src.addr();
    let alike = dst.addr() % WORD == src.addr() % WORD;
    let head = if alike { src.align_offset(WORD).min(len) } else { len };
    let words = (len - head) / WORD;
    let tail = head + words * WORD;
    // SAFETY: `i` stays below `len`.
    let byte = |i: usize| unsafe {
        let b = AtomicU8::from_ptr(src.add(i).cast_mut()).load(Relaxed);
        AtomicU8::from_ptr(dst.add(i)).store(b, Relaxed);
    };
    // SAFETY: `head + i * WORD` is aligned in both, and a word from there ends below `len`.
    let word = |i: usize| unsafe {
        let w = AtomicUsize::from_ptr(src.add(head + i * WORD).cast_mut().cast()).load(Relaxed);
        AtomicUsize::from_ptr(dst.add(head + i * WORD).cast()).store(w, Relaxed);
    };
    if upwards {
        (0..head).for_each(byte);
        (0..words).for_each(word);
        (tail..len).for_each(byte);
    } else {
        (tail..len).rev().for_each(byte);
        (0..words).rev().for_each(word);
        (0..head).rev().for_each(byte);
    }
}

/// Sets `len` bytes to `value`.
///
/// # Safety
/// `dst` is writable for `len` bytes; accesses by other threads are atomic.
pub(crate) unsafe fn fill(dst: *mut u8, value: u8, len: usize) {
    if cfg!(feature = "planted-race") {
        // SAFETY: within the range. That this is a race, when others access it, is the purpose.
        return (0..len).for_each(|i| unsafe { dst.add(i).write(value) });
    }
    let head = dst.align_offset(WORD).min(len);
    let words = (len - head) / WORD;
    let tail = head + words * WORD;
    // SAFETY: `i` stays below `len`.
    let byte = |i: usize| unsafe { AtomicU8::from_ptr(dst.add(i)).store(value, Relaxed) };
    (0..head).for_each(byte);
    let pattern = usize::from_ne_bytes([value; WORD]);
    for i in 0..words {
        // SAFETY: aligned, and a word from there ends below `len`.
        unsafe { AtomicUsize::from_ptr(dst.add(head + i * WORD).cast()).store(pattern, Relaxed) };
    }
    (tail..len).for_each(byte);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_as_slices_do() {
        for (src, dst, len) in
            [(0, 8, 40), (8, 0, 40), (1, 9, 33), (3, 4, 30), (4, 3, 30), (0, 0, 8), (5, 20, 0)]
        {
            let mut expected: Vec<u8> = (0..64).collect();
            let mut buffer: Vec<usize> = vec![0; 8];
            let base: *mut u8 = buffer.as_mut_ptr().cast();
            // SAFETY: 64 bytes, aligned to a word, used by this thread alone.
            unsafe {
                base.copy_from(expected.as_ptr(), 64);
                copy(base.add(dst), base.add(src), len);
                expected.copy_within(src..src + len, dst);
                assert_eq!(std::slice::from_raw_parts(base, 64), expected, "{src} {dst} {len}");
            }
        }
    }

    #[test]
    fn fills() {
        let mut buffer = [0u8; 40];
        // SAFETY: within the buffer.
        unsafe { fill(buffer.as_mut_ptr().add(3), 0xab, 30) };
        assert!(buffer.iter().enumerate().all(|(i, b)| *b == if (3..33).contains(&i) { 0xab } else { 0 }));
    }
}
