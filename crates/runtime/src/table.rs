//! Tables.
//!
//! A table of heap references is an array of `u32`, whose elements are roots. A table of functions is an
//! array of [`VMTableFunc`]; its elements are made when first asked for. What an unmade element will be
//! is known from the segments recorded for its range ([`LazyRange`]), or else it is what the whole table
//! was made with.
//!
//! The array of a small table moves when the table grows; code finds it through the table's [`VMTable`], which
//! does not. That of a large one lies in a reservation as large as the table can get, so that growing never copies
//! more than a small array.
//!
//! Writing many elements takes its time, so it goes piece by piece, and can be interrupted. A table that grows gets
//! its length only when all new elements are written.

use crate::builtins;
use crate::failure::{Error, GrowError};
use crate::ids::{InstanceId, TableId};
use crate::store::{Store, StoreInner, StorePtr};
use crate::sys::{RESERVES, Reservation, round_up_to_page};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::{self, NonNull};
use windlass_abi::builtins::Status;
use windlass_abi::facts::{ElementItems, TableType};
use windlass_abi::types::ValKind;
use windlass_abi::vm::{TableFuncState, VMFuncRef, VMTable, VMTableFunc, ValRaw};

/// The largest number of elements of any table.
const MAX_ELEMENTS: u64 = 10_000_000;

/// Bytes beyond which an array lies in a reservation.
const SMALL: usize = 2 << 20;

/// Elements that are written between two looks at the interrupt word: less than a millisecond's worth.
pub(crate) const PIECE: usize = 16 << 10;

/// An element that was not looked at yet: zeroed memory.
const UNMADE: VMTableFunc = VMTableFunc {
    code: ptr::null(),
    context: ptr::null_mut(),
    type_id: VMTableFunc::NO_TYPE,
    state: TableFuncState::Unmade,
    func: ptr::null(),
};
const _: () = assert!(UNMADE.type_id == 0 && UNMADE.state as u32 == 0);

/// The array of a table's elements.
#[derive(Debug)]
pub(crate) struct Elements {
    place: ElementsPlace,
    kind: ValKind,
    /// Number of elements that the table has.
    len: usize,
    /// Elements that there is room for.
    capacity: usize,
    /// Elements that are not below this, and not below `len`, are zero: unmade or null. Those between are of a growth
    /// that goes on or was interrupted.
    written: usize,
    /// The largest number of elements.
    maximum: usize,
}

/// Where an array lies.
#[derive(Debug)]
enum ElementsPlace {
    /// In an allocation.
    Heap(NonNull<u8>),
    /// At the start of a reservation that has room for all that the table can ever have.
    Reserved(Reservation),
}

// SAFETY: the value owns its bytes.
unsafe impl Send for Elements {}

impl Elements {
    fn layout(kind: ValKind, capacity: usize) -> Option<Layout> {
        match kind {
            ValKind::Func => Layout::array::<VMTableFunc>(capacity).ok(),
            _ => Layout::array::<u32>(capacity).ok(),
        }
    }

    /// `len` elements, unmade or null, of a table that can have `maximum`.
    pub(crate) fn new(kind: ValKind, len: usize, maximum: usize) -> Result<Elements, Error> {
        let place = ElementsPlace::Heap(NonNull::<VMTableFunc>::dangling().cast());
        let mut elements = Elements { place, kind, len: 0, capacity: 0, written: 0, maximum };
        elements.make_room(len)?;
        elements.len = len;
        Ok(elements)
    }

    fn base(&self) -> NonNull<u8> {
        match &self.place {
            ElementsPlace::Heap(base) => *base,
            ElementsPlace::Reserved(reservation) => reservation.base(),
        }
    }

    /// Makes room for `len` elements.
    fn make_room(&mut self, len: usize) -> Result<(), Error> {
        if len <= self.capacity {
            return Ok(());
        }
        let error = |bytes: usize, why: &dyn std::fmt::Display| Error::host_memory("a table", bytes, why);
        let layout =
            |elements| Self::layout(self.kind, elements).ok_or_else(|| error(usize::MAX, &"too large"));
        let (size, most) = (layout(len)?.size(), layout(self.maximum.max(len))?.size());
        if let ElementsPlace::Reserved(reservation) = &self.place {
            let committed = layout(self.capacity)?.size();
            // SAFETY: whole pages within the reservation, which has room for the maximum.
            unsafe { commit(reservation, committed, size) }.map_err(|why| error(size, &why))?;
            self.capacity = len;
            return Ok(());
        }
        if RESERVES
            && size > SMALL
            && let Some(most) = round_up_to_page(most)
            && let Ok(reservation) = Reservation::new(most)
        {
            // SAFETY: whole pages within the reservation.
            unsafe { commit(&reservation, 0, size) }.map_err(|why| error(size, &why))?;
            self.move_to(ElementsPlace::Reserved(reservation), len);
            return Ok(());
        }
        // Twice as long, so that growing step by step copies each element a bounded number of times.
        let ahead = if self.capacity == 0 { len } else { len.max(2 * self.capacity) };
        for capacity in [ahead, len] {
            // SAFETY: the size is not zero: the capacity grows.
            if let Some(base) = NonNull::new(unsafe { alloc_zeroed(layout(capacity)?) }) {
                self.move_to(ElementsPlace::Heap(base), capacity);
                return Ok(());
            }
        }
        Err(error(size, &"out of memory"))
    }

    /// Moves the elements to zeroed memory with more room.
    fn move_to(&mut self, place: ElementsPlace, capacity: usize) {
        let used = Self::layout(self.kind, self.capacity).expect("it was allocated").size();
        let from = self.base();
        let to = match &place {
            ElementsPlace::Heap(base) => *base,
            ElementsPlace::Reserved(reservation) => reservation.base(),
        };
        // SAFETY: both have at least this size.
        unsafe { to.copy_from_nonoverlapping(from, used) };
        self.free();
        (self.place, self.capacity) = (place, capacity);
    }

    /// Frees an allocation; a reservation frees itself.
    fn free(&mut self) {
        if let ElementsPlace::Heap(base) = self.place
            && self.capacity > 0
        {
            let layout = Self::layout(self.kind, self.capacity).expect("it was allocated");
            // SAFETY: allocated with this layout.
            unsafe { dealloc(base.as_ptr(), layout) };
        }
    }

    fn func(&self, index: usize) -> NonNull<VMTableFunc> {
        debug_assert!(self.kind == ValKind::Func && index < self.capacity);
        // SAFETY: within the allocation.
        unsafe { self.base().cast().add(index) }
    }

    fn reference(&self, index: usize) -> NonNull<u32> {
        debug_assert!(self.kind == ValKind::Gc && index < self.capacity);
        // SAFETY: within the allocation.
        unsafe { self.base().cast().add(index) }
    }
}

impl Drop for Elements {
    fn drop(&mut self) {
        self.free();
    }
}

/// Makes bytes of a reservation accessible, the first `committed` of which are.
///
/// # Safety
/// They lie within the reservation.
unsafe fn commit(reservation: &Reservation, committed: usize, size: usize) -> std::io::Result<()> {
    let page = |bytes| round_up_to_page(bytes).ok_or(std::io::ErrorKind::OutOfMemory);
    let (start, end) = (page(committed)?, page(size)?);
    // SAFETY: the caller's promise; a reservation is whole pages.
    unsafe { reservation.commit(start, end - start) }
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
    /// A table whose elements are null until [`Table::set_init`].
    ///
    /// # Safety
    /// `place` lives as long as the store.
    unsafe fn new(id: TableId, ty: TableType, elements: Elements, place: NonNull<VMTable>) -> Table {
        let owner = ptr::without_provenance_mut(id.0 as usize);
        // SAFETY: the place is ours.
        unsafe { place.write(VMTable { base: elements.base().as_ptr(), len: elements.len, owner }) };
        Table { ty, elements, place, lazy: Vec::new(), init: ptr::null() }
    }

    /// Says what all elements of a new table are to be, and gives the end of those that have to be written for that.
    ///
    /// # Safety
    /// `init` is of the element type.
    pub(crate) unsafe fn set_init(&mut self, init: ValRaw) -> usize {
        if self.kind() == ValKind::Func {
            // SAFETY: the caller's promise.
            self.init = unsafe { init.func };
        }
        // SAFETY: the caller's promise.
        unsafe { self.end_of_growth(self.len(), init) }
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

    /// Writes elements that there is room for.
    ///
    /// # Safety
    /// The value is of the element type.
    unsafe fn write(&mut self, index: usize, value: ValRaw, len: usize) {
        let end = index + len;
        assert!(end <= self.elements.capacity);
        self.elements.written = self.elements.written.max(end);
        // SAFETY: within the array; references live as long as the store.
        unsafe {
            if self.kind() == ValKind::Func {
                let element = match value.func.as_ref() {
                    None => VMTableFunc { state: TableFuncState::Null, ..UNMADE },
                    Some(f) => VMTableFunc {
                        code: f.code,
                        context: f.context,
                        type_id: f.type_id,
                        state: TableFuncState::Made,
                        func: value.func,
                    },
                };
                (index..end).for_each(|i| self.elements.func(i).write(element));
            } else {
                (index..end).for_each(|i| self.elements.reference(i).write(value.gc as u32));
            }
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

    /// Makes it `len` elements long, which are written.
    fn set_len(&mut self, len: usize) {
        self.elements.len = len;
        // SAFETY: the place lives as long as the store; code does not run now.
        unsafe {
            (*self.place.as_ptr()).base = self.elements.base().as_ptr();
            (*self.place.as_ptr()).len = len;
        }
    }

    /// Where the elements end that have to be written so that those up to `len` become `init`.
    ///
    /// # Safety
    /// `init` is of the element type.
    unsafe fn end_of_growth(&self, len: usize, init: ValRaw) -> usize {
        // SAFETY: the caller's promise.
        let zero = unsafe {
            match self.kind() {
                ValKind::Func => init.func == self.init,
                _ => init.gc == 0,
            }
        };
        if zero { len.min(self.elements.written) } else { len }
    }

    /// Visits the heap references in it.
    pub(crate) fn visit_references(&mut self, visit: &mut dyn FnMut(&mut u32)) {
        if self.kind() == ValKind::Gc {
            for i in 0..self.elements.len.max(self.elements.written) {
                // SAFETY: within the array, which code does not use now.
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
    Ok(Elements::new(ty.element.kind(), len, ty.max.unwrap_or(u64::MAX).min(MAX_ELEMENTS) as usize))
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
        let (ty, old) = {
            let t = store.inner().table(table);
            (t.ty, t.len())
        };
        if delta == 0 {
            return Ok(Ok(old as u64));
        }
        let desired = (old as u64).saturating_add(delta);
        let Ok(len) = usize::try_from(desired) else { return Ok(Err(too_long(&ty, desired))) };
        store.with_kept(ty.element.kind(), init, |init| {
            if !store.table_growing(&ty, old, len)? {
                return Ok(Err(refused(len)));
            }
            let result = grow_as_allowed(store, table, delta, init)?;
            if let Err(why) = &result {
                store.ask((), |hooks| hooks.table_grow_failed(why).map_err(Into::into))?;
            }
            Ok(result)
        })
    }
}

/// # Safety
/// As for [`grow`]; `init` gives the value as it is now.
unsafe fn grow_as_allowed(
    store: StorePtr,
    table: TableId,
    delta: u64,
    init: &dyn Fn() -> ValRaw,
) -> Result<Result<u64, Error>, Status> {
    loop {
        // SAFETY: the caller's promise; borrows of the store end before hooks run.
        unsafe {
            // A hook may have grown it, too: `delta` counts from where it is now.
            let t = &mut store.inner().tables[table.0 as usize];
            let old = t.len();
            let desired = (old as u64).saturating_add(delta);
            if desired > t.ty.max.unwrap_or(u64::MAX).min(MAX_ELEMENTS) {
                return Ok(Err(too_long(&t.ty, desired)));
            }
            let len = desired as usize;
            if let Err(why) = t.elements.make_room(len) {
                return Ok(Err(why));
            }
            // The array may have moved.
            t.set_len(old);
            let end = t.end_of_growth(len, init()).max(old);
            builtins::in_chunks(store, end - old, PIECE, false, |part| {
                let t = &mut store.inner().tables[table.0 as usize];
                if t.len() == old {
                    t.write(old + part.start, init(), part.len());
                }
            })?;
            let t = &mut store.inner().tables[table.0 as usize];
            if t.len() == old {
                t.set_len(len);
                return Ok(Ok(old as u64));
            }
        }
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
            self.with_kept(ty.element.kind(), init, |init| {
                let elements = match make(self, ty)? {
                    Ok(elements) => elements,
                    Err(why) => return Ok(Err(why)),
                };
                let inner = self.inner();
                let none = VMTable { base: ptr::null_mut(), len: 0, owner: ptr::null_mut() };
                let place = inner.host_tables.alloc(none);
                let id = inner.add_table(*ty, elements, place);
                let end = inner.tables[id.0 as usize].set_init(init());
                inner.table_fill(id, 0, init(), end);
                Ok(Ok(id))
            })
            .map_err(|status| GrowError::Hook(self.failure(status)))?
            .map_err(GrowError::Refused)
        }
    }

    /// Does something with a value for elements of this kind, which `f` asks for again after a hook may have run:
    /// that may collect, and move it.
    ///
    /// # Safety
    /// As for all methods here; the value is of the kind.
    unsafe fn with_kept<R>(
        self,
        kind: ValKind,
        value: ValRaw,
        f: impl FnOnce(&dyn Fn() -> ValRaw) -> R,
    ) -> R {
        if kind == ValKind::Func {
            return f(&|| value);
        }
        // SAFETY: the caller's promise; borrows end before `f` goes on.
        unsafe {
            let kept = self.inner().roots.keep(value.gc as u32);
            let result = f(&|| ValRaw { gc: self.inner().roots.kept(kept) as u64 });
            self.inner().roots.unkeep(kept);
            result
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
    ) -> TableId {
        let id = TableId(self.tables.len() as u32);
        // SAFETY: the caller's promise.
        self.tables.push(unsafe { Table::new(id, ty, elements, place) });
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
        // SAFETY: validation matched the segment's type with the table's.
        unsafe { self.table_fill(table, index, ValRaw { func }, 1) };
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
        assert!(index + len <= t.len());
        // SAFETY: the caller gives a value of the element type.
        unsafe { t.write(index, value, len) };
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
