//! Writing a function as text.
//!
//! First it is found out which values the placed instructions use, directly and through others that float: those
//! float in the text, and those alone are named though they are `void`. Then everything is written in the order in
//! which it lies in the function, with the numbers that it has there.

use super::form::{self, Piece};
use crate::entity::{Block, Edge, Signature, Value};
use crate::function::{Function, Inst, Target};
use crate::op::Shape;
use crate::types::Type;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::{self, Display, Write};
use windlass_abi::builtins::VMBuiltins;

impl Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { function: self, out: f, uses: Uses::of(self), position: 0 }.function()
    }
}

/// What is used.
struct Uses {
    /// By values: whether something that is written uses them.
    values: Vec<bool>,
    /// By signatures: whether a call that is written names them.
    signatures: Vec<bool>,
}

impl Uses {
    fn of(function: &Function) -> Uses {
        let mut uses = Uses {
            values: vec![false; function.values()],
            signatures: vec![false; function.signatures.len()],
        };
        let mut floating = Vec::new();
        for block in blocks(function) {
            for value in insts(function, block) {
                uses.by(function, value, &mut floating);
            }
        }
        while let Some(value) = floating.pop() {
            uses.by(function, value, &mut floating);
        }
        uses
    }

    /// Notes what one instruction uses, and adds what floats of that, and is new, to `floating`.
    fn by(&mut self, function: &Function, value: Value, floating: &mut Vec<Value>) {
        if !function.is_whole(value) {
            return;
        }
        let inst = function.inst(value);
        if let Shape::CallPointer | Shape::TryCallPointer = inst.op.shape()
            && let Some(used) = self.signatures.get_mut(inst.signature().index())
        {
            *used = true;
        }
        let carried = function.edges(value).flat_map(|edge| function.args(edge));
        for operand in function.operands(value).chain(carried) {
            let Some(used) = self.values.get_mut(operand.index()) else { continue };
            if !*used && function.block_of(operand).is_none() {
                floating.push(operand);
            }
            *used = true;
        }
    }
}

/// The blocks of the order that exist.
fn blocks(function: &Function) -> impl Iterator<Item = Block> + '_ {
    function.order.iter().copied().filter(|block| block.index() < function.blocks())
}

/// The instructions of a block; each one once, however wrong their list is.
fn insts(function: &Function, block: Block) -> impl Iterator<Item = Value> + '_ {
    function.insts(block).take(function.values())
}

struct Printer<'a, 'f> {
    function: &'a Function,
    out: &'a mut fmt::Formatter<'f>,
    uses: Uses,
    /// The position that was written last.
    position: u32,
}

impl Printer<'_, '_> {
    fn function(&mut self) -> fmt::Result {
        self.out.write_str("function ")?;
        self.signature(self.function.signature)?;
        self.out.write_str(" {\n")?;
        let mut is_empty = !self.declarations()?;
        let floating: Vec<Value> = (0..self.function.values() as u32)
            .map(Value)
            .filter(|v| self.uses.values[v.index()] && self.function.block_of(*v).is_none())
            .collect();
        if !floating.is_empty() {
            self.out.write_str(if is_empty { "floating:\n" } else { "\nfloating:\n" })?;
            is_empty = false;
        }
        for value in floating {
            self.instruction(value, &[])?;
        }
        if !is_empty {
            self.out.write_char('\n')?;
        }
        for block in blocks(self.function) {
            self.block(block)?;
        }
        self.out.write_char('}')
    }

    /// Writes the tables, and says whether there was something in them.
    fn declarations(&mut self) -> Result<bool, fmt::Error> {
        let function = self.function;
        let mut any = false;
        for number in 0..function.signatures.len() {
            if self.declares(number) {
                write!(self.out, "  signature sig{number}: ")?;
                self.signature(Signature(number as u32))?;
                self.out.write_char('\n')?;
                any = true;
            }
        }
        for (number, callee) in function.callees.iter().enumerate() {
            write!(self.out, "  callee f{number}: ")?;
            match callee.target {
                Target::Own(own) => write!(self.out, "own {own}, ")?,
                Target::Builtin(builtin) => match VMBuiltins::NAMES.get(builtin as usize) {
                    Some(name) => write!(self.out, "builtin {name}, ")?,
                    None => write!(self.out, "builtin {builtin}, ")?,
                },
                Target::Throw => self.out.write_str("throw, ")?,
                Target::ThrowRef => self.out.write_str("throw_ref, ")?,
            }
            self.signature(callee.signature)?;
            self.out.write_char('\n')?;
        }
        for (number, memory) in function.memories.iter().enumerate() {
            let fixed = if memory.base_fixed { " fixed" } else { "" };
            let indirect = if memory.len_behind_pointer { " indirect" } else { "" };
            writeln!(
                self.out,
                "  memory m{number}: {}, base {}{fixed}, length {}{indirect}, reach {}, at least {}",
                memory.index,
                memory.base_at,
                memory.len_at,
                Integer::unsigned(memory.reach),
                Integer::unsigned(memory.min_len),
            )?;
        }
        for (number, slot) in function.slots.iter().enumerate() {
            writeln!(self.out, "  slot s{number}: {}", slot.size)?;
        }
        for (number, catch) in function.catches.iter().enumerate() {
            write!(self.out, "  catch c{number}: ")?;
            match catch.tag {
                Some(tag) => write!(self.out, "tag {tag}, ")?,
                None => self.out.write_str("all, ")?,
            }
            writeln!(self.out, "{}", Types(&catch.values))?;
        }
        let tables = [
            function.callees.is_empty(),
            function.memories.is_empty(),
            function.slots.is_empty(),
            function.catches.is_empty(),
        ];
        Ok(any || tables.contains(&false))
    }

    /// Whether a signature has a line of its own: if a call names it, or if it stands nowhere else.
    fn declares(&self, number: usize) -> bool {
        let function = self.function;
        let data = &function.signatures[number];
        let callees = function.callees.iter().map(|callee| callee.signature);
        let elsewhere = callees.chain([function.signature]).map(Signature::index);
        self.uses.signatures[number]
            || !elsewhere.chain(0..number).any(|other| function.signatures.get(other) == Some(data))
    }

    fn signature(&mut self, signature: Signature) -> fmt::Result {
        match self.function.signatures.get(signature.index()) {
            Some(data) => write!(self.out, "{} -> {}", Types(&data.params), Types(&data.results)),
            None => write!(self.out, "{signature}"),
        }
    }

    fn block(&mut self, block: Block) -> fmt::Result {
        write!(self.out, "{block}")?;
        let mut separator = "(";
        for param in self.function.params(block) {
            write!(self.out, "{separator}{param}: {}", self.function.ty(param))?;
            separator = ", ";
        }
        if let Some(first) = self.function.params(block).next() {
            self.out.write_char(')')?;
            // All of them were made at once.
            self.position(first)?;
        }
        if self.function.is_cold(block) {
            self.out.write_str(" cold")?;
        }
        self.out.write_str(":\n")?;
        let mut rest = insts(self.function, block);
        while let Some(value) = rest.next() {
            let results = self.results(value);
            self.instruction(value, &results)?;
            if let Some(skipped) = results.len().checked_sub(1) {
                rest.nth(skipped);
            }
        }
        Ok(())
    }

    /// The further results of a call that stand right behind it, one after the other.
    fn results(&self, call: Value) -> Vec<Value> {
        let function = self.function;
        let inst = function.inst(call);
        let mut results = Vec::new();
        let Some(called) = form::called(function, &inst).filter(|_| !inst.op.ends()) else { return results };
        let mut value = call;
        for (number, ty) in called.results.iter().enumerate().skip(1) {
            let Some(next) = function.next(value) else { break };
            let inst = function.inst(next);
            let follows = inst.op.shape() == Shape::Result
                && inst.fields[..2] == [call.0, number as u32]
                && function.ty(next) == *ty
                && function.position(next) == function.position(call);
            if !follows {
                break;
            }
            results.push(next);
            value = next;
        }
        results
    }

    /// Writes a line: an instruction, and after the value itself these results of it.
    fn instruction(&mut self, value: Value, results: &[Value]) -> fmt::Result {
        let function = self.function;
        let inst = function.inst(value);
        let ty = function.ty(value);
        self.out.write_str("  ")?;
        if ty != Type::Void || self.uses.values[value.index()] || !results.is_empty() {
            write!(self.out, "{value}")?;
            for result in results {
                write!(self.out, ", {result}")?;
            }
            self.out.write_str(" = ")?;
        }
        self.out.write_str(form::op_name(inst.op))?;
        if form::names_type(inst.op) || form::usual_type(function, &inst) != Some(ty) {
            write!(self.out, ".{ty}")?;
        }
        match function.is_whole(value) {
            true => self.pieces(value, &inst)?,
            false => self.out.write_str(" <broken>")?,
        }
        self.position(value)?;
        self.out.write_char('\n')
    }

    /// Writes the position of an instruction if it is another one than that before.
    fn position(&mut self, value: Value) -> fmt::Result {
        let position = self.function.position(value);
        if position != self.position {
            write!(self.out, " @{position}")?;
            self.position = position;
        }
        Ok(())
    }

    /// Writes what stands behind the opcode of an instruction that is whole.
    fn pieces(&mut self, value: Value, inst: &Inst) -> fmt::Result {
        let function = self.function;
        let mut operands = function.operands(value);
        let mut edges = function.edges(value);
        let mut separator = Separator(" ");
        for piece in form::pieces(inst.op.shape()) {
            if !matches!(piece, Piece::Values | Piece::Edges) {
                self.out.write_str(separator.next())?;
            }
            match piece {
                Piece::Value => write!(self.out, "{}", Operand(operands.next()))?,
                Piece::Values => {
                    for operand in operands.by_ref() {
                        write!(self.out, "{}{operand}", separator.next())?;
                    }
                }
                Piece::Address => {
                    let offset = i64::from(inst.offset());
                    write!(self.out, "{}{}", Operand(operands.next()), Offset(offset))?;
                }
                Piece::Pointer => {
                    let offset = i64::from(inst.offset().cast_signed());
                    write!(self.out, "{}{}", Operand(operands.next()), Offset(offset))?;
                }
                Piece::Memory => write!(self.out, "{}", inst.memory())?,
                Piece::Lane => write!(self.out, "lane {}", inst.lane())?,
                Piece::Vector => {
                    let mut between = Separator("[");
                    for byte in function.vector_at(inst.vector()).0 {
                        write!(self.out, "{}{byte:02x}", between.or(" "))?;
                    }
                    self.out.write_char(']')?;
                }
                Piece::Constant => write!(self.out, "{}", Constant(inst))?,
                Piece::Block => write!(self.out, "{}", Block(inst.fields[0]))?,
                Piece::Number => write!(self.out, "{}", inst.number())?,
                Piece::Region => self.out.write_str(inst.region().name())?,
                Piece::Slot => write!(self.out, "{}", inst.slot())?,
                Piece::Trap => self.out.write_str(&form::trap_name(inst.trap_code()))?,
                Piece::Edge => {
                    if let Some(edge) = edges.next() {
                        self.edge(edge)?;
                    }
                }
                Piece::Edges => {
                    for edge in edges.by_ref() {
                        self.out.write_str(separator.next())?;
                        self.edge(edge)?;
                    }
                }
                Piece::Callee | Piece::Signature => {
                    match piece {
                        Piece::Callee => write!(self.out, "{}", inst.callee())?,
                        _ => write!(self.out, "{}", inst.signature())?,
                    }
                    write!(self.out, "({})", Values(operands.by_ref().collect()))?;
                }
            }
        }
        Ok(())
    }

    fn edge(&mut self, edge: Edge) -> fmt::Result {
        let data = self.function.edge_data(edge);
        write!(self.out, "{}", data.block)?;
        if !data.args.is_empty() {
            write!(self.out, "({})", Values(self.function.args(edge).collect()))?;
        }
        match data.catch {
            Some(catch) => write!(self.out, " catch c{catch}"),
            None => Ok(()),
        }
    }
}

/// What stands before the next thing: at first what it was made with.
struct Separator(&'static str);

impl Separator {
    fn next(&mut self) -> &'static str {
        self.or(", ")
    }

    fn or(&mut self, later: &'static str) -> &'static str {
        core::mem::replace(&mut self.0, later)
    }
}

/// `(i32, i64)`.
struct Types<'t>(&'t [Type]);

impl Display for Types<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = Separator("");
        f.write_char('(')?;
        for ty in self.0 {
            write!(f, "{}{ty}", separator.next())?;
        }
        f.write_char(')')
    }
}

/// `v1, v2`.
struct Values(Vec<Value>);

impl Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = Separator("");
        self.0.iter().try_for_each(|value| write!(f, "{}{value}", separator.next()))
    }
}

/// `v1`. Shapes and their pieces have equally many operands, so that there is one.
struct Operand(Option<Value>);

impl Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |value| write!(f, "{value}"))
    }
}

/// ` + 16`, ` - 8`, or nothing for 0.
struct Offset(i64);

impl Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            offset @ 1.. => write!(f, " + {offset}"),
            offset => write!(f, " - {}", offset.unsigned_abs()),
        }
    }
}

/// An integer, by its value with a sign, and its bits: decimal if it is small.
struct Integer(i64, u64);

impl Integer {
    fn unsigned(number: u64) -> Integer {
        Integer(i64::try_from(number).unwrap_or(i64::MAX), number)
    }
}

impl Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            -0xffff..=0xffff => write!(f, "{}", self.0),
            _ => write!(f, "{:#x}", self.1),
        }
    }
}

/// A constant of the type that its opcode gives.
struct Constant<'i>(&'i Inst);

impl Display for Constant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.bits();
        let float = |f: &mut fmt::Formatter<'_>, float: f64, text: &dyn fmt::Debug| match float.is_nan() {
            true => write!(f, "{bits:#x}"),
            false => write!(f, "{text:?}"),
        };
        match (form::constant_type(self.0.op), u32::try_from(bits)) {
            (Type::F32, Ok(bits)) => float(f, f32::from_bits(bits).into(), &f32::from_bits(bits)),
            (Type::F64, _) => float(f, f64::from_bits(bits), &f64::from_bits(bits)),
            (Type::I64, _) => write!(f, "{}", Integer(bits.cast_signed(), bits)),
            (_, Ok(small)) => write!(f, "{}", Integer(small.cast_signed().into(), bits)),
            // More bits than the type has: the verifier will refuse it.
            _ => write!(f, "{bits:#x}"),
        }
    }
}
