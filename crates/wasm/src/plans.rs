//! How code reaches memories, tables, globals, tags and functions: worked out once, for every
//! producer of code.
//!
//! A plan is made of a module's facts and the layout of its context alone. It says where things
//! lie and what may be taken for granted; which instructions that becomes is the producer's matter.

use core::mem::{offset_of, size_of};
use windlass_abi::facts::{FuncIndex, GlobalIndex, MemoryIndex, ModuleFacts, TableIndex, TagIndex};
use windlass_abi::layout::{ContextLayout, Place};
use windlass_abi::types::{RefType, TypeIndex, ValKind, ValType};
use windlass_abi::vm::{VMMemory, VMTable};

/// Makes the plans for a module.
#[derive(Clone, Debug)]
pub struct Plans<'f> {
    facts: &'f ModuleFacts,
    layout: ContextLayout,
}

/// How a memory is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryPlan {
    /// Its index.
    pub index: MemoryIndex,
    /// Offset of its [`VMMemory`] in the context.
    pub at: u32,
    /// Offset in the context of the pointer to its first byte.
    pub base_at: u32,
    /// Where its size in bytes is.
    pub len: Length,
    /// Whether addresses and sizes are 64-bit.
    pub memory64: bool,
    /// Binary logarithm of the page size in bytes.
    pub page_size_log2: u8,
    /// Whether it is shared between threads: plain accesses are then relaxed atomics.
    pub shared: bool,
    /// Size in bytes below which it never is.
    pub min_bytes: u64,
    /// What keeps an access in bounds.
    pub check: BoundsCheck,
}

/// Where the size of a memory is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// In the context, at this offset.
    Inline(u32),
    /// Behind the pointer in the context at this offset: another thread may change it.
    /// Sizes never shrink, so a size in the past is a safe bound.
    Shared(u32),
}

/// What keeps the accesses to a memory in bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoundsCheck {
    /// Addresses and offsets are 32-bit and pages are 64 KiB: a reservation with guard space can
    /// catch every access outside, where the engine's settings provide one; else compare.
    GuardOrCompare,
    /// Every access is compared with the size: the sum of address and offset may exceed 64 bits,
    /// or the size may be no multiple of the machine's page size.
    Compare,
}

/// How a table is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TablePlan {
    /// Its index.
    pub index: TableIndex,
    /// Where its [`VMTable`] lies.
    pub place: Place,
    /// Type of its elements.
    pub element: RefType,
    /// What the elements are: [`ValKind::Func`] (32 bytes each, see
    /// [`VMTableFunc`](windlass_abi::vm::VMTableFunc)) or [`ValKind::Gc`] (4 bytes each).
    pub kind: ValKind,
    /// Whether indices are 64-bit.
    pub table64: bool,
    /// Its number of elements, if it can never change.
    pub fixed_len: Option<u64>,
}

/// How a global is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalPlan {
    /// Its index.
    pub index: GlobalIndex,
    /// Where its [`VMGlobal`](windlass_abi::vm::VMGlobal) lies.
    pub place: Place,
    /// Type of its value.
    pub ty: ValType,
    /// How the value is represented.
    pub kind: ValKind,
    /// Whether it can be written.
    pub mutable: bool,
}

/// How a function of the function index space is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallPlan {
    /// Its index.
    pub index: FuncIndex,
    /// Its type.
    pub ty: TypeIndex,
    /// Where its code is.
    pub target: CallTarget,
}

/// Where the code of a called function is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallTarget {
    /// In the module: this word of
    /// [`VMContext::code_words`](windlass_abi::vm::VMContext::code_words); the context stays the same.
    Own {
        /// Number of the word.
        code_word: u32,
    },
    /// Outside: code and context are in a [`VMImportedFunc`](windlass_abi::vm::VMImportedFunc).
    Import {
        /// Its offset in the context.
        at: u32,
    },
}

impl<'f> Plans<'f> {
    /// Plans for the module with these facts.
    pub fn new(facts: &'f ModuleFacts) -> Plans<'f> {
        Plans { facts, layout: ContextLayout::new(facts) }
    }

    /// The facts.
    pub fn facts(&self) -> &'f ModuleFacts {
        self.facts
    }

    /// The layout of the module's contexts.
    pub fn layout(&self) -> &ContextLayout {
        &self.layout
    }

    /// The plan for a memory.
    pub fn memory(&self, index: MemoryIndex) -> MemoryPlan {
        let ty = &self.facts.memories[index as usize];
        let at = self.layout.memory(index);
        let field = |offset: usize| at + offset as u32;
        MemoryPlan {
            index,
            at,
            base_at: field(offset_of!(VMMemory, base)),
            len: if ty.shared {
                Length::Shared(field(offset_of!(VMMemory, shared_len)))
            } else {
                Length::Inline(field(offset_of!(VMMemory, len)))
            },
            memory64: ty.memory64,
            page_size_log2: ty.page_size_log2,
            shared: ty.shared,
            min_bytes: ty.min.saturating_mul(ty.page_size()),
            check: if ty.memory64 || ty.page_size_log2 != 16 {
                BoundsCheck::Compare
            } else {
                BoundsCheck::GuardOrCompare
            },
        }
    }

    /// The plan for a table.
    pub fn table(&self, index: TableIndex) -> TablePlan {
        let ty = &self.facts.tables[index as usize];
        TablePlan {
            index,
            place: self.layout.table(index),
            element: ty.element,
            kind: ty.element.kind(),
            table64: ty.table64,
            fixed_len: (ty.max == Some(ty.min)).then_some(ty.min),
        }
    }

    /// The plan for a global.
    pub fn global(&self, index: GlobalIndex) -> GlobalPlan {
        let ty = &self.facts.globals[index as usize];
        GlobalPlan {
            index,
            place: self.layout.global(index),
            ty: ty.value,
            kind: ty.value.kind(),
            mutable: ty.mutable,
        }
    }

    /// The plan for a call of a function by its index.
    pub fn call(&self, index: FuncIndex) -> CallPlan {
        CallPlan {
            index,
            ty: self.facts.functions[index as usize],
            target: match self.facts.defined_func(index) {
                Some(code_word) => CallTarget::Own { code_word },
                None => CallTarget::Import { at: self.layout.imported_function(index) },
            },
        }
    }

    /// Offset in the context of the pointer to a tag.
    pub fn tag(&self, index: TagIndex) -> u32 {
        self.layout.tag(index)
    }

    /// Byte offset of a type's engine-wide id within
    /// [`VMContext::type_ids`](windlass_abi::vm::VMContext::type_ids).
    pub fn type_id(&self, index: TypeIndex) -> u32 {
        index * size_of::<u32>() as u32
    }
}

impl TablePlan {
    /// Offset of the pointer to the first element within the table's [`VMTable`].
    pub const BASE: u32 = offset_of!(VMTable, base) as u32;
    /// Offset of the number of elements within the table's [`VMTable`].
    pub const LEN: u32 = offset_of!(VMTable, len) as u32;
}
