//! Failures and exceptions on their way: to a handler, or out of the entry.
//!
//! Where code has left is written down before any of this runs. An exception object is made only where
//! somebody wants a reference to it: a clause that asks for one, or the host.

use super::walk;
use std::ops::ControlFlow;
use std::ptr;
use windlass_abi::builtins::Status;
use windlass_abi::code::CatchRow;
use windlass_abi::types::ValKind;
use windlass_abi::vm::{VMContext, VMTag};

/// Where code goes on after an exception was caught.
#[repr(C, align(16))]
pub(super) struct Landing {
    pub(super) target: *const u8,
    pub(super) fp: *mut u8,
    pub(super) context: *mut VMContext,
    pub(super) sp: *mut u8,
}

/// What an exception carries.
#[derive(Clone, Copy)]
enum Payload {
    /// Values in slots of 8 bytes in ascending order; no object has been made yet.
    Slots(*const u64),
    /// An exception that exists.
    Exception(u32),
}

/// For the stub `raise`: reports a trap; finds who catches an exception. `OK`: goes on at the landing; else
/// the entry ends with the status.
pub(super) unsafe extern "C" fn raised(cx: *mut VMContext, status: Status, landing: *mut Landing) -> Status {
    // SAFETY: the stub gives a context of the live store.
    unsafe {
        let store = (*cx).store;
        if status == Status::EXCEPTION {
            let exception = ptr::replace(&raw mut (*store).pending_exception, 0);
            return throw_exception(cx, exception, landing);
        }
        if status.trap_code().is_some() {
            ((*(*store).builtins).trap)(store, status.0);
        }
        status
    }
}

/// For the stub `throw`.
pub(super) unsafe extern "C" fn thrown(
    cx: *mut VMContext,
    tag: *const VMTag,
    payload: *const u64,
    landing: *mut Landing,
) -> Status {
    // SAFETY: the stub gives what code gave.
    unsafe { throw(cx, tag, Payload::Slots(payload), landing) }
}

/// For the stub `throw_ref`.
pub(super) unsafe extern "C" fn rethrown(
    cx: *mut VMContext,
    exception: u32,
    landing: *mut Landing,
) -> Status {
    // SAFETY: the stub gives what code gave.
    unsafe { throw_exception(cx, exception, landing) }
}

/// Throws an exception that exists.
unsafe fn throw_exception(cx: *mut VMContext, exception: u32, landing: *mut Landing) -> Status {
    // SAFETY: the context is live, the exception not null.
    unsafe {
        let tag = ((*(*(*cx).store).builtins).exception_tag)(cx, exception);
        throw(cx, tag, Payload::Exception(exception), landing)
    }
}

/// Finds the innermost handler that catches an exception and puts there what it wants of it. Otherwise the
/// exception becomes the store's pending one, and the status says how the entry ends.
unsafe fn throw(cx: *mut VMContext, tag: *const VMTag, payload: Payload, landing: *mut Landing) -> Status {
    // SAFETY: where code has left is written down; frames and handlers are as the compiler made them.
    unsafe {
        let store = (*cx).store;
        let mut caught = None;
        walk::walk((*store).activation, |cursor, place| {
            let tags = cursor.context.cast::<u8>();
            let clause = place.catches().find(|clause| {
                clause.tag == CatchRow::ANY
                    || ptr::eq(tags.add(clause.tag as usize).cast::<*const VMTag>().read(), tag)
            });
            let Some(clause) = clause else { return ControlFlow::Continue(()) };
            landing.write(Landing {
                target: place.address(clause.target),
                fp: cursor.fp,
                context: cursor.context,
                sp: cursor.fp.sub(place.function().frame_size as usize),
            });
            caught = Some((*clause, place.home_slot(cursor.fp, clause.slot)));
            ControlFlow::Break(())
        });
        let result = match caught {
            Some((clause, slot)) => deliver(cx, clause, tag, payload, slot).map(|()| Status::OK),
            None => make(cx, tag, payload).map(|exception| {
                (*store).pending_exception = exception;
                Status::EXCEPTION
            }),
        };
        result.unwrap_or_else(|status| status)
    }
}

/// The exception's reference, made if it does not exist yet.
unsafe fn make(cx: *mut VMContext, tag: *const VMTag, payload: Payload) -> Result<u32, Status> {
    match payload {
        Payload::Exception(exception) => Ok(exception),
        // SAFETY: where code has left is written down; the slots hold the tag's parameters.
        Payload::Slots(slots) => unsafe {
            let store = (*cx).store;
            let builtins = &*(*store).builtins;
            let made = (builtins.exception_new)(cx, tag, slots);
            if made.status == Status::OK {
                return Ok(made.value as u32);
            }
            if made.status.trap_code().is_some() {
                (builtins.trap)(store, made.status.0);
            }
            Err(made.status)
        },
    }
}

/// Puts what a clause catches into the home slots from `slot` on, which descend.
unsafe fn deliver(
    cx: *mut VMContext,
    clause: CatchRow,
    tag: *const VMTag,
    payload: Payload,
    mut slot: *mut u64,
) -> Result<(), Status> {
    // SAFETY: the compiler reserved the slots in the frame that catches.
    unsafe {
        // To make the object may move what the payload refers to: after that it is taken from there.
        let (payload, exception) = match clause.with_reference != 0 {
            true => make(cx, tag, payload).map(|exception| (Payload::Exception(exception), exception))?,
            false => (payload, 0),
        };
        if clause.tag != CatchRow::ANY {
            let signature = &*(*tag).signature;
            // The slots may overlap what is thrown: code that throws may keep it in the same frame.
            let count = signature.param_slots as usize;
            let mut small = [0u64; 16];
            let mut large = Vec::new();
            let values = if count <= small.len() {
                &mut small[..count]
            } else {
                large.resize(count, 0u64);
                &mut large[..]
            };
            match payload {
                Payload::Slots(from) => from.copy_to_nonoverlapping(values.as_mut_ptr(), count),
                Payload::Exception(exception) => {
                    ((*(*(*cx).store).builtins).exception_payload)(cx, exception, values.as_mut_ptr());
                }
            }
            let mut from = values.iter();
            let mut next = || *from.next().expect("a slot for each");
            for kind in &signature.params {
                let value = next();
                if *kind == ValKind::V128 {
                    // A vector lies at the address of its second slot, the first half lowest.
                    slot.sub(1).write(value);
                    slot.write(next());
                } else {
                    slot.write(value);
                }
                slot = slot.sub(kind.slots());
            }
        }
        if clause.with_reference != 0 {
            slot.write(exception as u64);
        }
    }
    Ok(())
}
