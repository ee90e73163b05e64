//! How an instruction is encoded, packed into one word for the assembler's fast paths.
//!
//! The table writes it in the notation of the processor's manuals:
//!
//! | Text | Meaning |
//! |---|---|
//! | `LOCK` | the prefix `F0` |
//! | `66` `F2` `F3` before further bytes | mandatory or operand-size prefix |
//! | `REX.W` | 64-bit operands |
//! | `VEX.128.66.0F38.W0` | a VEX prefix: length (`128`, `256`, `LIG`, `LZ`), prefix (`NP`, `66`, `F2`, `F3`), map, W (`W0`, `W1`, `WIG`) |
//! | `0F`, `0F 38`, `0F 3A` | opcode map |
//! | `03` | opcode |
//! | `B8+r` | opcode with a register in its low bits |
//! | a byte after the opcode | that byte, as a ModRM byte without operands |
//! | `/r`, `/5` | ModRM, with a register or a digit in its `reg` field |
//! | `ib` `iw` `id` `io` | immediate of 1, 2, 4, 8 bytes |
//! | `cb` `cd` | displacement of a jump: 1, 4 bytes |
//! | `/is4` | a register in the high bits of an immediate byte |
//! | `\| 83 ib` | opcode for an immediate that fits in a signed byte |
//! | `\| D1 1` | opcode without immediate for the immediate 1 |

use super::table::Place;
use crate::text::{Text, decimal, hex_byte, is, position};

/// The packed encoding: bytes as they are written and counts as they are added, so that little is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Code {
    low: u64,
    high: u64,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $get:ident, $set:ident: $word:ident $shift:literal, $bits:literal;)*) => {
        impl Code {
            $(
                $(#[$doc])*
                #[inline(always)]
                pub(crate) const fn $get(self) -> u32 {
                    (self.$word >> $shift) as u32 & ((1 << $bits) - 1)
                }

                const fn $set(&mut self, value: u32) {
                    assert!(value < 1 << $bits);
                    self.$word = self.$word & !(((1 << $bits) - 1) << $shift) | (value as u64) << $shift;
                }
            )*
        }
    };
}

fields! {
    /// The bytes of the opcode map (unless there is a VEX prefix) and of the opcode.
    op, set_op: low 0, 24;
    /// How many bits they are.
    op_bits, set_op_bits: low 24, 5;
    /// The prefixes before REX.
    prefix, set_prefix: low 29, 16;
    /// How many bits they are.
    prefix_bits, set_prefix_bits: low 45, 5;
    /// REX.W or VEX.W.
    w, set_w: low 50, 1;
    /// Whether there is a VEX prefix.
    vex, set_vex: low 51, 1;
    /// Its opcode map.
    vex_map, set_vex_map: low 52, 2;
    /// Its L and pp.
    vex_lpp, set_vex_lpp: low 54, 3;
    /// Whether the prefix of two bytes can say it.
    vex_short, set_vex_short: low 57, 1;
    /// Which low bits of the opcode hold a register: 7 or 0.
    plus, set_plus: low 58, 3;
    /// How many bits the ModRM byte has: 8 or 0.
    modrm_bits, set_modrm_bits: high 0, 4;
    /// What ModRM.reg and then ModRM.rm hold when no operand does, as in the assembler's slots.
    fixed, set_fixed: high 4, 11;
    /// 12 if the operand in ModRM.reg is a byte register: 4..8 then need a REX prefix.
    byte_reg, set_byte_reg: high 15, 4;
    /// Likewise for a register in ModRM.rm or in the opcode.
    byte_rm, set_byte_rm: high 19, 4;
    /// Bytes of the immediate.
    imm, set_imm: high 23, 4;
    /// 0: one form; 1: `short` for a signed byte; 2: `short` without immediate for 1.
    short_when, set_short_when: high 27, 2;
    /// The opcode of the short form.
    short, set_short: high 29, 8;
    /// By how much a register is shifted into the assembler's slots, operand by operand, five bits each.
    slots, set_slots: high 37, 20;
    /// Whether the immediate byte holds a register.
    is4, set_is4: high 57, 1;
}

impl Code {
    /// Where a register operand goes: 0 ModRM.reg, 8 ModRM.rm or opcode, 16 VEX.vvvv, 24 immediate.
    #[inline(always)]
    pub(crate) const fn slot(self, operand: u32) -> u32 {
        (self.high >> (37 + operand * 5)) as u32 & 24
    }

    /// Reads the table's text. The slots of the operands come later.
    pub(super) const fn parse(text: &str) -> Code {
        let mut code = Code { low: 0, high: 0 };
        let mut alternatives = Text::new(text);
        let Some(main) = alternatives.next(b'|') else { panic!("an encoding is empty") };
        code.parse_main(main);
        if let Some(short) = alternatives.next(b'|') {
            let mut tokens = Text::of(short);
            match (tokens.next(b' '), tokens.next(b' ')) {
                (Some(opcode), Some(when)) => {
                    let Some(opcode) = hex_byte(opcode) else { panic!("the short form has no opcode") };
                    code.set_short(opcode as u32);
                    code.set_short_when(if is(when, "ib") { 1 } else { 2 });
                }
                _ => panic!("the short form has an opcode and a condition"),
            }
        }
        code
    }

    const fn parse_main(&mut self, text: &[u8]) {
        let mut tokens = Text::of(text);
        let mut opcode_seen = false;
        let Some(mut token) = tokens.next(b' ') else { panic!("an encoding is empty") };
        loop {
            let following = tokens.next(b' ');
            let more = match following {
                Some(next) => hex_byte(next).is_some() || is(next, "REX.W"),
                None => false,
            };
            if is(token, "LOCK") {
                self.add_prefix(0xF0);
            } else if is(token, "REX.W") {
                self.set_w(1);
            } else if token[0] == b'V' {
                self.parse_vex(token);
            } else if token[0] == b'/' {
                self.parse_slash(token);
            } else if let Some(size) = position(token, &["cb", "ib", "iw", "cd", "id", "io"]) {
                self.set_imm([1, 1, 2, 4, 4, 8][size]);
            } else if let Some(byte) = hex_byte(token) {
                let first = self.vex() == 0 && self.op_bits() == 0;
                if opcode_seen {
                    assert!(byte >= 0xC0, "a byte after the opcode is a ModRM byte without memory");
                    self.set_modrm_bits(8);
                    self.set_fixed((byte as u32 >> 3 & 7) | (byte as u32 & 7) << 8);
                } else if more && first && matches!(byte, 0x66 | 0xF2 | 0xF3) {
                    self.add_prefix(byte);
                } else {
                    self.add_op(byte);
                    let map = more
                        && self.vex() == 0
                        && matches!((self.op_bits(), byte), (8, 0x0F) | (16, 0x38 | 0x3A));
                    opcode_seen = !map;
                }
                if token.len() > 2 {
                    assert!(is(token.split_at(2).1, "+r"), "an opcode has an unknown ending");
                    self.set_plus(7);
                }
            } else {
                panic!("an encoding has an unknown word");
            }
            match following {
                Some(next) => token = next,
                None => break,
            }
        }
        assert!(opcode_seen, "an encoding has no opcode");
    }

    const fn add_prefix(&mut self, byte: u8) {
        self.set_prefix(self.prefix() | (byte as u32) << self.prefix_bits());
        self.set_prefix_bits(self.prefix_bits() + 8);
    }

    const fn add_op(&mut self, byte: u8) {
        self.set_op(self.op() | (byte as u32) << self.op_bits());
        self.set_op_bits(self.op_bits() + 8);
    }

    const fn parse_slash(&mut self, token: &[u8]) {
        if is(token, "/is4") {
            self.set_is4(1);
            self.set_imm(1);
            return;
        }
        self.set_modrm_bits(8);
        if !is(token, "/r") {
            self.set_fixed(decimal(token.split_at(1).1) as u32);
        }
    }

    const fn parse_vex(&mut self, token: &[u8]) {
        self.set_vex(1);
        let mut parts = Text::of(token);
        while let Some(part) = parts.next(b'.') {
            if let Some(prefix) = position(part, &["NP", "66", "F3", "F2"]) {
                self.set_vex_lpp(self.vex_lpp() | prefix as u32);
            } else if let Some(map) = position(part, &["0F", "0F38", "0F3A"]) {
                self.set_vex_map(map as u32 + 1);
            } else if is(part, "256") {
                self.set_vex_lpp(self.vex_lpp() | 4);
            } else if is(part, "W1") {
                self.set_w(1);
            } else {
                assert!(
                    position(part, &["VEX", "128", "LIG", "LZ", "W0", "WIG"]).is_some(),
                    "unknown VEX field"
                );
            }
        }
        self.set_vex_short((self.vex_map() == 1 && self.w() == 0) as u32);
    }

    /// Notes where the next register operand goes: the `count`th.
    pub(super) const fn add_slot(&mut self, count: u32, place: Place, byte: bool) {
        let slot = match place {
            Place::Reg => 0,
            Place::Rm => 8,
            Place::Vvvv => 16,
            Place::Is4 => 24,
            Place::Imm | Place::Fixed(_) | Place::Implicit(_) => panic!("the operand is not in a slot"),
        };
        self.set_slots(self.slots() | slot << (count * 5));
        match place {
            Place::Reg if byte => self.set_byte_reg(12),
            Place::Rm if byte => self.set_byte_rm(12),
            _ => {}
        }
    }

    /// Whether ModRM.reg belongs to the opcode or to nothing, so that no operand goes there.
    pub(super) const fn reg_taken(text: &str) -> bool {
        let text = text.as_bytes();
        let mut i = 0;
        while i + 1 < text.len() {
            if text[i] == b'/' && text[i + 1] == b'r' {
                return false;
            }
            i += 1;
        }
        true
    }
}
