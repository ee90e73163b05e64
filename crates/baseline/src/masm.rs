//! What the generic part asks of a target: the macro assembler.
//!
//! A target implements [`Masm`]; the generic part decides where values are, the target which
//! instructions compute them. Frame offsets are relative to the frame pointer, stack offsets to the
//! stack pointer. No method but those that say so allocates or frees registers; each may use the target's own
//! scratch registers, which are never temporaries.
//!
//! **Values in registers** are as the contract says ([`windlass_abi::native`]): 32-bit integers and heap references zero-extended.

use crate::atomic::AtomicMasm;
use crate::reg::{Reg, RegSet};
use crate::vector_ops::VectorMasm;
use alloc::vec::Vec;
use windlass_abi::code::{Reloc, RelocTarget};
use windlass_abi::native::Convention;
use windlass_abi::types::ValKind;

/// Width of an integer operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// 32 bits.
    W32,
    /// 64 bits.
    W64,
}

/// Width of a float operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Float {
    /// `f32`.
    F32,
    /// `f64`.
    F64,
}

/// Integer operations on two operands that always succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum IntBinary {
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
    Shl,
    ShrS,
    ShrU,
    Rotl,
    Rotr,
}

impl IntBinary {
    /// Whether the operands can change places.
    pub const fn is_commutative(self) -> bool {
        matches!(self, IntBinary::Add | IntBinary::Mul | IntBinary::And | IntBinary::Or | IntBinary::Xor)
    }
}

/// Integer divisions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Division {
    DivS,
    DivU,
    RemS,
    RemU,
}

/// Integer operations on one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum IntUnary {
    Clz,
    Ctz,
    Popcnt,
    Extend8S,
    Extend16S,
    Extend32S,
}

/// Float operations on two operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum FloatBinary {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Copysign,
}

/// Float operations on one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum FloatUnary {
    Abs,
    Neg,
    Ceil,
    Floor,
    Trunc,
    Nearest,
    Sqrt,
}

/// Conversions that always succeed and are not free.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conversion {
    /// `i32.wrap_i64`.
    Wrap,
    /// `i64.extend_i32_s`.
    ExtendS,
    /// Integer (signed or not) to float.
    FromInt(Width, bool, Float),
    /// `f32.demote_f64`.
    Demote,
    /// `f64.promote_f32`.
    Promote,
    /// Bits of an integer to a float of the same size.
    FromBits(Float),
    /// Bits of a float to an integer of the same size.
    ToBits(Float),
}

/// A truncation of a float to an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Truncation {
    /// Of this.
    pub from: Float,
    /// To this.
    pub to: Width,
    /// Whether the integer is signed.
    pub signed: bool,
}

/// A condition that a comparison leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Cond {
    Eq,
    Ne,
    LtS,
    LtU,
    GtS,
    GtU,
    LeS,
    LeU,
    GeS,
    GeU,
    /// Of floats: equal, and ordered.
    FloatEq,
    /// Of floats: not equal, or unordered.
    FloatNe,
}

impl Cond {
    /// The condition that holds when this one does not.
    pub const fn inverse(self) -> Cond {
        use Cond::*;
        match self {
            Eq => Ne,
            Ne => Eq,
            LtS => GeS,
            LtU => GeU,
            GtS => LeS,
            GtU => LeU,
            LeS => GtS,
            LeU => GtU,
            GeS => LtS,
            GeU => LtU,
            FloatEq => FloatNe,
            FloatNe => FloatEq,
        }
    }

    /// The condition on swapped operands.
    pub const fn swapped(self) -> Cond {
        use Cond::*;
        match self {
            LtS => GtS,
            LtU => GtU,
            GtS => LtS,
            GtU => LtU,
            LeS => GeS,
            LeU => GeU,
            GeS => LeS,
            GeU => LeU,
            other => other,
        }
    }
}

/// Comparisons of floats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum FloatCompare {
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
}

/// The second operand of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// In a register.
    Reg(Reg),
    /// A sign-extended constant: only where the operation is on integers.
    Imm(i32),
    /// In the frame, at this offset.
    Frame(i32),
}

/// An address in memory: the sum of its parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// An integer register.
    pub base: Reg,
    /// Another one.
    pub index: Option<Reg>,
    /// A constant.
    pub offset: i32,
}

impl Address {
    /// A register and a constant.
    pub const fn new(base: Reg, offset: i32) -> Address {
        Address { base, index: None, offset }
    }
}

/// What a load of a scalar does with what it reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
#[allow(clippy::enum_variant_names)]
pub enum Load {
    /// 32 bits, zero-extended.
    I32,
    I64,
    F32,
    F64,
    V128,
    I32Load8S,
    /// 8 bits, zero-extended, to either width.
    Load8U,
    I32Load16S,
    /// 16 bits, zero-extended, to either width.
    Load16U,
    I64Load8S,
    I64Load16S,
    I64Load32S,
}

impl Load {
    /// Bytes that are read.
    pub const fn size(self) -> u32 {
        use Load::*;
        match self {
            I32Load8S | Load8U | I64Load8S => 1,
            I32Load16S | Load16U | I64Load16S => 2,
            I32 | F32 | I64Load32S => 4,
            I64 | F64 => 8,
            V128 => 16,
        }
    }
}

/// What a store of a scalar writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Store {
    Store8,
    Store16,
    Store32,
    Store64,
    F32,
    F64,
    V128,
}

impl Store {
    /// Bytes that are written.
    pub const fn size(self) -> u32 {
        use Store::*;
        match self {
            Store8 => 1,
            Store16 => 2,
            Store32 | F32 => 4,
            Store64 | F64 => 8,
            V128 => 16,
        }
    }
}

/// A place in the code that is known or will be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(pub u32);

/// The registers that the generic part may use.
#[derive(Clone, Copy, Debug)]
pub struct Registers {
    /// Those for temporary values.
    pub temporaries: RegSet,
    /// Those that hold a local for the whole function, if wanted, and else are temporaries: clobbered by calls.
    pub caller_saved: &'static [Reg],
    /// Those that hold a local for the whole function, and survive calls. Never temporaries.
    pub callee_saved: &'static [Reg],
    /// Those of the first results.
    pub int_result: Reg,
    /// Likewise.
    pub vector_result: Reg,
    /// The context.
    pub context: Reg,
    /// A scratch register that the generic part may use between two calls of this trait.
    pub scratch: Reg,
}

/// A target's macro assembler: see the module.
#[allow(missing_docs)]
pub trait Masm: Sized + VectorMasm + AtomicMasm {
    const CONVENTION: Convention;
    const REGISTERS: Registers;
    /// A vector register that is never a temporary.
    const VECTOR_SCRATCH: Reg;

    fn new() -> Self;

    // The text.

    /// The position in the text.
    fn offset(&self) -> u32;
    /// Completes a function: branches, constants; forgets labels. Fails if a branch does not reach.
    fn finish_function(&mut self) -> Result<(), &'static str>;
    /// Aligns the next function.
    fn align(&mut self);
    /// Aligns the head of a loop.
    fn align_loop(&mut self);
    /// The text and what is to be completed in it.
    fn into_text(self) -> (Vec<u8>, Vec<Reloc>);
    fn new_label(&mut self) -> Label;
    fn bind(&mut self, label: Label);
    fn jump(&mut self, label: Label);
    fn branch(&mut self, cond: Cond, label: Label);
    /// Branches to the `index`th label, an `i32` in a register that is clobbered; the last one if it is too large.
    fn branch_table(&mut self, index: Reg, labels: &[Label]);

    // Functions.

    /// Sets up the frame, of a size that [`Masm::set_frame_size`] gives later. Looks at the stack limit first, if `exceeded` is given, and goes there
    /// if need be; binds `checked` behind that. Gives where the size goes.
    fn enter(&mut self, exceeded: Option<Label>, checked: Label) -> u32;
    /// Sets the size of the frame.
    fn set_frame_size(&mut self, at: u32, size: u32);
    /// A second entry, for a function whose frame is large: looks at the stack limit with its size in mind, with the lowest
    /// address in the register of the first result, and goes on at `checked`.
    fn enter_large(&mut self, size: u32, exceeded: Label, checked: Label);
    /// Takes the frame down and returns, popping so many bytes of stack parameters.
    fn leave(&mut self, pop: u32);
    /// Takes the frame down, with stack parameters moved from the bottom of the frame to where a tail call
    /// wants them, and jumps to the code that `target` says; the context is the callee's already, unless it is to be loaded.
    fn leave_to(&mut self, target: TailTarget, own_bytes: u32, callee_bytes: u32);

    // Moves. `kind` says how much; constants are bits.

    fn mov(&mut self, kind: ValKind, dst: Reg, src: Reg);
    /// Never changes what a comparison left.
    fn constant(&mut self, kind: ValKind, dst: Reg, bits: u64);
    /// Zero; may change what a comparison left.
    fn zero(&mut self, dst: Reg);
    fn load_frame(&mut self, kind: ValKind, dst: Reg, at: i32);
    fn store_frame(&mut self, kind: ValKind, at: i32, src: Reg);
    /// Stores a constant (of a vector: zero).
    fn store_frame_constant(&mut self, kind: ValKind, at: i32, bits: u64);
    /// Zeroes `slots` slots of 8 bytes from the lowest address up.
    fn zero_frame(&mut self, lowest: i32, slots: u32);
    fn load(&mut self, op: Load, dst: Reg, from: Address);
    fn store(&mut self, op: Store, to: Address, src: Reg);
    /// Stores an integer constant that fits the form.
    fn store_constant(&mut self, op: Store, to: Address, value: i32);
    /// The stack pointer plus an offset.
    fn stack_address(&mut self, dst: Reg, offset: u32);
    /// A store relative to the stack pointer.
    fn store_stack(&mut self, kind: ValKind, offset: u32, src: Reg);
    fn load_stack(&mut self, kind: ValKind, dst: Reg, offset: u32);
    /// Moves the stack pointer down, or up if negative.
    fn push_stack(&mut self, bytes: i32);
    /// The address of something in the frame.
    fn frame_address(&mut self, dst: Reg, at: i32);
    /// The sum of an address's parts.
    fn address(&mut self, width: Width, dst: Reg, of: Address);

    // Integers.

    fn int_binary(&mut self, op: IntBinary, width: Width, dst: Reg, a: Reg, b: Operand);
    /// `dst = (a + (b << shift))`.
    fn add_shifted(&mut self, width: Width, dst: Reg, a: Reg, b: Reg, shift: u8);
    fn int_unary(&mut self, op: IntUnary, width: Width, dst: Reg, src: Operand);
    fn compare(&mut self, width: Width, a: Operand, b: Operand);
    /// Compares with zero.
    fn test(&mut self, width: Width, a: Reg);
    /// Compares 32 bits in memory with a constant.
    fn compare_memory32(&mut self, at: Address, value: i32);
    /// Compares a 64-bit register with 64 bits in memory.
    fn compare_memory64(&mut self, a: Reg, at: Address);
    /// Compares a 32-bit register with 32 bits in memory.
    fn compare_with_memory32(&mut self, a: Reg, at: Address);
    /// The register for the fuel: the last of those that callees save.
    const FUEL: Reg;
    /// Subtracts an amount that [`Masm::set_charge`] gives later from the fuel; goes to `exhausted` if that
    /// gets negative. Gives where the amount goes.
    fn charge(&mut self, exhausted: Label) -> u32;
    /// Sets the amount of a charge.
    fn set_charge(&mut self, at: u32, amount: u32);
    /// 1 or 0.
    fn set(&mut self, cond: Cond, dst: Reg);
    /// `dst = cond ? dst : b`.
    fn select(&mut self, kind: ValKind, cond: Cond, dst: Reg, b: Reg);
    /// Adds and leaves in the flags whether there was a carry ([`Cond::LtU`]).
    fn add_carry(&mut self, dst: Reg, a: Reg, value: Operand);

    /// Registers that [`Masm::divide`] and [`Masm::multiply_wide`] clobber besides their results.
    const DIVISION_CLOBBERS: RegSet;
    /// Registers that a rotation by a variable clobbers.
    const ROTATION_CLOBBERS: RegSet;
    /// Prepares a division: goes to `zero` if the divisor is, and to `overflow`, if given, if the quotient is out of range.
    /// Leaves the dividend where the division wants it, and gives the divisor's register.
    fn divide_prepare(
        &mut self,
        op: Division,
        width: Width,
        a: Reg,
        b: Reg,
        zero: Label,
        overflow: Option<Label>,
    ) -> Reg;
    /// Divides, after [`Masm::divide_prepare`], whose result `b` is. If the operation is [`Division::DivS`], the first instruction faults on overflow.
    fn divide_finish(&mut self, op: Division, width: Width, dst: Reg, b: Reg);
    /// Where [`Masm::multiply_wide`] leaves the low and the high half: members of [`Masm::DIVISION_CLOBBERS`].
    const WIDE_PRODUCT: (Reg, Reg);
    /// The product of 64-bit integers.
    fn multiply_wide(&mut self, signed: bool, a: Reg, b: Reg);
    /// Adds (or subtracts) a pair to a pair in place.
    fn add_wide(&mut self, subtract: bool, low: Reg, high: Reg, b_low: Reg, b_high: Reg);

    // Floats.

    fn float_binary(&mut self, op: FloatBinary, ty: Float, dst: Reg, a: Reg, b: Operand);
    fn float_unary(&mut self, op: FloatUnary, ty: Float, dst: Reg, src: Reg);
    /// Compares, and gives what to ask for.
    fn float_compare(&mut self, op: FloatCompare, ty: Float, a: Reg, b: Reg) -> Cond;
    fn convert(&mut self, op: Conversion, dst: Reg, src: Reg);
    /// Truncates with saturation; `temp` is a free vector register.
    fn truncate_saturating(&mut self, op: Truncation, dst: Reg, src: Reg, temp: Reg);
    /// Truncates; goes to `invalid` for NaN and `overflow` for what is out of range; `temp` is a free vector register.
    fn truncate(&mut self, op: Truncation, dst: Reg, src: Reg, temp: Reg, invalid: Label, overflow: Label);

    // Calls.

    /// A direct call. Position and context are the caller's matter.
    fn call_function(&mut self, target: RelocTarget);
    /// Where the builtins of the runtime want their arguments.
    const BUILTIN_PARAMS: &'static [Reg];
    /// Where builtins leave their results.
    const BUILTIN_RESULTS: (Reg, Reg);
    /// Calls the code whose address is in a register.
    fn call_reg(&mut self, reg: Reg);
    /// Calls the code whose address lies at an address.
    fn call_memory(&mut self, at: Address);
    /// Calls the stub at this offset in [`NativeStubs`](windlass_abi::native::NativeStubs), with the fuel written to the store before
    /// that if `fuel`. Clobbers the scratch register.
    fn call_stub(&mut self, offset: u32, fuel: bool);
    /// An instruction that faults.
    fn fault(&mut self);
    /// Reads the poll page.
    fn poll(&mut self);
}

/// Where a tail call goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TailTarget {
    /// To a function of the module.
    Function(RelocTarget),
    /// To {code, context} at the address in a register, which is no parameter's.
    Pair(Reg),
}
