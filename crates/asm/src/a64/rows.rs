//! The rows. Names end in the forms of the operands: `R` register, `I` immediate, `LIT` data near the code.

crate::table::rows! {
    after 0;

    // Arithmetic: shifted, extended and immediate operands.
    ADD64_RRR: "add {d}, {n}, {m}", "w x d, r x n, r x m", "10001011000 m:5 000000 n:5 d:5", Base, Keep;
    ADD32_RRR_LSL: "add {d}, {n}, {m}, lsl #{s}", "w w d, r w n, r w m, r u5 s", "00001011000 m:5 0 s:5 n:5 d:5", Base, Keep;
    ADD64_RRW_UXTW: "add {d}, {n}, {m}, uxtw #{s}", "w xsp d, r xsp n, r w m, r extend s", "10001011001 m:5 010 s:3 n:5 d:5", Base, Keep;
    ADD64_RI: "add {d}, {n}, #{i}", "w xsp d, r xsp n, r u12 i", "1001000100 i:12 n:5 d:5", Base, Keep;
    SUB32_RI: "sub {d}, {n}, #{i}", "w wsp d, r wsp n, r u12 i", "0101000100 i:12 n:5 d:5", Base, Keep;
    SUBS64_RRR: "subs {d}, {n}, {m}", "w x d, r x n, r x m", "11101011000 m:5 000000 n:5 d:5", Base, Write;
    SUBS32_RI: "subs {d}, {n}, #{i}", "w w d, r wsp n, r u12 i", "0111000100 i:12 n:5 d:5", Base, Write;
    ADC64_RRR: "adc {d}, {n}, {m}", "w x d, r x n, r x m", "10011010000 m:5 000000 n:5 d:5", Base, Read;
    MADD64: "madd {d}, {n}, {m}, {a}", "w x d, r x n, r x m, r x a", "10011011000 m:5 0 a:5 n:5 d:5", Base, Keep;
    UMULH: "umulh {d}, {n}, {m}", "w x d, r x n, r x m", "10011011110 m:5 011111 n:5 d:5", Base, Keep;
    SDIV64: "sdiv {d}, {n}, {m}", "w x d, r x n, r x m", "10011010110 m:5 000011 n:5 d:5", Base, Keep;

    // Logic, shifts, bit fields.
    AND64_RI: "and {d}, {n}, #{i}", "w xsp d, r x n, r logic64 i", "100100100 i:13 n:5 d:5", Base, Keep;
    ORR32_RI: "orr {d}, {n}, #{i}", "w wsp d, r w n, r logic32 i", "001100100 i:13 n:5 d:5", Base, Keep;
    EOR64_RRR: "eor {d}, {n}, {m}", "w x d, r x n, r x m", "11001010000 m:5 000000 n:5 d:5", Base, Keep;
    BIC32_RRR_LSR: "bic {d}, {n}, {m}, lsr #{s}", "w w d, r w n, r w m, r u5 s", "00001010011 m:5 0 s:5 n:5 d:5", Base, Keep;
    LSL64_RRR: "lsl {d}, {n}, {m}", "w x d, r x n, r x m", "10011010110 m:5 001000 n:5 d:5", Base, Keep;
    ROR32_RRR: "ror {d}, {n}, {m}", "w w d, r w n, r w m", "00011010110 m:5 001011 n:5 d:5", Base, Keep;
    BFI64_LOW: "bfxil {d}, {n}, #0, #{w}", "rw x d, r x n, r width w", "1011001101000000 w:6 n:5 d:5", Base, Keep;
    EXTR64: "extr {d}, {n}, {m}, #{s}", "w x d, r x n, r x m, r u6 s", "10010011110 m:5 s:6 n:5 d:5", Base, Keep;
    SXTB64: "sxtb {d}, {n}", "w x d, r w n", "1001001101000000000111 n:5 d:5", Base, Keep;
    CLZ64: "clz {d}, {n}", "w x d, r x n", "1101101011000000000100 n:5 d:5", Base, Keep;
    CSEL64: "csel {d}, {n}, {m}, {c}", "w x d, r x n, r x m, r cond c", "10011010100 m:5 c:4 00 n:5 d:5", Base, Read;

    // Moves.
    MOVZ64: "mov {d}, #{i}", "w x d, r u16 i", "11010010100 i:16 d:5", Base, Keep;
    MOVK64: "movk {d}, #{i}, lsl #{h}", "rw x d, r u16 i, r u2*16 h", "111100101 h:2 i:16 d:5", Base, Keep;
    MOVN64: "mov {d}, #{i}", "w x d, r inverted16 i", "10010010100 i:16 d:5", Base, Keep;

    // Loads and stores: immediate, scaled; unscaled; register; literal; pairs; before and after.
    LDR64_RI: "ldr {t}, [{n}, #{i}]", "w x t, r xsp n, r u12*8 i", "1111100101 i:12 n:5 t:5", Base, Keep;
    STRB_RI: "strb {t}, [{n}, #{i}]", "r w t, r xsp n, r u12 i", "0011100100 i:12 n:5 t:5", Base, Keep;
    LDRSW_RI: "ldrsw {t}, [{n}, #{i}]", "w x t, r xsp n, r u12*4 i", "1011100110 i:12 n:5 t:5", Base, Keep;
    LDUR64: "ldur {t}, [{n}, #{i}]", "w x t, r xsp n, r i9 i", "11111000010 i:9 00 n:5 t:5", Base, Keep;
    LDR64_RR_LSL: "ldr {t}, [{n}, {m}, lsl #3]", "w x t, r xsp n, r x m", "11111000011 m:5 011110 n:5 t:5", Base, Keep;
    LDR32_RR_UXTW: "ldr {t}, [{n}, {m}, uxtw]", "w w t, r xsp n, r w m", "10111000011 m:5 010010 n:5 t:5", Base, Keep;
    LDR64_LIT: "ldr {t}, {l}", "w x t, r rel19*4 l", "01011000 l:19 t:5", Base, Keep;
    LDP64: "ldp {t}, {u}, [{n}, #{i}]", "w x t, w x u, r xsp n, r i7*8 i", "1010100101 i:7 u:5 n:5 t:5", Base, Keep;
    STP64_PRE: "stp {t}, {u}, [{n}, #{i}]!", "r x t, r x u, rw xsp n, r i7*8 i", "1010100110 i:7 u:5 n:5 t:5", Base, Keep;
    LDR64_POST: "ldr {t}, [{n}], #{i}", "w x t, rw xsp n, r i9 i", "11111000010 i:9 01 n:5 t:5", Base, Keep;
    LDR_Q_RI: "ldr {t}, [{n}, #{i}]", "w q t, r xsp n, r u12*16 i", "0011110111 i:12 n:5 t:5", Base, Keep;

    // Addresses and branches of every reach.
    ADR: "adr {d}, {l}", "w x d, r rel21*1 l", "0 l:2@0 10000 l:19@2 d:5", Base, Keep;
    B: "b {l}", "r rel26*4 l", "000101 l:26", Base, Keep;
    BL: "bl {l}", "r rel26*4 l", "100101 l:26", Base, Keep;
    BCOND: "b.{c} {l}", "r cond c, r rel19*4 l", "01010100 l:19 0 c:4", Base, Read;
    CBZ64: "cbz {t}, {l}", "r x t, r rel19*4 l", "10110100 l:19 t:5", Base, Keep;
    TBZ: "tbz {t}, #{i}, {l}", "r x t, r high6 i, r rel14*4 l", "i:1@5 0110110 i:5@0 l:14 t:5", Base, Keep;
    TBNZ_W: "tbnz {t}, #{i}, {l}", "r w t, r u5 i, r rel14*4 l", "00110111 i:5 l:14 t:5", Base, Keep;
    BR: "br {n}", "r x n", "1101011000011111000000 n:5 00000", Base, Keep;
    BLR: "blr {n}", "r x n", "1101011000111111000000 n:5 00000", Base, Keep;
    RET: "ret {n}", "r x n", "1101011001011111000000 n:5 00000", Base, Keep;

    // Floating point and vectors.
    FADD64: "fadd {d}, {n}, {m}", "w d d, r d n, r d m", "00011110011 m:5 001010 n:5 d:5", Base, Keep;
    FMADD32: "fmadd {d}, {n}, {m}, {a}", "w s d, r s n, r s m, r s a", "00011111000 m:5 0 a:5 n:5 d:5", Base, Keep;
    FCMP32: "fcmp {n}, {m}", "r s n, r s m", "00011110001 m:5 001000 n:5 00000", Base, Write;
    FMOV64_I: "fmov {d}, #{i}", "w d d, r float8 i", "00011110011 i:8 10000000 d:5", Base, Keep;
    FCVTZS64_32: "fcvtzs {d}, {n}", "w x d, r s n", "1001111000111000000000 n:5 d:5", Base, Keep;
    FMOV_X_D: "fmov {d}, {n}", "w x d, r d n", "1001111001100110000000 n:5 d:5", Base, Keep;
    ADD_4S: "add {d}.4s, {n}.4s, {m}.4s", "w v d, r v n, r v m", "01001110101 m:5 100001 n:5 d:5", Base, Keep;
    AND_16B: "and {d}.16b, {n}.16b, {m}.16b", "w v d, r v n, r v m", "01001110001 m:5 000111 n:5 d:5", Base, Keep;
    CNT_8B: "cnt {d}.8b, {n}.8b", "w v d, r v n", "0000111000100000010110 n:5 d:5", Base, Keep;
    SSHR_2D: "sshr {d}.2d, {n}.2d, #{s}", "w v d, r v n, r right64 s", "010011110 s:7 000001 n:5 d:5", Base, Keep;

    // Atomic accesses and the rest.
    LDXR64: "ldxr {t}, [{n}]", "w x t, r xsp n", "1100100001011111011111 n:5 t:5", Base, Keep;
    STXR64: "stxr {s}, {t}, [{n}]", "w w s, r x t, r xsp n", "11001000000 s:5 011111 n:5 t:5", Base, Keep;
    LDAR32: "ldar {t}, [{n}]", "w w t, r xsp n", "1000100011011111111111 n:5 t:5", Base, Keep;
    CASAL64: "casal {s}, {t}, [{n}]", "rw x s, r x t, r xsp n", "11001000111 s:5 111111 n:5 t:5", Lse, Keep;
    LDADDAL32: "ldaddal {s}, {t}, [{n}]", "r w s, w w t, r xsp n", "10111000111 s:5 000000 n:5 t:5", Lse, Keep;
    DMB_ISH: "dmb ish", "", "11010101000000110011101110111111", Base, Keep;
    BRK: "brk #{i}", "r u16 i", "11010100001 i:16 00000", Base, Keep;
    NOP: "nop", "", "11010101000000110010000000011111", Base, Keep;
}
