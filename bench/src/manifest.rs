//! Cases: what to run, how, and what is right. `kernels/manifest.toml` explains the fields.

use crate::process::{self, Ended};
use crate::report::Sample;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A case.
pub struct Case {
    pub name: String,
    pub path: PathBuf,
    pub invoke: Option<String>,
    pub n: u64,
    pub host: bool,
    pub reps: Option<usize>,
    pub dirs: Vec<String>,
    pub preload: Option<PathBuf>,
    pub args: Vec<String>,
    folder: PathBuf,
    clock: Clock,
    expect: Option<String>,
    stdout: Option<PathBuf>,
    max_mib: Option<u64>,
}

/// Which clock tells a run's time.
#[derive(Clone, Copy, PartialEq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Clock {
    /// The process's CPU time, that of a run with n = 0 subtracted.
    #[default]
    Cpu,
    /// The process's wall time.
    Wall,
    /// The program's own, in ms.
    Program,
    /// Of the functions `bench.start` and `bench.end`, in ns.
    Bench,
    /// None: not to be run.
    Compile,
}

#[derive(Deserialize)]
struct Manifest {
    case: Vec<Record>,
}

/// A case as it is written. Fields that other tools read are passed over.
#[derive(Deserialize)]
struct Record {
    name: String,
    file: String,
    root: Option<String>,
    invoke: Option<String>,
    #[serde(default)]
    n: u64,
    expect: Option<String>,
    #[serde(default)]
    host: bool,
    max_mib: Option<u64>,
    reps: Option<usize>,
    cwd: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    dirs: Vec<String>,
    preload: Option<String>,
    stdout: Option<String>,
    #[serde(default)]
    time: Clock,
}

/// Reads the cases that are to be run. `data` is what the root "data" means.
pub fn read(manifest: &Path, data: Option<&Path>) -> Result<Vec<Case>> {
    let text =
        std::fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let records: Manifest = toml::from_str(&text).with_context(|| format!("in {}", manifest.display()))?;
    let here = std::path::absolute(manifest)?.parent().context("a file has a folder")?.to_owned();
    let data = data.map(std::path::absolute).transpose()?;
    records
        .case
        .into_iter()
        .filter(|record| record.time != Clock::Compile)
        .filter(|record| record.root.as_deref() != Some("data") || data.is_some())
        .map(|record| {
            let root =
                if record.root.as_deref() == Some("data") { data.as_ref().unwrap_or(&here) } else { &here };
            let folder = record.cwd.map_or(root.clone(), |cwd| root.join(cwd));
            let mut args = record.args;
            if record.invoke.is_some() {
                ensure!(
                    record.n > 0 && args.is_empty(),
                    "{}: what calls a function has n and no args",
                    record.name
                );
                args = vec![record.n.to_string()];
            }
            Ok(Case {
                path: root.join(record.file),
                preload: record.preload.map(|name| here.join(format!("{name}.wat"))),
                stdout: record.stdout.map(|file| folder.join(file)),
                folder,
                args,
                name: record.name,
                invoke: record.invoke,
                n: record.n,
                host: record.host,
                reps: record.reps,
                dirs: record.dirs,
                clock: record.time,
                expect: record.expect,
                max_mib: record.max_mib,
            })
        })
        .collect()
}

impl Case {
    /// Runs the case once and checks what it gives.
    pub fn sample(&self, command: &[String], timeout: Duration) -> Result<Sample> {
        let run = |command: &[&str]| process::run(command, Some(&self.folder), timeout)?.success();
        let mut command: Vec<&str> = command.iter().map(String::as_str).collect();
        let ended = run(&command)?;
        self.check(&ended)?;
        let ns = match self.clock {
            Clock::Cpu if self.invoke.is_some() => {
                *command.last_mut().context("an empty command")? = "0";
                let nothing = run(&command)?;
                ended.cpu.saturating_sub(nothing.cpu).as_nanos() as f64
            }
            Clock::Cpu => ended.cpu.as_nanos() as f64,
            Clock::Wall => ended.wall.as_nanos() as f64,
            Clock::Program => printed(&ended, "TIME_MS")? * 1e6,
            Clock::Bench => printed(&ended, "BENCH_NS")?,
            Clock::Compile => bail!("not to be run"),
        };
        Ok(Sample { ns, peak_kib: ended.peak_kib })
    }

    fn check(&self, ended: &Ended) -> Result<()> {
        if let Some(expect) = &self.expect {
            let said = String::from_utf8_lossy(&ended.stdout);
            ensure!(said.trim() == expect, "wrong: gave {}, expected {expect}", said.trim());
        }
        if let Some(file) = &self.stdout {
            let expect = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            ensure!(ended.stdout == expect, "wrong: the output is not that of {}", file.display());
        }
        if let Some(max) = self.max_mib {
            let took = ended.peak_kib / 1024;
            ensure!(took <= max, "wrong: took {took} MiB, at most {max}");
        }
        Ok(())
    }
}

/// The number that a program printed after this word on standard error.
fn printed(ended: &Ended, word: &str) -> Result<f64> {
    ended
        .stderr
        .lines()
        .find_map(|line| line.trim().strip_prefix(word)?.trim().parse().ok())
        .with_context(|| format!("it printed no {word}"))
}
