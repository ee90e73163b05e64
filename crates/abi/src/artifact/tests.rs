//! What is written comes back, other tools read it, and damage is found.

use super::*;
use crate::code::{CatchRow, CodeChunk, CodeImage, FunctionRow, HandlerRow, Positions, SafepointRow};
use crate::facts::{
    ConstExpr, ConstOp, DataSegment, EntityIndex, Export, MemoryType, ModuleFacts, Names, SegmentKind,
};
use crate::types::{CompositeType, FuncType, SubType};
use alloc::string::{String, ToString};
use alloc::{boxed::Box, vec, vec::Vec};
use object::read::elf::ElfFile64;
use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol};

const PAGE: usize = 4096;

fn memory(min: u64) -> MemoryType {
    MemoryType { min, max: None, shared: false, memory64: false, page_size_log2: 16 }
}

fn active(target: u32, at: i32, bytes: core::ops::Range<usize>) -> DataSegment {
    let offset = ConstExpr(Box::new([ConstOp::I32(at)]));
    DataSegment { kind: SegmentKind::Active { target, offset }, bytes }
}

/// A module with two functions, one of which has a name, and a memory.
fn facts(data: Vec<DataSegment>) -> ModuleFacts {
    let func = FuncType { params: Default::default(), results: Default::default() };
    let ty = SubType { composite: CompositeType::Func(func), is_final: true, supertype: None };
    ModuleFacts {
        types: vec![ty],
        functions: vec![0, 0],
        memories: vec![memory(8), memory(8)],
        data,
        exports: vec![Export { name: "f".into(), item: EntityIndex::Function(1) }],
        names: Names { functions: vec![(1, "second".into())], ..Names::default() },
        ..ModuleFacts::default()
    }
}

/// Two functions of one byte (`ret`), each at its place.
fn image() -> CodeImage {
    let mut code = CodeChunk { text: vec![0xcc; 32], ..CodeChunk::default() };
    code.text[0] = 0xc3;
    code.text[16] = 0xc3;
    for i in 0..2u32 {
        code.functions.push(FunctionRow {
            start: 16 * i,
            end: 16 * i + 1,
            entry: 16 * i,
            index: i,
            positions: code.positions.len() as u32,
            safepoints: i,
            handlers: i,
            ..FunctionRow::default()
        });
        Positions::push(&mut code.positions, 1, 7 + i, None);
        code.safepoints.push(SafepointRow { at: 16 * i + 1, slots: 2 * i });
        code.safepoint_slots.extend([i, i + 5]);
        code.handlers.push(HandlerRow { start: 16 * i, end: 16 * i + 1, catches: i, catches_end: i + 1 });
        code.catches.push(CatchRow { tag: CatchRow::ANY, with_reference: 0, slot: i, target: 16 * i });
    }
    CodeImage { code, slots: 0 }
}

fn written(facts: &ModuleFacts, data: &[u8], target: Target) -> Vec<u8> {
    write(&Parts {
        facts,
        data,
        code: &image(),
        target,
        version: "1.2.3",
        cpu_features: &["avx2"],
        settings: &[("fuel".into(), "off".into())],
    })
}

#[test]
fn what_is_written_comes_back() {
    let facts = facts(Vec::new());
    let bytes = written(&facts, &[], Target::X86_64);
    assert_eq!(bytes, written(&facts, &[], Target::X86_64), "the same every time");
    let artifact = Artifact::parse(&bytes).unwrap();
    assert_eq!(artifact.code(), image());
    assert_eq!((artifact.target, artifact.header.version.as_str()), (Target::X86_64, "1.2.3"));
    assert_eq!(artifact.header.cpu_features, ["avx2"]);
    assert_eq!(artifact.header.settings, [(String::from("fuel"), String::from("off"))]);
    assert_eq!(artifact.facts.names, facts.names);
    assert_eq!(artifact.facts.export("f"), facts.export("f"));
}

#[test]
fn other_tools_read_it() {
    for (target, page) in [(Target::X86_64, PAGE as u64), (Target::Aarch64, 64 << 10)] {
        let bytes = written(&facts(vec![active(0, 10, 0..2)]), &[1, 2], target);
        let file: ElfFile64 = ElfFile64::parse(&*bytes).unwrap();
        let text = file.section_by_name(".text").unwrap();
        assert_eq!(text.data().unwrap(), image().code.text);
        assert_eq!(text.address() % page, 0);
        let symbols: Vec<_> =
            file.symbols().map(|s| (s.name().unwrap(), s.address() - text.address(), s.size())).collect();
        assert_eq!(symbols, [("wasm[0]", 0, 1), ("second", 16, 1)]);
        let data = file.section_by_name(".windlass.data").unwrap();
        assert_eq!((data.address() % page, data.size()), (0, page));
        for section in file.sections().filter(|s| s.address() != 0) {
            let (offset, size) = section.file_range().unwrap();
            assert_eq!(offset, section.address());
            let holds = |s: &object::read::elf::ElfSegment64<'_, '_>| {
                s.address() <= offset && offset + size <= s.address() + s.size()
            };
            assert_eq!(file.segments().filter(holds).count(), 1, "{:?}", section.name());
        }
    }
}

#[test]
fn data_is_laid_out_as_pages() {
    let far = 40 * PAGE;
    let segments = vec![
        active(0, 10, 0..2),
        active(1, 5, 2..4),
        active(0, far as i32 + 1, 4..6),
        active(0, PAGE as i32 - 1, 6..8),
        // Written over the first.
        active(0, 11, 8..9),
        DataSegment { kind: SegmentKind::Passive, bytes: 9..10 },
        active(0, (8 << 16) - 1, 10..12),
        active(0, 0, 12..13),
    ];
    let data: Vec<u8> = (1..=13).collect();
    let bytes = written(&facts(segments), &data, Target::X86_64);
    let artifact = Artifact::parse(&bytes).unwrap();
    let pages: Vec<_> =
        artifact.header.images.iter().map(|i| (i.memory, i.at as usize, i.len as usize)).collect();
    assert_eq!(pages, [(0, 0, 2 * PAGE), (0, far, PAGE), (1, 0, PAGE)]);
    assert_eq!(artifact.header.imaged_segments, 6, "the seventh does not fit, and traps");
    let section = artifact.data();
    assert_eq!(section[10..13], [1, 9, 0]);
    assert_eq!(section[PAGE - 1..PAGE + 1], [7, 8]);
    assert_eq!(section[2 * PAGE + 1..2 * PAGE + 3], [5, 6]);
    assert_eq!(section[3 * PAGE + 5..3 * PAGE + 7], [3, 4]);
    let of = |i: usize| &section[artifact.facts.data[i].bytes.clone()];
    assert_eq!((of(5), of(6), of(7)), (&[10][..], &[11, 12][..], &[13][..]));
    assert_eq!(section.len(), 4 * PAGE + 4);
}

#[test]
fn sparse_data_is_not_blown_up() {
    let data: Vec<u8> = vec![1; 1000];
    let mut facts = facts((0..1000).map(|i| active(0, i as i32 * (20 * PAGE) as i32, i..i + 1)).collect());
    facts.memories[0].min = 2000;
    let bytes = written(&facts, &data, Target::X86_64);
    let artifact = Artifact::parse(&bytes).unwrap();
    assert!(artifact.header.images.is_empty());
    assert_eq!((artifact.data(), artifact.header.imaged_segments), (&*data, 0));
}

#[test]
fn other_files_are_told_from_artifacts() {
    let parse = |bytes: &[u8]| Artifact::parse(bytes).unwrap_err();
    for bytes in [&b""[..], b"\x7fEL", b"\0asm\x01\0\0\0", b"\x7fELF\x02\x01\x01"] {
        assert!(matches!(parse(bytes), ArtifactError::NotAnArtifact { .. }), "{bytes:?}");
    }
    let whole = written(&facts(Vec::new()), &[], Target::X86_64);
    let mut class = whole.clone();
    class[4] = 1;
    assert!(matches!(parse(&class), ArtifactError::NotAnArtifact { .. }));
    let header = whole.windows(8).position(|w| w == b"windlass").unwrap();
    let mut version = whole.clone();
    version[header + 8] = 77;
    assert_eq!(parse(&version), ArtifactError::Version { found: 77 });
    let mut machine = written(&facts(Vec::new()), &[], Target::Aarch64);
    machine[18] = 62;
    assert!(parse(&machine).to_string().contains(".windlass.header"), "{}", parse(&machine));
}

/// Whatever a byte is changed to, reading gives an artifact or an error.
#[test]
fn damage_is_found_or_does_no_harm() {
    let whole = written(&facts(vec![active(0, 10, 0..2)]), &[1, 2], Target::X86_64);
    let mut refused = 0;
    for at in 0..whole.len() {
        // Between the sections there is nothing but padding.
        if whole[at] == 0 && at % 5 != 0 {
            continue;
        }
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            match Artifact::parse(&bytes) {
                Ok(artifact) => {
                    let code = artifact.code().code;
                    for i in 0..code.functions.len() {
                        let _ = (
                            code.positions(i).count(),
                            code.reference_slots(i, 1),
                            code.handlers(i, 1).count(),
                        );
                    }
                }
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 300, "{refused}");
    for len in (0..whole.len()).step_by(37) {
        assert!(Artifact::parse(&whole[..len]).is_err());
    }
}

#[test]
fn tables_refer_to_what_is_there() {
    type Damage = fn(&mut CodeChunk);
    let breaks: [(&str, Damage); 9] = [
        (".functions", |c| c.functions[1].start = 0),
        (".functions", |c| c.functions[1].end = 33),
        (".functions", |c| c.functions[0].entry = 1),
        (".functions", |c| c.functions[1].index = 0),
        (".functions", |c| c.functions[1].positions = 100),
        (".functions", |c| c.functions.truncate(1)),
        (".safepoints", |c| c.safepoints[0].slots = 3),
        (".handlers", |c| c.handlers[1].catches_end = 3),
        (".catches", |c| c.catches[0].target = 5),
    ];
    for (section, damage) in breaks {
        let mut code = image();
        damage(&mut code.code);
        let facts = facts(Vec::new());
        let parts = Parts {
            facts: &facts,
            data: &[],
            code: &code,
            target: Target::X86_64,
            version: "",
            cpu_features: &[],
            settings: &[],
        };
        let error = Artifact::parse(&write(&parts)).unwrap_err().to_string();
        assert!(error.contains(section), "{section}: {error}");
    }
}
