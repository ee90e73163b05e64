//! Selection for x86-64: files `tests/x64/*.ir`, functions in the text form whose code is placed, and functions by chance.
//!
//! Behind each function there are lines `;= ` with what is selected. It can be allocated, and the checker has nothing to say.
//! A comment `;! reload` says that own functions may come back with another context.
//!
//! `WINDLASS_BLESS=1 cargo test -p windlass-opt --test x64` writes what is selected, for `git diff`.

mod common;

use windlass_ir::Function;
use windlass_ir::text::parse;
use windlass_ir::verify::verify_placed;
use windlass_opt::machine::allocate::{Mode, Request, Scratch, allocate, checker};
use windlass_opt::machine::code::Code;
use windlass_opt::machine::x64::listing::listing;
use windlass_opt::machine::x64::select::{Selector, Settings};
use windlass_opt::machine::x64::target;
use windlass_opt::simplify::Simplifier;

/// Selects a function; it can be allocated.
fn select(function: &Function, settings: Settings, modes: &[Mode]) -> Result<Code, String> {
    let mut code = Code::default();
    Selector::default().select(function, settings, &mut code).map_err(|e| e.to_string())?;
    let machine = target::machine(settings.fuel);
    for mode in modes {
        let mut scratch = Scratch::default();
        let allocation = allocate(*mode, Request::new(&code, &machine), &mut scratch)
            .map_err(|e| format!("{mode:?}: {e}\n{}", listing(&code)))?;
        checker::check(&code, &machine, allocation)
            .map_err(|e| format!("{mode:?}: {e}\n{}", listing(&code)))?;
    }
    Ok(code)
}

fn selected(text: &str, settings: Settings) -> Result<String, String> {
    let function = parse(text).map_err(|e| e.to_string())?.remove(0);
    verify_placed(&function).map_err(|e| e.to_string())?;
    let code = select(&function, settings, &[Mode::Backtracking, Mode::Fast])?;
    Ok(listing(&code).to_string())
}

#[test]
fn files_are_as_they_should_be() {
    common::golden::check("x64", &|file, function| {
        let settings = Settings { reload_context: file.contains(";! reload"), ..Settings::default() };
        selected(function, settings)
    });
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
