//! The code of a module: where it lies, and the tables that describe it.

use super::lazy::Lazy;
use super::memory::CodeMemory;
use super::profile::Profile;
use crate::failure::Error;
use once_cell::sync::OnceCell;
use parking_lot::RwLock;
use std::any::Any;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Release};
use windlass_abi::code::{CatchRow, CodeChunk, CodeImage, FunctionRow, Position};
use windlass_abi::facts::FuncIndex;
use windlass_abi::processor::{HomeSlots, ModuleCode};
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMContext;

/// The machine code of a module.
pub struct NativeCode(pub(super) Box<Code>);

/// What contexts point to.
pub(super) struct Code {
    pub(super) memory: CodeMemory,
    /// Code that was there from the start.
    first: Chunk,
    /// Code that was added, in the order of its places. Chunks stay where they are as long as the code lives.
    #[allow(clippy::vec_box, reason = "chunks must not move")]
    later: RwLock<Vec<Box<Chunk>>>,
    /// What a function's address is, for code that is made later: see [`Lazy`].
    pub(super) lazy: Option<Lazy>,
    /// Who is told of functions.
    pub(super) profile: OnceCell<Profile>,
}

// SAFETY: the text is never written where it is mapped; slots are atomic.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

/// Code with its tables, whose text is in the memory and no longer here.
struct Chunk {
    /// Offset in the text.
    at: u32,
    /// Bytes of text.
    len: u32,
    tables: CodeChunk,
}

impl Chunk {
    fn new(at: u32, mut tables: CodeChunk) -> Chunk {
        let len = std::mem::take(&mut tables.text).len() as u32;
        tables.relocs = Vec::new();
        Chunk { at, len, tables }
    }
}

impl NativeCode {
    /// Code that is complete.
    ///
    /// # Errors
    /// If the system does not give the memory.
    pub fn new(image: CodeImage) -> Result<NativeCode, Error> {
        assert!(image.code.relocs.is_empty(), "an image is complete");
        let memory = CodeMemory::new(image.slots, &image.code.text, 0)?;
        let code = Code::new(memory, image.code, None);
        for (own, function) in code.first.tables.functions.iter().enumerate().take(image.slots as usize) {
            code.memory.slot(own as u32).store(code.address(function.entry).cast_mut(), Release);
        }
        Ok(NativeCode(Box::new(code)))
    }

    /// The code of a context's module.
    ///
    /// # Safety
    /// The context is that of an instance, of a module of native code, and live as long as the reference is
    /// used.
    pub(super) unsafe fn of<'a>(cx: *mut VMContext) -> &'a Code {
        // SAFETY: the info is what `ModuleCode::info` gave; instances keep their modules alive.
        unsafe { &*(*cx).code_info.cast::<Code>() }
    }
}

// SAFETY: the words are entries, or thunks that lead there; the info is in a box.
unsafe impl ModuleCode for NativeCode {
    fn code_words(&self) -> Box<[*const u8]> {
        match &self.0.lazy {
            Some(lazy) => (0..lazy.count()).map(|own| self.0.address(Lazy::thunk(own))).collect(),
            None => self.0.first.tables.functions.iter().map(|f| self.0.address(f.entry)).collect(),
        }
    }

    fn info(&self) -> *const c_void {
        ptr::from_ref(&*self.0).cast()
    }

    fn size(&self) -> usize {
        let later = self.0.later.read();
        let chunks = std::iter::once(&self.0.first).chain(later.iter().map(|chunk| &**chunk));
        chunks.map(|chunk| chunk.len as usize + chunk.tables.size()).sum()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Code {
    /// The code made of these parts, `first` being what the text starts with.
    pub(super) fn new(memory: CodeMemory, first: CodeChunk, lazy: Option<Lazy>) -> Code {
        let first = Chunk::new(0, first);
        Code { memory, first, later: RwLock::default(), lazy, profile: OnceCell::new() }
    }

    /// The address of an offset in the text.
    pub(super) fn address(&self, offset: u32) -> *const u8 {
        assert!(offset as usize <= self.memory.text_len(), "within the text");
        // SAFETY: within the text.
        unsafe { self.memory.text().add(offset as usize) }
    }

    /// Adds the tables of code that was written at `at`, which lies behind all that was added before.
    pub(super) fn add(&self, at: u32, tables: CodeChunk) {
        let mut later = self.later.write();
        debug_assert!(later.last().is_none_or(|last| last.at + last.len <= at));
        later.push(Box::new(Chunk::new(at, tables)));
    }

    /// The functions that have code, replaced ones included: index, address, and code.
    pub(super) fn functions(&self) -> impl Iterator<Item = (FuncIndex, *const u8, &[u8])> {
        let later = self.later.read();
        let rows = |chunk: &Chunk| -> Vec<_> {
            chunk.tables.functions.iter().map(|f| (f.index, chunk.at + f.start, f.end - f.start)).collect()
        };
        let rows: Vec<_> =
            std::iter::once(&self.first).chain(later.iter().map(|c| &**c)).flat_map(rows).collect();
        rows.into_iter().map(|(index, at, len)| (index, self.address(at), self.code(at, len)))
    }

    /// Bytes of the text that have been written.
    pub(super) fn code(&self, at: u32, len: u32) -> &[u8] {
        assert!(at as usize + len as usize <= self.memory.text_len(), "within the text");
        // SAFETY: within the text, which is readable, and nobody changes what has been written.
        unsafe { std::slice::from_raw_parts(self.address(at), len as usize) }
    }

    /// The chunk that an offset lies in.
    fn chunk(&self, offset: u32) -> Option<&Chunk> {
        if offset < self.first.len {
            return Some(&self.first);
        }
        let later = self.later.read();
        let i = later.partition_point(|chunk| chunk.at <= offset).checked_sub(1)?;
        let chunk: *const Chunk = &raw const *later[i];
        // SAFETY: chunks are boxed, and never changed or removed while the code lives.
        let chunk = unsafe { &*chunk };
        (offset - chunk.at < chunk.len).then_some(chunk)
    }

    /// The function at a position: a return address, or an instruction.
    pub(super) fn place(&self, pc: *const u8, is_return: bool) -> Option<Place<'_>> {
        let offset = u32::try_from(pc.addr().checked_sub(self.memory.text().addr())?).ok()?;
        // A call may be the last instruction of its function.
        let within = offset.checked_sub(is_return as u32)?;
        let chunk = self.chunk(within)?;
        let function = chunk.tables.find(within - chunk.at)?;
        Some(Place {
            tables: &chunk.tables,
            text: self.address(chunk.at),
            function,
            at: offset - chunk.at,
            is_return,
        })
    }

    /// The function whose code is at a slot now.
    pub(super) fn current(&self, own: u32) -> *const u8 {
        self.memory.slot(own).load(Acquire)
    }
}

/// A place in the text.
pub(super) struct Place<'a> {
    tables: &'a CodeChunk,
    /// Where the offsets of the tables count from.
    text: *const u8,
    /// Its function's number in the tables.
    function: usize,
    at: u32,
    is_return: bool,
}

impl<'a> Place<'a> {
    pub(super) fn function(&self) -> &'a FunctionRow {
        &self.tables.functions[self.function]
    }

    fn position(&self) -> Option<Position> {
        self.tables.position(self.function, self.at, self.is_return)
    }

    /// Offset in the module of the operator; of the function's first one if its prologue calls.
    pub(super) fn offset(&self) -> u32 {
        self.position().map_or(self.function().offset, |position| position.offset)
    }

    /// What it means if the instruction faults.
    pub(super) fn trap(&self) -> Option<TrapCode> {
        self.position()?.trap
    }

    /// The catch clauses around a call, innermost first.
    pub(super) fn catches(&self) -> impl Iterator<Item = &'a CatchRow> {
        let tables = self.tables;
        tables
            .handlers(self.function, self.at)
            .flat_map(|row| &tables.catches[row.catches as usize..row.catches_end as usize])
    }

    /// The home slots that hold heap references at a call.
    pub(super) fn reference_slots(&self) -> &'a [u32] {
        self.tables.reference_slots(self.function, self.at)
    }

    /// A home slot of the function's frame.
    ///
    /// # Safety
    /// `fp` is a frame of the function, which has that slot.
    pub(super) unsafe fn home_slot(&self, fp: *mut u8, slot: u32) -> *mut u64 {
        // SAFETY: the caller's promise.
        unsafe { fp.sub(self.function().slots as usize + 8 * (slot as usize + 1)).cast() }
    }

    /// The home slots of the function's frame.
    ///
    /// # Safety
    /// `fp` is a frame of the function.
    pub(super) unsafe fn home_slots(&self, fp: *mut u8) -> HomeSlots {
        // A function's prologue may still look whether there is room for them.
        if self.position().is_none() {
            return HomeSlots::NONE;
        }
        let function = self.function();
        let count = function.frame_size.saturating_sub(function.slots) / 8;
        // SAFETY: the caller's promise.
        HomeSlots { first: unsafe { self.home_slot(fp, 0) }, descending: true, count }
    }

    /// The address of an offset that a table gives.
    pub(super) fn address(&self, offset: u32) -> *const u8 {
        // SAFETY: tables give offsets within their text.
        unsafe { self.text.add(offset as usize) }
    }
}
