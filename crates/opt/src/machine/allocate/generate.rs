//! Random functions for allocation: any graph, and instructions with the constraints of real ones.
//!
//! A function is a spine of blocks with further edges, forwards and backwards, into which the blocks are put that critical edges
//! need. Values are used far from their definitions, so that more are live than there are registers.

use super::super::code::{
    Access, Class, Code, Constraint, MBlock, MInst, Opcode, Operand, PReg, PRegSet, Successor, VReg,
};
use super::{Machine, with};
use std::ops::Range;

/// A source of numbers (xorshift).
pub struct Random(u64);

impl Random {
    /// One for each seed.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (((self.0 >> 32) * u64::from(limit)) >> 32) as u32
    }

    /// Whether something happens that does so once in some times.
    pub fn once_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u32) as usize]
    }
}

const fn regs<const N: usize>(class: Class) -> [PReg; N] {
    let mut all = [PReg { class, number: 0 }; N];
    let mut number = 0;
    while number < N {
        all[number].number = number as u8;
        number += 1;
    }
    all
}

const INTS: [PReg; 12] = regs(Class::Int);
const VECTORS: [PReg; 16] = regs(Class::Vector);

/// A target with some registers: of integers the last third is callee-saved.
pub fn machine(random: &mut Random) -> Machine {
    let ints = 6 + random.below(7) as usize;
    let vectors = 5 + random.below(12) as usize;
    let saved = INTS[ints - ints / 3..ints].iter().fold(PRegSet::default(), |set, &reg| with(set, reg));
    let scratch = |class, number| Some(PReg { class, number });
    Machine {
        allocatable: [&INTS[..ints], &VECTORS[..vectors]],
        scratch: match random.below(3) {
            0 => [None, None],
            1 => [scratch(Class::Int, 14), None],
            _ => [scratch(Class::Int, 14), scratch(Class::Vector, 31)],
        },
        callee_saved: saved,
    }
}

/// How large a function is to be.
#[derive(Clone, Debug)]
pub struct Size {
    /// Blocks, but for those that critical edges need.
    pub blocks: Range<u32>,
    /// Instructions of a block.
    pub insts: Range<u32>,
}

/// Edges of blocks, before there is code in them.
fn graph(random: &mut Random, blocks: u32) -> Vec<Vec<u32>> {
    let mut edges: Vec<Vec<u32>> = (1..blocks).map(|next| vec![next]).collect();
    edges.push(Vec::new());
    for list in edges.iter_mut().filter(|list| !list.is_empty()) {
        for _ in 0..random.below(3) {
            // Now and then to the entry, though the code of a function never does that.
            let to = if random.once_in(20) { 0 } else { 1 + random.below(blocks - 1) };
            if !list.contains(&to) {
                list.push(to);
            }
        }
    }
    let mut incoming = vec![0; blocks as usize];
    incoming[0] = 1;
    edges.iter().flatten().for_each(|&to| incoming[to as usize] += 1);
    // Each block, and behind it those of its critical edges.
    let critical = |list: &Vec<u32>, to: u32| list.len() > 1 && incoming[to as usize] > 1;
    let mut numbers = Vec::new();
    let mut count = 0;
    for list in &edges {
        numbers.push(count);
        count += 1 + list.iter().filter(|&&to| critical(list, to)).count() as u32;
    }
    let mut split = Vec::new();
    for (list, &number) in edges.iter().zip(&numbers) {
        let mut own = Vec::new();
        let mut between = Vec::new();
        for &to in list {
            let target = numbers[to as usize];
            if critical(list, to) {
                own.push(number + 1 + between.len() as u32);
                between.push(vec![target]);
            } else {
                own.push(target);
            }
        }
        split.push(own);
        split.extend(between);
    }
    split
}

/// The immediate dominators of blocks of which each can be reached from one with a lower number.
fn dominators(edges: &[Vec<u32>]) -> Vec<u32> {
    let mut idom = vec![u32::MAX; edges.len()];
    idom[0] = 0;
    let mut changed = true;
    while changed {
        changed = false;
        for (from, list) in edges.iter().enumerate() {
            for &to in list.iter().filter(|&&to| to != 0) {
                let (mut a, mut b) = (from as u32, idom[to as usize]);
                if idom[from] == u32::MAX {
                    continue;
                }
                b = if b == u32::MAX { a } else { b };
                while a != b {
                    if a > b { a = idom[a as usize] } else { b = idom[b as usize] }
                }
                changed |= idom[to as usize] != a;
                idom[to as usize] = a;
            }
        }
    }
    idom
}

/// The operands of an instruction in the making.
#[derive(Default)]
struct Draft {
    operands: Vec<Operand>,
    clobbers: PRegSet,
}

impl Draft {
    fn push(&mut self, reg: VReg, access: Access, constraint: Constraint) {
        self.operands.push(Operand { reg, access, constraint });
    }
}

struct Generator<'r> {
    random: &'r mut Random,
    machine: &'r Machine,
    code: Code,
    /// What can be used at the moment, by class.
    live: [Vec<VReg>; 2],
}

impl Generator<'_> {
    fn class(&mut self) -> Class {
        if self.random.once_in(3) { Class::Vector } else { Class::Int }
    }

    /// Something to be used: a recent one, or any.
    fn value(&mut self, class: Class) -> VReg {
        let list = &self.live[class as usize];
        let recent = list.len().saturating_sub(if self.random.once_in(2) { 4 } else { list.len() });
        self.random.pick(&list[recent..])
    }

    fn define(&mut self, draft: &mut Draft, class: Class, access: Access, constraint: Constraint) {
        let reg = self.code.vreg(class);
        draft.push(reg, access, constraint);
    }

    fn fixed(&self, class: Class, number: usize) -> Constraint {
        Constraint::Fixed(self.machine.allocatable[class as usize][number].number)
    }

    /// What is done to values in any registers, or in memory; with temporaries.
    fn plain(&mut self, draft: &mut Draft) {
        for _ in 0..self.random.below(4) {
            let class = self.class();
            let constraint = if self.random.once_in(4) { Constraint::Anywhere } else { Constraint::Register };
            let access = if self.random.once_in(6) { Access::LateUse } else { Access::Use };
            draft.push(self.value(class), access, constraint);
        }
        for _ in 0..self.random.below(3) {
            let class = self.class();
            let constraint = if self.random.once_in(6) { Constraint::Anywhere } else { Constraint::Register };
            let access = if self.random.once_in(5) { Access::EarlyDef } else { Access::Def };
            self.define(draft, class, access, constraint);
        }
    }

    /// The result is where the first operand was.
    fn two_address(&mut self, draft: &mut Draft) {
        let class = self.class();
        draft.push(self.value(class), Access::Use, Constraint::Register);
        if self.random.once_in(4) && class == Class::Int {
            let count = self.fixed(Class::Int, 1);
            draft.push(self.value(Class::Int), Access::Use, count);
        } else {
            let constraint = if self.random.once_in(3) { Constraint::Anywhere } else { Constraint::Register };
            draft.push(self.value(class), Access::Use, constraint);
        }
        self.define(draft, class, Access::Def, Constraint::Same(0));
    }

    /// Fixed registers in and out.
    fn divide(&mut self, draft: &mut Draft) {
        let (low, high) = (self.fixed(Class::Int, 0), self.fixed(Class::Int, 2));
        draft.push(self.value(Class::Int), Access::Use, low);
        if self.random.once_in(2) {
            draft.push(self.value(Class::Int), Access::Use, high);
        }
        draft.push(self.value(Class::Int), Access::LateUse, Constraint::Register);
        self.define(draft, Class::Int, Access::Def, low);
        if self.random.once_in(2) {
            self.define(draft, Class::Int, Access::Def, high);
        } else if let Constraint::Fixed(number) = high {
            draft.clobbers = with(draft.clobbers, PReg { class: Class::Int, number });
        }
    }

    /// Arguments in registers and elsewhere, results in registers, everything clobbered that is not callee-saved.
    fn call(&mut self, draft: &mut Draft, everything: bool) {
        for class in [Class::Int, Class::Vector] {
            for number in 0..self.random.below(4) {
                let fixed = self.fixed(class, number as usize);
                draft.push(self.value(class), Access::Use, fixed);
            }
        }
        for _ in 0..self.random.below(4) {
            let class = self.class();
            draft.push(self.value(class), Access::Use, Constraint::Anywhere);
        }
        let mut kept = if everything { PRegSet::default() } else { self.machine.callee_saved };
        for class in [Class::Int, Class::Vector] {
            for number in 0..self.random.below(3) {
                let fixed = self.fixed(class, number as usize);
                self.define(draft, class, Access::Def, fixed);
                kept = with(kept, self.machine.allocatable[class as usize][number as usize]);
            }
        }
        let all = self.machine.allocatable_set();
        draft.clobbers = PRegSet { ints: all.ints & !kept.ints, vectors: all.vectors & !kept.vectors };
    }

    /// Adds an instruction. What it defines is live from now on.
    fn inst(&mut self, draft: Draft) {
        let start = self.code.operands.len() as u32;
        for operand in draft.operands.iter().filter(|operand| operand.access.is_def()) {
            self.live[operand.reg.class() as usize].push(operand.reg);
        }
        self.code.operands.extend(draft.operands);
        self.code.clobbers.push(draft.clobbers);
        self.code.insts.push(MInst {
            opcode: Opcode(0),
            args: 0..0,
            operands: start..self.code.operands.len() as u32,
            clobbers: self.code.clobbers.len() as u32 - 1,
            position: 0,
            trap: None,
        });
    }

    /// The instructions of a block but the last one.
    fn body(&mut self, count: u32) {
        for _ in 0..count {
            let mut draft = Draft::default();
            match self.random.below(10) {
                0..=4 => self.plain(&mut draft),
                5..=7 => self.two_address(&mut draft),
                8 => self.divide(&mut draft),
                _ => self.call(&mut draft, false),
            }
            self.inst(draft);
        }
    }

    /// The last instruction of a block: a jump; a return with results; a branch on values; or a call that may go on
    /// elsewhere, of which the register allocator has to keep everything in memory.
    fn end(&mut self, edges: usize) {
        let mut draft = Draft::default();
        match edges {
            0 => {
                let result = self.fixed(Class::Int, 0);
                draft.push(self.value(Class::Int), Access::Use, result);
            }
            1 => {}
            _ if self.random.once_in(4) => self.call(&mut draft, true),
            _ => {
                draft.push(self.value(Class::Int), Access::Use, Constraint::Register);
                draft.push(self.value(Class::Int), Access::Use, Constraint::Anywhere);
            }
        }
        self.inst(draft);
    }
}

/// A function.
pub fn function(random: &mut Random, machine: &Machine, size: &Size) -> Code {
    let between =
        |random: &mut Random, range: &Range<u32>| range.start + random.below(range.end - range.start);
    let blocks = between(random, &size.blocks);
    let edges = graph(random, blocks);
    let idom = dominators(&edges);
    let mut code = Code::default();
    code.clear();
    let mut generator = Generator { random, machine, code, live: [Vec::new(), Vec::new()] };
    // What is live at the end of each block.
    let mut live: Vec<[Vec<VReg>; 2]> = Vec::new();
    for (number, list) in edges.iter().enumerate() {
        let start = generator.code.insts.len() as u32;
        let params_start = generator.code.registers.len() as u32;
        if number == 0 {
            let mut draft = Draft::default();
            for class in [Class::Int, Class::Int, Class::Vector] {
                let number = draft.operands.iter().filter(|it| it.reg.class() == class).count();
                let fixed = generator.fixed(class, number);
                generator.define(&mut draft, class, Access::Def, fixed);
            }
            generator.define(&mut draft, Class::Int, Access::Def, Constraint::Anywhere);
            generator.inst(draft);
        } else {
            generator.live = live[idom[number] as usize].clone();
            for _ in 0..generator.random.below(4) {
                let class = generator.class();
                let param = generator.code.vreg(class);
                generator.code.registers.push(param);
                generator.live[class as usize].push(param);
            }
        }
        let params = params_start..generator.code.registers.len() as u32;
        let count = between(generator.random, &size.insts);
        generator.body(count);
        generator.end(list.len());
        live.push(generator.live.clone());
        let insts = start..generator.code.insts.len() as u32;
        let (loop_depth, cold) = (0, false);
        generator.code.blocks.push(MBlock {
            insts,
            params,
            successors: 0..0,
            predecessors: 0..0,
            loop_depth,
            cold,
        });
    }
    for (number, list) in edges.iter().enumerate() {
        let start = generator.code.successors.len() as u32;
        generator.live.clone_from(&live[number]);
        for &to in list {
            let args_start = generator.code.registers.len() as u32;
            for param in generator.code.blocks[to as usize].params.clone() {
                let class = generator.code.registers[param as usize].class();
                let value = generator.value(class);
                generator.code.registers.push(value);
            }
            let args = args_start..generator.code.registers.len() as u32;
            generator.code.successors.push(Successor { block: to, args });
        }
        generator.code.blocks[number].successors = start..generator.code.successors.len() as u32;
    }
    for number in 0..edges.len() {
        let start = generator.code.predecessors.len() as u32;
        let before = (0..edges.len()).filter(|&from| edges[from].contains(&(number as u32)));
        generator.code.predecessors.extend(before.map(|from| from as u32));
        generator.code.blocks[number].predecessors = start..generator.code.predecessors.len() as u32;
    }
    generator.code
}

/// The function with another order of its blocks, in which each comes behind one of its predecessors; but some that define
/// nothing are the last ones.
pub fn reorder(random: &mut Random, code: &Code) -> Code {
    let mut order = Vec::new();
    let (mut ready, mut known) = (vec![0], vec![false; code.blocks.len()]);
    known[0] = true;
    while !ready.is_empty() {
        let block = ready.swap_remove(random.below(ready.len() as u32) as usize);
        order.push(block);
        let next = code.successors_of(block).iter().map(|edge| edge.block);
        ready.extend(next.filter(|&to| !core::mem::replace(&mut known[to as usize], true)));
    }
    let mut moved = vec![false; code.blocks.len()];
    for &block in &order {
        let operands = code.blocks[block as usize].insts.clone().flat_map(|inst| code.operands_of(inst));
        let defines = !code.params_of(block).is_empty() || operands.into_iter().any(|it| it.access.is_def());
        let before = code.predecessors_of(block);
        let between = block != 0 && !defines && !before.iter().any(|&before| moved[before as usize]);
        moved[block as usize] = between && random.once_in(2);
    }
    order.sort_by_key(|&block| moved[block as usize]);
    let mut numbers = vec![0; order.len()];
    order.iter().enumerate().for_each(|(new, &old)| numbers[old as usize] = new as u32);
    let mut out = code.clone();
    out.blocks.clear();
    out.insts.clear();
    for &old in &order {
        let mut block = code.blocks[old as usize].clone();
        let start = out.insts.len() as u32;
        let range = block.insts.start as usize..block.insts.end as usize;
        out.insts.extend_from_slice(&code.insts[range]);
        block.insts = start..out.insts.len() as u32;
        out.blocks.push(block);
    }
    out.successors.iter_mut().for_each(|edge| edge.block = numbers[edge.block as usize]);
    out.predecessors.iter_mut().for_each(|block| *block = numbers[*block as usize]);
    out
}
