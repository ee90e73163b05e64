//! The error of a full heap.

use std::fmt;
use windlass_runtime::HeapFull;

/// The store's heap of references is full: even after a collection there is no room for the value.
///
/// It gives back the value that was to be put on the heap, so that the host can let go of other references (end a
/// [`RootScope`](crate::RootScope), drop [`OwnedRooted`](crate::OwnedRooted)s), collect, and try again.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let reference = match ExternRef::new(&mut store, 5_u32) {
///     Ok(reference) => reference,
///     Err(error) => {
///         let (value, full) = error.downcast::<GcHeapOutOfMemory<u32>>()?.take_inner();
///         store.gc(Some(&full))?;
///         ExternRef::new(&mut store, value)?
///     }
/// };
/// assert_eq!(reference.data(&store)?.unwrap().downcast_ref(), Some(&5_u32));
/// # Ok(())
/// # }
/// ```
pub struct GcHeapOutOfMemory<T> {
    value: T,
    full: HeapFull,
}

impl<T> GcHeapOutOfMemory<T> {
    pub(crate) fn new(full: HeapFull, value: T) -> GcHeapOutOfMemory<T> {
        GcHeapOutOfMemory { value, full }
    }

    /// The value that found no room.
    ///
    /// ```
    /// # use windlass::*;
    /// /// Makes a reference, or gives the value back.
    /// fn reference(store: &mut Store<()>, value: String) -> Result<Result<Rooted<ExternRef>, String>> {
    ///     match ExternRef::new(store, value) {
    ///         Ok(reference) => Ok(Ok(reference)),
    ///         Err(error) => Ok(Err(error.downcast::<GcHeapOutOfMemory<String>>()?.into_inner())),
    ///     }
    /// }
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// assert!(reference(&mut store, "some text".to_owned()).unwrap().is_ok());
    /// ```
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The value that found no room, and the error without it, for [`Store::gc`](crate::Store::gc).
    pub fn take_inner(self) -> (T, GcHeapOutOfMemory<()>) {
        (self.value, GcHeapOutOfMemory { value: (), full: self.full })
    }
}

impl<T> fmt::Debug for GcHeapOutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GcHeapOutOfMemory").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for GcHeapOutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.full.fmt(f)
    }
}

impl<T> std::error::Error for GcHeapOutOfMemory<T> {}
