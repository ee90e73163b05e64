;; Calls: n calls of a small function, by each way to reach one. Where there is a choice, n picks one of four
;; by its two low bits, so that nothing can assume which is next. `call_ref.wat` has calls of references.
(module
  (type $op (func (param i64 i64) (result i64)))
  (table $ops 4 4 funcref)
  (elem (table $ops) (i32.const 0) func $add $sub $xor $mix)

  (func $add (type $op) (i64.add (local.get 0) (local.get 1)))
  (func $sub (type $op) (i64.sub (local.get 0) (local.get 1)))
  (func $xor (type $op) (i64.xor (local.get 0) (local.get 1)))
  (func $mix (type $op) (i64.add (i64.rotl (local.get 0) (i64.const 7)) (local.get 1)))

  (func (export "direct") (param $n i64) (result i64)
    (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $sum (call $add (local.get $sum) (local.get $n)))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $sum))

  (func (export "indirect") (param $n i64) (result i64)
    (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $sum
        (call_indirect $ops (type $op) (local.get $sum) (local.get $n)
          (i32.and (i32.wrap_i64 (local.get $n)) (i32.const 3))))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $sum))

  ;; The loop as a tail call.
  (func $count (param $n i64) (param $sum i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call $count (i64.sub (local.get $n) (i64.const 1)) (i64.add (local.get $sum) (local.get $n))))
  (func (export "tail") (param $n i64) (result i64)
    (call $count (local.get $n) (i64.const 0))))
