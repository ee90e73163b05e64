//! A short form for instructions that have one shape.

/// Defines instructions: documentation, name (with one type parameter or none), name in listings, operands, and what it does
/// with the registers. The body is unsafe code under the contract of [`Instr::exec`](crate::machine::Instr::exec).
macro_rules! instrs {
    ($(
        $(#[$meta:meta])*
        $name:ident $(<$I:ident: $bound:path>)? $([const $C:ident: $C_ty:ty])? $text:literal [$($operand:ident),*] |$r:ident| $body:block
    )*) => { $(
        $(#[$meta])*
        pub(crate) struct $name $(<$I>(core::marker::PhantomData<$I>))? $(<const $C: $C_ty>)?;
        impl $(<$I: $bound>)? $(<const $C: $C_ty>)? $crate::machine::Instr for $name $(<$I>)? $(<$C>)? {
            const NAME: &'static str = $text;
            const OPERANDS: &'static [$crate::machine::Operand] = &[$($crate::machine::Operand::$operand),*];
            #[inline(always)]
            #[allow(unused_mut, unused_unsafe)]
            unsafe fn exec(mut $r: $crate::machine::Regs) -> $crate::machine::Next {
                // SAFETY: the contract of `exec`; the operands are as `OPERANDS` says.
                unsafe { $body }
            }
        }
    )* };
}
pub(crate) use instrs;
