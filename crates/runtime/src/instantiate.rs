//! Making an instance of a module.
//!
//! First everything that can be refused is made on the side: context, memories, tables. Then it is put
//! into the store, which cannot fail. Then segments are written in order, and the first one that does
//! not fit ends it, with the instance in the store: what was written may refer to it.

use crate::failure::{Error, InstantiateError};
use crate::global::Global;
use crate::host::NO_MEMORY;
use crate::ids::{ExternId, FuncPtr, GlobalId, InstanceId, MemoryId, TableId, TagId};
use crate::instance::{Context, Instance, Segments, inline};
use crate::memory::{self, Memory, MemoryBytes, copy_atomically};
use crate::module::Module;
use crate::store::{StoreInner, StorePtr};
use crate::table::{self, Elements};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use windlass_abi::builtins::Status;
use windlass_abi::facts::{ElementItems, EntityIndex, GlobalType, SegmentKind, TableType};
use windlass_abi::layout::Place;
use windlass_abi::trap::TrapCode;
use windlass_abi::types::{RefType, ValType};
use windlass_abi::vm::{ContextKind, VMContext, VMGlobal, VMImportedFunc, VMTable, VMTag, ValRaw};

/// Imports by index space.
#[derive(Default)]
struct Imports {
    functions: Vec<FuncPtr>,
    tables: Vec<TableId>,
    memories: Vec<MemoryId>,
    globals: Vec<GlobalId>,
    tags: Vec<TagId>,
}

impl Imports {
    fn new(module: &Module, imports: &[ExternId]) -> Imports {
        let declared = &module.facts().imports;
        assert_eq!(declared.len(), imports.len(), "one value for each import");
        let mut spaces = Imports::default();
        for (import, value) in declared.iter().zip(imports) {
            match (import.item, *value) {
                (EntityIndex::Function(_), ExternId::Func(f)) => spaces.functions.push(f),
                (EntityIndex::Table(_), ExternId::Table(t)) => spaces.tables.push(t),
                (EntityIndex::Memory(_), ExternId::Memory(m)) => spaces.memories.push(m),
                (EntityIndex::Global(_), ExternId::Global(g)) => spaces.globals.push(g),
                (EntityIndex::Tag(_), ExternId::Tag(t)) => spaces.tags.push(t),
                (item, value) => panic!("import {item:?} is type-checked, but got {value:?}"),
            }
        }
        spaces
    }
}

/// What an instance needs and may be refused.
struct Parts {
    context: Context,
    memories: Vec<MemoryBytes>,
    tables: Vec<Elements>,
}

/// A module's type with its type indices replaced by engine-wide ids.
fn engine_ref(module: &Module, ty: RefType) -> RefType {
    RefType { heap: ty.heap.map_index(|i| module.type_ids()[i as usize]), ..ty }
}

fn engine_table(module: &Module, ty: &TableType) -> TableType {
    TableType { element: engine_ref(module, ty.element), ..*ty }
}

fn engine_global(module: &Module, ty: &GlobalType) -> GlobalType {
    match ty.value {
        ValType::Ref(r) => GlobalType { value: ValType::Ref(engine_ref(module, r)), ..*ty },
        _ => *ty,
    }
}

impl StorePtr {
    /// Makes an instance: context, memories, tables, globals; then active element segments, then active
    /// data segments, each in order. `imports` stand in the order of the module's imports. The start
    /// function is not run.
    ///
    /// # Safety
    /// As for all methods here; imports have the types that the module declares, and the module's code
    /// is code of the store's processor.
    pub unsafe fn instantiate(
        self,
        module: &Arc<Module>,
        imports: &[ExternId],
    ) -> Result<InstanceId, InstantiateError> {
        let imports = Imports::new(module, imports);
        // SAFETY: the caller's promise; borrows of the store end before hooks run.
        unsafe {
            let parts = self
                .make_parts(module)
                .map_err(|status| InstantiateError::Hook(self.failure(status)))?
                .map_err(InstantiateError::Resource)?;
            let inner = self.inner();
            let instance = inner.publish(module, imports, parts);
            inner.write_elements(instance, module).map_err(InstantiateError::Trap)?;
            inner.write_data(instance, module).map_err(InstantiateError::Trap)?;
            Ok(instance)
        }
    }

    /// # Safety
    /// As for all methods here.
    unsafe fn make_parts(self, module: &Module) -> Result<Result<Parts, Error>, Status> {
        let facts = module.facts();
        let context = match Context::new(module) {
            Ok(context) => context,
            Err(error) => return Ok(Err(error)),
        };
        let mut parts = Parts { context, memories: Vec::new(), tables: Vec::new() };
        for ty in &facts.memories[facts.imported.memories as usize..] {
            // SAFETY: the caller's promise.
            match unsafe { memory::make(self, ty) }? {
                Ok(bytes) => parts.memories.push(bytes),
                Err(error) => return Ok(Err(error)),
            }
        }
        for ty in &facts.tables[facts.imported.tables as usize..] {
            // SAFETY: the caller's promise.
            match unsafe { table::make(self, ty) }? {
                Ok(elements) => parts.tables.push(elements),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(parts))
    }
}

impl StoreInner {
    /// Puts an instance into the store, complete but for its segments.
    ///
    /// # Safety
    /// Imports are live, of this store, and of the types that the module declares.
    unsafe fn publish(&mut self, module: &Arc<Module>, imports: Imports, parts: Parts) -> InstanceId {
        let (facts, layout) = (module.facts(), module.layout());
        let instance = InstanceId(self.instances.len() as u32);
        let context = parts.context;

        // SAFETY: all places lie in the context, which nobody sees yet; what is written to them lives as
        // long as the store.
        unsafe {
            context.as_ptr().write(VMContext {
                kind: ContextKind::Instance,
                id: instance.0,
                store: self.shared.vmstore(),
                owner: std::ptr::null_mut(),
                code_words: module.code_words().as_ptr(),
                code_info: module.code().info(),
                type_ids: module.type_ids().as_ptr(),
                undisturbed: AtomicUsize::new(0),
                stubs: self.config.processor.stubs(),
                memory0: NO_MEMORY,
            });
            self.shared.watch(context.as_ptr());
            for (i, func) in imports.functions.iter().enumerate() {
                let f = &*func.as_ptr();
                let import = VMImportedFunc { code: f.code, context: f.context, func: func.as_ptr() };
                context.at(layout.imported_function(i as u32)).write(import);
            }

            let mut memories = imports.memories;
            for (bytes, ty) in parts.memories.into_iter().zip(&facts.memories[memories.len()..]) {
                memories.push(self.add_memory(Memory::new(*ty, bytes)));
            }
            for (i, id) in memories.iter().enumerate() {
                let place = context.at(layout.memory(i as u32)).as_ptr();
                self.memories[id.0 as usize].show(*id, place);
            }

            let mut tags = imports.tags;
            for ty in &facts.tags[tags.len()..] {
                tags.push(self.add_tag(module.signature(*ty).clone()));
            }
            for (i, id) in tags.iter().enumerate() {
                let tag: NonNull<VMTag> = self.tags[id.0 as usize].place;
                context.at(layout.tag(i as u32)).write(tag);
            }

            let mut globals = imports.globals;
            let imported_globals = globals.len();
            for (i, ty) in facts.globals.iter().enumerate() {
                match layout.global(i as u32) {
                    Place::Indirect(at) => {
                        let place: NonNull<VMGlobal> = self.globals[globals[i].0 as usize].place;
                        context.at(at).write(place);
                    }
                    // Zero or null until its value is known.
                    Place::Inline(at) => {
                        let ty = engine_global(module, ty);
                        globals.push(self.add_global(Global { ty, place: context.at(at) }));
                    }
                }
            }
            for (i, id) in imports.tables.iter().enumerate() {
                let Place::Indirect(at) = layout.table(i as u32) else {
                    unreachable!("the layout puts imports behind pointers")
                };
                let place: NonNull<VMTable> = self.table(*id).place;
                context.at(at).write(place);
            }

            self.instances.push(Instance {
                context,
                module: module.clone(),
                func_refs: Vec::new(),
                tables: Box::default(),
                memories: memories.into(),
                globals: globals.into(),
                tags: tags.into(),
                dropped_data: Segments::new(facts.data.len()),
                dropped_elements: Segments::new(facts.elements.len()),
            });

            for (own, init) in facts.global_inits.iter().enumerate() {
                let value = self.constant(instance, init);
                let id = self.instance(instance).globals[imported_globals + own];
                self.globals[id.0 as usize].set(value);
            }
            let mut tables = imports.tables;
            for (elements, init) in parts.tables.into_iter().zip(&facts.table_inits) {
                let ty = engine_table(module, &facts.tables[tables.len()]);
                let init = match init {
                    Some(init) => self.constant(instance, init),
                    None => ValRaw { v128: [0; 16] },
                };
                let at = inline(layout.table(tables.len() as u32));
                let place = self.instance(instance).context.at(at);
                tables.push(self.add_table(ty, elements, place, init));
            }
            self.instances[instance.0 as usize].tables = tables.into();
        }
        instance
    }

    /// Writes active element segments in order, and drops them and the declared ones.
    fn write_elements(&mut self, instance: InstanceId, module: &Module) -> Result<(), TrapCode> {
        let facts = module.facts();
        // Own tables that only lists of functions have been written to: nobody else has them yet.
        let mut untouched = vec![true; facts.tables.len()];
        untouched[..facts.imported.tables as usize].fill(false);
        for (i, segment) in facts.elements.iter().enumerate() {
            let i = i as u32;
            if let SegmentKind::Active { target, offset } = &segment.kind {
                // SAFETY: offsets are integers of the table's index type, zero-extended.
                let at = unsafe { self.constant(instance, offset).i64 };
                let len = segment.items.len();
                let id = self.instance(instance).tables[*target as usize];
                let table = &mut self.tables[id.0 as usize];
                let (at, _) = table.range(at, len as u64).ok_or(TrapCode::TableOutOfBounds)?;
                let lazily = &mut untouched[*target as usize];
                *lazily = *lazily
                    && matches!(segment.items, ElementItems::Functions(_))
                    && table.fill_lazily(at, len, instance, i);
                if !*lazily {
                    self.write_segment(instance, module, i, id, at, 0, len);
                }
            }
            if segment.kind != SegmentKind::Passive {
                self.instances[instance.0 as usize].dropped_elements.insert(i);
            }
        }
        Ok(())
    }

    /// Writes items `from..from + len` of an element segment to a table at `at`; all lies in bounds.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn write_segment(
        &mut self,
        instance: InstanceId,
        module: &Module,
        segment: u32,
        table: TableId,
        at: usize,
        from: usize,
        len: usize,
    ) {
        let items = &module.facts().elements[segment as usize].items;
        for i in 0..len {
            let value = match items {
                ElementItems::Functions(list) => ValRaw { func: self.func_ref(instance, list[from + i]) },
                ElementItems::Expressions(list) => self.constant(instance, &list[from + i]),
            };
            // SAFETY: validation matched the segment's type with the table's.
            unsafe { self.table_fill(table, at + i, value, 1) };
        }
    }

    /// Maps images of own memories; by own memory, whether that was done.
    fn map_images(&mut self, instance: InstanceId, module: &Module) -> Vec<bool> {
        let own = module.facts().imported.memories as usize;
        let own = &self.instances[instance.0 as usize].memories[own..];
        let images = module.data_plan().images.iter();
        own.iter()
            .zip(images)
            .map(|(id, image)| match (&mut self.memories[id.0 as usize].bytes, image) {
                (MemoryBytes::Own(m), Some(image)) => m.map_image(image),
                _ => false,
            })
            .collect()
    }

    /// Writes active data segments in order, and drops them. Images are mapped for those that have one.
    fn write_data(&mut self, instance: InstanceId, module: &Module) -> Result<(), TrapCode> {
        let facts = module.facts();
        if facts.data.is_empty() {
            return Ok(());
        }
        let mapped = match self.config.memory.images {
            true => self.map_images(instance, module),
            false => vec![false; facts.memories.len()],
        };
        for (i, segment) in facts.data.iter().enumerate() {
            let SegmentKind::Active { target, offset } = &segment.kind else { continue };
            self.instances[instance.0 as usize].dropped_data.insert(i as u32);
            let own = target.checked_sub(facts.imported.memories);
            if own.is_some_and(|own| mapped[own as usize]) && module.data_plan().in_image[i] {
                continue;
            }
            // SAFETY: offsets are integers of the memory's address type, zero-extended.
            let at = unsafe { self.constant(instance, offset).i64 };
            let bytes = &module.data()[segment.bytes.clone()];
            let id = self.instance(instance).memories[*target as usize];
            let memory = &self.memories[id.0 as usize];
            let (base, len) = memory.raw();
            let end = at.checked_add(bytes.len() as u64).filter(|end| *end <= len as u64);
            if end.is_none() {
                return Err(TrapCode::MemoryOutOfBounds);
            }
            // SAFETY: in bounds. The bytes of a shared memory are accessed atomically.
            unsafe {
                let to = base.add(at as usize);
                match memory.bytes {
                    MemoryBytes::Own(_) => to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()),
                    MemoryBytes::Shared(_) => copy_atomically(to, bytes.as_ptr(), bytes.len()),
                }
            }
        }
        Ok(())
    }
}
