//! s390x: the rows that show every form of encoding and every reach of a branch.
//!
//! No compiler of the project uses it yet; the table grows with the one that will.

mod rows;

use core::fmt::{self, Formatter};

use crate::fields::{self, Bank, Machine, OperandSpec};
use crate::table::{Flags, features, instructions};

pub use crate::fields::{Operand, Reg};

/// An assembler for s390x.
pub type Assembler = fields::Assembler<S390x>;
type Row = fields::Row<S390x>;

instructions!(rows);

features! {
    /// z14, the oldest machine that has all that the project uses.
    Base,
}

/// The machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct S390x;

/// General register 0 to 15.
pub const fn r(number: u8) -> Operand {
    Operand::Reg(Reg { bank: Bank::General, number })
}

/// Vector register 0 to 31; the first 16 are the floating-point registers too.
pub const fn v(number: u8) -> Operand {
    Operand::Reg(Reg { bank: Bank::Vector, number })
}

const BASE: u8 = 1;
const INDEX: u8 = 2;
const FLOAT: u8 = 3;
const VECTOR: u8 = 4;
const PAIR: u8 = 5;

/// The names of masks of the condition code, as they end the mnemonics of branches: by mask.
const MASKS: [&str; 16] =
    ["", "o", "h", "nle", "l", "nhe", "lh", "ne", "e", "nlh", "he", "nl", "le", "nh", "no", ""];

impl Machine for S390x {
    type Inst = Inst;
    type Feature = Feature;
    // A base cannot be register 0, which means none; an index that is 0 is none and
    // not written. A pair is named by its first register, which has an even number.
    const VIEWS: &'static [(&'static str, Bank)] = &[
        ("g", Bank::General),
        ("base", Bank::General),
        ("index", Bank::General),
        ("f", Bank::Vector),
        ("v", Bank::Vector),
        ("pair", Bank::General),
    ];
    const SPECIALS: &'static [&'static str] = &["mask", "length", "cmp"];
    const BIG_ENDIAN: bool = true;
    const JUMP: Inst = inst::JG;

    fn row(inst: Inst) -> &'static Row {
        inst.row()
    }

    fn reg_bits(view: u8, number: u8) -> Option<u8> {
        let possible = match view {
            BASE => (1..16).contains(&number),
            VECTOR => number < 32,
            PAIR => number < 16 && number.is_multiple_of(2),
            _ => number < 16,
        };
        possible.then_some(number)
    }

    fn write_reg(f: &mut Formatter<'_>, view: u8, number: u8) -> fmt::Result {
        match view {
            INDEX if number == 0 => Ok(()),
            INDEX => write!(f, "%r{number}, "),
            FLOAT => write!(f, "%f{number}"),
            VECTOR => write!(f, "%v{number}"),
            _ => write!(f, "%r{number}"),
        }
    }

    fn special_bits(special: u8, value: i64) -> Option<u64> {
        let value = u64::try_from(value).ok()?;
        match special {
            // Never and always are other instructions.
            0 => (1..15).contains(&value).then_some(value),
            // A length of 1 to 256.
            1 => (1..=256).contains(&value).then(|| value - 1),
            // Masks of compare and branch: some of equal, low and high, but not all.
            _ => (value % 2 == 0 && (2..14).contains(&value)).then_some(value),
        }
    }

    fn write_special(f: &mut Formatter<'_>, special: u8, value: i64) -> fmt::Result {
        match special {
            1 => write!(f, "{value}"),
            _ => f.write_str(usize::try_from(value).ok().and_then(|i| MASKS.get(i)).unwrap_or(&"?")),
        }
    }
}

/// The instruction as text.
pub fn format(inst: Inst, operands: &[Operand]) -> impl fmt::Display + '_ {
    fields::format::<S390x>(inst, operands)
}
