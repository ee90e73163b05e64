//! What an instruction gives for constants.
//!
//! The meaning of arithmetic is the function of [`windlass_abi::num`] that has the opcode's name. The match below is
//! made from the same groups of rows as the table of opcodes, so a row without a meaning does not build.

use crate::constant::Constant;
use crate::op::{Op, numeric_groups};
use windlass_abi::num;
use windlass_abi::trap::TrapCode;

/// What an instruction has beside its operands.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Immediate {
    /// Nothing.
    #[default]
    None,
    /// A lane.
    Lane(u8),
    /// Sixteen lanes.
    Lanes([u8; 16]),
}

impl Immediate {
    fn lane(self) -> Option<u8> {
        match self {
            Immediate::Lane(lane) => Some(lane),
            _ => None,
        }
    }

    fn lanes(self) -> Option<[u8; 16]> {
        match self {
            Immediate::Lanes(lanes) => Some(lanes),
            _ => None,
        }
    }
}

/// What an instruction gives for these operands, or how it traps. `None` if its value is not a function of them
/// alone, or if they are not what its row says.
///
/// A reference stands for an `i32`. `select` gives one of its operands as it is: the type of the instruction may still
/// make an integer of a reference ([`Constant::as_type`]).
pub fn fold(op: Op, operands: &[Constant], immediate: Immediate) -> Option<Result<Constant, TrapCode>> {
    if operands.len() != op.row().operands.len() {
        return None;
    }
    let mut operands = Operands(operands);
    match op {
        Op::select => {
            let [a, b, condition] = *operands.0 else { return None };
            let alike = a.ty().fits(b.ty()) || b.ty().fits(a.ty());
            let chosen = if u32::try_from(condition).ok()? != 0 { a } else { b };
            alike.then_some(Ok(chosen))
        }
        // Which of two different values it is, nobody knows.
        Op::either => (operands.0[0] == operands.0[1]).then_some(Ok(operands.0[0])),
        // The upper half is the second one.
        Op::i64_mul_high_s => num::i64_mul_wide_s(operands.next()?, operands.next()?).1.meaning(),
        Op::i64_mul_high_u => num::i64_mul_wide_u(operands.next()?, operands.next()?).1.meaning(),
        Op::ref_from_i32 => Some(Ok(Constant::Ref(operands.next()?))),
        _ => arithmetic(op, operands, immediate),
    }
}

macro_rules! define {
    ($( { $group:ident: $(
        $name:ident: ($($operand:ident),* $(; $immediate:ident)?) -> $result:ident $($traps:ident)?;
    )* } )*) => {
        fn arithmetic(
            op: Op,
            mut operands: Operands<'_>,
            immediate: Immediate,
        ) -> Option<Result<Constant, TrapCode>> {
            match op {
                $($(
                    Op::$name => num::$name(
                        $( operands.next::<define!(@ $operand)>()?, )*
                        $( immediate.$immediate()?, )?
                    ).meaning(),
                )*)*
                _ => None,
            }
        }
    };
    (@ i32) => { u32 };
    (@ i64) => { u64 };
    (@ f32) => { f32 };
    (@ f64) => { f64 };
    (@ v128) => { num::V128 };
}
numeric_groups! { define }

/// Operands that are still to be read.
struct Operands<'a>(&'a [Constant]);

impl Operands<'_> {
    /// The next one, if it is of this type.
    fn next<T: TryFrom<Constant>>(&mut self) -> Option<T> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        T::try_from(*first).ok()
    }
}

/// What the functions give.
trait Meaning {
    fn meaning(self) -> Option<Result<Constant, TrapCode>>;
}

macro_rules! meanings {
    ($($ty:ty)*) => { $(
        impl Meaning for $ty {
            fn meaning(self) -> Option<Result<Constant, TrapCode>> {
                Some(Ok(self.into()))
            }
        }
    )* };
}
meanings! { u32 u64 f32 f64 bool num::V128 }

impl<T: Into<Constant>> Meaning for Result<T, TrapCode> {
    fn meaning(self) -> Option<Result<Constant, TrapCode>> {
        Some(self.map(Into::into))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Class, Effects, Shape};
    use crate::types::Type;
    use alloc::vec::Vec;

    fn ones(class: Class) -> Constant {
        let ty = match class {
            Class::Is(ty) => ty,
            _ => Type::I64,
        };
        Constant::from_le_bytes(ty, [1; 16]).unwrap()
    }

    #[test]
    fn all_arithmetic_folds_to_its_type() {
        use Shape::{Binary, BinaryLane, Shuffle, Ternary, Unary, UnaryLane};
        let pure = |op: &Op| op.effects().floats() || op.effects() == Effects::TRAP;
        for op in Op::ALL.iter().copied().filter(pure) {
            let row = op.row();
            let immediate = match row.shape {
                Unary | Binary | Ternary => Immediate::None,
                UnaryLane | BinaryLane => Immediate::Lane(op.lanes() - 1),
                Shuffle => Immediate::Lanes([31; 16]),
                _ => continue,
            };
            let mut operands: Vec<_> = row.operands.iter().copied().map(ones).collect();
            let folded = fold(op, &operands, immediate).expect(row.name).expect(row.name);
            match row.result {
                Class::Is(ty) => assert_eq!(folded.ty(), ty, "{}", row.name),
                class => assert_eq!(folded, ones(class), "{}", row.name),
            }
            operands.push(Constant::I32(0));
            assert_eq!(fold(op, &operands, immediate), None, "{} has too many operands", row.name);
        }
    }

    #[test]
    fn values() {
        let fold = |op, operands: &[Constant]| fold(op, operands, Immediate::None);
        let [two, three] = [Constant::I32(2), Constant::I32(3)];
        assert_eq!(fold(Op::i32_sub, &[two, three]), Some(Ok(Constant::I32(u32::MAX))));
        assert_eq!(fold(Op::i32_add, &[two, Constant::Ref(3)]), Some(Ok(Constant::I32(5))));
        assert_eq!(fold(Op::i32_lt_s, &[two, three]), Some(Ok(Constant::I32(1))));
        assert_eq!(fold(Op::i32_div_u, &[two, Constant::I32(0)]), Some(Err(TrapCode::IntegerDivisionByZero)));
        assert_eq!(fold(Op::select, &[two, three, Constant::I32(0)]), Some(Ok(three)));
        assert_eq!(fold(Op::select, &[two, Constant::I64(0), three]), None);
        assert_eq!(fold(Op::ref_from_i32, &[two]), Some(Ok(Constant::Ref(2))));
        let least = Constant::I64(1 << 63);
        assert_eq!(fold(Op::i64_mul_high_s, &[least, least]), Some(Ok(Constant::I64(1 << 62))));
        assert_eq!(fold(Op::i64_mul_high_u, &[least, Constant::I64(2)]), Some(Ok(Constant::I64(1))));
    }

    #[test]
    fn what_is_no_function_of_constants_does_not_fold() {
        let (i32, i64) = (Constant::I32(0), Constant::I64(0));
        assert_eq!(fold(Op::context, &[], Immediate::None), None);
        assert_eq!(fold(Op::either, &[i32, Constant::I32(1)], Immediate::None), None);
        assert_eq!(fold(Op::i32_load, &[i32], Immediate::None), None);
        assert_eq!(fold(Op::i32_add, &[i32], Immediate::None), None);
        assert_eq!(fold(Op::i32_add, &[i32, i64], Immediate::None), None);
        let vector = Constant::from_le_bytes(Type::V128, [0; 16]).unwrap();
        assert_eq!(fold(Op::i8x16_shuffle, &[vector, vector], Immediate::Lane(0)), None);
    }
}
