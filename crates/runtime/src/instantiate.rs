//! Making an instance of a module.
//!
//! First everything that can be refused is made on the side: context, memories, tables. Then it is put
//! into the store, which cannot fail. Then globals and tables get their initial values, and segments are written in
//! order; the first one that does not fit ends it, with the instance in the store: what was written may refer to it.
//!
//! All this may be much work. It looks at the interrupt word now and then ([`Filling::worked`]), as a guest does, and may end there,
//! too.

use crate::builtins;
use crate::context::Context;
use crate::failure::{Error, InstantiateError};
use crate::global::Global;
use crate::host::NO_MEMORY;
use crate::ids::{ExternId, FuncPtr, GlobalId, InstanceId, MemoryId, TableId, TagId};
use crate::instance::{Instance, Segments, inline};
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
    /// Makes an instance, with context, memories, tables and globals. `imports` stand in the order of the module's
    /// imports. Before it is used it has to be filled: [`StorePtr::fill_instance`].
    ///
    /// # Safety
    /// As for all methods here; imports have the types that the module declares, and the module's code
    /// is code of the store's processor.
    pub unsafe fn new_instance(
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
            Ok(self.inner().publish(module, imports, parts))
        }
    }

    /// Gives the globals and tables of a new instance their initial values, and writes active element segments and
    /// then active data segments, each in order. The start function is not run.
    ///
    /// # Safety
    /// As for all methods here; the instance is new.
    pub unsafe fn fill_instance(self, instance: InstanceId) -> Result<(), InstantiateError> {
        // SAFETY: the caller's promise; borrows of the store end before hooks run.
        unsafe {
            let module = self.inner().instance(instance).module.clone();
            Filling { store: self, instance, module: &module, work: 0 }.run().map_err(|status| {
                match status.trap_code() {
                    Some(code) => InstantiateError::Trap(code),
                    None => InstantiateError::Hook(self.failure(status)),
                }
            })
        }
    }

    /// # Safety
    /// As for all methods here.
    unsafe fn make_parts(self, module: &Module) -> Result<Result<Parts, Error>, Status> {
        let facts = module.facts();
        let size = module.layout().size();
        // SAFETY: the caller's promise; nothing runs meanwhile.
        let inner = unsafe { self.inner() };
        let context = match inner.config.polls {
            true => inner.polled_contexts.alloc(size, &inner.shared),
            false => Context::new(size),
        };
        let context = match context {
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
    /// Puts an instance into the store. Its globals and tables are zero and null, and its segments not written.
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
            for (i, ty) in facts.globals.iter().enumerate() {
                match layout.global(i as u32) {
                    Place::Indirect(at) => {
                        let place: NonNull<VMGlobal> = self.globals[globals[i].0 as usize].place;
                        context.at(at).write(place);
                    }
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

            let mut tables = imports.tables;
            for elements in parts.tables {
                let ty = engine_table(module, &facts.tables[tables.len()]);
                let at = inline(layout.table(tables.len() as u32));
                let place = self.instance(instance).context.at(at);
                tables.push(self.add_table(ty, elements, place));
            }
            self.instances[instance.0 as usize].tables = tables.into();
        }
        instance
    }
}

/// A new instance that gets its initial contents.
///
/// # Safety
/// Of all methods: as for [`StorePtr`]'s; borrows of the store end before [`Filling::worked`] runs, and values of
/// constant expressions have the types that validation found.
struct Filling<'a> {
    store: StorePtr,
    instance: InstanceId,
    module: &'a Module,
    /// What was done since the last look at the interrupt word, in bytes that are copied in the same time, roughly.
    work: usize,
}

/// Bytes that are copied between two looks at the interrupt word: less than a millisecond's worth.
const PIECE: usize = 1 << 20;
/// How many bytes are copied in the time that a constant expression takes.
const EXPRESSION: usize = 256;

impl Filling<'_> {
    /// Looks at the interrupt word if there was enough work.
    unsafe fn worked(&mut self, bytes: usize) -> Result<(), Status> {
        self.work += bytes;
        if self.work < PIECE {
            return Ok(());
        }
        self.work = 0;
        // SAFETY: the caller's promise.
        unsafe {
            if self.store.is_interrupted() {
                builtins::interrupted(self.store)?;
            }
        }
        Ok(())
    }

    unsafe fn run(&mut self) -> Result<(), Status> {
        // SAFETY: the caller's promise.
        unsafe {
            self.fill_globals()?;
            self.fill_tables()?;
            self.write_elements()?;
            self.write_data()
        }
    }

    unsafe fn fill_globals(&mut self) -> Result<(), Status> {
        let facts = self.module.facts();
        for (own, init) in facts.global_inits.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe {
                let inner = self.store.inner();
                let value = inner.constant(self.instance, init);
                let id = inner.instance(self.instance).globals[facts.imported.globals as usize + own];
                inner.globals[id.0 as usize].set(value);
                self.worked(EXPRESSION * init.0.len())?;
            }
        }
        Ok(())
    }

    unsafe fn fill_tables(&mut self) -> Result<(), Status> {
        let facts = self.module.facts();
        for (own, init) in facts.table_inits.iter().enumerate() {
            let Some(init) = init else { continue };
            // SAFETY: the caller's promise.
            unsafe {
                let inner = self.store.inner();
                let value = inner.constant(self.instance, init);
                let id = inner.instance(self.instance).tables[facts.imported.tables as usize + own];
                let end = inner.tables[id.0 as usize].set_init(value);
                for start in (0..end).step_by(table::PIECE) {
                    let len = table::PIECE.min(end - start);
                    let inner = self.store.inner();
                    // A hook may have collected: evaluated again, the expression gives the reference as it is now.
                    let value = inner.constant(self.instance, init);
                    inner.table_fill(id, start, value, len);
                    self.worked(PIECE)?;
                }
            }
        }
        Ok(())
    }

    /// Writes active element segments in order, and drops them and the declared ones.
    unsafe fn write_elements(&mut self) -> Result<(), Status> {
        let (facts, instance) = (self.module.facts(), self.instance);
        // Own tables that only lists of functions have been written to: nobody else has them yet.
        let mut untouched = vec![true; facts.tables.len()];
        untouched[..facts.imported.tables as usize].fill(false);
        for (i, segment) in facts.elements.iter().enumerate() {
            let i = i as u32;
            if let SegmentKind::Active { target, offset } = &segment.kind {
                // SAFETY: the caller's promise. Offsets are integers of the table's index type, zero-extended.
                unsafe {
                    let inner = self.store.inner();
                    let at = inner.constant(instance, offset).i64;
                    let len = segment.items.len();
                    let id = inner.instance(instance).tables[*target as usize];
                    let table = &mut inner.tables[id.0 as usize];
                    let out_of_bounds = Status::trap(TrapCode::TableOutOfBounds);
                    let (at, _) = table.range(at, len as u64).ok_or(out_of_bounds)?;
                    let lazily = &mut untouched[*target as usize];
                    *lazily = *lazily
                        && matches!(segment.items, ElementItems::Functions(_))
                        && table.fill_lazily(at, len, instance, i);
                    if !*lazily {
                        let step = PIECE / EXPRESSION;
                        for from in (0..len).step_by(step) {
                            let part = step.min(len - from);
                            let inner = self.store.inner();
                            inner.write_segment(instance, self.module, i, id, at + from, from, part);
                            self.worked(EXPRESSION * part)?;
                        }
                    }
                    self.worked(EXPRESSION)?;
                }
            }
            if segment.kind != SegmentKind::Passive {
                // SAFETY: the caller's promise.
                unsafe { self.store.inner() }.instances[instance.0 as usize].dropped_elements.insert(i);
            }
        }
        Ok(())
    }

    /// Maps images of own memories; by own memory, whether that was done. The first instance of a module makes them,
    /// which an interruption stops; if the guest then goes on, they are made in one go.
    unsafe fn map_images(&mut self) -> Result<Vec<bool>, Status> {
        // SAFETY: the caller's promise.
        unsafe {
            let store = self.store;
            if !self.module.plan_data(&|| store.is_interrupted()) {
                builtins::interrupted(store)?;
                self.module.plan_data(&|| false);
            }
            let inner = store.inner();
            let own = self.module.facts().imported.memories as usize;
            let own = &inner.instances[self.instance.0 as usize].memories[own..];
            let images = self.module.data_plan().images.iter();
            let map = |(id, image): (&MemoryId, &_)| match (&mut inner.memories[id.0 as usize].bytes, image) {
                (MemoryBytes::Own(m), Some(image)) => m.map_image(image),
                _ => false,
            };
            Ok(own.iter().zip(images).map(map).collect())
        }
    }

    /// Writes active data segments in order, and drops them. Images are mapped for those that have one.
    unsafe fn write_data(&mut self) -> Result<(), Status> {
        let (facts, instance) = (self.module.facts(), self.instance);
        if facts.data.is_empty() {
            return Ok(());
        }
        // SAFETY: the caller's promise. Offsets are integers of the memory's address type, zero-extended.
        unsafe {
            let mapped = match self.store.inner().config.memory.images {
                true => self.map_images()?,
                false => vec![false; facts.memories.len()],
            };
            for (i, segment) in facts.data.iter().enumerate() {
                let SegmentKind::Active { target, offset } = &segment.kind else { continue };
                let inner = self.store.inner();
                inner.instances[instance.0 as usize].dropped_data.insert(i as u32);
                let own = target.checked_sub(facts.imported.memories);
                if own.is_some_and(|own| mapped[own as usize]) && self.module.data_plan().in_image[i] {
                    continue;
                }
                let at = inner.constant(instance, offset).i64;
                let bytes = &self.module.data()[segment.bytes.clone()];
                let id = inner.instance(instance).memories[*target as usize];
                let (_, len) = inner.memories[id.0 as usize].raw();
                let end = at.checked_add(bytes.len() as u64).filter(|end| *end <= len as u64);
                if end.is_none() {
                    return Err(Status::trap(TrapCode::MemoryOutOfBounds));
                }
                for (piece, bytes) in bytes.chunks(PIECE).enumerate() {
                    self.store.inner().write_bytes(id, at as usize + piece * PIECE, bytes);
                    self.worked(bytes.len())?;
                }
                self.worked(EXPRESSION)?;
            }
        }
        Ok(())
    }
}

impl StoreInner {
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

    /// Writes bytes to a memory, within its size.
    ///
    /// # Safety
    /// They lie in bounds.
    unsafe fn write_bytes(&mut self, memory: MemoryId, at: usize, bytes: &[u8]) {
        let memory = &self.memories[memory.0 as usize];
        let (base, len) = memory.raw();
        debug_assert!(at + bytes.len() <= len);
        // SAFETY: in bounds. The bytes of a shared memory are accessed atomically.
        unsafe {
            let to = base.add(at);
            match memory.bytes {
                MemoryBytes::Own(_) => to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()),
                MemoryBytes::Shared(_) => copy_atomically(to, bytes.as_ptr(), bytes.len()),
            }
        }
    }
}
