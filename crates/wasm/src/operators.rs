//! What every producer of code does alike with the operators that the walk hands it.
//!
//! A producer implements `VisitOperator` by [`sorted_operators!`](crate::sorted_operators): the methods come from a macro of its
//! own, `operator!`, which says what each one does before it goes to the producer's method of the same name. Those for operators
//! that only choose between few things, such as `visit_call` and `visit_return_call`, are
//! [`operator_methods!`](crate::operator_methods): they call methods that have the names of the format's own words.

/// Sorts all operators but the vectors' by how a producer follows them, and makes each one's method by the macro `operator!`
/// that is in scope:
///
/// - `operator!(always visit_… (argument: Type, …))`: it opens, splits or closes a block, which has to be followed through
///   code that cannot be reached, too;
/// - `operator!(reached visit_… (…))`: it can be left out where it cannot be reached;
/// - `operator!(refused visit_… (…))`: the walk never hands it on.
///
/// ```
/// use windlass_wasm::{sorted_operators, wasmparser::for_each_visit_operator};
/// use windlass_wasm::wasmparser::*;
/// macro_rules! operator {
///     (refused $visit:ident ($($arg:ident: $ty:ty),*)) => {
///         fn $visit(&mut self $(, _: $ty)*) { unreachable!() }
///     };
///     ($way:ident $visit:ident ($($arg:ident: $ty:ty),*)) => {
///         fn $visit(&mut self $(, _: $ty)*) { self.0.push(concat!(stringify!($way), " ", stringify!($visit))) }
///     };
/// }
/// struct Names(Vec<&'static str>);
/// impl<'a> VisitOperator<'a> for Names {
///     type Output = ();
///     for_each_visit_operator!(sorted_operators);
/// }
/// let mut names = Names(Vec::new());
/// names.visit_end();
/// names.visit_i32_add();
/// assert_eq!(names.0, ["always visit_end", "reached visit_i32_add"]);
/// ```
#[macro_export]
macro_rules! sorted_operators {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $( $crate::sorted_operators!(one $proposal $visit ($($($arg: $ty),*)?)); )*
    };
    (one $proposal:ident visit_block $args:tt) => { operator!(always visit_block $args); };
    (one $proposal:ident visit_loop $args:tt) => { operator!(always visit_loop $args); };
    (one $proposal:ident visit_if $args:tt) => { operator!(always visit_if $args); };
    (one $proposal:ident visit_else $args:tt) => { operator!(always visit_else $args); };
    (one $proposal:ident visit_end $args:tt) => { operator!(always visit_end $args); };
    (one $proposal:ident visit_try_table $args:tt) => { operator!(always visit_try_table $args); };
    // Casts are built.
    (one gc visit_ref_test_non_null $args:tt) => { operator!(reached visit_ref_test_non_null $args); };
    (one gc visit_ref_test_nullable $args:tt) => { operator!(reached visit_ref_test_nullable $args); };
    (one gc visit_ref_cast_non_null $args:tt) => { operator!(reached visit_ref_cast_non_null $args); };
    (one gc visit_ref_cast_nullable $args:tt) => { operator!(reached visit_ref_cast_nullable $args); };
    (one gc visit_br_on_cast $args:tt) => { operator!(reached visit_br_on_cast $args); };
    (one gc visit_br_on_cast_fail $args:tt) => { operator!(reached visit_br_on_cast_fail $args); };
    (one gc $visit:ident $args:tt) => { operator!(refused $visit $args); };
    (one custom_descriptors $visit:ident $args:tt) => { operator!(refused $visit $args); };
    (one stack_switching $visit:ident $args:tt) => { operator!(refused $visit $args); };
    (one shared_everything_threads $visit:ident $args:tt) => { operator!(refused $visit $args); };
    (one legacy_exceptions $visit:ident $args:tt) => { operator!(refused $visit $args); };
    (one memory_control $visit:ident $args:tt) => { operator!(refused $visit $args); };
    (one $proposal:ident $visit:ident $args:tt) => { operator!(reached $visit $args); };
}

/// The visitor's methods for operators that are one step of a producer with one of its methods: of block structure, calls,
/// variables, constants, memories, tables and references.
///
/// The header of the impl is given: `operator_methods! { impl Producer<'_> }`. Beside the methods, the producer has a field
/// `kinds`: its [`TypeKinds`](crate::types::TypeKinds). The crate has `extern crate alloc`.
#[macro_export]
macro_rules! operator_methods {
    ($($impl:tt)*) => {
        const _: () = {
            use alloc::vec::Vec;
            use $crate::SinkError;
            use windlass_abi::types::ValKind;
            use $crate::wasmparser::{BlockType, BrTable, HeapType, Ieee32, Ieee64, RefType, TryTable, ValType};
            type Done = Result<(), SinkError>;

            #[allow(clippy::unnecessary_wraps)]
            $($impl)* {
                fn visit_nop(&mut self) -> Done { Ok(()) }
                fn visit_unreachable(&mut self) -> Done { self.unreachable() }

                fn visit_block(&mut self, ty: BlockType) -> Done { self.block(ty) }
                fn visit_loop(&mut self, ty: BlockType) -> Done { self.loop_(ty) }
                fn visit_if(&mut self, ty: BlockType) -> Done { self.if_(ty) }
                fn visit_else(&mut self) -> Done { self.else_() }
                fn visit_end(&mut self) -> Done { self.end() }
                fn visit_try_table(&mut self, table: TryTable) -> Done { self.try_table(table) }
                fn visit_throw(&mut self, tag: u32) -> Done { self.throw(tag) }
                fn visit_throw_ref(&mut self) -> Done { self.throw_ref() }
                fn visit_br(&mut self, depth: u32) -> Done { self.br(depth) }
                fn visit_br_if(&mut self, depth: u32) -> Done { self.br_if(depth) }
                fn visit_br_table(&mut self, targets: BrTable<'_>) -> Done { self.br_table(&targets) }
                fn visit_return(&mut self) -> Done { self.return_() }

                fn visit_call(&mut self, function: u32) -> Done { self.call(function, false) }
                fn visit_call_indirect(&mut self, ty: u32, table: u32) -> Done { self.call_indirect(ty, table, false) }
                fn visit_call_ref(&mut self, ty: u32) -> Done { self.call_ref(ty, false) }
                fn visit_return_call(&mut self, function: u32) -> Done { self.call(function, true) }
                fn visit_return_call_indirect(&mut self, ty: u32, table: u32) -> Done { self.call_indirect(ty, table, true) }
                fn visit_return_call_ref(&mut self, ty: u32) -> Done { self.call_ref(ty, true) }

                fn visit_select(&mut self) -> Done { self.select() }
                fn visit_typed_select(&mut self, _: ValType) -> Done { self.select() }
                fn visit_typed_select_multi(&mut self, _: Vec<ValType>) -> Done { self.select() }

                fn visit_local_get(&mut self, local: u32) -> Done { self.push_local(local) }
                fn visit_local_set(&mut self, local: u32) -> Done { self.local_set(local); Ok(()) }
                fn visit_local_tee(&mut self, local: u32) -> Done { self.local_tee(local) }
                fn visit_global_get(&mut self, global: u32) -> Done { self.global_get(global) }
                fn visit_global_set(&mut self, global: u32) -> Done { self.global_set(global) }

                fn visit_i32_const(&mut self, value: i32) -> Done { self.push_const(ValKind::I32, value as u32 as u64) }
                fn visit_i64_const(&mut self, value: i64) -> Done { self.push_const(ValKind::I64, value as u64) }
                fn visit_f32_const(&mut self, value: Ieee32) -> Done { self.push_const(ValKind::F32, value.bits() as u64) }
                fn visit_f64_const(&mut self, value: Ieee64) -> Done { self.push_const(ValKind::F64, value.bits()) }

                fn visit_memory_size(&mut self, memory: u32) -> Done { self.memory_size(memory) }
                fn visit_memory_grow(&mut self, memory: u32) -> Done { self.memory_grow(memory) }
                fn visit_memory_init(&mut self, segment: u32, memory: u32) -> Done { self.memory_init(segment, memory) }
                fn visit_memory_copy(&mut self, dst: u32, src: u32) -> Done { self.memory_copy(dst, src) }
                fn visit_memory_fill(&mut self, memory: u32) -> Done { self.memory_fill(memory) }
                fn visit_data_drop(&mut self, segment: u32) -> Done { self.data_drop(segment) }

                fn visit_table_init(&mut self, segment: u32, table: u32) -> Done { self.table_init(segment, table) }
                fn visit_table_copy(&mut self, dst: u32, src: u32) -> Done { self.table_copy(dst, src) }
                fn visit_table_fill(&mut self, table: u32) -> Done { self.table_fill(table) }
                fn visit_table_get(&mut self, table: u32) -> Done { self.table_get(table) }
                fn visit_table_set(&mut self, table: u32) -> Done { self.table_set(table) }
                fn visit_table_grow(&mut self, table: u32) -> Done { self.table_grow(table) }
                fn visit_table_size(&mut self, table: u32) -> Done { self.table_size(table) }
                fn visit_elem_drop(&mut self, segment: u32) -> Done { self.elem_drop(segment) }

                fn visit_ref_null(&mut self, heap: HeapType) -> Done { let kind = self.kinds.null(heap); self.push_const(kind, 0) }
                fn visit_ref_is_null(&mut self) -> Done { self.ref_is_null() }
                fn visit_ref_func(&mut self, function: u32) -> Done { self.ref_func(function) }
                fn visit_ref_as_non_null(&mut self) -> Done { self.ref_as_non_null() }
                fn visit_br_on_null(&mut self, depth: u32) -> Done { self.br_on_null(depth, true) }
                fn visit_br_on_non_null(&mut self, depth: u32) -> Done { self.br_on_null(depth, false) }
                fn visit_ref_test_non_null(&mut self, ty: HeapType) -> Done { let ty = self.kinds.heap(ty); self.ref_test(ty, false) }
                fn visit_ref_test_nullable(&mut self, ty: HeapType) -> Done { let ty = self.kinds.heap(ty); self.ref_test(ty, true) }
                fn visit_ref_cast_non_null(&mut self, ty: HeapType) -> Done { let ty = self.kinds.heap(ty); self.ref_cast(ty, false) }
                fn visit_ref_cast_nullable(&mut self, ty: HeapType) -> Done { let ty = self.kinds.heap(ty); self.ref_cast(ty, true) }
                fn visit_br_on_cast(&mut self, depth: u32, _: RefType, to: RefType) -> Done {
                    let ty = self.kinds.heap(to.heap_type());
                    self.br_on_cast(depth, ty, to.is_nullable(), true)
                }
                fn visit_br_on_cast_fail(&mut self, depth: u32, _: RefType, to: RefType) -> Done {
                    let ty = self.kinds.heap(to.heap_type());
                    self.br_on_cast(depth, ty, to.is_nullable(), false)
                }
            }
        };
    };
}
