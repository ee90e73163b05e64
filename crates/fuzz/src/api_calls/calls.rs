//! The table of calls: each is made on the store and on the model, and says whether both agree.
//!
//! `None` means that there was nothing to do it with. A call's own roots end with it, except where roots are what it is about.

use super::world::{Cx, GlobalModel, Host, MemoryModel, Model, NEVER, PAGE, SubjectModel, TableModel, Value};
use super::world::{World, fresh, held, number, value};
use super::{Outcome, Step, catch};
use arbitrary::Unstructured;
use std::fmt::Debug;
use windlass::{
    AsContextMut, Error, Extern, ExternRef, Func, Global, GlobalType, IncompatibleImportError, Instance,
    Linker, Memory, MemoryType, Module, Mutability, OwnedRooted, Ref, RefType, RootScope, Rooted,
    SharedMemory, StoreLimitsBuilder, Table, TableType, Tag, ThrownException, Trap, UnknownImportError, Val,
    ValType,
};

/// A row of the table.
pub struct Call {
    /// Its name.
    pub name: &'static str,
    /// Makes it.
    pub make: fn(&mut World, &mut Unstructured<'_>) -> Option<Outcome>,
}

macro_rules! calls {
    ($( $name:ident )*) => {
        /// Every call.
        pub const CALLS: &[Call] = &[ $( Call { name: stringify!($name), make: |world, input| {
            let World { store, model } = world;
            model.summary.clear();
            let mut scope = RootScope::new(&mut *store);
            $name(&mut scope.as_context_mut(), model, input)
        } }, )*
            Call { name: "root", make: root },
            Call { name: "scope", make: scope },
        ];
    };
}

calls! {
    memory_new memory_read memory_write memory_grow
    guest_load guest_store guest_fill guest_copy guest_grow
    table_new table_get table_set table_grow table_fill table_copy
    guest_table_get guest_table_set guest_table_grow
    global_new global_get global_set guest_swap guest_keep
    own disown reference_equality stale collect
    through_host add indirect divide recurse
    throw exception_take end catch_exception
    spin_dry spin_interrupted spin_epoch no_fuel
    limits instantiate link_unknown link_wrong link_twice
    wrong_arguments wrong_types absent shared_memory misuse
}

/// Fuel for calls that are to end by themselves.
const FUEL: u64 = 1_000_000;

/// Any of several.
fn any(input: &mut Unstructured<'_>, len: usize) -> Option<usize> {
    input.choose_index(len).ok()
}

/// A number, often small.
fn small(input: &mut Unstructured<'_>, limit: u64) -> Option<u64> {
    input.int_in_range(0..=limit).ok()
}

/// An address in a memory or about its end.
fn address(input: &mut Unstructured<'_>, size: usize) -> Option<u32> {
    Some(match small(input, 3)? {
        0 => (size as u32).saturating_sub(small(input, 16)? as u32),
        1 => size as u32 + small(input, 16)? as u32,
        2 => input.arbitrary().ok()?,
        _ => small(input, PAGE as u64)? as u32,
    })
}

/// Found what was wanted?
fn same<T: PartialEq + Debug>(what: &str, found: T, wanted: T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what} is {found:?}, and should be {wanted:?}")) }
}

/// An error where there must be one, in these words.
fn refused<T: Debug>(result: windlass::Result<T>, words: &str) -> Outcome {
    match result {
        Err(error) if format!("{error:#}").contains(words) => Ok(Step::Refused),
        other => Err(format!("{other:?}, where an error should say {words:?}")),
    }
}

/// How a call ended that did not return.
fn ended(error: &Error) -> Step {
    if error.is::<ThrownException>() {
        return Step::Threw;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Step::RanDry,
        Some(Trap::Interrupt) => Step::Interrupted,
        Some(_) => Step::Trapped,
        None => Step::Refused,
    }
}

/// A trap where there must be one.
fn trapped<T: Debug>(result: windlass::Result<T>, wanted: Trap) -> Outcome {
    match result {
        Err(error) if error.downcast_ref() == Some(&wanted) => Ok(ended(&error)),
        other => Err(format!("{other:?}, where there should be a trap: {wanted}")),
    }
}

/// A panic where there must be one, in these words.
fn panics<T: Debug>(call: impl FnOnce() -> T, words: &str) -> Outcome {
    match catch(call) {
        Err(text) if text.contains(words) => Ok(Step::Panicked),
        other => Err(format!("{other:?}, where a panic should say {words:?}")),
    }
}

/// Returned, and the model agrees.
fn returned(agrees: Result<(), String>) -> Option<Outcome> {
    Some(agrees.map(|()| Step::Returned))
}

/// Calls an export of the subject.
fn guest(
    cx: &mut Cx<'_>,
    model: &mut Model,
    subject: SubjectModel,
    name: &str,
    arguments: &[Val],
) -> windlass::Result<Vec<Val>> {
    cx.set_fuel(FUEL)?;
    let func = subject.instance.get_func(&mut *cx, name).expect("it is exported");
    let mut results = vec![Val::I32(0); func.ty(&*cx).results().len()];
    let called = func.call(&mut *cx, arguments, &mut results);
    model.summary = format!("{:?} with fuel {}", called.as_ref().map_err(ended), cx.get_fuel()?);
    called.map(|()| results)
}

fn subject(model: &Model, input: &mut Unstructured<'_>) -> Option<SubjectModel> {
    Some(model.instances[any(input, model.instances.len())?])
}

fn i32s(numbers: &[u32]) -> Vec<Val> {
    numbers.iter().map(|number| Val::I32(*number as i32)).collect()
}

/// A reference to put somewhere: null, a new one, or one that is held already.
fn reference(
    cx: &mut Cx<'_>,
    model: &Model,
    input: &mut Unstructured<'_>,
) -> Option<(Option<Rooted<ExternRef>>, Option<u32>)> {
    Some(match small(input, 3)? {
        0 => (None, None),
        1 if !model.owned.is_empty() => {
            let (owned, number) = &model.owned[any(input, model.owned.len())?];
            (Some(owned.to_rooted(cx)), Some(*number))
        }
        2 if !model.rooted.is_empty() => {
            let (rooted, number) = model.rooted[any(input, model.rooted.len())?];
            (Some(rooted), Some(number))
        }
        _ => {
            let reference = fresh(cx).ok()?;
            let number = held(cx, reference);
            (Some(reference), Some(number))
        }
    })
}

// Memories.

fn memory_new(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (min, max) = (small(input, 3)?, if input.arbitrary().ok()? { Some(small(input, 4)?) } else { None });
    let ty = MemoryType::builder().min(min).max(max).build();
    if max.is_some_and(|max| max < min) {
        return Some(refused(ty, ""));
    }
    let allowed = min as usize * PAGE <= model.limits.0;
    match (Memory::new(&mut *cx, ty.ok()?), allowed) {
        (Ok(memory), true) => {
            let bytes = vec![0; min as usize * PAGE];
            let agrees = same("its size", memory.data_size(&*cx), bytes.len());
            model.memories.push((memory, MemoryModel { bytes, max }));
            returned(agrees)
        }
        (result, true) => Some(Err(format!("{result:?}"))),
        (result, false) => Some(refused(result, "limit")),
    }
}

fn memory_read(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (memory, wanted) = &model.memories[any(input, model.memories.len())?];
    let (at, len) = (address(input, wanted.bytes.len())? as usize, small(input, 40)? as usize);
    let mut buffer = vec![0xaa; len];
    let result = memory.read(&*cx, at, &mut buffer);
    match wanted.bytes.get(at..at + len) {
        Some(bytes) => returned(same("what is read", (result.is_ok(), buffer.as_slice()), (true, bytes))),
        None => Some(refused(result.map_err(Error::new), "")),
    }
}

fn memory_write(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (memory, wanted) = pick(&mut model.memories, input)?;
    let at = address(input, wanted.bytes.len())? as usize;
    let len = small(input, 20)? as usize;
    let bytes = input.bytes(len).ok()?;
    let result = memory.write(&mut *cx, at, bytes);
    match wanted.bytes.get_mut(at..at + len) {
        Some(place) => {
            place.copy_from_slice(bytes);
            returned(same("whether it is written", result.is_ok(), true))
        }
        None => Some(refused(result.map_err(Error::new), "")),
    }
}

/// One of a list.
fn pick<'m, T>(list: &'m mut [T], input: &mut Unstructured<'_>) -> Option<&'m mut T> {
    let at = any(input, list.len())?;
    list.get_mut(at)
}

/// The old size in pages, if the memory may grow; the model has then grown.
fn grow_model(memory: &mut MemoryModel, delta: u64, limit: usize) -> Option<u64> {
    let old = (memory.bytes.len() / PAGE) as u64;
    let new = old.checked_add(delta)?;
    let fits = new <= memory.max.unwrap_or(65_536) && new.checked_mul(PAGE as u64)? <= limit as u64;
    if fits {
        memory.bytes.resize(new as usize * PAGE, 0);
    }
    fits.then_some(old)
}

/// By how many pages to grow: no more than the test can hold.
fn pages(input: &mut Unstructured<'_>, memory: &MemoryModel) -> Option<u64> {
    let most = if memory.bytes.len() < 4 * PAGE { 2 } else { 0 };
    Some(match small(input, 4)? {
        0 if memory.max.is_some() => 65_536,
        _ => small(input, most)?,
    })
}

fn memory_grow(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let limit = model.limits.0;
    let (memory, wanted) = pick(&mut model.memories, input)?;
    let delta = pages(input, wanted)?;
    let result = memory.grow(&mut *cx, delta);
    match grow_model(wanted, delta, limit) {
        Some(old) => returned(same("the old size", result.map_err(|e| e.to_string()), Ok(old))),
        None => Some(refused(result, "")),
    }
}

fn guest_grow(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let delta = pages(input, &model.memories[subject.memory].1)?;
    let result = guest(cx, model, subject, "grow", &i32s(&[delta as u32]));
    let wanted = grow_model(&mut model.memories[subject.memory].1, delta, model.limits.0);
    let wanted = wanted.map_or(-1, |old| old as i32);
    returned(only(cx, result, Value::I32(wanted)))
}

/// Whether the only result is that of the model.
fn only(cx: &Cx<'_>, result: windlass::Result<Vec<Val>>, wanted: Value) -> Result<(), String> {
    let found = result.map_err(|error| format!("{error:?}, where {wanted:?} should be returned"))?;
    same("the result", found.iter().map(|val| value(cx, *val)).collect(), vec![wanted])
}

/// Whether it returned nothing.
fn nothing(result: windlass::Result<Vec<Val>>) -> Option<Outcome> {
    returned(same("the result", result.map(|results| results.len()).map_err(|e| format!("{e:?}")), Ok(0)))
}

fn guest_load(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let at = address(input, model.memories[subject.memory].1.bytes.len())?;
    let result = guest(cx, model, subject, "load", &i32s(&[at]));
    match model.memories[subject.memory].1.bytes.get(at as usize) {
        Some(byte) => returned(only(cx, result, Value::I32(i32::from(*byte)))),
        None => Some(trapped(result, Trap::MemoryOutOfBounds)),
    }
}

fn guest_store(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let at = address(input, model.memories[subject.memory].1.bytes.len())?;
    let byte: u8 = input.arbitrary().ok()?;
    let result = guest(cx, model, subject, "store", &i32s(&[at, byte.into()]));
    match model.memories[subject.memory].1.bytes.get_mut(at as usize) {
        Some(place) => {
            *place = byte;
            nothing(result)
        }
        None => Some(trapped(result, Trap::MemoryOutOfBounds)),
    }
}

fn guest_fill(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let size = model.memories[subject.memory].1.bytes.len();
    let (at, len, byte) = (address(input, size)?, address(input, size)?, input.arbitrary::<u8>().ok()?);
    let result = guest(cx, model, subject, "fill", &i32s(&[at, byte.into(), len]));
    match model.memories[subject.memory].1.bytes.get_mut(at as usize..at as usize + len as usize) {
        Some(place) => {
            place.fill(byte);
            nothing(result)
        }
        None => Some(trapped(result, Trap::MemoryOutOfBounds)),
    }
}

fn guest_copy(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let size = model.memories[subject.memory].1.bytes.len();
    let (to, from, len) = (address(input, size)?, address(input, size)?, address(input, size)?);
    let result = guest(cx, model, subject, "copy", &i32s(&[to, from, len]));
    let (to, from, len) = (to as usize, from as usize, len as usize);
    if to + len <= size && from + len <= size {
        model.memories[subject.memory].1.bytes.copy_within(from..from + len, to);
        nothing(result)
    } else {
        Some(trapped(result, Trap::MemoryOutOfBounds))
    }
}

// Tables.

fn table_new(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (min, max) = (small(input, 8)?, if input.arbitrary().ok()? { Some(small(input, 12)?) } else { None });
    let (init, number) = reference(cx, model, input)?;
    let ty = TableType::new(RefType::EXTERNREF, min as u32, max.map(|max| max as u32));
    let table = Table::new(&mut *cx, ty, Ref::Extern(init));
    if max.is_some_and(|max| max < min) {
        return Some(refused(table, "exceeds its maximum"));
    }
    match (table, min as usize <= model.limits.1) {
        (Ok(table), true) => {
            let agrees = same("its size", table.size(&*cx), min);
            model.tables.push((table, TableModel { elements: vec![number; min as usize], max }));
            returned(agrees)
        }
        (result, true) => Some(Err(format!("{result:?}"))),
        (result, false) => Some(refused(result, "limit")),
    }
}

fn table_get(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (table, wanted) = pick(&mut model.tables, input)?;
    let at = small(input, 12)?;
    let found = table.get(&mut *cx, at).map(|element| number(cx, element));
    returned(same("the element", found, wanted.elements.get(at as usize).copied()))
}

fn table_set(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (element, number) = reference(cx, model, input)?;
    let (table, wanted) = pick(&mut model.tables, input)?;
    let at = small(input, 12)?;
    let result = table.set(&mut *cx, at, Ref::Extern(element));
    match wanted.elements.get_mut(at as usize) {
        Some(place) => {
            *place = number;
            returned(same("whether it is set", result.is_ok(), true))
        }
        None => Some(refused(result, "")),
    }
}

/// The old size, if the table may grow; the model has then grown.
fn grow_table_model(table: &mut TableModel, delta: u64, init: Option<u32>, limit: usize) -> Option<u64> {
    let old = table.elements.len() as u64;
    let new = old.checked_add(delta)?;
    let fits = new <= table.max.unwrap_or(u32::MAX.into()) && new <= limit as u64;
    if fits {
        table.elements.resize(new as usize, init);
    }
    fits.then_some(old)
}

/// By how many elements to grow: no more than the test can hold.
fn elements(input: &mut Unstructured<'_>, table: &TableModel) -> Option<u64> {
    Some(match small(input, 4)? {
        0 if table.max.is_some() => u32::MAX.into(),
        _ if table.elements.len() > 1_000 => 0,
        _ => small(input, 5)?,
    })
}

fn table_grow(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (init, number) = reference(cx, model, input)?;
    let limit = model.limits.1;
    let (table, wanted) = pick(&mut model.tables, input)?;
    let delta = elements(input, wanted)?;
    let result = table.grow(&mut *cx, delta, Ref::Extern(init));
    match grow_table_model(wanted, delta, number, limit) {
        Some(old) => returned(same("the old size", result.map_err(|e| e.to_string()), Ok(old))),
        None => Some(refused(result, "")),
    }
}

fn table_fill(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (element, number) = reference(cx, model, input)?;
    let (table, wanted) = pick(&mut model.tables, input)?;
    let (at, len) = (small(input, 12)?, small(input, 12)?);
    let result = table.fill(&mut *cx, at, Ref::Extern(element), len);
    match wanted.elements.get_mut(at as usize..(at + len) as usize) {
        Some(place) => {
            place.fill(number);
            returned(same("whether it is filled", result.is_ok(), true))
        }
        None => Some(refused(result, "")),
    }
}

fn table_copy(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (to, from) = (any(input, model.tables.len())?, any(input, model.tables.len())?);
    let (at, source) = (small(input, 12)? as usize, small(input, 12)? as usize);
    let len = small(input, 12)? as usize;
    let result = Table::copy(
        &mut *cx,
        &model.tables[to].0,
        at as u64,
        &model.tables[from].0,
        source as u64,
        len as u64,
    );
    let moved = model.tables[from].1.elements.get(source..source + len).map(<[_]>::to_vec);
    match (moved, model.tables[to].1.elements.get_mut(at..at + len)) {
        (Some(moved), Some(place)) => {
            place.copy_from_slice(&moved);
            returned(same("whether it is copied", result.is_ok(), true))
        }
        _ => Some(refused(result, "")),
    }
}

fn guest_table_get(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let at = small(input, 12)?;
    let result = guest(cx, model, subject, "table_get", &i32s(&[at as u32]));
    model.summary.clear();
    match model.tables[subject.table].1.elements.get(at as usize) {
        Some(number) => returned(only(cx, result, Value::Extern(*number))),
        None => Some(trapped(result, Trap::TableOutOfBounds)),
    }
}

fn guest_table_set(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let at = small(input, 12)?;
    let (element, number) = reference(cx, model, input)?;
    let arguments = [Val::I32(at as i32), Val::ExternRef(element)];
    let result = guest(cx, model, subject, "table_set", &arguments);
    match model.tables[subject.table].1.elements.get_mut(at as usize) {
        Some(place) => {
            *place = number;
            nothing(result)
        }
        None => Some(trapped(result, Trap::TableOutOfBounds)),
    }
}

fn guest_table_grow(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let delta = elements(input, &model.tables[subject.table].1)?;
    let (init, number) = reference(cx, model, input)?;
    let arguments = [Val::I32(delta as u32 as i32), Val::ExternRef(init)];
    let result = guest(cx, model, subject, "table_grow", &arguments);
    let wanted = grow_table_model(&mut model.tables[subject.table].1, delta, number, model.limits.1);
    returned(only(cx, result, Value::I32(wanted.map_or(-1, |old| old as i32))))
}

// Globals.

/// A value of a type: that of the model, or another.
fn any_value(cx: &mut Cx<'_>, model: &Model, input: &mut Unstructured<'_>) -> Option<(Val, Value, ValType)> {
    Some(match small(input, 4)? {
        0 => {
            let x = input.arbitrary().ok()?;
            (Val::I32(x), Value::I32(x), ValType::I32)
        }
        1 => {
            let x = input.arbitrary().ok()?;
            (Val::I64(x), Value::I64(x), ValType::I64)
        }
        2 => {
            let bits = input.arbitrary().ok()?;
            (Val::F64(bits), Value::F64(bits), ValType::F64)
        }
        3 => {
            let x: u128 = input.arbitrary().ok()?;
            (Val::V128(x.into()), Value::V128(x), ValType::V128)
        }
        _ => {
            let (reference, number) = reference(cx, model, input)?;
            (Val::ExternRef(reference), Value::Extern(number), ValType::EXTERNREF)
        }
    })
}

fn global_new(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let mutable = input.arbitrary().ok()?;
    let mutability = if mutable { Mutability::Var } else { Mutability::Const };
    let (val, value, ty) = any_value(cx, model, input)?;
    match Global::new(&mut *cx, GlobalType::new(ty, mutability), val) {
        Ok(global) => {
            model.globals.push((global, GlobalModel { mutable, value }));
            Some(Ok(Step::Returned))
        }
        Err(error) => Some(Err(format!("{error:?}"))),
    }
}

fn global_get(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (global, wanted) = pick(&mut model.globals, input)?;
    let found = global.get(&mut *cx);
    returned(same("the value", value(cx, found), wanted.value))
}

fn global_set(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (val, value, _) = any_value(cx, model, input)?;
    let (global, wanted) = pick(&mut model.globals, input)?;
    let result = global.set(&mut *cx, val);
    if !wanted.mutable {
        return Some(refused(result, "a constant global cannot be set"));
    }
    if std::mem::discriminant(&value) != std::mem::discriminant(&wanted.value) {
        return Some(refused(result, "type mismatch"));
    }
    wanted.value = value;
    returned(same("whether it is set", result.is_ok(), true))
}

fn guest_swap(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let new = input.arbitrary().ok()?;
    let result = guest(cx, model, subject, "swap", &[Val::I64(new)]);
    let old = std::mem::replace(&mut model.globals[subject.number].1.value, Value::I64(new));
    returned(only(cx, result, old))
}

fn guest_keep(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let (new, number) = reference(cx, model, input)?;
    let result = guest(cx, model, subject, "keep", &[Val::ExternRef(new)]);
    model.summary.clear();
    let old = std::mem::replace(&mut model.globals[subject.reference].1.value, Value::Extern(number));
    let found = result.map(|all| all.into_iter().map(|val| value(cx, val)).collect::<Vec<_>>());
    returned(same("the result", found.map_err(|e| e.to_string()), Ok(vec![old, Value::Extern(number)])))
}

// References.

/// Outside of any scope.
fn root(world: &mut World, _: &mut Unstructured<'_>) -> Option<Outcome> {
    let World { store, model } = world;
    let mut cx = store.as_context_mut();
    let reference = fresh(&mut cx).ok()?;
    model.rooted.push((reference, held(&cx, reference)));
    Some(Ok(Step::Returned))
}

/// In scopes within each other; all end.
fn scope(world: &mut World, _: &mut Unstructured<'_>) -> Option<Outcome> {
    let World { store, model } = world;
    let mut outer = RootScope::new(&mut *store);
    let a = fresh(&mut outer.as_context_mut()).ok()?;
    let b = {
        let mut inner = RootScope::new(&mut outer);
        fresh(&mut inner.as_context_mut()).ok()?
    };
    let alive = a.data(&outer).is_ok();
    let ended = b.data(&outer).is_err();
    drop(outer);
    model.stale.extend([a, b]);
    returned(same("what lives in a scope", (alive, ended, a.data(&*store).is_err()), (true, true, true)))
}

fn own(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (Some(reference), Some(number)) = reference(cx, model, input)? else { return None };
    let owned = reference.to_owned_rooted(&mut *cx).ok()?;
    if input.arbitrary().ok()? {
        model.owned.push((owned.clone(), number));
    }
    model.owned.push((owned, number));
    Some(Ok(Step::Returned))
}

fn disown(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let at = any(input, model.owned.len())?;
    let (owned, number) = model.owned.swap_remove(at);
    let reference = owned.into_rooted(&mut *cx);
    returned(same("what it holds", held(cx, reference), number))
}

fn reference_equality(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let (Some(a), Some(first)) = reference(cx, model, input)? else { return None };
    let (Some(b), Some(second)) = reference(cx, model, input)? else { return None };
    let owned = b.to_owned_rooted(&mut *cx).ok()?;
    cx.gc(None).ok()?;
    let equal = Rooted::ref_eq(&*cx, &a, &b).map_err(|e| e.to_string());
    let again = OwnedRooted::ref_eq(&*cx, &owned, &a).map_err(|e| e.to_string());
    returned(same("whether they are the same", (equal, again), (Ok(first == second), Ok(first == second))))
}

fn stale(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    const WORDS: &str = "scope has ended";
    let stale = *pick(&mut model.stale, input)?;
    Some(match small(input, 4)? {
        0 => refused(stale.data(&*cx).map(|_| ()), WORDS),
        1 => refused(stale.to_owned_rooted(&mut *cx), WORDS),
        2 => refused(model.tables[0].0.set(&mut *cx, 0, Ref::Extern(Some(stale))), WORDS),
        3 => {
            let subject = subject(model, input)?;
            refused(guest(cx, model, subject, "through_host", &[Val::ExternRef(Some(stale))]), WORDS)
        }
        _ => refused(Rooted::ref_eq(&*cx, &stale, &stale), WORDS),
    })
}

fn collect(cx: &mut Cx<'_>, model: &mut Model, _: &mut Unstructured<'_>) -> Option<Outcome> {
    returned(model.collect(cx))
}

// Calls.

fn through_host(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let (reference, number) = reference(cx, model, input)?;
    let result = guest(cx, model, subject, "through_host", &[Val::ExternRef(reference)]);
    model.summary.clear();
    returned(only(cx, result, Value::Extern(number)))
}

fn add(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let (a, b): (i32, i64) = input.arbitrary().ok()?;
    let result = guest(cx, model, subject, "add", &[Val::I32(a), Val::I64(b)]);
    let untyped = only(cx, result, Value::I64(b.wrapping_add(a.into())));
    let typed = subject.instance.get_typed_func::<(i32, i64), i64>(&mut *cx, "add");
    let typed = typed.and_then(|add| add.call(cx, (a, b))).map_err(|error| error.to_string());
    returned(untyped.and_then(|()| same("the sum", typed, Ok(b.wrapping_add(a.into())))))
}

fn indirect(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let at = small(input, 4)? as u32;
    let result = guest(cx, model, subject, "indirect", &i32s(&[at]));
    Some(match at {
        0 => only(cx, result, Value::I32(7)).map(|()| Step::Returned),
        1 => trapped(result, Trap::BadSignature),
        2 => trapped(result, Trap::IndirectCallToNull),
        _ => trapped(result, Trap::UndefinedElement),
    })
}

fn divide(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let (a, b) = match small(input, 3)? {
        0 => (input.arbitrary().ok()?, 0),
        1 => (i32::MIN, -1),
        _ => input.arbitrary().ok()?,
    };
    let result = guest(cx, model, subject, "divide", &[Val::I32(a), Val::I32(b)]);
    Some(match a.checked_div(b) {
        Some(quotient) => only(cx, result, Value::I32(quotient)).map(|()| Step::Returned),
        None if b == 0 => trapped(result, Trap::IntegerDivisionByZero),
        None => trapped(result, Trap::IntegerOverflow),
    })
}

fn recurse(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    if input.ratio(1, 3).ok()? {
        let result = guest(cx, model, subject, "recurse", &i32s(&[50_000_000]));
        // How deep that is, is the tier's own.
        model.summary.clear();
        return Some(trapped(result, Trap::StackOverflow));
    }
    let depth = small(input, 40)? as i32;
    let result = guest(cx, model, subject, "recurse", &[Val::I32(depth)]);
    returned(only(cx, result, Value::I32(depth)))
}

// Exceptions, and other ends.

fn throw(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let payload = input.arbitrary().ok()?;
    let (reference, number) = reference(cx, model, input)?;
    let result = guest(cx, model, subject, "throw", &[Val::I32(payload), Val::ExternRef(reference)]);
    Some(match result {
        Err(error) if error.is::<ThrownException>() => {
            model.pending = Some((payload, number));
            same("whether it is pending", cx.has_pending_exception(), true).map(|()| Step::Threw)
        }
        other => Err(format!("{other:?}, where an exception should be thrown")),
    })
}

fn exception_take(cx: &mut Cx<'_>, model: &mut Model, _: &mut Unstructured<'_>) -> Option<Outcome> {
    let wanted = model.pending.take();
    let found = cx.take_pending_exception().map(|exception| {
        let tag = exception.tag(&mut *cx).expect("it is rooted");
        assert!(Tag::eq(&tag, &model.tag, &*cx), "the exception has another tag");
        let fields: Vec<Val> = exception.fields(&mut *cx).expect("it is rooted").collect();
        let fields: Vec<Value> = fields.into_iter().map(|field| value(cx, field)).collect();
        fields
    });
    let wanted = wanted.map(|(number, held)| vec![Value::I32(number), Value::Extern(held)]);
    returned(same("the pending exception", (found, cx.has_pending_exception()), (wanted, false)))
}

/// The ways in which the host function `end` ends.
fn ends(
    cx: &mut Cx<'_>,
    model: &mut Model,
    result: Result<windlass::Result<Vec<Val>>, String>,
    how: i32,
    returned: fn(i32) -> Vec<Value>,
) -> Outcome {
    let values = |cx: &Cx<'_>, result: windlass::Result<Vec<Val>>| {
        result
            .map(|all| all.into_iter().map(|val| value(cx, val)).collect::<Vec<_>>())
            .map_err(|e| format!("{e:?}"))
    };
    match (how, result) {
        (2, Err(text)) if text == "the host panics" => Ok(Step::Panicked),
        (_, Err(text)) => Err(format!("it panics: {text}")),
        (1, Ok(result)) => refused(result, "the host says no"),
        (3, Ok(Err(error))) if error.is::<ThrownException>() => {
            model.pending = Some((7, None));
            Ok(Step::Threw)
        }
        (4, Ok(result)) => trapped(result, Trap::UnreachableCodeReached),
        (5, Ok(result)) => same("the result", values(cx, result), Ok(returned(7))).map(|()| Step::Returned),
        (6, Ok(result)) => same("the result", values(cx, result), Ok(returned(60))).map(|()| Step::Returned),
        (_, Ok(result)) => same("the result", values(cx, result), Ok(returned(40))).map(|()| Step::Returned),
    }
}

fn end(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let how = small(input, 7)? as i32;
    let result = catch(|| guest(cx, model, subject, "end", &[Val::I32(how)]));
    Some(ends(cx, model, result, how, |result| vec![Value::I32(result)]))
}

fn catch_exception(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let how = small(input, 7)? as i32;
    let result = catch(|| guest(cx, model, subject, "catch", &[Val::I32(how)]));
    if let (3, Ok(Ok(results))) = (how, &result) {
        let found: Vec<Value> = results.iter().map(|val| value(cx, *val)).collect();
        // The host threw it: of those that are pending, a store has only the last.
        model.pending = None;
        return returned(same("what is caught", found, vec![Value::I32(7), Value::Extern(None)]));
    }
    Some(ends(cx, model, result, how, |result| vec![Value::I32(result), Value::Extern(None)]))
}

// Fuel and interruption.

fn spin_dry(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let spin = subject.instance.get_typed_func::<(), ()>(&mut *cx, "spin").expect("it is exported");
    let fuel = small(input, 20_000)?;
    cx.set_fuel(fuel).ok()?;
    let given = same("the fuel", cx.get_fuel().ok(), Some(fuel));
    let outcome = trapped(spin.call(&mut *cx, ()), Trap::OutOfFuel);
    let left = same("the fuel that is left", cx.get_fuel().ok(), Some(0));
    Some(given.and(left).and(outcome))
}

fn spin_interrupted(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    model.handle.interrupt();
    let result = guest(cx, model, subject, "spin", &[]);
    model.summary.clear();
    Some(trapped(result, Trap::Interrupt))
}

fn spin_epoch(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let ticks = small(input, 3)?;
    cx.set_epoch_deadline(ticks);
    for _ in 0..ticks {
        cx.engine().increment_epoch();
    }
    let result = guest(cx, model, subject, "spin", &[]);
    model.summary.clear();
    cx.set_epoch_deadline(NEVER);
    Some(trapped(result, Trap::Interrupt))
}

fn no_fuel(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let store = subject.instance.get_typed_func::<(i32, i32), ()>(&mut *cx, "store").expect("it is exported");
    cx.set_fuel(0).ok()?;
    // The model stays as it is: nothing may happen before the fuel is charged.
    Some(trapped(store.call(&mut *cx, (0, 0x55)), Trap::OutOfFuel))
}

fn limits(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    // Never below what is there: whether it may then stay as it is, is not what this is about.
    let memory = model.memories.iter().map(|(_, memory)| memory.bytes.len()).max().unwrap_or(0);
    let table = model.tables.iter().map(|(_, table)| table.elements.len()).max().unwrap_or(0);
    let memory = memory.max(PAGE) + small(input, 3)? as usize * PAGE;
    let table = table.max(4) + small(input, 10)? as usize;
    cx.data_mut().limits = StoreLimitsBuilder::new().memory_size(memory).table_elements(table).build();
    model.limits = (memory, table);
    Some(Ok(Step::Returned))
}

// Modules and linkers.

fn instantiate(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    if model.instances.len() >= 6 {
        return None;
    }
    cx.set_fuel(FUEL).ok()?;
    let instance = match small(input, 2)? {
        0 => model.linker.instantiate(&mut *cx, &model.module),
        1 => model.linker.instantiate_pre(&model.module).and_then(|pre| pre.instantiate(&mut *cx)),
        _ => {
            let imports: Vec<Extern> = model
                .module
                .imports()
                .filter_map(|import| model.linker.get_by_import(&mut *cx, &import))
                .collect();
            Instance::new(&mut *cx, &model.module, &imports)
        }
    };
    match instance {
        Ok(instance) => {
            model.add_instance(cx, instance);
            Some(Ok(Step::Returned))
        }
        Err(error) => Some(Err(format!("{error:?}"))),
    }
}

fn link_unknown(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let mut linker: Linker<Host> = Linker::new(cx.engine());
    match small(input, 2)? {
        0 => {
            let result = linker.instantiate(&mut *cx, &model.module);
            let unknown = result.as_ref().err().and_then(|error| error.downcast_ref::<UnknownImportError>());
            Some(match unknown {
                Some(unknown) if (unknown.module(), unknown.name()) == ("host", "add") => Ok(Step::Refused),
                _ => Err(format!("{result:?}, where an import should be unknown")),
            })
        }
        1 => Some(refused(Instance::new(&mut *cx, &model.module, &[]), "")),
        _ => {
            linker.define(&*cx, "host", "tag", model.tag).ok()?;
            linker.define_unknown_imports_as_traps(&model.module).ok()?;
            let instance = match linker.instantiate(&mut *cx, &model.module) {
                Ok(instance) => instance,
                Err(error) => return Some(Err(format!("{error:?}"))),
            };
            model.add_instance(cx, instance);
            let subject = model.instances.pop()?;
            let result = guest(cx, model, subject, "add", &[Val::I32(1), Val::I64(2)]);
            Some(refused(result, "host"))
        }
    }
}

fn link_wrong(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let mut linker: Linker<Host> = model.linker.clone();
    linker.allow_shadowing(true);
    let global = model.globals[any(input, model.globals.len())?].0;
    let wrong: Extern = match small(input, 3)? {
        0 => global.into(),
        1 => model.memories[0].0.into(),
        2 => model.tables[0].0.into(),
        _ => Func::wrap(&mut *cx, |x: f32| x).into(),
    };
    let name = ["add", "same", "end", "tag"][any(input, 4)?];
    linker.define(&*cx, "host", name, wrong).ok()?;
    let result = linker.instantiate(&mut *cx, &model.module);
    let wrong = result.as_ref().is_err_and(|error| error.is::<IncompatibleImportError>());
    Some(if wrong {
        Ok(Step::Refused)
    } else {
        Err(format!("{result:?}, where an import is of the wrong type"))
    })
}

fn link_twice(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let mut linker = model.linker.clone();
    if input.arbitrary().ok()? {
        return Some(refused(linker.func_wrap("host", "add", || ()).map(|_| ()), "host"));
    }
    let subject = subject(model, input)?;
    if let Err(error) = linker.instance(&mut *cx, "subject", subject.instance) {
        return Some(Err(format!("{error:?}")));
    }
    let found = linker.get(&mut *cx, "subject", "memory").ok().and_then(Extern::into_memory);
    returned(same(
        "the size",
        found.map(|m| m.data_size(&*cx)),
        Some(model.memories[subject.memory].1.bytes.len()),
    ))
}

// Misuse.

fn wrong_arguments(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let func = subject.instance.get_func(&mut *cx, "load")?;
    let mut one = [Val::I32(0)];
    Some(match small(input, 4)? {
        0 => refused(func.call(&mut *cx, &[], &mut one), "arguments"),
        1 => refused(func.call(&mut *cx, &i32s(&[1, 2]), &mut one), "arguments"),
        2 => refused(func.call(&mut *cx, &i32s(&[1]), &mut []), "results"),
        3 => refused(func.call(&mut *cx, &[Val::I64(1)], &mut one), "type mismatch"),
        _ => refused(func.call(&mut *cx, &[Val::ExternRef(None)], &mut one), "type mismatch"),
    })
}

fn wrong_types(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let subject = subject(model, input)?;
    let instance = subject.instance;
    Some(match small(input, 4)? {
        0 => refused(instance.get_typed_func::<(), ()>(&mut *cx, "add").map(|_| ()), ""),
        1 => refused(instance.get_typed_func::<(i64, i64), i64>(&mut *cx, "add").map(|_| ()), ""),
        2 => refused(instance.get_typed_func::<(i32, i64), i32>(&mut *cx, "add").map(|_| ()), ""),
        3 => refused(model.tables[subject.table].0.set(&mut *cx, 0, Ref::Func(None)), "type mismatch"),
        _ => {
            let ty = GlobalType::new(ValType::I32, Mutability::Var);
            refused(Global::new(&mut *cx, ty, Val::F64(0)), "type mismatch")
        }
    })
}

fn absent(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let instance = subject(model, input)?.instance;
    let nothing = instance.get_export(&mut *cx, "absent").is_none()
        && instance.get_memory(&mut *cx, "table").is_none()
        && instance.get_table(&mut *cx, "memory").is_none()
        && instance.get_global(&mut *cx, "load").is_none()
        && instance.get_func(&mut *cx, "number").is_none()
        && instance.get_shared_memory(&mut *cx, "memory").is_none()
        && model.module.get_export("absent").is_none()
        && model.linker.get(&mut *cx, "host", "absent").is_err()
        && instance.get_typed_func::<(), ()>(&mut *cx, "absent").is_err();
    returned(same("whether nothing is there", nothing, true))
}

fn shared_memory(cx: &mut Cx<'_>, _: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    let memory = match SharedMemory::new(cx.engine(), MemoryType::shared(1, 2)) {
        Ok(memory) => memory,
        Err(error) => return Some(Err(format!("{error:?}"))),
    };
    let at = address(input, PAGE)? as usize;
    let bytes: [u8; 4] = input.arbitrary().ok()?;
    let written = memory.write(at, &bytes).is_ok();
    let mut found = [0; 4];
    let read = memory.read(at, &mut found).is_ok();
    let fits = at + 4 <= PAGE;
    let agrees =
        same("what is there", (written, read, found), (fits, fits, if fits { bytes } else { [0; 4] }));
    // Nobody waits, and nothing is as expected: neither may block.
    let word = u64::from(at as u32 & !3);
    let notified = memory.atomic_notify(word, 1);
    let grown = (memory.grow(1).ok(), memory.grow(1).is_err());
    let wanted = if word + 4 <= PAGE as u64 { Ok(0) } else { Err(Trap::MemoryOutOfBounds) };
    returned(agrees.and(same("who was woken", notified, wanted)).and(same("growth", grown, (Some(1), true))))
}

/// Things of other stores and engines: each panics as documented.
fn misuse(cx: &mut Cx<'_>, model: &mut Model, input: &mut Unstructured<'_>) -> Option<Outcome> {
    const STORE: &str = "store";
    const ENGINE: &str = "engine";
    let subject = subject(model, input)?;
    let foreign = &model.foreign;
    let func = subject.instance.get_func(&mut *cx, "through_host")?;
    let foreign_val = Val::ExternRef(Some(foreign.reference));
    let mut one = [Val::I32(0)];
    Some(match small(input, 23)? {
        0 => panics(|| foreign.memory.size(&*cx), STORE),
        1 => panics(|| foreign.memory.grow(&mut *cx, 1), STORE),
        2 => panics(|| foreign.memory.data(&*cx).len(), STORE),
        3 => panics(|| foreign.memory.write(&mut *cx, 0, b"x"), STORE),
        4 => panics(|| foreign.table.get(&mut *cx, 0), STORE),
        5 => panics(|| foreign.table.set(&mut *cx, 0, Ref::Extern(None)), STORE),
        6 => panics(|| foreign.table.grow(&mut *cx, 1, Ref::Extern(None)), STORE),
        7 => panics(|| foreign.global.get(&mut *cx), STORE),
        8 => panics(|| foreign.global.set(&mut *cx, Val::I32(0)), STORE),
        9 => panics(|| foreign.func.call(&mut *cx, &i32s(&[1]), &mut one), STORE),
        10 => panics(|| foreign.func.ty(&*cx), STORE),
        11 => panics(|| foreign.func.typed::<i32, i32>(&*cx).map(|_| ()), STORE),
        12 => panics(|| foreign.tag.ty(&*cx), STORE),
        13 => panics(|| foreign.reference.data(&*cx).map(|_| ()), STORE),
        14 => panics(|| foreign.owned.data(&*cx).map(|_| ()), STORE),
        15 => panics(|| foreign.owned.to_rooted(&mut *cx), STORE),
        16 => panics(|| foreign.instance.get_export(&mut *cx, "memory").map(|_| ()), STORE),
        17 => panics(|| func.call(&mut *cx, &[foreign_val], &mut one), STORE),
        18 => panics(|| model.tables[0].0.set(&mut *cx, 0, Ref::Extern(Some(foreign.reference))), STORE),
        19 => panics(|| Table::copy(&mut *cx, &model.tables[0].0, 0, &foreign.table, 0, 1), STORE),
        20 => panics(|| model.linker.clone().define(&*cx, "x", "y", foreign.memory).map(|_| ()), STORE),
        21 => {
            let imports = [foreign.func.into(), foreign.func.into(), foreign.func.into(), foreign.tag.into()];
            panics(|| Instance::new(&mut *cx, &model.module, &imports), STORE)
        }
        22 => panics(|| model.linker.instantiate(&mut *cx, &foreign.module), ENGINE),
        _ => {
            let empty = Module::new(foreign.module.engine(), "(module)").ok()?;
            panics(|| Instance::new(&mut *cx, &empty, &[]), ENGINE)
        }
    })
}
