//! The target `api_calls` for libFuzzer: see its row in the crate `windlass-fuzz`.

#![no_main]

windlass_fuzz::libfuzzer_target!("api_calls");
