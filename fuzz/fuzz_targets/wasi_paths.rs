//! The target `wasi_paths` for libFuzzer: see its row in the crate `windlass-fuzz`.

#![no_main]

windlass_fuzz::libfuzzer_target!("wasi_paths");
