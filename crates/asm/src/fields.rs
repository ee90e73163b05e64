//! Instructions that are made of fields: the shape of aarch64, s390x and most other processors.
//!
//! A [`Machine`] says what its registers are called and which of its operands are special; a row of its
//! table reads
//! `NAME: "add {d}, {n}, #{i}", "w xsp d, r xsp n, r u12 i", "1001000100 i:12 n:5 d:5", Feature, Flags;`
//!
//! - how it is written, with each operand's name in braces;
//! - the operands: role, class and name. A class is a view of a register file as the machine lists them, an
//!   immediate (`u12`: unsigned, 12 bits; `i7*8`: signed, 7 bits, counted in eights), a branch
//!   (`rel26*4`: signed, 26 bits, counted in fours, from the instruction's start), or a special of the machine;
//! - the bits, the highest first: digits, and fields as `name:width`. A field that holds a part of an operand
//!   is `name:width@from`, with the number of the part's lowest bit.
//!
//! In flow instructions with checked operands, out flow bytes through [`crate::buffer`]. There is one way to
//! emit, [`Assembler::emit`]; a branch of a row that turns out too short is led over a veneer by the buffer.

use alloc::vec::Vec;
use core::fmt::{self, Debug, Display, Formatter};
use core::marker::PhantomData;

use crate::buffer::{self, Buffer, Label, LinkError, Veneer};
use crate::table::{EncodeError, Flags, Role};
use crate::text::{Text, decimal, position, write_number};

/// A register file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bank {
    /// General registers.
    General,
    /// Floating-point and vector registers.
    Vector,
}

/// A register of either file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reg {
    /// Which file.
    pub bank: Bank,
    /// Which register.
    pub number: u8,
}

/// An operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// A register.
    Reg(Reg),
    /// An immediate value, or the number of a special operand.
    Imm(i64),
    /// The destination of a branch, or data near the code.
    Label(Label),
    /// The destination of a branch outside the buffer: makes a relocation with this key.
    Outside(u32),
}

/// What an operand may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// A register, as the machine's view with this number shows it.
    Reg {
        /// Its file.
        bank: Bank,
        /// The view.
        view: u8,
    },
    /// A signed immediate, a multiple of the scale.
    Signed {
        /// Bits of the field.
        bits: u8,
        /// What it counts.
        scale: u8,
    },
    /// An unsigned immediate, a multiple of the scale.
    Unsigned {
        /// Bits of the field.
        bits: u8,
        /// What it counts.
        scale: u8,
    },
    /// A distance from the instruction's start.
    Branch {
        /// Bits of the field.
        bits: u8,
        /// What it counts.
        scale: u8,
    },
    /// The machine's special operand with this number.
    Special(u8),
}

/// One operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OperandSpec {
    /// What the instruction does to it.
    pub role: Role,
    /// What it may be.
    pub class: Class,
    /// Its name in the row.
    pub(crate) name: u8,
}

/// A processor whose instructions are made of fields.
pub trait Machine: Copy + Debug + PartialEq + Eq + 'static {
    /// Its instructions.
    type Inst: Copy + Debug + PartialEq + Eq + 'static;
    /// What a processor may have.
    type Feature: Copy + 'static;
    /// The views of registers, with the file that they look into.
    const VIEWS: &'static [(&'static str, Bank)];
    /// The names of special operands.
    const SPECIALS: &'static [&'static str];
    /// Whether the highest byte of an instruction comes first.
    const BIG_ENDIAN: bool;
    /// The jump that reaches farthest: its only operand is the destination.
    const JUMP: Self::Inst;

    /// The row of an instruction.
    fn row(inst: Self::Inst) -> &'static Row<Self>;
    /// The number by which a view encodes a register, if it can.
    fn reg_bits(view: u8, number: u8) -> Option<u8>;
    /// Writes a register's name.
    fn write_reg(f: &mut Formatter<'_>, view: u8, number: u8) -> fmt::Result;
    /// The bits of a special operand, if there are such.
    fn special_bits(special: u8, value: i64) -> Option<u64>;
    /// Writes a special operand.
    fn write_special(f: &mut Formatter<'_>, special: u8, value: i64) -> fmt::Result;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Fragment {
    name: u8,
    shift: u8,
    width: u8,
    from: u8,
}

const MAX_FRAGMENTS: usize = 10;
const MAX_OPERANDS: usize = 6;

/// The bits of an instruction and where its operands lie in them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pattern {
    bits: u64,
    length: u8,
    fragments: [Fragment; MAX_FRAGMENTS],
    count: u8,
}

impl Pattern {
    const fn parse(text: &str) -> Pattern {
        let none = Fragment { name: 0, shift: 0, width: 0, from: 0 };
        let mut pattern = Pattern { bits: 0, length: 0, fragments: [none; MAX_FRAGMENTS], count: 0 };
        let mut words = Text::new(text);
        while let Some(word) = words.next(b' ') {
            if word.len() > 1 && word[1] == b':' {
                pattern.add_field(word);
                continue;
            }
            let mut i = 0;
            while i < word.len() {
                assert!(matches!(word[i], b'0' | b'1'), "a pattern has bits and fields");
                pattern.bits = pattern.bits << 1 | (word[i] == b'1') as u64;
                pattern.length += 1;
                i += 1;
            }
        }
        assert!(matches!(pattern.length, 16 | 32 | 48), "an instruction has 16, 32 or 48 bits");
        // So far the shifts count from the start.
        let mut i = 0;
        while i < pattern.count as usize {
            let fragment = &mut pattern.fragments[i];
            fragment.shift = pattern.length - fragment.shift - fragment.width;
            i += 1;
        }
        pattern
    }

    const fn add_field(&mut self, word: &[u8]) {
        let mut parts = Text::of(word.split_at(2).1);
        let Some(width) = parts.next(b'@') else { panic!("a field has a width") };
        let width = decimal(width) as u8;
        let from = match parts.next(b'@') {
            Some(from) => decimal(from) as u8,
            None => 0,
        };
        self.fragments[self.count as usize] = Fragment { name: word[0], shift: self.length, width, from };
        self.count += 1;
        self.bits <<= width;
        self.length += width;
    }

    /// The number of bits of all fields with the name.
    const fn width(&self, name: u8) -> u8 {
        let (mut width, mut i) = (0, 0);
        while i < self.count as usize {
            if self.fragments[i].name == name {
                width += self.fragments[i].width;
            }
            i += 1;
        }
        width
    }

    /// Puts an operand's bits into its fields.
    fn insert(&self, mut word: u64, name: u8, value: u64) -> u64 {
        for fragment in self.fragments[..usize::from(self.count)].iter().filter(|field| field.name == name) {
            let mask = (1 << fragment.width) - 1;
            word = word & !(mask << fragment.shift) | (value >> fragment.from & mask) << fragment.shift;
        }
        word
    }

    fn bytes(&self) -> usize {
        usize::from(self.length / 8)
    }

    fn write<M: Machine>(&self, word: u64, code: &mut [u8]) {
        let count = self.bytes();
        if M::BIG_ENDIAN {
            code[..count].copy_from_slice(&word.to_be_bytes()[8 - count..]);
        } else {
            code[..count].copy_from_slice(&word.to_le_bytes()[..count]);
        }
    }

    fn read<M: Machine>(&self, code: &[u8]) -> u64 {
        let count = self.bytes();
        let mut bytes = [0; 8];
        if M::BIG_ENDIAN {
            bytes[8 - count..].copy_from_slice(&code[..count]);
            u64::from_be_bytes(bytes)
        } else {
            bytes[..count].copy_from_slice(&code[..count]);
            u64::from_le_bytes(bytes)
        }
    }
}

/// A row of a machine's table.
#[derive(Clone, Copy)]
pub struct Row<M: Machine> {
    pub(crate) name: &'static str,
    pub(crate) mnemonic: &'static str,
    pub(crate) operands: [OperandSpec; MAX_OPERANDS],
    pub(crate) operand_count: u8,
    pub(crate) feature: M::Feature,
    pub(crate) flags: Flags,
    pattern: Pattern,
}

impl<M: Machine> Row<M> {
    pub(crate) const fn parse(
        name: &'static str,
        mnemonic: &'static str,
        operands: &str,
        encoding: &str,
        feature: M::Feature,
        flags: Flags,
    ) -> Row<M> {
        let none = OperandSpec { role: Role::Use, class: Class::Special(0), name: 0 };
        let pattern = Pattern::parse(encoding);
        let mut row =
            Row { name, mnemonic, operands: [none; MAX_OPERANDS], operand_count: 0, feature, flags, pattern };
        let mut texts = Text::new(operands);
        while let Some(text) = texts.next(b',') {
            let mut words = Text::of(text);
            let (Some(role), Some(class), Some(name)) =
                (words.next(b' '), words.next(b' '), words.next(b' '))
            else {
                panic!("an operand has a role, a class and a name")
            };
            let spec =
                OperandSpec { role: Role::parse(role), class: Self::parse_class(class), name: name[0] };
            assert!(pattern.width(spec.name) > 0, "an operand is in no field");
            if let Class::Signed { bits, .. } | Class::Unsigned { bits, .. } | Class::Branch { bits, .. } =
                spec.class
            {
                assert!(pattern.width(spec.name) == bits, "an immediate and its fields differ in width");
            }
            row.operands[row.operand_count as usize] = spec;
            row.operand_count += 1;
        }
        row
    }

    const fn parse_class(class: &[u8]) -> Class {
        let mut i = 0;
        while i < M::VIEWS.len() {
            if crate::text::is(class, M::VIEWS[i].0) {
                return Class::Reg { bank: M::VIEWS[i].1, view: i as u8 };
            }
            i += 1;
        }
        if let Some(special) = position(class, M::SPECIALS) {
            return Class::Special(special as u8);
        }
        let mut letters = 0;
        while letters < class.len() && class[letters].is_ascii_lowercase() {
            letters += 1;
        }
        let (word, numbers) = class.split_at(letters);
        let mut numbers = Text::of(numbers);
        let Some(bits) = numbers.next(b'*') else { panic!("an immediate has a width") };
        let bits = decimal(bits) as u8;
        let scale = match numbers.next(b'*') {
            Some(scale) => decimal(scale) as u8,
            None => 1,
        };
        match position(word, &["u", "i", "rel"]) {
            Some(0) => Class::Unsigned { bits, scale },
            Some(1) => Class::Signed { bits, scale },
            Some(_) => Class::Branch { bits, scale },
            None => panic!("an operand's class is unknown"),
        }
    }

    /// The branch among the operands.
    fn branch(&self) -> Option<(u8, i64, i64)> {
        self.operands[..usize::from(self.operand_count)].iter().find_map(|spec| match spec.class {
            Class::Branch { bits, scale } => Some((spec.name, i64::from(bits), i64::from(scale))),
            _ => None,
        })
    }
}

/// The field of an instruction that holds the distance to a label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BranchField<M: Machine>(M::Inst);

impl<M: Machine> buffer::Field for BranchField<M> {
    fn range(self) -> (i64, i64) {
        let (_, bits, scale) = M::row(self.0).branch().expect("only a branch refers to a label");
        (-(scale << (bits - 1)), (scale << (bits - 1)) - scale)
    }

    fn patch(self, code: &mut [u8], displacement: i64) {
        let row = M::row(self.0);
        let (name, _, scale) = row.branch().expect("only a branch refers to a label");
        let word = row.pattern.insert(row.pattern.read::<M>(code), name, (displacement / scale) as u64);
        row.pattern.write::<M>(word, code);
    }
}

/// What the buffer knows of a machine.
#[derive(Clone, Copy, Debug)]
pub struct FieldTarget<M>(PhantomData<M>);

impl<M: Machine> buffer::Target for FieldTarget<M> {
    type Field = BranchField<M>;
    type RelocKind = M::Inst;

    const LIMITED: bool = true;

    fn jump() -> Option<Veneer<BranchField<M>>> {
        let pattern = &M::row(M::JUMP).pattern;
        let mut code = [0; 8];
        pattern.write::<M>(pattern.bits, &mut code);
        Some(Veneer { code, length: pattern.bytes(), field: BranchField(M::JUMP) })
    }

    fn can_lead_over_jump(field: BranchField<M>) -> bool {
        // What loads data, the address of data or a return address defines a register.
        field.0 != M::JUMP && M::row(field.0).operands.iter().all(|spec| spec.role != Role::Def)
    }
}

/// An assembler for a machine of fields: the code of one function or of many that follow each other.
#[derive(Debug)]
pub struct Assembler<M: Machine> {
    buffer: Buffer<FieldTarget<M>>,
}

impl<M: Machine> Default for Assembler<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Machine> Assembler<M> {
    /// An empty assembler.
    pub const fn new() -> Self {
        Assembler { buffer: Buffer::new() }
    }

    /// The buffer: offsets, labels, constants, relocations.
    pub fn buffer(&self) -> &Buffer<FieldTarget<M>> {
        &self.buffer
    }

    /// The buffer, to be changed.
    pub fn buffer_mut(&mut self) -> &mut Buffer<FieldTarget<M>> {
        &mut self.buffer
    }

    /// The code so far.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// A label that is not bound yet.
    pub fn new_label(&mut self) -> Label {
        self.buffer.new_label()
    }

    /// Binds the label to the current offset.
    pub fn bind(&mut self, label: Label) {
        self.buffer.bind(label);
    }

    /// Ends a function, as [`Buffer::finish_function`] does, and fills up with zeros: on machines of fields
    /// they are no instruction.
    pub fn finish_function(&mut self, alignment: u32) -> Result<(), LinkError> {
        self.buffer.finish_function(alignment, 0)
    }

    /// Encodes an instruction after checking its operands.
    pub fn emit(&mut self, inst: M::Inst, operands: &[Operand]) -> Result<(), EncodeError<Operand>> {
        let row = M::row(inst);
        let specs = &row.operands[..usize::from(row.operand_count)];
        if specs.len() != operands.len() {
            return Err(EncodeError::Count { inst: row.name, expected: specs.len(), given: operands.len() });
        }
        let mut word = row.pattern.bits;
        for (index, (spec, &given)) in specs.iter().zip(operands).enumerate() {
            let bits = operand_bits::<M>(spec, given);
            let bits = bits.ok_or(EncodeError::Operand { inst: row.name, index, given })?;
            word = row.pattern.insert(word, spec.name, bits);
        }
        let length = row.pattern.bytes();
        self.buffer.prepare(length as u32);
        let at = self.buffer.offset();
        row.pattern.write::<M>(word, self.buffer.window());
        self.buffer.advance(length);
        for &operand in operands {
            match operand {
                Operand::Label(label) => self.buffer.refer(at, label, 0, BranchField(inst)),
                Operand::Outside(key) => self.buffer.reloc(at, inst, key),
                Operand::Reg(_) | Operand::Imm(_) => {}
            }
        }
        Ok(())
    }
}

fn operand_bits<M: Machine>(spec: &OperandSpec, operand: Operand) -> Option<u64> {
    match (spec.class, operand) {
        (Class::Reg { bank, view }, Operand::Reg(reg)) if reg.bank == bank => {
            M::reg_bits(view, reg.number).map(u64::from)
        }
        (Class::Unsigned { bits, scale }, Operand::Imm(value)) => {
            let count = u64::try_from(value).ok()? / u64::from(scale);
            (value % i64::from(scale) == 0 && count >> bits == 0).then_some(count)
        }
        (Class::Signed { bits, scale }, Operand::Imm(value)) => {
            let count = value / i64::from(scale);
            let fits = count >= -1 << (bits - 1) && count < 1 << (bits - 1);
            (value % i64::from(scale) == 0 && fits).then_some(count as u64)
        }
        (Class::Branch { .. }, Operand::Label(_) | Operand::Outside(_)) => Some(0),
        (Class::Special(special), Operand::Imm(value)) => M::special_bits(special, value),
        _ => None,
    }
}

/// The instruction as text, as the row writes it.
pub fn format<M: Machine>(inst: M::Inst, operands: &[Operand]) -> impl Display + '_ {
    Printed::<M> { row: M::row(inst), operands }
}

struct Printed<'a, M: Machine> {
    row: &'static Row<M>,
    operands: &'a [Operand],
}

impl<M: Machine> Display for Printed<'_, M> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let pieces: Vec<&str> = self.row.mnemonic.split(['{', '}']).collect();
        for (i, piece) in pieces.iter().enumerate() {
            if i % 2 == 0 {
                f.write_str(piece)?;
                continue;
            }
            let found =
                self.row.operands.iter().zip(self.operands).find(|(spec, _)| [spec.name] == piece.as_bytes());
            let Some((spec, &operand)) = found else { return f.write_str("?") };
            match (operand, spec.class) {
                (Operand::Reg(reg), Class::Reg { view, .. }) => M::write_reg(f, view, reg.number)?,
                (Operand::Imm(value), Class::Special(special)) => M::write_special(f, special, value)?,
                (Operand::Imm(value), _) => write_number(f, value)?,
                (Operand::Label(label), _) => write!(f, ".L{}", label.index())?,
                (Operand::Outside(key), _) => write!(f, "outside {key}")?,
                (Operand::Reg(_), _) => f.write_str("?")?,
            }
        }
        Ok(())
    }
}
