//! Decoding: from bytes to facts. Everything but the bodies is decoded and validated here.
//!
//! Each section goes to the validator first and is then read a second time into the facts, which
//! may therefore take for granted that it is valid. The bodies, nearly all of a module, are only outlined.
//!
//! Limits against hostile input are the validator's: those that engines have agreed on for the web
//! (1,000,000 types, functions, imports, exports and globals; 100,000 segments; 100 tables and
//! memories; 50,000 locals and 7,654,321 bytes in a function; 1,000 parameters and results; names
//! of 100,000 bytes; …), and those below that a host sets ([`ModuleLimits`]). Nothing is allocated for a count before the items that it counts have been read.

use crate::constant;
use crate::error::{DecodeError, ErrorKind};
use crate::features::{Feature, Features};
use crate::limits::{self, Limit, ModuleLimits, Watch};
use crate::names;
use crate::types::{self, TypeKinds};
use crate::walk::{Body, Shared, malformed};
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use wasmparser::{
    CompositeInnerType, CustomSectionReader, DataKind, ElementKind, ExternalKind, FromReader, FuncToValidate,
    FunctionBody, Parser, Payload, SectionLimited, TableInit, TypeRef, ValidPayload, Validator,
    ValidatorResources,
};
use windlass_abi::facts::{
    ConstExpr, ConstOp, DataSegment, ElementItems, ElementSegment, EntityIndex, Export, FuncIndex, Import,
    ModuleFacts, SegmentKind,
};
use windlass_abi::types::{HeapType, RefType};

/// A module, decoded and, except for its bodies, validated.
pub struct Decoded<'a> {
    /// Everything but code and data.
    pub facts: ModuleFacts,
    /// The data section, as it lies in the module: [`DataSegment::bytes`] are ranges of it.
    pub data: &'a [u8],
    /// The bodies of the module's own functions, in order.
    pub bodies: Vec<Body<'a>>,
    /// All custom sections, in order.
    pub custom_sections: Vec<CustomSection<'a>>,
    /// Where the contents of the code section start in the module; 0 if there is none. Addresses in DWARF count from there.
    pub code_start: usize,
}

/// A custom section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomSection<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its contents.
    pub data: &'a [u8],
    /// Where the contents lie in the module, in bytes.
    pub range: Range<usize>,
}

/// Decodes and validates everything but the bodies, with default limits.
pub fn decode<'a>(bytes: &'a [u8], features: &Features) -> Result<Decoded<'a>, DecodeError> {
    Decode { features, limits: &ModuleLimits::new(), watch: None }.decode(bytes)
}

/// How a module is decoded.
#[derive(Clone, Copy)]
pub struct Decode<'a, 'f> {
    /// What it may use.
    pub features: &'f Features,
    /// What it may hold.
    pub limits: &'f ModuleLimits,
    /// Whether to stop. Asked while it is decoded, and while its bodies are walked.
    pub watch: Option<Watch<'a>>,
}

impl<'a> Decode<'a, '_> {
    /// Decodes and validates everything but the bodies.
    pub fn decode(self, bytes: &'a [u8]) -> Result<Decoded<'a>, DecodeError> {
        self.limits.check_size(bytes.len())?;
        if Parser::is_component(bytes) {
            return Err(unbuilt(Feature::ComponentModel, "it is a component, not a core module").at(0));
        }
        let flags = self.features.to_wasmparser();
        let mut parser = Parser::new(0);
        parser.set_features(flags);
        let mut decoder = Decoder::new(bytes, Validator::new_with_features(flags), self);
        for payload in parser.parse_all(bytes) {
            decoder.payload(payload.map_err(malformed)?)?;
        }
        Ok(decoder.finish())
    }
}

struct Decoder<'a, 'f> {
    validator: Validator,
    limits: &'f ModuleLimits,
    watch: Option<Watch<'a>>,
    /// Elements of segments so far.
    elements: usize,
    facts: ModuleFacts,
    kinds: TypeKinds,
    module: &'a [u8],
    data: &'a [u8],
    bodies: Vec<(FuncToValidate<ValidatorResources>, FunctionBody<'a>)>,
    custom_sections: Vec<CustomSection<'a>>,
    code_start: usize,
    name_section: Option<(&'a [u8], usize)>,
}

impl<'a, 'f> Decoder<'a, 'f> {
    fn new(module: &'a [u8], validator: Validator, decode: Decode<'a, 'f>) -> Decoder<'a, 'f> {
        Decoder {
            validator,
            limits: decode.limits,
            watch: decode.watch,
            elements: 0,
            facts: ModuleFacts::default(),
            kinds: TypeKinds::default(),
            module,
            data: &[],
            bodies: Vec::new(),
            custom_sections: Vec::new(),
            code_start: 0,
            name_section: None,
        }
    }

    fn finish(mut self) -> Decoded<'a> {
        self.facts.escaped_functions.resize(self.facts.functions.len(), false);
        if let Some((bytes, offset)) = self.name_section {
            self.facts.names = names::read(bytes, offset);
        }
        let shared = Arc::new(Shared {
            kinds: self.kinds,
            name_section: self.name_section,
            watch: self.watch,
            locals: self.limits.get(Limit::locals),
            nesting: self.limits.get(Limit::nesting),
        });
        let body = |(func, code): (FuncToValidate<_>, _)| Body {
            index: func.index,
            func,
            code,
            shared: Arc::clone(&shared),
        };
        Decoded {
            bodies: self.bodies.into_iter().map(body).collect(),
            facts: self.facts,
            data: self.data,
            custom_sections: self.custom_sections,
            code_start: self.code_start,
        }
    }

    /// One piece of the module, in order: validated, then read.
    fn payload(&mut self, payload: Payload<'a>) -> Result<(), DecodeError> {
        self.check_counts(&payload)?;
        match self.validator.payload(&payload) {
            Ok(ValidPayload::Func(func, body)) => self.bodies.push((func, body)),
            Ok(_) => {}
            Err(error) => return Err(refused(&payload, error)),
        }
        match payload {
            Payload::TypeSection(section) => self.types(section),
            Payload::ImportSection(section) => self.imports(section),
            Payload::FunctionSection(section) => {
                self.facts.functions.reserve_exact(section.count() as usize);
                each(section, |ty| {
                    self.facts.functions.push(ty);
                    Ok(())
                })
            }
            Payload::TableSection(section) => self.tables(section),
            Payload::MemorySection(section) => each(section, |ty| {
                self.facts.memories.push(types::memory(&ty));
                Ok(())
            }),
            Payload::TagSection(section) => each(section, |ty| {
                self.facts.tags.push(ty.func_type_idx);
                Ok(())
            }),
            Payload::GlobalSection(section) => self.globals(section),
            Payload::ExportSection(section) => self.exports(section),
            Payload::StartSection { func, .. } => {
                self.facts.start = Some(func);
                Ok(())
            }
            Payload::ElementSection(section) => self.elements(section),
            Payload::CodeSectionStart { count, range, .. } => {
                self.code_start = range.start;
                self.bodies.reserve_exact(count as usize);
                Ok(())
            }
            Payload::DataSection(section) => self.data(section),
            Payload::CustomSection(section) => {
                self.custom(&section);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether a piece stays within the limits of the host, before much is done with it.
    fn check_counts(&self, payload: &Payload<'_>) -> Result<(), DecodeError> {
        let imported = &self.facts.imported;
        let (limit, count, before, range) = match payload {
            Payload::TypeSection(s) => (Limit::types, s.count(), 0, s.range()),
            Payload::ImportSection(s) => (Limit::imports, s.count(), 0, s.range()),
            Payload::FunctionSection(s) => (Limit::functions, s.count(), imported.functions, s.range()),
            Payload::TableSection(s) => (Limit::tables, s.count(), imported.tables, s.range()),
            Payload::MemorySection(s) => (Limit::memories, s.count(), imported.memories, s.range()),
            Payload::TagSection(s) => (Limit::tags, s.count(), imported.tags, s.range()),
            Payload::GlobalSection(s) => (Limit::globals, s.count(), imported.globals, s.range()),
            Payload::ExportSection(s) => (Limit::exports, s.count(), 0, s.range()),
            Payload::ElementSection(s) => (Limit::element_segments, s.count(), 0, s.range()),
            Payload::DataSection(s) => (Limit::data_segments, s.count(), 0, s.range()),
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                if self.bodies.len().is_multiple_of(256) {
                    limits::watch(self.watch, range.start)?;
                }
                return self.limits.check(Limit::function_bytes, range.len(), range.start);
            }
            _ => return Ok(()),
        };
        limits::watch(self.watch, range.start)?;
        self.limits.check(limit, count as usize + before as usize, range.start)?;
        // Every item takes a byte at least. The validator makes room for as many as there are said to be.
        if count as usize > range.len() {
            let message = alloc::format!("a section of {} bytes cannot hold {count} items", range.len());
            return Err(DecodeError::new(ErrorKind::Malformed, message).at(range.start));
        }
        Ok(())
    }

    fn types(&mut self, section: SectionLimited<'a, wasmparser::RecGroup>) -> Result<(), DecodeError> {
        let offset = section.range().start;
        each(section, |group| {
            let start = self.facts.types.len() as u32;
            self.limits.check(Limit::types, start as usize + group.types().len(), offset)?;
            for ty in group.types() {
                if let CompositeInnerType::Func(ty) = &ty.composite_type.inner {
                    self.limits.check(Limit::params, ty.params().len(), offset)?;
                    self.limits.check(Limit::results, ty.results().len(), offset)?;
                }
            }
            // Types of a group may refer to each other.
            group.types().for_each(|ty| self.kinds.push(&ty.composite_type));
            self.facts.types.extend(group.types().map(|ty| self.kinds.sub_type(ty)));
            self.facts.rec_groups.push(start..self.facts.types.len() as u32);
            Ok(())
        })
    }

    fn imports(&mut self, section: SectionLimited<'a, wasmparser::Imports<'a>>) -> Result<(), DecodeError> {
        for import in section.into_imports_with_offsets() {
            let (offset, import) = import.map_err(malformed)?;
            let facts = &mut self.facts;
            // A section's item may stand for many imports.
            self.limits.check(Limit::imports, facts.imports.len() + 1, offset)?;
            let (limit, count) = match import.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => (Limit::functions, facts.functions.len()),
                TypeRef::Table(_) => (Limit::tables, facts.tables.len()),
                TypeRef::Memory(_) => (Limit::memories, facts.memories.len()),
                TypeRef::Global(_) => (Limit::globals, facts.globals.len()),
                TypeRef::Tag(_) => (Limit::tags, facts.tags.len()),
            };
            self.limits.check(limit, count + 1, offset)?;
            let item = match import.ty {
                // The validator does not ask for the feature.
                TypeRef::FuncExact(_) => {
                    return Err(unbuilt(Feature::CustomDescriptors, "import of an exact type").at(offset));
                }
                TypeRef::Func(ty) => {
                    EntityIndex::Function(add(&mut facts.functions, ty, &mut facts.imported.functions))
                }
                TypeRef::Table(ty) => EntityIndex::Table(add(
                    &mut facts.tables,
                    self.kinds.table(&ty),
                    &mut facts.imported.tables,
                )),
                TypeRef::Memory(ty) => EntityIndex::Memory(add(
                    &mut facts.memories,
                    types::memory(&ty),
                    &mut facts.imported.memories,
                )),
                TypeRef::Global(ty) => EntityIndex::Global(add(
                    &mut facts.globals,
                    self.kinds.global(&ty),
                    &mut facts.imported.globals,
                )),
                TypeRef::Tag(ty) => {
                    EntityIndex::Tag(add(&mut facts.tags, ty.func_type_idx, &mut facts.imported.tags))
                }
            };
            facts.imports.push(Import {
                module: import.module.to_string(),
                name: import.name.to_string(),
                item,
            });
        }
        Ok(())
    }

    fn tables(&mut self, section: SectionLimited<'a, wasmparser::Table<'a>>) -> Result<(), DecodeError> {
        each(section, |table| {
            self.facts.tables.push(self.kinds.table(&table.ty));
            let init = match table.init {
                TableInit::RefNull => None,
                TableInit::Expr(expr) => Some(self.const_expr(&expr)?),
            };
            self.facts.table_inits.push(init);
            Ok(())
        })
    }

    fn globals(&mut self, section: SectionLimited<'a, wasmparser::Global<'a>>) -> Result<(), DecodeError> {
        each(section, |global| {
            self.facts.globals.push(self.kinds.global(&global.ty));
            let init = self.const_expr(&global.init_expr)?;
            self.facts.global_inits.push(init);
            Ok(())
        })
    }

    fn exports(&mut self, section: SectionLimited<'a, wasmparser::Export<'a>>) -> Result<(), DecodeError> {
        each(section, |export| {
            let item = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    self.escapes(export.index);
                    EntityIndex::Function(export.index)
                }
                ExternalKind::Table => EntityIndex::Table(export.index),
                ExternalKind::Memory => EntityIndex::Memory(export.index),
                ExternalKind::Global => EntityIndex::Global(export.index),
                ExternalKind::Tag => EntityIndex::Tag(export.index),
            };
            self.facts.exports.push(Export { name: export.name.to_string(), item });
            Ok(())
        })
    }

    fn elements(&mut self, section: SectionLimited<'a, wasmparser::Element<'a>>) -> Result<(), DecodeError> {
        each(section, |segment| {
            let kind = match segment.kind {
                ElementKind::Passive => SegmentKind::Passive,
                ElementKind::Declared => SegmentKind::Declared,
                ElementKind::Active { table_index, offset_expr } => SegmentKind::Active {
                    target: table_index.unwrap_or(0),
                    offset: self.const_expr(&offset_expr)?,
                },
            };
            self.elements += match &segment.items {
                wasmparser::ElementItems::Functions(indices) => indices.count() as usize,
                wasmparser::ElementItems::Expressions(_, expressions) => expressions.count() as usize,
            };
            self.limits.check(Limit::elements, self.elements, segment.range.start)?;
            limits::watch(self.watch, segment.range.start)?;
            let (element, items) = match segment.items {
                wasmparser::ElementItems::Functions(indices) => {
                    let mut functions = Vec::with_capacity(indices.count() as usize);
                    each(indices, |index| {
                        self.escapes(index);
                        functions.push(index);
                        Ok(())
                    })?;
                    let element = RefType { nullable: false, heap: HeapType::Func };
                    (element, ElementItems::Functions(functions.into()))
                }
                wasmparser::ElementItems::Expressions(ty, expressions) => {
                    let mut items = Vec::with_capacity(expressions.count() as usize);
                    each(expressions, |expr| {
                        items.push(self.const_expr(&expr)?);
                        Ok(())
                    })?;
                    (self.kinds.reference(ty), compact(items))
                }
            };
            self.facts.elements.push(ElementSegment { kind, element, items });
            Ok(())
        })
    }

    fn data(&mut self, section: SectionLimited<'a, wasmparser::Data<'a>>) -> Result<(), DecodeError> {
        let Range { start, end } = section.range();
        self.data = &self.module[start..end];
        each(section, |segment| {
            let kind = match segment.kind {
                DataKind::Passive => SegmentKind::Passive,
                DataKind::Active { memory_index, offset_expr } => {
                    SegmentKind::Active { target: memory_index, offset: self.const_expr(&offset_expr)? }
                }
            };
            let end = segment.range.end - start;
            self.facts.data.push(DataSegment { kind, bytes: end - segment.data.len()..end });
            Ok(())
        })
    }

    fn custom(&mut self, section: &CustomSectionReader<'a>) {
        let (data, offset) = (section.data(), section.data_offset());
        if section.name() == "name" && self.name_section.is_none() {
            self.name_section = Some((data, offset));
        }
        let range = offset..offset + data.len();
        self.custom_sections.push(CustomSection { name: section.name(), data, range });
    }

    fn const_expr(&mut self, expr: &wasmparser::ConstExpr<'a>) -> Result<ConstExpr, DecodeError> {
        let expr = constant::read(expr, &self.kinds)?;
        for op in &expr.0 {
            if let ConstOp::RefFunc(index) = op {
                self.escapes(*index);
            }
        }
        Ok(expr)
    }

    /// References to the function may exist.
    fn escapes(&mut self, index: FuncIndex) {
        // Whatever can name a function comes after all of them have been declared.
        self.facts.escaped_functions.resize(self.facts.functions.len(), false);
        self.facts.escaped_functions[index as usize] = true;
    }
}

/// Adds an import to its index space and gives its index.
fn add<T>(space: &mut Vec<T>, ty: T, imported: &mut u32) -> u32 {
    space.push(ty);
    *imported += 1;
    *imported - 1
}

/// Elements that are all `ref.func` are kept as indices.
fn compact(items: Vec<ConstExpr>) -> ElementItems {
    let function = |expr: &ConstExpr| match *expr.0 {
        [ConstOp::RefFunc(index)] => Some(index),
        _ => None,
    };
    match items.iter().map(function).collect() {
        Some(functions) => ElementItems::Functions(functions),
        None => ElementItems::Expressions(items.into()),
    }
}

/// Reads the items of a section.
fn each<'a, T: FromReader<'a>>(
    section: SectionLimited<'a, T>,
    mut item: impl FnMut(T) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    section.into_iter().try_for_each(|read| item(read.map_err(malformed)?))
}

#[cold]
fn unbuilt(feature: Feature, message: &'static str) -> DecodeError {
    DecodeError::new(ErrorKind::Unbuilt { feature: feature.name(), operator: None }, message)
}

/// The validator has refused a piece of the module: was it readable at all?
#[cold]
fn refused(payload: &Payload<'_>, error: wasmparser::Error) -> DecodeError {
    fn readable<'a, T: FromReader<'a>>(section: &SectionLimited<'a, T>) -> bool {
        section.clone().into_iter().all(|item| item.is_ok())
    }
    let readable = match payload {
        Payload::Version { .. } | Payload::UnknownSection { .. } => false,
        Payload::TypeSection(section) => readable(section),
        Payload::ImportSection(section) => readable(section),
        Payload::FunctionSection(section) => readable(section),
        Payload::TableSection(section) => readable(section),
        Payload::MemorySection(section) => readable(section),
        Payload::TagSection(section) => readable(section),
        Payload::GlobalSection(section) => readable(section),
        Payload::ExportSection(section) => readable(section),
        Payload::ElementSection(section) => readable(section),
        Payload::DataSection(section) => readable(section),
        _ => true,
    };
    let kind = if readable { ErrorKind::Invalid } else { ErrorKind::Malformed };
    DecodeError::from_wasmparser(&error, kind)
}
