//! Emission for x86-64: files `tests/x64_emit/*.ir`, functions in the text form whose code is placed, and functions by chance.
//!
//! A file may begin with settings: `;! fuel`, `;! checks` (no signals), `;! replaceable`, `;! reload`. Behind each function there are
//! lines `;= ` with what a disassembler that we did not write makes of its bytes, and with what its tables say.
//!
//! `WINDLASS_BLESS=1 cargo test -p windlass-opt --test x64_emit` writes what is emitted, for `git diff`.

#[path = "x64_opcodes/cases.rs"]
#[allow(dead_code)]
mod cases;
mod common;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Formatter, Instruction, IntelFormatter, OpKind};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use windlass_abi::code::{CatchRow, CodeChunk, RelocTarget};
use windlass_ir::text::parse;
use windlass_ir::verify::verify_placed;
use windlass_ir::{Function, Op};
use windlass_opt::machine::allocate::{Mode, Request, Scratch, allocate, checker};
use windlass_opt::machine::code::Code;
use windlass_opt::machine::x64::emit::{self, Emitter};
use windlass_opt::machine::x64::listing::listing;
use windlass_opt::machine::x64::select::{Selector, Settings};
use windlass_opt::machine::x64::target;
use windlass_opt::simplify::Simplifier;

/// What a file says.
#[derive(Clone, Copy)]
struct Mood {
    select: Settings,
    emit: emit::Settings,
}

impl Mood {
    fn of(text: &str) -> Mood {
        let says =
            |word: &str| text.lines().any(|line| line.strip_prefix(";!").is_some_and(|l| l.trim() == word));
        let fuel = says("fuel");
        Mood {
            select: Settings { fuel, reload_context: says("reload") },
            emit: emit::Settings { fuel, signals: !says("checks"), replaceable: says("replaceable") },
        }
    }
}

/// Emits functions.
fn emitted(functions: &[Function], mood: Mood, mode: Mode) -> Result<CodeChunk, String> {
    let machine = target::machine(mood.emit.fuel);
    let mut emitter = Emitter::new(mood.emit);
    let (mut code, mut selector, mut scratch) = (Code::default(), Selector::default(), Scratch::default());
    for (index, function) in functions.iter().enumerate() {
        selector.select(function, mood.select, &mut code).map_err(|e| e.to_string())?;
        let wrong = |why: String| format!("{mode:?}: {why}\n{}", listing(&code));
        let allocation =
            allocate(mode, Request::new(&code, &machine), &mut scratch).map_err(|e| wrong(e.to_string()))?;
        checker::check(&code, &machine, allocation).map_err(|e| wrong(e.to_string()))?;
        let function = emit::Function { index: index as u32, offset: 0, code: &code, allocation };
        emitter.emit(&function).map_err(|e| wrong(e.to_string()))?;
    }
    Ok(emitter.finish())
}

/// The instructions of a function: all up to the first byte that is fill or a constant. Jump tables, which nothing marks, are
/// found by the `lea` of their address.
fn instructions(chunk: &CodeChunk, number: usize) -> Vec<Instruction> {
    let row = &chunk.functions[number];
    let mut end = row.end as usize;
    let text = &chunk.text[..end];
    let mut found = Vec::new();
    let mut decoder = Decoder::with_ip(64, text, 0, DecoderOptions::NONE);
    decoder.set_position(row.start as usize).unwrap();
    decoder.set_ip(row.start.into());
    while decoder.position() < end {
        let inst = decoder.decode();
        // What is behind the code is read relative to it. Slots are no part of the text.
        if inst.is_ip_rel_memory_operand() && inst.flow_control() == FlowControl::Next {
            end = end.min(inst.memory_displacement64() as usize);
        }
        found.push(inst);
    }
    // Fill before what is behind.
    while found
        .last()
        .is_some_and(|inst| matches!(inst.mnemonic(), iced_x86::Mnemonic::Int3 | iced_x86::Mnemonic::Nop))
    {
        found.pop();
    }
    found
}

/// A function and its tables as text.
fn printed(chunk: &CodeChunk, number: usize) -> String {
    let row = &chunk.functions[number];
    let mut out = String::new();
    writeln!(out, "frame {} slots {}", row.frame_size, row.slots).unwrap();
    // What the tables say of each place.
    let mut notes = BTreeMap::<u32, Vec<String>>::new();
    for position in chunk.positions(number) {
        let what = position.trap.map_or_else(|| "returns".to_owned(), |trap| format!("traps {trap:?}"));
        notes.entry(position.at).or_default().push(what);
    }
    for safepoint in &chunk.safepoints[row.safepoints as usize..] {
        let slots = chunk.reference_slots(number, safepoint.at);
        notes.entry(safepoint.at).or_default().push(format!("references in {slots:?}"));
    }
    for handler in &chunk.handlers[row.handlers as usize..] {
        notes.entry(handler.start).or_default().push("tries".to_owned());
        for catch in &chunk.catches[handler.catches as usize..handler.catches_end as usize] {
            let tag = if catch.tag == CatchRow::ANY { "any".to_owned() } else { catch.tag.to_string() };
            let note = format!("catches {tag} in {} reference {}", catch.slot, catch.with_reference);
            notes.entry(catch.target).or_default().push(note);
        }
    }
    for reloc in &chunk.relocs {
        let note = match reloc.target {
            RelocTarget::Entry(own) => format!("to function {own}"),
            RelocTarget::Slot(own) => format!("to slot {own}"),
        };
        notes.entry(reloc.at).or_default().push(note);
    }
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_branch_leading_zeros(false);
    formatter.options_mut().set_space_after_operand_separator(true);
    let mut end = row.start;
    for inst in instructions(chunk, number) {
        let mut text = String::new();
        formatter.format(&inst, &mut text);
        end = inst.next_ip() as u32;
        let said: Vec<String> =
            notes.range(inst.ip() as u32..end).flat_map(|(_, notes)| notes.clone()).collect();
        write!(out, "{:4x}  {text}", inst.ip()).unwrap();
        writeln!(out, "{}{}", if said.is_empty() { "" } else { "    ; " }, said.join(", ")).unwrap();
    }
    // Constants and jump tables.
    for bytes in chunk.text[end as usize..row.end as usize].chunks(16) {
        let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(out, "{end:4x}  {}", bytes.join(" ")).unwrap();
        end += 16;
    }
    out
}

#[test]
fn files_are_as_they_should_be() {
    common::golden::check("x64_emit", &|file, function| {
        let parsed = parse(function).map_err(|e| e.to_string())?;
        verify_placed(&parsed[0]).map_err(|e| e.to_string())?;
        let chunk = emitted(&parsed, Mood::of(file), Mode::Backtracking)?;
        Ok(printed(&chunk, 0))
    });
}

/// Jumps of a function that are long, and of these those that could be short.
#[derive(Default)]
struct Jumps {
    all: usize,
    long: usize,
    needless: usize,
}

/// What holds for every function: each byte is of an instruction, jumps go to instructions of the function, positions are where
/// instructions start.
fn check(chunk: &CodeChunk, number: usize, jumps: &mut Jumps) -> Result<(), String> {
    let row = &chunk.functions[number];
    let insts = instructions(chunk, number);
    let starts: BTreeSet<u64> = insts.iter().map(|inst| inst.ip()).collect();
    for inst in &insts {
        if inst.is_invalid() {
            return Err(format!("no instruction at {:x}", inst.ip()));
        }
        let is_jump =
            matches!(inst.flow_control(), FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch);
        let is_relocated = chunk.relocs.iter().any(|reloc| u64::from(reloc.at) + 4 == inst.next_ip());
        if !is_jump || is_relocated || inst.op0_kind() != OpKind::NearBranch64 {
            continue;
        }
        let to = inst.near_branch_target();
        if !starts.contains(&to) {
            return Err(format!("the jump at {:x} goes to {to:x}, where no instruction is", inst.ip()));
        }
        if to == inst.next_ip() {
            return Err(format!("the jump at {:x} goes to what comes next", inst.ip()));
        }
        jumps.all += 1;
        if inst.len() > 2 {
            jumps.long += 1;
            let distance = to.cast_signed() - inst.next_ip().cast_signed();
            jumps.needless += usize::from((-128..128).contains(&distance));
        }
    }
    let mut last = row.start;
    for position in chunk.positions(number) {
        if position.at < last || !starts.contains(&position.at.into()) {
            return Err(format!("a position at {:x}", position.at));
        }
        last = position.at;
    }
    Ok(())
}

#[test]
fn functions_by_chance() {
    let mut jumps = Jumps::default();
    let moods = ["", ";! checks\n;! reload", ";! fuel\n;! replaceable"].map(Mood::of);
    for seed in 0..40 {
        let functions: Vec<Function> = (0..5)
            .map(|i| {
                let mut function = common::random::function(seed * 5 + i);
                windlass_opt::pipeline::run(&mut function, &mut Simplifier::default());
                function
            })
            .collect();
        let mode = if seed % 2 == 0 { Mode::Backtracking } else { Mode::Fast };
        let chunk = emitted(&functions, moods[seed as usize % moods.len()], mode)
            .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        for number in 0..functions.len() {
            check(&chunk, number, &mut jumps).unwrap_or_else(|e| {
                panic!("seed {seed}, function {number}: {e}\n{}", printed(&chunk, number))
            });
        }
    }
    // Only a head of a loop that is aligned may stand between.
    assert!(jumps.all > 2_000 && jumps.long > 100, "{} {}", jumps.all, jumps.long);
    assert!(jumps.needless * 50 < jumps.all, "{} of {}", jumps.needless, jumps.all);
}

#[test]
fn every_opcode_is_emitted() {
    let moods = ["", ";! checks\n;! reload", ";! fuel\n;! replaceable"].map(Mood::of);
    let mut number = 0;
    for op in Op::ALL.iter().copied().filter(|op| *op != Op::either) {
        for case in cases::cases(op).into_iter().filter(|case| case.lane < 2) {
            number += 1;
            let mode = if number % 2 == 0 { Mode::Backtracking } else { Mode::Fast };
            let chunk = emitted(&[case.function()], moods[number % moods.len()], mode)
                .unwrap_or_else(|e| panic!("{case:?}: {e}"));
            check(&chunk, 0, &mut Jumps::default())
                .unwrap_or_else(|e| panic!("{case:?}: {e}\n{}", printed(&chunk, 0)));
        }
    }
}
