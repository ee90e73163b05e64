;; Atomics: n operations each on a shared memory that one thread uses.
(module
  (memory 1 1 shared)

  (func (export "add") (param $n i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (drop (i64.atomic.rmw.add (i32.const 8) (local.get $n)))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64.atomic.load (i32.const 8)))

  (func (export "cmpxchg") (param $n i64) (result i64)
    (local $i i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $i (i64.add (i64.atomic.rmw.cmpxchg (i32.const 16) (local.get $i) (i64.add (local.get $i) (i64.const 1))) (i64.const 1)))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64.atomic.load (i32.const 16)))

  ;; Plain accesses, which on a shared memory are relaxed atomics.
  (func (export "plain") (param $n i64) (result i64)
    (local $a i32) (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $a (i32.and (i32.shl (i32.wrap_i64 (local.get $n)) (i32.const 3)) (i32.const 0x7ff8)))
      (local.set $sum (i64.add (local.get $sum) (i64.add (local.get $n) (i64.load offset=32768 (local.get $a)))))
      (i64.store offset=32768 (local.get $a) (i64.const 1))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $sum)))
