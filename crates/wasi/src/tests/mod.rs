//! Tests of the functions over guest memory, without an engine.
//!
//! [`guest`] is a guest to call from; [`cases`] has a success and an error of every function; the others look closer
//! at one subject each. All run with an unshared and with a shared memory.

mod cases;
mod files;
mod guest;
mod hostile;
mod memory;
mod paths;
mod streams;
mod waiting;
