//! Loads and stores of vectors. Those of whole vectors are the instructions of [`super::memory`];
//! those of a lane are here, in the same two families.

use super::memory::{AddressType, AnyMemory, LoadOp, Raw, StoreOp, in_first};
use super::simd::Named;
use crate::machine::{Instr, Next, Operand, Regs, units};
use core::marker::PhantomData;
use windlass_abi::num::V128;
use windlass_abi::trap::TrapCode;

/// `v128.load`.
pub(crate) struct V128Load;
impl LoadOp for V128Load {
    type Raw = V128;
    type Out = V128;
    const NAME: &'static str = "v128.load";
    #[inline(always)]
    fn extend(raw: V128) -> V128 {
        raw
    }
}

/// `v128.store`.
pub(crate) struct V128Store;
impl StoreOp for V128Store {
    type Raw = V128;
    type In = V128;
    const NAME: &'static str = "v128.store";
    #[inline(always)]
    fn wrap(value: V128) -> V128 {
        value
    }
}

/// What a load of a lane means.
pub(crate) trait LaneLoad: Named {
    /// The bytes.
    type Raw: Raw;
    /// The vector with the lane replaced by the bytes.
    fn eval(a: V128, raw: Self::Raw, lane: u8) -> V128;
}

/// What a store of a lane means.
pub(crate) trait LaneStore: Named {
    /// The bytes.
    type Raw: Raw;
    /// The bytes of the lane.
    fn eval(a: V128, lane: u8) -> Self::Raw;
}

/// `dst = a with [lane] = load [address + offset]` from the first memory.
pub(crate) struct FastLoadLane<O>(PhantomData<O>);
impl<O: LaneLoad> Instr for FastLoadLane<O> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] =
        &[Operand::Dst, Operand::Src, Operand::Src, Operand::U16, Operand::U32];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds.
        unsafe {
            let Some(p) = in_first(&r, r.get(2), r.u32(5), size_of::<O::Raw>()) else {
                return r.trap(TrapCode::MemoryOutOfBounds);
            };
            let v = O::eval(r.get(3), O::Raw::load(p), r.unit(4) as u8);
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `store [address + offset], a[lane]` to the first memory.
pub(crate) struct FastStoreLane<O>(PhantomData<O>);
impl<O: LaneStore> Instr for FastStoreLane<O> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Src, Operand::Src, Operand::U16, Operand::U32];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds.
        unsafe {
            let Some(p) = in_first(&r, r.get(1), r.u32(4), size_of::<O::Raw>()) else {
                return r.trap(TrapCode::MemoryOutOfBounds);
            };
            O::eval(r.get(2), r.unit(3) as u8).store(p);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `dst = a with [lane] = load memory [address + offset]` from any memory.
pub(crate) struct AnyLoadLane<O, I>(PhantomData<(O, I)>);
impl<O: LaneLoad, I: AddressType> Instr for AnyLoadLane<O, I> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] =
        &[Operand::Dst, Operand::Src, Operand::Src, Operand::U16, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds.
        unsafe {
            let memory = AnyMemory::of(&r, r.unit(5));
            let Some(p) = memory.at(r.get::<I>(2).into(), r.u64(6), size_of::<O::Raw>()) else {
                return r.trap(TrapCode::MemoryOutOfBounds);
            };
            let raw = if memory.shared { O::Raw::load_shared(p) } else { O::Raw::load(p) };
            let v = O::eval(r.get(3), raw, r.unit(4) as u8);
            r.set(1, v);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `store memory [address + offset], a[lane]` to any memory.
pub(crate) struct AnyStoreLane<O, I>(PhantomData<(O, I)>);
impl<O: LaneStore, I: AddressType> Instr for AnyStoreLane<O, I> {
    const NAME: &'static str = O::NAME;
    const OPERANDS: &'static [Operand] =
        &[Operand::Src, Operand::Src, Operand::U16, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds.
        unsafe {
            let memory = AnyMemory::of(&r, r.unit(4));
            let Some(p) = memory.at(r.get::<I>(1).into(), r.u64(5), size_of::<O::Raw>()) else {
                return r.trap(TrapCode::MemoryOutOfBounds);
            };
            let raw = O::eval(r.get(2), r.unit(3) as u8);
            if memory.shared {
                raw.store_shared(p)
            } else {
                raw.store(p)
            }
            r.next(units(Self::OPERANDS))
        }
    }
}
