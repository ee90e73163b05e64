//! What must be true of selected code.

use windlass_asm::x64::{Inst, Kind};
use windlass_opt::machine::code::{Arg, Code, Constraint, Part};
use windlass_opt::machine::x64::sequence::Sequence;

/// Checks that instructions are what their rows say, and that registers are defined once and before they are used.
pub fn check(code: &Code) {
    let mut defined = vec![false; code.vregs as usize];
    for (number, block) in code.blocks.iter().enumerate() {
        for param in code.params_of(number as u32) {
            assert!(!std::mem::replace(&mut defined[param.index()], true), "{param:?} is defined twice");
        }
        for inst in block.insts.clone() {
            let operands = code.operands_of(inst);
            for (at, operand) in operands.iter().enumerate() {
                if operand.access.is_def() {
                    let twice = std::mem::replace(&mut defined[operand.reg.index()], true);
                    assert!(!twice, "{:?} is defined twice", operand.reg);
                } else {
                    assert!(defined[operand.reg.index()], "{:?} is used before it is defined", operand.reg);
                }
                if let Constraint::Same(other) = operand.constraint {
                    assert!(usize::from(other) < at && !operands[usize::from(other)].access.is_def());
                    assert_eq!(operands[usize::from(other)].reg.class(), operand.reg.class());
                }
            }
            check_args(code, inst);
        }
    }
}

fn check_args(code: &Code, inst: u32) {
    let count = code.operands_of(inst).len();
    let opcode = code.insts[inst as usize].opcode;
    let part = |part: &Option<Part>| !matches!(part, Some(Part::Operand(n)) if usize::from(*n) >= count);
    for arg in code.args_of(inst) {
        match arg {
            Arg::Operand(number) => assert!(usize::from(*number) < count),
            Arg::Memory(number) => {
                let address = &code.memories[*number as usize];
                assert!(part(&address.base) && part(&address.index) && address.shift <= 3);
            }
            Arg::Constant(number) => assert!((*number as usize) < code.constants.len()),
            Arg::Block(number) => assert!((*number as usize) < code.blocks.len()),
            Arg::Fixed(_) | Arg::Immediate(_) | Arg::Number(_) => {}
        }
    }
    if Sequence::of(opcode).is_some() {
        return;
    }
    let row = Inst::from_number(opcode.0).expect("it is a row or a sequence");
    let specs: Vec<_> = row.written_operands().collect();
    assert_eq!(specs.len(), code.args_of(inst).len(), "{}", row.name());
    for (spec, arg) in specs.iter().zip(code.args_of(inst)) {
        let fits = match arg {
            Arg::Operand(_) | Arg::Fixed(_) => matches!(spec.kind, Kind::Reg | Kind::RegMem),
            Arg::Memory(_) | Arg::Constant(_) => matches!(spec.kind, Kind::Mem | Kind::RegMem),
            Arg::Immediate(value) => match spec.kind {
                Kind::Signed => {
                    spec.bits == 64 || *value >> (spec.bits - 1) == 0 || *value >> (spec.bits - 1) == -1
                }
                Kind::Unsigned => *value >= 0 && *value >> spec.bits == 0,
                _ => false,
            },
            Arg::Block(_) | Arg::Number(_) => false,
        };
        assert!(fits, "{}: {arg:?} for {spec:?}", row.name());
    }
}
