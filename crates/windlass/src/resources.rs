//! What an instance of a module takes, known before there is one.

use crate::Module;

/// What a store must have room for, to hold an instance of a module: from [`Module::resources_required`]. What the module
/// imports is not counted.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), "(module (memory 2) (memory 5) (table 10 funcref))")?;
/// let required = module.resources_required();
/// assert_eq!(required.num_memories, 2);
/// assert_eq!(required.max_initial_memory_size, Some(5));
/// assert_eq!(required.num_tables, 1);
/// assert_eq!(required.max_initial_table_size, Some(10));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ResourcesRequired {
    /// The number of memories.
    pub num_memories: u32,
    /// The initial size of the largest memory, in pages.
    pub max_initial_memory_size: Option<u64>,
    /// The number of tables.
    pub num_tables: u32,
    /// The initial size of the largest table, in elements.
    pub max_initial_table_size: Option<u64>,
}

impl Module {
    /// What an instance of the module takes, for embedders that decide beforehand whether a store has room for it.
    pub fn resources_required(&self) -> ResourcesRequired {
        let facts = self.facts();
        let memories = &facts.memories[facts.imported.memories as usize..];
        let tables = &facts.tables[facts.imported.tables as usize..];
        ResourcesRequired {
            num_memories: memories.len() as u32,
            max_initial_memory_size: memories.iter().map(|memory| memory.min).max(),
            num_tables: tables.len() as u32,
            max_initial_table_size: tables.iter().map(|table| table.min).max(),
        }
    }
}
