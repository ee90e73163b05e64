//! Printing: a closed pipe ends the program quietly, and every error looks alike.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use windlass::{CompileStopped, DecodeError, DecodeErrorKind, Error, ModuleLimits, ResourceError, Result};

/// The reader of our output has gone: nothing is left to do.
#[derive(Debug)]
pub struct ClosedPipe;

impl Display for ClosedPipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the reader of the output has gone")
    }
}

impl std::error::Error for ClosedPipe {}

/// Prints to the standard output.
pub fn print(text: impl Display) -> Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Error::new(ClosedPipe),
        _ => Error::new(error).context("cannot write to the standard output"),
    })
}

/// Prints an error, its causes on lines of their own, to the standard error.
pub fn error(error: &Error) {
    let mut text = format!("windlass: error: {error}\n");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Later lines of a cause are indented like the first.
        text.push_str(&format!("  {}\n", cause.trim_end().replace('\n', "\n  ")));
    }
    if let Some(advice) = advice(error) {
        text.push_str(&format!("  {advice}\n"));
    }
    complain(&text);
}

/// Which option helps, if one does.
fn advice(error: &Error) -> Option<String> {
    if let Some(CompileStopped::TimedOut(_)) = error.downcast_ref() {
        return Some("`--compile-timeout DURATION` sets the limit".into());
    }
    if let Some(error) = error.downcast_ref() {
        return match error {
            ResourceError::Limit { what: "a memory", .. } => {
                Some("`--max-memory SIZE` sets the limit".into())
            }
            ResourceError::Limit { what: "a table", .. } => {
                Some("`--max-table-elements N` sets the limit".into())
            }
            ResourceError::Count { what: "instance", .. } => {
                Some("`--max-instances N` sets the limit".into())
            }
            _ => None,
        };
    }
    match *error.downcast_ref::<DecodeError>()?.kind() {
        DecodeErrorKind::FeatureDisabled(feature) => {
            Some(format!("`-W {}=on` switches it on", feature.name()))
        }
        DecodeErrorKind::ModuleLimit { limit: "module_bytes", .. } => {
            Some("`--max-module-size SIZE` sets the limit".into())
        }
        DecodeErrorKind::ModuleLimit { limit, value, .. } => {
            let (_, default, _) = ModuleLimits::TABLE.iter().find(|(name, ..)| *name == limit)?;
            (value <= *default as u64).then(|| "without `--strict-limits` it may have so many".into())
        }
        _ => None,
    }
}

/// Writes to the standard error.
pub fn complain(text: &str) {
    // Nobody is left to tell if this fails.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
