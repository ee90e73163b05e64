//! Types as a module declares them, and their canonical form within an engine.
//!
//! The heap type of a reference names a concrete type by [`TypeIndex`], an index into the
//! module's type section. Two modules' indices are compared after the engine has canonicalized
//! their recursion groups to engine-wide ids (`EngineTypeId`); the same data types are used with either meaning,
//! and each place says which it holds.

use alloc::boxed::Box;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Index of a type: into a module's type section, or, where said so, an engine-wide id.
pub type TypeIndex = u32;

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference.
    Ref(RefType),
}

/// The type of a reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct RefType {
    /// Whether null is a value of the type.
    pub nullable: bool,
    /// What the reference refers to.
    pub heap: HeapType,
}

/// What a reference refers to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum HeapType {
    /// Any function.
    Func,
    /// No function: bottom of the functions.
    NoFunc,
    /// Any host value.
    Extern,
    /// No host value.
    NoExtern,
    /// Any exception.
    Exn,
    /// No exception.
    NoExn,
    /// Any internal value.
    Any,
    /// Any internal value that can be compared.
    Eq,
    /// A 31-bit integer.
    I31,
    /// Any struct.
    Struct,
    /// Any array.
    Array,
    /// No internal value.
    None,
    /// A function type of the type section.
    ConcreteFunc(TypeIndex),
    /// A struct type of the type section.
    ConcreteStruct(TypeIndex),
    /// An array type of the type section.
    ConcreteArray(TypeIndex),
}

/// How a value lies in a frame slot and in an array of [`crate::vm::ValRaw`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum ValKind {
    /// 32-bit integer, zero-extended to 64 bits in a slot.
    I32,
    /// 64-bit integer.
    I64,
    /// Bits of a 32-bit float, zero-extended to 64 bits in a slot.
    F32,
    /// Bits of a 64-bit float.
    F64,
    /// 16 bytes, lane 0 first: two slots.
    V128,
    /// Pointer to a [`crate::vm::VMFuncRef`], or null.
    Func,
    /// 32-bit reference into the store's heap, 0 for null, zero-extended to 64 bits in a slot.
    Gc,
}

impl ValKind {
    /// The number of 8-byte slots that a value of this kind takes in a frame.
    pub const fn slots(self) -> usize {
        match self {
            ValKind::V128 => 2,
            _ => 1,
        }
    }
}

impl ValType {
    /// `funcref`.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// `externref`.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
    /// `exnref`.
    pub const EXNREF: ValType = ValType::Ref(RefType::EXNREF);

    /// How values of the type are represented.
    pub const fn kind(self) -> ValKind {
        match self {
            ValType::I32 => ValKind::I32,
            ValType::I64 => ValKind::I64,
            ValType::F32 => ValKind::F32,
            ValType::F64 => ValKind::F64,
            ValType::V128 => ValKind::V128,
            ValType::Ref(r) => r.kind(),
        }
    }

    /// Whether a local of the type has a default value (zero or null).
    pub const fn is_defaultable(self) -> bool {
        match self {
            ValType::Ref(r) => r.nullable,
            _ => true,
        }
    }
}

impl RefType {
    /// `(ref null func)`.
    pub const FUNCREF: RefType = RefType { nullable: true, heap: HeapType::Func };
    /// `(ref null extern)`.
    pub const EXTERNREF: RefType = RefType { nullable: true, heap: HeapType::Extern };
    /// `(ref null exn)`.
    pub const EXNREF: RefType = RefType { nullable: true, heap: HeapType::Exn };

    /// How references of the type are represented.
    pub const fn kind(self) -> ValKind {
        match self.heap {
            HeapType::Func | HeapType::NoFunc | HeapType::ConcreteFunc(_) => ValKind::Func,
            _ => ValKind::Gc,
        }
    }
}

impl HeapType {
    /// The index of a concrete type.
    pub const fn concrete(self) -> Option<TypeIndex> {
        match self {
            HeapType::ConcreteFunc(i) | HeapType::ConcreteStruct(i) | HeapType::ConcreteArray(i) => Some(i),
            _ => None,
        }
    }

    /// The type with its concrete index, if any, replaced by `f` of it.
    pub fn map_index(self, f: impl FnOnce(TypeIndex) -> TypeIndex) -> HeapType {
        match self {
            HeapType::ConcreteFunc(i) => HeapType::ConcreteFunc(f(i)),
            HeapType::ConcreteStruct(i) => HeapType::ConcreteStruct(f(i)),
            HeapType::ConcreteArray(i) => HeapType::ConcreteArray(f(i)),
            other => other,
        }
    }

    /// The top of the hierarchy that the type belongs to.
    pub const fn top(self) -> HeapType {
        match self {
            HeapType::Func | HeapType::NoFunc | HeapType::ConcreteFunc(_) => HeapType::Func,
            HeapType::Extern | HeapType::NoExtern => HeapType::Extern,
            HeapType::Exn | HeapType::NoExn => HeapType::Exn,
            _ => HeapType::Any,
        }
    }

    /// Whether the type is the bottom of its hierarchy, so that null is its only possible value.
    pub const fn is_bottom(self) -> bool {
        matches!(self, HeapType::NoFunc | HeapType::NoExtern | HeapType::NoExn | HeapType::None)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(r) => r.fmt(f),
        }
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = match (self.nullable, self.heap) {
            (true, HeapType::Func) => Some("funcref"),
            (true, HeapType::Extern) => Some("externref"),
            (true, HeapType::Exn) => Some("exnref"),
            (true, HeapType::Any) => Some("anyref"),
            _ => None,
        };
        match short {
            Some(s) => f.write_str(s),
            None if self.nullable => write!(f, "(ref null {})", self.heap),
            None => write!(f, "(ref {})", self.heap),
        }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeapType::Func => "func",
            HeapType::NoFunc => "nofunc",
            HeapType::Extern => "extern",
            HeapType::NoExtern => "noextern",
            HeapType::Exn => "exn",
            HeapType::NoExn => "noexn",
            HeapType::Any => "any",
            HeapType::Eq => "eq",
            HeapType::I31 => "i31",
            HeapType::Struct => "struct",
            HeapType::Array => "array",
            HeapType::None => "none",
            HeapType::ConcreteFunc(i) | HeapType::ConcreteStruct(i) | HeapType::ConcreteArray(i) => {
                return write!(f, "{i}");
            }
        })
    }
}

/// A function type: parameters and results.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct FuncType {
    /// Types of the parameters.
    pub params: Box<[ValType]>,
    /// Types of the results.
    pub results: Box<[ValType]>,
}

/// What a field of a struct or an element of an array holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum StorageType {
    /// 8-bit integer.
    I8,
    /// 16-bit integer.
    I16,
    /// A value type.
    Val(ValType),
}

/// A field of a struct, or the element of an array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct FieldType {
    /// What it holds.
    pub storage: StorageType,
    /// Whether it can be written.
    pub mutable: bool,
}

/// What a type of the type section is made of.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum CompositeType {
    /// A function type.
    Func(FuncType),
    /// A struct type.
    Struct(Box<[FieldType]>),
    /// An array type.
    Array(FieldType),
}

/// A type of the type section.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SubType {
    /// Whether no type may declare this one as its supertype.
    pub is_final: bool,
    /// The declared supertype.
    pub supertype: Option<TypeIndex>,
    /// What the type is made of.
    pub composite: CompositeType,
}

/// How the values of a signature lie in frames and arrays; pinned by the engine's type registry
/// for as long as anything of that type is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The engine-wide id of the function type.
    pub type_id: TypeIndex,
    /// Kinds of the parameters.
    pub params: Box<[ValKind]>,
    /// Kinds of the results.
    pub results: Box<[ValKind]>,
    /// Slots that the parameters take.
    pub param_slots: u32,
    /// Slots that the results take.
    pub result_slots: u32,
}

impl Signature {
    /// The signature of `ty`, which has the engine-wide id `type_id`.
    pub fn new(type_id: TypeIndex, ty: &FuncType) -> Signature {
        let kinds = |types: &[ValType]| types.iter().map(|t| t.kind()).collect::<Box<[_]>>();
        let slots = |kinds: &[ValKind]| kinds.iter().map(|k| k.slots() as u32).sum();
        let (params, results) = (kinds(&ty.params), kinds(&ty.results));
        Signature { type_id, param_slots: slots(&params), result_slots: slots(&results), params, results }
    }
}
