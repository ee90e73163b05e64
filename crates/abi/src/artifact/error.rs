//! What can be wrong with an artifact.

use super::format::{FORMAT_VERSION, Section};
use core::fmt;

/// Why a file cannot be read as an artifact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ArtifactError {
    /// It is not one at all.
    NotAnArtifact {
        /// What it lacks.
        why: &'static str,
    },
    /// It has another version of the format.
    Version {
        /// The version that it has.
        found: u32,
    },
    /// The ELF structure is damaged.
    Elf {
        /// Offset in the file.
        at: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// A section that must be there is not.
    Missing {
        /// Which one.
        section: Section,
    },
    /// The contents of a section are damaged.
    Section {
        /// Which one.
        section: Section,
        /// Offset in the section.
        at: u64,
        /// What is wrong.
        why: &'static str,
    },
}

impl fmt::Display for ArtifactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArtifactError::NotAnArtifact { why } => {
                write!(f, "not an artifact of `windlass compile`: {why}")
            }
            ArtifactError::Version { found } => write!(
                f,
                "the artifact has version {found} of the format, and this is made for version {FORMAT_VERSION}: \
                 compile the module again"
            ),
            ArtifactError::Elf { at, why } => write!(f, "damaged artifact: {why} (at offset {at:#x})"),
            ArtifactError::Missing { section } => {
                write!(f, "damaged artifact: there is no section `{}`", section.name())
            }
            ArtifactError::Section { section, at, why } => {
                write!(f, "damaged artifact: {why} (at offset {at:#x} of section `{}`)", section.name())
            }
        }
    }
}

impl core::error::Error for ArtifactError {}
