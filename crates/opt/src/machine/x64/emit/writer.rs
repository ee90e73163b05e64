//! One function into one buffer: blocks, instructions of the table, operands, moves, jumps.

use super::{Error, Function, Settings, State};
use crate::machine::allocate::{Move, Place, Point};
use crate::machine::code::{Address, Arg, Class, MInst, PReg, Part};
use crate::machine::x64::frame::Frame;
use crate::machine::x64::sequence::Sequence;
use crate::machine::x64::{CONTEXT, FRAME, SCRATCH, STACK};
use windlass_abi::code::{CodeChunk, Positions, SafepointRow};
use windlass_abi::trap::TrapCode;
use windlass_asm::x64::{
    Assembler, Cond, Gpr, Inst, Label, Mem, Operand, OperandSpec, Reg, Scale, Xmm, inst::*,
};

/// Heads of small loops are aligned to as much as is fetched at once.
const LOOP_ALIGN: u32 = 32;

/// What is written behind the function.
#[derive(Clone, Copy)]
pub(super) struct OutOfLine {
    pub at: Label,
    /// Offset in the module of what it belongs to.
    pub position: u32,
    pub what: What,
}

/// A piece of code that runs seldom.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A trap.
    Trap(TrapCode),
    /// The stack limit was exceeded in the prologue.
    StackCheck { back: Label },
    /// A call of a stub that keeps all registers, with this safepoint.
    Stub { stub: u32, back: Label, safepoint: Option<u32> },
    /// A call of the runtime came back with a status.
    Raise(Gpr),
    /// A tail call of a host function: a call and a return.
    HostTail { safepoint: Option<u32> },
}

/// Writes a function.
pub(super) struct Writer<'a> {
    pub settings: Settings,
    pub function: &'a Function<'a>,
    pub frame: Frame,
    pub state: &'a mut State,
    pub asm: &'a mut Assembler,
    pub out: &'a mut CodeChunk,
    /// Whether it is written for its distances only.
    measures: bool,
    /// Jumps ahead so far.
    jumps: usize,
    /// The place in the text and the offset in the module of the latest position.
    latest: (u32, u32),
    /// Moves and safepoints that are behind.
    moves: usize,
    safepoints: usize,
    /// The block behind the one at hand.
    next: Option<u32>,
}

/// The general register of this number.
pub(super) fn gpr(reg: PReg) -> Gpr {
    Gpr::new(reg.number)
}

/// The vector register of this number.
pub(super) fn xmm(reg: PReg) -> Xmm {
    Xmm::new(reg.number)
}

/// The assembler's register.
pub(super) fn reg(reg: PReg) -> Reg {
    match reg.class {
        Class::Int => gpr(reg).into(),
        Class::Vector => xmm(reg).into(),
    }
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        settings: Settings,
        function: &'a Function<'a>,
        frame: Frame,
        state: &'a mut State,
        asm: &'a mut Assembler,
        out: &'a mut CodeChunk,
        measures: bool,
    ) -> Writer<'a> {
        state.labels.clear();
        state.labels.extend(function.code.blocks.iter().map(|_| asm.new_label()));
        state.outofline.clear();
        state.tables.clear();
        state.landings.clear();
        let latest = (asm.offset(), function.offset);
        Writer {
            settings,
            function,
            frame,
            state,
            asm,
            out,
            measures,
            jumps: 0,
            latest,
            moves: 0,
            safepoints: 0,
            next: None,
        }
    }

    /// Writes all of it.
    pub(super) fn function(&mut self) -> Result<(), Error> {
        self.prologue();
        let count = self.function.code.blocks.len() as u32;
        let mut at = self.written_from(0, count);
        while let Some(block) = at {
            at = self.written_from(block + 1, count);
            self.next = at;
            self.block(block)?;
        }
        self.outofline();
        self.tables();
        Ok(())
    }

    fn written_from(&self, block: u32, count: u32) -> Option<u32> {
        (block..count).find(|block| self.state.layout.is_written(*block))
    }

    fn block(&mut self, block: u32) -> Result<(), Error> {
        if let Some(latch) = self.state.layout.latch(block) {
            self.align_loop(block, latch);
        }
        let start = self.asm.offset();
        let label = self.state.labels[block as usize];
        self.asm.bind(label);
        for number in self.function.code.blocks[block as usize].insts.clone() {
            self.moves(number, Point::Before);
            let inst = &self.function.code.insts[number as usize];
            match (Sequence::of(inst.opcode), Inst::from_number(inst.opcode.0)) {
                (Some(sequence), _) => self.sequence(sequence, number)?,
                (None, Some(row)) => self.row(row, number)?,
                (None, None) => return Err(Error::Arguments(number)),
            }
            self.moves(number, Point::After);
        }
        if self.measures {
            self.state.extents[block as usize] = (start, self.asm.offset());
        }
        Ok(())
    }

    /// Aligns the head of a loop, unless all of it is fetched at once as it lies.
    fn align_loop(&mut self, head: u32, latch: u32) {
        if self.measures {
            return self.asm.nops(LOOP_ALIGN - 1);
        }
        let extents = &self.state.extents;
        let size = extents[latch as usize].1.saturating_sub(extents[head as usize].0);
        if self.asm.offset() % LOOP_ALIGN + size > LOOP_ALIGN {
            self.asm.align(LOOP_ALIGN);
        }
    }

    // Instructions of the table.

    fn row(&mut self, row: Inst, number: u32) -> Result<(), Error> {
        let mut operands = [Operand::Imm(0); 6];
        let args = self.function.code.args_of(number);
        if args.len() != row.written_operands().count() {
            return Err(Error::Arguments(number));
        }
        for ((arg, spec), to) in args.iter().zip(row.written_operands()).zip(&mut operands) {
            *to = self.operand(number, *arg, spec)?;
        }
        let count = args.len();
        let inst = self.inst(number);
        if inst.trap.is_some() {
            self.mark(inst.position, inst.trap);
        }
        self.asm.emit(row, &operands[..count]).map_err(|error| Error::Encode(number, error))
    }

    fn operand(&mut self, number: u32, arg: Arg, spec: &OperandSpec) -> Result<Operand, Error> {
        Ok(match arg {
            Arg::Operand(operand) => match self.place(number, operand)? {
                Place::Register(at) => reg(at).into(),
                Place::Spill(unit) => self.spilled(unit).into(),
            },
            Arg::Fixed(fixed) => reg(fixed).into(),
            Arg::Memory(memory) => self.memory(number, memory)?.into(),
            Arg::Immediate(value) => value.into(),
            Arg::Block(block) => self.label(block).into(),
            Arg::Constant(constant) => {
                let bytes = self.function.code.constants[constant as usize];
                let len = match spec.mem_bits {
                    32 => 4,
                    64 => 8,
                    _ => 16,
                };
                Mem::rip(self.asm.constant(&bytes[..len])).into()
            }
            Arg::Number(_) => return Err(Error::Arguments(number)),
        })
    }

    /// A memory operand.
    pub(super) fn memory(&self, number: u32, memory: u32) -> Result<Mem, Error> {
        let Address { base, index, shift, mut offset } = self.function.code.memories[memory as usize];
        let mut part = |part: Part| -> Result<Gpr, Error> {
            Ok(match part {
                Part::Operand(operand) => self.int(number, operand)?,
                Part::Fixed(fixed) => gpr(fixed),
                Part::Slots => {
                    offset -= self.frame.slots.cast_signed();
                    gpr(FRAME)
                }
                Part::Outgoing => gpr(STACK),
            })
        };
        let (base, index) = (base.map(&mut part).transpose()?, index.map(part).transpose()?);
        let scale = [Scale::One, Scale::Two, Scale::Four, Scale::Eight].get(usize::from(shift));
        let scale = *scale.ok_or(Error::Arguments(number))?;
        Ok(match (base, index) {
            (Some(base), Some(index)) => Mem::indexed(base, index, scale, offset),
            (Some(base), None) => Mem::base(base, offset),
            (None, Some(index)) => Mem::index_only(index, scale, offset),
            (None, None) => Mem::absolute(offset),
        })
    }

    // What the instruction at hand has.

    pub(super) fn inst(&self, number: u32) -> &'a MInst {
        &self.function.code.insts[number as usize]
    }

    /// Where an operand is.
    pub(super) fn place(&self, number: u32, operand: u8) -> Result<Place, Error> {
        let places = self.function.allocation.places_of(self.function.code, number);
        places.get(usize::from(operand)).copied().ok_or(Error::Arguments(number))
    }

    fn register(&self, number: u32, operand: u8, class: Class) -> Result<PReg, Error> {
        match self.place(number, operand)? {
            Place::Register(reg) if reg.class == class => Ok(reg),
            _ => Err(Error::Arguments(number)),
        }
    }

    /// The general register of an operand.
    pub(super) fn int(&self, number: u32, operand: u8) -> Result<Gpr, Error> {
        self.register(number, operand, Class::Int).map(gpr)
    }

    /// The vector register of an operand.
    pub(super) fn vector(&self, number: u32, operand: u8) -> Result<Xmm, Error> {
        self.register(number, operand, Class::Vector).map(xmm)
    }

    /// The `which`th argument, which is a number.
    pub(super) fn number(&self, number: u32, which: usize) -> Result<u32, Error> {
        match self.function.code.args_of(number).get(which) {
            Some(Arg::Number(value)) => Ok(*value),
            _ => Err(Error::Arguments(number)),
        }
    }

    /// The `which`th argument, which is a condition.
    pub(super) fn condition(&self, number: u32, which: usize) -> Result<Cond, Error> {
        Cond::ALL.get(self.number(number, which)? as usize).copied().ok_or(Error::Arguments(number))
    }

    /// The `which`th argument, which is a trap.
    pub(super) fn trap_code(&self, number: u32, which: usize) -> Result<TrapCode, Error> {
        let code = u8::try_from(self.number(number, which)?).ok().and_then(TrapCode::from_code);
        code.ok_or(Error::Arguments(number))
    }

    /// The blocks among the arguments.
    pub(super) fn blocks(&self, number: u32) -> impl DoubleEndedIterator<Item = u32> + use<'a> {
        self.function.code.args_of(number).iter().filter_map(|arg| match arg {
            Arg::Block(block) => Some(*block),
            _ => None,
        })
    }

    // Moves.

    fn moves(&mut self, number: u32, point: Point) {
        while let Some(Move { inst, point: at, from, to, class }) =
            self.function.allocation.moves.get(self.moves).copied()
            && (inst, at) == (number, point)
        {
            self.moves += 1;
            self.transfer(class, from, to);
        }
    }

    /// A spill slot.
    pub(super) fn spilled(&self, unit: u32) -> Mem {
        Mem::base(gpr(FRAME), self.frame.spill(unit))
    }

    /// Moves 8 bytes of integers, or 16 of a vector.
    pub(super) fn transfer(&mut self, class: Class, from: Place, to: Place) {
        if from == to {
            return;
        }
        let (load, store) = match class {
            Class::Int => (MOV64_R_RM, MOV64_RM_R),
            Class::Vector => (VMOVUPS_LOAD, VMOVUPS_STORE),
        };
        match (from, to) {
            (Place::Register(from), Place::Register(to)) => {
                let inst = if class == Class::Int { MOV64_R_RM } else { VMOVAPS };
                self.asm.rr(inst, reg(to), reg(from));
            }
            (Place::Spill(from), Place::Register(to)) => self.asm.rm(load, reg(to), self.spilled(from)),
            (Place::Register(from), Place::Spill(to)) => self.asm.mr(store, self.spilled(to), reg(from)),
            (Place::Spill(from), Place::Spill(to)) => {
                let scratch = match class {
                    Class::Int => SCRATCH,
                    Class::Vector => crate::machine::x64::VECTOR_SCRATCH,
                };
                self.asm.rm(load, reg(scratch), self.spilled(from));
                self.asm.mr(store, self.spilled(to), reg(scratch));
            }
        }
    }

    // Jumps.

    /// The label of where a jump to a block goes.
    pub(super) fn label(&self, block: u32) -> Label {
        self.state.labels[self.state.layout.goal(block) as usize]
    }

    /// Whether a jump to a block goes to what comes next anyway.
    pub(super) fn is_next(&self, block: u32) -> bool {
        self.next == Some(self.state.layout.goal(block))
    }

    /// Jumps, in the shortest form; always, without a condition.
    pub(super) fn jump(&mut self, cond: Option<Cond>, to: Label) {
        let ahead = !self.asm.is_bound(to);
        let short = ahead && self.state.short.get(self.jumps).copied().unwrap_or(false);
        match (cond, short) {
            (Some(cond), true) => self.asm.jcc_short(cond, to),
            (Some(cond), false) => self.asm.jcc(cond, to),
            (None, true) => self.asm.jmp_short(to),
            (None, false) => self.asm.jmp(to),
        }
        if ahead {
            self.jumps += 1;
            if self.measures {
                self.state.jumps.push((self.asm.offset(), to));
            }
        }
    }

    /// Jumps to a block, unless it comes next.
    pub(super) fn jump_to(&mut self, block: u32) {
        if !self.is_next(block) {
            let label = self.label(block);
            self.jump(None, label);
        }
    }

    /// The label of a piece of code that is written behind the function.
    pub(super) fn out_of_line(&mut self, position: u32, what: What) -> Label {
        // A sequence of several checks traps in one place.
        if let Some(last) = self.state.outofline.last()
            && matches!(what, What::Trap(_))
            && (last.position, last.what) == (position, what)
        {
            return last.at;
        }
        let at = self.asm.new_label();
        self.state.outofline.push(OutOfLine { at, position, what });
        at
    }

    // Tables.

    /// Records what the text at this place is: an instruction that may trap, or, right behind it, a call.
    pub(super) fn mark(&mut self, position: u32, trap: Option<TrapCode>) {
        let here = self.asm.offset();
        let (at, offset) = self.latest;
        Positions::push(&mut self.out.positions, here - at, position.wrapping_sub(offset), trap);
        self.latest = (here, position);
    }

    /// The safepoint of an instruction. Instructions come in order.
    pub(super) fn safepoint(&mut self, number: u32) -> Option<u32> {
        let all = &self.function.code.safepoints;
        while all.get(self.safepoints).is_some_and(|safepoint| safepoint.inst < number) {
            self.safepoints += 1;
        }
        let safepoint = all.get(self.safepoints)?;
        (safepoint.inst == number).then_some(self.safepoints as u32)
    }

    /// Records a call that has just been written, with its safepoint.
    pub(super) fn mark_call(&mut self, position: u32, safepoint: Option<u32>) {
        self.mark(position, None);
        let Some(safepoint) = safepoint else { return };
        let code = self.function.code;
        let slots = code.safepoints[safepoint as usize].slots.clone();
        if slots.is_empty() {
            return;
        }
        let first = self.out.safepoint_slots.len() as u32;
        for slot in &code.numbers[slots.start as usize..slots.end as usize] {
            self.out.safepoint_slots.push(self.frame.home_slot(code, *slot));
        }
        self.out.safepoints.push(SafepointRow { at: self.asm.offset(), slots: first });
    }

    // Short cuts.

    /// A place in the frame.
    pub(super) fn in_frame(&self, at: i32) -> Mem {
        Mem::base(gpr(FRAME), at)
    }

    /// A place in the context.
    pub(super) fn in_context(&self, at: usize) -> Mem {
        Mem::base(gpr(CONTEXT), at as i32)
    }

    /// A place behind the scratch register.
    pub(super) fn behind_scratch(&self, at: usize) -> Mem {
        Mem::base(gpr(SCRATCH), at as i32)
    }
}
