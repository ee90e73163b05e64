//! What decoding learns of a module: everything but its code.
//!
//! Index spaces are as in the binary format: imports first, then the module's own definitions.

use crate::types::{CompositeType, FuncType, HeapType, RefType, SubType, TypeIndex, ValType};
use alloc::{boxed::Box, string::String, vec::Vec};
use core::ops::Range;
use serde::{Deserialize, Serialize};

/// Index into the function index space.
pub type FuncIndex = u32;
/// Index into the table index space.
pub type TableIndex = u32;
/// Index into the memory index space.
pub type MemoryIndex = u32;
/// Index into the global index space.
pub type GlobalIndex = u32;
/// Index into the tag index space.
pub type TagIndex = u32;

/// What decoding and validating learn of a module, except its code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ModuleFacts {
    /// The type section, recursion groups flattened.
    pub types: Vec<SubType>,
    /// The recursion groups: ranges of `types`, in order, without gaps.
    pub rec_groups: Vec<Range<TypeIndex>>,
    /// Imports in order of declaration.
    pub imports: Vec<Import>,
    /// Types of all functions, imported ones first.
    pub functions: Vec<TypeIndex>,
    /// All tables, imported ones first.
    pub tables: Vec<TableType>,
    /// All memories, imported ones first.
    pub memories: Vec<MemoryType>,
    /// All globals, imported ones first.
    pub globals: Vec<GlobalType>,
    /// Types of all tags, imported ones first.
    pub tags: Vec<TypeIndex>,
    /// How many of each index space are imports.
    pub imported: ImportCounts,
    /// Initial values of the module's own tables (`None`: null), in order.
    pub table_inits: Vec<Option<ConstExpr>>,
    /// Initial values of the module's own globals, in order.
    pub global_inits: Vec<ConstExpr>,
    /// Exports in order of declaration; names are unique.
    pub exports: Vec<Export>,
    /// The start function.
    pub start: Option<FuncIndex>,
    /// Element segments.
    pub elements: Vec<ElementSegment>,
    /// Data segments; their bytes lie in the module's data, which is kept apart.
    pub data: Vec<DataSegment>,
    /// Functions that may be taken as a reference (`ref.func`, element segments, exports, globals).
    pub escaped_functions: Vec<bool>,
    /// The name section.
    pub names: Names,
}

/// How many entries of each index space are imports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCounts {
    /// Imported functions.
    pub functions: u32,
    /// Imported tables.
    pub tables: u32,
    /// Imported memories.
    pub memories: u32,
    /// Imported globals.
    pub globals: u32,
    /// Imported tags.
    pub tags: u32,
}

/// An import.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Import {
    /// First part of the name.
    pub module: String,
    /// Second part of the name.
    pub name: String,
    /// What is imported: its index in its space, which also gives its type.
    pub item: EntityIndex,
}

/// An export.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Export {
    /// The name.
    pub name: String,
    /// What is exported.
    pub item: EntityIndex,
}

/// A member of an index space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntityIndex {
    /// A function.
    Function(FuncIndex),
    /// A table.
    Table(TableIndex),
    /// A memory.
    Memory(MemoryIndex),
    /// A global.
    Global(GlobalIndex),
    /// A tag.
    Tag(TagIndex),
}

/// The type of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableType {
    /// Type of the elements.
    pub element: RefType,
    /// Initial (for an import: least) number of elements.
    pub min: u64,
    /// Largest number of elements.
    pub max: Option<u64>,
    /// Whether indices are 64-bit.
    pub table64: bool,
}

/// The type of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryType {
    /// Initial (for an import: least) size in pages.
    pub min: u64,
    /// Largest size in pages.
    pub max: Option<u64>,
    /// Whether it is shared between threads.
    pub shared: bool,
    /// Whether addresses are 64-bit.
    pub memory64: bool,
    /// Binary logarithm of the page size in bytes: 16, or 0 with custom page sizes.
    pub page_size_log2: u8,
}

impl MemoryType {
    /// The page size in bytes.
    pub const fn page_size(&self) -> u64 {
        1 << self.page_size_log2
    }

    /// The largest number of pages that addresses reach, whatever the declared maximum.
    pub const fn max_pages_of_address_type(&self) -> u64 {
        let bits: u32 = if self.memory64 { 64 } else { 32 };
        let log2 = bits - self.page_size_log2 as u32;
        if log2 >= 64 { u64::MAX } else { 1 << log2 }
    }
}

/// The type of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalType {
    /// Type of the value.
    pub value: ValType,
    /// Whether it can be written.
    pub mutable: bool,
}

/// A constant expression: a sequence in postfix order that leaves one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConstExpr(pub Box<[ConstOp]>);

/// A step of a constant expression.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConstOp {
    /// `i32.const`.
    I32(i32),
    /// `i64.const`.
    I64(i64),
    /// `f32.const`, as bits.
    F32(u32),
    /// `f64.const`, as bits.
    F64(u64),
    /// `v128.const`, lane 0 first.
    V128([u8; 16]),
    /// `ref.null` of a heap type.
    RefNull(HeapType),
    /// `ref.func`.
    RefFunc(FuncIndex),
    /// `global.get`.
    GlobalGet(GlobalIndex),
    /// `i32.add`.
    I32Add,
    /// `i32.sub`.
    I32Sub,
    /// `i32.mul`.
    I32Mul,
    /// `i64.add`.
    I64Add,
    /// `i64.sub`.
    I64Sub,
    /// `i64.mul`.
    I64Mul,
}

/// An element segment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ElementSegment {
    /// What happens with it at instantiation.
    pub kind: SegmentKind<TableIndex>,
    /// Type of the elements.
    pub element: RefType,
    /// The elements.
    pub items: ElementItems,
}

/// The elements of a segment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ElementItems {
    /// Function indices.
    Functions(Box<[FuncIndex]>),
    /// One constant expression each.
    Expressions(Box<[ConstExpr]>),
}

impl ElementItems {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            ElementItems::Functions(f) => f.len(),
            ElementItems::Expressions(e) => e.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What happens with a segment at instantiation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SegmentKind<Target> {
    /// It is copied into the target at the offset.
    Active {
        /// Index of the table or memory.
        target: Target,
        /// Where the copy starts.
        offset: ConstExpr,
    },
    /// It is kept for `table.init` or `memory.init`.
    Passive,
    /// It only declares that functions may be referenced.
    Declared,
}

/// A data segment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DataSegment {
    /// What happens with it at instantiation (never `Declared`).
    pub kind: SegmentKind<MemoryIndex>,
    /// Where its bytes lie in the module's data.
    pub bytes: Range<usize>,
}

/// What the name section says. Absent names are absent entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The module's name.
    pub module: Option<String>,
    /// Function names, sorted by index.
    pub functions: Vec<(FuncIndex, String)>,
    /// Local names by function, both sorted by index.
    pub locals: Vec<(FuncIndex, Vec<(u32, String)>)>,
    /// Global names, sorted by index.
    pub globals: Vec<(GlobalIndex, String)>,
    /// Memory names, sorted by index.
    pub memories: Vec<(MemoryIndex, String)>,
    /// Table names, sorted by index.
    pub tables: Vec<(TableIndex, String)>,
}

impl Names {
    /// The name of a function.
    pub fn function(&self, index: FuncIndex) -> Option<&str> {
        let at = self.functions.binary_search_by_key(&index, |(i, _)| *i).ok()?;
        Some(&self.functions[at].1)
    }
}

impl ModuleFacts {
    /// The function type at `index` of the type section.
    ///
    /// # Panics
    /// If it is not a function type, which validation excludes wherever one is called for.
    pub fn func_type(&self, index: TypeIndex) -> &FuncType {
        match &self.types[index as usize].composite {
            CompositeType::Func(f) => f,
            other => panic!("type {index} is {other:?}, not a function type"),
        }
    }

    /// The type of a function of the function index space.
    pub fn type_of_func(&self, index: FuncIndex) -> &FuncType {
        self.func_type(self.functions[index as usize])
    }

    /// The number of functions that the module defines itself.
    pub fn defined_functions(&self) -> u32 {
        self.functions.len() as u32 - self.imported.functions
    }

    /// The position of `index` among the module's own functions; `None` for an import.
    pub fn defined_func(&self, index: FuncIndex) -> Option<u32> {
        index.checked_sub(self.imported.functions)
    }

    /// What is exported under `name`.
    pub fn export(&self, name: &str) -> Option<EntityIndex> {
        self.exports.iter().find(|e| e.name == name).map(|e| e.item)
    }
}
