//! aarch64: the rows that show every form of encoding and every reach of a branch.
//!
//! No compiler of the project uses it yet; the table grows with the one that will.

mod rows;

use core::fmt::{self, Formatter};

use crate::fields::{self, Bank, Machine, OperandSpec};
use crate::table::{Flags, features, instructions};
use crate::text::write_number;

pub use crate::fields::{Operand, Reg};

/// An assembler for aarch64.
pub type Assembler = fields::Assembler<A64>;
type Row = fields::Row<A64>;

instructions!(rows);

features! {
    /// Every aarch64 processor.
    Base,
    /// Atomic instructions of ARMv8.1.
    Lse,
}

/// The machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct A64;

/// General register 0 to 30; 31 is the zero register, [`SP`] the stack pointer.
pub const fn x(number: u8) -> Operand {
    Operand::Reg(Reg { bank: Bank::General, number })
}

/// Vector register 0 to 31.
pub const fn v(number: u8) -> Operand {
    Operand::Reg(Reg { bank: Bank::Vector, number })
}

/// The stack pointer, which is encoded as 31 where the zero register is not possible.
pub const SP: Operand = x(32);

const ZERO: u8 = 31;
const STACK: u8 = 32;

const X: u8 = 0;
const W: u8 = 1;
const XSP: u8 = 2;
const WSP: u8 = 3;

const LOGIC32: u8 = 0;
const LOGIC64: u8 = 1;
const COND: u8 = 2;
const FLOAT8: u8 = 3;
const WIDTH: u8 = 4;
const HIGH6: u8 = 5;
const RIGHT64: u8 = 6;
const EXTEND: u8 = 7;
const INVERTED16: u8 = 8;

const CONDITIONS: [&str; 14] =
    ["eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"];

impl Machine for A64 {
    type Inst = Inst;
    type Feature = Feature;
    const VIEWS: &'static [(&'static str, Bank)] = &[
        ("x", Bank::General),
        ("w", Bank::General),
        ("xsp", Bank::General),
        ("wsp", Bank::General),
        ("s", Bank::Vector),
        ("d", Bank::Vector),
        ("q", Bank::Vector),
        ("v", Bank::Vector),
    ];
    const SPECIALS: &'static [&'static str] =
        &["logic32", "logic64", "cond", "float8", "width", "high6", "right64", "extend", "inverted16"];
    const BIG_ENDIAN: bool = false;
    const JUMP: Inst = inst::B;

    fn row(inst: Inst) -> &'static Row {
        inst.row()
    }

    fn reg_bits(view: u8, number: u8) -> Option<u8> {
        match (view, number) {
            (XSP | WSP, STACK) => Some(31),
            (XSP | WSP, ZERO) => None,
            _ => (number < 32).then_some(number),
        }
    }

    fn write_reg(f: &mut Formatter<'_>, view: u8, number: u8) -> fmt::Result {
        let (name, bank) = Self::VIEWS[usize::from(view)];
        match (view, number) {
            (X, ZERO) => f.write_str("xzr"),
            (W, ZERO) => f.write_str("wzr"),
            (XSP, STACK) => f.write_str("sp"),
            (WSP, STACK) => f.write_str("wsp"),
            _ if bank == Bank::General => write!(f, "{}{number}", &name[..1]),
            _ => write!(f, "{name}{number}"),
        }
    }

    fn special_bits(special: u8, value: i64) -> Option<u64> {
        match special {
            LOGIC32 => {
                let half = u64::from(u32::try_from(value).ok()?);
                logical_immediate(half << 32 | half).filter(|bits| bits >> 12 == 0)
            }
            LOGIC64 => logical_immediate(value as u64),
            COND => u64::try_from(value).ok().filter(|&number| number < 14),
            FLOAT8 => u64::try_from(value).ok().filter(|&number| number < 256),
            // A width of 1 to 64, as the number of its last bit.
            WIDTH => u64::try_from(value - 1).ok().filter(|&last| last < 64),
            // A bit of the upper half: those of the lower half are written with the 32-bit register.
            HIGH6 => u64::try_from(value).ok().filter(|number| (32..64).contains(number)),
            // A shift to the right by 1 to 64, as what is left of 128.
            RIGHT64 => u64::try_from(128 - value).ok().filter(|left| (64..128).contains(left)),
            // A shift by up to 4 of what was extended.
            EXTEND => u64::try_from(value).ok().filter(|&shift| shift < 5),
            // A number of which all but the low 16 bits are set.
            INVERTED16 => u64::try_from(!value).ok().filter(|rest| rest >> 16 == 0),
            _ => None,
        }
    }

    fn write_special(f: &mut Formatter<'_>, special: u8, value: i64) -> fmt::Result {
        match special {
            COND => f.write_str(usize::try_from(value).ok().and_then(|i| CONDITIONS.get(i)).unwrap_or(&"?")),
            FLOAT8 => write!(f, "{:.8}", float8(value as u8)),
            LOGIC32 | LOGIC64 => write!(f, "{value:#x}"),
            _ => write_number(f, value),
        }
    }
}

/// The 13 bits N, immr, imms that stand for a bit mask: runs of ones, rotated, repeated in elements of 2 to
/// 64 bits. Nothing stands for no ones and for ones only.
pub fn logical_immediate(mask: u64) -> Option<u64> {
    if mask == 0 || mask == u64::MAX {
        return None;
    }
    // The smallest element of which the mask is made.
    let mut size = 64;
    while size > 2 && mask == mask.rotate_right(size / 2) {
        size /= 2;
    }
    // Rotate the mask until an element begins (at its lowest bit) with a whole run of ones.
    let zeros_after_ones = mask.rotate_right(mask.trailing_ones()).trailing_zeros();
    let start = if mask & 1 == 0 { mask.trailing_zeros() } else { mask.trailing_ones() + zeros_after_ones };
    let rotated = mask.rotate_right(start);
    let ones = rotated.trailing_ones();
    let element = if size == 64 { rotated } else { rotated & ((1 << size) - 1) };
    if element.count_ones() != ones {
        return None;
    }
    let immr = u64::from((size - start % size) % size);
    // The element's size is told by the leading ones of imms, and by N for 64.
    let n = u64::from(size == 64);
    let imms = u64::from(!(size * 2 - 1) & 0x3F | (ones - 1));
    Some(n << 12 | immr << 6 | imms & 0x3F)
}

/// The floating-point number that eight bits stand for: sign, three bits of exponent, four of fraction.
pub fn float8(bits: u8) -> f64 {
    let fraction = f64::from(16 + (bits & 15)) / 16.0;
    let exponent = i32::from(bits >> 4 & 7 ^ 4) - 3;
    let power = if exponent < 0 { 1.0 / f64::from(1 << -exponent) } else { f64::from(1 << exponent) };
    if bits >> 7 == 0 { fraction * power } else { -fraction * power }
}

/// The instruction as text.
pub fn format(inst: Inst, operands: &[Operand]) -> impl fmt::Display + '_ {
    fields::format::<A64>(inst, operands)
}
