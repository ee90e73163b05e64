//! The table of engines.

use crate::in_process::{self, InProcess};
use crate::manifest::Case;
use crate::{path_str, process};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// An engine: a row of the table.
pub struct Engine {
    /// Its name in reports.
    pub name: &'static str,
    /// The engine as a library, if this program is linked with it.
    pub in_process: Option<InProcess>,
    /// Its program.
    pub program: &'static str,
    /// The program's arguments, before those of a case.
    pub arguments: &'static [&'static str],
}

/// The engines. Of those that a run compares, the first is what the others are compared with.
pub const ENGINES: &[Engine] = &[
    Engine {
        name: "windlass",
        in_process: Some(in_process::WINDLASS),
        program: "windlass",
        arguments: &["run"],
    },
    Engine {
        name: "interp",
        in_process: Some(in_process::INTERP),
        program: "windlass",
        arguments: &["run", "--compiler", "interp"],
    },
    Engine {
        name: "baseline",
        in_process: Some(in_process::BASELINE),
        program: "windlass",
        arguments: &["run", "--compiler", "baseline"],
    },
    Engine {
        name: "winch",
        in_process: Some(in_process::WINCH),
        program: "wasmtime",
        arguments: &["run", "-C", "compiler=winch,cache=n"],
    },
    Engine { name: "wasmi", in_process: Some(in_process::WASMI), program: "wasmi", arguments: &["run"] },
    Engine {
        name: "pulley",
        in_process: None,
        program: "wasmtime",
        arguments: &[
            "run",
            "--target",
            "pulley64",
            "-C",
            "cache=n",
            "-W",
            "exceptions=y,function-references=y,memory64=y,multi-memory=y",
        ],
    },
    Engine {
        name: "wasmtime",
        in_process: None,
        program: "wasmtime",
        arguments: &["run", "-C", "cache=n", "-W", "all-proposals=y,shared-memory=y"],
    },
];

/// The engines that a run compares.
#[derive(clap::Args)]
pub struct Chosen {
    /// What of Windlass is measured: windlass (as it comes), interp, baseline
    #[arg(long, default_value = "windlass")]
    tier: String,
    /// The engines to compare it with
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    vs: Vec<String>,
}

impl Chosen {
    /// The engines, those of `--vs` by default these.
    pub fn engines(&self, default: &[&str]) -> Result<Vec<&'static Engine>> {
        let vs: Vec<&str> = match self.vs.is_empty() {
            true => default.to_vec(),
            false => self.vs.iter().map(String::as_str).collect(),
        };
        std::iter::once(self.tier.as_str()).chain(vs).map(by_name).collect()
    }
}

/// An engine of the table.
pub fn by_name(name: &str) -> Result<&'static Engine> {
    ENGINES.iter().find(|engine| engine.name == name).with_context(|| {
        let all: Vec<&str> = ENGINES.iter().map(|engine| engine.name).collect();
        format!("no engine {name}: there are {}", all.join(", "))
    })
}

/// Where programs are.
#[derive(clap::Args)]
pub struct Programs {
    /// The program `windlass`, for what needs a whole program
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/windlass"))]
    windlass: PathBuf,
    /// The folder of the other engines' programs: `wasmtime`, `wasmi`
    #[arg(long, value_name = "FOLDER", env = "WINDLASS_BENCH_PEERS")]
    peers: Option<PathBuf>,
}

impl Programs {
    fn path(&self, name: &str) -> Option<PathBuf> {
        let path = match name {
            "windlass" => self.windlass.clone(),
            _ => self.peers.as_ref()?.join(name),
        };
        path.is_file().then(|| std::path::absolute(path).ok()).flatten()
    }
}

impl Engine {
    /// The command by which the engine runs a case; nothing if it cannot, or is not to be had.
    /// What calls a function runs in this program's own child if it can: it needs no other program.
    pub fn command(&self, case: &Case, programs: &Programs) -> Option<Vec<String>> {
        let mut command = match (&case.invoke, &self.in_process) {
            (Some(_), Some(_)) => vec![process::own_path().ok()?, "child".into(), self.name.into()],
            _ if case.host => return None,
            _ => {
                let mut command = vec![path_str(&programs.path(self.program)?).ok()?];
                command.extend(self.arguments.iter().map(|&argument| argument.to_owned()));
                command
            }
        };
        let path = |path: &Path| path_str(path).ok();
        if let Some(name) = &case.invoke {
            command.extend(["--invoke".into(), name.clone()]);
        }
        for dir in &case.dirs {
            command.extend(["--dir".into(), dir.clone()]);
        }
        if let Some(module) = &case.preload {
            command.extend(["--preload".into(), format!("bench={}", path(module)?)]);
        }
        command.push(path(&case.path)?);
        command.extend(case.args.iter().cloned());
        Some(command)
    }
}
