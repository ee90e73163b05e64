//! Every row of the aarch64 and s390x tables, with every operand at its borders, against the disassembler of
//! Capstone: text and length.

use std::fmt::Debug;

use capstone::prelude::*;
use windlass_asm::fields::{Assembler, Bank, Class, Machine, Operand, OperandSpec, Reg, format};
use windlass_asm::{a64, s390x};

/// Where the label of a case is bound.
const LABEL_AT: u32 = 64;

/// What the test has to know of a machine beyond its table.
trait Judged: Machine<Inst: Debug> {
    fn all() -> Vec<Self::Inst>;
    fn operands(inst: Self::Inst) -> &'static [OperandSpec];
    fn name(inst: Self::Inst) -> &'static str;
    fn capstone() -> Capstone;
    /// Values of a special operand.
    fn specials(special: u8) -> Vec<i64>;
    /// Whether the disassembler writes this case in its own way, as it does for some idioms, or refuses it as
    /// unpredictable, for the same register twice.
    fn is_exempt(inst: Self::Inst, operands: &[Operand]) -> bool;
}

impl Judged for a64::A64 {
    fn all() -> Vec<a64::Inst> {
        a64::Inst::all().collect()
    }

    fn operands(inst: a64::Inst) -> &'static [OperandSpec] {
        inst.operands()
    }

    fn name(inst: a64::Inst) -> &'static str {
        inst.name()
    }

    fn capstone() -> Capstone {
        Capstone::new().arm64().mode(arch::arm64::ArchMode::Arm).build().expect("Capstone knows aarch64")
    }

    fn specials(special: u8) -> Vec<i64> {
        match Self::SPECIALS[usize::from(special)] {
            "logic32" => {
                vec![1, 2, 0xFF, 0xFF00, 0x8000_0001, 0x5555_5555, 0x7FFF_FFFF, 0xFFFF_FFFE, 0x3333_3333]
            }
            "logic64" => vec![
                1,
                -2,
                0xFF,
                i64::MIN,
                i64::MAX,
                i64::MIN + 1,
                0x5555_5555_5555_5555,
                0x00FF_00FF_00FF_00FF,
                0x0000_0003_0000_0003,
                0x7F80,
            ],
            "cond" => (0..14).collect(),
            "float8" => (0..256).collect(),
            "width" => vec![1, 2, 31, 32, 63],
            "high6" => vec![32, 33, 63],
            "extend" => (0..5).collect(),
            "inverted16" => vec![-1, -2, -0xFFFF, -0x1_0000],
            "right64" => vec![1, 2, 32, 63, 64],
            other => panic!("no values of {other}"),
        }
    }

    fn is_exempt(inst: a64::Inst, operands: &[Operand]) -> bool {
        let zero = operands.contains(&a64::x(31));
        let last = *operands.last().unwrap_or(&Operand::Imm(-1));
        match inst {
            // mov to or from the stack pointer.
            a64::inst::ADD64_RI => last == Operand::Imm(0),
            // cmp, mul, bfc, the return by the link register.
            a64::inst::SUBS64_RRR | a64::inst::SUBS32_RI | a64::inst::MADD64 | a64::inst::BFI64_LOW => zero,
            a64::inst::ORR32_RI => operands[1] == a64::x(31),
            a64::inst::RET => last == a64::x(30),
            // ror, staddl.
            a64::inst::EXTR64 => operands[1] == operands[2],
            a64::inst::LDADDAL32 => zero,
            // The same register twice.
            a64::inst::LDP64 | a64::inst::LDR64_POST => operands[0] == operands[1],
            a64::inst::STP64_PRE => operands[..2].contains(&operands[2]),
            _ => false,
        }
    }
}

impl Judged for s390x::S390x {
    fn all() -> Vec<s390x::Inst> {
        s390x::Inst::all().collect()
    }

    fn operands(inst: s390x::Inst) -> &'static [OperandSpec] {
        inst.operands()
    }

    fn name(inst: s390x::Inst) -> &'static str {
        inst.name()
    }

    fn capstone() -> Capstone {
        let mut capstone =
            Capstone::new().sysz().mode(arch::sysz::ArchMode::Default).build().expect("Capstone knows s390x");
        capstone.set_endian(capstone::Endian::Big).expect("s390x is big-endian");
        capstone
    }

    fn specials(special: u8) -> Vec<i64> {
        match Self::SPECIALS[usize::from(special)] {
            "mask" => (1..15).collect(),
            "length" => vec![1, 2, 128, 255, 256],
            "cmp" => vec![2, 4, 6, 8, 10, 12],
            other => panic!("no values of {other}"),
        }
    }

    fn is_exempt(inst: s390x::Inst, operands: &[Operand]) -> bool {
        // fidbr.
        inst == s390x::inst::FIDBRA && operands[3] == Operand::Imm(0)
    }
}

fn candidates<M: Judged>(spec: &OperandSpec, index: usize, label: Operand) -> (Vec<Operand>, Operand) {
    let immediates = |values: Vec<i64>, scale: u8| {
        let all: Vec<_> = values.into_iter().map(|value| Operand::Imm(value * i64::from(scale))).collect();
        let plain = *all.last().expect("an immediate has values");
        (all, plain)
    };
    match spec.class {
        Class::Reg { bank, view } => {
            let numbers: Vec<u8> = (0..=32).filter(|&number| M::reg_bits(view, number).is_some()).collect();
            let plain = numbers.iter().copied().find(|&number| usize::from(number) > index).unwrap_or(0);
            let all = numbers.iter().map(|&number| Operand::Reg(Reg { bank, number })).collect();
            (all, Operand::Reg(Reg { bank, number: plain }))
        }
        Class::Unsigned { bits, scale } => {
            let most = (1 << bits) - 1;
            immediates(vec![0, 1, most - 1, most, 1 << (bits - 1), 3], scale)
        }
        Class::Signed { bits, scale } => {
            let most = (1 << (bits - 1)) - 1;
            immediates(vec![0, 1, -1, 9, 10, -10, most, most - 1, -most, -most - 1, 3], scale)
        }
        Class::Branch { .. } => (vec![label], label),
        Class::Special(special) => immediates(M::specials(special), 1),
    }
}

/// Text with all numbers in decimal, without what only decorates.
fn normal(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end.max(c.len_utf8()));
        rest = tail;
        if let Some(hex) = word.strip_prefix("0x") {
            // A negative number may come as an unsigned one of 64 bits.
            result += &(u64::from_str_radix(hex, 16).expect("a hexadecimal number") as i64).to_string();
        } else if !word.contains(['#', ' ', '\t']) {
            result += word;
        } else if !word.contains('#') && !result.ends_with([' ', ',', '(', '[']) {
            result += " ";
        }
    }
    for (from, to) in [(",lsl 0", ""), ("uxtw 0", "uxtw"), (",0]", "]"), ("cs ", "hs "), ("cc ", "lo ")] {
        result = result.replace(from, to);
    }
    result.trim().to_string()
}

fn check_table<M: Judged>(least_rows: usize, least_cases: usize) {
    let capstone = M::capstone();
    let mut faults = Vec::new();
    let (mut rows, mut cases) = (0, 0);
    for inst in M::all() {
        rows += 1;
        let mut asm = Assembler::<M>::new();
        let label = asm.new_label();
        let choices: Vec<_> = M::operands(inst)
            .iter()
            .enumerate()
            .map(|(i, spec)| candidates::<M>(spec, i, Operand::Label(label)))
            .collect();
        let plain: Vec<_> = choices.iter().map(|(_, plain)| *plain).collect();
        let mut all = vec![plain.clone()];
        for (i, (values, _)) in choices.iter().enumerate() {
            for &value in values {
                let mut operands = plain.clone();
                operands[i] = value;
                all.push(operands);
            }
        }
        for operands in all {
            if M::is_exempt(inst, &operands) {
                continue;
            }
            cases += 1;
            asm.buffer_mut().clear();
            let label = asm.new_label();
            asm.emit(inst, &operands).unwrap_or_else(|error| panic!("{error}"));
            let length = asm.bytes().len();
            asm.buffer_mut().align(LABEL_AT, 0);
            asm.bind(label);
            asm.finish_function(1).expect("the label is bound");
            let decoded = capstone.disasm_count(asm.bytes(), 0, 1).expect("Capstone runs");
            let expected =
                normal(&format::<M>(inst, &operands).to_string().replace(".L0", &LABEL_AT.to_string()));
            let text = decoded.first().map(|first| {
                let (mnemonic, operands) = (first.mnemonic().unwrap_or(""), first.op_str().unwrap_or(""));
                normal(&format!("{mnemonic} {operands}"))
            });
            let decoded_length = decoded.first().map(|first| first.bytes().len());
            if text.as_deref() != Some(&expected) || decoded_length != Some(length) {
                let bytes = &asm.bytes()[..length];
                faults.push(format!(
                    "{} {operands:?}: is read as {text:?} and printed as {expected:?}, bytes {bytes:02x?}",
                    M::name(inst)
                ));
            }
        }
    }
    println!("{rows} rows, {cases} cases");
    assert!(rows >= least_rows && cases >= least_cases, "the table was walked");
    let some = faults.iter().take(20).fold(String::new(), |text, fault| text + "\n" + fault);
    assert!(faults.is_empty(), "{} cases are wrong, among them:{some}", faults.len());
}

#[test]
fn aarch64_rows_are_what_they_say() {
    check_table::<a64::A64>(60, 4_000);
}

#[test]
fn s390x_rows_are_what_they_say() {
    check_table::<s390x::S390x>(50, 2_000);
}

#[test]
fn registers_of_the_wrong_file_and_values_out_of_range_are_refused() {
    let mut asm = a64::Assembler::new();
    let wrong: [(a64::Inst, &[Operand], &str); 8] = [
        (a64::inst::ADD64_RRR, &[a64::x(1), a64::x(2)], "ADD64_RRR takes 3 operands, not 2"),
        (a64::inst::ADD64_RRR, &[a64::x(1), a64::x(2), a64::v(3)], "operand 2 of ADD64_RRR"),
        (a64::inst::ADD64_RRR, &[a64::SP, a64::x(2), a64::x(3)], "operand 0 of ADD64_RRR"),
        (a64::inst::ADD64_RI, &[a64::x(31), a64::x(2), Operand::Imm(1)], "operand 0 of ADD64_RI"),
        (a64::inst::ADD64_RI, &[a64::SP, a64::x(2), Operand::Imm(4096)], "operand 2 of ADD64_RI"),
        (a64::inst::LDR64_RI, &[a64::x(1), a64::SP, Operand::Imm(4)], "operand 2 of LDR64_RI"),
        (a64::inst::LDP64, &[a64::x(1), a64::x(2), a64::SP, Operand::Imm(512)], "operand 3 of LDP64"),
        (a64::inst::AND64_RI, &[a64::x(1), a64::x(2), Operand::Imm(5)], "operand 2 of AND64_RI"),
    ];
    for (inst, operands, message) in wrong {
        let error = asm.emit(inst, operands).expect_err(message).to_string();
        assert!(error.starts_with(message), "{error}");
    }
    assert!(asm.bytes().is_empty(), "what is refused leaves no bytes");
    let wrong: [(s390x::Inst, &[Operand]); 3] = [
        (s390x::inst::L, &[s390x::r(1), Operand::Imm(4096), s390x::r(0), s390x::r(2)]),
        (s390x::inst::L, &[s390x::r(1), Operand::Imm(0), s390x::r(0), s390x::r(0)]),
        (s390x::inst::BRC, &[Operand::Imm(15), Operand::Imm(0)]),
    ];
    let mut asm = s390x::Assembler::new();
    for (inst, operands) in wrong {
        assert!(asm.emit(inst, operands).is_err(), "{} {operands:?}", inst.name());
    }
}

/// Of all masks exactly those that the processor can write are written, and as the manual defines them.
#[test]
fn logical_immediates_are_exactly_the_possible_masks() {
    let mut possible = std::collections::BTreeMap::new();
    for size in [2u32, 4, 8, 16, 32, 64] {
        for ones in 1..size {
            for rotation in 0..size {
                let element_mask = u64::MAX >> (64 - size);
                let run = (1u64 << ones) - 1;
                let element = (run >> rotation | run << ((size - rotation) % size)) & element_mask;
                let mut mask = element;
                let mut width = size;
                while width < 64 {
                    mask |= mask << width;
                    width *= 2;
                }
                let n = u64::from(size == 64);
                let imms = u64::from((!(size * 2 - 1) & 0x3F) | (ones - 1)) & 0x3F;
                possible.insert(mask, n << 12 | u64::from(rotation) << 6 | imms);
            }
        }
    }
    assert_eq!(possible.len(), 5334);
    for (&mask, &bits) in &possible {
        assert_eq!(a64::logical_immediate(mask), Some(bits), "{mask:#x}");
        for other in [mask ^ 1, mask ^ 1 << 40, mask.wrapping_add(1), mask ^ 0xA000] {
            assert_eq!(a64::logical_immediate(other), possible.get(&other).copied(), "{other:#x}");
        }
    }
}

#[test]
fn banks_are_told_apart() {
    assert!(matches!(a64::v(3), Operand::Reg(Reg { bank: Bank::Vector, number: 3 })));
    assert!(matches!(s390x::r(3), Operand::Reg(Reg { bank: Bank::General, number: 3 })));
}
