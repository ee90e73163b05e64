//! Function, struct and array types: those that a recursion group holds.

use super::ValType;
use super::registry::{RegisteredType, TypeRegistry};
use crate::error::{Result, ensure};
use crate::{Engine, HeapType, RefType};
use std::fmt;
use windlass_abi::types as abi;

/// Whether something can be written.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// assert!(Mutability::Const.is_const() && Mutability::Var.is_var());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutability {
    /// It cannot.
    Const,
    /// It can.
    Var,
}

impl Mutability {
    /// Whether it cannot be written.
    pub fn is_const(&self) -> bool {
        *self == Mutability::Const
    }

    /// Whether it can be written.
    pub fn is_var(&self) -> bool {
        *self == Mutability::Var
    }
}

/// Whether a type may be declared as a supertype.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let open = FuncType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [], [])?;
/// assert!(open.finality().is_non_final());
/// // A type that is not said to be anything else is final.
/// assert!(FuncType::new(&engine, [], []).finality().is_final());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Finality {
    /// It may not.
    Final,
    /// It may.
    NonFinal,
}

impl Finality {
    /// Whether it may not be a supertype.
    pub fn is_final(&self) -> bool {
        *self == Finality::Final
    }

    /// Whether it may be a supertype.
    pub fn is_non_final(&self) -> bool {
        *self == Finality::NonFinal
    }
}

/// What a field of a struct or an element of an array holds.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// assert!(StorageType::I8.is_i8() && StorageType::I16.is_i16());
/// assert_eq!(StorageType::I8.unpack(), &ValType::I32);
/// let f64 = StorageType::from(ValType::F64);
/// assert!(f64.is_val_type() && f64.matches(&f64) && !f64.matches(&StorageType::I8));
/// assert_eq!(f64.as_val_type(), Some(f64.unwrap_val_type()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// 8-bit integer.
    I8,
    /// 16-bit integer.
    I16,
    /// A value type.
    ValType(ValType),
}

impl StorageType {
    /// The type of the value that is read from it: `i32` for packed integers.
    pub fn unpack(&self) -> &ValType {
        match self {
            StorageType::I8 | StorageType::I16 => &ValType::I32,
            StorageType::ValType(ty) => ty,
        }
    }

    /// Whether it is an 8-bit integer.
    pub fn is_i8(&self) -> bool {
        matches!(self, StorageType::I8)
    }

    /// Whether it is a 16-bit integer.
    pub fn is_i16(&self) -> bool {
        matches!(self, StorageType::I16)
    }

    /// Whether it is a value type.
    pub fn is_val_type(&self) -> bool {
        self.as_val_type().is_some()
    }

    /// The value type, if it is one.
    pub fn as_val_type(&self) -> Option<&ValType> {
        match self {
            StorageType::ValType(ty) => Some(ty),
            _ => None,
        }
    }

    /// The value type.
    ///
    /// # Panics
    /// If it is a packed integer.
    pub fn unwrap_val_type(&self) -> &ValType {
        self.as_val_type().expect("a packed integer is no value type")
    }

    /// Whether every value of this type is one of `other`.
    pub fn matches(&self, other: &StorageType) -> bool {
        match (self, other) {
            (StorageType::ValType(a), StorageType::ValType(b)) => a.matches(b),
            _ => self == other,
        }
    }
}

impl From<ValType> for StorageType {
    fn from(ty: ValType) -> StorageType {
        StorageType::ValType(ty)
    }
}

impl From<RefType> for StorageType {
    fn from(ty: RefType) -> StorageType {
        StorageType::ValType(ty.into())
    }
}

impl fmt::Display for StorageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageType::I8 => f.write_str("i8"),
            StorageType::I16 => f.write_str("i16"),
            StorageType::ValType(ty) => ty.fmt(f),
        }
    }
}

/// A field of a struct, or the element of an array.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let field = FieldType::new(Mutability::Var, StorageType::I8);
/// assert_eq!((field.mutability(), field.element_type()), (Mutability::Var, &StorageType::I8));
/// assert_eq!(field.to_string(), "(mut i8)");
/// assert!(field.matches(&field));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    mutability: Mutability,
    element_type: StorageType,
}

impl FieldType {
    /// The type of a field.
    pub fn new(mutability: Mutability, element_type: StorageType) -> FieldType {
        FieldType { mutability, element_type }
    }

    /// Whether it can be written.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// What it holds.
    pub fn element_type(&self) -> &StorageType {
        &self.element_type
    }

    /// Whether a field of this type can stand where one of type `other` is expected: one that can be written
    /// must be of the same type.
    pub fn matches(&self, other: &FieldType) -> bool {
        self == other
            || (self.mutability.is_const()
                && other.mutability.is_const()
                && self.element_type.matches(&other.element_type))
    }

    fn from_abi(engine: &Engine, ty: &abi::FieldType) -> FieldType {
        FieldType {
            mutability: if ty.mutable { Mutability::Var } else { Mutability::Const },
            element_type: match ty.storage {
                abi::StorageType::I8 => StorageType::I8,
                abi::StorageType::I16 => StorageType::I16,
                abi::StorageType::Val(ty) => StorageType::ValType(ValType::from_abi(engine, ty)),
            },
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutability {
            Mutability::Const => self.element_type.fmt(f),
            Mutability::Var => write!(f, "(mut {})", self.element_type),
        }
    }
}

macro_rules! composite_types {
    ($( $(#[$doc:meta])* $name:ident )*) => { $(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            engine: Engine,
            registered: RegisteredType,
        }

        impl $name {
            /// The engine that the type belongs to.
            pub fn engine(&self) -> &Engine {
                &self.engine
            }

            /// Whether the type may be declared as a supertype.
            pub fn finality(&self) -> Finality {
                if self.registered.sub_type().is_final { Finality::Final } else { Finality::NonFinal }
            }

            /// The declared supertype.
            pub fn supertype(&self) -> Option<$name> {
                Some($name::from_id(&self.engine, self.registered.sub_type().supertype?))
            }

            /// Whether the type is `other` or declared below it.
            pub fn matches(&self, other: &$name) -> bool {
                use windlass_runtime::TypeOracle;
                Engine::same(&self.engine, &other.engine)
                    && self.engine.types().is_subtype(self.registered.id(), other.registered.id())
            }

            /// The type of a live id.
            pub(crate) fn from_id(engine: &Engine, id: u32) -> $name {
                $name { engine: engine.clone(), registered: engine.types().get(id) }
            }

            pub(crate) fn registered(&self) -> &RegisteredType {
                &self.registered
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &$name) -> bool {
                self.registered == other.registered
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.registered.hash(state);
            }
        }
    )* };
}

composite_types! {
    /// The type of a function.
    ///
    /// ```
    /// # use windlass::*;
    /// let engine = Engine::default();
    /// let ty = FuncType::new(&engine, [ValType::I32, ValType::I32], [ValType::I64]);
    /// assert_eq!(ty.params().len(), 2);
    /// assert_eq!((ty.param(0), ty.param(2)), (Some(ValType::I32), None));
    /// assert_eq!((ty.result(0), ty.results().len()), (Some(ValType::I64), 1));
    /// assert!(ty.matches(&ty) && ty.supertype().is_none() && Engine::same(ty.engine(), &engine));
    /// assert_eq!(ty.to_string(), "(func (param i32 i32) (result i64))");
    /// ```
    FuncType
    /// The type of a struct. Structs are not built yet: the type can be named, and only null is a value of it.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let module = Module::new(&Engine::default(), r#"(module
    ///     (type $point (struct (field i64) (field (mut i8))))
    ///     (global (export "g") (ref null $point) (ref.null none)))"#)?;
    /// let ty = module.get_export("g").unwrap().unwrap_global().content().unwrap_ref().heap_type().clone();
    /// let point: &StructType = ty.unwrap_concrete_struct();
    /// assert_eq!(point.fields().len(), 2);
    /// assert_eq!(point.field(1).unwrap().to_string(), "(mut i8)");
    /// # Ok(())
    /// # }
    /// ```
    StructType
    /// The type of an array. Arrays are not built yet: the type can be named, and only null is a value of it.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let module = Module::new(&Engine::default(), r#"(module
    ///     (type $bytes (array (mut i8)))
    ///     (global (export "g") (ref null $bytes) (ref.null none)))"#)?;
    /// let ty = module.get_export("g").unwrap().unwrap_global().content().unwrap_ref().heap_type().clone();
    /// let bytes: &ArrayType = ty.unwrap_concrete_array();
    /// assert!(bytes.mutability().is_var() && bytes.element_type().is_i8());
    /// assert_eq!(bytes.field_type().to_string(), "(mut i8)");
    /// # Ok(())
    /// # }
    /// ```
    ArrayType
}

impl FuncType {
    /// The function type with these parameters and results: final, and with no supertype.
    ///
    /// # Panics
    /// If a parameter or result names a type of another engine.
    pub fn new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        FuncType::with_finality_and_supertype(engine, Finality::Final, None, params, results)
            .expect("there is no supertype to disagree with")
    }

    /// The function type with these parameters and results.
    ///
    /// # Errors
    /// If `supertype` is final, or the type cannot stand below it.
    ///
    /// # Panics
    /// If a type belongs to another engine.
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let base = FuncType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [], [ValType::FUNCREF])?;
    /// let derived = FuncType::with_finality_and_supertype(
    ///     &engine,
    ///     Finality::Final,
    ///     Some(&base),
    ///     [],
    ///     [RefType::new(false, HeapType::Func).into()],
    /// )?;
    /// assert!(derived.matches(&base) && !base.matches(&derived));
    /// assert_eq!(derived.supertype(), Some(base));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&FuncType>,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Result<FuncType> {
        let collect = |types: Vec<ValType>| -> Box<[abi::ValType]> {
            assert!(types.iter().all(|ty| ty.comes_from(engine)), "a type belongs to another engine");
            types.iter().map(ValType::to_abi).collect()
        };
        // Held until the type is registered: its ids must stay alive.
        let (params, results): (Vec<_>, Vec<_>) =
            (params.into_iter().collect(), results.into_iter().collect());
        let func = abi::FuncType { params: collect(params.clone()), results: collect(results.clone()) };
        if let Some(supertype) = supertype {
            assert!(Engine::same(engine, &supertype.engine), "the supertype belongs to another engine");
            ensure!(supertype.finality().is_non_final(), "the supertype {supertype} is final");
            ensure!(
                func_matches(engine.types(), &func, supertype.registered.func()),
                "the type cannot stand below its supertype {supertype}"
            );
        }
        let registered = engine.types().register_one(abi::SubType {
            is_final: finality.is_final(),
            supertype: supertype.map(|ty| ty.registered.id()),
            composite: abi::CompositeType::Func(func),
        });
        drop((params, results));
        Ok(FuncType { engine: engine.clone(), registered })
    }

    /// The type of parameter `i`.
    pub fn param(&self, i: usize) -> Option<ValType> {
        Some(ValType::from_abi(&self.engine, *self.abi().params.get(i)?))
    }

    /// The types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.abi().params.iter().map(|ty| ValType::from_abi(&self.engine, *ty))
    }

    /// The type of result `i`.
    pub fn result(&self, i: usize) -> Option<ValType> {
        Some(ValType::from_abi(&self.engine, *self.abi().results.get(i)?))
    }

    /// The types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.abi().results.iter().map(|ty| ValType::from_abi(&self.engine, *ty))
    }

    /// The contract's form, with engine-wide ids.
    pub(crate) fn abi(&self) -> &abi::FuncType {
        self.registered.func()
    }
}

/// Whether a function of type `sub` can be used where one of type `sup` is expected, by structure.
fn func_matches(types: &TypeRegistry, sub: &abi::FuncType, sup: &abi::FuncType) -> bool {
    let all = |subs: &[abi::ValType], sups: &[abi::ValType]| {
        subs.len() == sups.len() && subs.iter().zip(sups).all(|(a, b)| types.val_matches(*a, *b))
    };
    all(&sup.params, &sub.params) && all(&sub.results, &sup.results)
}

impl StructType {
    /// The type of field `i`.
    pub fn field(&self, i: usize) -> Option<FieldType> {
        self.fields().nth(i)
    }

    /// The types of the fields.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        let fields: &[abi::FieldType] = match &self.registered.sub_type().composite {
            abi::CompositeType::Struct(fields) => fields,
            other => panic!("{other:?} is not a struct type"),
        };
        fields.iter().map(|field| FieldType::from_abi(&self.engine, field))
    }
}

impl ArrayType {
    /// The type of the elements.
    pub fn field_type(&self) -> FieldType {
        match &self.registered.sub_type().composite {
            abi::CompositeType::Array(field) => FieldType::from_abi(&self.engine, field),
            other => panic!("{other:?} is not an array type"),
        }
    }

    /// Whether the elements can be written.
    pub fn mutability(&self) -> Mutability {
        self.field_type().mutability()
    }

    /// What the elements hold.
    pub fn element_type(&self) -> StorageType {
        self.field_type().element_type().clone()
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, word: &str, types: &[abi::ValType]| {
            if types.is_empty() {
                return Ok(());
            }
            write!(f, " ({word}")?;
            for ty in types {
                write!(f, " {}", ValType::from_abi(&self.engine, *ty))?;
            }
            f.write_str(")")
        };
        f.write_str("(func")?;
        list(f, "param", &self.abi().params)?;
        list(f, "result", &self.abi().results)?;
        f.write_str(")")
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FuncType({self})")
    }
}

impl fmt::Debug for StructType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StructType({})", HeapType::ConcreteStruct(self.clone()))
    }
}

impl fmt::Debug for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArrayType({})", HeapType::ConcreteArray(self.clone()))
    }
}
