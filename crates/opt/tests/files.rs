//! Tests of passes that are files: `tests/ir/**/*.ir`, functions in the text form.
//!
//! A file begins with comments: lines `;! PASS`, for the passes that run, and what else there is to say. Behind each function
//! there are lines `;= ` with what it is then. It must do the same as before.
//!
//! `WINDLASS_BLESS=1 cargo test -p windlass-opt --test files` writes what functions are, for `git diff`.

mod common;

use std::path::{Path, PathBuf};
use windlass_ir::text::parse;
use windlass_ir::verify::verify;
use windlass_opt::pipeline::PASSES;
use windlass_opt::simplify::Simplifier;

/// The file as it should be.
fn expected(text: &str) -> Result<String, String> {
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(";!")).map(str::trim).collect();
    if names.is_empty() {
        return Err("it has no directive".to_owned());
    }
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
            let after = passed(&function, &names).map_err(|e| format!("before line {}: {e}", number + 1))?;
            for line in after.lines() {
                out += format!(";= {line}").trim_end();
                out += "\n";
            }
            function.clear();
        }
    }
    Ok(out)
}

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

fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ir")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
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
fn every_pass_has_a_file() {
    let files = files();
    for pass in PASSES {
        let directory = Path::new("tests/ir").join(pass.name);
        assert!(files.iter().any(|path| path.parent().unwrap().ends_with(&directory)), "{}", pass.name);
    }
}
