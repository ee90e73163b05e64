//! Builtins on tables and element segments.

use super::{find, in_chunks, result, status};
use crate::ids::TableId;
use crate::store::StorePtr;
use crate::table::{self, PIECE};
use windlass_abi::builtins::{Status, VMFuncResult, VMResult};
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::{VMContext, VMFuncRef, ValRaw};

const OUT_OF_BOUNDS: Status = Status::trap(TrapCode::TableOutOfBounds);

/// The store and a table of the instance of a context.
///
/// # Safety
/// As [`find`]; the instance has the table.
unsafe fn find_table(cx: *mut VMContext, table: u32) -> (StorePtr, TableId) {
    // SAFETY: the caller's promise.
    unsafe {
        let (store, instance) = find(cx);
        (store, store.inner().instance(instance).tables[table as usize])
    }
}

pub(super) unsafe extern "C" fn table_get_func(cx: *mut VMContext, table: u32, index: u64) -> VMFuncResult {
    // SAFETY: as the table of builtins says.
    unsafe {
        let (store, id) = find_table(cx, table);
        let inner = store.inner();
        match inner.table(id).range(index, 1) {
            Some((index, _)) => VMFuncResult { func: inner.table_func(id, index), status: Status::OK },
            None => VMFuncResult { func: std::ptr::null(), status: OUT_OF_BOUNDS },
        }
    }
}

pub(super) unsafe extern "C" fn table_set_func(
    cx: *mut VMContext,
    table: u32,
    index: u64,
    func: *const VMFuncRef,
) -> Status {
    // SAFETY: as the table of builtins says; code gives values of the element type.
    unsafe { table_fill_func(cx, table, index, func, 1) }
}

pub(super) unsafe extern "C" fn table_grow_func(
    cx: *mut VMContext,
    table: u32,
    delta: u64,
    init: *const VMFuncRef,
) -> VMResult {
    // SAFETY: as the table of builtins says; code gives values of the element type.
    unsafe { grow(cx, table, delta, ValRaw { func: init }) }
}

pub(super) unsafe extern "C" fn table_grow_gc(
    cx: *mut VMContext,
    table: u32,
    delta: u64,
    init: u32,
) -> VMResult {
    // SAFETY: as the table of builtins says; code gives values of the element type.
    unsafe { grow(cx, table, delta, ValRaw { gc: init as u64 }) }
}

/// # Safety
/// As the builtins.
unsafe fn grow(cx: *mut VMContext, table: u32, delta: u64, init: ValRaw) -> VMResult {
    // SAFETY: the caller's promise.
    unsafe {
        let (store, id) = find_table(cx, table);
        result(table::grow(store, id, delta, init).map(|grown| grown.unwrap_or(u64::MAX)))
    }
}

pub(super) unsafe extern "C" fn table_fill_func(
    cx: *mut VMContext,
    table: u32,
    index: u64,
    func: *const VMFuncRef,
    len: u64,
) -> Status {
    // SAFETY: as the table of builtins says; code gives values of the element type.
    unsafe {
        let (store, id) = find_table(cx, table);
        let Some((index, len)) = store.inner().table(id).range(index, len) else { return OUT_OF_BOUNDS };
        status(in_chunks(store, len, PIECE, false, |part| {
            store.inner().table_fill(id, index + part.start, ValRaw { func }, part.len());
        }))
    }
}

pub(super) unsafe extern "C" fn table_fill_gc(
    cx: *mut VMContext,
    table: u32,
    index: u64,
    value: u32,
    len: u64,
) -> Status {
    // SAFETY: as the table of builtins says; code gives values of the element type. The value is kept
    // as a root, because a hook between two pieces may collect.
    unsafe {
        let (store, id) = find_table(cx, table);
        let Some((index, len)) = store.inner().table(id).range(index, len) else { return OUT_OF_BOUNDS };
        let kept = store.inner().roots.keep(value);
        let result = in_chunks(store, len, PIECE, false, |part| {
            let inner = store.inner();
            let value = ValRaw { gc: inner.roots.kept(kept) as u64 };
            inner.table_fill(id, index + part.start, value, part.len());
        });
        store.inner().roots.unkeep(kept);
        status(result)
    }
}

pub(super) unsafe extern "C" fn table_copy(
    cx: *mut VMContext,
    dst_table: u32,
    src_table: u32,
    dst: u64,
    src: u64,
    len: u64,
) -> Status {
    // SAFETY: as the table of builtins says.
    unsafe {
        let (store, to) = find_table(cx, dst_table);
        let (_, from) = find_table(cx, src_table);
        let Some((dst, _)) = store.inner().table(to).range(dst, len) else { return OUT_OF_BOUNDS };
        let Some((src, len)) = store.inner().table(from).range(src, len) else { return OUT_OF_BOUNDS };
        status(in_chunks(store, len, PIECE, dst > src, |part| {
            store.inner().table_copy(to, dst + part.start, from, src + part.start, part.len());
        }))
    }
}

pub(super) unsafe extern "C" fn table_init(
    cx: *mut VMContext,
    table: u32,
    segment: u32,
    dst: u64,
    src: u64,
    len: u64,
) -> Status {
    // SAFETY: as the table of builtins says.
    unsafe {
        let (store, id) = find_table(cx, table);
        let (_, instance) = find(cx);
        let (module, dropped) = {
            let instance = store.inner().instance(instance);
            (instance.module.clone(), instance.dropped_elements.contains(segment))
        };
        let items = match dropped {
            true => 0,
            false => module.facts().elements[segment as usize].items.len(),
        };
        if src.checked_add(len).is_none_or(|end| end > items as u64) {
            return OUT_OF_BOUNDS;
        }
        let Some((dst, len)) = store.inner().table(id).range(dst, len) else { return OUT_OF_BOUNDS };
        let src = src as usize;
        status(in_chunks(store, len, PIECE, false, |part| {
            let (at, from) = (dst + part.start, src + part.start);
            store.inner().write_segment(instance, &module, segment, id, at, from, part.len());
        }))
    }
}

pub(super) unsafe extern "C" fn elem_drop(cx: *mut VMContext, segment: u32) {
    // SAFETY: as the table of builtins says.
    unsafe {
        let (store, instance) = find(cx);
        store.inner().instances[instance.0 as usize].dropped_elements.insert(segment);
    }
}
