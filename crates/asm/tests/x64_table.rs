//! Every row of the x86-64 table, with every shape of operands, against the decoder of `iced-x86`: the
//! printed text, the length, what happens to registers, memory and flags, and the feature.

use std::collections::BTreeSet;

use iced_x86::{
    CpuidFeature, Decoder, DecoderOptions, Formatter, Instruction, InstructionInfoFactory, IntelFormatter,
    MemorySizeOptions, OpAccess, Register,
};
use windlass_asm::x64::{
    Assembler, Bank, Feature, Flags, Gpr, Inst, Kind, Mem, Operand, OperandSpec, Place, Role, Scale, Xmm,
    format,
};

/// Where the label of a case is bound, and where `rip`-relative operands and jumps lead.
const LABEL_AT: usize = 64;

fn registers(spec: &OperandSpec) -> Vec<Operand> {
    (0..16).map(|n| register(spec.bank, n)).collect()
}

fn register(bank: Bank, number: u8) -> Operand {
    match bank {
        Bank::Gpr => Gpr::new(number).into(),
        Bank::Xmm => Xmm::new(number).into(),
    }
}

fn memories(asm: &mut Assembler) -> Vec<Operand> {
    let mut all = Vec::new();
    for base in 0..16 {
        for disp in [0, 1, -128, 127, 128, -129, i32::MAX, i32::MIN] {
            all.push(Mem::base(Gpr::new(base), disp));
        }
        for scale in [Scale::One, Scale::Two, Scale::Four, Scale::Eight] {
            let index = Gpr::new(if base == 4 { 12 } else { base });
            all.push(Mem::indexed(Gpr::new(base), index, scale, 0));
            all.push(Mem::indexed(Gpr::R13, index, scale, 0x40));
            all.push(Mem::indexed(Gpr::RDI, index, scale, 0x4000));
            all.push(Mem::index_only(index, scale, -0x12345));
        }
    }
    all.push(Mem::absolute(0x1234));
    let label = asm.new_label();
    all.push(Mem::rip(label));
    all.push(Mem::rip(label).offset(24));
    all.into_iter().map(Operand::from).collect()
}

fn immediates(spec: &OperandSpec) -> Vec<Operand> {
    let bits = u32::from(spec.bits);
    let mut values = vec![0, 1, 2, 7, 31, 127];
    if spec.kind == Kind::Unsigned {
        values.extend([63, 128, 255, (1 << bits) - 1]);
    } else {
        let least = i64::MIN >> (64 - bits);
        values.extend([-1, -2, -127, -128, least, least + 1, !least, !least - 1]);
        if bits > 8 {
            values.extend([128, 255, 256, -129]);
        }
        if bits == 64 {
            values.extend([1 << 32, u32::MAX.into(), i32::MAX.into(), i32::MIN.into()]);
        }
    }
    values.into_iter().map(Operand::Imm).collect()
}

/// Everything that an operand can be, with what it is while other operands vary.
fn candidates(asm: &mut Assembler, spec: &OperandSpec, index: usize) -> (Vec<Operand>, [Operand; 2]) {
    let plain = [index as u8 + 1, index as u8 + 9].map(|n| register(spec.bank, n));
    match (spec.place, spec.kind) {
        (Place::Fixed(number), _) => {
            let only = register(spec.bank, number);
            (vec![only], [only; 2])
        }
        (_, Kind::Reg) => (registers(spec), plain),
        (_, Kind::RegMem) => {
            let mut all = registers(spec);
            all.extend(memories(asm));
            (all, plain)
        }
        (_, Kind::Mem) => {
            let far = Mem::indexed(Gpr::R14, Gpr::R15, Scale::Two, 5);
            (memories(asm), [Mem::base(Gpr::RSI, 0).into(), far.into()])
        }
        (_, Kind::Signed | Kind::Unsigned) => (immediates(spec), [3.into(), 100.into()]),
        (_, Kind::Target) => {
            let label = asm.new_label().into();
            (vec![label], [label; 2])
        }
    }
}

/// One case an operand and value, with the other operands once low and once high registers, and memory.
fn cases(asm: &mut Assembler, inst: Inst) -> Vec<Vec<Operand>> {
    let specs: Vec<_> = inst.written_operands().collect();
    let choices: Vec<_> = specs.iter().enumerate().map(|(i, spec)| candidates(asm, spec, i)).collect();
    let mut all = Vec::new();
    for base in 0..2 {
        let plain: Vec<_> = choices.iter().map(|(_, plain)| plain[base]).collect();
        if choices.is_empty() {
            all.push(plain.clone());
        }
        for (i, (values, _)) in choices.iter().enumerate() {
            for &value in values {
                let mut operands = plain.clone();
                operands[i] = value;
                all.push(operands);
            }
        }
        // A register beside memory that it is not the plain partner of.
        if let Some(rm) = specs.iter().position(|spec| spec.kind == Kind::RegMem) {
            for (i, spec) in specs.iter().enumerate() {
                if i != rm && spec.kind == Kind::Reg && !matches!(spec.place, Place::Fixed(_)) {
                    for reg in registers(spec) {
                        let mut operands = plain.clone();
                        operands[rm] = Mem::indexed(Gpr::R12, Gpr::RBP, Scale::Eight, 8).into();
                        operands[i] = reg;
                        all.push(operands);
                    }
                }
            }
        }
    }
    all
}

fn formatter() -> IntelFormatter {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_memory_size_options(MemorySizeOptions::Always);
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_branch_leading_zeros(false);
    options.set_show_branch_size(false);
    options.set_use_pseudo_ops(false);
    formatter
}

/// Our text, with labels replaced by the place where they are bound, as the decoder sees it.
fn expected_text(inst: Inst, operands: &[Operand]) -> String {
    let text = format(inst, operands).to_string();
    let Some(start) = text.find(".L") else { return text };
    let end = text[start..].find(']').map_or(text.len(), |i| start + i);
    let offset = operands.iter().find_map(|operand| match operand {
        Operand::Mem(mem) if mem.label().is_some() => {
            Some(if text[start..end].contains('+') { 24 } else { 0 })
        }
        _ => None,
    });
    format!("{}{:#x}{}", &text[..start], LABEL_AT + offset.unwrap_or(0), &text[end..])
}

fn full(bank: Bank, number: u8) -> Register {
    match bank {
        Bank::Gpr => Register::RAX + u32::from(number),
        Bank::Xmm => Register::ZMM0 + u32::from(number),
    }
}

/// What is read and what is written: registers by their full names, and memory as no register.
type Effects = (BTreeSet<Register>, BTreeSet<Register>);

fn expected_effects(inst: Inst, operands: &[Operand]) -> Effects {
    let mut effects = Effects::default();
    let mut written = operands.iter();
    for spec in inst.operands() {
        let register = match (spec.place, (!matches!(spec.place, Place::Implicit(_))).then(|| written.next()))
        {
            (Place::Implicit(number), _) => full(spec.bank, number),
            (_, Some(Some(Operand::Reg(reg)))) => full(spec.bank, reg.num()),
            (_, Some(Some(Operand::Mem(mem)))) => {
                effects.0.extend(mem.base_reg().map(|reg| full(Bank::Gpr, reg.num())));
                effects.0.extend(mem.index_reg().map(|reg| full(Bank::Gpr, reg.num())));
                if spec.mem_bits == 0 {
                    continue;
                }
                Register::None
            }
            _ => continue,
        };
        if spec.role != Role::Def {
            effects.0.insert(register);
        }
        if spec.role != Role::Use {
            effects.1.insert(register);
        }
    }
    effects
}

fn decoded_effects(factory: &mut InstructionInfoFactory, inst: Inst, decoded: &Instruction) -> Effects {
    let info = factory.info(decoded);
    let mut effects = Effects::default();
    let mut add = |register: Register, access: OpAccess| {
        use OpAccess::*;
        // What may keep its value is read, for whoever allocates registers.
        if matches!(access, Read | CondRead | ReadWrite | ReadCondWrite | CondWrite) {
            effects.0.insert(register);
        }
        if matches!(access, Write | CondWrite | ReadWrite | ReadCondWrite) {
            effects.1.insert(register);
        }
    };
    for used in info.used_registers() {
        let register = used.register().full_register();
        // Segments are not part of the table.
        if register.is_gpr() || register.is_vector_register() {
            add(register, used.access());
        }
    }
    // Memory is an operand only where it is written out: not of the stack and string instructions.
    if inst.written_operands().any(|spec| spec.mem_bits != 0) {
        for used in info.used_memory() {
            let stack = matches!(used.base(), Register::RSP) && decoded.is_stack_instruction();
            if !stack {
                add(Register::None, used.access());
            }
        }
    }
    effects
}

fn distinct(inst: Inst, operands: &[Operand]) -> bool {
    let mut seen: Vec<_> = inst
        .operands()
        .iter()
        .filter_map(|spec| match spec.place {
            Place::Implicit(number) => Some(full(spec.bank, number)),
            _ => None,
        })
        .collect();
    for (spec, operand) in inst.written_operands().zip(operands) {
        let register = match operand {
            Operand::Reg(reg) => full(spec.bank, reg.num()),
            _ => continue,
        };
        if seen.contains(&register) {
            return false;
        }
        seen.push(register);
    }
    true
}

/// What the decoder says in another way: `vzeroupper` keeps the half of the registers that the table speaks
/// of, and an operand on the stack is not told from the word that is pushed or popped.
fn is_exempt(inst: Inst, operands: &[Operand]) -> bool {
    let stack = matches!(inst.mnemonic(), "push" | "pop" | "call");
    let on_stack = operands
        .iter()
        .any(|operand| matches!(operand, Operand::Mem(mem) if mem.base_reg() == Some(Gpr::RSP)));
    inst.name() == "VZEROUPPER" || stack && on_stack
}

fn feature(decoded: &Instruction) -> Option<Feature> {
    decoded.cpuid_features().iter().find_map(|feature| {
        Some(match feature {
            CpuidFeature::SSE => Feature::Sse,
            CpuidFeature::SSE2 => Feature::Sse2,
            CpuidFeature::SSE3 => Feature::Sse3,
            CpuidFeature::SSSE3 => Feature::Ssse3,
            CpuidFeature::SSE4_1 => Feature::Sse41,
            CpuidFeature::SSE4_2 => Feature::Sse42,
            CpuidFeature::AVX => Feature::Avx,
            CpuidFeature::AVX2 => Feature::Avx2,
            CpuidFeature::FMA => Feature::Fma,
            CpuidFeature::BMI1 => Feature::Bmi1,
            CpuidFeature::BMI2 => Feature::Bmi2,
            CpuidFeature::LZCNT => Feature::Lzcnt,
            CpuidFeature::POPCNT => Feature::Popcnt,
            CpuidFeature::MOVBE => Feature::Movbe,
            CpuidFeature::ADX => Feature::Adx,
            CpuidFeature::CMPXCHG16B => Feature::Cx16,
            CpuidFeature::INTEL8086
            | CpuidFeature::INTEL186
            | CpuidFeature::INTEL286
            | CpuidFeature::INTEL386
            | CpuidFeature::INTEL486
            | CpuidFeature::X64
            | CpuidFeature::CMOV
            | CpuidFeature::TSC
            | CpuidFeature::MULTIBYTENOP
            | CpuidFeature::PAUSE
            | CpuidFeature::CET_IBT => Feature::Base,
            _ => return None,
        })
    })
}

struct Judge {
    asm: Assembler,
    formatter: IntelFormatter,
    factory: InstructionInfoFactory,
    faults: Vec<String>,
    cases: usize,
}

impl Judge {
    fn fault(&mut self, inst: Inst, operands: &[Operand], what: String) {
        let bytes = self.asm.bytes();
        let bytes = &bytes[..bytes.len().min(16)];
        self.faults.push(format!("{} {operands:?}: {what}, bytes {bytes:02x?}", inst.name()));
    }

    fn case(&mut self, inst: Inst, operands: &[Operand], labels: usize) {
        self.cases += 1;
        self.asm.clear();
        let labels: Vec<_> = (0..labels).map(|_| self.asm.new_label()).collect();
        if let Err(error) = self.asm.emit(inst, operands) {
            return self.fault(inst, operands, error.to_string());
        }
        let length = self.asm.offset() as usize;
        self.asm.put(&[0xCC; LABEL_AT][length..]);
        labels.into_iter().for_each(|label| self.asm.bind(label));
        self.asm.finish_function(1).expect("all labels are bound");

        let mut decoder = Decoder::new(64, self.asm.bytes(), DecoderOptions::NONE);
        let decoded = decoder.decode();
        let mut text = String::new();
        let unsigned = inst.written_operands().any(|spec| spec.kind == Kind::Unsigned);
        self.formatter.options_mut().set_signed_immediate_operands(!unsigned);
        self.formatter.format(&decoded, &mut text);
        if decoded.is_string_instruction() {
            text.truncate(inst.mnemonic().len());
        }
        let expected = expected_text(inst, operands);
        if text != expected {
            return self.fault(inst, operands, format!("is read as {text:?} and printed as {expected:?}"));
        }
        if decoded.len() != length {
            return self.fault(inst, operands, format!("{length} bytes are read as {}", decoded.len()));
        }
        if distinct(inst, operands) && !is_exempt(inst, operands) {
            let expected = expected_effects(inst, operands);
            let effects = decoded_effects(&mut self.factory, inst, &decoded);
            if effects != expected {
                self.fault(
                    inst,
                    operands,
                    format!("reads and writes {effects:?}, the table has {expected:?}"),
                );
            }
        }
        // Shifts by nothing keep the flags; the table speaks of the instruction with any count.
        let nothing = matches!(operands.last(), Some(Operand::Imm(count)) if count & 31 == 0);
        let flags = match (decoded.rflags_read() != 0, decoded.rflags_modified() != 0) {
            (false, false) => Flags::Keep,
            (true, false) => Flags::Read,
            (false, true) => Flags::Write,
            (true, true) => Flags::Both,
        };
        if !nothing && flags != inst.flags() {
            self.fault(inst, operands, format!("flags: {flags:?}, the table has {:?}", inst.flags()));
        }
        let needs = feature(&decoded);
        // Some rows are AVX with memory and AVX2 with a register.
        if needs != Some(inst.feature()) && (needs, inst.feature()) != (Some(Feature::Avx), Feature::Avx2) {
            let given = decoded.cpuid_features();
            self.fault(inst, operands, format!("needs {given:?}, the table has {:?}", inst.feature()));
        }
    }
}

#[test]
fn every_row_is_what_it_says() {
    let mut judge = Judge {
        asm: Assembler::new(),
        formatter: formatter(),
        factory: InstructionInfoFactory::new(),
        faults: Vec::new(),
        cases: 0,
    };
    let mut rows = 0;
    for inst in Inst::all() {
        let mut labels = Assembler::new();
        let cases = cases(&mut labels, inst);
        let before = judge.faults.len();
        for operands in &cases {
            judge.case(inst, operands, 2);
        }
        judge.faults.truncate(before + 1);
        rows += 1;
    }
    println!("{rows} rows, {} cases", judge.cases);
    assert!(rows >= 1_200 && judge.cases > 900_000, "the table was walked");
    assert!(judge.faults.is_empty(), "{} rows are wrong:\n{}", judge.faults.len(), judge.faults.join("\n"));
}
