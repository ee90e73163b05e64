//! The host module `spectest`, which scripts import without defining it.
//!
//! As the official suite defines it: printing functions (which print nothing here), constant globals of 666 and
//! 666.6, tables of 10 to 20 functions with 32-bit and 64-bit indices, a memory of 1 to 2 pages,
//! and, for engines with threads, a shared one.

use std::collections::HashMap;
use windlass::{
    Engine, Extern, Feature, Features, Func, FuncType, Global, GlobalType, Memory, MemoryType, Mutability,
    Ref, RefType, Result, SharedMemory, Store, Table, TableType, Val, ValType,
};

/// The printing functions: names and parameters.
const PRINTS: &[(&str, &[ValType])] = &[
    ("print", &[]),
    ("print_i32", &[ValType::I32]),
    ("print_i64", &[ValType::I64]),
    ("print_f32", &[ValType::F32]),
    ("print_f64", &[ValType::F64]),
    ("print_i32_f32", &[ValType::I32, ValType::F32]),
    ("print_f64_f64", &[ValType::F64, ValType::F64]),
];

/// The shared memory, one for all stores of a script.
pub fn shared_memory(engine: &Engine, features: Features) -> Result<Option<SharedMemory>> {
    if !features.contains(Feature::Threads) {
        return Ok(None);
    }
    SharedMemory::new(engine, MemoryType::shared(1, 2)).map(Some)
}

/// The module's exports, made in a store.
pub fn exports(store: &mut Store<()>, shared: Option<SharedMemory>) -> Result<HashMap<String, Extern>> {
    let mut exports: HashMap<String, Extern> = HashMap::new();
    for (name, params) in PRINTS {
        let ty = FuncType::new(store.engine(), params.iter().cloned(), []);
        exports.insert(name.to_string(), Func::new(&mut *store, ty, |_, _, _| Ok(())).into());
    }
    let globals = [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::F32(666.6f32.to_bits())),
        ("global_f64", ValType::F64, Val::F64(666.6f64.to_bits())),
    ];
    for (name, ty, value) in globals {
        let global = Global::new(&mut *store, GlobalType::new(ty, Mutability::Const), value)?;
        exports.insert(name.to_string(), global.into());
    }
    let tables = [
        ("table", TableType::new(RefType::FUNCREF, 10, Some(20))),
        ("table64", TableType::new64(RefType::FUNCREF, 10, Some(20))),
    ];
    for (name, ty) in tables {
        exports.insert(name.to_string(), Table::new(&mut *store, ty, Ref::Func(None))?.into());
    }
    exports.insert("memory".to_string(), Memory::new(&mut *store, MemoryType::new(1, Some(2)))?.into());
    if let Some(shared) = shared {
        exports.insert("shared_memory".to_string(), shared.into());
    }
    Ok(exports)
}
