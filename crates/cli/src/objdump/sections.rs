//! The sections of a module, as text.

use std::fmt::{self, Display};
use std::ops::Range;
use windlass_abi::facts::{
    ConstExpr, ConstOp, ElementItems, EntityIndex, GlobalType, MemoryType, ModuleFacts, SegmentKind,
    TableType,
};
use windlass_abi::types::{CompositeType, FieldType, FuncType, StorageType, SubType};
use windlass_wasm::Decoded;

/// A decoded module, printed section by section.
pub struct Dump<'d>(pub &'d Decoded<'d>);

impl Dump<'_> {
    pub fn facts(&self) -> &ModuleFacts {
        &self.0.facts
    }

    /// One line: index, names, type, and where the body lies.
    pub fn function(&self, index: u32) -> String {
        let facts = self.facts();
        let body = facts.defined_func(index).and_then(|own| self.0.bodies.get(own as usize));
        function(facts, index, body.map(|body| body.range()))
    }

    /// The type of anything that can be imported.
    fn type_of(&self, item: EntityIndex) -> String {
        let facts = self.facts();
        match item {
            EntityIndex::Function(i) => {
                format!("type {} {}", facts.functions[i as usize], signature(facts.type_of_func(i)))
            }
            EntityIndex::Table(i) => table(&facts.tables[i as usize]),
            EntityIndex::Memory(i) => memory(&facts.memories[i as usize]),
            EntityIndex::Global(i) => global(&facts.globals[i as usize]),
            EntityIndex::Tag(i) => {
                let ty = facts.tags[i as usize];
                format!("type {ty} {}", signature(facts.func_type(ty)))
            }
        }
    }
}

impl Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = self.facts();
        if let Some(name) = &facts.names.module {
            writeln!(f, "module ${name}")?;
        }
        section(
            f,
            "types",
            facts.types.iter().enumerate().map(|(i, ty)| format!("type[{i}]: {}", sub_type(ty))),
        )?;
        section(
            f,
            "imports",
            facts.imports.iter().map(|import| {
                format!(
                    "{} {:?} {:?}: {}",
                    entity(import.item),
                    import.module,
                    import.name,
                    self.type_of(import.item)
                )
            }),
        )?;
        let own = facts.imported.functions..facts.functions.len() as u32;
        section(f, "functions", own.map(|i| self.function(i).trim_end().to_string()))?;
        let own = |imported: u32, all: usize| imported..all as u32;
        section(
            f,
            "tables",
            own(facts.imported.tables, facts.tables.len()).map(|i| {
                let init = &facts.table_inits[(i - facts.imported.tables) as usize];
                let init = init.as_ref().map(|init| format!(" = {}", constant(init))).unwrap_or_default();
                format!("table[{i}]: {}{init}", table(&facts.tables[i as usize]))
            }),
        )?;
        section(
            f,
            "memories",
            own(facts.imported.memories, facts.memories.len())
                .map(|i| format!("memory[{i}]: {}", memory(&facts.memories[i as usize]))),
        )?;
        section(
            f,
            "globals",
            own(facts.imported.globals, facts.globals.len()).map(|i| {
                let init = &facts.global_inits[(i - facts.imported.globals) as usize];
                format!("global[{i}]: {} = {}", global(&facts.globals[i as usize]), constant(init))
            }),
        )?;
        section(
            f,
            "tags",
            own(facts.imported.tags, facts.tags.len())
                .map(|i| format!("tag[{i}]: {}", self.type_of(EntityIndex::Tag(i)))),
        )?;
        section(f, "exports", facts.exports.iter().map(|e| format!("{:?}: {}", e.name, entity(e.item))))?;
        section(f, "start", facts.start.iter().map(|start| format!("func[{start}]")))?;
        section(
            f,
            "elements",
            facts.elements.iter().enumerate().map(|(i, segment)| {
                let items = match &segment.items {
                    ElementItems::Functions(all) => format!("{} functions", all.len()),
                    ElementItems::Expressions(all) => format!("{} expressions", all.len()),
                };
                format!("elem[{i}]: {} {items}, {}", segment.element, segment_kind(&segment.kind, "table"))
            }),
        )?;
        section(
            f,
            "data",
            facts.data.iter().enumerate().map(|(i, segment)| {
                format!("data[{i}]: {} bytes, {}", segment.bytes.len(), segment_kind(&segment.kind, "memory"))
            }),
        )?;
        section(
            f,
            "custom sections",
            self.0.custom_sections.iter().map(|section| {
                format!("{:?}: {} bytes at {:#x}", section.name, section.data.len(), section.range.start)
            }),
        )
    }
}

/// One line about a function: index, names, type, and where the body lies, if that is known.
pub fn function(facts: &ModuleFacts, index: u32, body: Option<Range<usize>>) -> String {
    let mut line = format!("func[{index}]");
    if let Some(name) = facts.names.function(index) {
        line += &format!(" ${name}");
    }
    line += &format!(": type {} {}", facts.functions[index as usize], signature(facts.type_of_func(index)));
    if let Some(range) = body {
        line += &format!(", {} bytes at {:#x}", range.len(), range.start);
    }
    for export in facts.exports.iter().filter(|e| e.item == EntityIndex::Function(index)) {
        line += &format!(", exported as {:?}", export.name);
    }
    line + "\n"
}

/// A section with its lines, unless it has none.
fn section(f: &mut fmt::Formatter<'_>, title: &str, lines: impl Iterator<Item = String>) -> fmt::Result {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}: {}", lines.len())?;
    lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
}

fn entity(item: EntityIndex) -> String {
    match item {
        EntityIndex::Function(i) => format!("func[{i}]"),
        EntityIndex::Table(i) => format!("table[{i}]"),
        EntityIndex::Memory(i) => format!("memory[{i}]"),
        EntityIndex::Global(i) => format!("global[{i}]"),
        EntityIndex::Tag(i) => format!("tag[{i}]"),
    }
}

fn list(items: &[impl Display]) -> String {
    items.iter().map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
}

fn signature(ty: &FuncType) -> String {
    format!("({}) -> ({})", list(&ty.params), list(&ty.results))
}

fn sub_type(ty: &SubType) -> String {
    let composite = match &ty.composite {
        CompositeType::Func(ty) => format!("func {}", signature(ty)),
        CompositeType::Struct(fields) => {
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("struct ({})", fields.join(" "))
        }
        CompositeType::Array(element) => format!("array {}", field(element)),
    };
    let supertype = ty.supertype.map(|ty| format!(", below type {ty}")).unwrap_or_default();
    format!("{composite}{}{supertype}", if ty.is_final { "" } else { ", open" })
}

fn field(ty: &FieldType) -> String {
    let storage = match ty.storage {
        StorageType::I8 => "i8".to_string(),
        StorageType::I16 => "i16".to_string(),
        StorageType::Val(ty) => ty.to_string(),
    };
    if ty.mutable { format!("(mut {storage})") } else { storage }
}

fn limits(min: u64, max: Option<u64>) -> String {
    match max {
        Some(max) => format!("{min} to {max}"),
        None => format!("{min} or more"),
    }
}

fn table(ty: &TableType) -> String {
    let index = if ty.table64 { ", 64-bit indices" } else { "" };
    format!("{}, {} elements{index}", ty.element, limits(ty.min, ty.max))
}

fn memory(ty: &MemoryType) -> String {
    let address = if ty.memory64 { ", 64-bit addresses" } else { "" };
    let shared = if ty.shared { ", shared" } else { "" };
    format!("{} pages of {} bytes{address}{shared}", limits(ty.min, ty.max), ty.page_size())
}

fn global(ty: &GlobalType) -> String {
    if ty.mutable { format!("mutable {}", ty.value) } else { ty.value.to_string() }
}

fn segment_kind(kind: &SegmentKind<u32>, target: &str) -> String {
    match kind {
        SegmentKind::Active { target: index, offset } => {
            format!("into {target}[{index}] at {}", constant(offset))
        }
        SegmentKind::Passive => "passive".to_string(),
        SegmentKind::Declared => "declared".to_string(),
    }
}

fn constant(expression: &ConstExpr) -> String {
    let operators: Vec<String> = expression.0.iter().map(operator).collect();
    operators.join(", ")
}

fn operator(op: &ConstOp) -> String {
    match op {
        ConstOp::I32(v) => format!("i32.const {v}"),
        ConstOp::I64(v) => format!("i64.const {v}"),
        ConstOp::F32(bits) => format!("f32.const {:?}", f32::from_bits(*bits)),
        ConstOp::F64(bits) => format!("f64.const {:?}", f64::from_bits(*bits)),
        ConstOp::V128(bytes) => format!("v128.const {:#034x}", u128::from_le_bytes(*bytes)),
        ConstOp::RefNull(heap) => format!("ref.null {heap}"),
        ConstOp::RefFunc(i) => format!("ref.func {i}"),
        ConstOp::GlobalGet(i) => format!("global.get {i}"),
        ConstOp::I32Add => "i32.add".to_string(),
        ConstOp::I32Sub => "i32.sub".to_string(),
        ConstOp::I32Mul => "i32.mul".to_string(),
        ConstOp::I64Add => "i64.add".to_string(),
        ConstOp::I64Sub => "i64.sub".to_string(),
        ConstOp::I64Mul => "i64.mul".to_string(),
    }
}
