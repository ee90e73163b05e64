//! Selection: from a placed function to instructions over virtual registers.
//!
//! **In:** a [`Function`] for which `windlass_ir::verify::verify_placed` holds and which has no `either`. **Out:** [`Code`].
//!
//! Blocks are seen in postorder and instructions from the last to the first, so that a use is seen before what it uses: what has no effects
//! is selected only if somebody asked for its register, and what an instruction takes in (an address, an immediate, a load, a
//! comparison) never is. What one instruction becomes is put down in the order of the code, taken over backwards, and at the
//! end everything is reversed once.
//!
//! - `context`: registers of values, putting down instructions: what all others work with;
//! - `layout`: the blocks of the code;
//! - `address`: memory operands with their checks; `memory`: accesses;
//! - `integer`, `compare`: integers, comparisons and conditions;
//! - `control`, `call`: ends of blocks, traps, calls;
//! - `references`: references across safepoints;
//! - `float`, `convert`, `vector`, `lanes`, `atomic`: everything else.

mod address;
mod atomic;
mod call;
mod compare;
mod context;
mod control;
mod convert;
mod float;
mod integer;
mod lanes;
mod layout;
mod memory;
mod recipe;
mod references;
mod shuffle;
mod vector;

use crate::machine::code::{Arg, Class, Code, MBlock};
use crate::machine::x64::sequence::Sequence;
use context::{Context, State};
use core::fmt;
use layout::Origin;
use windlass_ir::{Block, Function, Op, Value};

/// What code must do beyond what the function says.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Settings {
    /// The fuel is in a register.
    pub fuel: bool,
    /// A call of an own function may come back with another context.
    pub reload_context: bool,
}

/// Why a function cannot be selected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// Nothing selects this opcode.
    Unselected(Op),
    /// The frame would be too large.
    TooLarge,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unselected(op) => write!(f, "nothing selects `{}`", op.name()),
            Error::TooLarge => f.write_str("the frame is too large"),
        }
    }
}

impl core::error::Error for Error {}

/// Selects functions, one after another.
#[derive(Default)]
pub struct Selector {
    state: State,
}

impl Selector {
    /// Selects a function.
    ///
    /// # Errors
    /// If there is an opcode that nothing selects, or the frame is too large.
    pub fn select(&mut self, function: &Function, settings: Settings, code: &mut Code) -> Result<(), Error> {
        let mut cx = Context {
            function,
            code,
            settings,
            state: &mut self.state,
            block: Block(0),
            current: Value(0),
            position: 0,
            result_area: None,
            error: None,
        };
        cx.begin()?;
        let mut at = 0;
        while let Some(block) = cx.state.layout.nth(at) {
            cx.block(block);
            at += 1;
        }
        cx.finish();
        cx.error.map_or(Ok(()), Err)
    }
}

/// Bytes that the slots and the lowest part of a frame may take.
const MAX_FRAME: u64 = 1 << 28;

impl Context<'_> {
    fn begin(&mut self) -> Result<(), Error> {
        self.code.clear();
        self.state.layout.make(self.function);
        self.count();
        self.state.backwards.clear();
        self.state.pending.clear();
        self.state.constants.clear();
        self.find_references();
        let references = core::iter::repeat_n(8, self.state.references.slots());
        let sizes: Vec<u32> = self
            .function
            .slots
            .iter()
            .map(|slot| slot.size)
            .chain(self.payloads())
            .chain(references)
            .collect();
        if sizes.iter().map(|size| u64::from(*size)).sum::<u64>() > MAX_FRAME {
            return Err(Error::TooLarge);
        }
        self.code.place_slots(sizes);
        self.declare_catches();
        self.find_result_area();
        for origin in &self.state.layout.origins {
            let (Origin::Block(block) | Origin::Edge(block, _)) = *origin;
            let catches =
                matches!(origin, Origin::Edge(_, edge) if self.function.edge_data(*edge).catch.is_some());
            self.code.blocks.push(MBlock {
                insts: 0..0,
                params: 0..0,
                successors: 0..0,
                predecessors: 0..0,
                loop_depth: self.state.layout.depth(block),
                cold: catches || self.function.is_cold(block),
            });
        }
        Ok(())
    }

    /// Selects a block, and the blocks of its edges.
    fn block(&mut self, block: Block) {
        self.block = block;
        let Some(last) = self.function.last(block) else { return };
        (self.current, self.position) = (last, self.function.position(last));
        for edge in self.function.edges(last) {
            if let Some(number) = self.state.layout.edge_number(edge) {
                let from = self.start(number);
                self.edge_block(last, edge);
                self.end(number, from);
            }
        }
        let number = self.state.layout.number(block);
        let from = self.start(number);
        let mut next = Some(last);
        while let Some(value) = next {
            self.inst(value);
            next = self.function.previous(value);
        }
        if self.function.order.first() == Some(&block) {
            self.load_bases(true);
            self.flush();
            self.entry(block);
        } else {
            self.load_bases(false);
            self.flush();
            self.keep_params(block);
            self.params(block, number);
        }
        self.flush();
        self.end(number, from);
    }

    fn start(&mut self, number: u32) -> u32 {
        self.code.blocks[number as usize].successors = self.code.successors.len() as u32..0;
        self.state.backwards.len() as u32
    }

    fn end(&mut self, number: u32, from: u32) {
        self.flush();
        let block = &mut self.code.blocks[number as usize];
        block.successors.end = self.code.successors.len() as u32;
        // Places in the reversed list, for now.
        block.insts = from..self.state.backwards.len() as u32;
    }

    /// The registers of a block's parameters.
    fn params(&mut self, block: Block, number: u32) {
        let from = self.code.registers.len() as u32;
        for param in self.function.params(block) {
            let reg = self.def_of(param);
            self.code.registers.push(reg);
        }
        self.code.blocks[number as usize].params = from..self.code.registers.len() as u32;
    }

    /// Selects an instruction, unless nobody wants it.
    fn inst(&mut self, value: Value) {
        if self.is_unwanted(value) {
            return;
        }
        let op = self.function.op(value);
        (self.current, self.position) = (value, self.function.position(value));
        if op.effects().any(windlass_ir::op::Effects::CALL) {
            self.load_bases(false);
            self.flush();
        }
        let selected = self.select_memory(value, op)
            || self.select_integer(value, op)
            || self.select_compare(value, op)
            || self.select_control(value, op)
            || self.select_call(value, op)
            || self.select_float(value, op)
            || self.select_convert(value, op)
            || self.select_vector(value, op)
            || self.select_lanes(value, op)
            || self.select_atomic(value, op);
        if !selected {
            self.error.get_or_insert(Error::Unselected(op));
        }
        self.keep_reference(value);
        self.mark_safepoint(value);
        self.flush();
    }

    /// Puts blocks and instructions in the order of the code, and finds predecessors.
    fn finish(&mut self) {
        for block in 0..self.code.blocks.len() {
            let part = self.code.blocks[block].insts.clone();
            let from = self.code.insts.len() as u32;
            let insts = &self.state.backwards[part.start as usize..part.end as usize];
            self.code.insts.extend(insts.iter().rev().cloned());
            self.finish_safepoints(part, from);
            self.code.blocks[block].insts = from..self.code.insts.len() as u32;
        }
        let counts = &mut self.state.counts;
        counts.clear();
        counts.resize(self.code.blocks.len(), 0);
        for successor in &self.code.successors {
            counts[successor.block as usize] += 1;
        }
        let mut end = 0;
        for (block, count) in self.code.blocks.iter_mut().zip(counts) {
            block.predecessors = end..end;
            end += *count;
        }
        self.code.predecessors.resize(end as usize, 0);
        for from in 0..self.code.blocks.len() {
            for successor in self.code.blocks[from].successors.clone() {
                let to = self.code.successors[successor as usize].block;
                let list = &mut self.code.blocks[to as usize].predecessors;
                self.code.predecessors[list.end as usize] = from as u32;
                list.end += 1;
            }
        }
    }

    /// Goes to a block and does nothing else.
    fn jump(&mut self, block: u32) {
        self.emit_sequence(Sequence::Jump, &[Arg::Block(block)], &[]);
    }

    /// A copy of a register of 32 bits, zero-extended.
    fn zero_extend(&mut self, to: crate::machine::code::VReg, from: crate::machine::code::VReg) {
        debug_assert_eq!(from.class(), Class::Int);
        self.emit(windlass_asm::x64::inst::MOV32_R_RM, &[to.into(), from.into()]);
    }
}
