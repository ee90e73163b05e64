//! The list of directives that are left out: data, one row per directive, with a reason each.
//!
//! ```text
//! # Comments and empty lines are skipped.
//! array.wast:40:2  gc objects
//! proposals/gc/i31.wast:7:2  gc objects
//! ```
//!
//! A listed directive is run like every other one. If it fails, it counts as left out; if it
//! passes, that is a failure of the run, so the list can only shrink by itself. So is a row where
//! no directive begins. There is no way to list a whole file.

use crate::report::{FileReport, Outcome, Place};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// The directives that are left out, by file and place, with reasons.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LeftOut {
    rows: BTreeMap<String, BTreeMap<Place, String>>,
}

/// A row that is no row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListError {
    /// The line of the list, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; a row is `FILE:LINE:COLUMN  REASON`", self.line, self.reason)
    }
}

impl std::error::Error for ListError {}

impl LeftOut {
    /// Reads a list.
    pub fn parse(text: &str) -> Result<LeftOut, ListError> {
        let mut list = LeftOut::default();
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fail = |reason: &str| ListError { line: i + 1, reason: reason.to_string() };
            let (at, reason) = line.split_once(char::is_whitespace).ok_or(fail("no reason is given"))?;
            let mut parts = at.rsplitn(3, ':');
            let mut number = || parts.next().and_then(|n| n.parse().ok()).ok_or(fail("no place is given"));
            let (column, line) = (number()?, number()?);
            let file = parts.next().filter(|file| !file.is_empty()).ok_or(fail("no file is given"))?;
            if !list.insert(file, Place { line, column }, reason.trim()) {
                return Err(fail("the directive is listed twice"));
            }
        }
        Ok(list)
    }

    /// How many directives are listed.
    pub fn len(&self) -> usize {
        self.rows.values().map(BTreeMap::len).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row. Returns false if the directive is listed already.
    fn insert(&mut self, file: &str, place: Place, reason: &str) -> bool {
        self.rows.entry(file.to_string()).or_default().insert(place, reason.to_string()).is_none()
    }

    /// Settles a file's report: listed failures become left out, listed passes become failures,
    /// and rows that match nothing are noted.
    pub fn apply(&self, report: &mut FileReport) {
        let Some(rows) = self.rows.get(&report.name) else { return };
        for directive in &mut report.directives {
            let Some(reason) = rows.get(&directive.place) else { continue };
            directive.outcome = match directive.outcome {
                Outcome::Passed => Outcome::SurprisePass(reason.clone()),
                _ => Outcome::LeftOut(reason.clone()),
            };
        }
        let begins = |place: &Place| report.directives.iter().any(|d| d.place == *place);
        report.stale = rows.keys().filter(|place| !begins(place)).copied().collect();
    }

    /// The list that would make these reports, already settled by `self`, succeed, for a person to
    /// review: rows that still hold, and the directives that failed only because something is not
    /// built. Every other failure stays one.
    pub fn renewed<'r>(&self, reports: impl IntoIterator<Item = &'r FileReport>) -> LeftOut {
        let mut list = LeftOut::default();
        for report in reports {
            for directive in &report.directives {
                let reason = match &directive.outcome {
                    Outcome::LeftOut(reason) => Some(reason),
                    Outcome::Failed(failure) => failure.unbuilt.as_ref(),
                    Outcome::Passed | Outcome::SurprisePass(_) => None,
                };
                if let Some(reason) = reason {
                    list.insert(&report.name, directive.place, reason);
                }
            }
        }
        list
    }

    /// How many directives are listed for each reason.
    pub fn by_reason(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for reason in self.rows.values().flat_map(BTreeMap::values) {
            *counts.entry(reason.as_str()).or_insert(0) += 1;
        }
        counts
    }
}

impl fmt::Display for LeftOut {
    /// As [`LeftOut::parse`] reads it, sorted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (file, rows) in &self.rows {
            for (place, reason) in rows {
                writeln!(text, "{file}:{place}  {reason}")?;
            }
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Directive, Failure, Kind};

    const LIST: &str = "# why\n\na.wast:2:2  gc objects\na.wast:3:2 superseded: see b\n";

    fn report() -> FileReport {
        let directive =
            |line, outcome| Directive { place: Place { line, column: 2 }, kind: Kind::AssertReturn, outcome };
        let unbuilt = Failure { reason: "refused".into(), unbuilt: Some("gc objects".into()) };
        FileReport {
            name: "a.wast".into(),
            directives: vec![
                directive(1, Outcome::Passed),
                directive(2, Outcome::Failed(unbuilt.clone())),
                directive(4, Outcome::Failed(unbuilt)),
                directive(5, Outcome::Failed(Failure::new("wrong"))),
            ],
            stale: vec![],
        }
    }

    #[test]
    fn lists_read_back() {
        let list = LeftOut::parse(LIST).unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(list.to_string(), "a.wast:2:2  gc objects\na.wast:3:2  superseded: see b\n");
        assert_eq!(LeftOut::parse(&list.to_string()).unwrap(), list);
        assert_eq!(list.by_reason()["gc objects"], 1);
    }

    #[test]
    fn bad_rows_say_why() {
        for (text, line, reason) in [
            ("a.wast:1:2", 1, "no reason"),
            ("\na.wast  gc", 2, "no place"),
            ("a.wast:1  gc", 1, "no place"),
            (":1:2  gc", 1, "no file"),
            ("a.wast:1:2 x\na.wast:1:2 y", 2, "twice"),
        ] {
            let error = LeftOut::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn settling_a_report() {
        let mut settled = report();
        LeftOut::parse("a.wast:1:2 no\na.wast:2:2 gc\na.wast:9:9 gone").unwrap().apply(&mut settled);
        assert_eq!(settled.directives[0].outcome, Outcome::SurprisePass("no".into()));
        assert_eq!(settled.directives[1].outcome, Outcome::LeftOut("gc".into()));
        assert_eq!(settled.stale, [Place { line: 9, column: 9 }]);
        let mut other = FileReport { name: "proposals/a.wast".into(), ..report() };
        LeftOut::parse(LIST).unwrap().apply(&mut other);
        assert!(other.stale.is_empty(), "names are compared whole");
    }

    #[test]
    fn renewing_lists_only_what_is_unbuilt() {
        let list = LeftOut::parse(LIST).unwrap();
        let mut settled = report();
        list.apply(&mut settled);
        let renewed = list.renewed([&settled]);
        assert_eq!(renewed.to_string(), "a.wast:2:2  gc objects\na.wast:4:2  gc objects\n");
    }
}
