//! Types of what is imported and exported.

use super::{FuncType, Mutability, RefType, ValType};
use crate::error::{Result, bail, ensure};
use crate::externals::Extern;
use crate::store::AsContextMut;
use crate::values::{Ref, Val};
use crate::{Engine, Func, Global, Memory, SharedMemory, Table, Tag};
use std::fmt;
use windlass_abi::facts as abi;

/// The type of anything that can be imported or exported.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let ty = ExternType::from(MemoryType::new(1, None));
/// assert!(ty.memory().is_some() && ty.func().is_none());
/// assert_eq!(ty.unwrap_memory().minimum(), 1);
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory: Extern = ty.default_value(&mut store)?;
/// assert_eq!(memory.ty(&store), ty);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A global.
    Global(GlobalType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A tag.
    Tag(TagType),
}

macro_rules! accessors {
    ($( $variant:ident $ty:ident $get:ident $unwrap:ident $what:literal )*) => {
        impl ExternType { $(
            #[doc = concat!("The ", $what, " type, if it is one.")]
            pub fn $get(&self) -> Option<&$ty> {
                match self {
                    ExternType::$variant(ty) => Some(ty),
                    _ => None,
                }
            }

            #[doc = concat!("The ", $what, " type.\n\n# Panics\nIf it is none.")]
            pub fn $unwrap(&self) -> &$ty {
                self.$get().expect(concat!("not a ", $what, " type"))
            }
        )* }

        $( impl From<$ty> for ExternType {
            fn from(ty: $ty) -> ExternType {
                ExternType::$variant(ty)
            }
        } )*
    };
}

accessors! {
    Func FuncType func unwrap_func "function"
    Global GlobalType global unwrap_global "global"
    Table TableType table unwrap_table "table"
    Memory MemoryType memory unwrap_memory "memory"
    Tag TagType tag unwrap_tag "tag"
}

impl ExternType {
    /// Something of this type with default contents: a function that returns zeros and nulls, a global of
    /// zero or null, a table of nulls, a memory of zeros, a new tag.
    ///
    /// # Errors
    /// If the type has no default value, or the store cannot make it.
    pub fn default_value(&self, mut store: impl AsContextMut) -> Result<Extern> {
        Ok(match self {
            ExternType::Func(ty) => {
                ensure!(
                    ty.results().all(|ty| ty.default_value().is_some()),
                    "{ty} has a result without a default value"
                );
                let ty = ty.clone();
                Extern::Func(Func::new(&mut store, ty.clone(), move |_, _, results| {
                    for (result, ty) in results.iter_mut().zip(ty.results()) {
                        *result = ty.default_value().expect("checked above");
                    }
                    Ok(())
                }))
            }
            ExternType::Global(ty) => {
                let Some(value) = ty.content().default_value() else {
                    bail!("{ty} has no default value");
                };
                Extern::Global(Global::new(&mut store, ty.clone(), value)?)
            }
            ExternType::Table(ty) => {
                ensure!(ty.element().is_nullable(), "{ty} has no default value");
                Extern::Table(Table::new(&mut store, ty.clone(), Ref::null(ty.element().heap_type()))?)
            }
            ExternType::Memory(ty) if ty.is_shared() => {
                let memory = SharedMemory::new(store.as_context().engine(), *ty)?;
                Extern::SharedMemory(memory)
            }
            ExternType::Memory(ty) => Extern::Memory(Memory::new(&mut store, *ty)?),
            ExternType::Tag(ty) => Extern::Tag(Tag::new(&mut store, ty)?),
        })
    }
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExternType::Func(ty) => ty.fmt(f),
            ExternType::Global(ty) => ty.fmt(f),
            ExternType::Table(ty) => ty.fmt(f),
            ExternType::Memory(ty) => ty.fmt(f),
            ExternType::Tag(ty) => ty.fmt(f),
        }
    }
}

/// The type of a global.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let ty = GlobalType::new(ValType::I64, Mutability::Var);
/// assert_eq!((ty.content(), ty.mutability()), (&ValType::I64, Mutability::Var));
/// let mut store = Store::new(&Engine::default(), ());
/// assert_eq!(ty.default_value(&mut store)?.get(&mut store).i64(), Some(0));
/// assert_eq!(ty.to_string(), "(global (mut i64))");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    content: ValType,
    mutability: Mutability,
}

impl GlobalType {
    /// The type of globals that hold `content`.
    pub fn new(content: ValType, mutability: Mutability) -> GlobalType {
        GlobalType { content, mutability }
    }

    /// The type of the value.
    pub fn content(&self) -> &ValType {
        &self.content
    }

    /// Whether it can be written.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// A global of this type that holds zero or null.
    ///
    /// # Errors
    /// If the type of the value has no default.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Global> {
        let Some(value) = Val::default_for_ty(&self.content) else { bail!("{self} has no default value") };
        Global::new(store, self.clone(), value)
    }

    /// From the contract's form with engine-wide ids.
    pub(crate) fn from_abi(engine: &Engine, ty: &abi::GlobalType) -> GlobalType {
        GlobalType {
            content: ValType::from_abi(engine, ty.value),
            mutability: if ty.mutable { Mutability::Var } else { Mutability::Const },
        }
    }

    pub(crate) fn to_abi(&self) -> abi::GlobalType {
        abi::GlobalType { value: self.content.to_abi(), mutable: self.mutability.is_var() }
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutability {
            Mutability::Const => write!(f, "(global {})", self.content),
            Mutability::Var => write!(f, "(global (mut {}))", self.content),
        }
    }
}

/// The type of a table. Sizes are in elements.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let ty = TableType::new(RefType::EXTERNREF, 1, Some(10));
/// assert_eq!((ty.minimum(), ty.maximum(), ty.element()), (1, Some(10), &RefType::EXTERNREF));
/// assert!(TableType::new64(RefType::EXTERNREF, 1, None).is_64());
/// let mut store = Store::new(&Engine::default(), ());
/// assert_eq!(ty.default_value(&mut store)?.size(&store), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    element: RefType,
    min: u64,
    max: Option<u64>,
    is_64: bool,
}

impl TableType {
    /// The type of tables with 32-bit indices.
    pub fn new(element: RefType, min: u32, max: Option<u32>) -> TableType {
        TableType { element, min: min.into(), max: max.map(u64::from), is_64: false }
    }

    /// The type of tables with 64-bit indices.
    pub fn new64(element: RefType, min: u64, max: Option<u64>) -> TableType {
        TableType { element, min, max, is_64: true }
    }

    /// Whether indices are 64-bit.
    pub fn is_64(&self) -> bool {
        self.is_64
    }

    /// The type of the elements.
    pub fn element(&self) -> &RefType {
        &self.element
    }

    /// The initial, and of an import the least, number of elements.
    pub fn minimum(&self) -> u64 {
        self.min
    }

    /// The largest number of elements.
    pub fn maximum(&self) -> Option<u64> {
        self.max
    }

    /// A table of this type filled with nulls.
    ///
    /// # Errors
    /// If elements cannot be null, or the store cannot make the table.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Table> {
        ensure!(self.element.is_nullable(), "{self} has no default value");
        Table::new(store, self.clone(), Ref::null(self.element.heap_type()))
    }

    /// From the contract's form with engine-wide ids.
    pub(crate) fn from_abi(engine: &Engine, ty: &abi::TableType) -> TableType {
        TableType {
            element: RefType::from_abi(engine, ty.element),
            min: ty.min,
            max: ty.max,
            is_64: ty.table64,
        }
    }

    pub(crate) fn to_abi(&self) -> abi::TableType {
        abi::TableType { element: self.element.to_abi(), min: self.min, max: self.max, table64: self.is_64 }
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_64 { "(table i64 " } else { "(table " })?;
        limits(f, self.min, self.max)?;
        write!(f, " {})", self.element)
    }
}

/// The type of a memory. Sizes are in pages, of 64 KiB unless the type says otherwise.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let ty = MemoryType::new(1, Some(10));
/// assert_eq!((ty.minimum(), ty.maximum()), (1, Some(10)));
/// assert_eq!((ty.page_size(), ty.page_size_log2()), (65536, 16));
/// assert!(MemoryType::new64(1, None).is_64() && MemoryType::shared(1, 2).is_shared());
/// let mut store = Store::new(&Engine::default(), ());
/// assert!(ty.default_value(&mut store)?.into_memory().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    ty: MemoryTypeBuilder,
}

/// Builds a [`MemoryType`] with any combination of properties.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let ty = MemoryType::builder().min(10).max(Some(100)).memory64(true).shared(true).page_size_log2(0).build()?;
/// assert_eq!(ty.to_string(), "(memory i64 10 100 shared (pagesize 1))");
/// assert!(MemoryTypeBuilder::new().shared(true).build().is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryTypeBuilder {
    min: u64,
    max: Option<u64>,
    memory64: bool,
    shared: bool,
    page_size_log2: u8,
}

impl Default for MemoryTypeBuilder {
    fn default() -> MemoryTypeBuilder {
        MemoryTypeBuilder::new()
    }
}

impl MemoryTypeBuilder {
    /// A 32-bit, unshared memory with no page, no maximum, and pages of 64 KiB.
    pub fn new() -> MemoryTypeBuilder {
        MemoryTypeBuilder { min: 0, max: None, memory64: false, shared: false, page_size_log2: 16 }
    }

    /// Sets the initial number of pages.
    pub fn min(&mut self, minimum: u64) -> &mut MemoryTypeBuilder {
        self.min = minimum;
        self
    }

    /// Sets the largest number of pages.
    pub fn max(&mut self, maximum: Option<u64>) -> &mut MemoryTypeBuilder {
        self.max = maximum;
        self
    }

    /// Sets whether addresses are 64-bit.
    pub fn memory64(&mut self, memory64: bool) -> &mut MemoryTypeBuilder {
        self.memory64 = memory64;
        self
    }

    /// Sets whether threads share the memory.
    pub fn shared(&mut self, shared: bool) -> &mut MemoryTypeBuilder {
        self.shared = shared;
        self
    }

    /// Sets the binary logarithm of the page size: 16, or 0.
    pub fn page_size_log2(&mut self, page_size_log2: u8) -> &mut MemoryTypeBuilder {
        self.page_size_log2 = page_size_log2;
        self
    }

    /// The type.
    ///
    /// # Errors
    /// If the properties don't go together: a minimum above the maximum, sizes beyond the address
    /// type, a shared memory without a maximum, or a page size that is not 1 or 65,536 bytes.
    pub fn build(&self) -> Result<MemoryType> {
        ensure!(
            matches!(self.page_size_log2, 0 | 16),
            "a page of 2^{} bytes: pages have 1 or 65536 bytes",
            self.page_size_log2
        );
        let most = MemoryType { ty: *self }.to_abi().max_pages_of_address_type();
        ensure!(
            self.min <= most,
            "a minimum of {} pages exceeds the address space of {most} pages",
            self.min
        );
        if let Some(max) = self.max {
            ensure!(max <= most, "a maximum of {max} pages exceeds the address space of {most} pages");
            ensure!(self.min <= max, "the minimum of {} pages exceeds the maximum of {max}", self.min);
        }
        ensure!(!self.shared || self.max.is_some(), "a shared memory needs a maximum");
        Ok(MemoryType { ty: *self })
    }
}

impl MemoryType {
    /// A 32-bit memory.
    ///
    /// # Panics
    /// If the sizes don't go together, as [`MemoryTypeBuilder::build`] says.
    pub fn new(minimum: u32, maximum: Option<u32>) -> MemoryType {
        Self::checked(MemoryType::builder().min(minimum.into()).max(maximum.map(u64::from)))
    }

    /// A 64-bit memory.
    ///
    /// # Panics
    /// If the sizes don't go together, as [`MemoryTypeBuilder::build`] says.
    pub fn new64(minimum: u64, maximum: Option<u64>) -> MemoryType {
        Self::checked(MemoryType::builder().min(minimum).max(maximum).memory64(true))
    }

    /// A 32-bit memory that threads share.
    ///
    /// # Panics
    /// If the sizes don't go together, as [`MemoryTypeBuilder::build`] says.
    pub fn shared(minimum: u32, maximum: u32) -> MemoryType {
        Self::checked(MemoryType::builder().min(minimum.into()).max(Some(maximum.into())).shared(true))
    }

    fn checked(builder: &MemoryTypeBuilder) -> MemoryType {
        builder.build().unwrap_or_else(|error| panic!("{error}"))
    }

    /// A builder for all other combinations.
    pub fn builder() -> MemoryTypeBuilder {
        MemoryTypeBuilder::new()
    }

    /// Whether addresses are 64-bit.
    pub fn is_64(&self) -> bool {
        self.ty.memory64
    }

    /// Whether threads share it.
    pub fn is_shared(&self) -> bool {
        self.ty.shared
    }

    /// The initial, and of an import the least, number of pages.
    pub fn minimum(&self) -> u64 {
        self.ty.min
    }

    /// The largest number of pages.
    pub fn maximum(&self) -> Option<u64> {
        self.ty.max
    }

    /// The page size in bytes.
    pub fn page_size(&self) -> u64 {
        1 << self.ty.page_size_log2
    }

    /// The binary logarithm of the page size in bytes.
    pub fn page_size_log2(&self) -> u8 {
        self.ty.page_size_log2
    }

    /// A memory of this type, filled with zeros.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Extern> {
        ExternType::Memory(*self).default_value(store)
    }

    pub(crate) fn from_abi(ty: &abi::MemoryType) -> MemoryType {
        MemoryType {
            ty: MemoryTypeBuilder {
                min: ty.min,
                max: ty.max,
                memory64: ty.memory64,
                shared: ty.shared,
                page_size_log2: ty.page_size_log2,
            },
        }
    }

    pub(crate) fn to_abi(self) -> abi::MemoryType {
        abi::MemoryType {
            min: self.ty.min,
            max: self.ty.max,
            shared: self.ty.shared,
            memory64: self.ty.memory64,
            page_size_log2: self.ty.page_size_log2,
        }
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ty.memory64 { "(memory i64 " } else { "(memory " })?;
        limits(f, self.ty.min, self.ty.max)?;
        f.write_str(if self.ty.shared { " shared" } else { "" })?;
        if self.ty.page_size_log2 != 16 {
            write!(f, " (pagesize {})", self.page_size())?;
        }
        f.write_str(")")
    }
}

fn limits(f: &mut fmt::Formatter<'_>, min: u64, max: Option<u64>) -> fmt::Result {
    write!(f, "{min}")?;
    max.map_or(Ok(()), |max| write!(f, " {max}"))
}

/// The type of a tag: its payload is the parameters of a function type without results.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let ty = TagType::new(FuncType::new(&engine, [ValType::I32], []));
/// assert_eq!(ty.ty().params().len(), 1);
/// let tag = ty.default_value(Store::new(&engine, ()))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TagType {
    ty: FuncType,
}

impl TagType {
    /// The type of tags with the parameters of `ty` as payload.
    pub fn new(ty: FuncType) -> TagType {
        TagType { ty }
    }

    /// The function type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }

    /// A new tag of this type.
    ///
    /// # Errors
    /// If the function type has results.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Tag> {
        Tag::new(store, self)
    }
}

impl fmt::Display for TagType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(tag")?;
        if self.ty.params().len() > 0 {
            f.write_str(" (param")?;
            self.ty.params().try_for_each(|ty| write!(f, " {ty}"))?;
            f.write_str(")")?;
        }
        f.write_str(")")
    }
}

/// What a module imports.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), r#"(module (import "env" "memory" (memory 1)))"#)?;
/// let import: ImportType<'_> = module.imports().next().unwrap();
/// assert_eq!((import.module(), import.name()), ("env", "memory"));
/// assert_eq!(import.ty().unwrap_memory().minimum(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ImportType<'module> {
    pub(crate) module: &'module str,
    pub(crate) name: &'module str,
    pub(crate) ty: ExternType,
}

impl<'module> ImportType<'module> {
    /// The first part of the name.
    pub fn module(&self) -> &'module str {
        self.module
    }

    /// The second part of the name.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// The expected type.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

/// What a module exports.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), r#"(module (memory (export "memory") 1))"#)?;
/// let export: ExportType<'_> = module.exports().next().unwrap();
/// assert_eq!(export.name(), "memory");
/// assert_eq!(export.ty().unwrap_memory().minimum(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ExportType<'module> {
    pub(crate) name: &'module str,
    pub(crate) ty: ExternType,
}

impl<'module> ExportType<'module> {
    /// The name.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// The type.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}
