//! Labels, reaches of branches, veneers, constants, tables, relocations, and the errors of the general way.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, OpKind};
use windlass_asm::a64;
use windlass_asm::fields::Operand as Field;
use windlass_asm::s390x;
use windlass_asm::x64::{
    Assembler, Cond, EncodeError, Gpr, Label, LinkError, Mem, Operand, RelocKind, Scale, Xmm, inst,
};

/// The instructions from `at` on.
fn decode(code: &[u8], at: usize) -> impl Iterator<Item = Instruction> + '_ {
    let mut decoder = Decoder::with_ip(64, &code[at..], at as u64, DecoderOptions::NONE);
    std::iter::from_fn(move || decoder.can_decode().then(|| decoder.decode()))
}

/// Where the branch at `at` leads.
fn branch_target(code: &[u8], at: usize) -> u64 {
    let branch = decode(code, at).next().expect("an instruction");
    assert!(!matches!(branch.flow_control(), FlowControl::Next), "{branch:?} is a branch");
    branch.near_branch_target()
}

/// Where the `rip`-relative operand of the instruction at `at` leads.
fn data_target(code: &[u8], at: usize) -> u64 {
    let access = decode(code, at).next().expect("an instruction");
    assert!(access.is_ip_rel_memory_operand());
    access.ip_rel_memory_address()
}

#[test]
fn backward_jumps_are_short_as_far_as_they_reach() {
    for (gap, long) in [(0, false), (125, false), (126, false), (127, true), (128, true), (100_000, true)] {
        let mut asm = Assembler::new();
        let label = asm.new_label();
        asm.bind(label);
        asm.nops(gap);
        asm.jmp(label);
        let cond_at = asm.offset() as usize;
        asm.jcc(Cond::LE, label);
        let length = asm.offset() as usize - gap as usize;
        asm.finish_function(1).expect("everything is bound");
        assert_eq!(branch_target(asm.bytes(), gap as usize), 0, "gap {gap}");
        assert_eq!(branch_target(asm.bytes(), cond_at), 0, "gap {gap}");
        assert_eq!(cond_at - gap as usize, if long { 5 } else { 2 }, "gap {gap}");
        // The second jump lies behind the first one.
        let second_long = gap as usize + cond_at - gap as usize + 2 > 128;
        assert_eq!(length, (if long { 5 } else { 2 }) + if second_long { 6 } else { 2 }, "gap {gap}");
    }
}

#[test]
fn forward_jumps_are_long_unless_the_caller_knows_better() {
    for (gap, reaches) in [(0, true), (126, true), (127, true), (128, false), (1000, false)] {
        let mut asm = Assembler::new();
        let (near, far) = (asm.new_label(), asm.new_label());
        asm.jcc(Cond::A, far);
        asm.jmp(far);
        asm.call(far);
        asm.jcc_short(Cond::NO, near);
        let gap_at = asm.offset();
        asm.nops(gap);
        asm.bind(near);
        asm.bind(far);
        let end = u64::from(asm.offset());
        let finished = asm.finish_function(1);
        if reaches {
            assert_eq!(finished, Ok(()));
            for at in [0, 6, 11, 16] {
                assert_eq!(branch_target(asm.bytes(), at), end, "gap {gap}, jump at {at}");
            }
        } else {
            assert_eq!(finished, Err(LinkError::OutOfRange { at: gap_at - 1, displacement: i64::from(gap) }));
        }
    }
}

#[test]
fn conditions_are_numbered_as_the_processor_does() {
    for cond in Cond::ALL {
        let mut asm = Assembler::new();
        let label = asm.new_label();
        asm.jcc(cond, label);
        asm.setcc(cond, Gpr::RSI);
        asm.cmov32(cond, Gpr::RAX, Gpr::R9);
        asm.cmov64(cond, Gpr::RAX, Gpr::R9);
        asm.jcc_short(cond.invert(), label);
        asm.bind(label);
        asm.jcc(cond, label);
        asm.finish_function(1).expect("everything is bound");
        let decoded: Vec<_> = decode(asm.bytes(), 0).map(|inst| inst.condition_code()).collect();
        let this = decoded[0];
        assert_eq!(this as u8, cond as u8 + 1, "{cond:?}");
        assert_eq!(decoded[..4], [this; 4]);
        assert_eq!(decoded[4] as u8, cond.invert() as u8 + 1);
        assert_eq!(decoded[5], this);
    }
}

#[test]
fn a_label_that_is_never_bound_is_an_error_and_the_next_function_is_none_the_worse() {
    let mut asm = Assembler::new();
    let label = asm.new_label();
    asm.op(inst::NOP);
    asm.jmp(label);
    let error = asm.finish_function(16).expect_err("the label is not bound");
    assert!(matches!(error, LinkError::Unbound { at: 2, .. }), "{error}");
    assert!(error.to_string().contains("never bound"));
    let start = asm.offset();
    assert_eq!(start, 16);
    let label: Label = asm.new_label();
    asm.jmp(label);
    asm.bind(label);
    asm.finish_function(16).expect("everything is bound");
    assert_eq!(branch_target(asm.bytes(), 16), 21);
    assert!(asm.bytes()[21..].iter().all(|&byte| byte == 0xCC));
}

#[test]
fn constants_are_shared_aligned_and_behind_the_code() {
    let mut asm = Assembler::new();
    let four = asm.constant(&1.5f32.to_le_bytes());
    let sixteen = asm.constant(&[7; 16]);
    let eight = asm.constant(&2.5f64.to_le_bytes());
    assert_eq!(asm.constant(&1.5f32.to_le_bytes()), four);
    assert_ne!(asm.constant(&[7; 8]), sixteen);
    assert_ne!(asm.constant(&[0; 8]), asm.constant(&[0; 4]));
    let mut at = Vec::new();
    for (label, inst) in [(four, inst::VADDSS), (eight, inst::VADDSD), (sixteen, inst::VPADDB)] {
        at.push((asm.offset() as usize, label));
        asm.rrm(inst, Xmm::new(1), Xmm::new(2), Mem::rip(label));
    }
    // With an immediate behind the displacement, and with an offset.
    at.push((asm.offset() as usize, sixteen));
    asm.rmi(inst::VPSHUFD, Xmm::new(9), Mem::rip(sixteen).offset(0), 0x1B);
    let offset_at = asm.offset() as usize;
    asm.mi(inst::CMP32_RM_I, Mem::rip(sixteen).offset(12), 0x12345);
    asm.op(inst::RET);
    let code_end = asm.offset();
    asm.flush_constants();
    let places: Vec<_> = at.iter().map(|&(at, label)| (at, u64::from(asm.offset_of(label)))).collect();
    let sixteen_at = u64::from(asm.offset_of(sixteen));
    asm.finish_function(32).expect("everything is bound");
    for (at, place) in places {
        assert_eq!(data_target(asm.bytes(), at), place);
        assert!(place >= u64::from(code_end));
    }
    assert_eq!(data_target(asm.bytes(), offset_at), sixteen_at + 12);
    assert_eq!(sixteen_at % 16, 0);
    assert_eq!(asm.bytes()[sixteen_at as usize..][..16], [7; 16]);
    assert_eq!(asm.offset() % 32, 0);
}

#[test]
fn jump_tables_hold_distances() {
    let mut asm = Assembler::new();
    let (table, a, b) = (asm.new_label(), asm.new_label(), asm.new_label());
    asm.lea_label(Gpr::RAX, table);
    asm.rm(inst::MOVSXD64_R_RM32, Gpr::RCX, Mem::indexed(Gpr::RAX, Gpr::RCX, Scale::Four, 0));
    asm.bind(a);
    asm.op(inst::UD2);
    asm.align(4);
    asm.bind(table);
    for label in [a, b, table] {
        asm.table_entry(label, table);
    }
    asm.bind(b);
    let offsets = [a, b, table].map(|label| asm.offset_of(label));
    asm.finish_function(1).expect("everything is bound");
    assert_eq!(data_target(asm.bytes(), 0), u64::from(offsets[2]));
    for (i, offset) in offsets.into_iter().enumerate() {
        let entry = &asm.bytes()[offsets[2] as usize + 4 * i..][..4];
        let distance = i32::from_le_bytes(entry.try_into().expect("four bytes"));
        assert_eq!(distance, offset as i32 - offsets[2] as i32);
    }
}

#[test]
fn relocations_tell_where_the_displacement_lies() {
    let mut asm = Assembler::new();
    asm.op(inst::NOP);
    asm.call_reloc(7);
    asm.jmp_reloc(8);
    asm.call_slot_reloc(9);
    let recorded: Vec<_> = asm.relocs().iter().map(|reloc| (reloc.at, reloc.kind, reloc.key)).collect();
    assert_eq!(recorded, [(2, RelocKind::Call, 7), (7, RelocKind::Jump, 8), (13, RelocKind::SlotCall, 9)]);
    for &(at, ..) in &recorded {
        let end = i64::from(at) + 4;
        asm.patch32(at, (0x1000 - end) as u32);
    }
    assert_eq!(branch_target(asm.bytes(), 1), 0x1000);
    assert_eq!(branch_target(asm.bytes(), 6), 0x1000);
    assert_eq!(data_target(asm.bytes(), 11), 0x1000);
    asm.clear();
    assert!(asm.relocs().is_empty() && asm.bytes().is_empty());
}

#[test]
fn values_are_set_in_the_shortest_way() {
    for (value, length) in [
        (0, 5),
        (1, 5),
        (u64::from(u32::MAX), 5),
        (u64::MAX, 7),
        (i64::from(i32::MIN) as u64, 7),
        (1 << 32, 10),
        (i64::from(i32::MIN) as u64 - 1, 10),
        (u64::MAX >> 1, 10),
    ] {
        let mut asm = Assembler::new();
        asm.mov_ri64(Gpr::RDX, value);
        assert_eq!(asm.offset(), length, "{value:#x}");
        let decoded = decode(asm.bytes(), 0).next().expect("an instruction");
        let read = match decoded.op1_kind() {
            OpKind::Immediate32 => u64::from(decoded.immediate32()),
            _ => decoded.immediate(1),
        };
        assert_eq!(read, value);
    }
}

#[test]
fn fillers_are_as_long_as_asked() {
    for count in 0..40 {
        let mut asm = Assembler::new();
        asm.nops(count);
        assert_eq!(asm.offset(), count);
        let lengths: Vec<_> = decode(asm.bytes(), 0).map(|inst| (inst.mnemonic(), inst.len())).collect();
        assert!(lengths.iter().all(|&(mnemonic, _)| mnemonic == iced_x86::Mnemonic::Nop), "{lengths:?}");
        assert_eq!(lengths.len(), count.div_ceil(9) as usize);
    }
}

#[test]
fn the_fast_paths_and_the_general_way_agree() {
    let (a, b, c, d) = (Xmm::new(1), Xmm::new(10), Xmm::new(3), Xmm::new(12));
    let (g, h, k) = (Gpr::RSI, Gpr::R13, Gpr::RCX);
    let mem = Mem::indexed(Gpr::R12, Gpr::R9, Scale::Two, -300);
    let mut fast = Assembler::new();
    let mut general = Assembler::new();
    let mut emit = |inst, operands: &[Operand]| general.emit(inst, operands).expect("the operands fit");
    fast.op(inst::CQO);
    emit(inst::CQO, &[]);
    fast.r(inst::SHL32_RM_CL, h);
    emit(inst::SHL32_RM_CL, &[h.into(), Gpr::RCX.into()]);
    fast.rr(inst::MOV8_RM_R, g, h);
    emit(inst::MOV8_RM_R, &[g.into(), h.into()]);
    fast.rrr(inst::SHLX64, g, h, k);
    emit(inst::SHLX64, &[g.into(), h.into(), k.into()]);
    fast.rmr(inst::SHLX32, g, mem, k);
    emit(inst::SHLX32, &[g.into(), mem.into(), k.into()]);
    fast.rrrr(inst::VBLENDVPS, a, b, c, d);
    emit(inst::VBLENDVPS, &[a.into(), b.into(), c.into(), d.into()]);
    fast.rrmr(inst::VPBLENDVB, a, b, mem, d);
    emit(inst::VPBLENDVB, &[a.into(), b.into(), mem.into(), d.into()]);
    fast.i(inst::PUSH_I, 1000);
    emit(inst::PUSH_I, &[1000.into()]);
    fast.ri(inst::ADD64_RM_I, h, -128);
    emit(inst::ADD64_RM_I, &[h.into(), (-128).into()]);
    fast.rri(inst::VPSLLD_I, a, b, 9);
    emit(inst::VPSLLD_I, &[a.into(), b.into(), 9.into()]);
    fast.rrri(inst::VSHUFPS, a, b, c, 0xE4);
    emit(inst::VSHUFPS, &[a.into(), b.into(), c.into(), 0xE4.into()]);
    fast.m(inst::INC32_RM, mem);
    emit(inst::INC32_RM, &[mem.into()]);
    fast.rm(inst::MOVZX32_R_RM8, k, mem);
    emit(inst::MOVZX32_R_RM8, &[k.into(), mem.into()]);
    fast.mr(inst::LOCK_XADD64_RM_R, mem, g);
    emit(inst::LOCK_XADD64_RM_R, &[mem.into(), g.into()]);
    fast.rrm(inst::VFMADD213SD, a, b, mem);
    emit(inst::VFMADD213SD, &[a.into(), b.into(), mem.into()]);
    fast.mi(inst::MOV16_RM_I, mem, -2);
    emit(inst::MOV16_RM_I, &[mem.into(), (-2).into()]);
    fast.rmi(inst::IMUL32_R_RM_I, k, mem, 1000);
    emit(inst::IMUL32_R_RM_I, &[k.into(), mem.into(), 1000.into()]);
    fast.mri(inst::VPEXTRB, mem, b, 15);
    emit(inst::VPEXTRB, &[mem.into(), b.into(), 15.into()]);
    fast.rrmi(inst::VPINSRW, a, b, mem, 7);
    emit(inst::VPINSRW, &[a.into(), b.into(), mem.into(), 7.into()]);
    assert_eq!(fast.bytes(), general.bytes());
    assert!(decode(fast.bytes(), 0).all(|inst| !inst.is_invalid()));
}

#[test]
fn the_general_way_refuses_what_does_not_fit() {
    let (g, x) = (Operand::from(Gpr::RAX), Operand::from(Xmm::new(0)));
    let mem = Operand::from(Mem::base(Gpr::RAX, 0));
    let mut asm = Assembler::new();
    let label = Operand::from(asm.new_label());
    let cases: [(_, &[Operand], Option<usize>); 14] = [
        (inst::ADD32_R_RM, &[g], None),
        (inst::ADD32_R_RM, &[g, g, g], None),
        (inst::CQO, &[g, g], None),
        (inst::ADD32_R_RM, &[g, x], Some(1)),
        (inst::ADD32_R_RM, &[mem, g], Some(0)),
        (inst::LEA64, &[g, g], Some(1)),
        (inst::VADDSS, &[x, g, x], Some(1)),
        (inst::ADD64_RM_I, &[g, (1i64 << 31).into()], Some(1)),
        (inst::ADD8_RM_I, &[g, 256.into()], Some(1)),
        (inst::SHL32_RM_I, &[g, (-1).into()], Some(1)),
        (inst::SHL32_RM_CL, &[g, Gpr::RDX.into()], Some(1)),
        (inst::JMP_REL, &[4.into()], Some(0)),
        (inst::MOV32_R_RM, &[g, label], Some(1)),
        (inst::RET_I, &[65536.into()], Some(0)),
    ];
    for (inst, operands, wrong) in cases {
        match asm.emit(inst, operands) {
            Err(EncodeError::Count { expected, given, .. }) => {
                assert_eq!((wrong, given), (None, operands.len()), "{}", inst.name());
                assert_ne!(expected, given);
            }
            Err(EncodeError::Operand { index, given, .. }) => {
                assert_eq!(Some(index), wrong, "{}", inst.name());
                assert_eq!(given, operands[index]);
            }
            Ok(()) => panic!("{} takes {operands:?}", inst.name()),
        }
    }
    assert!(asm.bytes().is_empty(), "what is refused leaves no bytes");
}

/// The displacement of an aarch64 branch with `bits` bits from bit `shift` on.
fn a64_target(code: &[u8], at: u32, shift: u32, bits: u32) -> i64 {
    let word = i32::from_le_bytes(code[at as usize..][..4].try_into().expect("four bytes"));
    let field = i64::from(word << (32 - bits - shift) >> (32 - bits));
    i64::from(at) + 4 * field
}

/// Follows a jump of 26 bits, if there is one.
fn a64_follow(code: &[u8], at: i64) -> i64 {
    let word = u32::from_le_bytes(code[at as usize..][..4].try_into().expect("four bytes"));
    if word >> 26 == 0b000101 { a64_target(code, at as u32, 0, 26) } else { at }
}

fn a64_fill(asm: &mut a64::Assembler, until: u32) {
    while asm.buffer().offset() < until {
        asm.emit(a64::inst::NOP, &[]).expect("it has no operands");
    }
}

const A64_TBZ: [Field; 2] = [a64::x(3), Field::Imm(40)];

#[test]
fn short_branches_of_aarch64_lead_over_veneers() {
    // Once just in reach, and far beyond.
    for (distance, over_veneer) in [(32_000, false), (40_000, true), (200_000, true)] {
        let mut asm = a64::Assembler::new();
        let (ahead, behind) = (asm.new_label(), asm.new_label());
        asm.bind(behind);
        let mut sites = Vec::new();
        for _ in 0..5 {
            sites.push(asm.buffer().offset());
            asm.emit(a64::inst::TBZ, &[A64_TBZ[0], A64_TBZ[1], Field::Label(ahead)]).expect("a branch");
        }
        a64_fill(&mut asm, distance);
        let back = asm.buffer().offset();
        asm.emit(a64::inst::TBZ, &[A64_TBZ[0], A64_TBZ[1], Field::Label(behind)]).expect("a branch");
        asm.emit(a64::inst::RET, &[a64::x(30)]).expect("a return");
        asm.bind(ahead);
        let end = i64::from(asm.buffer().offset_of(ahead));
        asm.emit(a64::inst::RET, &[a64::x(30)]).expect("a return");
        asm.finish_function(16).expect("veneers reach");
        for at in sites {
            let first = a64_target(asm.bytes(), at, 5, 14);
            assert_eq!(first == end, !over_veneer, "distance {distance}");
            assert_eq!(a64_follow(asm.bytes(), first), end);
        }
        let first = a64_target(asm.bytes(), back, 5, 14);
        assert_eq!(first == 0, !over_veneer, "distance {distance}");
        assert_eq!(a64_follow(asm.bytes(), first), 0);
    }
}

#[test]
fn islands_are_jumped_over_and_carry_the_constants() {
    let mut asm = a64::Assembler::new();
    let ahead = asm.new_label();
    let constant = asm.buffer_mut().constant(&0x1122_3344_5566_7788u64.to_le_bytes());
    let load_at = asm.buffer().offset();
    asm.emit(a64::inst::LDR64_LIT, &[a64::x(1), Field::Label(constant)]).expect("a load");
    asm.emit(a64::inst::TBZ, &[A64_TBZ[0], A64_TBZ[1], Field::Label(ahead)]).expect("a branch");
    a64_fill(&mut asm, 1 << 16);
    // Behind the island the same constant is another one.
    let again = asm.buffer_mut().constant(&0x1122_3344_5566_7788u64.to_le_bytes());
    assert_ne!(constant, again);
    asm.emit(a64::inst::LDR64_LIT, &[a64::x(1), Field::Label(again)]).expect("a load");
    asm.bind(ahead);
    asm.emit(a64::inst::RET, &[a64::x(30)]).expect("a return");
    asm.finish_function(16).expect("veneers reach");
    let place = a64_target(asm.bytes(), load_at, 5, 19);
    assert!((20_000..33_000).contains(&place), "the constant is in the island, at {place}");
    assert_eq!(place % 8, 0);
    assert_eq!(asm.bytes()[place as usize..][..8], 0x1122_3344_5566_7788u64.to_le_bytes());
    // All code is executed in order: from the start every word is a no-op, or jumps over the island.
    let (mut at, mut jumps) = (8, 0);
    while at < 1 << 16 {
        let next = a64_follow(asm.bytes(), at);
        jumps += i32::from(next != at);
        at = if next == at { at + 4 } else { next };
    }
    assert_eq!(jumps, 1);
}

#[test]
fn the_longer_branches_of_aarch64_reach_their_limits() {
    let limit = 1 << 20;
    for (inst, operands) in
        [(a64::inst::BCOND, &[Field::Imm(3)][..]), (a64::inst::CBZ64, &[a64::x(9)]), (a64::inst::B, &[])]
    {
        let long = inst == a64::inst::B;
        let mut asm = a64::Assembler::new();
        let label = asm.new_label();
        let mut all = operands.to_vec();
        all.push(Field::Label(label));
        asm.emit(inst, &all).expect("a branch");
        a64_fill(&mut asm, limit + 16);
        asm.bind(label);
        let end = i64::from(asm.buffer().offset());
        asm.emit(a64::inst::NOP, &[]).expect("it has no operands");
        asm.finish_function(4).expect("everything is in reach");
        if long {
            assert_eq!(a64_target(asm.bytes(), 0, 0, 26), end);
        } else {
            let first = a64_target(asm.bytes(), 0, 5, 19);
            assert!(first < i64::from(limit), "{inst:?} leads over a veneer");
            assert_eq!(a64_follow(asm.bytes(), first), end);
        }
    }
}

#[test]
fn short_branches_of_s390x_lead_over_veneers() {
    for (distance, over_veneer) in [(60_000u32, false), (100_000, true)] {
        let mut asm = s390x::Assembler::new();
        let ahead = asm.new_label();
        asm.emit(s390x::inst::CGRJ, &[Field::Imm(8), s390x::r(2), s390x::r(3), Field::Label(ahead)])
            .expect("a branch");
        let count_at = asm.buffer().offset() as usize;
        asm.emit(s390x::inst::BRCTG, &[s390x::r(2), Field::Label(ahead)]).expect("a branch");
        while asm.buffer().offset() < distance {
            asm.emit(s390x::inst::LR, &[s390x::r(1), s390x::r(1)]).expect("a move");
        }
        asm.bind(ahead);
        let end = i64::from(asm.buffer().offset());
        asm.emit(s390x::inst::BR, &[s390x::r(14)]).expect("a return");
        asm.finish_function(8).expect("veneers reach");
        let code = asm.bytes();
        for at in [0, count_at] {
            let short = i16::from_be_bytes(code[at + 2..][..2].try_into().expect("two bytes"));
            let mut target = at as i64 + 2 * i64::from(short);
            assert_eq!(target == end, !over_veneer, "distance {distance}");
            if over_veneer {
                let veneer = &code[target as usize..][..6];
                assert_eq!(veneer[..2], [0xC0, 0xF4]);
                target += 2 * i64::from(i32::from_be_bytes(veneer[2..].try_into().expect("four bytes")));
            }
            assert_eq!(target, end);
        }
    }
}

#[test]
fn machines_of_fields_record_relocations_too() {
    let mut asm = a64::Assembler::new();
    asm.emit(a64::inst::NOP, &[]).expect("it has no operands");
    asm.emit(a64::inst::BL, &[Field::Outside(42)]).expect("a call");
    let reloc = asm.buffer().relocs()[0];
    assert_eq!((reloc.at, reloc.kind, reloc.key), (4, a64::inst::BL, 42));
}

/// Loads of constants keep their reach while branches come and go and constants pile up.
#[test]
fn constants_of_aarch64_stay_in_reach() {
    let mut asm = a64::Assembler::new();
    let mut loads = Vec::new();
    for i in 0..30_000u64 {
        let constant = asm.buffer_mut().constant(&(i / 3).to_le_bytes());
        asm.emit(a64::inst::LDR64_LIT, &[a64::x(1), Field::Label(constant)]).expect("a load");
        loads.push((asm.buffer().offset() - 4, i / 3));
        let next = asm.new_label();
        asm.emit(a64::inst::TBZ, &[A64_TBZ[0], A64_TBZ[1], Field::Label(next)]).expect("a branch");
        let until = asm.buffer().offset() + 60;
        a64_fill(&mut asm, until);
        asm.bind(next);
    }
    asm.finish_function(16).expect("islands are near enough");
    for (at, value) in loads {
        let place = a64_target(asm.bytes(), at, 5, 19) as usize;
        assert_eq!(asm.bytes()[place..place + 8], value.to_le_bytes(), "the load at {at}");
    }
}

/// Branches of all reaches to labels anywhere in a large function: each arrives, over as many jumps as it takes.
#[test]
fn any_mixture_of_branches_arrives() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut asm = a64::Assembler::new();
    let labels: Vec<_> = (0..500).map(|_| asm.new_label()).collect();
    let mut sites = Vec::new();
    for i in 0..labels.len() {
        asm.bind(labels[i]);
        for _ in 0..random(40) {
            let label = Field::Label(labels[random(labels.len() as u64) as usize]);
            let (bits, inst, operands) = match random(3) {
                0 => (14, a64::inst::TBZ, vec![A64_TBZ[0], A64_TBZ[1], label]),
                1 => (19, a64::inst::CBZ64, vec![a64::x(1), label]),
                _ => (26, a64::inst::B, vec![label]),
            };
            asm.emit(inst, &operands).expect("a branch");
            // An island may have come before the branch.
            sites.push((asm.buffer().offset() - 4, bits, label));
        }
        let until = asm.buffer().offset() + 4 * random(2000) as u32;
        a64_fill(&mut asm, until);
    }
    let offset_of = |label| asm.buffer().offset_of(label);
    let targets: Vec<_> = sites
        .iter()
        .map(|&(.., label)| match label {
            Field::Label(label) => i64::from(offset_of(label)),
            other => panic!("{other:?} is no label"),
        })
        .collect();
    asm.finish_function(16).expect("veneers reach");
    assert!(asm.bytes().len() > 1 << 20, "the function is larger than the middle reach");
    let (mut direct, mut led) = (0, 0);
    for (&(at, bits, _), target) in sites.iter().zip(targets) {
        let shift = if bits == 26 { 0 } else { 5 };
        let mut place = a64_target(asm.bytes(), at, shift, bits);
        let mut jumps = 0;
        while place != target {
            let next = a64_follow(asm.bytes(), place);
            assert!(next != place && jumps < 3, "the branch at {at} leads to {place}, not to {target}");
            place = next;
            jumps += 1;
        }
        if jumps == 0 { direct += 1 } else { led += 1 }
    }
    assert!(direct > 1000 && led > 1000, "{direct} direct branches, {led} over veneers");
}
