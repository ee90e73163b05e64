#![no_main]

windlass_fuzz::libfuzzer_target!("module_bytes");
