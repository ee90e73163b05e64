//! Host values that heap objects refer to, by index.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A host value.
pub(crate) type HostValue = Box<dyn Any + Send + Sync>;

enum Slot {
    /// In use; `marked` while a collection has reached it.
    Used { value: HostValue, marked: bool },
    /// Free; the next free slot, if any.
    Free(Option<u32>),
}

/// The table of host values. Indices are stable.
#[derive(Default)]
pub(crate) struct Externs {
    slots: Vec<Slot>,
    free: Option<u32>,
    used: usize,
}

impl Externs {
    /// Number of slots that a sweep looks at.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Number of values, unreachable ones included until the next collection.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Adds a value; gives it back if there is no memory.
    pub(crate) fn add(&mut self, value: HostValue) -> Result<u32, HostValue> {
        let slot = Slot::Used { value, marked: false };
        let index = match self.free {
            Some(index) => {
                let Slot::Free(next) = std::mem::replace(&mut self.slots[index as usize], slot) else {
                    unreachable!("the list of free slots holds free slots")
                };
                self.free = next;
                index
            }
            None => {
                let index = u32::try_from(self.slots.len());
                let (Ok(index), Ok(())) = (index, self.slots.try_reserve(1)) else {
                    let Slot::Used { value, .. } = slot else { unreachable!("just made") };
                    return Err(value);
                };
                self.slots.push(slot);
                index
            }
        };
        self.used += 1;
        Ok(index)
    }

    /// Takes a value out again.
    pub(crate) fn remove(&mut self, index: u32) -> HostValue {
        let free = Slot::Free(self.free.replace(index));
        match std::mem::replace(&mut self.slots[index as usize], free) {
            Slot::Used { value, .. } => {
                self.used -= 1;
                value
            }
            Slot::Free(_) => unreachable!("taken out once"),
        }
    }

    pub(crate) fn get(&self, index: u32) -> &(dyn Any + Send + Sync) {
        match &self.slots[index as usize] {
            Slot::Used { value, .. } => &**value,
            Slot::Free(_) => unreachable!("reachable host values are kept"),
        }
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> &mut (dyn Any + Send + Sync) {
        match &mut self.slots[index as usize] {
            Slot::Used { value, .. } => &mut **value,
            Slot::Free(_) => unreachable!("reachable host values are kept"),
        }
    }

    /// Notes that a collection has reached a value.
    pub(crate) fn mark(&mut self, index: u32) {
        match &mut self.slots[index as usize] {
            Slot::Used { marked, .. } => *marked = true,
            Slot::Free(_) => unreachable!("reachable host values are kept"),
        }
    }

    /// Drops what was not marked, and clears the marks.
    ///
    /// A panic of a drop is the embedder's, but happens wherever a guest happens to allocate: it is
    /// contained, and the others are dropped all the same.
    pub(crate) fn sweep(&mut self) {
        for index in 0..self.slots.len() {
            match &mut self.slots[index] {
                Slot::Used { marked: marked @ true, .. } => *marked = false,
                Slot::Used { .. } => {
                    let value = self.remove(index as u32);
                    drop_contained(value);
                }
                Slot::Free(_) => {}
            }
        }
    }
}

impl Drop for Externs {
    fn drop(&mut self) {
        self.sweep();
    }
}

/// Drops something of the embedder's and contains its panic.
fn drop_contained(value: impl Sized) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value)))
        && let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic)))
    {
        // What panics even then is not worth a third attempt.
        std::mem::forget(again);
    }
}
