//! Initial contents of a module's memories, to be mapped copy-on-write.
//!
//! Active data segments are written in order, and the first one that does not fit traps, with the
//! earlier ones written. So an image may hold a segment only if no earlier segment can trap: images
//! are made of the longest run of segments, from the first on, that provably fit.

use crate::sys::{self, Image};
use std::ops::Range;
use windlass_abi::facts::{ConstExpr, ConstOp, DataSegment, ModuleFacts, SegmentKind};

/// An image of one memory: whole pages, somewhere within its initial size.
#[derive(Debug)]
pub(crate) struct MemoryImage {
    /// Where in the memory it starts.
    pub(crate) at: usize,
    /// Its length.
    pub(crate) len: usize,
    pub(crate) image: Image,
}

/// How the initial contents of a module's memories are made.
#[derive(Debug, Default)]
pub(crate) struct DataPlan {
    /// By own memory: its image.
    pub(crate) images: Vec<Option<MemoryImage>>,
    /// By data segment: whether its memory's image holds it.
    pub(crate) in_image: Vec<bool>,
}

/// Below this many bytes, copying is cheaper than mapping.
const SMALLEST: usize = 64 << 10;
/// Above this length, an image that is mostly holes is not worth its address space.
const LONGEST: usize = 1 << 30;
/// Bytes that are written to an image at once.
const PIECE: usize = 1 << 20;

/// Where a segment lies whose offset is a plain constant.
fn constant_offset(expr: &ConstExpr) -> Option<usize> {
    match *expr.0 {
        [ConstOp::I32(at)] => usize::try_from(at as u32).ok(),
        [ConstOp::I64(at)] => usize::try_from(at as u64).ok(),
        _ => None,
    }
}

/// The own memory that a segment is written to, and where, if it provably fits.
fn fits(facts: &ModuleFacts, segment: &DataSegment) -> Option<(usize, Range<usize>)> {
    let SegmentKind::Active { target, offset } = &segment.kind else { return None };
    let own = target.checked_sub(facts.imported.memories)?;
    let ty = &facts.memories[*target as usize];
    let start = constant_offset(offset)?;
    let end = start.checked_add(segment.bytes.len())?;
    let initial = super::linear::byte_size(ty, ty.min)?;
    (end <= initial).then_some((own as usize, start..end))
}

impl DataPlan {
    /// The plan for a module with these data bytes, and its images; `None` if `stop` has said so before they were made.
    pub(crate) fn new(facts: &ModuleFacts, data: &[u8], stop: &dyn Fn() -> bool) -> Option<DataPlan> {
        let own = facts.memories.len() - facts.imported.memories as usize;
        let placed: Vec<Option<(usize, Range<usize>)>> = facts
            .data
            .iter()
            .map_while(|segment| match segment.kind {
                SegmentKind::Active { .. } => fits(facts, segment).map(Some),
                _ => Some(None),
            })
            .collect();
        let mut plan = DataPlan { images: Vec::new(), in_image: vec![false; facts.data.len()] };
        for memory in 0..own {
            let mut parts = Vec::new();
            for (segment, place) in facts.data.iter().zip(&placed) {
                if let Some((target, range)) = place
                    && *target == memory
                    && !range.is_empty()
                {
                    parts.push((range.start, &data[segment.bytes.clone()]));
                }
            }
            let shared = facts.memories[facts.imported.memories as usize + memory].shared;
            let image = if shared { None } else { make(&mut parts, stop)? };
            if image.is_some() {
                for (flag, place) in plan.in_image.iter_mut().zip(&placed) {
                    *flag |= matches!(place, Some((target, _)) if *target == memory);
                }
            }
            plan.images.push(image);
        }
        Some(plan)
    }
}

/// An image of these parts, if one is worth while. `None` if `stop` has said so.
fn make(parts: &mut [(usize, &[u8])], stop: &dyn Fn() -> bool) -> Option<Option<MemoryImage>> {
    let page = sys::page_size();
    if parts.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() < SMALLEST {
        return Some(None);
    }
    let start = parts.iter().map(|(at, _)| *at).min().unwrap_or(0) / page * page;
    let end = parts.iter().map(|(at, bytes)| at + bytes.len()).max().unwrap_or(0);
    let Some(len) = sys::round_up_to_page(end - start).filter(|len| *len <= LONGEST) else {
        return Some(None);
    };
    let Some(image) = Image::new(len) else { return Some(None) };
    for (at, bytes) in parts {
        for (piece, bytes) in bytes.chunks(PIECE).enumerate() {
            if stop() {
                return None;
            }
            if image.write(*at - start + piece * PIECE, bytes).is_err() {
                return Some(None);
            }
        }
    }
    Some(Some(MemoryImage { at: start, len, image }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_abi::facts::MemoryType;

    fn segment(offset: ConstOp, bytes: Range<usize>) -> DataSegment {
        let offset = ConstExpr(Box::new([offset]));
        DataSegment { kind: SegmentKind::Active { target: 0, offset }, bytes }
    }

    fn facts(data: Vec<DataSegment>) -> ModuleFacts {
        let memory = MemoryType { min: 4, max: None, shared: false, memory64: false, page_size_log2: 16 };
        ModuleFacts { memories: vec![memory], data, ..ModuleFacts::default() }
    }

    #[test]
    fn stops_at_what_may_trap() {
        let big = 0..SMALLEST;
        let facts = facts(vec![
            segment(ConstOp::I32(100), big.clone()),
            segment(ConstOp::I32(3), 0..2),
            segment(ConstOp::I32(0x3ffff), 0..2),
            segment(ConstOp::I32(0), 0..2),
        ]);
        let data = vec![5; SMALLEST];
        let plan = DataPlan::new(&facts, &data, &|| false).unwrap();
        let expected = sys::RESERVES;
        assert_eq!(plan.in_image, [expected, expected, false, false]);
        assert_eq!(plan.images[0].is_some(), expected);
        assert!(!expected || DataPlan::new(&facts, &data, &|| true).is_none());
        if let Some(image) = &plan.images[0] {
            assert_eq!(image.at, 0);
            assert_eq!(image.len, (SMALLEST + 100).next_multiple_of(sys::page_size()));
        }
    }

    #[test]
    fn copies_what_is_small_or_unknown() {
        let small = facts(vec![segment(ConstOp::I32(0), 0..100)]);
        assert_eq!(DataPlan::new(&small, &[0; 100], &|| false).unwrap().in_image, [false]);
        let unknown = facts(vec![segment(ConstOp::GlobalGet(0), 0..SMALLEST)]);
        assert_eq!(DataPlan::new(&unknown, &[0; SMALLEST], &|| false).unwrap().in_image, [false]);
    }
}
