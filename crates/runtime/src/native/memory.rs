//! Where code lies: one range of addresses for the whole process, parts of which modules get and give back.
//!
//! ```text
//! a module's part   [ slots: private, writable | text: executable ]
//! ```
//!
//! The text is never writable: see [`text`]. Slots lie directly below it, the last one last.

use crate::failure::Error;
use crate::sys::text::{self, TextView};
use crate::sys::{self, Reservation};
use once_cell::sync::OnceCell;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

/// Sizes of the range to try, the largest first: a process may be allowed less.
const SIZES: [usize; 4] = [64 << 30, 8 << 30, 1 << 30, 128 << 20];

/// The range; empty until the first module gets a part of it.
static START: AtomicUsize = AtomicUsize::new(0);
static END: AtomicUsize = AtomicUsize::new(0);

/// Whether an address is one of code. May be asked by signal handlers.
pub(super) fn contains(pc: usize) -> bool {
    START.load(Relaxed) <= pc && pc < END.load(Relaxed)
}

/// The range, and which parts of it nobody has.
struct Range {
    all: Reservation,
    /// Free parts by offset. No two of them touch.
    free: Mutex<BTreeMap<usize, usize>>,
}

impl Range {
    /// The range of this process.
    fn get() -> Result<&'static Range, Error> {
        static RANGE: OnceCell<Result<Range, String>> = OnceCell::new();
        let range = RANGE.get_or_init(|| {
            let mut result = Err(String::new());
            for size in SIZES {
                match Reservation::new(size) {
                    Ok(all) => {
                        let start = all.base().as_ptr().expose_provenance();
                        START.store(start, Relaxed);
                        END.store(start + size, Relaxed);
                        return Ok(Range { all, free: Mutex::new([(0, size)].into()) });
                    }
                    Err(error) => result = Err(error.to_string()),
                }
            }
            result
        });
        range.as_ref().map_err(|why| Error::host_memory("machine code", SIZES[SIZES.len() - 1], why))
    }

    fn free(&self) -> MutexGuard<'_, BTreeMap<usize, usize>> {
        self.free.lock()
    }

    /// Takes `len` bytes, whole pages, from the first place that has them.
    fn take(&self, len: usize) -> Option<usize> {
        let mut free = self.free();
        let (at, size) = free.iter().map(|(at, size)| (*at, *size)).find(|(_, size)| *size >= len)?;
        free.remove(&at);
        if size > len {
            free.insert(at + len, size - len);
        }
        Some(at)
    }

    /// Gives a part back, which is inaccessible again.
    fn give_back(&self, mut at: usize, mut len: usize) {
        let mut free = self.free();
        if let Some(next) = free.remove(&(at + len)) {
            len += next;
        }
        if let Some((&before, &size)) = free.range(..at).next_back()
            && before + size == at
        {
            (at, len) = (before, size + len);
        }
        free.insert(at, len);
    }
}

/// A module's part of the range.
pub(super) struct CodeMemory {
    range: &'static Range,
    at: usize,
    /// Bytes before the text, whole pages.
    slots_len: usize,
    /// Bytes of text, whole pages.
    text_len: usize,
    slots: u32,
    /// The bytes of text, while more may be written, and the process that has made it.
    view: Mutex<Option<(TextView, u32)>>,
}

impl CodeMemory {
    /// Memory for `slots` slots and a text that starts with `text` and may get `len` bytes long.
    pub(super) fn new(slots: u32, text: &[u8], len: usize) -> Result<CodeMemory, Error> {
        let len = len.max(text.len()).max(1);
        let failed = |why: &dyn std::fmt::Display| Error::host_memory("machine code", len, why);
        let pages = |len: usize| sys::round_up_to_page(len).filter(|len| *len <= i32::MAX as usize);
        let sizes = pages(slots as usize * size_of::<AtomicPtr<u8>>()).zip(pages(len));
        let (slots_len, text_len) = sizes.ok_or_else(|| failed(&"more than 2 GiB"))?;
        let range = Range::get()?;
        let at = range.take(slots_len + text_len).ok_or_else(|| failed(&"the space for code is full"))?;
        let view = Mutex::new(None);
        let memory = CodeMemory { range, at, slots_len, text_len, slots, view };
        memory.map(text, len > text.len()).map_err(|error| failed(&error))?;
        Ok(memory)
    }

    fn map(&self, text: &[u8], keep: bool) -> io::Result<()> {
        let mut view = TextView::new(self.text_len)?;
        view.write(0, text);
        // SAFETY: these addresses are ours, and nobody knows them yet.
        unsafe {
            if self.slots_len != 0 {
                text::map_words(self.base(), self.slots_len)?;
            }
            view.map(self.text().cast_mut())?;
        }
        if keep {
            *self.view() = Some((view, std::process::id()));
        }
        Ok(())
    }

    fn view(&self) -> MutexGuard<'_, Option<(TextView, u32)>> {
        self.view.lock()
    }

    fn base(&self) -> *mut u8 {
        // SAFETY: the part lies in the range.
        unsafe { self.range.all.base().as_ptr().add(self.at) }
    }

    /// The first byte of the text.
    pub(super) fn text(&self) -> *const u8 {
        // SAFETY: the text lies in the part.
        unsafe { self.base().add(self.slots_len) }
    }

    /// Bytes that the text may have.
    pub(super) fn text_len(&self) -> usize {
        self.text_len
    }

    /// A slot.
    pub(super) fn slot(&self, number: u32) -> &AtomicPtr<u8> {
        assert!(number < self.slots, "a slot of the module");
        let below = (self.slots - number) as usize;
        // SAFETY: slots lie below the text, are aligned and zero at first, and are only accessed atomically,
        // but by code, which reads them.
        unsafe { &*self.text().cast::<AtomicPtr<u8>>().sub(below) }
    }

    /// Writes code to a place of the text that nothing runs yet; the text must not have been complete.
    pub(super) fn write(&self, at: usize, bytes: &[u8]) -> io::Result<()> {
        assert!(at + bytes.len() <= self.text_len, "within the text");
        let mut view = self.view();
        let (text, process) = view.as_mut().expect("code is added to a text that was not complete");
        let here = std::process::id();
        if *process != here {
            // A process that has forked shares the memory with its child: the child goes on with a copy.
            let mut copy = TextView::new(self.text_len)?;
            // SAFETY: up to `at` the text is written and readable; the copy has the same bytes there.
            unsafe {
                copy.write(0, std::slice::from_raw_parts(self.text(), at));
                copy.map(self.text().cast_mut())?;
            }
            (*text, *process) = (copy, here);
        }
        text.write(at, bytes);
        Ok(())
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        let len = self.slots_len + self.text_len;
        // SAFETY: the part is ours, and whoever owned the code runs none of it any more.
        // What cannot be unmapped stays as it is, and is lost.
        if unsafe { text::unmap(self.base(), len) }.is_ok() {
            self.range.give_back(self.at, len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn parts_come_back() {
        let page = sys::page_size();
        let range = Range { all: Reservation::new(page).unwrap(), free: Mutex::new([(0, 10)].into()) };
        let parts: Vec<_> = (0..5).map(|_| range.take(2).unwrap()).collect();
        assert_eq!((parts, range.take(1)), (vec![0, 2, 4, 6, 8], None));
        for at in [4, 0, 8, 2] {
            range.give_back(at, 2);
        }
        assert_eq!(*range.free(), [(0, 6), (8, 2)].into());
        assert_eq!(
            (range.take(7), range.take(6), range.take(2), range.take(1)),
            (None, Some(0), Some(8), None)
        );
    }

    #[test]
    fn text_and_slots() {
        let memory = CodeMemory::new(3, &[0xc3, 0x90], 5000).unwrap();
        assert!(contains(memory.text().addr()));
        // `ret`.
        // SAFETY: the text is a function that returns.
        unsafe { std::mem::transmute::<*const u8, extern "C" fn()>(memory.text())() };
        memory.slot(2).store(ptr::without_provenance_mut(7), Relaxed);
        // SAFETY: the slot, as code reads it.
        assert_eq!(unsafe { memory.text().cast::<usize>().sub(1).read() }, 7);
        // `mov eax, 5; ret`.
        memory.write(4096, &[0xb8, 5, 0, 0, 0, 0xc3]).unwrap();
        // SAFETY: a function just written.
        let f: extern "C" fn() -> u32 = unsafe { std::mem::transmute(memory.text().add(4096)) };
        assert_eq!(f(), 5);
    }

    #[test]
    fn too_much_is_an_error() {
        assert!(matches!(CodeMemory::new(0, &[], 3 << 30), Err(Error::HostMemory { .. })));
    }
}
