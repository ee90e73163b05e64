//! Memories: accesses, size and growth, and what moves many bytes.

use super::calls::{Returns, builtin};
use super::{Done, Translator};
use windlass_abi::trap::TrapCode;
use windlass_ir::builder::fixed_type;
use windlass_ir::function::{MemoryData, Region};
use windlass_ir::op::Shape;
use windlass_ir::{Inst, Op, Type, Value};
use windlass_wasm::plans::{BoundsCheck, Length};
use windlass_wasm::wasmparser::MemArg;

impl Translator<'_> {
    /// What the function has to know of a memory of the module.
    pub(super) fn memory_data(&self, memory: u32) -> MemoryData {
        let plan = self.plans.memory(memory);
        let (len_at, len_behind_pointer) = match plan.len {
            Length::Inline(at) => (at, false),
            Length::Shared(at) => (at, true),
        };
        let guarded = plan.check == BoundsCheck::GuardOrCompare;
        MemoryData {
            index: if plan.memory64 { Type::I64 } else { Type::I32 },
            base_at: plan.base_at,
            base_fixed: plan.shared || guarded && self.settings.memory_fixed,
            len_at,
            len_behind_pointer,
            reach: if guarded { self.settings.memory_reach } else { 0 },
            min_len: plan.min_bytes,
        }
    }

    /// A load, store or atomic access, as the opcode's row says.
    pub(super) fn access(&mut self, op: Op, arg: &MemArg, lane: u8) -> Done {
        let row = op.row();
        let mut operands = self.pop_many(row.operands.len());
        let memory = self.memory_number(arg.memory);
        let offset = self.offset(&mut operands[0], arg, row.bytes);
        let ty = fixed_type(op);
        let inst = match op.shape() {
            Shape::Exchange => {
                let list = self.function.list(operands);
                Inst { fields: [list.start(), offset, 0], ..Inst::access(op, &[], 0, memory, 0) }
            }
            _ => Inst::access(op, &operands, offset, memory, lane),
        };
        let value = self.place(inst, ty);
        if ty != Type::Void {
            self.push(value)?;
        }
        Ok(())
    }

    /// The offset of an access as far as the instruction holds it; the rest goes to the address.
    fn offset(&mut self, address: &mut Value, arg: &MemArg, bytes: u8) -> u32 {
        if let Ok(offset) = u32::try_from(arg.offset)
            && offset.checked_add(bytes.into()).is_some()
        {
            return offset;
        }
        // An address of 32 bits and an offset beyond them never are in bounds of anything but a larger memory.
        if self.function.ty(*address) != Type::I64 {
            return arg.offset as u32;
        }
        *address = self.effective_address(*address, arg);
        0
    }

    /// The address and the offset in 64 bits; traps if these do not hold the sum.
    pub(super) fn effective_address(&mut self, address: Value, arg: &MemArg) -> Value {
        let wide = self.widened(address);
        let offset = self.constant(Type::I64, arg.offset);
        let sum = self.pure(Op::i64_add, &[wide, offset]);
        if self.function.ty(address) == Type::I64 {
            let overflows = self.pure(Op::i64_lt_u, &[sum, offset]);
            self.trap_if(overflows, TrapCode::MemoryOutOfBounds);
        }
        sum
    }

    /// `memory.size`.
    pub(super) fn memory_size(&mut self, memory: u32) -> Done {
        let plan = self.plans.memory(memory);
        let bytes = match plan.len {
            Length::Inline(at) => self.load(Type::I64, self.context, at, Region::Sizes),
            Length::Shared(at) => {
                let pointer = self.load_constant(Type::I64, self.context, at);
                self.load(Type::I64, pointer, 0, Region::Sizes)
            }
        };
        let shift = self.constant(Type::I64, plan.page_size_log2.into());
        let pages = self.pure(Op::i64_shr_u, &[bytes, shift]);
        self.push_index(pages, plan.memory64)
    }

    /// Pushes a number of 64 bits as an index.
    pub(super) fn push_index(&mut self, value: Value, is_64: bool) -> Done {
        let value = if is_64 { value } else { self.pure(Op::i32_wrap_i64, &[value]) };
        self.push(value)
    }

    /// `memory.grow`.
    pub(super) fn memory_grow(&mut self, memory: u32) -> Done {
        let is_64 = self.plans.memory(memory).memory64;
        let delta = self.pop();
        let args = [self.context, self.number(memory), self.widened(delta)];
        let old = self.call_builtin(const { builtin("memory_grow") }, &args, Returns::I64AndStatus);
        self.push_index(old.expect("it returns one"), is_64)
    }

    /// A number that a builtin is given.
    pub(super) fn number(&mut self, number: u32) -> Value {
        self.constant(Type::I32, number.into())
    }

    /// Calls a builtin with two numbers and the topmost values, which are indices and lengths: what moves many elements.
    pub(super) fn bulk(&mut self, number: u32, numbers: &[u32], count: usize) -> Done {
        let values = self.pop_many(count);
        let mut args = vec![self.context];
        for number in numbers {
            args.push(self.number(*number));
        }
        for value in values {
            args.push(self.widened(value));
        }
        self.call_builtin(number, &args, Returns::Status);
        Ok(())
    }

    /// `memory.copy`.
    pub(super) fn memory_copy(&mut self, dst: u32, src: u32) -> Done {
        self.bulk(const { builtin("memory_copy") }, &[dst, src], 3)
    }

    /// `memory.fill`.
    pub(super) fn memory_fill(&mut self, memory: u32) -> Done {
        let (len, value, dst) = (self.pop(), self.pop(), self.pop());
        let args = [self.context, self.number(memory), self.widened(dst), value, self.widened(len)];
        self.call_builtin(const { builtin("memory_fill") }, &args, Returns::Status);
        Ok(())
    }

    /// `memory.init`.
    pub(super) fn memory_init(&mut self, segment: u32, memory: u32) -> Done {
        self.bulk(const { builtin("memory_init") }, &[memory, segment], 3)
    }

    /// `data.drop`.
    pub(super) fn data_drop(&mut self, segment: u32) -> Done {
        let args = [self.context, self.number(segment)];
        self.call_builtin(const { builtin("data_drop") }, &args, Returns::Nothing);
        Ok(())
    }

    /// `memory.atomic.wait32`, `memory.atomic.wait64`.
    pub(super) fn atomic_wait(&mut self, number: u32, arg: &MemArg) -> Done {
        let (timeout, expected, address) = (self.pop(), self.pop(), self.pop());
        let address = self.effective_address(address, arg);
        let args = [self.context, self.number(arg.memory), address, expected, timeout];
        let result = self.call_builtin(number, &args, Returns::I64AndStatus);
        self.push_index(result.expect("it returns one"), false)
    }

    /// `memory.atomic.notify`.
    pub(super) fn atomic_notify(&mut self, arg: &MemArg) -> Done {
        let (count, address) = (self.pop(), self.pop());
        let address = self.effective_address(address, arg);
        let args = [self.context, self.number(arg.memory), address, count];
        let result = self.call_builtin(const { builtin("atomic_notify") }, &args, Returns::I64AndStatus);
        self.push_index(result.expect("it returns one"), false)
    }
}
