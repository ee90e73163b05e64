//! Sequences: opcodes that stand for no row of the instruction table, or for several.
//!
//! Each row says what the arguments are and which operands there are; selection makes them so, and emission writes them.
//! A condition is the number of a [`Cond`](windlass_asm::x64::Cond); a trap is the number of a
//! [`TrapCode`](windlass_abi::trap::TrapCode).

use crate::machine::code::Opcode;

/// The number of the first sequence: rows of the instruction table lie below.
const FIRST: u16 = 0x4000;

macro_rules! sequences {
    ($( $(#[doc = $doc:literal])+ $name:ident; )*) => {
        /// A sequence.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum Sequence { $( $(#[doc = $doc])+ $name, )* }

        impl Sequence {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Sequence] = &[ $( Sequence::$name, )* ];

            /// Its name in listings.
            pub const fn name(self) -> &'static str {
                match self { $( Sequence::$name => stringify!($name), )* }
            }
        }
    };
}

impl Sequence {
    /// Its opcode.
    pub const fn opcode(self) -> Opcode {
        Opcode(FIRST + self as u16)
    }

    /// The sequence that an opcode stands for.
    pub fn of(opcode: Opcode) -> Option<Sequence> {
        Sequence::ALL.get(usize::from(opcode.0.checked_sub(FIRST)?)).copied()
    }
}

sequences! {
    /// First in the function: operands are definitions of the parameters that come in registers, fixed to them. Writes nothing.
    /// (Parameters on the stack are loads from `[rbp + 16 + offset]`.)
    Entry;
    /// A copy of a register: operands: definition, use. Of integers all 64 bits, of vectors all 128.
    Move;
    /// All bits zero: operand 0: definition. Writes the flags.
    Zero;
    /// All bits one: operand 0: definition of a vector.
    Ones;

    // Ends of blocks. Blocks are arguments, in the order of the successors.
    /// Goes to a block: `Block`. Falls through where it can.
    Jump;
    /// By the flags: `Number(condition)`, `Block(then)`, `Block(else)`.
    Branch;
    /// By the flags of a comparison of floats that says equal: both equal and ordered. `Block(then)`, `Block(else)`.
    BranchEqual;
    /// By the flags of a comparison of floats that says not equal: unequal or unordered. `Block(then)`, `Block(else)`.
    BranchNotEqual;
    /// A jump table: operand 0 is the index (a use, 32 bits zero-extended), operand 1 a definition that is written early, for the
    /// address; `Block`s, the last one for every index beyond the others.
    Table;
    /// Returns: operands are uses fixed to the registers of the results. (Results in memory have been stored.)
    Return;
    /// Traps: `Number(trap)`.
    Trap;
    /// What cannot be reached.
    Unreachable;
    /// A tail call of an own function: `Number(function)`, `Number(bytes of stack parameters)`; operands: uses fixed to registers. Stack
    /// parameters have been stored at the bottom of the frame (`Outgoing`), from where they are moved to where the function's own were.
    TailOwn;
    /// A tail call through a pointer: operand 0 is the code (fixed to `rax`), operand 1 the context (fixed to `r10` unless the result
    /// area is there: then to `rbx`... selection chooses a register that no parameter needs); `Number(bytes of stack parameters)`. If the context is
    /// one of the host, it is a call and a return.
    TailPointer;

    // By the flags, in a block.
    /// Traps by the flags: `Number(condition)`, `Number(trap)`.
    TrapIf;
    /// The truth value of the flags: `Number(condition)`; operand 0: definition, 0 or 1 in 64 bits.
    Set;
    /// Likewise of a comparison of floats that says equal.
    SetEqual;
    /// Likewise of a comparison of floats that says not equal.
    SetNotEqual;
    /// One of two vectors by the flags: `Number(condition)`; operands: use, definition that is the same register, use: the second use
    /// is copied there unless the condition holds.
    SelectVector;
    /// Likewise by a comparison of floats that says equal.
    SelectVectorEqual;
    /// Likewise by a comparison of floats that says not equal.
    SelectVectorNotEqual;

    // Calls. Operands are uses fixed to the registers of the parameters, then definitions fixed to those of the results; what a call
    // clobbers beside these are its clobbers.
    /// A call of an own function: `Number(function)`, `Number(bytes of stack parameters)`, `Number(1 if it may come back with another context)`.
    CallOwn;
    /// A call through a pointer: operand 0 is the code (fixed to `rax`), operand 1 the context (in any register); `Number(bytes of stack
    /// parameters)`. The context is reloaded from the frame.
    CallPointer;
    /// A call of a stub of the runtime: `Number(its offset in NativeStubs)`.
    CallStub;
    /// As `CallOwn`, at the end of its block, and with `Block`s behind its numbers: successors are where it returns, then where it
    /// throws, the innermost handler first. Definitions are of the block where it returns. It clobbers every register that is
    /// allocated but those of its definitions: an exception comes with none of them as it was.
    TryOwn;
    /// As `CallPointer`, likewise.
    TryPointer;
    /// As `CallStub`, likewise.
    TryStub;
    /// First in a block where something is caught, which has no other predecessor: `Number(caught)`, `Number(slot)`: the payload is in
    /// that slot; the first value ends where the slot ends, each further one lies below the one before it, in 8 bytes (vectors 16). Loads
    /// follow. No operands: all registers have been clobbered.
    Landing;
    /// Ends the function if a status is not zero: operand 0, a use.
    RaiseIf;
    /// Looks whether someone wants the guest's attention.
    Poll;
    /// Charges fuel: `Number(how much)`.
    Charge;

    // Values.
    /// The lesser of two floats, as Wasm has it: `Number(64 or 32)`; operands: definition (early), use, use.
    FloatMin;
    /// The greater of two floats, as Wasm has it.
    FloatMax;
    /// A float as an integer, trapping: `Number(64 or 32 of the float)`, `Number(64 or 32 of the integer)`, `Number(1 if signed)`;
    /// operands: definition (early), use, definition of a vector (early), for the sequence.
    Truncate;
    /// Likewise, saturating.
    TruncateSaturating;
    /// An unsigned integer of 64 bits as a float: `Number(64 or 32 of the float)`; operands: definition (early), use, definition of an integer
    /// (early), for the sequence.
    ConvertUnsigned;
    /// Updates a number in memory, again and again until nothing came between: `Number(row of the operation on two registers)`, `Number(row of
    /// the locked comparison and exchange)`, `Memory`; operands: use of what was in memory (fixed to `rax`), definition of what was there
    /// when it was updated (fixed to `rax`), use of the other number, definition of an integer (early), for the sequence, and the
    /// registers of the address.
    AtomicUpdate;
}
