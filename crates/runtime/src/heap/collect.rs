//! Collecting: what roots reach is copied to a new space, in the order in which it is reached; the
//! rest stays behind. The copied objects themselves are the list of what is still to be looked at
//! (Cheney), so deep structures need no stack.

use super::externs::Externs;
use super::{EXTERN_COST, Header, Heap, Kind, MIN_THRESHOLD, Word};
use crate::failure::HeapFull;
use crate::ids::GcRef;
use crate::store::StoreInner;
use crate::tag::Tag;

/// A collection that is going on.
struct Collector<'a> {
    from: &'a mut [Word],
    to: &'a mut Vec<Word>,
    externs: &'a mut Externs,
    /// Number of slots looked at.
    visited: usize,
}

impl Collector<'_> {
    /// Copies the object that `bits` refer to, unless it was, and updates them.
    fn forward(&mut self, bits: &mut u32) {
        self.visited += 1;
        let Some(reference) = GcRef::from_bits(*bits as u64) else { return };
        let at = reference.0.get() as usize;
        // SAFETY: roots and payload references name headers, which are numbers.
        let header = Header::decode(unsafe { self.from[at].assume_init() });
        if header.kind == Kind::Forwarded {
            *bits = header.link;
            return;
        }
        let new = self.to.len() as u32;
        // Within the capacity: the new space was made as long as the old one.
        self.to.extend_from_slice(&self.from[at..at + header.words as usize]);
        if header.kind == Kind::Extern {
            self.externs.mark(header.link);
        }
        self.from[at] = Header { kind: Kind::Forwarded, words: header.words, link: new }.encode();
        *bits = new;
    }

    /// Looks through the copied objects from word `at` on, copying what they refer to.
    fn scan(&mut self, mut at: usize, tags: &[Tag]) {
        while at < self.to.len() {
            // SAFETY: `at` is at an object's header.
            let header = Header::decode(unsafe { self.to[at].assume_init() });
            if header.kind == Kind::Exception {
                for slot in &tags[header.link as usize].ref_slots[..] {
                    let place = at + 1 + *slot as usize;
                    // SAFETY: a slot of a reference holds a number.
                    let mut bits = unsafe { self.to[place].assume_init() } as u32;
                    self.forward(&mut bits);
                    self.to[place] = Word::new(bits as u64);
                }
            }
            at += header.words as usize;
        }
    }
}

impl Heap {
    /// Decides after a collection when the next one comes, such that `words` fit before it. A heap that
    /// is almost full of live objects counts as full: it would be collected all the time.
    pub(super) fn choose_threshold(&mut self, words: usize) -> Result<(), HeapFull> {
        let live = self.used();
        let needed = live.saturating_add(words);
        // In proportion to what survived, and to what a collection has to look at: large tables.
        let least = MIN_THRESHOLD.max(self.work / 2).max(2 * live);
        self.threshold = least.saturating_add(words).min(self.max);
        if needed > self.max - self.max / 16 { Err(HeapFull) } else { Ok(()) }
    }
}

impl StoreInner {
    /// Collects. Roots are the slots that code reports, globals, tables, the pending exception, and the
    /// host's roots. Host values that nothing reaches are dropped at the end.
    ///
    /// If the system has no memory for the new space, nothing is collected.
    pub(crate) fn collect(&mut self) {
        let heap = &mut self.heap;
        heap.collections += 1;
        // In stress mode the new space starts with a gap of another length than the old one's, so that
        // every object moves, and references that were not updated lead elsewhere.
        let gap = if heap.stress { 1 + (heap.collections % 61) as usize } else { 1 };
        let mut from = std::mem::take(&mut heap.space);
        let mut to = std::mem::take(&mut heap.spare);
        if to.try_reserve(from.len() + gap).is_err() {
            heap.space = from;
            return;
        }
        to.resize(gap, Word::new(0));
        let mut collector =
            Collector { from: &mut from, to: &mut to, externs: &mut heap.externs, visited: 0 };

        // SAFETY: the chain of activations is that of the entries going on, each of which has left its
        // code; slots that it reports, and globals and tables of the store, are live.
        unsafe {
            let vm = self.shared.vmstore();
            collector.forward(&mut (*vm).pending_exception);
            let mut activation = (*vm).activation;
            while !activation.is_null() {
                self.config.processor.roots(activation, &mut |slot| {
                    let mut bits = slot.read() as u32;
                    collector.forward(&mut bits);
                    slot.write(bits as u64);
                });
                activation = (*activation).prev;
            }
            for global in &self.globals {
                global.visit_reference(&mut |bits| collector.forward(bits));
            }
        }
        for table in &mut self.tables {
            table.visit_references(&mut |bits| collector.forward(bits));
        }
        self.roots.visit(&mut |bits| collector.forward(bits));
        collector.scan(gap, &self.tags);
        let visited = collector.visited;

        let heap = &mut self.heap;
        heap.space = to;
        heap.work = visited + heap.externs.slots();
        from.clear();
        // The old space becomes the next new one, unless that would hold on to far too much.
        if from.capacity() <= MIN_THRESHOLD.max(4 * heap.space.len()) {
            heap.spare = from;
        }
        heap.externs.sweep();
    }
}

const _: () = assert!(EXTERN_COST * size_of::<Word>() >= 32, "a slot and a small box");
