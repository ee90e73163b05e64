;; Copies its input to the file `copy` in the preopened directory, and the file to the output, eight bytes a time.
;; The memory's type is a parameter of the test: MEMORY stands for it.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  MEMORY
  (data (i32.const 100) "copy")
  ;; Two buffers of three and five bytes at 64 and 80; how much was read or written is at 32, a descriptor at 36.
  (func $ok (param $errno i32) (if (local.get $errno) (then unreachable)))
  (func $pump (param $from i32) (param $to i32)
    (local $len i32)
    (loop $again
      (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 3))
      (i32.store (i32.const 8) (i32.const 80)) (i32.store (i32.const 12) (i32.const 5))
      (call $ok (call $fd_read (local.get $from) (i32.const 0) (i32.const 2) (i32.const 32)))
      (local.set $len (i32.load (i32.const 32)))
      (if (i32.lt_u (local.get $len) (i32.const 3)) (then
        (i32.store (i32.const 4) (local.get $len)) (i32.store (i32.const 12) (i32.const 0)))
      (else
        (i32.store (i32.const 12) (i32.sub (local.get $len) (i32.const 3)))))
      (call $ok (call $fd_write (local.get $to) (i32.const 0) (i32.const 2) (i32.const 32)))
      (if (i32.ne (local.get $len) (i32.load (i32.const 32))) (then unreachable))
      (br_if $again (local.get $len))))
  (func (export "_start")
    (local $fd i32)
    (call $ok (call $path_open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 1)
      (i64.const 0x42) (i64.const 0) (i32.const 0) (i32.const 36)))
    (local.set $fd (i32.load (i32.const 36)))
    (call $pump (i32.const 0) (local.get $fd))
    (call $ok (call $fd_seek (local.get $fd) (i64.const 0) (i32.const 0) (i32.const 40)))
    (call $pump (local.get $fd) (i32.const 1))
    (call $ok (call $fd_close (local.get $fd)))))
