//! Throwing. Handlers are found by [`crate::unwind`]; entering a `try_table` does no work.

use super::instr::instrs;
use crate::unwind;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMTag;

instrs! {
    /// `throw`: the tag's offset in the context, the first slot of the payload.
    Throw "throw" [U32, Src] |r| {
        r.save();
        let tag = *r.in_context::<*const VMTag>(r.u32(1));
        let payload = r.slot(3);
        unwind::throw(r, tag, unwind::Payload::Slots(payload))
    }
    /// `throw_ref`.
    ThrowRef "throw_ref" [Src] |r| {
        r.save();
        let exception: u32 = r.get(1);
        if exception == 0 {
            return r.trap(TrapCode::NullExceptionReference);
        }
        unwind::rethrow(r, exception)
    }
}
