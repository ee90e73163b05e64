//! Runs a target on pseudo-random cases for as long as it is told to, and logs what came of it.
//!
//! ```text
//! cargo run --release -p windlass-fuzz --bin fuzz -- --target differential --seconds 3600 --jobs 2 --seed 1
//! ```
//!
//! Cases run in processes of their own, so that one that crashes is a finding and not the end: before each
//! case a process leaves its number and the counts so far in a file. What is found is written to `--findings`, as a
//! module (or whatever the case is) and as text, under the number of its case; `--case N` runs it again. A case is determined by
//! its number alone. Now and then a case is repeated, to see whether it leaves anything behind.

use clap::{Parser, ValueEnum};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};
use windlass::Strategy;
use windlass_fuzz::Random;
use windlass_fuzz::footprint::{self, Footprint};
use windlass_fuzz::generator::Subset;
use windlass_fuzz::target::{Finding, Fuzz, Settings, TARGETS, Tally, Target};

#[global_allocator]
static HEAP: footprint::Counting = footprint::Counting;

/// Fuzzes one target.
#[derive(Parser, Clone, Debug)]
struct Args {
    /// What to fuzz
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(TARGETS.iter().map(|target| target.name)))]
    target: String,
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
    /// Runs this one case
    #[arg(long)]
    case: Option<u64>,
    /// Writes the cases to begin with into this folder, for libFuzzer, and runs nothing
    #[arg(long, value_name = "FOLDER")]
    write_seeds: Option<PathBuf>,
    /// What this program starts itself as: cases from this number on, into this file
    #[arg(long, hide = true, num_args = 2)]
    child: Vec<String>,
}

impl Args {
    fn target(&self) -> &'static Target {
        Target::named(&self.target).expect("the name is one of the table")
    }

    fn start(&self) -> windlass::Result<Box<dyn Fuzz>> {
        (self.target().start)(&Settings {
            tiers: [self.first.strategy(), self.second.strategy()],
            subset: Subset { vectors: !self.scalar, atomics: !self.no_atomics },
        })
    }

    /// The bytes of a case.
    fn data(&self, case: u64) -> Vec<u8> {
        (self.target().case)(&mut Random::new(case))
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

/// Cases between two that are repeated.
const REPEATED: u64 = 256;

/// What came of cases, as it is left in the file of a child.
#[derive(Clone, Copy, Default, Debug)]
struct Counts {
    tally: Tally,
    cpu_ms: u64,
    /// Of address space.
    space: u64,
}

impl Counts {
    const SIZE: usize = Tally::SIZE + 16;

    fn to_bytes(self) -> Vec<u8> {
        [self.tally.to_bytes(), self.cpu_ms.to_le_bytes().into(), self.space.to_le_bytes().into()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Counts {
        let (tally, rest) = bytes.split_at_checked(Tally::SIZE).unwrap_or_default();
        let mut numbers = rest.as_chunks().0.iter().map(|n| u64::from_le_bytes(*n));
        let mut next = || numbers.next().unwrap_or_default();
        Counts { tally: Tally::from_bytes(tally), cpu_ms: next(), space: next() }
    }

    fn add(&mut self, other: Counts) {
        self.tally += other.tally;
        self.cpu_ms += other.cpu_ms;
        self.space = self.space.max(other.space);
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match (args.case, args.child.as_slice()) {
        _ if args.write_seeds.is_some() => write_seeds(&args),
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

/// Runs a case; a panic is a finding, too.
fn attempt(fuzz: &dyn Fuzz, data: &[u8]) -> Result<Tally, Box<Finding>> {
    panic::catch_unwind(AssertUnwindSafe(|| fuzz.run(data))).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(Finding::new(format!("panics: {}", text.unwrap_or_default()), data))
    })
}

/// The target, with panics as findings: also while a finding is made smaller.
struct Caught<'a>(&'a dyn Fuzz);

impl Fuzz for Caught<'_> {
    fn run(&self, data: &[u8]) -> Result<Tally, Box<Finding>> {
        attempt(self.0, data)
    }
}

/// Writes the seeds, each under its number.
fn write_seeds(args: &Args) -> windlass::Result<u64> {
    let folder = args.write_seeds.as_deref().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    for (i, seed) in (args.target().seeds)().iter().enumerate() {
        fs::write(folder.join(format!("seed-{i}")), seed)?;
    }
    Ok(0)
}

/// Runs a case and prints it, or what was found.
fn one(args: &Args, number: u64) -> windlass::Result<u64> {
    let (fuzz, data) = (args.start()?, args.data(number));
    match attempt(&*fuzz, &data) {
        Ok(tally) => {
            println!("case {number}, {} bytes: {tally}", data.len());
            Ok(0)
        }
        Err(finding) => {
            println!("case {number}: {finding}");
            if let Some(smaller) = Caught(&*fuzz).shrink(&data, SHRINK) {
                println!("smaller: {smaller}");
            }
            Ok(1)
        }
    }
}

/// Runs cases until its time is up or something is found; the last number in the file is then that of the finding.
fn child(args: &Args, first: u64, path: &Path) -> windlass::Result<u64> {
    let fuzz = args.start()?;
    let file = File::options().write(true).open(path)?;
    let end = Instant::now() + Duration::from_secs(args.seconds);
    let mut counts = Counts::default();
    let seeds = (args.target().seeds)();
    for number in first.. {
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        counts.cpu_ms = cpu.tv_sec as u64 * 1000 + cpu.tv_nsec as u64 / 1_000_000;
        if number % REPEATED == 0 {
            counts.space = Footprint::now().space;
        }
        let state = [number.to_le_bytes().to_vec(), counts.to_bytes()].concat();
        file.write_all_at(&state, 0)?;
        if Instant::now() >= end {
            break;
        }
        // The first cases of a run are those to begin with.
        let seed = seeds.get((number % CASES_A_SEED) as usize);
        let data = seed.cloned().unwrap_or_else(|| args.data(number));
        let mut outcome = attempt(&*fuzz, &data);
        if number % REPEATED == REPEATED - 1 && outcome.is_ok() {
            let growth = footprint::growth(|| {
                drop(attempt(&*fuzz, &data));
                fuzz.settle();
            });
            if let Some(growth) = growth {
                outcome = Err(Finding::new(growth, data.clone()));
            }
        }
        match outcome {
            Ok(tally) => counts.tally += tally,
            Err(finding) => {
                let finding = Caught(&*fuzz).shrink(&data, SHRINK).unwrap_or(finding);
                save(args, number, &finding.case, &format!("{} case {number} {finding}", args.target))?;
                return Ok(1);
            }
        }
    }
    Ok(0)
}

fn save(args: &Args, number: u64, case: &[u8], text: &str) -> windlass::Result<()> {
    fs::create_dir_all(&args.findings)?;
    fs::write(args.findings.join(format!("{number}.case")), case)?;
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
            .args(["--target", &args.target, "--seconds", &left.as_secs().to_string()])
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
    let target = args.target();
    println!(
        "commit {}, {}: {}\n{} and {}, seed {}, {} processes, {} s, corpus of {}, coverage: none (libFuzzer measures it)",
        commit.unwrap_or_else(|_| "unknown".into()),
        target.name,
        target.about,
        args.first.name(),
        args.second.name(),
        args.seed,
        args.jobs,
        args.seconds,
        (target.seeds)().len(),
    );
    args.start()?;
    let folder = std::env::temp_dir().join(format!("windlass-fuzz-{}", std::process::id()));
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
        (false, Some(1)) => "fails".to_owned(),
        _ => format!("crashes: {status}"),
    };
    println!(
        "FINDING: {} case {number} {what}; {}",
        args.target,
        args.findings.join(format!("{number}.txt")).display()
    );
    if what != "fails" {
        save(args, number, &args.data(number), &format!("{} case {number} {what}", args.target))?;
    }
    Ok(())
}

fn log(time: Duration, counts: Counts, findings: u64) {
    println!(
        "{:6} s, {:.1} s of CPU, {} MiB of address space: {}; {findings} findings",
        time.as_secs(),
        counts.cpu_ms as f64 / 1e3,
        counts.space >> 20,
        counts.tally
    );
}
