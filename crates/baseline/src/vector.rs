//! Vectors.

use crate::compiler::Compiler;
use crate::masm::Masm;
use windlass_wasm::SinkError;
use windlass_wasm::wasmparser::{self, VisitSimdOperator};

macro_rules! unbuilt {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(
            fn $visit(&mut self $($(, _: $ty)*)?) -> Self::Output {
                Err(SinkError::limit("vectors are not built yet in this compiler"))
            }
        )*
    };
}

impl<'a, M: Masm> VisitSimdOperator<'a> for Compiler<'_, M> {
    wasmparser::for_each_visit_simd_operator!(unbuilt);
}
