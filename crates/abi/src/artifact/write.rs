//! Writing artifacts.

use super::elf::{self, FileHeader, SectionHeader, SegmentHeader, Symbol};
use super::format::{FORMAT_VERSION, Header, MAGIC, Mapped, Section, Target};
use super::images::Layout;
use super::rows;
use crate::code::CodeImage;
use crate::facts::ModuleFacts;
use alloc::borrow::Cow;
use alloc::{format, string::String, vec, vec::Vec};
use serde::Serialize;

/// What an artifact is made of.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// What decoding learned of the module.
    pub facts: &'a ModuleFacts,
    /// The module's data, which the facts' data segments refer to.
    pub data: &'a [u8],
    /// Final code: without slots.
    pub code: &'a CodeImage,
    /// What the code runs on.
    pub target: Target,
    /// Version of the crate that made the code.
    pub version: &'a str,
    /// Features that the processor must have.
    pub cpu_features: &'a [&'a str],
    /// Settings that the code depends on: names and values.
    pub settings: &'a [(String, String)],
}

/// Sections, with the null section before them.
const SECTION_COUNT: usize = Section::ALL.len() + 1;
/// Metadata, code, data.
const SEGMENTS: [(Mapped, u32); 3] = [
    (Mapped::Metadata, elf::SEGMENT_READ),
    (Mapped::Code, elf::SEGMENT_READ | elf::SEGMENT_EXECUTE),
    (Mapped::Data, elf::SEGMENT_READ),
];

/// Makes an artifact.
///
/// # Panics
/// If the code has slots: replaceable code cannot be saved.
pub fn write(parts: &Parts<'_>) -> Vec<u8> {
    assert_eq!(parts.code.slots, 0, "only final code, without slots, can be saved");
    let layout = Layout::new(parts.facts, parts.data, parts.target.page_size());
    let mut facts = parts.facts.clone();
    for (segment, range) in facts.data.iter_mut().zip(&layout.ranges) {
        segment.bytes = range.clone();
    }
    let header = Header {
        version: parts.version.into(),
        target: parts.target.name().into(),
        cpu_features: parts.cpu_features.iter().map(|&name| name.into()).collect(),
        settings: parts.settings.to_vec(),
        images: layout.images,
        imaged_segments: layout.imaged_segments,
    };

    let mut out = Output::new(parts.target);
    let code = &parts.code.code;
    out.section(Section::Header, &header_bytes(&header));
    out.section(Section::Facts, &encoded(&facts));
    out.section(Section::Functions, &rows::bytes(&code.functions));
    out.section(Section::Positions, &code.positions);
    out.section(Section::Safepoints, &rows::bytes(&code.safepoints));
    out.section(Section::Slots, &rows::bytes(&code.safepoint_slots));
    out.section(Section::Handlers, &rows::bytes(&code.handlers));
    out.section(Section::Catches, &rows::bytes(&code.catches));
    out.section(Section::Text, &code.text);
    out.section(Section::Data, &layout.bytes);
    let (symbols, strings) = symbols(parts, out.sections[Section::Text as usize + 1].address);
    out.section(Section::Symbols, &symbols);
    out.section(Section::Strings, &strings);
    out.finish()
}

fn encoded(value: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(value).expect("these types can be written, and vectors grow")
}

fn header_bytes(header: &Header) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&encoded(header));
    bytes
}

/// The symbol table and its strings: a symbol for each function.
fn symbols(parts: &Parts<'_>, text: u64) -> (Vec<u8>, Vec<u8>) {
    let functions = &parts.code.code.functions;
    let mut symbols = Vec::with_capacity((functions.len() + 1) * Symbol::SIZE as usize);
    let mut strings = vec![0];
    Symbol::default().put(&mut symbols);
    for function in functions {
        let name = match parts.facts.names.function(function.index) {
            // A string ends at its first zero byte.
            Some(name) if !name.is_empty() && !name.contains('\0') => Cow::Borrowed(name),
            _ => Cow::Owned(format!("wasm[{}]", function.index)),
        };
        Symbol {
            name: strings.len() as u32,
            info: elf::LOCAL_FUNCTION,
            section: Section::Text as u16 + 1,
            value: text + u64::from(function.start),
            size: (function.end - function.start).into(),
            ..Symbol::default()
        }
        .put(&mut symbols);
        strings.extend_from_slice(name.as_bytes());
        strings.push(0);
    }
    (symbols, strings)
}

/// A file in the making.
struct Output {
    target: Target,
    bytes: Vec<u8>,
    sections: Vec<SectionHeader>,
    names: Vec<u8>,
}

impl Output {
    fn new(target: Target) -> Output {
        let headers = elf::FILE_HEADER + SEGMENTS.len() as u64 * SegmentHeader::SIZE;
        Output {
            target,
            bytes: vec![0; headers as usize],
            sections: vec![SectionHeader::default()],
            names: vec![0],
        }
    }

    /// Aligns the end of the file, and gives it.
    fn align(&mut self, to: u64) -> u64 {
        let len = self.bytes.len().next_multiple_of(to as usize);
        self.bytes.resize(len, 0);
        len as u64
    }

    /// Appends a section.
    fn section(&mut self, section: Section, contents: &[u8]) {
        debug_assert_eq!(self.sections.len(), section as usize + 1, "sections come in their order");
        let page = self.target.page_size();
        let offset = self.align(match section.mapped() {
            Mapped::Code | Mapped::Data => page,
            Mapped::Metadata | Mapped::No => section.align(),
        });
        self.bytes.extend_from_slice(contents);
        // What follows begins on a page of its own.
        if matches!(section.mapped(), Mapped::Code | Mapped::Data) {
            self.align(page);
        }
        let name = self.names.len() as u32;
        self.names.extend_from_slice(section.name().as_bytes());
        self.names.push(0);
        let (kind, flags) = match section {
            Section::Symbols => (elf::SECTION_SYMBOLS, 0),
            Section::Strings | Section::SectionNames => (elf::SECTION_STRINGS, 0),
            Section::Text => (elf::SECTION_CONTENTS, elf::SECTION_ALLOCATED | elf::SECTION_EXECUTABLE),
            _ => (elf::SECTION_CONTENTS, elf::SECTION_ALLOCATED),
        };
        let symbols = section == Section::Symbols;
        self.sections.push(SectionHeader {
            name,
            kind,
            flags,
            address: if flags == 0 { 0 } else { offset },
            offset,
            size: contents.len() as u64,
            link: if symbols { Section::Strings as u32 + 1 } else { 0 },
            // All symbols are local: one past the last of them.
            info: if symbols { contents.len() as u32 / Symbol::SIZE as u32 } else { 0 },
            align: if matches!(section.mapped(), Mapped::Code | Mapped::Data) {
                page
            } else {
                section.align()
            },
            row: if section.row() == 1 { 0 } else { section.row() },
        });
    }

    /// The program headers: sections that are mapped alike, from the first to the last.
    fn segments(&self) -> impl Iterator<Item = SegmentHeader> + '_ {
        SEGMENTS.iter().map(|&(mapped, flags)| {
            let chosen = Section::ALL.iter().filter(|section| section.mapped() == mapped);
            let headers = chosen.map(|&section| &self.sections[section as usize + 1]);
            let start = match mapped {
                Mapped::Metadata => 0,
                _ => headers.clone().map(|header| header.offset).min().unwrap_or(0),
            };
            let end = headers.map(|header| header.offset + header.size).max().unwrap_or(0);
            SegmentHeader {
                kind: elf::SEGMENT_LOAD,
                flags,
                offset: start,
                address: start,
                physical: start,
                file_size: end - start,
                memory_size: end - start,
                align: self.target.page_size(),
            }
        })
    }

    /// Appends what describes the sections, and fills in the headers at the start.
    fn finish(mut self) -> Vec<u8> {
        let mut names = self.names.clone();
        names.extend_from_slice(Section::SectionNames.name().as_bytes());
        names.push(0);
        self.section(Section::SectionNames, &names);
        let sections = self.align(8);
        for header in &self.sections {
            header.put(&mut self.bytes);
        }
        let mut start = elf::MAGIC.to_vec();
        FileHeader {
            class: elf::CLASS_64,
            encoding: elf::LITTLE_ENDIAN,
            ident_version: elf::VERSION,
            kind: elf::SHARED_OBJECT,
            machine: self.target.machine(),
            version: elf::VERSION.into(),
            segments: elf::FILE_HEADER,
            sections,
            size: elf::FILE_HEADER as u16,
            segment_size: SegmentHeader::SIZE as u16,
            segment_count: SEGMENTS.len() as u16,
            section_size: SectionHeader::SIZE as u16,
            section_count: SECTION_COUNT as u16,
            section_names: SECTION_COUNT as u16 - 1,
            ..FileHeader::default()
        }
        .put(&mut start);
        self.segments().for_each(|segment| segment.put(&mut start));
        self.bytes[..start.len()].copy_from_slice(&start);
        self.bytes
    }
}
