//! Builtins on function references, types and exceptions.

use super::{find, trapped, value};
use crate::ids::{GcRef, TagId};
use crate::store::StorePtr;
use std::mem::MaybeUninit;
use std::slice;
use windlass_abi::builtins::VMResult;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::{VMContext, VMFuncRef, VMTag};

pub(super) unsafe extern "C" fn ref_func(cx: *mut VMContext, function: u32) -> *const VMFuncRef {
    // SAFETY: as the table of builtins says.
    unsafe {
        let (store, instance) = find(cx);
        store.inner().func_ref(instance, function)
    }
}

pub(super) unsafe extern "C" fn is_subtype(cx: *mut VMContext, sub: u32, sup: u32) -> u32 {
    // SAFETY: as the table of builtins says.
    let store = unsafe { StorePtr::from_context(cx).inner() };
    store.config.types.is_subtype(sub, sup) as u32
}

pub(super) unsafe extern "C" fn exception_new(
    cx: *mut VMContext,
    tag: *const VMTag,
    payload: *const u64,
) -> VMResult {
    // SAFETY: as the table of builtins says: the tag is the store's, and the payload has as many slots
    // as its parameters take.
    let (inner, tag, payload) = unsafe {
        let slots = (*(*tag).signature).param_slots as usize;
        // A payload of no slots may come with any pointer.
        let payload: &[MaybeUninit<u64>] = match slots {
            0 => &[],
            _ => slice::from_raw_parts(payload.cast(), slots),
        };
        (StorePtr::from_context(cx).inner(), TagId((*tag).id), payload)
    };
    match inner.alloc_exception(tag, payload) {
        Ok(exception) => value(exception.to_bits()),
        Err(_) => trapped(TrapCode::OutOfMemory),
    }
}

/// An exception that code has checked not to be null.
fn exception(bits: u32) -> GcRef {
    GcRef::from_bits(bits as u64).expect("code checks exceptions for null")
}

pub(super) unsafe extern "C" fn exception_tag(cx: *mut VMContext, bits: u32) -> *const VMTag {
    // SAFETY: as the table of builtins says.
    let inner = unsafe { StorePtr::from_context(cx).inner() };
    inner.exception(exception(bits)).0.place.as_ptr()
}

pub(super) unsafe extern "C" fn exception_payload(cx: *mut VMContext, bits: u32, payload: *mut u64) {
    // SAFETY: as the table of builtins says: there is room for the tag's parameters.
    unsafe {
        let (_, words) = StorePtr::from_context(cx).inner().exception(exception(bits));
        payload.cast::<MaybeUninit<u64>>().copy_from(words.as_ptr(), words.len());
    }
}
