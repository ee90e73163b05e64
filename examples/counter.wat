;; A library: a counter with a memory of its own. `tick.wat` imports it.
(module
  (memory 1)
  (func (export "add") (param $by i32) (result i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (local.get $by)))
    (i32.load (i32.const 0))))
