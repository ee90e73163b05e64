//! The table of instructions: one row each, from which everything else is derived.
//!
//! A row reads
//! `NAME: "mnemonic", "operands", "encoding", Feature, Flags;`
//! with the encoding in the notation of [`super::code`] and the operands, in Intel's order, as
//! `role class, role class, …`. The role is `r` (use), `w` (def) or `rw` (both). The class is one of
//!
//! | Class | Operand |
//! |---|---|
//! | `r8` `r16` `r32` `r64` | general register |
//! | `x` `y` | vector register of 128, 256 bits |
//! | `rm32`, `xm64`, `ym256`, … | register or memory of that many bits; `xm` is a vector register |
//! | `r32m8` | 32-bit register, or memory of 8 bits |
//! | `m32`, … `m` | memory; without a number only its address counts |
//! | `i8` `i16` `i32` `i64` | signed immediate |
//! | `u8` `u16` | unsigned immediate |
//! | `rel8` `rel32` | destination of a jump |
//! | `cl` | this register, which is written but not encoded |
//! | `<rax>`, `<edx>`, `<xmm0>`, … | this register, which is neither written nor encoded |
//!
//! Names: mnemonic and operand size, then the operands: `R` register, `RM` register or memory, `M`
//! memory, `I` immediate, `X` vector register.

mod float;
mod fma;
mod integer;
mod scalar;
mod sse;
mod vector;

use super::code::Code;
pub use crate::table::{Flags, Role};
use crate::table::{features, instructions, rows};
use crate::text::{Text, decimal, is, position};

instructions!(integer, scalar, float, vector, fma, sse);

/// What an operand may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A register.
    Reg,
    /// A register or memory.
    RegMem,
    /// Memory.
    Mem,
    /// A signed immediate.
    Signed,
    /// An unsigned immediate.
    Unsigned,
    /// The destination of a jump.
    Target,
}

/// A register file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bank {
    /// General registers.
    Gpr,
    /// Vector registers.
    Xmm,
}

/// Where an operand lies in the encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// ModRM.reg.
    Reg,
    /// ModRM.rm, memory, or the low bits of the opcode.
    Rm,
    /// VEX.vvvv.
    Vvvv,
    /// The high bits of the immediate byte.
    Is4,
    /// The immediate.
    Imm,
    /// Nowhere: always the register with this number, which is written out in assembly.
    Fixed(u8),
    /// Nowhere: always the register with this number, which is not written either.
    Implicit(u8),
}

/// One operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OperandSpec {
    /// What the instruction does to it.
    pub role: Role,
    /// What it may be.
    pub kind: Kind,
    /// Which register file a register is of.
    pub bank: Bank,
    /// Bits of the register, or of the immediate.
    pub bits: u16,
    /// Bits of the memory; 0 where only the address counts.
    pub mem_bits: u16,
    /// Where it lies.
    pub place: Place,
}

features! {
    /// Every x86-64 processor.
    Base,
    /// SSE.
    Sse,
    /// SSE2.
    Sse2,
    /// SSE3.
    Sse3,
    /// SSSE3.
    Ssse3,
    /// SSE4.1.
    Sse41,
    /// SSE4.2.
    Sse42,
    /// AVX.
    Avx,
    /// AVX2.
    Avx2,
    /// Fused multiply-add.
    Fma,
    /// BMI1.
    Bmi1,
    /// BMI2.
    Bmi2,
    /// LZCNT.
    Lzcnt,
    /// POPCNT.
    Popcnt,
    /// MOVBE.
    Movbe,
    /// ADCX and ADOX.
    Adx,
    /// CMPXCHG16B.
    Cx16,
}

const MAX_OPERANDS: usize = 6;

#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) mnemonic: &'static str,
    pub(crate) operands: [OperandSpec; MAX_OPERANDS],
    pub(crate) operand_count: u8,
    pub(crate) feature: Feature,
    pub(crate) flags: Flags,
    pub(crate) code: Code,
}

/// The encodings alone: what the assembler's fast paths read. A constant, so that an instruction that is
/// known where a fast path is inlined costs no look-up.
const CODES: &[Code; COUNT] = &{
    let mut codes = [GROUPS[0][0].code; COUNT];
    let (mut group, mut next) = (0, 0);
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].len() {
            codes[next] = GROUPS[group][row].code;
            next += 1;
            row += 1;
        }
        group += 1;
    }
    codes
};

impl Inst {
    #[inline(always)]
    pub(crate) fn code(self) -> Code {
        CODES[usize::from(self.0)]
    }

    /// The operands that are written out: all but the implicit ones, which come last.
    pub fn written_operands(self) -> impl Iterator<Item = &'static OperandSpec> {
        self.operands().iter().filter(|spec| !matches!(spec.place, Place::Implicit(_)))
    }

    /// Bytes of the immediate in the long form.
    pub fn imm_size(self) -> u32 {
        self.code().imm()
    }
}

const GPR_NAMES: [&[&str]; 4] = [
    &["al", "cl", "dl", "bl"],
    &["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"],
    &["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"],
    &["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"],
];

impl OperandSpec {
    const NONE: OperandSpec = OperandSpec {
        role: Role::Use,
        kind: Kind::Reg,
        bank: Bank::Gpr,
        bits: 0,
        mem_bits: 0,
        place: Place::Imm,
    };

    /// Whether it is a register in a slot of the encoding, or memory.
    const fn has_slot(self) -> bool {
        matches!(self.kind, Kind::Reg | Kind::RegMem | Kind::Mem)
            && !matches!(self.place, Place::Fixed(_) | Place::Implicit(_))
    }

    const fn parse(text: &[u8]) -> OperandSpec {
        let mut words = Text::of(text);
        let (Some(role), Some(class)) = (words.next(b' '), words.next(b' ')) else {
            panic!("an operand has a role and a class")
        };
        OperandSpec { role: Role::parse(role), ..OperandSpec::parse_class(class) }
    }

    const fn parse_class(class: &[u8]) -> OperandSpec {
        let none = OperandSpec::NONE;
        if class[0] == b'<' {
            let inner = class.split_at(class.len() - 1).0.split_at(1).1;
            let spec = OperandSpec::parse_fixed(inner);
            let Place::Fixed(number) = spec.place else { panic!("an implicit register is unknown") };
            return OperandSpec { place: Place::Implicit(number), ..spec };
        }
        if is(class, "cl") {
            return OperandSpec::parse_fixed(class);
        }
        let mut letters = 0;
        while letters < class.len() && !class[letters].is_ascii_digit() {
            letters += 1;
        }
        let (word, number) = class.split_at(letters);
        if is(class, "r32m8") || is(class, "r32m16") {
            let mem_bits = if class.len() == 5 { 8 } else { 16 };
            return OperandSpec { kind: Kind::RegMem, bits: 32, mem_bits, ..none };
        }
        let number = decimal(number);
        match position(word, &["r", "x", "y", "rm", "xm", "ym", "m", "i", "u", "rel"]) {
            Some(0) => OperandSpec { bits: number, ..none },
            Some(1) => OperandSpec { bank: Bank::Xmm, bits: 128, ..none },
            Some(2) => OperandSpec { bank: Bank::Xmm, bits: 256, ..none },
            Some(3) => OperandSpec { kind: Kind::RegMem, bits: number, mem_bits: number, ..none },
            Some(4) => {
                OperandSpec { kind: Kind::RegMem, bank: Bank::Xmm, bits: 128, mem_bits: number, ..none }
            }
            Some(5) => {
                OperandSpec { kind: Kind::RegMem, bank: Bank::Xmm, bits: 256, mem_bits: number, ..none }
            }
            Some(6) => OperandSpec { kind: Kind::Mem, mem_bits: number, ..none },
            Some(7) => OperandSpec { kind: Kind::Signed, bits: number, ..none },
            Some(8) => OperandSpec { kind: Kind::Unsigned, bits: number, ..none },
            Some(9) => OperandSpec { kind: Kind::Target, bits: number, ..none },
            _ => panic!("an operand's class is unknown"),
        }
    }

    const fn parse_fixed(name: &[u8]) -> OperandSpec {
        if is(name, "xmm0") {
            return OperandSpec { bank: Bank::Xmm, bits: 128, place: Place::Fixed(0), ..OperandSpec::NONE };
        }
        let mut size = 0;
        while size < GPR_NAMES.len() {
            if let Some(number) = position(name, GPR_NAMES[size]) {
                return OperandSpec {
                    bits: 8 << size,
                    place: Place::Fixed(number as u8),
                    ..OperandSpec::NONE
                };
            }
            size += 1;
        }
        panic!("a fixed register is unknown")
    }
}

impl Row {
    const fn parse(
        name: &'static str,
        mnemonic: &'static str,
        operands: &str,
        encoding: &str,
        feature: Feature,
        flags: Flags,
    ) -> Row {
        let mut row = Row {
            name,
            mnemonic,
            operands: [OperandSpec::NONE; MAX_OPERANDS],
            operand_count: 0,
            feature,
            flags,
            code: Code::parse(encoding),
        };
        let mut texts = Text::new(operands);
        while let Some(text) = texts.next(b',') {
            row.operands[row.operand_count as usize] = OperandSpec::parse(text);
            row.operand_count += 1;
        }
        row.place_operands(Code::reg_taken(encoding));
        row
    }

    /// Finds the places of register and memory operands: what may be memory, or else the last one, is in
    /// ModRM.rm; the first of the others in ModRM.reg, unless a digit is there, the next in VEX.vvvv, and
    /// then the immediate byte.
    const fn place_operands(&mut self, reg_taken: bool) {
        let count = self.operand_count as usize;
        let mut rm = None;
        let mut last = None;
        let mut i = 0;
        while i < count {
            if self.operands[i].has_slot() {
                last = Some(i);
                if !matches!(self.operands[i].kind, Kind::Reg) {
                    assert!(rm.is_none(), "two operands may be memory");
                    rm = Some(i);
                }
            }
            i += 1;
        }
        let Some(rm) = (if rm.is_some() { rm } else { last }) else { return };
        let mut free: &[Place] = &[Place::Reg, Place::Vvvv, Place::Is4];
        if reg_taken {
            free = free.split_at(1).1;
        }
        let mut slot = 0;
        i = 0;
        while i < count {
            let spec = &mut self.operands[i];
            if spec.has_slot() {
                if i == rm {
                    spec.place = Place::Rm;
                } else {
                    spec.place = free[0];
                    free = free.split_at(1).1;
                }
                let byte = matches!(spec.bank, Bank::Gpr) && spec.bits == 8;
                self.code.add_slot(slot, spec.place, byte);
                slot += 1;
            }
            i += 1;
        }
    }
}
