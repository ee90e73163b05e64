;; What traps lies out of line, but for `unreachable`.
(module
  (memory 1)
  (func $unreachable (unreachable))
  (func $divides (param i32 i32) (result i32)
    (i32.add (i32.div_s (local.get 0) (local.get 1)) (i32.rem_u (local.get 0) (local.get 1))))
  (func $truncates (param f32) (result i32) (i32.trunc_f32_s (local.get 0)))
  (func $loads (param i32) (result i32) (i32.load (local.get 0)))
  (func $dead (result i32) (unreachable) (i32.add (i32.const 1) (i32.const 2))))
