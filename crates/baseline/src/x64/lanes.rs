//! Lanes of vectors: moving, loading, storing and testing them.

use super::*;
use crate::vector_ops::{
    Binary, Lanes, Needs, Shift, Ternary, Unary, VectorLoad, VectorMasm, VectorOp, ZERO_BYTE,
};

/// The scratch register.
const T: Reg = XMM15;

impl VectorMasm for X64 {
    fn vector_needs(op: VectorOp) -> Needs {
        vector::needs(op)
    }

    fn vector_unary(&mut self, op: Unary, dst: Reg, a: Reg, temp: Reg) {
        self.unary_vector(op, dst, a, temp);
    }

    fn vector_binary(&mut self, op: Binary, dst: Reg, a: Reg, b: Operand, temp: Reg) {
        self.binary_vector(op, dst, a, b, temp);
    }

    fn vector_ternary(&mut self, op: Ternary, dst: Reg, a: Reg, b: Reg, c: Reg, temp: Reg) {
        self.ternary_vector(op, dst, a, b, c, temp);
    }

    fn vector_shift(&mut self, op: Shift, dst: Reg, a: Reg, count: Operand, temp: Reg) {
        self.shift_vector(op, dst, a, count, temp);
    }

    fn vector_any_true(&mut self, a: Reg) -> Cond {
        self.vv(VPTEST, a, a);
        Cond::Ne
    }

    fn vector_all_true(&mut self, lanes: Lanes, a: Reg) -> Cond {
        let equal = match lanes {
            Lanes::I8x16 => VPCMPEQB,
            Lanes::I16x8 => VPCMPEQW,
            Lanes::I32x4 | Lanes::F32x4 => VPCMPEQD,
            Lanes::I64x2 | Lanes::F64x2 => VPCMPEQQ,
        };
        self.zero(T);
        self.vvv(equal, T, T, a);
        self.vv(VPTEST, T, T);
        Cond::Eq
    }

    fn vector_bitmask(&mut self, lanes: Lanes, dst: Reg, a: Reg) {
        let (inst, a) = match lanes {
            Lanes::I8x16 => (VPMOVMSKB, a),
            Lanes::I16x8 => {
                self.zero(T);
                self.vvv(VPACKSSWB, T, a, T);
                (VPMOVMSKB, T)
            }
            Lanes::I32x4 | Lanes::F32x4 => (VMOVMSKPS, a),
            Lanes::I64x2 | Lanes::F64x2 => (VMOVMSKPD, a),
        };
        self.asm.rr(inst, g(dst), x(a));
    }

    fn vector_constant(&mut self, dst: Reg, bytes: [u8; 16]) {
        if bytes == [0xff; 16] {
            return self.vvv(VPCMPEQD, dst, dst, dst);
        }
        let at = self.bytes(bytes);
        self.vm(VMOVUPS_LOAD, dst, at);
    }

    fn vector_splat(&mut self, lanes: Lanes, dst: Reg, src: Reg) {
        let broadcast = match lanes {
            Lanes::I8x16 => VPBROADCASTB,
            Lanes::I16x8 => VPBROADCASTW,
            Lanes::I32x4 => VPBROADCASTD,
            Lanes::I64x2 => VPBROADCASTQ,
            Lanes::F32x4 => return self.vv(VBROADCASTSS, dst, src),
            Lanes::F64x2 => return self.vv(VMOVDDUP, dst, src),
        };
        let to = if lanes == Lanes::I64x2 { VMOVQ_X_RM } else { VMOVD_X_RM };
        self.asm.rr(to, x(dst), g(src));
        self.vv(broadcast, dst, dst);
    }

    fn vector_extract(&mut self, lanes: Lanes, signed: bool, dst: Reg, a: Reg, lane: u8) {
        let lane = lane as i32;
        match lanes {
            Lanes::I8x16 => {
                self.asm.rri(VPEXTRB, g(dst), x(a), lane);
                if signed {
                    self.asm.rr(MOVSX32_R_RM8, g(dst), g(dst));
                }
            }
            Lanes::I16x8 => {
                self.asm.rri(VPEXTRW_RR, g(dst), x(a), lane);
                if signed {
                    self.asm.rr(MOVSX32_R_RM16, g(dst), g(dst));
                }
            }
            Lanes::I32x4 if lane == 0 => self.asm.rr(VMOVD_RM_X, g(dst), x(a)),
            Lanes::I32x4 => self.asm.rri(VPEXTRD, g(dst), x(a), lane),
            Lanes::I64x2 if lane == 0 => self.asm.rr(VMOVQ_RM_X, g(dst), x(a)),
            Lanes::I64x2 => self.asm.rri(VPEXTRQ, g(dst), x(a), lane),
            Lanes::F32x4 | Lanes::F64x2 if lane == 0 => {
                if dst != a {
                    self.vv(VMOVAPS, dst, a);
                }
            }
            Lanes::F32x4 if lane == 1 => self.vv(VMOVSHDUP, dst, a),
            Lanes::F32x4 => self.vvi(VPERMILPS_I, dst, a, lane),
            Lanes::F64x2 => self.vvi(VPERMILPD_I, dst, a, lane),
        }
    }

    fn vector_replace(&mut self, lanes: Lanes, dst: Reg, a: Reg, value: Reg, lane: u8) {
        let lane = lane as i32;
        let insert = match lanes {
            Lanes::I8x16 => VPINSRB,
            Lanes::I16x8 => VPINSRW,
            Lanes::I32x4 => VPINSRD,
            Lanes::I64x2 => VPINSRQ,
            Lanes::F32x4 if lane == 0 => return self.vvvi(VBLENDPS, dst, a, value, 1),
            Lanes::F32x4 => return self.vvvi(VINSERTPS, dst, a, value, lane << 4),
            Lanes::F64x2 if lane == 0 => return self.vvvi(VBLENDPD, dst, a, value, 1),
            Lanes::F64x2 => return self.vvv(VMOVLHPS, dst, a, value),
        };
        self.asm.rrri(insert, x(dst), x(a), g(value), lane);
    }

    fn vector_shuffle(&mut self, dst: Reg, a: Reg, b: Reg, bytes: [u8; 16]) {
        if a == b {
            self.shuffle_one(dst, a, bytes);
        } else if !bytes.contains(&ZERO_BYTE) && self.shuffle_cheaply(dst, a, b, bytes) {
            // One or two instructions.
        } else {
            // What comes from one, what comes from the other: zeros elsewhere.
            let of_a = self.bytes(bytes.map(|byte| if byte < 16 { byte } else { ZERO_BYTE }));
            let of_b = self.bytes(bytes.map(|byte| if byte & 16 != 0 { byte & 15 } else { ZERO_BYTE }));
            self.vvm(VPSHUFB, T, a, of_a);
            self.vvm(VPSHUFB, dst, b, of_b);
            self.vvv(VPOR, dst, dst, T);
        }
    }

    fn vector_load(&mut self, op: VectorLoad, dst: Reg, from: Address) {
        let inst = match op {
            VectorLoad::Extend8x8S => VPMOVSXBW,
            VectorLoad::Extend8x8U => VPMOVZXBW,
            VectorLoad::Extend16x4S => VPMOVSXWD,
            VectorLoad::Extend16x4U => VPMOVZXWD,
            VectorLoad::Extend32x2S => VPMOVSXDQ,
            VectorLoad::Extend32x2U => VPMOVZXDQ,
            VectorLoad::Splat8 => VPBROADCASTB,
            VectorLoad::Splat16 => VPBROADCASTW,
            VectorLoad::Splat32 => VBROADCASTSS,
            VectorLoad::Splat64 => VMOVDDUP,
            VectorLoad::Zero32 => VMOVSS_LOAD,
            VectorLoad::Zero64 => VMOVSD_LOAD,
        };
        self.vm(inst, dst, mem(from));
    }

    fn vector_load_lane(&mut self, lanes: Lanes, dst: Reg, a: Reg, lane: u8, from: Address) {
        let (from, lane) = (mem(from), lane as i32);
        let insert = match lanes {
            Lanes::I8x16 => VPINSRB,
            Lanes::I16x8 => VPINSRW,
            Lanes::I32x4 | Lanes::F32x4 => VPINSRD,
            Lanes::I64x2 | Lanes::F64x2 if lane == 0 => return self.vvm(VMOVLPS_LOAD, dst, a, from),
            Lanes::I64x2 | Lanes::F64x2 => return self.vvm(VMOVHPS_LOAD, dst, a, from),
        };
        self.asm.rrmi(insert, x(dst), x(a), from, lane);
    }

    fn vector_store_lane(&mut self, lanes: Lanes, to: Address, src: Reg, lane: u8) {
        let (to, lane) = (mem(to), lane as i32);
        let extract = match lanes {
            Lanes::I8x16 => VPEXTRB,
            Lanes::I16x8 => VPEXTRW,
            Lanes::I32x4 | Lanes::F32x4 if lane == 0 => return self.asm.mr(VMOVSS_STORE, to, x(src)),
            Lanes::I32x4 | Lanes::F32x4 => VPEXTRD,
            Lanes::I64x2 | Lanes::F64x2 if lane == 0 => return self.asm.mr(VMOVLPS_STORE, to, x(src)),
            Lanes::I64x2 | Lanes::F64x2 => return self.asm.mr(VMOVHPS_STORE, to, x(src)),
        };
        self.asm.mri(extract, to, x(src), lane);
    }
}

/// Interleaving instructions: of bytes, words, doublewords, quadwords; of low halves, of high halves.
const UNPACK: [[asm::Inst; 2]; 4] = [
    [VPUNPCKLBW, VPUNPCKHBW],
    [VPUNPCKLWD, VPUNPCKHWD],
    [VPUNPCKLDQ, VPUNPCKHDQ],
    [VPUNPCKLQDQ, VPUNPCKHQDQ],
];

impl X64 {
    /// Shuffles one vector.
    fn shuffle_one(&mut self, dst: Reg, a: Reg, bytes: [u8; 16]) {
        if let Some(lanes) = lanes_of(bytes, 4) {
            let order = order(&lanes[..4]);
            return match order {
                0xe4 if dst == a => {}
                0xe4 => self.vv(VMOVAPS, dst, a),
                _ => self.vvi(VPSHUFD, dst, a, order),
            };
        }
        if let Some(lanes) = lanes_of(bytes, 2) {
            let (low, high) = lanes[..8].split_at(4);
            if low == [0, 1, 2, 3] && high.iter().all(|lane| *lane >= 4) {
                return self.vvi(VPSHUFHW, dst, a, order(high));
            }
            if high == [4, 5, 6, 7] && low.iter().all(|lane| *lane < 4) {
                return self.vvi(VPSHUFLW, dst, a, order(low));
            }
            if lanes[..8] == [0; 8] {
                return self.vv(VPBROADCASTW, dst, a);
            }
        }
        if bytes == [0; 16] {
            return self.vv(VPBROADCASTB, dst, a);
        }
        if let Some(distance) = rotation(bytes, 16) {
            return self.vvvi(VPALIGNR, dst, a, a, distance);
        }
        // Whole shifts bring in zeros.
        for distance in 1..16 {
            let from = |i: i32| if (0..16).contains(&i) { i as u8 } else { ZERO_BYTE };
            if (0..16).all(|i| bytes[i as usize] == from(i + distance)) {
                return self.vvi(VPSRLDQ_I, dst, a, distance);
            }
            if (0..16).all(|i| bytes[i as usize] == from(i - distance)) {
                return self.vvi(VPSLLDQ_I, dst, a, distance);
            }
        }
        let bytes = self.bytes(bytes);
        self.vvm(VPSHUFB, dst, a, bytes);
    }

    /// Shuffles two vectors if an instruction fits.
    fn shuffle_cheaply(&mut self, dst: Reg, a: Reg, b: Reg, bytes: [u8; 16]) -> bool {
        for (size, unpack) in UNPACK.iter().enumerate() {
            for (half, inst) in unpack.iter().enumerate() {
                let interleaved = |first: u8| -> [u8; 16] {
                    core::array::from_fn(|i| {
                        let lane = (i >> size) as u8;
                        let source = if lane & 1 == 0 { first } else { first ^ 16 };
                        source + 8 * half as u8 + ((lane >> 1) << size) + (i & ((1 << size) - 1)) as u8
                    })
                };
                if bytes == interleaved(0) {
                    self.vvv(*inst, dst, a, b);
                    return true;
                }
                if bytes == interleaved(16) {
                    self.vvv(*inst, dst, b, a);
                    return true;
                }
            }
        }
        match rotation(bytes, 32) {
            Some(distance @ 0..16) => {
                self.vvvi(VPALIGNR, dst, b, a, distance);
                return true;
            }
            Some(distance) => {
                self.vvvi(VPALIGNR, dst, a, b, distance - 16);
                return true;
            }
            None => {}
        }
        if let Some(lanes) = lanes_of(bytes, 4) {
            let [l0, l1, l2, l3, ..] = lanes;
            let half = |x: u8, y: u8, first: u8| x & 4 == first && y & 4 == first;
            let order = order(&lanes[..4]);
            if half(l0, l1, 0) && half(l2, l3, 4) {
                self.vvvi(VSHUFPS, dst, a, b, order);
                return true;
            }
            if half(l0, l1, 4) && half(l2, l3, 0) {
                self.vvvi(VSHUFPS, dst, b, a, order);
                return true;
            }
        }
        if (0..16).all(|i| bytes[i] as usize & 15 == i) {
            // Each stays at its place.
            match lanes_of(bytes, 2) {
                Some(lanes) => {
                    let of_b = (0..8).fold(0, |mask, i| mask | i32::from(lanes[i] >= 8) << i);
                    self.vvvi(VPBLENDW, dst, a, b, of_b);
                }
                None => {
                    let of_b = self.bytes(bytes.map(|byte| if byte >= 16 { 0xff } else { 0 }));
                    self.vm(VMOVDQU_LOAD, T, of_b);
                    self.asm.rrrr(VPBLENDVB, x(dst), x(a), x(b), x(T));
                }
            }
            return true;
        }
        false
    }
}

/// The shuffle as one of lanes of `size` bytes, in the first `16 / size` elements, if it is one.
fn lanes_of(bytes: [u8; 16], size: usize) -> Option<[u8; 16]> {
    let mut lanes = [0; 16];
    for (lane, bytes) in lanes.iter_mut().zip(bytes.chunks_exact(size)) {
        let first = bytes[0] as usize;
        let whole = first < 32 && first.is_multiple_of(size);
        if !whole || (0..size).any(|i| bytes[i] as usize != first + i) {
            return None;
        }
        *lane = (first / size) as u8;
    }
    Some(lanes)
}

/// The low two bits of four lanes' numbers.
fn order(lanes: &[u8]) -> i32 {
    (0..4).fold(0, |order, i| order | (lanes[i] as i32 & 3) << (2 * i))
}

/// By how many bytes `of` bytes in a row are rotated, if that is the shuffle.
fn rotation(bytes: [u8; 16], of: u8) -> Option<i32> {
    let first = bytes[0];
    (first < of && (0..16).all(|i| bytes[i as usize] == (first + i) % of)).then_some(first as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::array::from_fn;

    const DST: Reg = xmm(9);
    const A: Reg = xmm(1);
    const B: Reg = xmm(2);

    /// The shuffle must be the code that `expected` emits.
    fn becomes(b: Reg, bytes: [u8; 16], expected: impl Fn(&mut X64)) {
        let (mut shuffle, mut code) = (X64::new(), X64::new());
        shuffle.vector_shuffle(DST, A, b, bytes);
        expected(&mut code);
        for code in [&mut shuffle, &mut code] {
            code.finish_function().expect("it is short");
        }
        assert_eq!(shuffle.asm.bytes(), code.asm.bytes(), "{bytes:?}");
    }

    /// Bytes of whole lanes of `size` bytes.
    fn whole<const N: usize>(lanes: [u8; N]) -> [u8; 16] {
        let size = 16 / N;
        from_fn(|i| lanes[i / size] * size as u8 + (i % size) as u8)
    }

    #[test]
    fn shuffles_of_one_vector_are_one_instruction() {
        becomes(A, from_fn(|i| i as u8), |m| m.vv(VMOVAPS, DST, A));
        becomes(A, whole([3, 0, 0, 1]), |m| m.vvi(VPSHUFD, DST, A, 0b01_00_00_11));
        becomes(A, whole([2, 2, 0, 1, 4, 5, 6, 7]), |m| m.vvi(VPSHUFLW, DST, A, 0b01_00_10_10));
        becomes(A, whole([0, 1, 2, 3, 7, 6, 5, 4]), |m| m.vvi(VPSHUFHW, DST, A, 0b00_01_10_11));
        becomes(A, whole([0; 8]), |m| m.vv(VPBROADCASTW, DST, A));
        becomes(A, [0; 16], |m| m.vv(VPBROADCASTB, DST, A));
        becomes(A, from_fn(|i| (i as u8 + 5) % 16), |m| m.vvvi(VPALIGNR, DST, A, A, 5));
        becomes(A, from_fn(|i| if i < 13 { i as u8 + 3 } else { ZERO_BYTE }), |m| {
            m.vvi(VPSRLDQ_I, DST, A, 3)
        });
        becomes(A, from_fn(|i| if i < 3 { ZERO_BYTE } else { i as u8 - 3 }), |m| m.vvi(VPSLLDQ_I, DST, A, 3));
        let any = [1, 0, 3, ZERO_BYTE, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14];
        becomes(A, any, |m| {
            let any = m.bytes(any);
            m.vvm(VPSHUFB, DST, A, any);
        });
    }

    #[test]
    fn shuffles_of_two_vectors_are_recognised() {
        becomes(B, from_fn(|i| (i / 2 + i % 2 * 16) as u8), |m| m.vvv(VPUNPCKLBW, DST, A, B));
        becomes(B, whole([12, 4, 13, 5, 14, 6, 15, 7]), |m| m.vvv(VPUNPCKHWD, DST, B, A));
        becomes(B, whole([2, 6, 3, 7]), |m| m.vvv(VPUNPCKHDQ, DST, A, B));
        becomes(B, whole([2, 0]), |m| m.vvv(VPUNPCKLQDQ, DST, B, A));
        becomes(B, from_fn(|i| i as u8 + 9), |m| m.vvvi(VPALIGNR, DST, B, A, 9));
        becomes(B, from_fn(|i| (i as u8 + 20) % 32), |m| m.vvvi(VPALIGNR, DST, A, B, 4));
        becomes(B, whole([0, 2, 5, 7]), |m| m.vvvi(VSHUFPS, DST, A, B, 0b11_01_10_00));
        becomes(B, whole([7, 7, 1, 0]), |m| m.vvvi(VSHUFPS, DST, B, A, 0b00_01_11_11));
        becomes(B, whole([0, 9, 2, 3, 12, 5, 6, 15]), |m| m.vvvi(VPBLENDW, DST, A, B, 0b1001_0010));
        let bytes = from_fn(|i| if i % 3 == 0 { i as u8 + 16 } else { i as u8 });
        becomes(B, bytes, |m| {
            let mask = m.bytes(from_fn(|i| if i % 3 == 0 { 0xff } else { 0 }));
            m.vm(VMOVDQU_LOAD, T, mask);
            m.asm.rrrr(VPBLENDVB, x(DST), x(A), x(B), x(T));
        });
    }

    #[test]
    fn any_other_shuffle_is_two_and_their_union() {
        let bytes = [31, 0, ZERO_BYTE, 17, 3, 3, 3, 16, 9, 8, 7, 30, 1, 2, 20, 4];
        becomes(B, bytes, |m| {
            let z = ZERO_BYTE;
            let of_a = m.bytes([z, 0, z, z, 3, 3, 3, z, 9, 8, 7, z, 1, 2, z, 4]);
            let of_b = m.bytes([15, z, z, 1, z, z, z, 0, z, z, z, 14, z, z, 4, z]);
            m.vvm(VPSHUFB, T, A, of_a);
            m.vvm(VPSHUFB, DST, B, of_b);
            m.vvv(VPOR, DST, DST, T);
        });
    }
}
