//! What accesses to memories mean.
//!
//! All of it follows from the rows: how many bytes, which type, and from the names, whose parts are those of Wasm's
//! operators: a load extends with the sign if its name ends in `_s`, and an atomic update is named for what it does.
//! Numbers lie in memories with the lowest byte first.

use crate::constant::Constant;
use crate::function::Inst;
use crate::op::{Class, Effects, Op, Shape};
use windlass_abi::num::{self, V128};
use windlass_abi::trap::TrapCode;

/// What an access to a memory of these bytes gives, if anything, or how it traps; then the memory is as it was.
/// `None` if the operands are not what the row says.
pub(super) fn access(
    inst: &Inst,
    operands: &[Constant],
    bytes: &mut [u8],
) -> Option<Result<Option<Constant>, TrapCode>> {
    let row = inst.op.row();
    let (address, operands) = operands.split_first()?;
    let address = match *address {
        Constant::I32(address) | Constant::Ref(address) => address.into(),
        Constant::I64(address) => address,
        _ => return None,
    };
    let size = usize::from(row.bytes);
    let atomic = row.effects.any(Effects::READ) && row.effects.any(Effects::WRITE);
    let at = match place(address, inst.offset(), size, atomic, bytes.len()) {
        Ok(at) => at,
        Err(code) => return Some(Err(code)),
    };
    let cell = &mut bytes[at..at + size];
    let mut before = [0; 16];
    before[..size].copy_from_slice(cell);
    let low = u128::from_le_bytes(before) as u64;
    let (given, after) = match (row.shape, operands) {
        (Shape::Load, []) => (Some(loaded(inst.op, before)?), None),
        (Shape::LoadLane, [vector]) => {
            (Some(Constant::V128(load_lane(inst.op, *vector, low, inst.lane())?)), None)
        }
        (Shape::StoreLane, [vector]) => {
            let lane = store_lane(inst.op, *vector, inst.lane())?;
            (None, Some(Constant::I64(lane)))
        }
        (Shape::Store, [value]) if !atomic => (None, Some(*value)),
        (Shape::Store, [value]) if row.result == Class::Is(crate::types::Type::Void) => (None, Some(*value)),
        (Shape::Store, [value]) => {
            let updated = update(inst.op, low, value.bits()?)?;
            (Some(loaded(inst.op, before)?), Some(Constant::I64(updated)))
        }
        // Of what is expected, too, only so many bits count as are accessed.
        (Shape::Exchange, [expected, value]) => {
            let equal = expected.to_le_bytes()[..size] == before[..size];
            (Some(loaded(inst.op, before)?), equal.then_some(*value))
        }
        _ => return None,
    };
    if let Some(after) = after {
        cell.copy_from_slice(&after.to_le_bytes()[..size]);
    }
    Some(Ok(given))
}

/// Where an access is. An address that 64 bits do not hold is out of bounds; one that they hold is first of all
/// aligned, if it must be.
fn place(address: u64, offset: u32, size: usize, atomic: bool, len: usize) -> Result<usize, TrapCode> {
    let start = address.checked_add(offset.into()).ok_or(TrapCode::MemoryOutOfBounds)?;
    if atomic && !start.is_multiple_of(size as u64) {
        return Err(TrapCode::UnalignedAtomic);
    }
    match start.checked_add(size as u64) {
        // It is not above `len`.
        Some(end) if end <= len as u64 => Ok(start as usize),
        _ => Err(TrapCode::MemoryOutOfBounds),
    }
}

/// What was read, as the value of the load.
fn loaded(op: Op, read: [u8; 16]) -> Option<Constant> {
    let row = op.row();
    let low = u128::from_le_bytes(read) as u64;
    if let Some(vector) = load_vector(op, low) {
        return Some(Constant::V128(vector));
    }
    let Class::Is(ty) = row.result else { return None };
    if !row.name.ends_with("_s") {
        return Constant::from_le_bytes(ty, read);
    }
    let shift = 64 - 8 * u32::from(row.bytes);
    Constant::from_bits(ty, ((low << shift).cast_signed() >> shift).cast_unsigned())
}

macro_rules! define {
    ($( $name:ident: ($read:ident) -> v128; )*) => {
        /// The vector that a load makes of a number that it read.
        fn load_vector(op: Op, read: u64) -> Option<V128> {
            match op {
                $( Op::$name => Some(num::$name(read as $read)), )*
                _ => None,
            }
        }
    };
    ($( $name:ident: (v128, $read:ident; lane) -> v128; )*) => {
        /// A vector with one lane replaced by a number that was read.
        fn load_lane(op: Op, vector: Constant, read: u64, lane: u8) -> Option<V128> {
            let vector = vector.try_into().ok()?;
            match op {
                $( Op::$name => Some(num::$name(vector, read as $read, lane)), )*
                _ => None,
            }
        }
    };
    ($( $name:ident: (v128; lane) -> $written:ident; )*) => {
        /// The number that a store of one lane writes.
        fn store_lane(op: Op, vector: Constant, lane: u8) -> Option<u64> {
            let vector = vector.try_into().ok()?;
            match op {
                $( Op::$name => Some(num::$name(vector, lane).into()), )*
                _ => None,
            }
        }
    };
}
windlass_abi::simd_load! { define }
windlass_abi::simd_load_lane! { define }
windlass_abi::simd_store_lane! { define }

/// What an atomic update makes of a number: of `i32_atomic_rmw8_add_u` the sum.
fn update(op: Op, before: u64, operand: u64) -> Option<u64> {
    let (_, name) = op.name().split_once("_atomic_rmw")?;
    let name = name.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('_');
    Some(match name.strip_suffix("_u").unwrap_or(name) {
        "add" => before.wrapping_add(operand),
        "sub" => before.wrapping_sub(operand),
        "and" => before & operand,
        "or" => before | operand,
        "xor" => before ^ operand,
        "xchg" => operand,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::fixed_type;
    use crate::entity::Memory;
    use crate::types::Type;
    use TrapCode::{MemoryOutOfBounds, UnalignedAtomic};
    use alloc::vec::Vec;

    fn run(
        op: Op,
        operands: &[Constant],
        offset: u32,
        bytes: &mut [u8],
    ) -> Result<Option<Constant>, TrapCode> {
        let inst = match op.shape() {
            Shape::Exchange => Inst { fields: [0, offset, 0], ..Inst::access(op, &[], 0, Memory(0), 0) },
            // The values are in no function: only how many there are counts here.
            _ => {
                let values: Vec<_> = operands.iter().map(|_| crate::entity::Value(0)).collect();
                Inst::access(op, &values, offset, Memory(0), 1)
            }
        };
        access(&inst, operands, bytes).unwrap_or_else(|| panic!("{} means nothing", op.name()))
    }

    fn operands(op: Op, address: u64) -> Vec<Constant> {
        let types = op.row().operands[1..].iter().map(|class| match class {
            Class::Is(ty) => *ty,
            class => panic!("{class:?}"),
        });
        let values = types.map(|ty| Constant::from_le_bytes(ty, [7; 16]).unwrap());
        core::iter::once(Constant::I64(address)).chain(values).collect()
    }

    fn accesses() -> impl Iterator<Item = Op> {
        use Shape::{Exchange, Load, LoadLane, Store, StoreLane};
        let shapes = [Load, LoadLane, Store, StoreLane, Exchange];
        Op::ALL.iter().copied().filter(move |op| shapes.contains(&op.shape()))
    }

    #[test]
    fn every_access_has_a_meaning_and_bounds() {
        for op in accesses() {
            let mut bytes = [0x80; 32];
            let size = u64::from(op.row().bytes);
            let given = run(op, &operands(op, 32 - size), 0, &mut bytes).unwrap();
            assert_eq!(given.map_or(Type::Void, Constant::ty), fixed_type(op), "{}", op.name());
            assert!(bytes[..32 - size as usize].iter().all(|byte| *byte == 0x80), "{}", op.name());
            let written = bytes.iter().any(|byte| *byte != 0x80);
            let writes = op.row().effects.any(Effects::WRITE);
            // The exchange does not find what it expects.
            let may_not = op.shape() == Shape::Exchange || op.name().contains("atomic_load");
            assert_eq!(written, writes && !may_not, "{}", op.name());

            let mut bytes = [0x80; 32];
            for (address, offset) in [(33 - size, size as u32 - 1), (0, u32::MAX), (u64::MAX, 1)] {
                let end = (u128::from(address) + u128::from(offset)) % u128::from(size);
                let atomic = op.name().contains("atomic") && end != 0 && address != u64::MAX;
                let trap = if atomic { UnalignedAtomic } else { MemoryOutOfBounds };
                assert_eq!(run(op, &operands(op, address), offset, &mut bytes), Err(trap), "{}", op.name());
            }
            assert_eq!(bytes, [0x80; 32]);
        }
    }

    #[test]
    fn loads_extend() {
        let mut bytes: Vec<u8> = (0x81..=0x90).collect();
        let mut load = |op, address: u32| run(op, &[Constant::I32(address)], 1, &mut bytes).unwrap().unwrap();
        assert_eq!(load(Op::i32_load, 0), Constant::I32(0x8584_8382));
        assert_eq!(load(Op::i32_load8_s, 0), Constant::I32(0xffff_ff82));
        assert_eq!(load(Op::i32_load8_u, 0), Constant::I32(0x82));
        assert_eq!(load(Op::i32_load16_s, 0), Constant::I32(0xffff_8382));
        assert_eq!(load(Op::i32_load16_u, 1), Constant::I32(0x8483));
        assert_eq!(load(Op::i64_load, 0), Constant::I64(0x8988_8786_8584_8382));
        assert_eq!(load(Op::i64_load8_s, 0), Constant::I64(0xffff_ffff_ffff_ff82));
        assert_eq!(load(Op::i64_load16_s, 0), Constant::I64(0xffff_ffff_ffff_8382));
        assert_eq!(load(Op::i64_load32_s, 0), Constant::I64(0xffff_ffff_8584_8382));
        assert_eq!(load(Op::i64_load32_u, 0), Constant::I64(0x8584_8382));
        assert_eq!(load(Op::f32_load, 0), Constant::F32(0x8584_8382));
        assert_eq!(load(Op::i32_atomic_load16_u, 1), Constant::I32(0x8483));
        let splat = Constant::V128(V128::from_u16x8([0x8382; 8]));
        assert_eq!(load(Op::v128_load16_splat, 0), splat);
    }

    #[test]
    fn lanes() {
        let mut bytes = [0, 1, 2, 3, 4, 5, 6, 7];
        let vector = Constant::V128(V128::from_u32x4([10, 11, 12, 13]));
        let load = run(Op::v128_load32_lane, &[Constant::I32(4), vector], 0, &mut bytes);
        assert_eq!(load, Ok(Some(Constant::V128(V128::from_u32x4([10, 0x0706_0504, 12, 13])))));
        assert_eq!(run(Op::v128_store32_lane, &[Constant::I32(0), vector], 0, &mut bytes), Ok(None));
        assert_eq!(bytes, [11, 0, 0, 0, 4, 5, 6, 7]);
    }

    #[test]
    fn updates() {
        let update = |op, operand| {
            let mut bytes = [0xf0, 0x0f, 0, 0];
            let given = run(op, &[Constant::I32(0), Constant::I32(operand)], 0, &mut bytes);
            assert_eq!(given, Ok(Some(Constant::I32(0x0ff0))));
            u32::from_le_bytes(bytes)
        };
        assert_eq!(update(Op::i32_atomic_rmw16_add_u, 0xf010), 0);
        assert_eq!(update(Op::i32_atomic_rmw16_sub_u, 0xff1), 0xffff);
        assert_eq!(update(Op::i32_atomic_rmw_and, 0xff), 0xf0);
        assert_eq!(update(Op::i32_atomic_rmw_or, 0xf_0000), 0xf_0ff0);
        assert_eq!(update(Op::i32_atomic_rmw_xor, 0xff), 0x0f0f);
        assert_eq!(update(Op::i32_atomic_rmw16_xchg_u, 0x12345), 0x2345);
    }

    #[test]
    fn exchanges_compare_what_they_access() {
        let exchange = |expected| {
            let mut bytes = [5, 6];
            let operands = [Constant::I32(0), Constant::I32(expected), Constant::I32(0x109)];
            let given = run(Op::i32_atomic_rmw8_cmpxchg_u, &operands, 1, &mut bytes);
            assert_eq!(given, Ok(Some(Constant::I32(6))));
            bytes
        };
        assert_eq!(exchange(6), [5, 9]);
        assert_eq!(exchange(0x106), [5, 9]);
        assert_eq!(exchange(5), [5, 6]);
    }
}
