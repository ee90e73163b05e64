//! The walk: what a sink gets to see, and what becomes of its errors.

use windlass_abi::facts::FuncIndex;
use windlass_abi::types::ValType;
use windlass_wasm::wasmparser::{self, VisitOperator, VisitSimdOperator};
use windlass_wasm::{ErrorKind, Features, Sink, SinkError, WalkScratch, decode};

/// A sink that writes down what happens to it.
#[derive(Default)]
struct Log {
    locals: Vec<(u32, ValType)>,
    index: FuncIndex,
    offset: usize,
    operators: Vec<(usize, &'static str)>,
    finished: bool,
    refuse: Option<&'static str>,
}

macro_rules! log {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(
            fn $visit(&mut self $($(, _: $ty)*)?) -> Self::Output {
                if self.refuse == Some(stringify!($op)) {
                    return Err(SinkError::limit("the function needs more than 3 slots"));
                }
                self.operators.push((self.offset, stringify!($op)));
                Ok(())
            }
        )*
    };
}

impl<'a> VisitOperator<'a> for Log {
    type Output = Result<(), SinkError>;
    wasmparser::for_each_visit_operator!(log);
}

impl<'a> VisitSimdOperator<'a> for Log {
    wasmparser::for_each_visit_simd_operator!(log);
}

impl<'a> Sink<'a> for Log {
    fn begin(&mut self, index: FuncIndex, locals: &[(u32, ValType)]) -> Result<(), SinkError> {
        self.index = index;
        self.locals = locals.to_vec();
        if self.refuse == Some("begin") { Err(SinkError::unbuilt("simd", "vectors")) } else { Ok(()) }
    }

    fn at(&mut self, offset: usize) {
        self.offset = offset;
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.finished = true;
        if self.refuse == Some("finish") { Err(SinkError::limit("too long")) } else { Ok(()) }
    }
}

const TEXT: &str = r#"(module
    (import "" "" (func))
    (func)
    (func $f (param i32) (local i32 i32 externref v128)
        (block (br_if 0 (local.get 0)) (unreachable) (drop))
        (local.set 4 (i32x4.splat (i32.const 1)))))"#;

fn walk(sink: &mut Log) -> Result<Vec<u8>, windlass_wasm::DecodeError> {
    let bytes = wat::parse_str(TEXT).unwrap();
    let body = decode(&bytes, &Features::default()).unwrap().bodies.pop().unwrap();
    body.walk(&mut WalkScratch::default(), sink)?;
    Ok(bytes)
}

#[test]
fn a_sink_sees_everything_in_order() {
    let mut log = Log::default();
    let bytes = walk(&mut log).unwrap();
    assert_eq!((log.index, log.finished), (2, true));
    assert_eq!(log.locals, [(2, ValType::I32), (1, ValType::EXTERNREF), (1, ValType::V128)]);
    let names: Vec<_> = log.operators.iter().map(|(_, name)| *name).collect();
    assert_eq!(
        names,
        [
            "Block",
            "LocalGet",
            "BrIf",
            "Unreachable",
            "Drop",
            "End",
            "I32Const",
            "I32x4Splat",
            "LocalSet",
            "End"
        ]
    );
    let opcodes: Vec<_> = log.operators.iter().map(|(offset, _)| bytes[*offset]).collect();
    assert_eq!(opcodes, [0x02, 0x20, 0x0d, 0x00, 0x1a, 0x0b, 0x41, 0xfd, 0x21, 0x0b]);
}

#[test]
fn a_sinks_error_gets_its_place() {
    for refuse in ["I32x4Splat", "BrIf", "begin", "finish"] {
        let mut log = Log { refuse: Some(refuse), ..Log::default() };
        let error = walk(&mut log).unwrap_err();
        assert_eq!((error.function(), error.function_name()), (Some(2), Some("f")));
        match refuse {
            "begin" => {
                assert_eq!(*error.kind(), ErrorKind::Unbuilt { feature: "simd", operator: None });
                assert!(log.operators.is_empty());
            }
            "finish" => assert_eq!(error.message(), "too long"),
            _ => {
                assert_eq!(error.offset(), Some(log.offset));
                assert_eq!(
                    error.to_string(),
                    format!(
                        "the module exceeds a limit of this engine: the function needs more than 3 slots \
                         (at offset {:#x} in function 2 \"f\")",
                        log.offset
                    )
                );
            }
        }
    }
}

#[test]
fn a_sink_never_sees_what_is_invalid() {
    let bytes = wat::parse_str("(module (func (drop (i32.add (i32.const 1) (i64.const 2)))))").unwrap();
    let body = decode(&bytes, &Features::default()).unwrap().bodies.pop().unwrap();
    let mut log = Log::default();
    assert_eq!(*body.walk(&mut WalkScratch::default(), &mut log).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(log.operators.iter().map(|(_, name)| *name).collect::<Vec<_>>(), ["I32Const", "I64Const"]);
    assert!(!log.finished);
}

#[test]
fn scratch_can_be_used_again_after_an_error() {
    let bytes = wat::parse_str(
        "(module (func (local i32 i64) (block (block (i32.const 1)))) (func (local f32) (drop (local.get 0))))",
    )
    .unwrap();
    let mut scratch = WalkScratch::default();
    let results: Vec<_> = decode(&bytes, &Features::default())
        .unwrap()
        .bodies
        .into_iter()
        .map(|body| body.validate(&mut scratch).is_ok())
        .collect();
    assert_eq!(results, [false, true]);
}
