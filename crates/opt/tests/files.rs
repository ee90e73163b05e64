//! Tests of passes that are files: `tests/ir/**/*.ir`, functions in the text form.
//!
//! A file begins with comments: lines `;! PASS`, for the passes that run, and what else there is to say. Behind each function
//! there are lines `;= ` with what it is then. It must do the same as before.
//!
//! `WINDLASS_BLESS=1 cargo test -p windlass-opt --test files` writes what functions are, for `git diff`.

mod common;

use std::path::Path;
use windlass_ir::text::parse;
use windlass_ir::verify::verify;
use windlass_opt::pipeline::PASSES;
use windlass_opt::simplify::Simplifier;

/// What passes make of a function.
fn passed(text: &str, names: &[&str]) -> Result<String, String> {
    let mut function = parse(text).map_err(|e| e.to_string())?.remove(0);
    verify(&function).map_err(|e| e.to_string())?;
    let before = function.clone();
    for name in names {
        let pass = PASSES.iter().find(|pass| pass.name == *name);
        let pass = pass.ok_or_else(|| format!("there is no pass `{name}`"))?;
        (pass.run)(&mut function, &mut Simplifier::default());
        pass.verify(&function)
            .or_else(|_| verify(&function))
            .map_err(|e| format!("{name}: {e}\n{function}"))?;
        if let Some(why) = common::difference(&before, &function, 12) {
            return Err(format!("{name}: {why}\n{function}"));
        }
    }
    Ok(function.to_string())
}

#[test]
fn files_are_as_they_should_be() {
    common::golden::check("ir", &|file, function| {
        let names: Vec<&str> =
            file.lines().filter_map(|line| line.strip_prefix(";!")).map(str::trim).collect();
        if names.is_empty() { Err("it has no directive".to_owned()) } else { passed(function, &names) }
    });
}

#[test]
fn every_pass_has_a_file() {
    let files = common::golden::files("ir");
    for pass in PASSES {
        let directory = Path::new("tests/ir").join(pass.name);
        assert!(files.iter().any(|path| path.parent().unwrap().ends_with(&directory)), "{}", pass.name);
    }
}
