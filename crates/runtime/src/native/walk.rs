//! Walking the frames of an activation.

use super::code::{NativeCode, Place};
use super::stubs::ENTRY_FRAME;
use std::ops::ControlFlow;
use windlass_abi::native::FRAME_CONTEXT;
use windlass_abi::vm::{Activation, VMContext};

/// A frame on the way through an activation.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    pub(super) pc: *const u8,
    pc_is_return: bool,
    pub(super) fp: *mut u8,
    pub(super) context: *mut VMContext,
}

impl Cursor {
    /// Where the activation has left its code; `None` if it never was in any.
    ///
    /// # Safety
    /// The activation is linked.
    unsafe fn of(activation: *const Activation) -> Option<Cursor> {
        // SAFETY: the caller's promise.
        let Activation { pc, fp, context, pc_is_return, .. } = unsafe { activation.read() };
        (!pc.is_null()).then_some(Cursor { pc, pc_is_return, fp, context })
    }

    /// The caller's frame; `None` if the entry is the caller.
    ///
    /// # Safety
    /// This is a frame of the activation.
    unsafe fn caller(&self, activation: *const Activation) -> Option<Cursor> {
        // SAFETY: frames are a chain through their first word, which ends with the entry's.
        unsafe {
            let fp = self.fp.cast::<*mut u8>().read();
            if fp.addr() == (*activation).entry_sp.addr() + ENTRY_FRAME {
                return None;
            }
            let pc = self.fp.cast::<*const u8>().add(1).read();
            let context = fp.offset(FRAME_CONTEXT as isize).cast::<*mut VMContext>().read();
            Some(Cursor { pc, pc_is_return: true, fp, context })
        }
    }
}

/// Visits the frames of an activation, innermost first, until told to stop.
///
/// # Safety
/// The activation is linked in a store that this thread uses, and has left its code.
pub(super) unsafe fn walk(
    activation: *const Activation,
    mut visit: impl FnMut(&Cursor, &Place<'_>) -> ControlFlow<()>,
) {
    // SAFETY: the caller's promise; contexts of frames are live, and so is their modules' code.
    unsafe {
        let mut next = Cursor::of(activation);
        while let Some(cursor) = next {
            let place = NativeCode::of(cursor.context).place(cursor.pc, cursor.pc_is_return);
            let place = place.expect("frames of code are at places that its tables know");
            if visit(&cursor, &place).is_break() {
                return;
            }
            next = cursor.caller(activation);
        }
    }
}
