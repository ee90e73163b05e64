//! Modules that wasm-smith makes: valid, and odd.

use crate::generator::Subset;
use arbitrary::Unstructured;
use wasm_smith::Module as Generated;

/// How many calls and turns of loops a module has that is to end by itself.
const TURNS: u32 = 1_000;

/// A module with all features that are built, small, and with everything exported. It may wait for ever, if `interrupted`.
pub fn generate(input: &mut Unstructured<'_>, interrupted: bool) -> arbitrary::Result<Vec<u8>> {
    let config = config(input)?;
    let wasm = Generated::new(config, input)?.to_bytes();
    if interrupted { Ok(wasm) } else { checked(wasm) }
}

/// As [`generate`], with all NaNs canonical; if `ends` is set, one whose calls end by themselves. None that may wait for ever.
pub fn generate_exact(
    input: &mut Unstructured<'_>,
    ends: bool,
    subset: Subset,
) -> arbitrary::Result<Vec<u8>> {
    let config = config(input)?;
    let config = wasm_smith::Config {
        simd_enabled: config.simd_enabled && subset.vectors,
        threads_enabled: config.threads_enabled && subset.atomics,
        canonicalize_nans: true,
        // Those NaNs are not made canonical.
        relaxed_simd_enabled: false,
        ..config
    };
    let mut module = Generated::new(config, input)?;
    if ends {
        module.ensure_termination(TURNS).map_err(|_| arbitrary::Error::IncorrectFormat)?;
    }
    checked(module.to_bytes())
}

/// A wait on a shared memory may last for ever.
fn checked(wasm: Vec<u8>) -> arbitrary::Result<Vec<u8>> {
    if waits_for_ever(&wasm) { Err(arbitrary::Error::IncorrectFormat) } else { Ok(wasm) }
}

fn config(input: &mut Unstructured<'_>) -> arbitrary::Result<wasm_smith::Config> {
    Ok(wasm_smith::Config {
        gc_enabled: false,
        custom_page_sizes_enabled: true,
        wide_arithmetic_enabled: true,
        // Not everywhere, because some of them end most calls or rule out others.
        bulk_memory_enabled: input.ratio(7, 8)?,
        exceptions_enabled: input.ratio(3, 4)?,
        memory64_enabled: input.arbitrary()?,
        simd_enabled: input.ratio(3, 4)?,
        relaxed_simd_enabled: input.arbitrary()?,
        tail_call_enabled: input.arbitrary()?,
        threads_enabled: input.ratio(1, 4)?,
        disallow_traps: input.ratio(3, 4)?,
        export_everything: true,
        min_funcs: 3,
        max_funcs: 12,
        max_instructions: 60,
        // Little of the input goes into what is not code.
        min_types: 2,
        max_types: 8,
        max_imports: 6,
        max_globals: 8,
        max_tags: 3,
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 8,
        max_memories: 3,
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        max_tables: 3,
        max_table_elements: 1_000,
        ..wasm_smith::Config::default()
    })
}

/// Whether a module has a shared memory and an operator that waits on one.
fn waits_for_ever(wasm: &[u8]) -> bool {
    use wasmparser::{Operator, Parser, Payload, TypeRef};
    let (mut shared, mut waits) = (false, false);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("generated modules are well-formed") {
            Payload::ImportSection(imports) => {
                shared |=
                    imports.into_imports().flatten().any(|i| matches!(i.ty, TypeRef::Memory(m) if m.shared));
            }
            Payload::MemorySection(memories) => shared |= memories.into_iter().flatten().any(|m| m.shared),
            Payload::CodeSectionEntry(body) => {
                waits |= body.get_operators_reader().into_iter().flatten().flatten().any(|op| {
                    matches!(op, Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. })
                });
            }
            _ => {}
        }
    }
    shared && waits
}
