//! Reading functions: their tables, blocks, and what names stand for.
//!
//! Values and blocks may be used before they are defined. So instructions are made with the numbers of the text as
//! operands, and when a function is at its end these are replaced by those of the function.

use super::ParseError;
use super::cursor::Cursor;
use super::instruction;
use super::lex::Kind;
use super::names::Names;
use crate::entity::{Block, Edge, Signature, Value};
use crate::function::{CalleeData, Catch, Function, MemoryData, SignatureData, SlotData, Target};
use alloc::vec::Vec;
use windlass_abi::builtins::VMBuiltins;

/// The functions of a text.
///
/// # Errors
/// If the text is none of functions. What they mean is the verifier's business.
pub fn parse(text: &str) -> Result<Vec<Function>, ParseError> {
    let mut cursor = Cursor::new(text);
    let mut functions = Vec::new();
    loop {
        cursor.skip_lines();
        if cursor.token.kind == Kind::End {
            return Ok(functions);
        }
        functions.push(function(&mut cursor)?);
    }
}

/// A function of which a part has been read.
pub(super) struct Parser<'c, 't> {
    pub(super) cursor: &'c mut Cursor<'t>,
    pub(super) function: Function,
    pub(super) values: Names<'t>,
    pub(super) blocks: Names<'t>,
    pub(super) signatures: Names<'t>,
    pub(super) callees: Names<'t>,
    pub(super) memories: Names<'t>,
    pub(super) slots: Names<'t>,
    pub(super) catches: Names<'t>,
    /// Parameters that stand among instructions: the number of their block is the text's.
    pub(super) stray_params: Vec<Value>,
}

/// Where instructions are put.
#[derive(Clone, Copy)]
pub(super) enum Section {
    /// Before all blocks: they float.
    Floating,
    /// In a block.
    Block(Block),
}

fn function(cursor: &mut Cursor<'_>) -> Result<Function, ParseError> {
    if !cursor.eat("function") {
        return Err(cursor.token.is_not("`function`"));
    }
    let mut parser = Parser {
        cursor,
        function: Function::new(SignatureData::default()),
        values: Names::new("value"),
        blocks: Names::new("block"),
        signatures: Names::new("signature"),
        callees: Names::new("callee"),
        memories: Names::new("memory"),
        slots: Names::new("slot"),
        catches: Names::new("catch"),
        stray_params: Vec::new(),
    };
    parser.function.signatures[0] = parser.signature_data()?;
    parser.cursor.expect("{")?;
    parser.cursor.end_of_line()?;
    parser.body()?;
    parser.cursor.end_of_line()?;
    parser.values.check()?;
    parser.blocks.check()?;
    Ok(parser.resolved())
}

impl<'t> Parser<'_, 't> {
    /// What stands between the braces, and the closing one.
    fn body(&mut self) -> Result<(), ParseError> {
        let mut section = None;
        loop {
            self.cursor.skip_lines();
            let token = self.cursor.token;
            if self.cursor.eat("}") {
                return Ok(());
            }
            if token.number_of("b").is_some() {
                section = Some(Section::Block(self.block()?));
                continue;
            }
            match section {
                Some(section) => instruction::read(self, section)?,
                None if token.text == "floating" => {
                    self.cursor.advance();
                    self.cursor.expect(":")?;
                    self.cursor.end_of_line()?;
                    section = Some(Section::Floating);
                }
                None => self.declaration()?,
            }
        }
    }

    fn declaration(&mut self) -> Result<(), ParseError> {
        let token = self.cursor.token;
        let read = match token.text {
            "signature" => Self::signature,
            "callee" => Self::callee,
            "memory" => Self::memory,
            "slot" => Self::slot,
            "catch" => Self::catch,
            _ => return Err(token.is_not("a declaration, `floating:`, a block or `}`")),
        };
        self.cursor.advance();
        read(self)?;
        self.cursor.end_of_line()
    }

    /// `sig1: (i32) -> (i64)`.
    fn signature(&mut self) -> Result<(), ParseError> {
        let name = self.cursor.name("sig", "a signature")?;
        self.cursor.expect(":")?;
        let data = self.signature_data()?;
        let number = self.function.signature_of(data);
        self.signatures.define(name, number.0)
    }

    /// `f0: own 5, (i32) -> (i64)`, `f0: builtin data_drop, sig1`.
    fn callee(&mut self) -> Result<(), ParseError> {
        let name = self.cursor.name("f", "a callee")?;
        self.cursor.expect(":")?;
        let target = if self.cursor.eat("own") {
            Target::Own(self.cursor.number32()?)
        } else if self.cursor.eat("builtin") {
            Target::Builtin(self.builtin()?)
        } else if self.cursor.eat("throw") {
            Target::Throw
        } else if self.cursor.eat("throw_ref") {
            Target::ThrowRef
        } else {
            return Err(self.cursor.token.is_not("`own`, `builtin`, `throw` or `throw_ref`"));
        };
        self.cursor.expect(",")?;
        let signature = match self.cursor.token.number_of("sig") {
            Some(number) => Signature(self.signatures.get((self.cursor.advance(), number))?),
            None => {
                let data = self.signature_data()?;
                self.function.signature_of(data)
            }
        };
        self.callees.define(name, self.function.callees.len() as u32)?;
        self.function.callees.push(CalleeData { target, signature });
        Ok(())
    }

    /// The name of a builtin, or its number.
    fn builtin(&mut self) -> Result<u32, ParseError> {
        if let Ok(number) = self.cursor.number32() {
            return Ok(number);
        }
        let token = self.cursor.token;
        let number = VMBuiltins::NAMES.iter().position(|name| *name == token.text);
        let number = number.ok_or_else(|| token.is_none_of("a builtin", VMBuiltins::NAMES))?;
        self.cursor.advance();
        Ok(number as u32)
    }

    /// `m0: i32, base 64 fixed, length 72 indirect, reach 0x102000000, at least 65536`.
    fn memory(&mut self) -> Result<(), ParseError> {
        let name = self.cursor.name("m", "a memory")?;
        self.cursor.expect(":")?;
        let index = self.cursor.ty()?;
        self.cursor.expect(",")?;
        self.cursor.expect("base")?;
        let base_at = self.cursor.number32()?;
        let base_fixed = self.cursor.eat("fixed");
        self.cursor.expect(",")?;
        self.cursor.expect("length")?;
        let len_at = self.cursor.number32()?;
        let len_behind_pointer = self.cursor.eat("indirect");
        self.cursor.expect(",")?;
        self.cursor.expect("reach")?;
        let reach = self.cursor.number(u64::MAX)?;
        self.cursor.expect(",")?;
        self.cursor.expect("at")?;
        self.cursor.expect("least")?;
        let min_len = self.cursor.number(u64::MAX)?;
        self.memories.define(name, self.function.memories.len() as u32)?;
        let memory = MemoryData { index, base_at, base_fixed, len_at, len_behind_pointer, reach, min_len };
        self.function.memories.push(memory);
        Ok(())
    }

    /// `s0: 16`.
    fn slot(&mut self) -> Result<(), ParseError> {
        let name = self.cursor.name("s", "a slot")?;
        self.cursor.expect(":")?;
        let size = self.cursor.number32()?;
        self.slots.define(name, self.function.slots.len() as u32)?;
        self.function.slots.push(SlotData { size });
        Ok(())
    }

    /// `c0: tag 96, (i32, ref)`, `c0: all, (ref)`.
    fn catch(&mut self) -> Result<(), ParseError> {
        let name = self.cursor.name("c", "a catch")?;
        self.cursor.expect(":")?;
        let tag = if self.cursor.eat("tag") {
            Some(self.cursor.number32()?)
        } else if self.cursor.eat("all") {
            None
        } else {
            return Err(self.cursor.token.is_not("`tag` or `all`"));
        };
        self.cursor.expect(",")?;
        let values = self.cursor.types()?;
        self.catches.define(name, self.function.catches.len() as u32)?;
        self.function.catches.push(Catch { tag, values });
        Ok(())
    }

    /// `(i32) -> (i64)`.
    fn signature_data(&mut self) -> Result<SignatureData, ParseError> {
        let params = self.cursor.types()?;
        self.cursor.expect("->")?;
        let results = self.cursor.types()?;
        Ok(SignatureData { params, results })
    }

    /// `b1(v1: i32, v2: i64) @12 cold:`.
    fn block(&mut self) -> Result<Block, ParseError> {
        let name = self.cursor.name("b", "a block")?;
        let block = self.function.block();
        self.function.order.push(block);
        self.blocks.define(name, block.0)?;
        let mut names = Vec::new();
        let mut types = Vec::new();
        if self.cursor.eat("(") {
            loop {
                names.push(self.cursor.name("v", "a value")?);
                self.cursor.expect(":")?;
                types.push(self.cursor.ty()?);
                if self.cursor.eat(")") {
                    break;
                }
                if !self.cursor.eat(",") {
                    return Err(self.cursor.token.is_not("`,` or `)`"));
                }
            }
        }
        self.position()?;
        if self.cursor.eat("cold") {
            self.function.set_cold(block);
        }
        self.cursor.expect(":")?;
        self.cursor.end_of_line()?;
        let params = self.function.make_params(block, types);
        for (name, param) in names.into_iter().zip(self.function.values_of(params)) {
            self.values.define(name, param.0)?;
        }
        Ok(block)
    }

    /// `@12`, which need not be there: the position from now on.
    pub(super) fn position(&mut self) -> Result<(), ParseError> {
        if self.cursor.eat("@") {
            let position = self.cursor.number32()?;
            self.function.set_position(position);
        }
        Ok(())
    }

    /// The function with its own numbers in place of the text's.
    fn resolved(self) -> Function {
        let Parser { mut function, values, blocks, stray_params, .. } = self;
        for value in (0..function.values() as u32).map(Value) {
            function.map_operands(value, |operand| Value(values.resolve(operand.0)));
        }
        for edge in (0..function.edge_count() as u32).map(Edge) {
            function.map_args(edge, |arg| Value(values.resolve(arg.0)));
            let data = function.edge_data_mut(edge);
            data.block = Block(blocks.resolve(data.block.0));
        }
        for param in stray_params {
            let block = &mut function.inst_mut(param).fields[0];
            *block = blocks.resolve(*block);
        }
        function.set_position(0);
        function
    }
}
