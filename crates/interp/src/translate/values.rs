//! Locals, globals, constants, tables and references.

use super::Translator;
use super::memory::index_kind;
use crate::handlers::bulk::*;
use crate::handlers::reference::*;
use crate::handlers::table::*;
use crate::handlers::variable::*;
use crate::ops::BinaryOp;
use crate::table::{Opcode, opcode};
use windlass_abi::layout::Place;
use windlass_abi::types::{HeapType, ValKind};
use windlass_wasm::SinkError;

/// The instruction of a pair that serves a kind of references.
fn by_kind(kind: ValKind, func: Opcode, gc: Opcode) -> Opcode {
    if kind == ValKind::Func { func } else { gc }
}

/// The instruction of a pair that serves a width of indices.
fn by_width(wide: bool, narrow_op: Opcode, wide_op: Opcode) -> Opcode {
    if wide { wide_op } else { narrow_op }
}

fn place(place: Place) -> (bool, u32) {
    match place {
        Place::Inline(at) => (false, at),
        Place::Indirect(at) => (true, at),
    }
}

impl Translator<'_> {
    /// `local.tee`.
    pub(super) fn local_tee(&mut self, local: u32) -> Result<(), SinkError> {
        self.local_set(local);
        self.push_local(local)
    }

    /// `v128.const`.
    pub(super) fn v128_const(&mut self, bytes: &[u8; 16]) -> Result<(), SinkError> {
        let dst = self.push_home(ValKind::V128)?;
        self.single_to::<ConstV128>(dst, ValKind::V128);
        self.bytes(bytes);
        Ok(())
    }

    /// Writes 16 bytes as an operand.
    pub(super) fn bytes(&mut self, bytes: &[u8; 16]) {
        for pair in bytes.chunks_exact(2) {
            self.unit(u16::from_ne_bytes([pair[0], pair[1]]));
        }
    }

    /// `global.get`.
    pub(super) fn global_get(&mut self, global: u32) -> Result<(), SinkError> {
        let plan = self.plans.global(global);
        let (imported, at) = place(plan.place);
        let dst = self.push_home(plan.kind)?;
        // Which kinds the instruction puts into the accumulator.
        let (code, wrote) = match (imported, plan.kind) {
            (false, ValKind::V128) => (opcode::<GlobalGetV128>(), ValKind::V128),
            (true, ValKind::V128) => (opcode::<GlobalGetImportedV128>(), ValKind::V128),
            (false, ValKind::I32 | ValKind::I64) => (opcode::<GlobalGetInt>(), plan.kind),
            (false, _) => (opcode::<GlobalGet>(), ValKind::Gc),
            (true, _) => (opcode::<GlobalGetImported>(), ValKind::Gc),
        };
        self.start_to(code, dst, wrote);
        self.unit32(at);
        Ok(())
    }

    /// `global.set`.
    pub(super) fn global_set(&mut self, global: u32) -> Result<(), SinkError> {
        let plan = self.plans.global(global);
        let (imported, at) = place(plan.place);
        let src = self.pop_slot();
        let acc =
            !imported && matches!(plan.kind, ValKind::I32 | ValKind::I64) && self.in_acc(src, plan.kind);
        if acc {
            self.take_acc(src, None);
        }
        self.start(match (imported, plan.kind == ValKind::V128) {
            (false, true) => opcode::<GlobalSetV128>(),
            (true, true) => opcode::<GlobalSetImportedV128>(),
            (false, false) if acc => opcode::<GlobalSetAcc>(),
            (false, false) => opcode::<GlobalSet>(),
            (true, false) => opcode::<GlobalSetImported>(),
        });
        self.unit32(at);
        if !acc {
            self.unit(src);
        }
        Ok(())
    }

    /// `table.get`.
    pub(super) fn table_get(&mut self, table: u32) -> Result<(), SinkError> {
        let plan = self.plans.table(table);
        let (imported, at) = place(plan.place);
        let index = self.pop_slot();
        let dst = self.push_home(plan.kind)?;
        self.mark();
        let code = match (plan.kind, plan.table64, imported) {
            (ValKind::Func, wide, _) => {
                by_width(wide, opcode::<TableGetFunc<u32>>(), opcode::<TableGetFunc<u64>>())
            }
            (_, false, false) => opcode::<TableGetGc<u32, false>>(),
            (_, false, true) => opcode::<TableGetGc<u32, true>>(),
            (_, true, false) => opcode::<TableGetGc<u64, false>>(),
            (_, true, true) => opcode::<TableGetGc<u64, true>>(),
        };
        self.start_to_heap(code, dst, plan.kind);
        self.unit(index);
        self.unit32(if plan.kind == ValKind::Func { table } else { at });
        Ok(())
    }

    /// Starts an instruction whose result is a reference. Those of heap references are numbers to the
    /// instruction, and overwrite the accumulator.
    fn start_to_heap(&mut self, code: Opcode, dst: u16, kind: ValKind) {
        self.start_to(code, dst, kind);
        self.func.accs.int = None;
    }

    /// `table.set`.
    pub(super) fn table_set(&mut self, table: u32) -> Result<(), SinkError> {
        let plan = self.plans.table(table);
        let (imported, at) = place(plan.place);
        let (v, i) = (self.pop(), self.pop());
        let (value, index) = (self.in_slot(&v), self.in_slot(&i));
        self.mark();
        self.start(match (plan.kind, plan.table64, imported) {
            (ValKind::Func, wide, _) => {
                by_width(wide, opcode::<TableSetFunc<u32>>(), opcode::<TableSetFunc<u64>>())
            }
            (_, false, false) => opcode::<TableSetGc<u32, false>>(),
            (_, false, true) => opcode::<TableSetGc<u32, true>>(),
            (_, true, false) => opcode::<TableSetGc<u64, false>>(),
            (_, true, true) => opcode::<TableSetGc<u64, true>>(),
        });
        self.unit(index);
        self.unit(value);
        self.unit32(if plan.kind == ValKind::Func { table } else { at });
        Ok(())
    }

    /// `table.size`.
    pub(super) fn table_size(&mut self, table: u32) -> Result<(), SinkError> {
        let plan = self.plans.table(table);
        let (imported, at) = place(plan.place);
        let kind = index_kind(plan.table64);
        let dst = self.push_home(kind)?;
        match imported {
            false => self.single_to::<TableSize<false>>(dst, kind),
            true => self.single_to::<TableSize<true>>(dst, kind),
        }
        self.unit32(at);
        Ok(())
    }

    /// `table.grow`.
    pub(super) fn table_grow(&mut self, table: u32) -> Result<(), SinkError> {
        let plan = self.plans.table(table);
        let (b, i) = (self.pop(), self.pop());
        let (by, init) = (self.in_slot(&b), self.in_slot(&i));
        let kind = index_kind(plan.table64);
        let dst = self.push_home(kind)?;
        self.mark();
        let func = by_width(plan.table64, opcode::<TableGrowFunc<u32>>(), opcode::<TableGrowFunc<u64>>());
        let gc = by_width(plan.table64, opcode::<TableGrowGc<u32>>(), opcode::<TableGrowGc<u64>>());
        self.start_to(by_kind(plan.kind, func, gc), dst, kind);
        self.unit(init);
        self.unit(by);
        self.unit32(table);
        Ok(())
    }

    /// `table.fill`.
    pub(super) fn table_fill(&mut self, table: u32) -> Result<(), SinkError> {
        let plan = self.plans.table(table);
        let slots = self.pop_three();
        self.mark();
        self.start(by_kind(plan.kind, opcode::<TableFillFunc>(), opcode::<TableFillGc>()));
        self.bulk_operands(slots, [plan.table64, false, plan.table64]);
        self.unit32(table);
        Ok(())
    }

    /// `table.copy`.
    pub(super) fn table_copy(&mut self, dst: u32, src: u32) -> Result<(), SinkError> {
        let (to, from) = (self.plans.table(dst), self.plans.table(src));
        let slots = self.pop_three();
        self.mark();
        self.start(opcode::<TableCopy>());
        self.bulk_operands(slots, [to.table64, from.table64, to.table64 && from.table64]);
        self.unit32(dst);
        self.unit32(src);
        Ok(())
    }

    /// `table.init`.
    pub(super) fn table_init(&mut self, segment: u32, table: u32) -> Result<(), SinkError> {
        let plan = self.plans.table(table);
        let slots = self.pop_three();
        self.mark();
        self.start(opcode::<TableInit>());
        self.bulk_operands(slots, [plan.table64, false, false]);
        self.unit32(table);
        self.unit32(segment);
        Ok(())
    }

    /// `elem.drop`.
    pub(super) fn elem_drop(&mut self, segment: u32) -> Result<(), SinkError> {
        self.start(opcode::<ElemDrop>());
        self.unit32(segment);
        Ok(())
    }

    /// `ref.func`.
    pub(super) fn ref_func(&mut self, function: u32) -> Result<(), SinkError> {
        let dst = self.push_home(ValKind::Func)?;
        self.mark();
        self.single_to::<RefFunc>(dst, ValKind::Func);
        self.unit32(function);
        Ok(())
    }

    /// `ref.is_null`.
    pub(super) fn ref_is_null(&mut self) -> Result<(), SinkError> {
        let e = self.pop();
        let src = self.in_slot(&e);
        let dst = self.push_home(ValKind::I32)?;
        let code = by_kind(e.kind, opcode::<IsNull<Func>>(), opcode::<IsNull<Gc>>());
        self.start_to(code, dst, ValKind::I32);
        self.unit(src);
        Ok(())
    }

    /// `ref.as_non_null`.
    pub(super) fn ref_as_non_null(&mut self) -> Result<(), SinkError> {
        let at = self.func.stack.len() - 1;
        let e = self.func.stack[at];
        // The entry stays on the stack; a constant has to be somewhere to be looked at.
        if matches!(self.operand(&e), super::stack::Operand::Const(_)) {
            self.bring_top_home(1);
        }
        let e = self.func.stack[at];
        let src = self.in_slot(&e);
        self.mark();
        self.start(by_kind(e.kind, opcode::<AsNonNull<Func>>(), opcode::<AsNonNull<Gc>>()));
        self.unit(src);
        Ok(())
    }

    /// Emits a test of the reference in `src` against a type; the i32 goes to `dst`.
    fn emit_ref_test(&mut self, dst: u16, src: u16, kind: ValKind, heap: HeapType, nullable: bool) {
        let matches = match heap {
            h if h.is_bottom() => 0,
            HeapType::ConcreteFunc(_) => accept::TYPE,
            // The walk lets only tests within the hierarchies of functions, host values and exceptions through;
            // what is not concrete or the bottom is the top there.
            _ => accept::ALL,
        };
        self.mark();
        self.start_to(by_kind(kind, opcode::<RefTest<Func>>(), opcode::<RefTest<Gc>>()), dst, ValKind::I32);
        self.unit(src);
        self.unit32(heap.concrete().unwrap_or(0));
        self.unit(matches | if nullable { accept::NULL } else { 0 });
    }

    /// `ref.test`.
    pub(super) fn ref_test(&mut self, heap: HeapType, nullable: bool) -> Result<(), SinkError> {
        let e = self.pop();
        let src = self.in_slot(&e);
        let dst = self.push_home(ValKind::I32)?;
        self.emit_ref_test(dst, src, e.kind, heap, nullable);
        Ok(())
    }

    /// A test of the topmost entry, which stays. The result is in the slot that is returned, above the stack.
    fn test_top(&mut self, heap: HeapType, nullable: bool) -> Result<u16, SinkError> {
        self.bring_top_home(1);
        let e = *self.func.stack.last().expect("validated");
        self.reserve_slots(1)?;
        let condition = self.next_slot();
        self.emit_ref_test(condition, e.slot, e.kind, heap, nullable);
        Ok(condition)
    }

    /// `ref.cast`.
    pub(super) fn ref_cast(&mut self, heap: HeapType, nullable: bool) -> Result<(), SinkError> {
        let condition = self.test_top(heap, nullable)?;
        self.mark();
        self.start(opcode::<CastCheck>());
        self.unit(condition);
        Ok(())
    }

    /// `br_on_cast`, or with `on_success` false `br_on_cast_fail`.
    pub(super) fn br_on_cast(
        &mut self,
        depth: u32,
        heap: HeapType,
        nullable: bool,
        on_success: bool,
    ) -> Result<(), SinkError> {
        let condition = self.test_top(heap, nullable)?;
        self.branch_if_slot(depth, condition, on_success)
    }

    /// `i32.eqz` or `i64.eqz`: a comparison with zero. Of a comparison of integers it is the inverse.
    pub(super) fn eqz(&mut self, op: BinaryOp) -> Result<(), SinkError> {
        let e = self.pop();
        if let Some(taken) = self.take_binary(&e, |op| op.inverse().is_some())
            && let Some(inverse) = taken.op.inverse()
        {
            let dst = self.push_home(ValKind::I32)?;
            self.emit_binary(dst, inverse, taken.a, taken.b);
            return Ok(());
        }
        let src = self.in_slot(&e);
        let dst = self.push_home(ValKind::I32)?;
        self.emit_binary(dst, op, src, super::stack::Operand::Const(0));
        Ok(())
    }

    /// `i32.wrap_i64`: the low half of the slot.
    pub(super) fn wrap(&mut self) {
        if let super::stack::Place::Const(bits) = self.func.stack.last().expect("validated").place {
            self.func.stack.last_mut().expect("validated").place =
                super::stack::Place::Const(bits as u32 as u64);
        }
        self.retype_top(ValKind::I32);
    }

    /// One of the operators on numbers of two words.
    pub(super) fn wide(&mut self, code: Opcode, operands: usize) -> Result<(), SinkError> {
        let mut slots = [0; 4];
        for slot in slots[..operands].iter_mut().rev() {
            *slot = self.pop_slot();
        }
        let lo = self.push_home(ValKind::I64)?;
        let hi = self.push_home(ValKind::I64)?;
        self.start(code);
        self.unit(lo);
        self.unit(hi);
        for &slot in &slots[..operands] {
            self.unit(slot);
        }
        self.overwrote(lo);
        self.wrote(hi, ValKind::I64);
        Ok(())
    }
}
