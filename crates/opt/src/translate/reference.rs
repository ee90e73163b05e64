//! Globals, tables and references.

use super::calls::{Returns, builtin};
use super::{Done, Translator, type_of};
use std::mem::{offset_of, size_of};
use windlass_abi::layout::Place;
use windlass_abi::trap::TrapCode;
use windlass_abi::types::{HeapType, ValKind};
use windlass_abi::vm::VMFuncRef;
use windlass_ir::function::Region;
use windlass_ir::{Inst, Op, Type, Value};
use windlass_wasm::plans::TablePlan;

impl Translator<'_> {
    /// The pointer behind which something lies, and the offset.
    pub(super) fn place_of(&mut self, place: Place) -> (Value, u32) {
        match place {
            Place::Inline(at) => (self.context, at),
            Place::Indirect(at) => (self.load_constant(Type::I64, self.context, at), 0),
        }
    }

    /// `global.get`.
    pub(super) fn global_get(&mut self, global: u32) -> Done {
        let plan = self.plans.global(global);
        let ty = type_of(plan.kind);
        let (pointer, offset) = self.place_of(plan.place);
        // The collector changes references.
        let value = match plan.mutable || ty == Type::Ref {
            true => self.load(ty, pointer, offset, Region::Globals),
            false => self.load_constant(ty, pointer, offset),
        };
        self.push(value)
    }

    /// `global.set`.
    pub(super) fn global_set(&mut self, global: u32) -> Done {
        let plan = self.plans.global(global);
        let value = self.pop();
        let value = self.whole_slot(value);
        let (pointer, offset) = self.place_of(plan.place);
        self.store(pointer, value, offset, Region::Globals);
        Ok(())
    }

    /// `table.size`.
    pub(super) fn table_size(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let (pointer, offset) = self.place_of(plan.place);
        let len = match plan.fixed_len {
            Some(len) => self.constant(Type::I64, len),
            None => self.load(Type::I64, pointer, offset + TablePlan::LEN, Region::Sizes),
        };
        self.push_index(len, plan.table64)
    }

    /// `table.get`.
    pub(super) fn table_get(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let index = self.pop();
        let index = self.widened(index);
        let value = if plan.kind == ValKind::Func {
            let args = [self.context, self.number(table), index];
            let function =
                self.call_builtin(const { builtin("table_get_func") }, &args, Returns::I64AndStatus);
            function.expect("it returns one")
        } else {
            let at = self.element(&plan, index, size_of::<u32>(), TrapCode::TableOutOfBounds);
            self.load(Type::Ref, at, 0, Region::Tables)
        };
        self.push(value)
    }

    /// `table.set`.
    pub(super) fn table_set(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let (value, index) = (self.pop(), self.pop());
        let index = self.widened(index);
        if plan.kind == ValKind::Func {
            let args = [self.context, self.number(table), index, value];
            self.call_builtin(const { builtin("table_set_func") }, &args, Returns::Status);
            return Ok(());
        }
        let at = self.element(&plan, index, size_of::<u32>(), TrapCode::TableOutOfBounds);
        self.store(at, value, 0, Region::Tables);
        Ok(())
    }

    /// `table.grow`.
    pub(super) fn table_grow(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let (delta, init) = (self.pop(), self.pop());
        let number = match plan.kind {
            ValKind::Func => const { builtin("table_grow_func") },
            _ => const { builtin("table_grow_gc") },
        };
        let args = [self.context, self.number(table), self.widened(delta), init];
        let old = self.call_builtin(number, &args, Returns::I64AndStatus);
        self.push_index(old.expect("it returns one"), plan.table64)
    }

    /// `table.fill`.
    pub(super) fn table_fill(&mut self, table: u32) -> Done {
        let plan = self.plans.table(table);
        let (len, value, index) = (self.pop(), self.pop(), self.pop());
        let number = match plan.kind {
            ValKind::Func => const { builtin("table_fill_func") },
            _ => const { builtin("table_fill_gc") },
        };
        let args = [self.context, self.number(table), self.widened(index), value, self.widened(len)];
        self.call_builtin(number, &args, Returns::Status);
        Ok(())
    }

    /// `table.copy`.
    pub(super) fn table_copy(&mut self, dst: u32, src: u32) -> Done {
        self.bulk(const { builtin("table_copy") }, &[dst, src], 3)
    }

    /// `table.init`.
    pub(super) fn table_init(&mut self, segment: u32, table: u32) -> Done {
        self.bulk(const { builtin("table_init") }, &[table, segment], 3)
    }

    /// `elem.drop`.
    pub(super) fn elem_drop(&mut self, segment: u32) -> Done {
        let args = [self.context, self.number(segment)];
        self.call_builtin(const { builtin("elem_drop") }, &args, Returns::Nothing);
        Ok(())
    }

    /// `ref.func`.
    pub(super) fn ref_func(&mut self, function: u32) -> Done {
        let args = [self.context, self.number(function)];
        let function = self.call_builtin(const { builtin("ref_func") }, &args, Returns::I64);
        self.push(function.expect("it returns one"))
    }

    /// Whether a reference is null.
    pub(super) fn is_null(&mut self, reference: Value) -> Value {
        let op = if self.function.ty(reference) == Type::I64 { Op::i64_eqz } else { Op::i32_eqz };
        self.pure(op, &[reference])
    }

    /// `ref.is_null`.
    pub(super) fn ref_is_null(&mut self) -> Done {
        let reference = self.pop();
        let is_null = self.is_null(reference);
        self.push(is_null)
    }

    /// `ref.as_non_null`.
    pub(super) fn ref_as_non_null(&mut self) -> Done {
        let reference = *self.stack.last().expect("validated");
        let is_null = self.is_null(reference);
        self.trap_if(is_null, TrapCode::NullReference);
        Ok(())
    }

    /// Whether a reference is of a type.
    fn test_reference(&mut self, reference: Value, heap: HeapType, nullable: bool) -> Value {
        let is_null = self.is_null(reference);
        let zero = self.constant(Type::I32, 0);
        let HeapType::ConcreteFunc(ty) = heap else {
            // What is not concrete is the bottom or the top of its hierarchy.
            return match (heap.is_bottom(), nullable) {
                (true, false) => zero,
                (false, true) => self.constant(Type::I32, 1),
                (true, true) => is_null,
                (false, false) => self.pure(Op::i32_eq, &[is_null, zero]),
            };
        };
        // Of null nothing can be read.
        let (some, done) = (self.function.block(), self.function.block());
        let answer = self.constant(Type::I32, nullable.into());
        let answers = self.function.list([answer]);
        let first = self.function.edge(done, answers);
        self.function.edge(some, Default::default());
        self.place(Inst { op: Op::branch, aux: 0, fields: [is_null.0, first.0, 0] }, Type::Void);
        self.start(some);
        let type_id = offset_of!(VMFuncRef, type_id) as u32;
        let found = self.load(Type::I32, reference, type_id, Region::Constant);
        let expected = self.type_id(ty);
        let args = [self.context, found, expected];
        let is_below =
            self.call_builtin(const { builtin("is_subtype") }, &args, Returns::I32).expect("it returns one");
        let answers = self.function.list([is_below]);
        let edge = self.function.edge(done, answers);
        self.place(Inst { op: Op::jump, aux: 0, fields: [edge.0, 0, 0] }, Type::Void);
        self.function.make_params(done, [Type::I32]);
        self.start(done);
        self.function.params(done).next().expect("it has one")
    }

    /// `ref.test`.
    pub(super) fn ref_test(&mut self, heap: HeapType, nullable: bool) -> Done {
        let reference = self.pop();
        let answer = self.test_reference(reference, heap, nullable);
        self.push(answer)
    }

    /// `ref.cast`.
    pub(super) fn ref_cast(&mut self, heap: HeapType, nullable: bool) -> Done {
        let reference = *self.stack.last().expect("validated");
        let answer = self.test_reference(reference, heap, nullable);
        self.trap_unless(answer, TrapCode::CastFailure);
        Ok(())
    }

    /// `br_on_cast`, or with `on_success` false `br_on_cast_fail`.
    pub(super) fn br_on_cast(
        &mut self,
        depth: u32,
        heap: HeapType,
        nullable: bool,
        on_success: bool,
    ) -> Done {
        let reference = *self.stack.last().expect("validated");
        let answer = self.test_reference(reference, heap, nullable);
        self.branch_if(depth, answer, on_success)
    }
}
