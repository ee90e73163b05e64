//! What each operator costs, and where it is charged: the same for every producer of code.
//!
//! **Costs** are fixed numbers, one per operator ([`op`]): 1 for most; 0 for what does nothing by itself; more for
//! calls and for what goes through the runtime. They don't depend on operands: bulk
//! operators cost the same however much they move.
//!
//! **Blocks.** Fuel is charged for a whole *fuel block* on entering it, before any effect of it.
//! A fuel block is a run of operators that can be entered only at its first: it begins at the
//! function's entry and after each operator with [`Op::ends_block`], and ends with the next such operator,
//! that one included. Those are the operators that may go elsewhere (branches, returns, tail calls, throws,
//! `if`, `unreachable`) and those that something may come to from elsewhere (`loop`, `else`, `end`). Calls
//! don't end a block, and neither do `block` and `try_table`, which are left or caught only at an `end`.
//! A block that costs nothing is not charged. Blocks that cannot be reached are never entered, so how
//! they are cut does not matter.
//!
//! Every cycle through a function or between functions costs: it goes through a branch or a call.
//!
//! A sink that is written as a macro over the list of operators finds an operator's row by the name of
//! its visitor's method, as a constant:
//!
//! ```
//! # use windlass_wasm::fuel;
//! macro_rules! costs {
//!     ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
//!         [ $( fuel::op::$visit.cost ),* ]
//!     };
//! }
//! let costs = windlass_wasm::wasmparser::for_each_visit_operator!(costs);
//! assert!(costs.iter().all(|cost| *cost <= 16));
//! assert_eq!(fuel::op::visit_i32_add, fuel::Op { cost: 1, ends_block: false });
//! ```

/// What fuel means for an operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Op {
    /// What it costs.
    pub cost: u32,
    /// Whether it is the last operator of its fuel block.
    pub ends_block: bool,
}

/// A group of operators that differ from the rule.
struct Row {
    cost: u32,
    ends_block: bool,
    /// Names of the visitor's methods, without `visit_`.
    operators: &'static [&'static str],
}

/// The rule: what is in no row of the table.
const RULE: Op = Op { cost: 1, ends_block: false };

/// The exceptions to the rule.
const TABLE: &[Row] = &[
    // They do nothing by themselves.
    Row { cost: 0, ends_block: false, operators: &["nop", "block", "try_table", "drop"] },
    Row { cost: 0, ends_block: true, operators: &["loop", "else", "end", "unreachable", "return"] },
    // Control that goes elsewhere.
    Row {
        cost: 1,
        ends_block: true,
        operators: &[
            "if",
            "br",
            "br_if",
            "br_table",
            "br_on_null",
            "br_on_non_null",
            "br_on_cast",
            "br_on_cast_fail",
        ],
    },
    // Calls.
    Row { cost: 4, ends_block: false, operators: &["call"] },
    Row { cost: 4, ends_block: true, operators: &["return_call"] },
    Row { cost: 6, ends_block: false, operators: &["call_indirect", "call_ref"] },
    Row { cost: 6, ends_block: true, operators: &["return_call_indirect", "return_call_ref"] },
    // What goes through the runtime.
    Row { cost: 16, ends_block: true, operators: &["throw", "throw_ref"] },
    Row {
        cost: 16,
        ends_block: false,
        operators: &[
            "memory_grow",
            "memory_copy",
            "memory_fill",
            "memory_init",
            "data_drop",
            "table_grow",
            "table_copy",
            "table_fill",
            "table_init",
            "elem_drop",
            "memory_atomic_notify",
            "memory_atomic_wait32",
            "memory_atomic_wait64",
        ],
    },
];

/// The row of the operator with this visitor's method.
const fn find(visit: &str) -> Op {
    let mut row = 0;
    while row < TABLE.len() {
        let mut i = 0;
        while i < TABLE[row].operators.len() {
            if is_visit_of(visit.as_bytes(), TABLE[row].operators[i].as_bytes()) {
                return Op { cost: TABLE[row].cost, ends_block: TABLE[row].ends_block };
            }
            i += 1;
        }
        row += 1;
    }
    RULE
}

/// Whether `visit` is "visit_" and then `operator`.
const fn is_visit_of(visit: &[u8], operator: &[u8]) -> bool {
    const PREFIX: usize = "visit_".len();
    if visit.len() != PREFIX + operator.len() {
        return false;
    }
    let mut i = 0;
    while i < operator.len() {
        if visit[PREFIX + i] != operator[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// A constant for each operator, named like its visitor's method.
#[allow(non_upper_case_globals, missing_docs)]
pub mod op {
    use super::{Op, find};

    macro_rules! rows {
        ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
            $( pub const $visit: Op = find(stringify!($visit)); )*
        };
    }
    wasmparser::for_each_visit_operator!(rows);
    wasmparser::for_each_visit_simd_operator!(rows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    macro_rules! names {
        ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
            [ $( (stringify!($visit), op::$visit) ),* ]
        };
    }

    #[test]
    fn every_exception_names_an_operator_once() {
        let rows = wasmparser::for_each_visit_operator!(names);
        let all: BTreeSet<&str> =
            rows.iter().map(|(visit, _)| visit.strip_prefix("visit_").unwrap()).collect();
        let named: Vec<&str> = TABLE.iter().flat_map(|row| row.operators).copied().collect();
        for name in &named {
            assert!(all.contains(name), "no operator {name}");
        }
        assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len());
        assert!(wasmparser::for_each_visit_simd_operator!(names).iter().all(|(_, op)| *op == RULE));
    }

    #[test]
    fn rows_say_what_the_documentation_says() {
        assert_eq!(op::visit_i64_add, RULE);
        assert_eq!(op::visit_loop, Op { cost: 0, ends_block: true });
        assert_eq!(op::visit_br_if, Op { cost: 1, ends_block: true });
        assert_eq!(op::visit_call, Op { cost: 4, ends_block: false });
        assert_eq!(op::visit_return_call_ref, Op { cost: 6, ends_block: true });
        assert_eq!(op::visit_memory_fill, Op { cost: 16, ends_block: false });
    }
}
