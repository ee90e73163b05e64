//! The engine's types: recursion groups made canonical, so that equal types have equal ids.
//!
//! Types are equal if they stand at the same place of equal recursion groups (iso-recursive
//! equality). A group's *key* is its types with references into the group written relative to its
//! start and all others as engine-wide ids; two groups are equal if their keys are. Engine-wide ids are
//! given per type and taken back when the last [`RegisteredType`] of its group is gone. A
//! group keeps the groups alive that it refers to.
//!
//! Invariant: an id that stands in a live group names a live type.

use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};
use windlass_abi::facts::ModuleFacts;
use windlass_abi::types::{
    CompositeType, FieldType, FuncType, HeapType, RefType, Signature, StorageType, SubType, ValType,
};
use windlass_abi::vm::VMTableFunc;
use windlass_runtime::TypeOracle;

/// Marks an index relative to the start of the group; ids stay below.
const RELATIVE: u32 = 1 << 31;

/// All types of an engine.
#[derive(Default)]
pub(crate) struct TypeRegistry {
    tables: RwLock<Tables>,
    /// Taken to register, before `tables`: a group is looked up and added in one step.
    registering: Mutex<()>,
}

struct Tables {
    groups: HashMap<Arc<[SubType]>, Weak<RecGroup>>,
    /// By id. The first is that of no type.
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Default for Tables {
    fn default() -> Tables {
        const { assert!(VMTableFunc::NO_TYPE == 0) };
        Tables { groups: HashMap::new(), slots: vec![Slot::EMPTY], free: Vec::new() }
    }
}

/// What is known by id alone.
#[derive(Clone)]
struct Slot {
    group: Weak<RecGroup>,
    index: u32,
    supertype: Option<u32>,
}

impl Slot {
    const EMPTY: Slot = Slot { group: Weak::new(), index: 0, supertype: None };
}

/// A canonical recursion group, alive.
pub(crate) struct RecGroup {
    registry: Arc<TypeRegistry>,
    key: Arc<[SubType]>,
    ids: Box<[u32]>,
    /// The types, with engine-wide ids.
    types: Box<[SubType]>,
    signatures: Box<[Option<Arc<Signature>>]>,
    /// The groups that this one refers to.
    depends_on: Vec<Arc<RecGroup>>,
}

/// A type of the engine, kept alive.
#[derive(Clone)]
pub(crate) struct RegisteredType {
    group: Arc<RecGroup>,
    index: u32,
}

/// The types of a module's type section, kept alive.
pub(crate) struct ModuleTypes {
    /// Engine-wide ids by index in the type section.
    pub ids: Box<[u32]>,
    /// The signatures of function types.
    pub signatures: Box<[Option<Arc<Signature>>]>,
    _groups: Vec<Arc<RecGroup>>,
}

impl TypeRegistry {
    /// Registers all groups of a module.
    pub fn register_module(self: &Arc<Self>, facts: &ModuleFacts) -> ModuleTypes {
        let mut ids: Vec<u32> = Vec::with_capacity(facts.types.len());
        let mut signatures = Vec::with_capacity(facts.types.len());
        let mut groups: Vec<Arc<RecGroup>> = Vec::with_capacity(facts.rec_groups.len());
        for range in &facts.rec_groups {
            let types = &facts.types[range.start as usize..range.end as usize];
            let key = types
                .iter()
                .map(|ty| {
                    map_sub_type(ty, |index| match index.checked_sub(range.start) {
                        Some(relative) => RELATIVE | relative,
                        None => ids[index as usize],
                    })
                })
                .collect();
            let group = self.register(key);
            ids.extend(&*group.ids);
            signatures.extend(group.signatures.iter().cloned());
            groups.push(group);
        }
        ModuleTypes { ids: ids.into(), signatures: signatures.into(), _groups: groups }
    }

    /// Registers a type that stands alone in its group; `ty` holds live engine-wide ids.
    pub fn register_one(self: &Arc<Self>, ty: SubType) -> RegisteredType {
        RegisteredType { group: self.register(Arc::new([ty])), index: 0 }
    }

    /// The type of a live id.
    ///
    /// # Panics
    /// If the id is not that of a live type.
    pub fn get(&self, id: u32) -> RegisteredType {
        let slot = self.read()[id as usize].clone();
        RegisteredType { group: slot.group.upgrade().expect("the type is kept alive"), index: slot.index }
    }

    fn register(self: &Arc<Self>, key: Arc<[SubType]>) -> Arc<RecGroup> {
        let _registering = self.registering.lock();
        {
            let tables = self.tables.read();
            if let Some(group) = tables.groups.get(&key).and_then(Weak::upgrade) {
                return group;
            }
        }
        let mut tables = self.tables.write();
        let ids: Box<[u32]> = key.iter().map(|_| tables.take_id()).collect();
        let types: Box<[SubType]> = key
            .iter()
            .map(|ty| map_sub_type(ty, |i| if i & RELATIVE != 0 { ids[(i & !RELATIVE) as usize] } else { i }))
            .collect();
        let signatures = types.iter().zip(&ids).map(|(ty, id)| match &ty.composite {
            CompositeType::Func(func) => Some(Arc::new(Signature::new(*id, func))),
            _ => None,
        });
        let signatures = signatures.collect();
        let mut outside = Vec::new();
        for ty in &*key {
            map_sub_type(ty, |id| {
                if id & RELATIVE == 0 {
                    outside.push(id);
                }
                id
            });
        }
        outside.sort_unstable();
        outside.dedup();
        let mut depends_on: Vec<Arc<RecGroup>> = outside
            .into_iter()
            .map(|id| tables.slots[id as usize].group.upgrade().expect("a registrant holds what it names"))
            .collect();
        depends_on.dedup_by(|a, b| Arc::ptr_eq(a, b));
        let group = Arc::new(RecGroup {
            registry: self.clone(),
            key: key.clone(),
            ids,
            types,
            signatures,
            depends_on,
        });
        for (index, id) in group.ids.iter().enumerate() {
            tables.slots[*id as usize] = Slot {
                group: Arc::downgrade(&group),
                index: index as u32,
                supertype: group.types[index].supertype,
            };
        }
        tables.groups.insert(key, Arc::downgrade(&group));
        group
    }

    fn read(&self) -> impl std::ops::Deref<Target = Vec<Slot>> {
        struct Slots<'a>(parking_lot::RwLockReadGuard<'a, Tables>);
        impl std::ops::Deref for Slots<'_> {
            type Target = Vec<Slot>;
            fn deref(&self) -> &Vec<Slot> {
                &self.0.slots
            }
        }
        Slots(self.tables.read())
    }

    /// Whether heap type `sub` is below or the same as `sup`; both hold live engine-wide ids.
    pub fn heap_matches(&self, sub: HeapType, sup: HeapType) -> bool {
        use HeapType::*;
        match (sub, sup) {
            _ if sub == sup => true,
            (ConcreteFunc(a), ConcreteFunc(b))
            | (ConcreteStruct(a), ConcreteStruct(b))
            | (ConcreteArray(a), ConcreteArray(b)) => self.is_subtype(a, b),
            (NoFunc, Func | ConcreteFunc(_)) | (ConcreteFunc(_), Func) => true,
            (NoExtern, Extern) | (NoExn, Exn) => true,
            (None, Any | Eq | I31 | Struct | Array | ConcreteStruct(_) | ConcreteArray(_)) => true,
            (ConcreteStruct(_), Any | Eq | Struct) | (ConcreteArray(_), Any | Eq | Array) => true,
            (Eq | I31 | Struct | Array, Any) | (I31 | Struct | Array, Eq) => true,
            _ => false,
        }
    }

    /// Whether reference type `sub` is below or the same as `sup`.
    pub fn ref_matches(&self, sub: RefType, sup: RefType) -> bool {
        (sup.nullable || !sub.nullable) && self.heap_matches(sub.heap, sup.heap)
    }

    /// Whether value type `sub` is below or the same as `sup`.
    pub fn val_matches(&self, sub: ValType, sup: ValType) -> bool {
        match (sub, sup) {
            (ValType::Ref(sub), ValType::Ref(sup)) => self.ref_matches(sub, sup),
            _ => sub == sup,
        }
    }

    /// The number of types that are alive.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        let tables = self.tables.read();
        tables.slots.len() - tables.free.len() - 1
    }
}

impl TypeOracle for TypeRegistry {
    fn is_subtype(&self, sub: u32, sup: u32) -> bool {
        if sub == sup {
            return true;
        }
        let slots = self.read();
        let mut at = slots.get(sub as usize).and_then(|slot| slot.supertype);
        while let Some(id) = at {
            if id == sup {
                return true;
            }
            at = slots[id as usize].supertype;
        }
        false
    }
}

impl Tables {
    fn take_id(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            let id = u32::try_from(self.slots.len()).ok().filter(|id| *id < RELATIVE);
            self.slots.push(Slot::EMPTY);
            id.expect("memory ends long before two thousand million types")
        })
    }
}

impl Drop for RecGroup {
    fn drop(&mut self) {
        {
            let mut tables = self.registry.tables.write();
            // An equal group may have been registered since this one lost its last owner.
            let own = tables.groups.get(&self.key).is_some_and(|weak| weak.strong_count() == 0);
            if own {
                tables.groups.remove(&self.key);
            }
            for id in &self.ids {
                tables.slots[*id as usize].group = Weak::new();
            }
            tables.free.extend(&*self.ids);
        }
        // Not by recursion: a module can make a chain of a million groups.
        let mut pending = std::mem::take(&mut self.depends_on);
        while let Some(group) = pending.pop() {
            if let Some(mut last) = Arc::into_inner(group) {
                pending.append(&mut last.depends_on);
            }
        }
    }
}

impl RegisteredType {
    /// The engine-wide id.
    pub fn id(&self) -> u32 {
        self.group.ids[self.index as usize]
    }

    /// The type, with engine-wide ids.
    pub fn sub_type(&self) -> &SubType {
        &self.group.types[self.index as usize]
    }

    /// The engine's registry.
    pub fn registry(&self) -> &Arc<TypeRegistry> {
        &self.group.registry
    }

    /// The function type.
    ///
    /// # Panics
    /// If it is none.
    pub fn func(&self) -> &FuncType {
        match &self.sub_type().composite {
            CompositeType::Func(func) => func,
            other => panic!("{other:?} is not a function type"),
        }
    }

    /// The signature of a function type.
    ///
    /// # Panics
    /// If it is none.
    pub fn signature(&self) -> &Arc<Signature> {
        self.group.signatures[self.index as usize].as_ref().expect("a function type")
    }
}

impl PartialEq for RegisteredType {
    fn eq(&self, other: &RegisteredType) -> bool {
        Arc::ptr_eq(&self.group, &other.group) && self.index == other.index
    }
}

impl Eq for RegisteredType {}

impl Hash for RegisteredType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

/// A type with every index replaced by `f` of it.
fn map_sub_type(ty: &SubType, mut f: impl FnMut(u32) -> u32) -> SubType {
    SubType {
        is_final: ty.is_final,
        supertype: ty.supertype.map(&mut f),
        composite: match &ty.composite {
            CompositeType::Func(func) => CompositeType::Func(FuncType {
                params: func.params.iter().map(|ty| map_val_type(*ty, &mut f)).collect(),
                results: func.results.iter().map(|ty| map_val_type(*ty, &mut f)).collect(),
            }),
            CompositeType::Struct(fields) => {
                CompositeType::Struct(fields.iter().map(|ty| map_field_type(*ty, &mut f)).collect())
            }
            CompositeType::Array(field) => CompositeType::Array(map_field_type(*field, &mut f)),
        },
    }
}

fn map_field_type(ty: FieldType, f: &mut impl FnMut(u32) -> u32) -> FieldType {
    let storage = match ty.storage {
        StorageType::Val(ty) => StorageType::Val(map_val_type(ty, f)),
        packed => packed,
    };
    FieldType { storage, ..ty }
}

/// A value type with its index, if any, replaced by `f` of it.
pub(crate) fn map_val_type(ty: ValType, f: impl FnMut(u32) -> u32) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(map_ref_type(ty, f)),
        other => other,
    }
}

/// A reference type with its index, if any, replaced by `f` of it.
pub(crate) fn map_ref_type(ty: RefType, f: impl FnMut(u32) -> u32) -> RefType {
    RefType { heap: ty.heap.map_index(f), ..ty }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn func(params: &[ValType], supertype: Option<u32>) -> SubType {
        let func = FuncType { params: params.into(), results: Box::default() };
        SubType { is_final: false, supertype, composite: CompositeType::Func(func) }
    }

    fn reference(index: u32) -> ValType {
        ValType::Ref(RefType { nullable: true, heap: HeapType::ConcreteFunc(index) })
    }

    fn facts(groups: &[&[SubType]]) -> ModuleFacts {
        let mut facts = ModuleFacts::default();
        for group in groups {
            let start = facts.types.len() as u32;
            facts.types.extend_from_slice(group);
            facts.rec_groups.push(start..facts.types.len() as u32);
        }
        facts
    }

    #[test]
    fn equal_groups_have_equal_ids_wherever_they_stand() {
        let registry = Arc::new(TypeRegistry::default());
        let plain = func(&[ValType::I32], None);
        let one = registry.register_module(&facts(&[
            std::slice::from_ref(&plain),
            &[func(&[reference(2)], None), func(&[reference(1), reference(0)], None)],
        ]));
        // The same pair, behind another type, which shifts all indices.
        let two = registry.register_module(&facts(&[
            &[func(&[ValType::F64], None)],
            std::slice::from_ref(&plain),
            &[func(&[reference(3)], None), func(&[reference(2), reference(1)], None)],
        ]));
        assert_eq!(one.ids[..], two.ids[1..]);
        // The same types, grouped otherwise, are others.
        let three = registry.register_module(&facts(&[&[plain.clone(), plain.clone()], &[plain]]));
        assert_ne!(three.ids[0], one.ids[0]);
        assert_ne!(three.ids[0], three.ids[1]);
        assert_eq!(three.ids[2], one.ids[0]);
    }

    #[test]
    fn types_die_with_their_users_and_ids_are_used_again() {
        let registry = Arc::new(TypeRegistry::default());
        let module = facts(&[&[func(&[], None)], &[func(&[reference(0)], None)]]);
        let types = registry.register_module(&module);
        assert_eq!(registry.len(), 2);
        let kept = registry.get(types.ids[1]);
        drop(types);
        // What the kept one refers to is alive too.
        assert_eq!(registry.len(), 2);
        assert_eq!(kept.func().params[0], reference(registry.get(kept.func_ref_id()).id()));
        drop(kept);
        assert_eq!(registry.len(), 0);
        for _ in 0..10 {
            registry.register_module(&module);
        }
        assert_eq!(registry.read().len(), 3);
        assert_eq!(registry.tables.read().groups.len(), 0);
    }

    impl RegisteredType {
        fn func_ref_id(&self) -> u32 {
            match self.func().params[0] {
                ValType::Ref(RefType { heap, .. }) => heap.concrete().unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn subtypes_are_as_declared() {
        let registry = Arc::new(TypeRegistry::default());
        let types = registry.register_module(&facts(&[
            &[func(&[], None)],
            &[func(&[], Some(0))],
            &[func(&[], Some(1))],
            &[func(&[], None), func(&[], Some(3))],
        ]));
        let below = |a: usize, b: usize| registry.is_subtype(types.ids[a], types.ids[b]);
        assert!(below(2, 0) && below(2, 1) && below(1, 0) && below(4, 3) && below(0, 0));
        assert!(!below(0, 1) && !below(1, 2) && !below(3, 0) && !below(4, 0));
        assert!(registry.heap_matches(HeapType::ConcreteFunc(types.ids[2]), HeapType::Func));
        assert!(registry.heap_matches(HeapType::NoFunc, HeapType::ConcreteFunc(types.ids[2])));
        assert!(!registry.heap_matches(HeapType::Func, HeapType::ConcreteFunc(types.ids[2])));
    }

    #[test]
    fn a_long_chain_of_groups_is_dropped_without_deep_recursion() {
        let registry = Arc::new(TypeRegistry::default());
        let mut module = facts(&[&[func(&[], None)]]);
        for i in 0..100_000 {
            module.types.push(func(&[reference(i)], None));
            module.rec_groups.push(i + 1..i + 2);
        }
        let types = registry.register_module(&module);
        let last = registry.get(*types.ids.last().unwrap());
        drop(types);
        assert_eq!(registry.len(), 100_001);
        drop(last);
        assert_eq!(registry.len(), 0);
    }

    #[test]
    fn threads_register_and_drop_the_same_types() {
        let registry = Arc::new(TypeRegistry::default());
        let module = facts(&[&[func(&[], None)], &[func(&[reference(0)], Some(0))]]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let types = registry.register_module(&module);
                        assert!(registry.is_subtype(types.ids[1], types.ids[0]));
                    }
                });
            }
        });
        assert_eq!(registry.len(), 0);
    }
}
