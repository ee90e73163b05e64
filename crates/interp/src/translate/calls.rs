//! Calls, tail calls and throws.

use super::Translator;
use crate::handlers::call::*;
use crate::handlers::exception::{Throw, ThrowRef};
use crate::table::{Opcode, opcode};
use windlass_abi::layout::Place;
use windlass_abi::types::{FuncType, TypeIndex, ValKind};
use windlass_wasm::SinkError;
use windlass_wasm::plans::CallTarget;

/// What a call goes to, with its operands.
enum Target {
    Function(CallTarget),
    Indirect { index: u16, table: u32, ty: TypeIndex },
    Ref(u16),
}

impl Translator<'_> {
    /// `call`, or with `tail` `return_call`.
    pub(super) fn call(&mut self, function: u32, tail: bool) -> Result<(), SinkError> {
        let plan = self.plans.call(function);
        self.call_to(Target::Function(plan.target), plan.ty, tail)
    }

    /// `call_indirect`, or with `tail` `return_call_indirect`.
    pub(super) fn call_indirect(&mut self, ty: TypeIndex, table: u32, tail: bool) -> Result<(), SinkError> {
        let index = self.pop_slot();
        self.call_to(Target::Indirect { index, table, ty }, ty, tail)
    }

    /// `call_ref`, or with `tail` `return_call_ref`.
    pub(super) fn call_ref(&mut self, ty: TypeIndex, tail: bool) -> Result<(), SinkError> {
        let func = self.pop_slot();
        self.call_to(Target::Ref(func), ty, tail)
    }

    fn call_to(&mut self, target: Target, ty: TypeIndex, tail: bool) -> Result<(), SinkError> {
        let ty = self.facts().func_type(ty);
        let count = ty.params.len();
        self.bring_top_home(count);
        self.mark();
        let slots: u32 = ty.params.iter().map(|t| t.kind().slots() as u32).sum();
        let first = self.next_slot() - slots as u16;
        self.truncate(self.func.stack.len() - count);
        self.emit_target(&target, tail);
        if tail {
            self.unit(slots as u16);
            self.unit(self.func.header as u16);
        }
        // Last: the distance of the frames.
        self.unit(first);
        // A return address is looked up as the unit before it.
        self.safepoint(self.here() - 1);
        if tail && matches!(target, Target::Function(CallTarget::Own { .. })) {
            self.ends_here();
            return Ok(());
        }
        self.clear_accs();
        self.push_results(ty)?;
        if tail {
            // Host functions return here.
            self.emit_return()?;
            self.ends_here();
        }
        Ok(())
    }

    fn push_results(&mut self, ty: &FuncType) -> Result<(), SinkError> {
        for t in &ty.results {
            self.push_home(t.kind())?;
        }
        // A single result is in the accumulator, too.
        if let [t] = &*ty.results
            && t.kind() != ValKind::V128
        {
            let slot = self.func.stack.last().expect("just pushed").slot;
            self.wrote(slot, t.kind());
        }
        Ok(())
    }

    fn emit_target(&mut self, target: &Target, tail: bool) {
        match *target {
            Target::Function(CallTarget::Own { code_word }) => {
                self.start(if tail { opcode::<ReturnCall>() } else { opcode::<Call>() });
                self.unit32(code_word);
            }
            Target::Function(CallTarget::Import { at }) => {
                self.start(if tail { opcode::<ReturnCallImport>() } else { opcode::<CallImport>() });
                self.unit32(at);
            }
            Target::Ref(func) => {
                self.start(if tail { opcode::<ReturnCallRef>() } else { opcode::<CallRef>() });
                self.unit(func);
            }
            Target::Indirect { index, table, ty } => {
                let plan = self.plans.table(table);
                let (code, at) = indirect_opcode(plan.place, plan.table64, tail);
                self.start(code);
                self.unit(index);
                self.unit32(at);
                self.unit32(ty);
                self.unit32(table);
            }
        }
    }

    /// `throw`.
    pub(super) fn throw(&mut self, tag: u32) -> Result<(), SinkError> {
        let ty = self.facts().func_type(self.facts().tags[tag as usize]);
        let count = ty.params.len();
        self.bring_top_home(count);
        self.mark();
        let slots: u32 = ty.params.iter().map(|t| t.kind().slots() as u32).sum();
        let first = self.next_slot() - slots as u16;
        let start = self.here();
        self.start(opcode::<Throw>());
        self.unit32(self.plans.tag(tag));
        self.unit(first);
        // The payload is still on the stack: the collector may have to move what it refers to.
        self.safepoint(start);
        self.ends_here();
        Ok(())
    }

    /// `throw_ref`.
    pub(super) fn throw_ref(&mut self) -> Result<(), SinkError> {
        let slot = self.pop_slot();
        self.mark();
        let start = self.here();
        self.start(opcode::<ThrowRef>());
        self.unit(slot);
        self.safepoint(start);
        self.ends_here();
        Ok(())
    }
}

/// The opcode of an indirect call, and where the table lies.
fn indirect_opcode(place: Place, table64: bool, tail: bool) -> (Opcode, u32) {
    let (imported, at) = match place {
        Place::Inline(at) => (false, at),
        Place::Indirect(at) => (true, at),
    };
    let code = match (table64, imported, tail) {
        (false, false, false) => opcode::<CallIndirect<u32, false, false>>(),
        (false, true, false) => opcode::<CallIndirect<u32, true, false>>(),
        (true, false, false) => opcode::<CallIndirect<u64, false, false>>(),
        (true, true, false) => opcode::<CallIndirect<u64, true, false>>(),
        (false, false, true) => opcode::<CallIndirect<u32, false, true>>(),
        (false, true, true) => opcode::<CallIndirect<u32, true, true>>(),
        (true, false, true) => opcode::<CallIndirect<u64, false, true>>(),
        (true, true, true) => opcode::<CallIndirect<u64, true, true>>(),
    };
    (code, at)
}
