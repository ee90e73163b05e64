//! Collections and references, under the names that they have where a collection may wait. Here none does, on any
//! limiter.

use crate::error::Result;
use crate::store::{AsContextMut, Store, StoreContextMut};
use crate::{ExnRef, ExnRefPre, ExternRef, GcHeapOutOfMemory, Rooted, Tag, Val};
use std::any::Any;

impl<T: Send> Store<T> {
    /// As [`Store::gc`].
    ///
    /// # Errors
    /// As there.
    pub async fn gc_async(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.gc(why)
    }
}

impl<T: Send> StoreContextMut<'_, T> {
    /// As [`Store::gc`].
    ///
    /// # Errors
    /// As there.
    pub async fn gc_async(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.gc(why)
    }
}

impl<T: Send> crate::Caller<'_, T> {
    /// As [`Store::gc`].
    ///
    /// # Errors
    /// As there.
    pub async fn gc_async(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.gc(why)
    }
}

impl ExternRef {
    /// As [`ExternRef::new`].
    ///
    /// # Errors
    /// As there.
    pub async fn new_async<V: Any + Send + Sync>(
        store: impl AsContextMut,
        value: V,
    ) -> Result<Rooted<ExternRef>> {
        ExternRef::new(store, value)
    }
}

impl ExnRef {
    /// As [`ExnRef::new`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// As there.
    pub async fn new_async(
        store: impl AsContextMut,
        pre: &ExnRefPre,
        tag: &Tag,
        fields: &[Val],
    ) -> Result<Rooted<ExnRef>> {
        ExnRef::new(store, pre, tag, fields)
    }
}
