//! From the walk's operators to the translator's methods.
//!
//! Most operators have a row in the table of opcodes under their own name: arithmetic, and accesses to memories. They are
//! translated by their shape. All others have a method of their own, which comes first. An operator with neither does not build.

use super::calls::builtin;
use super::{Done, Translator};
use crate::names::is_same;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use windlass_abi::num::V128;
use windlass_abi::types::ValKind;
use windlass_ir::builder::fixed_type;
use windlass_ir::op::Shape;
use windlass_ir::{Inst, Op, Type, Value};
use windlass_wasm::wasmparser::{self, MemArg, VisitOperator, VisitSimdOperator};
use windlass_wasm::{fuel, sorted_operators};

extern crate alloc;

/// The operators of a translator. What is a method of this type itself comes before what the table gives.
/// (It is generic so that only what is called of the table is made, and has to have a row.)
struct Operators<'t, 'm, T = ()>(&'t mut Translator<'m>, PhantomData<T>);

impl<'m, T> Deref for Operators<'_, 'm, T> {
    type Target = Translator<'m>;

    fn deref(&self) -> &Translator<'m> {
        self.0
    }
}

impl<T> DerefMut for Operators<'_, '_, T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0
    }
}

/// The opcode that an operator has a row of. For whom is only there to have it asked when it is needed.
const fn row_of<Asking>(visit: &str) -> Op {
    // This cannot be known before the type is.
    let _ = size_of::<Asking>();
    // All methods begin with `visit_`.
    let (_, name) = visit.split_at("visit_".len());
    let mut i = 0;
    while i < Op::ALL.len() {
        if is_same(Op::ALL[i].name(), name) {
            return Op::ALL[i];
        }
        i += 1;
    }
    panic!("the operator has neither a row nor a method")
}

macro_rules! by_table {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $( by_table!(one $visit ($($($arg: $ty),*)?)); )*
    };
    (one $visit:ident ()) => {
        fn $visit(&mut self) -> Done {
            self.translator().arithmetic(const { row_of::<Self>(stringify!($visit)) })
        }
    };
    (one $visit:ident (memarg: $ty:ty)) => {
        fn $visit(&mut self, memarg: $ty) -> Done {
            self.translator().access(const { row_of::<Self>(stringify!($visit)) }, &memarg, 0)
        }
    };
    (one $visit:ident (memarg: $ty:ty, lane: $lane:ty)) => {
        fn $visit(&mut self, memarg: $ty, lane: $lane) -> Done {
            self.translator().access(const { row_of::<Self>(stringify!($visit)) }, &memarg, lane)
        }
    };
    (one $visit:ident (lane: $ty:ty)) => {
        fn $visit(&mut self, lane: $ty) -> Done {
            self.translator().lane_arithmetic(const { row_of::<Self>(stringify!($visit)) }, lane)
        }
    };
    (one $visit:ident (lanes: $ty:ty)) => {
        fn $visit(&mut self, lanes: $ty) -> Done {
            self.translator().shuffle(const { row_of::<Self>(stringify!($visit)) }, lanes)
        }
    };
    // Others have methods of their own.
    (one $visit:ident $args:tt) => {};
}

/// What the table gives for an operator.
#[allow(dead_code, reason = "some have a method of their own")]
trait ByTable<'m>: Sized {
    fn translator(&mut self) -> &mut Translator<'m>;

    wasmparser::for_each_visit_operator!(by_table);
    wasmparser::for_each_visit_simd_operator!(by_table);
}

impl<'m, T> ByTable<'m> for Operators<'_, 'm, T> {
    fn translator(&mut self) -> &mut Translator<'m> {
        self.0
    }
}

macro_rules! operator {
    (always $visit:ident ($($arg:ident: $ty:ty),*)) => {
        fn $visit(&mut self $(, $arg: $ty)*) -> Done {
            self.charge(fuel::op::$visit);
            Operators::<()>(self, PhantomData).$visit($($arg),*)
        }
    };
    (reached $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline]
        fn $visit(&mut self $(, $arg: $ty)*) -> Done {
            if self.dead {
                return Ok(());
            }
            self.charge(fuel::op::$visit);
            Operators::<()>(self, PhantomData).$visit($($arg),*)
        }
    };
    (refused $visit:ident ($($arg:ident: $ty:ty),*)) => {
        fn $visit(&mut self $(, _: $ty)*) -> Done {
            unreachable!(concat!("the walk refuses ", stringify!($visit)))
        }
    };
}

impl<'a> VisitOperator<'a> for Translator<'_> {
    type Output = Done;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Done>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(sorted_operators);
}

macro_rules! vector_operators {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $( operator!(reached $visit ($($($arg: $ty),*)?)); )*
    };
}

impl<'a> VisitSimdOperator<'a> for Translator<'_> {
    wasmparser::for_each_visit_simd_operator!(vector_operators);
}

windlass_wasm::operator_methods! { impl Operators<'_, '_> }

#[allow(clippy::unnecessary_wraps)]
impl Operators<'_, '_> {
    fn visit_drop(&mut self) -> Done {
        self.pop();
        Ok(())
    }

    fn visit_v128_const(&mut self, value: wasmparser::V128) -> Done {
        let translator = &mut *self.0;
        let value = translator.simplifier.vector(&mut translator.function, V128(*value.bytes()));
        self.push(value)
    }

    fn visit_atomic_fence(&mut self) -> Done {
        self.place(Inst::plain(Op::fence, &[]), Type::Void);
        Ok(())
    }

    fn visit_memory_atomic_wait32(&mut self, memarg: MemArg) -> Done {
        self.atomic_wait(const { builtin("atomic_wait32") }, &memarg)
    }

    fn visit_memory_atomic_wait64(&mut self, memarg: MemArg) -> Done {
        self.atomic_wait(const { builtin("atomic_wait64") }, &memarg)
    }

    fn visit_memory_atomic_notify(&mut self, memarg: MemArg) -> Done {
        self.atomic_notify(&memarg)
    }

    fn visit_i64_add128(&mut self) -> Done {
        let [a, a_high, b, b_high] = self.pop_four();
        let low = self.pure(Op::i64_add, &[a, b]);
        let carry = self.pure(Op::i64_lt_u, &[low, a]);
        let carry = self.pure(Op::i64_extend_i32_u, &[carry]);
        let high = self.pure(Op::i64_add, &[a_high, b_high]);
        let high = self.pure(Op::i64_add, &[high, carry]);
        self.push(low)?;
        self.push(high)
    }

    fn visit_i64_sub128(&mut self) -> Done {
        let [a, a_high, b, b_high] = self.pop_four();
        let low = self.pure(Op::i64_sub, &[a, b]);
        let borrow = self.pure(Op::i64_lt_u, &[a, b]);
        let borrow = self.pure(Op::i64_extend_i32_u, &[borrow]);
        let high = self.pure(Op::i64_sub, &[a_high, b_high]);
        let high = self.pure(Op::i64_sub, &[high, borrow]);
        self.push(low)?;
        self.push(high)
    }

    fn visit_i64_mul_wide_s(&mut self) -> Done {
        self.multiply_wide(Op::i64_mul_high_s)
    }

    fn visit_i64_mul_wide_u(&mut self) -> Done {
        self.multiply_wide(Op::i64_mul_high_u)
    }

    fn pop_four(&mut self) -> [Value; 4] {
        let values = self.pop_many(4);
        core::array::from_fn(|i| values[i])
    }

    fn multiply_wide(&mut self, high: Op) -> Done {
        let (b, a) = (self.pop(), self.pop());
        let low = self.pure(Op::i64_mul, &[a, b]);
        let high = self.pure(high, &[a, b]);
        self.push(low)?;
        self.push(high)
    }
}

impl Translator<'_> {
    /// Pushes a constant of a kind.
    fn push_const(&mut self, kind: ValKind, bits: u64) -> Done {
        let value = self.constant(super::type_of(kind), bits);
        self.push(value)
    }

    fn push_local(&mut self, local: u32) -> Done {
        let value = self.local(local);
        self.push(value)
    }

    fn local_set(&mut self, local: u32) {
        let value = self.pop();
        self.set_local(local, value);
    }

    fn local_tee(&mut self, local: u32) -> Done {
        let value = *self.stack.last().expect("validated");
        self.set_local(local, value);
        Ok(())
    }

    /// Arithmetic without immediates.
    fn arithmetic(&mut self, op: Op) -> Done {
        let row = op.row();
        debug_assert!(matches!(row.shape, Shape::Unary | Shape::Binary | Shape::Ternary));
        let mut operands = [Value(0); 3];
        let operands = &mut operands[..row.operands.len()];
        for operand in operands.iter_mut().rev() {
            *operand = self.pop();
        }
        let value = match row.effects.floats() {
            true => self.pure(op, operands),
            false => self.trapping(op, operands),
        };
        self.push(value)
    }

    /// Arithmetic with a lane.
    fn lane_arithmetic(&mut self, op: Op, lane: u8) -> Done {
        let operands = self.pop_many(op.row().operands.len());
        let inst = Inst::lane_of(op, &operands, lane);
        let value = self.simplifier.make_inst(&mut self.function, inst, fixed_type(op));
        self.push(value)
    }

    /// `i8x16.shuffle`.
    fn shuffle(&mut self, op: Op, lanes: [u8; 16]) -> Done {
        let (b, a) = (self.pop(), self.pop());
        let number = self.function.vector(V128(lanes));
        let inst = Inst { op, aux: 0, fields: [a.0, b.0, number] };
        let value = self.simplifier.make_inst(&mut self.function, inst, Type::V128);
        self.push(value)
    }

    /// Charges an operator, before it is translated.
    fn charge(&mut self, op: fuel::Op) {
        if !self.settings.fuel || self.dead {
            return;
        }
        if op.cost > 0 {
            match self.charge {
                Some(charge) => {
                    let sum = &mut self.function.inst_mut(charge).fields[0];
                    *sum = sum.saturating_add(op.cost);
                }
                None => {
                    let inst = Inst { op: Op::charge, aux: 0, fields: [op.cost, 0, 0] };
                    self.charge = Some(self.place(inst, Type::Void));
                }
            }
        }
        if op.ends_block {
            self.charge = None;
        }
    }
}
