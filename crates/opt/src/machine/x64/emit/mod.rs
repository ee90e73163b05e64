//! Emission: from machine instructions with their registers to bytes and tables.
//!
//! **In:** [`Code`], its [`Allocation`] for [`super::target::machine`], what the code is for ([`Settings`]). **Out:** a [`CodeChunk`] with the
//! functions one behind the other, as `windlass_abi::native` demands: prologues, frames, positions, safepoints, handlers.
//!
//! - `writer`: an instruction, its operands, moves, jumps;
//! - `control`: prologue and ends, calls, branches, and what lies behind the function;
//! - `values`: sequences that compute something;
//! - `layout`: which blocks there are, after jumps to jumps.
//!
//! **Short jumps.** A function is written twice. The first time, into a buffer of its own, every jump ahead is long, and each head of a loop
//! that is aligned takes as much as it can. So no distance can be greater the second time, and what was near enough then is
//! short now. The assembler would report a mistake when it resolves labels.
//!
//! **Flags.** Nothing that is written between instructions changes them: moves, loads, stores and `lea` only.

mod control;
mod layout;
mod values;
mod writer;

use super::frame::{Frame, MAX_FRAME};
use super::target::machine;
use crate::machine::allocate::Allocation;
use crate::machine::code::Code;
use core::fmt;
use layout::Layout;
use windlass_abi::code::{CodeChunk, FUNCTION_ALIGN, FunctionRow, Reloc, RelocTarget};
use windlass_abi::facts::FuncIndex;
use windlass_asm::x64::{Assembler, EncodeError, Label, LinkError, RelocKind};
use writer::{OutOfLine, Writer};

/// What code is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The fuel is in its register.
    pub fuel: bool,
    /// Faults become traps, and loops poll by reading a page. Otherwise traps are calls, and polls compare.
    pub signals: bool,
    /// Functions can be replaced: direct calls go through slots.
    pub replaceable: bool,
}

/// Why a function cannot be emitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// Its frame is larger than [`MAX_FRAME`].
    Frame,
    /// The chunk gets larger than what relative addresses reach.
    Text,
    /// An instruction's arguments are not what its row says: a mistake of selection.
    Arguments(u32),
    /// The assembler refuses an instruction: a mistake of selection.
    Encode(u32, EncodeError),
    /// A label is out of reach, or was never bound: a mistake of emission.
    Link(LinkError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Frame => write!(f, "the function needs a frame of more than {MAX_FRAME} bytes"),
            Error::Text => f.write_str("a thread's share of the machine code exceeds 1 GiB"),
            Error::Arguments(inst) => write!(f, "instruction {inst} has other arguments than its row says"),
            Error::Encode(inst, error) => write!(f, "instruction {inst}: {error}"),
            Error::Link(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

/// The most bytes of text that one chunk may have.
const MAX_TEXT: u32 = i32::MAX as u32 / 2;

/// A function to be emitted.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// Its index in the module's function index space.
    pub index: FuncIndex,
    /// Offset in the module of its first operator.
    pub offset: u32,
    /// Its instructions.
    pub code: &'a Code,
    /// Their registers.
    pub allocation: &'a Allocation,
}

/// What is kept from function to function, and from the first writing of one to the second.
#[derive(Default)]
struct State {
    layout: Layout,
    /// Labels of the blocks.
    labels: Vec<Label>,
    /// Of the first writing: where each jump ahead ends, and what it goes to.
    jumps: Vec<(u32, Label)>,
    /// Which of these jumps are short.
    short: Vec<bool>,
    /// Of the first writing: where each block starts and ends.
    extents: Vec<(u32, u32)>,
    outofline: Vec<OutOfLine>,
    /// Jump tables: where they lie, and the instruction.
    tables: Vec<(Label, u32)>,
    /// Rows of catches that go to a label.
    landings: Vec<(u32, Label)>,
}

/// Emits functions, one after another.
pub struct Emitter {
    settings: Settings,
    asm: Assembler,
    out: CodeChunk,
    /// For the first writing.
    trial: Assembler,
    trial_out: CodeChunk,
    state: State,
}

impl Emitter {
    /// An emitter without functions.
    pub fn new(settings: Settings) -> Emitter {
        Emitter {
            settings,
            asm: Assembler::new(),
            out: CodeChunk::default(),
            trial: Assembler::new(),
            trial_out: CodeChunk::default(),
            state: State::default(),
        }
    }

    /// Emits a function. They come in the order of their indices.
    ///
    /// # Errors
    /// If it exceeds a limit, or selection has made a mistake. The emitter is of no use then.
    pub fn emit(&mut self, function: &Function<'_>) -> Result<(), Error> {
        let callee_saved = machine(self.settings.fuel).callee_saved;
        let frame = Frame::new(function.code, function.allocation, callee_saved).map_err(|_| Error::Frame)?;
        self.state.layout.set(function.code, function.allocation);
        self.measure(function, frame)?;
        self.write(function, frame)
    }

    /// Finds out which jumps can be short.
    fn measure(&mut self, function: &Function<'_>, frame: Frame) -> Result<(), Error> {
        self.trial.clear();
        clear(&mut self.trial_out);
        let (state, asm) = (&mut self.state, &mut self.trial);
        state.short.clear();
        state.jumps.clear();
        state.extents.clear();
        state.extents.resize(function.code.blocks.len(), (0, 0));
        Writer::new(self.settings, function, frame, state, asm, &mut self.trial_out, true).function()?;
        for (end, label) in state.jumps.drain(..) {
            let near = asm.is_bound(label) && asm.offset_of(label) - end <= i8::MAX as u32;
            state.short.push(near);
        }
        Ok(())
    }

    fn write(&mut self, function: &Function<'_>, frame: Frame) -> Result<(), Error> {
        let start = self.asm.offset();
        self.out.functions.push(FunctionRow {
            start,
            end: start,
            entry: start,
            index: function.index,
            frame_size: frame.size,
            slots: frame.slots_end,
            offset: function.offset,
            positions: self.out.positions.len() as u32,
            handlers: self.out.handlers.len() as u32,
            safepoints: self.out.safepoints.len() as u32,
        });
        let (state, asm) = (&mut self.state, &mut self.asm);
        Writer::new(self.settings, function, frame, state, asm, &mut self.out, false).function()?;
        for (row, label) in state.landings.drain(..) {
            self.out.catches[row as usize].target = asm.offset_of(label);
        }
        asm.finish_function(1).map_err(Error::Link)?;
        let end = asm.offset();
        asm.align(FUNCTION_ALIGN as u32);
        if end > MAX_TEXT {
            return Err(Error::Text);
        }
        if let Some(row) = self.out.functions.last_mut() {
            row.end = end;
        }
        Ok(())
    }

    /// The code of all functions.
    pub fn finish(mut self) -> CodeChunk {
        self.out.text = self.asm.bytes().to_vec();
        let relocs = self.asm.relocs().iter().map(|reloc| Reloc {
            at: reloc.at,
            target: match reloc.kind {
                RelocKind::Call | RelocKind::Jump => RelocTarget::Entry(reloc.key),
                RelocKind::SlotCall => RelocTarget::Slot(reloc.key),
            },
        });
        self.out.relocs = relocs.collect();
        self.out
    }
}

/// Empties the tables that writing fills.
fn clear(chunk: &mut CodeChunk) {
    chunk.positions.clear();
    chunk.safepoints.clear();
    chunk.safepoint_slots.clear();
    chunk.handlers.clear();
    chunk.catches.clear();
}
