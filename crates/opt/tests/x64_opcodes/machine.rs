//! What rows of the instruction table mean, as far as selection of floats and vectors uses them: runs a function of one block.
//!
//! It is written from the processor's manual, so that it judges what selection has made of the meaning of opcodes.

use std::array::from_fn;
use windlass_abi::num::{self, V128};
use windlass_asm::x64::inst::*;
use windlass_asm::x64::{Cond, Inst, OperandSpec};
use windlass_opt::machine::code::{Arg, Class, Code, Constraint, Operand};
use windlass_opt::machine::x64::sequence::Sequence;

/// What every memory operand reads.
pub const MEMORY: [u8; 16] =
    [0x00, 0x00, 0xc0, 0x3f, 0x81, 0x7f, 0x02, 0xc1, 0x10, 0xfe, 0x33, 0x80, 0x00, 0x00, 0x20, 0x41];

/// The flags that comparisons of floats and tests of vectors set.
#[derive(Clone, Copy, Default)]
struct Flags {
    zero: bool,
    parity: bool,
    carry: bool,
}

impl Flags {
    fn holds(self, cond: u32) -> Option<bool> {
        let (cond, inverted) = (Cond::ALL[cond as usize & !1], cond & 1 != 0);
        let holds = match cond {
            Cond::B => self.carry,
            Cond::E => self.zero,
            Cond::BE => self.carry || self.zero,
            Cond::P => self.parity,
            _ => return None,
        };
        Some(holds != inverted)
    }

    fn of_floats(order: Option<std::cmp::Ordering>) -> Flags {
        let unordered = order.is_none();
        let is = |which| unordered || order == Some(which);
        Flags { zero: is(std::cmp::Ordering::Equal), parity: unordered, carry: is(std::cmp::Ordering::Less) }
    }
}

/// Runs a function: parameters by class, then in order. `None` if there is an instruction that is not known here.
pub fn run(code: &Code, ints: &[u128], vectors: &[u128]) -> Option<u128> {
    let mut regs = vec![0u128; code.vregs as usize];
    let mut flags = Flags::default();
    for inst in code.blocks[0].insts.clone() {
        let (opcode, operands) = (code.insts[inst as usize].opcode, code.operands_of(inst));
        let args = code.args_of(inst);
        let Some(sequence) = Sequence::of(opcode) else {
            row(code, Inst::from_number(opcode.0)?, operands, args, &mut regs, &mut flags)?;
            continue;
        };
        let set = match (sequence, args) {
            (Sequence::Entry, _) => {
                for operand in operands {
                    let Constraint::Fixed(number) = operand.constraint else { return None };
                    let order = windlass_abi::native::X86_64.int_params;
                    regs[operand.reg.index()] = match operand.reg.class() {
                        Class::Int => ints[order.iter().position(|reg| *reg == number)?],
                        Class::Vector => vectors[usize::from(number)],
                    };
                }
                continue;
            }
            (Sequence::Return, _) => return Some(regs[operands.first()?.reg.index()]),
            (Sequence::Zero, _) => 0,
            (Sequence::Ones, _) => u128::MAX,
            (Sequence::Move, _) => regs[operands[1].reg.index()],
            (Sequence::Set, [Arg::Number(cond)]) => flags.holds(*cond)?.into(),
            (Sequence::SetEqual, _) => (flags.zero && !flags.parity).into(),
            (Sequence::SetNotEqual, _) => (!flags.zero || flags.parity).into(),
            (Sequence::FloatMin | Sequence::FloatMax, [Arg::Number(bits)]) => {
                let [a, b] = [1, 2].map(|n| regs[operands[n].reg.index()] as u64);
                let min = sequence == Sequence::FloatMin;
                let [a32, b32] = [a, b].map(|x| f32::from_bits(x as u32));
                let [a64, b64] = [a, b].map(f64::from_bits);
                match (*bits, min) {
                    (32, true) => num::f32_min(a32, b32).to_bits().into(),
                    (32, false) => num::f32_max(a32, b32).to_bits().into(),
                    (_, true) => num::f64_min(a64, b64).to_bits().into(),
                    (_, false) => num::f64_max(a64, b64).to_bits().into(),
                }
            }
            _ => return None,
        };
        regs[operands[0].reg.index()] = set;
    }
    None
}

/// Runs an instruction of the table.
fn row(
    code: &Code,
    inst: Inst,
    operands: &[Operand],
    args: &[Arg],
    regs: &mut [u128],
    flags: &mut Flags,
) -> Option<()> {
    let specs: Vec<&OperandSpec> = inst.written_operands().collect();
    let mut target = None;
    let mut x: Vec<V128> = Vec::new();
    let mut imm = 0;
    for (spec, arg) in specs.iter().zip(args) {
        let bytes = match arg {
            Arg::Operand(number) => {
                let operand = operands[usize::from(*number)];
                if operand.access.is_def() {
                    target = Some((operand.reg.index(), **spec));
                    match operand.constraint {
                        Constraint::Same(other) => regs[operands[usize::from(other)].reg.index()],
                        _ => continue,
                    }
                } else {
                    regs[operand.reg.index()]
                }
            }
            Arg::Memory(_) => low(u128::from_le_bytes(MEMORY), spec.mem_bits),
            Arg::Constant(number) => {
                low(u128::from_le_bytes(code.constants[*number as usize]), spec.mem_bits)
            }
            Arg::Immediate(value) => {
                imm = *value as u64;
                continue;
            }
            _ => return None,
        };
        x.push(V128(bytes.to_le_bytes()));
    }
    let Some((target, spec)) = target else {
        *flags = compare(inst, x[0], *x.get(1)?)?;
        return Some(());
    };
    let result = u128::from_le_bytes(vector(inst, &x, imm)?.0);
    // Registers of integers are zero-extended.
    let class_bits = if spec.bank == windlass_asm::x64::Bank::Gpr { spec.bits } else { 128 };
    regs[target] = low(result, class_bits);
    Some(())
}

fn low(value: u128, bits: u16) -> u128 {
    if bits >= 128 { value } else { value & ((1 << bits) - 1) }
}

fn compare(inst: Inst, a: V128, b: V128) -> Option<Flags> {
    let (x, y) = (u128::from_le_bytes(a.0), u128::from_le_bytes(b.0));
    Some(match inst {
        VUCOMISS => Flags::of_floats(a.to_f32x4()[0].partial_cmp(&b.to_f32x4()[0])),
        VUCOMISD => Flags::of_floats(a.to_f64x2()[0].partial_cmp(&b.to_f64x2()[0])),
        VPTEST => Flags { zero: x & y == 0, parity: false, carry: !x & y == 0 },
        _ => return None,
    })
}

/// Ones where a predicate of `vcmpps` holds.
fn holds(order: Option<std::cmp::Ordering>, predicate: u64) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match predicate {
        0 => order == Some(Equal),
        1 => order == Some(Less),
        2 => matches!(order, Some(Less | Equal)),
        3 => order.is_none(),
        4 => order != Some(Equal),
        7 => order.is_some(),
        13 => matches!(order, Some(Greater | Equal)),
        _ => panic!("selection has no other predicate"),
    }
}

/// The result of a row, of which `x` is what it reads in the order of its operands.
fn vector(inst: Inst, x: &[V128], imm: u64) -> Option<V128> {
    let at = |n: usize| x.get(n).copied().unwrap_or(V128([0; 16]));
    let (a, b, c) = (at(0), at(1), at(2));
    let whole = |v: V128| u128::from_le_bytes(v.0);
    let of = |value: u128| V128(value.to_le_bytes());
    let (i8a, i8b) = (a.to_i8x16(), b.to_i8x16());
    let (u8a, u8b) = (a.to_u8x16(), b.to_u8x16());
    let (i16a, i16b) = (a.to_i16x8(), b.to_i16x8());
    let (u16a, u16b) = (a.to_u16x8(), b.to_u16x8());
    let (i32a, i32b) = (a.to_i32x4(), b.to_i32x4());
    let (u32a, u32b) = (a.to_u32x4(), b.to_u32x4());
    let (u64a, u64b) = (a.to_u64x2(), b.to_u64x2());
    let (f32a, f32b) = (a.to_f32x4(), b.to_f32x4());
    let (f64a, f64b) = (a.to_f64x2(), b.to_f64x2());
    // A scalar result: the upper lanes are the first operand's.
    let single = |x: f32| V128::from_f32x4([x, f32a[1], f32a[2], f32a[3]]);
    let double = |x: f64| V128::from_f64x2([x, f64a[1]]);
    // The count of a shift: what it is in 64 bits, or the immediate.
    let count = if x.len() > 1 { u64b[0] } else { imm }.min(255) as u32;
    let lane = imm as usize;
    let chosen = |shift: u32| (imm >> shift) as usize & 3;
    let interleave = |size: usize, high: usize| -> [u8; 16] {
        from_fn(|i| {
            let (element, within) = (i / size, i % size);
            let byte = high * 8 + element / 2 * size + within;
            if element % 2 == 0 { u8a[byte] } else { u8b[byte] }
        })
    };
    let round32 = |x: f32| match imm {
        8 => num::f32_nearest(x),
        9 => num::f32_floor(x),
        10 => num::f32_ceil(x),
        _ => num::f32_trunc(x),
    };
    let round64 = |x: f64| match imm {
        8 => num::f64_nearest(x),
        9 => num::f64_floor(x),
        10 => num::f64_ceil(x),
        _ => num::f64_trunc(x),
    };
    Some(match inst {
        // Sums, differences, products.
        VPADDB => V128::from_u8x16(from_fn(|i| u8a[i].wrapping_add(u8b[i]))),
        VPADDW => V128::from_u16x8(from_fn(|i| u16a[i].wrapping_add(u16b[i]))),
        VPADDD => V128::from_u32x4(from_fn(|i| u32a[i].wrapping_add(u32b[i]))),
        VPADDQ => V128::from_u64x2(from_fn(|i| u64a[i].wrapping_add(u64b[i]))),
        VPSUBB => V128::from_u8x16(from_fn(|i| u8a[i].wrapping_sub(u8b[i]))),
        VPSUBW => V128::from_u16x8(from_fn(|i| u16a[i].wrapping_sub(u16b[i]))),
        VPSUBD => V128::from_u32x4(from_fn(|i| u32a[i].wrapping_sub(u32b[i]))),
        VPSUBQ => V128::from_u64x2(from_fn(|i| u64a[i].wrapping_sub(u64b[i]))),
        VPADDSB => V128::from_i8x16(from_fn(|i| i8a[i].saturating_add(i8b[i]))),
        VPADDSW => V128::from_i16x8(from_fn(|i| i16a[i].saturating_add(i16b[i]))),
        VPADDUSB => V128::from_u8x16(from_fn(|i| u8a[i].saturating_add(u8b[i]))),
        VPADDUSW => V128::from_u16x8(from_fn(|i| u16a[i].saturating_add(u16b[i]))),
        VPSUBSB => V128::from_i8x16(from_fn(|i| i8a[i].saturating_sub(i8b[i]))),
        VPSUBSW => V128::from_i16x8(from_fn(|i| i16a[i].saturating_sub(i16b[i]))),
        VPSUBUSB => V128::from_u8x16(from_fn(|i| u8a[i].saturating_sub(u8b[i]))),
        VPSUBUSW => V128::from_u16x8(from_fn(|i| u16a[i].saturating_sub(u16b[i]))),
        VPAVGB => V128::from_u8x16(from_fn(|i| (u16::from(u8a[i]) + u16::from(u8b[i])).div_ceil(2) as u8)),
        VPAVGW => V128::from_u16x8(from_fn(|i| (u32::from(u16a[i]) + u32::from(u16b[i])).div_ceil(2) as u16)),
        VPMULLW => V128::from_i16x8(from_fn(|i| i16a[i].wrapping_mul(i16b[i]))),
        VPMULLD => V128::from_i32x4(from_fn(|i| i32a[i].wrapping_mul(i32b[i]))),
        VPMULHW => V128::from_i16x8(from_fn(|i| ((i32::from(i16a[i]) * i32::from(i16b[i])) >> 16) as i16)),
        VPMULHUW => V128::from_u16x8(from_fn(|i| ((u32::from(u16a[i]) * u32::from(u16b[i])) >> 16) as u16)),
        VPMULHRSW => V128::from_i16x8(from_fn(|i| {
            ((((i32::from(i16a[i]) * i32::from(i16b[i])) >> 14) + 1) >> 1) as i16
        })),
        VPMULUDQ => V128::from_u64x2(from_fn(|i| u64::from(u32a[2 * i]) * u64::from(u32b[2 * i]))),
        VPMULDQ => V128::from_i64x2(from_fn(|i| i64::from(i32a[2 * i]) * i64::from(i32b[2 * i]))),
        VPMADDWD => V128::from_i32x4(from_fn(|i| {
            let product = |n: usize| i32::from(i16a[n]) * i32::from(i16b[n]);
            product(2 * i).wrapping_add(product(2 * i + 1))
        })),
        VPMADDUBSW => V128::from_i16x8(from_fn(|i| {
            let product = |n: usize| i16::from(u8a[n]).wrapping_mul(i8b[n].into());
            product(2 * i).saturating_add(product(2 * i + 1))
        })),
        VPABSB => V128::from_u8x16(i8a.map(i8::unsigned_abs)),
        VPABSW => V128::from_u16x8(i16a.map(i16::unsigned_abs)),
        VPABSD => V128::from_u32x4(i32a.map(i32::unsigned_abs)),
        VPMINSB => V128::from_i8x16(from_fn(|i| i8a[i].min(i8b[i]))),
        VPMINSW => V128::from_i16x8(from_fn(|i| i16a[i].min(i16b[i]))),
        VPMINSD => V128::from_i32x4(from_fn(|i| i32a[i].min(i32b[i]))),
        VPMINUB => V128::from_u8x16(from_fn(|i| u8a[i].min(u8b[i]))),
        VPMINUW => V128::from_u16x8(from_fn(|i| u16a[i].min(u16b[i]))),
        VPMINUD => V128::from_u32x4(from_fn(|i| u32a[i].min(u32b[i]))),
        VPMAXSB => V128::from_i8x16(from_fn(|i| i8a[i].max(i8b[i]))),
        VPMAXSW => V128::from_i16x8(from_fn(|i| i16a[i].max(i16b[i]))),
        VPMAXSD => V128::from_i32x4(from_fn(|i| i32a[i].max(i32b[i]))),
        VPMAXUB => V128::from_u8x16(from_fn(|i| u8a[i].max(u8b[i]))),
        VPMAXUW => V128::from_u16x8(from_fn(|i| u16a[i].max(u16b[i]))),
        VPMAXUD => V128::from_u32x4(from_fn(|i| u32a[i].max(u32b[i]))),

        // Logic and comparison.
        VPAND | VANDPS | VANDPD => of(whole(a) & whole(b)),
        VPANDN | VANDNPS | VANDNPD => of(!whole(a) & whole(b)),
        VPOR | VORPS | VORPD => of(whole(a) | whole(b)),
        VPXOR | VXORPS | VXORPD => of(whole(a) ^ whole(b)),
        VPCMPEQB => V128::from_i8x16(from_fn(|i| -i8::from(u8a[i] == u8b[i]))),
        VPCMPEQW => V128::from_i16x8(from_fn(|i| -i16::from(u16a[i] == u16b[i]))),
        VPCMPEQD => V128::from_i32x4(from_fn(|i| -i32::from(u32a[i] == u32b[i]))),
        VPCMPEQQ => V128::from_i64x2(from_fn(|i| -i64::from(u64a[i] == u64b[i]))),
        VPCMPGTB => V128::from_i8x16(from_fn(|i| -i8::from(i8a[i] > i8b[i]))),
        VPCMPGTW => V128::from_i16x8(from_fn(|i| -i16::from(i16a[i] > i16b[i]))),
        VPCMPGTD => V128::from_i32x4(from_fn(|i| -i32::from(i32a[i] > i32b[i]))),
        VPCMPGTQ => V128::from_i64x2(from_fn(|i| -i64::from((u64a[i] as i64) > u64b[i] as i64))),
        VCMPPS => V128::from_i32x4(from_fn(|i| -i32::from(holds(f32a[i].partial_cmp(&f32b[i]), imm)))),
        VCMPPD => V128::from_i64x2(from_fn(|i| -i64::from(holds(f64a[i].partial_cmp(&f64b[i]), imm)))),
        VPBLENDVB => V128::from_u8x16(from_fn(|i| if c.to_i8x16()[i] < 0 { u8b[i] } else { u8a[i] })),
        VPBLENDW => V128::from_u16x8(from_fn(|i| if imm >> i & 1 != 0 { u16b[i] } else { u16a[i] })),
        VBLENDPS => V128::from_u32x4(from_fn(|i| if imm >> i & 1 != 0 { u32b[i] } else { u32a[i] })),
        VPMOVMSKB => of((0..16).map(|i| u128::from(u8a[i] >> 7) << i).sum()),
        VMOVMSKPS => of((0..4).map(|i| u128::from(u32a[i] >> 31) << i).sum()),
        VMOVMSKPD => of((0..2).map(|i| u128::from(u64a[i] >> 63) << i).sum()),

        // Shifts.
        VPSLLW | VPSLLW_I => V128::from_u16x8(u16a.map(|x| if count < 16 { x << count } else { 0 })),
        VPSLLD | VPSLLD_I => V128::from_u32x4(u32a.map(|x| x.checked_shl(count).unwrap_or(0))),
        VPSLLQ | VPSLLQ_I => V128::from_u64x2(u64a.map(|x| x.checked_shl(count).unwrap_or(0))),
        VPSRLW | VPSRLW_I => V128::from_u16x8(u16a.map(|x| if count < 16 { x >> count } else { 0 })),
        VPSRLD | VPSRLD_I => V128::from_u32x4(u32a.map(|x| x.checked_shr(count).unwrap_or(0))),
        VPSRLQ | VPSRLQ_I => V128::from_u64x2(u64a.map(|x| x.checked_shr(count).unwrap_or(0))),
        VPSRAW | VPSRAW_I => V128::from_i16x8(i16a.map(|x| x >> count.min(15))),
        VPSRAD | VPSRAD_I => V128::from_i32x4(i32a.map(|x| x >> count.min(31))),
        VPSRLDQ_I => of(whole(a).checked_shr(8 * imm as u32).unwrap_or(0)),
        VPSLLDQ_I => of(whole(a).checked_shl(8 * imm as u32).unwrap_or(0)),

        // Shuffles, packing and widening.
        VPSHUFB => V128::from_u8x16(u8b.map(|i| if i & 0x80 != 0 { 0 } else { u8a[usize::from(i & 15)] })),
        VPSHUFD | VPERMILPS_I => V128::from_u32x4(from_fn(|i| u32a[chosen(2 * i as u32)])),
        VPSHUFLW => V128::from_u16x8(from_fn(|i| if i < 4 { u16a[chosen(2 * i as u32)] } else { u16a[i] })),
        VPSHUFHW => {
            V128::from_u16x8(from_fn(|i| if i < 4 { u16a[i] } else { u16a[4 + chosen(2 * (i as u32 - 4))] }))
        }
        VSHUFPS => V128::from_u32x4([u32a[chosen(0)], u32a[chosen(2)], u32b[chosen(4)], u32b[chosen(6)]]),
        VPALIGNR => V128(from_fn(|i| if i + lane < 16 { u8b[i + lane] } else { u8a[i + lane - 16] })),
        VPERMILPD_I => V128::from_u64x2(from_fn(|i| u64a[(imm >> i & 1) as usize])),
        VPUNPCKLBW => V128(interleave(1, 0)),
        VPUNPCKHBW => V128(interleave(1, 1)),
        VPUNPCKLWD => V128(interleave(2, 0)),
        VPUNPCKHWD => V128(interleave(2, 1)),
        VPUNPCKLDQ | VUNPCKLPS => V128(interleave(4, 0)),
        VPUNPCKHDQ => V128(interleave(4, 1)),
        VPUNPCKLQDQ | VMOVLHPS | VMOVHPS_LOAD | VMOVHPD_LOAD => V128(interleave(8, 0)),
        VPUNPCKHQDQ => V128(interleave(8, 1)),
        VMOVSD_RRR | VMOVLPD_LOAD | VMOVLPS_LOAD => V128::from_u64x2([u64b[0], u64a[1]]),
        VMOVSHDUP => V128::from_u32x4([u32a[1], u32a[1], u32a[3], u32a[3]]),
        VPACKSSWB => num::i8x16_narrow_i16x8_s(a, b),
        VPACKUSWB => num::i8x16_narrow_i16x8_u(a, b),
        VPACKSSDW => num::i16x8_narrow_i32x4_s(a, b),
        VPACKUSDW => num::i16x8_narrow_i32x4_u(a, b),
        VPMOVSXBW => V128::from_i16x8(from_fn(|i| i8a[i].into())),
        VPMOVZXBW => V128::from_u16x8(from_fn(|i| u8a[i].into())),
        VPMOVSXWD => V128::from_i32x4(from_fn(|i| i16a[i].into())),
        VPMOVZXWD => V128::from_u32x4(from_fn(|i| u16a[i].into())),
        VPMOVSXDQ => V128::from_i64x2(from_fn(|i| i32a[i].into())),
        VPMOVZXDQ => V128::from_u64x2(from_fn(|i| u32a[i].into())),
        VPBROADCASTB => V128::from_u8x16([u8a[0]; 16]),
        VPBROADCASTW => V128::from_u16x8([u16a[0]; 8]),
        VPBROADCASTD | VBROADCASTSS => V128::from_u32x4([u32a[0]; 4]),
        VPBROADCASTQ | VMOVDDUP => V128::from_u64x2([u64a[0]; 2]),

        // Lanes, and integers.
        VPINSRB => V128(from_fn(|i| if i == lane { u8b[0] } else { u8a[i] })),
        VPINSRW => V128::from_u16x8(from_fn(|i| if i == lane { u16b[0] } else { u16a[i] })),
        VPINSRD => V128::from_u32x4(from_fn(|i| if i == lane { u32b[0] } else { u32a[i] })),
        VPINSRQ => V128::from_u64x2(from_fn(|i| if i == lane { u64b[0] } else { u64a[i] })),
        // Of memory, and of lane 0 of a register.
        VINSERTPS => V128::from_u32x4(from_fn(|i| if i == lane >> 4 { u32b[lane >> 6] } else { u32a[i] })),
        VPEXTRB => of(u8a[lane].into()),
        VPEXTRW_RR => of(u16a[lane].into()),
        VPEXTRD => of(u32a[lane].into()),
        VPEXTRQ => of(u64a[lane].into()),
        VMOVD_X_RM | VMOVD_RM_X => of(u32a[0].into()),
        VMOVQ_X_RM | VMOVQ_RM_X => of(u64a[0].into()),
        MOV32_RI | MOV64_RI | MOV64_RI32 => of(imm.into()),
        MOV32_R_RM | MOV64_R_RM | VMOVSS_LOAD | VMOVSD_LOAD | VMOVAPS | VMOVUPS_LOAD | VMOVDQU_LOAD => a,
        MOVSX32_R_RM8 => of((i32::from(i8a[0]) as u32).into()),
        MOVSX32_R_RM16 => of((i32::from(i16a[0]) as u32).into()),
        AND32_RM_I => of(u128::from(u32a[0]) & u128::from(imm as u32)),
        ADD32_RM_I => of(u32a[0].wrapping_add(imm as u32).into()),

        // Floats. The second operand where the first one is not less, or not greater.
        VADDSS => single(f32a[0] + f32b[0]),
        VSUBSS => single(f32a[0] - f32b[0]),
        VMULSS => single(f32a[0] * f32b[0]),
        VDIVSS => single(f32a[0] / f32b[0]),
        VADDSD => double(f64a[0] + f64b[0]),
        VSUBSD => double(f64a[0] - f64b[0]),
        VMULSD => double(f64a[0] * f64b[0]),
        VDIVSD => double(f64a[0] / f64b[0]),
        VSQRTSS => single(f32b[0].sqrt()),
        VSQRTSD => double(f64b[0].sqrt()),
        VROUNDSS => single(round32(f32b[0])),
        VROUNDSD => double(round64(f64b[0])),
        VADDPS => V128::from_f32x4(from_fn(|i| f32a[i] + f32b[i])),
        VSUBPS => V128::from_f32x4(from_fn(|i| f32a[i] - f32b[i])),
        VMULPS => V128::from_f32x4(from_fn(|i| f32a[i] * f32b[i])),
        VDIVPS => V128::from_f32x4(from_fn(|i| f32a[i] / f32b[i])),
        VADDPD => V128::from_f64x2(from_fn(|i| f64a[i] + f64b[i])),
        VSUBPD => V128::from_f64x2(from_fn(|i| f64a[i] - f64b[i])),
        VMULPD => V128::from_f64x2(from_fn(|i| f64a[i] * f64b[i])),
        VDIVPD => V128::from_f64x2(from_fn(|i| f64a[i] / f64b[i])),
        VMINPS => V128::from_u32x4(from_fn(|i| if f32a[i] < f32b[i] { u32a[i] } else { u32b[i] })),
        VMAXPS => V128::from_u32x4(from_fn(|i| if f32a[i] > f32b[i] { u32a[i] } else { u32b[i] })),
        VMINPD => V128::from_u64x2(from_fn(|i| if f64a[i] < f64b[i] { u64a[i] } else { u64b[i] })),
        VMAXPD => V128::from_u64x2(from_fn(|i| if f64a[i] > f64b[i] { u64a[i] } else { u64b[i] })),
        VSQRTPS => V128::from_f32x4(f32a.map(f32::sqrt)),
        VSQRTPD => V128::from_f64x2(f64a.map(f64::sqrt)),
        VROUNDPS => V128::from_f32x4(f32a.map(round32)),
        VROUNDPD => V128::from_f64x2(f64a.map(round64)),
        // The first operand is the summand.
        VFMADD231PS => V128::from_f32x4(from_fn(|i| f32b[i].mul_add(c.to_f32x4()[i], f32a[i]))),
        VFMADD231PD => V128::from_f64x2(from_fn(|i| f64b[i].mul_add(c.to_f64x2()[i], f64a[i]))),
        VFNMADD231PS => V128::from_f32x4(from_fn(|i| (-f32b[i]).mul_add(c.to_f32x4()[i], f32a[i]))),
        VFNMADD231PD => V128::from_f64x2(from_fn(|i| (-f64b[i]).mul_add(c.to_f64x2()[i], f64a[i]))),
        // The third is.
        VFMADD213PS => V128::from_f32x4(from_fn(|i| f32b[i].mul_add(f32a[i], c.to_f32x4()[i]))),
        VFMADD213PD => V128::from_f64x2(from_fn(|i| f64b[i].mul_add(f64a[i], c.to_f64x2()[i]))),
        VFNMADD213PS => V128::from_f32x4(from_fn(|i| (-f32b[i]).mul_add(f32a[i], c.to_f32x4()[i]))),
        VFNMADD213PD => V128::from_f64x2(from_fn(|i| (-f64b[i]).mul_add(f64a[i], c.to_f64x2()[i]))),
        // The second is.
        VFMADD132PS => V128::from_f32x4(from_fn(|i| f32a[i].mul_add(c.to_f32x4()[i], f32b[i]))),

        // Conversions. What is out of range becomes the least integer.
        VCVTDQ2PS => V128::from_f32x4(i32a.map(|x| x as f32)),
        VCVTDQ2PD => V128::from_f64x2([i32a[0].into(), i32a[1].into()]),
        VCVTPD2PS => V128::from_f32x4([f64a[0] as f32, f64a[1] as f32, 0.0, 0.0]),
        VCVTPS2PD => V128::from_f64x2([f32a[0].into(), f32a[1].into()]),
        VCVTTPS2DQ => V128::from_i32x4(f32a.map(|x| truncated(x.into()))),
        VCVTTPD2DQ => V128::from_i32x4([truncated(f64a[0]), truncated(f64a[1]), 0, 0]),
        VCVTSS2SD => double(f32b[0].into()),
        VCVTSD2SS => single(f64b[0] as f32),
        VCVTSI2SS32 => single(i32b[0] as f32),
        VCVTSI2SD32 => double(i32b[0].into()),
        VCVTSI2SS64 => single(u64b[0] as i64 as f32),
        VCVTSI2SD64 => double(u64b[0] as i64 as f64),
        _ => return None,
    })
}

fn truncated(x: f64) -> i32 {
    if x > -2147483649.0 && x < 2147483648.0 { x as i32 } else { i32::MIN }
}
