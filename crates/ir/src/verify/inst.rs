//! The second step: each instruction alone.
//!
//! First its numbers, on which all that reads it relies: those of pools, tables and lists. Then the types, as its row
//! says, and what its shape asks for beyond that. Then its edges.

use super::{Name, Problem, Verifier};
use crate::entity::{Edge, Signature, Value};
use crate::function::{Function, Inst, List, Region, SignatureData};
use crate::op::{Class, Op, Shape};
use crate::types::Type;
use alloc::vec;
use alloc::vec::Vec;
use windlass_abi::trap::TrapCode;

type Checked = Result<(), Problem>;

/// The types of what is before the arguments of a call through a pointer: the code, and the context that it runs in.
const POINTERS: [Type; 2] = [Type::I64, Type::I64];

fn missing(name: Name) -> Checked {
    Err(Problem::Missing(name))
}

impl Verifier<'_> {
    /// Checks what blocks list, and whatever floats and is used.
    pub(super) fn instructions(&mut self) {
        let function = self.function;
        // Whether something that floats was seen.
        let mut seen = vec![false; function.values()];
        // Of each edge the instruction that it belongs to.
        let mut owners = vec![None; function.edge_count()];
        let mut stack = Vec::new();
        for block in &function.order {
            for listed in function.insts(*block) {
                stack.push(listed);
                while let Some(value) = stack.pop() {
                    if self.instruction(value, &mut owners) {
                        self.uses(value, &mut seen, &mut stack);
                    }
                }
            }
        }
    }

    /// Looks where the values are that an instruction uses; those that float and were not seen are to be checked.
    fn uses(&mut self, value: Value, seen: &mut [bool], stack: &mut Vec<Value>) {
        let function = self.function;
        for used in uses(function, value) {
            match function.block_of(used) {
                Some(block) if !self.is_in_order(block) => {
                    self.error_at(value, Problem::BlockOut { value: used, block });
                }
                Some(_) => {}
                None if core::mem::replace(&mut seen[used.index()], true) => {}
                None if !function.op(used).effects().floats() => self.error_at(used, Problem::NoPlace),
                None if self.placed => self.error_at(used, Problem::NotPlaced),
                None => stack.push(used),
            }
        }
    }

    /// Checks one, and says whether its operands and edges can be read.
    fn instruction(&mut self, value: Value, owners: &mut [Option<Value>]) -> bool {
        let readable = self.numbers(&self.function.inst(value)).and_then(|()| {
            match uses(self.function, value).find(|used| !self.is_value(*used)) {
                Some(used) => missing(Name::Value(used)),
                None => Ok(()),
            }
        });
        if let Err(problem) = readable {
            self.error_at(value, problem);
            return false;
        }
        if let Err(problem) = self.types(value) {
            self.error_at(value, problem);
        }
        for (number, edge) in self.function.edges(value).enumerate() {
            let owner = owners[edge.index()].replace(value);
            let checked = match owner {
                Some(other) => Err(Problem::SharedEdge { edge, other }),
                None => self.edge(value, number, edge),
            };
            if let Err(problem) = checked {
                self.error_at(value, problem);
            }
        }
        if self.placed && self.function.op(value) == Op::either {
            self.error_at(value, Problem::NotChosen);
        }
        true
    }

    /// Whether all numbers are within their tables. Whatever reads the instruction is safe then.
    fn numbers(&self, inst: &Inst) -> Checked {
        use Shape::*;
        let function = self.function;
        let [a, b, c] = inst.fields;
        match inst.op.shape() {
            Plain | Unary | Binary | Ternary | Param | Result | Number => Ok(()),
            UnaryLane | BinaryLane => lane(inst),
            Const => bits(inst),
            VectorConst => self.vector(inst),
            Shuffle => {
                self.vector(inst)?;
                match function.vector_at(inst.vector()).0.into_iter().find(|lane| *lane >= 32) {
                    Some(lane) => Err(Problem::Lane { lane, lanes: 32 }),
                    None => Ok(()),
                }
            }
            Load | Store => self.memory(inst),
            LoadLane | StoreLane => self.memory(inst).and_then(|()| lane(inst)),
            Exchange => self.memory(inst).and_then(|()| self.pool(a, 3)),
            RawLoad | RawStore if usize::from(inst.aux) >= Region::ALL.len() => {
                missing(Name::Region(inst.aux))
            }
            RawLoad | RawStore => Ok(()),
            Slot | SlotStore if inst.slot().index() >= function.slots.len() => {
                missing(Name::Slot(inst.slot()))
            }
            Slot | SlotStore => Ok(()),
            Trap | TrapIf => match u8::try_from(inst.aux).ok().and_then(TrapCode::from_code) {
                Some(_) => Ok(()),
                None => missing(Name::TrapCode(inst.aux)),
            },
            Values => self.pool(a, b),
            Jump => self.edge_numbers(a, 1),
            Branch => self.edge_numbers(b, 2),
            Table => self.edge_numbers(b, c),
            Call | CallPointer => self.callee(inst).and_then(|()| self.pool(b, c)),
            TryCall | TryCallPointer => {
                self.callee(inst)?;
                self.pool(b, 2)?;
                self.pool(b + 2, c)?;
                let head = List::new(b, 2);
                let mut head = function.values_of(head).map(|number| number.0);
                let (first, count) = (head.next().unwrap_or_default(), head.next().unwrap_or_default());
                self.edge_numbers(first, count)
            }
        }
    }

    fn pool(&self, start: u32, len: u32) -> Checked {
        let end = u64::from(start) + u64::from(len);
        if end <= self.function.pool_len() as u64 { Ok(()) } else { Err(Problem::List) }
    }

    fn vector(&self, inst: &Inst) -> Checked {
        let exists = (inst.vector() as usize) < self.function.vector_count();
        if exists { Ok(()) } else { missing(Name::Vector(inst.vector())) }
    }

    fn memory(&self, inst: &Inst) -> Checked {
        let exists = inst.memory().index() < self.function.memories.len();
        if exists { Ok(()) } else { missing(Name::Memory(inst.memory())) }
    }

    fn callee(&self, inst: &Inst) -> Checked {
        let function = self.function;
        match inst.op.shape() {
            Shape::Call | Shape::TryCall if inst.callee().index() >= function.callees.len() => {
                missing(Name::Callee(inst.callee()))
            }
            Shape::CallPointer | Shape::TryCallPointer
                if inst.signature().index() >= function.signatures.len() =>
            {
                missing(Name::Signature(inst.signature()))
            }
            _ => Ok(()),
        }
    }

    fn edge_numbers(&self, first: u32, count: u32) -> Checked {
        if count == 0 {
            return Err(Problem::NoEdges);
        }
        let edges = self.function.edge_count() as u64;
        if u64::from(first) + u64::from(count) > edges {
            return missing(Name::Edge(Edge(first.max(edges as u32))));
        }
        for edge in (first..first + count).map(Edge) {
            let data = self.function.edge_data(edge);
            self.pool(data.args.start(), data.args.len() as u32)?;
            if !self.is_in_order(data.block) {
                return Err(Problem::EdgeOut { edge, block: data.block });
            }
            match data.catch {
                Some(catch) if catch as usize >= self.function.catches.len() => {
                    return missing(Name::Catch(catch));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether its own type and those of its operands are what its row and its shape say.
    fn types(&self, value: Value) -> Checked {
        let function = self.function;
        let inst = function.inst(value);
        let row = inst.op.row();
        let own = function.ty(value);
        match (row.result, row.shape) {
            (Class::Is(wanted), _) => exactly(own, wanted)?,
            (_, Shape::Call | Shape::CallPointer) => {
                let first = self.call_signature(&inst).results.first().copied();
                exactly(own, first.unwrap_or_default())?;
            }
            (_, Shape::Result) => exactly(own, self.further_result(value)?)?,
            _ if own == Type::Void => return Err(Problem::Void),
            _ => {}
        }
        for (operand, class) in row.operands.iter().enumerate() {
            let wanted = match class {
                Class::Is(ty) => *ty,
                Class::Own => own,
                Class::Address => function.memories[inst.memory().index()].index,
                Class::Any => self.operand_type(value, operand),
            };
            self.operand(value, operand, wanted)?;
        }
        match row.shape {
            Shape::Values => self.operand_types(value, &[], &self.signature(function.signature).results),
            Shape::Call | Shape::TryCall => {
                self.operand_types(value, &[], &self.call_signature(&inst).params)?;
                self.tail_results(&inst)
            }
            Shape::CallPointer | Shape::TryCallPointer => {
                self.operand_types(value, &POINTERS, &self.call_signature(&inst).params)?;
                self.tail_results(&inst)
            }
            Shape::Slot if row.result == Class::Own => self.slot_size(&inst, own),
            Shape::SlotStore => self.slot_size(&inst, self.operand_type(value, 0)),
            Shape::RawStore if inst.region() == Region::Constant => Err(Problem::ConstantWritten),
            Shape::RawLoad if row.effects.floats() && inst.region() != Region::Constant => {
                Err(Problem::NotConstant)
            }
            _ => Ok(()),
        }
    }

    fn operand_type(&self, value: Value, operand: usize) -> Type {
        self.function.operands(value).nth(operand).map_or(Type::Void, |value| self.function.ty(value))
    }

    /// Whether an operand is a value that can stand where one of this type is wanted.
    fn operand(&self, value: Value, operand: usize, wanted: Type) -> Checked {
        let Some(used) = self.function.operands(value).nth(operand) else { return Ok(()) };
        match self.function.ty(used) {
            Type::Void => Err(Problem::OperandVoid { operand, value: used }),
            is if is.fits(wanted) => Ok(()),
            is => Err(Problem::OperandType { operand, value: used, is, wanted }),
        }
    }

    /// Whether the operands have the types of two lists, one behind the other.
    fn operand_types(&self, value: Value, first: &[Type], second: &[Type]) -> Checked {
        let (is, wanted) = (self.function.operands(value).len(), first.len() + second.len());
        if is != wanted {
            return Err(Problem::OperandCount { is, wanted });
        }
        let wanted = first.iter().chain(second);
        for (operand, (used, wanted)) in self.function.operands(value).zip(wanted).enumerate() {
            let is = self.function.ty(used);
            match is {
                Type::Void => return Err(Problem::OperandVoid { operand, value: used }),
                _ if is.fits(*wanted) => {}
                _ => return Err(Problem::OperandType { operand, value: used, is, wanted: *wanted }),
            }
        }
        Ok(())
    }

    fn signature(&self, signature: Signature) -> &SignatureData {
        &self.function.signatures[signature.index()]
    }

    /// The signature of a call, of which the numbers are good.
    fn call_signature(&self, inst: &Inst) -> &SignatureData {
        self.signature(match inst.op.shape() {
            Shape::Call | Shape::TryCall => self.function.callees[inst.callee().index()].signature,
            _ => inst.signature(),
        })
    }

    /// The type that a further result of a call has.
    fn further_result(&self, value: Value) -> Result<Type, Problem> {
        let Some(call) = self.function.operands(value).next() else { return Ok(Type::Void) };
        let inst = self.function.inst(call);
        let returns = inst.op.is_call() && !inst.op.ends() && self.callee(&inst).is_ok();
        if !returns {
            return Err(Problem::NoCall(call));
        }
        let number = self.function.inst(value).number();
        let results = &self.call_signature(&inst).results;
        match results.get(number as usize) {
            Some(ty) if number != 0 => Ok(*ty),
            _ => Err(Problem::ResultNumber { call, number, results: results.len() }),
        }
    }

    /// Whether the results of a tail call can be those of the function.
    fn tail_results(&self, inst: &Inst) -> Checked {
        if !inst.op.ends() || matches!(inst.op.shape(), Shape::TryCall | Shape::TryCallPointer) {
            return Ok(());
        }
        let is = &self.call_signature(inst).results;
        let wanted = &self.signature(self.function.signature).results;
        let fit = is.len() == wanted.len() && is.iter().zip(wanted).all(|(is, wanted)| is.fits(*wanted));
        if fit { Ok(()) } else { Err(Problem::TailResults) }
    }

    fn slot_size(&self, inst: &Inst, ty: Type) -> Checked {
        let slot = inst.slot();
        let (is, wanted) = (self.function.slots[slot.index()].size, ty.size());
        if wanted <= is { Ok(()) } else { Err(Problem::SlotSize { slot, is, wanted }) }
    }

    /// Whether an edge carries what its block's parameters are.
    fn edge(&self, value: Value, number: usize, edge: Edge) -> Checked {
        let function = self.function;
        let data = function.edge_data(edge);
        if function.order.first() == Some(&data.block) {
            return Err(Problem::EdgeToEntry(edge));
        }
        let inst = function.inst(value);
        let tries = matches!(inst.op.shape(), Shape::TryCall | Shape::TryCallPointer);
        // What is there before the values that the edge names.
        let before: &[Type] = match data.catch {
            Some(_) if !tries || number == 0 => return Err(Problem::Catch(edge)),
            Some(catch) => &function.catches[catch as usize].values,
            None if !tries => &[],
            None if number == 0 => &self.call_signature(&inst).results,
            None => return Err(Problem::NoCatch(edge)),
        };
        let (is, wanted) = (before.len() + data.args.len(), function.params(data.block).len());
        if is != wanted {
            return Err(Problem::EdgeCount { edge, block: data.block, is, wanted });
        }
        let types = before.iter().copied().chain(function.args(edge).map(|arg| function.ty(arg)));
        for (is, param) in types.zip(function.params(data.block)) {
            let wanted = function.ty(param);
            if !is.fits(wanted) {
                return Err(Problem::EdgeType { edge, param, is, wanted });
            }
        }
        Ok(())
    }
}

/// All values that an instruction uses, those of its edges too. Its numbers are good.
pub(super) fn uses(function: &Function, value: Value) -> impl Iterator<Item = Value> + '_ {
    let carried = function.edges(value).flat_map(|edge| function.args(edge));
    function.operands(value).chain(carried)
}

fn lane(inst: &Inst) -> Checked {
    let (lane, lanes) = (inst.lane(), inst.op.lanes());
    if lane < lanes { Ok(()) } else { Err(Problem::Lane { lane, lanes }) }
}

/// Whether the constants of 32 bits have no more.
fn bits(inst: &Inst) -> Checked {
    match inst.op.row().result {
        Class::Is(ty) if ty.size() == 4 && inst.bits() > u64::from(u32::MAX) => Err(Problem::Bits),
        _ => Ok(()),
    }
}

fn exactly(is: Type, wanted: Type) -> Checked {
    if is == wanted { Ok(()) } else { Err(Problem::Type { is, wanted }) }
}
