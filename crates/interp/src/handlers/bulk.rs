//! What moves many bytes or elements at once.
//!
//! The builtins check bounds, and stop long work when the guest is interrupted. Copies and fills within the
//! first memory that are short enough not to need that are done in place.

use super::instr::instrs;
use crate::machine::{Regs, units};
use windlass_abi::builtins::Status;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMFuncRef;

/// The longest copy or fill that is done without a look at the interrupt word, in bytes.
const SHORT: u32 = 1 << 20;

/// The operands of bulk instructions are 32-bit or 64-bit each: bit `i` of the last operand says which for operand `i`.
#[inline(always)]
unsafe fn wide(r: &Regs, at: usize, flags: u16) -> u64 {
    // SAFETY: the operand at `at` is a slot.
    unsafe { if flags >> (at - 1) & 1 != 0 { r.get::<u64>(at) } else { r.get::<u32>(at).into() } }
}

/// Goes on after a builtin.
macro_rules! finish {
    ($r:ident, $status:expr) => {
        match $status {
            Status::OK => $r.next(units(Self::OPERANDS)),
            status => $r.fail(status),
        }
    };
}

instrs! {
    /// `memory.copy` within the first memory, 32-bit and unshared: destination, source, length.
    FirstCopy "memory.copy" [Src, Src, Src] |r| {
        let (dst, src, len): (u32, u32, u32) = (r.get(1), r.get(2), r.get(3));
        if dst.max(src) as u64 + len as u64 > r.len as u64 {
            return r.trap(TrapCode::MemoryOutOfBounds);
        }
        if len > SHORT {
            r.save();
            return finish!(r, (r.builtins().memory_copy)(r.cx, 0, 0, dst.into(), src.into(), len.into()));
        }
        core::ptr::copy(r.mem.add(src as usize), r.mem.add(dst as usize), len as usize);
        r.next(units(Self::OPERANDS))
    }
    /// `memory.fill` of the first memory, 32-bit and unshared: destination, value, length.
    FirstFill "memory.fill" [Src, Src, Src] |r| {
        let (dst, value, len): (u32, u32, u32) = (r.get(1), r.get(2), r.get(3));
        if dst as u64 + len as u64 > r.len as u64 {
            return r.trap(TrapCode::MemoryOutOfBounds);
        }
        if len > SHORT {
            r.save();
            return finish!(r, (r.builtins().memory_fill)(r.cx, 0, dst.into(), value, len.into()));
        }
        core::ptr::write_bytes(r.mem.add(dst as usize), value as u8, len as usize);
        r.next(units(Self::OPERANDS))
    }
    /// `memory.copy`: destination, source, length, flags, memory of the destination, of the source.
    MemoryCopy "memory.copy" [Src, Src, Src, U16, U16, U16] |r| {
        r.save();
        let flags = r.unit(4);
        let (dst, src, len) = (wide(&r, 1, flags), wide(&r, 2, flags), wide(&r, 3, flags));
        finish!(r, (r.builtins().memory_copy)(r.cx, r.unit(5).into(), r.unit(6).into(), dst, src, len))
    }
    /// `memory.fill`: destination, value, length, flags, memory.
    MemoryFill "memory.fill" [Src, Src, Src, U16, U16] |r| {
        r.save();
        let flags = r.unit(4);
        let (dst, len) = (wide(&r, 1, flags), wide(&r, 3, flags));
        finish!(r, (r.builtins().memory_fill)(r.cx, r.unit(5).into(), dst, r.get(2), len))
    }
    /// `memory.init`: destination, source, length, flags, memory, segment.
    MemoryInit "memory.init" [Src, Src, Src, U16, U16, U32] |r| {
        r.save();
        let flags = r.unit(4);
        let (dst, src, len) = (wide(&r, 1, flags), wide(&r, 2, flags), wide(&r, 3, flags));
        finish!(r, (r.builtins().memory_init)(r.cx, r.unit(5).into(), r.u32(6), dst, src, len))
    }
    /// `data.drop`.
    DataDrop "data.drop" [U32] |r| {
        (r.builtins().data_drop)(r.cx, r.u32(1));
        r.next(units(Self::OPERANDS))
    }
    /// `table.copy`: destination, source, length, flags, table of the destination, of the source.
    TableCopy "table.copy" [Src, Src, Src, U16, U32, U32] |r| {
        r.save();
        let flags = r.unit(4);
        let (dst, src, len) = (wide(&r, 1, flags), wide(&r, 2, flags), wide(&r, 3, flags));
        finish!(r, (r.builtins().table_copy)(r.cx, r.u32(5), r.u32(7), dst, src, len))
    }
    /// `table.init`: destination, source, length, flags, table, segment.
    TableInit "table.init" [Src, Src, Src, U16, U32, U32] |r| {
        r.save();
        let flags = r.unit(4);
        let (dst, src, len) = (wide(&r, 1, flags), wide(&r, 2, flags), wide(&r, 3, flags));
        finish!(r, (r.builtins().table_init)(r.cx, r.u32(5), r.u32(7), dst, src, len))
    }
    /// `elem.drop`.
    ElemDrop "elem.drop" [U32] |r| {
        (r.builtins().elem_drop)(r.cx, r.u32(1));
        r.next(units(Self::OPERANDS))
    }
    /// `table.fill` of a table of functions: index, value, length, flags, table.
    TableFillFunc "table.fill" [Src, Src, Src, U16, U32] |r| {
        r.save();
        let flags = r.unit(4);
        let (index, len) = (wide(&r, 1, flags), wide(&r, 3, flags));
        let func: *const VMFuncRef = r.get(2);
        finish!(r, (r.builtins().table_fill_func)(r.cx, r.u32(5), index, func, len))
    }
    /// `table.fill` of a table of heap references: index, value, length, flags, table.
    TableFillGc "table.fill" [Src, Src, Src, U16, U32] |r| {
        r.save();
        let flags = r.unit(4);
        let (index, len) = (wide(&r, 1, flags), wide(&r, 3, flags));
        finish!(r, (r.builtins().table_fill_gc)(r.cx, r.u32(5), index, r.get(2), len))
    }
}
