//! Machine code of a module and the tables that describe it: what a compiler makes and the runtime runs.
//!
//! A compiler makes [`CodeChunk`]s, each of a run of functions in order; [`CodeImage::join`] makes one image of
//! them, in the order of the functions, so that the result does not depend on how work was shared out.
//!
//! Offsets are in bytes from the start of the text. All tables are ordered by offset and searched in place.
//! Where code can be replaced, direct calls go through *slots*: words that lie directly below the text,
//! the last one last.

use crate::facts::FuncIndex;
use crate::trap::TrapCode;
use alloc::vec::Vec;

/// A function in the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct FunctionRow {
    /// Its first byte.
    pub start: u32,
    /// One past its last byte, constants included.
    pub end: u32,
    /// Where it is entered.
    pub entry: u32,
    /// Its index in the module's function index space.
    pub index: FuncIndex,
    /// `rbp - rsp` of its frame at calls.
    pub frame_size: u32,
    /// Home slot `n` of 8 bytes lies at `rbp - slots - 8 * (n + 1)`; a vector takes two, and lies at the address of its second.
    pub slots: u32,
    /// Offset in the module of its first operator.
    pub offset: u32,
    /// Its first byte in `positions`.
    pub positions: u32,
    /// Its first row in `handlers`.
    pub handlers: u32,
    /// Its first row in `safepoints`.
    pub safepoints: u32,
}

/// The home slots that hold heap references at a safepoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct SafepointRow {
    /// The return address of the call.
    pub at: u32,
    /// Its first slot in `safepoint_slots`. The next row's says where they end.
    pub slots: u32,
}

/// Calls between `start` (exclusive) and `end` (inclusive), as return addresses, are covered by these
/// catch clauses. Rows of a function are ordered inner before outer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct HandlerRow {
    /// Where the code that is covered starts.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// Its first row in `catches`.
    pub catches: u32,
    /// One past its last row in `catches`.
    pub catches_end: u32,
}

/// A catch clause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct CatchRow {
    /// Offset in the context of the pointer to the tag, or [`CatchRow::ANY`].
    pub tag: u32,
    /// Whether the exception's reference follows the payload: 1 or 0.
    pub with_reference: u32,
    /// Home slot of the first payload value; the others follow in the slots after it.
    pub slot: u32,
    /// Where to go on, with stack pointer, frame pointer and context of the function, all else clobbered.
    pub target: u32,
}

impl CatchRow {
    /// Catches everything, without payload.
    pub const ANY: u32 = u32::MAX;
}

/// A place in the text that must be completed when functions are put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reloc {
    /// Offset of its four bytes, which are relative to their own end.
    pub at: u32,
    /// What they are to reach.
    pub target: RelocTarget,
}

/// What a relocation reaches; functions are numbered among the module's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelocTarget {
    /// A function's entry.
    Entry(u32),
    /// A function's slot.
    Slot(u32),
}

/// The code of a run of functions, and its tables; as long as they are apart, offsets count from the chunk's own start.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CodeChunk {
    /// Machine code and constants.
    pub text: Vec<u8>,
    /// The functions.
    pub functions: Vec<FunctionRow>,
    /// For each function, its positions: see [`Positions`].
    pub positions: Vec<u8>,
    /// The calls at which slots hold heap references.
    pub safepoints: Vec<SafepointRow>,
    /// The slots of all safepoints.
    pub safepoint_slots: Vec<u32>,
    /// The `try_table`s of each function.
    pub handlers: Vec<HandlerRow>,
    /// The clauses of all handlers.
    pub catches: Vec<CatchRow>,
    /// What is to be completed.
    pub relocs: Vec<Reloc>,
    /// Whether a function has a tail call that may leave the instance, so that after every direct call in the module the
    /// context must be loaded again.
    pub must_reload: bool,
}

/// The code of a module: one chunk, complete but for slots' values.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CodeImage {
    /// The code and its tables, without relocations.
    pub code: CodeChunk,
    /// Number of slots below the text: one for each of the module's own functions, or none.
    pub slots: u32,
}

/// Alignment of functions in the text: a line of the cache, so that how fast a small function is does not depend on what lies before it.
pub const FUNCTION_ALIGN: usize = 64;

/// The text would exceed what relative addresses reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextTooLarge;

impl core::fmt::Display for TextTooLarge {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the module's machine code exceeds 2 GiB")
    }
}

impl core::error::Error for TextTooLarge {}

impl CodeImage {
    /// Joins chunks in the order of their functions. `slots` is the number of slots below the text.
    ///
    /// # Errors
    /// If the text gets too large.
    pub fn join(chunks: Vec<CodeChunk>, slots: u32) -> Result<CodeImage, TextTooLarge> {
        let mut all = CodeChunk::default();
        let sum = |f: fn(&CodeChunk) -> usize| chunks.iter().map(f).sum::<usize>();
        if sum(|c| c.text.len() + FUNCTION_ALIGN) + slots as usize * 8 > i32::MAX as usize {
            return Err(TextTooLarge);
        }
        if chunks.len() == 1 {
            all = chunks.into_iter().next().expect("there is one");
        } else {
            all.text.reserve_exact(sum(|c| c.text.len().next_multiple_of(FUNCTION_ALIGN)));
            all.functions.reserve_exact(sum(|c| c.functions.len()));
            all.positions.reserve_exact(sum(|c| c.positions.len()));
            all.relocs.reserve_exact(sum(|c| c.relocs.len()));
            for chunk in chunks {
                all.append(chunk);
            }
        }
        let first = all.functions.first().map_or(0, |f| f.index);
        for reloc in core::mem::take(&mut all.relocs) {
            let target = match reloc.target {
                RelocTarget::Entry(own) => {
                    let row = &all.functions[own as usize];
                    debug_assert_eq!(row.index, first + own);
                    row.entry as i32
                }
                RelocTarget::Slot(own) => slot_offset(own, slots),
            };
            all.set_relative(reloc.at, target);
        }
        Ok(CodeImage { code: all, slots })
    }
}

/// Offset in the text of a function's slot: negative, because slots lie below the text.
pub fn slot_offset(own: u32, slots: u32) -> i32 {
    (own as i32 - slots as i32) * 8
}

impl CodeChunk {
    /// Makes the four bytes at `at` reach the offset `target`.
    pub fn set_relative(&mut self, at: u32, target: i32) {
        let at = at as usize;
        let relative = target.wrapping_sub(at as i32 + 4);
        self.text[at..at + 4].copy_from_slice(&relative.to_le_bytes());
    }

    /// Appends the functions of another chunk.
    pub fn append(&mut self, other: CodeChunk) {
        self.text.resize(self.text.len().next_multiple_of(FUNCTION_ALIGN), 0xcc);
        let base = self.text.len() as u32;
        let positions = self.positions.len() as u32;
        let (safepoints, slots) = (self.safepoints.len() as u32, self.safepoint_slots.len() as u32);
        let (handlers, catches) = (self.handlers.len() as u32, self.catches.len() as u32);
        self.text.extend_from_slice(&other.text);
        self.functions.extend(other.functions.iter().map(|f| FunctionRow {
            start: f.start + base,
            end: f.end + base,
            entry: f.entry + base,
            positions: f.positions + positions,
            handlers: f.handlers + handlers,
            safepoints: f.safepoints + safepoints,
            ..*f
        }));
        self.positions.extend_from_slice(&other.positions);
        self.safepoints.extend(
            other.safepoints.iter().map(|s| SafepointRow { at: s.at + base, slots: s.slots + slots }),
        );
        self.safepoint_slots.extend_from_slice(&other.safepoint_slots);
        self.handlers.extend(other.handlers.iter().map(|h| HandlerRow {
            start: h.start + base,
            end: h.end + base,
            catches: h.catches + catches,
            catches_end: h.catches_end + catches,
        }));
        self.catches.extend(other.catches.iter().map(|c| CatchRow { target: c.target + base, ..*c }));
        self.must_reload |= other.must_reload;
        self.relocs.extend(other.relocs.iter().map(|r| Reloc { at: r.at + base, ..*r }));
    }

    /// The number in `functions` of the function that an offset lies in.
    pub fn find(&self, offset: u32) -> Option<usize> {
        let i = self.functions.partition_point(|f| f.start <= offset).checked_sub(1)?;
        (offset < self.functions[i].end).then_some(i)
    }

    /// The positions of a function.
    pub fn positions(&self, function: usize) -> Positions<'_> {
        let f = &self.functions[function];
        let end = self.functions.get(function + 1).map_or(self.positions.len(), |n| n.positions as usize);
        Positions { bytes: &self.positions[f.positions as usize..end], at: f.start, offset: f.offset }
    }

    /// The position recorded for exactly this offset in the text: of a call, if it is a return address, or of an instruction
    /// that traps. (Both may lie at the same offset.)
    pub fn position(&self, function: usize, at: u32, is_return: bool) -> Option<Position> {
        self.positions(function).find(|p| p.at == at && p.trap.is_none() == is_return)
    }

    /// The handlers of a function around a return address, innermost first.
    pub fn handlers(&self, function: usize, return_at: u32) -> impl Iterator<Item = &HandlerRow> {
        let f = &self.functions[function];
        let end = self.functions.get(function + 1).map_or(self.handlers.len(), |n| n.handlers as usize);
        self.handlers[f.handlers as usize..end]
            .iter()
            .filter(move |h| h.start < return_at && return_at <= h.end)
    }

    /// The home slots that hold heap references at a call.
    pub fn reference_slots(&self, function: usize, return_at: u32) -> &[u32] {
        let f = &self.functions[function];
        let end = self.functions.get(function + 1).map_or(self.safepoints.len(), |n| n.safepoints as usize);
        let rows = &self.safepoints[f.safepoints as usize..end];
        match rows.binary_search_by_key(&return_at, |s| s.at) {
            Ok(i) => {
                let at = f.safepoints as usize + i;
                let end =
                    self.safepoints.get(at + 1).map_or(self.safepoint_slots.len(), |s| s.slots as usize);
                &self.safepoint_slots[self.safepoints[at].slots as usize..end]
            }
            Err(_) => &[],
        }
    }

    /// Bytes that the code and its tables take.
    pub fn size(&self) -> usize {
        self.text.len()
            + size_of_val(&*self.functions)
            + self.positions.len()
            + size_of_val(&*self.safepoints)
            + size_of_val(&*self.safepoint_slots)
            + size_of_val(&*self.handlers)
            + size_of_val(&*self.catches)
    }
}

/// What is known about a place in the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// The place: of a call, its return address; of an instruction that traps, its first byte.
    pub at: u32,
    /// Byte offset in the module of the operator.
    pub offset: u32,
    /// What it means if the instruction faults; `None` for calls.
    pub trap: Option<TrapCode>,
}

/// The positions of a function, in order: for each, in LEB128, how far it lies after the one before
/// it, times four, plus its kind; and how many bytes of the module its operator lies after that one's (modulo
/// 2^32). Kind 0 is a call, 1 an access of a memory, 2 another trap, whose code follows in a byte.
#[derive(Clone)]
pub struct Positions<'a> {
    bytes: &'a [u8],
    at: u32,
    offset: u32,
}

impl Positions<'_> {
    /// Appends a position that lies `step` bytes of text and `offset_step` bytes of the module after the last one.
    #[inline]
    pub fn push(to: &mut Vec<u8>, step: u32, offset_step: u32, trap: Option<TrapCode>) {
        let kind = match trap {
            None => 0,
            Some(TrapCode::MemoryOutOfBounds) => 1,
            Some(_) => 2,
        };
        let first = (step as u64) << 2 | kind;
        if first < 0x80 && offset_step < 0x80 {
            to.extend_from_slice(&[first as u8, offset_step as u8]);
        } else {
            leb(to, first);
            leb(to, offset_step as u64);
        }
        if kind == 2 {
            to.push(trap.expect("of this kind") as u8);
        }
    }

    fn number(&mut self) -> Option<u64> {
        let (mut n, mut shift) = (0, 0);
        loop {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            n |= ((byte & 0x7f) as u64).unbounded_shl(shift);
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
    }
}

fn leb(to: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        to.push(n as u8 | 0x80);
        n >>= 7;
    }
    to.push(n as u8);
}

impl Iterator for Positions<'_> {
    type Item = Position;
    fn next(&mut self) -> Option<Position> {
        let first = self.number()?;
        self.at = self.at.wrapping_add((first >> 2) as u32);
        self.offset = self.offset.wrapping_add(self.number()? as u32);
        let trap = match first & 3 {
            0 => None,
            1 => Some(TrapCode::MemoryOutOfBounds),
            _ => TrapCode::from_code(self.number()? as u8),
        };
        Some(Position { at: self.at, offset: self.offset, trap })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(index: u32, calls: u32) -> CodeChunk {
        let mut c = CodeChunk { text: alloc::vec![0x90; 7], ..CodeChunk::default() };
        c.functions.push(FunctionRow {
            end: 7,
            index,
            frame_size: 16,
            offset: 100,
            ..FunctionRow::default()
        });
        Positions::push(&mut c.positions, 5, 3, None);
        Positions::push(&mut c.positions, 200, 300, Some(TrapCode::MemoryOutOfBounds));
        Positions::push(&mut c.positions, 1, 0u32.wrapping_sub(1), Some(TrapCode::CastFailure));
        c.relocs.push(Reloc { at: 1, target: RelocTarget::Entry(calls) });
        c.safepoints.push(SafepointRow { at: 5, slots: 0 });
        c.safepoint_slots.push(index);
        c
    }

    /// Where the second of two chunks starts.
    const SECOND: u32 = FUNCTION_ALIGN as u32;

    #[test]
    fn joins_in_order() {
        let image = CodeImage::join(alloc::vec![chunk(3, 1), chunk(4, 0)], 0).unwrap().code;
        assert_eq!(image.functions[1].start, SECOND);
        assert_eq!(image.text[1..5], (SECOND as i32 - 5).to_le_bytes());
        let at = FUNCTION_ALIGN + 1;
        assert_eq!(image.text[at..at + 4], (-(SECOND as i32) - 5).to_le_bytes());
        assert_eq!((image.find(6), image.find(7), image.find(SECOND)), (Some(0), None, Some(1)));
        assert_eq!(image.reference_slots(1, SECOND + 5), [4]);
        assert_eq!(image.reference_slots(1, SECOND + 4), []);
    }

    #[test]
    fn positions_come_back() {
        let image = CodeImage::join(alloc::vec![chunk(0, 0), chunk(1, 0)], 0).unwrap().code;
        let positions: Vec<_> = image.positions(1).collect();
        let (call, access) = (SECOND + 5, SECOND + 205);
        assert_eq!(positions[0], Position { at: call, offset: 103, trap: None });
        let trap = Some(TrapCode::MemoryOutOfBounds);
        assert_eq!(positions[1], Position { at: access, offset: 403, trap });
        assert_eq!(positions[2], Position { at: access + 1, offset: 402, trap: Some(TrapCode::CastFailure) });
        assert_eq!(image.position(1, access, false).unwrap().offset, 403);
        assert_eq!(image.position(1, access, true), None);
    }

    #[test]
    fn slots_lie_below() {
        let mut c = chunk(0, 0);
        c.relocs[0].target = RelocTarget::Slot(0);
        let image = CodeImage::join(alloc::vec![c], 2).unwrap().code;
        assert_eq!(image.text[1..5], (-16i32 - 5).to_le_bytes());
    }
}
