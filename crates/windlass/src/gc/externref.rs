//! References to host values.

use super::rooting::Root;
use super::{GcHeapOutOfMemory, OwnedRooted, Rooted};
use crate::error::{Error, Result};
use crate::store::{AsContextMut, StoreContext, StoreContextMut};
use std::any::Any;

/// What a reference to a host value (`externref`) refers to: any value of the host, on a store's heap.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (func (export "same") (param externref) (result externref) (local.get 0)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let same = instance.get_typed_func::<Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>>(&mut store, "same")?;
/// let hello = ExternRef::new(&mut store, "hello")?;
/// let back = same.call(&mut store, Some(hello))?.unwrap();
/// assert_eq!(back.data(&store)?.unwrap().downcast_ref(), Some(&"hello"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ExternRef {
    _rooted: (),
}

impl ExternRef {
    /// Puts a value on the store's heap. It is dropped some time after the last reference to it is gone.
    ///
    /// # Errors
    /// [`GcHeapOutOfMemory`] with the value, if the heap is full.
    pub fn new<V: Any + Send + Sync>(mut store: impl AsContextMut, value: V) -> Result<Rooted<ExternRef>> {
        let mut store = store.as_context_mut();
        let core = store.core_mut();
        let reference = core.runtime.alloc_extern(Box::new(value)).map_err(|(full, value)| {
            let value: Box<dyn Any> = value;
            let value = value.downcast::<V>().expect("it is the value that was given");
            Error::new(GcHeapOutOfMemory::new(full, *value))
        })?;
        Ok(Rooted::new(core, Some(reference)).expect("it is not null"))
    }
}

macro_rules! roots {
    ($($root:ident)*) => { $(
        impl $root<ExternRef> {
            /// The value. `None` if the reference holds none of the host's.
            ///
            /// # Errors
            /// If it is a [`Rooted`] whose scope has ended.
            ///
            /// # Panics
            /// If it belongs to another store.
            pub fn data<'a, T: 'static>(
                &self,
                store: impl Into<StoreContext<'a, T>>,
            ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
                let core = store.into().core();
                Ok(core.runtime.extern_data(self.reference(core)?))
            }

            /// The value, as `data` gives it, to change.
            ///
            /// # Errors
            /// If it is a [`Rooted`] whose scope has ended.
            ///
            /// # Panics
            /// If it belongs to another store.
            pub fn data_mut<'a, T: 'static>(
                &self,
                store: impl Into<StoreContextMut<'a, T>>,
            ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
                let (_, core) = store.into().split();
                let reference = self.reference(core)?;
                Ok(core.runtime.extern_data_mut(reference))
            }
        }
    )* };
}

roots! { Rooted OwnedRooted }
