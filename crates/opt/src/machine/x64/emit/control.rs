//! How functions start and end, calls, branches, traps, and what is written behind the function.

use super::Error;
use super::writer::{OutOfLine, What, Writer, gpr};
use crate::machine::code::PReg;
use crate::machine::x64::sequence::Sequence;
use crate::machine::x64::{CONTEXT, FRAME, FUEL, SCRATCH, STACK, VECTOR_SCRATCH, vector};
use core::mem::offset_of;
use windlass_abi::code::{CatchRow, HandlerRow};
use windlass_abi::native::{FRAME_CONTEXT, NativeStubs, POLL_DISTANCE, POLL_LENGTH, SMALL_FRAME};
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::{ContextKind, VMContext, VMStore};
use windlass_asm::x64::{Cond, Gpr, Label, Mem, Scale, Xmm, inst::*};

/// A vector register that tail calls may use: no parameter is in it.
const SPARE: PReg = vector(14);

impl Writer<'_> {
    /// Writes a sequence.
    pub(super) fn sequence(&mut self, sequence: Sequence, number: u32) -> Result<(), Error> {
        use Sequence::*;
        let position = self.inst(number).position;
        match sequence {
            Entry => {}
            Jump => {
                let to = self.blocks(number).next().ok_or(Error::Arguments(number))?;
                self.jump_to(to);
            }
            Branch => {
                let cond = self.condition(number, 0)?;
                let (then, otherwise) = self.two_blocks(number)?;
                self.branch(cond, then, otherwise);
            }
            BranchEqual => {
                let (then, otherwise) = self.two_blocks(number)?;
                self.branch_equal(then, otherwise);
            }
            BranchNotEqual => {
                let (then, otherwise) = self.two_blocks(number)?;
                self.branch_equal(otherwise, then);
            }
            Table => self.table(number)?,
            Return => {
                self.restore();
                self.leave();
            }
            Trap => {
                let trap = self.trap_code(number, 0)?;
                self.trap(position, trap);
            }
            // What calls before it must return into the function.
            Unreachable => self.asm.op(UD2),
            TrapIf => {
                let (cond, trap) = (self.condition(number, 0)?, self.trap_code(number, 1)?);
                self.trap_if(position, cond, trap);
            }
            CallOwn | CallPointer | CallStub => {
                self.call(sequence, number)?;
            }
            TryOwn | TryPointer | TryStub => self.try_call(sequence, number)?,
            TailOwn => self.tail_own(number)?,
            TailPointer => self.tail_pointer(number)?,
            // The context and the frame are the function's again.
            Landing => self.reload_fuel(),
            RaiseIf => {
                let status = self.int(number, 0)?;
                self.asm.rr(TEST64_RM_R, status, status);
                let raise = self.out_of_line(position, What::Raise(status));
                self.jump(Some(Cond::NE), raise);
            }
            Poll => self.poll(number),
            Charge => {
                let amount = self.number(number, 0)?.min(i32::MAX as u32).cast_signed();
                self.asm.ri(SUB64_RM_I, gpr(FUEL), amount);
                // A branch that processors join with the subtraction.
                self.slow_stub(number, Cond::L, offset_of!(NativeStubs, fuel_exhausted));
            }
            _ => self.value(sequence, number)?,
        }
        Ok(())
    }

    fn two_blocks(&self, number: u32) -> Result<(u32, u32), Error> {
        let mut blocks = self.blocks(number);
        blocks.next().zip(blocks.next()).ok_or(Error::Arguments(number))
    }

    // Branches.

    fn branch(&mut self, cond: Cond, then: u32, otherwise: u32) {
        let (to, other) = (self.label(then), self.label(otherwise));
        if to == other {
            self.jump_to(then);
        } else if self.is_next(then) {
            self.jump(Some(cond.invert()), other);
        } else {
            self.jump(Some(cond), to);
            self.jump_to(otherwise);
        }
    }

    /// Goes to `then` where floats are equal and ordered: those that are not set the parity flag.
    fn branch_equal(&mut self, then: u32, otherwise: u32) {
        let (to, other) = (self.label(then), self.label(otherwise));
        if to == other {
            return self.jump_to(then);
        }
        self.jump(Some(Cond::P), other);
        if self.is_next(then) {
            self.jump(Some(Cond::NE), other);
        } else {
            self.jump(Some(Cond::E), to);
            self.jump_to(otherwise);
        }
    }

    fn table(&mut self, number: u32) -> Result<(), Error> {
        let others = self.blocks(number).count().checked_sub(1).ok_or(Error::Arguments(number))?;
        let default = self.blocks(number).next_back().ok_or(Error::Arguments(number))?;
        if others == 0 {
            self.jump_to(default);
            return Ok(());
        }
        let (index, address) = (self.int(number, 0)?, self.int(number, 1)?);
        self.asm.ri(CMP32_RM_I, index, others as i32);
        let beyond = self.label(default);
        self.jump(Some(Cond::AE), beyond);
        let table = self.asm.new_label();
        self.asm.lea_label(address, table);
        let scratch = gpr(SCRATCH);
        self.asm.rm(MOVSXD64_R_RM32, scratch, Mem::indexed(address, index, Scale::Four, 0));
        self.asm.rr(ADD64_R_RM, address, scratch);
        self.asm.r(JMP_RM, address);
        self.state.tables.push((table, number));
        Ok(())
    }

    /// Writes the jump tables, behind everything else.
    pub(super) fn tables(&mut self) {
        for i in 0..self.state.tables.len() {
            let (table, number) = self.state.tables[i];
            self.asm.align(4);
            self.asm.bind(table);
            let count = self.blocks(number).count() - 1;
            for block in self.blocks(number).take(count) {
                let label = self.label(block);
                self.asm.table_entry(label, table);
            }
        }
    }

    // Start and end.

    /// What every frame starts with.
    fn push_frame(&mut self) {
        self.asm.r(PUSH64_R, gpr(FRAME));
        self.asm.rr(MOV64_R_RM, gpr(FRAME), gpr(STACK));
        self.asm.r(PUSH64_R, gpr(CONTEXT));
    }

    /// Moves the stack pointer, and keeps the flags.
    fn move_stack(&mut self, bytes: i32) {
        if bytes != 0 {
            self.asm.rm(LEA64, gpr(STACK), Mem::base(gpr(STACK), bytes));
        }
    }

    /// The store into the scratch register.
    fn load_store(&mut self) {
        let at = self.in_context(offset_of!(VMContext, store));
        self.asm.rm(MOV64_R_RM, gpr(SCRATCH), at);
    }

    pub(super) fn prologue(&mut self) {
        if !self.frame.bare {
            self.push_frame();
        }
        if self.frame.checked {
            self.check_stack();
        }
        if self.frame.bare {
            return;
        }
        for saved in self.frame.saved.iter() {
            self.asm.r(PUSH64_R, gpr(saved));
        }
        match self.frame.size - 8 - 8 * self.frame.saved.ints.count_ones() {
            0 => {}
            // The shortest way to move the stack pointer.
            8 => self.asm.r(PUSH64_R, Gpr::RAX),
            rest => self.asm.ri(SUB64_RM_I, gpr(STACK), rest.cast_signed()),
        }
    }

    /// Compares the stack pointer, or what it will be if the frame is large, with the limit. No parameter is in `rax`.
    fn check_stack(&mut self) {
        let mut lowest = gpr(STACK);
        if self.frame.size > SMALL_FRAME {
            lowest = Gpr::RAX;
            let at = self.in_frame(-self.frame.size.cast_signed());
            self.asm.rm(LEA64, lowest, at);
        }
        self.load_store();
        let limit = self.behind_scratch(offset_of!(VMStore, stack_limit));
        self.asm.rm(CMP64_R_RM, lowest, limit);
        let back = self.asm.new_label();
        let exceeded = self.out_of_line(self.function.offset, What::StackCheck { back });
        self.jump(Some(Cond::BE), exceeded);
        self.asm.bind(back);
    }

    /// Gives the caller back the registers that a callee saves.
    fn restore(&mut self) {
        for (i, saved) in self.frame.saved.iter().enumerate() {
            let at = self.in_frame(-16 - 8 * i as i32);
            self.asm.rm(MOV64_R_RM, gpr(saved), at);
        }
    }

    /// Takes the frame down and returns.
    fn leave(&mut self) {
        if !self.frame.bare {
            self.asm.op(LEAVE);
        }
        match self.function.code.stack_params {
            0 => self.asm.op(RET),
            bytes => self.asm.i(RET_I, bytes.cast_signed()),
        }
    }

    // Traps.

    /// Traps, right here.
    fn trap(&mut self, position: u32, trap: TrapCode) {
        if self.frame.bare {
            // Who looks at the stack wants a frame.
            self.push_frame();
            self.asm.r(PUSH64_R, Gpr::RAX);
        }
        if self.settings.signals {
            self.mark(position, Some(trap));
            self.asm.op(UD2);
        } else {
            self.asm.mov_ri64(Gpr::RAX, trap as u64);
            self.raise(position);
        }
    }

    /// Raises the status in `rax`. What never returns has a return address in the function all the same.
    fn raise(&mut self, position: u32) {
        self.call_stub(offset_of!(NativeStubs, raise));
        self.mark(position, None);
        self.asm.op(UD2);
    }

    /// Traps if a condition holds.
    pub(super) fn trap_if(&mut self, position: u32, cond: Cond, trap: TrapCode) {
        let at = self.out_of_line(position, What::Trap(trap));
        self.jump(Some(cond), at);
    }

    /// Goes to where a stub is called that keeps all registers, if a condition holds.
    fn slow_stub(&mut self, number: u32, cond: Cond, stub: usize) {
        let (safepoint, back) = (self.safepoint(number), self.asm.new_label());
        let what = What::Stub { stub: stub as u32, back, safepoint };
        let slow = self.out_of_line(self.inst(number).position, what);
        self.jump(Some(cond), slow);
        self.asm.bind(back);
    }

    fn poll(&mut self, number: u32) {
        if !self.settings.signals {
            let undisturbed = self.in_context(offset_of!(VMContext, undisturbed));
            self.asm.rm(CMP64_R_RM, gpr(CONTEXT), undisturbed);
            return self.slow_stub(number, Cond::NE, offset_of!(NativeStubs, interrupt));
        }
        let (position, safepoint) = (self.inst(number).position, self.safepoint(number));
        self.mark(position, Some(TrapCode::Interrupt));
        let at = self.asm.offset();
        // A load into a register that nobody reads waits for nothing and changes no flags.
        self.asm.rm(MOV32_R_RM, gpr(SCRATCH), Mem::base(gpr(CONTEXT), -(POLL_DISTANCE as i32)));
        debug_assert_eq!((self.asm.offset() - at) as usize, POLL_LENGTH);
        self.mark_call(position, safepoint);
    }

    // Calls.

    /// Calls a stub of the runtime. Uses the scratch register.
    fn call_stub(&mut self, stub: usize) {
        if self.settings.fuel {
            self.load_store();
            let fuel = self.behind_scratch(offset_of!(VMStore, fuel));
            self.asm.mr(MOV64_RM_R, fuel, gpr(FUEL));
        }
        let stubs = self.in_context(offset_of!(VMContext, stubs));
        self.asm.rm(MOV64_R_RM, gpr(SCRATCH), stubs);
        let stub = self.behind_scratch(stub);
        self.asm.m(CALL_RM, stub);
    }

    /// After a stub: the host may have given the guest more fuel. Uses the scratch register.
    fn reload_fuel(&mut self) {
        if self.settings.fuel {
            self.load_store();
            let fuel = self.behind_scratch(offset_of!(VMStore, fuel));
            self.asm.rm(MOV64_R_RM, gpr(FUEL), fuel);
        }
    }

    fn reload_context(&mut self) {
        let at = self.in_frame(FRAME_CONTEXT);
        self.asm.rm(MOV64_R_RM, gpr(CONTEXT), at);
    }

    /// Calls, and records that. Gives the return address.
    fn call(&mut self, sequence: Sequence, number: u32) -> Result<u32, Error> {
        let (position, safepoint) = (self.inst(number).position, self.safepoint(number));
        let (returned, popped, leaves);
        match sequence {
            Sequence::CallOwn | Sequence::TryOwn => {
                let function = self.number(number, 0)?;
                match self.settings.replaceable {
                    true => self.asm.call_slot_reloc(function),
                    false => self.asm.call_reloc(function),
                }
                popped = self.number(number, 1)?;
                leaves = self.number(number, 2)? != 0;
                returned = self.asm.offset();
                self.mark_call(position, safepoint);
            }
            Sequence::CallPointer | Sequence::TryPointer => {
                let (code, context) = (self.int(number, 0)?, self.int(number, 1)?);
                self.asm.rr(MOV64_R_RM, gpr(CONTEXT), context);
                self.asm.r(CALL_RM, code);
                popped = self.number(number, 0)?;
                leaves = true;
                returned = self.asm.offset();
                self.mark_call(position, safepoint);
            }
            _ => {
                let stub = self.number(number, 0)?;
                self.call_stub(stub as usize);
                (popped, leaves) = (0, false);
                returned = self.asm.offset();
                self.mark_call(position, safepoint);
                self.reload_fuel();
            }
        }
        if leaves {
            self.reload_context();
        }
        // The callee has popped its parameters.
        self.move_stack(-popped.cast_signed());
        Ok(returned)
    }

    fn try_call(&mut self, sequence: Sequence, number: u32) -> Result<(), Error> {
        let start = self.asm.offset();
        let end = self.call(sequence, number)?;
        let mut blocks = self.blocks(number);
        let normal = blocks.next().ok_or(Error::Arguments(number))?;
        let catches = self.out.catches.len() as u32;
        for block in blocks {
            self.catch(block)?;
        }
        let catches_end = self.out.catches.len() as u32;
        self.out.handlers.push(HandlerRow { start, end, catches, catches_end });
        self.jump_to(normal);
        Ok(())
    }

    /// The row of what is caught in a block, which the landing there says.
    fn catch(&mut self, block: u32) -> Result<(), Error> {
        let code = self.function.code;
        let landing = code.blocks[block as usize].insts.start;
        let is_landing = Sequence::of(code.insts[landing as usize].opcode) == Some(Sequence::Landing);
        let what = self.number(landing, 0)?;
        let Some(caught) = code.caught.get(what as usize).filter(|_| is_landing) else {
            return Err(Error::Arguments(landing));
        };
        let slot = self.frame.home_slot(code, self.number(landing, 1)?);
        let label = self.label(block);
        self.state.landings.push((self.out.catches.len() as u32, label));
        self.out.catches.push(CatchRow {
            tag: caught.tag.unwrap_or(CatchRow::ANY),
            with_reference: caught.with_reference.into(),
            slot,
            target: 0,
        });
        Ok(())
    }

    // Tail calls.

    fn tail_own(&mut self, number: u32) -> Result<(), Error> {
        let (function, bytes) = (self.number(number, 0)?, self.number(number, 1)?);
        self.restore();
        self.drop_frame(bytes);
        self.asm.jmp_reloc(function);
        Ok(())
    }

    fn tail_pointer(&mut self, number: u32) -> Result<(), Error> {
        let (code, context) = (self.int(number, 0)?, self.int(number, 1)?);
        let bytes = self.number(number, 0)?;
        self.out.must_reload = true;
        // Host functions cannot be given the frame.
        let kind = Mem::base(context, offset_of!(VMContext, kind) as i32);
        self.asm.mi(CMP32_RM_I, kind, ContextKind::Host as i32);
        self.asm.rr(MOV64_R_RM, gpr(CONTEXT), context);
        let safepoint = self.safepoint(number);
        debug_assert_eq!(code, Gpr::RAX, "the sequence says so");
        let host = self.out_of_line(self.inst(number).position, What::HostTail { safepoint });
        self.jump(Some(Cond::E), host);
        self.restore();
        self.drop_frame(bytes);
        self.asm.r(JMP_RM, code);
        Ok(())
    }

    /// Takes the frame down for a tail call, with so many bytes of stack parameters at its bottom. `rax` and `r15` are kept.
    fn drop_frame(&mut self, callee: u32) {
        let own = self.function.code.stack_params;
        if self.frame.bare {
            return;
        }
        if own == 0 && callee == 0 {
            return self.asm.op(LEAVE);
        }
        // The new parameters end where the old ones did. They may come to lie over the return address and the caller's frame pointer,
        // and, from the top down, over themselves.
        let to = 16 + own.cast_signed() - callee.cast_signed();
        let (scratch, vector) = (gpr(SCRATCH), Xmm::new(VECTOR_SCRATCH.number));
        let spare = Xmm::new(SPARE.number);
        let (frame, returns) = (self.in_frame(0), self.in_frame(8));
        self.asm.rm(MOV64_R_RM, scratch, returns);
        self.asm.rm(VMOVSD_LOAD, spare, frame);
        for at in (0..callee.cast_signed()).step_by(16).rev() {
            let above = self.in_frame(to + at);
            self.asm.rm(VMOVUPS_LOAD, vector, Mem::base(gpr(STACK), at));
            self.asm.mr(VMOVUPS_STORE, above, vector);
        }
        let bottom = self.in_frame(to);
        self.asm.rm(LEA64, gpr(STACK), bottom);
        self.asm.rr(VMOVQ_RM_X, gpr(FRAME), spare);
        self.asm.r(PUSH64_R, scratch);
    }

    // Behind the function.

    pub(super) fn outofline(&mut self) {
        let mut next = 0;
        while let Some(&OutOfLine { at, position, what }) = self.state.outofline.get(next) {
            next += 1;
            self.asm.bind(at);
            match what {
                What::Trap(trap) => self.trap(position, trap),
                What::StackCheck { back } => self.exceeded(position, back),
                What::Stub { stub, back, safepoint } => {
                    self.call_stub(stub as usize);
                    self.mark_call(position, safepoint);
                    self.reload_fuel();
                    self.jump(None, back);
                }
                What::Raise(status) => {
                    if status != Gpr::RAX {
                        self.asm.rr(MOV64_R_RM, Gpr::RAX, status);
                    }
                    self.raise(position);
                }
                What::HostTail { safepoint } => {
                    self.asm.r(CALL_RM, Gpr::RAX);
                    self.mark_call(position, safepoint);
                    self.reload_context();
                    self.restore();
                    self.leave();
                }
            }
        }
    }

    /// The stack limit was exceeded. So far the frame is the caller's frame pointer and the context.
    fn exceeded(&mut self, position: u32, back: Label) {
        if self.frame.bare {
            self.push_frame();
        }
        if self.frame.size <= SMALL_FRAME {
            self.asm.rr(MOV64_R_RM, Gpr::RAX, gpr(STACK));
        }
        // Aligns the stack.
        self.asm.r(PUSH64_R, Gpr::RAX);
        self.call_stub(offset_of!(NativeStubs, stack_check));
        self.mark(position, None);
        self.asm.r(POP64_R, Gpr::RAX);
        self.reload_fuel();
        if self.frame.bare {
            self.asm.r(POP64_R, gpr(CONTEXT));
            self.asm.r(POP64_R, gpr(FRAME));
        }
        self.jump(None, back);
    }
}
