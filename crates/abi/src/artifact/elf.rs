//! As much of ELF as artifacts have: the file header, program headers, section headers and symbols.
//!
//! Each structure is a list of its fields with their widths, from which writing and reading are derived.

use alloc::vec::Vec;

/// A number of a structure, little-endian in the file.
pub(super) trait Field: Sized {
    fn put(self, out: &mut Vec<u8>);
    /// The number at the start of `bytes`, and the bytes after it.
    fn take(bytes: &[u8]) -> Option<(Self, &[u8])>;
}

macro_rules! fields {
    ($( $int:ident )*) => { $(
        impl Field for $int {
            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(bytes: &[u8]) -> Option<($int, &[u8])> {
                let (first, rest) = bytes.split_first_chunk()?;
                Some(($int::from_le_bytes(*first), rest))
            }
        }
    )* };
}

fields! { u8 u16 u32 u64 }

/// A structure, and what is needed of it: `put` alone, or `put take`.
macro_rules! structures {
    ($( $(#[$doc:meta])* $name:ident size $size:literal ($( $method:ident )*) $fields:tt )*) => { $(
        structures! { @struct $(#[$doc])* $name $size $fields }
        impl $name { $( structures! { @$method $name $fields } )* }
    )* };
    (@struct $(#[$doc:meta])* $name:ident $size:literal { $( $field:ident: $int:ident, )* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
        pub(super) struct $name { $( pub $field: $int, )* }

        impl $name {
            pub const SIZE: u64 = $size;
        }

        const _: () = assert!($size == 0 $( + size_of::<$int>() )*);
    };
    (@put $name:ident { $( $field:ident: $int:ident, )* }) => {
        pub fn put(self, out: &mut Vec<u8>) {
            $( self.$field.put(out); )*
        }
    };
    (@take $name:ident { $( $field:ident: $int:ident, )* }) => {
        pub fn take(bytes: &[u8]) -> Option<$name> {
            $( let ($field, bytes) = <$int as Field>::take(bytes)?; )*
            let _ = bytes;
            Some($name { $( $field ),* })
        }
    };
}

structures! {
    /// The file header, after the four magic bytes.
    FileHeader size 60 (put take) {
        class: u8, encoding: u8, ident_version: u8, abi: u8, abi_version: u32, padding: u32,
        kind: u16, machine: u16, version: u32, entry: u64, segments: u64, sections: u64, flags: u32,
        size: u16, segment_size: u16, segment_count: u16, section_size: u16, section_count: u16,
        section_names: u16,
    }
    /// A program header: what is mapped, and how.
    SegmentHeader size 56 (put) {
        kind: u32, flags: u32, offset: u64, address: u64, physical: u64, file_size: u64, memory_size: u64,
        align: u64,
    }
    /// A section header.
    SectionHeader size 64 (put take) {
        name: u32, kind: u32, flags: u64, address: u64, offset: u64, size: u64, link: u32, info: u32,
        align: u64, row: u64,
    }
    /// A symbol.
    Symbol size 24 (put) { name: u32, info: u8, other: u8, section: u16, value: u64, size: u64, }
}

/// The first bytes of every ELF file.
pub(super) const MAGIC: [u8; 4] = *b"\x7fELF";
/// Size of the file header with its magic.
pub(super) const FILE_HEADER: u64 = MAGIC.len() as u64 + FileHeader::SIZE;

pub(super) const CLASS_64: u8 = 2;
pub(super) const LITTLE_ENDIAN: u8 = 1;
pub(super) const VERSION: u8 = 1;
/// A shared object: it can be mapped anywhere.
pub(super) const SHARED_OBJECT: u16 = 3;

pub(super) const SEGMENT_LOAD: u32 = 1;
pub(super) const SEGMENT_EXECUTE: u32 = 1;
pub(super) const SEGMENT_READ: u32 = 4;

pub(super) const SECTION_CONTENTS: u32 = 1;
pub(super) const SECTION_SYMBOLS: u32 = 2;
pub(super) const SECTION_STRINGS: u32 = 3;

pub(super) const SECTION_ALLOCATED: u64 = 2;
pub(super) const SECTION_EXECUTABLE: u64 = 4;

/// Information of a symbol: local, a function.
pub(super) const LOCAL_FUNCTION: u8 = 2;
