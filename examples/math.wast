;; A test script: a module, and what must hold of it.
;;
;;   windlass wast examples/math.wast
(module
  (func (export "divide") (param i32 i32) (result i32 i32)
    (i32.div_u (local.get 0) (local.get 1))
    (i32.rem_u (local.get 0) (local.get 1))))

(assert_return (invoke "divide" (i32.const 7) (i32.const 2)) (i32.const 3) (i32.const 1))
(assert_trap (invoke "divide" (i32.const 7) (i32.const 0)) "integer divide by zero")
(assert_invalid (module (func (result i32) (i64.const 1))) "type mismatch")
