//! Bytecode as text.

use crate::code::Code;
use crate::frame::{PROLOGUE, Prologue};
use crate::machine::{OPCODE, Operand, Unit, encode, units};
use crate::table::{ENTRIES, Entry, Opcode};
use alloc::vec::Vec;
use core::fmt;
use windlass_abi::facts::FuncIndex;

/// The bytecode of one function, to be printed.
///
/// A line is an instruction: its number, its name, and its operands: `s7` a slot, `acc` an accumulator,
/// `->12` the number of the instruction that a branch goes to, a plain number a constant. So it is the same
/// with each form of dispatch.
pub struct Listing<'c> {
    units: &'c [Unit],
}

impl<'c> Listing<'c> {
    /// The listing of a function by its index in the module's function index space; `None` for imports
    /// and for indices that don't exist.
    pub fn new(code: &'c Code, function: FuncIndex) -> Option<Listing<'c>> {
        code.info_ref().chunks.iter().find_map(|chunk| {
            let at = chunk.functions.iter().position(|f| f.index == function)?;
            let start = chunk.functions[at].start as usize;
            let end = chunk.functions.get(at + 1).map_or(chunk.units.len(), |f| f.start as usize);
            Some(Listing { units: &chunk.units[start..end] })
        })
    }

    /// The row of the instruction at `at`.
    fn entry(&self, at: usize) -> &'static Entry {
        let code = &self.units[at..at + OPCODE];
        // Where code holds addresses, instructions that do exactly the same may share one, and the first name stands for all.
        let row = (0..ENTRIES.len()).find(|n| encode(*n as Opcode) == code);
        &ENTRIES[row.expect("code consists of instructions of the table")]
    }

    fn number(&self, at: usize, count: usize) -> u64 {
        let mut bytes = [0; 8];
        for (i, unit) in self.units[at..at + count].iter().enumerate() {
            bytes[2 * i..2 * i + 2].copy_from_slice(&unit.to_ne_bytes());
        }
        match count {
            2 => u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).into(),
            _ => u64::from_ne_bytes(bytes),
        }
    }

    /// Where each instruction is, and its row.
    fn instructions(&self) -> Vec<(usize, &'static Entry)> {
        let mut found = Vec::new();
        let mut at = PROLOGUE;
        while at < self.units.len() {
            let entry = self.entry(at);
            found.push((at, entry));
            at += units(entry.operands);
            if entry.operands.last() == Some(&Operand::Targets) {
                at += 2 * (self.number(at - Operand::Targets.units(), 2) as usize + 1);
            }
        }
        found
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: a function's code starts with its prologue.
        let prologue = unsafe { Prologue::at(self.units.as_ptr()) };
        writeln!(
            f,
            "frame: {} slots, header at s{}, {} cleared",
            prologue.size, prologue.header, prologue.zeroed
        )?;
        let instructions = self.instructions();
        let target = |at: usize| {
            let target = at as i64 - OPCODE as i64 + self.number(at, 2) as i32 as i64;
            instructions.partition_point(|(at, _)| (*at as i64) < target)
        };
        for (number, &(at, entry)) in instructions.iter().enumerate() {
            write!(f, "{number:6}: {}", entry.name)?;
            let (mut unit, mut separator) = (at + OPCODE, " ");
            let mut targets = 0;
            for operand in entry.operands {
                if *operand == Operand::None {
                    continue;
                }
                f.write_str(separator)?;
                separator = ", ";
                match operand {
                    Operand::None => {}
                    Operand::Dst => write!(f, "s{} <-", self.units[unit])?,
                    Operand::Unused => f.write_str("acc <-")?,
                    Operand::Src => write!(f, "s{}", self.units[unit])?,
                    Operand::Acc => f.write_str("acc")?,
                    Operand::U16 => write!(f, "{}", self.units[unit])?,
                    Operand::U32 => write!(f, "{}", self.number(unit, 2))?,
                    Operand::I32 => write!(f, "{}", self.number(unit, 2) as i32)?,
                    Operand::U64 => write!(f, "{:#x}", self.number(unit, 4))?,
                    Operand::V128 => {
                        write!(f, "{:#018x}:{:016x}", self.number(unit + 4, 4), self.number(unit, 4))?;
                    }
                    Operand::Target => write!(f, "->{}", target(unit))?,
                    Operand::Targets => {
                        targets = self.number(unit, 2) as usize + 1;
                        write!(f, "{targets} targets")?;
                    }
                }
                if matches!(operand, Operand::Dst | Operand::Unused) {
                    separator = " ";
                }
                unit += operand.units();
            }
            writeln!(f)?;
            for i in 0..targets {
                writeln!(f, "{:6}  {i}: ->{}", "", target(unit + 2 * i))?;
            }
        }
        Ok(())
    }
}
