//! Printing: a closed pipe ends the program quietly, and every error looks alike.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use windlass::{Error, Result};

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
    complain(&text);
}

/// Writes to the standard error.
pub fn complain(text: &str) {
    // Nobody is left to tell if this fails.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
