//! What stands behind an opcode: one row for each shape, from which both printer and parser work.

use crate::function::{Function, Inst, SignatureData};
use crate::op::{Class, Op, Shape};
use crate::types::Type;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use windlass_abi::trap::TrapCode;

/// A piece of what stands behind an opcode. Commas are between them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece {
    /// The next operand: `v1`.
    Value,
    /// All operands: `v1, v2`.
    Values,
    /// The next operand, and an offset that is not negative: `v1 + 16`.
    Address,
    /// The next operand, and an offset: `v1 - 8`.
    Pointer,
    /// `m0`.
    Memory,
    /// `lane 3`.
    Lane,
    /// Sixteen bytes: `[00 01 …]`.
    Vector,
    /// A constant of the type that the opcode gives.
    Constant,
    /// `b1`.
    Block,
    /// A number.
    Number,
    /// The name of a region.
    Region,
    /// `s0`.
    Slot,
    /// The name of a trap.
    Trap,
    /// `b1(v1, v2) catch c0`.
    Edge,
    /// Edges, one at least.
    Edges,
    /// All operands: `f0(v1, v2)`.
    Callee,
    /// All operands: `sig0(v1, v2)`.
    Signature,
}

/// What stands behind opcodes of a shape.
pub(super) const fn pieces(shape: Shape) -> &'static [Piece] {
    use Piece::*;
    match shape {
        Shape::Plain => &[],
        Shape::Unary => &[Value],
        Shape::Binary => &[Value, Value],
        Shape::Ternary => &[Value, Value, Value],
        Shape::UnaryLane => &[Value, Lane],
        Shape::BinaryLane => &[Value, Value, Lane],
        Shape::Shuffle => &[Value, Value, Vector],
        Shape::Const => &[Constant],
        Shape::VectorConst => &[Vector],
        Shape::Param => &[Block, Number],
        Shape::Result => &[Value, Number],
        Shape::Load => &[Address, Memory],
        Shape::LoadLane => &[Address, Value, Memory, Lane],
        Shape::Store => &[Address, Value, Memory],
        Shape::StoreLane => &[Address, Value, Memory, Lane],
        Shape::Exchange => &[Address, Value, Value, Memory],
        Shape::RawLoad => &[Pointer, Region],
        Shape::RawStore => &[Pointer, Value, Region],
        Shape::Slot => &[Slot],
        Shape::SlotStore => &[Value, Slot],
        Shape::Number => &[Number],
        Shape::TrapIf => &[Value, Trap],
        Shape::Trap => &[Trap],
        Shape::Values => &[Values],
        Shape::Jump => &[Edge],
        Shape::Branch => &[Value, Edge, Edge],
        Shape::Table => &[Value, Edges],
        Shape::Call => &[Callee],
        Shape::CallPointer => &[Signature],
        Shape::TryCall => &[Callee, Edges],
        Shape::TryCallPointer => &[Signature, Edges],
    }
}

/// The name of an opcode: without the `_` that Rust wants behind a keyword.
pub(super) fn op_name(op: Op) -> &'static str {
    op.name().trim_end_matches('_')
}

/// The name of a trap.
pub(super) fn trap_name(code: TrapCode) -> String {
    format!("{code:?}")
}

/// The type of the constants that an opcode makes.
pub(super) fn constant_type(op: Op) -> Type {
    match op.row().result {
        Class::Is(ty) => ty,
        _ => Type::I64,
    }
}

/// Whether the text always says the type: neither the opcode does nor what is called.
pub(super) fn names_type(op: Op) -> bool {
    !matches!(op.row().result, Class::Is(_)) && !op.is_call()
}

/// The type that an instruction has if the text does not say it.
pub(super) fn usual_type(function: &Function, inst: &Inst) -> Option<Type> {
    match inst.op.row().result {
        Class::Is(ty) => Some(ty),
        _ => Some(called(function, inst)?.results.first().copied().unwrap_or_default()),
    }
}

/// The signature of what an instruction calls, if it calls something that is there.
pub(super) fn called<'f>(function: &'f Function, inst: &Inst) -> Option<&'f SignatureData> {
    let signature = match inst.op.shape() {
        Shape::Call | Shape::TryCall => function.callees.get(inst.callee().index())?.signature,
        Shape::CallPointer | Shape::TryCallPointer => inst.signature(),
        _ => return None,
    };
    function.signatures.get(signature.index())
}

/// The one of `names` that is least different from `name`.
pub(super) fn nearest<N: AsRef<str>>(name: &str, names: impl IntoIterator<Item = N>) -> Option<N> {
    names.into_iter().min_by_key(|other| distance(name, other.as_ref()))
}

/// How many bytes must be put in, taken out or replaced to make one name of the other.
fn distance(from: &str, to: &str) -> usize {
    // One row of the table of distances between the beginnings of both.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_least_different() {
        assert_eq!([distance("", "abc"), distance("abc", "abc"), distance("kitten", "sitting")], [3, 0, 3]);
        assert_eq!(nearest("i32_ad", Op::ALL.iter().map(|op| op_name(*op))), Some("i32_add"));
        assert_eq!(nearest("x", [""; 0]), None);
    }
}
