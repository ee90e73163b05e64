//! Shuffles: which instructions move bytes from here to there.
//!
//! What is known of a shuffle is sixteen numbers: below 16 a byte of the first operand, below 32 one of the second, [`ZERO_BYTE`]
//! none. One instruction is found where there is one; any shuffle of one vector is one with a table in memory, any of
//! two vectors is two of these and their union.

use super::recipe::{A, B, Input, S0, S1, Step, i};
use windlass_asm::x64::Inst;
use windlass_asm::x64::inst::*;

/// A byte that becomes zero.
pub(super) const ZERO_BYTE: u8 = 0x80;

/// Interleaving instructions: of bytes, words, doublewords, quadwords; of low halves, of high halves.
const UNPACK: [[Inst; 2]; 4] = [
    [VPUNPCKLBW, VPUNPCKHBW],
    [VPUNPCKLWD, VPUNPCKHWD],
    [VPUNPCKLDQ, VPUNPCKHDQ],
    [VPUNPCKLQDQ, VPUNPCKHQDQ],
];

/// Does something with a step that works out a shuffle.
fn one<R>(done: impl FnOnce(&[Step]) -> R, inst: Inst, inputs: &[Input]) -> R {
    done(&[Step { inst, inputs }])
}

/// Shuffles bytes of the first operand. No steps: it stays as it is.
pub(super) fn shuffle_one<R>(bytes: [u8; 16], done: impl FnOnce(&[Step]) -> R) -> R {
    if let Some(lanes) = lanes_of(bytes, 4) {
        return match order(&lanes[..4]) {
            0xe4 => done(&[]),
            order => one(done, VPSHUFD, &[A, i(order)]),
        };
    }
    if let Some(lanes) = lanes_of(bytes, 2) {
        let (low, high) = lanes[..8].split_at(4);
        if low == [0, 1, 2, 3] && high.iter().all(|lane| *lane >= 4) {
            return one(done, VPSHUFHW, &[A, i(order(high))]);
        }
        if high == [4, 5, 6, 7] && low.iter().all(|lane| *lane < 4) {
            return one(done, VPSHUFLW, &[A, i(order(low))]);
        }
        if lanes[..8] == [0; 8] {
            return one(done, VPBROADCASTW, &[A]);
        }
    }
    if bytes == [0; 16] {
        return one(done, VPBROADCASTB, &[A]);
    }
    if let Some(distance) = rotation(bytes, 16) {
        return one(done, VPALIGNR, &[A, A, i(distance)]);
    }
    // Whole shifts bring in zeros.
    for distance in 1..16 {
        let from = |i: i32| if (0..16).contains(&i) { i as u8 } else { ZERO_BYTE };
        let moved = |by: i32| (0..16).all(|i| bytes[i as usize] == from(i + by));
        if moved(distance) {
            return one(done, VPSRLDQ_I, &[A, i(distance as u8)]);
        }
        if moved(-distance) {
            return one(done, VPSLLDQ_I, &[A, i(distance as u8)]);
        }
    }
    one(done, VPSHUFB, &[A, Input::Bytes(bytes)])
}

/// Shuffles bytes of both operands.
pub(super) fn shuffle_two<R>(bytes: [u8; 16], done: impl FnOnce(&[Step]) -> R) -> R {
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
                return one(done, *inst, &[A, B]);
            }
            if bytes == interleaved(16) {
                return one(done, *inst, &[B, A]);
            }
        }
    }
    match rotation(bytes, 32) {
        Some(distance @ 0..16) => return one(done, VPALIGNR, &[B, A, i(distance)]),
        Some(distance) => return one(done, VPALIGNR, &[A, B, i(distance - 16)]),
        None => {}
    }
    if let Some(lanes) = lanes_of(bytes, 4) {
        let [l0, l1, l2, l3, ..] = lanes;
        let half = |x: u8, y: u8, first: u8| x & 4 == first && y & 4 == first;
        let order = i(order(&lanes[..4]));
        if half(l0, l1, 0) && half(l2, l3, 4) {
            return one(done, VSHUFPS, &[A, B, order]);
        }
        if half(l0, l1, 4) && half(l2, l3, 0) {
            return one(done, VSHUFPS, &[B, A, order]);
        }
    }
    if (0..16).all(|i| bytes[i] < 32 && bytes[i] as usize & 15 == i) {
        // Each stays at its place.
        return match lanes_of(bytes, 2) {
            Some(lanes) => {
                let of_b = (0..8).fold(0, |mask, i| mask | u8::from(lanes[i] >= 8) << i);
                one(done, VPBLENDW, &[A, B, i(of_b)])
            }
            None => {
                let of_b = bytes.map(|byte| if byte >= 16 { 0xff } else { 0 });
                one(done, VPBLENDVB, &[A, B, Input::Bytes(of_b)])
            }
        };
    }
    // What comes from one, what comes from the other: zeros elsewhere.
    let of_a = bytes.map(|byte| if byte < 16 { byte } else { ZERO_BYTE });
    let of_b = bytes.map(|byte| if byte & 16 != 0 { byte & 15 } else { ZERO_BYTE });
    done(&[
        Step { inst: VPSHUFB, inputs: &[A, Input::Bytes(of_a)] },
        Step { inst: VPSHUFB, inputs: &[B, Input::Bytes(of_b)] },
        Step { inst: VPOR, inputs: &[S0, S1] },
    ])
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
fn order(lanes: &[u8]) -> u8 {
    (0..4).fold(0, |order, i| order | (lanes[i] & 3) << (2 * i))
}

/// By how many bytes `of` bytes in a row are rotated, if that is the shuffle.
fn rotation(bytes: [u8; 16], of: u8) -> Option<u8> {
    let first = bytes[0];
    (first < of && (0..16).all(|i| bytes[i as usize] == (first + i) % of)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::array::from_fn;

    /// The steps of a shuffle: rows by their mnemonics, and the operands and immediates that they read.
    fn text(steps: &[Step]) -> String {
        let input = |input: &Input| match input {
            Input::Operand(n) => ["a", "b"][usize::from(*n)].to_string(),
            Input::Step(n) => format!("s{n}"),
            Input::Bytes(bytes) => format!("{bytes:x?}").replace(", ", " "),
            Input::Immediate(value) => format!("{value:#b}"),
            Input::Zero | Input::Ones => panic!("no shuffle has these"),
        };
        let step = |step: &Step| {
            let inputs: Vec<_> = step.inputs.iter().map(input).collect();
            format!("{} {}", step.inst.mnemonic(), inputs.join(", "))
        };
        steps.iter().map(step).collect::<Vec<_>>().join("; ")
    }

    #[track_caller]
    fn of_one(bytes: [u8; 16], expected: &str) {
        assert_eq!(shuffle_one(bytes, text), expected);
    }

    #[track_caller]
    fn of_two(bytes: [u8; 16], expected: &str) {
        assert_eq!(shuffle_two(bytes, text), expected);
    }

    /// Bytes of whole lanes.
    fn whole<const N: usize>(lanes: [u8; N]) -> [u8; 16] {
        let size = 16 / N;
        from_fn(|i| lanes[i / size] * size as u8 + (i % size) as u8)
    }

    #[test]
    fn shuffles_of_one_vector_are_one_instruction() {
        of_one(from_fn(|i| i as u8), "");
        of_one(whole([3, 0, 0, 1]), "vpshufd a, 0b1000011");
        of_one(whole([2, 2, 0, 1, 4, 5, 6, 7]), "vpshuflw a, 0b1001010");
        of_one(whole([0, 1, 2, 3, 7, 6, 5, 4]), "vpshufhw a, 0b11011");
        of_one(whole([0; 8]), "vpbroadcastw a");
        of_one([0; 16], "vpbroadcastb a");
        of_one(from_fn(|i| (i as u8 + 5) % 16), "vpalignr a, a, 0b101");
        of_one(from_fn(|i| if i < 13 { i as u8 + 3 } else { ZERO_BYTE }), "vpsrldq a, 0b11");
        of_one(from_fn(|i| if i < 3 { ZERO_BYTE } else { i as u8 - 3 }), "vpslldq a, 0b11");
        let any = [1, 0, 3, ZERO_BYTE, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14];
        of_one(any, "vpshufb a, [1 0 3 80 5 4 7 6 9 8 b a d c f e]");
    }

    #[test]
    fn shuffles_of_two_vectors_are_recognised() {
        of_two(from_fn(|i| (i / 2 + i % 2 * 16) as u8), "vpunpcklbw a, b");
        of_two(whole([12, 4, 13, 5, 14, 6, 15, 7]), "vpunpckhwd b, a");
        of_two(whole([2, 6, 3, 7]), "vpunpckhdq a, b");
        of_two(whole([2, 0]), "vpunpcklqdq b, a");
        of_two(from_fn(|i| i as u8 + 9), "vpalignr b, a, 0b1001");
        of_two(from_fn(|i| (i as u8 + 20) % 32), "vpalignr a, b, 0b100");
        of_two(whole([0, 2, 5, 7]), "vshufps a, b, 0b11011000");
        of_two(whole([7, 7, 1, 0]), "vshufps b, a, 0b11111");
        of_two(whole([0, 9, 2, 3, 12, 5, 6, 15]), "vpblendw a, b, 0b10010010");
        let bytes = from_fn(|i| if i % 3 == 0 { i as u8 + 16 } else { i as u8 });
        of_two(bytes, "vpblendvb a, b, [ff 0 0 ff 0 0 ff 0 0 ff 0 0 ff 0 0 ff]");
    }

    #[test]
    fn any_other_shuffle_is_two_and_their_union() {
        of_two(
            [31, 0, ZERO_BYTE, 17, 3, 3, 3, 16, 9, 8, 7, 30, 1, 2, 20, 4],
            "vpshufb a, [80 0 80 80 3 3 3 80 9 8 7 80 1 2 80 4]; \
             vpshufb b, [f 80 80 1 80 80 80 0 80 80 80 e 80 80 4 80]; vpor s0, s1",
        );
    }
}
