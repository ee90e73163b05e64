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
//! | a byte after the opcode | that byte |
//! | `/r`, `/5` | ModRM, with a register or a digit in its `reg` field |
//! | `ib` `iw` `id` `io` | immediate of 1, 2, 4, 8 bytes |
//! | `cb` `cd` | displacement of a jump: 1, 4 bytes |
//! | `/is4` | a register in the high bits of an immediate byte |
//! | `\| 83 ib` | opcode for an immediate that fits in a signed byte |
//! | `\| D1 1` | opcode without immediate for the immediate 1 |

use super::table::Place;
use crate::text::{Text, decimal, hex_byte, is, position};

/// The packed encoding. Each field is described where it is made, in [`fields`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Code(u64);

macro_rules! fields {
    ($($(#[$doc:meta])* $get:ident, $set:ident: $shift:literal, $bits:literal;)*) => {
        impl Code {
            $(
                $(#[$doc])*
                #[inline(always)]
                pub(crate) const fn $get(self) -> u32 {
                    (self.0 >> $shift) as u32 & ((1 << $bits) - 1)
                }

                const fn $set(&mut self, value: u32) {
                    assert!(value < 1 << $bits);
                    self.0 = self.0 & !(((1 << $bits) - 1) << $shift) | (value as u64) << $shift;
                }
            )*
        }
    };
}

fields! {
    /// The opcode byte.
    opcode, set_opcode: 0, 8;
    /// 0: one byte, 1: `0F`, 2: `0F 38`, 3: `0F 3A`.
    map, set_map: 8, 2;
    /// 0: none, 1: `66`, 2: `F3`, 3: `F2`, as VEX numbers them.
    prefix, set_prefix: 10, 2;
    /// REX.W or VEX.W.
    w, set_w: 12, 1;
    /// Whether there is a VEX prefix.
    vex, set_vex: 13, 1;
    /// 256 bits.
    l, set_l: 14, 1;
    /// Whether there is a LOCK prefix.
    lock, set_lock: 15, 1;
    /// What ModRM.reg holds when no operand does.
    digit, set_digit: 16, 3;
    /// Whether there is a ModRM byte.
    modrm, set_modrm: 19, 1;
    /// Whether the operand in ModRM.reg is a byte register: 4..8 then need a REX prefix.
    byte_reg, set_byte_reg: 20, 1;
    /// Likewise for a register in ModRM.rm or in the opcode.
    byte_rm, set_byte_rm: 21, 1;
    /// Whether a fixed byte follows the opcode.
    suffixed, set_suffixed: 22, 1;
    /// That byte.
    suffix, set_suffix: 23, 8;
    /// Bytes of the immediate.
    imm, set_imm: 31, 4;
    /// 0: one form; 1: `short` for a signed byte; 2: `short` without immediate for 1.
    short_when, set_short_when: 35, 2;
    /// The opcode of the short form.
    short, set_short: 37, 8;
    /// The slots of the register operands, in their order, two bits each.
    slots, set_slots: 45, 8;
    /// Whether the immediate byte holds a register.
    is4, set_is4: 53, 1;
}

impl Code {
    /// The slot of a register operand: 0 ModRM.reg, 1 ModRM.rm or opcode, 2 VEX.vvvv, 3 immediate.
    #[inline(always)]
    pub(crate) const fn slot(self, operand: u32) -> u32 {
        self.slots() >> (operand * 2) & 3
    }

    /// Reads the table's text. The slots of the operands come later.
    pub(super) const fn parse(text: &str) -> Code {
        let mut code = Code(0);
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
            let more_bytes = match following {
                Some(next) => hex_byte(next).is_some() || is(next, "REX.W"),
                None => false,
            };
            if is(token, "LOCK") {
                self.set_lock(1);
            } else if is(token, "REX.W") {
                self.set_w(1);
            } else if token[0] == b'V' {
                self.parse_vex(token);
            } else if token[0] == b'/' {
                self.parse_slash(token);
            } else if let Some(size) = position(token, &["cb", "ib", "iw", "cd", "id", "io"]) {
                self.set_imm([1, 1, 2, 4, 4, 8][size]);
            } else if let Some(byte) = hex_byte(token) {
                if opcode_seen {
                    self.set_suffixed(1);
                    self.set_suffix(byte as u32);
                } else if more_bytes && self.map() == 0 && matches!(byte, 0x66 | 0xF2 | 0xF3) {
                    self.set_prefix(match byte {
                        0x66 => 1,
                        0xF3 => 2,
                        _ => 3,
                    });
                } else if more_bytes && self.vex() == 0 && self.map() == 0 && byte == 0x0F {
                    self.set_map(1);
                } else if more_bytes && self.vex() == 0 && self.map() == 1 && matches!(byte, 0x38 | 0x3A) {
                    self.set_map(if byte == 0x38 { 2 } else { 3 });
                } else {
                    self.set_opcode(byte as u32);
                    opcode_seen = true;
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

    const fn parse_slash(&mut self, token: &[u8]) {
        if is(token, "/is4") {
            self.set_is4(1);
            self.set_imm(1);
            return;
        }
        self.set_modrm(1);
        if !is(token, "/r") {
            self.set_digit(decimal(token.split_at(1).1) as u32);
        }
    }

    const fn parse_vex(&mut self, token: &[u8]) {
        self.set_vex(1);
        let mut parts = Text::of(token);
        while let Some(part) = parts.next(b'.') {
            if let Some(prefix) = position(part, &["NP", "66", "F3", "F2"]) {
                self.set_prefix(prefix as u32);
            } else if let Some(map) = position(part, &["0F", "0F38", "0F3A"]) {
                self.set_map(map as u32 + 1);
            } else if is(part, "256") {
                self.set_l(1);
            } else if is(part, "W1") {
                self.set_w(1);
            } else {
                assert!(
                    position(part, &["VEX", "128", "LIG", "LZ", "W0", "WIG"]).is_some(),
                    "unknown VEX field"
                );
            }
        }
    }

    /// Notes where the next register operand goes: the `count`th.
    pub(super) const fn add_slot(&mut self, count: u32, place: Place, byte: bool) {
        let slot = match place {
            Place::Reg => 0,
            Place::Rm => 1,
            Place::Vvvv => 2,
            Place::Is4 => 3,
            Place::Imm | Place::Fixed(_) | Place::Implicit(_) => panic!("the operand is not in a slot"),
        };
        self.set_slots(self.slots() | slot << (count * 2));
        match place {
            Place::Reg if byte => self.set_byte_reg(1),
            Place::Rm if byte => self.set_byte_rm(1),
            _ => {}
        }
    }

    /// Whether ModRM.reg belongs to the opcode or to nothing, so that no operand goes there.
    pub(super) const fn reg_taken(self, text: &str) -> bool {
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
