//! Reading the text of table rows at compile time, and writing numbers as all printers do.

use core::fmt::{self, Formatter};

/// What is left of a row's text.
pub(crate) struct Text<'a> {
    rest: &'a [u8],
}

impl<'a> Text<'a> {
    pub(crate) const fn new(text: &'a str) -> Text<'a> {
        Text { rest: text.as_bytes() }
    }

    /// The text up to the next separator, without spaces around it; nothing at the end of the text.
    pub(crate) const fn next(&mut self, separator: u8) -> Option<&'a [u8]> {
        if self.rest.trim_ascii().is_empty() {
            return None;
        }
        let rest = self.rest.trim_ascii_start();
        let mut end = 0;
        while end < rest.len() && rest[end] != separator {
            end += 1;
        }
        let (token, tail) = rest.split_at(end);
        self.rest = if tail.is_empty() { tail } else { tail.split_at(1).1 };
        Some(token.trim_ascii())
    }

    pub(crate) const fn of(bytes: &'a [u8]) -> Text<'a> {
        Text { rest: bytes }
    }
}

/// Whether the token is this word.
pub(crate) const fn is(token: &[u8], word: &str) -> bool {
    let word = word.as_bytes();
    if token.len() != word.len() {
        return false;
    }
    let mut i = 0;
    while i < word.len() {
        if token[i] != word[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// The position of the token in a list of words.
pub(crate) const fn position(token: &[u8], words: &[&str]) -> Option<usize> {
    let mut i = 0;
    while i < words.len() {
        if is(token, words[i]) {
            return Some(i);
        }
        i += 1;
    }
    None
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The byte that two upper-case hexadecimal digits at the start of the token mean.
pub(crate) const fn hex_byte(token: &[u8]) -> Option<u8> {
    if token.len() < 2 {
        return None;
    }
    match (hex_digit(token[0]), hex_digit(token[1])) {
        (Some(high), Some(low)) => Some(high << 4 | low),
        _ => None,
    }
}

/// A decimal number; 0 for an empty token.
pub(crate) const fn decimal(token: &[u8]) -> u16 {
    let mut value = 0;
    let mut i = 0;
    while i < token.len() {
        assert!(token[i].is_ascii_digit(), "a number is expected");
        value = value * 10 + (token[i] - b'0') as u16;
        i += 1;
    }
    value
}

/// A signed number: 0 to 9 as digits, others in hexadecimal.
pub(crate) fn write_number(f: &mut Formatter<'_>, value: i64) -> fmt::Result {
    let sign = if value < 0 { "-" } else { "" };
    match value.unsigned_abs() {
        small @ 0..=9 => write!(f, "{sign}{small}"),
        large => write!(f, "{sign}{large:#x}"),
    }
}
