//! A guest that calls the functions, each with what it is told to.

use std::path::Path;
use std::sync::OnceLock;
use windlass::{Config, Engine, Linker, Memory, Module, Store, Strategy, Val};
use windlass_wasi::{DirPerms, FilePerms, WasiCtx, WasiCtxBuilder, add_to_linker};

/// The functions that take paths or what they open, with their parameters: `i` is `i32`, `I` is `i64`.
const FUNCTIONS: &[(&str, &str)] = &[
    ("fd_close", "i"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_pread", "iiiIi"),
    ("fd_pwrite", "iiiIi"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
];

/// Where a first and a second path, and results are put.
const FIRST: usize = 1024;
const SECOND: usize = 8 << 10;
pub const RESULT: usize = 16 << 10;
/// Where large results are put, and how much of them there is room for.
pub const BUFFER: usize = 64 << 10;
pub const ROOM: usize = 64 << 10;

/// The linked program.
struct Program {
    engine: Engine,
    linker: Linker<WasiCtx>,
    module: Module,
}

impl Program {
    fn get() -> &'static Program {
        static PROGRAM: OnceLock<Program> = OnceLock::new();
        PROGRAM.get_or_init(|| {
            let engine = Engine::new(Config::new().strategy(Strategy::Interpreter)).expect("it is portable");
            let mut linker = Linker::new(&engine);
            add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi).expect("nothing is defined twice");
            let module = Module::new(&engine, text()).expect("it is written to be valid");
            Program { engine, linker, module }
        })
    }
}

/// A module that imports each function, and exports one that calls it.
fn text() -> String {
    let (mut imports, mut exports) = (String::new(), String::new());
    for (name, params) in FUNCTIONS {
        let types: Vec<&str> = params.chars().map(|ty| if ty == 'i' { "i32" } else { "i64" }).collect();
        let types = types.join(" ");
        let gets: String = (0..params.len()).map(|i| format!("(local.get {i}) ")).collect();
        imports += &format!(
            r#"(import "wasi_snapshot_preview1" "{name}" (func ${name} (param {types}) (result i32)))"#
        );
        exports += &format!(r#"(func (export "{name}") (param {types}) (result i32) (call ${name} {gets}))"#);
    }
    format!(r#"(module {imports} (memory (export "memory") 2) {exports})"#)
}

pub struct Guest {
    store: Store<WasiCtx>,
    instance: windlass::Instance,
    memory: Memory,
}

impl Guest {
    /// A guest with these preopened directories, from number 3 on.
    pub fn new(preopened: &[&Path]) -> Guest {
        let program = Program::get();
        let mut wasi = WasiCtxBuilder::new();
        for (i, dir) in preopened.iter().enumerate() {
            wasi.preopened_dir(dir, i.to_string(), DirPerms::all(), FilePerms::all())
                .expect("it was just made");
        }
        let mut store = Store::new(&program.engine, wasi.build());
        let instance = program.linker.instantiate(&mut store, &program.module).expect("it imports WASI only");
        let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
        Guest { store, instance, memory }
    }

    /// Calls a function, and gives the error number.
    pub fn call(&mut self, name: &str, args: &[u64]) -> u16 {
        let (_, params) = FUNCTIONS.iter().find(|(known, _)| *known == name).expect("it is in the table");
        assert_eq!(params.len(), args.len(), "parameters of {name}");
        let values: Vec<Val> = params
            .chars()
            .zip(args)
            .map(|(ty, &arg)| if ty == 'i' { Val::I32(arg as i32) } else { Val::I64(arg as i64) })
            .collect();
        let func = self.instance.get_func(&mut self.store, name).expect("it is exported");
        let mut result = [Val::I32(0)];
        func.call(&mut self.store, &values, &mut result).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        match result[0] {
            Val::I32(errno) => errno as u16,
            _ => unreachable!("the type says so"),
        }
    }

    /// Puts a path into memory: its address and length.
    pub fn path(&mut self, path: &str) -> [u64; 2] {
        self.put(FIRST, path.as_bytes())
    }

    /// Puts a second path into memory.
    pub fn second(&mut self, path: &str) -> [u64; 2] {
        self.put(SECOND, path.as_bytes())
    }

    pub fn put(&mut self, at: usize, bytes: &[u8]) -> [u64; 2] {
        self.memory.write(&mut self.store, at, bytes).expect("there is room");
        [at as u64, bytes.len() as u64]
    }

    pub fn bytes(&self, at: usize, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.memory.read(&self.store, at, &mut bytes).expect("it is there");
        bytes
    }

    pub fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at, 4).try_into().expect("four bytes"))
    }

    pub fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes(at, 8).try_into().expect("eight bytes"))
    }
}
