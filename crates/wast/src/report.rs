//! What a run of scripts found: one row per directive, counts by kind, and a printed summary.

use std::fmt;

/// Writes the kinds of directives once: name in scripts, and whether it asserts something.
macro_rules! kinds {
    ($( $id:ident $name:literal $assertion:literal; )*) => {
        /// The kind of a directive.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Kind { $( #[doc = concat!("`", $name, "`")] $id, )* }

        impl Kind {
            /// All kinds, in the order of the summary.
            pub const ALL: &'static [Kind] = &[ $( Kind::$id ),* ];

            /// The kind's name in scripts.
            pub const fn name(self) -> &'static str {
                match self { $( Kind::$id => $name, )* }
            }

            /// Whether directives of the kind assert something; the others only prepare it.
            pub const fn is_assertion(self) -> bool {
                match self { $( Kind::$id => $assertion, )* }
            }
        }
    };
}

kinds! {
    Script "script" false;
    Module "module" false;
    Definition "module definition" false;
    Instance "module instance" false;
    Register "register" false;
    Invoke "invoke" false;
    Thread "thread" false;
    Wait "wait" false;
    AssertReturn "assert_return" true;
    AssertTrap "assert_trap" true;
    AssertExhaustion "assert_exhaustion" true;
    AssertException "assert_exception" true;
    AssertSuspension "assert_suspension" true;
    AssertInvalid "assert_invalid" true;
    AssertMalformed "assert_malformed" true;
    AssertInvalidCustom "assert_invalid_custom" true;
    AssertMalformedCustom "assert_malformed_custom" true;
    AssertUnlinkable "assert_unlinkable" true;
}

/// Where a directive begins; both count from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column, in bytes.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a directive failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What was expected and what happened.
    pub reason: String,
    /// What the engine does not have yet, if the directive failed for nothing else: its own module,
    /// or one that it depends on, needs this.
    pub unbuilt: Option<String>,
}

impl Failure {
    /// A failure that is the engine's own.
    pub fn new(reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), unbuilt: None }
    }
}

/// How a directive ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// As the script expects.
    Passed,
    /// Otherwise.
    Failed(Failure),
    /// It failed, and the list of what is left out has it, for this reason.
    LeftOut(String),
    /// It passed though the list has it, for this reason: the row must go.
    SurprisePass(String),
}

/// A directive and how it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directive {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
}

/// What one file came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FileReport {
    /// The file's name within its suite.
    pub name: String,
    /// Every directive that was reached, in the order in which they ended.
    pub directives: Vec<Directive>,
    /// Rows of the list of what is left out that match no directive: they must go.
    pub stale: Vec<Place>,
}

impl FileReport {
    /// One line per failure: `file:line:column: directive: reason`.
    pub fn failures(&self) -> Vec<String> {
        let at = |place: &Place| format!("{}:{place}", self.name);
        let rows = self.directives.iter().filter_map(|d| {
            let why = match &d.outcome {
                Outcome::Passed | Outcome::LeftOut(_) => return None,
                Outcome::Failed(failure) => failure.reason.clone(),
                Outcome::SurprisePass(reason) => {
                    format!("passes, though listed as left out ({reason}): remove its row")
                }
            };
            Some(format!("{}: {}: {why}", at(&d.place), d.kind.name()))
        });
        let stale = self.stale.iter().map(|place| {
            format!("{}: listed as left out, but no directive begins there: remove the row", at(place))
        });
        rows.chain(stale).collect()
    }

    /// Whether nothing failed.
    pub fn is_success(&self) -> bool {
        self.failures().is_empty()
    }
}

/// How many directives ended in each way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Count {
    /// As expected.
    pub passed: usize,
    /// Otherwise, surprise passes included.
    pub failed: usize,
    /// Listed.
    pub left_out: usize,
}

impl Count {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed(_) | Outcome::SurprisePass(_) => self.failed += 1,
            Outcome::LeftOut(_) => self.left_out += 1,
        }
    }

    fn plus(self, other: Count) -> Count {
        Count {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            left_out: self.left_out + other.left_out,
        }
    }
}

/// The counts of a whole run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    files: usize,
    stale: usize,
    counts: [Count; Kind::ALL.len()],
}

impl Summary {
    /// Adds a file.
    pub fn add(&mut self, report: &FileReport) {
        self.files += 1;
        self.stale += report.stale.len();
        for directive in &report.directives {
            self.counts[directive.kind as usize].add(&directive.outcome);
        }
    }

    /// How many files were run.
    pub fn files(&self) -> usize {
        self.files
    }

    /// The counts of one kind.
    pub fn count(&self, kind: Kind) -> Count {
        self.counts[kind as usize]
    }

    /// The counts of all assertions.
    pub fn assertions(&self) -> Count {
        self.sum(Kind::is_assertion)
    }

    /// The counts of all directives that only prepare.
    pub fn preparations(&self) -> Count {
        self.sum(|kind| !kind.is_assertion())
    }

    /// Whether nothing failed.
    pub fn is_success(&self) -> bool {
        self.sum(|_| true).failed == 0 && self.stale == 0
    }

    fn sum(&self, choose: impl Fn(Kind) -> bool) -> Count {
        let chosen = Kind::ALL.iter().filter(|kind| choose(**kind));
        chosen.fold(Count::default(), |sum, kind| sum.plus(self.count(*kind)))
    }
}

impl fmt::Display for Summary {
    /// A line per kind that occurred, and the totals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:24}{:>9}{:>9}{:>10}", "", "passed", "failed", "left out")?;
        let mut row =
            |name: &str, c: Count| writeln!(f, "{name:24}{:>9}{:>9}{:>10}", c.passed, c.failed, c.left_out);
        for kind in Kind::ALL.iter().filter(|kind| self.count(**kind) != Count::default()) {
            row(kind.name(), self.count(*kind))?;
        }
        row("all assertions", self.assertions())?;
        row("all other directives", self.preparations())?;
        if self.stale != 0 {
            writeln!(f, "{} rows of the list of what is left out match no directive", self.stale)?;
        }
        write!(f, "{} file{}", self.files, if self.files == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directive(line: u32, kind: Kind, outcome: Outcome) -> Directive {
        Directive { place: Place { line, column: 2 }, kind, outcome }
    }

    #[test]
    fn counts_and_failures() {
        let report = FileReport {
            name: "a.wast".into(),
            directives: vec![
                directive(1, Kind::Module, Outcome::Passed),
                directive(2, Kind::AssertReturn, Outcome::Passed),
                directive(3, Kind::AssertReturn, Outcome::Failed(Failure::new("got 1"))),
                directive(4, Kind::AssertTrap, Outcome::LeftOut("gc objects".into())),
                directive(5, Kind::AssertTrap, Outcome::SurprisePass("gc objects".into())),
            ],
            stale: vec![Place { line: 9, column: 1 }],
        };
        let failures = report.failures();
        assert_eq!(failures[0], "a.wast:3:2: assert_return: got 1");
        assert!(failures[1].starts_with("a.wast:5:2: assert_trap: passes, though"));
        assert!(failures[2].starts_with("a.wast:9:1: listed as left out, but"));
        let mut summary = Summary::default();
        summary.add(&report);
        assert_eq!(summary.assertions(), Count { passed: 1, failed: 2, left_out: 1 });
        assert_eq!(summary.preparations(), Count { passed: 1, failed: 0, left_out: 0 });
        assert!(!summary.is_success() && !report.is_success());
        let text = summary.to_string();
        assert!(text.contains("all assertions                  1        2         1"), "{text}");
        assert!(text.ends_with("1 file"), "{text}");
    }

    #[test]
    fn a_stale_row_alone_is_no_success() {
        let report = FileReport { stale: vec![Place { line: 1, column: 1 }], ..FileReport::default() };
        let mut summary = Summary::default();
        summary.add(&report);
        assert!(!summary.is_success());
    }
}
