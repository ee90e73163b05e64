//! Walking frames: for backtraces, for the collector, and for exceptions on their way to a handler.

use crate::code::{Catch, CodeInfo, Position};
use crate::frame::Header;
use crate::interpreter::EXIT;
use crate::machine::{Any, Next, Regs, Unit, Value};
use core::ops::ControlFlow;
use windlass_abi::builtins::Status;
use windlass_abi::processor::Frame;
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
            let is_exit = core::ptr::eq(h.return_to, EXIT.as_ptr().add(1));
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
pub(crate) unsafe fn rethrow(r: Regs, exception: u32) -> Next {
    // SAFETY: the position is saved, the exception is not null.
    unsafe {
        let tag = (r.builtins().exception_tag)(r.cx, exception);
        throw(r, tag, Payload::Exception(exception))
    }
}

/// Throws the store's pending exception from the saved position.
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
pub(crate) unsafe fn throw(mut r: Regs, tag: *const VMTag, payload: Payload) -> Next {
    // SAFETY: the position is saved; frames and handlers are as the translator made them.
    unsafe {
        let mut next = Some(Cursor::of((*r.store()).activation));
        while let Some(cursor) = next {
            let Some(position) = cursor.position() else { break };
            if let Some(catch) = find_catch(&cursor, &position, tag) {
                if let Err(status) = deliver(&r, catch, tag, payload, cursor.fp.add(catch.slot as usize)) {
                    return r.end(status);
                }
                r.ip = position.chunk.units.as_ptr().add(catch.target as usize);
                r.fp = cursor.fp;
                r.cx = cursor.cx;
                r.reload_memory();
                return r.go();
            }
            next = cursor.caller(position.header());
        }
        match make(&r, tag, payload) {
            Ok(exception) => {
                (*r.store()).pending_exception = exception;
                r.end(Status::EXCEPTION)
            }
            Err(status) => r.end(status),
        }
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
unsafe fn make(r: &Regs, tag: *const VMTag, payload: Payload) -> Result<u32, Status> {
    match payload {
        Payload::Exception(exception) => Ok(exception),
        Payload::Slots(slots) => {
            // SAFETY: the position is saved; the slots hold the tag's parameters.
            let made = unsafe { (r.builtins().exception_new)(r.cx, tag, slots) };
            if made.status == Status::OK {
                return Ok(made.value as u32);
            }
            if made.status.trap_code().is_some() {
                // SAFETY: the position is saved.
                unsafe { (r.builtins().trap)(r.store(), made.status.0) };
            }
            Err(made.status)
        }
    }
}

/// Puts what a clause catches into the slots from `to` on.
unsafe fn deliver(
    r: &Regs,
    catch: &Catch,
    tag: *const VMTag,
    payload: Payload,
    to: *mut u64,
) -> Result<(), Status> {
    // SAFETY: the translator reserved the slots; those of a payload that is still on the stack lie above them.
    unsafe {
        let exception = if catch.with_reference { make(r, tag, payload)? } else { 0 };
        let mut end = to;
        if catch.tag != Catch::ANY {
            let count = (*(*tag).signature).param_slots as usize;
            match payload {
                // Ascending: the destination lies below the source, in this frame or one further out.
                Payload::Slots(from) => (0..count).for_each(|i| Any::read(from.add(i)).write(to.add(i))),
                Payload::Exception(e) => (r.builtins().exception_payload)(r.cx, e, to),
            }
            end = to.add(count);
        }
        if catch.with_reference {
            *end = exception as u64;
        }
    }
    Ok(())
}
