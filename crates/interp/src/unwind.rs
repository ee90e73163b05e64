//! Walking frames: for backtraces, for the collector, and for exceptions on their way to a handler.

use crate::code::{Catch, CodeInfo, Position};
use crate::frame::Header;
use crate::interpreter::exit_code;
use crate::machine::{Any, Next, Regs, Unit, Value};
use core::ops::ControlFlow;
use core::ptr;
use windlass_abi::builtins::Status;
use windlass_abi::processor::{Frame, HomeSlots};
use windlass_abi::vm::{Activation, VMContext, VMTag};

/// A frame on the way through an activation.
#[derive(Clone, Copy)]
pub(crate) struct Cursor {
    pc: *const Unit,
    pc_is_return: bool,
    fp: *mut u64,
    cx: *mut VMContext,
}

impl Cursor {
    /// Where the activation has left its code.
    unsafe fn of(activation: *const Activation) -> Cursor {
        // SAFETY: the caller gives a linked activation.
        unsafe {
            Cursor {
                pc: (*activation).pc.cast(),
                pc_is_return: (*activation).pc_is_return,
                fp: (*activation).fp.cast(),
                cx: (*activation).context,
            }
        }
    }

    /// The position in the code; `None` if there is no frame (the host was called directly).
    unsafe fn position<'a>(&self) -> Option<Position<'a>> {
        if self.pc.is_null() {
            return None;
        }
        // SAFETY: a frame's context is an instance's, whose module's code lives as long as the store.
        unsafe { (*(*self.cx).code_info.cast::<CodeInfo>()).find(self.pc, self.pc_is_return) }
    }

    /// The caller's frame; `None` if this is the activation's first.
    unsafe fn caller(&self, header: u16) -> Option<Cursor> {
        // SAFETY: `header` is the slot of this frame's header.
        unsafe {
            let h = Header::read(self.fp, header);
            let is_exit = core::ptr::eq(h.return_to, exit_code());
            (!is_exit).then(|| Cursor {
                pc: h.return_to,
                pc_is_return: true,
                fp: h.caller_frame(self.fp),
                cx: h.caller,
            })
        }
    }
}

/// Visits the frames of an activation, innermost first, until told to stop.
unsafe fn walk(
    activation: *const Activation,
    mut visit: impl FnMut(&Cursor, &Position<'_>) -> ControlFlow<()>,
) {
    // SAFETY: the caller gives a linked activation that has left its code.
    unsafe {
        let mut next = Some(Cursor::of(activation));
        while let Some(cursor) = next {
            let Some(position) = cursor.position() else { return };
            if visit(&cursor, &position).is_break() {
                return;
            }
            next = cursor.caller(position.header());
        }
    }
}

/// See [`windlass_abi::processor::Processor::frames`].
pub(crate) unsafe fn frames(activation: *const Activation, visit: &mut dyn FnMut(Frame) -> ControlFlow<()>) {
    // SAFETY: the caller's promise.
    unsafe {
        walk(activation, |cursor, position| {
            visit(Frame {
                context: cursor.cx,
                function: position.function().index,
                offset: position.offset(),
                // Locals lie below the header.
                slots: HomeSlots { first: cursor.fp, descending: false, count: position.header() as u32 },
            })
        });
    }
}

/// See [`windlass_abi::processor::Processor::roots`].
pub(crate) unsafe fn roots(activation: *const Activation, visit: &mut dyn FnMut(*mut u64)) {
    // SAFETY: the caller's promise; the slots of a safepoint lie in its frame.
    unsafe {
        walk(activation, |cursor, position| {
            for &slot in position.reference_slots() {
                visit(cursor.fp.add(slot as usize));
            }
            ControlFlow::Continue(())
        });
    }
}

/// What an exception carries.
#[derive(Clone, Copy)]
pub(crate) enum Payload {
    /// Values in slots of the frame that throws; no object has been made yet.
    Slots(*const u64),
    /// An exception that exists.
    Exception(u32),
}

/// Throws an exception that exists.
#[inline(always)]
pub(crate) unsafe fn rethrow(r: Regs, exception: u32) -> Next {
    // SAFETY: the position is saved, the exception is not null.
    unsafe {
        let tag = (r.builtins().exception_tag)(r.cx, exception);
        throw(r, tag, Payload::Exception(exception))
    }
}

/// Throws the store's pending exception from the saved position.
#[inline(always)]
pub(crate) unsafe fn throw_pending(r: Regs) -> Next {
    // SAFETY: whoever reports an exception leaves it in the store, with the position saved.
    unsafe {
        let store = r.store();
        let exception = (*store).pending_exception;
        (*store).pending_exception = 0;
        rethrow(r, exception)
    }
}

/// Throws from the saved position: goes on at the innermost handler that catches it, or ends the activation.
#[inline(always)]
pub(crate) unsafe fn throw(mut r: Regs, tag: *const VMTag, payload: Payload) -> Next {
    // SAFETY: the position is saved.
    unsafe {
        let (slots, exception) = match payload {
            Payload::Slots(slots) => (slots, 0),
            Payload::Exception(exception) => (ptr::null(), exception),
        };
        let landing = land(r.cx, tag, slots, exception);
        if landing.status != Status::OK {
            return r.end(landing.status);
        }
        r.ip = landing.ip;
        r.fp = landing.fp;
        r.cx = landing.cx;
        r.reload_memory();
        r.go()
    }
}

/// Where an exception was caught, or how the activation ends.
struct Landing {
    status: Status,
    ip: *const Unit,
    fp: *mut u64,
    cx: *mut VMContext,
}

/// Finds the innermost handler that catches an exception and puts there what it wants of it. Otherwise the exception
/// becomes the store's pending one, and the status says how the activation ends.
///
/// A function of its own that takes plain numbers, because a handler that goes on by a jump must not have anything
/// in its frame. The payload is in `slots`, or, if these are null, in `exception`.
#[inline(never)]
unsafe fn land(cx: *mut VMContext, tag: *const VMTag, slots: *const u64, exception: u32) -> Landing {
    let payload = if slots.is_null() { Payload::Exception(exception) } else { Payload::Slots(slots) };
    // SAFETY: the position is saved; frames and handlers are as the translator made them.
    match unsafe { find_landing(cx, tag, payload) } {
        Ok(landing) => landing,
        Err(status) => Landing { status, ip: ptr::null(), fp: ptr::null_mut(), cx },
    }
}

unsafe fn find_landing(cx: *mut VMContext, tag: *const VMTag, payload: Payload) -> Result<Landing, Status> {
    // SAFETY: as in `land`.
    unsafe {
        let store = (*cx).store;
        let mut next = Some(Cursor::of((*store).activation));
        while let Some(cursor) = next {
            let Some(position) = cursor.position() else { break };
            if let Some(catch) = find_catch(&cursor, &position, tag) {
                deliver(cx, catch, tag, payload, cursor.fp.add(catch.slot as usize))?;
                let ip = position.chunk.units.as_ptr().add(catch.target as usize);
                return Ok(Landing { status: Status::OK, ip, fp: cursor.fp, cx: cursor.cx });
            }
            next = cursor.caller(position.header());
        }
        (*store).pending_exception = make(cx, tag, payload)?;
        Err(Status::EXCEPTION)
    }
}

/// The clause around a position that catches exceptions of a tag.
unsafe fn find_catch<'a>(cursor: &Cursor, position: &Position<'a>, tag: *const VMTag) -> Option<&'a Catch> {
    let chunk = position.chunk;
    position.handlers().flat_map(|h| &chunk.catches[h.catches as usize..h.catches_end as usize]).find(|c| {
        c.tag == Catch::ANY || {
            // SAFETY: the layout gave the offset for the module of this frame.
            let own = unsafe { *cursor.cx.cast::<u8>().add(c.tag as usize).cast::<*const VMTag>() };
            core::ptr::eq(own, tag)
        }
    })
}

/// The exception's reference, made if it does not exist yet.
unsafe fn make(cx: *mut VMContext, tag: *const VMTag, payload: Payload) -> Result<u32, Status> {
    match payload {
        Payload::Exception(exception) => Ok(exception),
        Payload::Slots(slots) => {
            // SAFETY: the position is saved; the slots hold the tag's parameters.
            unsafe {
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
            }
        }
    }
}

/// Puts what a clause catches into the slots from `to` on.
unsafe fn deliver(
    cx: *mut VMContext,
    catch: &Catch,
    tag: *const VMTag,
    payload: Payload,
    to: *mut u64,
) -> Result<(), Status> {
    // SAFETY: the translator reserved the slots; those of a payload that is still on the stack lie above them.
    unsafe {
        let exception = if catch.with_reference { make(cx, tag, payload)? } else { 0 };
        let mut end = to;
        if catch.tag != Catch::ANY {
            let count = (*(*tag).signature).param_slots as usize;
            match payload {
                // Ascending: the destination lies below the source, in this frame or one further out.
                Payload::Slots(from) => (0..count).for_each(|i| Any::read(from.add(i)).write(to.add(i))),
                Payload::Exception(e) => {
                    let builtins = &*(*(*cx).store).builtins;
                    (builtins.exception_payload)(cx, e, to);
                }
            }
            end = to.add(count);
        }
        if catch.with_reference {
            *end = exception as u64;
        }
    }
    Ok(())
}
