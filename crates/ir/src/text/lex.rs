//! Tokens of a text: words, marks, and ends of lines. Blanks and comments (`;` to the end of the line) are none.

use core::iter::Peekable;
use core::str::CharIndices;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Letters, digits and `_`. If it begins with a digit it is a number, with its point and exponent.
    Word,
    /// Any other character, or `->`.
    Mark,
    /// The end of a line.
    Line,
    /// The end of the text.
    End,
}

/// A token and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    /// What it is.
    pub kind: Kind,
    /// Itself.
    pub text: &'t str,
    /// Its line, from 1.
    pub line: u32,
    /// Its first character in the line, from 1.
    pub column: u32,
}

/// Finds tokens.
#[derive(Clone)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    chars: Peekable<CharIndices<'t>>,
    line: u32,
    column: u32,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, chars: text.char_indices().peekable(), line: 1, column: 1 }
    }

    /// The next token; at the end, `End` again and again.
    pub(super) fn token(&mut self) -> Token<'t> {
        self.skip_while(|c| c.is_ascii_whitespace() && c != '\n');
        if self.peek() == Some(';') {
            self.skip_while(|c| c != '\n');
        }
        let (line, column) = (self.line, self.column);
        let start = self.at();
        let kind = match self.bump() {
            None => Kind::End,
            Some('\n') => {
                self.line += 1;
                self.column = 1;
                Kind::Line
            }
            Some(c) if c.is_ascii_digit() => {
                self.number(start);
                Kind::Word
            }
            Some(c) if is_word(c) => {
                self.skip_while(is_word);
                Kind::Word
            }
            Some('-') if self.peek() == Some('>') => {
                self.bump();
                Kind::Mark
            }
            Some(_) => Kind::Mark,
        };
        Token { kind, text: &self.text[start..self.at()], line, column }
    }

    /// The rest of a number. A sign belongs to it behind the `e` of a decimal one.
    fn number(&mut self, start: usize) {
        loop {
            self.skip_while(|c| is_word(c) || c == '.');
            let number = &self.text[start..self.at()];
            let exponent = number.ends_with(['e', 'E']) && !number.starts_with("0x");
            match self.peek() {
                Some('+' | '-') if exponent => self.bump(),
                _ => return,
            };
        }
    }

    fn at(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    fn bump(&mut self) -> Option<char> {
        let (_, c) = self.chars.next()?;
        self.column += 1;
        Some(c)
    }

    fn skip_while(&mut self, holds: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&holds) {
            self.bump();
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn tokens(text: &str) -> Vec<(&str, u32, u32)> {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        loop {
            let Token { kind, text, line, column } = lexer.token();
            tokens.push((text, line, column));
            if kind == Kind::End {
                return tokens;
            }
        }
    }

    #[test]
    fn tokens_are_where_they_stand() {
        let found = tokens("v1 = op.i32 v2 -> -8 ; no, v3\n\n  é 0x1e+1\n1.5e-7.x");
        let expected = [
            ("v1", 1, 1),
            ("=", 1, 4),
            ("op", 1, 6),
            (".", 1, 8),
            ("i32", 1, 9),
            ("v2", 1, 13),
            ("->", 1, 16),
            ("-", 1, 19),
            ("8", 1, 20),
            ("\n", 1, 30),
            ("\n", 2, 1),
            ("é", 3, 3),
            ("0x1e", 3, 5),
            ("+", 3, 9),
            ("1", 3, 10),
            ("\n", 3, 11),
            ("1.5e-7.x", 4, 1),
            ("", 4, 9),
        ];
        assert_eq!(found, expected);
    }
}
