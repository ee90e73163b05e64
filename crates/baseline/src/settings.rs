//! What code must do beyond what the module says.

/// Settings of the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Charge fuel.
    pub fuel: bool,
    /// Look at the interrupt word at loop heads and function entries.
    pub interruption: bool,
    /// Whether faults become traps. Otherwise everything is checked, and traps are calls.
    pub signals: bool,
    /// Bytes of address space behind the base of each 32-bit memory, guard included, that are either the memory's or inaccessible:
    /// accesses within them need no check if `signals`.
    pub memory_reach: u64,
    /// Whether the first byte of a 32-bit memory stays where it is.
    pub memory_fixed: bool,
    /// Whether functions can be replaced: direct calls go through slots.
    pub replaceable: bool,
    /// Whether a direct call may come back with another context: in the module is a tail call that may leave the instance.
    pub reload_context: bool,
    /// Whether a position is recorded for every operator, for listings.
    pub all_positions: bool,
    /// Whether locals that live in registers are in their home slots, too: for core dumps.
    pub locals_at_home: bool,
}

impl Settings {
    /// Whether loops poll for interruption: they read a page that faults if someone wants the guest's attention.
    pub fn polls(&self) -> bool {
        self.interruption && self.signals
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            fuel: false,
            interruption: false,
            signals: true,
            memory_reach: (4 << 30) + (32 << 20),
            memory_fixed: true,
            replaceable: false,
            reload_context: false,
            all_positions: false,
            locals_at_home: false,
        }
    }
}
