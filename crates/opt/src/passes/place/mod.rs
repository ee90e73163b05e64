//! Places for what floats.
//!
//! **Requires** that control can get to every block. **Guarantees** what `verify_placed` checks: nothing that is used floats, and
//! of two ways to a value one is taken. Every loop has a preheader.
//!
//! - [`choose`]: which of two ways to a value is taken;
//! - [`preheaders`]: blocks before loops, for what does not change in them;
//! - [`plan`]: in which block, or blocks, a value is made;
//! - [`emit`]: where in the block.
//!
//! A value is made as late as it can be: in the deepest block that dominates all of its uses; but not in a loop in
//! which it does not change, and not where it is often made and seldom used. Within a block it stands right before its
//! first use.
//!
//! ```text
//! floating: v1 = i32_mul v0, v0                      b0: v1 = i32_mul v0, v0
//!           v3 = i32_const 1                             jump b1(v0)
//!           v4 = i32_sub v2, v3        becomes       b1: v3 = i32_const 1
//! b0: jump b1(v0)                                        v4 = i32_sub v2, v3
//! b1(v2): branch v4, b1(v4), b2                          branch v4, b1(v4), b2
//! b2: return v1                                      b2: return v1
//! ```
//!
//! A load that traps, a division and what else has effects is in its block before, and stays there.

pub mod choose;
pub mod emit;
pub mod plan;
pub mod preheaders;

use super::floats;
use super::uses;
use crate::simplify::Simplifier;
use windlass_ir::{Function, Value};

/// Places all that floats and is needed.
pub fn run(function: &mut Function, _: &mut Simplifier) {
    let ways = choose::choose(function);
    let loops = preheaders::make(function);
    let plan = plan::Plan::new(function, &loops, ways);
    emit::emit(function, &loops.dominators, plan);
}

/// What floats and is needed, operands before what uses them.
fn needed(function: &Function, ways: &choose::Ways) -> Vec<Value> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Asked,
        Done,
    }
    let mut state = vec![State::New; function.values()];
    let mut order = Vec::new();
    let mut stack = Vec::new();
    for block in &function.order {
        for listed in function.insts(*block) {
            for used in uses(function, listed) {
                stack.push(ways.of(used));
                while let Some(value) = stack.last().copied() {
                    match state[value.index()] {
                        State::New if floats(function, value) => {
                            state[value.index()] = State::Asked;
                            let operands = function.operands(value).map(|v| ways.of(v));
                            stack.extend(operands.filter(|v| state[v.index()] == State::New));
                            continue;
                        }
                        State::Asked => {
                            state[value.index()] = State::Done;
                            order.push(value);
                        }
                        _ => {}
                    }
                    stack.pop();
                }
            }
        }
    }
    order
}
