//! What is in a store, and the model of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use windlass::{
    AsContextMut, Caller, Engine, ExnRef, ExnRefPre, ExnType, Extern, ExternRef, Func, FuncType, Global,
    GlobalType, Instance, InterruptHandle, Linker, Memory, MemoryType, Module, Mutability, OwnedRooted, Ref,
    RefType, Result, RootScope, Rooted, Store, StoreContextMut, StoreLimits, Table, TableType, Tag, TagType,
    Trap, Val, ValType, bail,
};

/// A store, borrowed, as calls get it.
pub type Cx<'a> = StoreContextMut<'a, Host>;

/// The guest.
const SUBJECT: &str = include_str!("subject.wat");

/// Bytes of a page.
pub const PAGE: usize = 65_536;

/// The host's data.
pub struct Host {
    /// What the store may hold.
    pub limits: StoreLimits,
    /// Counts the values that references hold.
    tokens: Arc<()>,
    /// The number of the next of them.
    next: u32,
}

/// What references hold: a number, counted.
pub struct Token(pub u32, #[expect(dead_code, reason = "it is counted")] Arc<()>);

impl Host {
    fn new(limits: StoreLimits) -> Host {
        Host { limits, tokens: Arc::new(()), next: 1 }
    }
}

/// A value in the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    I32(i32),
    I64(i64),
    F64(u64),
    V128(u128),
    Extern(Option<u32>),
}

/// A memory in the model.
pub struct MemoryModel {
    pub bytes: Vec<u8>,
    pub max: Option<u64>,
}

/// A table in the model: the numbers of what its references hold.
pub struct TableModel {
    pub elements: Vec<Option<u32>>,
    pub max: Option<u64>,
}

/// A global in the model.
pub struct GlobalModel {
    pub mutable: bool,
    pub value: Value,
}

/// An instance of the subject: where its exports stand in the model.
#[derive(Clone, Copy)]
pub struct SubjectModel {
    pub instance: Instance,
    pub memory: usize,
    pub table: usize,
    pub number: usize,
    pub reference: usize,
}

/// Things of another store of the same engine.
pub struct Foreign {
    #[expect(dead_code, reason = "it keeps the others alive")]
    store: Store<Host>,
    pub instance: Instance,
    pub memory: Memory,
    pub table: Table,
    pub global: Global,
    pub func: Func,
    pub tag: Tag,
    pub reference: Rooted<ExternRef>,
    pub owned: OwnedRooted<ExternRef>,
    /// The subject, of another engine.
    pub module: Module,
}

/// What is in the store.
pub struct Model {
    pub memories: Vec<(Memory, MemoryModel)>,
    pub tables: Vec<(Table, TableModel)>,
    pub globals: Vec<(Global, GlobalModel)>,
    pub instances: Vec<SubjectModel>,
    pub owned: Vec<(OwnedRooted<ExternRef>, u32)>,
    /// Rooted in no scope: as long as the store lives.
    pub rooted: Vec<(Rooted<ExternRef>, u32)>,
    /// Rooted in scopes that have ended.
    pub stale: Vec<Rooted<ExternRef>>,
    /// The payload of the exception that is pending.
    pub pending: Option<(i32, Option<u32>)>,
    /// The limits on memories in bytes, and on tables in elements.
    pub limits: (usize, usize),
    pub module: Module,
    pub linker: Linker<Host>,
    pub tag: Tag,
    pub handle: InterruptHandle,
    pub foreign: Foreign,
    /// What the last call came to, for the comparison of tiers.
    pub summary: String,
}

/// The store and the model.
pub struct World {
    pub store: Store<Host>,
    pub model: Model,
}

/// A deadline that never comes.
pub const NEVER: u64 = u64::MAX / 2;

impl World {
    /// A store with one instance of the subject.
    pub fn new(engine: &Engine, other: &Engine) -> World {
        World::try_new(engine, other).expect("nothing stands against it")
    }

    fn try_new(engine: &Engine, other: &Engine) -> Result<World> {
        let module = Module::new(engine, SUBJECT)?;
        let mut store = Store::new(engine, Host::new(StoreLimits::default()));
        store.limiter(|host| &mut host.limits);
        store.set_epoch_deadline(NEVER);
        let (linker, tag) = linker(&mut store)?;
        let mut model = Model {
            memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            instances: Vec::new(),
            owned: Vec::new(),
            rooted: Vec::new(),
            stale: Vec::new(),
            pending: None,
            limits: (usize::MAX, usize::MAX),
            foreign: Foreign::new(engine, &module, Module::new(other, SUBJECT)?)?,
            handle: store.interrupt_handle()?,
            summary: String::new(),
            module,
            linker,
            tag,
        };
        let instance = model.linker.instantiate(&mut store, &model.module)?;
        model.add_instance(&mut store.as_context_mut(), instance);
        Ok(World { store, model })
    }

    /// Counts the values that references hold, and itself.
    pub fn tokens(&self) -> Arc<()> {
        self.store.data().tokens.clone()
    }

    /// What the last call came to.
    pub fn summary(&self) -> &str {
        &self.model.summary
    }

    /// Whether store and model agree, after a collection.
    pub fn check(&mut self) -> Result<(), String> {
        let mut scope = RootScope::new(&mut self.store);
        let mut cx = scope.as_context_mut();
        let model = &mut self.model;
        for (memory, wanted) in &model.memories {
            if memory.data(&cx) != wanted.bytes {
                return Err("a memory's contents".into());
            }
        }
        for (table, wanted) in &model.tables {
            let size = table.size(&cx);
            let found: Vec<Option<u32>> = (0..size)
                .map(|i| table.get(&mut cx, i).map(|r| number(&cx, r)))
                .collect::<Option<_>>()
                .unwrap_or_default();
            if found != wanted.elements {
                return Err(format!("a table's elements: {found:?}, wanted {:?}", wanted.elements));
            }
        }
        for (global, wanted) in &model.globals {
            let found = global.get(&mut cx);
            let found = value(&cx, found);
            if found != wanted.value {
                return Err(format!("a global's value: {found:?}, wanted {:?}", wanted.value));
            }
        }
        drop(scope);
        self.model.collect(&mut self.store.as_context_mut())
    }
}

impl Foreign {
    fn new(engine: &Engine, subject: &Module, module: Module) -> Result<Foreign> {
        let mut store = Store::new(engine, Host::new(StoreLimits::default()));
        let (linker, tag) = linker(&mut store)?;
        let instance = linker.instantiate(&mut store, subject)?;
        let global = GlobalType::new(ValType::I32, Mutability::Var);
        let reference = fresh(&mut store.as_context_mut())?;
        Ok(Foreign {
            memory: Memory::new(&mut store, MemoryType::new(1, None))?,
            table: Table::new(&mut store, TableType::new(RefType::EXTERNREF, 2, None), Ref::Extern(None))?,
            global: Global::new(&mut store, global, Val::I32(1))?,
            func: Func::wrap(&mut store, |x: i32| x),
            owned: reference.to_owned_rooted(&mut store)?,
            reference,
            instance,
            tag,
            store,
            module,
        })
    }
}

/// Puts a counted value on the heap.
pub fn fresh(cx: &mut Cx<'_>) -> Result<Rooted<ExternRef>> {
    let host = cx.data_mut();
    let token = Token(host.next, host.tokens.clone());
    host.next += 1;
    ExternRef::new(cx, token)
}

/// The number of what a reference holds.
pub fn held(cx: &Cx<'_>, reference: Rooted<ExternRef>) -> u32 {
    let data = reference.data(cx).expect("its scope has not ended").expect("it is of the host");
    data.downcast_ref::<Token>().expect("it is a token").0
}

/// As [`held`], of a reference that may be null.
pub fn number(cx: &Cx<'_>, reference: Ref) -> Option<u32> {
    reference.unwrap_extern().map(|reference| held(cx, *reference))
}

/// A value in terms of the model.
pub fn value(cx: &Cx<'_>, val: Val) -> Value {
    match val {
        Val::I32(value) => Value::I32(value),
        Val::I64(value) => Value::I64(value),
        Val::F64(bits) => Value::F64(bits),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::ExternRef(reference) => Value::Extern(reference.map(|reference| held(cx, reference))),
        other => panic!("the model has no such value: {other:?}"),
    }
}

impl Model {
    /// Remembers an instance of the subject.
    pub fn add_instance(&mut self, cx: &mut Cx<'_>, instance: Instance) {
        let subject = SubjectModel {
            instance,
            memory: self.memories.len(),
            table: self.tables.len(),
            number: self.globals.len(),
            reference: self.globals.len() + 1,
        };
        let memory = instance.get_memory(&mut *cx, "memory").expect("it is exported");
        let table = instance.get_table(&mut *cx, "table").expect("it is exported");
        let number = instance.get_global(&mut *cx, "number").expect("it is exported");
        let reference = instance.get_global(&mut *cx, "reference").expect("it is exported");
        self.memories.push((memory, MemoryModel { bytes: vec![0; PAGE], max: Some(3) }));
        self.tables.push((table, TableModel { elements: vec![None; 4], max: Some(10) }));
        self.globals.push((number, GlobalModel { mutable: true, value: Value::I64(5) }));
        self.globals.push((reference, GlobalModel { mutable: true, value: Value::Extern(None) }));
        self.instances.push(subject);
    }

    /// Collects garbage: what is then alive must be what can be reached.
    pub fn collect(&mut self, cx: &mut Cx<'_>) -> Result<(), String> {
        cx.gc(None).map_err(|error| format!("a collection fails: {error:?}"))?;
        let mut reachable: BTreeSet<u32> = BTreeSet::new();
        reachable.extend(self.owned.iter().map(|(_, number)| *number));
        reachable.extend(self.rooted.iter().map(|(_, number)| *number));
        reachable.extend(self.tables.iter().flat_map(|(_, table)| table.elements.iter().flatten()));
        reachable.extend(self.globals.iter().filter_map(|(_, global)| match global.value {
            Value::Extern(number) => number,
            _ => None,
        }));
        reachable.extend(self.pending.and_then(|(_, number)| number));
        // The store's own and the test's.
        let alive = Arc::strong_count(&cx.data().tokens) - 2;
        if alive == reachable.len() {
            return Ok(());
        }
        Err(format!("{alive} values are alive after a collection, and {} can be reached", reachable.len()))
    }
}

/// A linker with what the subject imports, and the tag among it.
fn linker(store: &mut Store<Host>) -> Result<(Linker<Host>, Tag)> {
    let engine = store.engine().clone();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "add", |a: i32, b: i64| b.wrapping_add(a.into()))?;
    linker.func_wrap("host", "same", same)?;
    let ty = TagType::new(FuncType::new(&engine, [ValType::I32, ValType::EXTERNREF], []));
    let tag = Tag::new(&mut *store, &ty)?;
    linker.define(&*store, "host", "tag", tag)?;
    linker.func_wrap("host", "end", move |caller: Caller<'_, Host>, how: i32| end(caller, how, tag))?;
    Ok((linker, tag))
}

/// The host function that gives back what it gets, after a collection.
fn same(mut caller: Caller<'_, Host>, x: Option<Rooted<ExternRef>>) -> Result<Option<Rooted<ExternRef>>> {
    caller.gc(None)?;
    Ok(x)
}

/// The host function that ends in many ways: see the table of calls.
fn end(mut caller: Caller<'_, Host>, how: i32, tag: Tag) -> Result<i32> {
    match how {
        1 => bail!("the host says no"),
        2 => panic!("the host panics"),
        3 => {
            let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
            let allocator = ExnRefPre::new(&mut caller, ty);
            let payload = [Val::I32(7), Val::ExternRef(None)];
            let exception = ExnRef::new(&mut caller, &allocator, &tag, &payload)?;
            caller.as_context_mut().throw(exception)
        }
        4 => Err(Trap::UnreachableCodeReached.into()),
        5 => {
            let Some(Extern::Func(seven)) = caller.get_export("seven") else { bail!("it is exported") };
            seven.typed::<(), i32>(&caller)?.call(&mut caller, ())
        }
        6 => {
            fresh(&mut caller.as_context_mut())?;
            caller.gc(None)?;
            Ok(60)
        }
        _ => Ok(40),
    }
}
