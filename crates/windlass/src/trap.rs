//! Traps: why a guest was stopped.

use std::fmt;
use windlass_abi::trap::TrapCode;

macro_rules! traps {
    ($( $name:ident = $code:ident $doc:literal; )*) => {
        /// Why a guest was stopped. Found in an [`Error`](crate::Error) with `downcast_ref`.
        ///
        /// ```
        /// # use windlass::*;
        /// # fn main() -> Result<()> {
        /// let engine = Engine::default();
        /// let module = Module::new(&engine, r#"(module
        ///     (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))))"#)?;
        /// let mut store = Store::new(&engine, ());
        /// let instance = Instance::new(&mut store, &module, &[])?;
        /// let divide = instance.get_typed_func::<(i32, i32), i32>(&mut store, "divide")?;
        /// let error = divide.call(&mut store, (1, 0)).unwrap_err();
        /// let trap: &Trap = error.downcast_ref().unwrap();
        /// assert_eq!(*trap, Trap::IntegerDivisionByZero);
        /// assert_eq!(trap.text(), "integer divide by zero");
        /// # Ok(())
        /// # }
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Trap { $( #[doc = $doc] $name, )* }

        impl Trap {
            /// Every trap.
            pub const ALL: &'static [Trap] = &[ $( Trap::$name ),* ];

            /// The trap's code in the contract with compiled code.
            pub const fn code(self) -> TrapCode {
                match self { $( Trap::$name => TrapCode::$code, )* }
            }

            const fn from_known(code: TrapCode) -> Option<Trap> {
                match code { $( TrapCode::$code => Some(Trap::$name), )* _ => None }
            }
        }
    };
}

traps! {
    UnreachableCodeReached = Unreachable "An `unreachable` instruction was executed.";
    MemoryOutOfBounds = MemoryOutOfBounds "A memory was accessed outside its size.";
    TableOutOfBounds = TableOutOfBounds "A table was accessed outside its size.";
    UndefinedElement = UndefinedElement "An indirect call named an element outside the table.";
    IndirectCallToNull = UninitializedElement "An indirect call named a null element.";
    BadSignature = BadSignature "An indirect call found a function of another type.";
    IntegerOverflow = IntegerOverflow "A division or conversion has a result outside its type.";
    IntegerDivisionByZero = IntegerDivisionByZero "An integer was divided by zero.";
    BadConversionToInteger = BadConversionToInteger "A NaN was converted to an integer.";
    NullReference = NullReference "A null reference was used where an object is needed.";
    NullFunctionReference = NullFunctionReference "A null function reference was called.";
    NullExceptionReference = NullExceptionReference "A null exception reference was thrown.";
    CastFailure = CastFailure "A reference is not of the type it was cast to.";
    StackOverflow = StackOverflow "The stack's limit was reached.";
    HeapMisaligned = UnalignedAtomic "An atomic access is not aligned to its width.";
    AtomicWaitNonSharedMemory = ExpectedShared "An atomic wait on a memory that is not shared.";
    OutOfFuel = OutOfFuel "The store's fuel ran out.";
    Interrupt = Interrupt "The store was interrupted from outside.";
    OutOfMemory = OutOfMemory "The store's heap or the host's memory is exhausted.";
    AllocationTooLarge = AllocationTooLarge "An allocation exceeds what the store can ever hold.";
}

// Every code has its trap.
const _: () = {
    let mut i = 0;
    while i < TrapCode::ALL.len() {
        assert!(Trap::from_known(TrapCode::ALL[i]).is_some());
        i += 1;
    }
};

impl Trap {
    /// What happened, in the words of the official test suite: "out of bounds memory access".
    pub const fn text(self) -> &'static str {
        self.code().text()
    }
}

impl From<TrapCode> for Trap {
    fn from(code: TrapCode) -> Trap {
        Trap::from_known(code).expect("checked above at compile time")
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wasm trap: {}", self.text())
    }
}

impl std::error::Error for Trap {}
