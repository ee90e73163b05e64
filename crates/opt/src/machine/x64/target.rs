//! The registers that allocation may use.

use super::{SCRATCH, VECTOR_SCRATCH, int, vector};
use crate::machine::allocate::Machine;
use crate::machine::code::{PReg, PRegSet};
use windlass_abi::native::{FUEL_REGISTER, X86_64};

/// Registers of integers: first those that a call clobbers, in an order that leaves the first parameters' and results' to those for
/// long; then those that a callee saves, the register for the fuel last.
static INTS: [PReg; 12] =
    [int(0), int(1), int(2), int(6), int(7), int(8), int(9), int(10), int(3), int(12), int(13), int(14)];

/// Registers of vectors: all but the scratch register.
static VECTORS: [PReg; 15] = {
    let mut all = [vector(0); 15];
    let mut number = 0;
    while number < 15 {
        all[number as usize] = vector(number);
        number += 1;
    }
    all
};

const _: () = assert!(INTS[11].number == FUEL_REGISTER);

/// What allocation may use; `fuel` says whether the fuel is in a register.
pub fn machine(fuel: bool) -> Machine {
    let saved = X86_64.callee_saved.iter().fold(0, |set, number| set | 1 << number);
    let fuel = if fuel { 1 } else { 0 };
    Machine {
        allocatable: [&INTS[..INTS.len() - fuel], &VECTORS],
        scratch: [Some(SCRATCH), Some(VECTOR_SCRATCH)],
        callee_saved: PRegSet { ints: saved & !((fuel as u32) << FUEL_REGISTER), vectors: 0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::x64::{CONTEXT, FRAME, FUEL, STACK};

    #[test]
    fn what_has_a_purpose_is_never_allocated() {
        for fuel in [false, true] {
            let machine = machine(fuel);
            let set = machine.allocatable_set();
            for reg in [CONTEXT, FRAME, STACK, SCRATCH, VECTOR_SCRATCH] {
                assert!(!set.contains(reg), "{reg}");
            }
            assert_eq!((set.contains(FUEL), machine.callee_saved.contains(FUEL)), (!fuel, !fuel));
            assert!(machine.callee_saved.iter().all(|reg| set.contains(reg)));
        }
    }
}
