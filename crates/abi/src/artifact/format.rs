//! The format's lists: sections, targets, and the header's fields.

use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// Begins the header section.
pub(super) const MAGIC: [u8; 8] = *b"windlass";

/// The version of the format: another one means that older artifacts cannot be read.
pub const FORMAT_VERSION: u32 = 1;

/// How a section is mapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mapped {
    /// With the metadata, for reading.
    Metadata,
    /// On pages of its own, for reading and executing.
    Code,
    /// On pages of its own, for reading.
    Data,
    /// Not at all.
    No,
}

macro_rules! sections {
    ($( $section:ident $name:literal mapped $mapped:ident align $align:literal row $row:literal, $doc:literal; )*) => {
        /// A section of an artifact, in the order in which they lie in the file.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Section { $( #[doc = $doc] $section, )* }

        impl Section {
            /// All of them.
            pub const ALL: &'static [Section] = &[ $( Section::$section ),* ];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $( Section::$section => $name, )* }
            }

            pub(super) const fn mapped(self) -> Mapped {
                match self { $( Section::$section => Mapped::$mapped, )* }
            }

            /// Alignment within the part that it is mapped with.
            pub(super) const fn align(self) -> u64 {
                match self { $( Section::$section => $align, )* }
            }

            /// Bytes of a row; 1 if it is no table.
            pub(super) const fn row(self) -> u64 {
                match self { $( Section::$section => $row, )* }
            }
        }
    };
}

sections! {
    Header ".windlass.header" mapped Metadata align 8 row 1, "What made the artifact, and for what: [`Header`].";
    Facts ".windlass.facts" mapped Metadata align 8 row 1, "[`ModuleFacts`](crate::facts::ModuleFacts).";
    Functions ".windlass.functions" mapped Metadata align 4 row 40, "[`FunctionRow`](crate::code::FunctionRow)s.";
    Positions ".windlass.positions" mapped Metadata align 1 row 1, "[`Positions`](crate::code::Positions) of all functions.";
    Safepoints ".windlass.safepoints" mapped Metadata align 4 row 8, "[`SafepointRow`](crate::code::SafepointRow)s.";
    Slots ".windlass.slots" mapped Metadata align 4 row 4, "The home slots of all safepoints.";
    Handlers ".windlass.handlers" mapped Metadata align 4 row 16, "[`HandlerRow`](crate::code::HandlerRow)s.";
    Catches ".windlass.catches" mapped Metadata align 4 row 16, "[`CatchRow`](crate::code::CatchRow)s.";
    Text ".text" mapped Code align 64 row 1, "Machine code and its constants.";
    Data ".windlass.data" mapped Data align 1 row 1, "Images of memories, and the data that is in none.";
    Symbols ".symtab" mapped No align 8 row 24, "A symbol for each function.";
    Strings ".strtab" mapped No align 1 row 1, "The symbols' names.";
    SectionNames ".shstrtab" mapped No align 1 row 1, "The sections' names.";
}

macro_rules! targets {
    ($( $target:ident $name:literal machine $machine:literal page $page:expr; )*) => {
        /// What an artifact's code runs on.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[non_exhaustive]
        pub enum Target { $( #[doc = concat!("`", $name, "`")] $target, )* }

        impl Target {
            /// All of them.
            pub const ALL: &'static [Target] = &[ $( Target::$target ),* ];

            /// Its name, as in the first part of a target triple.
            pub const fn name(self) -> &'static str {
                match self { $( Target::$target => $name, )* }
            }

            /// The machine's number in ELF files.
            pub(super) const fn machine(self) -> u16 {
                match self { $( Target::$target => $machine, )* }
            }

            /// The largest page size of its systems: code and data are aligned to it.
            pub const fn page_size(self) -> u64 {
                match self { $( Target::$target => $page, )* }
            }
        }
    };
}

targets! {
    X86_64 "x86_64" machine 62 page 4 << 10;
    Aarch64 "aarch64" machine 183 page 64 << 10;
}

impl Target {
    /// The target of a name.
    pub fn from_name(name: &str) -> Option<Target> {
        Target::ALL.iter().copied().find(|target| target.name() == name)
    }
}

/// What made an artifact, and for what.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Header {
    /// Version of the crate that made it.
    pub version: String,
    /// Name of the target: [`Target::name`].
    pub target: String,
    /// Features that the processor must have.
    pub cpu_features: Vec<String>,
    /// Settings of the compiler that its code depends on: names and values.
    pub settings: Vec<(String, String)>,
    /// The images of memories.
    pub images: Vec<ImageRow>,
    /// How many of the data segments, from the first on, are in images if they are active: they need
    /// not be written.
    pub imaged_segments: u32,
}

/// A run of pages of a memory's initial contents, to be mapped copy-on-write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ImageRow {
    /// The memory's index in its index space.
    pub memory: u32,
    /// Where in the memory it starts: at a page boundary.
    pub at: u64,
    /// Where in the data section it starts: at a page boundary.
    pub offset: u64,
    /// Its length: whole pages.
    pub len: u64,
}
