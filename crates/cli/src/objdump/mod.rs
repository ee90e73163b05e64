//! `windlass objdump`: what is in a module or an artifact.
//!
//! - [`sections`]: the sections of a module;
//! - [`listing`]: machine code, of a module compiled now or of an artifact, beside the operators;
//! - [`artifact`]: what an artifact says of itself;
//! - bytecode comes from the interpreter as text.

mod artifact;
mod listing;
mod operators;
mod sections;

use crate::args::{Objdump, Tier};
use crate::input::Input;
use crate::{engine, features, output};
use listing::{Listing, Style};
use operators::Operators;
use sections::Dump;
use windlass::{Context, Engine, Features, Module, Result, ensure, format_err};
use windlass_abi::artifact::{Artifact, is_artifact};
use windlass_abi::facts::{EntityIndex, ModuleFacts};
use windlass_interp::Code;

/// Runs the command.
pub fn main(args: &Objdump) -> Result<()> {
    let input = Input::read(&args.file)?;
    let in_file = || input.path.display().to_string();
    if is_artifact(input.bytes()) {
        return output::print(compiled(args, &input).with_context(in_file)?);
    }
    let wasm = input.wasm()?;
    let features = features::apply(&args.features.switches);
    let decoded = windlass_wasm::decode(&wasm, &features).with_context(in_file)?;
    let dump = Dump(&decoded);
    let only = chosen(&decoded.facts, args).with_context(in_file)?;
    if args.asm {
        return output::print(machine_code(args, &dump, &wasm, features, only).with_context(in_file)?);
    }
    if args.bytecode {
        return output::print(bytecode(&dump, &wasm, features, only).with_context(in_file)?);
    }
    output::print(match only {
        Some(index) => dump.function(index),
        None => format!("{}: {} bytes\n{dump}", input.path.display(), wasm.len()),
    })
}

/// An artifact's description, or its machine code.
fn compiled(args: &Objdump, input: &Input) -> Result<String> {
    ensure!(!args.bytecode, "an artifact has no bytecode: --bytecode takes a module");
    let artifact = Artifact::parse(input.bytes())?;
    let only = chosen(&artifact.facts, args)?;
    if !args.asm && only.is_none() {
        return Ok(artifact::describe(&artifact, &input.path, input.bytes().len()));
    }
    let image = artifact.code();
    let listing = Listing { image: &image, facts: &artifact.facts, operators: None, style: style(args) };
    list(&artifact.facts, only, |index| {
        Some(sections::function(&artifact.facts, index, None) + &listing.function(index)?)
    })
}

/// The machine code of all functions, or of one, of a module that is compiled for it.
fn machine_code(
    args: &Objdump,
    dump: &Dump<'_>,
    wasm: &[u8],
    features: Features,
    only: Option<u32>,
) -> Result<String> {
    let mut config = engine::config(args.compiler, features);
    config.operator_positions(true);
    config.consume_fuel(args.with_fuel).epoch_interruption(args.with_interruption);
    let compiled = Engine::new(&config)?.compile_image(wasm, 1)?;
    let operators = Operators::new(wasm)?;
    let listing = Listing {
        image: &compiled.code,
        facts: &compiled.facts,
        operators: Some(&operators),
        style: style(args),
    };
    list(dump.facts(), only, |index| Some(dump.function(index) + &listing.function(index)?))
}

/// The interpreter's code of all functions, or of one.
fn bytecode(dump: &Dump<'_>, wasm: &[u8], features: Features, only: Option<u32>) -> Result<String> {
    let module = Module::from_binary(&engine::bare(Tier::Interp, features)?, wasm)?;
    let code = module.code().downcast_ref::<Code>().context("the interpreter made no bytecode")?;
    list(dump.facts(), only, |index| {
        let listing = windlass_interp::Listing::new(code, index)?;
        Some(format!("{}{listing}", dump.function(index)))
    })
}

/// The listings of all of the module's own functions, or of one.
fn list(facts: &ModuleFacts, only: Option<u32>, one: impl Fn(u32) -> Option<String>) -> Result<String> {
    let all = facts.imported.functions..facts.functions.len() as u32;
    let chosen = all.filter(|index| only.is_none_or(|only| only == *index));
    let listings: Vec<String> = chosen.filter_map(one).collect();
    ensure!(only.is_none() || !listings.is_empty(), "the function is imported: it has no code here");
    Ok(listings.join("\n"))
}

fn style(args: &Objdump) -> Style {
    Style { color: args.color.for_stdout(), plain: args.plain }
}

/// The function that `--func` names.
fn chosen(facts: &ModuleFacts, args: &Objdump) -> Result<Option<u32>> {
    args.func.as_ref().map(|name| find_function(facts, name)).transpose()
}

/// The function of an index, an export name or a name.
fn find_function(facts: &ModuleFacts, name: &str) -> Result<u32> {
    if let Ok(index) = name.parse::<u32>() {
        return match facts.functions.get(index as usize) {
            Some(_) => Ok(index),
            None => {
                Err(format_err!("there is no function {index}: the module has {}", facts.functions.len()))
            }
        };
    }
    if let Some(EntityIndex::Function(index)) = facts.export(name) {
        return Ok(index);
    }
    let named = facts.names.functions.iter().find(|(_, n)| n == name.trim_start_matches('$'));
    named.map(|(index, _)| *index).ok_or_else(|| {
        format_err!("no function is exported as or called {name:?}; `windlass objdump FILE` lists them")
    })
}
