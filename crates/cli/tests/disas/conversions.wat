;; Conversions, with and without traps.
(module
  (func $extend (param i32) (result i64)
    (i64.add (i64.extend_i32_s (local.get 0)) (i64.extend_i32_u (local.get 0))))
  (func $wrap (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
  (func $sign (param i32) (result i32) (i32.extend8_s (local.get 0)))
  (func $truncate (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func $truncate_unsigned (param f32) (result i64) (i64.trunc_f32_u (local.get 0)))
  (func $saturate (param f64) (result i32) (i32.trunc_sat_f64_u (local.get 0)))
  (func $to_float (param i32 i64) (result f64)
    (f64.add (f64.convert_i32_u (local.get 0)) (f64.convert_i64_u (local.get 1))))
  (func $bits (param f64) (result i64) (i64.reinterpret_f64 (local.get 0)))
  (func $demote (param f64) (result f32) (f32.demote_f64 (local.get 0))))
