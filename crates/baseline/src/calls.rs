//! Calls, tail calls and throws; calls of the runtime's builtins.

use crate::compiler::{Compiler, MAX_SLOTS};
use crate::masm::{Address, Cond, IntBinary, Load, Masm, Operand, TailTarget, Width};
use crate::outofline::{IndirectCall, OutOfLine};
use crate::reg::{Class, Reg};
use crate::stack::{Entry, Place};
use alloc::vec::Vec;
use core::mem::{offset_of, size_of};
use windlass_abi::code::RelocTarget;
use windlass_abi::layout::Place as Where;
use windlass_abi::native::{Location, Locations, NativeStubs};
use windlass_abi::trap::TrapCode;
use windlass_abi::types::{FuncType, TypeIndex, ValKind};
use windlass_abi::vm::{ContextKind, VMContext, VMFuncRef, VMTableFunc};
use windlass_wasm::SinkError;
use windlass_wasm::plans::{CallTarget, TablePlan};

type Done = Result<(), SinkError>;

/// What a call goes to.
#[derive(Clone, Copy)]
enum Target {
    /// A function of the module.
    Own(RelocTarget),
    /// {code, context} at the address in a register that is no parameter's.
    Pair(Reg),
    /// {code, context} in the context.
    Import(i32),
}

/// An argument of a builtin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Argument<'e> {
    /// The context.
    Context,
    /// A number known now.
    Constant(u64),
    /// An entry that was popped.
    Entry(&'e Entry),
}

impl<M: Masm> Compiler<'_, M> {
    /// `call`, or with `tail` `return_call`.
    pub(crate) fn call(&mut self, function: u32, tail: bool) -> Done {
        let plan = self.plans.call(function);
        let ty = self.facts().func_type(plan.ty);
        let target = match plan.target {
            CallTarget::Own { code_word } if self.settings.replaceable => {
                Target::Own(RelocTarget::Slot(code_word))
            }
            CallTarget::Own { code_word } => Target::Own(RelocTarget::Entry(code_word)),
            CallTarget::Import { at } => Target::Import(at as i32),
        };
        self.call_to(target, ty, tail)
    }

    /// `call_ref`, or with `tail` `return_call_ref`.
    pub(crate) fn call_ref(&mut self, ty: TypeIndex, tail: bool) -> Done {
        let e = self.pop();
        let pair = M::REGISTERS.int_result;
        if e.place != Place::Reg(pair) {
            if !self.f.free.contains(pair) {
                self.take(pair);
            } else {
                self.f.free.remove(pair);
            }
            self.load_to(&e, pair);
            self.drop_entry(&e);
        }
        self.m.test(Width::W64, pair);
        self.trap_if(Cond::Eq, TrapCode::NullFunctionReference);
        let ty = self.facts().func_type(ty);
        self.call_to(Target::Pair(pair), ty, tail)
    }

    /// `call_indirect`, or with `tail` `return_call_indirect`.
    pub(crate) fn call_indirect(&mut self, ty_index: TypeIndex, table: u32, tail: bool) -> Done {
        let plan = self.plans.table(table);
        let e = self.pop();
        // The index in the register of the first result, which is no parameter's.
        let pair = M::REGISTERS.int_result;
        let index = self.reg(&e);
        if index != pair {
            if self.f.free.contains(pair) {
                self.f.free.remove(pair);
            } else {
                self.take(pair);
            }
        }
        let scratch = M::REGISTERS.scratch;
        let at = self.place_at(plan.place);
        // Bounds, element, type.
        self.compare_table_len(&plan, index, at);
        self.trap_if(Cond::GeU, TrapCode::UndefinedElement);
        let number = if index == pair {
            // The number is needed again if the element is not simply a function of this type.
            let reg = self.alloc(Class::Int);
            self.m.mov(ValKind::I64, reg, index);
            reg
        } else {
            index
        };
        let at = self.place_at(plan.place);
        let shift = Operand::Imm(size_of::<VMTableFunc>().trailing_zeros() as i32);
        self.m.load(Load::I64, scratch, Address { offset: at.offset + TablePlan::BASE as i32, ..at });
        self.m.int_binary(IntBinary::Shl, Width::W64, pair, number, shift);
        self.m.int_binary(IntBinary::Add, Width::W64, pair, pair, Operand::Reg(scratch));
        let type_ids = Address::new(M::REGISTERS.context, offset_of!(VMContext, type_ids) as i32);
        self.m.load(Load::I64, scratch, type_ids);
        let type_id = self.plans.type_id(ty_index);
        self.m.load(Load::I32, scratch, Address::new(scratch, type_id as i32));
        self.m.compare_with_memory32(scratch, Address::new(pair, offset_of!(VMTableFunc, type_id) as i32));
        let (cold, back) = (self.m.new_label(), self.m.new_label());
        self.m.branch(Cond::Ne, cold);
        self.m.bind(back);
        self.release(number);
        // What must survive the cold way: everything in registers that calls clobber.
        let mut saves = Vec::new();
        // References among them are in their home slots, then.
        let mut slots = self.reference_slots();
        for reg in self.f.held {
            let e = self.f.stack[self.f.owners.get(reg) as usize];
            saves.push((reg, e.kind, self.home(&e)));
            if e.kind == ValKind::Gc {
                slots.push(e.slot);
            }
        }
        for local in &self.f.clobbered {
            let l = self.f.locals[*local as usize];
            let at = self.slot_at(l.slot, l.kind);
            saves.push((l.reg.expect("it has one"), l.kind, at));
        }
        self.reserve_slots(1)?;
        let spare = self.slot_at(self.next_slot(), ValKind::I64);
        let call = IndirectCall { back, pair, index: number, table, type_id, saves, spare, slots };
        self.f.outofline.push(OutOfLine::indirect(cold, self.f.offset as u32, call));
        let ty = self.facts().func_type(ty_index);
        self.call_to(Target::Pair(pair), ty, tail)
    }

    /// Where something lies in the context or behind a pointer there, which then is in the scratch register.
    pub(crate) fn place_at(&mut self, place: Where) -> Address {
        match place {
            Where::Inline(at) => Address::new(M::REGISTERS.context, at as i32),
            Where::Indirect(at) => {
                let scratch = M::REGISTERS.scratch;
                self.m.load(Load::I64, scratch, Address::new(M::REGISTERS.context, at as i32));
                Address::new(scratch, 0)
            }
        }
    }

    /// Compares an index with the number of elements of a table.
    pub(crate) fn compare_table_len(&mut self, plan: &TablePlan, index: Reg, at: Address) {
        match plan.fixed_len {
            Some(len) if len <= i32::MAX as u64 => {
                self.m.compare(Width::W64, Operand::Reg(index), Operand::Imm(len as i32));
            }
            _ => self.m.compare_memory64(index, Address { offset: at.offset + TablePlan::LEN as i32, ..at }),
        }
    }

    /// Calls, with the topmost entries as arguments. The register of a [`Target::Pair`] is in hand.
    fn call_to(&mut self, target: Target, ty: &FuncType, tail: bool) -> Done {
        let count = ty.params.len();
        let params = M::CONVENTION.params(ty.params.iter().map(|t| t.kind()));
        let results = M::CONVENTION.results(ty.results.iter().map(|t| t.kind()));
        if tail {
            return self.tail_call(target, ty, &params);
        }
        // Results arrive above the heights of what stays.
        self.spill_temporaries(count);
        self.save_clobbered();
        self.place_arguments(&params, count);
        self.f.outgoing = self.f.outgoing.max(params.memory + results.memory);
        if results.memory > 0 {
            self.m.stack_address(Reg::int(M::CONVENTION.result_area), params.memory);
        }
        let context = M::REGISTERS.context;
        let leaves = match target {
            Target::Own(target) => {
                self.m.call_function(target);
                self.settings.reload_context
            }
            Target::Pair(pair) => {
                self.release(pair);
                self.m.load(Load::I64, context, Address::new(pair, PAIR_CONTEXT));
                self.m.call_memory(Address::new(pair, PAIR_CODE));
                true
            }
            Target::Import(at) => {
                let pair = M::REGISTERS.int_result;
                self.m.load(Load::I64, pair, Address::new(context, at + PAIR_CODE));
                self.m.load(Load::I64, context, Address::new(context, at + PAIR_CONTEXT));
                self.m.call_reg(pair);
                true
            }
        };
        self.mark_call();
        if leaves {
            self.reload_context();
        }
        // The callee has popped them.
        self.m.push_stack(params.memory as i32);
        match (&*ty.results, results.values.first()) {
            ([t], Some(_)) => {
                let reg = Self::join_reg(t.kind());
                self.restore_clobbered();
                self.f.free.remove(reg);
                self.push_reg(t.kind(), reg)
            }
            _ => {
                self.receive_results(ty, &results)?;
                self.restore_clobbered();
                Ok(())
            }
        }
    }

    /// Brings several results home. The result area lies at the bottom of the frame, where the parameters were.
    fn receive_results(&mut self, ty: &FuncType, results: &Locations) -> Done {
        let pushed = self.f.stack.len();
        for t in &ty.results {
            self.push(Place::Home, t.kind())?;
        }
        for (i, location) in results.values.iter().enumerate() {
            let e = self.f.stack[pushed + i];
            let at = self.home(&e);
            match *location {
                Location::Int(n) => self.m.store_frame(e.kind, at, Reg::int(n)),
                Location::Vector(n) => self.m.store_frame(e.kind, at, Reg::vector(n)),
                Location::Memory(_) => {}
            }
        }
        for (i, location) in results.values.iter().enumerate() {
            let Location::Memory(offset) = *location else { continue };
            let e = self.f.stack[pushed + i];
            let at = self.home(&e);
            let scratch = match Class::of(e.kind) {
                Class::Int => M::REGISTERS.scratch,
                Class::Vector => M::VECTOR_SCRATCH,
            };
            let from = self.f.call_params + offset;
            self.m.load_stack(e.kind, scratch, from);
            self.m.store_frame(e.kind, at, scratch);
        }
        Ok(())
    }

    /// Puts the topmost `count` entries, which are popped, where a call wants its parameters.
    fn place_arguments(&mut self, params: &Locations, count: usize) {
        self.f.call_params = params.memory;
        let first = self.f.stack.len() - count;
        // Stack parameters first: they need registers.
        for (i, location) in params.values.iter().enumerate() {
            let Location::Memory(offset) = *location else { continue };
            let e = self.f.stack[first + i];
            let scratch = match Class::of(e.kind) {
                Class::Int => M::REGISTERS.scratch,
                Class::Vector => M::VECTOR_SCRATCH,
            };
            let reg = match e.place {
                Place::Reg(reg) => reg,
                Place::Local(local) => self.f.locals[local as usize].reg.unwrap_or(scratch),
                _ => scratch,
            };
            if reg == scratch {
                self.load_to(&e, scratch);
            }
            self.m.store_stack(e.kind, offset, reg);
        }
        // Then what moves between registers; then what is loaded.
        let mut moves = Vec::new();
        let mut loads = Vec::new();
        for (i, location) in params.values.iter().enumerate() {
            let dst = match *location {
                Location::Int(n) => Reg::int(n),
                Location::Vector(n) => Reg::vector(n),
                Location::Memory(_) => continue,
            };
            let e = self.f.stack[first + i];
            let src = match e.place {
                Place::Reg(reg) => Some(reg),
                Place::Local(local) => self.f.locals[local as usize].reg,
                _ => None,
            };
            match src {
                Some(src) => moves.push((dst, src, e.kind)),
                None => loads.push((dst, e)),
            }
        }
        self.parallel_moves(&mut moves);
        for (dst, e) in loads {
            self.load_to(&e, dst);
        }
        self.truncate(first);
    }

    fn tail_call(&mut self, target: Target, ty: &FuncType, params: &Locations) -> Done {
        let context = M::REGISTERS.context;
        self.place_arguments(params, ty.params.len());
        self.f.outgoing = self.f.outgoing.max(params.memory);
        if let Some(at) = self.f.result_area {
            self.m.load_frame(ValKind::I64, Reg::int(M::CONVENTION.result_area), at);
        }
        let target = match target {
            Target::Own(target) => TailTarget::Function(target),
            Target::Pair(pair) => TailTarget::Pair(pair),
            Target::Import(at) => {
                let pair = M::REGISTERS.int_result;
                self.m.address(Width::W64, pair, Address::new(context, at));
                TailTarget::Pair(pair)
            }
        };
        if let TailTarget::Pair(pair) = target {
            // Host functions cannot be given the frame.
            let scratch = M::REGISTERS.scratch;
            self.m.load(Load::I64, scratch, Address::new(pair, PAIR_CONTEXT));
            self.m.compare_memory32(
                Address::new(scratch, offset_of!(VMContext, kind) as i32),
                ContextKind::Host as i32,
            );
            let host = self.m.new_label();
            self.m.branch(Cond::Eq, host);
            let slots = self.reference_slots();
            let offset = self.f.offset as u32;
            self.f.outofline.push(OutOfLine::host_tail(host, offset, pair, params.memory, slots));
            self.release(pair);
        }
        for (reg, at) in self.f.saved.clone() {
            self.m.load_frame(ValKind::I64, reg, at);
        }
        let own = self.f.params.as_ref().map_or(0, |p| p.memory);
        self.m.leave_to(target, own, params.memory);
        self.die();
        Ok(())
    }

    /// Calls a builtin: everything in temporaries goes home, arguments go to the builtin's registers. The results are in
    /// [`Masm::BUILTIN_RESULTS`], in hand of nobody yet.
    pub(crate) fn call_builtin(&mut self, builtin: usize, arguments: &[Argument<'_>]) {
        self.spill_temporaries(0);
        self.save_clobbered();
        let mut moves = Vec::new();
        let mut loads = Vec::new();
        for (argument, dst) in arguments.iter().zip(M::BUILTIN_PARAMS) {
            match argument {
                Argument::Context => moves.push((*dst, M::REGISTERS.context, ValKind::I64)),
                Argument::Entry(e) => {
                    let src = match e.place {
                        Place::Reg(reg) => Some(reg),
                        Place::Local(local) => self.f.locals[local as usize].reg,
                        _ => None,
                    };
                    match src {
                        Some(src) => moves.push((*dst, src, e.kind)),
                        None => loads.push((*dst, *argument)),
                    }
                }
                _ => loads.push((*dst, *argument)),
            }
        }
        self.parallel_moves(&mut moves);
        for (dst, argument) in loads {
            match argument {
                Argument::Entry(e) => self.load_to(e, dst),
                Argument::Constant(bits) => self.m.constant(ValKind::I64, dst, bits),
                Argument::Context => unreachable!("moved"),
            }
        }
        for argument in arguments {
            if let Argument::Entry(e) = argument {
                self.drop_entry(e);
            }
        }
        self.call_builtin_stub(builtin);
        self.mark_call();
        self.reload_fuel();
    }

    /// Likewise, a builtin that gives a status only.
    pub(crate) fn call_builtin_status(&mut self, builtin: usize, arguments: &[Argument<'_>]) {
        self.call_builtin(builtin, arguments);
        self.check_status(M::BUILTIN_RESULTS.0);
        self.restore_clobbered();
    }

    /// Likewise, a builtin that gives a number and a status; pushes the number.
    pub(crate) fn call_builtin_value(
        &mut self,
        builtin: usize,
        arguments: &[Argument<'_>],
        kind: ValKind,
    ) -> Done {
        self.call_builtin(builtin, arguments);
        self.check_status(M::BUILTIN_RESULTS.1);
        self.push_builtin_result(kind)
    }

    /// Pushes the first result of a builtin.
    pub(crate) fn push_builtin_result(&mut self, kind: ValKind) -> Done {
        self.restore_clobbered();
        let reg = M::BUILTIN_RESULTS.0;
        self.f.free.remove(reg);
        if kind == ValKind::I32 {
            // It may be -1 of 64 bits.
            self.m.mov(ValKind::I32, reg, reg);
        }
        self.push_reg(kind, reg)
    }

    /// `throw`.
    pub(crate) fn throw(&mut self, tag: u32) -> Done {
        let ty = self.facts().func_type(self.facts().tags[tag as usize]);
        let count = ty.params.len();
        let slots: u32 = ty.params.iter().map(|t| t.kind().slots() as u32).sum();
        self.bring_top_home(count);
        self.spill_temporaries(0);
        self.save_clobbered();
        // The payload in ascending order, at the bottom of the frame.
        self.f.outgoing = self.f.outgoing.max((slots * 8).next_multiple_of(16));
        if slots > MAX_SLOTS {
            return Err(crate::compiler::too_many_slots());
        }
        let first = self.f.stack.len() - count;
        let mut offset = 0;
        for i in first..self.f.stack.len() {
            let e = self.f.stack[i];
            let from = self.home(&e);
            if e.kind == ValKind::V128 {
                self.m.load_frame(e.kind, M::VECTOR_SCRATCH, from);
                self.m.store_stack(e.kind, offset, M::VECTOR_SCRATCH);
            } else {
                self.m.load_frame(ValKind::I64, M::REGISTERS.scratch, from);
                self.m.store_stack(ValKind::I64, offset, M::REGISTERS.scratch);
            }
            offset += 8 * e.kind.slots() as u32;
        }
        let at = self.plans.tag(tag);
        let params = M::BUILTIN_PARAMS;
        self.m.load(Load::I64, params[0], Address::new(M::REGISTERS.context, at as i32));
        self.m.stack_address(params[1], 0);
        self.call_stub(offset_of!(NativeStubs, throw) as u32);
        self.mark_call();
        self.die();
        Ok(())
    }

    /// `throw_ref`.
    pub(crate) fn throw_ref(&mut self) -> Done {
        let e = self.pop();
        let reg = self.reg(&e);
        self.m.test(Width::W32, reg);
        self.trap_if(Cond::Eq, TrapCode::NullExceptionReference);
        self.spill_temporaries(0);
        self.save_clobbered();
        let param = M::BUILTIN_PARAMS[0];
        if reg != param {
            self.m.mov(ValKind::I64, param, reg);
        }
        self.release(reg);
        self.call_stub(offset_of!(NativeStubs, throw_ref) as u32);
        self.mark_call();
        self.die();
        Ok(())
    }
}

/// Offsets in what a call through a pointer finds: the same in references, table elements and imports.
const PAIR_CODE: i32 = offset_of!(VMFuncRef, code) as i32;
const PAIR_CONTEXT: i32 = offset_of!(VMFuncRef, context) as i32;
