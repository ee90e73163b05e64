//! A WASI program with arguments, a variable, a directory and an exit code; and what it cannot reach.
//!
//! ```sh
//! cargo run --example wasi
//! ```
//!
//! Prints:
//!
//! ```text
//! show notes.txt: "buy milk\n", exit code 0
//! show missing.txt: "", exit code 44
//! show ../secret.txt: "", exit code 63
//! show /etc/passwd: "", exit code 63
//! ```

use windlass::*;
use windlass_wasi::{DirPerms, Exit, FilePerms, OutputBuffer, WasiCtx, add_to_linker};

/// `show FILE`: opens a file in the directory that it was given, copies it to its output, and exits with 0 or the number of the
/// error (44: no such file, 63: not permitted). Toolchains for C, Rust, Go and others make such programs: target `wasm32-wasip1`.
const SHOW: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (memory (export "memory") 2)
    ;; 0: where arguments begin. 16: a buffer's address, 20: its length. 24: how much was read. 28: the open file.
    ;; 1024: the texts of the arguments. 65536: what was read.

    (func $length (param $text i32) (result i32)
        (local $end i32)
        (local.set $end (local.get $text))
        (block $found
            (loop $next
                (br_if $found (i32.eqz (i32.load8_u (local.get $end))))
                (local.set $end (i32.add (local.get $end) (i32.const 1)))
                (br $next)))
        (i32.sub (local.get $end) (local.get $text)))

    (func $check (param $error i32)
        (if (local.get $error) (then (call $proc_exit (local.get $error)))))

    (func (export "_start")
        (local $path i32)
        (call $check (call $args_get (i32.const 0) (i32.const 1024)))
        (local.set $path (i32.load (i32.const 4)))
        ;; The first directory that was given is 3; the right to read is 2.
        (call $check (call $path_open (i32.const 3) (i32.const 0)
            (local.get $path) (call $length (local.get $path))
            (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 28)))
        (i32.store (i32.const 16) (i32.const 65536))
        (loop $more
            (i32.store (i32.const 20) (i32.const 65536))
            (call $check (call $fd_read (i32.load (i32.const 28)) (i32.const 16) (i32.const 1) (i32.const 24)))
            (i32.store (i32.const 20) (i32.load (i32.const 24)))
            (call $check (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
            (br_if $more (i32.load (i32.const 20))))))"#;

fn main() -> Result<()> {
    // Two files, one of them in the directory that the guest is given.
    let folder = tempfile::tempdir()?;
    let given = folder.path().join("given");
    std::fs::create_dir(&given)?;
    std::fs::write(given.join("notes.txt"), "buy milk\n")?;
    std::fs::write(folder.path().join("secret.txt"), "the password")?;

    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi)?;
    // Imports are found once, for many instances.
    let show = linker.instantiate_pre(&Module::new(&engine, SHOW)?)?;

    for file in ["notes.txt", "missing.txt", "../secret.txt", "/etc/passwd"] {
        // A guest has what its context gives it, and nothing else. `inherit_stdio` would lend it this program's streams.
        let output = OutputBuffer::new();
        let wasi = WasiCtx::builder()
            .args(["show", file])
            .env("LANG", "C")
            .stdout(output.clone())
            .preopened_dir(&given, "/", DirPerms::READ, FilePerms::READ)?
            .build();
        let mut store = Store::new(&engine, wasi);
        let instance = show.instantiate(&mut store)?;
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
        // `proc_exit` ends the guest with the error `Exit`; one that returns has exit code 0.
        let code = match start.call(&mut store, ()) {
            Ok(()) => 0,
            Err(error) => error.downcast::<Exit>()?.0,
        };
        println!("show {file}: {:?}, exit code {code}", String::from_utf8_lossy(&output.contents()));
    }
    Ok(())
}
