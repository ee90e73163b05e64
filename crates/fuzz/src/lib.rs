//! What is fuzzed, as functions of bytes: [`target`] has the table.
//!
//! - [`module_bytes`]: bytes become a module or an error that says where;
//! - [`programs_limited`]: generated modules under all limits at once;
//! - [`api_calls`]: sequences of API calls against a model;
//! - [`differential`]: generated modules do the same on two tiers;
//! - [`wasi_paths`]: WASI's path functions do what a model of the file system says, and stay in their directories.
//!
//! [`smith`] and [`generator`] make modules, [`execution`] runs them and writes down what can be seen, [`footprint`]
//! measures what is left behind, [`seeds`] are modules to begin with.
//!
//! Three things go through the table: libFuzzer (package `fuzz/` beside the workspace), this crate's program `fuzz`, which makes
//! pseudo-random cases ([`Random`]) for as long as it is told to, and this crate's tests, which do a bounded part of that,
//! the same in every run. A finding is an error or a panic.

pub mod api_calls;
pub mod differential;
pub mod execution;
pub mod footprint;
pub mod generator;
pub mod module_bytes;
pub mod programs_limited;
pub mod seeds;
pub mod smith;
pub mod target;
pub mod wasi_paths;

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
