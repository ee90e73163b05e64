//! Where Wasm code is: the frames of all entries that are going on in a store.

use crate::failure::{Backtrace, BacktraceFrame};
use crate::ids::InstanceId;
use crate::store::StoreInner;
use std::ops::ControlFlow;

/// The frames now, innermost first. The code has written its position to the activation.
pub(crate) fn capture(store: &StoreInner) -> Backtrace {
    let mut backtrace = Backtrace::default();
    let with_slots = store.config.core_dumps;
    let limit = if with_slots { usize::MAX } else { store.config.max_backtrace };
    if limit == 0 {
        return backtrace;
    }
    // SAFETY: the chain holds exactly the entries that are going on, each of which is live and has left
    // its code, since the runtime runs; frames have live contexts, whose id is their instance's.
    unsafe {
        let mut activation = (*store.shared.vmstore()).activation;
        while !activation.is_null() {
            store.config.processor.frames(activation, &mut |frame| {
                if backtrace.frames.len() == limit {
                    backtrace.truncated = true;
                    return ControlFlow::Break(());
                }
                let instance = InstanceId((*frame.context).id);
                let module = store.instances[instance.0 as usize].module.clone();
                let (function, offset) = (frame.function, frame.offset);
                let slots = if with_slots { frame.slots.read().collect() } else { Box::default() };
                backtrace.frames.push(BacktraceFrame { instance, module, function, offset, slots });
                ControlFlow::Continue(())
            });
            if backtrace.truncated {
                break;
            }
            activation = (*activation).prev;
        }
    }
    backtrace
}
