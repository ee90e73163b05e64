//! The pre-scan of a body: what a compiler wants to know of a function before its first operator.
//!
//! A scan decodes and does not validate: of a body that turns out to be invalid it says what could be
//! decoded. **Weights** estimate how often something happens: an operator in `n` loops weighs 8 to the power of `n`
//! (at most 4096).

use crate::fuel;
use crate::walk::{Body, WATCHED};
use alloc::vec::Vec;
use wasmparser::{VisitOperator, VisitSimdOperator};

/// What a body does. Kept from one to the next for its allocations.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// For each local, parameters included: the weight of its uses. Locals beyond the end have none.
    pub locals: Vec<u32>,
    /// Weight of accesses to memory 0.
    pub memory: u32,
    /// Weight of calls, and of operators that may call the runtime.
    pub calls: u32,
    /// Whether there are `try_table`s.
    pub catches: bool,
    /// Whether there are tail calls through references, tables, or imports.
    pub leaves_by_tail_call: bool,
    /// For each loop, in the order in which they start: whether it can go round without the function calling
    /// itself. The entry of a function that calls looks at the stack limit, which an interruption raises: a loop
    /// that cannot needs no look of its own.
    pub silent_loops: Vec<bool>,
    /// Weight of what comes next.
    weight: u32,
    open: Vec<Open>,
    loop_depth: u32,
    imported_functions: u32,
    /// The function's own index.
    index: u32,
}

/// An open block.
#[derive(Clone, Debug)]
struct Open {
    /// The loop's number, if it is one.
    number: Option<usize>,
    /// Whether the function has called itself on every way from the block's start to here.
    calls_itself: bool,
}

const MAX_DEPTH: u32 = 4;

impl Scan {
    /// Scans a body; `imported_functions` is the number of the module's imported functions.
    pub fn scan(&mut self, body: &Body<'_>, imported_functions: u32) {
        self.locals.clear();
        self.open.clear();
        self.silent_loops.clear();
        self.index = body.index;
        (self.memory, self.calls) = (0, 0);
        (self.catches, self.leaves_by_tail_call) = (false, false);
        (self.weight, self.loop_depth, self.imported_functions) = (1, 0, imported_functions);
        let mut reader = body.code.get_binary_reader();
        let Ok(runs) = reader.read_var_u32() else { return };
        for _ in 0..runs {
            if reader.read_var_u32().is_err() || reader.read::<wasmparser::ValType>().is_err() {
                return;
            }
        }
        reader.set_features(body.func.features);
        let mut operators = 0_u32;
        while !reader.eof() && reader.visit_operator(self).is_ok() {
            operators += 1;
            // Whoever stops compiling stops the walk, too, which says so.
            if operators.is_multiple_of(WATCHED) && body.shared.watch.is_some_and(|stop| stop()) {
                return;
            }
        }
    }

    fn local(&mut self, index: u32) {
        let index = index as usize;
        if index >= self.locals.len() {
            // Valid functions have fewer locals; others get an error from the validator.
            if index >= 50_000 + 1_000 {
                return;
            }
            self.locals.resize(index + 1, 0);
        }
        self.locals[index] = self.locals[index].saturating_add(self.weight);
    }

    fn call(&mut self) {
        self.calls = self.calls.saturating_add(self.weight);
    }

    fn open(&mut self, is_loop: bool) {
        let number = is_loop.then_some(self.silent_loops.len());
        self.open.push(Open { number, calls_itself: false });
        if is_loop {
            self.silent_loops.push(false);
            self.loop_depth += 1;
            self.weigh();
        }
    }

    /// A branch. What the block it goes to holds from its start to here, the blocks between it and here hold.
    fn branch(&mut self, relative_depth: u32) {
        let Some(target) = self.open.len().checked_sub(relative_depth as usize + 1) else { return };
        if let Some(number) = self.open[target].number
            && !self.open[target..].iter().any(|open| open.calls_itself)
        {
            self.silent_loops[number] = true;
        }
    }

    fn weigh(&mut self) {
        self.weight = 1 << (3 * self.loop_depth.min(MAX_DEPTH));
    }
}

macro_rules! scan_operators {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $( scan_operators!(one $visit ($($($arg: $ty),*)?)); )*
    };
    (one visit_block ($arg:ident: $ty:ty)) => {
        fn visit_block(&mut self, _: $ty) {
            self.open(false);
        }
    };
    (one visit_if ($arg:ident: $ty:ty)) => {
        fn visit_if(&mut self, _: $ty) {
            self.open(false);
        }
    };
    (one visit_loop ($arg:ident: $ty:ty)) => {
        fn visit_loop(&mut self, _: $ty) {
            self.open(true);
        }
    };
    (one visit_try_table ($arg:ident: $ty:ty)) => {
        fn visit_try_table(&mut self, table: $ty) {
            self.catches = true;
            for catch in table.catches {
                use wasmparser::Catch;
                let (Catch::One { label, .. }
                | Catch::OneRef { label, .. }
                | Catch::All { label }
                | Catch::AllRef { label }) = catch;
                self.branch(label);
            }
            self.open(false);
        }
    };
    (one visit_else ()) => {
        fn visit_else(&mut self) {
            if let Some(open) = self.open.last_mut() {
                open.calls_itself = false;
            }
        }
    };
    (one visit_end ()) => {
        fn visit_end(&mut self) {
            if self.open.pop().is_some_and(|open| open.number.is_some()) {
                self.loop_depth -= 1;
                self.weigh();
            }
        }
    };
    (one visit_br_table ($arg:ident: $ty:ty)) => {
        fn visit_br_table(&mut self, targets: $ty) {
            self.branch(targets.default());
            for depth in targets.targets() {
                // Like all that cannot be decoded: the validator says so.
                let Ok(depth) = depth else { return };
                self.branch(depth);
            }
        }
    };
    (one visit_call ($arg:ident: $ty:ty)) => {
        fn visit_call(&mut self, function: $ty) {
            self.call();
            if function == self.index && let Some(open) = self.open.last_mut() {
                open.calls_itself = true;
            }
        }
    };
    (one visit_return_call ($arg:ident: $ty:ty)) => {
        fn visit_return_call(&mut self, function: $ty) {
            self.call();
            self.leaves_by_tail_call |= function < self.imported_functions;
        }
    };
    (one visit_return_call_ref ($arg:ident: $ty:ty)) => {
        fn visit_return_call_ref(&mut self, _: $ty) {
            self.call();
            self.leaves_by_tail_call = true;
        }
    };
    (one visit_return_call_indirect ($($arg:ident: $ty:ty),*)) => {
        fn visit_return_call_indirect(&mut self $(, _: $ty)*) {
            self.call();
            self.leaves_by_tail_call = true;
        }
    };
    (one visit_table_get $args:tt) => { scan_operators!(call visit_table_get $args); };
    (one visit_table_set $args:tt) => { scan_operators!(call visit_table_set $args); };
    (one visit_ref_func $args:tt) => { scan_operators!(call visit_ref_func $args); };
    (one visit_ref_test_non_null $args:tt) => { scan_operators!(call visit_ref_test_non_null $args); };
    (one visit_ref_test_nullable $args:tt) => { scan_operators!(call visit_ref_test_nullable $args); };
    (one visit_ref_cast_non_null $args:tt) => { scan_operators!(call visit_ref_cast_non_null $args); };
    (one visit_ref_cast_nullable $args:tt) => { scan_operators!(call visit_ref_cast_nullable $args); };
    (one visit_br_on_cast $args:tt) => { scan_operators!(cast visit_br_on_cast $args); };
    (one visit_br_on_cast_fail $args:tt) => { scan_operators!(cast visit_br_on_cast_fail $args); };
    (cast $visit:ident (relative_depth: $ty:ty $(, $arg:ident: $aty:ty)*)) => {
        fn $visit(&mut self, relative_depth: $ty $(, _: $aty)*) {
            self.call();
            self.branch(relative_depth);
        }
    };
    (call $visit:ident ($($arg:ident: $ty:ty),*)) => {
        fn $visit(&mut self $(, _: $ty)*) {
            self.call();
        }
    };
    (one $visit:ident (relative_depth: $ty:ty $(, $arg:ident: $aty:ty)*)) => {
        #[inline]
        fn $visit(&mut self, relative_depth: $ty $(, _: $aty)*) {
            self.branch(relative_depth);
        }
    };
    (one $visit:ident (local_index: $ty:ty)) => {
        #[inline]
        fn $visit(&mut self, index: $ty) {
            self.local(index);
        }
    };
    (one $visit:ident (memarg: $ty:ty $(, $arg:ident: $aty:ty)*)) => {
        #[inline]
        fn $visit(&mut self, memarg: $ty $(, _: $aty)*) {
            if fuel::op::$visit.cost >= CALL_COST {
                self.call();
            } else if memarg.memory == 0 {
                self.memory = self.memory.saturating_add(self.weight);
            }
        }
    };
    (one $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline]
        fn $visit(&mut self $(, _: $ty)*) {
            if fuel::op::$visit.cost >= CALL_COST {
                self.call();
            }
        }
    };
}

/// What costs as much calls something.
const CALL_COST: u32 = 4;

impl<'a> VisitOperator<'a> for Scan {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(scan_operators);
}

impl<'a> VisitSimdOperator<'a> for Scan {
    wasmparser::for_each_visit_simd_operator!(scan_operators);
}

impl wasmparser::FrameStack for Scan {
    /// What allows most: the scan does not validate.
    fn current_frame(&self) -> Option<wasmparser::FrameKind> {
        Some(wasmparser::FrameKind::If)
    }
}
