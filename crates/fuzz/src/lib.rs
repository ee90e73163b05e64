//! What the fuzz targets do, as functions, so that a test can do a bounded part of it.
//!
//! - [`bytes`]: arbitrary bytes become a module or an error, and nothing else;
//! - [`programs`]: generated modules run within their limits, and only in ways that are allowed;
//! - [`differential`]: generated modules do the same on two tiers; [`generator`] makes modules for it besides
//!   wasm-smith, and [`execution`] runs them and writes down what can be seen.
//!
//! The package `fuzz/` beside the workspace gives libFuzzer's inputs to these functions; the test of
//! this crate gives them pseudo-random ones ([`Random`]), the same in every run. A finding is a panic.

pub mod bytes;
pub mod differential;
pub mod execution;
pub mod generator;
pub mod programs;

/// Pseudo-random numbers: Marsaglia's xorshift64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A sequence that `seed` determines.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The next number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() >> 32) as usize % limit
    }

    /// That many bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.number() >> 56) as u8).collect()
    }
}
