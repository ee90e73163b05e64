//! What Wasm's numeric operators mean, as pure functions.
//!
//! A function has the name of its operator with `.` replaced by `_`: `i32.add` is [`i32_add`].
//! The interpreter's handlers, constant folding and the evaluator of the IR all call these, so an
//! operator has one meaning in the whole project. [`table`] lists every operator with its types.
//!
//! **Types.** `i32` and `i64` are `u32` and `u64` here: their bits; what is signed casts inside.
//! `f32` and `f64` are themselves. `v128` is [`V128`]. A comparison or a test gives a `bool`, which
//! Wasm sees as the `i32` 0 or 1. An operator that can trap gives a `Result` with the trap's code.
//!
//! **NaN bits** follow the specification. An operator of arithmetic that meets a NaN gives a quiet
//! NaN, whose sign and payload are the host processor's choice; `min`, `max`, `ceil`, `floor`,
//! `trunc`, `nearest`, `sqrt`, `promote` and `demote` are such. `neg`, `abs`, `copysign`, `pmin`,
//! `pmax` and reinterpretations only move bits and keep a signalling NaN as it is. One caution: the
//! compiler of this crate may take `x * 1` or `x - 0` for `x`, also of a signalling NaN, where a caller
//! passes it the 1 or the 0 as a constant. Operands of guests are none; tests hide theirs.
//!
//! **How floats are computed.** `core` lacks rounding, square roots and fused multiply-add.
//! - `sqrt` and the fused multiply-add of relaxed SIMD come from `std`: an instruction wherever the
//!   target has one. Without the feature `std` they come from the crate `libm`. Both round correctly,
//!   so the results are the same.
//! - `ceil`, `floor`, `trunc` and `nearest` are one instruction on targets that have it. Elsewhere,
//!   such as on x86-64 without SSE4.1, they are a few branch-free additions and comparisons: `std`
//!   would call the C library there, which costs an interpreter's handler all of its registers, and
//!   four calls for a vector of four lanes.
//!
//! **Vectors** are written as loops over lanes of a fixed number, which the compiler turns into
//! vector instructions of the target. The byte order of a [`V128`] is little-endian on every host.
//!
//! **Relaxed SIMD** has one meaning here, the same on every host; [`simd`] says which.

mod convert;
mod float;
mod int;
pub mod simd;
pub mod table;
mod wide;

pub use convert::*;
pub use float::*;
pub use int::*;
pub use simd::*;
pub use wide::*;
