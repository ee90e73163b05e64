#![no_main]

windlass_fuzz::libfuzzer_target!("programs_limited");
