//! Measures Windlass against other engines: how fast modules are compiled, how fast they run, how fast a program starts.
//!
//! Every figure is the median of runs in processes of their own, interleaved over the engines, so that what
//! disturbs the machine disturbs all of them alike. [`engines`] is the table of engines, [`manifest`] the form in
//! which cases are described, [`process`] what is known of a process that ended, [`report`] the figures.
//! The three modes below reduce to [`report::measure`].

mod engines;
mod in_process;
mod manifest;
mod process;
mod report;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use engines::{Chosen, Programs};
use manifest::Case;
use report::{Report, Row, Sample};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Parser)]
#[command(about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    mode: Mode,
}

const EXAMPLES: &str = "\
Examples:
  windlass-bench compile --tier baseline --vs winch big.wasm folder/of/modules
  windlass-bench run --peers ~/.cargo/bin
  windlass-bench run --peers ~/.cargo/bin --manifest corpus/manifest.toml --data corpus --filter '^kernel/'
  windlass-bench start 'windlass=windlass run hello.wasm' 'wasmtime=wasmtime run --allow-precompiled hello.cwasm'";

#[derive(clap::Args)]
struct Common {
    /// Samples for each engine and case
    #[arg(long, default_value_t = 5)]
    reps: usize,
    /// Writes all samples as JSON to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Seconds after which a run is given up
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    timeout: u64,
}

#[derive(Subcommand)]
enum Mode {
    /// CPU time and memory to validate and compile modules, in process, on one thread
    #[command(visible_alias = "translate")]
    Compile {
        /// Modules, or folders that are searched for them
        #[arg(required = true)]
        modules: Vec<PathBuf>,
        #[command(flatten)]
        chosen: Chosen,
        #[command(flatten)]
        common: Common,
    },
    /// Time to run cases of a manifest, by default the kernels of this package
    Run {
        /// The manifest
        #[arg(long, value_name = "FILE")]
        manifest: Option<PathBuf>,
        /// What "data" means in the manifest
        #[arg(long, value_name = "FOLDER")]
        data: Option<PathBuf>,
        /// Only the cases whose names hold this; ^ at its start: whose names start with it
        #[arg(long, default_value = "")]
        filter: String,
        #[command(flatten)]
        chosen: Chosen,
        #[command(flatten)]
        programs: Programs,
        #[command(flatten)]
        common: Common,
    },
    /// Wall time of whole processes
    Start {
        /// What to run: NAME=COMMAND, split at spaces
        #[arg(required = true, value_name = "NAME=COMMAND")]
        commands: Vec<String>,
        #[command(flatten)]
        common: Common,
    },
    /// What this program starts itself as: one sample in a process of its own
    #[command(hide = true)]
    Child {
        engine: String,
        /// The function to call with `n`; without it, the module is only translated
        #[arg(long)]
        invoke: Option<String>,
        file: PathBuf,
        n: Option<i64>,
    },
}

fn main() -> Result<()> {
    match Cli::parse().mode {
        Mode::Compile { modules, chosen, common } => compile(&modules, &chosen, &common),
        Mode::Run { manifest, data, filter, chosen, programs, common } => {
            let manifest = manifest
                .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels/manifest.toml"));
            let cases = manifest::read(&manifest, data.as_deref())?;
            let wanted = |name: &str| match filter.strip_prefix('^') {
                Some(start) => name.starts_with(start),
                None => name.contains(&filter),
            };
            run(cases.into_iter().filter(|case| wanted(&case.name)).collect(), &chosen, &programs, &common)
        }
        Mode::Start { commands, common } => start(&commands, &common),
        Mode::Child { engine, invoke, file, n } => child(&engine, invoke.as_deref(), &file, n),
    }
}

fn finish(report: &Report, common: &Common) -> Result<()> {
    report.print_means();
    if let Some(path) = &common.json {
        std::fs::write(path, serde_json::to_string_pretty(report)? + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if report.wrong > 0 {
        bail!("{} cases are wrong", report.wrong);
    }
    Ok(())
}

fn compile(paths: &[PathBuf], chosen: &Chosen, common: &Common) -> Result<()> {
    let mut files = Vec::new();
    for path in paths {
        modules_below(path, &mut files)?;
    }
    let engines = chosen.engines(&["wasmi"])?;
    if let Some(engine) = engines.iter().find(|engine| engine.in_process.is_none()) {
        bail!("{} is not linked with this program: it cannot compile in process", engine.name);
    }
    let rows = files.iter().map(|file| Row { name: file.display().to_string(), reps: common.reps, per: 1e6 });
    let report = report::measure(
        "ms of CPU",
        &engines.iter().map(|engine| engine.name).collect::<Vec<_>>(),
        rows.collect(),
        |row, engine| {
            let out = process::run(
                &[&process::own_path()?, "child", engines[engine].name, &path_str(&files[row])?],
                None,
                Duration::from_secs(common.timeout),
            )?
            .success()?;
            Ok(serde_json::from_slice(&out.stdout)?)
        },
    )?;
    finish(&report, common)
}

/// Adds the file, or all modules in the folder and below.
fn modules_below(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        entries.push(entry?.path());
    }
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|e| e == "wasm" || e == "wat") {
            modules_below(&entry, found)?;
        }
    }
    Ok(())
}

fn run(cases: Vec<Case>, chosen: &Chosen, programs: &Programs, common: &Common) -> Result<()> {
    let mut engines = chosen.engines(&["wasmi", "pulley", "wasmtime"])?;
    engines.retain(|engine| cases.iter().any(|case| engine.command(case, programs).is_some()));
    let rows = cases.iter().map(|case| Row {
        name: case.name.clone(),
        reps: case.reps.unwrap_or(common.reps),
        per: if case.invoke.is_some() { case.n as f64 } else { 1e6 },
    });
    let report = report::measure(
        if cases.iter().all(|case| case.invoke.is_some()) { "ns an operation" } else { "ms" },
        &engines.iter().map(|engine| engine.name).collect::<Vec<_>>(),
        rows.collect(),
        |row, engine| {
            let command =
                engines[engine].command(&cases[row], programs).context("the engine cannot run it")?;
            cases[row].sample(&command, Duration::from_secs(common.timeout))
        },
    )?;
    finish(&report, common)
}

fn start(commands: &[String], common: &Common) -> Result<()> {
    let split: Vec<(&str, Vec<&str>)> = commands
        .iter()
        .map(|command| {
            let (name, command) = command.split_once('=').context("a command is given as NAME=COMMAND")?;
            Ok((name, command.split_whitespace().collect()))
        })
        .collect::<Result<_>>()?;
    let report = report::measure(
        "ms",
        &split.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        vec![Row { name: "start".into(), reps: common.reps, per: 1e6 }],
        |_, engine| {
            let ended =
                process::run(&split[engine].1, None, Duration::from_secs(common.timeout))?.success()?;
            Ok(Sample { ns: ended.wall.as_nanos() as f64, peak_kib: ended.peak_kib })
        },
    )?;
    finish(&report, common)
}

fn child(engine: &str, invoke: Option<&str>, file: &Path, n: Option<i64>) -> Result<()> {
    let engine = engines::by_name(engine)?.in_process.as_ref().context("no such engine in process")?;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    // Text is no engine's business here.
    let bytes = wat::parse_bytes(&bytes)?;
    match invoke {
        Some(name) => println!("{}", (engine.call)(&bytes, name, n.context("no n")?)?),
        None => {
            let sample = process::own_cpu_and_memory(|| (engine.translate)(&bytes))?;
            println!("{}", serde_json::to_string(&sample)?);
        }
    }
    Ok(())
}

fn path_str(path: &Path) -> Result<String> {
    Ok(path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?.to_owned())
}
