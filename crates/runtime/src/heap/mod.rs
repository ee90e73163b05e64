//! The store's heap: objects behind 32-bit references, collected precisely by copying.
//!
//! A reference is the index of an object's first word in the space, never 0. An object is a header
//! word and, for exceptions, the payload slots:
//!
//! ```text
//! host value   [ index in Externs : 32 | words = 1     : 30 | kind : 2 ]
//! exception    [ number of its tag: 32 | words         : 30 | kind : 2 ] [ slot 0 ] [ slot 1 ] …
//! forwarded    [ new reference    : 32 | words         : 30 | kind : 2 ] …   (in the old space, while collecting)
//! ```
//!
//! Allocation appends to the space; when it reaches a threshold, what is reachable is copied to a new
//! one ([`collect`]). The threshold grows with what was reachable last time and with the work that it
//! took, so that the cost of collecting is in proportion to what is allocated, and memory to what lives.

mod collect;
mod externs;

use crate::failure::HeapFull;
use crate::ids::{GcRef, RefKind, TagId};
use crate::store::{Store, StoreInner};
use crate::tag::Tag;
use externs::{Externs, HostValue};
use std::any::Any;
use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use windlass_abi::types::ValKind;
use windlass_abi::vm::ValRaw;

/// A word of the space. Payload slots may hold pointers or be unwritten in part, so words are moved as
/// they are; headers are always numbers.
type Word = MaybeUninit<u64>;

/// What a header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
enum Kind {
    Extern = 1,
    Exception = 2,
    Forwarded = 3,
}

#[derive(Clone, Copy, Debug)]
struct Header {
    kind: Kind,
    words: u32,
    /// By kind: index in `Externs`, number of the tag, new reference.
    link: u32,
}

impl Header {
    fn encode(self) -> Word {
        Word::new((self.link as u64) << 32 | (self.words as u64) << 2 | self.kind as u64)
    }

    fn decode(bits: u64) -> Header {
        let kind = match bits & 3 {
            1 => Kind::Extern,
            2 => Kind::Exception,
            3 => Kind::Forwarded,
            _ => panic!("a heap reference leads to an object"),
        };
        Header { kind, words: (bits as u32) >> 2, link: (bits >> 32) as u32 }
    }
}

/// Collections start at this many words at the least: 512 KiB.
const MIN_THRESHOLD: usize = 64 << 10;
/// What a host value counts beside its object, in words: its slot and its box.
const EXTERN_COST: usize = 5;

/// The heap of a store.
pub(crate) struct Heap {
    /// The space. Word 0 is not used.
    space: Vec<Word>,
    /// The other space's memory, empty between collections.
    spare: Vec<Word>,
    externs: Externs,
    /// Words in use at which to collect.
    threshold: usize,
    /// Words in use that must not be exceeded.
    max: usize,
    stress: bool,
    /// Slots that the last collection looked at.
    work: usize,
    /// Number of collections so far.
    collections: u64,
}

impl Heap {
    /// The most words of a heap of so many bytes. References are 32-bit.
    fn words(max_bytes: usize) -> usize {
        (max_bytes / size_of::<Word>()).min(u32::MAX as usize)
    }

    pub(crate) fn new(max_bytes: usize, stress: bool) -> Heap {
        let max = Heap::words(max_bytes);
        Heap {
            space: Vec::new(),
            spare: Vec::new(),
            externs: Externs::default(),
            threshold: MIN_THRESHOLD.min(max),
            max,
            stress,
            work: 0,
            collections: 0,
        }
    }

    /// Limits the heap anew. If it is larger already, there is no room until enough of it is garbage.
    fn set_max(&mut self, max_bytes: usize) {
        self.max = Heap::words(max_bytes);
        self.threshold = self.threshold.min(self.max);
    }

    #[cfg(test)]
    pub(crate) fn collections(&self) -> u64 {
        self.collections
    }

    /// Words in use, garbage included, and with what host values take elsewhere.
    fn used(&self) -> usize {
        self.space.len() + self.externs.used() * EXTERN_COST
    }

    /// Whether `words` more ask for a collection first.
    fn must_collect(&self, words: usize) -> bool {
        self.stress || self.used() + words > self.threshold
    }

    fn header(&self, reference: GcRef) -> Header {
        // SAFETY: words of the space are written when the space grows, and the word that a reference
        // names is a header.
        Header::decode(unsafe { self.space[reference.0.get() as usize].assume_init() })
    }

    /// The payload of an exception.
    fn payload(&self, reference: GcRef, words: u32) -> &[Word] {
        let start = reference.0.get() as usize;
        &self.space[start + 1..start + words as usize]
    }

    /// Appends an object, for which there is room below the threshold.
    fn append(&mut self, header: Header, payload: &[Word]) -> Result<GcRef, HeapFull> {
        debug_assert_eq!(header.words as usize, 1 + payload.len());
        self.space.try_reserve(2 + payload.len()).map_err(|_| HeapFull)?;
        if self.space.is_empty() {
            self.space.push(Word::new(0));
        }
        let reference = u32::try_from(self.space.len()).ok().and_then(NonZeroU32::new);
        let reference = reference.expect("the space holds fewer than 2^32 words");
        self.space.push(header.encode());
        self.space.extend_from_slice(payload);
        Ok(GcRef(reference))
    }
}

impl StoreInner {
    /// Makes room for `words` and one host value, collecting if it is time.
    fn make_room(&mut self, words: usize) -> Result<(), HeapFull> {
        if self.heap.must_collect(words) {
            self.collect();
            self.heap.choose_threshold(words)?;
        }
        Ok(())
    }

    /// Puts a host value on the heap.
    fn alloc_extern(&mut self, value: HostValue) -> Result<GcRef, (HeapFull, HostValue)> {
        // One word more for the unused first one.
        if let Err(full) = self.make_room(2 + EXTERN_COST) {
            return Err((full, value));
        }
        let link = self.heap.externs.add(value).map_err(|value| (HeapFull, value))?;
        let header = Header { kind: Kind::Extern, words: 1, link };
        self.heap.append(header, &[]).map_err(|full| (full, self.heap.externs.remove(link)))
    }

    /// Makes an exception. `payload` holds the slots of the tag's parameters; references among them
    /// are kept alive by this function.
    pub(crate) fn alloc_exception(&mut self, tag: TagId, payload: &[Word]) -> Result<GcRef, HeapFull> {
        let words = 1 + payload.len();
        let header = Header { kind: Kind::Exception, words: words as u32, link: tag.0 };
        if !self.heap.must_collect(words + 1) {
            return self.heap.append(header, payload);
        }
        // References among the payload may be known to nobody else, and change in the collection.
        let mut payload = payload.to_vec();
        let slots = self.tags[tag.0 as usize].ref_slots.clone();
        let mut places = Vec::with_capacity(slots.len());
        for slot in &slots[..] {
            // SAFETY: a slot of a reference holds a number.
            let bits = unsafe { payload[*slot as usize].assume_init() };
            places.push(self.roots.keep(bits as u32));
        }
        let room = self.make_room(words + 1);
        for (slot, place) in slots.iter().zip(places).rev() {
            payload[*slot as usize] = Word::new(self.roots.unkeep(place) as u64);
        }
        room?;
        self.heap.append(header, &payload)
    }

    /// The tag and the payload slots of an exception.
    ///
    /// # Panics
    /// If the reference refers to something else.
    pub(crate) fn exception(&self, reference: GcRef) -> (&Tag, &[Word]) {
        let header = self.heap.header(reference);
        assert_eq!(header.kind, Kind::Exception, "the reference refers to an exception");
        (&self.tags[header.link as usize], self.heap.payload(reference, header.words))
    }
}

impl Store {
    /// Puts a host value on the heap; may collect. Gives it back when the heap is full.
    #[allow(clippy::type_complexity)]
    pub fn alloc_extern(
        &mut self,
        value: Box<dyn Any + Send + Sync>,
    ) -> Result<GcRef, (HeapFull, Box<dyn Any + Send + Sync>)> {
        self.inner_mut().alloc_extern(value)
    }

    /// What a reference refers to.
    pub fn ref_kind(&self, reference: GcRef) -> RefKind {
        match self.inner().heap.header(reference).kind {
            Kind::Extern => RefKind::Extern,
            Kind::Exception => RefKind::Exception,
            Kind::Forwarded => unreachable!("only while collecting"),
        }
    }

    /// The host value behind a reference; `None` if it refers to something else.
    pub fn extern_data(&self, reference: GcRef) -> Option<&(dyn Any + Send + Sync)> {
        let heap = &self.inner().heap;
        let header = heap.header(reference);
        (header.kind == Kind::Extern).then(|| heap.externs.get(header.link))
    }

    /// The host value behind a reference; `None` if it refers to something else.
    pub fn extern_data_mut(&mut self, reference: GcRef) -> Option<&mut (dyn Any + Send + Sync)> {
        let heap = &mut self.inner_mut().heap;
        let header = heap.header(reference);
        (header.kind == Kind::Extern).then(|| heap.externs.get_mut(header.link))
    }

    /// Makes an exception with one value for each parameter of the tag's signature; may collect.
    /// References among them need no root.
    ///
    /// # Safety
    /// Functions and references among the values belong to this store; kinds are the signature's.
    pub unsafe fn new_exception(&mut self, tag: TagId, payload: &[ValRaw]) -> Result<GcRef, HeapFull> {
        let signature = self.tag_signature(tag);
        assert_eq!(payload.len(), signature.params.len(), "one value for each parameter");
        let mut words = Vec::with_capacity(signature.param_slots as usize);
        for (kind, value) in signature.params.iter().zip(payload) {
            // A value's slots are the first words of its 16 bytes, whatever they hold.
            let slots = (&raw const *value).cast::<[Word; 2]>();
            // SAFETY: a `ValRaw` is 16 bytes, aligned to 16; words may be unwritten.
            words.extend_from_slice(unsafe { &(&*slots)[..kind.slots()] });
        }
        self.inner_mut().alloc_exception(tag, &words)
    }

    /// The tag of an exception; `None` if the reference refers to something else.
    pub fn exception_tag(&self, exception: GcRef) -> Option<TagId> {
        let header = self.inner().heap.header(exception);
        (header.kind == Kind::Exception).then_some(TagId(header.link))
    }

    /// The payload of an exception, one value for each parameter of its tag's signature.
    pub fn exception_payload(&self, exception: GcRef) -> Option<Vec<ValRaw>> {
        self.exception_tag(exception)?;
        let (tag, mut words) = self.inner().exception(exception);
        let value = |kind: &ValKind| {
            let mut value = ValRaw { v128: [0; 16] };
            let (slots, rest) = words.split_at(kind.slots());
            words = rest;
            // SAFETY: at most 16 bytes; a slot lies in a `ValRaw` as in a frame.
            unsafe { (&raw mut value).cast::<Word>().copy_from(slots.as_ptr(), slots.len()) };
            value
        };
        Some(tag.signature.params.iter().map(value).collect())
    }

    /// Sets the largest size of the heap in bytes; the store's configuration says what it is at first.
    pub fn set_max_heap(&mut self, bytes: usize) {
        self.inner_mut().heap.set_max(bytes);
    }

    /// Collects now.
    pub fn gc(&mut self) {
        let inner = self.inner_mut();
        inner.collect();
        // A full heap is reported when somebody allocates.
        let _ = inner.heap.choose_threshold(0);
    }

    /// Bytes of the heap in use, garbage included.
    pub fn heap_size(&self) -> usize {
        self.inner().heap.used() * size_of::<Word>()
    }
}
