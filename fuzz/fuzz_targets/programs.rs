//! Generated modules run within their limits, and only in ways that are allowed.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    windlass_fuzz::programs::run(data);
});
