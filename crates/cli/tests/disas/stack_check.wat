;; Which functions compare the stack pointer with its limit, and how.
(module
  (import "" "host" (func $host))
  (memory 1)
  (func $leaf (param i32) (result i32) (i32.load (local.get 0)))
  (func $calls (call $host))
  (func $grows (result i32) (memory.grow (i32.const 1))))
