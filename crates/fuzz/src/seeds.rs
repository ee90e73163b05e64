//! Cases to begin with: the small modules that the tests of other crates are made of.

macro_rules! texts {
    ($( $file:literal )*) => { &[ $( include_str!(concat!("../../", $file)) ),* ] };
}

/// Each class of operators, and what modules are made of besides.
const TEXTS: &[&str] = texts! {
    "cli/tests/disas/addressing.wat"
    "cli/tests/disas/atomics.wat"
    "cli/tests/disas/br_table.wat"
    "cli/tests/disas/bulk.wat"
    "cli/tests/disas/calls.wat"
    "cli/tests/disas/compare_branch.wat"
    "cli/tests/disas/conversions.wat"
    "cli/tests/disas/exceptions.wat"
    "cli/tests/disas/globals.wat"
    "cli/tests/disas/integer.wat"
    "cli/tests/disas/locals.wat"
    "cli/tests/disas/many_values.wat"
    "cli/tests/disas/memory64.wat"
    "cli/tests/disas/references.wat"
    "cli/tests/disas/select.wat"
    "cli/tests/disas/simd_float.wat"
    "cli/tests/disas/simd_integer.wat"
    "cli/tests/disas/simd_lanes.wat"
    "cli/tests/disas/tables.wat"
    "cli/tests/disas/tail_calls.wat"
    "cli/tests/disas/wide.wat"
    "wasi/tests/guests/every-import.wat"
    "wasi/tests/guests/stdio.wat"
    "fuzz/seeds/sections.wat"
};

/// With debug information.
const BINARIES: &[&[u8]] = &[
    include_bytes!("../../windlass/tests/dwarf/div.wasm"),
    include_bytes!("../../windlass/tests/dwarf/average-4.wasm"),
    include_bytes!("../../windlass/tests/dwarf/average-5.wasm"),
];

/// Modules in binary form, and one as text.
pub fn modules() -> Vec<Vec<u8>> {
    let from_text =
        |text: &&str| wat::parse_str(text).unwrap_or_else(|error| panic!("a seed is bad: {error}\n{text}"));
    let mut all: Vec<Vec<u8>> = TEXTS.iter().map(from_text).collect();
    all.extend(BINARIES.iter().map(|wasm| wasm.to_vec()));
    all.push(TEXTS[TEXTS.len() - 1].into());
    all
}

/// For targets that make something of any bytes.
pub fn none() -> Vec<Vec<u8>> {
    Vec::new()
}
