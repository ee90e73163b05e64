//! Whether output is coloured.

use clap::ValueEnum;
use std::io::{IsTerminal, stdout};

/// When to use colours.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether what is printed to the standard output is coloured.
    pub fn for_stdout(self) -> bool {
        match self {
            Color::Auto => {
                stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
            Color::Always => true,
            Color::Never => false,
        }
    }
}
