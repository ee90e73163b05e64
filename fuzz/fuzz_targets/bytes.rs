//! Arbitrary bytes become a module or an error, and nothing else.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    windlass_fuzz::bytes::compile(data);
});
