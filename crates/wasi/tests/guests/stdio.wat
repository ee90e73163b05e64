;; What a program does with its standard streams; each export returns an error number, or what it found out.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $set_flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 17)
  ;; One buffer of 16 bytes at 64, described at 0; its length in use is at 4.
  (data (i32.const 0) "\40\00\00\00\10\00\00\00")
  (func $read (result i32)
    (i32.store (i32.const 4) (i32.const 16))
    (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func $write (param $to i32) (param $len i32) (result i32)
    (i32.store (i32.const 4) (local.get $len))
    (call $fd_write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8)))

  ;; Copies input to the output and the error stream in turn, until the end.
  (func (export "alternate") (result i32)
    (local $errno i32) (local $to i32)
    (local.set $to (i32.const 1))
    (loop $again
      (if (local.tee $errno (call $read)) (then (return (local.get $errno))))
      (if (i32.load (i32.const 8)) (then
        (if (local.tee $errno (call $write (local.get $to) (i32.load (i32.const 8))))
          (then (return (local.get $errno))))
        (local.set $to (i32.xor (local.get $to) (i32.const 3)))
        (br $again))))
    (i32.const 0))

  ;; Reads the end of the input, after having moved there.
  (func (export "tail") (result i32)
    (local $errno i32)
    (if (local.tee $errno (call $fd_seek (i32.const 0) (i64.const -4) (i32.const 2) (i32.const 16)))
      (then (return (local.get $errno))))
    (if (local.tee $errno (call $read)) (then (return (local.get $errno))))
    (call $write (i32.const 1) (i32.load (i32.const 8))))

  ;; Waits for input for 20 milliseconds at most: the type of the one event, 1 if input came.
  (func (export "ready") (result i32)
    (i64.store (i32.const 128) (i64.const 0))
    (i32.store8 (i32.const 136) (i32.const 1))
    (i32.store8 (i32.const 184) (i32.const 0))
    (i32.store (i32.const 192) (i32.const 1))
    (i64.store (i32.const 200) (i64.const 20000000))
    (if (call $poll (i32.const 128) (i32.const 256) (i32.const 2) (i32.const 8)) (then unreachable))
    (if (i32.ne (i32.load (i32.const 8)) (i32.const 1)) (then unreachable))
    (i32.load8_u (i32.const 266)))

  ;; Reads without waiting: the error number.
  (func (export "impatient") (result i32)
    (if (call $set_flags (i32.const 0) (i32.const 4)) (then unreachable))
    (call $read))

  ;; Writes: the error number.
  (func (export "write") (result i32) (call $write (i32.const 1) (i32.const 3)))

  ;; Writes a megabyte with one call: the error number, or -1 if it was not all.
  (func (export "flood") (result i32)
    (local $errno i32)
    (if (local.tee $errno (call $write (i32.const 1) (i32.const 0x100000))) (then (return (local.get $errno))))
    (select (i32.const 0) (i32.const -1) (i32.eq (i32.load (i32.const 8)) (i32.const 0x100000)))))
