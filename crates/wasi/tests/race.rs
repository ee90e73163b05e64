//! While a guest looks paths up, somebody else exchanges a directory on the way for a link that leads out.

use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use windlass::{Engine, Linker, Module, Store, Val};
use windlass_wasi::{DirPerms, FilePerms, WasiCtx, WasiCtxBuilder, add_to_linker};

const NAME: &str = "door/file";
const READ: i64 = 1 << 1;
const WRITE: i64 = 1 << 6;

const GUEST: &str = r#"(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $rmdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func $times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "door/file")
  (data (i32.const 16) "door/new")
  (data (i32.const 32) "door/other")
  ;; One buffer of 8 bytes at 256.
  (data (i32.const 64) "\00\01\00\00\08\00\00\00")
  ;; Opens the file and reads: its first byte, or 0.
  (func (export "look") (param $rights i64) (param $flags i32) (result i32)
    (local $byte i32)
    (i32.store (i32.const 256) (i32.const 0))
    (if (call $open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 9) (local.get $flags) (local.get $rights)
          (i64.const 0) (i32.const 0) (i32.const 72))
      (then (return (i32.const 0))))
    (drop (call $read (i32.load (i32.const 72)) (i32.const 64) (i32.const 1) (i32.const 76)))
    (drop (call $close (i32.load (i32.const 72))))
    (i32.load8_u (i32.const 256)))
  ;; Changes whatever is behind the door.
  (func (export "change")
    (drop (call $mkdir (i32.const 3) (i32.const 16) (i32.const 8)))
    (drop (call $rmdir (i32.const 3) (i32.const 16) (i32.const 8)))
    (drop (call $symlink (i32.const 0) (i32.const 4) (i32.const 3) (i32.const 16) (i32.const 8)))
    (drop (call $rename (i32.const 3) (i32.const 16) (i32.const 8) (i32.const 3) (i32.const 32) (i32.const 10)))
    (drop (call $unlink (i32.const 3) (i32.const 32) (i32.const 10)))
    (drop (call $times (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 9) (i64.const 1) (i64.const 1)
      (i32.const 5)))))"#;

#[test]
fn a_directory_that_becomes_a_link_while_it_is_looked_up_leads_nowhere() {
    let host = tempfile::tempdir().unwrap();
    let [inside, outside] = ["inside", "outside"].map(|name| host.path().join(name));
    for dir in [&inside, &outside, &inside.join("door")] {
        std::fs::create_dir(dir).unwrap();
    }
    std::fs::write(inside.join(NAME), "inside").unwrap();
    std::fs::write(outside.join("file"), "outside").unwrap();
    std::os::unix::fs::symlink(&outside, inside.join("absolute")).unwrap();
    std::os::unix::fs::symlink("../outside", inside.join("relative")).unwrap();
    let before = outside.join("file").metadata().unwrap().modified().unwrap();

    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi).unwrap();
    let mut wasi = WasiCtxBuilder::new();
    wasi.preopened_dir(&inside, "/", DirPerms::all(), FilePerms::all()).unwrap();
    let mut store = Store::new(&engine, wasi.build());
    let instance = linker.instantiate(&mut store, &Module::new(&engine, GUEST).unwrap()).unwrap();
    let look = instance.get_typed_func::<(i64, i32), i32>(&mut store, "look").unwrap();
    let change = instance.get_func(&mut store, "change").unwrap();

    let done = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        scope.spawn(|| {
            let door = inside.join("door");
            while !done.load(Relaxed) {
                for link in ["absolute", "relative"] {
                    for _ in 0..2 {
                        renameat_with(CWD, &door, CWD, inside.join(link), RenameFlags::EXCHANGE).unwrap();
                    }
                }
            }
        });
        let end = Instant::now() + Duration::from_secs(2);
        let mut seen = [0_usize; 256];
        while Instant::now() < end {
            for (rights, flags) in [(READ, 0), (READ | WRITE, 0), (READ, 1)] {
                seen[look.call(&mut store, (rights, flags)).unwrap() as usize] += 1;
            }
            change.call(&mut store, &[], &mut [] as &mut [Val]).unwrap();
        }
        done.store(true, Relaxed);
        seen
    });
    assert_eq!(seen[usize::from(b'o')], 0, "the guest has read what is outside");
    assert!(seen[usize::from(b'i')] > 0 && seen[0] > 0, "the door was never open, or never a link");
    assert_eq!(std::fs::read(outside.join("file")).unwrap(), b"outside");
    assert_eq!(outside.join("file").metadata().unwrap().modified().unwrap(), before);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1, "the guest has made something outside");
}
