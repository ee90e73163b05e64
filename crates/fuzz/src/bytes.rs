//! Arbitrary bytes become a module or an error, and nothing else.

use std::sync::LazyLock;
use windlass::{DecodeError, Engine, Module};

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);

/// Compiles the bytes. Whether they are a module.
///
/// # Panics
/// If they are refused with anything but an error of decoding: that is a finding.
pub fn compile(bytes: &[u8]) -> bool {
    match Module::from_binary(&ENGINE, bytes) {
        Ok(_) => true,
        Err(error) => {
            let decode: Option<&DecodeError> = error.downcast_ref();
            let message = decode.unwrap_or_else(|| panic!("not an error of decoding: {error:?}")).to_string();
            assert!(!message.is_empty());
            false
        }
    }
}
