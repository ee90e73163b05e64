;; Lanes: splats, shuffles, loads and stores of parts.
(module
  (memory 1)
  (func $splat (param i32) (result v128) (i8x16.splat (local.get 0)))
  (func $extract (param v128) (result i32) (i16x8.extract_lane_s 3 (local.get 0)))
  (func $replace (param v128 f32) (result v128) (f32x4.replace_lane 2 (local.get 0) (local.get 1)))
  (func $shuffle (param v128 v128) (result v128)
    (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1)))
  (func $swizzle (param v128 v128) (result v128) (i8x16.swizzle (local.get 0) (local.get 1)))
  (func $loads (param i32) (result v128)
    (v128.or (v128.load offset=16 (local.get 0)) (v128.load8x8_s (local.get 0))))
  (func $lane (param i32 v128) (v128.store32_lane 1 (local.get 0) (local.get 1)))
  (func $constant (result v128) (v128.const i32x4 1 2 3 4)))
