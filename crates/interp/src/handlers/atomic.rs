//! Atomic accesses, wait and notify.
//!
//! All are sequentially consistent, and atomic operations of the host even on a memory that is not shared.
//! They take any memory by number. An address that is both out of bounds and not aligned to the access is
//! reported as not aligned. A narrow access of an i64 is the one of an i32: both extend with zeros.

use super::instr::instrs;
use super::memory::{AddressType, AnyMemory};
use crate::machine::{AccValue, Instr, Next, Operand, Regs, units};
use core::marker::PhantomData;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, fence};
use windlass_abi::builtins::{Status, VMResult};
use windlass_abi::trap::TrapCode;

/// A number in memory that is accessed atomically; little-endian there.
pub(crate) trait Atom: Copy {
    /// The type of its values in slots.
    type Value: AccValue;
    /// Its position among the widths 8, 16, 32 and 64: the binary logarithm of its bytes.
    const WIDTH: usize;

    /// The value of the number.
    fn extend(self) -> Self::Value;
    /// The number that a value's low bits are.
    fn wrap(value: Self::Value) -> Self;

    // All of these: `at` is in bounds and aligned, and accessed atomically only.
    unsafe fn load(at: *mut u8) -> Self;
    unsafe fn store(self, at: *mut u8);
    unsafe fn add(self, at: *mut u8) -> Self;
    unsafe fn sub(self, at: *mut u8) -> Self;
    unsafe fn and(self, at: *mut u8) -> Self;
    unsafe fn or(self, at: *mut u8) -> Self;
    unsafe fn xor(self, at: *mut u8) -> Self;
    unsafe fn xchg(self, at: *mut u8) -> Self;
    unsafe fn cmpxchg(self, at: *mut u8, expected: Self) -> Self;
}

macro_rules! atoms {
    ($($ty:ident $atomic:ident $value:ident $width:literal;)*) => { $(
        impl Atom for $ty {
            type Value = $value;
            const WIDTH: usize = $width;

            #[inline(always)]
            fn extend(self) -> $value { self.into() }
            #[inline(always)]
            fn wrap(value: $value) -> Self { value as $ty }

            #[inline(always)]
            unsafe fn load(at: *mut u8) -> Self {
                // SAFETY: the caller's promise.
                $ty::from_le(unsafe { $atomic::from_ptr(at.cast()) }.load(SeqCst))
            }
            #[inline(always)]
            unsafe fn store(self, at: *mut u8) {
                // SAFETY: the caller's promise.
                unsafe { $atomic::from_ptr(at.cast()) }.store(self.to_le(), SeqCst)
            }
            #[inline(always)]
            unsafe fn add(self, at: *mut u8) -> Self {
                // SAFETY: the caller's promise.
                let number = unsafe { $atomic::from_ptr(at.cast()) };
                if cfg!(target_endian = "little") {
                    return number.fetch_add(self, SeqCst);
                }
                atoms!(update number |n| $ty::from_le(n).wrapping_add(self).to_le(), $ty)
            }
            #[inline(always)]
            unsafe fn sub(self, at: *mut u8) -> Self {
                // SAFETY: the caller's promise.
                unsafe { self.wrapping_neg().add(at) }
            }
            // The rest is the same in any order of bytes.
            #[inline(always)]
            unsafe fn and(self, at: *mut u8) -> Self {
                // SAFETY: the caller's promise.
                $ty::from_le(unsafe { $atomic::from_ptr(at.cast()) }.fetch_and(self.to_le(), SeqCst))
            }
            #[inline(always)]
            unsafe fn or(self, at: *mut u8) -> Self {
                // SAFETY: the caller's promise.
                $ty::from_le(unsafe { $atomic::from_ptr(at.cast()) }.fetch_or(self.to_le(), SeqCst))
            }
            #[inline(always)]
            unsafe fn xor(self, at: *mut u8) -> Self {
                // SAFETY: the caller's promise.
                $ty::from_le(unsafe { $atomic::from_ptr(at.cast()) }.fetch_xor(self.to_le(), SeqCst))
            }
            #[inline(always)]
            unsafe fn xchg(self, at: *mut u8) -> Self {
                // SAFETY: the caller's promise.
                $ty::from_le(unsafe { $atomic::from_ptr(at.cast()) }.swap(self.to_le(), SeqCst))
            }
            #[inline(always)]
            unsafe fn cmpxchg(self, at: *mut u8, expected: Self) -> Self {
                // SAFETY: the caller's promise.
                let number = unsafe { $atomic::from_ptr(at.cast()) };
                match number.compare_exchange(expected.to_le(), self.to_le(), SeqCst, SeqCst) {
                    Ok(before) | Err(before) => $ty::from_le(before),
                }
            }
        }
    )* };
    (update $number:ident |$n:ident| $new:expr, $ty:ident) => {{
        let mut $n = $number.load(Relaxed);
        loop {
            match $number.compare_exchange_weak($n, $new, SeqCst, Relaxed) {
                Ok(before) => return $ty::from_le(before),
                Err(now) => $n = now,
            }
        }
    }};
}
atoms! {
    u8 AtomicU8 u32 0;
    u16 AtomicU16 u32 1;
    u32 AtomicU32 u32 2;
    u64 AtomicU64 u64 3;
}

/// The operators, each in four widths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(crate) enum AtomicOp {
    Load,
    Store,
    Cmpxchg,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Xchg,
}

impl AtomicOp {
    /// The number of operands after the address.
    pub const fn operands(self) -> usize {
        match self {
            AtomicOp::Load => 0,
            AtomicOp::Cmpxchg => 2,
            _ => 1,
        }
    }
}

/// The names of an operator by the width of the access.
macro_rules! by_width {
    ($name:literal) => {
        [
            concat!("atomic8.", $name),
            concat!("atomic16.", $name),
            concat!("atomic32.", $name),
            concat!("atomic64.", $name),
        ]
    };
}

/// The address of an atomic access of `T`, or how it traps.
#[inline(always)]
fn atomic_at<T>(memory: &AnyMemory, address: u64, offset: u64) -> Result<*mut u8, TrapCode> {
    let unaligned = !address.wrapping_add(offset).is_multiple_of(size_of::<T>() as u64);
    match memory.at(address, offset, size_of::<T>()) {
        Some(at) if !unaligned => Ok(at),
        _ if unaligned && address.checked_add(offset).is_some() => Err(TrapCode::UnalignedAtomic),
        _ => Err(TrapCode::MemoryOutOfBounds),
    }
}

/// `dst = load memory [address + offset]`.
pub(crate) struct AtomicLoad<T, I>(PhantomData<(T, I)>);
impl<T: Atom, I: AddressType> Instr for AtomicLoad<T, I> {
    const NAME: &'static str = by_width!("load")[T::WIDTH];
    const OPERANDS: &'static [Operand] = &[Operand::Dst, Operand::Src, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds and aligned.
        unsafe {
            let memory = AnyMemory::of(&r, r.unit(3));
            match atomic_at::<T>(&memory, r.get::<I>(2).into(), r.u64(4)) {
                Ok(at) => {
                    r.set(1, T::load(at).extend());
                    r.next(units(Self::OPERANDS))
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

/// `store memory [address + offset], value`.
pub(crate) struct AtomicStore<T, I>(PhantomData<(T, I)>);
impl<T: Atom, I: AddressType> Instr for AtomicStore<T, I> {
    const NAME: &'static str = by_width!("store")[T::WIDTH];
    const OPERANDS: &'static [Operand] = &[Operand::Src, Operand::Src, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds and aligned.
        unsafe {
            let memory = AnyMemory::of(&r, r.unit(3));
            match atomic_at::<T>(&memory, r.get::<I>(1).into(), r.u64(4)) {
                Ok(at) => {
                    T::wrap(r.get(2)).store(at);
                    r.next(units(Self::OPERANDS))
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

/// What a read-modify-write operator does.
pub(crate) trait Modify {
    /// Its name by the width of the access.
    const NAMES: [&'static str; 4];
    /// Does it; gives the number before. `at` is in bounds and aligned.
    unsafe fn apply<T: Atom>(at: *mut u8, operand: T) -> T;
}

macro_rules! modifications {
    ($($op:ident $method:ident $name:literal;)*) => { $(
        #[doc = concat!("`", $name, "`.")]
        pub(crate) struct $op;
        impl Modify for $op {
            const NAMES: [&'static str; 4] = by_width!($name);
            #[inline(always)]
            unsafe fn apply<T: Atom>(at: *mut u8, operand: T) -> T {
                // SAFETY: the caller's promise.
                unsafe { operand.$method(at) }
            }
        }
    )* };
}
modifications! {
    Add add "rmw.add";
    Sub sub "rmw.sub";
    And and "rmw.and";
    Or or "rmw.or";
    Xor xor "rmw.xor";
    Xchg xchg "rmw.xchg";
}

/// `dst = memory [address + offset]`, which becomes `dst op value`.
pub(crate) struct AtomicRmw<O, T, I>(PhantomData<(O, T, I)>);
impl<O: Modify, T: Atom, I: AddressType> Instr for AtomicRmw<O, T, I> {
    const NAME: &'static str = O::NAMES[T::WIDTH];
    const OPERANDS: &'static [Operand] =
        &[Operand::Dst, Operand::Src, Operand::Src, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds and aligned.
        unsafe {
            let memory = AnyMemory::of(&r, r.unit(4));
            match atomic_at::<T>(&memory, r.get::<I>(2).into(), r.u64(5)) {
                Ok(at) => {
                    let before = O::apply(at, T::wrap(r.get(3)));
                    r.set(1, before.extend());
                    r.next(units(Self::OPERANDS))
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

/// `dst = memory [address + offset]`, which becomes the second value if it was the first. Of both values,
/// only the bits as wide as the access count.
pub(crate) struct AtomicCmpxchg<T, I>(PhantomData<(T, I)>);
impl<T: Atom, I: AddressType> Instr for AtomicCmpxchg<T, I> {
    const NAME: &'static str = by_width!("rmw.cmpxchg")[T::WIDTH];
    const OPERANDS: &'static [Operand] =
        &[Operand::Dst, Operand::Src, Operand::Src, Operand::Src, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(mut r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the access is in bounds and aligned.
        unsafe {
            let memory = AnyMemory::of(&r, r.unit(5));
            match atomic_at::<T>(&memory, r.get::<I>(2).into(), r.u64(6)) {
                Ok(at) => {
                    let before = T::wrap(r.get(4)).cmpxchg(at, T::wrap(r.get(3)));
                    r.set(1, before.extend());
                    r.next(units(Self::OPERANDS))
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

instrs! {
    /// `atomic.fence`.
    AtomicFence "atomic.fence" [] |r| {
        fence(SeqCst);
        r.next(units(Self::OPERANDS))
    }
}

/// The effective address of a wait or notify, whose builtin checks it further.
#[inline(always)]
fn effective(address: u64, offset: u64) -> Result<u64, TrapCode> {
    address.checked_add(offset).ok_or(TrapCode::MemoryOutOfBounds)
}

/// Goes on after a builtin, with its number as the result.
#[inline(always)]
unsafe fn finish(mut r: Regs, result: VMResult, units: usize) -> Next {
    // SAFETY: the caller is an instruction whose result's slot is unit 1, and which has saved the position.
    unsafe {
        if result.status != Status::OK {
            return r.fail(result.status);
        }
        r.set(1, result.value as u32);
        r.next(units)
    }
}

/// A type of numbers that can be waited on: `u32` or `u64`.
pub(crate) trait Awaited: AccValue {
    /// The name of the operator.
    const NAME: &'static str;
    /// Calls the builtin.
    unsafe fn wait(r: &Regs, memory: u32, address: u64, expected: Self, timeout: i64) -> VMResult;
}

impl Awaited for u32 {
    const NAME: &'static str = "memory.atomic.wait32";
    #[inline(always)]
    unsafe fn wait(r: &Regs, memory: u32, address: u64, expected: u32, timeout: i64) -> VMResult {
        // SAFETY: the caller has saved the position.
        unsafe { (r.builtins().atomic_wait32)(r.cx, memory, address, expected, timeout) }
    }
}

impl Awaited for u64 {
    const NAME: &'static str = "memory.atomic.wait64";
    #[inline(always)]
    unsafe fn wait(r: &Regs, memory: u32, address: u64, expected: u64, timeout: i64) -> VMResult {
        // SAFETY: the caller has saved the position.
        unsafe { (r.builtins().atomic_wait64)(r.cx, memory, address, expected, timeout) }
    }
}

/// `dst = wait memory [address + offset], expected, timeout`.
pub(crate) struct AtomicWait<T, I>(PhantomData<(T, I)>);
impl<T: Awaited, I: AddressType> Instr for AtomicWait<T, I> {
    const NAME: &'static str = T::NAME;
    const OPERANDS: &'static [Operand] =
        &[Operand::Dst, Operand::Src, Operand::Src, Operand::Src, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the position is saved.
        unsafe {
            match effective(r.get::<I>(2).into(), r.u64(6)) {
                Ok(address) => {
                    r.save();
                    let timeout = r.get::<u64>(4).cast_signed();
                    let result = T::wait(&r, r.unit(5).into(), address, r.get(3), timeout);
                    finish(r, result, units(Self::OPERANDS))
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

/// `dst = notify memory [address + offset], count`.
pub(crate) struct AtomicNotify<I>(PhantomData<I>);
impl<I: AddressType> Instr for AtomicNotify<I> {
    const NAME: &'static str = "memory.atomic.notify";
    const OPERANDS: &'static [Operand] =
        &[Operand::Dst, Operand::Src, Operand::Src, Operand::U16, Operand::U64];
    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the operands are as `OPERANDS` says; the position is saved.
        unsafe {
            match effective(r.get::<I>(2).into(), r.u64(5)) {
                Ok(address) => {
                    r.save();
                    let result = (r.builtins().atomic_notify)(r.cx, r.unit(4).into(), address, r.get(3));
                    finish(r, result, units(Self::OPERANDS))
                }
                Err(code) => r.trap(code),
            }
        }
    }
}
