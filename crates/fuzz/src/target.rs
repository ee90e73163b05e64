//! What is fuzzed: one table, which the tests, the driver and libFuzzer's targets all go through.

use crate::{
    Random, api_calls, differential, generator::Subset, module_bytes, programs_limited, seeds, wasi_paths,
};
use std::fmt;
use std::ops::AddAssign;
use std::time::{Duration, Instant};
use windlass::{Result, Strategy};

/// A row of the table.
pub struct Target {
    /// Its name: of the module of this crate, of libFuzzer's target, and on the driver's command line.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Makes ready what all its cases use.
    pub start: fn(&Settings) -> Result<Box<dyn Fuzz>>,
    /// The bytes of a pseudo-random case.
    pub case: fn(&mut Random) -> Vec<u8>,
    /// Cases to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($( $name:ident $about:literal case: $case:expr, seeds: $seeds:expr; )*) => {
        /// Every target.
        pub const TARGETS: &[Target] = &[ $( Target {
            name: stringify!($name),
            about: $about,
            start: |settings| Ok(Box::new($name::start(settings)?)),
            case: $case,
            seeds: $seeds,
        } ),* ];
    };
}

targets! {
    module_bytes "Bytes become a module or a typed error that says where, whatever is switched on, in time and memory in proportion."
        case: module_bytes::case, seeds: seeds::modules;
    programs_limited "Generated modules under all limits at once end in ways that are allowed, the same on every tier, and leave nothing behind."
        case: |random| random_bytes(random, 300..7_000), seeds: seeds::none;
    api_calls "Sequences of API calls do what a model of them says, misuse included."
        case: |random| random_bytes(random, 50..1_500), seeds: seeds::none;
    differential "Generated modules do the same on two tiers."
        case: |random| random_bytes(random, 300..7_300), seeds: seeds::none;
    wasi_paths "WASI's path functions do what a model of the file system says, and stay in their directories."
        case: |random| random_bytes(random, 50..1_000), seeds: seeds::none;
}

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> Option<&'static Target> {
        TARGETS.iter().find(|target| target.name == name)
    }
}

/// Bytes without any form, for targets that make something of any bytes.
fn random_bytes(random: &mut Random, len: std::ops::Range<usize>) -> Vec<u8> {
    let len = len.start + random.below(len.end - len.start);
    random.bytes(len)
}

/// What can be chosen for all cases of a run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The tiers that are used, and compared.
    pub tiers: [Strategy; 2],
    /// What generated modules may use.
    pub subset: Subset,
}

impl Default for Settings {
    /// The interpreter and the compiler for this machine; where there is none, the interpreter twice.
    fn default() -> Settings {
        let second = if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            Strategy::Baseline
        } else {
            Strategy::Interpreter
        };
        Settings { tiers: [Strategy::Interpreter, second], subset: Subset::ALL }
    }
}

/// A target that was made ready.
pub trait Fuzz: Send + Sync {
    /// Runs a case.
    ///
    /// # Errors
    /// A finding.
    ///
    /// # Panics
    /// That is a finding, too.
    fn run(&self, data: &[u8]) -> Result<Tally, Box<Finding>>;

    /// Brings what is shared by cases to rest, so that what is left behind by one can be measured.
    fn settle(&self) {}

    /// Looks for a smaller case that is a finding too: leaves out and zeroes parts of the bytes, of which generators make
    /// simpler things.
    fn shrink(&self, data: &[u8], time: Duration) -> Option<Box<Finding>> {
        let end = Instant::now() + time;
        let (mut data, mut best) = (data.to_vec(), self.run(data).err()?);
        let mut chunk = data.len().next_power_of_two() / 2;
        while chunk > 0 {
            let before = data.clone();
            let mut at = 0;
            while at < data.len() {
                if Instant::now() >= end {
                    return Some(best);
                }
                let upto = (at + chunk).min(data.len());
                let without = [&data[..at], &data[upto..]].concat();
                let mut zeroed = data.clone();
                zeroed[at..upto].fill(0);
                let attempts = [without, zeroed].into_iter().filter(|attempt| *attempt != data);
                let found = attempts
                    .filter_map(|attempt| Some((self.run(&attempt).err()?, attempt)))
                    .find(|(finding, attempt)| finding.size() <= best.size() && attempt.len() <= data.len());
                match found {
                    Some((finding, attempt)) => {
                        // What is left out is followed by something else at the same place.
                        at = if attempt.len() == data.len() { upto } else { at };
                        (best, data) = (finding, attempt);
                    }
                    None => at = upto,
                }
            }
            if data == before {
                chunk /= 2;
            }
        }
        Some(best)
    }
}

/// What must not happen, and did.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What.
    pub what: String,
    /// The module, or whatever else the case is.
    pub case: Vec<u8>,
}

impl Finding {
    /// A finding with its case.
    pub fn new(what: impl Into<String>, case: impl Into<Vec<u8>>) -> Box<Finding> {
        Box::new(Finding { what: what.into(), case: case.into() })
    }

    fn size(&self) -> usize {
        self.case.len()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = wasmprinter::print_bytes(&self.case).unwrap_or_default();
        write!(f, "{}\n{text}", self.what)
    }
}

macro_rules! tally {
    ($( $name:ident $doc:literal )*) => {
        /// What became of cases and calls.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Tally { $( #[doc = $doc] pub $name: u64, )* }

        impl Tally {
            /// Length of [`Tally::to_bytes`].
            pub const SIZE: usize = [$( stringify!($name) ),*].len() * 8;

            /// All numbers.
            pub fn to_bytes(self) -> Vec<u8> {
                [ $( self.$name ),* ].iter().flat_map(|n| n.to_le_bytes()).collect()
            }

            /// The reverse of [`Tally::to_bytes`]. What is missing is 0.
            pub fn from_bytes(bytes: &[u8]) -> Tally {
                let mut numbers = bytes.as_chunks().0.iter().map(|n| u64::from_le_bytes(*n));
                Tally { $( $name: numbers.next().unwrap_or_default(), )* }
            }
        }

        impl AddAssign for Tally {
            fn add_assign(&mut self, other: Tally) {
                $( self.$name += other.$name; )*
            }
        }
    };
}

tally! {
    cases "All cases."
    modules "Cases with something that ran: a module that was taken, or a sequence of calls."
    fruitful "Those of them in which a call returned."
    rejected "Cases with too few bytes, or with a module that was refused."
    stillborn "Instantiations that did not return."
    returned "Calls that returned."
    trapped "Calls that trapped."
    threw "Calls that threw."
    ran_dry "Calls that used up their fuel."
    interrupted "Calls that were interrupted."
    refused "Calls that ended with an error which is none of these, e.g. of a limit."
    panicked "Calls that panicked as documented."
    exhausted "Cases that exhausted a stack, after which tiers are not compared."
}

impl Tally {
    /// Of a case that is no module, or is not taken.
    pub fn rejected() -> Tally {
        Tally { cases: 1, rejected: 1, ..Tally::default() }
    }

    /// All calls.
    pub fn calls(&self) -> u64 {
        self.returned
            + self.trapped
            + self.threw
            + self.ran_dry
            + self.interrupted
            + self.refused
            + self.panicked
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { cases, modules, fruitful, rejected, stillborn, .. } = self;
        let Tally { returned, trapped, threw, ran_dry, interrupted, refused, panicked, exhausted, .. } = self;
        write!(
            f,
            "{cases} executions: {modules} ran ({fruitful} return from a call), {rejected} rejected, {stillborn} stillborn; \
             calls: {returned} returned, {trapped} trapped, {threw} threw, {ran_dry} ran dry, {interrupted} interrupted, \
             {refused} refused, {panicked} panicked as documented; {exhausted} exhausted a stack"
        )
    }
}

/// What stands in the file of a target of libFuzzer: `libfuzzer_target!("module_bytes");`
#[macro_export]
macro_rules! libfuzzer_target {
    ($name:literal) => {
        static FUZZ: std::sync::LazyLock<Box<dyn $crate::target::Fuzz>> = std::sync::LazyLock::new(|| {
            let target = $crate::target::Target::named($name).expect("the table has it");
            (target.start)(&Default::default()).expect("both tiers are built for this machine")
        });

        libfuzzer_sys::fuzz_target!(
            init: {
                // After libFuzzer has set its panic hook, which the target may put another one before.
                std::sync::LazyLock::force(&FUZZ);
            },
            |data: &[u8]| {
                if let Err(finding) = FUZZ.run(data) {
                    panic!("{finding}");
                }
            }
        );
    };
}
