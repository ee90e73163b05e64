;; Functions as exports, so that the host can call them as a guest does.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir"
    (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func $set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 16384)
  (func (export "fd_read") (param i32) (result i32)
    (call $fd_read (local.get 0) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func (export "fd_write") (param i32) (result i32)
    (call $fd_write (local.get 0) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func (export "fd_close") (param i32) (result i32) (call $fd_close (local.get 0)))
  (func (export "fd_readdir") (param i32) (result i32)
    (call $fd_readdir (local.get 0) (i32.const 4096) (i32.const 4096) (i64.const 0) (i32.const 8)))
  ;; Opens the name of that length at 1024, with these rights and flags.
  (func (export "path_open") (param $len i32) (param $rights i64) (param $flags i32) (result i32)
    (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (local.get $len) (i32.const 0)
      (local.get $rights) (i64.const 0) (local.get $flags) (i32.const 8)))
  (func (export "set_times") (param $len i32) (result i32)
    (call $set_times (i32.const 3) (i32.const 0) (i32.const 1024) (local.get $len) (i64.const 0)
      (i64.const 0) (i32.const 5)))
  ;; Waits for so many subscriptions at 2048.
  (func (export "poll_oneoff") (param i32) (result i32)
    (call $poll (i32.const 2048) (i32.const 4096) (local.get 0) (i32.const 8)))
  (func (export "random_get") (param i32) (result i32) (call $random_get (i32.const 4096) (local.get 0))))
