//! The name section.
//!
//! It is a custom section, so nothing in it can make a module invalid: what cannot be read is left out.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use wasmparser::{BinaryReader, Name, NameMap, NameSectionReader};
use windlass_abi::facts::Names;

/// Reads the contents of a name section that lies at `offset` in its module.
pub fn read(bytes: &[u8], offset: usize) -> Names {
    let mut names = Names::default();
    for subsection in NameSectionReader::new(BinaryReader::new(bytes, offset)) {
        match subsection {
            Ok(Name::Module { name, .. }) => names.module = Some(name.to_string()),
            Ok(Name::Function(map)) => read_map(map, &mut names.functions),
            Ok(Name::Global(map)) => read_map(map, &mut names.globals),
            Ok(Name::Memory(map)) => read_map(map, &mut names.memories),
            Ok(Name::Table(map)) => read_map(map, &mut names.tables),
            Ok(Name::Local(functions)) => {
                for function in functions.into_iter().map_while(Result::ok) {
                    let mut locals = Vec::new();
                    read_map(function.names, &mut locals);
                    names.locals.push((function.index, locals));
                }
                sort(&mut names.locals);
            }
            Ok(_) => {}
            // What follows a subsection that cannot be read cannot be found.
            Err(_) => break,
        }
    }
    names
}

fn read_map(map: NameMap<'_>, into: &mut Vec<(u32, String)>) {
    into.extend(map.into_iter().map_while(Result::ok).map(|naming| (naming.index, naming.name.to_string())));
    sort(into);
}

/// Sorts by index; of several names for one index the first counts.
fn sort<T>(names: &mut Vec<(u32, T)>) {
    names.sort_by_key(|(index, _)| *index);
    names.dedup_by_key(|(index, _)| *index);
}
