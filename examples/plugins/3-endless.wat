;; A plug-in that never ends.
(module
  (memory (export "memory") 1)
  (func $allocate (export "allocate") (param i32) (result i32) (i32.const 0))
  (func $filter (export "filter") (param i32 i32) (result i32 i32)
    (loop $again (br $again))
    (unreachable)))
