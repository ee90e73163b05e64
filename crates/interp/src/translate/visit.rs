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
use windlass_abi::types::ValKind::{F32, F64, I32, I64};
use windlass_wasm::wasmparser::{MemArg, VisitOperator, VisitSimdOperator, for_each_visit_operator};
use windlass_wasm::{SinkError, fuel, sorted_operators};

type Done = Result<(), SinkError>;

macro_rules! operator {
    (always $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline]
        fn $visit(&mut self $(, $arg: $ty)*) -> Done {
            self.charge(fuel::op::$visit);
            Translator::$visit(self $(, $arg)*)
        }
    };
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
    (refused $visit:ident ($($arg:ident: $ty:ty),*)) => {
        fn $visit(&mut self $(, _: $ty)*) -> Done {
            unreachable!(concat!("the walk refuses ", stringify!($visit)))
        }
    };
}

impl<'a> VisitOperator<'a> for Translator<'_> {
    type Output = Done;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Done>> {
        Some(self)
    }

    for_each_visit_operator!(sorted_operators);
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

windlass_wasm::operator_methods! { impl Translator<'_> }

#[allow(clippy::unnecessary_wraps)]
impl Translator<'_> {
    fn visit_drop(&mut self) -> Done {
        self.pop();
        Ok(())
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
}
