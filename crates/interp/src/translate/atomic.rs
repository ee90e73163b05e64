//! Atomics. The visitor's methods are here under their own names, for [`super::visit`] to call.

use super::Translator;
use crate::handlers::atomic::{AtomicFence, AtomicNotify, AtomicOp, AtomicWait};
use crate::table::{self, Opcode, opcode};
use windlass_abi::types::ValKind::{self, I32, I64};
use windlass_wasm::SinkError;
use windlass_wasm::wasmparser::MemArg;

type Done = Result<(), SinkError>;

/// Accesses: the operation, and the visitor's methods for an i32 in 32, 8 and 16 bits, and for an i64 in 64, 8, 16 and
/// 32 bits.
macro_rules! accesses {
    ($($op:ident: $i32:ident $i32_8:ident $i32_16:ident $i64:ident $i64_8:ident $i64_16:ident $i64_32:ident;)*) => {
        impl Translator<'_> { $(
            accesses!(@ $op $i32 I32 32);
            accesses!(@ $op $i32_8 I32 8);
            accesses!(@ $op $i32_16 I32 16);
            accesses!(@ $op $i64 I64 64);
            accesses!(@ $op $i64_8 I64 8);
            accesses!(@ $op $i64_16 I64 16);
            accesses!(@ $op $i64_32 I64 32);
        )* }
    };
    (@ $op:ident $visit:ident $kind:ident $bits:literal) => {
        pub(super) fn $visit(&mut self, arg: MemArg) -> Done {
            self.atomic(AtomicOp::$op, $bits, $kind, &arg)
        }
    };
}

accesses! {
    Load: visit_i32_atomic_load visit_i32_atomic_load8_u visit_i32_atomic_load16_u
        visit_i64_atomic_load visit_i64_atomic_load8_u visit_i64_atomic_load16_u visit_i64_atomic_load32_u;
    Store: visit_i32_atomic_store visit_i32_atomic_store8 visit_i32_atomic_store16
        visit_i64_atomic_store visit_i64_atomic_store8 visit_i64_atomic_store16 visit_i64_atomic_store32;
    Cmpxchg: visit_i32_atomic_rmw_cmpxchg visit_i32_atomic_rmw8_cmpxchg_u visit_i32_atomic_rmw16_cmpxchg_u
        visit_i64_atomic_rmw_cmpxchg visit_i64_atomic_rmw8_cmpxchg_u visit_i64_atomic_rmw16_cmpxchg_u visit_i64_atomic_rmw32_cmpxchg_u;
    Add: visit_i32_atomic_rmw_add visit_i32_atomic_rmw8_add_u visit_i32_atomic_rmw16_add_u
        visit_i64_atomic_rmw_add visit_i64_atomic_rmw8_add_u visit_i64_atomic_rmw16_add_u visit_i64_atomic_rmw32_add_u;
    Sub: visit_i32_atomic_rmw_sub visit_i32_atomic_rmw8_sub_u visit_i32_atomic_rmw16_sub_u
        visit_i64_atomic_rmw_sub visit_i64_atomic_rmw8_sub_u visit_i64_atomic_rmw16_sub_u visit_i64_atomic_rmw32_sub_u;
    And: visit_i32_atomic_rmw_and visit_i32_atomic_rmw8_and_u visit_i32_atomic_rmw16_and_u
        visit_i64_atomic_rmw_and visit_i64_atomic_rmw8_and_u visit_i64_atomic_rmw16_and_u visit_i64_atomic_rmw32_and_u;
    Or: visit_i32_atomic_rmw_or visit_i32_atomic_rmw8_or_u visit_i32_atomic_rmw16_or_u
        visit_i64_atomic_rmw_or visit_i64_atomic_rmw8_or_u visit_i64_atomic_rmw16_or_u visit_i64_atomic_rmw32_or_u;
    Xor: visit_i32_atomic_rmw_xor visit_i32_atomic_rmw8_xor_u visit_i32_atomic_rmw16_xor_u
        visit_i64_atomic_rmw_xor visit_i64_atomic_rmw8_xor_u visit_i64_atomic_rmw16_xor_u visit_i64_atomic_rmw32_xor_u;
    Xchg: visit_i32_atomic_rmw_xchg visit_i32_atomic_rmw8_xchg_u visit_i32_atomic_rmw16_xchg_u
        visit_i64_atomic_rmw_xchg visit_i64_atomic_rmw8_xchg_u visit_i64_atomic_rmw16_xchg_u visit_i64_atomic_rmw32_xchg_u;
}

impl Translator<'_> {
    /// `atomic.fence`.
    pub(super) fn visit_atomic_fence(&mut self) -> Done {
        self.start(opcode::<AtomicFence>());
        Ok(())
    }

    /// `memory.atomic.wait32`.
    pub(super) fn visit_memory_atomic_wait32(&mut self, arg: MemArg) -> Done {
        let codes = [opcode::<AtomicWait<u32, u32>>(), opcode::<AtomicWait<u32, u64>>()];
        self.atomic_access(codes, 2, Some(I32), &arg)
    }

    /// `memory.atomic.wait64`.
    pub(super) fn visit_memory_atomic_wait64(&mut self, arg: MemArg) -> Done {
        let codes = [opcode::<AtomicWait<u64, u32>>(), opcode::<AtomicWait<u64, u64>>()];
        self.atomic_access(codes, 2, Some(I32), &arg)
    }

    /// `memory.atomic.notify`.
    pub(super) fn visit_memory_atomic_notify(&mut self, arg: MemArg) -> Done {
        let codes = [opcode::<AtomicNotify<u32>>(), opcode::<AtomicNotify<u64>>()];
        self.atomic_access(codes, 1, Some(I32), &arg)
    }

    /// An operator on a number of so many bits in memory, whose values are of a kind.
    fn atomic(&mut self, op: AtomicOp, bits: u32, kind: ValKind, arg: &MemArg) -> Done {
        let codes = [table::atomic(op, bits, false), table::atomic(op, bits, true)];
        let result = (op != AtomicOp::Store).then_some(kind);
        self.atomic_access(codes, op.operands(), result, arg)
    }

    /// An access: its instructions for addresses of 32 and of 64 bits, and the number of operands after the address.
    fn atomic_access(
        &mut self,
        codes: [Opcode; 2],
        operands: usize,
        result: Option<ValKind>,
        arg: &MemArg,
    ) -> Done {
        let mut slots = [0; 3];
        let slots = &mut slots[..1 + operands];
        for slot in slots.iter_mut().rev() {
            *slot = self.pop_slot();
        }
        let dst = match result {
            Some(kind) => Some((self.push_home(kind)?, kind)),
            None => None,
        };
        self.mark();
        let code = codes[self.plans.memory(arg.memory).memory64 as usize];
        match dst {
            Some((dst, kind)) => self.start_to(code, dst, kind),
            None => self.start(code),
        }
        for &slot in slots.iter() {
            self.unit(slot);
        }
        self.unit(arg.memory as u16);
        self.unit64(arg.offset);
        Ok(())
    }
}
