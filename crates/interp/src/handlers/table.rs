//! Tables: single elements, size and growth. What moves many elements is in [`super::bulk`].

use super::instr::instrs;
use super::memory::AddressType;
use crate::machine::{Instr, Next, Operand, Regs, units};
use core::marker::PhantomData;
use windlass_abi::builtins::Status;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::{VMFuncRef, VMTable};

/// The table whose place is the operand at `at`.
#[inline(always)]
pub(crate) unsafe fn table<const IMPORTED: bool>(r: &Regs, at: usize) -> *const VMTable {
    // SAFETY: the layout gave the place.
    unsafe { if IMPORTED { *r.in_context(r.u32(at)) } else { r.in_context(r.u32(at)) } }
}

/// -1 as a table or a memory that cannot grow says it, in the width of the index type.
#[inline(always)]
pub(crate) fn as_index<I: AddressType>(value: u64) -> u64 {
    if size_of::<I>() == 4 { value as u32 as u64 } else { value }
}

instrs! {
    /// `dst = table.size`; the operand is the table's place in the context.
    TableSize[const IMPORTED: bool] "table.size" [Dst, U32] |r| {
        let len = (*table::<IMPORTED>(&r, 2)).len as u64;
        r.set(1, len);
        r.next(units(Self::OPERANDS))
    }
    /// `dst = table[index]`, a function: index, table.
    TableGetFunc<I: AddressType> "table.get" [Dst, Src, U32] |r| {
        r.save();
        let found = (r.builtins().table_get_func)(r.cx, r.u32(3), r.get::<I>(2).into());
        if found.status != Status::OK {
            return r.fail(found.status);
        }
        r.set(1, found.func);
        r.next(units(Self::OPERANDS))
    }
    /// `table[index] = src`, a function: index, src, table.
    TableSetFunc<I: AddressType> "table.set" [Src, Src, U32] |r| {
        r.save();
        let func: *const VMFuncRef = r.get(2);
        match (r.builtins().table_set_func)(r.cx, r.u32(3), r.get::<I>(1).into(), func) {
            Status::OK => r.next(units(Self::OPERANDS)),
            status => r.fail(status),
        }
    }
    /// `dst = table.grow init, by`, a table of functions: init, by, table.
    TableGrowFunc<I: AddressType> "table.grow" [Dst, Src, Src, U32] |r| {
        r.save();
        let init: *const VMFuncRef = r.get(2);
        let result = (r.builtins().table_grow_func)(r.cx, r.u32(4), r.get::<I>(3).into(), init);
        if result.status != Status::OK {
            return r.fail(result.status);
        }
        r.set(1, as_index::<I>(result.value));
        r.next(units(Self::OPERANDS))
    }
    /// `dst = table.grow init, by`, a table of heap references: init, by, table.
    TableGrowGc<I: AddressType> "table.grow" [Dst, Src, Src, U32] |r| {
        r.save();
        let result = (r.builtins().table_grow_gc)(r.cx, r.u32(4), r.get::<I>(3).into(), r.get(2));
        if result.status != Status::OK {
            return r.fail(result.status);
        }
        r.set(1, as_index::<I>(result.value));
        r.next(units(Self::OPERANDS))
    }
}

/// `dst = table[index]`, a heap reference: index, table's place.
pub(crate) struct TableGetGc<I, const IMPORTED: bool>(PhantomData<I>);
impl<I: AddressType, const IMPORTED: bool> Instr for TableGetGc<I, IMPORTED> {
    const NAME: &'static str = "table.get";
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::U32];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the index is below the length.
        unsafe {
            let table = table::<IMPORTED>(&r, 3);
            let index: u64 = r.get::<I>(2).into();
            if index >= (*table).len as u64 {
                return r.trap(TrapCode::TableOutOfBounds);
            }
            r.set(1, *(*table).base.cast::<u32>().add(index as usize));
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `table[index] = src`, a heap reference: index, src, table's place.
pub(crate) struct TableSetGc<I, const IMPORTED: bool>(PhantomData<I>);
impl<I: AddressType, const IMPORTED: bool> Instr for TableSetGc<I, IMPORTED> {
    const NAME: &'static str = "table.set";
    const OPERANDS: &'static [Operand] = &[Operand::Src, Operand::Src, Operand::U32];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the index is below the length.
        unsafe {
            let table = table::<IMPORTED>(&r, 3);
            let index: u64 = r.get::<I>(1).into();
            if index >= (*table).len as u64 {
                return r.trap(TrapCode::TableOutOfBounds);
            }
            *(*table).base.cast::<u32>().add(index as usize) = r.get(2);
            r.next(units(Self::OPERANDS))
        }
    }
}
