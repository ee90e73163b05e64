//! Vectors and atomics.

use super::Translator;
use windlass_wasm::SinkError;
use windlass_wasm::wasmparser::VisitSimdOperator;

macro_rules! visit_simd {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(fn $visit(&mut self $($(, _: $ty)*)?) -> Result<(), SinkError> {
            Err(SinkError::unbuilt("simd", stringify!($visit)))
        })*
    };
}

impl<'a> VisitSimdOperator<'a> for Translator<'_> {
    windlass_wasm::wasmparser::for_each_visit_simd_operator!(visit_simd);
}

macro_rules! visit_threads {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        impl Translator<'_> { $(visit_threads!(one $proposal $visit ($($($arg: $ty),*)?));)* }
    };
    (one threads $visit:ident ($($arg:ident: $ty:ty),*)) => {
        pub(super) fn $visit(&mut self $(, _: $ty)*) -> Result<(), SinkError> {
            Err(SinkError::unbuilt("threads", stringify!($visit)))
        }
    };
    (one $proposal:ident $visit:ident $args:tt) => {};
}
windlass_wasm::wasmparser::for_each_visit_operator!(visit_threads);
