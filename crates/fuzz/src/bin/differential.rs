//! Compares two tiers on generated modules for as long as it is told to, and logs what came of it.
//!
//! ```text
//! cargo run --release -p windlass-fuzz --bin differential -- --seconds 3600 --jobs 2 --seed 1
//! ```
//!
//! Cases run in processes of their own, so that one that crashes is a finding and not the end: before each
//! case a process leaves its number and the counts so far in a file. What differs or crashes is written
//! to `--findings`, as a module and as text, under the number of its case; `--case N` runs it again. A
//! case is determined by its number alone.

use clap::{Parser, ValueEnum};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};
use windlass::Strategy;
use windlass_fuzz::Random;
use windlass_fuzz::differential::{Differ, case};
use windlass_fuzz::generator::Subset;

/// Compares two tiers on generated modules.
#[derive(Parser, Clone, Debug)]
struct Args {
    /// How long to run
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Determines the cases
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Processes at the same time
    #[arg(long, default_value_t = 1)]
    jobs: u64,
    /// The first tier
    #[arg(long, value_enum, default_value = "interp")]
    first: Tier,
    /// The second tier
    #[arg(long, value_enum, default_value = "baseline")]
    second: Tier,
    /// Without SIMD
    #[arg(long)]
    scalar: bool,
    /// Without shared memories and atomic accesses
    #[arg(long)]
    no_atomics: bool,
    /// Where findings are written
    #[arg(long, default_value = "findings")]
    findings: PathBuf,
    /// Runs this one case and prints it
    #[arg(long)]
    case: Option<u64>,
    /// What this program starts itself as: cases from this number on, into this file
    #[arg(long, hide = true, num_args = 2)]
    child: Vec<String>,
}

impl Args {
    fn subset(&self) -> Subset {
        Subset { vectors: !self.scalar, atomics: !self.no_atomics }
    }
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Tier {
    Interp,
    Baseline,
    Opt,
}

impl Tier {
    fn strategy(self) -> Strategy {
        match self {
            Tier::Interp => Strategy::Interpreter,
            Tier::Baseline => Strategy::Baseline,
            Tier::Opt => Strategy::Optimizing,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Tier::Interp => "interp",
            Tier::Baseline => "baseline",
            Tier::Opt => "opt",
        }
    }
}

/// Cases of one job: seeds are far apart.
const CASES_A_SEED: u64 = 1 << 32;
/// Time between two lines of the log.
const INTERVAL: Duration = Duration::from_secs(60);
/// Time to make a finding smaller.
const SHRINK: Duration = Duration::from_secs(10);
/// A case that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

macro_rules! counts {
    ($( $name:ident )*) => {
        /// What came of cases and calls, as it is left in the file of a child.
        #[derive(Clone, Copy, Default, Debug)]
        struct Counts { $( $name: u64, )* }

        impl Counts {
            const SIZE: usize = [$( stringify!($name) ),*].len() * 8;

            fn to_bytes(self) -> Vec<u8> {
                [ $( self.$name ),* ].iter().flat_map(|n| n.to_le_bytes()).collect()
            }

            fn from_bytes(bytes: &[u8]) -> Counts {
                let mut numbers = bytes.as_chunks().0.iter().map(|n| u64::from_le_bytes(*n));
                Counts { $( $name: numbers.next().unwrap_or_default(), )* }
            }

            fn add(&mut self, other: Counts) {
                $( self.$name += other.$name; )*
            }
        }
    };
}

counts! {
    executions modules fruitful rejected stillborn returned trapped threw dry exhausted cpu_ms
}

/// The bytes of a case.
fn data(case: u64) -> Vec<u8> {
    let mut random = Random::new(case);
    let len = 300 + random.below(7_000);
    random.bytes(len)
}

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match (args.case, args.child.as_slice()) {
        (Some(number), _) => one(&args, number),
        (None, [first, file]) => child(&args, first.parse().expect("our own number"), Path::new(file)),
        _ => parent(&args),
    };
    match outcome {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::from(2)
        }
    }
}

fn differ(args: &Args) -> windlass::Result<Differ> {
    Differ::new([args.first.strategy(), args.second.strategy()])
}

/// Runs a case and prints it, or in what the tiers differ.
fn one(args: &Args, number: u64) -> windlass::Result<u64> {
    let Some(case) = case(&data(number), args.subset()) else {
        println!("case {number} is no module");
        return Ok(0);
    };
    match differ(args)?.compare(&case) {
        Ok(agreement) => {
            println!("{}\ncase {number}: {agreement:?}", wasmprinter::print_bytes(&case.wasm)?);
            Ok(0)
        }
        Err(finding) => {
            println!("case {number}: {finding}");
            if let Some(smaller) = differ(args)?.shrink(&data(number), args.subset(), SHRINK) {
                println!("smaller: {smaller}");
            }
            Ok(1)
        }
    }
}

/// Runs cases until its time is up or one differs; the last number in the file is then that of the finding.
fn child(args: &Args, first: u64, path: &Path) -> windlass::Result<u64> {
    let differ = differ(args)?;
    let file = File::options().write(true).open(path)?;
    let end = Instant::now() + Duration::from_secs(args.seconds);
    let mut counts = Counts::default();
    for number in first.. {
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        counts.cpu_ms = cpu.tv_sec as u64 * 1000 + cpu.tv_nsec as u64 / 1_000_000;
        let state = [number.to_le_bytes().to_vec(), counts.to_bytes()].concat();
        file.write_all_at(&state, 0)?;
        if Instant::now() >= end {
            break;
        }
        counts.executions += 1;
        match differ.run(&data(number), args.subset()) {
            Ok(agreement) => {
                let tally = agreement.tally;
                counts.modules += tally.modules as u64;
                counts.fruitful += tally.fruitful as u64;
                counts.rejected += tally.rejected as u64;
                counts.stillborn += tally.stillborn as u64;
                counts.returned += tally.returned as u64;
                counts.trapped += tally.trapped as u64;
                counts.threw += tally.threw as u64;
                counts.dry += tally.ran_dry as u64;
                counts.exhausted += u64::from(agreement.exhausted);
            }
            Err(finding) => {
                let smaller = differ.shrink(&data(number), args.subset(), SHRINK);
                let finding = smaller.unwrap_or(finding);
                save(args, number, &finding.wasm, &format!("case {number} {finding}"))?;
                return Ok(1);
            }
        }
    }
    Ok(0)
}

fn save(args: &Args, number: u64, wasm: &[u8], text: &str) -> windlass::Result<()> {
    fs::create_dir_all(&args.findings)?;
    fs::write(args.findings.join(format!("{number}.wasm")), wasm)?;
    fs::write(args.findings.join(format!("{number}.txt")), text)?;
    Ok(())
}

/// A running child.
struct Job {
    child: Child,
    file: PathBuf,
    /// What children before it counted.
    before: Counts,
    /// The case it is at, and since when.
    at: (u64, Instant),
}

impl Job {
    fn start(
        args: &Args,
        first: u64,
        file: PathBuf,
        left: Duration,
        before: Counts,
    ) -> windlass::Result<Job> {
        fs::write(&file, [first.to_le_bytes().to_vec(), Counts::default().to_bytes()].concat())?;
        let child = Command::new(std::env::current_exe()?)
            .args(["--seconds", &left.as_secs().to_string()])
            .args(["--first", args.first.name(), "--second", args.second.name()])
            .args(args.scalar.then_some("--scalar"))
            .args(args.no_atomics.then_some("--no-atomics"))
            .arg("--findings")
            .arg(&args.findings)
            .arg("--child")
            .arg(first.to_string())
            .arg(&file)
            .spawn()?;
        Ok(Job { child, file, before, at: (first, Instant::now()) })
    }

    /// The case that it is at, and what it counted so far.
    fn state(&self) -> windlass::Result<(u64, Counts)> {
        let bytes = fs::read(&self.file)?;
        let number = bytes.first_chunk().map_or(0, |n| u64::from_le_bytes(*n));
        let mut counts = self.before;
        counts.add(Counts::from_bytes(bytes.get(8..8 + Counts::SIZE).unwrap_or_default()));
        Ok((number, counts))
    }
}

/// Starts children, logs, and begins anew behind a finding.
fn parent(args: &Args) -> windlass::Result<u64> {
    let commit = Command::new("git").args(["rev-parse", "HEAD"]).output();
    let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!(
        "commit {}, {} against {}, seed {}, {} processes, {} s",
        commit.unwrap_or_else(|_| "unknown".into()),
        args.first.name(),
        args.second.name(),
        args.seed,
        args.jobs,
        args.seconds
    );
    differ(args)?;
    let folder = std::env::temp_dir().join(format!("windlass-differential-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (start, length) = (Instant::now(), Duration::from_secs(args.seconds));
    let first = |job: u64| (args.seed * 64 + job) * CASES_A_SEED;
    let mut jobs = (0..args.jobs.clamp(1, 64))
        .map(|job| Job::start(args, first(job), folder.join(job.to_string()), length, Counts::default()))
        .collect::<windlass::Result<Vec<_>>>()?;
    let (mut findings, mut done, mut next_line) = (0, Counts::default(), INTERVAL);
    while !jobs.is_empty() {
        std::thread::sleep(Duration::from_millis(200));
        let mut i = 0;
        while i < jobs.len() {
            let job = &mut jobs[i];
            let (number, counts) = job.state()?;
            if number != job.at.0 {
                job.at = (number, Instant::now());
            }
            let hangs = job.at.1.elapsed() > PATIENCE;
            if hangs {
                // Its case is the finding.
                job.child.kill()?;
            }
            let Some(status) = (if hangs { Some(job.child.wait()?) } else { job.child.try_wait()? }) else {
                i += 1;
                continue;
            };
            let (number, counts) = job.state().unwrap_or((number, counts));
            if status.success() {
                done.add(counts);
                jobs.swap_remove(i);
                continue;
            }
            findings += 1;
            report(args, number, status, hangs)?;
            let left = length.saturating_sub(start.elapsed());
            let file = job.file.clone();
            jobs[i] = Job::start(args, number + 1, file, left, counts)?;
            i += 1;
        }
        if start.elapsed() >= next_line {
            next_line += INTERVAL;
            let mut all = done;
            for job in &jobs {
                all.add(job.state()?.1);
            }
            log(start.elapsed(), all, findings);
        }
    }
    log(start.elapsed(), done, findings);
    // Only what the children left there.
    let _ = fs::remove_dir_all(&folder);
    Ok(findings)
}

fn report(args: &Args, number: u64, status: ExitStatus, hangs: bool) -> windlass::Result<()> {
    let what = match (hangs, status.code()) {
        (true, _) => format!("does not end within {} s", PATIENCE.as_secs()),
        (false, Some(1)) => "differs".to_owned(),
        _ => format!("crashes: {status}"),
    };
    println!("FINDING: case {number} {what}; {}", args.findings.join(format!("{number}.wasm")).display());
    if what != "differs" {
        let wasm = case(&data(number), args.subset()).map(|case| case.wasm).unwrap_or_default();
        let text = wasmprinter::print_bytes(&wasm).unwrap_or_default();
        save(args, number, &wasm, &format!("case {number} {what}\n{text}"))?;
    }
    Ok(())
}

fn log(time: Duration, counts: Counts, findings: u64) {
    let Counts { executions, modules, fruitful, rejected, stillborn, .. } = counts;
    let Counts { returned, trapped, threw, dry, exhausted, cpu_ms, .. } = counts;
    println!(
        "{:6} s, {:.1} s of CPU: {executions} executions, {modules} modules run ({fruitful} return from a call), \
         {rejected} rejected, {stillborn} stillborn; calls: {returned} returned, {trapped} trapped, {threw} threw, \
         {dry} ran dry; {exhausted} exhausted a stack; {findings} differences",
        time.as_secs(),
        cpu_ms as f64 / 1e3,
    );
}
