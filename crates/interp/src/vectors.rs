//! The vector operators: their instructions, derived from the table of numeric operators in
//! [`windlass_abi::num::table`].
//!
//! An operator is a type of the name that its function has there. The translator finds an operator by the
//! name of the visitor's method, as a constant: [`find`].

use crate::handlers::memory::*;
use crate::handlers::simd::*;
use crate::handlers::simd_memory::*;
use crate::handlers::source::{Acc, Slot};
use crate::machine::Operand;
use crate::table::{ADDRESS_WAYS, AddressWay, Entry, Opcode};
use windlass_abi::types::ValKind;

/// The type of a slot's value that stands for a type of the table.
macro_rules! rust {
    (i32) => {
        u32
    };
    (i64) => {
        u64
    };
    (f32) => {
        f32
    };
    (f64) => {
        f64
    };
    (v128) => {
        V128
    };
}

/// The kind of values of a type of the table; what is written to memory is no value.
macro_rules! kind {
    (i32) => {
        Some(ValKind::I32)
    };
    (i64) => {
        Some(ValKind::I64)
    };
    (f32) => {
        Some(ValKind::F32)
    };
    (f64) => {
        Some(ValKind::F64)
    };
    (v128) => {
        Some(ValKind::V128)
    };
    ($raw:ident) => {
        None
    };
}

/// A function's name with `.` for the first `_`: the operator's name in the text form.
const fn dotted<const N: usize>(function: &str) -> [u8; N] {
    let mut text = [0; N];
    let (mut i, mut found) = (0, false);
    while i < N {
        let byte = function.as_bytes()[i];
        text[i] = if byte == b'_' && !found { b'.' } else { byte };
        found |= byte == b'_';
        i += 1;
    }
    text
}

macro_rules! operator_name {
    ($name:ident) => {{
        const TEXT: &[u8] = &dotted::<{ stringify!($name).len() }>(stringify!($name));
        match core::str::from_utf8(TEXT) {
            Ok(text) => text,
            Err(_) => panic!("an identifier is text"),
        }
    }};
}

/// Defines the operators of a group as types, by the shape of their instruction.
macro_rules! operators {
    (VectorUnary: $($name:ident: ($in:ident) -> $out:ident;)*) => { $(
        operators!(@named $name);
        impl Unary for $name {
            type In = rust!($in);
            type Out = rust!($out);
            #[inline(always)]
            // A test's `bool` becomes an i32; all other results are what they are.
            fn eval(a: rust!($in)) -> rust!($out) { num::$name(a).into() }
        }
    )* };
    (VectorBinary: $($name:ident: (v128, $in:ident) -> v128;)*) => { $(
        operators!(@named $name);
        impl Binary for $name {
            type In = rust!($in);
            #[inline(always)]
            fn eval(a: V128, b: rust!($in)) -> V128 { num::$name(a, b) }
        }
    )* };
    (VectorTernary: $($name:ident: (v128, v128, v128) -> v128;)*) => { $(
        operators!(@named $name);
        impl Ternary for $name {
            #[inline(always)]
            fn eval(a: V128, b: V128, c: V128) -> V128 { num::$name(a, b, c) }
        }
    )* };
    (ExtractLane: $($name:ident: (v128; lane) -> $out:ident;)*) => { $(
        operators!(@named $name);
        impl Extract for $name {
            type Out = rust!($out);
            #[inline(always)]
            fn eval(a: V128, lane: u8) -> rust!($out) { num::$name(a, lane) }
        }
    )* };
    (ReplaceLane: $($name:ident: (v128, $in:ident; lane) -> v128;)*) => { $(
        operators!(@named $name);
        impl Replace for $name {
            type In = rust!($in);
            #[inline(always)]
            fn eval(a: V128, b: rust!($in), lane: u8) -> V128 { num::$name(a, b, lane) }
        }
    )* };
    (Load: $($name:ident: ($raw:ident) -> v128;)*) => { $(
        operators!(@named $name);
        impl LoadOp for $name {
            type Raw = $raw;
            type Out = V128;
            const NAME: &'static str = <$name as Named>::NAME;
            #[inline(always)]
            fn extend(raw: $raw) -> V128 { num::$name(raw) }
        }
    )* };
    (LoadLane: $($name:ident: (v128, $raw:ident; lane) -> v128;)*) => { $(
        operators!(@named $name);
        impl LaneLoad for $name {
            type Raw = $raw;
            #[inline(always)]
            fn eval(a: V128, raw: $raw, lane: u8) -> V128 { num::$name(a, raw, lane) }
        }
    )* };
    (StoreLane: $($name:ident: (v128; lane) -> $raw:ident;)*) => { $(
        operators!(@named $name);
        impl LaneStore for $name {
            type Raw = $raw;
            #[inline(always)]
            fn eval(a: V128, lane: u8) -> $raw { num::$name(a, lane) }
        }
    )* };
    (@named $name:ident) => {
        pub(crate) struct $name;
        impl Named for $name {
            const NAME: &'static str = operator_name!($name);
        }
    };
}

/// A type for each operator, to instantiate instructions with.
#[allow(non_camel_case_types, reason = "named as the functions")]
mod operator {
    use super::*;
    use windlass_abi::num::{self, V128};

    windlass_abi::simd_unary!(operators, VectorUnary:);
    windlass_abi::simd_splat!(operators, VectorUnary:);
    windlass_abi::simd_test!(operators, VectorUnary:);
    windlass_abi::simd_bitmask!(operators, VectorUnary:);
    windlass_abi::simd_binary!(operators, VectorBinary:);
    windlass_abi::simd_shift!(operators, VectorBinary:);
    windlass_abi::simd_ternary!(operators, VectorTernary:);
    windlass_abi::simd_extract_lane!(operators, ExtractLane:);
    windlass_abi::simd_replace_lane!(operators, ReplaceLane:);
    windlass_abi::simd_load!(operators, Load:);
    windlass_abi::simd_load_lane!(operators, LoadLane:);
    windlass_abi::simd_store_lane!(operators, StoreLane:);
}

/// An operator with its instructions.
struct Row {
    function: &'static str,
    /// The kind of the result, if there is one.
    result: Option<ValKind>,
    /// Of an access: see [`Access`]. Else one.
    entries: &'static [Entry],
}

/// The rows of a group: the function that gives an operator's instructions, and the group.
macro_rules! rows {
    ($entries:ident: $($name:ident: $operands:tt -> $result:ident;)*) => {
        &[$(Row {
            function: stringify!($name),
            result: kind!($result),
            entries: rows!(@ $entries $name),
        }),*]
    };
    (@ LOADS $name:ident) => { &whole_loads::<operator::$name>() };
    (@ LOAD_LANES $name:ident) => { &[
        Entry::of::<FastLoadLane<operator::$name>>(),
        Entry::of::<AnyLoadLane<operator::$name, u32>>(),
        Entry::of::<AnyLoadLane<operator::$name, u64>>(),
    ] };
    (@ STORE_LANES $name:ident) => { &[
        Entry::of::<FastStoreLane<operator::$name>>(),
        Entry::of::<AnyStoreLane<operator::$name, u32>>(),
        Entry::of::<AnyStoreLane<operator::$name, u64>>(),
    ] };
    (@ Shuffle $name:ident) => { &[Entry::of::<Shuffle>()] };
    (@ $instr:ident $name:ident) => { &[Entry::of::<$instr<operator::$name>>()] };
}

/// The number of instructions of an access to a whole vector.
const WHOLE: usize = ADDRESS_WAYS + 2;

const fn whole_loads<L: LoadOp>() -> [Entry; WHOLE] {
    [
        Entry::of::<FastLoad<L, Base<Slot>>>(),
        Entry::of::<FastLoad<L, Base<Acc>>>(),
        Entry::of::<FastLoad<L, Sum<Slot>>>(),
        Entry::of::<FastLoad<L, Sum<Acc>>>(),
        Entry::of::<FastLoad<L, Absolute>>(),
        Entry::of::<FastLoad<L, Displaced<Slot>>>(),
        Entry::of::<FastLoad<L, Displaced<Acc>>>(),
        Entry::of::<AnyLoad<L, u32>>(),
        Entry::of::<AnyLoad<L, u64>>(),
    ]
}

const STORES: [Entry; WHOLE] = [
    Entry::of::<FastStore<V128Store, Base<Slot>, Slot>>(),
    Entry::of::<FastStore<V128Store, Base<Acc>, Slot>>(),
    Entry::of::<FastStore<V128Store, Sum<Slot>, Slot>>(),
    Entry::of::<FastStore<V128Store, Sum<Acc>, Slot>>(),
    Entry::of::<FastStore<V128Store, Absolute, Slot>>(),
    Entry::of::<FastStore<V128Store, Displaced<Slot>, Slot>>(),
    Entry::of::<FastStore<V128Store, Displaced<Acc>, Slot>>(),
    Entry::of::<AnyStore<V128Store, u32>>(),
    Entry::of::<AnyStore<V128Store, u64>>(),
];

const GROUPS: &[&[Row]] = &[
    windlass_abi::simd_unary!(rows, VectorUnary:),
    windlass_abi::simd_splat!(rows, VectorUnary:),
    windlass_abi::simd_test!(rows, VectorUnary:),
    windlass_abi::simd_bitmask!(rows, VectorUnary:),
    windlass_abi::simd_binary!(rows, VectorBinary:),
    windlass_abi::simd_shift!(rows, VectorBinary:),
    windlass_abi::simd_ternary!(rows, VectorTernary:),
    windlass_abi::simd_extract_lane!(rows, ExtractLane:),
    windlass_abi::simd_replace_lane!(rows, ReplaceLane:),
    windlass_abi::simd_shuffle!(rows, Shuffle:),
    windlass_abi::simd_load!(rows, LOADS:),
    windlass_abi::simd_load_lane!(rows, LOAD_LANES:),
    windlass_abi::simd_store_lane!(rows, STORE_LANES:),
    &[
        Row { function: "v128_load", result: Some(ValKind::V128), entries: &whole_loads::<V128Load>() },
        Row { function: "v128_store", result: None, entries: &STORES },
    ],
];

/// All instructions, in the order of the rows.
pub(crate) const ENTRIES: &[Entry] = &{
    const COUNT: usize = {
        let (mut count, mut group) = (0, 0);
        while group < GROUPS.len() {
            let mut row = 0;
            while row < GROUPS[group].len() {
                count += GROUPS[group][row].entries.len();
                row += 1;
            }
            group += 1;
        }
        count
    };
    let mut all = [GROUPS[0][0].entries[0]; COUNT];
    let (mut n, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].len() {
            let entries = GROUPS[group][row].entries;
            let mut i = 0;
            while i < entries.len() {
                all[n] = entries[i];
                n += 1;
                i += 1;
            }
            row += 1;
        }
        group += 1;
    }
    all
};

/// An operator as the translator needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector {
    /// The opcode of its first instruction.
    first: Opcode,
    /// The kind of its result, if it has one.
    pub result: Option<ValKind>,
    /// The number of its operands on the stack, if it is no access.
    pub operands: usize,
}

/// The instruction of an access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// To the first memory, with the address in this way.
    Fast(AddressWay),
    /// To any memory. Whether it has 64-bit addresses.
    Any(bool),
}

impl Vector {
    /// The opcode of an operator that accesses no memory.
    pub const fn opcode(self) -> Opcode {
        self.first
    }

    /// The opcode of an access to a whole vector.
    pub const fn whole(self, access: Access) -> Opcode {
        self.first
            + match access {
                Access::Fast(way) => way as Opcode,
                Access::Any(memory64) => ADDRESS_WAYS as Opcode + memory64 as Opcode,
            }
    }

    /// The opcode of an access to a lane: to the first memory, or to any of this address type.
    pub const fn lane(self, memory64: Option<bool>) -> Opcode {
        self.first
            + match memory64 {
                None => 0,
                Some(memory64) => 1 + memory64 as Opcode,
            }
    }
}

/// The operator that a visitor's method is for. `base` is the opcode of the first of all these instructions.
pub(crate) const fn find(visit: &str, base: Opcode) -> Vector {
    let (mut first, mut group) = (base, 0);
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].len() {
            let Row { function, result, entries } = &GROUPS[group][row];
            if is_visit_of(visit, function) {
                return Vector { first, result: *result, operands: sources(entries[0].operands) };
            }
            first += entries.len() as Opcode;
            row += 1;
        }
        group += 1;
    }
    panic!("the visitor has a vector operator that the table of numeric operators has not")
}

const fn is_visit_of(visit: &str, function: &str) -> bool {
    let (visit, function) = (visit.as_bytes(), function.as_bytes());
    const PREFIX: usize = "visit_".len();
    if visit.len() != PREFIX + function.len() {
        return false;
    }
    let mut i = 0;
    while i < function.len() {
        if visit[PREFIX + i] != function[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn sources(operands: &[Operand]) -> usize {
    let (mut count, mut i) = (0, 0);
    while i < operands.len() {
        count += matches!(operands[i], Operand::Src) as usize;
        i += 1;
    }
    count
}
