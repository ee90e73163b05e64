//! What happens seldom: emitted behind the function's code, so that the usual way stays straight.

use crate::compiler::{Compiler, STORE};
use crate::masm::{Address, Cond, Label, Load, Masm, Width};
use crate::reg::Reg;
use alloc::vec::Vec;
use core::mem::offset_of;
use windlass_abi::builtins::VMBuiltins;
use windlass_abi::code::SafepointRow;
use windlass_abi::native::NativeStubs;
use windlass_abi::trap::TrapCode;
use windlass_abi::types::ValKind;
use windlass_abi::vm::{VMContext, VMFuncRef, VMStore};
use windlass_wasm::SinkError;

/// A piece of code that is emitted at the end of the function.
pub(crate) struct OutOfLine {
    at: Label,
    /// Offset in the module of its operator.
    offset: u32,
    what: What,
}

enum What {
    /// A trap.
    Trap(TrapCode),
    /// The stack limit was exceeded in the prologue.
    StackCheck { back: Label, large: bool },
    /// A call of a stub that keeps all registers.
    Stub { back: Label, stub: u32, slots: Vec<u32> },
    /// Where the handler of an exception starts: its row in `catches`, where it goes, and what arrives in the frame.
    Landing { row: usize, target: Label, join: Option<(ValKind, i32)> },
    /// An indirect call whose table element is not simply a function of the expected type.
    Indirect(IndirectCall),
    /// A tail call of a host function: a call and a return.
    HostTail { pair: Reg, pop: u32, slots: Vec<u32> },
}

/// What looking up the callee of an indirect call takes.
pub(crate) struct IndirectCall {
    /// Where to go on, with the address of {code, context} in `pair`.
    pub back: Label,
    pub pair: Reg,
    /// Number of the element, in this register.
    pub index: Reg,
    pub table: u32,
    /// Offset of the expected type's id in the context's array of them.
    pub type_id: u32,
    /// Registers whose values must be kept, and where.
    pub saves: Vec<(Reg, ValKind, i32)>,
    /// Where in the frame the function can be kept meanwhile.
    pub spare: i32,
    pub slots: Vec<u32>,
}

impl OutOfLine {
    pub fn stack_check(at: Label, back: Label) -> OutOfLine {
        OutOfLine { at, offset: 0, what: What::StackCheck { back, large: false } }
    }

    pub fn large_stack_check(at: Label, back: Label) -> OutOfLine {
        OutOfLine { at, offset: 0, what: What::StackCheck { back, large: true } }
    }

    pub fn stub(at: Label, back: Label, stub: u32, offset: u32, slots: Vec<u32>) -> OutOfLine {
        OutOfLine { at, offset, what: What::Stub { back, stub, slots } }
    }

    pub fn landing(at: Label, row: usize, target: Label, join: Option<(ValKind, i32)>) -> OutOfLine {
        OutOfLine { at, offset: 0, what: What::Landing { row, target, join } }
    }

    pub fn indirect(at: Label, offset: u32, call: IndirectCall) -> OutOfLine {
        OutOfLine { at, offset, what: What::Indirect(call) }
    }

    pub fn host_tail(at: Label, offset: u32, pair: Reg, pop: u32, slots: Vec<u32>) -> OutOfLine {
        OutOfLine { at, offset, what: What::HostTail { pair, pop, slots } }
    }
}

impl<M: Masm> Compiler<'_, M> {
    /// Where to go for a trap at the current operator.
    pub(crate) fn trap_label(&mut self, code: TrapCode) -> Label {
        let at = self.m.new_label();
        let offset = self.f.offset as u32;
        self.f.outofline.push(OutOfLine { at, offset, what: What::Trap(code) });
        at
    }

    /// Traps if a condition holds.
    pub(crate) fn trap_if(&mut self, cond: Cond, code: TrapCode) {
        let at = self.trap_label(code);
        self.m.branch(cond, at);
    }

    /// Traps, right here.
    pub(crate) fn trap_here(&mut self, code: TrapCode) {
        self.emit_trap(self.f.offset as u32, code);
    }

    fn emit_trap(&mut self, offset: u32, code: TrapCode) {
        if self.settings.signals {
            self.mark_at(offset, Some(code));
            self.m.fault();
        } else {
            self.m.constant(ValKind::I32, M::REGISTERS.int_result, code as u64);
            self.call_stub(offset_of!(NativeStubs, raise) as u32);
            self.mark_at(offset, None);
        }
    }

    /// The status in a builtin's second result must be `OK`, else it is raised.
    fn emit_status_check(&mut self, offset: u32, status: Reg) {
        self.m.test(Width::W32, status);
        let fine = self.m.new_label();
        self.m.branch(Cond::Eq, fine);
        self.emit_raise(offset, status);
        self.m.bind(fine);
    }

    /// Raises the status in a register.
    pub(crate) fn emit_raise(&mut self, offset: u32, status: Reg) {
        if status != M::REGISTERS.int_result {
            self.m.mov(ValKind::I64, M::REGISTERS.int_result, status);
        }
        self.call_stub(offset_of!(NativeStubs, raise) as u32);
        self.mark_at(offset, None);
    }

    /// Emits what has been put off.
    pub(crate) fn emit_outofline(&mut self) -> Result<(), SinkError> {
        // A piece may put off others.
        let mut next = 0;
        while next < self.f.outofline.len() {
            let what =
                core::mem::replace(&mut self.f.outofline[next].what, What::Trap(TrapCode::Unreachable));
            let (at, offset) = (self.f.outofline[next].at, self.f.outofline[next].offset);
            next += 1;
            self.m.bind(at);
            match what {
                What::Trap(code) => self.emit_trap(offset, code),
                What::StackCheck { back, large } => {
                    if !large {
                        self.m.stack_address(M::REGISTERS.int_result, 0);
                    }
                    // So far the frame is the caller's frame pointer and the context.
                    self.m.push_stack(8);
                    self.call_stub(offset_of!(NativeStubs, stack_check) as u32);
                    self.mark_at(self.f.bytes_at as u32, None);
                    self.m.push_stack(-8);
                    self.reload_fuel();
                    self.m.jump(back);
                }
                What::Stub { back, stub, slots } => {
                    self.call_stub(stub);
                    self.mark_at(offset, None);
                    self.safepoint_slots(&slots);
                    // The host may have made the memory grow, and move.
                    self.load_fixed(false);
                    self.reload_fuel();
                    self.m.jump(back);
                }
                What::Landing { row, target, join } => {
                    self.out.catches[row].target = self.m.offset();
                    self.reload_all();
                    self.reload_fuel();
                    if let Some((kind, from)) = join {
                        self.m.load_frame(kind, Self::join_reg(kind), from);
                    }
                    self.m.jump(target);
                }
                What::Indirect(call) => self.emit_indirect(offset, &call),
                What::HostTail { pair, pop, slots } => {
                    self.m.load(
                        Load::I64,
                        M::REGISTERS.context,
                        Address::new(pair, offset_of!(VMFuncRef, context) as i32),
                    );
                    self.m.call_memory(Address::new(pair, 0));
                    self.mark_at(offset, None);
                    self.safepoint_slots(&slots);
                    self.reload_context();
                    self.m.push_stack(pop as i32);
                    let epilogue = self.f.epilogue;
                    self.m.jump(epilogue.expect("the prologue made it"));
                }
            }
        }
        self.f.outofline.clear();
        Ok(())
    }

    fn safepoint_slots(&mut self, slots: &[u32]) {
        if !slots.is_empty() {
            let first = self.out.safepoint_slots.len() as u32;
            self.out.safepoint_slots.extend_from_slice(slots);
            self.out.safepoints.push(SafepointRow { at: self.m.offset(), slots: first });
        }
    }

    /// The frame's own context back into its register.
    pub(crate) fn reload_context(&mut self) {
        self.m.load_frame(ValKind::Func, M::REGISTERS.context, windlass_abi::native::FRAME_CONTEXT);
    }

    fn emit_indirect(&mut self, offset: u32, call: &IndirectCall) {
        let params = M::BUILTIN_PARAMS;
        let (result, status) = M::BUILTIN_RESULTS;
        for (reg, kind, at) in &call.saves {
            self.m.store_frame(*kind, *at, *reg);
        }
        // The function in the table, made if it was not yet.
        if call.index != params[2] {
            self.m.mov(ValKind::I64, params[2], call.index);
        }
        self.m.constant(ValKind::I32, params[1], call.table as u64);
        self.m.mov(ValKind::I64, params[0], M::REGISTERS.context);
        self.call_builtin_stub(offset_of!(VMBuiltins, table_get_func));
        self.mark_at(offset, None);
        self.safepoint_slots(&call.slots);
        self.reload_fuel();
        self.emit_status_check(offset, status);
        self.m.test(Width::W64, result);
        let null = self.put_off_trap(offset, TrapCode::UninitializedElement);
        self.m.branch(Cond::Eq, null);
        // Is its type the expected one, or below it?
        self.m.store_frame(ValKind::I64, call.spare, result);
        self.m.load(
            Load::I64,
            params[2],
            Address::new(M::REGISTERS.context, offset_of!(VMContext, type_ids) as i32),
        );
        self.m.load(Load::I32, params[2], Address::new(params[2], call.type_id as i32));
        let type_id = Address::new(result, offset_of!(VMFuncRef, type_id) as i32);
        self.m.load(Load::I32, params[1], type_id);
        self.m.mov(ValKind::I64, params[0], M::REGISTERS.context);
        self.call_builtin_stub(offset_of!(VMBuiltins, is_subtype));
        self.mark_at(offset, None);
        self.safepoint_slots(&call.slots);
        self.reload_fuel();
        self.m.test(Width::W32, result);
        let wrong = self.put_off_trap(offset, TrapCode::BadSignature);
        self.m.branch(Cond::Eq, wrong);
        for (reg, kind, at) in &call.saves {
            self.m.load_frame(*kind, *reg, *at);
        }
        self.load_fixed(false);
        self.m.load_frame(ValKind::I64, call.pair, call.spare);
        self.m.jump(call.back);
    }

    /// Where to go for a trap at another operator.
    fn put_off_trap(&mut self, offset: u32, code: TrapCode) -> Label {
        let at = self.m.new_label();
        self.f.outofline.push(OutOfLine { at, offset, what: What::Trap(code) });
        at
    }

    /// Calls the stub of a builtin; `offset` is that in the table of builtins.
    pub(crate) fn call_builtin_stub(&mut self, offset: usize) {
        let stub = offset_of!(NativeStubs, builtins) + offset;
        self.call_stub(stub as u32);
    }

    /// Calls the stub at this offset in [`NativeStubs`].
    pub(crate) fn call_stub(&mut self, offset: u32) {
        self.m.call_stub(offset, self.settings.fuel);
    }

    /// After a stub: the host may have given the guest more fuel. Uses the scratch register.
    pub(crate) fn reload_fuel(&mut self) {
        if self.settings.fuel {
            let scratch = M::REGISTERS.scratch;
            self.m.load(Load::I64, scratch, Address::new(M::REGISTERS.context, STORE));
            self.m.load(Load::I64, M::FUEL, Address::new(scratch, offset_of!(VMStore, fuel) as i32));
        }
    }

    /// After a builtin that gives a value and a status.
    pub(crate) fn check_status(&mut self, status: Reg) {
        let offset = self.f.offset as u32;
        self.emit_status_check(offset, status);
    }
}
