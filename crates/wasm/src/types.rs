//! From the validator's types to those of the contract.
//!
//! What is converted here has been read from the module, so its concrete heap types are indices
//! into the module's type section. (Inside the validator they are canonical ids; those never get here.)

use crate::features::Feature;
use alloc::vec::Vec;
use windlass_abi::facts::{GlobalType, MemoryType, TableType};
use windlass_abi::types::{
    CompositeType, FieldType, FuncType, HeapType, RefType, StorageType, SubType, TypeIndex, ValKind, ValType,
};

/// What each type of the type section is: all that converting a reference to it takes.
#[derive(Clone, Debug, Default)]
pub struct TypeKinds(Vec<TypeKind>);

/// What a type of the type section is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypeKind {
    /// A function type.
    Func,
    /// A struct type.
    Struct,
    /// An array type.
    Array,
}

impl From<&CompositeType> for TypeKind {
    fn from(ty: &CompositeType) -> TypeKind {
        match ty {
            CompositeType::Func(_) => TypeKind::Func,
            CompositeType::Struct(_) => TypeKind::Struct,
            CompositeType::Array(_) => TypeKind::Array,
        }
    }
}

impl TypeKinds {
    /// The kinds of these types.
    pub fn new(types: &[SubType]) -> TypeKinds {
        TypeKinds(types.iter().map(|t| TypeKind::from(&t.composite)).collect())
    }

    pub(crate) fn push(&mut self, ty: &wasmparser::CompositeType) {
        self.0.push(match &ty.inner {
            wasmparser::CompositeInnerType::Func(_) => TypeKind::Func,
            wasmparser::CompositeInnerType::Struct(_) => TypeKind::Struct,
            wasmparser::CompositeInnerType::Array(_) => TypeKind::Array,
            wasmparser::CompositeInnerType::Cont(_) => unreachable!("{NOT_ENABLED}"),
        });
    }

    /// A value type.
    pub fn val(&self, ty: wasmparser::ValType) -> ValType {
        match ty {
            wasmparser::ValType::I32 => ValType::I32,
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            wasmparser::ValType::V128 => ValType::V128,
            wasmparser::ValType::Ref(r) => ValType::Ref(self.reference(r)),
        }
    }

    /// A reference type.
    pub fn reference(&self, ty: wasmparser::RefType) -> RefType {
        RefType { nullable: ty.is_nullable(), heap: self.heap(ty.heap_type()) }
    }

    /// The kind of a null reference of a heap type.
    pub fn null(&self, ty: wasmparser::HeapType) -> ValKind {
        RefType { nullable: true, heap: self.heap(ty) }.kind()
    }

    /// A heap type.
    pub fn heap(&self, ty: wasmparser::HeapType) -> HeapType {
        use wasmparser::AbstractHeapType as A;
        match ty {
            wasmparser::HeapType::Abstract { ty, .. } => match ty {
                A::Func => HeapType::Func,
                A::NoFunc => HeapType::NoFunc,
                A::Extern => HeapType::Extern,
                A::NoExtern => HeapType::NoExtern,
                A::Exn => HeapType::Exn,
                A::NoExn => HeapType::NoExn,
                A::Any => HeapType::Any,
                A::Eq => HeapType::Eq,
                A::I31 => HeapType::I31,
                A::Struct => HeapType::Struct,
                A::Array => HeapType::Array,
                A::None => HeapType::None,
                A::Cont | A::NoCont => unreachable!("{NOT_ENABLED}"),
            },
            wasmparser::HeapType::Concrete(index) | wasmparser::HeapType::Exact(index) => {
                let index = module_index(index);
                match self.0[index as usize] {
                    TypeKind::Func => HeapType::ConcreteFunc(index),
                    TypeKind::Struct => HeapType::ConcreteStruct(index),
                    TypeKind::Array => HeapType::ConcreteArray(index),
                }
            }
        }
    }

    pub(crate) fn table(&self, ty: &wasmparser::TableType) -> TableType {
        TableType {
            element: self.reference(ty.element_type),
            min: ty.initial,
            max: ty.maximum,
            table64: ty.table64,
        }
    }

    pub(crate) fn global(&self, ty: &wasmparser::GlobalType) -> GlobalType {
        GlobalType { value: self.val(ty.content_type), mutable: ty.mutable }
    }

    pub(crate) fn sub_type(&self, ty: &wasmparser::SubType) -> SubType {
        let vals = |types: &[wasmparser::ValType]| types.iter().map(|t| self.val(*t)).collect();
        SubType {
            is_final: ty.is_final,
            supertype: ty.supertype_idx.map(|index| module_index(index.unpack())),
            composite: match &ty.composite_type.inner {
                wasmparser::CompositeInnerType::Func(f) => {
                    CompositeType::Func(FuncType { params: vals(f.params()), results: vals(f.results()) })
                }
                wasmparser::CompositeInnerType::Struct(s) => {
                    CompositeType::Struct(s.fields.iter().map(|f| self.field(f)).collect())
                }
                wasmparser::CompositeInnerType::Array(a) => CompositeType::Array(self.field(&a.0)),
                wasmparser::CompositeInnerType::Cont(_) => unreachable!("{NOT_ENABLED}"),
            },
        }
    }

    fn field(&self, ty: &wasmparser::FieldType) -> FieldType {
        let storage = match ty.element_type {
            wasmparser::StorageType::I8 => StorageType::I8,
            wasmparser::StorageType::I16 => StorageType::I16,
            wasmparser::StorageType::Val(v) => StorageType::Val(self.val(v)),
        };
        FieldType { storage, mutable: ty.mutable }
    }
}

const NOT_ENABLED: &str = "stack switching is never enabled in the validator";

/// The feature without which a heap type does not exist here, if it is one that is not built.
pub(crate) fn unbuilt(ty: wasmparser::HeapType) -> Option<Feature> {
    use wasmparser::AbstractHeapType::{Cont, NoCont};
    match ty {
        wasmparser::HeapType::Abstract { ty: Cont | NoCont, .. } => Some(Feature::StackSwitching),
        wasmparser::HeapType::Abstract { shared: true, .. } => Some(Feature::SharedEverythingThreads),
        wasmparser::HeapType::Exact(_) => Some(Feature::CustomDescriptors),
        _ => None,
    }
}

pub(crate) fn memory(ty: &wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        min: ty.initial,
        max: ty.maximum,
        shared: ty.shared,
        memory64: ty.memory64,
        page_size_log2: ty.page_size_log2() as u8,
    }
}

fn module_index(index: wasmparser::UnpackedIndex) -> TypeIndex {
    index.as_module_index().expect("types are converted as they were read, not as the validator keeps them")
}
