//! `windlass wast`: runs test scripts.

use crate::args::Wast;
use crate::{engine, features, output};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use windlass::{Context, Result, ensure};
use windlass_wast::report::{FileReport, Summary};
use windlass_wast::{LeftOut, Runner, suite_name};

/// Runs the command; whether nothing failed.
pub fn main(args: &Wast) -> Result<bool> {
    let list = match &args.left_out {
        Some(path) => read_list(path, args.renew)?,
        None => LeftOut::default(),
    };
    engine::threads(&args.engine)?;
    let tier = args.engine.compiler;
    let mut runner = Runner::new(move |features| engine::bare(tier, features));
    if !args.engine.features.switches.is_empty() {
        runner = runner.with_features(features::apply(&args.engine.features.switches));
    }
    let mut summary = Summary::default();
    let mut reports = Vec::new();
    for (path, name) in scripts(&args.files)? {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let mut report = runner.run(&name, &text);
        list.apply(&mut report);
        show(&report, args.verbose)?;
        summary.add(&report);
        if args.renew {
            reports.push(report);
        }
    }
    output::print(format!("{summary}\n"))?;
    if let (Some(path), true) = (&args.left_out, args.renew) {
        write_list(path, &list.renewed(&reports))?;
    }
    Ok(summary.is_success())
}

/// Prints a file's failures, and, if asked to, that it was run.
fn show(report: &FileReport, verbose: bool) -> Result<()> {
    let failures = report.failures();
    let mut text = String::new();
    if verbose {
        text =
            format!("{}: {} directives, {} failed\n", report.name, report.directives.len(), failures.len());
    }
    for failure in failures {
        text += &failure;
        text.push('\n');
    }
    if text.is_empty() { Ok(()) } else { output::print(text) }
}

/// The scripts to run, with their names within their suite, each once and in order.
fn scripts(paths: &[PathBuf]) -> Result<BTreeSet<(PathBuf, String)>> {
    let mut found = BTreeSet::new();
    for path in paths {
        let kind = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        if kind.is_dir() {
            let before = found.len();
            below(path, path, &mut found)?;
            ensure!(found.len() > before, "there is no .wast file below {}", path.display());
        } else {
            let root = path.parent().unwrap_or(Path::new(""));
            found.insert((path.clone(), suite_name(path, root)));
        }
    }
    Ok(found)
}

/// Adds the scripts below a directory.
fn below(directory: &Path, root: &Path, found: &mut BTreeSet<(PathBuf, String)>) -> Result<()> {
    let cannot = || format!("cannot read {}", directory.display());
    for entry in fs::read_dir(directory).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.is_dir() {
            below(&path, root, found)?;
        } else if path.extension().is_some_and(|extension| extension == "wast") {
            let name = suite_name(&path, root);
            found.insert((path, name));
        }
    }
    Ok(())
}

fn read_list(path: &Path, may_be_missing: bool) -> Result<LeftOut> {
    let text = match fs::read_to_string(path) {
        Err(error) if may_be_missing && error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    LeftOut::parse(&text).with_context(|| format!("{}", path.display()))
}

/// Writes the list, below the comments that the file begins with.
fn write_list(path: &Path, list: &LeftOut) -> Result<()> {
    let old = fs::read_to_string(path).unwrap_or_default();
    let comments = old.lines().take_while(|line| line.is_empty() || line.starts_with('#'));
    let mut text: String = comments.flat_map(|line| [line, "\n"]).collect();
    text += &list.to_string();
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
