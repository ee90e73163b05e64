//! Reading an instruction: the pieces that its shape asks for, and then the fields that they fill.

use super::ParseError;
use super::form::{self, Piece};
use super::lex::Token;
use super::parse::{Parser, Section};
use crate::entity::{Block, Edge, Memory, Slot, Value};
use crate::function::{Function, Inst, Region};
use crate::op::{Op, Shape};
use alloc::vec::Vec;
use windlass_abi::trap::TrapCode;

/// What the pieces of an instruction say. Values and blocks have the numbers of the text.
#[derive(Default)]
struct Parts {
    operands: Vec<Value>,
    edges: Vec<Edge>,
    /// `Const`: the bits.
    bits: u64,
    /// Of accesses; signed ones as their bits.
    offset: u32,
    /// The number of whatever else the fields name: a vector, a block, a slot, a callee or a signature.
    name: u32,
    /// A number that is one.
    number: u32,
    /// A memory and a lane, a region, or a trap, as the instruction has them.
    aux: u16,
}

/// Reads a line, and puts its instruction, or a call and its further results, where they belong.
pub(super) fn read(parser: &mut Parser<'_, '_>, section: Section) -> Result<(), ParseError> {
    let names = names(parser)?;
    let opcode = parser.cursor.word("an instruction, a block or `}`")?;
    let op = Op::ALL.iter().copied().find(|op| form::op_name(*op) == opcode.text);
    let op = op.ok_or_else(|| opcode.is_none_of("an opcode", Op::ALL.iter().map(|op| form::op_name(*op))))?;
    if form::names_type(op) && parser.cursor.token.text != "." {
        return Err(parser.cursor.token.is_not("`.` and a type"));
    }
    let ty = if parser.cursor.eat(".") { Some(parser.cursor.ty()?) } else { None };
    let parts = parts(parser, op)?;
    parser.position()?;
    parser.cursor.end_of_line()?;

    let function = &mut parser.function;
    let inst = parts.inst(op, function);
    let ty = ty.or_else(|| form::usual_type(function, &inst)).unwrap_or_default();
    let value = function.make(inst, ty);
    if op.shape() == Shape::Param {
        parser.stray_params.push(value);
    }
    place(parser, section, value);
    let Some((first, further)) = names.split_first() else { return Ok(()) };
    parser.values.define(*first, value.0)?;
    for (number, name) in (1..).zip(further) {
        let called = form::called(&parser.function, &inst).filter(|_| !op.ends());
        let ty = called.and_then(|called| called.results.get(number as usize)).copied();
        let ty = ty.ok_or_else(|| name.0.is_not("`=`, since there are no more results"))?;
        // Its operand is a number of the text, like all of them by now.
        let inst = Inst { op: Op::result, aux: 0, fields: [first.1, number, 0] };
        let result = parser.function.make(inst, ty);
        place(parser, section, result);
        parser.values.define(*name, result.0)?;
    }
    Ok(())
}

fn place(parser: &mut Parser<'_, '_>, section: Section, value: Value) {
    if let Section::Block(block) = section {
        parser.function.append(block, value);
    }
}

/// `v1, v2 =`, or nothing.
fn names<'t>(parser: &mut Parser<'_, 't>) -> Result<Vec<(Token<'t>, u32)>, ParseError> {
    let mut names = Vec::new();
    if parser.cursor.token.number_of("v").is_none() {
        return Ok(names);
    }
    loop {
        names.push(parser.cursor.name("v", "a value")?);
        if parser.cursor.eat("=") {
            return Ok(names);
        }
        if !parser.cursor.eat(",") {
            return Err(parser.cursor.token.is_not("`=` or `,`"));
        }
    }
}

/// What stands behind an opcode.
fn parts(parser: &mut Parser<'_, '_>, op: Op) -> Result<Parts, ParseError> {
    let mut parts = Parts::default();
    for (i, piece) in form::pieces(op.shape()).iter().enumerate() {
        if i > 0 {
            parser.cursor.expect(",")?;
        }
        parts.read(parser, op, *piece)?;
    }
    Ok(parts)
}

impl Parts {
    fn read(&mut self, parser: &mut Parser<'_, '_>, op: Op, piece: Piece) -> Result<(), ParseError> {
        match piece {
            Piece::Value => self.operands.push(value(parser)?),
            Piece::Values if parser.cursor.at_end() => {}
            Piece::Values => {
                self.operands.push(value(parser)?);
                while parser.cursor.eat(",") {
                    self.operands.push(value(parser)?);
                }
            }
            Piece::Address => {
                self.operands.push(value(parser)?);
                if parser.cursor.eat("+") {
                    self.offset = parser.cursor.number32()?;
                }
            }
            Piece::Pointer => {
                self.operands.push(value(parser)?);
                let max = i32::MAX as u32;
                if parser.cursor.eat("+") {
                    self.offset = parser.cursor.number(max.into())? as u32;
                } else if parser.cursor.eat("-") {
                    self.offset = (parser.cursor.number(u64::from(max) + 1)? as u32).wrapping_neg();
                }
            }
            Piece::Memory => {
                let name = parser.cursor.name("m", "a memory")?;
                let memory = u8::try_from(parser.memories.get(name)?);
                self.aux |= u16::from(memory.map_err(|_| name.0.is_not("one of the first 256 memories"))?);
            }
            Piece::Lane => {
                parser.cursor.expect("lane")?;
                self.aux |= (parser.cursor.number(u8::MAX.into())? as u16) << 8;
            }
            Piece::Vector => {
                let vector = parser.cursor.vector()?;
                self.name = parser.function.vector(vector);
            }
            Piece::Constant => self.bits = parser.cursor.constant(form::constant_type(op))?,
            Piece::Block => {
                let name = parser.cursor.name("b", "a block")?;
                self.name = parser.blocks.used(name);
            }
            Piece::Number => self.number = parser.cursor.number32()?,
            Piece::Region => {
                let token = parser.cursor.word("a region")?;
                let region = Region::ALL.into_iter().find(|region| region.name() == token.text);
                let names = Region::ALL.into_iter().map(Region::name);
                self.aux = region.ok_or_else(|| token.is_none_of("a region", names))? as u16;
            }
            Piece::Slot => {
                let name = parser.cursor.name("s", "a slot")?;
                self.name = parser.slots.get(name)?;
            }
            Piece::Trap => {
                let token = parser.cursor.word("a trap")?;
                let code = TrapCode::ALL.iter().find(|code| form::trap_name(**code) == token.text);
                let names = TrapCode::ALL.iter().map(|code| form::trap_name(*code));
                self.aux = *code.ok_or_else(|| token.is_none_of("a trap", names))? as u16;
            }
            Piece::Edge => self.edges.push(edge(parser)?),
            Piece::Edges => {
                self.edges.push(edge(parser)?);
                while parser.cursor.eat(",") {
                    self.edges.push(edge(parser)?);
                }
            }
            Piece::Callee => {
                let name = parser.cursor.name("f", "a callee")?;
                self.name = parser.callees.get(name)?;
                self.operands = values(parser)?;
            }
            Piece::Signature => {
                let name = parser.cursor.name("sig", "a signature")?;
                self.name = parser.signatures.get(name)?;
                self.operands = values(parser)?;
            }
        }
        Ok(())
    }

    /// The instruction of these parts.
    fn inst(self, op: Op, function: &mut Function) -> Inst {
        let Parts { operands, edges, bits, offset, name, number, aux } = self;
        let edge = edges.first().map_or(0, |edge| edge.0);
        let plain = Inst { aux, ..Inst::plain(op, &operands) };
        let [first, second, _] = plain.fields;
        let mut list = |head: &[u32]| {
            let head = head.iter().copied().map(Value);
            function.list(head.chain(operands.iter().copied())).start()
        };
        let count = operands.len() as u32;
        let fields = match op.shape() {
            Shape::Plain
            | Shape::Unary
            | Shape::Binary
            | Shape::Ternary
            | Shape::UnaryLane
            | Shape::BinaryLane
            | Shape::TrapIf
            | Shape::Trap => plain.fields,
            Shape::Load | Shape::LoadLane | Shape::Store | Shape::StoreLane => {
                return Inst::access(op, &operands, offset, Memory(plain.memory().0), plain.lane());
            }
            Shape::RawLoad => [first, offset, 0],
            Shape::RawStore => [first, second, offset],
            Shape::Exchange => [list(&[]), offset, 0],
            Shape::Const => return Inst::constant(op, bits),
            Shape::Shuffle => [first, second, name],
            Shape::VectorConst => [name, 0, 0],
            Shape::Slot | Shape::SlotStore => return Inst::slot_of(op, &operands, Slot(name)),
            Shape::Param => [name, number, 0],
            Shape::Result => [first, number, 0],
            Shape::Number => [number, 0, 0],
            Shape::Values => [list(&[]), count, 0],
            Shape::Jump => [edge, 0, 0],
            Shape::Branch => [first, edge, 0],
            Shape::Table => [first, edge, edges.len() as u32],
            Shape::Call | Shape::CallPointer => [name, list(&[]), count],
            Shape::TryCall | Shape::TryCallPointer => [name, list(&[edge, edges.len() as u32]), count],
        };
        Inst { fields, ..plain }
    }
}

/// A value that is used.
fn value(parser: &mut Parser<'_, '_>) -> Result<Value, ParseError> {
    let name = parser.cursor.name("v", "a value")?;
    Ok(Value(parser.values.used(name)))
}

/// `(v1, v2)`.
fn values(parser: &mut Parser<'_, '_>) -> Result<Vec<Value>, ParseError> {
    let mut values = Vec::new();
    parser.cursor.expect("(")?;
    if parser.cursor.eat(")") {
        return Ok(values);
    }
    loop {
        values.push(value(parser)?);
        if parser.cursor.eat(")") {
            return Ok(values);
        }
        if !parser.cursor.eat(",") {
            return Err(parser.cursor.token.is_not("`,` or `)`"));
        }
    }
}

/// `b1(v1, v2) catch c0`. The edges of an instruction are made one after the other, so that they are neighbours.
fn edge(parser: &mut Parser<'_, '_>) -> Result<Edge, ParseError> {
    let name = parser.cursor.name("b", "a block")?;
    let block = Block(parser.blocks.used(name));
    let args = match parser.cursor.token.text {
        "(" => values(parser)?,
        _ => Vec::new(),
    };
    let args = parser.function.list(args);
    let edge = parser.function.edge(block, args);
    if parser.cursor.eat("catch") {
        let name = parser.cursor.name("c", "a catch")?;
        parser.function.edge_data_mut(edge).catch = Some(parser.catches.get(name)?);
    }
    Ok(edge)
}
