;; Memories: n loads and stores each, over 64 KiB.
(module
  (memory $m32 1 1)
  (memory $m64 i64 1 1)
  (memory $second 1 1)

  ;; The measure for the others: the first memory, with 32-bit addresses.
  (func (export "memory32") (param $n i64) (result i64)
    (local $a i32) (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $a (i32.and (i32.shl (i32.wrap_i64 (local.get $n)) (i32.const 3)) (i32.const 0xfff8)))
      (local.set $sum (i64.add (local.get $sum) (i64.add (local.get $n) (i64.load $m32 (local.get $a)))))
      (i64.store $m32 (local.get $a) (local.get $sum))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64.add (local.get $sum) (i64.load $m32 (i32.const 8))))

  (func (export "memory64") (param $n i64) (result i64)
    (local $a i64) (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $a (i64.and (i64.shl (local.get $n) (i64.const 3)) (i64.const 0xfff8)))
      (local.set $sum (i64.add (local.get $sum) (i64.add (local.get $n) (i64.load $m64 (local.get $a)))))
      (i64.store $m64 (local.get $a) (local.get $sum))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64.add (local.get $sum) (i64.load $m64 (i64.const 8))))

  ;; Reads one memory and writes another.
  (func (export "several") (param $n i64) (result i64)
    (local $a i32) (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $a (i32.and (i32.shl (i32.wrap_i64 (local.get $n)) (i32.const 3)) (i32.const 0xfff8)))
      (local.set $sum (i64.add (local.get $sum) (i64.add (local.get $n) (i64.load $m32 (local.get $a)))))
      (i64.store $second (local.get $a) (local.get $sum))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64.add (local.get $sum) (i64.load $second (i32.const 8)))))
