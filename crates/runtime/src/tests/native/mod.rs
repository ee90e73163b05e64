//! Native code, assembled by hand: what a compiler would make, in small.
//!
//! A [`Function`] collects instructions and the rows that describe them; a [`Program`] makes a module of
//! several. Offsets in the module are numbers that the test chooses: where its "operators" are.

/// Writes instructions one after the other.
macro_rules! asm {
    ($f:expr, $($op:ident($($arg:expr),* $(,)?);)*) => {{ $( $f.a.$op($($arg),*).unwrap(); )* }};
}

mod calls;
mod exceptions;
mod lazy;
mod signals;
mod stack;
mod traps;

use super::*;
use crate::native::{NativeCode, NativeProcessor};
use iced_x86::BlockEncoderOptions;
pub(super) use iced_x86::code_asm::*;
use std::mem::offset_of;
use windlass_abi::code::*;
use windlass_abi::native::NativeStubs;

/// Bytes of the fixed part of a frame: the context.
const FIXED: i32 = 8;

/// A function in the making.
pub(super) struct Function {
    pub a: CodeAssembler,
    /// `rbp - rsp`.
    frame: i32,
    /// Where home slots start, below `rbp`.
    slots: i32,
    /// Bytes of parameters on the stack, which it pops.
    stack_params: i32,
    positions: Vec<(CodeLabel, u32, Option<TrapCode>)>,
    relocs: Vec<(CodeLabel, RelocTarget)>,
    safepoints: Vec<(CodeLabel, Vec<u32>)>,
    handlers: Vec<Handler>,
}

struct Handler {
    start: CodeLabel,
    end: CodeLabel,
    clauses: Vec<Clause>,
}

/// A catch clause.
#[derive(Clone, Copy)]
pub(super) struct Clause {
    pub tag: u32,
    pub with_reference: bool,
    pub slot: u32,
    pub target: CodeLabel,
}

impl Function {
    /// A function whose frame has room for `slots` home slots and `extra` bytes more.
    pub fn new(slots: i32, extra: i32) -> Function {
        Function::with_stack_params(slots, extra, 0)
    }

    pub fn with_stack_params(slots: i32, extra: i32, stack_params: i32) -> Function {
        let mut f = Function::leaf();
        f.stack_params = stack_params;
        f.slots = FIXED;
        // Return address and `rbp` are above; `rsp` is a multiple of 16 at calls.
        f.frame = (FIXED + 8 * slots + extra + 15) / 16 * 16;
        let frame = f.frame;
        asm!(f, push(rbp); mov(rbp, rsp); push(r15); sub(rsp, frame - FIXED););
        f
    }

    /// A function without a frame.
    pub fn leaf() -> Function {
        Function {
            a: CodeAssembler::new(64).unwrap(),
            frame: 0,
            slots: 0,
            stack_params: 0,
            positions: Vec::new(),
            relocs: Vec::new(),
            safepoints: Vec::new(),
            handlers: Vec::new(),
        }
    }

    /// A home slot.
    pub fn slot(&self, n: i32) -> AsmMemoryOperand {
        qword_ptr(rbp - self.slots - 8 * (n + 1))
    }

    /// A stack parameter at this byte offset.
    pub fn stack_param(&self, at: i32) -> AsmMemoryOperand {
        qword_ptr(rbp + 16 + at)
    }

    pub fn label(&mut self) -> CodeLabel {
        self.a.create_label()
    }

    /// Puts a label here.
    pub fn bind(&mut self, label: &mut CodeLabel) {
        self.a.set_label(label).unwrap();
        self.a.nop().unwrap();
    }

    pub fn here(&mut self) -> CodeLabel {
        let mut label = self.label();
        self.bind(&mut label);
        label
    }

    /// The last instruction was a call, by the operator at `offset`.
    pub fn called(&mut self, offset: u32) -> CodeLabel {
        let label = self.here();
        self.positions.push((label, offset, None));
        label
    }

    /// The next instruction traps, in the operator at `offset`.
    pub fn traps(&mut self, offset: u32, code: TrapCode) {
        let mut label = self.label();
        self.a.set_label(&mut label).unwrap();
        self.positions.push((label, offset, Some(code)));
    }

    pub fn unreachable(&mut self, offset: u32) {
        self.traps(offset, TrapCode::Unreachable);
        self.a.ud2().unwrap();
    }

    /// The last call was a safepoint with references in these slots.
    pub fn references(&mut self, call: CodeLabel, slots: &[u32]) {
        self.safepoints.push((call, slots.to_vec()));
    }

    /// Calls between the labels are covered by clauses. Inner ones come first.
    pub fn handler(&mut self, start: CodeLabel, end: CodeLabel, clauses: &[Clause]) {
        self.handlers.push(Handler { start, end, clauses: clauses.to_vec() });
    }

    /// Calls a function of the same module, numbered among its own.
    pub fn call_own(&mut self, own: u32, offset: u32) -> CodeLabel {
        self.a.db(&[0xe8, 0, 0, 0, 0]).unwrap();
        let label = self.called(offset);
        self.relocs.push((label, RelocTarget::Entry(own)));
        label
    }

    /// Calls a function of the same module through its slot.
    pub fn call_slot(&mut self, own: u32, offset: u32) -> CodeLabel {
        self.a.db(&[0xff, 0x15, 0, 0, 0, 0]).unwrap();
        let label = self.called(offset);
        self.relocs.push((label, RelocTarget::Slot(own)));
        label
    }

    /// Calls an imported function, and gets the context back.
    pub fn call_import(&mut self, import: i32, offset: u32) -> CodeLabel {
        asm!(self,
            mov(rax, qword_ptr(r15 + import + offset_of!(VMImportedFunc, code) as i32));
            mov(r15, qword_ptr(r15 + import + offset_of!(VMImportedFunc, context) as i32));
            call(rax););
        let label = self.called(offset);
        asm!(self, mov(r15, qword_ptr(rbp - 8)););
        label
    }

    /// Calls a stub; `rax` and others are its operands.
    pub fn call_stub(&mut self, stub: usize, offset: u32) -> CodeLabel {
        asm!(self,
            mov(r11, qword_ptr(r15 + offset_of!(VMContext, store) as i32));
            mov(r11, qword_ptr(r11 + offset_of!(VMStore, stubs) as i32));
            call(qword_ptr(r11 + stub as i32)););
        self.called(offset)
    }

    /// Calls a builtin by its name; the context is put in place.
    pub fn call_builtin(&mut self, name: &str, offset: u32) -> CodeLabel {
        let number = VMBuiltins::NAMES.iter().position(|n| *n == name).unwrap();
        asm!(self, mov(rdi, r15););
        self.call_stub(offset_of!(NativeStubs, builtins) + 8 * number, offset)
    }

    /// Gives the frame up, and returns.
    pub fn ret(&mut self) {
        if self.frame != 0 {
            asm!(self, mov(r15, qword_ptr(rbp - 8)); mov(rsp, rbp); pop(rbp););
        }
        match self.stack_params {
            0 => self.a.ret().unwrap(),
            n => self.a.ret_1(n as u32).unwrap(),
        }
    }

    /// The check of a function's prologue for a frame of any size. `rax` and `r11` are lost.
    pub fn check_stack(&mut self, size: i32, offset: u32) {
        let mut fits = self.label();
        asm!(self,
            lea(rax, qword_ptr(rsp - size));
            mov(r11, qword_ptr(r15 + offset_of!(VMContext, store) as i32));
            cmp(rax, qword_ptr(r11 + offset_of!(VMStore, stack_limit) as i32));
            jae(fits););
        self.call_stub(offset_of!(NativeStubs, stack_check), offset);
        self.bind(&mut fits);
    }

    /// The check of a loop head.
    pub fn check_interrupt(&mut self, offset: u32) {
        let mut go_on = self.label();
        asm!(self,
            mov(r11, qword_ptr(r15 + offset_of!(VMContext, store) as i32));
            cmp(dword_ptr(r11 + offset_of!(VMStore, interrupt) as i32), 0);
            je(go_on););
        self.call_stub(offset_of!(NativeStubs, interrupt), offset);
        self.bind(&mut go_on);
    }

    /// Its code, as function `index`; the operators start at `index * 1000`.
    pub fn finish(mut self, index: u32) -> CodeChunk {
        // Whoever jumps past the end would be noticed, and labels at the end have an instruction.
        self.a.int3().unwrap();
        let done = self.a.assemble_options(0, BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS).unwrap();
        let at = |label: &CodeLabel| done.label_ip(label).unwrap() as u32;
        let mut chunk = CodeChunk { text: done.inner.code_buffer.clone(), ..CodeChunk::default() };
        chunk.functions.push(FunctionRow {
            end: chunk.text.len() as u32,
            index,
            frame_size: self.frame as u32,
            slots: self.slots as u32,
            offset: 1000 * index,
            ..FunctionRow::default()
        });
        let mut rows: Vec<_> =
            self.positions.iter().map(|(l, offset, trap)| (at(l), *offset, *trap)).collect();
        rows.sort_by_key(|row| row.0);
        let mut before = (0, 1000 * index);
        for (at, offset, trap) in rows {
            Positions::push(&mut chunk.positions, at - before.0, offset.wrapping_sub(before.1), trap);
            before = (at, offset);
        }
        for (label, slots) in &self.safepoints {
            let row = SafepointRow { at: at(label), slots: chunk.safepoint_slots.len() as u32 };
            chunk.safepoints.push(row);
            chunk.safepoint_slots.extend_from_slice(slots);
        }
        for handler in &self.handlers {
            let catches = chunk.catches.len() as u32;
            chunk.catches.extend(handler.clauses.iter().map(|c| CatchRow {
                tag: c.tag,
                with_reference: c.with_reference as u32,
                slot: c.slot,
                target: at(&c.target),
            }));
            let catches_end = chunk.catches.len() as u32;
            let (start, end) = (at(&handler.start), at(&handler.end));
            chunk.handlers.push(HandlerRow { start, end, catches, catches_end });
        }
        for (label, target) in &self.relocs {
            chunk.relocs.push(Reloc { at: at(label) - 4, target: *target });
        }
        chunk
    }
}

/// A module in the making. Functions are numbered as they are added; imports come first.
#[derive(Default)]
pub(super) struct Program {
    pub module: Builder,
    chunks: Vec<CodeChunk>,
}

impl Program {
    pub fn new() -> Program {
        Program::default()
    }

    /// An imported function; gives its offset in the context. All imports come before all else.
    pub fn import(&mut self, ty: &FuncType) -> u32 {
        let ty = self.module.ty(ty.clone());
        self.module.import_func(ty)
    }

    /// Adds a function; gives its index.
    pub fn func(&mut self, ty: &FuncType, function: Function) -> u32 {
        let ty = self.module.ty(ty.clone());
        let index = self.module.facts.functions.len() as u32;
        self.module.facts.functions.push(ty);
        self.chunks.push(function.finish(index));
        index
    }

    /// Where things lie in the contexts, once all are declared.
    pub fn layout(&self) -> windlass_abi::layout::ContextLayout {
        windlass_abi::layout::ContextLayout::new(&self.module.facts)
    }

    pub fn image(&mut self) -> CodeImage {
        CodeImage::join(std::mem::take(&mut self.chunks), 0).unwrap()
    }

    pub fn build(mut self) -> Arc<Module> {
        let code = NativeCode::new(self.image()).unwrap();
        self.module.build_with(Box::new(code))
    }

    pub fn instantiate(self, store: &Store, imports: &[ExternId]) -> InstanceId {
        // SAFETY: the test gives what it declares.
        unsafe { store.as_ptr().instantiate(&self.build(), imports) }.unwrap()
    }
}

pub(super) fn native_config() -> StoreConfig {
    StoreConfig::new(Arc::new(NativeProcessor::new()), Arc::new(SameType))
}

pub(super) fn native_store() -> Store {
    Store::new(native_config()).unwrap()
}

/// `[i64…] -> [i64…]`.
pub(super) fn i64_type(params: usize, results: usize) -> FuncType {
    func_type(&vec![ValType::I64; params], &vec![ValType::I64; results])
}

/// Calls with any values.
pub(super) fn call_values(store: &mut Store, func: FuncPtr, args: &mut [ValRaw]) -> Result<(), Failure> {
    // SAFETY: the test gives what the function takes.
    unsafe { store.as_ptr().call(func, args) }
}

/// Functions and offsets of a failure's backtrace, and its trap code.
pub(super) fn trapped(result: Result<Vec<u64>, Failure>) -> (TrapCode, Vec<(u32, u32)>) {
    match result {
        Err(Failure::Trap { code, backtrace }) => {
            (code, backtrace.frames.iter().map(|f| (f.function, f.offset)).collect())
        }
        other => panic!("no trap: {other:?}"),
    }
}
