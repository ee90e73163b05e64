;; Prints to both streams in turn, and traps.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\01\00\00\00")
  (func $put (param $fd i32) (param $char i32)
    (i32.store8 (i32.const 16) (local.get $char))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (call $put (i32.const 1) (i32.const 0x61))
    (call $put (i32.const 2) (i32.const 0x62))
    (call $put (i32.const 1) (i32.const 0x63))
    unreachable))
