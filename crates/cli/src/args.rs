//! The command line: every command, option and help text.

use crate::color::Color;
use crate::features::FeatureSwitch;
use crate::units::{Bytes, Time};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Runs, checks and shows WebAssembly modules.
#[derive(Parser, Debug)]
#[command(
    name = "windlass",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  windlass run hello.wasm                       Run a WASI program
  windlass run --dir data::/data app.wasm -v    ... with a directory and an argument
  windlass run --invoke add math.wat 1 2        Call one function
  windlass compile app.wasm -o app.cwasm        Compile ahead of time
  windlass wast tests/                          Run test scripts

`windlass COMMAND --help` has more. A module may be binary or text wherever one is accepted; `-` is
the standard input."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    Run(Box<Run>),
    Compile(Compile),
    Wast(Wast),
    Validate(Validate),
    Objdump(Objdump),
    Completions(Completions),
}

/// Run a WASI program, or call a function of a module.
///
/// A program (a module that exports `_start`) is run to its end. With --invoke, the named function is
/// called instead and its results are printed; a module that exports `_initialize` is initialized first.
///
/// Exit codes: the program's own; 134 after a trap; 2 for a wrong command line; 1 for any other failure.
#[derive(Args, Debug)]
#[command(
    override_usage = "windlass run [OPTIONS] <FILE> [ARGS]...",
    after_help = "\
Examples:
  windlass run program.wasm --flag file      Arguments after the file go to the program
  windlass run --dir . --env HOME=/ app.wasm Give it the current directory and a variable
  windlass run --dir /srv/data::/data app.wasm
  windlass run --invoke fib fib.wat 30       Call a function with typed arguments
  windlass run --invoke dot simd.wat 'f32x4 1 2 3 nan' null
  windlass run --fuel 1000000 --timeout 10s --max-memory 64MiB untrusted.wasm
  windlass run --strict-limits --compile-timeout 1s untrusted.wasm
  windlass run --preload env=helper.wasm app.wasm
  cat program.wasm | windlass run -"
)]
pub struct Run {
    #[command(flatten)]
    pub engine: EngineArgs,

    /// Compile each function when it is first called, not all of them first
    ///
    /// The module is validated at once all the same. Large programs start sooner that use little of themselves.
    #[arg(long)]
    pub lazy: bool,

    /// Tell a profiler the names of compiled functions
    #[arg(long, value_name = "FORM", value_enum)]
    pub profile: Option<Profile>,

    /// If the program traps, write a core dump: frames with their locals, memories, globals
    ///
    /// It is a module in form, which tools can print. Code runs slower, because it keeps its locals in memory.
    #[arg(long, value_name = "FILE")]
    pub coredump_on_trap: Option<PathBuf>,

    /// Give the program a directory, under the same or another name
    #[arg(long = "dir", value_name = "HOST[::GUEST]")]
    pub dirs: Vec<Dir>,

    /// Set an environment variable, or pass on the one that is set here
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub env: Vec<EnvVar>,

    /// The program's own name (its first argument) [default: the file's name]
    #[arg(long, value_name = "NAME")]
    pub argv0: Option<String>,

    /// Call this exported function with the arguments, and print its results
    ///
    /// Integers may be decimal or hexadecimal, of either sign; floats as in the text format (`1.5`,
    /// `0x1p-3`, `inf`, `nan:0x1234`); a vector is one argument (`i32x4 1 2 3 4`, or `0x` and 32
    /// digits); of references only `null` can be passed.
    #[arg(long, value_name = "FUNCTION")]
    pub invoke: Option<String>,

    /// Instantiate a module first, for the program to import under this name; repeatable, in order
    #[arg(long = "preload", value_name = "NAME=FILE")]
    pub preload: Vec<Preload>,

    /// The module, binary or text (`-` is the standard input), and arguments for the program or function
    // One list: everything after the file is the guest's, also what looks like an option.
    #[arg(value_name = "FILE", trailing_var_arg = true, required = true)]
    program: Vec<OsString>,

    // Last, because their headings hold for what follows.
    #[command(flatten)]
    pub limits: LimitArgs,

    #[command(flatten)]
    pub modules: ModuleArgs,
}

impl Run {
    /// The module.
    pub fn file(&self) -> &Path {
        Path::new(&self.program[0])
    }

    /// The arguments for the program or function.
    pub fn args(&self) -> &[OsString] {
        &self.program[1..]
    }
}

/// Compile a module to machine code ahead of time.
///
/// Writes an artifact: an ELF file with the code, initial contents of memories, and what else it takes to load it. Tools
/// such as objdump, perf and gdb can read it; `windlass objdump` shows it beside what it was made of. The file
/// appears when it is complete. The same module and settings give the same bytes.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  windlass compile app.wasm -o app.cwasm
  windlass compile app.wasm -o app.cwasm --stats     What each stage took, on the standard error
  windlass compile -j 1 app.wasm -o - | sha256sum    On one thread, to a pipe")]
pub struct Compile {
    #[command(flatten)]
    pub engine: EngineArgs,

    /// The artifact's file; `-` is the standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// Report what each stage took
    #[arg(long)]
    pub stats: bool,

    /// The module, binary or text; `-` is the standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    // Last, because its heading holds for what follows.
    #[command(flatten)]
    pub modules: ModuleArgs,
}

/// Run test scripts in the official format.
///
/// Directories are searched for `.wast` files. A file under `proposals/NAME/` is run with the features that
/// its proposal expects, every other one with all that are built. Failures are printed with file,
/// line and reason, then a count of each kind of directive. The exit code is 0 if nothing failed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  windlass wast i32.wast                    One script
  windlass wast testsuite/                  All scripts below a directory
  windlass wast --left-out known.txt testsuite/
  windlass wast -W wasm2 old/               With other features than the folders call for")]
pub struct Wast {
    #[command(flatten)]
    pub engine: EngineArgs,

    /// Directives that are known to fail, one `FILE:LINE:COLUMN  REASON` a line
    ///
    /// They are run all the same. One that passes fails the run: its row must go.
    #[arg(long, value_name = "LIST")]
    pub left_out: Option<PathBuf>,

    /// Rewrite the list of --left-out: keep what still fails, add what needs something unbuilt
    #[arg(long, requires = "left_out")]
    pub renew: bool,

    /// Print a line for each file
    #[arg(long, short)]
    pub verbose: bool,

    /// Scripts, and directories of scripts
    #[arg(value_name = "FILES", required = true)]
    pub files: Vec<PathBuf>,
}

/// Check whether modules are valid.
///
/// Prints what is wrong with each module that is not, and where. The exit code is 0 if all are valid.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  windlass validate a.wasm b.wat
  windlass validate -W threads=off a.wasm   Refuse what needs a feature
  windlass validate -W wasm2 a.wasm         Accept an edition of the specification")]
pub struct Validate {
    #[command(flatten)]
    pub features: FeatureArgs,

    /// Modules, binary or text; `-` is the standard input
    #[arg(value_name = "FILES", required = true)]
    pub files: Vec<PathBuf>,

    // Last, because its heading holds for what follows.
    #[command(flatten)]
    pub modules: ModuleArgs,
}

/// Show what is in a module or an artifact.
///
/// Prints the sections: types, imports, functions, tables, memories, globals, exports, segments, custom
/// sections. With --asm, machine code beside the operators that it is made of; with --bytecode, the code
/// that the interpreter runs.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  windlass objdump a.wasm                      The sections
  windlass objdump --asm a.wasm                The machine code of all functions
  windlass objdump --asm --func main a.wasm    ... of one
  windlass objdump --asm --func main a.cwasm   ... of an artifact
  windlass objdump --bytecode --func main a.wasm")]
pub struct Objdump {
    #[command(flatten)]
    pub features: FeatureArgs,

    /// Print machine code
    #[arg(long, visible_alias = "disassemble")]
    pub asm: bool,

    /// Print the interpreter's bytecode
    #[arg(long, conflicts_with = "asm")]
    pub bytecode: bool,

    /// Only this function: its index, export name or name
    #[arg(long, value_name = "FUNCTION")]
    pub func: Option<String>,

    /// What compiles the module for --asm
    #[arg(long, value_name = "TIER", value_enum, default_value_t)]
    pub compiler: Tier,

    /// For --asm: code that charges fuel
    #[arg(long)]
    pub with_fuel: bool,

    /// For --asm: code that can be interrupted
    #[arg(long)]
    pub with_interruption: bool,

    /// For --asm: without addresses and bytes, to compare listings
    #[arg(long)]
    pub plain: bool,

    /// Colours in the output of --asm
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Color,

    /// The module, binary or text, or the artifact; `-` is the standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Print a script that completes `windlass` commands in a shell.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  windlass completions bash > ~/.local/share/bash-completion/completions/windlass
  windlass completions zsh > ~/.zfunc/_windlass
  windlass completions fish > ~/.config/fish/completions/windlass.fish")]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// What executes modules, and which modules it takes.
#[derive(Args, Debug)]
pub struct EngineArgs {
    /// What executes the code
    #[arg(long, value_name = "TIER", value_enum, default_value_t)]
    pub compiler: Tier,

    /// Threads to compile on [default: one for each processor]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,

    #[command(flatten)]
    pub features: FeatureArgs,
}

/// What executes code.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Tier {
    /// The best that is built for this machine.
    #[default]
    Auto,
    /// The portable interpreter.
    Interp,
    /// The single-pass compiler.
    Baseline,
    /// The optimizing compiler.
    Opt,
}

/// How a profiler learns the names of compiled functions.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// /tmp/perf-PID.map, for `perf record` and `perf report`
    Perfmap,
    /// jit-PID.dump in the working directory, for `perf inject --jit`
    Jitdump,
}

/// Which features modules may use.
#[derive(Args, Debug)]
pub struct FeatureArgs {
    /// Switch a WebAssembly feature; `-W help` lists them
    #[arg(short = 'W', long = "wasm", value_name = "FEATURE[=on|off]")]
    pub switches: Vec<FeatureSwitch>,
}

/// How much a program may use.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Stop with a trap after this many units of fuel (about one an operator)
    #[arg(long, value_name = "N")]
    pub fuel: Option<u64>,

    /// Stop with a trap after this time, such as 10s or 500ms
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<Time>,

    /// The most bytes that each memory may have, such as 64MiB
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<Bytes>,

    /// The most elements that each table may have
    #[arg(long, value_name = "N")]
    pub max_table_elements: Option<usize>,

    /// The most instances, those of --preload included
    #[arg(long, value_name = "N")]
    pub max_instances: Option<usize>,

    /// The most bytes of stack that calls may use, such as 1MiB
    #[arg(long, value_name = "SIZE")]
    pub max_stack: Option<Bytes>,
}

/// How much modules may hold, and how long compiling them may take.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits on modules")]
pub struct ModuleArgs {
    /// The most bytes that a module may have, such as 16MiB
    #[arg(long, value_name = "SIZE")]
    pub max_module_size: Option<Bytes>,

    /// Give up compiling a module after this time, such as 10s or 500ms
    #[arg(long, value_name = "DURATION")]
    pub compile_timeout: Option<Time>,

    /// Refuse modules that hold much of anything: for those from strangers
    ///
    /// At most 16 MiB, 20,000 functions of 512 KiB each, 10,000 imports, and so on. Without it, what engines have
    /// agreed on for the web is allowed.
    #[arg(long)]
    pub strict_limits: bool,
}

/// A directory for the guest: `HOST[::GUEST]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dir {
    pub host: PathBuf,
    pub guest: String,
}

impl FromStr for Dir {
    type Err = String;

    fn from_str(text: &str) -> Result<Dir, String> {
        let (host, guest) = text.split_once("::").unwrap_or((text, text));
        if host.is_empty() || guest.is_empty() {
            return Err("a directory is `HOST` or `HOST::GUEST`, and neither is empty".into());
        }
        Ok(Dir { host: host.into(), guest: guest.into() })
    }
}

/// An environment variable: `NAME=VALUE`, or `NAME` for the value it has here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVar {
    pub name: String,
    pub value: Option<String>,
}

impl FromStr for EnvVar {
    type Err = String;

    fn from_str(text: &str) -> Result<EnvVar, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (text, None),
        };
        if name.is_empty() {
            return Err("a variable is `NAME=VALUE`, or `NAME` for the value that it has here".into());
        }
        Ok(EnvVar { name: name.into(), value })
    }
}

/// A module to instantiate first: `NAME=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preload {
    pub name: String,
    pub file: PathBuf,
}

impl FromStr for Preload {
    type Err = String;

    fn from_str(text: &str) -> Result<Preload, String> {
        match text.split_once('=') {
            Some((name, file)) if !file.is_empty() => Ok(Preload { name: name.into(), file: file.into() }),
            _ => Err("a module to preload is `NAME=FILE`".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        let cli = Cli::command();
        for command in std::iter::once(&cli).chain(cli.get_subcommands()) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Examples:\n  windlass "), "{}", command.get_name());
        }
    }

    #[test]
    fn everything_after_the_file_is_the_guests() {
        let cli =
            Cli::try_parse_from(["windlass", "run", "--fuel", "5", "a.wasm", "--fuel", "-", "--"]).unwrap();
        let Command::Run(run) = cli.command else { panic!("it is a run") };
        assert_eq!((run.limits.fuel, run.file()), (Some(5), Path::new("a.wasm")));
        assert_eq!(run.args(), ["--fuel", "-", "--"]);
        assert!(Cli::try_parse_from(["windlass", "run", "--nonsense", "a.wasm"]).is_err());
    }

    #[test]
    fn pairs() {
        let dir = |text: &str| text.parse::<Dir>();
        assert_eq!(dir("/a::/b"), Ok(Dir { host: "/a".into(), guest: "/b".into() }));
        assert_eq!(dir("a:b"), Ok(Dir { host: "a:b".into(), guest: "a:b".into() }));
        assert!(dir("::/b").is_err() && dir("a::").is_err() && dir("").is_err());
        let env = |text: &str| text.parse::<EnvVar>();
        assert_eq!(env("A=b=c"), Ok(EnvVar { name: "A".into(), value: Some("b=c".into()) }));
        assert_eq!(env("A"), Ok(EnvVar { name: "A".into(), value: None }));
        assert!(env("=b").is_err() && env("").is_err());
        let preload = |text: &str| text.parse::<Preload>();
        assert_eq!(preload("=a.wat"), Ok(Preload { name: String::new(), file: "a.wat".into() }));
        assert!(preload("a").is_err() && preload("a=").is_err());
    }
}
