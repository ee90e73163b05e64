//! The table of trap codes: number, name and text of every way in which a guest can be stopped.

/// Writes the table once and derives the enumeration, the texts and the conversion from numbers.
macro_rules! traps {
    ($( $code:literal $name:ident $text:literal $doc:literal; )*) => {
        /// Why a guest was stopped. The texts are those that the official test suite expects.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum TrapCode { $( #[doc = $doc] $name = $code, )* }

        impl TrapCode {
            /// Every trap code.
            pub const ALL: &'static [TrapCode] = &[ $( TrapCode::$name ),* ];

            /// The text of the trap.
            pub const fn text(self) -> &'static str {
                match self { $( TrapCode::$name => $text, )* }
            }

            /// The trap code of a number.
            pub const fn from_code(code: u8) -> Option<TrapCode> {
                match code { $( $code => Some(TrapCode::$name), )* _ => None }
            }
        }
    };
}

traps! {
    1  Unreachable "unreachable" "An `unreachable` instruction was executed.";
    2  MemoryOutOfBounds "out of bounds memory access" "A memory was accessed outside its size.";
    3  TableOutOfBounds "out of bounds table access" "A table was accessed outside its size.";
    4  UndefinedElement "undefined element" "An indirect call named an element outside the table.";
    5  UninitializedElement "uninitialized element" "An indirect call named a null element.";
    6  BadSignature "indirect call type mismatch" "An indirect call found a function of another type.";
    7  IntegerOverflow "integer overflow" "A division or conversion has a result outside its type.";
    8  IntegerDivisionByZero "integer divide by zero" "An integer was divided by zero.";
    9  BadConversionToInteger "invalid conversion to integer" "A NaN was converted to an integer.";
    10 NullReference "null reference" "A null reference was used where an object is needed.";
    11 NullFunctionReference "null function reference" "A null function reference was called.";
    12 NullExceptionReference "null exception reference" "A null exception reference was thrown.";
    13 CastFailure "cast failure" "A reference is not of the type it was cast to.";
    14 StackOverflow "call stack exhausted" "The stack's limit was reached.";
    15 UnalignedAtomic "unaligned atomic" "An atomic access is not aligned to its width.";
    16 ExpectedShared "expected shared memory" "A wait on a memory that is not shared.";
    17 OutOfFuel "all fuel consumed by WebAssembly" "The store's fuel ran out.";
    18 Interrupt "interrupt" "The store was interrupted from outside.";
    19 OutOfMemory "out of memory" "The store's heap or the host's memory is exhausted.";
    20 AllocationTooLarge "allocation size too large" "An allocation exceeds what the store can ever hold.";
}

impl core::fmt::Display for TrapCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for TrapCode {}
