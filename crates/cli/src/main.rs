//! The command `windlass`: runs, checks and shows WebAssembly modules.
//!
//! ```text
//! arguments ─► args ─► run │ compile │ wast │ validate │ objdump │ completions ─► exit code
//!                       └─ input, engine, features, units, color, output: what they share
//! ```
//!
//! Invariants: every failure is one message on the standard error that begins with `windlass: error:`;
//! a closed standard output ends the program quietly; nothing runs at start-up that the command does not need.

mod args;
mod atomic_file;
mod color;
mod compile;
mod engine;
mod features;
mod input;
mod objdump;
mod output;
mod run;
mod units;
mod validate;
mod wast;

use args::{Cli, Command};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use features::FeatureSwitch;
use std::path::Path;
use std::process::ExitCode;
use windlass::Result;

/// The exit code of a wrong command line.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let result = if cli.command.switches().contains(&FeatureSwitch::Help) {
        output::print(features::list()).map(|()| ExitCode::SUCCESS)
    } else {
        dispatch(&cli.command)
    };
    match result {
        Ok(code) => code,
        Err(error) if error.is::<output::ClosedPipe>() => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &Command) -> Result<ExitCode> {
    let success = |success| if success { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    match command {
        Command::Run(args) => run::main(args),
        Command::Compile(args) => compile::main(args).map(|()| ExitCode::SUCCESS),
        Command::Wast(args) => wast::main(args).map(success),
        Command::Validate(args) => validate::main(args).map(success),
        Command::Objdump(args) => objdump::main(args).map(|()| ExitCode::SUCCESS),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "windlass", &mut script);
            output::print(String::from_utf8_lossy(&script)).map(|()| ExitCode::SUCCESS)
        }
    }
}

impl Command {
    /// The feature switches that were given.
    fn switches(&self) -> &[FeatureSwitch] {
        match self {
            Command::Run(args) => &args.engine.features.switches,
            Command::Compile(args) => &args.engine.features.switches,
            Command::Wast(args) => &args.engine.features.switches,
            Command::Validate(args) => &args.features.switches,
            Command::Objdump(args) => &args.features.switches,
            Command::Completions(_) => &[],
        }
    }
}

/// Prints help, or what is wrong with the command line.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Written by clap itself, which knows whether there is a terminal for its colours.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let args: Vec<String> = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    if error.kind() == ErrorKind::MissingRequiredArgument && asks_for_features(&args) {
        let _ = output::print(features::list());
        return ExitCode::SUCCESS;
    }
    let mut text = format!("windlass: {}", error.render());
    // Someone gave a module and no command.
    let first = args.get(1).map(String::as_str).unwrap_or_default();
    if error.kind() == ErrorKind::InvalidSubcommand && looks_like_a_module(Path::new(first)) {
        text += &format!("\nTo run a module: windlass run {first}\n");
    }
    output::complain(&text);
    ExitCode::from(USAGE)
}

/// Whether `-W help` was given, which needs nothing else.
fn asks_for_features(args: &[String]) -> bool {
    let joined = |arg: &String| arg == "-Whelp" || arg == "--wasm=help";
    args.iter().any(joined)
        || args.windows(2).any(|two| matches!(two[0].as_str(), "-W" | "--wasm") && two[1] == "help")
}

fn looks_like_a_module(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm" || extension == "wat") || path.is_file()
}
