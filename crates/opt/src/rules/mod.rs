//! The rules of rewriting: one line each in `rules/*.rules`.
//!
//! The build script makes `rewrite` of them; [`parse`] reads them for the tests, which check every rule by itself against the
//! meaning of its operations.

pub mod parse;
#[cfg(test)]
mod tests;

use crate::simplify::{Context, Place};
use parse::mask;
use windlass_ir::{Op, Value};

#[rustfmt::skip]
#[allow(unused, non_snake_case, clippy::all, reason = "made by the build script")]
mod generated {
    use super::{Context, Op, Place, Value, mask};
    include!(concat!(env!("OUT_DIR"), "/rules.rs"));
}
pub(crate) use generated::rewrite;

/// The files of rules: name and text.
pub const FILES: &[(&str, &str)] = &[
    ("conversion.rules", include_str!("../../rules/conversion.rules")),
    ("float.rules", include_str!("../../rules/float.rules")),
    ("integer.rules", include_str!("../../rules/integer.rules")),
    ("vector.rules", include_str!("../../rules/vector.rules")),
];
