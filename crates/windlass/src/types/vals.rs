//! Value, reference and heap types.

use super::registry::{RegisteredType, TypeRegistry};
use super::{ArrayType, FuncType, StructType};
use crate::Engine;
use crate::values::Val;
use once_cell::sync::Lazy;
use std::fmt;
use std::sync::Arc;
use windlass_abi::types as abi;

/// The type of a value.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// assert!(ValType::I32.is_i32() && ValType::I32.is_num() && !ValType::V128.is_num());
/// assert!(ValType::I64.is_i64() && ValType::F32.is_f32() && ValType::F64.is_f64() && ValType::V128.is_v128());
/// assert!(ValType::FUNCREF.is_ref() && ValType::FUNCREF.is_funcref() && ValType::EXTERNREF.is_externref());
/// assert!(ValType::ANYREF.is_anyref() && ValType::EXNREF.is_exnref());
/// assert_eq!(ValType::FUNCREF.unwrap_ref(), &RefType::FUNCREF);
/// assert!(ValType::I32.as_ref().is_none());
/// assert!(ValType::NULLFUNCREF.matches(&ValType::FUNCREF) && !ValType::I32.matches(&ValType::I64));
/// assert_eq!(ValType::I32.default_value().unwrap().i32(), Some(0));
/// assert_eq!(ValType::from(RefType::new(false, HeapType::Extern)).to_string(), "(ref extern)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
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
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let some = RefType::new(false, HeapType::Func);
/// assert!(some.matches(&RefType::FUNCREF) && !RefType::FUNCREF.matches(&some));
/// assert!(RefType::FUNCREF.is_nullable());
/// assert_eq!(RefType::FUNCREF.heap_type(), &HeapType::Func);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    is_nullable: bool,
    heap_type: HeapType,
}

/// What a reference refers to.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// assert_eq!((HeapType::Struct.top(), HeapType::Struct.bottom()), (HeapType::Any, HeapType::None));
/// assert!(HeapType::Any.is_top() && HeapType::None.is_bottom());
/// assert!(HeapType::I31.matches(&HeapType::Eq) && !HeapType::I31.matches(&HeapType::Struct));
///
/// let ty = FuncType::new(&Engine::default(), [], []);
/// let concrete = HeapType::from(ty.clone());
/// assert!(concrete.is_concrete() && concrete.matches(&HeapType::Func) && HeapType::Func.is_abstract());
/// assert_eq!(concrete.as_concrete_func(), Some(&ty));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum HeapType {
    /// Any host value.
    Extern,
    /// No host value: bottom of `Extern`.
    NoExtern,
    /// Any function.
    Func,
    /// A function of this type, or of one declared below it.
    ConcreteFunc(FuncType),
    /// No function: bottom of `Func`.
    NoFunc,
    /// Any internal value.
    Any,
    /// Any internal value that can be compared.
    Eq,
    /// A 31-bit integer.
    I31,
    /// Any array.
    Array,
    /// An array of this type, or of one declared below it.
    ConcreteArray(ArrayType),
    /// Any struct.
    Struct,
    /// A struct of this type, or of one declared below it.
    ConcreteStruct(StructType),
    /// No internal value: bottom of `Any`.
    None,
    /// Any exception.
    Exn,
    /// No exception: bottom of `Exn`.
    NoExn,
}

impl ValType {
    /// `externref`: a nullable reference to a host value.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
    /// `nullexternref`.
    pub const NULLEXTERNREF: ValType = ValType::Ref(RefType::NULLEXTERNREF);
    /// `funcref`: a nullable reference to a function.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// `nullfuncref`.
    pub const NULLFUNCREF: ValType = ValType::Ref(RefType::NULLFUNCREF);
    /// `anyref`: a nullable reference to an internal value.
    pub const ANYREF: ValType = ValType::Ref(RefType::ANYREF);
    /// `eqref`: a nullable reference to an internal value that can be compared.
    pub const EQREF: ValType = ValType::Ref(RefType::EQREF);
    /// `i31ref`: a nullable reference to a 31-bit integer.
    pub const I31REF: ValType = ValType::Ref(RefType::I31REF);
    /// `structref`: a nullable reference to a struct.
    pub const STRUCTREF: ValType = ValType::Ref(RefType::STRUCTREF);
    /// `arrayref`: a nullable reference to an array.
    pub const ARRAYREF: ValType = ValType::Ref(RefType::ARRAYREF);
    /// `nullref`.
    pub const NULLREF: ValType = ValType::Ref(RefType::NULLREF);
    /// `exnref`: a nullable reference to an exception.
    pub const EXNREF: ValType = ValType::Ref(RefType::EXNREF);
    /// `nullexnref`.
    pub const NULLEXNREF: ValType = ValType::Ref(RefType::NULLEXNREF);

    /// Whether it is an integer or a float.
    pub fn is_num(&self) -> bool {
        matches!(self, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64)
    }

    /// Whether it is `i32`.
    pub fn is_i32(&self) -> bool {
        matches!(self, ValType::I32)
    }

    /// Whether it is `i64`.
    pub fn is_i64(&self) -> bool {
        matches!(self, ValType::I64)
    }

    /// Whether it is `f32`.
    pub fn is_f32(&self) -> bool {
        matches!(self, ValType::F32)
    }

    /// Whether it is `f64`.
    pub fn is_f64(&self) -> bool {
        matches!(self, ValType::F64)
    }

    /// Whether it is `v128`.
    pub fn is_v128(&self) -> bool {
        matches!(self, ValType::V128)
    }

    /// Whether it is a reference type.
    pub fn is_ref(&self) -> bool {
        matches!(self, ValType::Ref(_))
    }

    /// Whether it is `funcref`.
    pub fn is_funcref(&self) -> bool {
        *self == ValType::FUNCREF
    }

    /// Whether it is `externref`.
    pub fn is_externref(&self) -> bool {
        *self == ValType::EXTERNREF
    }

    /// Whether it is `anyref`.
    pub fn is_anyref(&self) -> bool {
        *self == ValType::ANYREF
    }

    /// Whether it is `exnref`.
    pub fn is_exnref(&self) -> bool {
        *self == ValType::EXNREF
    }

    /// The reference type, if it is one.
    pub fn as_ref(&self) -> Option<&RefType> {
        match self {
            ValType::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// The reference type.
    ///
    /// # Panics
    /// If it is none.
    pub fn unwrap_ref(&self) -> &RefType {
        self.as_ref().expect("not a reference type")
    }

    /// Whether every value of this type is one of `other`.
    pub fn matches(&self, other: &ValType) -> bool {
        match (self, other) {
            (ValType::Ref(a), ValType::Ref(b)) => a.matches(b),
            _ => self == other,
        }
    }

    /// Zero, or null; `None` for references that cannot be null.
    pub fn default_value(&self) -> Option<Val> {
        Val::default_for_ty(self)
    }

    /// From the contract's form with engine-wide ids of live types.
    pub(crate) fn from_abi(engine: &Engine, ty: abi::ValType) -> ValType {
        match ty {
            abi::ValType::I32 => ValType::I32,
            abi::ValType::I64 => ValType::I64,
            abi::ValType::F32 => ValType::F32,
            abi::ValType::F64 => ValType::F64,
            abi::ValType::V128 => ValType::V128,
            abi::ValType::Ref(ty) => ValType::Ref(RefType::from_abi(engine, ty)),
        }
    }

    /// To the contract's form, with engine-wide ids.
    pub(crate) fn to_abi(&self) -> abi::ValType {
        match self {
            ValType::I32 => abi::ValType::I32,
            ValType::I64 => abi::ValType::I64,
            ValType::F32 => abi::ValType::F32,
            ValType::F64 => abi::ValType::F64,
            ValType::V128 => abi::ValType::V128,
            ValType::Ref(ty) => abi::ValType::Ref(ty.to_abi()),
        }
    }

    /// Whether the type can be used with `engine`.
    pub(crate) fn comes_from(&self, engine: &Engine) -> bool {
        match self {
            ValType::Ref(ty) => ty.comes_from(engine),
            _ => true,
        }
    }
}

impl RefType {
    /// `externref`.
    pub const EXTERNREF: RefType = RefType { is_nullable: true, heap_type: HeapType::Extern };
    /// `nullexternref`.
    pub const NULLEXTERNREF: RefType = RefType { is_nullable: true, heap_type: HeapType::NoExtern };
    /// `funcref`.
    pub const FUNCREF: RefType = RefType { is_nullable: true, heap_type: HeapType::Func };
    /// `nullfuncref`.
    pub const NULLFUNCREF: RefType = RefType { is_nullable: true, heap_type: HeapType::NoFunc };
    /// `anyref`.
    pub const ANYREF: RefType = RefType { is_nullable: true, heap_type: HeapType::Any };
    /// `eqref`.
    pub const EQREF: RefType = RefType { is_nullable: true, heap_type: HeapType::Eq };
    /// `i31ref`.
    pub const I31REF: RefType = RefType { is_nullable: true, heap_type: HeapType::I31 };
    /// `structref`.
    pub const STRUCTREF: RefType = RefType { is_nullable: true, heap_type: HeapType::Struct };
    /// `arrayref`.
    pub const ARRAYREF: RefType = RefType { is_nullable: true, heap_type: HeapType::Array };
    /// `nullref`.
    pub const NULLREF: RefType = RefType { is_nullable: true, heap_type: HeapType::None };
    /// `exnref`.
    pub const EXNREF: RefType = RefType { is_nullable: true, heap_type: HeapType::Exn };
    /// `nullexnref`.
    pub const NULLEXNREF: RefType = RefType { is_nullable: true, heap_type: HeapType::NoExn };

    /// The type of references to `heap_type`, null among them or not.
    pub fn new(is_nullable: bool, heap_type: HeapType) -> RefType {
        RefType { is_nullable, heap_type }
    }

    /// Whether null is a value of the type.
    pub fn is_nullable(&self) -> bool {
        self.is_nullable
    }

    /// What the references refer to.
    pub fn heap_type(&self) -> &HeapType {
        &self.heap_type
    }

    /// Whether every value of this type is one of `other`.
    pub fn matches(&self, other: &RefType) -> bool {
        (other.is_nullable || !self.is_nullable) && self.heap_type.matches(&other.heap_type)
    }

    pub(crate) fn from_abi(engine: &Engine, ty: abi::RefType) -> RefType {
        RefType { is_nullable: ty.nullable, heap_type: HeapType::from_abi(engine, ty.heap) }
    }

    pub(crate) fn to_abi(&self) -> abi::RefType {
        abi::RefType { nullable: self.is_nullable, heap: self.heap_type.to_abi() }
    }

    pub(crate) fn comes_from(&self, engine: &Engine) -> bool {
        self.heap_type.comes_from(engine)
    }
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> ValType {
        ValType::Ref(ty)
    }
}

macro_rules! kinds {
    (
        abstract { $( $is:ident $abstract:ident )* }
        concrete { $( $is_concrete:ident $as_concrete:ident $unwrap_concrete:ident $variant:ident $ty:ident $what:literal )* }
    ) => {
        impl HeapType {
            $(
                #[doc = concat!("Whether it is [`", stringify!($abstract), "`](HeapType::", stringify!($abstract), ").")]
                pub fn $is(&self) -> bool {
                    matches!(self, HeapType::$abstract)
                }
            )*

            $(
                #[doc = concat!("Whether it names ", $what, " type.")]
                pub fn $is_concrete(&self) -> bool {
                    matches!(self, HeapType::$variant(_))
                }

                #[doc = concat!("The type that it names, if it names ", $what, " type.")]
                pub fn $as_concrete(&self) -> Option<&$ty> {
                    match self {
                        HeapType::$variant(ty) => Some(ty),
                        _ => None,
                    }
                }

                #[doc = concat!("The type that it names.\n\n# Panics\nIf it does not name ", $what, " type.")]
                pub fn $unwrap_concrete(&self) -> &$ty {
                    self.$as_concrete().expect(concat!("not ", $what, " type"))
                }
            )*
        }

        $( impl From<$ty> for HeapType {
            fn from(ty: $ty) -> HeapType {
                HeapType::$variant(ty)
            }
        } )*
    };
}

kinds! {
    abstract {
        is_extern Extern
        is_no_extern NoExtern
        is_func Func
        is_no_func NoFunc
        is_any Any
        is_eq Eq
        is_i31 I31
        is_array Array
        is_struct Struct
        is_none None
        is_exn Exn
        is_no_exn NoExn
    }
    concrete {
        is_concrete_func as_concrete_func unwrap_concrete_func ConcreteFunc FuncType "a function"
        is_concrete_array as_concrete_array unwrap_concrete_array ConcreteArray ArrayType "an array"
        is_concrete_struct as_concrete_struct unwrap_concrete_struct ConcreteStruct StructType "a struct"
    }
}

impl HeapType {
    /// Whether it names a type of its own, and so belongs to an engine.
    pub fn is_concrete(&self) -> bool {
        matches!(self, HeapType::ConcreteFunc(_) | HeapType::ConcreteArray(_) | HeapType::ConcreteStruct(_))
    }

    /// Whether it names no type of its own.
    pub fn is_abstract(&self) -> bool {
        !self.is_concrete()
    }

    /// The top of its hierarchy.
    pub fn top(&self) -> HeapType {
        match self {
            HeapType::Func | HeapType::ConcreteFunc(_) | HeapType::NoFunc => HeapType::Func,
            HeapType::Extern | HeapType::NoExtern => HeapType::Extern,
            HeapType::Exn | HeapType::NoExn => HeapType::Exn,
            _ => HeapType::Any,
        }
    }

    /// The bottom of its hierarchy.
    pub fn bottom(&self) -> HeapType {
        match self.top() {
            HeapType::Func => HeapType::NoFunc,
            HeapType::Extern => HeapType::NoExtern,
            HeapType::Exn => HeapType::NoExn,
            _ => HeapType::None,
        }
    }

    /// Whether it is the top of its hierarchy.
    pub fn is_top(&self) -> bool {
        *self == self.top()
    }

    /// Whether it is the bottom of its hierarchy.
    pub fn is_bottom(&self) -> bool {
        *self == self.bottom()
    }

    /// Whether all that this type refers to, `other` refers to as well.
    pub fn matches(&self, other: &HeapType) -> bool {
        match (self.registry(), other.registry()) {
            (Some(a), Some(b)) if !Arc::ptr_eq(a, b) => false,
            (Some(registry), _) | (None, Some(registry)) => {
                registry.heap_matches(self.to_abi(), other.to_abi())
            }
            (None, None) => ABSTRACT.heap_matches(self.to_abi(), other.to_abi()),
        }
    }

    /// The type that it names.
    pub(crate) fn registered(&self) -> Option<&RegisteredType> {
        match self {
            HeapType::ConcreteFunc(ty) => Some(ty.registered()),
            HeapType::ConcreteStruct(ty) => Some(ty.registered()),
            HeapType::ConcreteArray(ty) => Some(ty.registered()),
            _ => None,
        }
    }

    fn registry(&self) -> Option<&Arc<TypeRegistry>> {
        self.registered().map(RegisteredType::registry)
    }

    pub(crate) fn from_abi(engine: &Engine, ty: abi::HeapType) -> HeapType {
        match ty {
            abi::HeapType::Func => HeapType::Func,
            abi::HeapType::NoFunc => HeapType::NoFunc,
            abi::HeapType::Extern => HeapType::Extern,
            abi::HeapType::NoExtern => HeapType::NoExtern,
            abi::HeapType::Exn => HeapType::Exn,
            abi::HeapType::NoExn => HeapType::NoExn,
            abi::HeapType::Any => HeapType::Any,
            abi::HeapType::Eq => HeapType::Eq,
            abi::HeapType::I31 => HeapType::I31,
            abi::HeapType::Struct => HeapType::Struct,
            abi::HeapType::Array => HeapType::Array,
            abi::HeapType::None => HeapType::None,
            abi::HeapType::ConcreteFunc(id) => HeapType::ConcreteFunc(FuncType::from_id(engine, id)),
            abi::HeapType::ConcreteStruct(id) => HeapType::ConcreteStruct(StructType::from_id(engine, id)),
            abi::HeapType::ConcreteArray(id) => HeapType::ConcreteArray(ArrayType::from_id(engine, id)),
        }
    }

    pub(crate) fn to_abi(&self) -> abi::HeapType {
        match self {
            HeapType::Func => abi::HeapType::Func,
            HeapType::NoFunc => abi::HeapType::NoFunc,
            HeapType::Extern => abi::HeapType::Extern,
            HeapType::NoExtern => abi::HeapType::NoExtern,
            HeapType::Exn => abi::HeapType::Exn,
            HeapType::NoExn => abi::HeapType::NoExn,
            HeapType::Any => abi::HeapType::Any,
            HeapType::Eq => abi::HeapType::Eq,
            HeapType::I31 => abi::HeapType::I31,
            HeapType::Struct => abi::HeapType::Struct,
            HeapType::Array => abi::HeapType::Array,
            HeapType::None => abi::HeapType::None,
            HeapType::ConcreteFunc(ty) => abi::HeapType::ConcreteFunc(ty.registered().id()),
            HeapType::ConcreteStruct(ty) => abi::HeapType::ConcreteStruct(ty.registered().id()),
            HeapType::ConcreteArray(ty) => abi::HeapType::ConcreteArray(ty.registered().id()),
        }
    }

    pub(crate) fn comes_from(&self, engine: &Engine) -> bool {
        self.registry().is_none_or(|registry| Arc::ptr_eq(registry, engine.types()))
    }
}

/// Answers for types that belong to no engine.
static ABSTRACT: Lazy<TypeRegistry> = Lazy::new(Default::default);

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => ty.fmt(f),
        }
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_nullable, &self.heap_type) {
            (true, HeapType::Func) => f.write_str("funcref"),
            (true, HeapType::Extern) => f.write_str("externref"),
            (true, HeapType::Exn) => f.write_str("exnref"),
            (true, HeapType::Any) => f.write_str("anyref"),
            (true, heap) => write!(f, "(ref null {heap})"),
            (false, heap) => write!(f, "(ref {heap})"),
        }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeapType::ConcreteFunc(_) => f.write_str("$func")?,
            HeapType::ConcreteStruct(_) => f.write_str("$struct")?,
            HeapType::ConcreteArray(_) => f.write_str("$array")?,
            other => return other.to_abi().fmt(f),
        }
        self.to_abi().fmt(f)
    }
}
