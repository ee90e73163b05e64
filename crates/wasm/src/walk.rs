//! The one pass over a function's body: each operator is validated, then given to a [`Sink`].
//!
//! There is no list of operators in between: the walk is a visitor that calls the validator's
//! method and then the sink's method of the same name, and is compiled for each sink.
//!
//! Operators on garbage-collected objects are validated and then refused ([`ErrorKind::Unbuilt`]),
//! and so are casts within the hierarchy of `any`: a sink never gets to see them.

use crate::error::{DecodeError, ErrorKind, SinkError};
use crate::limits::{self, Limit, Watch};
use crate::names;
use crate::types::{self, TypeKinds};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use wasmparser::{
    BinaryReader, FrameKind, FrameStack, FuncToValidate, FuncValidator, FuncValidatorAllocations,
    FunctionBody, ValidatorResources, VisitOperator, VisitSimdOperator,
};
use windlass_abi::facts::FuncIndex;
use windlass_abi::types::{HeapType, ValType};

/// What a body is translated into.
///
/// The methods of the visitor are called for valid operators only, in the order of the code,
/// unreachable ones included. [`VisitOperator::simd_visitor`] is not called: the walk calls the methods of
/// [`VisitSimdOperator`] itself.
pub trait Sink<'a>: VisitOperator<'a, Output = Result<(), SinkError>> + VisitSimdOperator<'a> {
    /// Before the first operator: the function's index, and its declared locals in order as runs
    /// of (count, type), without the parameters. All runs together hold at most 50,000 locals.
    fn begin(&mut self, index: FuncIndex, locals: &[(u32, ValType)]) -> Result<(), SinkError>;

    /// Before each operator: its byte offset in the module.
    fn at(&mut self, offset: usize);

    /// After the last operator, which is the function's `end`.
    fn finish(&mut self) -> Result<(), SinkError>;
}

/// Allocations that one walk leaves to the next.
#[derive(Default)]
pub struct WalkScratch {
    validator: FuncValidatorAllocations,
    locals: Vec<(u32, ValType)>,
}

/// What all bodies of a module share.
pub(crate) struct Shared<'a> {
    pub kinds: TypeKinds,
    /// Contents of the name section and its offset, for the names in errors.
    pub name_section: Option<(&'a [u8], usize)>,
    /// Whether to stop.
    pub watch: Option<Watch<'a>>,
    /// Most locals of a function.
    pub locals: usize,
    /// Most blocks within blocks.
    pub nesting: usize,
}

/// Operators between two looks whether to stop: below a millisecond's worth.
pub(crate) const WATCHED: u32 = 4096;

/// A function's body, not yet validated.
pub struct Body<'a> {
    /// The function's index in the function index space.
    pub index: FuncIndex,
    pub(crate) func: FuncToValidate<ValidatorResources>,
    pub(crate) code: FunctionBody<'a>,
    pub(crate) shared: Arc<Shared<'a>>,
}

impl Clone for Body<'_> {
    fn clone(&self) -> Self {
        let FuncToValidate { ref resources, index, ty, features } = self.func;
        Body {
            index: self.index,
            func: FuncToValidate { resources: resources.clone(), index, ty, features },
            code: self.code.clone(),
            shared: self.shared.clone(),
        }
    }
}

impl<'a> Body<'a> {
    /// Size in bytes.
    pub fn size(&self) -> usize {
        self.code.as_bytes().len()
    }

    /// Where it lies in the module, in bytes, declarations of locals included.
    pub fn range(&self) -> Range<usize> {
        self.code.range()
    }

    /// Its bytes: those of the module in [`Body::range`].
    pub fn bytes(&self) -> &'a [u8] {
        self.code.as_bytes()
    }

    /// Validates the body and gives it to the sink.
    pub fn walk<S: Sink<'a>>(self, scratch: &mut WalkScratch, sink: &mut S) -> Result<(), DecodeError> {
        let Body { index, func, code, shared } = self;
        let mut validator = func.into_validator(core::mem::take(&mut scratch.validator));
        let result = walk(&mut validator, &code, &shared, &mut scratch.locals, sink);
        scratch.validator = validator.into_allocations();
        result.map_err(|error| error.in_function(index, shared.function_name(index)))
    }

    /// Validates the body.
    pub fn validate(self, scratch: &mut WalkScratch) -> Result<(), DecodeError> {
        self.walk(scratch, &mut Nothing)
    }
}

impl Shared<'_> {
    /// Of bodies that have been found to be within the limits.
    fn new(kinds: TypeKinds) -> Shared<'static> {
        Shared { kinds, name_section: None, watch: None, locals: usize::MAX, nesting: usize::MAX }
    }

    #[cold]
    fn function_name(&self, index: FuncIndex) -> Option<String> {
        let (bytes, offset) = self.name_section?;
        names::read(bytes, offset).function(index).map(|name| name.to_string())
    }
}

fn walk<'a, S: Sink<'a>>(
    validator: &mut FuncValidator<ValidatorResources>,
    code: &FunctionBody<'a>,
    shared: &Shared<'a>,
    locals: &mut Vec<(u32, ValType)>,
    sink: &mut S,
) -> Result<(), DecodeError> {
    let mut reader = code.get_binary_reader();
    let start = reader.original_position();
    locals.clear();
    limits::watch(shared.watch, start)?;
    let mut declared = 0_usize;
    for _ in 0..reader.read_var_u32().map_err(malformed)? {
        let offset = reader.original_position();
        let count = reader.read_var_u32().map_err(malformed)?;
        let ty = reader.read().map_err(malformed)?;
        declared = declared.saturating_add(count as usize);
        if declared > shared.locals {
            // The validator's own limit comes first.
            validator.define_locals(offset, count, ty).map_err(invalid)?;
            return Err(limits::exceeded(Limit::locals, declared, shared.locals).at(offset));
        }
        validator.define_locals(offset, count, ty).map_err(invalid)?;
        locals.push((count, shared.kinds.val(ty)));
    }
    sink.begin(validator.index(), locals).map_err(|e| e.at(start))?;

    reader.set_features(*validator.features());
    let mut offset = start;
    let mut until_look = WATCHED;
    while !reader.eof() {
        offset = reader.original_position();
        until_look -= 1;
        if until_look == 0 {
            until_look = WATCHED;
            limits::watch(shared.watch, offset)?;
        }
        sink.at(offset);
        {
            let mut walk = Walk { validator: validator.visitor(offset), sink, kinds: &shared.kinds, offset };
            reader.visit_operator(&mut walk).map_err(malformed)??;
        }
        // The function's body is a block, too.
        let nesting = (validator.control_stack_height() as usize).saturating_sub(1);
        if nesting > shared.nesting {
            return Err(limits::exceeded(Limit::nesting, nesting, shared.nesting).at(offset));
        }
    }
    reader.finish_expression(&validator.visitor(offset)).map_err(malformed)?;
    sink.finish().map_err(|e| e.at(offset))
}

/// The bodies of a module, kept with its bytes, to be compiled at any time.
pub struct KeptBodies {
    module: Arc<[u8]>,
    shared: Arc<Shared<'static>>,
    bodies: Vec<Kept>,
}

struct Kept {
    index: FuncIndex,
    func: FuncToValidate<ValidatorResources>,
    range: Range<usize>,
}

impl KeptBodies {
    /// Keeps the bodies of the module with these bytes. (Errors of bodies from here name no function: they are meant
    /// to be valid.)
    pub fn new<'a>(module: &'a [u8], bodies: impl IntoIterator<Item = Body<'a>>) -> KeptBodies {
        let mut shared = None;
        let bodies = bodies.into_iter().map(|body| {
            shared.get_or_insert_with(|| Shared::new(body.shared.kinds.clone()));
            Kept { index: body.index, range: body.range(), func: body.func }
        });
        let bodies = bodies.collect();
        let shared = shared.unwrap_or_else(|| Shared::new(TypeKinds::default()));
        KeptBodies { module: module.into(), shared: Arc::new(shared), bodies }
    }

    /// The body of a function, numbered among the module's own.
    pub fn get(&self, own: u32) -> Body<'_> {
        let Kept { index, func, range } = &self.bodies[own as usize];
        let FuncToValidate { ref resources, index: func_index, ty, features } = *func;
        let reader = BinaryReader::new_features(&self.module[range.clone()], range.start, features);
        Body {
            index: *index,
            func: FuncToValidate { resources: resources.clone(), index: func_index, ty, features },
            code: FunctionBody::new(reader),
            shared: self.shared.clone(),
        }
    }

    /// Bytes of all bodies.
    pub fn size(&self) -> usize {
        self.bodies.iter().map(|body| body.range.len()).sum()
    }
}

#[cold]
pub(crate) fn malformed(error: wasmparser::Error) -> DecodeError {
    DecodeError::from_wasmparser(&error, ErrorKind::Malformed)
}

#[cold]
fn invalid(error: wasmparser::Error) -> DecodeError {
    DecodeError::from_wasmparser(&error, ErrorKind::Invalid)
}

/// The visitor that calls the validator and then the sink; made anew for each operator, as the
/// validator's own is.
struct Walk<'w, V, S> {
    validator: V,
    sink: &'w mut S,
    kinds: &'w TypeKinds,
    offset: usize,
}

impl<V, S> Walk<'_, V, S> {
    #[cold]
    fn unbuilt(&self, feature: &'static str, visit: &str) -> DecodeError {
        DecodeError::unbuilt(feature, mnemonic(visit), self.offset)
    }

    /// Casts are built in every hierarchy but that of `any`.
    fn check_cast(&self, ty: wasmparser::HeapType, visit: &str) -> Result<(), DecodeError> {
        // The validator does not ask which features the types of a cast need.
        if let Some(feature) = types::unbuilt(ty) {
            return Err(self.unbuilt(feature.name(), visit));
        }
        match self.kinds.heap(ty).top() {
            HeapType::Any => Err(self.unbuilt(GC_OBJECTS, visit)),
            _ => Ok(()),
        }
    }
}

/// The feature that is missing for operators on garbage-collected objects.
pub(crate) const GC_OBJECTS: &str = "gc objects";

/// The name in the text format of the operator that a visitor's method stands for.
///
/// Exact for the operators that are not built, which is what it is used for.
pub(crate) fn mnemonic(visit: &str) -> String {
    let name = visit.strip_prefix("visit_").unwrap_or(visit);
    match name {
        "ref_test_non_null" | "ref_test_nullable" => return "ref.test".into(),
        "ref_cast_non_null" | "ref_cast_nullable" => return "ref.cast".into(),
        "br_on_cast" | "br_on_cast_fail" => return name.into(),
        _ => {}
    }
    match name.split_once('_') {
        Some((group @ ("ref" | "i31" | "struct" | "array" | "any" | "extern"), rest)) => {
            alloc::format!("{group}.{rest}")
        }
        _ => name.into(),
    }
}

/// A method of the walk for each operator of the validator's list.
macro_rules! walk_operators {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $( walk_operators!(one $proposal $visit ($($($arg: $ty),*)?)); )*
    };

    // Casts: built, but not for objects.
    (one gc visit_ref_test_non_null $args:tt) => { walk_operators!(cast visit_ref_test_non_null $args); };
    (one gc visit_ref_test_nullable $args:tt) => { walk_operators!(cast visit_ref_test_nullable $args); };
    (one gc visit_ref_cast_non_null $args:tt) => { walk_operators!(cast visit_ref_cast_non_null $args); };
    (one gc visit_ref_cast_nullable $args:tt) => { walk_operators!(cast visit_ref_cast_nullable $args); };
    (one gc visit_br_on_cast $args:tt) => { walk_operators!(branch visit_br_on_cast $args); };
    (one gc visit_br_on_cast_fail $args:tt) => { walk_operators!(branch visit_br_on_cast_fail $args); };
    (cast $visit:ident ($hty:ident: $ty:ty)) => {
        fn $visit(&mut self, $hty: $ty) -> Self::Output {
            self.validator.$visit($hty).map_err(invalid)?;
            self.check_cast($hty, stringify!($visit))?;
            self.sink.$visit($hty).map_err(|e| e.at(self.offset))
        }
    };
    (branch $visit:ident ($depth:ident: $dty:ty, $from:ident: $fty:ty, $to:ident: $tty:ty)) => {
        fn $visit(&mut self, $depth: $dty, $from: $fty, $to: $tty) -> Self::Output {
            self.validator.$visit($depth, $from, $to).map_err(invalid)?;
            self.check_cast($from.heap_type(), stringify!($visit))?;
            self.check_cast($to.heap_type(), stringify!($visit))?;
            self.sink.$visit($depth, $from, $to).map_err(|e| e.at(self.offset))
        }
    };

    // Not built: the validator refuses them where the whole feature is off.
    (one gc $visit:ident $args:tt) => { walk_operators!(unbuilt GC_OBJECTS, $visit $args); };
    (one custom_descriptors $visit:ident $args:tt) => {
        walk_operators!(unbuilt "custom-descriptors", $visit $args);
    };
    (one stack_switching $visit:ident $args:tt) => { walk_operators!(unbuilt "stack-switching", $visit $args); };
    (one shared_everything_threads $visit:ident $args:tt) => {
        walk_operators!(unbuilt "shared-everything-threads", $visit $args);
    };
    (one legacy_exceptions $visit:ident $args:tt) => {
        walk_operators!(unbuilt "legacy-exceptions", $visit $args);
    };
    (one memory_control $visit:ident $args:tt) => { walk_operators!(unbuilt "memory-control", $visit $args); };
    (unbuilt $feature:expr, $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[cold]
        fn $visit(&mut self $(, $arg: $ty)*) -> Self::Output {
            self.validator.$visit($($arg),*).map_err(invalid)?;
            Err(self.unbuilt($feature, stringify!($visit)))
        }
    };

    // Vectors have a visitor of their own.
    (one simd $visit:ident $args:tt) => { walk_operators!(vector $visit $args); };
    (one relaxed_simd $visit:ident $args:tt) => { walk_operators!(vector $visit $args); };
    (vector $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline]
        fn $visit(&mut self $(, $arg: $ty)*) -> Self::Output {
            let validator = self.validator.simd_visitor().expect("the validator is built with vectors");
            validator.$visit($($arg.clone()),*).map_err(invalid)?;
            self.sink.$visit($($arg),*).map_err(|e| e.at(self.offset))
        }
    };
    // All others.
    (one $proposal:ident $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline(always)]
        fn $visit(&mut self $(, $arg: $ty)*) -> Self::Output {
            self.validator.$visit($($arg.clone()),*).map_err(invalid)?;
            self.sink.$visit($($arg),*).map_err(|e| e.at(self.offset))
        }
    };
}

/// The validator's visitor of one operator.
trait Validate<'a>: VisitOperator<'a, Output = wasmparser::Result<()>> + FrameStack {}
impl<'a, V: VisitOperator<'a, Output = wasmparser::Result<()>> + FrameStack> Validate<'a> for V {}

#[allow(clippy::clone_on_copy)]
impl<'a, V: Validate<'a>, S: Sink<'a>> VisitOperator<'a> for Walk<'_, V, S> {
    type Output = Result<(), DecodeError>;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(walk_operators);
}

#[allow(clippy::clone_on_copy)]
impl<'a, V: Validate<'a>, S: Sink<'a>> VisitSimdOperator<'a> for Walk<'_, V, S> {
    wasmparser::for_each_visit_simd_operator!(walk_operators);
}

impl<V: FrameStack, S> FrameStack for Walk<'_, V, S> {
    #[inline]
    fn current_frame(&self) -> Option<FrameKind> {
        self.validator.current_frame()
    }
}

/// A sink that does nothing.
pub struct Nothing;

macro_rules! do_nothing {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(
            #[inline]
            fn $visit(&mut self $($(, _: $ty)*)?) -> Self::Output {
                Ok(())
            }
        )*
    };
}

impl<'a> VisitOperator<'a> for Nothing {
    type Output = Result<(), SinkError>;
    wasmparser::for_each_visit_operator!(do_nothing);
}

impl<'a> VisitSimdOperator<'a> for Nothing {
    wasmparser::for_each_visit_simd_operator!(do_nothing);
}

impl<'a> Sink<'a> for Nothing {
    fn begin(&mut self, _: FuncIndex, _: &[(u32, ValType)]) -> Result<(), SinkError> {
        Ok(())
    }

    #[inline]
    fn at(&mut self, _: usize) {}

    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}
