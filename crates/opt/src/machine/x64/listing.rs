//! Functions in machine instructions as text, for tests and for people.
//!
//! ```text
//! b1(%4, %5x) cold:                    ; parameters; vectors have an x
//!     add32_r_rm %6=%4, %5             ; rows by their names in the table, in lower case
//!     mov64_r_rm %7, [%6+%4*8+16]      ; memory; [slots+8] a slot, [out+8] the bottom of the frame
//!     Branch ne, b2(%7), b3            ; sequences by their names; what an edge carries behind its block
//! ```
//!
//! A register that is defined is written `%6`, in the place of a use `%6=%4`, early `!%6`; one that is used `%4`, late `%4!`. Behind it
//! stands where it has to be, if that is not just any register: `%6:rax`, `%4:any`. Operands that no argument names follow in braces,
//! clobbered registers after `clobbers`, and `traps` says how the instruction does.

use super::sequence::Sequence;
use crate::machine::code::{Access, Address, Arg, Class, Code, Constraint, MInst, PReg, Part};
use std::fmt::{self, Display, Formatter};
use windlass_abi::trap::TrapCode;
use windlass_asm::x64::{Cond, Inst};

/// The function as text.
pub fn listing(code: &Code) -> impl Display + '_ {
    Listing { code }
}

/// The names of the registers of integers, by number.
const INTS: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];

/// A register's name.
pub fn name(reg: PReg) -> String {
    match reg.class {
        Class::Int => INTS[usize::from(reg.number)].to_string(),
        Class::Vector => format!("xmm{}", reg.number),
    }
}

struct Listing<'a> {
    code: &'a Code,
}

impl Display for Listing<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let code = self.code;
        for (number, block) in code.blocks.iter().enumerate() {
            write!(f, "b{number}")?;
            let params = code.params_of(number as u32);
            if !params.is_empty() {
                write!(f, "({})", joined(params.iter().map(|p| format!("{p:?}"))))?;
            }
            writeln!(f, "{}:", if block.cold { " cold" } else { "" })?;
            for inst in block.insts.clone() {
                self.write_inst(f, number as u32, inst)?;
            }
        }
        Ok(())
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

impl Listing<'_> {
    fn write_inst(&self, f: &mut Formatter<'_>, block: u32, number: u32) -> fmt::Result {
        let code = self.code;
        let inst = &code.insts[number as usize];
        let sequence = Sequence::of(inst.opcode);
        let row = Inst::from_number(inst.opcode.0).filter(|_| sequence.is_none());
        match (sequence, row) {
            (Some(sequence), _) => write!(f, "    {}", sequence.name())?,
            (None, Some(row)) => write!(f, "    {}", row.name().to_lowercase())?,
            (None, None) => write!(f, "    opcode {}", inst.opcode.0)?,
        }
        let mut named = vec![false; code.operands_of(number).len()];
        let mut numbers = 0;
        let mut blocks = 0;
        for (i, arg) in code.args_of(number).iter().enumerate() {
            f.write_str(if i == 0 { " " } else { ", " })?;
            match *arg {
                Arg::Operand(operand) => self.write_operand(f, inst, operand, &mut named)?,
                Arg::Fixed(reg) => f.write_str(&name(reg))?,
                Arg::Memory(memory) => self.write_memory(f, inst, memory, &mut named)?,
                Arg::Immediate(value) => write!(f, "{value}")?,
                Arg::Constant(constant) => self.write_constant(f, constant)?,
                Arg::Block(target) => {
                    self.write_edge(f, block, target, blocks)?;
                    blocks += 1;
                }
                Arg::Number(value) => {
                    f.write_str(&word(sequence, numbers, value).unwrap_or_else(|| value.to_string()))?;
                    numbers += 1;
                }
            }
        }
        self.write_rest(f, number, &mut named)
    }

    /// What no argument says.
    fn write_rest(&self, f: &mut Formatter<'_>, number: u32, named: &mut [bool]) -> fmt::Result {
        let code = self.code;
        let inst = &code.insts[number as usize];
        // A use whose place is a definition's is named with that.
        let operands = code.operands_of(number);
        for (i, operand) in operands.iter().enumerate() {
            if let (Constraint::Same(of), true) = (operand.constraint, named[i]) {
                named[usize::from(of)] = true;
            }
        }
        let mut open = false;
        for i in 0..operands.len() {
            let with_definition = operands.iter().any(|o| o.constraint == Constraint::Same(i as u8));
            if named[i] || with_definition && !operands[i].access.is_def() {
                continue;
            }
            f.write_str(if open { ", " } else { " {" })?;
            open = true;
            self.write_operand(f, inst, i as u8, named)?;
        }
        if open {
            f.write_str("}")?;
        }
        let clobbers = code.clobbers_of(number);
        if clobbers.iter().next().is_some() {
            write!(f, " clobbers {}", joined(clobbers.iter().map(name)))?;
        }
        if let Some(trap) = inst.trap {
            write!(f, " traps {trap:?}")?;
        }
        writeln!(f)
    }

    fn write_operand(
        &self,
        f: &mut Formatter<'_>,
        inst: &MInst,
        operand: u8,
        named: &mut [bool],
    ) -> fmt::Result {
        let all = &self.code.operands[inst.operands.start as usize..inst.operands.end as usize];
        // Of two in one place the definition is written, with the use.
        let pair = all.iter().position(|o| o.constraint == Constraint::Same(operand));
        let index = pair.unwrap_or(usize::from(operand));
        let Some(shown) = all.get(index) else { return write!(f, "operand {operand}?") };
        named[index] = true;
        if shown.access == Access::EarlyDef {
            f.write_str("!")?;
        }
        write!(f, "{:?}", shown.reg)?;
        if shown.access == Access::LateUse {
            f.write_str("!")?;
        }
        match shown.constraint {
            Constraint::Register => Ok(()),
            Constraint::Anywhere => f.write_str(":any"),
            Constraint::Fixed(number) => {
                write!(f, ":{}", name(PReg { class: shown.reg.class(), number }))
            }
            Constraint::Same(of) => {
                named[usize::from(of)] = true;
                write!(f, "={:?}", all[usize::from(of)].reg)
            }
        }
    }

    fn write_memory(
        &self,
        f: &mut Formatter<'_>,
        inst: &MInst,
        memory: u32,
        named: &mut [bool],
    ) -> fmt::Result {
        let Address { base, index, shift, offset } = self.code.memories[memory as usize];
        f.write_str("[")?;
        let mut empty = true;
        for (part, shift) in [(base, 0), (index, shift)] {
            let Some(part) = part else { continue };
            if !empty {
                f.write_str("+")?;
            }
            empty = false;
            match part {
                Part::Operand(operand) => self.write_operand(f, inst, operand, named)?,
                Part::Fixed(reg) => f.write_str(&name(reg))?,
                Part::Slots => f.write_str("slots")?,
                Part::Outgoing => f.write_str("out")?,
            }
            if shift != 0 {
                write!(f, "*{}", 1 << shift)?;
            }
        }
        match offset {
            0 if !empty => f.write_str("]"),
            offset if empty || offset < 0 => write!(f, "{offset}]"),
            offset => write!(f, "+{offset}]"),
        }
    }

    fn write_constant(&self, f: &mut Formatter<'_>, constant: u32) -> fmt::Result {
        write!(f, "{:#x}", u128::from_le_bytes(self.code.constants[constant as usize]))
    }

    /// A block, with what the `number`th edge carries to it.
    fn write_edge(&self, f: &mut Formatter<'_>, block: u32, target: u32, number: usize) -> fmt::Result {
        write!(f, "b{target}")?;
        let Some(edge) = self.code.successors_of(block).get(number) else { return Ok(()) };
        let args = self.code.args_on(edge);
        if !args.is_empty() {
            write!(f, "({})", joined(args.iter().map(|a| format!("{a:?}"))))?;
        }
        Ok(())
    }
}

/// What a sequence's number stands for, if that is no number.
fn word(sequence: Option<Sequence>, which: usize, value: u32) -> Option<String> {
    let condition = || Cond::ALL.get(value as usize).map(|c| format!("{c:?}").to_lowercase());
    let trap = || TrapCode::from_code(u8::try_from(value).ok()?).map(|t| format!("{t:?}"));
    match (sequence?, which) {
        (Sequence::Branch | Sequence::TrapIf | Sequence::Set | Sequence::SelectVector, 0) => condition(),
        (Sequence::TrapIf, 1) | (Sequence::Trap, 0) => trap(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::code::{MBlock, Operand, PRegSet, Successor};
    use crate::machine::x64::row;
    use windlass_asm::x64::inst;

    #[test]
    fn everything_that_an_instruction_has() {
        let mut code = Code::default();
        code.clear();
        let [a, b, c] = [0; 3].map(|_| code.vreg(Class::Int));
        let x = code.vreg(Class::Vector);
        let op = |reg, access, constraint| Operand { reg, access, constraint };
        code.operands = vec![
            op(a, Access::Use, Constraint::Register),
            op(b, Access::Def, Constraint::Same(0)),
            op(c, Access::LateUse, Constraint::Register),
            op(x, Access::EarlyDef, Constraint::Fixed(3)),
        ];
        code.memories =
            vec![Address { base: Some(Part::Slots), index: Some(Part::Operand(2)), shift: 3, offset: -8 }];
        code.args = vec![Arg::Operand(0), Arg::Memory(0), Arg::Number(5), Arg::Block(1), Arg::Block(0)];
        code.clobbers.push(PRegSet { ints: 2, vectors: 1 });
        let inst = |opcode, args, operands, clobbers, trap| MInst {
            opcode,
            args,
            operands,
            clobbers,
            position: 0,
            trap,
        };
        let trap = Some(TrapCode::MemoryOutOfBounds);
        code.insts = vec![
            inst(row(inst::ADD64_R_RM), 0..2, 0..4, 1, trap),
            inst(Sequence::Branch.opcode(), 2..5, 4..4, 0, None),
        ];
        code.registers = vec![b];
        code.successors = vec![Successor { block: 1, args: 0..1 }, Successor { block: 0, args: 1..1 }];
        let block = |insts, params, successors, cold| MBlock {
            insts,
            params,
            successors,
            predecessors: 0..0,
            loop_depth: 0,
            cold,
        };
        code.blocks = vec![block(0..2, 0..0, 0..2, false), block(2..2, 0..1, 0..0, true)];
        let expected = "\
b0:
    add64_r_rm %1=%0, [slots+%2!*8-8] {!%3x:xmm3} clobbers rcx, xmm0 traps MemoryOutOfBounds
    Branch ne, b1(%1), b0
b1(%1) cold:
";
        assert_eq!(listing(&code).to_string(), expected);
    }
}
