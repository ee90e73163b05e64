//! x86-64, from version 3 of its instruction set on: AVX2, BMI1, BMI2, LZCNT, POPCNT, FMA.
//!
//! `r11` and `xmm15` are scratch. `r15` is the context, `rbp` the frame. Moves, loads, stores and constants change no
//! flags, because the generic part makes them between a comparison and its use.

mod atomic;
mod float;
mod function;
mod integer;
mod lanes;
mod vector;

use crate::masm::{Address, Cond, Float, FloatBinary, FloatCompare, FloatUnary, IntBinary, IntUnary};
use crate::masm::{
    Conversion, Division, Label, Load, Masm, Operand, Registers, Store, TailTarget, Truncation, Width,
};
use crate::reg::{Class, Reg, RegSet};
use alloc::vec::Vec;
use core::mem::offset_of;
use windlass_abi::code::{FUNCTION_ALIGN, Reloc, RelocTarget};
use windlass_abi::native::{Convention, FUEL_REGISTER, POLL_DISTANCE, POLL_LENGTH, X86_64};
use windlass_abi::types::ValKind;
use windlass_abi::vm::{VMContext, VMStore};
use windlass_asm::x64::{self as asm, Assembler, Gpr, Mem, RelocKind, Scale, Xmm, inst::*};

/// The macro assembler for x86-64.
pub struct X64 {
    pub(super) asm: Assembler,
    /// Labels of the assembler, by number.
    labels: Vec<asm::Label>,
}

/// Alignment of the heads of loops: so much is fetched at once.
const LOOP_ALIGN: u32 = 32;

const RAX: Reg = Reg::int(0);
const RCX: Reg = Reg::int(1);
const RDX: Reg = Reg::int(2);
const RBX: Reg = Reg::int(3);
const RSI: Reg = Reg::int(6);
const RDI: Reg = Reg::int(7);
const R8: Reg = Reg::int(8);
const R9: Reg = Reg::int(9);
const R10: Reg = Reg::int(10);
const R11: Reg = Reg::int(11);
const R12: Reg = Reg::int(12);
const R13: Reg = Reg::int(13);
const R14: Reg = Reg::int(14);
const R15: Reg = Reg::int(15);
const XMM15: Reg = Reg::vector(15);

const fn xmm(n: u8) -> Reg {
    Reg::vector(n)
}

/// Registers for whole functions that calls clobber: the last ones first, because parameters arrive in the first ones.
const CALLER_SAVED: &[Reg] =
    &[R9, R8, RSI, RDI, xmm(14), xmm(13), xmm(12), xmm(11), xmm(10), xmm(9), xmm(8), xmm(7), xmm(6)];
const TEMPORARIES: &[Reg] = &[
    RAX,
    RCX,
    RDX,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    xmm(0),
    xmm(1),
    xmm(2),
    xmm(3),
    xmm(4),
    xmm(5),
    xmm(6),
    xmm(7),
    xmm(8),
    xmm(9),
    xmm(10),
    xmm(11),
    xmm(12),
    xmm(13),
    xmm(14),
];

/// A general register of the assembler.
#[inline]
pub(super) const fn g(reg: Reg) -> Gpr {
    Gpr::new(reg.number())
}

/// A vector register of the assembler.
#[inline]
pub(super) const fn x(reg: Reg) -> Xmm {
    Xmm::new(reg.number())
}

/// A place in the frame.
#[inline]
pub(super) const fn frame(at: i32) -> Mem {
    Mem::base(Gpr::RBP, at)
}

/// An address.
#[inline]
pub(super) const fn mem(at: Address) -> Mem {
    match at.index {
        Some(index) => Mem::indexed(g(at.base), g(index), Scale::One, at.offset),
        None => Mem::base(g(at.base), at.offset),
    }
}

/// The processor's condition; those of floats take two.
pub(super) const fn cc(cond: Cond) -> asm::Cond {
    match cond {
        Cond::Eq | Cond::FloatEq => asm::Cond::E,
        Cond::Ne | Cond::FloatNe => asm::Cond::NE,
        Cond::LtS => asm::Cond::L,
        Cond::LtU => asm::Cond::B,
        Cond::GtS => asm::Cond::G,
        Cond::GtU => asm::Cond::A,
        Cond::LeS => asm::Cond::LE,
        Cond::LeU => asm::Cond::BE,
        Cond::GeS => asm::Cond::GE,
        Cond::GeU => asm::Cond::AE,
    }
}

impl X64 {
    pub(super) fn label(&self, label: Label) -> asm::Label {
        self.labels[label.0 as usize]
    }
}

impl Masm for X64 {
    const CONVENTION: Convention = X86_64;
    const REGISTERS: Registers = Registers {
        temporaries: RegSet::of(TEMPORARIES),
        caller_saved: CALLER_SAVED,
        callee_saved: &[RBX, R12, R13, R14],
        int_result: RAX,
        vector_result: xmm(0),
        context: R15,
        scratch: R11,
    };
    const VECTOR_SCRATCH: Reg = XMM15;
    const FUEL: Reg = Reg::int(FUEL_REGISTER);
    const DIVISION_CLOBBERS: RegSet = RegSet::of(&[RAX, RDX]);
    const ROTATION_CLOBBERS: RegSet = RegSet::of(&[RCX]);
    const WIDE_PRODUCT: (Reg, Reg) = (RAX, RDX);
    const BUILTIN_PARAMS: &'static [Reg] = &[RDI, RSI, RDX, RCX, R8, R9];
    const BUILTIN_RESULTS: (Reg, Reg) = (RAX, RDX);

    fn new() -> X64 {
        X64 { asm: Assembler::new(), labels: Vec::new() }
    }

    #[inline]
    fn offset(&self) -> u32 {
        self.asm.offset()
    }

    fn finish_function(&mut self) -> Result<(), &'static str> {
        self.labels.clear();
        self.asm.finish_function(1).map_err(|_| "a branch in the function does not reach its target")
    }

    fn align(&mut self) {
        self.asm.align(FUNCTION_ALIGN as u32);
    }

    fn align_loop(&mut self) {
        self.asm.align(LOOP_ALIGN);
    }

    fn into_text(self) -> (Vec<u8>, Vec<Reloc>) {
        let relocs = self.asm.relocs().iter().map(|r| Reloc {
            at: r.at,
            target: match r.kind {
                RelocKind::Call | RelocKind::Jump => RelocTarget::Entry(r.key),
                RelocKind::SlotCall => RelocTarget::Slot(r.key),
            },
        });
        let relocs = relocs.collect();
        (self.asm.bytes().to_vec(), relocs)
    }

    fn new_label(&mut self) -> Label {
        self.labels.push(self.asm.new_label());
        Label(self.labels.len() as u32 - 1)
    }

    fn bind(&mut self, label: Label) {
        let label = self.label(label);
        self.asm.bind(label);
    }

    fn jump(&mut self, label: Label) {
        let label = self.label(label);
        self.asm.jmp(label);
    }

    fn branch(&mut self, cond: Cond, label: Label) {
        let to = self.label(label);
        match cond {
            Cond::FloatEq => {
                let skip = self.asm.new_label();
                self.asm.jcc_short(asm::Cond::P, skip);
                self.asm.jcc(asm::Cond::E, to);
                self.asm.bind(skip);
            }
            Cond::FloatNe => {
                self.asm.jcc(asm::Cond::P, to);
                self.asm.jcc(asm::Cond::NE, to);
            }
            _ => self.asm.jcc(cc(cond), to),
        }
    }

    fn branch_table(&mut self, index: Reg, labels: &[Label]) {
        let (default, rest) = labels.split_last().expect("there is a default");
        let default = self.label(*default);
        if rest.is_empty() {
            return self.asm.jmp(default);
        }
        self.asm.ri(CMP32_RM_I, g(index), rest.len() as i32);
        self.asm.jcc(asm::Cond::AE, default);
        let table = self.asm.new_label();
        self.asm.lea_label(Gpr::R11, table);
        self.asm.rm(MOVSXD64_R_RM32, g(index), Mem::indexed(Gpr::R11, g(index), Scale::Four, 0));
        self.asm.rr(ADD64_R_RM, Gpr::R11, g(index));
        self.asm.r(JMP_RM, Gpr::R11);
        self.asm.bind(table);
        for label in rest {
            let label = self.label(*label);
            self.asm.table_entry(label, table);
        }
    }

    fn enter(&mut self, exceeded: Option<Label>, checked: Label) -> u32 {
        self.push_frame();
        if let Some(exceeded) = exceeded {
            self.load_store();
            self.asm.rm(CMP64_R_RM, Gpr::RSP, Mem::base(Gpr::R11, offset_of!(VMStore, stack_limit) as i32));
            let exceeded = self.label(exceeded);
            self.asm.jcc(asm::Cond::BE, exceeded);
        }
        self.bind(checked);
        // `sub rsp, imm32`, whatever the size will be.
        self.asm.put(&[0x48, 0x81, 0xec, 0, 0, 0, 0]);
        self.asm.offset() - 4
    }

    fn set_frame_size(&mut self, at: u32, size: u32) {
        // The context has been pushed already.
        self.asm.patch32(at, size - 8);
    }

    fn enter_large(&mut self, size: u32, exceeded: Label, checked: Label) {
        self.push_frame();
        self.asm.rm(LEA64, Gpr::RAX, Mem::base(Gpr::RSP, -(size as i32)));
        self.load_store();
        self.asm.rm(CMP64_R_RM, Gpr::RAX, Mem::base(Gpr::R11, offset_of!(VMStore, stack_limit) as i32));
        let (exceeded, checked) = (self.label(exceeded), self.label(checked));
        self.asm.jcc(asm::Cond::BE, exceeded);
        self.asm.jmp(checked);
    }

    fn leave(&mut self, pop: u32) {
        self.asm.op(LEAVE);
        match pop {
            0 => self.asm.op(RET),
            pop => self.asm.i(RET_I, pop as i32),
        }
    }

    fn leave_to(&mut self, target: TailTarget, own_bytes: u32, callee_bytes: u32) {
        self.tail_call(target, own_bytes, callee_bytes);
    }

    fn mov(&mut self, kind: ValKind, dst: Reg, src: Reg) {
        match kind {
            ValKind::I32 | ValKind::Gc => self.asm.rr(MOV32_R_RM, g(dst), g(src)),
            ValKind::I64 | ValKind::Func => self.asm.rr(MOV64_R_RM, g(dst), g(src)),
            ValKind::F32 | ValKind::F64 | ValKind::V128 => self.asm.rr(VMOVAPS, x(dst), x(src)),
        }
    }

    fn constant(&mut self, kind: ValKind, dst: Reg, bits: u64) {
        match (kind, bits) {
            (ValKind::F32 | ValKind::F64 | ValKind::V128, 0) => self.asm.rrr(VXORPS, x(dst), x(dst), x(dst)),
            (ValKind::F32, bits) => {
                let at = self.asm.constant(&(bits as u32).to_le_bytes());
                self.asm.rm(VMOVSS_LOAD, x(dst), Mem::rip(at));
            }
            (ValKind::F64, bits) => {
                let at = self.asm.constant(&bits.to_le_bytes());
                self.asm.rm(VMOVSD_LOAD, x(dst), Mem::rip(at));
            }
            (ValKind::V128, _) => unreachable!("only the zero vector is a constant of the stack"),
            (_, bits) => self.asm.mov_ri64(g(dst), bits),
        }
    }

    fn zero(&mut self, dst: Reg) {
        match dst.class() {
            Class::Int => self.asm.rr(XOR32_R_RM, g(dst), g(dst)),
            Class::Vector => self.asm.rrr(VXORPS, x(dst), x(dst), x(dst)),
        }
    }

    fn load_frame(&mut self, kind: ValKind, dst: Reg, at: i32) {
        self.load_mem(kind, dst, frame(at));
    }

    fn store_frame(&mut self, kind: ValKind, at: i32, src: Reg) {
        self.store_mem(kind, frame(at), src);
    }

    fn store_frame_constant(&mut self, kind: ValKind, at: i32, bits: u64) {
        if kind == ValKind::V128 {
            self.asm.rrr(VXORPS, x(XMM15), x(XMM15), x(XMM15));
            return self.asm.mr(VMOVUPS_STORE, frame(at), x(XMM15));
        }
        match i32::try_from(bits as i64) {
            Ok(bits) => self.asm.mi(MOV64_RM_I, frame(at), bits),
            Err(_) => {
                self.asm.mov_ri64(Gpr::R11, bits);
                self.asm.mr(MOV64_RM_R, frame(at), Gpr::R11);
            }
        }
    }

    fn zero_frame(&mut self, lowest: i32, slots: u32) {
        if slots == 1 {
            return self.asm.mi(MOV64_RM_I, frame(lowest), 0);
        }
        self.asm.rrr(VXORPS, x(XMM15), x(XMM15), x(XMM15));
        let bytes = 8 * slots as i32;
        if slots <= 24 {
            // The last pair may overlap the one before it.
            for pair in 0..slots as i32 / 2 {
                self.asm.mr(VMOVUPS_STORE, frame(lowest + 16 * pair), x(XMM15));
            }
            if slots % 2 == 1 {
                self.asm.mr(VMOVUPS_STORE, frame(lowest + bytes - 16), x(XMM15));
            }
            return;
        }
        if slots % 2 == 1 {
            self.asm.mi(MOV64_RM_I, frame(lowest + bytes - 8), 0);
        }
        let bytes = bytes & !15;
        self.asm.mov_ri64(Gpr::R11, -bytes as i64 as u64);
        let again = self.asm.new_label();
        self.asm.bind(again);
        let at = Mem::indexed(Gpr::RBP, Gpr::R11, Scale::One, lowest + bytes);
        self.asm.mr(VMOVUPS_STORE, at, x(XMM15));
        self.asm.ri(ADD64_RM_I, Gpr::R11, 16);
        self.asm.jcc(asm::Cond::NE, again);
    }

    fn load(&mut self, op: Load, dst: Reg, from: Address) {
        let from = mem(from);
        match op {
            Load::I32 => self.asm.rm(MOV32_R_RM, g(dst), from),
            Load::I64 => self.asm.rm(MOV64_R_RM, g(dst), from),
            Load::F32 => self.asm.rm(VMOVSS_LOAD, x(dst), from),
            Load::F64 => self.asm.rm(VMOVSD_LOAD, x(dst), from),
            Load::V128 => self.asm.rm(VMOVUPS_LOAD, x(dst), from),
            Load::I32Load8S => self.asm.rm(MOVSX32_R_RM8, g(dst), from),
            Load::Load8U => self.asm.rm(MOVZX32_R_RM8, g(dst), from),
            Load::I32Load16S => self.asm.rm(MOVSX32_R_RM16, g(dst), from),
            Load::Load16U => self.asm.rm(MOVZX32_R_RM16, g(dst), from),
            Load::I64Load8S => self.asm.rm(MOVSX64_R_RM8, g(dst), from),
            Load::I64Load16S => self.asm.rm(MOVSX64_R_RM16, g(dst), from),
            Load::I64Load32S => self.asm.rm(MOVSXD64_R_RM32, g(dst), from),
        }
    }

    fn store(&mut self, op: Store, to: Address, src: Reg) {
        let to = mem(to);
        match op {
            Store::Store8 => self.asm.mr(MOV8_RM_R, to, g(src)),
            Store::Store16 => self.asm.mr(MOV16_RM_R, to, g(src)),
            Store::Store32 => self.asm.mr(MOV32_RM_R, to, g(src)),
            Store::Store64 => self.asm.mr(MOV64_RM_R, to, g(src)),
            Store::F32 => self.asm.mr(VMOVSS_STORE, to, x(src)),
            Store::F64 => self.asm.mr(VMOVSD_STORE, to, x(src)),
            Store::V128 => self.asm.mr(VMOVUPS_STORE, to, x(src)),
        }
    }

    fn store_constant(&mut self, op: Store, to: Address, value: i32) {
        let to = mem(to);
        match op {
            Store::Store8 => self.asm.mi(MOV8_RM_I, to, value as i8 as i32),
            Store::Store16 => self.asm.mi(MOV16_RM_I, to, value as i16 as i32),
            Store::Store32 => self.asm.mi(MOV32_RM_I, to, value),
            Store::Store64 => self.asm.mi(MOV64_RM_I, to, value),
            Store::F32 | Store::F64 | Store::V128 => unreachable!("only integers are stored as constants"),
        }
    }

    fn stack_address(&mut self, dst: Reg, offset: u32) {
        self.asm.rm(LEA64, g(dst), Mem::base(Gpr::RSP, offset as i32));
    }

    fn store_stack(&mut self, kind: ValKind, offset: u32, src: Reg) {
        self.store_mem(kind, Mem::base(Gpr::RSP, offset as i32), src);
    }

    fn load_stack(&mut self, kind: ValKind, dst: Reg, offset: u32) {
        self.load_mem(kind, dst, Mem::base(Gpr::RSP, offset as i32));
    }

    fn push_stack(&mut self, bytes: i32) {
        if bytes != 0 {
            self.asm.rm(LEA64, Gpr::RSP, Mem::base(Gpr::RSP, -bytes));
        }
    }

    fn frame_address(&mut self, dst: Reg, at: i32) {
        self.asm.rm(LEA64, g(dst), frame(at));
    }

    fn address(&mut self, width: Width, dst: Reg, of: Address) {
        match width {
            Width::W32 => self.asm.rm(LEA32, g(dst), mem(of)),
            Width::W64 => self.asm.rm(LEA64, g(dst), mem(of)),
        }
    }

    fn int_binary(&mut self, op: IntBinary, width: Width, dst: Reg, a: Reg, b: Operand) {
        self.binary(op, width, dst, a, b);
    }

    fn add_shifted(&mut self, width: Width, dst: Reg, a: Reg, b: Reg, shift: u8) {
        let scale = [Scale::One, Scale::Two, Scale::Four, Scale::Eight][shift as usize];
        let at = Mem::indexed(g(a), g(b), scale, 0);
        match width {
            Width::W32 => self.asm.rm(LEA32, g(dst), at),
            Width::W64 => self.asm.rm(LEA64, g(dst), at),
        }
    }

    fn int_unary(&mut self, op: IntUnary, width: Width, dst: Reg, src: Operand) {
        self.unary(op, width, dst, src);
    }

    fn compare(&mut self, width: Width, a: Operand, b: Operand) {
        self.cmp(width, a, b);
    }

    fn test(&mut self, width: Width, a: Reg) {
        match width {
            Width::W32 => self.asm.rr(TEST32_RM_R, g(a), g(a)),
            Width::W64 => self.asm.rr(TEST64_RM_R, g(a), g(a)),
        }
    }

    fn compare_memory32(&mut self, at: Address, value: i32) {
        self.asm.mi(CMP32_RM_I, mem(at), value);
    }

    fn compare_memory64(&mut self, a: Reg, at: Address) {
        self.asm.rm(CMP64_R_RM, g(a), mem(at));
    }

    fn compare_with_memory32(&mut self, a: Reg, at: Address) {
        self.asm.rm(CMP32_R_RM, g(a), mem(at));
    }

    fn charge(&mut self, exhausted: Label) -> u32 {
        // An amount that takes the long form.
        self.asm.ri(SUB64_RM_I, g(Self::FUEL), i32::MAX);
        let amount = self.asm.offset() - 4;
        let exhausted = self.label(exhausted);
        // A branch that processors join with the subtraction.
        self.asm.jcc(asm::Cond::L, exhausted);
        amount
    }

    fn set_charge(&mut self, at: u32, amount: u32) {
        self.asm.patch32(at, amount.min(i32::MAX as u32));
    }

    fn set(&mut self, cond: Cond, dst: Reg) {
        self.set_condition(cond, dst);
    }

    fn select(&mut self, kind: ValKind, cond: Cond, dst: Reg, b: Reg) {
        match Class::of(kind) {
            Class::Int => self.select_int(cond, dst, b),
            Class::Vector => self.select_vector(cond, dst, b),
        }
    }

    fn add_carry(&mut self, dst: Reg, a: Reg, value: Operand) {
        if dst != a {
            self.asm.rr(MOV64_R_RM, g(dst), g(a));
        }
        match value {
            Operand::Reg(b) => self.asm.rr(ADD64_R_RM, g(dst), g(b)),
            Operand::Imm(imm) => self.asm.ri(ADD64_RM_I, g(dst), imm),
            Operand::Frame(at) => self.asm.rm(ADD64_R_RM, g(dst), frame(at)),
        }
    }

    fn divide_prepare(
        &mut self,
        op: Division,
        width: Width,
        a: Reg,
        b: Reg,
        zero: Label,
        overflow: Option<Label>,
    ) -> Reg {
        self.prepare_division(op, width, a, b, zero, overflow)
    }

    fn divide_finish(&mut self, op: Division, width: Width, dst: Reg, b: Reg) {
        self.finish_division(op, width, dst, b);
    }

    fn multiply_wide(&mut self, signed: bool, a: Reg, b: Reg) {
        let (a, b) = if b == RAX { (b, a) } else { (a, b) };
        if a != RAX {
            self.asm.rr(MOV64_R_RM, Gpr::RAX, g(a));
        }
        self.asm.r(if signed { IMUL1_64_RM } else { MUL64_RM }, g(b));
    }

    fn add_wide(&mut self, subtract: bool, low: Reg, high: Reg, b_low: Reg, b_high: Reg) {
        let (first, second) = if subtract { (SUB64_R_RM, SBB64_R_RM) } else { (ADD64_R_RM, ADC64_R_RM) };
        self.asm.rr(first, g(low), g(b_low));
        self.asm.rr(second, g(high), g(b_high));
    }

    fn float_binary(&mut self, op: FloatBinary, ty: Float, dst: Reg, a: Reg, b: Operand) {
        self.binary_float(op, ty, dst, a, b);
    }

    fn float_unary(&mut self, op: FloatUnary, ty: Float, dst: Reg, src: Reg) {
        self.unary_float(op, ty, x(dst), x(src));
    }

    fn float_compare(&mut self, op: FloatCompare, ty: Float, a: Reg, b: Reg) -> Cond {
        // Unordered operands set the carry, zero and parity flags: so "above" is false for them.
        let (a, b, cond) = match op {
            FloatCompare::Eq => (a, b, Cond::FloatEq),
            FloatCompare::Ne => (a, b, Cond::FloatNe),
            FloatCompare::Gt => (a, b, Cond::GtU),
            FloatCompare::Ge => (a, b, Cond::GeU),
            FloatCompare::Lt => (b, a, Cond::GtU),
            FloatCompare::Le => (b, a, Cond::GeU),
        };
        self.ucomis(ty, x(a), x(b));
        cond
    }

    fn convert(&mut self, op: Conversion, dst: Reg, src: Reg) {
        self.convert_scalar(op, dst, src);
    }

    fn truncate_saturating(&mut self, op: Truncation, dst: Reg, src: Reg, temp: Reg) {
        self.saturate(op, g(dst), x(src), x(temp));
    }

    fn truncate(&mut self, op: Truncation, dst: Reg, src: Reg, temp: Reg, invalid: Label, overflow: Label) {
        let (invalid, overflow) = (self.label(invalid), self.label(overflow));
        self.truncate_or_trap(op, g(dst), x(src), x(temp), invalid, overflow);
    }

    fn call_function(&mut self, target: RelocTarget) {
        match target {
            RelocTarget::Entry(own) => self.asm.call_reloc(own),
            RelocTarget::Slot(own) => self.asm.call_slot_reloc(own),
        }
    }

    fn call_reg(&mut self, reg: Reg) {
        self.asm.r(CALL_RM, g(reg));
    }

    fn call_memory(&mut self, at: Address) {
        self.asm.m(CALL_RM, mem(at));
    }

    fn call_stub(&mut self, offset: u32, fuel: bool) {
        if fuel {
            self.load_store();
            let at = Mem::base(Gpr::R11, offset_of!(VMStore, fuel) as i32);
            self.asm.mr(MOV64_RM_R, at, g(Self::FUEL));
        }
        self.asm.rm(MOV64_R_RM, Gpr::R11, Mem::base(Gpr::R15, offset_of!(VMContext, stubs) as i32));
        self.asm.m(CALL_RM, Mem::base(Gpr::R11, offset as i32));
    }

    fn fault(&mut self) {
        self.asm.op(UD2);
    }

    fn poll(&mut self) {
        let at = self.asm.offset();
        // A load into a register that nobody reads waits for nothing and changes no flags: measured, that is free where
        // `test` costs a tenth.
        self.asm.rm(MOV32_R_RM, Gpr::R11, Mem::base(Gpr::R15, -(POLL_DISTANCE as i32)));
        debug_assert_eq!((self.asm.offset() - at) as usize, POLL_LENGTH);
    }
}
