//! The allocators of the crate `regalloc2`: a view of [`Code`] in its terms, and its answer in ours.
//!
//! **In:** a [`Request`]. **Out:** an [`Allocation`]. What the crate wants to see as slices of its own types is converted into
//! flat vectors that are kept from one function to the next: operands, lists of registers, edges, sets of clobbers. While
//! operands are converted, everything is checked that the crate would answer with a panic or with nothing to go by.
//!
//! **Invariants.** A list in a flat vector has the numbers that it has in [`Code`]. Integers are the crate's class `Int`, vectors
//! its class `Float`.

use super::super::code::{Access, Class, Code, Constraint, Operand, PReg, PRegSet, VReg};
use super::{
    Allocation, AllocationError, Allocator, Machine, Mode, Move, Place, Point, Problem, Request,
    intersection, with,
};
use core::mem;
use regalloc2 as ra;
use regalloc2::{OperandConstraint, OperandKind, OperandPos, RegAllocError};

/// No block.
const NONE: u32 = u32::MAX;

/// How many operands a `Same` can tell apart.
const SAME_LIMIT: u32 = 32;

/// The allocators of the crate `regalloc2`.
pub struct Regalloc2 {
    /// Which of them.
    pub mode: Mode,
    lists: Lists,
    context: ra::Ctx,
}

impl Default for Regalloc2 {
    fn default() -> Regalloc2 {
        Regalloc2 { mode: Mode::Backtracking, lists: Lists::default(), context: ra::Ctx::default() }
    }
}

/// The lists of a function in the crate's terms.
#[derive(Default)]
struct Lists {
    operands: Vec<ra::Operand>,
    registers: Vec<ra::VReg>,
    successors: Vec<ra::Block>,
    predecessors: Vec<ra::Block>,
    clobbers: Vec<ra::PRegSet>,
    /// What each instruction is to the end of its block.
    ends: Vec<End>,
    /// The block in which each register is defined.
    homes: Vec<u32>,
    /// Whether something that a block defines is used in others.
    exports: Vec<bool>,
    /// Blocks, and from where they are entered, of [`Lists::suit_fast`].
    entered: Vec<(u32, u32)>,
}

/// Whether an instruction ends its block.
#[derive(Clone, Copy, PartialEq)]
enum End {
    None,
    Branch,
    Return,
}

impl Allocator for Regalloc2 {
    fn allocate(&mut self, request: Request<'_>, out: &mut Allocation) -> Result<(), AllocationError> {
        let Request { code, machine, .. } = request;
        self.lists.convert(code, machine)?;
        let fast = self.mode == Mode::Fast && self.lists.suit_fast(code);
        let options = ra::RegallocOptions {
            verbose_log: false,
            validate_ssa: false,
            algorithm: if fast { ra::Algorithm::Fastalloc } else { ra::Algorithm::Ion },
        };
        let view = View { code, lists: &self.lists };
        let output = ra::run_with_ctx(&view, &environment(machine), &options, &mut self.context)
            .map_err(|error| explain(&error, code, machine))?;
        answer(code, &self.lists.ends, output, out);
        out.callee_saved = intersection(out.written(code), machine.callee_saved);
        Ok(())
    }
}

fn class(class: Class) -> ra::RegClass {
    match class {
        Class::Int => ra::RegClass::Int,
        Class::Vector => ra::RegClass::Float,
    }
}

fn preg(reg: PReg) -> ra::PReg {
    ra::PReg::new(reg.number as usize, class(reg.class))
}

fn vreg(reg: VReg) -> ra::VReg {
    ra::VReg::new(reg.index(), class(reg.class()))
}

fn block(number: u32) -> ra::Block {
    ra::Block::new(number as usize)
}

fn environment(machine: &Machine) -> ra::MachineEnv {
    let of = |list: usize, saved: bool| {
        let regs =
            machine.allocatable[list].iter().filter(|&&reg| machine.callee_saved.contains(reg) == saved);
        regs.map(|&reg| preg(reg)).collect()
    };
    let by_class = |saved| [of(0, saved), of(1, saved), ra::PRegSet::empty()];
    ra::MachineEnv {
        preferred_regs_by_class: by_class(false),
        non_preferred_regs_by_class: by_class(true),
        scratch_by_class: [machine.scratch[0].map(preg), machine.scratch[1].map(preg), None],
        fixed_stack_slots: Vec::new(),
    }
}

fn operand(operand: Operand) -> ra::Operand {
    let constraint = match operand.constraint {
        Constraint::Register => OperandConstraint::Reg,
        Constraint::Anywhere => OperandConstraint::Any,
        Constraint::Fixed(number) => {
            OperandConstraint::FixedReg(preg(PReg { class: operand.reg.class(), number }))
        }
        Constraint::Same(other) => OperandConstraint::Reuse(other as usize),
    };
    let (kind, position) = match operand.access {
        Access::Use => (OperandKind::Use, OperandPos::Early),
        Access::LateUse => (OperandKind::Use, OperandPos::Late),
        Access::Def => (OperandKind::Def, OperandPos::Late),
        Access::EarlyDef => (OperandKind::Def, OperandPos::Early),
    };
    ra::Operand::new(vreg(operand.reg), constraint, kind, position)
}

impl Lists {
    /// Converts the lists of a function, and checks what selection has to keep.
    fn convert(&mut self, code: &Code, machine: &Machine) -> Result<(), AllocationError> {
        let allocatable = machine.allocatable_set();
        self.registers.clear();
        self.registers.extend(code.registers.iter().map(|&reg| vreg(reg)));
        self.successors.clear();
        self.successors.extend(code.successors.iter().map(|successor| block(successor.block)));
        self.predecessors.clear();
        self.predecessors.extend(code.predecessors.iter().map(|&number| block(number)));
        self.clobbers.clear();
        for &set in &code.clobbers {
            self.clobbers.push(intersection(set, allocatable).iter().map(preg).collect());
        }

        self.ends.clear();
        self.ends.resize(code.insts.len(), End::None);
        for number in 0..code.blocks.len() as u32 {
            self.ends[check_block(code, number)? as usize] =
                if code.successors_of(number).is_empty() { End::Return } else { End::Branch };
        }
        for inst in 0..code.insts.len() as u32 {
            check_inst(code, inst, allocatable)?;
        }
        self.operands.clear();
        self.operands.extend(code.operands.iter().map(|&it| operand(it)));
        self.check_definitions(code)?;
        self.check_order(code)
    }

    /// Whether there is one definition of each register, and one for each use.
    fn check_definitions(&mut self, code: &Code) -> Result<(), AllocationError> {
        self.homes.clear();
        self.homes.resize(code.vregs as usize, NONE);
        self.exports.clear();
        self.exports.resize(code.blocks.len(), false);
        let define =
            |homes: &mut Vec<u32>, block, inst, reg: VReg| match mem::replace(&mut homes[reg.index()], block)
            {
                NONE => Ok(()),
                _ => Err(AllocationError::at(inst, Problem::DefinedTwice(reg))),
            };
        for (number, block) in (0..).zip(&code.blocks) {
            for &param in code.params_of(number) {
                define(&mut self.homes, number, block.insts.start, param)?;
            }
            for inst in block.insts.clone() {
                for operand in code.operands_of(inst).iter().filter(|operand| operand.access.is_def()) {
                    define(&mut self.homes, number, inst, operand.reg)?;
                }
            }
        }
        for (number, block) in (0..).zip(&code.blocks) {
            for inst in block.insts.clone() {
                for operand in code.operands_of(inst).iter().filter(|operand| !operand.access.is_def()) {
                    self.check_use(number, inst, operand.reg)?;
                }
            }
            for &reg in code.successors_of(number).iter().flat_map(|edge| code.args_on(edge)) {
                self.check_use(number, block.insts.end - 1, reg)?;
            }
        }
        Ok(())
    }

    fn check_use(&mut self, block: u32, inst: u32, reg: VReg) -> Result<(), AllocationError> {
        let home = self.homes[reg.index()];
        if home == NONE {
            return Err(AllocationError::at(inst, Problem::Undefined));
        }
        self.exports[home as usize] |= home != block;
        Ok(())
    }

    /// Whether blocks come behind all that define what is live in them. They do if each comes behind a predecessor, or behind one
    /// of a predecessor that keeps what it defines to itself: then there is a way to it from the entry over such blocks and
    /// blocks before it, and all that dominate it are on that way.
    fn check_order(&self, code: &Code) -> Result<(), AllocationError> {
        for number in 1..code.blocks.len() as u32 {
            let behind_one = |block: u32| code.predecessors_of(block).iter().any(|&before| before < number);
            let between = |&before: &u32| !self.exports[before as usize] && behind_one(before);
            if !behind_one(number) && !code.predecessors_of(number).iter().any(between) {
                let last = code.blocks[number as usize].insts.end - 1;
                return Err(AllocationError::at(last, Problem::Order(number)));
            }
        }
        Ok(())
    }

    /// Whether the fast allocator can do it. It goes once over the blocks, from the last one to the first one, and takes what it
    /// has not seen used by then for what nothing uses. What a branch defines it stores in the successors, those that know of a
    /// use then: no way may lead from one of them back to between it and the branch. And if such a definition is in a register of
    /// its choice, it panics.
    fn suit_fast(&mut self, code: &Code) -> bool {
        let operands = |block: u32| code.operands_of(code.blocks[block as usize].insts.end - 1);
        let defines = |block: u32| operands(block).iter().any(|operand| operand.access.is_def());
        // Blocks before this one, the nearest ones on top, each with the last block from which it is entered: of those that are
        // entered from here or from behind, the nearest one is on top.
        self.entered.clear();
        for number in 0..code.blocks.len() as u32 {
            while self.entered.pop_if(|(_, from)| *from < number).is_some() {}
            let before = code.predecessors_of(number);
            if let &[from] = before
                && defines(from)
                && self.entered.last().is_some_and(|&(entered, _)| entered > from)
            {
                return false;
            }
            let chosen = |it: &Operand| matches!(it.constraint, Constraint::Register | Constraint::Same(_));
            let branches = !code.successors_of(number).is_empty();
            if branches && operands(number).iter().any(|operand| operand.access.is_def() && chosen(operand)) {
                return false;
            }
            self.entered.extend(before.iter().copied().max().map(|from| (number, from)));
        }
        true
    }
}

/// Checks the edges of a block; says which instruction is its last one.
fn check_block(code: &Code, number: u32) -> Result<u32, AllocationError> {
    let range = &code.blocks[number as usize].insts;
    if range.is_empty() {
        return Err(AllocationError { inst: None, problem: Problem::EmptyBlock(number) });
    }
    let last = range.end - 1;
    if number == 0 && !code.params_of(0).is_empty() {
        return Err(AllocationError::at(range.start, Problem::EntryParameters));
    }
    let edges = code.successors_of(number);
    for edge in edges {
        let (args, params) = (code.args_on(edge), code.params_of(edge.block));
        let classes = args.iter().zip(params).all(|(arg, param)| arg.class() == param.class());
        if args.len() != params.len() || !classes {
            return Err(AllocationError::at(last, Problem::Arguments(edge.block)));
        }
        if code.predecessors_of(edge.block).len() + usize::from(edge.block == 0) > 1 {
            if edges.len() > 1 {
                return Err(AllocationError::at(last, Problem::CriticalEdge(edge.block)));
            }
            if !code.operands_of(last).is_empty() {
                return Err(AllocationError::at(last, Problem::BranchOperands(edge.block)));
            }
        }
    }
    Ok(last)
}

/// Checks the constraints of an instruction.
fn check_inst(code: &Code, inst: u32, allocatable: PRegSet) -> Result<(), AllocationError> {
    let fail = |problem| Err(AllocationError::at(inst, problem));
    let operands = code.operands_of(inst);
    let mut reused = None;
    for (number, operand) in operands.iter().enumerate() {
        if let Constraint::Same(other) = operand.constraint {
            let use_of = operands.get(other as usize).filter(|it| {
                it.access == Access::Use
                    && it.constraint == Constraint::Register
                    && it.reg.class() == operand.reg.class()
            });
            match use_of {
                Some(it)
                    if operand.access == Access::Def && reused.is_none() && u32::from(other) < SAME_LIMIT =>
                {
                    reused = Some(it.reg);
                }
                _ => return fail(Problem::BadSame(number as u32)),
            }
        }
    }
    // What is taken before the instruction, and what after it.
    let (mut early, mut late) = (PRegSet::default(), intersection(code.clobbers_of(inst), allocatable));
    for operand in operands {
        let Constraint::Fixed(number) = operand.constraint else { continue };
        let reg = PReg { class: operand.reg.class(), number };
        if !allocatable.contains(reg) {
            return fail(Problem::NotAllocatable(reg));
        }
        let until_late = reused.is_some_and(|reused| reused != operand.reg);
        let (is_early, is_late) = match operand.access {
            Access::Use => (true, until_late),
            Access::LateUse | Access::EarlyDef => (true, true),
            Access::Def => (false, true),
        };
        if is_early && early.contains(reg) || is_late && late.contains(reg) {
            return fail(Problem::Conflict(reg));
        }
        early = if is_early { with(early, reg) } else { early };
        late = if is_late { with(late, reg) } else { late };
    }
    Ok(())
}

/// What an error of the crate is about: it does not say which instruction it could not do.
fn explain(error: &RegAllocError, code: &Code, machine: &Machine) -> AllocationError {
    match error {
        RegAllocError::TooManyLiveRegs => (0..code.insts.len() as u32)
            .find_map(|inst| too_many(code, inst, machine).map(|class| (inst, class)))
            .map_or(AllocationError { inst: None, problem: Problem::NotFound }, |(inst, class)| {
                AllocationError::at(inst, Problem::TooManyRegisters(class))
            }),
        RegAllocError::TooManyOperands => {
            let inst = (0..code.insts.len() as u32).max_by_key(|&inst| code.operands_of(inst).len());
            AllocationError { inst, problem: Problem::TooManyOperands }
        }
        RegAllocError::EntryLivein => AllocationError { inst: None, problem: Problem::Undefined },
        // The others are about what has been checked before.
        _ => AllocationError { inst: None, problem: Problem::NotFound },
    }
}

/// The class of which an instruction wants more registers than there are.
fn too_many(code: &Code, inst: u32, machine: &Machine) -> Option<Class> {
    let operands = code.operands_of(inst);
    let same = operands.iter().any(|operand| matches!(operand.constraint, Constraint::Same(_)));
    let clobbers = intersection(code.clobbers_of(inst), machine.allocatable_set());
    [Class::Int, Class::Vector].into_iter().find(|&class| {
        let wanted =
            operands.iter().filter(|it| it.reg.class() == class && it.constraint != Constraint::Anywhere);
        let (mut early, mut late) = (0, clobbers.iter().filter(|reg| reg.class == class).count());
        for operand in wanted {
            early += usize::from(operand.access != Access::Def);
            late += usize::from(
                operand.access != Access::Use || same && !matches!(operand.constraint, Constraint::Same(_)),
            );
        }
        early.max(late) > machine.allocatable[class as usize].len()
    })
}

/// A function as the crate wants to see it.
struct View<'a> {
    code: &'a Code,
    lists: &'a Lists,
}

impl ra::Function for View<'_> {
    fn num_insts(&self) -> usize {
        self.code.insts.len()
    }

    fn num_blocks(&self) -> usize {
        self.code.blocks.len()
    }

    fn entry_block(&self) -> ra::Block {
        block(0)
    }

    fn block_insns(&self, block: ra::Block) -> ra::InstRange {
        let range = &self.code.blocks[block.index()].insts;
        ra::InstRange::new(ra::Inst::new(range.start as usize), ra::Inst::new(range.end as usize))
    }

    fn block_succs(&self, block: ra::Block) -> &[ra::Block] {
        let range = &self.code.blocks[block.index()].successors;
        &self.lists.successors[range.start as usize..range.end as usize]
    }

    fn block_preds(&self, block: ra::Block) -> &[ra::Block] {
        let range = &self.code.blocks[block.index()].predecessors;
        &self.lists.predecessors[range.start as usize..range.end as usize]
    }

    fn block_params(&self, block: ra::Block) -> &[ra::VReg] {
        let range = &self.code.blocks[block.index()].params;
        &self.lists.registers[range.start as usize..range.end as usize]
    }

    fn is_ret(&self, inst: ra::Inst) -> bool {
        self.lists.ends[inst.index()] == End::Return
    }

    fn is_branch(&self, inst: ra::Inst) -> bool {
        self.lists.ends[inst.index()] == End::Branch
    }

    fn branch_blockparams(&self, block: ra::Block, _: ra::Inst, edge: usize) -> &[ra::VReg] {
        let range = &self.code.successors_of(block.index() as u32)[edge].args;
        &self.lists.registers[range.start as usize..range.end as usize]
    }

    fn inst_operands(&self, inst: ra::Inst) -> &[ra::Operand] {
        let range = &self.code.insts[inst.index()].operands;
        &self.lists.operands[range.start as usize..range.end as usize]
    }

    fn inst_clobbers(&self, inst: ra::Inst) -> ra::PRegSet {
        self.lists.clobbers[self.code.insts[inst.index()].clobbers as usize]
    }

    fn num_vregs(&self) -> usize {
        self.code.vregs as usize
    }

    fn spillslot_size(&self, class: ra::RegClass) -> usize {
        if class == ra::RegClass::Int { 1 } else { 2 }
    }
}

fn place(allocation: ra::Allocation) -> Place {
    if let Some(reg) = allocation.as_reg() {
        let class = if reg.class() == ra::RegClass::Int { Class::Int } else { Class::Vector };
        return Place::Register(PReg { class, number: reg.hw_enc() as u8 });
    }
    Place::Spill(allocation.as_stack().expect("every operand has a place").index() as u32)
}

/// The crate's answer in our terms. It keeps moves of a place to itself, to say that another register is there now: nobody
/// needs them here. What a branch defines the fast allocator moves after it, and again in the next block; by the crate's way to
/// go over the answer, nobody sees the former.
fn answer(code: &Code, ends: &[End], output: &ra::Output, out: &mut Allocation) {
    out.clear();
    out.spill_slots = output.num_spillslots as u32;
    out.registers.resize(code.operands.len(), Place::Spill(u32::MAX));
    for (number, inst) in code.insts.iter().enumerate() {
        let places = output.inst_allocs(ra::Inst::new(number));
        let range = inst.operands.start as usize..inst.operands.end as usize;
        for (out, &allocation) in out.registers[range].iter_mut().zip(places) {
            *out = place(allocation);
        }
    }
    for (at, ra::Edit::Move { from, to }) in
        output.edits.iter().filter(|(_, ra::Edit::Move { from, to })| from != to)
    {
        let (inst, point) = (at.inst().index(), at.pos());
        if point == ra::InstPosition::After && ends[inst] != End::None {
            continue;
        }
        let (from, to) = (place(*from), place(*to));
        let ((Place::Register(reg), _) | (_, Place::Register(reg))) = (from, to) else {
            unreachable!("the crate moves nothing from memory to memory");
        };
        let point = if point == ra::InstPosition::Before { Point::Before } else { Point::After };
        out.moves.push(Move { inst: inst as u32, point, from, to, class: reg.class });
    }
}
