;; Memories whose accesses are checked: 64-bit addresses, pages of one byte, a second memory.
(module
  (memory $wide i64 1)
  (memory $bytes 100 (pagesize 1))
  (memory $imported 1)
  (func $load (param i64) (result i32) (i32.load $wide (local.get 0)))
  (func $offset (param i64) (result i64) (i64.load $wide offset=0x1000 (local.get 0)))
  (func $huge (param i64) (result i64) (i64.load $wide offset=0x100000000 (local.get 0)))
  (func $byte (param i32) (result i32) (i32.load8_u $bytes (local.get 0)))
  (func $twice (param i64) (i64.store $wide (local.get 0) (i64.load $wide (local.get 0))))
  (func $second (param i32) (result i32) (i32.load $imported offset=4 (local.get 0))))
