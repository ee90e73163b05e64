//! Streams, clock and randomness of the embedder's own: a guest whose whole world is made up, and so the same in every run.
//!
//! ```sh
//! cargo run --example wasi_streams
//! ```
//!
//! Prints:
//!
//! ```text
//! guest: first line
//! guest: a line in two pieces
//! guest: no newline at the end
//! the clock says 1000000000 s, the dice 4
//! ```

use std::io;
use std::task::{Context as Task, Poll};
use std::time::Duration;
use windlass::*;
use windlass_wasi::{InputStream, OutputStream, WasiCtx, add_to_linker};

/// Input that comes in pieces. One that had to wait for the next would keep the waker of `task`, and say `Poll::Pending`.
struct Pieces(std::vec::IntoIter<&'static str>);

impl InputStream for Pieces {
    fn poll_read(&mut self, _task: &mut Task<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let piece = self.0.next().unwrap_or("").as_bytes();
        // A stream may give less than what it has; this one relies on guests with large buffers.
        let Some(to) = buffer.get_mut(..piece.len()) else {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        };
        to.copy_from_slice(piece);
        Poll::Ready(Ok(piece.len()))
    }
}

/// Output that is printed line by line, each with a prefix.
#[derive(Default)]
struct Lines(Vec<u8>);

impl OutputStream for Lines {
    fn poll_write(&mut self, _task: &mut Task<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.extend_from_slice(bytes);
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            println!("guest: {}", String::from_utf8_lossy(&line[..end]));
        }
        Poll::Ready(Ok(bytes.len()))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            println!("guest: {}", String::from_utf8_lossy(&self.0));
        }
    }
}

/// Copies its input to its output; then tells the time in seconds, and rolls a die.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "copy")
        (i32.store (i32.const 0) (i32.const 1024))
        (loop $more
            (i32.store (i32.const 4) (i32.const 4096))
            (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (i32.store (i32.const 4) (i32.load (i32.const 8)))
            (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (br_if $more (i32.load (i32.const 4)))))
    (func (export "time") (result i64)
        (drop (call $time (i32.const 0) (i64.const 1) (i32.const 16)))
        (i64.div_u (i64.load (i32.const 16)) (i64.const 1_000_000_000)))
    (func (export "die") (result i32)
        (drop (call $random (i32.const 24) (i32.const 1)))
        (i32.add (i32.rem_u (i32.load8_u (i32.const 24)) (i32.const 6)) (i32.const 1))))"#;

fn main() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi)?;
    let module = Module::new(&engine, GUEST)?;

    let pieces = vec!["first line\na line ", "in two pieces\n", "no newline at the end"];
    let wasi = WasiCtx::builder()
        .stdin(Pieces(pieces.into_iter()))
        .stdout(Lines::default())
        .wall_clock(|| Duration::from_secs(1_000_000_000))
        // Chosen by a fair roll of a die.
        .secure_random(|bytes: &mut [u8]| bytes.fill(3))
        .build();
    let mut store = Store::new(&engine, wasi);
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, "copy")?.call(&mut store, ())?;
    let time = instance.get_typed_func::<(), u64>(&mut store, "time")?.call(&mut store, ())?;
    let die = instance.get_typed_func::<(), u32>(&mut store, "die")?.call(&mut store, ())?;
    // The streams go with the store.
    drop(store);
    println!("the clock says {time} s, the dice {die}");
    Ok(())
}
