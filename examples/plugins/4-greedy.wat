;; A plug-in that takes all memory that it can get, and fails for want of more.
(module
  (memory (export "memory") 1)
  (func $allocate (export "allocate") (param i32) (result i32)
    (loop $again (br_if $again (i32.ne (i32.const -1) (memory.grow (i32.const 16)))))
    (unreachable))
  (func $filter (export "filter") (param i32 i32) (result i32 i32) (i32.const 0) (i32.const 0)))
