//! Artifacts: a compiled module as a file that system tools can read and a loader can map.
//!
//! ```text
//! facts, data, CodeImage ─► write() ─► ELF file ─► Artifact::parse() ─► header, facts, tables, text, data
//! ```
//!
//! An artifact is a 64-bit little-endian ELF shared object. Addresses are offsets in the file, so that it can
//! be mapped as it is:
//!
//! | part | sections | mapped |
//! |---|---|---|
//! | metadata | `.windlass.*` but data: header, facts, the tables of [`CodeChunk`](crate::code::CodeChunk) | read |
//! | code | `.text`, from a page boundary | read, execute |
//! | data | `.windlass.data`, from a page boundary: images of memories, then what is in none | read |
//! | for tools | `.symtab`, `.strtab`, `.shstrtab` | not |
//!
//! - The table of sections is in [`format`](Section): name, flags and row size are written once.
//! - Tables are little-endian `u32`s in the order of the row types' fields, ordered as in
//!   [`code`](crate::code), and searched in place.
//! - Header and facts are in the `postcard` encoding of their types.
//! - Active data segments that provably fit are laid out as pages of their memory ([`ImageRow`]); the
//!   ranges of all data segments in the facts then count from the start of `.windlass.data`.
//!
//! Invariants: the same input gives the same bytes; [`Artifact::parse`] accepts what [`write()`] made, and
//! of anything else accepts only what can be read within bounds: tables are ordered and refer only to what
//! is there. Whether text does no harm cannot be known: an artifact is trusted code.

mod elf;
mod error;
mod format;
mod images;
mod read;
mod rows;
mod verify;
mod write;

pub use error::ArtifactError;
pub use format::{FORMAT_VERSION, Header, ImageRow, Section, Target};
pub use read::{Artifact, is_artifact};
pub use write::{Parts, write};

#[cfg(test)]
mod tests;
