//! Laying out a module's data: pages of memories' initial contents first, then what is in none.
//!
//! Active data segments are written in order, and the first one that does not fit traps, with the
//! earlier ones written. So only the longest run of segments, from the first on, that provably fit is
//! laid out as images. A segment's bytes lie in one piece in an image: a loader may also write
//! them as it writes any other segment, and gets the same memory.

use super::format::ImageRow;
use crate::facts::{ConstExpr, ConstOp, DataSegment, ModuleFacts, SegmentKind};
use alloc::vec::Vec;
use core::ops::Range;

/// A gap between segments of at least this many pages is left out.
const GAP: u64 = 16;
/// Images may be this many times as large as the data in them, plus [`SLACK`]; else there are none.
const BLOAT: u64 = 4;
const SLACK: u64 = 1 << 20;

/// The contents of the data section.
#[derive(Default)]
pub(super) struct Layout {
    pub bytes: Vec<u8>,
    pub images: Vec<ImageRow>,
    pub imaged_segments: u32,
    /// For each data segment, where in `bytes` it lies.
    pub ranges: Vec<Range<usize>>,
}

/// Where a segment lies whose offset is a plain constant.
fn constant_offset(expr: &ConstExpr) -> Option<u64> {
    match *expr.0 {
        [ConstOp::I32(at)] => Some((at as u32).into()),
        [ConstOp::I64(at)] => Some(at as u64),
        _ => None,
    }
}

/// The own, unshared memory that a segment is written to, and where, if it provably fits.
fn fits(facts: &ModuleFacts, segment: &DataSegment) -> Option<(u32, Range<u64>)> {
    let SegmentKind::Active { target, offset } = &segment.kind else { return None };
    let ty = &facts.memories[*target as usize];
    let start = constant_offset(offset)?;
    let end = start.checked_add(segment.bytes.len() as u64)?;
    let initial = ty.min.checked_mul(ty.page_size())?;
    let own = *target >= facts.imported.memories && !ty.shared;
    (own && end <= initial).then_some((*target, start..end))
}

impl Layout {
    /// Lays out the data of a module.
    pub fn new(facts: &ModuleFacts, data: &[u8], page: u64) -> Layout {
        let places: Vec<Option<(u32, Range<u64>)>> = facts
            .data
            .iter()
            .map_while(|segment| match segment.kind {
                SegmentKind::Active { .. } => fits(facts, segment).map(Some),
                _ => Some(None),
            })
            .collect();
        let mut layout = Layout::default();
        layout.images(&places, page);
        let imaged: u64 = layout.images.iter().map(|image| image.len).sum();
        if imaged > data.len() as u64 * BLOAT + SLACK || usize::try_from(imaged).is_err() {
            layout.images.clear();
        } else {
            layout.imaged_segments = places.len() as u32;
            layout.bytes.resize(imaged as usize, 0);
        }
        for (i, segment) in facts.data.iter().enumerate() {
            let bytes = &data[segment.bytes.clone()];
            let place = places.get(i).and_then(Option::as_ref).and_then(|place| layout.offset_of(place));
            let at = match place {
                Some(at) => {
                    layout.bytes[at..at + bytes.len()].copy_from_slice(bytes);
                    at
                }
                None => {
                    layout.bytes.extend_from_slice(bytes);
                    layout.bytes.len() - bytes.len()
                }
            };
            layout.ranges.push(at..at + bytes.len());
        }
        layout
    }

    /// Finds the runs of pages that hold the segments: by memory, then by address.
    fn images(&mut self, places: &[Option<(u32, Range<u64>)>], page: u64) {
        let mut pages: Vec<(u32, u64, u64)> = places
            .iter()
            .flatten()
            .filter(|(_, range)| !range.is_empty())
            .map(|(memory, range)| (*memory, range.start / page, range.end.div_ceil(page)))
            .collect();
        pages.sort_unstable();
        let mut runs: Vec<(u32, u64, u64)> = Vec::new();
        for (memory, start, end) in pages {
            match runs.last_mut() {
                Some(run) if run.0 == memory && start < run.2.saturating_add(GAP) => run.2 = run.2.max(end),
                _ => runs.push((memory, start, end)),
            }
        }
        let mut offset = 0;
        for (memory, start, end) in runs {
            let len = (end - start).saturating_mul(page);
            self.images.push(ImageRow { memory, at: start * page, offset, len });
            offset = offset.saturating_add(len);
        }
    }

    /// Where in the section the bytes lie that belong to this place.
    fn offset_of(&self, (memory, range): &(u32, Range<u64>)) -> Option<usize> {
        let after = self.images.partition_point(|image| (image.memory, image.at) <= (*memory, range.start));
        let image = self.images[..after].last()?;
        let inside = image.memory == *memory && range.end <= image.at + image.len && !range.is_empty();
        inside.then(|| (image.offset + (range.start - image.at)) as usize)
    }
}
