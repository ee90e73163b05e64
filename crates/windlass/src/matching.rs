//! Whether what is given for an import is what the module expects.

use crate::Engine;
use crate::error::{Error, Result, ensure};
use crate::module::Module;
use crate::store::StoreCore;
use crate::types::{ExternType, FuncType, GlobalType, MemoryType, TableType, TagType};
use windlass_abi::facts::{self as abi, EntityIndex};
use windlass_runtime::{ExternId, TypeOracle};

/// What a given memory or table is: its type as it was declared, and its size now.
struct Given<Ty> {
    ty: Ty,
    size: u64,
}

/// Checks that the module can run in the store: before anything of it is compared, for types of engines have nothing in common.
///
/// # Panics
/// If it belongs to another engine.
#[track_caller]
pub(crate) fn check_engine(core: &StoreCore, module: &Module) {
    assert!(
        Engine::same(core.engine(), module.engine()),
        "the module belongs to another engine than the store"
    );
}

/// Checks the number of imports.
pub(crate) fn check_count(module: &Module, given: usize) -> Result<()> {
    let expected = module.facts().imports.len();
    ensure!(given == expected, "expected {expected} imports, found {given}");
    Ok(())
}

/// Checks the types of all imports: one for each that the module wants.
pub(crate) fn check(core: &StoreCore, module: &Module, imports: &[ExternId]) -> Result<()> {
    for (i, (import, given)) in module.facts().imports.iter().zip(imports).enumerate() {
        if !matches(core, module, import.item, *given) {
            return mismatch(module, i, given_type(core, *given));
        }
    }
    Ok(())
}

/// Checks the type of an import that is a function, without a store.
pub(crate) fn check_func(module: &Module, import: usize, given: &FuncType) -> Result<()> {
    match module.facts().imports[import].item {
        EntityIndex::Function(f) if func_matches(module, f, given.registered().id()) => Ok(()),
        _ => mismatch(module, import, given.clone().into()),
    }
}

fn matches(core: &StoreCore, module: &Module, wanted: EntityIndex, given: ExternId) -> bool {
    let facts = module.facts();
    match (wanted, given) {
        (EntityIndex::Function(f), ExternId::Func(given)) => {
            // SAFETY: the function is of the store.
            func_matches(module, f, unsafe { core.runtime.func_type_id(given) })
        }
        (EntityIndex::Table(t), ExternId::Table(given)) => {
            let given = Given { ty: core.runtime.table_type(given), size: core.runtime.table_size(given) };
            table_matches(&module.table_type(t), &given)
        }
        (EntityIndex::Memory(m), ExternId::Memory(given)) => {
            let given = Given { ty: core.runtime.memory_type(given), size: core.runtime.memory_size(given) };
            memory_matches(&facts.memories[m as usize], &given)
        }
        (EntityIndex::Global(g), ExternId::Global(given)) => {
            global_matches(core, &module.global_type(g), &core.runtime.global_type(given))
        }
        (EntityIndex::Tag(t), ExternId::Tag(given)) => {
            module.type_id(facts.tags[t as usize]) == core.runtime.tag_signature(given).type_id
        }
        _ => false,
    }
}

fn func_matches(module: &Module, wanted: u32, given: u32) -> bool {
    let wanted = module.type_id(module.facts().functions[wanted as usize]);
    module.engine().types().is_subtype(given, wanted)
}

fn table_matches(wanted: &abi::TableType, given: &Given<abi::TableType>) -> bool {
    wanted.element == given.ty.element
        && wanted.table64 == given.ty.table64
        && limits_match((wanted.min, wanted.max), (given.size, given.ty.max))
}

fn memory_matches(wanted: &abi::MemoryType, given: &Given<abi::MemoryType>) -> bool {
    wanted.shared == given.ty.shared
        && wanted.memory64 == given.ty.memory64
        && wanted.page_size_log2 == given.ty.page_size_log2
        && limits_match((wanted.min, wanted.max), (given.size, given.ty.max))
}

fn global_matches(core: &StoreCore, wanted: &abi::GlobalType, given: &abi::GlobalType) -> bool {
    if wanted.mutable || given.mutable {
        return wanted == given;
    }
    core.engine().types().val_matches(given.value, wanted.value)
}

/// Whether the given size now is at least the wanted minimum, and the maxima agree.
fn limits_match(wanted: (u64, Option<u64>), given: (u64, Option<u64>)) -> bool {
    given.0 >= wanted.0
        && match (wanted.1, given.1) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wanted), Some(given)) => given <= wanted,
        }
}

/// The type of what is given; of memories and tables with their size now as the minimum.
fn given_type(core: &StoreCore, given: ExternId) -> ExternType {
    let engine = core.engine();
    // SAFETY: the function is of the store.
    let func = |id| FuncType::from_id(engine, id);
    match given {
        // SAFETY: the function is of the store.
        ExternId::Func(f) => func(unsafe { core.runtime.func_type_id(f) }).into(),
        ExternId::Table(t) => {
            let ty = abi::TableType { min: core.runtime.table_size(t), ..core.runtime.table_type(t) };
            TableType::from_abi(engine, &ty).into()
        }
        ExternId::Memory(m) => {
            let ty = abi::MemoryType { min: core.runtime.memory_size(m), ..core.runtime.memory_type(m) };
            MemoryType::from_abi(&ty).into()
        }
        ExternId::Global(g) => GlobalType::from_abi(engine, &core.runtime.global_type(g)).into(),
        ExternId::Tag(t) => TagType::new(func(core.runtime.tag_signature(t).type_id)).into(),
    }
}

#[cold]
fn mismatch(module: &Module, import: usize, found: ExternType) -> Result<()> {
    let import = module.imports().nth(import).expect("it is one of the imports");
    let expected = import.ty();
    Err(Error::new(IncompatibleImportError {
        module: import.module().into(),
        name: import.name().into(),
        expected,
        found,
    }))
}

/// What is given for an import is not of the type that the module expects.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (import "env" "f" (func (param i32))))"#)?;
/// let mut linker = Linker::<()>::new(&engine);
/// linker.func_wrap("env", "f", |_: i64| ())?;
/// let error = linker.instantiate(Store::new(&engine, ()), &module).unwrap_err();
/// let error = error.downcast_ref::<IncompatibleImportError>().unwrap();
/// assert_eq!((error.module(), error.name()), ("env", "f"));
/// assert_eq!(error.expected().unwrap_func().param(0), Some(ValType::I32));
/// assert_eq!(error.found().unwrap_func().param(0), Some(ValType::I64));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} for `{module}::{name}`: expected {expected}, found {found}", self.kind())]
pub struct IncompatibleImportError {
    module: String,
    name: String,
    expected: ExternType,
    found: ExternType,
}

impl IncompatibleImportError {
    /// The first part of the import's name.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The second part of the import's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type that the module expects.
    pub fn expected(&self) -> &ExternType {
        &self.expected
    }

    /// The type of what was given; of memories and tables with their size at that time as the minimum.
    pub fn found(&self) -> &ExternType {
        &self.found
    }

    fn kind(&self) -> &'static str {
        if std::mem::discriminant(&self.expected) == std::mem::discriminant(&self.found) {
            "incompatible import type"
        } else {
            "incompatible import type (a different kind)"
        }
    }
}
