//! Whether tables are ordered and refer only to what is there.

use super::error::ArtifactError;
use super::format::{ImageRow, Section};
use super::read::{Artifact, damaged};
use super::rows::Row;
use crate::code::{CatchRow, CodeImage, FunctionRow, HandlerRow, SafepointRow};
use crate::facts::{EntityIndex, ModuleFacts, SegmentKind};
use crate::types::CompositeType;

type Checked = Result<(), ArtifactError>;

/// A check on a row of a table; what is wrong if it fails.
fn check<R: Row>(holds: bool, section: Section, row: usize, why: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(damaged(section, (row * R::SIZE) as u64, why)) }
}

/// Indices in the facts name what is there, so that whoever uses them need not look.
pub(super) fn facts(facts: &ModuleFacts) -> Checked {
    let is_func = |ty: &u32| {
        facts.types.get(*ty as usize).is_some_and(|ty| matches!(ty.composite, CompositeType::Func(_)))
    };
    let exists = |item: EntityIndex| match item {
        EntityIndex::Function(i) => (i as usize) < facts.functions.len(),
        EntityIndex::Table(i) => (i as usize) < facts.tables.len(),
        EntityIndex::Memory(i) => (i as usize) < facts.memories.len(),
        EntityIndex::Global(i) => (i as usize) < facts.globals.len(),
        EntityIndex::Tag(i) => (i as usize) < facts.tags.len(),
    };
    let own = |all: usize, imported: u32| all.checked_sub(imported as usize);
    let imported = &facts.imported;
    let targets = facts.data.iter().all(|segment| match segment.kind {
        SegmentKind::Active { target, .. } => exists(EntityIndex::Memory(target)),
        _ => true,
    });
    let checks = [
        (facts.functions.iter().chain(&facts.tags).all(is_func), "a function or tag has no function type"),
        (facts.imports.iter().all(|import| exists(import.item)), "what is imported is not there"),
        (facts.exports.iter().all(|export| exists(export.item)), "what is exported is not there"),
        (
            facts.start.is_none_or(|start| exists(EntityIndex::Function(start))),
            "the start function is not there",
        ),
        (own(facts.functions.len(), imported.functions).is_some(), "there are fewer functions than imports"),
        (own(facts.memories.len(), imported.memories).is_some(), "there are fewer memories than imports"),
        (own(facts.tags.len(), imported.tags).is_some(), "there are fewer tags than imports"),
        (
            own(facts.tables.len(), imported.tables) == Some(facts.table_inits.len()),
            "not every table has a row of its initial value",
        ),
        (
            own(facts.globals.len(), imported.globals) == Some(facts.global_inits.len()),
            "not every global has a row of its initial value",
        ),
        (targets, "a data segment's memory is not there"),
        (facts.memories.iter().all(|ty| ty.page_size_log2 <= 16), "a memory's pages are too large"),
    ];
    match checks.iter().find(|(holds, _)| !holds) {
        None => Ok(()),
        Some((_, why)) => Err(damaged(Section::Facts, 0, why)),
    }
}

/// The images lie in the data section and in memories that are there, and so does the data of all segments.
pub(super) fn images(artifact: &Artifact<'_>) -> Checked {
    let data = artifact.data().len() as u64;
    let page = artifact.target.page_size();
    for ImageRow { memory, at, offset, len } in &artifact.header.images {
        let in_data = offset.checked_add(*len).is_some_and(|end| end <= data);
        let aligned = [at, offset, len].iter().all(|n| *n % page == 0);
        let ty = artifact.facts.memories.get(*memory as usize);
        let size = ty.and_then(|ty| 1u64.checked_shl(ty.page_size_log2.into())?.checked_mul(ty.min));
        // The last page may go beyond the size of a memory with small pages.
        let in_memory =
            size.zip(at.checked_add(*len)).is_some_and(|(size, end)| end < size.saturating_add(page));
        if !(in_data && aligned && in_memory) {
            return Err(damaged(Section::Header, 0, "an image lies outside its memory or the data"));
        }
    }
    let segments = &artifact.facts.data;
    let inside = |s: &crate::facts::DataSegment| s.bytes.start <= s.bytes.end && s.bytes.end as u64 <= data;
    if artifact.header.imaged_segments as usize > segments.len() || !segments.iter().all(inside) {
        return Err(damaged(Section::Facts, 0, "a data segment lies outside the data"));
    }
    Ok(())
}

/// The functions lie in the text in order, and all that they refer to is there and in order.
pub(super) fn tables(image: &CodeImage, facts: &ModuleFacts) -> Checked {
    let code = &image.code;
    let own = facts.functions.len().checked_sub(facts.imported.functions as usize);
    check::<FunctionRow>(
        own == Some(code.functions.len()),
        Section::Functions,
        0,
        "there is not a row for each function",
    )?;
    let mut before =
        FunctionRow { index: facts.imported.functions.wrapping_sub(1), ..FunctionRow::default() };
    for (i, row) in code.functions.iter().enumerate() {
        let check = |holds, why| check::<FunctionRow>(holds, Section::Functions, i, why);
        check(row.index == before.index.wrapping_add(1), "the functions are not in order")?;
        let inside = row.start <= row.entry && row.entry < row.end && row.end as usize <= code.text.len();
        check(
            before.end <= row.start && inside,
            "a function lies outside the text, or not behind the one before it",
        )?;
        let in_order = before.positions <= row.positions
            && before.handlers <= row.handlers
            && before.safepoints <= row.safepoints;
        let inside = row.positions as usize <= code.positions.len()
            && row.handlers as usize <= code.handlers.len()
            && row.safepoints as usize <= code.safepoints.len();
        check(in_order && inside, "a function's positions, handlers or safepoints lie outside their tables")?;
        before = *row;
    }
    for (i, row) in code.safepoints.iter().enumerate() {
        let after = code.safepoints.get(i + 1).map_or(code.safepoint_slots.len(), |next| next.slots as usize);
        let inside = row.slots as usize <= after && after <= code.safepoint_slots.len();
        check::<SafepointRow>(inside, Section::Safepoints, i, "a safepoint's slots lie outside their table")?;
    }
    for (i, row) in code.handlers.iter().enumerate() {
        let inside = row.start <= row.end
            && row.catches <= row.catches_end
            && row.catches_end as usize <= code.catches.len();
        check::<HandlerRow>(inside, Section::Handlers, i, "a handler's range or clauses are not in order")?;
    }
    for (i, row) in code.catches.iter().enumerate() {
        let inside = code.find(row.target).is_some();
        check::<CatchRow>(inside, Section::Catches, i, "a catch clause leads out of the functions")?;
    }
    Ok(())
}
