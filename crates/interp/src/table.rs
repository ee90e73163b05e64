//! The table of instructions. An opcode is a position in it.
//!
//! Instructions come in groups. Most are families: a row of an operator table (see [`crate::ops`]) times the ways in which
//! it takes its operands. The rest are listed one by one in [`singles`].

use crate::handlers::atomic::*;
use crate::handlers::bulk::*;
use crate::handlers::call::*;
use crate::handlers::control::*;
use crate::handlers::exception::*;
use crate::handlers::memory::*;
use crate::handlers::numeric::*;
use crate::handlers::reference::*;
use crate::handlers::source::*;
use crate::handlers::table::*;
use crate::handlers::variable::*;
use crate::machine::{Handler, Instr, Operand, run};
use crate::ops::*;
use crate::vectors::{self, Vector};

/// An opcode: the first unit of an instruction.
pub(crate) type Opcode = u16;

/// A row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub handler: Handler,
    pub name: &'static str,
    pub operands: &'static [Operand],
}

impl Entry {
    pub const fn of<I: Instr>() -> Entry {
        Entry { handler: run::<I>, name: I::NAME, operands: I::OPERANDS }
    }
}

/// An instruction that is listed on its own.
pub(crate) trait Single: Instr {
    /// Its opcode.
    const OPCODE: Opcode;
}

/// The opcode of an instruction that is listed on its own.
pub(crate) const fn opcode<I: Single>() -> Opcode {
    I::OPCODE
}

macro_rules! singles {
    ($first:ty, $($rest:ty),* $(,)?) => {
        const SINGLES: &[Entry] = &[Entry::of::<$first>(), $(Entry::of::<$rest>()),*];
        impl Single for $first {
            const OPCODE: Opcode = 0;
        }
        singles!(@after $first, $($rest,)*);
    };
    (@after $before:ty, $next:ty, $($rest:ty,)*) => {
        impl Single for $next {
            const OPCODE: Opcode = <$before as Single>::OPCODE + 1;
        }
        singles!(@after $next, $($rest,)*);
    };
    (@after $last:ty,) => {};
}

singles! {
    Illegal, Unreachable, Br, BrTable<Slot>, BrTable<Acc>, Fuel, Check,
    BranchIf<Slot, true>, BranchIf<Acc, true>, BranchIf<Slot, false>, BranchIf<Acc, false>,
    Const32, Const64S, Const64, ConstF32, ConstF64, ConstV128, Null,
    Copy, CopyInt, CopyRange, CopyV128, Select<Slot>, Select<Acc>, SelectV128,
    GlobalGetInt, GlobalGet, GlobalGetV128, GlobalGetImported, GlobalGetImportedV128,
    GlobalSet, GlobalSetAcc, GlobalSetV128, GlobalSetImported, GlobalSetImportedV128,
    Call, CallImport, CallRef, ReturnCall, ReturnCallImport, ReturnCallRef,
    CallIndirect<u32, false, false>, CallIndirect<u32, true, false>, CallIndirect<u64, false, false>, CallIndirect<u64, true, false>,
    CallIndirect<u32, false, true>, CallIndirect<u32, true, true>, CallIndirect<u64, false, true>, CallIndirect<u64, true, true>,
    Return, ReturnAny, ReturnValue<u64, Slot>, ReturnValue<u64, Acc>, ReturnValue<u64, Imm>,
    ReturnValue<f32, Slot>, ReturnValue<f32, Acc>, ReturnValue<f64, Slot>, ReturnValue<f64, Acc>,
    Exit, Host,
    MemorySize, MemoryGrow<u32>, MemoryGrow<u64>,
    FirstCopy, FirstFill, MemoryCopy, MemoryFill, MemoryInit, DataDrop,
    TableSize<false>, TableSize<true>,
    TableGetFunc<u32>, TableGetFunc<u64>, TableSetFunc<u32>, TableSetFunc<u64>,
    TableGetGc<u32, false>, TableGetGc<u32, true>, TableGetGc<u64, false>, TableGetGc<u64, true>,
    TableSetGc<u32, false>, TableSetGc<u32, true>, TableSetGc<u64, false>, TableSetGc<u64, true>,
    TableGrowFunc<u32>, TableGrowFunc<u64>, TableGrowGc<u32>, TableGrowGc<u64>,
    TableCopy, TableInit, ElemDrop, TableFillFunc, TableFillGc,
    RefFunc, IsNull<Func>, IsNull<Gc>, AsNonNull<Func>, AsNonNull<Gc>, RefTest<Func>, RefTest<Gc>, CastCheck,
    BranchNull<Func, true>, BranchNull<Func, false>, BranchNull<Gc, true>, BranchNull<Gc, false>,
    Throw, ThrowRef,
    AtomicFence, AtomicWait<u32, u32>, AtomicWait<u32, u64>, AtomicWait<u64, u32>, AtomicWait<u64, u64>,
    AtomicNotify<u32>, AtomicNotify<u64>,
    Wide<Add128>, Wide<Sub128>, MulWide<MulWideS>, MulWide<MulWideU>,
}

/// How a binary instruction takes its operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(crate) enum Operands {
    /// Slot, slot.
    SlotSlot,
    /// Slot, constant.
    SlotImm,
    /// Accumulator, slot.
    AccSlot,
    /// Accumulator, constant.
    AccImm,
    /// Slot, accumulator: for operators whose operands can't be swapped.
    SlotAcc,
}

pub(crate) const BINARY_WAYS: usize = 5;
const COMPARE_WAYS: usize = 4;
pub(crate) const UNARY_WAYS: usize = 2;
const STEP_WAYS: usize = 2;
/// The ways of [`shift_add`].
pub(crate) const SHIFT_ADD_WAYS: usize = 3;

const SHIFT_ADDS: &[Entry] = &[
    Entry::of::<ShiftAdd<Slot, Slot, true>>(),
    Entry::of::<ShiftAdd<Acc, Slot, true>>(),
    Entry::of::<ShiftAdd<Slot, Acc, true>>(),
    Entry::of::<ShiftAdd<Slot, Slot, false>>(),
    Entry::of::<ShiftAdd<Acc, Slot, false>>(),
    Entry::of::<ShiftAdd<Slot, Acc, false>>(),
];

macro_rules! families {
    (
        int_compares { $($ic:ident $ic_visit:ident $ic_fn:ident $ic_name:literal $ic_ty:ident inverse $ic_inv:ident swapped $ic_swap:ident;)* }
        float_compares { $($fc:ident $fc_visit:ident $fc_fn:ident $fc_name:literal $fc_ty:ident swapped $fc_swap:ident;)* }
        arithmetic { $($ar:ident $ar_visit:ident $ar_fn:ident $ar_name:literal $ar_ty:ident $($ar_flag:ident)?;)* }
    ) => {
        const BINARIES: &[[Entry; 2 * BINARY_WAYS]] = &[
            $(binary_ways::<binary::$ic>(),)*
            $(binary_ways::<binary::$fc>(),)*
            $(binary_ways::<binary::$ar>(),)*
        ];
        const BRANCHES_IF: &[[Entry; COMPARE_WAYS]] = &[
            $(branch_ways::<binary::$ic, true>(),)*
            $(branch_ways::<binary::$fc, true>(),)*
        ];
        const BRANCHES_UNLESS: &[[Entry; COMPARE_WAYS]] = &[$(branch_ways::<binary::$fc, false>(),)*];
        const STEPS: &[[Entry; STEP_WAYS]] = &[$([
            Entry::of::<StepBranch<binary::$ic, Slot>>(),
            Entry::of::<StepBranch<binary::$ic, Imm>>(),
        ]),*];
        const SELECTS: &[[Entry; COMPARE_WAYS]] = &[
            $(select_ways::<binary::$ic>(),)*
            $(select_ways::<binary::$fc>(),)*
        ];
    };
}

const fn binary_ways<O: Binary>() -> [Entry; 2 * BINARY_WAYS]
where
    Imm: Source<O::In>,
{
    [
        Entry::of::<BinaryInstr<O, Slot, Slot, true>>(),
        Entry::of::<BinaryInstr<O, Slot, Imm, true>>(),
        Entry::of::<BinaryInstr<O, Acc, Slot, true>>(),
        Entry::of::<BinaryInstr<O, Acc, Imm, true>>(),
        Entry::of::<BinaryInstr<O, Slot, Acc, true>>(),
        Entry::of::<BinaryInstr<O, Slot, Slot, false>>(),
        Entry::of::<BinaryInstr<O, Slot, Imm, false>>(),
        Entry::of::<BinaryInstr<O, Acc, Slot, false>>(),
        Entry::of::<BinaryInstr<O, Acc, Imm, false>>(),
        Entry::of::<BinaryInstr<O, Slot, Acc, false>>(),
    ]
}

const fn branch_ways<O: Compare, const TAKEN: bool>() -> [Entry; COMPARE_WAYS]
where
    Imm: Source<O::In>,
{
    [
        Entry::of::<CompareBranch<O, Slot, Slot, TAKEN>>(),
        Entry::of::<CompareBranch<O, Slot, Imm, TAKEN>>(),
        Entry::of::<CompareBranch<O, Acc, Slot, TAKEN>>(),
        Entry::of::<CompareBranch<O, Acc, Imm, TAKEN>>(),
    ]
}

const fn select_ways<O: Compare>() -> [Entry; COMPARE_WAYS]
where
    Imm: Source<O::In>,
{
    [
        Entry::of::<CompareSelect<O, Slot, Slot>>(),
        Entry::of::<CompareSelect<O, Slot, Imm>>(),
        Entry::of::<CompareSelect<O, Acc, Slot>>(),
        Entry::of::<CompareSelect<O, Acc, Imm>>(),
    ]
}
binary_ops!(families);

macro_rules! unary_family {
    ($($op:ident $visit:ident $fn:ident $name:literal $in:ident => $out:ident $($flag:ident)?;)*) => {
        const UNARIES: &[[Entry; 2 * UNARY_WAYS]] = &[
            $([
                Entry::of::<UnaryInstr<unary::$op, Slot, true>>(),
                Entry::of::<UnaryInstr<unary::$op, Acc, true>>(),
                Entry::of::<UnaryInstr<unary::$op, Slot, false>>(),
                Entry::of::<UnaryInstr<unary::$op, Acc, false>>(),
            ],)*
        ];
    };
}
unary_ops!(unary_family);

/// How an access of the fast family takes its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(crate) enum AddressWay {
    /// From a slot.
    Slot,
    /// From the accumulator.
    Acc,
    /// From the sum of two slots.
    SlotSlot,
    /// From the sum of the accumulator and a slot.
    AccSlot,
    /// There is the offset only.
    Absolute,
    /// From the sum of a slot and a constant.
    SlotImm,
    /// From the sum of the accumulator and a constant.
    AccImm,
}

/// How a store of the fast family takes its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(crate) enum ValueWay {
    /// From a slot.
    Slot,
    /// From the accumulator.
    Acc,
    /// From the code.
    Imm,
}

pub(crate) const ADDRESS_WAYS: usize = 7;
const STORE_WAYS: usize = 3 * ADDRESS_WAYS;

macro_rules! load_family {
    ($($op:ident)*) => {
        const LOADS: &[[Entry; 2 * ADDRESS_WAYS]] = &[$([
            Entry::of::<FastLoad<load::$op, Base<Slot>, true>>(),
            Entry::of::<FastLoad<load::$op, Base<Acc>, true>>(),
            Entry::of::<FastLoad<load::$op, Sum<Slot>, true>>(),
            Entry::of::<FastLoad<load::$op, Sum<Acc>, true>>(),
            Entry::of::<FastLoad<load::$op, Absolute, true>>(),
            Entry::of::<FastLoad<load::$op, Displaced<Slot>, true>>(),
            Entry::of::<FastLoad<load::$op, Displaced<Acc>, true>>(),
            Entry::of::<FastLoad<load::$op, Base<Slot>, false>>(),
            Entry::of::<FastLoad<load::$op, Base<Acc>, false>>(),
            Entry::of::<FastLoad<load::$op, Sum<Slot>, false>>(),
            Entry::of::<FastLoad<load::$op, Sum<Acc>, false>>(),
            Entry::of::<FastLoad<load::$op, Absolute, false>>(),
            Entry::of::<FastLoad<load::$op, Displaced<Slot>, false>>(),
            Entry::of::<FastLoad<load::$op, Displaced<Acc>, false>>(),
        ]),*];
        const ANY_LOADS: &[[Entry; 2]] =
            &[$([Entry::of::<AnyLoad<load::$op, u32>>(), Entry::of::<AnyLoad<load::$op, u64>>()]),*];
    };
}
for_each_load!(load_family);

const fn store_ways<S: StoreOp>() -> [Entry; STORE_WAYS]
where
    S::In: crate::machine::AccValue,
    Imm: Source<S::In>,
{
    [
        Entry::of::<FastStore<S, Base<Slot>, Slot>>(),
        Entry::of::<FastStore<S, Base<Slot>, Acc>>(),
        Entry::of::<FastStore<S, Base<Slot>, Imm>>(),
        Entry::of::<FastStore<S, Base<Acc>, Slot>>(),
        Entry::of::<FastStore<S, Base<Acc>, Acc>>(),
        Entry::of::<FastStore<S, Base<Acc>, Imm>>(),
        Entry::of::<FastStore<S, Sum<Slot>, Slot>>(),
        Entry::of::<FastStore<S, Sum<Slot>, Acc>>(),
        Entry::of::<FastStore<S, Sum<Slot>, Imm>>(),
        Entry::of::<FastStore<S, Sum<Acc>, Slot>>(),
        Entry::of::<FastStore<S, Sum<Acc>, Acc>>(),
        Entry::of::<FastStore<S, Sum<Acc>, Imm>>(),
        Entry::of::<FastStore<S, Absolute, Slot>>(),
        Entry::of::<FastStore<S, Absolute, Acc>>(),
        Entry::of::<FastStore<S, Absolute, Imm>>(),
        Entry::of::<FastStore<S, Displaced<Slot>, Slot>>(),
        Entry::of::<FastStore<S, Displaced<Slot>, Acc>>(),
        Entry::of::<FastStore<S, Displaced<Slot>, Imm>>(),
        Entry::of::<FastStore<S, Displaced<Acc>, Slot>>(),
        Entry::of::<FastStore<S, Displaced<Acc>, Acc>>(),
        Entry::of::<FastStore<S, Displaced<Acc>, Imm>>(),
    ]
}

macro_rules! store_family {
    ($($op:ident)*) => {
        const STORES: &[[Entry; STORE_WAYS]] = &[$(store_ways::<store::$op>()),*];
        const ANY_STORES: &[[Entry; 2]] =
            &[$([Entry::of::<AnyStore<store::$op, u32>>(), Entry::of::<AnyStore<store::$op, u64>>()]),*];
    };
}
for_each_store!(store_family);

/// The number of instructions of an atomic operator: four widths, two types of addresses.
const ATOMIC_WAYS: usize = 8;

macro_rules! atomic_family {
    ($($instr:ident<$($op:ident)?>,)*) => {
        const ATOMICS: &[[Entry; ATOMIC_WAYS]] = &[$([
            Entry::of::<$instr<$($op,)? u8, u32>>(),
            Entry::of::<$instr<$($op,)? u8, u64>>(),
            Entry::of::<$instr<$($op,)? u16, u32>>(),
            Entry::of::<$instr<$($op,)? u16, u64>>(),
            Entry::of::<$instr<$($op,)? u32, u32>>(),
            Entry::of::<$instr<$($op,)? u32, u64>>(),
            Entry::of::<$instr<$($op,)? u64, u32>>(),
            Entry::of::<$instr<$($op,)? u64, u64>>(),
        ]),*];
    };
}
// In the order of `AtomicOp`.
atomic_family! {
    AtomicLoad<>, AtomicStore<>, AtomicCmpxchg<>,
    AtomicRmw<Add>, AtomicRmw<Sub>, AtomicRmw<And>, AtomicRmw<Or>, AtomicRmw<Xor>, AtomicRmw<Xchg>,
}

/// The groups in order.
const GROUPS: &[&[Entry]] = &[
    SINGLES,
    BINARIES.as_flattened(),
    BRANCHES_IF.as_flattened(),
    BRANCHES_UNLESS.as_flattened(),
    SELECTS.as_flattened(),
    UNARIES.as_flattened(),
    LOADS.as_flattened(),
    ANY_LOADS.as_flattened(),
    STORES.as_flattened(),
    ANY_STORES.as_flattened(),
    vectors::ENTRIES,
    ATOMICS.as_flattened(),
    STEPS.as_flattened(),
    SHIFT_ADDS,
];

/// The opcode of the first instruction of a group.
const fn base(group: usize) -> Opcode {
    let (mut sum, mut i) = (0, 0);
    while i < group {
        sum += GROUPS[i].len();
        i += 1;
    }
    assert!(sum < Opcode::MAX as usize);
    sum as Opcode
}

const COUNT: usize = base(GROUPS.len()) as usize;

/// The whole table, by opcode.
pub(crate) static ENTRIES: [Entry; COUNT] = {
    let mut all = [Entry::of::<Illegal>(); COUNT];
    let (mut group, mut n) = (0, 0);
    while group < GROUPS.len() {
        let mut i = 0;
        while i < GROUPS[group].len() {
            all[n] = GROUPS[group][i];
            n += 1;
            i += 1;
        }
        group += 1;
    }
    all
};

/// The handlers, by opcode: what dispatch reads.
pub(crate) static HANDLERS: [Handler; COUNT] = {
    let mut all: [Handler; COUNT] = [run::<Illegal>; COUNT];
    let mut i = 0;
    while i < COUNT {
        all[i] = ENTRIES[i].handler;
        i += 1;
    }
    all
};

/// The opcode of the instruction of a family that leaves its result in the accumulator only: these follow those
/// that keep it in a slot, too.
pub(crate) const fn accumulating(opcode: Opcode, ways: usize) -> Opcode {
    opcode + ways as Opcode
}

/// The opcode of a binary operator.
pub(crate) const fn binary(op: BinaryOp, way: Operands) -> Opcode {
    const BASE: Opcode = base(1);
    BASE + op as Opcode * 2 * BINARY_WAYS as Opcode + way as Opcode
}

/// The opcode of a branch that is taken if a comparison holds.
pub(crate) const fn branch_if(op: BinaryOp, way: Operands) -> Opcode {
    const BASE: Opcode = base(2);
    BASE + op as Opcode * COMPARE_WAYS as Opcode + way as Opcode
}

/// The opcode of a branch that is taken unless a comparison of floats holds.
pub(crate) const fn branch_unless(op: BinaryOp, way: Operands) -> Opcode {
    const BASE: Opcode = base(3);
    BASE + (op as Opcode - INT_COMPARES as Opcode) * COMPARE_WAYS as Opcode + way as Opcode
}

/// The opcode of a selection on a comparison.
pub(crate) const fn select_if(op: BinaryOp, way: Operands) -> Opcode {
    const BASE: Opcode = base(4);
    BASE + op as Opcode * COMPARE_WAYS as Opcode + way as Opcode
}

/// The opcode of a unary operator.
pub(crate) const fn unary(op: UnaryOp, acc: bool) -> Opcode {
    const BASE: Opcode = base(5);
    BASE + op as Opcode * 2 * UNARY_WAYS as Opcode + acc as Opcode
}

/// The opcode of a load of the fast family.
pub(crate) const fn fast_load(op: Load, way: AddressWay) -> Opcode {
    const BASE: Opcode = base(6);
    BASE + op as Opcode * 2 * ADDRESS_WAYS as Opcode + way as Opcode
}

/// The opcode of a load of the general family.
pub(crate) const fn any_load(op: Load, memory64: bool) -> Opcode {
    const BASE: Opcode = base(7);
    BASE + op as Opcode * 2 + memory64 as Opcode
}

/// The opcode of a store of the fast family.
pub(crate) const fn fast_store(op: Store, way: AddressWay, value: ValueWay) -> Opcode {
    const BASE: Opcode = base(8);
    BASE + op as Opcode * STORE_WAYS as Opcode + way as Opcode * 3 + value as Opcode
}

/// The opcode of a store of the general family.
pub(crate) const fn any_store(op: Store, memory64: bool) -> Opcode {
    const BASE: Opcode = base(9);
    BASE + op as Opcode * 2 + memory64 as Opcode
}

/// The vector operator that a visitor's method is for.
pub(crate) const fn vector(visit: &str) -> Vector {
    const BASE: Opcode = base(10);
    vectors::find(visit, BASE)
}

/// The opcode of an atomic operator on a number of 8, 16, 32 or 64 bits.
pub(crate) const fn atomic(op: AtomicOp, bits: u32, memory64: bool) -> Opcode {
    const BASE: Opcode = base(11);
    let width = bits.ilog2() as Opcode - 3;
    BASE + op as Opcode * ATOMIC_WAYS as Opcode + width * 2 + memory64 as Opcode
}

/// The opcode of a step that branches if a comparison of integers holds; the other side is a constant or in a slot.
pub(crate) const fn step_branch(op: BinaryOp, imm: bool) -> Opcode {
    const BASE: Opcode = base(12);
    BASE + op as Opcode * STEP_WAYS as Opcode + imm as Opcode
}

/// The opcode of a shift and an addition, of which one operand may be in the accumulator.
pub(crate) const fn shift_add(a_in_acc: bool, b_in_acc: bool) -> Opcode {
    const BASE: Opcode = base(13);
    BASE + if a_in_acc { 1 } else { 2 * b_in_acc as Opcode }
}
