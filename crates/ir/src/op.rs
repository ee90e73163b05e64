//! The table of opcodes: one row each, from which everything else is derived.
//!
//! Arithmetic is Wasm's: the rows, and what they mean, come from [`windlass_abi::num`], under the names that
//! they have there. The other rows stand below, in groups: `NAME: SHAPE (OPERANDS) -> RESULT, EFFECTS…;`.
//! `own` is the type that an instruction has itself, `address` that of the indices of the memory it accesses,
//! `any` any type.

use crate::types::Type;

/// How the fields of an instruction are to be read. In all shapes, values come first; they are given in
/// the order of the row's operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Nothing.
    Plain,
    /// One value.
    Unary,
    /// Two values.
    Binary,
    /// Three values.
    Ternary,
    /// One vector, and a lane.
    UnaryLane,
    /// A vector and a value, and a lane.
    BinaryLane,
    /// Two vectors, and sixteen lanes from the pool of vectors.
    Shuffle,
    /// Bits of a constant.
    Const,
    /// A constant from the pool of vectors.
    VectorConst,
    /// Which parameter of which block.
    Param,
    /// Which further result of a call.
    Result,
    /// An address, an offset, and the memory.
    Load,
    /// An address, a vector, an offset, the memory and a lane.
    LoadLane,
    /// An address, a value, an offset, and the memory.
    Store,
    /// An address, a vector, an offset, the memory and a lane.
    StoreLane,
    /// An address, what is expected and what replaces it; an offset, and the memory.
    Exchange,
    /// A pointer and an offset, and the region that it points to.
    RawLoad,
    /// A pointer, a value and an offset, and the region that it points to.
    RawStore,
    /// A slot of the frame.
    Slot,
    /// A value, and a slot of the frame.
    SlotStore,
    /// A number.
    Number,
    /// A value, and why it traps.
    TrapIf,
    /// Why it traps.
    Trap,
    /// Values, as many as there are.
    Values,
    /// An edge.
    Jump,
    /// A condition, and the edges where it is not zero and where it is.
    Branch,
    /// An index, and edges: the last one for every index beyond the others.
    Table,
    /// A function, and values for its parameters.
    Call,
    /// A signature; pointers to the code and to the context that it runs in, and values for the parameters.
    CallPointer,
    /// Like `Call`; the edges where it returns, and where it throws.
    TryCall,
    /// Like `CallPointer`; the edges where it returns, and where it throws.
    TryCallPointer,
}

/// What an instruction does beside giving a value.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Effects(u8);

impl Effects {
    /// Nothing: the instruction may be left out, moved, and made twice.
    pub const NONE: Effects = Effects(0);
    /// It reads what others may write.
    pub const READ: Effects = Effects(1);
    /// It writes.
    pub const WRITE: Effects = Effects(2);
    /// It may end the function with a trap.
    pub const TRAP: Effects = Effects(4);
    /// It may run anything: the collector, other code, the host.
    pub const CALL: Effects = Effects(8);
    /// It is the last one of its block.
    pub const END: Effects = Effects(16);
    /// It has its place though it does nothing.
    pub const PINNED: Effects = Effects(32);

    /// Both.
    pub const fn and(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }

    /// Whether any of `other` is among them.
    pub const fn any(self, other: Effects) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the instruction has no place of its own.
    pub const fn floats(self) -> bool {
        self.0 == 0
    }
}

/// What a row says of the type of an operand or a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// This type.
    Is(Type),
    /// The instruction's own type.
    Own,
    /// The type of the memory's indices.
    Address,
    /// Any type of values.
    Any,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The opcode's name, in the text form too.
    pub name: &'static str,
    /// How its fields are read.
    pub shape: Shape,
    /// Its operands, those that are always there.
    pub operands: &'static [Class],
    /// Its result.
    pub result: Class,
    /// What it does.
    pub effects: Effects,
    /// Bytes that it reads or writes in a memory, or at a pointer if they are fewer than its type's.
    pub bytes: u8,
}

/// Calls `$callback` with the rows that are not arithmetic, and what follows it and a comma before them.
macro_rules! other_rows {
    ($callback:ident $(, $($before:tt)*)?) => { $callback! {
        $($($before)*)?
        // Values that are there.
        param: Param () -> own, PINNED;
        result: Result () -> own, PINNED;
        i32_const: Const () -> i32;
        i64_const: Const () -> i64;
        f32_const: Const () -> f32;
        f64_const: Const () -> f64;
        ref_const: Const () -> ref_;
        v128_const: VectorConst () -> v128;
        // The pointer to the context of the running code.
        context: Plain () -> i64;
        // The first if the condition is not zero, else the second.
        select: Ternary (own, own, i32) -> own;
        // Two ways to the same value: whoever places code chooses.
        either: Binary (own, own) -> own;
        // The upper half of the product.
        i64_mul_high_s: Binary (i64, i64) -> i64;
        i64_mul_high_u: Binary (i64, i64) -> i64;
        // The reference with these bits.
        ref_from_i32: Unary (i32) -> ref_;

        // Accesses to memories: out of bounds they trap, and have done nothing.
        i32_load: Load (address) -> i32, READ TRAP, 4;
        i64_load: Load (address) -> i64, READ TRAP, 8;
        f32_load: Load (address) -> f32, READ TRAP, 4;
        f64_load: Load (address) -> f64, READ TRAP, 8;
        v128_load: Load (address) -> v128, READ TRAP, 16;
        i32_load8_s: Load (address) -> i32, READ TRAP, 1;
        i32_load8_u: Load (address) -> i32, READ TRAP, 1;
        i32_load16_s: Load (address) -> i32, READ TRAP, 2;
        i32_load16_u: Load (address) -> i32, READ TRAP, 2;
        i64_load8_s: Load (address) -> i64, READ TRAP, 1;
        i64_load8_u: Load (address) -> i64, READ TRAP, 1;
        i64_load16_s: Load (address) -> i64, READ TRAP, 2;
        i64_load16_u: Load (address) -> i64, READ TRAP, 2;
        i64_load32_s: Load (address) -> i64, READ TRAP, 4;
        i64_load32_u: Load (address) -> i64, READ TRAP, 4;
        v128_load8x8_s: Load (address) -> v128, READ TRAP, 8;
        v128_load8x8_u: Load (address) -> v128, READ TRAP, 8;
        v128_load16x4_s: Load (address) -> v128, READ TRAP, 8;
        v128_load16x4_u: Load (address) -> v128, READ TRAP, 8;
        v128_load32x2_s: Load (address) -> v128, READ TRAP, 8;
        v128_load32x2_u: Load (address) -> v128, READ TRAP, 8;
        v128_load8_splat: Load (address) -> v128, READ TRAP, 1;
        v128_load16_splat: Load (address) -> v128, READ TRAP, 2;
        v128_load32_splat: Load (address) -> v128, READ TRAP, 4;
        v128_load64_splat: Load (address) -> v128, READ TRAP, 8;
        v128_load32_zero: Load (address) -> v128, READ TRAP, 4;
        v128_load64_zero: Load (address) -> v128, READ TRAP, 8;
        v128_load8_lane: LoadLane (address, v128) -> v128, READ TRAP, 1;
        v128_load16_lane: LoadLane (address, v128) -> v128, READ TRAP, 2;
        v128_load32_lane: LoadLane (address, v128) -> v128, READ TRAP, 4;
        v128_load64_lane: LoadLane (address, v128) -> v128, READ TRAP, 8;
        i32_store: Store (address, i32) -> void, WRITE TRAP, 4;
        i64_store: Store (address, i64) -> void, WRITE TRAP, 8;
        f32_store: Store (address, f32) -> void, WRITE TRAP, 4;
        f64_store: Store (address, f64) -> void, WRITE TRAP, 8;
        v128_store: Store (address, v128) -> void, WRITE TRAP, 16;
        i32_store8: Store (address, i32) -> void, WRITE TRAP, 1;
        i32_store16: Store (address, i32) -> void, WRITE TRAP, 2;
        i64_store8: Store (address, i64) -> void, WRITE TRAP, 1;
        i64_store16: Store (address, i64) -> void, WRITE TRAP, 2;
        i64_store32: Store (address, i64) -> void, WRITE TRAP, 4;
        v128_store8_lane: StoreLane (address, v128) -> void, WRITE TRAP, 1;
        v128_store16_lane: StoreLane (address, v128) -> void, WRITE TRAP, 2;
        v128_store32_lane: StoreLane (address, v128) -> void, WRITE TRAP, 4;
        v128_store64_lane: StoreLane (address, v128) -> void, WRITE TRAP, 8;

        // Atomic accesses, sequentially consistent: they trap where the address is no multiple of their size, too.
        i32_atomic_load: Load (address) -> i32, READ WRITE TRAP, 4;
        i64_atomic_load: Load (address) -> i64, READ WRITE TRAP, 8;
        i32_atomic_load8_u: Load (address) -> i32, READ WRITE TRAP, 1;
        i32_atomic_load16_u: Load (address) -> i32, READ WRITE TRAP, 2;
        i64_atomic_load8_u: Load (address) -> i64, READ WRITE TRAP, 1;
        i64_atomic_load16_u: Load (address) -> i64, READ WRITE TRAP, 2;
        i64_atomic_load32_u: Load (address) -> i64, READ WRITE TRAP, 4;
        i32_atomic_store: Store (address, i32) -> void, READ WRITE TRAP, 4;
        i64_atomic_store: Store (address, i64) -> void, READ WRITE TRAP, 8;
        i32_atomic_store8: Store (address, i32) -> void, READ WRITE TRAP, 1;
        i32_atomic_store16: Store (address, i32) -> void, READ WRITE TRAP, 2;
        i64_atomic_store8: Store (address, i64) -> void, READ WRITE TRAP, 1;
        i64_atomic_store16: Store (address, i64) -> void, READ WRITE TRAP, 2;
        i64_atomic_store32: Store (address, i64) -> void, READ WRITE TRAP, 4;
        i32_atomic_rmw_add: Store (address, i32) -> i32, READ WRITE TRAP, 4;
        i64_atomic_rmw_add: Store (address, i64) -> i64, READ WRITE TRAP, 8;
        i32_atomic_rmw8_add_u: Store (address, i32) -> i32, READ WRITE TRAP, 1;
        i32_atomic_rmw16_add_u: Store (address, i32) -> i32, READ WRITE TRAP, 2;
        i64_atomic_rmw8_add_u: Store (address, i64) -> i64, READ WRITE TRAP, 1;
        i64_atomic_rmw16_add_u: Store (address, i64) -> i64, READ WRITE TRAP, 2;
        i64_atomic_rmw32_add_u: Store (address, i64) -> i64, READ WRITE TRAP, 4;
        i32_atomic_rmw_sub: Store (address, i32) -> i32, READ WRITE TRAP, 4;
        i64_atomic_rmw_sub: Store (address, i64) -> i64, READ WRITE TRAP, 8;
        i32_atomic_rmw8_sub_u: Store (address, i32) -> i32, READ WRITE TRAP, 1;
        i32_atomic_rmw16_sub_u: Store (address, i32) -> i32, READ WRITE TRAP, 2;
        i64_atomic_rmw8_sub_u: Store (address, i64) -> i64, READ WRITE TRAP, 1;
        i64_atomic_rmw16_sub_u: Store (address, i64) -> i64, READ WRITE TRAP, 2;
        i64_atomic_rmw32_sub_u: Store (address, i64) -> i64, READ WRITE TRAP, 4;
        i32_atomic_rmw_and: Store (address, i32) -> i32, READ WRITE TRAP, 4;
        i64_atomic_rmw_and: Store (address, i64) -> i64, READ WRITE TRAP, 8;
        i32_atomic_rmw8_and_u: Store (address, i32) -> i32, READ WRITE TRAP, 1;
        i32_atomic_rmw16_and_u: Store (address, i32) -> i32, READ WRITE TRAP, 2;
        i64_atomic_rmw8_and_u: Store (address, i64) -> i64, READ WRITE TRAP, 1;
        i64_atomic_rmw16_and_u: Store (address, i64) -> i64, READ WRITE TRAP, 2;
        i64_atomic_rmw32_and_u: Store (address, i64) -> i64, READ WRITE TRAP, 4;
        i32_atomic_rmw_or: Store (address, i32) -> i32, READ WRITE TRAP, 4;
        i64_atomic_rmw_or: Store (address, i64) -> i64, READ WRITE TRAP, 8;
        i32_atomic_rmw8_or_u: Store (address, i32) -> i32, READ WRITE TRAP, 1;
        i32_atomic_rmw16_or_u: Store (address, i32) -> i32, READ WRITE TRAP, 2;
        i64_atomic_rmw8_or_u: Store (address, i64) -> i64, READ WRITE TRAP, 1;
        i64_atomic_rmw16_or_u: Store (address, i64) -> i64, READ WRITE TRAP, 2;
        i64_atomic_rmw32_or_u: Store (address, i64) -> i64, READ WRITE TRAP, 4;
        i32_atomic_rmw_xor: Store (address, i32) -> i32, READ WRITE TRAP, 4;
        i64_atomic_rmw_xor: Store (address, i64) -> i64, READ WRITE TRAP, 8;
        i32_atomic_rmw8_xor_u: Store (address, i32) -> i32, READ WRITE TRAP, 1;
        i32_atomic_rmw16_xor_u: Store (address, i32) -> i32, READ WRITE TRAP, 2;
        i64_atomic_rmw8_xor_u: Store (address, i64) -> i64, READ WRITE TRAP, 1;
        i64_atomic_rmw16_xor_u: Store (address, i64) -> i64, READ WRITE TRAP, 2;
        i64_atomic_rmw32_xor_u: Store (address, i64) -> i64, READ WRITE TRAP, 4;
        i32_atomic_rmw_xchg: Store (address, i32) -> i32, READ WRITE TRAP, 4;
        i64_atomic_rmw_xchg: Store (address, i64) -> i64, READ WRITE TRAP, 8;
        i32_atomic_rmw8_xchg_u: Store (address, i32) -> i32, READ WRITE TRAP, 1;
        i32_atomic_rmw16_xchg_u: Store (address, i32) -> i32, READ WRITE TRAP, 2;
        i64_atomic_rmw8_xchg_u: Store (address, i64) -> i64, READ WRITE TRAP, 1;
        i64_atomic_rmw16_xchg_u: Store (address, i64) -> i64, READ WRITE TRAP, 2;
        i64_atomic_rmw32_xchg_u: Store (address, i64) -> i64, READ WRITE TRAP, 4;
        i32_atomic_rmw_cmpxchg: Exchange (address, i32, i32) -> i32, READ WRITE TRAP, 4;
        i64_atomic_rmw_cmpxchg: Exchange (address, i64, i64) -> i64, READ WRITE TRAP, 8;
        i32_atomic_rmw8_cmpxchg_u: Exchange (address, i32, i32) -> i32, READ WRITE TRAP, 1;
        i32_atomic_rmw16_cmpxchg_u: Exchange (address, i32, i32) -> i32, READ WRITE TRAP, 2;
        i64_atomic_rmw8_cmpxchg_u: Exchange (address, i64, i64) -> i64, READ WRITE TRAP, 1;
        i64_atomic_rmw16_cmpxchg_u: Exchange (address, i64, i64) -> i64, READ WRITE TRAP, 2;
        i64_atomic_rmw32_cmpxchg_u: Exchange (address, i64, i64) -> i64, READ WRITE TRAP, 4;
        fence: Plain () -> void, READ WRITE;

        // Accesses that never trap: the pointer is good, or the program is wrong.
        raw_load: RawLoad (i64) -> own, READ;
        raw_load8_u: RawLoad (i64) -> i32, READ, 1;
        raw_load16_u: RawLoad (i64) -> i32, READ, 2;
        // The same whenever it is read: what is behind a pointer never changes while the function runs.
        // It may be read wherever the pointer is there: if that is good only behind a check, it is `raw_load`.
        raw_const: RawLoad (i64) -> own;
        raw_store: RawStore (i64, any) -> void, WRITE;
        raw_store8: RawStore (i64, i32) -> void, WRITE, 1;
        raw_store16: RawStore (i64, i32) -> void, WRITE, 2;
        // Slots of the frame.
        slot_load: Slot () -> own, READ;
        slot_store: SlotStore (any) -> void, WRITE;
        slot_address: Slot () -> i64;

        // Charges fuel.
        charge: Number () -> void, READ WRITE TRAP CALL;
        // Looks whether someone wants the guest's attention.
        poll: Plain () -> void, READ WRITE TRAP CALL;
        // Trap if the value is not zero, or if it is.
        trap_if: TrapIf (i32) -> void, TRAP;
        trap_unless: TrapIf (i32) -> void, TRAP;
        // Ends the function if a call of the runtime did not go well: with a status that is not zero.
        raise_if: Unary (i64) -> void, READ WRITE TRAP CALL;

        // Calls. Their own value is the first result.
        call: Call () -> own, READ WRITE TRAP CALL;
        call_pointer: CallPointer () -> own, READ WRITE TRAP CALL;

        // Ends of blocks.
        jump: Jump () -> void, END;
        branch: Branch (i32) -> void, END;
        branch_table: Table (i32) -> void, END;
        return_: Values () -> void, END;
        trap: Trap () -> void, TRAP END;
        tail_call: Call () -> void, READ WRITE TRAP CALL END;
        tail_call_pointer: CallPointer () -> void, READ WRITE TRAP CALL END;
        // What they return or throw are parameters of the blocks where they go on.
        try_call: TryCall () -> void, READ WRITE TRAP CALL END;
        try_call_pointer: TryCallPointer () -> void, READ WRITE TRAP CALL END;
        // Cannot be reached.
        unreachable: Plain () -> void, END;
    } };
}

/// Calls `$callback` with the groups of arithmetic, `{ GROUP: ROWS… }` each, and then with what follows it.
macro_rules! numeric_groups {
    ($callback:ident) => { numeric_groups! { @next $callback
        [int_binary int_division int_unary int_test int_compare float_binary float_unary float_compare conversion
         truncation simd_unary simd_binary simd_ternary simd_shift simd_test simd_bitmask simd_splat
         simd_extract_lane simd_replace_lane simd_shuffle] }
    };
    (@next $callback:ident [$first:ident $($rest:ident)*] $($done:tt)*) => {
        windlass_abi::$first! { numeric_groups, @got $callback $first [$($rest)*] [$($done)*] }
    };
    (@next $callback:ident [] $($done:tt)*) => { $callback! { $($done)* } };
    (@got $callback:ident $group:ident [$($rest:tt)*] [$($done:tt)*] $($rows:tt)*) => {
        numeric_groups! { @next $callback [$($rest)*] $($done)* { $group: $($rows)* } }
    };
}

/// The class that a word of the table names.
macro_rules! class {
    (i32) => {
        Class::Is(Type::I32)
    };
    (i64) => {
        Class::Is(Type::I64)
    };
    (f32) => {
        Class::Is(Type::F32)
    };
    (f64) => {
        Class::Is(Type::F64)
    };
    (v128) => {
        Class::Is(Type::V128)
    };
    (ref_) => {
        Class::Is(Type::Ref)
    };
    (void) => {
        Class::Is(Type::Void)
    };
    (own) => {
        Class::Own
    };
    (address) => {
        Class::Address
    };
    (any) => {
        Class::Any
    };
}

macro_rules! define {
    (
        @all
        [$( { $group:ident: $( $num:ident: ($($noperand:ident),* $(; $immediate:ident)?) -> $nresult:ident $($traps:ident)?; )* } )*]
        $( $name:ident: $shape:ident ($($operand:ident),*) -> $result:ident $(, $($effect:ident)* $(, $bytes:literal)?)?; )*
    ) => {
        /// An opcode.
        #[allow(non_camel_case_types, missing_docs)]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum Op {
            $( $( $num, )* )*
            $( $name, )*
        }

        /// The table, by the numbers of opcodes.
        const ROWS: &[Row] = &[
            $( $( Row {
                name: stringify!($num),
                shape: numeric_shape(&[$(stringify!($noperand)),*], &[$(stringify!($immediate))?]),
                operands: &[$(class!($noperand)),*],
                result: class!($nresult),
                effects: numeric_effects(&[$(stringify!($traps))?]),
                bytes: 0,
            }, )* )*
            $( Row {
                name: stringify!($name),
                shape: Shape::$shape,
                operands: &[$(class!($operand)),*],
                result: class!($result),
                effects: Effects::NONE $( $( .and(Effects::$effect) )* )?,
                bytes: 0 $( $( + $bytes )? )?,
            }, )*
        ];

        impl Op {
            /// All opcodes, in the order of their numbers.
            pub const ALL: &[Op] = &[ $( $( Op::$num, )* )* $( Op::$name, )* ];
        }
    };
    ($($groups:tt)*) => { other_rows! { define, @all [$($groups)*] } };
}
numeric_groups! { define }
pub(crate) use numeric_groups;

/// The shape of arithmetic with these operands and immediates.
const fn numeric_shape(operands: &[&str], immediates: &[&str]) -> Shape {
    match (operands.len(), immediates.len()) {
        (1, 0) => Shape::Unary,
        (2, 0) => Shape::Binary,
        (3, 0) => Shape::Ternary,
        (1, 1) => Shape::UnaryLane,
        // `lane` or `lanes`.
        (2, 1) if immediates[0].len() == 4 => Shape::BinaryLane,
        (2, 1) => Shape::Shuffle,
        _ => panic!("arithmetic has one to three operands, and one immediate at most"),
    }
}

const fn numeric_effects(traps: &[&str]) -> Effects {
    if traps.is_empty() { Effects::NONE } else { Effects::TRAP }
}

impl Op {
    /// Its row.
    #[inline]
    pub const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// How its fields are read.
    #[inline]
    pub const fn shape(self) -> Shape {
        self.row().shape
    }

    /// What it does.
    #[inline]
    pub const fn effects(self) -> Effects {
        self.row().effects
    }

    /// Whether it is the last one of a block.
    #[inline]
    pub const fn ends(self) -> bool {
        self.effects().any(Effects::END)
    }

    /// Whether it calls, with a callee or a signature.
    pub const fn is_call(self) -> bool {
        use Shape::{Call, CallPointer, TryCall, TryCallPointer};
        matches!(self.shape(), Call | CallPointer | TryCall | TryCallPointer)
    }

    /// Of how many lanes it names one; 0 of opcodes that name none.
    pub fn lanes(self) -> u8 {
        let row = self.row();
        match row.shape {
            Shape::LoadLane | Shape::StoreLane => 16 / row.bytes,
            // The name begins with the shape of the vector, such as `i8x16_`.
            Shape::UnaryLane | Shape::BinaryLane => {
                let shape = row.name.split('_').next().and_then(|shape| shape.split_once('x'));
                shape
                    .and_then(|(_, count)| count.parse().ok())
                    .expect("the name says how many lanes there are")
            }
            _ => 0,
        }
    }

    /// The opcode of this name.
    pub fn parse(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn names_are_different_and_found() {
        let names: BTreeSet<&str> = Op::ALL.iter().map(|op| op.name()).collect();
        assert_eq!(names.len(), Op::ALL.len());
        for op in Op::ALL {
            assert_eq!(Op::parse(op.name()), Some(*op));
        }
        assert_eq!(Op::parse("i32_nothing"), None);
    }

    #[test]
    fn rows_are_of_their_opcodes() {
        assert_eq!(Op::i64_add.name(), "i64_add");
        assert_eq!(Op::i64_add.shape(), Shape::Binary);
        assert!(Op::i64_add.effects().floats());
        assert_eq!(Op::i32_div_s.effects(), Effects::TRAP);
        assert_eq!(Op::i8x16_shuffle.shape(), Shape::Shuffle);
        assert_eq!(Op::i8x16_replace_lane.shape(), Shape::BinaryLane);
        assert_eq!(Op::i64_eq.row().result, Class::Is(Type::I32));
        assert_eq!(Op::v128_load32_lane.row().bytes, 4);
        assert_eq!(Op::v128_load32_lane.lanes(), 4);
        assert_eq!(Op::i8x16_extract_lane_u.lanes(), 16);
        assert_eq!(Op::i8x16_shuffle.lanes(), 0);
        assert!(Op::try_call.ends() && Op::try_call.is_call());
    }
}
