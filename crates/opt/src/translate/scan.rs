//! The pre-scan of a body: which locals are written in each loop, and which loops need a look whether someone wants the
//! guest's attention.
//!
//! Like [`Scan`], it decodes and does not validate: of a body that turns out to be invalid it says what could be decoded.

use std::ops::Range;
use windlass_wasm::Body;
use windlass_wasm::scan::Scan;
use windlass_wasm::wasmparser::{
    self, BinaryReader, FrameKind, FrameStack, ValType, VisitOperator, VisitSimdOperator, WasmFeatures,
};

/// What is known of the loops of a function, in the order in which they start.
#[derive(Default)]
pub(super) struct Loops {
    scan: Scan,
    /// For each loop: where its locals are in `written`.
    ranges: Vec<Range<usize>>,
    /// Locals that are written in loops: of each loop that has ended, each once.
    written: Vec<u32>,
    /// Locals that are written in loops that are open, from the outermost.
    writes: Vec<u32>,
    /// Blocks that are open; of loops their numbers, and where their part of the writes starts.
    open: Vec<Option<(usize, usize)>>,
    /// How many of them are loops.
    depth: usize,
    /// For each local: the last search that has met it.
    met: Vec<u32>,
    searches: u32,
}

/// Locals that a function may have, by the specification's limit, and some parameters.
const MAX_LOCALS: u32 = 51_000;

impl Loops {
    /// Scans a body.
    pub(super) fn scan(&mut self, body: &Body<'_>) {
        self.scan.scan(body, 0);
        self.ranges.clear();
        self.written.clear();
        self.writes.clear();
        self.open.clear();
        self.depth = 0;
        // Validation comes later: whatever needs a feature that is off is found then.
        let mut reader = BinaryReader::new_features(body.bytes(), body.range().start, WasmFeatures::all());
        let Ok(runs) = reader.read_var_u32() else { return };
        for _ in 0..runs {
            if reader.read_var_u32().is_err() || reader.read::<ValType>().is_err() {
                return;
            }
        }
        while !reader.eof() && reader.visit_operator(self).is_ok() {}
    }

    /// Whether a loop can go round without a call of the function itself.
    pub(super) fn is_silent(&self, number: usize) -> bool {
        self.scan.silent_loops.get(number).is_none_or(|silent| *silent)
    }

    /// The locals that are written in a loop, each once.
    pub(super) fn written(&self, number: usize) -> &[u32] {
        let range = self.ranges.get(number).cloned().unwrap_or_default();
        &self.written[range]
    }

    fn open(&mut self, is_loop: bool) {
        self.open.push(is_loop.then_some((self.ranges.len(), self.writes.len())));
        if is_loop {
            self.ranges.push(0..0);
            self.depth += 1;
        }
    }

    fn close(&mut self) {
        let Some(Some((number, from))) = self.open.pop() else { return };
        self.depth -= 1;
        self.searches = self.searches.wrapping_add(1);
        let start = self.written.len();
        for i in from..self.writes.len() {
            let local = self.writes[i];
            let at = local as usize;
            if at >= self.met.len() {
                self.met.resize(at + 1, self.searches.wrapping_sub(1));
            }
            if self.met[at] != self.searches {
                self.met[at] = self.searches;
                self.written.push(local);
            }
        }
        self.writes.truncate(from);
        if self.depth > 0 {
            // What it writes, the loop around it writes, too.
            self.writes.extend_from_slice(&self.written[start..]);
        }
        self.ranges[number] = start..self.written.len();
    }

    fn write(&mut self, local: u32) {
        if self.depth > 0 && local < MAX_LOCALS {
            self.writes.push(local);
        }
    }
}

macro_rules! scan_operators {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $( scan_operators!(one $visit ($($($arg: $ty),*)?)); )*
    };
    (one visit_block ($arg:ident: $ty:ty)) => { fn visit_block(&mut self, _: $ty) { self.open(false); } };
    (one visit_if ($arg:ident: $ty:ty)) => { fn visit_if(&mut self, _: $ty) { self.open(false); } };
    (one visit_try_table ($arg:ident: $ty:ty)) => { fn visit_try_table(&mut self, _: $ty) { self.open(false); } };
    (one visit_loop ($arg:ident: $ty:ty)) => { fn visit_loop(&mut self, _: $ty) { self.open(true); } };
    (one visit_end ()) => { fn visit_end(&mut self) { self.close(); } };
    (one visit_local_set ($arg:ident: $ty:ty)) => { fn visit_local_set(&mut self, local: $ty) { self.write(local); } };
    (one visit_local_tee ($arg:ident: $ty:ty)) => { fn visit_local_tee(&mut self, local: $ty) { self.write(local); } };
    (one $visit:ident ($($arg:ident: $ty:ty),*)) => {
        #[inline]
        fn $visit(&mut self $(, _: $ty)*) {}
    };
}

impl<'a> VisitOperator<'a> for Loops {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(scan_operators);
}

impl<'a> VisitSimdOperator<'a> for Loops {
    wasmparser::for_each_visit_simd_operator!(scan_operators);
}

impl FrameStack for Loops {
    /// What allows most: the scan does not validate.
    fn current_frame(&self) -> Option<FrameKind> {
        Some(FrameKind::If)
    }
}
