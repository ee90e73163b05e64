//! The tree of dominators, asked for depths and for what two blocks have in common.
//!
//! Beside its parent each block knows one ancestor further up, at a distance such that any ancestor is found in
//! logarithmically many steps (Myers, "An applicative random-access stack").

use windlass_ir::Block;
use windlass_ir::dominance::Dominators;

/// The tree of dominators.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    depth: u32,
    parent: Block,
    /// An ancestor further up.
    far: Block,
}

impl Tree {
    /// The tree of these dominators, of so many blocks.
    pub fn new(dominators: &Dominators, blocks: usize) -> Tree {
        let root = dominators.reverse_postorder().first().copied().unwrap_or(Block(0));
        let mut nodes = vec![Node { depth: 0, parent: root, far: root }; blocks];
        for block in dominators.reverse_postorder().iter().skip(1) {
            let parent = dominators.immediate(*block).unwrap_or(root);
            let above = nodes[parent.index()];
            let middle = nodes[above.far.index()];
            let top = nodes[middle.far.index()];
            let even = above.depth - middle.depth == middle.depth - top.depth;
            let far = if even { middle.far } else { parent };
            nodes[block.index()] = Node { depth: above.depth + 1, parent, far };
        }
        Tree { nodes }
    }

    /// How many dominators a block has beside itself.
    pub fn depth(&self, block: Block) -> u32 {
        self.nodes[block.index()].depth
    }

    /// The deepest block that dominates both.
    pub fn common(&self, a: Block, b: Block) -> Block {
        let (mut low, mut high) = if self.depth(a) < self.depth(b) { (b, a) } else { (a, b) };
        let depth = self.depth(high);
        while self.depth(low) > depth {
            let node = self.nodes[low.index()];
            low = if self.depth(node.far) >= depth { node.far } else { node.parent };
        }
        // Blocks at the same depth have ancestors at the same depths.
        while low != high {
            let (x, y) = (self.nodes[low.index()], self.nodes[high.index()]);
            (low, high) = if x.far != y.far { (x.far, y.far) } else { (x.parent, y.parent) };
        }
        low
    }

    /// Whether all ways to `b` lead through `a`.
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        self.common(a, b) == a
    }
}
