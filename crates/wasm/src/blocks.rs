//! What blocks take and give.

use crate::types::TypeKinds;
use wasmparser::BlockType;
use windlass_abi::facts::ModuleFacts;
use windlass_abi::types::{TypeIndex, ValKind, ValType};

/// The values that a block takes, or gives.
#[derive(Clone, Copy, Debug)]
pub enum BlockValues {
    /// None.
    None,
    /// One.
    One(ValKind),
    /// The parameters of a function type.
    Params(TypeIndex),
    /// The results of a function type.
    Results(TypeIndex),
}

impl BlockValues {
    /// What a block of this type takes, and what it gives.
    pub fn of(ty: BlockType, kinds: &TypeKinds) -> (BlockValues, BlockValues) {
        match ty {
            BlockType::Empty => (BlockValues::None, BlockValues::None),
            BlockType::Type(ty) => (BlockValues::None, BlockValues::One(kinds.val(ty).kind())),
            BlockType::FuncType(ty) => (BlockValues::Params(ty), BlockValues::Results(ty)),
        }
    }

    /// The types that there is a list of.
    fn list(self, facts: &ModuleFacts) -> &[ValType] {
        match self {
            BlockValues::None | BlockValues::One(_) => &[],
            BlockValues::Params(ty) => &facts.func_type(ty).params,
            BlockValues::Results(ty) => &facts.func_type(ty).results,
        }
    }

    /// The values' kinds.
    pub fn kinds(self, facts: &ModuleFacts) -> impl Iterator<Item = ValKind> {
        let one = match self {
            BlockValues::One(kind) => Some(kind),
            _ => None,
        };
        one.into_iter().chain(self.list(facts).iter().map(|ty| ty.kind()))
    }

    /// The number of values.
    pub fn count(self, facts: &ModuleFacts) -> usize {
        match self {
            BlockValues::One(_) => 1,
            other => other.list(facts).len(),
        }
    }

    /// The slots that the values take.
    pub fn slots(self, facts: &ModuleFacts) -> u32 {
        self.kinds(facts).map(|kind| kind.slots() as u32).sum()
    }

    /// The kind of a single value; `None` if there are others, or none.
    pub fn single(self, facts: &ModuleFacts) -> Option<ValKind> {
        match (self, self.list(facts)) {
            (BlockValues::One(kind), _) => Some(kind),
            (_, [ty]) => Some(ty.kind()),
            _ => None,
        }
    }
}
