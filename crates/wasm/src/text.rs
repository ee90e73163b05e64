//! Text is accepted wherever a binary is.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt;
use wast::parser::{self, ParseBuffer};

/// Why a text is no module, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextError {
    /// What is wrong.
    pub message: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1, in bytes.
    pub column: usize,
    /// The text of the line.
    pub source: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at line {}, column {})", self.message, self.line, self.column)?;
        match self.source.trim() {
            "" => Ok(()),
            source => write!(f, ": {source}"),
        }
    }
}

impl core::error::Error for TextError {}

/// The binary form of a module in either form.
///
/// What begins with a zero byte, is empty or is no UTF-8 is no text, and given back as it is: decoding
/// tells what is wrong with it, if anything.
pub fn parse(bytes: &[u8]) -> Result<Cow<'_, [u8]>, TextError> {
    if matches!(bytes.first(), None | Some(0)) {
        return Ok(Cow::Borrowed(bytes));
    }
    let Ok(text) = core::str::from_utf8(bytes) else {
        return Ok(Cow::Borrowed(bytes));
    };
    let located = |error: wast::Error| {
        let (line, column) = error.span().linecol_in(text);
        TextError {
            message: error.message(),
            line: line + 1,
            column: column + 1,
            source: shorten(text.lines().nth(line).unwrap_or_default()),
        }
    };
    let buffer = ParseBuffer::new(text).map_err(located)?;
    let mut module = parser::parse::<wast::Wat<'_>>(&buffer).map_err(located)?;
    module.encode().map(Cow::Owned).map_err(located)
}

/// The beginning of a line that may be long.
fn shorten(line: &str) -> String {
    const LONGEST: usize = 100;
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => alloc::format!("{}…", &line[..end]),
        None => line.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_binary_and_binary_stays() {
        let binary = parse(b"(module (memory 1))").unwrap();
        assert!(binary.starts_with(b"\0asm\x01\0\0\0"));
        assert_eq!(parse(&binary).unwrap(), Cow::<[u8]>::Borrowed(&binary));
        assert_eq!(parse(b"").unwrap().len(), 0);
        assert_eq!(*parse(b"\xff\xff").unwrap(), *b"\xff\xff");
    }

    #[test]
    fn errors_say_where() {
        let error = parse(b"(module\n  (memmory 1))").unwrap_err();
        assert_eq!((error.line, error.column), (2, 4));
        assert_eq!(error.source, "  (memmory 1))");
        let text = error.to_string();
        assert!(text.starts_with("expected valid module field"), "{text}");
        assert!(text.ends_with("(at line 2, column 4): (memmory 1))"), "{text}");

        let unresolved = parse(b"(module (func\n call $f))").unwrap_err();
        assert_eq!((unresolved.line, unresolved.column), (2, 7));
    }
}
