//! From the walk's operators to the translator's methods.
//!
//! The visitor's methods are derived from the list of all operators: each charges fuel, leaves out
//! what cannot be reached, and calls the translator's own method of the same name. Those are here: the numeric ones from
//! the rows of [`crate::ops`], the others one by one.

use super::Translator;
use crate::handlers::memory::{Load, Store};
use crate::handlers::numeric::{MulWide, Wide};
use crate::ops::{Add128, MulWideS, MulWideU, Sub128};
use crate::ops::{BinaryOp, UnaryOp, binary_ops, unary_ops};
use crate::table::opcode;
use alloc::vec::Vec;
use windlass_abi::types::ValKind::{self, F32, F64, I32, I64};
use windlass_wasm::SinkError;
use windlass_wasm::fuel;
use windlass_wasm::wasmparser::{
    BlockType, BrTable, HeapType, Ieee32, Ieee64, MemArg, RefType, TryTable, ValType, VisitOperator,
    VisitSimdOperator,
};

type Done = Result<(), SinkError>;

macro_rules! visit_operators {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $( visit_operators!(one $proposal $visit ($($($arg: $ty),*)?)); )*
    };
    // What opens, splits and closes blocks is followed through unreachable code, too.
    (one $proposal:ident visit_block $args:tt) => { visit_operators!(always visit_block $args); };
    (one $proposal:ident visit_loop $args:tt) => { visit_operators!(always visit_loop $args); };
    (one $proposal:ident visit_if $args:tt) => { visit_operators!(always visit_if $args); };
    (one $proposal:ident visit_else $args:tt) => { visit_operators!(always visit_else $args); };
    (one $proposal:ident visit_end $args:tt) => { visit_operators!(always visit_end $args); };
    (one $proposal:ident visit_try_table $args:tt) => { visit_operators!(always visit_try_table $args); };
    (always $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline]
        fn $visit(&mut self $(, $arg: $ty)*) -> Done {
            self.charge(fuel::op::$visit);
            Translator::$visit(self $(, $arg)*)
        }
    };
    // Casts are built.
    (one gc visit_ref_test_non_null $args:tt) => { visit_operators!(reached visit_ref_test_non_null $args); };
    (one gc visit_ref_test_nullable $args:tt) => { visit_operators!(reached visit_ref_test_nullable $args); };
    (one gc visit_ref_cast_non_null $args:tt) => { visit_operators!(reached visit_ref_cast_non_null $args); };
    (one gc visit_ref_cast_nullable $args:tt) => { visit_operators!(reached visit_ref_cast_nullable $args); };
    (one gc visit_br_on_cast $args:tt) => { visit_operators!(reached visit_br_on_cast $args); };
    (one gc visit_br_on_cast_fail $args:tt) => { visit_operators!(reached visit_br_on_cast_fail $args); };
    // What the walk refuses.
    (one gc $visit:ident $args:tt) => { visit_operators!(refused $visit $args); };
    (one custom_descriptors $visit:ident $args:tt) => { visit_operators!(refused $visit $args); };
    (one stack_switching $visit:ident $args:tt) => { visit_operators!(refused $visit $args); };
    (one shared_everything_threads $visit:ident $args:tt) => { visit_operators!(refused $visit $args); };
    (one legacy_exceptions $visit:ident $args:tt) => { visit_operators!(refused $visit $args); };
    (one memory_control $visit:ident $args:tt) => { visit_operators!(refused $visit $args); };
    (refused $visit:ident ($($arg:ident: $ty:ty),*)) => {
        fn $visit(&mut self $(, _: $ty)*) -> Done {
            unreachable!(concat!("the walk refuses ", stringify!($visit)))
        }
    };
    (one $proposal:ident $visit:ident $args:tt) => { visit_operators!(reached $visit $args); };
    (reached $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline]
        fn $visit(&mut self $(, $arg: $ty)*) -> Done {
            if self.func.dead {
                return Ok(());
            }
            self.charge(fuel::op::$visit);
            Translator::$visit(self $(, $arg)*)
        }
    };
}

impl<'a> VisitOperator<'a> for Translator<'_> {
    type Output = Done;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Done>> {
        Some(self)
    }

    windlass_wasm::wasmparser::for_each_visit_operator!(visit_operators);
}

macro_rules! binary_visits {
    (
        int_compares { $($ic:ident $ic_visit:ident $ic_fn:ident $ic_name:literal $ic_ty:ident inverse $ic_inv:ident swapped $ic_swap:ident;)* }
        float_compares { $($fc:ident $fc_visit:ident $fc_fn:ident $fc_name:literal $fc_ty:ident swapped $fc_swap:ident;)* }
        arithmetic { $($ar:ident $ar_visit:ident $ar_fn:ident $ar_name:literal $ar_ty:ident $($ar_flag:ident)?;)* }
    ) => {
        impl Translator<'_> {
            $(fn $ic_visit(&mut self) -> Done { self.binary(BinaryOp::$ic) })*
            $(fn $fc_visit(&mut self) -> Done { self.binary(BinaryOp::$fc) })*
            $(fn $ar_visit(&mut self) -> Done { self.binary(BinaryOp::$ar) })*
        }
    };
}
binary_ops!(binary_visits);

macro_rules! unary_visits {
    ($($op:ident $visit:ident $fn:ident $name:literal $in:ident => $out:ident $($flag:ident)?;)*) => {
        impl Translator<'_> { $(fn $visit(&mut self) -> Done { self.unary(UnaryOp::$op) })* }
    };
}
unary_ops!(unary_visits);

/// Loads and stores of scalars: visitor's method, kind of the value, operation.
macro_rules! accesses {
    ($method:ident, $op_ty:ident: $($visit:ident $kind:ident $op:ident;)*) => {
        impl Translator<'_> {
            $(fn $visit(&mut self, arg: MemArg) -> Done { self.$method($op_ty::$op, $kind, &arg) })*
        }
    };
}
accesses! { load, Load:
    visit_i32_load I32 I32Load;
    visit_i64_load I64 I64Load;
    visit_f32_load F32 F32Load;
    visit_f64_load F64 F64Load;
    visit_i32_load8_s I32 I32Load8S;
    visit_i32_load8_u I32 I32Load8U;
    visit_i32_load16_s I32 I32Load16S;
    visit_i32_load16_u I32 I32Load16U;
    visit_i64_load8_s I64 I64Load8S;
    visit_i64_load8_u I64 I32Load8U;
    visit_i64_load16_s I64 I64Load16S;
    visit_i64_load16_u I64 I32Load16U;
    visit_i64_load32_s I64 I64Load32S;
    visit_i64_load32_u I64 I32Load;
}
accesses! { store, Store:
    visit_i32_store I32 I32Store;
    visit_i64_store I64 I64Store;
    visit_f32_store F32 F32Store;
    visit_f64_store F64 F64Store;
    visit_i32_store8 I32 I32Store8;
    visit_i32_store16 I32 I32Store16;
    visit_i64_store8 I64 I32Store8;
    visit_i64_store16 I64 I32Store16;
    visit_i64_store32 I64 I32Store;
}

#[allow(clippy::unnecessary_wraps)]
impl Translator<'_> {
    fn visit_nop(&mut self) -> Done {
        Ok(())
    }
    fn visit_unreachable(&mut self) -> Done {
        self.unreachable()
    }
    fn visit_block(&mut self, ty: BlockType) -> Done {
        self.block(ty)
    }
    fn visit_loop(&mut self, ty: BlockType) -> Done {
        self.loop_(ty)
    }
    fn visit_if(&mut self, ty: BlockType) -> Done {
        self.if_(ty)
    }
    fn visit_else(&mut self) -> Done {
        self.else_()
    }
    fn visit_end(&mut self) -> Done {
        self.end()
    }
    fn visit_try_table(&mut self, table: TryTable) -> Done {
        self.try_table(table)
    }
    fn visit_throw(&mut self, tag: u32) -> Done {
        self.throw(tag)
    }
    fn visit_throw_ref(&mut self) -> Done {
        self.throw_ref()
    }
    fn visit_br(&mut self, depth: u32) -> Done {
        self.br(depth)
    }
    fn visit_br_if(&mut self, depth: u32) -> Done {
        self.br_if(depth)
    }
    fn visit_br_table(&mut self, targets: BrTable<'_>) -> Done {
        self.br_table(&targets)
    }
    fn visit_return(&mut self) -> Done {
        self.return_()
    }
    fn visit_call(&mut self, function: u32) -> Done {
        self.call(function, false)
    }
    fn visit_call_indirect(&mut self, ty: u32, table: u32) -> Done {
        self.call_indirect(ty, table, false)
    }
    fn visit_call_ref(&mut self, ty: u32) -> Done {
        self.call_ref(ty, false)
    }
    fn visit_return_call(&mut self, function: u32) -> Done {
        self.call(function, true)
    }
    fn visit_return_call_indirect(&mut self, ty: u32, table: u32) -> Done {
        self.call_indirect(ty, table, true)
    }
    fn visit_return_call_ref(&mut self, ty: u32) -> Done {
        self.call_ref(ty, true)
    }
    fn visit_drop(&mut self) -> Done {
        self.pop();
        Ok(())
    }
    fn visit_select(&mut self) -> Done {
        self.select()
    }
    fn visit_typed_select(&mut self, _: ValType) -> Done {
        self.select()
    }
    fn visit_typed_select_multi(&mut self, _: Vec<ValType>) -> Done {
        self.select()
    }
    fn visit_local_get(&mut self, local: u32) -> Done {
        self.push_local(local)
    }
    fn visit_local_set(&mut self, local: u32) -> Done {
        self.set_local(local);
        Ok(())
    }
    fn visit_local_tee(&mut self, local: u32) -> Done {
        self.local_tee(local)
    }
    fn visit_global_get(&mut self, global: u32) -> Done {
        self.global_get(global)
    }
    fn visit_global_set(&mut self, global: u32) -> Done {
        self.global_set(global)
    }
    fn visit_i32_const(&mut self, value: i32) -> Done {
        self.push_const(value as u32 as u64, ValKind::I32)
    }
    fn visit_i64_const(&mut self, value: i64) -> Done {
        self.push_const(value as u64, ValKind::I64)
    }
    fn visit_f32_const(&mut self, value: Ieee32) -> Done {
        self.push_const(value.bits() as u64, ValKind::F32)
    }
    fn visit_f64_const(&mut self, value: Ieee64) -> Done {
        self.push_const(value.bits(), ValKind::F64)
    }
    fn visit_i32_eqz(&mut self) -> Done {
        self.eqz(BinaryOp::I32Eq)
    }
    fn visit_i64_eqz(&mut self) -> Done {
        self.eqz(BinaryOp::I64Eq)
    }
    fn visit_i32_wrap_i64(&mut self) -> Done {
        self.wrap();
        Ok(())
    }
    fn visit_i64_add128(&mut self) -> Done {
        self.wide(opcode::<Wide<Add128>>(), 4)
    }
    fn visit_i64_sub128(&mut self) -> Done {
        self.wide(opcode::<Wide<Sub128>>(), 4)
    }
    fn visit_i64_mul_wide_s(&mut self) -> Done {
        self.wide(opcode::<MulWide<MulWideS>>(), 2)
    }
    fn visit_i64_mul_wide_u(&mut self) -> Done {
        self.wide(opcode::<MulWide<MulWideU>>(), 2)
    }
    fn visit_memory_size(&mut self, memory: u32) -> Done {
        self.memory_size(memory)
    }
    fn visit_memory_grow(&mut self, memory: u32) -> Done {
        self.memory_grow(memory)
    }
    fn visit_memory_init(&mut self, segment: u32, memory: u32) -> Done {
        self.memory_init(segment, memory)
    }
    fn visit_memory_copy(&mut self, dst: u32, src: u32) -> Done {
        self.memory_copy(dst, src)
    }
    fn visit_memory_fill(&mut self, memory: u32) -> Done {
        self.memory_fill(memory)
    }
    fn visit_data_drop(&mut self, segment: u32) -> Done {
        self.data_drop(segment)
    }
    fn visit_table_init(&mut self, segment: u32, table: u32) -> Done {
        self.table_init(segment, table)
    }
    fn visit_table_copy(&mut self, dst: u32, src: u32) -> Done {
        self.table_copy(dst, src)
    }
    fn visit_table_fill(&mut self, table: u32) -> Done {
        self.table_fill(table)
    }
    fn visit_table_get(&mut self, table: u32) -> Done {
        self.table_get(table)
    }
    fn visit_table_set(&mut self, table: u32) -> Done {
        self.table_set(table)
    }
    fn visit_table_grow(&mut self, table: u32) -> Done {
        self.table_grow(table)
    }
    fn visit_table_size(&mut self, table: u32) -> Done {
        self.table_size(table)
    }
    fn visit_elem_drop(&mut self, segment: u32) -> Done {
        self.elem_drop(segment)
    }
    fn visit_ref_null(&mut self, heap: HeapType) -> Done {
        let kind = windlass_abi::types::RefType { nullable: true, heap: self.kinds.heap(heap) }.kind();
        self.push_const(0, kind)
    }
    fn visit_ref_is_null(&mut self) -> Done {
        self.ref_is_null()
    }
    fn visit_ref_func(&mut self, function: u32) -> Done {
        self.ref_func(function)
    }
    fn visit_ref_as_non_null(&mut self) -> Done {
        self.ref_as_non_null()
    }
    fn visit_br_on_null(&mut self, depth: u32) -> Done {
        self.br_on_null(depth, true)
    }
    fn visit_br_on_non_null(&mut self, depth: u32) -> Done {
        self.br_on_null(depth, false)
    }
    fn visit_ref_test_non_null(&mut self, heap: HeapType) -> Done {
        self.ref_test(self.kinds.heap(heap), false)
    }
    fn visit_ref_test_nullable(&mut self, heap: HeapType) -> Done {
        self.ref_test(self.kinds.heap(heap), true)
    }
    fn visit_ref_cast_non_null(&mut self, heap: HeapType) -> Done {
        self.ref_cast(self.kinds.heap(heap), false)
    }
    fn visit_ref_cast_nullable(&mut self, heap: HeapType) -> Done {
        self.ref_cast(self.kinds.heap(heap), true)
    }
    fn visit_br_on_cast(&mut self, depth: u32, _: RefType, to: RefType) -> Done {
        self.br_on_cast(depth, self.kinds.heap(to.heap_type()), to.is_nullable(), true)
    }
    fn visit_br_on_cast_fail(&mut self, depth: u32, _: RefType, to: RefType) -> Done {
        self.br_on_cast(depth, self.kinds.heap(to.heap_type()), to.is_nullable(), false)
    }
}
