//! Tables.
//!
//! A table of heap references is an array of `u32`, whose elements are roots. A table of functions is an
//! array of [`VMTableFunc`]; its elements are made when first asked for. What an unmade element will be
//! is known from the segments recorded for its range ([`LazyRange`]), or else it is what the whole table
//! was made with.
//!
//! The array moves when the table grows; code finds it through the table's [`VMTable`], which does not.

use crate::failure::{Error, GrowError};
use crate::ids::{InstanceId, TableId};
use crate::store::{Store, StoreInner, StorePtr};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::{self, NonNull};
use windlass_abi::builtins::Status;
use windlass_abi::facts::{ElementItems, TableType};
use windlass_abi::types::ValKind;
use windlass_abi::vm::{TableFuncState, VMFuncRef, VMTable, VMTableFunc, ValRaw};

/// The largest number of elements of any table.
const MAX_ELEMENTS: u64 = 10_000_000;

/// An element that was not looked at yet.
const UNMADE: VMTableFunc = VMTableFunc {
    code: ptr::null(),
    context: ptr::null_mut(),
    type_id: VMTableFunc::NO_TYPE,
    state: TableFuncState::Unmade,
    func: ptr::null(),
};

/// The array of a table's elements.
#[derive(Debug)]
pub(crate) struct Elements {
    base: NonNull<u8>,
    kind: ValKind,
    len: usize,
    capacity: usize,
}

impl Elements {
    fn layout(kind: ValKind, capacity: usize) -> Option<Layout> {
        match kind {
            ValKind::Func => Layout::array::<VMTableFunc>(capacity).ok(),
            _ => Layout::array::<u32>(capacity).ok(),
        }
    }

    /// `len` elements, unmade or null.
    pub(crate) fn new(kind: ValKind, len: usize) -> Result<Elements, Error> {
        let mut elements =
            Elements { base: NonNull::<VMTableFunc>::dangling().cast(), kind, len: 0, capacity: 0 };
        elements.grow(len)?;
        Ok(elements)
    }

    /// Makes it `len` elements long, not shorter than it is; the new ones are unmade or null.
    fn grow(&mut self, len: usize) -> Result<(), Error> {
        if len > self.capacity {
            // Twice as long, so that growing step by step copies each element a bounded number of times.
            let ahead = if self.len == 0 { len } else { len.max(2 * self.capacity) };
            self.reallocate(ahead).or_else(|_| self.reallocate(len))?;
        }
        if self.kind == ValKind::Func && VMTableFunc::NO_TYPE != 0 {
            for i in self.len..len {
                // SAFETY: within the capacity.
                unsafe { self.func(i).write(UNMADE) };
            }
        }
        self.len = len;
        Ok(())
    }

    fn reallocate(&mut self, capacity: usize) -> Result<(), Error> {
        let error = |bytes: usize| Error::host_memory("a table", bytes, &"out of memory");
        let layout = Self::layout(self.kind, capacity).ok_or_else(|| error(usize::MAX))?;
        // SAFETY: the size is not zero: the capacity grows.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(|| error(layout.size()))?;
        let used = Self::layout(self.kind, self.len).expect("smaller than the capacity").size();
        // SAFETY: both allocations have at least this size.
        unsafe { base.copy_from_nonoverlapping(self.base, used) };
        self.free();
        (self.base, self.capacity) = (base, capacity);
        Ok(())
    }

    fn free(&mut self) {
        if self.capacity > 0 {
            let layout = Self::layout(self.kind, self.capacity).expect("it was allocated");
            // SAFETY: allocated with this layout.
            unsafe { dealloc(self.base.as_ptr(), layout) };
        }
    }

    fn func(&self, index: usize) -> NonNull<VMTableFunc> {
        debug_assert!(self.kind == ValKind::Func && index < self.capacity);
        // SAFETY: within the allocation.
        unsafe { self.base.cast().add(index) }
    }

    fn reference(&self, index: usize) -> NonNull<u32> {
        debug_assert!(self.kind == ValKind::Gc && index < self.capacity);
        // SAFETY: within the allocation.
        unsafe { self.base.cast().add(index) }
    }
}

impl Drop for Elements {
    fn drop(&mut self) {
        self.free();
    }
}

/// Unmade elements `start..start + len` are the functions of an element segment, from its first on.
#[derive(Debug)]
struct LazyRange {
    start: usize,
    len: usize,
    instance: InstanceId,
    segment: u32,
}

/// A table of a store.
#[derive(Debug)]
pub(crate) struct Table {
    /// With engine-wide type ids.
    pub(crate) ty: TableType,
    elements: Elements,
    /// What code sees. Lives as long as the store.
    pub(crate) place: NonNull<VMTable>,
    /// In ascending order, not overlapping.
    lazy: Vec<LazyRange>,
    /// What unmade elements outside of `lazy` are.
    init: *const VMFuncRef,
}

impl Table {
    /// A table whose elements are all `init`.
    ///
    /// # Safety
    /// `place` lives as long as the store; `init` is of the element type.
    pub(crate) unsafe fn new(
        id: TableId,
        ty: TableType,
        elements: Elements,
        place: NonNull<VMTable>,
        init: ValRaw,
    ) -> Table {
        let owner = ptr::without_provenance_mut(id.0 as usize);
        // SAFETY: the place is ours.
        unsafe { place.write(VMTable { base: elements.base.as_ptr(), len: elements.len, owner }) };
        let mut table = Table { ty, elements, place, lazy: Vec::new(), init: ptr::null() };
        // SAFETY: the caller gives a value of the element type.
        unsafe {
            match table.kind() {
                ValKind::Func => table.init = init.func,
                _ => table.fill_references(0, init.gc as u32, table.elements.len),
            }
        }
        table
    }

    pub(crate) fn kind(&self) -> ValKind {
        self.elements.kind
    }

    pub(crate) fn len(&self) -> usize {
        self.elements.len
    }

    /// `index` and `len` as a range of elements, if they lie within the table.
    pub(crate) fn range(&self, index: u64, len: u64) -> Option<(usize, usize)> {
        let end = index.checked_add(len)?;
        (end <= self.len() as u64).then_some((index as usize, len as usize))
    }

    fn fill_references(&mut self, index: usize, bits: u32, len: usize) {
        assert!(index + len <= self.len());
        for i in index..index + len {
            // SAFETY: within the table.
            unsafe { self.elements.reference(i).write(bits) };
        }
    }

    fn set_func(&mut self, index: usize, func: *const VMFuncRef) {
        assert!(index < self.len());
        // SAFETY: within the table; references live as long as the store.
        unsafe {
            let element = match func.as_ref() {
                None => VMTableFunc { state: TableFuncState::Null, ..UNMADE },
                Some(f) => VMTableFunc {
                    code: f.code,
                    context: f.context,
                    type_id: f.type_id,
                    state: TableFuncState::Made,
                    func,
                },
            };
            self.elements.func(index).write(element);
        }
    }

    /// The lazy range that holds an element.
    fn lazy_at(&self, index: usize) -> Option<&LazyRange> {
        let after = self.lazy.partition_point(|range| range.start <= index);
        self.lazy[..after].last().filter(|range| index - range.start < range.len)
    }

    /// Records that elements are the functions of a segment, if no element from `start` on was written
    /// or recorded yet; false if it cannot know.
    pub(crate) fn fill_lazily(
        &mut self,
        start: usize,
        len: usize,
        instance: InstanceId,
        segment: u32,
    ) -> bool {
        let free = self.lazy.last().is_none_or(|last| start >= last.start + last.len);
        if free && len > 0 {
            self.lazy.push(LazyRange { start, len, instance, segment });
        }
        free
    }

    /// Grows to `len` elements; the new ones are `init`.
    fn grow(&mut self, len: usize, init: ValRaw) -> Result<(), Error> {
        let old = self.len();
        self.elements.grow(len)?;
        // SAFETY: the place lives as long as the store; code does not run now. The caller of `table.grow`
        // gives a value of the element type.
        unsafe {
            (*self.place.as_ptr()).base = self.elements.base.as_ptr();
            (*self.place.as_ptr()).len = len;
            match self.kind() {
                ValKind::Func if init.func == self.init => {}
                ValKind::Func => (old..len).for_each(|i| self.set_func(i, init.func)),
                _ => self.fill_references(old, init.gc as u32, len - old),
            }
        }
        Ok(())
    }

    /// Visits the heap references in it.
    pub(crate) fn visit_references(&mut self, visit: &mut dyn FnMut(&mut u32)) {
        if self.kind() == ValKind::Gc {
            for i in 0..self.len() {
                // SAFETY: within the table, which code does not use now.
                visit(unsafe { self.elements.reference(i).as_mut() });
            }
        }
    }
}

/// The elements of a new table of the type, with its hook asked; nothing is in the store yet.
///
/// # Safety
/// As for [`StorePtr`]'s methods.
pub(crate) unsafe fn make(store: StorePtr, ty: &TableType) -> Result<Result<Elements, Error>, Status> {
    if ty.min > MAX_ELEMENTS {
        return Ok(Err(too_long(ty, ty.min)));
    }
    let len = ty.min as usize;
    // SAFETY: the caller's promise.
    if !unsafe { store.table_growing(ty, 0, len) }? {
        return Ok(Err(refused(len)));
    }
    Ok(Elements::new(ty.element.kind(), len))
}

fn too_long(ty: &TableType, desired: u64) -> Error {
    let maximum = ty.max.unwrap_or(u64::MAX).min(MAX_ELEMENTS);
    Error::Maximum { what: "a table", desired, maximum, unit: "elements" }
}

fn refused(desired: usize) -> Error {
    Error::Limit { what: "a table", desired: desired as u64, unit: "elements" }
}

/// `table.grow`: the old size, or why it did not grow. An error of a hook is parked.
///
/// # Safety
/// As for [`StorePtr`]'s methods; `init` is of the element type.
pub(crate) unsafe fn grow(
    store: StorePtr,
    table: TableId,
    delta: u64,
    init: ValRaw,
) -> Result<Result<u64, Error>, Status> {
    // SAFETY: the caller's promise; borrows of the store end before hooks run.
    unsafe {
        let (ty, kind, old) = {
            let t = &store.inner().tables[table.0 as usize];
            (t.ty, t.kind(), t.len())
        };
        if delta == 0 {
            return Ok(Ok(old as u64));
        }
        let desired = (old as u64).saturating_add(delta);
        let Ok(len) = usize::try_from(desired) else { return Ok(Err(too_long(&ty, desired))) };
        // The hook may run code that collects.
        let place = (kind == ValKind::Gc).then(|| store.inner().roots.keep(init.gc as u32));
        let allowed = store.table_growing(&ty, old, len);
        let init = match place {
            Some(place) => ValRaw { gc: store.inner().roots.unkeep(place) as u64 },
            None => init,
        };
        if !allowed? {
            return Ok(Err(refused(len)));
        }
        let result = {
            // The hook may have grown it, too: `delta` counts from where it is now.
            let t = &mut store.inner().tables[table.0 as usize];
            let old = t.len() as u64;
            let desired = old.saturating_add(delta);
            if desired > ty.max.unwrap_or(u64::MAX).min(MAX_ELEMENTS) {
                Err(too_long(&ty, desired))
            } else {
                t.grow(desired as usize, init).map(|()| old)
            }
        };
        if let Err(why) = &result {
            store.ask((), |hooks| hooks.table_grow_failed(why).map_err(Into::into))?;
        }
        Ok(result)
    }
}

impl StorePtr {
    /// Asks the hook whether a table may have `desired` elements.
    unsafe fn table_growing(self, ty: &TableType, current: usize, desired: usize) -> Result<bool, Status> {
        let maximum = ty.max.and_then(|max| usize::try_from(max).ok());
        // SAFETY: the caller's promise.
        unsafe { self.ask(true, |hooks| hooks.table_growing(current, desired, maximum).map_err(Into::into)) }
    }

    /// Makes a table filled with `init`, asking the hook. The element type holds engine-wide ids.
    ///
    /// # Safety
    /// As for all methods here; `init` is of the element type.
    pub unsafe fn new_table(self, ty: &TableType, init: ValRaw) -> Result<TableId, GrowError> {
        // SAFETY: the caller's promise. The hook may collect.
        unsafe {
            let is_reference = ty.element.kind() == ValKind::Gc;
            let kept = is_reference.then(|| self.inner().roots.keep(init.gc as u32));
            let elements = make(self, ty);
            let init = match kept {
                Some(place) => ValRaw { gc: self.inner().roots.unkeep(place) as u64 },
                None => init,
            };
            let elements = elements
                .map_err(|status| GrowError::Hook(self.failure(status)))?
                .map_err(GrowError::Refused)?;
            let inner = self.inner();
            let none = VMTable { base: ptr::null_mut(), len: 0, owner: ptr::null_mut() };
            let place = inner.host_tables.alloc(none);
            Ok(inner.add_table(*ty, elements, place, init))
        }
    }

    /// Grows a table by `delta` elements, asking the hook; gives the old size.
    ///
    /// # Safety
    /// As for all methods here; `init` is of the element type.
    pub unsafe fn table_grow(self, table: TableId, delta: u64, init: ValRaw) -> Result<u64, GrowError> {
        // SAFETY: the caller's promise.
        unsafe {
            grow(self, table, delta, init)
                .map_err(|status| GrowError::Hook(self.failure(status)))?
                .map_err(GrowError::Refused)
        }
    }
}

/// Elements of tables. Ranges lie within the tables; values are of the element types.
impl StoreInner {
    /// # Safety
    /// As for [`Table::new`].
    pub(crate) unsafe fn add_table(
        &mut self,
        ty: TableType,
        elements: Elements,
        place: NonNull<VMTable>,
        init: ValRaw,
    ) -> TableId {
        let id = TableId(self.tables.len() as u32);
        // SAFETY: the caller's promise.
        self.tables.push(unsafe { Table::new(id, ty, elements, place, init) });
        id
    }

    pub(crate) fn table(&self, table: TableId) -> &Table {
        &self.tables[table.0 as usize]
    }

    /// A function element, made if it was not.
    pub(crate) fn table_func(&mut self, table: TableId, index: usize) -> *const VMFuncRef {
        let t = &self.tables[table.0 as usize];
        assert!(index < t.len());
        // SAFETY: within the table.
        let element = unsafe { t.elements.func(index).read() };
        if element.state != TableFuncState::Unmade {
            return element.func;
        }
        let func = match t.lazy_at(index) {
            None => t.init,
            Some(range) => {
                let (instance, item) = (range.instance, index - range.start);
                let facts = self.instances[instance.0 as usize].module.facts();
                let ElementItems::Functions(functions) = &facts.elements[range.segment as usize].items else {
                    unreachable!("only lists of functions are filled in lazily")
                };
                let function = functions[item];
                self.func_ref(instance, function)
            }
        };
        self.tables[table.0 as usize].set_func(index, func);
        func
    }

    pub(crate) fn table_get(&mut self, table: TableId, index: usize) -> ValRaw {
        match self.table(table).kind() {
            ValKind::Func => ValRaw { func: self.table_func(table, index) },
            // SAFETY: within the table.
            _ => ValRaw { gc: unsafe { self.table(table).elements.reference(index).read() } as u64 },
        }
    }

    /// # Safety
    /// The value is of the element type.
    pub(crate) unsafe fn table_fill(&mut self, table: TableId, index: usize, value: ValRaw, len: usize) {
        let t = &mut self.tables[table.0 as usize];
        // SAFETY: the caller gives a value of the element type.
        unsafe {
            match t.kind() {
                ValKind::Func => (index..index + len).for_each(|i| t.set_func(i, value.func)),
                _ => t.fill_references(index, value.gc as u32, len),
            }
        }
    }

    /// Copies elements between tables of one kind; ranges of one table may overlap.
    pub(crate) fn table_copy(
        &mut self,
        dst: TableId,
        dst_at: usize,
        src: TableId,
        src_at: usize,
        len: usize,
    ) {
        let (kind, kind_of_dst) = (self.table(src).kind(), self.table(dst).kind());
        assert!(kind == kind_of_dst);
        assert!(dst_at + len <= self.table(dst).len() && src_at + len <= self.table(src).len());
        if kind == ValKind::Func {
            // Unmade has a meaning within one table only.
            for i in src_at..src_at + len {
                self.table_func(src, i);
            }
        }
        if len == 0 {
            return;
        }
        let (from, to) = (&self.table(src).elements, &self.table(dst).elements);
        // SAFETY: both ranges lie within their tables.
        unsafe {
            match kind {
                ValKind::Func => to.func(dst_at).copy_from(from.func(src_at), len),
                _ => to.reference(dst_at).copy_from(from.reference(src_at), len),
            }
        }
    }
}

/// Indices out of bounds give `None` or `false`.
impl Store {
    /// The declared type of a table, with engine-wide ids.
    pub fn table_type(&self, table: TableId) -> TableType {
        self.inner().table(table).ty
    }

    /// Number of elements.
    pub fn table_size(&self, table: TableId) -> u64 {
        self.inner().table(table).len() as u64
    }

    /// An element: `func` or `gc` of the value by the kind of the table. `None` if out of bounds.
    pub fn table_get(&mut self, table: TableId, index: u64) -> Option<ValRaw> {
        let inner = self.inner_mut();
        let (index, _) = inner.table(table).range(index, 1)?;
        Some(inner.table_get(table, index))
    }

    /// Sets an element; false if out of bounds.
    ///
    /// # Safety
    /// The value is of the element type, and of this store.
    pub unsafe fn table_set(&mut self, table: TableId, index: u64, value: ValRaw) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.table_fill(table, index, value, 1) }
    }

    /// Fills elements; false (and nothing written) if out of bounds.
    ///
    /// # Safety
    /// The value is of the element type, and of this store.
    pub unsafe fn table_fill(&mut self, table: TableId, index: u64, value: ValRaw, len: u64) -> bool {
        let inner = self.inner_mut();
        let Some((index, len)) = inner.table(table).range(index, len) else { return false };
        // SAFETY: the caller's promise.
        unsafe { inner.table_fill(table, index, value, len) };
        true
    }

    /// Copies elements; false (and nothing written) if out of bounds.
    ///
    /// # Safety
    /// The elements of `src` are of the element type of `dst`.
    pub unsafe fn table_copy(
        &mut self,
        dst: TableId,
        dst_index: u64,
        src: TableId,
        src_index: u64,
        len: u64,
    ) -> bool {
        let inner = self.inner_mut();
        let (to, from) = (inner.table(dst).range(dst_index, len), inner.table(src).range(src_index, len));
        let (Some((to, _)), Some((from, len))) = (to, from) else { return false };
        inner.table_copy(dst, to, src, from, len);
        true
    }
}
