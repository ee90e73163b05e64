//! Loads of what is known: what was loaded or stored before, and nothing has written there since.
//!
//! **Requires** that control can get to every block. **Guarantees**: a load that follows an equal one, or a store of the
//! whole value to the same place, is gone, if that dominates it and nothing on the way may write there. What depends on
//! it is simplified again.
//!
//! What may be written is divided into `CLASSES`: regions, memories, slots of the frame; accesses to different ones never
//! meet. Each class has a *version*, which is another one behind everything that may write there. Where ways meet, it
//! stays the same if all bring the same; at a loop, if nothing in the loop writes there. So what was loaded or stored
//! in one block is there in each block that it dominates, if the version is the same.
//!
//! ```text
//! v1 = i32_load v0, m0                 v1 = i32_load v0, m0
//! i32_store v2, v1, m0      becomes    i32_store v2, v1, m0
//! v3 = i32_load v2, m0                 return v1
//! return v3
//! ```
//!
//! A store beside what is known, at the same address but with an offset so far away that both do not meet, is no reason
//! to forget it: what was known of the last `RECENT` places is known of the new version, too.
//!
//! A load that may trap goes, too: the access before it was in bounds, and memories never shrink.

use super::graph::Graph;
use super::loops::Loops;
use super::rewrite::Rewriter;
use crate::simplify::Simplifier;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use windlass_ir::dominance::Dominators;
use windlass_ir::function::Region;
use windlass_ir::op::{Effects, Shape};
use windlass_ir::{Block, Function, Inst, Memory, Op, Slot, Type, Value};

/// So many memories have a class of their own; the others share the last one.
const MEMORIES: usize = 8;

/// Slots whose address nobody has are in so many classes.
const SLOTS: usize = 16;

/// Of each class so many places are remembered that may be known behind a store beside them.
const RECENT: usize = 8;

/// First the regions, then memories, then slots.
const CLASSES: usize = Region::ALL.len() + MEMORIES + SLOTS;

const FIRST_MEMORY: usize = Region::ALL.len();
const FIRST_SLOT: usize = FIRST_MEMORY + MEMORIES;

/// Classes as bits.
type Mask = u32;

const _: () = assert!(CLASSES <= Mask::BITS as usize);

const MEMORY_MASK: Mask = (1 << FIRST_SLOT) - (1 << FIRST_MEMORY);
/// What anything may write that is not this function: all but what is constant, and slots whose address nobody has.
const OTHERS_MASK: Mask = ((1 << FIRST_SLOT) - 1) & !(1 << Region::Constant as u32);

/// A store of a whole value, and the load that gives it again.
const PAIRS: [(Op, Op); 5] = [
    (Op::i32_store, Op::i32_load),
    (Op::i64_store, Op::i64_load),
    (Op::f32_store, Op::f32_load),
    (Op::f64_store, Op::f64_load),
    (Op::v128_store, Op::v128_load),
];

type Versions = [u32; CLASSES];

/// What a load gives, as long as it is the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    op: Op,
    ty: Type,
    aux: u16,
    /// The address or the slot, and the offset.
    at: [u32; 2],
    version: u32,
}

/// Where a value of a key is known from.
#[derive(Clone, Copy)]
struct Known {
    value: Value,
    block: Block,
}

#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number.cast_unsigned() as u64);
    }
}

/// Removes loads of what is known.
pub fn run(function: &mut Function, simplifier: &mut Simplifier) {
    let graph = Graph::new(function);
    let dominators = Dominators::new(function);
    let loops = Loops::new(function, &graph, &dominators);
    let mut pass = Pass {
        shared_slots: shared_slots(function),
        masks: Vec::new(),
        out: vec![None; function.blocks()],
        versions: [0; CLASSES],
        made: 0,
        known: HashMap::default(),
        recent: [[None; RECENT]; CLASSES],
        oldest: [0; CLASSES],
        rewriter: Rewriter::new(function),
        function,
        simplifier,
        graph,
        dominators,
        loops,
    };
    pass.find_masks();
    for i in 0..pass.graph.reverse_postorder().len() {
        let block = pass.graph.reverse_postorder()[i];
        pass.enter(block);
        pass.block(block);
        pass.out[block.index()] = Some(pass.versions);
    }
}

/// By slot: whether its address is taken.
fn shared_slots(function: &Function) -> Vec<bool> {
    let mut shared = vec![false; function.slots.len()];
    for value in (0..function.values() as u32).map(Value) {
        if function.op(value) == Op::slot_address
            && let Some(shared) = shared.get_mut(function.inst(value).slot().index())
        {
            *shared = true;
        }
    }
    shared
}

struct Pass<'a> {
    function: &'a mut Function,
    simplifier: &'a mut Simplifier,
    graph: Graph,
    dominators: Dominators,
    loops: Loops,
    shared_slots: Vec<bool>,
    /// By loop: what is written in it.
    masks: Vec<Mask>,
    /// By block: the versions at its end.
    out: Vec<Option<Versions>>,
    /// The versions at the place at hand.
    versions: Versions,
    /// How many versions were made.
    made: u32,
    known: HashMap<Key, Known, BuildHasherDefault<Mixer>>,
    /// By class: places of which something is known, and which one is replaced next.
    recent: [[Option<Key>; RECENT]; CLASSES],
    oldest: [u8; CLASSES],
    rewriter: Rewriter,
}

impl Pass<'_> {
    fn memory_class(memory: Memory) -> usize {
        FIRST_MEMORY + memory.index().min(MEMORIES - 1)
    }

    fn slot_class(&self, slot: Slot) -> usize {
        if self.shared_slots[slot.index()] {
            return Region::Frame as usize;
        }
        FIRST_SLOT + slot.index() % SLOTS
    }

    /// What a store or a load accesses.
    fn class(&self, inst: &Inst) -> Option<usize> {
        match inst.op.shape() {
            Shape::Load | Shape::LoadLane | Shape::Store | Shape::StoreLane => {
                Some(Self::memory_class(inst.memory()))
            }
            Shape::RawLoad | Shape::RawStore => Some(inst.region() as usize),
            Shape::Slot | Shape::SlotStore => Some(self.slot_class(inst.slot())),
            _ => None,
        }
    }

    /// What an instruction may write, or what may be written by others because of it.
    fn written(&self, inst: &Inst) -> Mask {
        let effects = inst.op.effects();
        if effects.any(Effects::CALL) {
            OTHERS_MASK
        } else if !effects.any(Effects::WRITE) {
            0
        } else if effects.any(Effects::READ) {
            // Atomic: what other threads wrote before is seen behind it.
            MEMORY_MASK
        } else {
            self.class(inst).map_or(Mask::MAX, |class| 1 << class)
        }
    }

    fn find_masks(&mut self) {
        self.masks = vec![0; self.loops.len()];
        for block in self.graph.reverse_postorder() {
            let Some(around) = self.loops.of(*block) else { continue };
            for value in self.function.insts(*block) {
                self.masks[around as usize] |= self.written(&self.function.inst(value));
            }
        }
        // Inner loops come first.
        for number in 0..self.masks.len() {
            if let Some(parent) = self.loops.get(number as u32).parent {
                self.masks[parent as usize] |= self.masks[number];
            }
        }
    }

    fn write(&mut self, mask: Mask) {
        for (class, version) in self.versions.iter_mut().enumerate() {
            if mask >> class & 1 != 0 {
                self.made += 1;
                *version = self.made;
            }
        }
    }

    /// The versions at the start of a block.
    fn enter(&mut self, block: Block) {
        let mut versions: Option<Versions> = None;
        let mut changed: Mask = 0;
        for edge in self.graph.incoming(block) {
            let from = self.graph.from(edge);
            match (self.out[from.index()], versions.as_ref()) {
                (Some(out), None) => versions = Some(out),
                (Some(out), Some(versions)) => {
                    for (class, (a, b)) in versions.iter().zip(out).enumerate() {
                        changed |= Mask::from(*a != b) << class;
                    }
                }
                // A way back.
                (None, _) => {
                    let around = self.loops.of(block).filter(|l| self.loops.get(*l).header == block);
                    let natural = around.filter(|_| self.dominators.dominates(block, from));
                    changed |= natural.map_or(Mask::MAX, |around| self.masks[around as usize]);
                }
            }
        }
        self.versions = versions.unwrap_or([0; CLASSES]);
        self.write(changed);
    }

    fn block(&mut self, block: Block) {
        let mut next = self.function.first(block);
        while let Some(value) = next {
            next = self.function.next(value);
            self.rewriter.inst(self.function, self.simplifier, value);
            let inst = self.function.inst(value);
            let effects = inst.op.effects();
            if effects.any(Effects::READ) && !effects.any(Effects::WRITE) {
                self.load(block, value, &inst);
                continue;
            }
            let written = self.written(&inst);
            if written != 0 {
                let before = self.versions;
                self.write(written);
                self.keep_beside(block, value, &inst, &before);
                self.store(block, value, &inst);
            }
        }
    }

    /// Bytes that an access reads or writes; of a store it has the type of what is stored.
    fn size(op: Op, ty: Type) -> u64 {
        match op.row().bytes {
            0 => ty.size().into(),
            bytes => bytes.into(),
        }
    }

    /// What was known of places beside a store is still known.
    fn keep_beside(&mut self, block: Block, value: Value, inst: &Inst, before: &Versions) {
        let atomic = inst.op.effects().any(Effects::READ);
        if atomic || !matches!(inst.op.shape(), Shape::Store | Shape::StoreLane | Shape::RawStore) {
            return;
        }
        let Some(class) = self.class(inst) else { return };
        let stored = Self::size(inst.op, self.function.ty(self.function.operand(value, 1)));
        let raw = inst.op.shape() == Shape::RawStore;
        // Offsets of pointers are signed.
        let start = |offset: u32| if raw { i64::from(offset.cast_signed()) } else { i64::from(offset) };
        for i in 0..RECENT {
            let Some(key) = self.recent[class][i] else { continue };
            let (a, b) = (start(key.at[1]), start(inst.offset()));
            let apart = a + Self::size(key.op, key.ty).cast_signed() <= b || b + stored.cast_signed() <= a;
            let Some(known) = self.known.get(&key).copied() else { continue };
            if apart
                && key.version == before[class]
                && key.at[0] == inst.fields[0]
                && self.dominators.dominates(known.block, block)
            {
                let key = Key { version: self.versions[class], ..key };
                self.known.insert(key, known);
                self.recent[class][i] = Some(key);
            }
        }
    }

    /// Notes that something is known of a place.
    fn remember(&mut self, class: usize, key: Key, known: Known) {
        self.known.insert(key, known);
        let oldest = &mut self.oldest[class];
        self.recent[class][usize::from(*oldest)] = Some(key);
        *oldest = (*oldest + 1) % RECENT as u8;
    }

    fn key(&self, op: Op, ty: Type, inst: &Inst) -> Option<Key> {
        let at = match inst.op.shape() {
            Shape::Load | Shape::Store | Shape::RawLoad | Shape::RawStore => [inst.fields[0], inst.offset()],
            Shape::Slot | Shape::SlotStore => [inst.slot().0, 0],
            _ => return None,
        };
        let version = self.versions[self.class(inst)?];
        Some(Key { op, ty, aux: inst.aux, at, version })
    }

    fn load(&mut self, block: Block, value: Value, inst: &Inst) {
        let Some(key) = self.key(inst.op, self.function.ty(value), inst) else { return };
        let known = self.known.get(&key).filter(|known| self.dominators.dominates(known.block, block));
        match known.copied() {
            Some(known) => {
                self.rewriter.replace(value, known.value);
                self.function.remove(value);
            }
            None => {
                let class = self.class(inst).expect("what has a key has a class");
                self.remember(class, key, Known { value, block });
            }
        }
    }

    /// Notes what a load of what was stored gives.
    fn store(&mut self, block: Block, value: Value, inst: &Inst) {
        let load = match inst.op {
            Op::raw_store => Some(Op::raw_load),
            Op::slot_store => Some(Op::slot_load),
            store => PAIRS.iter().find(|(op, _)| *op == store).map(|(_, load)| *load),
        };
        let Some((load, stored)) = load.zip(self.function.operands(value).next_back()) else { return };
        let ty = self.function.ty(stored);
        // A reference that is stored as an integer is loaded as one.
        if !matches!(load.row().result, windlass_ir::op::Class::Is(wanted) if wanted != ty)
            && let Some((key, class)) = self.key(load, ty, inst).zip(self.class(inst))
        {
            self.remember(class, key, Known { value: stored, block });
        }
    }
}
