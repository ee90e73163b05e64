//! A module's bytecode and what is known about positions in it.

use crate::frame::PROLOGUE;
use crate::machine::Unit;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::ffi::c_void;
use windlass_abi::facts::FuncIndex;
use windlass_abi::processor::ModuleCode;

/// The bytecode of a module. Its code never moves and never changes.
pub struct Code {
    info: Box<CodeInfo>,
}

/// What a context's `code_info` points to.
pub(crate) struct CodeInfo {
    /// The module's own functions, in order.
    pub chunks: Vec<Chunk>,
}

/// The bytecode of a run of functions, translated one after another.
#[derive(Default)]
pub struct Chunk {
    /// The code of all of them.
    pub(crate) units: Vec<Unit>,
    /// The functions, in order of their code.
    pub(crate) functions: Vec<Function>,
    /// For each function, where in the module its operators came from: see [`Positions`].
    pub(crate) positions: Vec<u8>,
    /// The safepoints at which slots hold heap references, in order of their code.
    pub(crate) safepoints: Vec<Safepoint>,
    /// The slots of all safepoints.
    pub(crate) safepoint_slots: Vec<u16>,
    /// The `try_table`s of each function, inner ones before outer ones.
    pub(crate) handlers: Vec<Handler>,
    /// The catch clauses of all handlers.
    pub(crate) catches: Vec<Catch>,
}

/// A function in a chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function {
    /// Its index in the module's function index space.
    pub index: FuncIndex,
    /// Its prologue in `units`.
    pub start: u32,
    /// Its first byte in `positions`.
    pub positions: u32,
    /// Its first handler in `handlers`.
    pub handlers: u32,
    /// Offset in the module of its first operator.
    pub offset: u32,
}

/// A safepoint: its key in `units`, and where its slots start in `safepoint_slots`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Safepoint {
    pub key: u32,
    pub slots: u32,
}

/// The code of a `try_table`, and its catch clauses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handler {
    pub start: u32,
    pub end: u32,
    pub catches: u32,
    pub catches_end: u32,
}

/// A catch clause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Catch {
    /// Offset in the context of the tag, or `ANY` for all of them.
    pub tag: u32,
    /// Whether the exception's reference follows the payload.
    pub with_reference: bool,
    /// Slot for the payload.
    pub slot: u16,
    /// Where to go on.
    pub target: u32,
}

impl Catch {
    /// Catches everything, without payload.
    pub const ANY: u32 = u32::MAX;
}

/// A position in a module's code.
#[derive(Clone, Copy)]
pub(crate) struct Position<'a> {
    pub chunk: &'a Chunk,
    /// The function's number in the chunk.
    pub function: usize,
    /// The unit that stands for the position: of a return address, the one before it.
    pub key: u32,
}

impl CodeInfo {
    /// Finds a position; `pc_is_return` says that it is a return address.
    pub fn find(&self, pc: *const Unit, pc_is_return: bool) -> Option<Position<'_>> {
        for chunk in &self.chunks {
            let range = chunk.units.as_ptr_range();
            // Return addresses follow a call, so they lie above the start; one may be the end of the range.
            let key_at = if pc_is_return { pc.wrapping_sub(1) } else { pc };
            if range.contains(&key_at) {
                let key = ((key_at as usize - range.start as usize) / size_of::<Unit>()) as u32;
                let function = chunk.functions.partition_point(|f| f.start <= key).checked_sub(1)?;
                return Some(Position { chunk, function, key });
            }
        }
        None
    }
}

impl Position<'_> {
    /// The function.
    pub fn function(&self) -> &Function {
        &self.chunk.functions[self.function]
    }

    /// The slot of the frame's header.
    pub fn header(&self) -> u16 {
        self.chunk.units[self.function().start as usize]
    }

    /// Byte offset in the module of the operator.
    pub fn offset(&self) -> u32 {
        let f = self.function();
        let end = self
            .chunk
            .functions
            .get(self.function + 1)
            .map_or(self.chunk.positions.len(), |n| n.positions as usize);
        let (mut unit, mut offset) = (f.start + PROLOGUE as u32, f.offset);
        for (unit_step, offset_step) in Positions(&self.chunk.positions[f.positions as usize..end]) {
            unit += unit_step;
            if unit > self.key {
                break;
            }
            offset = offset.wrapping_add(offset_step);
        }
        offset
    }

    /// The function's handlers around the position, innermost first.
    pub fn handlers(&self) -> impl Iterator<Item = &Handler> {
        let end = self
            .chunk
            .functions
            .get(self.function + 1)
            .map_or(self.chunk.handlers.len(), |n| n.handlers as usize);
        let key = self.key;
        self.chunk.handlers[self.function().handlers as usize..end]
            .iter()
            .filter(move |h| h.start <= key && key < h.end)
    }

    /// The slots that hold heap references at a safepoint.
    pub fn reference_slots(&self) -> &[u16] {
        let points = &self.chunk.safepoints;
        match points.binary_search_by_key(&self.key, |s| s.key) {
            Ok(at) => {
                let end = points.get(at + 1).map_or(self.chunk.safepoint_slots.len(), |s| s.slots as usize);
                &self.chunk.safepoint_slots[points[at].slots as usize..end]
            }
            Err(_) => &[],
        }
    }
}

/// A list of positions: for each, how many units and how many bytes of the module it lies after the one before it.
/// Numbers are in LEB128.
pub(crate) struct Positions<'a>(&'a [u8]);

impl Positions<'_> {
    /// Appends a position.
    pub fn push(to: &mut Vec<u8>, unit_step: u32, offset_step: u32) {
        for mut n in [unit_step, offset_step] {
            while n >= 0x80 {
                to.push(n as u8 | 0x80);
                n >>= 7;
            }
            to.push(n as u8);
        }
    }

    fn number(&mut self) -> Option<u32> {
        let (mut n, mut shift) = (0, 0);
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            n |= ((byte & 0x7f) as u32) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
    }
}

impl Iterator for Positions<'_> {
    type Item = (u32, u32);
    fn next(&mut self) -> Option<(u32, u32)> {
        Some((self.number()?, self.number()?))
    }
}

impl Code {
    /// Joins chunks, in order of their functions, to the code of a module.
    pub fn new(mut chunks: Vec<Chunk>) -> Code {
        for chunk in &mut chunks {
            chunk.units.shrink_to_fit();
            chunk.functions.shrink_to_fit();
            chunk.positions.shrink_to_fit();
        }
        Code { info: Box::new(CodeInfo { chunks }) }
    }

    /// What the code consists of.
    pub(crate) fn info_ref(&self) -> &CodeInfo {
        &self.info
    }
}

// SAFETY: code words point to prologues in vectors that no longer change; the info is boxed.
unsafe impl ModuleCode for Code {
    fn code_words(&self) -> Box<[*const u8]> {
        let words = |c: &Chunk| -> Vec<*const u8> {
            c.functions.iter().map(|f| c.units[f.start as usize..].as_ptr().cast()).collect()
        };
        self.info.chunks.iter().flat_map(words).collect()
    }

    fn info(&self) -> *const c_void {
        core::ptr::from_ref::<CodeInfo>(&self.info).cast()
    }

    fn size(&self) -> usize {
        let of = |c: &Chunk| {
            size_of_val(&*c.units)
                + size_of_val(&*c.functions)
                + c.positions.len()
                + size_of_val(&*c.safepoints)
                + size_of_val(&*c.safepoint_slots)
                + size_of_val(&*c.handlers)
                + size_of_val(&*c.catches)
        };
        self.info.chunks.iter().map(of).sum()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
