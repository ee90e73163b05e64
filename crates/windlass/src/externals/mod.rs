//! What is imported and exported.

mod global;
mod memory;
mod shared;
mod table;
mod tag;

pub use global::Global;
pub use memory::{Memory, MemoryAccessError};
pub use shared::{SharedMemory, WaitResult};
pub use table::Table;
pub use tag::Tag;

use crate::Func;
use crate::error::{Result, bail};
use crate::store::{AsContext, StoreCore, from_host_error};
use crate::types::ExternType;
use windlass_runtime::{ExternId, Failure, GrowError};

/// Anything that can be imported or exported.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let item = Extern::from(Func::wrap(&mut store, || ()));
/// assert!(item.ty(&store).func().is_some());
/// assert!(item.clone().into_memory().is_none());
/// assert!(item.into_func().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A global.
    Global(Global),
    /// A table.
    Table(Table),
    /// A memory of one store.
    Memory(Memory),
    /// A memory shared between threads and stores.
    SharedMemory(SharedMemory),
    /// A tag.
    Tag(Tag),
}

macro_rules! extern_into {
    ($( $variant:ident $name:ident $what:literal )*) => {
        impl Extern { $(
            #[doc = concat!("The ", $what, ", if it is one.")]
            pub fn $name(self) -> Option<$variant> {
                match self {
                    Extern::$variant(item) => Some(item),
                    _ => None,
                }
            }
        )* }

        impl Export<'_> { $(
            #[doc = concat!("The ", $what, ", if it is one.")]
            pub fn $name(self) -> Option<$variant> {
                self.definition.$name()
            }
        )* }

        $( impl From<$variant> for Extern {
            fn from(item: $variant) -> Extern {
                Extern::$variant(item)
            }
        } )*
    };
}

extern_into! {
    Func into_func "function"
    Global into_global "global"
    Table into_table "table"
    Memory into_memory "unshared memory"
    SharedMemory into_shared_memory "shared memory"
    Tag into_tag "tag"
}

impl Extern {
    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        match self {
            Extern::Func(item) => item.ty(store).into(),
            Extern::Global(item) => item.ty(store).into(),
            Extern::Table(item) => item.ty(store).into(),
            Extern::Memory(item) => item.ty(store).into(),
            Extern::SharedMemory(item) => item.ty().into(),
            Extern::Tag(item) => item.ty(store).into(),
        }
    }

    /// What the runtime names so.
    pub(crate) fn from_id(core: &StoreCore, id: ExternId) -> Extern {
        match id {
            ExternId::Func(func) => Extern::Func(Func::from_ptr(core, Some(func)).expect("it is not null")),
            ExternId::Table(id) => Extern::Table(Table::from_id(core, id)),
            ExternId::Memory(id) => match core.runtime.shared_memory(id) {
                Some(shared) => Extern::SharedMemory(SharedMemory::from_runtime(core.engine(), shared)),
                None => Extern::Memory(Memory::from_id(core, id)),
            },
            ExternId::Global(id) => Extern::Global(Global::from_id(core, id)),
            ExternId::Tag(id) => Extern::Tag(Tag::from_id(core, id)),
        }
    }

    /// The runtime's name for it.
    ///
    /// # Panics
    /// If it belongs to another store or (a shared memory) engine.
    pub(crate) fn to_id(&self, core: &mut StoreCore) -> ExternId {
        match self {
            Extern::Func(item) => ExternId::Func(item.ptr(core)),
            Extern::Table(item) => ExternId::Table(item.id(core)),
            Extern::Memory(item) => ExternId::Memory(item.id(core)),
            Extern::SharedMemory(item) => ExternId::Memory(item.id(core)),
            Extern::Global(item) => ExternId::Global(item.id(core)),
            Extern::Tag(item) => ExternId::Tag(item.id(core)),
        }
    }

    /// Whether it belongs to the store, or to none.
    pub(crate) fn comes_from(&self, core: &StoreCore) -> bool {
        let store = match self {
            Extern::Func(item) => item.store(),
            Extern::Global(item) => item.store(),
            Extern::Table(item) => item.store(),
            Extern::Memory(item) => item.store(),
            Extern::Tag(item) => item.store(),
            Extern::SharedMemory(item) => return crate::Engine::same(item.engine(), core.engine()),
        };
        store == core.id()
    }
}

/// An export of an instance.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "f")) (memory (export "m") 1))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let exports: Vec<Export<'_>> = instance.exports(&mut store).collect();
/// assert_eq!(exports[0].name(), "f");
/// assert!(exports[0].clone().into_func().is_some());
/// assert!(matches!(exports[1].clone().into_extern(), Extern::Memory(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Export<'instance> {
    name: &'instance str,
    definition: Extern,
}

impl<'instance> Export<'instance> {
    pub(crate) fn new(name: &'instance str, definition: Extern) -> Export<'instance> {
        Export { name, definition }
    }

    /// Its name.
    pub fn name(&self) -> &'instance str {
        self.name
    }

    /// As [`Extern::ty`], of what is exported.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        self.definition.ty(store)
    }

    /// What is exported.
    pub fn into_extern(self) -> Extern {
        self.definition
    }
}

/// What a memory or table that did not grow means for the host.
pub(crate) fn grown<N>(result: Result<N, GrowError>) -> Result<N> {
    match result {
        Ok(size) => Ok(size),
        Err(GrowError::Refused(why)) => Err(why.into()),
        Err(GrowError::Hook(failure)) => hook_failed(failure),
    }
}

/// A hook's failure as the host sees it.
pub(crate) fn hook_failed<N>(failure: Failure) -> Result<N> {
    match failure {
        Failure::Host { error, .. } => Err(from_host_error(error)),
        Failure::Panic(payload) => std::panic::resume_unwind(payload),
        Failure::Trap { code, .. } => bail!(crate::Trap::from(code)),
        Failure::Exception(_) => unreachable!("hooks don't throw"),
    }
}
