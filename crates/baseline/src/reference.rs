//! Globals, tables and references.

use crate::calls::Argument;
use crate::compiler::Compiler;
use crate::masm::{Address, Cond, Load, Masm, Operand, Store, Width};
use crate::reg::{Class, Reg};
use crate::stack::{Entry, Place};
use core::mem::{offset_of, size_of};
use windlass_abi::builtins::VMBuiltins;
use windlass_abi::trap::TrapCode;
use windlass_abi::types::{HeapType, ValKind};
use windlass_abi::vm::{VMContext, VMFuncRef};
use windlass_wasm::SinkError;
use windlass_wasm::plans::TablePlan;

type Done = Result<(), SinkError>;

/// The load of a whole value of a kind.
pub(crate) const fn load_of(kind: ValKind) -> Load {
    match kind {
        ValKind::I32 | ValKind::Gc => Load::I32,
        ValKind::I64 | ValKind::Func => Load::I64,
        ValKind::F32 => Load::F32,
        ValKind::F64 => Load::F64,
        ValKind::V128 => Load::V128,
    }
}

/// The store of a value of a kind into 8 bytes (of a vector: 16), zero-extended.
const fn store_of(kind: ValKind) -> Store {
    match kind {
        ValKind::I32 | ValKind::Gc | ValKind::I64 | ValKind::Func => Store::Store64,
        ValKind::F32 => Store::F32,
        ValKind::F64 => Store::F64,
        ValKind::V128 => Store::V128,
    }
}

impl<M: Masm> Compiler<'_, M> {
    /// `global.get`.
    pub(crate) fn global_get(&mut self, global: u32) -> Done {
        let plan = self.plans.global(global);
        let at = self.place_at(plan.place);
        let class = Class::of(plan.kind);
        // The operator has two bytes if the index has one.
        let dst = if global < 128 { self.result(class, 2, &[]) } else { self.alloc(class) };
        self.m.load(load_of(plan.kind), dst, at);
        self.push_reg(plan.kind, dst)
    }

    /// `global.set`.
    pub(crate) fn global_set(&mut self, global: u32) -> Done {
        let plan = self.plans.global(global);
        let e = self.pop();
        let reg = self.reg(&e);
        let at = self.place_at(plan.place);
        self.m.store(store_of(plan.kind), at, reg);
        self.release(reg);
        Ok(())
    }

    /// `table.size`.
    pub(crate) fn table_size(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let at = self.place_at(plan.place);
        let dst = self.alloc(Class::Int);
        self.m.load(Load::I64, dst, Address { offset: at.offset + TablePlan::LEN as i32, ..at });
        self.push_reg(index_kind(&plan), dst)
    }

    /// The address of an element of a table of heap references; registers in hand.
    fn element(&mut self, plan: &TablePlan, e: &Entry) -> Reg {
        let index = self.own_reg(e);
        let at = self.place_at(plan.place);
        self.compare_table_len(plan, index, at);
        self.trap_if(Cond::GeU, TrapCode::TableOutOfBounds);
        let at = self.place_at(plan.place);
        let scratch = M::REGISTERS.scratch;
        self.m.load(Load::I64, scratch, Address { offset: at.offset + TablePlan::BASE as i32, ..at });
        self.m.add_shifted(Width::W64, index, scratch, index, size_of::<u32>().trailing_zeros() as u8);
        index
    }

    /// `table.get`.
    pub(crate) fn table_get(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let e = self.pop();
        if plan.kind == ValKind::Func {
            return self.call_builtin_value(
                offset_of!(VMBuiltins, table_get_func),
                &[Argument::Context, Argument::Constant(table as u64), Argument::Entry(&e)],
                ValKind::Func,
            );
        }
        let at = self.element(&plan, &e);
        self.m.load(Load::I32, at, Address::new(at, 0));
        self.push_reg(plan.kind, at)
    }

    /// `table.set`.
    pub(crate) fn table_set(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let (v, e) = (self.pop(), self.pop());
        if plan.kind == ValKind::Func {
            let arguments = [
                Argument::Context,
                Argument::Constant(table as u64),
                Argument::Entry(&e),
                Argument::Entry(&v),
            ];
            self.call_builtin_status(offset_of!(VMBuiltins, table_set_func), &arguments);
            return Ok(());
        }
        let value = self.reg(&v);
        let at = self.element(&plan, &e);
        self.m.store(Store::Store32, Address::new(at, 0), value);
        self.release(at);
        self.release(value);
        Ok(())
    }

    /// `table.grow`.
    pub(crate) fn table_grow(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let (delta, init) = (self.pop(), self.pop());
        let builtin = match plan.kind {
            ValKind::Func => offset_of!(VMBuiltins, table_grow_func),
            _ => offset_of!(VMBuiltins, table_grow_gc),
        };
        self.call_builtin_value(
            builtin,
            &[
                Argument::Context,
                Argument::Constant(table as u64),
                Argument::Entry(&delta),
                Argument::Entry(&init),
            ],
            index_kind(&plan),
        )
    }

    /// `table.fill`.
    pub(crate) fn table_fill(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let (len, value, index) = (self.pop(), self.pop(), self.pop());
        let builtin = match plan.kind {
            ValKind::Func => offset_of!(VMBuiltins, table_fill_func),
            _ => offset_of!(VMBuiltins, table_fill_gc),
        };
        self.call_builtin_status(
            builtin,
            &[
                Argument::Context,
                Argument::Constant(table as u64),
                Argument::Entry(&index),
                Argument::Entry(&value),
                Argument::Entry(&len),
            ],
        );
        Ok(())
    }

    /// `table.copy`.
    pub(crate) fn table_copy(&mut self, dst_table: u32, src_table: u32) -> Done {
        let (len, src, dst) = (self.pop(), self.pop(), self.pop());
        self.call_builtin_status(
            offset_of!(VMBuiltins, table_copy),
            &[
                Argument::Context,
                Argument::Constant(dst_table as u64),
                Argument::Constant(src_table as u64),
                Argument::Entry(&dst),
                Argument::Entry(&src),
                Argument::Entry(&len),
            ],
        );
        Ok(())
    }

    /// `table.init`.
    pub(crate) fn table_init(&mut self, segment: u32, table: u32) -> Done {
        let (len, src, dst) = (self.pop(), self.pop(), self.pop());
        self.call_builtin_status(
            offset_of!(VMBuiltins, table_init),
            &[
                Argument::Context,
                Argument::Constant(table as u64),
                Argument::Constant(segment as u64),
                Argument::Entry(&dst),
                Argument::Entry(&src),
                Argument::Entry(&len),
            ],
        );
        Ok(())
    }

    /// `elem.drop`.
    pub(crate) fn elem_drop(&mut self, segment: u32) -> Done {
        let arguments = [Argument::Context, Argument::Constant(segment as u64)];
        self.call_builtin(offset_of!(VMBuiltins, elem_drop), &arguments);
        self.restore_clobbered();
        Ok(())
    }

    /// `ref.func`.
    pub(crate) fn ref_func(&mut self, function: u32) -> Done {
        let arguments = [Argument::Context, Argument::Constant(function as u64)];
        self.call_builtin(offset_of!(VMBuiltins, ref_func), &arguments);
        self.push_builtin_result(ValKind::Func)
    }

    /// `ref.is_null`.
    pub(crate) fn ref_is_null(&mut self) -> Done {
        // References are zero-extended.
        self.eqz(Width::W64)
    }

    /// `ref.as_non_null`.
    pub(crate) fn ref_as_non_null(&mut self) -> Done {
        let e = self.pop();
        let reg = self.own_reg(&e);
        self.m.test(Width::W64, reg);
        self.trap_if(Cond::Eq, TrapCode::NullReference);
        self.push_reg(e.kind, reg)
    }

    /// Tests a reference that was popped, and is at home, against a type; the i32 is in a register in hand.
    fn test_reference(&mut self, e: &Entry, heap: HeapType, nullable: bool) -> Reg {
        let HeapType::ConcreteFunc(ty) = heap else {
            let reg = self.own_reg(e);
            // What is not concrete is the bottom or the top of its hierarchy.
            match (heap.is_bottom(), nullable) {
                (true, false) => self.m.constant(ValKind::I32, reg, 0),
                (false, true) => self.m.constant(ValKind::I32, reg, 1),
                (bottom, _) => {
                    self.m.test(Width::W64, reg);
                    self.m.set(if bottom { Cond::Eq } else { Cond::Ne }, reg);
                }
            }
            return reg;
        };
        self.spill_temporaries(0);
        self.save_clobbered();
        let (params, result) = (M::BUILTIN_PARAMS, M::BUILTIN_RESULTS.0);
        let (tested, null) = (self.m.new_label(), self.m.new_label());
        self.load_to(e, params[1]);
        self.drop_entry(e);
        self.m.test(Width::W64, params[1]);
        self.m.branch(Cond::Eq, null);
        let type_ids = Address::new(M::REGISTERS.context, offset_of!(VMContext, type_ids) as i32);
        self.m.load(Load::I64, params[2], type_ids);
        self.m.load(Load::I32, params[2], Address::new(params[2], self.plans.type_id(ty) as i32));
        self.m.load(Load::I32, params[1], Address::new(params[1], offset_of!(VMFuncRef, type_id) as i32));
        self.m.mov(ValKind::I64, params[0], M::REGISTERS.context);
        self.call_builtin_stub(offset_of!(VMBuiltins, is_subtype));
        self.mark_call();
        self.reload_fuel();
        self.m.jump(tested);
        self.m.bind(null);
        self.m.constant(ValKind::I32, result, nullable as u64);
        self.m.bind(tested);
        self.restore_clobbered();
        self.f.free.remove(result);
        result
    }

    /// `ref.test`.
    pub(crate) fn ref_test(&mut self, heap: HeapType, nullable: bool) -> Done {
        self.bring_top_home(1);
        let e = self.pop();
        let reg = self.test_reference(&e, heap, nullable);
        self.push_reg(ValKind::I32, reg)
    }

    /// A test of the topmost entry, which stays, at home.
    fn test_top(&mut self, heap: HeapType, nullable: bool) -> Result<Reg, SinkError> {
        self.bring_top_home(1);
        let e = self.pop();
        let reg = self.test_reference(&e, heap, nullable);
        self.push(Place::Home, e.kind)?;
        Ok(reg)
    }

    /// `ref.cast`.
    pub(crate) fn ref_cast(&mut self, heap: HeapType, nullable: bool) -> Done {
        let reg = self.test_top(heap, nullable)?;
        self.m.compare(Width::W32, Operand::Reg(reg), Operand::Imm(0));
        self.release(reg);
        self.trap_if(Cond::Eq, TrapCode::CastFailure);
        Ok(())
    }

    /// `br_on_cast`, or with `on_success` false `br_on_cast_fail`.
    pub(crate) fn br_on_cast(
        &mut self,
        depth: u32,
        heap: HeapType,
        nullable: bool,
        on_success: bool,
    ) -> Done {
        let reg = self.test_top(heap, nullable)?;
        self.branch_if_reg(depth, reg, on_success)
    }
}

/// The kind of a table's indices.
fn index_kind(plan: &TablePlan) -> ValKind {
    if plan.table64 { ValKind::I64 } else { ValKind::I32 }
}
