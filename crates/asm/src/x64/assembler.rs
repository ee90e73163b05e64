//! The assembler: instructions in, bytes out.
//!
//! There are two ways in. The fast paths ([`Assembler::rr`], [`Assembler::rm`], …) are named for the
//! operands, in Intel's order (`r` register, `m` memory, `i` immediate), and trust the caller to give an
//! instruction the operands that it has; a debug build checks. [`Assembler::emit`] checks always. Both
//! end in the same two functions, one for a register in ModRM.rm and one for memory, which build prefixes,
//! opcode, ModRM and SIB in one 64-bit word (they never need more than eight bytes) and write it,
//! displacement and immediate with a whole store each.

use super::code::Code;
use super::operand::{Cond, Gpr, Mem, Operand, Reg};
use super::table::{Bank, Inst, Kind, OperandSpec, Place, inst};
use crate::buffer::{self, Buffer, Label, LinkError};

/// Fields of x86-64 instructions that refer to labels; the displacement counts from the field itself, so
/// the addend is minus the distance from the field to the end of the instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Field {
    Rel8,
    Rel32,
}

impl buffer::Field for Field {
    fn range(self) -> (i64, i64) {
        match self {
            Field::Rel8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
            Field::Rel32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        }
    }

    #[inline]
    fn patch(self, code: &mut [u8], displacement: i64) {
        match self {
            Field::Rel8 => code[0] = displacement as u8,
            Field::Rel32 => code[..4].copy_from_slice(&(displacement as u32).to_le_bytes()),
        }
    }
}

/// What refers to something outside the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelocKind {
    /// The 32-bit displacement of a `call`, from the field's end to the callee.
    Call,
    /// The 32-bit displacement of a `jmp`, from the field's end to the destination.
    Jump,
    /// The 32-bit displacement of a `call [rip + slot]`, from the field's end to a slot that holds the
    /// callee's address.
    SlotCall,
}

/// A reference to something outside the buffer.
pub type Reloc = buffer::Reloc<RelocKind>;

#[derive(Debug)]
pub(crate) struct X64;

impl buffer::Target for X64 {
    type Field = Field;
    type RelocKind = RelocKind;
}

/// Why [`Assembler::emit`] refused an instruction.
pub type EncodeError = crate::table::EncodeError<Operand>;

const INT3: u8 = 0xCC;
/// The first bytes of an instruction, and how many bits there are.
type Head = (u64, u32);

/// Prefixes and opcode. `index` and `base` are the registers that REX.X and REX.B extend; a REX prefix is
/// written if one of them needs it or if `forced` is not zero.
#[inline(always)]
fn head(code: Code, op: u32, reg: u32, vvvv: u32, index: u32, base: u32, forced: u32) -> Head {
    let (r, x, b) = (reg >> 3, index >> 3, base >> 3);
    if code.vex() != 0 {
        return vex_head(code, op, r, x, b, vvvv);
    }
    let rex = code.w() << 3 | r << 2 | x << 1 | b;
    let (rex, rex_bits) = if rex | forced != 0 { (rex | 0x40, 8) } else { (0, 0) };
    let op_at = code.prefix_bits() + rex_bits;
    let word = u64::from(code.prefix()) | u64::from(rex) << code.prefix_bits() | u64::from(op) << op_at;
    (word, op_at + code.op_bits())
}

#[inline(always)]
fn vex_head(code: Code, op: u32, r: u32, x: u32, b: u32, vvvv: u32) -> Head {
    let last = (vvvv ^ 15) << 3 | code.vex_lpp();
    if code.vex_short() != 0 && x | b == 0 {
        return (u64::from(0xC5 | ((r ^ 1) << 7 | last) << 8 | op << 16), 24);
    }
    let first = (r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | code.vex_map();
    (u64::from(0xC4 | first << 8 | (code.w() << 7 | last) << 16 | op << 24), 32)
}

/// Register numbers by slot: ModRM.reg, ModRM.rm, VEX.vvvv, immediate; one byte each.
#[derive(Clone, Copy)]
struct Slots(u32);

impl Slots {
    #[inline(always)]
    fn new(code: Code) -> Slots {
        Slots(code.fixed())
    }

    /// Puts a register where the `operand`th register or memory operand goes.
    #[inline(always)]
    fn with(self, code: Code, operand: u32, reg: Reg) -> Slots {
        Slots(self.0 | u32::from(reg.num()) << code.slot(operand))
    }

    #[inline(always)]
    fn get(self, slot: u32) -> u32 {
        self.0 >> (slot * 8) & 15
    }
}

/// An assembler: the code of one function or of many that follow each other.
#[derive(Debug, Default)]
pub struct Assembler {
    buffer: Buffer<X64>,
}

/// Bytes, labels, constants and relocations.
impl Assembler {
    /// An empty assembler.
    pub const fn new() -> Assembler {
        Assembler { buffer: Buffer::new() }
    }

    /// Where the next instruction goes.
    #[inline]
    pub fn offset(&self) -> u32 {
        self.buffer.offset()
    }

    /// The code so far.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// The code so far, to be changed in place.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.buffer.bytes_mut()
    }

    /// Replaces the four bytes at `at`.
    pub fn patch32(&mut self, at: u32, value: u32) {
        self.buffer.patch32(at, value);
    }

    /// Appends bytes that are no instructions of the table.
    pub fn put(&mut self, data: &[u8]) {
        self.buffer.put(data);
    }

    /// The references to what lies outside the buffer, in the order of the code.
    pub fn relocs(&self) -> &[Reloc] {
        self.buffer.relocs()
    }

    /// Empties the assembler and keeps its allocations.
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Forgets all labels and the references to them.
    pub fn reset_labels(&mut self) {
        self.buffer.reset_labels();
    }

    /// Ends a function: places its constants, resolves and forgets its labels, and fills up with `int3` to
    /// the alignment of the next one.
    pub fn finish_function(&mut self, alignment: u32) -> Result<(), LinkError> {
        self.buffer.finish_function(alignment, INT3)
    }

    /// Fills up with `nop` of many bytes to the alignment.
    pub fn align(&mut self, alignment: u32) {
        let gap = self.offset().next_multiple_of(alignment) - self.offset();
        self.nops(gap);
    }

    /// Appends `count` bytes that do nothing, in as few instructions as possible.
    pub fn nops(&mut self, mut count: u32) {
        const FILLERS: [&[u8]; 9] = [
            &[0x90],
            &[0x66, 0x90],
            &[0x0F, 0x1F, 0x00],
            &[0x0F, 0x1F, 0x40, 0x00],
            &[0x0F, 0x1F, 0x44, 0x00, 0x00],
            &[0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
            &[0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
            &[0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
            &[0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        ];
        while count > 0 {
            let step = count.min(FILLERS.len() as u32);
            self.buffer.put(FILLERS[step as usize - 1]);
            count -= step;
        }
    }

    /// A label that is not bound yet.
    #[inline]
    pub fn new_label(&mut self) -> Label {
        self.buffer.new_label()
    }

    /// Binds the label to the current offset.
    #[inline]
    pub fn bind(&mut self, label: Label) {
        self.buffer.bind(label);
    }

    /// Whether the label has an offset.
    #[inline]
    pub fn is_bound(&self, label: Label) -> bool {
        self.buffer.is_bound(label)
    }

    /// The offset of a label that is bound.
    #[inline]
    pub fn offset_of(&self, label: Label) -> u32 {
        self.buffer.offset_of(label)
    }

    /// The label of a constant of 4, 8 or 16 bytes, which is placed after the code, aligned to its size.
    pub fn constant(&mut self, data: &[u8]) -> Label {
        self.buffer.constant(data)
    }

    /// Places the constants asked for so far.
    pub fn flush_constants(&mut self) {
        self.buffer.flush_constants(INT3);
    }

    /// Appends the 32-bit distance from `base` to `label`: an entry of a jump table.
    pub fn table_entry(&mut self, label: Label, base: Label) {
        self.buffer.table_entry(label, base);
    }

    /// `call` to what `key` stands for.
    pub fn call_reloc(&mut self, key: u32) {
        self.reloc(&[0xE8], RelocKind::Call, key);
    }

    /// `jmp` to what `key` stands for.
    pub fn jmp_reloc(&mut self, key: u32) {
        self.reloc(&[0xE9], RelocKind::Jump, key);
    }

    /// `call [rip + slot]`, with the slot that `key` stands for.
    pub fn call_slot_reloc(&mut self, key: u32) {
        self.reloc(&[0xFF, 0x15], RelocKind::SlotCall, key);
    }

    fn reloc(&mut self, opcode: &[u8], kind: RelocKind, key: u32) {
        let window = self.buffer.window();
        window[..opcode.len()].copy_from_slice(opcode);
        window[opcode.len()..opcode.len() + 4].fill(0);
        self.buffer.reloc(self.buffer.offset() + opcode.len() as u32, kind, key);
        self.buffer.advance(opcode.len() + 4);
    }
}

/// Jumps to labels.
impl Assembler {
    /// `jmp`, short if the label is behind and near.
    #[inline]
    pub fn jmp(&mut self, label: Label) {
        if self.near_behind(label) {
            self.jump8(inst::JMP_REL8, label);
        } else {
            self.jump32(inst::JMP_REL, label);
        }
    }

    /// Conditional jump, short if the label is behind and near.
    #[inline]
    pub fn jcc(&mut self, cond: Cond, label: Label) {
        if self.near_behind(label) {
            self.jump8(by_cond(inst::JO_REL8, cond), label);
        } else {
            self.jump32(by_cond(inst::JO_REL, cond), label);
        }
    }

    /// `jmp` in its short form; a label out of reach is an error when the function is finished.
    #[inline]
    pub fn jmp_short(&mut self, label: Label) {
        self.jump8(inst::JMP_REL8, label);
    }

    /// Conditional jump in its short form; a label out of reach is an error when the function is finished.
    #[inline]
    pub fn jcc_short(&mut self, cond: Cond, label: Label) {
        self.jump8(by_cond(inst::JO_REL8, cond), label);
    }

    /// `call`.
    #[inline]
    pub fn call(&mut self, label: Label) {
        self.jump32(inst::CALL_REL, label);
    }

    /// `lea` of the label's address.
    #[inline]
    pub fn lea_label(&mut self, dst: Gpr, label: Label) {
        self.rm(inst::LEA64, dst, Mem::rip(label));
    }

    #[inline]
    fn near_behind(&self, label: Label) -> bool {
        self.is_bound(label) && self.offset() + 2 - self.offset_of(label) <= 128
    }

    #[inline]
    fn jump8(&mut self, inst: Inst, label: Label) {
        let window = self.buffer.window();
        window[0] = inst.code().op() as u8;
        window[1] = 0;
        self.buffer.advance(2);
        self.buffer.refer(self.buffer.offset() - 1, label, -1, Field::Rel8);
    }

    #[inline]
    fn jump32(&mut self, inst: Inst, label: Label) {
        let code = inst.code();
        let len = (code.op_bits() / 8) as usize + 4;
        self.buffer.window()[..8].copy_from_slice(&u64::from(code.op()).to_le_bytes());
        self.buffer.advance(len);
        self.buffer.refer(self.buffer.offset() - 4, label, -4, Field::Rel32);
    }
}

/// The row of a condition, from the row of the first.
#[inline(always)]
fn by_cond(first: Inst, cond: Cond) -> Inst {
    Inst(first.0 + cond as u16)
}

macro_rules! check {
    ($inst:expr, $($operand:expr),*) => {
        if cfg!(debug_assertions) {
            check_fast($inst, &[$(Operand::from($operand)),*]);
        }
    };
}

/// The fast paths. They are always inlined: with an instruction known at the call little is left of them.
/// Where it is not known, call them from one place.
impl Assembler {
    /// No operands.
    #[inline(always)]
    pub fn op(&mut self, inst: Inst) {
        check!(inst,);
        let code = inst.code();
        self.put_reg(code, Slots::new(code));
    }

    /// One register; a shift by `cl` is such an instruction too.
    #[inline(always)]
    pub fn r(&mut self, inst: Inst, a: impl Into<Reg>) {
        let a = a.into();
        check!(inst, a);
        let code = inst.code();
        self.put_reg(code, Slots::new(code).with(code, 0, a));
    }

    /// Two registers.
    #[inline(always)]
    pub fn rr(&mut self, inst: Inst, a: impl Into<Reg>, b: impl Into<Reg>) {
        let (a, b) = (a.into(), b.into());
        check!(inst, a, b);
        let code = inst.code();
        self.put_reg(code, Slots::new(code).with(code, 0, a).with(code, 1, b));
    }

    /// Three registers.
    #[inline(always)]
    pub fn rrr(&mut self, inst: Inst, a: impl Into<Reg>, b: impl Into<Reg>, c: impl Into<Reg>) {
        let (a, b, c) = (a.into(), b.into(), c.into());
        check!(inst, a, b, c);
        let code = inst.code();
        self.put_reg(code, Slots::new(code).with(code, 0, a).with(code, 1, b).with(code, 2, c));
    }

    /// Four registers.
    #[inline(always)]
    pub fn rrrr(
        &mut self,
        inst: Inst,
        a: impl Into<Reg>,
        b: impl Into<Reg>,
        c: impl Into<Reg>,
        d: impl Into<Reg>,
    ) {
        let (a, b, c, d) = (a.into(), b.into(), c.into(), d.into());
        check!(inst, a, b, c, d);
        let code = inst.code();
        let slots = Slots::new(code).with(code, 0, a).with(code, 1, b).with(code, 2, c).with(code, 3, d);
        self.put_reg(code, slots);
    }

    /// An immediate.
    #[inline(always)]
    pub fn i(&mut self, inst: Inst, imm: i32) {
        check!(inst, imm);
        let code = inst.code();
        self.put_reg_imm(code, Slots::new(code), imm.into());
    }

    /// A register and an immediate.
    #[inline(always)]
    pub fn ri(&mut self, inst: Inst, a: impl Into<Reg>, imm: i32) {
        let a = a.into();
        check!(inst, a, imm);
        let code = inst.code();
        self.put_reg_imm(code, Slots::new(code).with(code, 0, a), imm.into());
    }

    /// Two registers and an immediate.
    #[inline(always)]
    pub fn rri(&mut self, inst: Inst, a: impl Into<Reg>, b: impl Into<Reg>, imm: i32) {
        let (a, b) = (a.into(), b.into());
        check!(inst, a, b, imm);
        let code = inst.code();
        self.put_reg_imm(code, Slots::new(code).with(code, 0, a).with(code, 1, b), imm.into());
    }

    /// Three registers and an immediate.
    #[inline(always)]
    pub fn rrri(&mut self, inst: Inst, a: impl Into<Reg>, b: impl Into<Reg>, c: impl Into<Reg>, imm: i32) {
        let (a, b, c) = (a.into(), b.into(), c.into());
        check!(inst, a, b, c, imm);
        let code = inst.code();
        self.put_reg_imm(
            code,
            Slots::new(code).with(code, 0, a).with(code, 1, b).with(code, 2, c),
            imm.into(),
        );
    }

    /// Memory.
    #[inline(always)]
    pub fn m(&mut self, inst: Inst, mem: Mem) {
        check!(inst, mem);
        let code = inst.code();
        self.put_mem(code, Slots::new(code), mem);
    }

    /// A register and memory.
    #[inline(always)]
    pub fn rm(&mut self, inst: Inst, a: impl Into<Reg>, mem: Mem) {
        let a = a.into();
        check!(inst, a, mem);
        let code = inst.code();
        self.put_mem(code, Slots::new(code).with(code, 0, a), mem);
    }

    /// Memory and a register.
    #[inline(always)]
    pub fn mr(&mut self, inst: Inst, mem: Mem, b: impl Into<Reg>) {
        let b = b.into();
        check!(inst, mem, b);
        let code = inst.code();
        self.put_mem(code, Slots::new(code).with(code, 1, b), mem);
    }

    /// Two registers and memory.
    #[inline(always)]
    pub fn rrm(&mut self, inst: Inst, a: impl Into<Reg>, b: impl Into<Reg>, mem: Mem) {
        let (a, b) = (a.into(), b.into());
        check!(inst, a, b, mem);
        let code = inst.code();
        self.put_mem(code, Slots::new(code).with(code, 0, a).with(code, 1, b), mem);
    }

    /// A register, memory and a register.
    #[inline(always)]
    pub fn rmr(&mut self, inst: Inst, a: impl Into<Reg>, mem: Mem, c: impl Into<Reg>) {
        let (a, c) = (a.into(), c.into());
        check!(inst, a, mem, c);
        let code = inst.code();
        self.put_mem(code, Slots::new(code).with(code, 0, a).with(code, 2, c), mem);
    }

    /// Two registers, memory and a register.
    #[inline(always)]
    pub fn rrmr(&mut self, inst: Inst, a: impl Into<Reg>, b: impl Into<Reg>, mem: Mem, d: impl Into<Reg>) {
        let (a, b, d) = (a.into(), b.into(), d.into());
        check!(inst, a, b, mem, d);
        let code = inst.code();
        self.put_mem(code, Slots::new(code).with(code, 0, a).with(code, 1, b).with(code, 3, d), mem);
    }

    /// Memory and an immediate.
    #[inline(always)]
    pub fn mi(&mut self, inst: Inst, mem: Mem, imm: i32) {
        check!(inst, mem, imm);
        let code = inst.code();
        self.put_mem_imm(code, Slots::new(code), mem, imm.into());
    }

    /// A register, memory and an immediate.
    #[inline(always)]
    pub fn rmi(&mut self, inst: Inst, a: impl Into<Reg>, mem: Mem, imm: i32) {
        let a = a.into();
        check!(inst, a, mem, imm);
        let code = inst.code();
        self.put_mem_imm(code, Slots::new(code).with(code, 0, a), mem, imm.into());
    }

    /// Memory, a register and an immediate.
    #[inline(always)]
    pub fn mri(&mut self, inst: Inst, mem: Mem, b: impl Into<Reg>, imm: i32) {
        let b = b.into();
        check!(inst, mem, b, imm);
        let code = inst.code();
        self.put_mem_imm(code, Slots::new(code).with(code, 1, b), mem, imm.into());
    }

    /// Two registers, memory and an immediate.
    #[inline(always)]
    pub fn rrmi(&mut self, inst: Inst, a: impl Into<Reg>, b: impl Into<Reg>, mem: Mem, imm: i32) {
        let (a, b) = (a.into(), b.into());
        check!(inst, a, b, mem, imm);
        let code = inst.code();
        self.put_mem_imm(code, Slots::new(code).with(code, 0, a).with(code, 1, b), mem, imm.into());
    }

    /// Sets a register to a value, in the shortest way that keeps the flags.
    #[inline(always)]
    pub fn mov_ri64(&mut self, dst: Gpr, value: u64) {
        if value <= u64::from(u32::MAX) {
            self.ri(inst::MOV32_RI, dst, value as i32);
        } else if let Ok(value) = i32::try_from(value as i64) {
            self.ri(inst::MOV64_RI32, dst, value);
        } else {
            let code = inst::MOV64_RI.code();
            self.put_reg_imm(code, Slots::new(code).with(code, 0, dst.into()), value as i64);
        }
    }

    /// Sets the low byte of a register to 1 if the condition holds, else to 0.
    #[inline(always)]
    pub fn setcc(&mut self, cond: Cond, dst: Gpr) {
        self.r(by_cond(inst::SETO_RM8, cond), dst);
    }

    /// Copies 32 bits if the condition holds; the upper half becomes zero in any case.
    #[inline(always)]
    pub fn cmov32(&mut self, cond: Cond, dst: Gpr, src: Gpr) {
        self.rr(by_cond(inst::CMOVO32, cond), dst, src);
    }

    /// Copies 64 bits if the condition holds.
    #[inline(always)]
    pub fn cmov64(&mut self, cond: Cond, dst: Gpr, src: Gpr) {
        self.rr(by_cond(inst::CMOVO64, cond), dst, src);
    }

    /// Opcode and size of the immediate: the short form if it fits.
    #[inline(always)]
    fn form(code: Code, imm: i64) -> (u32, u32) {
        match code.short_when() {
            1 if imm == i64::from(imm as i8) => (code.short(), 1),
            2 if imm == 1 => (code.short(), 0),
            _ => (code.op(), code.imm()),
        }
    }

    /// An instruction without memory and without an immediate, other than a register in its place.
    #[inline(always)]
    fn put_reg(&mut self, code: Code, slots: Slots) {
        let imm = if code.is4() != 0 { u64::from(slots.get(3) << 4) } else { 0 };
        self.put_reg_form(code, (code.op(), code.imm()), slots, imm);
    }

    /// An instruction without memory, with an immediate.
    #[inline(always)]
    fn put_reg_imm(&mut self, code: Code, slots: Slots, imm: i64) {
        self.put_reg_form(code, Self::form(code, imm), slots, imm as u64);
    }

    #[inline(always)]
    fn put_reg_form(&mut self, code: Code, (op, imm_size): (u32, u32), slots: Slots, imm: u64) {
        let (reg, rm, vvvv) = (slots.get(0), slots.get(1), slots.get(2));
        let forced = reg & code.byte_reg() | rm & code.byte_rm();
        let (mut word, bits) =
            head(code, op | (rm & code.plus()) << (code.op_bits() - 8), reg, vvvv, 0, rm, forced);
        // Where there is no ModRM byte it is overwritten.
        word |= u64::from(0xC0 | (reg & 7) << 3 | rm & 7) << bits;
        let len = ((bits + code.modrm_bits()) / 8) as usize & 15;
        let window = self.buffer.window();
        window[..8].copy_from_slice(&word.to_le_bytes());
        window[len..len + 8].copy_from_slice(&imm.to_le_bytes());
        self.buffer.advance(len + imm_size as usize);
    }

    /// An instruction with memory.
    #[inline(always)]
    fn put_mem(&mut self, code: Code, slots: Slots, mem: Mem) {
        let imm = if code.is4() != 0 { u64::from(slots.get(3) << 4) } else { 0 };
        self.put_mem_form(code, (code.op(), code.imm()), slots, mem, imm);
    }

    /// An instruction with memory and an immediate.
    #[inline(always)]
    fn put_mem_imm(&mut self, code: Code, slots: Slots, mem: Mem, imm: i64) {
        self.put_mem_form(code, Self::form(code, imm), slots, mem, imm as u64);
    }

    #[inline(always)]
    fn put_mem_form(&mut self, code: Code, (op, imm_size): (u32, u32), slots: Slots, mem: Mem, imm: u64) {
        let (reg, vvvv) = (slots.get(0), slots.get(2));
        let (base, index) = (u32::from(mem.base), u32::from(mem.index));
        // No base and a label have numbers from 16, which extend nothing.
        let (mut word, mut bits) = head(code, op, reg, vvvv, index, base & 15, reg & code.byte_reg());
        let reg = (reg & 7) << 3;
        let disp_size;
        if base < 16 {
            // Without displacement the encoding of rbp and r13 means something else.
            let (mode, size) = if mem.disp == 0 && base & 7 != 5 {
                (0x00, 0)
            } else if mem.disp == i32::from(mem.disp as i8) {
                (0x40, 1)
            } else {
                (0x80, 4)
            };
            disp_size = size;
            // rsp and r12 as bases are written with a SIB byte.
            if index == u32::from(Mem::NO_INDEX) && base & 7 != 4 {
                word |= u64::from(mode | reg | base & 7) << bits;
                bits += 8;
            } else {
                let sib = (mem.scale as u32) << 6 | (index & 7) << 3 | base & 7;
                word |= u64::from(mode | reg | 4 | sib << 8) << bits;
                bits += 16;
            }
        } else if mem.base == Mem::NO_BASE {
            let sib = (mem.scale as u32) << 6 | (index & 7) << 3 | 5;
            word |= u64::from(reg | 4 | sib << 8) << bits;
            bits += 16;
            disp_size = 4;
        } else {
            word |= u64::from(reg | 5) << bits;
            bits += 8;
            disp_size = 4;
        }
        let len = (bits / 8) as usize & 15;
        let window = self.buffer.window();
        window[..8].copy_from_slice(&word.to_le_bytes());
        window[len..len + 4].copy_from_slice(&mem.disp.to_le_bytes());
        window[len + disp_size..len + disp_size + 8].copy_from_slice(&imm.to_le_bytes());
        self.buffer.advance(len + disp_size + imm_size as usize);
        if mem.base == Mem::LABEL {
            let trailing = 4 + imm_size;
            let at = self.buffer.offset() - trailing;
            let addend = mem.disp - trailing as i32;
            self.buffer.refer(at, Label::from_bits(mem.label), addend, Field::Rel32);
        }
    }
}

/// The general way.
impl Assembler {
    /// Encodes an instruction with its written operands ([`Inst::written_operands`]), after checking them.
    pub fn emit(&mut self, inst: Inst, operands: &[Operand]) -> Result<(), EncodeError> {
        check(inst, operands, true)?;
        let code = inst.code();
        let (mut slots, mut slot) = (Slots::new(code), 0);
        let (mut memory, mut imm, mut target) = (None, None, None);
        for (spec, &operand) in inst.written_operands().zip(operands) {
            match operand {
                Operand::Reg(_) if matches!(spec.place, Place::Fixed(_)) => {}
                Operand::Reg(reg) => {
                    slots = slots.with(code, slot, reg);
                    slot += 1;
                }
                Operand::Mem(mem) => {
                    memory = Some(mem);
                    slot += 1;
                }
                Operand::Imm(value) => imm = Some(value),
                Operand::Label(label) => target = Some((label, spec.bits)),
            }
        }
        match (memory, imm, target) {
            (_, _, Some((label, 8))) => self.jump8(inst, label),
            (_, _, Some((label, _))) => self.jump32(inst, label),
            (Some(mem), Some(imm), _) => self.put_mem_imm(code, slots, mem, imm),
            (Some(mem), None, _) => self.put_mem(code, slots, mem),
            (None, Some(imm), _) => self.put_reg_imm(code, slots, imm),
            (None, None, _) => self.put_reg(code, slots),
        }
        Ok(())
    }
}

/// Whether the operands are the instruction's; without `fixed`, those in fixed registers are left out.
fn check(inst: Inst, operands: &[Operand], fixed: bool) -> Result<(), EncodeError> {
    let specs = || inst.written_operands().filter(|spec| fixed || !matches!(spec.place, Place::Fixed(_)));
    let expected = specs().count();
    if expected != operands.len() {
        return Err(EncodeError::Count { inst: inst.name(), expected, given: operands.len() });
    }
    for (index, (spec, &given)) in specs().zip(operands).enumerate() {
        if !fits(spec, given) {
            return Err(EncodeError::Operand { inst: inst.name(), index, given });
        }
    }
    Ok(())
}

/// A debug build's check of the fast paths, which take no operands in fixed registers.
#[inline(never)]
fn check_fast(inst: Inst, operands: &[Operand]) {
    if let Err(error) = check(inst, operands, false) {
        panic!("{error}");
    }
}

fn fits(spec: &OperandSpec, operand: Operand) -> bool {
    match (operand, spec.kind) {
        (Operand::Reg(reg), Kind::Reg | Kind::RegMem) => {
            let bank = if reg.gpr().is_some() { Bank::Gpr } else { Bank::Xmm };
            let fixed = match spec.place {
                Place::Fixed(number) => number == reg.num(),
                _ => true,
            };
            bank == spec.bank && fixed
        }
        (Operand::Mem(_), Kind::RegMem | Kind::Mem) => true,
        // Where the operation is as wide as the immediate, its sign does not matter.
        (Operand::Imm(value), Kind::Signed) if spec.bits < 32 => {
            value >= -1 << (spec.bits - 1) && value < 1 << spec.bits
        }
        (Operand::Imm(value), Kind::Signed) => {
            let unused = 64 - u32::from(spec.bits);
            value << unused >> unused == value
        }
        (Operand::Imm(value), Kind::Unsigned) => value >= 0 && value < 1 << spec.bits,
        (Operand::Label(_), Kind::Target) => true,
        _ => false,
    }
}
