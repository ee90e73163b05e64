//! What a function's frame looks like.
//!
//! ```text
//! rbp + 16   stack parameters
//! rbp + 8    return address
//! rbp        the caller's rbp
//! rbp - 8    the context
//!            callee-saved registers that the function writes
//!            spill slots, from `spills` up
//!            slots of the function, from `slots` up
//! rsp        parameters and result areas of calls
//! ```
//!
//! All sizes are known before the first instruction is written, so everything is at a fixed distance from `rbp`, which is a multiple of
//! 16.
//!
//! A function is **bare**, without a frame, if it calls nothing, no instruction of it can fault, and nothing of it lies in memory. It may trap,
//! by an instruction out of line that makes a frame first, for those who look at the stack then.

use super::sequence::Sequence;
use super::{FRAME, STACK};
use crate::machine::allocate::Allocation;
use crate::machine::code::{Arg, Code, PRegSet, Part};
use windlass_abi::native::SMALL_FRAME;

/// Bytes that a frame may have: as many as a whole stack has by default.
pub const MAX_FRAME: u32 = 1 << 19;

/// A frame of at most so many bytes is none that a function that calls nothing has to look at the stack limit for.
const SMALL_LEAF: u32 = SMALL_FRAME / 4;

/// A frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Whether there is none.
    pub bare: bool,
    /// Whether the function looks at the stack limit.
    pub checked: bool,
    /// `rbp - rsp`.
    pub size: u32,
    /// Callee-saved registers that are saved: in the order of their numbers, from `rbp - 16` down.
    pub saved: PRegSet,
    /// The first spill slot lies at `rbp` less this.
    pub spills: u32,
    /// The slots of the function start at `rbp` less this.
    pub slots: u32,
    /// They end at `rbp` less this.
    pub slots_end: u32,
}

/// The frame is larger than [`MAX_FRAME`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge;

/// What a function does.
#[derive(Clone, Copy, Default)]
struct Needs {
    frame: bool,
    check: bool,
    save_all: bool,
}

impl Needs {
    fn of(code: &Code) -> Needs {
        let mut needs = Needs::default();
        for (number, inst) in code.insts.iter().enumerate() {
            needs.frame |= inst.trap.is_some();
            let Some(sequence) = Sequence::of(inst.opcode) else { continue };
            needs.add(sequence);
            // What lies on the stack is moved with the frame.
            if sequence == Sequence::TailOwn {
                let memory = code.args_of(number as u32).get(1);
                needs.frame |= code.stack_params > 0 || !matches!(memory, Some(Arg::Number(0)));
            }
        }
        let in_frame = |part: Option<Part>| match part {
            Some(Part::Slots | Part::Outgoing) => true,
            Some(Part::Fixed(reg)) => reg == FRAME || reg == STACK,
            Some(Part::Operand(_)) | None => false,
        };
        needs.frame |= code.memories.iter().any(|memory| in_frame(memory.base) || in_frame(memory.index));
        needs.frame |=
            code.args.iter().any(|arg| matches!(arg, Arg::Fixed(reg) if *reg == FRAME || *reg == STACK));
        needs
    }

    fn add(&mut self, sequence: Sequence) {
        use Sequence::*;
        match sequence {
            CallOwn | CallPointer | CallStub | TailPointer => (self.frame, self.check) = (true, true),
            TryOwn | TryPointer | TryStub => {
                (self.frame, self.check, self.save_all) = (true, true, true);
            }
            // A loop of tail calls has to be interrupted somewhere.
            TailOwn => self.check = true,
            Landing | RaiseIf | Poll | Charge => self.frame = true,
            _ => {}
        }
    }
}

impl Frame {
    /// The frame of a function. `callee_saved` are the registers of the machine that a callee saves.
    ///
    /// # Errors
    /// If it gets too large.
    pub fn new(code: &Code, allocation: &Allocation, callee_saved: PRegSet) -> Result<Frame, TooLarge> {
        let needs = Needs::of(code);
        let written = if needs.save_all { callee_saved } else { allocation.callee_saved };
        let saved = PRegSet { ints: written.ints & callee_saved.ints, vectors: 0 };
        let parts = [code.slots_size, code.outgoing, allocation.spill_slots];
        if parts.iter().any(|bytes| *bytes > MAX_FRAME) {
            return Err(TooLarge);
        }
        let fixed = 8 + 8 * saved.ints.count_ones();
        let spills = match allocation.spill_slots {
            0 => fixed,
            units => (fixed + 8 * units).next_multiple_of(16),
        };
        let slots = match code.slots_size {
            0 => spills,
            size => (spills + size).next_multiple_of(16),
        };
        let size = (slots + code.outgoing).next_multiple_of(16);
        if size > MAX_FRAME {
            return Err(TooLarge);
        }
        let bare = !needs.frame && size == 16 && saved.ints == 0;
        let checked = needs.check || size > SMALL_LEAF;
        Ok(Frame { bare, checked, size, saved, spills, slots, slots_end: slots - code.slots_size })
    }

    /// The offset from `rbp` of a spill slot.
    pub fn spill(&self, unit: u32) -> i32 {
        8 * unit.cast_signed() - self.spills.cast_signed()
    }

    /// The number of the home slot that ends where this slot of the function does.
    pub fn home_slot(&self, code: &Code, slot: u32) -> u32 {
        code.slots.get(slot as usize).map_or(0, |bytes| (code.slots_size - bytes.end) / 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_one_below_the_other() {
        let mut code = Code::default();
        code.clear();
        code.place_slots([4, 16, 8]);
        assert_eq!(code.slots, [0..8, 16..32, 32..40]);
        code.outgoing = 24;
        let saved = PRegSet { ints: 1 << 3 | 1 << 12, vectors: 0 };
        let allocation = Allocation { spill_slots: 3, callee_saved: saved, ..Allocation::default() };
        let frame = Frame::new(&code, &allocation, saved).unwrap();
        assert_eq!((frame.spills, frame.slots_end, frame.slots, frame.size), (48, 48, 96, 128));
        assert_eq!((frame.spill(0), frame.spill(2)), (-48, -32));
        // Home slots count from the top: 8 bytes are free there.
        assert_eq!([0, 1, 2].map(|slot| frame.home_slot(&code, slot)), [5, 2, 1]);
        assert!(!frame.bare && !frame.checked);
    }

    #[test]
    fn nothing_needs_no_frame() {
        let mut code = Code::default();
        code.clear();
        let frame = Frame::new(&code, &Allocation::default(), PRegSet::default()).unwrap();
        assert_eq!((frame.bare, frame.size), (true, 16));
        code.place_slots([MAX_FRAME]);
        assert_eq!(Frame::new(&code, &Allocation::default(), PRegSet::default()), Err(TooLarge));
    }
}
