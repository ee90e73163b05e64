//! Constant expressions: from their operators to those of the contract.

use crate::error::DecodeError;
use crate::types::TypeKinds;
use crate::walk::{GC_OBJECTS, malformed, mnemonic};
use alloc::vec::Vec;
use wasmparser::{VisitOperator, VisitSimdOperator};
use windlass_abi::facts::{ConstExpr, ConstOp};

/// Reads an expression that the validator has accepted.
///
/// The only operators that it accepts and that are refused here are those on garbage-collected objects.
pub(crate) fn read(expr: &wasmparser::ConstExpr<'_>, kinds: &TypeKinds) -> Result<ConstExpr, DecodeError> {
    let mut operators = expr.get_operators_reader();
    let mut reader = Reader { ops: Vec::with_capacity(1), kinds, offset: 0 };
    while !operators.eof() {
        reader.offset = operators.original_position();
        operators.visit_operator(&mut reader).map_err(malformed)??;
    }
    Ok(ConstExpr(reader.ops.into()))
}

struct Reader<'k> {
    ops: Vec<ConstOp>,
    kinds: &'k TypeKinds,
    offset: usize,
}

impl Reader<'_> {
    fn push(&mut self, op: ConstOp) -> Result<(), DecodeError> {
        self.ops.push(op);
        Ok(())
    }
}

/// A method for each operator of the validator's list.
macro_rules! const_operators {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $( const_operators!(one $visit ($($($arg: $ty),*)?)); )*
    };
    (one visit_end ()) => {
        fn visit_end(&mut self) -> Self::Output { Ok(()) }
    };
    (one visit_i32_const $args:tt) => { const_operators!(is visit_i32_const $args |_, v| ConstOp::I32(v)); };
    (one visit_i64_const $args:tt) => { const_operators!(is visit_i64_const $args |_, v| ConstOp::I64(v)); };
    (one visit_f32_const $args:tt) => { const_operators!(is visit_f32_const $args |_, v| ConstOp::F32(v.bits())); };
    (one visit_f64_const $args:tt) => { const_operators!(is visit_f64_const $args |_, v| ConstOp::F64(v.bits())); };
    (one visit_v128_const $args:tt) => { const_operators!(is visit_v128_const $args |_, v| ConstOp::V128(*v.bytes())); };
    (one visit_ref_null $args:tt) => { const_operators!(is visit_ref_null $args |s, t| ConstOp::RefNull(s.kinds.heap(t))); };
    (one visit_ref_func $args:tt) => { const_operators!(is visit_ref_func $args |_, i| ConstOp::RefFunc(i)); };
    (one visit_global_get $args:tt) => { const_operators!(is visit_global_get $args |_, i| ConstOp::GlobalGet(i)); };
    (one visit_i32_add ()) => { const_operators!(is visit_i32_add ConstOp::I32Add); };
    (one visit_i32_sub ()) => { const_operators!(is visit_i32_sub ConstOp::I32Sub); };
    (one visit_i32_mul ()) => { const_operators!(is visit_i32_mul ConstOp::I32Mul); };
    (one visit_i64_add ()) => { const_operators!(is visit_i64_add ConstOp::I64Add); };
    (one visit_i64_sub ()) => { const_operators!(is visit_i64_sub ConstOp::I64Sub); };
    (one visit_i64_mul ()) => { const_operators!(is visit_i64_mul ConstOp::I64Mul); };
    (one $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[cold]
        fn $visit(&mut self $(, _: $ty)*) -> Self::Output {
            Err(DecodeError::unbuilt(GC_OBJECTS, mnemonic(stringify!($visit)), self.offset))
        }
    };
    (is $visit:ident ($arg:ident: $ty:ty) |$this:pat_param, $value:ident| $op:expr) => {
        fn $visit(&mut self, $value: $ty) -> Self::Output {
            let $this = &*self;
            let op = $op;
            self.push(op)
        }
    };
    (is $visit:ident $op:expr) => {
        fn $visit(&mut self) -> Self::Output { self.push($op) }
    };
}

impl<'a> VisitOperator<'a> for Reader<'_> {
    type Output = Result<(), DecodeError>;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(const_operators);
}

impl<'a> VisitSimdOperator<'a> for Reader<'_> {
    wasmparser::for_each_visit_simd_operator!(const_operators);
}
