;; A WASI program: counts the lines, words and bytes of its standard input.
;;
;;   windlass run examples/wc.wat < README.md
(module
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param $fd i32) (param $buffers i32) (param $count i32) (param $read i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param $fd i32) (param $buffers i32) (param $count i32) (param $written i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  (memory (export "memory") 2)
  ;; 0: a buffer's address, 4: its length, 8: what was read or written. Text to print ends before 64 KiB.
  (global $buffer i32 (i32.const 0x10000))
  (global $line (mut i32) (i32.const 0x10000))

  ;; Puts a byte before the text to print.
  (func $put (param $byte i32)
    (global.set $line (i32.sub (global.get $line) (i32.const 1)))
    (i32.store8 (global.get $line) (local.get $byte)))

  ;; Puts a number before it.
  (func $put_number (param $n i64)
    (loop $digit
      (call $put (i32.add (i32.wrap_i64 (i64.rem_u (local.get $n) (i64.const 10))) (i32.const 0x30)))
      (br_if $digit (i64.ne (local.tee $n (i64.div_u (local.get $n) (i64.const 10))) (i64.const 0)))))

  ;; Reads up to 64 KiB into the buffer and gives the number of bytes; ends the program if it cannot.
  (func $read (result i32)
    (local $error i32)
    (i32.store (i32.const 0) (global.get $buffer))
    (i32.store (i32.const 4) (i32.const 0x10000))
    (local.set $error (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (if (local.get $error) (then (call $proc_exit (local.get $error))))
    (i32.load (i32.const 8)))

  (func (export "_start")
    (local $lines i64) (local $words i64) (local $bytes i64)
    (local $end i32) (local $at i32) (local $byte i32) (local $in_word i32)
    (loop $block
      (local.set $at (global.get $buffer))
      (local.set $end (i32.add (local.get $at) (call $read)))
      (if (i32.ne (local.get $at) (local.get $end))
        (then
          (loop $next
            (local.set $byte (i32.load8_u (local.get $at)))
            (local.set $lines (i64.add (local.get $lines) (i64.extend_i32_u (i32.eq (local.get $byte) (i32.const 0x0a)))))
            (local.set $bytes (i64.add (local.get $bytes) (i64.const 1)))
            ;; A space, or a control character from tab to carriage return.
            (if (i32.or (i32.eq (local.get $byte) (i32.const 0x20))
                        (i32.lt_u (i32.sub (local.get $byte) (i32.const 9)) (i32.const 5)))
              (then (local.set $in_word (i32.const 0)))
              (else
                (local.set $words (i64.add (local.get $words) (i64.extend_i32_u (i32.eqz (local.get $in_word)))))
                (local.set $in_word (i32.const 1))))
            (br_if $next (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
          (br $block))))
    (call $put (i32.const 0x0a))
    (call $put_number (local.get $bytes))
    (call $put (i32.const 0x20))
    (call $put_number (local.get $words))
    (call $put (i32.const 0x20))
    (call $put_number (local.get $lines))
    (i32.store (i32.const 0) (global.get $line))
    (i32.store (i32.const 4) (i32.sub (i32.const 0x10000) (global.get $line)))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
