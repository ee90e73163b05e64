;; Floating-point arithmetic.
(module
  (func $sum (param f64 f64 f64) (result f64)
    (f64.add (f64.mul (local.get 0) (local.get 1)) (local.get 2)))
  (func $constants (param f32) (result f32) (f32.sub (local.get 0) (f32.const 1.5)))
  (func $min (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
  (func $max (param f32 f32) (result f32) (f32.max (local.get 0) (local.get 1)))
  (func $signs (param f64 f64) (result f64) (f64.copysign (f64.abs (local.get 0)) (f64.neg (local.get 1))))
  (func $rounds (param f64) (result f64)
    (f64.ceil (f64.floor (f64.trunc (f64.nearest (f64.sqrt (local.get 0))))))))
