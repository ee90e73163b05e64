//! What Wasm's numeric operators mean, as pure functions.
