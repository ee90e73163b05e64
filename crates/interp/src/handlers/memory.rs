//! Loads and stores.
//!
//! Two families. The fast one is for the first memory when it is 32-bit and not shared: its base and
//! length are registers. The general one takes any memory by number; its address may be 64-bit,
//! and a shared memory is accessed by relaxed atomics.

use super::source::{Slot, Source};
use crate::machine::{AccValue, Instr, Next, Operand, Regs, Value, units};
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};
use windlass_abi::num::V128;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMMemory;

/// A type of bytes in memory, little-endian there.
pub(crate) trait Raw: Copy {
    /// Reads at any alignment.
    unsafe fn load(at: *const u8) -> Self;
    /// Writes at any alignment.
    unsafe fn store(self, at: *mut u8);
    /// Reads from memory that other threads may write at the same time.
    unsafe fn load_shared(at: *const u8) -> Self;
    /// Writes to memory that other threads may read or write at the same time.
    unsafe fn store_shared(self, at: *mut u8);
}

macro_rules! raw {
    ($($ty:ty, $atomic:ty;)*) => { $(
        impl Raw for $ty {
            #[inline(always)]
            unsafe fn load(at: *const u8) -> Self {
                // SAFETY: the caller has checked the bounds.
                <$ty>::from_le(unsafe { at.cast::<$ty>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(self, at: *mut u8) {
                // SAFETY: the caller has checked the bounds.
                unsafe { at.cast::<$ty>().write_unaligned(self.to_le()) }
            }
            #[inline]
            unsafe fn load_shared(at: *const u8) -> Self {
                if at.cast::<$atomic>().is_aligned() {
                    // SAFETY: in bounds and aligned; every access to a shared memory is atomic.
                    return <$ty>::from_le(unsafe { (*at.cast::<$atomic>()).load(Relaxed) });
                }
                let mut bytes = [0u8; size_of::<$ty>()];
                for (i, b) in bytes.iter_mut().enumerate() {
                    // SAFETY: in bounds.
                    *b = unsafe { (*at.add(i).cast::<AtomicU8>()).load(Relaxed) };
                }
                <$ty>::from_le_bytes(bytes)
            }
            #[inline]
            unsafe fn store_shared(self, at: *mut u8) {
                if at.cast::<$atomic>().is_aligned() {
                    // SAFETY: in bounds and aligned; every access to a shared memory is atomic.
                    return unsafe { (*at.cast::<$atomic>()).store(self.to_le(), Relaxed) };
                }
                for (i, b) in self.to_le_bytes().into_iter().enumerate() {
                    // SAFETY: in bounds.
                    unsafe { (*at.add(i).cast::<AtomicU8>()).store(b, Relaxed) };
                }
            }
        }
    )* };
}
raw! { u8, AtomicU8; u16, AtomicU16; u32, AtomicU32; u64, AtomicU64; }

impl Raw for V128 {
    #[inline(always)]
    unsafe fn load(at: *const u8) -> Self {
        // SAFETY: the caller has checked the bounds.
        unsafe { at.cast::<V128>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        // SAFETY: the caller has checked the bounds.
        unsafe { at.cast::<V128>().write_unaligned(self) }
    }
    #[inline(always)]
    unsafe fn load_shared(at: *const u8) -> Self {
        let mut bytes = [0; 16];
        for i in [0, 8] {
            // SAFETY: the caller has checked the bounds.
            let half = unsafe { u64::load_shared(at.add(i)) };
            bytes[i..i + 8].copy_from_slice(&half.to_le_bytes());
        }
        V128(bytes)
    }
    #[inline(always)]
    unsafe fn store_shared(self, at: *mut u8) {
        for i in [0, 8] {
            let half = u64::from_le_bytes(self.0[i..i + 8].try_into().expect("8 bytes"));
            // SAFETY: the caller has checked the bounds.
            unsafe { half.store_shared(at.add(i)) };
        }
    }
}

/// What a load makes of the bytes.
pub(crate) trait LoadOp {
    /// The bytes.
    type Raw: Raw;
    /// The value.
    type Out: Value;
    /// The operator's name.
    const NAME: &'static str;
    /// The value of the bytes.
    fn extend(raw: Self::Raw) -> Self::Out;
}

/// What a store makes of the value.
pub(crate) trait StoreOp {
    /// The bytes.
    type Raw: Raw;
    /// The value.
    type In: Value;
    /// The operator's name.
    const NAME: &'static str;
    /// The bytes of the value.
    fn wrap(value: Self::In) -> Self::Raw;
}

macro_rules! load_ops {
    ($($op:ident $name:literal $raw:ty => $out:ty = |$v:ident| $extend:expr;)*) => {
        /// The loads. A zero-extending load to i64 is the one to i32.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(clippy::enum_variant_names, reason = "named as the operators")]
        #[repr(u16)]
        pub(crate) enum Load { $($op),* }
        /// A type for each load, to instantiate instructions with.
        pub(crate) mod load {
            use super::*;
            $(pub(crate) struct $op;
            impl LoadOp for $op {
                type Raw = $raw;
                type Out = $out;
                const NAME: &'static str = $name;
                #[inline(always)]
                fn extend($v: $raw) -> $out { $extend }
            })*
        }
        /// Calls `$callback` with the names of the loads.
        macro_rules! for_each_load { ($callback:ident) => { $callback! { $($op)* } }; }
        pub(crate) use for_each_load;
    };
}
load_ops! {
    I32Load "i32.load" u32 => u32 = |v| v;
    I32Load8S "i32.load8_s" u8 => u32 = |v| v as i8 as u32;
    I32Load8U "i32.load8_u" u8 => u32 = |v| v as u32;
    I32Load16S "i32.load16_s" u16 => u32 = |v| v as i16 as u32;
    I32Load16U "i32.load16_u" u16 => u32 = |v| v as u32;
    I64Load "i64.load" u64 => u64 = |v| v;
    I64Load8S "i64.load8_s" u8 => u64 = |v| v as i8 as u64;
    I64Load16S "i64.load16_s" u16 => u64 = |v| v as i16 as u64;
    I64Load32S "i64.load32_s" u32 => u64 = |v| v as i32 as u64;
    F32Load "f32.load" u32 => f32 = |v| f32::from_bits(v);
    F64Load "f64.load" u64 => f64 = |v| f64::from_bits(v);
}

macro_rules! store_ops {
    ($($op:ident $name:literal $in:ty => $raw:ty = |$v:ident| $wrap:expr;)*) => {
        /// The stores. A narrow store of an i64 is the one of an i32.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(clippy::enum_variant_names, reason = "named as the operators")]
        #[repr(u16)]
        pub(crate) enum Store { $($op),* }
        /// A type for each store, to instantiate instructions with.
        pub(crate) mod store {
            use super::*;
            $(pub(crate) struct $op;
            impl StoreOp for $op {
                type Raw = $raw;
                type In = $in;
                const NAME: &'static str = $name;
                #[inline(always)]
                fn wrap($v: $in) -> $raw { $wrap }
            })*
        }
        /// Calls `$callback` with the names of the stores.
        macro_rules! for_each_store { ($callback:ident) => { $callback! { $($op)* } }; }
        pub(crate) use for_each_store;
    };
}
store_ops! {
    I32Store "i32.store" u32 => u32 = |v| v;
    I32Store8 "i32.store8" u32 => u8 = |v| v as u8;
    I32Store16 "i32.store16" u32 => u16 = |v| v as u16;
    I64Store "i64.store" u64 => u64 = |v| v;
    F32Store "f32.store" f32 => u32 = |v| v.to_bits();
    F64Store "f64.store" f64 => u64 = |v| v.to_bits();
}

/// Where an access of the fast family takes its address from.
pub(crate) trait Address {
    /// Its first operand.
    const A: Operand;
    /// Its second operand.
    const B: Operand;
    /// The address before the offset is added; operands start at `at`.
    unsafe fn get(r: &Regs, at: usize) -> u32;
}

/// The address is a value.
pub(crate) struct Base<S>(PhantomData<S>);
impl<S: Source<u32>> Address for Base<S> {
    const A: Operand = S::OPERAND;
    const B: Operand = Operand::None;
    #[inline(always)]
    unsafe fn get(r: &Regs, at: usize) -> u32 {
        // SAFETY: the caller is an instruction with this operand.
        unsafe { S::get(r, at) }
    }
}

/// The address is a sum of two values, which wraps.
pub(crate) struct Sum<S>(PhantomData<S>);
impl<S: Source<u32>> Address for Sum<S> {
    const A: Operand = S::OPERAND;
    const B: Operand = Operand::Src;
    #[inline(always)]
    unsafe fn get(r: &Regs, at: usize) -> u32 {
        // SAFETY: the caller is an instruction with these operands.
        unsafe { S::get(r, at).wrapping_add(<Slot as Source<u32>>::get(r, at + S::OPERAND.units())) }
    }
}

/// The address is the sum of a value and a constant, which wraps: unlike that with the offset.
pub(crate) struct Displaced<S>(PhantomData<S>);
impl<S: Source<u32>> Address for Displaced<S> {
    const A: Operand = S::OPERAND;
    const B: Operand = Operand::I32;
    #[inline(always)]
    unsafe fn get(r: &Regs, at: usize) -> u32 {
        // SAFETY: the caller is an instruction with these operands.
        unsafe { S::get(r, at).wrapping_add(r.u32(at + S::OPERAND.units())) }
    }
}

/// The offset is the whole address.
pub(crate) struct Absolute;
impl Address for Absolute {
    const A: Operand = Operand::None;
    const B: Operand = Operand::None;
    #[inline(always)]
    unsafe fn get(_: &Regs, _: usize) -> u32 {
        0
    }
}

/// The address of an access of `size` bytes in the first memory, or `None` if it is out of bounds.
#[inline(always)]
pub(super) unsafe fn in_first(r: &Regs, address: u32, offset: u32, size: usize) -> Option<*mut u8> {
    let end = address as u64 + offset as u64 + size as u64;
    if end > r.len as u64 {
        return None;
    }
    // SAFETY: below the length of the memory.
    Some(unsafe { r.mem.add((end - size as u64) as usize) })
}

/// `dst = load [address + offset]` from the first memory; without `KEEP` into the accumulator only.
pub(crate) struct FastLoad<L, A, const KEEP: bool = true>(PhantomData<(L, A)>);
impl<L: LoadOp, A: Address, const KEEP: bool> Instr for FastLoad<L, A, KEEP> {
    const NAME: &'static str = L::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::result(KEEP), A::A, A::B, Operand::U32];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds.
        unsafe {
            let at = 2 + A::A.units() + A::B.units();
            let Some(p) = in_first(&r, A::get(&r, 2), r.u32(at), size_of::<L::Raw>()) else {
                return r.trap(TrapCode::MemoryOutOfBounds);
            };
            r.give::<_, KEEP>(1, L::extend(L::Raw::load(p)));
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `store [address + offset], value` to the first memory.
pub(crate) struct FastStore<S, A, V>(PhantomData<(S, A, V)>);
impl<S: StoreOp, A: Address, V: Source<S::In>> Instr for FastStore<S, A, V> {
    const NAME: &'static str = S::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::U32, A::A, A::B, V::OPERAND];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds.
        unsafe {
            let value = V::get(&r, 3 + A::A.units() + A::B.units());
            let Some(p) = in_first(&r, A::get(&r, 3), r.u32(1), size_of::<S::Raw>()) else {
                return r.trap(TrapCode::MemoryOutOfBounds);
            };
            S::wrap(value).store(p);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// A type of addresses of the general family: `u32` or `u64`.
pub(crate) trait AddressType: AccValue + Into<u64> {}
impl AddressType for u32 {}
impl AddressType for u64 {}

/// A memory by number, as the general family sees it.
pub(crate) struct AnyMemory {
    base: *mut u8,
    len: usize,
    /// Whether other threads may access it.
    pub shared: bool,
}

impl AnyMemory {
    /// The memory of the context.
    #[inline(always)]
    pub unsafe fn of(r: &Regs, memory: u16) -> AnyMemory {
        // SAFETY: validated memory numbers are below the context's count; the pointer to a shared
        // memory's length lives as long as the store.
        unsafe {
            let m: *const VMMemory = (&raw const (*r.cx).memory0).add(memory as usize);
            let shared = !(*m).shared_len.is_null();
            let len = if shared {
                (*(*m).shared_len).load(core::sync::atomic::Ordering::Acquire)
            } else {
                (*m).len
            };
            AnyMemory { base: (*m).base, len, shared }
        }
    }

    /// The address of an access of `size` bytes, or `None` if it is out of bounds.
    #[inline(always)]
    pub fn at(&self, address: u64, offset: u64, size: usize) -> Option<*mut u8> {
        let start = address.checked_add(offset)?;
        let end = start.checked_add(size as u64)?;
        // `wrapping_add`: below the length, so it stays in the memory.
        (end <= self.len as u64).then(|| self.base.wrapping_add(start as usize))
    }
}

/// `dst = load memory [address + offset]` from any memory.
pub(crate) struct AnyLoad<L, I>(PhantomData<(L, I)>);
impl<L: LoadOp, I: AddressType> Instr for AnyLoad<L, I> {
    const NAME: &'static str = L::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds.
        unsafe {
            let memory = AnyMemory::of(&r, r.unit(3));
            let Some(p) = memory.at(r.get::<I>(2).into(), r.u64(4), size_of::<L::Raw>()) else {
                return r.trap(TrapCode::MemoryOutOfBounds);
            };
            let raw = if memory.shared { L::Raw::load_shared(p) } else { L::Raw::load(p) };
            r.set(1, L::extend(raw));
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `store memory [address + offset], value` to any memory.
pub(crate) struct AnyStore<S, I>(PhantomData<(S, I)>);
impl<S: StoreOp, I: AddressType> Instr for AnyStore<S, I> {
    const NAME: &'static str = S::NAME;
    const OPERANDS: &'static [Operand] = &[Operand::Src, Operand::Src, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds.
        unsafe {
            let memory = AnyMemory::of(&r, r.unit(3));
            let Some(p) = memory.at(r.get::<I>(1).into(), r.u64(4), size_of::<S::Raw>()) else {
                return r.trap(TrapCode::MemoryOutOfBounds);
            };
            let raw = S::wrap(r.get(2));
            if memory.shared {
                raw.store_shared(p)
            } else {
                raw.store(p)
            }
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `dst = memory.size`, in pages of the binary logarithm given.
pub(crate) struct MemorySize;
impl Instr for MemorySize {
    const NAME: &'static str = "memory.size";
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::U16, Operand::U16];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says.
        unsafe {
            let memory = AnyMemory::of(&r, r.unit(2));
            r.set(1, (memory.len >> r.unit(3)) as u64);
            r.next(units(Self::OPERANDS))
        }
    }
}

/// `dst = memory.grow by`; `I` is the address type.
pub(crate) struct MemoryGrow<I>(PhantomData<I>);
impl<I: AddressType> Instr for MemoryGrow<I> {
    const NAME: &'static str = "memory.grow";
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::U16];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the position is saved.
        unsafe {
            r.save();
            let result = (r.builtins().memory_grow)(r.cx, r.unit(3).into(), r.get::<I>(2).into());
            if result.status != windlass_abi::builtins::Status::OK {
                return r.fail(result.status);
            }
            r.reload_memory();
            // -1 is the same number in both address types, cut to the width.
            let mask = if size_of::<I>() == 4 { u32::MAX as u64 } else { u64::MAX };
            r.set(1, result.value & mask);
            r.next(units(Self::OPERANDS))
        }
    }
}
