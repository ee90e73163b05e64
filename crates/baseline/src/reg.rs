//! Registers as the generic part sees them: 32 integer and 32 vector registers, by number.

use windlass_abi::types::ValKind;

/// A register: integer ones are numbered from 0, vector ones from 32; within a class as in the encoding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reg(u8);

/// A register class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Integers and references.
    Int,
    /// Floats and vectors.
    Vector,
}

impl Class {
    /// The class that holds values of a kind.
    #[inline]
    pub const fn of(kind: ValKind) -> Class {
        match kind {
            ValKind::I32 | ValKind::I64 | ValKind::Func | ValKind::Gc => Class::Int,
            ValKind::F32 | ValKind::F64 | ValKind::V128 => Class::Vector,
        }
    }
}

impl Reg {
    /// An integer register.
    pub const fn int(number: u8) -> Reg {
        Reg(number)
    }

    /// A vector register.
    pub const fn vector(number: u8) -> Reg {
        Reg(32 + number)
    }

    /// Its number in its class.
    #[inline]
    pub const fn number(self) -> u8 {
        self.0 & 31
    }

    /// Its class.
    #[inline]
    pub const fn class(self) -> Class {
        if self.0 < 32 { Class::Int } else { Class::Vector }
    }
}

/// A set of registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RegSet(u64);

impl RegSet {
    /// No registers.
    pub const EMPTY: RegSet = RegSet(0);
    /// All integer registers.
    pub const INTS: RegSet = RegSet(0xffff_ffff);

    /// The registers of a list.
    pub const fn of(list: &[Reg]) -> RegSet {
        let (mut bits, mut i) = (0, 0);
        while i < list.len() {
            bits |= 1 << list[i].0;
            i += 1;
        }
        RegSet(bits)
    }

    /// The members of a class.
    #[inline]
    pub const fn of_class(self, class: Class) -> RegSet {
        match class {
            Class::Int => RegSet(self.0 & RegSet::INTS.0),
            Class::Vector => RegSet(self.0 & !RegSet::INTS.0),
        }
    }

    /// Whether a register is a member.
    #[inline]
    pub const fn contains(self, reg: Reg) -> bool {
        self.0 >> reg.0 & 1 != 0
    }

    /// Adds a register.
    #[inline]
    pub fn insert(&mut self, reg: Reg) {
        self.0 |= 1 << reg.0;
    }

    /// Removes a register.
    #[inline]
    pub fn remove(&mut self, reg: Reg) {
        self.0 &= !(1 << reg.0);
    }

    /// The set without the members of another.
    #[inline]
    pub const fn without(self, other: RegSet) -> RegSet {
        RegSet(self.0 & !other.0)
    }

    /// Members of both.
    pub const fn and(self, other: RegSet) -> RegSet {
        RegSet(self.0 & other.0)
    }

    /// Members of either.
    pub const fn union(self, other: RegSet) -> RegSet {
        RegSet(self.0 | other.0)
    }

    /// Its lowest member.
    #[inline]
    pub fn first(self) -> Option<Reg> {
        (self.0 != 0).then(|| Reg(self.0.trailing_zeros() as u8))
    }

    /// Whether it has no members.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Iterator for RegSet {
    type Item = Reg;
    fn next(&mut self) -> Option<Reg> {
        let reg = self.first()?;
        self.remove(reg);
        Some(reg)
    }
}

/// A number for each register.
#[derive(Clone, Debug)]
pub struct RegMap([u32; 64]);

impl Default for RegMap {
    fn default() -> RegMap {
        RegMap([0; 64])
    }
}

impl RegMap {
    /// The number of a register.
    #[inline]
    pub fn get(&self, reg: Reg) -> u32 {
        self.0[reg.0 as usize & 63]
    }

    /// Sets the number of a register.
    #[inline]
    pub fn set(&mut self, reg: Reg, number: u32) {
        self.0[reg.0 as usize & 63] = number;
    }
}
