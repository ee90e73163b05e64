//! Registers, memory operands and conditions.

use crate::buffer::Label;

/// A general register.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Gpr(u8);

/// A vector register: its low 128 bits, or all 256 where the instruction says so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Xmm(u8);

/// A register of either bank.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Reg(u8);

macro_rules! gprs {
    ($($name:ident = $number:literal),*) => {
        impl Gpr {
            $(#[doc = concat!("Register number ", $number, ".")] pub const $name: Gpr = Gpr($number);)*
        }
    };
}

gprs! {
    RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7,
    R8 = 8, R9 = 9, R10 = 10, R11 = 11, R12 = 12, R13 = 13, R14 = 14, R15 = 15
}

impl Gpr {
    /// The register with this number, below 16.
    #[inline]
    pub const fn new(number: u8) -> Gpr {
        debug_assert!(number < 16);
        Gpr(number)
    }

    /// The number of the register.
    #[inline]
    pub const fn num(self) -> u8 {
        self.0
    }
}

impl Xmm {
    /// The register with this number, below 16.
    #[inline]
    pub const fn new(number: u8) -> Xmm {
        debug_assert!(number < 16);
        Xmm(number)
    }

    /// The number of the register.
    #[inline]
    pub const fn num(self) -> u8 {
        self.0
    }
}

impl Reg {
    /// The number of the register in its bank.
    #[inline]
    pub const fn num(self) -> u8 {
        self.0 & 15
    }

    /// The general register, if it is one.
    pub const fn gpr(self) -> Option<Gpr> {
        if self.0 < 16 { Some(Gpr(self.0)) } else { None }
    }

    /// The vector register, if it is one.
    pub const fn xmm(self) -> Option<Xmm> {
        if self.0 >= 16 { Some(Xmm(self.0 & 15)) } else { None }
    }
}

impl From<Gpr> for Reg {
    #[inline]
    fn from(reg: Gpr) -> Reg {
        Reg(reg.0)
    }
}

impl From<Xmm> for Reg {
    #[inline]
    fn from(reg: Xmm) -> Reg {
        Reg(reg.0 | 16)
    }
}

/// What the index of a memory operand is multiplied by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Scale {
    /// 1.
    One = 0,
    /// 2.
    Two = 1,
    /// 4.
    Four = 2,
    /// 8.
    Eight = 3,
}

/// A memory operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mem {
    /// A register number, [`Mem::NO_BASE`] or [`Mem::LABEL`].
    pub(crate) base: u8,
    /// A register number; `rsp` (4) is none, as in the encoding.
    pub(crate) index: u8,
    pub(crate) scale: Scale,
    pub(crate) disp: i32,
    /// The label's number when `base` is [`Mem::LABEL`].
    pub(crate) label: u32,
}

impl Mem {
    pub(crate) const NO_BASE: u8 = 16;
    pub(crate) const LABEL: u8 = 17;
    pub(crate) const NO_INDEX: u8 = 4;

    /// `[base + disp]`.
    #[inline]
    pub const fn base(base: Gpr, disp: i32) -> Mem {
        Mem { base: base.0, index: Self::NO_INDEX, scale: Scale::One, disp, label: 0 }
    }

    /// `[base + index * scale + disp]`; the index is not `rsp`.
    #[inline]
    pub const fn indexed(base: Gpr, index: Gpr, scale: Scale, disp: i32) -> Mem {
        debug_assert!(index.0 != Self::NO_INDEX, "rsp cannot be an index");
        Mem { base: base.0, index: index.0, scale, disp, label: 0 }
    }

    /// `[index * scale + disp]`; the index is not `rsp`.
    #[inline]
    pub const fn index_only(index: Gpr, scale: Scale, disp: i32) -> Mem {
        debug_assert!(index.0 != Self::NO_INDEX, "rsp cannot be an index");
        Mem { base: Self::NO_BASE, index: index.0, scale, disp, label: 0 }
    }

    /// `[disp]`, sign-extended: the lowest and the highest 2 GiB.
    #[inline]
    pub const fn absolute(disp: i32) -> Mem {
        Mem { base: Self::NO_BASE, index: Self::NO_INDEX, scale: Scale::One, disp, label: 0 }
    }

    /// `[rip + label]`.
    #[inline]
    pub const fn rip(label: Label) -> Mem {
        Mem { base: Self::LABEL, index: Self::NO_INDEX, scale: Scale::One, disp: 0, label: label.to_bits() }
    }

    /// The same operand `by` bytes further.
    #[inline]
    pub const fn offset(self, by: i32) -> Mem {
        Mem { disp: self.disp + by, ..self }
    }

    /// The base register.
    pub const fn base_reg(self) -> Option<Gpr> {
        if self.base < 16 { Some(Gpr(self.base)) } else { None }
    }

    /// The index register.
    pub const fn index_reg(self) -> Option<Gpr> {
        if self.index != Self::NO_INDEX { Some(Gpr(self.index)) } else { None }
    }

    /// The label of a `rip`-relative operand.
    pub const fn label(self) -> Option<Label> {
        if self.base == Self::LABEL { Some(Label::from_bits(self.label)) } else { None }
    }
}

/// An operand as the general way of encoding and the printer take it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// A register.
    Reg(Reg),
    /// Memory.
    Mem(Mem),
    /// An immediate value.
    Imm(i64),
    /// The destination of a jump or call.
    Label(Label),
}

impl From<Gpr> for Operand {
    fn from(reg: Gpr) -> Operand {
        Operand::Reg(reg.into())
    }
}

impl From<Xmm> for Operand {
    fn from(reg: Xmm) -> Operand {
        Operand::Reg(reg.into())
    }
}

impl From<Reg> for Operand {
    fn from(reg: Reg) -> Operand {
        Operand::Reg(reg)
    }
}

impl From<Mem> for Operand {
    fn from(mem: Mem) -> Operand {
        Operand::Mem(mem)
    }
}

impl From<Label> for Operand {
    fn from(label: Label) -> Operand {
        Operand::Label(label)
    }
}

impl From<i64> for Operand {
    fn from(value: i64) -> Operand {
        Operand::Imm(value)
    }
}

impl From<i32> for Operand {
    fn from(value: i32) -> Operand {
        Operand::Imm(value.into())
    }
}

/// A condition, numbered as the processor numbers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Cond {
    /// Overflow.
    O = 0,
    /// No overflow.
    NO,
    /// Below: carry.
    B,
    /// Above or equal: no carry.
    AE,
    /// Equal: zero.
    E,
    /// Not equal.
    NE,
    /// Below or equal.
    BE,
    /// Above.
    A,
    /// Sign.
    S,
    /// No sign.
    NS,
    /// Parity: after a float compare, unordered.
    P,
    /// No parity.
    NP,
    /// Less, signed.
    L,
    /// Greater or equal, signed.
    GE,
    /// Less or equal, signed.
    LE,
    /// Greater, signed.
    G,
}

impl Cond {
    /// All conditions, in the order of their numbers.
    pub const ALL: [Cond; 16] = [
        Cond::O,
        Cond::NO,
        Cond::B,
        Cond::AE,
        Cond::E,
        Cond::NE,
        Cond::BE,
        Cond::A,
        Cond::S,
        Cond::NS,
        Cond::P,
        Cond::NP,
        Cond::L,
        Cond::GE,
        Cond::LE,
        Cond::G,
    ];

    /// The condition that holds when this one does not.
    #[inline]
    pub const fn invert(self) -> Cond {
        Self::ALL[(self as u8 ^ 1) as usize]
    }
}
