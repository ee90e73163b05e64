;; Parameters and results that don't fit registers.
(module
  (func $params (param i32 i32 i32 i32 i32 i32 i32 i64 f64) (result i64)
    (i64.add (i64.extend_i32_u (local.get 6)) (local.get 7)))
  (func $calls (result i64)
    (call $params (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)
      (i32.const 7) (i64.const 8) (f64.const 9)))
  (func $results (param i32) (result i32 i32 i32 i32 i32 i32 i32 i32)
    (local.get 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)
    (local.get 0))
  (func $takes (param i32) (result i32)
    (call $results (local.get 0))
    i32.add i32.add i32.add i32.add i32.add i32.add i32.add))
