//! Selection for x86-64: files `tests/x64/*.ir`, functions in the text form whose code is placed, and functions by chance.
//!
//! Behind each function there are lines `;= ` with what is selected. It can be allocated, and the checker has nothing to say.
//! A comment `;! reload` says that own functions may come back with another context.
//!
//! `WINDLASS_BLESS=1 cargo test -p windlass-opt --test x64` writes what is selected, for `git diff`.

mod common;

use std::path::{Path, PathBuf};
use windlass_ir::Function;
use windlass_ir::text::parse;
use windlass_ir::verify::verify_placed;
use windlass_opt::machine::allocate::{Machine, Mode, Request, Scratch, allocate, checker};
use windlass_opt::machine::code::{Code, PReg, PRegSet};
use windlass_opt::machine::x64::listing::listing;
use windlass_opt::machine::x64::select::{Selector, Settings};
use windlass_opt::machine::x64::{int, vector};
use windlass_opt::simplify::Simplifier;

const INTS: [PReg; 12] =
    [int(0), int(1), int(2), int(6), int(7), int(8), int(9), int(10), int(3), int(12), int(13), int(14)];

const VECTORS: [PReg; 15] = {
    let mut regs = [vector(0); 15];
    let mut number = 0;
    while number < 15 {
        regs[number] = vector(number as u8);
        number += 1;
    }
    regs
};

fn machine() -> Machine {
    Machine {
        allocatable: [&INTS, &VECTORS],
        scratch: [Some(int(11)), Some(vector(15))],
        callee_saved: PRegSet { ints: 1 << 3 | 7 << 12, vectors: 0 },
    }
}

/// Selects a function; it can be allocated.
fn select(function: &Function, settings: Settings, modes: &[Mode]) -> Result<Code, String> {
    let mut code = Code::default();
    Selector::default().select(function, settings, &mut code).map_err(|e| e.to_string())?;
    let machine = machine();
    for mode in modes {
        let mut scratch = Scratch::default();
        let allocation = allocate(*mode, Request::new(&code, &machine), &mut scratch)
            .map_err(|e| format!("{mode:?}: {e}\n{}", listing(&code)))?;
        checker::check(&code, &machine, allocation)
            .map_err(|e| format!("{mode:?}: {e}\n{}", listing(&code)))?;
    }
    Ok(code)
}

/// The file as it should be.
fn expected(text: &str) -> Result<String, String> {
    let settings = Settings { reload_context: text.contains(";! reload"), ..Settings::default() };
    let mut out = String::new();
    let mut function = String::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with(";=")) {
        out += line;
        out += "\n";
        if function.is_empty() && !line.starts_with("function") {
            continue;
        }
        function += line;
        function += "\n";
        if line == "}" {
            let selected =
                selected(&function, settings).map_err(|e| format!("before line {}: {e}", number + 1))?;
            for line in selected.lines() {
                out += format!(";= {line}").trim_end();
                out += "\n";
            }
            function.clear();
        }
    }
    Ok(out)
}

fn selected(text: &str, settings: Settings) -> Result<String, String> {
    let function = parse(text).map_err(|e| e.to_string())?.remove(0);
    verify_placed(&function).map_err(|e| e.to_string())?;
    let code = select(&function, settings, &[Mode::Backtracking, Mode::Fast])?;
    Ok(listing(&code).to_string())
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/x64");
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn files_are_as_they_should_be() {
    let bless = std::env::var_os("WINDLASS_BLESS").is_some();
    let mut complaints = String::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        match expected(&text) {
            Ok(expected) if expected == text => {}
            Ok(expected) if bless => std::fs::write(&path, expected).unwrap(),
            Ok(expected) => {
                let differs = expected.lines().zip(text.lines()).find(|(should, is)| should != is);
                complaints += &format!("{}: should, is: {differs:?}\n", path.display());
            }
            Err(why) => complaints += &format!("{}: {why}\n", path.display()),
        }
    }
    assert!(complaints.is_empty(), "{complaints}\nWINDLASS_BLESS=1 accepts differences");
}

#[test]
fn functions_by_chance_can_be_allocated() {
    let mut insts = 0;
    for seed in 0..200 {
        let mut function = common::random::function(seed);
        windlass_opt::pipeline::run(&mut function, &mut Simplifier::default());
        let mode = if seed % 2 == 0 { Mode::Backtracking } else { Mode::Fast };
        let code = select(&function, Settings::default(), &[mode])
            .unwrap_or_else(|e| panic!("seed {seed}: {e}\n{function}"));
        insts += code.insts.len();
    }
    // They are not so simple that nothing is left of them.
    assert!(insts > 5_000, "{insts}");
}
