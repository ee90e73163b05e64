//! The rows, grouped by the formats of the processor's manual.
//!
//! The high bits of vector registers are in the last bits but one of an instruction; displacements of 20
//! bits have their low part first.

crate::table::rows! {
    after 0;

    // E, I, RR.
    PFPO: "pfpo", "", "0000000100001010", Base, Write;
    BR: "br {b}", "r base b", "000001111111 b:4", Base, Keep;
    BASR: "basr {a}, {b}", "w g a, r base b", "00001101 a:4 b:4", Base, Keep;
    LR: "lr {a}, {b}", "w g a, r g b", "00011000 a:4 b:4", Base, Keep;
    AR: "ar {a}, {b}", "rw g a, r g b", "00011010 a:4 b:4", Base, Write;
    CLR: "clr {a}, {b}", "r g a, r g b", "00010101 a:4 b:4", Base, Write;

    // RX, RXY, RXE.
    L: "l {a}, {d}({x}{b})", "w g a, r u12 d, r index x, r base b", "01011000 a:4 x:4 b:4 d:12", Base, Keep;
    LA: "la {a}, {d}({x}{b})", "w g a, r u12 d, r index x, r base b", "01000001 a:4 x:4 b:4 d:12", Base, Keep;
    ST: "st {a}, {d}({x}{b})", "r g a, r u12 d, r index x, r base b", "01010000 a:4 x:4 b:4 d:12", Base, Keep;
    LG: "lg {a}, {d}({x}{b})", "w g a, r i20 d, r index x, r base b", "11100011 a:4 x:4 b:4 d:12@0 d:8@12 00000100", Base, Keep;
    STG: "stg {a}, {d}({x}{b})", "r g a, r i20 d, r index x, r base b", "11100011 a:4 x:4 b:4 d:12@0 d:8@12 00100100", Base, Keep;
    LRVG: "lrvg {a}, {d}({x}{b})", "w g a, r i20 d, r index x, r base b", "11100011 a:4 x:4 b:4 d:12@0 d:8@12 00001111", Base, Keep;
    ADB: "adb {a}, {d}({x}{b})", "rw f a, r u12 d, r index x, r base b", "11101101 a:4 x:4 b:4 d:12 0000000000011010", Base, Write;

    // RI, RIL.
    AGHI: "aghi {a}, {i}", "rw g a, r i16 i", "10100111 a:4 1011 i:16", Base, Write;
    LGHI: "lghi {a}, {i}", "w g a, r i16 i", "10100111 a:4 1001 i:16", Base, Keep;
    IIHL: "iihl {a}, {i}", "rw g a, r u16 i", "10100101 a:4 0001 i:16", Base, Keep;
    AGFI: "agfi {a}, {i}", "rw g a, r i32 i", "11000010 a:4 1000 i:32", Base, Write;
    LLILF: "llilf {a}, {i}", "w g a, r u32 i", "11000000 a:4 1111 i:32", Base, Keep;
    LARL: "larl {a}, {l}", "w g a, r rel32*2 l", "11000000 a:4 0000 l:32", Base, Keep;
    LGRL: "lgrl {a}, {l}", "w g a, r rel32*2 l", "11000100 a:4 1000 l:32", Base, Keep;

    // Branches of every reach: RI, RIL, RIE.
    BRC: "j{m} {l}", "r mask m, r rel16*2 l", "10100111 m:4 0100 l:16", Base, Read;
    J: "j {l}", "r rel16*2 l", "1010011111110100 l:16", Base, Keep;
    BRCTG: "brctg {a}, {l}", "rw g a, r rel16*2 l", "10100111 a:4 0111 l:16", Base, Keep;
    BRCL: "jg{m} {l}", "r mask m, r rel32*2 l", "11000000 m:4 0100 l:32", Base, Read;
    JG: "jg {l}", "r rel32*2 l", "1100000011110100 l:32", Base, Keep;
    BRASL: "brasl {a}, {l}", "w g a, r rel32*2 l", "11000000 a:4 0101 l:32", Base, Keep;
    CGRJ: "cgrj{m} {a}, {b}, {l}", "r cmp m, r g a, r g b, r rel16*2 l", "11101100 a:4 b:4 l:16 m:4 0000 01100100", Base, Keep;
    CLGIJ: "clgij{m} {a}, {i}, {l}", "r cmp m, r g a, r u8 i, r rel16*2 l", "11101100 a:4 m:4 l:16 i:8 01111101", Base, Keep;

    // RIE: immediates and bit fields.
    AGHIK: "aghik {a}, {b}, {i}", "w g a, r g b, r i16 i", "11101100 a:4 b:4 i:16 00000000 11011001", Base, Write;
    RISBG: "risbg {a}, {b}, {s}, {e}, {t}", "rw g a, r g b, r u8 s, r u8 e, r u8 t", "11101100 a:4 b:4 s:8 e:8 t:8 01010101", Base, Write;

    // RS, RSY.
    SLL: "sll {a}, {d}({b})", "rw g a, r u12 d, r base b", "10001001 a:4 0000 b:4 d:12", Base, Keep;
    CS: "cs {a}, {c}, {d}({b})", "rw g a, r g c, r u12 d, r base b", "10111010 a:4 c:4 b:4 d:12", Base, Write;
    SLLG: "sllg {a}, {c}, {d}({b})", "w g a, r g c, r i20 d, r base b", "11101011 a:4 c:4 b:4 d:12@0 d:8@12 00001101", Base, Keep;
    STMG: "stmg {a}, {c}, {d}({b})", "r g a, r g c, r i20 d, r base b", "11101011 a:4 c:4 b:4 d:12@0 d:8@12 00100100", Base, Keep;
    LAAG: "laag {a}, {c}, {d}({b})", "w g a, r g c, r i20 d, r base b", "11101011 a:4 c:4 b:4 d:12@0 d:8@12 11101000", Base, Write;

    // SI, SIY, SIL, SS.
    CLI: "cli {d}({b}), {i}", "r u12 d, r base b, r u8 i", "10010101 i:8 b:4 d:12", Base, Write;
    MVIY: "mviy {d}({b}), {i}", "r i20 d, r base b, r u8 i", "11101011 i:8 b:4 d:12@0 d:8@12 01010010", Base, Keep;
    MVGHI: "mvghi {d}({b}), {i}", "r u12 d, r base b, r i16 i", "1110010101001000 b:4 d:12 i:16", Base, Keep;
    MVC: "mvc {d}({n}, {b}), {e}({c})", "r u12 d, r length n, r base b, r u12 e, r base c", "11010010 n:8 b:4 d:12 c:4 e:12", Base, Keep;

    // RRE, RRF, RRD.
    LGR: "lgr {a}, {b}", "w g a, r g b", "1011100100000100 00000000 a:4 b:4", Base, Keep;
    FLOGR: "flogr {a}, {b}", "w pair a, r g b", "1011100110000011 00000000 a:4 b:4", Base, Write;
    ADBR: "adbr {a}, {b}", "rw f a, r f b", "1011001100011010 00000000 a:4 b:4", Base, Write;
    LDGR: "ldgr {a}, {b}", "w f a, r g b", "1011001111000001 00000000 a:4 b:4", Base, Keep;
    AGRK: "agrk {a}, {b}, {c}", "w g a, r g b, r g c", "1011100111101000 c:4 0000 a:4 b:4", Base, Write;
    LOCGR: "locgr{m} {a}, {b}", "rw g a, r g b, r mask m", "1011100111100010 m:4 0000 a:4 b:4", Base, Read;
    FIDBRA: "fidbra {a}, {m}, {b}, {n}", "w f a, r u4 m, r f b, r u4 n", "1011001101011111 m:4 n:4 a:4 b:4", Base, Keep;
    MADBR: "madbr {a}, {c}, {b}", "rw f a, r f c, r f b", "1011001100011110 a:4 0000 c:4 b:4", Base, Keep;

    // VRR, VRX, VRI, VRS.
    VAF: "vaf {a}, {b}, {c}", "w v a, r v b, r v c", "11100111 a:4@0 b:4@0 c:4@0 000000000000 0010 a:1@4 b:1@4 c:1@4 0 11110011", Base, Keep;
    VSEL: "vsel {a}, {b}, {c}, {e}", "w v a, r v b, r v c, r v e", "11100111 a:4@0 b:4@0 c:4@0 000000000000 e:4@0 a:1@4 b:1@4 c:1@4 e:1@4 10001101", Base, Keep;
    VL: "vl {a}, {d}({x}{b})", "w v a, r u12 d, r index x, r base b", "11100111 a:4@0 x:4 b:4 d:12 0000 a:1@4 000 00000110", Base, Keep;
    VREPIH: "vrepih {a}, {i}", "w v a, r i16 i", "11100111 a:4@0 0000 i:16 0001 a:1@4 000 01000101", Base, Keep;
    VLVGG: "vlvgg {a}, {c}, {d}({b})", "rw v a, r g c, r u12 d, r base b", "11100111 a:4@0 c:4 b:4 d:12 0011 a:1@4 000 00100010", Base, Keep;
}
