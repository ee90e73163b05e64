//! Instructions in Intel's syntax.

use core::fmt::{self, Display, Formatter};

use super::operand::{Mem, Operand, Reg};
use super::table::{Bank, Inst, Kind, OperandSpec, Place};
use crate::text::write_number;

/// The instruction as text: mnemonic, operands with their sizes, immediates as signed hexadecimal numbers
/// (0 to 9 as digits), labels as `.L` with their number.
pub fn format(inst: Inst, operands: &[Operand]) -> impl Display + '_ {
    Printed { inst, operands }
}

struct Printed<'a> {
    inst: Inst,
    operands: &'a [Operand],
}

impl Display for Printed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.inst.mnemonic())?;
        for (i, (spec, operand)) in self.inst.written_operands().zip(self.operands).enumerate() {
            f.write_str(if i == 0 { " " } else { "," })?;
            match *operand {
                Operand::Reg(reg) => write_reg(f, spec, reg)?,
                Operand::Mem(mem) => write_mem(f, spec.mem_bits, mem)?,
                Operand::Imm(value) => write_imm(f, spec, value)?,
                Operand::Label(label) => write!(f, ".L{}", label.index())?,
            }
        }
        Ok(())
    }
}

fn write_reg(f: &mut Formatter<'_>, spec: &OperandSpec, reg: Reg) -> fmt::Result {
    let number = match spec.place {
        Place::Fixed(number) => number,
        _ => reg.num(),
    };
    match spec.bank {
        Bank::Xmm => write!(f, "{}mm{number}", if spec.bits == 256 { 'y' } else { 'x' }),
        Bank::Gpr => write_gpr(f, spec.bits, number),
    }
}

fn write_gpr(f: &mut Formatter<'_>, bits: u16, number: u8) -> fmt::Result {
    const OLD: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
    match (OLD.get(usize::from(number)), bits) {
        (Some(name), 8) if number < 4 => write!(f, "{}l", &name[..1]),
        (Some(name), 8) => write!(f, "{name}l"),
        (Some(name), 16) => f.write_str(name),
        (Some(name), 32) => write!(f, "e{name}"),
        (Some(name), _) => write!(f, "r{name}"),
        (None, 8) => write!(f, "r{number}b"),
        (None, 16) => write!(f, "r{number}w"),
        (None, 32) => write!(f, "r{number}d"),
        (None, _) => write!(f, "r{number}"),
    }
}

fn write_mem(f: &mut Formatter<'_>, bits: u16, mem: Mem) -> fmt::Result {
    f.write_str(match bits {
        8 => "byte ptr ",
        16 => "word ptr ",
        32 => "dword ptr ",
        64 => "qword ptr ",
        128 => "xmmword ptr ",
        256 => "ymmword ptr ",
        _ => "",
    })?;
    f.write_str("[")?;
    let mut empty = true;
    if let Some(base) = mem.base_reg() {
        write_gpr(f, 64, base.num())?;
        empty = false;
    }
    if let Some(label) = mem.label() {
        write!(f, ".L{}", label.index())?;
        empty = false;
    }
    if let Some(index) = mem.index_reg() {
        if !empty {
            f.write_str("+")?;
        }
        write_gpr(f, 64, index.num())?;
        if mem.base_reg().is_none() || mem.scale as u8 != 0 {
            write!(f, "*{}", 1 << mem.scale as u8)?;
        }
        empty = false;
    }
    if empty {
        write_number(f, i64::from(mem.disp))?;
    } else if mem.disp != 0 {
        if mem.disp > 0 {
            f.write_str("+")?;
        }
        write_number(f, i64::from(mem.disp))?;
    }
    f.write_str("]")
}

fn write_imm(f: &mut Formatter<'_>, spec: &OperandSpec, value: i64) -> fmt::Result {
    let value = match (spec.kind, spec.bits) {
        (Kind::Unsigned, 8) => i64::from(value as u8),
        (Kind::Unsigned, _) => i64::from(value as u16),
        (_, 8) => i64::from(value as i8),
        (_, 16) => i64::from(value as i16),
        _ => value,
    };
    write_number(f, value)
}
