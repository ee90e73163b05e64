//! What a running function asks for.

use crate::constant::Constant;
use crate::entity::Memory;
use crate::function::{Region, SignatureData, Target};
use alloc::vec::Vec;
use windlass_abi::builtins::Status;
use windlass_abi::trap::TrapCode;

/// What a function runs in.
pub trait Environment {
    /// The pointer to the context of the running code.
    fn context(&self) -> u64;

    /// The bytes of a memory, as many as it has now. A memory that is not there has none.
    fn memory(&mut self, memory: Memory) -> &mut [u8];

    /// Room for a slot of the frame: the pointer to it. Accesses to the slot go there, in [`Region::Frame`].
    fn slot(&mut self, size: u32) -> u64;

    /// Reads what a pointer points to; false if it points to nothing, which is an error of the function.
    fn raw_load(&mut self, region: Region, address: u64, bytes: &mut [u8]) -> bool;

    /// Writes what a pointer points to; false if it points to nothing.
    fn raw_store(&mut self, region: Region, address: u64, bytes: &[u8]) -> bool;

    /// Calls a function.
    fn call(&mut self, target: Target, signature: &SignatureData, args: &[Constant]) -> Called;

    /// Calls the code behind a pointer, in the context behind another one.
    fn call_pointer(
        &mut self,
        code: u64,
        context: u64,
        signature: &SignatureData,
        args: &[Constant],
    ) -> Called;

    /// What a call of the runtime ends the function with that gave this status, which is not zero: it trapped or threw.
    /// What the runtime keeps beside the status, only the environment knows; this says the status as if it were a tag.
    fn raise(&mut self, status: u64) -> Called {
        match Status(status).trap_code() {
            Some(code) => Called::Trap(code),
            None => Called::Throw(Thrown { tag: status, values: Vec::new(), reference: 0 }),
        }
    }

    /// Charges fuel, or traps.
    fn charge(&mut self, fuel: u32) -> Result<(), TrapCode>;

    /// Looks whether someone wants the guest's attention; what that one does may be a trap.
    fn poll(&mut self) -> Result<(), TrapCode>;
}

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Called {
    /// It returned these results.
    Return(Vec<Constant>),
    /// It trapped.
    Trap(TrapCode),
    /// It threw an exception.
    Throw(Thrown),
}

/// An exception.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Thrown {
    /// The pointer to its tag.
    pub tag: u64,
    /// Its values.
    pub values: Vec<Constant>,
    /// The reference to it.
    pub reference: u32,
}
