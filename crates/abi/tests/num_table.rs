//! The table of numeric operators against an independent list: every row makes a valid function with the
//! row's types, and no operator of Wasm is missing.

use std::collections::BTreeSet;
use windlass_abi::num::table::{self, Operator};

fn rows() -> Vec<Operator> {
    let mut rows = Vec::new();
    table::for_each(|row| rows.push(row));
    rows
}

/// Is the row about what memory holds, too?
fn is_access(row: &Operator) -> bool {
    ["simd_load", "simd_load_lane", "simd_store_lane"].contains(&row.group)
}

#[test]
fn every_row_is_a_valid_operator_of_its_types() {
    let mut features = wasmparser::WasmFeatures::default();
    features.insert(wasmparser::WasmFeatures::WIDE_ARITHMETIC | wasmparser::WasmFeatures::RELAXED_SIMD);
    for row in rows() {
        let mnemonic = row.function.replacen('_', ".", 1);
        let immediate = match row.immediate {
            Some("lanes") => "31 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14",
            Some("lane") => "1",
            _ => "",
        };
        // What is read from memory and what is written to it is no operand; an address is one.
        let is_memory = |t: &&str| t.starts_with('u');
        let mut operands: Vec<&str> = row.operands.iter().copied().filter(|t| !is_memory(t)).collect();
        let results: Vec<&str> = row.results.iter().copied().filter(|t| !is_memory(t)).collect();
        if is_access(&row) {
            operands.insert(0, "i32");
            let memory: Vec<&str> =
                row.operands.iter().chain(row.results).copied().filter(is_memory).collect();
            let [width] = memory[..] else { panic!("{row:?} must access memory once") };
            let bits = row.function.trim_start_matches(char::is_alphanumeric).trim_start_matches("_");
            let bits = bits.trim_start_matches("load").trim_start_matches("store");
            let bits = if bits.contains('x') { "64" } else { bits.split('_').next().unwrap() };
            assert_eq!(width, format!("u{bits}"), "{row:?}");
        }
        let gets: String = (0..operands.len()).map(|i| format!("local.get {i} ")).collect();
        let text = format!(
            "(module (memory 1) (func (param {}) (result {}) {gets} {mnemonic} {immediate}))",
            operands.join(" "),
            results.join(" ")
        );
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        if let Err(error) = wasmparser::Validator::new_with_features(features).validate_all(&wasm) {
            panic!("{text}: {error}");
        }
        let traps = ["int_division", "truncation"].contains(&row.group);
        assert_eq!(row.traps, traps, "{row:?}");
    }
}

#[test]
fn no_operator_is_missing_or_twice() {
    let rows = rows();
    let table: BTreeSet<&str> = rows.iter().map(|row| row.function).collect();
    assert_eq!(table.len(), rows.len());

    // The parser's own list, without constants and what reads or writes memory as it is.
    macro_rules! visits {
        ($( @$proposal:ident $op:ident $({ $($argument:ident: $type:ty),* })? => $visit:ident ($($arity:tt)*) )*) => {
            [$( stringify!($visit) ),*]
        };
    }
    let all = wasmparser::for_each_visit_operator!(visits);
    let vectors = wasmparser::for_each_visit_simd_operator!(visits);
    let numeric = |name: &&str| {
        let of_number =
            ["i8x16", "i16x8", "i32", "i64", "f32", "f64", "v128"].iter().any(|t| name.starts_with(t));
        let access = ["_load", "_store", "_atomic"].iter().any(|part| name.contains(part));
        let vector_access =
            name.contains("_load") && name.len() > "v128_load".len() || name.contains("_lane");
        of_number && !name.ends_with("_const") && (!access || name.starts_with("v128") && vector_access)
    };
    let theirs: BTreeSet<&str> =
        all.iter().chain(&vectors).map(|visit| visit.trim_start_matches("visit_")).filter(numeric).collect();
    let missing: Vec<_> = theirs.difference(&table).collect();
    let unknown: Vec<_> = table.difference(&theirs).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
    assert!(table.len() > 350, "{}", table.len());
}
