//! Machine code as text, beside the operators that it was made of.
//!
//! ```text
//! func[0] $half: type 0 (i32) -> (i32), 9 bytes at 0x22
//! frame: 16 bytes
//!                                             @0x24 local.get 0
//!      0: 55                                  push rbp
//! ```
//!
//! An operator stands before the first instruction that was made of it. An instruction for an operator that
//! already was printed, such as one out of line, names it at its side. The disassembler is not ours, so a
//! listing also judges the encoder.

use super::operators::Operators;
use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Formatter, Instruction, IntelFormatter, OpKind, SymbolResolver,
    SymbolResult,
};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::iter::Peekable;
use std::vec::IntoIter;
use windlass_abi::code::{CodeImage, FunctionRow, Position, slot_offset};
use windlass_abi::facts::ModuleFacts;

/// How a listing looks.
#[derive(Clone, Copy)]
pub struct Style {
    /// With colours of the terminal.
    pub color: bool,
    /// Without addresses and bytes.
    pub plain: bool,
}

/// The colours, as parameters of the terminal's sequence.
mod color {
    pub const OPERATOR: &str = "32";
    pub const ADDRESS: &str = "2";
    pub const TRAP: &str = "31";
    pub const LABEL: &str = "36";
}

impl Style {
    fn paint(self, color: &str, text: &str) -> String {
        if self.color { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Code that can be listed.
pub struct Listing<'a> {
    /// The code.
    pub image: &'a CodeImage,
    /// The module.
    pub facts: &'a ModuleFacts,
    /// The module's operators, if they are known.
    pub operators: Option<&'a Operators>,
    /// How it looks.
    pub style: Style,
}

/// Width of the column with addresses and bytes.
const CODE_COLUMN: usize = 44;
/// Bytes of an instruction on a line.
const BYTES: usize = 11;
/// Width of the column with instructions that have a remark.
const REMARK_COLUMN: usize = 40;

impl Listing<'_> {
    /// The code of a function; `None` for an import.
    pub fn function(&self, index: u32) -> Option<String> {
        let own = self.facts.defined_func(index)? as usize;
        let row = self.image.code.functions.get(own)?;
        let mut text = format!("frame: {} bytes", row.frame_size);
        if row.slots != 0 {
            let _ = write!(text, ", home slots below rbp - {}", row.slots);
        }
        text.push('\n');
        let instructions = self.decode(row);
        let code_end = instructions.last().map_or(row.start, |last| last.next_ip() as u32);
        let mut body = Body {
            listing: self,
            row,
            labels: labels(&instructions, row),
            positions: self.image.code.positions(own).collect::<Vec<_>>().into_iter().peekable(),
            reached: row.offset,
            current: None,
            text,
        };
        for instruction in &instructions {
            body.instruction(instruction);
        }
        body.constants(code_end);
        Some(body.text)
    }

    /// The instructions of a function, up to its constants.
    fn decode(&self, row: &FunctionRow) -> Vec<Instruction> {
        let bytes = &self.image.code.text[row.start as usize..row.end as usize];
        let decoder = Decoder::with_ip(64, bytes, row.start.into(), DecoderOptions::NONE);
        let mut instructions: Vec<Instruction> = Vec::new();
        let mut constants = u64::from(row.end);
        for instruction in decoder {
            if instruction.next_ip() > constants {
                break;
            }
            // What is read or addressed behind here is a constant, and constants come last.
            if instruction.is_ip_rel_memory_operand() {
                let at = instruction.ip_rel_memory_address();
                if (instruction.next_ip()..constants).contains(&at) {
                    constants = at;
                }
            }
            instructions.push(instruction);
        }
        // Padding before the constants.
        while instructions.last().is_some_and(|i| i.code() == iced_x86::Code::Int3) {
            instructions.pop();
        }
        instructions
    }

    /// What lies at an address in or below the text, if it is a function's.
    fn symbol(&self, at: u64) -> Option<String> {
        let at = at as u32 as i32;
        let functions = &self.image.code.functions;
        let slots = self.image.slots;
        let (what, own) = if at < 0 {
            let own = (0..slots).find(|own| slot_offset(*own, slots) == at)?;
            ("slot of ", own as usize)
        } else {
            let own = self.image.code.find(at as u32).filter(|own| functions[*own].entry == at as u32)?;
            ("", own)
        };
        let index = functions.get(own)?.index;
        Some(match self.facts.names.function(index) {
            Some(name) => format!("{what}${name}"),
            None => format!("{what}func[{index}]"),
        })
    }
}

/// The labels of a function: where branches within it lead.
fn labels(instructions: &[Instruction], row: &FunctionRow) -> BTreeMap<u64, usize> {
    let inside = u64::from(row.start)..u64::from(row.end);
    let branches = instructions.iter().filter(|i| {
        let branch =
            matches!(i.flow_control(), FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch);
        branch && i.op0_kind() == OpKind::NearBranch64 && inside.contains(&i.near_branch_target())
    });
    let mut labels: BTreeMap<u64, usize> = branches.map(|i| (i.near_branch_target(), 0)).collect();
    labels.values_mut().enumerate().for_each(|(i, label)| *label = i);
    labels
}

/// Names for the addresses in an instruction.
struct Names {
    /// The branch target or address, and its name.
    name: Option<(u64, String)>,
}

impl SymbolResolver for Names {
    fn symbol(
        &mut self,
        _instruction: &Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        let (at, name) = self.name.as_ref()?;
        (*at == address).then(|| SymbolResult::with_str(address, name))
    }
}

/// A function's listing in the making.
struct Body<'a> {
    listing: &'a Listing<'a>,
    row: &'a FunctionRow,
    labels: BTreeMap<u64, usize>,
    positions: Peekable<IntoIter<Position>>,
    /// Operators before this offset have been printed.
    reached: u32,
    /// The operator that the code is at.
    current: Option<u32>,
    text: String,
}

impl Body<'_> {
    /// Prints an instruction, with what comes before it and stands beside it.
    fn instruction(&mut self, instruction: &Instruction) {
        let (at, next) = (instruction.ip() as u32, instruction.next_ip() as u32);
        if let Some(label) = self.labels.get(&instruction.ip()) {
            let label = self.listing.style.paint(color::LABEL, &format!("L{label}:"));
            let _ = writeln!(self.text, "{label}");
        }
        let mut remarks = Vec::new();
        while let Some(position) = self.positions.next_if(|p| p.at <= at) {
            if let Some(trap) = position.trap {
                remarks.push(format!("trap: {trap}"));
            }
            self.reach(position.offset, &mut remarks);
        }
        let call = matches!(instruction.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
        if call && let Some(position) = self.positions.next_if(|p| p.at == next && p.trap.is_none()) {
            self.reach(position.offset, &mut remarks);
        }
        let (column, code) = (self.column(at, next), self.disassembled(instruction));
        let mut line = format!("{}{code}", self.listing.style.paint(color::ADDRESS, &column));
        if !remarks.is_empty() {
            let room = REMARK_COLUMN.saturating_sub(code.len()).max(1);
            let remark = format!("; {}", remarks.join(", "));
            let remark = self.listing.style.paint(color::TRAP, &remark);
            let _ = write!(line, "{:room$}{remark}", "");
        }
        let _ = writeln!(self.text, "{line}");
    }

    /// Prints the operators up to the one at this offset; if it was printed before, notes it beside the
    /// instruction.
    fn reach(&mut self, offset: u32, remarks: &mut Vec<String>) {
        let before = self.current.replace(offset);
        let Some(operators) = self.listing.operators else {
            if before != Some(offset) || !remarks.is_empty() {
                remarks.push(format!("@{offset:#x}"));
            }
            return;
        };
        if offset < self.reached {
            if before != Some(offset)
                && let Some(operator) = operators.at(offset)
            {
                remarks.push(format!("of {operator}"));
            }
            return;
        }
        let style = self.listing.style;
        for (at, operator) in operators.between(self.reached, offset + 1) {
            let line = if style.plain {
                format!("  {operator}")
            } else {
                format!("{:CODE_COLUMN$}@{at:#x} {operator}", "")
            };
            let _ = writeln!(self.text, "{}", style.paint(color::OPERATOR, &line));
        }
        self.reached = offset + 1;
    }

    /// The column with addresses and bytes.
    fn column(&self, start: u32, end: u32) -> String {
        if self.listing.style.plain {
            return "    ".to_owned();
        }
        let bytes = &self.listing.image.code.text[start as usize..end as usize];
        let mut hex: Vec<String> = bytes.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
        if bytes.len() > BYTES {
            hex[BYTES - 1] = "..".to_owned();
        }
        let column = format!("{start:6x}: {}", hex.join(" "));
        format!("{column:<CODE_COLUMN$}")
    }

    fn disassembled(&self, instruction: &Instruction) -> String {
        let target = match instruction.op0_kind() {
            OpKind::NearBranch64 => Some(instruction.near_branch_target()),
            _ if instruction.is_ip_rel_memory_operand() => Some(instruction.ip_rel_memory_address()),
            _ => None,
        };
        let label = |at| self.labels.get(&at).map(|label| format!("L{label}"));
        let constant = |at: u64| {
            let inside = u64::from(self.row.start) <= at && at < u64::from(self.row.end);
            inside.then(|| format!("constant{:+}", at as i64 - i64::from(self.row.end)))
        };
        let name = target.and_then(|at| {
            label(at).or_else(|| self.listing.symbol(at)).or_else(|| constant(at)).map(|name| (at, name))
        });
        let mut formatter = IntelFormatter::with_options(Some(Box::new(Names { name })), None);
        let options = formatter.options_mut();
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        options.set_space_after_operand_separator(true);
        options.set_branch_leading_zeros(false);
        options.set_show_branch_size(false);
        options.set_small_hex_numbers_in_decimal(true);
        let mut text = String::new();
        formatter.format(instruction, &mut text);
        text
    }

    /// Prints what follows the code: constants, named as in the instructions that use them.
    fn constants(&mut self, code_end: u32) {
        let text = &self.listing.image.code.text;
        let padding =
            text[code_end as usize..self.row.end as usize].iter().take_while(|b| **b == 0xcc).count() as u32;
        let mut at = code_end + padding;
        while at < self.row.end {
            let next = (at + 16).min(self.row.end);
            let bytes: Vec<String> =
                text[at as usize..next as usize].iter().map(|byte| format!("{byte:02x}")).collect();
            let label = format!("constant{:+}:", i64::from(at) - i64::from(self.row.end));
            let _ =
                writeln!(self.text, "{} {}", self.listing.style.paint(color::LABEL, &label), bytes.join(" "));
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_abi::code::{CodeChunk, Positions};
    use windlass_abi::trap::TrapCode;

    const WAT: &str = r#"(module
        (func $half (param i32) (result i32)
            (i32.div_s (local.get 0) (i32.const 2)))
        (func $twice (param i32) (result i32)
            (call $half (local.get 0))
            (call $half)))"#;

    /// Two functions by hand, with a position for every operator.
    fn listed(style: Style) -> [String; 2] {
        let wasm = windlass_wasm::text::parse(WAT.as_bytes()).unwrap().into_owned();
        let facts = windlass_wasm::decode(&wasm, &windlass::Features::default()).unwrap().facts;
        let operators = Operators::new(&wasm).unwrap();
        let offsets: Vec<u32> = operators.between(0, u32::MAX).iter().map(|row| row.0).collect();
        let [get, two, div, get2, call, call2] = offsets[..] else { panic!("{offsets:?}") };
        #[rustfmt::skip]
        let half = [
            0x85, 0xff, // test edi, edi
            0x75, 0x03, // jnz over ud2
            0x0f, 0x0b, // ud2
            0x90, // nop
            0x8b, 0x05, 0x06, 0x00, 0x00, 0x00, // mov eax, the constant
            0xc3, 0xcc, 0xcc, // ret
            0xcc, 0xcc, 0xcc, // padding
            2, 0, 0, 0,
        ];
        let twice = [0xe8, 0xe3, 0xff, 0xff, 0xff, 0xff, 0x15, 0xcd, 0xff, 0xff, 0xff, 0xc3];
        let mut code = CodeChunk::default();
        let mut positions = |rows: &[(u32, u32, Option<TrapCode>)], offset: u32| {
            let start = code.positions.len() as u32;
            let mut last = (0, offset);
            for &(at, offset, trap) in rows {
                Positions::push(&mut code.positions, at - last.0, offset.wrapping_sub(last.1), trap);
                last = (at, offset);
            }
            start
        };
        let rows =
            [(0, get, None), (0, two, None), (0, div, None), (4, div, Some(TrapCode::IntegerDivisionByZero))];
        let first = positions(&rows, get);
        let rows = [(0, get2, None), (0, call, None), (5, call, None), (5, call2, None), (11, call2, None)];
        let second = positions(&rows, get2);
        code.text = [&half[..], &[0xcc; 1], &twice].concat();
        let end = half.len() as u32;
        let start = end + 1;
        let row =
            FunctionRow { end, frame_size: 16, offset: get, positions: first, ..FunctionRow::default() };
        code.functions.push(row);
        code.functions.push(FunctionRow {
            start,
            entry: start,
            end: start + 12,
            index: 1,
            frame_size: 32,
            slots: 24,
            offset: get2,
            positions: second,
            ..FunctionRow::default()
        });
        let image = CodeImage { code, slots: 2 };
        let listing = Listing { image: &image, facts: &facts, operators: Some(&operators), style };
        assert!(listing.function(2).is_none());
        [0, 1].map(|index| listing.function(index).unwrap())
    }

    #[test]
    fn operators_labels_traps_and_constants() {
        let [half, twice] = listed(Style { color: false, plain: true });
        let expected = "\
frame: 16 bytes
  local.get 0
  i32.const 2
  i32.div_s
    test edi, edi
    jne L0
    ud2                                     ; trap: integer divide by zero
    nop
L0:
    mov eax, [constant-4]
    ret
constant-4: 02 00 00 00
";
        assert_eq!(half, expected);
        let expected = "\
frame: 32 bytes, home slots below rbp - 24
  local.get 0
  call $half
    call $half
  call $half
    call qword ptr [slot of $half]
    ret
";
        assert_eq!(twice, expected);
    }

    #[test]
    fn addresses_bytes_and_colours() {
        let [half, _] = listed(Style { color: false, plain: false });
        let mut lines = half.lines().skip(1);
        assert_eq!(lines.next().unwrap().trim(), "@0x1a local.get 0");
        let line = lines.find(|line| line.contains("mov eax")).unwrap();
        assert_eq!(line, "     7: 8b 05 06 00 00 00                   mov eax, [constant-4]");
        let [colored, _] = listed(Style { color: true, plain: false });
        assert!(colored.contains("\x1b[31m; trap: integer divide by zero\x1b[0m"), "{colored}");
        let mut without = colored;
        for code in ["\x1b[0m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[36m"] {
            without = without.replace(code, "");
        }
        assert_eq!(without, half, "colours change nothing else");
    }
}
