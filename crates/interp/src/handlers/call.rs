//! Calls, tail calls, returns, and calls of host functions.
//!
//! The last operand of each call is the distance of the callee's frame: see [`crate::frame`].

use super::instr::instrs;
use super::memory::AddressType;
use super::source::Source;
use crate::frame::{self, Header};
use crate::machine::{AccValue, Any, Instr, Next, OPCODE, Operand, Regs, Unit, Value, save_position, units};
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::sync::atomic::Ordering::Relaxed;
use windlass_abi::builtins::{Status, VMFuncResult};
use windlass_abi::trap::TrapCode;
use windlass_abi::types::{Signature, ValKind};
use windlass_abi::vm::{
    ContextKind, VMContext, VMFuncRef, VMHostContext, VMImportedFunc, VMTable, VMTableFunc, ValRaw,
};

/// What a call goes to.
#[derive(Clone, Copy)]
pub(crate) struct Callee {
    code: *const Unit,
    cx: *mut VMContext,
}

impl Callee {
    unsafe fn of(func: *const VMFuncRef) -> Callee {
        // SAFETY: function references live as long as the store.
        unsafe { Callee { code: (*func).code.cast(), cx: (*func).context } }
    }

    unsafe fn own(r: &Regs, function: u32) -> Callee {
        // SAFETY: the module has a code word for each of its functions.
        // Relaxed: whoever replaces a word has published the code, and code is reached by this load's value alone.
        unsafe {
            let word = (*(*r.cx).code_words.add(function as usize)).load(Relaxed);
            Callee { code: word.cast(), cx: r.cx }
        }
    }

    unsafe fn imported(r: &Regs, offset: u32) -> Callee {
        // SAFETY: the layout gave the offset.
        unsafe {
            let import = r.in_context::<VMImportedFunc>(offset);
            Callee { code: (*import).code.cast(), cx: (*import).context }
        }
    }
}

/// Calls; the instruction takes `size` units, the last of which is the distance.
#[inline(always)]
unsafe fn call(r: Regs, callee: Callee, size: usize) -> Next {
    // SAFETY: the arguments are in the slots where the callee's frame starts.
    unsafe {
        let fp = r.fp.add(r.unit(size - OPCODE) as usize);
        let header = Header { return_to: r.ip.add(size), caller: r.cx };
        frame::enter(r, callee.code, fp, callee.cx, header)
    }
}

/// Calls in place of the current function; the instruction takes `size` units, the last three of which are the slots
/// of the arguments, the slot of the header, and where the arguments are now.
#[inline(always)]
unsafe fn tail_call(r: Regs, callee: Callee, size: usize) -> Next {
    // SAFETY: the header is read before anything is written over it, and nothing is written unless the
    // callee's frame fits. Arguments lie above the header, so moving them down in ascending order is safe.
    unsafe {
        if (*callee.cx).kind == ContextKind::Host {
            // A host function is called; what follows the instruction returns its results.
            return call(r, callee, size);
        }
        let last = size - OPCODE;
        let header = Header::read(r.fp, r.unit(last - 1));
        if !frame::fits(&r, r.fp, frame::Prologue::at(callee.code).size) {
            return r.trap(TrapCode::StackOverflow);
        }
        let from = r.fp.add(r.unit(last) as usize);
        for i in 0..r.unit(last - 2) as usize {
            Any::read(from.add(i)).write(r.fp.add(i));
        }
        frame::enter(r, callee.code, r.fp, callee.cx, header)
    }
}

instrs! {
    /// Calls one of the module's own functions, by its number among them.
    Call "call" [U32, U16] |r| { call(r, Callee::own(&r, r.u32(1)), units(Self::OPERANDS)) }
    /// Calls an imported function, by the offset of its import in the context.
    CallImport "call.import" [U32, U16] |r| { call(r, Callee::imported(&r, r.u32(1)), units(Self::OPERANDS)) }
    /// Calls a reference.
    CallRef "call_ref" [Src, U16] |r| {
        let func: *const VMFuncRef = r.get(1);
        if func.is_null() {
            return r.trap(TrapCode::NullFunctionReference);
        }
        call(r, Callee::of(func), units(Self::OPERANDS))
    }
    /// Calls one of the module's own functions in place of this one.
    ReturnCall "return_call" [U32, U16, U16, U16] |r| {
        tail_call(r, Callee::own(&r, r.u32(1)), units(Self::OPERANDS))
    }
    /// Calls an imported function in place of this one.
    ReturnCallImport "return_call.import" [U32, U16, U16, U16] |r| {
        tail_call(r, Callee::imported(&r, r.u32(1)), units(Self::OPERANDS))
    }
    /// Calls a reference in place of this function.
    ReturnCallRef "return_call_ref" [Src, U16, U16, U16] |r| {
        let func: *const VMFuncRef = r.get(1);
        if func.is_null() {
            return r.trap(TrapCode::NullFunctionReference);
        }
        tail_call(r, Callee::of(func), units(Self::OPERANDS))
    }
    /// Returns; results, if any, are in place.
    Return "return" [U16] |r| { frame::leave(r, r.unit(1)) }
    /// Returns one result that needs no accumulator: a reference.
    ReturnAny "return" [U16, Src] |r| {
        let v: Any = r.get(2);
        v.write(r.fp);
        frame::leave(r, r.unit(1))
    }
    /// Where an activation's first frame returns to.
    Exit "exit" [] |r| { r.end(Status::OK) }
    /// The body of a host function: calls it. The operands are the slot of the header, and the size of the frame.
    Host "host" [U16, U16] |r| { host(r) }
}

/// Returns one result of a class that has an accumulator.
pub(crate) struct ReturnValue<T, S>(PhantomData<(T, S)>);
impl<T: AccValue, S: Source<T>> Instr for ReturnValue<T, S> {
    const NAME: &'static str = "return";
    const OPERANDS: &'static [Operand] = &[Operand::U16, S::OPERAND];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; slot 0 is the first result's.
        unsafe {
            let v = S::get(&r, 2);
            v.write(r.fp);
            v.to_acc(&mut r);
            frame::leave(r, r.unit(1))
        }
    }
}

/// A table element called: the way that most calls take. `None`: look at it slowly.
/// Operands from unit 1: index, table's place, type, table.
#[inline(always)]
unsafe fn quick_element<I: AddressType, const IMPORTED: bool>(r: &Regs) -> Option<Callee> {
    // SAFETY: the layout gave the place; the index is compared with the length.
    unsafe {
        let table: *const VMTable = if IMPORTED { *r.in_context(r.u32(2)) } else { r.in_context(r.u32(2)) };
        let index: u64 = r.get::<I>(1).into();
        if index >= (*table).len as u64 {
            return None;
        }
        let element = (*table).base.cast::<VMTableFunc>().add(index as usize);
        if (*element).type_id != *(*r.cx).type_ids.add(r.u32(4) as usize) {
            return None;
        }
        Some(Callee { code: (*element).code.cast(), cx: (*element).context })
    }
}

/// A table element called, with all that can be the matter with it: the reference, or null and a status.
///
/// A function of its own that takes and gives plain numbers, because a handler that goes on by a jump must not have
/// anything in its frame. The position has been saved.
#[inline(never)]
unsafe fn slow_element(cx: *mut VMContext, table: u32, index: u64, ty: u32) -> VMFuncResult {
    let failed = |code| VMFuncResult { func: core::ptr::null(), status: Status::trap(code) };
    // SAFETY: the context is live; the type's index is below the module's count.
    unsafe {
        let builtins = &*(*(*cx).store).builtins;
        let found = (builtins.table_get_func)(cx, table, index);
        if found.status == Status::trap(TrapCode::TableOutOfBounds) {
            return failed(TrapCode::UndefinedElement);
        }
        if found.status != Status::OK {
            return found;
        }
        if found.func.is_null() {
            return failed(TrapCode::UninitializedElement);
        }
        let expected = *(*cx).type_ids.add(ty as usize);
        let actual = (*found.func).type_id;
        if actual != expected && (builtins.is_subtype)(cx, actual, expected) == 0 {
            return failed(TrapCode::BadSignature);
        }
        found
    }
}

/// `call_indirect`, or with `TAIL` `return_call_indirect`: index, table's place, type, table; then as the other calls.
pub(crate) struct CallIndirect<I, const IMPORTED: bool, const TAIL: bool>(PhantomData<I>);
impl<I: AddressType, const IMPORTED: bool, const TAIL: bool> Instr for CallIndirect<I, IMPORTED, TAIL> {
    const NAME: &'static str = if TAIL { "return_call_indirect" } else { "call_indirect" };
    const OPERANDS: &'static [Operand] = if TAIL {
        &[Operand::Src, Operand::U32, Operand::U32, Operand::U32, Operand::U16, Operand::U16, Operand::U16]
    } else {
        &[Operand::Src, Operand::U32, Operand::U32, Operand::U32, Operand::U16]
    };
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            match quick_element::<I, IMPORTED>(&r) {
                Some(callee) if TAIL => tail_call(r, callee, units(Self::OPERANDS)),
                Some(callee) => call(r, callee, units(Self::OPERANDS)),
                None => r.jump::<SlowCallIndirect<I, TAIL>>(),
            }
        }
    }
}

/// Goes on after [`CallIndirect`] did not find what it wanted at once. Not in the table.
pub(crate) struct SlowCallIndirect<I, const TAIL: bool>(PhantomData<I>);
impl<I: AddressType, const TAIL: bool> Instr for SlowCallIndirect<I, TAIL> {
    const NAME: &'static str = CallIndirect::<I, false, TAIL>::NAME;
    const OPERANDS: &'static [Operand] = CallIndirect::<I, false, TAIL>::OPERANDS;
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            r.save();
            let found = slow_element(r.cx, r.u32(6), r.get::<I>(1).into(), r.u32(4));
            if found.status != Status::OK {
                return r.fail(found.status);
            }
            let callee = Callee::of(found.func);
            if TAIL {
                tail_call(r, callee, units(Self::OPERANDS))
            } else {
                call(r, callee, units(Self::OPERANDS))
            }
        }
    }
}

/// Values that a host call passes without allocating.
const INLINE_VALUES: usize = 16;

/// Calls the host function whose context is `r.cx` and returns to the caller.
#[inline(always)]
unsafe fn host(mut r: Regs) -> Next {
    // SAFETY: the code of a host function is only entered with its context.
    unsafe {
        let status = call_host(r.cx.cast(), r.fp, r.unit(1), r.unit(2));
        if status != Status::OK {
            return r.fail(status);
        }
        // What the host function did not return, these make of whatever the slot holds: nobody looks at it.
        r.acc = u64::read(r.fp);
        r.acc32 = f32::read(r.fp);
        r.acc64 = f64::read(r.fp);
        frame::leave(r, r.unit(1))
    }
}

/// Calls a host function. A function of its own, because the arrays of values must not be in
/// the frame of a handler that goes on by a jump.
#[inline(never)]
unsafe fn call_host(host: *mut VMHostContext, fp: *mut u64, header: u16, size: u16) -> Status {
    // SAFETY: the frame holds the parameters, and has room for the results.
    unsafe {
        let signature: &Signature = &*(*host).signature;
        let header = Header::read(fp, header);
        let store = (*host).header.store;
        let caller_frame = header.caller_frame(fp);
        save_position((*store).activation, header.return_to, caller_frame, header.caller, true);
        let top = (*store).frames.top;
        (*store).frames.top = fp.add(size as usize);
        let count = signature.params.len().max(signature.results.len());
        let status = if count <= INLINE_VALUES {
            let mut values = [ValRaw { i64: 0 }; INLINE_VALUES];
            exchange(host, header.caller, signature, fp, values.as_mut_ptr())
        } else {
            let mut values: Vec<ValRaw> = alloc::vec![ValRaw { i64: 0 }; count];
            exchange(host, header.caller, signature, fp, values.as_mut_ptr())
        };
        (*store).frames.top = top;
        status
    }
}

/// Calls a host function with the parameters in slots, and leaves its results in them.
#[inline(always)]
unsafe fn exchange(
    host: *mut VMHostContext,
    caller: *mut VMContext,
    signature: &Signature,
    slots: *mut u64,
    values: *mut ValRaw,
) -> Status {
    // SAFETY: `values` has room for parameters and results, `slots` too.
    unsafe {
        to_values(&signature.params, slots, values);
        let status = ((*host).call)(host, caller, values);
        if status == Status::OK {
            from_values(&signature.results, values, slots);
        }
        status
    }
}

/// Copies values from slots to an array.
pub(crate) unsafe fn to_values(kinds: &[ValKind], mut slots: *const u64, values: *mut ValRaw) {
    for (i, kind) in kinds.iter().enumerate() {
        // SAFETY: the caller gives as many slots and values as the kinds say.
        unsafe {
            *values.add(i) = match kind {
                // The upper half of a slot that holds an i32 is not defined: `i32.wrap_i64` leaves it.
                ValKind::I32 | ValKind::F32 | ValKind::Gc => ValRaw { i32: *slots as u32 as u64 },
                ValKind::I64 | ValKind::F64 => ValRaw { i64: *slots },
                ValKind::Func => ValRaw { func: <*const VMFuncRef as Value>::read(slots) },
                ValKind::V128 => ValRaw { v128: windlass_abi::num::V128::read(slots).0 },
            };
            slots = slots.add(kind.slots());
        }
    }
}

/// Copies values from an array to slots.
pub(crate) unsafe fn from_values(kinds: &[ValKind], values: *const ValRaw, mut slots: *mut u64) {
    for (i, kind) in kinds.iter().enumerate() {
        // SAFETY: the caller gives as many slots and values as the kinds say.
        unsafe {
            let value = *values.add(i);
            match kind {
                ValKind::I32 | ValKind::F32 | ValKind::Gc => *slots = value.i32 as u32 as u64,
                ValKind::I64 | ValKind::F64 => *slots = value.i64,
                ValKind::Func => value.func.write(slots),
                ValKind::V128 => windlass_abi::num::V128(value.v128).write(slots),
            }
            slots = slots.add(kind.slots());
        }
    }
}
