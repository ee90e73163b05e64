//! Running a function.
//!
//! Control goes from block to block; entering one is a *visit*. What is in a block is evaluated in its turn, and keeps
//! its value until its turn comes again. What floats is evaluated when something asks for it, once in each visit: in the
//! next one, parameters and other values that it depends on may be others.
//!
//! The function is one that the verifier takes. What it cannot see, and must not happen, is told as
//! [`Outcome::Broken`]: two ways to one value that give different ones, control that gets to `unreachable`.

use super::access::access;
use super::environment::{Called, Environment, Thrown};
use super::fold::{Immediate, fold};
use crate::constant::Constant;
use crate::entity::{Block, Edge, Slot, Value};
use crate::function::{Function, Inst, Region};
use crate::op::{Class, Effects, Op, Shape};
use crate::types::Type;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Display;
use windlass_abi::trap::TrapCode;

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The function returned these values.
    Return(Vec<Constant>),
    /// It trapped.
    Trap(TrapCode),
    /// It threw an exception, or something that it called did.
    Throw(Thrown),
    /// It evaluated as many instructions as it was allowed to.
    OutOfFuel,
    /// It did what no function may do.
    Broken(String),
}

/// Runs a function that the verifier takes. It evaluates `fuel` instructions at most; this is not the guest's fuel.
pub fn run(function: &Function, env: &mut impl Environment, args: &[Constant], fuel: u64) -> Outcome {
    let slots = function.slots.iter().map(|slot| env.slot(slot.size)).collect();
    let mut run = Run {
        function,
        env,
        fuel,
        values: vec![None; function.values()],
        visits: vec![0; function.values()],
        visit: 0,
        results: BTreeMap::new(),
        slots,
    };
    match run.run(args) {
        Ok(values) => Outcome::Return(values),
        Err(outcome) => outcome,
    }
}

/// What goes on, or how the run ends.
type Step<T> = Result<T, Outcome>;

struct Run<'a, E> {
    function: &'a Function,
    env: &'a mut E,
    fuel: u64,
    values: Vec<Option<Constant>>,
    /// For what floats, the visit in which it was evaluated.
    visits: Vec<u64>,
    visit: u64,
    /// All results of calls that were made.
    results: BTreeMap<Value, Vec<Constant>>,
    /// Where the slots are.
    slots: Vec<u64>,
}

/// Where control goes from the end of a block.
enum Way {
    To(Block),
    Return(Vec<Constant>),
}

fn broken<T>(what: impl Display) -> Step<T> {
    Err(Outcome::Broken(format!("{what}")))
}

/// The results of a call, if it returned.
fn returned(called: Called) -> Step<Vec<Constant>> {
    match called {
        Called::Return(results) => Ok(results),
        Called::Trap(code) => Err(Outcome::Trap(code)),
        Called::Throw(thrown) => Err(Outcome::Throw(thrown)),
    }
}

impl<E: Environment> Run<'_, E> {
    fn run(&mut self, args: &[Constant]) -> Step<Vec<Constant>> {
        let function = self.function;
        let Some(mut block) = function.order.first().copied() else { return broken("there is no entry") };
        self.enter(block, args)?;
        loop {
            for value in function.insts(block) {
                if !function.op(value).ends() {
                    self.execute(value)?;
                }
            }
            let Some(last) = function.last(block) else { return broken(format!("{block} is empty")) };
            match self.end(last)? {
                Way::To(next) => block = next,
                Way::Return(values) => {
                    return self.convert(
                        values,
                        &function.signatures[function.signature.index()].results,
                        last,
                    );
                }
            }
        }
    }

    /// The run cannot go on at an instruction.
    fn broken<T>(&self, value: Value, what: impl Display) -> Step<T> {
        broken(format!("{value} {}: {what}", self.function.op(value).name()))
    }

    /// Begins a visit of a block with these parameters.
    fn enter(&mut self, block: Block, args: &[Constant]) -> Step<()> {
        let function = self.function;
        if args.len() != function.params(block).len() {
            return broken(format!("{block} gets {} values", args.len()));
        }
        self.visit += 1;
        for (param, arg) in function.params(block).zip(args) {
            self.set(param, *arg)?;
        }
        Ok(())
    }

    /// Constants as values of these types.
    fn convert(&self, constants: Vec<Constant>, types: &[Type], at: Value) -> Step<Vec<Constant>> {
        let fit: Option<Vec<_>> = constants.iter().zip(types).map(|(c, ty)| c.as_type(*ty)).collect();
        match fit {
            Some(fit) if constants.len() == types.len() => Ok(fit),
            _ => self.broken(at, format!("{constants:?} are not of the types {types:?}")),
        }
    }

    fn burn(&mut self) -> Step<()> {
        match self.fuel.checked_sub(1) {
            Some(fuel) => {
                self.fuel = fuel;
                Ok(())
            }
            None => Err(Outcome::OutOfFuel),
        }
    }

    /// Gives a value to an instruction.
    fn set(&mut self, value: Value, constant: Constant) -> Step<()> {
        let ty = self.function.ty(value);
        match constant.as_type(ty) {
            None => self.broken(value, format!("{constant} is not of type {ty}")),
            fit => {
                self.values[value.index()] = fit;
                self.visits[value.index()] = self.visit;
                Ok(())
            }
        }
    }

    /// The value that an instruction has now.
    fn known(&self, value: Value) -> Option<Constant> {
        let valid = self.function.block_of(value).is_some() || self.visits[value.index()] == self.visit;
        self.values[value.index()].filter(|_| valid)
    }

    /// The value of an instruction, evaluated if it floats.
    fn get(&mut self, value: Value) -> Step<Constant> {
        if let Some(constant) = self.known(value) {
            return Ok(constant);
        }
        let function = self.function;
        let mut stack = vec![value];
        while let Some(top) = stack.last().copied() {
            if self.known(top).is_some() {
                stack.pop();
                continue;
            }
            if function.block_of(top).is_some() {
                return self.broken(top, "it is used before it is evaluated");
            }
            let unknown = function.operands(top).find(|operand| self.known(*operand).is_none());
            if let Some(unknown) = unknown {
                if stack.len() > function.values() {
                    return self.broken(unknown, "it depends on itself");
                }
                stack.push(unknown);
                continue;
            }
            self.burn()?;
            let operands: Vec<_> = function.operands(top).filter_map(|operand| self.known(operand)).collect();
            let constant = self.value(top, &operands)?;
            self.set(top, constant)?;
            stack.pop();
        }
        match self.known(value) {
            Some(constant) => Ok(constant),
            None => self.broken(value, "it has no value"),
        }
    }

    fn operands(&mut self, value: Value) -> Step<Vec<Constant>> {
        let function = self.function;
        function.operands(value).map(|operand| self.get(operand)).collect()
    }

    /// What an instruction without effects gives, or one that may trap but has no others.
    fn value(&mut self, value: Value, operands: &[Constant]) -> Step<Constant> {
        let function = self.function;
        let inst = function.inst(value);
        let row = inst.op.row();
        let immediate = match row.shape {
            Shape::Const => {
                let Class::Is(ty) = row.result else { return self.broken(value, "it has no type") };
                return Constant::from_bits(ty, inst.bits())
                    .map_or_else(|| self.broken(value, "no bits"), Ok);
            }
            Shape::VectorConst => return Ok(Constant::V128(function.vector_at(inst.vector()))),
            Shape::Slot => return Ok(Constant::I64(self.slots[inst.slot().index()])),
            Shape::RawLoad => return self.raw_load(value, operands),
            Shape::Plain if inst.op == Op::context => return Ok(Constant::I64(self.env.context())),
            Shape::UnaryLane | Shape::BinaryLane => Immediate::Lane(inst.lane()),
            Shape::Shuffle => Immediate::Lanes(function.vector_at(inst.vector()).0),
            _ => Immediate::None,
        };
        match (inst.op, fold(inst.op, operands, immediate)) {
            (_, Some(Ok(constant))) => Ok(constant),
            (_, Some(Err(code))) => Err(Outcome::Trap(code)),
            (Op::either, None) => {
                let [a, b] = operands else { return self.broken(value, "it has two operands") };
                // A reference and the integer that it is are the same.
                let ty = function.ty(value);
                match (a.as_type(ty), b.as_type(ty)) {
                    (Some(x), Some(y)) if x == y => Ok(x),
                    _ => self.broken(value, format!("its values are {a} and {b}")),
                }
            }
            _ => self.broken(value, format!("it has no value for {operands:?}")),
        }
    }

    /// Evaluates an instruction in its place, but the last one of the block.
    fn execute(&mut self, value: Value) -> Step<()> {
        self.burn()?;
        let function = self.function;
        let inst = function.inst(value);
        if inst.op == Op::result {
            return self.further_result(value, &inst);
        }
        let operands = self.operands(value)?;
        let row = inst.op.row();
        match (row.shape, &operands[..]) {
            (Shape::Plain, _) if inst.op == Op::poll => self.env.poll().map_err(Outcome::Trap),
            // Nobody else is there.
            (Shape::Plain, _) if inst.op == Op::fence => Ok(()),
            (Shape::Number, _) => self.env.charge(inst.number()).map_err(Outcome::Trap),
            (Shape::TrapIf, [condition]) => {
                match self.condition(value, *condition)? == (inst.op == Op::trap_if) {
                    true => Err(Outcome::Trap(inst.trap_code())),
                    false => Ok(()),
                }
            }
            (Shape::Load | Shape::LoadLane | Shape::Store | Shape::StoreLane | Shape::Exchange, operands) => {
                match access(&inst, operands, self.env.memory(inst.memory())) {
                    Some(Ok(Some(constant))) => self.set(value, constant),
                    Some(Ok(None)) => Ok(()),
                    Some(Err(code)) => Err(Outcome::Trap(code)),
                    None => self.broken(value, format!("it has no meaning for {operands:?}")),
                }
            }
            (Shape::Unary, [status]) if row.effects.any(Effects::CALL) => self.raise_if(value, *status),
            (Shape::RawStore, [pointer, stored]) => {
                let address = self.address(value, &inst, *pointer)?;
                self.store(value, inst.region(), address, *stored)
            }
            (Shape::SlotStore, [stored]) => {
                let address = self.slots[inst.slot().index()];
                self.store(value, Region::Frame, address, *stored)
            }
            (Shape::Slot, _) if inst.op == Op::slot_load => {
                let constant = self.slot_load(value, inst.slot())?;
                self.set(value, constant)
            }
            (Shape::Call | Shape::CallPointer, operands) => {
                let called = self.call(value, &inst, operands)?;
                let results = returned(called)?;
                if let Some(first) = results.first() {
                    self.set(value, *first)?;
                }
                self.results.insert(value, results);
                Ok(())
            }
            (_, operands) => {
                let constant = self.value(value, operands)?;
                self.set(value, constant)
            }
        }
    }

    fn further_result(&mut self, value: Value, inst: &Inst) -> Step<()> {
        let results = self.function.operands(value).next().and_then(|call| self.results.get(&call));
        match results.and_then(|results| results.get(inst.number() as usize)).copied() {
            Some(constant) => self.set(value, constant),
            None => self.broken(value, "the call was not made, or has no such result"),
        }
    }

    fn raise_if(&mut self, value: Value, status: Constant) -> Step<()> {
        match u64::try_from(status) {
            Ok(0) => Ok(()),
            Ok(status) => {
                returned(self.env.raise(status))?;
                self.broken(value, "the runtime returned")
            }
            Err(_) => self.broken(value, format!("its status is {status}")),
        }
    }

    fn condition(&self, value: Value, constant: Constant) -> Step<bool> {
        match u32::try_from(constant) {
            Ok(condition) => Ok(condition != 0),
            Err(_) => self.broken(value, format!("its condition is {constant}")),
        }
    }

    /// Where an access behind a pointer goes.
    fn address(&self, value: Value, inst: &Inst, pointer: Constant) -> Step<u64> {
        match u64::try_from(pointer) {
            Ok(pointer) => Ok(pointer.wrapping_add_signed(inst.offset().cast_signed().into())),
            Err(_) => self.broken(value, format!("its pointer is {pointer}")),
        }
    }

    fn raw_load(&mut self, value: Value, operands: &[Constant]) -> Step<Constant> {
        let inst = self.function.inst(value);
        let [pointer] = operands else { return self.broken(value, "it has one operand") };
        let address = self.address(value, &inst, *pointer)?;
        self.load(value, inst.region(), address)
    }

    fn slot_load(&mut self, value: Value, slot: Slot) -> Step<Constant> {
        self.load(value, Region::Frame, self.slots[slot.index()])
    }

    /// Reads as many bytes as the row says, or the type; the rest are zeros.
    fn load(&mut self, value: Value, region: Region, address: u64) -> Step<Constant> {
        let ty = self.function.ty(value);
        let mut bytes = [0; 16];
        let size = match self.function.op(value).row().bytes {
            0 => ty.size() as usize,
            size => size.into(),
        };
        let there = self.env.raw_load(region, address, &mut bytes[..size]);
        match Constant::from_le_bytes(ty, bytes) {
            Some(constant) if there => Ok(constant),
            _ => self.broken(value, format!("nothing is at {address:#x}")),
        }
    }

    fn store(&mut self, value: Value, region: Region, address: u64, stored: Constant) -> Step<()> {
        let size = match self.function.op(value).row().bytes {
            0 => stored.ty().size() as usize,
            size => size.into(),
        };
        match self.env.raw_store(region, address, &stored.to_le_bytes()[..size]) {
            true => Ok(()),
            false => self.broken(value, format!("nothing is at {address:#x}")),
        }
    }

    fn call(&mut self, value: Value, inst: &Inst, operands: &[Constant]) -> Step<Called> {
        let function = self.function;
        let signature = function.call_signature(value);
        let called = match (inst.op.shape(), operands) {
            (Shape::Call | Shape::TryCall, args) => {
                let args = self.convert(args.to_vec(), &signature.params, value)?;
                self.env.call(function.callees[inst.callee().index()].target, signature, &args)
            }
            (_, [Constant::I64(code), Constant::I64(context), args @ ..]) => {
                let args = self.convert(args.to_vec(), &signature.params, value)?;
                self.env.call_pointer(*code, *context, signature, &args)
            }
            _ => return self.broken(value, "it has no pointers to code and context"),
        };
        match called {
            Called::Return(results) => {
                Ok(Called::Return(self.convert(results, &signature.results, value)?))
            }
            called => Ok(called),
        }
    }

    /// Evaluates the last instruction of a block.
    fn end(&mut self, value: Value) -> Step<Way> {
        self.burn()?;
        let function = self.function;
        let inst = function.inst(value);
        let operands = self.operands(value)?;
        let number = match inst.op.shape() {
            Shape::Jump => 0,
            Shape::Branch => match operands[..] {
                [condition] => usize::from(!self.condition(value, condition)?),
                _ => return self.broken(value, "it has no condition"),
            },
            Shape::Table => {
                let last = function.edges(value).len().saturating_sub(1);
                match operands[..].first().map(|index| u32::try_from(*index)) {
                    Some(Ok(index)) => last.min(index as usize),
                    _ => return self.broken(value, "it has no index"),
                }
            }
            Shape::Values => return Ok(Way::Return(operands)),
            Shape::Trap => return Err(Outcome::Trap(inst.trap_code())),
            Shape::Call | Shape::CallPointer => {
                let called = self.call(value, &inst, &operands)?;
                return returned(called).map(Way::Return);
            }
            Shape::TryCall | Shape::TryCallPointer => {
                return match self.call(value, &inst, &operands)? {
                    Called::Throw(thrown) => self.catch(value, thrown),
                    called => self.follow(value, 0, returned(called)?),
                };
            }
            _ => return self.broken(value, "control got there"),
        };
        self.follow(value, number, Vec::new())
    }

    /// Goes along an edge with these values before its own.
    fn follow(&mut self, value: Value, number: usize, before: Vec<Constant>) -> Step<Way> {
        let function = self.function;
        let Some(edge) = function.edges(value).nth(number) else {
            return self.broken(value, format!("it has no edge {number}"));
        };
        let mut args = before;
        for arg in function.args(edge) {
            args.push(self.get(arg)?);
        }
        let block = function.edge_data(edge).block;
        self.enter(block, &args)?;
        Ok(Way::To(block))
    }

    /// Goes along the first edge that catches an exception, or throws it on.
    fn catch(&mut self, value: Value, thrown: Thrown) -> Step<Way> {
        let function = self.function;
        for (number, edge) in function.edges(value).enumerate().skip(1) {
            if let Some(values) = self.caught(value, edge, &thrown)? {
                return self.follow(value, number, values);
            }
        }
        Err(Outcome::Throw(thrown))
    }

    /// What a block gets of an exception, if it is caught on an edge: the values, if the catch is of a tag, and the
    /// reference, if the catch has one more.
    fn caught(&mut self, value: Value, edge: Edge, thrown: &Thrown) -> Step<Option<Vec<Constant>>> {
        let function = self.function;
        let Some(catch) = function.edge_data(edge).catch.map(|catch| &function.catches[catch as usize])
        else {
            return self.broken(value, format!("{edge} catches nothing"));
        };
        let mut values = Vec::new();
        if let Some(offset) = catch.tag {
            let mut bytes = [0; 8];
            let address = self.env.context().wrapping_add(offset.into());
            if !self.env.raw_load(Region::Constant, address, &mut bytes) {
                return self.broken(value, format!("no tag is at {address:#x}"));
            }
            if u64::from_le_bytes(bytes) != thrown.tag {
                return Ok(None);
            }
            values.extend(&thrown.values);
        }
        if catch.values.len() == values.len() + 1 {
            values.push(Constant::Ref(thrown.reference));
        }
        self.convert(values, &catch.values, value).map(Some)
    }
}
