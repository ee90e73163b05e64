//! x
#![allow(missing_docs)]
pub mod compare;
mod custom;
mod expect;
mod left_out;
pub mod report;
pub mod value;
