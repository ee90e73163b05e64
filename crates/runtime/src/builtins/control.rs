//! Builtins for stopping: interruption, fuel, traps.

use crate::backtrace;
use crate::store::{Parked, StorePtr};
use windlass_abi::builtins::Status;
use windlass_abi::trap::TrapCode;
use windlass_abi::vm::VMStore;

/// Asks the hook whether an interrupted guest goes on.
///
/// # Safety
/// As for [`StorePtr`]'s methods.
pub(crate) unsafe fn interrupted(store: StorePtr) -> Result<(), Status> {
    // SAFETY: the caller's promise.
    match unsafe { store.ask(false, |hooks| hooks.interrupt().map(|()| true)) }? {
        true => Ok(()),
        // Nobody is there to decide otherwise.
        false => Err(Status::trap(TrapCode::Interrupt)),
    }
}

pub(super) unsafe extern "C" fn interrupt(store: *mut VMStore) -> Status {
    // SAFETY: as the table of builtins says.
    unsafe { super::status(interrupted(StorePtr::from_vmstore(store))) }
}

pub(super) unsafe extern "C" fn fuel_exhausted(store: *mut VMStore) -> Status {
    // SAFETY: as the table of builtins says.
    let store = unsafe { StorePtr::from_vmstore(store) };
    // SAFETY: as above.
    match unsafe { store.ask(false, |hooks| hooks.fuel_exhausted().map(|()| true)) } {
        Ok(true) => Status::OK,
        // Nobody is there to refill it.
        Ok(false) => Status::trap(TrapCode::OutOfFuel),
        Err(status) => status,
    }
}

pub(super) unsafe extern "C" fn trap(store: *mut VMStore, code: u64) {
    // SAFETY: as the table of builtins says.
    let inner = unsafe { StorePtr::from_vmstore(store).inner() };
    let code = Status(code).trap_code().expect("code reports traps of the table");
    inner.parked = Some(Parked::Trap { code, backtrace: backtrace::capture(inner) });
}
