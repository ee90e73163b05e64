//! Generated modules do the same on the interpreter and on the single-pass compiler.

#![no_main]

use std::sync::LazyLock;
use windlass::Strategy;
use windlass_fuzz::differential::Differ;
use windlass_fuzz::generator::Subset;

static DIFFER: LazyLock<Differ> = LazyLock::new(|| {
    Differ::new([Strategy::Interpreter, Strategy::Baseline]).expect("both tiers are built for this machine")
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Err(finding) = DIFFER.run(data, Subset::ALL) {
        panic!("{finding}");
    }
});
