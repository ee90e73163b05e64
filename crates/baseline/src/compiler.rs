//! The compiler of functions: what is known of the one at hand, how it starts and how it ends.

use crate::control::Control;
use crate::masm::{Address, Label, Load, Masm};
use crate::outofline::OutOfLine;
use crate::reg::{Class, Reg, RegMap, RegSet};
use crate::settings::Settings;
use crate::stack::{Entry, Local, NONE};
use alloc::vec::Vec;
use core::mem::offset_of;
use windlass_abi::code::{CodeChunk, FunctionRow, Positions, SafepointRow};
use windlass_abi::facts::{FuncIndex, ModuleFacts};
use windlass_abi::native::{Location, Locations, SMALL_FRAME};
use windlass_abi::trap::TrapCode;
use windlass_abi::types::{FuncType, ValKind, ValType};
use windlass_abi::vm::VMContext;
use windlass_wasm::plans::Plans;
use windlass_wasm::scan::Scan;
use windlass_wasm::types::TypeKinds;
use windlass_wasm::{Body, DecodeError, Sink, SinkError, WalkScratch};

/// Compiles functions of a module, one after another, into a [`CodeChunk`].
pub struct Compiler<'m, M> {
    pub(crate) plans: Plans<'m>,
    pub(crate) kinds: TypeKinds,
    pub(crate) settings: Settings,
    pub(crate) m: M,
    pub(crate) f: FuncState<'m>,
    pub(crate) out: CodeChunk,
    pub(crate) scan: Scan,
    scratch: WalkScratch,
    candidates: Vec<(u32, Candidate)>,
}

/// What is known of the function at hand. Kept from one to the next for its allocations.
#[derive(Default)]
pub(crate) struct FuncState<'m> {
    pub index: FuncIndex,
    /// The body's bytes, and where they lie in the module.
    pub bytes: &'m [u8],
    pub bytes_at: usize,
    /// Offset in the module of the current operator.
    pub offset: usize,
    /// Text offset and offset in the module of the latest recorded position.
    position: (u32, u32),
    /// Whether the current operator cannot be reached.
    pub dead: bool,
    pub locals: Vec<Local>,
    pub stack: Vec<Entry>,
    /// Slots of all entries of the stack.
    pub height: u32,
    /// The largest `height` so far, and of what calls and landings need beyond it.
    pub max_height: u32,
    /// Slots of the locals.
    pub local_slots: u32,
    /// Home slot `n` lies at `frame pointer - slots_at - 8 * (n + 1)`.
    pub slots_at: u32,
    /// Entries below this one are constants or at home.
    pub settled: usize,
    pub control: Vec<Control>,
    /// Registers for temporary values, and those of them that are free.
    pub temporaries: RegSet,
    pub free: RegSet,
    /// Those that an entry of the stack holds, and which.
    pub held: RegSet,
    pub owners: RegMap,
    /// Callee-saved registers that are used, and where the caller's values are.
    pub saved: Vec<(Reg, i32)>,
    /// Locals in registers, and those of them that calls clobber.
    pub pinned: Vec<u32>,
    pub clobbered: Vec<u32>,
    /// Holds the first byte of memory 0.
    pub memory_base: Option<Reg>,
    /// Whether the home slots of locals in registers are kept current: for handlers, or for core dumps.
    pub write_through: bool,
    /// Bytes at the bottom of the frame for parameters and result areas of calls.
    pub outgoing: u32,
    /// Loops that have started so far.
    pub loops: usize,
    /// Where the address of the result area is kept.
    pub result_area: Option<i32>,
    /// Bytes of stack parameters of the latest call.
    pub call_params: u32,
    pub params: Option<Locations>,
    pub results: Option<Locations>,
    /// Where results are in place and the frame is taken down.
    pub epilogue: Option<Label>,
    pub outofline: Vec<OutOfLine>,
    /// Where the charge of the current fuel block goes, and its sum so far.
    pub charge: Option<(u32, u32)>,
    /// What [`Masm::enter`] gave.
    pub enter_at: u32,
    /// Behind the look at the stack limit.
    pub checked: Option<Label>,
    /// Slots of the locals that hold heap references, and the entries of the stack that are such.
    pub gc_locals: Vec<u32>,
    pub gc_entries: Vec<u32>,
    /// What has been spent on recording them, to be bounded.
    gc_work: usize,
}

/// What can live in a register for a whole function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Candidate {
    MemoryBase,
    Local(u32),
}

/// Slots that a frame may have: a frame of half a megabyte, which is the size of a whole stack by default.
pub(crate) const MAX_SLOTS: u32 = 65_000;

/// Slots that the stack maps of a function may list.
const MAX_GC_WORK: usize = 1 << 26;

pub(crate) fn too_many_slots() -> SinkError {
    SinkError::limit(
        "the function needs more than 65,000 slots of 8 bytes for its locals and operands: the compiler's limit",
    )
}

impl<'m, M: Masm> Compiler<'m, M> {
    /// A compiler for functions of the module with these facts.
    pub fn new(facts: &'m ModuleFacts, settings: Settings) -> Compiler<'m, M> {
        Compiler {
            plans: Plans::new(facts),
            kinds: TypeKinds::new(&facts.types),
            settings,
            m: M::new(),
            f: FuncState::default(),
            out: CodeChunk::default(),
            scan: Scan::default(),
            scratch: WalkScratch::default(),
            candidates: Vec::new(),
        }
    }

    /// Validates and compiles a body. Bodies must come in the order of their functions.
    ///
    /// # Errors
    /// If the body is invalid, or exceeds a limit of the compiler.
    pub fn compile(&mut self, body: Body<'m>) -> Result<(), DecodeError> {
        let facts = self.facts();
        self.scan.scan(&body, facts.imported.functions);
        self.f.bytes = body.bytes();
        self.f.bytes_at = body.range().start;
        let mut scratch = core::mem::take(&mut self.scratch);
        let result = body.walk(&mut scratch, self);
        self.scratch = scratch;
        result
    }

    /// The code of all functions that were compiled.
    pub fn finish(mut self) -> CodeChunk {
        (self.out.text, self.out.relocs) = self.m.into_text();
        self.out
    }

    pub(crate) fn facts(&self) -> &'m ModuleFacts {
        self.plans.facts()
    }

    /// Records what the code at the current place of the text is: an instruction that may trap, or, right after a
    /// call, the call.
    #[inline]
    pub(crate) fn mark(&mut self, trap: Option<TrapCode>) {
        self.mark_at(self.f.offset as u32, trap);
    }

    /// Likewise, for an operator at another offset in the module.
    pub(crate) fn mark_at(&mut self, offset: u32, trap: Option<TrapCode>) {
        let (at, last) = self.f.position;
        let here = self.m.offset();
        Positions::push(&mut self.out.positions, here - at, offset.wrapping_sub(last), trap);
        self.f.position = (here, offset);
    }

    /// Records a call that has just been emitted, and which slots hold heap references while it goes on.
    pub(crate) fn mark_call(&mut self) {
        self.mark(None);
        self.safepoint();
    }

    /// Records which slots hold heap references at the call that has just been emitted.
    pub(crate) fn safepoint(&mut self) {
        if !self.has_references() {
            return;
        }
        let slots = self.out.safepoint_slots.len();
        let out = &mut self.out.safepoint_slots;
        Self::reference_slots_of(&mut self.f, |slot| out.push(slot));
        if self.out.safepoint_slots.len() > slots {
            self.out.safepoints.push(SafepointRow { at: self.m.offset(), slots: slots as u32 });
        }
    }

    /// Whether anything may hold a heap reference.
    #[inline]
    pub(crate) fn has_references(&self) -> bool {
        !self.f.gc_locals.is_empty() || !self.f.gc_entries.is_empty()
    }

    /// The locals' and entries' slots that hold heap references now.
    pub(crate) fn reference_slots(&mut self) -> Vec<u32> {
        let mut slots = Vec::new();
        Self::reference_slots_of(&mut self.f, |slot| slots.push(slot));
        slots
    }

    fn reference_slots_of(f: &mut FuncState<'_>, mut put: impl FnMut(u32)) {
        f.gc_work += f.gc_locals.len() + f.gc_entries.len();
        if f.gc_work > MAX_GC_WORK {
            // The function will be refused.
            return;
        }
        f.gc_locals.iter().for_each(|slot| put(*slot));
        for i in &f.gc_entries {
            let e = &f.stack[*i as usize];
            if e.place == crate::stack::Place::Home {
                put(e.slot);
            }
        }
    }

    fn begin_function(&mut self, index: FuncIndex, locals: &[(u32, ValType)]) -> Result<(), SinkError> {
        let facts = self.facts();
        let ty = facts.type_of_func(index);
        let start = self.m.offset();
        self.out.functions.push(FunctionRow {
            start,
            end: start,
            entry: start,
            index,
            frame_size: 0,
            slots: 0,
            offset: self.f.bytes_at as u32,
            positions: self.out.positions.len() as u32,
            handlers: self.out.handlers.len() as u32,
            safepoints: self.out.safepoints.len() as u32,
        });
        let f = &mut self.f;
        f.index = index;
        f.dead = false;
        f.position = (start, f.bytes_at as u32);
        f.offset = f.bytes_at;
        f.locals.clear();
        f.stack.clear();
        f.control.clear();
        f.saved.clear();
        f.pinned.clear();
        f.clobbered.clear();
        f.outofline.clear();
        f.charge = None;
        (f.height, f.max_height, f.settled, f.outgoing, f.loops) = (0, 0, 0, 0, 0);
        (f.memory_base, f.result_area) = (None, None);
        f.gc_locals.clear();
        f.gc_entries.clear();
        f.gc_work = 0;
        f.write_through = self.scan.catches || self.settings.locals_at_home;
        let mut slots = 0u32;
        let params = ty.params.iter().map(|t| (1, *t));
        for (count, ty) in params.chain(locals.iter().copied()) {
            let kind = ty.kind();
            if slots + count * kind.slots() as u32 > MAX_SLOTS {
                return Err(too_many_slots());
            }
            for _ in 0..count {
                f.locals.push(Local { kind, slot: slots, reg: None, top: NONE });
                if kind == ValKind::Gc {
                    f.gc_locals.push(slots);
                }
                slots += kind.slots() as u32;
            }
        }
        f.local_slots = slots;
        self.assign_registers();
        self.prologue(ty);
        self.out.must_reload |= self.scan.leaves_by_tail_call;
        Ok(())
    }

    /// Chooses what lives in a register for the whole function: what is used most, as far as that
    /// outweighs saving it.
    fn assign_registers(&mut self) {
        let registers = M::REGISTERS;
        let scan = &self.scan;
        let f = &mut self.f;
        let candidates = &mut self.candidates;
        candidates.clear();
        for (i, (l, weight)) in f.locals.iter().zip(&scan.locals).enumerate() {
            // The collector changes references where they are at home.
            if *weight > 1 && l.kind != ValKind::Gc {
                candidates.push((*weight, Candidate::Local(i as u32)));
            }
        }
        if scan.memory > 0 && !self.plans.facts().memories.is_empty() {
            // Without a register it is a load, which seldom is in the way of anything.
            candidates.push((scan.memory / 2, Candidate::MemoryBase));
        }
        candidates.sort_unstable_by(|a, b| b.cmp(a));
        f.temporaries = registers.temporaries;
        let caller_cost = scan.calls.saturating_mul(2);
        let callee_saved = registers.callee_saved;
        let callee_saved = match self.settings.fuel {
            true => callee_saved.strip_suffix(&[M::FUEL]).expect("it is the last one"),
            false => callee_saved,
        };
        let mut left = callee_saved.iter().copied();
        let mut taken = RegSet::EMPTY;
        let mut saves = 0;
        for (weight, candidate) in candidates.iter().copied() {
            let class = match candidate {
                Candidate::Local(i) => Class::of(f.locals[i as usize].kind),
                _ => Class::Int,
            };
            let caller =
                || registers.caller_saved.iter().copied().find(|r| r.class() == class && !taken.contains(*r));
            let mut reg = None;
            if weight > caller_cost {
                reg = caller();
            }
            // Saving and restoring costs as much as two uses.
            if (reg.is_none() || caller_cost > 2)
                && class == Class::Int
                && weight > 2
                && let Some(r) = left.next()
            {
                saves += 1;
                f.saved.push((r, -(8 + 8 * saves)));
                reg = Some(r);
            }
            let Some(reg) = reg else {
                if weight <= 2 {
                    break;
                }
                continue;
            };
            taken.insert(reg);
            f.temporaries.remove(reg);
            match candidate {
                Candidate::MemoryBase => f.memory_base = Some(reg),
                Candidate::Local(i) => {
                    f.locals[i as usize].reg = Some(reg);
                    f.pinned.push(i);
                    if registers.caller_saved.contains(&reg) {
                        f.clobbered.push(i);
                    }
                }
            }
        }
        if f.write_through {
            // A handler finds these registers changed by whom it unwinds: the caller's values come from the frame.
            for r in callee_saved {
                if !taken.contains(*r) {
                    saves += 1;
                    f.saved.push((*r, -(8 + 8 * saves)));
                }
            }
        }
        f.slots_at = 8 + 8 * saves as u32;
        f.free = f.temporaries;
        f.held = RegSet::EMPTY;
    }

    fn prologue(&mut self, ty: &FuncType) {
        let params = M::CONVENTION.params(ty.params.iter().map(|t| t.kind()));
        let results = M::CONVENTION.results(ty.results.iter().map(|t| t.kind()));
        if results.memory > 0 {
            self.f.slots_at += 8;
            self.f.result_area = Some(-(self.f.slots_at as i32));
        }
        // A function that calls nothing cannot get deep: the reserve has room for its frame, if that is small.
        let deep = self.scan.calls > 0 || self.f.local_slots > SMALL_FRAME / 32;
        let checked = self.m.new_label();
        let exceeded = deep.then(|| self.m.new_label());
        let at = self.m.enter(exceeded, checked);
        self.f.checked = Some(checked);
        if let Some(exceeded) = exceeded {
            self.f.outofline.push(OutOfLine::stack_check(exceeded, checked));
        }
        self.enter_body(at);
        for (reg, at) in self.f.saved.clone() {
            self.m.store_frame(ValKind::I64, at, reg);
        }
        if let Some(at) = self.f.result_area {
            self.m.store_frame(ValKind::I64, at, Reg::int(M::CONVENTION.result_area));
        }
        self.place_params(&params);
        self.zero_locals(ty.params.len());
        self.load_fixed(true);
        self.f.params = Some(params);
        self.f.results = Some(results);
        let epilogue = self.m.new_label();
        self.f.epilogue = Some(epilogue);
    }

    /// Brings parameters from where they arrive to where they live.
    fn place_params(&mut self, params: &Locations) {
        let mut moves = Vec::new();
        for (i, location) in params.values.iter().enumerate() {
            let l = self.f.locals[i];
            let at = self.slot_at(l.slot, l.kind);
            let src = match *location {
                Location::Int(n) => Reg::int(n),
                Location::Vector(n) => Reg::vector(n),
                Location::Memory(_) => continue,
            };
            if l.reg.is_none() || self.f.write_through {
                self.m.store_frame(l.kind, at, src);
            }
            if let Some(dst) = l.reg {
                moves.push((dst, src, l.kind));
            }
        }
        self.parallel_moves(&mut moves);
        for (i, location) in params.values.iter().enumerate() {
            let Location::Memory(offset) = *location else { continue };
            let l = self.f.locals[i];
            let at = self.slot_at(l.slot, l.kind);
            let from = FRAME_PARAMS + offset as i32;
            match l.reg {
                Some(reg) => {
                    self.m.load_frame(l.kind, reg, from);
                    if self.f.write_through {
                        self.m.store_frame(l.kind, at, reg);
                    }
                }
                None => self.copy_slot(l.kind, at, from),
            }
        }
    }

    /// Zeroes the locals from `first` on.
    fn zero_locals(&mut self, first: usize) {
        let (mut from, mut to) = (None, 0);
        for i in first..self.f.locals.len() {
            let l = self.f.locals[i];
            if let Some(reg) = l.reg {
                self.m.zero(reg);
                if !self.f.write_through {
                    continue;
                }
            }
            // A run of home slots; those of locals in registers may be zeroed with it.
            from.get_or_insert(l.slot);
            to = l.slot + l.kind.slots() as u32;
        }
        if let Some(from) = from {
            let lowest = self.slot_at(to - 1, ValKind::I64);
            self.m.zero_frame(lowest, to - from);
        }
    }

    /// Whether the first byte of memory 0 may be elsewhere after a call.
    pub(crate) fn memory_moves(&self) -> bool {
        !self.settings.memory_fixed || self.plans.memory(0).memory64
    }

    /// Loads what lives in a register and is no local. After a call (`all` false): what the call clobbered or may have changed.
    pub(crate) fn load_fixed(&mut self, all: bool) {
        let clobbered = |reg: Reg| M::REGISTERS.caller_saved.contains(&reg);
        if let Some(reg) = self.f.memory_base
            && (all || clobbered(reg) || self.memory_moves())
        {
            let at = self.plans.memory(0).base_at;
            self.m.load(Load::I64, reg, Address::new(M::REGISTERS.context, at as i32));
        }
    }

    /// Before a call: brings home the locals whose registers it clobbers.
    pub(crate) fn save_clobbered(&mut self) {
        if self.f.write_through {
            return;
        }
        for i in 0..self.f.clobbered.len() {
            let l = self.f.locals[self.f.clobbered[i] as usize];
            let at = self.slot_at(l.slot, l.kind);
            self.m.store_frame(l.kind, at, l.reg.expect("it has one"));
        }
    }

    /// After a call: gets back what it clobbered.
    pub(crate) fn restore_clobbered(&mut self) {
        for i in 0..self.f.clobbered.len() {
            let l = self.f.locals[self.f.clobbered[i] as usize];
            let at = self.slot_at(l.slot, l.kind);
            self.m.load_frame(l.kind, l.reg.expect("it has one"), at);
        }
        self.load_fixed(false);
    }

    /// At a handler: gets back everything that lives in registers.
    pub(crate) fn reload_all(&mut self) {
        for i in 0..self.f.pinned.len() {
            let l = self.f.locals[self.f.pinned[i] as usize];
            let at = self.slot_at(l.slot, l.kind);
            self.m.load_frame(l.kind, l.reg.expect("it has one"), at);
        }
        self.load_fixed(true);
    }

    /// Moves values between registers, all at once.
    pub(crate) fn parallel_moves(&mut self, moves: &mut Vec<(Reg, Reg, ValKind)>) {
        moves.retain(|(dst, src, _)| dst != src);
        while !moves.is_empty() {
            let free = (0..moves.len()).find(|i| {
                let dst = moves[*i].0;
                moves.iter().all(|(_, src, _)| *src != dst)
            });
            match free {
                Some(i) => {
                    let (dst, src, kind) = moves.swap_remove(i);
                    self.m.mov(kind, dst, src);
                }
                None => {
                    // Only cycles are left: one of their values waits elsewhere.
                    let (_, src, kind) = moves[0];
                    let scratch = match Class::of(kind) {
                        Class::Int => M::REGISTERS.scratch,
                        Class::Vector => M::VECTOR_SCRATCH,
                    };
                    let wide = if Class::of(kind) == Class::Int { ValKind::I64 } else { ValKind::V128 };
                    self.m.mov(wide, scratch, src);
                    for m in moves.iter_mut().filter(|m| m.1 == src) {
                        m.1 = scratch;
                    }
                }
            }
        }
    }

    /// Takes the frame down and returns; results are in place.
    fn epilogue(&mut self) {
        for (reg, at) in self.f.saved.clone() {
            self.m.load_frame(ValKind::I64, reg, at);
        }
        let pop = self.f.params.as_ref().map_or(0, |p| p.memory);
        self.m.leave(pop);
    }

    fn finish_function(&mut self) -> Result<(), SinkError> {
        let epilogue = self.f.epilogue.expect("the prologue made it");
        self.m.bind(epilogue);
        self.epilogue();
        let f = &self.f;
        if f.gc_work > MAX_GC_WORK {
            return Err(SinkError::limit(
                "the function keeps too many references across too many calls: its stack maps would exceed 64 million slots",
            ));
        }
        let slots = f.local_slots + f.max_height;
        let size = (f.slots_at + 8 * slots + f.outgoing).next_multiple_of(16);
        let enter_at = f.enter_at;
        self.m.set_frame_size(enter_at, size);
        let mut entry = None;
        if size > SMALL_FRAME {
            let exceeded = self.m.new_label();
            let checked = self.f.checked.expect("the prologue made it");
            self.m.align();
            entry = Some(self.m.offset());
            self.m.enter_large(size, exceeded, checked);
            self.f.outofline.push(OutOfLine::large_stack_check(exceeded, checked));
        }
        self.emit_outofline()?;
        self.m.finish_function().map_err(SinkError::limit)?;
        let end = self.m.offset();
        self.m.align();
        if end > i32::MAX as u32 / 2 {
            return Err(SinkError::limit("a thread's share of the machine code exceeds 1 GiB"));
        }
        let slots_at = self.f.slots_at;
        let row = self.out.functions.last_mut().expect("`begin` pushed it");
        row.end = end;
        row.frame_size = size;
        row.slots = slots_at;
        if let Some(entry) = entry {
            row.entry = entry;
        }
        Ok(())
    }
}

/// Offset of the store in a context.
pub(crate) const STORE: i32 = offset_of!(VMContext, store) as i32;
/// Offset in a context of what is its own address unless the guest is interrupted.
pub(crate) const UNDISTURBED: i32 = offset_of!(VMContext, undisturbed) as i32;
/// Offset of the first stack parameter from the frame pointer: above the caller's and the return address.
pub(crate) const FRAME_PARAMS: i32 = 16;

impl<'a, M: Masm> Sink<'a> for Compiler<'_, M> {
    fn begin(&mut self, index: FuncIndex, locals: &[(u32, ValType)]) -> Result<(), SinkError> {
        self.begin_function(index, locals)
    }

    #[inline]
    fn at(&mut self, offset: usize) {
        self.f.offset = offset;
        if self.settings.all_positions && !self.f.dead {
            self.mark(None);
        }
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.finish_function()
    }
}
