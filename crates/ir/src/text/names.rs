//! What the names of a text stand for: numbers of the text, and the dense ones of the function.

use super::ParseError;
use super::lex::Token;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

/// The names of one kind.
pub(super) struct Names<'t> {
    /// What they name.
    what: &'static str,
    /// By the number in the text: the number in the function, and the line where it is defined.
    numbers: BTreeMap<u32, (u32, u32)>,
    /// Uses of which it has not been seen yet whether they are defined.
    uses: Vec<(Token<'t>, u32)>,
}

impl<'t> Names<'t> {
    pub(super) fn new(what: &'static str) -> Names<'t> {
        Names { what, numbers: BTreeMap::new(), uses: Vec::new() }
    }

    /// Notes that a name stands for `number`.
    pub(super) fn define(&mut self, (token, name): (Token<'t>, u32), number: u32) -> Result<(), ParseError> {
        match self.numbers.insert(name, (number, token.line)) {
            None => Ok(()),
            Some((_, line)) => {
                let what = self.what;
                Err(token.is_not(format!("a new name (line {line} defines this {what})")))
            }
        }
    }

    /// What a name stands for that must be defined by now.
    pub(super) fn get(&self, (token, name): (Token<'t>, u32)) -> Result<u32, ParseError> {
        let number = self.numbers.get(&name).map(|(number, _)| *number);
        number.ok_or_else(|| token.is_not(format!("a {} that is defined", self.what)))
    }

    /// Notes a use of a name that may be defined later.
    pub(super) fn used(&mut self, (token, name): (Token<'t>, u32)) -> u32 {
        self.uses.push((token, name));
        name
    }

    /// Whether each name that was used is defined: the first that is not.
    pub(super) fn check(&self) -> Result<(), ParseError> {
        self.uses.iter().try_for_each(|used| self.get(*used).map(drop))
    }

    /// What a name stands for, after the check.
    pub(super) fn resolve(&self, name: u32) -> u32 {
        self.numbers[&name].0
    }
}
