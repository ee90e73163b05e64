//! The macros that make tables of instructions, the same for every target.
//!
//! `rows!` makes one group of rows; `instructions!` joins the groups of a target into its table and
//! defines its type of instructions. A row is read at compile time by the target's `Row::parse`.

use core::fmt;

/// What an instruction does to an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Reads it.
    Use,
    /// Writes it, without reading.
    Def,
    /// Reads and writes it.
    Mod,
}

impl Role {
    pub(crate) const fn parse(token: &[u8]) -> Role {
        match crate::text::position(token, &["r", "w", "rw"]) {
            Some(0) => Role::Use,
            Some(1) => Role::Def,
            Some(_) => Role::Mod,
            None => panic!("an operand's role is r, w or rw"),
        }
    }
}

/// What an instruction does to the flags or the condition code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flags {
    /// Nothing.
    Keep,
    /// Reads them.
    Read,
    /// Writes some or leaves some undefined.
    Write,
    /// Reads and writes them.
    Both,
}

/// Why an instruction was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EncodeError<O> {
    /// The instruction has another number of operands.
    Count {
        /// The name of the instruction's row.
        inst: &'static str,
        /// How many operands it has.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// An operand is of the wrong kind or register file, is not the fixed register, or does not fit.
    Operand {
        /// The name of the instruction's row.
        inst: &'static str,
        /// Which operand, from 0.
        index: usize,
        /// What was given.
        given: O,
    },
}

impl<O: fmt::Debug> fmt::Display for EncodeError<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::Count { inst, expected, given } => {
                write!(f, "{inst} takes {expected} operands, not {given}")
            }
            EncodeError::Operand { inst, index, given } => {
                write!(f, "operand {index} of {inst} cannot be {given:?}")
            }
        }
    }
}

impl<O: fmt::Debug> core::error::Error for EncodeError<O> {}

/// Makes the rows of one group: their constants, in a module `inst`, and their part of the table.
/// `super` has the target's `Row`, `Feature`, `Flags` and `Inst`.
macro_rules! rows {
    (
        after $previous:expr;
        $($name:ident: $mnemonic:literal, $operands:literal, $encoding:literal, $feature:ident, $flags:ident;)*
    ) => {
        const START: u16 = $previous;

        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Number { $($name,)* Count }

        /// The constants of the group.
        pub mod inst {
            use super::super::Inst;
            $(
                #[doc = concat!("`", $mnemonic, "` (`", $operands, "`): `", $encoding, "`.")]
                pub const $name: Inst = Inst(super::START + super::Number::$name as u16);
            )*
        }

        pub(super) const ROWS: &[super::Row] = &[$({
            const ROW: super::Row = super::Row::parse(
                stringify!($name), $mnemonic, $operands, $encoding, super::Feature::$feature, super::Flags::$flags,
            );
            ROW
        },)*];

        pub(super) const END: u16 = START + Number::Count as u16;
    };
}
pub(crate) use rows;

/// Joins the groups of a target: defines `Inst` and the module `inst` of all constants.
macro_rules! instructions {
    ($($group:ident),*) => {
        /// An instruction: the number of its row.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct Inst(pub(crate) u16);

        /// The instructions, by name.
        pub mod inst {
            $(pub use super::$group::inst::*;)*
        }

        const GROUPS: &[&[Row]] = &[$($group::ROWS),*];

        const COUNT: usize = {
            let (mut count, mut group) = (0, 0);
            while group < GROUPS.len() {
                count += GROUPS[group].len();
                group += 1;
            }
            count
        };

        #[allow(long_running_const_eval)]
        static ROWS: [Row; COUNT] = {
            let mut rows = [GROUPS[0][0]; COUNT];
            let (mut group, mut next) = (0, 0);
            while group < GROUPS.len() {
                let mut row = 0;
                while row < GROUPS[group].len() {
                    rows[next] = GROUPS[group][row];
                    next += 1;
                    row += 1;
                }
                group += 1;
            }
            rows
        };

        // Each group counts on from the one before it.
        const _: () = {
            let mut end = 0;
            $(
                end += $group::ROWS.len();
                assert!($group::END as usize == end, "a group names the wrong one before it");
            )*
        };

        impl Inst {
            /// The number of its row.
            #[inline]
            pub const fn number(self) -> u16 {
                self.0
            }

            /// The instruction whose row has this number.
            #[inline]
            pub const fn from_number(number: u16) -> Option<Inst> {
                if (number as usize) < COUNT { Some(Inst(number)) } else { None }
            }

            /// All instructions.
            pub fn all() -> impl Iterator<Item = Inst> {
                (0..COUNT as u16).map(Inst)
            }

            pub(crate) fn row(self) -> &'static Row {
                &ROWS[usize::from(self.0)]
            }

            /// The name of the row.
            pub fn name(self) -> &'static str {
                self.row().name
            }

            /// The mnemonic, with all that the row's text says about how it is written.
            pub fn mnemonic(self) -> &'static str {
                self.row().mnemonic
            }

            /// The operands, in the order of the row.
            pub fn operands(self) -> &'static [OperandSpec] {
                let row = self.row();
                &row.operands[..usize::from(row.operand_count)]
            }

            /// What the processor must have.
            pub fn feature(self) -> Feature {
                self.row().feature
            }

            /// What happens to the flags.
            pub fn flags(self) -> Flags {
                self.row().flags
            }
        }
    };
}
pub(crate) use instructions;

/// Makes the list of a target's features.
macro_rules! features {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a processor must have to run an instruction.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Feature {
            $($(#[$doc])* $name,)*
        }

        impl Feature {
            /// All features.
            pub const ALL: &[Feature] = &[$(Feature::$name),*];
        }
    };
}
pub(crate) use features;
