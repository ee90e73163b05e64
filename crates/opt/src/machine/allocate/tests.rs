//! Random functions are allocated, checked and run; allocations that are made wrong on purpose are found; small cases for each
//! message.

use super::super::code::{
    Access, Class, Code, Constraint, MBlock, MInst, Opcode, Operand, PReg, PRegSet, Successor, VReg,
};
use super::checker::check;
use super::evaluate::Run;
use super::generate::{Random, Size, function, machine, reorder};
use super::{Allocation, Machine, Mode, Move, Place, Point, Request, Scratch, allocate, with};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const MODES: [Mode; 2] = [Mode::Backtracking, Mode::Fast];

/// A run of an allocation, some times.
fn run(code: &Code, machine: &Machine, allocation: &Allocation, times: u64) -> Result<(), (u32, u32)> {
    (0..times).try_for_each(|seed| Run::new(code, machine, allocation).run(&mut Random::new(seed), 800))
}

/// Allocates functions of a size in both modes, checks and runs them.
fn allocate_many(seeds: core::ops::Range<u64>, size: &Size) {
    let mut scratch = Scratch::default();
    let mut moves = [0; 2];
    for seed in seeds {
        let random = &mut Random::new(seed);
        let machine = machine(random);
        let mut code = function(random, &machine, size);
        if random.once_in(4) {
            code = reorder(random, &code);
        }
        for mode in MODES {
            let fail = |what: &dyn core::fmt::Display| {
                panic!("seed {seed}, {mode:?}: {what}\n{machine:?}\n{code:?}")
            };
            match allocate(mode, Request::new(&code, &machine), &mut scratch) {
                Err(error) => fail(&error),
                Ok(allocation) => {
                    moves[mode as usize] += allocation.moves.len();
                    check(&code, &machine, allocation).unwrap_or_else(|error| fail(&error));
                    run(&code, &machine, allocation, 3).unwrap_or_else(|at| fail(&format!("lost at {at:?}")));
                }
            }
        }
    }
    assert!(moves[0] < moves[1], "the fast allocator is not what it seems: {moves:?}");
}

#[test]
fn small_functions_are_allocated() {
    allocate_many(0..600, &Size { blocks: 1..6, insts: 0..6 });
}

#[test]
fn long_blocks_are_allocated() {
    allocate_many(1000..1060, &Size { blocks: 2..5, insts: 20..60 });
}

#[test]
fn large_graphs_are_allocated() {
    allocate_many(2000..2040, &Size { blocks: 30..80, insts: 0..8 });
}

/// A way to make an allocation wrong. It may find nothing to do.
type Sabotage = fn(&mut Random, &Code, &mut Allocation);

/// Picks a move of a kind.
fn pick(random: &mut Random, allocation: &Allocation, wanted: fn(&Move) -> bool) -> Option<usize> {
    let all: Vec<usize> = (0..allocation.moves.len()).filter(|&at| wanted(&allocation.moves[at])).collect();
    (!all.is_empty()).then(|| all[random.below(all.len() as u32) as usize])
}

fn any(_: &Move) -> bool {
    true
}

fn in_memory(place: Place) -> bool {
    matches!(place, Place::Spill(_))
}

/// Another slot of a class.
fn other_slot(random: &mut Random, allocation: &Allocation, class: Class) -> Place {
    let size = if class == Class::Int { 1 } else { 2 };
    Place::Spill(random.below(allocation.spill_slots / size) * size)
}

const SABOTAGES: [(&str, Sabotage); 10] = [
    ("two operands of an instruction change places", |random, code, allocation| {
        let inst = &code.insts[random.below(code.insts.len() as u32) as usize];
        if inst.operands.len() > 1 {
            let at = inst.operands.start + random.below(inst.operands.len() as u32 - 1);
            allocation.registers.swap(at as usize, at as usize + 1);
        }
    }),
    ("an operand is in another register", |random, _, allocation| {
        let at = random.below(allocation.registers.len() as u32) as usize;
        if let Place::Register(reg) = &mut allocation.registers[at] {
            reg.number = random.below(5) as u8;
        }
    }),
    ("a move is missing", |random, _, allocation| {
        if let Some(at) = pick(random, allocation, any) {
            allocation.moves.remove(at);
        }
    }),
    ("a store is missing", |random, _, allocation| {
        if let Some(at) = pick(random, allocation, |m| in_memory(m.to)) {
            allocation.moves.remove(at);
        }
    }),
    ("a reload is from another slot", |random, _, allocation| {
        if let Some(at) = pick(random, allocation, |m| in_memory(m.from)) {
            allocation.moves[at].from = other_slot(random, allocation, allocation.moves[at].class);
        }
    }),
    ("a store is to another slot", |random, _, allocation| {
        if let Some(at) = pick(random, allocation, |m| in_memory(m.to)) {
            allocation.moves[at].to = other_slot(random, allocation, allocation.moves[at].class);
        }
    }),
    ("a move is to another register", |random, _, allocation| {
        if let Some(at) = pick(random, allocation, |m| !in_memory(m.to)) {
            let number = random.below(5) as u8;
            let class = allocation.moves[at].class;
            allocation.moves[at].to = Place::Register(PReg { class, number });
        }
    }),
    ("two moves are in the wrong order", |random, _, allocation| {
        if allocation.moves.len() > 1 {
            let at = random.below(allocation.moves.len() as u32 - 1) as usize;
            let (a, b) = (allocation.moves[at], allocation.moves[at + 1]);
            allocation.moves[at] = Move { from: b.from, to: b.to, class: b.class, ..a };
            allocation.moves[at + 1] = Move { from: a.from, to: a.to, class: a.class, ..b };
        }
    }),
    ("a move is backwards", |random, _, allocation| {
        if let Some(at) = pick(random, allocation, any) {
            let m = &mut allocation.moves[at];
            (m.from, m.to) = (m.to, m.from);
        }
    }),
    ("a move comes after the instruction", |random, code, allocation| {
        if let Some(at) = pick(random, allocation, |m| m.point == Point::Before) {
            let inst = allocation.moves[at].inst;
            let last = code.blocks.iter().any(|block| block.insts.end == inst + 1);
            let next = allocation.moves.get(at + 1);
            if !last && next.is_none_or(|next| (next.inst, next.point) >= (inst, Point::After)) {
                allocation.moves[at].point = Point::After;
            }
        }
    }),
];

#[test]
fn wrong_allocations_are_found_or_do_no_harm() {
    // Of each kind: how many there were, how many were found, and how many of these go wrong on a run.
    let mut counts: BTreeMap<&str, [u32; 3]> = BTreeMap::new();
    let mut scratch = Scratch::default();
    for seed in 0..160 {
        let random = &mut Random::new(seed);
        let machine = machine(random);
        let code = function(random, &machine, &Size { blocks: 1..6, insts: 2..12 });
        let mode = MODES[seed as usize % 2];
        let right =
            allocate(mode, Request::new(&code, &machine), &mut scratch).expect("it can be done").clone();
        for (name, sabotage) in SABOTAGES {
            let mut wrong = right.clone();
            sabotage(random, &code, &mut wrong);
            // That a register is to be saved is another matter.
            wrong.callee_saved = machine.callee_saved;
            let made = Allocation { callee_saved: machine.callee_saved, ..right.clone() } != wrong;
            if !made {
                continue;
            }
            let [all, found, harmful] = counts.entry(name).or_default();
            *all += 1;
            let on_run = run(&code, &machine, &wrong, 20);
            match check(&code, &machine, &wrong) {
                Ok(()) => assert_eq!(on_run, Ok(()), "seed {seed}, {mode:?}: {name} is not found"),
                Err(_) => {
                    *found += 1;
                    *harmful += u32::from(on_run.is_err());
                }
            }
        }
    }
    let total = counts.values().fold([0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
    assert!(total[0] > 800, "too few: {counts:?}");
    assert!(total[1] * 2 > total[0], "too few are found: {counts:?}");
    assert!(total[2] * 2 > total[1], "too few that are found are wrong on a run: {counts:?}");
    for (name, _) in SABOTAGES {
        assert!(counts[name][1] >= 20, "{name}: {counts:?}");
    }
}

/// The target of the cases: `r4` and `r5` are callee-saved, `r14` is scratch.
fn case_machine() -> Machine {
    const INTS: [PReg; 6] = {
        let mut all = [PReg { class: Class::Int, number: 0 }; 6];
        let mut number = 0;
        while number < 6 {
            all[number].number = number as u8;
            number += 1;
        }
        all
    };
    const VECTORS: [PReg; 2] =
        [PReg { class: Class::Vector, number: 0 }, PReg { class: Class::Vector, number: 1 }];
    Machine {
        allocatable: [&INTS, &VECTORS],
        scratch: [Some(PReg { class: Class::Int, number: 14 }), None],
        callee_saved: PRegSet { ints: 0b11_0000, vectors: 0 },
    }
}

/// The cases of `checker.cases`, which says how to read them.
#[derive(Default)]
struct Case {
    code: Code,
    allocation: Allocation,
    /// Whether operands have places.
    placed: bool,
    /// Edges of each block, still by name.
    edges: Vec<Vec<(u32, Vec<VReg>)>>,
}

impl Case {
    fn preg(text: &str) -> PReg {
        let class = if text.starts_with('x') { Class::Vector } else { Class::Int };
        PReg { class, number: text[1..].parse().expect("a register") }
    }

    fn place(text: &str) -> Place {
        text.strip_prefix("slot").map_or_else(
            || Place::Register(Case::preg(text)),
            |slot| Place::Spill(slot.parse().expect("a slot")),
        )
    }

    fn vreg(&mut self, text: &str) -> VReg {
        let number = text.strip_prefix('%').expect("a virtual register");
        let class = if number.ends_with('x') { Class::Vector } else { Class::Int };
        let number: u32 = number.trim_end_matches('x').parse().expect("a number");
        self.code.vregs = self.code.vregs.max(number + 1);
        VReg::new(number, class)
    }

    /// A block with registers: `b1(%0 %1)`.
    fn block(&mut self, text: &str) -> (u32, Vec<VReg>) {
        let (name, list) = text.split_once('(').unwrap_or((text, ""));
        let list = list.trim_end_matches(')').split_whitespace().map(|reg| self.vreg(reg)).collect();
        (name[1..].parse().expect("a block"), list)
    }

    fn operand(&mut self, words: &[&str]) {
        let access = match words[0] {
            "use" => Access::Use,
            "late" => Access::LateUse,
            "def" => Access::Def,
            "early" => Access::EarlyDef,
            other => panic!("`{other}` is no access"),
        };
        let reg = self.vreg(words[1]);
        let constraint = match words[2] {
            "reg" => Constraint::Register,
            "any" => Constraint::Anywhere,
            other if other.starts_with("same") => Constraint::Same(other[4..].parse().expect("an operand")),
            other => Constraint::Fixed(Case::preg(other).number),
        };
        self.code.operands.push(Operand { reg, access, constraint });
        if let Some(place) = words.get(3) {
            self.placed = true;
            self.allocation.registers.push(Case::place(place.strip_prefix('@').expect("a place")));
        }
    }

    fn inst(&mut self, text: &str) {
        let (operands, edges) = text.split_once("->").unwrap_or((text, ""));
        let start = self.code.operands.len() as u32;
        let mut clobbers = PRegSet::default();
        for words in operands.split(',') {
            let words: Vec<&str> = words.split_whitespace().collect();
            match words[0] {
                "nop" => {}
                "clobber" => {
                    clobbers = words[1..].iter().fold(clobbers, |set, reg| with(set, Case::preg(reg)))
                }
                _ => self.operand(&words),
            }
        }
        let number = self.code.clobbers.len() as u32;
        self.code.clobbers.push(clobbers);
        let operands = start..self.code.operands.len() as u32;
        self.code.insts.push(MInst {
            opcode: Opcode(0),
            args: 0..0,
            operands,
            clobbers: number,
            position: 0,
            trap: None,
        });
        let edges = edges.split_inclusive(')').map(str::trim).filter(|edge| !edge.is_empty());
        let edges: Vec<_> = edges.map(|edge| self.block(edge)).collect();
        self.edges.last_mut().expect("a block").extend(edges);
        self.code.blocks.last_mut().expect("a block").insts.end += 1;
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "slots" => self.allocation.spill_slots = words[1].parse().expect("a number"),
            "saved" => {
                self.allocation.callee_saved = with(self.allocation.callee_saved, Case::preg(words[1]))
            }
            "move" | "after" => {
                let (from, to) = (Case::place(words[1]), Case::place(words[2]));
                let vector = words[1].starts_with('x') || words[2].starts_with('x');
                let class = if vector { Class::Vector } else { Class::Int };
                let next = self.code.insts.len() as u32;
                let (inst, point) =
                    if words[0] == "move" { (next, Point::Before) } else { (next - 1, Point::After) };
                self.allocation.moves.push(Move { inst, point, from, to, class });
            }
            _ if line.ends_with(':') => {
                let (_, params) = self.block(line.trim_end_matches(':'));
                let start = self.code.registers.len() as u32;
                self.code.registers.extend(params);
                let params = start..self.code.registers.len() as u32;
                let at = self.code.insts.len() as u32;
                let (insts, loop_depth, cold) = (at..at, 0, false);
                let (successors, predecessors) = (0..0, 0..0);
                self.code.blocks.push(MBlock { insts, params, successors, predecessors, loop_depth, cold });
                self.edges.push(Vec::new());
            }
            _ => self.inst(line),
        }
    }

    fn parse(text: &str) -> Case {
        let mut case = Case::default();
        case.code.clear();
        text.lines().for_each(|line| case.line(line));
        let code = &mut case.code;
        for (block, edges) in case.edges.iter().enumerate() {
            let start = code.successors.len() as u32;
            for (to, args) in edges {
                let args_start = code.registers.len() as u32;
                code.registers.extend(args);
                let args = args_start..code.registers.len() as u32;
                code.successors.push(Successor { block: *to, args });
            }
            code.blocks[block].successors = start..code.successors.len() as u32;
        }
        for block in 0..case.edges.len() {
            let start = code.predecessors.len() as u32;
            for (before, edges) in case.edges.iter().enumerate() {
                let times = edges.iter().filter(|(to, _)| *to == block as u32).count();
                code.predecessors.extend(core::iter::repeat_n(before as u32, times));
            }
            code.blocks[block].predecessors = start..code.predecessors.len() as u32;
        }
        case
    }

    /// What the checker says, or what both allocators say.
    fn answer(&self) -> String {
        let machine = case_machine();
        if self.placed {
            return check(&self.code, &machine, &self.allocation)
                .map_or_else(|it| it.to_string(), |()| "right".into());
        }
        let mut scratch = Scratch::default();
        let answers =
            MODES.map(|mode| match allocate(mode, Request::new(&self.code, &machine), &mut scratch) {
                Err(error) => error.to_string(),
                Ok(allocation) => {
                    let checked = check(&self.code, &machine, allocation);
                    checked
                        .map_or_else(|error| format!("allocated, but {error}"), |()| "allocated".to_owned())
                }
            });
        if answers[0] == answers[1] { answers[0].clone() } else { answers.join("; fast: ") }
    }
}

#[test]
fn cases() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/machine/allocate/checker.cases");
    let text = std::fs::read_to_string(path).expect("the cases are there");
    let mut out = String::new();
    for part in text.split("\n\n") {
        let is_code = |line: &&str| !line.starts_with(';') && !line.starts_with("=>") && !line.is_empty();
        let code: Vec<&str> = part.lines().filter(is_code).collect();
        let kept: Vec<&str> = part.trim_end().lines().filter(|line| !line.starts_with("=>")).collect();
        let _ = write!(out, "{}{}", if out.is_empty() { "" } else { "\n\n" }, kept.join("\n"));
        if !code.is_empty() {
            let _ = write!(out, "\n=> {}", Case::parse(&code.join("\n")).answer());
        }
    }
    out.push('\n');
    if std::env::var_os("WINDLASS_BLESS").is_some() {
        std::fs::write(path, &out).expect("the cases can be written");
    } else {
        assert_eq!(text, out, "WINDLASS_BLESS=1 writes what it is now");
    }
}
