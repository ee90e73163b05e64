//! Modules: decoded, validated and compiled once, instantiated any number of times.

use crate::Engine;
use crate::backtrace::DebugInfo;
use crate::compiling::{Cancellation, Compiling};
use crate::error::{Context, Result};
use crate::types::registry::{ModuleTypes, map_ref_type, map_val_type};
use crate::types::{
    ExportType, ExternType, FuncType, GlobalType, ImportType, MemoryType, TableType, TagType,
};
use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::sync::Arc;
use windlass_abi::facts::{self as abi, EntityIndex, ModuleFacts};
use windlass_abi::types::ValKind;
use windlass_runtime::ModuleParts;
use windlass_wasm::{Body, Decoded, ModuleLimits, WalkScratch};

/// A compiled module. A handle: clones are the same module.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "one") (result i32) (i32.const 1)))"#)?;
/// assert_eq!(module.exports().map(|e| e.name()).collect::<Vec<_>>(), ["one"]);
/// assert_eq!(module.get_export("one").unwrap().unwrap_func().results().len(), 1);
/// assert_eq!(module.imports().len(), 0);
/// assert!(Engine::same(module.engine(), &engine) && Module::same(&module, &module.clone()));
///
/// // Where text has no place.
/// let binary = b"\0asm\x01\0\0\0";
/// Module::validate(&engine, binary)?;
/// Module::from_binary(&engine, binary)?;
/// assert!(Module::from_binary(&engine, b"(module)").is_err());
///
/// // From a file, which errors name.
/// let error = Module::from_file(&engine, "no/such/file.wasm").unwrap_err();
/// assert!(error.to_string().contains("no/such/file.wasm"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Module {
    inner: Arc<ModuleInner>,
}

struct ModuleInner {
    engine: Engine,
    runtime: Arc<windlass_runtime::Module>,
    /// Keeps the ids alive that stand in `runtime`.
    types: ModuleTypes,
    /// The exports by name: positions in the facts.
    exports: Box<[u32]>,
    /// Where each of the module's own functions lies in its bytes.
    ranges: Box<[Range<u32>]>,
    debug: DebugInfo,
    /// The locals that each function declares, if core dumps want them.
    locals: Box<[LocalKinds]>,
}

/// Runs of locals: how many, of which kind.
type LocalKinds = Box<[(u32, ValKind)]>;

/// An export of a module, looked up once for many instances.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "f")))"#)?;
/// let f = module.get_export_index("f").unwrap();
/// let mut store = Store::new(&engine, ());
/// for _ in 0..3 {
///     let instance = Instance::new(&mut store, &module, &[])?;
///     // No search by name.
///     assert!(instance.get_module_export(&mut store, &f).and_then(Extern::into_func).is_some());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ModuleExport {
    pub(crate) module: Module,
    pub(crate) item: EntityIndex,
}

/// A function that a module defines.
///
/// ```
/// # use windlass::*;
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), r#"(module
///     (import "env" "f" (func))
///     (func $first (call 0))
///     (func))"#)?;
/// let functions: Vec<ModuleFunction> = module.functions().collect();
/// assert_eq!((functions[0].index, functions[0].name.as_deref()), (1, Some("first")));
/// assert_eq!((functions[1].index, functions[1].name.as_deref()), (2, None));
/// assert!(functions[0].offset + functions[0].len <= functions[1].offset);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleFunction {
    /// Its index in the module's function index space.
    pub index: u32,
    /// Its name, if the name section has one.
    pub name: Option<String>,
    /// Byte offset of its body in the module.
    pub offset: usize,
    /// Size of its body in bytes.
    pub len: usize,
}

impl Module {
    /// Compiles a module in binary or (with the cargo feature `wat`) text form.
    ///
    /// # Errors
    /// [`DecodeError`](crate::DecodeError) if it is malformed or invalid, needs what is switched off or not built, or exceeds a limit.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        Module::compile(engine, &to_binary(engine, bytes.as_ref())?, None)
    }

    /// Compiles a module as [`Module::new`] does, until it is cancelled.
    ///
    /// Cancelling stops code within 10 ms, within large functions, too. Sections of other kinds, and text, are read in
    /// one go; their sizes are limited by [`Config::module_limits`](crate::Config::module_limits).
    ///
    /// # Errors
    /// As [`Module::new`], or [`CompileStopped`](crate::CompileStopped).
    pub fn new_cancellable(
        engine: &Engine,
        bytes: impl AsRef<[u8]>,
        cancellation: &Cancellation,
    ) -> Result<Module> {
        Module::compile(engine, &to_binary(engine, bytes.as_ref())?, Some(cancellation))
    }

    /// Compiles a module in binary form.
    ///
    /// # Errors
    /// As [`Module::new`].
    pub fn from_binary(engine: &Engine, binary: &[u8]) -> Result<Module> {
        Module::compile(engine, binary, None)
    }

    /// Compiles a module in a file, in binary or text form.
    ///
    /// # Errors
    /// As [`Module::new`], or if the file cannot be read; the file is named.
    pub fn from_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let file = file.as_ref();
        let bytes = read_within(file, &engine.config().module_limits)?;
        Module::new(engine, bytes).with_context(|| format!("cannot compile {}", file.display()))
    }

    /// Decodes and validates a module in binary form, and compiles nothing.
    ///
    /// # Errors
    /// As [`Module::new`].
    pub fn validate(engine: &Engine, binary: &[u8]) -> Result<()> {
        let compiling = Compiling::start(engine, None);
        let watch = compiling.watch();
        let Decoded { bodies, .. } = compiling.decode(binary, &watch)?;
        let mut scratch = WalkScratch::default();
        for body in bodies {
            body.validate(&mut scratch).map_err(|error| compiling.explain(error.into()))?;
        }
        Ok(())
    }

    fn compile(engine: &Engine, binary: &[u8], cancellation: Option<&Cancellation>) -> Result<Module> {
        let compiling = Compiling::start(engine, cancellation);
        let watch = compiling.watch();
        let decoded = compiling.decode(binary, &watch)?;
        let debug = DebugInfo::new(&decoded, engine.config().reads_debug_info());
        let Decoded { facts, data, bodies, .. } = decoded;
        let ranges = bodies.iter().map(|body| {
            let range = body.range();
            range.start as u32..range.end as u32
        });
        let ranges = ranges.collect();
        let locals = match engine.config().coredump_on_trap {
            true => bodies.iter().map(kinds_of_locals).collect(),
            false => Box::default(),
        };
        let facts = Arc::new(facts);
        let code = engine.tier().compile(&facts, binary, bodies).map_err(|error| compiling.explain(error))?;
        compiling.check()?;
        let types = engine.types().register_module(&facts);
        compiling.check()?;
        let runtime = windlass_runtime::Module::new(ModuleParts {
            facts,
            code,
            data: Arc::new(data.to_vec()),
            type_ids: types.ids.clone(),
            signatures: types.signatures.clone(),
        });
        let exports = by_name(runtime.facts());
        let inner = ModuleInner { engine: engine.clone(), runtime, types, exports, ranges, debug, locals };
        Ok(Module { inner: Arc::new(inner) })
    }

    /// Keeps the debug information of `binary` for backtraces that are printed from now on, unless the module has kept its own
    /// ([`Config::wasm_backtrace_details`](crate::Config::wasm_backtrace_details)). `binary` holds the bytes that the module was made of,
    /// or others with the same code: so debug information can be stripped and kept elsewhere, and costs nothing until
    /// something goes wrong.
    ///
    /// ```no_run
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// # let engine = Engine::default();
    /// # let mut store = Store::new(&engine, ());
    /// let module = Module::from_file(&engine, "stripped.wasm")?;
    /// let run = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "run")?;
    /// if let Err(error) = run.call(&mut store, ()) {
    ///     module.attach_debug_info(&std::fs::read("debug.wasm")?)?;
    ///     eprintln!("{error:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`DecodeError`](crate::DecodeError) if `binary` is no module.
    pub fn attach_debug_info(&self, binary: &[u8]) -> Result<()> {
        let compiling = Compiling::start(self.engine(), None);
        let watch = compiling.watch();
        let decoded = compiling.decode(binary, &watch)?;
        self.inner.debug.attach(&decoded);
        Ok(())
    }

    /// Whether the module has debug information that has not been kept: see [`Module::attach_debug_info`].
    ///
    /// ```
    /// # use windlass::*;
    /// # fn main() -> Result<()> {
    /// let module = Module::new(&Engine::default(), "(module)")?;
    /// assert!(!module.has_unread_debug_info());
    /// # Ok(())
    /// # }
    /// ```
    pub fn has_unread_debug_info(&self) -> bool {
        self.inner.debug.is_unread()
    }

    /// The name that the name section gives.
    pub fn name(&self) -> Option<&str> {
        self.facts().names.module.as_deref()
    }

    /// What it imports, in order of declaration.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.facts().imports.iter().map(|import| ImportType {
            module: &import.module,
            name: &import.name,
            ty: self.type_of(import.item),
        })
    }

    /// What it exports, in order of declaration.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        self.facts()
            .exports
            .iter()
            .map(|export| ExportType { name: &export.name, ty: self.type_of(export.item) })
    }

    /// The type of an export.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        Some(self.type_of(self.export(name)?))
    }

    /// An export, to be got from instances by [`Instance::get_module_export`](crate::Instance::get_module_export).
    pub fn get_export_index(&self, name: &str) -> Option<ModuleExport> {
        Some(ModuleExport { module: self.clone(), item: self.export(name)? })
    }

    /// The functions that it defines itself, in order.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = ModuleFunction> {
        let facts = self.facts();
        self.inner
            .ranges
            .iter()
            .enumerate()
            .map(|(i, range)| (range, facts.imported.functions + i as u32))
            .map(|(range, index)| ModuleFunction {
                index,
                name: facts.names.function(index).map(str::to_owned),
                offset: range.start as usize,
                len: range.len(),
            })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Whether both are the same module.
    pub fn same(a: &Module, b: &Module) -> bool {
        Arc::ptr_eq(&a.inner, &b.inner)
    }

    /// The code as its tier made it: for tools that know the tier.
    #[doc(hidden)]
    pub fn code(&self) -> &dyn std::any::Any {
        self.inner.runtime.code().as_any()
    }

    /// What decoding learned: for tools.
    #[doc(hidden)]
    pub fn facts(&self) -> &ModuleFacts {
        self.inner.runtime.facts()
    }

    /// What is exported under a name.
    pub(crate) fn export(&self, name: &str) -> Option<EntityIndex> {
        let (sorted, exports) = (&self.inner.exports, &self.facts().exports);
        let found = sorted.binary_search_by(|i| exports[*i as usize].name.as_str().cmp(name)).ok()?;
        Some(exports[sorted[found] as usize].item)
    }

    pub(crate) fn runtime(&self) -> &Arc<windlass_runtime::Module> {
        &self.inner.runtime
    }

    /// The locals that a function of the module's own declares, as runs of (count, kind): with `Config::coredump_on_trap`.
    pub(crate) fn locals(&self, own: u32) -> &[(u32, ValKind)] {
        self.inner.locals.get(own as usize).map_or(&[], |locals| locals)
    }

    pub(crate) fn debug_info(&self) -> &DebugInfo {
        &self.inner.debug
    }

    /// Byte offset in the module of the body of a function.
    pub(crate) fn function_start(&self, index: u32) -> Option<u32> {
        let own = self.facts().defined_func(index)?;
        Some(self.inner.ranges.get(own as usize)?.start)
    }

    /// The engine-wide id of a type of the type section.
    pub(crate) fn type_id(&self, index: u32) -> u32 {
        self.inner.types.ids[index as usize]
    }

    pub(crate) fn global_type(&self, index: u32) -> abi::GlobalType {
        let ty = self.facts().globals[index as usize];
        abi::GlobalType { value: map_val_type(ty.value, |i| self.type_id(i)), ..ty }
    }

    pub(crate) fn table_type(&self, index: u32) -> abi::TableType {
        let ty = self.facts().tables[index as usize];
        abi::TableType { element: map_ref_type(ty.element, |i| self.type_id(i)), ..ty }
    }

    /// The type of a member of the index spaces.
    pub(crate) fn type_of(&self, item: EntityIndex) -> ExternType {
        let engine = self.engine();
        let facts = self.facts();
        let func = |index: u32| FuncType::from_id(engine, self.type_id(index));
        match item {
            EntityIndex::Function(i) => func(facts.functions[i as usize]).into(),
            EntityIndex::Table(i) => TableType::from_abi(engine, &self.table_type(i)).into(),
            EntityIndex::Memory(i) => MemoryType::from_abi(&facts.memories[i as usize]).into(),
            EntityIndex::Global(i) => GlobalType::from_abi(engine, &self.global_type(i)).into(),
            EntityIndex::Tag(i) => TagType::new(func(facts.tags[i as usize])).into(),
        }
    }
}

/// The kinds of the locals that a body declares, if that can be read.
fn kinds_of_locals(body: &Body<'_>) -> LocalKinds {
    let locals = body.locals().unwrap_or_default();
    locals.into_iter().map(|(count, ty)| (count, ty.kind())).collect()
}

/// Positions of the exports, in the order of their names.
fn by_name(facts: &ModuleFacts) -> Box<[u32]> {
    let mut sorted: Box<[u32]> = (0..facts.exports.len() as u32).collect();
    sorted.sort_unstable_by_key(|i| facts.exports[*i as usize].name.as_str());
    sorted
}

/// A module in binary form. The text of one may be as long as the module.
fn to_binary<'a>(engine: &Engine, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    engine.config().module_limits.check_size(bytes.len())?;
    #[cfg(feature = "wat")]
    return Ok(windlass_wasm::text::parse(bytes)?);
    #[cfg(not(feature = "wat"))]
    Ok(Cow::Borrowed(bytes))
}

/// The bytes of a file, if they are not more than a module may have.
fn read_within(file: &Path, limits: &ModuleLimits) -> Result<Vec<u8>> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut source = File::open(file)?;
        let mut bytes = Vec::new();
        // Not everything has a size that can be asked for.
        while limits.check_size(bytes.len()).is_ok()
            && source.by_ref().take(1 << 20).read_to_end(&mut bytes)? > 0
        {}
        Ok(bytes)
    };
    let bytes = read().with_context(|| format!("cannot read {}", file.display()))?;
    limits.check_size(bytes.len()).with_context(|| format!("cannot compile {}", file.display()))?;
    Ok(bytes)
}

// A module does not change after it was made, but for functions that are compiled when first called: whole, or not at all.
impl UnwindSafe for Module {}
impl RefUnwindSafe for Module {}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ModuleExport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModuleExport").field("item", &self.item).finish_non_exhaustive()
    }
}
