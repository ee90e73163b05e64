;; A text filter: puts quotation marks around the text.
(module
  (memory (export "memory") 1)
  (data (i32.const 0) "\22")
  (func $allocate (export "allocate") (param $length i32) (result i32)
    (if (i32.gt_u (local.get $length) (i32.const 0xff00)) (then (unreachable)))
    (i32.const 1))
  (func $filter (export "filter") (param $at i32) (param $length i32) (result i32 i32)
    (i32.store8 (i32.add (local.get $at) (local.get $length)) (i32.const 0x22))
    (i32.const 0) (i32.add (local.get $length) (i32.const 2))))
