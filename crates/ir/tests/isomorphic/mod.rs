//! Whether two functions are the same but for numbers: found by walking both side by side, without the text form.

use std::collections::HashMap;
use windlass_ir::function::{CalleeData, EdgeData, SignatureData};
use windlass_ir::op::Shape;
use windlass_ir::{Block, Edge, Function, Signature, Value};

/// Compares two functions.
///
/// # Errors
/// What the first difference is.
pub fn compare(a: &Function, b: &Function) -> Result<(), String> {
    Pair { a, b, values: HashMap::new(), taken: HashMap::new(), work: Vec::new() }.functions()
}

struct Pair<'f> {
    a: &'f Function,
    b: &'f Function,
    /// By values of `a`: those of `b`.
    values: HashMap<Value, Value>,
    /// By values of `b`: those of `a`.
    taken: HashMap<Value, Value>,
    /// What is still to be compared.
    work: Vec<(Value, Value)>,
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, a: T, b: T) -> Result<(), String> {
    if a == b { Ok(()) } else { Err(format!("{what}: {a:?} and {b:?}")) }
}

fn signature(function: &Function, signature: Signature) -> &SignatureData {
    &function.signatures[signature.index()]
}

/// Where in the order a block is.
fn place(function: &Function, block: Block) -> Option<usize> {
    function.order.iter().position(|b| *b == block)
}

impl Pair<'_> {
    fn functions(&mut self) -> Result<(), String> {
        let (a, b) = (self.a, self.b);
        same("signature", signature(a, a.signature), signature(b, b.signature))?;
        let callees = |f: &Function| {
            let data = |c: &CalleeData| (c.target, signature(f, c.signature).clone());
            f.callees.iter().map(data).collect::<Vec<_>>()
        };
        same("callees", callees(a), callees(b))?;
        same("memories", &a.memories, &b.memories)?;
        same("slots", &a.slots, &b.slots)?;
        same("catches", &a.catches, &b.catches)?;
        same("blocks", a.order.len(), b.order.len())?;
        for (block_a, block_b) in a.order.iter().zip(&b.order) {
            same("cold", a.is_cold(*block_a), b.is_cold(*block_b))?;
            self.lists("parameters", a.params(*block_a), b.params(*block_b))?;
            let insts = (a.insts(*block_a).collect::<Vec<_>>(), b.insts(*block_b).collect::<Vec<_>>());
            self.lists("instructions", insts.0.into_iter(), insts.1.into_iter())?;
        }
        while let Some((value_a, value_b)) = self.work.pop() {
            self.instructions(value_a, value_b).map_err(|e| format!("{value_a} and {value_b}: {e}"))?;
        }
        Ok(())
    }

    fn lists(
        &mut self,
        what: &str,
        a: impl ExactSizeIterator<Item = Value>,
        b: impl ExactSizeIterator<Item = Value>,
    ) -> Result<(), String> {
        same(what, a.len(), b.len())?;
        a.zip(b).try_for_each(|(a, b)| self.value(a, b))
    }

    /// Pairs two values.
    fn value(&mut self, a: Value, b: Value) -> Result<(), String> {
        match (self.values.insert(a, b), self.taken.insert(b, a)) {
            (None, None) => self.work.push((a, b)),
            (other_b, other_a) => same("pair", (Some(a), Some(b)), (other_a, other_b))?,
        }
        Ok(())
    }

    fn instructions(&mut self, value_a: Value, value_b: Value) -> Result<(), String> {
        let (a, b) = (self.a, self.b);
        same("opcode", a.op(value_a), b.op(value_b))?;
        same("type", a.ty(value_a), b.ty(value_b))?;
        same("position", a.position(value_a), b.position(value_b))?;
        let block = |f: &Function, v| f.block_of(v).and_then(|block| place(f, block));
        same("block", block(a, value_a), block(b, value_b))?;
        same("fields", fields(a, value_a), fields(b, value_b))?;
        let operands = (a.operands(value_a).collect::<Vec<_>>(), b.operands(value_b).collect::<Vec<_>>());
        self.lists("operands", operands.0.into_iter(), operands.1.into_iter())?;
        same("edges", a.edges(value_a).len(), b.edges(value_b).len())?;
        a.edges(value_a).zip(b.edges(value_b)).try_for_each(|(a, b)| self.edges(a, b))
    }

    fn edges(&mut self, edge_a: Edge, edge_b: Edge) -> Result<(), String> {
        let (a, b) = (self.a, self.b);
        let target = |f: &Function, EdgeData { block, catch, .. }| (place(f, block), catch);
        same("edge", target(a, a.edge_data(edge_a)), target(b, b.edge_data(edge_b)))?;
        self.lists("arguments", a.args(edge_a), b.args(edge_b))
    }
}

/// What an instruction says beside its values and edges.
fn fields(f: &Function, value: Value) -> String {
    let inst = f.inst(value);
    match inst.op.shape() {
        Shape::Plain
        | Shape::Unary
        | Shape::Binary
        | Shape::Ternary
        | Shape::Values
        | Shape::Jump
        | Shape::Branch
        | Shape::Table => String::new(),
        Shape::UnaryLane | Shape::BinaryLane => format!("{}", inst.lane()),
        Shape::Const => format!("{:#x}", inst.bits()),
        Shape::VectorConst | Shape::Shuffle => format!("{:?}", f.vector_at(inst.vector())),
        Shape::Param => format!("{:?} {}", place(f, Block(inst.fields[0])), inst.number()),
        Shape::Result | Shape::Number => format!("{}", inst.number()),
        Shape::Load | Shape::LoadLane | Shape::Store | Shape::StoreLane | Shape::Exchange => {
            format!("{} {} {}", inst.offset(), inst.memory(), inst.lane())
        }
        Shape::RawLoad | Shape::RawStore => format!("{} {:?}", inst.offset(), inst.region()),
        Shape::Slot | Shape::SlotStore => format!("{}", inst.slot()),
        Shape::Trap | Shape::TrapIf => format!("{:?}", inst.trap_code()),
        Shape::Call | Shape::TryCall => format!("{}", inst.callee()),
        Shape::CallPointer | Shape::TryCallPointer => format!("{:?}", signature(f, inst.signature())),
    }
}
