//! Types as the host sees them.
//!
//! A type that names a function, struct or array type holds it, and keeps it alive in its
//! engine; two such types compare equal if they are the same canonical type of the same engine.

mod composite;
mod externs;
pub(crate) mod registry;
mod vals;

pub use composite::{ArrayType, FieldType, Finality, FuncType, Mutability, StorageType, StructType};
pub use externs::{
    ExportType, ExternType, GlobalType, ImportType, MemoryType, MemoryTypeBuilder, TableType, TagType,
};
pub use vals::{HeapType, RefType, ValType};
