;; Functions to call from the command line.
;;
;;   windlass run --invoke gcd examples/math.wat 1071 462
(module
  ;; The greatest common divisor, as a loop of tail calls.
  (func $gcd (export "gcd") (param $a i64) (param $b i64) (result i64)
    (if (i64.eqz (local.get $b)) (then (return (local.get $a))))
    (return_call $gcd (local.get $b) (i64.rem_u (local.get $a) (local.get $b))))

  ;; Quotient and remainder; traps when $b is zero.
  (func $divide (export "divide") (param $a i32) (param $b i32) (result i32 i32)
    (i32.div_u (local.get $a) (local.get $b))
    (i32.rem_u (local.get $a) (local.get $b)))

  ;; What each gets of $total: calls divide.
  (func $share (export "share") (param $total i32) (param $people i32) (result i32)
    (call $divide (local.get $total) (local.get $people))
    (drop))

  ;; The length of a vector.
  (func (export "hypot") (param $x f64) (param $y f64) (result f64)
    (f64.sqrt (f64.add (f64.mul (local.get $x) (local.get $x)) (f64.mul (local.get $y) (local.get $y)))))

  ;; Never ends: for --fuel and --timeout.
  (func (export "forever") (loop $again (br $again))))
