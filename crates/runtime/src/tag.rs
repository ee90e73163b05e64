//! Tags of exceptions.

use crate::ids::TagId;
use crate::store::{Store, StoreInner};
use std::ptr::NonNull;
use std::sync::Arc;
use windlass_abi::types::{Signature, ValKind};
use windlass_abi::vm::VMTag;

/// A tag of a store.
pub(crate) struct Tag {
    /// What code sees: its identity.
    pub(crate) place: NonNull<VMTag>,
    /// The payload: its parameters.
    pub(crate) signature: Arc<Signature>,
    /// The payload slots that hold heap references.
    pub(crate) ref_slots: Arc<[u32]>,
}

impl StoreInner {
    pub(crate) fn add_tag(&mut self, signature: Arc<Signature>) -> TagId {
        let id = self.tags.len() as u32;
        let place =
            self.vm_tags.alloc(VMTag { id, type_id: signature.type_id, signature: Arc::as_ptr(&signature) });
        let mut ref_slots = Vec::new();
        let mut slot = 0;
        for kind in &signature.params {
            if *kind == ValKind::Gc {
                ref_slots.push(slot);
            }
            slot += kind.slots() as u32;
        }
        self.tags.push(Tag { place, signature, ref_slots: ref_slots.into() });
        TagId(id)
    }
}

impl Store {
    /// Makes a tag.
    pub fn new_tag(&mut self, signature: Arc<Signature>) -> TagId {
        self.inner_mut().add_tag(signature)
    }

    /// The signature of a tag, which holds its type id.
    pub fn tag_signature(&self, tag: TagId) -> Arc<Signature> {
        self.inner().tags[tag.0 as usize].signature.clone()
    }
}
