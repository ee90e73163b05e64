//! The code buffer: bytes, labels, fields that refer to labels, constants and relocations.
//!
//! What a reference to a label looks like in the bytes, and how far it reaches, is a [`Field`] of the
//! target; the rest is the same everywhere. A reference to a label that is bound already is filled in at
//! once; the others wait until [`Buffer::resolve`]. Many functions can follow each other in one buffer:
//! [`Buffer::finish_function`] ends one and forgets its labels, so a [`Label`] lives as long as its
//! function.
//!
//! Invariants: `bytes[position..]` is scratch space that is always at least [`HEADROOM`] long after
//! [`Buffer::window`], so an instruction is written with whole stores and no further checks. A field
//! that could not be filled in stays in the list and is reported by `resolve`, never dropped.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

/// The bytes that [`Buffer::window`] offers: more than the longest instruction of any target, with room
/// for stores that are wider than what they mean to write.
pub const HEADROOM: usize = 32;

/// A place in the code of the current function, known or yet to come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Label(u32);

impl Label {
    pub(crate) const fn from_bits(bits: u32) -> Label {
        Label(bits)
    }

    pub(crate) const fn to_bits(self) -> u32 {
        self.0
    }

    /// The number of the label within its function, for printing.
    pub const fn index(self) -> u32 {
        self.0
    }
}

/// How a target writes the distance to a label into its instructions.
pub trait Field: Copy + fmt::Debug {
    /// The least and the greatest displacement that the field can hold, in bytes.
    fn range(self) -> (i64, i64);

    /// Writes `displacement`, which lies in the range, into the field that begins `code`.
    fn patch(self, code: &mut [u8], displacement: i64);
}

/// What the buffer has to know of a target.
pub trait Target {
    /// The kinds of fields that refer to labels.
    type Field: Field;
    /// The kinds of relocations: references to what lies outside the buffer.
    type RelocKind: Copy + PartialEq + Eq + fmt::Debug;
    /// Whether some fields need veneers or constants nearby, so that the buffer has to watch their reach.
    /// The assembler then calls [`Buffer::prepare`] before each instruction.
    const LIMITED: bool = false;

    /// The jump that reaches farthest, if `LIMITED`.
    fn jump() -> Option<Veneer<Self::Field>> {
        None
    }

    /// Whether the field can lead over such a jump when its label is out of reach.
    fn can_lead_over_jump(_field: Self::Field) -> bool {
        false
    }
}

/// A jump that reaches farther than the field that leads to it.
#[derive(Clone, Copy, Debug)]
pub struct Veneer<F> {
    /// Its bytes.
    pub code: [u8; 8],
    /// How many of them count.
    pub length: usize,
    /// The field that refers to the label, at the start of the code.
    pub field: F,
}

/// A reference to something outside the buffer, for whoever joins the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reloc<K> {
    /// Where in the buffer the field lies.
    pub at: u32,
    /// What kind of field it is.
    pub kind: K,
    /// What is referred to, as the caller numbered it.
    pub key: u32,
}

/// Why the labels of a function could not be resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkError {
    /// A label was used and never bound.
    Unbound {
        /// The label.
        label: Label,
        /// Where it was used.
        at: u32,
    },
    /// A label is too far from its use.
    OutOfRange {
        /// Where it was used.
        at: u32,
        /// The displacement that did not fit.
        displacement: i64,
    },
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Unbound { label, at } => {
                write!(f, "label {} is used at offset {at:#x} and was never bound", label.0)
            }
            LinkError::OutOfRange { at, displacement } => write!(
                f,
                "the reference at offset {at:#x} cannot reach a label {displacement} bytes away: use the long form"
            ),
        }
    }
}

impl core::error::Error for LinkError {}

/// What one veneer takes at most.
const VENEER_SPACE: u32 = 8;

/// What one constant takes at most, with the bytes that align it.
const CONSTANT_SPACE: u32 = 32;

/// Fields that would lose their reach within so many bytes after an island lead over a veneer in it, so that
/// islands keep their distance.
const ISLAND_GAP: u32 = 4096;

const UNBOUND: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Fixup<F> {
    at: u32,
    label: Label,
    addend: i32,
    field: F,
}

#[derive(Clone, Copy, Debug)]
struct Difference {
    at: u32,
    label: Label,
    base: Label,
}

/// The code of one function or of many, and what is still open in it.
#[derive(Debug)]
pub struct Buffer<T: Target> {
    bytes: Vec<u8>,
    position: u32,
    labels: Vec<u32>,
    fixups: Vec<Fixup<T::Field>>,
    differences: Vec<Difference>,
    constants: Vec<(u128, u8, Label)>,
    constant_labels: BTreeMap<(u8, u128), Label>,
    relocs: Vec<Reloc<T::RelocKind>>,
    /// Where the first field that waits for a label stops reaching. Only if `T::LIMITED`.
    deadline: u32,
    /// The most bytes that veneers and constants of waiting fields can take. Only if `T::LIMITED`.
    island_size: u32,
}

impl<T: Target> Default for Buffer<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Target> Buffer<T> {
    /// An empty buffer.
    pub const fn new() -> Self {
        Buffer {
            bytes: Vec::new(),
            position: 0,
            labels: Vec::new(),
            fixups: Vec::new(),
            differences: Vec::new(),
            constants: Vec::new(),
            constant_labels: BTreeMap::new(),
            relocs: Vec::new(),
            deadline: u32::MAX,
            island_size: 0,
        }
    }

    /// Where the next byte goes.
    #[inline]
    pub fn offset(&self) -> u32 {
        self.position
    }

    /// The code so far.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.position as usize]
    }

    /// The code so far, to be changed in place.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.position as usize]
    }

    /// The references to what lies outside the buffer, in the order of the code.
    pub fn relocs(&self) -> &[Reloc<T::RelocKind>] {
        &self.relocs
    }

    /// Empties the buffer and keeps its allocations.
    pub fn clear(&mut self) {
        self.position = 0;
        self.relocs.clear();
        self.reset_labels();
    }

    /// Forgets all labels, references and constants of the current function.
    pub fn reset_labels(&mut self) {
        self.labels.clear();
        self.fixups.clear();
        self.differences.clear();
        self.constants.clear();
        self.constant_labels.clear();
        self.deadline = u32::MAX;
        self.island_size = 0;
    }

    /// Scratch space at the end of the code: write there, then [`Buffer::advance`].
    #[inline(always)]
    pub fn window(&mut self) -> &mut [u8; HEADROOM] {
        let start = self.position as usize;
        if start + HEADROOM <= self.bytes.len() {
            return (&mut self.bytes[start..start + HEADROOM]).try_into().expect("the headroom's length");
        }
        self.grown_window()
    }

    #[cold]
    #[inline(never)]
    fn grown_window(&mut self) -> &mut [u8; HEADROOM] {
        self.bytes.resize((self.bytes.len() * 2).max(4096), 0);
        self.window()
    }

    /// Makes the first `count` bytes of the window part of the code.
    #[inline(always)]
    pub fn advance(&mut self, count: usize) {
        debug_assert!(count <= HEADROOM);
        self.position += count as u32;
    }

    /// Appends bytes.
    pub fn put(&mut self, data: &[u8]) {
        for chunk in data.chunks(HEADROOM) {
            self.window()[..chunk.len()].copy_from_slice(chunk);
            self.advance(chunk.len());
        }
    }

    /// Replaces the four bytes at `at`.
    pub fn patch32(&mut self, at: u32, value: u32) {
        let at = at as usize;
        self.bytes_mut()[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Appends `fill` until the offset is a multiple of `alignment`.
    pub fn align(&mut self, alignment: u32, fill: u8) {
        let mut gap = (self.position.next_multiple_of(alignment) - self.position) as usize;
        while gap > 0 {
            let step = gap.min(HEADROOM);
            self.window()[..step].fill(fill);
            self.advance(step);
            gap -= step;
        }
    }

    /// A label that is not bound yet.
    #[inline]
    pub fn new_label(&mut self) -> Label {
        let label = Label(self.labels.len() as u32);
        self.labels.push(UNBOUND);
        label
    }

    /// Binds the label to the current offset.
    #[inline]
    pub fn bind(&mut self, label: Label) {
        debug_assert!(!self.is_bound(label), "a label is bound once");
        self.labels[label.0 as usize] = self.position;
    }

    /// Whether the label has an offset.
    #[inline]
    pub fn is_bound(&self, label: Label) -> bool {
        self.labels[label.0 as usize] != UNBOUND
    }

    /// The offset of a label that is bound.
    #[inline]
    pub fn offset_of(&self, label: Label) -> u32 {
        let offset = self.labels[label.0 as usize];
        debug_assert!(offset != UNBOUND, "the label is not bound");
        offset
    }

    /// Makes the field at `at` refer to `label`: it gets `label - at + addend`, now or when it is known.
    #[inline]
    pub fn refer(&mut self, at: u32, label: Label, addend: i32, field: T::Field) {
        let fixup = Fixup { at, label, addend, field };
        if !self.is_bound(label) || self.fill(fixup).is_err() {
            self.wait(fixup);
        }
    }

    /// Keeps a reference until it can be filled in.
    fn wait(&mut self, fixup: Fixup<T::Field>) {
        self.fixups.push(fixup);
        if T::LIMITED {
            self.deadline = self.deadline.min(Self::reach(&fixup));
            self.island_size += VENEER_SPACE;
        }
    }

    /// The last offset that a field can lead to.
    fn reach(fixup: &Fixup<T::Field>) -> u32 {
        let (_, greatest) = fixup.field.range();
        let reach = i64::from(fixup.at) + greatest - i64::from(fixup.addend);
        u32::try_from(reach).unwrap_or(u32::MAX)
    }

    /// Makes room for `upcoming` bytes of code: if a waiting field would lose its reach, places an island of
    /// constants and veneers here, with a jump around it.
    #[inline]
    pub fn prepare(&mut self, upcoming: u32) {
        if T::LIMITED
            && self.position.saturating_add(upcoming + self.island_size + VENEER_SPACE) > self.deadline
        {
            self.island(upcoming);
        }
    }

    #[cold]
    fn island(&mut self, upcoming: u32) {
        let fixups = core::mem::take(&mut self.fixups);
        let margin =
            self.position.saturating_add(upcoming + 2 * (self.island_size + VENEER_SPACE) + ISLAND_GAP);
        self.deadline = u32::MAX;
        self.island_size = self.constants_size();
        let mut near = Vec::new();
        for fixup in fixups {
            if self.fill(fixup).is_ok() {
                continue;
            }
            if Self::reach(&fixup) <= margin { near.push(fixup) } else { self.wait(fixup) }
        }
        if near.is_empty() {
            return;
        }
        let around = self.new_label();
        if let Some(jump) = T::jump() {
            self.jump(jump, around);
        }
        self.flush_constants(0);
        self.lead_over(near);
        self.bind(around);
    }

    /// The most bytes that the constants asked for can take.
    fn constants_size(&self) -> u32 {
        CONSTANT_SPACE * self.constants.len() as u32
    }

    fn jump(&mut self, jump: Veneer<T::Field>, label: Label) {
        let at = self.offset();
        self.put(&jump.code[..jump.length]);
        self.refer(at, label, 0, jump.field);
    }

    /// Places veneers for the fields, where that is needed and possible.
    fn lead_over(&mut self, fixups: Vec<Fixup<T::Field>>) {
        for fixup in fixups {
            if self.fill(fixup).is_ok() {
                continue;
            }
            let Some(veneer) = T::jump().filter(|_| T::can_lead_over_jump(fixup.field)) else {
                self.wait(fixup);
                continue;
            };
            let here = self.new_label();
            self.bind(here);
            self.refer(fixup.at, here, fixup.addend, fixup.field);
            self.jump(veneer, fixup.label);
        }
    }

    fn fill(&mut self, fixup: Fixup<T::Field>) -> Result<(), LinkError> {
        let target = self.labels[fixup.label.0 as usize];
        if target == UNBOUND {
            return Err(LinkError::Unbound { label: fixup.label, at: fixup.at });
        }
        let displacement = i64::from(target) - i64::from(fixup.at) + i64::from(fixup.addend);
        let (least, greatest) = fixup.field.range();
        if displacement < least || displacement > greatest {
            return Err(LinkError::OutOfRange { at: fixup.at, displacement });
        }
        fixup.field.patch(&mut self.bytes[fixup.at as usize..self.position as usize], displacement);
        Ok(())
    }

    /// Appends the 32-bit distance from `base` to `label`: an entry of a jump table. Before the whole table
    /// call [`Buffer::prepare`] with its size.
    pub fn table_entry(&mut self, label: Label, base: Label) {
        self.differences.push(Difference { at: self.offset(), label, base });
        self.put(&[0; 4]);
    }

    /// The label of a constant of 4, 8 or 16 bytes, which is placed after the code, aligned to its size.
    pub fn constant(&mut self, data: &[u8]) -> Label {
        debug_assert!(matches!(data.len(), 4 | 8 | 16), "constants have 4, 8 or 16 bytes");
        let mut wide = [0; 16];
        wide[..data.len()].copy_from_slice(data);
        let key = (data.len() as u8, u128::from_le_bytes(wide));
        if let Some(&label) = self.constant_labels.get(&key) {
            return label;
        }
        let label = self.new_label();
        self.constant_labels.insert(key, label);
        self.constants.push((key.1, key.0, label));
        self.island_size += CONSTANT_SPACE;
        label
    }

    /// Places the constants asked for so far, the widest first, after filling up with `fill`.
    pub fn flush_constants(&mut self, fill: u8) {
        self.island_size -= self.constants_size();
        for size in [16u8, 8, 4] {
            for i in 0..self.constants.len() {
                let (value, bytes, label) = self.constants[i];
                if bytes == size {
                    self.align(u32::from(size), fill);
                    self.bind(label);
                    self.put(&value.to_le_bytes()[..usize::from(size)]);
                }
            }
        }
        self.constants.clear();
        self.constant_labels.clear();
    }

    /// Records a reference to something outside the buffer.
    #[inline]
    pub fn reloc(&mut self, at: u32, kind: T::RelocKind, key: u32) {
        self.relocs.push(Reloc { at, kind, key });
    }

    /// Fills in every reference to a label.
    pub fn resolve(&mut self) -> Result<(), LinkError> {
        let fixups = core::mem::take(&mut self.fixups);
        for &fixup in &fixups {
            self.fill(fixup)?;
        }
        self.fixups = fixups;
        self.fixups.clear();
        for i in 0..self.differences.len() {
            let Difference { at, label, base } = self.differences[i];
            for label in [label, base] {
                if !self.is_bound(label) {
                    return Err(LinkError::Unbound { label, at });
                }
            }
            let distance = self.offset_of(label).wrapping_sub(self.offset_of(base));
            self.patch32(at, distance);
        }
        self.differences.clear();
        Ok(())
    }

    /// Ends a function: places its constants, resolves and forgets its labels, and fills up with `fill`
    /// to the alignment of the next one. After an error the labels are forgotten too.
    pub fn finish_function(&mut self, alignment: u32, fill: u8) -> Result<(), LinkError> {
        if T::LIMITED {
            self.prepare(0);
            let fixups = core::mem::take(&mut self.fixups);
            self.lead_over(fixups);
        }
        self.flush_constants(fill);
        let resolved = self.resolve();
        self.reset_labels();
        self.align(alignment, fill);
        resolved
    }
}
