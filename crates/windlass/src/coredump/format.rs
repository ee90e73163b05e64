//! The format of core dumps: a module in form, whose memories and globals are those of the store, with custom sections
//! for the rest. See [tool-conventions](https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md), and what
//! its successors add to it: instances and modules.
//!
//! Memories go straight from where they are to the writer; everything else is small and put together first.

use super::{Value, WasmCoreDump};
use crate::externals::Extern;
use crate::store::StoreContextMut;
use crate::types::{GlobalType, MemoryType, ValType};
use crate::values::Val;
use std::io;
use std::ops::Range;
use wasm_encoder::{
    AbstractHeapType, ConstExpr, CoreDumpInstancesSection, CoreDumpModulesSection, CoreDumpSection,
    CoreDumpStackSection, CoreDumpValue, Encode, GlobalSection, HeapType, MemorySection, RefType, Section,
};

/// Memory is written, or left out because it is zero, in pieces of this size.
const PAGE: usize = 4 << 10;
/// Validators take no more data segments.
const MOST_SEGMENTS: usize = 100_000;
/// The number of a data section.
const DATA: u8 = 11;

/// A part of a memory.
struct Segment {
    memory: usize,
    /// What comes before its bytes.
    head: Vec<u8>,
    bytes: Range<usize>,
}

/// Writes a dump.
pub(super) fn write<T>(
    dump: &WasmCoreDump,
    store: &mut StoreContextMut<'_, T>,
    name: &str,
    out: &mut (impl io::Write + ?Sized),
) -> io::Result<()> {
    let mut bytes = wasm_encoder::Module::HEADER.to_vec();
    CoreDumpSection::new(name).append_to(&mut bytes);
    let memories: Vec<_> = dump.all_memories.iter().map(|memory| measured(memory, store)).collect();
    let mut section = MemorySection::new();
    memories.iter().for_each(|memory| _ = section.memory(memory.to_encoder()));
    section.append_to(&mut bytes);
    globals(dump, store).append_to(&mut bytes);
    modules(dump).append_to(&mut bytes);
    instances(dump).append_to(&mut bytes);
    stack(dump).append_to(&mut bytes);

    let segments = segments(dump, store, &memories);
    let mut count = Vec::new();
    segments.len().encode(&mut count);
    let size = count.len() + segments.iter().map(|s| s.head.len() + s.bytes.len()).sum::<usize>();
    bytes.push(DATA);
    size.encode(&mut bytes);
    bytes.extend(count);
    out.write_all(&bytes)?;
    for Segment { memory, head, bytes } in segments {
        out.write_all(&head)?;
        pieces(dump, store, memory, bytes, |piece| out.write_all(piece))?;
    }
    out.flush()
}

/// The type of a memory, and how large it is.
struct Measured {
    ty: MemoryType,
    pages: u64,
    bytes: usize,
}

fn measured<T>(memory: &Extern, store: &mut StoreContextMut<'_, T>) -> Measured {
    let (ty, pages) = match memory {
        Extern::Memory(memory) => (memory.ty(&*store), memory.size(&*store)),
        Extern::SharedMemory(memory) => (memory.ty(), memory.size()),
        _ => unreachable!("it is a memory"),
    };
    let bytes = (pages << ty.page_size_log2()) as usize;
    Measured { ty, pages, bytes }
}

impl Measured {
    fn to_encoder(&self) -> wasm_encoder::MemoryType {
        let page_size_log2 = self.ty.page_size_log2();
        wasm_encoder::MemoryType {
            minimum: self.pages,
            maximum: self.ty.maximum(),
            memory64: self.ty.is_64(),
            shared: self.ty.is_shared(),
            page_size_log2: (page_size_log2 != 16).then_some(page_size_log2.into()),
        }
    }
}

/// The globals, as constants.
fn globals<T>(dump: &WasmCoreDump, store: &mut StoreContextMut<'_, T>) -> GlobalSection {
    let mut section = GlobalSection::new();
    for global in &dump.globals {
        let ty: GlobalType = global.ty(&*store);
        let (val_type, value) = match (ty.content(), global.get(&mut *store)) {
            (_, Val::I32(n)) => (wasm_encoder::ValType::I32, ConstExpr::i32_const(n)),
            (_, Val::I64(n)) => (wasm_encoder::ValType::I64, ConstExpr::i64_const(n)),
            (_, Val::F32(bits)) => {
                (wasm_encoder::ValType::F32, ConstExpr::f32_const(f32::from_bits(bits).into()))
            }
            (_, Val::F64(bits)) => {
                (wasm_encoder::ValType::F64, ConstExpr::f64_const(f64::from_bits(bits).into()))
            }
            (_, Val::V128(v)) => (wasm_encoder::ValType::V128, ConstExpr::v128_const(v.as_u128() as i128)),
            // The format has no references: each is null, of the most general type.
            (ty, _) => {
                let ty = heap_type(ty);
                let nullable = RefType { nullable: true, heap_type: ty };
                (wasm_encoder::ValType::Ref(nullable), ConstExpr::ref_null(ty))
            }
        };
        section.global(wasm_encoder::GlobalType { val_type, mutable: false, shared: false }, &value);
    }
    section
}

fn heap_type(ty: &ValType) -> HeapType {
    let ValType::Ref(ty) = ty else { unreachable!("every other type has been told") };
    let top = match ty.heap_type().top() {
        crate::types::HeapType::Extern => AbstractHeapType::Extern,
        crate::types::HeapType::Func => AbstractHeapType::Func,
        crate::types::HeapType::Exn => AbstractHeapType::Exn,
        _ => AbstractHeapType::Any,
    };
    HeapType::Abstract { shared: false, ty: top }
}

fn modules(dump: &WasmCoreDump) -> CoreDumpModulesSection {
    let mut section = CoreDumpModulesSection::new();
    for (i, module) in dump.modules.iter().enumerate() {
        match module.name() {
            Some(name) => section.module(name),
            None => section.module(format!("<module {i}>")),
        };
    }
    section
}

fn instances(dump: &WasmCoreDump) -> CoreDumpInstancesSection {
    let mut section = CoreDumpInstancesSection::new();
    for spaces in &dump.spaces {
        section.instance(spaces.module, spaces.memories.iter().copied(), spaces.globals.iter().copied());
    }
    section
}

fn stack(dump: &WasmCoreDump) -> CoreDumpStackSection {
    let mut section = CoreDumpStackSection::new("main");
    for (frame, state) in dump.frames().iter().zip(&dump.frames) {
        let locals = state.locals.iter().map(|value| match *value {
            Value::Missing => CoreDumpValue::Missing,
            Value::I32(n) => CoreDumpValue::I32(n),
            Value::I64(n) => CoreDumpValue::I64(n),
            Value::F32(bits) => CoreDumpValue::F32(f32::from_bits(bits).into()),
            Value::F64(bits) => CoreDumpValue::F64(f64::from_bits(bits).into()),
        });
        let offset = frame.func_offset().unwrap_or(0) as u32;
        section.frame(state.instance, frame.func_index(), offset, locals, []);
    }
    section
}

/// The parts of the memories that are not zero.
fn segments<T>(
    dump: &WasmCoreDump,
    store: &mut StoreContextMut<'_, T>,
    memories: &[Measured],
) -> Vec<Segment> {
    let mut segments = Vec::new();
    // What is left of a section's size, less its count.
    let mut room = u32::MAX as usize - 5;
    for (memory, Measured { ty, bytes: size, .. }) in memories.iter().enumerate() {
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        let scanned: Result<(), std::convert::Infallible> = pieces(dump, store, memory, 0..*size, |piece| {
            for page in piece.chunks(PAGE) {
                let range = at..at + page.len();
                at = range.end;
                if is_zero(page) {
                    continue;
                }
                match runs.last_mut() {
                    Some(last) if last.end == range.start => last.end = range.end,
                    _ => runs.push(range),
                }
            }
            Ok(())
        });
        let Ok(()) = scanned;
        for run in joined(runs, MOST_SEGMENTS / memories.len()) {
            let offset = match ty.is_64() {
                true => ConstExpr::i64_const(run.start as i64),
                false => ConstExpr::i32_const(run.start as u32 as i32),
            };
            let mut head = Vec::new();
            match memory {
                0 => head.push(0),
                _ => {
                    head.push(2);
                    (memory as u32).encode(&mut head);
                }
            }
            offset.encode(&mut head);
            let Some(left) = room.checked_sub(head.len() + 5 + run.len()) else { return segments };
            room = left;
            run.len().encode(&mut head);
            segments.push(Segment { memory, head, bytes: run });
        }
    }
    segments
}

/// At most so many runs, at least one: those with the smallest gaps between them are joined.
fn joined(mut runs: Vec<Range<usize>>, most: usize) -> Vec<Range<usize>> {
    let mut gap = PAGE;
    while runs.len() > most.max(1) {
        let mut wider: Vec<Range<usize>> = Vec::new();
        for run in runs {
            match wider.last_mut() {
                Some(last) if run.start - last.end <= gap => last.end = run.end,
                _ => wider.push(run),
            }
        }
        (runs, gap) = (wider, gap.saturating_mul(2));
    }
    runs
}

fn is_zero(page: &[u8]) -> bool {
    let (words, rest) = page.as_chunks::<16>();
    words.iter().all(|word| u128::from_ne_bytes(*word) == 0) && rest.iter().all(|byte| *byte == 0)
}

/// Bytes of a memory, piece by piece, each but the last a multiple of a page.
fn pieces<T, E>(
    dump: &WasmCoreDump,
    store: &mut StoreContextMut<'_, T>,
    memory: usize,
    range: Range<usize>,
    mut use_piece: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    match &dump.all_memories[memory] {
        Extern::Memory(memory) => use_piece(&memory.data(&*store)[range]),
        _ => {
            let shared = dump.shared_memory(memory).expect("what is no unshared memory is a shared one");
            let mut buffer = vec![0; PAGE.min(range.len())];
            let mut at = range.start;
            while at < range.end {
                let piece = &mut buffer[..PAGE.min(range.end - at)];
                shared.read(at, piece).expect("shared memories do not shrink");
                use_piece(piece)?;
                at += piece.len();
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_joined_by_the_smallest_gaps() {
        let page = |i: usize| i * PAGE..(i + 1) * PAGE;
        let runs = vec![page(0), page(2), page(4), page(100), page(1000)];
        assert_eq!(joined(runs.clone(), 5), runs);
        assert_eq!(joined(runs.clone(), 3), [0..5 * PAGE, page(100), page(1000)]);
        assert_eq!(joined(runs.clone(), 2), [0..101 * PAGE, page(1000)]);
        // Never none at all.
        let whole = 0..1001 * PAGE;
        assert_eq!(joined(runs, 0), std::slice::from_ref(&whole));
        assert_eq!(joined(Vec::new(), 0), []);
    }
}
