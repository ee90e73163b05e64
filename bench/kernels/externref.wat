;; References: n short-lived externrefs from the host, of which one in 64 lives for a while in a table.
(module
  (import "host" "make" (func $make (param i64) (result externref)))
  (import "host" "value" (func $value (param externref) (result i64)))
  (table $keep 256 256 externref)

  (func (export "churn") (param $n i64) (result i64)
    (local $ref externref) (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $ref (call $make (local.get $n)))
      (if (i64.eqz (i64.and (local.get $n) (i64.const 63)))
        (then
          (table.set $keep (i32.and (i32.shr_u (i32.wrap_i64 (local.get $n)) (i32.const 6)) (i32.const 255)) (local.get $ref))
          (local.set $sum (i64.add (local.get $sum) (call $value (local.get $ref))))))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $sum)))
