//! The machine: its registers, how it goes from one instruction to the next, and how it stops.
//!
//! An instruction is a type that implements [`Instr`]; its handler is [`run`] instantiated with it.
//! A handler gets the registers as arguments, and ends by going to the next instruction. That is a call in tail
//! position, which optimized builds turn into a jump, so that the registers stay in machine registers
//! and the host's stack does not grow ([`Dispatch::Tail`]). Builds that don't promise that return to a
//! loop after each instruction instead ([`Dispatch::Loop`]). The instructions don't know which it is.
//!
//! **Registers.** `ip`: the next code unit. `fp`: slot 0 of the frame. `mem`, `len`: the first memory of
//! `cx`. `cx`: the context of the instance. `acc`, `acc32`, `acc64`: accumulators for integers, f32 and f64.
//! An instruction that computes a value of one of these classes writes it to its slot *and* to the
//! accumulator of its class, so a slot always holds its value, and an accumulator saves a load at most.

use crate::table::{HANDLERS, Opcode};
use windlass_abi::builtins::{Status, VMBuiltins};
use windlass_abi::num::V128;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::{Activation, VMContext, VMFuncRef, VMStore};

/// How this build goes from one instruction to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dispatch {
    /// Each handler jumps to the next.
    Tail,
    /// A loop calls handlers.
    Loop,
}

/// How this build goes from one instruction to the next.
pub const DISPATCH: Dispatch = if cfg!(windlass_tail_dispatch) { Dispatch::Tail } else { Dispatch::Loop };

/// A unit of code: opcodes and operands are made of one or more.
pub(crate) type Unit = u16;

/// Units that an opcode takes in code. With tail dispatch it is there as the address of its handler, which saves every
/// instruction the way through the table; with loop dispatch as its number.
pub(crate) const OPCODE: usize =
    if cfg!(windlass_tail_dispatch) { size_of::<Handler>() / size_of::<Unit>() } else { 1 };

/// An opcode as it is in code.
#[inline]
pub(crate) fn encode(opcode: Opcode) -> [Unit; OPCODE] {
    #[cfg(windlass_tail_dispatch)]
    {
        let address = (HANDLERS[opcode as usize] as *const ()).expose_provenance().to_ne_bytes();
        core::array::from_fn(|i| Unit::from_ne_bytes([address[2 * i], address[2 * i + 1]]))
    }
    #[cfg(not(windlass_tail_dispatch))]
    {
        [opcode]
    }
}

/// The registers.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Regs {
    pub ip: *const Unit,
    pub fp: *mut u64,
    pub mem: *mut u8,
    pub len: usize,
    pub acc: u64,
    pub cx: *mut VMContext,
    pub acc32: f32,
    pub acc64: f64,
}

macro_rules! extern_fn {
    ($(#[$meta:meta])* fn $name:ident<$I:ident: $bound:path>($r:ident) -> $ret:ty $body:block) => {
        #[cfg(target_arch = "x86_64")]
        $(#[$meta])*
        pub(crate) unsafe extern "sysv64" fn $name<$I: $bound>(
            ip: *const Unit, fp: *mut u64, mem: *mut u8, len: usize, acc: u64, cx: *mut VMContext, acc32: f32, acc64: f64,
        ) -> $ret {
            let $r = Regs { ip, fp, mem, len, acc, cx, acc32, acc64 };
            $body
        }
        #[cfg(not(target_arch = "x86_64"))]
        $(#[$meta])*
        pub(crate) unsafe extern "C" fn $name<$I: $bound>(
            ip: *const Unit, fp: *mut u64, mem: *mut u8, len: usize, acc: u64, cx: *mut VMContext, acc32: f32, acc64: f64,
        ) -> $ret {
            let $r = Regs { ip, fp, mem, len, acc, cx, acc32, acc64 };
            $body
        }
    };
}

/// A handler. All have this one signature, as tail calls need.
#[cfg(target_arch = "x86_64")]
pub(crate) type Handler =
    unsafe extern "sysv64" fn(*const Unit, *mut u64, *mut u8, usize, u64, *mut VMContext, f32, f64) -> Next;
/// A handler. All have this one signature, as tail calls need.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) type Handler =
    unsafe extern "C" fn(*const Unit, *mut u64, *mut u8, usize, u64, *mut VMContext, f32, f64) -> Next;

/// What a handler returns: with tail dispatch, how the activation ended.
#[cfg(windlass_tail_dispatch)]
pub(crate) type Next = Status;

/// What a handler returns: with loop dispatch, the registers for the next instruction, or how the activation ended.
#[cfg(not(windlass_tail_dispatch))]
#[repr(C)]
pub(crate) struct Next {
    regs: Regs,
    status: Status,
}

/// The status of an activation that goes on.
#[cfg(not(windlass_tail_dispatch))]
const GOES_ON: Status = Status(u64::MAX);

/// An instruction.
pub(crate) trait Instr {
    /// Its name in listings.
    const NAME: &'static str;
    /// Its operands, in the order in which they follow the opcode.
    const OPERANDS: &'static [Operand];

    /// Does it.
    ///
    /// # Safety
    /// `r.ip` is at an opcode of this instruction in translated code, `r.fp` is a frame of the
    /// function that the code belongs to, `r.cx` is the context of its instance, entered on this thread.
    unsafe fn exec(r: Regs) -> Next;
}

/// What an operand is, and with it how many units it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// A slot of the frame that is written: one unit.
    Dst,
    /// A slot of the frame that is not written, because the accumulator is enough: one unit.
    Unused,
    /// A slot of the frame that is read: one unit.
    Src,
    /// None: no unit, not printed.
    None,
    /// An accumulator: no unit.
    Acc,
    /// A 16-bit number.
    U16,
    /// A 32-bit number.
    U32,
    /// A signed 32-bit number.
    I32,
    /// A 64-bit number.
    U64,
    /// 16 bytes.
    V128,
    /// A branch target: a signed 32-bit distance in units from `OPCODE` units before the operand.
    Target,
    /// The number of the last of the targets that follow the instruction, counted from 0.
    Targets,
}

impl Operand {
    /// The operand for a result that is kept in a slot, or in an accumulator only.
    pub(crate) const fn result(keep: bool) -> Operand {
        if keep { Operand::Dst } else { Operand::Unused }
    }

    /// The number of units that the operand takes.
    pub const fn units(self) -> usize {
        match self {
            Operand::Acc | Operand::None => 0,
            Operand::Dst | Operand::Unused | Operand::Src | Operand::U16 => 1,
            Operand::U32 | Operand::I32 | Operand::Target | Operand::Targets => 2,
            Operand::U64 => 4,
            Operand::V128 => 8,
        }
    }
}

/// The units of an instruction with these operands, its opcode included.
pub(crate) const fn units(operands: &[Operand]) -> usize {
    let (mut sum, mut i) = (OPCODE, 0);
    while i < operands.len() {
        sum += operands[i].units();
        i += 1;
    }
    sum
}

extern_fn! {
    /// The handler of an instruction.
    ///
    /// # Safety
    /// As [`Instr::exec`].
    fn run<I: Instr>(r) -> Next {
        // SAFETY: the caller keeps the contract of `exec`.
        unsafe { I::exec(r) }
    }
}

extern_fn! {
    /// The handler of an instruction that others jump to in rare cases. Never inlined, so that the jump stays one.
    ///
    /// # Safety
    /// As [`Instr::exec`].
    #[cold]
    #[inline(never)]
    fn run_rare<I: Instr>(r) -> Next {
        // SAFETY: the caller keeps the contract of `exec`.
        unsafe { I::exec(r) }
    }
}

impl Regs {
    /// Where the operand at `at` is: the first is at 1.
    #[inline(always)]
    pub unsafe fn operand<T>(&self, at: usize) -> *const T {
        // SAFETY: the instruction at `ip` has an operand there.
        unsafe { self.ip.add(at + OPCODE - 1).cast() }
    }

    /// The one-unit operand at `at`.
    #[inline(always)]
    pub unsafe fn unit(&self, at: usize) -> u16 {
        // SAFETY: the instruction at `ip` has an operand there.
        unsafe { *self.operand::<Unit>(at) }
    }

    /// The 32-bit operand at `at`.
    #[inline(always)]
    pub unsafe fn u32(&self, at: usize) -> u32 {
        // SAFETY: the instruction at `ip` has an operand there.
        unsafe { self.operand::<u32>(at).read_unaligned() }
    }

    /// The 64-bit operand at `at`.
    #[inline(always)]
    pub unsafe fn u64(&self, at: usize) -> u64 {
        // SAFETY: the instruction at `ip` has an operand there.
        unsafe { self.operand::<u64>(at).read_unaligned() }
    }

    /// The address of the slot that the operand at `at` names.
    #[inline(always)]
    pub unsafe fn slot(&self, at: usize) -> *mut u64 {
        // SAFETY: operands name slots of the frame, which is as large as the translator said.
        unsafe { self.fp.add(self.unit(at) as usize) }
    }

    /// Reads the slot that the operand at `at` names.
    #[inline(always)]
    pub unsafe fn get<T: Value>(&self, at: usize) -> T {
        // SAFETY: the translator names slots that hold a value of this type.
        unsafe { T::read(self.slot(at)) }
    }

    /// Writes a result to the slot that the operand at `at` names, and to the accumulator of its class.
    #[inline(always)]
    pub unsafe fn set<T: Value>(&mut self, at: usize, value: T) {
        // SAFETY: the slot lies in the frame.
        unsafe { value.write(self.slot(at)) };
        value.to_acc(self);
    }

    /// As [`Regs::set`], or without `KEEP` to the accumulator only.
    #[inline(always)]
    pub unsafe fn give<T: Value, const KEEP: bool>(&mut self, at: usize, value: T) {
        if KEEP {
            // SAFETY: the slot lies in the frame.
            unsafe { value.write(self.slot(at)) };
        }
        value.to_acc(self);
    }

    /// Goes to the instruction `units` further on.
    #[inline(always)]
    pub unsafe fn next(mut self, units: usize) -> Next {
        // SAFETY: an instruction that falls through is followed by another.
        self.ip = unsafe { self.ip.add(units) };
        // SAFETY: `ip` is at an instruction.
        unsafe { self.go() }
    }

    /// Goes to the target of the branch operand at `at`, which is 1: targets are relative to the opcode.
    #[inline(always)]
    pub unsafe fn branch(mut self, at: usize) -> Next {
        // SAFETY: targets are bound to instructions of the same function.
        unsafe {
            self.ip = self.ip.offset(self.u32(at) as i32 as isize);
            self.go()
        }
    }

    /// Goes to the instruction at `ip`.
    #[cfg(windlass_tail_dispatch)]
    #[inline(always)]
    pub unsafe fn go(self) -> Next {
        // SAFETY: `ip` is at an opcode, which the translator took from the table.
        unsafe {
            // The translator wrote the handler's address, whose provenance it exposed.
            let address = self.ip.cast::<usize>().read_unaligned();
            let handler: Handler = core::mem::transmute(core::ptr::with_exposed_provenance::<()>(address));
            handler(self.ip, self.fp, self.mem, self.len, self.acc, self.cx, self.acc32, self.acc64)
        }
    }

    /// Goes to the instruction at `ip`.
    #[cfg(not(windlass_tail_dispatch))]
    #[inline(always)]
    pub unsafe fn go(self) -> Next {
        Next { regs: self, status: GOES_ON }
    }

    /// Ends the activation.
    #[cfg(windlass_tail_dispatch)]
    #[inline(always)]
    pub fn end(self, status: Status) -> Next {
        status
    }

    /// Ends the activation.
    #[cfg(not(windlass_tail_dispatch))]
    #[inline(always)]
    pub fn end(self, status: Status) -> Next {
        Next { regs: self, status }
    }

    /// Goes on in the handler of another instruction, which need not be in the table. It is a call in tail
    /// position, so that a handler whose rare cases go elsewhere needs no frame of its own.
    #[inline(always)]
    pub unsafe fn jump<I: Instr>(self) -> Next {
        // SAFETY: the caller chose an instruction that goes on from the same position.
        unsafe {
            run_rare::<I>(self.ip, self.fp, self.mem, self.len, self.acc, self.cx, self.acc32, self.acc64)
        }
    }

    /// Traps at the current instruction.
    #[inline(always)]
    pub unsafe fn trap(mut self, code: TrapCode) -> Next {
        self.acc = code as u64;
        // SAFETY: `Trap` reads the code from the accumulator.
        unsafe { self.jump::<Trap>() }
    }

    /// Goes on after a builtin or a host function that ended with `status` other than `OK`.
    #[inline(always)]
    pub unsafe fn fail(mut self, status: Status) -> Next {
        self.acc = status.0;
        // SAFETY: `Fail` reads the status from the accumulator.
        unsafe { self.jump::<Fail>() }
    }

    /// The store.
    #[inline(always)]
    pub unsafe fn store(&self) -> *mut VMStore {
        // SAFETY: a context points to its store.
        unsafe { (*self.cx).store }
    }

    /// The builtin functions.
    #[inline(always)]
    pub unsafe fn builtins<'a>(&self) -> &'a VMBuiltins {
        // SAFETY: the table is constant and lives as long as the store.
        unsafe { &*(*self.store()).builtins }
    }

    /// Writes the position to the activation: before anything that may walk the stack.
    /// `pc` is the current instruction.
    #[inline(always)]
    pub unsafe fn save(&self) {
        // SAFETY: while code runs, the store has an activation.
        unsafe { save_position((*self.store()).activation, self.ip, self.fp, self.cx, false) }
    }

    /// Loads the registers that mirror the context's first memory.
    #[inline(always)]
    pub unsafe fn reload_memory(&mut self) {
        // SAFETY: every context, of a host function too, has an entry for a first memory.
        unsafe {
            self.mem = (*self.cx).memory0.base;
            self.len = (*self.cx).memory0.len;
        }
    }

    /// A pointer to the object at a byte offset in the context.
    #[inline(always)]
    pub unsafe fn in_context<T>(&self, offset: u32) -> *mut T {
        // SAFETY: the layout gave the offset for the module that the code belongs to.
        unsafe { self.cx.cast::<u8>().add(offset as usize).cast::<T>() }
    }
}

/// Writes a position to an activation.
#[inline(always)]
pub(crate) unsafe fn save_position(
    activation: *mut Activation,
    pc: *const Unit,
    fp: *mut u64,
    cx: *mut VMContext,
    pc_is_return: bool,
) {
    // SAFETY: the activation is linked, so it lives; only this thread writes it.
    unsafe {
        (*activation).pc = pc.cast();
        (*activation).fp = fp.cast();
        (*activation).context = cx;
        (*activation).pc_is_return = pc_is_return;
    }
}

/// Runs from `regs` until the activation ends.
///
/// # Safety
/// As [`Instr::exec`], and the store's activation is linked.
pub(crate) unsafe fn execute(regs: Regs) -> Status {
    #[cfg(windlass_tail_dispatch)]
    // SAFETY: the caller's promise.
    unsafe {
        regs.go()
    }
    #[cfg(not(windlass_tail_dispatch))]
    {
        let mut r = regs;
        loop {
            // SAFETY: `ip` is at an opcode, which the translator took from the table.
            let next =
                unsafe { HANDLERS[*r.ip as usize](r.ip, r.fp, r.mem, r.len, r.acc, r.cx, r.acc32, r.acc64) };
            match next.status {
                GOES_ON => r = next.regs,
                status => return status,
            }
        }
    }
}

/// Ends the activation with the trap whose code is in the accumulator. Not in the table: handlers call it.
pub(crate) struct Trap;

impl Instr for Trap {
    const NAME: &'static str = "trap";
    const OPERANDS: &'static [Operand] = &[];

    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        // SAFETY: the position is saved before the builtin walks the stack.
        unsafe {
            r.save();
            (r.builtins().trap)(r.store(), r.acc);
        }
        r.end(Status(r.acc))
    }
}

/// Goes on with a status other than `OK` in the accumulator, the position being saved: unwinds for an
/// exception, ends the activation otherwise. Not in the table: handlers call it.
pub(crate) struct Fail;

impl Instr for Fail {
    const NAME: &'static str = "fail";
    const OPERANDS: &'static [Operand] = &[];

    #[inline(always)]
    unsafe fn exec(r: Regs) -> Next {
        let status = Status(r.acc);
        // SAFETY: whoever fails has saved the position.
        unsafe {
            if status == Status::EXCEPTION {
                return crate::unwind::throw_pending(r);
            }
            if status.trap_code().is_some() {
                (r.builtins().trap)(r.store(), status.0);
            }
        }
        r.end(status)
    }
}

/// A type of values that slots hold.
pub(crate) trait Value: Copy {
    /// Reads one from a slot.
    unsafe fn read(slot: *const u64) -> Self;
    /// Writes it to a slot.
    unsafe fn write(self, slot: *mut u64);
    /// Puts it into the accumulator of its class, if it has one.
    fn to_acc(self, r: &mut Regs);
}

/// A type of values that an accumulator can hold.
pub(crate) trait AccValue: Value {
    /// Reads it from the accumulator.
    fn from_acc(r: &Regs) -> Self;
}

macro_rules! value {
    ($ty:ty, $acc:ident, |$bits:ident| $from:expr, |$value:ident| $to:expr, |$reg:ident| $from_acc:expr, $to_acc:expr) => {
        impl Value for $ty {
            #[inline(always)]
            unsafe fn read(slot: *const u64) -> Self {
                // SAFETY: the caller names a slot that holds such a value.
                let $bits = unsafe { *slot };
                $from
            }
            #[inline(always)]
            unsafe fn write(self, slot: *mut u64) {
                let $value = self;
                // SAFETY: the caller names a slot of the frame.
                unsafe { *slot = $to }
            }
            #[inline(always)]
            fn to_acc(self, r: &mut Regs) {
                let $value = self;
                r.$acc = $to_acc;
            }
        }
        impl AccValue for $ty {
            #[inline(always)]
            fn from_acc(r: &Regs) -> Self {
                let $reg = r.$acc;
                $from_acc
            }
        }
    };
}

value!(u32, acc, |b| b as u32, |v| v as u64, |a| a as u32, v as u64);
value!(u64, acc, |b| b, |v| v, |a| a, v);
value!(f32, acc32, |b| f32::from_bits(b as u32), |v| v.to_bits() as u64, |a| a, v);
value!(f64, acc64, |b| f64::from_bits(b), |v| v.to_bits(), |a| a, v);

impl Value for bool {
    #[inline(always)]
    unsafe fn read(slot: *const u64) -> Self {
        // SAFETY: the caller names a slot that holds an i32.
        unsafe { *slot as u32 != 0 }
    }
    #[inline(always)]
    unsafe fn write(self, slot: *mut u64) {
        // SAFETY: the caller names a slot of the frame.
        unsafe { *slot = self as u64 }
    }
    #[inline(always)]
    fn to_acc(self, r: &mut Regs) {
        r.acc = self as u64;
    }
}

impl Value for V128 {
    #[inline(always)]
    unsafe fn read(slot: *const u64) -> Self {
        // SAFETY: the caller names the first of two slots that hold a vector.
        unsafe { slot.cast::<V128>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn write(self, slot: *mut u64) {
        // SAFETY: the caller names the first of two slots of the frame.
        unsafe { slot.cast::<V128>().write_unaligned(self) }
    }
    #[inline(always)]
    fn to_acc(self, _: &mut Regs) {}
}

impl Value for *const VMFuncRef {
    #[inline(always)]
    unsafe fn read(slot: *const u64) -> Self {
        // SAFETY: the caller names a slot that holds a function reference, written as a pointer.
        unsafe { *slot.cast() }
    }
    #[inline(always)]
    unsafe fn write(self, slot: *mut u64) {
        if cfg!(target_pointer_width = "32") {
            // SAFETY: as below; the half that a pointer leaves is cleared.
            unsafe { *slot = 0 };
        }
        // SAFETY: the caller names a slot of the frame.
        unsafe { *slot.cast() = self }
    }
    #[inline(always)]
    fn to_acc(self, _: &mut Regs) {}
}

/// 8 bytes of any content, pointers included: what instructions use that only move a slot.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Any(core::mem::MaybeUninit<u64>);

impl Value for Any {
    #[inline(always)]
    unsafe fn read(slot: *const u64) -> Self {
        // SAFETY: the caller names a slot of the frame.
        unsafe { *slot.cast() }
    }
    #[inline(always)]
    unsafe fn write(self, slot: *mut u64) {
        // SAFETY: the caller names a slot of the frame.
        unsafe { *slot.cast() = self }
    }
    #[inline(always)]
    fn to_acc(self, _: &mut Regs) {}
}
