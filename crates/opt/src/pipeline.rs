//! The mid-end on one screen: which passes run, in which order, and what each one needs and gives.
//!
//! **In:** a function as translation makes it: pure operations float. **Out:** one that selection reads: every
//! instruction is in a block, and the blocks are in the order of the code.
//!
//! Behind each pass debug builds run the verifier.

use crate::passes::{cfg, layout, memory, params, place};
use crate::simplify::Simplifier;
use windlass_ir::Function;
use windlass_ir::verify::{Error, verify, verify_placed};

/// A pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name.
    pub name: &'static str,
    /// What it does to a function.
    pub run: fn(&mut Function, &mut Simplifier),
    /// What must be so before.
    pub requires: &'static str,
    /// What is so then.
    pub guarantees: &'static str,
    /// Whether the code is placed then.
    pub placed: bool,
}

/// The passes, in the order in which they run.
#[rustfmt::skip]
pub const PASSES: &[Pass] = &[
    Pass { name: "cfg", run: cfg::run, placed: false,
        requires: "nothing",
        guarantees: "control gets to every block; no constant branches, no blocks that only jump on" },
    Pass { name: "params", run: params::run, placed: false,
        requires: "nothing; behind `cfg`, as ways that are never taken bring values, too",
        guarantees: "parameters are needed, and not the same on all edges" },
    Pass { name: "memory", run: memory::run, placed: false,
        requires: "control gets to every block",
        guarantees: "no load of what is known to be there" },
    Pass { name: "place", run: place::run, placed: true,
        requires: "control gets to every block",
        guarantees: "nothing floats; what does not change in a loop is before it" },
    Pass { name: "cfg", run: cfg::run, placed: true,
        requires: "nothing; behind `params`, `memory` and `place`, which leave blocks that only jump on",
        guarantees: "as before" },
    Pass { name: "layout", run: layout::run, placed: true,
        requires: "control gets to every block",
        guarantees: "loops stand together, and what is seldom run behind everything else" },
];

impl Pass {
    /// Checks what is so behind the pass, as far as the verifier knows.
    ///
    /// # Errors
    /// What the verifier finds.
    pub fn verify(&self, function: &Function) -> Result<(), Error> {
        if self.placed { verify_placed(function) } else { verify(function) }
    }
}

/// Runs all passes. The simplifier is the one that made the function, or an empty one.
///
/// # Panics
/// In debug builds, if the verifier finds something behind a pass.
pub fn run(function: &mut Function, simplifier: &mut Simplifier) {
    for pass in PASSES {
        (pass.run)(function, simplifier);
        if cfg!(debug_assertions)
            && let Err(error) = pass.verify(function)
        {
            panic!("behind `{}`: {error}\n{function}", pass.name);
        }
    }
}
