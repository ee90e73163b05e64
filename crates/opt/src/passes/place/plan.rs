//! In which block a value is made.
//!
//! Users come before what they use, so that all uses of a value have their blocks when its turn comes. A value goes to
//! the deepest block that dominates those of its uses that are not seldom run, and from there out of loops in which its
//! operands do not change. What is seldom run and lies elsewhere gets copies, `COPIES` at most.
//!
//! What is as cheap to make again as to keep is not planned: it is made in each block that uses it.

use super::super::heat::cold_blocks;
use super::super::{NONE, floats};
use super::choose::Ways;
use super::preheaders::Shape;
use windlass_ir::op::Shape as Fields;
use windlass_ir::{Block, Function, Op, Value};

/// A value is made in so many blocks at most, but for what is made in all that use it.
const COPIES: usize = 4;

/// Out of so many loops a value is moved at most.
const LOOPS: usize = 64;

/// Where a value is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spot {
    /// It is not needed, or was in a block before.
    None,
    /// In each block that uses it.
    Each,
    /// In one block.
    One(Block),
    /// In several blocks: which of the copies.
    Copies {
        /// The first one.
        first: u32,
        /// How many.
        count: u32,
    },
}

/// A value that is made in several blocks: in one of them.
#[derive(Clone, Copy, Debug)]
pub struct Copy {
    /// Where it is.
    pub block: Block,
    /// The copy.
    pub value: Value,
}

/// Where everything is made.
#[derive(Debug)]
pub struct Plan {
    /// What was taken where there were two ways.
    pub ways: Ways,
    /// By value.
    pub spots: Vec<Spot>,
    /// Of values that are made in several blocks.
    pub copies: Vec<Copy>,
    /// What is made in blocks, and by block where its list starts; what comes next.
    pub made: Vec<(Value, u32)>,
    /// By block: the first of its list.
    pub first_made: Vec<u32>,
}

/// Whether an instruction is made in each block that uses it: constants and pointers to the context and to the frame,
/// which are no more than a register or part of another instruction.
const fn is_free(op: Op) -> bool {
    matches!(op.shape(), Fields::Const | Fields::VectorConst | Fields::Plain | Fields::Slot)
}

macro_rules! compares {
    (@ $( $name:ident: ($($operand:ident),*) -> $result:ident; )*) => {
        [$( Op::$name ),*]
    };
}

/// Whether an instruction is a comparison, which is best made where it is used as a condition: one instruction does both.
const IS_COMPARISON: [bool; Op::ALL.len()] = {
    let groups: [&[Op]; 3] = [
        &windlass_abi::int_test! { compares, @ },
        &windlass_abi::int_compare! { compares, @ },
        &windlass_abi::float_compare! { compares, @ },
    ];
    let mut table = [false; Op::ALL.len()];
    let mut group = 0;
    while group < groups.len() {
        let mut i = 0;
        while i < groups[group].len() {
            table[groups[group][i] as usize] = true;
            i += 1;
        }
        group += 1;
    }
    table
};

/// What is known of the uses of a value.
#[derive(Clone, Copy)]
struct Uses {
    /// The deepest block that dominates those that are not seldom run; `NONE` without any.
    common: u32,
    /// The first of the list of blocks that are seldom run.
    cold: u32,
    /// How many there are, up to two.
    count: u8,
    /// Whether the last one is as a condition.
    condition: bool,
}

struct Planner<'a> {
    function: &'a mut Function,
    shape: &'a Shape,
    cold: Vec<bool>,
    uses: Vec<Uses>,
    /// Blocks that are seldom run and use a value, and the next one.
    cold_uses: Vec<(Block, u32)>,
    /// By value: the deepest block of what it needs.
    early: Vec<Block>,
    blocks: Vec<Block>,
    plan: Plan,
}

impl Plan {
    /// Plans for a function that has preheaders.
    pub fn new(function: &mut Function, shape: &Shape, ways: Ways) -> Plan {
        let needed = super::needed(function, &ways);
        let entry = function.order[0];
        let nothing = Uses { common: NONE, cold: NONE, count: 0, condition: false };
        let mut planner = Planner {
            cold: cold_blocks(function, &shape.graph, &shape.dominators),
            uses: vec![nothing; function.values()],
            cold_uses: Vec::new(),
            early: vec![entry; function.values()],
            blocks: Vec::new(),
            plan: Plan {
                ways,
                spots: vec![Spot::None; function.values()],
                copies: Vec::new(),
                made: Vec::new(),
                first_made: vec![NONE; function.blocks()],
            },
            function,
            shape,
        };
        for value in &needed {
            planner.find_early(*value);
        }
        planner.uses_in_blocks();
        for value in needed.iter().rev() {
            planner.place(*value);
        }
        planner.plan
    }
}

impl Planner<'_> {
    fn find_early(&mut self, value: Value) {
        let mut early = self.early[value.index()];
        for operand in self.function.operands(value) {
            let operand = self.plan.ways.of(operand);
            let block = self.function.block_of(operand).unwrap_or(self.early[operand.index()]);
            if self.shape.tree.depth(block) > self.shape.tree.depth(early) {
                early = block;
            }
        }
        self.early[value.index()] = early;
    }

    /// Notes the uses by what was in blocks before.
    fn uses_in_blocks(&mut self) {
        for i in 0..self.function.order.len() {
            let block = self.function.order[i];
            let mut next = self.function.first(block);
            while let Some(user) = next {
                next = self.function.next(user);
                self.operands(user, block);
                for edge in self.function.edges(user) {
                    for number in 0..self.function.edge_data(edge).args.len() {
                        self.use_at(self.function.arg(edge, number), block, false);
                    }
                }
            }
        }
    }

    /// Notes that an instruction uses its operands in a block.
    fn operands(&mut self, user: Value, block: Block) {
        let shape = self.function.op(user).shape();
        for number in 0..self.function.operand_count(user) {
            let condition = match shape {
                Fields::Branch | Fields::TrapIf => true,
                Fields::Ternary => number == 2 && self.function.op(user) == Op::select,
                _ => false,
            };
            self.use_at(self.function.operand(user, number), block, condition);
        }
    }

    fn use_at(&mut self, value: Value, block: Block, condition: bool) {
        let value = self.plan.ways.of(value);
        if !floats(self.function, value) || is_free(self.function.op(value)) {
            return;
        }
        let uses = &mut self.uses[value.index()];
        uses.count = (uses.count + 1).min(2);
        uses.condition = condition;
        if !self.cold[block.index()] {
            uses.common = match uses.common {
                NONE => block.0,
                common => self.shape.tree.common(Block(common), block).0,
            };
        } else if uses.cold == NONE || self.cold_uses[uses.cold as usize].0 != block {
            self.cold_uses.push((block, uses.cold));
            uses.cold = self.cold_uses.len() as u32 - 1;
        }
    }

    /// Decides where a value is made, all of whose users have their blocks.
    fn place(&mut self, value: Value) {
        if is_free(self.function.op(value)) {
            self.plan.spots[value.index()] = Spot::Each;
            return;
        }
        let mut blocks = std::mem::take(&mut self.blocks);
        self.blocks_for(value, &mut blocks);
        for block in &blocks {
            self.operands(value, *block);
        }
        self.plan.spots[value.index()] = match blocks[..] {
            [block] => {
                self.make_in(block, value);
                Spot::One(block)
            }
            _ => self.copies(value, &blocks),
        };
        self.blocks = blocks;
    }

    fn make_in(&mut self, block: Block, value: Value) {
        let first = &mut self.plan.first_made[block.index()];
        self.plan.made.push((value, *first));
        *first = self.plan.made.len() as u32 - 1;
    }

    fn copies(&mut self, value: Value, blocks: &[Block]) -> Spot {
        let first = self.plan.copies.len() as u32;
        for (i, block) in blocks.iter().enumerate() {
            let copy = match i {
                0 => value,
                _ => {
                    self.function.set_position(self.function.position(value));
                    self.function.make(self.function.inst(value), self.function.ty(value))
                }
            };
            self.plan.copies.push(Copy { block: *block, value: copy });
            self.make_in(*block, copy);
        }
        Spot::Copies { first, count: blocks.len() as u32 }
    }

    /// The blocks in which a value is made: none dominates another one.
    fn blocks_for(&mut self, value: Value, blocks: &mut Vec<Block>) {
        blocks.clear();
        let uses = self.uses[value.index()];
        let hot = (uses.common != NONE).then_some(Block(uses.common));
        let mut cold = uses.cold;
        let mut any = hot;
        while cold != NONE {
            let (block, next) = self.cold_uses[cold as usize];
            any = Some(any.map_or(block, |any| self.shape.tree.common(any, block)));
            cold = next;
        }
        let any = any.expect("what is needed has uses");
        if uses.count == 1 && uses.condition && IS_COMPARISON[self.function.op(value) as usize] {
            blocks.push(any);
            return;
        }
        blocks.extend(hot.map(|block| self.hoisted(value, block)));
        let mut cold = uses.cold;
        while cold != NONE && blocks.len() <= COPIES && !self.cold[any.index()] {
            let (block, next) = self.cold_uses[cold as usize];
            let dominators = &self.shape.dominators;
            if !blocks.iter().any(|above| dominators.dominates(*above, block)) {
                let block = self.hoisted(value, block);
                blocks.retain(|below| !dominators.dominates(block, *below));
                blocks.push(block);
            }
            cold = next;
        }
        if blocks.len() > COPIES || self.cold[any.index()] {
            blocks.clear();
            blocks.push(self.hoisted(value, any));
        }
    }

    /// Where a value is made that is used in a block: there, or before a loop around it in which the value does not change.
    fn hoisted(&self, value: Value, mut block: Block) -> Block {
        let early = self.early[value.index()];
        for _ in 0..LOOPS {
            let Some(around) = self.shape.loops.of(block) else { break };
            let Some(before) = self.shape.preheaders[around as usize] else { break };
            let worse = self.cold[block.index()] && !self.cold[before.index()];
            if worse || !self.shape.dominators.dominates(early, before) {
                break;
            }
            block = before;
        }
        block
    }
}
