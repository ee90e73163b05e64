;; Vectors of integers.
(module
  (func $add (param v128 v128) (result v128) (i32x4.add (local.get 0) (local.get 1)))
  (func $saturate (param v128 v128) (result v128) (i8x16.sub_sat_u (local.get 0) (local.get 1)))
  (func $multiply (param v128 v128) (result v128)
    (i64x2.mul (local.get 0) (i16x8.mul (local.get 0) (local.get 1))))
  (func $shift (param v128 i32) (result v128) (i8x16.shr_s (i16x8.shl (local.get 0) (i32.const 3)) (local.get 1)))
  (func $compare (param v128 v128) (result v128) (i32x4.lt_u (local.get 0) (local.get 1)))
  (func $test (param v128) (result i32) (i32.add (v128.any_true (local.get 0)) (i8x16.bitmask (local.get 0))))
  (func $dot (param v128 v128) (result v128) (i32x4.dot_i16x8_s (local.get 0) (local.get 1))))
