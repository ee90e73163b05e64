//! Roots of the host: how embedders keep heap references alive while collections move objects.
//!
//! - **Scoped** ([`Rooted`]): a stack of references; ending a scope drops those rooted within it.
//!   A generation number per entry tells a root from a later one in the same place.
//! - **Owned** ([`OwnedRoot`]): a slot that lives as long as any clone of the value. Dropping it takes
//!   no store: slots that nobody else holds are found and reused now and then.
//! - **Temporary**: references that the runtime itself holds while a hook or a collection runs.

use crate::ids::GcRef;
use crate::store::Store;
use std::sync::Arc;

/// A reference rooted until the scope ends in which it was rooted. Using it later gives `None`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rooted {
    index: u32,
    generation: u32,
}

/// The start of a scope of [`Rooted`] references: give it back to end the scope.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ScopeMark(usize);

/// A reference rooted until the last clone of this value is dropped, which needs no store.
#[derive(Clone, Debug)]
pub struct OwnedRoot {
    index: usize,
    alive: Arc<()>,
}

struct Scoped {
    bits: u32,
    generation: u32,
}

struct Owned {
    bits: u32,
    /// Shared with the [`OwnedRoot`]s.
    alive: Arc<()>,
}

impl Owned {
    fn is_free(&self) -> bool {
        Arc::strong_count(&self.alive) == 1
    }
}

/// The roots of a store.
#[derive(Default)]
pub(crate) struct Roots {
    scoped: Vec<Scoped>,
    /// Number of the scopes that have ended with roots in them.
    generation: u32,
    owned: Vec<Owned>,
    /// Slots of `owned` found free.
    free: Vec<usize>,
    /// Length of `owned` at which free slots are looked for.
    sweep_at: usize,
    /// References that the runtime itself holds, as bits; 0 is null.
    temporary: Vec<u32>,
}

impl Roots {
    pub(crate) fn enter(&self) -> ScopeMark {
        ScopeMark(self.scoped.len())
    }

    pub(crate) fn exit(&mut self, mark: ScopeMark) {
        if self.scoped.len() > mark.0 {
            self.scoped.truncate(mark.0);
            self.generation = self.generation.wrapping_add(1);
        }
    }

    fn add(&mut self, reference: GcRef) -> Rooted {
        let index = u32::try_from(self.scoped.len()).expect("fewer than 2^32 roots in scope");
        let generation = self.generation;
        self.scoped.push(Scoped { bits: reference.to_bits() as u32, generation });
        Rooted { index, generation }
    }

    fn get(&self, root: Rooted) -> Option<GcRef> {
        let entry = self.scoped.get(root.index as usize)?;
        if entry.generation != root.generation {
            return None;
        }
        GcRef::from_bits(entry.bits as u64)
    }

    pub(crate) fn add_owned(&mut self, reference: GcRef) -> OwnedRoot {
        if self.free.is_empty() && self.owned.len() >= self.sweep_at {
            self.sweep();
        }
        let alive = Arc::new(());
        let slot = Owned { bits: reference.to_bits() as u32, alive: alive.clone() };
        let index = match self.free.pop() {
            Some(index) => {
                self.owned[index] = slot;
                index
            }
            None => {
                self.owned.push(slot);
                self.owned.len() - 1
            }
        };
        OwnedRoot { index, alive }
    }

    fn get_owned(&self, root: &OwnedRoot) -> GcRef {
        let slot = self.owned.get(root.index).filter(|s| Arc::ptr_eq(&s.alive, &root.alive));
        let slot = slot.expect("an owned root is used with the store that gave it");
        GcRef::from_bits(slot.bits as u64).expect("roots are not null")
    }

    /// Finds free slots; the next search comes when twice as many are in use.
    fn sweep(&mut self) {
        while self.owned.last().is_some_and(Owned::is_free) {
            self.owned.pop();
        }
        self.free.clear();
        self.free.extend((0..self.owned.len()).filter(|i| self.owned[*i].is_free()));
        self.sweep_at = (2 * (self.owned.len() - self.free.len())).max(64);
    }

    /// Keeps bits that the runtime holds alive; gives how many there were before, for [`Self::unkeep`].
    pub(crate) fn keep(&mut self, bits: u32) -> usize {
        self.temporary.push(bits);
        self.temporary.len() - 1
    }

    /// Where the bits are now that `keep` gave this place.
    pub(crate) fn kept(&self, place: usize) -> u32 {
        self.temporary[place]
    }

    /// Lets go of what was kept at `place` and after it, and gives its bits now.
    pub(crate) fn unkeep(&mut self, place: usize) -> u32 {
        let bits = self.temporary[place];
        self.temporary.truncate(place);
        bits
    }

    /// Visits every root that holds a reference.
    pub(crate) fn visit(&mut self, visit: &mut dyn FnMut(&mut u32)) {
        self.sweep();
        self.scoped.iter_mut().for_each(|r| visit(&mut r.bits));
        self.owned.iter_mut().filter(|r| !r.is_free()).for_each(|r| visit(&mut r.bits));
        self.temporary.iter_mut().for_each(visit);
    }
}

impl Store {
    /// Roots a reference in the innermost scope.
    pub fn root(&mut self, reference: GcRef) -> Rooted {
        self.inner_mut().roots.add(reference)
    }

    /// The reference behind a root; `None` once its scope has ended.
    pub fn rooted(&self, root: Rooted) -> Option<GcRef> {
        self.inner().roots.get(root)
    }

    /// Starts a scope. [`host_call_guard`](crate::host_call_guard) makes one around each host function.
    pub fn enter_scope(&mut self) -> ScopeMark {
        self.inner().roots.enter()
    }

    /// Ends the scope that started at `mark`, and all within it.
    pub fn exit_scope(&mut self, mark: ScopeMark) {
        self.inner_mut().roots.exit(mark);
    }

    /// Roots a reference until the value is dropped.
    pub fn root_owned(&mut self, reference: GcRef) -> OwnedRoot {
        self.inner_mut().roots.add_owned(reference)
    }

    /// The reference behind an owned root.
    ///
    /// # Panics
    /// If the root is of another store.
    pub fn owned(&self, root: &OwnedRoot) -> GcRef {
        self.inner().roots.get_owned(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(bits: u64) -> GcRef {
        GcRef::from_bits(bits).unwrap()
    }

    #[test]
    fn scopes_end() {
        let mut roots = Roots::default();
        let outer = roots.add(reference(1));
        let mark = roots.enter();
        let inner = roots.add(reference(2));
        assert_eq!(roots.get(inner), Some(reference(2)));
        roots.exit(mark);
        assert_eq!((roots.get(outer), roots.get(inner)), (Some(reference(1)), None));
        let other = roots.add(reference(3));
        assert_eq!((roots.get(other), roots.get(inner)), (Some(reference(3)), None));
    }

    #[test]
    fn owned_slots_are_reused() {
        let mut roots = Roots::default();
        let kept = roots.add_owned(reference(7));
        let copy = kept.clone();
        drop(kept);
        for i in 1..10_000 {
            drop(roots.add_owned(reference(i)));
        }
        assert!(roots.owned.len() < 200, "{}", roots.owned.len());
        assert_eq!(roots.get_owned(&copy), reference(7));
        let mut seen = Vec::new();
        roots.visit(&mut |bits| {
            seen.push(*bits);
            *bits += 1;
        });
        assert_eq!(seen, [7]);
        assert_eq!(roots.get_owned(&copy), reference(8));
    }

    #[test]
    fn kept_bits_follow() {
        let mut roots = Roots::default();
        let a = roots.keep(4);
        let b = roots.keep(0);
        roots.visit(&mut |bits| *bits *= 10);
        assert_eq!((roots.unkeep(b), roots.unkeep(a)), (0, 40));
    }
}
