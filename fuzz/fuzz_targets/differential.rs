//! The target `differential` for libFuzzer: see its row in the crate `windlass-fuzz`.

#![no_main]

windlass_fuzz::libfuzzer_target!("differential");
