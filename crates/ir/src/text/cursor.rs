//! Reading tokens one by one: what a parser asks for, and the errors if something else is there.

use super::ParseError;
use super::form::nearest;
use super::lex::{Kind, Lexer, Token};
use crate::types::Type;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use windlass_abi::num::V128;

/// A text, and how far it has been read.
pub(super) struct Cursor<'t> {
    lexer: Lexer<'t>,
    /// The next token.
    pub(super) token: Token<'t>,
}

impl Token<'_> {
    /// The error that this token is not what could stand there.
    pub(super) fn is_not(&self, expected: impl Into<String>) -> ParseError {
        let found = match self.kind {
            Kind::Word | Kind::Mark => format!("`{}`", self.text),
            Kind::Line => "the end of the line".to_owned(),
            Kind::End => "the end of the text".to_owned(),
        };
        ParseError { line: self.line, column: self.column, expected: expected.into(), found }
    }

    /// The same, of a name that is none of `names`.
    pub(super) fn is_none_of<N: AsRef<str>>(
        &self,
        what: &str,
        names: impl IntoIterator<Item = N>,
    ) -> ParseError {
        let nearest = nearest(self.text, names).filter(|_| self.kind == Kind::Word);
        match nearest {
            Some(nearest) => self.is_not(format!("{what} (the nearest is `{}`)", nearest.as_ref())),
            None => self.is_not(what),
        }
    }

    /// The number of a name with this prefix: 12 of `v12`.
    pub(super) fn number_of(&self, prefix: &str) -> Option<u32> {
        let digits = self.text.strip_prefix(prefix)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    }

    /// Whether this is a number.
    fn is_number(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Whether nothing more of an instruction can be here.
    fn ends(&self) -> bool {
        matches!(self.kind, Kind::Line | Kind::End)
    }
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Cursor<'t> {
        let mut lexer = Lexer::new(text);
        Cursor { token: lexer.token(), lexer }
    }

    /// The next token, and goes on.
    pub(super) fn advance(&mut self) -> Token<'t> {
        core::mem::replace(&mut self.token, self.lexer.token())
    }

    /// Goes on to the next line that is not empty.
    pub(super) fn skip_lines(&mut self) {
        while self.token.kind == Kind::Line {
            self.advance();
        }
    }

    /// Whether the next token is this; if so goes on.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let is = self.token.text == text;
        if is {
            self.advance();
        }
        is
    }

    /// This must be there.
    pub(super) fn expect(&mut self, text: &str) -> Result<(), ParseError> {
        match self.eat(text) {
            true => Ok(()),
            false => Err(self.token.is_not(format!("`{text}`"))),
        }
    }

    /// A word.
    pub(super) fn word(&mut self, what: &str) -> Result<Token<'t>, ParseError> {
        match self.token.kind {
            Kind::Word => Ok(self.advance()),
            _ => Err(self.token.is_not(what)),
        }
    }

    /// The end of a line.
    pub(super) fn end_of_line(&mut self) -> Result<(), ParseError> {
        if !self.token.ends() {
            return Err(self.token.is_not("the end of the line"));
        }
        self.skip_lines();
        Ok(())
    }

    /// Whether the text or an instruction ends here.
    pub(super) fn at_end(&self) -> bool {
        self.token.ends() || self.token.text == "@"
    }

    /// A number with this prefix: its token and the number.
    pub(super) fn name(&mut self, prefix: &str, what: &str) -> Result<(Token<'t>, u32), ParseError> {
        match self.token.number_of(prefix) {
            Some(number) => Ok((self.advance(), number)),
            None => Err(self.token.is_not(format!("{what} such as `{prefix}0`"))),
        }
    }

    /// A number, decimal or hexadecimal, up to `max`.
    pub(super) fn number(&mut self, max: u64) -> Result<u64, ParseError> {
        let text = self.token.text;
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => text.parse(),
        };
        match number {
            Ok(number) if number <= max && self.token.is_number() => {
                self.advance();
                Ok(number)
            }
            _ => Err(self.token.is_not(format!("a number up to {max:#x}"))),
        }
    }

    /// A number of 32 bits.
    pub(super) fn number32(&mut self) -> Result<u32, ParseError> {
        self.number(u32::MAX.into()).map(|number| number as u32)
    }

    /// A type, also `void`.
    pub(super) fn ty(&mut self) -> Result<Type, ParseError> {
        let all = || Type::VALUES.into_iter().chain([Type::Void]);
        match all().find(|ty| ty.name() == self.token.text) {
            Some(ty) => {
                self.advance();
                Ok(ty)
            }
            None => Err(self.token.is_none_of("a type", all().map(Type::name))),
        }
    }

    /// `(i32, i64)`.
    pub(super) fn types(&mut self) -> Result<Vec<Type>, ParseError> {
        let mut types = Vec::new();
        self.expect("(")?;
        if self.eat(")") {
            return Ok(types);
        }
        loop {
            types.push(self.ty()?);
            if self.eat(")") {
                return Ok(types);
            }
            if !self.eat(",") {
                return Err(self.token.is_not("`,` or `)`"));
            }
        }
    }

    /// Sixteen bytes: `[00 01 …]`.
    pub(super) fn vector(&mut self) -> Result<V128, ParseError> {
        let mut vector = V128::default();
        self.expect("[")?;
        for byte in &mut vector.0 {
            let text = self.token.text;
            *byte = match u8::from_str_radix(text, 16) {
                Ok(byte) if text.len() == 2 => byte,
                _ => return Err(self.token.is_not("a byte, two hexadecimal digits, sixteen in all")),
            };
            self.advance();
        }
        self.expect("]")?;
        Ok(vector)
    }

    /// A constant of a type: its bits.
    pub(super) fn constant(&mut self, ty: Type) -> Result<u64, ParseError> {
        let first = self.token;
        let is_negative = self.eat("-");
        let token = self.token;
        let is_float = matches!(ty, Type::F32 | Type::F64) && !token.text.starts_with("0x");
        if !is_float {
            return self.integer(ty, is_negative);
        }
        let is_float = token.is_number() || token.text == "inf";
        let bits = match ty {
            Type::F32 => token.text.parse().ok().map(|float: f32| {
                let float = if is_negative { -float } else { float };
                (u64::from(float.to_bits()), float.is_infinite())
            }),
            _ => token.text.parse().ok().map(|float: f64| {
                let float = if is_negative { -float } else { float };
                (float.to_bits(), float.is_infinite())
            }),
        };
        match bits.filter(|(_, is_infinite)| is_float && (!is_infinite || token.text == "inf")) {
            Some((bits, _)) => {
                self.advance();
                Ok(bits)
            }
            None => Err(first.is_not(format!("a number of {ty}, `inf`, or bits such as `0x0`"))),
        }
    }

    /// The bits of an integer, or of a float in hexadecimal, behind its sign.
    fn integer(&mut self, ty: Type, is_negative: bool) -> Result<u64, ParseError> {
        let mask = u64::MAX >> (64 - ty.size() * 8);
        match (is_negative, ty) {
            (false, _) => self.number(mask),
            (true, Type::F32 | Type::F64) => Err(self.token.is_not("a decimal number")),
            (true, _) => Ok(self.number(mask / 2 + 1)?.wrapping_neg() & mask),
        }
    }
}
