//! An environment for tests, in which every function can run.
//!
//! Nothing in it is by chance: what is read and was not written, and what calls do, follows from numbers mixed with
//! each other. So two functions that do the same leave the same [`Observed`] in equal environments, and functions that
//! do not will hardly.
//!
//! - **What pointers point to**: every address of every region can be read and written, and has some value before.
//! - **Calls** mix the callee and the arguments. The results follow from that, and what the callee changes: a byte of
//!   each memory, sometimes its size, everything in regions that are neither constant nor the frame, and what an
//!   argument points to if it points to a slot. Calls may also trap, or throw, if that is allowed; those of the runtime
//!   may say so by a status, which is their last result if that is an `i64`.
//! - **The trace** has the calls, each with what the function had done to its surroundings by then.
//!
//! Pass by what is only the function's own: the frame is not observed but through calls.

use super::environment::{Called, Environment, Thrown};
use crate::constant::Constant;
use crate::entity::Memory;
use crate::function::{Region, SignatureData, Target};
use crate::types::Type;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use windlass_abi::trap::TrapCode;

/// Where the context is.
const CONTEXT: u64 = 0x1000_0000;
/// Where the first slot is.
const FRAME: u64 = 0x7fff_0000_0000;
/// Slots are so far apart, at least.
const SLOT: u64 = 0x1_0000;
/// Memories do not grow beyond this size.
const LARGEST: usize = 1 << 20;

/// A call that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// What was called; `None` of a call through a pointer.
    pub target: Option<Target>,
    /// The arguments; of a call through a pointer, first the pointers to code and context.
    pub args: Vec<Constant>,
    /// The memories, the regions and the fuel as they were then, mixed.
    pub state: u64,
}

/// What can be seen of what ran in an environment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// The bytes of the memories.
    pub memories: Vec<Vec<u8>>,
    /// What was written behind pointers, but to the frame.
    pub raw: BTreeMap<(Region, u64), u8>,
    /// The calls.
    pub trace: Vec<Event>,
    /// The fuel that was charged.
    pub charged: u64,
}

/// An environment for tests.
#[derive(Clone, Debug)]
pub struct TestEnvironment {
    /// The bytes of the memories.
    pub memories: Vec<Vec<u8>>,
    /// The guest's fuel: when more is charged, it traps.
    pub fuel: u64,
    /// So often a poll finds nothing; then it traps.
    pub polls: u64,
    /// Whether calls trap now and then.
    pub traps: bool,
    /// The tags of what calls throw now and then: the pointer to the tag, and the types of the values.
    pub tags: Vec<(u64, Vec<Type>)>,
    /// Bytes that are not as they were at first, before what calls change.
    raw: BTreeMap<(Region, u64), u8>,
    /// What calls did so far, mixed.
    called: u64,
    /// The exceptions that were thrown, by the references to them.
    thrown: BTreeMap<u32, Thrown>,
    /// The slots: where each starts and ends.
    slots: Vec<(u64, u64)>,
    trace: Vec<Event>,
    charged: u64,
}

impl TestEnvironment {
    /// An environment with memories of these bytes, where nothing runs out, traps or throws.
    pub fn new(memories: Vec<Vec<u8>>) -> TestEnvironment {
        TestEnvironment {
            memories,
            fuel: u64::MAX,
            polls: u64::MAX,
            traps: false,
            tags: Vec::new(),
            raw: BTreeMap::new(),
            called: 0,
            thrown: BTreeMap::new(),
            slots: Vec::new(),
            trace: Vec::new(),
            charged: 0,
        }
    }

    /// What can be seen of what ran.
    pub fn observed(&self) -> Observed {
        Observed {
            memories: self.memories.clone(),
            raw: self.seen().collect(),
            trace: self.trace.clone(),
            charged: self.charged,
        }
    }

    /// The calls that were made.
    pub fn trace(&self) -> &[Event] {
        &self.trace
    }

    /// What was written, but to the frame.
    fn seen(&self) -> impl Iterator<Item = ((Region, u64), u8)> + '_ {
        self.raw.iter().filter(|((region, _), _)| *region != Region::Frame).map(|(at, byte)| (*at, *byte))
    }

    /// What a byte was before anything ran.
    fn first(region: Region, address: u64) -> u8 {
        mix(mix(1, region as u64), address) as u8
    }

    /// How calls changed a byte so far, whether it was written or not: by turning over these bits.
    fn change(&self, region: Region, address: u64) -> u8 {
        match region {
            Region::Constant | Region::Frame => 0,
            _ if self.called == 0 => 0,
            _ => mix(mix(self.called, region as u64), address) as u8,
        }
    }

    fn byte(&self, region: Region, address: u64) -> u8 {
        let byte = self.raw.get(&(region, address)).copied();
        byte.unwrap_or_else(|| TestEnvironment::first(region, address)) ^ self.change(region, address)
    }

    fn set_byte(&mut self, region: Region, address: u64, byte: u8) {
        let byte = byte ^ self.change(region, address);
        if byte == TestEnvironment::first(region, address) {
            self.raw.remove(&(region, address));
        } else {
            self.raw.insert((region, address), byte);
        }
    }

    /// The memories, the regions and the fuel, mixed.
    fn state(&self) -> u64 {
        let mut state = self.charged;
        for memory in &self.memories {
            state = mix(state, memory.len() as u64);
            for chunk in memory.chunks(8) {
                state = chunk.iter().fold(state, |state, byte| state.rotate_left(8) ^ u64::from(*byte));
                state = mix(state, 0);
            }
        }
        for ((region, address), byte) in self.seen() {
            state = mix(mix(mix(state, region as u64), address), byte.into());
        }
        state
    }

    /// Calls what is no more than a number, mixed with what it gets.
    fn called(&mut self, target: Option<Target>, signature: &SignatureData, args: Vec<Constant>) -> Called {
        let kind = match target {
            Some(Target::Own(number)) => u64::from(number) << 2,
            Some(Target::Builtin(number)) => u64::from(number) << 2 | 1,
            Some(Target::Throw) => 6,
            Some(Target::ThrowRef) => 10,
            None => 2,
        };
        let mut hash = mix(2, kind);
        for arg in &args {
            let bytes = u128::from_le_bytes(arg.to_le_bytes());
            hash = mix(mix(mix(hash, arg.ty() as u64), bytes as u64), (bytes >> 64) as u64);
        }
        // Of the slots that it gets pointers to, it reads all from there, and then writes it.
        let slots: Vec<_> = args.iter().filter_map(|arg| self.slot_behind(*arg)).collect();
        for (start, end) in slots.iter().copied() {
            hash = (start..end).fold(hash, |hash, at| mix(hash, self.byte(Region::Frame, at).into()));
        }
        let called = self.end(target, &args, hash, signature);
        if let Called::Throw(thrown) = &called {
            self.thrown.insert(thrown.reference, thrown.clone());
        }
        self.trace.push(Event { target, args, state: self.state() });
        self.called = mix(self.called, hash) | 1;
        for (start, end) in slots {
            for at in start..end {
                self.set_byte(Region::Frame, at, mix(hash, at) as u8);
            }
        }
        for (number, memory) in self.memories.iter_mut().enumerate() {
            let mixed = mix(hash, number as u64);
            if mixed.is_multiple_of(16) && memory.len() < LARGEST {
                memory.resize(memory.len() + 64, 0);
            }
            let at = (mixed >> 8).checked_rem(memory.len() as u64);
            if let Some(byte) = at.and_then(|at| memory.get_mut(at as usize)) {
                *byte = mixed as u8;
            }
        }
        called
    }

    /// How a call ends.
    fn end(&self, target: Option<Target>, args: &[Constant], hash: u64, signature: &SignatureData) -> Called {
        let chance = mix(hash, 3);
        match (target, args) {
            (Some(Target::Throw), [Constant::I64(tag), Constant::I64(at)]) => {
                return Called::Throw(Thrown {
                    tag: *tag,
                    values: self.payload(*tag, *at),
                    reference: mix(hash, 4) as u32,
                });
            }
            (Some(Target::ThrowRef), [Constant::I32(reference) | Constant::Ref(reference)]) => {
                let thrown = self.thrown.get(reference).cloned();
                let unknown = Thrown { tag: hash, values: Vec::new(), reference: *reference };
                return Called::Throw(thrown.unwrap_or(unknown));
            }
            _ => {}
        }
        if self.traps && chance.is_multiple_of(8) {
            return Called::Trap(TrapCode::ALL[(chance >> 8) as usize % TrapCode::ALL.len()]);
        }
        if !self.tags.is_empty() && chance % 4 == 1 {
            let (tag, types) = &self.tags[(chance >> 8) as usize % self.tags.len()];
            return Called::Throw(Thrown {
                tag: *tag,
                values: constants(hash, types),
                reference: mix(hash, 4) as u32,
            });
        }
        let mut results = constants(hash, &signature.results);
        // The last one may be the status of the runtime: mostly that all went well.
        if let (Some(Target::Builtin(_)), Some(Constant::I64(status))) = (target, results.last_mut()) {
            match chance >> 8 & 7 {
                6 if self.traps => *status = 1 + *status % TrapCode::ALL.len() as u64,
                7 if self.traps => {}
                _ => *status = 0,
            }
        }
        Called::Return(results)
    }

    /// The values of an exception of this tag: they are in slots of 8 bytes, where a pointer to the frame points.
    fn payload(&self, tag: u64, mut at: u64) -> Vec<Constant> {
        let types = self.tags.iter().find(|(known, _)| *known == tag).map_or(&[][..], |(_, types)| types);
        let value = |ty: &Type| {
            let bytes = core::array::from_fn(|i| self.byte(Region::Frame, at.wrapping_add(i as u64)));
            at = at.wrapping_add(u64::from(ty.size()).next_multiple_of(8));
            Constant::from_le_bytes(*ty, bytes)
        };
        types.iter().filter_map(value).collect()
    }

    /// From where an argument points in a slot to the slot's end.
    fn slot_behind(&self, arg: Constant) -> Option<(u64, u64)> {
        let at = u64::try_from(arg).ok()?;
        let (_, end) = self.slots.iter().find(|(start, end)| (*start..*end).contains(&at))?;
        Some((at, *end))
    }
}

/// Constants of these types that follow from a number.
fn constants(hash: u64, types: &[Type]) -> Vec<Constant> {
    let constant = |(i, ty): (usize, &Type)| {
        let low = mix(hash, 16 + i as u64);
        let bytes = u128::from(low) | u128::from(mix(low, 5)) << 64;
        Constant::from_le_bytes(*ty, bytes.to_le_bytes())
    };
    types.iter().enumerate().filter_map(constant).collect()
}

/// A number that follows from both, and tells nothing of them: the steps are those of SplitMix64.
fn mix(state: u64, value: u64) -> u64 {
    let mut mixed = state.rotate_left(23).wrapping_add(value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Environment for TestEnvironment {
    fn context(&self) -> u64 {
        CONTEXT
    }

    fn memory(&mut self, memory: Memory) -> &mut [u8] {
        self.memories.get_mut(memory.index()).map_or(&mut [], |bytes| &mut bytes[..])
    }

    fn slot(&mut self, size: u32) -> u64 {
        let start = self.slots.last().map_or(FRAME, |(_, end)| end.next_multiple_of(SLOT));
        // An empty slot has a place of its own, too.
        self.slots.push((start, start + u64::from(size.max(1))));
        start
    }

    fn raw_load(&mut self, region: Region, address: u64, bytes: &mut [u8]) -> bool {
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = self.byte(region, address.wrapping_add(i as u64));
        }
        true
    }

    fn raw_store(&mut self, region: Region, address: u64, bytes: &[u8]) -> bool {
        for (i, byte) in bytes.iter().enumerate() {
            self.set_byte(region, address.wrapping_add(i as u64), *byte);
        }
        true
    }

    fn call(&mut self, target: Target, signature: &SignatureData, args: &[Constant]) -> Called {
        self.called(Some(target), signature, args.to_vec())
    }

    fn call_pointer(
        &mut self,
        code: u64,
        context: u64,
        signature: &SignatureData,
        args: &[Constant],
    ) -> Called {
        let pointers = [code, context].map(Constant::I64);
        self.called(None, signature, pointers.iter().chain(args).copied().collect())
    }

    fn charge(&mut self, fuel: u32) -> Result<(), TrapCode> {
        self.charged += u64::from(fuel);
        if self.charged > self.fuel { Err(TrapCode::OutOfFuel) } else { Ok(()) }
    }

    fn poll(&mut self) -> Result<(), TrapCode> {
        match self.polls.checked_sub(1) {
            Some(polls) => {
                self.polls = polls;
                Ok(())
            }
            None => Err(TrapCode::Interrupt),
        }
    }
}
