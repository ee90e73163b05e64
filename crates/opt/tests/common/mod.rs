//! What tests of passes share: running a function so that all that it does is seen, functions by chance, and tests that are files.

#![allow(dead_code, reason = "each test uses a part")]

pub mod golden;
pub mod random;

use windlass_ir::eval::{Observed, Outcome, TestEnvironment, run};
use windlass_ir::{Constant, Function, Type};

/// Numbers that follow from a seed: xorshift with a multiplication (Vigna).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() >> 33) as usize % limit
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// Runs a function in surroundings that follow from a seed.
pub fn observe(function: &Function, seed: u64) -> (Outcome, Observed) {
    let mut random = Random::new(seed);
    let memories = function.memories.iter().map(|memory| {
        let len = (memory.min_len as usize).clamp(256, 1 << 16);
        (0..len).map(|i| (i as u64).wrapping_mul(random.0) as u8).collect()
    });
    let mut env = TestEnvironment::new(memories.collect());
    env.traps = seed % 3 == 1;
    if seed % 3 == 2 {
        env.tags = vec![(0x777, vec![Type::I32])];
    }
    let types = &function.signatures[function.signature.index()].params;
    let args: Vec<Constant> = types
        .iter()
        .map(|ty| {
            // Small numbers are more interesting: addresses, counters, conditions.
            let number = match random.below(4) {
                0 => random.number(),
                _ => random.number() % 16,
            };
            Constant::from_le_bytes(*ty, u128::from(number).to_le_bytes()).unwrap()
        })
        .collect();
    let outcome = run(function, &mut env, &args, 200_000);
    (outcome, env.observed())
}

/// Says in what two functions differ when they run, if they do.
pub fn difference(before: &Function, after: &Function, runs: u64) -> Option<String> {
    for seed in 0..runs {
        let (a, b) = (observe(before, seed), observe(after, seed));
        if matches!(a.0, Outcome::Broken(_) | Outcome::OutOfFuel) {
            return Some(format!("run {seed} before: {:?}", a.0));
        }
        if a != b {
            return Some(format!("run {seed}: {:?} and {:?}\n{:?}\n{:?}", a.0, b.0, a.1.trace, b.1.trace));
        }
    }
    None
}
