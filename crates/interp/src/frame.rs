//! Frames: how they are laid out, made and left.
//!
//! ```text
//!   fp ─► slot 0            parameters, then the other locals; at return, the results
//!         …
//!         slot header       the return address
//!         slot header + 1   the caller's context
//!         slot header + 2   operand stack: each height has its home slot
//!         …
//!         frame size        the next activation's frames, if host code runs
//! ```
//!
//! `header` is the larger of the slots of all locals and of all results, so that results never touch it.
//! A caller puts arguments into the home slots of its operand stack; the callee's frame starts at the first of them.
//! There its results are when it returns. The distance of the two frames is the last unit of
//! every call instruction, just before the return address: so it need not be saved.
//!
//! A function's code starts with a prologue of four units, [`Prologue`], to which its code word points.

use crate::machine::{Next, Regs, Unit};
use core::ptr;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMContext;

/// Units of a function's prologue.
pub(crate) const PROLOGUE: usize = 4;

/// Slots of a frame's header.
pub(crate) const HEADER: usize = 2;

/// What a call needs to know of the function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prologue {
    /// Slot of the header.
    pub header: u16,
    /// Slots below the header that start as zero.
    pub zeroed: u16,
    /// Slots of the whole frame.
    pub size: u32,
}

impl Prologue {
    /// The prologue as code.
    pub fn to_units(self) -> [Unit; PROLOGUE] {
        let size = self.size.to_ne_bytes();
        [
            self.header,
            self.zeroed,
            Unit::from_ne_bytes([size[0], size[1]]),
            Unit::from_ne_bytes([size[2], size[3]]),
        ]
    }

    /// Reads the prologue of a function.
    ///
    /// # Safety
    /// `code` is what a code word of the interpreter points to.
    #[inline(always)]
    pub unsafe fn at(code: *const Unit) -> Prologue {
        // SAFETY: code words point to a prologue.
        unsafe {
            Prologue { header: *code, zeroed: *code.add(1), size: code.add(2).cast::<u32>().read_unaligned() }
        }
    }
}

/// A return address and the caller's context: a frame's header.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    pub return_to: *const Unit,
    pub caller: *mut VMContext,
}

impl Header {
    /// Reads the header of a frame.
    #[inline(always)]
    pub unsafe fn read(fp: *mut u64, header: u16) -> Header {
        // SAFETY: the caller names the header's slot of a frame that was entered.
        unsafe {
            let at = fp.add(header as usize);
            Header { return_to: *at.cast(), caller: *at.add(1).cast() }
        }
    }

    /// Writes the header of a frame.
    #[inline(always)]
    pub unsafe fn write(self, fp: *mut u64, header: u16) {
        // SAFETY: the caller has checked that the frame fits the stack.
        unsafe {
            let at = fp.add(header as usize);
            *at.cast() = self.return_to;
            *at.add(1).cast() = self.caller;
        }
    }

    /// The caller's frame, given the callee's.
    #[inline(always)]
    pub unsafe fn caller_frame(&self, fp: *mut u64) -> *mut u64 {
        // SAFETY: the unit before a return address is the distance of the frames.
        unsafe { fp.sub(*self.return_to.sub(1) as usize) }
    }
}

/// Whether a frame of `size` slots at `fp` fits the stack.
#[inline(always)]
pub(crate) unsafe fn fits(r: &Regs, fp: *mut u64, size: u32) -> bool {
    // SAFETY: the store is live.
    let limit = unsafe { (*r.store()).frames.limit };
    (limit as usize).wrapping_sub(fp as usize) as isize >= (size as isize) * 8
}

/// Makes a frame at `fp` for the function at `code` and goes to its first instruction; `r.cx` is still the caller's context.
#[inline(always)]
pub(crate) unsafe fn enter(
    mut r: Regs,
    code: *const Unit,
    fp: *mut u64,
    cx: *mut VMContext,
    header: Header,
) -> Next {
    // SAFETY: `code` comes from a code word or a function reference of `cx`; the frame is written only when it fits.
    unsafe {
        let prologue = Prologue::at(code);
        if !fits(&r, fp, prologue.size) {
            return r.trap(TrapCode::StackOverflow);
        }
        header.write(fp, prologue.header);
        let mut slot = fp.add((prologue.header - prologue.zeroed) as usize);
        let end = fp.add(prologue.header as usize);
        while slot != end {
            // Volatile, so that it stays a loop: a call of `memset` would cost every call a frame on the host's stack.
            ptr::write_volatile(slot, 0);
            slot = slot.add(1);
        }
        r.ip = code.add(PROLOGUE);
        r.fp = fp;
        if r.cx != cx {
            r.cx = cx;
            r.reload_memory();
        }
        r.go()
    }
}

/// Leaves the frame whose header is in slot `header`, and goes on after the call.
#[inline(always)]
pub(crate) unsafe fn leave(mut r: Regs, header: u16) -> Next {
    // SAFETY: the frame was entered through `enter`.
    unsafe {
        let header = Header::read(r.fp, header);
        r.ip = header.return_to;
        r.fp = header.caller_frame(r.fp);
        r.cx = header.caller;
        // The callee may have left the instance, or grown the memory for this one.
        r.reload_memory();
        r.go()
    }
}
