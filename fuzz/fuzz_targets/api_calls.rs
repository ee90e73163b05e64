#![no_main]

windlass_fuzz::libfuzzer_target!("api_calls");
