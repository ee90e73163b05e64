//! The names of what a function is made of: numbers, each of a type of its own.

use core::fmt;

macro_rules! entities {
    ($( $(#[doc = $doc:literal])+ $name:ident $prefix:literal; )*) => { $(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// Its number as an index.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )* };
}

entities! {
    /// An instruction and the value that it gives. Parameters of blocks are instructions, too.
    Value "v";
    /// A block.
    Block "b";
    /// A way from the end of a block to another block.
    Edge "e";
    /// A signature.
    Signature "sig";
    /// A function that can be called.
    Callee "f";
    /// A memory.
    Memory "m";
    /// A slot of the frame.
    Slot "s";
}
