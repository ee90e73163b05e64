;; Calls of typed references: as `indirect` in `calls.wat`.
(module
  (type $op (func (param i64 i64) (result i64)))
  (table $refs 4 4 (ref null $op))
  (elem (table $refs) (i32.const 0) (ref null $op) (ref.func $add) (ref.func $sub) (ref.func $xor) (ref.func $mix))

  (func $add (type $op) (i64.add (local.get 0) (local.get 1)))
  (func $sub (type $op) (i64.sub (local.get 0) (local.get 1)))
  (func $xor (type $op) (i64.xor (local.get 0) (local.get 1)))
  (func $mix (type $op) (i64.add (i64.rotl (local.get 0) (i64.const 7)) (local.get 1)))

  (func (export "ref") (param $n i64) (result i64)
    (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $sum
        (call_ref $op (local.get $sum) (local.get $n)
          (table.get $refs (i32.and (i32.wrap_i64 (local.get $n)) (i32.const 3)))))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $sum)))
