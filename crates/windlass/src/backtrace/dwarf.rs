//! DWARF: from an operator's offset in the module to places in the source.
//!
//! The sections are a guest's word, so nothing that they say may cost more than a fixed [`Budget`] for each question, in time or in
//! memory; nothing recurses as deep as they say; and what is broken in them only leaves the answer incomplete.
//!
//! The first question makes an index of the compilation units. Each question then reads the one unit that the
//! address is in: its entries for the functions around the address, its line program for the place.
//!
//! In WebAssembly addresses count from the start of the code section's contents. No code lies at 0, so a range that
//! starts there is one of a function that the linker has left out.

use super::FrameSymbol;
use super::budget::{Budget, Metered};
use gimli::{
    AttributeValue, DebugInfoOffset, Dwarf, DwarfSections, LineProgramHeader, RangeListsOffset, Result,
    SectionId, Unit, UnitOffset, UnitRef,
};
use once_cell::sync::OnceCell;
use windlass_wasm::Decoded;

/// The environment variable that switches debug information on.
pub(crate) const VARIABLE: &str = "WASM_BACKTRACE_DETAILS";

/// What a question may cost: some six million reads, enough for a unit of 20 MB, and a small part of a second.
const BUDGET: u64 = 32 << 20;
/// Inlined functions around one operator that are told of.
const MOST_INLINED: usize = 256;
/// Entries that may refer to another one for their name, in a row.
const MOST_REFERENCES: u32 = 16;

/// What a module has of debug information.
pub(crate) struct DebugInfo {
    /// Where the contents of the code section start.
    code_start: usize,
    /// Whether there is any in the module itself.
    present: bool,
    /// What is kept of it, or was attached.
    sections: OnceCell<Sections>,
}

impl DebugInfo {
    /// That of a module; its sections are kept if they are wanted.
    pub fn new(decoded: &Decoded<'_>, wanted: bool) -> DebugInfo {
        let info = DebugInfo {
            code_start: decoded.code_start,
            present: Sections::are_in(decoded),
            sections: OnceCell::new(),
        };
        if wanted {
            info.attach(decoded);
        }
        info
    }

    /// Keeps the sections of a module that has the same code, unless there are some already.
    pub fn attach(&self, decoded: &Decoded<'_>) {
        if Sections::are_in(decoded) {
            self.sections.get_or_init(|| Sections::new(decoded));
        }
    }

    /// Whether the module has some that is not kept.
    pub fn is_unread(&self) -> bool {
        self.present && self.sections.get().is_none()
    }

    /// The places in the source of the operator at this offset in the module: its own first, then where the
    /// function that it is in was inlined, and so on.
    pub fn symbols(&self, module_offset: u32) -> Vec<FrameSymbol> {
        let address = (module_offset as usize).checked_sub(self.code_start);
        match (address, self.sections.get()) {
            (Some(address), Some(sections)) => sections.symbols(address as u64),
            _ => Vec::new(),
        }
    }
}

/// The DWARF sections of a module.
struct Sections {
    bytes: DwarfSections<Box<[u8]>>,
    units: OnceCell<Units>,
}

/// The units by their addresses.
#[derive(Default)]
struct Units {
    ranges: Vec<UnitRange>,
    /// Offsets of the units that do not say where they are.
    anywhere: Vec<usize>,
    /// Offsets of all units, ascending.
    all: Vec<usize>,
}

struct UnitRange {
    range: gimli::Range,
    unit: usize,
}

impl Sections {
    fn are_in(decoded: &Decoded<'_>) -> bool {
        // Lines are what all others are for.
        decoded.custom_sections.iter().any(|section| section.name == SectionId::DebugLine.name())
    }

    fn new(decoded: &Decoded<'_>) -> Sections {
        let find = |id: SectionId| {
            let found = decoded.custom_sections.iter().find(|section| section.name == id.name());
            Result::Ok(found.map_or(&[][..], |section| section.data).into())
        };
        // Of all sections, those that are read here.
        let bytes = DwarfSections::load(|id| match id {
            SectionId::DebugAbbrev
            | SectionId::DebugAddr
            | SectionId::DebugInfo
            | SectionId::DebugLine
            | SectionId::DebugLineStr
            | SectionId::DebugRanges
            | SectionId::DebugRngLists
            | SectionId::DebugStr
            | SectionId::DebugStrOffsets => find(id),
            _ => Ok(Box::default()),
        });
        let bytes = bytes.expect("what finds them does not fail");
        Sections { bytes, units: OnceCell::new() }
    }

    /// The places in the source of an address.
    fn symbols(&self, address: u64) -> Vec<FrameSymbol> {
        let units = self.units.get_or_init(|| {
            let (budget, none, mut units) = (Budget::new(BUDGET), Units::default(), Units::default());
            // As far as they can be read.
            let _ = Reading::new(self, &none, &budget).index(&mut units);
            units
        });
        let budget = Budget::new(BUDGET);
        let reading = Reading::new(self, units, &budget);
        let near = units.ranges.iter().filter(|row| contains(&row.range, address)).map(|row| row.unit);
        near.chain(units.anywhere.iter().copied())
            .find_map(|unit| reading.symbols(unit, address).ok().filter(|symbols| !symbols.is_empty()))
            .unwrap_or_default()
    }
}

fn contains(range: &gimli::Range, address: u64) -> bool {
    range.begin != 0 && (range.begin..range.end).contains(&address)
}

/// Sections that are being read.
struct Reading<'a> {
    dwarf: Dwarf<Metered<'a>>,
    units: &'a Units,
    budget: &'a Budget,
}

/// A function around an address, or a call of one that was inlined.
struct Scope<'a> {
    depth: isize,
    naming: Naming<'a>,
    call_file: Option<u64>,
    call_line: Option<u32>,
    call_column: Option<u32>,
}

/// The attributes of an entry that lead to its name.
#[derive(Default)]
struct Naming<'a> {
    linkage_name: Option<AttributeValue<Metered<'a>>>,
    name: Option<AttributeValue<Metered<'a>>>,
    origin: Option<AttributeValue<Metered<'a>>>,
}

/// The attributes of an entry that say where its code is.
#[derive(Default)]
struct Extent {
    low: Option<u64>,
    high: Option<u64>,
    size: Option<u64>,
    list: Option<RangeListsOffset<usize>>,
}

/// A row of a line program.
struct Row {
    file: u64,
    line: Option<u32>,
    column: Option<u32>,
}

impl<'a> Reading<'a> {
    fn new(sections: &'a Sections, units: &'a Units, budget: &'a Budget) -> Reading<'a> {
        let dwarf = sections.bytes.borrow(|bytes| Metered::new(bytes, budget));
        Reading { dwarf, units, budget }
    }

    /// Finds all units; an error says that there may be more.
    fn index(&self, units: &mut Units) -> Result<()> {
        let mut headers = self.dwarf.units();
        while let Some(header) = headers.next()? {
            let Some(DebugInfoOffset(offset)) = header.debug_info_offset() else { continue };
            units.all.push(offset);
            let Ok(unit) = self.dwarf.unit(header) else { continue };
            let before = units.ranges.len();
            // What is broken in one unit says nothing about the next.
            let _ = self.ranges_of(unit.unit_ref(&self.dwarf), |range| {
                units.ranges.push(UnitRange { range, unit: offset });
            });
            if units.ranges.len() == before {
                units.anywhere.push(offset);
            }
        }
        Ok(())
    }

    /// Where the code of a unit is.
    fn ranges_of(&self, unit: UnitRef<'_, Metered<'a>>, found: impl FnMut(gimli::Range)) -> Result<()> {
        let mut entries = unit.entries_raw(None)?;
        let Some(root) = entries.read_abbreviation()? else { return Ok(()) };
        let mut extent = Extent::default();
        self.budget.pay(root.attributes().len())?;
        for spec in root.attributes() {
            extent.note(unit, &entries.read_attribute(*spec)?)?;
        }
        extent.ranges(unit, found)
    }

    /// The places in the source of an address, as far as a unit knows them.
    fn symbols(&self, unit: usize, address: u64) -> Result<Vec<FrameSymbol>> {
        let unit = self.unit(unit)?;
        let unit = unit.unit_ref(&self.dwarf);
        let scopes = self.scopes(unit, address).unwrap_or_default();
        let lines = self.row(unit, address).ok().flatten();
        let (header, row) = match &lines {
            Some((header, row)) => (Some(header), row.as_ref()),
            None => (None, None),
        };
        let path = |file| path(unit, header?, file).ok().flatten();
        if scopes.is_empty() && row.is_none() {
            return Ok(Vec::new());
        }
        let mut place = FrameSymbol {
            name: None,
            file: row.and_then(|row| path(row.file)),
            line: row.and_then(|row| row.line),
            column: row.and_then(|row| row.column),
        };
        let mut symbols = Vec::new();
        for scope in scopes.into_iter().rev() {
            let called_at = FrameSymbol {
                name: None,
                file: scope.call_file.and_then(path),
                line: scope.call_line,
                column: scope.call_column,
            };
            place.name = self.name(unit, scope.naming, MOST_REFERENCES).ok().flatten();
            symbols.push(std::mem::replace(&mut place, called_at));
        }
        if symbols.is_empty() {
            symbols.push(place);
        }
        Ok(symbols)
    }

    fn unit(&self, offset: usize) -> Result<Unit<Metered<'a>>> {
        self.dwarf.unit(self.dwarf.unit_header(DebugInfoOffset(offset))?)
    }

    /// The function around an address, and the functions inlined there, from the outermost to the innermost.
    fn scopes(&self, unit: UnitRef<'_, Metered<'a>>, address: u64) -> Result<Vec<Scope<'a>>> {
        let mut scopes: Vec<Scope> = Vec::new();
        let mut entries = unit.entries_raw(None)?;
        while !entries.is_empty() {
            let depth = entries.next_depth();
            if scopes.first().is_some_and(|function| depth <= function.depth) {
                break;
            }
            let Some(abbreviation) = entries.read_abbreviation()? else { continue };
            // Attributes may take no bytes.
            self.budget.pay(abbreviation.attributes().len())?;
            let is_function = abbreviation.tag() == gimli::DW_TAG_subprogram;
            let is_inlined = abbreviation.tag() == gimli::DW_TAG_inlined_subroutine
                && scopes.last().is_some_and(|outer| outer.depth < depth)
                && scopes.len() < MOST_INLINED;
            if !is_function && !is_inlined {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let mut extent = Extent::default();
            let mut scope = Scope {
                depth,
                naming: Naming::default(),
                call_file: None,
                call_line: None,
                call_column: None,
            };
            for spec in abbreviation.attributes() {
                let attribute = entries.read_attribute(*spec)?;
                let number =
                    || attribute.udata_value().and_then(|n| u32::try_from(n).ok()).filter(|n| *n != 0);
                match attribute.name() {
                    gimli::DW_AT_call_file => {
                        scope.call_file = match attribute.value() {
                            gimli::AttributeValue::FileIndex(file) => Some(file),
                            other => other.udata_value(),
                        }
                    }
                    gimli::DW_AT_call_line => scope.call_line = number(),
                    gimli::DW_AT_call_column => scope.call_column = number(),
                    _ => scope.naming.note(&attribute),
                }
                extent.note(unit, &attribute)?;
            }
            let mut inside = false;
            extent.ranges(unit, |range| inside |= contains(&range, address))?;
            if inside {
                if is_function {
                    scopes.clear();
                }
                scopes.push(scope);
            }
        }
        Ok(scopes)
    }

    /// The name of a function: its own, or that of the entry that it is made of.
    fn name(
        &self,
        unit: UnitRef<'_, Metered<'a>>,
        naming: Naming<'a>,
        references: u32,
    ) -> Result<Option<String>> {
        if let Some(name) = naming.linkage_name.or(naming.name) {
            return string(unit, name).map(Some);
        }
        if references == 0 {
            return Ok(None);
        }
        match naming.origin {
            Some(AttributeValue::UnitRef(offset)) => self.name_at(unit, offset, references - 1),
            Some(AttributeValue::DebugInfoRef(offset)) => {
                let after = self.units.all.partition_point(|start| *start <= offset.0);
                let Some(at) = after.checked_sub(1) else { return Ok(None) };
                let unit = self.unit(self.units.all[at])?;
                match offset.to_unit_offset(&unit.header) {
                    Some(offset) => self.name_at(unit.unit_ref(&self.dwarf), offset, references - 1),
                    None => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn name_at(
        &self,
        unit: UnitRef<'_, Metered<'a>>,
        offset: UnitOffset<usize>,
        references: u32,
    ) -> Result<Option<String>> {
        let mut entries = unit.entries_raw(Some(offset))?;
        let Some(abbreviation) = entries.read_abbreviation()? else { return Ok(None) };
        self.budget.pay(abbreviation.attributes().len())?;
        let mut naming = Naming::default();
        for spec in abbreviation.attributes() {
            naming.note(&entries.read_attribute(*spec)?);
        }
        self.name(unit, naming, references)
    }

    /// Runs the line program of a unit, if it has one, to the row of an address.
    #[allow(clippy::type_complexity)]
    fn row(
        &self,
        unit: UnitRef<'_, Metered<'a>>,
        address: u64,
    ) -> Result<Option<(LineProgramHeader<Metered<'a>>, Option<Row>)>> {
        let Some(program) = unit.line_program.clone() else { return Ok(None) };
        let mut rows = program.rows();
        let (mut start, mut candidate, mut found) = (None, None, None);
        while found.is_none()
            && let Some((_, row)) = rows.next_row()?
        {
            if row.end_sequence() {
                if start != Some(0) && address < row.address() {
                    found = candidate.take();
                }
                (start, candidate) = (None, None);
                continue;
            }
            start.get_or_insert(row.address());
            if row.address() <= address {
                let small = |n: u64| u32::try_from(n).ok();
                candidate = Some(Row {
                    file: row.file_index(),
                    line: row.line().and_then(|line| small(line.get())),
                    column: match row.column() {
                        gimli::ColumnType::LeftEdge => None,
                        gimli::ColumnType::Column(column) => small(column.get()),
                    },
                });
            }
        }
        Ok(Some((rows.header().clone(), found)))
    }
}

impl<'a> Naming<'a> {
    fn note(&mut self, attribute: &gimli::Attribute<Metered<'a>>) {
        let field = match attribute.name() {
            gimli::DW_AT_linkage_name | gimli::DW_AT_MIPS_linkage_name => &mut self.linkage_name,
            gimli::DW_AT_name => &mut self.name,
            gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => &mut self.origin,
            _ => return,
        };
        *field = Some(attribute.value());
    }
}

impl Extent {
    fn note<'a>(
        &mut self,
        unit: UnitRef<'_, Metered<'a>>,
        attribute: &gimli::Attribute<Metered<'a>>,
    ) -> Result<()> {
        match attribute.name() {
            gimli::DW_AT_low_pc => self.low = unit.attr_address(attribute.value())?,
            gimli::DW_AT_high_pc => match attribute.udata_value() {
                Some(size) => self.size = Some(size),
                None => self.high = unit.attr_address(attribute.value())?,
            },
            gimli::DW_AT_ranges => self.list = unit.attr_ranges_offset(attribute.value())?,
            _ => {}
        }
        Ok(())
    }

    fn ranges<'a>(&self, unit: UnitRef<'_, Metered<'a>>, mut found: impl FnMut(gimli::Range)) -> Result<()> {
        if let Some(list) = self.list {
            let mut ranges = unit.ranges(list)?;
            while let Some(range) = ranges.next()? {
                found(range);
            }
        } else if let Some(begin) = self.low
            && let Some(end) = self.high.or(self.size.and_then(|size| begin.checked_add(size)))
        {
            found(gimli::Range { begin, end });
        }
        Ok(())
    }
}

fn string<'a>(unit: UnitRef<'_, Metered<'a>>, value: AttributeValue<Metered<'a>>) -> Result<String> {
    let text = unit.attr_string(value)?;
    Ok(gimli::Reader::to_string_lossy(&text)?.into_owned())
}

/// The path of a file of a line program: the directory where the compiler ran, the file's, and its name, as far as the
/// later ones are relative.
fn path<'a>(
    unit: UnitRef<'_, Metered<'a>>,
    header: &LineProgramHeader<Metered<'a>>,
    file: u64,
) -> Result<Option<String>> {
    let Some(file) = header.file(file) else { return Ok(None) };
    let mut path = match &unit.comp_dir {
        Some(directory) => gimli::Reader::to_string_lossy(directory)?.into_owned(),
        None => String::new(),
    };
    // The first directory is that of the compiler.
    if file.directory_index() != 0
        && let Some(directory) = file.directory(header)
    {
        join(&mut path, string(unit, directory)?);
    }
    join(&mut path, string(unit, file.path_name())?);
    Ok(Some(path))
}

fn join(path: &mut String, part: String) {
    let is_absolute =
        part.starts_with(['/', '\\']) || part.get(1..3).is_some_and(|s| s == ":/" || s == ":\\");
    if path.is_empty() || is_absolute {
        *path = part;
        return;
    }
    if !path.ends_with(['/', '\\']) {
        path.push('/');
    }
    *path += &part;
}
