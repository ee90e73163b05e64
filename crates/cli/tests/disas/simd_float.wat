;; Vectors of floats.
(module
  (func $arithmetic (param v128 v128) (result v128)
    (f32x4.mul (f32x4.add (local.get 0) (local.get 1)) (f32x4.sqrt (local.get 0))))
  (func $min (param v128 v128) (result v128) (f64x2.min (local.get 0) (local.get 1)))
  (func $pmax (param v128 v128) (result v128) (f64x2.pmax (local.get 0) (local.get 1)))
  (func $convert (param v128) (result v128) (f32x4.convert_i32x4_u (local.get 0)))
  (func $truncate (param v128) (result v128) (i32x4.trunc_sat_f32x4_s (local.get 0)))
  (func $fused (param v128 v128 v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2))))
