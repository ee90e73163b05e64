//! Wasm to bytecode, in one pass over the validated operators of each function.
//!
//! The operand stack exists at translation time only. An entry of it is a *local* or a *constant* that nothing has
//! been done with yet, or a value in its *home slot*, which its height alone determines. Instructions
//! take their operands from wherever they are; a result goes to the home slot of its height. So most
//! `local.get`s and constants, and the copy of a result to a local, cost no instruction.
//!
//! Where control flow meets, every value that crosses is in its home slot: whoever branches or falls through puts
//! it there. Entries below a block are never in a local that the block could change: they are
//! brought home before it ([`stack`]).
//!
//! - [`stack`]: the operand stack. [`emit`]: writing instructions, and the latest one taken back
//!   when a better one covers it. [`control`]: blocks and branches. [`calls`], [`memory`], [`values`], [`simd`], [`atomic`]: the other operators.
//!   [`visit`]: from the walk's operators to all of these.

mod atomic;
mod calls;
mod control;
mod emit;
mod memory;
mod simd;
mod stack;
mod values;
mod visit;

use crate::code::{Chunk, Code, Function, Positions, Safepoint};
use crate::frame::{HEADER, PROLOGUE, Prologue};
use alloc::vec::Vec;
use control::Control;
use emit::{Accs, Last};
use stack::{Entry, Local};
use windlass_abi::facts::{FuncIndex, ModuleFacts};
use windlass_abi::types::{ValKind, ValType};
use windlass_wasm::plans::Plans;
use windlass_wasm::types::TypeKinds;
use windlass_wasm::{Body, DecodeError, Sink, SinkError, WalkScratch};

/// What bytecode must do beyond what the module says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// Charge fuel.
    pub fuel: bool,
    /// Look at the interrupt word at loop heads and function entries.
    pub interruption: bool,
}

/// Translates functions of a module, one after another, into a [`Chunk`].
pub struct Translator<'m> {
    plans: Plans<'m>,
    kinds: TypeKinds,
    settings: Settings,
    scratch: WalkScratch,
    func: FuncState,
    chunk: Chunk,
}

/// What is known of the function that is being translated. Kept from one to the next for its allocations.
#[derive(Default)]
struct FuncState {
    index: FuncIndex,
    /// Offset in the module of the current operator.
    offset: usize,
    /// Offset in the module, and unit, of the latest recorded position.
    position: (u32, u32),
    /// Whether no operator since the last branch can be reached.
    dead: bool,
    locals: Vec<Local>,
    stack: Vec<Entry>,
    /// Slots of all entries of the stack.
    height: u32,
    /// The largest `height` so far, and of what calls and landings need beyond it.
    max_height: u32,
    /// The slot of the frame's header.
    header: u32,
    /// Entries below this one are in no local.
    settled: usize,
    /// Entries that hold heap references.
    gc_entries: u32,
    /// Whether locals hold heap references.
    gc_locals: bool,
    /// What has been looked through to record safepoints, to be bounded.
    gc_work: usize,
    control: Vec<Control>,
    accs: Accs,
    last: Last,
    /// The operand of the `fuel` instruction of the current fuel block.
    fuel_at: Option<usize>,
    /// Operands to be set to the frame's size.
    frame_size_at: Vec<usize>,
    /// Catch clauses whose targets are not known yet: the label's depth from the outside, and the clause.
    pending_catches: Vec<(usize, usize)>,
}

/// Slots that a frame may have: operands name them with 16 bits.
const MAX_SLOTS: u32 = 65_000;

/// Locals and entries that recording the safepoints of a function may look through.
const MAX_GC_WORK: usize = 1 << 26;

fn too_many_slots() -> SinkError {
    SinkError::limit(
        "the function needs more than 65,000 slots of 8 bytes for its locals and operands: the interpreter's limit",
    )
}

impl<'m> Translator<'m> {
    /// A translator for functions of the module with these facts.
    pub fn new(facts: &'m ModuleFacts, settings: Settings) -> Translator<'m> {
        Translator {
            plans: Plans::new(facts),
            kinds: TypeKinds::new(&facts.types),
            settings,
            scratch: WalkScratch::default(),
            func: FuncState::default(),
            chunk: Chunk::default(),
        }
    }

    /// Makes room for the code of bodies of so many bytes altogether.
    pub fn reserve(&mut self, bytes: usize) {
        // On real modules a byte of Wasm becomes a little more than one unit.
        self.chunk.units.reserve(bytes);
    }

    /// Validates and translates a body. Bodies must come in the order of their functions.
    ///
    /// # Errors
    /// If the body is invalid, or exceeds a limit of the interpreter.
    pub fn translate<'a>(&mut self, body: Body<'a>) -> Result<(), DecodeError> {
        let mut scratch = core::mem::take(&mut self.scratch);
        let result = body.walk(&mut scratch, self);
        self.scratch = scratch;
        result
    }

    /// The code of all functions that were translated.
    pub fn finish(self) -> Chunk {
        self.chunk
    }

    fn facts(&self) -> &'m ModuleFacts {
        self.plans.facts()
    }
}

/// Translates the bodies of a module, one after another.
///
/// # Errors
/// The first error of [`Translator::translate`].
pub fn compile<'a>(
    facts: &ModuleFacts,
    bodies: impl IntoIterator<Item = Body<'a>>,
    settings: &Settings,
) -> Result<Code, DecodeError> {
    let mut translator = Translator::new(facts, *settings);
    for body in bodies {
        translator.translate(body)?;
    }
    Ok(Code::new(alloc::vec![translator.finish()]))
}

impl<'a> Sink<'a> for Translator<'_> {
    fn begin(&mut self, index: FuncIndex, locals: &[(u32, ValType)]) -> Result<(), SinkError> {
        let facts = self.facts();
        let ty = facts.type_of_func(index);
        let f = &mut self.func;
        f.index = index;
        f.dead = false;
        f.locals.clear();
        f.stack.clear();
        f.control.clear();
        f.frame_size_at.clear();
        f.pending_catches.clear();
        f.accs = Accs::default();
        f.last = Last::None;
        f.fuel_at = None;
        (f.height, f.max_height, f.settled, f.gc_entries, f.gc_locals) = (0, 0, 0, 0, false);
        f.gc_work = 0;

        let mut slots = 0u32;
        let params = ty.params.iter().map(|t| (1, *t));
        let mut param_slots = 0;
        for (i, (count, ty)) in params.chain(locals.iter().copied()).enumerate() {
            let kind = ty.kind();
            f.gc_locals |= kind == ValKind::Gc && count > 0;
            if slots + count * kind.slots() as u32 > MAX_SLOTS {
                return Err(too_many_slots());
            }
            for _ in 0..count {
                f.locals.push(Local::new(slots as u16, kind));
                slots += kind.slots() as u32;
            }
            if i < ty_params(facts, index) {
                param_slots = slots;
            }
        }
        let result_slots: u32 = ty.results.iter().map(|t| t.kind().slots() as u32).sum();
        f.header = slots.max(result_slots);

        let start = self.chunk.units.len() as u32;
        let prologue = Prologue { header: f.header as u16, zeroed: (f.header - param_slots) as u16, size: 0 };
        self.chunk.units.extend_from_slice(&prologue.to_units());
        self.chunk.functions.push(Function {
            index,
            start,
            positions: self.chunk.positions.len() as u32,
            handlers: self.chunk.handlers.len() as u32,
            offset: 0,
        });
        self.func.position = (0, start + PROLOGUE as u32);
        self.enter_function();
        Ok(())
    }

    #[inline]
    fn at(&mut self, offset: usize) {
        self.func.offset = offset;
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        let f = &self.func;
        if f.gc_work > MAX_GC_WORK {
            return Err(SinkError::limit(
                "the function keeps references across too many calls for its size: more than 64 million slots to record",
            ));
        }
        let size = f.header + HEADER as u32 + f.max_height;
        if size > MAX_SLOTS {
            return Err(too_many_slots());
        }
        let start = self.chunk.functions.last().expect("begin pushed the function").start as usize;
        let header = self.chunk.units[start];
        let zeroed = self.chunk.units[start + 1];
        let prologue = Prologue { header, zeroed, size };
        self.chunk.units[start..start + PROLOGUE].copy_from_slice(&prologue.to_units());
        for &at in &self.func.frame_size_at {
            self.chunk.units[at] = size as u16;
        }
        if self.chunk.units.len() > i32::MAX as usize {
            return Err(SinkError::limit("the module's bytecode exceeds 4 GiB: the interpreter's limit"));
        }
        Ok(())
    }
}

fn ty_params(facts: &ModuleFacts, index: FuncIndex) -> usize {
    facts.type_of_func(index).params.len()
}

impl Translator<'_> {
    /// Records where in the module the next instruction comes from: before every instruction that
    /// can trap, call, or be a safepoint.
    fn mark(&mut self) {
        let (offset, unit) = self.func.position;
        let now = (self.func.offset as u32, self.chunk.units.len() as u32);
        Positions::push(&mut self.chunk.positions, now.1 - unit, now.0.wrapping_sub(offset));
        self.func.position = now;
    }

    /// Records which slots hold heap references at a safepoint. `key` is the unit that stands for it.
    fn safepoint(&mut self, key: usize) {
        let f = &self.func;
        if !f.gc_locals && f.gc_entries == 0 {
            return;
        }
        let slots = self.chunk.safepoint_slots.len() as u32;
        let work = f.locals.len() + f.stack.len();
        self.func.gc_work += work;
        let f = &self.func;
        if f.gc_work > MAX_GC_WORK {
            // The function will be refused.
            return;
        }
        if f.gc_locals {
            let of_kind = f.locals.iter().filter(|l| l.kind == ValKind::Gc);
            self.chunk.safepoint_slots.extend(of_kind.map(|l| l.slot));
        }
        for e in &f.stack {
            if e.kind == ValKind::Gc && e.is_home() {
                self.chunk.safepoint_slots.push(e.slot);
            }
        }
        self.chunk.safepoints.push(Safepoint { key: key as u32, slots });
    }
}
