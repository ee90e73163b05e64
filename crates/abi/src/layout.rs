//! Where in a [`VMContext`] the parts of a module lie: byte offsets from the context's start.

use crate::facts::{GlobalIndex, MemoryIndex, ModuleFacts, TableIndex, TagIndex};
use crate::vm::{VMContext, VMGlobal, VMImportedFunc, VMMemory, VMTable};
use core::mem::{offset_of, size_of};

/// Offsets of the arrays that follow a context's fixed part, in this order: memories (all, the first
/// within the fixed part), the module's own globals, own tables, imported functions, pointers to
/// imported globals, pointers to imported tables, pointers to tags (all).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLayout {
    imported_globals: u32,
    imported_tables: u32,
    own_globals_at: u32,
    own_tables_at: u32,
    imported_functions_at: u32,
    imported_globals_at: u32,
    imported_tables_at: u32,
    tags_at: u32,
    size: u32,
}

/// Where a definition lies: in the context itself, or behind a pointer in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this offset in the context.
    Inline(u32),
    /// Where the pointer at this offset in the context points.
    Indirect(u32),
}

impl ContextLayout {
    /// The layout for a module.
    pub fn new(facts: &ModuleFacts) -> ContextLayout {
        let pointer = size_of::<*const ()>();
        let mut at = offset_of!(VMContext, memory0);
        let mut array = |count: usize, size: usize| {
            at = at.next_multiple_of(size.clamp(8, 16).next_power_of_two().min(16));
            let start = at;
            at += count * size;
            u32::try_from(start)
                .expect("a context is smaller than 4 GiB: validation limits every index space")
        };
        let memories = array(facts.memories.len().max(1), size_of::<VMMemory>());
        debug_assert_eq!(memories as usize, offset_of!(VMContext, memory0));
        let own_globals_at =
            array(facts.globals.len() - facts.imported.globals as usize, size_of::<VMGlobal>());
        let own_tables_at = array(facts.tables.len() - facts.imported.tables as usize, size_of::<VMTable>());
        let imported_functions_at = array(facts.imported.functions as usize, size_of::<VMImportedFunc>());
        let imported_globals_at = array(facts.imported.globals as usize, pointer);
        let imported_tables_at = array(facts.imported.tables as usize, pointer);
        let tags_at = array(facts.tags.len(), pointer);
        let size = array(0, 16);
        ContextLayout {
            imported_globals: facts.imported.globals,
            imported_tables: facts.imported.tables,
            own_globals_at,
            own_tables_at,
            imported_functions_at,
            imported_globals_at,
            imported_tables_at,
            tags_at,
            size: size.max(size_of::<VMContext>() as u32),
        }
    }

    /// Size of the whole context in bytes; its alignment is 16.
    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// The [`VMMemory`] of a memory.
    pub fn memory(&self, index: MemoryIndex) -> u32 {
        offset_of!(VMContext, memory0) as u32 + index * size_of::<VMMemory>() as u32
    }

    /// The [`VMGlobal`] of a global.
    pub fn global(&self, index: GlobalIndex) -> Place {
        match index.checked_sub(self.imported_globals) {
            Some(own) => Place::Inline(self.own_globals_at + own * size_of::<VMGlobal>() as u32),
            None => Place::Indirect(self.imported_globals_at + index * size_of::<*const ()>() as u32),
        }
    }

    /// The [`VMTable`] of a table.
    pub fn table(&self, index: TableIndex) -> Place {
        match index.checked_sub(self.imported_tables) {
            Some(own) => Place::Inline(self.own_tables_at + own * size_of::<VMTable>() as u32),
            None => Place::Indirect(self.imported_tables_at + index * size_of::<*const ()>() as u32),
        }
    }

    /// The [`VMImportedFunc`] of an imported function.
    pub fn imported_function(&self, index: u32) -> u32 {
        self.imported_functions_at + index * size_of::<VMImportedFunc>() as u32
    }

    /// The `*const VMTag` of a tag.
    pub fn tag(&self, index: TagIndex) -> u32 {
        self.tags_at + index * size_of::<*const ()>() as u32
    }
}
