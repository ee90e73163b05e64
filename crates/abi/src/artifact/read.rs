//! Reading artifacts: the ELF structure, the header, the facts; then [`verify`](super::verify) the tables.

use super::elf::{self, FileHeader, SectionHeader};
use super::error::ArtifactError;
use super::format::{FORMAT_VERSION, Header, MAGIC, Mapped, Section, Target};
use super::{rows, verify};
use crate::code::{CodeChunk, CodeImage};
use crate::facts::ModuleFacts;
use alloc::vec::Vec;
use serde::Deserialize;

/// An artifact whose structure, header and tables have been verified.
#[derive(Clone, Debug)]
pub struct Artifact<'a> {
    /// What made it, and for what.
    pub header: Header,
    /// What it runs on.
    pub target: Target,
    /// What decoding learned of the module; ranges of data segments are in [`Artifact::data`].
    pub facts: ModuleFacts,
    sections: [&'a [u8]; Section::ALL.len()],
}

/// Whether a file begins as an artifact does.
pub fn is_artifact(bytes: &[u8]) -> bool {
    bytes.starts_with(&elf::MAGIC)
}

impl<'a> Artifact<'a> {
    /// Reads and verifies an artifact. Text and data are taken as they are.
    ///
    /// # Errors
    /// If it is none, is damaged, or has another version of the format.
    pub fn parse(bytes: &'a [u8]) -> Result<Artifact<'a>, ArtifactError> {
        let (machine, sections) = sections(bytes)?;
        let header = header(sections[Section::Header as usize])?;
        let target = Target::from_name(&header.target)
            .filter(|target| target.machine() == machine)
            .ok_or_else(|| damaged(Section::Header, 0, "the target is unknown or not the file's"))?;
        let facts = decoded(sections[Section::Facts as usize])
            .ok_or_else(|| damaged(Section::Facts, 0, "the facts cannot be decoded"))?;
        verify::facts(&facts)?;
        let artifact = Artifact { header, target, facts, sections };
        verify::images(&artifact)?;
        verify::tables(&artifact.code(), &artifact.facts)?;
        Ok(artifact)
    }

    /// The contents of a section.
    pub fn section(&self, section: Section) -> &'a [u8] {
        self.sections[section as usize]
    }

    /// Machine code and constants.
    pub fn text(&self) -> &'a [u8] {
        self.section(Section::Text)
    }

    /// Images and other data.
    pub fn data(&self) -> &'a [u8] {
        self.section(Section::Data)
    }

    /// A copy of the code and its tables.
    pub fn code(&self) -> CodeImage {
        let code = CodeChunk {
            text: self.text().to_vec(),
            functions: rows::rows(self.section(Section::Functions)),
            positions: self.section(Section::Positions).to_vec(),
            safepoints: rows::rows(self.section(Section::Safepoints)),
            safepoint_slots: rows::rows(self.section(Section::Slots)),
            handlers: rows::rows(self.section(Section::Handlers)),
            catches: rows::rows(self.section(Section::Catches)),
            // Complete code needs neither relocations nor what they depend on.
            ..CodeChunk::default()
        };
        CodeImage { code, slots: 0 }
    }
}

pub(super) fn damaged(section: Section, at: u64, why: &'static str) -> ArtifactError {
    ArtifactError::Section { section, at, why }
}

/// The machine, and the contents of all sections.
fn sections(bytes: &[u8]) -> Result<(u16, [&[u8]; Section::ALL.len()]), ArtifactError> {
    let not = |why| ArtifactError::NotAnArtifact { why };
    let rest = bytes.strip_prefix(&elf::MAGIC).ok_or(not("it is no ELF file"))?;
    let file = FileHeader::take(rest).ok_or(not("it ends within the file header"))?;
    if (file.class, file.encoding) != (elf::CLASS_64, elf::LITTLE_ENDIAN) {
        return Err(not("it is no 64-bit little-endian ELF file"));
    }
    if file.kind != elf::SHARED_OBJECT || u64::from(file.section_size) != SectionHeader::SIZE {
        return Err(not("it is another kind of ELF file"));
    }
    let outside = |at, why| ArtifactError::Elf { at, why };
    let headers: Vec<SectionHeader> = (0..u64::from(file.section_count))
        .map(|i| {
            let at = file.sections.saturating_add(i * SectionHeader::SIZE);
            let bytes = slice(bytes, at, SectionHeader::SIZE);
            bytes.and_then(SectionHeader::take).ok_or(outside(at, "a section header lies outside the file"))
        })
        .collect::<Result<_, _>>()?;
    let contents = |header: &SectionHeader| {
        slice(bytes, header.offset, header.size)
            .ok_or(outside(header.offset, "a section lies outside the file"))
    };
    let names = headers
        .get(usize::from(file.section_names))
        .ok_or(outside(file.sections, "there are no section names"))?;
    let names = contents(names)?;
    let name = |header: &SectionHeader| {
        let name = names.get(header.name as usize..)?;
        name.split(|byte| *byte == 0).next()
    };

    let mut found = [None; Section::ALL.len()];
    for header in headers.iter().skip(1) {
        let Some(name) = name(header) else {
            return Err(outside(file.sections, "a section's name lies outside the names"));
        };
        let Some(&section) = Section::ALL.iter().find(|section| section.name().as_bytes() == name) else {
            continue;
        };
        if found[section as usize].replace(header).is_some() {
            return Err(outside(header.offset, "two sections have the same name"));
        }
    }
    if found[Section::Header as usize].is_none() {
        return Err(not("it has no section `.windlass.header`"));
    }
    let page = Target::ALL.iter().find(|target| target.machine() == file.machine).map(|t| t.page_size());
    let mut all = [&[][..]; Section::ALL.len()];
    for &section in Section::ALL {
        let header = found[section as usize].ok_or(ArtifactError::Missing { section })?;
        let align = match section.mapped() {
            Mapped::Code | Mapped::Data => page.ok_or(outside(0, "it is for an unknown machine"))?,
            Mapped::Metadata | Mapped::No => section.align(),
        };
        if header.offset % align != 0 {
            return Err(damaged(section, 0, "the section is not aligned"));
        }
        if header.size % section.row() != 0 {
            return Err(damaged(section, header.size, "the table ends within a row"));
        }
        all[section as usize] = contents(header)?;
    }
    Ok((file.machine, all))
}

fn slice(bytes: &[u8], at: u64, len: u64) -> Option<&[u8]> {
    let start = usize::try_from(at).ok()?;
    bytes.get(start..)?.get(..usize::try_from(len).ok()?)
}

fn header(bytes: &[u8]) -> Result<Header, ArtifactError> {
    let not = ArtifactError::NotAnArtifact { why: "its header section is another program's" };
    let rest = bytes.strip_prefix(&MAGIC).ok_or(not)?;
    let (version, rest) = rest.split_first_chunk().ok_or(not)?;
    let found = u32::from_le_bytes(*version);
    if found != FORMAT_VERSION {
        return Err(ArtifactError::Version { found });
    }
    decoded(rest).ok_or_else(|| damaged(Section::Header, 0, "the header cannot be decoded"))
}

/// A value that takes all of the bytes.
fn decoded<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}
