//! `windlass compile`: makes an artifact of a module.

use crate::args::Compile;
use crate::input::Input;
use crate::{atomic_file, engine, features, output};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write, stdout};
use std::path::Path;
use std::time::Duration;
use windlass::{Context, Engine, Error, Result, Stage, ensure};

/// Runs the command.
pub fn main(args: &Compile) -> Result<()> {
    let standard = args.output == Path::new("-");
    ensure!(
        !(standard && stdout().is_terminal()),
        "an artifact is binary: `-o FILE` names a file for it, `-o -` is for a pipe"
    );
    let (read, input) = Stage::measure("read", || -> Result<_> {
        let input = Input::read_within(&args.file, args.modules.max_module_size)?;
        let wasm = input.wasm()?.into_owned();
        Ok((input, wasm))
    });
    let (input, wasm) = input?;
    let same =
        |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b);
    ensure!(
        !same(&args.file, &args.output),
        "-o {} would overwrite the module: name another file",
        args.output.display()
    );
    let mut config = engine::config(args.engine.compiler, features::apply(&args.engine.features.switches));
    engine::limit_modules(&mut config, &args.modules);
    let engine = Engine::new(&config)?;
    let threads = args.engine.jobs.map_or(0, |jobs| jobs.get());
    let compiled = engine
        .compile_image(&wasm, threads)
        .with_context(|| format!("cannot compile {}", input.path.display()))?;
    let (join, artifact) = Stage::measure("make artifact", || compiled.to_artifact());
    let (write, written) = Stage::measure("write", || {
        if standard { to_stdout(&artifact) } else { atomic_file::write(&args.output, &artifact) }
    });
    written?;
    if args.stats {
        let stages: Vec<Stage> = [&[read], compiled.stages(), &[join, write]].concat();
        let report = Report {
            stages: &stages,
            module: wasm.len(),
            functions: compiled.functions(),
            text: compiled.text_size(),
            artifact: artifact.len(),
        };
        output::complain(&report.text());
    }
    Ok(())
}

fn to_stdout(bytes: &[u8]) -> Result<()> {
    let mut out = stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Error::new(output::ClosedPipe),
        _ => Error::new(error).context("cannot write to the standard output"),
    })
}

/// What compiling took.
struct Report<'a> {
    stages: &'a [Stage],
    module: usize,
    functions: usize,
    text: usize,
    artifact: usize,
}

impl Report<'_> {
    fn text(&self) -> String {
        let mut text = format!("{:<24}{:>12}{:>12}{:>14}\n", "stage", "wall ms", "cpu ms", "MB/s of cpu");
        let mut row = |name: &str, wall: Duration, cpu: Duration| {
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            let speed = match cpu.as_secs_f64() {
                0.0 => "-".to_owned(),
                seconds => format!("{:.1}", self.module as f64 / 1e6 / seconds),
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name:<24}{:>12.3}{:>12.3}{speed:>14}", ms(wall), ms(cpu));
        };
        self.stages.iter().for_each(|stage| row(stage.name, stage.wall, stage.cpu));
        let sum = |time: fn(&Stage) -> Duration| self.stages.iter().map(time).sum();
        row("all", sum(|stage| stage.wall), sum(|stage| stage.cpu));
        let _ = writeln!(
            text,
            "{} bytes of module, {} functions, {} bytes of machine code, {} bytes of artifact",
            self.module, self.functions, self.text, self.artifact
        );
        text
    }
}
