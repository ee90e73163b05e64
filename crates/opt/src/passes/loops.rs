//! The tree of loops.
//!
//! A loop is natural: its header dominates the blocks from which ways go back to it, and its blocks are those from which
//! these are reached without it. Wasm's control flow has no others; blocks of a graph that has are in no loop, or in
//! the one around it, and nothing breaks.
//!
//! Headers are visited from the last one, so that inner loops are known first; a walk back through one goes on at its
//! header, so each block is walked over once.

use super::NONE;
use super::graph::Graph;
use windlass_ir::dominance::Dominators;
use windlass_ir::{Block, Function};

/// A loop.
#[derive(Clone, Copy, Debug)]
pub struct Loop {
    /// Where it is entered.
    pub header: Block,
    /// The loop around it.
    pub parent: Option<u32>,
    /// How many loops are around it, itself counted.
    pub depth: u32,
}

/// The loops of a function.
#[derive(Debug)]
pub struct Loops {
    /// Inner loops come before those around them.
    loops: Vec<Loop>,
    /// Of each block the innermost loop.
    of: Vec<u32>,
}

impl Loops {
    /// The loops of a function.
    pub fn new(function: &Function, graph: &Graph, dominators: &Dominators) -> Loops {
        let mut loops: Vec<Loop> = Vec::new();
        let mut of = vec![NONE; function.blocks()];
        // Of each loop one that is around it, or itself.
        let mut outer: Vec<u32> = Vec::new();
        let mut stack = Vec::new();
        for header in graph.reverse_postorder().iter().rev().copied() {
            let from = |edge| graph.from(edge);
            stack.extend(graph.incoming(header).map(from).filter(|from| dominators.dominates(header, *from)));
            if stack.is_empty() {
                continue;
            }
            let this = loops.len() as u32;
            loops.push(Loop { header, parent: None, depth: 1 });
            outer.push(this);
            of[header.index()] = this;
            while let Some(block) = stack.pop() {
                let walked = match of[block.index()] {
                    NONE => {
                        of[block.index()] = this;
                        block
                    }
                    inner => {
                        let inner = outermost(&mut outer, inner);
                        if inner == this {
                            continue;
                        }
                        outer[inner as usize] = this;
                        loops[inner as usize].parent = Some(this);
                        loops[inner as usize].header
                    }
                };
                let into = graph.incoming(walked).map(from);
                stack.extend(into.filter(|from| dominators.dominates(header, *from)));
            }
        }
        for i in (0..loops.len()).rev() {
            if let Some(parent) = loops[i].parent {
                loops[i].depth = loops[parent as usize].depth + 1;
            }
        }
        Loops { loops, of }
    }

    /// How many loops there are.
    pub fn len(&self) -> usize {
        self.loops.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.loops.is_empty()
    }

    /// A loop.
    pub fn get(&self, number: u32) -> Loop {
        self.loops[number as usize]
    }

    /// All loops, inner ones before those around them.
    pub fn all(&self) -> &[Loop] {
        &self.loops
    }

    /// The innermost loop around a block.
    pub fn of(&self, block: Block) -> Option<u32> {
        Some(self.of[block.index()]).filter(|number| *number != NONE)
    }

    /// How many loops are around a block.
    pub fn depth(&self, block: Block) -> u32 {
        self.of(block).map_or(0, |number| self.get(number).depth)
    }
}

fn outermost(outer: &mut [u32], mut number: u32) -> u32 {
    while outer[number as usize] != number {
        let next = outer[number as usize];
        outer[number as usize] = outer[next as usize];
        number = next;
    }
    number
}
