//! Programs that embed Windlass: `cargo run --example hello`, and so on, from the project's folder.
//!
//! | example | shows |
//! |---|---|
//! | `hello` | a module, a store, an instance, a call |
//! | `host_functions` | functions of the host that guests call: typed, untyped, failing |
//! | `memory` | passing text through a guest's memory |
//! | `linking` | two modules, linked by name |
//! | `limits` | fuel, memory, stack: what a guest may take |
//! | `interruption` | stopping a guest from another thread, at once or by deadlines |
//! | `async_tokio` | many guests on a few threads, with host functions that wait |
//! | `wasi` | a program with arguments, variables, a directory and an exit code |
//! | `wasi_streams` | streams, clock and randomness of the embedder's own |
//! | `threads` | one memory, shared by guests on several threads |
//! | `references` | host values in the hands of a guest, and how long they live |
//! | `plugins` | a small program: text filters from a folder, each with its limits |
//!
//! The header of each says what it prints. A test runs them on every tier and compares.

/// The guide's programs are tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/embedding.md")]
struct Guide;
